//! `evenhand init`: looks at unknown files and writes a study, with a reason for every line.

use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::InitOptions;
use super::printer::{Printer, account_text, wrapped};
use crate::analyses::Effort;
use crate::disclosure::Account;
use crate::error::{DataFault, Error};
use crate::ingest::DataRoot;
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
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    left_out: &'a [String],
    /// Further studies, of other tables in the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Document<'a>>,
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
    let found = gather(world, &named, &out)?;
    let (written, left_out) = write_all(world, &out, found)?;
    world.watcher().done();
    if printer.json {
        let mut documents = written.iter().map(|own| own.document(&left_out));
        if let Some(mut first) = documents.next() {
            first.more = documents.collect();
            printer.document(&first)?;
        }
    } else {
        let texts: Vec<String> = written.iter().map(Written::summary).collect();
        printer.text(&texts.join("\n"))?;
        if !left_out.is_empty() {
            printer.text(&format!("\nLeft out\n{}", listed(&left_out)))?;
        }
    }
    for own in written {
        own.checked?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A study that was written.
struct Written {
    parts: Parts,
    proposal: Proposal,
    out: PathBuf,
    checked: Result<Judged, Error>,
}

impl Written {
    fn document<'a>(&'a self, left_out: &'a [String]) -> Document<'a> {
        Document {
            study: self.out.display().to_string(),
            runs: self.checked.is_ok(),
            error: self.checked.as_ref().err().map(ToString::to_string),
            files: &self.parts,
            proposal: &self.proposal,
            left_out,
            more: Vec::new(),
        }
    }

    fn summary(&self) -> String {
        let judged = self.checked.as_ref().ok();
        summary(&self.parts, &self.proposal, &self.out, judged)
    }
}

/// Writes a study for each table of rows or counts, and what was left out of all of them.
fn write_all(
    world: &World,
    out: &Path,
    found: Found,
) -> Result<(Vec<Written>, Vec<String>), Error> {
    let Found {
        parts,
        more,
        mut left_out,
    } = found;
    let first = propose(&parts, &Wishes::default());
    let mut proposals = Vec::new();
    let mut refused = None;
    match first {
        Ok(proposal) => proposals.push((parts.clone(), proposal, out.to_path_buf())),
        Err(fault) => refused = Some(fault),
    }
    for (name, part) in more {
        let parts = Parts {
            main: Some(part),
            ..parts.clone()
        };
        match propose(&parts, &Wishes::default()) {
            Ok(proposal) if proposals.is_empty() => {
                proposals.push((parts, proposal, out.to_path_buf()));
            }
            Ok(proposal) => {
                let out = named_after(out, &name);
                is_free(world, &out)?;
                proposals.push((parts, proposal, out));
            }
            Err(fault) => left_out.push(format!("`{name}`: {}", first_line(&fault))),
        }
    }
    match refused {
        Some(fault) if proposals.is_empty() => return Err(fault),
        Some(fault) => left_out.push(first_line(&fault)),
        None => {}
    }
    let mut written = Vec::new();
    let mut failed = None;
    for (parts, proposal, out) in proposals {
        let checked = check(world, &out, &proposal);
        match checked {
            // One of two layouts is taken out by hand; whatever else does not run leaves nothing behind.
            Err(fault) if !proposal.waits_for_a_layout || !proposal.missing.is_empty() => {
                let files = parts.main.iter().flat_map(|main| &main.files);
                let files: Vec<&str> = files.map(String::as_str).collect();
                left_out.push(format!("{}: {}", files.join(", "), first_line(&fault)));
                failed = failed.or(Some(fault));
                continue;
            }
            _ => write_new(world, &out, &proposal.text())?,
        }
        written.push(Written {
            parts,
            proposal,
            out,
            checked,
        });
    }
    match failed {
        Some(fault) if written.is_empty() => Err(fault),
        _ => Ok((written, left_out)),
    }
}

fn first_line(fault: &Error) -> String {
    let text = fault.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

/// The name of a study of another table in the same file.
fn named_after(out: &Path, table: &str) -> PathBuf {
    let plain: String = table
        .to_lowercase()
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect();
    let stem = out.file_stem().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!("{stem}-{}.toml", plain.trim_matches('-')))
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

/// Reads and judges what the study asks for, as `check` does, before it is written.
fn check(world: &World, out: &Path, proposal: &Proposal) -> Result<Judged, Error> {
    if let Some(missing) = proposal.missing.first() {
        return Err(Error::bundle(
            format!("no study that runs can be made of it: {missing}"),
            "nothing was written; name other files, or add what is missing to these",
        ));
    }
    let folder = out.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
    let study = Study::parse(world, out, proposal.text(), DataRoot::BesideStudy(folder))?;
    let reading = pipeline::read(&study, world)?;
    pipeline::judge(&study, world, &reading, Effort::Check)
}

/// The files sorted by what they are.
pub(super) struct Found {
    pub(super) parts: Parts,
    /// Further tables of rows or counts in a file that holds several, by their names.
    pub(super) more: Vec<(String, Part)>,
    /// Sheets and members that are in no study, with the reason.
    pub(super) left_out: Vec<String>,
}

/// Looks at all files and sorts them by what they are.
///
/// # Errors
/// A file that cannot be read; files of rows whose columns differ; two populations.
pub(super) fn gather(world: &World, named: &Named<'_>, out: &Path) -> Result<Found, Error> {
    let mut found = Found {
        parts: Parts::default(),
        more: Vec::new(),
        left_out: Vec::new(),
    };
    if let Some(path) = named.population {
        found.parts.population = Some(found.one(world, (path, out), TableKind::Population)?);
    }
    if let Some(path) = named.agreements {
        found.parts.agreements = Some(found.one(world, (path, out), TableKind::Agreements)?);
    }
    let mut alike: Vec<(Vec<PathBuf>, Vec<Look>)> = Vec::new();
    for path in named.files {
        let looks = Look::at(world, path)?;
        found.left_out.extend(looks.left_out);
        for look in looks.tables {
            match alike.iter_mut().find(|(_, looks)| looks[0].is_like(&look)) {
                Some((paths, looks)) => {
                    paths.push(path.clone());
                    looks.push(look);
                }
                None => alike.push((vec![path.clone()], vec![look])),
            }
        }
    }
    let mut others = Vec::new();
    for (paths, looks) in alike {
        let part = part_of(world, &paths, &looks, out)?;
        let one_of_several = looks[0].table_name();
        let parts = &mut found.parts;
        let is_no_table = part.profile.table.value == TableKind::Other || part.profile.rows == 0;
        let slot = match (part.profile.table.value, one_of_several) {
            (TableKind::Population, _) if parts.population.is_none() => &mut parts.population,
            (TableKind::Agreements, _) if parts.agreements.is_none() => &mut parts.agreements,
            (_, Some(name)) if is_no_table => {
                others.push((name, part));
                continue;
            }
            (_, Some(name))
                if parts
                    .main
                    .as_ref()
                    .is_some_and(|main| main.files == part.files) =>
            {
                found.more.push((name, part));
                continue;
            }
            _ => &mut parts.main,
        };
        if let Some(earlier) = slot {
            return Err(different(&paths[0], &part, earlier));
        }
        *slot = Some(part);
    }
    // Where nothing is a table, the first says why.
    if found.parts.main.is_none() && !others.is_empty() && found.parts.population.is_none() {
        found.parts.main = Some(others.remove(0).1);
    }
    found.left_out.extend(others.iter().map(|(name, part)| {
        let why = match part.profile.rows {
            0 => "it has no row",
            _ => part.profile.table.reason.as_str(),
        };
        format!("`{name}`: {why}")
    }));
    Ok(found)
}

impl Found {
    /// A file of which one table is wanted: the first of its kind, or the first.
    fn one(
        &mut self,
        world: &World,
        (path, out): (&Path, &Path),
        wanted: TableKind,
    ) -> Result<Part, Error> {
        let looks = Look::at(world, path)?;
        self.left_out.extend(looks.left_out);
        let mut parts = Vec::new();
        for look in looks.tables {
            let name = look.table_name();
            parts.push((name, part_of(world, &[path.to_path_buf()], &[look], out)?));
        }
        let is_wanted = |(_, part): &(Option<String>, Part)| part.profile.table.value == wanted;
        let at = parts.iter().position(is_wanted).unwrap_or(0);
        if parts.is_empty() {
            let hint = "name a file with a table";
            return Err(DataFault::new(path, "there is no table in the file", hint).into());
        }
        let (_, part) = parts.remove(at);
        let others = parts.into_iter().filter_map(|(name, _)| name);
        let file = path.display();
        self.left_out.extend(
            others.map(|name| format!("`{name}` of {file}: another table of it was taken")),
        );
        Ok(part)
    }
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
            .for_each(|source| text.push_str(&account_text(&as_seen(source, parts))));
        text.push_str(&format!(
            "\nIt runs: `evenhand run {}`. Answer the questions before you rely on it.\n",
            out.display()
        ));
    }
    text
}

/// The account of the rows whose number stands above already: what is withheld from readers of a report tells nothing more.
fn as_seen(source: &Account, parts: &Parts) -> Account {
    let mut source = source.clone();
    let Some(main) = parts.main.as_ref().filter(|_| source.source == "stops") else {
        return source;
    };
    let rows = *source.rows_in.get_or_insert(main.profile.rows);
    let known: u64 = source
        .dropped
        .iter()
        .filter_map(|dropped| dropped.rows)
        .sum();
    let unknown = source.dropped.iter().filter(|d| d.rows.is_none()).count();
    match (source.rows_kept, unknown) {
        (Some(kept), 1) => {
            let rest = rows.checked_sub(kept + known);
            let mut withheld = source.dropped.iter_mut();
            if let Some(one) = withheld.find(|dropped| dropped.rows.is_none()) {
                one.rows = rest;
            }
        }
        (None, 0) => source.rows_kept = rows.checked_sub(known),
        _ => {}
    }
    source
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
