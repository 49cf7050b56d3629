//! The imputation estimator (Borusyak, Jaravel and Spiess 2024): what the untreated rows say would have happened.
//!
//! For setting beside effects by cohort and period. Effects of units and periods are estimated from the rows not yet
//! treated, all of them, and each treated row is compared with its prediction; efficient when errors are independent
//! and alike, and leaning more on parallel trends in every period before treatment.

use std::collections::BTreeMap;

use super::group_time::{GroupTimeError, Sample};
use super::regression::least_squares::{Triangle, dot, lengths, times};
use super::two_way::{EventTime, cohort_of_units, needs_panel, treated_within};

/// An error smaller than this share of the largest outcome is rounding, not an error.
const ROUNDING: f64 = 1e-12;

/// Effects of treatment by imputation.
#[derive(Debug, Clone, PartialEq)]
pub struct Imputation {
    /// The mean over treated rows.
    pub effect: f64,
    /// Its conservative standard error, by cluster; `None` where nothing varies.
    pub std_error: Option<f64>,
    /// The mean at each time since treatment, from 0.
    pub by: Vec<EventTime>,
}

/// The fit on untreated rows. Columns are indicators of periods but the first, less their mean over the untreated
/// periods of the unit's cohort.
struct Untreated<'s> {
    sample: &'s Sample,
    cohort: Vec<usize>,
    /// How many periods each cohort is untreated in, from the first.
    until: Vec<usize>,
    /// Effects of periods but the first.
    periods: Vec<f64>,
    inverse: Vec<f64>,
    /// Effects of units.
    units: Vec<f64>,
}

impl Sample {
    /// Effects of treatment against what the untreated rows predict.
    ///
    /// # Definition
    /// y = unit + period by least squares on untreated rows (weights of units); the effect is the weighted mean of
    /// y less its prediction over treated rows. It is linear in y, sum of v y; its variance is the sum over clusters of
    /// (sum of v e)^2 with e the residual of untreated rows, and of treated rows the effect less its mean over the
    /// cohort and period.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// A cohort of one unit has e = 0 where it is treated, so its own noise then does not count.
    ///
    /// # Errors
    /// [`GroupTimeError::NotAPanel`], [`GroupTimeError::NoTreated`], [`GroupTimeError::AlwaysTreated`],
    /// [`GroupTimeError::NoUntreatedPeriod`].
    ///
    /// # Source
    /// Borusyak, Jaravel and Spiess (2024), theorem 2 and equation 7 with averages by cohort and period. Agrees with
    /// `diff_diff`.
    pub fn imputation(&self) -> Result<Imputation, GroupTimeError> {
        let fit = Untreated::new(self)?;
        let (effect, std_error) = fit.mean(&|_| true);
        let mut events: Vec<i32> = fit.treated().map(|(unit, t)| fit.event(unit, t)).collect();
        events.sort_unstable();
        events.dedup();
        let by = events.into_iter().map(|at| {
            let (effect, std_error) = fit.mean(&|event| event == at);
            EventTime {
                at,
                effect,
                std_error,
            }
        });
        let by = by.collect();
        Ok(Imputation {
            effect,
            std_error,
            by,
        })
    }
}

