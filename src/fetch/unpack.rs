//! What is in an archive, into the folder of its dataset and nowhere else.

use std::collections::BTreeSet;

use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::Serialize;
use zip::ZipArchive;

use super::Limits;
use super::catalogue::{Dataset, Packing};
use super::download::{Digested, Fault, beside, hash, pour};
use super::record::SOURCE;
use crate::error::Error;
use crate::number::count;
use crate::world::{ReadSeek, World};

/// A file that was in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unpacked {
    /// Its path below the folder of the dataset, with `/`.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// An archive that was looked through: every name in it stays in the folder.
pub(super) struct Archive<'a> {
    world: &'a World,
    path: &'a Path,
    packing: Packing,
    /// Number in the archive, and name, of every file.
    entries: Vec<(usize, String)>,
}

impl<'a> Archive<'a> {
    /// Looks through an archive before anything of it is unpacked.
    ///
    /// # Errors
    /// It is none, is damaged, names a path outside of its folder, one of our own files or one twice, or holds a link,
    /// an encrypted file, or more than allowed.
    pub(super) fn look(
        world: &'a World,
        path: &'a Path,
        dataset: &Dataset,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let entries = match dataset.packed {
            Packing::No => Vec::new(),
            Packing::Gz => vec![(0, gz_name(world, path, &dataset.file)?)],
            Packing::Zip => zip_names(world, path, limits)?,
        };
        let mut known = BTreeSet::from([SOURCE.to_lowercase(), dataset.file.to_lowercase()]);
        for (_, name) in &entries {
            // On some systems names differ in more than their letters' size only.
            if !known.insert(name.to_lowercase()) || name.ends_with(".part") {
                return Err(distrusted(
                    path,
                    &format!("`{name}` is the name of another file, or stands there twice"),
                ));
            }
        }
        Ok(Self {
            world,
            path,
            packing: dataset.packed,
            entries,
        })
    }

    /// Unpacks every file into a folder. What stands there with the same bytes is left alone.
    ///
    /// # Errors
    /// The archive is damaged or holds more than allowed, other bytes stand under a name, or the disk is full.
    pub(super) fn unpack(
        &self,
        path: &Path,
        folder: &Path,
        limits: &Limits,
    ) -> Result<Vec<Unpacked>, Error> {
        let mut left = limits.unpacked;
        let mut unpacked = Vec::new();
        for (number, name) in &self.entries {
            let target = folder.join(name);
            let part = beside(&target, "part");
            if let Some(folder) = target.parent() {
                self.world.create_folder(folder)?;
            }
            let found = self
                .pour_entry(path, *number, &part, left)
                .and_then(|found| {
                    self.settle(&part, &target, &found)?;
                    Ok(found)
                });
            if found.is_err() && self.world.exists(&part) {
                self.world.remove_file(&part)?;
            }
            let Digested { sha256, bytes } = found?;
            left -= bytes;
            unpacked.push(Unpacked {
                file: name.clone(),
                bytes,
                sha256,
            });
        }
        Ok(unpacked)
    }

    fn pour_entry(
        &self,
        path: &Path,
        number: usize,
        part: &Path,
        left: u64,
    ) -> Result<Digested, Error> {
        let file = self.world.continue_file(part, 0)?;
        let poured = match self.packing {
            Packing::Gz => pour(
                &mut MultiGzDecoder::new(self.world.open_anywhere(path)?),
                file,
                left,
            ),
            _ => {
                let mut archive = open_zip(self.world, path)?;
                let mut entry = archive
                    .by_index(number)
                    .map_err(|fault| damaged(path, &fault))?;
                pour(&mut entry, file, left)
            }
        };
        poured.map_err(|fault| match fault {
            Fault::TooMuch => too_much(path),
            Fault::Read(fault) => damaged(path, &fault),
            Fault::Write(source) => Error::File {
                path: part.to_path_buf(),
                action: "write",
                source,
            },
        })
    }

