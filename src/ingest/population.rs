//! Populations become baselines.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::at::At;
use super::csv_file::{CsvFile, quoted_or_blank};
use super::layout::Layout;
use crate::cells::{Coded, GROUP, Groups};
use crate::error::{DataFault, Error};
use crate::stats::acs::MarginOfError;
use crate::stops::{Dropped, Input, SourceLedger, YEAR};
use crate::world::World;

const POPULATION: &str = "population";
const MOE90: &str = "moe90";

/// A `[[population]]` table of the study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationConfig {
    /// The name by which analyses ask for this baseline.
    pub name: Spanned<String>,
    /// The CSV file, relative to the study.
    pub file: Spanned<String>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// `group` and `population` are required; `moe90` is a 90 % margin of error; every other name is a key to join by.
    pub columns: Spanned<BTreeMap<String, Spanned<String>>>,
    /// Columns over whose values the rows of a cell are added up; each cell stands once for each of them.
    #[serde(default)]
    pub sum_over: Vec<Spanned<String>>,
    /// Who is counted: `all residents`, `residents 16 and over`.
    pub universe: String,
    /// When and by whom.
    pub vintage: String,
    /// Cautions printed beside every number made from this baseline.
    #[serde(default)]
    pub cautions: Vec<String>,
}

const PEOPLE_AGAIN: &str = "each cell stands once: remove one, or add the key that tells the rows apart to `columns`; people of several ages, say, are added up with sum_over = [\"age\"], people of several years are not";

/// A benchmark population by cell.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Its name in the study.
    pub name: String,
    /// Who is counted.
    pub universe: String,
    /// When and by whom.
    pub vintage: String,
    /// Cautions of the study.
    pub cautions: Vec<String>,
    /// The keys of a cell, `group` among them.
    pub keys: Vec<String>,
    /// Whether the file states margins of error.
    pub states_margins: bool,
    cells: BTreeMap<Vec<String>, PopulationCell>,
    path: PathBuf,
    columns: (String, Option<String>),
}

/// One cell of a baseline, as found; it is judged when an analysis asks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct PopulationCell {
    population: Result<f64, String>,
    margin: Result<Option<MarginOfError>, String>,
    line: u64,
}

impl PopulationCell {
    /// Adds a further row of the cell; one that is no number makes the whole no number.
    fn add(&mut self, other: Self) {
        match (&mut self.population, other.population) {
            (Ok(sum), Ok(more)) => *sum += more,
            (Ok(_), Err(found)) => (self.population, self.line) = (Err(found), other.line),
            (Err(_), _) => {}
        }
    }
}

/// People of one cell of a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct People {
    /// How many.
    pub population: f64,
    /// Their margin of error, where the baseline states one.
    pub margin: Option<MarginOfError>,
}

impl Baseline {
    /// The people of a cell; `None` when the baseline does not have it.
    ///
    /// # Errors
    /// The cell is there and blank, negative or no number: it is an error to ask for it.
    pub fn people(&self, key: &[String]) -> Result<Option<People>, Error> {
        let Some(cell) = self.cells.get(key) else {
            return Ok(None);
        };
        let fault = |column: &str, found: &str, hint: &str| {
            DataFault::new(
                &self.path,
                format!("found {} for {}", quoted_or_blank(found), key.join(" / ")),
                hint,
            )
            .at_line(cell.line)
            .in_column(column)
        };
        let population = cell.population.clone().map_err(|found| fault(&self.columns.0, &found, "an analysis needs this population: a finite number from 0, in digits without separators"))?;
        let margin_column = self.columns.1.as_deref().unwrap_or(MOE90);
        let margin = cell.margin.clone().map_err(|found| fault(margin_column, &found, "a margin of error is a number from 0, or a code of the census (-555555555: controlled)"))?;
        Ok(Some(People { population, margin }))
    }

