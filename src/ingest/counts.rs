//! Published totals: counts that enter at the waist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::ByteRecord;
use serde::Deserialize;
use toml::Spanned;

use super::at::At;
use super::csv_file::CsvFile;
use super::layout::Layout;
use super::periods::Periods;
use super::row_filter::{CompiledFilter, RowFilter};
use crate::cells::{Absent, Cell, CellTable, Coded, GROUP, Groups, Outcome};
use crate::error::{DataFault, Error, nearest_hint};
use crate::stops::{Dropped, Input, PERIOD, SourceLedger, YEAR};
use crate::warning::Warning;
use crate::world::World;

/// A `[[counts]]` table of the study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountsConfig {
    /// The name by which analyses ask for these counts; also what the events are called.
    pub name: Spanned<String>,
    /// The CSV file, relative to the study.
    pub file: Spanned<String>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// Key to column. `group` is required; `place`, `program`, `year` and `state` are known to the analyses.
    pub keys: Spanned<BTreeMap<String, Spanned<String>>>,
    /// Columns over whose values the rows of a cell are added up; each cell stands once for each of them.
    #[serde(default)]
    pub sum_over: Vec<Spanned<String>>,
    /// The column of events.
    pub events: Spanned<String>,
    /// What kind of number the events are.
    #[serde(default)]
    pub events_are: EventsAre,
    /// The column of what the events are counted out of.
    pub trials: Option<Spanned<String>>,
    /// Years that the counts cover, for rates per year.
    pub years: Option<Spanned<f64>>,
    /// The unit of a count; `stop` unless said otherwise.
    pub unit: Option<String>,
    /// A note printed with the numbers.
    pub note: Option<String>,
    /// Cautions printed beside every number made from these counts.
    #[serde(default)]
    pub cautions: Vec<String>,
    /// Rows to leave out, each with a line in the ledger.
    #[serde(default)]
    pub filter: Vec<RowFilter>,
}

/// What kind of number the events are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventsAre {
    /// Events that happened and were counted.
    #[default]
    Counts,
    /// A yearly average, rounded: rates and ratios only.
    AnnualAverage,
}

const COUNTED_AGAIN: &str = "each cell stands once: remove one, add the key that tells the rows apart to `keys`, or add the rows up over that column with sum_over = [\"column\"]";

