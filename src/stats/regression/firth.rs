//! Firth's penalty for logistic regression: half the log determinant of the information, so that separated cells
//! have finite estimates.
//!
//! The penalised likelihood of few, separated cells is not concave: with a coefficient held it may have several maxima,
//! and which of them iterations reach depends on where they start. Profiles therefore start from many places.

use super::RegressionError;
use super::family::Law;
use super::fit::{Fit, Solution, information, scores};
use super::least_squares::{Triangle, add_scaled, dot, times};
use super::model::{Grain, Problem, predictors};

/// Iterations before giving up.
const ITERATIONS: usize = 500;

/// No coefficient moves by more than this in one step.
const LONGEST: f64 = 5.0;

/// Iterations end when no linear predictor moves by more than this, relative to the largest.
const SETTLED: f64 = 1e-11;

/// A step that turns more than this part of the slope at its start into one downhill went too far.
const TOO_FAR: f64 = 0.5;

/// How many standard errors wide starts stand away from the fit.
const AWAY: f64 = 4.0;

/// A column whose coefficient is not estimated but given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Its place among the columns of the problem.
    pub(super) column: usize,
    /// The coefficient.
    pub(super) value: f64,
}

/// From how many places the maximum with coefficients held is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Starts {
    /// From the fit itself, and from where its tangent leads.
    Near,
    /// Those, and some errors away from them along each column that is not held.
    Wide,
}

/// The maximum of the penalised likelihood.
pub(super) fn iterate(problem: &Problem, law: Law) -> Result<Solution, RegressionError> {
    ascend(problem, law, &[], vec![0.0; problem.columns()])
}

/// Minus twice the log-likelihood of trials with half the log determinant of the information of all columns.
pub(super) fn lack(problem: &Problem, law: Law, eta: &[f64]) -> f64 {
    let likelihood = law.log_likelihood(&problem.cells, Grain::Trial, eta);
    let information = triangle(problem, &information(problem, law, eta));
    -2.0 * likelihood - information.ln_determinant()
}

/// The least of that with some coefficients held, the highest maximum that the starts lead to.
pub(super) fn least_lack(fit: &Fit, held: &[Held], starts: Starts) -> Result<f64, RegressionError> {
    let ends = begin(fit, held, starts).into_iter().map(|start| {
        let solution = ascend(&fit.problem, fit.law, held, start)?;
        Ok(lack(&fit.problem, fit.law, &solution.eta))
    });
    // A start that leads nowhere is no fault while another leads somewhere.
    ends.reduce(|best, next| match (best, next) {
        (Ok(a), Ok(b)) => Ok(f64::min(a, b)),
        (Ok(a), Err(_)) | (Err(_), Ok(a)) => Ok(a),
        (Err(error), Err(_)) => Err(error),
    })
    .expect("the fit itself is a start")
}

/// Coefficients to start from, those held at their values.
fn begin(fit: &Fit, held: &[Held], starts: Starts) -> Vec<Vec<f64>> {
    let k = fit.coefficients.len();
    let mut kept = fit.coefficients.clone();
    for hold in held {
        kept[hold.column] = hold.value;
    }
    let mut all: Vec<Vec<f64>> = tangent(fit, held, &kept).into_iter().collect();
    all.push(kept);
    if starts == Starts::Wide {
        for base in all.clone() {
            for j in free(k, held) {
                let away = AWAY * fit.inverse[j * k + j].sqrt();
                for far in [-away, away] {
                    let mut start = base.clone();
                    start[j] += far;
                    all.push(start);
                }
            }
        }
    }
    all
}

/// Where the other coefficients go, to first order, when the held ones leave their estimates for `kept`.
fn tangent(fit: &Fit, held: &[Held], kept: &[f64]) -> Option<Vec<f64>> {
    let problem = &fit.problem;
    let others = free(kept.len(), held);
    let weights = information(problem, fit.law, &fit.eta);
    let part = part_inverse(problem, &others, &weights)?;
    let mut pull = vec![0.0; others.len()];
    for (i, weight) in weights.iter().enumerate() {
        let row = problem.row(i);
        let shift = dot(row, kept) - dot(row, &fit.coefficients);
        for (sum, &j) in pull.iter_mut().zip(&others) {
            *sum -= weight * shift * row[j];
        }
    }
    let mut start = kept.to_vec();
    for (&j, far) in others.iter().zip(times(&part, &pull)) {
        start[j] += far;
    }
    Some(start)
}

