//! A plan with everything drawn that stays the same for all stops: places, officers, and tables to draw a stop from.

use std::ops::Range;

use chacha20::ChaCha8Rng;
use chacha20::rand_core::SeedableRng as _;
use jiff::civil::Date;
use rand::RngExt as _;
use rand::distr::weighted::WeightedIndex;

use super::clock::MINUTES;
use super::plan::{GroupPlan, Plan};
use super::sky::{Pieces, Sky};
use super::source::Fault;
use crate::stops::Light;

/// What the stream of random bits is used for. Each has a stream of its own, so that more rows leave places as they are.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Stop = 0,
    Place = 1,
    Officer = 2,
}

/// Whole weights add up to about this: the shares that they stand for are exact to fifteen digits.
const WEIGHT: f64 = (1_u64 << 52) as f64;

/// A plan that can be drawn from.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) plan: Plan,
    pub(super) seed: u64,
    pub(super) rows: Rows,
    /// Length of the span in years: days by the number of days of their calendar year.
    pub(super) years: f64,
    pub(super) days: Vec<Day>,
    pub(super) places: Vec<Place>,
    pub(super) officers: Vec<Officer>,
    /// Places and groups, place by place.
    pub(super) cells: WeightedIndex<u64>,
    /// When it is light where.
    pub(super) sky: Sky,
    /// By point and group.
    times: Vec<Vec<Times>>,
    /// Minutes of the day by group, light and dark alike.
    pub(super) minutes: Vec<WeightedIndex<u64>>,
    /// Of the bases of searches.
    pub(super) bases: WeightedIndex<u64>,
}

/// How many rows are what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    pub(super) stops: u64,
    pub(super) duplicates: u64,
    pub(super) second_citations: u64,
}

/// One day of the span.
#[derive(Debug)]
pub(super) struct Day {
    pub(super) date: Date,
    /// `2021-01-31`.
    pub(super) text: String,
    /// Calendar years since the first.
    pub(super) year: usize,
}

/// One place.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) stop_factor: f64,
    /// Its officers, in the list of all.
    pub(super) officers: std::ops::Range<u32>,
    /// By group.
    pub(super) groups: Vec<Cell>,
}

/// A group in a place.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) population: u64,
    pub(super) stop_ratio: f64,
    /// In the first year, of an officer whose factors are 1.
    pub(super) search_rate: f64,
    pub(super) hit_rate: f64,
    /// Share of all stops.
    pub(super) share: f64,
}

/// One officer.
#[derive(Debug)]
pub(super) struct Officer {
    pub(super) hash: String,
    /// Factors of search rates, by group.
    pub(super) factors: Vec<f64>,
}

/// When the stops of a group are, where places have one point.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) days: WeightedIndex<u64>,
    /// Share of the group's stops by calendar year of the span.
    pub(super) years: Vec<f64>,
    /// Share of the group's stops in the window between the earliest and the latest dusk, while it is light, and dark; what
    /// is twilight there is neither.
    pub(super) window: [f64; 2],
    /// Share of the group's stops in the minute of midnight.
    pub(super) midnight: f64,
}

impl Model {
    /// Draws what stays the same.
    ///
    /// # Errors
    /// A parameter that cannot be.
    pub(super) fn new(plan: Plan, seed: u64) -> Result<Self, Fault> {
        super::check::plan(&plan)?;
        let rows = Rows::new(&plan)?;
        let (days, years) = days(plan.from, plan.until);
        let mut places = places(&plan, seed, years)?;
        let total: f64 = weights(&places).iter().sum();
        for place in &mut places {
            let factor = place.stop_factor;
            for cell in &mut place.groups {
                cell.share = factor * cell.stop_ratio * cell.population as f64 / total;
            }
        }
        let sky = Sky::new(&plan, places.len())?;
        let of_point = |point| Times::of_point(&plan, &sky, (point, &days));
        let shares = plan.search_basis.shares().map(|(_, share)| share);
        let model = Self {
            cells: table(&weights(&places)),
            times: (0..sky.table.points().len()).map(of_point).collect(),
            minutes: (plan.groups.iter())
                .map(|group| table(&by_minute(&plan, group)))
                .collect(),
            bases: table(&shares),
            sky,
            officers: officers(&plan, &places, seed),
            seed,
            rows,
            years,
            days,
            places,
            plan,
        };
        model.check_search_rates()?;
        Ok(model)
    }

