//! `run(study, world) -> Run`: the whole program on one screen.

mod finest;
mod matching;
mod presence;
mod unknown;
mod unmatched;

use std::collections::BTreeMap;

use toml::Spanned;

use crate::analyses::{Answers, Effort, words};
use crate::cells::{CellTable, Tabulate, Tabulated, Tabulation, UNKNOWN};
use crate::disclosure::{self, Account, Disclosed, Protected, PublishedRule, disclose};
use crate::engines::{Embedded, Totals, WithStatuses};
use crate::error::Error;
use crate::findings::Finding;
use crate::ingest::{
    Agreement, AgreementsConfig, Baseline, OutOf, PublishedCounts, Register, Statuses, StopsConfig,
    counts_of, from_counts, is_pattern, planned_statuses, read_agreements, read_counts,
    read_population, says_key,
};
use crate::results::{Exhibit, Identity, Run};
use crate::stops::{HITS, Input, Repeats, SEARCHES, Screens, SourceLedger, SunTable};
use crate::study::{Held, LockState, Study};
use crate::warning::Warning;
use crate::world::World;

pub use matching::{Places, propose};

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
    pub agreements: Vec<Agreement>,
    /// The keys that are made from them.
    pub statuses: Statuses,
    /// The sun of every place, where the study says where they are.
    pub sun: Option<SunTable>,
    /// The registers in words, and the rules by which keys are made from them.
    pub register: RegisterWords,
    /// Where every row went.
    pub ledger: Vec<SourceLedger>,
    /// What stands in one file only.
    pub unmatched: Vec<String>,
    /// Every place that counts and baselines have.
    pub places: Places,
    /// The files.
    pub inputs: Vec<Input>,
    /// Cautions that touch the whole study.
    pub warnings: Vec<Warning>,
    /// What rows looked like, by the name of their source.
    pub seen: Vec<(String, Screens)>,
    /// Rows that repeat another one, of each file and of all; empty unless they were looked for.
    pub repeats: Vec<Repeats>,
}

/// The registers of a study in words.
#[derive(Debug, Clone, Default)]
pub struct RegisterWords {
    /// How many agreements of which kind, gains and losses by year.
    pub summary: Vec<String>,
    /// The rule of every key that is made from the registers, and what to know of them.
    pub rules: Vec<String>,
}

/// What may be shown of a run, before anything is drawn.
#[derive(Debug)]
pub struct Judged {
    /// The findings.
    pub findings: Vec<Disclosed<Finding>>,
    /// Where every row went.
    pub ledger: Vec<Disclosed<Account>>,
    /// The files.
    pub inputs: Vec<Input>,
}

/// Runs a study: counts, estimates, withholds, draws.
///
/// # Errors
/// Any fault of the study or its data.
pub fn run(study: &Study, world: &World) -> Result<Run, Error> {
    let reading = read(study, world)?;
    let judged = judge(study, world, &reading, Effort::Run)?;
    let held = study.held(world, &judged.inputs)?;
    let mut identity = identity(study, study.seed(world));
    identity.lock = held.as_ref().map(|held| held.state);
    let foot = foot(&identity, &judged.inputs);
    let exhibits = study
        .analyses
        .iter()
        .filter(|planned| planned.is_shown)
        .zip(judged.findings)
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
        inputs: judged.inputs,
        ledger: judged.ledger,
        unmatched: reading.unmatched,
        warnings: changed(held).into_iter().chain(reading.warnings).collect(),
        agreements: reading.agreements,
        register: reading.register.rules,
        disclosure: study.file.disclosure,
    })
}

/// The caution that the plan is not the one locked.
fn changed(held: Option<Held>) -> Option<Warning> {
    let changed = held.filter(|held| held.state == LockState::Changed)?;
    Some(Warning::PlanChanged {
        how: changed.differences,
    })
}

