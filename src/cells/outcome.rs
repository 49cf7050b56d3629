//! What a set of counts is about: the words and conventions that go with its numbers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::stops::{PERIOD, PLACE, STATE, YEAR};

/// What an absent cell means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// The counts are published: an absent cell was not published, which is not zero.
    Unknown,
    /// The counts come from rows: an absent cell is zero.
    Zero,
}

/// In which years or periods of the rows a place is covered, so that its people were exposed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Covered {
    /// In all of them: a place without a row had nothing to report.
    #[default]
    All,
    /// In those in which it has a row: agencies release different years.
    WithRows,
}

/// One set of counts: what the events are, what they are counted out of, and how they may be used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The name by which analyses ask for it: `stops`, `searches`, `hits`.
    pub name: String,
    /// What is counted, in the plural: `stops`.
    pub events: String,
    /// What the events are counted out of, where they are a part of something: `stops` for searches.
    pub trials: Option<String>,
    /// The unit of a count: `stop`, `person` or `driver`.
    pub unit: String,
    /// An average over years is no Poisson count: it has rates and ratios and no counting interval.
    pub annual_average: bool,
    /// Years that the counts cover, where known; 1 for an annual average.
    pub years: Option<f64>,
    /// What the study says of these counts.
    pub note: Option<String>,
    /// Cautions that belong beside every number made from these counts.
    pub cautions: Vec<String>,
    /// The keys that the counts can be asked by.
    pub keys: Vec<String>,
    /// Further keys of rows, which are counted by where an analysis names them: each makes every cell smaller.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keys_on_request: Vec<String>,
    /// Whether every row names its officer, so that uncertainty can be counted by officer. The officer is never shown.
    pub by_officer: bool,
    /// Whether every row may name its date and its time of day, so that it can be counted by `date` and `minute`. These keys
    /// are for analyses that ask for them; they are not among `keys`.
    #[serde(skip)]
    pub clock: bool,
    /// Whether it is also known where the places are, so that rows can be counted by `light`.
    #[serde(skip)]
    pub daylight: bool,
    /// What an absent cell means.
    pub absent: Absent,
    /// In which of its years a place is covered.
    pub covered: Covered,
    /// The files, for captions.
    pub files: Vec<String>,
}

impl Outcome {
    /// Whether analyses may ask by a key.
    #[must_use]
    pub fn has_key(&self, key: &str) -> bool {
        self.every_key().any(|known| known == key)
    }

    /// Every key that analyses may ask by.
    pub fn every_key(&self) -> impl Iterator<Item = &str> {
        let keys = self.keys.iter().chain(&self.keys_on_request);
        keys.map(String::as_str)
    }

    /// What repeats within a stratum: places, told apart by their states, and years or periods. Other keys are added up:
    /// a kind of stop is no second observation of a place.
    #[must_use]
    pub fn replicate_keys(&self, by: &[String]) -> Vec<String> {
        self.keys
            .iter()
            .filter(|key| REPLICATES.contains(&key.as_str()) && !by.contains(key))
            .cloned()
            .collect()
    }
}

const REPLICATES: [&str; 4] = [STATE, PLACE, YEAR, PERIOD];
