//! Iteratively weighted least squares, and what a fit knows.

use super::family::Law;
use super::least_squares::{Triangle, dot};
use super::model::{Problem, predictors};
use super::{Family, Grain, RegressionError, firth, separation, theta};

/// Iterations before giving up; separation is proved long before.
const ITERATIONS: usize = 100;

/// Iterations end when no linear predictor moves by more than this, relative to the largest.
const SETTLED: f64 = 1e-9;

/// The first iteration whose step is tried as a proof of separation.
const TRIED_FROM: usize = 4;

/// A fitted regression.
#[derive(Debug, Clone)]
pub struct Fit {
    pub(super) law: Law,
    pub(super) problem: Problem,
    pub(super) coefficients: Vec<f64>,
    /// Linear predictors of the used cells, offset included.
    pub(super) eta: Vec<f64>,
    /// The columns of the used cells less what absorbed effects explain, row-major.
    pub(super) x: Vec<f64>,
    /// (X'WX)^-1, row-major.
    pub(super) inverse: Vec<f64>,
    iterations: usize,
    penalty: f64,
}

/// Where the iterations ended.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    pub(super) coefficients: Vec<f64>,
    pub(super) eta: Vec<f64>,
    pub(super) iterations: usize,
}

impl Fit {
    pub(super) fn of(family: Family, problem: Problem) -> Result<Fit, RegressionError> {
        let (law, solution) = solve(family, &problem)?;
        Fit::at(law, problem, solution)
    }

    /// The quantities of a solution.
    fn at(law: Law, problem: Problem, solution: Solution) -> Result<Fit, RegressionError> {
        let k = problem.columns();
        let weights = information(&problem, law, &solution.eta);
        let x = problem.absorbed.residual(&problem.x, k, &weights)?;
        let x = x.into_owned();
        let triangle = Triangle::new(&x, k, &weights, &vec![0.0; weights.len()]);
        let inverse = triangle.inverse().ok_or(RegressionError::NoConvergence {
            what: "the coefficients",
            iterations: solution.iterations,
        })?;
        let penalty = if law.family == Family::FirthLogistic {
            triangle.ln_determinant() / 2.0
        } else {
            0.0
        };
        Ok(Fit {
            law,
            problem,
            coefficients: solution.coefficients,
            eta: solution.eta,
            x,
            inverse,
            iterations: solution.iterations,
            penalty,
        })
    }

