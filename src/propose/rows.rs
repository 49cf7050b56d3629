//! Rows of stops: which columns hold what.

use super::draft::{Draft, inline, list, quoted};
use super::groups::GroupColumns;
use super::{Part, Wishes};
use crate::ingest::OutcomeCodes;
use crate::ingest::sniff::{ColumnProfile, Confidence, DateKind, Kind, has_word};
use crate::number::count;

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
        let mut dates: Vec<(&ColumnProfile, &DateKind)> = self
            .columns()
            .iter()
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

    fn outcomes(&mut self) {
        let columns = self.columns();
        let yes_no = |wanted: &[&str], unwanted: &[&str]| -> Vec<&'a ColumnProfile> {
            let fits = |column: &&ColumnProfile| {
                let words = column.words();
                matches!(column.kind.value, Kind::YesNo { .. })
                    && has_word(&words, wanted)
                    && !has_word(&words, unwanted)
            };
            columns.iter().filter(fits).collect()
        };
        let not_a_search = [
            "consent",
            "requested",
            "asked",
            "authority",
            "authorization",
            "basis",
            "reason",
            "type",
            "warrant",
            "contraband",
            "found",
            "dog",
            "passenger",
            "search_id",
            "given",
            "by",
        ];
        let searches = one_if_exact(
            yes_no(&["search", "searched", "searches"], &not_a_search),
            &[
                "search_conducted",
                "searched",
                "driver_searched",
                "search",
                "searchconducted",
            ],
        );
        if searches.is_empty() {
            if let Some(line) = self.kind_of_search() {
                self.ask(
                    "Is nobody searched where the kind of search is blank? It was taken so.".into(),
                );
                self.lines.push(line);
                self.mapped.searched = true;
            }
        } else {
            let line = self.yes_no_line("searched", &searches);
            self.lines.push(line);
            self.mapped.searched = true;
        }
        let hits = one_if_exact(
            yes_no(
                &["contraband", "hit", "contrabn"],
                &[
                    "drugs",
                    "drug",
                    "weapons",
                    "weapon",
                    "alcohol",
                    "money",
                    "other",
                    "type",
                    "destroyed",
                ],
            ),
            &[
                "contraband_found",
                "contraband",
                "hit",
                "ContrabandIndicator",
            ],
        );
        if hits.is_empty() || !self.mapped.searched {
            return;
        }
        let line = self.yes_no_line("hit", &hits);
        self.lines.push(line);
        self.mapped.hit = true;
    }

    /// A column that names the kind of search where there was one.
    fn kind_of_search(&self) -> Option<Line> {
        let column = self.columns().iter().find(|column| {
            let words = column.words();
            column.kind.value == Kind::Category
                && has_word(&words, &["search"])
                && has_word(&words, &["type", "basis", "kind"])
                && column.blank > column.filled
        })?;
        let rule = [
            ("column".to_owned(), quoted(&column.name)),
            ("no".into(), list([""])),
            ("unclear".into(), quoted("yes")),
        ];
        let reason = format!(
            "{} rows name a kind of search and {} are blank; a blank was taken for no search",
            count(column.filled),
            count(column.blank)
        );
        Some(Line {
            key: "searched",
            value: inline(&rule),
            confidence: Confidence::Doubtful,
            reason,
        })
    }

    fn yes_no_line(&mut self, key: &'static str, columns: &[&ColumnProfile]) -> Line {
        let known = OutcomeCodes::default();
        let mut parts = match columns {
            [one] => vec![("column".to_owned(), quoted(&one.name))],
            several => vec![(
                "any".to_owned(),
                list(several.iter().map(|column| column.name.as_str())),
            )],
        };
        let (mut yes, mut no): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for column in columns {
            if let Kind::YesNo {
                yes: own_yes,
                no: own_no,
            } = &column.kind.value
            {
                yes.extend(
                    own_yes
                        .iter()
                        .filter(|word| !yes.contains(word))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                no.extend(
                    own_no
                        .iter()
                        .filter(|word| !no.contains(word))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
            }
        }
        if yes.iter().any(|word| !known.yes.contains(word))
            || no.iter().any(|word| !known.no.contains(word))
        {
            parts.push(("yes".into(), list(yes.iter().map(String::as_str))));
            parts.push(("no".into(), list(no.iter().map(String::as_str))));
        }
        let unclear: u64 = columns
            .iter()
            .map(|column| column.blank + column.missing.iter().map(|(_, rows)| rows).sum::<u64>())
            .sum();
        let mut reason = columns
            .iter()
            .map(|column| format!("`{}`: {}", column.name, column.kind.reason))
            .collect::<Vec<_>>()
            .join("; ");
        if columns.len() > 1 {
            reason.push_str("; one yes is enough");
        }
        if unclear > 0 {
            parts.push(("unclear".into(), quoted("missing")));
            reason.push_str(&format!(
                "; {} values say neither: taken as not known, and left out of this outcome",
                count(unclear)
            ));
            if key == "searched" {
                self.ask(format!("What does a blank in {} mean: no search, or not recorded? It was taken as not recorded.", columns.iter().map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")));
            }
        }
        let value = match parts.as_slice() {
            [(key, value)] if key == "column" => value.clone(),
            parts => inline(parts),
        };
        let confidence = if columns.len() == 1 && unclear == 0 {
            Confidence::Likely
        } else {
            Confidence::Doubtful
        };
        Line {
            key,
            value,
            confidence,
            reason,
        }
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

/// What a row is, by the names of columns and files.
fn unit(part: &Part) -> (&'static str, Option<&'static str>, String) {
    let words: Vec<String> = part
        .profile
        .columns
        .iter()
        .flat_map(ColumnProfile::words)
        .collect();
    let mut in_file: Vec<String> = part
        .files
        .iter()
        .flat_map(|file| crate::ingest::sniff::name_words(file.rsplit('/').next().unwrap_or(file)))
        .collect();
    in_file.dedup();
    let has = |wanted: &[&str]| has_word(&in_file, wanted) || has_word(&words, wanted);
    for (unit, rows_are, wanted) in [
        ("detainer", "detainers", ["detainer", "detainers"]),
        ("detention", "detentions", ["detention", "detentions"]),
        ("encounter", "encounters", ["encounter", "encounters"]),
    ] {
        if has(&wanted) {
            return (
                unit,
                Some(rows_are),
                format!("a name of a column or file says {unit}: say whether a row is one"),
            );
        }
    }
    if has_word(&in_file, &["arrest", "arrests"]) {
        return (
            "arrest",
            Some("arrests"),
            "the file's name says arrests: say whether a row is one".into(),
        );
    }
    if has_word(&words, &["driver"]) {
        return (
            "driver",
            None,
            "columns speak of drivers: say whether a row is a driver".into(),
        );
    }
    if has_word(&words, &["person_number", "pid"])
        || words
            .windows(2)
            .any(|pair| pair[0] == "person" && pair[1] == "number")
    {
        return (
            "person",
            None,
            "columns number the persons of a stop: say whether a row is a person".into(),
        );
    }
    (
        "stop",
        None,
        "nothing says otherwise: say whether a row is a stop, a person or a citation".into(),
    )
}

/// One column alone where it has a name that says all.
fn one_if_exact<'a>(columns: Vec<&'a ColumnProfile>, exact: &[&str]) -> Vec<&'a ColumnProfile> {
    let found = columns.iter().copied().find(|column| {
        exact
            .iter()
            .any(|name| column.name.eq_ignore_ascii_case(name))
    });
    found.map_or(columns, |column| vec![column])
}

/// The layouts of whole values: of the date, of what joins, of the time.
fn date_layouts(date: &DateKind) -> Vec<String> {
    let joiner = if date.has_t { "T" } else { " " };
    let mut layouts = Vec::new();
    let both = date
        .either
        .map_or_else(|| date.layouts.clone(), |both| both.to_vec());
    for day in &both {
        for time in &date.times {
            layouts.push(format!("{day}{joiner}{time}"));
            if date.with_offset > 0 {
                layouts.push(format!("{day}{joiner}{time}Z"));
                layouts.push(format!("{day}{joiner}{time}%z"));
                layouts.push(format!("{day}{joiner}{time}%:z"));
            }
        }
        if date.times.is_empty() || date.without_time > 0 {
            layouts.push((*day).to_owned());
        }
    }
    if date.serials > 0 {
        layouts.push("excel".into());
    }
    layouts
}

fn one_or_list(layouts: &[&'static str]) -> String {
    match layouts {
        [one] => quoted(one),
        several => list(several.iter().copied()),
    }
}

/// A blank and the words of a column that say that nothing is known.
fn missing_words(column: &ColumnProfile) -> Vec<String> {
    let blank = (column.blank > 0).then(String::new);
    blank
        .into_iter()
        .chain(column.missing.iter().map(|(word, _)| word.clone()))
        .collect()
}

/// Which date is that of the stop: less is better.
fn date_rank(column: &ColumnProfile) -> usize {
    let words = column.words();
    let has = |wanted: &[&str]| has_word(&words, wanted);
    match () {
        () if has(&["birth", "dob", "birthdate"]) => 9,
        () if has(&[
            "created",
            "updated",
            "entered",
            "end",
            "seen",
            "disposition",
            "released",
            "lift",
            "departed",
        ]) =>
        {
            5
        }
        () if has(&[
            "stop",
            "intervention",
            "incident",
            "stopped",
            "datestop",
            "apprehension",
            "arrest",
            "occurred",
            "local",
            "prepare",
        ]) =>
        {
            0
        }
        () if words.len() == 1 => 1,
        () => 3,
    }
}

/// Which place is the one of the stop: less is better, `None` for what is no place of stops.
fn place_rank(column: &ColumnProfile) -> Option<usize> {
    if column.kind.value == Kind::CountyCode {
        return Some(0);
    }
    let words = column.words();
    let has = |wanted: &[&str]| has_word(&words, wanted);
    if has(&[
        "id",
        "identification",
        "ori",
        "type",
        "state",
        "zip",
        "birth",
        "resident",
    ]) {
        return None;
    }
    [
        &["county", "countyname"][..],
        &["agency", "department"],
        &["city", "town", "municipality", "place"],
        &["facility"],
        &["precinct", "district", "division", "pct"],
        &[
            "neighborhood",
            "neighbourhood",
            "beat",
            "zone",
            "sector",
            "troop",
            "location",
        ],
    ]
    .iter()
    .position(|wanted| has(wanted))
    .map(|rank| rank + 1)
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
