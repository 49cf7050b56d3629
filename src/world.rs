//! The only door to the clock, the environment, the seed and the files.
//!
//! The network has a door of its own, the client of `evenhand fetch`.
//! Nothing else in the crate opens a file or asks for the number of processors, so a run depends on the study,
//! its data and what is said here. There is no clock at all: a date in a report comes from the study.

#![expect(
    clippy::disallowed_methods,
    reason = "this file is the door that the others must go through"
)]

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek, SeekFrom, Write as _};
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Once};

use crate::error::Error;

/// Seed of a run whose study and command line name none.
pub const DEFAULT_SEED: u64 = 287;

/// Bytes of a table that one thread takes at a time: few enough to stay in the cache of its processor until they are counted.
const BLOCK: NonZeroUsize = NonZeroUsize::new(1 << 18).unwrap();

/// Who is told how far a run has come.
pub trait Watcher: std::fmt::Debug + Send + Sync {
    /// A new stage begins.
    fn stage(&self, what: &str);
    /// More rows were read.
    fn rows(&self, more: u64);
    /// So many bytes of a file have arrived, out of how many, where that is known.
    fn bytes(&self, so_far: u64, of: Option<u64>);
    /// The run is over.
    fn done(&self);
}

/// Nobody is told.
#[derive(Debug)]
struct Unwatched;

impl Watcher for Unwatched {
    fn stage(&self, _: &str) {}
    fn rows(&self, _: u64) {}
    fn bytes(&self, _: u64, _: Option<u64>) {}
    fn done(&self) {}
}

/// Files that come with the program, by their paths below [`SHELF`].
pub type Shelf = &'static [(&'static str, &'static [u8])];

/// The folder that stands for files which come with the program and are on no disk.
pub const SHELF: &str = "(shipped)";

/// A file that can be read from any place in it.
pub trait ReadSeek: Read + Seek + Send {}

impl<T: Read + Seek + Send> ReadSeek for T {}

/// What a run may use of the machine.
#[derive(Debug, Clone)]
pub struct World {
    seed: Option<u64>,
    threads: NonZeroUsize,
    block: NonZeroUsize,
    watcher: Arc<dyn Watcher>,
    shelf: Shelf,
}

