#![doc = include_str!("rates.md")]

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::bands::wilson;
use super::exposure::People;
use super::measures::{rate_scale, uncertain_rate};
use super::missing::{Asked, MissingOptions, Panel};
use super::noise::{LogScale, Noise, Shape, Side, Uncertainty, refused};
use super::strata::{Split, Stratum, Tally};
use super::wanted::{name_headline, people, per_thousand};
use super::{Analysis, Answers, Asks, DispersionRule, Header, Setting, charts, words};
use crate::cells::{Groups, OneOrMany, Only, Outcome};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::{Band, Comparison, Finding, Line, Variance, glossary};
use crate::ingest::Baseline;
use crate::stats::proportion::Proportion;
use crate::stats::rate::{Rate, RateMethod};
use crate::stats::{Interval, Level};
use crate::stops::PLACE;
use crate::warning::Warning;

/// The word in the study file.
pub const NAME: &str = "rates";

/// A `[[rates]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatesOptions {
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
    /// The baseline, where the counts are not a part of something.
    #[schemars(with = "Option<String>")]
    pub population: Option<Spanned<String>>,
    /// What the counts are a part of, where they are not a part of anything by themselves: all groups together.
    #[schemars(with = "Option<OutOf>")]
    pub out_of: Option<Spanned<OutOf>>,
    /// Keys of the strata; by `place`, the chart is a scatter of places.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub by: Vec<Spanned<String>>,
    /// People per year that a rate is given for.
    #[serde(default = "per_thousand", deserialize_with = "people")]
    #[schemars(range(min = 1))]
    pub per: u32,
    /// Whether a panel beside the finding shows what becomes of it under the unknown.
    #[schemars(with = "Option<Panel>")]
    pub missing: Option<Spanned<Panel>>,
}

/// What the events of a group are counted out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutOf {
    /// The events of all groups of the data: the share of each group.
    Groups,
}

impl Analysis for RatesOptions {
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
        match &self.out_of {
            Some(out_of) => self.check_shares(common.outcome, out_of)?,
            None => common.check_baselines(setting, self.population.as_slice(), "rate")?,
        }
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
        let common = self.header().check(answers.setting)?;
        let baseline = self
            .population
            .as_ref()
            .map(|name| &answers.baselines[name.get_ref()]);
        let strata = Split::new(&common, answers.tables, baseline).strata(answers)?;
        let mut finding = common.finding(NAME, answers, self.default_title(common.outcome));
        if self.out_of.is_some() {
            finding.frame.counting = counting_words(common.outcome, None).into();
            finding.frame.trials = Some(format!("all {}", common.outcome.events));
            let shares = Shares {
                outcome: common.outcome,
                level: common.level,
            };
            finding.lines = shares.lines(&strata, &answers.setting.groups)?;
            finding.frame.headline =
                "none: the shares of places differ because their people do".into();
            return Ok(finding);
        }
        super::charts::describe_baseline(&mut finding, baseline, &strata);
        finding.frame.per = baseline.map(|_| self.per);
        finding.frame.counting = counting_words(common.outcome, baseline).into();
        let question = Question {
            outcome: common.outcome,
            baseline,
            per: f64::from(self.per),
            uncertainty: common.uncertainty(),
        };
        finding.lines = question.lines(&strata, &answers.setting.groups)?;
        name_headline(&mut finding);
        Ok(finding)
    }

    fn panel(&self) -> Option<Result<MissingOptions, Error>> {
        let population = self
            .population
            .as_ref()
            .map(|name| Spanned::new(name.span(), OneOrMany::One(name.get_ref().clone())));
        self.missing.as_ref().map(|_| {
            Ok(MissingOptions {
                out_of: self.out_of.clone(),
                per: self.per,
                ..MissingOptions::panel(self.header(), population.as_ref(), Asked::Rates)
            })
        })
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        if self.out_of.is_none() && self.by.iter().any(|key| key.get_ref() == PLACE) {
            charts::scatter(finding, setting)
        } else {
            charts::dots(finding, setting)
        }
    }
}