/// Estimates what a study asks for, and withholds what may not be shown.
///
/// # Errors
/// Data that a question cannot be asked of.
pub fn judge(
    study: &Study,
    world: &World,
    reading: &Reading,
    effort: Effort,
) -> Result<Judged, Error> {
    world.watcher().stage("estimating");
    let (mut findings, mut is_shown) = (Vec::new(), Vec::new());
    for (planned, tables) in study.analyses.iter().zip(&reading.tables) {
        let answers = Answers {
            setting: &study.setting,
            tables,
            baselines: &reading.baselines,
            statuses: &reading.statuses,
            sun: reading.sun.as_ref(),
            seen: &reading.seen,
            id: &planned.id,
            seed: study.seed(world),
            threads: world.threads(),
            effort,
        };
        match planned.analysis.run(&answers) {
            Ok(finding) => {
                findings.push(finding);
                is_shown.push(planned.is_shown);
            }
            // What is not asked for need not have an answer.
            Err(_) if !planned.is_shown => {}
            Err(error) => return Err(study.locate(error)),
        }
    }
    let config = study.file.disclosure;
    let decided = disclose(findings, &reading.protected, config);
    let account = |source: &SourceLedger| disclosure::account(source, config, decided.keeps);
    let ledger: Vec<Disclosed<Account>> = reading.ledger.iter().map(account).collect();
    Ok(Judged {
        inputs: disclosure::inputs(reading.inputs.clone(), &reading.ledger, &ledger, config),
        findings: decided
            .findings
            .into_iter()
            .zip(is_shown)
            .filter_map(|(finding, is_shown)| is_shown.then_some(finding))
            .collect(),
        ledger,
    })
}

/// Reads, maps and counts everything that a study asks for; estimates nothing.
///
/// # Errors
/// Any fault of the study or its data.
pub fn read(study: &Study, world: &World) -> Result<Reading, Error> {
    read_as(study, world, false)
}

/// As [`read`], and rows that are equal to another one in every column are counted, which costs a pass over a hash of every row.
///
/// # Errors
/// As [`read`]; no room for the hashes on the disk.
pub fn inspect(study: &Study, world: &World) -> Result<Reading, Error> {
    read_as(study, world, true)
}

