//! A table of stops, one row each: which columns hold what, and what their values mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::DataRoot;
use super::ages::AgeReader;
use super::column::{ColumnRule, ColumnSource, ReadAs};
use super::csv_file::CsvFile;
use super::join::JoinConfig;
use super::layout::Layout;
use super::moments::{has_clock, time_zone};
use super::periods::Periods;
use super::row_counts::RowCounts;
use super::row_filter::RowFilter;
use super::same_stop::SameStop;
use crate::cells::{Covered, GROUP};
use crate::error::{Error, nearest_hint, repeated};
use crate::stops::{
    AGE, Column, DATE, HIT, LIGHT, MINUTE, PERIOD, PLACE, SEARCH_BASIS, SEARCHED, STOPS, TIME, YEAR,
};
use crate::world::{World, without_detours};

/// The `[[stops]]` table of the study: CSV files with a column mapping, a format that brings one, or both.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopsConfig {
    /// The CSV files, relative to the study, packed with gzip or not; read as one. `*`, `?` and `[..]` in a file's name
    /// stand for several.
    #[serde(default = "nothing_named")]
    #[schemars(with = "Vec<String>")]
    pub files: Spanned<Vec<Spanned<String>>>,
    /// The format of the files: one that comes with the program, or a TOML file of the study. What the study says itself
    /// goes before it.
    #[schemars(with = "Option<String>")]
    pub format: Option<Spanned<String>>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// Canonical column to the file's column; `group` is required.
    #[serde(default = "no_columns")]
    #[schemars(with = "super::schema::CanonicalColumns")]
    pub columns: Spanned<Columns>,
    /// Further keys that analyses may ask by, to the file's columns.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ColumnSource>")]
    pub keys: Columns,
    /// The unit of a row: `stop`, `person`, `driver`, `arrest`, `detainer`, `detention`, `encounter` or `removal`.
    pub unit: Option<Unit>,
    /// Which rows are records of one stop, which then counts once: `"exact"` where they are equal in every field, or the
    /// columns in which they are. Each row is a stop of its own unless said.
    pub same_stop: Option<SameStop>,
    /// What the rows are called, which is also the name of their counts; `stops` unless said otherwise.
    #[schemars(with = "Option<String>")]
    pub rows_are: Option<Spanned<String>>,
    /// Years that the rows cover, for rates per year where no period is asked for.
    #[schemars(with = "Option<f64>")]
    pub years: Option<Spanned<f64>>,
    /// In which years or periods of the rows a place is covered: `all`, or `with_rows` where agencies released different
    /// ones. A place without a row then has no rate for that year, in place of a rate of 0.
    #[serde(default)]
    pub covered: Covered,
    /// What the values of `searched` and `hit` mean.
    pub outcomes: Option<OutcomeCodes>,
    /// Values that say that nothing is known, in every mapped column: `["NA", "NULL"]`.
    #[serde(default)]
    pub missing: Vec<String>,
    /// Where the clocks of the rows are, by its name in the tz database: `America/New_York`.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<Spanned<String>>,
    /// Whether the date column states universal time, which `timezone` turns into the clock of the place.
    #[serde(default)]
    pub utc: bool,
    /// The share of rows that may be unreadable: a number of fields that is not the header's, a date that is none. They are
    /// left out and stand in the ledger; above the share the study stops. None unless said.
    #[schemars(with = "Option<f64>")]
    pub tolerated_unreadable: Option<Spanned<f64>>,
    /// A note printed with the numbers.
    pub note: Option<String>,
    /// Cautions printed beside every number made from these rows.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
    /// Further counts of rows, such as arrests or weapons found.
    #[serde(default)]
    pub counts: Vec<RowCounts>,
    /// Further files whose rows belong to those of these.
    #[serde(default)]
    pub join: Vec<JoinConfig>,
    /// Names of columns and keys that the format brought: a file may lack them.
    #[serde(skip)]
    pub(super) brought: BTreeSet<String>,
    /// Columns and keys of the format that the files do not have, and what is said to who asks for one.
    #[serde(skip)]
    pub(super) lacking: BTreeMap<String, String>,
}

/// Names of columns or keys, and where each comes from.
pub type Columns = BTreeMap<Spanned<String>, ColumnSource>;

fn nothing_named() -> Spanned<Vec<Spanned<String>>> {
    Spanned::new(0..0, Vec::new())
}

fn no_columns() -> Spanned<Columns> {
    Spanned::new(0..0, Columns::new())
}

