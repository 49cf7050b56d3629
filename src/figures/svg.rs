//! The canvas: shapes and text in, one SVG document out. The only file that knows the drawing library.
//!
//! Plotters draws on whole pixels, so shapes are kept in a list and replayed on a canvas ten times as large, whose
//! root element is then rewritten to the nominal size with the large view box. Text stays text. Strings are
//! expected to have gone through [`super::text::clean`]; escaping is done here and nowhere else.

use std::sync::Once;

use plotters::prelude::{
    DrawingBackend, FontStyle, IntoFont, RGBAColor, RGBColor, SVGBackend, ShapeStyle, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, register_font};

use super::FigureError;
use super::text::clean;

/// Regular face of the bundled font.
pub(super) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/EvenhandSans-Regular.ttf");
/// Semibold face of the bundled font.
pub(super) const SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/EvenhandSans-Semibold.ttf");
/// Family name of the bundled font.
pub(super) const FAMILY: &str = "Evenhand Sans";

/// Families for a reader that has not got the bundled font.
const FAMILIES: &str =
    "Evenhand Sans, Source Sans 3, Source Sans Pro, Helvetica, Arial, sans-serif";
/// Canvas units in a nominal pixel.
const UNITS: f64 = 10.0;
/// The library's font size is this multiple of the em it writes into the SVG.
const SIZE_PER_EM: f64 = 1.24;
/// The library measures by ascent plus descent of the font, which is this multiple of its em.
const HEIGHT_PER_EM: f64 = 1.257;

/// A colour of the printed page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Colour(pub(super) u8, pub(super) u8, pub(super) u8);

/// Stroke of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Semibold,
}

/// Size in nominal pixels and weight of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) weight: Weight,
}

/// Which point of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set: where its baseline is, and how it looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lettering {
    pub(super) x: f64,
    pub(super) baseline: f64,
    pub(super) anchor: Anchor,
    pub(super) font: Font,
    pub(super) colour: Colour,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) colour: Colour,
    pub(super) width: f64,
}

/// How a surface looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fill {
    pub(super) colour: Colour,
    pub(super) opacity: f64,
}

/// A point in nominal pixels, y downwards.
pub(super) type Point = (f64, f64);

/// Texts and size of the document around the shapes.
pub(super) struct Document<'a> {
    pub(super) id: &'a str,
    pub(super) title: &'a str,
    pub(super) description: &'a str,
    pub(super) width: f64,
    pub(super) height: f64,
}

enum Shape {
    Text(Lettering, String),
    Path(Vec<Point>, Stroke),
    Polygon(Vec<Point>, Fill),
    Disc(Point, f64, Fill),
    Ring(Point, f64, Stroke),
}

/// Shapes in drawing order.
#[derive(Default)]
pub(super) struct Canvas {
    shapes: Vec<Shape>,
}

impl Canvas {
    pub(super) fn text(&mut self, lettering: Lettering, text: &str) {
        if !text.is_empty() {
            self.shapes.push(Shape::Text(lettering, text.to_owned()));
        }
    }

    pub(super) fn line(&mut self, from: Point, to: Point, stroke: Stroke) {
        self.path(vec![from, to], stroke);
    }

    pub(super) fn path(&mut self, points: Vec<Point>, stroke: Stroke) {
        self.shapes.push(Shape::Path(points, stroke));
    }

    /// A straight line in strokes of `dash` pixels with gaps of the same length.
    pub(super) fn dashed(&mut self, from: Point, to: Point, (stroke, dash): (Stroke, f64)) {
        let length = libm::hypot(to.0 - from.0, to.1 - from.1);
        let along = |d: f64| {
            let part = (d / length).min(1.0);
            (
                from.0 + (to.0 - from.0) * part,
                from.1 + (to.1 - from.1) * part,
            )
        };
        let mut done = 0.0;
        while done < length {
            self.line(along(done), along(done + dash), stroke);
            done += 2.0 * dash;
        }
    }

    pub(super) fn polygon(&mut self, points: Vec<Point>, fill: Fill) {
        self.shapes.push(Shape::Polygon(points, fill));
    }