impl RatesOptions {
    /// Shares are of counts that are no part of anything else, and of no population.
    fn check_shares(&self, outcome: &Outcome, out_of: &Spanned<OutOf>) -> Result<(), Error> {
        if let Some(trials) = &outcome.trials {
            return Err(Error::study(
                out_of.span(),
                format!("counts `{}` are out of {trials} already", outcome.name),
                "take `out_of` out, or ask for the shares of the counts that they are out of",
            ));
        }
        match &self.population {
            None => Ok(()),
            Some(population) => Err(Error::study(
                out_of.span(),
                "a share of all groups and a rate per head in one table",
                "take one of the two out, or write two tables",
            )
            .against(population.span())),
        }
    }

    fn default_title(&self, outcome: &Outcome) -> String {
        let by = super::charts::by_words(&self.by);
        match &outcome.trials {
            None if self.out_of.is_some() => {
                format!("Share of each group in all {}{by}", outcome.events)
            }
            Some(trials) => format!("Rate of {} out of {trials} by group{by}", outcome.events),
            None => format!(
                "{} a year per {} people by group{by}",
                words::capitalised(&outcome.events),
                crate::number::count(u64::from(self.per))
            ),
        }
    }
}

fn counting_words(outcome: &Outcome, baseline: Option<&Baseline>) -> &'static str {
    match baseline {
        _ if outcome.annual_average => "none: annual averages",
        None => "Wilson",
        Some(baseline) if baseline.carries_margins() => {
            "log delta with the margin of error of the baseline"
        }
        Some(_) => "Garwood exact",
    }
}

/// How the rates of one analysis are made.
pub(super) struct Question<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) per: f64,
    pub(super) uncertainty: Uncertainty<'a>,
}

