//! Dots with intervals: rates by group within units, on one axis that starts at zero.

use super::parts::{Axis, Columns, IntervalNames, Row, Section};
use super::svg::Canvas;
use super::table::{Links, Panel, Table, entries, unit_row};

/// Rates (or other quantities) by group, one dot per series in every row, with intervals and counts in text.
#[derive(Debug, Clone, PartialEq)]
pub struct DotInterval {
    /// The value axis, normally linear and so zero-based.
    pub axis: Axis,
    /// Names of the series in order of [`super::Mark::series`]; the legend leaves out a single one.
    pub series: Vec<String>,
    /// What the intervals are.
    pub intervals: IntervalNames,
    /// Headings of the text columns.
    pub columns: Columns,
    /// Rows by section.
    pub sections: Vec<Section<Row>>,
}

impl DotInterval {
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
            entries: entries(&self.sections, unit_row),
            links: Links::None,
            series: &self.series,
            intervals: &self.intervals,
        };
        table.draw(canvas, top)
    }
}
