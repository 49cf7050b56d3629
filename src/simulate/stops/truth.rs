//! What is true of the rows: every parameter, and what they make one expect, given the places and officers that were drawn.

use serde::Serialize;

use super::model::{Cell, Model, Place, Times};
use super::plan::Plan;
use crate::number::{clock, twelve_digits};

/// `truth.json`.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// What this document is.
    pub format: &'static str,
    /// Version of the model: another one draws other rows from the same plan.
    pub version: u32,
    /// Seed.
    pub seed: u64,
    /// Rows by what they are.
    pub rows: RowsTruth,
    /// Length of the span in years.
    pub years: f64,
    /// When it is dark.
    pub dark: DarkTruth,
    /// By group, over all places.
    pub groups: Vec<GroupTruth>,
    /// Each compared group against the reference.
    pub ratios: Vec<RatioTruth>,
    /// By place.
    pub places: Vec<PlaceTruth>,
    /// The plan with every default filled in.
    pub plan: Plan,
}

/// How many rows are what. These are exact, not expected.
#[derive(Debug, Clone, Serialize)]
pub struct RowsTruth {
    /// All rows.
    pub all: u64,
    /// Stops, each with its first row.
    pub stops: u64,
    /// Repetitions of another row.
    pub duplicates: u64,
    /// Second citations of a stop.
    pub second_citations: u64,
    /// Expected share of stops whose race is not recorded.
    pub race_missing: f64,
    /// Expected share of stops recorded at 00:00, those that were made in that minute among them.
    pub at_midnight: f64,
    /// Expected share of stops with contraband and without a search.
    pub hit_without_search: f64,
}

/// The rule for darkness.
#[derive(Debug, Clone, Serialize)]
pub struct DarkTruth {
    /// In words.
    pub rule: &'static str,
    /// By place.
    pub windows: Vec<WindowTruth>,
}

/// The evening of one place.
#[derive(Debug, Clone, Serialize)]
pub struct WindowTruth {
    /// The place.
    pub place: String,
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// Its zone.
    pub timezone: String,
    /// First minute of the evening that is dark on one day of the span and light on another.
    pub window_from: String,
    /// The minute after its last.
    pub window_until: String,
}

/// One group, over all places or in one.
#[derive(Debug, Clone, Serialize)]
pub struct GroupTruth {
    /// Its name.
    pub group: String,
    /// Residents.
    pub population: u64,
    /// Expected stops, whatever is recorded of them.
    pub stops: f64,
    /// Expected rows that name the group and are of drivers, repetitions among them: what a count of the files sees.
    pub rows_of_drivers: f64,
    /// Expected stops per 1,000 residents and year.
    pub stops_per_1000_per_year: f64,
    /// Expected searches of stops, given the officers.
    pub search_rate: f64,
    /// Expected finds of searches.
    pub hit_rate: f64,
    /// Expected arrests of stops.
    pub arrest_rate: f64,
    /// Citations of stops.
    pub citation_rate: f64,
}

/// A compared group against the reference.
#[derive(Debug, Clone, Serialize)]
pub struct RatioTruth {
    /// The compared group.
    pub group: String,
    /// The reference.
    pub reference: String,
    /// Stops per head.
    pub stop_rate: Ratio,
    /// The same, as rows show it whose race is recorded.
    pub stop_rate_recorded: Ratio,
    /// Searches of stops.
    pub search_rate: Ratio,
    /// Finds of searches.
    pub hit_rate: Ratio,
    /// Odds of the group among stops in daylight over those in darkness, at the same minute of the day.
    pub daylight_odds_ratio: f64,
    /// The same in the windows of all places, with place and minute of the day left out, and without twilight.
    pub window_odds_ratio: Option<f64>,
    /// Expected share of stops that are in the windows and not in twilight.
    pub window_share: f64,
}

/// A ratio of rates, two ways.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ratio {
    /// In every place, where it is the same in all.
    pub within_places: Option<f64>,
    /// Of the rates over all places, where the group and the reference do not live in the same proportions.
    pub pooled: Option<f64>,
}

