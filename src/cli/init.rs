//! `evenhand init`: looks at unknown files and writes a study, with a reason for every line.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::InitOptions;
use super::printer::{Printer, account_text, wrapped};
use crate::analyses::Effort;
use crate::error::{DataFault, Error};
use crate::ingest::sniff::{Look, TableKind, profile};
use crate::number::count;
use crate::pipeline::{self, Judged};
use crate::propose::{Part, Parts, Proposal, Wishes, propose};
use crate::study::Study;
use crate::world::World;

#[derive(Serialize)]
struct Document<'a> {
    study: String,
    runs: bool,
    error: Option<String>,
    files: &'a Parts,
    proposal: &'a Proposal,
}

/// The files of a command line.
pub(super) struct Named<'a> {
    pub(super) files: &'a [PathBuf],
    pub(super) population: Option<&'a Path>,
    pub(super) agreements: Option<&'a Path>,
}

pub(super) fn command(
    options: &InitOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => default_name(&options.files, ".toml"),
    };
    is_free(world, &out)?;
    let named = Named {
        files: &options.files,
        population: options.population.as_deref(),
        agreements: options.agreements.as_deref(),
    };
    let parts = gather(world, &named, &out)?;
    let proposal = propose(&parts, &Wishes::default())?;
    write_new(world, &out, &proposal.text())?;
    let checked = check(world, &out, &proposal);
    world.watcher().done();
    if printer.json {
        printer.document(&Document {
            study: out.display().to_string(),
            runs: checked.is_ok(),
            error: checked.as_ref().err().map(ToString::to_string),
            files: &parts,
            proposal: &proposal,
        })?;
    } else {
        printer.text(&summary(&parts, &proposal, &out, checked.as_ref().ok()))?;
    }
    match checked {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    }
}

/// The name of the first file without its endings, in this folder.
pub(super) fn default_name(files: &[PathBuf], end: &str) -> PathBuf {
    let name = files.first().and_then(|file| file.file_name()).map_or_else(
        || "study".into(),
        |name| name.to_string_lossy().into_owned(),
    );
    let stem = name.split('.').next().filter(|stem| !stem.is_empty());
    PathBuf::from(format!("{}{end}", stem.unwrap_or("study")))
}

/// Nothing is overwritten.
pub(super) fn is_free(world: &World, out: &Path) -> Result<(), Error> {
    if world.exists(out) {
        return Err(Error::bundle(
            format!("{} is there already", out.display()),
            "nothing is overwritten: name another file with -o, or move that one away",
        ));
    }
    Ok(())
}

/// Writes a file that is not there yet, all of it or nothing.
pub(super) fn write_new(world: &World, out: &Path, text: &str) -> Result<(), Error> {
    is_free(world, out)?;
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    is_free(world, &part)?;
    world.write(&part, text.as_bytes())?;
    world.rename(&part, out)
}

/// Reads and judges what the study asks for, as `check` does.
fn check(world: &World, out: &Path, proposal: &Proposal) -> Result<Judged, Error> {
    if let Some(missing) = proposal.missing.first() {
        return Err(Error::bundle(
            format!("{} does not run yet: {missing}", out.display()),
            format!(
                "complete {} and look with `evenhand check {}`",
                out.display(),
                out.display()
            ),
        ));
    }
    let study = Study::read(world, out)?;
    let reading = pipeline::read(&study, world)?;
    pipeline::judge(&study, world, &reading, Effort::Check)
}

/// Looks at all files and sorts them by what they are.
///
/// # Errors
/// A file that cannot be read; files of rows whose columns differ; two populations.
pub(super) fn gather(world: &World, named: &Named<'_>, out: &Path) -> Result<Parts, Error> {
    let mut parts = Parts::default();
    for (path, into) in [
        (named.population, &mut parts.population),
        (named.agreements, &mut parts.agreements),
    ] {
        if let Some(path) = path {
            *into = Some(part(world, &[path.to_path_buf()], out)?);
        }
    }
    let mut alike: Vec<(Vec<PathBuf>, Vec<Look>)> = Vec::new();
    for path in named.files {
        let look = Look::at(world, path)?;
        match alike.iter_mut().find(|(_, looks)| looks[0].is_like(&look)) {
            Some((paths, looks)) => {
                paths.push(path.clone());
                looks.push(look);
            }
            None => alike.push((vec![path.clone()], vec![look])),
        }
    }
    let is_free_to_be = |slot: &Option<Part>| slot.is_none();
    for (paths, looks) in alike {
        let found = part_of(world, &paths, &looks, out)?;
        let slot = match found.profile.table.value {
            TableKind::Population if is_free_to_be(&parts.population) => &mut parts.population,
            TableKind::Agreements if is_free_to_be(&parts.agreements) => &mut parts.agreements,
            _ => &mut parts.main,
        };
        if let Some(earlier) = slot {
            return Err(different(&paths[0], &found, earlier));
        }
        *slot = Some(found);
    }
    Ok(parts)
}

