//! The wild cluster bootstrap: how often signs given at random to whole clusters make a t as large as the one seen.
//!
//! For few clusters, where the normal and Student's t promise too much. The null is imposed. One column is tested at a
//! time, for a true coefficient of 0.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::design::same_length;
use super::fit::{information, scores, solve};
use super::least_squares::{Triangle, add_scaled, dot, times};
use super::model::Model;
use super::{Family, RegressionError};
use crate::stats::draws::Draws;
use crate::stats::{PValue, StatsError};

/// How close to the observed statistic, relative to it, a drawn one is a tie.
pub(super) const TIE: f64 = 1e-9;

/// What whole clusters are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WildWeights {
    /// 1 or -1.
    Rademacher,
    /// One of six: the roots of 1/2, 1 and 3/2 with either sign; for fewer than ten clusters or so.
    Webb,
}

/// How many draws, from which seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resampling {
    /// Draws, unless there are no more possibilities than that: then each is tried once.
    pub draws: u32,
    /// The seed.
    pub seed: u64,
}

/// The answer of a resampling test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ResamplingTest {
    /// The statistic seen.
    pub statistic: f64,
    /// The two-sided p-value.
    pub p: PValue,
    /// Draws made, or possibilities tried.
    pub draws: u64,
    /// Whether all possibilities were tried.
    pub coverage: Coverage,
}

/// Whether a resampling test tried all possibilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Each once: no seed matters.
    Exact,
    /// Some at random.
    Sampled,
}