/// What one row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A stop, however many people were in the car.
    Stop,
    /// A person who was stopped.
    Person,
    /// A driver who was stopped.
    Driver,
    /// An arrest, which one person may have several of.
    Arrest,
    /// A request to hold a person for the immigration authority.
    Detainer,
    /// A stay in a detention facility.
    Detention,
    /// A contact that the immigration authority recorded.
    Encounter,
    /// A departure from the country under an order.
    Removal,
}

/// The values of yes-or-no columns.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OutcomeCodes {
    /// Values that mean yes.
    pub yes: Vec<String>,
    /// Values that mean no.
    pub no: Vec<String>,
    /// What any other value means, a blank included.
    pub unclear: UnclearRule,
}

/// What a value means that is neither yes nor no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnclearRule {
    /// It means no.
    No,
    /// It means yes: a column that names the kind of search where there was one.
    Yes,
    /// It is not known: the row is left out of that outcome, and counted in the ledger.
    Missing,
    /// The study stops.
    #[default]
    Error,
}

impl Default for OutcomeCodes {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
        Self {
            yes: words(&[
                "1", "TRUE", "True", "true", "T", "t", "Y", "y", "YES", "Yes", "yes",
            ]),
            no: words(&[
                "0", "FALSE", "False", "false", "F", "f", "N", "n", "NO", "No", "no",
            ]),
            unclear: UnclearRule::default(),
        }
    }
}

impl Unit {
    /// Every unit.
    pub const ALL: [Self; 8] = [
        Self::Stop,
        Self::Person,
        Self::Driver,
        Self::Arrest,
        Self::Detainer,
        Self::Detention,
        Self::Encounter,
        Self::Removal,
    ];

    /// The word of a study, which is also what captions print.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Person => "person",
            Self::Driver => "driver",
            Self::Arrest => "arrest",
            Self::Detainer => "detainer",
            Self::Detention => "detention",
            Self::Encounter => "encounter",
            Self::Removal => "removal",
        }
    }
}

/// Whether the last part of a path stands for several files.
#[must_use]
pub fn is_pattern(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.contains(['*', '?', '['])
}

/// The files that a pattern stands for.
fn matching(file: &Spanned<String>, world: &World, root: &DataRoot) -> Result<Vec<String>, Error> {
    let (folder, pattern) = match file.get_ref().rsplit_once('/') {
        Some((folder, pattern)) => (format!("{folder}/"), pattern),
        None => (String::new(), file.get_ref().as_str()),
    };
    let place = root.locate(if folder.is_empty() { "." } else { &folder });
    let names = if world.is_folder(&place) {
        world.names_like(&place, pattern)?
    } else {
        Vec::new()
    };
    if names.is_empty() {
        return Err(Error::study(
            file.span(),
            format!("no file matches `{}`", file.get_ref()),
            format!(
                "looked in {}; paths are relative to the study file",
                place.display()
            ),
        ));
    }
    Ok(names.iter().map(|name| format!("{folder}{name}")).collect())
}

