//! `evenhand check`: read, map, validate; print and write no estimate.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::CheckOptions;
use super::printer::{Printer, account_text};
use crate::disclosure::{Account, Disclosed};
use crate::error::Error;
use crate::pipeline;
use crate::stops::Input;
use crate::study::{LockState, Study};
use crate::warning::Warning;
use crate::world::World;

#[derive(Serialize)]
struct Document<'a> {
    study: String,
    plan_sha256: &'a str,
    findings: Vec<&'a str>,
    inputs: &'a [Input],
    ledger: &'a [Disclosed<Account>],
    unmatched: &'a [String],
    warnings: &'a [Warning],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    register: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    register_rules: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<LockState>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    changed: &'a [String],
}

pub(super) fn command(
    options: &CheckOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let study = Study::read(world, &options.study)?.with_lock_beside(world)?;
    let reading = pipeline::read(&study, world)?;
    let findings: Vec<&str> = study
        .analyses
        .iter()
        .map(|planned| planned.id.as_str())
        .collect();
    // What a run would refuse is refused here, and what is printed here is passed on like a bundle.
    let judged = pipeline::judge(&study, world, &reading)?;
    let held = study.held(world, &judged.inputs)?;
    world.watcher().done();
    if printer.json {
        let document = Document {
            study: study.name(),
            plan_sha256: &study.sha256,
            findings,
            inputs: &judged.inputs,
            ledger: &judged.ledger,
            unmatched: &reading.unmatched,
            warnings: &reading.warnings,
            register: &reading.register.summary,
            register_rules: &reading.register.rules,
            lock: held.as_ref().map(|held| held.state),
            changed: held.as_ref().map_or(&[], |held| &held.differences),
        };
        printer.document(&document)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{}\n\nWhere every row goes\n", study.file.title);
    for source in &judged.ledger {
        text.push_str(&account_text(source));
    }
    if !reading.unmatched.is_empty() {
        text.push_str("\nIn one file only\n");
        reading
            .unmatched
            .iter()
            .for_each(|note| text.push_str(&format!("  {note}\n")));
    }
    let register = &reading.register;
    for (title, lines) in [
        ("The register of agreements", &register.summary),
        (
            "What is made of it, and what to know of it",
            &register.rules,
        ),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            lines
                .iter()
                .for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    if !reading.warnings.is_empty() {
        text.push_str("\nCautions\n");
        reading
            .warnings
            .iter()
            .for_each(|warning| text.push_str(&format!("  {warning}\n")));
    }
    if let Some(held) = &held {
        text.push_str(&format!("\n{}\n", held.sentence()));
    }
    text.push_str(&format!(
        "\nThe study is sound. `evenhand run` will write {}: {}\n",
        match findings.len() {
            1 => "one finding".to_owned(),
            n => format!("{n} findings"),
        },
        findings.join(", ")
    ));
    printer.text(&text)?;
    Ok(ExitCode::SUCCESS)
}
