//! Light or dark: the sun of every place and date, by the clock on the wall of the place.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::stats::sun::{Crossing, Ephemeris, Point, SunEvents, instant};

/// Years of which the sun is known: those in which a stop may lie.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;
/// Seconds of half a day, and a minute by which the days of polar summer reach into one another: two noons are not
/// exactly a day apart.
const HALF_A_DAY: i64 = 43_200 + 60;
const A_DAY: i32 = 86_400;

/// Whether it was light at a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Light {
    /// Between sunrise and sunset.
    Light,
    /// Between civil dawn and sunrise, or between sunset and civil dusk.
    Twilight,
    /// Between civil dusk and civil dawn.
    Dark,
    /// The place has no point, or the row no time.
    Unknown,
}

impl Light {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Light, Self::Twilight, Self::Dark, Self::Unknown];

    /// The value of the key `light`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Twilight => "twilight",
            Self::Dark => "dark",
            Self::Unknown => super::CLOCK_UNKNOWN,
        }
    }
}

/// The sun of one place on one date: seconds of the clock on the wall since the midnight with which the date begins.
///
/// An event behind the next midnight has 86,400 or more, one before the midnight is below 0. On a day on which the clocks
/// are changed the seconds are still those that the clock shows, not those that have passed. `None` where the sun does not
/// cross the altitude on that half of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SunDay {
    /// Civil dawn: the sun 6 degrees below the horizon.
    pub dawn: Option<i32>,
    /// Sunrise.
    pub sunrise: Option<i32>,
    /// Sunset.
    pub sunset: Option<i32>,
    /// Civil dusk: the sun 6 degrees below the horizon.
    pub dusk: Option<i32>,
}

/// One day of a place as it is kept: where it is light and where at least twilight, and which of the four ends are events.
#[derive(Debug, Clone, Copy)]
struct Day {
    /// Dawn, sunrise, sunset, dusk. Where the sun stays up the end is that of the half day, where it stays down noon.
    ends: [i32; 4],
    crosses: [bool; 4],
}

impl Day {
    fn new(events: &SunEvents, date: Date, zone: &TimeZone) -> Self {
        let midnight = date.at(0, 0, 0, 0);
        let clock = |seconds: f64| {
            let at = instant(seconds).expect("the years of stops lie within the calendar");
            let since = zone.to_datetime(at).duration_since(midnight).as_secs();
            i32::try_from(since).expect("an event lies within two days of its date")
        };
        let noon = i64::from(clock(events.noon));
        let all = [events.dawn, events.sunrise, events.sunset, events.dusk];
        let mut ends = [0; 4];
        for (i, (end, event)) in ends.iter_mut().zip(all).enumerate() {
            let away = if i < 2 { -HALF_A_DAY } else { HALF_A_DAY };
            *end = match event {
                Crossing::At(seconds) => clock(seconds),
                Crossing::AlwaysAbove => i32::try_from(noon + away).unwrap_or_default(),
                Crossing::AlwaysBelow => i32::try_from(noon).unwrap_or_default(),
            };
        }
        Self {
            ends,
            crosses: all.map(|event| event.time().is_some()),
        }
    }

    fn shown(&self) -> SunDay {
        let [dawn, sunrise, sunset, dusk] =
            [0, 1, 2, 3].map(|i: usize| self.crosses[i].then_some(self.ends[i]));
        SunDay {
            dawn,
            sunrise,
            sunset,
            dusk,
        }
    }

    /// Whether the second of the clock is one of day, or of twilight; an event itself belongs to what begins with it.
    #[inline]
    fn light(&self, second: i32) -> Light {
        let [dawn, sunrise, sunset, dusk] = self.ends;
        if (sunrise..sunset).contains(&second) {
            Light::Light
        } else if (dawn..dusk).contains(&second) {
            Light::Twilight
        } else {
            Light::Dark
        }
    }
}

/// A place with its point and its clock.
#[derive(Debug)]
pub struct SunPoint {
    /// The place, as the rows name it; empty for the one point of all places.
    pub place: String,
    /// Its state, where places are told apart by it.
    pub state: Option<String>,
    /// Where it is.
    pub point: Point,
    /// Its time zone, by its name in the tz database.
    pub zone: String,
    clock: TimeZone,
    /// Days by year, made when they are first asked for.
    years: Vec<OnceLock<Box<[Day]>>>,
}

impl SunPoint {
    /// A place, of which nothing has been reckoned yet. `clock` is the time zone of that name.
    #[must_use]
    pub fn new(
        (place, state): (String, Option<String>),
        point: Point,
        (zone, clock): (String, TimeZone),
    ) -> Self {
        Self {
            place,
            state,
            point,
            zone,
            clock,
            years: YEARS.map(|_| OnceLock::new()).collect(),
        }
    }

