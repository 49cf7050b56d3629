//! `evenhand fetch`: public datasets by name.

use std::process::ExitCode;

use super::arguments::FetchOptions;
use super::printer::Printer;
use crate::error::Error;
use crate::fetch::{
    Catalogue, Dataset, Fetched, Fetcher, KnownBy, Limits, Mirror, PINS, Patience, Settings, Status,
};
use crate::number::count;
use crate::world::World;

pub(super) fn command(
    options: &FetchOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let catalogue = Catalogue::shipped();
    if options.list {
        if printer.json {
            printer.document(&catalogue.datasets)?;
        } else {
            printer.text(&listed(&catalogue))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut datasets: Vec<&Dataset> = Vec::new();
    for name in &options.names {
        let dataset = catalogue.named(name)?;
        if !datasets.contains(&dataset) {
            datasets.push(dataset);
        }
    }
    let mirror = options.mirror.as_deref().map(Mirror::new);
    if let Some(Mirror::Folder(folder)) = &mirror
        && !world.is_folder(folder)
    {
        return Err(Error::bundle(
            format!("{}: there is no such folder", folder.display()),
            "--mirror names a folder that holds the files, or an address with https",
        ));
    }
    let fetcher = Fetcher::new(
        world,
        Settings {
            into: options.into.clone(),
            mirror,
            patience: Patience::default(),
            limits: Limits::default(),
        },
    );
    fetch(&fetcher, &datasets, printer)
}

/// One after the other. What was brought before a fault is told all the same.
fn fetch(
    fetcher: &Fetcher<'_>,
    datasets: &[&Dataset],
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let (mut done, mut fault): (Vec<Fetched>, Option<Error>) = (Vec::new(), None);
    for dataset in datasets {
        match fetcher.fetch(dataset) {
            Ok(fetched) => {
                if !printer.json {
                    printer.text(&told(dataset, &fetched))?;
                }
                done.push(fetched);
            }
            Err(error) => {
                fault = Some(error);
                break;
            }
        }
    }
    if printer.json && !done.is_empty() {
        printer.document(&done)?;
    }
    fault.map_or(Ok(ExitCode::SUCCESS), Err)
}

/// One line a dataset, and what must be known before a list of addresses is trusted.
fn listed(catalogue: &Catalogue) -> String {
    let width = |of: fn(&Dataset) -> &str| {
        catalogue
            .datasets
            .iter()
            .map(|d| of(d).len())
            .max()
            .unwrap_or(0)
    };
    let (names, formats) = (width(|d| &d.name), width(|d| &d.format));
    let line = |dataset: &Dataset| {
        let mut flags = vec![dataset.licence.clone()];
        if dataset.licence == "not stated" {
            flags[0].insert_str(0, "licence ");
        }
        flags.extend(dataset.bytes.map(|bytes| format!("{} bytes", count(bytes))));
        flags.push(
            if dataset.sha256.is_some() {
                "hash known"
            } else {
                "hash not known"
            }
            .into(),
        );
        match (&dataset.address, dataset.tried) {
            (None, _) => flags.push("no address".into()),
            (Some(_), false) => flags.push("untried".into()),
            _ => {}
        }
        format!(
            "{:names$}  {:formats$}  {} ({})\n",
            dataset.name,
            dataset.format,
            dataset.title,
            flags.join("; ")
        )
    };
    let mut text: String = catalogue.datasets.iter().map(line).collect();
    text.push_str(
        "\nuntried: nobody of this project has fetched that address yet; --json shows it and who names it. hash not known: the first
fetch writes it down, and later ones must find the same. no address: ask its publisher, and use --mirror.\n",
    );
    text
}

/// What was brought, and who says that it is right.
fn told(dataset: &Dataset, fetched: &Fetched) -> String {
    let path = fetched.path.display();
    let mut text = match (fetched.status, &fetched.from) {
        (Status::AlreadyThere, _) => format!("{}: {path} is here already\n", fetched.name),
        (_, from) => format!(
            "{}: {path} from {}\n",
            fetched.name,
            from.as_deref().unwrap_or_default()
        ),
    };
    let known_by = match fetched.known_by {
        KnownBy::Catalogue => "as the catalogue says".to_owned(),
        KnownBy::EarlierFetch => format!("as the first fetch found, see {PINS}"),
        KnownBy::FirstFetch => {
            format!(
                "nobody knew it before: this first fetch wrote it into {PINS}, and later ones must find the same"
            )
        }
    };
    text.push_str(&format!(
        "  {} bytes, sha256 {}\n  {known_by}\n",
        count(fetched.bytes),
        fetched.sha256
    ));
    if fetched.resumed_from > 0 {
        text.push_str(&format!(
            "  went on from {} bytes of a broken fetch\n",
            count(fetched.resumed_from)
        ));
    }
    if !fetched.is_whole {
        text.push_str(
            "  the server did not say how long it is, nor where it ends: nobody can tell whether it broke off\n",
        );
    }
    for file in &fetched.files {
        text.push_str(&format!(
            "  unpacked {} ({} bytes)\n",
            file.file,
            count(file.bytes)
        ));
    }
    text.push_str(&format!(
        "  format {}; licence: {}\n",
        dataset.format, dataset.licence
    ));
    text
}
