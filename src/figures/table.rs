//! The grammar shared by all charts of rows: labels at the left, marks in one or two plots, texts beside them.
//!
//! Rows are laid out first (texts may need several lines), then drawn; the picture grows with them.

use std::collections::BTreeMap;

use super::axis::{INSET, Ruler};
use super::columns::{Tracks, Wrapped, tracks};
use super::frame::{self, MARGIN, RIGHT, block, text_on_page};
use super::legend::{self, Item, Sample};
use super::marks::{self, Cell, LINK};
use super::palette::{FRAME, HAIRLINE, INK, MUTED, colour, thin, tint};
use super::parts::{Axis, IntervalNames, Mark, Row, Section};
use super::scale::{Extent, Scale};
use super::svg::{Anchor, Canvas, Font, Lettering, Stroke};
use super::text::{BODY, SMALL_STRONG, STRONG, centred, line_height, wrap, wrap_short};

/// Least height of a line of marks.
const LINE: f64 = 25.0;
/// Space above and below the lines of a row.
const PADDING: f64 = 3.0;
/// Plots taller than this repeat their tick labels above.
const TALL: f64 = 1000.0;

/// A chart of rows.
pub(super) struct Table<'a> {
    pub(super) label_heading: &'a str,
    pub(super) panels: Vec<Panel<'a>>,
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) links: Links,
    pub(super) series: &'a [String],
    pub(super) intervals: &'a IntervalNames,
}

/// One plot and the headings of its texts.
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    pub(super) axis: &'a Axis,
    pub(super) estimate: &'a str,
    pub(super) n: &'a str,
}

/// A heading or a row.
pub(super) enum Entry<'a> {
    Heading(&'a str),
    Row(TableRow<'a>),
}

/// One label and its lines; every line has one cell for each panel.
pub(super) struct TableRow<'a> {
    pub(super) label: &'a str,
    pub(super) font: Font,
    pub(super) lines: Vec<Vec<Cell<'a>>>,
}

/// Which marks are joined by a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    None,
    /// Successive marks of a series between two headings.
    WithinSections,
}

/// An entry with its place.
struct Laid<'t, 'a> {
    entry: &'t Entry<'a>,
    top: f64,
    bottom: f64,
    label: Vec<String>,
    /// Middle of every line.
    lines: Vec<f64>,
}