    /// The dates from some days before `first` to as many after `last` on which the clocks of the place are changed.
    #[must_use]
    pub fn clock_changes(&self, first: Date, last: Date, days: i32) -> Vec<Date> {
        let offset = |date: Date| {
            let noon = self.clock.to_timestamp(date.at(12, 0, 0, 0)).ok()?;
            Some(self.clock.to_offset(noon))
        };
        let span = jiff::Span::new().days(days);
        let (from, to) = (first.saturating_sub(span), last.saturating_add(span));
        let dates = from.series(jiff::Span::new().days(1));
        dates
            .take_while(|date| *date <= to)
            .filter(|date| {
                let before = date.yesterday().ok().and_then(offset);
                before.is_some() && before != offset(*date)
            })
            .collect()
    }
}

/// The sun of every place of a study, of the years from 1900 to 2100.
///
/// Nothing is reckoned before it is asked for: the positions of the sun once per year, and the days of a place once per
/// place and year.
#[derive(Debug)]
pub struct SunTable {
    points: Vec<SunPoint>,
    /// By place, and by state where the points have one; empty where one point is that of all places.
    by_name: BTreeMap<(String, Option<String>), usize>,
    by_state: bool,
    positions: Vec<OnceLock<Ephemeris>>,
}

impl SunTable {
    /// The table where all places share one point.
    #[must_use]
    pub fn everywhere(point: SunPoint) -> Self {
        Self::of(vec![point], BTreeMap::new())
    }

    /// The table of several places; of two points of one place the later one holds.
    #[must_use]
    pub fn new(points: Vec<SunPoint>) -> Self {
        let named = points.iter().enumerate();
        let by_name = named.map(|(i, point)| ((point.place.clone(), point.state.clone()), i));
        let by_name = by_name.collect();
        Self::of(points, by_name)
    }

    fn of(points: Vec<SunPoint>, by_name: BTreeMap<(String, Option<String>), usize>) -> Self {
        Self {
            by_state: points.iter().any(|point| point.state.is_some()),
            points,
            by_name,
            positions: YEARS.map(|_| OnceLock::new()).collect(),
        }
    }

    /// Whether places have points of their own, rather than one for all.
    #[must_use]
    pub fn by_place(&self) -> bool {
        !self.by_name.is_empty()
    }

    /// Whether the state tells places of the same name apart.
    #[must_use]
    pub fn by_state(&self) -> bool {
        self.by_state
    }

    /// The points, in the order of the study.
    #[must_use]
    pub fn points(&self) -> &[SunPoint] {
        &self.points
    }

    /// Which point is that of a place; `state` matters where [`SunTable::by_state`] says so.
    #[must_use]
    pub fn find(&self, place: &str, state: Option<&str>) -> Option<usize> {
        if !self.by_place() {
            return Some(0);
        }
        let state = state.filter(|_| self.by_state);
        let named = |state: Option<&str>| {
            let name = (place.to_owned(), state.map(str::to_owned));
            self.by_name.get(&name).copied()
        };
        // A point that the study itself gives has no state.
        named(state).or_else(|| named(None))
    }

    /// The sun of a place on a date, where places are not told apart by their state.
    ///
    /// `None` for a place without a point, and for a year outside 1900 to 2100.
    #[must_use]
    pub fn day(&self, place: &str, date: Date) -> Option<SunDay> {
        self.day_at(self.find(place, None)?, date)
    }

    /// The sun of a point on a date; `None` for a year outside 1900 to 2100.
    #[must_use]
    pub fn day_at(&self, point: usize, date: Date) -> Option<SunDay> {
        self.day_of(point, date).map(Day::shown)
    }

    /// Whether it is light at a point, by the second of the clock on the wall since midnight.
    ///
    /// The clock is taken at its word: in the hour that is repeated when the clocks go back, both passes are compared by
    /// what they show, and so is an hour that the clocks skipped.
    #[must_use]
    pub fn light(&self, point: usize, date: Date, second: i32) -> Light {
        let Some(own) = self.day_of(point, date) else {
            return Light::Unknown;
        };
        let own = own.light(second);
        if own == Light::Light {
            return own;
        }
        // In high latitudes dusk falls behind midnight, and dawn before it.
        let beside = |date: Result<Date, jiff::Error>, second: i32| {
            let day = self.day_of(point, date.ok()?)?;
            Some(day.light(second))
        };
        let before = beside(date.yesterday(), second + A_DAY);
        let behind = beside(date.tomorrow(), second - A_DAY);
        [before, behind].into_iter().flatten().fold(own, Ord::min)
    }

    #[inline]
    fn day_of(&self, point: usize, date: Date) -> Option<&Day> {
        let point = self.points.get(point)?;
        let at = usize::try_from(date.year() - YEARS.start()).ok()?;
        let days = point.years.get(at)?;
        let days = days.get_or_init(|| self.year_of(point, date.year(), at));
        days.get(usize::from(date.day_of_year().unsigned_abs()) - 1)
    }

