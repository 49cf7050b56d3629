//! One table as bytes becomes UTF-8 text from its header on: unpacked, decoded, after the lines that are no table.

use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;

use super::{Layout, TextEncoding, array, broken_off, failed};
use crate::error::{DataFault, Error};

/// First bytes of a gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The mark that some programs put before UTF-8.
pub(super) const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];
/// Bytes by which a kind of file is known.
const HEAD: usize = 512;
/// Bytes in which the first line of a text ends.
const FIRST_LINES: usize = 1 << 16;

/// First bytes of files that are no table or not read, what they are, and what to do.
const OTHERS: [(&[u8], &str, &str); 12] = [
    (b"PK\x03\x04", PACKED_TWICE, UNPACK),
    (&GZIP, PACKED_TWICE, UNPACK),
    (
        b"BZh",
        "packed in a way that is not read (bzip2; gzip and zip are)",
        UNPACK,
    ),
    (
        b"\xfd7zXZ\x00",
        "packed in a way that is not read (xz; gzip and zip are)",
        UNPACK,
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "packed in a way that is not read (7z; gzip and zip are)",
        UNPACK,
    ),
    (
        b"\x28\xb5\x2f\xfd",
        "packed in a way that is not read (zstd; gzip and zip are)",
        UNPACK,
    ),
    (
        b"Rar!",
        "packed in a way that is not read (rar; gzip and zip are)",
        UNPACK,
    ),
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "a workbook that is packed with gzip",
        UNPACK,
    ),
    (
        b"%PDF",
        "a PDF, which holds no table that can be read for certain",
        EXPORT,
    ),
    (b"PAR1", "a Parquet file", EXPORT),
    (b"ARROW1", "an Arrow file", EXPORT),
    (b"SQLite format 3", "a database of SQLite", EXPORT),
];
const PACKED_TWICE: &str = "packed in a way that is not read (once with gzip or zip is)";
const UNPACK: &str = "unpack it and name the CSV file inside";
const EXPORT: &str = "export the table from it as CSV";

/// The text of a table. `path` is for messages.
///
/// # Errors
/// Bytes that are no table; damage before the header; fewer lines than are to be left out.
pub(super) fn text(
    layout: &Layout,
    path: &Path,
    bytes: Box<dyn Read + Send>,
) -> Result<Box<dyn Read + Send>, Error> {
    let (mut head, mut bytes) = peek(path, bytes, HEAD)?;
    if head.starts_with(&GZIP) {
        let packed = BufReader::with_capacity(1 << 18, bytes);
        (head, bytes) = peek(path, Box::new(Unpacked(MultiGzDecoder::new(packed))), HEAD)?;
    }
    refuse_others(path, &head)?;
    if head.starts_with(&BYTE_ORDER_MARK) {
        let mut mark = BYTE_ORDER_MARK;
        bytes.read_exact(&mut mark).map_err(|e| failed(path, e))?;
        head.drain(..BYTE_ORDER_MARK.len());
    }
    if array::begins(&head) {
        layout.refuse_text_words(path, "a table in JSON")?;
        bytes = Box::new(Cursor::new(array::text(path, bytes)?));
    }
    if let Some(encoding) = layout.encoding.codec() {
        bytes = Box::new(
            DecodeReaderBytesBuilder::new()
                .encoding(Some(encoding))
                .bom_override(layout.encoding == TextEncoding::Utf16)
                .build(bytes),
        );
    }
    let (first_lines, mut text) = peek(path, bytes, FIRST_LINES)?;
    let has = |byte| memchr::memchr(byte, &first_lines).is_some();
    if has(b'\r') && !has(b'\n') {
        text = Box::new(OldLineEnds(text));
    }
    skip_lines(path, text, layout.skip_lines)
}

/// The first bytes, and all of them from there on.
pub(super) fn peek(
    path: &Path,
    mut bytes: Box<dyn Read + Send>,
    size: usize,
) -> Result<(Vec<u8>, Box<dyn Read + Send>), Error> {
    let mut head = Vec::new();
    bytes
        .by_ref()
        .take(size as u64)
        .read_to_end(&mut head)
        .map_err(|e| failed(path, e))?;
    let whole = Cursor::new(head.clone()).chain(bytes);
    Ok((head, Box::new(whole)))
}

fn refuse_others(path: &Path, head: &[u8]) -> Result<(), Error> {
    let refuse = |what: &str, hint: &str| {
        Err(DataFault::new(path, format!("the file is {what}"), hint).into())
    };
    if let Some((_, what, hint)) = OTHERS.iter().find(|(first, ..)| head.starts_with(first)) {
        return refuse(what, hint);
    }
    if head.get(257..262) == Some(b"ustar") {
        return refuse("an archive of tar, which is not read (zip is)", UNPACK);
    }
    let begins = String::from_utf8_lossy(head)
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    if ["<!doctype", "<html", "<?xml"]
        .iter()
        .any(|first| begins.starts_with(first))
    {
        return refuse(
            "a web page or XML, whatever its name says",
            "fetch the data itself, or open the file in a spreadsheet program and save it as CSV",
        );
    }
    let compact: String = begins.split_whitespace().collect();
    if compact.starts_with("{\"") || compact.starts_with("[{") {
        return refuse(
            "JSON of named values; of JSON only a list of rows is read, the first of them the header",
            EXPORT,
        );
    }
    Ok(())
}

fn skip_lines(
    path: &Path,
    text: Box<dyn Read + Send>,
    skip: u32,
) -> Result<Box<dyn Read + Send>, Error> {
    if skip == 0 {
        return Ok(text);
    }
    let mut lines = BufReader::with_capacity(1 << 18, text);
    let mut line = Vec::new();
    for skipped in 0..skip {
        line.clear();
        let read = lines.read_until(b'\n', &mut line);
        if read.map_err(|e| failed(path, e))? == 0 {
            return Err(too_short(path, (u64::from(skipped), "lines"), skip));
        }
    }
    Ok(Box::new(lines))
}

/// A file that ends before its header.
pub(super) fn too_short(path: &Path, (has, what): (u64, &str), skip: u32) -> Error {
    let message =
        format!("the file has {has} {what}, and the study leaves {skip} out before the header");
    DataFault::new(path, message, "correct `skip_lines`").into()
}

/// What is said of a packed file that does not unpack.
pub(in crate::ingest) const DAMAGED: &str = "the packed file is damaged";

/// Tells faults of the packing from those of the disk.
pub(super) struct Unpacked<R>(pub(super) R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let told = |fault: std::io::Error| {
            std::io::Error::new(fault.kind(), format!("{DAMAGED} ({fault})"))
        };
        self.0.read(buffer).map_err(told)
    }
}

/// Lines that end in a carriage return alone, as old programs wrote them, so that they can be counted.
struct OldLineEnds<R>(R);

impl<R: Read> Read for OldLineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.0.read(buffer)?;
        for byte in &mut buffer[..read] {
            if *byte == b'\r' {
                *byte = b'\n';
            }
        }
        Ok(read)
    }
}

/// A zip or workbook that cannot be read, as the library says it.
pub(super) fn damaged(path: &Path, why: impl std::fmt::Display) -> Error {
    broken_off(path, &format!("{DAMAGED} ({why})")).into()
}
