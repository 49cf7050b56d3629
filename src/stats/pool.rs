//! A contrast pooled over strata such as states: one number per stratum with its counting variance.
//!
//! States differ by more than counting noise, so the headline is the random-effects mean (Paule-Mandel with the
//! Hartung-Knapp t), and beside it stand the fixed-effect mean, the median, the count of signs and what each stratum
//! weighs. With few strata the between-strata variance is hardly known: below five the caller shows the table only.

use serde::{Deserialize, Serialize};

use super::{Interval, Level, PValue, StatsError, special};

/// One stratum's contrast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// The estimate, such as a log ratio of ratios.
    pub estimate: f64,
    /// Its counting variance.
    pub variance: f64,
}

/// The mean that would be right if all strata had one contrast.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FixedEffect {
    /// The inverse-variance mean.
    pub estimate: f64,
    /// Its standard error, counting only.
    pub std_error: f64,
    /// The normal interval.
    pub interval: Interval,
    /// Estimate over standard error.
    pub z: f64,
    /// Two-sided normal tail.
    pub p: PValue,
}

/// The mean of contrasts that differ between strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RandomEffects {
    /// The weighted mean.
    pub estimate: f64,
    /// Its Hartung-Knapp standard error.
    pub std_error: f64,
    /// The interval of the mean, Student t on `df`.
    pub interval: Interval,
    /// The standard deviation of the true contrasts between strata.
    pub tau: f64,
    /// Estimate over standard error.
    pub t: f64,
    /// Strata minus one.
    pub df: u64,
    /// Two-sided Student tail.
    pub p: PValue,
    /// Where the contrast of a new stratum is expected.
    pub prediction: Interval,
}

/// Whether the strata differ by more than counting.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Heterogeneity {
    /// Cochran's Q.
    pub q: f64,
    /// Strata minus one.
    pub df: u64,
    /// The upper chi-square tail.
    pub p: PValue,
    /// The share of the spread that counting does not explain, between 0 and 1.
    pub i_squared: f64,
}

/// How many contrasts are above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignCount {
    /// Strata with a contrast above zero.
    pub positive: u64,
    /// All strata.
    pub of: u64,
}

/// The share of the mean each stratum holds, in the order of the strata; each list sums to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Under the fixed effect.
    pub fixed: Vec<f64>,
    /// Under the Paule-Mandel random effects.
    pub random: Vec<f64>,
}

/// Contrasts of several strata.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    contrasts: Vec<Contrast>,
}

/// The weighted sums for one assumed variance between strata.
struct Fit {
    mean: f64,
    weight: f64,
    /// sum w (y - mean)^2.
    q: f64,
    /// sum w^2 (y - mean)^2, minus the derivative of q.
    slope: f64,
}

impl Pool {
    /// Contrasts of several strata, in any order.
    ///
    /// # Errors
    /// [`StatsError`] for an estimate that is not finite and for a variance that is not positive and finite: a stratum
    /// with an empty cell has no contrast, and the caller drops and lists it.
    pub fn new(contrasts: Vec<Contrast>) -> Result<Self, StatsError> {
        for contrast in &contrasts {
            if !contrast.estimate.is_finite() {
                return Err(StatsError::OutOfRange {
                    what: "contrast",
                    value: contrast.estimate,
                    allowed: "finite",
                });
            }
            if !(contrast.variance > 0.0 && contrast.variance.is_finite()) {
                let (what, value) = ("variance of a contrast", contrast.variance);
                return Err(StatsError::OutOfRange {
                    what,
                    value,
                    allowed: "positive and finite",
                });
            }
        }
        Ok(Self { contrasts })
    }

    /// The strata, in the order given.
    #[must_use]
    pub fn contrasts(&self) -> &[Contrast] {
        &self.contrasts
    }

    /// The inverse-variance mean.
    ///
    /// # Definition
    /// sum w y / sum w with w = 1/v, variance 1 / sum w, normal.
    ///
    /// # Units
    /// Those of the contrasts (log ratio: take the exponential of estimate and interval).
    ///
    /// # Edge cases
    /// `None` for fewer than two strata.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Cochran (1954). Equals `metafor::rma(method = "EE")`.
    #[must_use]
    pub fn fixed(&self, level: Level) -> Option<FixedEffect> {
        self.df()?;
        let fit = self.fit(0.0);
        let std_error = (1.0 / fit.weight).sqrt();
        let z = fit.mean / std_error;
        Some(FixedEffect {
            estimate: fit.mean,
            std_error,
            interval: around(fit.mean, level.z() * std_error),
            z,
            p: PValue::capped(2.0 * special::normal_sf(z.abs())),
        })
    }

