//! Several tables of one header, read as one: sheets of a workbook, members of an archive.

use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use super::places::{Places, with_part};
use super::{Layout, carried};
use crate::error::{DataFault, Error};

/// One table of a container.
pub(super) struct Part {
    /// What follows the name of the file in a message.
    pub(super) name: String,
    /// The line of its header in it, or the row of the sheet.
    pub(super) first_line: u64,
    /// Its text from its header on.
    pub(super) text: Box<dyn Read + Send>,
}

/// The tables of a container in their order, each made when the one before it is read.
pub(super) type Parts = Box<dyn Iterator<Item = Result<Part, Error>> + Send>;

/// The text of all of them with one header.
pub(super) struct Stacked {
    path: PathBuf,
    parts: Parts,
    layout: Layout,
    places: Places,
    current: Option<Box<dyn Read + Send>>,
    /// The header of the first part and its name.
    header: Option<(Vec<u8>, String)>,
    /// Line ends of the text so far.
    lines: u64,
    last: u8,
}

impl Stacked {
    pub(super) fn new(path: &Path, parts: Parts, layout: &Layout, places: Places) -> Self {
        Self {
            path: path.to_path_buf(),
            parts,
            layout: layout.clone(),
            places,
            current: None,
            header: None,
            lines: 0,
            last: b'\n',
        }
    }

    fn begin(&mut self, part: Part) -> std::io::Result<()> {
        let Part {
            name,
            first_line,
            text,
        } = part;
        let mut text = BufReader::with_capacity(1 << 16, text);
        if self.layout.header.is_some() {
            self.places.begin(&name, (self.lines + 1, first_line));
            self.current = Some(Box::new(text));
            return Ok(());
        }
        let mut header = Vec::new();
        for _ in 0..self.layout.header_rows {
            read_row(&mut text, &mut header, self.layout.quotes)?;
        }
        if is_blank(&header) {
            let fault = DataFault::new(
                &with_part(&self.path, &name),
                "it is empty",
                "a header row and at least one data row are expected",
            );
            return Err(carried(fault.into()));
        }
        let Some((first, first_name)) = &self.header else {
            self.places.begin(&name, (self.lines + 1, first_line));
            self.header = Some((header.clone(), name));
            self.current = Some(Box::new(Cursor::new(header).chain(text)));
            return Ok(());
        };
        if bare(first) != bare(&header) {
            let fault = self.other_header((first, first_name), (&header, &name), first_line);
            return Err(carried(fault.into()));
        }
        let rows = memchr::memchr_iter(b'\n', &header).count() as u64;
        self.places
            .begin(&name, (self.lines + 1, first_line + rows));
        self.current = Some(Box::new(text));
        Ok(())
    }

    fn other_header(
        &self,
        (first, first_name): (&[u8], &str),
        (header, name): (&[u8], &str),
        line: u64,
    ) -> DataFault {
        let separator = self.layout.separator.byte();
        let fields = |row: &[u8]| -> Vec<String> {
            bare(row)
                .split(|&b| b == separator)
                .map(|field| String::from_utf8_lossy(field).into_owned())
                .collect()
        };
        let (there, here) = (fields(first), fields(header));
        let differs = there.iter().zip(&here).position(|(a, b)| a != b);
        let what = match differs {
            Some(at) => format!(
                "column {} is {} there and {} here",
                at + 1,
                crate::ingest::quoted_or_blank(&there[at]),
                crate::ingest::quoted_or_blank(&here[at])
            ),
            None => format!("{} columns there and {} here", there.len(), here.len()),
        };
        let first_name = with_part(&self.path, first_name);
        DataFault::new(
            &with_part(&self.path, name),
            format!(
                "its header is not that of {}: {what}",
                first_name.display()
            ),
            "only tables of one header are read as one: name those that have it, and read the others as a table of their own",
        )
        .at_line(line)
    }
}

impl Read for Stacked {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(current) = &mut self.current {
                let read = current.read(buffer)?;
                if read > 0 {
                    self.lines += memchr::memchr_iter(b'\n', &buffer[..read]).count() as u64;
                    self.last = buffer[read - 1];
                    return Ok(read);
                }
                self.current = None;
                if self.last != b'\n' {
                    (buffer[0], self.last) = (b'\n', b'\n');
                    self.lines += 1;
                    return Ok(1);
                }
            }
            match self.parts.next() {
                None => return Ok(0),
                Some(part) => self.begin(part.map_err(carried)?)?,
            }
        }
    }
}

/// Reads a row to its end, with blank lines before it; line ends within quotes are no ends of rows.
fn read_row(
    text: &mut BufReader<Box<dyn Read + Send>>,
    row: &mut Vec<u8>,
    quotes: bool,
) -> std::io::Result<()> {
    let start = row.len();
    loop {
        let read = text.read_until(b'\n', row)?;
        let own = &row[start..];
        let is_open = quotes && memchr::memchr_iter(b'"', own).count() % 2 == 1;
        if read == 0 || !(is_open || is_blank(own)) {
            return Ok(());
        }
    }
}

fn is_blank(lines: &[u8]) -> bool {
    lines.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// The header alone.
fn bare(lines: &[u8]) -> &[u8] {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = lines.iter().position(|b| !is_end(b)).unwrap_or_default();
    let end = lines
        .iter()
        .rposition(|b| !is_end(b))
        .map_or(0, |at| at + 1);
    lines.get(start..end).unwrap_or_default()
}
