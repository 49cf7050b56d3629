//! The groups of a study: from the columns of race and ethnicity of its files.

use std::collections::BTreeMap;

use super::Wishes;
use super::draft::{Draft, inline, list, quoted};
use crate::error::Error;
use crate::ingest::sniff::{
    ColumnProfile, Confidence, Kind, RaceWord, has_word, is_total_word, leaves_hispanic_out,
    race_word,
};
use crate::number::count;

/// Standard names in the order in which groups are shown, with their labels.
const LABELS: [(&str, &str); 10] = [
    ("white", "White"),
    ("black", "Black"),
    ("hispanic", "Hispanic"),
    ("asian", "Asian"),
    ("pacific", "Pacific Islander"),
    ("asian_pacific", "Asian or Pacific Islander"),
    ("native", "Native American"),
    ("middle_eastern", "Middle Eastern"),
    ("multiple", "Two or more races"),
    ("other", "Other"),
];

/// A group is compared from this share of the rows on.
const SHARE: f64 = 0.005;

/// What the columns of groups say.
#[derive(Debug, Clone, Default)]
pub(super) struct FoundGroups {
    /// Value to group, of every file.
    pub(super) codes: BTreeMap<String, String>,
    /// Rows of each group.
    pub(super) rows: BTreeMap<String, u64>,
    /// Values that are nobody's group, with their rows; a blank is "".
    pub(super) unknown: BTreeMap<String, u64>,
    /// Rows in all.
    pub(super) all: u64,
    /// Labels that a format brings.
    pub(super) labels: BTreeMap<String, String>,
    /// Whether the files say that Hispanic people are none of the other groups.
    pub(super) without_hispanic: bool,
    /// What the rows of groups are not.
    pub(super) note: String,
    /// Lines of a baseline that are no group, such as totals.
    pub(super) baseline_has_others: bool,
    /// Groups that every baseline has; `None` without one.
    pub(super) in_baseline: Option<Vec<String>>,
}

impl FoundGroups {
    /// Takes the values of a column.
    pub(super) fn take(&mut self, column: &ColumnProfile) {
        let Some(values) = &column.kept else { return };
        self.all += values.values().sum::<u64>() + column.blank;
        if column.blank > 0 {
            *self.unknown.entry(String::new()).or_default() += column.blank;
        }
        let groups = values.iter().filter(|(value, _)| !is_total_word(value));
        for (value, rows) in groups {
            match race_word(value) {
                Some(RaceWord::Group(group)) => {
                    self.code(value, group);
                    *self.rows.entry(group.to_owned()).or_default() += rows;
                    self.without_hispanic |= group == "white" && leaves_hispanic_out(value);
                }
                _ => *self.unknown.entry(value.clone()).or_default() += rows,
            }
        }
    }

    /// Takes the values of a column that codes make groups of.
    pub(super) fn take_with(
        &mut self,
        column: Option<&ColumnProfile>,
        codes: &BTreeMap<String, String>,
    ) {
        let Some(column) = column else { return };
        if column.blank > 0 {
            self.unknown.insert(String::new(), column.blank);
        }
        for (value, rows) in column.kept.iter().flatten() {
            match codes.get(value.trim()) {
                Some(group) => *self.rows.entry(group.clone()).or_default() += rows,
                None => *self.unknown.entry(value.clone()).or_default() += rows,
            }
        }
    }

    /// Takes each value for a group of its own.
    fn take_as_written(&mut self, column: &ColumnProfile) {
        self.all =
            column.filled + column.blank + column.missing.iter().map(|(_, rows)| rows).sum::<u64>();
        if column.blank > 0 {
            self.unknown.insert(String::new(), column.blank);
        }
        for (value, rows) in column.kept.iter().flatten() {
            if column.missing.iter().any(|(word, _)| word == value.trim()) {
                self.unknown.insert(value.clone(), *rows);
            } else {
                *self.rows.entry(value.trim().to_owned()).or_default() += rows;
            }
        }
    }

    /// Takes the values of a baseline: they need codes, and their rows are no stops.
    pub(super) fn take_baseline(&mut self, groups: Vec<(String, String)>, has_others: Others) {
        let mut names: Vec<String> = Vec::new();
        for (value, group) in groups {
            self.code(&value, &group);
            names.push(group);
        }
        self.in_baseline = Some(match self.in_baseline.take() {
            None => names,
            Some(before) => before
                .into_iter()
                .filter(|group| names.contains(group))
                .collect(),
        });
        self.baseline_has_others |= has_others == Others::Yes;
    }

    fn code(&mut self, value: &str, group: &str) {
        if value != group {
            self.codes.insert(value.trim().to_owned(), group.to_owned());
        }
    }

