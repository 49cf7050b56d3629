//! Parts of a whole as bars that all reach 100 percent: what the searches of each group rest on.

use super::frame::{MARGIN, RIGHT, block, empty, paragraph};
use super::legend::{self, Item, Sample};
use super::palette::{FRAME, GRID, INK, MUTED, PAPER, colour, solid, thin};
use super::parts::Section;
use super::svg::{Anchor, Canvas, Colour, Lettering, text_width};
use super::text::{BODY, SMALL, SMALL_STRONG, STRONG, centred, line_height, wrap_short};
use crate::number::Style;

/// Where bars begin, behind the labels.
const LEFT: f64 = 250.0;
/// Room for the numbers behind the bars.
const NUMBERS: f64 = 130.0;
/// Height of a bar.
const BAR: f64 = 26.0;
/// Lines of a label.
const MOST_LINES: usize = 3;

/// Rows of bars of one length, divided alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Stacked {
    /// What a whole bar is: `Percent of searches`.
    pub axis: String,
    /// Names of the parts in the order in which they are drawn.
    pub parts: Vec<String>,
    /// Heading above the numbers behind the bars: `searches`.
    pub number_heading: String,
    /// Rows by section.
    pub sections: Vec<Section<StackedRow>>,
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct StackedRow {
    /// What it is of.
    pub label: String,
    /// The share of each part in the order of [`Stacked::parts`]; `None` where it may not be shown.
    pub shares: Vec<Option<f64>>,
    /// What the whole bar counts, in words.
    pub n: String,
}

impl Stacked {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let rows = || self.sections.iter().flat_map(|section| &section.rows);
        if rows().all(|row| row.usable().next().is_none()) {
            return empty(canvas, top, "There are no shares that may be shown.");
        }
        let y = legend::draw(canvas, top, &self.legend());
        let heading = Lettering {
            x: RIGHT,
            baseline: y + SMALL_STRONG.size,
            anchor: Anchor::End,
            font: SMALL_STRONG,
            colour: INK,
        };
        canvas.text(heading, &self.number_heading);
        let ground = y + line_height(SMALL_STRONG) + 4.0;
        let bottom = ground + self.sections.iter().map(height_of).sum::<f64>();
        self.draw_ground(canvas, (ground, bottom));
        let mut y = ground;
        for section in &self.sections {
            if !section.heading.is_empty() {
                y = paragraph(canvas, y + 4.0, &section.heading, (STRONG, INK));
            }
            for row in &section.rows {
                y = row.draw(canvas, y);
            }
        }
        bottom + 2.0 * line_height(SMALL) + 8.0
    }

    fn legend(&self) -> Vec<Item> {
        let named = self.parts.iter().enumerate();
        let mut items: Vec<Item> = named
            .map(|(i, name)| Item::new(Sample::Block(paint(i)), name))
            .collect();
        let mut rows = self.sections.iter().flat_map(|section| &section.rows);
        if rows.any(|row| row.shares.iter().any(Option::is_none)) {
            items.push(Item::new(Sample::Block(PAPER), "withheld"));
        }
        items
    }

    fn draw_ground(&self, canvas: &mut Canvas, (top, bottom): (f64, f64)) {
        for part in [0.0, 0.25, 0.5, 0.75, 1.0] {
            let x = at(part);
            canvas.line((x, top), (x, bottom + 5.0), thin(GRID));
            let lettering = Lettering {
                x,
                baseline: bottom + 6.0 + SMALL.size,
                anchor: Anchor::Middle,
                font: SMALL,
                colour: MUTED,
            };
            canvas.text(lettering, &format!("{} %", (100.0 * part) as u32));
        }
        let lettering = Lettering {
            x: f64::midpoint(LEFT, RIGHT - NUMBERS),
            baseline: bottom + 8.0 + line_height(SMALL) + SMALL.size,
            anchor: Anchor::Middle,
            font: SMALL,
            colour: INK,
        };
        canvas.text(lettering, &self.axis);
    }
}

