//! Counts of a table as strata: what each group has in a stratum, and what repeats within it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::exposure::{Exposure, Fixed, People};
use super::{Answers, Common};
use crate::cells::{Absent, Cell, CellTable, GROUP, Only, Outcome};
use crate::error::Error;
use crate::findings::{CountRef, Part};
use crate::ingest::Baseline;
use crate::stops::{OFFICER, PERIOD, YEAR};
use crate::warning::Warning;

/// One stratum of an analysis.
#[derive(Debug, Clone)]
pub(super) struct Stratum {
    /// Values of the strata keys.
    pub(super) at: Vec<(String, String)>,
    /// What each group of the data has here.
    pub(super) groups: Counts,
    /// The same by what repeats within the stratum: place, year.
    pub(super) replicates: Vec<Counts>,
    /// The same by officer, where rows name one.
    pub(super) officers: Vec<Counts>,
    /// Cautions that touch the whole stratum.
    pub(super) warnings: Vec<Warning>,
}

/// Counts by group, and the cells that each adds up.
#[derive(Debug, Clone)]
pub(super) struct Counts {
    pub(super) by_group: BTreeMap<String, Counted>,
    keys: Arc<[String]>,
}

/// Counts of one group with their cells.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) tally: Tally,
    cells: Arc<BTreeSet<Vec<String>>>,
    /// The cells of its events, where these are not all of them.
    of_events: Option<Arc<BTreeSet<Vec<String>>>>,
}

/// Counts of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tally {
    pub(super) events: u64,
    pub(super) trials: Option<u64>,
    pub(super) people: Option<People>,
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
    /// The counts without restriction, where they were asked for: per head, of rows.
    pub(super) coverage: Option<&'a CellTable>,
    pub(super) by: &'a [String],
    pub(super) only: &'a Only,
    /// Which cells have events that count; trials count in all.
    pub(super) events_of: Option<&'a Only>,
    pub(super) baseline: Option<&'a Baseline>,
}

impl<'a> Split<'a> {
    /// The tables that an analysis asked for, in the order of [`Common::tabulations`].
    pub(super) fn new(
        common: &'a Common<'_>,
        tables: &'a [CellTable],
        baseline: Option<&'a Baseline>,
    ) -> Self {
        let (table, rest) = tables
            .split_first()
            .expect("every analysis asks for counts");
        let mut rest = rest.iter();
        Self {
            outcome: common.outcome,
            table,
            officers: rest.next().filter(|_| common.outcome.by_officer),
            coverage: tables
                .last()
                .filter(|_| baseline.is_some() && common.outcome.absent == Absent::Zero),
            by: &common.by,
            only: common.only,
            events_of: None,
            baseline,
        }
    }

    /// The cells of a table that lie in places which the baseline has; all of them without one.
    ///
    /// # Errors
    /// As [`Split::strata`].
    pub(super) fn covered_cells(
        &self,
        answers: &Answers<'_>,
        table: &CellTable,
    ) -> Result<Vec<Cell>, Error> {
        let exposure = self.exposure(answers)?;
        let is_excluded = |cell: &&Cell| exposure.as_ref().is_some_and(|e| e.excludes(table, cell));
        let covered = table.cells().iter().filter(|cell| !is_excluded(cell));
        Ok(covered.cloned().collect())
    }

