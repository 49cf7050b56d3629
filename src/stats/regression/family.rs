//! The families: mean, variance, deviance and likelihood of a cell given its linear predictor.

use serde::{Deserialize, Serialize};

use super::model::{Cells, Grain};
use crate::stats::special;

/// What the response is drawn from, and its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Least squares with the identity link; of events of trials, the linear probability model.
    Linear,
    /// Binomial with the logit link.
    Logistic,
    /// Logistic with the dispersion estimated.
    QuasiLogistic,
    /// Logistic with Firth's penalty, finite under separation.
    FirthLogistic,
    /// Poisson with the log link; of events of trials, a model of risk ratios.
    Poisson,
    /// Poisson with the dispersion estimated.
    QuasiPoisson,
    /// Variance mu + mu^2/theta with the log link, theta by maximum likelihood.
    NegativeBinomial,
}

impl Family {
    /// Whether effects multiply the mean.
    #[must_use]
    pub fn is_log_linear(self) -> bool {
        matches!(
            self,
            Family::Poisson | Family::QuasiPoisson | Family::NegativeBinomial
        )
    }

    /// Whether model errors are scaled by a dispersion taken from the data.
    #[must_use]
    pub fn has_dispersion(self) -> bool {
        matches!(
            self,
            Family::Linear | Family::QuasiLogistic | Family::QuasiPoisson
        )
    }

    /// Whether effects are of odds.
    #[must_use]
    pub fn is_logistic(self) -> bool {
        matches!(
            self,
            Family::Logistic | Family::QuasiLogistic | Family::FirthLogistic
        )
    }
}

impl std::fmt::Display for Family {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Family::Linear => "linear",
            Family::Logistic => "logistic",
            Family::QuasiLogistic => "quasi-logistic",
            Family::FirthLogistic => "Firth logistic",
            Family::Poisson => "Poisson",
            Family::QuasiPoisson => "quasi-Poisson",
            Family::NegativeBinomial => "negative binomial",
        })
    }
}

/// A family with its shape: theta, infinite unless negative binomial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Law {
    pub(super) family: Family,
    pub(super) theta: f64,
}

/// One cell at a linear predictor, per trial.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    /// mu.
    pub(super) mean: f64,
    /// 1 - mu of a share, without cancellation.
    complement: f64,
    /// d mu / d eta.
    pub(super) slope: f64,
    /// V(mu).
    pub(super) variance: f64,
}

impl Point {
    /// Observed less fitted mean.
    pub(super) fn residual(&self, family: Family, observed: f64) -> f64 {
        if family.is_logistic() {
            observed * self.complement - (1.0 - observed) * self.mean
        } else {
            observed - self.mean
        }
    }

    /// (d mu / d eta) / V: what a residual counts in the score, 1 under a canonical link.
    pub(super) fn leverage(&self) -> f64 {
        self.slope / self.variance
    }

    /// (d mu / d eta)^2 / V: the information of a trial.
    pub(super) fn information(&self) -> f64 {
        self.slope * self.leverage()
    }
}

impl Law {
    pub(super) fn at(&self, eta: f64) -> Point {
        if self.family == Family::Linear {
            return Point {
                mean: eta,
                complement: 1.0 - eta,
                slope: 1.0,
                variance: 1.0,
            };
        }
        if self.family.is_logistic() {
            let small = libm::exp(-eta.abs());
            let (low, high) = (small / (1.0 + small), 1.0 / (1.0 + small));
            let (mean, complement) = if eta > 0.0 { (high, low) } else { (low, high) };
            return Point {
                mean,
                complement,
                slope: low * high,
                variance: low * high,
            };
        }
        let mean = libm::exp(eta);
        Point {
            mean,
            complement: 1.0 - mean,
            slope: mean,
            variance: mean * (1.0 + mean / self.theta),
        }
    }

    /// A linear predictor near the data, from which iterations start.
    pub(super) fn start(&self, size: f64, mean: f64) -> f64 {
        if self.family == Family::Linear {
            mean
        } else if self.family.is_logistic() {
            libm::log((size * mean + 0.5) / (size * (1.0 - mean) + 0.5))
        } else {
            libm::log(mean + 0.1 / size)
        }
    }

    /// Twice the log-likelihood lost against a model with one mean per cell.
    fn cell_deviance(&self, size: f64, observed: f64, eta: f64) -> f64 {
        let point = self.at(eta);
        let residual = point.residual(self.family, observed);
        if self.family == Family::Linear {
            size * residual * residual
        } else if self.family.is_logistic() {
            2.0 * size
                * (times_log_ratio(observed, point.mean)
                    + times_log_ratio(1.0 - observed, point.complement))
        } else if self.theta.is_infinite() {
            2.0 * size * (times_log_ratio(observed, point.mean) - residual)
        } else {
            let shrunk = libm::log1p(residual / (point.mean + self.theta));
            2.0 * (times_log_ratio(observed, point.mean) - (observed + self.theta) * shrunk)
        }
    }

    /// What the deviance of trials has beyond that of their cells: the spread of 0 and 1 about the cell's share.
    fn within(&self, size: f64, observed: f64) -> f64 {
        if self.family == Family::Linear {
            size * observed * (1.0 - observed)
        } else if self.family.is_logistic() {
            -2.0 * size * (times_log(observed) + times_log(1.0 - observed))
        } else {
            -2.0 * size * times_log(observed)
        }
    }

    /// The residual deviance: the weighted sum of squares of a linear fit.
    pub(super) fn deviance(&self, cells: &Cells, grain: Grain, eta: &[f64]) -> f64 {
        cells
            .iter()
            .zip(eta)
            .map(|((size, mean), &eta)| {
                let within = match grain {
                    Grain::Trial => self.within(size, mean),
                    Grain::Cell => 0.0,
                };
                self.cell_deviance(size, mean, eta) + within
            })
            .sum()
    }

    /// The log-likelihood with its constants, of the discrete families.
    pub(super) fn log_likelihood(&self, cells: &Cells, grain: Grain, eta: &[f64]) -> f64 {
        let of_cell = |(size, mean): (f64, f64), eta: f64| {
            let point = self.at(eta);
            let count = (size * mean).round();
            if self.family.is_logistic() {
                // ln mu = -ln(1 + exp(-eta)), which keeps its digits at both ends.
                let share = -count * softplus(-eta) - (size - count) * softplus(eta);
                match grain {
                    Grain::Trial => share,
                    Grain::Cell => share + special::ln_choose(size as u64, count as u64),
                }
            } else if self.theta.is_finite() {
                let theta = self.theta;
                special::ln_gamma(theta + count)
                    - special::ln_gamma(theta)
                    - special::ln_gamma(count + 1.0)
                    - theta * libm::log1p(point.mean / theta)
                    + count * (eta - libm::log(theta + point.mean))
            } else if grain == Grain::Trial {
                count * eta - size * point.mean
            } else {
                special::ln_poisson_pmf(count as u64, size * point.mean)
            }
        };
        cells
            .iter()
            .zip(eta)
            .map(|(cell, &eta)| of_cell(cell, eta))
            .sum()
    }
}

/// `x ln(x / m)`, 0 at `x = 0`.
fn times_log_ratio(x: f64, m: f64) -> f64 {
    if x > 0.0 { x * libm::log(x / m) } else { 0.0 }
}

/// `x ln x`, 0 at `x = 0`.
fn times_log(x: f64) -> f64 {
    if x > 0.0 { x * libm::log(x) } else { 0.0 }
}

/// `ln(1 + exp(t))`.
fn softplus(t: f64) -> f64 {
    t.max(0.0) + libm::log1p(libm::exp(-t.abs()))
}
