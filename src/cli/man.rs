//! `evenhand man`: manual pages, made from the help.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use serde::Serialize;

use super::arguments::{Arguments, ManOptions};
use super::printer::Printer;
use crate::error::Error;
use crate::world::World;

/// The first line of every page that is written to a folder: only pages with it are replaced.
const OURS: &str = ".\\\" Written by evenhand man\n";

#[derive(Serialize)]
struct Page {
    name: String,
    text: String,
}

pub(super) fn command(
    options: &ManOptions,
    world: &World,
    printer: &Printer,
) -> Result<ExitCode, Error> {
    let mut program = Arguments::command().disable_help_subcommand(true);
    program.build();
    let mut pages = vec![page(&program)?];
    let Some(folder) = &options.into else {
        if printer.json {
            printer.document(&pages)?;
        } else {
            printer.text(&pages[0].text)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    for command in program
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        pages.push(page(command)?);
    }
    write(world, folder, &pages)?;
    if printer.json {
        printer.document(
            &pages
                .iter()
                .map(|page| folder.join(&page.name))
                .collect::<Vec<_>>(),
        )?;
    } else {
        printer.text(&format!("{} pages in {}\n", pages.len(), folder.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn page(command: &Command) -> Result<Page, Error> {
    let man = Man::new(command.clone()).source(concat!("evenhand ", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    man.render(&mut text)
        .map_err(|fault| Error::Internal(format!("a manual page could not be made: {fault}")))?;
    Ok(Page {
        name: man.get_filename(),
        text: format!("{OURS}{}", unfilled(&String::from_utf8_lossy(&text))),
    })
}

/// The page with its examples as they are written: filled and justified, a command of two lines looks like two commands.
fn unfilled(page: &str) -> String {
    let Some((before, extra)) = page.split_once("\n.SH EXTRA\n") else {
        return page.to_owned();
    };
    let (examples, after) = extra.split_at(extra.find("\n.SH ").map_or(extra.len(), |at| at + 1));
    format!(
        "{before}\n.SH EXAMPLES\n.nf\n{}\n.fi\n{after}",
        examples.trim_start_matches("Examples:\n").trim_end()
    )
}

/// Writes every page, or none where one would go over a file that is not ours.
fn write(world: &World, folder: &Path, pages: &[Page]) -> Result<(), Error> {
    for page in pages {
        let path = folder.join(&page.name);
        if world.exists(&path) {
            let there = world.read(&path)?;
            if there != page.text.as_bytes() && !there.starts_with(OURS.as_bytes()) {
                return Err(Error::bundle(
                    format!("{} was not written by evenhand man", path.display()),
                    "nothing was written: move it away, or choose another folder",
                ));
            }
        }
    }
    world.create_folder(folder)?;
    pages
        .iter()
        .try_for_each(|page| world.replace(&folder.join(&page.name), page.text.as_bytes()))
}
