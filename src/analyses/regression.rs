#![doc = include_str!("regression.md")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::bands::log_band;
use super::strata::{Split, Stratum};
use super::wanted::check_key;
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::Only;
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, CountRef, Family, Finding, Line, Part, Test, Variance};
use crate::ingest::Baseline;
use crate::stats::regression::{
    self as glm, Clusters, Coefficient, CovarianceKind, Design, Factor, Fit, Grain, Model,
    RegressionError, Response,
};
use crate::stops::PLACE;
use crate::warning::{self, Warning};

/// The word in the study file.
pub const NAME: &str = "regression";

/// A `[[regression]]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegressionOptions {
    /// Name of the finding.
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Confidence level.
    pub level: Option<Spanned<f64>>,
    /// Which cells to look at.
    pub only: Option<Spanned<Only>>,
    /// The study's remark.
    pub note: Option<String>,
    /// Which counts.
    pub counts: Spanned<String>,
    /// The baseline, where the counts are not a part of something.
    pub population: Option<Spanned<String>>,
    /// Keys whose every value has an effect of its own.
    #[serde(default)]
    pub adjust: Vec<Spanned<String>>,
    /// The key by which errors are clustered.
    pub cluster: Option<Spanned<String>>,
    /// What the events are drawn from.
    pub family: Option<Spanned<Link>>,
    /// What one observation is.
    pub observation: Option<Spanned<Observation>>,
}

/// What the events are drawn from, and so which ratio is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Binomial: odds ratios.
    Logistic,
    /// Poisson: ratios of risks or rates.
    Poisson,
}

/// What one observation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Observation {
    /// A trial.
    Trial,
    /// A cell.
    Cell,
}

/// Fewest clusters from which errors are estimated.
const FEWEST: usize = 6;

/// Clusters below which the errors are likely to be too small.
const FEW: usize = 20;

/// Most keys whose effects are taken out.
const MOST_KEYS: usize = 2;

impl Analysis for RegressionOptions {
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
            by: &self.adjust,
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let common = self.header().check(setting)?;
        if common.outcome.annual_average {
            return Err(Error::study(
                self.counts.span(),
                format!(
                    "counts `{}` are annual averages, which have no likelihood",
                    common.outcome.name
                ),
                "name counts of events that happened",
            ));
        }
        if let Some(third) = self.adjust.get(MOST_KEYS) {
            return Err(Error::study(
                third.span(),
                format!("`{}` is the third key to adjust for", third.get_ref()),
                "two keys at most: name a key of the counts that combines them",
            ));
        }
        if let Some(cluster) = &self.cluster {
            check_key(common.outcome, cluster)?;
        }
        common.check_baselines(setting, self.population.as_slice(), "regression")?;
        let needs_trials = [
            self.family
                .as_ref()
                .filter(|f| *f.get_ref() == Link::Logistic)
                .map(Spanned::span),
            self.observation
                .as_ref()
                .filter(|o| *o.get_ref() == Observation::Trial)
                .map(Spanned::span),
        ];
        if let (None, Some(span)) = (
            &common.outcome.trials,
            needs_trials.into_iter().flatten().next(),
        ) {
            return Err(Error::study(
                span,
                format!("counts `{}` have no trials", common.outcome.name),
                "rates per head are \"poisson\", observed by \"cell\"",
            ));
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
        let mut common = self.header().check(answers.setting)?;
        let adjust = common.by.clone();
        let cluster = self.cluster(&common);
        common
            .by
            .extend(cluster.iter().filter(|key| !adjust.contains(key)).cloned());
        let baseline = self
            .population
            .as_ref()
            .map(|name| &answers.baselines[name.get_ref()]);
        let split = Split {
            officers: None,
            ..Split::new(&common, answers.tables, baseline)
        };
        let strata = split.strata(answers)?;
        let held = if adjust.is_empty() {
            String::new()
        } else {
            format!(", {} held equal", adjust.join(" and "))
        };
        let title = format!("Regression of {} on the group{held}", common.outcome.events);
        let mut finding = common.finding(NAME, answers, title);
        finding.frame.by = Vec::new();
        finding.frame.counting = "errors of the model, events independent".into();
        charts::describe_baseline(&mut finding, baseline, &strata);
        let regression = Regression {
            options: self,
            common: &common,
            answers,
            baseline,
            adjust: &adjust,
            cluster: cluster.as_deref(),
        };
        let lines = regression.lines(&strata, &mut finding.warnings);
        finding.lines = lines.map_err(|fault| self.refused(&fault))?;
        finding.frame.headline = match finding
            .lines
            .first()
            .and_then(|line| line.headline.as_ref())
        {
            Some(band) => band.method.clone(),
            None => "none".into(),
        };
        finding.frame.comparisons = finding.lines.len();
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        charts::forest(finding, setting, &|line| is_adjusted(line.estimand))
    }
}

