//! Counts of a table as strata: what each group has in a stratum, and what repeats within it.

use std::collections::{BTreeMap, BTreeSet};

use super::Answers;
use crate::cells::{Cell, CellTable, GROUP, Outcome};
use crate::error::{DataFault, Error};
use crate::findings::{CountRef, Part};
use crate::ingest::Baseline;
use crate::stats::acs;
use crate::stops::{OFFICER, PERIOD, PLACE, YEAR};
use crate::warning::Warning;

/// One stratum of an analysis.
#[derive(Debug, Clone)]
pub(super) struct Stratum {
    /// Values of the strata keys.
    pub(super) at: Vec<(String, String)>,
    /// What each group of the data has here.
    pub(super) groups: BTreeMap<String, Tally>,
    /// The same by what repeats within the stratum: place, year.
    pub(super) replicates: Vec<BTreeMap<String, Tally>>,
    /// The same by officer, where rows name one.
    pub(super) officers: Vec<BTreeMap<String, Tally>>,
    /// Cautions that touch the whole stratum.
    pub(super) warnings: Vec<Warning>,
}

/// Counts of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) trials: Option<u64>,
    pub(super) people: Option<People>,
}

/// A benchmark population of one group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct People {
    /// People, added up over places.
    pub(super) population: f64,
    /// 90 % margin of error of `population`; `None` when one is missing.
    pub(super) margin: Option<acs::MarginOfError>,
    /// Whether a margin of 0 says that an estimate is controlled.
    pub(super) controlled: bool,
    /// Years of exposure.
    pub(super) years: f64,
}

impl People {
    pub(super) fn person_years(&self) -> f64 {
        self.population * self.years
    }

    /// The population as the survey arithmetic wants it; `None` when a margin is missing.
    pub(super) fn estimate(&self) -> Option<acs::Estimate> {
        self.margin.map(|margin| acs::Estimate {
            value: self.population,
            margin,
        })
    }

    /// (SE/N)^2; `None` when a margin is missing or there is nobody.
    pub(super) fn relative_variance(&self) -> Option<f64> {
        let relative = self.margin?.standard_error() / self.population;
        (self.population > 0.0).then_some(relative * relative)
    }
}

impl Tally {
    /// What the events are counted out of, as a number: trials, or people times years.
    pub(super) fn size(&self) -> Option<f64> {
        self.trials
            .map(|t| t as f64)
            .or(self.people.map(|p| p.person_years()))
    }
}

/// What a table is turned into strata by.
pub(super) struct Split<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) table: &'a CellTable,
    pub(super) officers: Option<&'a CellTable>,
    pub(super) by: &'a [String],
    pub(super) baseline: Option<&'a Baseline>,
}

