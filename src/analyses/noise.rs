//! How uncertainty is counted: the headline interval between places or periods, by officer, or not at all.
//!
//! Stops are not independent, so an exact interval on a million of them is a statement about a world that does not
//! exist. The first that applies is the headline: by officer where rows name one; by the dispersion between places
//! or periods where they repeat within a stratum; otherwise counting alone, with a warning.

use std::collections::BTreeMap;

use super::strata::{Stratum, Tally, add_up};
use super::wanted::DispersionRule;
use crate::error::Error;
use crate::findings::{Band, Line, Test, Variance};
use crate::stats::dispersion::{Dispersion, phi_tip};
use crate::stats::{Interval, Level, StatsError, cluster, special};
use crate::warning::Warning;

/// One side of a comparison: picks its counts out of a stratum or of what repeats within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Side {
    /// One group.
    Group(String),
    /// Every group but one, added up.
    EveryoneElse(String),
}

impl Side {
    fn of(&self, tallies: &BTreeMap<String, Tally>) -> Option<Tally> {
        match self {
            Self::Group(group) => tallies.get(group).copied(),
            Self::EveryoneElse(group) => add_up(
                tallies
                    .iter()
                    .filter(|(g, _)| *g != group)
                    .map(|(_, tally)| tally),
            ),
        }
    }
}

/// The dispersion of one comparison over all strata of an analysis, and how it becomes an interval.
pub(super) struct Noise {
    sides: Vec<Side>,
    shape: Shape,
    fitted: Fitted,
    uncertainty: Uncertainty,
}

/// What the uncertainty of one analysis has in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uncertainty {
    /// An annual average has no counting interval, and no scale on which a dispersion below 1 could be judged.
    pub(super) annual_average: bool,
    /// Confidence level.
    pub(super) level: Level,
    /// Whether strata share their dispersion.
    pub(super) rule: DispersionRule,
}

/// The dispersion of all strata, or of each.
enum Fitted {
    Common(Option<Dispersion>),
    ByStratum(BTreeMap<Vec<(String, String)>, Dispersion>),
}

/// What the sides make together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    /// The rate of the one side.
    Rate,
    /// The first side over the second.
    Ratio,
    /// The share of one group in the events of all sides, which are the groups.
    Share(String),
}

/// A positive estimate with the variance of its logarithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogScale {
    pub(super) estimate: f64,
    /// The part that comes from counting, and grows with dispersion.
    pub(super) counting: f64,
    /// The part that comes from the margins of error of the baseline.
    pub(super) baseline: f64,
}

impl LogScale {
    /// The variance of counting and baseline together.
    pub(super) fn std_error(&self) -> f64 {
        (self.counting + self.baseline).sqrt()
    }
}

impl Noise {
    /// Fits one intercept per side and stratum to the replicates of every stratum in which a side repeats: all strata
    /// together, or each by itself.
    pub(super) fn fit(
        strata: &[Stratum],
        sides: Vec<Side>,
        (shape, uncertainty): (Shape, Uncertainty),
    ) -> Result<Self, Error> {
        let fitted = match uncertainty.rule {
            DispersionRule::Common => Fitted::Common(dispersion(strata, &sides)?),
            DispersionRule::Stratum => {
                let mut by_stratum = BTreeMap::new();
                for stratum in strata {
                    by_stratum.extend(
                        dispersion(std::slice::from_ref(stratum), &sides)?
                            .map(|d| (stratum.at.clone(), d)),
                    );
                }
                Fitted::ByStratum(by_stratum)
            }
        };
        Ok(Self {
            sides,
            shape,
            fitted,
            uncertainty,
        })
    }

