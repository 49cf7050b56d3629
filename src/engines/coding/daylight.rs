//! Keys that are made of the clock: the day, the minute, and whether it was light.

use jiff::civil::Date;

use super::Codes;
use crate::error::Error;
use crate::number::clock;
use crate::stops::{CLOCK_UNKNOWN, LIGHT, Light, PLACE, STATE, SunTable};

/// The code of a row's calendar year.
pub(super) fn of_year(codes: &mut Codes, day: Date) -> u32 {
    let year = day.year();
    codes.numbered(u32::from(year.unsigned_abs()), || year.to_string())
}

/// The code of a row's day, in a calendar in which every month has 31.
pub(super) fn of_day(codes: &mut Codes, day: Option<Date>) -> u32 {
    let Some(day) = day else {
        return codes.code(CLOCK_UNKNOWN);
    };
    let months = u32::from(day.year().unsigned_abs()) * 12 + u32::from(day.month().unsigned_abs());
    // Readers of dates refuse years before 1900.
    let number = (months.saturating_sub(1900 * 12)) * 31 + u32::from(day.day().unsigned_abs());
    codes.numbered(number, || day.to_string())
}

/// The code of a row's minute.
pub(super) fn of_minute(codes: &mut Codes, minute: Option<u16>) -> u32 {
    let Some(minute) = minute else {
        return codes.code(CLOCK_UNKNOWN);
    };
    codes.numbered(u32::from(minute), || clock(minute.into()))
}

/// Decides of every row whether it was light.
pub(super) struct Lights<'a> {
    table: &'a SunTable,
    light_at: usize,
    place_at: Option<usize>,
    state_at: Option<usize>,
    /// The point of each place, by its code and that of its state; `None` where it has none.
    points: Vec<Vec<Option<Option<usize>>>>,
}

impl<'a> Lights<'a> {
    /// `None` where no request asks for light.
    ///
    /// # Errors
    /// [`Error::Internal`] when light is asked for and the study says not where the places are.
    pub(super) fn new(keys: &[String], table: Option<&'a SunTable>) -> Result<Option<Self>, Error> {
        let at = |name: &str| keys.iter().position(|key| key == name);
        let Some(light_at) = at(LIGHT) else {
            return Ok(None);
        };
        let Some(table) = table else {
            return Err(Error::Internal(format!(
                "key `{LIGHT}` was asked for, and the study has no [daylight]"
            )));
        };
        Ok(Some(Self {
            table,
            light_at,
            place_at: at(PLACE),
            state_at: at(STATE),
            points: Vec::new(),
        }))
    }

    /// Puts the code of the light into a row whose other keys are coded.
    #[inline]
    pub(super) fn fill_in(
        &mut self,
        key: &mut [u32],
        at: Option<(Date, u32)>,
        codes: &mut [Codes],
    ) {
        let light = match (at, self.point(key, codes)) {
            (Some((date, second)), Some(point)) => {
                let second = i32::try_from(second).unwrap_or(i32::MAX);
                self.table.light(point, date, second)
            }
            _ => Light::Unknown,
        };
        key[self.light_at] = codes[self.light_at].numbered(light as u32, || light.word().into());
    }

    #[inline]
    fn point(&mut self, key: &[u32], codes: &[Codes]) -> Option<usize> {
        let Some(place_at) = self.place_at else {
            return self.table.find("", None);
        };
        let place = key[place_at];
        let state = self.state_at.map(|at| (at, key[at]));
        let row = state.map_or(0, |(_, code)| code as usize);
        if self.points.len() <= row {
            self.points.resize(row + 1, Vec::new());
        }
        let known = &mut self.points[row];
        if known.len() <= place as usize {
            known.resize(place as usize + 1, None);
        }
        *known[place as usize].get_or_insert_with(|| {
            let state = state.map(|(at, code)| codes[at].value(code));
            self.table.find(codes[place_at].value(place), state)
        })
    }
}