    fn is_in_baseline(&self, group: &str) -> bool {
        self.in_baseline
            .as_ref()
            .is_none_or(|groups| groups.iter().any(|own| own == group))
    }

    /// The group that was asked for as the reference: by its name, its label or a spelling of the files.
    pub(super) fn asked_reference(&self, wishes: &Wishes) -> Result<Option<String>, Error> {
        let Some(wanted) = &wishes.reference else {
            return Ok(None);
        };
        let is_labelled = |group: &&String| self.label(group).eq_ignore_ascii_case(wanted);
        let spelled = || match race_word(wanted) {
            Some(RaceWord::Group(group)) => self.rows.get_key_value(group),
            _ => None,
        };
        let found = self
            .rows
            .get_key_value(wanted)
            .map(|(group, _)| group)
            .or_else(|| self.rows.keys().find(is_labelled))
            .or_else(|| spelled().map(|(group, _)| group));
        match found {
            Some(group) => Ok(Some(group.clone())),
            None => Err(Error::bundle(
                format!("--reference {wanted}: the files have no such group"),
                crate::error::nearest_hint(wanted, self.rows.keys().map(String::as_str)),
            )),
        }
    }

    fn reference(&self, asked: Option<String>) -> Option<(String, Confidence, String)> {
        if let Some(wanted) = asked {
            return Some((wanted, Confidence::Certain, "asked for".into()));
        }
        if self.rows.contains_key("white") {
            return Some(("white".into(), Confidence::Likely, "the group that most studies compare with; who is compared with whom is for a person to say".into()));
        }
        let (group, rows) = self.rows.iter().max_by_key(|(_, rows)| **rows)?;
        Some((
            group.clone(),
            Confidence::Doubtful,
            format!(
                "no group is `white`; this one is the largest, with {} rows",
                count(*rows)
            ),
        ))
    }

    /// The groups that are compared: large enough to say something about, and in every baseline.
    fn compared(&self, reference: &str) -> Vec<String> {
        let all: u64 = self.rows.values().sum();
        let mut names: Vec<&String> = self
            .rows
            .keys()
            .filter(|group| *group != reference)
            .collect();
        names.sort_by_key(|group| (rank(group), (*group).clone()));
        let is_large = |group: &&String| self.rows[*group] as f64 >= SHARE * all as f64;
        let usable: Vec<String> = names
            .iter()
            .copied()
            .filter(|group| self.is_in_baseline(group))
            .cloned()
            .collect();
        let large: Vec<String> = usable
            .iter()
            .filter(|group| is_large(group))
            .cloned()
            .collect();
        if large.is_empty() { usable } else { large }
    }

    /// Groups of the rows of whom the baseline has nobody.
    pub(super) fn without_people(&self) -> Vec<&String> {
        let groups = self.rows.keys();
        groups.filter(|group| !self.is_in_baseline(group)).collect()
    }

    /// Writes the `[groups]` table.
    pub(super) fn write(&self, draft: &mut Draft, asked: Option<String>) -> Result<(), String> {
        let Some((reference, confidence, reason)) = self.reference(asked) else {
            return Err("no column tells groups apart".into());
        };
        let compare = self.compared(&reference);
        draft.table("[groups]");
        draft.key("reference", quoted(&reference), confidence, reason);
        if compare.is_empty() {
            return Err(format!(
                "`{reference}` is the only group, and nobody is there to compare it with"
            ));
        }
        // With race and ethnicity in two columns a row stands among the values of both.
        let is_told_twice = self.rows.values().sum::<u64>() > self.all;
        let sizes = |groups: &[String]| -> String {
            let with_rows = |group: &String| match self.rows.get(group) {
                Some(rows) if self.all > 0 && !is_told_twice => format!("{group} {}", count(*rows)),
                _ => group.clone(),
            };
            groups.iter().map(with_rows).collect::<Vec<_>>().join(", ")
        };
        let (left, without): (Vec<String>, Vec<String>) = self
            .rows
            .keys()
            .filter(|group| **group != reference && !compare.contains(group))
            .cloned()
            .partition(|group| self.is_in_baseline(group));
        let mut why = format!(
            "{}: {}, {}",
            if is_told_twice { "groups" } else { "rows" },
            sizes(std::slice::from_ref(&reference)),
            sizes(&compare)
        );
        if is_told_twice {
            why.push_str("; two columns say it together, so `evenhand check` counts them");
        }
        if !self.note.is_empty() {
            why.push_str(&format!(" ({})", self.note));
        }
        if !left.is_empty() {
            why.push_str(&format!(
                "; not compared, because they are few: {}",
                sizes(&left)
            ));
        }
        if !without.is_empty() {
            why.push_str(&format!(
                "; left out, because the baseline has none of them: {}",
                sizes(&without)
            ));
        }
        draft.key(
            "compare",
            list(compare.iter().map(String::as_str)),
            Confidence::Likely,
            why,
        );
        let shown: Vec<&String> = std::iter::once(&reference)
            .chain(&compare)
            .chain(&left)
            .collect();
        let labels: Vec<(String, String)> = shown
            .iter()
            .map(|group| ((*group).clone(), quoted(&self.label(group))))
            .collect();
        let reason = "the names that tables and charts print";
        draft.key("labels", inline(&labels), Confidence::Likely, reason);
        self.write_codes(draft, &shown);
        self.write_unknown(draft, &without);
        Ok(())
    }

