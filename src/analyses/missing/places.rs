//! How many are of unknown group, in each stratum and in each place.

use std::collections::BTreeMap;

use super::Question;
use super::material::Material;
use crate::analyses::bands::wilson;
use crate::analyses::strata::{Stratum, Tally};
use crate::cells::{Cell, CellTable};
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Comparison, CountRef, Counted, Line, Part};
use crate::stats::proportion::Proportion;
use crate::stops::{PLACE, STATE};
use crate::warning::Warning;

/// Events and trials of known and of unknown group, with what a line about them rests on.
struct Both {
    at: Vec<(String, String)>,
    known: Tally,
    unknown: Tally,
    rests_on: Vec<CountRef>,
}

impl Question<'_> {
    /// The share of unknown group in every stratum; where no row is, the line says so.
    pub(super) fn unknown_lines(&self, material: &Material) -> Vec<Line> {
        if !material.has_unknown() {
            let mut line = Line::new(&[], "", Comparison::None, glossary::UNKNOWN_SHARE);
            line.counted = Some(self.counted(Part::Trials));
            line.estimate = Some(0.0);
            line.warn(Warning::NothingUnknown);
            return vec![line];
        }
        let name = &self.common.outcome.name;
        let both = |stratum: &Stratum| {
            let names = stratum.group_names();
            Both {
                at: stratum.at.clone(),
                known: stratum.all().unwrap_or_default(),
                unknown: material.unknown(stratum),
                rests_on: stratum
                    .rests_on_sum(name, names.into_iter())
                    .into_iter()
                    .chain(material.unknown_refs(stratum))
                    .collect(),
            }
        };
        let strata = material.strata.iter().map(both);
        strata
            .flat_map(|both| self.shares_of_unknown(&both))
            .collect()
    }

    /// The share of unknown group in every place of every stratum.
    pub(super) fn by_place(&self, material: &Material) -> Vec<Line> {
        let keys: Vec<String> = [STATE, PLACE]
            .into_iter()
            .filter(|key| self.common.outcome.keys.iter().any(|own| own == key))
            .map(str::to_owned)
            .collect();
        let has_place = keys.iter().any(|key| key == PLACE);
        if !material.has_unknown() || !has_place || self.common.by == keys {
            return Vec::new();
        }
        let known = sums(&material.known_table, &keys);
        let unknown = sums(&material.unknown_table, &keys);
        let none = Sum::default();
        let one = |values: &Vec<String>| {
            let (own, other) = (
                known.get(values).unwrap_or(&none),
                unknown.get(values).unwrap_or(&none),
            );
            let refs = [
                (own, &material.known_table),
                (other, &material.unknown_table),
            ];
            Both {
                at: keys.iter().cloned().zip(values.iter().cloned()).collect(),
                known: own.tally,
                unknown: other.tally,
                rests_on: refs
                    .into_iter()
                    .flat_map(|(sum, table)| sum.refs(&self.common.outcome.name, table))
                    .collect(),
            }
        };
        // Every place that has anybody stands among the unknown, with none of them if it must.
        let of_place = |both: Both| {
            let lines = self.shares_of_unknown(&both).into_iter();
            lines.filter(|line| line.estimand == glossary::UNKNOWN_SHARE)
        };
        unknown.keys().map(one).flat_map(of_place).collect()
    }

    fn shares_of_unknown(&self, both: &Both) -> Vec<Line> {
        let events = (both.unknown.events, both.known.events);
        let trials = both.unknown.trials.zip(both.known.trials);
        let main = trials.unwrap_or(events);
        let mut lines = vec![self.share_of_unknown(both, glossary::UNKNOWN_SHARE, main)];
        if self.common.outcome.trials.is_some() {
            lines.push(self.share_of_unknown(both, glossary::UNKNOWN_SHARE_OF_EVENTS, events));
        }
        lines
    }

    fn share_of_unknown(
        &self,
        both: &Both,
        estimand: Estimand,
        (unknown, known): (u64, u64),
    ) -> Line {
        let mut line = Line::new(&both.at, "", Comparison::None, estimand);
        // What the share is not made of needs no protection by it.
        let made_of = match (estimand == glossary::UNKNOWN_SHARE, both.known.trials) {
            (true, Some(_)) => Part::Trials,
            _ => Part::Events,
        };
        let own = both.rests_on.iter().filter(|count| count.part == made_of);
        line.rests_on = own.cloned().collect();
        line.counted = Some(self.counted(if estimand == glossary::UNKNOWN_SHARE {
            Part::Trials
        } else {
            Part::Events
        }));
        let all = unknown + known;
        (line.events, line.trials) = (Some(unknown), Some(all));
        let share = Proportion::new(unknown, all).ok();
        line.estimate = share.as_ref().and_then(Proportion::estimate);
        if line.estimate.is_none() {
            line.warn(Warning::EmptyDenominator);
        }
        line.counting = share
            .filter(|_| !self.common.outcome.annual_average)
            .and_then(|share| wilson(&share, self.common.level));
        line
    }

    /// `stops of unknown group` out of `stops`.
    fn counted(&self, part: Part) -> Counted {
        let outcome = self.common.outcome;
        let what = match (part, &outcome.trials) {
            (Part::Trials, Some(trials)) => trials,
            _ => &outcome.events,
        };
        Counted {
            events: format!("{what} of unknown group"),
            trials: Some(what.clone()),
        }
    }
}

/// Cells added up.
#[derive(Debug, Default)]
struct Sum {
    tally: Tally,
    cells: std::collections::BTreeSet<Vec<String>>,
}

impl Sum {
    fn add(&mut self, cell: &Cell) {
        self.tally = Tally {
            events: self.tally.events + cell.events,
            trials: cell.trials.map(|n| self.tally.trials.unwrap_or(0) + n),
            people: None,
        };
        self.cells.insert(cell.key.clone());
    }

    fn refs(&self, counts: &str, table: &CellTable) -> Vec<CountRef> {
        let cells = std::sync::Arc::new(self.cells.clone());
        let keys: std::sync::Arc<[String]> = table.keys().into();
        let part = |part, count| CountRef {
            counts: counts.to_owned(),
            part,
            keys: keys.clone(),
            cells: cells.clone(),
            count,
        };
        let trials = self.tally.trials.map(|trials| part(Part::Trials, trials));
        let events = part(Part::Events, self.tally.events);
        std::iter::once(events).chain(trials).collect()
    }
}

fn sums(table: &CellTable, keys: &[String]) -> BTreeMap<Vec<String>, Sum> {
    let mut sums: BTreeMap<Vec<String>, Sum> = BTreeMap::new();
    for cell in table.cells() {
        if let Some(values) = table.values(cell, keys) {
            sums.entry(values).or_default().add(cell);
        }
    }
    sums
}
