//! Limits of one coefficient and tests of several from the likelihood itself, which need not fall evenly about the
//! estimate.

use std::collections::BTreeSet;

use super::firth::{self, Held, Starts};
use super::fit::Fit;
use super::inference::{Test, some_column};
use super::model::{Grain, Model};
use super::{Family, RegressionError};
use crate::stats::{Interval, Level, special};

impl Model {
    /// The profile-likelihood interval of a coefficient.
    ///
    /// # Definition
    /// The values b at which twice the log-likelihood lost by holding the coefficient at b, all else at its best (theta
    /// too), stays within the chi-square quantile; of the quasi families the deviance lost over phi, within the square of Student's
    /// t on n - k. With Firth's penalty the likelihood is the penalised one, the penalty being that of all columns, the
    /// held one among them.
    ///
    /// # Units
    /// The scale of the link.
    ///
    /// # Edge cases
    /// A side on which the likelihood has not fallen that far a million times the Wald limit away is infinite. Of few,
    /// separated cells the penalised likelihood with a coefficient held may have several maxima: the limit is that of
    /// the highest one found from starts about the fit, while software with one start may stop at a narrower limit.
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`RegressionError::Unsupported`]
    /// for linear fits, whose t interval is exact.
    ///
    /// # Source
    /// Venzon and Moolgavkar (1988); with Firth's penalty Heinze and Schemper (2002), section 2.3. Agrees with R
    /// `confint` of a `glm`, with Firth's penalty with Python `firthmodels`.
    pub fn profile_interval(&self, name: &str, level: Level) -> Result<Interval, RegressionError> {
        let family = self.family;
        if family == Family::Linear {
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
            let excess = |starts: Starts, step: f64| -> Result<f64, RegressionError> {
                let value = estimate + side * step;
                let held = if family == Family::FirthLogistic {
                    firth::least_lack(&best, &[Held { column: j, value }], starts)?
                } else {
                    lack(&Fit::of(family, self.fixing(name, value)?.problem()?)?)
                };
                Ok(((held - least) / scale).max(0.0).sqrt() - quantile)
            };
            let first = quantile * std_error;
            let mut step = crossing(|step| excess(Starts::Near, step), first, -quantile)?;
            // The limit is that of the highest maximum: one seen only from afar moves it outward.
            if family == Family::FirthLogistic && excess(Starts::Wide, step)? < -HIGHER {
                step = crossing(|step| excess(Starts::Wide, step), step, -quantile)?;
            }
            Ok(estimate + side * step)
        };
        Ok(Interval::new(limit(-1.0)?, limit(1.0)?))
    }

    /// The likelihood-ratio test that several coefficients are all 0.
    ///
    /// # Definition
    /// Twice the log-likelihood lost by fitting without the columns, on chi-square with as many degrees of freedom as
    /// coefficients that go. With Firth's penalty the coefficients are held at 0 and the penalty is that of all columns
    /// in both fits: penalties of different columns do not compare.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// A column named twice counts once. Several maxima of a penalised likelihood: as [`Model::profile_interval`].
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`StatsError::TooFew`] inside
    /// [`RegressionError::Stats`] for no names; as [`Fit::likelihood_ratio`] for families without a likelihood and for
    /// a column in whose place one that was dropped comes back.
    ///
    /// # Source
    /// Wilks (1938); Heinze and Schemper (2002), section 2.3. Agrees with R `anova(smaller, larger, test = "LRT")`, with
    /// Firth's penalty with Python `firthmodels`.
    pub fn likelihood_ratio(&self, names: &[&str]) -> Result<Test, RegressionError> {
        some_column(names)?;
        let best = self.fit()?;
        let columns = names.iter().map(|name| best.problem.index(name));
        let columns: BTreeSet<usize> = columns.collect::<Result<_, _>>()?;
        if self.family == Family::FirthLogistic {
            let hold = |&column: &usize| Held { column, value: 0.0 };
            let held: Vec<Held> = columns.iter().map(hold).collect();
            let lost = firth::least_lack(&best, &held, Starts::Wide)? - lack(&best);
            return Ok(Test::new(lost, columns.len() as u64));
        }
        let mut smaller = self.clone();
        for &column in &columns {
            smaller = smaller.fixing(&best.problem.names[column], 0.0)?;
        }
        best.likelihood_ratio(&Fit::of(self.family, smaller.problem()?)?)
    }
}

/// What a limit may lack of the quantile and still be at the highest maximum.
const HIGHER: f64 = 1e-8;

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
        Family::FirthLogistic => firth::lack(&fit.problem, fit.law, &fit.eta),
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
    fn linear_fits_have_none() {
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 2]).expect("valid");
        let model = Model::new(Family::Linear, design, Response::unweighted(vec![1.0, 2.0]));
        let limits = model
            .expect("valid")
            .profile_interval("one", Level::NINETY_FIVE);
        assert!(matches!(limits, Err(RegressionError::Unsupported { .. })));
    }
}
