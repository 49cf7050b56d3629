//! What a run hands over: the digest of plan and inputs, the account of the rows, the disclosed findings.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::disclosure::{Account, Disclosed, DisclosureConfig};
use crate::figures::Figure;
use crate::findings::{COLUMNS, Finding, Row, tidy};
use crate::ingest::Agreement;
use crate::stops::Input;
use crate::study::LockState;
use crate::warning::Warning;

/// Version of `results.json` and `manifest.json`.
pub const FORMAT: u32 = 1;

/// A run of a study.
#[derive(Debug)]
pub struct Run {
    /// What the run is of.
    pub identity: Identity,
    /// The files read, in the order of the study.
    pub inputs: Vec<Input>,
    /// Where every row went.
    pub ledger: Vec<Disclosed<Account>>,
    /// What stands in one file only.
    pub unmatched: Vec<String>,
    /// Cautions that touch the whole study.
    pub warnings: Vec<Warning>,
    /// The agreements of the study's register.
    pub agreements: Vec<Agreement>,
    /// The rule of every key that is made from them, and what to know of them.
    pub register: Vec<String>,
    /// What may be shown.
    pub disclosure: DisclosureConfig,
    /// The results, with their charts.
    pub findings: Vec<Exhibit>,
}

/// What a run is of: enough to say that two runs are the same.
#[derive(Debug, Clone, Serialize)]
pub struct Identity {
    /// Name of the study: that of its file.
    pub study: String,
    /// Title of the report.
    pub title: String,
    /// Whose stops these are.
    pub agency: Option<String>,
    /// What span of time the study covers.
    pub period: Option<String>,
    /// Date of the report, as the study states it.
    pub date: Option<String>,
    /// Author of the report, as the study states it.
    pub author: Option<String>,
    /// SHA-256 of the study file.
    pub plan_sha256: String,
    /// Version of the program.
    pub version: String,
    /// The command that makes this bundle again.
    pub command: String,
    /// Seed.
    pub seed: u64,
    /// Whether the plan is the one that was locked; `None` where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<LockState>,
}

/// A disclosed finding and its charts.
#[derive(Debug)]
pub struct Exhibit {
    /// The numbers.
    pub finding: Disclosed<Finding>,
    /// The charts of them.
    pub figures: Vec<Figure>,
    /// The finding in plain language.
    pub sentences: Vec<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    program: &'static str,
    #[serde(flatten)]
    identity: &'a Identity,
    inputs: &'a [Input],
    ledger: &'a [Disclosed<Account>],
    unmatched: &'a [String],
    warnings: &'a [Warning],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    register: &'a [String],
    disclosure: DisclosureConfig,
    findings: Vec<FindingDocument<'a>>,
}

#[derive(Serialize)]
struct FindingDocument<'a> {
    analysis: &'a str,
    id: &'a str,
    title: &'a str,
    note: Option<&'a str>,
    sentences: &'a [String],
    glance: &'a crate::findings::Frame,
    warnings: &'a [Warning],
    columns: Vec<&'static str>,
    rows: Box<RawValue>,
}

/// What a whole finding has in common stands in its head and its glance, not in every row; every band is pointwise.
const IN_GLANCE: [&str; 3] = ["analysis", "conf_level", "band"];

/// Rows one to a line, without the columns that are empty in all of them: a large table stays readable and small.
fn columns_and_rows(rows: &[Row]) -> (Vec<&'static str>, Box<RawValue>) {
    let values: Vec<Vec<Value>> = rows.iter().map(Row::values).collect();
    let varies = |column: usize| values.iter().any(|row| row[column] != values[0][column]);
    let used: Vec<usize> = (0..COLUMNS.len())
        .filter(|&column| {
            let is_known = match COLUMNS[column].0 {
                "outcome" | "unit" => !varies(column),
                name => IN_GLANCE.contains(&name),
            };
            !is_known && values.iter().any(|row| !row[column].is_null())
        })
        .collect();
    let line = |row: &Vec<Value>| {
        Value::Array(used.iter().map(|&column| row[column].clone()).collect()).to_string()
    };
    let lines: Vec<String> = values.iter().map(line).collect();
    let rows = RawValue::from_string(format!("[\n{}\n]", lines.join(",\n")))
        .expect("an array of arrays is JSON");
    (
        used.into_iter().map(|column| COLUMNS[column].0).collect(),
        rows,
    )
}

impl Run {
    /// The whole run as one JSON document, numbers with twelve significant digits.
    #[must_use]
    pub fn to_json(&self) -> String {
        let findings = self.findings.iter().map(|exhibit| {
            let (columns, rows) = columns_and_rows(&tidy(&exhibit.finding));
            FindingDocument {
                analysis: exhibit.finding.analysis,
                id: &exhibit.finding.id,
                title: &exhibit.finding.title,
                note: exhibit.finding.note.as_deref(),
                sentences: &exhibit.sentences,
                glance: &exhibit.finding.frame,
                warnings: &exhibit.finding.warnings,
                columns,
                rows,
            }
        });
        let document = Document {
            format: FORMAT,
            program: env!("CARGO_PKG_NAME"),
            identity: &self.identity,
            inputs: &self.inputs,
            ledger: &self.ledger,
            unmatched: &self.unmatched,
            warnings: &self.warnings,
            register: &self.register,
            disclosure: self.disclosure,
            findings: findings.collect(),
        };
        let mut text = serde_json::to_string_pretty(&document)
            .expect("results hold texts and finite numbers only");
        text.push('\n');
        text
    }
}
