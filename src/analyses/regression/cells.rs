//! The cells of a regression: who could have been counted where, and the keys as numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::strata::Stratum;
use crate::findings::CountRef;

/// One cell of the regression.
pub(super) struct Cell<'a> {
    pub(super) stratum: &'a Stratum,
    pub(super) group: usize,
    pub(super) events: u64,
    pub(super) size: f64,
    pub(super) trials: Option<u64>,
}

/// The cells of the groups that somebody could have been counted in.
pub(super) fn cells<'a>(strata: &'a [Stratum], groups: &[&str]) -> Vec<Cell<'a>> {
    let of_stratum = |stratum: &'a Stratum| {
        let cell = |(group, name): (usize, &&str)| {
            let (tally, size) = stratum.sized(name)?;
            Some(Cell {
                stratum,
                group,
                events: tally.events,
                size,
                trials: tally.trials,
            })
        };
        groups
            .iter()
            .enumerate()
            .filter_map(cell)
            .collect::<Vec<_>>()
    };
    strata.iter().flat_map(of_stratum).collect()
}

pub(super) fn value<'s>(stratum: &'s Stratum, key: &str) -> &'s str {
    stratum.key(key).unwrap_or_default()
}

/// The values of a key as numbers.
pub(super) fn numbered(cells: &[&Cell<'_>], key: &str) -> Vec<u32> {
    let values: Vec<&str> = cells.iter().map(|cell| value(cell.stratum, key)).collect();
    let distinct: BTreeSet<&str> = values.iter().copied().collect();
    let numbers: BTreeMap<&str, u32> = distinct.into_iter().zip(0..).collect();
    values.iter().map(|value| numbers[value]).collect()
}

/// The sum of counts of one part.
pub(in crate::analyses) fn together(counts: &[CountRef]) -> Option<CountRef> {
    let first = counts.first()?;
    Some(CountRef {
        cells: Arc::new(
            counts
                .iter()
                .flat_map(|count| count.cells.iter().cloned())
                .collect(),
        ),
        count: counts.iter().map(|count| count.count).sum(),
        ..first.clone()
    })
}

/// Cells without those of values of a key in which there are no events, or nothing but events, which say nothing about
/// the groups; and the values that are left out.
pub(super) fn informative<'c>(
    cells: Vec<&'c Cell<'c>>,
    keys: &[String],
    is_logistic: bool,
) -> (Vec<&'c Cell<'c>>, Vec<String>) {
    let levels: Vec<Vec<u32>> = keys.iter().map(|key| numbered(&cells, key)).collect();
    let levels: Vec<&[u32]> = levels.iter().map(Vec::as_slice).collect();
    let events: Vec<u64> = cells.iter().map(|cell| cell.events).collect();
    // A count without trials can always be larger.
    let rest = |cell: &&Cell<'_>| cell.trials.map_or(1, |trials| trials - cell.events);
    let rests: Vec<u64> = cells.iter().map(rest).collect();
    let (kept, silent) = super::super::informative::informative(
        &levels,
        &events,
        is_logistic.then_some(rests.as_slice()),
    );
    let name = |(key, level): &(usize, u32)| {
        let of_level = levels[*key].iter().position(|own| own == level);
        let value = of_level.map_or("", |i| value(cells[i].stratum, &keys[*key]));
        format!("{} {value}", keys[*key])
    };
    let left_out = silent.iter().map(name).collect();
    let both = cells.into_iter().zip(kept);
    (
        both.filter(|(_, kept)| *kept)
            .map(|(cell, _)| cell)
            .collect(),
        left_out,
    )
}
