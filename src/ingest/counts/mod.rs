//! Published totals: counts that enter at the waist.

mod columns;
mod config;
mod reading;

use std::collections::BTreeSet;

use super::at::At;
use crate::cells::{CellTable, Coded, Groups, Outcome};
use crate::error::{Error, nearest_hint};
use crate::stops::{Input, SourceLedger};
use crate::warning::Warning;

pub use config::{CountsConfig, CountsFragment, EventsAre, Lines, WideCounts};
pub use reading::read_counts;

/// Published counts, read and checked.
#[derive(Debug)]
pub struct PublishedCounts {
    /// What they are about.
    pub outcome: Outcome,
    /// The counts by cell.
    pub table: CellTable,
    /// The counts of unknown group by cell; without any, unless an analysis asks for them.
    pub unknown: CellTable,
    /// Where the rows went.
    pub ledger: SourceLedger,
    /// The file.
    pub input: Input,
    /// What a reader must know.
    pub warnings: Vec<Warning>,
}

/// Codes that no group has, as they are spelled, for the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct UnlistedCodes(BTreeSet<String>);

/// Codes that a remark lists; a file with more is mapped by its wrong column.
const MOST_CODES: usize = 20;

impl UnlistedCodes {
    /// Notes a code down: of many the first in byte order stay, in whatever order they come.
    pub(crate) fn add(&mut self, raw: &str) {
        let is_full = self.0.len() > MOST_CODES;
        let is_late = is_full && self.0.last().is_some_and(|last| raw >= last.as_str());
        if !is_late && !self.0.contains(raw) {
            self.0.insert(raw.to_owned());
            if is_full {
                self.0.pop_last();
            }
        }
    }

    /// What another part of the same source found.
    pub(crate) fn join(&mut self, other: &Self) {
        other.0.iter().for_each(|raw| self.add(raw));
    }

    /// The remark; `None` where every code was listed.
    pub(crate) fn note(&self) -> Option<String> {
        let quoted = |raw: &String| super::quoted_or_blank(raw);
        let shown: Vec<String> = self.0.iter().take(MOST_CODES).map(quoted).collect();
        let more = if self.0.len() > MOST_CODES {
            " and more"
        } else {
            ""
        };
        (!shown.is_empty()).then(|| {
            format!(
                "left out, as no group of the study: {}{more}",
                shown.join(", ")
            )
        })
    }
}

/// The group of a row; `None` when the study leaves rows of unknown group out.
///
/// # Errors
/// A code that the study does not know, when it says that this is an error.
pub(crate) fn group_of<'a>(
    groups: &'a Groups,
    at: &At<'_>,
    raw: &'a str,
    column: Option<usize>,
) -> Result<Option<&'a str>, Error> {
    match groups.classify(raw) {
        Coded::Group(group) => Ok(Some(group)),
        Coded::Missing => Ok(None),
        Coded::Refused => {
            let known = groups.known();
            let words = known.iter().chain(groups.codes.keys()).map(String::as_str);
            let hint = format!(
                "list it in [groups] codes or labels, or say there what an unlisted code means: unknown = \"missing\" or \"other\"; {}",
                nearest_hint(raw, words)
            );
            let message = format!(
                "found {}, which is no group of the study",
                super::quoted_or_blank(raw)
            );
            Err(match column {
                Some(column) => at.fault_in(column, message, hint),
                None => at.fault(message, hint),
            }
            .into())
        }
    }
}
