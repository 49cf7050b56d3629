//! Two-way fixed effects, the event study by regression, and its interaction-weighted form (Sun and Abraham 2021).
//!
//! For setting beside effects by cohort and period: with staggered dates a single coefficient also compares units with
//! others already treated, and so do the leads and lags of an event study, unless they are estimated by cohort. There
//! is no arithmetic of its own here: the columns go to [`Model`].

use std::collections::BTreeMap;

use super::Level;
use super::group_time::{GroupTimeError, Sample};
use super::regression::{
    Clusters, Coefficient, Covariance, CovarianceKind, Design, Factor, Family, Fit, Model,
    RegressionError, Response, Test,
};

/// The column of a two-way fit.
const TREATED: &str = "treated";

/// A two-way fit with its covariance by clusters.
#[derive(Debug, Clone)]
pub struct TwoWay {
    fit: Fit,
    covariance: Covariance,
}

/// Leads and lags.
#[derive(Debug, Clone)]
pub struct EventStudy {
    fit: Fit,
    covariance: Covariance,
    /// The name of the column of each event time but the reference.
    columns: BTreeMap<i32, String>,
    reference: i32,
}

/// The effect at one time since treatment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EventTime {
    /// Periods since treatment began.
    pub at: i32,
    /// The effect, 0 at the reference by definition.
    pub effect: f64,
    /// Its standard error; `None` at the reference.
    pub std_error: Option<f64>,
}

/// Effects by time since treatment with cohorts weighted by their size.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionWeighted {
    /// The effects in order, the reference among them.
    pub by: Vec<EventTime>,
    /// The mean over all cells from treatment on, each weighted by the size of its cohort.
    pub effect: f64,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Degrees of freedom of Student's t: clusters less one.
    pub df: Option<u64>,
}

/// When a cohort is treated within the panel; one treated after its last period is not.
pub(super) fn treated_within(sample: &Sample, cohort: usize) -> Option<i32> {
    let last = *sample.times.last()?;
    sample.cohorts[cohort].filter(|&g| g <= last)
}

/// Each unit's cohort by its place.
pub(super) fn cohort_of_units(sample: &Sample) -> Vec<usize> {
    let mut cohort = vec![0; sample.observations()];
    for (h, members) in sample.members.iter().enumerate() {
        members.iter().for_each(|&unit| cohort[unit] = h);
    }
    cohort
}

pub(super) fn needs_panel(sample: &Sample) -> Result<(), GroupTimeError> {
    match sample.is_panel {
        true => Ok(()),
        false => Err(GroupTimeError::NotAPanel),
    }
}

/// Columns of 0 and 1 by cohort and period, fitted with the effects of units and periods taken out.
fn fitted(
    sample: &Sample,
    names: Vec<String>,
    is_one: impl Fn(usize, usize, usize) -> bool,
) -> Result<(Fit, Covariance), GroupTimeError> {
    let (periods, units) = (sample.times.len(), sample.observations());
    let cohort = cohort_of_units(sample);
    let rows = || (0..units).flat_map(move |unit| (0..periods).map(move |t| (unit, t)));
    let values = rows().flat_map(|(unit, t)| {
        let h = cohort[unit];
        let is_one = &is_one;
        (0..names.len()).map(move |column| f64::from(u8::from(is_one(h, t, column))))
    });
    let values = values.collect();
    let response = Response::Values {
        values: sample.outcome.clone(),
        weights: rows().map(|(unit, _)| sample.weight[unit]).collect(),
    };
    let factor = |name: &str, level: &dyn Fn((usize, usize)) -> usize| Factor {
        name: name.to_owned(),
        levels: rows().map(|row| level(row) as u32).collect(),
    };
    let fit = Model::new(Family::Linear, Design::new(names, values)?, response)?
        .absorbing(factor("unit", &|(unit, _)| unit))?
        .absorbing(factor("period", &|(_, t)| t))?
        .fit()?;
    if let Some(column) = fit.dropped().first() {
        return Err(RegressionError::Collinear(column.clone()).into());
    }
    let clusters = rows()
        .map(|(unit, _)| sample.cluster[unit] as u32)
        .collect();
    let covariance = fit.covariance(&CovarianceKind::Cr1(Clusters::OneWay(clusters)))?;
    Ok((fit, covariance))
}

