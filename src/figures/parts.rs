//! The parts that several charts are made of: an estimate with its intervals, an axis, a section of rows.
//!
//! Everything here is data given by the caller. Texts are finished texts (rounded by [`crate::number`]),
//! positions are plain numbers; this layer computes no statistics.

use crate::number::Style;

/// The two ends of an interval in the unit of the axis.
///
/// An end may be infinite, or zero on a logarithmic axis: it is then drawn with an arrowhead at the edge of the
/// plot. An interval with a NaN end is not drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// One estimate as it is drawn, with the texts printed beside it.
///
/// `Mark::default()` is an undefined estimate of the first series without texts, for use with `..`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mark {
    /// Which entry of the chart's `series` this belongs to: its colour and its marker shape.
    pub series: usize,
    /// The estimate; `None` (or NaN) keeps the row and prints [`Mark::reason`] in place of a dot.
    pub value: Option<f64>,
    /// The interval to be quoted, drawn thick. A mark with neither interval is drawn hollow.
    pub headline: Option<Interval>,
    /// The narrower claim of counting noise alone, drawn thin with end ticks.
    pub counting: Option<Interval>,
    /// The estimate and its interval as text: `1.99 [1.95, 2.03]`; an empty text prints as a dash.
    pub text: String,
    /// Events and denominators as text: `612 / 40,120`.
    pub n: String,
    /// Why the estimate is undefined: `no stops of White drivers`; read only when it is.
    pub reason: String,
}

/// One row of a chart: a unit, a benchmark or a group, with one mark per series present.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What the row is about, printed at its left.
    pub label: String,
    /// Its marks, drawn below one another in this order, each with its own texts.
    pub marks: Vec<Mark>,
}

/// Rows under a common heading, such as a state or a programme.
#[derive(Debug, Clone, PartialEq)]
pub struct Section<R> {
    /// Heading above the rows; empty for none.
    pub heading: String,
    /// The rows, in drawing order.
    pub rows: Vec<R>,
}

/// How values become positions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Proportional, always showing zero.
    #[default]
    Linear,
    /// Logarithmic: equal factors are equally far apart. Zero is drawn at the edge with an arrow.
    Log,
}

/// A value axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What is measured and in which unit: `Stops per 1,000 residents a year`.
    pub label: String,
    /// How tick labels are written.
    pub style: Style,
    /// Linear or logarithmic.
    pub scale: AxisScale,
    /// A value marked by a solid line, such as the ratio 1.
    pub reference: Option<Reference>,
}

/// A marked value on an axis and what lies on either side of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// The value: 1 for ratios, 0 for differences.
    pub value: f64,
    /// What it stands for, printed above the line: `equal rates`.
    pub label: String,
    /// What values below it mean, printed below the axis after a left arrow; may be empty.
    pub below: String,
    /// What values above it mean, printed below the axis before a right arrow; may be empty.
    pub above: String,
}

/// What the kinds of interval are, for the legend: `95 % interval between places`.
///
/// A name is printed only when an interval of its kind is drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IntervalNames {
    /// Name, level and method of the thick [`Mark::headline`] intervals.
    pub headline: String,
    /// Name, level and method of the thin [`Mark::counting`] intervals.
    pub counting: String,
    /// Name, level and method of the dashed [`super::ForestRow::prediction`] intervals.
    pub prediction: String,
}

/// Headings of the text columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Above the row labels: `Agency`.
    pub label: String,
    /// Above the estimates: `Rate ratio [95 %]`.
    pub estimate: String,
    /// Above the counts: `Stops / residents`.
    pub n: String,
}
