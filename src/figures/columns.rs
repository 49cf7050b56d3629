//! Widths of labels, plots and text columns, and the texts beside the marks.

use super::frame::{MARGIN, RIGHT, block};
use super::palette::{INK, MUTED};
use super::parts::Mark;
use super::svg::{Anchor, Canvas, Colour, Font, Lettering, text_width};
use super::table::{Panel, Table};
use super::text::{BODY, SMALL, SMALL_STRONG, centred, clean, line_height, wrap, wrap_short};
use crate::number::UNDEFINED;

/// Space between columns.
const GAP: f64 = 18.0;
/// Space between an estimate and its bracket.
const BRACKET: f64 = 5.0;

/// Widest column of estimates.
const WIDEST: f64 = 230.0;
/// Lines after which an estimate is shortened: no honest one needs more.
const MOST_LINES: usize = 3;

/// Horizontal layout of a table.
pub(super) struct Tracks {
    /// Width of the label column.
    pub(super) label: f64,
    pub(super) panels: Vec<Track>,
}

/// Where a panel's counts stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// In a column of their own.
    Beside,
    /// Below the estimate, because two panels leave no room for a column.
    Under,
}

/// Horizontal layout of one panel.
pub(super) struct Track {
    /// Ends of the plot.
    pub(super) plot: (f64, f64),
    /// How far the texts below the axis may reach.
    pub(super) limits: (f64, f64),
    estimate: (f64, f64),
    /// Right end of the estimates and left end of their brackets.
    split: f64,
    n: (f64, f64),
    counts: Counts,
}

/// Natural widths of the texts of a panel.
struct Natural {
    head: f64,
    bracket: f64,
    whole: f64,
    n: f64,
}

/// Column widths by what the texts need, within limits that leave the plot its room.
pub(super) fn tracks(table: &Table) -> Tracks {
    let counts = if table.panels.len() == 1 {
        Counts::Beside
    } else {
        Counts::Under
    };
    let label = table
        .rows()
        .map(|r| text_width(&clean(r.label), r.font))
        .fold(longest_word(table.label_heading, SMALL_STRONG), f64::max);
    let label = label
        .clamp(
            60.0,
            if counts == Counts::Beside {
                236.0
            } else {
                170.0
            },
        )
        .ceil();
    let start = MARGIN + label + GAP - 4.0;
    let width = (RIGHT - start - GAP * (table.panels.len() - 1) as f64) / table.panels.len() as f64;
    let track = |(i, panel): (usize, &Panel)| {
        let left = start + (width + GAP) * i as f64;
        let limits = if i == 0 {
            (MARGIN, left + width)
        } else {
            (left, left + width)
        };
        let natural = natural(table.fonted(i), panel);
        match counts {
            Counts::Beside => beside((left, left + width), limits, &natural),
            Counts::Under => under((left, left + width), limits, &natural),
        }
    };
    Tracks {
        label,
        panels: table.panels.iter().enumerate().map(track).collect(),
    }
}

fn beside((left, right): (f64, f64), limits: (f64, f64), natural: &Natural) -> Track {
    let n = natural.n.min(180.0);
    let estimate = natural.whole.min(WIDEST);
    let n = (right - n, right);
    let n_gap = if natural.n > 0.0 { GAP } else { 0.0 };
    let estimate = (n.0 - n_gap - estimate, n.0 - n_gap);
    Track {
        plot: (left, estimate.0 - GAP / 2.0),
        limits,
        estimate,
        split: estimate.0 + natural.head,
        n,
        counts: Counts::Beside,
    }
}

fn under((left, right): (f64, f64), limits: (f64, f64), natural: &Natural) -> Track {
    let width = natural.whole.max(natural.n).min(160.0);
    let texts = (right - width, right);
    Track {
        plot: (left, texts.0 - GAP / 2.0),
        limits,
        estimate: texts,
        split: texts.0 + natural.head,
        n: texts,
        counts: Counts::Under,
    }
}

fn natural<'a>(marks: impl Iterator<Item = (&'a Mark, Font)>, panel: &Panel) -> Natural {
    let mut natural = Natural {
        head: 0.0,
        bracket: 0.0,
        whole: 0.0,
        n: longest_word(panel.n, SMALL_STRONG),
    };
    for (mark, font) in marks {
        let text = shown(&mark.text);
        natural.n = natural.n.max(text_width(&counts_text(&mark.n), BODY));
        // What is too wide for any column is broken into lines and has no say in its layout.
        if text_width(&text, font) > WIDEST {
            natural.whole = WIDEST;
            continue;
        }
        match text.split_once(" [") {
            Some((head, bracket)) => {
                natural.head = natural.head.max(text_width(head, font));
                natural.bracket = natural
                    .bracket
                    .max(text_width(bracket, font) + text_width("[", font));
            }
            None => natural.whole = natural.whole.max(text_width(&text, font)),
        }
    }
    let split = natural.head + BRACKET + natural.bracket;
    natural.whole = natural
        .whole
        .max(split)
        .max(longest_word(panel.estimate, SMALL_STRONG))
        .ceil();
    natural
}

/// The text of an estimate, a dash for none.
fn shown(text: &str) -> String {
    let text = clean(text);
    if text.is_empty() {
        UNDEFINED.to_owned()
    } else {
        text
    }
}

