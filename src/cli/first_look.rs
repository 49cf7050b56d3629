//! `evenhand rates`: a first look without a study, which writes the study that it ran.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::FirstLookOptions;
use super::init::{Named, default_name, gather, is_free, listed, write_new};
use super::printer::{Printer, account_text, wrapped};
use crate::error::Error;
use crate::ingest::DataRoot;
use crate::pipeline;
use crate::propose::{Wishes, propose};
use crate::report::{Report, TableText};
use crate::study::Study;
use crate::world::World;

pub(super) fn command(
    options: &FirstLookOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => default_name(&options.files, "-rates.toml"),
    };
    is_free(world, &out)?;
    let named = Named {
        files: &options.files,
        population: options.population.as_deref(),
        agreements: None,
    };
    let found = gather(world, &named, &out)?;
    let proposal = propose(&found.parts, &wishes(options))?;
    if let Some(missing) = proposal.missing.first() {
        return Err(Error::bundle(
            format!("there is no rate to show: {missing}"),
            "nothing was written; name a column of groups with --group, or other files",
        ));
    }
    // What does not run leaves nothing behind.
    let text = proposal.text();
    let folder = out.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
    let study = Study::parse(world, &out, text.clone(), DataRoot::BesideStudy(folder))?;
    let run = pipeline::run(&study, world)?;
    write_new(world, &out, &text)?;
    world.watcher().done();
    if printer.json {
        printer.text(&run.to_json())?;
        return Ok(ExitCode::SUCCESS);
    }
    let report = Report::new(run, &study)?;
    let mut text = String::new();
    for section in &report.sections {
        for table in &section.tables {
            text.push_str(&plain(table));
        }
        for line in section.frame.iter().chain(&section.cautions) {
            text.push_str(&format!("{}\n", wrapped(line, "  ")));
        }
    }
    text.push_str("\nWhere every row goes\n");
    report
        .run
        .ledger
        .iter()
        .for_each(|source| text.push_str(&account_text(source)));
    text.push_str("\nWhat only a person can say\n");
    text.push_str(&listed(&proposal.questions));
    let more = found.more.iter().map(|(name, _)| {
        format!("`{name}`: a table of its own; `evenhand init` writes a study for it")
    });
    let left_out: Vec<String> = found.left_out.iter().cloned().chain(more).collect();
    if !left_out.is_empty() {
        text.push_str(&format!("\nLeft out\n{}", listed(&left_out)));
    }
    text.push_str(&format!(
        "\nThe study that made this: {}. `evenhand run {}` makes the bundle.\n",
        out.display(),
        out.display()
    ));
    printer.text(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn wishes(options: &FirstLookOptions) -> Wishes {
    Wishes {
        group: Some(options.group.clone()),
        by: options.by.clone(),
        reference: options.reference.clone(),
        events: options.events.clone(),
        trials: options.trials.clone(),
        population_column: options.population_column.clone(),
        population_group: options.population_group.clone(),
        rates_only: true,
    }
}

/// A table in columns of spaces.
fn plain(table: &TableText) -> String {
    let mut rows: Vec<Vec<String>> = vec![table.header.clone()];
    for row in &table.rows {
        let field = |field: &crate::report::Field| match (field.main.as_str(), field.marks.as_str())
        {
            (main, "") => main.to_owned(),
            (main, marks) => format!("{main} ({marks})"),
        };
        rows.push(row.iter().map(field).collect());
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = format!("\n{}\n", wrapped(&table.caption, ""));
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.chars().count())))
            .collect();
        text.push_str(&format!("  {}\n", cells.join("  ").trim_end()));
    }
    for (mark, note) in &table.footnotes {
        text.push_str(&format!("{}\n", wrapped(&format!("{mark}: {note}"), "  ")));
    }
    text
}
