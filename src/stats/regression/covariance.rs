//! Covariances of the coefficients: of the model, robust to unequal variances, robust to clusters.

use std::collections::BTreeMap;

use super::design::same_length;
use super::fit::Fit;
use super::least_squares::{add_outer, add_scaled, sandwich};
use super::model::Grain;
use super::{Family, RegressionError};
use crate::stats::StatsError;

/// Which cells belong together, one id per row of the design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clusters {
    /// One key, such as the officer or the agency.
    OneWay(Vec<u32>),
    /// Two keys, such as agency and month.
    TwoWay(Vec<u32>, Vec<u32>),
}

/// How the errors of the coefficients are reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CovarianceKind {
    /// The variance the family says, times the dispersion where it has one.
    Model,
    /// Any variance per observation, no small-sample factor.
    Hc0,
    /// `Hc0` times n/(n - k).
    Hc1,
    /// Any covariance within clusters, no small-sample factor.
    Cr0(Clusters),
    /// `Cr0` times G/(G - 1) (n - 1)/(n - k).
    Cr1(Clusters),
    /// Any covariance between cells up to a lag, cells in the order of time, no small-sample factor.
    NeweyWest {
        /// Periods over which errors still resemble one another.
        lag: usize,
    },
}

/// A covariance of the coefficients with the degrees of freedom that go with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    /// Row-major, in the order of the fit's names.
    pub(super) matrix: Vec<f64>,
    pub(super) columns: usize,
    pub(super) df: Option<u64>,
}

impl Covariance {
    /// Degrees of freedom of Student's t; `None` stands for the normal.
    #[must_use]
    pub fn df(&self) -> Option<u64> {
        self.df
    }

    /// The covariance of two coefficients by their places.
    ///
    /// # Panics
    /// If a place is not below the number of coefficients.
    #[must_use]
    pub fn get(&self, i: usize, j: usize) -> f64 {
        assert!(
            i < self.columns && j < self.columns,
            "no coefficient {i}, {j}"
        );
        self.matrix[i * self.columns + j]
    }

    /// The same covariance times a dispersion, with the degrees of freedom of that; it stays as it is without any.
    #[must_use]
    pub fn times(mut self, dispersion: f64, df: Option<u64>) -> Covariance {
        if df.is_some() {
            self.matrix
                .iter_mut()
                .for_each(|value| *value *= dispersion);
            self.df = df;
        }
        self
    }

    /// The standard error of a coefficient by its place; `None` when two-way clusters give no positive variance.
    ///
    /// # Panics
    /// As [`Covariance::get`].
    #[must_use]
    pub fn std_error(&self, j: usize) -> Option<f64> {
        let variance = self.get(j, j);
        (variance > 0.0).then(|| variance.sqrt())
    }
}

impl Fit {
    /// The covariance of the coefficients.
    ///
    /// # Definition
    /// A = (X'WX)^-1 with columns less absorbed effects. Model: phi A, phi 1 but for linear and quasi families. Robust:
    /// A M A; M sums x x' u^2 over observations (HC) or (sum of x u)(sum of x u)' over clusters (CR), u being the score.
    /// By trial a cell of s events in n trials adds x x' [s (1 - mu)^2 + (n - s) mu^2]. Two-way: first plus second less
    /// intersection, each with its own G. Newey-West: scores s of cells in their order, M = sum over lags l from -L to L
    /// of (1 - |l|/(L + 1)) times the sum of s_t s_(t-l)'. k counts absorbed effects, but under CR1 those nested in a cluster key only
    /// once per factor.
    ///
    /// # Units
    /// Squared units of the coefficients.
    ///
    /// # Edge cases
    /// Clusters are counted among cells that count. Degrees of freedom: those of the dispersion for the quasi
    /// families, n - k for linear errors and Newey-West, G - 1 for clusters (the smaller of two keys), else none, the normal.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] clusters and [`StatsError::UnequalLengths`] inside [`RegressionError::Stats`];
    /// [`RegressionError::Unsupported`] for a dispersion without degrees of freedom between cells, and for Newey-West by
    /// trial.
    ///
    /// # Source
    /// White (1980); MacKinnon and White (1985), HC1; Liang and Zeger (1986); Cameron, Gelbach and Miller (2011);
    /// Cameron and Miller (2015), section II; Newey and West (1987). Agrees with R `sandwich::vcovHC` and `vcovCL`,
    /// statsmodels and pyfixest.
    pub fn covariance(&self, kind: &CovarianceKind) -> Result<Covariance, RegressionError> {
        let n = self.observations() as f64;
        let residual_df = self.residual_df();
        let linear_df = (self.law.family == Family::Linear).then_some(residual_df);
        match kind {
            CovarianceKind::Model => {
                let scale = self.scale()?;
                let matrix = self.inverse.iter().map(|entry| scale * entry).collect();
                let df = match self.law.family {
                    Family::Linear => Some(residual_df),
                    family if family.has_dispersion() => self.dispersion_df(),
                    _ => None,
                };
                Ok(self.covariance_of(matrix, df))
            }
            CovarianceKind::Hc0 => Ok(self.covariance_of(self.robust(1.0), linear_df)),
            CovarianceKind::Hc1 => {
                Ok(self.covariance_of(self.robust(n / residual_df as f64), linear_df))
            }
            CovarianceKind::Cr0(clusters) => self.clustered(clusters, |_, _| 1.0),
            CovarianceKind::Cr1(clusters) => self.clustered(clusters, |groups, k| {
                groups / (groups - 1.0) * (n - 1.0) / (n - k)
            }),
            CovarianceKind::NeweyWest { lag } => {
                if self.problem.grain == Grain::Trial {
                    return Err(RegressionError::Unsupported {
                        what: "an order of trials in time",
                        family: self.law.family,
                    });
                }
                Ok(self.covariance_of(self.newey_west(*lag), Some(residual_df)))
            }
        }
    }

