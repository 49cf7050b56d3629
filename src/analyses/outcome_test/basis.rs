//! Which searches an outcome test looks at, and why searches were made.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;

use super::super::bands::wilson;
use super::super::missing::{MissingOptions, Panel};
use super::super::noise::refused;
use super::super::{Common, Setting};
use super::{MixedBasis, OutcomeTestOptions, SearchRule};
use crate::cells::{Absent, Cell, CellTable, GROUP, Groups, OneOrMany, Only, Outcome, Tabulation};
use crate::error::Error;
use crate::findings::{Comparison, CountRef, Counted, Finding, Line, Part, glossary};
use crate::stats::Level;
use crate::stats::proportion::Proportion;
use crate::stops::basis::{self, KINDS, Mixed};
use crate::stops::{SEARCH_BASIS, SEARCHES};
use crate::warning::{self, Warning};

impl OutcomeTestOptions {
    /// The values of `search_basis` that count; `None` where all searches do.
    pub(super) fn rule(&self) -> Option<Only> {
        let mixed = match self.mixed_basis.as_ref().map(|mixed| *mixed.get_ref()) {
            Some(MixedBasis::Counted) => Mixed::Counted,
            Some(MixedBasis::LeftOut) | None => Mixed::LeftOut,
        };
        let values = match self.searches.get_ref() {
            SearchRule::All => return None,
            SearchRule::Consent => basis::by_consent(mixed),
            SearchRule::Discretionary => basis::with_discretion(mixed),
        };
        let values = values.iter().map(|&value| value.to_owned()).collect();
        let allowed = (SEARCH_BASIS.to_owned(), OneOrMany::Many(values));
        Some(Only(BTreeMap::from([allowed])))
    }

    /// `discretionary searches`: what the hits are counted out of, under the rule.
    pub(super) fn trials_words(&self, outcome: &Outcome) -> String {
        let trials = outcome.trials.as_deref().unwrap_or_default();
        match self.searches.get_ref() {
            SearchRule::All => trials.to_owned(),
            SearchRule::Consent => format!("{trials} by consent"),
            SearchRule::Discretionary => format!("discretionary {trials}"),
        }
    }

