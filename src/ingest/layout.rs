//! How a file is written: packed or not, in which encoding, after how many lines that are no table, with which separator.
//!
//! Packed files are known by their first bytes. Everything else is said by the study, never guessed: a file that is not
//! as the study says stops the run at its line.

use std::io::{BufRead as _, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use encoding_rs::Encoding;
use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::error::{DataFault, Error};
use crate::world::World;

/// The `layout` of a table of data; plain CSV in UTF-8 where there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Layout {
    /// How characters are written as bytes.
    pub encoding: TextEncoding,
    /// What separates the fields of a row.
    pub separator: Separator,
    /// Lines before the header.
    pub skip_lines: u32,
}

/// How characters are written as bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
pub enum TextEncoding {
    /// With or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Western European, as Windows writes it; what is called latin-1 is read so too, as browsers do.
    #[serde(rename = "windows-1252", alias = "latin-1")]
    Windows1252,
    /// Little-endian unless a byte order mark says otherwise.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// What separates the fields of a row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
pub enum Separator {
    /// `,`
    #[default]
    #[serde(rename = ",")]
    Comma,
    /// `;`
    #[serde(rename = ";")]
    Semicolon,
    /// A tab.
    #[serde(rename = "tab", alias = "\t")]
    Tab,
    /// `|`
    #[serde(rename = "|")]
    Bar,
    /// `~`
    #[serde(rename = "~")]
    Tilde,
}

impl Separator {
    /// The separators that a header of one column may hold instead, with their names.
    pub(super) const ALL: [(Self, &'static str); 5] = [
        (Self::Comma, "a comma"),
        (Self::Semicolon, "a semicolon"),
        (Self::Tab, "a tab"),
        (Self::Bar, "a bar"),
        (Self::Tilde, "a tilde"),
    ];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
            Self::Bar => b'|',
            Self::Tilde => b'~',
        }
    }

    /// The word in a study.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Tab => "tab",
            Self::Bar => "|",
            Self::Tilde => "~",
        }
    }
}

/// First bytes of a gzip member.
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// The mark that some programs put before UTF-8.
const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// A file as UTF-8 text from its header on.
pub(super) struct Opened {
    pub(super) text: Box<dyn Read + Send>,
    /// Of the bytes on disk, once all of them were read.
    pub(super) hash: FileHash,
}

impl Layout {
    /// Opens a file.
    ///
    /// # Errors
    /// A folder, a missing file, one that ends before the header, any failure of the system.
    pub(super) fn open(&self, world: &World, path: &Path) -> Result<Opened, Error> {
        let failed =
            |source: std::io::Error| super::csv_file::broken_off(path, &source.to_string());
        let hash = FileHash::default();
        let mut hashing = Hashing {
            inner: world.open(path)?,
            hash: hash.clone(),
        };
        let mut head = Vec::new();
        hashing
            .by_ref()
            .take(BYTE_ORDER_MARK.len() as u64)
            .read_to_end(&mut head)
            .map_err(failed)?;
        let is_packed = head.starts_with(&GZIP);
        if head == BYTE_ORDER_MARK {
            head.clear();
        }
        let whole = Cursor::new(head).chain(hashing);
        let bytes: Box<dyn Read + Send> = if is_packed {
            let packed = BufReader::with_capacity(1 << 18, whole);
            Box::new(Unpacked(MultiGzDecoder::new(packed)))
        } else {
            Box::new(whole)
        };
        let mut text = match self.encoding.codec() {
            None => bytes,
            Some(encoding) => Box::new(
                DecodeReaderBytesBuilder::new()
                    .encoding(Some(encoding))
                    .bom_override(self.encoding == TextEncoding::Utf16)
                    .build(bytes),
            ),
        };
        if self.skip_lines > 0 {
            let mut lines = BufReader::with_capacity(1 << 18, text);
            let mut line = Vec::new();
            for skipped in 0..self.skip_lines {
                line.clear();
                if lines.read_until(b'\n', &mut line).map_err(failed)? == 0 {
                    let message = format!(
                        "the file has {skipped} lines, and the study leaves {} out before the header",
                        self.skip_lines
                    );
                    return Err(DataFault::new(path, message, "correct `skip_lines`").into());
                }
            }
            text = Box::new(lines);
        }
        Ok(Opened { text, hash })
    }
}

impl TextEncoding {
    fn codec(self) -> Option<&'static Encoding> {
        match self {
            Self::Utf8 => None,
            Self::Windows1252 => Some(encoding_rs::WINDOWS_1252),
            Self::Utf16 => Some(encoding_rs::UTF_16LE),
        }
    }
}

/// What is said of a packed file that does not unpack.
pub(super) const DAMAGED: &str = "the packed file is damaged";

/// Tells faults of the packing from those of the disk.
struct Unpacked<R>(R);

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let told = |fault: std::io::Error| {
            std::io::Error::new(fault.kind(), format!("{DAMAGED} ({fault})"))
        };
        self.0.read(buffer).map_err(told)
    }
}

/// The hash of what was read of a file so far.
#[derive(Clone, Default)]
pub(super) struct FileHash(Arc<Mutex<Sha256>>);

impl FileHash {
    pub(super) fn hex(&self) -> String {
        let hasher = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        super::csv_file::hex(&hasher.clone().finalize())
    }
}

/// Hashes what is read through it, so that a file is read once.
struct Hashing<R> {
    inner: R,
    hash: FileHash,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let mut hasher = self.hash.0.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.update(&buffer[..read]);
        Ok(read)
    }
}
