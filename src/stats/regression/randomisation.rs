//! Randomisation inference: how large the effect would have been had other clusters been treated.
//!
//! For a treatment given to a handful of whole clusters, where every other error is too small. It answers for the
//! hypothesis of no effect on anybody when each choice of as many clusters was equally likely; no limits follow.

use std::collections::BTreeMap;

use super::design::same_length;
use super::fit::{Fit, information};
use super::least_squares::{add_scaled, dot, times};
use super::model::Model;
use super::wild::{Coverage, Resampling, ResamplingTest, TIE, at_least_one, share};
use super::{Family, RegressionError};
use crate::stats::StatsError;
use crate::stats::draws::Draws;

impl Model {
    /// Randomisation inference for the coefficient of a treatment of whole clusters.
    ///
    /// # Definition
    /// The model is fitted without the treatment. The effect of any choice d of clusters is one step from there,
    /// d'(m(y - mu)) / (d'Wd - d'WX (X'WX)^-1 X'Wd), of a linear model its coefficient. p is the share of choices of as
    /// many clusters with an effect at or above the actual one in size, ties included: over all choices when there are
    /// no more than draws, else (1 + times)/(1 + draws).
    ///
    /// # Units
    /// The statistic is on the scale of the link.
    ///
    /// # Edge cases
    /// The actual choice is among all choices, so an exact p is never 0. Choices that the other columns explain have no
    /// effect and are not counted. Absorbed factors become columns.
    ///
    /// # Errors
    /// As [`Model::fit`]; [`RegressionError::NotByCluster`] for a column that is not 0 or 1 throughout each cluster;
    /// [`RegressionError::UnknownColumn`]; [`StatsError::TooFew`] treated or untreated clusters, or draws;
    /// [`RegressionError::Unsupported`] with Firth's penalty.
    ///
    /// # Source
    /// Fisher (1935); MacKinnon and Webb (2020), RI-beta.
    pub fn randomisation(
        &self,
        name: &str,
        clusters: &[u32],
        resampling: Resampling,
    ) -> Result<ResamplingTest, RegressionError> {
        at_least_one(resampling)?;
        if self.family == Family::FirthLogistic {
            return Err(RegressionError::Unsupported {
                what: "randomisation",
                family: self.family,
            });
        }
        same_length("cluster ids", clusters.len(), self.design.rows())?;
        self.problem()?.index(name)?;
        let model = self.with_effects_as_columns(|_| false)?;
        let parts = Parts::of(&model, name, clusters)?;
        let (all, chosen) = (parts.scores.len(), parts.treated.len());
        let observed = parts
            .effect(&parts.treated)
            .ok_or(RegressionError::NoColumns)?;
        let mut tried = (0, 0);
        let mut count = |choice: &[usize]| {
            if let Some(effect) = parts.effect(choice) {
                tried.0 += u64::from(effect.abs() >= observed.abs() * (1.0 - TIE));
                tried.1 += 1;
            }
        };
        let possible = combinations(all, chosen);
        let coverage = if possible.is_some_and(|possible| possible <= u64::from(resampling.draws)) {
            let mut choice: Vec<usize> = (0..chosen).collect();
            count(&choice);
            while next(&mut choice, all) {
                count(&choice);
            }
            Coverage::Exact
        } else {
            let mut draws = Draws::new(resampling.seed);
            let mut places: Vec<usize> = (0..all).collect();
            for _ in 0..resampling.draws {
                draws.choose(&mut places, chosen);
                count(&places[..chosen]);
            }
            Coverage::Sampled
        };
        Ok(ResamplingTest {
            statistic: observed,
            p: share(tried.0, tried.1, coverage),
            draws: tried.1,
            coverage,
        })
    }
}

/// Sums of each cluster, from which the effect of any choice follows.
struct Parts {
    treated: Vec<usize>,
    scores: Vec<f64>,
    weights: Vec<f64>,
    /// Weighted sums of the other columns.
    columns: Vec<Vec<f64>>,
    /// (X'WX)^-1 of the other columns.
    inverse: Vec<f64>,
}

/// What is summed over the cells of a cluster.
struct Sums {
    treatment: f64,
    score: f64,
    weight: f64,
    columns: Vec<f64>,
}