fn free(k: usize, held: &[Held]) -> Vec<usize> {
    let is_free = |j: &usize| held.iter().all(|hold| hold.column != *j);
    (0..k).filter(is_free).collect()
}

/// Coefficients with what is known there.
struct Place {
    beta: Vec<f64>,
    eta: Vec<f64>,
    weights: Vec<f64>,
    /// The inverse information of all columns.
    inverse: Vec<f64>,
    /// The slope of the penalised likelihood.
    score: Vec<f64>,
    reached: f64,
}

impl Place {
    /// `None` where the information is singular to the last digit.
    ///
    /// A cell of n trials with leverage h counts h/2 further events and h/2 further non-events (Firth 1993; Heinze and
    /// Schemper 2002, equation 2); the leverage of a cell is the sum of those of its trials. The penalty is that of all
    /// columns, held or not: likelihoods with and without a hold are then of one function, as a profile of it needs.
    fn at(problem: &Problem, law: Law, beta: Vec<f64>) -> Option<Place> {
        let eta = predictors(problem, &beta);
        let weights = information(problem, law, &eta);
        let triangle = triangle(problem, &weights);
        let inverse = triangle.inverse()?;
        let likelihood = law.log_likelihood(&problem.cells, Grain::Trial, &eta);
        let mut score = vec![0.0; beta.len()];
        for (i, residual) in scores(problem, law, &eta).into_iter().enumerate() {
            let row = problem.row(i);
            let leverage = weights[i] * dot(row, &times(&inverse, row));
            add_scaled(
                &mut score,
                residual + leverage * (0.5 - law.at(eta[i]).mean),
                row,
            );
        }
        Some(Place {
            reached: likelihood + triangle.ln_determinant() / 2.0,
            beta,
            eta,
            weights,
            inverse,
            score,
        })
    }

    /// The step of least squares on the free columns, and 0 for the others.
    fn step(&self, problem: &Problem, free: &[usize]) -> Option<Vec<f64>> {
        let pull: Vec<f64> = free.iter().map(|&j| self.score[j]).collect();
        let far = if free.len() == self.beta.len() {
            times(&self.inverse, &pull)
        } else {
            times(&part_inverse(problem, free, &self.weights)?, &pull)
        };
        let longest = far.iter().fold(LONGEST, |most, s| most.max(s.abs()));
        let mut step = vec![0.0; self.beta.len()];
        for (&j, far) in free.iter().zip(far) {
            step[j] = far * (LONGEST / longest);
        }
        Some(step)
    }

    /// The place a step leads to, shortened until it climbs and does not run far past the top along it: the information
    /// leaves out the curvature of the penalty, so that full steps may swing about the maximum for ever.
    fn after(&self, mut step: Vec<f64>, problem: &Problem, law: Law) -> Option<Place> {
        let mut slope = dot(&self.score, &step);
        for _ in 0..40 {
            let beta = self.beta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let mut part = 0.5;
            if let Some(next) = Place::at(problem, law, beta)
                && next.reached >= self.reached - 1e-10 * (1.0 + self.reached.abs())
            {
                let there = dot(&next.score, &step);
                if there >= -TOO_FAR * slope || next.is_settled(self) {
                    return Some(next);
                }
                part = slope / (slope - there);
            }
            step.iter_mut().for_each(|s| *s *= part);
            slope *= part;
        }
        None
    }

    fn is_settled(&self, before: &Place) -> bool {
        let moved = self.eta.iter().zip(&before.eta);
        let farthest = moved.fold(0.0, |most: f64, (new, old)| most.max((new - old).abs()));
        let largest = self.eta.iter().fold(1.0, |most: f64, e| most.max(e.abs()));
        farthest <= SETTLED * largest
    }
}

