//! The study file: the whole plan, as written ([`StudyFile`]) and held against itself ([`Study`]).

mod difference;
mod faults;
mod file;
mod lock;
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub(crate) use faults::from_toml;
pub use file::StudyFile;
pub use lock::{Found, Held, Lock, LockState, LockedFile};
pub use schema::{format_schema, study_schema};

use crate::analyses::{Analysis, Asks, Setting};
use crate::cells::{Outcome, Rows};
use crate::error::{Error, nearest_hint};
use crate::ingest::{
    AgreementsConfig, DataRoot, DaylightConfig, Periods, planned_statuses, sha256,
};
use crate::stops::{PLACE, STATE};
use crate::world::{DEFAULT_SEED, World};

/// Characters that a finding's name may have: it becomes the name of files.
const LONGEST_NAME: usize = 80;

/// A study that was read and checked. Of its data at most the headers were read, where a format says which columns to
/// look for.
#[derive(Debug)]
pub struct Study {
    /// The study file's path, as it was given.
    pub path: PathBuf,
    /// Its text, verbatim.
    pub text: String,
    /// SHA-256 of the text.
    pub sha256: String,
    /// Its tables.
    pub file: StudyFile,
    /// What it offers to its analyses.
    pub setting: Setting,
    /// Its analyses, in the order of the file.
    pub analyses: Vec<Planned>,
    /// Where its data are.
    pub root: DataRoot,
    /// The one finding, or kind of analysis, that was asked for, where it was not all of them.
    pub only: Option<String>,
    /// The lock of its plan, where one was found.
    pub lock: Option<Found>,
}

/// One analysis of a study.
#[derive(Debug)]
pub struct Planned {
    /// Name of its finding in the bundle.
    pub id: String,
    /// What it needs.
    pub asks: Asks,
    /// The analysis.
    pub analysis: Box<dyn Analysis>,
    /// The finding that it is a panel of.
    pub panel_of: Option<String>,
    /// Whether its finding is asked for. One that is not still decides what may be shown of the others.
    pub is_shown: bool,
}

impl Study {
    /// Reads a study file; its data are beside it.
    ///
    /// # Errors
    /// Any fault of the study file, at its position in the text.
    pub fn read(world: &World, path: &Path) -> Result<Self, Error> {
        let folder = path.parent().unwrap_or_else(|| Path::new("")).to_path_buf();
        Self::read_with_data(world, path, DataRoot::BesideStudy(folder))
    }

