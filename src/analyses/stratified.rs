#![doc = include_str!("stratified.md")]

mod plain;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::contrast::{Arms, Contrasts, programme_lines};
use super::missing::{MissingOptions, Panel};
use super::noise::{Noise, Shape, Side};
use super::strata::{Split, Stratum};
use super::wanted::check_key;
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::Only;
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::{Comparison, Finding, Line, glossary};
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "stratified";

/// A `[[stratified]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StratifiedOptions {
    /// Name of the finding.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Confidence level.
    #[schemars(with = "Option<f64>")]
    pub level: Option<Spanned<f64>>,
    /// Which cells to look at.
    #[schemars(with = "Option<Only>")]
    pub only: Option<Spanned<Only>>,
    /// The study's remark.
    pub note: Option<String>,
    /// Which counts: those that are a part of something.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The key of the strata: `state`.
    #[schemars(with = "String")]
    pub strata: Spanned<String>,
    /// The two arms of a ratio of ratios.
    pub contrast: Option<Contrast>,
    /// What is pooled.
    #[schemars(with = "Pooled")]
    pub estimand: Spanned<Pooled>,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// The two arms of a programme.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contrast {
    /// The key: `program`.
    #[schemars(with = "String")]
    pub key: Spanned<String>,
    /// Its value in the arm of interest: `287(g)`.
    #[schemars(with = "String")]
    pub treated: Spanned<String>,
    /// Its value in the other arm: `none`.
    #[schemars(with = "String")]
    pub control: Spanned<String>,
}

/// What is pooled over strata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pooled {
    /// The group's ratio to the reference group in the treated arm over the same ratio in the control arm.
    RatioOfRatios,
    /// The group's ratio to the reference group.
    RiskRatio,
}

