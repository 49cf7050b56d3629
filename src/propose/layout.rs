//! How a file is written, as the `layout` of a study says it.

use super::draft::{self, Draft, quoted};
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Container, FileProfile, Guess, Kind, NameSource, Quotes,
};
use crate::ingest::{Separator, TextEncoding};
use crate::number::count;

/// Writes how a file is written, where it is not plain CSV in UTF-8.
pub(super) fn layout(draft: &mut Draft, profile: &FileProfile) {
    let mut words = Words::default();
    match &profile.container.value {
        container @ Container::Zip { members, .. } if members.len() > 1 => {
            if let Some(pattern) = container.member_pattern() {
                words.say("member", quoted(&pattern), &profile.container);
            }
        }
        Container::Workbook { sheets, taken } if sheets.len() > 1 => {
            let names = match taken.as_slice() {
                [one] if one != "all" => quoted(one),
                several => draft::list(several.iter().map(String::as_str)),
            };
            words.say("sheet", names, &profile.container);
        }
        _ => {}
    }
    let encoding = &profile.encoding;
    match encoding.value {
        TextEncoding::Utf8 => {}
        TextEncoding::Windows1252 => words.say("encoding", quoted("windows-1252"), encoding),
        TextEncoding::Utf16 => words.say("encoding", quoted("utf-16"), encoding),
    }
    let separator = &profile.separator;
    if separator.value != Separator::Comma {
        words.say("separator", quoted(separator.value.word()), separator);
    }
    if profile.quotes.value == Quotes::Plain {
        words.say("quotes", "false".into(), &profile.quotes);
    }
    words.header(profile);
    words.numbers(&profile.columns);
    if !words.parts.is_empty() {
        let least = words.least.unwrap_or(Confidence::Certain);
        draft.key(
            "layout",
            draft::inline(&words.parts),
            least,
            words.reasons.join("; "),
        );
    }
}

/// The words of a `layout`, each with its reason.
#[derive(Default)]
struct Words {
    parts: Vec<(String, String)>,
    reasons: Vec<String>,
    least: Option<Confidence>,
}

impl Words {
    fn say<T>(&mut self, key: &str, value: String, guess: &Guess<T>) {
        self.parts.push((key.to_owned(), value));
        if !self.reasons.contains(&guess.reason) {
            self.reasons.push(guess.reason.clone());
        }
        let least = self.least.unwrap_or(Confidence::Certain);
        self.least = Some(least.min(guess.confidence));
    }

    /// Lines before the header, its rows, and names that the study gives.
    fn header(&mut self, profile: &FileProfile) {
        let (skip, rows) = (&profile.skip_lines, &profile.header_rows);
        let NameSource::Study { skip_lines } = profile.names_from else {
            if skip.value > 0 {
                self.say("skip_lines", skip.value.to_string(), skip);
            }
            if rows.value == 2 {
                self.say("header_rows", "2".into(), rows);
            }
            if profile.names_from == NameSource::Second {
                self.say("take", quoted("second"), rows);
            }
            return;
        };
        if skip_lines > 0 {
            let reason = if rows.value == 2 {
                rows
            } else {
                &Guess::new(0, skip.confidence, skip.reason.clone())
            };
            self.say("skip_lines", skip_lines.to_string(), reason);
        }
        let names = profile.columns.iter().map(|column| column.name.as_str());
        self.say("header", draft::list(names), rows);
    }

    /// Commas and points in numbers.
    fn numbers(&mut self, columns: &[ColumnProfile]) {
        let is_number = |column: &&ColumnProfile| {
            matches!(
                column.kind.value,
                Kind::Count | Kind::Number | Kind::Population | Kind::Margin | Kind::Share
            )
        };
        let sum = |of: fn(&ColumnProfile) -> u64| -> u64 {
            columns.iter().filter(is_number).map(of).sum()
        };
        let commas = sum(|column| column.decimal_commas);
        let grouped = sum(|column| column.grouped);
        let points = sum(|column| column.points_at_thousands);
        let likely = |reason: String| Guess::new((), Confidence::Likely, reason);
        match (commas, grouped, points) {
            (0, 0, _) => {}
            (0, grouped, _) => {
                let reason = format!(
                    "{} numbers have a comma before three digits",
                    count(grouped)
                );
                self.say("thousands", quoted(","), &likely(reason));
            }
            (commas, _, points) => {
                let reason = format!(
                    "{} numbers have a comma before their decimals",
                    count(commas)
                );
                self.say("decimal", quoted(","), &likely(reason));
                if points > 0 {
                    let reason = format!(
                        "{} numbers have a point before three digits, beside decimal commas",
                        count(points)
                    );
                    self.say("thousands", quoted("."), &likely(reason));
                }
            }
        }
    }
}