impl<'a> Table<'a> {
    /// Draws legend, headings, rows and axes from `top` downwards and returns the lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        if self.rows().next().is_none() {
            return frame::empty(canvas, top, "There are no rows to show.");
        }
        let top = legend::draw(canvas, top, &self.legend());
        let tracks = tracks(self);
        let headed = self.draw_headings(canvas, top, &tracks);
        let laid = self.lay_out(&tracks, 0.0);
        let height = laid.last().map_or(0.0, |l| l.bottom);
        let plot_top = headed + if height > TALL { 24.0 } else { 2.0 };
        let laid = self.lay_out(&tracks, plot_top);
        let rulers = self.rulers(&tracks, (plot_top, plot_top + height));
        self.draw_ground(canvas, &rulers, &laid);
        self.draw_links(canvas, &rulers, &laid);
        for entry in &laid {
            self.draw_entry(canvas, (&tracks, &rulers), entry);
        }
        for ruler in &rulers {
            ruler.draw_reference_label(
                canvas,
                headed - 4.0 - line_height(SMALL_STRONG) + SMALL_STRONG.size,
            );
            if height > TALL {
                ruler.draw_top_labels(canvas);
            }
        }
        rulers
            .iter()
            .map(|r| r.draw_labels(canvas))
            .fold(plot_top, f64::max)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &TableRow<'a>> {
        self.entries.iter().filter_map(|e| match e {
            Entry::Row(row) => Some(row),
            Entry::Heading(_) => None,
        })
    }

    /// The cells of one panel, in order.
    pub(super) fn cells(&self, panel: usize) -> impl Iterator<Item = &Cell<'a>> {
        self.rows()
            .flat_map(move |r| r.lines.iter().filter_map(move |line| line.get(panel)))
    }

    /// The marks of one panel with the font of their texts.
    pub(super) fn fonted(&self, panel: usize) -> impl Iterator<Item = (&'a Mark, Font)> {
        self.rows().flat_map(move |r| {
            r.lines
                .iter()
                .filter_map(move |line| Some((line.get(panel)?.mark, r.font)))
        })
    }

    fn extent(&self, panel: usize) -> Extent {
        let drawn = || self.cells(panel).filter(|c| c.is_drawn());
        let mut extent = Extent::of(self.panels[panel].axis, drawn().map(|c| c.mark));
        drawn()
            .filter_map(|c| c.prediction)
            .for_each(|p| extent.interval(p));
        extent
    }

    fn legend(&self) -> Vec<Item> {
        let scaled = |panel: usize| {
            let scale = Scale::new(&self.extent(panel), (0.0, 1.0));
            self.cells(panel).map(move |c| (*c, scale))
        };
        let cells: Vec<(Cell, Scale)> = (0..self.panels.len()).flat_map(scaled).collect();
        let mut items = legend::items(&cells, self.series, self.intervals);
        if self.links == Links::WithinSections {
            items.push(Item::new(
                Sample::Link,
                "shift from one baseline to the next",
            ));
        }
        items
    }

    fn rulers(&self, tracks: &Tracks, (top, bottom): (f64, f64)) -> Vec<Ruler<'a>> {
        let ruler = |(i, panel): (usize, &Panel<'a>)| {
            let (left, right) = tracks.panels[i].plot;
            let scale = Scale::new(&self.extent(i), (left + INSET, right - INSET));
            Ruler {
                axis: panel.axis,
                scale,
                top,
                bottom,
                limits: tracks.panels[i].limits,
            }
        };
        self.panels.iter().enumerate().map(ruler).collect()
    }

    /// Draws column headings and panel titles and returns where the rows may begin.
    fn draw_headings(&self, canvas: &mut Canvas, top: f64, tracks: &Tracks) -> f64 {
        let top = top + 4.0;
        let height = line_height(SMALL_STRONG);
        let mut wrapped = vec![Wrapped::new(
            self.label_heading,
            (SMALL_STRONG, MUTED),
            (MARGIN, Anchor::Start),
            tracks.label,
        )];
        for (panel, track) in self.panels.iter().zip(&tracks.panels) {
            wrapped.push(Wrapped::new(
                panel.title,
                (STRONG, INK),
                (track.plot.0 + INSET, Anchor::Start),
                track.plot.1 - track.plot.0,
            ));
            wrapped.extend(track.headings(panel));
        }
        let lines = wrapped.iter().map(|w| w.lines.len()).max().unwrap_or(0);
        let reference = self.panels.iter().any(|p| {
            p.axis
                .reference
                .as_ref()
                .is_some_and(|r| !r.label.is_empty())
        });
        // The name of a reference line needs a line of its own only where a panel title takes the first.
        let lines = lines.max(
            usize::from(reference) + usize::from(self.panels.iter().any(|p| !p.title.is_empty())),
        );
        let bottom = top + height * lines as f64 + 4.0;
        for text in wrapped {
            text.draw_up_to(canvas, bottom - 4.0);
        }
        canvas.line((MARGIN, bottom), (RIGHT, bottom), thin(FRAME));
        bottom
    }

    fn lay_out<'t>(&'t self, tracks: &Tracks, top: f64) -> Vec<Laid<'t, 'a>> {
        let mut y = top;
        let mut laid = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            let placed = match entry {
                Entry::Heading(text) => lay_heading(entry, text, y),
                Entry::Row(row) => lay_row(entry, row, (tracks, y)),
            };
            y = placed.bottom;
            laid.push(placed);
        }
        laid
    }

    fn draw_ground(&self, canvas: &mut Canvas, rulers: &[Ruler], laid: &[Laid]) {
        for entry in laid.iter().skip(1) {
            let ink = if matches!(entry.entry, Entry::Heading(_)) {
                FRAME
            } else {
                HAIRLINE
            };
            canvas.line((MARGIN, entry.top), (RIGHT, entry.top), thin(ink));
        }
        for ruler in rulers {
            ruler.draw_ground(canvas);
        }
    }

    fn draw_links(&self, canvas: &mut Canvas, rulers: &[Ruler], laid: &[Laid]) {
        if self.links == Links::None {
            return;
        }
        for section in laid.split(|l| matches!(l.entry, Entry::Heading(_))) {
            for (series, points) in chains(section, rulers) {
                if points.len() > 1 {
                    canvas.path(
                        points,
                        Stroke {
                            colour: tint(colour(series)),
                            width: LINK,
                        },
                    );
                }
            }
        }
    }

    fn draw_entry(&self, canvas: &mut Canvas, (tracks, rulers): (&Tracks, &[Ruler]), laid: &Laid) {
        let Entry::Row(row) = laid.entry else {
            for (i, line) in laid.label.iter().enumerate() {
                let baseline = laid.top + 24.0 + line_height(STRONG) * i as f64;
                text_on_page(
                    canvas,
                    Lettering {
                        x: MARGIN,
                        baseline,
                        anchor: Anchor::Start,
                        font: STRONG,
                        colour: INK,
                    },
                    line,
                );
            }
            return;
        };
        let height = line_height(row.font) * laid.label.len() as f64;
        // A label beside several lines of marks begins with the first of them.
        let first = laid
            .lines
            .first()
            .map_or(laid.top, |y| centred(*y, row.font) - row.font.size);
        let middle = (laid.top + laid.bottom - height) / 2.0;
        let top = if laid.lines.len() > 1 { first } else { middle };
        block(
            canvas,
            &laid.label,
            (MARGIN, top, Anchor::Start),
            (row.font, INK),
        );
        for (line, y) in row.lines.iter().zip(&laid.lines) {
            for ((cell, ruler), track) in line.iter().zip(rulers).zip(&tracks.panels) {
                marks::draw(canvas, (&ruler.scale, ruler.axis.style), *y, cell);
                track.draw_texts(canvas, *y, (cell.mark, row.font));
            }
        }
    }
}

