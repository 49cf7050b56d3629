//! Workbooks of spreadsheet programs: which sheets are read, and one after the other as text.
//!
//! The cells of an .xlsx file are streamed; its list of texts and the text of one sheet are held in memory. The older .xls,
//! and .xlsb and .ods, are held in memory sheet by sheet.

use std::borrow::Cow;
use std::io::{BufReader, Cursor, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use calamine::{
    DataType, Ods, Reader, Sheet, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx, XlsxError,
};

use super::places::{Places, with_part};
use super::sheet::{SheetFault, SheetText, WholeSheet, cell_text};
use super::stack::Part;
use super::text::too_short;
use super::{Layout, SheetChoice, failed};
use crate::error::{DataFault, Error, nearest_hint};
use crate::world::{ReadSeek, without_panic};

/// The bytes of a workbook.
pub(super) type Source = BufReader<Box<dyn ReadSeek>>;

/// The programs' formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// .xlsx, .xlsm
    Xlsx,
    /// .xlsb
    Xlsb,
    /// .ods
    Ods,
    /// .xls
    Xls,
}

/// First bytes of an .xls file, and of an .xlsx file with a password.
pub(super) const OLE: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// The chosen sheets of a workbook as text, one after the other.
pub(super) struct Book {
    path: PathBuf,
    /// What follows the name of the file before the sheet: the member of an archive.
    member: String,
    sheets: Sheets<Source>,
    chosen: IntoIter<String>,
    skip_rows: u32,
    places: Places,
}

impl Book {
    /// Opens a workbook, which may be a member of an archive.
    ///
    /// # Errors
    /// A damaged workbook, one with a password; a choice of sheets that it does not have, or none where it has several.
    pub(super) fn open(
        layout: &Layout,
        (path, member): (&Path, &str),
        (kind, source): (Kind, Box<dyn ReadSeek>),
        places: &Places,
    ) -> Result<Self, Error> {
        let shown = with_part(path, member);
        layout.refuse_text_words(&shown, "a workbook")?;
        let mut source = BufReader::new(source);
        if kind == Kind::Xls && is_locked(&mut source).map_err(|e| failed(&shown, e))? {
            return Err(locked(&shown).into());
        }
        let sheets = without_panic(|| match kind {
            Kind::Xlsx => Xlsx::new(source).map(Sheets::Xlsx).map_err(|e| told(&e)),
            Kind::Xlsb => Xlsb::new(source).map(Sheets::Xlsb).map_err(|e| told(&e)),
            Kind::Ods => Ods::new(source).map(Sheets::Ods).map_err(|e| told(&e)),
            Kind::Xls => Xls::new(source).map(Sheets::Xls).map_err(|e| told(&e)),
        });
        let sheets = sheets
            .unwrap_or_else(|| Err(BROKEN.into()))
            .map_err(|why| unreadable(&shown, &why))?;
        let chosen = chosen(layout.sheet.as_ref(), sheets.sheets_metadata(), &shown)?;
        Ok(Self {
            path: path.to_path_buf(),
            member: member.to_owned(),
            sheets,
            chosen: chosen.into_iter(),
            skip_rows: layout.skip_lines,
            places: places.clone(),
        })
    }

    fn sheet(&mut self, name: &str) -> Result<Part, Error> {
        let part = format!("{}, sheet `{name}`", self.member);
        let shown = with_part(&self.path, &part);
        let skip = self.skip_rows;
        let whole = without_panic(|| match &mut self.sheets {
            Sheets::Xlsx(book) => streamed(book, name, skip),
            Sheets::Xls(book) => held(book, name, skip),
            Sheets::Xlsb(book) => held(book, name, skip),
            Sheets::Ods(book) => held(book, name, skip),
        });
        let broken = || Err(Failure::Library(BROKEN.into()));
        let whole = whole
            .unwrap_or_else(broken)
            .map_err(|failure| match failure {
                Failure::Library(why) => unreadable(&shown, &why),
                Failure::Sheet(fault) => {
                    let told = DataFault::new(&shown, fault.message, fault.hint);
                    match fault.row {
                        Some(row) => told.at_line(row).into(),
                        None => told.into(),
                    }
                }
                Failure::TooShort(rows) => too_short(&shown, (rows, "rows"), self.skip_rows),
            })?;
        self.places.leave_out(whole.blank_rows);
        Ok(Part {
            name: part,
            first_line: u64::from(self.skip_rows) + 1,
            text: Box::new(Cursor::new(whole.text)),
        })
    }
}

impl Iterator for Book {
    type Item = Result<Part, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let name = self.chosen.next()?;
        Some(self.sheet(&name))
    }
}

/// What is said where the library gives up.
const BROKEN: &str = "it points to bytes that it does not have";

enum Failure {
    Library(String),
    Sheet(SheetFault),
    TooShort(u64),
}

impl From<SheetFault> for Failure {
    fn from(fault: SheetFault) -> Self {
        Self::Sheet(fault)
    }
}

/// The cells of a sheet as they stand in the file.
fn streamed(book: &mut Xlsx<Source>, name: &str, skip: u32) -> Result<WholeSheet, Failure> {
    let failed = |e: XlsxError| Failure::Library(told(&e));
    let mut cells = book.worksheet_cells_reader(name).map_err(failed)?;
    let (mut text, mut rows) = (SheetText::new(skip), 0);
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(failed)? {
        if cell.formula.is_some() && cell.value.is_empty() {
            return Err(SheetFault {
                row: Some(u64::from(cell.pos.0) + 1),
                message: format!(
                    "the formula in column {} has no value: it was written and never calculated",
                    cell.pos.1 + 1
                ),
                hint: "open the workbook in a spreadsheet program and save it, or save the sheet as CSV"
                    .into(),
            }
            .into());
        }
        rows = rows.max(u64::from(cell.pos.0) + 1);
        text.cell(cell.pos, cell_text(&cell.value))?;
    }
    ended(text, rows, skip)
}

