//! Where a row stands, and what its fields say: every fault of a row is told with its line.

use std::path::PathBuf;

use super::blocks::lines;
use super::layout::Places;
use super::notation::{NoNumber, Notation};
use super::rows::{Record, Split};
use super::{header, quoted_or_blank};
use crate::error::{DataFault, Error, shortened};

/// What holds for every row of a file.
#[derive(Debug)]
pub(super) struct About {
    pub(super) path: PathBuf,
    pub(super) headers: Vec<String>,
    /// Columns of the file itself; the headers after them are of joined files.
    pub(super) width: usize,
    pub(super) notation: Notation,
    pub(super) places: Places,
}

/// A position in an open file: which row is being read.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    pub(super) file: &'a About,
    /// What stands between a known place of the text and the row: few rows are asked for their line.
    pub(super) before: &'a [u8],
    pub(super) first_line: u64,
    pub(super) first_byte: u64,
}

impl<'a> At<'a> {
    /// The line in the file, counted from 1; of a workbook the row of the sheet, of a table in JSON its row.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.file.places.line(self.text_line())
    }

    /// This row for [`At::shown`], which a later row of the same file can say where it is.
    #[must_use]
    pub(super) fn mark(&self) -> u64 {
        self.text_line()
    }

    /// The line of the text, see [`Places`].
    fn text_line(&self) -> u64 {
        self.first_line + lines(self.before)
    }

    fn byte(&self) -> u64 {
        self.first_byte + self.before.len() as u64
    }

    /// Where a marked row is: its line, with the member or the sheet where that is another than this row's.
    #[must_use]
    pub(super) fn shown(&self, mark: u64) -> String {
        let line = self.file.places.line(mark);
        let path = self.file.places.path(&self.file.path, mark);
        if path == self.file.places.path(&self.file.path, self.text_line()) {
            format!("line {line}")
        } else {
            format!("line {line} of {}", path.display())
        }
    }

    /// The name of a column.
    #[must_use]
    pub fn column_name(&self, column: usize) -> &'a str {
        self.file.headers[column].as_str()
    }

    /// A fault of this row.
    #[must_use]
    pub fn fault(&self, message: impl Into<String>, hint: impl Into<String>) -> DataFault {
        let path = self.file.places.path(&self.file.path, self.text_line());
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
            .in_column(self.file.headers[column].as_str())
    }

    /// The field as text.
    ///
    /// # Errors
    /// The field is not UTF-8.
    pub fn text<'r>(&self, record: &'r impl Record, column: usize) -> Result<&'r str, Error> {
        std::str::from_utf8(&record[column]).map_err(|fault| {
            self.fault_in(
                column,
                format!(
                    "found `{}`, which is not UTF-8 (byte {:#04x}), in the row that begins at byte {} of the table",
                    shortened(&String::from_utf8_lossy(&record[column])),
                    record[column][fault.valid_up_to()],
                    self.byte()
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
    pub fn count(&self, record: &impl Record, column: usize) -> Result<u64, Error> {
        self.count_of(column, self.text(record, column)?)
    }

    /// A count that is a part of a field.
    ///
    /// # Errors
    /// As [`At::count`].
    pub(super) fn count_of(&self, column: usize, text: &str) -> Result<u64, Error> {
        self.file
            .notation
            .count(text)
            .map_err(|why| self.no_number(column, (text, why), COUNT_HINT).into())
    }

    /// The field as a number from 0, in the notation of the layout.
    ///
    /// # Errors
    /// Blank, negative, no number, or written in another notation.
    pub fn number(&self, record: &impl Record, column: usize) -> Result<f64, Error> {
        let text = self.text(record, column)?;
        self.file
            .notation
            .number(text)
            .map_err(|why| self.no_number(column, (text, why), NUMBER_HINT).into())
    }

    /// How the numbers of the file are written.
    #[must_use]
    pub fn notation(&self) -> Notation {
        self.file.notation
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
    #[inline]
    pub(super) fn unreadable(&self, row: &Split<'_>, has_nul: bool) -> Option<DataFault> {
        let width = self.file.width;
        if row.len() != width {
            return Some(self.other_length(row, width));
        }
        if has_nul {
            let hint = "the file is damaged, or is UTF-16: save it as UTF-8";
            return Some(self.fault("found a NUL byte", hint));
        }
        let first = &row[0];
        if first.starts_with("\u{feff}".as_bytes()) {
            let hint = "another file begins here: divide the files, and name each in the study";
            return Some(self.fault("found a byte order mark in the middle of the file", hint));
        }
        let own = &self.file.headers[..width];
        let is_header = || row.iter().eq(own.iter().map(String::as_bytes));
        if first == own[0].as_bytes() && is_header() {
            let hint = "several exports stand in one file: remove the further headers, and see that no row stands in two exports";
            return Some(self.fault("the header stands here again", hint));
        }
        None
    }

    fn other_length(&self, row: &Split<'_>, width: usize) -> DataFault {
        let message = format!("found {} fields where the header has {width}", row.len());
        let within: u64 = row.iter().map(lines).sum();
        let hint = if within > 0 {
            format!(
                "a field of it goes on over {} lines: look for a quote that is not closed",
                within + 1
            )
        } else {
            "look for a missing or an unquoted comma".into()
        };
        self.fault(message, hint)
    }
}

const COUNT_HINT: &str = "a count is a whole number from 0, in digits only";
const NUMBER_HINT: &str = "a finite number from 0 is expected, in digits only";
