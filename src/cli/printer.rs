//! The only writer: data to standard output, talk to standard error.

use std::io::{IsTerminal as _, Write as _};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report,
};
use serde::Serialize;

use super::arguments::Common;
use crate::error::{Error, StudyFault};

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

    /// A result as text. A reader that has gone away is no failure of ours.
    pub(super) fn text(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// A result as one JSON document.
    pub(super) fn document(&self, document: &impl Serialize) {
        let text = serde_json::to_string_pretty(document)
            .expect("documents hold texts and finite numbers only");
        self.text(&format!("{text}\n"));
    }

    /// An error with its place in the study file, where it has one, and its hint.
    pub(super) fn error(&self, error: &Error) {
        let mut message = format!("error: {error}\n");
        if let Error::Study(fault) = error
            && !fault.span.is_empty()
        {
            message.push_str(&snippet(fault));
        }
        if let Some(hint) = error.hint() {
            message.push_str(&format!("\n{}\n", wrapped(&format!("hint: {hint}"), "")));
        }
        let _ = std::io::stderr().lock().write_all(message.as_bytes());
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
    let label = LabeledSpan::at(fault.span.clone(), "here");
    let diagnostic = MietteDiagnostic::new(String::new()).with_label(label);
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
