//! The ratio and the difference of two rates: the disparity in stops per resident.
//!
//! For the `disparity` analysis and every contrast of two counts over known exposures. Given the sum of the two
//! counts the first is binomial, which is where the exact answers come from. Counting error only.

use super::proportion::Proportion;
use super::rate::{Rate, RateMethod};
use super::{ExactForm, Interval, Level, PValue};
use serde::{Deserialize, Serialize};

/// A rate over a reference rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRatio {
    rate: Rate,
    reference: Rate,
}

/// How to put an interval around a rate ratio.
///
/// `x1` over `t1` against `x2` over `t2`; `N = x1 + x2`; an interval for `p = P(an event is one of the first)` becomes
/// one for the ratio by `p/(1 - p) t2/t1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateRatioMethod {
    /// Clopper-Pearson of `x1` out of `N`. Przyborowski and Wilenski 1940; R `poisson.test`.
    #[default]
    ExactConditional,
    /// `ratio exp(± z sqrt(1/x1 + 1/x2))`; not defined with a zero count. Rothman and Greenland 1998; epitools
    /// `rateratio.wald`.
    LogWald,
    /// Mid-P of `x1` out of `N`. Rothman and Greenland 1998.
    #[serde(rename = "midp_conditional")]
    MidPConditional,
    /// Wilson of `x1` out of `N`. Graham, Mayer and Sahai 2003.
    Score,
}

impl RateRatio {
    /// A rate and the reference rate it is divided by.
    #[must_use]
    pub fn new(rate: Rate, reference: Rate) -> RateRatio {
        RateRatio { rate, reference }
    }

    /// The rate.
    #[must_use]
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// The reference rate.
    #[must_use]
    pub fn reference(&self) -> Rate {
        self.reference
    }

