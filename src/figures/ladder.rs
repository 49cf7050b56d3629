//! The benchmark ladder: one disparity under each of several baselines.

use super::parts::{Axis, Columns, IntervalNames, Row, Section};
use super::svg::Canvas;
use super::table::{Links, Panel, Table, entries, unit_row};

/// One row per baseline; marks of one series within a section are joined by a thin line, so that the shift from
/// baseline to baseline is seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    /// The value axis, normally logarithmic with its reference at 1.
    pub axis: Axis,
    /// Names of the series in order of [`super::Mark::series`]; the legend leaves out a single one.
    pub series: Vec<String>,
    /// What the intervals are.
    pub intervals: IntervalNames,
    /// Headings of the text columns.
    pub columns: Columns,
    /// Baselines by section; lines do not cross from one section to the next.
    pub sections: Vec<Section<Row>>,
}

impl Ladder {
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
            links: Links::WithinSections,
            series: &self.series,
            intervals: &self.intervals,
        };
        table.draw(canvas, top)
    }
}
