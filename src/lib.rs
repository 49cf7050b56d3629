//! Disparity statistics of police stops and detentions.
//!
//! Everything an analysis needs is a table of counts by cell, and two small tables: baselines and agreements.
//!
//! ```text
//! study.toml ─ ingest ─► stops ─ engines ─► CELL COUNTS ─► analyses ─► findings ─► disclosure ─► report bundle
//! ```
//!
//! The layers, each of which uses only those above it; a test holds this:
//!
//! | layer | what it is |
//! |---|---|
//! | [`error`], [`number`], [`warning`], [`world`] | faults, the only way a number becomes text, cautions, the only door to the outside |
//! | [`stats`] | pure statistics: numbers in, small structs out |
//! | [`calc`] | the same by request: a kind and its fields in, named numbers out |
//! | [`figures`] | charts as data, and the only drawing code |
//! | [`stops`], [`cells`] | the account of every row; the waist: counts by cell and the trait of whoever counts |
//! | [`ingest`] | files become counts, baselines and the register of agreements |
//! | [`engines`] | who counts: rows of stops on every thread, or totals that were published |
//! | [`findings`], [`disclosure`] | the form of every result; what of it may be shown |
//! | [`analyses`] | one question per file |
//! | [`study`], [`results`] | the plan, and what a run hands over |
//! | [`propose`] | a plan for files that nobody has described |
//! | [`pipeline`], [`replicate`] | the whole program on one screen; published figures, recomputed by `calc` and by studies |
//! | [`simulate`] | made-up data of any size with known truth |
//! | [`fetch`] | public datasets by name; its client is the only door to the network |
//! | [`report`], [`bundle`], [`cli`] | exhibits, the output folder, the command line |

pub mod analyses;
pub mod bundle;
pub mod calc;
pub mod cells;
pub mod cli;
pub mod disclosure;
pub mod engines;
pub mod error;
pub mod fetch;
pub mod figures;
pub mod findings;
pub mod ingest;
pub mod number;
pub mod pipeline;
pub mod propose;
pub mod replicate;
pub mod report;
pub mod results;
pub mod simulate;
pub mod stats;
pub mod stops;
pub mod study;
pub mod warning;
pub mod world;
