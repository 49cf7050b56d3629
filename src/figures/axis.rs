//! A horizontal value axis: grid, ticks, labels, the reference line and what lies on its two sides.

use super::frame::block;
use super::palette::{FRAME, GRID, INK, MUTED, thin};
use super::parts::{Axis, AxisScale, Reference};
use super::scale::{Scale, Spot};
use super::svg::{Anchor, Canvas, Lettering, Stroke, text_width};
use super::text::{BODY, SMALL, line_height, shorten, wrap};
use super::ticks::{Ticks, ticks};

/// Distance from the axis to the lower end of its tick labels.
const TICK_LABELS: f64 = 26.0;
/// How far the plot reaches past both ends of the scale, for dots and arrows at the ends.
pub(super) const INSET: f64 = 12.0;

/// An axis laid out over the height of a plot.
pub(super) struct Ruler<'a> {
    pub(super) axis: &'a Axis,
    pub(super) scale: Scale,
    pub(super) top: f64,
    pub(super) bottom: f64,
    /// How far texts may reach to the left and right.
    pub(super) limits: (f64, f64),
}

impl Ruler<'_> {
    /// What must be drawn before the marks: grid, reference line and axis line.
    pub(super) fn draw_ground(&self, canvas: &mut Canvas) {
        let ticks = self.ticks();
        for tick in &ticks.major {
            let x = self.scale.position(tick.value);
            canvas.line((x, self.top), (x, self.bottom), thin(GRID));
        }
        let (start, end) = self.scale.stretch();
        if self.axis.scale == AxisScale::Linear {
            self.vertical(canvas, 0.0, thin(FRAME));
        }
        if let Some(reference) = &self.axis.reference {
            self.vertical(
                canvas,
                reference.value,
                Stroke {
                    colour: INK,
                    width: 1.6,
                },
            );
        }
        canvas.line(
            (start - INSET, self.bottom),
            (end + INSET, self.bottom),
            thin(INK),
        );
        self.tick_marks(canvas, &ticks);
    }

    /// Tick labels again above the plot, for plots taller than a page; needs 22 pixels.
    pub(super) fn draw_top_labels(&self, canvas: &mut Canvas) {
        self.tick_labels(canvas, self.top - 7.0);
    }

    /// The name of the reference line with its baseline at `baseline`.
    pub(super) fn draw_reference_label(&self, canvas: &mut Canvas, baseline: f64) {
        let Some((reference, x)) = self.reference() else {
            return;
        };
        let (start, end) = (
            self.scale.stretch().0 - INSET,
            self.scale.stretch().1 + INSET,
        );
        let text = shorten(&reference.label, SMALL, end - start);
        let half = text_width(&text, SMALL) / 2.0;
        let x = x.clamp(start + half, (end - half).max(start + half));
        canvas.text(
            Lettering {
                x,
                baseline,
                anchor: Anchor::Middle,
                font: SMALL,
                colour: INK,
            },
            &text,
        );
    }

    /// Tick labels, directions and title below the axis; returns their lower end.
    pub(super) fn draw_labels(&self, canvas: &mut Canvas) -> f64 {
        self.tick_labels(canvas, self.bottom + 21.0);
        let below = self.directions(canvas, self.bottom + TICK_LABELS + 1.0);
        let (start, end) = self.scale.stretch();
        let middle = (start + end) / 2.0;
        let room = 2.0 * (middle - self.limits.0).min(self.limits.1 - middle);
        let lines = wrap(&self.axis.label, BODY, room);
        block(
            canvas,
            &lines,
            (middle, below + 3.0, Anchor::Middle),
            (BODY, INK),
        )
    }

    fn ticks(&self) -> Ticks {
        ticks(&self.scale, self.axis.style)
    }

    fn vertical(&self, canvas: &mut Canvas, value: f64, stroke: Stroke) {
        if let Some(Spot::At(x)) = self.scale.spot(value) {
            canvas.line((x, self.top), (x, self.bottom), stroke);
        }
    }

    fn reference(&self) -> Option<(&Reference, f64)> {
        let reference = self.axis.reference.as_ref()?;
        match self.scale.spot(reference.value) {
            Some(Spot::At(x)) => Some((reference, x)),
            _ => None,
        }
    }

    fn tick_marks(&self, canvas: &mut Canvas, ticks: &Ticks) {
        let major = ticks.major.iter().map(|t| (t.value, 6.0));
        for (value, length) in major.chain(ticks.minor.iter().map(|v| (*v, 3.5))) {
            let x = self.scale.position(value);
            canvas.line((x, self.bottom), (x, self.bottom + length), thin(INK));
        }
    }

    fn tick_labels(&self, canvas: &mut Canvas, baseline: f64) {
        for tick in self.ticks().major {
            let x = self.scale.position(tick.value);
            canvas.text(
                Lettering {
                    x,
                    baseline,
                    anchor: Anchor::Middle,
                    font: SMALL,
                    colour: INK,
                },
                &tick.text,
            );
        }
    }

    /// What values on either side of the reference mean; returns the lower end of the texts.
    fn directions(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let Some((reference, x)) = self.reference() else {
            return top;
        };
        let left = wrap(
            &with_arrow("← ", &reference.below, ""),
            SMALL,
            x - 10.0 - self.limits.0,
        );
        let right = wrap(
            &with_arrow("", &reference.above, " →"),
            SMALL,
            self.limits.1 - x - 10.0,
        );
        block(canvas, &left, (x - 10.0, top, Anchor::End), (SMALL, MUTED));
        block(
            canvas,
            &right,
            (x + 10.0, top, Anchor::Start),
            (SMALL, MUTED),
        );
        top + line_height(SMALL) * left.len().max(right.len()) as f64
    }
}

fn with_arrow(before: &str, text: &str, after: &str) -> String {
    if text.trim().is_empty() {
        String::new()
    } else {
        format!("{before}{text}{after}")
    }
}
