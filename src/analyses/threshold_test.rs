#![doc = include_str!("threshold_test.md")]

mod data;
mod lines;

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::wanted::check_key;
use super::{Analysis, Answers, Asks, Common, DispersionRule, Header, Setting, charts};
use crate::cells::{Only, Outcome};
use crate::disclosure::Disclosed;
use crate::error::Error;
use crate::figures::Figure;
use crate::findings::Finding;
use crate::stats::threshold::{Priors, Sampling};
use crate::stops::{PLACE, STATE};
use crate::warning::{self, Warning};
use data::Data;
use lines::Test;

/// The word in the study file.
pub const NAME: &str = "threshold_test";

/// A `[[threshold_test]]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThresholdTestOptions {
    /// Name of the finding.
    #[schemars(with = "Option<String>")]
    pub name: Option<Spanned<String>>,
    /// Title of its section.
    pub title: Option<String>,
    /// Level of the credible intervals.
    #[schemars(with = "Option<f64>")]
    pub level: Option<Spanned<f64>>,
    /// Which cells to look at.
    #[schemars(with = "Option<Only>")]
    pub only: Option<Spanned<Only>>,
    /// The study's remark.
    pub note: Option<String>,
    /// Counts of searches out of stops.
    #[schemars(with = "String")]
    pub searches: Spanned<String>,
    /// Counts of hits out of these searches.
    #[schemars(with = "String")]
    pub hits: Spanned<String>,
    /// The key of the places; `place` if left out.
    #[schemars(with = "Option<String>")]
    pub place: Option<Spanned<String>>,
    /// The fewest stops of each group that a place must have.
    #[serde(default = "ten")]
    pub minimum_stops: u64,
    /// The fewest searches of each group that a place must have.
    #[serde(default)]
    pub minimum_searches: u64,
    /// Chains of the sampler.
    #[schemars(with = "Option<u64>")]
    pub chains: Option<Spanned<u64>>,
    /// Draws of each chain that tune the sampler and are thrown away.
    #[schemars(with = "Option<u64>")]
    pub warmup: Option<Spanned<u64>>,
    /// Draws of each chain that are kept.
    #[schemars(with = "Option<u64>")]
    pub draws: Option<Spanned<u64>>,
    /// Standard deviation of the prior of the groups' effects, `s_r`.
    #[schemars(with = "Option<f64>")]
    pub race_scale: Option<Spanned<f64>>,
    /// Standard deviation of the prior of the places' effects, `s_d`.
    #[schemars(with = "Option<f64>")]
    pub place_scale: Option<Spanned<f64>>,
    /// Whether the priors are swept.
    #[serde(default = "yes")]
    pub sweep: bool,
    /// Groups that have one threshold, beside the real ones.
    #[serde(default)]
    pub placebo: Placebo,
}

/// Groups that have one threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Placebo {
    /// The reference group, each of its stops given to one of two halves by chance.
    #[default]
    RandomHalves,
    /// None.
    None,
}

fn ten() -> u64 {
    10
}

fn yes() -> bool {
    true
}

/// Scales of the groups' effects in the sweep.
const RACE_SCALES: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
/// Scales of the places' effects in the sweep.
const PLACE_SCALES: [f64; 3] = [0.05, 0.1, 0.15];
/// Fewest chains: with fewer, R-hat sees little.
const FEWEST_CHAINS: u64 = 4;
/// Most chains, and most draws of one.
const MOST: [u64; 3] = [64, 100_000, 100_000];

impl Analysis for ThresholdTestOptions {
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
            counts: &self.searches,
            by: &[],
        }
    }

    fn asks(&self, setting: &Setting) -> Result<Asks, Error> {
        let (searches, hits) = self.both(setting)?;
        for (counts, common, what) in [
            (&self.searches, &searches, "searches out of stops"),
            (&self.hits, &hits, "hits out of searches"),
        ] {
            if common.outcome.trials.is_none() || common.outcome.annual_average {
                return Err(Error::study(
                    counts.span(),
                    format!(
                        "counts `{}` are not counted out of anything, or are averages: a threshold test needs {what}",
                        common.outcome.name
                    ),
                    format!("name counts of {what}"),
                ));
            }
        }
        self.sampling(0, 1)?;
        self.priors()?;
        let by_count = |common: &Common<'_>| common.tabulations(false).swap_remove(0);
        Ok(Asks {
            tabulations: vec![by_count(&searches), by_count(&hits)],
            baselines: Vec::new(),
        })
    }

    fn run(&self, answers: &Answers<'_>) -> Result<Finding, Error> {
        let (searches, hits) = self.both(answers.setting)?;
        let title = "Threshold test: how probable contraband looked before a search";
        let mut finding = searches.finding(NAME, answers, title.into());
        finding.frame.counting = "none: credible intervals".into();
        finding.frame.by = self.keys(searches.outcome);
        let data = Data::new(self, answers, (&searches, &hits))?;
        let test = Test {
            options: self,
            answers,
            level: searches.level,
            counted: [searches.outcome, hits.outcome],
            data: &data,
        };
        warning::add(&mut finding.warnings, Warning::ThresholdModel);
        if let Some(left_out) = data.left_out(self) {
            warning::add(&mut finding.warnings, left_out);
        }
        test.fill(&mut finding)?;
        finding.frame.comparisons = answers.setting.groups.compared().count();
        finding.frame.headline = finding.headline_methods();
        Ok(finding)
    }

    fn figures(&self, finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
        charts::thresholds(finding, setting)
    }
}

