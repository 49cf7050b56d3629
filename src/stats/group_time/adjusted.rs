//! Comparisons adjusted for covariates: by regression, by inverse probability, and doubly robust.
//!
//! Each estimator is a sum of weighted means. A mean's influence is that of its own noise, that of the regression it
//! uses through the derivative by its coefficients, and that of the propensity through the derivative of the odds that
//! weigh it; writing each estimator as such means gives all the influence functions of Sant'Anna and Zhao at once.

use super::Adjustment;
use super::basis::{Basis, Block, Combination};
use super::cells::{Cell, Comparison, Found, Share, Unidentified};
use super::sample::Sample;
use crate::stats::regression::least_squares::{Triangle, add_scaled, dot, lengths, times};
use crate::stats::regression::{Design, Model, RegressionError};

/// A control as likely treated as this stands for too many: the odds are over 199 (the bound of R's `DRDID`).
const OVERLAP: f64 = 0.995;

/// The observations of one comparison.
struct Pair<'s> {
    n: f64,
    columns: usize,
    /// Row-major.
    x: Vec<f64>,
    /// Change of the outcome in a panel, the outcome in cross-sections.
    y: Vec<f64>,
    weight: &'s [f64],
    is_treated: &'s [bool],
}

/// A first step: the influence of each observation on its coefficients, row-major.
struct FirstStep {
    influence: Vec<f64>,
    /// x'b of every observation.
    fitted: Vec<f64>,
}

/// One weighted mean of an estimator.
struct Mean<'m> {
    sign: f64,
    weight: Vec<f64>,
    value: Vec<f64>,
    /// Regressions whose prediction is in the value, with its sign.
    predictions: Vec<(f64, &'m FirstStep)>,
    /// The propensity whose odds are in the weight.
    propensity: Option<&'m FirstStep>,
}

