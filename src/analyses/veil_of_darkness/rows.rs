//! The cells of the request as stops with their minute, day, place and light.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::numbers::Numbers;
use super::windows::{Minutes, Part, Span, Windows};
use crate::cells::{CellTable, GROUP};
use crate::error::Error;
use crate::stops::{DATE, LIGHT, Light, MINUTE, OFFICER, PLACE, STATE, SunDay, SunTable};

/// Stops that have everything in common that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Which group: a place among those of [`Rows::groups`].
    pub(super) group: u32,
    pub(super) date: u32,
    pub(super) place: u32,
    pub(super) officer: u32,
    /// Which combination of the study's own keys.
    pub(super) own: u32,
    pub(super) minute: Option<u16>,
    pub(super) light: Light,
    pub(super) count: u64,
}

/// A day, with what is made from it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: Option<Date>,
    /// Months from December on, three to a season.
    pub(super) season: u32,
    pub(super) weekday: u32,
    pub(super) year: u32,
}

/// A place.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// Its name, with its state where it has one.
    pub(super) name: String,
    pub(super) point: Option<usize>,
}

/// All stops of a request.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) sun: &'a SunTable,
    pub(super) rows: Vec<Row>,
    pub(super) groups: Vec<String>,
    pub(super) days: Vec<Day>,
    pub(super) places: Vec<Place>,
    /// Values of the study's own keys, by combination.
    pub(super) own: Vec<Vec<u32>>,
    pub(super) windows: Windows,
    /// By zone and day: whether the clocks change within so many days.
    near: Vec<Vec<bool>>,
    /// The zone of each place.
    zones: Vec<usize>,
}

/// Where a stop lies: in which window, and on which side of dusk or dawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    NoTime,
    NoLight,
    Outside,
    Twilight(Part),
    Light(Part),
    Dark(Part),
}

impl<'a> Rows<'a> {
    /// Reads the cells; `own` are the study's own keys to adjust for, `days` those around a change of the clocks.
    ///
    /// # Errors
    /// A cell without a key that was asked for.
    pub(super) fn new(
        table: &CellTable,
        sun: &'a SunTable,
        own: &[String],
        days: u16,
    ) -> Result<Self, Error> {
        let mut reader = Reader::new(table, own)?;
        let rows: Vec<Row> = table
            .cells()
            .iter()
            .filter(|cell| cell.events > 0)
            .map(|cell| reader.row(&cell.key, cell.events))
            .collect();
        let days_read: Vec<Day> = reader.dates.values.iter().map(|text| day(text)).collect();
        let places: Vec<Place> = reader
            .places
            .values
            .iter()
            .map(|name| Place {
                point: match name.split_once('\u{1f}') {
                    Some((state, place)) => sun.find(place, Some(state)),
                    None => sun.find(name, None),
                },
                name: name.replace('\u{1f}', ", "),
            })
            .collect();
        let mut read = Self {
            sun,
            groups: reader.groups.values,
            own: reader.patterns,
            days: days_read,
            places,
            rows,
            windows: Windows::default(),
            near: Vec::new(),
            zones: Vec::new(),
        };
        let spans = read.spans();
        read.windows = Windows::new(sun, &spans);
        read.find_changes(i32::from(days));
        Ok(read)
    }

    /// From when to when each place has stops.
    fn spans(&self) -> Vec<Option<Span>> {
        let mut spans: Vec<Option<(Date, Date)>> = vec![None; self.places.len()];
        for row in &self.rows {
            if let Some(date) = self.days[row.date as usize].date {
                let own = &mut spans[row.place as usize];
                let (first, last) = own.unwrap_or((date, date));
                *own = Some((first.min(date), last.max(date)));
            }
        }
        let with_point = spans.into_iter().zip(&self.places);
        with_point
            .map(|(span, place)| {
                let (first, last) = span?;
                Some(Span {
                    point: place.point?,
                    first,
                    last,
                })
            })
            .collect()
    }

    fn find_changes(&mut self, within: i32) {
        let mut zones: Vec<&str> = Vec::new();
        let dates = self.days.iter().filter_map(|day| day.date);
        let (first, last) = (dates.clone().min(), dates.max());
        for place in &self.places {
            let zone = place
                .point
                .map_or("", |at| self.sun.points()[at].zone.as_str());
            let at = zones.iter().position(|known| *known == zone);
            let at = at.unwrap_or(zones.len());
            self.zones.push(at);
            if at < zones.len() {
                continue;
            }
            zones.push(zone);
            let changes: Vec<Date> = match (place.point, first, last) {
                (Some(point), Some(first), Some(last)) => {
                    self.sun.points()[point].clock_changes(first, last, within)
                }
                _ => Vec::new(),
            };
            let is_near = |day: &Day| {
                let date = day.date?;
                let apart = |change: &Date| (*change - date).get_days().abs();
                Some(changes.iter().any(|change| apart(change) <= within))
            };
            let near = self.days.iter().map(|day| is_near(day).unwrap_or(false));
            self.near.push(near.collect());
        }
    }

    /// Whether the clocks of the place change within so many days.
    pub(super) fn is_near(&self, row: &Row) -> bool {
        self.near[self.zones[row.place as usize]][row.date as usize]
    }

    pub(super) fn window(&self, place: u32, part: Part) -> Option<Minutes> {
        self.windows.by_place[place as usize][part as usize]
    }

    pub(super) fn curve(&self, place: u32, part: Part) -> u32 {
        self.windows.curves[place as usize][part as usize]
    }

    /// The sun of the place on the day of a row.
    pub(super) fn sun_of(&self, row: &Row) -> Option<SunDay> {
        let point = self.places[row.place as usize].point?;
        self.sun.day_at(point, self.days[row.date as usize].date?)
    }

