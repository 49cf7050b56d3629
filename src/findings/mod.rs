//! The form in which every analysis hands over its numbers, types only.
//!
//! A [`Finding`] is a list of [`Line`]s; [`tidy`] turns lines into rows whose columns never vary, and
//! [`glossary`] names what may be estimated. Nothing here computes.

mod finding;
pub mod glossary;
mod tidy;

pub use finding::{
    Band, Comparison, CountRef, Counted, Family, Finding, Frame, Line, Part, Sky, SkyDay, Test,
    Variance,
};
pub use tidy::{COLUMNS, Row, tidy};