/// Published counts, read and checked.
#[derive(Debug)]
pub struct PublishedCounts {
    /// What they are about.
    pub outcome: Outcome,
    /// The counts by cell.
    pub table: CellTable,
    /// Where the rows went.
    pub ledger: SourceLedger,
    /// The file.
    pub input: Input,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

impl CountsConfig {
    /// What these counts are about, as far as the study says; nothing is read.
    ///
    /// # Errors
    /// No `group` key; a number of years that is not above zero.
    pub fn outcome(&self, periods: &Periods) -> Result<Outcome, Error> {
        if !self.keys.get_ref().contains_key(GROUP) {
            return Err(Error::study(
                self.keys.span(),
                "`keys` names no column for `group`",
                "add group = \"the column of race or ethnicity\"",
            ));
        }
        let used = [&self.events].into_iter().chain(&self.trials);
        super::check_summed(&self.sum_over, self.keys.get_ref().values().chain(used))?;
        if let (EventsAre::AnnualAverage, Some(column)) = (self.events_are, self.sum_over.first()) {
            return Err(Error::study(
                column.span(),
                "annual averages of rows that are added up",
                "name counts of events, or add the averages up before if they are of the same years",
            ));
        }
        super::check_years(self.years.as_ref())?;
        let mut keys: Vec<String> = self.keys.get_ref().keys().cloned().collect();
        if keys.iter().any(|key| key == YEAR) && !periods.is_empty() {
            if let Some(column) = self.keys.get_ref().get(PERIOD) {
                return Err(Error::study(
                    column.span(),
                    "`period` is made from `year`, and named here as a column",
                    "take `period` out of `keys`, or `year`, or the study's [periods]",
                ));
            }
            keys.push(PERIOD.to_owned());
        }
        if let (Some(years), Some(_)) = (&self.years, self.keys.get_ref().get(YEAR)) {
            return Err(Error::study(
                years.span(),
                "each row of these counts is one year, so `years` says nothing",
                "take `years` out, or the key `year`",
            ));
        }
        let annual_average = self.events_are == EventsAre::AnnualAverage;
        if annual_average {
            self.check_average()?;
        }
        Ok(Outcome {
            name: self.name.get_ref().clone(),
            events: self.name.get_ref().clone(),
            trials: self.trials.as_ref().map(|t| t.get_ref().clone()),
            unit: self.unit.clone().unwrap_or_else(|| "stop".into()),
            annual_average,
            years: if annual_average {
                Some(1.0)
            } else {
                self.years.as_ref().map(|y| *y.get_ref())
            },
            note: self.note.clone(),
            cautions: self.cautions.clone(),
            keys,
            by_officer: false,
            absent: Absent::Unknown,
            files: vec![self.file.get_ref().clone()],
        })
    }
}

impl CountsConfig {
    /// An average over years stands for one year, and is no part of anything that was counted.
    fn check_average(&self) -> Result<(), Error> {
        let refuse = |span, message: &str, hint: &str| Err(Error::study(span, message, hint));
        if let Some(years) = &self.years {
            let message = "an annual average covers one year, so `years` says nothing here";
            return refuse(
                years.span(),
                message,
                "take `years` out, or write events_are = \"counts\" for a total over these years",
            );
        }
        if let Some(trials) = &self.trials {
            let message = "an annual average is no count, so it has no `trials` to be a part of";
            return refuse(
                trials.span(),
                message,
                "give the counts of the whole period with events_are = \"counts\"",
            );
        }
        if let Some(year) = self.keys.get_ref().get(YEAR) {
            let message =
                "an annual average is one number for all years, and here it has a key `year`";
            return refuse(
                year.span(),
                message,
                "take `year` out of `keys`, or write events_are = \"counts\" for counts of each year",
            );
        }
        Ok(())
    }
}

/// Reads a table of published counts.
///
/// # Errors
/// Anything in the file that is not as the study says, with its line; the same cell twice; events above trials.
pub fn read_counts(
    world: &World,
    path: &Path,
    config: &CountsConfig,
    groups: &Groups,
    periods: &Periods,
) -> Result<PublishedCounts, Error> {
    let outcome = config.outcome(periods)?;
    let mut file = CsvFile::open(world, path, &config.layout)?;
    let columns = Columns::find(config, &file, &outcome)?;
    let mut reading = Reading::new(config, groups, periods);
    let filters = config
        .filter
        .iter()
        .map(|filter| CompiledFilter::new(filter, &file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        reading.row(&at, &record, &columns, &filters)?;
    }
    reading.ledger.notes.extend(file.note());
    let input = file.finish(config.file.get_ref(), format!("counts {}", outcome.name))?;
    let Reading {
        cells,
        mut ledger,
        unlisted,
        warnings,
        ..
    } = reading;
    ledger.notes.extend(unlisted.note());
    ledger.notes.extend(super::summed_note(&config.sum_over));
    ledger.rows_in = input.rows.unwrap_or_default();
    ledger.check()?;
    let table = CellTable::new(outcome.keys.clone(), cells).ok_or_else(|| {
        DataFault::new(
            path,
            "the counts add up to more than the largest integer",
            "look for a number with too many digits",
        )
    })?;
    let mut warnings = warnings;
    warnings.extend(
        ledger
            .dropped
            .iter()
            .take(config.filter.len())
            .filter(|d| d.rows == 0)
            .map(|d| Warning::FilterNeverFired {
                source: ledger.source.clone(),
                rule: d.rule.clone(),
            }),
    );
    Ok(PublishedCounts {
        outcome,
        table,
        ledger,
        input,
        warnings,
    })
}

struct Columns {
    keys: Vec<(String, usize)>,
    sum_over: Vec<usize>,
    group: usize,
    events: usize,
    trials: Option<usize>,
}

impl Columns {
    fn find(config: &CountsConfig, file: &CsvFile, outcome: &Outcome) -> Result<Self, Error> {
        let raw = outcome
            .keys
            .iter()
            .filter_map(|key| config.keys.get_ref().get(key).map(|column| (key, column)));
        let keys = raw
            .map(|(key, column)| Ok((key.clone(), file.column(column.get_ref())?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let group = keys
            .iter()
            .find(|(key, _)| key == GROUP)
            .map(|(_, at)| *at)
            .expect("`outcome` has refused keys without a group");
        let trials = config
            .trials
            .as_ref()
            .map(|column| file.column(column.get_ref()))
            .transpose()?;
        let sum_over = config
            .sum_over
            .iter()
            .map(|column| file.column(column.get_ref()));
        Ok(Self {
            keys,
            sum_over: sum_over.collect::<Result<_, _>>()?,
            group,
            events: file.column(config.events.get_ref())?,
            trials,
        })
    }
}

struct Reading<'a> {
    groups: &'a Groups,
    periods: &'a Periods,
    derives_period: bool,
    cells: Vec<Cell>,
    first_line: BTreeMap<Vec<String>, u64>,
    ledger: SourceLedger,
    unlisted: UnlistedCodes,
    filters: usize,
    warnings: Vec<Warning>,
}

impl<'a> Reading<'a> {
    fn new(config: &CountsConfig, groups: &'a Groups, periods: &'a Periods) -> Self {
        let derives_period = config.keys.get_ref().contains_key(YEAR) && !periods.is_empty();
        let rules = config
            .filter
            .iter()
            .map(|filter| filter.drop.clone())
            .chain([
                "group blank or unlisted".to_owned(),
                "year in no period of the study".to_owned(),
            ]);
        let ledger = SourceLedger {
            source: config.name.get_ref().clone(),
            files: vec![config.file.get_ref().clone()],
            dropped: rules.map(|rule| Dropped { rule, rows: 0 }).collect(),
            ..SourceLedger::default()
        };
        Self {
            groups,
            periods,
            derives_period,
            cells: Vec::new(),
            first_line: BTreeMap::new(),
            ledger,
            unlisted: UnlistedCodes::default(),
            filters: config.filter.len(),
            warnings: Vec::new(),
        }
    }

    fn row(
        &mut self,
        at: &At<'_>,
        record: &ByteRecord,
        columns: &Columns,
        filters: &[CompiledFilter<'_>],
    ) -> Result<(), Error> {
        for (i, filter) in filters.iter().enumerate() {
            if filter.drops(at, record)? {
                self.ledger.dropped[i].rows += 1;
                return Ok(());
            }
        }
        let raw = at.text(record, columns.group)?;
        let Some(group) = group_of(self.groups, at, raw, Some(columns.group))? else {
            self.unlisted.add(raw);
            self.ledger.dropped[self.filters].rows += 1;
            return Ok(());
        };
        let mut key = Vec::with_capacity(columns.keys.len() + 1);
        let mut period = None;
        for (name, column) in &columns.keys {
            let text = at.text(record, *column)?;
            key.push(match name.as_str() {
                GROUP => group.to_owned(),
                YEAR => {
                    let year = year_of(at, *column, text)?;
                    period = self.periods.of_year(year);
                    year.to_string()
                }
                _ => text.to_owned(),
            });
        }
        if self.derives_period {
            let Some(period) = period else {
                self.ledger.dropped[self.filters + 1].rows += 1;
                return Ok(());
            };
            key.push(period);
        }
        self.keep(at, record, columns, key)
    }

    fn keep(
        &mut self,
        at: &At<'_>,
        record: &ByteRecord,
        columns: &Columns,
        key: Vec<String>,
    ) -> Result<(), Error> {
        let events = at.count(record, columns.events)?;
        let trials = columns
            .trials
            .map(|column| at.count(record, column))
            .transpose()?;
        if let Some(trials) = trials
            && events > trials
        {
            let message =
                format!("found {events}, above the {trials} that they are counted out of");
            return Err(at
                .fault_in(
                    columns.events,
                    message,
                    "events are a part of trials: look for exchanged columns",
                )
                .into());
        }
        let mut row = key.clone();
        for &column in &columns.sum_over {
            row.push(at.text(record, column)?.to_owned());
        }
        super::once(&mut self.first_line, row, at, COUNTED_AGAIN)?;
        self.ledger.rows_kept += 1;
        self.cells.push(Cell {
            key,
            events,
            trials,
        });
        Ok(())
    }
}

fn year_of(at: &At<'_>, column: usize, text: &str) -> Result<i16, Error> {
    let year = text
        .trim()
        .parse()
        .map_err(|_| at.fault_in(column, format!("found `{text}`"), "a year has four digits"))?;
    Ok(year)
}

/// Codes that no group has, as they are spelled, for the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnlistedCodes(BTreeSet<String>);

/// Codes that a remark lists; a file with more is mapped by its wrong column.
const MOST_CODES: usize = 20;

impl UnlistedCodes {
    /// Notes a code down: of many the first in byte order stay, in whatever order they come.
    pub(crate) fn add(&mut self, raw: &str) {
        let is_full = self.0.len() > MOST_CODES;
        let is_late = is_full && self.0.last().is_some_and(|last| raw >= last.as_str());
        if !is_late && !self.0.contains(raw) {
            self.0.insert(raw.to_owned());
            if is_full {
                self.0.pop_last();
            }
        }
    }

    /// What another part of the same source found.
    pub(crate) fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|raw| self.add(raw));
    }

    /// The remark; `None` where every code was listed.
    pub(crate) fn note(&self) -> Option<String> {
        let quoted = |raw: &String| super::quoted_or_blank(raw);
        let shown: Vec<String> = self.0.iter().take(MOST_CODES).map(quoted).collect();
        let more = if self.0.len() > MOST_CODES {
            " and more"
        } else {
            ""
        };
        (!shown.is_empty()).then(|| {
            format!(
                "left out, as no group of the study: {}{more}",
                shown.join(", ")
            )
        })
    }
}

/// The group of a row; `None` when the study leaves rows of unknown group out.
///
/// # Errors
/// A code that the study does not know, when it says that this is an error.
pub(crate) fn group_of<'a>(
    groups: &'a Groups,
    at: &At<'_>,
    raw: &'a str,
    column: Option<usize>,
) -> Result<Option<&'a str>, Error> {
    match groups.classify(raw) {
        Coded::Group(group) => Ok(Some(group)),
        Coded::Missing => Ok(None),
        Coded::Refused => {
            let known = groups.known();
            let words = known.iter().chain(groups.codes.keys()).map(String::as_str);
            let hint = format!(
                "list it in [groups] codes or labels, or say there what an unlisted code means: unknown = \"missing\" or \"other\"; {}",
                nearest_hint(raw, words)
            );
            let message = format!(
                "found {}, which is no group of the study",
                super::quoted_or_blank(raw)
            );
            Err(match column {
                Some(column) => at.fault_in(column, message, hint),
                None => at.fault(message, hint),
            }
            .into())
        }
    }
}
