//! A rate `x / exposure` and its intervals: stops per resident and year, and anything else counted over an amount of
//! exposure that is itself known.
//!
//! Counting error only, and only of the count: the exposure is taken as fixed. A census denominator with a margin of
//! error belongs to `uncertain`.

use super::special::{
    gamma_quantile, gamma_upper_quantile, ln_poisson_mid_lower, ln_poisson_mid_upper,
};
use super::{Interval, Level, StatsError, root, special};
use serde::{Deserialize, Serialize};

/// `x` events over an exposure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    x: u64,
    exposure: f64,
}

/// How to put an interval around a rate.
///
/// `z` is the two-sided normal quantile of the level, `a` is one minus the level. Limits are for the expected count
/// and are divided by the exposure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RateMethod {
    /// Exact: gamma quantiles at `a/2`, of shape `x` below and `x + 1` above. Garwood 1936; R `poisson.test`.
    #[default]
    Garwood,
    /// `c (1 - 1/(9c) ± z/(3 sqrt c))³` with `c = x` below and `x + 1` above. Rothman and Greenland 1998; epiR
    /// `epi.smr`. A negative lower limit is printed as 0.
    Byar,
    /// The same with `c = x + 1/2` on both sides: epitools `pois.byar`, not Byar's interval.
    ByarHalf,
    /// The mean at which `P(X > x) + P(X = x)/2`, or its mirror image, is `a/2`. Cohen and Yang 1994.
    #[serde(rename = "midp")]
    MidP,
    /// `x + z²/2 ± z sqrt(x + z²/4)`. Rao's score; statsmodels `score`.
    PoissonScore,
}

impl Rate {
    /// `x` events over an exposure, such as resident-years.
    ///
    /// # Errors
    /// An exposure that is negative, infinite or NaN; events with an exposure of 0. Nothing over nothing is allowed:
    /// everything asked of it is `None`.
    pub fn new(x: u64, exposure: f64) -> Result<Rate, StatsError> {
        if !(exposure.is_finite() && exposure >= 0.0) {
            let allowed = "a finite number of 0 or more";
            return Err(StatsError::OutOfRange {
                what: "exposure",
                value: exposure,
                allowed,
            });
        }
        if exposure == 0.0 && x > 0 {
            return Err(StatsError::EventsWithoutExposure { events: x });
        }
        Ok(Rate { x, exposure })
    }

    /// Events.
    #[must_use]
    pub fn x(&self) -> u64 {
        self.x
    }

    /// Exposure.
    #[must_use]
    pub fn exposure(&self) -> f64 {
        self.exposure
    }

