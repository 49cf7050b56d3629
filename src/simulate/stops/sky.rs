//! When it is light at the places of a plan, by the same table of the sun by which a study tells it.

use std::ops::Range;

use jiff::civil::Date;

use super::clock::MINUTES;
use super::plan::Plan;
use super::source::Fault;
use crate::ingest::placed;
use crate::stops::{Light, SunDay, SunTable};

/// Where places are that state no point, one behind the other: four towns of North Carolina.
const POINTS: [(f64, f64); 4] = [
    (35.994, -78.899),
    (36.073, -79.792),
    (35.227, -80.843),
    (34.226, -77.945),
];

const A_DAY: i32 = 86_400;

/// The minutes of a day in pieces in which nothing changes.
pub(super) type Pieces = Vec<(Range<usize>, Light)>;

/// The sun of all places.
#[derive(Debug)]
pub(super) struct Sky {
    pub(super) table: SunTable,
    /// Of each place the number of its point.
    pub(super) point_of: Vec<usize>,
}

impl Sky {
    /// The points of the places that are listed, or of so many that are not.
    ///
    /// # Errors
    /// A point or a zone that cannot be.
    pub(super) fn new(plan: &Plan, places: usize) -> Result<Self, Fault> {
        let mut known: Vec<(f64, f64, &str)> = Vec::new();
        let (mut points, mut point_of) = (Vec::new(), Vec::new());
        for p in 0..places {
            let listed = plan.listed.get(p);
            let stated = listed.and_then(|place| place.latitude.zip(place.longitude));
            let (latitude, longitude) = stated.unwrap_or(POINTS[p % POINTS.len()]);
            let own = listed.and_then(|place| place.timezone.as_deref());
            let zone = own.unwrap_or(&plan.clock.timezone);
            let is_same = |(a, b, c): &(f64, f64, &str)| {
                a.to_bits() == latitude.to_bits()
                    && b.to_bits() == longitude.to_bits()
                    && *c == zone
            };
            if let Some(at) = known.iter().position(is_same) {
                point_of.push(at);
                continue;
            }
            let names = (format!("point {}", points.len()), None);
            let path = match (stated, own) {
                (Some(_), _) => format!("place.{p}.latitude"),
                (None, Some(_)) => format!("place.{p}.timezone"),
                (None, None) => "clock.timezone".to_owned(),
            };
            let point = placed(names, (latitude, longitude), zone)
                .map_err(|(message, hint)| Fault::new(path, message, hint))?;
            point_of.push(points.len());
            points.push(point);
            known.push((latitude, longitude, zone));
        }
        Ok(Self {
            table: SunTable::new(points),
            point_of,
        })
    }

    /// Whether it is light at a point in a minute, which begins with its first second.
    pub(super) fn light(&self, point: usize, date: Date, minute: usize) -> Light {
        self.table.light(point, date, 60 * minute as i32)
    }

    /// The minutes of a day in pieces in which nothing changes.
    pub(super) fn pieces(&self, point: usize, date: Date) -> Pieces {
        let days = [
            (date.yesterday(), -A_DAY),
            (Ok(date), 0),
            (date.tomorrow(), A_DAY),
        ];
        let events = days.into_iter().flat_map(|(day, shift)| {
            let day = day.ok().and_then(|day| self.table.day_at(point, day));
            day.into_iter()
                .flat_map(all)
                .map(move |second| second + shift)
        });
        // An event within a minute holds from the next one on.
        let minutes = events.map(|second| second.div_euclid(60) + i32::from(second % 60 != 0));
        let inside = minutes.filter_map(|minute| usize::try_from(minute).ok());
        let mut ends: Vec<usize> = inside.filter(|minute| *minute < MINUTES).collect();
        ends.extend([0, MINUTES]);
        ends.sort_unstable();
        ends.dedup();
        let pieces = ends.windows(2).map(|ends| ends[0]..ends[1]);
        pieces
            .map(|piece| (piece.clone(), self.light(point, date, piece.start)))
            .collect()
    }

    /// The evening minutes of a point that are light on one of the dates and dark on another: from the earliest dusk until
    /// the minute before the latest. Empty where there is no dusk.
    pub(super) fn window(&self, point: usize, dates: impl Iterator<Item = Date>) -> Range<usize> {
        let days = dates.filter_map(|date| self.table.day_at(point, date));
        let dusks = days.filter_map(|day| Some((day.dusk? + 59).div_euclid(60)));
        let ends = dusks.fold(None, |ends: Option<(i32, i32)>, dusk| {
            let (first, last) = ends.unwrap_or((dusk, dusk));
            Some((first.min(dusk), last.max(dusk)))
        });
        let (first, last) = ends.unwrap_or_default();
        let minute = |minute: i32| (minute.max(0) as usize).min(MINUTES);
        minute(first)..minute(last)
    }
}

fn all(day: SunDay) -> impl Iterator<Item = i32> {
    [day.dawn, day.sunrise, day.sunset, day.dusk]
        .into_iter()
        .flatten()
}
