//! The rows of a staggered design: a balanced panel of units, or repeated cross-sections.

use std::collections::BTreeMap;

use super::GroupTimeError;
use crate::stats::StatsError;

/// A covariate, one value per row.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariate {
    /// Its name, for messages.
    pub name: String,
    /// The value of each row.
    pub values: Vec<f64>,
}

/// Rows in any order, one per unit and period or one per person asked in a period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observations {
    /// The period of each row; differences of periods are event times.
    pub time: Vec<i32>,
    /// The period in which treatment began for the row's unit; `None` if it never does.
    pub first_treated: Vec<Option<i32>>,
    /// The outcome, such as stops per 1,000.
    pub outcome: Vec<f64>,
    /// Weights such as populations; `None` counts all alike.
    pub weight: Option<Vec<f64>>,
    /// Which rows belong together beyond the unit, such as the state; `None` takes units, or rows, as independent.
    pub cluster: Option<Vec<u32>>,
    /// Covariates measured before treatment.
    pub covariates: Vec<Covariate>,
}

/// A balanced panel or repeated cross-sections, checked.
#[derive(Debug, Clone)]
pub struct Sample {
    pub(in crate::stats) is_panel: bool,
    /// Periods in order.
    pub(in crate::stats) times: Vec<i32>,
    /// First treated period of each cohort in order, never treated last.
    pub(in crate::stats) cohorts: Vec<Option<i32>>,
    /// The observations, units of a panel or rows, of each cohort.
    pub(in crate::stats) members: Vec<Vec<usize>>,
    /// Panel: one row of outcomes per unit. Cross-sections: one outcome per row.
    pub(in crate::stats) outcome: Vec<f64>,
    /// Cross-sections: the place of each row's period. Panel: empty.
    pub(super) period: Vec<usize>,
    pub(in crate::stats) weight: Vec<f64>,
    pub(in crate::stats) cluster: Vec<usize>,
    pub(in crate::stats) clusters: usize,
    /// Row-major with a leading 1; empty without covariates.
    pub(super) covariates: Vec<f64>,
    /// Columns of `covariates`.
    pub(super) columns: usize,
    units: Vec<u32>,
}

impl Observations {
    fn check(&self) -> Result<(), StatsError> {
        let rows = self.time.len();
        let equal = |what: &'static str, right: usize| match right == rows {
            true => Ok(()),
            false => Err(StatsError::UnequalLengths {
                what,
                left: rows,
                right,
            }),
        };
        equal(
            "times beside first treated periods",
            self.first_treated.len(),
        )?;
        equal("times beside outcomes", self.outcome.len())?;
        if let Some(weight) = &self.weight {
            equal("times beside weights", weight.len())?;
            in_range("weight", weight, |w| w > 0.0, "finite and positive")?;
        }
        if let Some(cluster) = &self.cluster {
            equal("times beside clusters", cluster.len())?;
        }
        for covariate in &self.covariates {
            equal("times beside values of a covariate", covariate.values.len())?;
            in_range("covariate", &covariate.values, |_| true, "finite")?;
        }
        in_range("outcome", &self.outcome, |_| true, "finite")
    }

    /// Everything but the outcome of one row, of which a unit has one value.
    fn fixed(&self, row: usize) -> impl Iterator<Item = (&str, u64)> {
        let cohort = self.first_treated[row].map_or(u64::MAX, |time| time.cast_unsigned().into());
        let weight = self
            .weight
            .iter()
            .map(move |w| ("weight", w[row].to_bits()));
        let cluster = self.cluster.iter().map(move |c| ("cluster", c[row].into()));
        let covariates = self.covariates.iter();
        let covariates = covariates.map(move |c| (c.name.as_str(), c.values[row].to_bits()));
        [("first treated period", cohort)]
            .into_iter()
            .chain(weight)
            .chain(cluster)
            .chain(covariates)
    }
}

fn in_range(
    what: &'static str,
    values: &[f64],
    allows: impl Fn(f64) -> bool,
    allowed: &'static str,
) -> Result<(), StatsError> {
    match values.iter().find(|v| !(v.is_finite() && allows(**v))) {
        Some(&value) => Err(StatsError::OutOfRange {
            what,
            value,
            allowed,
        }),
        None => Ok(()),
    }
}

fn distinct<T: Ord + Copy>(values: &[T]) -> Vec<T> {
    let mut all = values.to_vec();
    all.sort_unstable();
    all.dedup();
    all
}

