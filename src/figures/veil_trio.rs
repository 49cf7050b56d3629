//! The same quarter of an hour of the clock, in daylight and in darkness: shares by how far dusk is away, panel by panel.

use super::frame::{MARGIN, RIGHT, block, empty};
use super::palette::{CIRCLE_OPACITY, FRAME, GRID, INK, MUTED, colour, solid, thin, tint};
use super::scale::{Extent, Scale};
use super::svg::{Anchor, Canvas, Fill, Lettering, Stroke, text_width};
use super::text::{SMALL, SMALL_STRONG, STRONG, centred, line_height, wrap};
use super::ticks::ticks;
use crate::number::Style;

/// Height of the plots.
const PLOT: f64 = 260.0;
/// Room for the labels of the upright axis.
const LABELS: f64 = 66.0;
/// Between two panels.
const GAP: f64 = 26.0;
/// Radius of the largest circle.
const LARGEST: f64 = 13.0;
/// Radius of the smallest circle.
const SMALLEST: f64 = 2.5;

/// Panels side by side on one upright axis.
#[derive(Debug, Clone, PartialEq)]
pub struct VeilTrio {
    /// Below the axis: `Minutes since dusk`.
    pub x_label: String,
    /// Above the plots: what the share is of.
    pub y_label: String,
    /// What the area of a circle stands for.
    pub size_label: String,
    /// The two levels: their interval.
    pub level_label: String,
    /// The panels.
    pub panels: Vec<VeilPanel>,
}

/// One stretch of the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct VeilPanel {
    /// The clock: `18:00 to 18:15`.
    pub title: String,
    /// Shares.
    pub points: Vec<VeilPoint>,
    /// The share of all in daylight.
    pub light: Option<VeilLevel>,
    /// The share of all in darkness.
    pub dark: Option<VeilLevel>,
}

/// A share at a distance from dusk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VeilPoint {
    /// Minutes into darkness.
    pub x: f64,
    /// The share.
    pub share: f64,
    /// Out of how many.
    pub n: f64,
}

/// A share with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct VeilLevel {
    /// The share.
    pub share: f64,
    /// Lower and upper end.
    pub ends: (f64, f64),
    /// It in words.
    pub text: String,
}

/// Which side of dusk.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Light,
    Dark,
}

impl VeilTrio {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        if self.panels.is_empty() {
            return empty(canvas, top, "There are no shares to draw.");
        }
        let plots = self.legend(canvas, top) + line_height(STRONG) + 6.0;
        let bottom = plots + PLOT;
        let y = Scale::new(
            &self.heights(),
            (bottom - LARGEST - 2.0, plots + LARGEST + 2.0),
        );
        let width = (RIGHT - MARGIN - LABELS + GAP) / self.panels.len() as f64 - GAP;
        for tick in &ticks(&y, Style::Percent).major {
            let lettering = Lettering {
                x: MARGIN + LABELS - 8.0,
                baseline: centred(y.position(tick.value), SMALL),
                anchor: Anchor::End,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, &tick.text);
        }
        let mut lowest = bottom;
        for (i, panel) in self.panels.iter().enumerate() {
            let left = MARGIN + LABELS + i as f64 * (width + GAP);
            let reach = LARGEST + 2.0;
            let x = Scale::new(&self.widths(), (left + reach, left + width - reach));
            let drawn = Drawn {
                panel,
                sides: (left, left + width),
                ends: (plots, bottom),
                scales: (x, y),
                largest: self.largest(),
            };
            lowest = lowest.max(drawn.draw(canvas));
        }
        let lettering = Lettering {
            x: f64::midpoint(MARGIN + LABELS, RIGHT),
            baseline: lowest + 16.0,
            anchor: Anchor::Middle,
            font: SMALL,
            colour: INK,
        };
        canvas.text(lettering, &self.x_label);
        lowest + 24.0
    }

    /// Shares of all panels; shares have no need of a zero, which would flatten what is to be compared.
    fn heights(&self) -> Extent {
        let mut extent = Extent::without_zero();
        for panel in &self.panels {
            panel
                .points
                .iter()
                .for_each(|point| extent.value(point.share));
            for level in panel.light.iter().chain(&panel.dark) {
                extent.value(level.share);
                extent.value(level.ends.0);
                extent.value(level.ends.1);
            }
        }
        extent
    }

    fn widths(&self) -> Extent {
        let mut extent = Extent::without_zero();
        for value in [-30.0, 30.0] {
            extent.value(value);
        }
        let points = self.panels.iter().flat_map(|panel| &panel.points);
        points.for_each(|point| extent.value(point.x));
        extent
    }

    fn largest(&self) -> f64 {
        let points = self.panels.iter().flat_map(|panel| &panel.points);
        let sizes = points.map(|point| point.n).filter(|n| n.is_finite());
        sizes.fold(1.0, f64::max)
    }

    fn legend(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let lines = wrap(&self.y_label, SMALL_STRONG, RIGHT - MARGIN);
        let top = block(
            canvas,
            &lines,
            (MARGIN, top, Anchor::Start),
            (SMALL_STRONG, INK),
        ) + 4.0;
        let (baseline, middle) = (top + SMALL.size, top + 0.6 * SMALL.size);
        let mut x = MARGIN;
        let mut name = |canvas: &mut Canvas, text: &str, side: Option<Side>| {
            match side {
                None => canvas.rect((x, middle - 6.0), (x + 22.0, middle + 6.0), solid(GRID)),
                Some(side) => circle(canvas, (x + 11.0, middle), 7.0, side),
            }
            let lettering = Lettering {
                x: x + 30.0,
                baseline,
                anchor: Anchor::Start,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, text);
            x += 30.0 + text_width(text, SMALL) + 22.0;
        };
        name(canvas, "daylight", Some(Side::Light));
        name(canvas, "darkness", Some(Side::Dark));
        name(canvas, &self.level_label, None);
        let lettering = Lettering {
            x,
            baseline,
            anchor: Anchor::Start,
            font: SMALL,
            colour: MUTED,
        };
        canvas.text(lettering, &self.size_label);
        top + 28.0
    }
}

