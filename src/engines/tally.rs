//! Counts by cell while rows are read: codes in, sums out.

use rustc_hash::FxHashMap;

use super::coding::Flags;

/// What is counted of every cell: rows, rows of which it is known whether there was a search, searches, searches of
/// which it is known whether they found something, finds.
pub(super) type Sums = [u64; 5];

/// Sums by the codes of the keys.
pub(super) struct Tally {
    keys: usize,
    /// Bits of one code in a packed key.
    bits: u32,
    /// Cells whose codes fit into one integer: nearly always all.
    packed: FxHashMap<u64, u32>,
    /// The other cells.
    wide: FxHashMap<Box<[u32]>, u32>,
    /// The codes of every cell, one after the other.
    codes: Vec<u32>,
    sums: Vec<Sums>,
    overflowed: bool,
}

impl Tally {
    pub(super) fn new(keys: usize) -> Self {
        let of_one = u64::BITS / u32::try_from(keys.max(1)).unwrap_or(u64::BITS);
        Self {
            keys,
            bits: of_one.min(u32::BITS),
            packed: FxHashMap::default(),
            wide: FxHashMap::default(),
            codes: Vec::new(),
            sums: Vec::new(),
            overflowed: false,
        }
    }

    /// Counts one row.
    #[inline]
    pub(super) fn add(&mut self, key: &[u32], flags: Flags) {
        let cell = self.cell(key);
        let counts = [
            true,
            flags.search_known,
            flags.searched,
            flags.hit_known,
            flags.hit,
        ];
        for (sum, counts) in self.sums[cell].iter_mut().zip(counts) {
            let (next, over) = sum.overflowing_add(u64::from(counts) * flags.weight);
            *sum = next;
            self.overflowed |= over;
        }
    }

    #[inline]
    fn cell(&mut self, key: &[u32]) -> usize {
        let (mut packed, mut fits) = (0, true);
        for code in key {
            fits &= u64::from(*code) >> self.bits == 0;
            packed = packed << self.bits | u64::from(*code);
        }
        let known = if fits {
            self.packed.get(&packed)
        } else {
            self.wide.get(key)
        };
        if let Some(cell) = known {
            return *cell as usize;
        }
        let cell = self.sums.len();
        let number = u32::try_from(cell).expect("fewer cells than four thousand million");
        if fits {
            self.packed.insert(packed, number);
        } else {
            self.wide.insert(key.into(), number);
        }
        self.codes.extend_from_slice(key);
        self.sums.push([0; 5]);
        cell
    }

    /// Whether a sum exceeded the largest integer.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The cells: their codes and sums.
    pub(super) fn cells(&self) -> impl Iterator<Item = (&[u32], &Sums)> {
        let codes = |cell: usize| &self.codes[cell * self.keys..(cell + 1) * self.keys];
        let cells = self.sums.iter().enumerate();
        cells.map(move |(cell, sums)| (codes(cell), sums))
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
        let mut cells: Vec<_> = tally
            .cells()
            .map(|(key, sums)| (key.to_vec(), sums[0]))
            .collect();
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
        let mut tally = Tally::new(0);
        let flags = Flags {
            weight: u64::MAX,
            ..Flags::default()
        };
        tally.add(&[], flags);
        assert!(!tally.overflowed());
        tally.add(&[], flags);
        assert!(tally.overflowed());
    }
}