impl Sample {
    /// The single coefficient of being treated, beside effects of units and periods: two-way, may mix comparisons.
    ///
    /// # Definition
    /// Least squares of the outcome on 1{t >= g} and effects of units and periods; errors by cluster (CR1).
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// With staggered dates a weighted mean of comparisons some of which use units already treated as controls
    /// ([`Sample::bacon`]); units treated throughout take part in it.
    ///
    /// # Errors
    /// [`GroupTimeError::NotAPanel`]; [`RegressionError::Collinear`] or [`RegressionError::NoColumns`] inside
    /// [`GroupTimeError::Regression`] when nobody's treatment begins within the panel.
    ///
    /// # Source
    /// Goodman-Bacon (2021), equation 2. Agrees with pyfixest.
    pub fn two_way(&self) -> Result<TwoWay, GroupTimeError> {
        needs_panel(self)?;
        let is_treated =
            |h: usize, t: usize, _| self.cohorts[h].is_some_and(|g| self.times[t] >= g);
        let (fit, covariance) = fitted(self, vec![TREATED.to_owned()], is_treated)?;
        Ok(TwoWay { fit, covariance })
    }

    /// Leads and lags of treatment beside effects of units and periods; they may mix cohorts.
    ///
    /// # Definition
    /// Least squares of the outcome on 1{t - g = e} for every e in the panel but the reference, and effects of units
    /// and periods; errors by cluster (CR1).
    ///
    /// # Units
    /// Those of the outcome, against the reference period.
    ///
    /// # Edge cases
    /// The reference is an event time, -1 unless something else is meant. Without never-treated units a second one
    /// would be needed, which is refused as collinear.
    ///
    /// # Errors
    /// Those of [`Sample::two_way`]; [`GroupTimeError::NoReference`] when no unit is seen at the reference.
    ///
    /// # Source
    /// Sun and Abraham (2021), equation 3. Agrees with R `lm` and pyfixest.
    pub fn event_study(&self, reference: i32) -> Result<EventStudy, GroupTimeError> {
        needs_panel(self)?;
        let event = |h: usize, t: usize| self.cohorts[h].map(|g| self.times[t] - g);
        let cells =
            (0..self.cohorts.len()).flat_map(|h| (0..self.times.len()).map(move |t| (h, t)));
        let mut times: Vec<i32> = cells.filter_map(|(h, t)| event(h, t)).collect();
        times.sort_unstable();
        times.dedup();
        if !times.contains(&reference) {
            return Err(GroupTimeError::NoReference(reference));
        }
        times.retain(|&e| e != reference);
        let names: Vec<String> = times.iter().map(|e| format!("event {e}")).collect();
        let is_one = |h: usize, t: usize, column: usize| event(h, t) == Some(times[column]);
        let (fit, covariance) = fitted(self, names.clone(), is_one)?;
        Ok(EventStudy {
            fit,
            covariance,
            columns: times.iter().copied().zip(names).collect(),
            reference,
        })
    }

    /// Effects by time since treatment, each cohort's estimated apart and weighted by its size.
    ///
    /// # Definition
    /// Least squares of the outcome on 1{cohort g} 1{t - g = e} for e other than -1, and effects of units and periods;
    /// at e the mean over cohorts by the weight of their units. Errors by cluster (CR1), the weights taken as known.
    ///
    /// # Units
    /// Those of the outcome, against the period before treatment.
    ///
    /// # Edge cases
    /// Equals [`Sample::group_time`] with never-treated controls and a universal base where there are no covariates;
    /// its errors differ by the factor for few clusters and the uncertainty of the weights.
    ///
    /// # Errors
    /// [`GroupTimeError::NotAPanel`], [`GroupTimeError::NoTreated`], [`GroupTimeError::NoNeverTreated`],
    /// [`GroupTimeError::AlwaysTreated`], [`GroupTimeError::NoReference`] for a cohort not seen in the period before
    /// it is treated, and those of the regression.
    ///
    /// # Source
    /// Sun and Abraham (2021), section 4.1. Agrees with `diff_diff`.
    pub fn sun_abraham(&self) -> Result<InteractionWeighted, GroupTimeError> {
        needs_panel(self)?;
        let cohorts: Vec<(usize, i32)> = (0..self.cohorts.len())
            .filter_map(|h| Some((h, treated_within(self, h)?)))
            .collect();
        if cohorts.is_empty() {
            return Err(GroupTimeError::NoTreated);
        }
        if cohorts.len() == self.cohorts.len() {
            return Err(GroupTimeError::NoNeverTreated);
        }
        let mut cells = Vec::new();
        for &(h, g) in &cohorts {
            if g <= self.times[0] {
                return Err(GroupTimeError::AlwaysTreated {
                    cohort: g,
                    units: self.members[h].len(),
                    anticipation: 0,
                });
            }
            if !self.times.contains(&(g - 1)) {
                return Err(GroupTimeError::NoReference(-1));
            }
            let events = self.times.iter().map(|time| time - g);
            cells.extend(
                events
                    .enumerate()
                    .filter(|(_, e)| *e != -1)
                    .map(|(t, e)| (h, t, e)),
            );
        }
        let names = cells
            .iter()
            .map(|(h, _, e)| format!("cohort {h} event {e}"))
            .collect();
        let is_one =
            |h: usize, t: usize, column: usize| (h, t) == (cells[column].0, cells[column].1);
        let (fit, covariance) = fitted(self, names, is_one)?;
        let size = |h: usize| {
            self.members[h]
                .iter()
                .map(|&unit| self.weight[unit])
                .sum::<f64>()
        };
        let mean = |holds: &dyn Fn(i32) -> bool| {
            let chosen: Vec<(usize, f64)> = (0..cells.len())
                .filter(|&k| holds(cells[k].2))
                .map(|k| (k, size(cells[k].0)))
                .collect();
            combined(&fit, &covariance, &chosen)
        };
        let mut events: Vec<i32> = cells.iter().map(|cell| cell.2).chain([-1]).collect();
        events.sort_unstable();
        events.dedup();
        let by = events.into_iter().map(|at| {
            if at == -1 {
                return EventTime {
                    at,
                    effect: 0.0,
                    std_error: None,
                };
            }
            let (effect, std_error) = mean(&|e| e == at);
            EventTime {
                at,
                effect,
                std_error,
            }
        });
        let by = by.collect();
        let (effect, std_error) = mean(&|e| e >= 0);
        Ok(InteractionWeighted {
            by,
            effect,
            std_error,
            df: covariance.df(),
        })
    }
}

