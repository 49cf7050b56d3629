//! Tests that all strata of a [`MantelHaenszel`] have one odds ratio.
//!
//! Where they say otherwise the pooled odds ratio is an average with weights nobody chose, and the table of strata is
//! the result. With counts in the millions they find differences too small to matter.

use serde::{Deserialize, Serialize};

use super::mantel_haenszel::{MantelHaenszel, Table, finite};
use super::{PValue, special};

/// A test that all strata have one odds ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HomogeneityTest {
    /// The chi-square statistic.
    pub statistic: f64,
    /// Strata with no empty margin, minus one.
    pub df: u64,
    /// The upper tail.
    pub p: PValue,
}

impl MantelHaenszel {
    /// The Breslow-Day test that all strata have the pooled odds ratio.
    ///
    /// # Definition
    /// sum (a - A)^2 / V with A the expected count given the margins and the pooled odds ratio, and
    /// V = 1 / (1/A + 1/B + 1/C + 1/D) of the fitted table.
    ///
    /// # Units
    /// Squared standard deviations.
    ///
    /// # Edge cases
    /// Strata with an empty margin are left out; `None` with fewer than two others or no pooled odds ratio.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Breslow and Day (1980), section 4.4. Equals `metafor::rma.mh` and statsmodels `test_equal_odds`.
    #[must_use]
    pub fn breslow_day(&self) -> Option<HomogeneityTest> {
        self.homogeneity(|_, _| 0.0)
    }

    /// The Breslow-Day test with Tarone's correction, which makes it efficient with the Mantel-Haenszel estimate.
    ///
    /// # Definition
    /// The Breslow-Day statistic minus (sum (a - A))^2 / sum V.
    ///
    /// # Units
    /// Squared standard deviations.
    ///
    /// # Edge cases
    /// As [`MantelHaenszel::breslow_day`].
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Tarone (1985); Breslow (1996). Equals `metafor::rma.mh` and statsmodels `test_equal_odds(adjust=True)`.
    #[must_use]
    pub fn tarone(&self) -> Option<HomogeneityTest> {
        self.homogeneity(|departure, variance| departure * departure / variance)
    }

    fn homogeneity(&self, correction: impl Fn(f64, f64) -> f64) -> Option<HomogeneityTest> {
        let (r, s) = self.tables().fold((0.0, 0.0), |(r, s), t| {
            (r + t.a * t.d / t.total(), s + t.b * t.c / t.total())
        });
        let df = (self.informative().count() as u64)
            .checked_sub(1)
            .filter(|&df| df > 0)?;
        let psi = finite(r / s).filter(|&psi| psi > 0.0)?;
        let (mut sum, mut departures, mut variances) = (0.0, 0.0, 0.0);
        for t in self.informative() {
            let (departure, variance) = t.departure_from(psi);
            sum += departure * departure / variance;
            departures += departure;
            variances += variance;
        }
        let statistic = finite((sum - correction(departures, variances)).max(0.0))?;
        Some(HomogeneityTest {
            statistic,
            df,
            p: PValue::capped(special::chi_square_sf(statistic, df as f64)),
        })
    }
}

impl Table {
    /// The expected `a` given the margins when the odds ratio is `psi`: the root of a quadratic inside the support.
    fn expected_under(&self, psi: f64) -> f64 {
        let product = psi * self.group() * self.events();
        let linear = self.reference() - self.events() + psi * (self.group() + self.events());
        let root = (linear * linear + 4.0 * (1.0 - psi) * product)
            .max(0.0)
            .sqrt();
        // The two textbook forms of the same root; each loses its digits where the other keeps them.
        if linear > 0.0 {
            2.0 * product / (linear + root)
        } else {
            (root - linear) / (2.0 * (1.0 - psi))
        }
    }

    /// Observed minus expected `a`, and its variance, when the odds ratio is `psi`.
    fn departure_from(&self, psi: f64) -> (f64, f64) {
        let a = self.expected_under(psi);
        let cells = [
            a,
            self.group() - a,
            self.events() - a,
            self.reference() - self.events() + a,
        ];
        (
            self.a - a,
            1.0 / cells.iter().map(|cell| 1.0 / cell).sum::<f64>(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::mantel_haenszel::Stratum;
    use super::*;

    fn pooled(strata: &[[u64; 4]]) -> MantelHaenszel {
        MantelHaenszel::new(
            strata
                .iter()
                .map(|&[a, b, c, d]| Stratum { a, b, c, d })
                .collect(),
        )
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked_opposite_strata() {
        // Odds ratios 9 and 1/9 pool to 1; A = 2 in both, V = 1 / (4 / 2) = 1/2, and the departures cancel.
        let opposite = pooled(&[[3, 1, 1, 3], [1, 3, 3, 1]]);
        let test = opposite.breslow_day().expect("defined");
        assert_near(test.statistic, 4.0);
        assert_eq!(test.df, 1);
        assert_near(opposite.tarone().expect("defined").statistic, 4.0);
    }

    #[test]
    fn fitted_counts_have_the_odds_ratio_and_keep_their_digits() {
        let tables = [
            [3, 1, 1, 3],
            [90, 10, 40, 2],
            [5, 900, 7, 20_000],
            [1, 60, 50, 3],
        ]
        .map(|[a, b, c, d]| Stratum { a, b, c, d });
        for table in tables.iter().map(Table::from) {
            for psi in [1e-6, 0.2, 1.0, 1.0 + 1e-12, 5.0, 1e6] {
                let a = table.expected_under(psi);
                let (b, c) = (table.group() - a, table.events() - a);
                let d = table.reference() - c;
                assert!(a > 0.0 && b > 0.0 && c > 0.0 && d > 0.0, "{table:?} {psi}");
                assert!(
                    (a * d / (b * c) / psi - 1.0).abs() < 1e-7,
                    "{table:?} {psi}"
                );
            }
        }
    }

    #[test]
    fn order_swapped_rows_and_empty_margins_do_not_matter() {
        let strata = [[5, 30, 9, 80], [12, 30, 5, 60], [2, 7, 4, 8]];
        let one = pooled(&strata).tarone().expect("defined");
        let [first, second, third] = strata.map(|[a, b, c, d]| [c, d, a, b]);
        let other = pooled(&[third, [0, 0, 3, 9], first, [0; 4], [0, 4, 0, 5], second])
            .tarone()
            .expect("defined");
        assert_eq!(one.df, other.df);
        assert!((one.statistic - other.statistic).abs() < 1e-10 * one.statistic);
    }

    #[test]
    fn equal_strata_of_millions_agree() {
        let equal = pooled(&[[20_000_000, 30_000_000, 10_000_000, 40_000_000]; 2]);
        assert!(equal.breslow_day().expect("defined").statistic < 1e-6);
    }

    #[test]
    fn undefined_is_none() {
        for strata in [
            &[][..],
            &[[12, 30, 5, 60]],
            &[[12, 30, 5, 60], [0, 0, 3, 9]],
            &[[3, 4, 0, 9], [2, 5, 0, 8]],
        ] {
            assert!(pooled(strata).breslow_day().is_none() && pooled(strata).tarone().is_none());
        }
    }
}
