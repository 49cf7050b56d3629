//! Rates, ratios and indices whose denominator is itself an estimate, such as a census figure with a margin of error.
//!
//! The uncertainty of the count (times its dispersion) and of the denominators add up on the logarithmic scale. The
//! approximation is poor when a denominator's relative error passes about a third, and it treats two denominators as
//! independent. Dispersion below 1 is taken as 1: cells that agree better than chance do not make counting more exact.

use serde::{Deserialize, Serialize};

use super::{Interval, Level, StatsError};

/// Events over a denominator that is an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UncertainRate {
    events: u64,
    denominator: f64,
    std_error: f64,
}

/// The ratio of two rates over denominators that are estimates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UncertainRatio {
    /// The group in question.
    pub group: UncertainRate,
    /// The reference.
    pub reference: UncertainRate,
}

/// A share of events over a benchmark share that is an estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UncertainIndex {
    events: u64,
    all_events: u64,
    benchmark: f64,
    std_error: f64,
}

/// An estimate with an interval that is normal on its logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LogDelta {
    /// The rate, ratio or index.
    pub estimate: f64,
    /// The standard error of its natural logarithm.
    pub log_std_error: f64,
    /// The interval with the normal quantile.
    pub interval: Interval,
}

impl LogDelta {
    /// The interval with another quantile, such as Student's on the degrees of freedom of the dispersion.
    ///
    /// # Definition
    /// estimate exp(+- critical se).
    ///
    /// # Units
    /// Those of the estimate.
    ///
    /// # Edge cases
    /// A negative quantile is taken by its size.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The delta method on the log scale.
    #[must_use]
    pub fn interval_with(&self, critical: f64) -> Interval {
        let half = critical.abs() * self.log_std_error;
        Interval::new(
            self.estimate * libm::exp(-half),
            self.estimate * libm::exp(half),
        )
    }

    fn new(estimate: f64, log_variance: f64, level: Level) -> Option<Self> {
        let log_std_error = log_variance.sqrt();
        let half = level.z() * log_std_error;
        let (low, high) = (estimate * libm::exp(-half), estimate * libm::exp(half));
        let defined = estimate > 0.0 && high.is_finite() && log_variance > 0.0;
        defined.then(|| Self {
            estimate,
            log_std_error,
            interval: Interval::new(low, high),
        })
    }
}

impl UncertainRate {
    /// Events over a denominator with its standard error; 0 where the census controls the figure.
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for a denominator that is not positive and finite, or a standard error that is
    /// negative or not finite.
    pub fn new(events: u64, denominator: f64, std_error: f64) -> Result<Self, StatsError> {
        check_estimate("denominator", denominator, std_error)?;
        Ok(Self {
            events,
            denominator,
            std_error,
        })
    }

    /// The rate and its interval.
    ///
    /// # Definition
    /// r = n/N; var(log r) = phi/n + (SE_N/N)^2, with phi at least 1.
    ///
    /// # Units
    /// Events per unit of the denominator.
    ///
    /// # Edge cases
    /// `None` without events: the logarithm is undefined, and the caller falls back on an exact interval.
    ///
    /// # Errors
    /// None; a dispersion that is not finite gives `None`.
    ///
    /// # Source
    /// Delta method, as in Rothman, Greenland and Lash (2008), chapter 14, with the census variance added. Equals a
    /// direct evaluation in R and mpmath.
    #[must_use]
    pub fn rate(&self, phi: f64, level: Level) -> Option<LogDelta> {
        LogDelta::new(
            self.events as f64 / self.denominator,
            self.log_variance(phi),
            level,
        )
    }

    fn log_variance(&self, phi: f64) -> f64 {
        widened(phi) / self.events as f64 + (self.std_error / self.denominator).powi(2)
    }
}

impl UncertainRatio {
    /// The ratio of the group's rate to the reference's, and its interval.
    ///
    /// # Definition
    /// RR = r_g/r_0; var(log RR) = phi/n_g + phi/n_0 + (SE_g/N_g)^2 + (SE_0/N_0)^2, with phi at least 1.
    ///
    /// # Units
    /// A ratio of rates.
    ///
    /// # Edge cases
    /// `None` when either has no events.
    ///
    /// # Errors
    /// None; a dispersion that is not finite gives `None`.
    ///
    /// # Source
    /// Delta method, as [`UncertainRate::rate`].
    #[must_use]
    pub fn ratio(&self, phi: f64, level: Level) -> Option<LogDelta> {
        let (group, reference) = (&self.group, &self.reference);
        let counts = group.events as f64 / reference.events as f64;
        let variance = group.log_variance(phi) + reference.log_variance(phi);
        LogDelta::new(
            counts * (reference.denominator / group.denominator),
            variance,
            level,
        )
    }
}

impl UncertainIndex {
    /// The group's events among all events, and its share of the benchmark with the standard error of that share.
    ///
    /// # Errors
    /// [`StatsError::EventsExceedTrials`]; [`StatsError::OutOfRange`] for a share outside (0, 1] or a standard error
    /// that is negative or not finite.
    pub fn new(
        events: u64,
        all_events: u64,
        benchmark: f64,
        std_error: f64,
    ) -> Result<Self, StatsError> {
        if events > all_events {
            return Err(StatsError::EventsExceedTrials {
                events,
                trials: all_events,
            });
        }
        check_estimate("benchmark share", benchmark, std_error)?;
        if benchmark > 1.0 {
            let (what, allowed) = ("benchmark share", "at most 1");
            return Err(StatsError::OutOfRange {
                what,
                value: benchmark,
                allowed,
            });
        }
        Ok(Self {
            events,
            all_events,
            benchmark,
            std_error,
        })
    }

