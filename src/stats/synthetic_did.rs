//! Synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021).
//!
//! For several treated units of one date, and for cohorts of them one at a time. Controls are weighted to run parallel
//! to the treated before adoption, periods before to resemble those after, and the difference in differences is taken
//! with both weights; levels need not match.

use super::draws::Draws;
use super::group_time::{GroupTimeError, Sample};
use super::simplex;
use super::synthetic_control::{SyntheticError, at_least, finite};
use super::two_way::{needs_panel, treated_within};

/// The ridge of the period weights, in standard deviations of a control's change.
const PERIOD_RIDGE: f64 = 1e-6;

/// Treated and control units over the same periods.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticDid {
    controls: Vec<Vec<f64>>,
    treated: Vec<Vec<f64>>,
    before: usize,
}

/// A synthetic difference in differences.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticDidFit {
    /// The mean effect on the treated from adoption on.
    pub effect: f64,
    /// The weight of each control.
    pub control_weights: Vec<f64>,
    /// The weight of each period before adoption.
    pub period_weights: Vec<f64>,
    /// The ridge of the control weights, in units of the outcome.
    pub zeta: f64,
}

/// Cohorts of a panel, each with its fit.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticDidCohorts {
    designs: Vec<(i32, SyntheticDid)>,
    /// The fit of each cohort by its first treated period.
    pub cohorts: Vec<(i32, SyntheticDidFit)>,
    /// The mean over cohorts by their treated cells, units times periods.
    pub effect: f64,
}

impl SyntheticDid {
    /// Outcomes of controls and treated units, `before` periods of them before adoption.
    ///
    /// # Errors
    /// [`StatsError::TooFew`](super::StatsError) for fewer than 2 controls, 1 treated, 2 periods before or 1 after, and
    /// for unequal lengths and values that are not finite, inside [`SyntheticError::Stats`].
    pub fn new(
        controls: Vec<Vec<f64>>,
        treated: Vec<Vec<f64>>,
        before: usize,
    ) -> Result<SyntheticDid, SyntheticError> {
        at_least("control units", controls.len(), 2)?;
        at_least("treated units", treated.len(), 1)?;
        let periods = treated[0].len();
        at_least("periods before adoption", before, 2)?;
        at_least(
            "periods from adoption on",
            periods.saturating_sub(before),
            1,
        )?;
        for unit in controls.iter().chain(&treated) {
            if unit.len() != periods {
                return Err(super::StatsError::UnequalLengths {
                    what: "outcomes of a unit",
                    left: unit.len(),
                    right: periods,
                }
                .into());
            }
            finite(unit)?;
        }
        Ok(SyntheticDid {
            controls,
            treated,
            before,
        })
    }

    /// Units times periods that are treated.
    #[must_use]
    pub fn treated_cells(&self) -> usize {
        self.treated.len() * (self.treated[0].len() - self.before)
    }

    /// The estimate.
    ///
    /// # Definition
    /// Control weights w >= 0 with sum 1 minimise the sum over periods before of (w0 + w'y_t - mean treated y_t)^2 +
    /// zeta^2 T0 |w|^2, zeta = (N1 T1)^(1/4) times the standard deviation (n - 1) of controls' changes from one period
    /// before adoption to the next; period weights l that of (l0 + l'y_i - mean of y_i from adoption on)^2 with a ridge
    /// of 1e-6 standard deviations. The effect is the treated's mean from adoption on less l'y before, less w times the
    /// same of the controls.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// Weights are the optimum itself; the authors' code stops early and drops small weights, which moves its estimate
    /// a little.
    ///
    /// # Errors
    /// [`SyntheticError::Simplex`].
    ///
    /// # Source
    /// Arkhangelsky and others (2021), equations 2.1 and 4 to 7, algorithm 1.
    pub fn fit(&self) -> Result<SyntheticDidFit, SyntheticError> {
        let all: Vec<&[f64]> = self.controls.iter().map(Vec::as_slice).collect();
        let treated: Vec<&[f64]> = self.treated.iter().map(Vec::as_slice).collect();
        self.fit_to(&all, &treated, self.noise())
    }

