//! Who counts. Each implements [`crate::cells::Tabulate`] for what [`crate::ingest`] describes.

mod coding;
mod embedded;
mod totals;

pub use embedded::Embedded;
pub use totals::Totals;
