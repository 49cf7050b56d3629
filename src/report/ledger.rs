//! Where every row went, as two charts with their data: rows by month, and what each rule dropped.

use super::OutputFile;
use super::csv::harmless;
use super::pictures::SCALE;
use crate::disclosure::{Account, Coverage, ShownMonth};
use crate::error::Error;
use crate::figures::{
    Chart, Figure, FigureError, MonthPanel, MonthValue, Months, Step, StepKind, Waterfall,
    svg_to_png,
};
use crate::number::{self, Style};
use crate::stops::FIELDS;

/// What the charts are made from.
#[derive(Debug)]
pub struct LedgerCharts<'a> {
    /// Agency and period.
    pub subtitle: String,
    /// The line below each chart.
    pub foot: String,
    /// Where the rows went, as it may be shown.
    pub account: &'a Account,
    /// Rows by month, as they may be shown.
    pub coverage: &'a Coverage,
    /// Which of [`FIELDS`] the study maps.
    pub mapped: [bool; FIELDS.len()],
}

/// The charts as SVG and PNG, and the data of each as CSV.
///
/// # Errors
/// [`Error::Internal`] when a chart cannot be drawn.
pub fn files(charts: &LedgerCharts<'_>) -> Result<Vec<OutputFile>, Error> {
    let mut files = Vec::new();
    for (figure, table) in [
        (charts.coverage_figure(), charts.coverage_table()),
        (charts.ledger_figure(), charts.ledger_table()),
    ] {
        let svg = figure.svg().map_err(drawing_failed)?;
        let png = svg_to_png(&svg, SCALE).map_err(drawing_failed)?;
        for (extension, bytes) in [
            ("svg", svg.into_bytes()),
            ("png", png),
            ("csv", written(&table)?),
        ] {
            files.push(OutputFile {
                path: format!("{}.{extension}", figure.id).into(),
                bytes,
            });
        }
    }
    Ok(files)
}

fn drawing_failed(error: FigureError) -> Error {
    Error::Internal(error.to_string())
}

fn written(table: &[Vec<String>]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in table {
        let fields = row.iter().map(|field| harmless(field).into_owned());
        writer
            .write_record(fields)
            .map_err(|error| Error::Internal(error.to_string()))?;
    }
    writer
        .into_inner()
        .map_err(|error| Error::Internal(error.to_string()))
}

