//! The canonical stop and the account of every row.

mod contradictions;
mod ledger;
mod repeats;
mod schema;
mod screens;

pub use contradictions::Contradictions;
pub use ledger::{Dropped, Input, SourceLedger};
pub use repeats::{Repeats, ShownRepeats};
pub use schema::{
    AGE, Column, DATE, GROUP, HIT, OFFICER, PERIOD, PLACE, SEARCHED, STATE, STOPS, TIME, WEIGHT,
    YEAR,
};
pub use screens::{FIELDS, Month, RowSeen, Screens};
