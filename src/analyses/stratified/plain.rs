//! Group against reference group within strata, pooled by Mantel and Haenszel; no programme.

use super::super::measures::{Comparer, Pair};
use super::super::noise::{Noise, Shape, Side};
use super::super::pooled::{Sides, pool_of, pooled_lines};
use super::super::strata::{Split, Stratum, Tally};
use super::super::wanted::name_headline;
use super::super::{Answers, Common};
use super::{NAME, StratifiedOptions};
use crate::error::Error;
use crate::findings::{Band, Comparison, Finding, Line, Variance, glossary};
use crate::stats::Level;
use crate::warning::Warning;

/// Strata from which a pool without each of them says something.
const FEWEST_TO_LEAVE_OUT: usize = 3;

impl StratifiedOptions {
    /// A risk ratio per stratum, and the Mantel-Haenszel family over all of them.
    pub(super) fn plain(
        &self,
        answers: &Answers<'_>,
        mut common: Common<'_>,
    ) -> Result<Finding, Error> {
        let key = self.strata.get_ref();
        common.by = vec![key.clone()];
        let groups = &answers.setting.groups;
        let reference = groups.label(groups.reference()).to_owned();
        let title = format!(
            "Disparity of {} to {reference}, {key} held equal",
            common.outcome.events
        );
        let mut finding = common.finding(NAME, answers, title);
        let strata = Split::new(&common, answers.tables, None).strata(answers)?;
        let comparer = Comparer {
            outcome: common.outcome,
            baseline: None,
            level: common.level,
            per: 1000.0,
        };
        finding.frame.counting = comparer.counting_words().into();
        for group in groups.compared() {
            let sides = [group, groups.reference()].map(|side| Side::Group(side.into()));
            let noise = Noise::fit(
                &strata,
                sides.to_vec(),
                (Shape::Ratio, common.uncertainty()),
            )?;
            let pair = |stratum| Pair {
                stratum,
                group,
                label: groups.label(group),
                other: Stratum::tally(stratum, groups.reference()),
                other_label: &reference,
                others: vec![groups.reference()],
            };
            for stratum in &strata {
                let line = comparer.ratio(&pair(stratum), &noise, Comparison::Reference)?;
                finding.lines.push(line);
            }
            let base = Line {
                rests_on: strata
                    .iter()
                    .flat_map(|stratum| {
                        stratum.rests_on(&common.outcome.name, &[group, groups.reference()])
                    })
                    .collect(),
                ..Line::new(
                    &[],
                    groups.label(group),
                    Comparison::Reference,
                    glossary::MH_RISK_RATIO,
                )
            };
            let pairs: Vec<(&Stratum, Sides)> = strata
                .iter()
                .map(|stratum| {
                    let sides = (stratum.tally(group), stratum.tally(groups.reference()));
                    (stratum, sides)
                })
                .filter(|(_, (group, other))| {
                    let has_trials =
                        |side: &Option<Tally>| side.is_some_and(|t| t.trials > Some(0));
                    has_trials(group) && has_trials(other)
                })
                .collect();
            let tallies: Vec<_> = pairs.iter().map(|(_, sides)| *sides).collect();
            finding
                .lines
                .extend(pooled_lines(&base, &tallies, common.level));
            finding.lines.extend(left_out(&base, &pairs, common.level));
        }
        name_headline(&mut finding);
        finding.frame.comparisons = groups.compared().count();
        Ok(finding)
    }
}

/// The pooled risk ratio without each stratum in turn.
fn left_out(base: &Line, pairs: &[(&Stratum, Sides)], level: Level) -> Vec<Line> {
    if pairs.len() < FEWEST_TO_LEAVE_OUT {
        return Vec::new();
    }
    let without = |left_out: usize| {
        let rest = pairs.iter().enumerate().filter(|(i, _)| *i != left_out);
        let rest: Vec<_> = rest.map(|(_, (_, sides))| *sides).collect();
        let effect = pool_of(&rest).risk_ratio(level);
        let mut line = Line {
            at: pairs[left_out].0.at.clone(),
            estimand: glossary::MH_RISK_RATIO_WITHOUT,
            estimate: effect.as_ref().map(|effect| effect.estimate),
            std_error: effect.as_ref().map(|effect| effect.std_error),
            counting: effect.map(|effect| Band {
                interval: effect.interval,
                level,
                method: "Greenland-Robins".into(),
                variance: Variance::Counting,
                test: None,
            }),
            ..base.clone()
        };
        if line.estimate.is_none() {
            line.warn(Warning::NoPool);
        }
        line
    };
    (0..pairs.len()).map(without).collect()
}
