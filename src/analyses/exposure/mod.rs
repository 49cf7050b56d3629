//! Who could have been counted: people times years behind some cells of counts.
//!
//! Published counts say nothing of cells that they do not have, so their people are those of the cells that are there.
//! Rows say that what is not there did not happen, so their people are those of every place of the data, in all the
//! time that the study covers.

mod covered;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Answers;
use covered::{PlaceTime, Rows, Slot, crosses};

use crate::cells::{Absent, Cell, CellTable, Covered, GROUP, Only, Outcome};
use crate::error::{DataFault, Error};
use crate::ingest::{self, Baseline, Periods, Statuses};
use crate::stats::acs;
use crate::stops::{PERIOD, YEAR};

/// A benchmark population of one group: people times years, with what is known of its sampling error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct People {
    sum: acs::Aggregate,
    misses_margin: bool,
    /// Whether a margin of 0 says that an estimate is controlled.
    pub(super) controlled: bool,
}

/// Of so many events of a group one may lie where a survey found nobody of it; more speak of a fault in the table.
const RARELY_UNSEEN: u64 = 100;

impl People {
    fn of(people: &ingest::People, years: f64) -> Self {
        Self {
            sum: people.over_years(years),
            misses_margin: people.misses_margin(),
            controlled: people.is_controlled(),
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            sum: self.sum.and(other.sum),
            misses_margin: self.misses_margin || other.misses_margin,
            controlled: self.controlled || other.controlled,
        }
    }

    pub(super) fn person_years(&self) -> f64 {
        self.sum.value()
    }

    /// The person-years as the survey arithmetic wants them; `None` when a margin is missing.
    pub(super) fn estimate(&self) -> Option<acs::Estimate> {
        (!self.misses_margin).then(|| self.sum.estimate()).flatten()
    }

    /// (SE/N)^2; `None` when a margin is missing or there is nobody.
    pub(super) fn relative_variance(&self) -> Option<f64> {
        let relative = self.estimate()?.standard_error() / self.person_years();
        (self.person_years() > 0.0).then_some(relative * relative)
    }
}

/// Values of some keys.
pub(super) type Fixed = [(String, String)];

/// How people are found for one set of counts and one baseline.
pub(super) struct Exposure<'a> {
    outcome: &'a Outcome,
    baseline: &'a Baseline,
    table: &'a CellTable,
    periods: &'a Periods,
    statuses: &'a Statuses,
    excluded: BTreeSet<Vec<String>>,
    rows: Option<Rows>,
}

