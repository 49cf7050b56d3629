//! A chi-square statistic with its tail, and Pearson's test that several groups have one rate of events per trial.
//!
//! The second is for the outcome test of Knowles, Persico and Todd: in their model, equal hit rates mean no taste for
//! discrimination. Unequal and equal rates alike can mislead where the marginal search is not the average one; that is
//! said in the analysis, not here.

use serde::{Deserialize, Serialize};

use super::contingency::ContingencyTable;
use super::{PValue, StatsError, special};

/// A statistic that is chi-square if nothing but chance is at work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ChiSquareTest {
    /// The statistic.
    pub statistic: f64,
    /// Its degrees of freedom.
    pub df: u64,
    /// Its upper tail.
    pub p: PValue,
}

impl ChiSquareTest {
    /// A statistic of 0 or more on these degrees of freedom; `None` without any, and when it is not finite.
    pub(super) fn of(statistic: f64, df: u64) -> Option<ChiSquareTest> {
        (df > 0 && statistic.is_finite()).then(|| ChiSquareTest {
            statistic,
            df,
            p: PValue::capped(special::chi_square_sf(statistic, df as f64)),
        })
    }

    /// The decimal logarithm of the p-value, which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the upper tail.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// 0 at a statistic of 0.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As the p-value; agrees with R `pchisq(lower.tail = FALSE, log.p = TRUE)`.
    #[must_use]
    pub fn log10_p(&self) -> f64 {
        special::ln_chi_square_sf(self.statistic, self.df as f64) / core::f64::consts::LN_10
    }
}

/// Events and trials of several groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EqualRates {
    table: ContingencyTable,
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
    /// [`StatsError::EventsExceedTrials`]; more than 10^12 trials in all.
    pub fn new(groups: Vec<(u64, u64)>) -> Result<Self, StatsError> {
        if let Some(&(events, trials)) = groups.iter().find(|(events, trials)| events > trials) {
            return Err(StatsError::EventsExceedTrials { events, trials });
        }
        let row = |(events, trials): (u64, u64)| vec![events, trials - events];
        let table = ContingencyTable::new(groups.into_iter().map(row).collect())?;
        Ok(Self { table })
    }

    /// The test of one rate for all groups.
    ///
    /// # Definition
    /// sum (x - n p)^2 / (n p (1 - p)), with p the rate of all groups together; chi-square on groups - 1. It is
    /// [`ContingencyTable::pearson`] of events and non-events.
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
        let ChiSquareTest { statistic, df, p } = self.table.pearson()?;
        Some(EqualRatesTest {
            statistic,
            df,
            p,
            min_expected: self.table.min_expected()?,
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
