//! Places as circles: one group's rate against the reference group's, with the line of equal rates.

use super::frame::{self, MARGIN, RIGHT, block};
use super::labels::Rect;
use super::legend::{self, Item, Sample};
use super::palette::{INK, colour};
use super::parts::AxisScale;
use super::scale::{Extent, Scale};
use super::scatter_panel::{LEAST_RADIUS, Plot, Shared, TickLabels};
use super::svg::{Anchor, Canvas, Point, text_width};
use super::text::{SMALL, STRONG, line_height, wrap};
use super::ticks::ticks;
use crate::number::Style;

/// One to three square panels with the same scale on both axes; circle area is proportional to [`Place::size`].
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceScatter {
    /// The reference group's rate, below every panel: `White: stops per 1,000 residents`.
    pub x_label: String,
    /// How tick labels are written.
    pub style: Style,
    /// Scale of both axes.
    pub scale: AxisScale,
    /// What the diagonal stands for: `equal rates`.
    pub equal_label: String,
    /// What the circle area counts: `stops of both groups`.
    pub size_label: String,
    /// Names of the series in order of [`Place::series`], such as `287(g) agreement` and `none`.
    pub series: Vec<String>,
    /// What a hollow circle pools: `places below 100 stops, pooled`; printed when one is drawn.
    pub pooled_label: String,
    /// One panel per group; more than three go on further lines.
    pub panels: Vec<ScatterPanel>,
}

/// One panel of a [`PlaceScatter`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPanel {
    /// The group: `Hispanic drivers`.
    pub title: String,
    /// The group's rate, printed above the vertical axis: `Hispanic: stops per 1,000 residents`.
    pub y_label: String,
    /// The circles.
    pub places: Vec<Place>,
}

/// One circle.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Name for a direct label.
    pub name: String,
    /// The reference group's rate; a place with an undefined rate is not drawn, and counted below the panel.
    pub x: Option<f64>,
    /// The panel group's rate.
    pub y: Option<f64>,
    /// What the area is proportional to, such as the number of stops.
    pub size: f64,
    /// Which entry of [`PlaceScatter::series`] this belongs to.
    pub series: usize,
    /// One place or several.
    pub kind: PlaceKind,
    /// Whether its name is wanted in the picture.
    pub naming: Naming,
}

/// What a circle stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PlaceKind {
    /// One place: a filled circle.
    #[default]
    Single,
    /// Several places counted together: a hollow circle.
    Pooled,
}

/// When a place is labelled with its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Naming {
    /// When it is among the largest and there is room.
    #[default]
    Automatic,
    /// Wherever there is room, before all automatic ones, if need be with a leader line.
    Wanted,
    /// Never.
    Off,
}

/// Space between panels.
const GAP: f64 = 30.0;
/// Panels side by side.
const ACROSS: usize = 3;
/// Widest square of a single panel.
const WIDEST: f64 = 660.0;
/// Space between tick labels and the first panel.
const TICK: f64 = 12.0;
/// Order of the palette for circles, which have no shapes: the colours furthest apart in grey come first.
const PAINT: [usize; 4] = [0, 5, 1, 2];

/// Entry of the palette for circles of a series.
pub(super) fn paint(series: usize) -> usize {
    PAINT[series % PAINT.len()]
}

impl PlaceScatter {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        if self.rates().next().is_none() {
            return frame::empty(
                canvas,
                top,
                "There are no places with a defined rate of both groups to show.",
            );
        }
        let labels = self.label_width();
        let shared = self.shared(labels);
        let mut y = legend::draw(canvas, top, &self.legend(&shared));
        for panels in self.panels.chunks(ACROSS) {
            y = draw_panels(canvas, (MARGIN + labels + TICK, y), (&shared, panels)) + 8.0;
        }
        y
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.panels.iter().flat_map(|p| &p.places)
    }

    /// Both rates of every place that can be drawn.
    fn rates(&self) -> impl Iterator<Item = (f64, f64)> {
        self.places().filter_map(Place::rates)
    }

    fn extent(&self) -> Extent {
        let mut extent = Extent::new(self.scale);
        self.rates().for_each(|(x, y)| {
            extent.value(x);
            extent.value(y);
        });
        extent
    }

    /// Width of the widest tick label at the vertical axis.
    fn label_width(&self) -> f64 {
        let ticks = ticks(&Scale::new(&self.extent(), (0.0, WIDEST)), self.style);
        ticks
            .major
            .iter()
            .map(|t| text_width(&t.text, SMALL))
            .fold(0.0, f64::max)
            .ceil()
    }

    fn shared(&self, labels: f64) -> Shared<'_> {
        let across = self.panels.len().clamp(1, ACROSS) as f64;
        let room = RIGHT - MARGIN - labels - TICK - GAP * (across - 1.0);
        let side = (room / across).min(WIDEST).floor();
        let drawn = self.places().filter(|p| p.rates().is_some());
        let largest = drawn
            .map(|p| p.size)
            .filter(|s| s.is_finite())
            .fold(0.0, f64::max);
        Shared {
            chart: self,
            extent: self.extent(),
            side,
            largest: ((side * 0.05).clamp(13.0, 26.0), largest),
        }
    }

    fn legend(&self, shared: &Shared) -> Vec<Item> {
        let drawn = || self.places().filter(|p| p.rates().is_some());
        let mut items = Vec::new();
        if self.series.len() > 1 {
            let used = self
                .series
                .iter()
                .enumerate()
                .filter(|(i, _)| drawn().any(|p| p.series == *i));
            items.extend(
                used.map(|(i, name)| Item::new(Sample::Circle(7.5, Some(colour(paint(i)))), name)),
            );
        }
        if drawn().any(|p| p.kind == PlaceKind::Pooled) && !self.pooled_label.is_empty() {
            items.push(Item::new(
                Sample::Circle(7.5, None),
                format!("hollow: {}", self.pooled_label),
            ));
        }
        items.extend(size_key(shared));
        if self
            .rates()
            .any(|(x, y)| shared.is_beyond(x) || shared.is_beyond(y))
        {
            let zero = if self.scale == AxisScale::Log {
                "rate of 0, or beyond the axis"
            } else {
                "beyond the axis"
            };
            items.push(Item::new(Sample::Arrow, zero));
        }
        items
    }
}