    /// Says the rule in the frame, from which captions and tables take it.
    pub(super) fn describe(&self, finding: &mut Finding, outcome: &Outcome) {
        let bases = match self.searches.get_ref() {
            SearchRule::All => return,
            SearchRule::Consent => "consent",
            SearchRule::Discretionary => "consent, probable cause, plain view, K9",
        };
        let mixed = match self.mixed_basis.as_ref().map(|mixed| *mixed.get_ref()) {
            Some(MixedBasis::Counted) => "searches that have another basis too are counted",
            _ => "searches that have another basis too are left out",
        };
        let rule = format!("{}: {bases}; {mixed}", self.trials_words(outcome));
        let only = std::mem::take(&mut finding.frame.only);
        finding.frame.only = [only, rule]
            .into_iter()
            .filter(|words| !words.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
        finding.frame.trials = Some(self.trials_words(outcome));
    }

    /// Holds the rule against the counts.
    pub(super) fn check_rule(&self, common: &Common<'_>) -> Result<(), Error> {
        let all = *self.searches.get_ref() == SearchRule::All;
        match (&self.mixed_basis, all) {
            (Some(mixed), true) => {
                return Err(Error::study(
                    mixed.span(),
                    "`mixed_basis` says nothing where all searches are looked at",
                    "take it out, or say searches = \"discretionary\" or \"consent\"",
                ));
            }
            (None, false) => {
                return Err(Error::study(
                    self.searches.span(),
                    "nothing says what is done with searches of several bases",
                    "add mixed_basis = \"counted\" (one basis that counts is enough) or \"left_out\": published work ranks them in opposite ways",
                ));
            }
            _ => {}
        }
        let by_hand = common.only.keys().any(|key| key == SEARCH_BASIS);
        if !all && by_hand {
            return Err(Error::study(
                self.searches.span(),
                format!("`only` restricts `{SEARCH_BASIS}`, and so does the rule"),
                "say it once: by searches = \"...\", or by `only` with searches = \"all\"",
            ));
        }
        if all || common.outcome.has_key(SEARCH_BASIS) {
            return Ok(());
        }
        let (why, hint) = match common.outcome.absent {
            Absent::Unknown => (
                "were published without the basis of the search, so they cannot be split",
                "say searches = \"all\", or name counts that have a key `search_basis`",
            ),
            Absent::Zero => (
                "do not say why a search was made",
                "name the column under [stops.columns], search_basis = \"...\", or say searches = \"all\"",
            ),
        };
        let message = format!("counts `{}` {why}", common.outcome.name);
        Err(Error::study(self.searches.span(), message, hint))
    }

    /// Searches under a rule are set beside all stops, which only rows can be.
    pub(super) fn check_search_counts(
        &self,
        name: &Spanned<String>,
        searches: &Common<'_>,
    ) -> Result<(), Error> {
        if searches.outcome.absent == Absent::Zero && searches.outcome.has_key(SEARCH_BASIS) {
            return Ok(());
        }
        Err(Error::study(
            name.span(),
            format!(
                "counts `{}` cannot be told by the basis of the search, out of all stops",
                searches.outcome.name
            ),
            "take `search_counts` out, or say searches = \"all\"",
        ))
    }

    /// Asks by the basis of the search too, where a rule needs it.
    pub(super) fn by_basis<'c, 's>(&self, common: &'c mut Common<'s>) -> &'c Common<'s> {
        let is_there = common.by.iter().any(|key| key == SEARCH_BASIS);
        if self.rule().is_some() && !is_there {
            common.by.push(SEARCH_BASIS.to_owned());
        }
        common
    }

    /// The searches whose bases are shown: those of rows, under a rule.
    pub(super) fn kinds_of(&self, setting: &Setting) -> Option<String> {
        self.rule()?;
        let mut outcomes = setting.outcomes.iter();
        let searches = outcomes.find(|outcome| outcome.name == SEARCHES)?;
        let is_of_rows = searches.absent == Absent::Zero && searches.has_key(SEARCH_BASIS);
        is_of_rows.then(|| searches.name.clone())
    }

    /// The request for them, under the restriction of the study.
    pub(super) fn kinds_request(&self, setting: &Setting) -> Result<Option<Tabulation>, Error> {
        let Some(name) = self.kinds_of(setting) else {
            return Ok(None);
        };
        let name = Spanned::new(self.counts.span(), name);
        let mut common = self.searches(&name).check(setting)?;
        Ok(self
            .by_basis(&mut common)
            .tabulations(false)
            .into_iter()
            .next())
    }

    /// The tables of the searches that count.
    ///
    /// # Errors
    /// Published counts with a basis that no rule knows; no search that counts.
    pub(super) fn under_rule(
        &self,
        tables: &[CellTable],
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<CellTable>, Error> {
        let Some(only) = self.rule() else {
            return Ok(tables.to_vec());
        };
        let found = tables.iter().flat_map(|table| table.distinct(SEARCH_BASIS));
        if let Some(odd) = found.into_iter().find(|value| !basis::is_value(value)) {
            return Err(Error::study(
                self.searches.span(),
                format!("`{odd}` is no basis of a search that a rule of discretion knows"),
                "give the key `search_basis` the codes that lead to the bases of `evenhand explain stops`",
            ));
        }
        let too_large = || Error::Internal("a sum of counts exceeds the largest integer".into());
        let searches = |table: &CellTable| -> u64 {
            let trials = table.cells().iter().filter_map(|cell| cell.trials);
            trials.fold(0, u64::saturating_add)
        };
        let kept = tables
            .iter()
            .map(|table| table.roll_up(table.keys(), &only).ok_or_else(too_large))
            .collect::<Result<Vec<_>, _>>()?;
        let (before, after) = (&tables[0], &kept[0]);
        if searches(after) == 0 {
            return Err(Error::study(
                self.searches.span(),
                "no search has a basis that counts under this rule",
                "look at the bases of the file: `codes` under [stops.columns] search_basis say what they mean",
            ));
        }
        if searches(before) == searches(after) {
            warning::add(warnings, Warning::RuleLeavesNothingOut);
        }
        Ok(kept)
    }
}

/// A panel asks for the counts as they are: beside a rule it would judge other searches than the finding is about.
pub(super) fn no_panel(asked: &Spanned<Panel>, rule: &Only) -> Error {
    let values = rule.0.values().flat_map(OneOrMany::values);
    let quoted: Vec<String> = values.map(|value| format!("\"{value}\"")).collect();
    MissingOptions::no_panel(
        asked,
        "it would be of all searches, and the rule looks at some of them",
        &format!(
            "ask for [[missing]] of the same counts with only = {{ {SEARCH_BASIS} = [{}] }}, of these the values that occur, or say searches = \"all\"",
            quoted.join(", ")
        ),
    )
}

/// Of the searches of each group, how many were of each kind of basis. Kinds of which there is none are left out.
pub(super) fn shares(
    table: &CellTable,
    counts: &str,
    (groups, level): (&Groups, Level),
) -> Result<Vec<Line>, Error> {
    let keys: Arc<[String]> = table.keys().into();
    let of = |group: &str, values: Option<&[&str]>| -> (u64, CountRef) {
        let cells: Vec<&Cell> = table
            .cells()
            .iter()
            .filter(|cell| table.value(cell, GROUP) == Some(group))
            .filter(|cell| {
                let basis = table.value(cell, SEARCH_BASIS).unwrap_or_default();
                values.is_none_or(|values| values.contains(&basis))
            })
            .collect();
        let count = cells.iter().map(|cell| cell.events).sum();
        let keys_of: BTreeSet<Vec<String>> = cells.iter().map(|cell| cell.key.clone()).collect();
        let rests_on = CountRef {
            counts: counts.to_owned(),
            part: Part::Events,
            keys: Arc::clone(&keys),
            cells: Arc::new(keys_of),
            count,
        };
        (count, rests_on)
    };
    let mut lines = Vec::new();
    for (kind, values) in KINDS {
        if groups.shown().all(|group| of(group, Some(values)).0 == 0) {
            continue;
        }
        for group in groups.shown() {
            let ((events, own), (trials, all)) = (of(group, Some(values)), of(group, None));
            let at = [(SEARCH_BASIS.to_owned(), kind.to_owned())];
            let label = groups.label(group);
            let mut line = Line::new(&at, label, Comparison::None, glossary::SHARE_OF_SEARCHES);
            let proportion = Proportion::new(events, trials).map_err(refused)?;
            line.estimate = proportion.estimate();
            (line.events, line.trials) = (Some(events), Some(trials));
            line.counted = Some(Counted {
                events: counts.to_owned(),
                trials: Some(counts.to_owned()),
            });
            line.counting = wilson(&proportion, level);
            if line.estimate.is_none() {
                line.warn(Warning::EmptyDenominator);
            }
            line.rests_on = vec![own, all];
            lines.push(line);
        }
    }
    Ok(lines)
}