    /// When the stops of a group in a place are.
    pub(super) fn times(&self, place: usize, group: usize) -> &Times {
        &self.times[self.sky.point_of[place]][group]
    }

    /// The random bits of one stop.
    pub(super) fn bits(&self) -> ChaCha8Rng {
        bits(self.seed, Purpose::Stop)
    }

    /// Factors of search rates by calendar year of the span.
    pub(super) fn search_trend(&self) -> Vec<f64> {
        yearly(self.plan.trend.searches, self.last_year())
    }

    /// The share with a citation of a group's stops without a second one, so that all of them have the rate of the plan.
    pub(super) fn other_citation_rate(&self, group: usize) -> f64 {
        let share = self.rows.second_citations as f64 / self.rows.stops as f64;
        let rate = self.plan.groups[group].citation_rate;
        if share >= 1.0 {
            return 1.0;
        }
        ((rate - share) / (1.0 - share)).clamp(0.0, 1.0)
    }

    fn last_year(&self) -> usize {
        self.days.last().map_or(0, |day| day.year)
    }

    /// The mean of a group's factors over the officers of a place.
    pub(super) fn mean_factor(&self, place: &Place, group: usize) -> f64 {
        let range = place.officers.start as usize..place.officers.end as usize;
        let factors = self.officers[range.clone()]
            .iter()
            .map(|o| o.factors[group]);
        factors.sum::<f64>() / range.len() as f64
    }

    fn check_search_rates(&self) -> Result<(), Fault> {
        let highest_year = self.search_trend().into_iter().fold(0.0, f64::max);
        for place in &self.places {
            for (g, cell) in place.groups.iter().enumerate() {
                let officers = place.officers.start as usize..place.officers.end as usize;
                let of = |officer: &Officer| officer.factors[g];
                let highest = self.officers[officers].iter().map(of).fold(0.0, f64::max);
                let rate = cell.search_rate * highest * highest_year;
                if rate > 1.0 {
                    let path = format!("group.{g}.search_rate");
                    let message = format!(
                        "the search rate of group `{}` comes to {} with one officer of {}",
                        self.plan.groups[g].name,
                        crate::number::file_text(Some(crate::number::significant(rate, 4))),
                        place.name
                    );
                    let hint = "a rate is at most 1: lower it, `spread.searches`, `spread.search_ratio`, `spread.officers`, `spread.officer_ratio` or `trend.searches`";
                    return Err(Fault::new(path, message, hint));
                }
            }
        }
        Ok(())
    }
}

impl Rows {
    fn new(plan: &Plan) -> Result<Self, Fault> {
        let of_rows = |share: f64| (plan.rows as f64 * share).round() as u64;
        let duplicates = of_rows(plan.records.duplicates);
        let second_citations = of_rows(plan.records.second_citations);
        let stops = plan.rows.saturating_sub(duplicates + second_citations);
        if duplicates.max(second_citations) > stops {
            let hint = "a stop has at most one repetition and one second citation: draw more rows, or lower `records.duplicates` and `records.second_citations`";
            return Err(Fault::number("rows", plan.rows as f64, hint));
        }
        let share = second_citations as f64 / stops as f64;
        let lowest = plan.groups.iter().enumerate();
        for (g, group) in lowest {
            if share > group.citation_rate {
                return Err(Fault::number(
                    format!("group.{g}.citation_rate"),
                    group.citation_rate,
                    format!(
                        "{} of the stops have a second citation, so at least that share has one: raise it, or lower `records.second_citations`",
                        crate::number::file_text(Some(crate::number::significant(share, 4)))
                    ),
                ));
            }
        }
        Ok(Self {
            stops,
            duplicates,
            second_citations,
        })
    }