    fn covariance_of(&self, matrix: Vec<f64>, df: Option<u64>) -> Covariance {
        Covariance {
            matrix,
            columns: self.coefficients.len(),
            df,
        }
    }

    /// What model errors are multiplied by: 1, the dispersion, or the residual variance of a linear fit.
    pub(super) fn scale(&self) -> Result<f64, RegressionError> {
        match (self.law.family, self.problem.grain) {
            (Family::Linear, Grain::Trial) => Ok(self.deviance() / self.residual_df() as f64),
            (family, _) if family.has_dispersion() => {
                self.dispersion().ok_or(RegressionError::Unsupported {
                    what: "the dispersion of no more cells than coefficients",
                    family,
                })
            }
            _ => Ok(1.0),
        }
    }

    fn robust(&self, factor: f64) -> Vec<f64> {
        let k = self.coefficients.len();
        let mut meat = vec![0.0; k * k];
        let scores = self.score_residuals();
        for (i, (size, mean)) in self.problem.cells.iter().enumerate() {
            let square = match self.problem.grain {
                Grain::Cell => scores[i] * scores[i],
                Grain::Trial => {
                    // s (1 - mu)^2 + (n - s) mu^2 is n times the squared residual of the share, plus its own spread.
                    let point = self.law.at(self.eta[i]);
                    let residual = point.residual(self.law.family, mean);
                    size * (residual * residual + mean * (1.0 - mean)) * point.leverage().powi(2)
                }
            };
            add_outer(&mut meat, factor * square, self.row(i));
        }
        sandwich(&self.inverse, &meat, k)
    }

    fn newey_west(&self, lag: usize) -> Vec<f64> {
        let (k, residuals) = (self.coefficients.len(), self.score_residuals());
        let mut meat = vec![0.0; k * k];
        for (t, &now) in residuals.iter().enumerate() {
            add_outer(&mut meat, now * now, self.row(t));
            for l in 1..=lag.min(t) {
                let weight = 1.0 - l as f64 / (lag as f64 + 1.0);
                let scale = weight * now * residuals[t - l];
                let (one, other) = (self.row(t), self.row(t - l));
                for i in 0..k {
                    for j in 0..k {
                        meat[i * k + j] += scale * (one[i] * other[j] + other[i] * one[j]);
                    }
                }
            }
        }
        sandwich(&self.inverse, &meat, k)
    }

