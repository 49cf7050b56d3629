//! Bytes into a `.part` file, over breaks: what is here is kept, and only the rest is asked for again.

use std::fs::File;
use std::io::{ErrorKind, Read, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::client::{Address, Answer, Client, Patience, Trouble, Wanted};
use crate::error::Error;
use crate::number::count;
use crate::world::World;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 16;

/// What is downloaded.
pub(super) struct Download<'a> {
    pub(super) world: &'a World,
    pub(super) address: &'a Address,
    /// Where the bytes go.
    pub(super) part: &'a Path,
    /// The length that it must have, where known.
    pub(super) bytes: Option<u64>,
    /// Whether its hash is known, so that bytes of two versions cannot pass for one.
    pub(super) is_known: bool,
    /// The most bytes that are taken.
    pub(super) limit: u64,
    pub(super) patience: &'a Patience,
}

/// What came with the bytes.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) last_modified: Option<String>,
    pub(super) date: Option<String>,
    /// Bytes that were here before.
    pub(super) resumed_from: u64,
    /// Whether an end too early would have been seen.
    pub(super) is_end_marked: bool,
}

/// Of what a `.part` file is the beginning; it stands beside it.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Beginning {
    address: String,
    version: Option<String>,
}

impl Download<'_> {
    /// Brings all bytes, with new attempts after broken connections.
    ///
    /// # Errors
    /// The server refuses, the connection breaks once too often, the disk is full: what came is kept.
    pub(super) fn run(&self) -> Result<Arrived, Error> {
        let client = Client::new(self.patience);
        let before = self.world.length(self.part).unwrap_or(0);
        let mut attempt = 0;
        loop {
            let why = match self.once(&client) {
                Ok(arrived) => {
                    let kept = arrived.resumed_from.min(before);
                    return Ok(Arrived {
                        resumed_from: kept,
                        ..arrived
                    });
                }
                Err(Trouble::Final(error)) => return Err(error),
                Err(Trouble::Broken(why)) => why,
            };
            if !self.patience.wait_before(attempt) {
                return Err(self.given_up(&why, attempt + 1));
            }
            attempt += 1;
        }
    }

    fn given_up(&self, why: &str, attempts: usize) -> Error {
        let kept = self.world.length(self.part).unwrap_or(0);
        let hint = if kept > 0 {
            format!(
                "{} bytes are kept in {}: the same command goes on from there",
                count(kept),
                self.part.display()
            )
        } else {
            "check the connection; without one, --mirror DIR takes files that you have".into()
        };
        Error::bundle(format!("{why}; {attempts} attempts"), hint)
    }

    fn once(&self, client: &Client) -> Result<Arrived, Trouble> {
        let (wanted, beginning) = self.wanted();
        let mut answer = client.ask(self.address, &wanted)?;
        self.refuse_length(answer.length)?;
        let is_other_version = answer.from > 0
            && beginning.version.is_some()
            && answer.version.is_some()
            && answer.version != beginning.version;
        if (answer.from != 0 && answer.from != wanted.byte)
            || is_other_version
            || answer.length.is_some_and(|length| length < answer.from)
        {
            self.write(self.part, 0).map_err(Trouble::Final)?;
            return Err(Trouble::Broken(format!(
                "{}: what is here already is not the beginning of what the server has",
                self.address
            )));
        }
        // Cut off first, noted then: a kill in between must not leave old bytes under a new version.
        let file = self.write(self.part, answer.from).map_err(Trouble::Final)?;
        if answer.from == 0 {
            self.note(&answer).map_err(Trouble::Final)?;
        }
        self.take(client, file, &mut answer)?;
        Ok(Arrived {
            resumed_from: answer.from,
            is_end_marked: answer.is_end_marked,
            last_modified: answer.last_modified,
            date: answer.date,
        })
    }

    /// From where to ask, and of what the bytes before it are.
    fn wanted(&self) -> (Wanted, Beginning) {
        let here = self.world.length(self.part).unwrap_or(0);
        let read = |text: Vec<u8>| toml::from_slice::<Beginning>(&text).ok();
        let beginning = self
            .world
            .read(&self.note_path())
            .ok()
            .and_then(read)
            .unwrap_or_default();
        let is_same = beginning.address == self.address.to_string();
        let version = beginning.version.clone().filter(|_| is_same);
        // Without a version and without a hash nobody could tell the halves of two files from one.
        let byte = if version.is_some() || self.is_known {
            here
        } else {
            0
        };
        (
            Wanted { byte, version },
            if is_same {
                beginning
            } else {
                Beginning::default()
            },
        )
    }

    fn note_path(&self) -> PathBuf {
        beside(self.part, "toml")
    }

    fn note(&self, answer: &Answer) -> Result<(), Error> {
        let beginning = Beginning {
            address: self.address.to_string(),
            version: answer.version.clone(),
        };
        let text = toml::to_string(&beginning).expect("two texts are always TOML");
        self.world.replace(&self.note_path(), text.as_bytes())
    }

    fn refuse_length(&self, length: Option<u64>) -> Result<(), Trouble> {
        let Some(length) = length else { return Ok(()) };
        if let Some(known) = self.bytes.filter(|known| *known != length) {
            return Err(Trouble::Final(Error::bundle(
                format!(
                    "{}: has {} bytes, and {} are expected",
                    self.address,
                    count(length),
                    count(known)
                ),
                "it is not the file that evenhand knows; its publisher may have changed it",
            )));
        }
        if length > self.limit {
            Err(self.too_long())
        } else {
            Ok(())
        }
    }

    fn too_long(&self) -> Trouble {
        Trouble::Final(Error::bundle(
            format!("{}: more than {} bytes", self.address, count(self.limit)),
            "that is more than evenhand takes: fetch the file by hand",
        ))
    }

    fn write(&self, path: &Path, keep: u64) -> Result<File, Error> {
        self.world
            .continue_file(path, keep)
            .map_err(|error| kept(self.part, &error.to_string()))
    }

    /// Takes what comes until it ends.
    fn take(&self, client: &Client, mut file: File, answer: &mut Answer) -> Result<(), Trouble> {
        let full = |fault: std::io::Error| {
            Trouble::Final(kept(
                self.part,
                &format!("{}: cannot write: {fault}", self.part.display()),
            ))
        };
        let mut buffer = vec![0; CHUNK];
        let mut here = answer.from;
        loop {
            let read = match answer.body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(fault) if fault.kind() == ErrorKind::Interrupted => continue,
                Err(fault) => return Err(client.broken(self.address, &fault)),
            };
            here += read as u64;
            if here > self.limit {
                return Err(self.too_long());
            }
            file.write_all(&buffer[..read]).map_err(full)?;
            self.world.watcher().bytes(here, answer.length);
        }
        file.sync_all().map_err(full)?;
        match answer.length {
            Some(length) if length != here => Err(Trouble::Broken(format!(
                "{}: ended after {} of {} bytes",
                self.address,
                count(here),
                count(length)
            ))),
            _ => Ok(()),
        }
    }

    /// Forgets what came.
    pub(super) fn discard(&self) -> Result<(), Error> {
        discard(self.world, self.part)
    }
}