impl LedgerCharts<'_> {
    fn figure(
        &self,
        id: &str,
        title: String,
        chart: Chart,
        notes: Vec<String>,
        alt: String,
    ) -> Figure {
        Figure {
            id: id.into(),
            title,
            subtitle: self.subtitle.clone(),
            chart,
            notes,
            foot: self.foot.clone(),
            alt,
        }
    }

    /// The fields that the study maps, with their places.
    fn fields(&self) -> impl Iterator<Item = (usize, &'static str)> {
        let mapped = self.mapped;
        FIELDS
            .into_iter()
            .enumerate()
            .filter(move |(field, _)| mapped[*field])
    }

    fn coverage_figure(&self) -> Figure {
        let months = &self.coverage.months;
        let of_month = |value: Option<f64>, month: &ShownMonth| match (value, month.rows) {
            (_, Some(0)) => MonthValue::NoRows,
            (Some(value), _) => MonthValue::Shown(value),
            (None, _) => MonthValue::Withheld,
        };
        #[expect(
            clippy::cast_precision_loss,
            reason = "a column does not show the sixteenth digit"
        )]
        let rows = |month: &ShownMonth| of_month(month.rows.map(|rows| rows as f64), month);
        let mut panels = vec![MonthPanel {
            title: format!("Rows of {} by month", self.account.source),
            style: Style::Count,
            values: months.iter().map(rows).collect(),
        }];
        let mut never = Vec::new();
        for (field, name) in self.fields() {
            let is_full = |month: &ShownMonth| {
                month.rows == Some(0) || month.missing[field].is_some_and(|share| share <= 0.0)
            };
            if months.iter().all(is_full) {
                never.push(name);
                continue;
            }
            panels.push(MonthPanel {
                title: format!("Share of rows in which the {name} is missing"),
                style: Style::Percent,
                values: months
                    .iter()
                    .map(|month| of_month(month.missing[field], month))
                    .collect(),
            });
        }
        let mut notes = vec![format!(
            "Rows with a date that no filter of the study dropped. All shares have one axis.{}",
            if self.mapped[FIELDS.len() - 1] {
                " Whether a search is recorded is looked at in rows that were kept."
            } else {
                ""
            }
        )];
        if let Some(least) = self.coverage.rounded_to {
            notes.push(format!(
                "Months with fewer than {least} rows are withheld, and shares of which a part is fewer than {least} rows. The others are rounded to two digits, and to multiples of {least} at least, so that the number of all rows does not give a withheld one back; shares are rounded to whole per cents, and some is never rounded to none or to all."
            ));
        }
        let first = months
            .first()
            .map_or((0, 1), |month| (month.year, month.month));
        let named = |month: &ShownMonth| format!("{}-{:02}", month.year, month.month);
        let without: Vec<String> = months
            .iter()
            .filter(|month| month.rows == Some(0))
            .map(named)
            .collect();
        let span = match (months.first(), months.last()) {
            (Some(first), Some(last)) => format!("from {} to {}", named(first), named(last)),
            _ => "none has a date".into(),
        };
        let alt = format!(
            "Columns by month: rows of {}, {span}, and the share in which a field is missing. {} The table beside the chart gives every month.",
            self.account.source,
            match without.len() {
                0 => "No month is without rows.".to_owned(),
                1 => format!("{} is without rows.", without[0]),
                n => format!("{n} months are without rows, the first is {}.", without[0]),
            }
        );
        let chart = Chart::Months(Months { first, panels });
        self.figure(
            "coverage",
            "What was recorded, month by month".into(),
            chart,
            notes,
            alt,
        )
    }

    fn coverage_table(&self) -> Vec<Vec<String>> {
        let header = ["month", "rows"].map(str::to_owned).into_iter();
        let missing = self
            .fields()
            .map(|(_, name)| format!("share_without_{name}"));
        let mut table = vec![header.chain(missing).collect()];
        for month in &self.coverage.months {
            let shares = self
                .fields()
                .map(|(field, _)| number::file_text(month.missing[field]));
            let own = [
                format!("{}-{:02}", month.year, month.month),
                month.rows.map_or(String::new(), |rows| rows.to_string()),
            ];
            table.push(own.into_iter().chain(shares).collect());
        }
        table
    }

    /// The steps with their rows: all, dropped by each rule, kept.
    fn steps(&self) -> Vec<(StepKind, String, Option<u64>)> {
        let account = self.account;
        let mut steps = vec![(StepKind::In, "rows in".to_owned(), account.rows_in)];
        for dropped in &account.dropped {
            steps.push((StepKind::Dropped, dropped.rule.clone(), dropped.rows));
        }
        steps.push((StepKind::Kept, "rows kept".to_owned(), account.rows_kept));
        steps
    }

    fn ledger_figure(&self) -> Figure {
        let account = self.account;
        let text = |rows: Option<u64>| match (rows, share_of(rows, account.rows_in)) {
            (None, _) => "withheld".to_owned(),
            (Some(0), _) => "0".to_owned(),
            (Some(rows), Some(share)) => format!(
                "{} ({})",
                number::count(rows),
                Style::Percent.show(Some(share))
            ),
            (Some(rows), None) => number::count(rows),
        };
        let steps = self.steps().into_iter();
        let steps: Vec<Step> = steps
            .map(|(kind, label, rows)| Step {
                label,
                rows,
                kind,
                text: match kind {
                    StepKind::In => rows.map_or("withheld".into(), number::count),
                    _ => text(rows),
                },
            })
            .collect();
        let withheld = account.rows_in.is_none() || account.rows_kept.is_none();
        let mut notes = vec![
            "Rules are tried in this order; a row goes by the first that fits. Rows in are rows kept and rows dropped.".to_owned(),
        ];
        if withheld {
            notes.push("Small numbers of rows are withheld, and with them those that would give them back by subtraction.".into());
        }
        let said = |step: &Step| format!("{} {}", step.label, step.text);
        let alt = format!(
            "Bars from top to bottom: {}.",
            steps.iter().map(said).collect::<Vec<_>>().join("; ")
        );
        let chart = Chart::Waterfall(Waterfall {
            axis: format!("rows of {}", account.source),
            steps,
        });
        self.figure("ledger", "Where every row went".into(), chart, notes, alt)
    }

    fn ledger_table(&self) -> Vec<Vec<String>> {
        let mut table = vec![
            ["step", "rule", "rows", "share_of_rows_in"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (kind, rule, rows) in self.steps() {
            let (step, rule) = match kind {
                StepKind::In => ("in", String::new()),
                StepKind::Dropped => ("dropped", rule),
                StepKind::Kept => ("kept", String::new()),
            };
            table.push(vec![
                step.to_owned(),
                rule,
                rows.map_or(String::new(), |rows| rows.to_string()),
                number::file_text(share_of(rows, self.account.rows_in)),
            ]);
        }
        table
    }
}

/// The share of some rows in all; `None` where one of the two is withheld.
#[expect(
    clippy::cast_precision_loss,
    reason = "a share of rows does not depend on the sixteenth digit"
)]
fn share_of(rows: Option<u64>, all: Option<u64>) -> Option<f64> {
    match (rows, all) {
        (Some(rows), Some(all)) if all > 0 => Some(rows as f64 / all as f64),
        _ => None,
    }
}
