//! The questions that evenhand answers, one `.rs` and one `.md` each, and the one list of them.
//!
//! An analysis says what it needs ([`Analysis::asks`]), turns counts into numbers ([`Analysis::run`]), and draws what
//! disclosure has let through ([`Analysis::figures`]). Its sentence is in [`words`].

pub mod adoption;
mod bands;
mod charts;
mod contrast;
mod differences;
pub mod disparity;
mod exposure;
mod informative;
pub mod legal;
mod measures;
pub mod missing;
mod noise;
mod officers;
pub mod outcome_test;
mod pooled;
pub mod rates;
pub mod regression;
mod specifications;
mod strata;
pub mod stratified;
pub mod threshold_test;
pub mod veil_of_darkness;
mod wanted;
pub mod words;

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::cells::{CellTable, Groups, Outcome, Tabulation};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::Finding;
use crate::ingest::{Baseline, Periods, Statuses};
use crate::stops::{Screens, SunTable};

pub(crate) use charts::n_text;
pub use wanted::{Common, DispersionRule, Header};

/// An analysis that evenhand knows: its name in the study file, and its method page.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// The word in the study file, of the file and of the result tables.
    pub name: &'static str,
    /// The question in one line.
    pub question: &'static str,
    /// The method page, in Markdown.
    pub page: &'static str,
}

/// Every analysis, in the order in which they are explained.
pub const ALL: [Method; 10] = [
    Method {
        name: rates::NAME,
        question: "How often are people of each group stopped, searched or found with contraband?",
        page: include_str!("rates.md"),
    },
    Method {
        name: disparity::NAME,
        question: "How do the rates of groups compare, and against which baseline?",
        page: include_str!("disparity.md"),
    },
    Method {
        name: legal::NAME,
        question: "What do the tests that courts know say about the counts?",
        page: include_str!("legal.md"),
    },
    Method {
        name: stratified::NAME,
        question: "Is there a disparity within strata, or another one under a programme, pooled over them?",
        page: include_str!("stratified.md"),
    },
    Method {
        name: outcome_test::NAME,
        question: "Do searches of each group find contraband equally often?",
        page: include_str!("outcome_test.md"),
    },
    Method {
        name: threshold_test::NAME,
        question: "How probable must contraband look before people of each group are searched?",
        page: include_str!("threshold_test.md"),
    },
    Method {
        name: regression::NAME,
        question: "How do groups compare when place, year or other keys are held equal?",
        page: include_str!("regression.md"),
    },
    Method {
        name: veil_of_darkness::NAME,
        question: "Is a group a larger part of those stopped when daylight shows who drives?",
        page: include_str!("veil_of_darkness.md"),
    },
    Method {
        name: missing::NAME,
        question: "Does a finding survive the people whose group is unknown or recorded wrongly?",
        page: include_str!("missing.md"),
    },
    Method {
        name: adoption::NAME,
        question: "Did the disparity change where an agreement began, against where there was none?",
        page: include_str!("adoption.md"),
    },
];

/// What a study offers to its analyses, known before any row is counted.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The groups.
    pub groups: Groups,
    /// The counts.
    pub outcomes: Vec<Outcome>,
    /// Baselines, by name, with the keys that they are joined by.
    pub baselines: BTreeMap<String, Vec<String>>,
    /// The periods.
    pub periods: Periods,
    /// Whose stops these are, for captions.
    pub agency: Option<String>,
    /// What span of time the study covers, for captions.
    pub period: Option<String>,
    /// Places whose name begins so are several places counted together.
    pub pooled_prefix: Option<String>,
}

/// What an analysis needs.
#[derive(Debug, Clone, Default)]
pub struct Asks {
    /// Tables of counts.
    pub tabulations: Vec<Tabulation>,
    /// Names of baselines.
    pub baselines: Vec<String>,
}

/// What an analysis gets.
#[derive(Debug, Clone, Copy)]
pub struct Answers<'a> {
    /// What the study offers.
    pub setting: &'a Setting,
    /// The tables asked for, in the order of [`Asks::tabulations`].
    pub tables: &'a [CellTable],
    /// All baselines of the study that were asked for.
    pub baselines: &'a BTreeMap<String, Baseline>,
    /// The keys that are made from registers of agreements.
    pub statuses: &'a Statuses,
    /// The sun of every place, where the study says where they are.
    pub sun: Option<&'a SunTable>,
    /// What rows looked like, by the name of their source.
    pub seen: &'a [(String, Screens)],
    /// Name of the finding in the bundle.
    pub id: &'a str,
    /// Seed of the run, for analyses that draw random numbers.
    pub seed: u64,
    /// How many threads may work at once. Results do not depend on it.
    pub threads: usize,
    /// How much work is wanted.
    pub effort: Effort,
}

/// How much work an analysis does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// All of it.
    Run,
    /// What a check needs: the refusals of a run and the counts behind its numbers. What is sampled for seconds may be
    /// left out.
    Check,
}

/// One analysis table of a study.
pub trait Analysis: Debug {
    /// Which analysis it is.
    fn kind(&self) -> &'static str;

    /// What every analysis table may say.
    fn header(&self) -> Header<'_>;

    /// What it needs of the study.
    ///
    /// # Errors
    /// A word that the study does not define, at its position in the study file.
    fn asks(&self, setting: &Setting) -> Result<Asks, Error>;

    /// Counts become numbers.
    ///
    /// # Errors
    /// Data that the question cannot be asked of.
    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error>;

    /// What becomes of its finding under the unknown, where the table asks for a panel; `None` where it does not.
    ///
    /// # Errors
    /// The main number of the analysis has no panel.
    fn panel(&self) -> Option<Result<missing::MissingOptions, Error>> {
        None
    }

    /// The charts of what may be shown.
    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure>;
}
