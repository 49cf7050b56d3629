//! Counts by cell while rows are read: codes in, sums out.

use rustc_hash::FxHashMap;

use super::coding::Flags;

/// What is counted of every cell: rows, rows of which it is known whether there was a search, searches, searches of
/// which it is known whether they found something, finds.
pub(super) type Sums = [u64; 5];

/// What was counted: the codes of every cell, one after the other, and its sums.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) codes: Vec<u32>,
    pub(super) sums: Vec<Sums>,
}

/// Rows that wait to be counted. Counted together they wait for the memory together, which was measured at half the time.
const WAITING: usize = 256;

/// Sums by the codes of the keys.
pub(super) struct Tally {
    keys: usize,
    /// Bits of one code in a packed key.
    bits: u32,
    /// Cells whose codes fit into one integer: nearly always all.
    packed: FxHashMap<u64, u32>,
    /// The other cells.
    wide: FxHashMap<Box<[u32]>, u32>,
    /// Packed keys of rows that are not yet counted, the kind of each and its weight.
    waiting: Vec<(u64, Kind, u64)>,
    /// The codes of every cell, one after the other.
    codes: Vec<u32>,
    /// Rows of each kind.
    counts: Vec<[u64; KINDS]>,
    overflowed: bool,
}

/// What a row says; each row says one of them.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Unknown,
    NotSearched,
    SearchedHitUnknown,
    SearchedNoHit,
    Hit,
}

const KINDS: usize = 5;

impl Kind {
    #[inline]
    fn of(flags: Flags) -> Self {
        match (
            flags.search_known,
            flags.searched,
            flags.hit_known,
            flags.hit,
        ) {
            (false, ..) => Self::Unknown,
            (true, false, ..) => Self::NotSearched,
            (true, true, false, _) => Self::SearchedHitUnknown,
            (true, true, true, false) => Self::SearchedNoHit,
            (true, true, true, true) => Self::Hit,
        }
    }
}

impl Tally {
    pub(super) fn new(keys: usize) -> Self {
        let of_one = u64::BITS / u32::try_from(keys.max(1)).unwrap_or(u64::BITS);
        Self {
            keys,
            bits: of_one.min(u32::BITS),
            packed: FxHashMap::default(),
            wide: FxHashMap::default(),
            waiting: Vec::with_capacity(WAITING),
            codes: Vec::new(),
            counts: Vec::new(),
            overflowed: false,
        }
    }

    /// Counts one row.
    #[inline]
    pub(super) fn add(&mut self, key: &[u32], flags: Flags) {
        let (mut packed, mut fits) = (0, true);
        for code in key {
            fits &= u64::from(*code) >> self.bits == 0;
            packed = packed << self.bits | u64::from(*code);
        }
        let kind = Kind::of(flags);
        if !fits {
            return self.add_wide(key, kind, flags.weight);
        }
        self.waiting.push((packed, kind, flags.weight));
        if self.waiting.len() == WAITING {
            self.count_waiting();
        }
    }

    #[cold]
    fn add_wide(&mut self, key: &[u32], kind: Kind, weight: u64) {
        let cell = match self.wide.get(key) {
            Some(cell) => *cell,
            None => {
                let cell = self.new_cell(key);
                self.wide.insert(key.into(), cell);
                cell
            }
        };
        self.count(cell, kind, weight);
    }

    /// Counts the rows that wait.
    fn count_waiting(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        let mut cells = [u32::MAX; WAITING];
        for (cell, (packed, ..)) in cells.iter_mut().zip(&waiting) {
            if let Some(known) = self.packed.get(packed) {
                *cell = *known;
            }
        }
        for (cell, (packed, kind, weight)) in cells.into_iter().zip(waiting.drain(..)) {
            let cell = match cell {
                u32::MAX => self.packed_cell(packed),
                known => known,
            };
            self.count(cell, kind, weight);
        }
        self.waiting = waiting;
    }

    /// The cell of a packed key, a new one if need be.
    #[cold]
    fn packed_cell(&mut self, packed: u64) -> u32 {
        if let Some(cell) = self.packed.get(&packed) {
            return *cell;
        }
        let mask = u64::MAX >> (u64::BITS - self.bits);
        let codes = (0..self.keys).rev().map(|back| {
            let code = packed >> (u32::try_from(back).unwrap_or_default() * self.bits) & mask;
            u32::try_from(code).expect("a code has as many bits as it was given")
        });
        let key: Vec<u32> = codes.collect();
        let cell = self.new_cell(&key);
        self.packed.insert(packed, cell);
        cell
    }

