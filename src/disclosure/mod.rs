//! What may be shown. A finding becomes a [`Disclosed`] finding here and nowhere else, and everything that shows
//! numbers accepts nothing but that: forgetting disclosure does not compile.
//!
//! In `public` mode a count of persons under the minimum is withheld together with every number made from it, and
//! further counts are withheld until no sum of shown counts gives a withheld one back. In `court` mode counts are
//! shown and small ones are flagged. Counts that were published already are shown unless the study asks otherwise.

mod audit;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::cells::CellTable;
use crate::findings::{CountRef, Finding, Line, Part};
use crate::warning::Warning;

/// The `[disclosure]` table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct DisclosureConfig {
    /// Who reads the bundle.
    pub mode: Mode,
    /// The smallest count that may be shown in public.
    pub minimum: u64,
    /// Whether counts that were published already are treated like rows.
    pub published: PublishedRule,
}

/// Who reads the bundle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Anyone.
    #[default]
    Public,
    /// A court and the parties, under a protective order.
    Court,
}

/// What happens to counts that were published already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PublishedRule {
    /// They are shown: withholding them protects nobody.
    #[default]
    Show,
    /// They are treated like counts of rows.
    Withhold,
}

impl Default for DisclosureConfig {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            minimum: 10,
            published: PublishedRule::default(),
        }
    }
}

impl DisclosureConfig {
    /// The smallest count of persons that may be shown.
    #[must_use]
    pub fn smallest_shown(&self) -> u64 {
        match self.mode {
            Mode::Public => self.minimum,
            Mode::Court => 0,
        }
    }
}

/// Something that disclosure has let through. Only [`disclose`] makes one.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Disclosed<T>(T);

impl<T> Deref for Disclosed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Counts whose small cells are protected, at the finest grain at which any of them is used.
pub type Protected = BTreeMap<String, CellTable>;

/// Lets findings through, all of one run together: two findings may give back what each withholds.
///
/// `protected` holds the counts of persons; findings on other counts are let through as they are.
#[must_use]
pub fn disclose(
    mut findings: Vec<Finding>,
    protected: &Protected,
    config: DisclosureConfig,
) -> Vec<Disclosed<Finding>> {
    if config.mode == Mode::Court {
        for line in findings.iter_mut().flat_map(|finding| &mut finding.lines) {
            if line
                .rests_on
                .iter()
                .any(|count| protected.contains_key(&count.counts) && count.count < config.minimum)
            {
                line.warn(Warning::SmallCount {
                    minimum: config.minimum,
                });
            }
        }
        return findings.into_iter().map(Disclosed).collect();
    }
    let shown: BTreeSet<&CountRef> = findings
        .iter()
        .flat_map(|f| &f.lines)
        .flat_map(|line| &line.rests_on)
        .filter(|count| protected.contains_key(&count.counts))
        .collect();
    let withheld = withheld(
        &shown.into_iter().collect::<Vec<_>>(),
        protected,
        config.minimum,
    );
    for line in findings.iter_mut().flat_map(|finding| &mut finding.lines) {
        if line.rests_on.iter().any(|count| withheld.contains(count)) {
            withhold(line, config.minimum);
        }
    }
    findings.into_iter().map(Disclosed).collect()
}

/// The counts that must not be shown.
fn withheld(shown: &[&CountRef], protected: &Protected, minimum: u64) -> BTreeSet<CountRef> {
    let mut withheld = BTreeSet::new();
    for family in families(shown, protected) {
        let sums: Vec<audit::Sum> = family
            .iter()
            .map(|count| audit::Sum {
                cells: cells_of(count, protected),
                count: count.count,
            })
            .collect();
        let weights = finest(family[0], protected);
        for i in audit::withhold(&sums, &weights, minimum) {
            withheld.insert(family[i].clone());
        }
    }
    withheld
}