fn read_as(study: &Study, world: &World, counts_repeats: bool) -> Result<Reading, Error> {
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
    let mut inputs: Vec<Input> = study.file.formats.clone();
    let mut warnings: Vec<Warning> = Vec::new();
    let mut baselines = BTreeMap::new();
    for config in &study.file.population {
        let all = counts.iter().map(|c| (&c.outcome, &c.table));
        let of_counts = counts_of(config, all).map_err(|error| study.locate(error))?;
        let baseline = match of_counts {
            Some(of_counts) => {
                from_counts(config, of_counts).map_err(|error| study.locate(error))?
            }
            None => {
                let read = read_population(world, root, config, groups)?;
                ledger.push(read.ledger);
                inputs.extend(read.inputs);
                warnings.extend(read.warnings);
                read.baseline
            }
        };
        baselines.insert(baseline.name.clone(), baseline);
    }
    let Registers {
        all: registers,
        statuses,
        ledger: mut of_registers,
    } = read_registers(study, world, (&mut counts, &mut inputs)).map_err(|e| study.locate(e))?;
    let sun = read_points(study, world, &mut inputs).map_err(|error| study.locate(error))?;
    let published: BTreeMap<String, CellTable> = counts
        .iter()
        .map(|c| (c.outcome.name.clone(), c.table.clone()))
        .collect();
    let published_unknown: BTreeMap<String, CellTable> = counts
        .iter()
        .map(|c| (c.outcome.name.clone(), c.unknown.clone()))
        .collect();
    let requests: Vec<Tabulation> = study
        .analyses
        .iter()
        .flat_map(|planned| planned.asks.tabulations.clone())
        .collect();
    let finest = finest::requests(study, &requests);
    let unknown = unknown::finest_requests(study, &finest);
    let totals = Totals::new(counts);
    let embedded = study
        .file
        .stops
        .first()
        .map(|config| {
            let files = config.all_files(world, root);
            Ok::<_, Error>(Embedded {
                config,
                files: files.map_err(|error| study.locate(error))?,
                root,
                groups,
                periods,
                sun: sun.as_ref(),
                world,
                smallest_shown: study.file.disclosure.smallest_shown(),
                counts_repeats,
            })
        })
        .transpose()?;
    let with_statuses = embedded.as_ref().map(|rows| WithStatuses {
        rows,
        statuses: &statuses,
        outcomes: &study.setting.outcomes,
    });
    let all: Vec<Tabulation> = requests
        .iter()
        .chain(&finest)
        .chain(&unknown)
        .cloned()
        .collect();
    let is_published = |request: &Tabulation| published.contains_key(&request.counts);
    let tabulated = tabulate(
        &all,
        &is_published,
        (&totals, with_statuses.as_ref().map(|e| e as &dyn Tabulate)),
    )?;
    let mut tables = tabulated.tables.into_iter();
    let by_analysis: Vec<Vec<CellTable>> = study
        .analyses
        .iter()
        .map(|planned| {
            tables
                .by_ref()
                .take(planned.asks.tabulations.len())
                .collect()
        })
        .collect();
    let mut by_name = |requests: Vec<Tabulation>| -> BTreeMap<String, CellTable> {
        let names = requests.into_iter().map(|request| request.counts);
        names.zip(tables.by_ref()).collect()
    };
    let finest = by_name(finest);
    let finest_unknown = by_name(unknown);
    let everything: BTreeMap<&str, &CellTable> = published
        .iter()
        .chain(&finest)
        .map(|(name, table)| (name.as_str(), table))
        .collect();
    let absent = presence::absent_groups(study, &everything)
        .and_then(|absent| {
            presence::check(study, &everything, &by_analysis)?;
            Ok(absent)
        })
        .map_err(|error| study.locate(error))?;
    let zeros = [groups.known(), vec![UNKNOWN.to_owned()]].concat();
    let protected = protected(
        study,
        &unknown::beside(&published, &published_unknown, &[])?,
        &unknown::beside(&finest, &finest_unknown, &zeros)?,
    );
    // Rows are compared once: their searches and hits lie in the same places.
    let is_part = |name: &str| finest.contains_key(name) && [SEARCHES, HITS].contains(&name);
    let tables: Vec<(&str, &CellTable)> = everything
        .iter()
        .filter(|(name, _)| !is_part(name))
        .map(|(name, table)| (*name, *table))
        .collect();
    if let Some(account) = of_registers.first_mut() {
        account.notes.extend(statuses.unmatched(&tables)?);
    }
    ledger.extend(of_registers);
    let ledger = tabulated.ledger.into_iter().chain(ledger).collect();
    let inputs = tabulated.inputs.into_iter().chain(inputs).collect();
    Ok(Reading {
        tables: by_analysis,
        protected,
        unmatched: unmatched::unmatched(&everything, &finest, &baselines, study.file.disclosure),
        places: matching::places(&everything, &baselines),
        baselines,
        register: RegisterWords {
            summary: registers
                .iter()
                .flat_map(|(config, register)| register.summary(config))
                .collect(),
            rules: rules(&study.file.agreements)?,
        },
        agreements: registers
            .into_iter()
            .flat_map(|(_, register)| register.agreements)
            .collect(),
        statuses,
        sun,
        ledger,
        inputs,
        warnings: tabulated
            .warnings
            .into_iter()
            .chain(warnings)
            .chain(absent)
            .collect(),
        seen: tabulated.seen,
        repeats: tabulated.repeats,
    })
}

/// The rules by which keys are made from the registers, and the cautions of these.
fn rules(configs: &[AgreementsConfig]) -> Result<Vec<String>, Error> {
    let planned = planned_statuses(configs)?.into_iter();
    let mut said: Vec<String> = planned.map(|planned| planned.rule).collect();
    for caution in configs.iter().flat_map(|config| &config.cautions) {
        if !said.contains(caution) {
            said.push(caution.clone());
        }
    }
    Ok(said)
}

/// The registers of a study, read.
struct Registers<'a> {
    all: Vec<(&'a AgreementsConfig, Register)>,
    statuses: Statuses,
    ledger: Vec<SourceLedger>,
}

