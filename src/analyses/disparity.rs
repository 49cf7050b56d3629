#![doc = include_str!("disparity.md")]

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::measures::{Comparer, Pair};
use super::missing::{Asked, MissingOptions, Panel};
use super::noise::{Noise, Shape, Side, Uncertainty};
use super::strata::{Split, Stratum};
use super::wanted::{each, name_headline, people, per_thousand};
use super::{Analysis, Answers, Asks, DispersionRule, Header, Setting, charts};
use crate::cells::{GROUP, Groups, OneOrMany, Only};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::{Comparison, Finding, Line, glossary};
use crate::ingest::Baseline;
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "disparity";

/// A `[[disparity]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisparityOptions {
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
    /// Whether strata share their dispersion.
    #[serde(default)]
    pub dispersion: DispersionRule,
    /// Which counts.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The baselines; more than one is a benchmark ladder.
    #[schemars(with = "Option<OneOrMany>")]
    pub population: Option<Spanned<OneOrMany>>,
    /// Keys of the strata.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// Against whom; all three unless said otherwise. They are never mixed.
    #[serde(default = "all_comparisons")]
    pub against: Vec<Against>,
    /// People per year that a difference of rates is given for.
    #[serde(default = "per_thousand", deserialize_with = "people")]
    #[schemars(range(min = 1))]
    pub per: u32,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// Against whom a group may be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// The reference group.
    ReferenceGroup,
    /// Everyone else in the data.
    EveryoneElse,
    /// The group's share of the benchmark.
    BenchmarkShare,
}