    /// The dispersion that applies in a stratum: only where every side repeats there.
    pub(super) fn dispersion(&self, stratum: &Stratum) -> Option<Dispersion> {
        let repeats = |side: &Side| {
            stratum
                .replicates
                .iter()
                .filter(|r| {
                    side.of(r)
                        .is_some_and(|tally| tally.size().is_some_and(|size| size > 0.0))
                })
                .count()
                >= 2
        };
        if !self.sides.iter().all(repeats) {
            return None;
        }
        match &self.fitted {
            Fitted::Common(dispersion) => *dispersion,
            Fitted::ByStratum(by_stratum) => by_stratum.get(&stratum.at).copied(),
        }
    }

    /// Its value.
    pub(super) fn phi(&self, stratum: &Stratum) -> Option<f64> {
        self.dispersion(stratum)
            .and_then(|dispersion| dispersion.phi())
    }

    /// Gives the line its headline interval and its dispersion, or the caution that there is none.
    pub(super) fn put(
        &self,
        line: &mut Line,
        stratum: &Stratum,
        scale: Option<LogScale>,
    ) -> Result<(), Error> {
        let dispersion = self.dispersion(stratum);
        let phi = dispersion.and_then(|d| d.phi());
        line.dispersion = phi;
        let Some(scale) = scale else { return Ok(()) };
        if !self.uncertainty.annual_average && line.estimand.style == crate::number::Style::Ratio {
            line.dispersion_tip = phi_tip(libm::log(scale.estimate), scale.std_error());
        }
        line.std_error = (!self.uncertainty.annual_average).then(|| scale.std_error());
        if let Some((band, std_error)) = self.by_officer(stratum, &scale)? {
            line.headline = Some(band);
            line.std_error = Some(std_error);
            return Ok(());
        }
        let (Some(phi), Some(dispersion)) = (phi, dispersion) else {
            line.warn(Warning::NoReplication);
            return Ok(());
        };
        if self.uncertainty.annual_average && phi < 1.0 {
            line.warn(Warning::DispersionBelowOne);
            return Ok(());
        }
        let std_error = (phi.max(1.0) * scale.counting + scale.baseline).sqrt();
        let df = dispersion.df() as f64;
        line.headline = Some(log_band(
            scale.estimate,
            std_error,
            df,
            (self.uncertainty.level, Variance::Between),
        ));
        line.std_error = Some(std_error);
        Ok(())
    }

    /// The same for a difference, whose variance of counting is given.
    pub(super) fn put_difference(&self, line: &mut Line, stratum: &Stratum, variance: f64) {
        let dispersion = self.dispersion(stratum);
        let phi = dispersion.and_then(|d| d.phi());
        line.dispersion = phi;
        let (Some(phi), Some(dispersion), Some(estimate)) = (phi, dispersion, line.estimate) else {
            return;
        };
        if self.uncertainty.annual_average && phi < 1.0 {
            return;
        }
        let (std_error, df) = ((phi.max(1.0) * variance).sqrt(), dispersion.df() as f64);
        let half = special::student_t_quantile(1.0 - self.uncertainty.level.tail(), df) * std_error;
        let test = Test {
            statistic: Some(estimate / std_error),
            df: Some(df),
            p_value: Some(special::student_t_two_sided(estimate / std_error, df)),
        };
        line.std_error = Some(std_error);
        line.headline = (std_error > 0.0).then(|| Band {
            interval: Interval::new(estimate - half, estimate + half),
            level: self.uncertainty.level,
            method: "quasi-likelihood, t".into(),
            variance: Variance::Between,
            test: Some(test),
        });
    }