    /// Whether any cell has a margin of error above 0, so that intervals carry it.
    #[must_use]
    pub fn carries_margins(&self) -> bool {
        self.cells
            .values()
            .any(|cell| matches!(&cell.margin, Ok(Some(margin)) if !margin.is_controlled()))
    }

    /// A fault of a cell that an analysis cannot use.
    #[must_use]
    pub fn fault(&self, key: &[String], message: impl Into<String>, hint: &str) -> DataFault {
        let fault = DataFault::new(&self.path, message, hint).in_column(self.columns.0.as_str());
        match self.cells.get(key) {
            Some(cell) => fault.at_line(cell.line),
            None => fault,
        }
    }

    /// Every cell's key, sorted.
    pub fn cell_keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.cells.keys()
    }
}

impl PopulationConfig {
    /// Holds the table against itself.
    ///
    /// # Errors
    /// No `group` or no `population` among the columns.
    pub fn check(&self) -> Result<(), Error> {
        for required in [GROUP, POPULATION] {
            if !self.columns.get_ref().contains_key(required) {
                let hint = format!("add {required} = \"the column's name in the file\"");
                return Err(Error::study(
                    self.columns.span(),
                    format!("`columns` names no column for `{required}`"),
                    hint,
                ));
            }
        }
        let is_year = |column: &&Spanned<String>| column.get_ref().eq_ignore_ascii_case(YEAR);
        if let Some(year) = self.sum_over.iter().find(is_year) {
            return Err(Error::study(
                year.span(),
                "people of several years are not added up: each year has its own",
                "map the column as the key `year`, or keep one year of the file",
            ));
        }
        super::check_summed(&self.sum_over, self.columns.get_ref().values())?;
        match (self.sum_over.first(), self.columns.get_ref().get(MOE90)) {
            (Some(_), Some(margin)) => Err(Error::study(
                margin.span(),
                "margins of error of rows that are added up",
                "take `moe90` out, or add the rows up before (`evenhand calc acs op=sum` has the arithmetic)",
            )),
            _ => Ok(()),
        }
    }

    /// The keys by which the baseline is joined to counts, `group` among them.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.columns
            .get_ref()
            .keys()
            .filter(|name| *name != POPULATION && *name != MOE90)
            .cloned()
            .collect()
    }
}

