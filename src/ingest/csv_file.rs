//! Reading one CSV file so that every fault has a line, and its hash is known at the end.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use sha2::{Digest, Sha256};

use super::header;
use super::layout::{DAMAGED, FileHash, HeaderRow, Layout, Opened, Places, failed};
use super::notation::{NoNumber, Notation};
use crate::error::{DataFault, Error, shortened};
use crate::stops::Input;
use crate::world::World;

/// An open CSV file with a checked header.
///
/// As its [`Layout`] says. Rows must have as many fields as the header. A file in another encoding,
/// or with another separator, is refused here with what was seen.
pub struct CsvFile {
    path: PathBuf,
    headers: Vec<String>,
    /// Columns of the file itself; the headers after them are of joined files.
    width: usize,
    reader: Reader<Box<dyn Read + Send>>,
    hash: FileHash,
    places: Places,
    /// The line of the text that names the columns; `None` where the study does.
    header_line: Option<u64>,
    rows: u64,
    notation: Notation,
}

/// A position in an open file: which row is being read.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    path: &'a Path,
    headers: &'a [String],
    /// Of the text, see [`Places`].
    line: u64,
    byte: u64,
    notation: Notation,
    places: &'a Places,
}

/// What stands next in a file.
#[derive(Debug)]
pub enum Row<'a> {
    /// Nothing: it is read to its end.
    End,
    /// A row, which was read.
    Row(At<'a>),
    /// A row that cannot be read, and why; those after it can.
    Unreadable(DataFault),
}

impl CsvFile {
    /// Opens the file and reads its header.
    ///
    /// # Errors
    /// A folder, a missing or empty file, a header that is not in the encoding of the layout.
    pub fn open(world: &World, path: &Path, layout: &Layout) -> Result<Self, Error> {
        let Opened { text, hash, places } = layout.open(world, path)?;
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .has_headers(false)
            .quoting(layout.quotes)
            .delimiter(layout.separator.byte())
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(1 << 20)
            .from_reader(text);
        let (headers, header_line) = match &layout.header {
            Some(names) => (names.clone(), None),
            None => {
                let (headers, line) = read_header(&mut reader, (path, &places), layout)?;
                (headers, Some(line))
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            width: headers.len(),
            headers,
            reader,
            hash,
            places,
            header_line,
            rows: 0,
            notation: layout.notation(),
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
            (Some(_), Some(_)) if name.is_empty() => Err(self
                .header_fault("several columns have no name")
                .with_hint("the study asks for one without a name: name it in the file")
                .into()),
            (Some(_), Some(_)) => Err(self
                .header_fault("the header has this column twice")
                .with_hint("rename one of the two")
                .in_column(name)
                .into()),
            (None, _) => Err(self
                .header_fault("there is no such column in the header")
                .with_hint(format!(
                    "the study asks for it; {}",
                    header::nearest(name, &self.headers)
                ))
                .in_column(name)
                .into()),
        }
    }

    /// A fault of the header, where the file has one.
    fn header_fault(&self, message: &str) -> DataFault {
        match self.header_line {
            Some(line) => DataFault::new(&self.places.path(&self.path, line), message, "")
                .at_line(self.places.line(line)),
            None => DataFault::new(&self.path, message, ""),
        }
    }

    /// Reads the next row into `record`; its position, or `None` at the end.
    ///
    /// # Errors
    /// A row that cannot be read; a failure of the system.
    pub fn next<'a>(&'a mut self, record: &mut ByteRecord) -> Result<Option<At<'a>>, Error> {
        match self.next_or_fault(record)? {
            Row::End => Ok(None),
            Row::Row(at) => Ok(Some(at)),
            Row::Unreadable(fault) => Err(fault.into()),
        }
    }

    /// Reads the next row into `record`, which is of no use where the row cannot be read. Such a row counts as a row.
    ///
    /// # Errors
    /// What ends the reading: a failure of the system, a file that breaks off, a quote that is never closed.
    pub fn next_or_fault<'a>(&'a mut self, record: &mut ByteRecord) -> Result<Row<'a>, Error> {
        let place = read_row(&mut self.reader, record);
        let Some((line, byte)) = place.map_err(|e| unreadable(&self.path, e))? else {
            return Ok(Row::End);
        };
        self.rows += 1;
        let at = At {
            path: &self.path,
            headers: &self.headers,
            line,
            byte,
            notation: self.notation,
            places: &self.places,
        };
        Ok(match at.unreadable(record, self.width) {
            None => Row::Row(at),
            Some(fault) => Row::Unreadable(fault),
        })
    }

    /// What was left out of the file and is no row of it, for the account of the rows.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let blank = self.places.blank_rows();
        let rows = if blank == 1 { "row" } else { "rows" };
        (blank > 0).then(|| format!("{blank} blank {rows} at the end of a sheet are left out"))
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
        std::io::copy(&mut rest, &mut std::io::sink()).map_err(|e| failed(&path, e))?;
        Ok(Input {
            file: shown_as.to_owned(),
            sha256: self.hash.hex(),
            rows: Some(self.rows),
            used_for,
        })
    }
}