    fn clustered(
        &self,
        clusters: &Clusters,
        factor: impl Fn(f64, f64) -> f64,
    ) -> Result<Covariance, RegressionError> {
        let keys: Vec<Vec<u32>> = match clusters {
            Clusters::OneWay(key) => vec![self.used(key)?],
            Clusters::TwoWay(first, second) => vec![self.used(first)?, self.used(second)?],
        };
        let nested: u64 = self.problem.absorbed.nested(&keys);
        let k = (self.problem.coefficients() - nested) as f64;
        let columns = self.coefficients.len();
        let mut matrix = vec![0.0; columns * columns];
        let mut add = |key: &[u32], sign: f64| -> Result<u64, RegressionError> {
            let sums = self.cluster_scores(key);
            let groups = sums.len();
            if groups < 2 {
                let what = "clusters";
                return Err(StatsError::TooFew {
                    what,
                    got: groups,
                    needed: 2,
                }
                .into());
            }
            let mut meat = vec![0.0; columns * columns];
            for sum in &sums {
                add_outer(&mut meat, sign * factor(groups as f64, k), sum);
            }
            add_scaled(&mut matrix, 1.0, &sandwich(&self.inverse, &meat, columns));
            Ok(groups as u64)
        };
        let mut groups = add(&keys[0], 1.0)?;
        if let [first, second] = keys.as_slice() {
            groups = groups.min(add(second, 1.0)?);
            add(&intersection(first, second), -1.0)?;
        }
        Ok(self.covariance_of(matrix, Some(groups - 1)))
    }

    /// A key at the used rows.
    pub(super) fn used(&self, key: &[u32]) -> Result<Vec<u32>, RegressionError> {
        same_length("cluster ids", key.len(), self.problem.total)?;
        Ok(self
            .problem
            .cells
            .rows
            .iter()
            .map(|&row| key[row])
            .collect())
    }

    /// The summed scores of each cluster, by rising id.
    fn cluster_scores(&self, key: &[u32]) -> Vec<Vec<f64>> {
        let mut sums: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for (i, (residual, cluster)) in self.score_residuals().into_iter().zip(key).enumerate() {
            let row = self.row(i);
            let sum = sums.entry(*cluster).or_insert_with(|| vec![0.0; row.len()]);
            add_scaled(sum, residual, row);
        }
        sums.into_values().collect()
    }
}

/// One id for each pair of ids.
fn intersection(first: &[u32], second: &[u32]) -> Vec<u32> {
    let mut numbers = BTreeMap::new();
    let pairs = first.iter().zip(second);
    pairs
        .map(|pair| {
            let next = numbers.len() as u32;
            *numbers.entry(pair).or_insert(next)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Model, Response};

    fn near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    /// A single share, 6 of 10 and 2 of 10.
    fn share(grain: Grain) -> Fit {
        let design = Design::new(vec!["one".to_owned()], vec![1.0; 2]).expect("valid");
        let response = Response::Events {
            events: vec![6, 2],
            trials: vec![10, 10],
        };
        let model = Model::new(Family::Logistic, design, response).expect("valid");
        model
            .observed_by(grain)
            .expect("trials")
            .fit()
            .expect("regular")
    }

    fn variance(fit: &Fit, kind: &CovarianceKind) -> f64 {
        fit.covariance(kind).expect("defined").get(0, 0)
    }

    #[test]
    fn a_share_by_hand() {
        // Information 20 x 0.4 x 0.6 = 4.8; by trial the meat is as much, by cell 2^2 + 2^2.
        for grain in [Grain::Trial, Grain::Cell] {
            let fit = share(grain);
            near(variance(&fit, &CovarianceKind::Model), 1.0 / 4.8);
            let clusters = || Clusters::OneWay(vec![8, 3]);
            near(
                variance(&fit, &CovarianceKind::Cr0(clusters())),
                8.0 / 4.8 / 4.8,
            );
            near(
                variance(&fit, &CovarianceKind::Cr1(clusters())),
                2.0 * 8.0 / 4.8 / 4.8,
            );
        }
        near(
            variance(&share(Grain::Trial), &CovarianceKind::Hc0),
            1.0 / 4.8,
        );
        near(
            variance(&share(Grain::Trial), &CovarianceKind::Hc1),
            20.0 / 19.0 / 4.8,
        );
        near(
            variance(&share(Grain::Cell), &CovarianceKind::Hc0),
            8.0 / 4.8 / 4.8,
        );
        near(
            variance(&share(Grain::Cell), &CovarianceKind::Hc1),
            2.0 * 8.0 / 4.8 / 4.8,
        );
    }

    #[test]
    fn two_keys_that_agree_are_one() {
        let fit = share(Grain::Trial);
        let both = Clusters::TwoWay(vec![8, 3], vec![0, 1]);
        near(variance(&fit, &CovarianceKind::Cr0(both)), 8.0 / 4.8 / 4.8);
    }

    #[test]
    fn one_cluster_and_short_keys_are_refused() {
        let fit = share(Grain::Cell);
        for ids in [vec![1, 1], vec![1]] {
            assert!(
                fit.covariance(&CovarianceKind::Cr1(Clusters::OneWay(ids)))
                    .is_err()
            );
        }
    }
}
