//! Stops of two groups as the cells of a model.

use schemars::JsonSchema;
use serde::Deserialize;

use super::lines::{Veil, Way};
use super::model::Sample;
use super::numbers::Numbers;
use super::rows::Row;
use super::windows::Part;
use crate::stats::regression::Factor;

/// By what errors are clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClusterBy {
    /// Who made the stop.
    Officer,
    /// Each place on each date.
    PlaceAndDate,
    /// Each date.
    Date,
    /// Each place.
    Place,
}

impl ClusterBy {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::PlaceAndDate => "place and date",
            Self::Date => "date",
            Self::Place => "place",
        }
    }

    fn of(self, row: &Row) -> u64 {
        match self {
            Self::Officer => row.officer.into(),
            Self::PlaceAndDate => (u64::from(row.place) << 32) | u64::from(row.date),
            Self::Date => row.date.into(),
            Self::Place => row.place.into(),
        }
    }
}

/// What is held equal besides the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    Place,
    Weekday,
    Year,
    Season,
    Officer,
    /// A key of the study's own.
    Own(String),
}

impl Held {
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Place => "place",
            Self::Weekday => "weekday",
            Self::Year => "year",
            Self::Season => "season",
            Self::Officer => "officer",
            Self::Own(key) => key,
        }
    }

    pub(super) fn own_key(&self) -> Option<String> {
        match self {
            Self::Own(key) => Some(key.clone()),
            _ => None,
        }
    }
}

/// A cell before it is added up: curve, minute, light, combination of what is held equal, cluster.
type Key = (u32, u16, bool, u32, u64);

impl Veil<'_> {
    /// The cells of a compared group (1 is the first) and the reference group under one way of looking.
    pub(super) fn sample(&self, group: usize, way: &Way<'_>) -> Sample {
        let mut combinations = Numbers::default();
        let mut cells: Vec<(Key, [u64; 2])> = Vec::new();
        let mut levels = Vec::with_capacity(way.held.len());
        for row in &self.rows.rows {
            let own = self.group_of[row.group as usize];
            let Some(own) = own.filter(|own| *own == 0 || *own == group) else {
                continue;
            };
            let (Some((part, is_light)), Some(minute)) = (self.lies(row, way), row.minute) else {
                continue;
            };
            levels.clear();
            levels.extend(way.held.iter().map(|held| self.level(row, held)));
            let key = (
                self.rows.curve(row.place, part),
                minute,
                is_light,
                combinations.number(&levels),
                self.cluster.of(row),
            );
            cells.push((key, [u64::from(own != 0) * row.count, row.count]));
        }
        cells.sort_unstable_by_key(|(key, _)| *key);
        cells.dedup_by(|next, first| {
            let is_same = next.0 == first.0;
            if is_same {
                first.1[0] += next.1[0];
                first.1[1] += next.1[1];
            }
            is_same
        });
        self.as_sample(&cells, &combinations, way)
    }

    /// Window and light of a stop under one way of looking; `None` where it is not looked at.
    fn lies(&self, row: &Row, way: &Way<'_>) -> Option<(Part, bool)> {
        use super::rows::State;
        if way.is_near && !self.rows.is_near(row) {
            return None;
        }
        let lies = match way.shift {
            Some(shift) => self.rows.shifted(row, self.shifts[shift]),
            None => match self.rows.state(row) {
                State::Light(part) => Some((part, true)),
                State::Dark(part) => Some((part, false)),
                _ => None,
            },
        };
        lies.filter(|(part, _)| way.parts.contains(part))
    }

    fn level(&self, row: &Row, held: &Held) -> u32 {
        let day = &self.rows.days[row.date as usize];
        match held {
            Held::Place => row.place,
            Held::Weekday => day.weekday,
            Held::Year => day.year,
            Held::Season => day.season,
            Held::Officer => row.officer,
            Held::Own(key) => {
                let all = self.way.held.iter().filter_map(Held::own_key);
                let at = all.into_iter().position(|own| own == *key);
                at.map_or(0, |at| self.rows.own[row.own as usize][at])
            }
        }
    }

    fn as_sample(
        &self,
        cells: &[(Key, [u64; 2])],
        combinations: &Numbers<Vec<u32>>,
        way: &Way<'_>,
    ) -> Sample {
        let mut clusters: Vec<u64> = cells.iter().map(|((.., cluster), _)| *cluster).collect();
        clusters.sort_unstable();
        clusters.dedup();
        let number = |cluster: &u64| {
            let at = clusters.binary_search(cluster);
            at.expect("every cluster is in the list of clusters") as u32
        };
        let factor = |(at, held): (usize, &Held)| Factor {
            name: held.word().to_owned(),
            levels: cells
                .iter()
                .map(|((_, _, _, own, _), _)| combinations.values[*own as usize][at])
                .collect(),
        };
        Sample {
            minutes: cells.iter().map(|(key, _)| f64::from(key.1)).collect(),
            is_light: cells.iter().map(|(key, _)| key.2).collect(),
            curves: cells.iter().map(|(key, _)| key.0).collect(),
            clusters: cells.iter().map(|(key, _)| number(&key.4)).collect(),
            factors: way.held.iter().enumerate().map(factor).collect(),
            events: cells.iter().map(|(_, counts)| counts[0]).collect(),
            trials: cells.iter().map(|(_, counts)| counts[1]).collect(),
        }
    }
}
