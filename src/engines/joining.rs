//! Rows that are records of one stop become the stop, in whatever order and by whichever thread they were read.

use rustc_hash::FxHashMap;

use super::coding::{Codes, Flags};
use super::likeness::HASH;
use super::pile::{Own, Pile, number};
use super::tally::{Counts, Tally};
use crate::cells::GROUP;
use crate::error::Error;
use crate::stops::{Contradictions, Dropped, OFFICER, PERIOD, PLACE, WEIGHT, YEAR};
use crate::world::World;

/// Where the parts of a laid aside row begin: its hash, its weight, what it says, the thread that coded it, its codes.
const WEIGHT_AT: usize = HASH;
const FLAGS_AT: usize = WEIGHT_AT + 8;
const WORKER_AT: usize = FLAGS_AT + 1;
const CODES_AT: usize = WORKER_AT + 4;

/// What was counted of stops.
#[derive(Debug, Default)]
pub(super) struct Stops {
    /// What was counted; a cell may stand there several times.
    pub(super) counts: Vec<Counts>,
    /// The codes of all of them.
    pub(super) codes: Vec<Codes>,
    pub(super) overflowed: bool,
    /// Rows that are no stop of their own, by rule.
    pub(super) dropped: Vec<Dropped>,
    pub(super) unclear: [u64; 2],
    pub(super) contradictions: Contradictions,
}

/// The records of all stops.
pub(super) struct Records<'a> {
    pile: Pile<'a>,
    keys: &'a [String],
}

/// Which outcomes the study maps; what is not mapped is not unclear.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapped {
    pub(super) search: bool,
    pub(super) hit: bool,
}

/// A stop of which some records were seen.
struct Stop {
    /// Where its codes begin.
    codes: usize,
    weight: u64,
    rows: u64,
    /// Keys in which its records differ, and the weight behind them.
    differs: Vec<bool>,
    said: Said,
}

/// What any of the records of a stop says.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    search: bool,
    search_unknown: bool,
    hit: bool,
    hit_unknown: bool,
}

impl Said {
    fn take(&mut self, flags: Flags) {
        self.search |= flags.searched;
        self.search_unknown |= !flags.search_known;
        self.hit |= flags.hit || flags.found_unsearched;
        self.hit_unknown |= flags.searched && !flags.hit_known;
    }

    /// One yes is a yes; without one, one that is not known makes it not known.
    fn flags(self, weight: u64) -> Flags {
        let hit = self.search && self.hit;
        Flags {
            weight,
            search_known: self.search || !self.search_unknown,
            searched: self.search,
            hit_known: self.search && (hit || !self.hit_unknown),
            hit,
            found_unsearched: !self.search && self.hit,
        }
    }
}

/// The stops of one part.
#[derive(Default)]
struct Part {
    stops: FxHashMap<u128, Stop>,
    codes: Vec<u32>,
    row: Vec<u32>,
}

/// What a thread counted.
struct Share {
    tally: Tally,
    further: u64,
    disagree: Vec<u64>,
    unclear: [u64; 2],
    contradictions: Contradictions,
}

impl<'a> Records<'a> {
    pub(super) fn new(world: &'a World, keys: &'a [String]) -> Self {
        Self {
            pile: Pile::new(world, CODES_AT + 4 * keys.len()),
            keys,
        }
    }

    /// Lays one record aside, which the thread `worker` coded.
    pub(super) fn push(
        &self,
        (own, buffer): (&mut Own, &mut Vec<u8>),
        hash: [u8; HASH],
        worker: u32,
        (codes, flags): (&[u32], Flags),
    ) -> Result<(), Error> {
        buffer.clear();
        buffer.extend_from_slice(&hash);
        buffer.extend_from_slice(&flags.weight.to_le_bytes());
        buffer.push(flags.packed());
        buffer.extend_from_slice(&worker.to_le_bytes());
        for code in codes {
            buffer.extend_from_slice(&code.to_le_bytes());
        }
        self.pile.push(own, buffer)
    }

    pub(super) fn finish(&self, own: &mut Own) -> Result<(), Error> {
        self.pile.finish(own)
    }

