//! The waist: counts by cell, the request for them, and the trait of whoever counts.
//!
//! Everything an analysis needs is a table of counts by cell. Nothing here reads or estimates.

mod filter;
mod groups;
mod outcome;
mod table;

pub use crate::stops::GROUP;
pub use filter::{OneOrMany, Only};
pub use groups::{Coded, Groups, Misrecorded, UNKNOWN, UnknownRule};
pub use outcome::{Absent, Covered, Outcome};
pub use table::{Cell, CellTable};

use crate::error::Error;
use crate::stops::{Input, Repeats, Screens, SourceLedger};
use crate::warning::Warning;

/// A request for counts: a closed value that any engine can run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tabulation {
    /// Which counts: the name of a `[[counts]]` table, or `stops`, `searches` or `hits` of a table of rows.
    pub counts: String,
    /// The keys that the cells are to have. Rows can also be counted by the keys of their clock: `date` (YYYY-MM-DD), `minute`
    /// (HH:MM) and `light` (`light`, `twilight`, `dark`), where [`Outcome::clock`] and [`Outcome::daylight`] say so; what is not
    /// known is `unknown`. By day or minute only cells with rows are counted; otherwise a group without rows beside others
    /// is a cell of zero.
    pub by: Vec<String>,
    /// Which cells to count at all.
    pub only: Only,
    /// Of which rows: every analysis counts those of a known group, and `missing` the others beside them.
    pub of: Rows,
}

/// Rows of a known group, or those whose group the study calls missing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rows {
    /// Of the groups of the study.
    #[default]
    Known,
    /// Of unknown group alone: every cell has the group [`UNKNOWN`].
    Unknown,
}

/// What an engine hands over: the cells, and where every row went. An engine cannot give one without the other.
#[derive(Debug, Clone, Default)]
pub struct Tabulated {
    /// One table per request, in the order of the requests.
    pub tables: Vec<CellTable>,
    /// Rows in, rows kept, rows dropped by each named rule.
    pub ledger: Vec<SourceLedger>,
    /// The files read, with their hashes.
    pub inputs: Vec<Input>,
    /// What was seen on the way that a reader must know.
    pub warnings: Vec<Warning>,
    /// What rows looked like, by the name of their source.
    pub seen: Vec<(String, Screens)>,
    /// Rows that repeat another one, of each file and of all; empty where that was not asked for.
    pub repeats: Vec<Repeats>,
}

/// Whoever can count. Implementers: the embedded engine (rows), published totals, and in the tests a dictionary
/// of rows, the oracle. All give the same cells in the same order.
pub trait Tabulate {
    /// One table per request, in the order of the requests, in one pass over the data.
    ///
    /// # Errors
    /// Data that cannot be read as the study says; a cross-tabulation that was not published.
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error>;
}
