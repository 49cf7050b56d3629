//! Charts as files: SVG as drawn, PNG at print resolution.

use super::{Exporter, OutputFile, Report};
use crate::error::Error;
use crate::figures::svg_to_png;

/// Pixels per unit of a chart: about 220 dots per inch at a width of 6.5 inches. The drawing beside it prints at any size.
pub(super) const SCALE: f32 = 1.5;

pub(super) struct Svg;
pub(super) struct Png;

impl Exporter for Svg {
    fn extension(&self) -> &'static str {
        "svg"
    }

    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error> {
        let pictures = report.sections.iter().flat_map(|section| &section.pictures);
        Ok(pictures
            .map(|picture| OutputFile {
                path: format!("figures/{}.svg", picture.id).into(),
                bytes: picture.svg.clone().into_bytes(),
            })
            .collect())
    }
}

impl Exporter for Png {
    fn extension(&self) -> &'static str {
        "png"
    }

    fn write(&self, report: &Report) -> Result<Vec<OutputFile>, Error> {
        let pictures = report.sections.iter().flat_map(|section| &section.pictures);
        let png = |svg: &str| svg_to_png(svg, SCALE).map_err(|e| Error::Internal(e.to_string()));
        pictures
            .map(|picture| {
                Ok(OutputFile {
                    path: format!("figures/{}.png", picture.id).into(),
                    bytes: png(&picture.svg)?,
                })
            })
            .collect()
    }
}
