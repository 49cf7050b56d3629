//! What the study names is there: groups, values of keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::{Absent, Cell, CellTable, GROUP, Rows};
use crate::error::{Error, nearest_hint};
use crate::ingest::StopsConfig;
use crate::study::Study;
use crate::warning::Warning;

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
        let asked = planned.asks.tabulations.iter().zip(tables);
        for (request, table) in asked.filter(|(request, _)| request.of == Rows::Known) {
            // Further counts are of all rows, and have no table of their own.
            let stops = study.file.stops.first();
            let of_rows = stops.filter(|stops| stops.further(&request.counts).is_some());
            let all = counts
                .get(of_rows.map_or(request.counts.as_str(), StopsConfig::rows_are))
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
