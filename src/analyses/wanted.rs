//! What analysis tables share: the keys that each may carry, and the checks of the words they use.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::noise::Uncertainty;
use super::{Answers, Setting};
use crate::cells::{Absent, GROUP, OneOrMany, Only, Outcome, Rows, Tabulation};
use crate::error::{Error, nearest_hint, repeated};
use crate::findings::{Finding, Frame, Variance};
use crate::stats::Level;
use crate::stops::OFFICER;
use crate::warning::{self, Warning};

static NO_RESTRICTION: Only = Only(BTreeMap::new());

/// Whether the strata of an analysis share their dispersion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DispersionRule {
    /// One dispersion for all strata: more degrees of freedom, and strata of very different size lend each other theirs.
    #[default]
    Common,
    /// Each stratum its own: nothing is lent, and few places or periods leave few degrees of freedom.
    Stratum,
}

/// The keys that every analysis table may carry.
#[derive(Debug, Clone, Copy)]
pub struct Header<'a> {
    /// Name of the finding in the bundle.
    pub name: Option<&'a Spanned<String>>,
    /// Title of its section.
    pub title: Option<&'a str>,
    /// Confidence level.
    pub level: Option<&'a Spanned<f64>>,
    /// Which cells to look at.
    pub only: Option<&'a Spanned<Only>>,
    /// The study's own remark.
    pub note: Option<&'a str>,
    /// Whether strata share their dispersion.
    pub dispersion: DispersionRule,
    /// Which counts.
    pub counts: &'a Spanned<String>,
    /// Keys of the strata.
    pub by: &'a [Spanned<String>],
}

/// An analysis table held against the study: every word exists.
#[derive(Debug)]
pub struct Common<'a> {
    /// The counts.
    pub outcome: &'a Outcome,
    /// Keys of the strata.
    pub by: Vec<String>,
    /// Confidence level.
    pub level: Level,
    /// Which cells to look at; empty for all.
    pub only: &'a Only,
    header: Header<'a>,
}

