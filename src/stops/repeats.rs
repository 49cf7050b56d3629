//! Rows that are equal to an earlier row in every column: citations of one stop, or one row entered twice.

use serde::Serialize;

use crate::number::{self, Style};

/// How many rows of a file, or of all files of a source, repeat an earlier one. Counts of persons: shown by [`Repeats::words`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeats {
    /// The file; `None` for all files together, as one.
    pub file: Option<String>,
    /// Rows that could be read.
    pub rows: u64,
    /// Of these, rows that are equal to an earlier one in every column.
    pub repeated: u64,
}

/// The repetitions as they may be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownRepeats {
    /// The file; `None` for all files together.
    pub file: Option<String>,
    /// Rows, where they may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Repeated rows, where they may be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<u64>,
    /// Per cent of the rows; a whole number where counts are withheld, and `None` where it is of too few rows.
    pub percent: Option<f64>,
}

impl Repeats {
    /// What may be shown: counts where nothing is protected, rounded per cents elsewhere.
    #[must_use]
    pub fn shown(&self, smallest_shown: u64) -> ShownRepeats {
        let percent = self.percent();
        let is_open = smallest_shown == 0;
        let digits = if is_open { 10.0 } else { 1.0 };
        let is_few = self.repeated > 0 && self.repeated < smallest_shown;
        ShownRepeats {
            file: self.file.clone(),
            rows: Some(self.rows).filter(|_| is_open),
            repeated: Some(self.repeated).filter(|_| is_open),
            percent: Some((percent * digits).round() / digits).filter(|_| !is_few),
        }
    }

    /// One line, as it may be shown; `None` where no row repeats another.
    #[must_use]
    pub fn words(&self, smallest_shown: u64) -> Option<String> {
        if self.repeated == 0 {
            return None;
        }
        let name = self.file.as_deref().unwrap_or("all files together");
        let share = if smallest_shown == 0 {
            let share = Style::Percent.show(Some(self.percent() / 100.0));
            format!("{share} of rows")
        } else if self.repeated < smallest_shown {
            format!("fewer than {smallest_shown} rows")
        } else {
            match self.percent().round() {
                0.0 => "under 1 % of rows".into(),
                percent => format!("{percent:.0} % of rows"),
            }
        };
        let counts = if smallest_shown == 0 {
            let (repeated, rows) = (number::count(self.repeated), number::count(self.rows));
            format!(" ({repeated} of {rows})")
        } else {
            String::new()
        };
        Some(format!(
            "{name}: {share} are equal to an earlier row in every column{counts}"
        ))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of rows does not depend on the sixteenth digit"
    )]
    fn percent(&self) -> f64 {
        if self.rows == 0 {
            return 0.0;
        }
        100.0 * self.repeated as f64 / self.rows as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeats(repeated: u64) -> Repeats {
        Repeats {
            file: Some("a.csv".into()),
            rows: 1000,
            repeated,
        }
    }

    #[test]
    fn the_public_sees_rounded_per_cents_and_no_small_count() {
        let words = |repeated, smallest| repeats(repeated).words(smallest);
        assert_eq!(words(0, 10), None);
        let open = words(382, 0).unwrap();
        assert_eq!(
            open,
            "a.csv: 38.2 % of rows are equal to an earlier row in every column (382 of 1,000)"
        );
        assert!(words(382, 10).unwrap().starts_with("a.csv: 38 % of rows"));
        assert!(words(3, 10).unwrap().contains("fewer than 10 rows"));
        assert_eq!(repeats(3).shown(10).percent, None);
        assert_eq!(repeats(382).shown(10).percent, Some(38.0));
        assert_eq!(repeats(382).shown(10).repeated, None);
        assert_eq!(repeats(382).shown(0).repeated, Some(382));
    }
}
