//! When it becomes dark over the year by the clock, with the hours that are light on some dates and dark on others.

use super::frame::{MARGIN, RIGHT, empty, text_on_page};
use super::palette::{FRAME, GRID, INK, MUTED, PAPER, colour, solid, thin, tint};
use super::svg::{Anchor, Canvas, Colour, Lettering, Point, Stroke, text_width};
use super::text::{SMALL, SMALL_STRONG, centred};

/// Height of the plot.
const PLOT: f64 = 300.0;
/// Room for the labels of the upright axis.
const LABELS: f64 = 64.0;
/// Minutes shown on either side of the window.
const BEYOND: f64 = 50.0;
const MINUTES: f64 = 1440.0;
/// The night.
const NIGHT: Colour = Colour(0xb4, 0xb8, 0xc4);
/// A day.
const DAY: Colour = Colour(0xfb, 0xf3, 0xd6);

/// Dusk or dawn over a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Twilight {
    /// Whether it is dusk; else dawn.
    pub is_evening: bool,
    /// The days in their order.
    pub days: Vec<TwilightDay>,
    /// First and last minute of the hours that are looked at.
    pub window: (f64, f64),
    /// What the hours are called.
    pub window_label: String,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub struct TwilightDay {
    /// Printed below the axis where not empty: the name of a month at its first day.
    pub label: String,
    /// Sunset or sunrise in minutes of the local clock.
    pub horizon: f64,
    /// Civil dusk or dawn in minutes of the local clock.
    pub civil: f64,
}

/// Which of the two curves.
type Pick = fn(&TwilightDay) -> f64;

/// Where things lie.
struct Plot {
    left: f64,
    width: f64,
    top: f64,
    bottom: f64,
    /// Lowest and highest minute.
    range: (f64, f64),
}

impl Plot {
    fn across(&self, day: usize) -> f64 {
        self.left + self.width * day as f64
    }

    /// Later is higher.
    fn up(&self, minute: f64) -> f64 {
        let (low, high) = self.range;
        let part = (minute - low) / (high - low);
        let part = if part.is_nan() {
            0.0
        } else {
            part.clamp(0.0, 1.0)
        };
        self.bottom - part * (self.bottom - self.top)
    }
}

