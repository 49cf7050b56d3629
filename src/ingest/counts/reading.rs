//! Reads the file of a `[[counts]]` table.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use csv::ByteRecord;

use super::super::at::At;
use super::super::csv_file::{CsvFile, quoted_or_blank};
use super::super::key_column::BoundKey;
use super::super::periods::Periods;
use super::super::row_filter::CompiledFilter;
use super::super::sniff::is_total_word;
use super::columns::{BoundCounts, Columns, Counted};
use super::config::CountsConfig;
use super::{PublishedCounts, UnlistedCodes, group_of};
use crate::cells::{Cell, CellTable, GROUP, Groups, UNKNOWN, UnknownRule};
use crate::error::{DataFault, Error};
use crate::stops::{Dropped, SourceLedger, UNKNOWN_GROUP, YEAR};
use crate::world::World;

const COUNTED_AGAIN: &str = "each cell stands once: remove one, add the key that tells the rows apart to `keys`, or add the rows up over that column with sum_over = [\"column\"]";

/// Rows are left out by these rules after the study's own.
const RULES: [&str; 2] = [UNKNOWN_GROUP, "year in no period of the study"];
const BY_CODES: &str = "left out by `codes`";
const NO_LINE: &str = "line that is not asked for";

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
    let layout = config.layout.clone().unwrap_or_default();
    let mut file = CsvFile::open(world, path, &layout)?;
    let columns = Columns::find(config, &file, &outcome, groups)?;
    let mut reading = Reading::new(config, groups, periods, &columns);
    let filters = config
        .filter
        .iter()
        .map(|filter| CompiledFilter::new(filter, &file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        reading.row(&at, &record, &columns, &filters)?;
    }
    let totals = reading.totals_note(&outcome.keys);
    reading.ledger.notes.extend(totals);
    let sums = reading.sums_note();
    reading.ledger.notes.extend(sums);
    reading.ledger.notes.extend(file.note());
    let input = file.finish(config.file.get_ref(), format!("counts {}", outcome.name))?;
    reading.close_forms(path)?;
    let Reading {
        cells,
        mut ledger,
        unlisted,
        ..
    } = reading;
    ledger.notes.extend(unlisted.note());
    ledger
        .notes
        .extend(super::super::summed_note(&config.sum_over));
    ledger.notes.extend(columns.unused);
    ledger.rows_in = input.rows.unwrap_or_default();
    ledger.check()?;
    let at = outcome.keys.iter().position(|key| key == GROUP);
    let is_unknown = |cell: &Cell| at.is_some_and(|at| cell.key[at] == UNKNOWN);
    let (unknown, known): (Vec<Cell>, Vec<Cell>) = cells.into_iter().partition(is_unknown);
    let table = |cells: Vec<Cell>| {
        CellTable::new(outcome.keys.clone(), cells).ok_or_else(|| too_large(path))
    };
    let (table, unknown) = (table(known)?, table(unknown)?);
    let warnings = super::super::silent_filters(&ledger, config.filter.len());
    Ok(PublishedCounts {
        outcome,
        table,
        unknown,
        ledger,
        input,
        warnings,
    })
}

fn too_large(path: &Path) -> DataFault {
    DataFault::new(
        path,
        "the counts add up to more than the largest integer",
        "look for a number with too many digits",
    )
}

/// What the lines of a form give for one cell.
#[derive(Default)]
struct Form {
    events: u64,
    trials: u64,
    found: BTreeSet<String>,
    line: u64,
}

struct Reading<'a> {
    config: &'a CountsConfig,
    groups: &'a Groups,
    periods: &'a Periods,
    derives_period: bool,
    cells: Vec<Cell>,
    forms: BTreeMap<Vec<String>, Form>,
    first_line: BTreeMap<Vec<String>, u64>,
    ledger: SourceLedger,
    unlisted: UnlistedCodes,
    /// Codes of no listed group that look like the sum of all.
    sums: BTreeSet<String>,
}