impl World {
    /// A world with the given seed (the command line's, which goes before the study's) and number of threads; without a number, all processors.
    #[must_use]
    pub fn new(seed: Option<u64>, threads: Option<NonZeroUsize>) -> Self {
        let available = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            seed,
            threads: threads.unwrap_or_else(available),
            block: BLOCK,
            watcher: Arc::new(Unwatched),
            shelf: &[],
        }
    }

    /// The same world with files that come with the program, which are read below [`SHELF`].
    #[must_use]
    pub fn with_shelf(self, shelf: Shelf) -> Self {
        Self { shelf, ..self }
    }

    /// The same world with somebody who is told how far a run has come.
    #[must_use]
    pub fn watched_by(self, watcher: Arc<dyn Watcher>) -> Self {
        Self { watcher, ..self }
    }

    /// Whether the environment asks for plain text (`NO_COLOR`). Talk only: no result depends on it.
    #[must_use]
    pub fn asks_for_plain_text() -> bool {
        std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
    }

    /// Who is told how far the run has come.
    #[must_use]
    pub fn watcher(&self) -> &dyn Watcher {
        self.watcher.as_ref()
    }

    /// The seed that the command line asked for, if it did.
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// The same world with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        Self {
            seed: Some(seed),
            ..self.clone()
        }
    }

    /// How many threads may work at once. Results do not depend on it.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.get()
    }

    /// The same world with tables read in blocks of another size.
    #[must_use]
    pub fn in_blocks_of(self, block: NonZeroUsize) -> Self {
        Self { block, ..self }
    }

    /// How many bytes of a table one thread takes at a time. Results do not depend on it.
    #[must_use]
    pub fn block(&self) -> usize {
        self.block.get()
    }

    /// The whole file.
    ///
    /// # Errors
    /// A directory, a missing file, or any failure of the system.
    pub fn read(&self, path: &Path) -> Result<Vec<u8>, Error> {
        if let Some(bytes) = self.on_shelf(path) {
            return Ok(bytes.to_vec());
        }
        self.refuse_folder(path)?;
        fs::read(path).map_err(|source| failed(path, "read", source))
    }

    /// The file, open for reading.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn open(&self, path: &Path) -> Result<Box<dyn Read + Send>, Error> {
        if let Some(bytes) = self.on_shelf(path) {
            return Ok(Box::new(bytes));
        }
        self.refuse_folder(path)?;
        let file = File::open(path).map_err(|source| failed(path, "read", source))?;
        Ok(Box::new(file))
    }

    /// The file, open for reading from any place in it: archives keep their list of contents at their end.
    ///
    /// # Errors
    /// As [`World::read`].
    pub fn open_anywhere(&self, path: &Path) -> Result<Box<dyn ReadSeek>, Error> {
        if let Some(bytes) = self.on_shelf(path) {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        self.refuse_folder(path)?;
        let file = File::open(path).map_err(|source| failed(path, "read", source))?;
        Ok(Box::new(file))
    }

    /// Length in bytes of a file on disk, `None` where none stands.
    #[must_use]
    pub fn length(&self, path: &Path) -> Option<u64> {
        fs::metadata(path).ok().map(|about| about.len())
    }

    /// The bytes of a file that comes with the program; steps back in its path are taken as they are written.
    fn on_shelf(&self, path: &Path) -> Option<&'static [u8]> {
        let below = path.strip_prefix(SHELF).ok()?;
        let plain = without_detours(below);
        let found = self.shelf.iter().find(|(name, _)| Path::new(name) == plain);
        found.map(|(_, bytes)| *bytes)
    }

    /// Whether there is anything at `path`.
    #[must_use]
    pub fn exists(&self, path: &Path) -> bool {
        self.on_shelf(path).is_some() || fs::symlink_metadata(path).is_ok()
    }

    /// The path from the root of the disk on, without detours.
    ///
    /// # Errors
    /// The system does not know the folder that the process is in.
    pub fn absolute(&self, path: &Path) -> Result<PathBuf, Error> {
        let absolute = std::path::absolute(path).map_err(|source| failed(path, "find", source))?;
        Ok(without_detours(&absolute))
    }

    /// Whether `path` is a folder.
    #[must_use]
    pub fn is_folder(&self, path: &Path) -> bool {
        path.is_dir()
    }

    /// The names in a folder that a pattern (`*.csv`, `20??.csv.gz`) matches, in byte order.
    ///
    /// # Errors
    /// A pattern that is none; any failure of the system.
    pub fn names_like(&self, folder: &Path, pattern: &str) -> Result<Vec<String>, Error> {
        let pattern = glob::Pattern::new(pattern).map_err(|fault| {
            Error::bundle(
                format!("`{pattern}` is no pattern: {}", fault.msg),
                "`*` stands for any characters, `?` for one, `[12]` for one of those",
            )
        })?;
        let read = |source| failed(folder, "read", source);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(read)? {
            let name = entry.map_err(read)?.file_name();
            names.extend(
                name.to_str()
                    .filter(|name| pattern.matches(name))
                    .map(str::to_owned),
            );
        }
        names.sort();
        Ok(names)
    }

    /// Writes a new file, with the folders above it, and waits until the disk has it.
    ///
    /// # Errors
    /// Any failure of the system, a full disk included.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        if let Some(folder) = path.parent() {
            self.create_folder(folder)?;
        }
        let mut file = File::create(path).map_err(|source| failed(path, "write", source))?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(|source| failed(path, "write", source))
    }

    /// A new file that is written piece by piece; whoever writes it waits until the disk has it.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn create(&self, path: &Path) -> Result<File, Error> {
        File::create(path).map_err(|source| failed(path, "write", source))
    }

    /// A file open for writing after its first `keep` bytes; what stood behind them is cut off. Whoever has written all
    /// of it waits until the disk has it (`sync_all`).
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn continue_file(&self, path: &Path, keep: u64) -> Result<File, Error> {
        let opened = || {
            let mut file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            // Where nothing stands behind, nothing is cut: not everything that can be written can be shortened.
            if file.metadata()?.len() != keep {
                file.set_len(keep)?;
            }
            file.seek(SeekFrom::End(0))?;
            Ok(file)
        };
        opened().map_err(|source| failed(path, "write", source))
    }

    /// Writes a file anew in one step: whoever looks finds the old one or the new one, never a part.
    ///
    /// # Errors
    /// Any failure of the system; what stood there is as it was.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> Result<(), Error> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let fresh = path.with_file_name(name);
        self.write(&fresh, bytes)?;
        self.rename(&fresh, path)
    }

    /// Removes a file.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn remove_file(&self, path: &Path) -> Result<(), Error> {
        fs::remove_file(path).map_err(|source| failed(path, "remove", source))
    }

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn create_folder(&self, path: &Path) -> Result<(), Error> {
        fs::create_dir_all(path).map_err(|source| failed(path, "create", source))
    }

    /// Removes a folder and all in it.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn remove_folder(&self, path: &Path) -> Result<(), Error> {
        fs::remove_dir_all(path).map_err(|source| failed(path, "remove", source))
    }

    /// Moves a file or folder to a place where nothing stands.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        fs::rename(from, to).map_err(|source| failed(to, "rename to", source))
    }

    /// Exchanges two folders in one step, where the system can; `false` where it cannot and nothing was done.
    ///
    /// # Errors
    /// Any failure other than the system not knowing how.
    pub fn exchange(&self, a: &Path, b: &Path) -> Result<bool, Error> {
        exchange_in_one_step(a, b)
    }

    /// Every file below `folder`, relative to it, in byte order of the names.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn files_below(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        let mut open = vec![folder.to_path_buf()];
        while let Some(next) = open.pop() {
            for entry in fs::read_dir(&next).map_err(|source| failed(&next, "read", source))? {
                let path = entry
                    .map_err(|source| failed(&next, "read", source))?
                    .path();
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                } else if let Ok(relative) = path.strip_prefix(folder) {
                    found.push(relative.to_path_buf());
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// An exclusive lock on `path`, held until [`World::unlock`]; `None` when someone else holds it.
    ///
    /// # Errors
    /// Any failure of the system.
    pub fn lock(&self, path: &Path) -> Result<Option<File>, Error> {
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)
                .map_err(|source| failed(path, "write", source))?;
            match file.try_lock() {
                Ok(()) if stands_at(&file, path) => return Ok(Some(file)),
                // Whoever held it removed it after we had opened it: a lock on it keeps nobody out, so try the next one.
                Ok(()) => {}
                Err(fs::TryLockError::WouldBlock) => return Ok(None),
                Err(fs::TryLockError::Error(source)) => return Err(failed(path, "lock", source)),
            }
        }
    }

    /// Gives a lock back and removes its file, where [`World::lock`] can tell a removed file from the one that stands there.
    ///
    /// # Errors
    /// The file cannot be removed; the lock is given back all the same.
    pub fn unlock(&self, path: &Path, lock: File) -> Result<(), Error> {
        let removed = if cfg!(unix) {
            fs::remove_file(path).map_err(|source| failed(path, "remove", source))
        } else {
            Ok(())
        };
        drop(lock);
        removed
    }

    fn refuse_folder(&self, path: &Path) -> Result<(), Error> {
        if self.is_folder(path) {
            let source = std::io::Error::new(
                std::io::ErrorKind::IsADirectory,
                "it is a folder, where a file is expected",
            );
            return Err(failed(path, "read", source));
        }
        Ok(())
    }
}