    /// The names of the estimated columns, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.problem.names
    }

    /// The columns that were left out because they depend on earlier ones or on the absorbed effects.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.problem.dropped
    }

    /// The estimates, in the order of [`Fit::names`].
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// The estimate of a column; `None` for one that was dropped or never given.
    #[must_use]
    pub fn coefficient(&self, name: &str) -> Option<f64> {
        self.problem.index(name).ok().map(|j| self.coefficients[j])
    }

    /// The fitted means per trial or cell, in the order of the design; `None` for cells that do not count.
    #[must_use]
    pub fn fitted(&self) -> Vec<Option<f64>> {
        let cells = &self.problem.cells;
        let mut all = vec![None; self.problem.total];
        for (&row, &eta) in cells.rows.iter().zip(&self.eta) {
            all[row] = Some(self.law.at(eta).mean);
        }
        all
    }

    /// Iterations until no linear predictor moved; a fit that did not get there is an error, not a `Fit`.
    #[must_use]
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Observations: trials or cells, by the grain.
    #[must_use]
    pub fn observations(&self) -> u64 {
        self.problem.observations
    }

    /// Observations less coefficients, absorbed effects among them.
    #[must_use]
    pub fn residual_df(&self) -> u64 {
        self.problem.observations - self.problem.coefficients()
    }

    /// The residual deviance; of a linear fit the weighted sum of squares.
    ///
    /// # Definition
    /// Twice the log-likelihood lost against one mean per observation. By trial that model knows every outcome, by cell
    /// every cell's mean.
    ///
    /// # Units
    /// Twice a log-likelihood; of a linear fit squared units of the response.
    ///
    /// # Edge cases
    /// 0 for a fit that meets every observation.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// McCullagh and Nelder (1989), section 2.3. Agrees with R `deviance`.
    #[must_use]
    pub fn deviance(&self) -> f64 {
        let Problem { cells, grain, .. } = &self.problem;
        self.law.deviance(cells, *grain, &self.eta)
    }

    /// The log-likelihood with all its constants; with Firth's penalty, the penalised one.
    ///
    /// # Definition
    /// The sum of ln f(y) over observations; with Firth's penalty half the log determinant of the information is
    /// added.
    ///
    /// # Units
    /// A logarithm.
    ///
    /// # Edge cases
    /// `None` for the quasi families, which have none, and for a linear fit without residuals.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// R `logLik`; of a linear fit the variance is at its maximum, RSS/n.
    #[must_use]
    pub fn log_likelihood(&self) -> Option<f64> {
        let Problem { cells, grain, .. } = &self.problem;
        match self.law.family {
            Family::QuasiLogistic | Family::QuasiPoisson => None,
            Family::Linear => {
                let n = self.problem.observations as f64;
                let ln_weights: f64 = match grain {
                    Grain::Trial => 0.0,
                    Grain::Cell => cells.size.iter().map(|&size| libm::log(size)).sum(),
                };
                let ln_variance = libm::log(2.0 * std::f64::consts::PI * self.deviance() / n);
                let best = 0.5 * (ln_weights - n * (1.0 + ln_variance));
                best.is_finite().then_some(best)
            }
            _ => Some(self.law.log_likelihood(cells, *grain, &self.eta) + self.penalty),
        }
    }

    /// Theta of a negative binomial fit; `None` for other families.
    ///
    /// # Definition
    /// V(mu) = mu + mu^2/theta, theta at its maximum likelihood.
    ///
    /// # Units
    /// A shape: the smaller, the more the counts vary.
    ///
    /// # Edge cases
    /// `None` for other families.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Lawless (1987). Agrees with R `MASS::glm.nb`.
    #[must_use]
    pub fn theta(&self) -> Option<f64> {
        self.law.theta.is_finite().then_some(self.law.theta)
    }

    /// The standard error of theta, from its observed information; `None` as [`Fit::theta`].
    ///
    /// # Definition
    /// The inverse root of minus the second derivative of the log-likelihood by theta, coefficients held.
    ///
    /// # Units
    /// That of theta.
    ///
    /// # Edge cases
    /// `None` as [`Fit::theta`].
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Lawless (1987). Agrees with R `MASS::glm.nb`.
    #[must_use]
    pub fn theta_std_error(&self) -> Option<f64> {
        let information = -theta::slope(&self.problem, &self.eta, self.theta()?);
        (information > 0.0).then(|| 1.0 / information.sqrt())
    }

    /// The dispersion between cells.
    ///
    /// # Definition
    /// phi = X2 / df, with X2 = sum of m (y - mu)^2 / V(mu) over cells of size m. It is always that of cells, whatever
    /// the grain: trials of 0 and 1 show none.
    ///
    /// # Units
    /// A ratio of variances; of a linear fit, the residual variance of a cell of weight 1.
    ///
    /// # Edge cases
    /// `None` when there are no more cells than coefficients.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// McCullagh and Nelder (1989), equation 4.23. Agrees with R `summary(quasi...)$dispersion`.
    #[must_use]
    pub fn dispersion(&self) -> Option<f64> {
        let df = self.dispersion_df()? as f64;
        let cells = &self.problem.cells;
        let pearson: f64 = cells
            .iter()
            .zip(&self.eta)
            .map(|((size, mean), &eta)| {
                let point = self.law.at(eta);
                size * point.residual(self.law.family, mean).powi(2) / point.variance
            })
            .sum();
        Some(pearson / df)
    }

    /// The degrees of freedom of the dispersion: cells less coefficients, whatever the grain; `None` when there are no
    /// more cells than coefficients.
    #[must_use]
    pub fn dispersion_df(&self) -> Option<u64> {
        let cells = self.problem.cells.len() as u64;
        cells
            .checked_sub(self.problem.coefficients())
            .filter(|&df| df > 0)
    }

    /// What the score of each used cell is before it meets its columns.
    pub(super) fn score_residuals(&self) -> Vec<f64> {
        scores(&self.problem, self.law, &self.eta)
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        let k = self.coefficients.len();
        &self.x[i * k..][..k]
    }
}

/// The maximum of the likelihood, and the family with its shape.
pub(super) fn solve(family: Family, problem: &Problem) -> Result<(Law, Solution), RegressionError> {
    let mut law = Law {
        family,
        theta: f64::INFINITY,
    };
    let solution = match family {
        Family::FirthLogistic => firth::iterate(problem, law)?,
        Family::NegativeBinomial => {
            let (found, solution) = theta::iterate(problem)?;
            law.theta = found;
            solution
        }
        _ => iterate(problem, law, start(problem, law))?,
    };
    Ok((law, solution))
}

/// Size times information of each cell.
pub(super) fn information(problem: &Problem, law: Law, eta: &[f64]) -> Vec<f64> {
    let cells = problem.cells.iter().zip(eta);
    cells
        .map(|((size, _), &eta)| size * law.at(eta).information())
        .collect()
}

