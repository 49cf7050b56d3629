//! When the sun rises and sets: civil dawn, sunrise, noon, sunset and civil dusk of a place and a date.
//!
//! The positions are those of the Solar Position Algorithm, reckoned once per date for all places ([`Ephemeris`]) and
//! interpolated between midnights of universal time; what remains for each place is spherical trigonometry.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions, delta_t};

use super::StatsError;
use super::root::root_between;

/// Altitude of the sun's centre at sunrise and sunset in degrees: half its disc and the usual refraction.
const HORIZON: f64 = -0.8333;
/// Altitude of the sun's centre at civil dawn and dusk in degrees.
const CIVIL: f64 = -6.0;
/// Horizontal parallax of the sun at its mean distance, in degrees.
const PARALLAX: f64 = 8.794 / 3600.0;
/// The Julian date at which 1970 began.
const JULIAN_1970: f64 = 2_440_587.5;
/// Midnights that are known before the first date and behind the last: the solar day of a date reaches to a day and a
/// half on either side, and a cubic takes two neighbours each way.
const MARGIN: i32 = 5;

const SECONDS_A_DAY: f64 = 86_400.0;

/// A point on the earth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    latitude: f64,
    longitude: f64,
}

impl Point {
    /// A point by its latitude and longitude in degrees, north and east above 0.
    ///
    /// # Errors
    /// A number outside its range, or none.
    pub fn new(latitude: f64, longitude: f64) -> Result<Self, StatsError> {
        if !(-90.0..=90.0).contains(&latitude) {
            return Err(StatsError::OutOfRange {
                what: "latitude",
                value: latitude,
                allowed: "from -90 to 90 degrees",
            });
        }
        if !(-180.0..=180.0).contains(&longitude) {
            return Err(StatsError::OutOfRange {
                what: "longitude",
                value: longitude,
                allowed: "from -180 to 180 degrees",
            });
        }
        Ok(Self {
            latitude,
            longitude,
        })
    }

    /// Degrees north of the equator.
    #[must_use]
    pub fn latitude(self) -> f64 {
        self.latitude
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub fn longitude(self) -> f64 {
        self.longitude
    }
}

/// A crossing of an altitude, in seconds since 1970 of universal time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Crossing {
    /// The sun crosses it then.
    At(f64),
    /// The sun stays above it in that half of the day.
    AlwaysAbove,
    /// The sun stays below it in that half of the day.
    AlwaysBelow,
}

impl Crossing {
    /// The time, where there is one.
    #[must_use]
    pub fn time(self) -> Option<f64> {
        match self {
            Self::At(seconds) => Some(seconds),
            Self::AlwaysAbove | Self::AlwaysBelow => None,
        }
    }
}

/// The events of one solar day, in seconds since 1970 of universal time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SunEvents {
    /// The sun's centre rises above 6 degrees below the horizon.
    pub dawn: Crossing,
    /// It rises above 0.8333 degrees below the horizon.
    pub sunrise: Crossing,
    /// It crosses the meridian.
    pub noon: f64,
    /// It sets below 0.8333 degrees below the horizon.
    pub sunset: Crossing,
    /// It sets below 6 degrees below the horizon.
    pub dusk: Crossing,
}

/// Where the sun is at one midnight of universal time.
#[derive(Debug, Clone, Copy)]
struct Midnight {
    /// How far the sun is ahead of the mean sun, in degrees of hour angle: the equation of time.
    ahead: f64,
    /// Declination in degrees.
    declination: f64,
    /// Distance in astronomical units.
    distance: f64,
}

/// Positions of the sun over a span of dates, the same for all places.
#[derive(Debug, Clone)]
pub struct Ephemeris {
    /// Days from 1970 to the first midnight.
    first: i32,
    midnights: Vec<Midnight>,
}

