//! The counts of known and of unknown group, by the strata that are shown and by those within which the group is missing at
//! random.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analyses::strata::{Split, Stratum, Tally};
use crate::analyses::{Answers, Common};
use crate::cells::{Cell, CellTable, GROUP, UNKNOWN};
use crate::error::Error;
use crate::findings::{CountRef, Family, Part};
use crate::ingest::Baseline;

/// Values of some keys.
type At = Vec<(String, String)>;

/// What the analysis counts.
pub(super) struct Material {
    /// The strata that are shown, of known group.
    pub(super) strata: Vec<Stratum>,
    /// Every group of the data.
    pub(super) groups: Vec<String>,
    unknown: BTreeMap<At, Stratum>,
    within: BTreeMap<At, Vec<(Stratum, Option<Stratum>)>>,
    /// The cells of both, in places that the baseline has.
    pub(super) known_table: CellTable,
    pub(super) unknown_table: CellTable,
    counts: String,
}

impl Material {
    pub(super) fn new(
        (common, answers): (&Common<'_>, &Answers<'_>),
        (known, unknown): (&[CellTable], &CellTable),
        (baseline, within): (Option<&Baseline>, &[String]),
    ) -> Result<Self, Error> {
        let split = Split::new(common, known, baseline);
        let strata = split.strata(answers)?;
        let known_table = table(&known[0], split.covered_cells(answers, &known[0])?)?;
        let covered = split.covered_cells(answers, unknown)?;
        let unknown_table = with_zeros(&known_table, table(unknown, covered)?)?;
        let of = |table: &CellTable, by: &[String]| {
            let split = Split {
                table,
                officers: None,
                coverage: None,
                baseline: None,
                by,
                ..split
            };
            split.strata(answers)
        };
        let finest: Vec<String> = common.by.iter().chain(within).cloned().collect();
        let mut unknown_within: BTreeMap<At, Stratum> = of(&unknown_table, &finest)?
            .into_iter()
            .map(|stratum| (stratum.at.clone(), stratum))
            .collect();
        let mut by_stratum: BTreeMap<At, Vec<(Stratum, Option<Stratum>)>> = BTreeMap::new();
        for stratum in of(&known_table, &finest)? {
            let unknown = unknown_within.remove(&stratum.at);
            let shown = stratum.at[..common.by.len()].to_vec();
            by_stratum
                .entry(shown)
                .or_default()
                .push((stratum, unknown));
        }
        // Strata in which nobody is known.
        for (at, unknown) in unknown_within {
            let empty = Stratum {
                groups: unknown.groups.without(UNKNOWN),
                ..unknown.clone()
            };
            let shown = at[..common.by.len()].to_vec();
            by_stratum
                .entry(shown)
                .or_default()
                .push((empty, Some(unknown)));
        }
        Ok(Self {
            strata,
            groups: known_table.distinct(GROUP),
            unknown: of(&unknown_table, &common.by)?
                .into_iter()
                .map(|stratum| (stratum.at.clone(), stratum))
                .collect(),
            within: by_stratum,
            known_table,
            unknown_table,
            counts: common.outcome.name.clone(),
        })
    }

    /// The unknown of a stratum: none where there is no row of them.
    pub(super) fn unknown(&self, stratum: &Stratum) -> Tally {
        let own = self.unknown.get(&stratum.at);
        own.and_then(|own| own.tally(UNKNOWN)).unwrap_or(Tally {
            trials: Some(0),
            ..Tally::default()
        })
    }

    /// What a number made from them rests on.
    pub(super) fn unknown_refs(&self, stratum: &Stratum) -> Vec<CountRef> {
        let own = self.unknown.get(&stratum.at);
        own.map_or_else(Vec::new, |own| own.rests_on(&self.counts, &[UNKNOWN]))
    }

    /// Whether any row is of unknown group.
    pub(super) fn has_unknown(&self) -> bool {
        let is_any = |cell: &Cell| cell.events > 0 || cell.trials.is_some_and(|n| n > 0);
        self.unknown_table.cells().iter().any(is_any)
    }

    /// The strata within which the group is missing at random.
    pub(super) fn within(&self, stratum: &Stratum) -> &[(Stratum, Option<Stratum>)] {
        self.within.get(&stratum.at).map_or(&[], Vec::as_slice)
    }

    /// The counts from which an estimate at random is made: of some groups, of all together, and of the unknown, in every
    /// stratum within which the group is missing at random.
    pub(super) fn families(&self, stratum: &Stratum, groups: &[&str]) -> Vec<Arc<Family>> {
        let within = self.within(stratum);
        let all = |part: Part| {
            let own = groups.iter().map(|group| {
                let of = |(known, _): &(Stratum, Option<Stratum>)| {
                    known.rests_on(&self.counts, &[group])
                };
                within.iter().flat_map(of).collect::<Vec<_>>()
            });
            let together = within.iter().flat_map(|(known, _)| {
                known.rests_on_sum(&self.counts, known.group_names().into_iter())
            });
            let unknown = within.iter().filter_map(|(_, unknown)| unknown.as_ref());
            let unknown = unknown.flat_map(|own| own.rests_on(&self.counts, &[UNKNOWN]));
            own.chain([together.collect(), unknown.collect()])
                .map(|counts: Vec<CountRef>| {
                    counts
                        .into_iter()
                        .filter(|count| count.part == part)
                        .collect()
                })
                .filter(|counts: &Vec<CountRef>| !counts.is_empty())
                .map(|counts| Arc::new(Family::Cells(counts)))
                .collect::<Vec<_>>()
        };
        [all(Part::Events), all(Part::Trials)].concat()
    }
}

fn table(like: &CellTable, cells: Vec<Cell>) -> Result<CellTable, Error> {
    CellTable::new(like.keys().to_vec(), cells).ok_or_else(too_large)
}

fn too_large() -> Error {
    Error::Internal("a sum of counts exceeds the largest integer".into())
}

/// The unknown, with none of them wherever somebody is known: that nobody is unknown there is a count as well.
fn with_zeros(known: &CellTable, unknown: CellTable) -> Result<CellTable, Error> {
    let at = known.position(GROUP);
    let none = known.cells().iter().map(|cell| {
        let mut key = cell.key.clone();
        if let Some(at) = at {
            UNKNOWN.clone_into(&mut key[at]);
        }
        Cell {
            key,
            events: 0,
            trials: cell.trials.map(|_| 0),
        }
    });
    let cells: Vec<Cell> = unknown.cells().iter().cloned().chain(none).collect();
    table(&unknown, cells)
}
