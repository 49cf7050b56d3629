//! Which rows are alike: hashes of 128 bits of all fields, or of those that make a stop.
//!
//! Among ten thousand million rows two that differ have the same hash with a probability of 1 in 10^18.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

use crate::error::Error;
use crate::ingest::{CsvFile, Record, SameStop, Split, StopsConfig};

/// Bytes of a hash.
pub(super) const HASH: usize = 16;

/// How rows of one file are compared.
pub(super) struct Likeness {
    /// Rows under different headers are never equal.
    header: u64,
    /// The columns that make a stop; `None` for all.
    columns: Option<Vec<usize>>,
    missing: Vec<String>,
    buffer: Vec<u8>,
}

impl Likeness {
    /// Binds the comparison to a file; `own_fields` are its own, without those of joined files.
    ///
    /// # Errors
    /// A column that the study names is not there.
    pub(super) fn new(config: &StopsConfig, file: &CsvFile) -> Result<Self, Error> {
        let mut buffer = Vec::new();
        let header = file.headers().iter().map(|name| name.as_bytes());
        write(header, &mut buffer);
        let columns = match &config.same_stop {
            Some(SameStop::Columns(names)) => {
                let found = names.iter().map(|name| file.column(name));
                Some(found.collect::<Result<_, _>>()?)
            }
            _ => None,
        };
        Ok(Self {
            header: xxh3_64(&buffer),
            columns,
            missing: config.missing.clone(),
            buffer,
        })
    }

    /// The hash of all fields.
    pub(super) fn of_all(&mut self, row: &Split<'_>) -> [u8; HASH] {
        self.buffer.clear();
        write(row.iter(), &mut self.buffer);
        xxh3_128_with_seed(&self.buffer, self.header).to_be_bytes()
    }

    /// The hash of what makes a stop, `all` being that of all fields; `None` where one of its columns says nothing.
    pub(super) fn of_stop(&mut self, row: &impl Record, all: [u8; HASH]) -> Option<[u8; HASH]> {
        let Some(columns) = &self.columns else {
            return Some(all);
        };
        let says_nothing = |column: &usize| {
            let field = row[*column].trim_ascii();
            field.is_empty() || self.missing.iter().any(|word| word.as_bytes() == field)
        };
        if columns.iter().any(says_nothing) {
            return None;
        }
        self.buffer.clear();
        write(columns.iter().map(|column| &row[*column]), &mut self.buffer);
        Some(xxh3_128_with_seed(&self.buffer, 0).to_be_bytes())
    }
}

/// Writes fields so that none can run into the next.
fn write<'f>(fields: impl Iterator<Item = &'f [u8]>, buffer: &mut Vec<u8>) {
    for field in fields {
        buffer.extend_from_slice(&(field.len() as u64).to_le_bytes());
        buffer.extend_from_slice(field);
    }
}
