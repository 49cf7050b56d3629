//! Rows in, what each rule dropped of them, and rows kept: bars that hang where the one before ended.

use super::frame::{MARGIN, RIGHT, block, empty};
use super::palette::{FRAME, HAIRLINE, INK, MUTED, colour, solid, thin, tint};
use super::svg::{Anchor, Canvas, Lettering};
use super::text::{BODY, SMALL, STRONG, centred, line_height, wrap_short};

/// Where bars begin, behind the names of rules.
const LEFT: f64 = 380.0;
/// Room for the numbers behind the bars.
const NUMBERS: f64 = 160.0;
/// Height of a bar.
const BAR: f64 = 20.0;
/// Lines of a rule's name.
const MOST_LINES: usize = 3;
/// Width of the thinnest bar: a rule that dropped something is seen.
const THINNEST: f64 = 1.5;

/// Where rows went.
#[derive(Debug, Clone, PartialEq)]
pub struct Waterfall {
    /// What the bars measure, below them.
    pub axis: String,
    /// From top to bottom.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The rule, in the study's words.
    pub label: String,
    /// How many rows; `None` where that may not be shown, and no bar is drawn.
    pub rows: Option<u64>,
    /// What the step is.
    pub kind: StepKind,
    /// The number in words.
    pub text: String,
}

/// What a step of a waterfall is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// All rows.
    In,
    /// Rows that a rule dropped.
    Dropped,
    /// The rows that are left.
    Kept,
}

impl Waterfall {
    /// Draws the chart from `top` downwards and returns its lower end.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: f64) -> f64 {
        let bars = self.bars();
        let widest = bars.iter().flatten().map(|(_, to)| *to).fold(0.0, f64::max);
        if widest <= 0.0 {
            return empty(canvas, top, "There are no rows that may be shown.");
        }
        let at = |rows: f64| LEFT + (RIGHT - NUMBERS - LEFT) * rows / widest;
        let mut y = top;
        for (i, (step, bar)) in self.steps.iter().zip(&bars).enumerate() {
            let font = if step.kind == StepKind::Dropped {
                BODY
            } else {
                STRONG
            };
            let lines = wrap_short(&step.label, (font, LEFT - MARGIN - 16.0), MOST_LINES);
            let height = (line_height(font) * lines.len() as f64).max(BAR) + 12.0;
            if i > 0 {
                canvas.line((MARGIN, y), (RIGHT, y), thin(HAIRLINE));
            }
            let middle = y + height / 2.0;
            let text_top = middle - line_height(font) * lines.len() as f64 / 2.0;
            block(
                canvas,
                &lines,
                (MARGIN, text_top, Anchor::Start),
                (font, INK),
            );
            let end = match bar {
                Some((from, to)) => {
                    let (from, to) = (at(*from), at(*to));
                    let ink = match step.kind {
                        StepKind::Dropped => colour(1),
                        StepKind::In => tint(colour(0)),
                        StepKind::Kept => colour(0),
                    };
                    let is_some = step.rows.is_some_and(|rows| rows > 0);
                    let thinnest = if is_some { THINNEST } else { 0.0 };
                    let from = from.min(to - thinnest);
                    if to > from {
                        let corners = ((from, middle - BAR / 2.0), (to, middle + BAR / 2.0));
                        canvas.rect(corners.0, corners.1, solid(ink));
                    }
                    // The next bar ends where this one begins.
                    let hangs = if step.kind == StepKind::In { to } else { from };
                    if step.kind != StepKind::Kept {
                        canvas.line(
                            (hangs, middle + BAR / 2.0),
                            (hangs, y + height + 6.0),
                            thin(FRAME),
                        );
                    }
                    to
                }
                None => LEFT,
            };
            let lettering = Lettering {
                x: end + 8.0,
                baseline: centred(middle, BODY),
                anchor: Anchor::Start,
                font: if step.kind == StepKind::Dropped {
                    BODY
                } else {
                    STRONG
                },
                colour: INK,
            };
            canvas.text(lettering, &step.text);
            y += height;
        }
        canvas.line((LEFT, top), (LEFT, y), thin(INK));
        let lettering = Lettering {
            x: LEFT,
            baseline: y + SMALL.size + 6.0,
            anchor: Anchor::Start,
            font: SMALL,
            colour: MUTED,
        };
        canvas.text(lettering, &self.axis);
        y + 26.0
    }

    /// From and until of each bar. Where rows in may not be shown, the first bar hangs where those that may add up to.
    fn bars(&self) -> Vec<Option<(f64, f64)>> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a bar does not show the sixteenth digit"
        )]
        let number = |rows: u64| rows as f64;
        let of = |kinds: &[StepKind]| {
            let steps = self.steps.iter().filter(|step| kinds.contains(&step.kind));
            steps.filter_map(|step| step.rows).map(number).sum::<f64>()
        };
        let mut left = of(&[StepKind::Dropped, StepKind::Kept]);
        let bar = |step: &Step| {
            let rows = number(step.rows?);
            Some(match step.kind {
                StepKind::Dropped => {
                    let bar = ((left - rows).max(0.0), left);
                    left = bar.0;
                    bar
                }
                StepKind::In | StepKind::Kept => (0.0, rows),
            })
        };
        self.steps.iter().map(bar).collect()
    }
}
