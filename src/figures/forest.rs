//! The forest plot: many ratios on a logarithmic axis, with pooled estimates as diamonds.

use super::marks::Cell;
use super::parts::{Axis, Columns, Interval, IntervalNames, Mark, Section};
use super::svg::Canvas;
use super::table::{Entry, Links, Panel, Table, TableRow, entries};
use super::text::{BODY, STRONG};

/// One estimate per row against the line of equality.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    /// The value axis, normally logarithmic with its reference at 1.
    pub axis: Axis,
    /// Names of the series in order of [`Mark::series`]; the legend leaves out a single one.
    pub series: Vec<String>,
    /// What the intervals are.
    pub intervals: IntervalNames,
    /// Headings of the text columns.
    pub columns: Columns,
    /// Rows by section.
    pub sections: Vec<Section<ForestRow>>,
}

/// One row of a forest plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestRow {
    /// The unit, group or model.
    pub label: String,
    /// Its estimate.
    pub mark: Mark,
    /// Whether the row is one unit or pools several.
    pub kind: ForestKind,
    /// Where the ratio of a further unit would fall, drawn dashed; given for pooled rows only.
    pub prediction: Option<Interval>,
}

/// What a row of a forest plot stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ForestKind {
    /// One unit: a dot with whiskers.
    #[default]
    Unit,
    /// A pooled estimate: a diamond as wide as its headline interval, label in semibold.
    Summary,
    /// A range without an estimate, such as bounds: the dashed line of [`ForestRow::prediction`] alone, with end ticks.
    Range,
}

impl Forest {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let panel = Panel {
            title: "",
            axis: &self.axis,
            estimate: &self.columns.estimate,
            n: &self.columns.n,
        };
        let table = Table {
            label_heading: &self.columns.label,
            panels: vec![panel],
            entries: entries(&self.sections, table_row),
            links: Links::None,
            series: &self.series,
            intervals: &self.intervals,
        };
        table.draw(canvas, top)
    }
}

fn table_row(row: &ForestRow) -> Entry<'_> {
    let font = match row.kind {
        ForestKind::Unit | ForestKind::Range => BODY,
        ForestKind::Summary => STRONG,
    };
    let cell = Cell {
        mark: &row.mark,
        kind: row.kind,
        prediction: row.prediction,
    };
    Entry::Row(TableRow {
        label: &row.label,
        font,
        lines: vec![vec![cell]],
    })
}