    fn by_officer(
        &self,
        stratum: &Stratum,
        scale: &LogScale,
    ) -> Result<Option<(Band, f64)>, Error> {
        if stratum.officers.len() < 2 {
            return Ok(None);
        }
        let of = |side: &Side| {
            stratum
                .officers
                .iter()
                .map(|officer| side.of(officer).unwrap_or_default())
                .collect::<Vec<_>>()
        };
        let trials = |tally: &Tally| {
            tally.trials.map(|trials| cluster::Tally {
                events: tally.events,
                trials,
            })
        };
        let estimate = match &self.shape {
            Shape::Rate => {
                let clusters: Option<Vec<_>> = of(&self.sides[0]).iter().map(trials).collect();
                clusters
                    .map(cluster::ClusteredProportion::new)
                    .transpose()
                    .map_err(refused)?
                    .and_then(|c| c.proportion(self.uncertainty.level))
            }
            Shape::Ratio => {
                let (group, reference) = (of(&self.sides[0]), of(&self.sides[1]));
                let pairs = || group.iter().zip(&reference);
                let with_trials: Option<Vec<_>> =
                    pairs().map(|(g, r)| trials(g).zip(trials(r))).collect();
                match with_trials {
                    Some(clusters) => cluster::ClusteredRiskRatio::new(clusters)
                        .map_err(refused)?
                        .ratio(self.uncertainty.level),
                    None => cluster::ClusteredCountRatio::new(
                        pairs().map(|(g, r)| (g.events, r.events)).collect(),
                    )
                    .ratio(self.uncertainty.level),
                }
            }
            Shape::Share(group) => {
                let of_officer = |officer: &BTreeMap<String, Tally>| {
                    let events = officer.get(group).map_or(0, |tally| tally.events);
                    cluster::Tally {
                        events,
                        trials: officer.values().map(|tally| tally.events).sum(),
                    }
                };
                let clusters = stratum.officers.iter().map(of_officer).collect();
                cluster::ClusteredProportion::new(clusters)
                    .map_err(refused)?
                    .proportion(self.uncertainty.level)
            }
        };
        Ok(estimate.map(|cluster| {
            let std_error = libm::hypot(cluster.log_std_error, scale.baseline.sqrt());
            (
                log_band(
                    scale.estimate,
                    std_error,
                    cluster.df as f64,
                    (self.uncertainty.level, Variance::Cluster),
                ),
                std_error,
            )
        }))
    }
}

/// One intercept per side and stratum, over the strata in which a side repeats.
fn dispersion(strata: &[Stratum], sides: &[Side]) -> Result<Option<Dispersion>, Error> {
    let mut binomial = Vec::new();
    let mut poisson = Vec::new();
    for (s, stratum) in strata.iter().enumerate() {
        for (i, side) in sides.iter().enumerate() {
            let intercept = s * sides.len() + i;
            let tallies: Vec<Tally> = stratum
                .replicates
                .iter()
                .filter_map(|r| side.of(r))
                .collect();
            if tallies.len() < 2 {
                continue;
            }
            for tally in tallies {
                match (tally.trials, tally.people) {
                    (Some(trials), _) => binomial.push((intercept, tally.events, trials)),
                    (None, Some(people)) => {
                        poisson.push((intercept, tally.events, people.person_years()))
                    }
                    (None, None) => {}
                }
            }
        }
    }
    let fitted = if poisson.is_empty() {
        Dispersion::binomial(binomial)
    } else {
        Dispersion::poisson(poisson)
    };
    let dispersion = fitted.map_err(refused)?;
    Ok((dispersion.df() > 0).then_some(dispersion))
}

/// The interval of an estimate on the logarithmic scale with a t quantile, and the test that agrees with it.
pub(super) fn log_band(
    estimate: f64,
    std_error: f64,
    df: f64,
    (level, variance): (Level, Variance),
) -> Band {
    let half = special::student_t_quantile(1.0 - level.tail(), df) * std_error;
    let statistic = libm::log(estimate) / std_error;
    let source = match variance {
        Variance::Cluster => "CR1 by officer",
        _ => "quasi-likelihood",
    };
    Band {
        interval: Interval::new(estimate * libm::exp(-half), estimate * libm::exp(half)),
        level,
        method: format!("{source}, log scale, t"),
        variance,
        test: Some(Test {
            statistic: Some(statistic),
            df: Some(df),
            p_value: Some(special::student_t_two_sided(statistic, df)),
        }),
    }
}

/// A statistic that refuses input which the layers above accepted is our defect.
pub(super) fn refused(error: StatsError) -> Error {
    Error::Internal(error.to_string())
}
