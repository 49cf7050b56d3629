//! Charts for expert reports: a [`Figure`] with its title, notes and foot becomes one SVG, and from it one PNG.
//!
//! For the writers of reports and exhibits. Every text in a chart is given by the caller, already rounded by
//! [`crate::number`]; this layer computes positions and no statistics. The picture carries what an exhibit must
//! carry (title, period, unit, notes, foot), so that it can be cut out of its report and still be read.

mod axis;
mod columns;
mod curves;
mod dot_interval;
mod forest;
mod frame;
mod labels;
mod ladder;
mod legend;
mod marks;
mod months;
mod null_distribution;
mod palette;
mod parts;
mod place_scatter;
mod png;
mod rate_pair;
mod scale;
mod scatter_panel;
mod stacked;
mod svg;
mod table;
mod text;
mod ticks;
mod twilight;
mod veil_trio;
mod waterfall;

pub use curves::{Curve, CurvePoint, Curves};
pub use dot_interval::DotInterval;
pub use forest::{Forest, ForestKind, ForestRow};
pub use ladder::Ladder;
pub use months::{MonthPanel, MonthValue, Months};
pub use null_distribution::{NullBar, NullDistribution, NullPanel};
pub use parts::{Axis, AxisScale, Columns, Interval, IntervalNames, Mark, Reference, Row, Section};
pub use place_scatter::{Naming, Place, PlaceKind, PlaceScatter, ScatterPanel};
pub use png::svg_to_png;
pub use rate_pair::{PairPanel, PairRow, RatePair};
pub use stacked::{Stacked, StackedRow};
pub use twilight::{Twilight, TwilightDay};
pub use veil_trio::{VeilLevel, VeilPanel, VeilPoint, VeilTrio};
pub use waterfall::{Step, StepKind, Waterfall};

use svg::{Canvas, Document};

/// One picture: a chart and everything that must stay with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Stem of the file name and of the identifiers inside the picture.
    pub id: String,
    /// What the picture shows; also the accessible name.
    pub title: String,
    /// Agency, period and unit.
    pub subtitle: String,
    /// The chart itself.
    pub chart: Chart,
    /// Interval method, benchmark source and vintage, rule for missing race, suppressed cells: one paragraph each.
    pub notes: Vec<String>,
    /// Hash of the inputs and version of the program, one line.
    pub foot: String,
    /// The picture in words, for those who cannot see it; not drawn.
    pub alt: String,
}

/// The chart grammars.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Rates by group with intervals.
    DotInterval(DotInterval),
    /// Ratios by unit on a log axis.
    Forest(Forest),
    /// One disparity under several baselines.
    Ladder(Ladder),
    /// Places as circles, rate against rate.
    PlaceScatter(PlaceScatter),
    /// Search rate beside hit rate.
    RatePair(Box<RatePair>),
    /// What chance alone would give, with what was observed.
    NullDistribution(NullDistribution),
    /// Columns by month, one panel below the other.
    Months(Months),
    /// Rows in, what each rule dropped, rows kept.
    Waterfall(Waterfall),
    /// Parts of a whole, one bar for each group.
    Stacked(Stacked),
    /// A number along a key of numbers, one line for each group.
    Curves(Curves),
    /// Dusk over the year by the clock.
    Twilight(Twilight),
    /// Shares by how far dusk is away.
    VeilTrio(VeilTrio),
}

impl Figure {
    /// The picture as a standalone SVG document of 960 nominal pixels' width, its height by content.
    ///
    /// The same figure gives the same bytes on every machine.
    ///
    /// # Errors
    /// [`FigureError::Draw`] if the drawing library refuses a shape; no data is known to make it.
    pub fn svg(&self) -> Result<String, FigureError> {
        let mut canvas = Canvas::default();
        let top = frame::header(&mut canvas, self);
        let bottom = self.chart.draw(&mut canvas, top);
        let height = frame::footer(&mut canvas, bottom, self);
        canvas.finish(&Document {
            id: &self.id,
            title: &self.title,
            description: &self.alt,
            width: frame::WIDTH,
            height,
        })
    }
}