impl<'a> Exposure<'a> {
    /// `coverage` holds the counts by all keys and without restriction, where an absent cell is zero.
    ///
    /// # Errors
    /// A population that is blank or impossible, or 0 with events; a group without any; time that is not known.
    pub(super) fn new(
        answers: &'a Answers<'_>,
        (outcome, table): (&'a Outcome, &'a CellTable),
        (baseline, coverage): (&'a Baseline, Option<&CellTable>),
        (by, only): (&[String], &Only),
    ) -> Result<Self, Error> {
        let mut exposure = Self {
            outcome,
            baseline,
            table,
            periods: &answers.setting.periods,
            statuses: answers.statuses,
            excluded: BTreeSet::new(),
            rows: None,
        };
        exposure.excluded = exposure.places_without_people()?;
        if let (Absent::Zero, Some(coverage)) = (outcome.absent, coverage) {
            let groups = answers.setting.groups.known();
            let rows = exposure.rows((coverage, &groups), by, only)?;
            exposure.rows = Some(rows);
        }
        Ok(exposure)
    }

    /// Places that the counts have and the baseline has not, by the keys of the baseline without the group.
    pub(super) fn excluded(&self) -> &BTreeSet<Vec<String>> {
        &self.excluded
    }

    /// Whether a cell of the counts lies in a place that the baseline does not have.
    pub(super) fn excludes(&self, table: &CellTable, cell: &Cell) -> bool {
        self.excluded.contains(&self.place_key(table, cell))
    }

    /// The people of a group behind some cells, or, of rows, wherever and whenever the values hold.
    ///
    /// # Errors
    /// Time that is not known.
    pub(super) fn people(
        &self,
        group: &str,
        cells: &[&Cell],
        fixed: &Fixed,
    ) -> Result<Option<People>, Error> {
        let years = match &self.rows {
            Some(rows) => self.years_of_rows(rows, group, fixed),
            None => self.years_of_cells(cells)?,
        };
        let mut total: Option<People> = None;
        for (key, years) in years {
            let Some(people) = self.baseline.people(&key)? else {
                continue;
            };
            let people = People::of(people, years);
            total = Some(total.map_or(people, |sum| sum.and(people)));
        }
        Ok(total)
    }

    /// Whether it is known in which years people were exposed, so that years repeat; not where rows say only for how
    /// long they go on.
    pub(super) fn knows_years(&self) -> bool {
        let rows = self.rows.as_ref();
        rows.is_none_or(|rows| rows.slots.iter().all(|slot| slot.year.is_some()))
    }

    /// Whether rows do not tie a key to places: everybody is taken to be exposed to each of its values.
    pub(super) fn is_crossed_by(&self, key: &str) -> bool {
        self.rows.as_ref().is_some_and(|rows| {
            rows.keys.iter().any(|known| known == key) && !rows.restricting.contains(key)
        })
    }

    /// Values of some keys that rows cover within others, in a fixed order; nothing where a key does not tell where or
    /// when people were exposed, and for published counts.
    pub(super) fn covered(&self, keys: &[String], fixed: &Fixed) -> BTreeSet<Vec<String>> {
        let Some(rows) = &self.rows else {
            return BTreeSet::new();
        };
        let mut covered = BTreeSet::new();
        for (combination, slot) in self.exposed(rows, fixed) {
            let value = |key: &String| match key.as_str() {
                YEAR => slot.year.clone(),
                PERIOD => slot.period.clone(),
                made if self.statuses.has(made) => self.status(rows, combination, slot, made),
                _ if rows.restricting.contains(key) => {
                    rows.value(combination, key).map(str::to_owned)
                }
                _ => None,
            };
            covered.extend(keys.iter().map(value).collect::<Option<Vec<_>>>());
        }
        covered
    }

    /// Where and when somebody could have been counted, as far as some values say so.
    fn exposed<'s>(
        &'s self,
        rows: &'s Rows,
        fixed: &'s Fixed,
    ) -> impl Iterator<Item = (&'s Vec<String>, &'s Slot)> {
        rows.combinations
            .iter()
            .filter(|values| rows.holds(values, fixed))
            .flat_map(|values| rows.slots.iter().map(move |slot| (values, slot)))
            .filter(|(values, slot)| {
                slot.fits(fixed)
                    && rows.covers(values, slot)
                    && self.has_statuses(rows, (values, slot), fixed)
                    && !self
                        .excluded
                        .contains(&self.exposed_key(rows, values, slot))
            })
    }

    /// The value of a status key in a place and a stretch of time. Every one that rows cover was asked for before.
    fn status(&self, rows: &Rows, values: &[String], slot: &Slot, key: &str) -> Option<String> {
        let at = rows.whereabouts(values, slot);
        let value = self.statuses.value(key, &at).ok().flatten();
        value.map(str::to_owned)
    }

    /// Whether a place in a stretch of time has the statuses that are looked at.
    fn has_statuses(&self, rows: &Rows, (values, slot): (&[String], &Slot), fixed: &Fixed) -> bool {
        let of = |key: &str| self.status(rows, values, slot, key);
        let mut wanted = fixed.iter().filter(|(key, _)| self.statuses.has(key));
        wanted.all(|(key, wanted)| of(key).as_ref() == Some(wanted))
            && rows
                .only_statuses
                .0
                .iter()
                .all(|(key, allowed)| of(key).is_some_and(|own| allowed.values().contains(&own)))
    }

    fn exposed_key(&self, rows: &Rows, values: &[String], slot: &Slot) -> Vec<String> {
        let value = |key: &String| match key.as_str() {
            YEAR => slot.year.clone(),
            PERIOD => slot.period.clone(),
            _ => rows.value(values, key).map(str::to_owned),
        };
        let keys = self.baseline.keys.iter().filter(|key| *key != GROUP);
        keys.map(|key| value(key).unwrap_or_default()).collect()
    }

