//! What data of some size can find: the power of comparing two proportions, the smallest ratio found with a given power,
//! and the sample that a ratio needs. Said beside a null, it keeps "not found" apart from "not there".
//!
//! The test is the pooled two-sample Z, two-sided. Stops are taken as independent; dispersion makes every answer too hopeful.

use super::proportion::Proportion;
use super::root::{first_where, root_between};
use super::special::{ln_binomial_pmf, normal_cdf};
use super::two_by_two::TwoByTwo;
use super::{Level, StatsError};

/// Two samples whose proportions are compared: the rate of the reference, and the trials of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    rate: f64,
    level: Level,
}

/// Trials of the group and of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trials {
    /// Of the group.
    pub group: u64,
    /// Of the reference.
    pub reference: u64,
}

/// The smallest ratios away from 1 that are found with the power asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Detectable {
    /// Below 1; `None` where even a rate of 0 is not found.
    pub below: Option<f64>,
    /// Above 1; `None` where even a rate of 1 is not found.
    pub above: Option<f64>,
}

/// Pairs of counts that an exact power may look at.
const MOST_PAIRS: u64 = 4_000_000;

/// Probabilities below this do not change a power in its printed digits.
const NEGLIGIBLE: f64 = 1e-15;

/// Trials beyond which no sample is planned.
const MOST_TRIALS: u64 = 1 << 50;

impl Comparison {
    /// The reference's rate, and the level of the intervals that the test agrees with.
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for a rate that is not strictly between 0 and 1.
    pub fn new(rate: f64, level: Level) -> Result<Self, StatsError> {
        if rate > 0.0 && rate < 1.0 {
            return Ok(Self { rate, level });
        }
        Err(StatsError::OutOfRange {
            what: "rate of the reference",
            value: rate,
            allowed: "strictly between 0 and 1",
        })
    }

    /// The power of finding a ratio.
    ///
    /// # Definition
    /// P(|Z| > z): `Phi((d - z s0)/s1) + Phi((-d - z s0)/s1)`, `d = p1 - p0`, `s0^2 = p q (1/n1 + 1/n2)` with the pooled
    /// p, `s1^2 = p1 q1/n1 + p0 q0/n2`.
    ///
    /// # Units
    /// A probability.
    ///
    /// # Edge cases
    /// `None` without trials on a side, and for a ratio that makes the group's rate negative or more than 1.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Fleiss, Levin and Paik (2003), section 4.4, without correction; R `power.prop.test(strict = TRUE)` for equal trials.
    #[must_use]
    pub fn power(&self, ratio: f64, trials: Trials) -> Option<f64> {
        let (n1, n2) = (trials.group as f64, trials.reference as f64);
        let (p1, p0) = (self.rate * ratio, self.rate);
        if n1 <= 0.0 || n2 <= 0.0 || !(0.0..=1.0).contains(&p1) {
            return None;
        }
        let pooled = (n1 * p1 + n2 * p0) / (n1 + n2);
        let null = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
        let own = (p1 * (1.0 - p1) / n1 + p0 * (1.0 - p0) / n2).sqrt();
        let (difference, edge) = (p1 - p0, self.level.z() * null);
        Some(normal_cdf((difference - edge) / own) + normal_cdf((-difference - edge) / own))
    }

    /// The same by enumeration of all pairs of counts.
    ///
    /// # Definition
    /// The sum of P(x1) P(x2) over the pairs whose pooled Z exceeds the quantile.
    ///
    /// # Units
    /// A probability.
    ///
    /// # Edge cases
    /// As [`Comparison::power`]; `None` too where more than four million pairs are likely enough to count.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition.
    #[must_use]
    pub fn exact_power(&self, ratio: f64, trials: Trials) -> Option<f64> {
        self.power(ratio, trials)?;
        let (group, reference) = (
            likely(trials.group, self.rate * ratio)?,
            likely(trials.reference, self.rate)?,
        );
        if (group.len() as u64).saturating_mul(reference.len() as u64) > MOST_PAIRS {
            return None;
        }
        let z = self.level.z();
        let mut power = 0.0;
        for &(x1, p1) in &group {
            let one = Proportion::new(x1, trials.group).ok()?;
            for &(x2, p2) in &reference {
                let two = Proportion::new(x2, trials.reference).ok()?;
                if TwoByTwo::new(one, two)
                    .pooled_z()
                    .is_some_and(|found| found.abs() > z)
                {
                    power += p1 * p2;
                }
            }
        }
        Some(power)
    }

    /// The ratios nearest to 1 that are found with a power.
    ///
    /// # Definition
    /// The roots of [`Comparison::power`] below and above 1.
    ///
    /// # Units
    /// Ratios of rates.
    ///
    /// # Edge cases
    /// As [`Detectable`] says.
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for a power that is not above the test's size and below 1.
    ///
    /// # Source
    /// As [`Comparison::power`].
    pub fn detectable(&self, power: f64, trials: Trials) -> Result<Detectable, StatsError> {
        self.check(power)?;
        let excess = |ratio: f64| self.power(ratio, trials).map_or(f64::NAN, |p| p - power);
        let root = |end: f64| {
            (excess(end) > 0.0)
                .then(|| root_between(excess, 1.0, end))
                .flatten()
        };
        Ok(Detectable {
            below: root(0.0),
            above: root(1.0 / self.rate),
        })
    }