impl Pair<'_> {
    fn len(&self) -> usize {
        self.y.len()
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.columns..][..self.columns]
    }

    /// The weights of the observations that a predicate holds for, 0 elsewhere.
    fn weights_where(&self, holds: impl Fn(usize) -> bool) -> Vec<f64> {
        let weight = |i: usize| if holds(i) { self.weight[i] } else { 0.0 };
        (0..self.len()).map(weight).collect()
    }

    /// Least squares of the outcome on covariates with the given weights.
    fn regression(&self, weights: &[f64]) -> Result<FirstStep, Unidentified> {
        let used = weights.iter().filter(|&&w| w > 0.0).count();
        let triangle = Triangle::new(&self.x, self.columns, weights, &self.y);
        let independent = triangle.independent(&lengths(&self.x, self.columns, weights));
        if used <= self.columns || independent.len() < self.columns {
            return Err(Unidentified::Collinear);
        }
        let coefficients = triangle.solve().ok_or(Unidentified::Collinear)?;
        let inverse = triangle.inverse().ok_or(Unidentified::Collinear)?;
        let fitted = self.fitted(&coefficients);
        let score = |i: usize| weights[i] * (self.y[i] - fitted[i]);
        let scores: Vec<f64> = (0..self.len()).map(score).collect();
        Ok(self.first_step(fitted, &inverse, &scores))
    }

    /// Logistic regression of being treated on covariates.
    fn propensity(&self) -> Result<FirstStep, Unidentified> {
        let names = (0..self.columns).map(|j| format!("x{j}")).collect();
        let fit = Design::new(names, self.x.clone())
            .and_then(|design| Model::propensity(design, self.is_treated, self.weight.to_vec()))
            .and_then(|model| model.fit());
        let fit = match fit {
            Ok(fit) if fit.dropped().is_empty() => fit,
            Err(RegressionError::Separation { .. } | RegressionError::NoConvergence { .. }) => {
                return Err(Unidentified::Overlap);
            }
            _ => return Err(Unidentified::Collinear),
        };
        let fitted = self.fitted(fit.coefficients());
        let share = |eta: f64| 1.0 / (1.0 + libm::exp(-eta));
        let controls = (0..self.len()).filter(|&i| !self.is_treated[i]);
        if controls.into_iter().any(|i| share(fitted[i]) >= OVERLAP) {
            return Err(Unidentified::Overlap);
        }
        let information: Vec<f64> = fitted
            .iter()
            .zip(self.weight)
            .map(|(&eta, w)| w * share(eta) * share(-eta))
            .collect();
        let triangle = Triangle::new(&self.x, self.columns, &information, &vec![0.0; self.len()]);
        let inverse = triangle.inverse().ok_or(Unidentified::Collinear)?;
        let score = |i: usize| {
            let observed = f64::from(u8::from(self.is_treated[i]));
            self.weight[i] * (observed - share(fitted[i]))
        };
        let scores: Vec<f64> = (0..self.len()).map(score).collect();
        Ok(self.first_step(fitted, &inverse, &scores))
    }

    fn fitted(&self, coefficients: &[f64]) -> Vec<f64> {
        (0..self.len())
            .map(|i| dot(self.row(i), coefficients))
            .collect()
    }

    fn first_step(&self, fitted: Vec<f64>, inverse: &[f64], scores: &[f64]) -> FirstStep {
        let mut influence = Vec::with_capacity(self.x.len());
        for (i, score) in scores.iter().enumerate() {
            let turned = times(inverse, self.row(i));
            influence.extend(turned.into_iter().map(|value| self.n * score * value));
        }
        FirstStep { influence, fitted }
    }

    /// The sum of the means and its influence on the scale of all observations of the sample.
    fn sum(&self, means: &[Mean<'_>]) -> (f64, Vec<f64>) {
        let (mut effect, mut influence) = (0.0, vec![0.0; self.len()]);
        for mean in means {
            let total: f64 = mean.weight.iter().sum();
            let value = dot(&mean.weight, &mean.value) / total;
            effect += mean.sign * value;
            let own: Vec<f64> = (0..self.len())
                .map(|i| self.n * mean.weight[i] * (mean.value[i] - value) / total)
                .collect();
            add_scaled(&mut influence, mean.sign, &own);
            for (sign, step) in &mean.predictions {
                self.pass_on(&mut influence, mean.sign * sign / total, &mean.weight, step);
            }
            if let Some(step) = mean.propensity {
                let odds = own.iter().map(|v| v / self.n).collect::<Vec<_>>();
                self.pass_on(&mut influence, mean.sign, &odds, step);
            }
        }
        (effect, influence)
    }

    /// Adds the influence of a first step through the derivative `scale * sum of by x`.
    fn pass_on(&self, influence: &mut [f64], scale: f64, by: &[f64], step: &FirstStep) {
        let mut derivative = vec![0.0; self.columns];
        for (i, factor) in by.iter().enumerate() {
            add_scaled(&mut derivative, scale * factor, self.row(i));
        }
        for (value, row) in influence
            .iter_mut()
            .zip(step.influence.chunks_exact(self.columns))
        {
            *value += dot(row, &derivative);
        }
    }

    /// Weights of controls times the odds of treatment.
    fn odds(&self, propensity: &FirstStep, holds: impl Fn(usize) -> bool) -> Vec<f64> {
        let mut weights = self.weights_where(|i| !self.is_treated[i] && holds(i));
        for (weight, &eta) in weights.iter_mut().zip(&propensity.fitted) {
            *weight *= libm::exp(eta);
        }
        weights
    }

    fn less(&self, fitted: &[f64]) -> Vec<f64> {
        self.y.iter().zip(fitted).map(|(y, f)| y - f).collect()
    }
}

fn plain<'m>(sign: f64, weight: Vec<f64>, value: Vec<f64>) -> Mean<'m> {
    Mean {
        sign,
        weight,
        value,
        predictions: Vec::new(),
        propensity: None,
    }
}

