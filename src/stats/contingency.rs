//! Tables of counts by two characteristics: is the one independent of the other?
//!
//! For race against outcome of a stop, reason against search, and anything else counted in rows and columns. The test
//! is Pearson's, with the likelihood ratio beside it and Fisher's exact test for sparse tables. Two-by-two tables have
//! their own [`TwoByTwo`], which has ratios and intervals too. Counting error only: rows of
//! one officer or place are not independent, and nothing here knows it.

mod network;

use super::chi_square::ChiSquareTest;
use super::special::deviance;
use super::two_by_two::TwoByTwo;
use super::{ExactForm, PValue, StatsError};
use core::f64::consts::LN_10;

/// The largest total of a table: the products of its margins fit, and the sums of its exact tails take milliseconds.
pub const MOST_COUNTED: u64 = 1_000_000_000_000;

/// Steps that Fisher's exact test of a table may take: about a second of work.
const MOST_STEPS: u64 = 10_000_000;

/// A table of counts without empty rows or columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContingencyTable {
    rows: Vec<Vec<u64>>,
    row_totals: Vec<u64>,
    column_totals: Vec<u64>,
    total: u64,
}

/// A cell beside its expectation.
struct Cell {
    observed: f64,
    expected: f64,
    /// Observed minus expected, from whole numbers: at a billion counts the subtraction would leave no digits.
    surplus: f64,
}

impl ContingencyTable {
    /// A table, given by rows.
    ///
    /// # Edge cases
    /// Rows and columns without counts say nothing about independence; they are left out and do not count for the
    /// degrees of freedom.
    ///
    /// # Errors
    /// Rows of unequal length; a total above [`MOST_COUNTED`].
    pub fn new(rows: Vec<Vec<u64>>) -> Result<ContingencyTable, StatsError> {
        let width = rows.first().map_or(0, Vec::len);
        if let Some(odd) = rows.iter().find(|row| row.len() != width) {
            return Err(StatsError::UnequalLengths {
                what: "one row",
                left: width,
                right: odd.len(),
            });
        }
        let sum: u128 = rows.iter().flatten().map(|&count| u128::from(count)).sum();
        let total = match u64::try_from(sum) {
            Ok(total) if total <= MOST_COUNTED => total,
            _ => {
                return Err(StatsError::OutOfRange {
                    what: "table total",
                    value: sum as f64,
                    allowed: "at most 10^12",
                });
            }
        };
        let column_total = |j: usize| rows.iter().map(|row| row[j]).sum::<u64>();
        let kept: Vec<usize> = (0..width).filter(|&j| column_total(j) > 0).collect();
        let column_totals = kept.iter().map(|&j| column_total(j)).collect();
        let rows: Vec<Vec<u64>> = rows
            .iter()
            .map(|row| kept.iter().map(|&j| row[j]).collect())
            .filter(|row: &Vec<u64>| row.iter().any(|&count| count > 0))
            .collect();
        Ok(ContingencyTable {
            row_totals: rows.iter().map(|row| row.iter().sum()).collect(),
            rows,
            column_totals,
            total,
        })
    }

    /// Everything counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Pearson's test of independence, without correction.
    ///
    /// # Definition
    /// sum (O - E)^2 / E over the cells, with E = row total x column total / N; chi-square on (rows - 1)(columns - 1).
    /// # Units
    /// Squared standard deviations.
    /// # Edge cases
    /// `None` with fewer than two rows or columns that hold anyone.
    /// # Errors
    /// None.
    /// # Source
    /// Pearson (1900); R `chisq.test(correct = FALSE)`.
    #[must_use]
    pub fn pearson(&self) -> Option<ChiSquareTest> {
        let statistic = self.cells().map(|c| c.surplus * (c.surplus / c.expected));
        ChiSquareTest::of(statistic.sum(), self.df())
    }