/// m (y - mu) (d mu / d eta) / V of each cell.
pub(super) fn scores(problem: &Problem, law: Law, eta: &[f64]) -> Vec<f64> {
    let cells = problem.cells.iter().zip(eta);
    cells
        .map(|((size, mean), &eta)| {
            let point = law.at(eta);
            size * point.residual(law.family, mean) * point.leverage()
        })
        .collect()
}

/// Linear predictors near the data.
pub(super) fn start(problem: &Problem, law: Law) -> Vec<f64> {
    let cells = problem.cells.iter();
    cells.map(|(size, mean)| law.start(size, mean)).collect()
}

/// Iterates to the maximum of the likelihood from the given linear predictors.
pub(super) fn iterate(
    problem: &Problem,
    law: Law,
    mut eta: Vec<f64>,
) -> Result<Solution, RegressionError> {
    let failed = |iterations| RegressionError::NoConvergence {
        what: "the coefficients",
        iterations,
    };
    let deviance = |eta: &[f64]| law.deviance(&problem.cells, Grain::Cell, eta);
    let mut coefficients: Option<Vec<f64>> = None;
    let mut reached = f64::INFINITY;
    for iteration in 1..=ITERATIONS {
        let (mut next, mut next_eta) =
            weighted_step(problem, law, &eta)?.ok_or(failed(iteration))?;
        if law.family == Family::Linear {
            return Ok(Solution {
                coefficients: next,
                eta: next_eta,
                iterations: 1,
            });
        }
        let mut here = deviance(&next_eta);
        if let Some(last) = &coefficients {
            // Rounding lifts the deviance at the end, so a rise must be real to be halved.
            for _ in 0..40 {
                if here <= reached + 1e-9 * reached.abs() {
                    break;
                }
                next = halfway(last, &next);
                next_eta = halfway(&eta, &next_eta);
                here = deviance(&next_eta);
            }
        }
        let moves: Vec<f64> = next_eta
            .iter()
            .zip(&eta)
            .map(|(new, old)| new - old)
            .collect();
        if let (Some(last), true) = (&coefficients, iteration >= TRIED_FROM) {
            let step: Vec<f64> = next.iter().zip(last).map(|(new, old)| new - old).collect();
            if let Some(error) = separation::proof(problem, law, &step, &moves) {
                return Err(error);
            }
        }
        let settled =
            moves.iter().fold(0.0_f64, |most, m| most.max(m.abs())) <= SETTLED * scale(&next_eta);
        (eta, reached, coefficients) = (next_eta, here, Some(next));
        if let (Some(coefficients), true) = (&coefficients, settled) {
            return Ok(Solution {
                coefficients: coefficients.clone(),
                eta,
                iterations: iteration,
            });
        }
    }
    Err(failed(ITERATIONS))
}

/// One and the largest linear predictor.
fn scale(eta: &[f64]) -> f64 {
    eta.iter().fold(1.0_f64, |most, e| most.max(e.abs()))
}

fn halfway(old: &[f64], new: &[f64]) -> Vec<f64> {
    old.iter()
        .zip(new)
        .map(|(a, b)| a + (b - a) / 2.0)
        .collect()
}

