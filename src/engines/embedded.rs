//! The engine inside the binary: `csv` reads rows, small integers go into columns, Polars counts them batch by batch.
//!
//! A data frame's own reader was measured at twice the processor time and does not know the line of an error. Files
//! are read side by side; the counts do not depend on how many at once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::ByteRecord;
use polars::prelude::{Column, DataFrame, DataType, PolarsError};

use super::coding::{Coder, Flags};
use crate::cells::{Cell, CellTable, GROUP, Groups, Tabulate, Tabulated, Tabulation};
use crate::error::{DataFault, Error};
use crate::ingest::{
    ColumnSource, CsvFile, DataRoot, Joined, Periods, Row, StopsConfig, UnlistedCodes,
};
use crate::stops::{Contradictions, Input, SEARCHED, Screens, SourceLedger};
use crate::warning::Warning;
use crate::world::World;

/// Rows that Polars counts at once; larger batches were measured to be no faster.
const BATCH: usize = 65_536;

/// What is counted of every cell, in this order.
const MEASURES: [&str; 5] = ["rows", "search_known", "searched", "hit_known", "hit"];

/// Counts the rows of a `[[stops]]` table.
#[derive(Debug)]
pub struct Embedded<'a> {
    /// What the columns mean.
    pub config: &'a StopsConfig,
    /// The files.
    pub files: Vec<String>,
    /// Where the files are.
    pub root: &'a DataRoot,
    /// The groups of the study.
    pub groups: &'a Groups,
    /// The periods of the study.
    pub periods: &'a Periods,
    /// Files and threads.
    pub world: &'a World,
    /// The smallest count of persons that a remark may state; smaller ones are only called so.
    pub smallest_shown: u64,
}

/// Values of the keys, and what is counted in [`MEASURES`]' order.
type CountedCell = (Vec<String>, [u64; 5]);

/// Counts by cell at the finest grain that any request needs, and the account of the rows.
struct Counted {
    cells: Vec<CountedCell>,
    ledger: SourceLedger,
    contradictions: Contradictions,
    unclear: [u64; 2],
    unlisted: UnlistedCodes,
    first_unreadable: Option<DataFault>,
    screens: Screens,
    input: Input,
}

impl Tabulate for Embedded<'_> {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        let keys = finest_keys(requests);
        let joined = self.read_joined()?;
        let parts = self.count_files(&keys, &joined)?;
        let files = self.files.iter().cloned();
        let mut ledger = SourceLedger {
            files: files.chain(joined.iter().map(|j| j.input().file)).collect(),
            ..parts[0].ledger.clone()
        };
        let (mut contradictions, mut unclear) = (parts[0].contradictions, parts[0].unclear);
        for part in &parts[1..] {
            ledger.add(&part.ledger);
            contradictions.add(part.contradictions);
            unclear = [unclear[0] + part.unclear[0], unclear[1] + part.unclear[1]];
        }
        let mut unlisted = UnlistedCodes::default();
        parts.iter().for_each(|part| unlisted.join(&part.unlisted));
        ledger.notes.extend(unlisted.note());
        let note = |join: &Joined| join.note(self.smallest_shown);
        ledger.notes.extend(joined.iter().map(note));
        ledger.check()?;
        let unread = parts.iter().find_map(|part| part.first_unreadable.clone());
        self.check_unreadable(&mut ledger, unread)?;
        if ledger.rows_kept == 0 {
            return Err(self.nothing_kept(&ledger));
        }
        if self.config.column(SEARCHED).is_some() && unclear[0] == ledger.rows_kept {
            return Err(self.nothing_known());
        }
        let warnings = self.warnings(&ledger, contradictions);
        describe_unclear(
            &mut ledger,
            contradictions.hit_without_search,
            (unclear, self.smallest_shown),
        );
        let mut screens = Screens::default();
        parts.iter().for_each(|part| screens.join(&part.screens));
        ledger.notes.extend(screens.remarks(self.smallest_shown));
        let mut finest: BTreeMap<&str, CellTable> = BTreeMap::new();
        for request in requests {
            let name = request.counts.as_str();
            if !finest.contains_key(name) {
                finest.insert(name, self.finest(name, &keys, &parts)?);
            }
        }
        let tables = requests
            .iter()
            .map(|request| self.answer(request, &finest[request.counts.as_str()]))
            .collect::<Result<_, _>>()?;
        Ok(Tabulated {
            tables,
            seen: vec![(ledger.source.clone(), screens)],
            ledger: vec![ledger],
            inputs: parts
                .into_iter()
                .map(|part| part.input)
                .chain(joined.iter().map(Joined::input))
                .collect(),
            warnings,
        })
    }
}