/// Removes a `.part` file and the note beside it.
pub(super) fn discard(world: &World, part: &Path) -> Result<(), Error> {
    for path in [part.to_path_buf(), beside(part, "toml")] {
        if world.exists(&path) {
            world.remove_file(&path)?;
        }
    }
    Ok(())
}

/// A fault of the disk: nothing is lost by it.
fn kept(part: &Path, fault: &str) -> Error {
    Error::bundle(
        fault,
        format!(
            "what came is kept in {}: make space or choose another folder with --into; the same command goes on from there",
            part.display()
        ),
    )
}

/// A path with an ending more.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

/// A copy of a file of a mirror folder.
///
/// # Errors
/// It cannot be read, is longer than allowed, or the disk is full.
pub(super) fn copy(world: &World, from: &Path, part: &Path, limit: u64) -> Result<(), Error> {
    let mut reader = world.open(from)?;
    let file = world.continue_file(part, 0)?;
    pour(&mut reader, file, limit)
        .map(|_| ())
        .map_err(|fault| match fault {
            Fault::TooMuch => Error::bundle(
                format!("{}: more than {} bytes", from.display(), count(limit)),
                "that is more than evenhand takes",
            ),
            Fault::Read(fault) => Error::File {
                path: from.to_path_buf(),
                action: "read",
                source: fault,
            },
            Fault::Write(fault) => {
                kept(part, &format!("{}: cannot write: {fault}", part.display()))
            }
        })
}

/// Hash and length of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digested {
    pub(super) sha256: String,
    pub(super) bytes: u64,
}

/// Why not all went from one to the other.
pub(super) enum Fault {
    TooMuch,
    Read(std::io::Error),
    Write(std::io::Error),
}

/// All of a reader into a file, at most `limit` bytes, hashed on the way.
pub(super) fn pour(reader: &mut impl Read, mut file: File, limit: u64) -> Result<Digested, Fault> {
    let digested = digest(reader, limit, |bytes| file.write_all(bytes))?;
    file.sync_all().map_err(Fault::Write)?;
    Ok(digested)
}

/// Hash and length of a file on disk.
///
/// # Errors
/// It cannot be read.
pub(super) fn hash(world: &World, path: &Path) -> Result<Digested, Error> {
    let digested = digest(&mut world.open(path)?, u64::MAX, |_| Ok(()));
    digested.map_err(|fault| match fault {
        Fault::Read(source) | Fault::Write(source) => Error::File {
            path: path.to_path_buf(),
            action: "read",
            source,
        },
        Fault::TooMuch => Error::Internal("a file of more than 2^64 bytes".into()),
    })
}

fn digest(
    reader: &mut impl Read,
    limit: u64,
    mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
) -> Result<Digested, Fault> {
    let (mut hasher, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; CHUNK]);
    loop {
        let read = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(fault) if fault.kind() == ErrorKind::Interrupted => continue,
            Err(fault) => return Err(Fault::Read(fault)),
        };
        bytes += read as u64;
        if bytes > limit {
            return Err(Fault::TooMuch);
        }
        hasher.update(&buffer[..read]);
        each(&buffer[..read]).map_err(Fault::Write)?;
    }
    let sha256 = crate::ingest::hex(&hasher.finalize());
    Ok(Digested { sha256, bytes })
}