/// The estimators for a panel, on changes.
fn panel(pair: &Pair<'_>, adjustment: Adjustment) -> Result<(f64, Vec<f64>), Unidentified> {
    let treated = || pair.weights_where(|i| pair.is_treated[i]);
    let outcome = || pair.regression(&pair.weights_where(|i| !pair.is_treated[i]));
    match adjustment {
        Adjustment::Regression => {
            let step = outcome()?;
            let mut predicted = plain(-1.0, treated(), step.fitted.clone());
            predicted.predictions.push((1.0, &step));
            Ok(pair.sum(&[plain(1.0, treated(), pair.y.clone()), predicted]))
        }
        Adjustment::InverseProbability => {
            let step = pair.propensity()?;
            let mut controls = plain(-1.0, pair.odds(&step, |_| true), pair.y.clone());
            controls.propensity = Some(&step);
            Ok(pair.sum(&[plain(1.0, treated(), pair.y.clone()), controls]))
        }
        Adjustment::DoublyRobust => {
            let (outcome, propensity) = (outcome()?, pair.propensity()?);
            let rest = pair.less(&outcome.fitted);
            let mut own = plain(1.0, treated(), rest.clone());
            own.predictions.push((-1.0, &outcome));
            let mut controls = plain(-1.0, pair.odds(&propensity, |_| true), rest);
            controls.predictions.push((-1.0, &outcome));
            controls.propensity = Some(&propensity);
            Ok(pair.sum(&[own, controls]))
        }
    }
}

/// The estimators for cross-sections, on outcomes of two periods; doubly robust is the locally efficient form.
fn sections(
    pair: &Pair<'_>,
    adjustment: Adjustment,
    is_after: &[bool],
) -> Result<(f64, Vec<f64>), Unidentified> {
    let of = |treated: bool, after: bool| {
        pair.weights_where(|i| pair.is_treated[i] == treated && is_after[i] == after)
    };
    let control_steps = || -> Result<[FirstStep; 2], Unidentified> {
        Ok([
            pair.regression(&of(false, true))?,
            pair.regression(&of(false, false))?,
        ])
    };
    let difference = |a: &FirstStep, b: &FirstStep| -> Vec<f64> {
        a.fitted.iter().zip(&b.fitted).map(|(x, y)| x - y).collect()
    };
    let all_treated = || pair.weights_where(|i| pair.is_treated[i]);
    match adjustment {
        Adjustment::Regression => {
            let [after, before] = control_steps()?;
            let mut predicted = plain(-1.0, all_treated(), difference(&after, &before));
            predicted.predictions = vec![(1.0, &after), (-1.0, &before)];
            Ok(pair.sum(&[
                plain(1.0, of(true, true), pair.y.clone()),
                plain(-1.0, of(true, false), pair.y.clone()),
                predicted,
            ]))
        }
        Adjustment::InverseProbability => {
            let step = pair.propensity()?;
            let controls = |sign: f64, after: bool| {
                let weight = pair.odds(&step, |i| is_after[i] == after);
                let mut mean = plain(sign, weight, pair.y.clone());
                mean.propensity = Some(&step);
                mean
            };
            Ok(pair.sum(&[
                plain(1.0, of(true, true), pair.y.clone()),
                plain(-1.0, of(true, false), pair.y.clone()),
                controls(-1.0, true),
                controls(1.0, false),
            ]))
        }
        Adjustment::DoublyRobust => {
            let control = control_steps()?;
            let own = [
                pair.regression(&of(true, true))?,
                pair.regression(&of(true, false))?,
            ];
            let propensity = pair.propensity()?;
            let mut means = Vec::new();
            for (place, (after, sign)) in [(true, 1.0), (false, -1.0)].into_iter().enumerate() {
                let rest = pair.less(&control[place].fitted);
                let mut treated = plain(sign, of(true, after), rest.clone());
                treated.predictions.push((-1.0, &control[place]));
                let weight = pair.odds(&propensity, |i| is_after[i] == after);
                let mut controls = plain(-sign, weight, rest);
                controls.predictions.push((-1.0, &control[place]));
                controls.propensity = Some(&propensity);
                let gap = difference(&own[place], &control[place]);
                let mut overall = plain(sign, all_treated(), gap.clone());
                overall.predictions = vec![(1.0, &own[place]), (-1.0, &control[place])];
                let mut period = plain(-sign, of(true, after), gap);
                period.predictions = vec![(1.0, &own[place]), (-1.0, &control[place])];
                means.extend([treated, controls, overall, period]);
            }
            Ok(pair.sum(&means))
        }
    }
}

