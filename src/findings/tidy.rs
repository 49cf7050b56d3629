//! The glossary of result columns, and lines as rows of them.

use super::finding::{Band, Finding, Line};
use super::glossary::{RATE, RATE_DIFFERENCE};
use crate::number::{file_text, twelve_digits};

/// The columns of every result table, in order, each with its meaning. They never vary.
pub const COLUMNS: [(&str, &str); 30] = [
    ("analysis", "name of the analysis"),
    ("outcome", "what is counted"),
    (
        "unit",
        "what the events are counted out of; for a rate per head how many people it is given for",
    ),
    ("place", "place, where the table is by place"),
    (
        "program",
        "programme status, where the table is by programme",
    ),
    ("group", "the group that the number is about"),
    (
        "comparison",
        "against whom: reference_group, everyone_else, benchmark_share, programme, reference_group_by_programme, adoption, reference_group_by_adoption",
    ),
    ("benchmark", "name of the baseline"),
    ("stratum", "values of the remaining keys"),
    ("period", "period of the study"),
    ("estimand", "what is estimated"),
    ("estimate", "the number; empty where undefined"),
    (
        "std_error",
        "standard error of the interval to be quoted, of the logarithm for ratios",
    ),
    ("conf_low", "lower end of the interval"),
    ("conf_high", "upper end of the interval"),
    ("conf_level", "confidence level"),
    ("conf_method", "method of the interval"),
    (
        "variance",
        "what the interval counts: counting, between, cluster; posterior: a credible interval, given the model and its priors",
    ),
    (
        "dispersion",
        "Pearson X2 over its degrees of freedom, where places or periods repeat",
    ),
    (
        "dispersion_tip",
        "the dispersion that would erase the finding",
    ),
    ("band", "pointwise: the interval is for this number alone"),
    ("statistic", "test statistic"),
    ("df", "its degrees of freedom"),
    (
        "p_value",
        "two-sided p-value, in agreement with the interval; empty below 1e-308",
    ),
    ("p_adjusted", "p-value adjusted for the declared family"),
    ("events", "events of the group"),
    ("trials", "what they are counted out of"),
    ("exposure", "people times years"),
    (
        "quoted",
        "yes for the interval to be quoted, no for the one beside it",
    ),
    ("warning", "kinds of caution that touch the number"),
];

/// Columns that hold words, whatever the words look like.
const TEXTS: [&str; 15] = [
    "analysis",
    "outcome",
    "unit",
    "place",
    "program",
    "group",
    "comparison",
    "benchmark",
    "stratum",
    "period",
    "estimand",
    "conf_method",
    "variance",
    "band",
    "warning",
];

/// One row of a result table: the columns of [`COLUMNS`], in their order.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    missing_docs,
    reason = "COLUMNS documents each of them, and a second text would drift from it"
)]
pub struct Row {
    pub analysis: &'static str,
    pub outcome: String,
    pub unit: Option<String>,
    pub place: Option<String>,
    pub program: Option<String>,
    pub group: Option<String>,
    pub comparison: &'static str,
    pub benchmark: Option<String>,
    pub stratum: String,
    pub period: Option<String>,
    pub estimand: &'static str,
    pub estimate: Option<f64>,
    pub std_error: Option<f64>,
    pub conf_low: Option<f64>,
    pub conf_high: Option<f64>,
    pub conf_level: Option<f64>,
    pub conf_method: Option<String>,
    pub variance: Option<&'static str>,
    pub dispersion: Option<f64>,
    pub dispersion_tip: Option<f64>,
    pub band: Option<&'static str>,
    pub statistic: Option<f64>,
    pub df: Option<f64>,
    pub p_value: Option<f64>,
    pub p_adjusted: Option<f64>,
    pub events: Option<u64>,
    pub trials: Option<u64>,
    pub exposure: Option<f64>,
    pub quoted: bool,
    pub warning: String,
}

/// The rows of a finding: one per line and interval, the one to be quoted first.
#[must_use]
pub fn tidy(finding: &Finding) -> Vec<Row> {
    finding
        .lines
        .iter()
        .flat_map(|line| rows(finding, line))
        .collect()
}

fn rows(finding: &Finding, line: &Line) -> Vec<Row> {
    let bands: Vec<&Band> = line.headline.iter().chain(&line.counting).collect();
    if bands.is_empty() {
        return vec![row(finding, line, None)];
    }
    let mut rows: Vec<Row> = bands
        .into_iter()
        .map(|band| row(finding, line, Some(band)))
        .collect();
    // The standard error belongs to the interval to be quoted.
    for row in &mut rows[1..] {
        (row.quoted, row.std_error) = (false, None);
    }
    rows
}