/// What the group of a row turned out to be.
enum Grouped {
    Known(String),
    /// To be counted as of unknown group, with its code as it is written.
    Unknown(String),
    /// The rule that leaves the row out.
    Left(&'static str),
}

impl<'a> Reading<'a> {
    fn new(
        config: &'a CountsConfig,
        groups: &'a Groups,
        periods: &'a Periods,
        columns: &Columns<'_>,
    ) -> Self {
        let derives_period = config.key(YEAR).is_some() && !periods.is_empty();
        let own = config.filter.iter().map(|filter| filter.drop.clone());
        let mut rules: Vec<String> = own.chain(RULES.map(str::to_owned)).collect();
        if config.has_codes() {
            rules.push(BY_CODES.into());
        }
        if columns.lines.is_some() {
            rules.push(NO_LINE.into());
        }
        let ledger = SourceLedger {
            source: config.name.get_ref().clone(),
            files: vec![config.file.get_ref().clone()],
            dropped: rules
                .into_iter()
                .map(|rule| Dropped { rule, rows: 0 })
                .collect(),
            ..SourceLedger::default()
        };
        Self {
            config,
            groups,
            periods,
            derives_period,
            cells: Vec::new(),
            forms: BTreeMap::new(),
            first_line: BTreeMap::new(),
            ledger,
            unlisted: UnlistedCodes::default(),
            sums: BTreeSet::new(),
        }
    }

    fn drop(&mut self, rule: &str) {
        self.ledger.drop_row(rule, self.config.filter.len());
    }

    /// A remark on values that look like sums of the others: their events would count twice.
    fn totals_note(&self, keys: &[String]) -> Option<String> {
        let mut found = match self.groups.unknown {
            UnknownRule::Other => self.sums.clone(),
            _ => BTreeSet::new(),
        };
        for cell in &self.cells {
            for (key, value) in keys.iter().zip(&cell.key) {
                if is_total_word(value) {
                    found.insert(format!("`{value}` of `{key}`"));
                }
            }
        }
        (!found.is_empty()).then(|| {
            let found: Vec<String> = found.into_iter().collect();
            format!(
                "{} looks like the sum of the others: if it is, its events count twice wherever they are added up; leave it out with a filter",
                found.join(", ")
            )
        })
    }

    /// A remark on sums that would otherwise stand among the unknown.
    fn sums_note(&self) -> Option<String> {
        let is_left = self.groups.counts_unknown && self.groups.unknown == UnknownRule::Missing;
        (is_left && !self.sums.is_empty()).then(|| {
            let found: Vec<&str> = self.sums.iter().map(String::as_str).collect();
            format!(
                "{} looks like the sum of the others: it is left out, and not counted as of unknown group",
                found.join(", ")
            )
        })
    }

