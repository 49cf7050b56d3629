#![doc = include_str!("disparity.md")]

use serde::Deserialize;
use toml::Spanned;

use super::measures::{Comparer, Pair};
use super::noise::{Noise, Shape, Side, Uncertainty};
use super::strata::{Split, Stratum};
use super::wanted::{check_baseline, require_reference};
use super::{Analysis, Answers, Asks, DispersionRule, Header, Setting, charts};
use crate::cells::{OneOrMany, Only};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::{Comparison, Finding, Line, glossary};
use crate::ingest::Baseline;
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "disparity";

/// A `[[disparity]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisparityOptions {
    /// Name of the finding.
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Confidence level.
    pub level: Option<Spanned<f64>>,
    /// Which cells to look at.
    #[serde(default)]
    pub only: Only,
    /// The study's remark.
    pub note: Option<String>,
    /// Whether strata share their dispersion.
    #[serde(default)]
    pub dispersion: DispersionRule,
    /// Which counts.
    pub counts: Spanned<String>,
    /// The baselines; more than one is a benchmark ladder.
    pub population: Option<Spanned<OneOrMany>>,
    /// Keys of the strata.
    #[serde(default)]
    pub by: Vec<Spanned<String>>,
}

impl DisparityOptions {
    /// The names of the baselines, each at the place where the study names them.
    fn baselines(&self) -> Vec<Spanned<String>> {
        let Some(names) = &self.population else {
            return Vec::new();
        };
        names
            .get_ref()
            .values()
            .iter()
            .map(|name| Spanned::new(names.span(), name.clone()))
            .collect()
    }
}

impl Analysis for DisparityOptions {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn header(&self) -> Header<'_> {
        Header {
            name: self.name.as_ref(),
            title: self.title.as_deref(),
            level: self.level.as_ref(),
            only: &self.only,
            note: self.note.as_deref(),
            dispersion: self.dispersion,
            counts: &self.counts,
            by: &self.by,
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let common = self.header().check(setting)?;
        let names = self.baselines();
        for name in &names {
            check_baseline(setting, common.outcome, name)?;
        }
        if names.is_empty() && common.outcome.trials.is_none() {
            let message = format!(
                "counts `{}` are not a part of anything, so a disparity needs a population",
                common.outcome.name
            );
            return Err(Error::study(
                self.counts.span(),
                message,
                "add population = \"the name of a [[population]] table\"",
            ));
        }
        Ok(Asks {
            tabulations: common.tabulations(),
            baselines: names.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        require_reference(answers, common.outcome)?;
        let reference = answers
            .setting
            .groups
            .label(answers.setting.groups.reference())
            .to_owned();
        let title = format!(
            "Disparity of {} against {reference}{}",
            common.outcome.events,
            charts::by_words(&self.by)
        );
        let mut finding = common.finding(NAME, answers, title);
        let baselines: Vec<Option<&Baseline>> = match self.baselines().as_slice() {
            [] => vec![None],
            names => names
                .iter()
                .map(|name| Some(&answers.baselines[name.get_ref()]))
                .collect(),
        };
        for baseline in baselines {
            let split = Split {
                outcome: common.outcome,
                table: &answers.tables[0],
                officers: answers.tables.get(1),
                by: &common.by,
                baseline,
            };
            let strata = split.strata(answers)?;
            charts::describe_baseline(&mut finding, baseline, &strata);
            let comparer = Comparer {
                outcome: common.outcome,
                baseline,
                level: common.level,
                per: 1000.0,
            };
            finding.frame.counting = comparer.counting_words().into();
            compare_all(
                &mut finding,
                (&comparer, common.uncertainty()),
                &strata,
                answers,
            )?;
        }
        finding.frame.comparisons = finding
            .lines
            .iter()
            .filter(|line| is_ratio(line) && line.estimate.is_some())
            .count();
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        if self.baselines().len() > 1 {
            charts::ladder(finding, setting)
        } else {
            charts::forest(finding, setting, &|line| {
                line.comparison == Comparison::Reference && is_ratio(line)
            })
        }
    }
}

fn is_ratio(line: &Line) -> bool {
    [glossary::RISK_RATIO.name, glossary::RATE_RATIO.name].contains(&line.estimand.name)
}

/// All comparisons of all strata under one baseline.
fn compare_all(
    finding: &mut Finding,
    (comparer, uncertainty): (&Comparer<'_>, Uncertainty),
    strata: &[Stratum],
    answers: &Answers<'_>,
) -> Result<(), Error> {
    let groups = &answers.setting.groups;
    let reference = groups.reference();
    let fit = |sides: Vec<Side>, shape: Shape| Noise::fit(strata, sides, (shape, uncertainty));
    let all: Vec<Side> = answers.tables[0]
        .distinct(crate::cells::GROUP)
        .into_iter()
        .map(Side::Group)
        .collect();
    for group in groups.compared() {
        let label = groups.label(group);
        let group_side = || Side::Group(group.to_owned());
        let against_reference = fit(
            vec![group_side(), Side::Group(reference.to_owned())],
            Shape::Ratio,
        )?;
        let against_others = fit(
            vec![group_side(), Side::EveryoneElse(group.to_owned())],
            Shape::Ratio,
        )?;
        let of_share = fit(all.clone(), Shape::Share(group.to_owned()))?;
        for stratum in strata {
            let pair = Pair {
                stratum,
                group,
                label,
                other: stratum.tally(reference),
                other_label: groups.label(reference),
                others: vec![reference],
            };
            finding
                .lines
                .extend(comparer.against_reference(&pair, &against_reference)?);
            let names: Vec<&str> = stratum
                .group_names()
                .into_iter()
                .filter(|name| *name != group)
                .collect();
            let pair = Pair {
                stratum,
                group,
                label,
                other: stratum.everyone_else(group),
                other_label: "everyone else",
                others: names,
            };
            finding
                .lines
                .push(comparer.ratio(&pair, &against_others, Comparison::EveryoneElse)?);
            finding
                .lines
                .extend(comparer.against_benchmark(&pair, &of_share)?);
        }
    }
    let of_share = fit(all, Shape::Share(reference.to_owned()))?;
    for stratum in strata {
        let others = stratum
            .group_names()
            .into_iter()
            .filter(|name| *name != reference)
            .collect();
        let pair = Pair {
            stratum,
            group: reference,
            label: groups.label(reference),
            other: None,
            other_label: "everyone else",
            others,
        };
        finding
            .lines
            .extend(comparer.against_benchmark(&pair, &of_share)?);
    }
    let shown: Vec<String> = answers.tables[0]
        .distinct(crate::cells::GROUP)
        .iter()
        .map(|group| groups.label(group).to_owned())
        .collect();
    warning::add(
        &mut finding.warnings,
        Warning::ShareOfGroupsInData { groups: shown },
    );
    Ok(())
}
