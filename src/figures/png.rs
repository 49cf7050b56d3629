//! SVG to PNG with the bundled fonts only, so that every machine gives the same bytes.

use std::cmp::Reverse;
use std::sync::Arc;

use png::chunk::IDAT;
use png::{BitDepth, ColorType, Encoder, EncodingError};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use rustc_hash::FxHashMap;

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
    pixels.fill(Color::WHITE);
    resvg::render(
        &tree,
        Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    encode(&pixels).map_err(|e| FigureError::Png(e.to_string()))
}

/// Colours that a palette holds.
const PALETTE: usize = 256;

/// Squared distance within which a rarer colour is drawn as a more frequent one: shades at the edges of letters, and
/// never one series as another.
const NEAR: u32 = 900;

/// The picture with a palette of its most frequent colours: a fifth of the size of one that stores every pixel in full.
fn encode(pixels: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let colours: Vec<u32> = pixels
        .pixels()
        .iter()
        .map(|pixel| u32::from_be_bytes([0, pixel.red(), pixel.green(), pixel.blue()]))
        .collect();
    let mut counts: FxHashMap<u32, u32> = FxHashMap::default();
    for run in colours.chunk_by(|a, b| a == b) {
        *counts.entry(run[0]).or_default() += u32::try_from(run.len()).unwrap_or(u32::MAX);
    }
    let mut by_count: Vec<(u32, u32)> = counts.into_iter().collect();
    by_count.sort_by_key(|(colour, count)| (Reverse(*count), *colour));
    let mut palette: Vec<u32> = Vec::new();
    for (colour, _) in &by_count {
        if palette.len() < PALETTE && palette.iter().all(|kept| distance(*colour, *kept) > NEAR) {
            palette.push(*colour);
        }
    }
    let index: FxHashMap<u32, u8> = by_count
        .iter()
        .map(|(colour, _)| (*colour, nearest(*colour, &palette)))
        .collect();
    let mut indices = Vec::with_capacity(colours.len());
    for run in colours.chunk_by(|a, b| a == b) {
        indices.resize(indices.len() + run.len(), index[&run[0]]);
    }
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette(
        palette
            .iter()
            .flat_map(|colour| colour.to_be_bytes()[1..].to_vec())
            .collect::<Vec<u8>>(),
    );
    let mut writer = encoder.write_header()?;
    writer.write_chunk(IDAT, &packed(&indices, pixels.width()))?;
    writer.finish()?;
    Ok(bytes)
}

/// How hard the packing looks for repetitions, of 10.
const EFFORT: u8 = 6;

/// The rows, none of them filtered, packed here and not by the encoder: that one packs by whichever library another
/// part of the program asks for, and the bytes of the fastest depend on the processor.
fn packed(indices: &[u8], width: u32) -> Vec<u8> {
    let mut rows = Vec::with_capacity(indices.len() + indices.len() / width as usize);
    for row in indices.chunks_exact(width as usize) {
        rows.push(UNFILTERED);
        rows.extend_from_slice(row);
    }
    miniz_oxide::deflate::compress_to_vec_zlib(&rows, EFFORT)
}

/// Marks a row of which each byte stands for itself.
const UNFILTERED: u8 = 0;

/// Where the colour nearest to this one stands in the palette.
fn nearest(colour: u32, palette: &[u32]) -> u8 {
    let at = (0..palette.len())
        .min_by_key(|&i| distance(colour, palette[i]))
        .unwrap_or_default();
    u8::try_from(at).expect("a palette has at most 256 colours")
}

fn distance(a: u32, b: u32) -> u32 {
    let squares = a
        .to_be_bytes()
        .into_iter()
        .zip(b.to_be_bytes())
        .map(|(a, b)| u32::from(a.abs_diff(b)).pow(2));
    squares.sum()
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
