//! What is in a container, for whoever looks at a file before a study describes it.

use std::io::{Cursor, Read as _};
use std::path::Path;

use calamine::Reader as _;
use zip::ZipArchive;

use crate::error::{DataFault, Error};
use crate::world::World;

type Archive = ZipArchive<Cursor<Vec<u8>>>;

fn archive(world: &World, path: &Path) -> Result<Archive, Error> {
    ZipArchive::new(Cursor::new(world.read(path)?)).map_err(|fault| {
        DataFault::new(
            path,
            format!("the archive cannot be read: {fault}"),
            "fetch it again, or unpack it and name the file inside",
        )
        .into()
    })
}

/// Names of the files in an archive; one that is no text is nothing that a study could ask for.
///
/// # Errors
/// It is no archive, or a damaged one.
pub(in crate::ingest) fn members(world: &World, path: &Path) -> Result<Vec<String>, Error> {
    let archive = archive(world, path)?;
    let names = archive.file_names();
    Ok(names
        .filter_map(|name| name.ok().map(std::borrow::Cow::into_owned))
        .collect())
}

/// The bytes of a file in an archive.
///
/// # Errors
/// It cannot be unpacked.
pub(in crate::ingest) fn bytes_of(
    world: &World,
    path: &Path,
    member: &str,
) -> Result<Vec<u8>, Error> {
    let unreadable = |why: &str| {
        DataFault::new(
            path,
            format!("`{member}` in the archive cannot be read: {why}"),
            "unpack it and name the file inside",
        )
    };
    let mut bytes = Vec::new();
    archive(world, path)?
        .by_name(member)
        .map_err(|fault| unreadable(&fault.to_string()))?
        .read_to_end(&mut bytes)
        .map_err(|fault| unreadable(&fault.to_string()))?;
    Ok(bytes)
}

/// Names of the sheets of a workbook.
///
/// # Errors
/// It is no workbook, or a damaged one.
pub(in crate::ingest) fn sheets(world: &World, path: &Path) -> Result<Vec<String>, Error> {
    let bytes = Cursor::new(world.read(path)?);
    let book = calamine::open_workbook_auto_from_rs(bytes).map_err(|fault| {
        DataFault::new(
            path,
            format!("the workbook cannot be read: {fault}"),
            "open it in a spreadsheet program and save it as .xlsx or CSV",
        )
    })?;
    Ok(book.sheet_names())
}
