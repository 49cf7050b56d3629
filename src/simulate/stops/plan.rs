//! What is to be drawn, as it is written: every parameter with its default, and what each may be.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::clock::Clock;

/// Everything that `simulate stops` draws from. `stops.md` defines each parameter.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Rows of all files together, repeated records included.
    pub rows: u64,
    /// Seed, where the command line names none.
    pub seed: Option<u64>,
    /// First day.
    #[serde(with = "day")]
    pub from: Date,
    /// Last day.
    #[serde(with = "day")]
    pub until: Date,
    /// Number of places, where none is listed.
    pub places: Option<u32>,
    /// Residents of all places together, where a place does not state them.
    pub people: Option<u64>,
    /// Officers of all places together, where a place does not state them.
    pub officers: Option<u32>,
    /// How much places and officers differ.
    pub spread: Spread,
    /// Change from one calendar year to the next.
    pub trend: Trend,
    /// What recording does to the stops.
    pub records: Records,
    /// Times of day.
    pub clock: Clock,
    /// On what searches are based.
    pub search_basis: SearchBasis,
    /// The groups, the reference first.
    #[serde(rename = "group")]
    pub groups: Vec<GroupPlan>,
    /// Places that are listed one by one.
    #[serde(rename = "place", skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<PlacePlan>,
}

/// Half widths of the uniform distributions around 1 from which factors are drawn; 0 is no difference.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Spread {
    /// Of the size of places.
    pub population: f64,
    /// Of the share of each group in a place.
    pub shares: f64,
    /// Of stops per head between places, all groups alike.
    pub stops: f64,
    /// Of the ratio of stops per head between places, each compared group by itself.
    pub stop_ratio: f64,
    /// Of search rates between places, all groups alike.
    pub searches: f64,
    /// Of the ratio of search rates between places, each compared group by itself.
    pub search_ratio: f64,
    /// Of hit rates between places, all groups alike.
    pub hits: f64,
    /// Of search rates between officers, all groups alike.
    pub officers: f64,
    /// Of the ratio of search rates between officers, each compared group by itself.
    pub officer_ratio: f64,
}

/// Relative change from one calendar year to the next; 0 is none.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trend {
    /// Of stops.
    pub stops: f64,
    /// Of search rates.
    pub searches: f64,
}

/// What recording does to the stops, as shares.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// Of rows: exact repetitions of another row, but for the row number.
    pub duplicates: f64,
    /// Of rows: a second citation of a stop that has a row already.
    pub second_citations: f64,
    /// Of stops: race not recorded, whatever the group.
    pub missing_race: f64,
    /// Of stops: time recorded as midnight.
    pub midnight: f64,
    /// Of stops without a search: contraband recorded all the same.
    pub hit_without_search: f64,
    /// Of stops: pedestrians.
    pub pedestrians: f64,
    /// Of stops: men.
    pub men: f64,
    /// Of searches that found something: an arrest.
    pub arrest_after_hit: f64,
}

/// On what searches are based, as shares of all searches, whatever the group; they add up to 1. Whether a search finds
/// something does not depend on it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchBasis {
    /// The driver's consent.
    pub consent: f64,
    /// Probable cause.
    pub probable_cause: f64,
    /// Something in plain view.
    pub plain_view: f64,
    /// A dog.
    pub k9: f64,
    /// Another one, such as an arrest.
    pub other: f64,
}

impl SearchBasis {
    /// The words of the column `search_basis` with their shares.
    #[must_use]
    pub fn shares(&self) -> [(&'static str, f64); 5] {
        [
            ("consent", self.consent),
            ("probable cause", self.probable_cause),
            ("plain view", self.plain_view),
            ("k9", self.k9),
            ("other", self.other),
        ]
    }
}

/// One group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupPlan {
    /// Its word in the column `subject_race`.
    pub name: String,
    /// Share of residents, where a place does not state its residents.
    pub share: Option<f64>,
    /// Stops per head over those of the reference.
    #[serde(default = "one")]
    pub stop_ratio: f64,
    /// Searches of stops.
    pub search_rate: f64,
    /// Searches that find something, of searches.
    pub hit_rate: f64,
    /// Stops with a citation, of stops.
    #[serde(default = "default_citation_rate")]
    pub citation_rate: f64,
    /// Arrests, of stops without a find.
    #[serde(default = "default_arrest_rate")]
    pub arrest_rate: f64,
    /// Odds of this group against the reference among stops in daylight, over the same odds in darkness.
    #[serde(default = "one")]
    pub daylight_odds_ratio: f64,
    /// Of this group's stops: race not recorded, beyond what is missing whatever the group.
    #[serde(default)]
    pub missing_race: f64,
    /// Weights of the 24 hours of the day, where they are not those of everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<f64>>,
}

