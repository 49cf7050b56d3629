//! What a raw text means for a key, by one rule of its column.

use std::collections::BTreeMap;

use crate::cells::Groups;
use crate::error::Error;
use crate::ingest::{At, Record, Seen, UnlistedCodes, group_of};
use crate::stops::NOT_RECORDED;

/// One rule of a key, bound to its column.
pub(super) struct BoundRule {
    /// `None` for the same value in every row.
    pub(super) column: Option<usize>,
    /// Columns whose values are put after it.
    pub(super) with: Vec<usize>,
    pub(super) is: String,
    pub(super) codes: BTreeMap<String, String>,
    /// How many characters of a value count.
    pub(super) first: Option<usize>,
    pub(super) missing: Vec<String>,
    /// Whether another rule follows, which decides what this one does not list.
    pub(super) goes_on: bool,
    pub(super) seen: Seen<Meaning>,
}

/// What a raw text means for a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// The value of this code.
    Code(u32),
    /// The row is left out.
    LeftOut,
    /// The next rule decides.
    Next,
}

impl BoundRule {
    /// The value with those of further columns, where there are any.
    pub(super) fn joined(
        &self,
        at: &At<'_>,
        record: &impl Record,
    ) -> Result<Option<String>, Error> {
        let (Some(column), [_, ..]) = (self.column, self.with.as_slice()) else {
            return Ok(None);
        };
        let mut joined = at.text(record, column)?.trim().to_owned();
        if !self.is_missing(&joined) {
            for &column in &self.with {
                joined.push_str(", ");
                joined.push_str(at.text(record, column)?.trim());
            }
        }
        Ok(Some(joined))
    }

    /// What of a text counts.
    pub(super) fn part<'t>(&self, text: &'t str) -> &'t str {
        let Some(first) = self.first else {
            return text;
        };
        let text = text.trim_start();
        text.char_indices()
            .nth(first)
            .map_or(text, |(end, _)| &text[..end])
    }

    /// The value that the codes give a text, blanks around it set aside.
    fn coded(&self, text: &str) -> Option<&str> {
        let coded = self.codes.get(text).or_else(|| self.codes.get(text.trim()));
        coded.map(String::as_str)
    }

    fn is_missing(&self, text: &str) -> bool {
        self.missing
            .iter()
            .any(|word| word == text || word == text.trim())
    }

    /// The value of a key, without blanks around it: they would make two places of one. `None` where the next rule decides.
    pub(super) fn value<'r>(&'r self, text: &'r str) -> Option<&'r str> {
        match self.coded(text) {
            Some(value) => Some(value),
            None if self.goes_on => None,
            None if text.trim().is_empty() || self.is_missing(text) => Some(NOT_RECORDED),
            None => Some(text.trim()),
        }
    }

    /// The group of a text; `None` where it names none that is known.
    pub(super) fn group(
        &self,
        text: &str,
        (groups, unlisted): (&Groups, &mut UnlistedCodes),
        at: &At<'_>,
    ) -> Result<Option<String>, Error> {
        // What the study says of a raw code goes before the format.
        let said = groups.codes.contains_key(text) || groups.codes.contains_key(text.trim());
        if !said && self.coded(text).is_none() && (self.goes_on || self.is_missing(text)) {
            if !self.goes_on {
                unlisted.add(text);
            }
            return Ok(None);
        }
        let value = self.coded(text).filter(|_| !said).unwrap_or(text);
        let group = group_of(groups, at, value, self.column)?;
        if group.is_none() {
            unlisted.add(text);
        }
        Ok(group.map(str::to_owned))
    }
}