    /// The disparity index, the group's share of events over its share of the benchmark, and its interval.
    ///
    /// # Definition
    /// DI = s/B with s = n_g/n; var(log DI) = phi (1 - s)/n_g + (SE_B/B)^2, with phi at least 1.
    ///
    /// # Units
    /// A ratio of shares.
    ///
    /// # Edge cases
    /// `None` without events of the group, and when both the share is 1 and the benchmark is controlled, which leaves no
    /// variance.
    ///
    /// # Errors
    /// None; a dispersion that is not finite gives `None`.
    ///
    /// # Source
    /// Delta method for a binomial share over an independent estimate.
    #[must_use]
    pub fn index(&self, phi: f64, level: Level) -> Option<LogDelta> {
        let (events, all) = (self.events as f64, self.all_events as f64);
        let share_of_others = (self.all_events - self.events) as f64 / all;
        let variance =
            widened(phi) * share_of_others / events + (self.std_error / self.benchmark).powi(2);
        LogDelta::new(events / all / self.benchmark, variance, level)
    }
}

/// The dispersion, at least 1; NaN stays NaN, so that an undefined one gives no interval rather than the narrowest.
fn widened(phi: f64) -> f64 {
    if phi < 1.0 { 1.0 } else { phi }
}

fn check_estimate(what: &'static str, value: f64, std_error: f64) -> Result<(), StatsError> {
    if !(value > 0.0 && value.is_finite()) {
        return Err(StatsError::OutOfRange {
            what,
            value,
            allowed: "positive and finite",
        });
    }
    if !(std_error >= 0.0 && std_error.is_finite()) {
        let what = "standard error";
        return Err(StatsError::OutOfRange {
            what,
            value: std_error,
            allowed: "finite and not negative",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::NINETY_FIVE;

    fn rate(events: u64, denominator: f64, std_error: f64) -> UncertainRate {
        UncertainRate::new(events, denominator, std_error).expect("valid")
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked() {
        // 25 events: 1/25 = 0.04; a relative error of 0.3 adds 0.09; with phi 4: 0.16 + 0.09 = 0.5^2.
        let answer = rate(25, 1000.0, 300.0).rate(4.0, LEVEL).expect("defined");
        assert_near(answer.estimate, 0.025);
        assert_near(answer.log_std_error, 0.5);
        assert_near(answer.interval.high, 0.025 * libm::exp(0.5 * LEVEL.z()));
        assert_near(answer.interval_with(-2.0).low, 0.025 * libm::exp(-1.0));
        // 16 of 64: (1 - 0.25)/16 + 0.05^2.
        let index = UncertainIndex::new(16, 64, 0.2, 0.01)
            .expect("valid")
            .index(1.0, LEVEL)
            .expect("defined");
        assert_near(index.estimate, 1.25);
        assert_near(index.log_std_error, (0.75_f64 / 16.0 + 0.0025).sqrt());
    }

    #[test]
    fn ratio_adds_the_variances_and_inverts() {
        let (group, reference) = (rate(50, 900.0, 60.0), rate(70, 4000.0, 0.0));
        let ratio = UncertainRatio { group, reference }
            .ratio(3.0, LEVEL)
            .expect("defined");
        let inverse = UncertainRatio {
            group: reference,
            reference: group,
        }
        .ratio(3.0, LEVEL)
        .expect("defined");
        let parts = group.log_variance(3.0) + reference.log_variance(3.0);
        assert_near(ratio.log_std_error.powi(2), parts);
        assert_near(ratio.interval.low * inverse.interval.high, 1.0);
    }

    #[test]
    fn unit_of_the_denominator_does_not_matter() {
        let thousands = UncertainRatio {
            group: rate(5, 0.9, 0.2),
            reference: rate(8, 4.0, 0.3),
        };
        let people = UncertainRatio {
            group: rate(5, 900.0, 200.0),
            reference: rate(8, 4000.0, 300.0),
        };
        let (one, other) = (thousands.ratio(1.0, LEVEL), people.ratio(1.0, LEVEL));
        assert_near(
            one.expect("defined").interval.low,
            other.expect("defined").interval.low,
        );
    }

    #[test]
    fn dispersion_below_one_does_not_narrow_and_an_undefined_one_gives_nothing() {
        let rate = rate(25, 1000.0, 0.0);
        assert_eq!(rate.rate(0.3, LEVEL), rate.rate(1.0, LEVEL));
        assert!(rate.rate(f64::NAN, LEVEL).is_none() && rate.rate(f64::INFINITY, LEVEL).is_none());
    }

    #[test]
    fn undefined_and_refused() {
        assert!(rate(0, 10.0, 1.0).rate(1.0, LEVEL).is_none());
        let (none, some) = (rate(0, 10.0, 1.0), rate(4, 10.0, 1.0));
        assert!(
            UncertainRatio {
                group: none,
                reference: some
            }
            .ratio(1.0, LEVEL)
            .is_none()
        );
        assert!(
            UncertainRatio {
                group: some,
                reference: none
            }
            .ratio(1.0, LEVEL)
            .is_none()
        );
        assert!(
            UncertainIndex::new(5, 5, 0.5, 0.0)
                .expect("valid")
                .index(1.0, LEVEL)
                .is_none()
        );
        assert!(
            UncertainIndex::new(0, 0, 0.5, 0.1)
                .expect("valid")
                .index(1.0, LEVEL)
                .is_none()
        );
        assert!(
            UncertainRate::new(1, 0.0, 1.0).is_err() && UncertainRate::new(1, 2.0, -1.0).is_err()
        );
        assert!(
            UncertainIndex::new(6, 5, 0.5, 0.0).is_err()
                && UncertainIndex::new(1, 5, 1.5, 0.0).is_err()
        );
    }
}
