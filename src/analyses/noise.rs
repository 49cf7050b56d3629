//! How uncertainty is counted: the headline interval between places or periods, by officer, or not at all.
//!
//! Stops are not independent, so an exact interval on a million of them is a statement about a world that does not
//! exist. The first that applies is the headline: by officer where rows name one; by the dispersion between places
//! or periods where they repeat within a stratum; otherwise counting alone, with a warning.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bands::{linear_band, log_band};
use super::officers;
use super::strata::{Counts, Stratum, Tally};
use super::wanted::DispersionRule;
use crate::cells::Outcome;
use crate::error::Error;
use crate::findings::{CountRef, Family, Line, Part, Variance};
use crate::number::Style;
use crate::stats::dispersion::{Dispersion, phi_tip};
use crate::stats::{Level, StatsError};
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
    pub(super) fn of(&self, counts: &Counts) -> Option<Tally> {
        match self {
            Self::Group(group) => counts.tally(group),
            Self::EveryoneElse(group) => counts.everyone_else(group),
        }
    }

    pub(super) fn count_refs(&self, counts: &Counts, name: &str) -> Vec<CountRef> {
        match self {
            Self::Group(group) => counts.count_refs(name, std::iter::once(group)),
            Self::EveryoneElse(group) => {
                counts.count_refs(name, counts.others(group).map(|(other, _)| other))
            }
        }
    }
}

/// The dispersion of one comparison over all strata of an analysis, and how it becomes an interval.
pub(super) struct Noise<'a> {
    sides: Vec<Side>,
    shape: Shape,
    fitted: Fitted,
    uncertainty: Uncertainty<'a>,
}

/// What the uncertainty of one analysis has in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uncertainty<'a> {
    /// The counts. An annual average has no counting interval, and no scale on which a dispersion below 1 could be judged.
    pub(super) outcome: &'a Outcome,
    /// Confidence level.
    pub(super) level: Level,
    /// Whether strata share their dispersion.
    pub(super) rule: DispersionRule,
}

/// A dispersion, and the counts to which it was fitted.
#[derive(Debug, Clone)]
struct Fit {
    dispersion: Dispersion,
    on: Vec<Arc<Family>>,
}

/// The dispersion of all strata, or of each.
enum Fitted {
    Common(Option<Fit>),
    ByStratum(BTreeMap<Vec<(String, String)>, Fit>),
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

/// A difference with its variance, in the same two parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Difference {
    pub(super) estimate: f64,
    pub(super) counting: f64,
    pub(super) baseline: f64,
}

