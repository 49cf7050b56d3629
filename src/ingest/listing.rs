//! Lists that come with the program or are given to it by name: small tables whose every fault has a line and a column.

use std::path::Path;

use csv::StringRecord;

use crate::error::{DataFault, Error, nearest_hint};

/// A row of a list.
pub(crate) struct ListRow<'a> {
    path: &'a Path,
    header: &'a StringRecord,
    record: StringRecord,
}

/// Reads a list; `about` says what it is, where it is none.
///
/// # Errors
/// What is no CSV file, a required column that is not there, and whatever `each` has against a row.
pub(crate) fn read_list(
    (path, bytes): (&Path, &[u8]),
    about: &str,
    required: &[&str],
    mut each: impl FnMut(&ListRow<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut reader = csv::Reader::from_reader(bytes);
    let unreadable = |error: &csv::Error| {
        let fault = DataFault::new(path, error.to_string(), about);
        match error.position() {
            Some(position) => fault.at_line(position.line()),
            None => fault,
        }
    };
    let header = reader.headers().map_err(|e| unreadable(&e))?.clone();
    for required in required {
        if !header.iter().any(|name| name == *required) {
            let hint = nearest_hint(required, header.iter());
            return Err(DataFault::new(path, format!("no column `{required}`"), hint).into());
        }
    }
    for record in reader.records() {
        each(&ListRow {
            path,
            header: &header,
            record: record.map_err(|e| unreadable(&e))?,
        })?;
    }
    Ok(())
}

impl ListRow<'_> {
    /// The text of a column without blanks around it; nothing where there is no such column.
    pub(crate) fn text(&self, name: &str) -> &str {
        let at = self.header.iter().position(|known| known == name);
        at.and_then(|at| self.record.get(at))
            .unwrap_or_default()
            .trim()
    }

    /// A fault of one column of this row.
    pub(crate) fn fault(
        &self,
        column: &str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> DataFault {
        let line = self.record.position().map_or(0, csv::Position::line);
        DataFault::new(self.path, message, hint)
            .at_line(line)
            .in_column(column)
    }
}