    /// Counts every stop once; `codes` are those of each thread.
    pub(super) fn join(&self, codes: &[&[Codes]], mapped: Mapped) -> Result<Stops, Error> {
        let common = Common::new(codes, self.keys.len());
        let new = || Share {
            tally: Tally::new(self.keys.len()),
            further: 0,
            disagree: vec![0; self.keys.len() + 1],
            unclear: [0; 2],
            contradictions: Contradictions::default(),
        };
        let order = self.order();
        let shares = self.pile.by_part(
            new,
            |_, part: &mut Part, row| part.take(row, &common),
            |share, part| share.count(part, &order, mapped),
        )?;
        let mut stops = Stops {
            dropped: vec![Dropped {
                rule: "further record of the same stop".into(),
                rows: shares.iter().map(|share| share.further).sum(),
            }],
            ..Stops::default()
        };
        for i in order {
            let name = self.keys.get(i).map_or(WEIGHT, String::as_str);
            let rows = shares.iter().map(|share| share.disagree[i]).sum();
            // Without a column of weights there is nothing to disagree about.
            if rows > 0 || name != WEIGHT {
                let rule = format!("records of one stop disagree about {name}");
                stops.dropped.push(Dropped { rule, rows });
            }
        }
        for share in shares {
            let counts = share.tally.finish();
            stops.overflowed |= counts.is_none();
            stops.counts.extend(counts);
            stops.contradictions.add(share.contradictions);
            for (sum, more) in stops.unclear.iter_mut().zip(share.unclear) {
                *sum += more;
            }
        }
        stops.codes = common.codes;
        Ok(stops)
    }

    /// In which order keys are looked at: a stop whose records disagree about several goes by the first. The weight is last.
    fn order(&self) -> Vec<usize> {
        let rank = |i: &usize| match self.keys.get(*i).map(String::as_str) {
            Some(GROUP) => 0,
            Some(PLACE) => 1,
            Some(YEAR) => 2,
            Some(PERIOD) => 3,
            Some(OFFICER) => 5,
            Some(_) => 4,
            None => 6,
        };
        let mut order: Vec<usize> = (0..=self.keys.len()).collect();
        order.sort_by_key(rank);
        order
    }
}

impl Part {
    fn take(&mut self, row: &[u8], common: &Common) {
        let worker = u32::from_le_bytes(number(row, WORKER_AT)) as usize;
        let own = row[CODES_AT..].chunks_exact(4).enumerate();
        let own =
            own.map(|(key, code)| common.code(worker, key, u32::from_le_bytes(number(code, 0))));
        self.row.clear();
        self.row.extend(own);
        let weight = u64::from_le_bytes(number(row, WEIGHT_AT));
        let hash = u128::from_be_bytes(number(row, 0));
        let (codes, row_codes) = (&mut self.codes, &self.row);
        let stop = self.stops.entry(hash).or_insert_with(|| {
            let at = codes.len();
            codes.extend_from_slice(row_codes);
            Stop {
                codes: at,
                weight,
                rows: 0,
                differs: Vec::new(),
                said: Said::default(),
            }
        });
        stop.rows += 1;
        stop.said.take(Flags::unpacked(row[FLAGS_AT]));
        let first = &self.codes[stop.codes..stop.codes + self.row.len()];
        if stop.weight == weight && first == self.row {
            return;
        }
        let pairs = first.iter().zip(&self.row).map(|(a, b)| a != b);
        let pairs: Vec<bool> = pairs.chain([stop.weight != weight]).collect();
        stop.differs.resize(pairs.len(), false);
        for (differs, also) in stop.differs.iter_mut().zip(pairs) {
            *differs |= also;
        }
    }
}

impl Share {
    fn count(&mut self, part: Part, order: &[usize], mapped: Mapped) {
        let keys = part.row.len();
        part.stops.into_values().for_each(|stop| {
            let differs = |i: &&usize| stop.differs.get(**i) == Some(&true);
            if let Some(i) = order.iter().find(differs) {
                self.disagree[*i] += stop.rows;
                return;
            }
            self.further += stop.rows - 1;
            let flags = stop.said.flags(stop.weight);
            note(flags, mapped, (&mut self.unclear, &mut self.contradictions));
            self.tally
                .add(&part.codes[stop.codes..stop.codes + keys], flags);
        });
    }
}

/// Notes what is not known of a stop, and where it contradicts itself.
pub(super) fn note(
    flags: Flags,
    mapped: Mapped,
    (unclear, contradictions): (&mut [u64; 2], &mut Contradictions),
) {
    unclear[0] += u64::from(mapped.search && !flags.search_known);
    unclear[1] += u64::from(mapped.hit && flags.searched && !flags.hit_known);
    let contradicts = flags.search_known && flags.found_unsearched;
    contradictions.hit_without_search += u64::from(contradicts);
}

/// One code for each value, whichever thread met it first.
struct Common {
    codes: Vec<Codes>,
    /// By thread, key and the thread's own code.
    from: Vec<Vec<Vec<u32>>>,
}

impl Common {
    fn new(threads: &[&[Codes]], keys: usize) -> Self {
        let mut codes: Vec<Codes> = (0..keys).map(|_| Codes::default()).collect();
        let mut of_thread = |own: &&[Codes]| -> Vec<Vec<u32>> {
            let keys = codes.iter_mut().zip(own.iter());
            keys.map(|(all, own)| all.of_all(own)).collect()
        };
        let from = threads.iter().map(&mut of_thread).collect();
        Self { codes, from }
    }

    fn code(&self, worker: usize, key: usize, own: u32) -> u32 {
        self.from[worker][key][own as usize]
    }
}
