//! A run as a report, and the exporters that write it down.
//!
//! A [`Report`] is texts and pictures; an exporter sees nothing else. A new format is a new file here and a line in
//! [`exporters`].

mod csv;
mod html;
mod json;
mod ledger;
mod pictures;
mod tables;

use std::path::PathBuf;

use serde::Serialize;

pub use ledger::{LedgerCharts, files as ledger_files};
pub use tables::{Field, TableText};

use crate::analyses::Method;
use crate::error::Error;
use crate::figures::FigureError;
use crate::number::level;
use crate::results::Run;
use crate::study::Study;

/// Everything that an exporter may write.
#[derive(Debug)]
pub struct Report {
    /// The run, for exporters of data.
    pub run: Run,
    /// The findings as texts and pictures, in the order of the study.
    pub sections: Vec<Section>,
    /// Cautions that the study puts at the head of the report.
    pub cautions: Vec<String>,
    /// The study file, verbatim.
    pub study_text: String,
    /// The lock of its plan, verbatim, where there is one.
    pub lock_text: Option<String>,
    /// The method pages of the analyses used.
    pub methods: Vec<Method>,
}

/// One finding as texts and pictures.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Name in the bundle.
    pub id: String,
    /// Title.
    pub title: String,
    /// The finding in plain language.
    pub sentences: Vec<String>,
    /// The study's remark.
    pub note: Option<String>,
    /// Level, intervals, baselines: what every number of the section has in common.
    pub frame: Vec<String>,
    /// Cautions that touch the whole section.
    pub cautions: Vec<String>,
    /// Charts.
    pub pictures: Vec<Picture>,
    /// Tables.
    pub tables: Vec<TableText>,
}

/// A drawn chart.
#[derive(Debug, Serialize)]
pub struct Picture {
    /// File stem.
    pub id: String,
    /// Title.
    pub title: String,
    /// The picture in words.
    pub alt: String,
    /// The drawing.
    pub svg: String,
}

/// A file of the bundle: path inside it and bytes.
#[derive(Debug)]
pub struct OutputFile {
    /// Path inside the bundle.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: Vec<u8>,
}

/// Writes a report in one format.
pub trait Exporter {
    /// The format's usual file ending.
    fn extension(&self) -> &'static str;

    /// The files of this format.
    ///
    /// # Errors
    /// [`Error::Internal`] when the format cannot hold the report: our defect.
    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error>;
}

/// Every exporter that a bundle is made with.
#[must_use]
pub fn exporters() -> Vec<Box<dyn Exporter + Sync>> {
    vec![
        Box::new(html::Html),
        Box::new(pictures::Svg),
        Box::new(pictures::Png),
        Box::new(csv::Csv),
        Box::new(json::Json),
    ]
}

impl Report {
    /// Draws and words a run.
    ///
    /// # Errors
    /// [`Error::Internal`] when a chart cannot be drawn: our defect.
    pub fn new(run: Run, study: &Study) -> Result<Self, Error> {
        let mut sections = Vec::new();
        for exhibit in &run.findings {
            let finding = &exhibit.finding;
            let draw = |figure: &crate::figures::Figure| -> Result<Picture, FigureError> {
                Ok(Picture {
                    id: figure.id.clone(),
                    title: figure.title.clone(),
                    alt: figure.alt.clone(),
                    svg: figure.svg()?,
                })
            };
            sections.push(Section {
                id: finding.id.clone(),
                title: finding.title.clone(),
                sentences: exhibit.sentences.clone(),
                note: finding.note.clone(),
                frame: frame(finding),
                cautions: finding.warnings.iter().map(ToString::to_string).collect(),
                pictures: exhibit
                    .figures
                    .iter()
                    .map(draw)
                    .collect::<Result<_, _>>()
                    .map_err(|e| Error::Internal(e.to_string()))?,
                tables: tables::of(finding),
            });
        }
        let used = |method: &&Method| {
            run.findings
                .iter()
                .any(|exhibit| exhibit.finding.analysis == method.name)
        };
        let methods = crate::analyses::ALL.iter().filter(used).copied().collect();
        Ok(Self {
            run,
            sections,
            cautions: study.file.cautions.clone(),
            study_text: study.text.clone(),
            lock_text: study.lock.as_ref().map(|found| found.text.clone()),
            methods,
        })
    }
}

/// What every number of a section has in common.
fn frame(finding: &crate::findings::Finding) -> Vec<String> {
    let frame = &finding.frame;
    let mut texts = vec![format!(
        "{} intervals; quoted: {}; counting: {}.",
        level(frame.level),
        frame.headline,
        frame.counting
    )];
    if !frame.baselines.is_empty() {
        texts.push(format!("Benchmark {}.", frame.baselines.join("; ")));
    }
    if !frame.only.is_empty() {
        texts.push(format!("Only {}.", frame.only));
    }
    if frame.comparisons > 1 {
        texts.push(format!(
            "{} comparisons were made here; p-values are not adjusted for their number.",
            frame.comparisons
        ));
    }
    texts
}
