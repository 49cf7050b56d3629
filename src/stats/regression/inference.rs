//! What is said of coefficients: errors, p-values, limits, and tests of several at once.

use serde::{Deserialize, Serialize};

use super::covariance::Covariance;
use super::fit::Fit;
use super::least_squares::dot;
use super::{Family, RegressionError};
use crate::stats::{Interval, Level, PValue, StatsError, special};

/// One coefficient with its error under some covariance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Coefficient {
    /// The column.
    pub name: String,
    /// The estimate, on the scale of the link.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Estimate over error.
    pub statistic: f64,
    /// Degrees of freedom of Student's t; `None` stands for the normal.
    pub df: Option<u64>,
    /// The two-sided p-value of a true 0.
    pub p: PValue,
    /// The limits.
    pub interval: Interval,
}

/// A chi-square test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// The statistic.
    pub statistic: f64,
    /// Degrees of freedom.
    pub df: u64,
    /// The upper tail.
    pub p: PValue,
}

impl Test {
    pub(in crate::stats) fn new(statistic: f64, df: u64) -> Test {
        let statistic = statistic.max(0.0);
        Test {
            statistic,
            df,
            p: PValue::capped(special::chi_square_sf(statistic, df as f64)),
        }
    }
}

impl Fit {
    /// A coefficient with its error, p-value and limits.
    ///
    /// # Definition
    /// b / se on Student's t with the covariance's degrees of freedom, or the normal; b -+ quantile x se.
    ///
    /// # Units
    /// The scale of the link: exponentiate for odds ratios and ratios of means.
    ///
    /// # Edge cases
    /// `Ok(None)` when the covariance gives no positive variance.
    ///
    /// # Errors
    /// [`RegressionError::UnknownColumn`], for a dropped column too.
    ///
    /// # Source
    /// Wald (1943); Cameron and Miller (2015), section VI for t(G - 1).
    pub fn estimate(
        &self,
        name: &str,
        covariance: &Covariance,
        level: Level,
    ) -> Result<Option<Coefficient>, RegressionError> {
        let j = self.problem.index(name)?;
        let estimate = self.coefficients[j];
        Ok(covariance.std_error(j).map(|std_error| {
            let statistic = estimate / std_error;
            let (p, quantile) = match covariance.df {
                Some(df) => (
                    special::student_t_two_sided(statistic, df as f64),
                    -special::student_t_quantile(level.tail(), df as f64),
                ),
                None => (2.0 * special::normal_sf(statistic.abs()), level.z()),
            };
            let half = quantile * std_error;
            Coefficient {
                name: name.to_owned(),
                estimate,
                std_error,
                statistic,
                df: covariance.df,
                p: PValue::capped(p),
                interval: Interval::new(estimate - half, estimate + half),
            }
        }))
    }

    /// Wald's test that several coefficients are all 0.
    ///
    /// # Definition
    /// b' V^-1 b on chi-square with as many degrees of freedom as coefficients.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// `Ok(None)` when V is singular or not positive definite: fewer clusters than coefficients, or two-way clusters.
    ///
    /// # Errors
    /// [`RegressionError::UnknownColumn`]; [`StatsError::TooFew`] inside [`RegressionError::Stats`] for no names.
    ///
    /// # Source
    /// Wald (1943). Agrees with R `lmtest::waldtest(test = "Chisq")`.
    pub fn wald(
        &self,
        names: &[&str],
        covariance: &Covariance,
    ) -> Result<Option<Test>, RegressionError> {
        some_column(names)?;
        let places: Vec<usize> = names
            .iter()
            .map(|name| self.problem.index(name))
            .collect::<Result<_, _>>()?;
        let estimates: Vec<f64> = places.iter().map(|&j| self.coefficients[j]).collect();
        let block: Vec<f64> = places
            .iter()
            .flat_map(|&i| places.iter().map(move |&j| covariance.get(i, j)))
            .collect();
        let statistic = quadratic_inverse(&block, &estimates);
        Ok(statistic.map(|statistic| Test::new(statistic, names.len() as u64)))
    }

