//! Predictions averaged over cells: what a fit says of everybody, were all of one group.

use super::covariance::Covariance;
use super::design::{Design, finite, same_length};
use super::fit::Fit;
use super::least_squares::dot;
use super::{Family, RegressionError};
use crate::stats::{Interval, Level, StatsError, special};

/// A standardised probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standardised {
    /// The mean of the predicted probabilities.
    pub estimate: f64,
    /// Its standard error, on the scale of probabilities.
    pub std_error: f64,
    /// Its limits, made on the scale of log odds.
    pub interval: Interval,
}

impl Fit {
    /// The mean of predicted probabilities over given cells, with its error by the delta method.
    ///
    /// # Definition
    /// P = sum_c w_c p_c / sum_c w_c, p_c = 1 / (1 + exp(-x_c b)); gradient g = sum_c w_c p_c (1 - p_c) x_c / sum_c w_c;
    /// variance g' V g. The limits are those of log(P / (1 - P)), error `se / (P (1 - P))`, taken back.
    ///
    /// # Units
    /// Probabilities. The cells need not be those of the fit: with the columns of a group set to 1 for all of them the
    /// mean is what everybody would have, were all of that group and nothing else changed.
    ///
    /// # Edge cases
    /// `Ok(None)` when all weights are 0, when the covariance gives no positive variance, and when P is 0 or 1 in
    /// double precision.
    ///
    /// # Errors
    /// [`RegressionError::UnknownColumn`] for columns that are not those of the fit in their order;
    /// [`RegressionError::Unsupported`] for families other than the logistic; a weight that is negative, infinite or NaN,
    /// or too few of them.
    ///
    /// # Source
    /// Lane and Nelder (1982), predictive margins; Graubard and Korn (1999) for the variance with fixed covariates. Agrees
    /// with R `marginaleffects::avg_predictions` and `emmeans` weighted by cells, on the scale of the response.
    pub fn standardised(
        &self,
        (cells, weights): (&Design, &[f64]),
        covariance: &Covariance,
        level: Level,
    ) -> Result<Option<Standardised>, RegressionError> {
        if self.law.family != Family::Logistic {
            return Err(RegressionError::Unsupported {
                what: "a standardised probability",
                family: self.law.family,
            });
        }
        let odd = cells.names().iter().zip(self.names()).find(|(a, b)| a != b);
        if let Some((name, _)) = odd {
            return Err(RegressionError::UnknownColumn {
                name: name.clone(),
                known: self.names().to_vec(),
            });
        }
        same_length("columns", cells.names().len(), self.names().len())?;
        same_length("weights", weights.len(), cells.rows())?;
        finite("weight", weights)?;
        if let Some(&value) = weights.iter().find(|weight| **weight < 0.0) {
            let allowed = "not negative";
            return Err(StatsError::OutOfRange {
                what: "weight",
                value,
                allowed,
            }
            .into());
        }
        let columns = self.names().len();
        let (mut total, mut sum) = (0.0, 0.0);
        let mut gradient = vec![0.0; columns];
        for (x, weight) in cells.values.chunks_exact(columns.max(1)).zip(weights) {
            let p = 1.0 / (1.0 + libm::exp(-dot(x, self.coefficients())));
            total += weight;
            sum += weight * p;
            let slope = weight * p * (1.0 - p);
            gradient
                .iter_mut()
                .zip(x)
                .for_each(|(g, x)| *g += slope * x);
        }
        if total <= 0.0 {
            return Ok(None);
        }
        gradient.iter_mut().for_each(|g| *g /= total);
        let estimate = sum / total;
        let variance: f64 = (0..columns)
            .flat_map(|i| (0..columns).map(move |j| (i, j)))
            .map(|(i, j)| gradient[i] * covariance.get(i, j) * gradient[j])
            .sum();
        let spread = estimate * (1.0 - estimate);
        if variance <= 0.0 || spread <= 0.0 {
            return Ok(None);
        }
        let std_error = variance.sqrt();
        let quantile = match covariance.df() {
            Some(df) => -special::student_t_quantile(level.tail(), df as f64),
            None => level.z(),
        };
        let centre = libm::log(estimate / (1.0 - estimate));
        let half = quantile * std_error / spread;
        let back = |odds: f64| 1.0 / (1.0 + libm::exp(-odds));
        Ok(Some(Standardised {
            estimate,
            std_error,
            interval: Interval::new(back(centre - half), back(centre + half)),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{CovarianceKind, Grain, Model, Response};

    /// Two groups in two years: with a column for every cell the prediction is the rate that was observed.
    fn saturated() -> Fit {
        let names = ["one", "g", "y", "gy"].map(str::to_owned).to_vec();
        let x = vec![
            1.0, 0.0, 0.0, 0.0, //
            1.0, 1.0, 0.0, 0.0, //
            1.0, 0.0, 1.0, 0.0, //
            1.0, 1.0, 1.0, 1.0,
        ];
        let response = Response::Events {
            events: vec![10, 30, 20, 45],
            trials: vec![100, 120, 90, 150],
        };
        let design = Design::new(names, x).unwrap();
        let model = Model::new(Family::Logistic, design, response).unwrap();
        let by_trial = model.observed_by(Grain::Trial).unwrap();
        by_trial.fit().unwrap()
    }

    #[test]
    fn a_saturated_fit_predicts_what_was_observed_with_the_binomial_error() {
        let fit = saturated();
        let covariance = fit.covariance(&CovarianceKind::Model).unwrap();
        let names = fit.names().to_vec();
        let cell = Design::new(names, vec![1.0, 1.0, 0.0, 0.0]).unwrap();
        let found = fit
            .standardised((&cell, &[5.0]), &covariance, Level::NINETY_FIVE)
            .unwrap()
            .unwrap();
        let (p, n) = (0.25f64, 120.0);
        assert!((found.estimate - p).abs() < 1e-12);
        assert!((found.std_error - (p * (1.0 - p) / n).sqrt()).abs() < 1e-12);
        // The logit interval by hand: log(1/3) -+ 1.96 / sqrt(22.5).
        let half = Level::NINETY_FIVE.z() / 22.5f64.sqrt();
        let low = 1.0 / (1.0 + (3.0 * half.exp()));
        assert!((found.interval.low - low).abs() < 1e-12);
    }

    #[test]
    fn the_mean_of_two_cells_is_weighted_and_its_variance_adds_up() {
        let fit = saturated();
        let covariance = fit.covariance(&CovarianceKind::Model).unwrap();
        let cells = Design::new(
            fit.names().to_vec(),
            vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        )
        .unwrap();
        let found = fit
            .standardised((&cells, &[3.0, 1.0]), &covariance, Level::NINETY_FIVE)
            .unwrap()
            .unwrap();
        let (a, b) = (0.1f64, 20.0 / 90.0);
        assert!((found.estimate - (0.75 * a + 0.25 * b)).abs() < 1e-12);
        // Cells of a saturated fit are independent.
        let variance = 0.5625 * a * (1.0 - a) / 100.0 + 0.0625 * b * (1.0 - b) / 90.0;
        assert!((found.std_error - variance.sqrt()).abs() < 1e-12);
        let none = fit.standardised((&cells, &[0.0, 0.0]), &covariance, Level::NINETY_FIVE);
        assert_eq!(none.unwrap(), None);
        assert!(
            fit.standardised((&cells, &[1.0]), &covariance, Level::NINETY_FIVE)
                .is_err()
        );
        assert!(
            fit.standardised((&cells, &[1.0, -1.0]), &covariance, Level::NINETY_FIVE)
                .is_err()
        );
    }
}