/// Which observations a comparison is of, with whether each is treated.
fn members(sample: &Sample, comparison: &Comparison) -> (Vec<usize>, Vec<bool>) {
    let in_periods = |i: usize| {
        sample.is_panel || [comparison.time, comparison.base].contains(&sample.period[i])
    };
    let (mut rows, mut is_treated) = (Vec::new(), Vec::new());
    for cohort in [comparison.cohort].iter().chain(&comparison.controls) {
        for &i in sample.members[*cohort].iter().filter(|&&i| in_periods(i)) {
            rows.push(i);
            is_treated.push(*cohort == comparison.cohort);
        }
    }
    (rows, is_treated)
}

/// The effect of one comparison with the influence of each of its observations.
fn one(
    sample: &Sample,
    adjustment: Adjustment,
    comparison: &Comparison,
    rows: &[usize],
    is_treated: &[bool],
) -> Result<(f64, Vec<f64>), Unidentified> {
    let columns = sample.columns;
    let weight: Vec<f64> = rows.iter().map(|&i| sample.weight[i]).collect();
    let change = |&i: &usize| match sample.is_panel {
        true => sample.at(i, comparison.time) - sample.at(i, comparison.base),
        false => sample.outcome[i],
    };
    let pair = Pair {
        n: sample.weight.len() as f64,
        columns,
        x: rows
            .iter()
            .flat_map(|&i| sample.covariates[i * columns..][..columns].iter().copied())
            .collect(),
        y: rows.iter().map(change).collect(),
        weight: &weight,
        is_treated,
    };
    if sample.is_panel {
        return panel(&pair, adjustment);
    }
    let is_after: Vec<bool> = rows
        .iter()
        .map(|&i| sample.period[i] == comparison.time)
        .collect();
    sections(&pair, adjustment, &is_after)
}

/// All comparisons; a cell that is not identified is told why.
pub(super) fn all(
    sample: &Sample,
    adjustment: Adjustment,
    comparisons: &[Comparison],
    cells: &mut [Cell],
) -> Found {
    let (n, cohorts) = (sample.weight.len(), sample.cohorts.len());
    let columns = cohorts + comparisons.len();
    let mut values = vec![0.0; n * columns];
    let mut found = Vec::with_capacity(cells.len());
    for (k, (comparison, cell)) in comparisons.iter().zip(cells).enumerate() {
        if cell.unidentified.is_some() {
            found.push(None);
            continue;
        }
        let mut combination = Combination::zero(columns);
        if comparison.time == comparison.base {
            found.push(Some((0.0, combination)));
            continue;
        }
        let (rows, is_treated) = members(sample, comparison);
        match one(sample, adjustment, comparison, &rows, &is_treated) {
            Ok((effect, influence)) => {
                for (&i, value) in rows.iter().zip(influence) {
                    values[i * columns + cohorts + k] = value;
                }
                combination.0[cohorts + k] = 1.0;
                found.push(Some((effect, combination)));
            }
            Err(why) => {
                cell.unidentified = Some(why);
                found.push(None);
            }
        }
    }
    let mut shares = Vec::with_capacity(cohorts);
    for (h, members) in sample.members.iter().enumerate() {
        members
            .iter()
            .for_each(|&i| values[i * columns + h] = sample.weight[i]);
        shares.push(Share {
            size: members.iter().map(|&i| sample.weight[i]).sum(),
            columns: vec![h],
        });
    }
    let block = Block {
        rows: (0..n).collect(),
        values,
        start: 0,
        columns,
    };
    (Basis::new(vec![block], sample), found, shares)
}
