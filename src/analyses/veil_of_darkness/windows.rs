//! The hours that are light at one time of the year and dark at another, place by place.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::stops::{SunDay, SunTable};

/// Seconds of the last minute of a day.
const LAST_SECOND: i32 = 86_399;

/// Seconds by which the windows of places may differ that share a curve of the clock.
const ALIKE: i32 = 15 * 60;

/// Dusk or dawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Around civil dusk.
    Evening,
    /// Around civil dawn.
    Morning,
}

impl Part {
    pub(super) const BOTH: [Self; 2] = [Self::Evening, Self::Morning];

    /// Civil dusk or dawn of a day.
    pub(super) fn civil(self, day: &SunDay) -> Option<i32> {
        match self {
            Self::Evening => day.dusk,
            Self::Morning => day.dawn,
        }
    }

    /// Sunset or sunrise of a day.
    pub(super) fn horizon(self, day: &SunDay) -> Option<i32> {
        match self {
            Self::Evening => day.sunset,
            Self::Morning => day.sunrise,
        }
    }
}

/// Which hours are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// From the earliest to the latest civil dusk.
    #[default]
    Evening,
    /// From the earliest to the latest civil dawn.
    Morning,
    /// Both, each with its own curve of the clock.
    Both,
}

impl Window {
    pub(super) fn parts(self) -> &'static [Part] {
        match self {
            Self::Evening => &Part::BOTH[..1],
            Self::Morning => &Part::BOTH[1..],
            Self::Both => &Part::BOTH,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Evening => "evening",
            Self::Morning => "morning",
            Self::Both => "evening and morning",
        }
    }
}

/// The first and the last minute of a window, both in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Minutes {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl Minutes {
    pub(super) fn holds(self, minute: i32) -> bool {
        (self.first..=self.last).contains(&minute)
    }
}

/// A place, and from when to when it has stops.
#[derive(Debug, Clone)]
pub(super) struct Span {
    /// Its point in the table of the sun.
    pub(super) point: usize,
    pub(super) first: Date,
    pub(super) last: Date,
}

/// The windows of places.
#[derive(Debug, Clone, Default)]
pub(super) struct Windows {
    /// By place: evening and morning; `None` where the place has no point or the sun does not cross.
    pub(super) by_place: Vec<[Option<Minutes>; 2]>,
    /// By place and part: the number of the curve that it shares with places whose windows are alike.
    pub(super) curves: Vec<[u32; 2]>,
    /// Days of places on which the sun stays above or below, and which no window is made from.
    pub(super) days_without: u64,
}

impl Windows {
    /// The windows of some places; `None` for a place without a point. Which places share a curve depends on where they are,
    /// and not on when they happen to have stops.
    pub(super) fn new(sun: &SunTable, places: &[Option<Span>]) -> Self {
        let mut windows = Self::default();
        let spans = || places.iter().flatten();
        let first = spans().map(|span| span.first).min();
        let last = spans().map(|span| span.last).max();
        let mut of_points: BTreeMap<usize, [Option<Minutes>; 2]> = BTreeMap::new();
        let mut starts: BTreeMap<(usize, String), Vec<(Minutes, usize)>> = BTreeMap::new();
        for (place, span) in places.iter().enumerate() {
            let (Some(span), Some(first), Some(last)) = (span, first, last) else {
                windows.by_place.push([None; 2]);
                continue;
            };
            let (own, without) = windows_of(sun, span);
            windows.by_place.push(own);
            windows.days_without += without;
            let point = span.point;
            let whole = Span { point, first, last };
            let of_point = of_points
                .entry(point)
                .or_insert_with(|| windows_of(sun, &whole).0);
            let zone = &sun.points()[point].zone;
            for (part, minutes) in of_point.iter().enumerate() {
                if let Some(minutes) = minutes {
                    let of_zone = starts.entry((part, zone.clone())).or_default();
                    of_zone.push((*minutes, place));
                }
            }
        }
        windows.number_curves(starts);
        windows
    }

    /// Windows of one zone that begin and end within a quarter of an hour of the first of them share a curve.
    fn number_curves(&mut self, starts: BTreeMap<(usize, String), Vec<(Minutes, usize)>>) {
        self.curves = vec![[0; 2]; self.by_place.len()];
        let mut number = 0;
        for ((part, _), mut own) in starts {
            own.sort_unstable();
            let mut first: Option<Minutes> = None;
            for (minutes, place) in own {
                let is_alike = |first: Minutes| {
                    (minutes.first - first.first).abs() * 60 <= ALIKE
                        && (minutes.last - first.last).abs() * 60 <= ALIKE
                };
                if !first.is_some_and(is_alike) {
                    number += u32::from(first.is_some() || number > 0);
                    first = Some(minutes);
                }
                self.curves[place][part] = number;
            }
            number += 1;
        }
    }
}

/// The windows of a place over its dates, and how many dates have no dusk or no dawn.
fn windows_of(sun: &SunTable, span: &Span) -> ([Option<Minutes>; 2], u64) {
    let mut without = 0;
    let mut ends: [Option<(i32, i32)>; 2] = [None; 2];
    for date in span.first.series(jiff::Span::new().days(1)) {
        if date > span.last {
            break;
        }
        let Some(day) = sun.day_at(span.point, date) else {
            continue;
        };
        for (part, ends) in Part::BOTH.into_iter().zip(&mut ends) {
            match part.civil(&day) {
                None => without += 1,
                Some(at) => {
                    let (low, high) = ends.unwrap_or((at, at));
                    *ends = Some((low.min(at), high.max(at)));
                }
            }
        }
    }
    let mut windows = ends.map(|ends| {
        ends.map(|(low, high)| Minutes {
            first: low.clamp(0, LAST_SECOND) / 60,
            last: high.clamp(0, LAST_SECOND) / 60,
        })
    });
    // In high latitudes the two meet around midnight: no hour there is dusk only or dawn only.
    if let [Some(evening), Some(morning)] = windows
        && morning.last >= evening.first
    {
        windows = [None; 2];
    }
    (windows, without)
}