    fn write_codes(&self, draft: &mut Draft, shown: &[&String]) {
        let codes: Vec<(String, String)> = self
            .codes
            .iter()
            .filter(|(_, group)| shown.contains(group))
            .map(|(value, group)| (value.clone(), quoted(group)))
            .collect();
        if !codes.is_empty() {
            draft.key(
                "codes",
                inline(&codes),
                Confidence::Likely,
                "what the spellings in the files mean",
            );
        }
    }

    fn write_unknown(&self, draft: &mut Draft, without: &[String]) {
        if self.unknown.is_empty() && !without.is_empty() {
            let reason = format!(
                "rows of groups that are not listed above ({}) are left out of every number and stand in the account of the rows",
                without.join(", ")
            );
            draft.key("unknown", quoted("missing"), Confidence::Likely, reason);
            return;
        }
        if self.unknown.is_empty() && self.baseline_has_others {
            draft.key("unknown", quoted("missing"), Confidence::Likely, "every row of the data names a group; lines of the baseline that are none, such as totals, are left out of it");
            return;
        }
        if self.unknown.is_empty() {
            draft.remark(
                "No row is without a group: a value that is not listed above stops the study.",
            );
            return;
        }
        let rows: u64 = self.unknown.values().sum();
        let shown: Vec<String> = self
            .unknown
            .iter()
            .take(12)
            .map(|(value, rows)| match value.as_str() {
                "" => format!("{} blank", count(*rows)),
                value => format!("{} `{value}`", count(*rows)),
            })
            .collect();
        let mut reason = format!(
            "{} of {} rows name no group ({}",
            count(rows),
            count(self.all),
            shown.join(", ")
        );
        if self.unknown.len() > 12 {
            reason.push_str(&format!(" and {} more values", self.unknown.len() - 12));
        }
        reason
            .push_str("): they are left out of every number and stand in the account of the rows");
        draft.key("unknown", quoted("missing"), Confidence::Likely, reason);
    }

    fn label(&self, group: &str) -> String {
        if let Some(label) = self.labels.get(group) {
            return label.clone();
        }
        let known = LABELS
            .iter()
            .find(|(name, _)| *name == group)
            .map(|(_, label)| *label);
        match known {
            Some("White") if self.without_hispanic => "White, non-Hispanic".into(),
            Some(label) => label.into(),
            None => group.to_owned(),
        }
    }
}

/// Whether a baseline holds lines of no group, such as totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Yes,
    No,
}

pub(super) fn is_hispanic(value: &str) -> bool {
    race_word(value) == Some(RaceWord::Group("hispanic"))
}

fn rank(group: &str) -> usize {
    LABELS
        .iter()
        .position(|(name, _)| *name == group)
        .unwrap_or(LABELS.len())
}

/// The columns that tell the groups of rows apart.
pub(super) struct GroupColumns<'a> {
    pub(super) race: &'a ColumnProfile,
    /// Whether somebody is Hispanic, where the race does not say it.
    pub(super) ethnicity: Option<&'a ColumnProfile>,
    /// Others that were not taken.
    pub(super) others: Vec<&'a ColumnProfile>,
    /// A column that says who is Hispanic and was not asked for.
    pub(super) unused_ethnicity: Option<&'a ColumnProfile>,
    /// Whether the values are taken for groups as they stand, since none is a word for race or ethnicity.
    pub(super) as_written: bool,
}