impl Embedded<'_> {
    fn read_joined(&self) -> Result<Vec<Joined>, Error> {
        let joins = self.config.join.iter();
        let asked = || self.config.named_columns();
        joins
            .map(|join| Joined::read(join, asked(), self.world, self.root))
            .collect()
    }

    fn count_files(&self, keys: &[String], joined: &[Joined]) -> Result<Vec<Counted>, Error> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = self.files.get(i) else {
                    return done;
                };
                done.push((i, self.count_file(file, keys, joined)));
            }
        };
        let workers = self.world.threads().min(self.files.len());
        let mut results = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
            handles
                .into_iter()
                .flat_map(|handle| handle.join().expect("counting does not panic"))
                .collect::<Vec<_>>()
        });
        results.sort_by_key(|(i, _)| *i);
        results.into_iter().map(|(_, counted)| counted).collect()
    }

    fn count_file(
        &self,
        shown_as: &str,
        keys: &[String],
        joined: &[Joined],
    ) -> Result<Counted, Error> {
        let path: PathBuf = self.root.locate(shown_as);
        let mut file = CsvFile::open(self.world, &path, &self.config.layout)?;
        let mut joins = Vec::with_capacity(joined.len());
        for join in joined {
            joins.push((join, join.bind(&file)?));
            file.widen(join.columns());
        }
        let mut join_key = Vec::new();
        let mut coder = Coder::new(self.config, &file, keys, (self.groups, self.periods))?;
        let mut batch = Batch::new(keys.len());
        let mut total: Option<DataFrame> = None;
        let (mut record, mut key) = (ByteRecord::new(), Vec::new());
        loop {
            let at = match file.next_or_fault(&mut record)? {
                Row::End => break,
                Row::Row(at) => at,
                Row::Unreadable(fault) => {
                    coder.unread(fault)?;
                    continue;
                }
            };
            for (join, on) in &joins {
                join.widen(&mut record, on, &mut join_key);
            }
            if let Some(flags) = coder.row(&at, &record, &mut key)? {
                batch.push(&key, flags);
            }
            if batch.rows == BATCH {
                self.world.watcher().rows(BATCH as u64);
                total = Some(add_up(total, &mut batch).map_err(|e| polars_failed(&e))?);
            }
        }
        let total = add_up(total, &mut batch).map_err(|e| polars_failed(&e))?;
        let cells = read_cells(&total, &coder).map_err(|e| polars_failed(&e))?;
        let left_out = file.note().map(|note| format!("{shown_as}: {note}"));
        coder.ledger.notes.extend(left_out);
        let input = file.finish(shown_as, self.config.rows_are().into())?;
        Ok(Counted {
            screens: coder.take_screens(),
            cells,
            unclear: coder.unclear(),
            unlisted: coder.unlisted,
            first_unreadable: coder.first_unreadable,
            ledger: coder.ledger,
            contradictions: coder.contradictions,
            input,
        })
    }

    /// One kind of count by all keys that any request needs.
    fn finest(&self, counts: &str, keys: &[String], parts: &[Counted]) -> Result<CellTable, Error> {
        let pick: fn(&[u64; 5]) -> (u64, Option<u64>) = match counts {
            rows if rows == self.config.rows_are() => |m| (m[0], None),
            "searches" => |m| (m[2], Some(m[1])),
            "hits" => |m| (m[4], Some(m[3])),
            other => {
                return Err(Error::Internal(format!(
                    "rows of stops have no counts `{other}`"
                )));
            }
        };
        let cells = parts
            .iter()
            .flat_map(|part| &part.cells)
            .map(|(key, measures)| {
                let (events, trials) = pick(measures);
                Cell {
                    key: key.clone(),
                    events,
                    trials,
                }
            });
        CellTable::new(keys.to_vec(), cells).ok_or_else(|| self.too_many())
    }

    fn too_many(&self) -> Error {
        let first = self.files.first();
        DataFault::new(
            &self.root.locate(first.map_or("", String::as_str)),
            "the rows add up to more than the largest integer",
            "divide the files among several studies",
        )
        .into()
    }

    fn answer(&self, request: &Tabulation, finest: &CellTable) -> Result<CellTable, Error> {
        let table = finest
            .roll_up(&request.by, &request.only)
            .ok_or_else(|| self.too_many())?;
        let has_group = request.by.iter().any(|key| key == GROUP);
        Ok(if has_group {
            table.with_zeros(&self.groups.known())
        } else {
            table
        })
    }

    /// Rows that cannot be read stand in the account, up to the share that the study tolerates.
    fn check_unreadable(
        &self,
        ledger: &mut SourceLedger,
        first: Option<DataFault>,
    ) -> Result<(), Error> {
        let (Some(fault), Some(share)) = (first, &self.config.tolerated_unreadable) else {
            return Ok(());
        };
        let unread = ledger.dropped[self.config.filter.len()].rows;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a share of rows does not depend on the sixteenth digit"
        )]
        let found = unread as f64 / ledger.rows_in as f64;
        if found > *share.get_ref() {
            let mut fault = fault;
            fault.hint = format!(
                "{} of {} rows cannot be read, a share of {found:.6}, and the study tolerates {}; this is the first: {}",
                crate::number::count(unread),
                crate::number::count(ledger.rows_in),
                share.get_ref(),
                fault.hint
            );
            return Err(fault.into());
        }
        // The value itself is not printed: it may be a name.
        let place = fault
            .line
            .map_or(String::new(), |line| format!(", line {line}"));
        let column = fault
            .column
            .map_or(String::new(), |c| format!(", column `{c}`"));
        let file = fault
            .file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        ledger.notes.push(format!(
            "the first row that cannot be read: {file}{place}{column}"
        ));
        Ok(())
    }

    /// Rules that drop every row are a fault of the rules.
    fn nothing_kept(&self, ledger: &SourceLedger) -> Error {
        let first = self.files.first();
        let fired: Vec<&str> = ledger
            .dropped
            .iter()
            .filter(|dropped| dropped.rows > 0)
            .map(|dropped| dropped.rule.as_str())
            .collect();
        DataFault::new(
            &self.root.locate(first.map_or("", String::as_str)),
            format!("no row is left of {}", crate::number::count(ledger.rows_in)),
            format!(
                "every row was dropped by a rule: {}; {}",
                fired.join(", "),
                ledger.notes.join("; ")
            ),
        )
        .into()
    }

    /// Not one row says whether there was a search: the words of the study are not those of the file.
    fn nothing_known(&self) -> Error {
        let words = |list: &[String]| {
            let quoted: Vec<String> = list.iter().map(|word| format!("`{word}`")).collect();
            quoted.join(", ")
        };
        let outcomes = self.config.yes_and_no();
        let column = self.config.column(SEARCHED).map(ColumnSource::described);
        DataFault::new(
            &self.root.locate(self.files.first().map_or("", String::as_str)),
            "no row says whether there was a search",
            format!(
                "the study takes {} for yes and {} for no: list the words of the file in [stops.outcomes]",
                words(&outcomes.yes),
                words(&outcomes.no)
            ),
        )
        .in_column(column.unwrap_or_default())
        .into()
    }

    fn warnings(&self, ledger: &SourceLedger, contradictions: Contradictions) -> Vec<Warning> {
        let own = ledger.dropped.iter().take(self.config.filter.len());
        let silent = own
            .filter(|d| d.rows == 0)
            .map(|d| Warning::FilterNeverFired {
                source: ledger.source.clone(),
                rule: d.rule.clone(),
            });
        let hits = contradictions.hit_without_search;
        silent
            .chain((hits > 0).then_some(Warning::HitWithoutSearch {
                rows: rows_shown(hits, self.smallest_shown),
            }))
            .collect()
    }
}