impl ThresholdTestOptions {
    /// Both counts, held against the study.
    fn both<'a>(&'a self, setting: &'a Setting) -> Result<(Common<'a>, Common<'a>), Error> {
        let searches = self.header().check(setting)?;
        let hits = Header {
            counts: &self.hits,
            ..self.header()
        }
        .check(setting)?;
        for common in [&searches, &hits] {
            match &self.place {
                Some(key) => check_key(common.outcome, key)?,
                None if common.outcome.keys.iter().any(|key| key == PLACE) => {}
                None => {
                    return Err(Error::study(
                        self.searches.span(),
                        format!("counts `{}` have no key `{PLACE}`", common.outcome.name),
                        "a threshold test needs several places: map their column in the counts, or name another key with place = \"...\"",
                    ));
                }
            }
        }
        Ok((searches, hits))
    }

    /// The keys that tell places apart: with their state, where there is one.
    fn keys(&self, outcome: &Outcome) -> Vec<String> {
        let place = self.place.as_ref().map_or(PLACE, |key| key.get_ref());
        let has_state = outcome.keys.iter().any(|key| key == STATE) && place == PLACE;
        let state = has_state.then(|| STATE.to_owned());
        state.into_iter().chain([place.to_owned()]).collect()
    }

    /// How the posterior is sampled.
    ///
    /// # Errors
    /// A number of chains or draws that is too small or too large.
    fn sampling(&self, seed: u64, threads: usize) -> Result<Sampling, Error> {
        let number = |key: &Option<Spanned<u64>>, default: u64, (least, most): (u64, u64)| {
            let Some(given) = key else { return Ok(default) };
            let value = *given.get_ref();
            if (least..=most).contains(&value) {
                return Ok(value);
            }
            Err(Error::study(
                given.span(),
                format!("{value} is not from {least} to {most}"),
                format!("leave it out for {default}"),
            ))
        };
        let [chains, warmup, draws] = MOST;
        let size = |value: u64| usize::try_from(value).expect("it is at most a hundred thousand");
        Ok(Sampling {
            chains: size(number(&self.chains, 4, (FEWEST_CHAINS, chains))?),
            warmup: size(number(&self.warmup, 1000, (100, warmup))?),
            draws: size(number(&self.draws, 2000, (100, draws))?),
            seed,
            threads,
        })
    }

    /// The priors of the headline.
    ///
    /// # Errors
    /// A scale that is not above 0.
    fn priors(&self) -> Result<Priors, Error> {
        let scale = |key: &Option<Spanned<f64>>| key.as_ref().map_or(0.1, |s| *s.get_ref());
        let scales = (scale(&self.race_scale), scale(&self.place_scale));
        Priors::new(scales.0, scales.1).map_err(|fault| {
            let bad = |key: &&Spanned<f64>| !(*key.get_ref() > 0.0 && key.get_ref().is_finite());
            let keys = self.race_scale.iter().chain(&self.place_scale);
            let span = keys.into_iter().find(bad).map_or(0..0, Spanned::span);
            Error::study(span, fault.to_string(), "leave it out for 0.1")
        })
    }

    /// The priors of the sweep, without those of the headline.
    fn swept(&self, headline: Priors) -> Vec<Priors> {
        let pairs = RACE_SCALES.map(|race| (race, headline.place_scale()));
        let places = PLACE_SCALES.map(|place| (headline.race_scale(), place));
        let mut found: Vec<Priors> = Vec::new();
        for (race, place) in pairs.into_iter().chain(places) {
            let priors = Priors::new(race, place).expect("every scale is above 0");
            if priors != headline && !found.contains(&priors) {
                found.push(priors);
            }
        }
        if self.sweep { found } else { Vec::new() }
    }
}
