//! The chi-square tests of a two-by-two table and its phi.

use super::TwoByTwo;
use crate::stats::StatsError;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::contingency::{ContingencyTable, MOST_COUNTED};
use crate::stats::proportion::Proportion;

impl TwoByTwo {
    /// A table by its cells: events and non-events of the first, then of the reference.
    ///
    /// # Errors
    /// A total above [`MOST_COUNTED`].
    pub fn from_cells(a: u64, b: u64, c: u64, d: u64) -> Result<TwoByTwo, StatsError> {
        let total: u128 = [a, b, c, d].iter().map(|&cell| u128::from(cell)).sum();
        if total > u128::from(MOST_COUNTED) {
            return Err(StatsError::OutOfRange {
                what: "table total",
                value: total as f64,
                allowed: "at most 10^12",
            });
        }
        Ok(TwoByTwo::new(
            Proportion::new(a, a + b)?,
            Proportion::new(c, c + d)?,
        ))
    }

    /// Pearson's chi-square test without correction, the square of [`TwoByTwo::pooled_z`].
    ///
    /// # Definition
    /// `N (ad - bc)² / (n1 n2 m1 m2)` on 1 degree of freedom.
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// `None` with an empty margin.
    /// # Errors
    /// None.
    /// # Source
    /// Pearson 1900; R `chisq.test(correct = FALSE)`.
    #[must_use]
    pub fn pearson(&self) -> Option<ChiSquareTest> {
        let z = self.pooled_z()?;
        ChiSquareTest::of(z * z, 1)
    }

    /// Pearson's chi-square test with Yates's continuity correction.
    ///
    /// # Definition
    /// `N (|ad - bc| - min(N/2, |ad - bc|))² / (n1 n2 m1 m2)` on 1 degree of freedom: half a count off each difference
    /// from its expectation, but not past it.
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// `None` with an empty margin.
    /// # Errors
    /// None.
    /// # Source
    /// Yates 1934; R `chisq.test(correct = TRUE)`.
    #[must_use]
    pub fn yates(&self) -> Option<ChiSquareTest> {
        let z = self.pooled_z()?.abs();
        let (n1, n2) = self.trials()?;
        let [a, b, c, d] = self.cells();
        // z per unit of |ad - bc|/N, so that the half is taken off the same scale.
        let (n, events, rest) = (n1 + n2, a + c, b + d);
        let half = 0.5 * libm::sqrt(n / n1 * (n / n2) * (n / events) / rest);
        let corrected = (z - half).max(0.0);
        ChiSquareTest::of(corrected * corrected, 1)
    }

    /// The likelihood-ratio test.
    ///
    /// # Definition
    /// As [`ContingencyTable::g_test`], on 1 degree of freedom.
    /// # Units
    /// Twice a log likelihood.
    /// # Edge cases
    /// `None` with an empty margin, and with more than 10^12 trials in all.
    /// # Errors
    /// None.
    /// # Source
    /// Wilks 1938; vcd `assocstats`.
    #[must_use]
    pub fn g_test(&self) -> Option<ChiSquareTest> {
        let row = |p: &Proportion| vec![p.x(), p.complement().x()];
        ContingencyTable::new(vec![row(&self.one), row(&self.two)])
            .ok()?
            .g_test()
    }

    /// The phi coefficient, without sign.
    ///
    /// # Definition
    /// `sqrt(chi-square / N)` with the chi-square of [`TwoByTwo::pearson`]; Cramer's V of the same table.
    /// # Units
    /// None: 0 is independence, 1 is a diagonal table.
    /// # Edge cases
    /// `None` with an empty margin.
    /// # Errors
    /// None.
    /// # Source
    /// Pearson 1900; vcd `assocstats`.
    #[must_use]
    pub fn phi(&self) -> Option<f64> {
        let (n1, n2) = self.trials()?;
        Some((self.pooled_z()?.abs() / libm::sqrt(n1 + n2)).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(a: u64, b: u64, c: u64, d: u64) -> TwoByTwo {
        TwoByTwo::from_cells(a, b, c, d).expect("a table")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-13 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn by_hand() {
        // N = 8, margins of 4, ad - bc = 8; half of N off it for Yates.
        let t = table(3, 1, 1, 3);
        close(t.pearson().expect("defined").statistic, 2.0);
        close(t.yates().expect("defined").statistic, 0.5);
        close(t.phi().expect("defined"), 0.5);
        let g = 4.0 * (3.0 * 1.5_f64.ln() + 0.5_f64.ln());
        close(t.g_test().expect("defined").statistic, g);
    }

    #[test]
    fn the_correction_does_not_go_past_the_expectation() {
        let corrected = table(1, 0, 0, 1).yates().expect("defined");
        assert!(corrected.statistic == 0.0);
        close(corrected.p.get(), 1.0);
    }

    #[test]
    fn far_tails_have_a_logarithm() {
        let far = table(30_000, 10, 10, 30_000).pearson().expect("defined");
        assert!(far.p.get() == 0.0 && far.log10_p() < -13_000.0);
        let near = table(30, 10, 14, 30).pearson().expect("defined");
        close(near.log10_p(), near.p.get().log10());
    }

    #[test]
    fn an_empty_margin_is_undefined() {
        for t in [table(0, 0, 2, 3), table(0, 4, 0, 3), table(2, 0, 5, 0)] {
            assert!(t.pearson().is_none() && t.yates().is_none());
            assert!(t.g_test().is_none() && t.phi().is_none());
        }
    }
}
