//! The lines of a finding as tables for people: one row per stratum and group, one column per estimand.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analyses::{n_text, words::capitalised};
use crate::findings::glossary as g;
use crate::findings::{Comparison, Finding, Line};
use crate::number::{Style, count, p_from_log10};

/// A table as texts.
#[derive(Debug, Clone, Serialize)]
pub struct TableText {
    /// What it shows.
    pub caption: String,
    /// Column headings.
    pub header: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<Field>>,
    /// Cautions that fields refer to, by their letters.
    pub footnotes: Vec<(String, String)>,
}

/// A field of a table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Field {
    /// The number with its quoted interval, or a label.
    pub main: String,
    /// The interval of counting, the dispersion, the p-value.
    pub beside: String,
    /// Letters of the cautions that touch it.
    pub marks: String,
    /// Whether it is a number, for alignment.
    pub is_number: bool,
}

/// One table per comparison of a finding.
pub(super) fn of(finding: &Finding) -> Vec<TableText> {
    let mut comparisons: Vec<Comparison> = Vec::new();
    for line in &finding.lines {
        if !comparisons.contains(&line.comparison) {
            comparisons.push(line.comparison);
        }
    }
    comparisons
        .into_iter()
        .flat_map(|comparison| split(finding, comparison))
        .collect()
}

/// The lines of a comparison by the kind of row they make: per stratum, or pooled.
fn split(finding: &Finding, comparison: Comparison) -> Vec<TableText> {
    let lines: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| line.comparison == comparison)
        .collect();
    let keys = |line: &Line| {
        line.at
            .iter()
            .map(|(key, _)| key.clone())
            .collect::<Vec<_>>()
    };
    let mut kinds: Vec<Vec<String>> = Vec::new();
    for line in &lines {
        if !kinds.contains(&keys(line)) {
            kinds.push(keys(line));
        }
    }
    kinds
        .into_iter()
        .map(|kind| {
            pivot(
                finding,
                comparison,
                lines
                    .iter()
                    .copied()
                    .filter(|line| keys(line) == kind)
                    .collect(),
            )
        })
        .collect()
}

