//! `evenhand match`: which names of the counts may be which places of a baseline. It proposes, a person decides.

use std::process::ExitCode;

use serde::Serialize;

use super::arguments::MatchOptions;
use super::printer::Printer;
use crate::error::Error;
use crate::ingest::{FROM, How, Proposal, TO};
use crate::pipeline;
use crate::study::Study;
use crate::world::World;

#[derive(Serialize)]
struct Row<'a> {
    from: &'a str,
    to: Option<&'a str>,
    how: &'static str,
    nearest: Vec<Near<'a>>,
}

#[derive(Serialize)]
struct Near<'a> {
    place: &'a str,
    similarity: f64,
}

pub(super) fn command(
    options: &MatchOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    if let Some(out) = &options.out
        && world.exists(out)
    {
        return Err(Error::bundle(
            format!("{} is there already", out.display()),
            "a table that somebody may have decided on is not overwritten: choose another name",
        ));
    }
    let study = Study::read(world, &options.study)?;
    let proposals = pipeline::propose(study, world, options.population.as_deref())?;
    world.watcher().done();
    let text = table(&proposals)?;
    if let Some(out) = &options.out {
        world.write(out, text.as_bytes())?;
    }
    match &options.out {
        _ if printer.json => printer.document(&rows(&proposals))?,
        Some(_) => printer.text(&summary(&proposals))?,
        None => printer.text(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(proposals: &[Proposal]) -> Vec<Row<'_>> {
    proposals
        .iter()
        .map(|proposal| Row {
            from: &proposal.from,
            to: proposal.to.as_deref(),
            how: proposal.how.word(),
            nearest: proposal
                .nearest
                .iter()
                .map(|(place, similarity)| Near {
                    place,
                    similarity: *similarity,
                })
                .collect(),
        })
        .collect()
}

/// The table as the study reads it; the columns behind the first two are for whoever decides.
fn table(proposals: &[Proposal]) -> Result<String, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |_| Error::Internal("a table of proposals could not be put together".into());
    writer
        .write_record([FROM, TO, "how", "nearest", "similarity"])
        .map_err(failed)?;
    for proposal in proposals {
        let names: Vec<&str> = proposal
            .nearest
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let likeness = proposal
            .nearest
            .iter()
            .map(|(_, likeness)| format!("{likeness:.2}"));
        writer
            .write_record([
                proposal.from.as_str(),
                proposal.to.as_deref().unwrap_or_default(),
                proposal.how.word(),
                &names.join(" | "),
                &likeness.collect::<Vec<_>>().join(" | "),
            ])
            .map_err(failed)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|_| Error::Internal("a table of proposals could not be put together".into()))?;
    String::from_utf8(bytes)
        .map_err(|_| Error::Internal("a table of proposals is not UTF-8".into()))
}

fn summary(proposals: &[Proposal]) -> String {
    let of = |how: How| {
        proposals
            .iter()
            .filter(|proposal| proposal.how == how)
            .count()
    };
    format!(
        "{} names: {} the same, {} but for spelling, {} by code, {} open\nA name with a blank `{TO}` has no population: decide on each, then say place_match = \"...\" in [[population]].\n",
        proposals.len(),
        of(How::Same),
        of(How::Spelling),
        of(How::Code),
        of(How::Open)
    )
}
