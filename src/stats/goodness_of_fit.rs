//! Counts by category against given shares, and how far two distributions are apart.
//!
//! For stops by group against a benchmark of all groups at once, for digits or hours against what they should be, and
//! for a named mix against another. The shares are taken as exact; a benchmark that was itself estimated needs
//! [`super::contingency`].

use super::StatsError;
use super::chi_square::ChiSquareTest;
use super::special::deviance;

/// Shares of categories that make 1 together.
#[derive(Debug, Clone, PartialEq)]
pub struct Distribution {
    shares: Vec<f64>,
}

/// Counts by category beside the shares they are held against.
#[derive(Debug, Clone, PartialEq)]
pub struct GoodnessOfFit {
    counts: Vec<u64>,
    distribution: Distribution,
}

impl Distribution {
    /// Shares by category.
    ///
    /// # Edge cases
    /// A sum within 1e-8 of 1, as rounded shares have, is brought to 1.
    ///
    /// # Errors
    /// No category; a share that is negative, infinite or NaN; a sum further from 1.
    pub fn new(shares: Vec<f64>) -> Result<Distribution, StatsError> {
        let refused = |what, value, allowed| StatsError::OutOfRange {
            what,
            value,
            allowed,
        };
        if let Some(&odd) = shares.iter().find(|share| !(0.0..=1.0).contains(*share)) {
            return Err(refused("share", odd, "between 0 and 1"));
        }
        let sum: f64 = shares.iter().sum();
        if (sum - 1.0).abs() > 1e-8 {
            return Err(refused("sum of shares", sum, "1"));
        }
        let shares = shares.iter().map(|share| share / sum).collect();
        Ok(Distribution { shares })
    }

    /// The shares of counts.
    ///
    /// # Errors
    /// Nothing counted.
    pub fn of_counts(counts: &[u64]) -> Result<Distribution, StatsError> {
        let sum: f64 = counts.iter().map(|&count| count as f64).sum();
        if sum == 0.0 {
            return Err(StatsError::TooFew {
                what: "counts",
                got: 0,
                needed: 1,
            });
        }
        let shares = counts.iter().map(|&count| count as f64 / sum).collect();
        Ok(Distribution { shares })
    }

    /// The shares, in the order given.
    #[must_use]
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// The total variation distance from another distribution over the same categories.
    ///
    /// # Definition
    /// Half the sum of `|p - q|`: the share that would have to change its category to make one the other, and the largest
    /// difference between the probabilities that the two give to any set of categories.
    /// # Units
    /// A share, from 0 (equal) to 1 (no category in common).
    /// # Edge cases
    /// Of two samples of one population it is above 0 by chance, and more so the more categories there are.
    /// # Errors
    /// [`StatsError::UnequalLengths`].
    /// # Source
    /// Levin, Peres and Wilmer (2009), section 4.1; in segregation research the index of dissimilarity of Duncan and
    /// Duncan (1955).
    pub fn total_variation(&self, other: &Distribution) -> Result<f64, StatsError> {
        same_length(self.shares.len(), other.shares.len())?;
        let pairs = self.shares.iter().zip(&other.shares);
        let distance: f64 = pairs.map(|(p, q)| (p - q).abs()).sum();
        Ok((distance / 2.0).min(1.0))
    }
}

impl GoodnessOfFit {
    /// Counts and the shares of the same categories.
    ///
    /// # Errors
    /// [`StatsError::UnequalLengths`].
    pub fn new(counts: Vec<u64>, distribution: Distribution) -> Result<GoodnessOfFit, StatsError> {
        same_length(counts.len(), distribution.shares.len())?;
        Ok(GoodnessOfFit {
            counts,
            distribution,
        })
    }

    /// Pearson's test that the counts have these shares.
    ///
    /// # Definition
    /// `sum (x - n p)² / (n p)`, with `n` all counts, on the number of categories minus 1.
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// A category without share and without counts is left out. `None` without counts, with fewer than two categories,
    /// and when something was counted where the share is 0: that refutes the shares without a test.
    /// # Errors
    /// None.
    /// # Source
    /// Pearson (1900); R `chisq.test(x, p = p)`.
    #[must_use]
    pub fn pearson(&self) -> Option<ChiSquareTest> {
        self.test(|_, expected, surplus| surplus * (surplus / expected))
    }

    /// The likelihood-ratio test that the counts have these shares.
    ///
    /// # Definition
    /// `G = 2 sum x ln(x / (n p))`, on the number of categories minus 1.
    /// # Units
    /// Twice a log likelihood.
    /// # Edge cases
    /// As [`GoodnessOfFit::pearson`].
    /// # Errors
    /// None.
    /// # Source
    /// Wilks (1938); scipy `power_divergence(lambda_ = "log-likelihood")`.
    #[must_use]
    pub fn g_test(&self) -> Option<ChiSquareTest> {
        self.test(|observed, expected, surplus| 2.0 * deviance(observed, expected, surplus))
    }