/// A panel with where it lies.
struct Drawn<'a> {
    panel: &'a VeilPanel,
    sides: (f64, f64),
    ends: (f64, f64),
    scales: (Scale, Scale),
    largest: f64,
}

impl Drawn<'_> {
    /// Draws the panel and returns its lower end.
    fn draw(&self, canvas: &mut Canvas) -> f64 {
        let ((left, right), (top, bottom), (x, y)) = (self.sides, self.ends, self.scales);
        let lettering = Lettering {
            x: left,
            baseline: top - 8.0,
            anchor: Anchor::Start,
            font: STRONG,
            colour: INK,
        };
        canvas.text(lettering, &self.panel.title);
        for tick in &ticks(&y, Style::Percent).major {
            let up = y.position(tick.value);
            canvas.line((left, up), (right, up), thin(GRID));
        }
        let dusk = x.position(0.0);
        for (level, from, to, side) in [
            (&self.panel.light, left, dusk, Side::Light),
            (&self.panel.dark, dusk, right, Side::Dark),
        ] {
            if let Some(level) = level {
                self.level(canvas, level, (from, to), side);
            }
        }
        canvas.line((dusk, top), (dusk, bottom), thin(INK));
        for point in &self.panel.points {
            let side = if point.x < 0.0 {
                Side::Light
            } else {
                Side::Dark
            };
            let part = (point.n / self.largest).clamp(0.0, 1.0);
            let radius = (LARGEST * part.sqrt()).max(SMALLEST);
            let radius = if radius.is_finite() { radius } else { SMALLEST };
            let centre = (x.position(point.x), y.position(point.share));
            circle(canvas, centre, radius, side);
        }
        let frame = vec![
            (left, top),
            (right, top),
            (right, bottom),
            (left, bottom),
            (left, top),
        ];
        canvas.path(frame, thin(FRAME));
        for tick in &ticks(&x, Style::Count).major {
            let across = x.position(tick.value);
            canvas.line((across, bottom), (across, bottom + 5.0), thin(INK));
            let lettering = Lettering {
                x: across,
                baseline: bottom + 20.0,
                anchor: Anchor::Middle,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, &tick.text);
        }
        let mut lowest = bottom + 24.0;
        for (word, level) in [
            ("daylight", &self.panel.light),
            ("darkness", &self.panel.dark),
        ] {
            let text = level
                .as_ref()
                .map_or("not shown", |level| level.text.as_str());
            let lines = wrap(&format!("{word} {text}"), SMALL, right - left);
            let at = (left, lowest, Anchor::Start);
            lowest = block(canvas, &lines, at, (SMALL, INK));
        }
        lowest
    }

    fn level(&self, canvas: &mut Canvas, level: &VeilLevel, (from, to): (f64, f64), side: Side) {
        let y = self.scales.1;
        let (low, high) = (y.position(level.ends.0), y.position(level.ends.1));
        canvas.rect((from, high), (to, low), solid(GRID));
        let stroke = Stroke {
            colour: ink(side),
            width: 2.4,
        };
        let up = y.position(level.share);
        canvas.dashed((from, up), (to, up), (stroke, 6.0));
    }
}

fn ink(side: Side) -> super::svg::Colour {
    match side {
        Side::Light => colour(1),
        Side::Dark => colour(0),
    }
}

/// Hollow in daylight, filled in darkness, so that grey tells them apart too.
fn circle(canvas: &mut Canvas, centre: (f64, f64), radius: f64, side: Side) {
    let opacity = CIRCLE_OPACITY;
    match side {
        Side::Dark => canvas.disc(
            centre,
            radius,
            Fill {
                colour: ink(side),
                opacity,
            },
        ),
        Side::Light => {
            canvas.disc(
                centre,
                radius,
                Fill {
                    colour: tint(tint(ink(side))),
                    opacity,
                },
            );
            let stroke = Stroke {
                colour: ink(side),
                width: 1.8,
            };
            canvas.ring(centre, radius, stroke);
        }
    }
}