    /// The likelihood-ratio test of this fit against one with fewer columns on the same observations.
    ///
    /// # Definition
    /// Twice the difference of log-likelihoods on chi-square with the difference of coefficients.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// That the smaller model lies within the larger is the caller's word: two bases of one spline share no name.
    ///
    /// # Errors
    /// [`RegressionError::Unsupported`] for the quasi families, for Firth's penalty, which differs with the columns
    /// ([`Model::likelihood_ratio`](super::Model::likelihood_ratio) holds it), for a linear fit without residuals, and
    /// for fits that differ in family; [`RegressionError::NotNested`] for fits of different observations or without
    /// fewer coefficients; [`RegressionError::Rounded`] above 10^10 events or trials.
    ///
    /// # Source
    /// Wilks (1938). Agrees with R `anova(smaller, larger, test = "LRT")`.
    pub fn likelihood_ratio(&self, smaller: &Fit) -> Result<Test, RegressionError> {
        let unsupported = |family: Family| RegressionError::Unsupported {
            what: "a likelihood ratio",
            family,
        };
        let family = self.law.family;
        let larger = self.log_likelihood().ok_or(unsupported(family))?;
        let other = smaller
            .log_likelihood()
            .ok_or(unsupported(smaller.law.family))?;
        if family != smaller.law.family || family == Family::FirthLogistic {
            return Err(unsupported(smaller.law.family));
        }
        let (k, fewer) = (self.problem.coefficients(), smaller.problem.coefficients());
        if self.problem.cells.rows != smaller.problem.cells.rows
            || self.observations() != smaller.observations()
            || k <= fewer
        {
            return Err(RegressionError::NotNested);
        }
        self.tells_likelihoods()?;
        Ok(Test::new(2.0 * (larger - other), k - fewer))
    }

    /// Refuses counts so large that the difference of two log-likelihoods is lost in their rounding.
    pub(super) fn tells_likelihoods(&self) -> Result<(), RegressionError> {
        let of_cell = |(size, mean): (f64, f64)| match self.law.family {
            Family::Linear => 0.0,
            family if family.is_logistic() => size,
            _ => size * mean,
        };
        let counted: f64 = self.problem.cells.iter().map(of_cell).sum();
        if counted > MOST_COUNTED {
            return Err(RegressionError::Rounded);
        }
        Ok(())
    }
}

/// Events or trials up to which twice a log-likelihood is exact to some 1e-5.
const MOST_COUNTED: f64 = 1e10;

/// Refuses a test of nothing.
pub(super) fn some_column(names: &[&str]) -> Result<(), StatsError> {
    if names.is_empty() {
        let what = "columns to test";
        return Err(StatsError::TooFew {
            what,
            got: 0,
            needed: 1,
        });
    }
    Ok(())
}