    /// A filled rectangle between two corners.
    pub(super) fn rect(&mut self, (x0, y0): Point, (x1, y1): Point, fill: Fill) {
        self.polygon(vec![(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill);
    }

    pub(super) fn disc(&mut self, centre: Point, radius: f64, fill: Fill) {
        self.shapes.push(Shape::Disc(centre, radius, fill));
    }

    pub(super) fn ring(&mut self, centre: Point, radius: f64, stroke: Stroke) {
        self.shapes.push(Shape::Ring(centre, radius, stroke));
    }

    /// The finished document on a white ground.
    pub(super) fn finish(self, document: &Document) -> Result<String, FigureError> {
        register_fonts();
        let mut drawn = String::new();
        let size = (
            units(document.width).unsigned_abs(),
            units(document.height).unsigned_abs(),
        );
        let mut backend = SVGBackend::with_string(&mut drawn, size);
        for shape in &self.shapes {
            replay(&mut backend, shape)?;
        }
        backend
            .present()
            .map_err(|e| FigureError::Draw(e.to_string()))?;
        drop(backend);
        Ok(rewrite(&drawn, document))
    }
}

/// Width of a text in nominal pixels, by the bundled font without kerning.
pub(super) fn text_width(text: &str, font: Font) -> f64 {
    register_fonts();
    // Measured large, because the library returns whole pixels.
    let measured = (FAMILY, HEIGHT_PER_EM * 1000.0, font_style(font.weight))
        .into_font()
        .layout_box(text);
    let thousandths = measured.map_or(0, |(_, (width, _))| width);
    f64::from(thousandths) * font.size / 1000.0
}

fn font_style(weight: Weight) -> FontStyle {
    match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Semibold => FontStyle::Bold,
    }
}

fn register_fonts() {
    static FONTS: Once = Once::new();
    FONTS.call_once(|| {
        for (style, bytes) in [(FontStyle::Normal, REGULAR), (FontStyle::Bold, SEMIBOLD)] {
            register_font(FAMILY, style, bytes)
                .ok()
                .expect("the bundled font is a valid TrueType file");
        }
    });
}

/// Canvas units, kept in a range that no renderer chokes on.
fn units(pixels: f64) -> i32 {
    (pixels * UNITS).round().clamp(-1e6, 1e6) as i32
}

fn unit_points(points: &[Point]) -> Vec<(i32, i32)> {
    points.iter().map(|p| (units(p.0), units(p.1))).collect()
}

fn ink(colour: Colour, opacity: f64) -> RGBAColor {
    RGBColor(colour.0, colour.1, colour.2).mix(opacity)
}

fn filled(fill: Fill) -> ShapeStyle {
    ink(fill.colour, fill.opacity).filled()
}

fn stroked(stroke: Stroke) -> ShapeStyle {
    ink(stroke.colour, 1.0).stroke_width(units(stroke.width).unsigned_abs())
}

fn replay(backend: &mut impl DrawingBackend, shape: &Shape) -> Result<(), FigureError> {
    let drawn = match shape {
        Shape::Text(lettering, text) => backend.draw_text(
            text,
            &text_style(lettering),
            (units(lettering.x), units(lettering.baseline)),
        ),
        Shape::Path(points, stroke) => match *unit_points(points) {
            [from, to] => backend.draw_line(from, to, &stroked(*stroke)),
            ref more => backend.draw_path(more.iter().copied(), &stroked(*stroke)),
        },
        Shape::Polygon(points, fill) => backend.fill_polygon(unit_points(points), &filled(*fill)),
        Shape::Disc(at, radius, fill) => backend.draw_circle(
            (units(at.0), units(at.1)),
            units(*radius).unsigned_abs(),
            &filled(*fill),
            true,
        ),
        Shape::Ring(at, radius, stroke) => backend.draw_circle(
            (units(at.0), units(at.1)),
            units(*radius).unsigned_abs(),
            &stroked(*stroke),
            false,
        ),
    };
    drawn.map_err(|e| FigureError::Draw(e.to_string()))
}

fn text_style(lettering: &Lettering) -> TextStyle<'static> {
    let horizontal = match lettering.anchor {
        Anchor::Start => HPos::Left,
        Anchor::Middle => HPos::Center,
        Anchor::End => HPos::Right,
    };
    let size = lettering.font.size * UNITS * SIZE_PER_EM;
    let font = (FAMILY, size, font_style(lettering.font.weight)).into_font();
    TextStyle {
        font,
        color: ink(lettering.colour, 1.0).to_backend_color(),
        pos: Pos::new(horizontal, VPos::Top),
    }
}

