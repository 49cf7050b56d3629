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
            let tally = stratum.tally(name)?;
            let size = tally.size().filter(|size| *size > 0.0)?;
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
    let found = stratum.at.iter().find(|(own, _)| own == key);
    found.map_or("", |(_, value)| value.as_str())
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
    mut cells: Vec<&'c Cell<'c>>,
    keys: &[String],
    is_logistic: bool,
) -> (Vec<&'c Cell<'c>>, Vec<String>) {
    let mut left_out = Vec::new();
    loop {
        let mut silent: Vec<(&String, String)> = Vec::new();
        for key in keys {
            let mut by_value: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
            for cell in &cells {
                let sums = by_value.entry(value(cell.stratum, key)).or_default();
                sums.0 += cell.events;
                // A count without trials can always be larger.
                sums.1 += cell.trials.map_or(1, |trials| trials - cell.events);
            }
            let all_or_nothing = by_value
                .iter()
                .filter(|(_, (events, rest))| *events == 0 || (*rest == 0 && is_logistic));
            silent.extend(all_or_nothing.map(|(value, _)| (key, (*value).to_owned())));
        }
        if silent.is_empty() {
            return (cells, left_out);
        }
        cells.retain(|cell| silent.iter().all(|(key, v)| value(cell.stratum, key) != v));
        left_out.extend(
            silent
                .into_iter()
                .map(|(key, value)| format!("{key} {value}")),
        );
    }
}