/// Reads the registers, holds the published counts against them, and gives these counts the keys that are made from them.
fn read_registers<'a>(
    study: &'a Study,
    world: &World,
    (counts, inputs): (&mut [PublishedCounts], &mut Vec<Input>),
) -> Result<Registers<'a>, Error> {
    let (mut all, mut ledger) = (Vec::new(), Vec::new());
    for config in &study.file.agreements {
        let path = study.root.locate(config.file.get_ref());
        let (read, mut account, input) = read_agreements(world, &path, config)?;
        for counts in counts.iter() {
            account
                .notes
                .extend(read.check_program(&counts.outcome.name, &counts.table)?);
        }
        account.notes.sort();
        ledger.push(account);
        inputs.push(input);
        all.push((config, read));
    }
    let registers: Vec<(&AgreementsConfig, &Register)> =
        all.iter().map(|(config, read)| (*config, read)).collect();
    let statuses = Statuses::new(&registers, &study.setting.periods)?;
    for counts in counts {
        let planned = study.setting.outcomes.iter();
        let planned = planned.filter(|outcome| outcome.name == counts.outcome.name);
        let is_made = |key: &&String| statuses.has(key);
        let added: Vec<String> = planned
            .flat_map(|outcome| outcome.keys.iter().filter(is_made).cloned())
            .collect();
        counts.table = statuses.with_keys(&counts.table, &added)?;
        counts.unknown = statuses.with_keys(&counts.unknown, &added)?;
        counts.outcome.keys.extend(added);
    }
    Ok(Registers {
        all,
        statuses,
        ledger,
    })
}

/// Reads where the places are.
fn read_points(
    study: &Study,
    world: &World,
    inputs: &mut Vec<Input>,
) -> Result<Option<SunTable>, Error> {
    let Some(daylight) = &study.file.daylight else {
        return Ok(None);
    };
    let stops = study.file.stops.first();
    let zone = stops.and_then(|stops| stops.timezone.as_ref());
    let (table, input) = daylight.read(world, &study.root, zone)?;
    let turned = zone.filter(|_| stops.is_some_and(|stops| stops.utc));
    let other = |turned: &&Spanned<String>| {
        let points = table.points().iter();
        points.clone().find(|point| point.zone != *turned.get_ref())
    };
    if let Some((turned, point)) = turned.and_then(|turned| Some((turned, other(&turned)?))) {
        return Err(Error::study(
            turned.span(),
            format!(
                "the rows state universal time and are all turned into the clock of {}, and {} has that of {}",
                turned.get_ref(),
                point.place,
                point.zone
            ),
            "rows of several zones are read where they state the local clock: divide the files by zone",
        ));
    }
    inputs.extend(input);
    Ok(Some(table))
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
            result.seen = rows.seen;
            result.repeats = rows.repeats;
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

/// Counts of persons, for disclosure.
fn protected(
    study: &Study,
    published: &BTreeMap<String, CellTable>,
    rows: &BTreeMap<String, CellTable>,
) -> Protected {
    let mut protected = Protected::default();
    let rows_are = study.file.stops.first().map(StopsConfig::rows_are);
    if let Some((name, stops)) = rows_are.and_then(|name| Some((name, rows.get(name)?))) {
        protected.add_rows((name, stops), rows.get(SEARCHES), rows.get(HITS));
        let further = study.file.stops.iter().flat_map(|stops| &stops.counts);
        for counts in further.filter(|c| stops.position(&says_key(c.name.get_ref())).is_some()) {
            protected.add_part_of_rows(counts.name.get_ref(), counts.out_of == OutOf::Searches);
        }
    }
    if study.file.disclosure.published == PublishedRule::Withhold {
        for (name, table) in published {
            protected.add_published(name, table);
        }
    }
    protected
}

/// Points at the study where a file that it names is not there.
fn files_exist(study: &Study, world: &World) -> Result<(), Error> {
    let file = &study.file;
    let counts = file.counts.iter().map(|c| &c.file);
    let stops = file.stops.iter().flat_map(|s| s.files.get_ref());
    let rest = file
        .population
        .iter()
        .flat_map(|p| p.all_files())
        .chain(file.agreements.iter().map(|a| &a.file));
    let stops = stops.filter(|named| !is_pattern(named.get_ref()));
    let joined = file
        .stops
        .iter()
        .flat_map(|s| &s.join)
        .map(|join| &join.file);
    let points = file.daylight.iter().flat_map(|daylight| &daylight.file);
    for named in counts.chain(stops).chain(joined).chain(rest).chain(points) {
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

/// The line under a chart of a study that was read and not run.
#[must_use]
pub fn foot_of(study: &Study, world: &World, inputs: &[Input]) -> String {
    foot(&identity(study, study.seed(world)), inputs)
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
        command: study.command(seed),
        seed,
        lock: None,
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
