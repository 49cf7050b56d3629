//! A table of stops, one row each: which columns hold what, and what their values mean.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::DataRoot;
use super::layout::Layout;
use super::periods::Periods;
use super::row_filter::RowFilter;
use crate::cells::{Absent, GROUP, Outcome};
use crate::error::{Error, nearest_hint};
use crate::stops::{Column, DATE, HIT, OFFICER, PERIOD, PLACE, SEARCHED, YEAR};
use crate::world::{World, without_detours};

/// The `[[stops]]` table of the study: plain CSV files with a column mapping.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopsConfig {
    /// The CSV files, relative to the study, packed with gzip or not; read as one. `*`, `?` and `[..]` in a file's name
    /// stand for several.
    pub files: Spanned<Vec<Spanned<String>>>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// Canonical column to the file's column; see [`Column::ALL`].
    pub columns: Spanned<BTreeMap<Spanned<String>, Spanned<String>>>,
    /// Further keys that analyses may ask by, to the file's columns.
    #[serde(default)]
    pub keys: BTreeMap<Spanned<String>, Spanned<String>>,
    /// The unit of a row: `stop`, `person` or `driver`.
    pub unit: Unit,
    /// Years that the rows cover, for rates per year where no period is asked for.
    pub years: Option<Spanned<f64>>,
    /// What the values of `searched` and `hit` mean.
    #[serde(default)]
    pub outcomes: OutcomeCodes,
    /// A note printed with the numbers.
    pub note: Option<String>,
    /// Cautions printed beside every number made from these rows.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
}

/// What one row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A stop, however many people were in the car.
    Stop,
    /// A person who was stopped.
    Person,
    /// A driver who was stopped.
    Driver,
}

/// The values of yes-or-no columns.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnclearRule {
    /// It means no.
    No,
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
            yes: words(&["1", "TRUE", "True", "true", "Y", "Yes", "yes"]),
            no: words(&["0", "FALSE", "False", "false", "N", "No", "no"]),
            unclear: UnclearRule::default(),
        }
    }
}

impl Unit {
    fn noun(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Person => "person",
            Self::Driver => "driver",
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
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns
            .get_ref()
            .iter()
            .find(|(key, _)| key.get_ref() == name)
            .map(|(_, column)| column.get_ref().as_str())
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
        for (required, because) in [
            (GROUP, self.column(GROUP).is_none()),
            (
                SEARCHED,
                self.column(HIT).is_some() && self.column(SEARCHED).is_none(),
            ),
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
            let reserved = [YEAR, PERIOD].contains(&name.get_ref().as_str())
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

    /// The outcomes that these rows have: `stops`, and `searches` and `hits` where their columns are mapped.
    #[must_use]
    pub fn outcomes(&self, periods: &Periods) -> Vec<Outcome> {
        let outcome = |name: &str, trials: Option<&str>| Outcome {
            name: name.to_owned(),
            events: name.to_owned(),
            trials: trials.map(str::to_owned),
            unit: self.unit.noun().to_owned(),
            annual_average: false,
            years: self.years.as_ref().map(|y| *y.get_ref()),
            note: self.note.clone(),
            cautions: self.cautions.clone(),
            keys: self.keys(periods),
            by_officer: self.column(OFFICER).is_some(),
            absent: Absent::Zero,
            files: self
                .files
                .get_ref()
                .iter()
                .map(|f| f.get_ref().clone())
                .collect(),
        };
        let mut outcomes = vec![outcome("stops", None)];
        if self.column(SEARCHED).is_some() {
            outcomes.push(outcome("searches", Some("stops")));
        }
        if self.column(HIT).is_some() {
            outcomes.push(outcome("hits", Some("searches")));
        }
        outcomes
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
