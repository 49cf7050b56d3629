//! One estimate drawn on an axis: whiskers, dot or diamond, arrows for what lies beyond.

use super::forest::ForestKind;
use super::frame::text_on_page;
use super::palette::{Body, INK, MUTED, PAPER, arrowhead, colour, marker, solid};
use super::parts::{Interval, Mark};
use super::scale::{Scale, Spot};
use super::svg::{Anchor, Canvas, Colour, Lettering, Point, Stroke, text_width};
use super::text::{SMALL, SMALL_STRONG, centred, shorten};
use crate::number::Style;

/// Width of the interval to be quoted.
pub(super) const THICK: f64 = 3.4;
/// Width of the counting interval and its end ticks.
pub(super) const THIN: f64 = 1.5;
/// Width of a line that joins marks.
pub(super) const LINK: f64 = 1.6;
/// Length of the strokes of a prediction interval.
pub(super) const PREDICTION_DASH: f64 = 4.0;
/// Half the height of an end tick.
const TICK: f64 = 7.5;
/// Half the height of a diamond.
const DIAMOND: f64 = 7.5;
/// How far an arrow reaches past the end of an axis.
const BEYOND: f64 = 9.0;

/// Space between the start of the axis and a reason.
const REASON: f64 = 6.0;

/// A mark in a row, and how it is drawn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell<'a> {
    pub(super) mark: &'a Mark,
    pub(super) kind: ForestKind,
    pub(super) prediction: Option<Interval>,
}

impl<'a> Cell<'a> {
    pub(super) fn unit(mark: &'a Mark) -> Self {
        Self {
            mark,
            kind: ForestKind::Unit,
            prediction: None,
        }
    }

    /// The estimate, unless it is undefined.
    pub(super) fn value(&self) -> Option<f64> {
        self.mark.value.filter(|v| !v.is_nan())
    }

    pub(super) fn is_drawn(&self) -> bool {
        self.value().is_some()
    }

    /// A pool with an interval to be quoted; one of counting alone is drawn like any other.
    pub(super) fn is_diamond(&self) -> bool {
        self.kind == ForestKind::Summary && usable(self.mark.headline).is_some()
    }

    pub(super) fn is_hollow(&self) -> bool {
        self.is_drawn()
            && self.kind != ForestKind::Range
            && usable(self.mark.headline).is_none()
            && usable(self.mark.counting).is_none()
    }
}

/// Draws a cell at height `y`; `style` writes a value that the axis cannot reach.
pub(super) fn draw(canvas: &mut Canvas, (scale, style): (&Scale, Style), y: f64, cell: &Cell) {
    let Some(value) = cell.value() else {
        return reason(canvas, scale, y, &cell.mark.reason);
    };
    let ink = colour(cell.mark.series);
    if let Some(prediction) = usable(cell.prediction) {
        dashed(canvas, scale, y, (prediction, INK));
        if cell.kind == ForestKind::Range {
            return range_ends(canvas, scale, y, prediction);
        }
    }
    match (cell.kind, usable(cell.mark.headline)) {
        (ForestKind::Summary, Some(interval)) => pooled(canvas, scale, y, (interval, ink)),
        (_, headline) => whiskers(
            canvas,
            scale,
            y,
            (headline, usable(cell.mark.counting), ink),
        ),
    }
    match scale.spot(value) {
        Some(Spot::At(_)) if cell.is_diamond() => {}
        Some(Spot::At(x)) => {
            let body = if cell.is_hollow() {
                Body::Hollow
            } else {
                Body::Solid
            };
            marker(canvas, (x, y), cell.mark.series, body);
        }
        Some(beyond) => off_axis(canvas, (scale, beyond), y, (style.show(Some(value)), ink)),
        None => {}
    }
}

/// An interval with both ends known, in order.
fn usable(interval: Option<Interval>) -> Option<Interval> {
    let Interval { low, high } = interval?;
    let known = !low.is_nan() && !high.is_nan();
    known.then_some(Interval {
        low: low.min(high),
        high: low.max(high),
    })
}

fn whiskers(
    canvas: &mut Canvas,
    scale: &Scale,
    y: f64,
    (headline, counting, ink): (Option<Interval>, Option<Interval>, Colour),
) {
    if let Some(interval) = headline {
        let (from, to) = (scale.position(interval.low), scale.position(interval.high));
        canvas.line(
            (from, y),
            (to, y),
            Stroke {
                colour: ink,
                width: THICK,
            },
        );
        arrows(canvas, scale, y, (interval, ink));
    }
    let Some(interval) = counting else { return };
    let (from, to) = (scale.position(interval.low), scale.position(interval.high));
    canvas.line(
        (from, y),
        (to, y),
        Stroke {
            colour: ink,
            width: THIN,
        },
    );
    for end in [interval.low, interval.high] {
        if let Some(Spot::At(x)) = scale.spot(end) {
            end_tick(canvas, (x, y), ink);
        }
    }
    arrows(canvas, scale, y, (interval, ink));
}

