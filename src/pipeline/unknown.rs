//! Counts of unknown group beside the others, where an analysis asks for them: they are counts of persons too.

use std::collections::BTreeMap;

use crate::cells::{CellTable, Rows, Tabulation};
use crate::error::Error;
use crate::study::Study;

/// The requests for counts of unknown group at the finest grain; none where no analysis asks for any.
pub(super) fn finest_requests(study: &Study, known: &[Tabulation]) -> Vec<Tabulation> {
    if !study.setting.groups.counts_unknown {
        return Vec::new();
    }
    known
        .iter()
        .map(|request| Tabulation {
            of: Rows::Unknown,
            ..request.clone()
        })
        .collect()
}

/// The counts of known and of unknown group in one table. In rows a group of `zeros` that stands nowhere in a place was
/// counted there as none.
///
/// # Errors
/// A sum above the largest integer.
pub(super) fn beside(
    known: &BTreeMap<String, CellTable>,
    unknown: &BTreeMap<String, CellTable>,
    zeros: &[String],
) -> Result<BTreeMap<String, CellTable>, Error> {
    let with = |(name, table): (&String, &CellTable)| {
        let own = unknown.get(name).filter(|own| !own.cells().is_empty());
        let Some(own) = own else {
            return Ok((name.clone(), table.clone()));
        };
        let cells = table.cells().iter().chain(own.cells()).cloned();
        let both = CellTable::new(table.keys().to_vec(), cells);
        let both = both.ok_or_else(|| {
            Error::Internal("counts of known and unknown group exceed the largest integer".into())
        })?;
        Ok((name.clone(), both.with_zeros(zeros)))
    };
    known.iter().map(with).collect()
}