/// Whether a number is a coefficient of a regression.
pub(super) fn is_adjusted(estimand: Estimand) -> bool {
    [
        glossary::ADJUSTED_ODDS_RATIO,
        glossary::ADJUSTED_RISK_RATIO,
        glossary::ADJUSTED_RATE_RATIO,
    ]
    .contains(&estimand)
}

impl RegressionOptions {
    fn cluster(&self, common: &Common<'_>) -> Option<String> {
        let named = self.cluster.as_ref().map(|key| key.get_ref().clone());
        let has_places = common.outcome.keys.iter().any(|key| key == PLACE);
        named.or_else(|| has_places.then(|| PLACE.to_owned()))
    }

    fn refused(&self, fault: &RegressionError) -> Error {
        Error::study(
            self.counts.span(),
            format!("the regression has no answer: {fault}"),
            "take the group or the key that it names out, or add up more of the data",
        )
    }
}

/// One cell of the regression.
struct Cell<'a> {
    stratum: &'a Stratum,
    group: usize,
    events: u64,
    size: f64,
    trials: Option<u64>,
}

struct Regression<'a> {
    options: &'a RegressionOptions,
    common: &'a Common<'a>,
    answers: &'a Answers<'a>,
    baseline: Option<&'a Baseline>,
    adjust: &'a [String],
    cluster: Option<&'a str>,
}

