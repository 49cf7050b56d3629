//! Zip archives: which members are tables, and one after the other as text.
//!
//! A workbook of a spreadsheet program is such an archive too, and is told from one by what is in it. Names of members are
//! only compared and shown, never written to, so they may have any path.

use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use flate2::Crc;
use flate2::read::DeflateDecoder;
use zip::{CompressionMethod, ZipArchive};

use super::book::{self, Book, Kind};
use super::places::{Places, with_part};
use super::stack::{Part, Parts};
use super::text::{self, damaged};
use super::{Layout, failed};
use crate::error::{DataFault, Error, nearest_hint};
use crate::world::{ReadSeek, World};

/// First bytes of an archive, of an empty one, and of a part of a divided one.
pub(super) const ZIP: [[u8; 4]; 3] = [*b"PK\x03\x04", *b"PK\x05\x06", *b"PK\x07\x08"];

/// Members that a message lists.
const MOST_NAMES: usize = 20;

/// A member that is larger than this may not be many times as large as it is packed.
const LARGE: u64 = 256 << 20;
/// How many times as large a table is at most as it is packed; a thousand is what the method can do.
const MOST_TIMES: u64 = 300;

/// Names that are no tables for certain.
const NO_TABLES: [&str; 12] = [
    ".pdf", ".doc", ".docx", ".htm", ".html", ".md", ".rtf", ".png", ".jpg", ".jpeg", ".gif",
    ".xml",
];

/// What the directory of an archive says of a member.
#[derive(Debug, Clone)]
struct Member {
    index: usize,
    name: String,
    size: u64,
    packed: u64,
    is_encrypted: bool,
}

/// The tables of an archive, or of the workbook that it is.
///
/// # Errors
/// A damaged archive; one of several tables when the study does not say which; no member of the name that it says.
pub(super) fn parts(
    layout: &Layout,
    world: &World,
    path: &Path,
    places: &Places,
) -> Result<Parts, Error> {
    let archive = open(world, path)?;
    let members = members(&archive, path)?;
    if let Some(kind) = workbook(&members) {
        layout.refuse_member(path, "a workbook, no archive of tables")?;
        for member in &members {
            refuse_bombs(path, member)?;
        }
        let source = world.open_anywhere(path)?;
        return Ok(Box::new(Book::open(
            layout,
            (path, ""),
            (kind, source),
            places,
        )?));
    }
    let chosen = chosen(layout.member.as_deref(), members, path)?;
    Ok(Box::new(Members {
        layout: layout.clone(),
        world: world.clone(),
        path: path.to_path_buf(),
        places: places.clone(),
        chosen: chosen.into_iter(),
        book: None,
    }))
}

fn open(world: &World, path: &Path) -> Result<ZipArchive<BufReader<Box<dyn ReadSeek>>>, Error> {
    let source = BufReader::new(world.open_anywhere(path)?);
    ZipArchive::new(source).map_err(|why| damaged(path, why))
}

fn members<R: Read + std::io::Seek>(
    archive: &ZipArchive<R>,
    path: &Path,
) -> Result<Vec<Member>, Error> {
    (0..archive.len())
        .map(|index| {
            let entry = archive.by_index_data(index).map_err(|e| damaged(path, e))?;
            let name = entry.name().map_err(|e| damaged(path, e))?;
            Ok(Member {
                index,
                name: name.replace('\\', "/"),
                size: entry.size(),
                packed: entry.compressed_size(),
                is_encrypted: entry.encrypted(),
            })
        })
        .collect()
}

/// Which workbook an archive is, by the files that every one of them has.
fn workbook(members: &[Member]) -> Option<Kind> {
    let has = |name: &str| members.iter().any(|m| m.name.eq_ignore_ascii_case(name));
    if has("[Content_Types].xml") && has("xl/workbook.bin") {
        Some(Kind::Xlsb)
    } else if has("[Content_Types].xml") && has("xl/workbook.xml") {
        Some(Kind::Xlsx)
    } else if has("mimetype") && has("content.xml") {
        Some(Kind::Ods)
    } else {
        None
    }
}

/// The members that a study reads, in byte order of their names.
fn chosen(wanted: Option<&str>, members: Vec<Member>, path: &Path) -> Result<Vec<Member>, Error> {
    let mut tables: Vec<Member> = members.into_iter().filter(may_be_table).collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let fault = |message: String, hint: String| Err(DataFault::new(path, message, hint).into());
    let Some(wanted) = wanted else {
        return match tables.len() {
            1 => Ok(tables),
            0 => fault(
                "the archive has no member that could be a table".into(),
                "a CSV file, a workbook or a table in JSON is expected in it".into(),
            ),
            several => fault(
                format!("the archive has {several} members: {}", listed(&tables)),
                "say which is the table: layout = { member = \"name.csv\" }; a pattern such as \"*.csv\" reads several of one header as one".into(),
            ),
        };
    };
    let exact: Vec<Member> = tables
        .iter()
        .filter(|m| m.name == wanted)
        .cloned()
        .collect();
    match exact.len() {
        0 => {}
        1 => return Ok(exact),
        _ => {
            return fault(
                format!("the archive has `{wanted}` twice"),
                "unpack it, and name the file that is meant".into(),
            );
        }
    }
    let pattern = glob::Pattern::new(wanted).map_err(|why| {
        DataFault::new(
            path,
            format!("`{wanted}` is no pattern: {}", why.msg),
            "`*` stands for any characters, `?` for one, `[12]` for one of those",
        )
    })?;
    let matching: Vec<Member> = tables
        .iter()
        .filter(|m| pattern.matches(&m.name))
        .cloned()
        .collect();
    if matching.is_empty() {
        let names = tables.iter().map(|m| m.name.as_str());
        return fault(
            format!("the archive has no member `{wanted}`"),
            nearest_hint(wanted, names),
        );
    }
    if let Some(twice) = matching.windows(2).find(|two| two[0].name == two[1].name) {
        return fault(
            format!("the archive has `{}` twice", twice[0].name),
            "unpack it, and name the files that are meant".into(),
        );
    }
    Ok(matching)
}