/// Arrowheads on the ends that the axis cannot reach.
fn arrows(canvas: &mut Canvas, scale: &Scale, y: f64, (interval, ink): (Interval, Colour)) {
    let (start, end) = scale.stretch();
    if scale.spot(interval.low) == Some(Spot::Below) {
        arrowhead(canvas, (start - BEYOND, y), (-1.0, 0.0), ink);
    }
    if scale.spot(interval.high) == Some(Spot::Above) {
        arrowhead(canvas, (end + BEYOND, y), (1.0, 0.0), ink);
    }
}

/// Ticks at the ends of a range without an estimate, and arrows at those that the axis cannot reach.
fn range_ends(canvas: &mut Canvas, scale: &Scale, y: f64, range: Interval) {
    for end in [range.low, range.high] {
        if let Some(Spot::At(x)) = scale.spot(end) {
            end_tick(canvas, (x, y), INK);
        }
    }
    arrows(canvas, scale, y, (range, INK));
}

pub(super) fn end_tick(canvas: &mut Canvas, (x, y): Point, ink: Colour) {
    canvas.line(
        (x, y - TICK),
        (x, y + TICK),
        Stroke {
            colour: ink,
            width: THIN,
        },
    );
}

/// Corners of a diamond from one end of an interval to the other, highest at its middle point.
pub(super) fn diamond((from, to): (f64, f64), (x, y): Point) -> Vec<Point> {
    vec![(from, y), (x, y - DIAMOND), (to, y), (x, y + DIAMOND)]
}

fn pooled(canvas: &mut Canvas, scale: &Scale, y: f64, (interval, ink): (Interval, Colour)) {
    let (from, to) = (scale.position(interval.low), scale.position(interval.high));
    // A diamond must stay one when its interval is narrower than a pen stroke.
    let middle = (from + to) / 2.0;
    let half = ((to - from) / 2.0).max(3.0);
    canvas.polygon(
        diamond((middle - half - 2.5, middle + half + 2.5), (middle, y)),
        solid(PAPER),
    );
    canvas.polygon(
        diamond((middle - half, middle + half), (middle, y)),
        solid(ink),
    );
    arrows(canvas, scale, y, (interval, ink));
}

fn dashed(canvas: &mut Canvas, scale: &Scale, y: f64, (interval, ink): (Interval, Colour)) {
    let (from, to) = (scale.position(interval.low), scale.position(interval.high));
    canvas.dashed(
        (from, y),
        (to, y),
        (
            Stroke {
                colour: ink,
                width: THIN,
            },
            PREDICTION_DASH,
        ),
    );
    arrows(canvas, scale, y, (interval, ink));
}

/// An arrow at the edge with the value beside it.
fn off_axis(
    canvas: &mut Canvas,
    (scale, beyond): (&Scale, Spot),
    y: f64,
    (text, ink): (String, Colour),
) {
    let (start, end) = scale.stretch();
    let (tip, direction, x, anchor) = match beyond {
        Spot::Below => (start - BEYOND, -1.0, start + 3.0, Anchor::Start),
        _ => (end + BEYOND, 1.0, end - 3.0, Anchor::End),
    };
    arrowhead(canvas, (tip, y), (direction, 0.0), ink);
    // A number is never shortened; one that has no room still stands in the column beside the plot.
    if text_width(&text, SMALL_STRONG) < end - start {
        text_on_page(
            canvas,
            Lettering {
                x,
                baseline: centred(y, SMALL_STRONG),
                anchor,
                font: SMALL_STRONG,
                colour: INK,
            },
            &text,
        );
    }
}

fn reason(canvas: &mut Canvas, scale: &Scale, y: f64, reason: &str) {
    let (start, end) = scale.stretch();
    let text = shorten(reason, SMALL, end - start - REASON);
    if !text.is_empty() {
        let lettering = Lettering {
            x: start + REASON,
            baseline: centred(y, SMALL),
            anchor: Anchor::Start,
            font: SMALL,
            colour: MUTED,
        };
        text_on_page(canvas, lettering, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_with_an_unknown_end_is_none_and_a_reversed_one_is_put_in_order() {
        assert_eq!(
            usable(Some(Interval {
                low: f64::NAN,
                high: 1.0
            })),
            None
        );
        assert_eq!(
            usable(Some(Interval {
                low: 2.0,
                high: 1.0
            })),
            Some(Interval {
                low: 1.0,
                high: 2.0
            })
        );
    }

    #[test]
    fn a_mark_is_hollow_only_if_it_is_drawn_and_has_no_interval() {
        let undefined = Mark {
            value: Some(f64::NAN),
            ..Mark::default()
        };
        let bare = Mark {
            value: Some(1.0),
            ..Mark::default()
        };
        let counted = Mark {
            counting: Some(Interval {
                low: 0.5,
                high: 2.0,
            }),
            ..bare.clone()
        };
        assert_eq!(
            [&undefined, &bare, &counted].map(|m| Cell::unit(m).is_hollow()),
            [false, true, false]
        );
    }
}
