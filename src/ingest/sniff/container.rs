//! In what a file is packed, and the text inside.

use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::{Confidence, Guess};
use crate::error::{DataFault, Error};
use crate::ingest::layout::{Layout, Separator, SheetChoice, contents};
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
    Workbook {
        /// Names of its sheets.
        sheets: Vec<String>,
        /// The one that is looked at.
        sheet: String,
    },
    /// A JSON text.
    Json,
}

/// Ends of names that tables have.
const TEXTS: [&str; 6] = [".csv", ".txt", ".tsv", ".tab", ".dat", ".psv"];
/// Ends of names of tables that are no text.
const OTHERS: [&str; 5] = [".xlsx", ".xlsm", ".xlsb", ".xls", ".json"];

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
        let hint = "name a file with a table";
        return Err(DataFault::new(path, "the file is empty", hint).into());
    }
    if start.starts_with(&[0x1f, 0x8b]) {
        return certain(Container::Gzip, "its first bytes are those of gzip".into());
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return workbook(world, path);
    }
    if start.starts_with(b"PK\x03\x04") {
        let names = contents::members(world, path)?;
        if names
            .iter()
            .any(|name| name == "[Content_Types].xml" || name == "content.xml")
        {
            return workbook(world, path);
        }
        return zip(path, names);
    }
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&start);
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[' | b'{') => certain(Container::Json, "it begins like a JSON text".into()),
        _ => certain(Container::Plain, "it is text, not packed".into()),
    }
}

fn workbook(world: &World, path: &Path) -> Result<Guess<Container>, Error> {
    let sheets = contents::sheets(world, path)?;
    let Some(sheet) = sheets.first().cloned() else {
        let hint = "name a file with a table";
        return Err(DataFault::new(path, "the workbook has no sheet", hint).into());
    };
    Ok(match sheets.len() {
        1 => Guess::new(
            Container::Workbook { sheets, sheet },
            Confidence::Certain,
            "it is a workbook of one sheet".into(),
        ),
        several => Guess::new(
            Container::Workbook { sheets, sheet },
            Confidence::Doubtful,
            format!("it is a workbook of {several} sheets, of which the first was looked at"),
        ),
    })
}

fn zip(path: &Path, names: Vec<String>) -> Result<Guess<Container>, Error> {
    let is_table = |name: &String| {
        let lower = name.to_lowercase();
        let mut ends = TEXTS.iter().chain(&OTHERS);
        ends.any(|end| lower.ends_with(end)) && !name.starts_with("__MACOSX")
    };
    let members: Vec<String> = names.into_iter().filter(is_table).collect();
    let Some(member) = members.first().cloned() else {
        return Err(DataFault::new(
            path,
            "no file in the archive has the name of a table",
            format!(
                "names of tables end in {} or {}",
                TEXTS.join(", "),
                OTHERS.join(", ")
            ),
        )
        .into());
    };
    Ok(match members.len() {
        1 => Guess::new(
            Container::Zip { members, member },
            Confidence::Certain,
            "it is a zip archive with one table in it".into(),
        ),
        several => Guess::new(
            Container::Zip { members, member },
            Confidence::Doubtful,
            format!("it is a zip archive of {several} files, of which the first was looked at"),
        ),
    })
}

/// What may separate the fields of the text inside.
pub(super) fn separators(container: &Container) -> &'static [Separator] {
    match container {
        Container::Workbook { .. } | Container::Json => &[Separator::Comma],
        _ => &[
            Separator::Comma,
            Separator::Semicolon,
            Separator::Tab,
            Separator::Bar,
            Separator::Tilde,
        ],
    }
}

/// The bytes of the text inside.
///
/// # Errors
/// A container that is damaged.
pub(super) fn text(
    world: &World,
    path: &Path,
    container: &Container,
) -> Result<Box<dyn Read + Send>, Error> {
    let opened = |layout: Layout| Ok(layout.open(world, path)?.text);
    match container {
        Container::Plain => world.open(path),
        Container::Gzip => Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(
            1 << 18,
            world.open(path)?,
        )))),
        Container::Zip { member, .. }
            if TEXTS.iter().any(|end| member.to_lowercase().ends_with(end)) =>
        {
            let bytes = contents::bytes_of(world, path, member)?;
            Ok(Box::new(Cursor::new(bytes)))
        }
        Container::Zip { member, .. } => opened(Layout {
            member: Some(member.clone()),
            ..Layout::default()
        }),
        Container::Workbook { sheets, sheet } => opened(Layout {
            sheet: (sheets.len() > 1).then(|| SheetChoice::One(sheet.clone())),
            ..Layout::default()
        }),
        Container::Json => opened(Layout::default()),
    }
}
