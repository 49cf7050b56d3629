//! Threads that count: each takes the next file, and the blocks of the others' files when none is left.
//!
//! Which thread counts which block is left to chance, and nothing depends on it: sums are added up, and of several faults
//! the first in the order of the files and their blocks is told.

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::coded::{Coded, Gathered};
use super::coding::{Coder, Codes, Flags};
use super::embedded::Embedded;
use super::joining::{Mapped, Records, Stops, note};
use super::likeness::Likeness;
use super::pile::Own;
use super::repeats::AllRows;
use super::tally::Tally;
use crate::error::{DataFault, Error};
use crate::ingest::{Block, CsvFile, Fields, Joined, Row, UnlistedCodes};
use crate::stops::{Contradictions, HIT, Input, Repeats, SEARCHED, Screens, SourceLedger};

/// What was counted.
#[derive(Default)]
pub(super) struct Counted {
    /// The sums by the codes of the keys.
    pub(super) cells: Coded,
    pub(super) ledger: SourceLedger,
    pub(super) contradictions: Contradictions,
    pub(super) unclear: [u64; 2],
    pub(super) unlisted: UnlistedCodes,
    pub(super) screens: Screens,
    unreadable: Option<(Place, DataFault)>,
    pub(super) inputs: Vec<Input>,
    pub(super) overflowed: bool,
    pub(super) repeats: Vec<Repeats>,
    /// Rows that name no stop, where rows are records of stops: each is one of its own.
    pub(super) alone: u64,
}

impl Counted {
    /// The first row that could not be read.
    pub(super) fn first_unreadable(&self) -> Option<&DataFault> {
        self.unreadable.as_ref().map(|(_, fault)| fault)
    }

    /// Adds what another thread, or the same one of another file, counted; in any order the sum is the same.
    fn add(&mut self, other: Self) {
        if self.ledger.dropped.is_empty() {
            self.ledger = other.ledger;
        } else {
            self.ledger.add(&other.ledger);
        }
        self.contradictions.add(other.contradictions);
        for (own, more) in self.unclear.iter_mut().zip(other.unclear) {
            *own += more;
        }
        self.unlisted.join(&other.unlisted);
        self.screens.join(&other.screens);
        if let Some((place, _)) = &other.unreadable
            && self
                .unreadable
                .as_ref()
                .is_none_or(|(first, _)| place < first)
        {
            self.unreadable = other.unreadable;
        }
        self.overflowed |= other.overflowed;
        self.alone += other.alone;
    }
}

/// A place in the files of a source, in the order in which they are read.
type Place = (usize, Step);

/// A place in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Header,
    Block(u64),
}

/// What the threads share.
pub(super) struct Counting<'a> {
    engine: &'a Embedded<'a>,
    keys: &'a [String],
    joined: &'a [Joined],
    /// The files that were opened; `None` where that failed.
    files: Vec<OnceLock<Option<CsvFile>>>,
    next: AtomicUsize,
    /// The first file with a fault, and behind it nothing need be read.
    faulty: AtomicUsize,
    fault: Mutex<Option<(Place, Error)>>,
    /// All rows, where exact duplicates are counted.
    all_rows: Option<AllRows<'a>>,
    /// The rows that no rule dropped, where several may be records of one stop.
    records: Option<Records<'a>>,
    mapped: Mapped,
    workers: AtomicU32,
}

/// What one thread counted.
struct Worker {
    codes: Vec<Codes>,
    tally: Tally,
    counted: Counted,
    block: Block,
    number: u32,
    own_rows: Own,
    own_records: Own,
    buffer: Vec<u8>,
}

/// What one thread knows of the file that it counts.
struct Part<'a> {
    coder: Coder<'a>,
    first_unreadable: Option<Place>,
    /// Where rows are compared.
    likeness: Option<Likeness>,
}

impl<'a> Counting<'a> {
    pub(super) fn new(engine: &'a Embedded<'a>, keys: &'a [String], joined: &'a [Joined]) -> Self {
        Self {
            engine,
            keys,
            joined,
            files: engine.files.iter().map(|_| OnceLock::new()).collect(),
            next: AtomicUsize::new(0),
            faulty: AtomicUsize::new(usize::MAX),
            fault: Mutex::new(None),
            all_rows: engine.counts_repeats.then(|| AllRows::new(engine.world)),
            records: engine
                .config
                .same_stop
                .as_ref()
                .map(|_| Records::new(engine.world, keys)),
            mapped: Mapped {
                search: engine.config.column(SEARCHED).is_some(),
                hit: engine.config.column(HIT).is_some(),
            },
            workers: AtomicU32::new(0),
        }
    }

