//! Status keys as a study plans them, before any register is read: their rules, and the counts that get them.

use std::collections::BTreeSet;

use toml::Spanned;

use super::config::AgreementsConfig;
use super::status::StatusConfig;
use crate::cells::Outcome;
use crate::error::Error;
use crate::stops::{PERIOD, PLACE, YEAR};

/// A status key as the study plans it, before the register is read.
#[derive(Debug, Clone)]
pub struct PlannedStatus {
    /// Name of the key.
    pub key: Spanned<String>,
    /// The year that it refers to, where it is not that of the cell.
    pub year: Option<i16>,
    /// The rule in words.
    pub rule: String,
    /// What to know of the registers.
    pub cautions: Vec<String>,
}

/// The status keys that a study's registers plan, with their rules.
///
/// # Errors
/// Registers that make one key by different words, years, joins or states; a key twice in one register.
pub fn planned(configs: &[AgreementsConfig]) -> Result<Vec<PlannedStatus>, Error> {
    let mut planned: Vec<(PlannedStatus, &StatusConfig)> = Vec::new();
    for config in configs {
        let year = config.in_force.as_ref().map(|year| *year.get_ref());
        let mut own = BTreeSet::new();
        for status in &config.status {
            let span = status.key.span();
            if !own.insert(status.key.get_ref()) {
                return Err(Error::study(
                    span,
                    format!("`{}` stands twice at one register", status.key.get_ref()),
                    "name each status key once",
                ));
            }
            let known = planned
                .iter_mut()
                .find(|(known, _)| known.key.get_ref() == status.key.get_ref());
            let Some((known, first)) = known else {
                let rule = format!("{} {}", status.meaning(year), status.rule(config));
                let key = status.key.clone();
                let cautions = config.cautions.clone();
                planned.push((
                    PlannedStatus {
                        key,
                        year,
                        rule,
                        cautions,
                    },
                    status,
                ));
                continue;
            };
            let is_same = known.year == year
                && first.words == status.words
                && first.join == status.join
                && first.state_code() == status.state_code();
            if !is_same {
                return Err(Error::study(
                    span,
                    format!("two registers make the key `{}` in different ways", status.key.get_ref()),
                    "give both the same `words`, `join`, `state` and `in_force`, or the keys different names",
                )
                .against(known.key.span()));
            }
            known.rule.push(' ');
            known.rule.push_str(&status.rule(config));
            for caution in &config.cautions {
                if !known.cautions.contains(caution) {
                    known.cautions.push(caution.clone());
                }
            }
        }
    }
    Ok(planned.into_iter().map(|(planned, _)| planned).collect())
}

impl PlannedStatus {
    /// Whether counts by some keys have what the status is made from.
    #[must_use]
    pub fn fits(&self, keys: &[String]) -> bool {
        let has = |key: &str| keys.iter().any(|own| own == key);
        has(PLACE) && (self.year.is_some() || has(YEAR) || has(PERIOD))
    }

    /// Adds the key to the counts that it can be made for, with its rule among their cautions.
    ///
    /// # Errors
    /// No counts have a place and a time; counts carry a key of that name themselves.
    pub fn offer(&self, outcomes: &mut [Outcome]) -> Result<(), Error> {
        let key = self.key.get_ref();
        let mut is_used = false;
        for outcome in outcomes.iter_mut() {
            if outcome.keys.contains(key) {
                return Err(Error::study(
                    self.key.span(),
                    format!("counts `{}` carry a key `{key}` themselves", outcome.name),
                    "take it out of the counts, or give the status key another name",
                ));
            }
            if self.fits(&outcome.keys) {
                outcome.keys.push(key.clone());
                for caution in std::iter::once(&self.rule).chain(&self.cautions) {
                    if !outcome.cautions.contains(caution) {
                        outcome.cautions.push(caution.clone());
                    }
                }
                is_used = true;
            }
        }
        if is_used {
            return Ok(());
        }
        Err(Error::study(
            self.key.span(),
            format!("no counts have a place and a time, from which `{key}` could be made"),
            "map `place` and `year` (or a date) of the counts; counts of one time alone need the year of the status: in_force = 2012",
        ))
    }
}
