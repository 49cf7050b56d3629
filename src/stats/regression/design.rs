//! What a fit is made of: named columns by cell, a response, and factors whose effects are taken out.

use super::absorb::lie_within;
use super::{Family, RegressionError};
use crate::stats::StatsError;

/// Named columns, one row per cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Design {
    pub(super) names: Vec<String>,
    pub(super) rows: usize,
    /// Row-major.
    pub(super) values: Vec<f64>,
}

impl Design {
    /// Columns of the given names, their values row by row; an intercept is a column of ones like any other.
    ///
    /// # Errors
    /// [`RegressionError::Shape`] when the values do not fill whole rows, [`RegressionError::DuplicateColumn`] for a
    /// name given twice, [`RegressionError::NotFinite`] for a value that is infinite or NaN.
    pub fn new(names: Vec<String>, values: Vec<f64>) -> Result<Design, RegressionError> {
        for (j, name) in names.iter().enumerate() {
            if names[..j].contains(name) {
                return Err(RegressionError::DuplicateColumn(name.clone()));
            }
        }
        if !values.len().is_multiple_of(names.len().max(1))
            || (names.is_empty() && !values.is_empty())
        {
            return Err(RegressionError::Shape {
                values: values.len(),
                columns: names.len(),
            });
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(RegressionError::NotFinite(names[at % names.len()].clone()));
        }
        Ok(Design {
            rows: values.len() / names.len().max(1),
            names,
            values,
        })
    }

    /// The number of cells; a design without columns has none.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The names of the columns, in order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The values of each cell.
    #[must_use]
    pub fn by_row(&self) -> Vec<Vec<f64>> {
        let rows = self.values.chunks_exact(self.names.len().max(1));
        rows.map(<[f64]>::to_vec).collect()
    }

    /// This design without one column.
    pub(super) fn without(&self, column: usize) -> Design {
        let mut names = self.names.clone();
        names.remove(column);
        let mut values = Vec::with_capacity(self.rows * names.len());
        for row in self.values.chunks_exact(self.names.len()) {
            values.extend_from_slice(&row[..column]);
            values.extend_from_slice(&row[column + 1..]);
        }
        Design {
            rows: self.rows,
            values,
            names,
        }
    }

    /// This design with a column of ones at the end.
    pub(super) fn with_constant(mut self, name: &str) -> Design {
        let columns = self.names.len();
        let wider = |i: usize| {
            self.values[i * columns..][..columns]
                .iter()
                .copied()
                .chain([1.0])
        };
        self.values = (0..self.rows).flat_map(wider).collect();
        self.names.push(name.to_owned());
        self
    }

    /// This design with one more column of 0 and 1 for each level of a factor but the lowest, named `factor level`.
    ///
    /// # Definition
    /// A column for each level but the lowest, 1 where the cell has that level.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// A factor of one level adds nothing.
    ///
    /// # Errors
    /// [`StatsError::UnequalLengths`] inside [`RegressionError::Stats`], and those of [`Design::new`].
    ///
    /// # Source
    /// R `model.matrix` with treatment contrasts.
    pub fn with_indicators(self, factor: &Factor) -> Result<Design, RegressionError> {
        let rows = self.rows();
        same_length("levels", factor.levels.len(), rows)?;
        let mut levels = factor.levels.clone();
        levels.sort_unstable();
        levels.dedup();
        let shown = &levels[1.min(levels.len())..];
        let columns = self.names.len();
        let mut names = self.names;
        names.extend(shown.iter().map(|level| format!("{} {level}", factor.name)));
        let mut values = Vec::with_capacity(rows * names.len());
        for (row, here) in self.values.chunks_exact(columns.max(1)).zip(&factor.levels) {
            values.extend_from_slice(row);
            values.extend(shown.iter().map(|level| f64::from(u8::from(level == here))));
        }
        Design::new(names, values)
    }
}

/// A factor with one effect per level, such as the agency of each cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Its name, for messages.
    pub name: String,
    /// The level of each cell.
    pub levels: Vec<u32>,
}

