//! What was counted, by codes: tables are made of it for each request, and only their own cells become texts.

use super::coding::Codes;
use super::tally::{Counts, Sums};
use crate::cells::{Cell, CellTable, Only};

/// Sums by the codes of all keys. A cell may stand there several times, once for each thread.
#[derive(Default)]
pub(super) struct Coded {
    /// The values of each key, sorted, so that codes are in the order of what they stand for.
    values: Vec<Vec<String>>,
    /// The codes of every cell, one after the other.
    codes: Vec<u32>,
    sums: Vec<Sums>,
}

/// Sums of several threads, whose codes differ, on their way to [`Coded`].
pub(super) struct Gathered {
    values: Vec<Codes>,
    codes: Vec<u32>,
    sums: Vec<Sums>,
}

/// Events and trials of one kind of count, by the codes of a cell and its sums; `None` for a cell that is not asked for.
pub(super) type Pick<'c> = Box<dyn Fn(&[u32], &Sums) -> Option<(u64, Option<u64>)> + 'c>;

/// A sum exceeds the largest integer.
#[derive(Debug)]
pub(super) struct TooMany;

impl Gathered {
    pub(super) fn new(keys: usize) -> Self {
        Self {
            values: (0..keys).map(|_| Codes::default()).collect(),
            codes: Vec::new(),
            sums: Vec::new(),
        }
    }

    /// Takes what one thread counted, by its own codes.
    pub(super) fn take(&mut self, counts: Counts, own: &[Codes]) {
        let translate: Vec<Vec<u32>> = (self.values.iter_mut().zip(own))
            .map(|(all, own)| all.of_all(own))
            .collect();
        for cell in counts.codes.chunks_exact(own.len().max(1)) {
            let codes = translate.iter().zip(cell);
            self.codes
                .extend(codes.map(|(from, code)| from[*code as usize]));
        }
        self.sums.extend(counts.sums);
    }

    pub(super) fn finish(mut self) -> Coded {
        let keys = self.values.len();
        let mut values = Vec::with_capacity(keys);
        for (key, codes) in self.values.iter().enumerate() {
            let known = codes.values();
            let mut order: Vec<usize> = (0..known.len()).collect();
            order.sort_unstable_by(|a, b| known[*a].cmp(&known[*b]));
            let mut rank = vec![0; known.len()];
            for (place, at) in order.iter().enumerate() {
                rank[*at] = u32::try_from(place).expect("no more ranks than codes");
            }
            for code in self.codes.iter_mut().skip(key).step_by(keys) {
                *code = rank[*code as usize];
            }
            values.push(order.into_iter().map(|at| known[at].clone()).collect());
        }
        Coded {
            values,
            codes: self.codes,
            sums: self.sums,
        }
    }
}

impl Coded {
    /// Every cell: its codes and its sums.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&[u32], &Sums)> {
        let width = self.values.len();
        let sums = self.sums.iter().enumerate();
        sums.map(move |(i, sums)| (&self.codes[i * width..(i + 1) * width], sums))
    }

    /// The code of a value of a key; `None` where it stands nowhere.
    pub(super) fn code(&self, key: usize, value: &str) -> Option<u32> {
        let found = self.values[key].binary_search_by(|own| own.as_str().cmp(value));
        found.ok().and_then(|at| u32::try_from(at).ok())
    }

    /// The value of a key.
    pub(super) fn value(&self, key: usize, code: u32) -> &str {
        &self.values[key][code as usize]
    }

    /// The cells that pass, added up by some of the keys, whose names are `keys`.
    ///
    /// # Errors
    /// A sum exceeds the largest integer.
    ///
    /// # Panics
    /// A key that was not counted by is asked for.
    pub(super) fn table(
        &self,
        keys: &[String],
        (by, only): (&[String], &Only),
        pick: Pick<'_>,
    ) -> Result<CellTable, TooMany> {
        let at = |key: &str| {
            let found = keys.iter().position(|known| known == key);
            found.expect("rows were counted by every key that is asked for")
        };
        let positions: Vec<usize> = by.iter().map(|key| at(key)).collect();
        let allowed: Vec<(usize, Vec<bool>)> = (only.0.iter())
            .map(|(name, allowed)| {
                let key = at(name);
                let passes = |value| allowed.values().contains(value);
                (key, self.values[key].iter().map(passes).collect())
            })
            .collect();
        let passing = self.cells().filter(|(codes, _)| {
            let mut all = allowed.iter();
            all.all(|(key, passes)| passes[codes[*key] as usize])
        });
        let bits: Vec<u32> = positions
            .iter()
            .map(|key| usize::BITS - self.values[*key].len().leading_zeros())
            .collect();
        let cells = if bits.iter().sum::<u32>() <= u128::BITS {
            let packed = |codes: &[u32]| {
                let own = positions.iter().zip(&bits);
                own.fold(0_u128, |key, (at, bits)| {
                    key << bits | u128::from(codes[*at])
                })
            };
            let rows =
                passing.filter_map(|(codes, sums)| Some((packed(codes), pick(codes, sums)?)));
            let unpack = |mut key: u128| {
                let mut codes: Vec<u32> = vec![0; bits.len()];
                for (code, bits) in codes.iter_mut().zip(&bits).rev() {
                    let own = key & ((1 << bits) - 1);
                    *code = u32::try_from(own).expect("a code has 32 bits");
                    key >>= bits;
                }
                codes
            };
            self.merged(rows.collect(), &positions, unpack)?
        } else {
            let wide = |codes: &[u32]| positions.iter().map(|at| codes[*at]).collect();
            let rows = passing.filter_map(|(codes, sums)| Some((wide(codes), pick(codes, sums)?)));
            self.merged(rows.collect(), &positions, |key: Vec<u32>| key)?
        };
        CellTable::new(by.to_vec(), cells).ok_or(TooMany)
    }

    /// Adds up what has the same key, in the order of the keys.
    fn merged<K: Ord>(
        &self,
        mut rows: Vec<(K, (u64, Option<u64>))>,
        positions: &[usize],
        codes: impl Fn(K) -> Vec<u32>,
    ) -> Result<Vec<Cell>, TooMany> {
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut sums: Vec<(K, (u64, Option<u64>))> = Vec::new();
        for (key, (events, trials)) in rows {
            match sums.last_mut().filter(|last| last.0 == key) {
                Some((_, sum)) => {
                    sum.0 = sum.0.checked_add(events).ok_or(TooMany)?;
                    sum.1 = match (sum.1, trials) {
                        (Some(a), Some(b)) => Some(a.checked_add(b).ok_or(TooMany)?),
                        _ => None,
                    };
                }
                None => sums.push((key, (events, trials))),
            }
        }
        let cell = |(key, (events, trials)): (K, (u64, Option<u64>))| Cell {
            key: (positions.iter().zip(codes(key)))
                .map(|(at, code)| self.value(*at, code).to_owned())
                .collect(),
            events,
            trials,
        };
        Ok(sums.into_iter().map(cell).collect())
    }
}
