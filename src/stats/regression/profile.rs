//! Limits of one coefficient from the likelihood itself, which need not lie evenly about the estimate.

use super::fit::Fit;
use super::model::{Grain, Model};
use super::{Family, RegressionError};
use crate::stats::root::root_of_rising;
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
    /// A side on which the likelihood never falls that far is infinite.
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`RegressionError::Unsupported`]
    /// for linear fits, whose t interval is exact, and with Firth's penalty.
    ///
    /// # Source
    /// Venzon and Moolgavkar (1988). Agrees with R `confint(glm)`, which interpolates, to four digits.
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
        let lost = |value: f64| {
            let held = self
                .fixing(name, value)
                .and_then(|model| Fit::of(family, model.problem()?));
            // So far out that no fit is found, everything is lost.
            held.map_or(f64::INFINITY, |held| (lack(&held) - least) / scale)
        };
        let limit = |side: f64| {
            let beyond = |step: f64| lost(estimate + side * step) - quantile * quantile;
            let step = root_of_rising(beyond, 0.0, quantile * std_error);
            estimate + side * step.unwrap_or(f64::INFINITY)
        };
        Ok(Interval::new(limit(-1.0), limit(1.0)))
    }
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