impl<'a> Header<'a> {
    /// Holds the table against the study.
    ///
    /// # Errors
    /// Counts or keys that the study does not have; a level outside (0, 1); the group among the strata.
    pub fn check(self, setting: &'a Setting) -> Result<Common<'a>, Error> {
        let outcome = outcome(setting, self.counts)?;
        for key in self.by {
            check_key(outcome, key)?;
        }
        let only = self.only.map_or(&NO_RESTRICTION, Spanned::get_ref);
        for key in only.keys() {
            if key == GROUP {
                return Err(Error::study(
                    self.only.map_or(0..0, Spanned::span),
                    "`only` restricts the group",
                    "shares and comparisons need every group: say under [groups] `compare` which are compared",
                ));
            }
            if !outcome.has_key(key) {
                let hint = nearest_hint(key, outcome.every_key());
                return Err(Error::study(
                    self.only.map_or(0..0, Spanned::span),
                    format!(
                        "`only` restricts `{key}`, which counts `{}` do not have",
                        outcome.name
                    ),
                    hint,
                ));
            }
        }
        let level = match self.level {
            None => Level::NINETY_FIVE,
            Some(level) => Level::new(*level.get_ref()).map_err(|_| {
                Error::study(
                    level.span(),
                    format!("level {} is outside (0, 1)", level.get_ref()),
                    "a confidence level of 95 % is written level = 0.95",
                )
            })?,
        };
        Ok(Common {
            outcome,
            by: self.by.iter().map(|key| key.get_ref().clone()).collect(),
            level,
            only,
            header: self,
        })
    }
}

impl Common<'_> {
    /// What the uncertainty of this analysis has in common.
    pub(super) fn uncertainty(&self) -> Uncertainty<'_> {
        Uncertainty {
            outcome: self.outcome,
            level: self.level,
            rule: self.header.dispersion,
        }
    }

    /// Holds the baselines that the table names against the counts.
    ///
    /// # Errors
    /// None for counts that are not a part of anything; those of [`check_baseline`].
    pub(super) fn check_baselines(
        &self,
        setting: &Setting,
        named: &[Spanned<String>],
        what: &str,
    ) -> Result<(), Error> {
        if named.is_empty() && self.outcome.trials.is_none() {
            return Err(Error::study(
                self.header.counts.span(),
                format!(
                    "counts `{}` are not a part of anything, so a {what} needs a population",
                    self.outcome.name
                ),
                "add population = \"the name of a [[population]] table\"",
            ));
        }
        if let Some(name) = repeated(named) {
            return Err(Error::study(
                name.span(),
                format!("population `{}` is named twice", name.get_ref()),
                "name each once: every comparison would be made twice",
            ));
        }
        named
            .iter()
            .try_for_each(|name| check_baseline(setting, self.outcome, name))
    }

    /// The keys to count by: those that every question asks for, and those that are named.
    fn keys(&self) -> Vec<String> {
        let mut keys = self.outcome.keys.clone();
        let named = self.by.iter().map(String::as_str).chain(self.only.keys());
        for key in named {
            if !keys.iter().any(|known| known == key) {
                keys.push(key.to_owned());
            }
        }
        keys
    }

    /// The requests of this analysis: all public keys of the counts, so that places and periods repeat; the same by
    /// officer, where rows name one; and without restriction, where people are exposed and an absent cell is zero.
    #[must_use]
    pub fn tabulations(&self, per_head: bool) -> Vec<Tabulation> {
        let counted = |by: Vec<String>, only: &Only| Tabulation {
            counts: self.outcome.name.clone(),
            by,
            only: only.clone(),
            of: Rows::Known,
        };
        let keys = self.keys();
        let by_officer = || keys.iter().cloned().chain([OFFICER.to_owned()]).collect();
        let everywhere = per_head && self.outcome.absent == Absent::Zero;
        std::iter::once(counted(keys.clone(), self.only))
            .chain(
                self.outcome
                    .by_officer
                    .then(|| counted(by_officer(), self.only)),
            )
            .chain(everywhere.then(|| counted(keys.clone(), &NO_RESTRICTION)))
            .collect()
    }

    /// An empty finding with its title and frame.
    #[must_use]
    pub fn finding(
        &self,
        analysis: &'static str,
        answers: &Answers<'_>,
        default_title: String,
    ) -> Finding {
        let mut warnings: Vec<Warning> = self
            .outcome
            .cautions
            .iter()
            .cloned()
            .map(Warning::Study)
            .collect();
        if self.outcome.annual_average {
            warning::add(&mut warnings, Warning::AnnualAverage);
        }
        Finding {
            analysis,
            id: answers.id.to_owned(),
            title: self.header.title.map_or(default_title, str::to_owned),
            note: self.header.note.map(str::to_owned),
            frame: Frame {
                counts: self.outcome.name.clone(),
                events: self.outcome.events.clone(),
                trials: self.outcome.trials.clone(),
                baselines: Vec::new(),
                per: None,
                by: self.by.clone(),
                only: self.only.describe(),
                level: self.level.get(),
                reference: answers.setting.groups.label(answers.setting.groups.reference()).to_owned(),
                arms: Vec::new(),
                comparisons: 0,
                headline: match self.header.dispersion {
                    DispersionRule::Common => "between places or periods, one quasi-likelihood dispersion for all strata, t".into(),
                    DispersionRule::Stratum => "between places or periods, quasi-likelihood dispersion of each stratum, t".into(),
                },
                counting: String::new(),
                seed: answers.seed,
            },
            lines: Vec::new(),
            warnings,
            sky: None,
            own_counts: None,
        }
    }
}

