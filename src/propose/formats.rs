//! The format that fits a header, where one does.

use super::draft::{list, quoted};
use super::groups::FoundGroups;
use super::rows::Mapped;
use super::{Wishes, Work};
use crate::cells::GROUP;
use crate::ingest::sniff::{ColumnProfile, Confidence, FileProfile, Kind};
use crate::ingest::{Format, StopsConfig, shipped_formats};
use crate::number::count;
use crate::stops::{DATE, HIT, OFFICER, PLACE, SEARCHED};

/// A format whose fingerprint fits, and those that fit too.
pub(super) struct Fit {
    format: Format,
    stops: StopsConfig,
    others: Vec<String>,
}

/// The format of rows of stops that fits the header best: the one that asks for most names.
pub(super) fn fit(profile: &FileProfile, wishes: &Wishes) -> Option<Fit> {
    if wishes.group.is_some() {
        return None;
    }
    let headers = headers(profile);
    let mut fitting: Vec<Format> = shipped_formats()
        .ok()?
        .into_iter()
        .filter(|format| format.stops.is_some() && format.fingerprint.fits(&headers))
        .collect();
    fitting.sort_by_key(|format| std::cmp::Reverse(format.fingerprint.all.len()));
    let others = fitting
        .iter()
        .skip(1)
        .map(|format| format.name.clone())
        .collect();
    let format = fitting.into_iter().next()?;
    let stops = format.stops.clone()?;
    Some(Fit {
        format,
        stops,
        others,
    })
}

fn headers(profile: &FileProfile) -> Vec<String> {
    profile
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect()
}

impl Fit {
    fn reason(&self) -> String {
        why(&self.format, &self.others)
    }

    /// The columns of the file that a canonical column comes from.
    fn sources<'p>(&self, name: &str, profile: &'p FileProfile) -> Vec<&'p ColumnProfile> {
        let names: Vec<&str> = self
            .stops
            .column(name)
            .iter()
            .flat_map(|source| source.rules())
            .flat_map(|rule| rule.names())
            .collect();
        let is_named = |column: &&ColumnProfile| names.contains(&column.name.as_str());
        profile.columns.iter().filter(is_named).collect()
    }

    /// The groups with their rows, as the codes of the format read the values.
    fn groups(&self, profile: &FileProfile) -> FoundGroups {
        let mut found = FoundGroups {
            labels: self.format.groups.labels.clone(),
            all: profile.rows,
            ..FoundGroups::default()
        };
        let rules = self
            .stops
            .column(GROUP)
            .map_or(&[][..], |source| source.rules());
        for (i, rule) in rules.iter().enumerate() {
            let is_last = i + 1 == rules.len();
            let of_rule = |column: &&ColumnProfile| rule.names().any(|name| name == column.name);
            let Some(column) = profile.columns.iter().find(of_rule) else {
                continue;
            };
            if is_last && column.blank > 0 {
                found.unknown.insert(String::new(), column.blank);
            }
            for (value, rows) in column.kept.iter().flatten() {
                let group = rule
                    .codes
                    .get(value.trim())
                    .map_or(value.trim(), String::as_str);
                if found.labels.contains_key(group) {
                    *found.rows.entry(group.to_owned()).or_default() += rows;
                } else if is_last {
                    *found.unknown.entry(value.clone()).or_default() += rows;
                }
            }
        }
        found
    }
}

/// A format of populations or counts that fits a header, and why.
pub(super) struct Named {
    pub(super) format: Format,
    pub(super) reason: String,
}

/// The format that fits a header best among those that have what is wanted.
pub(super) fn named(profile: &FileProfile, has: impl Fn(&Format) -> bool) -> Option<Named> {
    let headers = headers(profile);
    let fits = |format: &Format| has(format) && format.fingerprint.fits(&headers);
    let mut fitting: Vec<Format> = shipped_formats().ok()?.into_iter().filter(fits).collect();
    fitting.sort_by_key(|format| std::cmp::Reverse(format.fingerprint.all.len()));
    let others: Vec<String> = fitting
        .iter()
        .skip(1)
        .map(|format| format.name.clone())
        .collect();
    let format = fitting.into_iter().next()?;
    Some(Named {
        reason: why(&format, &others),
        format,
    })
}

fn why(format: &Format, others: &[String]) -> String {
    let mut reason = format!(
        "its header has {}, as {} writes it; the description was held {}",
        format.fingerprint.all.join(", "),
        format.publisher,
        format.checked.words()
    );
    if !others.is_empty() {
        reason.push_str(&format!("; it would also be {}", others.join(" or ")));
    }
    reason
}

impl Work<'_> {
    /// Rows of a publisher whose format is known.
    pub(super) fn rows_of_a_format(&mut self, fit: &Fit) {
        let profile = &self.main.profile;
        let headers = headers(profile);
        let has = |name: &str| {
            fit.stops
                .column(name)
                .is_some_and(|source| source.fits(&headers))
        };
        let mut groups = fit.groups(profile);
        let baseline = self.baseline(&mut groups);
        let date =
            fit.sources(DATE, profile)
                .into_iter()
                .find_map(|column| match &column.kind.value {
                    Kind::Date(date) => Some(date.clone()),
                    _ => None,
                });
        let mapped = Mapped {
            date,
            searched: has(SEARCHED),
            hit: has(HIT),
            officer: has(OFFICER),
            rows_are: fit.stops.rows_are().to_owned(),
            questions: fit.format.questions.clone(),
            ..Mapped::default()
        };
        self.captions(&mapped);
        if let Err(missing) = groups.write(&mut self.draft, self.wishes) {
            self.missing.push(missing);
        }
        if baseline.is_some() {
            self.periods(&mapped);
        }
        self.draft.table("[[stops]]");
        let files = self.main.files.iter().map(String::as_str);
        self.draft.key(
            "files",
            list(files),
            Confidence::Certain,
            format!("{} rows", count(profile.rows)),
        );
        self.draft.key(
            "format",
            quoted(&fit.format.name),
            Confidence::Likely,
            fit.reason(),
        );
        super::layout(&mut self.draft, profile);
        for (what, name) in [
            ("groups", GROUP),
            ("dates", DATE),
            ("places", PLACE),
            ("searches", SEARCHED),
            ("hits", HIT),
        ] {
            let columns: Vec<String> = fit
                .sources(name, profile)
                .iter()
                .map(|column| format!("`{}`", column.name))
                .collect();
            let said = match columns.as_slice() {
                [] => format!("The format finds no column of {what} in this file."),
                columns => format!("The format takes {what} from {}.", columns.join(", ")),
            };
            self.draft.remark(said);
        }
        for what in &fit.format.not_recorded {
            self.draft
                .remark(format!("{} does not record: {what}.", fit.format.publisher));
        }
        self.questions.extend(mapped.questions.iter().cloned());
        self.population(baseline.as_ref());
        self.agreements();
        self.disclosure();
        self.ask_of_rows(&mapped, baseline.is_some());
        self.ask_always(&groups, baseline.is_some());
    }
}