    /// The random-effects mean with the between-strata variance of Paule and Mandel and the Hartung-Knapp interval.
    ///
    /// # Definition
    /// tau^2 is the root of Q(tau^2) = sum (y - m)^2 / (v + tau^2) = K - 1, or 0 when Q(0) <= K - 1; with
    /// w = 1/(v + tau^2) the mean is sum w y / sum w, its variance sum w (y - m)^2 / ((K - 1) sum w), and its interval
    /// Student t on K - 1. The variance is not bounded below by 1 / sum w. The prediction interval is
    /// m +- t(K - 1) sqrt(tau^2 + se^2).
    ///
    /// # Units
    /// Those of the contrasts.
    ///
    /// # Edge cases
    /// `None` for fewer than two strata, and when all contrasts are equal, which leaves no spread to measure. Other
    /// software takes the prediction interval on K - 2 degrees of freedom (Higgins, Thompson and Spiegelhalter 2009),
    /// which is wider.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Paule and Mandel (1982); Hartung and Knapp (2001); `IntHout`, Ioannidis, Rovers and Goeman (2016) for the
    /// prediction interval on K - 1. Equals `metafor::rma(method = "PM", test = "knha")` and its `predict`.
    #[must_use]
    pub fn paule_mandel(&self, level: Level) -> Option<RandomEffects> {
        let df = self.df()?;
        let tau_squared = self.tau_squared();
        let fit = self.fit(tau_squared);
        let variance = fit.q / (df as f64 * fit.weight);
        if variance <= 0.0 {
            return None;
        }
        let std_error = variance.sqrt();
        let critical = -special::student_t_quantile(level.tail(), df as f64);
        let t = fit.mean / std_error;
        Some(RandomEffects {
            estimate: fit.mean,
            std_error,
            interval: around(fit.mean, critical * std_error),
            tau: tau_squared.sqrt(),
            t,
            df,
            p: PValue::capped(special::student_t_two_sided(t, df as f64)),
            prediction: around(fit.mean, critical * (tau_squared + variance).sqrt()),
        })
    }

    /// Cochran's Q and the share of the spread that counting does not explain.
    ///
    /// # Definition
    /// Q = sum (y - m)^2 / v around the fixed-effect mean, chi-square on K - 1; I^2 = max(0, (Q - (K - 1)) / Q).
    ///
    /// # Units
    /// Q in squared standard deviations, I^2 a share.
    ///
    /// # Edge cases
    /// `None` for fewer than two strata; I^2 is 0 when Q is.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Cochran (1954); Higgins and Thompson (2002). Equals `metafor::rma(method = "EE")`.
    #[must_use]
    pub fn heterogeneity(&self) -> Option<Heterogeneity> {
        let df = self.df()?;
        let q = self.fit(0.0).q;
        let i_squared = if q > df as f64 {
            (q - df as f64) / q
        } else {
            0.0
        };
        Some(Heterogeneity {
            q,
            df,
            p: PValue::capped(special::chi_square_sf(q, df as f64)),
            i_squared,
        })
    }

