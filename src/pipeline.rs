//! `run(study, world) -> Run`: the whole program on one screen.

use std::collections::{BTreeMap, BTreeSet};

use crate::analyses::{Answers, words};
use crate::cells::{Absent, CellTable, GROUP, Only, Tabulate, Tabulated, Tabulation};
use crate::disclosure::{Protected, PublishedRule, disclose};
use crate::engines::{Embedded, Totals};
use crate::error::Error;
use crate::ingest::{Baseline, Register, read_agreements, read_counts, read_population};
use crate::results::{Exhibit, Identity, Run};
use crate::stops::{Input, OFFICER, PLACE, SourceLedger};
use crate::study::Study;
use crate::warning::Warning;
use crate::world::World;

/// Everything that was read, before anything is estimated.
#[derive(Debug)]
pub struct Reading {
    /// The tables asked for, by analysis.
    pub tables: Vec<Vec<CellTable>>,
    /// Counts of persons at the finest grain used, for disclosure.
    pub protected: Protected,
    /// The baselines.
    pub baselines: BTreeMap<String, Baseline>,
    /// The agreements.
    pub register: Register,
    /// Where every row went.
    pub ledger: Vec<SourceLedger>,
    /// What stands in one file only.
    pub unmatched: Vec<String>,
    /// The files.
    pub inputs: Vec<Input>,
    /// Cautions that touch the whole study.
    pub warnings: Vec<Warning>,
}

/// Runs a study: counts, estimates, withholds, draws.
///
/// # Errors
/// Any fault of the study or its data.
pub fn run(study: &Study, world: &World) -> Result<Run, Error> {
    let reading = read(study, world)?;
    world.watcher().stage("estimating");
    let seed = study.seed(world);
    let mut findings = Vec::new();
    for (planned, tables) in study.analyses.iter().zip(&reading.tables) {
        let answers = Answers {
            setting: &study.setting,
            tables,
            baselines: &reading.baselines,
            id: &planned.id,
            seed,
        };
        findings.push(
            planned
                .analysis
                .run(&answers)
                .map_err(|error| study.locate(error))?,
        );
    }
    let disclosed = disclose(findings, &reading.protected, study.file.disclosure);
    let identity = identity(study, seed);
    let foot = foot(&identity, &reading.inputs);
    let exhibits = study
        .analyses
        .iter()
        .zip(disclosed)
        .map(|(planned, finding)| {
            let mut figures = planned.analysis.figures(&finding, &study.setting);
            figures
                .iter_mut()
                .for_each(|figure| figure.foot.clone_from(&foot));
            Exhibit {
                sentences: words::sentences(&finding),
                figures,
                finding,
            }
        });
    Ok(Run {
        findings: exhibits.collect(),
        identity,
        inputs: reading.inputs,
        ledger: reading.ledger,
        unmatched: reading.unmatched,
        warnings: reading.warnings,
        agreements: reading.register.agreements,
        disclosure: study.file.disclosure,
    })
}

