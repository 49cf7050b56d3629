//! The cells of a staggered design: which comparisons there are, and each by means where there are no covariates.

use serde::{Deserialize, Serialize};

use super::basis::{Basis, Block, Combination};
use super::sample::Sample;
use super::{BasePeriod, Control, GroupTime, GroupTimeError, Plan, adjusted};

/// The effect of treatment on one cohort in one period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// The period in which the cohort is first treated.
    pub cohort: i32,
    /// The period.
    pub time: i32,
    /// The period from which changes are counted.
    pub base: i32,
    /// The average effect on the cohort; `None` where it is not identified.
    pub effect: Option<f64>,
    /// Its standard error; `None` in the base period, and where nothing varies.
    pub std_error: Option<f64>,
    /// Treated units; of cross-sections rows in both periods.
    pub treated: usize,
    /// Control units; of cross-sections rows in both periods.
    pub controls: usize,
    /// Why there is no effect, where there is none.
    pub unidentified: Option<Unidentified>,
}

/// Why a cell has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Unidentified {
    /// A side of the comparison with one unit, or none.
    #[error("fewer than 2 units on one side of the comparison")]
    TooFew,
    /// Covariates that the controls cannot tell apart.
    #[error("covariates are collinear, or as many as there are units")]
    Collinear,
    /// Covariates that tell treated from controls.
    #[error("covariates tell the treated from the controls: no overlap")]
    Overlap,
}

impl Cell {
    /// Periods since treatment began; negative before.
    #[must_use]
    pub fn event_time(&self) -> i32 {
        self.time - self.cohort
    }

    /// Whether it lies before treatment and its anticipation.
    #[must_use]
    pub fn is_before(&self, anticipation: u32) -> bool {
        i64::from(self.time) + i64::from(anticipation) < i64::from(self.cohort)
    }
}

/// A comparison to be made, by places of cohorts and periods.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    pub(super) cohort: usize,
    pub(super) time: usize,
    pub(super) base: usize,
    pub(super) controls: Vec<usize>,
}

/// The design of a sample under a plan.
struct Frame<'s> {
    sample: &'s Sample,
    plan: Plan,
}

impl Frame<'_> {
    /// When a cohort is treated, unless that is after the last period and its anticipation.
    fn treated(&self, cohort: usize) -> Option<i32> {
        let last = *self.sample.times.last()?;
        let within = |g: &i32| i64::from(*g) <= i64::from(last) + i64::from(self.plan.anticipation);
        self.sample.cohorts[cohort].filter(within)
    }

    /// Whether a time with its anticipation lies before another.
    fn clear_of(&self, time: i32, treated: i32) -> bool {
        i64::from(time) + i64::from(self.plan.anticipation) < i64::from(treated)
    }

    fn check(&self) -> Result<(), GroupTimeError> {
        let (mut is_treated, mut never) = (false, 0);
        for (h, members) in self.sample.members.iter().enumerate() {
            let units = members.len();
            let Some(cohort) = self.treated(h) else {
                never += units;
                continue;
            };
            if !self.clear_of(self.sample.times[0], cohort) {
                return Err(GroupTimeError::AlwaysTreated {
                    cohort,
                    units,
                    anticipation: self.plan.anticipation,
                });
            }
            if units == 1 {
                return Err(GroupTimeError::OneTreated { cohort });
            }
            is_treated |= self.sample.times.iter().any(|&time| time >= cohort);
        }
        match (is_treated, self.plan.control, never) {
            (false, ..) => Err(GroupTimeError::NoTreated),
            (true, Control::NeverTreated, 0) => Err(GroupTimeError::NoNeverTreated),
            (true, Control::NeverTreated, 1) => Err(GroupTimeError::OneControl),
            _ => Ok(()),
        }
    }

    /// The comparisons for which there is any control, by cohort and period.
    fn comparisons(&self) -> Vec<Comparison> {
        let times = &self.sample.times;
        let mut all = Vec::new();
        for cohort in 0..self.sample.cohorts.len() {
            let Some(g) = self.treated(cohort) else {
                continue;
            };
            let Some(last_clear) = times.iter().rposition(|&time| self.clear_of(time, g)) else {
                continue;
            };
            for time in 0..times.len() {
                let base = match self.plan.base {
                    BasePeriod::Varying if time == 0 => continue,
                    BasePeriod::Varying if time <= last_clear => time - 1,
                    _ => last_clear,
                };
                let controls = self.controls(cohort, times[time.max(base)]);
                if !controls.is_empty() {
                    all.push(Comparison {
                        cohort,
                        time,
                        base,
                        controls,
                    });
                }
            }
        }
        all
    }

    fn controls(&self, cohort: usize, latest: i32) -> Vec<usize> {
        let serves = |&h: &usize| match (self.treated(h), self.plan.control) {
            (None, _) => true,
            (Some(_), Control::NeverTreated) => false,
            (Some(g), Control::NotYetTreated) => h != cohort && self.clear_of(latest, g),
        };
        (0..self.sample.cohorts.len()).filter(serves).collect()
    }
}