/// `b' V^-1 b` by Cholesky; `None` when a pivot is not positive beyond rounding.
fn quadratic_inverse(matrix: &[f64], b: &[f64]) -> Option<f64> {
    let k = b.len();
    let mut lower = vec![0.0; k * k];
    let mut solved = vec![0.0; k];
    for i in 0..k {
        for j in 0..=i {
            let known = dot(&lower[i * k..][..j], &lower[j * k..][..j]);
            let rest = matrix[i * k + j] - known;
            if i > j {
                lower[i * k + j] = rest / lower[j * k + j];
            } else if rest > 1e-12 * matrix[i * k + i] {
                lower[i * k + i] = rest.sqrt();
            } else {
                return None;
            }
        }
        solved[i] = (b[i] - dot(&lower[i * k..][..i], &solved[..i])) / lower[i * k + i];
    }
    Some(dot(&solved, &solved))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{CovarianceKind, Design, Model, Response};

    fn fit(family: Family, columns: usize) -> Fit {
        let names = ["one", "x", "z"].map(str::to_owned)[..columns].to_vec();
        let rows = [
            [1.0, 0.0, 1.0],
            [1.0, 1.0, 0.0],
            [1.0, 2.0, 1.0],
            [1.0, 3.0, 3.0],
            [1.0, 4.0, 0.5],
        ];
        let design = Design::new(
            names,
            rows.iter()
                .flat_map(|row| row[..columns].to_vec())
                .collect(),
        );
        let response = Response::Counts(vec![3, 9, 4, 12, 15]);
        Model::new(family, design.expect("valid"), response)
            .expect("valid")
            .fit()
            .expect("regular")
    }

    #[test]
    fn walds_test_of_one_column_is_its_z_squared() {
        let fit = fit(Family::Poisson, 3);
        let covariance = fit.covariance(&CovarianceKind::Model).expect("defined");
        let line = fit
            .estimate("z", &covariance, Level::NINETY_FIVE)
            .expect("a column")
            .expect("positive");
        let test = fit
            .wald(&["z"], &covariance)
            .expect("a column")
            .expect("regular");
        assert!((test.statistic - line.statistic.powi(2)).abs() < 1e-13);
        assert!((test.p.get() - line.p.get()).abs() < 1e-13);
        assert!(line.interval.contains(line.estimate) && line.df.is_none());
    }

    #[test]
    fn quasi_families_have_t_and_no_likelihood_ratio() {
        let (larger, smaller) = (fit(Family::QuasiPoisson, 3), fit(Family::QuasiPoisson, 2));
        let covariance = larger.covariance(&CovarianceKind::Model).expect("defined");
        assert_eq!(covariance.df(), Some(2));
        assert!(matches!(
            larger.likelihood_ratio(&smaller),
            Err(RegressionError::Unsupported { .. })
        ));
    }

    #[test]
    fn the_larger_fit_must_be_larger() {
        let (larger, smaller) = (fit(Family::Poisson, 3), fit(Family::Poisson, 2));
        let test = larger.likelihood_ratio(&smaller).expect("nested");
        assert!((test.statistic - (smaller.deviance() - larger.deviance())).abs() < 1e-12);
        assert_eq!(test.df, 1);
        assert_eq!(
            smaller.likelihood_ratio(&larger),
            Err(RegressionError::NotNested)
        );
    }

    #[test]
    fn counts_that_hide_a_likelihood_are_refused() {
        let fit = |columns: usize, family, scale: u64| {
            let names = ["one", "x"].map(str::to_owned)[..columns].to_vec();
            let rows = [[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]];
            let values = rows.iter().flat_map(|row| row[..columns].to_vec());
            let design = Design::new(names, values.collect()).expect("valid");
            let response = if family == Family::Poisson {
                Response::Counts(vec![3 * scale, 5 * scale, 4 * scale])
            } else {
                Response::Events {
                    events: vec![0, 1, 2],
                    trials: vec![3 * scale, 4 * scale, 5 * scale],
                }
            };
            let model = Model::new(family, design, response).expect("valid");
            (model.fit().expect("regular"), model)
        };
        for family in [Family::Poisson, Family::Logistic] {
            for (scale, refused) in [(800_000_000, false), (900_000_000, true)] {
                let ((larger, model), (smaller, _)) =
                    (fit(2, family, scale), fit(1, family, scale));
                let rounded = Err(RegressionError::Rounded);
                assert_eq!(larger.likelihood_ratio(&smaller) == rounded, refused);
                let limits = model.profile_interval("x", Level::NINETY_FIVE);
                assert_eq!(limits == Err(RegressionError::Rounded), refused);
            }
        }
    }

    #[test]
    fn unknown_columns_and_singular_blocks() {
        let fit = fit(Family::Poisson, 2);
        let covariance = fit.covariance(&CovarianceKind::Model).expect("defined");
        assert!(matches!(
            fit.estimate("q", &covariance, Level::NINETY_FIVE),
            Err(RegressionError::UnknownColumn { .. })
        ));
        assert_eq!(fit.wald(&["x", "x"], &covariance), Ok(None));
        assert!(fit.wald(&[], &covariance).is_err());
    }
}
