//! Charts for expert reports: a [`Figure`] with its title, notes and foot becomes one SVG, and from it one PNG.
//!
//! For the writers of reports and exhibits. Every text in a chart is given by the caller, already rounded by
//! [`crate::number`]; this layer computes positions and no statistics. The picture carries what an exhibit must
//! carry (title, period, unit, notes, foot), so that it can be cut out of its report and still be read.

mod axis;
mod columns;
mod dot_interval;
mod forest;
mod frame;
mod labels;
mod ladder;
mod legend;
mod marks;
mod palette;
mod parts;
mod place_scatter;
mod png;
mod rate_pair;
mod scale;
mod scatter_panel;
mod svg;
mod table;
mod text;
mod ticks;

pub use dot_interval::DotInterval;
pub use forest::{Forest, ForestKind, ForestRow};
pub use ladder::Ladder;
pub use parts::{Axis, AxisScale, Columns, Interval, IntervalNames, Mark, Reference, Row, Section};
pub use place_scatter::{Naming, Place, PlaceKind, PlaceScatter, ScatterPanel};
pub use png::svg_to_png;
pub use rate_pair::{PairPanel, PairRow, RatePair};

use svg::{Canvas, Document};

/// One picture: a chart and everything that must stay with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stem of the file name and of the identifiers inside the picture.
    pub id: String,
    /// What the picture shows; also the accessible name.
    pub title: String,
    /// Agency, period and unit.
    pub subtitle: String,
    /// The chart itself.
    pub chart: Chart,
    /// Interval method, benchmark source and vintage, rule for missing race, suppressed cells: one paragraph each.
    pub notes: Vec<String>,
    /// Hash of the inputs and version of the program, one line.
    pub foot: String,
    /// The picture in words, for those who cannot see it; not drawn.
    pub alt: String,
}

/// The chart grammars.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Rates by group with intervals.
    DotInterval(DotInterval),
    /// Ratios by unit on a log axis.
    Forest(Forest),
    /// One disparity under several baselines.
    Ladder(Ladder),
    /// Places as circles, rate against rate.
    PlaceScatter(PlaceScatter),
    /// Search rate beside hit rate.
    RatePair(Box<RatePair>),
}

impl Figure {
    /// The picture as a standalone SVG document of 960 nominal pixels' width, its height by content.
    ///
    /// The same figure gives the same bytes on every machine.
    ///
    /// # Errors
    /// [`FigureError::Draw`] if the drawing library refuses a shape; no data is known to make it.
    pub fn svg(&self) -> Result<String, FigureError> {
        let mut canvas = Canvas::default();
        let top = frame::header(&mut canvas, self);
        let bottom = self.chart.draw(&mut canvas, top);
        let height = frame::footer(&mut canvas, bottom, self);
        canvas.finish(&Document {
            id: &self.id,
            title: &self.title,
            description: &self.alt,
            width: frame::WIDTH,
            height,
        })
    }
}

impl Chart {
    fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        match self {
            Self::DotInterval(chart) => chart.draw(canvas, top),
            Self::Forest(chart) => chart.draw(canvas, top),
            Self::Ladder(chart) => chart.draw(canvas, top),
            Self::PlaceScatter(chart) => chart.draw(canvas, top),
            Self::RatePair(chart) => chart.draw(canvas, top),
        }
    }
}

/// Why a figure could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FigureError {
    /// The drawing back end refused a shape.
    #[error("the picture cannot be drawn: {0}")]
    Draw(String),
    /// The SVG given for conversion is not one.
    #[error("the SVG cannot be read: {0}")]
    Svg(String),
    /// The size asked for is zero, negative or beyond what fits in memory.
    #[error("a PNG of {width} x {height} pixels cannot be made")]
    Size {
        /// Width asked for in pixels.
        width: f32,
        /// Height asked for in pixels.
        height: f32,
    },
    /// The PNG encoder failed.
    #[error("the PNG cannot be written: {0}")]
    Png(String),
}
