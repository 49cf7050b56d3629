//! Colours, greys and marker shapes of the series.
//!
//! Hues follow Okabe and Ito (safe for the colour-blind), moved in lightness until every two series differ in grey
//! by a sixteenth of the scale at least; each series has a shape of its own besides. Hollow is not a series: it says
//! that an interval is missing or that a circle pools several places.

use super::svg::{Canvas, Colour, Fill, Point, Stroke};

/// Text and axes.
pub(super) const INK: Colour = Colour(0x1a, 0x1a, 0x1a);
/// Secondary text.
pub(super) const MUTED: Colour = Colour(0x4d, 0x4d, 0x4d);
/// Grid lines.
pub(super) const GRID: Colour = Colour(0xdc, 0xdc, 0xdc);
/// Lines between rows.
pub(super) const HAIRLINE: Colour = Colour(0xe9, 0xe9, 0xe9);
/// Ticks without a label and frames.
pub(super) const FRAME: Colour = Colour(0x8c, 0x8c, 0x8c);
/// The page.
pub(super) const PAPER: Colour = Colour(0xff, 0xff, 0xff);

/// Opacity of the circles of places, so that those below others are seen.
pub(super) const CIRCLE_OPACITY: f64 = 0.75;

const SERIES: [(Colour, Shape); 6] = [
    (Colour(0x0a, 0x2f, 0x5a), Shape::Circle),
    (Colour(0xb8, 0x44, 0x00), Shape::Square),
    (Colour(0x56, 0xb0, 0xe4), Shape::Triangle),
    (Colour(0x6a, 0x2c, 0x80), Shape::Diamond),
    (Colour(0x30, 0xa8, 0x78), Shape::Wedge),
    (Colour(0xe2, 0xb1, 0x00), Shape::Cross),
];

/// Marker of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Square,
    Triangle,
    Diamond,
    Wedge,
    Cross,
}

/// Whether a marker is filled with its colour or with the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body {
    Solid,
    Hollow,
}

/// Colour of a series; after six they repeat.
pub(super) fn colour(series: usize) -> Colour {
    SERIES[series % SERIES.len()].0
}

/// Marker shape of a series.
pub(super) fn shape(series: usize) -> Shape {
    SERIES[series % SERIES.len()].1
}

/// The colour mixed with the page, for lines that must stay behind.
pub(super) fn tint(Colour(r, g, b): Colour) -> Colour {
    let half = |channel: u8| 255 - (255 - channel) / 2;
    Colour(half(r), half(g), half(b))
}

/// Opaque fill.
pub(super) fn solid(colour: Colour) -> Fill {
    Fill {
        colour,
        opacity: 1.0,
    }
}

/// The marker of a series with a thin margin of page around it, so that it stands off its own whisker.
pub(super) fn marker(canvas: &mut Canvas, centre: Point, series: usize, body: Body) {
    let (ink, shape) = (colour(series), shape(series));
    silhouette(canvas, (shape, centre), 1.0, PAPER);
    silhouette(canvas, (shape, centre), 0.0, ink);
    if body == Body::Hollow {
        silhouette(canvas, (shape, centre), -2.0, PAPER);
    }
}

/// The shape grown by `margin` pixels on all sides.
fn silhouette(canvas: &mut Canvas, (shape, centre): (Shape, Point), margin: f64, colour: Colour) {
    let fill = solid(colour);
    match shape {
        Shape::Circle => canvas.disc(centre, 5.2 + margin, fill),
        other => canvas.polygon(
            outline(other, margin)
                .iter()
                .map(|p| (centre.0 + p.0, centre.1 + p.1))
                .collect(),
            fill,
        ),
    }
}

/// Corners around the centre; corners sharper than a right angle move further than the margin.
fn outline(shape: Shape, margin: f64) -> Vec<Point> {
    match shape {
        Shape::Circle => Vec::new(),
        Shape::Square => turn(&[(4.7 + margin, 4.7 + margin)]),
        Shape::Diamond => turn(&[(0.0, 6.5 + 1.41 * margin)]),
        Shape::Triangle => triangle(6.6 + 2.0 * margin).to_vec(),
        Shape::Wedge => triangle(6.6 + 2.0 * margin).map(|(x, y)| (x, -y)).to_vec(),
        Shape::Cross => {
            let (arm, half) = (6.8 + margin, 2.6 + margin.max(-1.6));
            turn(&[(half, arm), (half, half), (arm, half)])
        }
    }
}

/// The points and their images under quarter turns, in order around the centre.
fn turn(points: &[Point]) -> Vec<Point> {
    let mut all = Vec::with_capacity(points.len() * 4);
    let mut quarter = points.to_vec();
    for _ in 0..4 {
        all.extend(quarter.iter().copied());
        quarter = quarter.iter().map(|(x, y)| (*y, -*x)).collect();
    }
    all
}

/// Equilateral, standing on its base, with the given distance from centre to corner.
fn triangle(reach: f64) -> [Point; 3] {
    [
        (0.0, -reach),
        (0.866 * reach, 0.5 * reach),
        (-0.866 * reach, 0.5 * reach),
    ]
}

/// A solid arrowhead with its tip at `tip`, pointing along `direction` (a unit vector).
pub(super) fn arrowhead(canvas: &mut Canvas, tip: Point, direction: Point, colour: Colour) {
    let (length, half) = (8.0, 4.6);
    let base = (tip.0 - direction.0 * length, tip.1 - direction.1 * length);
    let side = (-direction.1 * half, direction.0 * half);
    canvas.polygon(
        vec![
            tip,
            (base.0 + side.0, base.1 + side.1),
            (base.0 - side.0, base.1 - side.1),
        ],
        solid(colour),
    );
}

/// A line as wide as the ink of a frame.
pub(super) fn thin(colour: Colour) -> Stroke {
    Stroke { colour, width: 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(Colour(r, g, b): Colour) -> f64 {
        0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b)
    }

    #[test]
    fn every_two_series_differ_in_grey_and_shape() {
        for a in 0..SERIES.len() {
            for b in 0..a {
                let apart = (grey(colour(a)) - grey(colour(b))).abs();
                assert!(apart > 15.0, "series {a} and {b} are {apart} apart in grey");
                assert_ne!(shape(a), shape(b));
            }
        }
    }

    #[test]
    fn outlines_go_once_around() {
        assert_eq!(outline(Shape::Square, 0.0).len(), 4);
        assert_eq!(outline(Shape::Cross, 0.0).len(), 12);
        assert_eq!(tint(Colour(0, 100, 255)), Colour(128, 178, 255));
    }
}