    #[cold]
    fn year_of(&self, point: &SunPoint, year: i16, at: usize) -> Box<[Day]> {
        let first = Date::constant(year, 1, 1);
        let positions = self.positions[at].get_or_init(|| {
            Ephemeris::new(first, first.last_of_year()).expect("the years of stops are known")
        });
        let dates = first.series(jiff::Span::new().days(1));
        let days = dates.take_while(|date| date.year() == year).map(|date| {
            let events = positions.events(point.point, date, Some(&point.clock));
            let events = events.expect("the year holds the date");
            Day::new(&events, date, &point.clock)
        });
        days.collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn table(points: &[(&str, f64, f64, &str)]) -> SunTable {
        let point = |(place, latitude, longitude, zone): &(&str, f64, f64, &str)| {
            SunPoint::new(
                ((*place).to_owned(), None),
                Point::new(*latitude, *longitude).unwrap(),
                ((*zone).to_owned(), TimeZone::get(zone).unwrap()),
            )
        };
        SunTable::new(points.iter().map(point).collect())
    }

    fn clock(hour: i32, minute: i32) -> i32 {
        hour * 3600 + minute * 60
    }

    #[test]
    fn the_clock_on_the_wall_jumps_when_clocks_are_changed() {
        let table = table(&[("Durham", 35.994, -78.8986, "America/New_York")]);
        let dusk = |day: Date| table.day("Durham", day).unwrap().dusk.unwrap();
        let (before, after) = (date(2019, 3, 9), date(2019, 3, 10));
        let spring = dusk(after) - dusk(before);
        assert!((clock(1, 0)..clock(1, 3)).contains(&spring), "{spring}");
        let (before, after) = (date(2019, 11, 2), date(2019, 11, 3));
        let autumn = dusk(after) - dusk(before);
        assert!((-clock(1, 3)..-clock(1, 0)).contains(&autumn), "{autumn}");
        // Dawn behind the change reads the new clock, and both passes of the repeated hour are night.
        let dawn = table.day("Durham", after).unwrap().dawn.unwrap();
        assert!((clock(6, 0)..clock(6, 30)).contains(&dawn), "{dawn}");
        assert_eq!(table.light(0, after, clock(1, 30)), Light::Dark);
    }

    #[test]
    fn a_zone_that_splits_a_state_and_a_state_that_changes_no_clock() {
        // Two towns of Tennessee, two degrees apart and an hour by the clock.
        let table = table(&[
            ("Crossville", 35.95, -85.03, "America/Chicago"),
            ("Harriman", 35.93, -84.55, "America/New_York"),
            ("Phoenix", 33.45, -112.07, "America/Phoenix"),
        ]);
        let day = date(2018, 7, 1);
        let of = |place: &str| table.day(place, day).unwrap().sunset.unwrap();
        let apart = of("Harriman") - of("Crossville");
        assert!((clock(0, 56)..clock(1, 0)).contains(&apart), "{apart}");
        let dusk = |day: Date| table.day("Phoenix", day).unwrap().dusk.unwrap();
        assert!((dusk(date(2019, 3, 10)) - dusk(date(2019, 3, 9))).abs() < 120);
    }

    #[test]
    fn polar_summer_is_light_and_polar_winter_has_its_twilight() {
        let table = table(&[("Utqiagvik", 71.2906, -156.7886, "America/Anchorage")]);
        let (june, december) = (date(2019, 6, 21), date(2019, 12, 21));
        let none = SunDay {
            dawn: None,
            sunrise: None,
            sunset: None,
            dusk: None,
        };
        assert_eq!(table.day("Utqiagvik", june), Some(none));
        for second in (0..86_400).step_by(601).chain([0, 86_399]) {
            assert_eq!(table.light(0, june, second), Light::Light, "{second}");
        }
        let winter = table.day("Utqiagvik", december).unwrap();
        assert!(winter.sunrise.is_none() && winter.sunset.is_none());
        let (dawn, dusk) = (winter.dawn.unwrap(), winter.dusk.unwrap());
        for (second, light) in [
            (dawn - 1, Light::Dark),
            (dawn, Light::Twilight),
            ((dawn + dusk) / 2, Light::Twilight),
            (dusk - 1, Light::Twilight),
            (dusk, Light::Dark),
        ] {
            assert_eq!(table.light(0, december, second), light, "{second}");
        }
    }

    #[test]
    fn years_of_stops_have_all_their_days_and_others_none() {
        let table = table(&[("Durham", 35.994, -78.8986, "America/New_York")]);
        for day in [
            date(1900, 1, 1),
            date(1900, 12, 31),
            date(2000, 2, 29),
            date(2100, 2, 28),
            date(2100, 12, 31),
        ] {
            let own = table.day("Durham", day).unwrap();
            let noon = (own.sunrise.unwrap() + own.sunset.unwrap()) / 2;
            assert!(
                (clock(12, 0)..clock(13, 40)).contains(&noon),
                "{day}: {own:?}"
            );
            assert_eq!(table.light(0, day, clock(12, 30)), Light::Light);
            assert_eq!(table.light(0, day, 0), Light::Dark);
        }
        assert_eq!(table.day("Durham", date(1899, 12, 31)), None);
        assert_eq!(table.day("Durham", date(2101, 1, 1)), None);
        assert_eq!(table.day("Raleigh", date(2019, 1, 1)), None);
    }
}