/// Reads, maps and counts everything that a study asks for; estimates nothing.
///
/// # Errors
/// Any fault of the study or its data.
pub fn read(study: &Study, world: &World) -> Result<Reading, Error> {
    world.watcher().stage("reading");
    files_exist(study, world).map_err(|error| study.locate(error))?;
    let (groups, periods, root) = (&study.setting.groups, &study.setting.periods, &study.root);
    let mut counts = Vec::new();
    for config in &study.file.counts {
        counts.push(read_counts(
            world,
            &root.locate(config.file.get_ref()),
            config,
            groups,
            periods,
        )?);
    }
    let mut ledger: Vec<SourceLedger> = Vec::new();
    let mut inputs: Vec<Input> = Vec::new();
    let mut baselines = BTreeMap::new();
    for config in &study.file.population {
        let (baseline, account, input) =
            read_population(world, &root.locate(config.file.get_ref()), config, groups)?;
        ledger.push(account);
        inputs.push(input);
        baselines.insert(baseline.name.clone(), baseline);
    }
    let mut register = Register::default();
    for config in &study.file.agreements {
        let (read, mut account, input) =
            read_agreements(world, &root.locate(config.file.get_ref()), config)?;
        for counts in &counts {
            account
                .notes
                .extend(read.check_program(&counts.outcome.name, &counts.table)?);
        }
        account.notes.sort();
        ledger.push(account);
        inputs.push(input);
        register.agreements.extend(read.agreements);
    }
    let published: BTreeMap<String, CellTable> = counts
        .iter()
        .map(|c| (c.outcome.name.clone(), c.table.clone()))
        .collect();
    let unmatched = unmatched(&published, &baselines);
    let requests: Vec<Tabulation> = study
        .analyses
        .iter()
        .flat_map(|planned| planned.asks.tabulations.clone())
        .collect();
    let for_disclosure = disclosure_requests(study, &requests);
    let totals = Totals::new(counts);
    let embedded = study.file.stops.first().map(|config| Embedded {
        config,
        root,
        groups,
        periods,
        world,
        smallest_shown: study.file.disclosure.smallest_shown(),
    });
    let all: Vec<Tabulation> = requests.iter().chain(&for_disclosure).cloned().collect();
    let is_published = |request: &Tabulation| published.contains_key(&request.counts);
    let tabulated = tabulate(
        &all,
        &is_published,
        (&totals, embedded.as_ref().map(|e| e as &dyn Tabulate)),
    )?;
    let mut tables = tabulated.tables.into_iter();
    let by_analysis = study
        .analyses
        .iter()
        .map(|planned| {
            tables
                .by_ref()
                .take(planned.asks.tabulations.len())
                .collect()
        })
        .collect();
    let protected = for_disclosure
        .into_iter()
        .map(|request| request.counts)
        .zip(tables)
        .collect();
    let ledger = tabulated.ledger.into_iter().chain(ledger).collect();
    let inputs = tabulated.inputs.into_iter().chain(inputs).collect();
    Ok(Reading {
        tables: by_analysis,
        protected,
        baselines,
        register,
        ledger,
        unmatched,
        inputs,
        warnings: tabulated.warnings,
    })
}

/// Asks each engine for its requests, all at once, and puts the tables back in order.
fn tabulate(
    requests: &[Tabulation],
    is_published: &dyn Fn(&Tabulation) -> bool,
    (totals, rows): (&Totals, Option<&dyn Tabulate>),
) -> Result<Tabulated, Error> {
    let (published, counted): (Vec<Tabulation>, Vec<Tabulation>) =
        requests.iter().cloned().partition(is_published);
    let mut result = totals.tabulate(&published)?;
    let mut published = std::mem::take(&mut result.tables).into_iter();
    let mut counted = match rows {
        None => Vec::new(),
        Some(engine) => {
            let rows = engine.tabulate(&counted)?;
            result.ledger.extend(rows.ledger);
            result.inputs.extend(rows.inputs);
            result.warnings.extend(rows.warnings);
            rows.tables
        }
    }
    .into_iter();
    let lost = || Error::Internal("an engine gave fewer tables than it was asked for".into());
    for request in requests {
        let table = if is_published(request) {
            published.next()
        } else {
            counted.next()
        };
        result.tables.push(table.ok_or_else(lost)?);
    }
    Ok(result)
}

/// For every kind of count whose small cells are protected, one table with every key that any request shows.
fn disclosure_requests(study: &Study, requests: &[Tabulation]) -> Vec<Tabulation> {
    let withhold_published = study.file.disclosure.published == PublishedRule::Withhold;
    let protected = study
        .setting
        .outcomes
        .iter()
        .filter(|outcome| outcome.absent == Absent::Zero || withhold_published);
    let of = |name: &str| {
        let keys: BTreeSet<&String> = requests
            .iter()
            .filter(|r| r.counts == name)
            .flat_map(|r| &r.by)
            .filter(|key| *key != OFFICER)
            .collect();
        Tabulation {
            counts: name.to_owned(),
            by: keys.into_iter().cloned().collect(),
            only: Only::default(),
        }
    };
    protected
        .map(|outcome| of(&outcome.name))
        .filter(|request| request.by.iter().any(|key| key == GROUP))
        .collect()
}