/// The weighted mean of coefficients with its error, weights taken as known.
fn combined(fit: &Fit, covariance: &Covariance, chosen: &[(usize, f64)]) -> (f64, Option<f64>) {
    let total: f64 = chosen.iter().map(|(_, weight)| weight).sum();
    let effect = chosen
        .iter()
        .map(|(k, w)| w * fit.coefficients()[*k])
        .sum::<f64>()
        / total;
    let pairs = chosen
        .iter()
        .flat_map(|a| chosen.iter().map(move |b| (a, b)));
    let variance: f64 = pairs
        .map(|(a, b)| a.1 * b.1 * covariance.get(a.0, b.0) / (total * total))
        .sum();
    (effect, (variance > 0.0).then(|| variance.sqrt()))
}

impl TwoWay {
    /// The coefficient with its error, p-value and limits; `None` where nothing varies.
    ///
    /// # Errors
    /// Those of [`Fit::estimate`].
    pub fn estimate(&self, level: Level) -> Result<Option<Coefficient>, RegressionError> {
        self.fit.estimate(TREATED, &self.covariance, level)
    }
}

impl EventStudy {
    /// The event time to which all others are compared.
    #[must_use]
    pub fn reference(&self) -> i32 {
        self.reference
    }

    /// Each event time in order, the reference among them.
    #[must_use]
    pub fn by(&self) -> Vec<EventTime> {
        let place = |name: &String| self.fit.names().iter().position(|known| known == name);
        let point = |at: i32| match self.columns.get(&at).and_then(place) {
            Some(place) => EventTime {
                at,
                effect: self.fit.coefficients()[place],
                std_error: self.covariance.std_error(place),
            },
            None => EventTime {
                at,
                effect: 0.0,
                std_error: None,
            },
        };
        let mut times: Vec<i32> = self
            .columns
            .keys()
            .copied()
            .chain([self.reference])
            .collect();
        times.sort_unstable();
        times.into_iter().map(point).collect()
    }

    /// The effect at an event time with its error, p-value and limits; `None` at the reference.
    ///
    /// # Errors
    /// Those of [`Fit::estimate`].
    pub fn estimate(&self, at: i32, level: Level) -> Result<Option<Coefficient>, RegressionError> {
        match self.columns.get(&at) {
            Some(name) => self.fit.estimate(name, &self.covariance, level),
            None => Ok(None),
        }
    }

    /// The joint test that the leads, all event times before 0 but the reference, are 0; `None` when there is none.
    ///
    /// # Errors
    /// Those of [`Fit::wald`].
    pub fn pre_trend(&self) -> Result<Option<Test>, RegressionError> {
        let leads = self.columns.range(..0).map(|(_, name)| name.as_str());
        let leads: Vec<&str> = leads.collect();
        if leads.is_empty() {
            return Ok(None);
        }
        self.fit.wald(&leads, &self.covariance)
    }
}
