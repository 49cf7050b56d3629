//! Pearson's chi-square test that several groups have one rate of events per trial.
//!
//! For the outcome test of Knowles, Persico and Todd: in their model, equal hit rates mean no taste for discrimination.
//! Unequal and equal rates alike can mislead where the marginal search is not the average one; that is said in the
//! analysis, not here.

use serde::{Deserialize, Serialize};

use super::{PValue, StatsError, special};

/// Events and trials of several groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EqualRates {
    groups: Vec<(u64, u64)>,
}

/// The test of equal rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EqualRatesTest {
    /// The chi-square statistic.
    pub statistic: f64,
    /// Groups with trials, minus one.
    pub df: u64,
    /// The upper tail.
    pub p: PValue,
    /// The least expected count of events or non-events; below 5 the tail is a rough one.
    pub min_expected: f64,
}

impl EqualRates {
    /// Pairs of events and trials, one per group, in any order.
    ///
    /// # Errors
    /// [`StatsError::EventsExceedTrials`].
    pub fn new(groups: Vec<(u64, u64)>) -> Result<Self, StatsError> {
        match groups.iter().find(|(events, trials)| events > trials) {
            Some(&(events, trials)) => Err(StatsError::EventsExceedTrials { events, trials }),
            None => Ok(Self { groups }),
        }
    }

    /// The test of one rate for all groups.
    ///
    /// # Definition
    /// sum (x - n p)^2 / (n p (1 - p)), with p the rate of all groups together; chi-square on groups - 1.
    ///
    /// # Units
    /// Squared standard deviations.
    ///
    /// # Edge cases
    /// Groups without trials are left out and do not count for the degrees of freedom. `None` for fewer than two
    /// groups, and when all trials ended alike.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Pearson (1900); Knowles, Persico and Todd (2001), section V. Equals R `prop.test(correct = FALSE)` and
    /// `chisq.test(correct = FALSE)`.
    #[must_use]
    pub fn test(&self) -> Option<EqualRatesTest> {
        let groups = || {
            self.groups
                .iter()
                .filter(|(_, n)| *n > 0)
                .map(|&(x, n)| (x as f64, n as f64))
        };
        let df = (groups().count() as u64)
            .checked_sub(1)
            .filter(|&df| df > 0)?;
        let (events, trials) = groups().fold((0.0, 0.0), |(x, n), (more_x, more_n)| {
            (x + more_x, n + more_n)
        });
        let (rate, rest) = (events / trials, (trials - events) / trials);
        if rate <= 0.0 || rest <= 0.0 {
            return None;
        }
        let statistic = groups()
            .map(|(x, n)| (x - n * rate).powi(2) / n)
            .sum::<f64>()
            / (rate * rest);
        let smallest = groups().map(|(_, n)| n).fold(f64::INFINITY, f64::min);
        Some(EqualRatesTest {
            statistic,
            df,
            p: PValue::capped(special::chi_square_sf(statistic, df as f64)),
            min_expected: smallest * f64::min(rate, rest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(groups: &[(u64, u64)]) -> Option<EqualRatesTest> {
        EqualRates::new(groups.to_vec()).expect("valid").test()
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked() {
        // 2 of 10 and 4 of 10: pooled 0.3, sum (1^2 / 2.1) twice.
        let answer = test(&[(2, 10), (4, 10)]).expect("defined");
        assert_near(answer.statistic, 2.0 / 2.1);
        assert_near(answer.min_expected, 3.0);
        assert_eq!(answer.df, 1);
        // On 2 degrees of freedom the tail is exp(-x/2).
        let answer = test(&[(2, 10), (4, 10), (9, 11)]).expect("defined");
        assert_near(answer.p.get(), libm::exp(-answer.statistic / 2.0));
    }

    #[test]
    fn order_and_swapping_events_with_non_events_do_not_matter() {
        let one = test(&[(2, 10), (40, 90), (9, 11)]).expect("defined");
        let other = test(&[(2, 11), (8, 10), (50, 90)]).expect("defined");
        assert_near(one.statistic, other.statistic);
        assert_near(one.min_expected, other.min_expected);
    }

    #[test]
    fn groups_without_trials_do_not_count() {
        assert_eq!(test(&[(2, 10), (0, 0), (4, 10)]), test(&[(2, 10), (4, 10)]));
    }

    #[test]
    fn undefined_and_refused() {
        assert!(test(&[]).is_none() && test(&[(2, 10), (0, 0)]).is_none());
        assert!(test(&[(0, 10), (0, 12)]).is_none() && test(&[(10, 10), (12, 12)]).is_none());
        assert!(EqualRates::new(vec![(3, 2)]).is_err());
    }

    #[test]
    fn a_tail_far_out_keeps_its_digits() {
        let p = test(&[(1_000, 10_000), (2_500, 10_000)])
            .expect("defined")
            .p
            .get();
        assert!(p > 0.0 && p < 1e-100);
    }
}