impl<'a> GroupColumns<'a> {
    /// The best columns of a file.
    pub(super) fn of(columns: &'a [ColumnProfile], wishes: &Wishes) -> Option<Self> {
        if let Some(wanted) = &wishes.group {
            let race = columns.iter().find(|column| column.name == *wanted)?;
            let is_unused = |column: &&ColumnProfile| {
                column.kind.value == Kind::Ethnicity && column.name != *wanted
            };
            return Some(Self {
                unused_ethnicity: columns.iter().find(is_unused),
                ..Self::alone(race)
            });
        }
        let is = |kind: Kind| {
            columns
                .iter()
                .filter(move |column| column.kind.value == kind)
        };
        let mut races: Vec<&ColumnProfile> = is(Kind::Race).collect();
        races.sort_by_key(|column| std::cmp::Reverse(score(column)));
        let mut ethnicities: Vec<&ColumnProfile> = is(Kind::Ethnicity).collect();
        let Some((&race, others)) = races.split_first() else {
            let (first, others) = ethnicities.split_first()?;
            return Some(Self {
                others: others.to_vec(),
                ..Self::alone(first)
            });
        };
        let says_hispanic = race
            .kept
            .iter()
            .flatten()
            .any(|(value, _)| is_hispanic(value));
        let ethnicity = if says_hispanic || ethnicities.is_empty() {
            None
        } else {
            Some(ethnicities.remove(0))
        };
        Some(Self {
            race,
            ethnicity,
            others: others.iter().copied().chain(ethnicities).collect(),
            unused_ethnicity: None,
            as_written: false,
        })
    }

    fn alone(race: &'a ColumnProfile) -> Self {
        let is_race =
            |(value, _): (&String, &u64)| matches!(race_word(value), Some(RaceWord::Group(_)));
        Self {
            race,
            ethnicity: None,
            others: Vec::new(),
            unused_ethnicity: None,
            as_written: !race.kept.iter().flatten().any(is_race),
        }
    }

    /// Any column with a few values, where none is of race or ethnicity: so that the rows can be counted at all.
    pub(super) fn stopgap(columns: &'a [ColumnProfile]) -> Option<Self> {
        let few = |column: &&ColumnProfile| {
            matches!(column.kind.value, Kind::Sex | Kind::Category)
                && (2..=20).contains(&column.distinct)
        };
        let best = columns
            .iter()
            .filter(few)
            .max_by_key(|column| (column.kind.value == Kind::Sex, column.filled))?;
        Some(Self::alone(best))
    }

    /// The value of `group` under `columns`, its confidence and its reason.
    pub(super) fn rule(&self) -> (String, Confidence, String) {
        let race = quoted(&self.race.name);
        let own = &self.race.kind;
        if self.as_written {
            let reason = format!(
                "no value of it is a word for race or ethnicity; each of its values is a group as it stands ({})",
                own.reason
            );
            return (race, Confidence::Doubtful, reason);
        }
        let Some(ethnicity) = self.ethnicity else {
            return (race, own.confidence, own.reason.clone());
        };
        let hispanic: Vec<(String, String)> = ethnicity
            .kept
            .iter()
            .flatten()
            .filter(|(value, _)| is_hispanic(value))
            .map(|(value, _)| (value.trim().to_owned(), quoted("hispanic")))
            .collect();
        let first = inline(&[
            ("column".into(), quoted(&ethnicity.name)),
            ("codes".into(), inline(&hispanic)),
        ]);
        let second = inline(&[("column".into(), race)]);
        let reason = format!(
            "who is Hispanic by `{}` is so whatever `{}` says, as the census counts; of everybody else the race decides. {}",
            ethnicity.name, self.race.name, own.reason
        );
        (format!("[{first}, {second}]"), own.confidence, reason)
    }

    /// The groups with their rows. Who is Hispanic by ethnicity cannot be told by race here, so the rows of races are at most.
    pub(super) fn found(&self) -> FoundGroups {
        let mut found = FoundGroups::default();
        if self.as_written {
            found.take_as_written(self.race);
            return found;
        }
        found.take(self.race);
        let hispanic: u64 = self
            .ethnicity
            .iter()
            .flat_map(|column| column.kept.iter().flatten())
            .filter(|(value, _)| is_hispanic(value))
            .map(|(_, rows)| rows)
            .sum();
        if hispanic > 0 {
            found.without_hispanic = true;
            found.rows.insert("hispanic".into(), hispanic);
            found.note = format!(
                "those of a race by `{}` alone, Hispanic people among them",
                self.race.name
            );
        }
        found
    }
}

/// Which of several columns of race is the one: of the person stopped, as recorded in the end.
fn score(column: &ColumnProfile) -> (u8, u64) {
    let words = column.words();
    let is = |wanted: &[&str]| has_word(&words, wanted);
    let by_name = match () {
        () if is(&["pre", "before", "raw", "passenger", "prior"]) => 0,
        () if words.len() == 1 || is(&["subject", "driver", "person", "suspect"]) => 3,
        () if is(&["race", "ethnicity"]) => 2,
        () => 1,
    };
    (by_name, column.filled)
}
