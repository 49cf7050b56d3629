//! A number along a key of numbers: one line with its band for each group.

use super::frame::{MARGIN, RIGHT, empty};
use super::legend::{self, Item, Sample};
use super::palette::{Body, FRAME, GRID, INK, MUTED, colour, marker, thin, tint};
use super::parts::{AxisScale, Interval};
use super::scale::{Extent, Scale};
use super::svg::{Anchor, Canvas, Fill, Lettering, Point, Stroke, text_width};
use super::text::{SMALL, centred, line_height};
use super::ticks::ticks;
use crate::number::Style;

/// Room for the labels of the upright axis.
const LABELS: f64 = 74.0;
/// Height of the plot.
const PLOT: f64 = 340.0;
/// Space between the ends of the axis and the first and the last point.
const INSIDE: f64 = 16.0;
/// Opacity of a band: those of several groups may lie on one another.
const BAND: f64 = 0.16;
/// Points of a line up to which each is marked.
const MARKED: usize = 40;

/// Lines along one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// Name of the lower axis: the key.
    pub x_label: String,
    /// What the lines are, above the plot.
    pub y_label: String,
    /// How numbers of the upright axis are written.
    pub style: Style,
    /// Values of the key in rising order, each with its text.
    pub x: Vec<(f64, String)>,
    /// Names of the series in order of [`Curve::series`].
    pub series: Vec<String>,
    /// What the bands are: `95 % interval`.
    pub band: String,
    /// The lines.
    pub curves: Vec<Curve>,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Which entry of [`Curves::series`] it is.
    pub series: usize,
    /// Its points in the order of the axis.
    pub points: Vec<CurvePoint>,
}

/// One point of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurvePoint {
    /// Which of [`Curves::x`] it stands at.
    pub at: usize,
    /// The number; a line is broken where there is none.
    pub value: Option<f64>,
    /// Its interval.
    pub interval: Option<Interval>,
}

/// The plot with its two scales.
struct Plot {
    x: Scale,
    y: Scale,
    bottom: f64,
}

impl Curves {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let mut extent = Extent::new(AxisScale::Linear);
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let values = || points().filter_map(|point| point.value.filter(|v| v.is_finite()));
        if values().next().is_none() || self.x.is_empty() {
            return empty(canvas, top, "There are no numbers that may be shown.");
        }
        values().for_each(|value| extent.value(value));
        points()
            .filter(|point| point.value.is_some())
            .filter_map(|point| point.interval)
            .for_each(|interval| extent.interval(interval));
        let y = legend::draw(canvas, top, &self.legend());
        let label = Lettering {
            x: MARGIN,
            baseline: y + SMALL.size,
            anchor: Anchor::Start,
            font: SMALL,
            colour: INK,
        };
        canvas.text(label, &self.y_label);
        let top = y + line_height(SMALL) + 10.0;
        let bottom = top + PLOT;
        let mut along = Extent::without_zero();
        self.x.iter().for_each(|(x, _)| along.value(*x));
        let plot = Plot {
            x: Scale::new(&along, (MARGIN + LABELS + INSIDE, RIGHT - INSIDE)),
            y: Scale::new(&extent, (bottom, top)),
            bottom,
        };
        let left = MARGIN + LABELS;
        for tick in ticks(&plot.y, self.style).major {
            let y = plot.y.position(tick.value);
            canvas.line((left, y), (RIGHT, y), thin(GRID));
            let lettering = Lettering {
                x: left - 8.0,
                baseline: centred(y, SMALL),
                anchor: Anchor::End,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, &tick.text);
        }
        canvas.line((left, bottom), (RIGHT, bottom), thin(FRAME));
        self.curves
            .iter()
            .for_each(|curve| plot.bands(canvas, curve, &self.x));
        self.curves
            .iter()
            .for_each(|curve| plot.line(canvas, curve, &self.x));
        self.name_values(canvas, &plot)
    }

    fn legend(&self) -> Vec<Item> {
        let named = self.series.iter().enumerate();
        let used = named.filter(|(i, _)| self.curves.iter().any(|curve| curve.series == *i));
        let mut items: Vec<Item> = used
            .map(|(i, name)| Item::new(Sample::Series(i), name))
            .collect();
        if !self.band.is_empty() {
            let text = format!("shaded: {}", self.band);
            items.push(Item::new(Sample::Block(GRID), text));
        }
        items
    }

    /// Writes values of the key below the plot as far as there is room, and returns the lower end.
    fn name_values(&self, canvas: &mut Canvas, plot: &Plot) -> f64 {
        let mut free_from = f64::NEG_INFINITY;
        for (value, text) in &self.x {
            let x = plot.x.position(*value);
            let half = text_width(text, SMALL) / 2.0;
            if x - half < free_from || x + half > RIGHT + 8.0 {
                continue;
            }
            canvas.line((x, plot.bottom), (x, plot.bottom + 5.0), thin(FRAME));
            let lettering = Lettering {
                x,
                baseline: plot.bottom + 8.0 + SMALL.size,
                anchor: Anchor::Middle,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, text);
            free_from = x + half + 12.0;
        }
        let lettering = Lettering {
            x: f64::midpoint(MARGIN + LABELS, RIGHT),
            baseline: plot.bottom + 12.0 + line_height(SMALL) + SMALL.size,
            anchor: Anchor::Middle,
            font: SMALL,
            colour: MUTED,
        };
        canvas.text(lettering, &self.x_label);
        plot.bottom + 2.0 * line_height(SMALL) + 14.0
    }
}

