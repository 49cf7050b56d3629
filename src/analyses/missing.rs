#![doc = include_str!("missing.md")]

mod corrected;
mod material;
mod places;
mod rates;
mod ratios;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::rates::OutOf;
use super::wanted::{check_key, each, name_headline, people, per_thousand};
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::{OneOrMany, Only, Outcome, Rows, Tabulation};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::{Comparison, CountRef, Finding, Line, glossary};
use crate::ingest::Baseline;
use crate::stats::missing::Part;
use crate::warning::{self, Warning};

use corrected::matrix;
use material::Material;

/// The word in the study file.
pub const NAME: &str = "missing";

/// A `[[missing]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MissingOptions {
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
    /// Whether strata share their dispersion, for the ratio as recorded.
    #[serde(default)]
    pub dispersion: DispersionRule,
    /// Which counts.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The baselines, where the counts are not a part of something.
    #[schemars(with = "Option<OneOrMany>")]
    pub population: Option<Spanned<OneOrMany>>,
    /// What the counts are a part of, where they are not a part of anything by themselves: all groups together.
    #[schemars(with = "Option<OutOf>")]
    pub out_of: Option<Spanned<OutOf>>,
    /// Keys of the strata that are shown.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// Keys of the strata within which the group is taken to be missing at random; without it the places, states, years
    /// and periods that the counts have.
    #[schemars(with = "Option<Vec<String>>")]
    pub within: Option<Vec<Spanned<String>>>,
    /// People per year that a rate is given for.
    #[serde(default = "per_thousand", deserialize_with = "people")]
    #[schemars(range(min = 1))]
    pub per: u32,
    /// Which numbers are asked for; a panel asks for those of its analysis.
    #[serde(skip)]
    pub asked: Asked,
}

/// Which numbers are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Asked {
    /// Rates, ratios, and the unknown by place.
    #[default]
    All,
    /// What becomes of the rates of another analysis.
    Rates,
    /// What becomes of the ratios of another analysis.
    Ratios,
}

/// `missing = "panel"` in the table of another analysis: beside its finding stands what becomes of it under every
/// allocation of the unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Panel {
    /// A table and a chart of its own behind the finding.
    Panel,
}

impl MissingOptions {
    /// The panel of an analysis: the same question of the same counts.
    #[must_use]
    pub fn panel(host: Header<'_>, population: Option<&Spanned<OneOrMany>>, asked: Asked) -> Self {
        let only_title = host
            .title
            .map(|title| format!("Does it survive the unknown? {title}"));
        Self {
            name: None,
            title: only_title,
            level: host.level.cloned(),
            only: host.only.cloned(),
            note: None,
            dispersion: host.dispersion,
            counts: host.counts.clone(),
            population: population.cloned(),
            out_of: None,
            by: host.by.to_vec(),
            within: None,
            per: per_thousand(),
            asked,
        }
    }

    /// Why an analysis has no panel, at the place where the study asks for one.
    #[must_use]
    pub fn no_panel(asked: &Spanned<Panel>, why: &str, instead: &str) -> Error {
        Error::study(
            asked.span(),
            format!("no panel of missing groups beside this analysis: {why}"),
            instead,
        )
    }

    /// Keys within which the group is missing at random, beside those of the strata.
    fn within(&self, outcome: &Outcome) -> Vec<String> {
        let by: Vec<String> = self.by.iter().map(|key| key.get_ref().clone()).collect();
        match &self.within {
            None => outcome.replicate_keys(&by),
            Some(keys) => keys
                .iter()
                .map(|key| key.get_ref().clone())
                .filter(|key| !by.contains(key))
                .collect(),
        }
    }

    fn default_title(&self, outcome: &Outcome) -> String {
        let what = match self.asked {
            Asked::All => format!("Missing group in {}", outcome.events),
            Asked::Rates => format!("Do the rates of {} survive the unknown?", outcome.events),
            Asked::Ratios => format!("Do the ratios of {} survive the unknown?", outcome.events),
        };
        format!("{what}{}", charts::by_words(&self.by))
    }

    /// What the events are counted out of, each way that is asked for.
    fn sizes<'a>(&self, common: &Common<'_>, answers: &Answers<'a>) -> Vec<Size<'a>> {
        match each(self.population.as_ref()).as_slice() {
            [] if common.outcome.trials.is_some() && self.out_of.is_none() => vec![Size::Trials],
            [] => vec![Size::Shares],
            names => names
                .iter()
                .map(|name| Size::People(&answers.baselines[name.get_ref()]))
                .collect(),
        }
    }
}

