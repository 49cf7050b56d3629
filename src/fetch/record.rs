//! What is written beside the data: the hashes that first fetches found, and where each file is from. No clock of ours:
//! dates are those of the server.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::catalogue::{Dataset, is_hash};
use crate::error::{DataFault, Error};
use crate::world::World;

/// The file of hashes, in the folder of all datasets.
pub const PINS: &str = "fetched.toml";

/// The record of one dataset, beside its data.
pub const SOURCE: &str = "source.toml";

const PINS_HEAD: &str = "\
# Written by evenhand fetch: what the first fetch of each dataset found whose hash the catalogue does not know.
# Later fetches must find the same. Remove an entry to take whatever its address gives now.
";

const SOURCE_HEAD: &str = "# Written by evenhand fetch: where the file beside it is from.\n";

/// What the first fetch of a dataset found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pin {
    pub(super) file: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    pub(super) address: String,
}

/// The pins by the names of the datasets.
pub(super) type Pins = BTreeMap<String, Pin>;

/// Reads the pins; there are none where no file stands.
///
/// # Errors
/// The file is not as it was written.
pub(super) fn pins(world: &World, into: &Path) -> Result<Pins, Error> {
    let path = into.join(PINS);
    if !world.exists(&path) {
        return Ok(Pins::new());
    }
    let bytes = world.read(&path)?;
    let text = String::from_utf8_lossy(&bytes);
    let hint = "it holds the hashes of earlier fetches, [NAME] with file, bytes, sha256 and address: mend it, or move it away";
    let pins: Pins = toml::from_str(&text).map_err(|fault| {
        let before = fault
            .span()
            .and_then(|span| text.get(..span.start))
            .unwrap_or_default();
        DataFault::new(&path, fault.message(), hint)
            .at_line(before.matches('\n').count() as u64 + 1)
    })?;
    match pins.iter().find(|(_, pin)| !is_hash(&pin.sha256)) {
        Some((name, pin)) => {
            let message = format!("found `{}` as the sha256 of {name}", pin.sha256);
            Err(DataFault::new(&path, message, hint).into())
        }
        None => Ok(pins),
    }
}

/// Writes the pins anew, in one step.
///
/// # Errors
/// The disk.
pub(super) fn write_pins(world: &World, into: &Path, pins: &Pins) -> Result<(), Error> {
    let text = toml::to_string(pins).expect("pins are texts and numbers");
    world.replace(&into.join(PINS), format!("{PINS_HEAD}\n{text}").as_bytes())
}

/// Where a file is from.
#[derive(Debug, Serialize)]
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) title: &'a str,
    pub(super) licence: &'a str,
    pub(super) format: &'a str,
    pub(super) file: &'a str,
    /// Where it came from: an address, or a file of a mirror.
    pub(super) address: &'a str,
    pub(super) bytes: u64,
    pub(super) sha256: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) date: Option<&'a str>,
}

impl Source<'_> {
    /// Writes the record into the folder of its dataset.
    ///
    /// # Errors
    /// A file of that name stands there that evenhand did not write; the disk.
    pub(super) fn write(&self, world: &World, folder: &Path) -> Result<(), Error> {
        let path = folder.join(SOURCE);
        if world.exists(&path) && !world.read(&path)?.starts_with(SOURCE_HEAD.as_bytes()) {
            return Err(Error::bundle(
                format!("{} was not written by evenhand fetch", path.display()),
                "nothing was overwritten: move it away and fetch again",
            ));
        }
        let text = toml::to_string(self).expect("a record is texts and a number");
        world.replace(&path, format!("{SOURCE_HEAD}\n{text}").as_bytes())
    }
}

/// What the first fetch of a dataset found, if it was of the same file: a catalogue of another version may name another.
pub(super) fn pin_of<'a>(pins: &'a Pins, dataset: &Dataset) -> Option<&'a Pin> {
    pins.get(&dataset.name)
        .filter(|pin| pin.file == dataset.file)
}
