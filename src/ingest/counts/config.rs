//! The `[[counts]]` table of a study, and what a publisher's format says of it in advance.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::super::key_column::{KeyColumn, named_columns};
use super::super::layout::Layout;
use super::super::periods::Periods;
use super::super::row_filter::RowFilter;
use super::super::schema::{kinds, some, text};
use crate::cells::{Absent, GROUP, Outcome};
use crate::error::Error;
use crate::stops::{PERIOD, YEAR};

/// A `[[counts]]` table of the study.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountsConfig {
    /// The name by which analyses ask for these counts; also what the events are called.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The publisher's format, by the name of one that comes with the program or by a file of the study's own.
    #[schemars(with = "Option<String>")]
    pub format: Option<Spanned<String>>,
    /// The CSV file, relative to the study.
    #[schemars(with = "String")]
    pub file: Spanned<String>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    pub layout: Option<Layout>,
    /// Key to column. `group` is required unless `wide` has it; `place`, `program`, `year` and `state` are known to the
    /// analyses.
    #[schemars(with = "Option<BTreeMap<String, KeyColumn>>")]
    pub keys: Option<Spanned<BTreeMap<String, Spanned<KeyColumn>>>>,
    /// Groups as columns: which of them hold the counts of each group.
    #[schemars(with = "Option<BTreeMap<String, WideCounts>>")]
    pub wide: Option<Spanned<BTreeMap<String, WideCounts>>>,
    /// Where a row is a line of a form: which lines are events, and which are what they are counted out of.
    #[schemars(with = "Option<Lines>")]
    pub lines: Option<Spanned<Lines>>,
    /// Columns over whose values the rows of a cell are added up; each cell stands once for each of them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub sum_over: Vec<Spanned<String>>,
    /// The column of events.
    #[schemars(with = "Option<String>")]
    pub events: Option<Spanned<String>>,
    /// What kind of number the events are.
    pub events_are: Option<EventsAre>,
    /// The column of what the events are counted out of.
    #[schemars(with = "Option<String>")]
    pub trials: Option<Spanned<String>>,
    /// What the trials are called, where `wide` or `lines` has them: `stops`.
    #[schemars(with = "Option<String>")]
    pub trials_are: Option<Spanned<String>>,
    /// Years that the counts cover, for rates per year.
    #[schemars(with = "Option<f64>")]
    pub years: Option<Spanned<f64>>,
    /// The unit of a count; `stop` unless said otherwise.
    pub unit: Option<String>,
    /// A note printed with the numbers.
    pub note: Option<String>,
    /// Cautions printed beside every number made from these counts.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
}

/// What a format says of counts in advance; the study's own words go before these.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CountsFragment {
    /// As in [`CountsConfig`].
    pub layout: Option<Layout>,
    /// As in [`CountsConfig`].
    pub keys: BTreeMap<String, KeyColumn>,
    /// As in [`CountsConfig`].
    pub wide: Option<BTreeMap<String, WideCounts>>,
    /// As in [`CountsConfig`].
    pub lines: Option<Lines>,
    /// As in [`CountsConfig`].
    pub sum_over: Vec<String>,
    /// As in [`CountsConfig`].
    pub events: Option<String>,
    /// As in [`CountsConfig`].
    pub events_are: Option<EventsAre>,
    /// As in [`CountsConfig`].
    pub trials: Option<String>,
    /// As in [`CountsConfig`].
    pub trials_are: Option<String>,
    /// As in [`CountsConfig`].
    pub unit: Option<String>,
    /// As in [`CountsConfig`].
    pub note: Option<String>,
    /// As in [`CountsConfig`].
    pub filter: Vec<RowFilter>,
}

/// What kind of number the events are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventsAre {
    /// Events that happened and were counted.
    #[default]
    Counts,
    /// A yearly average, rounded: rates and ratios only.
    AnnualAverage,
}

/// The counts of one group, in a file that has columns for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WideCounts {
    /// Columns that are added up.
    Sums {
        /// Of events.
        events: Vec<String>,
        /// Of what the events are counted out of; empty where they are not a part of something.
        trials: Vec<String>,
    },
    /// One column that holds both: `1,792 / 39,207`.
    Fraction(String),
}

/// Lines of a form, a row each: which are added up.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The column that names the line.
    pub column: String,
    /// Lines whose counts are events.
    pub events: Vec<String>,
    /// Lines whose counts are what the events are counted out of, the lines of events among them where they are a part.
    #[serde(default)]
    pub trials: Vec<String>,
}

