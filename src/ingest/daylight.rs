//! Where the places are, so that it is known when it was dark there: the `[daylight]` table.

use std::collections::BTreeMap;

use csv::ByteRecord;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::at::At;
use super::column::{ColumnRule, ColumnSource};
use super::csv_file::{CsvFile, quoted_or_blank};
use super::layout::Layout;
use super::moments::{Odd, has_clock, time_zone};
use super::same_stop::SameStop;
use super::stops::StopsConfig;
use super::{DataRoot, once};
use crate::error::{DataFault, Error};
use crate::stats::sun::Point;
use crate::stops::{DATE, Input, PLACE, SunPoint, SunTable, TIME};
use crate::world::World;

/// Hours by which the clock of a place may differ from the sun there; more is a lost sign or another place's zone.
const MOST_APART: f64 = 2.7;
/// A latitude below which no police stops anybody: there a longitude was given for it.
const SOUTHERNMOST: f64 = -60.0;

/// The `[daylight]` table: the point of each place, or one for all, and the zone of its clocks.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DaylightConfig {
    /// A CSV file with one row for each place, relative to the study.
    #[schemars(with = "Option<String>")]
    pub file: Option<Spanned<String>>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// Its columns.
    #[serde(default)]
    pub columns: PointColumns,
    /// Degrees north of the equator of the one point that stands for all places.
    #[schemars(with = "Option<f64>")]
    pub latitude: Option<Spanned<f64>>,
    /// Degrees east of Greenwich of that point, below 0 in America.
    #[schemars(with = "Option<f64>")]
    pub longitude: Option<Spanned<f64>>,
    /// Where the clocks are, by its name in the tz database, unless a place says otherwise; that of `[[stops]]` without it.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<Spanned<String>>,
    /// Places with their points, or with a zone of their own for the point that the file has.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, PlacePoint>")]
    pub places: BTreeMap<Spanned<String>, PlacePoint>,
}

/// The columns of a file of points.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PointColumns {
    /// The place, named as in the rows.
    pub place: String,
    /// Its state, where the rows have a key `state` that tells places of one name apart.
    pub state: Option<String>,
    /// Degrees north of the equator.
    pub latitude: String,
    /// Degrees east of Greenwich, below 0 in America.
    pub longitude: String,
    /// The zone of its clocks, by its name in the tz database; blank for that of the table.
    pub timezone: Option<String>,
}

impl Default for PointColumns {
    fn default() -> Self {
        Self {
            place: PLACE.into(),
            state: None,
            latitude: "latitude".into(),
            longitude: "longitude".into(),
            timezone: None,
        }
    }
}

/// A place of the `[daylight.places]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacePoint {
    /// Degrees north of the equator.
    #[schemars(with = "Option<f64>")]
    pub latitude: Option<Spanned<f64>>,
    /// Degrees east of Greenwich, below 0 in America.
    #[schemars(with = "Option<f64>")]
    pub longitude: Option<Spanned<f64>>,
    /// The zone of its clocks, by its name in the tz database.
    #[schemars(with = "Option<String>")]
    pub timezone: Option<Spanned<String>>,
}

/// Latitude and longitude as a study gives them.
type Written<'a> = (&'a Option<Spanned<f64>>, &'a Option<Spanned<f64>>);

impl DaylightConfig {
    /// Whether places have points of their own.
    #[must_use]
    pub fn by_place(&self) -> bool {
        self.file.is_some() || !self.places.is_empty()
    }

    /// Whether the file of points tells places apart by their state.
    #[must_use]
    pub fn by_state(&self) -> bool {
        self.file.is_some() && self.columns.state.is_some()
    }

    /// Where the table stands in the study: at the first thing that it says.
    #[must_use]
    pub fn span(&self) -> std::ops::Range<usize> {
        let named = self.file.as_ref().map(Spanned::span);
        let place = || self.places.keys().next().map(Spanned::span);
        let own = || self.latitude.as_ref().map(Spanned::span);
        named.or_else(place).or_else(own).unwrap_or_default()
    }

