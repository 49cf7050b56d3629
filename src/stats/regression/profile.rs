//! Limits of one coefficient from the likelihood itself, which need not lie evenly about the estimate.

use super::fit::Fit;
use super::model::{Grain, Model};
use super::{Family, RegressionError};
use crate::stats::{Interval, Level, special};

impl Model {
    /// The profile-likelihood interval of a coefficient.
    ///
    /// # Definition
    /// The values b at which twice the log-likelihood lost by holding the coefficient at b, all else at its best, stays
    /// within the chi-square quantile; of the quasi families the deviance lost over phi, within the square of Student's
    /// t on n - k.
    ///
    /// # Units
    /// The scale of the link.
    ///
    /// # Edge cases
    /// A side on which the likelihood has not fallen that far a million times the Wald limit away is infinite.
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`RegressionError::Unsupported`]
    /// for linear fits, whose t interval is exact, and with Firth's penalty.
    ///
    /// # Source
    /// Venzon and Moolgavkar (1988).
    pub fn profile_interval(&self, name: &str, level: Level) -> Result<Interval, RegressionError> {
        let family = self.family;
        if matches!(family, Family::Linear | Family::FirthLogistic) {
            return Err(RegressionError::Unsupported {
                what: "a profile likelihood",
                family,
            });
        }
        let best = self.fit()?;
        let j = best.problem.index(name)?;
        let scale = best.scale()?;
        let quantile = if family.has_dispersion() {
            -special::student_t_quantile(level.tail(), best.residual_df() as f64)
        } else {
            level.z()
        };
        let (estimate, least) = (best.coefficients[j], lack(&best));
        let std_error = (scale * best.inverse[j * best.coefficients.len() + j]).sqrt();
        let limit = |side: f64| -> Result<f64, RegressionError> {
            let excess = |step: f64| -> Result<f64, RegressionError> {
                let held = self.fixing(name, estimate + side * step)?;
                let lost = (lack(&Fit::of(family, held.problem()?)?) - least) / scale;
                Ok(lost.max(0.0).sqrt() - quantile)
            };
            let step = crossing(excess, quantile * std_error, -quantile)?;
            Ok(estimate + side * step)
        };
        Ok(Interval::new(limit(-1.0)?, limit(1.0)?))
    }
}

/// Steps outward before a side is called infinite, each twice the last.
const OUTWARD: usize = 20;

/// Refinements of a bracket; the root of what is lost is nearly straight, so a handful is enough.
const REFINEMENTS: usize = 60;

/// Where a rising function of the step crosses 0, starting from its value at 0 (Illinois); infinite if it does not.
fn crossing(
    excess: impl Fn(f64) -> Result<f64, RegressionError>,
    first: f64,
    at_zero: f64,
) -> Result<f64, RegressionError> {
    let (mut low, mut at_low) = (0.0, at_zero);
    let (mut high, mut at_high) = (first, excess(first)?);
    for _ in 0..OUTWARD {
        if at_high >= 0.0 {
            break;
        }
        (low, at_low) = (high, at_high);
        high *= 2.0;
        at_high = excess(high)?;
    }
    if at_high < 0.0 {
        return Ok(f64::INFINITY);
    }
    let mut step = high;
    for _ in 0..REFINEMENTS {
        step = (low * at_high - high * at_low) / (at_high - at_low);
        let here = excess(step)?;
        if here.abs() <= 1e-10 * at_zero.abs() || high - low <= 1e-10 * high {
            break;
        }
        if here < 0.0 {
            (low, at_low) = (step, here);
            at_high /= 2.0;
        } else {
            (high, at_high) = (step, here);
            at_low /= 2.0;
        }
    }
    Ok(step)
}

/// Minus twice the log-likelihood, up to a constant of the data.
fn lack(fit: &Fit) -> f64 {
    match fit.law.family {
        Family::NegativeBinomial => {
            -2.0 * fit
                .law
                .log_likelihood(&fit.problem.cells, Grain::Cell, &fit.eta)
        }
        _ => fit.deviance(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Response};

    #[test]
    fn a_poisson_mean_has_the_limits_of_its_equation() {
        // 10 events in two cells: 2 (10 ln(10/m) - 10 + m) = 1.96^2 at both limits of the total m.
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 2]).expect("valid");
        let model = Model::new(Family::Poisson, design, Response::Counts(vec![4, 6]));
        let limits = model
            .expect("valid")
            .profile_interval("one", Level::NINETY_FIVE);
        let limits = limits.expect("regular").map(|eta| 2.0 * libm::exp(eta));
        for m in [limits.low, limits.high] {
            let lost = 2.0 * (10.0 * libm::log(10.0 / m) - 10.0 + m);
            assert!(
                (lost - Level::NINETY_FIVE.z().powi(2)).abs() < 1e-8,
                "{m} loses {lost}"
            );
        }
        assert!(limits.low < 10.0 && limits.high > 10.0);
    }

    #[test]
    fn linear_and_penalised_fits_have_none() {
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 2]).expect("valid");
        let model = Model::new(Family::Linear, design, Response::unweighted(vec![1.0, 2.0]));
        let limits = model
            .expect("valid")
            .profile_interval("one", Level::NINETY_FIVE);
        assert!(matches!(limits, Err(RegressionError::Unsupported { .. })));
    }
}
