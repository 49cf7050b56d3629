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

/// The maximum of the penalised likelihood.
///
/// A cell of n trials with leverage h counts h/2 further events and h/2 further non-events (Firth 1993; Heinze and
/// Schemper 2002, equation 2); the leverage of a cell is the sum of those of its trials.
pub(super) fn iterate(problem: &Problem, law: Law) -> Result<Solution, RegressionError> {
    let k = problem.columns();
    let failed = |iterations| RegressionError::NoConvergence {
        what: "the penalised coefficients",
        iterations,
    };
    let triangle = |eta: &[f64]| {
        let zeros = vec![0.0; eta.len()];
        Triangle::new(&problem.x, k, &information(problem, law, eta), &zeros)
    };
    let penalised = |eta: &[f64]| {
        let likelihood = law.log_likelihood(&problem.cells, Grain::Trial, eta);
        likelihood + triangle(eta).ln_determinant() / 2.0
    };
    let mut beta = vec![0.0; k];
    let mut eta = predictors(problem, &beta);
    let mut reached = penalised(&eta);
    for iteration in 1..=ITERATIONS {
        let inverse = triangle(&eta).inverse().ok_or(failed(iteration))?;
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
        let mut step = times(&inverse, &score);
        let longest = step.iter().fold(LONGEST, |most, s| most.max(s.abs()));
        step.iter_mut().for_each(|s| *s *= LONGEST / longest);
        let mut moved = f64::INFINITY;
        for _ in 0..40 {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(b, s)| b + s).collect();
            let next_eta = predictors(problem, &next);
            let here = penalised(&next_eta);
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

#[cfg(test)]
mod tests {
    use crate::stats::regression::{Design, Family, Model, Response};

    #[test]
    fn a_two_by_two_table_gets_half_an_event_in_each_field() {
        // 0 of 10 against 4 of 12: no finite odds ratio; with 1/2 in each field ln(4.5/8.5) - ln(0.5/10.5).
        let names = vec!["one".to_owned(), "x".to_owned()];
        let design = Design::new(names, vec![1.0, 0.0, 1.0, 1.0, 1.0, 1.0]).expect("valid");
        let response = Response::Events {
            events: vec![0, 3, 1],
            trials: vec![10, 5, 7],
        };
        let fit = Model::new(Family::FirthLogistic, design, response)
            .expect("valid")
            .fit()
            .expect("finite");
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
}