fn lay_heading<'t, 'a>(entry: &'t Entry<'a>, text: &str, top: f64) -> Laid<'t, 'a> {
    let label = wrap(text, STRONG, RIGHT - MARGIN);
    let bottom = top + 14.0 + line_height(STRONG) * label.len() as f64;
    Laid {
        entry,
        top,
        bottom,
        label,
        lines: Vec::new(),
    }
}

fn lay_row<'t, 'a>(
    entry: &'t Entry<'a>,
    row: &TableRow<'a>,
    (tracks, top): (&Tracks, f64),
) -> Laid<'t, 'a> {
    let label = wrap_short(row.label, (row.font, tracks.label), 3);
    let mut y = top + PADDING;
    let mut lines = Vec::with_capacity(row.lines.len());
    for line in &row.lines {
        let needed = line
            .iter()
            .zip(&tracks.panels)
            .map(|(cell, track)| track.height(cell.mark, row.font));
        let height = needed.fold(LINE, f64::max);
        lines.push(y + height / 2.0);
        y += height;
    }
    let bottom =
        (y + PADDING).max(top + line_height(row.font) * label.len() as f64 + 2.0 * PADDING + 4.0);
    if let [only] = lines.as_mut_slice() {
        *only = f64::midpoint(top, bottom);
    }
    Laid {
        entry,
        top,
        bottom,
        label,
        lines,
    }
}

/// Points to be joined, by series, in the order of the rows.
fn chains(section: &[Laid], rulers: &[Ruler]) -> Vec<(usize, Vec<(f64, f64)>)> {
    let mut chains: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
    for laid in section {
        let Entry::Row(row) = laid.entry else {
            continue;
        };
        for (line, y) in row.lines.iter().zip(&laid.lines) {
            let drawn = line
                .iter()
                .zip(rulers)
                .filter_map(|(c, r)| Some((c.mark.series, r.scale.position(c.value()?))));
            for (series, x) in drawn {
                chains.entry(series).or_default().push((x, *y));
            }
        }
    }
    chains.into_iter().collect()
}

/// A row of units: every mark on a line of its own.
pub(super) fn unit_row<'a>(row: &'a Row) -> Entry<'a> {
    let lines = row.marks.iter().map(|m| vec![Cell::unit(m)]).collect();
    Entry::Row(TableRow {
        label: &row.label,
        font: BODY,
        lines,
    })
}

/// Headings and rows of all sections in order.
pub(super) fn entries<'a, R>(
    sections: &'a [Section<R>],
    row: impl Fn(&'a R) -> Entry<'a>,
) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for section in sections.iter().filter(|s| !s.rows.is_empty()) {
        if !section.heading.trim().is_empty() || !entries.is_empty() {
            entries.push(Entry::Heading(&section.heading));
        }
        entries.extend(section.rows.iter().map(&row));
    }
    entries
}
