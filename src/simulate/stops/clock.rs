//! Times of day, and a declared rule for when it is dark that needs no table of the sun.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::source::Fault;

/// Minutes of a day.
pub(super) const MINUTES: usize = 1440;

/// The `[clock]` table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clock {
    /// Weights of the 24 hours of the day, whatever the group.
    pub hours: Vec<f64>,
    /// When it becomes light, by month from January on.
    pub dawn: Vec<Minute>,
    /// When it becomes dark, by month from January on.
    pub dusk: Vec<Minute>,
}

/// A minute of the day, written `17:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minute(pub u16);

impl Default for Clock {
    fn default() -> Self {
        let at = |clocks: [(u16, u16); 12]| clocks.map(|(h, m)| Minute(60 * h + m)).to_vec();
        // About what the fortieth parallel has, in a clock that knows no daylight saving.
        let dawn = [
            (7, 30),
            (7, 0),
            (6, 30),
            (5, 45),
            (5, 0),
            (4, 30),
            (4, 45),
            (5, 15),
            (5, 45),
            (6, 15),
            (6, 45),
            (7, 15),
        ];
        let dusk = [
            (17, 30),
            (18, 0),
            (18, 30),
            (19, 0),
            (19, 30),
            (20, 0),
            (20, 0),
            (19, 30),
            (18, 45),
            (18, 0),
            (17, 30),
            (17, 15),
        ];
        let hours = [
            3.0, 2.5, 2.0, 1.0, 0.8, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, 4.5, 4.5, 4.5, 5.0, 5.5, 6.0,
            6.0, 5.5, 5.5, 5.0, 5.0, 4.5, 4.0,
        ];
        Self {
            hours: hours.to_vec(),
            dawn: at(dawn),
            dusk: at(dusk),
        }
    }
}

impl Clock {
    /// # Errors
    /// Not one clock a month, a dusk that is not after the dawn of its month, hours that are no weights.
    pub(super) fn check(&self) -> Result<(), Fault> {
        check_hours("clock.hours", &self.hours)?;
        for (name, clocks) in [("dawn", &self.dawn), ("dusk", &self.dusk)] {
            if clocks.len() != 12 {
                return Err(Fault::new(
                    format!("clock.{name}"),
                    format!("`clock.{name}` has {} clocks", clocks.len()),
                    "twelve are expected, from January to December: \"17:30\"",
                ));
            }
        }
        match (0..12).find(|&month| self.dusk[month] <= self.dawn[month]) {
            Some(month) => Err(Fault::new(
                format!("clock.dusk.{month}"),
                format!("the dusk of month {} is not after its dawn", month + 1),
                "it is light from `dawn` until the minute before `dusk`",
            )),
            None => Ok(()),
        }
    }

    /// Whether it is dark in a month (from 0) at a minute.
    pub(super) fn is_dark(&self, month: usize, minute: usize) -> bool {
        let minute = Minute(minute as u16);
        minute < self.dawn[month] || minute >= self.dusk[month]
    }

    /// The minutes of the evening that are light in one month and dark in another: from the earliest dusk until the
    /// minute before the latest.
    pub(super) fn window(&self) -> std::ops::Range<usize> {
        let dusks = || self.dusk.iter().map(|minute| usize::from(minute.0));
        dusks().min().unwrap_or(0)..dusks().max().unwrap_or(0)
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

impl Serialize for Minute {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:02}:{:02}", self.0 / 60, self.0 % 60))
    }
}

impl<'de> Deserialize<'de> for Minute {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let parts = text.split_once(':').filter(|_| text.len() == 5);
        let minute = parts.and_then(|(hour, minute)| {
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (hour < 24 && minute < 60).then_some(Self(60 * hour + minute))
        });
        minute.ok_or_else(|| {
            D::Error::custom(format!(
                "found `{text}`, where a clock is expected: \"17:30\""
            ))
        })
    }
}