    fn exposure<'b>(&'b self, answers: &'b Answers<'_>) -> Result<Option<Exposure<'b>>, Error> {
        self.baseline
            .map(|baseline| {
                Exposure::new(
                    answers,
                    (self.outcome, self.table),
                    (baseline, self.coverage),
                    (self.by, self.only),
                )
            })
            .transpose()
    }

    /// The strata, in the order in which they are shown.
    ///
    /// # Errors
    /// A population that is blank or impossible, or 0 with events; a group without any; time that is not known.
    pub(super) fn strata(&self, answers: &Answers<'_>) -> Result<Vec<Stratum>, Error> {
        let exposure = self.exposure(answers)?;
        let exposure = exposure.as_ref();
        let mut cells = by_values(self.table, self.by, exposure);
        let mut officers = self
            .officers
            .map(|table| by_values(table, self.by, exposure))
            .unwrap_or_default();
        for values in exposure.iter().flat_map(|e| e.covered(self.by, &[])) {
            cells.entry(values).or_default();
        }
        let mut strata = Vec::new();
        for (values, cells) in &cells {
            let officers = officers.remove(values).unwrap_or_default();
            strata.push(self.stratum(answers, (values, cells, &officers), exposure)?);
        }
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
        (values, cells, officers): (&[String], &[&Cell], &[&Cell]),
        exposure: Option<&Exposure<'_>>,
    ) -> Result<Stratum, Error> {
        let named = |keys: &[String], values: &[String]| -> Vec<(String, String)> {
            keys.iter().cloned().zip(values.iter().cloned()).collect()
        };
        let at = named(self.by, values);
        let groups = match self.outcome.absent {
            Absent::Zero => answers.setting.groups.known(),
            Absent::Unknown => Vec::new(),
        };
        let count = Counting {
            table: self.table,
            groups: &groups,
            exposure,
            events_of: self.events_of,
        };
        let mut replicate_keys = self.outcome.replicate_keys(self.by);
        if exposure.is_some_and(|exposure| !exposure.knows_years()) {
            replicate_keys.retain(|key| key != YEAR);
        }
        let mut replicates: BTreeMap<Vec<String>, Vec<&Cell>> = exposure
            .map(|exposure| exposure.covered(&replicate_keys, &at))
            .unwrap_or_default()
            .into_iter()
            .map(|values| (values, Vec::new()))
            .collect();
        for &cell in cells {
            let whole = "the table was asked for by these keys";
            let replicate = self.table.values(cell, &replicate_keys).expect(whole);
            replicates.entry(replicate).or_default().push(cell);
        }
        let replicates = replicates
            .iter()
            .map(|(values, cells)| {
                let fixed = [at.clone(), named(&replicate_keys, values)].concat();
                count.by_group(cells, &fixed)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let asked = self.by.iter().map(String::as_str).chain(self.only.keys());
        let mut warnings: Vec<Warning> = asked
            .filter(|key| exposure.is_some_and(|exposure| exposure.is_crossed_by(key)))
            .map(|key| Warning::CrossingKey {
                key: key.to_owned(),
            })
            .collect();
        if let (Some(baseline), Some(exposure)) = (self.baseline, exposure)
            && !exposure.excluded().is_empty()
        {
            warnings.push(Warning::NoBaseline {
                places: exposure
                    .excluded()
                    .iter()
                    .map(|key| key.join(" / "))
                    .collect(),
                baseline: baseline.name.clone(),
            });
        }
        Ok(Stratum {
            groups: count.by_group(cells, &at)?,
            at,
            replicates,
            officers: self.officers(officers)?,
            warnings,
        })
    }

    fn officers(&self, cells: &[&Cell]) -> Result<Vec<Counts>, Error> {
        let Some(table) = self.officers else {
            return Ok(Vec::new());
        };
        let count = Counting {
            table,
            groups: &[],
            exposure: None,
            events_of: self.events_of,
        };
        let mut by_officer: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        for &cell in cells {
            let officer = table.value(cell, OFFICER).unwrap_or_default();
            by_officer.entry(officer).or_default().push(cell);
        }
        by_officer
            .values()
            .map(|cells| count.by_group(cells, &[]))
            .collect()
    }
}

/// The cells of each combination of values, but for places that the baseline does not have.
fn by_values<'t>(
    table: &'t CellTable,
    keys: &[String],
    exposure: Option<&Exposure<'_>>,
) -> BTreeMap<Vec<String>, Vec<&'t Cell>> {
    let mut cells: BTreeMap<Vec<String>, Vec<&Cell>> = BTreeMap::new();
    for cell in table.cells() {
        if !exposure.is_some_and(|exposure| exposure.excludes(table, cell)) {
            let values = table
                .values(cell, keys)
                .expect("the table was asked for by these keys");
            cells.entry(values).or_default().push(cell);
        }
    }
    cells
}

/// How cells are added up by group.
struct Counting<'a> {
    table: &'a CellTable,
    /// Groups that are there, with zero, where no cell is.
    groups: &'a [String],
    exposure: Option<&'a Exposure<'a>>,
    events_of: Option<&'a Only>,
}