/// Points at the study where a file that it names is not there.
fn files_exist(study: &Study, world: &World) -> Result<(), Error> {
    let file = &study.file;
    let counts = file.counts.iter().map(|c| &c.file);
    let stops = file.stops.iter().flat_map(|s| s.files.get_ref());
    let rest = file
        .population
        .iter()
        .map(|p| &p.file)
        .chain(file.agreements.iter().map(|a| &a.file));
    for named in counts.chain(stops).chain(rest) {
        let path = study.root.locate(named.get_ref());
        if !world.exists(&path) {
            let message = format!("there is no file `{}`", named.get_ref());
            return Err(Error::study(
                named.span(),
                message,
                format!(
                    "looked for {}; paths are relative to the study file",
                    path.display()
                ),
            ));
        }
    }
    Ok(())
}

/// Places, and groups of places, that stand in one of two files only. They are listed, never dropped silently.
fn unmatched(
    published: &BTreeMap<String, CellTable>,
    baselines: &BTreeMap<String, Baseline>,
) -> Vec<String> {
    let counts = published
        .iter()
        .filter(|(_, table)| table.position(PLACE).is_some());
    let mut sources: Vec<(String, PlaceGroups)> = counts
        .map(|(name, table)| (format!("counts {name}"), groups_by_place(table)))
        .collect();
    for baseline in baselines.values() {
        let position = |wanted: &str| baseline.keys.iter().position(|key| key == wanted);
        if let (Some(place), Some(group)) = (position(PLACE), position(GROUP)) {
            let mut groups = PlaceGroups::new();
            for key in baseline.cell_keys() {
                groups
                    .entry(key[place].clone())
                    .or_default()
                    .insert(key[group].clone());
            }
            sources.push((format!("population {}", baseline.name), groups));
        }
    }
    let mut notes = Vec::new();
    for (name, own) in &sources {
        for (other_name, other) in sources.iter().filter(|(other, _)| other != name) {
            let missing: Vec<String> = own
                .iter()
                .filter_map(|(place, groups)| absent(place, groups, other.get(place)))
                .collect();
            if !missing.is_empty() {
                notes.push(format!("{} of {} places of {name} do not stand, or not with every group, in {other_name}: {}", missing.len(), own.len(), missing.join("; ")));
            }
        }
    }
    notes
}

type PlaceGroups = BTreeMap<String, BTreeSet<String>>;

/// The place when the other file does not have it; the place with the groups that the other file lacks there.
fn absent(
    place: &str,
    groups: &BTreeSet<String>,
    other: Option<&BTreeSet<String>>,
) -> Option<String> {
    let Some(other) = other else {
        return Some(place.to_owned());
    };
    let lacking: Vec<&str> = groups.difference(other).map(String::as_str).collect();
    (!lacking.is_empty()).then(|| format!("{place} ({})", lacking.join(", ")))
}

fn groups_by_place(table: &CellTable) -> PlaceGroups {
    let mut groups = PlaceGroups::new();
    for cell in table.cells() {
        let value = |key: &str| table.value(cell, key).unwrap_or_default().to_owned();
        groups.entry(value(PLACE)).or_default().insert(value(GROUP));
    }
    groups
}

fn identity(study: &Study, seed: u64) -> Identity {
    let file = &study.file;
    Identity {
        study: study.name(),
        title: file.title.clone(),
        agency: file.agency.clone(),
        period: file.period.clone(),
        date: file.report.date.clone(),
        author: file.report.author.clone(),
        plan_sha256: study.sha256.clone(),
        version: env!("CARGO_PKG_VERSION").into(),
        command: format!("evenhand run {}.toml --seed {seed}", study.name()),
        seed,
    }
}

/// The line under every chart: which program, which plan, which inputs.
fn foot(identity: &Identity, inputs: &[Input]) -> String {
    let all: String = inputs.iter().map(|input| input.sha256.as_str()).collect();
    let short = |hash: &str| hash.chars().take(12).collect::<String>();
    format!(
        "evenhand {} · plan {} · inputs {}",
        identity.version,
        short(&identity.plan_sha256),
        short(&crate::ingest::sha256(all.as_bytes()))
    )
}
