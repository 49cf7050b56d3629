//! In what a file is packed.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Serialize;
use zip::ZipArchive;

use super::{Confidence, Guess};
use crate::error::{DataFault, Error};
use crate::world::World;

/// In what a file is packed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Container {
    /// Text as it is.
    Plain,
    /// Packed with gzip.
    Gzip,
    /// A zip archive with these files in it.
    Zip {
        /// Names of the files that may be tables, in the order of the archive.
        members: Vec<String>,
        /// The one that is looked at.
        member: String,
    },
    /// A spreadsheet.
    Workbook,
    /// A JSON text.
    Json,
}

/// Ends of names that tables have.
const TABLES: [&str; 5] = [".csv", ".txt", ".tsv", ".tab", ".dat"];

/// In what the file is packed, by its first bytes.
///
/// # Errors
/// A folder, a missing or empty file, an archive without a table.
pub(super) fn of(world: &World, path: &Path) -> Result<Guess<Container>, Error> {
    let mut start = Vec::new();
    let failed = |fault: std::io::Error| Error::from(super::broken_off(path, &fault.to_string()));
    world
        .open(path)?
        .take(64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    let certain = |value, reason: String| Ok(Guess::new(value, Confidence::Certain, reason));
    if start.is_empty() {
        return Err(DataFault::new(path, "the file is empty", "name a file with a table").into());
    }
    if start.starts_with(&[0x1f, 0x8b]) {
        return certain(Container::Gzip, "its first bytes are those of gzip".into());
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return certain(
            Container::Workbook,
            "its first bytes are those of an old spreadsheet".into(),
        );
    }
    if start.starts_with(b"PK\x03\x04") {
        let (members, is_workbook) = members(world, path)?;
        if is_workbook {
            return certain(
                Container::Workbook,
                "it is a zip archive that holds the parts of a spreadsheet".into(),
            );
        }
        let Some(member) = members.first().cloned() else {
            return Err(DataFault::new(
                path,
                "no file in the archive has the name of a table",
                format!("names of tables end in {}", TABLES.join(", ")),
            )
            .into());
        };
        let reason = format!(
            "it is a zip archive; of its files {} may be tables",
            members.len()
        );
        return certain(Container::Zip { members, member }, reason);
    }
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&start);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[' | b'{') => certain(Container::Json, "it begins like a JSON text".into()),
        _ => certain(Container::Plain, "it is text, not packed".into()),
    }
}

fn archive(world: &World, path: &Path) -> Result<ZipArchive<Cursor<Vec<u8>>>, Error> {
    ZipArchive::new(Cursor::new(world.read(path)?)).map_err(|fault| {
        DataFault::new(
            path,
            format!("the archive cannot be read: {fault}"),
            "fetch it again, or unpack it and name the file inside",
        )
        .into()
    })
}

fn members(world: &World, path: &Path) -> Result<(Vec<String>, bool), Error> {
    let archive = archive(world, path)?;
    // A name that is no text is nothing that a study could ask for.
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| name.ok().map(std::borrow::Cow::into_owned))
        .collect();
    let is_workbook = names
        .iter()
        .any(|name| name == "xl/workbook.xml" || name == "xl/workbook.bin");
    let is_table = |name: &String| {
        TABLES.iter().any(|end| name.to_lowercase().ends_with(end)) && !name.starts_with("__MACOSX")
    };
    Ok((names.into_iter().filter(is_table).collect(), is_workbook))
}

/// The bytes of the text inside.
///
/// # Errors
/// A container that has none, or that is damaged.
pub(super) fn text(
    world: &World,
    path: &Path,
    container: &Container,
) -> Result<Box<dyn Read + Send>, Error> {
    match container {
        Container::Plain => world.open(path),
        Container::Gzip => Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            1 << 18,
            world.open(path)?,
        )))),
        Container::Zip { member, .. } => {
            let mut bytes = Vec::new();
            archive(world, path)?
                .by_name(member)
                .map_err(|fault| {
                    DataFault::new(
                        path,
                        format!("`{member}` in the archive cannot be read: {fault}"),
                        "unpack it and name the file inside",
                    )
                })?
                .read_to_end(&mut bytes)
                .map_err(|fault| super::broken_off(path, &fault.to_string()))?;
            Ok(Box::new(Cursor::new(bytes)))
        }
        Container::Workbook | Container::Json => {
            Err(DataFault::new(path, "it is no plain table", "save it as CSV").into())
        }
    }
}
