//! Reading one CSV file so that every fault has a line, and its hash is known at the end.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};
use sha2::{Digest, Sha256};

use super::layout::{DAMAGED, FileHash, Layout, Opened, Separator};
use crate::error::{DataFault, Error, nearest_hint};
use crate::stops::Input;
use crate::world::World;

/// An open CSV file with a checked header.
///
/// As its [`Layout`] says, with one header row. Rows must have as many fields as the header. A file in another encoding,
/// or with another separator, is refused here with what was seen.
pub struct CsvFile {
    path: PathBuf,
    headers: Vec<String>,
    /// Columns of the file itself; the headers after them are of joined files.
    width: usize,
    reader: Reader<Box<dyn Read + Send>>,
    hash: FileHash,
    /// Lines before the header, which the reader has not seen.
    skipped: u64,
    rows: u64,
}

/// A position in an open file: which row is being read.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    path: &'a Path,
    headers: &'a [String],
    line: u64,
    byte: u64,
}

impl CsvFile {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// A folder, a missing or empty file, a header that is not in the encoding of the layout.
    pub fn open(world: &World, path: &Path, layout: &Layout) -> Result<Self, Error> {
        let Opened { text, hash } = layout.open(world, path)?;
        let skipped = u64::from(layout.skip_lines);
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .delimiter(layout.separator.byte())
            .buffer_capacity(1 << 20)
            .from_reader(text);
        let header = reader
            .byte_headers()
            .map_err(|e| unreadable(path, &e))?
            .clone();
        if header.is_empty() {
            return Err(DataFault::new(
                path,
                "the file is empty",
                "a header row and at least one data row are expected",
            )
            .into());
        }
        let at = At {
            path,
            headers: &[],
            line: skipped + 1,
            byte: 0,
        };
        let headers: Vec<String> = header
            .iter()
            .map(|field| at.utf8(field).map(str::to_owned))
            .collect::<Result<_, _>>()?;
        if let [all] = headers.as_slice() {
            refuse_other_separators(&at, all, layout.separator)?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            width: headers.len(),
            headers,
            reader,
            hash,
            skipped,
            rows: 0,
        })
    }

    /// Whether the header has a column.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }

    /// Adds the columns of a joined file, whose fields follow those of each row.
    pub fn widen<'a>(&mut self, columns: impl Iterator<Item = &'a str>) {
        self.headers.extend(columns.map(str::to_owned));
    }

    /// The header.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.headers
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// The column is missing, or stands there twice.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        let mut found = self
            .headers
            .iter()
            .enumerate()
            .filter(|(_, header)| *header == name)
            .map(|(at, _)| at);
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (Some(_), Some(_)) => Err(DataFault::new(
                &self.path,
                "the header has this column twice",
                "rename one of the two",
            )
            .at_line(self.skipped + 1)
            .in_column(name)
            .into()),
            (None, _) => {
                let hint = format!(
                    "the study asks for it; {}",
                    nearest_hint(name, self.headers.iter().map(String::as_str))
                );
                Err(
                    DataFault::new(&self.path, "there is no such column in the header", hint)
                        .at_line(self.skipped + 1)
                        .in_column(name)
                        .into(),
                )
            }
        }
    }

    /// Reads the next row into `record`; its position, or `None` at the end.
    ///
    /// # Errors
    /// A row with another number of fields than the header, a NUL byte, a failure of the system.
    pub fn next<'a>(&'a mut self, record: &mut ByteRecord) -> Result<Option<At<'a>>, Error> {
        if !self
            .reader
            .read_byte_record(record)
            .map_err(|e| unreadable(&self.path, &e))?
        {
            return Ok(None);
        }
        self.rows += 1;
        let (line, byte) = record
            .position()
            .map_or((0, 0), |position| (position.line(), position.byte()));
        let at = At {
            path: &self.path,
            headers: &self.headers,
            line: self.skipped + line,
            byte,
        };
        if record.len() != self.width {
            let message = format!(
                "found {} fields where the header has {}",
                record.len(),
                self.width
            );
            return Err(at
                .fault(message, "look for a missing or an unquoted comma")
                .into());
        }
        if record.as_slice().contains(&0) {
            return Err(at
                .fault(
                    "found a NUL byte",
                    "the file is damaged, or is UTF-16: save it as UTF-8",
                )
                .into());
        }
        Ok(Some(at))
    }

    /// Closes the file at its end and says what was read.
    ///
    /// # Errors
    /// A file with a header only; bytes that cannot be read.
    pub fn finish(self, shown_as: &str, used_for: String) -> Result<Input, Error> {
        if self.rows == 0 {
            return Err(DataFault::new(
                &self.path,
                "there is a header and no row",
                "at least one data row is expected",
            )
            .into());
        }
        let path = self.path;
        let mut rest = self.reader.into_inner();
        std::io::copy(&mut rest, &mut std::io::sink()).map_err(|source| Error::File {
            path,
            action: "read",
            source,
        })?;
        Ok(Input {
            file: shown_as.to_owned(),
            sha256: self.hash.hex(),
            rows: Some(self.rows),
            used_for,
        })
    }
}