    /// The rate ratio.
    ///
    /// # Definition
    /// `(x1/t1) / (x2/t2)`.
    /// # Units
    /// None: times the reference rate.
    /// # Edge cases
    /// Infinite when only the reference has no events; `None` when neither has, or when either has no exposure.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        let ratio = self.rate.estimate()? / self.reference.estimate()?;
        (!ratio.is_nan()).then_some(ratio)
    }

    /// An interval for the rate ratio.
    ///
    /// # Definition
    /// By [`RateRatioMethod`].
    /// # Units
    /// None: times the reference rate.
    /// # Edge cases
    /// `None` without exposure, and for log-Wald with a zero count. No events at all say nothing: 0 to infinity.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `10^8` events.
    #[must_use]
    pub fn interval(&self, method: RateRatioMethod, level: Level) -> Option<Interval> {
        if self.rate.exposure() == 0.0 || self.reference.exposure() == 0.0 {
            return None;
        }
        let share = self.share();
        let odds = match method {
            _ if share.n() == 0 && method != RateRatioMethod::LogWald => {
                Interval::new(0.0, f64::INFINITY)
            }
            RateRatioMethod::ExactConditional => share.exact(level.tail(), libm::exp),
            RateRatioMethod::MidPConditional => share.mid_p(level.tail(), libm::exp),
            RateRatioMethod::LogWald => self.log_wald_odds(level.z())?,
            RateRatioMethod::Score => self.score_odds(level.z()),
        };
        let scale = self.reference.exposure() / self.rate.exposure();
        Some(odds.map(|limit| limit * scale))
    }

    /// The p-value that goes with the exact interval, for a ratio of 1.
    ///
    /// # Definition
    /// Twice the smaller of `P(X <= x1)` and `P(X >= x1)`, capped at 1, with `X` binomial of `N` trials and
    /// probability `t1/(t1 + t2)`. It is below one minus the level exactly when the interval leaves out 1.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// `None` without exposure; 1 without events.
    /// # Errors
    /// None.
    /// # Source
    /// Przyborowski and Wilenski 1940, central form; exactci `poisson.exact(tsmethod = "central")`. R `poisson.test`
    /// uses minimum likelihood, which need not agree with its own interval.
    #[must_use]
    pub fn p_value(&self) -> Option<PValue> {
        self.conditional(ExactForm::Central)
    }

    /// The rate difference.
    ///
    /// # Definition
    /// `x1/t1 - x2/t2`.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` when either has no exposure.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        Some(self.rate.estimate()? - self.reference.estimate()?)
    }

    /// An interval for the rate difference.
    ///
    /// # Definition
    /// MOVER on the Garwood limits `l, u`: `d - sqrt((r1 - l1)² + (u2 - r2)²)` to `d + sqrt((u1 - r1)² + (r2 - l2)²)`.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` when either has no exposure.
    /// # Errors
    /// None.
    /// # Source
    /// Zou and Donner 2008; Li, Tang and Wong 2014 for Poisson rates.
    #[must_use]
    pub fn difference_interval(&self, level: Level) -> Option<Interval> {
        let (r1, r2) = (self.rate.estimate()?, self.reference.estimate()?);
        let one = self.rate.interval(RateMethod::Garwood, level)?;
        let two = self.reference.interval(RateMethod::Garwood, level)?;
        let (d, down, up) = (
            r1 - r2,
            libm::hypot(r1 - one.low, two.high - r2),
            libm::hypot(one.high - r1, r2 - two.low),
        );
        Some(Interval::new(d - down, d + up))
    }

    /// The first count out of both.
    fn share(&self) -> Proportion {
        let (x1, x2) = (self.rate.x(), self.reference.x());
        Proportion::new(x1, x1.saturating_add(x2)).expect("a part does not exceed the whole")
    }

    fn log_wald_odds(&self, z: f64) -> Option<Interval> {
        let (x1, x2) = (self.rate.x() as f64, self.reference.x() as f64);
        if x1 == 0.0 || x2 == 0.0 {
            return None;
        }
        let factor = libm::exp(z * libm::sqrt(1.0 / x1 + 1.0 / x2));
        Some(Interval::new(x1 / x2 / factor, x1 / x2 * factor))
    }

    /// Wilson's limits as odds: the denominators `N + z²` cancel, and each odds is a quotient without subtractions.
    fn score_odds(&self, z: f64) -> Interval {
        let (x1, x2) = (self.rate.x() as f64, self.reference.x() as f64);
        let n = x1 + x2;
        let root = z * libm::sqrt(x1 * (x2 / n) + z * z / 4.0);
        let reach = |x: f64| x + z * z / 2.0 + root;
        let least = |x: f64| x * x * (1.0 + z * z / n) / reach(x);
        Interval::new(least(x1) / reach(x2), reach(x1) / least(x2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [RateRatioMethod; 4] = [
        RateRatioMethod::ExactConditional,
        RateRatioMethod::LogWald,
        RateRatioMethod::MidPConditional,
        RateRatioMethod::Score,
    ];

    fn ratio(x1: u64, t1: f64, x2: u64, t2: f64) -> RateRatio {
        RateRatio::new(
            Rate::new(x1, t1).expect("a rate"),
            Rate::new(x2, t2).expect("a rate"),
        )
    }

    #[test]
    fn by_hand() {
        // 4 against 0 over equal exposures: p^4 = 0.025 below, and the doubled tail is 2/16.
        let four = ratio(4, 3.0, 0, 3.0);
        let exact = four
            .interval(RateRatioMethod::ExactConditional, Level::NINETY_FIVE)
            .expect("defined");
        let p = 0.025_f64.powf(0.25);
        assert!((exact.low / (p / (1.0 - p)) - 1.0).abs() < 1e-13 && exact.high.is_infinite());
        assert!(four.estimate().expect("defined").is_infinite());
        assert!((four.p_value().expect("defined").get() - 0.125).abs() < 1e-15);
        let wald = ratio(4, 1.0, 4, 2.0)
            .interval(RateRatioMethod::LogWald, Level::NINETY_FIVE)
            .expect("defined");
        assert!((wald.high - 2.0 * (Level::NINETY_FIVE.z() * 0.5_f64.sqrt()).exp()).abs() < 1e-13);
    }

    #[test]
    fn swapping_the_rates_inverts_the_interval() {
        for method in METHODS {
            for (x1, t1, x2, t2) in [
                (3, 10.0, 9, 4.0),
                (250, 7.0, 1, 2e4),
                (400_000, 1e6, 300_000, 2e6),
            ] {
                let one = ratio(x1, t1, x2, t2)
                    .interval(method, Level::NINETY_FIVE)
                    .expect("defined");
                let two = ratio(x2, t2, x1, t1)
                    .interval(method, Level::NINETY_FIVE)
                    .expect("defined");
                assert!(
                    (one.low * two.high - 1.0).abs() < 1e-12,
                    "{method:?} {x1} {x2}"
                );
                assert!(
                    (one.high * two.low - 1.0).abs() < 1e-12,
                    "{method:?} {x1} {x2}"
                );
            }
        }
    }

    #[test]
    fn p_value_agrees_with_the_exact_interval() {
        for x in 0..40 {
            let r = ratio(x, 1.0, 15, 1.3);
            let level =
                Level::new(1.0 - r.p_value().expect("defined").get()).unwrap_or(Level::NINETY_FIVE);
            let edge = r
                .interval(RateRatioMethod::ExactConditional, level)
                .expect("defined");
            if r.p_value().expect("defined").get() < 1.0 {
                let gap = (edge.low - 1.0).abs().min((edge.high - 1.0).abs());
                assert!(gap < 1e-9, "{x}: {edge:?}");
            }
        }
    }

    #[test]
    fn nothing_counted_and_nothing_exposed() {
        let empty = ratio(0, 5.0, 0, 7.0);
        assert!(empty.estimate().is_none());
        assert!((empty.p_value().expect("defined").get() - 1.0).abs() < 1e-15);
        for method in METHODS {
            let interval = empty.interval(method, Level::NINETY_FIVE);
            assert_eq!(interval.is_none(), method == RateRatioMethod::LogWald);
            assert!(
                ratio(0, 0.0, 3, 1.0)
                    .interval(method, Level::NINETY_FIVE)
                    .is_none()
            );
        }
        assert!(
            ratio(0, 0.0, 3, 1.0)
                .difference_interval(Level::NINETY_FIVE)
                .is_none()
        );
    }

    #[test]
    fn difference_holds_the_estimate_and_mirrors() {
        let (one, two) = (ratio(8, 10.0, 3, 12.0), ratio(3, 12.0, 8, 10.0));
        let (a, b) = (
            one.difference_interval(Level::NINETY_FIVE),
            two.difference_interval(Level::NINETY_FIVE),
        );
        let (a, b) = (a.expect("defined"), b.expect("defined"));
        assert!(a.contains(one.difference().expect("defined")));
        assert!((a.low + b.high).abs() < 1e-15 && (a.high + b.low).abs() < 1e-15);
    }
}
