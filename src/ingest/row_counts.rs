//! Further counts of rows: arrests of stops, weapons found in searches. Each is a column that says yes or no.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::column::{ColumnRule, ColumnSource, ReadAs};
use super::periods::Periods;
use super::same_stop::SameStop;
use super::stops::{StopsConfig, Unit};
use crate::cells::{Absent, Outcome};
use crate::error::Error;
use crate::stops::{
    DATE, HIT, HITS, HOUR, MONTH, OFFICER, SEARCH_BASIS, SEARCHED, SEARCHES, STOPS, WEEKDAY,
};

/// A `counts` table of rows: how many of the rows, or of the searches, have something.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowCounts {
    /// The name by which analyses ask for these counts; also what the events are called: `arrests`.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// The column that says yes or no.
    #[schemars(with = "ColumnSource")]
    pub column: Spanned<ColumnSource>,
    /// What they are a part of.
    #[serde(default)]
    pub out_of: OutOf,
    /// Whether a format brought it, so that files may lack the column.
    #[serde(skip)]
    pub(super) brought: bool,
}

/// What further counts are a part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutOf {
    /// All rows.
    #[default]
    Rows,
    /// Rows with a search.
    Searches,
}

/// The key that says of a row whether it has what some further counts count; asked for within the program only.
#[must_use]
pub fn says_key(counts: &str) -> String {
    format!("{SAYS}{counts}")
}

/// The further counts that such a key is of.
#[must_use]
pub fn counts_of_key(key: &str) -> Option<&str> {
    key.strip_prefix(SAYS)
}

/// No key of a study begins so: names of keys are those of a TOML table, and this one is refused there.
const SAYS: &str = "counts.";

/// The value of such a key where it is so.
pub const YES: &str = "yes";
/// The value of such a key where it is not.
pub const NO: &str = "no";

impl RowCounts {
    /// As a format brings it.
    pub(super) fn of_a_format(self) -> Self {
        Self {
            brought: true,
            ..self
        }
    }
}

impl StopsConfig {
    /// The further counts of a name.
    #[must_use]
    pub fn further(&self, name: &str) -> Option<&RowCounts> {
        self.counts
            .iter()
            .find(|counts| counts.name.get_ref() == name)
    }

    /// Holds further counts against the table.
    ///
    /// # Errors
    /// A name that other counts have; a rule that says neither yes nor no; searches that are not mapped; rows of which
    /// several are one stop.
    pub(super) fn check_counts(&self) -> Result<(), Error> {
        for (i, counts) in self.counts.iter().enumerate() {
            let name = counts.name.get_ref();
            let taken = [self.rows_are(), SEARCHES, HITS].contains(&name.as_str())
                || self.counts[..i]
                    .iter()
                    .any(|other| other.name.get_ref() == name);
            if taken || name.is_empty() {
                return Err(Error::study(
                    counts.name.span(),
                    format!("other counts are called `{name}` already"),
                    "name these otherwise: analyses ask for counts by their name",
                ));
            }
            counts
                .column
                .get_ref()
                .check(ReadAs::YesOrNo)
                .map_err(|(message, hint)| Error::study(counts.column.span(), message, hint))?;
            if counts.out_of == OutOf::Searches && self.column(SEARCHED).is_none() {
                return Err(Error::study(
                    counts.name.span(),
                    format!(
                        "`{name}` are counted out of searches, and `columns` names no column for `{SEARCHED}`"
                    ),
                    format!(
                        "add {SEARCHED} = \"the column's name in the file\", or take out_of = \"searches\" out"
                    ),
                ));
            }
            if matches!(self.same_stop, Some(SameStop::Columns(_))) {
                return Err(Error::study(
                    counts.name.span(),
                    format!(
                        "`{name}` are counted of rows, and here several rows are records of one stop"
                    ),
                    "further counts need a row for each stop: leave same_stop out or say \"exact\", or leave these counts out",
                ));
            }
        }
        let says = self
            .keys
            .keys()
            .find(|key| counts_of_key(key.get_ref()).is_some());
        match says {
            None => Ok(()),
            Some(key) => Err(Error::study(
                key.span(),
                format!("names of keys that begin with `{SAYS}` are used by evenhand itself"),
                "name the key otherwise",
            )),
        }
    }

