//! Threads that count: each takes the next file, and the blocks of the others' files when none is left.
//!
//! Which thread counts which block is left to chance, and nothing depends on it: sums are added up, and of several faults
//! the first in the order of the files and their blocks is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::coding::{Coder, Codes};
use super::embedded::Embedded;
use super::tally::{Sums, Tally};
use crate::error::{DataFault, Error};
use crate::ingest::{Block, CsvFile, Fields, Joined, UnlistedCodes};
use crate::stops::{Contradictions, Input, SourceLedger};

/// What all threads counted.
pub(super) struct Counted {
    /// Values of the keys, and the sums; a cell may stand there once for each thread.
    pub(super) cells: Vec<(Vec<String>, Sums)>,
    pub(super) ledger: SourceLedger,
    pub(super) contradictions: Contradictions,
    pub(super) unclear: [u64; 2],
    pub(super) unlisted: UnlistedCodes,
    pub(super) first_unreadable: Option<DataFault>,
    pub(super) inputs: Vec<Input>,
    pub(super) overflowed: bool,
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
}

/// What one thread counted.
struct Worker<'a> {
    codes: Vec<Codes>,
    tally: Tally,
    parts: Vec<Part<'a>>,
    block: Block,
}

/// What one thread knows of one file.
struct Part<'a> {
    coder: Coder<'a>,
    first_unreadable: Option<Place>,
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
        }
    }

    /// Counts every row of every file.
    ///
    /// # Errors
    /// The first fault in the order of the files and their rows.
    pub(super) fn count(self) -> Result<Counted, Error> {
        let threads = self.engine.world.threads();
        let workers: Vec<Worker<'a>> = std::thread::scope(|scope| {
            let work = || self.work();
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let own = self.work();
            let others = others.into_iter();
            let joined = others.map(|other| other.join().expect("counting does not panic"));
            std::iter::once(own).chain(joined).collect()
        });
        let fault = self
            .fault
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let (first_faulty, mut inputs) = (fault.as_ref().map(|((file, _), _)| *file), Vec::new());
        for (i, (file, name)) in self.files.into_iter().zip(&self.engine.files).enumerate() {
            match file.into_inner().flatten() {
                Some(file) if first_faulty.is_none_or(|faulty| i < faulty) => {
                    inputs.push(file.finish(name, "stops".into())?);
                }
                _ => break,
            }
        }
        match fault {
            Some((_, error)) => Err(error),
            None => Ok(together(workers, inputs)),
        }
    }

    fn work(&self) -> Worker<'a> {
        let mut worker = Worker {
            codes: self.keys.iter().map(|_| Codes::default()).collect(),
            tally: Tally::new(self.keys.len()),
            parts: Vec::new(),
            block: Block::default(),
        };
        loop {
            let file = self.next.fetch_add(1, Ordering::Relaxed);
            if file >= self.files.len() {
                break;
            }
            self.count_file(file, &mut worker);
        }
        (0..self.files.len()).for_each(|file| self.count_file(file, &mut worker));
        worker
    }

    /// Counts blocks of a file until none is left, or a fault before them is known.
    fn count_file(&self, number: usize, worker: &mut Worker<'a>) {
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
        if let Some(part) = &mut part {
            worker.codes = std::mem::take(&mut part.coder.codes);
        }
        worker.parts.extend(part);
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
        Ok(file)
    }

    fn coder(&self, file: &CsvFile) -> Result<Coder<'a>, Error> {
        let (engine, keys) = (self.engine, self.keys);
        Coder::new(engine.config, file, keys, (engine.groups, engine.periods))
    }

    fn count_block(
        &self,
        file: &CsvFile,
        place: Place,
        (part, worker): (&mut Option<Part<'a>>, &mut Worker<'a>),
    ) -> Result<(), Error> {
        let part = match part {
            Some(part) => part,
            None => {
                let mut coder = self.coder(file)?;
                coder.codes = std::mem::take(&mut worker.codes);
                part.insert(Part {
                    coder,
                    first_unreadable: None,
                })
            }
        };
        let binds = self.joined.iter().map(|join| Ok((join, join.bind(file)?)));
        let joins = binds.collect::<Result<Vec<_>, Error>>()?;
        let (mut key, mut join_key) = (Vec::new(), Vec::new());
        let mut fields = Fields::default();
        let mut rows = file.rows(&worker.block);
        while let Some((at, mut row)) = rows.next(&mut fields)? {
            for (join, on) in &joins {
                join.widen(&mut row, on, &mut join_key);
            }
            if let Some(flags) = part.coder.row(&at, &row, &mut key)? {
                worker.tally.add(&key, flags);
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

/// Adds up what the threads counted.
fn together(workers: Vec<Worker<'_>>, inputs: Vec<Input>) -> Counted {
    let mut all = Counted {
        cells: Vec::new(),
        ledger: SourceLedger::default(),
        contradictions: Contradictions::default(),
        unclear: [0; 2],
        unlisted: UnlistedCodes::default(),
        first_unreadable: None,
        inputs,
        overflowed: false,
    };
    let mut first_unreadable = None;
    for worker in workers {
        let cells = worker.tally.finish();
        all.overflowed |= cells.is_none();
        let cells = cells.into_iter().flatten();
        all.cells.extend(cells.map(|(codes, sums)| {
            let values = codes.iter().zip(&worker.codes);
            let key = values.map(|(code, codes)| codes.value(*code).to_owned());
            (key.collect(), sums)
        }));
        for part in worker.parts {
            let coder = part.coder;
            all.contradictions.add(coder.contradictions);
            let unclear = coder.unclear();
            all.unclear = [all.unclear[0] + unclear[0], all.unclear[1] + unclear[1]];
            all.unlisted.join(&coder.unlisted);
            if all.ledger.dropped.is_empty() {
                all.ledger = coder.ledger;
            } else {
                all.ledger.add(&coder.ledger);
            }
            if let Some(place) = part.first_unreadable
                && first_unreadable.is_none_or(|first| place < first)
            {
                first_unreadable = Some(place);
                all.first_unreadable = coder.first_unreadable;
            }
        }
    }
    all
}