    fn new_cell(&mut self, key: &[u32]) -> u32 {
        let cell =
            u32::try_from(self.counts.len()).expect("fewer cells than four thousand million");
        self.codes.extend_from_slice(key);
        self.counts.push([0; KINDS]);
        cell
    }

    #[inline]
    fn count(&mut self, cell: u32, kind: Kind, weight: u64) {
        let count = &mut self.counts[cell as usize][kind as usize];
        let (sum, over) = count.overflowing_add(weight);
        *count = sum;
        self.overflowed |= over;
    }

    /// The cells when all rows were counted. `None` when a sum exceeds the largest integer.
    pub(super) fn finish(mut self) -> Option<Counts> {
        self.count_waiting();
        if self.overflowed {
            return None;
        }
        let sums = self.counts.iter();
        let sums = sums.map(|[unknown, not_searched, hit_unknown, no_hit, hit]| {
            let hit_known = no_hit.checked_add(*hit)?;
            let searched = hit_unknown.checked_add(hit_known)?;
            let known = not_searched.checked_add(searched)?;
            let rows = unknown.checked_add(known)?;
            Some([rows, known, searched, hit_known, *hit])
        });
        Some(Counts {
            sums: sums.collect::<Option<_>>()?,
            codes: self.codes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(keys: usize, rows: &[&[u32]]) -> Vec<(Vec<u32>, u64)> {
        let mut tally = Tally::new(keys);
        let flags = Flags {
            weight: 1,
            ..Flags::default()
        };
        rows.iter().for_each(|key| tally.add(key, flags));
        let counts = tally.finish().unwrap();
        let codes = |i: usize| counts.codes[i * keys..(i + 1) * keys].to_vec();
        let cells = counts.sums.iter().enumerate();
        let mut cells: Vec<_> = cells.map(|(i, sums)| (codes(i), sums[0])).collect();
        cells.sort();
        cells
    }

    #[test]
    fn codes_that_do_not_fit_into_one_integer_are_cells_of_their_own() {
        let large: &[u32] = &[1, 1 << 16, 0, 0];
        let rows = [
            &[0, 0, 0, 0],
            large,
            &[1, 0, 0, 0],
            large,
            &[0, 1, 0, 0],
            &[2, 0, 0, 0],
        ];
        let one_each = counted(4, &rows);
        assert_eq!(one_each.len(), 5);
        assert!(one_each.contains(&(large.to_vec(), 2)));
        assert_eq!(counted(0, &[&[], &[]]), [(vec![], 2)]);
        assert_eq!(counted(1, &[&[u32::MAX], &[0]]).len(), 2);
    }

    #[test]
    fn a_sum_beyond_the_largest_integer_is_noticed() {
        let rows = |weights: &[(u64, bool)]| {
            let mut tally = Tally::new(0);
            for (weight, search_known) in weights {
                let flags = Flags {
                    weight: *weight,
                    search_known: *search_known,
                    ..Flags::default()
                };
                tally.add(&[], flags);
            }
            tally.finish().map(|counts| counts.sums[0][0])
        };
        assert_eq!(rows(&[(u64::MAX, true)]), Some(u64::MAX));
        assert_eq!(rows(&[(u64::MAX, true), (1, true)]), None);
        assert_eq!(rows(&[(u64::MAX, true), (1, false)]), None);
    }

    #[test]
    fn each_row_is_of_one_kind_and_the_sums_are_those_of_its_flags() {
        let mut tally = Tally::new(1);
        let mut expected = [0; 5];
        for i in 0..1000u64 {
            let (known, searched) = (i % 7 > 0, i % 7 > 0 && i % 3 == 0);
            let hit_known = searched && i % 5 > 0;
            let flags = Flags {
                weight: i,
                search_known: known,
                searched,
                hit_known,
                hit: hit_known && i % 2 == 0,
                found_unsearched: false,
            };
            tally.add(&[7], flags);
            let counts = [true, known, searched, hit_known, flags.hit];
            for (sum, counts) in expected.iter_mut().zip(counts) {
                *sum += u64::from(counts) * i;
            }
        }
        let (codes, sums) = (vec![7], vec![expected]);
        assert_eq!(tally.finish(), Some(Counts { codes, sums }));
    }
}