/// Puts the nominal size, the accessible texts and the font families on the root, and drops what the library
/// repeats on every element. Quotes in texts are escaped by then, so an attribute is never matched inside a text.
///
/// The library's `dy` is dropped and positions are baselines, because resvg shifts only a part of a
/// right-to-left text by it.
fn rewrite(drawn: &str, document: &Document) -> String {
    let mut out = root(document);
    for line in drawn.lines().skip(1) {
        let line = line
            .replace(" font-family=\"Evenhand Sans\"", "")
            .replace(" opacity=\"1\"", "")
            .replace(" dy=\"0.76em\"", "")
            .replace(" font-weight=\"bold\"", " font-weight=\"600\"");
        if line == "</text>" && out.ends_with('\n') {
            out.pop();
        }
        out.push_str(&line);
        if !line.starts_with("<text ") {
            out.push('\n');
        }
    }
    out
}

fn root(document: &Document) -> String {
    let (width, height) = (document.width.round(), document.height.round());
    let id = identifier(document.id);
    let (title, description) = (
        escape(&clean(document.title)),
        escape(&clean(document.description)),
    );
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{FAMILIES}\">\n\
         <title id=\"{id}-title\">{title}</title>\n<desc id=\"{id}-desc\">{description}</desc>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n",
        width * UNITS,
        height * UNITS,
    )
}

/// An XML identifier made of any text. A figure's name stays as it is: several drawings stand in one report.
fn identifier(text: &str) -> String {
    let safe: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') {
                c
            } else {
                '-'
            }
        })
        .collect();
    format!("figure-{safe}")
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Font = Font {
        size: 100.0,
        weight: Weight::Regular,
    };

    fn document(title: &str) -> Document<'_> {
        Document {
            id: "a b",
            title,
            description: "",
            width: 960.0,
            height: 100.4,
        }
    }

    fn drawn(text: &str) -> String {
        let mut canvas = Canvas::default();
        let lettering = Lettering {
            x: 10.0,
            baseline: 20.0,
            anchor: Anchor::End,
            font: BODY,
            colour: Colour(0, 0, 0),
        };
        canvas.text(lettering, text);
        canvas.finish(&document(text)).expect("a text is drawn")
    }

    #[test]
    fn widths_are_those_of_the_font() {
        // Advance of every digit in the bundled font: 497 thousandths of an em.
        assert!((text_width("0", BODY) - 49.7).abs() < 0.15);
        assert!((text_width("0000000000", BODY) - 497.0).abs() < 0.2);
        assert!((text_width("1111111111", BODY) - 497.0).abs() < 0.2);
        assert!(
            text_width(
                "Total",
                Font {
                    weight: Weight::Semibold,
                    ..BODY
                }
            ) > text_width("Total", BODY)
        );
    }

    #[test]
    fn hostile_texts_are_escaped_everywhere() {
        let svg = drawn("</text><script>alert('x')</script>\" opacity=\"1\"&");
        assert!(!svg.contains("<script"));
        assert_eq!(svg.matches("&lt;script&gt;").count(), 2);
        assert!(svg.contains("&quot; opacity=&quot;1&quot;&amp;"));
    }

    #[test]
    fn the_root_has_nominal_size_and_large_view_box() {
        let svg = drawn("x");
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"100\" viewBox=\"0 0 9600 1000\""));
        assert!(svg.contains("aria-labelledby=\"figure-a-b-title figure-a-b-desc\""));
        assert!(
            svg.contains("text-anchor=\"end\" font-size=\"1000\" fill=\"#000000\">x</text>"),
            "{svg}"
        );
    }

    #[test]
    fn not_a_number_is_drawn_at_zero_and_huge_at_the_limit() {
        assert_eq!(units(f64::NAN), 0);
        assert_eq!(units(f64::INFINITY), 1_000_000);
        assert_eq!(units(1.26), 13);
    }
}
