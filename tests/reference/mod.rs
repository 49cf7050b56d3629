//! Every number against the answers of trusted peers; the tables beside these files say where each comes from.

mod admissions;
mod bad_inputs;
mod calc;
mod calc_designs;
mod calc_regression;
mod coverage;
mod designs;
mod effects;
mod group_time;
mod intervals;
mod missing;
mod regression;
mod standardise;
mod strata;
mod sun;
mod tables;
mod threshold;
