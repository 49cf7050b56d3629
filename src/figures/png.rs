//! SVG to PNG with the bundled fonts only, so that every machine gives the same bytes.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use super::FigureError;
use super::svg::{FAMILY, REGULAR, SEMIBOLD};

/// Longest side of a picture in pixels; beyond it the memory is not worth the exhibit.
const LONGEST: f32 = 32_000.0;

/// The picture as PNG, `scale` pixels for each nominal pixel of the SVG.
///
/// # Errors
/// [`FigureError::Svg`] if the text is not an SVG, [`FigureError::Size`] if the picture would have no pixels or a
/// side of more than 32,000, [`FigureError::Png`] if it cannot be encoded.
pub fn svg_to_png(svg: &str, scale: f32) -> Result<Vec<u8>, FigureError> {
    let tree = Tree::from_str(svg, &options()).map_err(|e| FigureError::Svg(e.to_string()))?;
    let (width, height) = (tree.size().width() * scale, tree.size().height() * scale);
    let refused = || FigureError::Size { width, height };
    if !(width.max(height) <= LONGEST && width.min(height) >= 1.0) {
        return Err(refused());
    }
    let mut pixels =
        Pixmap::new(width.round() as u32, height.round() as u32).ok_or_else(refused)?;
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    pixels
        .encode_png()
        .map_err(|e| FigureError::Png(e.to_string()))
}

fn options() -> Options<'static> {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(SEMIBOLD.to_vec());
    fonts.set_sans_serif_family(FAMILY);
    Options {
        fontdb: Arc::new(fonts),
        font_family: FAMILY.to_owned(),
        ..Options::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str =
        "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'><text y='9'>a</text></svg>";

    #[test]
    fn same_svg_same_bytes() {
        let png = svg_to_png(SQUARE, 2.0).expect("the square is drawn");
        assert_eq!(png, svg_to_png(SQUARE, 2.0).expect("the square is drawn"));
        assert!(png.starts_with(b"\x89PNG"));
    }

    #[test]
    fn what_cannot_be_drawn_is_an_error() {
        assert!(matches!(
            svg_to_png("<html/>", 1.0),
            Err(FigureError::Svg(_))
        ));
        for scale in [0.0, -1.0, f32::NAN, 1e9] {
            assert!(
                matches!(svg_to_png(SQUARE, scale), Err(FigureError::Size { .. })),
                "scale {scale}"
            );
        }
    }
}