impl Plot {
    /// The band of a line, piece by piece where it is broken.
    fn bands(&self, canvas: &mut Canvas, curve: &Curve, x: &[(f64, String)]) {
        for piece in pieces(&curve.points) {
            let ends: Vec<(f64, f64, f64)> = piece
                .iter()
                .filter_map(|point| {
                    let interval = point.interval?;
                    let known = !interval.low.is_nan() && !interval.high.is_nan();
                    let x = self.x.position(x.get(point.at)?.0);
                    known.then(|| {
                        (
                            x,
                            self.y.position(interval.low),
                            self.y.position(interval.high),
                        )
                    })
                })
                .collect();
            let fill = Fill {
                colour: colour(curve.series),
                opacity: BAND,
            };
            // A point by itself has a band too.
            if let [(x, low, high)] = ends.as_slice() {
                canvas.rect((x - 4.0, *high), (x + 4.0, *low), fill);
                continue;
            }
            let upper: Vec<Point> = ends.iter().map(|(x, _, high)| (*x, *high)).collect();
            let lower: Vec<Point> = ends.iter().map(|(x, low, _)| (*x, *low)).collect();
            if upper.len() > 1 {
                let around = upper.iter().chain(lower.iter().rev());
                canvas.polygon(around.copied().collect(), fill);
                // Where bands lie on one another their edges tell whose they are.
                let edge = thin(tint(colour(curve.series)));
                canvas.path(upper, edge);
                canvas.path(lower, edge);
            }
        }
    }

    fn line(&self, canvas: &mut Canvas, curve: &Curve, x: &[(f64, String)]) {
        let stroke = Stroke {
            colour: colour(curve.series),
            width: 2.0,
        };
        for piece in pieces(&curve.points) {
            let points: Vec<Point> = piece
                .iter()
                .filter_map(|point| {
                    let x = self.x.position(x.get(point.at)?.0);
                    Some((x, self.y.position(point.value?)))
                })
                .collect();
            if points.len() > 1 {
                canvas.path(points.clone(), stroke);
            }
            if curve.points.len() <= MARKED || points.len() == 1 {
                let marked = points.into_iter();
                marked.for_each(|at| marker(canvas, at, curve.series, Body::Solid));
            }
        }
    }
}

/// The points that stand beside one another, each with a number that can be drawn.
fn pieces(points: &[CurvePoint]) -> impl Iterator<Item = &[CurvePoint]> {
    let is_drawn = |point: &CurvePoint| point.value.is_some_and(f64::is_finite);
    let pieces = points.split(move |point| !is_drawn(point));
    pieces.filter(|piece| !piece.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_where_there_is_no_number() {
        let point = |at, value| CurvePoint {
            at,
            value,
            interval: None,
        };
        let points = [
            point(0, None),
            point(1, Some(1.0)),
            point(2, Some(2.0)),
            point(3, Some(f64::NAN)),
            point(4, Some(1.0)),
        ];
        let lengths: Vec<usize> = pieces(&points).map(<[CurvePoint]>::len).collect();
        assert_eq!(lengths, [2, 1]);
    }
}