impl<'a> At<'a> {
    /// The line in the file, the header being 1.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }

    /// A fault of this row.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> DataFault {
        DataFault::new(self.path, message, hint).at_line(self.line)
    }

    /// A fault of one field of this row.
    #[must_use]
    pub fn fault_in(
        &self,
        column: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> DataFault {
        self.fault(message, hint)
            .in_column(self.headers[column].as_str())
    }

    /// The field as text.
    ///
    /// # Errors
    /// The field is not UTF-8.
    pub fn text<'r>(&self, record: &'r ByteRecord, column: usize) -> Result<&'r str, Error> {
        std::str::from_utf8(&record[column]).map_err(|_| {
            self.fault_in(
                column,
                format!(
                    "found `{}`, which is not UTF-8, in the row that begins at byte {} of the table",
                    String::from_utf8_lossy(&record[column]),
                    self.byte
                ),
                ENCODING_HINT,
            )
            .into()
        })
    }

    /// The field as a count.
    ///
    /// # Errors
    /// Blank, negative, fractional, no number, or above the largest integer.
    pub fn count(&self, record: &ByteRecord, column: usize) -> Result<u64, Error> {
        let text = self.text(record, column)?.trim();
        let is_whole = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(count) if is_whole => Ok(count),
            _ if is_whole => Err(self
                .fault_in(
                    column,
                    format!("found `{text}`, above the largest integer"),
                    "counts go up to 18446744073709551615",
                )
                .into()),
            _ => Err(self
                .fault_in(
                    column,
                    format!("found {}", quoted_or_blank(text)),
                    "a count is a whole number from 0, in digits only",
                )
                .into()),
        }
    }

    fn utf8<'r>(&self, field: &'r [u8]) -> Result<&'r str, Error> {
        let is_packed_twice = field.starts_with(&[0x1f, 0x8b]);
        if is_packed_twice || field.starts_with(b"PK\x03\x04") {
            return Err(self
                .fault(
                    "the file is packed in a way that is not read (gzip is)",
                    "unpack it and name the CSV file inside",
                )
                .into());
        }
        if field.contains(&0)
            || field.starts_with(&[0xff, 0xfe])
            || field.starts_with(&[0xfe, 0xff])
        {
            return Err(self
                .fault(
                    "the header is not UTF-8; it looks like UTF-16",
                    ENCODING_HINT,
                )
                .into());
        }
        std::str::from_utf8(field)
            .map_err(|_| self.fault("the header is not UTF-8", ENCODING_HINT).into())
    }
}

/// A header of one column that holds another usual separator.
fn refuse_other_separators(at: &At<'_>, header: &str, own: Separator) -> Result<(), Error> {
    for (separator, name) in Separator::ALL {
        let columns = header.split(char::from(separator.byte())).count();
        if separator != own && columns > 1 {
            let message = format!("the header is one column; {name} in it would make {columns}");
            let hint = format!(
                "say so in the study: layout = {{ separator = \"{}\" }}",
                separator.word()
            );
            return Err(at.fault(message, hint).into());
        }
    }
    Ok(())
}

const ENCODING_HINT: &str = "say how it is encoded, layout = { encoding = \"windows-1252\" } or \"utf-16\", or save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)";

/// What was found, for an error message: a blank is called blank.
#[must_use]
pub fn quoted_or_blank(text: &str) -> String {
    if text.trim().is_empty() {
        "a blank".into()
    } else {
        format!("`{text}`")
    }
}

/// SHA-256 of bytes, in hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file that begins and cannot be read to its end.
pub(super) fn broken_off(path: &Path, why: &str) -> DataFault {
    let hint = if why.contains(DAMAGED) {
        "fetch it again, or pack it again: it broke off, or something that is not packed follows"
    } else {
        "check the disk or the network that it is on, or copy it here, and try again"
    };
    DataFault::new(
        path,
        format!("the file cannot be read to its end: {why}"),
        hint,
    )
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    let fault = broken_off(path, &error.to_string());
    match error.position() {
        Some(position) => fault.at_line(position.line()).into(),
        None => fault.into(),
    }
}
