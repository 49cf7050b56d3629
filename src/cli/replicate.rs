//! `evenhand replicate`: published figures, recomputed.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::ReplicateOptions;
use super::printer::Printer;
use crate::error::{Error, nearest_hint};
use crate::number::file_text;
use crate::replicate::{
    Catalogue, Entry, FILES, QUANTITIES, Replication, Replicator, SHIPPED, Status,
};
use crate::world::World;

pub(super) fn command(
    options: &ReplicateOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let world = world.clone().with_shelf(FILES);
    if let Some(folder) = options
        .data
        .as_deref()
        .filter(|folder| !world.is_folder(folder))
    {
        return Err(Error::bundle(
            format!("{}: there is no such folder", folder.display()),
            "--data names the folder that holds the public files; datasets/published/README.md lists them",
        ));
    }
    let path = options.catalogue.as_deref().unwrap_or(Path::new(SHIPPED));
    let catalogue = Catalogue::read(path, &world.read(path)?)?;
    if options.list {
        printer.text(&listed(&catalogue))?;
        return Ok(ExitCode::SUCCESS);
    }
    let takes_all = options.all || (options.catalogue.is_some() && options.ids.is_empty());
    let entries: Vec<&Entry> = if takes_all {
        catalogue.entries.iter().collect()
    } else {
        options
            .ids
            .iter()
            .map(|id| named(&catalogue, id))
            .collect::<Result<_, _>>()?
    };
    let mut replicator = Replicator::new(&world, path, options.data.as_deref());
    let results: Vec<Replication> = entries
        .iter()
        .map(|entry| replicator.replicate(entry))
        .collect();
    if printer.json {
        printer.document(&results)?;
    } else if takes_all {
        printer.text(&table(&results))?;
    } else {
        let texts = entries.iter().zip(&results);
        let text: Vec<String> = texts.map(|(entry, result)| detail(entry, result)).collect();
        printer.text(&text.join("\n"))?;
    }
    let is_good = match options.catalogue {
        Some(_) => results.iter().all(|r| r.status != Status::Differs),
        None => results.iter().all(|r| r.is_expected),
    };
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn named<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Entry, Error> {
    let found = catalogue.entries.iter().find(|entry| entry.id == id);
    found.ok_or_else(|| {
        let known = catalogue.entries.iter().map(|entry| entry.id.as_str());
        Error::bundle(
            format!("the catalogue has no figure `{id}`"),
            format!(
                "{}; `evenhand replicate --list` shows them",
                nearest_hint(id, known)
            ),
        )
    })
}

fn listed(catalogue: &Catalogue) -> String {
    let line = |entry: &Entry| {
        let against = if entry.comparison.is_empty() {
            String::new()
        } else {
            format!(" against {}", entry.comparison.trim())
        };
        format!(
            "{:<32} {} {} ({}{against}): {}\n",
            entry.id, entry.year, entry.quantity, entry.group, entry.source
        )
    };
    catalogue.entries.iter().map(line).collect()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(
        || "–".into(),
        |value| file_text(Some(crate::number::significant(value, 6))),
    )
}

/// One line a figure, and how many of each status.
fn table(results: &[Replication]) -> String {
    let mut text = format!(
        "{:<32} {:<26} {:>10} {:>12}  status\n",
        "figure", "quantity", "printed", "computed"
    );
    for result in results {
        let reason = if result.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", result.reason)
        };
        text.push_str(&format!(
            "{:<32} {:<26} {:>10} {:>12}  {}{reason}\n",
            result.id,
            result.quantity,
            number(result.published),
            number(result.computed),
            result.status.word()
        ));
    }
    let count = |status| results.iter().filter(|r| r.status == status).count();
    text.push_str(&format!(
        "\n{} figures: {} agree, {} bounds hold, {} differ, {} without inputs\n",
        results.len(),
        count(Status::Agrees),
        count(Status::BoundHolds),
        count(Status::Differs),
        count(Status::NoInputs)
    ));
    text
}

/// Everything that is known of one figure.
fn detail(entry: &Entry, result: &Replication) -> String {
    let formula = QUANTITIES
        .iter()
        .find(|(name, _)| *name == entry.quantity)
        .map_or("", |(_, formula)| formula);
    let mut text = format!("{}: {} ({})\n", entry.id, entry.source, entry.year);
    let mut say = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push_str(&format!("  {name:<10} {value}\n"));
        }
    };
    say("quantity", &format!("{} = {formula}", entry.quantity));
    say("of", &entry.group);
    say("against", entry.comparison.trim());
    let names = ["a", "b", "c", "d", "p"].iter().zip(entry.inputs);
    let inputs: Vec<String> = names
        .filter_map(|(name, value)| Some(format!("{name} = {}", file_text(Some(value?)))))
        .collect();
    say("inputs", &inputs.join(", "));
    if let Some((request, field)) = &entry.request {
        let request = serde_json::Value::Object(request.clone());
        say("request", &format!("{request} -> {field}"));
    }
    say(
        "printed",
        &format!("{} {}", number(entry.published), entry.unit),
    );
    say(
        "computed",
        &result
            .computed
            .map_or_else(|| "–".into(), |v| file_text(Some(v))),
    );
    say("status", result.status.word());
    say("reason", &result.reason);
    say("note", &entry.note);
    text
}
