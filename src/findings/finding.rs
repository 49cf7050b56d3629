//! What an analysis hands over: one [`Line`] per number, with its two intervals, its counts and its cautions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;

use super::glossary::Estimand;
use crate::cells::CellTable;
use crate::stats::{Interval, Level};
use crate::warning::{self, Warning};

/// The result of one analysis table of the study.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The analysis: `rates`, `disparity` ...
    pub analysis: &'static str,
    /// Name of this finding in the bundle: file stem of its table and figures.
    pub id: String,
    /// Title of its section.
    pub title: String,
    /// The study's own remark on it.
    pub note: Option<String>,
    /// The question's frame, for captions: outcome, baseline, restriction, level.
    pub frame: Frame,
    /// The numbers, in the order in which they are shown.
    pub lines: Vec<Line>,
    /// Cautions that touch the whole finding.
    pub warnings: Vec<Warning>,
    /// When it becomes dark, for the picture of the hours that are looked at.
    pub sky: Option<Sky>,
    /// Counts that are made for this finding alone, under a name that no counts of the study have; never in output.
    pub own_counts: Option<(String, CellTable)>,
}

/// Dusk or dawn of one place over a year: facts of the calendar, which say nothing of anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sky {
    /// The place.
    pub place: String,
    /// Whether it is dusk; else dawn.
    pub is_evening: bool,
    /// The first and the last minute that are looked at.
    pub window: (i32, i32),
    /// The days in their order.
    pub days: Vec<SkyDay>,
}

/// One day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkyDay {
    /// The date.
    pub date: String,
    /// Sunset or sunrise, in seconds of the local clock.
    pub horizon: i32,
    /// Civil dusk or dawn, in seconds of the local clock.
    pub civil: i32,
}

/// What a finding is about, for its one-row summary and its captions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Frame {
    /// Name of the counts.
    pub counts: String,
    /// What is counted, in the plural.
    pub events: String,
    /// What it is counted out of.
    pub trials: Option<String>,
    /// The baselines used, as `name: universe (vintage)`.
    pub baselines: Vec<String>,
    /// People a year that rates per head, and their differences, are given for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<u32>,
    /// Keys of the strata.
    pub by: Vec<String>,
    /// The restriction, in words; empty for none.
    pub only: String,
    /// Confidence level of every interval.
    pub level: f64,
    /// Label of the reference group.
    pub reference: String,
    /// The two arms of a programme contrast, in words; empty where there is none.
    pub arms: Vec<String>,
    /// How many comparisons were made in this finding.
    pub comparisons: usize,
    /// Method of the headline interval, in words.
    pub headline: String,
    /// Method of the counting interval, in words.
    pub counting: String,
    /// Seed of the run.
    pub seed: u64,
}

/// One estimated number.
#[derive(Debug, Clone)]
pub struct Line {
    /// Values of the strata keys.
    pub at: Vec<(String, String)>,
    /// The group that the number is about, as labelled; empty for all groups together.
    pub group: String,
    /// Against whom.
    pub comparison: Comparison,
    /// Name of the baseline, where there is one.
    pub benchmark: Option<String>,
    /// What is estimated.
    pub estimand: Estimand,
    /// The estimate; undefined is `None`, with a warning on the line.
    pub estimate: Option<f64>,
    /// Standard error, on the logarithmic scale for ratios; of the headline interval where there is one.
    pub std_error: Option<f64>,
    /// The interval to be quoted.
    pub headline: Option<Band>,
    /// The noise of counting alone.
    pub counting: Option<Band>,
    /// Dispersion, where places or periods repeat.
    pub dispersion: Option<f64>,
    /// The dispersion that would erase the finding.
    pub dispersion_tip: Option<f64>,
    /// A test that belongs to the number itself rather than to one of its intervals.
    pub test: Option<Test>,
    /// Events behind the number, of the group.
    pub events: Option<u64>,
    /// What they are counted out of.
    pub trials: Option<u64>,
    /// People times years, where the denominator is a population.
    pub exposure: Option<f64>,
    /// What is counted, where that is not what the finding is about.
    pub counted: Option<Counted>,
    /// Cautions that touch this number.
    pub warnings: Vec<Warning>,
    /// The counts from which the number is made, for disclosure; never in output.
    pub rests_on: Vec<CountRef>,
    /// The counts, of places, periods or officers, from which dispersion and headline are made; never in output.
    pub fitted_on: Vec<Arc<Family>>,
    /// Whether the estimate itself is made from dispersion or headline.
    pub is_of_spread: bool,
    /// Whether every number of the line solves equations in all the counts that it is fitted on: several of them pin
    /// hidden counts down however they are rounded.
    pub is_fit: bool,
}

/// What events are, and what they are counted out of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The events, in the plural.
    pub events: String,
    /// What they are a part of.
    pub trials: Option<String>,
}

