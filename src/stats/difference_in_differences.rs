//! Difference in differences of two groups and two periods, with its four cells.
//!
//! For one date of adoption. The estimate is read off four means that are always shown with it; the errors are those of
//! the regression on the two indicators and their product.

use serde::{Deserialize, Serialize};

use super::regression::{
    Coefficient, CovarianceKind, Design, Family, Fit, Model, RegressionError, Response,
};
use super::{Level, StatsError};

/// The column that is the estimate.
const PRODUCT: &str = "treated after";

/// The rows of one group in one period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeanCell {
    /// Rows.
    pub observations: u64,
    /// Their mean outcome, by weight.
    pub mean: f64,
}

/// The four cells of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FourCells {
    /// Treated units before.
    pub treated_before: MeanCell,
    /// Treated units after.
    pub treated_after: MeanCell,
    /// Controls before.
    pub control_before: MeanCell,
    /// Controls after.
    pub control_after: MeanCell,
}

impl FourCells {
    /// The change of the treated less that of the controls.
    #[must_use]
    pub fn difference(&self) -> f64 {
        (self.treated_after.mean - self.treated_before.mean)
            - (self.control_after.mean - self.control_before.mean)
    }
}

/// One row of a comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Whether its unit adopts.
    pub is_treated: bool,
    /// Whether its period is after adoption.
    pub is_after: bool,
    /// The outcome.
    pub outcome: f64,
    /// Its weight, 1 unless rows stand for unequal populations.
    pub weight: f64,
}

/// A difference in differences.
#[derive(Debug, Clone)]
pub struct DifferenceInDifferences {
    cells: FourCells,
    fit: Fit,
}

impl DifferenceInDifferences {
    /// The comparison of rows of two groups and two periods.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] inside [`RegressionError::Stats`] for a cell without rows, and what
    /// [`Model::new`] and [`Model::fit`] refuse, such as weights out of range and no more than four rows.
    pub fn new(rows: &[Row]) -> Result<DifferenceInDifferences, RegressionError> {
        let cell = |what: &'static str, treated: bool, after: bool| {
            let here = rows
                .iter()
                .filter(|row| (row.is_treated, row.is_after) == (treated, after));
            let counted: Vec<&Row> = here.filter(|row| row.weight > 0.0).collect();
            let weight: f64 = counted.iter().map(|row| row.weight).sum();
            let total: f64 = counted.iter().map(|row| row.weight * row.outcome).sum();
            match counted.len() {
                0 => Err(StatsError::TooFew {
                    what,
                    got: 0,
                    needed: 1,
                }),
                rows => Ok(MeanCell {
                    observations: rows as u64,
                    mean: total / weight,
                }),
            }
        };
        let cells = FourCells {
            treated_before: cell("rows of treated units before", true, false)?,
            treated_after: cell("rows of treated units after", true, true)?,
            control_before: cell("rows of controls before", false, false)?,
            control_after: cell("rows of controls after", false, true)?,
        };
        let one = |holds: bool| f64::from(u8::from(holds));
        let columns = |row: &Row| {
            let (d, p) = (one(row.is_treated), one(row.is_after));
            [1.0, d, p, d * p]
        };
        let names = ["intercept", "treated", "after", PRODUCT].map(str::to_owned);
        let design = Design::new(names.to_vec(), rows.iter().flat_map(columns).collect())?;
        let response = Response::Values {
            values: rows.iter().map(|row| row.outcome).collect(),
            weights: rows.iter().map(|row| row.weight).collect(),
        };
        let fit = Model::new(Family::Linear, design, response)?.fit()?;
        Ok(DifferenceInDifferences { cells, fit })
    }

    /// The four means.
    #[must_use]
    pub fn cells(&self) -> FourCells {
        self.cells
    }

    /// The difference in differences with its error, p-value and limits.
    ///
    /// # Definition
    /// (treated after - treated before) - (control after - control before), the coefficient of the product in the
    /// regression on 1, treated, after and their product.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// `Ok(None)` when nothing varies within the cells. Rows of one unit are not independent: cluster by unit at least.
    ///
    /// # Errors
    /// Those of [`Fit::covariance`].
    ///
    /// # Source
    /// Card and Krueger (1994); Bertrand, Duflo and Mullainathan (2004) for clusters. Agrees with R `lm`.
    pub fn estimate(
        &self,
        kind: &CovarianceKind,
        level: Level,
    ) -> Result<Option<Coefficient>, RegressionError> {
        self.fit
            .estimate(PRODUCT, &self.fit.covariance(kind)?, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(is_treated: bool, is_after: bool, outcome: f64) -> Row {
        Row {
            is_treated,
            is_after,
            outcome,
            weight: 1.0,
        }
    }

    fn eight() -> Vec<Row> {
        let cells = [
            (true, false, 4.0),
            (true, true, 9.0),
            (false, false, 2.0),
            (false, true, 3.0),
        ];
        cells
            .iter()
            .flat_map(|&(d, p, y)| [row(d, p, y - 1.0), row(d, p, y + 1.0)])
            .collect()
    }

    #[test]
    fn four_means_by_hand() {
        let found = DifferenceInDifferences::new(&eight()).expect("four cells");
        assert!((found.cells().difference() - 4.0).abs() < 1e-12);
        let estimate = found.estimate(&CovarianceKind::Model, Level::NINETY_FIVE);
        let estimate = estimate.expect("a covariance").expect("an error");
        assert!((estimate.estimate - 4.0).abs() < 1e-12);
        // s^2 = 8 / 4, four means of two rows each.
        assert!((estimate.std_error - 2.0).abs() < 1e-12);
    }

    #[test]
    fn an_empty_cell_is_named() {
        let rows: Vec<Row> = eight()
            .into_iter()
            .filter(|r| r.is_treated || !r.is_after)
            .collect();
        let error = DifferenceInDifferences::new(&rows).expect_err("no controls after");
        assert!(
            error.to_string().contains("rows of controls after"),
            "{error}"
        );
    }

    #[test]
    fn what_all_share_changes_nothing() {
        let shifted: Vec<Row> = eight()
            .into_iter()
            .map(|r| Row {
                outcome: r.outcome + if r.is_treated { 7.0 } else { 0.0 }
                    - if r.is_after { 2.0 } else { 0.0 },
                ..r
            })
            .collect();
        let found = DifferenceInDifferences::new(&shifted).expect("four cells");
        assert!((found.cells().difference() - 4.0).abs() < 1e-12);
    }
}