impl Place {
    /// Both rates, if they are defined.
    pub(super) fn rates(&self) -> Option<(f64, f64)> {
        let known = |rate: Option<f64>| rate.filter(|r| !r.is_nan());
        Some((known(self.x)?, known(self.y)?))
    }
}

/// Circles of two round sizes, and whether small ones are drawn larger than in proportion.
fn size_key(shared: &Shared) -> Vec<Item> {
    let (radius, largest) = shared.largest;
    if largest < 10.0 {
        return Vec::new();
    }
    let (large, small) = (round_below(largest), round_below(largest / 10.0));
    let show = |size: f64| Style::Count.show(Some(size));
    let text = format!(
        "{} and {} {} (area in proportion)",
        show(large),
        show(small),
        shared.chart.size_label
    );
    let mut items = vec![Item::new(
        Sample::Sizes(shared.radius(large), shared.radius(small)),
        text,
    )];
    let least = largest * (LEAST_RADIUS / radius) * (LEAST_RADIUS / radius);
    if shared
        .chart
        .places()
        .any(|p| p.rates().is_some() && p.size < least)
    {
        let text = format!(
            "below {}: drawn larger than in proportion",
            show(least.round())
        );
        items.push(Item::new(Sample::Circle(LEAST_RADIUS, Some(INK)), text));
    }
    items
}

/// A round number (1, 2 or 5 times a power of ten) not above a positive size.
fn round_below(size: f64) -> f64 {
    let decade = libm::exp10(libm::floor(libm::log10(size)));
    let digit = [5.0, 2.0]
        .into_iter()
        .find(|d| d * decade <= size)
        .unwrap_or(1.0);
    digit * decade
}

/// Panels side by side from a corner; returns their lower end.
fn draw_panels(
    canvas: &mut Canvas,
    (left, top): Point,
    (shared, panels): (&Shared, &[ScatterPanel]),
) -> f64 {
    let side = shared.side;
    let heads: Vec<[Vec<String>; 2]> = panels
        .iter()
        .map(|p| [wrap(&p.title, STRONG, side), wrap(&p.y_label, SMALL, side)])
        .collect();
    let height = |[title, label]: &[Vec<String>; 2]| {
        line_height(STRONG) * title.len() as f64 + line_height(SMALL) * label.len() as f64
    };
    let plot = top + heads.iter().map(height).fold(0.0, f64::max) + 8.0;
    let mut bottom = plot;
    for (i, (panel, head)) in panels.iter().zip(&heads).enumerate() {
        let left = left + (side + GAP) * i as f64;
        let y = block(
            canvas,
            &head[0],
            (left, plot - 6.0 - height(head), Anchor::Start),
            (STRONG, INK),
        );
        block(canvas, &head[1], (left, y, Anchor::Start), (SMALL, INK));
        let frame = Rect {
            left,
            top: plot,
            right: left + side,
            bottom: plot + side,
        };
        let labels = if i == 0 {
            TickLabels::Left
        } else {
            TickLabels::None
        };
        bottom = bottom.max(
            Plot {
                shared,
                panel,
                frame,
            }
            .draw(canvas, labels),
        );
    }
    bottom
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reference_circles_have_round_sizes() {
        assert_eq!(
            [9.0, 10.0, 49.0, 7_300.0, 1.0]
                .map(round_below)
                .map(|v| v as u64),
            [5, 10, 20, 5_000, 1]
        );
    }

    #[test]
    fn a_place_without_both_rates_is_not_drawn() {
        let place = |x, y| Place {
            name: String::new(),
            x,
            y,
            size: 1.0,
            series: 0,
            kind: PlaceKind::Single,
            naming: Naming::Off,
        };
        assert_eq!(place(Some(1.0), Some(f64::NAN)).rates(), None);
        assert_eq!(place(None, Some(2.0)).rates(), None);
        assert_eq!(place(Some(0.0), Some(2.0)).rates(), Some((0.0, 2.0)));
    }
}
