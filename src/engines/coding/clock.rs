//! When a row was.

use jiff::civil::Date;

/// Day and time of a row, as far as they are known.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    pub(super) day: Option<Date>,
    /// Seconds since midnight.
    pub(super) second: Option<u32>,
    /// Whether only the year is known, of which `day` is the first.
    pub(super) is_year: bool,
}

impl Clock {
    /// A row without a date.
    pub(super) fn undated(second: Option<u32>) -> Self {
        Self {
            day: None,
            second,
            is_year: false,
        }
    }

    /// The minute of the day.
    pub(super) fn minute(self) -> Option<u16> {
        u16::try_from(self.second? / 60).ok()
    }
}
