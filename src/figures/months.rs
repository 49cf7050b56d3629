//! Columns over time, a slot for every month: one panel per measure, and a month without rows is seen to be one.

use super::frame::{MARGIN, RIGHT, empty, paragraph};
use super::palette::{FRAME, GRID, INK, MUTED, colour, solid, thin};
use super::svg::{Anchor, Canvas, Colour, Lettering, text_width};
use super::text::{SMALL, STRONG, centred};
use crate::number::Style;

/// Height of the plot of a panel.
const PLOT: f64 = 96.0;
/// Room for the labels of the upright axis.
const LABELS: f64 = 74.0;
/// Height of the mark of a month whose number is withheld.
const WITHHELD: f64 = 10.0;
/// Up to so many months, each is named.
const FEW: usize = 14;

/// Measures by month.
#[derive(Debug, Clone, PartialEq)]
pub struct Months {
    /// Year and month of the first slot.
    pub first: (i16, i8),
    /// One per measure, each with a value for every month.
    pub panels: Vec<MonthPanel>,
}

/// One measure.
#[derive(Debug, Clone, PartialEq)]
pub struct MonthPanel {
    /// What is measured.
    pub title: String,
    /// How values read: [`Style::Percent`] for shares, which all have one axis.
    pub style: Style,
    /// The months in their order.
    pub values: Vec<MonthValue>,
}

/// The value of one month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum MonthValue {
    /// It is this.
    Shown(f64),
    /// There are no rows to measure.
    NoRows,
    /// It may not be shown.
    Withheld,
}

/// Where the months lie.
struct Slots {
    left: f64,
    width: f64,
}

impl Months {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let months = self.panels.iter().map(|panel| panel.values.len()).max();
        let Some(months) = months.filter(|months| *months > 0) else {
            return empty(canvas, top, "There are no months to draw.");
        };
        let slots = Slots {
            left: MARGIN + LABELS,
            width: (RIGHT - MARGIN - LABELS) / months as f64,
        };
        let mut y = self.legend(canvas, top);
        for panel in &self.panels {
            let below_title = paragraph(canvas, y, &panel.title, (STRONG, INK)) + 6.0;
            let bottom = below_title + PLOT;
            panel.draw(canvas, &slots, (bottom, self.highest(panel.style)));
            y = self.name_months(canvas, &slots, (bottom, months)) + 12.0;
        }
        y
    }

    /// The upper end of the axis of a measure, which all panels of its style share.
    fn highest(&self, style: Style) -> f64 {
        let same = self.panels.iter().filter(|panel| panel.style == style);
        let values = same.flat_map(|panel| &panel.values).filter_map(usable);
        let highest = values.fold(0.0, f64::max);
        if style == Style::Percent {
            return round_above(highest).clamp(0.05, 1.0);
        }
        round_above(highest)
    }

    fn legend(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let all = || self.panels.iter().flat_map(|panel| &panel.values);
        let mut x = MARGIN;
        let (baseline, middle) = (top + SMALL.size, top + 0.6 * SMALL.size);
        let mut name = |text: &str, half: f64, ink: Colour| {
            canvas.rect((x, middle - half), (x + 14.0, middle + half), solid(ink));
            let lettering = Lettering {
                x: x + 22.0,
                baseline,
                anchor: Anchor::Start,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, text);
            x += 22.0 + text_width(text, SMALL) + 26.0;
        };
        name("value of the month", 8.0, colour(0));
        if all().any(|value| *value == MonthValue::NoRows) {
            name("month without rows", 8.0, GRID);
        }
        if all().any(|value| *value == MonthValue::Withheld) {
            name("withheld: too few", 3.0, FRAME);
        }
        top + 30.0
    }

    /// Names years, or months where they are few, below a panel; returns the lower end of the names.
    fn name_months(
        &self,
        canvas: &mut Canvas,
        slots: &Slots,
        (bottom, months): (f64, usize),
    ) -> f64 {
        let mut free_from = f64::NEG_INFINITY;
        for i in 0..months {
            let (year, month) = self.month(i);
            let is_start = i == 0 || month == 1;
            if !is_start && months > FEW {
                continue;
            }
            let at = slots.left + slots.width * i as f64;
            if is_start {
                canvas.line((at, bottom), (at, bottom + 6.0), thin(INK));
            }
            let text = match (months > FEW, is_start) {
                // A first year that begins in its middle is no mark of January.
                (true, _) if month != 1 => continue,
                (true, _) => year.to_string(),
                (false, true) => format!("{year}-{month:02}"),
                (false, false) => format!("{month:02}"),
            };
            let width = text_width(&text, SMALL);
            let x = if months > FEW {
                at + 2.0
            } else {
                at + (slots.width - width) / 2.0
            };
            if x < free_from || x + width > RIGHT + 8.0 {
                continue;
            }
            let lettering = Lettering {
                x,
                baseline: bottom + 20.0,
                anchor: Anchor::Start,
                font: SMALL,
                colour: MUTED,
            };
            canvas.text(lettering, &text);
            free_from = x + width + 10.0;
        }
        bottom + 26.0
    }

    fn month(&self, i: usize) -> (i32, usize) {
        let (year, month) = self.first;
        let since = usize::from(month.unsigned_abs()).saturating_sub(1) + i;
        let years = i32::try_from(since / 12).unwrap_or(i32::MAX);
        (i32::from(year).saturating_add(years), since % 12 + 1)
    }
}

