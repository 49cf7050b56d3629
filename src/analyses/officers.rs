//! Uncertainty by officer: an officer's stops resemble one another, so the officer and not the stop repeats.

use super::noise::{Shape, Side, refused};
use super::strata::{Stratum, Tally};
use crate::error::Error;
use crate::findings::Line;
use crate::stats::Level;
use crate::stats::cluster::{self, ClusterEstimate};
use crate::warning::Warning;

/// Fewest officers on either side from which a variance is estimated at all.
const FEWEST: usize = 6;

/// Officers on either side below which it is likely to be too small.
const FEW: usize = 20;

/// The variance of the logarithm between officers with its degrees of freedom; `None` where rows name no officer, too
/// few of them, or where it is undefined. Rates per head have none: nobody counts the people whom an officer met.
pub(super) fn log_variance(
    sides: &[Side],
    shape: &Shape,
    stratum: &Stratum,
    line: &mut Line,
) -> Result<Option<(f64, f64)>, Error> {
    let per_head = stratum.groups.tallies().any(|tally| tally.trials.is_none());
    if per_head && *shape == Shape::Rate {
        return Ok(None);
    }
    let Some(fewest) = enough(sides, stratum, line) else {
        return Ok(None);
    };
    let level = Level::NINETY_FIVE;
    let estimate = match shape {
        Shape::Rate => {
            let clusters: Option<Vec<_>> = by_officer(&sides[0], stratum)
                .iter()
                .map(of_trials)
                .collect();
            clusters
                .map(cluster::ClusteredProportion::new)
                .transpose()
                .map_err(refused)?
                .and_then(|clusters| clusters.proportion(level))
        }
        Shape::Ratio => match pairs_of_trials(sides, stratum) {
            Some(clusters) => cluster::ClusteredRiskRatio::new(clusters)
                .map_err(refused)?
                .ratio(level),
            None => {
                let (group, reference) = (
                    by_officer(&sides[0], stratum),
                    by_officer(&sides[1], stratum),
                );
                let pairs = group.iter().zip(&reference);
                cluster::ClusteredCountRatio::new(
                    pairs.map(|(g, r)| (g.events, r.events)).collect(),
                )
                .ratio(level)
            }
        },
        Shape::Share(group) => {
            let clusters = stratum.officers.iter().map(|officer| cluster::Tally {
                events: officer.tally(group).map_or(0, |tally| tally.events),
                trials: officer.tallies().map(|tally| tally.events).sum(),
            });
            cluster::ClusteredProportion::new(clusters.collect())
                .map_err(refused)?
                .proportion(level)
        }
    };
    let variance = |e: ClusterEstimate| (e.log_std_error * e.log_std_error, e.df as f64);
    let found = estimate.map(variance);
    warn_if_few(fewest, line, found.is_some());
    Ok(found)
}

/// The variance of a difference of two shares between officers with its degrees of freedom.
pub(super) fn difference_variance(
    sides: &[Side],
    stratum: &Stratum,
    line: &mut Line,
) -> Result<Option<(f64, f64)>, Error> {
    let Some(clusters) = pairs_of_trials(sides, stratum) else {
        return Ok(None);
    };
    let Some(fewest) = enough(sides, stratum, line) else {
        return Ok(None);
    };
    let clusters = cluster::ClusteredRiskRatio::new(clusters).map_err(refused)?;
    let found = clusters
        .difference()
        .map(|d| (d.std_error * d.std_error, d.df as f64));
    warn_if_few(fewest, line, found.is_some());
    Ok(found)
}

/// The method of such an interval, in words.
pub(super) fn method(scale: &str, floored: bool) -> String {
    let floor = if floored { ", not below counting" } else { "" };
    format!("CR1 by officer, {scale}t{floor}")
}

/// How many officers stand on the side that has fewer; `None`, with a caution, where they are too few.
fn enough(sides: &[Side], stratum: &Stratum, line: &mut Line) -> Option<usize> {
    if stratum.officers.is_empty() {
        return None;
    }
    let fewest = fewest(sides, stratum);
    if fewest < FEWEST {
        line.warn(Warning::TooFewOfficers { fewest: FEWEST });
    }
    (fewest >= FEWEST).then_some(fewest)
}

/// Few officers are a caution beside an interval that is counted by them.
fn warn_if_few(fewest: usize, line: &mut Line, is_used: bool) {
    if is_used && fewest < FEW {
        line.warn(Warning::FewOfficers { few: FEW });
    }
}

/// Officers who met anybody of a side, on the side that has fewer of them. A share has two sides: the group, and everybody.
fn fewest(sides: &[Side], stratum: &Stratum) -> usize {
    let with_any = |side: &Side| {
        by_officer(side, stratum)
            .iter()
            .filter(|tally| tally.trials.unwrap_or(tally.events) > 0)
            .count()
    };
    sides.iter().take(2).map(with_any).min().unwrap_or_default()
}

fn by_officer(side: &Side, stratum: &Stratum) -> Vec<Tally> {
    stratum
        .officers
        .iter()
        .map(|officer| side.of(officer).unwrap_or(NOTHING))
        .collect()
}

/// An officer who met nobody of a side.
const NOTHING: Tally = Tally {
    events: 0,
    trials: Some(0),
    people: None,
};

fn of_trials(tally: &Tally) -> Option<cluster::Tally> {
    tally.trials.map(|trials| cluster::Tally {
        events: tally.events,
        trials,
    })
}

fn pairs_of_trials(
    sides: &[Side],
    stratum: &Stratum,
) -> Option<Vec<(cluster::Tally, cluster::Tally)>> {
    let [group, reference, ..] = sides else {
        return None;
    };
    if stratum.groups.tallies().any(|tally| tally.trials.is_none()) {
        return None;
    }
    let (group, reference) = (by_officer(group, stratum), by_officer(reference, stratum));
    let pairs = group.iter().zip(&reference);
    pairs.map(|(g, r)| of_trials(g).zip(of_trials(r))).collect()
}
