//! The sun against skyfield with JPL DE421 (folder F_sun), and against every step of the algorithm for each place by itself.

use std::path::Path;

use evenhand::calc::answer_line;
use evenhand::stats::sun::{Crossing, Ephemeris, Point, instant};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::{Value, json};
use solar_positioning::{Horizon, Location, SolarEvents, delta_t};

/// Seconds by which we may differ: skyfield and SPA themselves differ by 0.3, and both sides are rounded.
const SECONDS: f64 = 1.5;
const EVENTS: [&str; 5] = ["dawn", "sunrise", "noon", "sunset", "dusk"];

fn asked(fields: &Value) -> Value {
    serde_json::from_str(&answer_line(&fields.to_string()).0).unwrap()
}

#[test]
fn every_event_of_the_reference_comes_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/F_sun/sun_events.csv");
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let (mut times, mut none) = (0, 0);
    for row in reader.records() {
        let row = row.unwrap();
        let of = |name: &str| &row[header.iter().position(|known| known == name).unwrap()];
        let degrees = |name: &str| of(name).parse::<f64>().unwrap();
        let answer = asked(
            &json!({ "kind": "sun", "lat": degrees("lat"), "lon": degrees("lon"), "date": of("date"), "tz": of("tz") }),
        );
        let (event, what) = (
            of("event"),
            format!("{} {} {}", of("place"), of("date"), of("event")),
        );
        assert!(
            EVENTS.contains(&event) && answer["error"].is_null(),
            "{what}: {answer}"
        );
        if of("status") == "ok" {
            let second = |text: &str| {
                text.parse::<Timestamp>()
                    .unwrap()
                    .as_duration()
                    .as_secs_f64()
            };
            let apart = second(answer[event].as_str().expect(&what)) - second(of("utc"));
            assert!(apart.abs() < SECONDS, "{what}: {apart} seconds");
            times += 1;
        } else {
            assert!(
                answer[event].is_null() && answer["why"].is_string(),
                "{what}: {answer}"
            );
            let side = of("status").trim_start_matches("always_");
            assert!(
                answer["why"].as_str().unwrap().contains(side),
                "{what}: {answer}"
            );
            none += 1;
        }
    }
    assert!(times > 300 && none > 3, "{times} times, {none} without");
}

/// Interpolated between midnights, or reckoned anew at every step: the same to a hundredth of a second.
#[test]
fn interpolation_gives_what_the_whole_algorithm_gives() {
    let places = [
        (35.994, -78.899),
        (61.218, -149.9),
        (25.76, -80.19),
        (-33.87, 151.21),
        (64.84, -147.72),
    ];
    let dates = [
        date(1900, 1, 1),
        date(1958, 7, 4),
        date(2000, 2, 29),
        date(2019, 6, 21),
        date(2024, 12, 21),
        date(2100, 12, 31),
    ];
    let direct = SolarEvents::new();
    let mut compared = 0;
    for (latitude, longitude) in places {
        let point = Point::new(latitude, longitude).unwrap();
        let location = Location {
            latitude,
            longitude,
        };
        for day in dates {
            let ours = Ephemeris::new(day, day)
                .unwrap()
                .events(point, day, None)
                .unwrap();
            let turned =
                delta_t::estimate_from_date(day.year().into(), day.month().unsigned_abs().into())
                    .unwrap();
            let julian = |seconds: f64| seconds / 86_400.0 + 2_440_587.5;
            let noon = julian(ours.noon);
            let near = direct
                .next_transit_from_julian(noon - 0.1, noon + 0.1, longitude, turned)
                .unwrap()
                .unwrap();
            assert!(
                (near - noon).abs() * 86_400.0 < 0.05,
                "{latitude} {day}: noon"
            );
            for (event, horizon, rises) in [
                (ours.dawn, -6.0, true),
                (ours.sunrise, -0.8333, true),
                (ours.sunset, -0.8333, false),
                (ours.dusk, -6.0, false),
            ] {
                let horizon = Horizon::Custom(horizon);
                let found = if rises {
                    direct.next_rise_from_julian(noon - 0.5, noon, location, turned, horizon)
                } else {
                    direct.next_set_from_julian(noon, noon + 0.5, location, turned, horizon)
                }
                .unwrap();
                match (event, found) {
                    (Crossing::At(own), Some(found)) => {
                        let apart = (julian(own) - found) * 86_400.0;
                        assert!(apart.abs() < 0.05, "{latitude} {day}: {apart} seconds");
                        compared += 1;
                    }
                    (Crossing::AlwaysAbove | Crossing::AlwaysBelow, None) => {}
                    (own, found) => panic!("{latitude} {day}: {own:?} and {found:?}"),
                }
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

/// Facts that need no table: on any day the sun is at its height between its rising and its setting, and a span of dates gives what
/// each date by itself gives.
#[test]
fn a_span_of_dates_gives_what_each_date_gives_also_over_leap_days_and_centuries() {
    let point = Point::new(40.0, -100.0).unwrap();
    for (first, last) in [
        (date(1899, 12, 30), date(1900, 3, 2)),
        (date(2096, 2, 27), date(2096, 3, 2)),
        (date(2100, 2, 27), date(2100, 3, 2)),
    ] {
        let span = Ephemeris::new(first, last).unwrap();
        let mut day: Date = first;
        while day <= last {
            let (many, one) = (
                span.events(point, day, None),
                Ephemeris::new(day, day).unwrap().events(point, day, None),
            );
            let (many, one) = (many.unwrap(), one.unwrap());
            // The earth's rotation is estimated by month, and each date by itself takes its neighbours' from its own span.
            assert!((many.noon - one.noon).abs() < 1e-3, "{day}");
            let times = [
                many.dawn,
                many.sunrise,
                Crossing::At(many.noon),
                many.sunset,
                many.dusk,
            ]
            .map(|event| event.time().unwrap());
            assert!(
                times.windows(2).all(|pair| pair[0] < pair[1]),
                "{day}: {times:?}"
            );
            assert_eq!(
                instant(many.noon).unwrap().to_string()[..10],
                day.to_string()
            );
            day = day.tomorrow().unwrap();
        }
        assert!(span.events(point, last.tomorrow().unwrap(), None).is_err());
    }
}

#[test]
fn what_is_no_place_and_no_date_is_refused() {
    for (fields, words) in [
        (
            json!({ "lat": 91.0, "lon": 0.0, "date": "2020-01-01" }),
            "latitude 91",
        ),
        (
            json!({ "lat": 36.0, "lon": 181.0, "date": "2020-01-01" }),
            "longitude 181",
        ),
        (
            json!({ "lat": 36.0, "lon": -79.0, "date": "2020-02-30" }),
            "a date is YYYY-MM-DD",
        ),
        (
            json!({ "lat": 36.0, "lon": -79.0, "date": "20200101" }),
            "a date is YYYY-MM-DD",
        ),
        (
            json!({ "lat": 36.0, "lon": -79.0, "date": "2020-01-01", "tz": "America/New_Yorc" }),
            "did you mean `America/New_York`?",
        ),
        (
            json!({ "lat": 36.0, "lon": -79.0, "date": "9998-01-01" }),
            "year 9998",
        ),
    ] {
        let mut fields = fields;
        fields["kind"] = "sun".into();
        let answer = asked(&fields);
        assert!(
            answer["error"]
                .as_str()
                .is_some_and(|said| said.contains(words)),
            "{fields}: {answer}"
        );
    }
}
