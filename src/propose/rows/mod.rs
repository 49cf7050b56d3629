//! Rows of stops: which columns hold what.

mod naming;
mod outcomes;

use super::draft::{Draft, inline, list, quoted};
use super::groups::GroupColumns;
use super::{Part, Wishes, totals};
use crate::ingest::sniff::{ColumnProfile, Confidence, DateKind, Kind, has_word};
use crate::number::count;
use naming::{date_layouts, date_rank, one_or_list, place_rank, unit};

/// What was mapped, for the questions that can be asked of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Mapped {
    pub(super) date: Option<DateKind>,
    pub(super) place: Option<String>,
    pub(super) place_kind_is_code: bool,
    pub(super) searched: bool,
    pub(super) hit: bool,
    pub(super) officer: bool,
    pub(super) weighted: bool,
    pub(super) rows_are: String,
    pub(super) questions: Vec<String>,
    pub(super) cautions: Vec<String>,
    /// The agency, where a column of agencies has one value only.
    pub(super) agency: Option<String>,
}

/// A line under `[stops.columns]`.
struct Line {
    key: &'static str,
    value: String,
    confidence: Confidence,
    reason: String,
}

/// The mapping of one set of files.
pub(super) struct Mapping<'a> {
    part: &'a Part,
    lines: Vec<Line>,
    mapped: Mapped,
    /// Share of the rows whose date cannot be read.
    unreadable: u64,
}

impl<'a> Mapping<'a> {
    /// Maps the columns.
    pub(super) fn of(
        part: &'a Part,
        groups: &GroupColumns<'_>,
        wishes: &Wishes,
        place_of_baseline: Option<&ColumnProfile>,
    ) -> Self {
        let mut mapping = Self {
            part,
            lines: Vec::new(),
            mapped: Mapped::default(),
            unreadable: 0,
        };
        let (value, confidence, reason) = groups.rule();
        mapping.line("group", value, confidence, reason);
        if !groups.others.is_empty() {
            let names: Vec<String> = groups
                .others
                .iter()
                .map(|column| format!("`{}`", column.name))
                .collect();
            mapping.ask(format!(
                "`{}` was taken for the group. Should it be {} instead?",
                groups.race.name,
                names.join(" or ")
            ));
        }
        mapping.date();
        mapping.time();
        mapping.place(wishes, place_of_baseline);
        mapping.age();
        mapping.outcomes();
        mapping.officer();
        mapping.weight();
        mapping
    }

