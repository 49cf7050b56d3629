//! What the study names is there: groups, values of keys; and what stands in one file only.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::{Absent, Cell, CellTable, GROUP};
use crate::error::{Error, nearest_hint};
use crate::ingest::Baseline;
use crate::stops::PLACE;
use crate::study::Study;
use crate::warning::Warning;

/// Counts of rows that are a part of all rows.
const PARTS: [&str; 2] = ["searches", "hits"];

/// Holds the study's words against the data: a word that fits nothing would silently narrow an analysis.
///
/// # Errors
/// A reference group without any row; a restriction to a value that the counts do not have, or that leaves nothing.
pub(super) fn check(
    study: &Study,
    counts: &BTreeMap<&str, &CellTable>,
    tables: &[Vec<CellTable>],
) -> Result<(), Error> {
    for (planned, tables) in study.analyses.iter().zip(tables) {
        for (request, table) in planned.asks.tabulations.iter().zip(tables) {
            let all = counts
                .get(request.counts.as_str())
                .copied()
                .unwrap_or(table);
            let header = planned.analysis.header();
            let span = || header.only.map_or(0..0, toml::Spanned::span);
            for (key, allowed) in &request.only.0 {
                let found = all.distinct(key);
                let absent = allowed.values().iter().find(|value| !found.contains(value));
                if let Some(value) = absent {
                    let message = format!(
                        "`only` asks for {key} = \"{value}\", which counts `{}` do not have",
                        request.counts
                    );
                    let hint = nearest_hint(value, found.iter().map(String::as_str));
                    return Err(Error::study(span(), message, hint));
                }
            }
            if table.cells().is_empty() && !all.cells().is_empty() {
                let message = format!("`only` leaves nothing of counts `{}`", request.counts);
                return Err(Error::study(
                    span(),
                    message,
                    "each value occurs, but never all of them together: take one out",
                ));
            }
            let reference = study.setting.groups.reference();
            let found = table.distinct(GROUP);
            if !found.iter().any(|group| group == reference) {
                let message = format!(
                    "the reference group `{reference}` has no row in counts `{}`",
                    request.counts
                );
                return Err(Error::study(
                    study.setting.groups.reference.span(),
                    message,
                    nearest_hint(reference, found.iter().map(String::as_str)),
                ));
            }
        }
    }
    Ok(())
}

/// Groups of the study of which no counts have a row: a caution, since a group may well be absent, and a misspelt one
/// must not vanish.
///
/// # Errors
/// It is the reference group.
pub(super) fn absent_groups(
    study: &Study,
    counts: &BTreeMap<&str, &CellTable>,
) -> Result<Vec<Warning>, Error> {
    let groups = &study.setting.groups;
    let mut found: BTreeSet<String> = BTreeSet::new();
    for outcome in &study.setting.outcomes {
        let Some(table) = counts.get(outcome.name.as_str()) else {
            continue;
        };
        // In rows a zero was filled in for every group that the study knows.
        let occurs = |cell: &&Cell| outcome.absent == Absent::Unknown || cell.events > 0;
        let group = |cell: &Cell| table.value(cell, GROUP).map(str::to_owned);
        found.extend(table.cells().iter().filter(occurs).filter_map(group));
    }
    let reference = &groups.reference;
    if !found.contains(reference.get_ref()) {
        return Err(Error::study(
            reference.span(),
            format!(
                "the reference group `{}` has no row in any counts",
                reference.get_ref()
            ),
            nearest_hint(reference.get_ref(), found.iter().map(String::as_str)),
        ));
    }
    let absent = |group: &&str| !found.contains(*group);
    let shown: BTreeSet<&str> = groups.shown().collect();
    let others: Vec<String> = found
        .iter()
        .filter(|group| !shown.contains(group.as_str()))
        .cloned()
        .collect();
    Ok(groups
        .compared()
        .filter(absent)
        .map(|group| Warning::NoRowOfGroup {
            group: groups.label(group).to_owned(),
            others: others.clone(),
        })
        .collect())
}

/// Places, and groups of places, that stand in one of two files only. They are listed, never dropped silently.
pub(super) fn unmatched(
    counts: &BTreeMap<&str, &CellTable>,
    rows: &BTreeMap<String, CellTable>,
    baselines: &BTreeMap<String, Baseline>,
) -> Vec<String> {
    // Of rows only the places are compared: which groups were counted in a place is what disclosure protects.
    let of_rows = |name: &str| rows.contains_key(name);
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
    let mut notes = Vec::new();
    for (name, own) in &sources {
        for (other_name, other) in sources.iter().filter(|(other, _)| other != name) {
            let missing: Vec<String> = own
                .iter()
                .filter_map(|(place, groups)| absent(place, groups, other.get(place)))
                .collect();
            if !missing.is_empty() {
                notes.push(format!("{} of {} places of {name} do not stand, or not with every group, in {other_name}: {}", missing.len(), own.len(), missing.join("; ")));
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