/// What the events are counted out of.
#[derive(Debug, Clone, Copy)]
enum Size<'a> {
    Trials,
    People(&'a Baseline),
    /// The events of all groups.
    Shares,
}

impl<'a> Size<'a> {
    fn baseline(self) -> Option<&'a Baseline> {
        match self {
            Self::People(baseline) => Some(baseline),
            _ => None,
        }
    }
}

impl Analysis for MissingOptions {
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
        if let (Some(out_of), false) = (&self.out_of, names.is_empty()) {
            return Err(Error::study(
                out_of.span(),
                "`out_of` beside a population",
                "shares of the events of all groups need no population: leave one of them out",
            ));
        }
        if !names.is_empty() {
            common.check_baselines(setting, &names, "rate")?;
        }
        for key in self.within.iter().flatten() {
            check_key(common.outcome, key)?;
        }
        matrix(&setting.groups, &setting.groups.known())?;
        let mut tabulations = common.tabulations(!names.is_empty());
        tabulations.push(Tabulation {
            of: Rows::Unknown,
            ..tabulations[0].clone()
        });
        Ok(Asks {
            tabulations,
            baselines: names.into_iter().map(Spanned::into_inner).collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let common = self.header().check(answers.setting)?;
        let mut finding = common.finding(NAME, answers, self.default_title(common.outcome));
        let (unknown, known) = answers
            .tables
            .split_last()
            .expect("the unknown were asked for last");
        let within = self.within(common.outcome);
        let mut is_first = true;
        for size in self.sizes(&common, answers) {
            let material = Material::new(
                (&common, answers),
                (known, unknown),
                (size.baseline(), &within),
            )?;
            charts::describe_baseline(&mut finding, size.baseline(), &material.strata);
            let question = Question {
                common: &common,
                answers,
                size,
                per: f64::from(self.per),
                within: &within,
            };
            if std::mem::take(&mut is_first) {
                finding.lines.extend(question.unknown_lines(&material));
            }
            if self.asked != Asked::Ratios {
                finding.lines.extend(question.rates(&material)?);
            }
            if self.asked != Asked::Rates && !matches!(size, Size::Shares) {
                finding.lines.extend(question.ratios(&material)?);
            }
            if self.asked == Asked::All && size.baseline().is_none() {
                finding.lines.extend(question.by_place(&material));
            }
        }
        finding.frame.per = self.population.as_ref().map(|_| self.per);
        if self.out_of.is_some() {
            finding.frame.trials = Some(format!("all {}", common.outcome.events));
        }
        finding.frame.counting =
            "as recorded and at each end of the bounds: of that table; missing at random and corrected: log delta".into();
        finding.frame.comparisons = finding.lines.iter().filter(|line| is_ratio(line)).count();
        let has_bounds = |line: &Line| BOUNDS.contains(&line.estimand);
        if finding.lines.iter().any(has_bounds) {
            warning::add(&mut finding.warnings, Warning::BoundsAreNoIntervals);
        }
        name_headline(&mut finding);
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        charts::survives(finding, setting)
    }
}

/// The ends of bounds.
pub(super) const BOUNDS: [glossary::Estimand; 6] = [
    glossary::LOWEST_RATIO,
    glossary::HIGHEST_RATIO,
    glossary::LOWEST_PROPORTION,
    glossary::HIGHEST_PROPORTION,
    glossary::LOWEST_RATE,
    glossary::HIGHEST_RATE,
];

/// A ratio as it is recorded.
pub(super) fn is_ratio(line: &Line) -> bool {
    line.comparison == Comparison::Reference
        && [glossary::RISK_RATIO, glossary::RATE_RATIO].contains(&line.estimand)
}

/// One way of counting events out of something.
struct Question<'a> {
    common: &'a Common<'a>,
    answers: &'a Answers<'a>,
    size: Size<'a>,
    per: f64,
    within: &'a [String],
}

impl Question<'_> {
    /// A line that rests on the unknown of its stratum as well.
    fn with_unknown(&self, mut line: Line, unknown: &[CountRef]) -> Line {
        line.rests_on.extend(unknown.iter().cloned());
        line
    }

    /// `missing at random within place and year`.
    fn at_random_words(&self) -> String {
        match self.within {
            [] => "log delta, missing at random within the stratum".into(),
            keys => format!("log delta, missing at random within {}", keys.join(" and ")),
        }
    }
}

/// Events and trials as a part; counts that are not a part of something are their own trials.
fn part(events: u64, trials: Option<u64>) -> Result<Part, Error> {
    Part::new(events, trials.unwrap_or(events)).map_err(super::noise::refused)
}