/// One place.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceTruth {
    /// Its name.
    pub place: String,
    /// Officers.
    pub officers: u32,
    /// By group.
    pub groups: Vec<GroupTruth>,
}

/// What is expected of a group somewhere, in stops.
#[derive(Debug, Clone, Copy, Default)]
struct Expected {
    population: u64,
    stops: f64,
    searches: f64,
    hits: f64,
}

impl Expected {
    fn add(self, other: Self) -> Self {
        Self {
            population: self.population + other.population,
            stops: self.stops + other.stops,
            searches: self.searches + other.searches,
            hits: self.hits + other.hits,
        }
    }

    fn per_head(self) -> f64 {
        self.stops / self.population as f64
    }
}

impl Truth {
    pub(super) fn new(model: &Model) -> Self {
        let groups = model.plan.groups.len();
        let by_place: Vec<Vec<Expected>> = model
            .places
            .iter()
            .enumerate()
            .map(|(p, place)| {
                (0..groups)
                    .map(|g| expected(model, (p, place), g))
                    .collect()
            })
            .collect();
        let all: Vec<Expected> = (0..groups)
            .map(|g| {
                let of_group = by_place.iter().map(|place| place[g]);
                of_group.fold(Expected::default(), Expected::add)
            })
            .collect();
        let document = |of: &[Expected]| -> Vec<GroupTruth> {
            (0..groups).map(|g| group(model, g, of[g])).collect()
        };
        let places = model.places.iter().zip(&by_place);
        Self {
            format: "evenhand simulation of stops",
            version: super::VERSION,
            seed: model.seed,
            rows: rows(model, &all, &by_place),
            years: twelve_digits(model.years),
            dark: dark(model),
            groups: document(&all),
            ratios: (1..groups)
                .map(|g| ratio(model, g, &all, &by_place))
                .collect(),
            places: places
                .map(|(place, of)| PlaceTruth {
                    place: place.name.clone(),
                    officers: place.officers.end - place.officers.start,
                    groups: document(of),
                })
                .collect(),
            plan: model.plan.clone(),
        }
    }
}

fn expected(model: &Model, (p, place): (usize, &Place), g: usize) -> Expected {
    let cell: &Cell = &place.groups[g];
    let stops = cell.share * model.rows.stops as f64;
    let years = model.times(p, g).years.iter().zip(model.search_trend());
    let trend: f64 = years.map(|(share, factor)| share * factor).sum();
    let searches = stops * cell.search_rate * model.mean_factor(place, g) * trend;
    Expected {
        population: cell.population,
        stops,
        searches,
        hits: searches * cell.hit_rate,
    }
}

/// Share of a group's stops whose race is recorded.
fn recorded(model: &Model, g: usize) -> f64 {
    1.0 - model.plan.groups[g].missing_race - model.plan.records.missing_race
}

fn group(model: &Model, g: usize, of: Expected) -> GroupTruth {
    let (own, records) = (&model.plan.groups[g], &model.plan.records);
    let rows = model.plan.rows as f64 / model.rows.stops as f64;
    let hits = of.hits / of.stops;
    let arrests = hits * records.arrest_after_hit + (1.0 - hits) * own.arrest_rate;
    let drivers = of.stops * rows * recorded(model, g) * (1.0 - records.pedestrians);
    let hit_rate = if of.searches > 0.0 {
        of.hits / of.searches
    } else {
        own.hit_rate
    };
    GroupTruth {
        group: own.name.clone(),
        population: of.population,
        stops: twelve_digits(of.stops),
        rows_of_drivers: twelve_digits(drivers),
        stops_per_1000_per_year: twelve_digits(1000.0 * of.per_head() / model.years),
        search_rate: twelve_digits(of.searches / of.stops),
        hit_rate: twelve_digits(hit_rate),
        arrest_rate: twelve_digits(arrests),
        citation_rate: own.citation_rate,
    }
}