/// A number of rows as a remark may state it.
fn rows_shown(rows: u64, smallest_shown: u64) -> String {
    if rows < smallest_shown {
        format!("fewer than {smallest_shown}")
    } else {
        crate::number::count(rows)
    }
}

fn describe_unclear(
    ledger: &mut SourceLedger,
    hits_without_search: u64,
    ([searches, hits], smallest_shown): ([u64; 2], u64),
) {
    // How many is the difference of two counts that a finding may withhold, so the public is told that there are some.
    let mut note = |rows: u64, text: &str| {
        if rows > 0 {
            let rows = match smallest_shown {
                0 => crate::number::count(rows),
                _ => "some".into(),
            };
            ledger
                .notes
                .push(format!("{rows} rows kept as stops: {text}"));
        }
    };
    note(
        searches,
        "whether there was a search is not known; left out of search rates",
    );
    note(
        hits,
        "whether the search found something is not known; left out of hit rates",
    );
    note(
        hits_without_search,
        "contraband is recorded and no search; counted neither as a search nor as a hit",
    );
}

/// Every key that any request counts or filters by, in a fixed order.
fn finest_keys(requests: &[Tabulation]) -> Vec<String> {
    let mut keys: Vec<String> = requests
        .iter()
        .flat_map(|r| r.by.iter().cloned().chain(r.only.keys().map(str::to_owned)))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Columns of codes and flags that wait to be counted.
struct Batch {
    keys: Vec<Vec<u32>>,
    flags: [Vec<u64>; 5],
    rows: usize,
}

impl Batch {
    fn new(keys: usize) -> Self {
        Self {
            keys: vec![Vec::with_capacity(BATCH); keys],
            flags: std::array::from_fn(|_| Vec::with_capacity(BATCH)),
            rows: 0,
        }
    }

    fn push(&mut self, key: &[u32], flags: Flags) {
        for (column, code) in self.keys.iter_mut().zip(key) {
            column.push(*code);
        }
        let values = [
            true,
            flags.search_known,
            flags.searched,
            flags.hit_known,
            flags.hit,
        ];
        for (column, value) in self.flags.iter_mut().zip(values) {
            column.push(u64::from(value) * flags.weight);
        }
        self.rows += 1;
    }

    fn take(&mut self) -> Result<DataFrame, PolarsError> {
        let rows = std::mem::take(&mut self.rows);
        let keys = self
            .keys
            .iter_mut()
            .enumerate()
            .map(|(i, column)| Column::new(key_name(i).into(), std::mem::take(column)));
        let flags = self
            .flags
            .iter_mut()
            .zip(MEASURES)
            .map(|(column, name)| Column::new(name.into(), std::mem::take(column)));
        DataFrame::new(rows, keys.chain(flags).collect())
    }
}

fn key_name(i: usize) -> String {
    format!("key{i}")
}

fn add_up(total: Option<DataFrame>, batch: &mut Batch) -> Result<DataFrame, PolarsError> {
    let keys: Vec<String> = (0..batch.keys.len()).map(key_name).collect();
    let counted = sums(&batch.take()?, &keys)?;
    match total {
        None => Ok(counted),
        Some(total) => sums(&total.vstack(&counted)?, &keys),
    }
}

fn sums(frame: &DataFrame, keys: &[String]) -> Result<DataFrame, PolarsError> {
    #[expect(
        deprecated,
        reason = "the eager sum of a group-by has no other form without the lazy engine, which would bring a network client"
    )]
    let mut summed = frame
        .group_by(keys.iter().map(String::as_str))?
        .select(MEASURES)
        .sum()?;
    for measure in MEASURES {
        summed.rename(&format!("{measure}_sum"), measure.into())?;
    }
    Ok(summed)
}

fn read_cells(total: &DataFrame, coder: &Coder<'_>) -> Result<Vec<CountedCell>, PolarsError> {
    let keys = (0..coder.codes.len())
        .map(|i| total.column(&key_name(i))?.u32().cloned())
        .collect::<Result<Vec<_>, _>>()?;
    let measures = MEASURES
        .iter()
        .map(|name| total.column(name)?.cast(&DataType::UInt64)?.u64().cloned())
        .collect::<Result<Vec<_>, _>>()?;
    let whole = "codes and counts are never null";
    Ok((0..total.height())
        .map(|row| {
            let key = keys
                .iter()
                .zip(&coder.codes)
                .map(|(column, codes)| codes.value(column.get(row).expect(whole)).to_owned())
                .collect();
            (
                key,
                std::array::from_fn(|m| measures[m].get(row).expect(whole)),
            )
        })
        .collect())
}

fn polars_failed(error: &PolarsError) -> Error {
    Error::Internal(format!("counting failed: {error}"))
}
