//! `evenhand check`: read, map, validate; print and write no estimate.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::CheckOptions;
use super::printer::Printer;
use crate::analyses::Effort;
use crate::disclosure::{self, Account, Coverage, Disclosed};
use crate::error::Error;
use crate::ingest::StopsConfig;
use crate::number::{self, Style};
use crate::pipeline::{self, Judged, Reading};
use crate::report::{LedgerCharts, ledger_files};
use crate::stops::{AGE, FIELDS, GROUP, Input, PLACE, SEARCHED, ShownRepeats, TIME};
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
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Rows>,
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

/// What was seen of rows, as it may be shown.
#[derive(Serialize)]
struct Rows {
    source: String,
    /// Filters of the study that dropped no row.
    never_fired: Vec<String>,
    repeats: Vec<ShownRepeats>,
    #[serde(skip)]
    repeats_words: Vec<String>,
    remarks: Vec<String>,
    /// The names of what may be missing, in the order of the months' shares.
    fields: [&'static str; FIELDS.len()],
    coverage: Disclosed<Coverage>,
}

pub(super) fn command(
    options: &CheckOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let study = Study::read(world, &options.study)?.with_lock_beside(world)?;
    if let Some(folder) = &options.charts {
        refuse_charts(&study, world, folder)?;
    }
    let reading = pipeline::inspect(&study, world)?;
    // What a run would refuse is refused here, and what is printed here is passed on like a bundle.
    let judged = pipeline::judge(&study, world, &reading, Effort::Check)?;
    let rows = rows(&study, &reading, &judged);
    if let (Some(folder), Some(rows)) = (&options.charts, &rows) {
        draw(&study, world, (folder, &judged, rows))?;
    }
    let held = study.held(world, &judged.inputs)?;
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
            inputs: &judged.inputs,
            ledger: &judged.ledger,
            rows,
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
    let mut text = text(&study, &reading, (&judged, rows.as_ref()));
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
    if let Some(folder) = &options.charts {
        text.push_str(&format!("Charts of the rows are in {}\n", folder.display()));
    }
    printer.text(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// What is known before a row is read.
fn refuse_charts(study: &Study, world: &World, folder: &Path) -> Result<(), Error> {
    if study.file.stops.is_empty() {
        return Err(Error::bundle(
            "--charts draws rows, and this study counts none",
            "published counts have no months and no rules: leave --charts out",
        ));
    }
    if world.exists(folder) {
        return Err(Error::bundle(
            format!("{} is there already", folder.display()),
            "name a folder that is not there yet: nothing is overwritten",
        ));
    }
    Ok(())
}

fn rows(study: &Study, reading: &Reading, judged: &Judged) -> Option<Rows> {
    let config = study.file.disclosure;
    let smallest = config.smallest_shown();
    let (source, screens) = reading.seen.first()?;
    let account = judged.ledger.iter().find(|a| a.source == *source)?;
    let has_fired = |rule: &str| {
        let mut dropped = account.dropped.iter();
        dropped.any(|dropped| dropped.rule == rule && dropped.rows != Some(0))
    };
    let filters = study.file.stops.iter().flat_map(|stops| &stops.filter);
    let mut repeats_words: Vec<String> = reading
        .repeats
        .iter()
        .filter_map(|repeats| repeats.words(smallest))
        .collect();
    if repeats_words.is_empty() {
        repeats_words.push("no row is equal to another in every column".into());
    }
    Some(Rows {
        source: source.clone(),
        never_fired: filters
            .map(|filter| filter.drop.clone())
            .filter(|rule| !has_fired(rule))
            .collect(),
        repeats: reading.repeats.iter().map(|r| r.shown(smallest)).collect(),
        repeats_words,
        remarks: screens.remarks(smallest),
        fields: FIELDS,
        coverage: disclosure::coverage(screens, config),
    })
}

/// Writes the charts into a new folder, all of them or none.
fn draw(
    study: &Study,
    world: &World,
    (folder, judged, rows): (&Path, &Judged, &Rows),
) -> Result<(), Error> {
    let accounts = judged.ledger.iter();
    let Some(account) = accounts.map(|a| &**a).find(|a| a.source == rows.source) else {
        return Err(Error::Internal("rows without an account".into()));
    };
    let file = &study.file;
    let said = [&file.agency, &file.period].into_iter().flatten();
    let said: Vec<&str> = said.map(String::as_str).collect();
    let stops = file.stops.first();
    let is_mapped = |name: &str| stops.is_some_and(|stops| stops.column(name).is_some());
    let charts = LedgerCharts {
        subtitle: if said.is_empty() {
            file.title.clone()
        } else {
            said.join(", ")
        },
        foot: pipeline::foot_of(study, world, &judged.inputs),
        account,
        coverage: &rows.coverage,
        mapped: [GROUP, PLACE, TIME, AGE, SEARCHED].map(is_mapped),
    };
    let files = ledger_files(&charts)?;
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let fresh = folder.with_file_name(name);
    if world.exists(&fresh) {
        return Err(Error::bundle(
            format!("{} is left from another check", fresh.display()),
            "remove it, or name another folder",
        ));
    }
    let written = files
        .iter()
        .try_for_each(|file| world.write(&fresh.join(&file.path), &file.bytes))
        .and_then(|()| world.rename(&fresh, folder));
    if written.is_err() && world.exists(&fresh) {
        world.remove_folder(&fresh)?;
    }
    written
}

fn text(study: &Study, reading: &Reading, (judged, rows): (&Judged, Option<&Rows>)) -> String {
    let mut text = format!("{}\n\nWhere every row goes\n", study.file.title);
    for account in &judged.ledger {
        let rows = rows.filter(|rows| rows.source == account.source);
        text.push_str(&table(account, rows, study.file.stops.first()));
    }
    let register = &reading.register;
    let warnings: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
    let (repeats, remarks) = rows.map_or((&[][..], &[][..]), |rows| {
        (rows.repeats_words.as_slice(), rows.remarks.as_slice())
    });
    for (title, lines) in [
        ("Rows that repeat another", repeats),
        ("What the rows look like", remarks),
        ("In one file only", reading.unmatched.as_slice()),
        ("The register of agreements", register.summary.as_slice()),
        (
            "What is made of it, and what to know of it",
            register.rules.as_slice(),
        ),
        ("Cautions", warnings.as_slice()),
    ] {
        if !lines.is_empty() {
            text.push_str(&format!("\n{title}\n"));
            lines
                .iter()
                .for_each(|line| text.push_str(&format!("  {line}\n")));
        }
    }
    text
}

/// The account of one source: every rule with its rows, those that dropped none among them.
fn table(account: &Account, rows: Option<&Rows>, stops: Option<&StopsConfig>) -> String {
    let said = |rows: Option<u64>| rows.map_or_else(|| "withheld".into(), number::count);
    let never = |rule: &str, dropped: Option<u64>| {
        let is_filter = rows.is_some()
            && stops.is_some_and(|stops| stops.filter.iter().any(|filter| filter.drop == rule));
        is_filter && dropped == Some(0)
    };
    let mut lines = vec![("rows in".to_owned(), account.rows_in, "")];
    for dropped in &account.dropped {
        let remark = if never(&dropped.rule, dropped.rows) {
            "never fired"
        } else {
            ""
        };
        lines.push((format!("dropped: {}", dropped.rule), dropped.rows, remark));
    }
    lines.push(("kept".to_owned(), account.rows_kept, ""));
    let names = lines.iter().map(|(name, ..)| name.chars().count()).max();
    let numbers = lines.iter().map(|(_, rows, _)| said(*rows).len()).max();
    let (names, numbers) = (names.unwrap_or(0), numbers.unwrap_or(0));
    let mut text = format!("\n  {}\n", account.source);
    for (name, rows, remark) in &lines {
        let share = match (rows, account.rows_in) {
            _ if !remark.is_empty() => (*remark).to_owned(),
            (Some(rows), Some(all)) if all > 0 => share_text(*rows, all),
            _ => String::new(),
        };
        let line = format!("    {name:<names$}  {:>numbers$}  {share}", said(*rows));
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    let looks: &[String] = rows.map_or(&[], |rows| rows.remarks.as_slice());
    for note in account.notes.iter().filter(|note| !looks.contains(note)) {
        text.push_str(&format!("    {note}\n"));
    }
    text
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a share of rows does not depend on the sixteenth digit"
)]
fn share_text(rows: u64, all: u64) -> String {
    match rows {
        0 => String::new(),
        rows if rows == all => "100 %".into(),
        rows => Style::Percent.show(Some(rows as f64 / all as f64)),
    }
}