    /// Reads a study file whose data are elsewhere.
    ///
    /// # Errors
    /// As [`Study::read`].
    pub fn read_with_data(world: &World, path: &Path, root: DataRoot) -> Result<Self, Error> {
        let bytes = world.read(path)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::bundle(
                format!("{}: the study file is not UTF-8", path.display()),
                "save it as UTF-8",
            )
        })?;
        Self::parse(world, path, text, root)
    }

    /// Checks a study from its text.
    ///
    /// # Errors
    /// As [`Study::read`].
    pub fn parse(world: &World, path: &Path, text: String, root: DataRoot) -> Result<Self, Error> {
        let checked = || -> Result<(StudyFile, Setting, Vec<Planned>), Error> {
            let file: StudyFile =
                toml::from_str(&text).map_err(|error| faults::from_toml(&error, &text))?;
            let file = file.with_formats(world, &root)?;
            file.check()?;
            file.agreements
                .iter()
                .try_for_each(AgreementsConfig::check)?;
            let mut setting = setting(&file)?;
            let analyses = plan(&file, &setting).map_err(|error| why(error, &file, &text))?;
            setting.groups.counts_unknown = counts_unknown(&file, &analyses)?;
            Ok((file, setting, analyses))
        };
        let (file, setting, analyses) = checked().map_err(|error| error.in_study(path, &text))?;
        Ok(Self {
            path: path.to_path_buf(),
            sha256: sha256(text.as_bytes()),
            text,
            file,
            setting,
            analyses,
            root,
            only: None,
            lock: None,
        })
    }

    /// The study's name: that of its file, which is also the name of its bundle.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_stem().map_or_else(
            || "study".into(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    }

    /// The seed of a run: the command line's, else the study's, else the default.
    #[must_use]
    pub fn seed(&self, world: &World) -> u64 {
        world.seed().or(self.file.seed).unwrap_or(DEFAULT_SEED)
    }

    /// The study with one of its analyses only. Where counts are withheld, the whole plan still decides which: the bundles
    /// of two analyses together must not show what the bundle of both withholds.
    ///
    /// # Errors
    /// No finding of that name and no analysis of that kind.
    pub fn only(mut self, name: &str) -> Result<Self, Error> {
        let known: BTreeSet<String> = self
            .analyses
            .iter()
            .flat_map(|planned| [planned.id.clone(), planned.analysis.kind().to_owned()])
            .collect();
        let kind_of = |id: &str| {
            let host = self.analyses.iter().find(|planned| planned.id == id);
            host.map_or("", |host| host.analysis.kind())
        };
        // A panel is shown with its finding.
        let hosts: BTreeMap<String, (String, &'static str)> = self
            .analyses
            .iter()
            .filter_map(|own| Some((own.id.clone(), own.panel_of.clone()?)))
            .map(|(id, host)| (id, (host.clone(), kind_of(&host))))
            .collect();
        for planned in &mut self.analyses {
            let host = hosts.get(&planned.id).cloned().unwrap_or_default();
            let names = [
                planned.id.as_str(),
                planned.analysis.kind(),
                &host.0,
                host.1,
            ];
            planned.is_shown = names.contains(&name);
        }
        if !self.file.protects_counts() {
            self.analyses.retain(|planned| planned.is_shown);
        }
        if !self.analyses.iter().any(|planned| planned.is_shown) {
            return Err(Error::bundle(
                format!("the study has no analysis `{name}`"),
                nearest_hint(name, known.iter().map(String::as_str)),
            ));
        }
        self.only = Some(name.to_owned());
        Ok(self)
    }

    /// The command that makes the same bundle again, for a shell in the folder of the study file.
    #[must_use]
    pub fn command(&self, seed: u64) -> String {
        let file = for_shell(&format!("{}.toml", self.name()));
        let only = self
            .only
            .as_ref()
            .map_or(String::new(), |only| format!(" --only {only}"));
        format!("evenhand run {file} --seed {seed}{only}")
    }

    /// The same error with this study's file and text, where it points into the study.
    #[must_use]
    pub fn locate(&self, error: Error) -> Error {
        error.in_study(&self.path, &self.text)
    }
}

/// A file name as a shell takes it: in quotes where it holds more than plain characters.
fn for_shell(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', "'\\''"))
    }
}

fn setting(file: &StudyFile) -> Result<Setting, Error> {
    let periods = Periods::new(&file.periods)?;
    let mut outcomes: Vec<Outcome> = Vec::new();
    for counts in &file.counts {
        let outcome = counts.outcome(&periods)?;
        if outcomes.iter().any(|known| known.name == outcome.name) {
            return Err(Error::study(
                counts.name.span(),
                format!("counts `{}` stand there twice", outcome.name),
                "give each [[counts]] its own name",
            ));
        }
        outcomes.push(outcome);
    }
    if let [stops] = file.stops.as_slice() {
        stops.check(&periods)?;
        for outcome in stops.outcomes(&periods) {
            if let Some(counts) = file
                .counts
                .iter()
                .find(|counts| *counts.name.get_ref() == outcome.name)
            {
                let message = format!(
                    "`{}` is also the name of counts made from [[stops]]",
                    outcome.name
                );
                return Err(Error::study(
                    counts.name.span(),
                    message,
                    "give the published counts another name",
                ));
            }
            outcomes.push(outcome);
        }
    }
    if let Some(daylight) = &file.daylight {
        check_daylight(file, daylight)?;
        outcomes
            .iter_mut()
            .for_each(|outcome| outcome.daylight = outcome.clock);
    }
    for status in planned_statuses(&file.agreements)? {
        status.offer(&mut outcomes)?;
    }
    let mut baselines = BTreeMap::new();
    for population in &file.population {
        population.check()?;
        if baselines
            .insert(population.name.get_ref().clone(), population.keys())
            .is_some()
        {
            return Err(Error::study(
                population.name.span(),
                format!(
                    "population `{}` stands there twice",
                    population.name.get_ref()
                ),
                "give each [[population]] its own name",
            ));
        }
    }
    Ok(Setting {
        groups: file.groups.clone(),
        outcomes,
        baselines,
        periods,
        agency: file.agency.clone(),
        period: file.period.clone(),
        pooled_prefix: file.places.pooled.clone(),
    })
}

