//! Rows by month as they may be shown.

use serde::Serialize;

use super::{Disclosed, DisclosureConfig};
use crate::stops::{FIELDS, Month, Screens};

/// Rows of every month from the first to the last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The months in their order, those without rows among them.
    pub months: Vec<ShownMonth>,
    /// What the counts of rows are rounded to; `None` where they are exact.
    pub rounded_to: Option<u64>,
}

/// One month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShownMonth {
    /// The calendar year.
    pub year: i16,
    /// The month, from 1.
    pub month: i8,
    /// Rows that no filter dropped; `None` where the number is withheld.
    pub rows: Option<u64>,
    /// The share of rows of which a field is missing, in the order of [`FIELDS`]: `None` without rows, and where it is withheld.
    pub missing: [Option<f64>; FIELDS.len()],
}

/// Rows by month. In public mode a small month is withheld. The others are rounded to two digits, and to the smallest count
/// that may be shown at least, so that the number of all rows, which the account states, does not give it back.
#[must_use]
pub fn coverage(screens: &Screens, config: DisclosureConfig) -> Disclosed<Coverage> {
    let minimum = config.smallest_shown();
    let months = screens.months().into_iter();
    Disclosed(Coverage {
        months: months
            .map(|(year, month, seen)| ShownMonth {
                year,
                month,
                rows: shown(seen.rows, minimum).map(|rows| rounded(rows, minimum)),
                missing: std::array::from_fn(|field| share(seen, field, minimum)),
            })
            .collect(),
        rounded_to: Some(minimum).filter(|minimum| *minimum > 0),
    })
}

/// A count, unless it is small.
fn shown(count: u64, minimum: u64) -> Option<u64> {
    (count == 0 || count >= minimum).then_some(count)
}

/// Two digits, and a multiple of the minimum where that is coarser.
fn rounded(count: u64, minimum: u64) -> u64 {
    if minimum == 0 || count == 0 {
        return count;
    }
    let two_digits = 10u64.pow(count.ilog10().saturating_sub(1));
    let step = two_digits.max(minimum);
    (count + step / 2) / step * step
}

/// The share of a month's rows of which a field is missing: of neither part may a small number be told.
fn share(month: Month, field: usize, minimum: u64) -> Option<f64> {
    let (missing, rows) = (month.missing[field], month.rows);
    let parts = [rows, missing, rows - missing];
    if rows == 0 || parts.iter().any(|part| shown(*part, minimum).is_none()) {
        return None;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of rows does not depend on the sixteenth digit"
    )]
    let share = missing as f64 / rows as f64;
    if minimum == 0 || missing == 0 || missing == rows {
        return Some(share);
    }
    // Some is never rounded to none or to all.
    Some((100.0 * share).round().clamp(1.0, 99.0) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::Mode;
    use crate::stops::RowSeen;

    fn screens(rows: &[(&str, u64, u64)]) -> Screens {
        let mut screens = Screens::default();
        for (date, rows, missing) in rows {
            for i in 0..*rows {
                let mut seen = RowSeen {
                    date: date.parse().ok(),
                    ..RowSeen::default()
                };
                seen.missing[0] = i < *missing;
                screens.add(&seen);
            }
        }
        screens
    }

    #[test]
    fn a_small_month_is_not_given_back_by_the_others() {
        let screens = screens(&[
            ("2020-01-05", 1234, 500),
            ("2020-02-05", 7, 0),
            ("2020-04-05", 44, 41),
            ("2020-05-05", 9000, 20),
        ]);
        let public = coverage(&screens, DisclosureConfig::default());
        let rows: Vec<_> = public.months.iter().map(|month| month.rows).collect();
        assert_eq!(rows, [Some(1200), None, Some(0), Some(40), Some(9000)]);
        let missing: Vec<_> = public.months.iter().map(|month| month.missing[0]).collect();
        assert_eq!(missing, [Some(0.41), None, None, None, Some(0.01)]);
        let court = DisclosureConfig {
            mode: Mode::Court,
            ..DisclosureConfig::default()
        };
        let court = coverage(&screens, court);
        assert_eq!(court.months[1].rows, Some(7));
        assert_eq!(court.months[3].missing[0], Some(41.0 / 44.0));
    }
}
