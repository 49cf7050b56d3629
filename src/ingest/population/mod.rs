//! Populations become baselines: who could have been counted, with what is known of the error of that number.
//!
//! A file has one row for each cell, or a column for each group ([`WideGroup`]). Sums over columns, rows and places carry
//! their margins of error as the Census Bureau prescribes for its survey: squares add up, estimates of 0 count once with
//! the largest of their margins, controlled estimates add nothing, and a missing margin leaves the sum without one. No
//! population is made up: a blank or a code in place of an estimate is an error for the analysis that asks for it.

mod baseline;
mod commuting;
mod config;
mod counted;
mod counties;
mod fields;
mod margins;
mod matches;
mod names;
mod reading;
mod wide_groups;

pub use baseline::{Baseline, People};
pub use commuting::CommutingConfig;
pub use config::{Codes, PopulationConfig, PopulationFragment, Wide};
pub use counted::{counts_of, from_counts};
pub use counties::{CountyChange, county_changes, why_not_there};
pub use margins::BlankMargin;
pub use matches::{FROM, PlaceMatch, TO};
pub use names::{How, Proposal, nearest, propose};
pub use reading::{ReadPopulation, read_population};
pub use wide_groups::{Addend, WideGroup};