impl MonthPanel {
    fn draw(&self, canvas: &mut Canvas, slots: &Slots, (bottom, highest): (f64, f64)) {
        for part in [0.0, 0.5, 1.0] {
            let y = bottom - part * PLOT;
            let ink = if part > 0.0 { GRID } else { INK };
            canvas.line((slots.left, y), (RIGHT, y), thin(ink));
            let lettering = Lettering {
                x: slots.left - 8.0,
                baseline: centred(y, SMALL),
                anchor: Anchor::End,
                font: SMALL,
                colour: INK,
            };
            canvas.text(lettering, &self.label(part * highest));
        }
        // Narrow columns touch: a gap would look like a month without rows.
        let gap = if slots.width > 6.0 { 1.0 } else { 0.0 };
        for (i, value) in self.values.iter().enumerate() {
            let left = slots.left + slots.width * i as f64;
            let (from, to) = (left + gap, left + slots.width - gap);
            let (height, ink) = match value {
                MonthValue::NoRows => (PLOT, GRID),
                MonthValue::Withheld => (WITHHELD, FRAME),
                MonthValue::Shown(_) => {
                    let part = usable(value).map_or(0.0, |value| value / highest);
                    (part.clamp(0.0, 1.0) * PLOT, colour(0))
                }
            };
            if height > 0.0 {
                canvas.rect((from, bottom - height), (to, bottom), solid(ink));
            }
        }
        canvas.line((slots.left, bottom), (RIGHT, bottom), thin(INK));
    }

    fn label(&self, value: f64) -> String {
        match self.style {
            // Halves of round numbers have no more digits than these.
            Style::Percent => format!("{} %", crate::number::twelve_digits(100.0 * value)),
            style => style.show(Some(value)),
        }
    }
}

fn usable(value: &MonthValue) -> Option<f64> {
    match value {
        MonthValue::Shown(value) if value.is_finite() && *value >= 0.0 => Some(*value),
        _ => None,
    }
}

/// The smallest of 1, 2, 4, 6 and 10 times a power of ten that is not below: its half is a round number too.
fn round_above(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let power = libm::exp10(libm::floor(libm::log10(value)).clamp(-300.0, 300.0));
    [1.0, 2.0, 4.0, 6.0, 10.0]
        .into_iter()
        .map(|digit| crate::number::twelve_digits(digit * power))
        .find(|round| *round >= value)
        .unwrap_or(value)
}
