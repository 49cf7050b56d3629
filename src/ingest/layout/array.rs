//! Tables in JSON, as the Census API gives them: a list of rows, each a list of values, the first the header.

use std::io::Read;
use std::path::Path;

use serde_json::value::RawValue;

use super::failed;
use super::sheet::Row;
use crate::error::{DataFault, Error};

/// Bytes of a table that is held in memory.
const LARGEST: u64 = 1 << 30;

/// Whether a file is a list of lists.
pub(super) fn begins(head: &[u8]) -> bool {
    let mut marks = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    marks.next() == Some(&b'[') && marks.next() == Some(&b'[')
}

/// The table as CSV, one line a row: the line of a fault is the number of the row, the header being 1. The whole table is
/// held in memory, since a table of the Census has some thousand rows.
///
/// # Errors
/// No JSON; a value that is neither text, nor number, nor null.
pub(super) fn text(path: &Path, mut bytes: Box<dyn Read + Send>) -> Result<Vec<u8>, Error> {
    let mut json = Vec::new();
    let mut limited = bytes.by_ref().take(LARGEST);
    limited
        .read_to_end(&mut json)
        .map_err(|e| failed(path, e))?;
    if json.len() as u64 == LARGEST {
        let message = "the table in JSON is a gigabyte or more, which is not held in memory";
        return Err(DataFault::new(path, message, "save it as CSV").into());
    }
    let rows: Vec<Vec<&RawValue>> = serde_json::from_slice(&json).map_err(|fault| {
        DataFault::new(
            path,
            format!("the table in JSON breaks off or is none: {fault}"),
            "fetch it again: a list of rows is expected, [[\"NAME\", \"B01001_001E\"], [\"Alpha\", \"12\"]]",
        )
        .at_line(fault.line() as u64)
    })?;
    let mut text = Vec::with_capacity(json.len());
    for (i, values) in rows.iter().enumerate() {
        let mut row = Row::default();
        for value in values {
            row.push(&field(value).ok_or_else(|| {
                DataFault::new(
                    path,
                    format!("found `{}` in row {} of the table", value.get(), i + 1),
                    "a value is text, a number or null",
                )
                .at_line(i as u64 + 1)
            })?);
        }
        row.write(&mut text);
    }
    Ok(text)
}

/// Text without its quotes, a number as it is written, null as nothing.
fn field(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => Some(String::new()),
        "true" => Some("TRUE".into()),
        "false" => Some("FALSE".into()),
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        list if list.starts_with(['[', '{']) => None,
        number => Some(number.to_owned()),
    }
}