    /// Repetitions of the stops before the given one.
    pub(super) fn duplicates_before(&self, stop: u64) -> u64 {
        spread_evenly(self.duplicates, self.stops, stop, 0)
    }

    /// Second citations of the stops before the given one. They are half a step from the repetitions.
    pub(super) fn second_citations_before(&self, stop: u64) -> u64 {
        spread_evenly(self.second_citations, self.stops, stop, self.stops / 2)
    }

    /// Rows of the stops before the given one.
    pub(super) fn before(&self, stop: u64) -> u64 {
        stop + self.duplicates_before(stop) + self.second_citations_before(stop)
    }
}

/// How many of `some` things that are spread evenly over `all` stops come before one of them.
fn spread_evenly(some: u64, all: u64, before: u64, shift: u64) -> u64 {
    ((u128::from(some) * u128::from(before) + u128::from(shift)) / u128::from(all)) as u64
}

/// Weights of the minutes of the day, as if it were always dark.
fn by_minute(plan: &Plan, group: &GroupPlan) -> Vec<f64> {
    let hours = group.hours.as_ref().unwrap_or(&plan.clock.hours);
    (0..MINUTES).map(|minute| hours[minute / 60]).collect()
}

/// By how much light multiplies a group's stops. Twilight counts as light here: the driver can be seen.
pub(super) fn visible(group: &GroupPlan, light: Light) -> f64 {
    match light {
        Light::Light | Light::Twilight => group.daylight_odds_ratio,
        Light::Dark | Light::Unknown => 1.0,
    }
}

impl Times {
    /// By group. Daylight multiplies a group's stops by its odds ratio; the number of its stops in the whole span stays.
    fn of_point(plan: &Plan, sky: &Sky, (point, days): (usize, &[Day])) -> Vec<Self> {
        let window = sky.window(point, days.iter().map(|day| day.date));
        let pieces: Vec<Pieces> = (days.iter().map(|day| sky.pieces(point, day.date))).collect();
        let of_group = |group| Self::new(plan, group, (days, &pieces, &window));
        plan.groups.iter().map(of_group).collect()
    }

    fn new(
        plan: &Plan,
        group: &GroupPlan,
        (days, pieces, evening): (&[Day], &[Pieces], &Range<usize>),
    ) -> Self {
        let mut sums = vec![0.0];
        for weight in by_minute(plan, group) {
            sums.push(sums[sums.len() - 1] + weight);
        }
        let weight = |minutes: Range<usize>, light: Light| {
            if minutes.is_empty() {
                return 0.0;
            }
            (sums[minutes.end] - sums[minutes.start]) * visible(group, light)
        };
        let last_year = days.last().map_or(0, |day| day.year);
        let trend = yearly(plan.trend.stops, last_year);
        let of_days: Vec<f64> = (days.iter().zip(pieces))
            .map(|(day, pieces)| {
                let of_pieces = pieces.iter();
                let of_pieces = of_pieces.map(|(minutes, light)| weight(minutes.clone(), *light));
                trend[day.year] * of_pieces.sum::<f64>()
            })
            .collect();
        let total: f64 = of_days.iter().sum();
        let mut years = vec![0.0; last_year + 1];
        let (mut window, mut midnight) = ([0.0; 2], 0.0);
        for ((day, of_day), pieces) in days.iter().zip(&of_days).zip(pieces) {
            years[day.year] += of_day / total;
            let share = trend[day.year] / total;
            for (minutes, light) in pieces {
                let inside = minutes.start.max(evening.start)..minutes.end.min(evening.end);
                match light {
                    Light::Light => window[0] += share * weight(inside, *light),
                    Light::Dark => window[1] += share * weight(inside, *light),
                    Light::Twilight | Light::Unknown => {}
                }
                if minutes.start == 0 {
                    midnight += share * weight(0..1, *light);
                }
            }
        }
        Self {
            days: table(&of_days),
            years,
            window,
            midnight,
        }
    }
}