/// Counts that are not broken before their denominator.
fn counts_text(text: &str) -> String {
    clean(text).replace(" / ", "\u{a0}/\u{a0}")
}

fn longest_word(text: &str, font: Font) -> f64 {
    clean(text)
        .split(' ')
        .map(|w| text_width(w, font))
        .fold(0.0, f64::max)
}

impl Track {
    /// The headings of the text columns.
    pub(super) fn headings(&self, panel: &Panel) -> Vec<Wrapped> {
        let width = |(left, right): (f64, f64)| right - left + 1.0;
        let estimate = (SMALL_STRONG, MUTED);
        match self.counts {
            Counts::Beside => vec![
                Wrapped::new(
                    panel.estimate,
                    estimate,
                    (self.estimate.0, Anchor::Start),
                    width(self.estimate),
                ),
                Wrapped::new(panel.n, estimate, (self.n.1, Anchor::End), width(self.n)),
            ],
            Counts::Under => {
                let mut both = Wrapped::new(
                    panel.estimate,
                    estimate,
                    (self.estimate.0, Anchor::Start),
                    width(self.estimate),
                );
                both.lines.extend(wrap(panel.n, SMALL, width(self.n)));
                vec![both]
            }
        }
    }

    /// Height that the texts of a mark need.
    pub(super) fn height(&self, mark: &Mark, font: Font) -> f64 {
        let (estimate, n) = (
            self.estimate_lines(mark, font).len(),
            self.n_lines(mark).len(),
        );
        let lines = match self.counts {
            Counts::Beside => estimate.max(n),
            Counts::Under => estimate + n,
        };
        line_height(font) * lines as f64 + 5.0
    }

    /// Draws estimate and counts of a mark whose line has its middle at `y`.
    pub(super) fn draw_texts(&self, canvas: &mut Canvas, y: f64, (mark, font): (&Mark, Font)) {
        let (estimate, n) = (self.estimate_lines(mark, font), self.n_lines(mark));
        let height = line_height(font);
        let total = match self.counts {
            Counts::Beside => estimate.len(),
            Counts::Under => estimate.len() + n.len(),
        };
        let top = block_top(y, total, font);
        match (
            estimate.as_slice(),
            estimate.first().and_then(|t| t.split_once(" [")),
        ) {
            ([_], Some((head, bracket))) => {
                self.split_estimate(canvas, (top, font), (head, &format!("[{bracket}")))
            }
            ([head], None) if text_width(head, font) <= self.split - self.estimate.0 => {
                self.split_estimate(canvas, (top, font), (head, ""))
            }
            _ => {
                _ = block(
                    canvas,
                    &estimate,
                    (self.estimate.0, top, Anchor::Start),
                    (font, INK),
                )
            }
        }
        match self.counts {
            Counts::Beside => block(
                canvas,
                &n,
                (self.n.1, block_top(y, n.len(), BODY), Anchor::End),
                (BODY, MUTED),
            ),
            Counts::Under => block(
                canvas,
                &n,
                (
                    self.n.0,
                    top + height * estimate.len() as f64,
                    Anchor::Start,
                ),
                (SMALL, MUTED),
            ),
        };
    }

    /// Estimates end and brackets begin on one vertical, so that a column can be read down.
    fn split_estimate(
        &self,
        canvas: &mut Canvas,
        (top, font): (f64, Font),
        (head, bracket): (&str, &str),
    ) {
        let lettering = |x, anchor| Lettering {
            x,
            baseline: top + font.size,
            anchor,
            font,
            colour: INK,
        };
        canvas.text(lettering(self.split, Anchor::End), head);
        canvas.text(lettering(self.split + BRACKET, Anchor::Start), bracket);
    }

    fn estimate_lines(&self, mark: &Mark, font: Font) -> Vec<String> {
        wrap_short(
            &shown(&mark.text),
            (font, self.estimate.1 - self.estimate.0 + 1.0),
            MOST_LINES,
        )
    }

    fn n_lines(&self, mark: &Mark) -> Vec<String> {
        wrap(&counts_text(&mark.n), BODY, self.n.1 - self.n.0 + 1.0)
    }
}

/// Top of a block of lines whose middle is at `y`.
fn block_top(y: f64, lines: usize, font: Font) -> f64 {
    centred(y, font) - font.size - line_height(font) * lines.saturating_sub(1) as f64 / 2.0
}

/// A text broken into lines, with its place across the picture.
pub(super) struct Wrapped {
    pub(super) lines: Vec<String>,
    style: (Font, Colour),
    place: (f64, Anchor),
}

impl Wrapped {
    pub(super) fn new(text: &str, style: (Font, Colour), place: (f64, Anchor), width: f64) -> Self {
        Self {
            lines: wrap(text, style.0, width),
            style,
            place,
        }
    }

    /// Draws the lines so that the last ends at `bottom`.
    pub(super) fn draw_up_to(self, canvas: &mut Canvas, bottom: f64) {
        let top = bottom - line_height(self.style.0) * self.lines.len() as f64;
        block(
            canvas,
            &self.lines,
            (self.place.0, top, self.place.1),
            self.style,
        );
    }
}
