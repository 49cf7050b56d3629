//! The hash of a file, taken while it is read and beside those who read it.
//!
//! Bytes are hashed one after the other, so where several threads share a file, hashing under the lock of the file would
//! make the others wait. What was read is put aside instead, and hashed by whoever comes by and finds nobody at it.

use std::io::Read;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use sha2::{Digest, Sha256};

/// Bytes that may be put aside. Whoever reads beyond them hashes first, so that memory stays bounded.
const MOST_ASIDE: usize = 1 << 20;

/// The hash of what was read of a file so far.
#[derive(Clone)]
pub(in crate::ingest) struct FileHash(Arc<Shared>);

struct Shared {
    /// Whether bytes are put aside at all; one thread alone hashes them where they are.
    is_shared: bool,
    /// What was read and not hashed yet, in the order of the file.
    aside: Mutex<Vec<u8>>,
    /// Taken before `aside`, and kept until what was taken from there is hashed: so the order of the file is kept.
    hashed: Mutex<Hashed>,
}

#[derive(Default)]
struct Hashed {
    hasher: Sha256,
    /// What is hashed just now; empty otherwise.
    taken: Vec<u8>,
}

impl FileHash {
    /// The hash of a file that so many threads read.
    pub(super) fn for_threads(threads: usize) -> Self {
        Self(Arc::new(Shared {
            is_shared: threads > 1,
            aside: Mutex::default(),
            hashed: Mutex::default(),
        }))
    }

    /// The hash, in hexadecimal.
    pub(in crate::ingest) fn hex(&self) -> String {
        let mut hashed = locked(&self.0.hashed);
        self.catch_up(&mut hashed);
        crate::ingest::csv_file::hex(&hashed.hasher.clone().finalize())
    }

    /// Hashes what was put aside, unless another thread is at it. Called without any lock.
    pub(in crate::ingest) fn help(&self) {
        if !self.0.is_shared {
            return;
        }
        match self.0.hashed.try_lock() {
            Ok(mut hashed) => self.catch_up(&mut hashed),
            Err(TryLockError::Poisoned(hashed)) => self.catch_up(&mut hashed.into_inner()),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// Notes bytes, each in its turn: those of one file are read by one thread at a time.
    fn note(&self, bytes: &[u8]) {
        if !self.0.is_shared {
            locked(&self.0.hashed).hasher.update(bytes);
            return;
        }
        let many = {
            let mut aside = locked(&self.0.aside);
            aside.extend_from_slice(bytes);
            aside.len()
        };
        if many >= MOST_ASIDE {
            self.catch_up(&mut locked(&self.0.hashed));
        }
    }

    /// Hashes until nothing is put aside.
    fn catch_up(&self, hashed: &mut Hashed) {
        loop {
            std::mem::swap(&mut *locked(&self.0.aside), &mut hashed.taken);
            if hashed.taken.is_empty() {
                return;
            }
            hashed.hasher.update(&hashed.taken);
            hashed.taken.clear();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hashes what is read through it, so that a file is read once.
pub(super) struct Hashing<R> {
    inner: R,
    hash: FileHash,
}

impl<R> Hashing<R> {
    pub(super) fn new(inner: R, hash: &FileHash) -> Self {
        Self {
            inner,
            hash: hash.clone(),
        }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.note(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::csv_file::sha256;

    #[test]
    fn the_hash_is_that_of_the_bytes_in_their_order_whoever_takes_it() {
        let bytes: Vec<u8> = (0..750_000_u32).flat_map(u32::to_le_bytes).collect();
        for (threads, piece) in [(1, 1 << 12), (2, 1 << 12), (2, 99_991), (3, 2 << 20)] {
            let hash = FileHash::for_threads(threads);
            let mut reading = Hashing::new(&bytes[..], &hash);
            std::thread::scope(|scope| {
                for _ in 1..threads {
                    scope.spawn(|| (0..2000).for_each(|_| hash.help()));
                }
                let mut buffer = vec![0; piece];
                while reading.read(&mut buffer).unwrap() > 0 {
                    hash.help();
                }
            });
            assert_eq!(
                hash.hex(),
                sha256(&bytes),
                "{threads} threads, {piece} bytes"
            );
        }
    }

    #[test]
    fn what_is_put_aside_is_bounded_where_nobody_helps() {
        let hash = FileHash::for_threads(2);
        let piece = vec![7; MOST_ASIDE / 3];
        for _ in 0..10 {
            hash.note(&piece);
            assert!(locked(&hash.0.aside).len() < MOST_ASIDE);
        }
        assert_eq!(hash.hex(), sha256(&piece.repeat(10)));
    }
}
