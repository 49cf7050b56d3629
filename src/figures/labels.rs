//! Names beside circles, placed so that they overlap neither each other nor the circles.

use super::svg::{Anchor, Font, Point, text_width};

/// Narrower than any name: pieces of lines, which a leader may cross though a name may not.
const SPECK: f64 = 6.0;

/// A rectangle by its corners.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn around((x, y): Point, radius: f64) -> Self {
        Self {
            left: x - radius,
            top: y - radius,
            right: x + radius,
            bottom: y + radius,
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, other: &Self) -> bool {
        self.left <= other.left
            && self.right >= other.right
            && self.top <= other.top
            && self.bottom >= other.bottom
    }
}

/// A place found for a name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spot {
    pub(super) x: f64,
    pub(super) baseline: f64,
    pub(super) anchor: Anchor,
    /// Line from the rim of the circle to the name, when the name is not right beside it.
    pub(super) leader: Option<(Point, Point)>,
}

/// How far from its circle a name may be put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Beside,
    WithLeader,
}

/// What is taken already, and the bounds within which names stay.
pub(super) struct Room {
    bounds: Rect,
    circles: Vec<Rect>,
    taken: Vec<Rect>,
    font: Font,
}

/// Directions tried in this order; names are read best at the right of their circle.
const DIRECTIONS: [Point; 8] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.71, -0.71),
    (-0.71, -0.71),
    (0.71, 0.71),
    (-0.71, 0.71),
    (0.0, -1.0),
    (0.0, 1.0),
];
/// Distances from the rim of the circle: the first is beside it, the others need a leader.
const DISTANCES: [f64; 6] = [4.0, 18.0, 30.0, 44.0, 60.0, 80.0];

impl Room {
    pub(super) fn new(bounds: Rect, circles: Vec<Rect>, font: Font) -> Self {
        Self {
            bounds,
            circles,
            taken: Vec::new(),
            font,
        }
    }

    /// Takes more space.
    pub(super) fn keep_free(&mut self, taken: impl Iterator<Item = Rect>) {
        self.taken.extend(taken);
    }

    /// Finds a place for a name at a circle and keeps it for that name.
    pub(super) fn place(&mut self, name: &str, circle: (Point, f64), reach: Reach) -> Option<Spot> {
        let width = text_width(name, self.font);
        let distances = if reach == Reach::Beside {
            &DISTANCES[..1]
        } else {
            &DISTANCES[..]
        };
        for distance in distances {
            for direction in DIRECTIONS {
                let (from, to) = (
                    towards(circle, direction, 0.0),
                    towards(circle, direction, *distance),
                );
                let rect = self.rect(to, direction, width);
                let leader = (*distance > DISTANCES[0])
                    .then_some((from, towards(circle, direction, distance - 2.0)));
                if self.is_free(&rect, circle) && leader.is_none_or(|l| self.is_clear(l, circle)) {
                    self.taken.push(rect);
                    self.taken.extend(leader.iter().flat_map(steps));
                    return Some(self.spot(rect, direction, leader));
                }
            }
        }
        None
    }

    fn is_free(&self, rect: &Rect, (centre, radius): (Point, f64)) -> bool {
        let own = Rect::around(centre, radius);
        let others = self.circles.iter().filter(|c| **c != own);
        self.bounds.holds(rect) && self.taken.iter().chain(others).all(|t| !t.meets(rect))
    }

    /// Whether a leader line passes no name and no circle but those its own circle lies in.
    fn is_clear(&self, leader: (Point, Point), (centre, _): (Point, f64)) -> bool {
        let points: Vec<Rect> = steps(&leader).collect();
        let around = Rect::around(centre, 0.5);
        let others = self
            .circles
            .iter()
            .filter(|c| !c.meets(&around))
            .chain(self.taken.iter().filter(|t| t.right - t.left > SPECK));
        others
            .into_iter()
            .all(|other| points.iter().all(|p| !other.meets(p)))
    }

    /// The rectangle of a name that begins at a point and lies in a direction from it.
    fn rect(&self, (x, y): Point, direction: Point, width: f64) -> Rect {
        let height = self.font.size * 0.95;
        let left = if direction.0 > 0.1 {
            x
        } else if direction.0 < -0.1 {
            x - width
        } else {
            x - width / 2.0
        };
        let top = y - height / 2.0 + direction.1 * height / 2.0;
        Rect {
            left,
            top,
            right: left + width,
            bottom: top + height,
        }
    }

    fn spot(&self, rect: Rect, direction: Point, leader: Option<(Point, Point)>) -> Spot {
        let baseline = rect.top + 0.78 * self.font.size;
        let (x, anchor) = if direction.0 > 0.1 {
            (rect.left, Anchor::Start)
        } else if direction.0 < -0.1 {
            (rect.right, Anchor::End)
        } else {
            (f64::midpoint(rect.left, rect.right), Anchor::Middle)
        };
        Spot {
            x,
            baseline,
            anchor,
            leader,
        }
    }
}

/// Small squares along a line.
fn steps(&(from, to): &(Point, Point)) -> impl Iterator<Item = Rect> + use<> {
    let parts = (0..=8).map(|i| f64::from(i) / 8.0);
    parts.map(move |t| {
        Rect::around(
            (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t),
            1.5,
        )
    })
}

/// The point at a distance from the rim of a circle.
fn towards(((x, y), radius): (Point, f64), direction: Point, distance: f64) -> Point {
    (
        x + direction.0 * (radius + distance),
        y + direction.1 * (radius + distance),
    )
}

#[cfg(test)]
mod tests {
    use super::super::text::SMALL;
    use super::*;

    #[test]
    fn names_never_overlap_and_stay_within_bounds() {
        let bounds = Rect {
            left: 0.0,
            top: 0.0,
            right: 300.0,
            bottom: 200.0,
        };
        let circles: Vec<(Point, f64)> = (0..30)
            .map(|i| {
                (
                    (
                        10.0 + f64::from(i % 6) * 50.0,
                        15.0 + f64::from(i / 6) * 40.0,
                    ),
                    5.0,
                )
            })
            .collect();
        let mut room = Room::new(
            bounds,
            circles.iter().map(|c| Rect::around(c.0, c.1)).collect(),
            SMALL,
        );
        let placed = circles
            .iter()
            .filter(|c| room.place("Alamance", **c, Reach::WithLeader).is_some())
            .count();
        assert!(placed > 5, "{placed} of 30");
        let names: Vec<&Rect> = room
            .taken
            .iter()
            .filter(|t| t.right - t.left > SPECK)
            .collect();
        for (i, a) in names.iter().enumerate() {
            assert!(bounds.holds(a));
            assert!(names[..i].iter().all(|b| !a.meets(b)));
            assert!(
                room.circles.iter().filter(|c| c.meets(a)).count() <= 1,
                "only its own circle"
            );
        }
    }

    #[test]
    fn a_name_wider_than_the_panel_has_no_place() {
        let mut room = Room::new(Rect::around((0.0, 0.0), 20.0), Vec::new(), SMALL);
        assert_eq!(
            room.place("Metropolitan", ((0.0, 0.0), 2.0), Reach::WithLeader),
            None
        );
    }
}
