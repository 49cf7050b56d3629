//! The Mantel-Haenszel family as lines: ratios, difference, tests of association and of homogeneity.

use super::bands::detectable;
use super::strata::Tally;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Line, Test, Variance};
use crate::stats::Level;
use crate::stats::breslow_day;
use crate::stats::mantel_haenszel::{self, MantelHaenszel, PooledEffect};
use crate::warning::Warning;

/// Mantel-Fleiss count below which the exact test is given too.
const SPARSE: f64 = 5.0;

/// Two sides of a stratum, where they are there.
pub(super) type Sides = (Option<Tally>, Option<Tally>);

/// The two-by-two tables of strata in which both sides have trials: the others say nothing about the ratio, and would
/// move the crude one beside it.
pub(super) fn pool_of(pairs: &[Sides]) -> MantelHaenszel {
    let stratum = |(group, other): &Sides| {
        let (group, other) = ((*group)?, (*other)?);
        let (n1, n2) = (group.trials?, other.trials?);
        if n1 == 0 || n2 == 0 {
            return None;
        }
        Some(mantel_haenszel::Stratum {
            a: group.events,
            b: n1 - group.events,
            c: other.events,
            d: n2 - other.events,
        })
    };
    MantelHaenszel::new(pairs.iter().filter_map(stratum).collect())
}

/// The Mantel-Haenszel family over strata of two sides each; strata in which a side is absent are left out.
pub(super) fn pooled_lines(base: &Line, pairs: &[Sides], level: Level) -> Vec<Line> {
    let pool = pool_of(pairs);
    let breslow_day = pool.breslow_day();
    let disagreement = breslow_day
        .as_ref()
        .map(|test| test.p.get())
        .filter(|p| *p < 0.05);
    let effect =
        |estimand: Estimand, effect: Option<PooledEffect>, method: &str, test: Option<Test>| {
            let band = |e: &PooledEffect| Band {
                interval: e.interval,
                level,
                method: method.to_owned(),
                variance: Variance::Counting,
                test,
            };
            let mut line = Line {
                estimand,
                estimate: effect.as_ref().map(|e| e.estimate),
                std_error: effect.as_ref().map(|e| e.std_error),
                counting: effect.as_ref().map(band),
                ..base.clone()
            };
            match disagreement {
                _ if line.estimate.is_none() => line.warn(Warning::NoPool),
                Some(p) => line.warn(Warning::Heterogeneous { p }),
                None => {}
            }
            line
        };
    let tested = |estimand: Estimand, test: Option<(f64, f64, f64)>| {
        let mut line = Line {
            estimand,
            estimate: test.map(|(statistic, ..)| statistic),
            test: test.map(|(statistic, df, p)| Test {
                statistic: Some(statistic),
                df: Some(df),
                p_value: Some(p),
            }),
            ..base.clone()
        };
        if line.estimate.is_none() {
            line.warn(Warning::NoPool);
        }
        line
    };
    let cmh = pool.cmh();
    let cmh_test = cmh.as_ref().map(|t| Test {
        statistic: Some(t.statistic),
        df: Some(1.0),
        p_value: Some(t.p.get()),
    });
    let mut ratio = effect(
        glossary::MH_RISK_RATIO,
        pool.risk_ratio(level),
        "Greenland-Robins",
        cmh_test,
    );
    let crude = pool.crude_risk_ratio();
    if let (Some(crude), Some(pooled)) = (crude, ratio.estimate)
        && (crude - 1.0) * (pooled - 1.0) < 0.0
    {
        ratio.warn(Warning::Simpson { crude, pooled });
    }
    let detectable = ratio
        .std_error
        .and_then(|error| detectable(&ratio, error, glossary::MINIMUM_DETECTABLE_RATIO));
    let homogeneity = |test: Option<breslow_day::HomogeneityTest>| {
        test.map(|t| (t.statistic, t.df as f64, t.p.get()))
    };
    let mut crude_line = Line {
        estimand: glossary::CRUDE_RISK_RATIO,
        estimate: crude,
        ..base.clone()
    };
    if crude.is_none() {
        crude_line.warn(Warning::NoPool);
    }
    let mut lines = vec![
        ratio,
        effect(
            glossary::MH_ODDS_RATIO,
            pool.odds_ratio(level),
            "Robins-Breslow-Greenland",
            None,
        ),
        effect(
            glossary::MH_RISK_DIFFERENCE,
            pool.risk_difference(level),
            "Greenland-Robins",
            None,
        ),
        tested(glossary::CMH, cmh.map(|t| (t.statistic, 1.0, t.p.get()))),
        tested(
            glossary::CMH_CORRECTED,
            pool.cmh_corrected().map(|t| (t.statistic, 1.0, t.p.get())),
        ),
        tested(glossary::BRESLOW_DAY, homogeneity(breslow_day)),
        tested(glossary::TARONE, homogeneity(pool.tarone())),
        crude_line,
    ];
    lines.extend(detectable);
    if pool.mantel_fleiss_count() < SPARSE
        && let Some(exact) = pool.exact(level)
    {
        let test = Test {
            statistic: None,
            df: None,
            p_value: Some(exact.p_central.get()),
        };
        let band = Band {
            interval: exact.interval,
            level,
            method: "exact conditional over strata".into(),
            variance: Variance::Counting,
            test: Some(test),
        };
        lines.push(Line {
            estimand: glossary::CMH_EXACT,
            estimate: Some(exact.estimate),
            counting: Some(band),
            ..base.clone()
        });
    }
    lines
}