/// A table to draw from: whole weights, so that no processor decides otherwise.
fn table(weights: &[f64]) -> WeightedIndex<u64> {
    let total: f64 = weights.iter().sum();
    let whole = weights
        .iter()
        .map(|weight| (weight / total * WEIGHT).round() as u64);
    WeightedIndex::new(whole).expect("weights are finite, not negative and not all 0")
}

/// By how much the stops of each cell count, place by place.
fn weights(places: &[Place]) -> Vec<f64> {
    let of = |place: &Place| -> Vec<f64> {
        let weight = |cell: &Cell| place.stop_factor * cell.stop_ratio * cell.population as f64;
        place.groups.iter().map(weight).collect()
    };
    places.iter().flat_map(of).collect()
}

/// Factors of the calendar years from the first on. Multiplied out, since powers differ between processors.
fn yearly(change: f64, last: usize) -> Vec<f64> {
    let next = |factor: &f64| Some(factor * (1.0 + change));
    std::iter::successors(Some(1.0), next)
        .take(last + 1)
        .collect()
}

fn bits(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..13].copy_from_slice(b"stops");
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}

/// The days of the span, and its length in years.
fn days(from: Date, until: Date) -> (Vec<Day>, f64) {
    let mut days = Vec::new();
    let mut years = 0.0;
    for date in from.series(jiff::Span::new().days(1)) {
        if date > until {
            break;
        }
        years += 1.0 / f64::from(date.days_in_year());
        days.push(Day {
            date,
            text: date.to_string(),
            year: usize::from((date.year() - from.year()).unsigned_abs()),
        });
    }
    (days, years)
}

/// A factor drawn from the uniform distribution around 1.
fn factor(draws: &mut ChaCha8Rng, spread: f64) -> f64 {
    1.0 + spread * (2.0 * draws.random::<f64>() - 1.0)
}

fn places(plan: &Plan, seed: u64, years: f64) -> Result<Vec<Place>, Fault> {
    let number = super::check::places(plan);
    let width = number.to_string().len();
    // A stop for every ten residents and year, and no place so small that a group is missing.
    let people = plan.people.unwrap_or_else(|| {
        let for_the_rows = (plan.rows as f64 * 10.0 / years).round() as u64;
        for_the_rows.max(1_000 * number as u64)
    });
    let drawn: Vec<_> = (0..number)
        .map(|p| PlaceDraws::new(plan, seed, p as u64))
        .collect();
    let sizes: f64 = drawn.iter().map(|place| place.size).sum();
    let mut first = 0;
    (0..number)
        .map(|p| {
            let (listed, drawn) = (plan.listed.get(p), &drawn[p]);
            let residents = people as f64 * drawn.size / sizes;
            let officers = super::check::officers(plan, p);
            let range = first..first + officers;
            first = range.end;
            let groups = (0..plan.groups.len())
                .map(|g| cell(plan, p, g, drawn, residents))
                .collect::<Result<_, _>>()?;
            Ok(Place {
                name: listed.map_or_else(
                    || format!("Place {:0width$}", p + 1),
                    |place| place.name.clone(),
                ),
                stop_factor: listed
                    .and_then(|place| place.stop_factor)
                    .unwrap_or(drawn.stops),
                officers: range,
                groups,
            })
        })
        .collect()
}

/// What is drawn of a place, in this order, whether it is used or not: a stated number leaves the others as they are.
struct PlaceDraws {
    size: f64,
    stops: f64,
    searches: f64,
    hits: f64,
    /// By group: of its share of residents, of stops per head, of search rates.
    groups: Vec<[f64; 3]>,
}