impl WideCounts {
    /// Every column that it needs.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Sums { events, trials } => {
                events.iter().chain(trials).map(String::as_str).collect()
            }
            Self::Fraction(column) => vec![column.as_str()],
        }
    }

    /// Whether it says what the events are counted out of.
    #[must_use]
    pub fn has_trials(&self) -> bool {
        match self {
            Self::Sums { trials, .. } => !trials.is_empty(),
            Self::Fraction(_) => true,
        }
    }
}

impl JsonSchema for WideCounts {
    fn schema_name() -> Cow<'static, str> {
        "WideCounts".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let several = json_schema!({ "type": "array", "items": text() });
        let names = kinds(
            "The name of a column, or a list of columns that are added up.",
            [text(), some(text())],
        );
        let rule = json_schema!({
            "type": "object",
            "properties": {
                "events": names,
                "trials": { "description": "What the events are counted out of.", "anyOf": [text(), several] },
                "fraction": { "description": "One column that holds both: `1,792 / 39,207`.", "type": "string" }
            },
            "additionalProperties": false,
            "oneOf": [
                { "required": ["events"], "properties": { "fraction": false } },
                { "required": ["fraction"], "maxProperties": 1 }
            ]
        });
        kinds(
            "The counts of one group: the name of a column, a list of columns that are added up, or a rule.",
            [text(), some(text()), rule],
        )
    }
}