impl Counting<'_> {
    fn by_group(&self, cells: &[&Cell], fixed: &Fixed) -> Result<Counts, Error> {
        let mut by_group: BTreeMap<&str, Vec<&Cell>> = BTreeMap::new();
        if self.exposure.is_some() {
            by_group.extend(self.groups.iter().map(|group| (group.as_str(), Vec::new())));
        }
        for &cell in cells {
            let group = self.table.value(cell, GROUP).unwrap_or_default();
            by_group.entry(group).or_default().push(cell);
        }
        let by_group = by_group
            .into_iter()
            .map(|(group, cells)| Ok((group.to_owned(), self.counted(group, &cells, fixed)?)))
            .collect::<Result<BTreeMap<_, _>, Error>>()?;
        Ok(Counts {
            by_group,
            keys: self.table.keys().into(),
        })
    }

    fn counted(&self, group: &str, cells: &[&Cell], fixed: &Fixed) -> Result<Counted, Error> {
        let sum = |pick: fn(&Cell) -> Option<u64>| {
            cells
                .iter()
                .try_fold(0u64, |total, cell| total.checked_add(pick(cell)?))
        };
        let counts = |cell: &Cell| {
            let passes = |only: &Only| only.passes(|key| self.table.value(cell, key));
            self.events_of.is_none_or(passes)
        };
        let of_events: Vec<&Cell> = cells.iter().copied().filter(|cell| counts(cell)).collect();
        let events = of_events
            .iter()
            .try_fold(0u64, |total, cell| total.checked_add(cell.events))
            .ok_or_else(|| Error::Internal("a sum of counts exceeds the largest integer".into()))?;
        let people = self
            .exposure
            .map(|exposure| exposure.people(group, cells, fixed))
            .transpose()?
            .flatten();
        let tally = Tally {
            events,
            // No cell is no statement about trials.
            trials: sum(|cell| cell.trials).filter(|_| !cells.is_empty()),
            people,
        };
        Ok(Counted {
            tally,
            cells: keys_of(cells),
            of_events: self.events_of.map(|_| keys_of(&of_events)),
        })
    }
}

fn keys_of(cells: &[&Cell]) -> Arc<BTreeSet<Vec<String>>> {
    Arc::new(cells.iter().map(|cell| cell.key.clone()).collect())
}

impl Counts {
    /// The sums of several, group by group. `None` for none, and where a sum is too large.
    fn together<'c>(parts: impl Iterator<Item = &'c Counts>) -> Option<Self> {
        let mut keys = None;
        let mut of_group: BTreeMap<&String, Vec<&Counted>> = BTreeMap::new();
        for part in parts {
            keys = Some(&part.keys);
            for (group, counted) in &part.by_group {
                of_group.entry(group).or_default().push(counted);
            }
        }
        let mut by_group = BTreeMap::new();
        for (group, all) in of_group {
            let tally = add_up(all.iter().map(|counted| &counted.tally))?;
            let cells = all.iter().flat_map(|counted| counted.cells.iter().cloned());
            let cells = Arc::new(cells.collect());
            let of_events = |counted: &&Counted| counted.of_events.clone();
            let of_events: Option<Vec<_>> = all.iter().map(of_events).collect();
            let of_events = of_events.map(|sets| {
                Arc::new(
                    sets.iter()
                        .flat_map(|cells| cells.iter().cloned())
                        .collect(),
                )
            });
            let counted = Counted {
                tally,
                cells,
                of_events,
            };
            by_group.insert(group.clone(), counted);
        }
        Some(Self {
            by_group,
            keys: Arc::clone(keys?),
        })
    }

    /// Counts of a group; `None` when the group does not stand here.
    pub(super) fn tally(&self, group: &str) -> Option<Tally> {
        self.by_group.get(group).map(|counted| counted.tally)
    }

    /// The counts of every group but one.
    pub(super) fn without(&self, group: &str) -> Self {
        let mut rest = self.clone();
        rest.by_group.remove(group);
        rest
    }

    /// Counts of all groups.
    pub(super) fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.by_group.values().map(|counted| &counted.tally)
    }

    /// Counts of every group but one, added up. `None` when there is no other.
    pub(super) fn everyone_else(&self, group: &str) -> Option<Tally> {
        add_up(self.others(group).map(|(_, counted)| &counted.tally))
    }

    /// Every group but one.
    pub(super) fn others(&self, group: &str) -> impl Iterator<Item = (&String, &Counted)> {
        self.by_group.iter().filter(move |(g, _)| *g != group)
    }

    /// What a number about the sum of some groups rests on: their events and what these are counted out of.
    pub(super) fn count_refs<'s>(
        &self,
        counts: &str,
        groups: impl Iterator<Item = &'s String>,
    ) -> Vec<CountRef> {
        let found: Vec<&Counted> = groups
            .filter_map(|group| self.by_group.get(group))
            .collect();
        let cells = |of: fn(&Counted) -> &Arc<BTreeSet<Vec<String>>>| match found.as_slice() {
            [one] => Arc::clone(of(one)),
            several => {
                let all = several
                    .iter()
                    .flat_map(|counted| of(counted).iter().cloned());
                Arc::new(all.collect())
            }
        };
        if found.is_empty() {
            return Vec::new();
        }
        let of_events = cells(|counted| counted.of_events.as_ref().unwrap_or(&counted.cells));
        let of_trials = cells(|counted| &counted.cells);
        let Some(sum) = add_up(found.iter().map(|counted| &counted.tally)) else {
            return Vec::new();
        };
        let part = |part, cells: &Arc<BTreeSet<Vec<String>>>, count| CountRef {
            counts: counts.to_owned(),
            part,
            keys: Arc::clone(&self.keys),
            cells: Arc::clone(cells),
            count,
        };
        let trials = sum
            .trials
            .map(|trials| part(Part::Trials, &of_trials, trials));
        std::iter::once(part(Part::Events, &of_events, sum.events))
            .chain(trials)
            .collect()
    }
}

