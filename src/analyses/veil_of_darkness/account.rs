//! Where every stop of the request went.

use super::counted::Known;
use super::lines::Veil;
use super::rows::State;
use crate::findings::{Comparison, CountRef, Line, glossary};

/// What became of stops, and whether it became of one.
type Step<'s> = (&'s str, &'s dyn Fn(&Known) -> bool);

impl Veil<'_> {
    /// Stops by what became of them, for all that are looked at and group by group.
    pub(super) fn account(&self) -> Vec<Line> {
        let everybody = |_: &Known| true;
        let mut lines = vec![
            self.counted_line("", "counted", self.counted.sum(everybody)),
            self.counted_line(
                "",
                "left out: of other groups",
                self.counted.sum(|known| known.group.is_none()),
            ),
        ];
        let groups: Vec<usize> = (0..self.groups.len()).collect();
        let all = |known: &Known| known.group.is_some();
        lines.extend(self.steps("", &all));
        for group in groups {
            let own = |known: &Known| known.group == Some(group);
            let label = self.label(group);
            lines.push(self.counted_line(label, "counted", self.counted.sum(own)));
            lines.extend(self.steps(label, &own));
        }
        // That there are none says something of nobody.
        lines.retain(|line| line.events != Some(0) || !line.group.is_empty());
        lines
    }

    /// What became of the stops of some groups.
    fn steps(&self, label: &str, of: &dyn Fn(&Known) -> bool) -> Vec<Line> {
        let parts = self.way.parts;
        let away = |known: &Known| self.way.is_near && !known.is_near;
        let has_light = |known: &Known| !matches!(known.state, State::NoTime | State::NoLight);
        let part = |known: &Known| match known.state {
            State::Twilight(part) | State::Light(part) | State::Dark(part) => Some(part),
            _ => None,
        };
        let is_inside = |known: &Known| part(known).is_some_and(|part| parts.contains(&part));
        let kept = |known: &Known| has_light(known) && !away(known) && is_inside(known);
        let steps: [Step<'_>; 7] = [
            ("left out: no time of day", &|known| {
                known.state == State::NoTime
            }),
            ("left out: no light known", &|known| {
                known.state == State::NoLight
            }),
            ("left out: far from a change of the clocks", &|known| {
                has_light(known) && away(known)
            }),
            ("left out: outside the window", &|known| {
                has_light(known) && !away(known) && !is_inside(known)
            }),
            ("left out: twilight", &|known| {
                kept(known) && matches!(known.state, State::Twilight(_))
            }),
            ("kept: daylight", &|known| {
                kept(known) && known.light_in(parts) == Some(true)
            }),
            ("kept: darkness", &|known| {
                kept(known) && known.light_in(parts) == Some(false)
            }),
        ];
        steps
            .into_iter()
            .filter(|(step, _)| self.way.is_near || !step.contains("change of the clocks"))
            .map(|(step, keep)| {
                let sum = self.counted.sum(|known| of(known) && keep(known));
                self.counted_line(label, step, sum)
            })
            .collect()
    }

    fn counted_line(&self, label: &str, step: &str, sum: CountRef) -> Line {
        let at = vec![("stops".to_owned(), step.to_owned())];
        Line {
            estimate: Some(sum.count as f64),
            events: Some(sum.count),
            rests_on: vec![sum],
            ..Line::new(&at, label, Comparison::None, glossary::STOPS_ACCOUNTED)
        }
    }
}