    /// The median contrast, the mean of the middle two for an even number.
    ///
    /// # Definition
    /// The middle of the sorted estimates, all weighing the same.
    ///
    /// # Units
    /// Those of the contrasts.
    ///
    /// # Edge cases
    /// `None` without strata.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition; R `median`.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self
            .contrasts
            .iter()
            .map(|contrast| contrast.estimate)
            .collect();
        sorted.sort_by(f64::total_cmp);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = sorted[(sorted.len() - 1) / 2];
        Some(lower + (upper - lower) / 2.0)
    }

    /// How many contrasts are above zero; an exact zero is not.
    ///
    /// # Definition
    /// The number of estimates above 0, of how many.
    ///
    /// # Units
    /// Strata.
    ///
    /// # Edge cases
    /// 0 of 0 without strata.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition.
    #[must_use]
    pub fn sign_count(&self) -> SignCount {
        let positive = self
            .contrasts
            .iter()
            .filter(|contrast| contrast.estimate > 0.0)
            .count() as u64;
        SignCount {
            positive,
            of: self.contrasts.len() as u64,
        }
    }

    /// The share of the mean that each stratum holds.
    ///
    /// # Definition
    /// (1/v) / sum (1/v), and the same with v + tau^2.
    ///
    /// # Units
    /// Shares, which sum to 1.
    ///
    /// # Edge cases
    /// `None` for fewer than two strata.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// `metafor::weights` gives the same in percent.
    #[must_use]
    pub fn weights(&self) -> Option<Weights> {
        self.df()?;
        let shares = |tau_squared: f64| -> Vec<f64> {
            let total = self.fit(tau_squared).weight;
            self.contrasts
                .iter()
                .map(|contrast| 1.0 / (contrast.variance + tau_squared) / total)
                .collect()
        };
        Some(Weights {
            fixed: shares(0.0),
            random: shares(self.tau_squared()),
        })
    }

    /// The random-effects mean without each stratum in turn, in the order of the strata.
    ///
    /// # Definition
    /// [`Pool::paule_mandel`] of all strata but one.
    ///
    /// # Units
    /// Those of the contrasts.
    ///
    /// # Edge cases
    /// `None` in place of a mean that is undefined: all of them when there are fewer than three strata.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Equals `metafor::leave1out` of the same fit.
    #[must_use]
    pub fn leave_one_out(&self, level: Level) -> Vec<Option<RandomEffects>> {
        let without = |left_out: usize| Self {
            contrasts: self
                .contrasts
                .iter()
                .enumerate()
                .filter(|(k, _)| *k != left_out)
                .map(|(_, &c)| c)
                .collect(),
        };
        (0..self.contrasts.len())
            .map(|k| without(k).paule_mandel(level))
            .collect()
    }

    fn df(&self) -> Option<u64> {
        (self.contrasts.len() as u64)
            .checked_sub(1)
            .filter(|&df| df > 0)
    }

    fn fit(&self, tau_squared: f64) -> Fit {
        let weight = |contrast: &Contrast| 1.0 / (contrast.variance + tau_squared);
        let total: f64 = self.contrasts.iter().map(weight).sum();
        let mean = self
            .contrasts
            .iter()
            .map(|contrast| weight(contrast) * contrast.estimate)
            .sum::<f64>()
            / total;
        let (mut q, mut slope) = (0.0, 0.0);
        for contrast in &self.contrasts {
            let w = weight(contrast);
            let squared = w * (contrast.estimate - mean) * (contrast.estimate - mean);
            q += squared;
            slope += w * squared;
        }
        Fit {
            mean,
            weight: total,
            q,
            slope,
        }
    }

    /// The Paule-Mandel variance between strata. Q is decreasing and convex, so Newton from zero climbs to the root
    /// and never passes it but by rounding.
    fn tau_squared(&self) -> f64 {
        let target = self.contrasts.len() as f64 - 1.0;
        let mut tau_squared = 0.0;
        for _ in 0..2_000 {
            let fit = self.fit(tau_squared);
            let step = (fit.q - target) / fit.slope;
            if !step.is_finite() || step <= tau_squared * f64::EPSILON {
                break;
            }
            tau_squared += step;
        }
        tau_squared
    }
}

