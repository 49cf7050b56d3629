//! Counts of two tables as the cells of a threshold test, and what cannot be tested.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::regression::together;
use super::super::strata::{Split, Stratum};
use super::super::{Answers, Common};
use super::ThresholdTestOptions;
use crate::cells::Absent;
use crate::error::Error;
use crate::findings::{CountRef, Family, Part};
use crate::stats::threshold::{Cell, Counts};
use crate::warning::Warning;

/// Values of the keys that tell places apart.
pub(super) type At = Vec<(String, String)>;

/// The places that are tested, with the counts behind them.
pub(super) struct Data<'a> {
    /// The reference group first.
    pub(super) groups: Vec<&'a str>,
    pub(super) places: Vec<At>,
    pub(super) counts: Counts,
    /// What each cell rests on, in the order of the cells.
    rests_on: Vec<Vec<CountRef>>,
    families: Vec<Arc<Family>>,
    of: usize,
}

/// A place with what each group has there.
struct Place {
    at: At,
    cells: Vec<[u64; 3]>,
    rests_on: Vec<Vec<CountRef>>,
}

impl<'a> Data<'a> {
    pub(super) fn new(
        options: &ThresholdTestOptions,
        answers: &'a Answers<'_>,
        (searches, hits): (&Common<'_>, &Common<'_>),
    ) -> Result<Self, Error> {
        let groups: Vec<&str> = answers.setting.groups.shown().collect();
        let keys = options.keys(searches.outcome);
        let strata = |common: &Common<'_>, table: usize| {
            let split = Split {
                officers: None,
                by: &keys,
                ..Split::new(common, &answers.tables[table..=table], None)
            };
            split.strata(answers)
        };
        let of_searches = strata(searches, 0)?;
        let of_hits = strata(hits, 1)?;
        let by_place: BTreeMap<&At, &Stratum> = of_hits
            .iter()
            .map(|stratum| (&stratum.at, stratum))
            .collect();
        let mut places = Vec::new();
        for stratum in &of_searches {
            let pair = (stratum, by_place.get(&stratum.at).copied());
            places.extend(place(options, pair, (&groups, (searches, hits)))?);
        }
        let cells = cells(&places);
        let counts = Counts::new(groups.len(), places.len(), cells)
            .map_err(|_| too_few(options, places.len()))?;
        refuse_silent_groups(options, answers, (&counts, &groups))?;
        let rests_on: Vec<Vec<CountRef>> = (places.iter())
            .flat_map(|place| place.rests_on.iter().cloned())
            .collect();
        Ok(Self {
            families: families(&rests_on),
            groups,
            of: of_searches.len(),
            places: places.into_iter().map(|place| place.at).collect(),
            counts,
            rests_on,
        })
    }

    /// The caution that places are left out.
    pub(super) fn left_out(&self, options: &ThresholdTestOptions) -> Option<Warning> {
        let places = self.of - self.places.len();
        (places > 0).then_some(Warning::PlacesLeftOut {
            places,
            of: self.of,
            stops: options.minimum_stops.max(1),
            searches: options.minimum_searches,
        })
    }

    /// The counts of one cell.
    pub(super) fn of_cell(&self, cell: usize) -> Vec<CountRef> {
        self.rests_on[cell].clone()
    }

    /// The sums of some groups over all places.
    pub(super) fn of_groups(&self, groups: &[usize]) -> Vec<CountRef> {
        let mut sums = Vec::new();
        for group in groups {
            let own = self.rests_on.iter().skip(*group).step_by(self.groups.len());
            let mut parts: BTreeMap<(&str, Part), Vec<CountRef>> = BTreeMap::new();
            for count in own.flatten() {
                let part = parts.entry((&count.counts, count.part)).or_default();
                part.push(count.clone());
            }
            sums.extend(parts.values().filter_map(|counts| together(counts)));
        }
        sums
    }

    /// All counts that every number is fitted to.
    pub(super) fn families(&self) -> Vec<Arc<Family>> {
        self.families.clone()
    }
}

