//! `evenhand list`: what there is.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::{Catalogue, ListOptions};
use super::printer::Printer;
use crate::analyses::ALL;
use crate::error::Error;
use crate::fetch;
use crate::findings::COLUMNS;
use crate::ingest::{Checked, shipped_formats};

#[derive(Serialize)]
struct Item {
    name: String,
    about: String,
}

impl From<(&str, &str)> for Item {
    fn from((name, about): (&str, &str)) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
        }
    }
}

/// One format, as the list shows it.
#[derive(Serialize)]
struct FormatItem {
    name: String,
    table: &'static str,
    title: String,
    checked: Checked,
    publisher: String,
}

const DATASETS: [(&str, &str); 6] = [
    (
        "287g-counties",
        "state patrol stops, searches and hits in 24 counties with a 287(g) agreement and in the rest of nine states, 2011-2015",
    ),
    (
        "mecklenburg",
        "Charlotte-Mecklenburg police and Mecklenburg sheriff, 2002-2023, before, during and after the sheriff's agreement",
    ),
    (
        "missouri",
        "vehicle stops, searches and arrests in Missouri by group, 2007, 2012, 2014 and 2015",
    ),
    (
        "hazelwood",
        "teachers hired, and two benchmarks: Hazelwood School District v. United States",
    ),
    (
        "georgia",
        "death sentences by aggravation and race of the victim, six strata",
    ),
    ("raw-rows", "made-up stops, a row each, with known truth"),
];

const CHARTS: [(&str, &str); 6] = [
    ("dot_interval", "rates by group with intervals"),
    (
        "forest",
        "ratios on a logarithmic axis with a line at 1, pooled estimates as diamonds",
    ),
    ("ladder", "one disparity under several baselines"),
    (
        "place_scatter",
        "places as circles, rate against rate, with the line of equal rates",
    ),
    ("rate_pair", "search rate beside hit rate"),
    (
        "null_distribution",
        "what chance alone would give under each benchmark, with what was observed",
    ),
];

/// The data that come with the source, and those that can be fetched.
fn datasets() -> Vec<Item> {
    let fetched = fetch::Catalogue::shipped().datasets.into_iter();
    let fetched = fetched.map(|dataset| Item {
        about: format!("{}; evenhand fetch {}", dataset.title, dataset.name),
        name: dataset.name,
    });
    items(&DATASETS).into_iter().chain(fetched).collect()
}

fn items(pairs: &[(&str, &str)]) -> Vec<Item> {
    pairs.iter().copied().map(Item::from).collect()
}

pub(super) fn command(options: &ListOptions, printer: &Printer) -> Result<ExitCode, Error> {
    let items: Vec<Item> = match options.what {
        Catalogue::Analyses => ALL
            .iter()
            .map(|method| Item::from((method.name, method.question)))
            .collect(),
        Catalogue::Formats => return formats(printer),
        Catalogue::Datasets => datasets(),
        Catalogue::Charts => items(&CHARTS),
        Catalogue::Columns => items(&COLUMNS),
    };
    if printer.json {
        printer.document(&items)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = items.iter().map(|item| item.name.len()).max().unwrap_or(0);
    printer.text(
        &items
            .iter()
            .map(|item| format!("{:width$}  {}\n", item.name, item.about))
            .collect::<String>(),
    )?;
    Ok(ExitCode::SUCCESS)
}

/// The formats that come with the program. Plain tables need none: their columns are mapped in the study.
fn formats(printer: &Printer) -> Result<ExitCode, Error> {
    let items: Vec<FormatItem> = shipped_formats()?
        .iter()
        .map(|format| FormatItem {
            table: format.table(),
            name: format.name.clone(),
            title: format.title.clone(),
            checked: format.checked,
            publisher: format.publisher.clone(),
        })
        .collect();
    if printer.json {
        printer.document(&items)?;
        return Ok(ExitCode::SUCCESS);
    }
    let width = |of: fn(&FormatItem) -> usize| items.iter().map(of).max().unwrap_or(0);
    let name = width(|item| item.name.len());
    let table = width(|item| item.table.len());
    let title = width(|item| item.title.chars().count());
    let mut text: String = items
        .iter()
        .map(|item| {
            format!(
                "{:name$}  {:table$}  {:title$}  {}\n",
                item.name,
                item.table,
                item.title,
                item.checked.word()
            )
        })
        .collect();
    text.push_str("\n`evenhand explain NAME` has what each reads. Any other table is mapped in the study, or by a format of your own beside it: format = \"my-agency.toml\".\n");
    printer.text(&text)?;
    Ok(ExitCode::SUCCESS)
}