    /// Each cell of the baseline once for every stretch of time, however many cells of the counts share it.
    fn years_of_cells(&self, cells: &[&Cell]) -> Result<BTreeMap<Vec<String>, f64>, Error> {
        let mut seen = BTreeSet::new();
        for cell in cells {
            let time = [YEAR, PERIOD].map(|key| self.table.value(cell, key));
            seen.insert((self.baseline_key(cell), time));
        }
        let mut years: BTreeMap<Vec<String>, f64> = BTreeMap::new();
        for (key, [year, period]) in seen {
            let length = match (year, period) {
                _ if self.outcome.annual_average => Some(1.0),
                (Some(_), _) => Some(1.0),
                (None, Some(period)) => length_of(self.periods, period),
                (None, None) => self.outcome.years,
            };
            *years.entry(key).or_default() += length.ok_or_else(|| self.unknown_time(None))?;
        }
        Ok(years)
    }

    fn years_of_rows(&self, rows: &Rows, group: &str, fixed: &Fixed) -> BTreeMap<Vec<String>, f64> {
        let mut lengths: BTreeMap<Vec<String>, BTreeMap<[&Option<String>; 2], f64>> =
            BTreeMap::new();
        for (values, slot) in self.exposed(rows, fixed) {
            lengths
                .entry(self.exposed_key(rows, values, slot))
                .or_default()
                .insert([&slot.year, &slot.period], slot.years);
        }
        lengths
            .into_iter()
            .map(|(key, slots)| (self.with_group(&key, group), slots.values().sum()))
            .collect()
    }

    fn rows(
        &mut self,
        (coverage, groups): (&CellTable, &[String]),
        by: &[String],
        only: &Only,
    ) -> Result<Rows, Error> {
        let is_time = |key: &str| [GROUP, YEAR, PERIOD].contains(&key) || self.statuses.has(key);
        let keys: Vec<String> = coverage
            .keys()
            .iter()
            .filter(|key| !is_time(key))
            .cloned()
            .collect();
        let all: BTreeSet<Vec<String>> = coverage
            .cells()
            .iter()
            .filter_map(|cell| coverage.values(cell, &keys))
            .collect();
        let join = self.join_keys();
        let restricting: BTreeSet<String> = keys
            .iter()
            .enumerate()
            .filter(|(at, key)| {
                join.contains(key)
                    || !crosses(all.iter().map(|values| {
                        let place: Vec<&str> = join
                            .iter()
                            .filter_map(|key| keys.iter().position(|k| k == *key))
                            .map(|at| values[at].as_str())
                            .collect();
                        (place, values[*at].as_str())
                    }))
            })
            .map(|(_, key)| key.clone())
            .collect();
        let mut rows = Rows {
            combinations: BTreeSet::new(),
            restricting,
            slots: self.slots(coverage, by, only)?,
            with_rows: self.with_rows(coverage, &keys),
            keys,
            only_statuses: self.only_statuses(only),
        };
        self.check_statuses(&rows, &all)?;
        let passes = |values: &Vec<String>| {
            only.0
                .iter()
                .filter(|(key, _)| rows.restricting.contains(*key))
                .all(|(key, allowed)| {
                    rows.value(values, key)
                        .is_some_and(|value| allowed.values().iter().any(|a| a == value))
                })
        };
        let kept: BTreeSet<Vec<String>> = all.into_iter().filter(passes).collect();
        rows.combinations = kept;
        rows.slots.retain(|slot| slot.passes(only));
        self.exclude_incomplete(&rows, groups);
        Ok(rows)
    }

    /// Places of which a group that the baseline knows elsewhere has no people: left out for all groups, whatever was
    /// counted there, so that every group is compared over the same places.
    fn exclude_incomplete(&mut self, rows: &Rows, groups: &[String]) {
        let has_people: BTreeSet<&Vec<String>> = self.baseline.cell_keys().collect();
        let at = self.baseline.keys.iter().position(|key| key == GROUP);
        let is_known = |group: &&String| {
            has_people
                .iter()
                .any(|key| at.is_some_and(|at| key[at] == **group))
        };
        let known: Vec<&String> = groups.iter().filter(is_known).collect();
        let mut excluded = BTreeSet::new();
        for values in &rows.combinations {
            for slot in &rows.slots {
                let place = self.exposed_key(rows, values, slot);
                let lacks = |group: &&String| !has_people.contains(&self.with_group(&place, group));
                if known.iter().copied().any(|group| lacks(&group)) {
                    excluded.insert(place);
                }
            }
        }
        self.excluded.extend(excluded);
    }