impl Stratum {
    /// Some strata as one, each of them what repeats within it. `None` for none, and where a sum is too large.
    pub(super) fn together<'s>(
        at: Vec<(String, String)>,
        parts: impl Iterator<Item = &'s Stratum>,
    ) -> Option<Self> {
        let parts: Vec<&Stratum> = parts.collect();
        let groups = Counts::together(parts.iter().map(|part| &part.groups))?;
        Some(Self {
            at,
            groups,
            replicates: parts.iter().map(|part| part.groups.clone()).collect(),
            officers: Vec::new(),
            warnings: Vec::new(),
        })
    }

    /// The value of one of its keys.
    pub(super) fn key(&self, key: &str) -> Option<&str> {
        let found = self.at.iter().find(|(own, _)| own == key);
        found.map(|(_, value)| value.as_str())
    }

    /// Counts of a group with what they are counted out of, where that is more than nothing.
    pub(super) fn sized(&self, group: &str) -> Option<(Tally, f64)> {
        let tally = self.tally(group)?;
        let size = tally.size().filter(|size| *size > 0.0)?;
        Some((tally, size))
    }

    /// Counts of a group; `None` when the group does not stand in this stratum.
    pub(super) fn tally(&self, group: &str) -> Option<Tally> {
        self.groups.tally(group)
    }

    /// Counts of every group but one, added up. `None` when there is no other, or a size is missing.
    pub(super) fn everyone_else(&self, group: &str) -> Option<Tally> {
        self.groups.everyone_else(group)
    }

    /// Counts of all groups, added up.
    pub(super) fn all(&self) -> Option<Tally> {
        add_up(self.groups.tallies())
    }

    /// The same for a line that needs several groups only added up.
    pub(super) fn rests_on_sum<'g>(
        &self,
        counts: &str,
        groups: impl Iterator<Item = &'g str>,
    ) -> Vec<CountRef> {
        let names: Vec<String> = groups.map(str::to_owned).collect();
        self.groups.count_refs(counts, names.iter())
    }

    /// What a line about some groups of this stratum rests on: the counts of each.
    pub(super) fn rests_on(&self, counts: &str, groups: &[&str]) -> Vec<CountRef> {
        groups
            .iter()
            .flat_map(|group| {
                self.groups
                    .count_refs(counts, std::iter::once(&(*group).to_owned()))
            })
            .collect()
    }

    /// All groups of the data here but one.
    pub(super) fn others(&self, group: &str) -> Vec<&str> {
        let names = self.group_names().into_iter();
        names.filter(|name| *name != group).collect()
    }

    /// All groups of the data here.
    pub(super) fn group_names(&self) -> Vec<&str> {
        self.groups.by_group.keys().map(String::as_str).collect()
    }
}

/// Adds up tallies; margins of error add by the rule of the census. `None` for none, and where a sum is too large.
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
                people: together(&sum, tally),
            },
        });
    }
    total
}

/// People of two groups. A group that the baseline does not list and of which nothing was counted is no part of it.
fn together(one: &Tally, other: &Tally) -> Option<People> {
    match (one.people, other.people) {
        (Some(a), Some(b)) => Some(a.and(b)),
        (Some(people), None) if other.events == 0 => Some(people),
        (None, Some(people)) if one.events == 0 => Some(people),
        _ => None,
    }
}