impl<'a> At<'a> {
    /// The line in the file, counted from 1; of a workbook the row of the sheet, of a table in JSON its row.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.places.line(self.line)
    }

    /// This row for [`At::shown`], which a later row of the same file can say where it is.
    #[must_use]
    pub(super) fn mark(&self) -> u64 {
        self.line
    }

    /// Where a marked row is: its line, with the member or the sheet where that is another than this row's.
    #[must_use]
    pub(super) fn shown(&self, mark: u64) -> String {
        let line = self.places.line(mark);
        let path = self.places.path(self.path, mark);
        if path == self.places.path(self.path, self.line) {
            format!("line {line}")
        } else {
            format!("line {line} of {}", path.display())
        }
    }

    /// The name of a column.
    #[must_use]
    pub fn column_name(&self, column: usize) -> &'a str {
        self.headers[column].as_str()
    }

    /// A fault of this row.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> DataFault {
        let path = self.places.path(self.path, self.line);
        DataFault::new(&path, message, hint).at_line(self.line())
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
        std::str::from_utf8(&record[column]).map_err(|fault| {
            self.fault_in(
                column,
                format!(
                    "found `{}`, which is not UTF-8 (byte {:#04x}), in the row that begins at byte {} of the table",
                    shortened(&String::from_utf8_lossy(&record[column])),
                    record[column][fault.valid_up_to()],
                    self.byte
                ),
                header::ENCODING_HINT,
            )
            .into()
        })
    }

    /// The field as a count, in the notation of the layout; `12.0` is 12.
    ///
    /// # Errors
    /// Blank, negative, fractional, no number, or above the largest integer.
    pub fn count(&self, record: &ByteRecord, column: usize) -> Result<u64, Error> {
        self.count_of(column, self.text(record, column)?)
    }

    /// A count that is a part of a field.
    ///
    /// # Errors
    /// As [`At::count`].
    pub(super) fn count_of(&self, column: usize, text: &str) -> Result<u64, Error> {
        self.notation
            .count(text)
            .map_err(|why| self.no_number(column, (text, why), COUNT_HINT).into())
    }

    /// The field as a number from 0, in the notation of the layout.
    ///
    /// # Errors
    /// Blank, negative, no number, or written in another notation.
    pub fn number(&self, record: &ByteRecord, column: usize) -> Result<f64, Error> {
        let text = self.text(record, column)?;
        self.notation
            .number(text)
            .map_err(|why| self.no_number(column, (text, why), NUMBER_HINT).into())
    }

    /// How the numbers of the file are written.
    #[must_use]
    pub fn notation(&self) -> Notation {
        self.notation
    }

    fn no_number(&self, column: usize, (text, why): (&str, NoNumber), hint: &str) -> DataFault {
        let found = quoted_or_blank(text.trim());
        if why == NoNumber::TooLarge {
            return self.fault_in(
                column,
                format!("found {found}, above the largest integer"),
                "counts go up to 18446744073709551615",
            );
        }
        let hint = match why.hint() {
            Some(say) => format!("{hint}; {say}"),
            None => hint.to_owned(),
        };
        self.fault_in(column, format!("found {found}"), hint)
    }

    /// Why a row cannot be read, if it cannot.
    fn unreadable(&self, record: &ByteRecord, width: usize) -> Option<DataFault> {
        if record.len() != width {
            return Some(self.other_length(record, width));
        }
        if memchr::memchr(0, record.as_slice()).is_some() {
            let hint = "the file is damaged, or is UTF-16: save it as UTF-8";
            return Some(self.fault("found a NUL byte", hint));
        }
        let first = &record[0];
        if first.starts_with("\u{feff}".as_bytes()) {
            let hint = "another file begins here: divide the files, and name each in the study";
            return Some(self.fault("found a byte order mark in the middle of the file", hint));
        }
        let own = &self.headers[..width];
        let is_header = || record.iter().eq(own.iter().map(String::as_bytes));
        if first == own[0].as_bytes() && is_header() {
            let hint = "several exports stand in one file: remove the further headers, and see that no row stands in two exports";
            return Some(self.fault("the header stands here again", hint));
        }
        None
    }

    fn other_length(&self, record: &ByteRecord, width: usize) -> DataFault {
        let message = format!("found {} fields where the header has {width}", record.len());
        let lines = memchr::memchr_iter(b'\n', record.as_slice()).count();
        let hint = if lines > 0 {
            format!(
                "a field of it goes on over {} lines: look for a quote that is not closed",
                lines + 1
            )
        } else {
            "look for a missing or an unquoted comma".into()
        };
        self.fault(message, hint)
    }
}