    fn row(
        &mut self,
        at: &At<'_>,
        record: &ByteRecord,
        columns: &Columns<'_>,
        filters: &[CompiledFilter<'_>],
    ) -> Result<(), Error> {
        for (i, filter) in filters.iter().enumerate() {
            if filter.drops(at, record)? {
                self.ledger.dropped[i].rows += 1;
                return Ok(());
            }
        }
        let line = match &columns.lines {
            None => None,
            Some((column, lines)) => {
                let line = at.text(record, *column)?.trim();
                if !lines
                    .events
                    .iter()
                    .chain(&lines.trials)
                    .any(|asked| asked == line)
                {
                    self.drop(NO_LINE);
                    return Ok(());
                }
                Some(line)
            }
        };
        let mut unknown = None;
        let group = match &columns.counted {
            Counted::Groups(_) => None,
            Counted::Row(column, ..) => match self.group(at, record, column)? {
                Grouped::Known(group) => Some(group),
                Grouped::Unknown(code) => {
                    unknown = Some(code);
                    Some(UNKNOWN.to_owned())
                }
                Grouped::Left(rule) => {
                    self.drop(rule);
                    return Ok(());
                }
            },
        };
        let is_unknown = unknown.is_some();
        let apart = (line, unknown.as_deref());
        let mut values = Vec::with_capacity(columns.keys.len());
        let mut period = None;
        for (name, column) in &columns.keys {
            let raw = column.value(at, record)?;
            let codes = self.config.codes(name);
            let Some(value) = column.decoded(name, raw, codes, at)? else {
                self.drop(if is_unknown { RULES[0] } else { BY_CODES });
                return Ok(());
            };
            values.push(if name == YEAR {
                let year = year_of(at, column.column(), &value)?;
                period = self.periods.of_year(year);
                year.to_string()
            } else {
                value
            });
        }
        if self.derives_period && period.is_none() {
            self.drop(RULES[if is_unknown { 0 } else { 1 }]);
            return Ok(());
        }
        let period = period.filter(|_| self.derives_period);
        let place = (at, record, columns);
        match &columns.counted {
            Counted::Groups(groups) => {
                for (group, bound) in groups {
                    let counts = self.of_group(at, record, bound)?;
                    let key = columns.cell(&values, group, period.as_ref());
                    self.keep(place, key, apart, counts)?;
                }
            }
            Counted::Row(_, events, trials) => {
                let trials = trials.map(|column| at.count(record, column));
                let counts = (at.count(record, *events)?, trials.transpose()?, *events);
                let key = columns.cell(&values, &group.unwrap_or_default(), period.as_ref());
                self.keep(place, key, apart, counts)?;
            }
        }
        if is_unknown {
            self.drop(RULES[0]);
        } else {
            self.ledger.rows_kept += 1;
        }
        Ok(())
    }

    /// The group of a row, or why it has none. A sum of all groups is nobody of unknown group.
    fn group(
        &mut self,
        at: &At<'_>,
        record: &ByteRecord,
        column: &BoundKey<'_>,
    ) -> Result<Grouped, Error> {
        let raw = column.value(at, record)?;
        let own = self.config.codes(GROUP).and_then(|codes| codes.get(&raw));
        let word = match own {
            Some(word) if !self.groups.codes.contains_key(&raw) => word.as_str(),
            _ => raw.as_str(),
        };
        if own.is_some() && word.is_empty() {
            return Ok(Grouped::Left(BY_CODES));
        }
        let group = group_of(self.groups, at, word, Some(column.column()))?;
        let bare = word.trim();
        let is_listed = [word, bare]
            .iter()
            .any(|w| self.groups.codes.contains_key(*w));
        let is_sum = group != Some(bare) && !is_listed && is_total_word(word);
        if is_sum {
            self.sums.insert(format!("`{bare}` of `{GROUP}`"));
        }
        Ok(match group {
            Some(group) => Grouped::Known(group.to_owned()),
            None => {
                self.unlisted.add(&raw);
                if is_sum || !self.groups.counts_unknown {
                    Grouped::Left(RULES[0])
                } else {
                    // Left out all the same, and counted beside the others.
                    let code = raw.trim();
                    Grouped::Unknown(if code.is_empty() { "a blank" } else { code }.into())
                }
            }
        })
    }

    /// Events, trials and the column that a fault of them names.
    fn of_group(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        bound: &BoundCounts,
    ) -> Result<Counts, Error> {
        match bound {
            BoundCounts::Sums(events, trials) => {
                let sum = |columns: &[usize]| {
                    let mut sum = 0_u64;
                    for &column in columns {
                        let more = at.count(record, column)?;
                        sum = sum.checked_add(more).ok_or_else(|| {
                            at.fault_in(
                                column,
                                "the columns add up to more than the largest integer",
                                "look for a number with too many digits",
                            )
                        })?;
                    }
                    Ok::<_, Error>(sum)
                };
                let trials = (!trials.is_empty()).then(|| sum(trials)).transpose()?;
                Ok((sum(events)?, trials, events[0]))
            }
            BoundCounts::Fraction(column) => {
                let text = at.text(record, *column)?;
                let Some((events, trials)) = text.split_once('/') else {
                    let hint = "both counts stand in this column: 1792/39207";
                    return Err(at
                        .fault_in(*column, format!("found {}", quoted_or_blank(text)), hint)
                        .into());
                };
                let part = |text: &str| at.count_of(*column, text);
                Ok((part(events)?, Some(part(trials)?), *column))
            }
        }
    }

    fn keep(
        &mut self,
        (at, record, columns): (&At<'_>, &ByteRecord, &Columns<'_>),
        key: Vec<String>,
        (line, unknown): (Option<&str>, Option<&str>),
        (events, trials, column): Counts,
    ) -> Result<(), Error> {
        if let Some(trials) = trials
            && events > trials
        {
            let message =
                format!("found {events}, above the {trials} that they are counted out of");
            return Err(at
                .fault_in(
                    column,
                    message,
                    "events are a part of trials: look for exchanged columns",
                )
                .into());
        }
        let mut row = key.clone();
        // Several codes may be of unknown group, and each of them stands once.
        row.extend(unknown.into_iter().chain(line).map(str::to_owned));
        for &column in &columns.sum_over {
            row.push(at.text(record, column)?.trim().to_owned());
        }
        super::super::once(&mut self.first_line, row, at, COUNTED_AGAIN)?;
        let (Some(line), Some((_, lines))) = (line, &columns.lines) else {
            self.cells.push(Cell {
                key,
                events,
                trials,
            });
            return Ok(());
        };
        let form = self.forms.entry(key).or_default();
        let add = |sum: u64, is_asked: bool| {
            if is_asked {
                sum.checked_add(events)
            } else {
                Some(sum)
            }
        };
        let sums = (
            add(form.events, lines.events.iter().any(|asked| asked == line)),
            add(form.trials, lines.trials.iter().any(|asked| asked == line)),
        );
        let (Some(events), Some(trials)) = sums else {
            return Err(at
                .fault(
                    "the lines add up to more than the largest integer",
                    "look for a number with too many digits",
                )
                .into());
        };
        *form = Form {
            events,
            trials,
            found: std::mem::take(&mut form.found),
            line: if form.line == 0 { at.line() } else { form.line },
        };
        form.found.insert(line.to_owned());
        Ok(())
    }

    /// Cells of a form that has all its lines.
    fn close_forms(&mut self, path: &Path) -> Result<(), Error> {
        let Some(lines) = &self.config.lines else {
            return Ok(());
        };
        let lines = lines.get_ref();
        for (key, form) in std::mem::take(&mut self.forms) {
            let lost = lines
                .events
                .iter()
                .chain(&lines.trials)
                .find(|line| !form.found.contains(*line));
            if let Some(lost) = lost {
                let message = format!("{} has no line `{lost}`", key.join(" / "));
                return Err(DataFault::new(
                    path,
                    message,
                    "a sum that lacks a line would be too small: add it, or take it out of `lines`",
                )
                .at_line(form.line)
                .in_column(lines.column.as_str())
                .into());
            }
            let trials = (!lines.trials.is_empty()).then_some(form.trials);
            if trials.is_some_and(|trials| form.events > trials) {
                let message = format!(
                    "{}: {} events, above the {} that they are counted out of",
                    key.join(" / "),
                    form.events,
                    form.trials
                );
                return Err(DataFault::new(path, message, "`trials` lists every line that an event may come from, those of `events` among them")
                    .at_line(form.line)
                    .into());
            }
            self.cells.push(Cell {
                key,
                events: form.events,
                trials,
            });
        }
        Ok(())
    }
}

/// Events, what they are counted out of, and the column that a fault of them names.
type Counts = (u64, Option<u64>, usize);

fn year_of(at: &At<'_>, column: usize, text: &str) -> Result<i16, Error> {
    let year = text
        .trim()
        .parse()
        .map_err(|_| at.fault_in(column, format!("found `{text}`"), "a year has four digits"))?;
    Ok(year)
}
