//! `evenhand explain`: the method page.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::ExplainOptions;
use super::printer::Printer;
use crate::analyses::ALL;
use crate::error::Error;

#[derive(Serialize)]
struct Document {
    analysis: &'static str,
    question: &'static str,
    page: &'static str,
}

pub(super) fn command(options: &ExplainOptions, printer: &Printer) -> Result<ExitCode, Error> {
    let method = ALL
        .iter()
        .find(|method| method.name == options.analysis)
        .expect("clap has refused every other name");
    if printer.json {
        printer.document(&Document {
            analysis: method.name,
            question: method.question,
            page: method.page,
        })?;
    } else {
        printer.text(method.page)?;
    }
    Ok(ExitCode::SUCCESS)
}