/// The cells of a sheet that the library reads whole.
fn held<B>(book: &mut B, name: &str, skip: u32) -> Result<WholeSheet, Failure>
where
    B: Reader<Source>,
    B::Error: std::fmt::Display,
{
    let range = book
        .worksheet_range(name)
        .map_err(|e| Failure::Library(told(&e)))?;
    let (first_row, first_column) = range.start().unwrap_or_default();
    let (mut text, mut rows) = (SheetText::new(skip), 0);
    for (row, column, value) in range.used_cells() {
        let position = |first: u32, further: usize| {
            first.saturating_add(u32::try_from(further).unwrap_or(u32::MAX))
        };
        let at = (position(first_row, row), position(first_column, column));
        rows = rows.max(u64::from(at.0) + 1);
        text.cell(at, cell_text(value))?;
    }
    ended(text, rows, skip)
}

fn ended(text: SheetText, rows: u64, skip: u32) -> Result<WholeSheet, Failure> {
    if skip > 0 && rows <= u64::from(skip) {
        return Err(Failure::TooShort(rows));
    }
    Ok(text.finish()?)
}

fn told(error: &impl std::fmt::Display) -> String {
    error.to_string()
}

fn unreadable(path: &Path, why: &str) -> Error {
    if why.to_lowercase().contains("password") {
        let message = "the workbook is protected by a password";
        let hint =
            "open it in a spreadsheet program and save it without one, or save the sheet as CSV";
        return DataFault::new(path, message, hint).into();
    }
    DataFault::new(
        path,
        format!("the workbook is damaged or is none: {why}"),
        "fetch it again, or open it in a spreadsheet program and save it anew, or the sheet as CSV",
    )
    .into()
}

fn locked(path: &Path) -> DataFault {
    DataFault::new(
        path,
        "the workbook is protected by a password",
        "open it in a spreadsheet program and save it without one, or save the sheet as CSV",
    )
}

/// Whether a file that looks like .xls is another kind of workbook behind a password: it has a part of this name then.
fn is_locked(source: &mut Source) -> std::io::Result<bool> {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut whole = Vec::new();
    source.read_to_end(&mut whole)?;
    source.rewind()?;
    Ok(memchr::memmem::find(&whole, &name).is_some())
}

/// The sheets that a study reads, in its order.
fn chosen(
    choice: Option<&SheetChoice>,
    sheets: &[Sheet],
    path: &Path,
) -> Result<Vec<String>, Error> {
    let tables: Vec<&Sheet> = sheets
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .collect();
    let names = tables.iter().map(|sheet| sheet.name.as_str());
    let fault = |message: String, hint: String| Err(DataFault::new(path, message, hint).into());
    let wanted: Vec<&str> = match choice {
        None if tables.len() == 1 => names.clone().collect(),
        None => {
            return fault(
                format!("the workbook has {} sheets: {}", tables.len(), listed(&tables)),
                "say which is the table: layout = { sheet = \"name\" }; a list of names, or \"all\", reads several of one header as one".into(),
            );
        }
        Some(SheetChoice::One(word)) if word == "all" => {
            if let Some(hidden) = tables.iter().find(|s| s.visible != SheetVisible::Visible) {
                return fault(
                    format!("the workbook has a hidden sheet: `{}`", hidden.name),
                    "name the sheets that are to be read: layout = { sheet = [\"a\", \"b\"] }"
                        .into(),
                );
            }
            names.clone().collect()
        }
        Some(SheetChoice::One(name)) => vec![name.as_str()],
        Some(SheetChoice::Several(list)) => list.iter().map(String::as_str).collect(),
    };
    for (i, name) in wanted.iter().enumerate() {
        if !names.clone().any(|known| known == *name) {
            return fault(
                format!("the workbook has no sheet `{name}`"),
                nearest_hint(name, names),
            );
        }
        if wanted[..i].contains(name) {
            return fault(
                format!("sheet `{name}` is named twice"),
                "every row would count twice: name each sheet once".into(),
            );
        }
    }
    if wanted.is_empty() {
        let hint = "name at least one: layout = { sheet = \"name\" }";
        return fault("no sheet is named".into(), hint.into());
    }
    Ok(wanted.into_iter().map(str::to_owned).collect())
}

/// Sheets that a message lists.
const MOST_NAMES: usize = 20;

fn listed(sheets: &[&Sheet]) -> String {
    let name = |sheet: &&Sheet| match sheet.visible {
        SheetVisible::Visible => format!("`{}`", sheet.name),
        _ => format!("`{}` (hidden)", sheet.name),
    };
    let mut names: Vec<Cow<'_, str>> = sheets
        .iter()
        .take(MOST_NAMES)
        .map(|sheet| name(sheet).into())
        .collect();
    if sheets.len() > MOST_NAMES {
        names.push(format!("and {} more", sheets.len() - MOST_NAMES).into());
    }
    names.join(", ")
}

/// The whole of a workbook that is packed in an archive.
pub(super) fn in_memory(bytes: &mut dyn std::io::Read) -> std::io::Result<Box<dyn ReadSeek>> {
    let mut whole = Vec::new();
    bytes.read_to_end(&mut whole)?;
    Ok(Box::new(Cursor::new(whole)))
}