/// Reads a baseline.
///
/// # Errors
/// A missing column, the same cell twice, an unreadable file. A blank or impossible population is kept as found and
/// is an error for the analysis that asks for it.
pub fn read_population(
    world: &World,
    path: &Path,
    config: &PopulationConfig,
    groups: &Groups,
) -> Result<(Baseline, SourceLedger, Input), Error> {
    config.check()?;
    let mut file = CsvFile::open(world, path, &config.layout)?;
    let columns = config.columns.get_ref();
    let keys = config.keys();
    let key_columns = keys
        .iter()
        .map(|key| file.column(columns[key].get_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    let population = file.column(columns[POPULATION].get_ref())?;
    let margin = columns
        .get(MOE90)
        .map(|column| file.column(column.get_ref()))
        .transpose()?;
    let mut ledger = SourceLedger {
        source: config.name.get_ref().clone(),
        files: vec![config.file.get_ref().clone()],
        dropped: vec![Dropped {
            rule: "group that the study does not know".into(),
            rows: 0,
        }],
        ..SourceLedger::default()
    };
    let sum_over = config
        .sum_over
        .iter()
        .map(|column| file.column(column.get_ref()));
    let sum_over: Vec<usize> = sum_over.collect::<Result<_, _>>()?;
    let mut cells: BTreeMap<Vec<String>, PopulationCell> = BTreeMap::new();
    let mut first_line = BTreeMap::new();
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        let Some(key) = cell_key(groups, &at, &record, (&keys, &key_columns))? else {
            ledger.dropped[0].rows += 1;
            continue;
        };
        let cell = PopulationCell {
            population: number(at.text(&record, population)?),
            margin: margin
                .map(|column| at.text(&record, column).map(margin_of_error))
                .transpose()?
                .unwrap_or(Ok(None)),
            line: at.line(),
        };
        ledger.rows_kept += 1;
        let mut row = key.clone();
        for &column in &sum_over {
            row.push(at.text(&record, column)?.to_owned());
        }
        super::once(&mut first_line, row, &at, PEOPLE_AGAIN)?;
        match cells.entry(key) {
            Entry::Vacant(slot) => {
                slot.insert(cell);
            }
            Entry::Occupied(mut sum) => sum.get_mut().add(cell),
        }
    }
    ledger.notes.extend(file.note());
    let input = file.finish(
        config.file.get_ref(),
        format!("population {}", config.name.get_ref()),
    )?;
    ledger.notes.extend(super::summed_note(&config.sum_over));
    ledger.rows_in = input.rows.unwrap_or_default();
    ledger.check()?;
    let baseline = Baseline {
        name: config.name.get_ref().clone(),
        universe: config.universe.clone(),
        vintage: config.vintage.clone(),
        cautions: config.cautions.clone(),
        keys,
        states_margins: margin.is_some(),
        cells,
        path: path.to_path_buf(),
        columns: (
            columns[POPULATION].get_ref().clone(),
            columns.get(MOE90).map(|c| c.get_ref().clone()),
        ),
    };
    Ok((baseline, ledger, input))
}

/// The values of the keys of a row; `None` for a group that the study does not know, since a population may list more groups than are compared.
fn cell_key(
    groups: &Groups,
    at: &At<'_>,
    record: &ByteRecord,
    (keys, columns): (&[String], &[usize]),
) -> Result<Option<Vec<String>>, Error> {
    let mut values = Vec::with_capacity(keys.len());
    for (key, &column) in keys.iter().zip(columns) {
        let raw = at.text(record, column)?;
        if key == GROUP {
            let Coded::Group(group) = groups.classify(raw) else {
                return Ok(None);
            };
            values.push(group.to_owned());
        } else {
            values.push(raw.to_owned());
        }
    }
    Ok(Some(values))
}

/// A decimal number from 0; otherwise the text as found.
fn number(text: &str) -> Result<f64, String> {
    let is_decimal = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    text.parse()
        .ok()
        .filter(|value: &f64| is_decimal && value.is_finite())
        .ok_or_else(|| text.to_owned())
}

/// The codes that census tables print where there is no margin of error.
const MISSING_CODES: [f64; 6] = [
    -111_111_111.0,
    -222_222_222.0,
    -333_333_333.0,
    -666_666_666.0,
    -888_888_888.0,
    -999_999_999.0,
];

/// A margin of error; `None` where the table says that it has none; otherwise the text as found.
fn margin_of_error(text: &str) -> Result<Option<MarginOfError>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let value: f64 = text
        .parse()
        .ok()
        .filter(|v: &f64| v.is_finite())
        .ok_or_else(|| text.to_owned())?;
    if MISSING_CODES.iter().any(|code| (value - code).abs() < 0.5) {
        return Ok(None);
    }
    MarginOfError::from_census(value)
        .map(Some)
        .ok_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_population_is_digits_and_nothing_else() {
        assert_eq!(number("1082"), Ok(1082.0));
        for text in ["", "-3", "NaN", "inf", "0x1f", "1,082", "1.5e4"] {
            assert_eq!(number(text), Err(text.to_owned()));
        }
    }

    #[test]
    fn a_negative_margin_is_refused_unless_it_is_a_code_of_the_census() {
        assert_eq!(
            margin_of_error("-555555555"),
            Ok(Some(MarginOfError::CONTROLLED))
        );
        assert_eq!(margin_of_error("-222222222"), Ok(None));
        assert_eq!(margin_of_error("-12"), Err("-12".to_owned()));
    }
}