impl<'de> Deserialize<'de> for WideCounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a column's name, or a list of them")]
        enum Names {
            One(String),
            More(Vec<String>),
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Rule {
            events: Option<Names>,
            trials: Option<Names>,
            fraction: Option<String>,
        }
        let all = |names: Names| match names {
            Names::One(name) => vec![name],
            Names::More(names) => names,
        };
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Rule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, a list of columns that are added up, or { events = ..., trials = ... }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Rule, E> {
                Ok(Rule {
                    events: Some(Names::One(name.to_owned())),
                    trials: None,
                    fraction: None,
                })
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Rule, A::Error> {
                let names = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                Ok(Rule {
                    events: Some(Names::More(names)),
                    trials: None,
                    fraction: None,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rule, A::Error> {
                Rule::deserialize(MapAccessDeserializer::new(map))
            }
        }
        let rule = deserializer.deserialize_any(Words)?;
        let wrong = <D::Error as serde::de::Error>::custom;
        match (rule.events.map(all), rule.trials.map(all), rule.fraction) {
            (Some(events), trials, None) if !events.is_empty() => Ok(Self::Sums {
                events,
                trials: trials.unwrap_or_default(),
            }),
            (None, None, Some(column)) => Ok(Self::Fraction(column)),
            _ => Err(wrong(
                "a group has `events`, and `trials` where they are a part of something, or `fraction`, one column with both",
            )),
        }
    }
}

impl CountsConfig {
    /// The table with what a format says of everything that it does not say itself.
    ///
    /// Keys and groups are taken one by one, everything else whole. Faults of what the format says point at the
    /// name of the table.
    #[must_use]
    pub fn with_format(mut self, fragment: &CountsFragment) -> Self {
        let span = self.name.span();
        let text = |value: &Option<String>| {
            value
                .as_ref()
                .map(|value| Spanned::new(span.clone(), value.clone()))
        };
        let mut keys = self
            .keys
            .unwrap_or_else(|| Spanned::new(span.clone(), BTreeMap::new()));
        for (key, column) in &fragment.keys {
            let own = keys.get_mut().entry(key.clone());
            own.or_insert_with(|| Spanned::new(span.clone(), column.clone()));
        }
        self.keys = Some(keys);
        if let Some(wide) = &fragment.wide {
            let own = self
                .wide
                .get_or_insert_with(|| Spanned::new(span.clone(), BTreeMap::new()));
            for (group, columns) in wide {
                own.get_mut()
                    .entry(group.clone())
                    .or_insert_with(|| columns.clone());
            }
        }
        if self.sum_over.is_empty() {
            let names = fragment.sum_over.iter();
            self.sum_over = names
                .map(|name| Spanned::new(span.clone(), name.clone()))
                .collect();
        }
        let lines = fragment.lines.as_ref();
        self.lines = self
            .lines
            .or_else(|| lines.map(|lines| Spanned::new(span.clone(), lines.clone())));
        self.events = self.events.or_else(|| text(&fragment.events));
        self.trials = self.trials.or_else(|| text(&fragment.trials));
        self.trials_are = self.trials_are.or_else(|| text(&fragment.trials_are));
        self.filter.splice(0..0, fragment.filter.iter().cloned());
        self.layout = self.layout.or_else(|| fragment.layout.clone());
        self.events_are = self.events_are.or(fragment.events_are);
        self.unit = self.unit.or_else(|| fragment.unit.clone());
        self.note = self.note.or_else(|| fragment.note.clone());
        self
    }

    /// The columns of a key, where the file has it.
    pub(super) fn key(&self, name: &str) -> Option<&Spanned<KeyColumn>> {
        self.keys.as_ref()?.get_ref().get(name)
    }

    /// What these counts are about, as far as the study says; nothing is read.
    ///
    /// # Errors
    /// No group, no events; groups as columns and as rows; a number of years that is not above zero.
    pub fn outcome(&self, periods: &Periods) -> Result<Outcome, Error> {
        self.check_columns()?;
        let trials = self.trials_name()?;
        let used = self.events.iter().chain(&self.trials);
        let keys = self.keys.iter().flat_map(|keys| keys.get_ref().values());
        let mapped = named_columns(keys);
        super::super::check_summed(&self.sum_over, mapped.iter().chain(used))?;
        if let (EventsAre::AnnualAverage, Some(column)) = (self.kind(), self.sum_over.first()) {
            return Err(Error::study(
                column.span(),
                "annual averages of rows that are added up",
                "name counts of events, or add the averages up before if they are of the same years",
            ));
        }
        super::super::check_years(self.years.as_ref())?;
        let mut keys = self.key_names();
        if keys.iter().any(|key| key == YEAR) && !periods.is_empty() {
            if let Some(column) = self.key(PERIOD) {
                return Err(Error::study(
                    column.span(),
                    "`period` is made from `year`, and named here as a column",
                    "take `period` out of `keys`, or `year`, or the study's [periods]",
                ));
            }
            keys.push(PERIOD.to_owned());
        }
        if let (Some(years), Some(_)) = (&self.years, self.key(YEAR)) {
            return Err(Error::study(
                years.span(),
                "each row of these counts is one year, so `years` says nothing",
                "take `years` out, or the key `year`",
            ));
        }
        let annual_average = self.kind() == EventsAre::AnnualAverage;
        if annual_average {
            self.check_average(trials.is_some())?;
        }
        Ok(Outcome {
            name: self.name.get_ref().clone(),
            events: self.name.get_ref().clone(),
            trials,
            unit: self.unit.clone().unwrap_or_else(|| "stop".into()),
            annual_average,
            years: if annual_average {
                Some(1.0)
            } else {
                self.years.as_ref().map(|y| *y.get_ref())
            },
            note: self.note.clone(),
            cautions: self.cautions.clone(),
            keys,
            keys_on_request: Vec::new(),
            by_officer: false,
            clock: false,
            daylight: false,
            covered: crate::cells::Covered::All,
            absent: Absent::Unknown,
            files: vec![self.file.get_ref().clone()],
        })
    }

    fn kind(&self) -> EventsAre {
        self.events_are.unwrap_or_default()
    }

    /// The keys of the file, `group` among them, in the order of their names.
    fn key_names(&self) -> Vec<String> {
        let named = self.keys.iter().flat_map(|keys| keys.get_ref().keys());
        let mut keys: Vec<String> = named.cloned().collect();
        if self.wide.is_some() && !keys.iter().any(|key| key == GROUP) {
            keys.push(GROUP.to_owned());
            keys.sort();
        }
        keys
    }

    /// The codes of a key.
    pub(super) fn codes(&self, key: &str) -> Option<&BTreeMap<String, String>> {
        let codes = self.key(key).map(|column| &column.get_ref().codes);
        codes.filter(|codes| !codes.is_empty())
    }

    /// Whether any key has codes.
    pub(super) fn has_codes(&self) -> bool {
        let mut columns = self.keys.iter().flat_map(|keys| keys.get_ref().values());
        columns.any(|column| !column.get_ref().codes.is_empty())
    }

    fn check_columns(&self) -> Result<(), Error> {
        let at = || self.keys.as_ref().map_or(self.name.span(), Spanned::span);
        if self.wide.is_some() == self.key(GROUP).is_some() {
            return Err(if self.wide.is_some() {
                Error::study(
                    at(),
                    "`wide` has columns for each group, and `keys` names `group`",
                    "take `group` out of `keys`, or `wide` out of the table",
                )
            } else {
                Error::study(
                    at(),
                    "`keys` names no column for `group`",
                    "add group = \"the column of race or ethnicity\", or `wide` where each group has a column",
                )
            });
        }
        match (&self.wide, &self.events) {
            (Some(_), Some(events)) => {
                return Err(Error::study(
                    events.span(),
                    "`wide` has columns for each group, and the table names a column of `events`",
                    "give each group its own: wide = { black = { events = \"...\", trials = \"...\" } }",
                ));
            }
            (None, None) => {
                return Err(Error::study(
                    self.name.span(),
                    format!("counts `{}` name no column of events", self.name.get_ref()),
                    "add events = \"the column's name in the file\", or `wide` where each group has a column",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// What the trials are called; `None` where the events are not a part of something.
    fn trials_name(&self) -> Result<Option<String>, Error> {
        let groups = self.wide.iter().flat_map(|wide| wide.get_ref().values());
        let with = groups.clone().filter(|group| group.has_trials()).count();
        if with > 0 && with < groups.count() {
            let wide = self.wide.as_ref().map_or(0..0, Spanned::span);
            return Err(Error::study(
                wide,
                "some groups have trials, and others have not",
                "what the events are counted out of is said for every group, or for none",
            ));
        }
        let of_lines = self
            .lines
            .as_ref()
            .is_some_and(|lines| !lines.get_ref().trials.is_empty());
        if let (true, Some(column)) = (with > 0, &self.trials) {
            return Err(Error::study(
                column.span(),
                "the trials stand in a column of their own, and in `wide`",
                "take one of the two out; trials_are = \"stops\" says what they are called",
            ));
        }
        if let Some(lines) = &self.lines {
            let (message, hint) = if with > 0 || self.trials.is_some() {
                (
                    "the lines of a form are its trials, and a column is named for them",
                    "name them in `lines`: trials = [\"...\"]",
                )
            } else if !self.sum_over.is_empty() {
                (
                    "the lines of a form, and rows that are added up",
                    "make the column a key, or add the rows up before",
                )
            } else {
                ("", "")
            };
            if !message.is_empty() {
                return Err(Error::study(lines.span(), message, hint));
            }
        }
        match (&self.trials, &self.trials_are) {
            (Some(column), None) => Ok(Some(column.get_ref().clone())),
            (Some(_), Some(name)) => Ok(Some(name.get_ref().clone())),
            (None, Some(name)) if with > 0 || of_lines => Ok(Some(name.get_ref().clone())),
            (None, Some(name)) => Err(Error::study(
                name.span(),
                "the trials have a name, and no column",
                "take `trials_are` out, or say where the trials are",
            )),
            (None, None) if with > 0 || of_lines => Err(Error::study(
                self.name.span(),
                format!(
                    "counts `{}` do not say what their trials are called",
                    self.name.get_ref()
                ),
                "add trials_are = \"stops\"",
            )),
            (None, None) => Ok(None),
        }
    }

    /// An average over years stands for one year, and is no part of anything that was counted.
    fn check_average(&self, has_trials: bool) -> Result<(), Error> {
        let refuse = |span, message: &str, hint: &str| Err(Error::study(span, message, hint));
        if let Some(years) = &self.years {
            let message = "an annual average covers one year, so `years` says nothing here";
            return refuse(
                years.span(),
                message,
                "take `years` out, or write events_are = \"counts\" for a total over these years",
            );
        }
        if has_trials {
            let message = "an annual average is no count, so it has no `trials` to be a part of";
            let span = self.trials.as_ref().map_or(self.name.span(), Spanned::span);
            return refuse(
                span,
                message,
                "give the counts of the whole period with events_are = \"counts\"",
            );
        }
        if self.lines.is_some() {
            let message = "annual averages of lines that are added up";
            return refuse(self.name.span(), message, "name counts of events");
        }
        if let Some(year) = self.key(YEAR) {
            let message =
                "an annual average is one number for all years, and here it has a key `year`";
            return refuse(
                year.span(),
                message,
                "take `year` out of `keys`, or write events_are = \"counts\" for counts of each year",
            );
        }
        Ok(())
    }
}