    /// Counts every row of every file.
    ///
    /// # Errors
    /// The first fault in the order of the files and their rows.
    pub(super) fn count(mut self) -> Result<Counted, Error> {
        let threads = self.engine.world.threads();
        let workers: Vec<Worker> = std::thread::scope(|scope| {
            let work = || self.work();
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = self.work();
            let others = others.into_iter();
            let joined = others.map(|other| other.join().expect("counting does not panic"));
            std::iter::once(own).chain(joined).collect()
        });
        let fault = self
            .fault
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let first_faulty = fault.as_ref().map(|((file, _), _)| *file);
        let (mut inputs, mut notes) = (Vec::new(), Vec::new());
        let used_for = self.engine.config.rows_are();
        let files = std::mem::take(&mut self.files);
        for (i, (file, name)) in files.into_iter().zip(&self.engine.files).enumerate() {
            match file.into_inner().flatten() {
                Some(file) if first_faulty.is_none_or(|faulty| i < faulty) => {
                    notes.extend(file.note().map(|note| format!("{name}: {note}")));
                    inputs.push(file.finish(name, used_for.into())?);
                }
                _ => break,
            }
        }
        match fault {
            Some((_, error)) => Err(error),
            None => {
                let stops = match &self.records {
                    Some(records) => {
                        self.engine.world.watcher().stage("joining records");
                        Some(records.join(&codes_by_worker(&workers), self.mapped)?)
                    }
                    None => None,
                };
                let mut cells = Gathered::new(self.keys.len());
                let mut counted = together(workers, &mut cells);
                if let Some(stops) = stops {
                    counted.join(stops, &mut cells);
                }
                counted.cells = cells.finish();
                if let Some(rows) = &self.all_rows {
                    self.engine.world.watcher().stage("comparing rows");
                    counted.repeats = rows.count(&inputs)?;
                }
                counted.inputs = inputs;
                counted.ledger.notes = notes;
                Ok(counted)
            }
        }
    }

    fn work(&self) -> Worker {
        let mut worker = Worker {
            codes: self.keys.iter().map(|_| Codes::default()).collect(),
            tally: Tally::new(self.keys.len()),
            counted: Counted::default(),
            block: Block::default(),
            number: self.workers.fetch_add(1, Ordering::Relaxed),
            own_rows: Own::default(),
            own_records: Own::default(),
            buffer: Vec::new(),
        };
        loop {
            let file = self.next.fetch_add(1, Ordering::Relaxed);
            if file >= self.files.len() {
                break;
            }
            self.count_file(file, &mut worker);
        }
        (0..self.files.len()).for_each(|file| self.count_file(file, &mut worker));
        if let Err(error) = self.hand_over(&mut worker) {
            self.tell((self.files.len(), Step::Header), error);
        }
        worker
    }

    /// Hands over the rows that a thread kept to itself.
    fn hand_over(&self, worker: &mut Worker) -> Result<(), Error> {
        if let Some(rows) = &self.all_rows {
            rows.finish(&mut worker.own_rows)?;
        }
        if let Some(records) = &self.records {
            records.finish(&mut worker.own_records)?;
        }
        Ok(())
    }

    /// Counts blocks of a file until none is left, or a fault before them is known.
    fn count_file(&self, number: usize, worker: &mut Worker) {
        let may_matter = || number <= self.faulty.load(Ordering::Relaxed);
        let opened = self.files[number].get_or_init(|| {
            let opened = may_matter().then(|| self.open(number)).transpose();
            opened.unwrap_or_else(|error| {
                self.tell((number, Step::Header), error);
                None
            })
        });
        let Some(file) = opened else { return };
        let mut part = None;
        while may_matter() {
            match file.next_block(&mut worker.block) {
                Ok(true) => {}
                Ok(false) => break,
                Err((block, error)) => {
                    self.tell((number, Step::Block(block)), error);
                    break;
                }
            }
            let place = (number, Step::Block(worker.block.number));
            if let Err(error) = self.count_block(file, place, (&mut part, worker)) {
                self.tell(place, error);
                break;
            }
        }
        if let Some(part) = part {
            worker.end(part, self.records.is_some());
        }
    }

    fn open(&self, number: usize) -> Result<CsvFile, Error> {
        let engine = self.engine;
        let path = engine.root.locate(&engine.files[number]);
        let mut file = CsvFile::open(engine.world, &path, &engine.config.layout)?;
        for join in self.joined {
            join.bind(&file)?;
            file.widen(join.columns());
        }
        // A file without a column that is asked for is told so before its rows are read.
        self.coder(&file)?;
        self.likeness(&file)?;
        Ok(file)
    }