/// One place; what it does not state is drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlacePlan {
    /// Its name in the column `county_name`.
    pub name: String,
    /// Residents by group.
    pub population: Option<BTreeMap<String, u64>>,
    /// Degrees north of the equator.
    pub latitude: Option<f64>,
    /// Degrees east of Greenwich, below 0 in America.
    pub longitude: Option<f64>,
    /// Where its clocks are, by its name in the tz database.
    pub timezone: Option<String>,
    /// Officers.
    pub officers: Option<u32>,
    /// Stops per head over those of the other places, all groups alike.
    pub stop_factor: Option<f64>,
    /// Ratios of stops per head by group.
    #[serde(default)]
    pub stop_ratio: BTreeMap<String, f64>,
    /// Search rates by group.
    #[serde(default)]
    pub search_rate: BTreeMap<String, f64>,
    /// Hit rates by group.
    #[serde(default)]
    pub hit_rate: BTreeMap<String, f64>,
}

fn one() -> f64 {
    1.0
}

fn default_citation_rate() -> f64 {
    0.55
}

fn default_arrest_rate() -> f64 {
    0.02
}

impl Default for Plan {
    fn default() -> Self {
        let group = |name: &str, share, stop_ratio, search_rate, hit_rate| GroupPlan {
            name: name.to_owned(),
            share: Some(share),
            stop_ratio,
            search_rate,
            hit_rate,
            citation_rate: default_citation_rate(),
            arrest_rate: default_arrest_rate(),
            daylight_odds_ratio: 1.0,
            missing_race: 0.0,
            hours: None,
        };
        let mut groups = vec![
            group("white", 0.62, 1.0, 0.04, 0.30),
            group("black", 0.18, 1.5, 0.08, 0.24),
            group("hispanic", 0.20, 1.2, 0.06, 0.21),
        ];
        groups[1].daylight_odds_ratio = 1.2;
        groups[2].missing_race = 0.02;
        Self {
            rows: 100_000,
            seed: None,
            from: Date::constant(2021, 1, 1),
            until: Date::constant(2022, 12, 31),
            places: None,
            people: None,
            officers: None,
            spread: Spread::default(),
            trend: Trend::default(),
            records: Records::default(),
            clock: Clock::default(),
            search_basis: SearchBasis::default(),
            groups,
            listed: Vec::new(),
        }
    }
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            population: 0.5,
            shares: 0.3,
            stops: 0.3,
            stop_ratio: 0.0,
            searches: 0.3,
            search_ratio: 0.0,
            hits: 0.0,
            officers: 0.5,
            officer_ratio: 0.0,
        }
    }
}

impl Default for SearchBasis {
    fn default() -> Self {
        Self {
            consent: 0.35,
            probable_cause: 0.35,
            plain_view: 0.1,
            k9: 0.05,
            other: 0.15,
        }
    }
}

impl Default for Records {
    fn default() -> Self {
        Self {
            duplicates: 0.01,
            second_citations: 0.02,
            missing_race: 0.02,
            midnight: 0.01,
            hit_without_search: 0.0005,
            pedestrians: 0.03,
            men: 0.65,
            arrest_after_hit: 0.4,
        }
    }
}

/// A day as TOML writes it, `2021-01-31`, without quotes.
mod day {
    use jiff::civil::Date;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};
    use toml::value::Datetime;

    pub(super) fn serialize<S: Serializer>(day: &Date, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(day)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Date, D::Error> {
        let written = Datetime::deserialize(from)?.to_string();
        written.parse().map_err(|_| {
            D::Error::custom(format!(
                "found `{written}`, where a day is expected: 2021-01-31"
            ))
        })
    }
}
