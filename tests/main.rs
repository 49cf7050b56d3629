//! All tests that look at the program from outside, in one binary: a data frame engine makes each link expensive.

mod architecture;
mod bad_input;
mod command_line;
mod conformance;
mod engines;
mod harness;
mod properties;
mod reference;
mod studies;