impl StackedRow {
    /// The shares that can be drawn.
    fn usable(&self) -> impl Iterator<Item = (usize, f64)> {
        let shares = self.shares.iter().enumerate();
        shares.filter_map(|(i, share)| {
            let share = (*share)?;
            ((0.0..=1.0).contains(&share)).then_some((i, share))
        })
    }

    fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let lines = self.lines();
        let height = height(&lines);
        let middle = top + height / 2.0;
        let text_top = middle - line_height(BODY) * lines.len() as f64 / 2.0;
        block(
            canvas,
            &lines,
            (MARGIN, text_top, Anchor::Start),
            (BODY, INK),
        );
        let (upper, lower) = (middle - BAR / 2.0, middle + BAR / 2.0);
        let mut from = 0.0;
        for (part, share) in self.usable() {
            // Shares are rounded, and a bar ends where the axis does.
            let until = f64::min(from + share, 1.0);
            let fill = paint(part);
            canvas.rect((at(from), upper), (at(until), lower), solid(fill));
            canvas.line((at(until), upper), (at(until), lower), thin(PAPER));
            let text = Style::Percent.show(Some(share));
            if text_width(&text, SMALL) + 10.0 < at(until) - at(from) {
                let lettering = Lettering {
                    x: f64::midpoint(at(from), at(until)),
                    baseline: centred(middle, SMALL),
                    anchor: Anchor::Middle,
                    font: SMALL,
                    colour: on(fill),
                };
                canvas.text(lettering, &text);
            }
            from = until;
        }
        let frame = [
            (0.0, upper),
            (1.0, upper),
            (1.0, lower),
            (0.0, lower),
            (0.0, upper),
        ];
        let frame = frame.map(|(part, y)| (at(part), y));
        canvas.path(frame.to_vec(), thin(FRAME));
        let lettering = Lettering {
            x: RIGHT,
            baseline: centred(middle, SMALL),
            anchor: Anchor::End,
            font: SMALL,
            colour: INK,
        };
        canvas.text(lettering, &self.n);
        top + height
    }

    fn lines(&self) -> Vec<String> {
        wrap_short(&self.label, (BODY, LEFT - MARGIN - 16.0), MOST_LINES)
    }
}

fn height(lines: &[String]) -> f64 {
    (line_height(BODY) * lines.len() as f64).max(BAR) + 12.0
}

fn height_of(section: &Section<StackedRow>) -> f64 {
    let heading = if section.heading.is_empty() {
        0.0
    } else {
        4.0 + line_height(STRONG)
            * super::text::wrap(&section.heading, STRONG, RIGHT - MARGIN).len() as f64
    };
    let rows = section.rows.iter().map(|row| height(&row.lines()));
    heading + rows.sum::<f64>()
}

fn at(part: f64) -> f64 {
    LEFT + (RIGHT - NUMBERS - LEFT) * part
}

/// Colours of parts in an order in which neighbours differ most in grey; the last two are greys, for what has no colour of
/// its own.
fn paint(part: usize) -> Colour {
    const ORDER: [usize; 6] = [0, 2, 1, 5, 3, 4];
    match ORDER.get(part) {
        Some(series) => colour(*series),
        None => GRID,
    }
}

/// The ink that can be read on a colour.
fn on(Colour(r, g, b): Colour) -> Colour {
    let grey = 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b);
    if grey > 130.0 { INK } else { PAPER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withheld_and_impossible_shares_are_not_drawn() {
        let row = StackedRow {
            label: "White".into(),
            shares: vec![Some(0.5), None, Some(f64::NAN), Some(1.5), Some(0.25)],
            n: String::new(),
        };
        assert_eq!(row.usable().collect::<Vec<_>>(), [(0, 0.5), (4, 0.25)]);
    }
}