fn around(center: f64, half: f64) -> Interval {
    Interval::new(center - half, center + half)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::NINETY_FIVE;

    fn pool(contrasts: &[(f64, f64)]) -> Pool {
        let contrasts = contrasts
            .iter()
            .map(|&(estimate, variance)| Contrast { estimate, variance })
            .collect();
        Pool::new(contrasts).expect("valid")
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked_two_strata() {
        // Equal variances: the mean is 2, and Q(tau^2) = 2 / (1/4 + tau^2) = 1 at tau^2 = 7/4.
        let two = pool(&[(1.0, 0.25), (3.0, 0.25)]);
        let fixed = two.fixed(LEVEL).expect("defined");
        assert_near(fixed.estimate, 2.0);
        assert_near(fixed.std_error, 0.125_f64.sqrt());
        let random = two.paule_mandel(LEVEL).expect("defined");
        assert_near(random.tau, 1.75_f64.sqrt());
        assert_near(random.std_error, 1.0);
        let quantile = libm::tan(std::f64::consts::PI * 0.475);
        assert_near(random.interval.high, 2.0 + quantile);
        assert_near(random.prediction.high, 2.0 + quantile * 2.75_f64.sqrt());
        let spread = two.heterogeneity().expect("defined");
        assert_near(spread.q, 8.0);
        assert_near(spread.i_squared, 7.0 / 8.0);
    }

    #[test]
    fn tau_is_zero_when_strata_agree_and_the_mean_is_then_fixed() {
        let agreeing = pool(&[(0.10, 0.04), (0.12, 0.09), (0.08, 0.02)]);
        let (fixed, random) = (
            agreeing.fixed(LEVEL).expect("defined"),
            agreeing.paule_mandel(LEVEL).expect("defined"),
        );
        assert!(random.tau <= 0.0);
        assert_near(random.estimate, fixed.estimate);
        assert!(agreeing.heterogeneity().expect("defined").i_squared <= 0.0);
    }

    #[test]
    fn tau_solves_its_equation_for_variances_of_any_size() {
        for scale in [1e-12, 1.0, 1e9] {
            let spread = pool(&[
                (1.0, 1e-9 * scale),
                (2.0, 0.3 * scale),
                (-1.0, 1e-3 * scale),
                (4.0, 2.0),
            ]);
            let tau = spread.paule_mandel(LEVEL).expect("defined").tau;
            let q = spread.fit(tau * tau).q;
            assert!(
                (q - 3.0).abs() < 1e-11 || (tau <= 0.0 && q < 3.0),
                "{scale}: {q}"
            );
        }
    }

    #[test]
    fn order_does_not_matter_and_scaling_scales() {
        let one = pool(&[(0.1, 0.01), (0.9, 0.02), (-0.3, 0.03)]);
        let other = pool(&[(-0.6, 0.12), (0.2, 0.04), (1.8, 0.08)]);
        let (a, b) = (
            one.paule_mandel(LEVEL).expect("defined"),
            other.paule_mandel(LEVEL).expect("defined"),
        );
        assert_near(2.0 * a.estimate, b.estimate);
        assert_near(2.0 * a.tau, b.tau);
        assert_near(2.0 * a.prediction.low, b.prediction.low);
        assert_near(a.p.get(), b.p.get());
    }

    #[test]
    fn splitting_a_stratum_leaves_the_fixed_effect() {
        let whole = pool(&[(0.1, 0.01), (0.9, 0.02)])
            .fixed(LEVEL)
            .expect("defined");
        let split = pool(&[(0.1, 0.02), (0.9, 0.02), (0.1, 0.02)])
            .fixed(LEVEL)
            .expect("defined");
        assert_near(whole.estimate, split.estimate);
        assert_near(whole.p.get(), split.p.get());
    }

    #[test]
    fn plain_summaries() {
        let four = pool(&[(0.3, 1.0), (-0.1, 3.0), (0.0, 1.0), (0.9, 1.0)]);
        assert_near(four.median().expect("defined"), 0.15);
        assert_eq!(four.sign_count(), SignCount { positive: 2, of: 4 });
        let weights = four.weights().expect("defined");
        assert_near(weights.fixed[1], 0.1);
        assert_near(weights.fixed.iter().sum(), 1.0);
        assert_near(weights.random.iter().sum(), 1.0);
        let left = four.leave_one_out(LEVEL);
        let without_first = pool(&[(-0.1, 3.0), (0.0, 1.0), (0.9, 1.0)]).paule_mandel(LEVEL);
        assert!(left.len() == 4 && left[0] == without_first);
    }

    #[test]
    fn undefined_and_refused() {
        let one = pool(&[(0.3, 1.0)]);
        assert!(
            one.fixed(LEVEL).is_none()
                && one.paule_mandel(LEVEL).is_none()
                && one.heterogeneity().is_none()
        );
        assert!(
            one.weights().is_none()
                && one.leave_one_out(LEVEL) == [None]
                && pool(&[]).median().is_none()
        );
        assert!(
            pool(&[(0.3, 1.0), (0.3, 2.0)])
                .paule_mandel(LEVEL)
                .is_none()
        );
        for (estimate, variance) in [
            (f64::NAN, 1.0),
            (0.0, 0.0),
            (0.0, f64::INFINITY),
            (0.0, f64::NAN),
        ] {
            assert!(Pool::new(vec![Contrast { estimate, variance }]).is_err());
        }
    }
}
