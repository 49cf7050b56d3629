//! The Cochran-Armitage test for a trend of proportions over ordered groups.
//!
//! For search rates by age band, hit rates by the strength of the reason, pass rates by year: does the proportion rise
//! or fall in a line with the score? It looks for a line only; a hump has no trend.

use super::chi_square::ChiSquareTest;
use super::proportion::Proportion;
use super::special::normal_sf;
use super::{PValue, StatsError};

/// A proportion per group, each with its score.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    groups: Vec<(Proportion, f64)>,
}

impl Trend {
    /// Proportions with the scores of their groups, in any order.
    ///
    /// # Errors
    /// A score that is infinite or NaN.
    pub fn new(groups: Vec<(Proportion, f64)>) -> Result<Trend, StatsError> {
        match groups.iter().find(|(_, score)| !score.is_finite()) {
            Some(&(_, value)) => Err(StatsError::OutOfRange {
                what: "score",
                value,
                allowed: "a finite number",
            }),
            None => Ok(Trend { groups }),
        }
    }

    /// The trend in standard deviations: positive if the proportion rises with the score.
    ///
    /// # Definition
    /// `sum x (s - m) / sqrt[p (1 - p) sum n (s - m)²]`, with `p` the proportion of all together and `m` the mean of the
    /// scores `s` weighted by the trials `n`.
    /// # Units
    /// Standard deviations.
    /// # Edge cases
    /// `None` when all or none of the trials had the event, and when all trials have one score. Groups without trials
    /// add nothing.
    /// # Errors
    /// None.
    /// # Source
    /// Cochran (1954); Armitage (1955); the signed root of R `prop.trend.test`.
    #[must_use]
    pub fn z(&self) -> Option<f64> {
        let sums = |f: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
            let counted = self.groups.iter().filter(|(group, _)| group.n() > 0);
            counted
                .map(|&(group, score)| f(group.x() as f64, group.n() as f64, score))
                .sum()
        };
        let (events, trials) = (sums(&|x, _, _| x), sums(&|_, n, _| n));
        // Scores such as years are far from 0 and near each other: they are centred before anything is squared.
        let mean = sums(&|_, n, score| n * (score / trials));
        let spread = sums(&|_, n, score| n * (score - mean) * (score - mean));
        let variance = (events / trials) * ((trials - events) / trials) * spread;
        let rise = sums(&|x, n, score| (x - n * (events / trials)) * (score - mean));
        (variance > 0.0 && variance.is_finite() && !self.one_score())
            .then(|| rise / libm::sqrt(variance))
    }

    /// The test of no trend, two-sided.
    ///
    /// # Definition
    /// The square of [`Trend::z`] on 1 degree of freedom: the variance is `p (1 - p)`, with divisor N.
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// As [`Trend::z`].
    /// # Errors
    /// None.
    /// # Source
    /// R `prop.trend.test`.
    #[must_use]
    pub fn test(&self) -> Option<ChiSquareTest> {
        let z = self.z()?;
        ChiSquareTest::of(z * z, 1)
    }

    /// The same test with the variance of drawing without replacement.
    ///
    /// # Definition
    /// [`Trend::test`] times `(N - 1)/N`, with N all trials.
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// As [`Trend::z`].
    /// # Errors
    /// None.
    /// # Source
    /// Mantel (1963); statsmodels `test_ordinal_association`, squared.
    #[must_use]
    pub fn test_n_minus_1(&self) -> Option<ChiSquareTest> {
        let n: f64 = self.groups.iter().map(|(group, _)| group.n() as f64).sum();
        let z = self.z()?;
        ChiSquareTest::of(z * z * ((n - 1.0) / n), 1)
    }

    /// The one-sided p-value of a rise.
    ///
    /// # Definition
    /// `P(Z >= z)`; that of a fall is the one of the negated scores.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// As [`Trend::z`].
    /// # Errors
    /// None.
    /// # Source
    /// Armitage (1955).
    #[must_use]
    pub fn p_rising(&self) -> Option<PValue> {
        self.z().map(|z| PValue::capped(normal_sf(z)))
    }

    /// Whether all trials have the same score, which rounding of the mean could hide.
    fn one_score(&self) -> bool {
        let mut scores = self.groups.iter().filter(|(group, _)| group.n() > 0);
        let first = scores.next().map(|&(_, score)| score);
        scores.all(|&(_, score)| first.is_some_and(|first| score.total_cmp(&first).is_eq()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trend(groups: &[(u64, u64, f64)]) -> Trend {
        let group = |&(x, n, score): &(u64, u64, f64)| {
            (Proportion::new(x, n).expect("a proportion"), score)
        };
        Trend::new(groups.iter().map(group).collect()).expect("a trend")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn by_hand() {
        // p = 0.1, scores -1 0 1: rise 3, variance 0.09 x 20.
        let t = trend(&[(0, 10, 1.0), (0, 10, 2.0), (3, 10, 3.0)]);
        close(t.z().expect("defined"), 3.0 / 1.8_f64.sqrt());
        close(t.test().expect("defined").statistic, 5.0);
        close(
            t.test_n_minus_1().expect("defined").statistic,
            5.0 * 29.0 / 30.0,
        );
        let p = t.test().expect("defined").p.get();
        close(t.p_rising().expect("defined").get(), p / 2.0);
    }

    #[test]
    fn two_groups_are_pearson() {
        use crate::stats::two_by_two::TwoByTwo;
        let table = TwoByTwo::from_cells(17, 43, 30, 41).expect("a table");
        let got = trend(&[(17, 60, 0.0), (30, 71, 1.0)]).test();
        let want = table.pearson().expect("defined").statistic;
        close(got.expect("defined").statistic, want);
    }

    #[test]
    fn scale_order_and_empty_groups_do_not_matter() {
        let one = trend(&[(3, 20, 1.0), (9, 30, 2.0), (11, 25, 4.0)]);
        let other = trend(&[
            (11, 25, 2040.0),
            (0, 0, 5.0),
            (3, 20, 2010.0),
            (9, 30, 2020.0),
        ]);
        close(one.z().expect("defined"), other.z().expect("defined"));
        let falling = trend(&[(3, 20, -1.0), (9, 30, -2.0), (11, 25, -4.0)]);
        close(one.z().expect("defined"), -falling.z().expect("defined"));
    }

    #[test]
    fn undefined_and_refused() {
        for t in [
            trend(&[]),
            trend(&[(1, 4, 2.0)]),
            trend(&[(1, 4, 0.1), (3, 4, 0.1), (2, 7, 0.1)]),
            trend(&[(0, 4, 1.0), (0, 9, 2.0)]),
            trend(&[(4, 4, 1.0), (9, 9, 2.0)]),
            trend(&[(1, 4, 1.0), (0, 0, 2.0)]),
        ] {
            assert!(t.z().is_none() && t.test_n_minus_1().is_none());
        }
        let group = Proportion::new(1, 2).expect("a proportion");
        assert!(Trend::new(vec![(group, f64::NAN)]).is_err());
    }
}
