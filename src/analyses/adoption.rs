#![doc = include_str!("adoption.md")]

mod cells;
mod lines;
mod model;
mod panel;
mod placebo;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::regression::Behind;
use super::strata::Split;
use super::wanted::{check_key, people, per_thousand};
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::Only;
use crate::disclosure::Disclosed;
use crate::error::{Error, nearest_hint};
use crate::figures::Figure;
use crate::findings::{Finding, glossary};
use crate::number::count;
use crate::stats::regression::RegressionError;
use crate::stops::{PERIOD, PLACE, STATE, YEAR};
use crate::warning::{self, Warning};
use lines::Adoption;
use panel::Panel;

/// The word in the study file.
pub const NAME: &str = "adoption";

/// An `[[adoption]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdoptionOptions {
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
    /// Which counts.
    #[schemars(with = "String")]
    pub counts: Spanned<String>,
    /// The baseline, where the counts are not a part of something.
    #[schemars(with = "Option<String>")]
    pub population: Option<Spanned<String>>,
    /// The key of a register that says where and when an agreement was in force.
    #[schemars(with = "String")]
    pub status: Spanned<String>,
    /// What time is counted in.
    #[schemars(with = "Time")]
    pub time: Spanned<Time>,
    /// People per year that a rate is given for.
    #[serde(default = "per_thousand", deserialize_with = "people")]
    #[schemars(range(min = 1))]
    pub per: u32,
}

/// What time is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Time {
    /// Calendar years.
    Year,
    /// The periods of the study.
    Period,
}

impl Time {
    fn key(self) -> &'static str {
        match self {
            Self::Year => YEAR,
            Self::Period => PERIOD,
        }
    }
}

