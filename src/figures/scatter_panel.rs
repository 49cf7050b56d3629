//! One square panel of a scatter of places: grid, diagonal, circles and names.

use super::frame::{block, text_on_page};
use super::labels::{Reach, Rect, Room};
use super::palette::{CIRCLE_OPACITY, FRAME, GRID, INK, MUTED, arrowhead, colour, thin};
use super::place_scatter::{Naming, Place, PlaceKind, PlaceScatter, ScatterPanel, paint};
use super::scale::{Extent, Scale, Spot};
use super::svg::{Anchor, Canvas, Fill, Lettering, Point, Stroke, text_width};
use super::text::{SMALL, centred, line_height, shorten, wrap};
use super::ticks::{Ticks, ticks};
use crate::number;

/// Space between the frame and the largest circle at the end of a scale.
const INSET: f64 = 3.0;
/// A circle smaller than this cannot be seen.
pub(super) const LEAST_RADIUS: f64 = 1.8;
/// Names in a panel of full width; narrow panels have fewer.
const MOST_NAMES: f64 = 8.0;
/// Longest name.
const NAME: f64 = 150.0;

/// What all panels share.
pub(super) struct Shared<'a> {
    pub(super) chart: &'a PlaceScatter,
    pub(super) extent: Extent,
    /// Side of a panel.
    pub(super) side: f64,
    /// Radius of the largest circle and the size that it stands for.
    pub(super) largest: (f64, f64),
}

impl Shared<'_> {
    /// Whether the axes cannot show a rate.
    pub(super) fn is_beyond(&self, rate: f64) -> bool {
        !matches!(self.scale((0.0, 1.0)).spot(rate), Some(Spot::At(_)))
    }

    pub(super) fn scale(&self, stretch: (f64, f64)) -> Scale {
        Scale::new(&self.extent, stretch)
    }

    /// Radius of a circle whose area is in proportion to the size, unless it could not be seen.
    pub(super) fn radius(&self, size: f64) -> f64 {
        let (radius, largest) = self.largest;
        let part = if largest > 0.0 && size.is_finite() {
            (size / largest).clamp(0.0, 1.0)
        } else {
            0.0
        };
        (radius * part.sqrt()).max(LEAST_RADIUS)
    }
}

/// Whether a panel has labels at its vertical axis; panels to the right share those of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TickLabels {
    Left,
    None,
}

/// A panel in its frame.
pub(super) struct Plot<'a> {
    pub(super) shared: &'a Shared<'a>,
    pub(super) panel: &'a ScatterPanel,
    pub(super) frame: Rect,
}

/// A place in the picture.
struct Circle<'a> {
    place: &'a Place,
    centre: Point,
    radius: f64,
    /// Where the place lies if the axes cannot show it, (0, 0) if they can.
    beyond: Point,
}

