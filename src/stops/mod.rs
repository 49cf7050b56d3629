//! The canonical stop and the account of every row.

mod contradictions;
mod ledger;
mod made_up;
mod repeats;
mod schema;
mod screens;

/// The page of the table of stops.
pub const PAGE: &str = include_str!("stops.md");

pub use contradictions::Contradictions;
pub use ledger::{Dropped, Input, SourceLedger, UNKNOWN_GROUP};
pub use repeats::{Repeats, ShownRepeats};
pub use schema::{
    AGE, Column, DATE, GROUP, HIT, HITS, OFFICER, PERIOD, PLACE, SEARCHED, SEARCHES, STATE, STOPS,
    TIME, WEIGHT, YEAR,
};
pub use screens::{FIELDS, Month, RowSeen, Screens};
