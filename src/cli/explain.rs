//! `evenhand explain`: the method page.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::ExplainOptions;
use super::printer::Printer;
use crate::analyses::{ALL, Method};
use crate::error::Error;
use crate::ingest::AGREEMENTS_PAGE;

#[derive(Serialize)]
struct Document {
    analysis: &'static str,
    question: &'static str,
    page: &'static str,
}

/// The register of agreements: no analysis, and a method all the same.
const AGREEMENTS: Method = Method {
    name: "agreements",
    question: "Which agreements were in force where and when, and what follows for the counts?",
    page: AGREEMENTS_PAGE,
};

/// What can be explained.
pub(super) const NAMES: [&str; ALL.len() + 1] = {
    let mut names = [AGREEMENTS.name; ALL.len() + 1];
    let mut at = 0;
    while at < ALL.len() {
        names[at] = ALL[at].name;
        at += 1;
    }
    names
};

pub(super) fn command(options: &ExplainOptions, printer: &Printer) -> Result<ExitCode, Error> {
    let method = ALL
        .iter()
        .chain([&AGREEMENTS])
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