impl Parts {
    fn of(model: &Model, name: &str, clusters: &[u32]) -> Result<Parts, RegressionError> {
        let null = Fit::of(model.family, model.fixing(name, 0.0)?.problem()?)?;
        let treatment = model.column(name)?;
        let weights = information(&null.problem, null.law, &null.eta);
        let scores = null.score_residuals();
        let mut sums: BTreeMap<u32, Sums> = BTreeMap::new();
        for (i, &row) in null.problem.cells.rows.iter().enumerate() {
            let here = model.design.values[row * model.design.names.len() + treatment];
            let sum = sums.entry(clusters[row]).or_insert_with(|| Sums {
                treatment: here,
                score: 0.0,
                weight: 0.0,
                columns: vec![0.0; null.coefficients.len()],
            });
            let whole = here.to_bits() == sum.treatment.to_bits();
            if !(whole && (here.to_bits() == 1.0_f64.to_bits() || here.to_bits() == 0)) {
                return Err(RegressionError::NotByCluster(name.to_owned()));
            }
            sum.score += scores[i];
            sum.weight += weights[i];
            add_scaled(&mut sum.columns, weights[i], null.row(i));
        }
        let sums: Vec<Sums> = sums.into_values().collect();
        let treated: Vec<usize> = (0..sums.len())
            .filter(|&g| sums[g].treatment > 0.0)
            .collect();
        for (what, got) in [
            ("treated clusters", treated.len()),
            ("untreated clusters", sums.len() - treated.len()),
        ] {
            if got == 0 {
                return Err(StatsError::TooFew {
                    what,
                    got,
                    needed: 1,
                }
                .into());
            }
        }
        Ok(Parts {
            treated,
            scores: sums.iter().map(|sum| sum.score).collect(),
            weights: sums.iter().map(|sum| sum.weight).collect(),
            columns: sums.into_iter().map(|sum| sum.columns).collect(),
            inverse: null.inverse,
        })
    }

    /// The effect of a choice of clusters; `None` when the other columns explain the choice.
    fn effect(&self, choice: &[usize]) -> Option<f64> {
        let of = |values: &[f64]| choice.iter().map(|&g| values[g]).sum::<f64>();
        let mut columns = vec![0.0; self.columns[0].len()];
        for &g in choice {
            add_scaled(&mut columns, 1.0, &self.columns[g]);
        }
        let all = of(&self.weights);
        let left = all - dot(&columns, &times(&self.inverse, &columns));
        (left > 1e-9 * all).then(|| of(&self.scores) / left)
    }
}

/// How many choices there are; `None` beyond 64 bits.
fn combinations(all: usize, chosen: usize) -> Option<u64> {
    let fewer = chosen.min(all - chosen) as u64;
    (0..fewer).try_fold(1_u64, |product, i| {
        Some(product.checked_mul(all as u64 - i)? / (i + 1))
    })
}

/// The next choice in order; false after the last.
fn next(choice: &mut [usize], all: usize) -> bool {
    let chosen = choice.len();
    let Some(i) = (0..chosen).rfind(|&i| choice[i] < all - chosen + i) else {
        return false;
    };
    choice[i] += 1;
    for j in i + 1..chosen {
        choice[j] = choice[j - 1] + 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Response};

    fn model(treat: &[f64], y: &[f64]) -> Model {
        let names = vec!["one".to_owned(), "treat".to_owned()];
        let design =
            Design::new(names, treat.iter().flat_map(|t| [1.0, *t]).collect()).expect("valid");
        Model::new(Family::Linear, design, Response::unweighted(y.to_vec())).expect("valid")
    }

    #[test]
    fn one_of_five_by_hand() {
        // The treated cluster has the largest of five differences from the rest but one equally large below.
        let clusters = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5];
        let treat = [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let y = [8.0, 10.0, 5.0, 5.0, 1.0, 1.0, 5.0, 5.0, 4.0, 6.0];
        let options = Resampling {
            draws: 9_999,
            seed: 1,
        };
        let test = model(&treat, &y)
            .randomisation("treat", &clusters, options)
            .expect("valid");
        assert!((test.statistic - 5.0).abs() < 1e-12);
        assert_eq!((test.draws, test.coverage), (5, Coverage::Exact));
        assert!((test.p.get() - 0.4).abs() < 1e-15);
    }

    #[test]
    fn treatment_within_a_cluster_is_refused() {
        let options = Resampling { draws: 99, seed: 1 };
        let model = model(&[1.0, 0.0, 0.0, 0.0], &[1.0, 2.0, 3.0, 5.0]);
        let answer = model.randomisation("treat", &[1, 1, 2, 3], options);
        assert_eq!(
            answer,
            Err(RegressionError::NotByCluster("treat".to_owned()))
        );
    }

    #[test]
    fn sampled_choices_come_near_the_exact_share() {
        let y = [9.0, 3.0, 4.0, 7.0, 5.0, 6.0, 1.0, 2.0, 8.0, 4.5, 3.5, 6.5];
        let treat: Vec<f64> = (0..12).map(|i| f64::from(u8::from(i < 4))).collect();
        let clusters: Vec<u32> = (0..12).collect();
        let p = |draws| {
            let options = Resampling { draws, seed: 11 };
            let test = model(&treat, &y)
                .randomisation("treat", &clusters, options)
                .expect("valid");
            (test.p.get(), test.coverage)
        };
        let ((exact, whole), (sampled, part)) = (p(495), p(494));
        assert_eq!((whole, part), (Coverage::Exact, Coverage::Sampled));
        assert!((exact - sampled).abs() < 4.0 * (exact * (1.0 - exact) / 494.0).sqrt());
    }

    #[test]
    fn choices_are_counted() {
        assert_eq!(combinations(12, 4), Some(495));
        assert_eq!(combinations(40, 38), Some(780));
        assert_eq!(combinations(400, 200), None);
    }
}