    /// The trials with which a ratio is found, the group having a share of all of them.
    ///
    /// # Definition
    /// The smallest number of trials whose [`Comparison::power`] reaches the power asked for.
    ///
    /// # Units
    /// Trials.
    ///
    /// # Edge cases
    /// `None` for a ratio of 1, one that no rate has, and where more than 10^15 trials would be needed.
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for a power as in [`Comparison::detectable`], and for a share that is not strictly
    /// between 0 and 1.
    ///
    /// # Source
    /// As [`Comparison::power`]; R `power.prop.test` gives the trials of one side before rounding.
    pub fn sample(&self, ratio: f64, power: f64, share: f64) -> Result<Option<Trials>, StatsError> {
        self.check(power)?;
        if !(share > 0.0 && share < 1.0) {
            return Err(StatsError::OutOfRange {
                what: "share of the group",
                value: share,
                allowed: "strictly between 0 and 1",
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number below 2^51 is one"
        )]
        let of = |total: u64| {
            let group = ((total as f64 * share).round() as u64).clamp(1, total - 1);
            Trials {
                group,
                reference: total - group,
            }
        };
        let suffices = |total| {
            self.power(ratio, of(total))
                .is_some_and(|found| found >= power)
        };
        let total = first_where(2, MOST_TRIALS, suffices);
        Ok((total < MOST_TRIALS && suffices(total)).then(|| of(total)))
    }

    fn check(&self, power: f64) -> Result<(), StatsError> {
        if power > self.level.alpha() && power < 1.0 {
            return Ok(());
        }
        Err(StatsError::OutOfRange {
            what: "power",
            value: power,
            allowed: "above one minus the level, and below 1",
        })
    }
}

/// The counts that are likely enough to matter, with their probabilities; `None` where they are too many by themselves.
fn likely(n: u64, p: f64) -> Option<Vec<(u64, f64)>> {
    let (mean, spread) = (n as f64 * p, (n as f64 * p * (1.0 - p)).sqrt());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounds between 0 and a count"
    )]
    let (low, high) = (
        (mean - 10.0 * spread - 40.0).max(0.0) as u64,
        ((mean + 10.0 * spread + 40.0) as u64).min(n),
    );
    if high - low > MOST_PAIRS {
        return None;
    }
    let counts = (low..=high).map(|x| (x, libm::exp(ln_binomial_pmf(x, n, p))));
    Some(counts.filter(|(_, p)| *p > NEGLIGIBLE).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> Comparison {
        Comparison::new(0.5, Level::NINETY_FIVE).expect("a rate")
    }

    fn both(n: u64) -> Trials {
        Trials {
            group: n,
            reference: n,
        }
    }

    /// The examples of R's help page of `power.prop.test`: 0.740 for 50 a side, 76.7 a side for a power of 0.9.
    #[test]
    fn the_examples_of_the_peer_come_out() {
        let power = half().power(1.5, both(50)).expect("defined");
        assert!((power - 0.740).abs() < 5e-4, "{power}");
        let sample = half()
            .sample(1.5, 0.9, 0.5)
            .expect("valid")
            .expect("finite");
        assert_eq!(sample, both(77));
    }

    #[test]
    fn hand_worked_enumeration() {
        // One trial a side: |Z| is sqrt 2 at most, so nothing is ever found.
        assert_eq!(half().exact_power(1.5, both(1)), Some(0.0));
        // Four a side and all against none: Z = sqrt 8 > 1.96, as is 4 against 1 (2.19) and 3 against 0 (2.19).
        let expected = 2.0 * (1.0 + 4.0 + 4.0) / 256.0;
        let size = half().exact_power(1.0, both(4)).expect("defined");
        assert!((size - expected).abs() < 1e-12, "{size}");
    }

    #[test]
    fn what_is_detectable_has_the_power_asked_for() {
        let comparison = Comparison::new(0.04, Level::NINETY_FIVE).expect("a rate");
        let trials = Trials {
            group: 900,
            reference: 5000,
        };
        let found = comparison.detectable(0.8, trials).expect("valid");
        for ratio in [found.below, found.above].into_iter().flatten() {
            let power = comparison.power(ratio, trials).expect("defined");
            assert!((power - 0.8).abs() < 1e-9, "{power}");
            let exact = comparison.exact_power(ratio, trials).expect("feasible");
            assert!((exact - 0.8).abs() < 0.03, "{exact}");
        }
        assert!(found.below < Some(1.0) && found.above > Some(1.0));
    }

    #[test]
    fn what_no_data_can_find_is_none() {
        let few = half().detectable(0.8, both(2)).expect("valid");
        assert_eq!((few.below, few.above), (None, None));
        assert_eq!(half().sample(1.0, 0.8, 0.5), Ok(None));
        assert_eq!(half().sample(3.0, 0.8, 0.5), Ok(None));
        assert!(half().sample(1.5, 0.01, 0.5).is_err() && half().sample(1.5, 0.8, 1.0).is_err());
        assert!(
            half()
                .power(
                    1.5,
                    Trials {
                        group: 0,
                        reference: 5
                    }
                )
                .is_none()
        );
    }
}
