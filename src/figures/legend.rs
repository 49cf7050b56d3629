//! The legend: samples with their meaning, flowing from left to right above the chart.

use super::frame::{MARGIN, RIGHT};
use super::marks::{self, Cell, LINK, PREDICTION_DASH, THICK, THIN};
use super::palette::{Body, CIRCLE_OPACITY, INK, MUTED, arrowhead, colour, marker, solid, tint};
use super::parts::IntervalNames;
use super::scale::{Scale, Spot};
use super::svg::{Anchor, Canvas, Colour, Fill, Lettering, Point, Stroke, text_width};
use super::text::{SMALL, centred, line_height, wrap};

/// Width kept for a sample.
const SAMPLE: f64 = 34.0;
const BETWEEN: f64 = 26.0;
const ROW: f64 = 24.0;

/// What a legend shows beside a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sample {
    Series(usize),
    /// Of the only series, or of all alike.
    Headline(Option<usize>),
    Counting(Option<usize>),
    Hollow(usize),
    Diamond,
    Prediction,
    Arrow,
    Link,
    /// A circle of a given radius, filled with a colour or hollow.
    Circle(f64, Option<Colour>),
    /// A block of a colour.
    Block(Colour),
    /// Two circles in one another, larger radius first.
    Sizes(f64, f64),
}

/// A sample and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    pub(super) sample: Sample,
    pub(super) text: String,
}

impl Item {
    pub(super) fn new(sample: Sample, text: impl Into<String>) -> Self {
        Self {
            sample,
            text: text.into(),
        }
    }
}

/// The entries that a chart of rows needs: only what is drawn is explained.
pub(super) fn items(
    cells: &[(Cell, Scale)],
    series: &[String],
    names: &IntervalNames,
) -> Vec<Item> {
    let drawn: Vec<&(Cell, Scale)> = cells.iter().filter(|(c, _)| c.is_drawn()).collect();
    let first = drawn.first().map_or(0, |(c, _)| c.mark.series);
    let alike = drawn.iter().all(|(c, _)| c.mark.series == first);
    let only = alike.then_some(first);
    let kinds = [
        (Sample::Headline(only), names.headline.as_str()),
        (Sample::Counting(only), names.counting.as_str()),
        (Sample::Hollow(first), "hollow: no interval"),
        (
            Sample::Diamond,
            "pooled estimate; width of the diamond: its interval",
        ),
        (Sample::Prediction, names.prediction.as_str()),
        (Sample::Arrow, "continues beyond the axis"),
    ];
    let shown = kinds.into_iter().filter(|(sample, text)| {
        !text.is_empty() && drawn.iter().any(|(c, scale)| shows(c, scale, *sample))
    });
    let kinds = shown.map(|(sample, text)| Item::new(sample, text));
    series_items(cells, series)
        .into_iter()
        .chain(kinds)
        .collect()
}

/// The series that have a row, drawn or not; none if there is only one to choose from.
fn series_items(cells: &[(Cell, Scale)], series: &[String]) -> Vec<Item> {
    let used = |i: usize| series.len() > 1 && cells.iter().any(|(c, _)| c.mark.series == i);
    let named = series.iter().enumerate().filter(|(i, _)| used(*i));
    named
        .map(|(i, name)| Item::new(Sample::Series(i), name))
        .collect()
}

/// Whether a drawn cell shows what a sample stands for.
fn shows(cell: &Cell, scale: &Scale, sample: Sample) -> bool {
    match sample {
        Sample::Headline(_) => cell.mark.headline.is_some() && !cell.is_diamond(),
        Sample::Counting(_) => cell.mark.counting.is_some() && !cell.is_diamond(),
        Sample::Hollow(_) => cell.is_hollow(),
        Sample::Diamond => cell.is_diamond(),
        Sample::Prediction => cell.prediction.is_some(),
        Sample::Arrow => leaves(cell, scale),
        _ => false,
    }
}

fn leaves(cell: &Cell, scale: &Scale) -> bool {
    let ends = [cell.mark.headline, cell.mark.counting, cell.prediction]
        .into_iter()
        .flatten()
        .flat_map(|i| [i.low, i.high]);
    ends.chain(cell.mark.value)
        .map(|v| scale.spot(v))
        .any(|spot| matches!(spot, Some(Spot::Below | Spot::Above)))
}

/// An item ready to be drawn.
struct Entry<'a> {
    item: &'a Item,
    lines: Vec<String>,
    width: f64,
    height: f64,
}

/// Draws the items from `top` downwards and returns their lower end.
pub(super) fn draw(canvas: &mut Canvas, top: f64, items: &[Item]) -> f64 {
    let mut y = top;
    for row in rows(items) {
        let height = row.iter().map(|e| e.height).fold(0.0, f64::max);
        let mut x = MARGIN;
        for entry in row {
            draw_entry(canvas, (x, y + height / 2.0), &entry);
            x += entry.width + BETWEEN;
        }
        y += height;
    }
    if items.is_empty() { top } else { y + 6.0 }
}