impl Analysis for AdoptionOptions {
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
        if common.outcome.annual_average {
            return Err(Error::study(
                self.counts.span(),
                format!(
                    "counts `{}` are annual averages, which have no before and after",
                    common.outcome.name
                ),
                "name counts by year or period",
            ));
        }
        check_key(common.outcome, &self.status)?;
        let time = self.time.get_ref().key();
        for (key, span, hint) in [
            (
                PLACE,
                self.counts.span(),
                "map a key `place`: the question compares places",
            ),
            (
                time,
                self.time.span(),
                "map a key `year`, or a date, and [periods] where `time` is \"period\"",
            ),
        ] {
            if !common.outcome.keys.iter().any(|known| known == key) {
                let message = format!("counts `{}` have no key `{key}`", common.outcome.name);
                return Err(Error::study(span, message, hint));
            }
        }
        common.check_baselines(setting, self.population.as_slice(), "comparison over time")?;
        Ok(Asks {
            tabulations: common.tabulations(self.population.is_some()),
            baselines: self
                .population
                .iter()
                .map(|p| p.get_ref().clone())
                .collect(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let status = self.status.get_ref();
        if !answers.statuses.is_timed(status) {
            return Err(Error::study(
                self.status.span(),
                format!("`{status}` is no key that a register makes from the time of each cell"),
                nearest_hint(status, answers.statuses.keys()),
            ));
        }
        let mut common = self.header().check(answers.setting)?;
        let time = self.time.get_ref().key();
        let has_states = common.outcome.keys.iter().any(|key| key == STATE);
        common.by = has_states
            .then_some(STATE)
            .into_iter()
            .chain([PLACE, time])
            .map(str::to_owned)
            .collect();
        let baseline = self
            .population
            .as_ref()
            .map(|name| &answers.baselines[name.get_ref()]);
        let split = Split {
            officers: None,
            ..Split::new(&common, answers.tables, baseline)
        };
        let strata = split.strata(answers)?;
        let mut panel = Panel::new(&strata, (status, time), answers)?;
        self.check_design(&panel)?;
        panel.end_with_the_last_comparison();
        let mut finding = common.finding(NAME, answers, self.default_title(&common));
        finding.frame.by = Vec::new();
        finding.frame.per = baseline.map(|_| self.per);
        finding.frame.counting = "errors of the model, events independent".into();
        finding.frame.arms = arms(&panel, time);
        charts::describe_baseline(&mut finding, baseline, &strata);
        for caution in strata.iter().flat_map(|stratum| &stratum.warnings) {
            warning::add(&mut finding.warnings, caution.clone());
        }
        add_cautions(&mut finding, &panel);
        let name = &common.outcome.name;
        let groups = answers.setting.groups.shown();
        let behind = groups
            .map(|group| Behind::of(panel.strata(), name, group))
            .collect();
        let adoption = Adoption {
            options: self,
            common: &common,
            answers,
            baseline,
            panel: &panel,
            behind,
        };
        finding.lines = adoption.lines()?;
        finding.frame.comparisons = finding
            .lines
            .iter()
            .filter(|line| {
                line.estimand == glossary::ADOPTION_RATIO_OF_RATIOS && line.at.is_empty()
            })
            .count();
        finding.frame.headline = finding.headline_methods();
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        charts::adoption(finding, setting)
    }
}

impl AdoptionOptions {
    fn default_title(&self, common: &Common<'_>) -> String {
        format!(
            "Before and under `{}`: how the disparity of {} changed, against places without an agreement",
            self.status.get_ref(),
            common.outcome.events
        )
    }

    /// Refuses what no comparison over time and places can be made of.
    fn check_design(&self, panel: &Panel<'_>) -> Result<(), Error> {
        let fault =
            |message: String, hint: &str| Err(Error::study(self.status.span(), message, hint));
        let listed: Vec<String> = panel
            .aside
            .iter()
            .map(|(why, places)| format!("{} ({})", places.join("; "), why.words()))
            .collect();
        let listed = if listed.is_empty() {
            String::new()
        } else {
            format!("; left out: {}", listed.join(". "))
        };
        if panel.adopters().next().is_none() {
            return fault(
                format!("no place of the counts came under an agreement within their time{listed}"),
                "counts are needed from before and under the agreement of a place: more years, another `kinds` of the status, or [periods] that begin with the agreement",
            );
        }
        if panel.never().next().is_none() && panel.cohorts().len() == 1 {
            return fault(
                format!("every place that can be used came under an agreement{listed}"),
                "a change at the agreement is told from one of the time by places without an agreement: add such places, or places whose agreements began at another time",
            );
        }
        Ok(())
    }

    fn refused(&self, fault: &RegressionError, what: &str) -> Error {
        let hint = match fault {
            RegressionError::Separation { .. } => {
                "a group has no events in some places or times under the agreement: name longer periods, a larger group, or counts with more events"
            }
            RegressionError::Collinear(_) | RegressionError::NoColumns => {
                "the places under an agreement and the others are not seen in the same times: more places without an agreement, or other times, are needed"
            }
            RegressionError::TooFewObservations { .. } => {
                "more places and times are needed than there are effects of them"
            }
            _ => "look at the counts by place and time with [[rates]]",
        };
        Error::study(self.counts.span(), format!("{what}: {fault}"), hint)
    }
}

/// Who is compared with whom, in words.
fn arms(panel: &Panel<'_>, time: &str) -> Vec<String> {
    let cohorts = panel.cohorts();
    let dated: Vec<String> = cohorts
        .iter()
        .map(|(at, places)| format!("{} ({places})", panel.times[*at]))
        .collect();
    vec![
        format!(
            "{} under an agreement from {time} {}",
            places(panel.adopters().count()),
            dated.join(", ")
        ),
        format!("{} without one", places(panel.never().count())),
    ]
}

/// `1 place`, `12 places`.
fn places(many: usize) -> String {
    let noun = if many == 1 { "place" } else { "places" };
    format!("{} {noun}", count(many as u64))
}

fn add_cautions(finding: &mut Finding, panel: &Panel<'_>) {
    for (why, places) in &panel.aside {
        let caution = Warning::PlacesAside {
            places: places.clone(),
            why: why.words().to_owned(),
        };
        warning::add(&mut finding.warnings, caution);
    }
    for (what, times) in &panel.between {
        let caution = Warning::TimesBetween {
            times: times.clone(),
            what: what.words().to_owned(),
        };
        warning::add(&mut finding.warnings, caution);
    }
    warning::add(&mut finding.warnings, Warning::ParallelTrends);
}
