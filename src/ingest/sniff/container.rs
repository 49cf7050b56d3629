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
        /// Names of the files that may be tables, in byte order.
        members: Vec<String>,
        /// Those that are read as one table.
        taken: Vec<String>,
    },
    /// A spreadsheet.
    Workbook {
        /// Names of its sheets.
        sheets: Vec<String>,
        /// Those that are read as one table.
        taken: Vec<String>,
    },
    /// A JSON text.
    Json,
}

impl Container {
    /// The members or sheets that are taken of several; `None` where there is no choice.
    #[must_use]
    pub fn taken_of_several(&self) -> Option<&[String]> {
        match self {
            Self::Zip {
                members: all,
                taken,
            }
            | Self::Workbook { sheets: all, taken }
                if all.len() > 1 =>
            {
                Some(taken)
            }
            _ => None,
        }
    }

    /// The sheets or members of both.
    pub(super) fn with(&self, other: &Self) -> Option<Self> {
        let both = match (self, other) {
            (Self::Zip { members, taken }, Self::Zip { taken: more, .. }) => Self::Zip {
                members: members.clone(),
                taken: [taken.clone(), more.clone()].concat(),
            },
            (Self::Workbook { sheets, taken }, Self::Workbook { taken: more, .. }) => {
                Self::Workbook {
                    sheets: sheets.clone(),
                    taken: [taken.clone(), more.clone()].concat(),
                }
            }
            _ => return None,
        };
        Some(both)
    }

    /// How a study says which members are taken: one by its name, several by a pattern that fits no other. `None` where
    /// no pattern does.
    #[must_use]
    pub fn member_pattern(&self) -> Option<String> {
        let Self::Zip { members, taken } = self else {
            return None;
        };
        if let [one] = taken.as_slice() {
            return Some(one.clone());
        }
        let ends = TEXTS.iter().chain(&OTHERS);
        let mut patterns = ends.filter(|end| {
            let fits = |name: &&String| name.ends_with(**end);
            members.iter().filter(fits).eq(taken.iter())
        });
        patterns.next().map(|end| format!("*{end}"))
    }
}

/// Ends of names that tables have.
const TEXTS: [&str; 6] = [".csv", ".txt", ".tsv", ".tab", ".dat", ".psv"];
/// Ends of names of tables that are no text.
const OTHERS: [&str; 5] = [".xlsx", ".xlsm", ".xlsb", ".xls", ".json"];

/// First bytes of files that hold no table, and what they are.
const NO_TABLES: [(&[u8], &str); 12] = [
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"RDX", "an R workspace"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a file packed with bzip2"),
    (b"\xfd7zXZ", "a file packed with xz"),
];

/// In what the file is packed, by its first bytes; a container of several tables stands once for each of them.
///
/// # Errors
/// A folder, a missing or empty file, an archive without a table.
pub(super) fn of(world: &World, path: &Path) -> Result<Vec<Guess<Container>>, Error> {
    let mut start = Vec::new();
    let failed = |fault: std::io::Error| Error::from(super::broken_off(path, &fault.to_string()));
    world
        .open(path)?
        .take(64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    let certain = |value, reason: String| Ok(vec![Guess::new(value, Confidence::Certain, reason)]);
    if start.is_empty() {
        let hint = "name a file with a table";
        return Err(DataFault::new(path, "the file is empty", hint).into());
    }
    if let Some((_, what)) = NO_TABLES.iter().find(|(bytes, _)| start.starts_with(bytes)) {
        let hint = "save the table in it as CSV, and name that file; nothing was written";
        return Err(DataFault::new(path, format!("the file is {what}, and no table"), hint).into());
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

fn workbook(world: &World, path: &Path) -> Result<Vec<Guess<Container>>, Error> {
    let sheets = contents::sheets(world, path)?;
    if sheets.is_empty() {
        let hint = "name a file with a table";
        return Err(DataFault::new(path, "the workbook has no sheet", hint).into());
    }
    let made = |sheet: &String| {
        let container = Container::Workbook {
            sheets: sheets.clone(),
            taken: vec![sheet.clone()],
        };
        match sheets.len() {
            1 => Guess::new(
                container,
                Confidence::Certain,
                "it is a workbook of one sheet".into(),
            ),
            several => Guess::new(
                container,
                Confidence::Likely,
                format!("it is a workbook of {several} sheets, each of which was looked at"),
            ),
        }
    };
    Ok(sheets.iter().map(made).collect())
}

fn zip(path: &Path, names: Vec<String>) -> Result<Vec<Guess<Container>>, Error> {
    let is_table = |name: &String| {
        let lower = name.to_lowercase();
        let mut ends = TEXTS.iter().chain(&OTHERS);
        ends.any(|end| lower.ends_with(end)) && !name.starts_with("__MACOSX")
    };
    let mut members: Vec<String> = names.into_iter().filter(is_table).collect();
    members.sort();
    if members.is_empty() {
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
    }
    let made = |member: &String| {
        let container = Container::Zip {
            members: members.clone(),
            taken: vec![member.clone()],
        };
        match members.len() {
            1 => Guess::new(
                container,
                Confidence::Certain,
                "it is a zip archive with one table in it".into(),
            ),
            several => Guess::new(
                container,
                Confidence::Likely,
                format!("it is a zip archive of {several} tables, each of which was looked at"),
            ),
        }
    };
    Ok(members.iter().map(made).collect())
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

/// The bytes of the text inside, of each table that is taken.
///
/// # Errors
/// A container that is damaged.
pub(super) fn texts(
    world: &World,
    path: &Path,
    container: &Container,
) -> Result<Vec<Box<dyn Read + Send>>, Error> {
    let opened = |layout: Layout| Ok(layout.open(world, path)?.text);
    let member = |member: &String| -> Result<Box<dyn Read + Send>, Error> {
        let lower = member.to_lowercase();
        if TEXTS.iter().any(|end| lower.ends_with(end)) {
            let bytes = contents::bytes_of(world, path, member)?;
            return Ok(Box::new(Cursor::new(bytes)));
        }
        opened(Layout {
            member: Some(member.clone()),
            ..Layout::default()
        })
    };
    match container {
        Container::Plain => Ok(vec![world.open(path)?]),
        Container::Gzip => Ok(vec![Box::new(MultiGzDecoder::new(
            BufReader::with_capacity(1 << 18, world.open(path)?),
        ))]),
        Container::Zip { taken, .. } => taken.iter().map(member).collect(),
        Container::Workbook { sheets, taken } => {
            let sheet = |sheet: &String| {
                opened(Layout {
                    sheet: (sheets.len() > 1).then(|| SheetChoice::Several(vec![sheet.clone()])),
                    ..Layout::default()
                })
            };
            taken.iter().map(sheet).collect()
        }
        Container::Json => Ok(vec![opened(Layout::default())?]),
    }
}

/// The bytes of the first text inside.
///
/// # Errors
/// A container that is damaged.
pub(super) fn text(
    world: &World,
    path: &Path,
    container: &Container,
) -> Result<Box<dyn Read + Send>, Error> {
    let mut texts = texts(world, path, container)?;
    match texts.is_empty() {
        true => Err(Error::Internal(
            "a container of which nothing is taken".into(),
        )),
        false => Ok(texts.swap_remove(0)),
    }
}