    /// Where a stop lies.
    pub(super) fn state(&self, row: &Row) -> State {
        let Some(minute) = row.minute else {
            return State::NoTime;
        };
        if row.light == Light::Unknown {
            return State::NoLight;
        }
        let windows = Part::BOTH.into_iter();
        let part = windows.into_iter().find(|part| {
            self.window(row.place, *part)
                .is_some_and(|window| window.holds(i32::from(minute)))
        });
        match (part, row.light) {
            (None, _) => State::Outside,
            (Some(part), Light::Light) => State::Light(part),
            (Some(part), Light::Dark) => State::Dark(part),
            (Some(part), _) => State::Twilight(part),
        }
    }

    /// Where a stop would lie if dusk and dawn were so many minutes later (earlier below 0); only stops count whose true
    /// light is the same on both sides of the line.
    pub(super) fn shifted(&self, row: &Row, by: i32) -> Option<(Part, bool)> {
        let minute = i32::from(row.minute?);
        let part = Part::BOTH.into_iter().find(|part| {
            self.window(row.place, *part)
                .is_some_and(|window| window.holds(minute - by))
        })?;
        let only = match (part, by > 0) {
            (Part::Evening, true) | (Part::Morning, false) => Light::Dark,
            (Part::Evening, false) | (Part::Morning, true) => Light::Light,
        };
        if row.light != only {
            return None;
        }
        let sun = self.sun_of(row)?;
        let (civil, horizon) = (part.civil(&sun)? + 60 * by, part.horizon(&sun)? + 60 * by);
        let (first, last) = (60 * minute, 60 * minute + 59);
        let (is_dark, is_light) = match part {
            Part::Evening => (first >= civil, last < horizon),
            Part::Morning => (last < civil, first >= horizon),
        };
        (is_dark || is_light).then_some((part, is_light))
    }
}

/// Reads cells one after the other.
struct Reader {
    at: [Option<usize>; 7],
    own_at: Vec<usize>,
    groups: Numbers<String>,
    dates: Numbers<String>,
    places: Numbers<String>,
    officers: Numbers<String>,
    own: Vec<Numbers<String>>,
    by_pattern: BTreeMap<Vec<u32>, u32>,
    patterns: Vec<Vec<u32>>,
}

impl Reader {
    fn new(table: &CellTable, own: &[String]) -> Result<Self, Error> {
        let lost = |key: &str| Error::Internal(format!("the counts were asked for by `{key}`"));
        let at = [GROUP, DATE, MINUTE, LIGHT, PLACE, STATE, OFFICER].map(|key| table.position(key));
        if let Some(missing) = at[..4].iter().position(Option::is_none) {
            return Err(lost([GROUP, DATE, MINUTE, LIGHT][missing]));
        }
        let own_at = own
            .iter()
            .map(|key| table.position(key).ok_or_else(|| lost(key)));
        Ok(Self {
            at,
            own_at: own_at.collect::<Result<_, _>>()?,
            groups: Numbers::default(),
            dates: Numbers::default(),
            places: Numbers::default(),
            officers: Numbers::default(),
            own: own.iter().map(|_| Numbers::default()).collect(),
            by_pattern: BTreeMap::new(),
            patterns: Vec::new(),
        })
    }

    fn row(&mut self, key: &[String], count: u64) -> Row {
        let text = |at: Option<usize>| at.map_or("", |at| key[at].as_str());
        let [group, date, minute, light, place, state, officer] = self.at;
        let place = match state.filter(|_| place.is_some()) {
            Some(state) => self
                .places
                .number(&format!("{}\u{1f}{}", key[state], text(place))),
            None => self.places.number(text(place)),
        };
        let levels: Vec<u32> = self
            .own
            .iter_mut()
            .zip(&self.own_at)
            .map(|(names, at)| names.number(&key[*at]))
            .collect();
        let own = match self.by_pattern.get(&levels) {
            Some(own) => *own,
            None => {
                let own = self.patterns.len() as u32;
                self.by_pattern.insert(levels.clone(), own);
                self.patterns.push(levels);
                own
            }
        };
        Row {
            group: self.groups.number(text(group)),
            date: self.dates.number(text(date)),
            place,
            officer: self.officers.number(text(officer)),
            own,
            minute: minute_of(text(minute)),
            light: light_of(text(light)),
            count,
        }
    }
}

/// `18:05` as minutes; `None` for what is no time.
fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    (hour < 24 && minute < 60).then_some(60 * hour + minute)
}

fn light_of(text: &str) -> Light {
    let known = Light::ALL.into_iter().find(|light| light.word() == text);
    known.unwrap_or(Light::Unknown)
}

fn day(text: &str) -> Day {
    let date: Option<Date> = text.parse().ok();
    let of = |number: &dyn Fn(Date) -> i32| date.map_or(0, |d| number(d).unsigned_abs());
    Day {
        date,
        season: of(&|d| i32::from(d.month()) % 12 / 3),
        weekday: of(&|d| i32::from(d.weekday().to_monday_zero_offset())),
        year: of(&|d| i32::from(d.year())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_and_days_are_read() {
        assert_eq!(minute_of("18:05"), Some(1085));
        assert_eq!(minute_of("24:00"), None);
        assert_eq!(minute_of("unknown"), None);
        assert_eq!(light_of("dark"), Light::Dark);
        assert_eq!(light_of(""), Light::Unknown);
        let winter = day("2019-12-31");
        let summer = day("2019-07-01");
        // Tuesday, and Monday.
        assert_eq!((winter.season, winter.weekday, winter.year), (0, 1, 2019));
        assert_eq!((summer.season, summer.weekday), (2, 0));
        assert!(day("not recorded").date.is_none());
    }
}
