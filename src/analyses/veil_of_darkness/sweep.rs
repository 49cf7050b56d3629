//! Does K survive other windows and models? Every combination of a few declared ones.

use super::super::specifications::{Choice, every};
use super::lines::{Veil, Way};
use super::model::Clock;
use super::sample::Held;
use super::windows::Window;
use crate::findings::{Line, glossary};

/// Columns of a stiffer curve than the usual one.
const STIFF: u8 = 3;
/// Minutes of bins beside the curves.
const BINS: u16 = 15;

/// The ways of looking that are varied.
struct Ways {
    windows: Vec<Window>,
    clocks: Vec<Clock>,
    held: Vec<Vec<Held>>,
    are_near: Vec<bool>,
}

impl Ways {
    fn choices(&self, days: u16) -> Vec<Choice> {
        let held = |held: &Vec<Held>| match held.as_slice() {
            [] => "nothing".to_owned(),
            some => some.iter().map(Held::word).collect::<Vec<_>>().join(", "),
        };
        let near = |is_near: &bool| {
            if *is_near {
                format!("{days} days around clock changes")
            } else {
                "all".into()
            }
        };
        let choice = |name, ways| Choice { name, ways };
        vec![
            choice(
                "window",
                self.windows.iter().map(|w| w.word().to_owned()).collect(),
            ),
            choice(
                "clock",
                self.clocks.iter().map(|clock| clock.words()).collect(),
            ),
            choice("held equal", self.held.iter().map(held).collect()),
            choice("days", self.are_near.iter().map(near).collect()),
        ]
    }
}

impl Veil<'_> {
    /// How many combinations there are.
    pub(super) fn ways(&self) -> usize {
        let ways = self.varied();
        ways.windows.len() * ways.clocks.len() * ways.held.len() * ways.are_near.len()
    }

    /// The study's own way first, and beside it what others would have done.
    fn varied(&self) -> Ways {
        let mut clocks = vec![self.way.clock];
        for clock in [Clock::Spline(STIFF), Clock::Bins(BINS)] {
            if !clocks.contains(&clock) {
                clocks.push(clock);
            }
        }
        let own = self.way.held.to_vec();
        let mut with_season = own.clone();
        if !with_season.contains(&Held::Season) {
            with_season.push(Held::Season);
        }
        let mut held = vec![own];
        for other in [Vec::new(), with_season] {
            if !held.contains(&other) {
                held.push(other);
            }
        }
        Ways {
            windows: vec![Window::Evening, Window::Morning],
            clocks,
            held,
            are_near: vec![false, true],
        }
    }

    /// K of every combination, in declared order.
    pub(super) fn sweep(&self, group: usize) -> Vec<Line> {
        let ways = self.varied();
        let choices = ways.choices(self.options.days());
        let specifications = every(&choices, |chosen| {
            let way = Way {
                parts: ways.windows[chosen[0]].parts(),
                clock: ways.clocks[chosen[1]],
                held: &ways.held[chosen[2]],
                is_near: ways.are_near[chosen[3]],
                shift: None,
            };
            let (lines, _) = self.ratio(group, &way, glossary::DAYLIGHT_ODDS_RATIO_SWEEP);
            lines.into_iter().next()
        });
        let of = specifications.into_iter();
        of.filter_map(|one| {
            Some(Line {
                at: one.at,
                ..one.gives?
            })
        })
        .collect()
    }
}