fn all_comparisons() -> Vec<Against> {
    vec![
        Against::ReferenceGroup,
        Against::EveryoneElse,
        Against::BenchmarkShare,
    ]
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
            only: self.only.as_ref(),
            note: self.note.as_deref(),
            dispersion: self.dispersion,
            counts: &self.counts,
            by: &self.by,
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let common = self.header().check(setting)?;
        let names = each(self.population.as_ref());
        common.check_baselines(setting, &names, "disparity")?;
        Ok(Asks {
            tabulations: common.tabulations(!names.is_empty()),
            baselines: names.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
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
        finding.frame.per = self.population.as_ref().map(|_| self.per);
        let groups = &answers.setting.groups;
        let in_data = answers.tables[0].distinct(GROUP);
        let baselines: Vec<Option<&Baseline>> = match each(self.population.as_ref()).as_slice() {
            [] => vec![None],
            names => names
                .iter()
                .map(|name| Some(&answers.baselines[name.get_ref()]))
                .collect(),
        };
        for baseline in baselines {
            let strata = Split::new(&common, answers.tables, baseline).strata(answers)?;
            charts::describe_baseline(&mut finding, baseline, &strata);
            let comparer = Comparer {
                outcome: common.outcome,
                baseline,
                level: common.level,
                per: f64::from(self.per),
            };
            let shares_only = self.against == [Against::BenchmarkShare];
            let words = if shares_only {
                comparer.index_words()
            } else {
                comparer.counting_words()
            };
            charts::add_words(&mut finding.frame.counting, words);
            let comparisons = Comparisons {
                comparer: &comparer,
                uncertainty: common.uncertainty(),
                strata: &strata,
                groups,
                in_data: &in_data,
            };
            for against in &self.against {
                finding.lines.extend(comparisons.lines(*against)?);
            }
        }
        if self
            .against
            .iter()
            .any(|against| *against != Against::ReferenceGroup)
        {
            let shown = in_data
                .iter()
                .map(|group| groups.label(group).to_owned())
                .collect();
            warning::add(
                &mut finding.warnings,
                Warning::ShareOfGroupsInData { groups: shown },
            );
        }
        let has_ratio = finding.lines.iter().any(is_ratio);
        let counts_as_comparison = |line: &Line| match has_ratio {
            true => is_ratio(line),
            false => line.estimand == glossary::DISPARITY_INDEX,
        };
        finding.frame.comparisons = finding
            .lines
            .iter()
            .filter(|line| counts_as_comparison(line) && line.estimate.is_some())
            .count();
        name_headline(&mut finding);
        Ok(finding)
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let asked = self.missing.as_ref()?;
        if !self.against.contains(&Against::ReferenceGroup) {
            return Some(Err(MissingOptions::no_panel(
                asked,
                "it makes no comparison with the reference group",
                "add \"reference_group\" to `against`, or ask for [[missing]] with out_of = \"groups\"",
            )));
        }
        Some(Ok(MissingOptions {
            per: self.per,
            ..MissingOptions::panel(self.header(), self.population.as_ref(), Asked::Ratios)
        }))
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        if each(self.population.as_ref()).len() > 1 {
            charts::ladder(finding, setting)
        } else if !self.against.contains(&Against::ReferenceGroup) {
            charts::indices(finding, setting)
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

/// The comparisons of all strata under one baseline.
struct Comparisons<'a> {
    comparer: &'a Comparer<'a>,
    uncertainty: Uncertainty<'a>,
    strata: &'a [Stratum],
    groups: &'a Groups,
    in_data: &'a [String],
}

impl<'a> Comparisons<'a> {
    fn fit(&self, sides: Vec<Side>, shape: Shape) -> Result<Noise<'a>, Error> {
        Noise::fit(self.strata, sides, (shape, self.uncertainty))
    }

    fn lines(&self, against: Against) -> Result<Vec<Line>, Error> {
        match against {
            Against::ReferenceGroup => self.against_reference(),
            Against::EveryoneElse => self.against_everyone_else(),
            Against::BenchmarkShare => self.against_benchmark(),
        }
    }

    fn against_reference(&self) -> Result<Vec<Line>, Error> {
        let reference = self.groups.reference();
        let mut lines = Vec::new();
        for group in self.groups.compared() {
            let noise = self.fit(
                vec![
                    Side::Group(group.to_owned()),
                    Side::Group(reference.to_owned()),
                ],
                Shape::Ratio,
            )?;
            for stratum in self.strata {
                let pair = Pair {
                    other: stratum.tally(reference),
                    other_label: self.groups.label(reference),
                    others: vec![reference],
                    ..self.against_all(stratum, group)
                };
                lines.extend(self.comparer.against_reference(&pair, &noise)?);
            }
        }
        Ok(lines)
    }

    fn against_everyone_else(&self) -> Result<Vec<Line>, Error> {
        let mut lines = Vec::new();
        for group in self.groups.compared() {
            let noise = self.fit(
                vec![
                    Side::Group(group.to_owned()),
                    Side::EveryoneElse(group.to_owned()),
                ],
                Shape::Ratio,
            )?;
            for stratum in self.strata {
                lines.push(self.comparer.ratio(
                    &self.against_all(stratum, group),
                    &noise,
                    Comparison::EveryoneElse,
                )?);
            }
        }
        Ok(lines)
    }

    /// The reference group has an index of its own.
    fn against_benchmark(&self) -> Result<Vec<Line>, Error> {
        let all: Vec<Side> = self.in_data.iter().cloned().map(Side::Group).collect();
        let mut lines = Vec::new();
        for group in self.groups.compared().chain([self.groups.reference()]) {
            let noise = self.fit(all.clone(), Shape::Share(group.to_owned()))?;
            for stratum in self.strata {
                lines.extend(
                    self.comparer
                        .against_benchmark(&self.against_all(stratum, group), &noise)?,
                );
            }
        }
        Ok(lines)
    }

    fn against_all<'b>(&'b self, stratum: &'b Stratum, group: &'b str) -> Pair<'b> {
        Pair {
            stratum,
            group,
            label: self.groups.label(group),
            other: stratum.everyone_else(group),
            other_label: "everyone else",
            others: stratum.others(group),
        }
    }
}