/// Counts that are sums of the same finest cells: searched persons and stops out of which they were counted are two
/// families, but the trials of searches are the stops themselves when it is known of every stop whether there was a search.
fn families<'a>(shown: &[&'a CountRef], protected: &Protected) -> Vec<Vec<&'a CountRef>> {
    let mut families: Vec<(Vec<String>, Vec<u64>, Vec<&CountRef>)> = Vec::new();
    for &count in shown {
        let (keys, cells) = (
            protected[&count.counts].keys().to_vec(),
            finest(count, protected),
        );
        match families
            .iter_mut()
            .find(|(k, c, _)| *k == keys && *c == cells)
        {
            Some((.., family)) => family.push(count),
            None => families.push((keys, cells, vec![count])),
        }
    }
    families.into_iter().map(|(.., family)| family).collect()
}

fn finest(count: &CountRef, protected: &Protected) -> Vec<u64> {
    let pick = |cell: &crate::cells::Cell| match count.part {
        Part::Events => cell.events,
        Part::Trials => cell.trials.unwrap_or_default(),
    };
    protected[&count.counts].cells().iter().map(pick).collect()
}

fn cells_of(count: &CountRef, protected: &Protected) -> Vec<usize> {
    let table = &protected[&count.counts];
    let fits = |cell: &crate::cells::Cell| {
        count
            .cells
            .iter()
            .all(|(key, value)| table.value(cell, key).is_none_or(|v| v == value))
    };
    table
        .cells()
        .iter()
        .enumerate()
        .filter(|(_, cell)| fits(cell))
        .map(|(i, _)| i)
        .collect()
}

fn withhold(line: &mut Line, minimum: u64) {
    line.estimate = None;
    line.std_error = None;
    line.headline = None;
    line.counting = None;
    line.dispersion = None;
    line.dispersion_tip = None;
    line.test = None;
    line.events = None;
    line.trials = None;
    line.exposure = None;
    line.warnings = vec![Warning::Withheld { minimum }];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::Cell;
    use crate::findings::{Comparison, Frame, glossary};

    fn table(counts: &[(&str, u64)]) -> CellTable {
        let cells = counts.iter().map(|(place, events)| Cell {
            key: vec![(*place).into()],
            events: *events,
            trials: None,
        });
        CellTable::new(vec!["place".into()], cells).unwrap()
    }

    fn finding(lines: Vec<Line>) -> Finding {
        let frame = Frame {
            counts: "stops".into(),
            events: "stops".into(),
            trials: None,
            baselines: vec![],
            by: vec![],
            only: String::new(),
            level: 0.95,
            reference: String::new(),
            arms: vec![],
            comparisons: 0,
            headline: String::new(),
            counting: String::new(),
            seed: 0,
        };
        Finding {
            analysis: "rates",
            id: "x".into(),
            title: String::new(),
            note: None,
            frame,
            lines,
            warnings: vec![],
        }
    }

    fn line(cells: &[(&str, &str)], count: u64) -> Line {
        let cells: Vec<(String, String)> = cells
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        let mut line = Line::new(&cells, "", Comparison::None, glossary::RATE);
        line.estimate = Some(count as f64);
        line.events = Some(count);
        line.rests_on = vec![CountRef {
            counts: "stops".into(),
            part: Part::Events,
            cells,
            count,
        }];
        line
    }

    fn run(mode: Mode) -> Vec<Option<u64>> {
        let protected =
            Protected::from([("stops".to_owned(), table(&[("a", 4), ("b", 30), ("c", 50)]))]);
        let lines = vec![
            line(&[], 84),
            line(&[("place", "a")], 4),
            line(&[("place", "b")], 30),
            line(&[("place", "c")], 50),
        ];
        let disclosed = disclose(
            vec![finding(lines)],
            &protected,
            DisclosureConfig {
                mode,
                ..DisclosureConfig::default()
            },
        );
        disclosed[0].lines.iter().map(|line| line.events).collect()
    }

    #[test]
    fn a_total_does_not_give_a_withheld_cell_back() {
        assert_eq!(
            run(Mode::Public),
            [Some(84), None, None, Some(50)],
            "84 - 30 - 50 would be 4"
        );
    }

    #[test]
    fn a_court_sees_every_count() {
        assert_eq!(run(Mode::Court), [Some(84), Some(4), Some(30), Some(50)]);
    }
}