impl PlaceDraws {
    fn new(plan: &Plan, seed: u64, place: u64) -> Self {
        let mut draws = bits(seed, Purpose::Place);
        draws.set_stream(place);
        let spread = &plan.spread;
        let mut of = |width: f64| factor(&mut draws, width);
        let (size, stops) = (of(spread.population), of(spread.stops));
        let (searches, hits) = (of(spread.searches), of(spread.hits));
        let groups = (0..plan.groups.len()).map(|g| {
            let [share, stop, search] =
                [spread.shares, spread.stop_ratio, spread.search_ratio].map(&mut of);
            // The reference has no ratio to itself.
            if g == 0 {
                [share, 1.0, 1.0]
            } else {
                [share, stop, search]
            }
        });
        Self {
            groups: groups.collect(),
            size,
            stops,
            searches,
            hits,
        }
    }
}

/// A group in a place: what the place states, and otherwise what the group states with what was drawn.
fn cell(
    plan: &Plan,
    p: usize,
    g: usize,
    drawn: &PlaceDraws,
    residents: f64,
) -> Result<Cell, Fault> {
    let (listed, group) = (plan.listed.get(p), &plan.groups[g]);
    let [_, of_stops, of_searches] = drawn.groups[g];
    let stated = listed.and_then(|place| place.population.as_ref());
    let population = match stated {
        Some(population) => population[&group.name],
        None => {
            let share = |g: usize| plan.groups[g].share.unwrap_or(0.0) * drawn.groups[g][0];
            let all: f64 = (0..plan.groups.len()).map(share).sum();
            (residents * share(g) / all).round() as u64
        }
    };
    if population == 0 {
        let place = listed.map_or_else(|| format!("place {}", p + 1), |place| place.name.clone());
        return Err(Fault::new(
            "people",
            format!(
                "{place} comes out without residents of group `{}`",
                group.name
            ),
            "a rate per head needs somebody: raise `people`, or lower `spread.population` and `spread.shares`",
        ));
    }
    let own = |map: fn(&super::plan::PlacePlan) -> &std::collections::BTreeMap<String, f64>| {
        listed.and_then(|place| map(place).get(&group.name).copied())
    };
    let hit_rate = own(|place| &place.hit_rate).unwrap_or(group.hit_rate * drawn.hits);
    if hit_rate > 1.0 {
        return Err(Fault::new(
            format!("group.{g}.hit_rate"),
            format!(
                "the hit rate of group `{}` comes to more than 1 in a place",
                group.name
            ),
            "a rate is at most 1: lower it, or `spread.hits`",
        ));
    }
    Ok(Cell {
        population,
        stop_ratio: own(|place| &place.stop_ratio).unwrap_or(group.stop_ratio * of_stops),
        search_rate: own(|place| &place.search_rate)
            .unwrap_or(group.search_rate * drawn.searches * of_searches),
        hit_rate,
        share: 0.0,
    })
}

fn officers(plan: &Plan, places: &[Place], seed: u64) -> Vec<Officer> {
    let number = places.last().map_or(0, |place| place.officers.end);
    (0..number)
        .map(|o| {
            let mut draws = bits(seed, Purpose::Officer);
            draws.set_stream(u64::from(o));
            let common = factor(&mut draws, plan.spread.officers);
            let own = (0..plan.groups.len()).map(|g| {
                let ratio = factor(&mut draws, plan.spread.officer_ratio);
                // The reference has no ratio to itself.
                if g == 0 { common } else { common * ratio }
            });
            Officer {
                factors: own.collect(),
                hash: hash(o),
            }
        })
        .collect()
}

/// Ten characters that look like a hash and differ between officers: multiplied by an odd number, modulo 2^40.
fn hash(officer: u32) -> String {
    let mixed = (u64::from(officer) + 1).wrapping_mul(0x9e_3779_b97f) & 0xff_ffff_ffff;
    format!("{mixed:010x}")
}