/// Coefficients and linear predictors of the weighted least-squares problem at `eta`; `None` when it is singular.
#[expect(
    clippy::type_complexity,
    reason = "two lists of the same iteration, or none, or an error of absorption"
)]
fn weighted_step(
    problem: &Problem,
    law: Law,
    eta: &[f64],
) -> Result<Option<(Vec<f64>, Vec<f64>)>, RegressionError> {
    let k = problem.columns();
    let cells = problem.cells.iter().zip(eta.iter().zip(&problem.offset));
    let (weights, targets): (Vec<f64>, Vec<f64>) = cells
        .map(|((size, mean), (&eta, offset))| {
            let point = law.at(eta);
            let target = eta - offset + point.residual(law.family, mean) / point.slope;
            (size * point.information(), target)
        })
        .unzip();
    if weights
        .iter()
        .chain(&targets)
        .any(|value| !value.is_finite())
    {
        return Ok(None);
    }
    if problem.absorbed.is_empty() {
        let solution = Triangle::new(&problem.x, k, &weights, &targets).solve();
        return Ok(solution.map(|beta| {
            let eta = predictors(problem, &beta);
            (beta, eta)
        }));
    }
    let x = problem.absorbed.residual(&problem.x, k, &weights)?;
    let z = problem.absorbed.residual(&targets, 1, &weights)?;
    let solution = Triangle::new(&x, k, &weights, &z).solve();
    Ok(solution.map(|beta| {
        // The residual of the full problem is that of the problem without the effects (Frisch, Waugh, Lovell).
        let eta = (0..z.len())
            .map(|i| problem.offset[i] + targets[i] - z[i] + dot(&x[i * k..][..k], &beta))
            .collect();
        (beta, eta)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Factor, Model, Response};

    fn near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    /// 10 of 40 against 30 of 60, the second in two cells, and a cell without trials.
    fn table(family: Family) -> Model {
        let names = vec!["one".to_owned(), "x".to_owned()];
        let design =
            Design::new(names, vec![1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0]).expect("valid");
        let response = Response::Events {
            events: vec![10, 12, 18, 0],
            trials: vec![40, 20, 40, 0],
        };
        Model::new(family, design, response).expect("valid")
    }

    #[test]
    fn a_table_by_hand() {
        let logistic = table(Family::Logistic)
            .observed_by(Grain::Trial)
            .expect("trials")
            .fit()
            .expect("regular");
        near(logistic.coefficients()[0], libm::log(10.0 / 30.0));
        near(logistic.coefficients()[1], libm::log(3.0));
        near(
            logistic.inverse[3],
            1.0 / 10.0 + 1.0 / 30.0 + 1.0 / 30.0 + 1.0 / 30.0,
        );
        let entropy = 10.0 * libm::log(0.25) + 30.0 * libm::log(0.75) + 60.0 * libm::log(0.5);
        near(logistic.log_likelihood().expect("defined"), entropy);
        near(logistic.deviance(), -2.0 * entropy);
        assert_eq!((logistic.observations(), logistic.residual_df()), (100, 98));
        assert_eq!(logistic.fitted()[3], None);
        near(logistic.fitted()[2].expect("used"), 0.5);
        let poisson = table(Family::Poisson).fit().expect("regular");
        near(poisson.coefficients()[1], libm::log(2.0));
        let linear = table(Family::Linear).fit().expect("regular");
        near(linear.coefficients()[1], 0.25);
    }

    #[test]
    fn dispersion_is_that_of_cells_at_either_grain() {
        // The cells 12 of 20 and 18 of 40 about 1/2: X2 = 4/5 + 4/10, one degree of freedom.
        for grain in [Grain::Trial, Grain::Cell] {
            let fit = table(Family::QuasiLogistic)
                .observed_by(grain)
                .expect("trials")
                .fit()
                .expect("regular");
            near(fit.dispersion().expect("replicated"), 1.2);
            assert_eq!(fit.log_likelihood(), None);
        }
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let design = || Design::new(vec!["one".to_owned()], vec![1.0; 3]).expect("valid");
        let counts = || Response::Counts(vec![1, 2, 3]);
        assert!(matches!(
            Model::new(Family::Logistic, design(), counts()),
            Err(RegressionError::Response { .. })
        ));
        let poisson = || Model::new(Family::Poisson, design(), counts()).expect("valid");
        assert_eq!(
            poisson().observed_by(Grain::Trial),
            Err(RegressionError::NoTrials)
        );
        assert!(
            poisson()
                .with_offset(vec![0.0, f64::NEG_INFINITY, 0.0])
                .is_err()
        );
        let level = |levels: Vec<u32>| Factor {
            name: "place".to_owned(),
            levels,
        };
        let absorbed = poisson()
            .absorbing(level(vec![1, 1, 2]))
            .expect("valid")
            .fit();
        assert_eq!(absorbed.err(), Some(RegressionError::NoColumns));
        let short = Design::new(vec!["one".to_owned()], vec![1.0]).expect("valid");
        let short = Model::new(Family::Poisson, short, Response::Counts(vec![4]))
            .expect("valid")
            .fit();
        assert_eq!(
            short.err(),
            Some(RegressionError::TooFewObservations {
                observations: 1,
                coefficients: 1
            })
        );
    }

    #[test]
    fn large_counts_and_steep_columns_converge() {
        // Rates from 1e-4 to 1e4 of exposures near 1e6, so that the first step overshoots.
        let years: Vec<f64> = (0..9).map(|i| f64::from(2010 + i)).collect();
        let design = Design::new(
            vec!["one".to_owned(), "year".to_owned(), "square".to_owned()],
            years.iter().flat_map(|y| [1.0, *y, y * y]).collect(),
        );
        let counts = (0..9).map(|i| 10_u64.pow(i) / 7 + 1).collect();
        let fit = Model::new(
            Family::Poisson,
            design.expect("valid"),
            Response::Counts(counts),
        )
        .expect("valid")
        .fit();
        let fit = fit.expect("regular");
        assert!(fit.dropped().is_empty() && fit.fitted().iter().flatten().all(|mean| *mean > 0.0));
    }
}
