//! Public datasets by name: brought from their publishers, held to their hashes, unpacked, and nothing else of the
//! network. No other command needs it; whoever has the files already names their folder as a mirror.
//!
//! A dataset goes into a folder of its own name. While it comes it is called `.part`; it gets its name when its hash is
//! right. Where the catalogue knows no hash, the first fetch writes down what it found ([`PINS`]) and later ones must find
//! the same. What stands there with other bytes is never overwritten.

mod catalogue;
mod client;
mod download;
mod record;
mod unpack;

use std::path::{Path, PathBuf};

use serde::Serialize;

pub use catalogue::{Catalogue, Dataset, FORMATS, Packing};
pub use client::{Address, Patience};
pub use record::{PINS, SOURCE};
pub use unpack::Unpacked;

use crate::error::Error;
use crate::number::count;
use crate::world::World;
use download::{Arrived, Digested, Download, beside, copy, discard, hash};
use record::{Pin, Source, pin_of, pins, write_pins};
use unpack::Archive;

/// Where datasets go unless the command line says otherwise.
pub const INTO: &str = "datasets/fetched";

/// The lock that one fetch holds in the folder of all datasets.
const LOCK: &str = "fetched.lock";

/// Bytes at the beginning of a file that tell a page of a web site from data.
const BEGINNING: usize = 512;

/// The most that is taken from others.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one file over the network.
    pub download: u64,
    /// Bytes of one archive unpacked.
    pub unpacked: u64,
    /// Files in one archive.
    pub entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            download: 16 << 30,
            unpacked: 32 << 30,
            entries: 1000,
        }
    }
}

/// Where files are instead of their addresses.
#[derive(Debug, Clone)]
pub enum Mirror {
    /// A folder with the files, or with folders of the datasets' names that hold them.
    Folder(PathBuf),
    /// An address; the file's name is put behind it.
    Address(String),
}

impl Mirror {
    /// A text with `://` is an address, any other one a folder.
    #[must_use]
    pub fn new(text: &str) -> Self {
        if text.contains("://") {
            Self::Address(text.trim_end_matches('/').to_owned())
        } else {
            Self::Folder(text.into())
        }
    }
}

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of all datasets.
    pub into: PathBuf,
    /// Where files are instead of their addresses.
    pub mirror: Option<Mirror>,
    /// How long to wait.
    pub patience: Patience,
    /// How much to take.
    pub limits: Limits,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was brought.
    Fetched,
    /// It was there, with the hash that it must have.
    AlreadyThere,
}

/// Who says that the file is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KnownBy {
    /// The catalogue that comes with the program.
    Catalogue,
    /// An earlier fetch into the same folder.
    EarlierFetch,
    /// Nobody before: this fetch wrote the hash down.
    FirstFetch,
}

/// A dataset that is here.
#[derive(Debug, Clone, Serialize)]
pub struct Fetched {
    /// Its name.
    pub name: String,
    /// How it went.
    pub status: Status,
    /// How evenhand reads it.
    pub format: String,
    /// The file as it came.
    pub path: PathBuf,
    /// Where it came from; `None` where it was here already.
    pub from: Option<String>,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Who knows that hash.
    pub known_by: KnownBy,
    /// Bytes that an earlier, broken fetch had left.
    pub resumed_from: u64,
    /// Whether an end too early would have been seen: by the hash, by the length that the server said, or by a mark of the end.
    pub is_whole: bool,
    /// When the server says that the file was changed last.
    pub last_modified: Option<String>,
    /// When the server says that it answered.
    pub date: Option<String>,
    /// What was in it.
    pub files: Vec<Unpacked>,
}

/// What a file must be.
struct Expected {
    sha256: String,
    bytes: Option<u64>,
    by: KnownBy,
}

/// Whoever fetches.
#[derive(Debug)]
pub struct Fetcher<'a> {
    world: &'a World,
    settings: Settings,
}

/// One dataset on its way.
struct Job<'a> {
    fetcher: &'a Fetcher<'a>,
    dataset: &'a Dataset,
    folder: PathBuf,
    part: PathBuf,
    expected: Option<Expected>,
}

impl<'a> Fetcher<'a> {
    /// For a world and settings.
    #[must_use]
    pub fn new(world: &'a World, settings: Settings) -> Self {
        Self { world, settings }
    }

    /// Brings a dataset, unless it is here already, and unpacks it.
    ///
    /// # Errors
    /// Another fetch is at work in the same folder; something else stands under its name; it cannot be had; it is not what
    /// it must be. What was here is as it was; bytes that came before a break are kept and gone on from.
    pub fn fetch(&self, dataset: &Dataset) -> Result<Fetched, Error> {
        let into = &self.settings.into;
        self.world.create_folder(into)?;
        let path = into.join(LOCK);
        let busy = || {
            let message = format!("another fetch is at work in {}", into.display());
            Error::bundle(message, "wait for it, or choose another folder with --into")
        };
        let lock = self.world.lock(&path)?.ok_or_else(busy)?;
        let fetched = self.fetch_alone(dataset);
        self.world.watcher().done();
        let unlocked = self.world.unlock(&path, lock);
        let fetched = fetched?;
        unlocked.map(|()| fetched)
    }