    /// Where and when there is a row, where only that is covered.
    fn with_rows(&self, coverage: &CellTable, keys: &[String]) -> Option<BTreeSet<PlaceTime>> {
        let time = |cell: &Cell, key: &str| coverage.value(cell, key).map(str::to_owned);
        let place_time = |cell: &Cell| {
            let values = coverage.values(cell, keys)?;
            Some((values, [time(cell, YEAR), time(cell, PERIOD)]))
        };
        let cells = coverage.cells().iter().filter(|cell| cell.events > 0);
        (self.outcome.covered == Covered::WithRows).then(|| cells.filter_map(place_time).collect())
    }

    /// What a table restricts of the status keys.
    fn only_statuses(&self, only: &Only) -> Only {
        let made = only.0.iter().filter(|(key, _)| self.statuses.has(key));
        Only(
            made.map(|(key, allowed)| (key.clone(), allowed.clone()))
                .collect(),
        )
    }

    /// Holds that every place has a status in every stretch of time that the rows cover, whether or not anything happened.
    fn check_statuses(&self, rows: &Rows, all: &BTreeSet<Vec<String>>) -> Result<(), Error> {
        for key in self.statuses.keys() {
            let is_known = |slot: &&Slot| {
                !self.statuses.is_timed(key) || slot.year.is_some() || slot.period.is_some()
            };
            for values in all {
                for slot in rows.slots.iter().filter(is_known) {
                    self.statuses.value(key, &rows.whereabouts(values, slot))?;
                }
            }
        }
        Ok(())
    }

    fn with_group(&self, place: &[String], group: &str) -> Vec<String> {
        let mut rest = place.iter().cloned();
        let value = |key: &String| {
            if key == GROUP {
                Some(group.to_owned())
            } else {
                rest.next()
            }
        };
        self.baseline.keys.iter().filter_map(value).collect()
    }

    /// The time that rows cover.
    fn slots(&self, coverage: &CellTable, by: &[String], only: &Only) -> Result<Vec<Slot>, Error> {
        if coverage.position(PERIOD).is_some() {
            let slot = |part: ingest::PartOfYear| Slot {
                year: Some(part.year.to_string()),
                period: Some(part.period),
                years: part.length,
            };
            return Ok(self.periods.years().into_iter().map(slot).collect());
        }
        let found = coverage.distinct(YEAR);
        // Every year that a place has is one of its own, whichever others have rows.
        let in_years = self.outcome.covered == Covered::WithRows;
        let years = match self.outcome.years {
            None if in_years && !found.is_empty() => found.len() as f64,
            years => years.ok_or_else(|| self.unknown_time(None))?,
        };
        let by_year = by
            .iter()
            .chain(&self.baseline.keys)
            .map(String::as_str)
            .chain(only.keys())
            .any(|key| key == YEAR || self.statuses.is_timed(key));
        let are_whole = (found.len() as f64 - years).abs() <= 1e-9;
        if !by_year && !are_whole && !in_years {
            return Ok(vec![Slot {
                year: None,
                period: None,
                years,
            }]);
        }
        if !are_whole {
            let message = format!(
                "the rows lie in {} calendar years and cover {years}, so how much of each year they cover is not known",
                found.len()
            );
            return Err(self.unknown_time(Some(message)));
        }
        let slot = |year: String| Slot {
            year: Some(year),
            period: None,
            years: 1.0,
        };
        Ok(found.into_iter().map(slot).collect())
    }

    fn unknown_time(&self, message: Option<String>) -> Error {
        let file = Path::new(self.outcome.files.first().map_or("", String::as_str));
        let message = message.unwrap_or_else(|| {
            format!(
                "counts `{}` do not say how many years they cover",
                self.outcome.name
            )
        });
        DataFault::new(file, message, "a rate per head and year needs it: add `years = ...` to the table of these counts in the study, or give the study [periods]").into()
    }