const COUNT_HINT: &str = "a count is a whole number from 0, in digits only";
const NUMBER_HINT: &str = "a finite number from 0 is expected, in digits only";

/// Reads a row: the line of the text on which it begins, and the byte; `None` at the end.
///
/// The library takes blank lines before a row, and the second half of a Windows line end, for a part of the row after them.
/// So lines are counted from the end of the row, which is a line end always, see [`Layout::open`].
fn read_row(
    reader: &mut Reader<Box<dyn Read + Send>>,
    record: &mut ByteRecord,
) -> Result<Option<(u64, u64)>, csv::Error> {
    loop {
        let byte = reader.position().byte();
        if !reader.read_byte_record(record)? {
            return Ok(None);
        }
        let (end, within) = (
            reader.position(),
            memchr::memchr_iter(b'\n', record.as_slice()).count() as u64,
        );
        let place = (end.line() - 1 - within, byte);
        if record.as_slice().last() == Some(&b'\r') {
            let is_blank_line = record.len() == 1 && end.byte() - byte == 2;
            if is_blank_line {
                continue;
            }
            without_carriage_return(record);
        }
        return Ok(Some(place));
    }
}

/// Takes the first half of a Windows line end off the last field.
fn without_carriage_return(record: &mut ByteRecord) {
    let last = record.len() - 1;
    let field = record[last].strip_suffix(b"\r").unwrap_or(&record[last]);
    let field = field.to_vec();
    record.truncate(last);
    record.push_field(&field);
}

/// The names of the columns, and the line of the text on which they stand.
fn read_header(
    reader: &mut Reader<Box<dyn Read + Send>>,
    (path, places): (&Path, &Places),
    layout: &Layout,
) -> Result<(Vec<String>, u64), Error> {
    let mut named = None;
    for row in 1..=layout.header_rows {
        let mut record = ByteRecord::new();
        let place = read_row(reader, &mut record);
        let Some((line, _)) = place.map_err(|e| unreadable(path, e))? else {
            let message = if row == 1 {
                "the file is empty"
            } else {
                "the file ends before the second row of its header"
            };
            let hint = "a header row and at least one data row are expected";
            return Err(DataFault::new(path, message, hint).into());
        };
        let is_named = match layout.take {
            Some(HeaderRow::Second) => row == 2,
            Some(HeaderRow::First) | None => row == 1,
        };
        if is_named {
            named = Some((record, line));
        }
    }
    let (record, line) = named.ok_or_else(|| Error::Internal("a header without a row".into()))?;
    let shown = places.path(path, line);
    let names = header::names(&record, layout, (&shown, places.line(line)))?;
    Ok((names, line))
}

/// What was found, for an error message: a blank is called blank.
#[must_use]
pub fn quoted_or_blank(text: &str) -> String {
    if text.trim().is_empty() {
        "a blank".into()
    } else {
        format!("`{}`", shortened(text))
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

fn unreadable(path: &Path, error: csv::Error) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(why) => failed(path, why),
        other => broken_off(path, &format!("{other:?}")).into(),
    }
}
