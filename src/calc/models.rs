//! Estimates with standard errors, and regression on counts by cell.

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::regression::{CovarianceKind, Design, Family, Model, Response};
use crate::stats::{Interval, StatsError, special};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaldRequest {
    estimate: f64,
    std_error: f64,
    #[serde(default)]
    level: Confidence,
}

impl Request for WaldRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        if self.std_error <= 0.0 {
            return Err(StatsError::OutOfRange {
                what: "standard error",
                value: self.std_error,
                allowed: "above 0",
            }
            .into());
        }
        let z = self.estimate / self.std_error;
        let half = self.level.0.z() * self.std_error;
        Ok(Answer::default()
            .with("z", z)
            .with("p_two", 2.0 * special::normal_sf(z.abs()))
            .with("p_less", special::normal_sf(-z))
            .with("p_greater", special::normal_sf(z))
            .between(Some(Interval::new(
                self.estimate - half,
                self.estimate + half,
            ))))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegressionRequest {
    x: Vec<Vec<f64>>,
    events: Option<Vec<Count>>,
    trials: Option<Vec<Count>>,
    counts: Option<Vec<Count>>,
    values: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    family: Option<Family>,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    profile: bool,
}

impl RegressionRequest {
    fn response(&self) -> Result<(Response, Family), StatsError> {
        let whole = |counts: &[Count]| counts.iter().map(|count| count.0).collect::<Vec<_>>();
        match (&self.events, &self.trials, &self.counts, &self.values) {
            (Some(events), Some(trials), None, None) => Ok((
                Response::Events {
                    events: whole(events),
                    trials: whole(trials),
                },
                Family::Logistic,
            )),
            (None, None, Some(counts), None) => {
                Ok((Response::Counts(whole(counts)), Family::Poisson))
            }
            (None, None, None, Some(values)) => {
                Ok((Response::unweighted(values.clone()), Family::Linear))
            }
            _ => Err(StatsError::OutOfRange {
                what: "responses given",
                value: 0.0,
                allowed: "`events` and `trials`, or `counts`, or `values`",
            }),
        }
    }

    /// An intercept and the columns, by row.
    fn design(&self, rows: usize) -> Result<Design, Refusal> {
        if let Some(odd) = self.x.iter().find(|column| column.len() != rows) {
            return Err(StatsError::Ragged {
                first: rows,
                second: odd.len(),
            }
            .into());
        }
        let columns = (1..=self.x.len()).map(|i| format!("x{i}"));
        let names = std::iter::once("intercept".to_owned()).chain(columns);
        let row = |i: usize| std::iter::once(1.0).chain(self.x.iter().map(move |column| column[i]));
        Ok(Design::new(
            names.collect(),
            (0..rows).flat_map(row).collect(),
        )?)
    }
}

impl Request for RegressionRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let (response, natural) = self.response()?;
        let rows = match &response {
            Response::Events { events, .. } => events.len(),
            Response::Counts(counts) => counts.len(),
            Response::Values { values, .. } => values.len(),
        };
        let design = self.design(rows)?;
        let names = design.names().to_vec();
        let mut model = Model::new(self.family.unwrap_or(natural), design, response)?;
        if let Some(offset) = self.offset {
            model = model.with_offset(offset)?;
        }
        let fit = model.fit()?;
        if !fit.dropped().is_empty() {
            let dropped = fit.dropped().join(", ");
            return Err(Refusal(format!(
                "{dropped}: no column of its own beside the others; take it out"
            )));
        }
        let covariance = fit.covariance(&CovarianceKind::Model)?;
        let mut coefficients = Vec::new();
        for name in &names {
            let found = fit.estimate(name, &covariance, self.level.0)?;
            let mut found =
                found.ok_or_else(|| Refusal(format!("{name} has no positive variance")))?;
            if self.profile {
                found.interval = model.profile_interval(name, self.level.0)?;
            }
            coefficients.push(found);
        }
        let all = |pick: fn(&crate::stats::regression::Coefficient) -> f64| {
            coefficients.iter().map(pick).collect::<Vec<f64>>()
        };
        Ok(Answer::default()
            .with_all("estimate", all(|c| c.estimate))
            .with_all("std_error", all(|c| c.std_error))
            .with_all("statistic", all(|c| c.statistic))
            .with_all("p", all(|c| c.p.get()))
            .with_all("low", all(|c| c.interval.low))
            .with_all("high", all(|c| c.interval.high))
            .with_all("ratio", all(|c| libm::exp(c.estimate)))
            .with_all("ratio_low", all(|c| libm::exp(c.interval.low)))
            .with_all("ratio_high", all(|c| libm::exp(c.interval.high)))
            .with("deviance", fit.deviance())
            .with("dispersion", fit.dispersion())
            .with("log_likelihood", fit.log_likelihood())
            .with("residual_df", fit.residual_df() as f64)
            .because("no degrees of freedom are left, or the family has no likelihood"))
    }
}