    /// The likelihood-ratio test of independence.
    ///
    /// # Definition
    /// G = 2 sum O ln(O / E), a cell without counts adding nothing; chi-square on (rows - 1)(columns - 1). Summed as
    /// O ln(O / E) - (O - E), which is the same in all and loses no digits where O is near E.
    /// # Units
    /// Twice a log likelihood.
    /// # Edge cases
    /// `None` with fewer than two rows or columns that hold anyone.
    /// # Errors
    /// None.
    /// # Source
    /// Wilks (1938); vcd `assocstats`, scipy `chi2_contingency(lambda_ = "log-likelihood", correction = False)`.
    #[must_use]
    pub fn g_test(&self) -> Option<ChiSquareTest> {
        let halves = self
            .cells()
            .map(|c| deviance(c.observed, c.expected, c.surplus));
        ChiSquareTest::of(2.0 * halves.sum::<f64>(), self.df())
    }

    /// The least expected count; below 5 the tails of both tests are rough.
    ///
    /// # Definition
    /// The smallest row total x column total / N.
    /// # Units
    /// Counts.
    /// # Edge cases
    /// `None` without counts.
    /// # Errors
    /// None.
    /// # Source
    /// Cochran (1954).
    #[must_use]
    pub fn min_expected(&self) -> Option<f64> {
        self.cells().map(|cell| cell.expected).reduce(f64::min)
    }

    /// Cramer's V.
    ///
    /// # Definition
    /// sqrt(chi-square / (N (k - 1))), with k the smaller of the numbers of rows and columns.
    /// # Units
    /// None: 0 is independence, 1 is one characteristic fixing the other.
    /// # Edge cases
    /// `None` with fewer than two rows or columns that hold anyone.
    /// # Errors
    /// None.
    /// # Source
    /// Cramer (1946), section 21.9, without the correction for bias; vcd `assocstats`.
    #[must_use]
    pub fn cramer_v(&self) -> Option<f64> {
        let smaller = self.rows.len().min(self.column_totals.len());
        let most = self.total as f64 * smaller.checked_sub(1)? as f64;
        Some(libm::sqrt(self.pearson()?.statistic / most))
    }

    /// Fisher's exact test of independence, by minimum likelihood.
    ///
    /// # Definition
    /// The sum, over all tables with these margins, of the hypergeometric probabilities that do not exceed that of the
    /// table observed, ties within a relative 1e-7 included.
    /// # Units
    /// A probability; underflows to 0 below 1e-323, where [`ContingencyTable::log10_fisher`] does not.
    /// # Edge cases
    /// 1 when the margins allow one table only, and for a table without counts.
    /// # Errors
    /// [`StatsError::TooCostly`] when the tables to be told apart take more than ten million steps, about a second. Such
    /// tables are large, and [`ContingencyTable::pearson`] answers.
    /// # Source
    /// Freeman and Halton (1951); the network of Mehta and Patel (1983); R `fisher.test`.
    pub fn fisher(&self) -> Result<PValue, StatsError> {
        self.ln_fisher().map(|ln_p| PValue::capped(libm::exp(ln_p)))
    }

    /// The decimal logarithm of [`ContingencyTable::fisher`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the sum of masses, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// As [`ContingencyTable::fisher`].
    ///
    /// # Errors
    /// As [`ContingencyTable::fisher`].
    ///
    /// # Source
    /// As [`ContingencyTable::fisher`].
    pub fn log10_fisher(&self) -> Result<f64, StatsError> {
        self.ln_fisher().map(|ln_p| ln_p / LN_10)
    }

    fn ln_fisher(&self) -> Result<f64, StatsError> {
        match self.rows.as_slice() {
            [one, two] if self.column_totals.len() == 2 => {
                let table = TwoByTwo::from_cells(one[0], one[1], two[0], two[1])?;
                let ln_p = table.ln_fisher(ExactForm::MinimumLikelihood);
                Ok(ln_p.expect("both rows hold someone and the total is within its bound"))
            }
            _ => network::ln_p(self, MOST_STEPS),
        }
    }

    fn df(&self) -> u64 {
        let less_one = |n: usize| n.saturating_sub(1) as u64;
        less_one(self.rows.len()) * less_one(self.column_totals.len())
    }

