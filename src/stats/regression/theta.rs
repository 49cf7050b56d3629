//! Theta of the negative binomial by maximum likelihood, in turn with the coefficients.

use super::family::Law;
use super::fit::{Solution, iterate as coefficients, start};
use super::model::Problem;
use super::{Family, RegressionError};
use crate::stats::root::root_between;

/// Turns before giving up.
const TURNS: usize = 200;

/// Turns end when theta moves by less than this of itself.
const SETTLED: f64 = 1e-11;

/// Or by less than this of its standard error: where the likelihood is flat, rounding moves it by more than `SETTLED`.
const UNTOLD: f64 = 1e-10;

/// The range searched: beyond it counts are Poisson, or nearly all zero.
const RANGE: [f64; 2] = [1e-8, 1e10];

/// Theta and the coefficients at the joint maximum.
pub(super) fn iterate(problem: &Problem) -> Result<(f64, Solution), RegressionError> {
    let poisson = Law {
        family: Family::Poisson,
        theta: f64::INFINITY,
    };
    let mut solution = coefficients(problem, poisson, start(problem, poisson))?;
    let mut iterations = solution.iterations;
    let mut last = f64::INFINITY;
    for _ in 0..TURNS {
        let theta = best(problem, &solution.eta).ok_or(RegressionError::NoOverdispersion)?;
        let law = Law {
            family: Family::NegativeBinomial,
            theta,
        };
        solution = coefficients(problem, law, solution.eta)?;
        iterations += solution.iterations;
        let information = -slope(problem, &solution.eta, theta);
        let untold = if information > 0.0 {
            UNTOLD / information.sqrt()
        } else {
            0.0
        };
        if (theta - last).abs() <= untold.max(SETTLED * theta) {
            solution.iterations = iterations;
            return Ok((theta, solution));
        }
        last = theta;
    }
    Err(RegressionError::NoConvergence {
        what: "theta",
        iterations,
    })
}

/// The theta of highest likelihood given the means; `None` when the likelihood still rises at the end of the range.
fn best(problem: &Problem, eta: &[f64]) -> Option<f64> {
    let means: Vec<f64> = eta.iter().map(|&eta| libm::exp(eta)).collect();
    let score = |ln_theta: f64| score(problem, &means, libm::exp(ln_theta));
    let [low, high] = RANGE.map(libm::log);
    root_between(score, low, high).map(libm::exp)
}

/// d ln L / d theta.
///
/// Lawless (1987), equation 3.2: of a count y the digammas differ by the sum of 1/(theta + j) over j < y.
fn score(problem: &Problem, means: &[f64], theta: f64) -> f64 {
    let cells = problem.cells.iter().zip(means);
    cells
        .map(|((_, y), &mean)| {
            digamma_rise(theta, y) - libm::log1p(mean / theta) - (y - mean) / (theta + mean)
        })
        .sum()
}

/// d^2 ln L / d theta^2.
pub(super) fn slope(problem: &Problem, eta: &[f64], theta: f64) -> f64 {
    let cells = problem.cells.iter().zip(eta);
    cells
        .map(|((_, y), &eta)| {
            let mean = libm::exp(eta);
            let both = theta + mean;
            trigamma_rise(theta, y) + mean / (theta * both) + (y - mean) / (both * both)
        })
        .sum()
}

/// Counts up to this are summed; beyond, the asymptotic series is exact.
const SUMMED: f64 = 30.0;

/// psi(theta + y) - psi(theta).
fn digamma_rise(theta: f64, y: f64) -> f64 {
    let summed = y.min((SUMMED - theta).max(0.0).ceil());
    let from = theta + summed;
    let rest = y - summed;
    let sum: f64 = (0..summed as u32)
        .map(|j| 1.0 / (theta + f64::from(j)))
        .sum();
    if rest <= 0.0 {
        return sum;
    }
    // psi(x) = ln x - 1/(2x) - 1/(12 x^2) + 1/(120 x^4) - 1/(252 x^6), Abramowitz and Stegun 6.3.18.
    let tail = |x: f64| {
        let s = 1.0 / (x * x);
        -0.5 / x - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s / 252.0))
    };
    sum + libm::log1p(rest / from) + (tail(from + rest) - tail(from))
}

/// psi'(theta + y) - psi'(theta).
fn trigamma_rise(theta: f64, y: f64) -> f64 {
    let summed = y.min((SUMMED - theta).max(0.0).ceil());
    let from = theta + summed;
    let rest = y - summed;
    let sum: f64 = (0..summed as u32)
        .map(|j| (theta + f64::from(j)).powi(-2))
        .sum();
    if rest <= 0.0 {
        return -sum;
    }
    // Abramowitz and Stegun 6.4.12.
    let series = |x: f64| {
        let s = 1.0 / (x * x);
        0.5 * s + s / x * (1.0 / 6.0 - s * (1.0 / 30.0 - s / 42.0))
    };
    -sum - rest / (from * (from + rest)) + series(from + rest) - series(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Model, Response};

    fn near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-14 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn rises_of_digamma_and_trigamma_are_sums() {
        for (theta, y) in [(0.3, 5_u32), (2.5, 400), (80.0, 7), (12.0, 19)] {
            let terms = || (0..y).map(|j| theta + f64::from(j));
            near(
                digamma_rise(theta, f64::from(y)),
                terms().map(|t| 1.0 / t).sum(),
            );
            near(
                trigamma_rise(theta, f64::from(y)),
                -terms().map(|t| 1.0 / (t * t)).sum::<f64>(),
            );
        }
        near(digamma_rise(3.0, 0.0), 0.0);
    }

    #[test]
    fn counts_that_hardly_vary_have_no_theta() {
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 6]).expect("valid");
        let response = Response::Counts(vec![5, 6, 5, 4, 5, 5]);
        let model = Model::new(Family::NegativeBinomial, design, response).expect("valid");
        assert_eq!(model.fit().err(), Some(RegressionError::NoOverdispersion));
    }
}
