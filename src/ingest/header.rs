//! The header of a table: the names of the columns, and what to say of a name that is not there.

use std::path::Path;

use csv::ByteRecord;

use super::layout::{Layout, Separator};
use crate::error::{DataFault, Error, nearest_hint};

/// What to do about text that is not in the encoding of the layout.
pub(super) const ENCODING_HINT: &str = "say how it is encoded, layout = { encoding = \"windows-1252\" } or \"utf-16\", or save it as UTF-8 (in a spreadsheet: `CSV UTF-8`)";

/// The names of the columns, from the row that stands at `place`.
///
/// # Errors
/// Another encoding than that of the layout; another separator.
pub(super) fn names(
    row: &ByteRecord,
    layout: &Layout,
    place: (&Path, u64),
) -> Result<Vec<String>, Error> {
    let names = row
        .iter()
        .map(|field| utf8(field, place).map(str::to_owned));
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    if let [all] = names.as_slice() {
        refuse_other_separators(all, layout.separator, place)?;
    }
    Ok(names)
}

fn utf8<'r>(field: &'r [u8], place: (&Path, u64)) -> Result<&'r str, DataFault> {
    let is_utf_16 =
        field.contains(&0) || field.starts_with(&[0xff, 0xfe]) || field.starts_with(&[0xfe, 0xff]);
    if is_utf_16 {
        let message = "the header is not UTF-8; it looks like UTF-16";
        return Err(fault(place, message, ENCODING_HINT));
    }
    std::str::from_utf8(field).map_err(|_| fault(place, "the header is not UTF-8", ENCODING_HINT))
}

/// A header of one column that holds another usual separator.
fn refuse_other_separators(
    header: &str,
    own: Separator,
    place: (&Path, u64),
) -> Result<(), DataFault> {
    for (separator, name) in Separator::ALL {
        let columns = header.split(char::from(separator.byte())).count();
        if separator != own && columns > 1 {
            let message = format!("the header is one column; {name} in it would make {columns}");
            let hint = format!(
                "say so in the study: layout = {{ separator = \"{}\" }}",
                separator.word()
            );
            return Err(fault(place, message, hint));
        }
    }
    Ok(())
}

fn fault(
    (path, line): (&Path, u64),
    message: impl Into<String>,
    hint: impl Into<String>,
) -> DataFault {
    DataFault::new(path, message, hint).at_line(line)
}

/// The name that was meant: one that differs in capitals and in blanks, which may not be seen, or else the nearest.
pub(super) fn nearest(name: &str, headers: &[String]) -> String {
    let bare = |text: &str| -> String {
        let seen = text.chars().filter(|&c| !is_blank(c));
        seen.flat_map(char::to_lowercase).collect()
    };
    let wanted = bare(name);
    let with_blanks = |header: &&String| {
        header.chars().any(is_blank) && !wanted.is_empty() && bare(header) == wanted
    };
    match headers.iter().find(with_blanks) {
        Some(header) => format!(
            "the header has it with other blanks, write it so: \"{}\"",
            shown_blanks(header)
        ),
        None => nearest_hint(name, headers.iter().map(String::as_str)),
    }
}

/// Whether a character shows as nothing.
fn is_blank(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')
}

/// A name as a study writes it, with every blank but the common one spelled out.
fn shown_blanks(name: &str) -> String {
    let shown = |c: char| match c {
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '"' => "\\\"".to_owned(),
        c if c != ' ' && is_blank(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    name.chars().map(shown).collect()
}