    /// The standard deviation of controls' changes from one period before adoption to the next.
    fn noise(&self) -> f64 {
        let changes: Vec<f64> = self
            .controls
            .iter()
            .flat_map(|unit| unit[..self.before].windows(2).map(|pair| pair[1] - pair[0]))
            .collect();
        standard_deviation(&changes)
    }

    fn fit_to(
        &self,
        controls: &[&[f64]],
        treated: &[&[f64]],
        noise: f64,
    ) -> Result<SyntheticDidFit, SyntheticError> {
        let before = self.before;
        let periods = treated[0].len();
        let mean_treated: Vec<f64> = (0..periods)
            .map(|t| treated.iter().map(|unit| unit[t]).sum::<f64>() / treated.len() as f64)
            .collect();
        let cells = (treated.len() * (periods - before)) as f64;
        let zeta = cells.sqrt().sqrt() * noise;
        let points = controls.iter().map(|unit| {
            let apart = (0..before).map(|t| unit[t] - mean_treated[t]).collect();
            centred(apart)
        });
        let control_weights = ridged(points.collect(), zeta * (before as f64).sqrt())?;
        let after = |unit: &[f64]| mean(&unit[before..]);
        let points = (0..before).map(|t| {
            let apart = controls.iter().map(|unit| unit[t] - after(unit)).collect();
            centred(apart)
        });
        let ridge = PERIOD_RIDGE * noise * (controls.len() as f64).sqrt();
        let period_weights = ridged(points.collect(), ridge)?;
        let change = |unit: &[f64]| {
            let weighted = period_weights.iter().zip(unit).map(|(l, y)| l * y);
            after(unit) - weighted.sum::<f64>()
        };
        let parallel = control_weights
            .iter()
            .zip(controls)
            .map(|(w, unit)| w * change(unit));
        Ok(SyntheticDidFit {
            effect: change(&mean_treated) - parallel.sum::<f64>(),
            control_weights,
            period_weights,
            zeta,
        })
    }

    /// The standard deviation of estimates in which controls are given the treatment at random.
    ///
    /// # Definition
    /// Each draw takes as many controls as there are treated units, without replacement, for treated, the others for
    /// controls, with weights of their own and the noise of the whole; the root mean square about the mean.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// It takes treated and controls to be equally noisy.
    ///
    /// # Errors
    /// [`SyntheticError::TooFewForPlacebos`] without two controls more than treated units; fewer than 2 draws as
    /// [`SyntheticError::Stats`]; [`SyntheticError::Simplex`].
    ///
    /// # Source
    /// Arkhangelsky and others (2021), algorithm 4; R `synthdid` with method "placebo".
    pub fn placebo_std_error(&self, draws: u32, seed: u64) -> Result<f64, SyntheticError> {
        placebo_std_error(&[(0, self)], draws, seed)
    }
}

/// Placebos of several cohorts at once, the mean of each draw weighted by treated cells as the estimate is.
fn placebo_std_error(
    designs: &[(i32, &SyntheticDid)],
    draws: u32,
    seed: u64,
) -> Result<f64, SyntheticError> {
    at_least("draws", draws as usize, 2)?;
    let treated: usize = designs.iter().map(|(_, design)| design.treated.len()).sum();
    let controls = designs
        .first()
        .map_or(0, |(_, design)| design.controls.len());
    if controls < treated + 2 {
        return Err(SyntheticError::TooFewForPlacebos { controls, treated });
    }
    let mut source = Draws::new(seed);
    let mut places: Vec<usize> = (0..controls).collect();
    let mut estimates = Vec::with_capacity(draws as usize);
    for _ in 0..draws {
        source.choose(&mut places, treated);
        let (mut chosen, others) = places.split_at(treated);
        let (mut total, mut cells) = (0.0, 0.0);
        for (_, design) in designs {
            let (own, rest) = chosen.split_at(design.treated.len());
            chosen = rest;
            let unit = |&i: &usize| design.controls[i].as_slice();
            let others: Vec<&[f64]> = others.iter().map(unit).collect();
            let own: Vec<&[f64]> = own.iter().map(unit).collect();
            let size = design.treated_cells() as f64;
            total += size * design.fit_to(&others, &own, design.noise())?.effect;
            cells += size;
        }
        estimates.push(total / cells);
    }
    let centre = mean(&estimates);
    let squares: f64 = estimates.iter().map(|e| (e - centre) * (e - centre)).sum();
    Ok((squares / f64::from(draws)).sqrt())
}

