//! `results.json`: every number of the run with twelve significant digits.

use super::{Exporter, OutputFile, Report};
use crate::error::Error;

pub(super) struct Json;

impl Exporter for Json {
    fn extension(&self) -> &'static str {
        "json"
    }

    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error> {
        Ok(vec![OutputFile {
            path: "results.json".into(),
            bytes: report.run.to_json().into_bytes(),
        }])
    }
}