impl Regression<'_> {
    fn lines(
        &self,
        strata: &[Stratum],
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<Line>, RegressionError> {
        let groups: Vec<&str> = self.answers.setting.groups.shown().collect();
        let cells = self.informative(cells(strata, &groups), warnings);
        let model = self.model(&cells, &groups)?;
        let fit = model.fit()?;
        if let Some(dropped) = fit.dropped().first() {
            return Err(RegressionError::UnknownColumn {
                name: format!("{dropped} (the keys tell it apart by themselves)"),
                known: fit.names().to_vec(),
            });
        }
        let counting = fit.covariance(&CovarianceKind::Model)?;
        let clusters = self.clusters(&cells);
        let count = clusters.iter().collect::<BTreeSet<_>>().len();
        let clustered = (count >= FEWEST)
            .then(|| fit.covariance(&CovarianceKind::Cr1(Clusters::OneWay(clusters))))
            .transpose()?;
        let mut lines = Vec::new();
        for group in &groups[1..] {
            let level = self.common.level;
            let mut line = self.line(&cells, group, &groups);
            let Some(own) = fit.estimate(group, &counting, level)? else {
                line.warn(Warning::Undefined);
                lines.push(line);
                continue;
            };
            line.estimate = Some(libm::exp(own.estimate));
            line.dispersion = fit.dispersion();
            line.counting = Some(self.band(&own, "model, normal".into(), Variance::Counting));
            let found = match &clustered {
                Some(covariance) => fit.estimate(group, covariance, level)?,
                None => None,
            };
            match found {
                Some(found) => {
                    let key = self.cluster.unwrap_or_default();
                    let method = format!("CR1 by {key}, {count} clusters, log scale, t");
                    line.std_error = Some(found.std_error);
                    line.headline = Some(self.band(&found, method, Variance::Cluster));
                    if count < FEW {
                        line.warn(Warning::FewClusters { few: FEW });
                    }
                }
                None => self.by_dispersion(&mut line, &own, &fit),
            }
            lines.push(line);
        }
        Ok(lines)
    }

    /// Too few clusters: the errors of the model, widened by the dispersion of the cells.
    fn by_dispersion(&self, line: &mut Line, own: &Coefficient, fit: &Fit) {
        line.warn(Warning::TooFewClusters { fewest: FEWEST });
        let Some(phi) = fit.dispersion() else {
            line.warn(Warning::NoReplication);
            line.std_error = Some(own.std_error);
            return;
        };
        let std_error = own.std_error * phi.max(1.0).sqrt();
        line.std_error = Some(std_error);
        line.headline = Some(log_band(
            (
                libm::exp(own.estimate),
                std_error,
                Some(fit.residual_df() as f64),
            ),
            "quasi-likelihood, log scale, t".into(),
            (self.common.level, Variance::Between),
        ));
    }

    fn band(&self, found: &Coefficient, method: String, variance: Variance) -> Band {
        Band {
            interval: found.interval.map(libm::exp),
            level: self.common.level,
            method,
            variance,
            test: Some(Test {
                statistic: Some(found.statistic),
                df: found.df.map(|df| df as f64),
                p_value: Some(found.p.get()),
            }),
        }
    }

    /// The line of a group with its counts, and the hidden ones that its number is made from.
    fn line(&self, cells: &[Cell<'_>], group: &str, groups: &[&str]) -> Line {
        let estimand = match (self.is_logistic(), self.baseline) {
            (true, _) => glossary::ADJUSTED_ODDS_RATIO,
            (false, None) => glossary::ADJUSTED_RISK_RATIO,
            (false, Some(_)) => glossary::ADJUSTED_RATE_RATIO,
        };
        let label = self.answers.setting.groups.label(group);
        let mut line = Line::new(&[], label, Comparison::Reference, estimand);
        line.benchmark = self.baseline.map(|baseline| baseline.name.clone());
        let own = || cells.iter().filter(|cell| groups[cell.group] == group);
        line.events = Some(own().map(|cell| cell.events).sum());
        line.trials = own().map(|cell| cell.trials).sum();
        line.exposure = self.baseline.map(|_| own().map(|cell| cell.size).sum());
        let name = &self.common.outcome.name;
        for wanted in [group, groups[0]] {
            let mut parts: BTreeMap<Part, Vec<CountRef>> = BTreeMap::new();
            for cell in cells.iter().filter(|cell| groups[cell.group] == wanted) {
                for count in cell.stratum.rests_on(name, &[wanted]) {
                    parts.entry(count.part).or_default().push(count);
                }
            }
            line.rests_on
                .extend(parts.values().filter_map(|counts| together(counts)));
            line.fitted_on.extend(
                parts
                    .into_values()
                    .map(|counts| Arc::new(Family::Cells(counts))),
            );
        }
        line.is_of_spread = true;
        line
    }

    fn is_logistic(&self) -> bool {
        let named = self.options.family.as_ref().map(|family| *family.get_ref());
        let natural = if self.common.outcome.trials.is_some() {
            Link::Logistic
        } else {
            Link::Poisson
        };
        named.unwrap_or(natural) == Link::Logistic
    }

    fn model(&self, cells: &[Cell<'_>], groups: &[&str]) -> Result<Model, RegressionError> {
        let has_intercept = self.adjust.is_empty();
        let names = has_intercept.then(|| "intercept".to_owned()).into_iter();
        let names = names.chain(groups[1..].iter().map(|group| (*group).to_owned()));
        let row = |cell: &Cell<'_>| {
            let of = cell.group;
            let indicators = (1..groups.len()).map(move |group| f64::from(u8::from(group == of)));
            has_intercept
                .then_some(1.0)
                .into_iter()
                .chain(indicators)
                .collect::<Vec<_>>()
        };
        let design = Design::new(names.collect(), cells.iter().flat_map(row).collect())?;
        let events = || cells.iter().map(|cell| cell.events).collect::<Vec<u64>>();
        let trials: Option<Vec<u64>> = cells.iter().map(|cell| cell.trials).collect();
        let family = if self.is_logistic() {
            glm::Family::Logistic
        } else {
            glm::Family::Poisson
        };
        let mut model = match trials {
            Some(trials) => {
                let by_trial = self.options.observation.as_ref().map(|o| *o.get_ref());
                let response = Response::Events {
                    events: events(),
                    trials,
                };
                let grain = match by_trial {
                    Some(Observation::Cell) => Grain::Cell,
                    _ => Grain::Trial,
                };
                Model::new(family, design, response)?.observed_by(grain)?
            }
            None => {
                let offset = cells.iter().map(|cell| libm::log(cell.size)).collect();
                Model::new(family, design, Response::Counts(events()))?.with_offset(offset)?
            }
        };
        for key in self.adjust {
            model = model.absorbing(Factor {
                name: key.clone(),
                levels: numbered(cells, key),
            })?;
        }
        Ok(model)
    }

    fn clusters(&self, cells: &[Cell<'_>]) -> Vec<u32> {
        self.cluster
            .map_or_else(Vec::new, |key| numbered(cells, key))
    }

    /// Without the cells of values of a key in which there are no events, or nothing but events.
    fn informative<'c>(
        &self,
        mut cells: Vec<Cell<'c>>,
        warnings: &mut Vec<Warning>,
    ) -> Vec<Cell<'c>> {
        let mut left_out = Vec::new();
        loop {
            let mut silent: Vec<(&String, String)> = Vec::new();
            for key in self.adjust {
                let mut by_value: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
                for cell in &cells {
                    let sums = by_value.entry(value(cell.stratum, key)).or_default();
                    sums.0 += cell.events;
                    // A count without trials can always be larger.
                    sums.1 += cell.trials.map_or(1, |trials| trials - cell.events);
                }
                let all_or_nothing = by_value.iter().filter(|(_, (events, rest))| {
                    *events == 0 || (*rest == 0 && self.is_logistic())
                });
                silent.extend(all_or_nothing.map(|(value, _)| (key, (*value).to_owned())));
            }
            if silent.is_empty() {
                break;
            }
            cells.retain(|cell| silent.iter().all(|(key, v)| value(cell.stratum, key) != v));
            left_out.extend(
                silent
                    .into_iter()
                    .map(|(key, value)| format!("{key} {value}")),
            );
        }
        if !left_out.is_empty() {
            warning::add(warnings, Warning::SilentValues { values: left_out });
        }
        cells
    }
}

