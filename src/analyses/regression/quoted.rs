//! The interval to be quoted: by clusters where there are enough on either side, else by the dispersion of the cells.

use std::collections::BTreeSet;

use super::super::bands::log_band;
use super::lines::{Fitted, Regression, distinct};
use crate::findings::{Band, Line, Test, Variance};
use crate::stats::regression::{
    Coefficient, Covariance, Fit, Model, RegressionError, Resampling, WildWeights,
};
use crate::stats::{Interval, Level, special};
use crate::warning::Warning;

/// Fewest clusters on a side from which errors are estimated.
pub(in crate::analyses) const FEWEST: usize = 6;

/// Clusters on a side below which Webb's weights are drawn: with signs alone there are too few possibilities.
const WEBB: usize = 10;

/// Clusters on a side from which clustered errors are taken at their word.
pub(in crate::analyses) const ENOUGH: usize = 20;

/// Draws of the wild cluster bootstrap.
const DRAWS: u32 = 9_999;

/// A fitted model with everything that decides which of its intervals is quoted.
pub(in crate::analyses) struct Quoter<'a> {
    pub(in crate::analyses) model: &'a Model,
    pub(in crate::analyses) fit: &'a Fit,
    /// The cells' clusters by each key, and the covariance from them.
    pub(in crate::analyses) clustered: Option<(&'a [Vec<u32>], &'a Covariance)>,
    /// What the clusters are, in words; empty where there are none.
    pub(in crate::analyses) clusters: String,
    /// The clusters on the side that has fewer.
    pub(in crate::analyses) fewest: usize,
    /// Whether a bootstrap may stand in for the errors of few clusters.
    pub(in crate::analyses) may_resample: bool,
    pub(in crate::analyses) level: Level,
    pub(in crate::analyses) seed: u64,
}

impl Regression<'_> {
    pub(super) fn quoter<'f>(&'f self, fitted: &'f Fitted, group: &str) -> Quoter<'f> {
        Quoter {
            model: &fitted.model,
            fit: &fitted.fit,
            clustered: fitted
                .clustered
                .as_ref()
                .map(|(ids, covariance)| (ids.as_slice(), covariance)),
            clusters: self.clusters.join(" and "),
            fewest: self.fewest_clusters(fitted, group),
            may_resample: !self.is_firth(),
            level: self.common.level,
            seed: self.answers.seed,
        }
    }

    /// The clusters that hold the group, or the reference group: the fewer; with two keys the fewest of the four. Where
    /// effects are taken out within clusters, only those that hold both say something.
    pub(super) fn fewest_clusters(&self, fitted: &Fitted, group: &str) -> usize {
        let Some((ids, _)) = &fitted.clustered else {
            return 0;
        };
        let side = |wanted: &str, ids: &[u32]| -> BTreeSet<u32> {
            let of_side = ids.iter().zip(self.cells);
            let of_side = of_side.filter(|(_, cell)| self.groups[cell.group] == wanted);
            of_side.map(|(id, _)| *id).collect()
        };
        let fewer = |ids: &Vec<u32>| {
            let (own, reference) = (side(group, ids), side(self.groups[0], ids));
            if fitted.factors.iter().any(|factor| factor.lies_within(ids)) {
                own.intersection(&reference).count()
            } else {
                own.len().min(reference.len())
            }
        };
        ids.iter().map(fewer).min().unwrap_or_default()
    }
}

