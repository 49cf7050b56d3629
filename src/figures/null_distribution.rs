//! What chance alone would give, as columns, with the number that was observed: one panel per benchmark on one axis.

use super::axis::{INSET, Ruler};
use super::frame::{MARGIN, RIGHT, empty, paragraph, text_on_page};
use super::palette::{FRAME, INK, MUTED, colour, solid, thin, tint};
use super::parts::{Axis, AxisScale};
use super::scale::{Extent, Scale};
use super::svg::{Anchor, Canvas, Lettering, Stroke, text_width};
use super::text::{SMALL, SMALL_STRONG, STRONG};

/// Height of the plot of a panel.
const PLOT: f64 = 120.0;
/// Room above a plot for the names of its lines.
const NAMES: f64 = 22.0;
/// Strokes of the wider curve, which tell it from the columns in grey as well.
const DASH: f64 = 5.0;

/// Distributions of a count under several benchmarks.
#[derive(Debug, Clone, PartialEq)]
pub struct NullDistribution {
    /// What is counted, below the axis.
    pub axis: String,
    /// What the columns are, in the legend.
    pub columns: String,
    /// What the dashed curve is, in the legend; empty for none.
    pub curve: String,
    /// One per benchmark.
    pub panels: Vec<NullPanel>,
}

/// The distribution under one benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct NullPanel {
    /// Which benchmark.
    pub title: String,
    /// Columns from left to right.
    pub bars: Vec<NullBar>,
    /// A wider curve as points from left to right, heights in the unit of the columns; empty for none.
    pub curve: Vec<(f64, f64)>,
    /// Named positions, such as the expected count and whole standard deviations from it; earlier names go before later.
    pub lines: Vec<(f64, String)>,
    /// The count that was observed.
    pub observed: f64,
    /// The words beside it.
    pub observed_label: String,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NullBar {
    /// Left end.
    pub low: f64,
    /// Right end.
    pub high: f64,
    /// Height, from 0 to 1.
    pub height: f64,
}

impl NullDistribution {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        if self.panels.is_empty() {
            return empty(canvas, top, "There are no distributions to draw.");
        }
        let axis = Axis {
            label: self.axis.clone(),
            style: crate::number::Style::Count,
            scale: AxisScale::Linear,
            reference: None,
        };
        let stretch = (MARGIN + 2.0 * INSET, RIGHT - 2.0 * INSET);
        let scale = Scale::new(&self.extent(), stretch);
        let mut y = self.legend(canvas, top);
        for (i, panel) in self.panels.iter().enumerate() {
            let below_title = paragraph(canvas, y, &panel.title, (STRONG, INK));
            let ruler = Ruler {
                axis: &axis,
                scale,
                top: below_title + NAMES,
                bottom: below_title + NAMES + PLOT,
                limits: (MARGIN, RIGHT),
            };
            ruler.draw_ground(canvas);
            panel.draw(canvas, &ruler);
            let is_last = i + 1 == self.panels.len();
            y = if is_last {
                ruler.draw_labels(canvas)
            } else {
                ruler.bottom + 24.0
            };
        }
        y
    }

    /// Everything drawn: a count has no need of a zero, which would squeeze a narrow distribution far from it.
    fn extent(&self) -> Extent {
        let mut extent = Extent::without_zero();
        for panel in &self.panels {
            extent.value(panel.observed);
            for bar in &panel.bars {
                extent.value(bar.low);
                extent.value(bar.high);
            }
            for (x, _) in &panel.curve {
                extent.value(*x);
            }
        }
        extent
    }

    fn legend(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let baseline = top + SMALL.size;
        let middle = top + 0.6 * SMALL.size;
        let mut x = MARGIN;
        let mut name = |canvas: &mut Canvas, text: &str, sample: &dyn Fn(&mut Canvas, f64)| {
            sample(canvas, x);
            let lettering = Lettering {
                x: x + 34.0,
                baseline,
                anchor: Anchor::Start,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, text);
            x += 34.0 + text_width(text, SMALL) + 26.0;
        };
        name(canvas, &self.columns, &|canvas, x| {
            canvas.rect(
                (x, middle - 6.0),
                (x + 26.0, middle + 6.0),
                solid(tint(colour(0))),
            );
        });
        if !self.curve.is_empty() {
            name(canvas, &self.curve, &|canvas, x| {
                canvas.dashed((x, middle), (x + 26.0, middle), (curve_stroke(), DASH));
            });
        }
        name(canvas, "observed", &|canvas, x| {
            canvas.line(
                (x + 13.0, middle - 8.0),
                (x + 13.0, middle + 8.0),
                observed_stroke(),
            );
        });
        top + 30.0
    }
}

impl NullPanel {
    fn draw(&self, canvas: &mut Canvas, ruler: &Ruler<'_>) {
        let at = |value: f64| ruler.scale.position(value);
        let height = |part: f64| ruler.bottom - part.clamp(0.0, 1.0) * (PLOT - 4.0);
        for bar in &self.bars {
            let corner = (at(bar.low), height(bar.height));
            canvas.rect(corner, (at(bar.high), ruler.bottom), solid(tint(colour(0))));
        }
        for pair in self.curve.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|(x, part)| (at(x), height(part)));
            canvas.dashed(from, to, (curve_stroke(), DASH));
        }
        let mut taken: Vec<(f64, f64)> = Vec::new();
        for (value, label) in &self.lines {
            let x = at(*value);
            canvas.line((x, ruler.top - 3.0), (x, ruler.bottom), thin(FRAME));
            let half = text_width(label, SMALL) / 2.0;
            // A narrow distribution has no room for every name; the lines stay.
            if taken
                .iter()
                .all(|(from, to)| x + half < *from || x - half > *to)
            {
                let lettering = Lettering {
                    x,
                    baseline: ruler.top - 7.0,
                    anchor: Anchor::Middle,
                    font: SMALL,
                    colour: MUTED,
                };
                canvas.text(lettering, label);
                taken.push((x - half - 8.0, x + half + 8.0));
            }
        }
        let x = at(self.observed);
        canvas.line((x, ruler.top), (x, ruler.bottom), observed_stroke());
        let width = text_width(&self.observed_label, SMALL_STRONG) + 10.0;
        // On the side away from the columns, unless the page ends there.
        let middle = f64::midpoint(ruler.scale.stretch().0, ruler.scale.stretch().1);
        let centre = self
            .bars
            .get(self.bars.len() / 2)
            .map_or(middle, |bar| at(bar.low));
        let wants_left = x <= centre;
        let goes_left = if wants_left {
            x - width > MARGIN
        } else {
            x + width > RIGHT
        };
        let (x, anchor) = if goes_left {
            (x - 8.0, Anchor::End)
        } else {
            (x + 8.0, Anchor::Start)
        };
        let lettering = Lettering {
            x,
            baseline: ruler.top + 18.0,
            anchor,
            font: SMALL_STRONG,
            colour: colour(1),
        };
        text_on_page(canvas, lettering, &self.observed_label);
    }
}

fn observed_stroke() -> Stroke {
    Stroke {
        colour: colour(1),
        width: 3.2,
    }
}

fn curve_stroke() -> Stroke {
    Stroke {
        colour: INK,
        width: 1.6,
    }
}
