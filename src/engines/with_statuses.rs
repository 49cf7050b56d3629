//! Rows counted by keys that a register of agreements makes: by place and time first, and then by what these were.

use crate::cells::{CellTable, Only, Outcome, Tabulate, Tabulated, Tabulation};
use crate::error::Error;
use crate::ingest::Statuses;
use crate::stops::{PERIOD, PLACE, STATE, YEAR};

/// The keys from which a status is made.
const BASES: [&str; 4] = [STATE, PLACE, YEAR, PERIOD];

/// An engine whose counts get the status keys of a study. What is asked for without them passes through.
pub struct WithStatuses<'a> {
    /// Who counts.
    pub rows: &'a dyn Tabulate,
    /// The keys that are made.
    pub statuses: &'a Statuses,
    /// The counts, with their keys.
    pub outcomes: &'a [Outcome],
}

impl WithStatuses<'_> {
    /// The status keys that a request names.
    fn named(&self, request: &Tabulation) -> Vec<String> {
        let is_named = |key: &&str| {
            request.by.iter().any(|by| by == key) || request.only.keys().any(|only| only == *key)
        };
        let named = self.statuses.keys().filter(is_named);
        named.map(str::to_owned).collect()
    }

    /// The request by what the status keys are made from.
    fn by_place_and_time(&self, request: &Tabulation) -> Tabulation {
        let made = |key: &str| self.statuses.has(key);
        let mut by: Vec<String> = request
            .by
            .iter()
            .filter(|key| !made(key))
            .cloned()
            .collect();
        let own = self
            .outcomes
            .iter()
            .find(|outcome| outcome.name == request.counts)
            .map_or(&[][..], |outcome| &outcome.keys);
        for base in BASES {
            if own.iter().any(|key| key == base) && !by.iter().any(|key| key == base) {
                by.push(base.to_owned());
            }
        }
        Tabulation {
            counts: request.counts.clone(),
            by,
            only: restricted(&request.only, |key| !made(key)),
            of: request.of,
        }
    }

    fn with_statuses(
        &self,
        request: &Tabulation,
        named: &[String],
        table: &CellTable,
    ) -> Result<CellTable, Error> {
        let only = restricted(&request.only, |key| self.statuses.has(key));
        self.statuses
            .with_keys(table, named)?
            .roll_up(&request.by, &only)
            .ok_or_else(|| Error::Internal("a status key was lost, or a sum is too large".into()))
    }
}

fn restricted(only: &Only, is_kept: impl Fn(&str) -> bool) -> Only {
    let kept = only.0.iter().filter(|(key, _)| is_kept(key));
    Only(
        kept.map(|(key, allowed)| (key.clone(), allowed.clone()))
            .collect(),
    )
}

impl Tabulate for WithStatuses<'_> {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        let named: Vec<Vec<String>> = requests.iter().map(|request| self.named(request)).collect();
        let counted: Vec<Tabulation> = requests
            .iter()
            .zip(&named)
            .map(|(request, named)| {
                if named.is_empty() {
                    request.clone()
                } else {
                    self.by_place_and_time(request)
                }
            })
            .collect();
        let mut tabulated = self.rows.tabulate(&counted)?;
        for ((request, named), table) in requests.iter().zip(&named).zip(&mut tabulated.tables) {
            if !named.is_empty() {
                *table = self.with_statuses(request, named, table)?;
            }
        }
        Ok(tabulated)
    }
}
