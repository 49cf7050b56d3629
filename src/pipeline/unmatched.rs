//! What stands in one file only: places of counts without a population, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::{Cell, CellTable, GROUP};
use crate::disclosure::{DisclosureConfig, PublishedRule};
use crate::ingest::{Baseline, nearest, why_not_there};
use crate::stops::PLACE;

/// Counts of rows that are a part of all rows.
const PARTS: [&str; 2] = ["searches", "hits"];

/// Counts of persons are told to the nearest of this many times the smallest count that may be shown.
const ROUGHLY: u64 = 10;

/// Places, and groups of places, that stand in one of two files only. They are listed, never dropped silently.
pub(super) fn unmatched(
    counts: &BTreeMap<&str, &CellTable>,
    rows: &BTreeMap<String, CellTable>,
    baselines: &BTreeMap<String, Baseline>,
    config: DisclosureConfig,
) -> Vec<String> {
    // Of rows only the places are compared: which groups were counted in a place is what disclosure protects.
    let of_rows = |name: &str| rows.contains_key(name);
    let counts_by_name = counts;
    let counts = counts.iter().filter(|(name, table)| {
        table.position(PLACE).is_some() && (!of_rows(name) || !PARTS.contains(name))
    });
    let mut sources: Vec<(String, PlaceGroups)> = counts
        .map(|(name, table)| {
            let mut groups = groups_by_place(table);
            if of_rows(name) {
                groups.values_mut().for_each(BTreeSet::clear);
            }
            (format!("counts {name}"), groups)
        })
        .collect();
    for baseline in baselines.values() {
        let position = |wanted: &str| baseline.keys.iter().position(|key| key == wanted);
        if let (Some(place), Some(group)) = (position(PLACE), position(GROUP)) {
            let mut groups = PlaceGroups::new();
            for key in baseline.cell_keys() {
                groups
                    .entry(key[place].clone())
                    .or_default()
                    .insert(key[group].clone());
            }
            sources.push((format!("population {}", baseline.name), groups));
        }
    }
    let cost = |name: &str, places: &[&String]| {
        let (of, name) = name.split_once(' ')?;
        let table = counts_by_name.get(name).filter(|_| of == "counts")?;
        let is_protected = of_rows(name) || config.published == PublishedRule::Withhold;
        let minimum = if is_protected {
            config.smallest_shown()
        } else {
            0
        };
        Some(format!(
            "; they hold {} {name}, which no number on this baseline counts",
            events_in(table, places, minimum)
        ))
    };
    let mut notes = Vec::new();
    for (name, own) in &sources {
        for (other_name, other) in sources.iter().filter(|(other, _)| other != name) {
            let is_baseline = other_name.starts_with("population ");
            let free: BTreeSet<&str> = other
                .keys()
                .filter(|place| !own.contains_key(*place))
                .map(String::as_str)
                .collect();
            let mut missing = Vec::new();
            let mut places = Vec::new();
            for (place, groups) in own {
                let Some(mut text) = absent(place, groups, other.get(place)) else {
                    continue;
                };
                if is_baseline && name.starts_with("counts ") && !other.contains_key(place) {
                    let there = other.keys().map(String::as_str);
                    text.extend(hint_of(place, &free, there));
                }
                missing.push(text);
                places.push(place);
            }
            if !missing.is_empty() {
                let cost = is_baseline.then(|| cost(name, &places)).flatten();
                notes.push(format!(
                    "{} of {} places of {name} do not stand, or not with every group, in {other_name}: {}{}",
                    missing.len(),
                    own.len(),
                    missing.join("; "),
                    cost.unwrap_or_default()
                ));
            }
        }
    }
    notes
}

type PlaceGroups = BTreeMap<String, BTreeSet<String>>;

/// The place when the other file does not have it; the place with the groups that the other file lacks there.
fn absent(
    place: &str,
    groups: &BTreeSet<String>,
    other: Option<&BTreeSet<String>>,
) -> Option<String> {
    let Some(other) = other else {
        return Some(place.to_owned());
    };
    if other.is_empty() {
        return None;
    }
    let lacking: Vec<&str> = groups.difference(other).map(String::as_str).collect();
    (!lacking.is_empty()).then(|| format!("{place} ({})", lacking.join(", ")))
}

fn groups_by_place(table: &CellTable) -> PlaceGroups {
    let mut groups = PlaceGroups::new();
    for cell in table.cells() {
        let value = |key: &str| table.value(cell, key).unwrap_or_default().to_owned();
        groups.entry(value(PLACE)).or_default().insert(value(GROUP));
    }
    groups
}

/// Why a place is not there, or which one may be meant: for a person, who decides.
fn hint_of<'a>(
    place: &str,
    others: &BTreeSet<&str>,
    there: impl Iterator<Item = &'a str> + Clone,
) -> Option<String> {
    if let Some(why) = why_not_there(place, there) {
        return Some(format!(" ({why})"));
    }
    let with_zero = format!("0{place}");
    let is_code = place.bytes().all(|b| b.is_ascii_digit());
    if is_code && others.contains(with_zero.as_str()) {
        return Some(format!(
            " (there as {with_zero}: a leading zero was lost; digits = {} puts it back)",
            with_zero.len()
        ));
    }
    let without = place
        .strip_prefix('0')
        .filter(|rest| is_code && others.contains(rest));
    if let Some(without) = without {
        return Some(format!(
            " (there as {without}: a leading zero was lost; digits = {} puts it back)",
            place.len()
        ));
    }
    let (name, _) = nearest(place, others).into_iter().next()?;
    Some(format!(" (nearest there: {name})"))
}

/// How many events some places hold; of persons only roughly, so that no small count can be had by subtraction.
fn events_in(table: &CellTable, places: &[&String], minimum: u64) -> String {
    let is_there = |cell: &&Cell| {
        let own = table.value(cell, PLACE);
        places.iter().any(|place| own == Some(place.as_str()))
    };
    let cells = table.cells().iter().filter(is_there);
    let events = cells.fold(0_u64, |sum, cell| sum.saturating_add(cell.events));
    let whole = |count: u64| crate::number::count(count);
    if minimum == 0 {
        return whole(events);
    }
    let step = minimum.saturating_mul(ROUGHLY);
    if events < step {
        return format!("fewer than {}", whole(step));
    }
    let nearest = events.saturating_add(step / 2) / step;
    format!("about {}", whole(nearest.saturating_mul(step)))
}