    /// Places of which a group with events has no people in the baseline, and the faults of those that have.
    fn places_without_people(&self) -> Result<BTreeSet<Vec<String>>, Error> {
        let mut missing = BTreeSet::new();
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut by_group: BTreeMap<&str, u64> = BTreeMap::new();
        let mut by_key: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        let mut unseen: BTreeMap<&str, (u64, Vec<String>)> = BTreeMap::new();
        for cell in self.table.cells() {
            if cell.events == 0 && self.outcome.absent == Absent::Zero {
                continue;
            }
            let group = self.table.value(cell, GROUP).unwrap_or_default();
            let key = self.baseline_key(cell);
            let so_far = by_group.entry(group).or_default();
            *so_far = so_far.saturating_add(cell.events);
            let Some(people) = self.baseline.people(&key)? else {
                missing.insert(self.place_key(self.table, cell));
                continue;
            };
            found.insert(group);
            // That a survey found nobody in its sample does not say that nobody lives there.
            let is_sampled = people
                .margin()
                .is_some_and(|margin| !margin.is_controlled());
            if cell.events > 0 && people.population() <= 0.0 && is_sampled {
                let unseen = unseen.entry(group).or_insert((0, key));
                unseen.0 = cell.events.saturating_add(unseen.0);
                missing.insert(self.place_key(self.table, cell));
                continue;
            }
            let so_far = by_key.entry(key).or_default();
            *so_far = so_far.saturating_add(cell.events);
        }
        if let Some((group, events)) = by_group.iter().find(|(group, _)| !found.contains(**group)) {
            let message = format!(
                "{events} {} of `{group}` have no population in baseline `{}`",
                self.outcome.events, self.baseline.name
            );
            let at = self.baseline.keys.iter().position(|key| key == GROUP);
            let is_known = self
                .baseline
                .cell_keys()
                .any(|key| at.is_some_and(|at| key[at] == **group));
            let hint = if is_known {
                "the baseline has the group, and none of the places or years by the names of the counts: `evenhand match STUDY.toml` proposes which belong together"
            } else {
                "add the group to the baseline, or correct how its code is spelled; rows are never dropped silently"
            };
            return Err(self.baseline.fault(&[], message, hint).into());
        }
        let too_many = unseen.iter().find(|(group, (events, _))| {
            events.saturating_mul(RARELY_UNSEEN)
                > by_group.get(**group).copied().unwrap_or_default()
        });
        let nobody = too_many.map(|(_, (events, key))| (key, events));
        for (key, events) in by_key
            .iter()
            .filter(|(_, events)| **events > 0)
            .chain(nobody)
        {
            let people = self.baseline.people(key)?;
            if people.is_some_and(|people| people.population() <= 0.0) {
                let message = format!(
                    "found 0 people for {}, where {events} {} were counted",
                    key.join(" / "),
                    self.outcome.events
                );
                return Err(self.baseline.fault(key, message, "a rate per head needs people: correct the baseline, or leave the place out of both").into());
            }
        }
        Ok(missing)
    }

    /// The keys by which the baseline tells places apart.
    fn join_keys(&self) -> Vec<&String> {
        self.baseline
            .keys
            .iter()
            .filter(|key| ![GROUP, YEAR, PERIOD].contains(&key.as_str()))
            .collect()
    }

    fn baseline_key(&self, cell: &Cell) -> Vec<String> {
        self.table
            .values(cell, &self.baseline.keys)
            .expect("`asks` has checked that the counts have the keys of the baseline")
    }

    fn place_key(&self, table: &CellTable, cell: &Cell) -> Vec<String> {
        self.baseline
            .keys
            .iter()
            .filter(|key| *key != GROUP)
            .filter_map(|key| table.value(cell, key).map(str::to_owned))
            .collect()
    }
}

fn length_of(periods: &Periods, name: &str) -> Option<f64> {
    let parts = periods.years();
    let own = || parts.iter().filter(|part| part.period == name);
    own()
        .next()
        .is_some()
        .then(|| own().map(|part| part.length).sum())
}
