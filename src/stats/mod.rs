//! Pure statistics: counts go in, estimates, intervals and p-values come out.
//!
//! For the analyses, and for anyone who wants the arithmetic without the files around it. A struct here holds the
//! sufficient statistics of one question (events and trials, two rates, a table); the level and the method are
//! arguments of the question asked of it, so that the same table answers several. What is not defined is `None`.
//! Nothing here reads a file, knows a column name, or warns: the layer above turns a `None` into a sentence.

pub mod acs;
pub mod adjust;
pub mod at_random;
pub mod bacon;
pub mod binomial_test;
pub mod breslow_day;
pub mod chi_square;
pub mod cluster;
pub mod contingency;
pub mod difference_in_differences;
pub mod dispersion;
mod draws;
pub mod goodness_of_fit;
pub mod group_time;
pub mod imputation;
pub mod interrupted_time_series;
pub mod mantel_haenszel;
pub mod mantel_haenszel_exact;
pub mod misrecorded;
pub mod missing;
pub mod paired;
pub mod poisson_compare;
pub mod pool;
pub mod power;
pub mod proportion;
pub mod rate;
pub mod rate_ratio;
pub mod regression;
pub mod root;
pub mod simplex;
pub mod special;
pub mod standardise;
pub mod sun;
pub mod synthetic_control;
pub mod synthetic_did;
pub mod threshold;
pub mod trend;
pub mod two_by_two;
pub mod two_way;
pub mod uncertain;
pub mod weighted_mean;

use serde::{Deserialize, Serialize};

/// What the statistics layer refuses.
///
/// Each message is a fragment with the offending value and what is allowed; the caller puts the study around it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A confidence level that is not strictly between 0 and 1.
    #[error("confidence level {0}: must lie strictly between 0 and 1, such as 0.95")]
    Level(f64),
    /// A p-value outside [0, 1].
    #[error("p-value {0}: must lie between 0 and 1")]
    PValue(f64),
    /// More events than there were trials.
    #[error("{events} events out of {trials} trials: events must not exceed trials")]
    EventsExceedTrials {
        /// Events counted.
        events: u64,
        /// Trials they were counted in.
        trials: u64,
    },
    /// Events in a place or period nobody was exposed to.
    #[error(
        "{events} events with an exposure of 0: the exposure must be positive where events were counted"
    )]
    EventsWithoutExposure {
        /// Events counted.
        events: u64,
    },
    /// A pool smaller than the sample drawn from it.
    #[error("a pool of {pool} for a sample of {sample}: the pool must hold at least the sample")]
    PoolTooSmall {
        /// Size of the pool.
        pool: u64,
        /// Size of the sample drawn from it.
        sample: u64,
    },
    /// Arrays that belong together and are of different length, or empty.
    #[error("arrays of {first} and {second} numbers: must be equally long and not empty")]
    Ragged {
        /// Length of the first.
        first: usize,
        /// Length of the second.
        second: usize,
    },
    /// A number outside its range.
    #[error("{what} {value}: must be {allowed}")]
    OutOfRange {
        /// What the number is, in the field's word.
        what: &'static str,
        /// The value given.
        value: f64,
        /// The values allowed, as a phrase after "must be".
        allowed: &'static str,
    },
    /// Lists that should run in parallel and do not.
    #[error(
        "{left} values of {what} beside {right} of its partner: the lists must have equal length"
    )]
    UnequalLengths {
        /// What the lists hold.
        what: &'static str,
        /// Length of the first.
        left: usize,
        /// Length of the second.
        right: usize,
    },
    /// Fewer items than the method needs.
    #[error("{got} {what}: at least {needed} needed")]
    TooFew {
        /// What is counted, in the plural.
        what: &'static str,
        /// How many were given.
        got: usize,
        /// The least number that will do.
        needed: usize,
    },
    /// An exact answer that would take longer than its stated bound.
    #[error("{what} takes more than {limit} steps: use {instead}")]
    TooCostly {
        /// What was asked for, with its article.
        what: &'static str,
        /// The bound on the work.
        limit: u64,
        /// What answers the same question at once.
        instead: &'static str,
    },
}

/// A two-sided confidence level, strictly between 0 and 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Level(f64);

impl Level {
    /// The level used unless the study says otherwise.
    pub const NINETY_FIVE: Level = Level(0.95);

    /// A level such as 0.95.
    ///
    /// # Errors
    /// Anything outside the open interval (0, 1), NaN, and a level so near 0 that `1 - level` rounds to 1.
    pub fn new(level: f64) -> Result<Level, StatsError> {
        if level < 1.0 && 1.0 - level < 1.0 {
            Ok(Level(level))
        } else {
            Err(StatsError::Level(level))
        }
    }