impl Plot<'_> {
    /// Draws the panel and returns the lower end of its texts.
    pub(super) fn draw(&self, canvas: &mut Canvas, labels: TickLabels) -> f64 {
        let (x, y) = self.scales();
        let ticks = ticks(&x, self.shared.chart.style);
        self.draw_grid(canvas, (&x, &y), &ticks);
        self.draw_tick_labels(canvas, (&x, &y), &ticks, labels);
        canvas.line(
            (self.frame.left, self.frame.bottom),
            (self.frame.right, self.frame.top),
            Stroke {
                colour: INK,
                width: 1.6,
            },
        );
        let circles = self.circles((&x, &y));
        for circle in &circles {
            circle.draw(canvas);
        }
        let diagonal = self.draw_diagonal_name(canvas);
        let unnamed = self.draw_names(canvas, &circles, diagonal);
        self.draw_captions(canvas, &unnamed)
    }

    fn scales(&self) -> (Scale, Scale) {
        let Rect {
            left,
            top,
            right,
            bottom,
        } = self.frame;
        let inset = self.shared.largest.0 + INSET;
        let x = self.shared.scale((left + inset, right - inset));
        (x, x.along((bottom - inset, top + inset)))
    }

    fn draw_grid(&self, canvas: &mut Canvas, (x, y): (&Scale, &Scale), ticks: &Ticks) {
        let Rect {
            left,
            top,
            right,
            bottom,
        } = self.frame;
        for tick in &ticks.major {
            let (across, up) = (x.position(tick.value), y.position(tick.value));
            canvas.line((across, top), (across, bottom), thin(GRID));
            canvas.line((left, up), (right, up), thin(GRID));
        }
        let major = ticks.major.iter().map(|t| (t.value, 5.0));
        for (value, length) in major.chain(ticks.minor.iter().map(|v| (*v, 3.0))) {
            let (across, up) = (x.position(value), y.position(value));
            canvas.line((across, bottom), (across, bottom + length), thin(INK));
            canvas.line((left - length, up), (left, up), thin(INK));
        }
        canvas.path(
            vec![
                (left, top),
                (right, top),
                (right, bottom),
                (left, bottom),
                (left, top),
            ],
            thin(FRAME),
        );
    }

    fn draw_tick_labels(
        &self,
        canvas: &mut Canvas,
        (x, y): (&Scale, &Scale),
        ticks: &Ticks,
        labels: TickLabels,
    ) {
        for tick in &ticks.major {
            let across = (
                x.position(tick.value),
                self.frame.bottom + 20.0,
                Anchor::Middle,
            );
            let up = (
                self.frame.left - 9.0,
                centred(y.position(tick.value), SMALL),
                Anchor::End,
            );
            for (x, baseline, anchor) in [Some(across), (labels == TickLabels::Left).then_some(up)]
                .into_iter()
                .flatten()
            {
                canvas.text(
                    Lettering {
                        x,
                        baseline,
                        anchor,
                        font: SMALL,
                        colour: INK,
                    },
                    &tick.text,
                );
            }
        }
    }

    /// The places of this panel, the largest first, so that small circles lie on top.
    fn circles(&self, scales: (&Scale, &Scale)) -> Vec<Circle<'_>> {
        let mut circles: Vec<Circle> = self
            .panel
            .places
            .iter()
            .filter_map(|p| self.circle(p, scales))
            .collect();
        circles.sort_by(|a, b| {
            b.radius
                .total_cmp(&a.radius)
                .then_with(|| a.place.name.cmp(&b.place.name))
        });
        circles
    }

    fn circle<'p>(&self, place: &'p Place, (x, y): (&Scale, &Scale)) -> Option<Circle<'p>> {
        let rates = place.rates()?;
        let side = |scale: &Scale, rate: f64| match scale.spot(rate) {
            Some(Spot::Below) => -1.0,
            Some(Spot::Above) => 1.0,
            _ => 0.0,
        };
        let beyond = (side(x, rates.0), -side(y, rates.1));
        let centre = (x.position(rates.0), y.position(rates.1));
        Some(Circle {
            place,
            centre,
            radius: self.shared.radius(place.size),
            beyond,
        })
    }

    /// Names the diagonal at its upper end, below the line; returns the space taken.
    fn draw_diagonal_name(&self, canvas: &mut Canvas) -> Rect {
        let equal = &self.shared.chart.equal_label;
        let width = text_width(equal, SMALL);
        let (x, baseline) = (self.frame.right - 8.0, self.frame.top + width + 26.0);
        text_on_page(
            canvas,
            Lettering {
                x,
                baseline,
                anchor: Anchor::End,
                font: SMALL,
                colour: INK,
            },
            equal,
        );
        Rect {
            left: x - width - 3.0,
            top: baseline - 12.0,
            right: x + 3.0,
            bottom: baseline + 5.0,
        }
    }

    /// Small squares along the diagonal, on which no name is put.
    fn diagonal_steps(&self) -> impl Iterator<Item = Rect> {
        let Rect { left, bottom, .. } = self.frame;
        (0..(self.shared.side / 4.0) as u32)
            .map(f64::from)
            .map(move |i| Rect::around((left + 4.0 * i, bottom - 4.0 * i), 2.0))
    }

    /// Puts names to circles and returns the wanted ones that found no room.
    fn draw_names(&self, canvas: &mut Canvas, circles: &[Circle], diagonal: Rect) -> Vec<String> {
        let taken = circles
            .iter()
            .map(|c| Rect::around(c.centre, c.radius))
            .collect();
        let mut room = Room::new(self.frame, taken, SMALL);
        room.keep_free(std::iter::once(diagonal).chain(self.diagonal_steps()));
        let mut unnamed = Vec::new();
        for circle in circles.iter().filter(|c| c.place.naming == Naming::Wanted) {
            if !circle.draw_name(canvas, &mut room, Reach::WithLeader) {
                unnamed.push(circle.place.name.clone());
            }
        }
        let most = (MOST_NAMES * self.shared.side / 560.0).ceil() as usize;
        for circle in circles
            .iter()
            .filter(|c| c.place.naming == Naming::Automatic)
            .take(most)
        {
            circle.draw_name(canvas, &mut room, Reach::Beside);
        }
        unnamed
    }

    /// The horizontal axis' title and what could not be drawn; returns the lower end.
    fn draw_captions(&self, canvas: &mut Canvas, unnamed: &[String]) -> f64 {
        let middle = f64::midpoint(self.frame.left, self.frame.right);
        let title = wrap(&self.shared.chart.x_label, SMALL, self.shared.side);
        let mut y = block(
            canvas,
            &title,
            (middle, self.frame.bottom + 27.0, Anchor::Middle),
            (SMALL, INK),
        );
        let undefined = self
            .panel
            .places
            .iter()
            .filter(|p| p.rates().is_none())
            .count();
        let captions = [
            (undefined > 0).then(|| {
                format!(
                    "Not drawn, because a rate is undefined: {}",
                    number::count(undefined as u64)
                )
            }),
            (!unnamed.is_empty())
                .then(|| format!("Not named for want of room: {}", unnamed.join(", "))),
        ];
        for caption in captions.into_iter().flatten() {
            let lines = wrap(&caption, SMALL, self.shared.side);
            y = block(
                canvas,
                &lines,
                (self.frame.left, y + 4.0, Anchor::Start),
                (SMALL, MUTED),
            );
        }
        y.max(self.frame.bottom + 27.0 + line_height(SMALL))
    }
}