/// The sun of a date cannot be told.
fn no_such(date: Date) -> StatsError {
    StatsError::OutOfRange {
        what: "year",
        value: f64::from(date.year()),
        allowed: "one in which the position of the sun is known, from -499 to 2999",
    }
}

/// Days from the first of January 1970 to a date.
fn day_number(date: Date) -> i32 {
    let epoch = Date::constant(1970, 1, 1);
    let days = date.duration_since(epoch).as_hours() / 24;
    i32::try_from(days).expect("the calendar has fewer days than a 32-bit number")
}

impl Ephemeris {
    /// The positions for all dates from `first` to `last`.
    ///
    /// # Errors
    /// The earth's rotation is not known for one of them: years below -500 or above 3000.
    pub fn new(first: Date, last: Date) -> Result<Self, StatsError> {
        let from = day_number(first) - MARGIN;
        let to = day_number(last) + MARGIN;
        let midnights = (from..=to).map(|day| {
            let date = first.checked_add(Span::new().days(day - from - MARGIN));
            let date = date.map_err(|_| no_such(first))?;
            midnight(day, date).ok_or(no_such(date.clamp(first, last)))
        });
        Ok(Self {
            first: from,
            midnights: midnights.collect::<Result<_, _>>()?,
        })
    }

    /// Civil dawn, sunrise, noon, sunset and civil dusk at a point, of the solar day whose noon falls on a local date.
    ///
    /// # Definition
    /// Rising and setting are those of the sun's centre at -0.8333 degrees, dawn and dusk at -6 degrees, of topocentric
    /// altitude at sea level without refraction; noon is the upper transit. Each crossing lies between noon and the lower
    /// transit before or behind it, so dusk may fall behind midnight. Without a zone the date is that of the mean sun at
    /// the longitude.
    ///
    /// # Units
    /// Seconds since 1970 of universal time.
    ///
    /// # Edge cases
    /// Where the sun stays on one side of an altitude, that side is told in place of a time. A date that the zone left out
    /// is taken as that of the mean sun.
    ///
    /// # Errors
    /// A date outside the span of the ephemeris.
    ///
    /// # Source
    /// Reda and Andreas (2003), Solar Energy 76(5), 577-589, by the crate `solar-positioning`; the altitudes are those of
    /// the NOAA solar calculator and of the US Naval Observatory. Agrees with skyfield (JPL DE421) and with NREL's SPA to
    /// half a second.
    pub fn events(
        &self,
        point: Point,
        date: Date,
        zone: Option<&TimeZone>,
    ) -> Result<SunEvents, StatsError> {
        let day = day_number(date);
        let last = self.first + i32::try_from(self.midnights.len()).unwrap_or(i32::MAX) - 1;
        if day < self.first + MARGIN || day > last - MARGIN {
            return Err(no_such(date));
        }
        let mean = self.noon(point, day);
        let falls_on = |noon: f64| match zone {
            Some(zone) => instant(noon * SECONDS_A_DAY)
                .map(|at| zone.to_datetime(at).date())
                .is_none_or(|local| local == date),
            None => true,
        };
        let noon = if falls_on(mean) {
            mean
        } else {
            let others = [day - 1, day + 1].map(|day| self.noon(point, day));
            others
                .into_iter()
                .find(|&noon| falls_on(noon))
                .unwrap_or(mean)
        };
        let event = |altitude: f64, half: f64| self.crossing(point, noon, (altitude, half));
        Ok(SunEvents {
            dawn: event(CIVIL, -0.5),
            sunrise: event(HORIZON, -0.5),
            noon: noon * SECONDS_A_DAY,
            sunset: event(HORIZON, 0.5),
            dusk: event(CIVIL, 0.5),
        })
    }

    /// The upper transit of a day of the mean sun, in days since 1970.
    fn noon(&self, point: Point, day: i32) -> f64 {
        let mean = f64::from(day) + 0.5 - point.longitude / 360.0;
        // The equation of time changes by half a minute a day at most, so that each step gains three digits and more.
        let mut noon = mean;
        for _ in 0..4 {
            noon = mean - self.at(noon).ahead / 360.0;
        }
        noon
    }