/// Counts of one kind form a family: events and trials of each table.
fn families(rests_on: &[Vec<CountRef>]) -> Vec<Arc<Family>> {
    let mut parts: BTreeMap<(&str, Part), Vec<CountRef>> = BTreeMap::new();
    for count in rests_on.iter().flatten() {
        let part = parts.entry((&count.counts, count.part)).or_default();
        part.push(count.clone());
    }
    let families = parts.into_values();
    families
        .map(|counts| Arc::new(Family::Cells(counts)))
        .collect()
}

fn cells(places: &[Place]) -> Vec<Cell> {
    let of_place = |(place, of): (usize, &Place)| -> Vec<Cell> {
        let cell = |(group, [stops, searches, hits]): (usize, &[u64; 3])| Cell {
            group,
            place,
            stops: *stops,
            searches: *searches,
            hits: *hits,
        };
        of.cells.iter().enumerate().map(cell).collect()
    };
    places.iter().enumerate().flat_map(of_place).collect()
}

/// What the groups have in one place; `None` where the place is left out.
///
/// # Errors
/// The two tables count different searches.
fn place(
    options: &ThresholdTestOptions,
    (searched, hit): (&Stratum, Option<&Stratum>),
    (groups, (searches, hits)): (&[&str], (&Common<'_>, &Common<'_>)),
) -> Result<Option<Place>, Error> {
    let mut place = Place {
        at: searched.at.clone(),
        cells: Vec::new(),
        rests_on: Vec::new(),
    };
    for group in groups {
        let own = searched.tally(group);
        let Some((found, stops)) = own.and_then(|tally| Some((tally.events, tally.trials?))) else {
            return Ok(None);
        };
        if stops < options.minimum_stops.max(1) || found < options.minimum_searches {
            return Ok(None);
        }
        let of_hits = hit.and_then(|stratum| stratum.tally(group));
        let (of, hit_count) = match of_hits.and_then(|tally| Some((tally.trials?, tally.events))) {
            Some(known) => known,
            // Of rows, and of no search, an absent cell is a zero.
            None if hits.outcome.absent == Absent::Zero || found == 0 => (0, 0),
            None => return Ok(None),
        };
        if of != found {
            let words: Vec<&str> = searched
                .at
                .iter()
                .map(|(_, value)| value.as_str())
                .collect();
            return Err(Error::study(
                options.hits.span(),
                format!(
                    "in {} the group {group} has {found} searches in counts `{}` and {of} in counts `{}`",
                    words.join(", "),
                    searches.outcome.name,
                    hits.outcome.name
                ),
                "a threshold test needs the hits of the very searches it counts: name counts from one source, or restrict both with `only`",
            ));
        }
        let mut rests_on = searched.rests_on(&searches.outcome.name, &[group]);
        rests_on.extend(
            hit.iter()
                .flat_map(|stratum| stratum.rests_on(&hits.outcome.name, &[group])),
        );
        place.cells.push([stops, found, hit_count]);
        place.rests_on.push(rests_on);
    }
    Ok(Some(place))
}

fn too_few(options: &ThresholdTestOptions, places: usize) -> Error {
    Error::study(
        options.searches.span(),
        format!(
            "{places} places with at least {} stops and {} searches of every compared group and counts of hits: a threshold test needs 2",
            options.minimum_stops.max(1),
            options.minimum_searches
        ),
        "in one place two rates cannot tell threshold, risk and signal apart: lower `minimum_stops` or `minimum_searches`, take a small group out of `compare`, or use an outcome_test",
    )
}

/// Refuses groups whose counts bound no threshold.
fn refuse_silent_groups(
    options: &ThresholdTestOptions,
    answers: &Answers<'_>,
    (counts, groups): (&Counts, &[&str]),
) -> Result<(), Error> {
    for (number, group) in groups.iter().enumerate() {
        let [_, searches, hits] = counts.of_group(number);
        let what = match (searches, hits) {
            (0, _) => "no searches",
            (_, 0) => "no hits",
            (searches, hits) if searches == hits => "nothing but hits",
            _ => continue,
        };
        return Err(Error::study(
            options.hits.span(),
            format!(
                "{} has {what} in the places that are tested",
                answers.setting.groups.label(group)
            ),
            "its threshold would be nothing but the prior: take the group out of `compare`, or look at rates of searches and hits by themselves",
        ));
    }
    Ok(())
}
