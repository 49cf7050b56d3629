//! Exact duplicates: rows that are equal to an earlier row in every column, per file and over all files.

use rustc_hash::FxHashSet;

use super::likeness::HASH;
use super::pile::{Own, Pile, number};
use crate::error::Error;
use crate::stops::{Input, Repeats};
use crate::world::World;

/// The rows of all files, by their hashes.
pub(super) struct AllRows<'a>(Pile<'a>);

/// Different rows in all files together, and in each.
struct Different {
    rows: Vec<u64>,
    all: u64,
    by_file: Vec<u64>,
}

impl<'a> AllRows<'a> {
    pub(super) fn new(world: &'a World) -> Self {
        Self(Pile::new(world, HASH + 4))
    }

    pub(super) fn push(&self, own: &mut Own, hash: [u8; HASH], file: usize) -> Result<(), Error> {
        let mut row = [0; HASH + 4];
        row[..HASH].copy_from_slice(&hash);
        let file = u32::try_from(file).expect("fewer files than four thousand million");
        row[HASH..].copy_from_slice(&file.to_le_bytes());
        self.0.push(own, &row)
    }

    pub(super) fn finish(&self, own: &mut Own) -> Result<(), Error> {
        self.0.finish(own)
    }

    /// How many rows repeat another one: of each file, and of all together where there are several.
    pub(super) fn count(&self, files: &[Input]) -> Result<Vec<Repeats>, Error> {
        let new = || Different {
            rows: vec![0; files.len()],
            all: 0,
            by_file: vec![0; files.len()],
        };
        let different = self.0.by_part(
            new,
            |different, part: &mut FxHashSet<(u128, u32)>, row| {
                let hash = u128::from_be_bytes(number(row, 0));
                let file = u32::from_le_bytes(number(row, HASH));
                different.rows[file as usize] += 1;
                part.insert((hash, file));
            },
            |different, part| {
                let mut rows: Vec<(u128, u32)> = part.into_iter().collect();
                rows.sort_unstable();
                for (_, file) in &rows {
                    different.by_file[*file as usize] += 1;
                }
                rows.dedup_by_key(|(hash, _)| *hash);
                different.all += rows.len() as u64;
            },
        )?;
        let sum = |of: &dyn Fn(&Different) -> u64| different.iter().map(of).sum::<u64>();
        let repeats = |file: Option<String>, rows: u64, different: u64| Repeats {
            file,
            rows,
            repeated: rows - different,
        };
        let of_file = |(i, file): (usize, &Input)| {
            let (rows, different) = (sum(&|d| d.rows[i]), sum(&|d| d.by_file[i]));
            repeats(Some(file.file.clone()), rows, different)
        };
        let mut all: Vec<Repeats> = files.iter().enumerate().map(of_file).collect();
        if files.len() > 1 {
            let rows = all.iter().map(|one| one.rows).sum();
            all.push(repeats(None, rows, sum(&|d| d.all)));
        }
        Ok(all)
    }
}
