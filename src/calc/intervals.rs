//! Intervals of proportions, rates and their ratios and differences.

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::proportion::{Proportion, ProportionMethod};
use crate::stats::rate::{Rate, RateMethod};
use crate::stats::rate_ratio::{RateRatio, RateRatioMethod};
use crate::stats::two_by_two::{OddsRatioMethod, RiskDifferenceMethod, RiskRatioMethod, TwoByTwo};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProportionRequest {
    x: Count,
    n: Count,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    method: ProportionMethod,
}

impl Request for ProportionRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let proportion = Proportion::new(self.x.0, self.n.0)?;
        Ok(Answer::default()
            .with("estimate", proportion.estimate())
            .between(proportion.interval(self.method, self.level.0))
            .because("there are no trials"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateRequest {
    x: Count,
    exposure: f64,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    method: RateMethod,
}

impl Request for RateRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let rate = Rate::new(self.x.0, self.exposure)?;
        Ok(Answer::default()
            .with("estimate", rate.estimate())
            .between(rate.interval(self.method, self.level.0))
            .because("there is no exposure"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RateRatioRequest {
    x1: Count,
    t1: f64,
    x2: Count,
    t2: f64,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    method: RateRatioMethod,
}

impl Request for RateRatioRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let ratio = RateRatio::new(
            Rate::new(self.x1.0, self.t1)?,
            Rate::new(self.x2.0, self.t2)?,
        );
        Ok(Answer::default()
            .with("estimate", ratio.estimate())
            .between(ratio.interval(self.method, self.level.0))
            .because("no events or no exposure on a side that this method needs"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoByTwoRequest {
    a: Count,
    n1: Count,
    c: Count,
    n2: Count,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    method: TwoByTwoMethod,
}

/// The method of a ratio, a difference or an odds ratio.
#[derive(Deserialize)]
#[serde(try_from = "String")]
enum TwoByTwoMethod {
    RiskRatio(RiskRatioMethod),
    RiskDifference(RiskDifferenceMethod),
    OddsRatio(OddsRatioMethod),
}

impl Default for TwoByTwoMethod {
    fn default() -> Self {
        Self::RiskRatio(RiskRatioMethod::default())
    }
}

impl TryFrom<String> for TwoByTwoMethod {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let word = || serde_json::Value::String(name.clone());
        serde_json::from_value(word())
            .map(Self::RiskRatio)
            .or_else(|_| serde_json::from_value(word()).map(Self::RiskDifference))
            .or_else(|_| serde_json::from_value(word()).map(Self::OddsRatio))
            .map_err(|_| format!("unknown variant `{name}` of `method`"))
    }
}

impl Request for TwoByTwoRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let table = TwoByTwo::new(
            Proportion::new(self.a.0, self.n1.0)?,
            Proportion::new(self.c.0, self.n2.0)?,
        );
        let level = self.level.0;
        let (estimate, interval) = match self.method {
            TwoByTwoMethod::RiskRatio(method) => {
                (table.risk_ratio(), table.risk_ratio_interval(method, level))
            }
            TwoByTwoMethod::RiskDifference(method) => (
                table.risk_difference(),
                table.risk_difference_interval(method, level),
            ),
            TwoByTwoMethod::OddsRatio(method @ OddsRatioMethod::ExactConditional) => (
                table.odds_ratio_conditional(),
                table.odds_ratio_interval(method, level),
            ),
            TwoByTwoMethod::OddsRatio(method) => {
                (table.odds_ratio(), table.odds_ratio_interval(method, level))
            }
        };
        Ok(Answer::default()
            .with("estimate", estimate)
            .between(interval)
            .because("a side without trials, or without the events that this method needs, or counts too large to sum over: take or_wald then"))
    }
}