/// Cohorts in order, never treated last, with the observations of each.
fn by_cohort(first: &[Option<i32>]) -> (Vec<Option<i32>>, Vec<Vec<usize>>) {
    let mut members: BTreeMap<(bool, Option<i32>), Vec<usize>> = BTreeMap::new();
    for (i, &cohort) in first.iter().enumerate() {
        members
            .entry((cohort.is_none(), cohort))
            .or_default()
            .push(i);
    }
    let cohorts = members.keys().map(|&(_, cohort)| cohort).collect();
    (cohorts, members.into_values().collect())
}

impl Sample {
    /// A balanced panel: each unit once in every period, with one first treated period, weight, cluster and value of
    /// each covariate.
    ///
    /// # Errors
    /// [`GroupTimeError::Stats`] for lists of unequal length, values that are not finite and weights that are not
    /// positive; [`GroupTimeError::Duplicate`], [`GroupTimeError::Hole`], [`GroupTimeError::Varies`],
    /// [`GroupTimeError::TooFewPeriods`], [`GroupTimeError::TooFewClusters`].
    pub fn panel(unit: &[u32], rows: &Observations) -> Result<Sample, GroupTimeError> {
        rows.check()?;
        if unit.len() != rows.time.len() {
            return Err(GroupTimeError::Stats(StatsError::UnequalLengths {
                what: "units beside times",
                left: unit.len(),
                right: rows.time.len(),
            }));
        }
        let times = distinct(&rows.time);
        let mut order: Vec<usize> = (0..unit.len()).collect();
        order.sort_unstable_by_key(|&i| (unit[i], rows.time[i]));
        if let Some(pair) = order
            .windows(2)
            .find(|pair| (unit[pair[0]], rows.time[pair[0]]) == (unit[pair[1]], rows.time[pair[1]]))
        {
            return Err(GroupTimeError::Duplicate {
                unit: unit[pair[0]],
                time: rows.time[pair[0]],
            });
        }
        let units = distinct(unit);
        no_holes(unit, &rows.time, &order, &times, units.len())?;
        for of_unit in order.chunks_exact(times.len().max(1)) {
            for &row in &of_unit[1..] {
                let pairs = rows.fixed(of_unit[0]).zip(rows.fixed(row));
                if let Some(((what, _), _)) = pairs.into_iter().find(|(a, b)| a.1 != b.1) {
                    return Err(GroupTimeError::Varies {
                        what: what.to_owned(),
                        unit: unit[row],
                    });
                }
            }
        }
        let firsts: Vec<usize> = order.iter().step_by(times.len().max(1)).copied().collect();
        let outcome = order.iter().map(|&row| rows.outcome[row]).collect();
        Sample::of(rows, times, &firsts, units).map(|sample| Sample {
            is_panel: true,
            outcome,
            ..sample
        })
    }

    /// Repeated cross-sections: each row somebody else, drawn from the same population in its period.
    ///
    /// # Errors
    /// Those of [`Sample::panel`] but the ones about units.
    pub fn cross_sections(rows: &Observations) -> Result<Sample, GroupTimeError> {
        rows.check()?;
        let times = distinct(&rows.time);
        let place = |time: &i32| times.partition_point(|known| known < time);
        let period = rows.time.iter().map(place).collect();
        let all: Vec<usize> = (0..rows.time.len()).collect();
        let units = (0..rows.time.len()).map(|i| i as u32).collect();
        Sample::of(rows, times, &all, units).map(|sample| Sample {
            period,
            outcome: rows.outcome.clone(),
            ..sample
        })
    }

    /// What both kinds share, read from the rows that stand for the observations.
    fn of(
        rows: &Observations,
        times: Vec<i32>,
        chosen: &[usize],
        units: Vec<u32>,
    ) -> Result<Sample, GroupTimeError> {
        if times.len() < 2 {
            return Err(GroupTimeError::TooFewPeriods(times.len()));
        }
        let n = chosen.len();
        let first: Vec<Option<i32>> = chosen.iter().map(|&row| rows.first_treated[row]).collect();
        let (cohorts, members) = by_cohort(&first);
        let (cluster, clusters) = match &rows.cluster {
            None => ((0..n).collect(), n),
            Some(given) => {
                let known = distinct(given);
                let code = |&row: &usize| known.partition_point(|id| *id < given[row]);
                (chosen.iter().map(code).collect(), known.len())
            }
        };
        if clusters < 2 {
            return Err(GroupTimeError::TooFewClusters(clusters));
        }
        let weight = match &rows.weight {
            Some(weight) => chosen.iter().map(|&row| weight[row]).collect(),
            None => vec![1.0; n],
        };
        let columns = match rows.covariates.len() {
            0 => 0,
            some => some + 1,
        };
        let mut covariates = Vec::with_capacity(n * columns);
        if columns > 0 {
            for &row in chosen {
                covariates.push(1.0);
                covariates.extend(rows.covariates.iter().map(|c| c.values[row]));
            }
        }
        Ok(Sample {
            is_panel: false,
            times,
            cohorts,
            members,
            outcome: Vec::new(),
            period: Vec::new(),
            weight,
            cluster,
            clusters,
            covariates,
            columns,
            units,
        })
    }

