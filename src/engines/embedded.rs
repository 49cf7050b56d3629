//! The engine inside the binary: what the threads counted becomes tables and the account of every row.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::counting::{Counted, Counting};
use super::tally::Sums;
use crate::cells::{
    Cell, CellTable, GROUP, Groups, Rows, Tabulate, Tabulated, Tabulation, UNKNOWN,
};
use crate::error::{DataFault, Error};
use crate::ingest::{ColumnSource, DataRoot, Joined, Periods, StopsConfig};
use crate::stops::{Contradictions, OFFICER, PLACE, SEARCHED, Screens, SourceLedger};
use crate::warning::Warning;
use crate::world::World;

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
    /// Whether exact duplicates are counted, which costs a pass over a hash of every row.
    pub counts_repeats: bool,
}

impl Tabulate for Embedded<'_> {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        let keys = self.keys(requests);
        let joined = self.read_joined()?;
        let counted = Counting::new(self, &keys, &joined).count()?;
        let files = self.files.iter().cloned();
        let mut ledger = SourceLedger {
            files: files.chain(joined.iter().map(|j| j.input().file)).collect(),
            ..counted.ledger.clone()
        };
        let (contradictions, unclear) = (counted.contradictions, counted.unclear);
        ledger.notes.extend(self.alone(counted.alone));
        ledger.notes.extend(counted.unlisted.note());
        let note = |join: &Joined| join.note(self.smallest_shown);
        ledger.notes.extend(joined.iter().map(note));
        ledger.check()?;
        self.check_unreadable(&mut ledger, counted.first_unreadable().cloned())?;
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
        let screens = &self.with_groups(&keys, &counted);
        ledger.notes.extend(screens.remarks(self.smallest_shown));
        let mut finest: BTreeMap<(&str, Rows), CellTable> = BTreeMap::new();
        for request in requests {
            let of = (request.counts.as_str(), request.of);
            if let Entry::Vacant(slot) = finest.entry(of) {
                slot.insert(self.finest(of, &keys, &counted)?);
            }
        }
        let tables = requests
            .iter()
            .map(|request| self.answer(request, &finest[&(request.counts.as_str(), request.of)]))
            .collect::<Result<_, _>>()?;
        Ok(Tabulated {
            tables,
            seen: vec![(ledger.source.clone(), screens.clone())],
            ledger: vec![ledger],
            inputs: counted
                .inputs
                .into_iter()
                .chain(joined.iter().map(Joined::input))
                .collect(),
            warnings,
            repeats: counted.repeats,
        })
    }
}

impl Embedded<'_> {
    /// The keys by which rows are coded. Whether records of one stop agree must not depend on what is asked, so there all
    /// are taken that the study names.
    fn keys(&self, requests: &[Tabulation]) -> Vec<String> {
        let mut keys = finest_keys(requests);
        if self.config.same_stop.is_some() {
            keys.extend(self.config.keys(self.periods));
            let officer = self.config.column(OFFICER).map(|_| OFFICER.to_owned());
            keys.extend(officer);
            keys.sort();
            keys.dedup();
        }
        keys
    }

    /// Rows in which a column that makes a stop says nothing.
    fn alone(&self, rows: u64) -> Option<String> {
        let shown = match self.smallest_shown {
            0 => crate::number::count(rows),
            _ => "some".into(),
        };
        (rows > 0).then(|| {
            format!("{shown} rows say nothing in a column that makes a stop; each is kept as a stop of its own")
        })
    }

    /// What rows looked like, with the groups of each place.
    fn with_groups(&self, keys: &[String], counted: &Counted) -> Screens {
        let mut screens = counted.screens.clone();
        let at = |key: &str| keys.iter().position(|own| own == key);
        if let (Some(place), Some(group)) = (at(PLACE), at(GROUP)) {
            for (key, sums) in &counted.cells {
                if key[group] != UNKNOWN {
                    screens.add_group(&key[place], &key[group], sums[0]);
                }
            }
        }
        screens
    }

    fn read_joined(&self) -> Result<Vec<Joined>, Error> {
        let joins = self.config.join.iter();
        let asked = || self.config.named_columns();
        joins
            .map(|join| Joined::read(join, asked(), self.world, self.root))
            .collect()
    }

    /// One kind of count by all keys that any request needs.
    fn finest(
        &self,
        (counts, of): (&str, Rows),
        keys: &[String],
        counted: &Counted,
    ) -> Result<CellTable, Error> {
        if counted.overflowed {
            return Err(self.too_many());
        }
        let pick: fn(&Sums) -> (u64, Option<u64>) = match counts {
            rows if rows == self.config.rows_are() => |m| (m[0], None),
            "searches" => |m| (m[2], Some(m[1])),
            "hits" => |m| (m[4], Some(m[3])),
            other => {
                return Err(Error::Internal(format!(
                    "rows of stops have no counts `{other}`"
                )));
            }
        };
        let group_at = keys.iter().position(|key| key == GROUP);
        let is_unknown = |key: &[String]| group_at.is_some_and(|at| key[at] == UNKNOWN);
        let own = counted.cells.iter();
        let own = own.filter(|(key, _)| is_unknown(key) == (of == Rows::Unknown));
        let cells = own.map(|(key, sums)| {
            let (events, trials) = pick(sums);
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
        Ok(if has_group && request.of == Rows::Known {
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
        let own = ledger.dropped.iter().zip(&self.config.filter);
        let silent = own
            .filter(|(d, filter)| d.rows == 0 && !filter.brought)
            .map(|(d, _)| Warning::FilterNeverFired {
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