fn row(finding: &Finding, line: &Line, band: Option<&Band>) -> Row {
    let twelve = |value: Option<f64>| value.map(twelve_digits);
    let test = band.map_or(line.test, |band| band.test.or(line.test));
    let counted = line.counted.as_ref();
    let own = ["place", "program", "period"];
    let rest: Vec<String> = line
        .at
        .iter()
        .filter(|(key, _)| !own.contains(&key.as_str()))
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    Row {
        analysis: finding.analysis,
        outcome: counted
            .map_or(&finding.frame.events, |counted| &counted.events)
            .clone(),
        unit: unit(finding, line),
        place: line.key("place").map(str::to_owned),
        program: line.key("program").map(str::to_owned),
        group: (!line.group.is_empty()).then(|| line.group.clone()),
        comparison: line.comparison.word(),
        benchmark: line.benchmark.clone(),
        stratum: rest.join("; "),
        period: line.key("period").map(str::to_owned),
        estimand: line.estimand.name,
        estimate: twelve(line.estimate),
        std_error: twelve(line.std_error),
        conf_low: twelve(band.map(|b| b.interval.low)),
        conf_high: twelve(band.map(|b| b.interval.high)),
        conf_level: band.map(|b| b.level.get()),
        conf_method: band.map(|b| b.method.clone()),
        variance: band.map(|b| b.variance.word()),
        dispersion: twelve(line.dispersion),
        dispersion_tip: twelve(line.dispersion_tip),
        band: band.map(|_| "pointwise"),
        statistic: twelve(test.and_then(|t| t.statistic)),
        df: twelve(test.and_then(|t| t.df)),
        // Below what a number can hold it is not 0; the statistic says how far.
        p_value: twelve(test.and_then(|t| t.p_value).filter(|p| *p > 0.0)),
        p_adjusted: None,
        events: line.events,
        trials: line.trials,
        exposure: twelve(line.exposure),
        quoted: true,
        warning: line
            .warnings
            .iter()
            .map(crate::warning::Warning::kind)
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// What a number is counted out of: trials, or the people and years of a rate per head.
fn unit(finding: &Finding, line: &Line) -> Option<String> {
    let is_rate = [RATE, RATE_DIFFERENCE].contains(&line.estimand);
    let trials = match &line.counted {
        Some(counted) => &counted.trials,
        None => &finding.frame.trials,
    };
    match finding.frame.per.filter(|_| is_rate) {
        Some(per) => Some(format!("{per} people a year")),
        None => trials.clone(),
    }
}

impl Row {
    /// The fields as JSON, in the order of [`COLUMNS`]: undefined is `null`, an infinite end the text `inf` or `-inf`.
    #[must_use]
    pub fn values(&self) -> Vec<serde_json::Value> {
        let numbers = COLUMNS.map(|(name, _)| !TEXTS.contains(&name));
        let value = |(field, is_number): (String, bool)| match field.parse::<f64>() {
            _ if field.is_empty() => serde_json::Value::Null,
            Ok(number) if is_number && number.is_finite() => field
                .parse()
                .map_or(field.into(), serde_json::Value::Number),
            _ => field.into(),
        };
        self.fields().into_iter().zip(numbers).map(value).collect()
    }

    /// The fields as text, in the order of [`COLUMNS`].
    #[must_use]
    pub fn fields(&self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let whole = |value: Option<u64>| value.map(|v| v.to_string()).unwrap_or_default();
        vec![
            self.analysis.into(),
            self.outcome.clone(),
            text(&self.unit),
            text(&self.place),
            text(&self.program),
            text(&self.group),
            self.comparison.into(),
            text(&self.benchmark),
            self.stratum.clone(),
            text(&self.period),
            self.estimand.into(),
            file_text(self.estimate),
            file_text(self.std_error),
            file_text(self.conf_low),
            file_text(self.conf_high),
            file_text(self.conf_level),
            text(&self.conf_method),
            self.variance.unwrap_or_default().into(),
            file_text(self.dispersion),
            file_text(self.dispersion_tip),
            self.band.unwrap_or_default().into(),
            file_text(self.statistic),
            file_text(self.df),
            file_text(self.p_value),
            file_text(self.p_adjusted),
            whole(self.events),
            whole(self.trials),
            file_text(self.exposure),
            if self.quoted { "yes" } else { "no" }.into(),
            self.warning.clone(),
        ]
    }
}
