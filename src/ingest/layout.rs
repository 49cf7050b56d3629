//! How a file is written: packed or not, in which encoding, after how many lines that are no table, with which separator.
//!
//! Packed files are known by their first bytes. Everything else is said by the study, never guessed: a file that is not
//! as the study says stops the run at its line.

mod archive;
mod array;
mod book;
pub(super) mod contents;
mod hashing;
mod places;
mod quotes;
mod sheet;
mod stack;
mod text;

use std::io::Read;
use std::path::Path;

use encoding_rs::Encoding;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use self::hashing::FileHash;
use self::hashing::Hashing;
pub(super) use self::places::Places;
use self::stack::{Parts, Stacked};
pub(super) use self::text::DAMAGED;
use super::csv_file::broken_off;
use super::notation::{DecimalMark, Notation, ThousandsMark};
use crate::error::{DataFault, Error, repeated_word};
use crate::world::World;

/// The `layout` of a table of data; plain CSV in UTF-8 where there is none.
///
/// Files packed with gzip or zip, workbooks of spreadsheet programs (.xlsx, .xlsm, .xlsb, .xls, .ods) and tables in JSON are
/// known by their first bytes, whatever they are called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// How characters are written as bytes.
    pub encoding: TextEncoding,
    /// What separates the fields of a row.
    pub separator: Separator,
    /// Lines, or rows of a sheet, before the header.
    pub skip_lines: u32,
    /// The columns of a file that has no header: its first row is data.
    pub header: Option<Vec<String>>,
    /// Rows of the header, 1 or 2; of two, one names the columns and the other is left out.
    pub header_rows: u32,
    /// Which of two rows of the header names the columns; the first where nothing is said.
    pub take: Option<HeaderRow>,
    /// Whether `"` may stand around a field; `false` where it is a character like others.
    pub quotes: bool,
    /// The sheet of a workbook, by name, a list of several of one header that are read as one, or `all`. A workbook of one
    /// sheet needs none. Dates are read as YYYY-MM-DD, with HH:MM:SS where they have a time; formulas by their saved value;
    /// line breaks in a cell as spaces. Blank rows at the end are left out and counted.
    pub sheet: Option<SheetChoice>,
    /// The member of a zip archive, by its name with its folders, or a pattern such as `*.csv` for several of one header
    /// that are read as one. An archive of one table needs none.
    pub member: Option<String>,
    /// What stands before the decimals of a number, `.` or `,`.
    pub decimal: Option<DecimalMark>,
    /// What stands between the thousands of a number: `,`, `.`, a space (common, no-break or thin) or `'`.
    pub thousands: Option<ThousandsMark>,
}

/// How characters are written as bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
pub enum TextEncoding {
    /// With or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Western European, as Windows writes it; what is called latin-1 is read so too, as browsers do.
    #[serde(rename = "windows-1252", alias = "latin-1")]
    #[schemars(extend("enum" = ["windows-1252", "latin-1"]))]
    Windows1252,
    /// Little-endian unless a byte order mark says otherwise.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// What separates the fields of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
pub enum Separator {
    /// `,`
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// `;`
    #[serde(rename = ";")]
    Semicolon,
    /// A tab.
    #[serde(rename = "tab", alias = "\t")]
    #[schemars(extend("enum" = ["tab", "\t"]))]
    Tab,
    /// `|`
    #[serde(rename = "|")]
    Bar,
    /// `~`
    #[serde(rename = "~")]
    Tilde,
}

impl Separator {
    /// The separators that a header of one column may hold instead, with their names.
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Comma, "a comma"),
        (Self::Semicolon, "a semicolon"),
        (Self::Tab, "a tab"),
        (Self::Bar, "a bar"),
        (Self::Tilde, "a tilde"),
    ];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
            Self::Tilde => b'~',
        }
    }

    /// The word in a study.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Bar => "|",
            Self::Tilde => "~",
        }
    }
}

/// Which of two rows names the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HeaderRow {
    /// The first.
    First,
    /// The second.
    Second,
}

/// Which sheets of a workbook are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "the name of a sheet, a list of names or \"all\" is expected"
)]
pub enum SheetChoice {
    /// The sheet of that name; `all` is every one.
    One(String),
    /// The sheets of these names, read as one.
    Several(Vec<String>),
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            encoding: TextEncoding::default(),
            separator: Separator::default(),
            skip_lines: 0,
            header: None,
            header_rows: 1,
            take: None,
            quotes: true,
            sheet: None,
            member: None,
            decimal: None,
            thousands: None,
        }
    }
}

/// A file as UTF-8 text from its header on, or from its first row where the layout says the header. It ends with a line end.
pub(super) struct Opened {
    pub(super) text: Box<dyn Read + Send>,
    /// Of the bytes on disk, once all of them were read.
    pub(super) hash: FileHash,
    /// Where the lines of the text stand on disk.
    pub(super) places: Places,
}

/// Bytes by which archives and workbooks are known.
const HEAD: usize = 8;

impl Layout {
    /// How numbers are written.
    #[must_use]
    pub fn notation(&self) -> Notation {
        Notation {
            decimal: self.decimal,
            thousands: self.thousands,
        }
    }