impl Analysis for StratifiedOptions {
    fn kind(&self) -> &'static str {
        NAME
    }

    fn header(&self) -> Header<'_> {
        Header {
            name: self.name.as_ref(),
            title: self.title.as_deref(),
            level: self.level.as_ref(),
            only: self.only.as_ref(),
            note: self.note.as_deref(),
            dispersion: DispersionRule::Common,
            counts: &self.counts,
            by: &[],
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let common = self.header().check(setting)?;
        check_key(common.outcome, &self.strata)?;
        match (self.estimand.get_ref(), &self.contrast) {
            (Pooled::RatioOfRatios, Some(contrast)) => {
                check_key(common.outcome, &contrast.key)?;
                contrast.check(&self.strata)?;
            }
            (Pooled::RatioOfRatios, None) => {
                return Err(Error::study(
                    self.estimand.span(),
                    "a ratio of ratios compares two arms, and there is no `contrast`",
                    "add contrast = { key = \"program\", treated = \"287(g)\", control = \"none\" }, or say estimand = \"risk_ratio\"",
                ));
            }
            (Pooled::RiskRatio, Some(contrast)) => {
                return Err(Error::study(
                    contrast.key.span(),
                    "a risk ratio within strata has no arms",
                    "take `contrast` out; `only` restricts the cells to one arm",
                ));
            }
            (Pooled::RiskRatio, None) => {}
        }
        if common.outcome.trials.is_none() {
            let message = format!(
                "counts `{}` are not a part of anything: ratios within strata need events out of trials",
                common.outcome.name
            );
            return Err(Error::study(
                self.counts.span(),
                message,
                "name counts of searches or hits",
            ));
        }
        Ok(Asks {
            tabulations: common.tabulations(false),
            baselines: Vec::new(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        match &self.contrast {
            Some(contrast) => self.contrast(contrast, answers, common),
            None => self.plain(answers, common),
        }
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let asked = self.missing.as_ref()?;
        Some(Err(MissingOptions::no_panel(
            asked,
            "no single allocation of the unknown is the extreme of a number pooled over strata",
            "ask for [[missing]] of the same counts, by the strata, or over all of them with `within`",
        )))
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        if self.contrast.is_none() {
            let kinds = [glossary::RISK_RATIO, glossary::MH_RISK_RATIO];
            return charts::forest(finding, setting, &|line| kinds.contains(&line.estimand));
        }
        // Too few strata to pool: the table only, since a chart of three would invite the eye to pool them.
        let is_pooled = finding
            .lines
            .iter()
            .any(|line| line.estimand == glossary::POOLED_BETWEEN);
        if is_pooled {
            charts::contrast_forest(finding, setting)
        } else {
            Vec::new()
        }
    }
}

impl StratifiedOptions {
    /// The disparity in one arm against the disparity in the other, per stratum and pooled.
    fn contrast(
        &self,
        contrast: &Contrast,
        answers: &Answers<'_>,
        mut common: Common<'_>,
    ) -> Result<Finding, Error> {
        contrast.require_arms(answers, common.outcome)?;
        common.by = vec![
            self.strata.get_ref().clone(),
            contrast.key.get_ref().clone(),
        ];
        let reference = answers
            .setting
            .groups
            .label(answers.setting.groups.reference())
            .to_owned();
        let title = format!(
            "{} against {}: disparity of {} to {reference}, by {}",
            contrast.treated.get_ref(),
            contrast.control.get_ref(),
            common.outcome.events,
            self.strata.get_ref()
        );
        let mut finding = common.finding(NAME, answers, title);
        finding.frame.arms = [&contrast.treated, &contrast.control]
            .map(|arm| format!("{} is \"{}\"", contrast.key.get_ref(), arm.get_ref()))
            .to_vec();
        finding.frame.headline = "strata may differ: Paule-Mandel with Hartung-Knapp".into();
        finding.frame.counting = "log scale, counting variance 1/x − 1/n".into();
        let split = Split {
            officers: None,
            ..Split::new(&common, answers.tables, None)
        };
        let strata = split.strata(answers)?;
        let arms = contrast.arms(&strata, &mut finding.warnings);
        let compared = || arms.iter().flat_map(|arms| [arms.treated, arms.control]);
        let groups = &answers.setting.groups;
        for group in groups.compared() {
            let sides = vec![
                Side::Group(group.into()),
                Side::Group(groups.reference().into()),
            ];
            let noise = Noise::fit(compared(), sides, (Shape::Ratio, common.uncertainty()))?;
            let contrasts = Contrasts {
                outcome: common.outcome,
                level: common.level,
                arms: &arms,
                contrast,
                groups,
                group,
                noise: &noise,
            };
            contrasts.add_to(&mut finding)?;
        }
        for group in groups.shown() {
            let label = groups.label(group);
            let base = Line {
                rests_on: compared()
                    .flat_map(|stratum| stratum.rests_on(&common.outcome.name, &[group]))
                    .collect(),
                ..Line::new(&[], label, Comparison::Programme, glossary::MH_RISK_RATIO)
            };
            let lines = programme_lines(&base, &arms, group, common.level);
            finding.lines.extend(lines);
        }
        finding.frame.comparisons = groups.compared().count();
        Ok(finding)
    }
}

impl Contrast {
    /// Two arms that differ, within strata that are not the arms.
    fn check(&self, strata: &Spanned<String>) -> Result<(), Error> {
        if self.key.get_ref() == strata.get_ref() {
            return Err(Error::study(
                self.key.span(),
                format!("`{}` is the key of the strata as well", self.key.get_ref()),
                "arms are compared within strata: name another key for one of the two",
            ));
        }
        if self.treated.get_ref() == self.control.get_ref() {
            return Err(Error::study(
                self.control.span(),
                format!("`{}` is both arms", self.control.get_ref()),
                "name the value of the other arm",
            ));
        }
        Ok(())
    }

    fn require_arms(
        &self,
        answers: &Answers<'_>,
        outcome: &crate::cells::Outcome,
    ) -> Result<(), Error> {
        let found = answers.tables[0].distinct(self.key.get_ref());
        for arm in [&self.treated, &self.control] {
            if !found.contains(arm.get_ref()) {
                let message = format!(
                    "counts `{}` have no `{}` with {} = this value",
                    outcome.name,
                    arm.get_ref(),
                    self.key.get_ref()
                );
                return Err(Error::study(
                    arm.span(),
                    message,
                    crate::error::nearest_hint(arm.get_ref(), found.iter().map(String::as_str)),
                ));
            }
        }
        Ok(())
    }

    /// Strata with both arms; those with one arm are listed.
    fn arms<'a>(&self, strata: &'a [Stratum], warnings: &mut Vec<Warning>) -> Vec<Arms<'a>> {
        let mut by_stratum: BTreeMap<&str, (Option<&Stratum>, Option<&Stratum>)> = BTreeMap::new();
        for stratum in strata {
            let [(_, name), (_, arm)] = stratum.at.as_slice() else {
                continue;
            };
            let slot = by_stratum.entry(name.as_str()).or_default();
            if arm == self.treated.get_ref() {
                slot.0 = Some(stratum);
            } else if arm == self.control.get_ref() {
                slot.1 = Some(stratum);
            }
        }
        let mut arms = Vec::new();
        for (name, pair) in by_stratum {
            match pair {
                (Some(treated), Some(control)) => arms.push(Arms {
                    name,
                    treated,
                    control,
                }),
                (treated, _) => {
                    let missing = if treated.is_none() {
                        &self.treated
                    } else {
                        &self.control
                    };
                    warning::add(
                        warnings,
                        Warning::OneArm {
                            stratum: name.to_owned(),
                            missing: missing.get_ref().clone(),
                        },
                    );
                }
            }
        }
        arms
    }
}
