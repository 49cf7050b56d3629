//! Regression on counts by cell.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Count, Keys};
use super::{Refusal, Request};
use crate::stats::StatsError;
use crate::stats::regression::{
    Clusters, Coefficient, Covariance, CovarianceKind, Design, Factor, Family, Fit, Grain, Model,
    RegressionError, Resampling, Response, WildWeights,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegressionRequest {
    x: Vec<Vec<f64>>,
    events: Option<Vec<Count>>,
    trials: Option<Vec<Count>>,
    counts: Option<Vec<Count>>,
    values: Option<Vec<f64>>,
    weights: Option<Vec<f64>>,
    offset: Option<Vec<f64>>,
    family: Option<Family>,
    #[serde(default)]
    observation: Grain,
    absorb: Option<Keys>,
    cluster: Option<Keys>,
    robust: Option<Robust>,
    #[serde(default)]
    profile: bool,
    without: Option<Vec<String>>,
    wild: Option<String>,
    #[serde(default = "rademacher")]
    wild_weights: WildWeights,
    #[serde(default = "draws")]
    draws: u32,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    level: Confidence,
}

/// Errors that are not those of the model.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Robust {
    Hc0,
    Hc1,
    Cr0,
    Cr1,
}

fn rademacher() -> WildWeights {
    WildWeights::Rademacher
}

fn draws() -> u32 {
    9_999
}

/// Products of a request beyond which it is refused: some seconds of one processor.
const MOST: f64 = 1e9;

/// What a cell costs beside the products of its columns: its logarithms and exponentials.
const CELL: f64 = 30.0;

/// Fits that find two limits of a coefficient, and the p between them.
const PROFILE: f64 = 40.0;