    /// Where the sun crosses an altitude between noon and the lower transit half a day away.
    fn crossing(&self, point: Point, noon: f64, (altitude, half): (f64, f64)) -> Crossing {
        let (sin_lat, cos_lat) = libm::sincos(point.latitude.to_radians());
        let above = |from_noon: f64| {
            let sun = self.at(noon + from_noon);
            let hour = 360.0 * (noon + from_noon).fract() + 180.0 + sun.ahead + point.longitude;
            let (sin_dec, cos_dec) = libm::sincos(sun.declination.to_radians());
            let sine = sin_lat * sin_dec + cos_lat * cos_dec * libm::cos(hour.to_radians());
            // Seen from the ground rather than from the middle of the earth, the sun stands lower by its parallax.
            let parallax = PARALLAX / sun.distance * libm::cos(altitude.to_radians());
            sine - libm::sin((altitude + parallax).to_radians())
        };
        if above(0.0) <= 0.0 {
            return Crossing::AlwaysBelow;
        }
        match root_between(above, half, 0.0) {
            Some(from_noon) => Crossing::At((noon + from_noon) * SECONDS_A_DAY),
            None => Crossing::AlwaysAbove,
        }
    }

    /// The sun at a time in days since 1970, by the cubic through the four midnights around it.
    fn at(&self, days: f64) -> Midnight {
        let whole = days.floor();
        let t = days - whole;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a day within the span, as `events` has tested"
        )]
        let at = (whole - f64::from(self.first)) as usize;
        let around = &self.midnights[at - 1..=at + 2];
        let weights = [
            -t * (t - 1.0) * (t - 2.0) / 6.0,
            (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
            -(t + 1.0) * t * (t - 2.0) / 2.0,
            (t + 1.0) * t * (t - 1.0) / 6.0,
        ];
        let mixed = |of: fn(&Midnight) -> f64| {
            let parts = around.iter().zip(weights);
            parts.map(|(midnight, weight)| weight * of(midnight)).sum()
        };
        Midnight {
            ahead: mixed(|sun| sun.ahead),
            declination: mixed(|sun| sun.declination),
            distance: mixed(|sun| sun.distance),
        }
    }
}

/// The sun at the midnight of universal time with which a day begins.
fn midnight(day: i32, date: Date) -> Option<Midnight> {
    let month = u32::from(date.month().unsigned_abs());
    let turned = delta_t::estimate_from_date(i32::from(date.year()), month).ok()?;
    let time = JulianDate::new(JULIAN_1970 + f64::from(day), turned).ok()?;
    let sun = SolarPositions::new().for_time_from_julian(time).ok()?;
    // Seen from the pole, the direction of the sun is its hour angle at Greenwich, and there is no parallax in it.
    let pole = Location {
        latitude: 90.0,
        longitude: 0.0,
    };
    let seen = sun.at(pole, 0.0, None).ok()?;
    // Half a turn lies between azimuth and hour angle, and another between midnight and noon.
    let ahead = (seen.azimuth() + 180.0).rem_euclid(360.0) - 180.0;
    Some(Midnight {
        ahead,
        declination: sun.declination(),
        distance: sun.earth_radius_vector()?,
    })
}

/// A time zone by its name in the tz database, which is built into the program: no answer depends on the machine's own.
#[must_use]
pub fn time_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok()
}

/// The names of all time zones.
#[must_use]
pub fn time_zones() -> Vec<String> {
    let names = jiff::tz::db().available();
    names.map(|name| name.as_str().to_owned()).collect()
}

/// A time as jiff has it, rounded to the second.
#[must_use]
pub fn instant(seconds: f64) -> Option<Timestamp> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "jiff refuses what is far outside the calendar"
    )]
    let whole = seconds.round() as i64;
    Timestamp::from_second(whole).ok()
}