    /// Gives an unpacked file its name, unless other bytes have it.
    fn settle(&self, part: &Path, target: &Path, found: &Digested) -> Result<(), Error> {
        if !self.world.exists(target) {
            return self.world.rename(part, target);
        }
        if hash(self.world, target)? == *found {
            return self.world.remove_file(part);
        }
        Err(Error::bundle(
            format!(
                "{} stands there with other bytes than in {}",
                target.display(),
                self.path.display()
            ),
            "nothing was overwritten: move it away and fetch again",
        ))
    }
}

fn gz_name(world: &World, path: &Path, file: &str) -> Result<String, Error> {
    let mut magic = [0; 2];
    let read = world.open_anywhere(path)?.read_exact(&mut magic);
    let name = file.strip_suffix(".gz").filter(|name| !name.is_empty());
    match (read, name) {
        (Ok(()), Some(name)) if magic == [0x1f, 0x8b] => Ok(name.to_owned()),
        _ => Err(damaged(path, &"it is not packed with gzip")),
    }
}

fn open_zip(world: &World, path: &Path) -> Result<ZipArchive<Box<dyn ReadSeek>>, Error> {
    ZipArchive::new(world.open_anywhere(path)?).map_err(|fault| damaged(path, &fault))
}

fn zip_names(world: &World, path: &Path, limits: &Limits) -> Result<Vec<(usize, String)>, Error> {
    let mut archive = open_zip(world, path)?;
    if archive.len() > limits.entries {
        return Err(too_much(path));
    }
    let (mut names, mut bytes) = (Vec::new(), 0_u64);
    for number in 0..archive.len() {
        let entry = archive
            .by_index(number)
            .map_err(|fault| damaged(path, &fault))?;
        let name = entry
            .name()
            .map_err(|fault| damaged(path, &fault))?
            .into_owned();
        if !stays_inside(&name) || entry.is_symlink() {
            return Err(distrusted(
                path,
                &format!("`{name}` would lead out of its folder"),
            ));
        }
        if entry.encrypted() {
            return Err(damaged(path, &format!("`{name}` is encrypted")));
        }
        bytes = bytes.saturating_add(entry.size());
        if !entry.is_dir() {
            names.push((number, name));
        }
    }
    if bytes > limits.unpacked {
        return Err(too_much(path));
    }
    if names.is_empty() {
        return Err(damaged(path, &"it holds no file"));
    }
    Ok(names)
}

/// Whether a name in an archive is a path downwards on every system.
fn stays_inside(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    let is_step = |step: &str| {
        !matches!(step, "" | "." | "..")
            && !step.contains(['\\', ':', '\0'])
            && step.trim_end_matches([' ', '.']) == step
    };
    name.split('/').all(is_step) && PathBuf::from(name).is_relative()
}

fn distrusted(path: &Path, what: &str) -> Error {
    Error::bundle(
        format!("{}: {what}", path.display()),
        "such an archive is not to be trusted: nothing of it was unpacked",
    )
}

fn damaged(path: &Path, what: &impl ToString) -> Error {
    Error::bundle(
        format!(
            "{}: cannot be unpacked: {}",
            path.display(),
            what.to_string()
        ),
        "what came is not what the catalogue says, or is damaged: look for the file at its publisher",
    )
}

fn too_much(path: &Path) -> Error {
    let limits = Limits::default();
    Error::bundle(
        format!("{}: holds more than evenhand unpacks", path.display()),
        format!(
            "the limit is {} bytes in {} files: a small archive can be made to fill a disk; unpack it by hand if you trust it",
            count(limits.unpacked),
            count(limits.entries as u64)
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_downwards_stay_inside() {
        for good in ["a.csv", "a/b.csv", "a/", "a b/c..d.csv", ".hidden"] {
            assert!(stays_inside(good), "{good}");
        }
        for bad in [
            "../a",
            "a/../../b",
            "/etc/passwd",
            "a//b",
            "",
            "/",
            "..",
            "C:\\a",
            "a\\..\\b",
            "C:a",
            "a/./b",
            "a. /b",
            "nul\0",
        ] {
            assert!(!stays_inside(bad), "{bad}");
        }
    }
}