impl Split<'_> {
    /// The strata, in the order in which they are shown.
    ///
    /// # Errors
    /// A population that is blank or impossible, or 0 with events; no compared group has a population.
    pub(super) fn strata(&self, answers: &Answers<'_>) -> Result<Vec<Stratum>, Error> {
        let excluded = self.places_without_baseline()?;
        let replicate_keys = self.outcome.replicate_keys(self.by);
        let mut grouped: BTreeMap<Vec<String>, BTreeMap<Vec<String>, Vec<&Cell>>> = BTreeMap::new();
        for cell in self.table.cells() {
            if excluded.contains(&self.place_key(cell)) {
                continue;
            }
            let whole = "the table was asked for by these keys";
            let stratum = self.table.values(cell, self.by).expect(whole);
            let replicate = self.table.values(cell, &replicate_keys).expect(whole);
            grouped
                .entry(stratum)
                .or_default()
                .entry(replicate)
                .or_default()
                .push(cell);
        }
        let mut strata = grouped
            .into_iter()
            .map(|(values, replicates)| self.stratum(answers, &values, &replicates, &excluded))
            .collect::<Result<Vec<_>, _>>()?;
        self.add_officers(&mut strata);
        let periods = &answers.setting.periods;
        strata.sort_by_key(|stratum| {
            stratum
                .at
                .iter()
                .map(|(key, value)| {
                    if key == PERIOD {
                        periods.rank(value)
                    } else {
                        (None, value.clone())
                    }
                })
                .collect::<Vec<_>>()
        });
        Ok(strata)
    }

    fn stratum(
        &self,
        answers: &Answers<'_>,
        values: &[String],
        replicates: &BTreeMap<Vec<String>, Vec<&Cell>>,
        excluded: &BTreeSet<Vec<String>>,
    ) -> Result<Stratum, Error> {
        let at: Vec<(String, String)> = self
            .by
            .iter()
            .cloned()
            .zip(values.iter().cloned())
            .collect();
        let years = self
            .baseline
            .map(|_| self.years(answers, &at))
            .transpose()?;
        let cells: Vec<&Cell> = replicates.values().flatten().copied().collect();
        let distinct_years = cells
            .iter()
            .filter_map(|cell| self.table.value(cell, YEAR))
            .collect::<BTreeSet<_>>()
            .len()
            .max(1) as f64;
        let tallies = replicates
            .values()
            .map(|cells| self.tallies(cells, years.map(|y| y / distinct_years)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut warnings = Vec::new();
        if let (Some(baseline), false) = (self.baseline, excluded.is_empty()) {
            warnings.push(Warning::NoBaseline {
                places: excluded.iter().map(|key| key.join(" / ")).collect(),
                baseline: baseline.name.clone(),
            });
        }
        Ok(Stratum {
            at,
            groups: self.tallies(&cells, years)?,
            replicates: tallies,
            officers: Vec::new(),
            warnings,
        })
    }

    /// Adds up the cells by group; `years` is what the people are multiplied with.
    fn tallies(
        &self,
        cells: &[&Cell],
        years: Option<f64>,
    ) -> Result<BTreeMap<String, Tally>, Error> {
        let mut by_group: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        for cell in cells {
            by_group
                .entry(self.table.value(cell, GROUP).unwrap_or_default())
                .or_default()
                .push(cell);
        }
        by_group
            .into_iter()
            .map(|(group, cells)| Ok((group.to_owned(), self.tally(&cells, years)?)))
            .collect()
    }

    fn tally(&self, cells: &[&Cell], years: Option<f64>) -> Result<Tally, Error> {
        let sum = |pick: fn(&Cell) -> Option<u64>| {
            cells
                .iter()
                .try_fold(0u64, |total, cell| total.checked_add(pick(cell)?))
        };
        let events = sum(|cell| Some(cell.events))
            .ok_or_else(|| Error::Internal("a sum of counts exceeds the largest integer".into()))?;
        let people = match (self.baseline, years) {
            (Some(baseline), Some(years)) => Some(self.people(baseline, cells, years)?),
            _ => None,
        };
        Ok(Tally {
            events,
            trials: sum(|cell| cell.trials),
            people,
        })
    }

    /// The people behind some cells: each cell of the baseline once, however many cells of the counts share it.
    fn people(&self, baseline: &Baseline, cells: &[&Cell], years: f64) -> Result<People, Error> {
        let mut events: BTreeMap<Vec<String>, u64> = BTreeMap::new();
        for cell in cells {
            let key = self
                .table
                .values(cell, &baseline.keys)
                .expect("`asks` has checked that the counts have the keys of the baseline");
            *events.entry(key).or_default() += cell.events;
        }
        let mut parts = Vec::new();
        let (mut population, mut missing, mut controlled) = (0.0, false, false);
        for (key, events) in &events {
            let people = baseline
                .people(key)?
                .expect("places that the baseline does not have were left out");
            if people.population <= 0.0 && *events > 0 {
                let message = format!(
                    "found 0 people for {}, where {events} {} were counted",
                    key.join(" / "),
                    self.outcome.events
                );
                return Err(baseline.fault(key, message, "a rate per head needs people: correct the baseline, or leave the place out of both").into());
            }
            population += people.population;
            match people.margin {
                Some(margin) => parts.push(acs::Estimate {
                    value: people.population,
                    margin,
                }),
                None => missing = true,
            }
            controlled |= people.margin.is_some_and(acs::MarginOfError::is_controlled);
        }
        let margin = match (baseline.states_margins, missing) {
            (false, _) => Some(acs::MarginOfError::CONTROLLED),
            (true, true) => None,
            (true, false) => acs::Estimate::sum(&parts).map(|sum| sum.margin),
        };
        Ok(People {
            population,
            margin,
            controlled,
            years,
        })
    }

    /// The years that people are exposed in a stratum.
    fn years(&self, answers: &Answers<'_>, at: &[(String, String)]) -> Result<f64, Error> {
        if self.outcome.annual_average || at.iter().any(|(key, _)| key == YEAR) {
            return Ok(1.0);
        }
        let period = at
            .iter()
            .find(|(key, _)| key == PERIOD)
            .map(|(_, value)| value.as_str());
        let published_years = || {
            let cells =
                self.table.cells().iter().filter(|cell| {
                    period.is_none_or(|p| self.table.value(cell, PERIOD) == Some(p))
                });
            cells
                .filter_map(|cell| self.table.value(cell, YEAR))
                .collect::<BTreeSet<_>>()
                .len()
        };
        let from_period = || period.and_then(|p| answers.setting.periods.years(p));
        let known = match (self.outcome.absent, period) {
            (crate::cells::Absent::Unknown, _) if self.table.position(YEAR).is_some() => {
                Some(published_years() as f64)
            }
            (_, Some(_)) => from_period(),
            (_, None) => self.outcome.years,
        };
        known.ok_or_else(|| {
            let file = std::path::Path::new(self.outcome.files.first().map_or("", String::as_str));
            DataFault::new(file, format!("counts `{}` do not say how many years they cover", self.outcome.name), "a rate per head and year needs it: add `years = ...` to the table of these counts in the study").into()
        })
    }

    /// Cells of the baseline that counts have and the baseline has not, by their keys without the group.
    fn places_without_baseline(&self) -> Result<BTreeSet<Vec<String>>, Error> {
        let Some(baseline) = self.baseline else {
            return Ok(BTreeSet::new());
        };
        let mut missing = BTreeSet::new();
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut events: BTreeMap<&str, u64> = BTreeMap::new();
        for cell in self.table.cells() {
            let key = self
                .table
                .values(cell, &baseline.keys)
                .expect("`asks` has checked that the counts have the keys of the baseline");
            let group = self.table.value(cell, GROUP).unwrap_or_default();
            *events.entry(group).or_default() += cell.events;
            if baseline.people(&key)?.is_some() {
                found.insert(group);
            } else {
                missing.insert(self.place_key(cell));
            }
        }
        if let Some((group, events)) = events.iter().find(|(group, _)| !found.contains(**group)) {
            let message = format!(
                "{events} {} of `{group}` have no population in baseline `{}`",
                self.outcome.events, baseline.name
            );
            return Err(baseline.fault(&[], message, "add the group to the baseline, or correct how its code is spelled; rows are never dropped silently").into());
        }
        Ok(missing)
    }

    fn place_key(&self, cell: &Cell) -> Vec<String> {
        let Some(baseline) = self.baseline else {
            return Vec::new();
        };
        baseline
            .keys
            .iter()
            .filter(|key| *key != GROUP)
            .filter_map(|key| self.table.value(cell, key).map(str::to_owned))
            .collect()
    }

    fn add_officers(&self, strata: &mut [Stratum]) {
        let Some(table) = self.officers else { return };
        let mut by_stratum: BTreeMap<Vec<String>, BTreeMap<&str, BTreeMap<String, Tally>>> =
            BTreeMap::new();
        for cell in table.cells() {
            let Some(stratum) = table.values(cell, self.by) else {
                continue;
            };
            let (officer, group) = (
                table.value(cell, OFFICER).unwrap_or_default(),
                table.value(cell, GROUP).unwrap_or_default(),
            );
            let tally = Tally {
                events: cell.events,
                trials: cell.trials,
                people: None,
            };
            by_stratum
                .entry(stratum)
                .or_default()
                .entry(officer)
                .or_default()
                .insert(group.to_owned(), tally);
        }
        for stratum in strata {
            let values: Vec<String> = stratum.at.iter().map(|(_, value)| value.clone()).collect();
            stratum.officers = by_stratum
                .remove(&values)
                .unwrap_or_default()
                .into_values()
                .collect();
        }
    }
}

impl Stratum {
    /// Counts of a group; `None` when the group does not stand in this stratum.
    pub(super) fn tally(&self, group: &str) -> Option<Tally> {
        self.groups.get(group).copied()
    }

    /// Counts of every group but one, added up. `None` when there is no other, or a size is missing.
    pub(super) fn everyone_else(&self, group: &str) -> Option<Tally> {
        add_up(
            self.groups
                .iter()
                .filter(|(g, _)| *g != group)
                .map(|(_, tally)| tally),
        )
    }

    /// Counts of all groups, added up.
    pub(super) fn all(&self) -> Option<Tally> {
        add_up(self.groups.values())
    }

    /// What a line about some groups of this stratum rests on.
    pub(super) fn rests_on(&self, counts: &str, groups: &[&str]) -> Vec<CountRef> {
        let mut refs = Vec::new();
        for group in groups {
            let Some(tally) = self.tally(group) else {
                continue;
            };
            let cells: Vec<(String, String)> = self
                .at
                .iter()
                .cloned()
                .chain([(GROUP.to_owned(), (*group).to_owned())])
                .collect();
            refs.push(CountRef {
                counts: counts.to_owned(),
                part: Part::Events,
                cells: cells.clone(),
                count: tally.events,
            });
            refs.extend(tally.trials.map(|count| CountRef {
                counts: counts.to_owned(),
                part: Part::Trials,
                cells,
                count,
            }));
        }
        refs
    }

    /// All groups of the data here.
    pub(super) fn group_names(&self) -> Vec<&str> {
        self.groups.keys().map(String::as_str).collect()
    }
}

/// Adds up tallies; margins of error add by the rule of the census.
pub(super) fn add_up<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Option<Tally> {
    let mut total: Option<Tally> = None;
    for tally in tallies {
        total = Some(match total {
            None => *tally,
            Some(sum) => Tally {
                events: sum.events.checked_add(tally.events)?,
                trials: sum
                    .trials
                    .zip(tally.trials)
                    .and_then(|(a, b)| a.checked_add(b)),
                people: sum.people.zip(tally.people).map(|(a, b)| People {
                    population: a.population + b.population,
                    margin: a.margin.zip(b.margin).and_then(|(a, b)| {
                        acs::MarginOfError::from_census(libm::hypot(a.get(), b.get()))
                    }),
                    controlled: a.controlled || b.controlled,
                    years: a.years,
                }),
            },
        });
    }
    total
}

/// Whether a table has places that repeat.
pub(super) fn has_places(outcome: &Outcome) -> bool {
    outcome.keys.iter().any(|key| key == PLACE)
}
