//! A proportion `x / n` and its intervals: search rates, hit rates, arrest rates, shares of stops.
//!
//! Counting error only: trials are taken as independent with one probability. Where officers or places differ, the
//! dispersion file says how much wider the truth is.

use super::special::{
    beta_log_odds_quantile, beta_quantile, beta_upper_quantile, ln_binomial_mid_upper, probability,
};
use super::{Interval, Level, StatsError, root};
use serde::{Deserialize, Serialize};

/// `x` events in `n` trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proportion {
    x: u64,
    n: u64,
}

/// How to put an interval around a proportion.
///
/// `z` is the two-sided normal quantile of the level, `a` is one minus the level, `p = x/n`, `q = 1 - p`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProportionMethod {
    /// Score interval without correction, `(x + z²/2 ± z sqrt(x q + z²/4)) / (n + z²)`.
    /// Wilson 1927; R `prop.test(correct = FALSE)`, statsmodels `wilson`.
    #[default]
    Wilson,
    /// Score interval with continuity correction, 0 at `x = 0` and 1 at `x = n`. Newcombe 1998, method 4; scipy
    /// `wilsoncc`. R shrinks the correction near `x = n/2` and differs there.
    #[serde(rename = "wilson_cc")]
    WilsonContinuity,
    /// Exact: Beta quantiles at `a/2`, of `(x, n - x + 1)` below and `(x + 1, n - x)` above.
    /// Clopper and Pearson 1934; R `binom.test`.
    ClopperPearson,
    /// Beta `(x + 1/2, n - x + 1/2)` quantiles, but 0 at `x = 0` and 1 at `x = n`. Brown, Cai and DasGupta 2001.
    Jeffreys,
    /// Beta `(x + 1/2, n - x + 1/2)` quantiles as they are; statsmodels `jeffreys`.
    JeffreysRaw,
    /// Wald on `x + z²/2` of `n + z²`, not clipped to [0, 1]. Agresti and Coull 1998; statsmodels clips.
    AgrestiCoull,
    /// The `p` at which `P(X > x) + P(X = x)/2`, or its mirror image, is `a/2`. Lancaster 1961; Berry and Armitage 1995.
    #[serde(rename = "midp")]
    MidP,
    /// `p ± z sqrt(p q / n)`, for comparison with old reports: not clipped, of zero width at `x = 0` and `x = n`.
    Wald,
}

impl Proportion {
    /// `x` events in `n` trials.
    ///
    /// # Errors
    /// `x` greater than `n`. No trials at all is allowed: everything asked of it is `None`.
    pub fn new(x: u64, n: u64) -> Result<Proportion, StatsError> {
        if x > n {
            return Err(StatsError::EventsExceedTrials {
                events: x,
                trials: n,
            });
        }
        Ok(Proportion { x, n })
    }

    /// Events.
    #[must_use]
    pub fn x(&self) -> u64 {
        self.x
    }

    /// Trials.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// The trials without the event out of all trials.
    #[must_use]
    pub fn complement(&self) -> Proportion {
        Proportion {
            x: self.n - self.x,
            n: self.n,
        }
    }