fn pivot(finding: &Finding, comparison: Comparison, lines: Vec<&Line>) -> TableText {
    let mut columns: Vec<g::Estimand> = Vec::new();
    let mut rows: Vec<(RowKey, BTreeMap<&'static str, &Line>)> = Vec::new();
    for line in &lines {
        if !columns.contains(&line.estimand) {
            columns.push(line.estimand);
        }
        let key = (line.at.clone(), line.group.clone(), line.benchmark.clone());
        match rows.iter_mut().find(|(k, _)| *k == key) {
            Some((_, row)) => {
                row.insert(line.estimand.name, line);
            }
            None => rows.push((key, BTreeMap::from([(line.estimand.name, *line)]))),
        }
    }
    let has_benchmark = lines.iter().any(|line| line.benchmark.is_some());
    let has_group = lines.iter().any(|line| !line.group.is_empty());
    let mut footnotes = Footnotes::default();
    let body = rows.iter().map(|(key, row)| {
        let mut fields: Vec<Field> = key.0.iter().map(|(_, value)| label(value)).collect();
        if has_group {
            fields.push(label(&key.1));
        }
        if has_benchmark {
            fields.push(label(key.2.as_deref().unwrap_or_default()));
        }
        fields.push(counts(row.values().copied()));
        fields.extend(columns.iter().map(|column| {
            row.get(column.name)
                .map_or_else(Field::default, |line| field(line, &mut footnotes))
        }));
        fields
    });
    let rows = body.collect();
    let labels = lines.first().map_or(0, |line| line.at.len())
        + usize::from(has_group)
        + usize::from(has_benchmark);
    let mut header: Vec<String> = lines
        .first()
        .map(|line| line.at.iter().map(|(key, _)| capitalised(key)).collect())
        .unwrap_or_default();
    header.extend(has_group.then(|| "Group".to_owned()));
    header.extend(has_benchmark.then(|| "Benchmark".to_owned()));
    header.push(format!(
        "{} / {}",
        capitalised(&finding.frame.events),
        finding.frame.trials.as_deref().unwrap_or(if has_benchmark {
            "people × years"
        } else {
            "total"
        })
    ));
    header.extend(
        columns
            .iter()
            .map(|column| heading(*column, finding.frame.per)),
    );
    let table = TableText {
        caption: caption(finding, comparison),
        header,
        rows,
        footnotes: footnotes.list,
    };
    upright(without_empty_columns(table), labels)
}

/// What people read above a column; rates per head say for how many people they are given.
fn heading(column: g::Estimand, per: Option<u32>) -> String {
    match per {
        Some(per) if [g::RATE, g::RATE_DIFFERENCE].contains(&column) => {
            format!("{} per {} a year", column.heading, count(per.into()))
        }
        _ => column.heading.to_owned(),
    }
}

/// Columns that say nothing in any row are left out.
fn without_empty_columns(mut table: TableText) -> TableText {
    let says = |column: usize| table.rows.iter().any(|row| !row[column].main.is_empty());
    let kept: Vec<bool> = (0..table.header.len()).map(says).collect();
    table.header = kept_only(table.header, &kept);
    table.rows = table
        .rows
        .into_iter()
        .map(|row| kept_only(row, &kept))
        .collect();
    table
}

fn kept_only<T>(items: Vec<T>, kept: &[bool]) -> Vec<T> {
    items
        .into_iter()
        .zip(kept)
        .filter(|(_, kept)| **kept)
        .map(|(item, _)| item)
        .collect()
}

/// Widest table that fits on a printed page.
const WIDEST: usize = 7;

/// A table of few rows and many columns is turned, so that it fits on a page; the first `labels` columns name its rows.
fn upright(table: TableText, labels: usize) -> TableText {
    if table.header.len() <= WIDEST || table.rows.len() > WIDEST - 2 || labels == 0 {
        return table;
    }
    let name = |row: &Vec<Field>| {
        row[..labels]
            .iter()
            .map(|field| field.main.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let header = std::iter::once(String::new())
        .chain(table.rows.iter().map(name))
        .collect();
    let turned = |(column, heading): (usize, &String)| {
        std::iter::once(label(heading))
            .chain(table.rows.iter().map(|row| row[column].clone()))
            .collect()
    };
    let rows = table
        .header
        .iter()
        .enumerate()
        .skip(labels)
        .map(turned)
        .collect();
    TableText {
        header,
        rows,
        ..table
    }
}

type RowKey = (Vec<(String, String)>, String, Option<String>);

fn caption(finding: &Finding, comparison: Comparison) -> String {
    let reference = &finding.frame.reference;
    match comparison {
        Comparison::None => finding.title.clone(),
        Comparison::Reference => format!("Against {reference}"),
        Comparison::EveryoneElse => "Against everyone else in the data".into(),
        Comparison::BenchmarkShare => "Against the group's share of the benchmark".into(),
        Comparison::Programme => {
            "One arm of the programme against the other, within a group".into()
        }
        Comparison::ReferenceByProgramme => {
            format!("Ratio to {reference} in the one arm over the same ratio in the other")
        }
        Comparison::Adoption => {
            "Rate under the agreement over that before it, against places without one".into()
        }
        Comparison::ReferenceByAdoption => {
            format!(
                "Ratio to {reference} under the agreement over that before it, against places without one"
            )
        }
    }
}

fn label(text: &str) -> Field {
    Field {
        main: text.to_owned(),
        ..Field::default()
    }
}

/// The counts that the heading names; a line about others brings its own.
fn counts<'a>(mut lines: impl Iterator<Item = &'a Line>) -> Field {
    let with_counts = lines.find(|line| line.events.is_some() && line.counted.is_none());
    let text = with_counts.map_or_else(String::new, |line| {
        match (line.events, line.trials, line.exposure) {
            (Some(events), Some(trials), _) => format!("{} / {}", count(events), count(trials)),
            (Some(events), None, Some(exposure)) => {
                format!("{} / {}", count(events), Style::Count.show(Some(exposure)))
            }
            (Some(events), None, None) => count(events),
            _ => String::new(),
        }
    });
    Field {
        main: text,
        is_number: true,
        ..Field::default()
    }
}

fn field(line: &Line, footnotes: &mut Footnotes) -> Field {
    let style = line.estimand.style;
    let main = match (line.estimate, line.quoted()) {
        (Some(estimate), _)
            if [g::LOG10_P_CENTRAL, g::LOG10_P_MINIMUM_LIKELIHOOD].contains(&line.estimand) =>
        {
            format!("p = {}", p_from_log10(estimate))
        }
        (Some(_), Some(band)) => format!(
            "{} {}",
            style.show(line.estimate),
            style.show_interval(Some(band.interval.low), Some(band.interval.high))
        ),
        (estimate, _) => style.show(estimate),
    };
    let mut beside = Vec::new();
    if let (Some(_), Some(counting)) = (&line.headline, &line.counting) {
        beside.push(format!(
            "counting {}",
            style.show_interval(Some(counting.interval.low), Some(counting.interval.high))
        ));
    }
    if let (Some(counted), Some(_)) = (&line.counted, line.events) {
        let of = counted.trials.as_deref().unwrap_or_default();
        beside.push(format!("{} / {of} {}", counted.events, n_text(line)));
    }
    if let Some(phi) = line.dispersion.filter(|_| line.headline.is_some()) {
        beside.push(format!("φ {}", Style::Quantity.show(Some(phi))));
    }
    if let Some(tip) = line.dispersion_tip {
        beside.push(format!("φ to erase {}", Style::Quantity.show(Some(tip))));
    }
    let test = line.quoted().and_then(|band| band.test).or(line.test);
    let is_log_p = [g::LOG10_P_CENTRAL, g::LOG10_P_MINIMUM_LIKELIHOOD].contains(&line.estimand);
    if let Some(p) = test.and_then(|test| test.p_value).filter(|_| !is_log_p) {
        let df = test
            .and_then(|test| test.df)
            .map_or_else(String::new, |df| {
                format!(", {} df", crate::number::file_text(Some(df)))
            });
        beside.push(format!("p {}{df}", p_words(p)));
    }
    Field {
        main,
        beside: beside.join("; "),
        marks: footnotes.marks(line),
        is_number: true,
    }
}

fn p_words(p: f64) -> String {
    let text = Style::PValue.show(Some(p));
    if text.starts_with('<') {
        text
    } else {
        format!("= {text}")
    }
}

/// Cautions as letters: each text once, in the order of first use.
#[derive(Default)]
struct Footnotes {
    list: Vec<(String, String)>,
}

impl Footnotes {
    fn marks(&mut self, line: &Line) -> String {
        let marks: Vec<String> = line
            .warnings
            .iter()
            .map(|warning| self.mark(warning.to_string()))
            .collect();
        marks.join(",")
    }

    fn mark(&mut self, text: String) -> String {
        if let Some((mark, _)) = self.list.iter().find(|(_, known)| *known == text) {
            return mark.clone();
        }
        let mark = letters(self.list.len());
        self.list.push((mark.clone(), text));
        mark
    }
}

/// `a` to `z`, then `aa`, `ab` ...
fn letters(n: usize) -> String {
    let letter = |i: usize| char::from(b'a' + u8::try_from(i % 26).unwrap_or_default());
    if n < 26 {
        letter(n).to_string()
    } else {
        format!("{}{}", letters(n / 26 - 1), letter(n))
    }
}
