//! Rows laid aside by their hash, in memory as long as there is room and then on the disk, and taken up part by part.
//!
//! Equal hashes lie in the same part, so that whoever compares rows needs one part at a time. In which order rows were laid
//! aside is left to chance, and whoever takes them up must not depend on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::world::{Scratch, World};

/// Parts, by the first byte of the hash.
pub(super) const PARTS: usize = 256;
/// Bytes of a part that a thread keeps to itself.
const OWN: usize = 1 << 12;
/// Bytes that are read from the disk at a time, about.
const AT_A_TIME: usize = 1 << 16;

/// Rows of all threads. Each is as long as the others and begins with its hash.
pub(super) struct Pile<'a> {
    world: &'a World,
    length: usize,
    parts: Vec<Mutex<Part>>,
    /// Bytes in memory.
    held: AtomicUsize,
    disk: Mutex<Option<Scratch>>,
}

/// Rows of a part in memory, and where its others lie on the disk: from, and how many bytes.
#[derive(Default)]
struct Part {
    rows: Vec<u8>,
    pieces: Vec<(u64, usize)>,
}

/// What one thread did not hand over yet.
pub(super) struct Own(Vec<Vec<u8>>);

impl Default for Own {
    fn default() -> Self {
        Self(vec![Vec::new(); PARTS])
    }
}

impl<'a> Pile<'a> {
    /// A pile of rows of `length` bytes.
    pub(super) fn new(world: &'a World, length: usize) -> Self {
        Self {
            world,
            length,
            parts: (0..PARTS).map(|_| Mutex::default()).collect(),
            held: AtomicUsize::new(0),
            disk: Mutex::default(),
        }
    }

    /// Lays a row aside.
    ///
    /// # Errors
    /// There is no room on the disk.
    pub(super) fn push(&self, own: &mut Own, row: &[u8]) -> Result<(), Error> {
        debug_assert_eq!(row.len(), self.length);
        let part = usize::from(row[0]);
        own.0[part].extend_from_slice(row);
        if own.0[part].len() + self.length > OWN {
            self.hand_over(part, &mut own.0[part])?;
        }
        Ok(())
    }

    /// Hands over what a thread kept to itself.
    ///
    /// # Errors
    /// As [`Pile::push`].
    pub(super) fn finish(&self, own: &mut Own) -> Result<(), Error> {
        let mut parts = own.0.iter_mut().enumerate();
        parts.try_for_each(|(part, rows)| self.hand_over(part, rows))
    }

    fn hand_over(&self, part: usize, rows: &mut Vec<u8>) -> Result<(), Error> {
        let mut shared = locked(&self.parts[part]);
        shared.rows.extend_from_slice(rows);
        // Under the lock: who moves these rows to the disk takes off what was put on.
        let held = self.held.fetch_add(rows.len(), Ordering::Relaxed) + rows.len();
        drop(shared);
        rows.clear();
        if held > self.world.memory() {
            self.spill()?;
        }
        Ok(())
    }

    /// Moves what is in memory to the disk.
    fn spill(&self) -> Result<(), Error> {
        for part in &self.parts {
            let mut part = locked(part);
            let rows = std::mem::take(&mut part.rows);
            if rows.is_empty() {
                continue;
            }
            self.held.fetch_sub(rows.len(), Ordering::Relaxed);
            let mut disk = locked(&self.disk);
            let scratch = match &mut *disk {
                Some(scratch) => scratch,
                None => disk.insert(self.world.scratch()?),
            };
            let start = scratch.append(&rows)?;
            part.pieces.push((start, rows.len()));
        }
        Ok(())
    }

    /// Takes up the rows of one part.
    ///
    /// # Errors
    /// The disk cannot be read.
    fn take_up(&self, part: usize, mut take: impl FnMut(&[u8])) -> Result<(), Error> {
        let part = locked(&self.parts[part]);
        let room = (AT_A_TIME / self.length).max(1) * self.length;
        let mut buffer = vec![0; if part.pieces.is_empty() { 0 } else { room }];
        for (start, length) in &part.pieces {
            for from in (0..*length).step_by(room) {
                let rows = &mut buffer[..room.min(length - from)];
                if let Some(scratch) = &mut *locked(&self.disk) {
                    scratch.read(start + from as u64, rows)?;
                }
                rows.chunks_exact(self.length).for_each(&mut take);
            }
        }
        part.rows.chunks_exact(self.length).for_each(take);
        Ok(())
    }

    /// Takes up all rows, part by part on all threads: `take` gets each row of a part, and `end` ends the part. What each
    /// thread made of its parts.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub(super) fn by_part<T: Send, P: Default>(
        &self,
        new: impl Fn() -> T + Sync,
        take: impl Fn(&mut T, &mut P, &[u8]) + Sync,
        end: impl Fn(&mut T, P) + Sync,
    ) -> Result<Vec<T>, Error> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<T, Error> {
            let mut made = new();
            loop {
                let part = next.fetch_add(1, Ordering::Relaxed);
                if part >= PARTS {
                    return Ok(made);
                }
                let mut rows = P::default();
                self.take_up(part, |row| take(&mut made, &mut rows, row))?;
                end(&mut made, rows);
            }
        };
        std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.world.threads())
                .map(|_| scope.spawn(work))
                .collect();
            let own = work();
            let others = others
                .into_iter()
                .map(|other| other.join().expect("comparing does not panic"));
            std::iter::once(own).chain(others).collect()
        })
    }
}

/// The number that some bytes of a row are.
pub(super) fn number<const N: usize>(row: &[u8], at: usize) -> [u8; N] {
    *row[at..].first_chunk().expect("rows have one length")
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(memory: usize, threads: usize) -> (u64, u64, bool) {
        let world = World::new(None, std::num::NonZeroUsize::new(threads)).with_memory(memory);
        let pile = Pile::new(&world, 9);
        std::thread::scope(|scope| {
            for thread in 0..threads as u64 {
                let pile = &pile;
                scope.spawn(move || {
                    let mut own = Own::default();
                    for i in (thread..30_000).step_by(threads) {
                        let mut row = [0; 9];
                        row[0] = i.to_le_bytes()[0];
                        row[1..].copy_from_slice(&i.to_le_bytes());
                        pile.push(&mut own, &row).unwrap();
                    }
                    pile.finish(&mut own).unwrap();
                });
            }
        });
        let made = pile.by_part(
            || (0, 0),
            |_, part: &mut Vec<u64>, row| part.push(u64::from_le_bytes(number(row, 1))),
            |made, part| {
                assert!(part.windows(2).all(|pair| pair[0] % 256 == pair[1] % 256));
                made.0 += part.len() as u64;
                made.1 += part.iter().sum::<u64>();
            },
        );
        let all = made.unwrap().into_iter();
        let (rows, sum) = all.fold((0, 0), |all, own| (all.0 + own.0, all.1 + own.1));
        (rows, sum, locked(&pile.disk).is_some())
    }

    #[test]
    fn no_row_is_lost_on_the_way_to_the_disk_and_back() {
        let expected = (30_000, 30_000 * 29_999 / 2);
        for (memory, threads, is_spilled) in
            [(1 << 28, 1, false), (50_000, 1, true), (9_000, 3, true)]
        {
            let (rows, sum, spilled) = sums(memory, threads);
            assert_eq!(((rows, sum), spilled), (expected, is_spilled));
        }
    }
}
