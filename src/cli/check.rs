//! `evenhand check`: read, map, validate; estimate nothing.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::CheckOptions;
use super::printer::Printer;
use crate::error::Error;
use crate::number::count;
use crate::pipeline;
use crate::stops::{Input, SourceLedger};
use crate::study::Study;
use crate::warning::Warning;
use crate::world::World;

#[derive(Serialize)]
struct Document<'a> {
    study: String,
    plan_sha256: &'a str,
    findings: Vec<&'a str>,
    inputs: &'a [Input],
    ledger: &'a [SourceLedger],
    unmatched: &'a [String],
    warnings: &'a [Warning],
}

pub(super) fn command(
    options: &CheckOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let study = Study::read(world, &options.study)?;
    let reading = pipeline::read(&study, world)?;
    world.watcher().done();
    let findings: Vec<&str> = study
        .analyses
        .iter()
        .map(|planned| planned.id.as_str())
        .collect();
    if printer.json {
        let document = Document {
            study: study.name(),
            plan_sha256: &study.sha256,
            findings,
            inputs: &reading.inputs,
            ledger: &reading.ledger,
            unmatched: &reading.unmatched,
            warnings: &reading.warnings,
        };
        printer.document(&document);
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = format!("{}\n\nWhere every row goes\n", study.file.title);
    for source in &reading.ledger {
        text.push_str(&format!(
            "  {}: {} rows in, {} kept\n",
            source.source,
            count(source.rows_in),
            count(source.rows_kept)
        ));
        for dropped in source.dropped.iter().filter(|dropped| dropped.rows > 0) {
            text.push_str(&format!(
                "    {} dropped: {}\n",
                count(dropped.rows),
                dropped.rule
            ));
        }
        for note in &source.notes {
            text.push_str(&format!("    {note}\n"));
        }
    }
    if !reading.unmatched.is_empty() {
        text.push_str("\nIn one file only\n");
        reading
            .unmatched
            .iter()
            .for_each(|note| text.push_str(&format!("  {note}\n")));
    }
    if !reading.warnings.is_empty() {
        text.push_str("\nCautions\n");
        reading
            .warnings
            .iter()
            .for_each(|warning| text.push_str(&format!("  {warning}\n")));
    }
    text.push_str(&format!(
        "\nThe study is sound. `evenhand run` will write {} findings: {}\n",
        findings.len(),
        findings.join(", ")
    ));
    printer.text(&text);
    Ok(ExitCode::SUCCESS)
}
