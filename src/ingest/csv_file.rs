//! Reading one CSV file so that every fault has a line, and its hash is known at the end.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use sha2::{Digest, Sha256};

use super::at::{About, At};
use super::blocks::{Block, Blocks, Broken, lines};
use super::header;
use super::layout::{DAMAGED, FileHash, HeaderRow, Layout, Opened, Places, failed};
use super::rows::{Fields, Marks, Split, Splitter};
use crate::error::{DataFault, Error, shortened};
use crate::stops::Input;
use crate::world::World;

/// An open CSV file with a checked header.
///
/// As its [`Layout`] says. Rows must have as many fields as the header. A file in another encoding,
/// or with another separator, is refused here with what was seen.
pub struct CsvFile {
    about: About,
    blocks: Mutex<Blocks>,
    marks: Marks,
    hash: FileHash,
    /// The line of the text that names the columns; `None` where the study does.
    header_line: Option<u64>,
    rows: AtomicU64,
    /// For a reader of row after row.
    own: Option<Own>,
}

/// Where a reader of row after row is.
struct Own {
    block: Block,
    splitter: Splitter,
    fields: Fields,
    /// A byte of the block up to which lines were counted, and its line.
    counted: (usize, u64),
}

/// What stands next in a file.
#[derive(Debug)]
pub enum Row<R> {
    /// Nothing: it is read to its end.
    End,
    /// A row, which was read.
    Row(R),
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
            .buffer_capacity(1 << 12)
            .from_reader(Kept::new(text));
        let (headers, header_line) = match &layout.header {
            Some(names) => (names.clone(), None),
            None => {
                let (headers, line) = read_header(&mut reader, (path, &places), layout)?;
                (headers, Some(line))
            }
        };
        let read = reader.position().byte();
        let (head, rest) = reader.into_inner().split(read);
        let marks = Marks {
            separator: layout.separator.byte(),
            quotes: layout.quotes,
        };
        let start = (1 + lines(&head), read);
        Ok(Self {
            about: About {
                path: path.to_path_buf(),
                width: headers.len(),
                headers,
                notation: layout.notation(),
                places,
            },
            blocks: Mutex::new(Blocks::new(rest, (marks, world.block()), start)),
            marks,
            hash,
            header_line,
            rows: AtomicU64::new(0),
            own: None,
        })
    }

    /// Whether the header has a column.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.about.headers.iter().any(|header| header == name)
    }

    /// Adds the columns of a joined file, whose fields follow those of each row.
    pub fn widen<'a>(&mut self, columns: impl Iterator<Item = &'a str>) {
        self.about.headers.extend(columns.map(str::to_owned));
    }

    /// The header.
    #[must_use]
    pub fn headers(&self) -> &[String] {
        &self.about.headers
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// The column is missing, or stands there twice.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        let mut found = self
            .about
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
                    header::nearest(name, &self.about.headers)
                ))
                .in_column(name)
                .into()),
        }
    }

    /// A fault of the header, where the file has one.
    fn header_fault(&self, message: &str) -> DataFault {
        match self.header_line {
            Some(line) => {
                DataFault::new(&self.about.places.path(&self.about.path, line), message, "")
                    .at_line(self.about.places.line(line))
            }
            None => DataFault::new(&self.about.path, message, ""),
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
    pub fn next_or_fault<'a>(&'a mut self, record: &mut ByteRecord) -> Result<Row<At<'a>>, Error> {
        loop {
            if let Some(own) = &mut self.own {
                let bytes = own.block.bytes();
                if let Some(start) = own.splitter.next(bytes, &mut own.fields) {
                    let row = Split::new(bytes, &mut own.fields);
                    record.clear();
                    row.iter().for_each(|field| record.push_field(field));
                    let (until, line) = own.counted;
                    let line = line + lines(&bytes[until..start]);
                    own.counted = (start, line);
                    let at = At {
                        file: &self.about,
                        before: &[],
                        first_line: line,
                        first_byte: own.block.first_byte + start as u64,
                    };
                    *self.rows.get_mut() += 1;
                    let fault = at.unreadable(&row, record.as_slice().contains(&0));
                    return Ok(fault.map_or(Row::Row(at), Row::Unreadable));
                }
            }
            let mut block = self.own.take().map(|own| own.block).unwrap_or_default();
            if !self.next_block(&mut block).map_err(|(_, error)| error)? {
                return Ok(Row::End);
            }
            self.own = Some(Own {
                splitter: Splitter::new(block.bytes(), self.marks),
                fields: Fields::default(),
                counted: (0, block.first_line),
                block,
            });
        }
    }

    /// Takes the next rows of the file, for one of several threads; `false` at the end.
    ///
    /// # Errors
    /// What ends the reading, with the number of the block that is not there.
    pub fn next_block(&self, block: &mut Block) -> Result<bool, (u64, Error)> {
        let next = self.next_of_file(block);
        // Without the lock of the file: the next thread reads meanwhile.
        self.hash.help();
        next
    }

    fn next_of_file(&self, block: &mut Block) -> Result<bool, (u64, Error)> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.next(block).map_err(|broken| {
            let fault = match broken {
                Broken::Unreadable(error) => failed(&self.about.path, error),
                Broken::Endless(line) => DataFault::new(
                    &self.about.places.path(&self.about.path, line),
                    "here begins a row without an end, or one of more than 64 MB",
                    "look for a quote that is opened and never closed",
                )
                .at_line(self.about.places.line(line))
                .into(),
            };
            (blocks.number(), fault)
        })
    }

    /// The rows of a block of this file.
    #[must_use]
    pub fn rows<'a>(&'a self, block: &'a Block) -> Rows<'a> {
        Rows {
            file: self,
            block,
            splitter: Splitter::new(block.bytes(), self.marks),
            may_hold_nul: memchr::memchr(0, block.bytes()).is_some(),
            count: 0,
        }
    }

    /// What was left out of the file and is no row of it, for the account of the rows.
    #[must_use]
    pub fn note(&self) -> Option<String> {
        let blank = self.about.places.blank_rows();
        let rows = if blank == 1 { "row" } else { "rows" };
        (blank > 0).then(|| format!("{blank} blank {rows} at the end of a sheet are left out"))
    }

    /// Closes the file at its end and says what was read.
    ///
    /// # Errors
    /// A file with a header only; bytes that cannot be read.
    pub fn finish(self, shown_as: &str, used_for: String) -> Result<Input, Error> {
        let rows = self.rows.into_inner();
        if rows == 0 {
            return Err(DataFault::new(
                &self.about.path,
                "there is a header and no row",
                "at least one data row is expected",
            )
            .into());
        }
        Ok(Input {
            file: shown_as.to_owned(),
            sha256: self.hash.hex(),
            rows: Some(rows),
            used_for,
        })
    }
}