impl Sample {
    /// Synthetic difference in differences of each cohort against units never treated.
    ///
    /// # Definition
    /// One fit per cohort over all periods; the mean over cohorts by treated cells.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// Weights of units are refused: the method weighs units itself.
    ///
    /// # Errors
    /// [`GroupTimeError::NotAPanel`], [`GroupTimeError::NoTreated`], [`GroupTimeError::NoNeverTreated`],
    /// [`GroupTimeError::AlwaysTreated`], and those of [`SyntheticDid`] inside [`GroupTimeError::Synthetic`].
    ///
    /// # Source
    /// Arkhangelsky and others (2021), appendix A.
    pub fn synthetic_did(&self) -> Result<SyntheticDidCohorts, GroupTimeError> {
        needs_panel(self)?;
        if self
            .weight
            .iter()
            .any(|w| w.to_bits() != self.weight[0].to_bits())
        {
            return Err(GroupTimeError::Weighted);
        }
        let periods = self.times.len();
        let rows = |members: &[usize]| -> Vec<Vec<f64>> {
            let row = |&unit: &usize| (0..periods).map(|t| self.at(unit, t)).collect();
            members.iter().map(row).collect()
        };
        let (mut controls, mut cohorts) = (Vec::new(), Vec::new());
        for (h, members) in self.members.iter().enumerate() {
            match treated_within(self, h) {
                None => controls.extend(rows(members)),
                Some(g) if g <= self.times[0] => {
                    return Err(GroupTimeError::AlwaysTreated {
                        cohort: g,
                        units: members.len(),
                        anticipation: 0,
                    });
                }
                Some(g) => cohorts.push((g, rows(members))),
            }
        }
        if cohorts.is_empty() {
            return Err(GroupTimeError::NoTreated);
        }
        if controls.is_empty() {
            return Err(GroupTimeError::NoNeverTreated);
        }
        let (mut designs, mut fits) = (Vec::new(), Vec::new());
        let (mut total, mut cells) = (0.0, 0.0);
        for (g, treated) in cohorts {
            let before = self.times.partition_point(|&time| time < g);
            let design = SyntheticDid::new(controls.clone(), treated, before)?;
            let fit = design.fit()?;
            total += design.treated_cells() as f64 * fit.effect;
            cells += design.treated_cells() as f64;
            fits.push((g, fit));
            designs.push((g, design));
        }
        Ok(SyntheticDidCohorts {
            designs,
            cohorts: fits,
            effect: total / cells,
        })
    }
}

impl SyntheticDidCohorts {
    /// The standard error of the mean over cohorts, by placebos that keep the sizes and dates of all cohorts.
    ///
    /// # Errors
    /// As [`SyntheticDid::placebo_std_error`].
    pub fn placebo_std_error(&self, draws: u32, seed: u64) -> Result<f64, SyntheticError> {
        let designs: Vec<_> = self
            .designs
            .iter()
            .map(|(g, design)| (*g, design))
            .collect();
        placebo_std_error(&designs, draws, seed)
    }
}

/// Weights of the nearest point with a ridge, as further coordinates in which each point stands apart.
fn ridged(points: Vec<Vec<f64>>, ridge: f64) -> Result<Vec<f64>, SyntheticError> {
    let count = points.len();
    let stretched = points.into_iter().enumerate().map(|(j, mut point)| {
        point.extend((0..count).map(|other| if other == j { ridge } else { 0.0 }));
        point
    });
    let stretched: Vec<Vec<f64>> = stretched.collect();
    Ok(simplex::nearest(&stretched)?.weights)
}