impl Question<'_> {
    /// One line per stratum and group of the study.
    pub(super) fn lines(&self, strata: &[Stratum], groups: &Groups) -> Result<Vec<Line>, Error> {
        let noise = |group: &str| {
            Noise::fit(
                strata,
                vec![Side::Group(group.to_owned())],
                (Shape::Rate, self.uncertainty),
            )
        };
        let noises = groups
            .shown()
            .map(|group| Ok((group, noise(group)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut lines = Vec::new();
        for stratum in strata {
            for (group, noise) in &noises {
                let mut line = self.line(stratum, stratum.tally(group), groups.label(group))?;
                line.rests_on = stratum.rests_on(&self.outcome.name, &[group]);
                if let Some(tally) = stratum.tally(group) {
                    noise.put(&mut line, stratum, self.scale(tally, groups.label(group)))?;
                }
                self.finish(&mut line);
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// Rate and interval of counting of one tally.
    pub(super) fn line(
        &self,
        stratum: &Stratum,
        tally: Option<Tally>,
        label: &str,
    ) -> Result<Line, Error> {
        let estimand = if self.outcome.trials.is_some() {
            glossary::PROPORTION
        } else {
            glossary::RATE
        };
        let mut line = Line::new(&stratum.at, label, Comparison::None, estimand);
        line.benchmark = self.baseline.map(|baseline| baseline.name.clone());
        stratum
            .warnings
            .iter()
            .for_each(|warning| line.warn(warning.clone()));
        let Some(tally) = tally else {
            line.warn(Warning::GroupAbsent {
                group: label.to_owned(),
            });
            return Ok(line);
        };
        line.events = Some(tally.events);
        line.trials = tally.trials;
        line.exposure = tally.people.map(|people| people.person_years());
        match (tally.trials, tally.people) {
            (Some(trials), _) => self.proportion(&mut line, tally.events, trials)?,
            (None, Some(people)) => self.rate(&mut line, tally.events, people)?,
            (None, None) => {}
        }
        if line.estimate.is_none() {
            line.warn(Warning::EmptyDenominator);
        }
        Ok(line)
    }

    pub(super) fn proportion(
        &self,
        line: &mut Line,
        events: u64,
        trials: u64,
    ) -> Result<(), Error> {
        let proportion = Proportion::new(events, trials).map_err(refused)?;
        line.estimate = proportion.estimate();
        line.counting = wilson(&proportion, self.uncertainty.level);
        Ok(())
    }

    fn rate(&self, line: &mut Line, events: u64, people: People) -> Result<(), Error> {
        let rate = Rate::new(events, people.person_years()).map_err(refused)?;
        line.estimate = rate.estimate().map(|r| r * self.per);
        if rate.estimate().is_some_and(|r| r > 1.0) {
            line.warn(Warning::RateAboveOne);
        }
        if self.outcome.annual_average || line.estimate.is_none() {
            return Ok(());
        }
        let carries_margin = self.baseline.is_some_and(Baseline::carries_margins) && events > 0;
        line.counting = if carries_margin {
            let Some(uncertain) = uncertain_rate(events, people)? else {
                line.warn(Warning::MarginMissing);
                return Ok(());
            };
            uncertain.rate(1.0, self.uncertainty.level).map(|delta| {
                self.band(
                    delta.interval.map(|end| end * self.per),
                    "log delta with the baseline's margin of error",
                )
            })
        } else {
            rate.interval(RateMethod::Garwood, self.uncertainty.level)
                .map(|interval| self.band(interval.map(|end| end * self.per), "Garwood exact"))
        };
        Ok(())
    }

    fn scale(&self, tally: Tally, label: &str) -> Result<LogScale, Warning> {
        let (rate, counting, baseline) = rate_scale(tally, label)?;
        if counting <= 0.0 {
            return Err(Warning::AllEvents {
                side: label.to_owned(),
            });
        }
        let per = if tally.trials.is_some() {
            1.0
        } else {
            self.per
        };
        Ok(LogScale {
            estimate: rate * per,
            counting,
            baseline,
        })
    }

    /// A rate has no value of no interest, so its headline carries no test; a proportion ends at 1.
    fn finish(&self, line: &mut Line) {
        let is_proportion = line.trials.is_some();
        if let Some(band) = &mut line.headline {
            band.test = None;
            if is_proportion && band.interval.high > 1.0 {
                band.interval = Interval::new(band.interval.low, 1.0);
                band.method.push_str(", upper end limited to 1");
            }
        }
    }

    fn band(&self, interval: Interval, method: &str) -> Band {
        Band {
            interval,
            level: self.uncertainty.level,
            method: method.to_owned(),
            variance: Variance::Counting,
            test: None,
        }
    }
}

/// The share of each group in the events of all groups.
pub(super) struct Shares<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) level: Level,
}

impl Shares<'_> {
    /// One line per stratum and group of the study.
    pub(super) fn lines(&self, strata: &[Stratum], groups: &Groups) -> Result<Vec<Line>, Error> {
        let of = |stratum: &Stratum| -> Result<Vec<Line>, Error> {
            let line = |group: &str| self.line(stratum, group, groups.label(group));
            groups.shown().map(line).collect()
        };
        let lines: Vec<Vec<Line>> = strata.iter().map(of).collect::<Result<_, _>>()?;
        Ok(lines.into_iter().flatten().collect())
    }

    /// Groups that are not compared are in the total, so every line rests on all of them together.
    fn line(&self, stratum: &Stratum, group: &str, label: &str) -> Result<Line, Error> {
        let mut line = Line::new(&stratum.at, label, Comparison::None, glossary::SHARE);
        let (Some(tally), Some(all)) = (stratum.tally(group), stratum.all()) else {
            line.warn(Warning::GroupAbsent {
                group: label.to_owned(),
            });
            return Ok(line);
        };
        let everybody = stratum.group_names().into_iter();
        line.rests_on = stratum.rests_on(&self.outcome.name, &[group]);
        line.rests_on
            .extend(stratum.rests_on_sum(&self.outcome.name, everybody));
        (line.events, line.trials) = (Some(tally.events), Some(all.events));
        let share = Proportion::new(tally.events, all.events).map_err(refused)?;
        line.estimate = share.estimate();
        if line.estimate.is_none() {
            line.warn(Warning::EmptyDenominator);
        }
        if !self.outcome.annual_average {
            line.counting = wilson(&share, self.level);
        }
        Ok(line)
    }
}