impl Quoter<'_> {
    /// Puts the interval to be quoted, with its error, or the cautions why there is none.
    pub(in crate::analyses) fn quote(
        &self,
        line: &mut Line,
        own: &Coefficient,
    ) -> Result<(), RegressionError> {
        let clustered = self.clustered.filter(|_| self.fewest >= FEWEST);
        let Some((ids, covariance)) = clustered else {
            if !self.clusters.is_empty() {
                line.warn(Warning::TooFewClusters { fewest: FEWEST });
            }
            self.by_dispersion(line, own);
            return Ok(());
        };
        let Some(found) = self.fit.estimate(&own.name, covariance, self.level)? else {
            line.warn(Warning::NoClusteredVariance);
            self.by_dispersion(line, own);
            return Ok(());
        };
        if self.fewest < ENOUGH {
            line.warn(Warning::FewClusters { few: ENOUGH });
            if let ([ids], true) = (ids, self.may_resample) {
                let weights = if self.fewest < WEBB {
                    WildWeights::Webb
                } else {
                    WildWeights::Rademacher
                };
                line.headline = self.resampled((&found, own), (ids, weights))?;
                if line.headline.is_some() {
                    return Ok(());
                }
            }
        }
        self.by_errors(line, (&found, own), ids);
        Ok(())
    }

    /// CR1, not below the error of counting: clusters that agree too well by chance promise too much.
    fn by_errors(
        &self,
        line: &mut Line,
        (found, own): (&Coefficient, &Coefficient),
        ids: &[Vec<u32>],
    ) {
        let all: Vec<String> = ids
            .iter()
            .map(|ids| distinct(ids.iter()).to_string())
            .collect();
        let floor = if found.std_error < own.std_error {
            ", not below counting"
        } else {
            ""
        };
        let (keys, all) = (&self.clusters, all.join(" and "));
        let std_error = found.std_error.max(own.std_error);
        line.std_error = Some(std_error);
        line.headline = Some(log_band(
            (
                libm::exp(own.estimate),
                std_error,
                found.df.map(|df| df as f64),
            ),
            format!("CR1 by {keys}, {all} clusters{floor}, log scale, t"),
            (self.level, Variance::Cluster),
        ));
    }

    /// The interval and p of the wild cluster bootstrap, neither below those of counting. It is not made from a standard
    /// error, so none stands beside it.
    fn resampled(
        &self,
        (found, own): (&Coefficient, &Coefficient),
        (ids, weights): (&[u32], WildWeights),
    ) -> Result<Option<Band>, RegressionError> {
        let resampling = Resampling {
            draws: DRAWS,
            seed: self.seed,
        };
        let Some(test) = self
            .model
            .wild_bootstrap(&found.name, ids, weights, resampling)?
        else {
            return Ok(None);
        };
        let interval = self.model.wild_interval(
            (&found.name, ids),
            weights,
            resampling,
            (found.estimate, found.std_error, self.level),
        )?;
        Ok(interval.map(|interval| {
            let counting = own.interval;
            let whole = Interval::new(
                interval.low.min(counting.low),
                interval.high.max(counting.high),
            );
            let floor = if whole == interval {
                ""
            } else {
                ", not within counting"
            };
            Band {
                interval: whole.map(libm::exp),
                level: self.level,
                method: format!(
                    "wild cluster bootstrap by {}, {} clusters, test inverted{floor}",
                    self.clusters,
                    distinct(ids.iter())
                ),
                variance: Variance::Cluster,
                test: Some(Test {
                    statistic: Some(test.statistic),
                    df: None,
                    p_value: Some(test.p.get().max(own.p.get())),
                }),
            }
        }))
    }

    /// The errors of the model, widened by the dispersion of the cells.
    fn by_dispersion(&self, line: &mut Line, own: &Coefficient) {
        if self.fit.theta().is_some() {
            line.std_error = Some(own.std_error);
            line.headline = Some(band(
                own,
                "negative binomial, normal".into(),
                (self.level, Variance::Between),
            ));
            return;
        }
        let Some(phi) = self.fit.dispersion() else {
            line.warn(Warning::NoReplication);
            line.std_error = Some(own.std_error);
            return;
        };
        let std_error = own.std_error * phi.max(1.0).sqrt();
        line.std_error = Some(std_error);
        line.headline = Some(log_band(
            (
                libm::exp(own.estimate),
                std_error,
                self.fit.dispersion_df().map(|df| df as f64),
            ),
            "dispersion of the cells, log scale, t".into(),
            (self.level, Variance::Between),
        ));
    }
}

/// The interval of a coefficient as one of a ratio, with its test.
pub(in crate::analyses) fn band(
    found: &Coefficient,
    method: String,
    (level, variance): (Level, Variance),
) -> Band {
    Band {
        interval: found.interval.map(libm::exp),
        level,
        method,
        variance,
        test: Some(Test {
            statistic: Some(found.statistic),
            df: found.df.map(|df| df as f64),
            p_value: Some(found.p.get()),
        }),
    }
}

/// What the quoted interval of a ratio is as wide as on the logarithmic scale, in standard errors of the normal; `None`
/// for an open end.
pub(in crate::analyses) fn half_width(line: &Line) -> Option<f64> {
    let band = line.quoted()?;
    let width = libm::log(band.interval.high / band.interval.low);
    let quantile = special::normal_upper_quantile(band.level.tail());
    Some(width / (2.0 * quantile)).filter(|error| error.is_finite())
}