    fn cells(&self) -> impl Iterator<Item = Cell> {
        let n = self.total as f64;
        let lines = self.rows.iter().zip(&self.row_totals);
        lines.flat_map(move |(row, &row_total)| {
            let columns = row.iter().zip(&self.column_totals);
            columns.map(move |(&observed, &column_total)| {
                let product = u128::from(row_total) * u128::from(column_total);
                let scaled = u128::from(observed) * u128::from(self.total);
                let size = scaled.abs_diff(product) as f64 / n;
                Cell {
                    observed: observed as f64,
                    expected: product as f64 / n,
                    surplus: if scaled < product { -size } else { size },
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[u64]]) -> ContingencyTable {
        ContingencyTable::new(rows.iter().map(|row| row.to_vec()).collect()).expect("a table")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn by_hand() {
        // Expected 2 everywhere: chi-square 4 x 1/2 on one degree of freedom.
        let t = table(&[&[3, 1], &[1, 3]]);
        close(t.pearson().expect("defined").statistic, 2.0);
        close(t.min_expected().expect("defined"), 2.0);
        close(t.cramer_v().expect("defined"), 0.5);
        close(
            t.g_test().expect("defined").statistic,
            2.0 * (6.0 * 1.5_f64.ln() + 2.0 * 0.5_f64.ln()),
        );
        // 1, 16, 36, 16, 1 of 70.
        close(t.fisher().expect("cheap").get(), 34.0 / 70.0);
    }

    #[test]
    fn a_diagonal_table_by_hand() {
        // Six of the 90 tables with margins 2, 2, 2 and weight 8 each are as extreme: 6 / 90 ways.
        let t = table(&[&[2, 0, 0], &[0, 2, 0], &[0, 0, 2]]);
        close(t.fisher().expect("cheap").get(), 6.0 / 90.0);
        close(t.cramer_v().expect("defined"), 1.0);
        assert_eq!(t.pearson().expect("defined").df, 4);
    }

    #[test]
    fn empty_rows_and_columns_do_not_count() {
        let full = table(&[&[2, 0, 5], &[4, 0, 1], &[0, 0, 0]]);
        assert_eq!(full, table(&[&[2, 5], &[4, 1]]));
        assert_eq!(full.pearson().expect("defined").df, 1);
    }

    #[test]
    fn transposing_changes_nothing() {
        let one = table(&[&[2, 14, 14, 9], &[9, 2, 6, 4], &[0, 3, 1, 1]]);
        let other = table(&[&[2, 9, 0], &[14, 2, 3], &[14, 6, 1], &[9, 4, 1]]);
        close(
            one.fisher().expect("cheap").get(),
            other.fisher().expect("cheap").get(),
        );
        close(
            one.g_test().expect("defined").statistic,
            other.g_test().expect("defined").statistic,
        );
    }

    #[test]
    fn undefined_and_refused() {
        for empty in [table(&[]), table(&[&[0, 0]]), table(&[&[3, 4]])] {
            assert!(empty.pearson().is_none() && empty.cramer_v().is_none());
            close(empty.fisher().expect("one table").get(), 1.0);
        }
        let ragged = ContingencyTable::new(vec![vec![1, 2], vec![3]]);
        assert!(matches!(ragged, Err(StatsError::UnequalLengths { .. })));
        let vast = ContingencyTable::new(vec![vec![u64::MAX, u64::MAX]]);
        assert!(matches!(vast, Err(StatsError::OutOfRange { .. })));
    }

    #[test]
    fn a_billion_counts_near_independence_keep_their_digits() {
        let t = table(&[&[250_000_001, 249_999_999], &[250_000_000, 250_000_000]]);
        // (ad - bc)^2 N / (product of margins), with ad - bc = 5e8.
        let want = 2.5e17 / 6.25e34 * 1e9 / (1.0 - 4e-18);
        close(t.pearson().expect("defined").statistic, want);
        close(t.g_test().expect("defined").statistic, want);
    }
}
