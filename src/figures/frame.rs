//! What surrounds every chart: title and subtitle above, notes and foot below.

use super::Figure;
use super::palette::{FRAME, INK, MUTED, PAPER, solid, thin};
use super::svg::{Anchor, Canvas, Colour, Font, Lettering, text_width};
use super::text::{BODY, SMALL, SUBTITLE, TITLE, line_height, wrap};

/// Width of every picture in nominal pixels.
pub(super) const WIDTH: f64 = 960.0;
/// White space left and right.
pub(super) const MARGIN: f64 = 24.0;
/// Right end of everything drawn.
pub(super) const RIGHT: f64 = WIDTH - MARGIN;

/// Draws title and subtitle and returns where the chart may begin.
pub(super) fn header(canvas: &mut Canvas, figure: &Figure) -> f64 {
    let y = paragraph(canvas, 18.0, &figure.title, (TITLE, INK));
    paragraph(canvas, y + 2.0, &figure.subtitle, (SUBTITLE, MUTED)) + 12.0
}

/// Draws notes and foot and returns the height of the picture.
pub(super) fn footer(canvas: &mut Canvas, top: f64, figure: &Figure) -> f64 {
    let top = top + 16.0;
    canvas.line((MARGIN, top), (RIGHT, top), thin(FRAME));
    let mut y = top + 6.0;
    for note in &figure.notes {
        y = paragraph(canvas, y, note, (SMALL, INK)) + 3.0;
    }
    paragraph(canvas, y + 3.0, &figure.foot, (SMALL, MUTED)) + 14.0
}

/// Draws the frame of a chart that has nothing to show, and returns its lower end.
pub(super) fn empty(canvas: &mut Canvas, top: f64, sentence: &str) -> f64 {
    let bottom = top + 120.0;
    let corners = vec![
        (MARGIN, top),
        (RIGHT, top),
        (RIGHT, bottom),
        (MARGIN, bottom),
        (MARGIN, top),
    ];
    canvas.path(corners, thin(FRAME));
    let baseline = top + 65.0;
    canvas.text(
        Lettering {
            x: WIDTH / 2.0,
            baseline,
            anchor: Anchor::Middle,
            font: BODY,
            colour: MUTED,
        },
        sentence,
    );
    bottom
}

/// A text over the full width from `top` downwards; returns its lower end.
pub(super) fn paragraph(canvas: &mut Canvas, top: f64, text: &str, style: (Font, Colour)) -> f64 {
    let lines = wrap(text, style.0, RIGHT - MARGIN);
    block(canvas, &lines, (MARGIN, top, Anchor::Start), style)
}

/// Lines below one another from `top` downwards; returns their lower end.
pub(super) fn block(
    canvas: &mut Canvas,
    lines: &[String],
    (x, top, anchor): (f64, f64, Anchor),
    (font, colour): (Font, Colour),
) -> f64 {
    let height = line_height(font);
    for (i, line) in lines.iter().enumerate() {
        let baseline = top + height * i as f64 + font.size;
        canvas.text(
            Lettering {
                x,
                baseline,
                anchor,
                font,
                colour,
            },
            line,
        );
    }
    top + height * lines.len() as f64
}

/// A text on a strip of page, so that grid lines do not run through it.
pub(super) fn text_on_page(canvas: &mut Canvas, lettering: Lettering, text: &str) {
    let (width, size) = (text_width(text, lettering.font), lettering.font.size);
    let left = match lettering.anchor {
        Anchor::Start => lettering.x,
        Anchor::Middle => lettering.x - width / 2.0,
        Anchor::End => lettering.x - width,
    };
    let corner = (left - 3.0, lettering.baseline - 0.8 * size);
    canvas.rect(
        corner,
        (left + width + 3.0, lettering.baseline + 0.28 * size),
        solid(PAPER),
    );
    canvas.text(lettering, text);
}
