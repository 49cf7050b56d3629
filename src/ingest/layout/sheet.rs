//! Cells of a sheet become lines of CSV: one line a row, so that the line of a fault is the number of the row.

use std::borrow::Cow;

use calamine::{DataType, ExcelDateTime};

/// Rows that a sheet can have.
const MOST_ROWS: u64 = 1_048_576;
/// Columns that a sheet can have.
const MOST_COLUMNS: usize = 16_384;

/// A row of CSV that is being written.
#[derive(Default)]
pub(super) struct Row {
    text: Vec<u8>,
    fields: usize,
}

impl Row {
    /// Adds a field; line breaks in it become spaces, so that a row stays a line.
    pub(super) fn push(&mut self, field: &str) {
        if self.fields > 0 {
            self.text.push(b',');
        }
        self.fields += 1;
        let field = if field.contains(['\n', '\r']) {
            Cow::Owned(field.replace("\r\n", " ").replace(['\n', '\r'], " "))
        } else {
            Cow::Borrowed(field)
        };
        if field.contains([',', '"']) {
            self.text.push(b'"');
            self.text.extend(field.replace('"', "\"\"").bytes());
            self.text.push(b'"');
        } else {
            self.text.extend(field.bytes());
        }
    }

    /// Ends the row. One blank field is written in quotes: a blank line is no row.
    pub(super) fn write(self, text: &mut Vec<u8>) {
        if self.text.is_empty() {
            text.extend(b"\"\"");
        }
        text.extend(self.text);
        text.push(b'\n');
    }
}

/// The text of a sheet, made cell by cell in the order of its rows.
pub(super) struct SheetText {
    text: Vec<u8>,
    /// Rows before the header.
    skip: u64,
    /// Columns of the header, once it was read.
    width: Option<usize>,
    /// The row whose cells come, from 0.
    row: u64,
    cells: Vec<String>,
    /// The row that is written next, from 0.
    next: u64,
}

/// A whole sheet.
pub(super) struct WholeSheet {
    pub(super) text: Vec<u8>,
    /// Blank rows at its end, which are no part of the text.
    pub(super) blank_rows: u64,
}

/// Why a sheet is no table: the row, from 1, what was found and what to do.
pub(super) struct SheetFault {
    pub(super) row: Option<u64>,
    pub(super) message: String,
    pub(super) hint: String,
}

impl SheetText {
    pub(super) fn new(skip_rows: u32) -> Self {
        let skip = u64::from(skip_rows);
        Self {
            text: Vec::new(),
            skip,
            width: None,
            row: 0,
            cells: Vec::new(),
            next: skip,
        }
    }

    /// Takes a cell, empty or not.
    pub(super) fn cell(&mut self, at: (u32, u32), value: Cow<'_, str>) -> Result<(), SheetFault> {
        let (row, column) = (u64::from(at.0), at.1 as usize);
        if row < self.row || row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(SheetFault {
                row: Some(row + 1),
                message: "the row stands where no row can stand".into(),
                hint: "the workbook is damaged: open it in a spreadsheet program and save it anew"
                    .into(),
            });
        }
        if row > self.row {
            self.end_row()?;
            self.row = row;
        }
        if !value.is_empty() {
            if self.cells.len() <= column {
                self.cells.resize(column + 1, String::new());
            }
            self.cells[column] = value.into_owned();
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<WholeSheet, SheetFault> {
        self.end_row()?;
        if self.width.is_none() {
            return Err(SheetFault {
                row: None,
                message: "the sheet is empty".into(),
                hint: "a header row and at least one data row are expected; `sheet` names another sheet, `skip_lines` the rows before the header"
                    .into(),
            });
        }
        Ok(WholeSheet {
            text: self.text,
            blank_rows: (self.row + 1).saturating_sub(self.next),
        })
    }

    fn end_row(&mut self) -> Result<(), SheetFault> {
        let cells = std::mem::take(&mut self.cells);
        let filled = cells
            .iter()
            .rposition(|cell| !cell.trim().is_empty())
            .map_or(0, |last| last + 1);
        if filled == 0 || self.row < self.skip {
            return Ok(());
        }
        if self.width.is_none() && self.row > self.skip {
            return Err(SheetFault {
                row: Some(self.skip + 1),
                message: "the row of the header is blank".into(),
                hint: format!(
                    "the next row with cells is {}; where it is the header, say so: layout = {{ skip_lines = {} }}",
                    self.row + 1,
                    self.row
                ),
            });
        }
        let width = *self.width.get_or_insert(filled);
        for _ in self.next..self.row {
            let mut blank = Row::default();
            (0..width).for_each(|_| blank.push(""));
            blank.write(&mut self.text);
        }
        let mut row = Row::default();
        for column in 0..filled.max(width) {
            row.push(cells.get(column).map_or("", String::as_str));
        }
        row.write(&mut self.text);
        self.next = self.row + 1;
        Ok(())
    }
}

/// The text of a cell.
pub(super) fn cell_text(value: &impl DataType) -> Cow<'static, str> {
    if let Some(text) = value.get_string() {
        return Cow::Owned(text.to_owned());
    }
    if let Some(number) = value.get_float() {
        return Cow::Owned(number.to_string());
    }
    if let Some(number) = value.get_int() {
        return Cow::Owned(number.to_string());
    }
    if let Some(is) = value.get_bool() {
        return Cow::Borrowed(if is { "TRUE" } else { "FALSE" });
    }
    if let Some(time) = value.get_datetime() {
        return Cow::Owned(time_text(time));
    }
    if let Some(time) = value.get_datetime_iso() {
        let plain = time.strip_suffix("T00:00:00").unwrap_or(time);
        return Cow::Owned(plain.replacen('T', " ", 1));
    }
    if let Some(span) = value.get_duration_iso() {
        return Cow::Owned(span_text(span));
    }
    value
        .get_error()
        .map_or(Cow::Borrowed(""), |error| Cow::Owned(error.to_string()))
}

