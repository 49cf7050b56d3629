//! Firth's penalty for logistic regression: half the log determinant of the information, so that separated cells
//! have finite estimates.

use super::RegressionError;
use super::family::Law;
use super::fit::{Solution, information, scores};
use super::least_squares::{Triangle, add_scaled, dot, times};
use super::model::{Grain, Problem, predictors};

/// Iterations before giving up.
const ITERATIONS: usize = 500;

/// No coefficient moves by more than this in one step.
const LONGEST: f64 = 5.0;

/// A column whose coefficient is not estimated but given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// Its place among the columns of the problem.
    pub(super) column: usize,
    /// The coefficient.
    pub(super) value: f64,
}

/// The maximum of the penalised likelihood, some coefficients held.
///
/// A cell of n trials with leverage h counts h/2 further events and h/2 further non-events (Firth 1993; Heinze and
/// Schemper 2002, equation 2); the leverage of a cell is the sum of those of its trials. The penalty is that of all
/// columns, held or not: likelihoods with and without a hold are then of one function, as a profile of it needs.
pub(super) fn iterate(
    problem: &Problem,
    law: Law,
    held: &[Held],
) -> Result<Solution, RegressionError> {
    let k = problem.columns();
    let failed = |iterations| RegressionError::NoConvergence {
        what: "the penalised coefficients",
        iterations,
    };
    let free: Vec<usize> = (0..k)
        .filter(|j| held.iter().all(|hold| hold.column != *j))
        .collect();
    let mut beta = vec![0.0; k];
    for hold in held {
        beta[hold.column] = hold.value;
    }
    let mut eta = predictors(problem, &beta);
    let mut reached = log_likelihood(problem, law, &eta);
    for iteration in 1..=ITERATIONS {
        let inverse = triangle(problem, law, &eta)
            .inverse()
            .ok_or(failed(iteration))?;
        let weights = information(problem, law, &eta);
        let mut score = vec![0.0; k];
        for (i, residual) in scores(problem, law, &eta).into_iter().enumerate() {
            let row = problem.row(i);
            let leverage = weights[i] * dot(row, &times(&inverse, row));
            add_scaled(
                &mut score,
                residual + leverage * (0.5 - law.at(eta[i]).mean),
                row,
            );
        }
        let part = if held.is_empty() {
            Some(inverse)
        } else {
            part_inverse(problem, &free, &weights)
        };
        let pull: Vec<f64> = free.iter().map(|&j| score[j]).collect();
        let mut step = vec![0.0; k];
        for (&j, far) in free
            .iter()
            .zip(times(&part.ok_or(failed(iteration))?, &pull))
        {
            step[j] = far;
        }
        let longest = step.iter().fold(LONGEST, |most, s| most.max(s.abs()));
        step.iter_mut().for_each(|s| *s *= LONGEST / longest);
        let mut moved = f64::INFINITY;
        for _ in 0..40 {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let next_eta = predictors(problem, &next);
            let here = log_likelihood(problem, law, &next_eta);
            if here >= reached - 1e-10 * (1.0 + reached.abs()) {
                let change = next_eta
                    .iter()
                    .zip(&eta)
                    .map(|(new, old)| (new - old).abs());
                moved = change.fold(0.0, f64::max);
                (beta, eta, reached) = (next, next_eta, here);
                break;
            }
            step.iter_mut().for_each(|s| *s /= 2.0);
        }
        if moved <= 1e-11 * eta.iter().fold(1.0_f64, |most, e| most.max(e.abs())) {
            return Ok(Solution {
                coefficients: beta,
                eta,
                iterations: iteration,
            });
        }
        if moved.is_infinite() {
            return Err(failed(iteration));
        }
    }
    Err(failed(ITERATIONS))
}

/// The log-likelihood of trials with half the log determinant of the information of all columns.
pub(super) fn log_likelihood(problem: &Problem, law: Law, eta: &[f64]) -> f64 {
    let likelihood = law.log_likelihood(&problem.cells, Grain::Trial, eta);
    likelihood + triangle(problem, law, eta).ln_determinant() / 2.0
}

fn triangle(problem: &Problem, law: Law, eta: &[f64]) -> Triangle {
    let weights = information(problem, law, eta);
    Triangle::new(
        &problem.x,
        problem.columns(),
        &weights,
        &vec![0.0; eta.len()],
    )
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
