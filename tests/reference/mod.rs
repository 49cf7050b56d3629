//! Every number against the answers of trusted peers; the tables beside these files say where each comes from.

mod bad_inputs;
mod effects;
mod intervals;
mod regression;
mod strata;