    /// The rate.
    ///
    /// # Definition
    /// `x / exposure`.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` without exposure.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        (self.exposure > 0.0).then(|| self.x as f64 / self.exposure)
    }

    /// An interval for the rate behind the count.
    ///
    /// # Definition
    /// By [`RateMethod`].
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` without exposure. The lower limit is exactly 0 at `x = 0`.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `x = 10^7`. From 10^8 the exact and the mid-P limits
    /// are Cornish and Fisher's expansion, which leaves out nothing that a double holds.
    #[must_use]
    pub fn interval(&self, method: RateMethod, level: Level) -> Option<Interval> {
        if self.exposure == 0.0 {
            return None;
        }
        let x = self.x as f64;
        let count = match method {
            RateMethod::Garwood => {
                Interval::new(exact_low(x, level.tail()), exact_high(x, level.tail()))
            }
            RateMethod::Byar => byar(x, x + 1.0, level.z()),
            RateMethod::ByarHalf => byar(x + 0.5, x + 0.5, level.z()),
            RateMethod::MidP => Interval::new(
                mid_p_low(self.x, level.tail()),
                mid_p_high(self.x, level.tail()),
            ),
            RateMethod::PoissonScore => score(x, level.z()),
        };
        Some(count.map(|limit| limit / self.exposure))
    }
}

fn exact_low(x: f64, tail: f64) -> f64 {
    if x == 0.0 {
        0.0
    } else {
        gamma_quantile(tail, x)
    }
}

fn exact_high(x: f64, tail: f64) -> f64 {
    gamma_upper_quantile(tail, x + 1.0)
}

fn byar(below: f64, above: f64, z: f64) -> Interval {
    let limit = |c: f64, z: f64| {
        let base = (1.0 - 1.0 / (9.0 * c) + z / (3.0 * libm::sqrt(c))).max(0.0);
        c * base * base * base
    };
    Interval::new(
        if below > 0.0 { limit(below, -z) } else { 0.0 },
        limit(above, z),
    )
}

fn score(x: f64, z: f64) -> Interval {
    let high = x + z * z / 2.0 + z * libm::sqrt(x + z * z / 4.0);
    // The product of the two roots is x²: the lower one without a subtraction.
    Interval::new(x * (x / high), high)
}

/// Counts from which mid-P limits are an expansion: the sums of their tails would take seconds.
const LARGE: u64 = 100_000_000;

/// How far the mid-P limit of a large count lies outside the quantile of a gamma variable of that count and a half.
///
/// The mean of the tails of the shapes x and x + 1 is the tail of x + 1/2 and an eighth of its second derivative by the
/// shape, `-z phi(z) / x`; the slope by the quantile is `phi(z) / x^(1/2)`. What is left out is below 1e-16 of the limit.
fn mid_p_outward(x: u64, tail: f64) -> f64 {
    special::normal_upper_quantile(tail) / (8.0 * libm::sqrt(x as f64))
}

fn mid_p_low(x: u64, tail: f64) -> f64 {
    if x == 0 {
        return 0.0;
    }
    let count = x as f64;
    if x >= LARGE {
        return gamma_quantile(tail, count + 0.5) - mid_p_outward(x, tail);
    }
    let bracket = (exact_low(count, tail), exact_low(count, 2.0 * tail));
    mid_p_limit(bracket, |mean| {
        ln_poisson_mid_upper(x, mean) - libm::log(tail)
    })
}

fn mid_p_high(x: u64, tail: f64) -> f64 {
    let count = x as f64;
    if x >= LARGE {
        return gamma_upper_quantile(tail, count + 0.5) + mid_p_outward(x, tail);
    }
    let bracket = (exact_high(count, 2.0 * tail), exact_high(count, tail));
    mid_p_limit(bracket, |mean| {
        ln_poisson_mid_lower(x, mean) - libm::log(tail)
    })
}

/// Half the exact tail <= mid-P <= the exact tail brackets the answer between two exact limits.
fn mid_p_limit((low, high): (f64, f64), excess: impl Fn(f64) -> f64) -> f64 {
    let slack = 1e-6 * (high - low) + 1e-12 * high;
    root::root_between(excess, (low - slack).max(0.0), high + slack)
        .expect("the mid-P tail lies between the exact tail and its half")
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHODS: [RateMethod; 5] = [
        RateMethod::Garwood,
        RateMethod::Byar,
        RateMethod::ByarHalf,
        RateMethod::MidP,
        RateMethod::PoissonScore,
    ];

    fn interval(x: u64, exposure: f64, method: RateMethod) -> Interval {
        let rate = Rate::new(x, exposure).expect("a rate");
        rate.interval(method, Level::NINETY_FIVE)
            .expect("there is exposure")
    }

    #[test]
    fn refuses_what_is_not_an_exposure() {
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(Rate::new(1, bad), Err(StatsError::OutOfRange { .. })),
                "{bad}"
            );
        }
        assert_eq!(
            Rate::new(4, 0.0),
            Err(StatsError::EventsWithoutExposure { events: 4 })
        );
        let none = Rate::new(0, 0.0).expect("nothing over nothing is allowed");
        assert!(
            none.estimate().is_none()
                && none
                    .interval(RateMethod::Garwood, Level::NINETY_FIVE)
                    .is_none()
        );
    }

    #[test]
    fn no_events_by_hand() {
        // The exact upper limit of 0 events is -ln(0.025), the mid-P one -ln(0.05).
        let exact = interval(0, 2.0, RateMethod::Garwood);
        assert!((exact.high + 0.025_f64.ln() / 2.0).abs() < 1e-14);
        let mid = interval(0, 2.0, RateMethod::MidP);
        assert!((mid.high + 0.05_f64.ln() / 2.0).abs() < 1e-13);
        assert!(METHODS.iter().all(|&m| interval(0, 2.0, m).low == 0.0));
    }

    #[test]
    fn exposure_only_scales() {
        for method in METHODS {
            let (one, thousand) = (interval(12, 1.0, method), interval(12, 1000.0, method));
            assert!((one.low / 1000.0 / thousand.low - 1.0).abs() < 1e-15);
            assert!((one.high / 1000.0 / thousand.high - 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn mid_p_goes_on_evenly_where_the_expansion_begins() {
        let below = interval(LARGE - 1, 1.0, RateMethod::MidP);
        let above = interval(LARGE, 1.0, RateMethod::MidP);
        // One event more moves a limit by 1 -+ z / (2 x^(1/2)).
        let slope = Level::NINETY_FIVE.z() / (2.0 * 1e4);
        for (step, want) in [
            (above.low - below.low, 1.0 - slope),
            (above.high - below.high, 1.0 + slope),
        ] {
            assert!((step - want).abs() < 2e-7, "{step} is not {want}");
        }
    }

    #[test]
    fn mid_p_is_inside_the_exact_interval() {
        for x in [1, 7, 1234, 100_000_000] {
            let (exact, mid) = (
                interval(x, 1.0, RateMethod::Garwood),
                interval(x, 1.0, RateMethod::MidP),
            );
            assert!(exact.low < mid.low && mid.high < exact.high, "{x}");
        }
    }
}
