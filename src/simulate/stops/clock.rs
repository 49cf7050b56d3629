//! Times of day by weights of the hours.

use serde::{Deserialize, Serialize};

use super::source::Fault;

/// Minutes of a day.
pub(super) const MINUTES: usize = 1440;

/// The `[clock]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Weights of the 24 hours of the day, whatever the group.
    pub hours: Vec<f64>,
    /// Where the clocks are, by its name in the tz database, unless a place says otherwise.
    pub timezone: String,
}

impl Default for Clock {
    fn default() -> Self {
        let hours = [
            3.0, 2.5, 2.0, 1.0, 0.8, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 4.5, 4.5, 4.5, 5.0, 5.5, 6.0,
            6.0, 5.5, 5.5, 5.0, 5.0, 4.5, 4.0,
        ];
        Self {
            hours: hours.to_vec(),
            timezone: "America/New_York".into(),
        }
    }
}

/// # Errors
/// Not 24 weights, a weight that is none, or no weight above 0.
pub(super) fn check_hours(path: &str, hours: &[f64]) -> Result<(), Fault> {
    let allowed =
        "24 weights are expected, from 0 up and not all 0, for the hours from midnight on";
    let is_weight = |weight: &&f64| weight.is_finite() && **weight >= 0.0;
    if hours.len() != 24 || !hours.iter().all(|weight| is_weight(&weight)) {
        let message = format!(
            "`{}` are not 24 weights ({} are given)",
            super::source::shown(path),
            hours.len()
        );
        return Err(Fault::new(path, message, allowed));
    }
    if hours.iter().all(|weight| *weight == 0.0) {
        let message = format!("`{}` are all 0", super::source::shown(path));
        return Err(Fault::new(path, message, allowed));
    }
    Ok(())
}
