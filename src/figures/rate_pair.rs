//! Search rate beside hit rate: the two halves of an outcome test.

use super::marks::Cell;
use super::parts::{Axis, Columns, IntervalNames, Mark, Section};
use super::svg::Canvas;
use super::table::{Entry, Links, Panel, Table, TableRow, entries};
use super::text::BODY;

/// Two panels on the same rows, each with its own axis, estimates and counts.
#[derive(Debug, Clone, PartialEq)]
pub struct RatePair {
    /// The left panel, normally the search rate.
    pub left: PairPanel,
    /// The right panel, normally the hit rate.
    pub right: PairPanel,
    /// Names of the series in order of [`Mark::series`], printed in the legend when there are two or more.
    pub series: Vec<String>,
    /// What the intervals are, in both panels.
    pub intervals: IntervalNames,
    /// Rows by section.
    pub sections: Vec<Section<PairRow>>,
    /// Heading above the row labels: `Group`.
    pub label_heading: String,
}

/// One of the two panels.
#[derive(Debug, Clone, PartialEq)]
pub struct PairPanel {
    /// What the panel shows: `Search rate`.
    pub title: String,
    /// Its value axis, normally linear in percent.
    pub axis: Axis,
    /// Headings of its texts; [`Columns::label`] is not read.
    pub columns: Columns,
}

/// One group (or unit) in both panels.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRow {
    /// The group.
    pub label: String,
    /// Its rate in the left panel.
    pub left: Mark,
    /// Its rate in the right panel.
    pub right: Mark,
}

impl RatePair {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let table = Table {
            label_heading: &self.label_heading,
            panels: vec![self.left.panel(), self.right.panel()],
            entries: entries(&self.sections, table_row),
            links: Links::None,
            series: &self.series,
            intervals: &self.intervals,
        };
        table.draw(canvas, top)
    }
}

impl PairPanel {
    fn panel(&self) -> Panel<'_> {
        Panel {
            title: &self.title,
            axis: &self.axis,
            estimate: &self.columns.estimate,
            n: &self.columns.n,
        }
    }
}

fn table_row(row: &PairRow) -> Entry<'_> {
    let cells = vec![Cell::unit(&row.left), Cell::unit(&row.right)];
    Entry::Row(TableRow {
        label: &row.label,
        font: BODY,
        lines: vec![cells],
    })
}