/// Folders, what some systems add unasked, and files that are no tables are left out.
fn may_be_table(member: &Member) -> bool {
    let name = member.name.to_ascii_lowercase();
    let own = name.rsplit('/').next().unwrap_or_default();
    let is_hidden = own.is_empty() || own.starts_with('.') || name.starts_with("__macosx/");
    !is_hidden && !NO_TABLES.iter().any(|ending| own.ends_with(ending))
}

fn listed(members: &[Member]) -> String {
    let mut names: Vec<String> = members
        .iter()
        .take(MOST_NAMES)
        .map(|member| format!("`{}`", member.name))
        .collect();
    if members.len() > MOST_NAMES {
        names.push(format!("and {} more", members.len() - MOST_NAMES));
    }
    names.join(", ")
}

/// A small file that says it is a huge one is made to fill the memory.
fn refuse_bombs(path: &Path, member: &Member) -> Result<(), Error> {
    if member.size <= LARGE || member.size / member.packed.max(1) <= MOST_TIMES {
        return Ok(());
    }
    Err(DataFault::new(
        path,
        format!(
            "`{}` would unpack to {} times its size, {} bytes",
            member.name,
            member.size / member.packed.max(1),
            member.size
        ),
        "tables are not packed so tightly, files that are to fill the memory are: where you trust it, unpack it and name the file inside",
    )
    .into())
}

/// The chosen members as text, one after the other.
struct Members {
    layout: Layout,
    world: World,
    path: PathBuf,
    places: Places,
    chosen: IntoIter<Member>,
    /// The member that is being read, where it is a workbook.
    book: Option<Book>,
}

impl Members {
    fn member(&mut self, member: &Member) -> Result<Option<Part>, Error> {
        let name = format!("/{}", member.name);
        let shown = with_part(&self.path, &name);
        if member.is_encrypted {
            let hint = "unpack it with its password, and name the file inside";
            return Err(DataFault::new(&shown, "it is protected by a password", hint).into());
        }
        refuse_bombs(&self.path, member)?;
        let (head, mut bytes) = text::peek(&shown, self.bytes(&shown, member)?, 8)?;
        let kind = if ZIP.iter().any(|first| head.starts_with(first)) {
            None
        } else if head.starts_with(&book::OLE) {
            Some(Kind::Xls)
        } else {
            self.layout.refuse_sheet(&shown)?;
            return Ok(Some(Part {
                name,
                first_line: u64::from(self.layout.skip_lines) + 1,
                text: text::text(&self.layout, &shown, bytes)?,
            }));
        };
        let mut source = book::in_memory(&mut bytes).map_err(|e| failed(&shown, e))?;
        let kind = match kind {
            Some(kind) => kind,
            None => {
                let inner = ZipArchive::new(&mut source).map_err(|e| damaged(&shown, e))?;
                let inner = members(&inner, &shown)?;
                for member in &inner {
                    refuse_bombs(&shown, member)?;
                }
                workbook(&inner).ok_or_else(|| {
                    DataFault::new(
                        &shown,
                        "it is an archive within an archive",
                        "unpack the outer one, and name the file inside",
                    )
                })?
            }
        };
        let of = (self.path.as_path(), name.as_str());
        self.book = Some(Book::open(&self.layout, of, (kind, source), &self.places)?);
        Ok(None)
    }

    /// The unpacked bytes of a member.
    fn bytes(&self, shown: &Path, member: &Member) -> Result<Box<dyn Read + Send>, Error> {
        let mut archive = open(&self.world, &self.path)?;
        let entry = archive.by_index_raw(member.index);
        let entry = entry.map_err(|e| damaged(shown, e))?;
        let (method, checksum) = (entry.compression(), entry.crc32());
        let start = entry.data_start();
        drop(entry);
        let start = start.ok_or_else(|| damaged(shown, "the member has no beginning"))?;
        let mut source = archive.into_inner();
        source
            .seek(SeekFrom::Start(start))
            .map_err(|e| failed(shown, e))?;
        let packed = source.take(member.packed);
        let bytes: Box<dyn Read + Send> = match method {
            CompressionMethod::Stored => Box::new(packed),
            CompressionMethod::Deflated => Box::new(DeflateDecoder::new(packed)),
            other => {
                return Err(DataFault::new(
                    shown,
                    format!("it is packed in a way that is not read ({other})"),
                    "unpack it, and name the file inside",
                )
                .into());
            }
        };
        Ok(Box::new(text::Unpacked(Checked {
            inner: bytes,
            left: member.size,
            sum: Crc::new(),
            expected: checksum,
        })))
    }
}

impl Iterator for Members {
    type Item = Result<Part, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(book) = &mut self.book {
                match book.next() {
                    Some(part) => return Some(part),
                    None => self.book = None,
                }
            }
            let member = self.chosen.next()?;
            if let Some(part) = self.member(&member).transpose() {
                return Some(part);
            }
        }
    }
}

/// Holds what is unpacked against the size and the checksum that the archive says.
struct Checked<R> {
    inner: R,
    left: u64,
    sum: Crc,
    expected: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(std::io::Error::other("it is longer than it says"));
        };
        self.left = left;
        if read == 0 && !buffer.is_empty() && (left > 0 || self.sum.sum() != self.expected) {
            return Err(std::io::Error::other(
                "its length or its checksum is not the one that it says",
            ));
        }
        Ok(read)
    }
}