    fn coder(&self, file: &CsvFile) -> Result<Coder<'a>, Error> {
        let (engine, keys) = (self.engine, self.keys);
        let study = (engine.groups, engine.periods, engine.sun);
        Coder::new(engine.config, file, keys, study)
    }

    fn likeness(&self, file: &CsvFile) -> Result<Option<Likeness>, Error> {
        let is_compared = self.all_rows.is_some() || self.records.is_some();
        is_compared
            .then(|| Likeness::new(self.engine.config, file))
            .transpose()
    }

    fn count_block(
        &self,
        file: &CsvFile,
        place: Place,
        (part, worker): (&mut Option<Part<'a>>, &mut Worker),
    ) -> Result<(), Error> {
        let part = match part {
            Some(part) => part,
            None => {
                let mut coder = self.coder(file)?;
                coder.codes = std::mem::take(&mut worker.codes);
                part.insert(Part {
                    coder,
                    first_unreadable: None,
                    likeness: self.likeness(file)?,
                })
            }
        };
        let binds = self.joined.iter().map(|join| Ok((join, join.bind(file)?)));
        let joins = binds.collect::<Result<Vec<_>, Error>>()?;
        let (mut key, mut join_key) = (Vec::new(), Vec::new());
        let mut fields = Fields::default();
        let mut rows = file.rows(&worker.block);
        loop {
            let start = match rows.next(&mut fields) {
                Row::End => break,
                Row::Row(start) => start,
                Row::Unreadable(fault) => {
                    part.coder.unread(fault)?;
                    continue;
                }
            };
            let (at, mut row) = rows.row(start, &mut fields);
            let likeness = part.likeness.as_mut();
            let compared = likeness.map(|likeness| (likeness.of_all(&row), likeness));
            if let (Some(all_rows), Some((hash, _))) = (&self.all_rows, &compared) {
                all_rows.push(&mut worker.own_rows, *hash, place.0)?;
            }
            for (join, on) in &joins {
                join.widen(&mut row, on, &mut join_key);
            }
            let Some(flags) = part.coder.row(&at, &row, &mut key)? else {
                continue;
            };
            let (Some(records), Some((hash, likeness))) = (&self.records, compared) else {
                worker.tally.add(&key, flags);
                continue;
            };
            match likeness.of_stop(&row, hash) {
                Some(stop) => {
                    let own = (&mut worker.own_records, &mut worker.buffer);
                    records.push(own, stop, worker.number, (&key, flags))?;
                }
                None => {
                    worker.counted.count_alone(flags, self.mapped);
                    worker.tally.add(&key, flags);
                }
            }
        }
        self.engine.world.watcher().rows(rows.finish());
        if part.coder.first_unreadable.is_some() {
            part.first_unreadable.get_or_insert(place);
        }
        Ok(())
    }

    /// Notes a fault down, if it is the first.
    fn tell(&self, place: Place, error: Error) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.as_ref().is_none_or(|(first, _)| place < *first) {
            *fault = Some((place, error));
            self.faulty.fetch_min(place.0, Ordering::Relaxed);
        }
    }
}

impl Counted {
    /// Notes a row that names no stop, and is one of its own.
    fn count_alone(&mut self, flags: Flags, mapped: Mapped) {
        self.alone += 1;
        note(flags, mapped, (&mut self.unclear, &mut self.contradictions));
    }

    /// Takes in the stops that rows are records of.
    fn join(&mut self, stops: Stops, cells: &mut Gathered) {
        let no_stop: u64 = stops.dropped.iter().map(|dropped| dropped.rows).sum();
        self.ledger.rows_kept -= no_stop;
        self.ledger.dropped.extend(stops.dropped);
        for counts in stops.counts {
            cells.take(counts, &stops.codes);
        }
        self.overflowed |= stops.overflowed;
        self.contradictions.add(stops.contradictions);
        for (own, more) in self.unclear.iter_mut().zip(stops.unclear) {
            *own += more;
        }
    }
}

impl Worker {
    /// Takes the account of a file, and the codes for the next one. Of records of stops it is not yet known what is unclear
    /// of the stop.
    fn end(&mut self, part: Part<'_>, are_records: bool) {
        let mut coder = part.coder;
        let is_row = |count: u64| if are_records { 0 } else { count };
        let contradictions = Contradictions {
            hit_without_search: is_row(coder.contradictions.hit_without_search),
        };
        self.counted.add(Counted {
            screens: coder.take_screens(),
            unclear: coder.unclear().map(is_row),
            contradictions,
            ledger: coder.ledger,
            unlisted: coder.unlisted,
            unreadable: part.first_unreadable.zip(coder.first_unreadable),
            ..Counted::default()
        });
        self.codes = coder.codes;
    }
}

/// The codes of each thread, by its number.
fn codes_by_worker(workers: &[Worker]) -> Vec<&[Codes]> {
    let mut all: Vec<(u32, &[Codes])> = workers
        .iter()
        .map(|worker| (worker.number, worker.codes.as_slice()))
        .collect();
    all.sort_unstable_by_key(|(number, _)| *number);
    all.into_iter().map(|(_, codes)| codes).collect()
}

/// Adds up what the threads counted.
fn together(workers: Vec<Worker>, cells: &mut Gathered) -> Counted {
    let mut all = Counted::default();
    for mut worker in workers {
        match worker.tally.finish() {
            Some(counts) => cells.take(counts, &worker.codes),
            None => worker.counted.overflowed = true,
        }
        all.add(worker.counted);
    }
    all
}