/// First day that a sheet cannot hold: 10000-01-01.
const DAYS_END: f64 = 2_958_466.0;

/// A date as YYYY-MM-DD, with HH:MM:SS where it has a time; a time alone (less than a day) as HH:MM:SS. Parts of a second
/// are cut off. What is no date stays the number that it is.
fn time_text(time: ExcelDateTime) -> String {
    let days = time.as_f64();
    if time.is_duration() || (0.0..1.0).contains(&days) {
        return hours_text(days);
    }
    if !(0.0..DAYS_END).contains(&days) {
        return days.to_string();
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) == (0, 0, 0) {
        return date;
    }
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}

fn hours_text(days: f64) -> String {
    let milliseconds = (days.abs() * 86_400_000.0).round();
    if milliseconds >= 1e15 {
        return days.to_string();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number from 0, held below 1e15 above"
    )]
    let seconds = milliseconds as u64 / 1000;
    let sign = if days < 0.0 { "-" } else { "" };
    format!(
        "{sign}{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `PT14H05M00S` as 14:05:00; what is no such span stays as it is.
fn span_text(span: &str) -> String {
    let parsed: Option<jiff::Span> = span.parse().ok();
    match parsed.and_then(|s| {
        s.to_duration(jiff::SpanRelativeTo::days_are_24_hours())
            .ok()
    }) {
        Some(duration) => hours_text(duration.as_secs_f64() / 86_400.0),
        None => span.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use calamine::{Data, ExcelDateTimeType};

    use super::*;

    fn date(days: f64) -> String {
        time_text(ExcelDateTime::new(days, ExcelDateTimeType::DateTime, false))
    }

    #[test]
    fn cells_are_written_as_a_table_would_have_them() {
        assert_eq!(cell_text(&Data::Float(3.0)), "3");
        assert_eq!(cell_text(&Data::Float(0.25)), "0.25");
        assert_eq!(cell_text(&Data::Bool(true)), "TRUE");
        assert_eq!(cell_text(&Data::Error(calamine::CellErrorType::NA)), "#N/A");
        assert_eq!(cell_text(&Data::Empty), "");
        assert_eq!(
            cell_text(&Data::DateTimeIso("2020-01-05T00:00:00".into())),
            "2020-01-05"
        );
        assert_eq!(
            cell_text(&Data::DateTimeIso("2020-01-05T10:11:12".into())),
            "2020-01-05 10:11:12"
        );
        assert_eq!(
            cell_text(&Data::DurationIso("PT14H05M00S".into())),
            "14:05:00"
        );
    }

    #[test]
    fn days_of_a_sheet_are_dates() {
        assert_eq!(date(45_714.0), "2025-02-26");
        assert_eq!(date(45_714.586_805_555_555), "2025-02-26 14:05:00");
        assert_eq!(date(45_714.999_999), "2025-02-26 23:59:59");
        assert_eq!(date(0.586_805_555_555_556), "14:05:00");
        assert_eq!(date(61.0), "1900-03-01");
        assert_eq!(date(-3.0), "-3");
        assert_eq!(date(45_714_000.0), "45714000");
        let long = ExcelDateTime::new(1.5, ExcelDateTimeType::TimeDelta, false);
        assert_eq!(time_text(long), "36:00:00");
        let mac = ExcelDateTime::new(44_252.0, ExcelDateTimeType::DateTime, true);
        assert_eq!(time_text(mac), "2025-02-26");
    }

    fn sheet(
        skip: u32,
        cells: &[(u32, u32, &str)],
    ) -> Result<(String, u64), (Option<u64>, String)> {
        let mut text = SheetText::new(skip);
        let told = |fault: SheetFault| (fault.row, fault.message);
        for &(row, column, value) in cells {
            text.cell((row, column), Cow::Borrowed(value))
                .map_err(told)?;
        }
        let whole = text.finish().map_err(told)?;
        Ok((String::from_utf8(whole.text).unwrap(), whole.blank_rows))
    }

    #[test]
    fn a_row_is_a_line() {
        let cells = [
            (0, 0, "a"),
            (0, 1, "b\nc"),
            (1, 1, "x,\"y\""),
            (3, 0, "1"),
            (3, 5, ""),
        ];
        let whole = sheet(0, &cells).unwrap();
        assert_eq!(whole, ("a,b c\n,\"x,\"\"y\"\"\"\n,\n1,\n".into(), 0));
        let preamble = [
            (0, 0, "State of X"),
            (2, 0, "a"),
            (3, 0, "1"),
            (4, 0, " "),
            (9, 3, ""),
        ];
        assert_eq!(sheet(2, &preamble), Ok(("a\n1\n".into(), 6)));
        assert_eq!(
            sheet(0, &[(0, 0, "a"), (1, 0, "1"), (1, 2, "z")]),
            Ok(("a\n1,,z\n".into(), 0))
        );
        let (row, message) = sheet(1, &preamble).unwrap_err();
        assert!(row == Some(2) && message.contains("blank"), "{message}");
        assert!(sheet(0, &[(1, 0, "a"), (0, 0, "b")]).is_err());
        assert!(sheet(0, &[(0, 0, " ")]).unwrap_err().1.contains("empty"));
    }

    #[test]
    fn a_column_of_one_may_be_blank() {
        let whole = sheet(0, &[(0, 0, "a"), (2, 0, "1")]).unwrap();
        assert_eq!(whole.0, "a\n\"\"\n1\n");
    }
}