/// Holds the points of places against the rows that they are for.
fn check_daylight(file: &StudyFile, daylight: &DaylightConfig) -> Result<(), Error> {
    let stops = file.stops.first();
    daylight.check(stops.and_then(|stops| stops.timezone.as_ref()))?;
    let at = daylight.span();
    let Some(stops) = stops else {
        return Err(Error::study(
            at,
            "[daylight] says where places are, and the study has no rows of stops",
            "published counts carry no time of day: take [daylight] out",
        ));
    };
    if !stops.has_clock() {
        return Err(Error::study(
            stops.columns.span(),
            "[daylight] needs the date and the time of day of every row, and they are not both mapped",
            "add date and time to `columns`, or a date whose layout has a time of day",
        ));
    }
    if daylight.by_place() && stops.column(PLACE).is_none() {
        return Err(Error::study(
            stops.columns.span(),
            "[daylight] has a point for each place, and `columns` names no column for `place`",
            "add place = \"the column's name in the file\", or one latitude and longitude for all rows",
        ));
    }
    if daylight.by_state() && stops.own_key(STATE).is_none() {
        return Err(Error::study(
            at,
            "the points are told apart by their state, and the rows have no key `state`",
            "add state = \"the column's name\" under [stops.keys], or take `state` out of the columns of the points",
        ));
    }
    Ok(())
}

/// What a veil of darkness shows of one window is small counts less what another shows, or a restricted one of the whole: in a
/// public bundle there is one, of all stops.
fn check_veils(file: &StudyFile) -> Result<(), Error> {
    if !file.protects_counts() {
        return Ok(());
    }
    let hint = "say [disclosure] mode = \"court\", or make a study of it by itself; `sweep = true` looks at other windows within one table";
    match file.veil_of_darkness.as_slice() {
        [_, second, ..] => Err(Error::study(
            second.get_ref().counts.span(),
            "a second [[veil_of_darkness]] in a public bundle: windows of the same stops give small counts back as their difference",
            hint,
        )),
        [one] if one.get_ref().only.is_some() => Err(Error::study(
            one.get_ref()
                .only
                .as_ref()
                .map_or(0..0, toml::Spanned::span),
            "a restricted [[veil_of_darkness]] in a public bundle: with the other findings it gives small counts back as differences",
            "filter the rows with [[stops.filter]], or say [disclosure] mode = \"court\"",
        )),
        _ => Ok(()),
    }
}

/// The analyses in the order of the file, each with a name of its own.
fn plan(file: &StudyFile, setting: &Setting) -> Result<Vec<Planned>, Error> {
    check_veils(file)?;
    let mut planned = Vec::new();
    let mut taken = BTreeSet::new();
    for analysis in file.analyses() {
        let header = analysis.header();
        let id = match header.name {
            Some(name) => {
                check_name(name)?;
                if !taken.insert(name.get_ref().clone()) {
                    return Err(Error::study(
                        name.span(),
                        format!("the name `{}` is taken", name.get_ref()),
                        "give each analysis its own name",
                    ));
                }
                name.get_ref().clone()
            }
            None => free_name(
                &mut taken,
                &format!("{}-{}", analysis.kind(), header.counts.get_ref()),
            ),
        };
        let asks = analysis.asks(setting)?;
        check_benchmark(file, &asks, header.counts)?;
        let panel = analysis.panel().transpose()?;
        let panel = panel.map(|panel| {
            Ok::<_, Error>(Planned {
                id: free_name(&mut taken, &format!("{id}-survives")),
                asks: panel.asks(setting)?,
                analysis: Box::new(panel),
                panel_of: Some(id.clone()),
                is_shown: true,
            })
        });
        let panel = panel.transpose()?;
        planned.push(Planned {
            id,
            asks,
            analysis,
            panel_of: None,
            is_shown: true,
        });
        planned.extend(panel);
    }
    if planned.is_empty() {
        return Err(Error::study(
            0..0,
            "the study asks no question",
            format!(
                "add an analysis table: {}",
                nearest_hint("", crate::analyses::ALL.iter().map(|method| method.name))
            ),
        ));
    }
    Ok(planned)
}

