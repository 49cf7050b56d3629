//! The account of the rows as it may be shown.

use serde::Serialize;

use super::{Disclosed, DisclosureConfig, Keeps};
use crate::stops::{Dropped, Input, SourceLedger, UNKNOWN_GROUP};

/// Rows of one source, as far as they may be shown: what is withheld is `None`, and the account was held together
/// before it was withheld.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// The source's name in the study.
    pub source: String,
    /// Its files, as the study names them.
    pub files: Vec<String>,
    /// Rows read.
    pub rows_in: Option<u64>,
    /// Rows dropped, by rule.
    pub dropped: Vec<DroppedRows>,
    /// Rows kept.
    pub rows_kept: Option<u64>,
    /// What was seen and kept.
    pub notes: Vec<String>,
}

/// Rows that one rule dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedRows {
    /// The rule, in the study's words.
    pub rule: String,
    /// How many rows, where that may be shown.
    pub rows: Option<u64>,
}

/// The account of one source. Of rows of persons a small number that a rule dropped is withheld, and with it the number
/// of rows read, which would give it back.
#[must_use]
pub fn account(
    ledger: &SourceLedger,
    config: DisclosureConfig,
    keeps: Keeps,
) -> Disclosed<Account> {
    let keeps_total = keeps.total || !ledger.of_persons;
    let keeps_unknown = keeps.unknown || !ledger.of_persons;
    let is_kept = |dropped: &Dropped| keeps_unknown || dropped.rule != UNKNOWN_GROUP;
    let minimum = if ledger.of_persons {
        config.smallest_shown()
    } else {
        0
    };
    let dropped: Vec<DroppedRows> = ledger
        .dropped
        .iter()
        .map(|dropped| DroppedRows {
            rule: dropped.rule.clone(),
            rows: Some(dropped.rows)
                .filter(|&rows| (rows == 0 || rows >= minimum) && is_kept(dropped)),
        })
        .collect();
    let is_whole = keeps_total && dropped.iter().all(|dropped| dropped.rows.is_some());
    Disclosed(Account {
        source: ledger.source.clone(),
        files: ledger.files.clone(),
        rows_in: Some(ledger.rows_in).filter(|_| is_whole),
        dropped,
        rows_kept: Some(ledger.rows_kept).filter(|_| keeps_total),
        notes: ledger.notes.clone(),
    })
}

/// The files as they may be shown: the rows of each only where the account states the rows of all.
#[must_use]
pub fn inputs(
    inputs: Vec<Input>,
    ledger: &[SourceLedger],
    accounts: &[Disclosed<Account>],
    config: DisclosureConfig,
) -> Vec<Input> {
    let is_shown = |input: &Input| {
        let of_persons = ledger
            .iter()
            .zip(accounts)
            .filter(|(ledger, _)| ledger.of_persons && config.smallest_shown() > 0)
            .find(|(ledger, _)| ledger.files.contains(&input.file));
        of_persons
            .is_none_or(|(ledger, account)| account.rows_in.is_some() && ledger.files.len() == 1)
    };
    let shown = |input: Input| Input {
        rows: input.rows.filter(|_| is_shown(&input)),
        ..input
    };
    inputs.into_iter().map(shown).collect()
}