impl Model {
    /// The wild cluster bootstrap test that a coefficient is 0.
    ///
    /// # Definition
    /// The model is fitted without the column. Its weighted residuals, each cluster's times a random v, are regressed
    /// with the weights of that fit on all columns; t(v) is the column's coefficient over its clustered error. p is the
    /// share of |t(v)| at or above |t(1)|, ties included: over all sign vectors when there are no more than draws, else
    /// (1 + times)/(1 + draws). Of a linear model this is WCR and t(1) the t of CR1 but for its constant factor, which
    /// is applied to the statistic (G/(G - 1) (n - 1)/(n - k)); of the others it is the score form, linear at the null.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// With G clusters an exact p is at least 2/2^G. Absorbed factors not nested in clusters become columns. `Ok(None)`
    /// when no cluster varies.
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::UnknownColumn`], for a dropped column too; [`StatsError::TooFew`] clusters
    /// or draws; [`RegressionError::Unsupported`] with Firth's penalty.
    ///
    /// # Source
    /// Cameron, Gelbach and Miller (2008); Kline and Santos (2012); Webb (2023); MacKinnon, Nielsen and Webb (2024),
    /// the linearised restricted form. Agrees with pyfixest.
    pub fn wild_bootstrap(
        &self,
        name: &str,
        clusters: &[u32],
        weights: WildWeights,
        resampling: Resampling,
    ) -> Result<Option<ResamplingTest>, RegressionError> {
        at_least_one(resampling)?;
        if self.family == Family::FirthLogistic {
            return Err(RegressionError::Unsupported {
                what: "a bootstrap",
                family: self.family,
            });
        }
        same_length("cluster ids", clusters.len(), self.design.rows())?;
        let model = self.with_effects_as_columns(|factor| factor.lies_within(clusters))?;
        let parts = Parts::of(&model, name, clusters)?;
        let observed = parts.t(&vec![1.0; parts.groups()]);
        if !observed.is_finite() {
            return Ok(None);
        }
        let at_least = |v: &[f64]| parts.t(v).abs() >= observed.abs() * (1.0 - TIE);
        let groups = parts.groups();
        let possible = 2_u64.checked_pow(groups as u32);
        let (times, draws, coverage) =
            match possible.filter(|&all| all <= u64::from(resampling.draws)) {
                Some(all) if weights == WildWeights::Rademacher => {
                    // A vector and its opposite have the same |t|.
                    let half = (0..all / 2).filter(|bits| at_least(&signs(*bits, groups)));
                    (2 * half.count() as u64, all, Coverage::Exact)
                }
                _ => {
                    let mut draws = Draws::new(resampling.seed);
                    let drawn = (0..resampling.draws).filter(|_| {
                        let v: Vec<f64> = (0..groups).map(|_| weights.draw(&mut draws)).collect();
                        at_least(&v)
                    });
                    (
                        drawn.count() as u64,
                        u64::from(resampling.draws),
                        Coverage::Sampled,
                    )
                }
            };
        Ok(Some(ResamplingTest {
            statistic: observed / parts.factor.sqrt(),
            p: share(times, draws, coverage),
            draws,
            coverage,
        }))
    }
}

impl WildWeights {
    fn draw(self, draws: &mut Draws) -> f64 {
        let (sign, size) = match self {
            WildWeights::Rademacher => (draws.below(2), 1.0),
            WildWeights::Webb => {
                let face = draws.below(6);
                (face % 2, f64::from(1 + face / 2) / 2.0)
            }
        };
        if sign == 0 { size.sqrt() } else { -size.sqrt() }
    }
}

/// What the t of any weights is made of, cluster by cluster.
struct Parts {
    column: usize,
    /// What each cluster's score adds to the coefficients.
    shifts: Vec<Vec<f64>>,
    /// What the coefficients take off each cluster's score of the column.
    returns: Vec<Vec<f64>>,
    /// The small-sample factor of CR1.
    factor: f64,
}

impl Parts {
    fn of(model: &Model, name: &str, clusters: &[u32]) -> Result<Parts, RegressionError> {
        let full = model.problem()?;
        let column = full.index(name)?;
        let held = model.fixing(name, 0.0)?.problem()?;
        let (law, null) = solve(model.family, &held)?;
        let k = full.columns();
        let weights = information(&full, law, &null.eta);
        let residuals = scores(&full, law, &null.eta);
        let x = full.absorbed.residual(&full.x, k, &weights)?;
        let zeros = vec![0.0; weights.len()];
        let inverse = Triangle::new(&x, k, &weights, &zeros).inverse().ok_or(
            RegressionError::NoConvergence {
                what: "the coefficients under the null",
                iterations: null.iterations,
            },
        )?;
        let direction = &inverse[column * k..][..k];
        let mut sums: BTreeMap<u32, [Vec<f64>; 2]> = BTreeMap::new();
        for (i, row) in x.chunks_exact(k).enumerate() {
            let cluster = clusters[full.cells.rows[i]];
            let [score, returned] = sums
                .entry(cluster)
                .or_insert_with(|| [vec![0.0; k], vec![0.0; k]]);
            add_scaled(score, residuals[i], row);
            add_scaled(returned, weights[i] * dot(direction, row), row);
        }
        let groups = sums.len() as f64;
        if sums.len() < 2 {
            return Err(StatsError::TooFew {
                what: "clusters",
                got: sums.len(),
                needed: 2,
            }
            .into());
        }
        let n = full.observations as f64;
        let used: Vec<u32> = full.cells.rows.iter().map(|&row| clusters[row]).collect();
        let coefficients = (full.coefficients() - full.absorbed.nested(&[used])) as f64;
        let (shifts, returns) = sums
            .into_values()
            .map(|[score, returned]| (times(&inverse, &score), returned))
            .unzip();
        Ok(Parts {
            column,
            shifts,
            returns,
            factor: groups / (groups - 1.0) * (n - 1.0) / (n - coefficients),
        })
    }

    fn groups(&self) -> usize {
        self.shifts.len()
    }

    /// The coefficient over its clustered error, without the small-sample factor.
    fn t(&self, v: &[f64]) -> f64 {
        let mut shift = vec![0.0; self.shifts[0].len()];
        for (weight, part) in v.iter().zip(&self.shifts) {
            add_scaled(&mut shift, *weight, part);
        }
        let left = |g: usize| v[g] * self.shifts[g][self.column] - dot(&self.returns[g], &shift);
        let squares: f64 = (0..v.len()).map(|g| left(g).powi(2)).sum();
        shift[self.column] / squares.sqrt()
    }
}

pub(super) fn at_least_one(resampling: Resampling) -> Result<(), StatsError> {
    if resampling.draws > 0 {
        Ok(())
    } else {
        Err(StatsError::TooFew {
            what: "draws",
            got: 0,
            needed: 1,
        })
    }
}

/// The p-value of so many draws at or above the observed, which counts as a draw unless it is among them.
pub(super) fn share(times: u64, draws: u64, coverage: Coverage) -> PValue {
    let seen = match coverage {
        Coverage::Exact => 0,
        Coverage::Sampled => 1,
    };
    PValue::capped((times + seen) as f64 / (draws + seen) as f64)
}

/// The signs that the bits of a number stand for.
fn signs(bits: u64, groups: usize) -> Vec<f64> {
    let sign = |g: usize| if bits >> g & 1 == 0 { 1.0 } else { -1.0 };
    (0..groups).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Clusters, CovarianceKind, Design, Factor, Response};

    const CLUSTERS: [u32; 18] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5];

    /// Some numbers between 0 and 1 without pattern.
    fn scattered(salt: u32) -> Vec<f64> {
        let mut draws = Draws::new(u64::from(salt));
        (0..CLUSTERS.len())
            .map(|_| f64::from(draws.below(1000)) / 1000.0)
            .collect()
    }

    fn factor(levels: impl Fn(u32) -> u32) -> Factor {
        Factor {
            name: "factor".to_owned(),
            levels: (0..CLUSTERS.len() as u32).map(levels).collect(),
        }
    }

    fn model(y: &[f64], absorbed: &Factor) -> Model {
        let names = ["one", "a", "b"].map(str::to_owned).to_vec();
        let (a, b) = (scattered(1), scattered(2));
        let values = (0..y.len()).flat_map(|i| [1.0, a[i], b[i]]).collect();
        let design = Design::new(names, values).expect("valid");
        let values = y.to_vec();
        let weights = scattered(4).iter().map(|w| 0.5 + w).collect();
        let model = Model::new(Family::Linear, design, Response::Values { values, weights })
            .expect("valid");
        model.absorbing(absorbed.clone()).expect("valid")
    }

    fn t(model: &Model) -> f64 {
        let fit = model.fit().expect("regular");
        let clusters = Clusters::OneWay(CLUSTERS.to_vec());
        let covariance = fit
            .covariance(&CovarianceKind::Cr1(clusters))
            .expect("clusters");
        fit.coefficient("a").expect("kept") / covariance.std_error(0).expect("positive")
    }

    /// Every bootstrap sample fitted from scratch; effects nested in clusters stay absorbed, others become columns.
    #[test]
    fn linear_bootstrap_equals_refitting_every_sample() {
        for absorbed in [factor(|i| i / 3), factor(|i| i % 3)] {
            let y: Vec<f64> = scattered(1)
                .iter()
                .zip(scattered(3))
                .map(|(a, e)| a + e)
                .collect();
            let model_of = |y: &[f64]| model(y, &absorbed);
            let null = model_of(&y)
                .fixing("a", 0.0)
                .expect("a column")
                .fit()
                .expect("regular");
            let fitted: Vec<f64> = null
                .fitted()
                .into_iter()
                .map(|mean| mean.expect("used"))
                .collect();
            let observed = t(&model_of(&y));
            let times = (0..64).filter(|&bits| {
                let v = signs(bits, 6);
                let sample: Vec<f64> = (0..y.len())
                    .map(|i| fitted[i] + v[CLUSTERS[i] as usize] * (y[i] - fitted[i]))
                    .collect();
                t(&model_of(&sample)).abs() >= observed.abs() * (1.0 - TIE)
            });
            let resampling = Resampling { draws: 64, seed: 0 };
            let test =
                model_of(&y).wild_bootstrap("a", &CLUSTERS, WildWeights::Rademacher, resampling);
            let test = test.expect("regular").expect("defined");
            assert!(
                (test.statistic - observed).abs() < 1e-10 * observed.abs(),
                "{} is not {observed}",
                test.statistic
            );
            assert!((test.p.get() - times.count() as f64 / 64.0).abs() < 1e-15);
        }
    }

    #[test]
    fn scores_of_a_logistic_fit_at_the_null() {
        // One cell per cluster and no other column than a constant: p and t follow from the shares by hand.
        let events = vec![2, 3, 1, 6, 5, 7];
        let names = vec!["one".to_owned(), "x".to_owned()];
        let x = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let design = Design::new(names, x.iter().flat_map(|x| [1.0, *x]).collect()).expect("valid");
        let response = Response::Events {
            events,
            trials: vec![10; 6],
        };
        let model = Model::new(Family::Logistic, design, response).expect("valid");
        let resampling = Resampling {
            draws: 999,
            seed: 0,
        };
        let test = model.wild_bootstrap(
            "x",
            &[0, 1, 2, 3, 4, 5],
            WildWeights::Rademacher,
            resampling,
        );
        let test = test.expect("regular").expect("defined");
        // Null share 24/60; the working residuals are (s - 4)/2.4: -5/6, -5/12, -5/4, 5/6, 5/12, 5/4, so b = 5/3 and
        // the variance is (sum of squares of deviations within each side)/9 = (25/72 + 25/72)/9, factor 6/5 x 5/4.
        let want = (5.0 / 3.0) / (25.0 / 324.0 * 1.5_f64).sqrt();
        assert!(
            (test.statistic - want).abs() < 1e-12 * want,
            "{} is not {want}",
            test.statistic
        );
        assert_eq!((test.draws, test.p.get()), (64, 2.0 / 64.0));
    }

    #[test]
    fn webb_weights_have_mean_0_and_variance_1() {
        let mut draws = Draws::new(9);
        let drawn: Vec<f64> = (0..20_000)
            .map(|_| WildWeights::Webb.draw(&mut draws))
            .collect();
        let moment = |power| drawn.iter().map(|v| v.powi(power)).sum::<f64>() / 20_000.0;
        // Four standard errors; the fourth moment is 7/6.
        assert!(moment(1).abs() < 4.0 / 20_000_f64.sqrt());
        assert!((moment(2) - 1.0).abs() < 4.0 * (1.0 / 6.0 / 20_000.0_f64).sqrt());
    }

    #[test]
    fn what_cannot_be_resampled_is_refused() {
        let model = model(&scattered(3), &factor(|i| i / 3));
        let none = Resampling { draws: 0, seed: 0 };
        let some = Resampling { draws: 9, seed: 0 };
        let weights = WildWeights::Webb;
        assert!(model.wild_bootstrap("a", &CLUSTERS, weights, none).is_err());
        assert!(model.wild_bootstrap("a", &[1; 18], weights, some).is_err());
        assert!(
            model
                .wild_bootstrap("one", &CLUSTERS, weights, some)
                .is_err()
        );
    }
}
