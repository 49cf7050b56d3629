//! Every row is accounted for: rows in = rows kept + rows dropped by each named rule.

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The rule by which rows of unknown group are left out.
pub const UNKNOWN_GROUP: &str = "group blank or unlisted";

/// Rows of one source: in, dropped by each rule, kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLedger {
    /// The source's name in the study.
    pub source: String,
    /// Its files, as the study names them.
    pub files: Vec<String>,
    /// Rows read, headers not counted.
    pub rows_in: u64,
    /// Rows dropped, in the order in which the rules were tried; each row is dropped by the first rule that fits.
    pub dropped: Vec<Dropped>,
    /// Rows kept.
    pub rows_kept: u64,
    /// What was seen and kept: contradictions, cells that stand in one file only.
    pub notes: Vec<String>,
    /// Whether a row is a person, so that small numbers of rows are protected.
    pub of_persons: bool,
}

/// Rows that one rule dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// The rule, in the study's words.
    pub rule: String,
    /// Rows dropped.
    pub rows: u64,
}

/// A file that was read, as the manifest records it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The path as the study writes it.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Rows, the header not counted; `None` where that is withheld.
    pub rows: Option<u64>,
    /// What the study uses it for: `counts searches`, `population acs2017`.
    pub used_for: String,
}

impl SourceLedger {
    /// Holds the account together.
    ///
    /// # Errors
    /// [`Error::Internal`] when a row was lost: our defect, never the data's.
    pub fn check(&self) -> Result<(), Error> {
        let dropped: u64 = self.dropped.iter().map(|d| d.rows).sum();
        if self.rows_in == self.rows_kept + dropped {
            return Ok(());
        }
        Err(Error::Internal(format!(
            "{}: {} rows in, {} kept and {dropped} dropped do not add up",
            self.source, self.rows_in, self.rows_kept
        )))
    }

    /// Counts a row that one of our own rules drops. They stand behind the `filters` of the study, one of which may be called
    /// as ours is.
    pub(crate) fn drop_row(&mut self, rule: &str, filters: usize) {
        let mut ours = self.dropped[filters..].iter_mut();
        let found = ours.find(|dropped| dropped.rule == rule);
        found.expect("every rule has a line").rows += 1;
    }

    /// Adds the account of another part of the same source, whose rules are the same.
    pub fn add(&mut self, other: &Self) {
        self.rows_in += other.rows_in;
        self.rows_kept += other.rows_kept;
        for (mine, theirs) in self.dropped.iter_mut().zip(&other.dropped) {
            mine.rows += theirs.rows;
        }
        self.notes.extend(other.notes.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_row_is_our_defect() {
        let mut ledger = SourceLedger {
            rows_in: 5,
            rows_kept: 3,
            dropped: vec![Dropped {
                rule: "not a stop".into(),
                rows: 2,
            }],
            ..Default::default()
        };
        assert!(ledger.check().is_ok());
        ledger.rows_kept = 2;
        assert!(matches!(ledger.check(), Err(Error::Internal(_))));
    }
}