impl Chart {
    fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        match self {
            Self::DotInterval(chart) => chart.draw(canvas, top),
            Self::Forest(chart) => chart.draw(canvas, top),
            Self::Ladder(chart) => chart.draw(canvas, top),
            Self::PlaceScatter(chart) => chart.draw(canvas, top),
            Self::RatePair(chart) => chart.draw(canvas, top),
            Self::NullDistribution(chart) => chart.draw(canvas, top),
            Self::Months(chart) => chart.draw(canvas, top),
            Self::Waterfall(chart) => chart.draw(canvas, top),
            Self::Stacked(chart) => chart.draw(canvas, top),
            Self::Curves(chart) => chart.draw(canvas, top),
            Self::Twilight(chart) => chart.draw(canvas, top),
            Self::VeilTrio(chart) => chart.draw(canvas, top),
        }
    }
}

/// Why a figure could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FigureError {
    /// The drawing back end refused a shape.
    #[error("the picture cannot be drawn: {0}")]
    Draw(String),
    /// The SVG given for conversion is not one.
    #[error("the SVG cannot be read: {0}")]
    Svg(String),
    /// The size asked for is zero, negative or beyond what fits in memory.
    #[error("a PNG of {width} x {height} pixels cannot be made")]
    Size {
        /// Width asked for in pixels.
        width: f32,
        /// Height asked for in pixels.
        height: f32,
    },
    /// The PNG encoder failed.
    #[error("the PNG cannot be written: {0}")]
    Png(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::number::Style;

    const EXTREMES: [f64; 12] = [
        0.0,
        -3.0,
        1.0,
        1e-6,
        1e6,
        1e-300,
        1e300,
        f64::MAX,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        2.5,
    ];

    fn axis(scale: AxisScale) -> Axis {
        let reference = Reference {
            value: 1.0,
            label: "equal".into(),
            below: "less".into(),
            above: "more".into(),
        };
        Axis {
            label: "Ratio".into(),
            style: Style::Ratio,
            scale,
            reference: Some(reference),
        }
    }

    /// A mark whose ends are the extremes next to its value.
    fn mark(i: usize) -> Mark {
        let at = |k: usize| EXTREMES[(i + k) % EXTREMES.len()];
        let interval = Interval {
            low: at(1),
            high: at(2),
        };
        Mark {
            series: i,
            value: Some(at(0)),
            headline: Some(interval),
            counting: Some(interval),
            text: "x".repeat(i % 40 * 9),
            ..Mark::default()
        }
    }

    fn rows<R>(row: impl Fn(usize) -> R) -> Vec<Section<R>> {
        let section = |from: usize, to: usize| Section {
            heading: "<&>".into(),
            rows: (from..to).map(&row).collect(),
        };
        vec![section(0, 0), section(0, 1), section(1, 40)]
    }

    fn marked(i: usize) -> Row {
        Row {
            label: "\u{202e}label ".repeat(i % 20),
            marks: (0..i % 4).map(|k| mark(i + k)).collect(),
        }
    }

    fn scatter(scale: AxisScale) -> Chart {
        let value = |i: usize| Some(EXTREMES[i % EXTREMES.len()]);
        let place = |i: usize| Place {
            name: "Alamance".into(),
            x: value(i),
            y: value(i * 5 + 1),
            size: EXTREMES[(i + 3) % EXTREMES.len()],
            series: i,
            kind: PlaceKind::Single,
            naming: Naming::Wanted,
        };
        let panel = || ScatterPanel {
            title: "t".into(),
            y_label: "y".into(),
            places: (0..60).map(place).collect(),
        };
        Chart::PlaceScatter(PlaceScatter {
            x_label: "x".into(),
            style: Style::Quantity,
            scale,
            equal_label: "equal rates".into(),
            size_label: "stops".into(),
            series: vec!["a".into(), "b".into()],
            pooled_label: String::new(),
            panels: vec![panel(), panel(), panel(), panel()],
        })
    }

    fn null_distribution() -> Chart {
        let at = |i: usize| EXTREMES[i % EXTREMES.len()];
        let panel = |i: usize| NullPanel {
            title: "benchmark ".repeat(i * 9),
            bars: (0..EXTREMES.len())
                .map(|k| NullBar {
                    low: at(k),
                    high: at(k + i),
                    height: at(k + 2),
                })
                .collect(),
            curve: (0..EXTREMES.len()).map(|k| (at(k), at(k + 3))).collect(),
            lines: (0..EXTREMES.len())
                .map(|k| (at(k), "name".into()))
                .collect(),
            observed: at(i),
            observed_label: "observed".repeat(i),
        };
        Chart::NullDistribution(NullDistribution {
            axis: "counts".into(),
            columns: "chance".into(),
            curve: "wider".into(),
            panels: (0..EXTREMES.len()).map(panel).collect(),
        })
    }

    fn charts(scale: AxisScale) -> Vec<Chart> {
        let (series, intervals, columns) = (
            vec!["a".to_owned(), "b".to_owned()],
            IntervalNames::default(),
            Columns::default(),
        );
        let parts = || {
            (
                axis(scale),
                series.clone(),
                intervals.clone(),
                columns.clone(),
            )
        };
        let (axis_, series, intervals, columns) = parts();
        let dots = DotInterval {
            axis: axis_,
            series,
            intervals,
            columns,
            sections: rows(marked),
        };
        let (axis_, series, intervals, columns) = parts();
        let ladder = Ladder {
            axis: axis_,
            series,
            intervals,
            columns,
            sections: rows(marked),
        };
        let pooled = |i: usize| {
            let kind = if i.is_multiple_of(3) {
                ForestKind::Summary
            } else {
                ForestKind::Unit
            };
            ForestRow {
                label: "Agency".into(),
                mark: mark(i),
                kind,
                prediction: mark(i + 1).headline,
            }
        };
        let (axis_, series, intervals, columns) = parts();
        let forest = Forest {
            axis: axis_,
            series,
            intervals,
            columns,
            sections: rows(pooled),
        };
        let (axis_, series, intervals, columns) = parts();
        let panel = PairPanel {
            title: "Rate".into(),
            axis: axis_,
            columns,
        };
        let pair_row = |i: usize| PairRow {
            label: "Group".into(),
            left: mark(i),
            right: mark(i + 2),
        };
        let pair = RatePair {
            left: panel.clone(),
            right: panel,
            series,
            intervals,
            sections: rows(pair_row),
            label_heading: String::new(),
        };
        vec![
            Chart::DotInterval(dots),
            Chart::Ladder(ladder),
            Chart::Forest(forest),
            Chart::RatePair(Box::new(pair)),
            scatter(scale),
            null_distribution(),
            months(),
            waterfall(),
            stacked(),
            curves(),
            twilight(),
            veil_trio(),
        ]
    }

    fn twilight() -> Chart {
        let at = |i: usize| EXTREMES[i % EXTREMES.len()];
        let day = |i: usize| TwilightDay {
            label: "month ".repeat(i % 7),
            horizon: at(i),
            civil: at(i + 3),
        };
        Chart::Twilight(Twilight {
            is_evening: false,
            days: (0..40).map(day).collect(),
            window: (f64::NAN, 1e9),
            window_label: "hours ".repeat(40),
        })
    }

    fn veil_trio() -> Chart {
        let at = |i: usize| EXTREMES[i % EXTREMES.len()];
        let level = |i: usize| VeilLevel {
            share: at(i),
            ends: (at(i + 1), at(i + 2)),
            text: "share ".repeat(i * 5),
        };
        let panel = |i: usize| VeilPanel {
            title: "clock".into(),
            points: (0..40)
                .map(|k| VeilPoint {
                    x: at(k),
                    share: at(k + i),
                    n: at(k * 5 + 1),
                })
                .collect(),
            light: Some(level(i)),
            dark: None,
        };
        Chart::VeilTrio(VeilTrio {
            x_label: "x".into(),
            y_label: "y ".repeat(200),
            size_label: "stops".into(),
            level_label: "all".into(),
            panels: (0..3).map(panel).collect(),
        })
    }

    fn months() -> Chart {
        let value = |i: usize| match i % 5 {
            0 => MonthValue::NoRows,
            1 => MonthValue::Withheld,
            _ => MonthValue::Shown(EXTREMES[i % EXTREMES.len()]),
        };
        let panel = |style: Style| MonthPanel {
            title: "rows ".repeat(90),
            style,
            values: (0..400).map(value).collect(),
        };
        Chart::Months(Months {
            first: (i16::MAX, 12),
            panels: vec![panel(Style::Count), panel(Style::Percent)],
        })
    }

    fn stacked() -> Chart {
        let row = |i: usize| StackedRow {
            label: "group ".repeat(i % 30),
            shares: (0..i % 9)
                .map(|k| Some(EXTREMES[(i + k) % 12]).filter(|_| k != 4))
                .collect(),
            n: "1,000".repeat(i % 3),
        };
        Chart::Stacked(Stacked {
            axis: "percent".into(),
            parts: (0..9).map(|i| format!("part {i}")).collect(),
            number_heading: "searches".into(),
            sections: rows(row),
        })
    }

    fn curves() -> Chart {
        let point = |i: usize| CurvePoint {
            at: i,
            value: Some(EXTREMES[i % 12]).filter(|_| i != 5),
            interval: mark(i).headline,
        };
        let curve = |series: usize| Curve {
            series,
            points: (0..60).map(|i| point(i + series)).collect(),
        };
        Chart::Curves(Curves {
            x_label: "Year".into(),
            y_label: "Predicted".into(),
            style: Style::Percent,
            x: (0..50)
                .map(|i| (f64::from(i) * f64::from(i), format!("x{i}")))
                .collect(),
            series: vec!["one".into(), "two".into()],
            band: "95 % interval".into(),
            curves: (0..3).map(curve).collect(),
        })
    }

    fn waterfall() -> Chart {
        let step = |i: usize| Step {
            label: "rule ".repeat(i * 9),
            rows: [Some(0), None, Some(u64::MAX), Some(3)][i % 4],
            kind: [StepKind::In, StepKind::Dropped, StepKind::Kept][i % 3],
            text: "1,000".repeat(i),
        };
        Chart::Waterfall(Waterfall {
            axis: "rows".into(),
            steps: (0..12).map(step).collect(),
        })
    }

    fn figure(chart: Chart) -> Figure {
        let texts = ["id", "<title>", "subtitle", "foot", "alt"].map(str::to_owned);
        let [id, title, subtitle, foot, alt] = texts;
        Figure {
            id,
            title,
            subtitle,
            chart,
            notes: vec!["note ".repeat(100)],
            foot,
            alt,
        }
    }

    #[test]
    fn extreme_values_are_drawn_within_the_picture_and_twice_the_same() {
        for chart in [AxisScale::Linear, AxisScale::Log]
            .into_iter()
            .flat_map(charts)
        {
            let figure = figure(chart);
            let svg = figure.svg().expect("the figure is drawn");
            assert_eq!(svg, figure.svg().expect("the figure is drawn again"));
            assert!(
                !svg.contains("NaN") && !svg.contains("inf"),
                "a coordinate is no number"
            );
            let x = svg.split([' ', '\n']).filter_map(|a| {
                a.strip_prefix("x=\"")?
                    .strip_suffix('"')?
                    .parse::<f64>()
                    .ok()
            });
            assert!(
                x.into_iter().all(|x| (0.0..=9600.0).contains(&x)),
                "a text begins outside the picture"
            );
        }
    }

    #[test]
    fn a_chart_without_rows_is_a_frame_with_a_sentence() {
        for chart in charts(AxisScale::Log) {
            let empty = match chart {
                Chart::Forest(forest) => Chart::Forest(Forest {
                    sections: Vec::new(),
                    ..forest
                }),
                Chart::PlaceScatter(scatter) => Chart::PlaceScatter(PlaceScatter {
                    panels: Vec::new(),
                    ..scatter
                }),
                _ => continue,
            };
            let svg = figure(empty).svg().expect("the frame is drawn");
            assert!(svg.contains(">There are no "), "{svg}");
        }
    }

    #[test]
    fn accessible_texts_come_first_and_are_escaped() {
        let svg = figure(scatter(AxisScale::Log))
            .svg()
            .expect("the figure is drawn");
        let head = svg.lines().nth(1).unwrap_or_default();
        assert_eq!(head, "<title id=\"figure-id-title\">&lt;title&gt;</title>");
        assert!(
            svg.contains("<desc id=\"figure-id-desc\">alt</desc>") && svg.contains("role=\"img\"")
        );
    }
}