    fn columns(&self) -> &'a [ColumnProfile] {
        &self.part.profile.columns
    }

    fn line(
        &mut self,
        key: &'static str,
        value: String,
        confidence: Confidence,
        reason: impl Into<String>,
    ) {
        self.lines.push(Line {
            key,
            value,
            confidence,
            reason: reason.into(),
        });
    }

    fn ask(&mut self, question: String) {
        self.mapped.questions.push(question);
    }

    fn date(&mut self) {
        let dates = dates(self.columns().iter());
        let Some(&(column, date)) = dates.first() else {
            return;
        };
        let layouts = date_layouts(date);
        let mut parts = vec![("column".to_owned(), quoted(&column.name))];
        match layouts.as_slice() {
            [one] if one == "%Y-%m-%d" => {}
            [one] => parts.push(("layout".into(), quoted(one))),
            several => parts.push(("layout".into(), list(several.iter().map(String::as_str)))),
        }
        let missing = missing_words(column);
        if !missing.is_empty() {
            parts.push(("missing".into(), list(missing.iter().map(String::as_str))));
        }
        let mut reason = column.kind.reason.clone();
        if date.either.is_some() {
            reason.push_str(": the study stops until one of the two is taken out");
            self.ask(format!("Which is written first in `{}`, the month or the day? The values do not tell. Leave the one layout that is right; until then the study stops.", column.name));
        }
        if column.blank > 0 {
            reason.push_str(&format!("; {} rows are blank", count(column.blank)));
        }
        if date.with_offset > 0 {
            reason.push_str(&format!(
                "; {} values state their distance from universal time",
                count(date.with_offset)
            ));
            self.mapped.cautions.push("Dates are taken as the file states them, in universal time it may be: an evening can count as the next day.".into());
            self.ask(format!("Is `{}` in universal time? Then say `utc = true` and `timezone = \"America/New_York\"` (or where the stops were made) under [[stops]].", column.name));
        }
        let value = if parts.len() == 1 {
            quoted(&column.name)
        } else {
            inline(&parts)
        };
        self.line("date", value, column.kind.confidence, reason);
        self.unreadable = date.unread;
        if dates.len() > 1 {
            let names: Vec<String> = dates[1..]
                .iter()
                .map(|(other, _)| format!("`{}`", other.name))
                .collect();
            self.ask(format!(
                "`{}` was taken for the date of the stop. Should it be {} instead?",
                column.name,
                names.join(" or ")
            ));
        }
        self.mapped.date = Some(date.clone());
    }

    fn time(&mut self) {
        let has_time = self
            .mapped
            .date
            .as_ref()
            .is_some_and(|date| !date.times.is_empty());
        let times = || {
            self.columns()
                .iter()
                .filter(|column| matches!(column.kind.value, Kind::Time { .. }))
        };
        let Some(column) =
            times().find(|column| !has_word(&column.words(), &["end", "created", "clear"]))
        else {
            return;
        };
        if has_time {
            return;
        }
        let Kind::Time { layouts } = &column.kind.value else {
            return;
        };
        let mut parts = vec![("column".to_owned(), quoted(&column.name))];
        if layouts
            .iter()
            .any(|layout| !["%H:%M", "%H:%M:%S"].contains(layout))
        {
            parts.push(("layout".into(), one_or_list(layouts)));
        }
        let missing = missing_words(column);
        if !missing.is_empty() {
            parts.push(("missing".into(), list(missing.iter().map(String::as_str))));
        }
        let value = if parts.len() == 1 {
            quoted(&column.name)
        } else {
            inline(&parts)
        };
        self.line(
            "time",
            value,
            column.kind.confidence,
            column.kind.reason.clone(),
        );
    }

    fn place(&mut self, wishes: &Wishes, of_baseline: Option<&ColumnProfile>) {
        let columns = self.columns();
        if let Some(wanted) = &wishes.by
            && columns.iter().any(|column| column.name == *wanted)
        {
            self.mapped.place = Some(wanted.clone());
            self.line("place", quoted(wanted), Confidence::Certain, "asked for");
            return;
        }
        let is_place =
            |column: &&ColumnProfile| matches!(column.kind.value, Kind::Place | Kind::CountyCode);
        let mut places: Vec<(usize, &ColumnProfile)> = columns
            .iter()
            .filter(is_place)
            .filter_map(|column| Some((place_rank(column)?, column)))
            .collect();
        if let Some(baseline) = of_baseline {
            places
                .sort_by_key(|(rank, column)| (std::cmp::Reverse(common(column, baseline)), *rank));
        } else {
            places.sort_by_key(|(rank, column)| (column.distinct < 2, *rank));
        }
        self.mapped.agency = columns
            .iter()
            .filter(|column| {
                column.distinct == 1
                    && column.blank == 0
                    && has_word(&column.words(), &["department", "agency"])
                    && !has_word(&column.words(), &["id", "identification", "code"])
            })
            .find_map(|column| {
                column
                    .kept
                    .as_ref()?
                    .keys()
                    .next()
                    .map(|value| value.trim().to_owned())
            });
        let Some(&(_, column)) = places.first() else {
            return;
        };
        let shared = of_baseline.map(|baseline| common(column, baseline));
        if shared == Some(0) {
            self.ask("No column of places has values of the baseline: whose places do the two files name alike?".into());
            return;
        }
        if of_baseline.is_none() && column.distinct < 2 {
            return;
        }
        let mut parts = vec![("column".to_owned(), quoted(&column.name))];
        if column.blank > 0 {
            parts.push(("missing".into(), list([""])));
        }
        let value = if parts.len() == 1 {
            quoted(&column.name)
        } else {
            inline(&parts)
        };
        let mut reason = column.kind.reason.clone();
        if let Some(shared) = shared {
            reason.push_str(&format!(
                "; {} of its values stand in the baseline too",
                count(shared)
            ));
        }
        self.line(
            "place",
            value,
            column.kind.confidence.min(Confidence::Likely),
            reason,
        );
        self.mapped.place = Some(column.name.clone());
        self.mapped.place_kind_is_code = column.kind.value == Kind::CountyCode;
    }

    fn age(&mut self) {
        let ages = || {
            self.columns()
                .iter()
                .filter(|column| column.kind.value == Kind::Age)
        };
        let is_of_the_person =
            |column: &&ColumnProfile| !has_word(&column.words(), &["officer", "deputy", "trooper"]);
        let Some(column) = ages().find(is_of_the_person) else {
            return;
        };
        let missing = missing_words(column);
        let value = if missing.is_empty() {
            quoted(&column.name)
        } else {
            inline(&[
                ("column".into(), quoted(&column.name)),
                ("missing".into(), list(missing.iter().map(String::as_str))),
            ])
        };
        self.line(
            "age",
            value,
            column.kind.confidence,
            column.kind.reason.clone(),
        );
    }

    fn officer(&mut self) {
        let Some(column) = self
            .columns()
            .iter()
            .find(|column| column.kind.value == Kind::Officer)
        else {
            return;
        };
        self.line(
            "officer",
            quoted(&column.name),
            column.kind.confidence,
            format!(
                "{}; it is used to count uncertainty by officer and never shown",
                column.kind.reason
            ),
        );
        self.mapped.officer = true;
        self.ask(format!("Does a value of `{}` stand for the same officer in every row, and in every agency of the file?", column.name));
    }

    fn weight(&mut self) {
        let Some(column) = self.columns().iter().find(|column| column.is_weight()) else {
            return;
        };
        self.line(
            "weight",
            quoted(&column.name),
            Confidence::Doubtful,
            format!(
                "its name; {}: a row stands for that many",
                column.kind.reason
            ),
        );
        self.mapped.weighted = true;
        self.ask(format!(
            "Does a row stand for as many stops as `{}` says?",
            column.name
        ));
    }

    /// The columns of the group and the place.
    fn keys_of_rows(&self) -> Vec<&'a ColumnProfile> {
        let keys = |line: &&Line| ["group", "place"].contains(&line.key);
        let used = |column: &&ColumnProfile| {
            let name = quoted(&column.name);
            let mut lines = self.lines.iter().filter(keys);
            lines.any(|line| line.value.contains(&name))
        };
        self.columns().iter().filter(used).collect()
    }

    /// Writes `[[stops]]` and its columns.
    pub(super) fn write(mut self, draft: &mut Draft, files: &[String]) -> Mapped {
        draft.table("[[stops]]");
        let table = &self.part.profile.table;
        draft.key(
            "files",
            list(files.iter().map(String::as_str)),
            table.confidence,
            table.reason.clone(),
        );
        super::layout(draft, &self.part.profile);
        let (unit, rows_are, reason) = unit(self.part);
        draft.key("unit", quoted(unit), Confidence::Doubtful, reason);
        self.mapped.rows_are = rows_are.unwrap_or("stops").to_owned();
        if let Some(name) = rows_are {
            draft.key(
                "rows_are",
                quoted(name),
                Confidence::Doubtful,
                "what the counts of these rows are called",
            );
        }
        let rows = self.part.profile.rows.max(1);
        let unreadable = self.unreadable + self.part.profile.ragged;
        if unreadable > 0 {
            // Rounded up to a tenth of a per cent, so that what was seen is tolerated and not much more.
            let share = ((unreadable as f64 / rows as f64) * 1000.0).ceil() / 1000.0;
            let reason = format!(
                "{} rows cannot be read ({} whose date is none, {} with another number of fields than the header): they are left out and stand in the account of the rows; above this share of the rows the study stops",
                count(unreadable),
                count(self.unreadable),
                count(self.part.profile.ragged)
            );
            draft.key(
                "tolerated_unreadable",
                crate::number::file_text(Some(share.min(1.0))),
                Confidence::Doubtful,
                reason,
            );
        }
        let sums = self.keys_of_rows();
        totals::leave_out(draft, &sums, &[], |rows| rows == 1);
        let question = totals::question(&sums);
        self.mapped.questions.extend(question);
        if !self.mapped.cautions.is_empty() {
            draft.key(
                "cautions",
                list(self.mapped.cautions.iter().map(String::as_str)),
                Confidence::Doubtful,
                "printed beside every number",
            );
        }
        draft.table("[stops.columns]");
        for line in &self.lines {
            draft.key(
                line.key,
                line.value.clone(),
                line.confidence,
                line.reason.clone(),
            );
        }
        self.unused(draft);
        self.mapped
    }

    /// What else could be asked by, as a remark: further keys make cells smaller, so none is added unasked.
    fn unused(&self, draft: &mut Draft) {
        let used = |column: &ColumnProfile| {
            self.lines
                .iter()
                .any(|line| line.value.contains(&quoted(&column.name)))
        };
        let names = |fits: fn(&Kind) -> bool| -> Vec<String> {
            self.columns()
                .iter()
                .filter(|column| fits(&column.kind.value) && !used(column))
                .map(|column| format!("`{}`", column.name))
                .collect()
        };
        let keys = names(|kind| {
            matches!(
                kind,
                Kind::Category | Kind::Sex | Kind::Place | Kind::YesNo { .. } | Kind::Race
            )
        });
        if !keys.is_empty() {
            draft.remark(format!(
                "Not used, and could be asked by under [stops.keys]: {}.",
                keys.join(", ")
            ));
        }
        let private =
            names(|kind| matches!(kind, Kind::Private | Kind::Identifier | Kind::Coordinate));
        if !private.is_empty() {
            draft.remark(format!(
                "Not used, because they may tell who somebody is: {}.",
                private.join(", ")
            ));
        }
    }
}