/// The values less their mean: what an intercept takes out.
fn centred(mut values: Vec<f64>) -> Vec<f64> {
    let centre = mean(&values);
    values.iter_mut().for_each(|value| *value -= centre);
    values
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn standard_deviation(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|v| (v - centre) * (v - centre)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Factor, Family, Model, Response};

    fn noise(i: usize) -> f64 {
        ((i * i * 37 + i * 101) % 997) as f64 / 997.0
    }

    fn units(count: usize, from: usize, effect: f64) -> Vec<Vec<f64>> {
        let outcome = |i: usize, t: usize| {
            let after = if t >= 6 { effect } else { 0.0 };
            i as f64 + (t * (1 + i % 3)) as f64 * 0.3 + after + 0.2 * noise(from + 17 * i + t)
        };
        (0..count)
            .map(|i| (0..9).map(|t| outcome(i, t)).collect())
            .collect()
    }

    #[test]
    fn the_estimate_is_the_weighted_two_way_coefficient() {
        let (controls, treated) = (units(8, 0, 0.0), units(2, 500, 1.5));
        let fit = SyntheticDid::new(controls.clone(), treated.clone(), 6)
            .expect("valid")
            .fit()
            .expect("weights");
        let (mut y, mut w, mut x, mut unit, mut period) = (vec![], vec![], vec![], vec![], vec![]);
        for (i, row) in controls.iter().chain(&treated).enumerate() {
            for (t, outcome) in row.iter().enumerate() {
                let by_unit = fit.control_weights.get(i).copied().unwrap_or(0.5);
                let by_period = fit.period_weights.get(t).copied().unwrap_or(1.0 / 3.0);
                y.push(*outcome);
                w.push(by_unit * by_period);
                x.push(f64::from(u8::from(i >= 8 && t >= 6)));
                unit.push(i as u32);
                period.push(t as u32);
            }
        }
        let factor = |name: &str, levels| Factor {
            name: name.to_owned(),
            levels,
        };
        let design = Design::new(vec!["d".to_owned()], x).expect("a design");
        let model = Model::new(
            Family::Linear,
            design,
            Response::Values {
                values: y,
                weights: w,
            },
        );
        let model = model
            .and_then(|m| m.absorbing(factor("unit", unit)))
            .expect("a model");
        let two_way = model
            .absorbing(factor("period", period))
            .and_then(|m| m.fit())
            .expect("a fit");
        assert!(
            (two_way.coefficients()[0] - fit.effect).abs() < 1e-8,
            "{two_way:?}"
        );
        assert!((fit.effect - 1.5).abs() < 0.2, "{}", fit.effect);
    }

    #[test]
    fn additive_outcomes_have_no_effect_and_levels_do_not_matter() {
        let additive = |from: usize, count: usize| -> Vec<Vec<f64>> {
            (0..count)
                .map(|i| (0..9).map(|t| noise(from + i) * 9.0 + noise(t)).collect())
                .collect()
        };
        let fit = SyntheticDid::new(additive(0, 5), additive(90, 2), 6)
            .expect("valid")
            .fit()
            .expect("weights");
        assert!(fit.effect.abs() < 1e-12);
        let (controls, treated) = (units(8, 0, 0.0), units(2, 500, 1.5));
        let one = SyntheticDid::new(controls.clone(), treated.clone(), 6)
            .expect("valid")
            .fit()
            .expect("weights");
        let raised = treated
            .iter()
            .map(|unit| unit.iter().map(|y| y + 40.0).collect())
            .collect();
        let other = SyntheticDid::new(controls, raised, 6)
            .expect("valid")
            .fit()
            .expect("weights");
        assert!((one.effect - other.effect).abs() < 1e-9);
    }

    #[test]
    fn placebos_need_more_controls_than_treated_and_repeat() {
        let design = SyntheticDid::new(units(8, 0, 0.0), units(2, 500, 1.5), 6).expect("valid");
        let error = design.placebo_std_error(50, 4).expect("placebos");
        assert!(error > 0.0);
        assert_eq!(
            error.to_bits(),
            design.placebo_std_error(50, 4).expect("placebos").to_bits()
        );
        let few = SyntheticDid::new(units(3, 0, 0.0), units(2, 500, 1.5), 6).expect("valid");
        assert_eq!(
            few.placebo_std_error(50, 4),
            Err(SyntheticError::TooFewForPlacebos {
                controls: 3,
                treated: 2
            })
        );
    }
}
