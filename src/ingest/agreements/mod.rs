//! Agreements become the register: who signed what, which places it covers, from when to when, on what evidence.
//!
//! The register is held against a programme key that the counts carry (`held`), or makes such a key (`status`). It
//! is no treatment model: nothing here estimates.

mod config;
mod duplicates;
mod held;
mod kinds;
mod places;
mod planned;
mod read;
mod spans;
mod states;
mod status;
mod statuses;
mod summary;

use std::path::PathBuf;

use jiff::civil::Date;
use serde::Serialize;

pub use config::{
    AgreementColumns, AgreementsConfig, ColumnName, DateRule, ProgramWords, UndatedRule,
};
pub use kinds::{Kind, Level};
pub use planned::{PlannedStatus, planned};
pub use read::read_agreements;
pub use spans::Status;
pub use status::{Join, Statewide, StatusConfig, StatusWords, UnknownEnd};
pub use statuses::{Statuses, Whereabouts};

/// What is computed of agreements, for whoever asks for the method.
pub const PAGE: &str = include_str!("../agreements.md");

/// One agreement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// State, as the file writes it.
    pub state: String,
    /// The postal code of the state, where its spelling leads to one.
    #[serde(skip)]
    pub state_code: Option<String>,
    /// The places covered, as the file writes them; empty for a whole state.
    pub place: String,
    /// The places covered, one by one.
    #[serde(skip)]
    pub places: Vec<String>,
    /// The federal codes of the counties covered.
    #[serde(skip)]
    pub counties: Vec<String>,
    /// The level, as the file writes it.
    pub level: String,
    /// Who signed.
    #[serde(skip)]
    pub signed_by: Level,
    /// The agency that signed.
    pub agency: String,
    /// The kind, as the file writes it.
    pub model: String,
    /// The kind, where the spellings of the file are said.
    pub kind: Option<Kind>,
    /// The day on which it was signed, where the file has it.
    pub signed: Option<Date>,
    /// The day on which it begins to count, by the study's rule.
    pub begins: Option<Date>,
    /// Last day, where known.
    pub ended: Option<Date>,
    /// Whether it is known to go on.
    pub is_open: bool,
    /// First day on which a list had it.
    pub first_seen: Option<Date>,
    /// Last day on which a list had it.
    pub last_seen: Option<Date>,
    /// First day that the sources speak to.
    pub evidence_from: Option<Date>,
    /// Last day that the sources speak to.
    pub evidence_to: Option<Date>,
    /// The agency's number in the federal register of police agencies.
    pub ori: String,
    #[serde(skip)]
    line: u64,
}

/// The agreements of one file.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// The agreements, in the order of the file.
    pub agreements: Vec<Agreement>,
    /// The file, as the study names it.
    pub file: String,
    year: Option<i16>,
    words: ProgramWords,
    path: PathBuf,
}

impl Agreement {
    /// The last day on which anything says that it was in force.
    #[must_use]
    pub fn last_evidence(&self) -> Option<Date> {
        self.evidence_to.max(self.last_seen)
    }

    /// Everything that the file says of it, so that two rows can be held against one another.
    fn said(&self) -> Self {
        Self {
            line: 0,
            ..self.clone()
        }
    }
}