/// Climbs to a maximum from the given coefficients, the held ones staying where they are.
fn ascend(
    problem: &Problem,
    law: Law,
    held: &[Held],
    start: Vec<f64>,
) -> Result<Solution, RegressionError> {
    let failed = |iterations| RegressionError::NoConvergence {
        what: "the penalised coefficients",
        iterations,
    };
    let free = free(problem.columns(), held);
    let mut here = Place::at(problem, law, start).ok_or(failed(0))?;
    for iterations in 1..=ITERATIONS {
        let step = here.step(problem, &free).ok_or(failed(iterations))?;
        let next = here.after(step, problem, law).ok_or(failed(iterations))?;
        let settled = next.is_settled(&here);
        here = next;
        if settled {
            return Ok(Solution {
                coefficients: here.beta,
                eta: here.eta,
                iterations,
            });
        }
    }
    Err(failed(ITERATIONS))
}

fn triangle(problem: &Problem, weights: &[f64]) -> Triangle {
    let zeros = vec![0.0; weights.len()];
    Triangle::new(&problem.x, problem.columns(), weights, &zeros)
}

/// The inverse information of some columns alone.
fn part_inverse(problem: &Problem, columns: &[usize], weights: &[f64]) -> Option<Vec<f64>> {
    let rows = (0..weights.len()).map(|i| problem.row(i));
    let x: Vec<f64> = rows
        .flat_map(|row| columns.iter().map(move |&j| row[j]))
        .collect();
    Triangle::new(&x, columns.len(), weights, &vec![0.0; weights.len()]).inverse()
}

#[cfg(test)]
mod tests {
    use crate::stats::Level;
    use crate::stats::regression::{Design, Family, Model, RegressionError, Response};

    /// 0 of 10 against 4 of 12, the second in two cells.
    fn separated() -> Model {
        let names = vec!["one".to_owned(), "x".to_owned()];
        let design = Design::new(names, vec![1.0, 0.0, 1.0, 1.0, 1.0, 1.0]).expect("valid");
        let response = Response::Events {
            events: vec![0, 3, 1],
            trials: vec![10, 5, 7],
        };
        Model::new(Family::FirthLogistic, design, response).expect("valid")
    }

    #[test]
    fn a_two_by_two_table_gets_half_an_event_in_each_field() {
        // No finite odds ratio; with 1/2 in each field ln(4.5/8.5) - ln(0.5/10.5).
        let fit = separated().fit().expect("finite");
        let low = libm::log(0.5 / 10.5);
        for (got, want) in fit
            .coefficients()
            .iter()
            .zip([low, libm::log(4.5 / 8.5) - low])
        {
            assert!(
                (got - want).abs() < 1e-9 * want.abs(),
                "{got} is not {want}"
            );
        }
    }

    /// The penalised log-likelihood of a table whose cells are cells of their own: counts with 1/2 added, since the
    /// determinant of the information is n1 p1 q1 n2 p2 q2.
    fn of_table(logit1: f64, logit2: f64) -> f64 {
        let part = |yes: f64, no: f64, logit: f64| {
            -yes * libm::log1p(libm::exp(-logit)) - no * libm::log1p(libm::exp(logit))
        };
        part(0.5, 10.5, logit1) + part(4.5, 8.5, logit2)
    }

    #[test]
    fn a_held_odds_ratio_keeps_the_penalty_of_both_columns() {
        // Held at 0 both logits are one, and the penalty still that of the table: 5 of 24 with 1/2 in each field.
        let logit = libm::log(5.0 / 19.0);
        let best = of_table(libm::log(0.5 / 10.5), libm::log(4.5 / 8.5));
        let want = 2.0 * (best - of_table(logit, logit));
        let test = separated().likelihood_ratio(&["x"]).expect("a column");
        assert!(
            (test.statistic - want).abs() < 1e-9 * want,
            "{} is not {want}",
            test.statistic
        );
        assert_eq!(test.df, 1);
    }

