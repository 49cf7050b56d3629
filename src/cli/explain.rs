//! `evenhand explain`: the page of an analysis, of a format, of the table of stops or of the register.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::arguments::ExplainOptions;
use super::printer::Printer;
use crate::analyses::ALL;
use crate::error::{Error, nearest_hint};
use crate::ingest::{AGREEMENTS_PAGE, Format, shipped_formats};
use crate::stops::{PAGE, STOPS};
use crate::world::World;

#[derive(Serialize)]
struct Method {
    analysis: &'static str,
    question: &'static str,
    page: &'static str,
}

#[derive(Serialize)]
struct Described<'a> {
    format: &'a str,
    table: &'a str,
    title: &'a str,
    publisher: &'a str,
    checked: &'a str,
    page: String,
    toml: &'a str,
}

#[derive(Serialize)]
struct Page {
    page: &'static str,
}

/// The page of the register of agreements.
const AGREEMENTS: &str = "agreements";

pub(super) fn command(
    options: &ExplainOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let name = options.what.as_str();
    if name == STOPS {
        show(printer, &Page { page: PAGE }, PAGE)?;
    } else if name == AGREEMENTS {
        let page = AGREEMENTS_PAGE;
        show(printer, &Page { page }, page)?;
    } else if let Some(method) = ALL.iter().find(|method| method.name == name) {
        let document = Method {
            analysis: method.name,
            question: method.question,
            page: method.page,
        };
        show(printer, &document, method.page)?;
    } else {
        let format = format(name, world)?;
        let page = format.page();
        let document = Described {
            format: &format.name,
            table: format.table(),
            title: &format.title,
            publisher: &format.publisher,
            checked: format.checked.word(),
            page: page.clone(),
            toml: format.text(),
        };
        show(printer, &document, &page)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(printer: &Printer, document: &impl Serialize, page: &str) -> Result<(), Error> {
    if printer.json {
        printer.document(document)
    } else {
        printer.text(page)
    }
}

/// A format that comes with the program, or one in a file.
fn format(name: &str, world: &World) -> Result<Format, Error> {
    if Path::new(name).extension().is_some_and(|e| e == "toml") {
        return Format::read(world, Path::new(name), name);
    }
    shipped_formats()?
        .iter()
        .find(|format| format.name == name)
        .cloned()
        .ok_or_else(|| Error::Internal(format!("the page `{name}` was accepted and is not there")))
}

/// The name of a page that there is, or of a file that holds a format.
pub(super) fn known_page(name: &str) -> Result<String, String> {
    let formats = shipped_formats().map_err(|error| error.to_string())?;
    let analyses = ALL.iter().map(|method| method.name);
    let formats = formats.iter().map(|format| format.name.as_str());
    let pages: Vec<&str> = analyses.chain([STOPS, AGREEMENTS]).chain(formats).collect();
    let is_file = Path::new(name).extension().is_some_and(|e| e == "toml");
    if is_file || pages.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!(
        "there is no such page; {}",
        nearest_hint(name, pages)
    ))
}