impl RegressionRequest {
    /// Refuses what would take minutes or more memory than there is, and says what to ask instead.
    fn bounded(&self) -> Result<(), Refusal> {
        let given = [&self.events, &self.counts].into_iter().flatten();
        let cells = given.map(Vec::len).max().unwrap_or_default();
        let cells = cells.max(self.values.as_ref().map_or(0, Vec::len)) as f64;
        let columns = self.x.len() as f64 + 1.0;
        let fit = cells * (columns * columns + CELL);
        // Firth's maxima are sought from many places.
        let starts = match self.family {
            Some(Family::FirthLogistic) => 4.0 * columns,
            _ => 1.0,
        };
        let mut parts = vec![(
            fit,
            "merge cells whose columns are equal, or ask for fewer columns",
        )];
        if self.profile {
            parts.push((
                fit * columns * (PROFILE + 3.0 * starts),
                "leave out `profile`: of so many cells the limits of the model's errors are close",
            ));
        }
        if self.without.is_some() {
            parts.push((fit * starts, "leave out `without`"));
        }
        if let (Some(_), Some(keys)) = (&self.wild, &self.cluster) {
            let groups = keys
                .codes()
                .iter()
                .flatten()
                .max()
                .map_or(0, |most| most + 1);
            parts.push((
                f64::from(self.draws) * f64::from(groups) * (columns + 5.0),
                "ask for fewer `draws`, or for the errors of `cluster` alone, which many clusters make safe",
            ));
        }
        let all: f64 = parts.iter().map(|(products, _)| products).sum();
        match parts.iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((_, instead)) if all > MOST => Err(Refusal(format!(
                "{all:.2e} products are needed, at most {MOST:.2e} are made: {instead}"
            ))),
            _ => Ok(()),
        }
    }

    /// What is explained, and the family it belongs to unless another is asked for.
    fn response(&self) -> Result<(Response, Family), Refusal> {
        let whole = |counts: &[Count]| counts.iter().map(|count| count.0).collect::<Vec<_>>();
        let given = (&self.events, &self.trials, &self.counts, &self.values);
        let found = match (given, &self.weights) {
            ((Some(events), Some(trials), None, None), None) => (
                Response::Events {
                    events: whole(events),
                    trials: whole(trials),
                },
                Family::Logistic,
            ),
            ((None, None, Some(counts), None), None) => {
                (Response::Counts(whole(counts)), Family::Poisson)
            }
            ((None, None, None, Some(values)), None) => {
                (Response::unweighted(values.clone()), Family::Linear)
            }
            ((None, None, None, Some(values)), Some(weights)) => (
                Response::Values {
                    values: values.clone(),
                    weights: weights.clone(),
                },
                Family::Linear,
            ),
            _ => {
                return Err(Refusal(
                    "give `events` and `trials`, or `counts`, or `values` with or without `weights`"
                        .into(),
                ));
            }
        };
        Ok(found)
    }

    /// An intercept, unless absorbed effects stand for it, and the columns, by row.
    fn design(&self, rows: usize) -> Result<Design, Refusal> {
        if let Some(odd) = self.x.iter().find(|column| column.len() != rows) {
            return Err(StatsError::Ragged {
                first: rows,
                second: odd.len(),
            }
            .into());
        }
        let columns = (1..=self.x.len()).map(|i| format!("x{i}"));
        let constant = self.absorb.is_none().then_some(1.0);
        let name = constant.map(|_| "intercept".to_owned());
        let names: Vec<String> = name.into_iter().chain(columns).collect();
        if names.is_empty() {
            return Err(RegressionError::NoColumns.into());
        }
        let row = |i: usize| {
            let others = self.x.iter().map(move |column| column[i]);
            constant.into_iter().chain(others)
        };
        Ok(Design::new(names, (0..rows).flat_map(row).collect())?)
    }

    fn model(&self) -> Result<Model, Refusal> {
        let (response, natural) = self.response()?;
        let rows = match &response {
            Response::Events { events, .. } => events.len(),
            Response::Counts(counts) => counts.len(),
            Response::Values { values, .. } => values.len(),
        };
        let family = self.family.unwrap_or(natural);
        let mut model = Model::new(family, self.design(rows)?, response)?;
        model = model.observed_by(self.observation)?;
        if let Some(offset) = &self.offset {
            model = model.with_offset(offset.clone())?;
        }
        for (i, levels) in self.absorb.iter().flat_map(Keys::codes).enumerate() {
            model = model.absorbing(Factor {
                name: format!("absorb {}", i + 1),
                levels,
            })?;
        }
        Ok(model)
    }

    fn clusters(&self) -> Result<Option<Clusters>, Refusal> {
        let Some(keys) = &self.cluster else {
            return Ok(None);
        };
        match <[Vec<u32>; 1]>::try_from(keys.codes()) {
            Ok([key]) => Ok(Some(Clusters::OneWay(key))),
            Err(several) => match <[Vec<u32>; 2]>::try_from(several) {
                Ok([first, second]) => Ok(Some(Clusters::TwoWay(first, second))),
                Err(other) => Err(Refusal(format!(
                    "{} arrays of clusters: give one or two",
                    other.len()
                ))),
            },
        }
    }

    fn covariance(&self, fit: &Fit) -> Result<Covariance, Refusal> {
        let kind = match (self.robust, self.clusters()?) {
            (None, None) => CovarianceKind::Model,
            (Some(Robust::Hc0), None) => CovarianceKind::Hc0,
            (Some(Robust::Hc1), None) => CovarianceKind::Hc1,
            (Some(Robust::Cr0), Some(clusters)) => CovarianceKind::Cr0(clusters),
            (Some(Robust::Cr1) | None, Some(clusters)) => CovarianceKind::Cr1(clusters),
            (Some(_), _) => {
                return Err(Refusal(
                    "`robust` is cr0 or cr1 with `cluster`, hc0 or hc1 without".into(),
                ));
            }
        };
        if self.profile && kind != CovarianceKind::Model {
            return Err(Refusal(
                "`profile` is of the model's likelihood: leave out `robust` and `cluster`".into(),
            ));
        }
        Ok(fit.covariance(&kind)?)
    }

    /// A coefficient; `None` where its variance is not positive.
    fn coefficient(
        &self,
        name: &str,
        model: &Model,
        fit: &Fit,
        covariance: &Covariance,
    ) -> Result<Option<Coefficient>, Refusal> {
        if self.profile {
            return Ok(Some(model.profile(name, self.level.0)?));
        }
        Ok(fit.estimate(name, covariance, self.level.0)?)
    }

    /// Tests that the columns of `without` are all 0.
    fn joint(
        &self,
        answer: Answer,
        model: &Model,
        fit: &Fit,
        covariance: &Covariance,
    ) -> Result<Answer, Refusal> {
        let Some(names) = &self.without else {
            return Ok(answer);
        };
        let distinct: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let names: Vec<&str> = distinct.into_iter().collect();
        let wald = fit.wald(&names, covariance)?;
        let ratio = match model.likelihood_ratio(&names) {
            Ok(test) => Some(test),
            Err(RegressionError::Unsupported { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        Ok(answer
            .with("wald", wald.map(|test| test.statistic))
            .with("wald_p", wald.map(|test| test.p.get()))
            .with("lr", ratio.map(|test| test.statistic))
            .with("lr_p", ratio.map(|test| test.p.get())))
    }

    /// The wild cluster bootstrap of the column of `wild`.
    fn bootstrap(&self, answer: Answer, model: &Model) -> Result<Answer, Refusal> {
        let Some(name) = &self.wild else {
            return Ok(answer);
        };
        let Some(Clusters::OneWay(key)) = self.clusters()? else {
            return Err(Refusal("`wild` needs one array of `cluster`".into()));
        };
        let options = Resampling {
            draws: self.draws,
            seed: self.seed,
        };
        let test = model.wild_bootstrap(name, &key, self.wild_weights, options)?;
        Ok(answer
            .with("wild_t", test.map(|test| test.statistic))
            .with("wild_p", test.map(|test| test.p.get()))
            .with("wild_draws", test.map(|test| test.draws as f64)))
    }
}

impl Request for RegressionRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        self.bounded()?;
        let model = self.model()?;
        let fit = model.fit()?;
        if !fit.dropped().is_empty() {
            let dropped = fit.dropped().join(", ");
            return Err(Refusal(format!(
                "{dropped}: no column of its own beside the others; take it out"
            )));
        }
        let covariance = self.covariance(&fit)?;
        let one = |name: &String| self.coefficient(name, &model, &fit, &covariance);
        let found: Vec<Option<Coefficient>> =
            fit.names().iter().map(one).collect::<Result<_, _>>()?;
        let all = |pick: fn(&Coefficient) -> f64| {
            let found = found.iter().map(Option::as_ref);
            found.map(move |found| found.map(pick)).collect::<Vec<_>>()
        };
        let mut answer = Answer::default()
            .with_all("estimate", fit.coefficients().to_vec())
            .with_all("std_error", all(|c| c.std_error))
            .with_all("statistic", all(|c| c.statistic))
            .with_all("p", all(|c| c.p.get()))
            .with_all("low", all(|c| c.interval.low))
            .with_all("high", all(|c| c.interval.high))
            .with_all("ratio", fit.coefficients().iter().map(|b| libm::exp(*b)))
            .with_all("ratio_low", all(|c| libm::exp(c.interval.low)))
            .with_all("ratio_high", all(|c| libm::exp(c.interval.high)))
            .with("df", covariance.df().map_or(f64::INFINITY, |df| df as f64))
            .with("deviance", fit.deviance())
            .with("dispersion", fit.dispersion())
            .with("log_likelihood", fit.log_likelihood())
            .with("residual_df", fit.residual_df() as f64);
        if fit.theta().is_some() {
            answer = answer
                .with("theta", fit.theta())
                .with("theta_se", fit.theta_std_error());
        }
        answer = self.joint(answer, &model, &fit, &covariance)?;
        answer = self.bootstrap(answer, &model)?;
        Ok(answer.because(
            "no degrees of freedom are left, the family has no likelihood, or clusters leave no positive variance",
        ))
    }
}
