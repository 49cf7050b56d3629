//! Dawn, sunrise, noon, sunset and dusk of a point and a date.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::answer::Answer;
use super::{Refusal, Request};
use crate::stats::sun::{Crossing, Ephemeris, Point, instant, time_zone, time_zones};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SunRequest {
    lat: f64,
    lon: f64,
    date: String,
    tz: Option<String>,
}

impl Request for SunRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let point = Point::new(self.lat, self.lon)?;
        let date: Date = self
            .date
            .parse()
            .ok()
            .filter(|_| self.date.len() == "YYYY-MM-DD".len())
            .ok_or_else(|| Refusal(format!("found `{}`: a date is YYYY-MM-DD", self.date)))?;
        let zone = self.tz.as_deref().map(zone).transpose()?;
        let events = Ephemeris::new(date, date)?.events(point, date, zone.as_ref())?;
        let text = |event: Crossing| Some(instant(event.time()?)?.to_string());
        Ok(Answer::default()
            .with_text("dawn", text(events.dawn))
            .with_text("sunrise", text(events.sunrise))
            .with_text("noon", text(Crossing::At(events.noon)))
            .with_text("sunset", text(events.sunset))
            .with_text("dusk", text(events.dusk))
            .because(why(&[
                events.dawn,
                events.sunrise,
                events.sunset,
                events.dusk,
            ])))
    }
}

fn zone(name: &str) -> Result<TimeZone, Refusal> {
    time_zone(name).ok_or_else(|| {
        let all = time_zones();
        let hint = crate::error::nearest_hint(name, all.iter().map(String::as_str));
        Refusal(format!("`{name}` is no time zone; {hint}"))
    })
}

/// Why an event is missing: on which side of its altitude the sun stays.
fn why(events: &[Crossing]) -> &'static str {
    let is = |side: Crossing| events.contains(&side);
    match (is(Crossing::AlwaysAbove), is(Crossing::AlwaysBelow)) {
        (true, true) => {
            "the sun stays above the altitude of one of them, and below that of another"
        }
        (true, false) => "the sun stays above that altitude",
        _ => "the sun stays below that altitude",
    }
}
