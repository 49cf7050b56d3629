//! What may be shown of a dispersion between places, periods or officers, and of what is made from it.
//!
//! A number fitted to counts is an equation between them. It gives nothing away where all of them are shown. Where they
//! are not it is rounded, and only if at least as many independent unknowns as the smallest count stand behind each side
//! of it, so that neither it nor several such numbers together pin a count down; otherwise it is withheld.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::protected::{Index, Protected};
use crate::findings::{Band, Family, Line};
use crate::number::significant;
use crate::warning::Warning;

/// What may be shown, the more the less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spread {
    Shown,
    Rounded,
    Withheld,
}

/// Sums of one source that are shown, by the kinds of persons that they count.
#[derive(Default)]
pub(super) struct Stated {
    by_kinds: BTreeMap<Vec<usize>, BTreeSet<Vec<usize>>>,
}

impl Stated {
    pub(super) fn add(&mut self, kinds: &[usize], cells: Vec<usize>) {
        self.by_kinds
            .entry(kinds.to_vec())
            .or_default()
            .insert(cells);
    }

    /// How many of these sums have a cell in common with some cells, those apart that are `but`.
    fn overlapping(
        &self,
        kinds: &[usize],
        cells: &BTreeSet<usize>,
        but: &BTreeSet<Vec<usize>>,
    ) -> usize {
        let sums = self.by_kinds.get(kinds).into_iter().flatten();
        sums.filter(|sum| !but.contains(*sum) && sum.iter().any(|cell| cells.contains(cell)))
            .count()
    }

    fn holds(&self, kinds: &[usize], cells: &Vec<usize>) -> bool {
        self.by_kinds
            .get(kinds)
            .is_some_and(|sums| sums.contains(cells))
    }
}

/// What is shown of one source, and how its counts are looked up.
pub(super) struct Known<'a> {
    pub(super) index: Index<'a>,
    pub(super) stated: Stated,
}

/// Judges the families of counts behind the spreads of a run; each once.
pub(super) struct Judge<'a> {
    protected: &'a Protected,
    known: Vec<Known<'a>>,
    minimum: u64,
    judged: BTreeMap<*const Family, Spread>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(protected: &'a Protected, known: Vec<Known<'a>>, minimum: u64) -> Self {
        Self {
            protected,
            known,
            minimum,
            judged: BTreeMap::new(),
        }
    }

    /// What may be shown of a number that rests on some families: as much as on the most delicate of them.
    pub(super) fn spread(&mut self, families: &[Arc<Family>]) -> Spread {
        let mut worst = Spread::Shown;
        for family in families {
            let pointer = Arc::as_ptr(family);
            let spread = match self.judged.get(&pointer) {
                Some(spread) => *spread,
                None => self.judge(family),
            };
            self.judged.insert(pointer, spread);
            worst = worst.max(spread);
        }
        worst
    }

    fn judge(&mut self, family: &Family) -> Spread {
        let (one, how_many) = match family {
            Family::Cells(counts) => (counts.first(), counts.len()),
            Family::Officers { sum, how_many } => (Some(sum), *how_many),
        };
        let Some(source) = one.and_then(|count| self.protected.source(count)) else {
            return Spread::Shown;
        };
        let known = &mut self.known[source];
        let kinds = known
            .index
            .kinds(one.expect("a source was found for it"))
            .to_vec();
        let mut cells = BTreeSet::new();
        let mut shown = BTreeSet::new();
        let hidden = match family {
            Family::Officers { sum, .. } => {
                cells.extend(known.index.cells(sum));
                how_many
            }
            Family::Cells(counts) => {
                for count in counts {
                    let own = known.index.cells(count);
                    cells.extend(own.iter().copied());
                    if !own.is_empty() && known.stated.holds(&kinds, &own) {
                        shown.insert(own);
                    }
                }
                how_many - shown.len()
            }
        };
        if hidden == 0 {
            return Spread::Shown;
        }
        // Each shown sum over the same cells may fix one of the hidden ones.
        let unknowns = hidden.saturating_sub(known.stated.overlapping(&kinds, &cells, &shown));
        // Counts are whole numbers from 0: many of them that are nearly all 0 hide no more than a few would.
        let persons: u64 = match family {
            Family::Officers { .. } => u64::MAX,
            Family::Cells(counts) => counts
                .iter()
                .fold(0, |sum, count| sum.saturating_add(count.count)),
        };
        let unknowns = u64::try_from(unknowns).unwrap_or(u64::MAX);
        if unknowns.min(persons / self.minimum.max(1)) >= self.minimum {
            Spread::Rounded
        } else {
            Spread::Withheld
        }
    }
}

/// Digits of a number that rests on hidden counts.
const DIGITS: usize = 3;

/// Leaves of a line what may be shown of its spread.
pub(super) fn apply(spread: Spread, line: &mut Line, minimum: u64) {
    let has_spread = line.headline.is_some() || line.dispersion.is_some() || line.is_of_spread;
    match spread {
        _ if !has_spread => {}
        Spread::Rounded if line.is_fit => withhold(line, minimum),
        Spread::Shown => {}
        Spread::Rounded => round(line, minimum),
        Spread::Withheld => withhold(line, minimum),
    }
}

fn round(line: &mut Line, minimum: u64) {
    line.dispersion = rounded(line.dispersion);
    if line.is_of_spread {
        line.estimate = rounded(line.estimate);
        line.std_error = rounded(line.std_error);
        line.test = None;
        if let Some(band) = &mut line.counting {
            round_band(band);
            band.test = None;
        }
    }
    if let Some(band) = &mut line.headline {
        line.std_error = rounded(line.std_error);
        round_band(band);
        // Degrees of freedom count how many places, periods or officers had anybody at all.
        if let Some(test) = &mut band.test {
            test.statistic = rounded(test.statistic);
            test.p_value = rounded(test.p_value);
            test.df = None;
        }
    }
    names_no_zeros(line);
    line.warn(Warning::SpreadRounded { minimum });
}

/// That a stratum has nobody of known group is a count as well.
fn names_no_zeros(line: &mut Line) {
    line.warnings
        .retain(|warning| *warning != Warning::UnknownAlone);
}

fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|value| significant(value, DIGITS))
}

fn round_band(band: &mut Band) {
    band.interval = band.interval.map(|end| significant(end, DIGITS));
}

fn withhold(line: &mut Line, minimum: u64) {
    if line.headline.take().is_some() {
        line.std_error = None;
    }
    line.dispersion = None;
    if line.is_of_spread {
        line.estimate = None;
        line.std_error = None;
        line.counting = None;
        line.test = None;
    }
    if line.is_fit {
        // Cautions of a fit count its clusters and cells.
        line.warnings.clear();
    }
    names_no_zeros(line);
    line.warn(Warning::SpreadWithheld { minimum });
}