/// The items in rows that fit the width of the picture.
fn rows(items: &[Item]) -> Vec<Vec<Entry<'_>>> {
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    let mut used = f64::INFINITY;
    for entry in items.iter().map(entry) {
        if used + entry.width > RIGHT {
            rows.push(Vec::new());
            used = MARGIN;
        }
        used += entry.width + BETWEEN;
        rows.last_mut()
            .expect("the first entry begins a row")
            .push(entry);
    }
    rows
}

fn entry(item: &Item) -> Entry<'_> {
    let before = sample_width(item.sample) + 7.0;
    let lines = wrap(&item.text, SMALL, RIGHT - MARGIN - before);
    let width = before
        + lines
            .iter()
            .map(|l| text_width(l, SMALL))
            .fold(0.0, f64::max);
    let text = ROW + line_height(SMALL) * lines.len().saturating_sub(1) as f64;
    let height = match item.sample {
        Sample::Circle(radius, _) | Sample::Sizes(radius, _) => text.max(2.0 * radius + 6.0),
        _ => text,
    };
    Entry {
        item,
        lines,
        width,
        height,
    }
}

fn draw_entry(canvas: &mut Canvas, (x, y): Point, entry: &Entry) {
    sample(canvas, (x, y), entry.item.sample);
    let x = x + sample_width(entry.item.sample) + 7.0;
    let first =
        centred(y, SMALL) - line_height(SMALL) * entry.lines.len().saturating_sub(1) as f64 / 2.0;
    for (i, line) in entry.lines.iter().enumerate() {
        let baseline = first + line_height(SMALL) * i as f64;
        canvas.text(
            Lettering {
                x,
                baseline,
                anchor: Anchor::Start,
                font: SMALL,
                colour: INK,
            },
            line,
        );
    }
}

fn sample_width(sample: Sample) -> f64 {
    match sample {
        Sample::Series(_) | Sample::Hollow(_) | Sample::Block(_) => 14.0,
        Sample::Circle(radius, _) | Sample::Sizes(radius, _) => (2.0 * radius).max(14.0),
        _ => SAMPLE,
    }
}

fn sample(canvas: &mut Canvas, (x, y): Point, sample: Sample) {
    let width = sample_width(sample);
    let (from, to, middle) = ((x, y), (x + width, y), (x + width / 2.0, y));
    let stroke = |colour, width| Stroke { colour, width };
    match sample {
        Sample::Series(series) => marker(canvas, middle, series, Body::Solid),
        Sample::Headline(series) => {
            canvas.line(from, to, stroke(ink(series), THICK));
            if let Some(series) = series {
                marker(canvas, middle, series, Body::Solid);
            }
        }
        Sample::Counting(series) => {
            let (from, to) = ((from.0 + 2.0, y), (to.0 - 2.0, y));
            canvas.line(from, to, stroke(ink(series), THIN));
            marks::end_tick(canvas, from, ink(series));
            marks::end_tick(canvas, to, ink(series));
        }
        Sample::Hollow(series) => marker(canvas, middle, series, Body::Hollow),
        Sample::Diamond => canvas.polygon(marks::diamond((x, to.0), middle), solid(INK)),
        Sample::Prediction => canvas.dashed(from, to, (stroke(INK, THIN), PREDICTION_DASH)),
        Sample::Arrow => {
            canvas.line((x + 8.0, y), (to.0 - 4.0, y), stroke(MUTED, THICK));
            arrowhead(canvas, to, (1.0, 0.0), MUTED);
        }
        Sample::Link => canvas.line(from, to, stroke(tint(INK), LINK)),
        Sample::Circle(radius, fill) => circle(canvas, middle, radius, fill),
        Sample::Block(fill) => {
            let (upper, lower) = (y - width / 2.0, y + width / 2.0);
            canvas.rect((x, upper), (to.0, lower), solid(fill));
            let corners = vec![
                (x, upper),
                (to.0, upper),
                (to.0, lower),
                (x, lower),
                (x, upper),
            ];
            canvas.path(corners, stroke(INK, 0.8));
        }
        Sample::Sizes(large, small) => {
            circle(canvas, middle, large, None);
            circle(canvas, (middle.0, y + large - small), small, None);
        }
    }
}

/// Colour of a series, or of the text when several are meant.
fn ink(series: Option<usize>) -> Colour {
    series.map_or(INK, colour)
}

fn circle(canvas: &mut Canvas, centre: Point, radius: f64, fill: Option<Colour>) {
    if let Some(colour) = fill {
        canvas.disc(
            centre,
            radius,
            Fill {
                colour,
                opacity: CIRCLE_OPACITY,
            },
        );
    }
    canvas.ring(
        centre,
        radius,
        Stroke {
            colour: INK,
            width: if fill.is_some() { 0.8 } else { 1.4 },
        },
    );
}