    /// Holds the table against itself; `zone` is that of the rows.
    ///
    /// # Errors
    /// No point, or half of one; numbers that are no latitude and longitude; an unknown zone, or none, or one that is not
    /// that of the longitude; one point for all beside points of places.
    pub fn check(&self, zone: Option<&Spanned<String>>) -> Result<(), Error> {
        let zone = self.timezone.as_ref().or(zone);
        if let Some(zone) = zone {
            time_zone(zone.get_ref()).map_err(|odd| told(zone, odd))?;
        }
        let own = self.latitude.as_ref().or(self.longitude.as_ref());
        if let (Some(own), true) = (own, self.by_place()) {
            return Err(Error::study(
                own.span(),
                "one point for all places, and points of places beside it",
                "take out `latitude` and `longitude`, or `file` and `places`",
            ));
        }
        if own.is_none() && !self.by_place() {
            let span = self.timezone.as_ref().map_or(0..0, Spanned::span);
            return Err(Error::study(
                span,
                "[daylight] names no point",
                "add latitude and longitude for one point of all places, a file of points, or [daylight.places]",
            ));
        }
        if own.is_some() {
            self.checked((&self.latitude, &self.longitude), zone)?;
        }
        for (name, place) in &self.places {
            let zone = place.timezone.as_ref().or(zone);
            let point = (&place.latitude, &place.longitude);
            match (point, self.file.is_some()) {
                ((None, None), true) => {
                    let zone = place.timezone.as_ref().ok_or_else(|| nothing_said(name))?;
                    time_zone(zone.get_ref()).map_err(|odd| told(zone, odd))?;
                }
                ((None, None), false) => return Err(nothing_said(name)),
                _ => {
                    self.checked(point, zone)?;
                }
            }
        }
        Ok(())
    }

    /// A point of the study with its zone.
    fn checked(
        &self,
        (latitude, longitude): Written<'_>,
        zone: Option<&Spanned<String>>,
    ) -> Result<(Point, String), Error> {
        let (Some(latitude), Some(longitude)) = (latitude, longitude) else {
            let half = latitude.as_ref().or(longitude.as_ref());
            return Err(Error::study(
                half.map_or(0..0, Spanned::span),
                "a point is a latitude and a longitude, and one of them is missing",
                "add the other: latitude = 35.99, longitude = -78.90",
            ));
        };
        let point =
            point(*latitude.get_ref(), *longitude.get_ref()).map_err(|odd| told(latitude, odd))?;
        let Some(zone) = zone else {
            return Err(Error::study(
                latitude.span(),
                "nothing says where the clocks are",
                "add timezone = \"America/New_York\", or the zone that it is",
            ));
        };
        fits(point, zone.get_ref()).map_err(|odd| told(zone, odd))?;
        Ok((point, zone.get_ref().clone()))
    }

    /// The points of the study; `zone` is that of the rows. Of its file only the points are read.
    ///
    /// # Errors
    /// A file that cannot be read, a place that stands in it twice, a row that is no point.
    pub fn read(
        &self,
        world: &World,
        root: &DataRoot,
        zone: Option<&Spanned<String>>,
    ) -> Result<(SunTable, Option<Input>), Error> {
        let zone = self.timezone.as_ref().or(zone);
        if !self.by_place() {
            let (point, zone) = self.checked((&self.latitude, &self.longitude), zone)?;
            let only = sun_point((String::new(), None), point, zone);
            return Ok((SunTable::everywhere(only), None));
        }
        let (mut points, input) = match &self.file {
            Some(file) => {
                let (points, input) = self.read_file(world, root, (file, zone))?;
                (points, Some(input))
            }
            None => (Vec::new(), None),
        };
        for (name, place) in &self.places {
            let zone = place.timezone.as_ref().or(zone);
            if place.latitude.is_some() {
                let (point, zone) = self.checked((&place.latitude, &place.longitude), zone)?;
                points.retain(|known| known.place != *name.get_ref());
                points.push(sun_point((name.get_ref().clone(), None), point, zone));
                continue;
            }
            // A zone of its own for a point of the file.
            let Some(zone) = &place.timezone else {
                continue;
            };
            let mut found = false;
            for known in &mut points {
                if known.place == *name.get_ref() {
                    found = true;
                    fits(known.point, zone.get_ref()).map_err(|odd| told(zone, odd))?;
                    let names = (known.place.clone(), known.state.clone());
                    *known = sun_point(names, known.point, zone.get_ref().clone());
                }
            }
            if !found {
                return Err(Error::study(
                    name.span(),
                    format!(
                        "the file of points has no place `{}`, whose zone is given here",
                        name.get_ref()
                    ),
                    crate::error::nearest_hint(
                        name.get_ref(),
                        points.iter().map(|point| point.place.as_str()),
                    ),
                ));
            }
        }
        Ok((SunTable::new(points), input))
    }