impl Factor {
    /// Whether each level lies within one of the clusters that are given cell by cell.
    #[must_use]
    pub fn lies_within(&self, clusters: &[u32]) -> bool {
        lie_within(self.levels.iter(), clusters)
    }
}

/// What is explained, one value per cell.
#[derive(Debug, Clone, PartialEq)]
pub enum Response {
    /// Events of trials, such as searches of stops.
    Events {
        /// Events of each cell.
        events: Vec<u64>,
        /// Trials of each cell; a cell without trials is left out.
        trials: Vec<u64>,
    },
    /// Counts, such as stops; their exposure is an offset.
    Counts(Vec<u64>),
    /// Measured values, each with its weight.
    Values {
        /// The value of each cell.
        values: Vec<f64>,
        /// Its weight, the inverse of a variance up to a factor; a cell of weight 0 is left out.
        weights: Vec<f64>,
    },
}

impl Response {
    /// Values that all weigh the same.
    #[must_use]
    pub fn unweighted(values: Vec<f64>) -> Response {
        let weights = vec![1.0; values.len()];
        Response::Values { values, weights }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Response::Events { events, .. } => events.len(),
            Response::Counts(counts) => counts.len(),
            Response::Values { values, .. } => values.len(),
        }
    }

    /// Refuses what is no response, and what the family cannot explain.
    pub(super) fn check(&self, family: Family) -> Result<(), RegressionError> {
        let suits = match self {
            Response::Events { .. } => family != Family::NegativeBinomial,
            Response::Counts(_) => family.is_log_linear(),
            Response::Values { .. } => family == Family::Linear,
        };
        if !suits {
            return Err(RegressionError::Response { family });
        }
        match self {
            Response::Events { events, trials } => {
                same_length("events", events.len(), trials.len())?;
                match events.iter().zip(trials).find(|(s, n)| s > n) {
                    Some((&events, &trials)) => {
                        Err(StatsError::EventsExceedTrials { events, trials }.into())
                    }
                    None => Ok(()),
                }
            }
            Response::Counts(_) => Ok(()),
            Response::Values { values, weights } => {
                same_length("values", values.len(), weights.len())?;
                finite("value", values)?;
                match weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
                    Some(&value) => Err(StatsError::OutOfRange {
                        what: "weight",
                        value,
                        allowed: "finite and not negative",
                    }
                    .into()),
                    None => Ok(()),
                }
            }
        }
    }
}

pub(super) fn finite(what: &'static str, values: &[f64]) -> Result<(), StatsError> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(StatsError::OutOfRange {
            what,
            value,
            allowed: "finite",
        }),
        None => Ok(()),
    }
}

pub(super) fn same_length(what: &'static str, left: usize, right: usize) -> Result<(), StatsError> {
    if left == right {
        Ok(())
    } else {
        Err(StatsError::UnequalLengths { what, left, right })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn what_is_no_design_is_refused() {
        assert!(matches!(
            Design::new(names(&["a", "b"]), vec![1.0; 3]),
            Err(RegressionError::Shape { .. })
        ));
        assert!(matches!(
            Design::new(names(&["a", "a"]), vec![1.0; 2]),
            Err(RegressionError::DuplicateColumn(_))
        ));
        let nan = Design::new(names(&["a", "b"]), vec![1.0, f64::NAN]);
        assert_eq!(nan, Err(RegressionError::NotFinite("b".to_owned())));
    }

    #[test]
    fn indicators_leave_out_the_lowest_level() {
        let design = Design::new(names(&["one"]), vec![1.0; 3]).expect("valid");
        let factor = Factor {
            name: "year".to_owned(),
            levels: vec![9, 4, 7],
        };
        let wide = design.with_indicators(&factor).expect("valid");
        assert_eq!(wide.names(), names(&["one", "year 7", "year 9"]));
        assert_eq!(wide.values, [1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
    }
}
