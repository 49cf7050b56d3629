//! All tests that look at the program from outside, in one binary, since each link takes long.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and sets up its own files"
)]

mod adjusted;
mod adoption;

mod architecture;
mod bad_input;
mod baselines;
mod bundles;
mod calc_bounds;
mod command_line;
mod conformance;
mod containers;
mod county_thresholds;
mod daylight;
mod engines;
mod exposure;
mod fetch;
mod formats;
mod formats_data;
mod found_faults;
mod fuzz;
mod harness;
mod init;
mod joins;
mod layouts;
mod ledger;
mod lock;
mod missing;
mod outcomes;
mod packaging;
mod predicted;
mod properties;
mod published_formats;
mod reference;
mod register;
mod regressions;
mod same_bytes;
mod schema;
mod simulate;
mod studies;
mod study_faults;
mod thresholds;
mod veil;
mod weather_paper;
mod workbooks;