    fn read_file(
        &self,
        world: &World,
        root: &DataRoot,
        (named, zone): (&Spanned<String>, Option<&Spanned<String>>),
    ) -> Result<(Vec<SunPoint>, Input), Error> {
        let path = root.locate(named.get_ref());
        let mut file = CsvFile::open(world, &path, &self.layout)?;
        let columns = Bound::new(&self.columns, &file)?;
        let (mut points, mut seen) = (Vec::new(), BTreeMap::new());
        let mut record = ByteRecord::new();
        while let Some(at) = file.next(&mut record)? {
            let point = columns.point(&at, &record, zone)?;
            let row = point.state.iter().chain([&point.place]).cloned().collect();
            once(&mut seen, row, &at, "each place has one point")?;
            points.push(point);
        }
        let input = file.finish(named.get_ref(), "points of places".into())?;
        Ok((points, input))
    }
}

impl StopsConfig {
    /// Whether rows name their day and their time of day, so that they can be counted by `date` and `minute`. Records of one
    /// stop that name several times have none, unless they are equal in every field.
    #[must_use]
    pub fn has_clock(&self) -> bool {
        let rules = self.column(DATE).into_iter().flat_map(ColumnSource::rules);
        let mut layouts = rules.flat_map(ColumnRule::layouts);
        let is_one = matches!(self.same_stop, None | Some(SameStop::Exact));
        let has_time = self.column(TIME).is_some()
            || layouts.any(|layout| has_clock(layout) || layout == "excel");
        self.column(DATE).is_some() && has_time && is_one
    }
}

/// The columns of a file of points, found.
struct Bound {
    place: usize,
    state: Option<usize>,
    latitude: usize,
    longitude: usize,
    zone: Option<usize>,
}

impl Bound {
    fn new(columns: &PointColumns, file: &CsvFile) -> Result<Self, Error> {
        let optional = |name: &Option<String>| {
            let found = name.as_ref().map(|name| file.column(name));
            found.transpose()
        };
        Ok(Self {
            place: file.column(&columns.place)?,
            state: optional(&columns.state)?,
            latitude: file.column(&columns.latitude)?,
            longitude: file.column(&columns.longitude)?,
            zone: optional(&columns.timezone)?,
        })
    }

    fn point(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        zone: Option<&Spanned<String>>,
    ) -> Result<SunPoint, Error> {
        let place = at.text(record, self.place)?.to_owned();
        let state = self.state.map(|state| at.text(record, state));
        let state = state.transpose()?.map(str::to_owned);
        let latitude = degrees(at, record, self.latitude)?;
        let longitude = degrees(at, record, self.longitude)?;
        let point = point(latitude, longitude)
            .map_err(|(message, hint)| at.fault_in(self.latitude, message, hint))?;
        let own = self.zone.map(|column| at.text(record, column));
        let own = own.transpose()?.filter(|own| !own.is_empty());
        let zone = match (own, zone) {
            (Some(own), _) => own,
            (None, Some(zone)) => zone.get_ref().as_str(),
            (None, None) => {
                return Err(at
                    .fault(
                        "nothing says where the clocks of this place are",
                        "name its column, columns = { timezone = \"...\" }, or add timezone = \"America/New_York\" to [daylight]",
                    )
                    .into());
            }
        };
        fits(point, zone).map_err(|(message, hint)| match self.zone {
            Some(column) => at.fault_in(column, message, hint),
            None => at.fault(message, hint),
        })?;
        Ok(sun_point((place, state), point, zone.to_owned()))
    }
}