/// A share of a group's stops, where it differs between places.
fn over_places(
    model: &Model,
    g: usize,
    by_place: &[Vec<Expected>],
    share: impl Fn(&Times) -> f64,
) -> f64 {
    let places = by_place.iter().enumerate();
    let stops: f64 = by_place.iter().map(|place| place[g].stops).sum();
    let parts = places.map(|(p, place)| place[g].stops / stops * share(model.times(p, g)));
    parts.sum()
}

fn rows(model: &Model, all: &[Expected], by_place: &[Vec<Expected>]) -> RowsTruth {
    let (stops, records) = (model.rows.stops as f64, &model.plan.records);
    let mean = |of: &dyn Fn(usize) -> f64| -> f64 {
        let weighted = (0..all.len()).map(|g| all[g].stops / stops * of(g));
        twelve_digits(weighted.sum())
    };
    RowsTruth {
        all: model.plan.rows,
        stops: model.rows.stops,
        duplicates: model.rows.duplicates,
        second_citations: model.rows.second_citations,
        race_missing: mean(&|g| 1.0 - recorded(model, g)),
        at_midnight: mean(&|g| {
            let made = over_places(model, g, by_place, |times| times.midnight);
            records.midnight + (1.0 - records.midnight) * made
        }),
        hit_without_search: mean(&|g| {
            (1.0 - all[g].searches / all[g].stops) * records.hit_without_search
        }),
    }
}

fn dark(model: &Model) -> DarkTruth {
    let windows = model
        .places
        .iter()
        .zip(&model.sky.point_of)
        .map(|(place, at)| {
            let point = &model.sky.table.points()[*at];
            let window = model.sky.window(*at, model.days.iter().map(|day| day.date));
            WindowTruth {
                place: place.name.clone(),
                latitude: point.point.latitude(),
                longitude: point.point.longitude(),
                timezone: point.zone.clone(),
                window_from: clock(window.start as i32),
                window_until: clock(window.end as i32),
            }
        });
    DarkTruth {
        rule: "it is dark from civil dusk until civil dawn of the place and date; twilight counts as light",
        windows: windows.collect(),
    }
}

fn ratio(model: &Model, g: usize, all: &[Expected], by_place: &[Vec<Expected>]) -> RatioTruth {
    let of = |rate: &dyn Fn(Expected) -> f64, factor: f64| {
        let of = |pair: &[Expected]| {
            let ratio = rate(pair[g]) / rate(pair[0]) * factor;
            ratio.is_finite().then_some(ratio)
        };
        let each: Vec<Option<f64>> = by_place.iter().map(|place| of(place)).collect();
        let is_same = |ratio: &Option<f64>| match (ratio, each[0]) {
            (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * b,
            _ => false,
        };
        Ratio {
            within_places: each[0]
                .filter(|_| each.iter().all(is_same))
                .map(twelve_digits),
            pooled: of(all).map(twelve_digits),
        }
    };
    let seen = recorded(model, g) / recorded(model, 0);
    let in_window = |g: usize, of: usize| over_places(model, g, by_place, |t| t.window[of]);
    let [light, dark] = [0, 1].map(|of| in_window(g, of));
    let [reference_light, reference_dark] = [0, 1].map(|of| in_window(0, of));
    let window = (light / dark) / (reference_light / reference_dark);
    let in_window: f64 = (all.iter().enumerate())
        .map(|(g, of)| of.stops * (in_window(g, 0) + in_window(g, 1)))
        .sum();
    RatioTruth {
        group: model.plan.groups[g].name.clone(),
        reference: model.plan.groups[0].name.clone(),
        stop_rate: of(&Expected::per_head, 1.0),
        stop_rate_recorded: of(&Expected::per_head, seen),
        search_rate: of(&|e| e.searches / e.stops, 1.0),
        hit_rate: of(&|e| e.hits / e.searches, 1.0),
        daylight_odds_ratio: model.plan.groups[g].daylight_odds_ratio,
        window_odds_ratio: window.is_finite().then(|| twelve_digits(window)),
        window_share: twelve_digits(in_window / model.rows.stops as f64),
    }
}