    /// The least expected count; below 5 the tails of both tests are rough. `None` without counts.
    ///
    /// # Definition
    /// The smallest n p.
    ///
    /// # Units
    /// Counts.
    ///
    /// # Edge cases
    /// `None` without counts.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Cochran (1954).
    #[must_use]
    pub fn min_expected(&self) -> Option<f64> {
        let n = self.total();
        let shares = self.categories().map(|(_, share)| n * share);
        shares.reduce(f64::min).filter(|_| n > 0.0)
    }

    /// The sum of a term of observed, expected and their difference, as a chi-square.
    fn test(&self, term: impl Fn(f64, f64, f64) -> f64) -> Option<ChiSquareTest> {
        let n = self.total();
        if n == 0.0 || self.categories().any(|(_, share)| share == 0.0) {
            return None;
        }
        let sum = self.categories().map(|(observed, share)| {
            // One rounding instead of two: n p may be a billion and the difference small.
            term(observed, n * share, libm::fma(-n, share, observed))
        });
        let statistic = sum.sum::<f64>().max(0.0);
        ChiSquareTest::of(statistic, self.categories().count() as u64 - 1)
    }

    /// Count and share of each category that has one or the other.
    fn categories(&self) -> impl Iterator<Item = (f64, f64)> {
        let counts = self.counts.iter().map(|&count| count as f64);
        let pairs = counts.zip(self.distribution.shares.iter().copied());
        pairs.filter(|&(count, share)| count > 0.0 || share > 0.0)
    }

    fn total(&self) -> f64 {
        self.counts.iter().map(|&count| count as f64).sum()
    }
}

fn same_length(left: usize, right: usize) -> Result<(), StatsError> {
    if left == right {
        return Ok(());
    }
    Err(StatsError::UnequalLengths {
        what: "one list of categories",
        left,
        right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(shares: &[f64]) -> Distribution {
        Distribution::new(shares.to_vec()).expect("a distribution")
    }

    fn fit(counts: &[u64], p: &[f64]) -> GoodnessOfFit {
        GoodnessOfFit::new(counts.to_vec(), shares(p)).expect("as many")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn by_hand() {
        let test = fit(&[31, 19], &[0.5, 0.5]).pearson().expect("defined");
        close(test.statistic, 2.88);
        assert_eq!(test.df, 1);
        let g = fit(&[8, 0, 4], &[0.5, 0.25, 0.25])
            .g_test()
            .expect("defined");
        close(
            g.statistic,
            2.0 * (8.0 * (8.0_f64 / 6.0).ln() + 4.0 * (4.0_f64 / 3.0).ln()),
        );
        close(libm::exp(-g.statistic / 2.0), g.p.get());
    }

    #[test]
    fn categories_without_share() {
        let without = fit(&[3, 0, 9], &[0.4, 0.0, 0.6]);
        assert_eq!(without.pearson(), fit(&[3, 9], &[0.4, 0.6]).pearson());
        assert!(fit(&[3, 1, 9], &[0.4, 0.0, 0.6]).pearson().is_none());
        assert!(fit(&[0, 0], &[0.4, 0.6]).g_test().is_none());
        assert!(fit(&[0, 0], &[0.4, 0.6]).min_expected().is_none());
        assert!(fit(&[7], &[1.0]).pearson().is_none());
        close(
            fit(&[3, 9], &[0.4, 0.6]).min_expected().expect("defined"),
            4.8,
        );
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for bad in [&[][..], &[0.5, 0.4], &[1.5, -0.5], &[f64::NAN, 1.0]] {
            assert!(Distribution::new(bad.to_vec()).is_err(), "{bad:?}");
        }
        assert!(Distribution::of_counts(&[0, 0]).is_err());
        assert!(GoodnessOfFit::new(vec![1], shares(&[0.5, 0.5])).is_err());
    }

    #[test]
    fn total_variation_by_hand() {
        let (one, other) = (shares(&[0.5, 0.3, 0.2]), shares(&[0.25, 0.25, 0.5]));
        close(one.total_variation(&other).expect("as many"), 0.3);
        close(other.total_variation(&one).expect("as many"), 0.3);
        let apart = Distribution::of_counts(&[7, 0]).expect("counts");
        let from = Distribution::of_counts(&[0, 2]).expect("counts");
        close(apart.total_variation(&from).expect("as many"), 1.0);
        assert!(apart.total_variation(&apart) == Ok(0.0));
        assert!(apart.total_variation(&one).is_err());
    }
}
