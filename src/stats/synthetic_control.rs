//! Synthetic control (Abadie, Diamond and Hainmueller 2010) on outcomes alone, with placebos in space.
//!
//! For one treated unit. Untreated donors are weighted so that they follow it before treatment; what they do afterwards
//! stands for what it would have done. Every period before treatment counts alike (V = I) and there are no other
//! predictors, so that nothing is searched for. Inference is by rank: each donor is given the treatment in turn.

use serde::{Deserialize, Serialize};

use super::simplex::{self, Nearest, SimplexError};
use super::{PValue, StatsError};

/// An error before treatment below this share of the largest outcome is a perfect fit: no ratio to it has a meaning.
const PERFECT: f64 = 1e-9;

/// What a synthetic control refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntheticError {
    /// Numbers or lists that no statistic accepts.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// The quadratic program has no answer.
    #[error(transparent)]
    Simplex(#[from] SimplexError),
    /// Too few controls for placebos.
    #[error(
        "{controls} control units for {treated} treated: placebos need more controls than treated; add units that \
         never adopted, or give the estimate without an error"
    )]
    TooFewForPlacebos {
        /// Control units.
        controls: usize,
        /// Treated units.
        treated: usize,
    },
}

/// One treated unit, its donors, and how many periods come before treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticControl {
    treated: Vec<f64>,
    donors: Vec<Vec<f64>>,
    before: usize,
}

/// A synthetic control that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyntheticFit {
    /// The weight of each donor.
    pub weights: Vec<f64>,
    /// Whether no other weights fit as well.
    pub is_unique: bool,
    /// The unit's outcome less that of its synthetic control, in each period.
    pub gaps: Vec<f64>,
    /// Root mean squared gap before treatment.
    pub rmspe_before: f64,
    /// Root mean squared gap from treatment on.
    pub rmspe_after: f64,
    /// The mean gap from treatment on.
    pub effect: f64,
    /// Whether the fit before treatment is perfect but for rounding.
    is_perfect: bool,
}

/// The rank of the treated unit among placebos.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceboTest {
    /// The ratio of the error after to the error before, of the treated unit.
    pub ratio: Option<f64>,
    /// That of each donor; `None` where the fit before is perfect.
    pub placebos: Vec<Option<f64>>,
    /// The share of units whose ratio is at least the treated one's, itself among them: never below 1/(J + 1).
    pub p: Option<PValue>,
    /// The smallest p there can be, 1/(J + 1).
    pub floor: PValue,
}

impl SyntheticFit {
    /// The ratio of the error after to the error before; `None` for a perfect fit before.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (!self.is_perfect).then(|| self.rmspe_after / self.rmspe_before)
    }
}

impl SyntheticControl {
    /// The outcomes of a treated unit and of its donors over the same periods, `before` of them before treatment.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] for fewer than 2 donors, 2 periods before or 1 after, [`StatsError::UnequalLengths`],
    /// and [`StatsError::OutOfRange`] for outcomes that are not finite, inside [`SyntheticError::Stats`].
    pub fn new(
        treated: Vec<f64>,
        donors: Vec<Vec<f64>>,
        before: usize,
    ) -> Result<SyntheticControl, SyntheticError> {
        at_least("donors", donors.len(), 2)?;
        at_least("periods before treatment", before, 2)?;
        at_least(
            "periods from treatment on",
            treated.len().saturating_sub(before),
            1,
        )?;
        for donor in &donors {
            if donor.len() != treated.len() {
                return Err(StatsError::UnequalLengths {
                    what: "outcomes of a donor",
                    left: donor.len(),
                    right: treated.len(),
                }
                .into());
            }
        }
        donors.iter().try_for_each(|donor| finite(donor))?;
        finite(&treated)?;
        Ok(SyntheticControl {
            treated,
            donors,
            before,
        })
    }

    /// The weights and what they say.
    ///
    /// # Definition
    /// min over w >= 0 with sum 1 of the sum over periods before treatment of (y - sum of w_j y_j)^2.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// With more donors than periods before, many weightings may fit perfectly: `is_unique` is false then. A unit beyond
    /// all donors is not followed; the error before says so.
    ///
    /// # Errors
    /// [`SyntheticError::Simplex`].
    ///
    /// # Source
    /// Abadie, Diamond and Hainmueller (2010), equation 4 with V = I on outcomes. Agrees with Clarabel and `quadprog`.
    pub fn fit(&self) -> Result<SyntheticFit, SyntheticError> {
        let all: Vec<usize> = (0..self.donors.len()).collect();
        self.fit_to(&self.treated, &all)
    }

    fn fit_to(&self, unit: &[f64], donors: &[usize]) -> Result<SyntheticFit, SyntheticError> {
        let points: Vec<Vec<f64>> = donors
            .iter()
            .map(|&j| {
                (0..self.before)
                    .map(|t| self.donors[j][t] - unit[t])
                    .collect()
            })
            .collect();
        let Nearest {
            weights, is_unique, ..
        } = simplex::nearest(&points)?;
        let made = |t: usize| -> f64 {
            let parts = weights.iter().zip(donors);
            parts.map(|(weight, &j)| weight * self.donors[j][t]).sum()
        };
        let gaps: Vec<f64> = unit.iter().enumerate().map(|(t, y)| y - made(t)).collect();
        let (before, after) = gaps.split_at(self.before);
        let rmspe_before = root_mean_square(before);
        let scale = unit.iter().fold(0.0_f64, |most, y| most.max(y.abs()));
        Ok(SyntheticFit {
            is_unique,
            rmspe_before,
            rmspe_after: root_mean_square(after),
            effect: after.iter().sum::<f64>() / after.len() as f64,
            is_perfect: rmspe_before <= PERFECT * scale,
            weights,
            gaps,
        })
    }

