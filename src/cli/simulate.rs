//! `evenhand simulate KIND`: made-up data with known truth. Its options stand here, as more kinds will come.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::civil::Date;

use super::printer::Printer;
use crate::error::Error;
use crate::number::{Style, count};
use crate::simulate::stops::{self, Overrides, PAGE, Packing, Ratio, Source, Truth};
use crate::world::World;

#[derive(Debug, Args)]
pub(super) struct SimulateOptions {
    #[command(subcommand)]
    kind: Kind,
}

/// What can be made up.
#[derive(Debug, Subcommand)]
enum Kind {
    /// Rows of stops, with residents, a study that runs on them, and what is true of them
    #[command(after_help = "\
Examples:
  evenhand simulate stops -o made-up                      100,000 rows, four places, three groups, two years
  evenhand simulate stops -o big --rows 5000000 --files 4 --gzip --seed 7
  evenhand simulate stops -o own --plan plan.toml         rates, hours, places and records of your own
  evenhand simulate stops --explain                       the model, exactly, with every parameter
  evenhand run made-up/study.toml

The folder gets stops.csv (columns named as in the Stanford Open Policing Project), population.csv, study.toml and truth.json.
The same plan and seed give the same bytes on every machine. A folder that is not empty is never touched.")]
    Stops(StopsOptions),
}

#[derive(Debug, Args)]
struct StopsOptions {
    /// The new folder
    #[arg(long, short, value_name = "DIR", required_unless_present = "explain")]
    out: Option<PathBuf>,
    /// A plan in TOML; what it does not say is as without it
    #[arg(long, value_name = "FILE.toml")]
    plan: Option<PathBuf>,
    /// Rows of all files together [default: 100000]
    #[arg(long, value_name = "N")]
    rows: Option<u64>,
    /// Number of places [default: 4]
    #[arg(long, value_name = "N")]
    places: Option<u32>,
    /// Officers of all places together [default: 10 in each place]
    #[arg(long, value_name = "N")]
    officers: Option<u32>,
    /// First day [default: 2021-01-01]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    from: Option<Date>,
    /// Last day [default: 2022-12-31]
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day)]
    until: Option<Date>,
    /// Divide the rows among so many files
    #[arg(long, value_name = "N", default_value_t = 1)]
    files: u32,
    /// Pack the rows with gzip
    #[arg(long)]
    gzip: bool,
    /// Print the page that defines the model, and draw nothing
    #[arg(long, conflicts_with_all = ["out", "plan", "rows", "places", "officers", "from", "until", "files", "gzip"])]
    explain: bool,
}

/// A day, or what one looks like.
fn day(text: &str) -> Result<Date, String> {
    let written = (text.len() == 10).then(|| text.parse().ok()).flatten();
    written.ok_or_else(|| "a day is written YYYY-MM-DD".into())
}

pub(super) fn command(
    options: &SimulateOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    match &options.kind {
        Kind::Stops(options) => make_stops(options, world, printer),
    }
}

fn make_stops(options: &StopsOptions, world: &World, printer: &Printer) -> Result<ExitCode, Error> {
    let Some(folder) = options.out.as_ref().filter(|_| !options.explain) else {
        if printer.json {
            printer.document(&serde_json::json!({ "kind": "stops", "page": PAGE }))?;
        } else {
            printer.text(PAGE)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let source = match &options.plan {
        Some(plan) => Source::read(world, plan)?,
        None => Source::default(),
    };
    let source = source.with(&Overrides {
        rows: options.rows,
        places: options.places,
        officers: options.officers,
        from: options.from,
        until: options.until,
    });
    let packing = if options.gzip {
        Packing::Gzip
    } else {
        Packing::Plain
    };
    let truth = stops::simulate(&source, options.files, packing, folder, world)?;
    world.watcher().done();
    if printer.json {
        printer.text(&truth.to_json())?;
    } else {
        printer.text(&summary(&truth))?;
        printer.text(&format!(
            "\nFolder: {}. `evenhand run {}` shows what a study makes of it.\n",
            folder.display(),
            folder.join("study.toml").display()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How many rows of which kind, and the ratios that are true.
fn summary(truth: &Truth) -> String {
    let rows = &truth.rows;
    let mut text = format!(
        "{} rows of {} stops (seed {}): {} repeated, {} second citations\n",
        count(rows.all),
        count(rows.stops),
        truth.seed,
        count(rows.duplicates),
        count(rows.second_citations)
    );
    for ratio in &truth.ratios {
        text.push_str(&format!("\n{} against {}\n", ratio.group, ratio.reference));
        for (name, of) in [
            ("stops per head", ratio.stop_rate),
            ("the same, where race is recorded", ratio.stop_rate_recorded),
            ("searches of stops", ratio.search_rate),
            ("hits of searches", ratio.hit_rate),
        ] {
            text.push_str(&format!("   {name}: {}\n", shown(of)));
        }
        text.push_str(&format!(
            "   odds in daylight over odds in darkness: {}\n",
            Style::Ratio.show(Some(ratio.daylight_odds_ratio))
        ));
    }
    text
}

fn shown(ratio: Ratio) -> String {
    let within = match ratio.within_places {
        Some(ratio) => format!("{} in every place", Style::Ratio.show(Some(ratio))),
        None => "differs between places".into(),
    };
    format!("{within}, {} over all", Style::Ratio.show(ratio.pooled))
}