/// The cells of the groups that somebody could have been counted in.
fn cells<'a>(strata: &'a [Stratum], groups: &[&str]) -> Vec<Cell<'a>> {
    let of_stratum = |stratum: &'a Stratum| {
        let cell = |(group, name): (usize, &&str)| {
            let tally = stratum.tally(name)?;
            let size = tally.size().filter(|size| *size > 0.0)?;
            Some(Cell {
                stratum,
                group,
                events: tally.events,
                size,
                trials: tally.trials,
            })
        };
        groups
            .iter()
            .enumerate()
            .filter_map(cell)
            .collect::<Vec<_>>()
    };
    strata.iter().flat_map(of_stratum).collect()
}

fn value<'s>(stratum: &'s Stratum, key: &str) -> &'s str {
    let found = stratum.at.iter().find(|(own, _)| own == key);
    found.map_or("", |(_, value)| value.as_str())
}

/// The values of a key as numbers.
fn numbered(cells: &[Cell<'_>], key: &str) -> Vec<u32> {
    let values: Vec<&str> = cells.iter().map(|cell| value(cell.stratum, key)).collect();
    let distinct: BTreeSet<&str> = values.iter().copied().collect();
    let numbers: BTreeMap<&str, u32> = distinct.into_iter().zip(0..).collect();
    values.iter().map(|value| numbers[value]).collect()
}

/// The sum of counts of one part.
fn together(counts: &[CountRef]) -> Option<CountRef> {
    let first = counts.first()?;
    Some(CountRef {
        cells: Arc::new(
            counts
                .iter()
                .flat_map(|count| count.cells.iter().cloned())
                .collect(),
        ),
        count: counts.iter().map(|count| count.count).sum(),
        ..first.clone()
    })
}