    /// The level itself, such as 0.95.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The probability left outside, `1 - level`.
    ///
    /// The subtraction is exact for a level of one half or more (Sterbenz); below that it is rounded once.
    #[must_use]
    pub fn alpha(self) -> f64 {
        1.0 - self.0
    }

    /// The probability left outside on each side, half of [`Level::alpha`].
    #[must_use]
    pub fn tail(self) -> f64 {
        self.alpha() / 2.0
    }

    /// The two-sided standard normal quantile: 1.959964 at 0.95.
    #[must_use]
    pub fn z(self) -> f64 {
        special::normal_upper_quantile(self.tail())
    }
}

impl Default for Level {
    fn default() -> Level {
        Level::NINETY_FIVE
    }
}

impl TryFrom<f64> for Level {
    type Error = StatsError;

    fn try_from(level: f64) -> Result<Level, StatsError> {
        Level::new(level)
    }
}

impl From<Level> for f64 {
    fn from(level: Level) -> f64 {
        level.0
    }
}

/// A closed interval; either end may be infinite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// An interval from `low` to `high`.
    ///
    /// Ends that cross by rounding only, as they may at a level near 0, are put in order.
    ///
    /// # Panics
    /// If `low` exceeds `high` by more, or either is NaN: an interval that is not defined is `None`, not an `Interval`.
    #[must_use]
    pub fn new(low: f64, high: f64) -> Interval {
        let rounding = 1e-12 * low.abs().max(high.abs());
        assert!(
            low <= high || low - high <= rounding,
            "interval ends out of order: {low} to {high}"
        );
        Interval {
            low: low.min(high),
            high: high.max(low),
        }
    }

    /// Whether `value` lies inside, ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Both ends through an increasing function, such as a change of unit or `exp`.
    #[must_use]
    pub fn map(self, increasing: impl Fn(f64) -> f64) -> Interval {
        Interval::new(increasing(self.low), increasing(self.high))
    }
}

/// A p-value, in [0, 1].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct PValue(f64);

impl PValue {
    /// A p-value.
    ///
    /// # Errors
    /// Anything outside [0, 1], and NaN.
    pub fn new(p: f64) -> Result<PValue, StatsError> {
        if (0.0..=1.0).contains(&p) {
            Ok(PValue(p))
        } else {
            Err(StatsError::PValue(p))
        }
    }

    /// A sum of tails, which may exceed 1 by rounding or by doubling the smaller of two overlapping tails.
    pub(crate) fn capped(tails: f64) -> PValue {
        assert!(
            tails >= 0.0,
            "a sum of tails is not negative and not NaN: {tails}"
        );
        PValue(tails.min(1.0))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for PValue {
    type Error = StatsError;

    fn try_from(p: f64) -> Result<PValue, StatsError> {
        PValue::new(p)
    }
}

impl From<PValue> for f64 {
    fn from(p: PValue) -> f64 {
        p.0
    }
}

/// Which tables or counts an exact test adds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExactForm {
    /// Two-sided, the smaller tail doubled, capped at 1; agrees with the central exact interval.
    #[default]
    Central,
    /// Two-sided, everything no likelier than what was observed, ties within a relative 1e-7 included; R's form.
    MinimumLikelihood,
    /// The observed count or fewer.
    Less,
    /// The observed count or more.
    Greater,
}

/// Masses within this share of the observed one count as ties; R's value, for rounding alone must not break a tie.
const TIE: f64 = 1e-7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_refuses_what_is_not_a_level() {
        for bad in [0.0, 1e-17, 1.0, 95.0, -0.1, f64::NAN, f64::INFINITY] {
            assert!(
                matches!(Level::new(bad), Err(StatsError::Level(_))),
                "{bad}"
            );
        }
        assert!((Level::NINETY_FIVE.z() - 1.959_963_984_540_054).abs() < 1e-14);
    }

    #[test]
    fn p_value_keeps_its_range() {
        assert!(PValue::new(1.000_1).is_err());
        assert!(PValue::new(f64::NAN).is_err());
        assert!((PValue::capped(1.4).get() - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn interval_may_be_infinite() {
        let all = Interval::new(0.0, f64::INFINITY);
        assert!(all.contains(1e300) && !all.contains(-1.0));
    }

    #[test]
    fn interval_ends_may_cross_by_rounding() {
        let point = Interval::new(0.3, 0.1 + 0.2 - 1e-15);
        assert!(point.low < point.high);
    }

    #[test]
    #[should_panic(expected = "out of order")]
    fn interval_refuses_ends_out_of_order() {
        let _ = Interval::new(0.4, 0.3);
    }
}