/// The columns of dates, the likeliest date of the stop first.
pub(super) fn dates<'a>(
    columns: impl Iterator<Item = &'a ColumnProfile>,
) -> Vec<(&'a ColumnProfile, &'a DateKind)> {
    let mut dates: Vec<(&ColumnProfile, &DateKind)> = columns
        .filter_map(|column| match &column.kind.value {
            Kind::Date(date) => Some((column, date)),
            _ => None,
        })
        .collect();
    dates.sort_by_key(|(column, date)| {
        (
            date_rank(column),
            date.unread + column.blank,
            date.times.is_empty(),
        )
    });
    dates
}

/// The column that is taken for the date of the stop.
pub(super) fn date_of_stop<'a>(
    columns: impl Iterator<Item = &'a ColumnProfile>,
) -> Option<&'a ColumnProfile> {
    dates(columns).first().map(|(column, _)| *column)
}

/// A blank and the words of a column that say that nothing is known.
fn missing_words(column: &ColumnProfile) -> Vec<String> {
    let blank = (column.blank > 0).then(String::new);
    blank
        .into_iter()
        .chain(column.missing.iter().map(|(word, _)| word.clone()))
        .collect()
}

/// How many values of a column stand in another one too.
pub(super) fn common(column: &ColumnProfile, other: &ColumnProfile) -> u64 {
    match (&column.kept, &other.kept) {
        (Some(own), Some(other)) => own
            .keys()
            .filter(|value| other.contains_key(value.trim()))
            .count() as u64,
        _ => 0,
    }
}