impl<'s> Untreated<'s> {
    fn new(sample: &'s Sample) -> Result<Untreated<'s>, GroupTimeError> {
        needs_panel(sample)?;
        let times = &sample.times;
        let until: Vec<usize> = (0..sample.cohorts.len())
            .map(|h| {
                treated_within(sample, h).map_or(times.len(), |g| times.partition_point(|&t| t < g))
            })
            .collect();
        if let Some(h) = until.iter().position(|&periods| periods == 0) {
            return Err(GroupTimeError::AlwaysTreated {
                cohort: sample.cohorts[h].unwrap_or(times[0]),
                units: sample.members[h].len(),
                anticipation: 0,
            });
        }
        let most = until.iter().max().copied().unwrap_or(0);
        if until.iter().all(|&periods| periods == times.len()) {
            return Err(GroupTimeError::NoTreated);
        }
        if most < times.len() {
            return Err(GroupTimeError::NoUntreatedPeriod(times[most]));
        }
        let mut fit = Untreated {
            sample,
            cohort: cohort_of_units(sample),
            until,
            periods: Vec::new(),
            inverse: Vec::new(),
            units: Vec::new(),
        };
        fit.solve(times[most - 1])?;
        Ok(fit)
    }

    fn columns(&self) -> usize {
        self.sample.times.len() - 1
    }

    /// The row of a cohort in a period: the period's indicator less the mean of the unit's untreated periods.
    fn row(&self, cohort: usize, period: usize) -> Vec<f64> {
        let until = self.until[cohort];
        let entry = |t: usize| {
            let mean = if t < until { 1.0 / until as f64 } else { 0.0 };
            f64::from(u8::from(t == period)) - mean
        };
        (1..=self.columns()).map(entry).collect()
    }

    fn unit_mean(&self, unit: usize, of: impl Fn(usize) -> f64) -> f64 {
        let until = self.until[self.cohort[unit]];
        (0..until).map(of).sum::<f64>() / until as f64
    }

    fn solve(&mut self, last: i32) -> Result<(), GroupTimeError> {
        let (sample, k) = (self.sample, self.columns());
        let (mut x, mut w, mut z) = (Vec::new(), Vec::new(), Vec::new());
        for (unit, &h) in self.cohort.iter().enumerate() {
            let mean = self.unit_mean(unit, |t| sample.at(unit, t));
            for t in 0..self.until[h] {
                x.extend(self.row(h, t));
                w.push(sample.weight[unit]);
                z.push(sample.at(unit, t) - mean);
            }
        }
        let triangle = Triangle::new(&x, k, &w, &z);
        let solved = triangle.solve().zip(triangle.inverse());
        let is_whole = triangle.independent(&lengths(&x, k, &w)).len() == k;
        let (periods, inverse) = solved
            .filter(|_| is_whole)
            .ok_or(GroupTimeError::NoUntreatedPeriod(last))?;
        self.periods = periods;
        self.inverse = inverse;
        let units = (0..self.cohort.len())
            .map(|unit| self.unit_mean(unit, |t| sample.at(unit, t) - self.period(t)));
        self.units = units.collect();
        Ok(())
    }

    fn period(&self, period: usize) -> f64 {
        match period {
            0 => 0.0,
            later => self.periods[later - 1],
        }
    }

    /// The outcome less its prediction.
    fn residual(&self, unit: usize, period: usize) -> f64 {
        self.sample.at(unit, period) - self.units[unit] - self.period(period)
    }

    fn treated(&self) -> impl Iterator<Item = (usize, usize)> {
        let periods = self.sample.times.len();
        let of_unit =
            move |(unit, &h): (usize, &usize)| (self.until[h]..periods).map(move |t| (unit, t));
        self.cohort.iter().enumerate().flat_map(of_unit)
    }

    fn event(&self, unit: usize, period: usize) -> i32 {
        let first = self.sample.cohorts[self.cohort[unit]];
        self.sample.times[period] - first.unwrap_or(i32::MAX)
    }

    /// The weighted mean effect over treated rows of some event times, with its error.
    fn mean(&self, holds: &dyn Fn(i32) -> bool) -> (f64, Option<f64>) {
        let sample = self.sample;
        let chosen: Vec<(usize, usize)> = self
            .treated()
            .filter(|&(unit, t)| holds(self.event(unit, t)))
            .collect();
        let total: f64 = chosen.iter().map(|&(unit, _)| sample.weight[unit]).sum();
        let share = |unit: usize| sample.weight[unit] / total;
        let effect = chosen
            .iter()
            .map(|&(unit, t)| share(unit) * self.residual(unit, t))
            .sum();
        // Means over the rows of a cohort and period, weighted alike within it.
        let mut means: BTreeMap<(usize, usize), (f64, f64)> = BTreeMap::new();
        for &(unit, t) in &chosen {
            let (sum, size) = means.entry((self.cohort[unit], t)).or_default();
            *sum += share(unit) * share(unit) * self.residual(unit, t);
            *size += share(unit) * share(unit);
        }
        let mut clusters = vec![0.0; sample.clusters];
        let mut pulled = vec![0.0; self.columns()];
        let mut own = vec![0.0; self.cohort.len()];
        for &(unit, t) in &chosen {
            let h = self.cohort[unit];
            let (sum, size) = means[&(h, t)];
            clusters[sample.cluster[unit]] += share(unit) * (self.residual(unit, t) - sum / size);
            own[unit] += share(unit);
            for (entry, value) in pulled.iter_mut().zip(self.row(h, t)) {
                *entry += share(unit) * value;
            }
        }
        let slope = times(&self.inverse, &pulled);
        for (unit, &h) in self.cohort.iter().enumerate() {
            for t in 0..self.until[h] {
                let along = sample.weight[unit] * dot(&self.row(h, t), &slope);
                let v = -(own[unit] / self.until[h] as f64 + along);
                clusters[sample.cluster[unit]] += v * self.residual(unit, t);
            }
        }
        let error = dot(&clusters, &clusters).sqrt();
        (effect, (error > ROUNDING * sample.scale()).then_some(error))
    }
}
