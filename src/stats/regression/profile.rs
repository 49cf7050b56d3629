//! Limits of one coefficient and tests of several from the likelihood itself, which need not fall evenly about the
//! estimate.

use std::collections::BTreeSet;

use super::firth::{self, Held, Starts};
use super::fit::Fit;
use super::inference::{Coefficient, Test, some_column};
use super::model::{Grain, Model};
use super::{Family, RegressionError};
use crate::stats::{Interval, Level, PValue, special};

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
    /// for linear fits, whose t interval is exact; [`RegressionError::Rounded`] above 10^10 events or trials.
    ///
    /// # Source
    /// Venzon and Moolgavkar (1988); with Firth's penalty Heinze and Schemper (2002), section 2.3. Agrees with R
    /// `confint` of a `glm`, with Firth's penalty with Python `firthmodels`.
    pub fn profile_interval(&self, name: &str, level: Level) -> Result<Interval, RegressionError> {
        Profile::of(self, name)?.interval(level)
    }

    /// A coefficient with its profile-likelihood interval and the p-value that agrees with it.
    ///
    /// # Definition
    /// The statistic is the signed root of what is lost by holding the coefficient at 0, reckoned as in
    /// [`Model::profile_interval`], and p its tail beyond it on both sides of the normal, or of Student's t on n - k for
    /// the quasi families. Its square is the statistic of [`Model::likelihood_ratio`]. The standard error is the model's.
    ///
    /// # Units
    /// The scale of the link.
    ///
    /// # Edge cases
    /// As [`Model::profile_interval`].
    ///
    /// # Errors
    /// As [`Model::profile_interval`].
    ///
    /// # Source
    /// As [`Model::profile_interval`]; of the signed root Barndorff-Nielsen and Cox (1994), section 3.2.
    pub fn profile(&self, name: &str, level: Level) -> Result<Coefficient, RegressionError> {
        let profile = Profile::of(self, name)?;
        let root = profile.lost(0.0, Starts::Wide)?.sqrt();
        let p = match profile.df() {
            Some(df) => special::student_t_two_sided(root, df as f64),
            None => 2.0 * special::normal_sf(root),
        };
        Ok(Coefficient {
            name: name.to_owned(),
            estimate: profile.estimate(),
            std_error: profile.std_error(),
            statistic: root.copysign(profile.estimate()),
            df: profile.df(),
            p: PValue::capped(p),
            interval: profile.interval(level)?,
        })
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
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`RegressionError::Stats`] for no names; as [`Fit::likelihood_ratio`] for families without a likelihood and for
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
            best.tells_likelihoods()?;
            let hold = |&column: &usize| Held { column, value: 0.0 };
            let held: Vec<Held> = columns.iter().map(hold).collect();
            let lost = firth::least_lack(&best, &held, Starts::Wide)? - lack(&best);
            return Ok(Test::new(lost, columns.len() as u64));
        }
        let held: Vec<&str> = columns
            .iter()
            .map(|&column| best.problem.names[column].as_str())
            .collect();
        best.likelihood_ratio(&self.fit_without(&held)?)
    }
}

/// The likelihood as a function of one coefficient, all others at their best.
struct Profile<'m> {
    model: &'m Model,
    best: Fit,
    column: usize,
    /// What twice a log-likelihood is divided by: 1, or the dispersion.
    scale: f64,
}

impl Profile<'_> {
    fn of<'m>(model: &'m Model, name: &str) -> Result<Profile<'m>, RegressionError> {
        if model.family == Family::Linear {
            return Err(RegressionError::Unsupported {
                what: "a profile likelihood",
                family: model.family,
            });
        }
        let best = model.fit()?;
        best.tells_likelihoods()?;
        Ok(Profile {
            column: best.problem.index(name)?,
            scale: best.scale()?,
            model,
            best,
        })
    }

    fn estimate(&self) -> f64 {
        self.best.coefficients[self.column]
    }

    fn std_error(&self) -> f64 {
        let place = self.column * (self.best.coefficients.len() + 1);
        (self.scale * self.best.inverse[place]).sqrt()
    }

    /// Degrees of freedom of Student's t; `None` stands for the normal.
    fn df(&self) -> Option<u64> {
        let has_dispersion = self.model.family.has_dispersion();
        has_dispersion.then(|| self.best.residual_df())
    }

    /// What is lost by holding the coefficient at a value.
    fn lost(&self, value: f64, starts: Starts) -> Result<f64, RegressionError> {
        let (family, column) = (self.model.family, self.column);
        let held = if family == Family::FirthLogistic {
            firth::least_lack(&self.best, &[Held { column, value }], starts)?
        } else {
            let fixed = self.model.fixing(&self.best.names()[column], value)?;
            lack(&Fit::of(family, fixed.problem()?)?)
        };
        Ok(((held - lack(&self.best)) / self.scale).max(0.0))
    }

    fn interval(&self, level: Level) -> Result<Interval, RegressionError> {
        let quantile = match self.df() {
            Some(df) => -special::student_t_quantile(level.tail(), df as f64),
            None => level.z(),
        };
        let limit = |side: f64| -> Result<f64, RegressionError> {
            let excess = |starts: Starts, step: f64| -> Result<f64, RegressionError> {
                let lost = self.lost(self.estimate() + side * step, starts)?;
                Ok(lost.sqrt() - quantile)
            };
            let near = |step: f64| excess(Starts::Near, step);
            let mut step = crossing(near, quantile * self.std_error(), -quantile)?;
            // The limit is that of the highest maximum: one seen only from afar moves it outward.
            if self.model.family == Family::FirthLogistic && excess(Starts::Wide, step)? < -HIGHER {
                step = crossing(|step| excess(Starts::Wide, step), step, -quantile)?;
            }
            Ok(self.estimate() + side * step)
        };
        Ok(Interval::new(limit(-1.0)?, limit(1.0)?))
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
    fn a_profile_has_the_p_of_its_likelihood_ratio() {
        let names = ["one", "x"].map(str::to_owned).to_vec();
        let design = Design::new(names, vec![1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0]);
        let design = design.expect("valid");
        let counts = || Response::Counts(vec![14, 9, 11, 4]);
        let poisson = Model::new(Family::Poisson, design.clone(), counts()).expect("valid");
        let line = poisson.profile("x", Level::NINETY_FIVE).expect("regular");
        let test = poisson.likelihood_ratio(&["x"]).expect("a column");
        assert!(line.estimate < 0.0 && line.statistic < 0.0 && line.df.is_none());
        assert!((line.statistic.powi(2) - test.statistic).abs() < 1e-9 * test.statistic);
        assert!((line.p.get() - test.p.get()).abs() < 1e-9 * test.p.get());
        // Scaled by the dispersion, on Student's t.
        let quasi = Model::new(Family::QuasiPoisson, design, counts()).expect("valid");
        let phi = quasi.fit().expect("regular").dispersion().expect("defined");
        let scaled = quasi.profile("x", Level::NINETY_FIVE).expect("regular");
        assert!((scaled.statistic - line.statistic / phi.sqrt()).abs() < 1e-9);
        assert_eq!(scaled.df, Some(2));
        // A limit of exactly 0 is a p of exactly 1 less the level.
        let level = Level::new(1.0 - line.p.get()).expect("a level");
        let limits = poisson.profile_interval("x", level).expect("regular");
        assert!(limits.high.abs() < 1e-8, "{limits:?}");
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
