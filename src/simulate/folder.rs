//! A new folder that is there whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::world::World;

/// Makes `folder` with whatever `fill` puts into the path that it is given.
///
/// The files are written into a hidden sibling, which takes the folder's name when all of them are on the disk.
///
/// # Errors
/// There is something in the folder already; another run is writing it; `fill` fails, or the disk does.
pub(super) fn make<T>(
    world: &World,
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<T, Error>,
) -> Result<T, Error> {
    refuse_taken(world, folder)?;
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    world.create_folder(above.unwrap_or_else(|| Path::new(".")))?;
    let path = sibling(folder, "lock")?;
    let lock = world.lock(&path)?.ok_or_else(|| {
        let message = format!("another run is writing {}", folder.display());
        Error::bundle(message, "wait for it, or choose another folder with --out")
    })?;
    let made = fill_and_rename(world, folder, fill);
    let unlocked = world.unlock(&path, lock);
    made.and_then(|made| unlocked.map(|()| made))
}

fn fill_and_rename<T>(
    world: &World,
    folder: &Path,
    fill: impl FnOnce(&Path) -> Result<T, Error>,
) -> Result<T, Error> {
    let fresh = sibling(folder, "new")?;
    // What a run left that was killed; nobody else writes there while we hold the lock.
    if world.exists(&fresh) {
        world.remove_folder(&fresh)?;
    }
    world.create_folder(&fresh)?;
    let made = fill(&fresh).and_then(|made| {
        refuse_taken(world, folder)?;
        world.rename(&fresh, folder).map(|()| made)
    });
    if made.is_err() {
        // The message of the failure matters more than a second one about cleaning up after it.
        let _ = world.remove_folder(&fresh);
    }
    made
}

/// Refuses a path where there is anything but an empty folder.
///
/// # Errors
/// There is.
pub(super) fn refuse_taken(world: &World, folder: &Path) -> Result<(), Error> {
    if !world.exists(folder) {
        return Ok(());
    }
    let taken = |message: String| {
        Error::bundle(
            message,
            "nothing is ever written over: choose another folder with --out, or move that one away",
        )
    };
    if !world.is_folder(folder) {
        return Err(taken(format!(
            "{} exists and is not a folder",
            folder.display()
        )));
    }
    match world.names_like(folder, "*")?.first() {
        Some(name) => Err(taken(format!(
            "{} is not empty: it holds {name}",
            folder.display()
        ))),
        None => Ok(()),
    }
}

/// A hidden neighbour: on the same disk, so that renaming is one step.
fn sibling(folder: &Path, ending: &str) -> Result<PathBuf, Error> {
    let name = folder.file_name().ok_or_else(|| {
        Error::bundle(
            format!("{} cannot be an output folder", folder.display()),
            "name a new folder with --out",
        )
    })?;
    Ok(folder.with_file_name(format!(".{}.evenhand-{ending}", name.to_string_lossy())))
}

/// A file that is written piece by piece.
pub(super) struct NewFile {
    path: PathBuf,
    file: File,
}

impl NewFile {
    pub(super) fn create(world: &World, path: PathBuf) -> Result<Self, Error> {
        let file = world.create(&path)?;
        Ok(Self { path, file })
    }

    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| self.failed(source))
    }

    /// Waits until the disk has it.
    pub(super) fn finish(self) -> Result<(), Error> {
        let synced = self.file.sync_all();
        synced.map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> Error {
        Error::File {
            path: self.path.clone(),
            action: "write",
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_leaves_nothing_and_touches_nothing() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        let there = || world.files_below(root.path()).unwrap();
        let half = |fresh: &Path| world.write(&fresh.join("a.csv"), b"half");
        let failed = make(&world, &folder, |fresh| {
            half(fresh)?;
            Err::<(), _>(Error::Internal("the disk is full".into()))
        });
        assert!(failed.is_err());
        assert!(there().is_empty() && !world.exists(&folder));

        // Somebody puts a file there while ours are being written.
        let raced = make(&world, &folder, |fresh| {
            half(fresh)?;
            world.write(&folder.join("mine.txt"), b"mine")
        });
        assert!(raced.unwrap_err().to_string().contains("mine.txt"));
        assert_eq!(there(), [Path::new("out/mine.txt")]);
    }

    #[test]
    fn one_run_at_a_time_writes_a_folder() {
        let root = tempfile::TempDir::new().unwrap();
        let (world, folder) = (World::new(None, None), root.path().join("out"));
        make(&world, &folder, |_| {
            let second = make(&world, &folder, |_| Ok(()));
            assert!(second.unwrap_err().to_string().contains("another run"));
            Ok(())
        })
        .unwrap();
    }
}