    /// Keys that rows can be counted by where an analysis names them, and not otherwise: they would make cells small for
    /// every other question.
    #[must_use]
    pub fn keys_on_request(&self) -> Vec<String> {
        // Records of one stop have to agree on what is counted, so nothing is asked of them that not every study asks.
        if matches!(self.same_stop, Some(SameStop::Columns(_))) {
            return Vec::new();
        }
        let mut layouts = self
            .column(DATE)
            .into_iter()
            .flat_map(ColumnSource::rules)
            .flat_map(ColumnRule::layouts);
        let has_days = self.column(DATE).is_some() && layouts.all(|layout| layout != "%Y");
        let has_time = self.has_clock();
        let offered = [
            (SEARCH_BASIS, self.column(SEARCH_BASIS).is_some()),
            (WEEKDAY, has_days),
            (MONTH, has_days),
            (HOUR, has_time),
        ];
        let own = |name: &str| self.own_key(name).is_some();
        offered
            .into_iter()
            .filter(|(name, is_there)| *is_there && !own(name))
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    /// The outcomes that these rows have: `stops`, and `searches`, `hits` and further counts where their columns are
    /// mapped.
    #[must_use]
    pub fn outcomes(&self, periods: &Periods) -> Vec<Outcome> {
        let outcome = |name: &str, trials: Option<&str>| Outcome {
            name: name.to_owned(),
            events: name.to_owned(),
            trials: trials.map(str::to_owned),
            unit: self.unit.map_or(STOPS, Unit::noun).to_owned(),
            annual_average: false,
            years: self.years.as_ref().map(|y| *y.get_ref()),
            note: self.note.clone(),
            cautions: self.cautions.clone(),
            keys: self.keys(periods),
            keys_on_request: self.keys_on_request(),
            by_officer: self.column(OFFICER).is_some(),
            clock: self.has_clock(),
            daylight: false,
            covered: self.covered,
            absent: Absent::Zero,
            files: self
                .files
                .get_ref()
                .iter()
                .map(|f| f.get_ref().clone())
                .collect(),
        };
        let mut outcomes = vec![outcome(self.rows_are(), None)];
        if self.column(SEARCHED).is_some() {
            outcomes.push(outcome(SEARCHES, Some(self.rows_are())));
        }
        if self.column(HIT).is_some() {
            outcomes.push(outcome(HITS, Some(SEARCHES)));
        }
        outcomes.extend(self.counts.iter().map(|counts| {
            let trials = match counts.out_of {
                OutOf::Rows => self.rows_are(),
                OutOf::Searches => SEARCHES,
            };
            outcome(counts.name.get_ref(), Some(trials))
        }));
        outcomes
    }

    /// Takes out further counts of a format whose column not every file has: whoever asks for them is told so.
    pub(super) fn bind_counts(&mut self, headers: &[(String, Vec<String>)]) {
        let is_there = |counts: &RowCounts| {
            let source = counts.column.get_ref();
            headers.iter().all(|(_, header)| source.fits(header))
        };
        for counts in self.counts.iter().filter(|c| c.brought && !is_there(c)) {
            let name = counts.name.get_ref();
            self.lacking.insert(
                name.clone(),
                format!(
                    "not every file has a column for `{name}`, which the format reads from {}",
                    counts.column.get_ref().described()
                ),
            );
        }
        self.counts
            .retain(|counts| !counts.brought || is_there(counts));
        // What is counted out of searches goes with them.
        if self.column(SEARCHED).is_none() {
            self.counts
                .retain(|counts| !counts.brought || counts.out_of == OutOf::Rows);
        }
    }
}
