//! `evenhand completions`: what a shell needs to complete our arguments.

use std::process::ExitCode;

use clap::CommandFactory as _;
use serde::Serialize;

use super::arguments::{Arguments, CompletionsOptions};
use super::printer::Printer;
use crate::error::Error;

#[derive(Serialize)]
struct Script<'a> {
    shell: String,
    script: &'a str,
}

pub(super) fn command(options: &CompletionsOptions, printer: &Printer) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut Arguments::command(),
        "evenhand",
        &mut script,
    );
    let script = String::from_utf8_lossy(&script);
    if printer.json {
        printer.document(&Script {
            shell: options.shell.to_string(),
            script: &script,
        })?;
    } else {
        printer.text(&script)?;
    }
    Ok(ExitCode::SUCCESS)
}
