//! Census estimates, and rates and shares against them.

use serde::Deserialize;

use super::answer::Answer;
use super::counts::paired;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::acs::Estimate;
use crate::stats::proportion::{Proportion, ProportionMethod};
use crate::stats::uncertain::{LogDelta, UncertainIndex, UncertainRate, UncertainRatio};
use crate::stats::{StatsError, acs};

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum AcsRequest {
    Sum { est: Vec<f64>, moe: Vec<f64> },
    Proportion { x: f64, mx: f64, y: f64, my: f64 },
    Ratio { x: f64, mx: f64, y: f64, my: f64 },
    PctChange { x: f64, mx: f64, y: f64, my: f64 },
    Product { x: f64, mx: f64, p: f64, mp: f64 },
}

impl Request for AcsRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let estimate = |value: f64, margin: f64| {
            Estimate::from_census(value, margin).ok_or(StatsError::OutOfRange {
                what: "estimate or margin of error",
                value: if value < 0.0 { value } else { margin },
                allowed: "finite and not negative, or -555555555 for a controlled margin",
            })
        };
        let result = match self {
            Self::Sum { est, moe } => {
                paired(&est, &moe)?;
                let parts = est.iter().zip(&moe).map(|(&e, &m)| estimate(e, m));
                Estimate::sum(&parts.collect::<Result<Vec<_>, _>>()?)
            }
            Self::Proportion { x, mx, y, my } => estimate(x, mx)?
                .proportion_of(&estimate(y, my)?)
                .map(|(share, _)| share),
            Self::Ratio { x, mx, y, my } => estimate(x, mx)?.ratio_to(&estimate(y, my)?),
            Self::PctChange { x, mx, y, my } => estimate(x, mx)?.change_from(&estimate(y, my)?),
            Self::Product { x, mx, p, mp } => estimate(x, mx)?.product(&estimate(p, mp)?),
        };
        Ok(Answer::default()
            .with("est", result.map(|r| r.value))
            .with("moe", result.map(|r| r.margin.get()))
            .with("se", result.map(|r| r.standard_error()))
            .because("it divides by an estimate of 0"))
    }
}

fn standard_error(moe: f64) -> Result<f64, StatsError> {
    Ok(acs::MarginOfError::try_from(moe)?.standard_error())
}

fn delta(name: &'static str, delta: Option<LogDelta>) -> Answer {
    Answer::default()
        .with(name, delta.as_ref().map(|d| d.estimate))
        .with("log_se", delta.as_ref().map(|d| d.log_std_error))
        .between(delta.map(|d| d.interval))
        .because("no events, so the logarithm has no standard error")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UncertainRateRequest {
    x: Count,
    pop: f64,
    moe: f64,
    #[serde(default)]
    level: Confidence,
}

impl Request for UncertainRateRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let rate = UncertainRate::new(self.x.0, self.pop, standard_error(self.moe)?)?;
        Ok(delta("rate", rate.rate(1.0, self.level.0)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UncertainRatioRequest {
    x1: Count,
    pop1: f64,
    moe1: f64,
    x2: Count,
    pop2: f64,
    moe2: f64,
    #[serde(default)]
    level: Confidence,
}

impl Request for UncertainRatioRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let ratio = UncertainRatio {
            group: UncertainRate::new(self.x1.0, self.pop1, standard_error(self.moe1)?)?,
            reference: UncertainRate::new(self.x2.0, self.pop2, standard_error(self.moe2)?)?,
        };
        Ok(delta("ratio", ratio.ratio(1.0, self.level.0)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisparityRequest {
    x: Count,
    n: Count,
    benchmark: Option<f64>,
    pop: Option<f64>,
    total: Option<f64>,
    moe_pop: Option<f64>,
    moe_total: Option<f64>,
    #[serde(default)]
    level: Confidence,
}

impl DisparityRequest {
    /// The benchmark share with its standard error, 0 where no margin is given.
    fn share(&self) -> Result<(f64, f64), StatsError> {
        let out_of_range = |value: f64| StatsError::OutOfRange {
            what: "benchmark share",
            value,
            allowed: "above 0 and not above 1; give `benchmark`, or `pop` and `total`",
        };
        match (self.benchmark, self.pop, self.total) {
            (Some(share), None, None) if share > 0.0 && share <= 1.0 => Ok((share, 0.0)),
            (None, Some(pop), Some(total)) => {
                let (part, whole) = (
                    Estimate::from_census(pop, self.moe_pop.unwrap_or_default()),
                    Estimate::from_census(total, self.moe_total.unwrap_or_default()),
                );
                let share = part
                    .zip(whole)
                    .and_then(|(part, whole)| part.proportion_of(&whole));
                share
                    .map(|(share, _)| (share.value, share.standard_error()))
                    .filter(|(share, _)| *share > 0.0 && *share <= 1.0)
                    .ok_or_else(|| out_of_range(pop / total))
            }
            (share, ..) => Err(out_of_range(share.unwrap_or_default())),
        }
    }
}

impl Request for DisparityRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let (benchmark, std_error) = self.share()?;
        let share = Proportion::new(self.x.0, self.n.0)?;
        let index = share.estimate().map(|share| share / benchmark);
        let interval = if std_error > 0.0 {
            UncertainIndex::new(self.x.0, self.n.0, benchmark, std_error)?
                .index(1.0, self.level.0)
                .map(|delta| delta.interval)
        } else {
            share
                .interval(ProportionMethod::ClopperPearson, self.level.0)
                .map(|interval| interval.map(|end| end / benchmark))
        };
        Ok(Answer::default()
            .with("index", index)
            .between(interval)
            .with(
                "surplus",
                index.map(|_| self.x.0 as f64 - self.n.0 as f64 * benchmark),
            )
            .with("tipping_share", share.estimate())
            .because(
                "no events at all, or none of the group where the benchmark has a margin of error",
            ))
    }
}
