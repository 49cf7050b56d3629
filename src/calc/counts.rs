//! Numbers over strata and groups.

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::StatsError;
use crate::stats::chi_square::EqualRates;
use crate::stats::mantel_haenszel::{MantelHaenszel, PooledEffect, Stratum};
use crate::stats::pool::{Contrast, Pool};

/// Arrays that belong together are equally long and not empty.
pub(super) fn paired<A, B>(a: &[A], b: &[B]) -> Result<(), StatsError> {
    if a.len() == b.len() && !a.is_empty() {
        return Ok(());
    }
    Err(StatsError::Ragged {
        first: a.len(),
        second: b.len(),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoolRequest {
    estimate: Vec<f64>,
    variance: Vec<f64>,
    #[serde(default)]
    level: Confidence,
    #[serde(default)]
    method: PoolMethod,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum PoolMethod {
    #[default]
    PauleMandelHk,
    Fixed,
}

impl Request for PoolRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.estimate, &self.variance)?;
        let contrasts = self.estimate.iter().zip(&self.variance);
        let pool = Pool::new(
            contrasts
                .map(|(&estimate, &variance)| Contrast { estimate, variance })
                .collect(),
        )?;
        let heterogeneity = pool.heterogeneity();
        let random = pool.paule_mandel(self.level.0);
        let answer = match self.method {
            PoolMethod::Fixed => {
                let fixed = pool.fixed(self.level.0);
                Answer::default()
                    .with("estimate", fixed.map(|f| f.estimate))
                    .between(fixed.map(|f| f.interval))
            }
            PoolMethod::PauleMandelHk => Answer::default()
                .with("estimate", random.map(|r| r.estimate))
                .between(random.map(|r| r.interval)),
        };
        Ok(answer
            .with("tau", random.map(|r| r.tau))
            .with("q", heterogeneity.map(|h| h.q))
            .with("q_p", heterogeneity.map(|h| h.p.get()))
            .ends(
                "prediction_low",
                "prediction_high",
                random.map(|r| r.prediction),
            )
            .because("fewer than two strata, or strata that agree exactly"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HitRatesRequest {
    hits: Vec<Count>,
    searches: Vec<Count>,
}

impl Request for HitRatesRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        paired(&self.hits, &self.searches)?;
        let groups = self.hits.iter().zip(&self.searches);
        let test = EqualRates::new(groups.map(|(h, s)| (h.0, s.0)).collect())?.test();
        Ok(Answer::default()
            .with("chisq", test.map(|t| t.statistic))
            .with("df", test.map(|t| t.df as f64))
            .with("p", test.map(|t| t.p.get()))
            .with("min_expected", test.map(|t| t.min_expected))
            .because("fewer than two groups with searches, or rates that are all 0 or all 1"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MantelHaenszelRequest {
    tables: Vec<[[Count; 2]; 2]>,
    #[serde(default)]
    level: Confidence,
}

impl Request for MantelHaenszelRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let stratum = |[[a, b], [c, d]]: &[[Count; 2]; 2]| Stratum {
            a: a.0,
            b: b.0,
            c: c.0,
            d: d.0,
        };
        let level = self.level.0;
        let pool = MantelHaenszel::new(self.tables.iter().map(stratum).collect());
        let effect = |answer: Answer, names: [&'static str; 3], effect: Option<PooledEffect>| {
            answer.with(names[0], effect.map(|e| e.estimate)).ends(
                names[1],
                names[2],
                effect.map(|e| e.interval),
            )
        };
        let mut answer = Answer::default();
        answer = effect(answer, ["or", "or_low", "or_high"], pool.odds_ratio(level));
        answer = effect(answer, ["rr", "rr_low", "rr_high"], pool.risk_ratio(level));
        answer = effect(
            answer,
            ["rd", "rd_low", "rd_high"],
            pool.risk_difference(level),
        );
        let (cmh, corrected) = (pool.cmh(), pool.cmh_corrected());
        // The root of the statistic is normal, with the sign of the pooled difference.
        let is_above = pool.odds_ratio(level).map(|e| e.estimate > 1.0);
        let greater = cmh.zip(is_above).map(|(test, is_above)| {
            let half = test.p.get() / 2.0;
            if is_above { half } else { 1.0 - half }
        });
        let exact = pool.exact(level);
        let (breslow_day, tarone) = (pool.breslow_day(), pool.tarone());
        Ok(answer
            .with("cmh", cmh.map(|t| t.statistic))
            .with("cmh_p", cmh.map(|t| t.p.get()))
            .with("cmh_p_greater", greater)
            .with("cmh_cc", corrected.map(|t| t.statistic))
            .with("cmh_cc_p", corrected.map(|t| t.p.get()))
            .with("exact_p", exact.map(|e| e.p.get()))
            .with("exact_p_central", exact.map(|e| e.p_central.get()))
            .with("exact_or", exact.map(|e| e.estimate))
            .ends("exact_low", "exact_high", exact.map(|e| e.interval))
            .with("breslow_day", breslow_day.map(|t| t.statistic))
            .with("breslow_day_p", breslow_day.map(|t| t.p.get()))
            .with("tarone", tarone.map(|t| t.statistic))
            .with("tarone_p", tarone.map(|t| t.p.get()))
            .because("no stratum with events and trials on both sides, or an exact distribution beyond 50 million products: take cmh then"))
    }
}