    /// The proportion.
    ///
    /// # Definition
    /// `x / n`.
    /// # Units
    /// Events per trial.
    /// # Edge cases
    /// `None` without trials.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        (self.n > 0).then(|| self.x as f64 / self.n as f64)
    }

    /// An interval for the probability behind the proportion.
    ///
    /// # Definition
    /// By [`ProportionMethod`].
    /// # Units
    /// Events per trial.
    /// # Edge cases
    /// `None` without trials. All methods but Wald, Agresti-Coull and raw Jeffreys give exactly 0 as the lower limit
    /// at `x = 0` and exactly 1 as the upper at `x = n`.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `n = 10^9`.
    #[must_use]
    pub fn interval(&self, method: ProportionMethod, level: Level) -> Option<Interval> {
        if self.n == 0 {
            return None;
        }
        let (x, n) = (self.x as f64, self.n as f64);
        let tail = level.tail();
        Some(match method {
            ProportionMethod::Wilson => self.wilson(level.z()),
            ProportionMethod::WilsonContinuity => self.wilson_continuity(level.z()),
            ProportionMethod::ClopperPearson => self.exact(tail, probability),
            ProportionMethod::Jeffreys => self.jeffreys(tail),
            ProportionMethod::JeffreysRaw => Interval::new(
                beta_quantile(tail, x + 0.5, n - x + 0.5),
                beta_upper_quantile(tail, x + 0.5, n - x + 0.5),
            ),
            ProportionMethod::AgrestiCoull => agresti_coull(x, n - x, level.z()),
            ProportionMethod::MidP => self.mid_p(tail, probability),
            ProportionMethod::Wald => wald(x, n - x, level.z()),
        })
    }

    fn wilson(&self, z: f64) -> Interval {
        let (x, n) = (self.x as f64, self.n as f64);
        let reach = x + z * z / 2.0 + z * libm::sqrt(x * ((n - x) / n) + z * z / 4.0);
        // The product of the two roots is x²/(n (n + z²)): the lower one without a subtraction.
        let low = x * (x / n) / reach;
        let high = if self.x == self.n {
            1.0
        } else {
            reach / (n + z * z)
        };
        Interval::new(low, high)
    }

    fn wilson_continuity(&self, z: f64) -> Interval {
        let (x, n) = (self.x as f64, self.n as f64);
        let low = if self.x == 0 {
            0.0
        } else {
            wilson_continuity_low(x, n, z)
        };
        let high = if self.x == self.n {
            1.0
        } else {
            let root = z * z + 2.0 - 1.0 / n + 4.0 * x * ((n - x - 1.0) / n);
            (2.0 * x + z * z + 1.0 + z * libm::sqrt(root)) / (2.0 * (n + z * z))
        };
        Interval::new(low, high.min(1.0))
    }

    fn jeffreys(&self, tail: f64) -> Interval {
        let (a, b) = (self.x as f64 + 0.5, (self.n - self.x) as f64 + 0.5);
        let low = if self.x == 0 {
            0.0
        } else {
            beta_quantile(tail, a, b)
        };
        let high = if self.x == self.n {
            1.0
        } else {
            beta_upper_quantile(tail, a, b)
        };
        Interval::new(low, high)
    }

    /// Clopper-Pearson limits on a scale of the log odds: `probability` here, `exp` for a rate ratio.
    pub(super) fn exact(&self, tail: f64, scale: fn(f64) -> f64) -> Interval {
        let (low, high) = (
            exact_low(self.x, self.n, tail),
            exact_low(self.n - self.x, self.n, tail),
        );
        Interval::new(scale(low), scale(-high))
    }

    /// Mid-P limits on a scale of the log odds: `probability` here, `exp` for a rate ratio.
    pub(super) fn mid_p(&self, tail: f64, scale: fn(f64) -> f64) -> Interval {
        let (low, high) = (
            mid_p_low(self.x, self.n, tail),
            mid_p_low(self.n - self.x, self.n, tail),
        );
        Interval::new(scale(low), scale(-high))
    }
}

/// The log odds at which `P(X >= x)` is `tail`. The upper limit is that of the complement mirrored.
fn exact_low(x: u64, n: u64, tail: f64) -> f64 {
    if x == 0 {
        return f64::NEG_INFINITY;
    }
    beta_log_odds_quantile(tail, x as f64, (n - x) as f64 + 1.0)
}

/// The log odds at which the mid-P upper tail is `tail`.
fn mid_p_low(x: u64, n: u64, tail: f64) -> f64 {
    if x == 0 {
        return f64::NEG_INFINITY;
    }
    // P(X >= x)/2 <= mid-P <= P(X >= x) brackets the answer between two exact limits.
    let (low, high) = (exact_low(x, n, tail), exact_low(x, n, 2.0 * tail));
    let slack = 1e-6 * (high - low) + 1e-12;
    let target = libm::log(tail);
    let excess = |log_odds| ln_binomial_mid_upper(x, n, log_odds) - target;
    root::root_between(excess, low - slack, high + slack)
        .expect("the mid-P tail lies between the exact tail and its half")
}