/// A field as degrees, with its sign.
fn degrees(at: &At<'_>, record: &ByteRecord, column: usize) -> Result<f64, DataFault> {
    let raw = String::from_utf8_lossy(&record[column]);
    let read = raw
        .trim()
        .parse()
        .ok()
        .filter(|degrees: &f64| degrees.is_finite());
    read.ok_or_else(|| {
        at.fault_in(
            column,
            format!("found {}", quoted_or_blank(raw.trim())),
            "degrees are a number with a decimal point: 35.99, and -78.90 west of Greenwich",
        )
    })
}

fn point(latitude: f64, longitude: f64) -> Result<Point, Odd> {
    let is_polar = latitude < SOUTHERNMOST;
    if (is_polar || latitude.abs() > 90.0) && longitude.abs() <= 90.0 {
        return Err((
            format!("found latitude {latitude} and longitude {longitude}, which look swapped"),
            "latitude is degrees north: 24 to 72 in the United States; longitude is degrees east: below 0 there".into(),
        ));
    }
    Point::new(latitude, longitude).map_err(|fault| {
        (
            fault.to_string(),
            "latitude is degrees north, longitude degrees east of Greenwich: 35.99 and -78.90"
                .into(),
        )
    })
}

/// Whether the clock of a zone can be that of a point: where they are many hours apart a sign was lost, or the zone is that
/// of another place.
fn fits(point: Point, zone: &str) -> Result<(), Odd> {
    let clock = time_zone(zone)?;
    let winter = jiff::civil::date(2020, 1, 1).at(12, 0, 0, 0);
    let offset = clock.to_ambiguous_timestamp(winter).offset();
    let seconds = match offset {
        jiff::tz::AmbiguousOffset::Unambiguous { offset } => offset.seconds(),
        jiff::tz::AmbiguousOffset::Gap { before, .. }
        | jiff::tz::AmbiguousOffset::Fold { before, .. } => before.seconds(),
    };
    let apart = f64::from(seconds) / 3600.0 - point.longitude() / 15.0;
    // The date line is no distance.
    let apart = (apart + 12.0).rem_euclid(24.0) - 12.0;
    if apart.abs() <= MOST_APART {
        return Ok(());
    }
    Err((
        format!(
            "the clocks of {zone} are {:.1} hours off the sun at longitude {}",
            apart.abs(),
            point.longitude()
        ),
        "a longitude in America is below 0; or this is the zone of another place".into(),
    ))
}

/// A place by its degrees and its zone.
///
/// # Errors
/// Degrees that are none, or look swapped; an unknown zone, or one that is not that of the longitude.
pub fn placed(
    names: (String, Option<String>),
    (latitude, longitude): (f64, f64),
    zone: &str,
) -> Result<SunPoint, Odd> {
    let point = point(latitude, longitude)?;
    fits(point, zone)?;
    Ok(sun_point(names, point, zone.to_owned()))
}

fn sun_point(names: (String, Option<String>), point: Point, zone: String) -> SunPoint {
    let clock = time_zone(&zone).expect("the zone was tested");
    SunPoint::new(names, point, (zone, clock))
}

fn told<T>(at: &Spanned<T>, (message, hint): Odd) -> Error {
    Error::study(at.span(), message, hint)
}

fn nothing_said(name: &Spanned<String>) -> Error {
    Error::study(
        name.span(),
        format!("nothing is said of the place `{}`", name.get_ref()),
        "add latitude and longitude, or a timezone for the point that the file has",
    )
}
