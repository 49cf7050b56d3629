//! Group against reference group within strata, pooled by Mantel and Haenszel; no programme.

use super::super::measures::{Comparer, Pair};
use super::super::noise::{Noise, Shape, Side};
use super::super::pooled::pooled_lines;
use super::super::strata::{Split, Stratum, Tally};
use super::super::wanted::name_headline;
use super::super::{Answers, Common};
use super::{NAME, StratifiedOptions};
use crate::error::Error;
use crate::findings::{Comparison, Finding, Line, glossary};

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
            let tallies: Vec<(Option<Tally>, Option<Tally>)> = strata
                .iter()
                .map(|stratum| (stratum.tally(group), stratum.tally(groups.reference())))
                .collect();
            finding
                .lines
                .extend(pooled_lines(&base, &tallies, common.level));
            if strata.len() >= FEWEST_TO_LEAVE_OUT {
                let without = |left_out: usize| {
                    let mut rest = tallies.clone();
                    rest.remove(left_out);
                    let pooled = pooled_lines(&base, &rest, common.level).into_iter().next();
                    pooled.map(|line| Line {
                        at: strata[left_out].at.clone(),
                        estimand: glossary::MH_RISK_RATIO_WITHOUT,
                        ..line
                    })
                };
                finding.lines.extend((0..strata.len()).filter_map(without));
            }
        }
        name_headline(&mut finding);
        finding.frame.comparisons = groups.compared().count();
        Ok(finding)
    }
}