impl Circle<'_> {
    fn draw(&self, canvas: &mut Canvas) {
        let ink = colour(paint(self.place.series));
        // A dark rim keeps light circles apart on paper.
        let mut rim = self.radius;
        match self.place.kind {
            PlaceKind::Single => canvas.disc(
                self.centre,
                self.radius,
                Fill {
                    colour: ink,
                    opacity: CIRCLE_OPACITY,
                },
            ),
            PlaceKind::Pooled => {
                canvas.ring(
                    self.centre,
                    self.radius,
                    Stroke {
                        colour: ink,
                        width: 3.0,
                    },
                );
                rim += 1.5;
            }
        }
        canvas.ring(
            self.centre,
            rim,
            Stroke {
                colour: INK,
                width: 0.8,
            },
        );
        for direction in [(self.beyond.0, 0.0), (0.0, self.beyond.1)] {
            if direction != (0.0, 0.0) {
                let reach = self.radius.max(4.0) + 9.0;
                let tip = (
                    self.centre.0 + direction.0 * reach,
                    self.centre.1 + direction.1 * reach,
                );
                arrowhead(canvas, tip, direction, INK);
            }
        }
    }

    /// Draws the name if there is room for it.
    fn draw_name(&self, canvas: &mut Canvas, room: &mut Room, reach: Reach) -> bool {
        let name = shorten(&self.place.name, SMALL, NAME);
        let Some(spot) = room.place(&name, (self.centre, self.radius), reach) else {
            return false;
        };
        if let Some((from, to)) = spot.leader {
            canvas.line(from, to, thin(INK));
        }
        let lettering = Lettering {
            x: spot.x,
            baseline: spot.baseline,
            anchor: spot.anchor,
            font: SMALL,
            colour: INK,
        };
        canvas.text(lettering, &name);
        true
    }
}