/// The rows of one block, in their order.
pub struct Rows<'a> {
    file: &'a CsvFile,
    block: &'a Block,
    splitter: Splitter,
    may_hold_nul: bool,
    count: u64,
}

impl Rows<'_> {
    /// Splits the next row, for [`Rows::row`]: where it begins. A row that cannot be read counts as a row.
    #[inline]
    pub fn next(&mut self, fields: &mut Fields) -> Row<usize> {
        let bytes = self.block.bytes();
        let Some(start) = self.splitter.next(bytes, fields) else {
            return Row::End;
        };
        self.count += 1;
        let (at, row) = self.row(start, fields);
        // Most rows begin otherwise than a header and are done with one look.
        if row.len() == self.file.about.width && !self.may_hold_nul && !self.is_odd(&row[0]) {
            return Row::Row(start);
        }
        let has_nul = self.may_hold_nul && row.iter().any(|field| field.contains(&0));
        match at.unreadable(&row, has_nul) {
            None => Row::Row(start),
            Some(fault) => Row::Unreadable(fault),
        }
    }

    /// The row that was split last, which begins at `start`, and its position.
    #[inline]
    pub fn row<'r>(&'r self, start: usize, fields: &'r mut Fields) -> (At<'r>, Split<'r>) {
        let bytes = self.block.bytes();
        let at = At {
            file: &self.file.about,
            before: &bytes[..start],
            first_line: self.block.first_line,
            first_byte: self.block.first_byte,
        };
        (at, Split::new(bytes, fields))
    }

    /// Whether a first field may be that of a header, or begin with a byte order mark.
    #[inline]
    fn is_odd(&self, first: &[u8]) -> bool {
        let header = self.file.about.headers[0].as_bytes();
        first.first() == Some(&0xef) || first.len() == header.len()
    }

    /// Notes in the file that its rows were read; how many.
    pub fn finish(self) -> u64 {
        self.file.rows.fetch_add(self.count, Ordering::Relaxed);
        self.count
    }
}

/// Keeps what a reader of the header read ahead.
struct Kept {
    text: Box<dyn Read + Send>,
    kept: Vec<u8>,
}

impl Kept {
    fn new(text: Box<dyn Read + Send>) -> Self {
        Self {
            text,
            kept: Vec::new(),
        }
    }

    /// The text up to a byte, and all of it from there on.
    fn split(self, at: u64) -> (Vec<u8>, Box<dyn Read + Send>) {
        let mut head = self.kept;
        let at = usize::try_from(at).unwrap_or(usize::MAX).min(head.len());
        let ahead = head.split_off(at);
        (head, Box::new(std::io::Cursor::new(ahead).chain(self.text)))
    }
}

impl Read for Kept {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.text.read(buffer)?;
        self.kept.extend_from_slice(&buffer[..read]);
        Ok(read)
    }
}

/// Reads a row: the line of the text on which it begins, and the byte; `None` at the end.
///
/// The library takes blank lines before a row, and the second half of a Windows line end, for a part of the row after them.
/// So lines are counted from the end of the row, which is a line end always, see [`Layout::open`].
fn read_row(
    reader: &mut Reader<Kept>,
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
    reader: &mut Reader<Kept>,
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

/// SHA-256 of a file of any size, read once and held nowhere.
///
/// # Errors
/// The file cannot be read.
pub fn sha256_of_file(world: &World, path: &Path) -> Result<String, Error> {
    let mut file = world.open(path)?;
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(|source| Error::File {
            path: path.to_path_buf(),
            action: "read",
            source,
        })?;
        if read == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..read]);
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
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