/// Weight, mean and number of the observations of each cohort and period, with the columns that go with them.
pub(super) struct Means<'s> {
    sample: &'s Sample,
    weight: Vec<f64>,
    mean: Vec<f64>,
    count: Vec<usize>,
}

impl<'s> Means<'s> {
    pub(super) fn new(sample: &'s Sample) -> Means<'s> {
        let periods = sample.times.len();
        let strata = sample.cohorts.len() * periods;
        let (mut weight, mut total, mut count) =
            (vec![0.0; strata], vec![0.0; strata], vec![0; strata]);
        for (h, members) in sample.members.iter().enumerate() {
            for &i in members {
                for t in periods_of(sample, i) {
                    let (s, w) = (h * periods + t, sample.weight[i]);
                    weight[s] += w;
                    count[s] += 1;
                    total[s] += w * outcome(sample, i, t);
                }
            }
        }
        let mean = total.iter().zip(&weight).map(|(y, w)| y / w).collect();
        Means {
            sample,
            weight,
            mean,
            count,
        }
    }

    fn stratum(&self, cohort: usize, period: usize) -> usize {
        cohort * self.sample.times.len() + period
    }

    /// The column of weighted residuals of a cohort in a period.
    fn residual(&self, cohort: usize, period: usize) -> usize {
        let periods = self.sample.times.len();
        match self.sample.is_panel {
            true => cohort * (periods + 1) + period,
            false => 2 * self.stratum(cohort, period),
        }
    }

    /// The column of weights of a cohort, in a period of cross-sections.
    fn indicator(&self, cohort: usize, period: usize) -> usize {
        let periods = self.sample.times.len();
        match self.sample.is_panel {
            true => cohort * (periods + 1) + periods,
            false => 2 * self.stratum(cohort, period) + 1,
        }
    }

    /// The share of a cohort among the observations, up to a factor, with the columns that make it.
    fn share(&self, cohort: usize) -> Share {
        let periods = match self.sample.is_panel {
            true => 1,
            false => self.sample.times.len(),
        };
        Share {
            size: (0..periods)
                .map(|t| self.weight[self.stratum(cohort, t)])
                .sum(),
            columns: (0..periods).map(|t| self.indicator(cohort, t)).collect(),
        }
    }

    fn blocks(&self) -> Vec<Block> {
        let (sample, periods) = (self.sample, self.sample.times.len());
        let mut blocks = Vec::new();
        for (h, members) in sample.members.iter().enumerate() {
            let less_mean = |i: usize, t: usize| {
                sample.weight[i] * (outcome(sample, i, t) - self.mean[self.stratum(h, t)])
            };
            if sample.is_panel {
                let row = |&i: &usize| {
                    let residuals = (0..periods).map(move |t| less_mean(i, t));
                    residuals.chain([sample.weight[i]])
                };
                blocks.push(Block {
                    values: members.iter().flat_map(row).collect(),
                    rows: members.clone(),
                    start: self.residual(h, 0),
                    columns: periods + 1,
                });
                continue;
            }
            for t in 0..periods {
                let here = |i: &usize| sample.period[*i] == t;
                let rows: Vec<usize> = members.iter().copied().filter(here).collect();
                let row = |&i: &usize| [less_mean(i, t), sample.weight[i]];
                blocks.push(Block {
                    values: rows.iter().flat_map(row).collect(),
                    rows,
                    start: self.residual(h, t),
                    columns: 2,
                });
            }
        }
        blocks
    }

    /// Treated and controls of a comparison, and whether both periods have two of each.
    fn sizes(&self, comparison: &Comparison) -> (usize, usize, bool) {
        let in_period = |t: usize| {
            let treated = self.count[self.stratum(comparison.cohort, t)];
            let controls = comparison.controls.iter();
            let controls: usize = controls.map(|&h| self.count[self.stratum(h, t)]).sum();
            (treated, controls)
        };
        let (now, before) = (in_period(comparison.time), in_period(comparison.base));
        let is_enough = [now.0, now.1, before.0, before.1].iter().all(|&n| n >= 2);
        if self.sample.is_panel || comparison.time == comparison.base {
            (now.0, now.1, is_enough)
        } else {
            (now.0 + before.0, now.1 + before.1, is_enough)
        }
    }

    /// The difference in differences of means, and its influence function.
    fn difference(&self, comparison: &Comparison, columns: usize) -> (f64, Combination) {
        let n = self.sample.weight.len() as f64;
        let mut combination = Combination::zero(columns);
        let mut effect = 0.0;
        for (t, sign) in [(comparison.time, 1.0), (comparison.base, -1.0)] {
            let own = self.stratum(comparison.cohort, t);
            let pooled: f64 = comparison
                .controls
                .iter()
                .map(|&h| self.weight[self.stratum(h, t)])
                .sum();
            let total: f64 = comparison
                .controls
                .iter()
                .map(|&h| self.stratum(h, t))
                .filter(|&s| self.weight[s] > 0.0)
                .map(|s| self.weight[s] * self.mean[s])
                .sum();
            let control = total / pooled;
            effect += sign * (self.mean[own] - control);
            combination.0[self.residual(comparison.cohort, t)] += sign * n / self.weight[own];
            for &h in &comparison.controls {
                let s = self.stratum(h, t);
                if self.weight[s] > 0.0 {
                    combination.0[self.residual(h, t)] -= sign * n / pooled;
                    combination.0[self.indicator(h, t)] -=
                        sign * n / pooled * (self.mean[s] - control);
                }
            }
        }
        (effect, combination)
    }
}

/// The periods in which an observation is seen.
fn periods_of(sample: &Sample, observation: usize) -> std::ops::Range<usize> {
    match sample.is_panel {
        true => 0..sample.times.len(),
        false => sample.period[observation]..sample.period[observation] + 1,
    }
}

fn outcome(sample: &Sample, observation: usize, period: usize) -> f64 {
    match sample.is_panel {
        true => sample.at(observation, period),
        false => sample.outcome[observation],
    }
}

/// The weight of a cohort in aggregates, and the columns it is the sum of.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) size: f64,
    pub(super) columns: Vec<usize>,
}