    #[test]
    fn limits_lose_the_chi_square_quantile_of_the_penalised_likelihood() {
        let limits = separated()
            .profile_interval("x", Level::NINETY_FIVE)
            .expect("finite");
        let best = of_table(libm::log(0.5 / 10.5), libm::log(4.5 / 8.5));
        for limit in [limits.low, limits.high] {
            // The best first logit at this odds ratio, by trying all in steps that end far below the tolerance.
            let (mut at, mut step) = (-3.0_f64, 1.0_f64);
            while step > 1e-9 {
                let value = |a: f64| of_table(a, a + limit);
                if value(at + step) > value(at) {
                    at += step;
                } else if value(at - step) > value(at) {
                    at -= step;
                } else {
                    step /= 2.0;
                }
            }
            let lost = 2.0 * (best - of_table(at, at + limit));
            assert!(
                (lost - Level::NINETY_FIVE.z().powi(2)).abs() < 1e-7,
                "{limit} loses {lost}"
            );
        }
        assert!(limits.low < 3.0 && 3.0 < limits.high, "{limits:?}");
    }

    #[test]
    fn the_highest_of_several_maxima_sets_the_limit() {
        // Nine separated cells whose profile has a maximum that starts near the fit do not find: they stop at 5.59. The
        // limit is scipy's root over the best of 30 starts, 20 of them drawn at random.
        let cells = [
            (0.0, 1.0, 0),
            (-2.0, -6.0, 0),
            (-2.0, -8.0, 0),
            (-2.0, 2.0, 0),
            (3.0, 1.0, 1),
            (1.0, -2.0, 1),
            (0.0, -1.0, 0),
            (0.0, -7.0, 0),
            (-1.0, 7.0, 0),
        ];
        let names = ["one", "x", "z"].map(str::to_owned).to_vec();
        let values = cells.iter().flat_map(|(x, z, _)| [1.0, *x, *z]).collect();
        let response = Response::Events {
            events: cells.iter().map(|cell| cell.2).collect(),
            trials: vec![1; cells.len()],
        };
        let design = Design::new(names, values).expect("valid");
        let model = Model::new(Family::FirthLogistic, design, response).expect("valid");
        let limits = model.profile_interval("x", Level::NINETY_FIVE);
        let high = limits.expect("finite").high;
        assert!((high - 6.876_536_779_72).abs() < 1e-7, "{high}");
    }

    #[test]
    fn a_model_of_one_column_has_limits_too() {
        // 0 of 10: with 1/2 added the profile is the likelihood of 0.5 of 11.
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 2]).expect("valid");
        let response = Response::Events {
            events: vec![0, 0],
            trials: vec![4, 6],
        };
        let model = Model::new(Family::FirthLogistic, design, response).expect("valid");
        let limits = model.profile_interval("one", Level::NINETY_FIVE);
        let limits = limits.expect("finite");
        let value = |logit: f64| {
            -0.5 * libm::log1p(libm::exp(-logit)) - 10.5 * libm::log1p(libm::exp(logit))
        };
        for limit in [limits.low, limits.high] {
            let lost = 2.0 * (value(libm::log(0.5 / 10.5)) - value(limit));
            assert!((lost - Level::NINETY_FIVE.z().powi(2)).abs() < 1e-8);
        }
        let test = model.likelihood_ratio(&["one"]).expect("a column");
        let want = 2.0 * (value(libm::log(0.5 / 10.5)) - value(0.0));
        assert!((test.statistic - want).abs() < 1e-9 * want);
    }

    #[test]
    fn absorbing_says_what_to_do_instead() {
        let factor = crate::stats::regression::Factor {
            name: "place".to_owned(),
            levels: vec![1, 2, 2],
        };
        let refused = separated().absorbing(factor).expect_err("a penalty");
        assert!(matches!(refused, RegressionError::FirthAbsorbs(_)));
        assert!(refused.to_string().contains("indicator columns"));
    }
}