thread_local! {
    /// Whether a panic of this thread is expected and said otherwise.
    static PANICS_ARE_TOLD: Cell<bool> = const { Cell::new(false) };
}

/// Runs a library that panics on some damaged files instead of saying so; `None` where it did. Nothing is printed then:
/// whoever asks says what is wrong, with the file.
pub fn without_panic<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !PANICS_ARE_TOLD.get() {
                before(panic);
            }
        }));
    });
    let outer = PANICS_ARE_TOLD.replace(true);
    let done = std::panic::catch_unwind(AssertUnwindSafe(work));
    PANICS_ARE_TOLD.set(outer);
    done.ok()
}

/// The path as written without `.` and `name/..`, so that two ways to write it are one.
#[must_use]
pub fn without_detours(file: &Path) -> PathBuf {
    let mut path = PathBuf::new();
    for component in file.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(path.components().next_back(), Some(Component::Normal(_))) =>
            {
                path.pop();
            }
            other => path.push(other),
        }
    }
    path
}

fn failed(path: &Path, action: &'static str, source: std::io::Error) -> Error {
    Error::File {
        path: path.to_path_buf(),
        action,
        source,
    }
}

/// Whether the open file is the one that stands at the path now.
#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(own), Ok(there)) => (own.dev(), own.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// Nobody removes a lock here, see [`World::unlock`].
#[cfg(not(unix))]
fn stands_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(target_os = "linux")]
fn exchange_in_one_step(a: &Path, b: &Path) -> Result<bool, Error> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => Ok(false),
        Err(errno) => Err(failed(b, "replace", errno.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange_in_one_step(_: &Path, _: &Path) -> Result<bool, Error> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn a_panic_of_a_library_is_nothing_and_the_next_call_is_fine() {
        assert_eq!(without_panic(|| [1, 2].iter().sum::<i32>()), Some(3));
        let empty: &[i32] = &[];
        assert_eq!(without_panic(|| empty[0]), None);
        assert!(!PANICS_ARE_TOLD.get());
    }

    #[test]
    fn a_lock_is_held_once_although_its_file_comes_and_goes() {
        let folder = tempfile::TempDir::new().unwrap();
        let (path, world) = (folder.path().join("lock"), World::new(None, None));
        let (holders, held) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let Some(lock) = world.lock(&path).unwrap() else {
                            continue;
                        };
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "held twice");
                        held.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        world.unlock(&path, lock).unwrap();
                    }
                });
            }
        });
        assert!(held.into_inner() > 0);
    }

    #[test]
    #[cfg(unix)]
    fn a_lock_on_a_removed_file_is_none() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("lock");
        let removed = File::create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(!stands_at(&removed, &path));
        let next = File::create(&path).unwrap();
        assert!(!stands_at(&removed, &path) && stands_at(&next, &path));
    }
}