pub(super) fn estimate(sample: &Sample, plan: Plan) -> Result<GroupTime, GroupTimeError> {
    let frame = Frame { sample, plan };
    frame.check()?;
    let comparisons = frame.comparisons();
    let means = Means::new(sample);
    let sizes: Vec<_> = comparisons.iter().map(|c| means.sizes(c)).collect();
    let mut cells: Vec<Cell> = comparisons
        .iter()
        .zip(&sizes)
        .map(|(comparison, &(treated, controls, is_enough))| Cell {
            cohort: sample.cohorts[comparison.cohort].unwrap_or(i32::MAX),
            time: sample.times[comparison.time],
            base: sample.times[comparison.base],
            effect: None,
            std_error: None,
            treated,
            controls,
            unidentified: (!is_enough).then_some(Unidentified::TooFew),
        })
        .collect();
    let (basis, found, shares) = if sample.columns == 0 {
        by_means(&means, &comparisons, &cells)
    } else {
        adjusted::all(sample, plan.adjustment, &comparisons, &mut cells)
    };
    let mut combinations = Vec::with_capacity(cells.len());
    for (cell, one) in cells.iter_mut().zip(found) {
        if let Some((effect, combination)) = &one {
            cell.effect = Some(*effect);
            cell.std_error = basis.std_error(combination);
        }
        combinations.push(one.map(|(_, combination)| combination));
    }
    let shares = comparisons
        .iter()
        .map(|c| shares[c.cohort].clone())
        .collect();
    Ok(GroupTime {
        cells,
        combinations,
        shares,
        basis,
        plan,
    })
}

/// Columns, the effect and influence function of each comparison, the share of each cohort.
pub(super) type Found = (Basis, Vec<Option<(f64, Combination)>>, Vec<Share>);

fn by_means(means: &Means<'_>, comparisons: &[Comparison], cells: &[Cell]) -> Found {
    let basis = Basis::new(means.blocks(), means.sample);
    let columns = basis.columns();
    let found = comparisons
        .iter()
        .zip(cells)
        .map(|(comparison, cell)| {
            let is_defined = cell.unidentified.is_none();
            is_defined.then(|| means.difference(comparison, columns))
        })
        .collect();
    let cohorts = 0..means.sample.cohorts.len();
    (basis, found, cohorts.map(|h| means.share(h)).collect())
}
