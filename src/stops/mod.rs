//! The canonical stop and the account of every row.

pub mod basis;
mod contradictions;
mod daylight;
mod ledger;
mod made_up;
mod remarks;
mod repeats;
mod schema;
mod screens;

/// The page of the table of stops.
pub const PAGE: &str = include_str!("stops.md");

pub use contradictions::Contradictions;
pub use daylight::{Light, SunDay, SunPoint, SunTable};
pub use ledger::{Dropped, Input, SourceLedger, UNKNOWN_GROUP};
pub use repeats::{Repeats, ShownRepeats};
pub use schema::{
    AGE, CLOCK_UNKNOWN, Column, DATE, GROUP, HIT, HITS, HOUR, LIGHT, MINUTE, MONTH, NOT_RECORDED,
    OFFICER, PERIOD, PLACE, SEARCH_BASIS, SEARCHED, SEARCHES, STATE, STOPS, TIME, WEEKDAY, WEIGHT,
    YEAR,
};
pub use screens::{FIELDS, Month, RowSeen, Screens};
