//! Where the numbers of a figure come from that do not stand in its catalogue: a study, or the columns of a data file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use csv::StringRecord;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::analyses::Effort;
use crate::findings::{COLUMNS, Row, tidy};
use crate::ingest::DataRoot;
use crate::pipeline;
use crate::study::Study;
use crate::world::World;

/// Why a figure cannot be computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// Something in the catalogue, the study or the data.
    Said(String),
    /// Its data did not come with the program, and no folder for them was given.
    NeedsData(String),
}

impl From<String> for Fault {
    fn from(said: String) -> Self {
        Self::Said(said)
    }
}

/// A field of a study's results.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StudyRequest {
    /// The study file, relative to the catalogue.
    study: String,
    /// Whether its data are below the folder of data instead of beside the study.
    #[serde(default)]
    needs_data: bool,
    /// The name of the finding.
    finding: String,
    /// Columns of its table with the values that only the wanted row has.
    row: BTreeMap<String, String>,
}

/// A column of a data file in place of an array.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnRequest {
    /// The CSV file, below the folder of data.
    file: String,
    column: String,
    /// Columns with the values that the wanted rows have.
    #[serde(default, rename = "where")]
    only: BTreeMap<String, String>,
    /// Columns: each row stands for the sum over all rows of the file that have the same values of these.
    #[serde(default)]
    total_by: Vec<String>,
}

/// The rows of a study's findings, by the names of the findings.
type Results = BTreeMap<String, Vec<Row>>;

/// Studies and data files, each read once.
#[derive(Debug)]
pub(super) struct Sources<'a> {
    world: &'a World,
    catalogue: PathBuf,
    data: Option<PathBuf>,
    studies: BTreeMap<String, Result<Results, String>>,
}

impl<'a> Sources<'a> {
    pub(super) fn new(world: &'a World, catalogue: &Path, data: Option<&Path>) -> Self {
        Self {
            world,
            catalogue: catalogue.parent().unwrap_or(Path::new("")).to_path_buf(),
            data: data.map(Path::to_path_buf),
            studies: BTreeMap::new(),
        }
    }

    /// The number of a study that a request names.
    pub(super) fn of_study(
        &mut self,
        request: &Map<String, Value>,
        field: &str,
    ) -> Result<f64, Fault> {
        let request: StudyRequest = serde_json::from_value(Value::Object(request.clone()))
            .map_err(|fault| fault.to_string())?;
        let path = self.catalogue.join(&request.study);
        let root = if request.needs_data {
            DataRoot::Below(self.folder(&request.study)?)
        } else {
            DataRoot::BesideStudy(path.parent().unwrap_or(Path::new("")).to_path_buf())
        };
        let world = self.world;
        let results = self
            .studies
            .entry(request.study.clone())
            .or_insert_with(|| run(world, &path, root).map_err(|error| error.to_string()));
        let rows = results
            .as_ref()
            .map_err(Clone::clone)?
            .get(&request.finding)
            .ok_or_else(|| format!("the study has no finding `{}`", request.finding))?;
        let mut found = rows.iter().filter(|row| {
            let values = row.fields();
            let has = |(name, value): (&String, &String)| {
                let at = COLUMNS.iter().position(|(known, _)| known == name);
                at.is_some_and(|at| values[at] == *value)
            };
            request.row.iter().all(has)
        });
        let (Some(row), None) = (found.next(), found.next()) else {
            return Err(format!(
                "no single row of `{}` is what the figure asks for",
                request.finding
            )
            .into());
        };
        let at = COLUMNS.iter().position(|(known, _)| *known == field);
        let value = at.and_then(|at| row.values()[at].as_f64());
        Ok(value.ok_or_else(|| format!("`{field}` of `{}` is undefined", request.finding))?)
    }

    /// A request with every column of a data file put in its place.
    pub(super) fn filled(
        &self,
        mut request: Map<String, Value>,
    ) -> Result<Map<String, Value>, Fault> {
        for value in request.values_mut() {
            if value.get("column").is_some() {
                *value = self.column(value.take())?.into();
            }
        }
        Ok(request)
    }

    fn folder(&self, what: &str) -> Result<PathBuf, Fault> {
        self.data.clone().ok_or_else(|| {
            Fault::NeedsData(format!(
                "skipped: {what} needs data that do not come with the program; name their folder with --data"
            ))
        })
    }

    fn column(&self, request: Value) -> Result<Vec<f64>, Fault> {
        let request: ColumnRequest =
            serde_json::from_value(request).map_err(|fault| fault.to_string())?;
        let path = self.folder(&request.file)?.join(&request.file);
        let bytes = self.world.read(&path).map_err(|error| error.to_string())?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let unreadable = |error: csv::Error| format!("{}: {error}", path.display());
        let header = reader.headers().map_err(unreadable)?.clone();
        let place = |name: &str| {
            let found = header.iter().position(|known| known == name);
            found.ok_or_else(|| format!("{}: no column `{name}`", path.display()))
        };
        let column = place(&request.column)?;
        let by = request.total_by.iter().map(|name| place(name));
        let by: Vec<usize> = by.collect::<Result<_, _>>()?;
        let only = request
            .only
            .iter()
            .map(|(name, value)| Ok((place(name)?, value)));
        let only: Vec<(usize, &String)> = only.collect::<Result<_, String>>()?;
        let key = |record: &StringRecord| {
            by.iter()
                .map(|&at| record[at].to_owned())
                .collect::<Vec<_>>()
        };
        let mut totals: BTreeMap<Vec<String>, f64> = BTreeMap::new();
        let mut rows = Vec::new();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let text = &record[column];
            let number: f64 = text.parse().map_err(|_| {
                let line = record.position().map_or(0, csv::Position::line);
                format!(
                    "{}:{line}: found `{text}` in `{}`",
                    path.display(),
                    request.column
                )
            })?;
            *totals.entry(key(&record)).or_default() += number;
            if only.iter().all(|(at, value)| record[*at] == **value) {
                rows.push((key(&record), number));
            }
        }
        let value =
            |(key, own): &(Vec<String>, f64)| if by.is_empty() { *own } else { totals[key] };
        Ok(rows.iter().map(value).collect())
    }
}

/// Runs a study and keeps what may be shown of it.
fn run(world: &World, path: &Path, root: DataRoot) -> Result<Results, crate::error::Error> {
    let study = Study::read_with_data(world, path, root)?;
    let reading = pipeline::read(&study, world)?;
    let judged = pipeline::judge(&study, world, &reading, Effort::Run)?;
    Ok(judged
        .findings
        .iter()
        .map(|finding| (finding.id.clone(), tidy(finding)))
        .collect())
}