    /// The units of a panel in order, the numbers of the rows of cross-sections from 0.
    #[must_use]
    pub fn units(&self) -> &[u32] {
        &self.units
    }

    /// The periods in order.
    #[must_use]
    pub fn times(&self) -> &[i32] {
        &self.times
    }

    /// Each first treated period (`None`: never) with the number of its units, or rows of cross-sections.
    pub fn cohorts(&self) -> impl Iterator<Item = (Option<i32>, usize)> {
        let sizes = self.members.iter().map(Vec::len);
        self.cohorts.iter().copied().zip(sizes)
    }

    /// Units of a panel, rows of cross-sections.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.weight.len()
    }

    /// The outcome of a unit of a panel at the place of a period.
    pub(in crate::stats) fn at(&self, unit: usize, period: usize) -> f64 {
        self.outcome[unit * self.times.len() + period]
    }

    /// The largest outcome, by which rounding is judged.
    pub(in crate::stats) fn scale(&self) -> f64 {
        self.outcome
            .iter()
            .fold(0.0_f64, |most, y| most.max(y.abs()))
    }
}

/// Refuses a panel in which a unit lacks a period; `order` is by unit and period without repetition.
fn no_holes(
    unit: &[u32],
    time: &[i32],
    order: &[usize],
    times: &[i32],
    units: usize,
) -> Result<(), GroupTimeError> {
    let missing = units * times.len() - order.len();
    if missing == 0 {
        return Ok(());
    }
    let mut known: BTreeMap<u32, Vec<i32>> = BTreeMap::new();
    for &row in order {
        known.entry(unit[row]).or_default().push(time[row]);
    }
    let hole = |(&unit, has): (&u32, &Vec<i32>)| {
        let lacks = times.iter().find(|time| !has.contains(time));
        lacks.map(|&time| GroupTimeError::Hole {
            unit,
            time,
            missing,
        })
    };
    known.iter().find_map(hole).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(time: &[i32], first: &[Option<i32>]) -> Observations {
        Observations {
            time: time.to_vec(),
            first_treated: first.to_vec(),
            outcome: (0..time.len()).map(|i| i as f64).collect(),
            ..Observations::default()
        }
    }

    #[test]
    fn holes_duplicates_and_changes_are_refused_by_name() {
        let never = [None; 5];
        let hole = Sample::panel(&[1, 1, 2, 2, 3], &rows(&[1, 2, 1, 2, 2], &never));
        assert_eq!(
            hole.err(),
            Some(GroupTimeError::Hole {
                unit: 3,
                time: 1,
                missing: 1
            })
        );
        let twice = Sample::panel(&[1, 1, 2, 2], &rows(&[1, 1, 1, 2], &never[..4]));
        assert_eq!(
            twice.err(),
            Some(GroupTimeError::Duplicate { unit: 1, time: 1 })
        );
        let moves = Sample::panel(&[7, 7], &rows(&[1, 2], &[Some(2), None]));
        assert_eq!(
            moves.err(),
            Some(GroupTimeError::Varies {
                what: "first treated period".to_owned(),
                unit: 7
            })
        );
        let one = Sample::panel(&[1, 2], &rows(&[1, 1], &never[..2]));
        assert_eq!(one.err(), Some(GroupTimeError::TooFewPeriods(1)));
        let none = Sample::panel(&[], &rows(&[], &[]));
        assert_eq!(none.err(), Some(GroupTimeError::TooFewPeriods(0)));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut bad = rows(&[1, 2], &[None, None]);
        bad.outcome[1] = f64::NAN;
        assert!(matches!(
            Sample::panel(&[1, 1], &bad),
            Err(GroupTimeError::Stats(StatsError::OutOfRange { .. }))
        ));
        bad.outcome[1] = 1.0;
        bad.weight = Some(vec![0.0, 0.0]);
        assert!(matches!(
            Sample::cross_sections(&bad),
            Err(GroupTimeError::Stats(StatsError::OutOfRange { .. }))
        ));
    }
}