/// Says in the frame what the intervals to be quoted count, from the lines themselves.
pub(super) fn name_headline(finding: &mut Finding) {
    let kinds = |variance| {
        let bands = finding
            .lines
            .iter()
            .filter_map(|line| line.headline.as_ref());
        bands.into_iter().any(|band| band.variance == variance)
    };
    let officers = kinds(Variance::Cluster).then(|| "between officers, CR1, t".to_owned());
    let places = kinds(Variance::Between).then(|| std::mem::take(&mut finding.frame.headline));
    let named: Vec<String> = officers.into_iter().chain(places).collect();
    finding.frame.headline = if named.is_empty() {
        "counting alone: nothing repeats".into()
    } else {
        named.join("; ")
    };
}

/// The counts of a name.
///
/// # Errors
/// The study has no such counts.
pub(super) fn outcome<'a>(
    setting: &'a Setting,
    name: &Spanned<String>,
) -> Result<&'a Outcome, Error> {
    setting
        .outcomes
        .iter()
        .find(|outcome| outcome.name == *name.get_ref())
        .ok_or_else(|| {
            let hint = nearest_hint(
                name.get_ref(),
                setting.outcomes.iter().map(|outcome| outcome.name.as_str()),
            );
            Error::study(
                name.span(),
                format!("the study has no counts `{}`", name.get_ref()),
                hint,
            )
        })
}

/// Holds a strata key against the counts.
///
/// # Errors
/// The counts do not have the key: no cross-tabulation is invented; or it is the group.
pub(super) fn check_key(outcome: &Outcome, key: &Spanned<String>) -> Result<(), Error> {
    if key.get_ref() == GROUP {
        return Err(Error::study(
            key.span(),
            "the group is compared, not a stratum",
            "take `group` out: every analysis compares the groups",
        ));
    }
    if outcome.has_key(key.get_ref()) {
        return Ok(());
    }
    let known = outcome.every_key().filter(|k| *k != GROUP);
    let hint = nearest_hint(key.get_ref(), known);
    Err(Error::study(
        key.span(),
        format!("counts `{}` have no key `{}`", outcome.name, key.get_ref()),
        hint,
    ))
}

/// The names of a key that takes one or several, each at the place where the study names them.
pub(super) fn each(names: Option<&Spanned<OneOrMany>>) -> Vec<Spanned<String>> {
    let named = |names: &Spanned<OneOrMany>| -> Vec<Spanned<String>> {
        let at = |name: &String| Spanned::new(names.span(), name.clone());
        names.get_ref().values().iter().map(at).collect()
    };
    names.map_or_else(Vec::new, named)
}

/// Reads the people that a rate is given for.
pub(super) fn people<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(D::Error::custom("a rate per 0 people is none: 1 at least")),
        per => Ok(per),
    }
}

/// People a year that a rate per head is given for, unless a table says otherwise.
pub(super) fn per_thousand() -> u32 {
    1000
}

/// Holds the name of a baseline against the study and the counts that it is to be joined with.
///
/// # Errors
/// No such baseline; it is kept by a key that the counts do not have; counts that are a part of something need none.
fn check_baseline(
    setting: &Setting,
    outcome: &Outcome,
    name: &Spanned<String>,
) -> Result<(), Error> {
    if let Some(trials) = &outcome.trials {
        let message = format!(
            "counts `{}` are a part of {trials}, so they need no population",
            outcome.name
        );
        return Err(Error::study(
            name.span(),
            message,
            "take `population` out of this table; name counts of stops to compare with a population",
        ));
    }
    let Some(keys) = setting.baselines.get(name.get_ref()) else {
        let hint = nearest_hint(name.get_ref(), setting.baselines.keys().map(String::as_str));
        return Err(Error::study(
            name.span(),
            format!("the study has no population `{}`", name.get_ref()),
            hint,
        ));
    };
    match keys.iter().find(|key| !outcome.keys.contains(key)) {
        None => Ok(()),
        Some(key) => {
            let message = format!(
                "population `{}` is kept by `{key}`, which counts `{}` do not have",
                name.get_ref(),
                outcome.name
            );
            Err(Error::study(
                name.span(),
                message,
                "map that key in the counts, or take it out of the population's columns",
            ))
        }
    }
}
