//! Tests of counts against a share, of two proportions, and of an estimate with its standard error.

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::binomial_test::BinomialTest;
use crate::stats::power::{Comparison, Trials};
use crate::stats::proportion::Proportion;
use crate::stats::two_by_two::TwoByTwo;
use crate::stats::{Interval, StatsError, special};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BinomialRequest {
    x: Count,
    n: Count,
    p: f64,
}

impl Request for BinomialRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let test = BinomialTest::new(self.x.0, self.n.0, self.p)?;
        Ok(Answer::default()
            .with("two", test.p_minimum_likelihood().get())
            .with("central", test.p_central().get())
            .with("less", test.p_less().get())
            .with("greater", test.p_greater().get())
            .with("log10_two", test.log10_minimum_likelihood())
            .with("log10_central", test.log10_central())
            .with("log10_less", test.log10_less())
            .with("log10_greater", test.log10_greater()))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviationsRequest {
    x: Count,
    n: Count,
    p: f64,
    pool: Option<Count>,
}

impl Request for DeviationsRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let test = BinomialTest::new(self.x.0, self.n.0, self.p)?;
        let sd = match self.pool {
            None => test.sd(),
            Some(pool) => test.sd_without_replacement(pool.0)?,
        };
        let difference = self.x.0 as f64 - test.expected();
        let z = (sd > 0.0).then(|| difference / sd);
        Ok(Answer::default()
            .with("expected", test.expected())
            .with("sd", sd)
            .with("z", z)
            .with("p_two", z.map(|z| 2.0 * special::normal_sf(z.abs())))
            .because("the standard deviation is 0"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoProportionsRequest {
    x1: Count,
    n1: Count,
    x2: Count,
    n2: Count,
}

impl Request for TwoProportionsRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let table = TwoByTwo::new(
            Proportion::new(self.x1.0, self.n1.0)?,
            Proportion::new(self.x2.0, self.n2.0)?,
        );
        let ratio = table.risk_ratio();
        Ok(Answer::default()
            .with("difference", table.risk_difference())
            .with("ratio", ratio)
            .with("z", table.pooled_z())
            .with("p_two", table.pooled_p().map(|p| p.get()))
            .with("four_fifths", ratio)
            .with("cohen_h", table.cohen_h())
            .because("a side without trials, or no events or nothing but events on both sides"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerRequest {
    rate: f64,
    n1: Option<Count>,
    n2: Option<Count>,
    ratio: Option<f64>,
    power: Option<f64>,
    share: Option<f64>,
    #[serde(default)]
    level: Confidence,
}

/// Power at which a detectable ratio or a sample is stated unless said otherwise.
const POWER: f64 = 0.8;

impl Request for PowerRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let comparison = Comparison::new(self.rate, self.level.0)?;
        let power = self.power.unwrap_or(POWER);
        let with_power = |answer: Answer, ratio: f64, trials: Trials| {
            answer
                .with("power", comparison.power(ratio, trials))
                .with("exact_power", comparison.exact_power(ratio, trials))
        };
        let trials = self.n1.zip(self.n2).map(|(n1, n2)| Trials {
            group: n1.0,
            reference: n2.0,
        });
        let why =
            "no rate between 0 and 1 is so far away, or more than four million pairs of counts";
        match (trials, self.ratio) {
            (Some(trials), Some(ratio)) => {
                Ok(with_power(Answer::default(), ratio, trials).because(why))
            }
            (Some(trials), None) => {
                let found = comparison.detectable(power, trials)?;
                Ok(Answer::default()
                    .with("ratio_below", found.below)
                    .with("ratio_above", found.above)
                    .because(why))
            }
            (None, Some(ratio)) => {
                let sample = comparison.sample(ratio, power, self.share.unwrap_or(0.5))?;
                let answer = Answer::default()
                    .with("n1", sample.map(|trials| trials.group as f64))
                    .with("n2", sample.map(|trials| trials.reference as f64));
                Ok(match sample {
                    Some(trials) => with_power(answer, ratio, trials),
                    None => answer,
                }
                .because(why))
            }
            (None, None) => Err(Refusal(
                "give `n1` and `n2` for the detectable ratios, `ratio` for the trials needed, or all three for the power"
                    .into(),
            )),
        }
    }
}

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