    fn fetch_alone(&self, dataset: &Dataset) -> Result<Fetched, Error> {
        let folder = self.settings.into.join(&dataset.name);
        let pins = pins(self.world, &self.settings.into)?;
        let by_catalogue = dataset.sha256.as_ref().map(|sha256| Expected {
            sha256: sha256.clone(),
            bytes: dataset.bytes,
            by: KnownBy::Catalogue,
        });
        let by_pin = || {
            pin_of(&pins, dataset).map(|pin| Expected {
                sha256: pin.sha256.clone(),
                bytes: Some(pin.bytes),
                by: KnownBy::EarlierFetch,
            })
        };
        let job = Job {
            fetcher: self,
            dataset,
            part: beside(&folder.join(&dataset.file), "part"),
            folder,
            expected: by_catalogue.or_else(by_pin),
        };
        let target = job.target();
        if self.world.exists(&target) {
            return job.check(&target);
        }
        let brought = job.bring(&target);
        if brought.is_err()
            && self
                .world
                .files_below(&job.folder)
                .is_ok_and(|files| files.is_empty())
        {
            self.world.remove_folder(&job.folder)?;
        }
        brought
    }
}

impl Job<'_> {
    fn target(&self) -> PathBuf {
        self.folder.join(&self.dataset.file)
    }

    fn world(&self) -> &World {
        self.fetcher.world
    }

    fn limits(&self) -> &Limits {
        &self.fetcher.settings.limits
    }

    /// What stands there already: the right file, or one that must not be touched.
    fn check(&self, target: &Path) -> Result<Fetched, Error> {
        let Some(expected) = &self.expected else {
            return Err(Error::bundle(
                format!(
                    "{} stands there, and no hash is known of it",
                    target.display()
                ),
                "nothing was overwritten. Move it to another folder, and fetch again with --mirror and that folder to have it taken as it is",
            ));
        };
        self.world().watcher().stage("checking");
        let found = hash(self.world(), target)?;
        if found.sha256 != expected.sha256 {
            return Err(Error::bundle(
                format!(
                    "{} stands there with sha256 {}, and {} is expected",
                    target.display(),
                    found.sha256,
                    expected.sha256
                ),
                "nothing was overwritten. Move it away and fetch again",
            ));
        }
        let archive = Archive::look(self.world(), target, self.dataset, self.limits())?;
        let files = archive.unpack(target, &self.folder, self.limits())?;
        Ok(self.fetched(found, (None, Arrived::default()), expected.by, files))
    }

    fn bring(&self, target: &Path) -> Result<Fetched, Error> {
        let world = self.world();
        world.create_folder(&self.folder)?;
        world.watcher().stage(&self.dataset.name);
        let (from, arrived, found) = self.arrive()?;
        let known_by = match &self.expected {
            Some(expected) => expected.by,
            None => self
                .accept()
                .and_then(|()| self.pin(&from, &found))
                .map(|()| KnownBy::FirstFetch)?,
        };
        let source = Source {
            name: &self.dataset.name,
            title: &self.dataset.title,
            licence: &self.dataset.licence,
            format: &self.dataset.format,
            file: &self.dataset.file,
            address: &from,
            bytes: found.bytes,
            sha256: &found.sha256,
            last_modified: arrived.last_modified.as_deref(),
            date: arrived.date.as_deref(),
        };
        source.write(world, &self.folder)?;
        world.rename(&self.part, target)?;
        discard(world, &self.part)?;
        if self.dataset.packed != Packing::No {
            world.watcher().stage("unpacking");
        }
        let archive = Archive::look(world, target, self.dataset, self.limits())?;
        let files = archive.unpack(target, &self.folder, self.limits())?;
        Ok(self.fetched(found, (Some(from), arrived), known_by, files))
    }

    /// Brings the bytes, and holds them to their hash. A fetch that went on from bytes of a broken one begins anew once.
    fn arrive(&self) -> Result<(String, Arrived, Digested), Error> {
        let settings = &self.fetcher.settings;
        if let Some(Mirror::Folder(mirror)) = &settings.mirror {
            let from = self.in_mirror(mirror)?;
            copy(self.world(), &from, &self.part, settings.limits.download)?;
            let found = self.held(&from.display().to_string())?;
            return Ok((from.display().to_string(), Arrived::default(), found));
        }
        let address = self.address()?;
        let download = Download {
            world: self.world(),
            address: &address,
            part: &self.part,
            bytes: self
                .expected
                .as_ref()
                .and_then(|expected| expected.bytes)
                .or(self.dataset.bytes),
            is_known: self.expected.is_some(),
            limit: settings.limits.download,
            patience: &settings.patience,
        };
        let mut arrived = download.run()?;
        if arrived.resumed_from > 0 && !self.is_right(&hash(self.world(), &self.part)?) {
            download.discard()?;
            arrived = download.run()?;
        }
        let found = self.held(&address.to_string())?;
        Ok((address.to_string(), arrived, found))
    }

    fn in_mirror(&self, mirror: &Path) -> Result<PathBuf, Error> {
        let file = &self.dataset.file;
        let places = [
            mirror.join(file),
            mirror.join(&self.dataset.name).join(file),
        ];
        let found = places.into_iter().find(|path| self.world().exists(path));
        found.ok_or_else(|| {
            Error::bundle(
                format!("{} has no {file}", mirror.display()),
                format!(
                    "put it there, or into its folder {}; without --mirror its address is asked",
                    self.dataset.name
                ),
            )
        })
    }

    fn address(&self) -> Result<Address, Error> {
        let text = match (&self.fetcher.settings.mirror, &self.dataset.address) {
            (Some(Mirror::Address(mirror)), _) => format!("{mirror}/{}", self.dataset.file),
            (_, Some(address)) => address.clone(),
            (_, None) => {
                return Err(Error::bundle(
                    format!("{}: {}", self.dataset.name, self.dataset.named_by),
                    format!(
                        "when you have it, as {}, --mirror DIR takes it from its folder",
                        self.dataset.file
                    ),
                ));
            }
        };
        Address::new(&text)
            .map_err(|why| Error::bundle(why, "give --mirror a folder, or an address with https"))
    }

    fn is_right(&self, found: &Digested) -> bool {
        self.expected
            .as_ref()
            .is_none_or(|expected| expected.sha256 == found.sha256)
    }

    /// The hash of what came, if it is what it must be; otherwise what came is removed.
    fn held(&self, from: &str) -> Result<Digested, Error> {
        self.world().watcher().stage("checking");
        let found = hash(self.world(), &self.part)?;
        let Some(expected) = self.expected.as_ref().filter(|_| !self.is_right(&found)) else {
            return Ok(found);
        };
        discard(self.world(), &self.part)?;
        let (who, hint) = match expected.by {
            KnownBy::Catalogue => (
                "the catalogue".to_owned(),
                "its publisher may have changed it, or somebody on the way: evenhand takes only the file that it knows".to_owned(),
            ),
            _ => (
                self.fetcher.settings.into.join(PINS).display().to_string(),
                format!(
                    "its publisher has changed it since the first fetch. To take the new one, remove [{}] there and fetch again",
                    self.dataset.name
                ),
            ),
        };
        Err(Error::bundle(
            format!(
                "{from}: has sha256 {} ({} bytes), and {who} says {}: refused",
                found.sha256,
                count(found.bytes),
                expected.sha256
            ),
            hint,
        ))
    }

    /// What nobody knows the hash of must at least look like what it should be, before its hash is written down.
    fn accept(&self) -> Result<(), Error> {
        let accepted = self.looks_right();
        if accepted.is_err() {
            discard(self.world(), &self.part)?;
        }
        accepted
    }

    fn looks_right(&self) -> Result<(), Error> {
        use std::io::Read as _;
        let mut beginning = Vec::new();
        let mut file = self.world().open(&self.part)?.take(BEGINNING as u64);
        file.read_to_end(&mut beginning)
            .map_err(|source| Error::File {
                path: self.part.clone(),
                action: "read",
                source,
            })?;
        let text = String::from_utf8_lossy(&beginning)
            .trim_start_matches('\u{feff}')
            .trim_start()
            .to_lowercase();
        let found = if text.starts_with("<!doctype html") || text.starts_with("<html") {
            "a web page"
        } else if text.starts_with("version https://git-lfs") {
            "a note of where the file is stored, and not the file"
        } else if beginning.is_empty() {
            "an empty file"
        } else {
            return Archive::look(self.world(), &self.part, self.dataset, self.limits())
                .map(|_| ());
        };
        Err(Error::bundle(
            format!("{}: what came is {found}", self.dataset.name),
            "its address may be out of date: fetch the file in a browser and use --mirror",
        ))
    }

    fn pin(&self, from: &str, found: &Digested) -> Result<(), Error> {
        let into = &self.fetcher.settings.into;
        let mut pins = pins(self.world(), into)?;
        let pin = Pin {
            file: self.dataset.file.clone(),
            bytes: found.bytes,
            sha256: found.sha256.clone(),
            address: from.to_owned(),
        };
        pins.insert(self.dataset.name.clone(), pin);
        write_pins(self.world(), into, &pins)
    }

    fn fetched(
        &self,
        found: Digested,
        (from, arrived): (Option<String>, Arrived),
        known_by: KnownBy,
        files: Vec<Unpacked>,
    ) -> Fetched {
        let is_network =
            from.is_some() && !matches!(self.fetcher.settings.mirror, Some(Mirror::Folder(_)));
        Fetched {
            name: self.dataset.name.clone(),
            status: if from.is_some() {
                Status::Fetched
            } else {
                Status::AlreadyThere
            },
            format: self.dataset.format.clone(),
            path: self.target(),
            from,
            bytes: found.bytes,
            sha256: found.sha256,
            known_by,
            resumed_from: arrived.resumed_from,
            is_whole: !is_network || known_by != KnownBy::FirstFetch || arrived.is_end_marked,
            last_modified: arrived.last_modified,
            date: arrived.date,
            files,
        }
    }
}