impl StopsConfig {
    /// The file's column of a canonical one.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&ColumnSource> {
        self.columns
            .get_ref()
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .map(|(_, source)| source)
    }

    /// Where a key of the study's own comes from.
    #[must_use]
    pub fn own_key(&self, name: &str) -> Option<&ColumnSource> {
        let mut keys = self.keys.iter();
        keys.find(|(key, _)| key.get_ref() == name)
            .map(|(_, source)| source)
    }

    /// What the rows are called, which is also the name of their counts.
    #[must_use]
    pub fn rows_are(&self) -> &str {
        self.rows_are
            .as_ref()
            .map_or(STOPS, |name| name.get_ref().as_str())
    }

    /// Every column of a file that the study names, those of joined files among them.
    pub fn named_columns(&self) -> impl Iterator<Item = &str> {
        let further = self.counts.iter().map(|counts| counts.column.get_ref());
        let sources = self.columns.get_ref().values().chain(self.keys.values());
        let rules = sources
            .chain(further)
            .flat_map(ColumnSource::rules)
            .flat_map(ColumnRule::names);
        let filters = self
            .filter
            .iter()
            .flat_map(|f| f.fits.keys())
            .map(String::as_str);
        let keys = self
            .join
            .iter()
            .flat_map(|j| j.on.values())
            .map(String::as_str);
        let records = self.same_stop.iter().flat_map(SameStop::columns);
        let records = records.map(String::as_str);
        rules.chain(filters).chain(keys).chain(records)
    }

    /// The header of a main file with the columns that the joined ones add.
    ///
    /// # Errors
    /// One of them cannot be opened.
    pub fn header_of(
        &self,
        file: &str,
        world: &World,
        root: &DataRoot,
    ) -> Result<Vec<String>, Error> {
        let open = CsvFile::open(world, &root.locate(file), &self.layout)?;
        let mut header = open.headers().to_vec();
        for join in &self.join {
            header.extend(join.header(world, root)?);
        }
        Ok(header)
    }

    /// What yes-or-no columns mean where their rule does not say.
    #[must_use]
    pub fn yes_and_no(&self) -> OutcomeCodes {
        self.outcomes.clone().unwrap_or_default()
    }

    /// Holds the table against itself.
    ///
    /// # Errors
    /// An unknown canonical column; no `group`; hits without searches; no file, or one twice; a key that evenhand makes
    /// itself; a number of years that is not above zero, or beside periods that say it.
    pub fn check(&self, periods: &Periods) -> Result<(), Error> {
        if let Some(years) = &self.years
            && self.column(DATE).is_some()
            && !periods.is_empty()
        {
            return Err(Error::study(
                years.span(),
                "`years` says how long rows without periods go on, and this study has [periods]",
                "take `years` out: the periods say how long they are, and rows outside them are left out",
            ));
        }
        self.check_rules()?;
        for name in self.columns.get_ref().keys() {
            if !Column::ALL
                .iter()
                .any(|column| column.name == name.get_ref())
            {
                let hint = format!(
                    "{}; other columns go into [stops.keys]",
                    nearest_hint(name.get_ref(), Column::ALL.iter().map(|c| c.name))
                );
                return Err(Error::study(
                    name.span(),
                    format!(
                        "`{}` is no column that evenhand knows by name",
                        name.get_ref()
                    ),
                    hint,
                ));
            }
        }
        if self.unit.is_none() {
            return Err(Error::study(
                self.files.span(),
                "`unit` is missing: what a row is",
                "add unit = \"stop\", \"person\" or \"driver\"; `evenhand explain stops` has the others",
            ));
        }
        let of_searches = self.column(HIT).is_some() || self.column(SEARCH_BASIS).is_some();
        for (required, because) in [
            (GROUP, self.column(GROUP).is_none()),
            (SEARCHED, of_searches && self.column(SEARCHED).is_none()),
        ] {
            if because {
                return Err(Error::study(
                    self.columns.span(),
                    format!("`columns` names no column for `{required}`"),
                    format!("add {required} = \"the column's name in the file\""),
                ));
            }
        }
        for name in self.keys.keys() {
            let reserved = [YEAR, PERIOD, MINUTE, LIGHT].contains(&name.get_ref().as_str())
                || Column::ALL
                    .iter()
                    .any(|column| column.name == name.get_ref());
            if reserved {
                return Err(Error::study(
                    name.span(),
                    format!("`{}` is a name that evenhand uses itself", name.get_ref()),
                    "name the key otherwise, or map it under [stops.columns]",
                ));
            }
        }
        if self.files.get_ref().is_empty() {
            return Err(Error::study(
                self.files.span(),
                "no file is named",
                "list at least one CSV file",
            ));
        }
        self.check_files()?;
        self.check_counts()?;
        super::check_years(self.years.as_ref())?;
        Ok(())
    }

    /// Every file, those that patterns stand for in byte order of their names.
    ///
    /// # Errors
    /// A pattern that no file matches; a file that is named twice.
    pub fn all_files(&self, world: &World, root: &DataRoot) -> Result<Vec<String>, Error> {
        let mut all: Vec<String> = Vec::new();
        for file in self.files.get_ref() {
            // A file may have such a character in its own name.
            let is_one = !is_pattern(file.get_ref()) || world.exists(&root.locate(file.get_ref()));
            let found = if !is_one {
                matching(file, world, root)?
            } else {
                vec![file.get_ref().clone()]
            };
            for name in found {
                if all.iter().any(|known| {
                    without_detours(Path::new(known)) == without_detours(Path::new(&name))
                }) {
                    return Err(Error::study(
                        file.span(),
                        format!("`{name}` is named twice"),
                        "every row would count twice: name each file once",
                    ));
                }
                all.push(name);
            }
        }
        Ok(all)
    }

    /// Holds every rule against itself, and the zone of the clocks.
    fn check_rules(&self) -> Result<(), Error> {
        for (name, source) in self.columns.get_ref().iter().chain(&self.keys) {
            source
                .check(ReadAs::of(name.get_ref()))
                .map_err(|(message, hint)| Error::study(name.span(), message, hint))?;
        }
        if let Some(age) = self.column(AGE) {
            for rule in age.rules() {
                AgeReader::new(rule)
                    .map_err(|(message, hint)| Error::study(self.columns.span(), message, hint))?;
            }
        }
        self.check_joins()?;
        if let Some(zone) = &self.timezone {
            time_zone(zone.get_ref())
                .map_err(|(message, hint)| Error::study(zone.span(), message, hint))?;
        }
        if self.utc {
            self.check_utc()?;
        }
        if self.timezone.is_none() && self.utc {
            return Err(Error::study(
                self.columns.span(),
                "the dates state universal time, and nothing says where the clocks are",
                "add timezone = \"America/New_York\", or the zone that it is",
            ));
        }
        match &self.tolerated_unreadable {
            Some(share) if !(0.0..1.0).contains(share.get_ref()) => Err(Error::study(
                share.span(),
                format!("found {}", share.get_ref()),
                "a share of the rows from 0 to below 1: 0.001 is one in a thousand",
            )),
            _ => Ok(()),
        }
    }

    /// A day of universal time is none of the place: it takes the time of day to turn it.
    fn check_utc(&self) -> Result<(), Error> {
        let layouts = self.column(DATE).into_iter().flat_map(ColumnSource::rules);
        let is_day =
            |layouts: &[String]| layouts.is_empty() || layouts.iter().any(|l| !has_clock(l));
        let has_day = layouts.clone().any(|rule| is_day(rule.layouts()));
        if has_day || self.column(TIME).is_some() {
            return Err(Error::study(
                self.columns.span(),
                "`utc` turns a date with its time of day, and here the date has none",
                "name a column that holds both, date = { column = \"...\", layout = \"%Y-%m-%dT%H:%M:%SZ\" }, and no `time` beside it",
            ));
        }
        Ok(())
    }

    fn check_joins(&self) -> Result<(), Error> {
        if let Some(name) = repeated(self.join.iter().map(|join| &join.name)) {
            return Err(Error::study(
                name.span(),
                format!("a second join is named `{}`", name.get_ref()),
                "its columns could not be told from those of the first: name it otherwise",
            ));
        }
        for join in &self.join {
            let name = join.name.get_ref();
            if name.is_empty() || name.contains('.') {
                return Err(Error::study(
                    join.name.span(),
                    format!("`{name}` cannot stand before the name of a column"),
                    "a name without a point: person makes person.Race",
                ));
            }
            if join.on.is_empty() {
                return Err(Error::study(
                    join.name.span(),
                    "nothing says which rows belong together",
                    "add on = { StopID = \"StopID\" }: its column, and the column of the main file with the same value",
                ));
            }
        }
        Ok(())
    }

    /// A file that is read twice would count every row twice.
    fn check_files(&self) -> Result<(), Error> {
        let files = self.files.get_ref();
        for (i, file) in files.iter().enumerate() {
            let path = without_detours(Path::new(file.get_ref()));
            let earlier = files[..i]
                .iter()
                .find(|earlier| without_detours(Path::new(earlier.get_ref())) == path);
            if let Some(earlier) = earlier {
                return Err(Error::study(
                    file.span(),
                    format!("`{}` is listed twice", file.get_ref()),
                    "every row would count twice: name each file once",
                )
                .against(earlier.span()));
            }
        }
        Ok(())
    }

    /// The keys by which rows can be counted, the officer not among them: that one is never shown.
    #[must_use]
    pub fn keys(&self, periods: &Periods) -> Vec<String> {
        let mut keys: Vec<String> = [GROUP, PLACE]
            .into_iter()
            .filter(|name| self.column(name).is_some())
            .map(str::to_owned)
            .collect();
        keys.extend(self.keys.keys().map(|key| key.get_ref().clone()));
        if self.column(DATE).is_some() {
            keys.push(YEAR.to_owned());
            if !periods.is_empty() {
                keys.push(PERIOD.to_owned());
            }
        }
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_detours_is_the_same_path() {
        for same in ["a.csv", "./a.csv", "b/../a.csv", "b/./../a.csv"] {
            assert_eq!(without_detours(Path::new(same)), Path::new("a.csv"));
        }
        assert_eq!(
            without_detours(Path::new("../a.csv")),
            Path::new("../a.csv")
        );
        assert_eq!(
            without_detours(Path::new("../../a.csv")),
            Path::new("../../a.csv")
        );
    }
}