fn part(world: &World, paths: &[PathBuf], out: &Path) -> Result<Part, Error> {
    let looks = paths
        .iter()
        .map(|path| Look::at(world, path))
        .collect::<Result<Vec<_>, _>>()?;
    part_of(world, paths, &looks, out)
}

fn part_of(world: &World, paths: &[PathBuf], looks: &[Look], out: &Path) -> Result<Part, Error> {
    world.watcher().stage("looking");
    let files = paths
        .iter()
        .map(|path| relative(world, path, out))
        .collect::<Result<_, _>>()?;
    Ok(Part {
        files,
        profile: profile(world, looks)?,
    })
}

/// Two files that should be one and are not.
fn different(path: &Path, found: &Part, earlier: &Part) -> Error {
    let names = |part: &Part| -> Vec<String> {
        part.profile
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect()
    };
    let (own, before) = (names(found), names(earlier));
    let lacking = |these: &[String], those: &[String]| -> String {
        let missing: Vec<String> = these
            .iter()
            .filter(|name| !those.contains(name))
            .take(8)
            .map(|name| format!("`{name}`"))
            .collect();
        if missing.is_empty() {
            "nothing else".into()
        } else {
            missing.join(", ")
        }
    };
    let first = earlier.files.first().map_or("", String::as_str);
    DataFault::new(
        path,
        format!(
            "its header is not that of {first}: only here {}; only there {}",
            lacking(&own, &before),
            lacking(&before, &own)
        ),
        "files with the same header are read as one; write one study for each kind of file",
    )
    .into()
}

/// The path of a file as the study names it: relative to the study's folder, with `/`.
fn relative(world: &World, file: &Path, out: &Path) -> Result<String, Error> {
    let file = world.absolute(file)?;
    let out = world.absolute(out)?;
    let folder = out.parent().unwrap_or_else(|| Path::new("/"));
    let shared = file
        .components()
        .zip(folder.components())
        .take_while(|(own, other)| own == other)
        .count();
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = file.components().skip(shared).map(|part| match part {
        Component::Normal(name) => name.to_string_lossy().into_owned(),
        other => other.as_os_str().to_string_lossy().into_owned(),
    });
    Ok(up.chain(down).collect::<Vec<_>>().join("/"))
}

fn summary(parts: &Parts, proposal: &Proposal, out: &Path, judged: Option<&Judged>) -> String {
    let mut text = String::new();
    for part in [&parts.main, &parts.population, &parts.agreements]
        .into_iter()
        .flatten()
    {
        let profile = &part.profile;
        text.push_str(&format!(
            "{}: {} rows, {} columns\n",
            part.files.join(", "),
            count(profile.rows),
            profile.columns.len()
        ));
        let table = &profile.table;
        let reasons = [
            format!("{} ({})", table.reason, table.confidence.word()),
            format!("{}; {}", profile.encoding.reason, profile.separator.reason),
        ];
        for reason in reasons {
            text.push_str(&format!("{}\n", wrapped(&reason, "  ")));
        }
    }
    text.push_str(&format!(
        "\nWrote {}. Every line of it has its reason.\n",
        out.display()
    ));
    if !proposal.missing.is_empty() {
        text.push_str("\nWhat is missing before it runs\n");
        text.push_str(&listed(&proposal.missing));
    }
    if !proposal.questions.is_empty() {
        text.push_str("\nWhat only a person can say\n");
        text.push_str(&listed(&proposal.questions));
    }
    if let Some(judged) = judged {
        text.push_str("\nWhere every row goes\n");
        judged
            .ledger
            .iter()
            .for_each(|source| text.push_str(&account_text(source)));
        text.push_str(&format!(
            "\nIt runs: `evenhand run {}`. Answer the questions before you rely on it.\n",
            out.display()
        ));
    }
    text
}

/// Questions, one after the other.
pub(super) fn listed(lines: &[String]) -> String {
    let options = || {
        textwrap::Options::new(100)
            .initial_indent(" - ")
            .subsequent_indent("   ")
    };
    lines
        .iter()
        .map(|line| format!("{}\n", textwrap::fill(line, options())))
        .collect()
}
