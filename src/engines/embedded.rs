//! The engine inside the binary: what the threads counted becomes tables and the account of every row.

use super::asked::{of_unknown_group, parts_of, pick, says_at};
use super::coded::{Coded, TooMany};
use super::counting::{Counted, Counting};
use super::daylight;
use crate::cells::{CellTable, GROUP, Groups, Rows, Tabulate, Tabulated, Tabulation};
use crate::error::{DataFault, Error};
use crate::ingest::{
    ColumnSource, DataRoot, Joined, Periods, StopsConfig, counts_of_key, says_key,
};
use crate::stops::{
    Contradictions, DATE, LIGHT, MINUTE, NOT_RECORDED, OFFICER, PLACE, SEARCHED, STATE, Screens,
    SourceLedger, SunTable,
};
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
    /// The sun of the places, where the study says where they are.
    pub sun: Option<&'a SunTable>,
    /// Files and threads.
    pub world: &'a World,
    /// The smallest count of persons that a remark may state; smaller ones are only called so.
    pub smallest_shown: u64,
    /// Whether exact duplicates are counted, which costs a pass over a hash of every row.
    pub counts_repeats: bool,
}

impl Tabulate for Embedded<'_> {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        self.can_answer(requests)?;
        let keys = self.keys(requests);
        let joined = self.read_joined()?;
        let counted = Counting::new(self, &keys, &joined).count()?;
        let files = self.files.iter().cloned();
        if counted.overflowed {
            return Err(self.too_many());
        }
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
        let mut warnings = self.warnings(&ledger, contradictions);
        if let Some(sun) = self.sun.filter(|_| asks_for(&keys, LIGHT)) {
            let (unknown, places) = daylight::unknown(sun, &keys, &counted.cells);
            ledger.notes.extend(self.not_lit(unknown));
            warnings.extend((!places.is_empty()).then_some(Warning::NoPoint { places }));
        }
        describe_unclear(
            &mut ledger,
            contradictions.hit_without_search,
            (unclear, self.smallest_shown),
        );
        let screens = &self.with_groups(&keys, &counted);
        ledger.notes.extend(screens.remarks(self.smallest_shown));
        for name in keys.iter().filter_map(|key| counts_of_key(key)) {
            ledger.notes.extend(self.not_said(name, &keys, &counted)?);
        }
        let tables = requests
            .iter()
            .map(|request| self.answer(request, &keys, &counted.cells))
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
    /// Holds the keys of the clock against what the rows and the study say.
    fn can_answer(&self, requests: &[Tabulation]) -> Result<(), Error> {
        let keys = finest_keys(requests, self.config);
        let refused = |key: &str, why: &str| {
            Err(Error::bundle(
                format!(
                    "`{}` cannot be counted by `{key}`: {why}",
                    self.config.rows_are()
                ),
                "map the columns of the date and of the time under [stops.columns], and say where the places are in [daylight]",
            ))
        };
        for key in [DATE, MINUTE, LIGHT] {
            if asks_for(&keys, key) && !self.config.has_clock() {
                return refused(
                    key,
                    "the rows do not name both their date and their time of day",
                );
            }
        }
        if asks_for(&keys, LIGHT) && self.sun.is_none() {
            return refused(LIGHT, "the study does not say where the places are");
        }
        Ok(())
    }

    /// The keys by which rows are coded. Whether records of one stop agree must not depend on what is asked, so there all
    /// are taken that the study names.
    fn keys(&self, requests: &[Tabulation]) -> Vec<String> {
        let mut keys = finest_keys(requests, self.config);
        if let (true, Some(sun)) = (asks_for(&keys, LIGHT), self.sun) {
            let needed = [(sun.by_place(), PLACE), (sun.by_state(), STATE)];
            keys.extend(
                needed
                    .iter()
                    .filter(|(is, _)| *is)
                    .map(|(_, key)| (*key).to_owned()),
            );
            keys.sort();
            keys.dedup();
        }
        if self.config.same_stop.is_some() {
            keys.extend(self.config.keys(self.periods));
            let officer = self.config.column(OFFICER).map(|_| OFFICER.to_owned());
            keys.extend(officer);
            keys.sort();
            keys.dedup();
        }
        keys
    }

    /// Rows of which it is not known whether it was light.
    fn not_lit(&self, rows: u64) -> Option<String> {
        let shown = some_rows(rows, self.smallest_shown);
        (rows > 0).then(|| {
            format!("{shown} rows are neither light nor dark: no time is recorded, or the place has no point in [daylight]")
        })
    }

    /// Rows in which a column that makes a stop says nothing.
    fn alone(&self, rows: u64) -> Option<String> {
        let shown = some_rows(rows, self.smallest_shown);
        (rows > 0).then(|| {
            format!("{shown} rows say nothing in a column that makes a stop; each is kept as a stop of its own")
        })
    }

    /// What rows looked like, with the groups of each place.
    fn with_groups(&self, keys: &[String], counted: &Counted) -> Screens {
        let mut screens = counted.screens.clone();
        let at = |key: &str| keys.iter().position(|own| own == key);
        if let (Some(place), Some(group)) = (at(PLACE), at(GROUP)) {
            let cells = &counted.cells;
            let is_dropped = of_unknown_group(keys, cells);
            for (codes, sums) in cells.cells().filter(|(codes, _)| !is_dropped(codes)) {
                let name = cells.value(group, codes[group]);
                screens.add_group(cells.value(place, codes[place]), name, sums[0]);
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

    /// What is said of rows of which it is not known whether they count.
    ///
    /// # Errors
    /// It is known of none: the words of the study are not those of the file.
    fn not_said(
        &self,
        name: &str,
        keys: &[String],
        counted: &Counted,
    ) -> Result<Option<String>, Error> {
        let Some(further) = self.config.further(name) else {
            return Ok(None);
        };
        let says = says_at(name, keys)?;
        let (mut known, mut unknown) = (0u64, 0u64);
        let unsaid = counted.cells.code(says, NOT_RECORDED);
        let is_dropped = of_unknown_group(keys, &counted.cells);
        let cells = counted.cells.cells();
        for (codes, sums) in cells.filter(|(codes, _)| !is_dropped(codes)) {
            let count = if Some(codes[says]) == unsaid {
                &mut unknown
            } else {
                &mut known
            };
            *count = count.saturating_add(parts_of(further.out_of, sums));
        }
        if known == 0 && unknown > 0 {
            let first = self.files.first().map_or("", String::as_str);
            let fault = DataFault::new(
                &self.root.locate(first),
                format!("no row says whether it is one of `{name}`"),
                "list the words of the file under yes and no of that column",
            );
            return Err(fault.in_column(further.column.get_ref().described()).into());
        }
        let shown = some_rows(unknown, self.smallest_shown);
        Ok((unknown > 0).then(|| {
            format!("{shown} rows kept as stops: whether they count as {name} is not known; left out of these rates")
        }))
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

    fn answer(
        &self,
        request: &Tabulation,
        keys: &[String],
        cells: &Coded,
    ) -> Result<CellTable, Error> {
        let pick = pick(request, (keys, cells), self.config)?;
        let table = cells
            .table(keys, (&request.by, &request.only), pick)
            .map_err(|TooMany| self.too_many())?;
        let has_group = asks_for(&request.by, GROUP) && request.of == Rows::Known;
        // Beside a minute or a day nearly every cell would be one without rows.
        let is_fine = asks_for(&request.by, DATE) || asks_for(&request.by, MINUTE);
        Ok(if has_group && !is_fine {
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

/// A number of rows that is the difference of two counts that a finding may withhold: the public is told that there are some.
fn some_rows(rows: u64, smallest_shown: u64) -> String {
    match smallest_shown {
        0 => crate::number::count(rows),
        _ => "some".into(),
    }
}

fn describe_unclear(
    ledger: &mut SourceLedger,
    hits_without_search: u64,
    ([searches, hits], smallest_shown): ([u64; 2], u64),
) {
    let mut note = |rows: u64, text: &str| {
        if rows > 0 {
            let rows = some_rows(rows, smallest_shown);
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

fn asks_for(keys: &[String], key: &str) -> bool {
    keys.iter().any(|asked| asked == key)
}

/// Every key that any request counts or filters by, and those that say what further counts are, in a fixed order.
fn finest_keys(requests: &[Tabulation], config: &StopsConfig) -> Vec<String> {
    let named = |r: &Tabulation| config.further(&r.counts).map(|_| says_key(&r.counts));
    let mut keys: Vec<String> = requests
        .iter()
        .flat_map(|r| r.by.iter().cloned().chain(r.only.keys().map(str::to_owned)))
        .chain(requests.iter().filter_map(named))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}