    /// Opens a file.
    ///
    /// # Errors
    /// A folder, a missing file, one that ends before the header, any failure of the system; a layout that contradicts
    /// itself or the file; a container of several tables when the layout does not say which.
    pub(super) fn open(&self, world: &World, path: &Path) -> Result<Opened, Error> {
        self.check(path)?;
        let hash = FileHash::for_threads(world.threads());
        let hashing = Hashing::new(world.open(path)?, &hash);
        let (head, mut bytes) = text::peek(path, Box::new(hashing), HEAD)?;
        let is_zip = archive::ZIP.iter().any(|first| head.starts_with(first));
        if is_zip || head.starts_with(&book::OLE) {
            // A container is read here and there, so its hash is taken before.
            std::io::copy(&mut bytes, &mut std::io::sink()).map_err(|e| failed(path, e))?;
            let places = Places::of_parts();
            let parts: Parts = if is_zip {
                archive::parts(self, world, path, &places)?
            } else {
                self.refuse_member(path, "a workbook, no archive of tables")?;
                let workbook = (book::Kind::Xls, world.open_anywhere(path)?);
                Box::new(book::Book::open(self, (path, ""), workbook, &places)?)
            };
            let stacked = Stacked::new(path, parts, self, places.clone());
            return Ok(self.opened(path, Box::new(stacked), (hash, places)));
        }
        self.refuse_member(path, "no zip archive")?;
        self.refuse_sheet(path)?;
        let text = text::text(self, path, bytes)?;
        let places = Places::after(u64::from(self.skip_lines));
        Ok(self.opened(path, text, (hash, places)))
    }

    fn opened(
        &self,
        path: &Path,
        text: Box<dyn Read + Send>,
        (hash, places): (FileHash, Places),
    ) -> Opened {
        let text = if self.quotes {
            let separator = self.separator.byte();
            Box::new(quotes::Quotes::new(text, path, places.clone(), separator))
        } else {
            text
        };
        Opened {
            text: Box::new(text.chain(&b"\n"[..])),
            hash,
            places,
        }
    }

    /// Holds the layout against itself.
    fn check(&self, path: &Path) -> Result<(), DataFault> {
        let fault = |message: &str, hint: &str| Err(DataFault::new(path, message, hint));
        if self.notation().contradicts_itself() {
            return fault(
                "`decimal` and `thousands` of its layout are the same character",
                "say both: layout = { thousands = \".\", decimal = \",\" }",
            );
        }
        if !(1..=2).contains(&self.header_rows) {
            return fault(
                &format!("its layout has {} rows of a header", self.header_rows),
                "a header has 1 row or 2; rows before it are left out by `skip_lines`, and a file without one is read by header = [\"a\", \"b\"]",
            );
        }
        if self.take.is_some() && self.header_rows != 2 {
            return fault(
                "its layout takes one of two rows of the header, and has one",
                "add header_rows = 2, or remove `take`",
            );
        }
        let Some(header) = &self.header else {
            return Ok(());
        };
        if self.header_rows != 1 {
            return fault(
                "its layout has both `header` and `header_rows`",
                "`header` names the columns of a file without a header: leave rows out by `skip_lines`, or remove `header`",
            );
        }
        if header.is_empty() {
            return fault(
                "its layout has a header without a column",
                "name the columns: header = [\"a\", \"b\"]",
            );
        }
        let names = header.iter().map(String::as_str);
        match repeated_word(names.filter(|name| !name.is_empty())) {
            Some(twice) => fault(
                &format!("its layout has column `{twice}` twice"),
                "give each column its own name; those that nobody asks for may be \"\"",
            ),
            None => Ok(()),
        }
    }

    /// Words of the layout that mean nothing for what is not written as text.
    fn refuse_text_words(&self, path: &Path, what: &str) -> Result<(), DataFault> {
        let plain = Self::default();
        let words = [
            ("separator", self.separator != plain.separator),
            ("encoding", self.encoding != plain.encoding),
            ("quotes", self.quotes != plain.quotes),
        ];
        match words.iter().find(|(_, is_said)| *is_said) {
            None => Ok(()),
            Some((word, _)) => Err(DataFault::new(
                path,
                format!("the file is {what}, and its layout says `{word}`"),
                format!("remove `{word}`, which is a word for text"),
            )),
        }
    }

    fn refuse_member(&self, path: &Path, what: &str) -> Result<(), DataFault> {
        match &self.member {
            None => Ok(()),
            Some(member) => Err(DataFault::new(
                path,
                format!("the file is {what}, and its layout says member = \"{member}\""),
                "remove `member`, or name the archive",
            )),
        }
    }

    fn refuse_sheet(&self, path: &Path) -> Result<(), DataFault> {
        match self.sheet {
            None => Ok(()),
            Some(_) => Err(DataFault::new(
                path,
                "the file is no workbook, and its layout says `sheet`",
                "remove `sheet`, or name the workbook",
            )),
        }
    }
}

/// A failure of the system or of the packing, or the fault that a layer below has found.
pub(super) fn failed(path: &Path, why: std::io::Error) -> Error {
    match why.downcast::<Error>() {
        Ok(fault) => fault,
        Err(why) => broken_off(path, &why.to_string()).into(),
    }
}

/// A fault on its way through readers, which know failures of the system only; [`failed`] takes it out.
fn carried(fault: Error) -> std::io::Error {
    std::io::Error::other(fault)
}

impl TextEncoding {
    fn codec(self) -> Option<&'static Encoding> {
        match self {
            Self::Utf8 => None,
            Self::Windows1252 => Some(encoding_rs::WINDOWS_1252),
            Self::Utf16 => Some(encoding_rs::UTF_16LE),
        }
    }
}
