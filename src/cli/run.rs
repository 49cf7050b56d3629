//! `evenhand run`: the main job.

use std::process::ExitCode;

use super::arguments::RunOptions;
use super::printer::{Printer, account_text, wrapped};
use crate::bundle;
use crate::disclosure::{Account, Disclosed};
use crate::error::Error;
use crate::pipeline;
use crate::report::Report;
use crate::study::{LockState, Study};
use crate::world::World;

/// Sentences of each finding that the summary prints; the report has all of them.
const SENTENCES: usize = 6;

pub(super) fn command(
    options: &RunOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let mut study = Study::read(world, &options.study)?.with_lock_beside(world)?;
    if let Some(only) = &options.only {
        study = study.only(only)?;
    }
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| bundle::default_folder(&study));
    bundle::check_folder(world, &folder)?;
    bundle::check_owner(world, &folder, &study)?;
    let run = pipeline::run(&study, world)?;
    world.watcher().stage("drawing");
    let report = Report::new(run, &study)?;
    let files = bundle::files(&report, options.only.as_deref(), world)?;
    world.watcher().stage("writing");
    bundle::write(world, &folder, &files)?;
    world.watcher().done();
    if printer.json {
        printer.text(&report.run.to_json())?;
    } else {
        printer.text(&summary(&report))?;
        if report.run.identity.lock == Some(LockState::Same) {
            printer.text("\nThe plan is the one locked.\n")?;
        }
        printer.text(&format!(
            "\nBundle: {} ({} files). Open {} in a browser.\n",
            folder.display(),
            files.len(),
            folder.join("report.html").display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What was compared, the main numbers with their intervals, and the cautions.
fn summary(report: &Report) -> String {
    let identity = &report.run.identity;
    let mut text = format!("{}\n", identity.title);
    let about: Vec<&str> = [&identity.agency, &identity.period]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if !about.is_empty() {
        text.push_str(&format!("{}\n", about.join(", ")));
    }
    for (i, section) in report.sections.iter().enumerate() {
        text.push_str(&format!("\n{}. {}\n", i + 1, section.title));
        for sentence in section.sentences.iter().take(SENTENCES) {
            text.push_str(&format!("{}\n", wrapped(sentence, "   ")));
        }
        match section.sentences.len().saturating_sub(SENTENCES) {
            0 => {}
            more => text.push_str(&format!("   ({more} more in the report)\n")),
        }
    }
    let dropped = |source: &&Disclosed<Account>| source.dropped.iter().any(|d| d.rows != Some(0));
    let accounts: String = report
        .run
        .ledger
        .iter()
        .filter(dropped)
        .map(|source| account_text(source))
        .collect();
    if !accounts.is_empty() {
        text.push_str(&format!("\nRows dropped\n{accounts}"));
    }
    let own = report.run.warnings.iter().map(ToString::to_string);
    let cautions: Vec<String> = report.cautions.iter().cloned().chain(own).collect();
    if !cautions.is_empty() {
        text.push_str("\nCautions\n");
        for caution in cautions {
            text.push_str(&format!(
                "{}\n",
                textwrap::fill(
                    &caution,
                    textwrap::Options::new(100)
                        .initial_indent(" - ")
                        .subsequent_indent("   ")
                )
            ));
        }
    }
    text
}