/// Whether an analysis asks for rows of unknown group.
///
/// # Errors
/// Rows are records of stops, of which one may know the group and another not.
fn counts_unknown(file: &StudyFile, analyses: &[Planned]) -> Result<bool, Error> {
    let asks = |planned: &&Planned| {
        planned
            .asks
            .tabulations
            .iter()
            .any(|t| t.of == Rows::Unknown)
    };
    let asking = analyses.iter().find(asks);
    let records = file.stops.iter().any(|stops| stops.same_stop.is_some());
    match asking {
        Some(planned) if records => Err(Error::study(
            planned.analysis.header().counts.span(),
            "rows of unknown group where several rows are one stop",
            "whether a stop is of unknown group is not known from its records: write one row per stop first",
        )),
        asking => Ok(asking.is_some()),
    }
}

/// A question about what the format would have made of columns that the files lack.
fn why(error: Error, file: &StudyFile, text: &str) -> Error {
    let Error::Study(mut fault) = error else {
        return error;
    };
    let asked = text.get(fault.span.clone()).unwrap_or_default();
    let name = asked.trim_matches(['"', '\'']);
    if let Some(lacking) = file.stops.iter().find_map(|stops| stops.lacking(name)) {
        fault.hint = format!("{lacking}; {}", fault.hint);
    }
    Error::Study(fault)
}

/// Counts are no benchmark of themselves: the two errors would be one, and taken for two.
fn check_benchmark(
    file: &StudyFile,
    asks: &Asks,
    counts: &toml::Spanned<String>,
) -> Result<(), Error> {
    let is_own = |baseline: &String| {
        let config = file
            .population
            .iter()
            .find(|p| p.name.get_ref() == baseline);
        let named = config.and_then(|config| config.counts.as_ref());
        named.is_some_and(|named| {
            asks.tabulations
                .iter()
                .any(|t| t.counts == *named.get_ref())
        })
    };
    match asks.baselines.iter().find(|baseline| is_own(baseline)) {
        None => Ok(()),
        Some(baseline) => Err(Error::study(
            counts.span(),
            format!(
                "counts `{}` are their own benchmark, population `{baseline}`",
                counts.get_ref()
            ),
            "a benchmark is made of other counts: of another period, or of another unit",
        )),
    }
}

/// Names become file names: letters, digits, `-` and `_` only.
fn check_name(name: &toml::Spanned<String>) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.get_ref().is_empty()
        && name.get_ref().len() <= LONGEST_NAME
        && name.get_ref().chars().all(is_plain)
    {
        return Ok(());
    }
    Err(Error::study(
        name.span(),
        format!("`{}` cannot be the name of a file", name.get_ref()),
        format!("use letters, digits, `-` and `_`, at most {LONGEST_NAME}"),
    ))
}

fn free_name(taken: &mut BTreeSet<String>, wanted: &str) -> String {
    let safe: String = wanted
        .chars()
        .take(LONGEST_NAME)
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let numbered = (2..).map(|n| format!("{safe}-{n}"));
    let name = std::iter::once(safe.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .expect("there are numbers enough");
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_says_which_analysis_and_can_be_pasted_into_a_shell() {
        let text = "format = 1\ntitle = 't'\n[groups]\nreference = 'w'\ncompare = ['b']\n[[counts]]\nname = 's'\nfile = 's.csv'\nkeys = { group = 'g' }\nevents = 's'\ntrials = 'n'\n[[rates]]\ncounts = 's'\n[[disparity]]\ncounts = 's'\n";
        let study = |name: &str| {
            let root = DataRoot::BesideStudy(PathBuf::new());
            Study::parse(
                &World::new(None, None),
                Path::new(name),
                text.to_owned(),
                root,
            )
            .unwrap()
        };
        assert_eq!(study("a.toml").command(7), "evenhand run a.toml --seed 7");
        assert_eq!(
            study("Anna's plan.toml")
                .only("rates-s")
                .unwrap()
                .command(7),
            r"evenhand run 'Anna'\''s plan.toml' --seed 7 --only rates-s"
        );
    }
}