    /// The fit of each donor as if it had been treated, made of the other donors; the treated unit is none of them.
    ///
    /// # Errors
    /// As [`SyntheticControl::fit`].
    pub fn placebos(&self) -> Result<Vec<SyntheticFit>, SyntheticError> {
        let one = |placebo: usize| {
            let others: Vec<usize> = (0..self.donors.len()).filter(|&j| j != placebo).collect();
            self.fit_to(&self.donors[placebo], &others)
        };
        (0..self.donors.len()).map(one).collect()
    }

    /// How extreme the treated unit is among placebos.
    ///
    /// # Definition
    /// p = (1 + number of donors whose ratio of errors after and before is at least the treated unit's)/(J + 1).
    ///
    /// # Units
    /// Ratios and a probability.
    ///
    /// # Edge cases
    /// The floor is 1/(J + 1): with fewer than 20 units no p falls below 0.05. `None` where any unit is fitted
    /// perfectly before treatment. It is a p-value if each unit was as likely to be treated.
    ///
    /// # Errors
    /// As [`SyntheticControl::fit`].
    ///
    /// # Source
    /// Abadie, Diamond and Hainmueller (2010), section 3.4; Abadie (2021), section 3.5.
    pub fn placebo_test(&self) -> Result<PlaceboTest, SyntheticError> {
        let ratio = self.fit()?.ratio();
        let placebos: Vec<Option<f64>> = self.placebos()?.iter().map(SyntheticFit::ratio).collect();
        let units = (placebos.len() + 1) as f64;
        let known: Option<Vec<f64>> = placebos.iter().copied().collect();
        let p = ratio.zip(known).map(|(own, all)| {
            let beyond = all.iter().filter(|&&other| other >= own).count();
            PValue::capped((1 + beyond) as f64 / units)
        });
        Ok(PlaceboTest {
            ratio,
            placebos,
            p,
            floor: PValue::capped(1.0 / units),
        })
    }
}

pub(super) fn at_least(what: &'static str, got: usize, needed: usize) -> Result<(), StatsError> {
    match got >= needed {
        true => Ok(()),
        false => Err(StatsError::TooFew { what, got, needed }),
    }
}

pub(super) fn finite(values: &[f64]) -> Result<(), StatsError> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(StatsError::OutOfRange {
            what: "outcome",
            value,
            allowed: "finite",
        }),
        None => Ok(()),
    }
}

fn root_mean_square(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn donors() -> Vec<Vec<f64>> {
        vec![
            vec![1.0, 2.0, 3.0, 2.5, 4.0, 4.5],
            vec![5.0, 4.0, 6.0, 5.5, 4.0, 7.0],
            vec![2.0, 2.5, 1.0, 3.0, 3.5, 2.0],
        ]
    }

    #[test]
    fn a_mixture_of_donors_is_found_and_what_follows_is_the_effect() {
        let mixture = |t: usize| 0.25 * donors()[0][t] + 0.75 * donors()[1][t];
        let treated = (0..6)
            .map(|t| mixture(t) + if t >= 4 { 2.0 } else { 0.0 })
            .collect();
        let control = SyntheticControl::new(treated, donors(), 4).expect("valid");
        let fit = control.fit().expect("weights");
        for (got, want) in fit.weights.iter().zip([0.25, 0.75, 0.0]) {
            assert!((got - want).abs() < 1e-12);
        }
        assert!((fit.effect - 2.0).abs() < 1e-12);
        assert_eq!(fit.ratio(), None);
        assert_eq!(control.placebo_test().expect("placebos").p, None);
    }

    #[test]
    fn a_constant_in_all_units_changes_nothing_and_rank_has_its_floor() {
        let treated = vec![2.2, 2.6, 3.4, 3.1, 9.0, 9.5];
        let one = SyntheticControl::new(treated.clone(), donors(), 4).expect("valid");
        let raised = |list: &[f64]| -> Vec<f64> { list.iter().map(|y| y + 3.0).collect() };
        let all = donors().iter().map(|d| raised(d)).collect();
        let other = SyntheticControl::new(raised(&treated), all, 4).expect("valid");
        let (a, b) = (one.fit().expect("weights"), other.fit().expect("weights"));
        assert!((a.effect - b.effect).abs() < 1e-12);
        let test = one.placebo_test().expect("placebos");
        assert!((test.p.expect("ratios").get() - 0.25).abs() < 1e-15);
        assert!((test.floor.get() - 0.25).abs() < 1e-15);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let few = SyntheticControl::new(vec![1.0; 6], vec![vec![1.0; 6]], 4);
        assert!(few.expect_err("one donor").to_string().contains("1 donors"));
        let ragged = SyntheticControl::new(vec![1.0; 6], vec![vec![1.0; 6], vec![1.0; 5]], 4);
        assert!(ragged.is_err());
        assert!(SyntheticControl::new(vec![1.0; 6], donors(), 6).is_err());
        assert!(SyntheticControl::new(vec![1.0; 6], donors(), 1).is_err());
        assert!(SyntheticControl::new(vec![f64::NAN; 6], donors(), 4).is_err());
    }
}