/// Against whom a group is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Comparison {
    /// Nobody: the number stands by itself.
    None,
    /// The reference group.
    Reference,
    /// Everyone else in the data.
    EveryoneElse,
    /// The group's share of a benchmark.
    BenchmarkShare,
    /// One arm of a programme against the other.
    Programme,
    /// The ratio in one arm of a programme against the ratio in the other.
    ReferenceByProgramme,
    /// The rate under an agreement against that before it, where there was one against where there was none.
    Adoption,
    /// The ratio under an agreement against that before it, where there was one against where there was none.
    ReferenceByAdoption,
}

impl Comparison {
    /// The word in result tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Reference => "reference_group",
            Self::EveryoneElse => "everyone_else",
            Self::BenchmarkShare => "benchmark_share",
            Self::Programme => "programme",
            Self::ReferenceByProgramme => "reference_group_by_programme",
            Self::Adoption => "adoption",
            Self::ReferenceByAdoption => "reference_group_by_adoption",
        }
    }
}

/// An interval with what made it.
#[derive(Debug, Clone, PartialEq)]
pub struct Band {
    /// The two ends.
    pub interval: Interval,
    /// Confidence level.
    pub level: Level,
    /// Method, in words.
    pub method: String,
    /// Which uncertainty it counts.
    pub variance: Variance,
    /// The test that agrees with it.
    pub test: Option<Test>,
}

/// A test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The statistic.
    pub statistic: Option<f64>,
    /// Its degrees of freedom, where it has some.
    pub df: Option<f64>,
    /// Two-sided p-value.
    pub p_value: Option<f64>,
}

/// Which uncertainty an interval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variance {
    /// The noise of counting.
    Counting,
    /// The spread between places or periods.
    Between,
    /// Clusters: officers.
    Cluster,
    /// The posterior of a Bayesian model, given the model and its priors: a credible interval.
    Posterior,
}

impl Variance {
    /// The word in result tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counting => "counting",
            Self::Between => "between",
            Self::Cluster => "cluster",
            Self::Posterior => "posterior",
        }
    }
}

/// A published or counted number that a line is made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountRef {
    /// Name of the counts.
    pub counts: String,
    /// Events or trials.
    pub part: Part,
    /// The keys of the cells that it adds up.
    pub keys: Arc<[String]>,
    /// Their values.
    pub cells: Arc<BTreeSet<Vec<String>>>,
    /// The number.
    pub count: u64,
}

/// Counts of one side of a comparison that a spread is fitted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    /// Those of places and periods.
    Cells(Vec<CountRef>),
    /// Those of officers, or of minutes of the day, which are in no table.
    Officers {
        /// All of them together.
        sum: CountRef,
        /// How many officers, or minutes, have any.
        how_many: usize,
    },
}

/// Which of a cell's two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The events.
    Events,
    /// What they are counted out of.
    Trials,
}

impl Finding {
    /// The methods of the intervals to be quoted, each once; `none` where there is none.
    #[must_use]
    pub fn headline_methods(&self) -> String {
        let mut methods: Vec<&str> = Vec::new();
        for band in self.lines.iter().filter_map(|line| line.headline.as_ref()) {
            if !methods.contains(&band.method.as_str()) {
                methods.push(&band.method);
            }
        }
        if methods.is_empty() {
            "none".into()
        } else {
            methods.join("; ")
        }
    }
}

impl Line {
    /// A number without intervals and counts yet.
    #[must_use]
    pub fn new(
        at: &[(String, String)],
        group: impl Into<String>,
        comparison: Comparison,
        estimand: Estimand,
    ) -> Self {
        Self {
            at: at.to_vec(),
            group: group.into(),
            comparison,
            benchmark: None,
            estimand,
            estimate: None,
            std_error: None,
            headline: None,
            counting: None,
            dispersion: None,
            dispersion_tip: None,
            test: None,
            events: None,
            trials: None,
            exposure: None,
            counted: None,
            warnings: Vec::new(),
            rests_on: Vec::new(),
            fitted_on: Vec::new(),
            is_of_spread: false,
            is_fit: false,
        }
    }

    /// Adds a caution once.
    pub fn warn(&mut self, warning: Warning) {
        warning::add(&mut self.warnings, warning);
    }

    /// The interval to be quoted: the headline where there is one, else that of counting.
    #[must_use]
    pub fn quoted(&self) -> Option<&Band> {
        self.headline.as_ref().or(self.counting.as_ref())
    }

    /// The stratum in words: `CA, 287(g)`; empty when the whole data are one stratum.
    #[must_use]
    pub fn stratum(&self) -> String {
        self.at
            .iter()
            .map(|(_, value)| value.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The value of one strata key.
    #[must_use]
    pub fn key(&self, key: &str) -> Option<&str> {
        self.at
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, value)| value.as_str())
    }
}
