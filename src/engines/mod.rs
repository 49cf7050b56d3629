//! Who counts. Each implements [`crate::cells::Tabulate`] for what [`crate::ingest`] describes.

mod asked;
mod coded;
mod coding;
mod counting;
mod daylight;
mod embedded;
mod joining;
mod likeness;
mod pile;
mod repeats;
mod tally;
mod totals;
mod with_statuses;

pub use embedded::Embedded;
pub use totals::Totals;
pub use with_statuses::WithStatuses;
