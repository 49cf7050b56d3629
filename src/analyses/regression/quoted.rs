//! The interval to be quoted: by clusters where there are enough on either side, else by the dispersion of the cells.

use std::collections::BTreeSet;

use super::super::bands::log_band;
use super::lines::{Fitted, Regression, distinct};
use crate::findings::{Band, Line, Test, Variance};
use crate::stats::regression::{Coefficient, RegressionError, Resampling, WildWeights};
use crate::stats::{Interval, special};
use crate::warning::Warning;

/// Fewest clusters on a side from which errors are estimated.
pub(super) const FEWEST: usize = 6;

/// Clusters on a side below which Webb's weights are drawn: with signs alone there are too few possibilities.
const WEBB: usize = 10;

/// Clusters on a side from which clustered errors are taken at their word.
pub(super) const ENOUGH: usize = 20;

/// Draws of the wild cluster bootstrap.
const DRAWS: u32 = 9_999;

impl Regression<'_> {
    /// Puts the interval to be quoted, with its error, or the cautions why there is none.
    pub(super) fn quote(
        &self,
        line: &mut Line,
        fitted: &Fitted,
        own: &Coefficient,
    ) -> Result<(), RegressionError> {
        let fewest = self.fewest_clusters(fitted, &own.name);
        let clustered = fitted.clustered.as_ref().filter(|_| fewest >= FEWEST);
        let Some((ids, covariance)) = clustered else {
            if !self.clusters.is_empty() {
                line.warn(Warning::TooFewClusters { fewest: FEWEST });
            }
            self.by_dispersion(line, fitted, own);
            return Ok(());
        };
        let Some(found) = fitted
            .fit
            .estimate(&own.name, covariance, self.common.level)?
        else {
            line.warn(Warning::NoClusteredVariance);
            self.by_dispersion(line, fitted, own);
            return Ok(());
        };
        if fewest < ENOUGH {
            line.warn(Warning::FewClusters { few: ENOUGH });
            if let ([ids], false) = (ids.as_slice(), self.is_firth()) {
                let weights = if fewest < WEBB {
                    WildWeights::Webb
                } else {
                    WildWeights::Rademacher
                };
                line.headline = self.resampled(fitted, (&found, own), (ids, weights))?;
                if line.headline.is_some() {
                    return Ok(());
                }
            }
        }
        self.by_errors(line, (&found, own), ids);
        Ok(())
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
        let (keys, all) = (self.clusters.join(" and "), all.join(" and "));
        let std_error = found.std_error.max(own.std_error);
        line.std_error = Some(std_error);
        line.headline = Some(log_band(
            (
                libm::exp(own.estimate),
                std_error,
                found.df.map(|df| df as f64),
            ),
            format!("CR1 by {keys}, {all} clusters{floor}, log scale, t"),
            (self.common.level, Variance::Cluster),
        ));
    }

    /// The interval and p of the wild cluster bootstrap, neither below those of counting. It is not made from a standard
    /// error, so none stands beside it.
    fn resampled(
        &self,
        fitted: &Fitted,
        (found, own): (&Coefficient, &Coefficient),
        (ids, weights): (&[u32], WildWeights),
    ) -> Result<Option<Band>, RegressionError> {
        let resampling = Resampling {
            draws: DRAWS,
            seed: self.answers.seed,
        };
        let model = &fitted.model;
        let Some(test) = model.wild_bootstrap(&found.name, ids, weights, resampling)? else {
            return Ok(None);
        };
        let interval = model.wild_interval(
            (&found.name, ids),
            weights,
            resampling,
            (found.estimate, found.std_error, self.common.level),
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
                level: self.common.level,
                method: format!(
                    "wild cluster bootstrap by {}, {} clusters, test inverted{floor}",
                    self.clusters.join(" and "),
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
    fn by_dispersion(&self, line: &mut Line, fitted: &Fitted, own: &Coefficient) {
        if fitted.fit.theta().is_some() {
            line.std_error = Some(own.std_error);
            line.headline =
                Some(self.band(own, "negative binomial, normal".into(), Variance::Between));
            return;
        }
        let Some(phi) = fitted.fit.dispersion() else {
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
                fitted.fit.dispersion_df().map(|df| df as f64),
            ),
            "dispersion of the cells, log scale, t".into(),
            (self.common.level, Variance::Between),
        ));
    }
}

/// What the quoted interval of a ratio is as wide as on the logarithmic scale, in standard errors of the normal; `None`
/// for an open end.
pub(super) fn half_width(line: &Line) -> Option<f64> {
    let band = line.quoted()?;
    let width = libm::log(band.interval.high / band.interval.low);
    let quantile = special::normal_upper_quantile(band.level.tail());
    Some(width / (2.0 * quantile)).filter(|error| error.is_finite())
}
