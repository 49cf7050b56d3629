//! `evenhand schema`: which keys and words a study or a format may have, for editors.

use std::process::ExitCode;

use super::arguments::{SchemaOf, SchemaOptions};
use super::printer::Printer;
use crate::error::Error;
use crate::study::{format_schema, study_schema};

pub(super) fn command(options: &SchemaOptions, printer: &Printer) -> Result<ExitCode, Error> {
    printer.document(&match options.of {
        SchemaOf::Study => study_schema(),
        SchemaOf::Format => format_schema(),
    })?;
    Ok(ExitCode::SUCCESS)
}
