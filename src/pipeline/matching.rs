//! Which places a table of matches would have to bring together.

use std::collections::{BTreeMap, BTreeSet};

use crate::cells::CellTable;
use crate::error::{Error, nearest_hint};
use crate::ingest::{self, Baseline, Proposal};
use crate::stops::PLACE;
use crate::study::Study;
use crate::world::World;

/// The places of counts and of baselines, by name of either.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Of all counts together.
    pub counts: BTreeSet<String>,
    /// Of each baseline that tells places apart.
    pub baselines: BTreeMap<String, BTreeSet<String>>,
}

/// Every place that was read.
pub(super) fn places(
    counts: &BTreeMap<&str, &CellTable>,
    baselines: &BTreeMap<String, Baseline>,
) -> Places {
    let of_counts = counts.values().flat_map(|table| table.distinct(PLACE));
    let of_baseline = |baseline: &Baseline| {
        let places = baseline.distinct(PLACE).into_iter().map(str::to_owned);
        places.collect::<BTreeSet<String>>()
    };
    Places {
        counts: of_counts.collect(),
        baselines: baselines
            .iter()
            .map(|(name, baseline)| (name.clone(), of_baseline(baseline)))
            .filter(|(_, places)| !places.is_empty())
            .collect(),
    }
}

/// A table of matches for one baseline, for a person to decide on. Tables that the study names already are not looked at.
///
/// # Errors
/// Any fault of the study or its data; counts or a baseline without places; several baselines, and none is named.
pub fn propose(
    mut study: Study,
    world: &World,
    population: Option<&str>,
) -> Result<Vec<Proposal>, Error> {
    for config in &mut study.file.population {
        config.place_match = None;
    }
    let places = super::read(&study, world)?.places;
    let known = || places.baselines.keys().map(String::as_str);
    let refuse = |message: String, hint: String| Err(Error::bundle(message, hint));
    let name = match (population, places.baselines.len()) {
        (Some(name), _) if places.baselines.contains_key(name) => name,
        (Some(name), _) => {
            let message = format!("the study has no population `{name}` with places");
            return refuse(message, nearest_hint(name, known()));
        }
        (None, 1) => known().next().unwrap_or_default(),
        (None, 0) => {
            return refuse(
                "the study has no population with places".into(),
                "add a [[population]] whose `columns` name a `place`".into(),
            );
        }
        (None, _) => {
            return refuse(
                "the study has several populations with places".into(),
                format!("name one: --population NAME; {}", nearest_hint("", known())),
            );
        }
    };
    if places.counts.is_empty() {
        return refuse(
            "no counts of the study have places".into(),
            "name the column of places: `place` among `keys` of [[counts]], or among `columns` of [[stops]]".into(),
        );
    }
    let names: BTreeSet<&str> = places.counts.iter().map(String::as_str).collect();
    let there = places.baselines[name].iter().map(String::as_str).collect();
    Ok(ingest::propose(&names, &there))
}
