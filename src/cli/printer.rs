//! The only writer: data to standard output, talk to standard error.

use crate::disclosure::Account;
use crate::number::count;
use std::io::{IsTerminal as _, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde::Serialize;

use super::arguments::Common;
use crate::error::{Error, StudyFault, visible};

/// Columns at which sentences are wrapped.
const WIDTH: usize = 100;

/// Writes results and errors.
pub(super) struct Printer {
    pub(super) json: bool,
}

impl Printer {
    pub(super) fn new(common: &Common) -> Self {
        Self { json: common.json }
    }

    /// A result as text.
    ///
    /// # Errors
    /// As [`told`].
    pub(super) fn text(&self, text: &str) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        told(
            out.write_all(visible(text).as_bytes())
                .and_then(|()| out.flush()),
        )
    }

    /// A result as one JSON document.
    ///
    /// # Errors
    /// As [`told`].
    pub(super) fn document(&self, document: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(document)
            .expect("documents hold texts and finite numbers only");
        let mut out = std::io::stdout().lock();
        let written = out.write_all(format!("{text}\n").as_bytes());
        told(written.and_then(|()| out.flush()))
    }
}

/// An error with its place in the study file, where it has one, and its hint.
pub(super) fn error(error: &Error) {
    let mut message = format!("error: {}\n", visible(&error.to_string()));
    if let Error::Study(fault) = error
        && !fault.span.is_empty()
    {
        message.push_str(&snippet(fault));
    }
    if let Some(hint) = error.hint() {
        message.push_str(&format!(
            "\n{}\n",
            wrapped(&format!("hint: {}", visible(hint)), "")
        ));
    }
    let _ = std::io::stderr().lock().write_all(message.as_bytes());
}

/// Whether standard output took what was written. A reader that has gone away wanted no more: no failure.
///
/// # Errors
/// A full disk, for one: whoever reads the output must not take it for all there is.
pub(super) fn told(written: std::io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Error::bundle(
            format!("the result could not be written to standard output: {error}"),
            "what has arrived there is incomplete: check free space, or send it elsewhere",
        )),
        _ => Ok(()),
    }
}

/// Text wrapped for reading, every line with the same indent.
pub(super) fn wrapped(text: &str, indent: &str) -> String {
    textwrap::fill(
        text,
        textwrap::Options::new(WIDTH)
            .initial_indent(indent)
            .subsequent_indent(indent),
    )
}

/// The offending piece of the study file, with its line.
fn snippet(fault: &StudyFault) -> String {
    let plain = crate::world::World::asks_for_plain_text() || !std::io::stderr().is_terminal();
    let theme = if plain {
        GraphicalTheme::unicode_nocolor()
    } else {
        GraphicalTheme::unicode()
    };
    let other = fault.against.iter();
    let labels = std::iter::once(LabeledSpan::at(fault.span.clone(), "here"))
        .chain(other.map(|span| LabeledSpan::at(span.clone(), "and here")));
    let diagnostic = MietteDiagnostic::new(String::new()).with_labels(labels);
    let source = NamedSource::new(fault.file.display().to_string(), fault.text.clone());
    let report = Report::new(diagnostic).with_source_code(source);
    let mut drawn = String::new();
    let handler = GraphicalReportHandler::new_themed(theme).with_context_lines(1);
    if handler.render_report(&mut drawn, report.as_ref()).is_err() {
        return String::new();
    }
    // The handler prints the (empty) message above the piece; ours stands there already.
    drawn
        .lines()
        .filter(|line| !line.trim().is_empty() && line.trim() != "×")
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The account of one source, with a line for every rule that dropped a row.
pub(super) fn account_text(source: &Account) -> String {
    let number = |rows: Option<u64>| rows.map_or_else(|| "(number withheld)".into(), count);
    let mut text = format!(
        "  {}: rows in {}, kept {}\n",
        source.source,
        number(source.rows_in),
        number(source.rows_kept)
    );
    for dropped in source.dropped.iter().filter(|d| d.rows != Some(0)) {
        text.push_str(&format!(
            "    dropped {}: {}\n",
            number(dropped.rows),
            dropped.rule
        ));
    }
    for note in &source.notes {
        text.push_str(&format!("    {note}\n"));
    }
    text
}