impl Twilight {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        if self.days.len() < 2 {
            return empty(canvas, top, "There are no days to draw.");
        }
        let minute = |value: f64| {
            if value.is_finite() {
                value.clamp(0.0, MINUTES)
            } else {
                0.0
            }
        };
        let window = (minute(self.window.0), minute(self.window.1));
        let below_legend = self.legend(canvas, top);
        let plot = Plot {
            left: MARGIN + LABELS,
            width: (RIGHT - MARGIN - LABELS) / (self.days.len() - 1) as f64,
            top: below_legend,
            bottom: below_legend + PLOT,
            range: (
                (window.0.min(window.1) - BEYOND).max(0.0),
                (window.0.max(window.1) + BEYOND).min(MINUTES),
            ),
        };
        self.ground(canvas, &plot);
        self.hours(canvas, &plot);
        self.draw_window(canvas, &plot, window);
        self.curve(canvas, &plot, |day| day.horizon, 1.2);
        self.curve(canvas, &plot, |day| day.civil, 3.0);
        self.months(canvas, &plot)
    }

    /// Day, twilight and night as areas.
    fn ground(&self, canvas: &mut Canvas, plot: &Plot) {
        let (below, above) = if self.is_evening {
            (DAY, NIGHT)
        } else {
            (NIGHT, DAY)
        };
        let right = plot.across(self.days.len() - 1);
        canvas.rect((plot.left, plot.top), (right, plot.bottom), solid(above));
        let edge = |pick: Pick| -> Vec<Point> {
            let points = self.days.iter().enumerate();
            points
                .map(|(i, day)| (plot.across(i), plot.up(pick(day))))
                .collect()
        };
        let (lower, upper): (Pick, Pick) = if self.is_evening {
            (|day| day.horizon, |day| day.civil)
        } else {
            (|day| day.civil, |day| day.horizon)
        };
        for (pick, ink) in [(upper, PAPER), (lower, below)] {
            let mut corners = edge(pick);
            corners.push((right, plot.bottom));
            corners.push((plot.left, plot.bottom));
            canvas.polygon(corners, solid(ink));
        }
    }

    fn hours(&self, canvas: &mut Canvas, plot: &Plot) {
        let right = plot.across(self.days.len() - 1);
        for hour in 0..=24_u32 {
            let minute = f64::from(hour) * 60.0;
            if minute < plot.range.0 || minute > plot.range.1 {
                continue;
            }
            let y = plot.up(minute);
            canvas.line((plot.left, y), (right, y), thin(GRID));
            let lettering = Lettering {
                x: plot.left - 8.0,
                baseline: centred(y, SMALL),
                anchor: Anchor::End,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, &format!("{hour:02}:00"));
        }
    }

    fn draw_window(&self, canvas: &mut Canvas, plot: &Plot, window: (f64, f64)) {
        let right = plot.across(self.days.len() - 1);
        let stroke = Stroke {
            colour: colour(1),
            width: 2.0,
        };
        for minute in [window.0, window.1] {
            let y = plot.up(minute);
            canvas.dashed((plot.left, y), (right, y), (stroke, 7.0));
        }
        let y = plot.up(window.1.max(window.0));
        let lettering = Lettering {
            x: plot.left + 8.0,
            baseline: y - 7.0,
            anchor: Anchor::Start,
            font: SMALL_STRONG,
            colour: colour(1),
        };
        text_on_page(canvas, lettering, &self.window_label);
    }

    fn curve(
        &self,
        canvas: &mut Canvas,
        plot: &Plot,
        pick: impl Fn(&TwilightDay) -> f64,
        width: f64,
    ) {
        let points = self.days.iter().enumerate();
        let points = points.map(|(i, day)| (plot.across(i), plot.up(pick(day))));
        let stroke = Stroke {
            colour: colour(0),
            width,
        };
        canvas.path(points.collect(), stroke);
    }

    fn months(&self, canvas: &mut Canvas, plot: &Plot) -> f64 {
        let right = plot.across(self.days.len() - 1);
        canvas.line((plot.left, plot.bottom), (right, plot.bottom), thin(INK));
        let mut free_from = f64::NEG_INFINITY;
        for (i, day) in self
            .days
            .iter()
            .enumerate()
            .filter(|(_, day)| !day.label.is_empty())
        {
            let x = plot.across(i);
            canvas.line((x, plot.bottom), (x, plot.bottom + 6.0), thin(FRAME));
            let width = text_width(&day.label, SMALL);
            if x < free_from || x + width > RIGHT + 8.0 {
                continue;
            }
            let lettering = Lettering {
                x: x + 2.0,
                baseline: plot.bottom + 20.0,
                anchor: Anchor::Start,
                font: SMALL,
                colour: MUTED,
            };
            canvas.text(lettering, &day.label);
            free_from = x + width + 10.0;
        }
        plot.bottom + 26.0
    }

    fn legend(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let (civil, horizon) = if self.is_evening {
            ("civil dusk", "sunset")
        } else {
            ("civil dawn", "sunrise")
        };
        let (baseline, middle) = (top + SMALL.size, top + 0.6 * SMALL.size);
        let mut x = MARGIN;
        let mut name = |canvas: &mut Canvas, text: &str, ink: Sample| {
            match ink {
                Sample::Area(ink) => {
                    let corners = ((x, middle - 7.0), (x + 22.0, middle + 7.0));
                    canvas.rect(corners.0, corners.1, solid(tint(FRAME)));
                    canvas.rect(
                        (x + 1.0, middle - 6.0),
                        (x + 21.0, middle + 6.0),
                        solid(ink),
                    );
                }
                Sample::Line(width) => {
                    let stroke = Stroke {
                        colour: colour(0),
                        width,
                    };
                    canvas.line((x, middle), (x + 22.0, middle), stroke);
                }
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
        name(canvas, "daylight", Sample::Area(DAY));
        name(canvas, "twilight, left out", Sample::Area(PAPER));
        name(canvas, "darkness", Sample::Area(NIGHT));
        name(canvas, horizon, Sample::Line(1.2));
        name(canvas, civil, Sample::Line(3.0));
        top + 30.0
    }
}

/// What a name in the legend stands for.
enum Sample {
    Area(Colour),
    Line(f64),
}