impl<'a> Noise<'a> {
    /// Fits one intercept per side and stratum to the replicates of every stratum in which a side repeats: all strata
    /// together, or each by itself.
    pub(super) fn fit<'s>(
        strata: impl IntoIterator<Item = &'s Stratum>,
        sides: Vec<Side>,
        (shape, uncertainty): (Shape, Uncertainty<'a>),
    ) -> Result<Self, Error> {
        let name = uncertainty.outcome.name.as_str();
        let strata: Vec<&Stratum> = strata.into_iter().collect();
        let fitted = match uncertainty.rule {
            DispersionRule::Common => Fitted::Common(dispersion(&strata, &sides, name)?),
            DispersionRule::Stratum => {
                let mut by_stratum = BTreeMap::new();
                for stratum in strata {
                    by_stratum.extend(
                        dispersion(&[stratum], &sides, name)?.map(|fit| (stratum.at.clone(), fit)),
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
    fn fit_of(&self, stratum: &Stratum) -> Option<&Fit> {
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
        // A share has two sides, however many groups are on the second; one of them that does not repeat says nothing.
        let both = match &self.shape {
            Shape::Share(group) => &[
                Side::Group(group.clone()),
                Side::EveryoneElse(group.clone()),
            ],
            _ => self.sides.as_slice(),
        };
        if !both.iter().all(repeats) {
            return None;
        }
        match &self.fitted {
            Fitted::Common(fit) => fit.as_ref(),
            Fitted::ByStratum(by_stratum) => by_stratum.get(&stratum.at),
        }
    }

    /// Whether a dispersion applies in a stratum.
    pub(super) fn repeats(&self, stratum: &Stratum) -> bool {
        self.fit_of(stratum).is_some()
    }

    /// Writes the dispersion down, and what it was fitted to.
    pub(super) fn put_dispersion(&self, line: &mut Line, stratum: &Stratum) {
        let fit = self.fit_of(stratum);
        line.dispersion = fit.and_then(|fit| fit.dispersion.phi());
        line.fitted_on = fit.map(|fit| fit.on.clone()).unwrap_or_default();
    }

    /// Gives the line its headline interval and its dispersion, or the caution that there is none.
    pub(super) fn put(
        &self,
        line: &mut Line,
        stratum: &Stratum,
        scale: Result<LogScale, Warning>,
    ) -> Result<(), Error> {
        self.put_dispersion(line, stratum);
        let scale = match scale {
            Ok(scale) => scale,
            Err(reason) => {
                line.warn(reason);
                return Ok(());
            }
        };
        let annual_average = self.uncertainty.outcome.annual_average;
        if !annual_average && line.estimand.style == Style::Ratio {
            line.dispersion_tip =
                phi_tip(libm::log(scale.estimate), scale.counting, scale.baseline);
        }
        line.std_error = (!annual_average).then(|| scale.std_error());
        let variance = officers::log_variance(&self.sides, &self.shape, stratum, line)?;
        if let Some((variance, df)) = variance {
            let (variance, floored) = (variance.max(scale.counting), variance < scale.counting);
            let std_error = (variance + scale.baseline).sqrt();
            line.headline = Some(log_band(
                (scale.estimate, std_error, Some(df)),
                officers::method("log scale, ", floored),
                (self.uncertainty.level, Variance::Cluster),
            ));
            line.std_error = Some(std_error);
            self.rest_on_officers(line, stratum);
            return Ok(());
        }
        let Some((phi, df)) = self.usable_phi(line, stratum) else {
            return Ok(());
        };
        let std_error = (phi * scale.counting + scale.baseline).sqrt();
        line.headline = Some(log_band(
            (scale.estimate, std_error, Some(df)),
            "quasi-likelihood, log scale, t".into(),
            (self.uncertainty.level, Variance::Between),
        ));
        line.std_error = Some(std_error);
        Ok(())
    }

    /// The same for a difference.
    pub(super) fn put_difference(
        &self,
        line: &mut Line,
        stratum: &Stratum,
        difference: Result<Difference, Warning>,
    ) -> Result<(), Error> {
        self.put_dispersion(line, stratum);
        let difference = match difference {
            Ok(difference) => difference,
            Err(reason) => {
                line.warn(reason);
                return Ok(());
            }
        };
        let unit = officers::difference_variance(&self.sides, stratum, line)?;
        let (variance, df, method, kind) = if let Some((variance, df)) = unit {
            let floored = variance < difference.counting;
            self.rest_on_officers(line, stratum);
            (
                variance.max(difference.counting),
                df,
                officers::method("", floored),
                Variance::Cluster,
            )
        } else {
            let Some((phi, df)) = self.usable_phi(line, stratum) else {
                return Ok(());
            };
            let method = "quasi-likelihood, t".to_owned();
            (phi * difference.counting, df, method, Variance::Between)
        };
        let std_error = (variance + difference.baseline).sqrt();
        if std_error <= 0.0 {
            line.warn(Warning::NoSpreadOfSide);
            return Ok(());
        }
        line.std_error = Some(std_error);
        line.headline = Some(linear_band(
            (difference.estimate, std_error, Some(df)),
            method,
            (self.uncertainty.level, kind),
        ));
        Ok(())
    }

    /// The factor by which dispersion widens a variance of counting, and its degrees of freedom; otherwise the caution
    /// that nothing repeats, or that it cannot be judged.
    fn usable_phi(&self, line: &mut Line, stratum: &Stratum) -> Option<(f64, f64)> {
        let fit = self.fit_of(stratum);
        let found = fit.and_then(|fit| Some((fit.dispersion.phi()?, fit.dispersion.df() as f64)));
        match found {
            None => {
                line.warn(Warning::NoReplication);
                None
            }
            Some((phi, _)) if self.uncertainty.outcome.annual_average && phi < 1.0 => {
                line.warn(Warning::DispersionBelowOne);
                None
            }
            Some((phi, df)) => Some((phi.max(1.0), df)),
        }
    }

    fn rest_on_officers(&self, line: &mut Line, stratum: &Stratum) {
        let name = &self.uncertainty.outcome.name;
        for side in &self.sides {
            let tallies = stratum
                .officers
                .iter()
                .filter_map(|officer| side.of(officer));
            let how_many = tallies
                .filter(|tally| tally.trials.unwrap_or(tally.events) > 0)
                .count();
            let sums = side.count_refs(&stratum.groups, name).into_iter();
            line.fitted_on
                .extend(sums.map(|sum| Arc::new(Family::Officers { sum, how_many })));
        }
    }
}

/// One intercept per side and stratum, over the strata in which a side repeats.
fn dispersion(strata: &[&Stratum], sides: &[Side], name: &str) -> Result<Option<Fit>, Error> {
    let mut binomial = Vec::new();
    let mut poisson = Vec::new();
    let mut on: BTreeMap<(usize, Part), Vec<CountRef>> = BTreeMap::new();
    for (s, stratum) in strata.iter().enumerate() {
        for (i, side) in sides.iter().enumerate() {
            let intercept = s * sides.len() + i;
            let replicates: Vec<(&Counts, Tally)> = stratum
                .replicates
                .iter()
                .filter_map(|r| Some((r, side.of(r)?)))
                .collect();
            if replicates.len() < 2 {
                continue;
            }
            for (replicate, tally) in replicates {
                for count in side.count_refs(replicate, name) {
                    on.entry((i, count.part)).or_default().push(count);
                }
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
    Ok((dispersion.df() > 0).then(|| Fit {
        dispersion,
        on: on
            .into_values()
            .map(|counts| Arc::new(Family::Cells(counts)))
            .collect(),
    }))
}

/// A statistic that refuses input which the layers above accepted is our defect.
pub(super) fn refused(error: StatsError) -> Error {
    Error::Internal(error.to_string())
}
