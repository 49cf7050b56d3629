//! A register of agreements: which column holds what.

use super::draft::{Draft, quoted};
use super::{Part, formats};
use crate::ingest::sniff::{Confidence, Kind};

/// Our names of columns, and the names that files have for them, in lower case.
const NAMES: [(&str, &[&str]); 10] = [
    ("state", &["state"]),
    ("place", &["county", "place"]),
    ("fips", &["county_fips", "fips"]),
    ("level", &["level"]),
    ("agency", &["agency", "law enforcement agency"]),
    ("model", &["model", "support type", "support_type", "kind"]),
    ("signed", &["signed", "first_signed"]),
    ("began", &["began", "start"]),
    ("ended", &["ended", "end"]),
    ("ori", &["ori"]),
];

/// Writes `[[agreements]]`.
pub(super) fn write(draft: &mut Draft, part: &Part, questions: &mut Vec<String>) {
    let profile = &part.profile;
    draft.table("[[agreements]]");
    let file = part.files.first().map_or("", String::as_str);
    let table = &profile.table;
    draft.key("file", quoted(file), table.confidence, table.reason.clone());
    if let Some(named) = formats::named(profile, |format| format.agreements.is_some()) {
        let name = quoted(&named.format.name);
        draft.key("format", name, Confidence::Likely, named.reason.clone());
        questions.extend(named.questions(part));
        return;
    }
    super::layout::layout(draft, profile);
    draft.table("[agreements.columns]");
    for (key, names) in NAMES {
        let column = profile.columns.iter().find(|column| {
            names.contains(&column.name.to_lowercase().as_str()) && column.kind.value != Kind::Empty
        });
        if let Some(column) = column {
            draft.key(key, quoted(&column.name), Confidence::Likely, "its name");
        }
    }
    questions.push("From which day does an agreement count, and until when? The words of the file for kinds of agreements, levels and states may have to be translated under `kinds`, `levels` and `states`.".into());
}