/// The lower limit of Newcombe's method 4 as the product of the roots over the larger, so that nothing cancels.
fn wilson_continuity_low(x: f64, n: f64, z: f64) -> f64 {
    let root = z * z - 2.0 - 1.0 / n + 4.0 * x * ((n - x + 1.0) / n);
    let odd = 2.0 * x - 1.0;
    odd * (odd / (2.0 * n)) / (odd + z * z + z * libm::sqrt(root))
}

fn agresti_coull(x: f64, rest: f64, z: f64) -> Interval {
    wald(x + z * z / 2.0, rest + z * z / 2.0, z)
}

fn wald(x: f64, rest: f64, z: f64) -> Interval {
    let n = x + rest;
    let half_width = z * libm::sqrt(x / n * (rest / n) / n);
    Interval::new(x / n - half_width, x / n + half_width)
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [ProportionMethod; 8] = [
        ProportionMethod::Wilson,
        ProportionMethod::WilsonContinuity,
        ProportionMethod::ClopperPearson,
        ProportionMethod::Jeffreys,
        ProportionMethod::JeffreysRaw,
        ProportionMethod::AgrestiCoull,
        ProportionMethod::MidP,
        ProportionMethod::Wald,
    ];

    fn interval(x: u64, n: u64, method: ProportionMethod) -> Interval {
        let proportion = Proportion::new(x, n).expect("x within n");
        proportion
            .interval(method, Level::NINETY_FIVE)
            .expect("there are trials")
    }

    #[test]
    fn refuses_more_events_than_trials() {
        assert_eq!(
            Proportion::new(3, 2),
            Err(StatsError::EventsExceedTrials {
                events: 3,
                trials: 2
            })
        );
        let none = Proportion::new(0, 0).expect("no trials are allowed");
        assert!(none.estimate().is_none());
        assert!(
            METHODS
                .iter()
                .all(|&m| none.interval(m, Level::NINETY_FIVE).is_none())
        );
    }

    #[test]
    fn by_hand() {
        // 0 of n: the exact upper limit is 1 - 0.025^(1/n), the mid-P one 1 - 0.05^(1/n).
        let exact = interval(0, 5, ProportionMethod::ClopperPearson);
        assert!((exact.high - (1.0 - 0.025_f64.powf(0.2))).abs() < 1e-14 && exact.low == 0.0);
        let mid = interval(0, 5, ProportionMethod::MidP);
        assert!((mid.high - (1.0 - 0.05_f64.powf(0.2))).abs() < 1e-13);
        let z = Level::NINETY_FIVE.z();
        let wald = interval(50, 100, ProportionMethod::Wald);
        assert!((wald.low - (0.5 - z * 0.05)).abs() < 1e-15);
    }

    #[test]
    fn the_complement_mirrors_the_interval() {
        for method in METHODS {
            for (x, n) in [(0, 7), (1, 7), (3, 7), (180, 4000)] {
                let (one, other) = (interval(x, n, method), interval(n - x, n, method));
                assert!(
                    (one.low - (1.0 - other.high)).abs() < 1e-14,
                    "{method:?} {x}/{n}"
                );
                assert!(
                    (one.high - (1.0 - other.low)).abs() < 1e-14,
                    "{method:?} {x}/{n}"
                );
            }
        }
    }

    #[test]
    fn mid_p_is_inside_the_exact_interval_at_any_level_and_size() {
        for level in [0.01, 0.5, 0.999_999] {
            let level = Level::new(level).expect("a level");
            for (x, n) in [(1, 1), (2, 9), (999_999_999, 1_000_000_000)] {
                let p = Proportion::new(x, n).expect("x within n");
                let exact = p
                    .interval(ProportionMethod::ClopperPearson, level)
                    .expect("trials");
                let mid = p.interval(ProportionMethod::MidP, level).expect("trials");
                assert!(
                    exact.low < mid.low && mid.high <= exact.high,
                    "{x}/{n} {level:?}"
                );
            }
        }
    }
}
