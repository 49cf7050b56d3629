//! Filters over raw columns. Each writes a line in the ledger; one that never fires is a warning.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::at::At;
use super::csv_file::CsvFile;
use super::rows::Record;
use crate::cells::OneOrMany;
use crate::error::Error;

/// A `filter` table of a source: rows that fit are dropped.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowFilter {
    /// Why rows are dropped, as the ledger prints it.
    pub drop: String,
    /// Raw column to the values that fit. Several columns must all fit.
    #[serde(rename = "where")]
    pub fits: BTreeMap<String, Condition>,
    /// Whether a format brought it: files may lack its columns, and nobody wonders when it finds no row.
    #[serde(skip)]
    pub(crate) brought: bool,
}

impl RowFilter {
    /// The filter as one that a format brought.
    pub(super) fn of_a_format(self) -> Self {
        Self {
            brought: true,
            ..self
        }
    }
}

/// Which values of a column fit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "a text, a list of texts, { not = ... } or { below = 16 }"
)]
pub enum Condition {
    /// Any of these.
    Is(OneOrMany),
    /// Anything but these.
    IsNot {
        /// The values that do not fit.
        not: OneOrMany,
    },
    /// A whole number below this one (`15.0` is 15); what is no whole number does not fit.
    Below {
        /// The smallest number that does not fit.
        below: i64,
    },
}

impl Condition {
    /// Blanks around a value decide nothing: `{ not = "vehicular" }` would drop the rows of `vehicular `.
    fn fits(&self, value: &str) -> bool {
        let text = value.trim();
        match self {
            Self::Is(allowed) => allowed.values().iter().any(|a| a.trim() == text),
            Self::IsNot { not } => not.values().iter().all(|a| a.trim() != text),
            Self::Below { below } => {
                let whole = text.strip_suffix(".0").unwrap_or(text);
                whole.parse::<i64>().is_ok_and(|n| n < *below)
            }
        }
    }
}

/// A filter bound to the columns of one file.
#[derive(Debug)]
pub struct CompiledFilter<'a> {
    conditions: Vec<(usize, &'a Condition)>,
}

impl<'a> CompiledFilter<'a> {
    /// Binds the filter to a file.
    ///
    /// # Errors
    /// A column that the file does not have.
    pub fn new(filter: &'a RowFilter, file: &CsvFile) -> Result<Self, Error> {
        let conditions = filter
            .fits
            .iter()
            .map(|(column, condition)| Ok((file.column(column)?, condition)));
        Ok(Self {
            conditions: conditions.collect::<Result<_, Error>>()?,
        })
    }

    /// Whether the row is to be dropped.
    ///
    /// # Errors
    /// A field that is not UTF-8.
    pub fn drops(&self, at: &At<'_>, record: &impl Record) -> Result<bool, Error> {
        fit(&self.conditions, at, record)
    }
}

/// Whether a row fits every condition.
pub(super) fn fit(
    conditions: &[(usize, &Condition)],
    at: &At<'_>,
    record: &impl Record,
) -> Result<bool, Error> {
    for (column, condition) in conditions {
        if !condition.fits(at.text(record, *column)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_values_lists_or_their_opposite() {
        let filter: RowFilter =
            toml::from_str("drop = 'x'\nwhere = { a = 'v', b = ['p', 'q'], c = { not = 'k' } }")
                .unwrap();
        assert!(filter.fits["a"].fits("v") && !filter.fits["a"].fits("w"));
        assert!(filter.fits["b"].fits("q"));
        assert!(filter.fits["c"].fits("z") && !filter.fits["c"].fits("k"));
        assert!(filter.fits["a"].fits(" v ") && !filter.fits["c"].fits("k "));
        let young: RowFilter =
            toml::from_str("drop = 'under 16'\nwhere = { age = { below = 16 } }").unwrap();
        let fits = |age: &str| young.fits["age"].fits(age);
        assert!(
            fits("15") && fits("15.0") && !fits("16.0") && !fits("16") && !fits("") && !fits("NA")
        );
    }
}
