//! Published totals: the cells are there already; a request rolls them up or is refused.

use crate::cells::{CellTable, Tabulate, Tabulated, Tabulation};
use crate::error::Error;
use crate::ingest::PublishedCounts;

/// All `[[counts]]` of a study.
#[derive(Debug)]
pub struct Totals {
    counts: Vec<PublishedCounts>,
}

impl Totals {
    /// An engine over counts that were read and checked.
    #[must_use]
    pub fn new(counts: Vec<PublishedCounts>) -> Self {
        Self { counts }
    }

    fn one(&self, request: &Tabulation) -> Result<CellTable, Error> {
        let counts = self
            .counts
            .iter()
            .find(|counts| counts.outcome.name == request.counts);
        let counts = counts.ok_or_else(|| {
            Error::Internal(format!(
                "counts `{}` were asked for and never read",
                request.counts
            ))
        })?;
        counts.table.roll_up(&request.by, &request.only).ok_or_else(|| {
            let published = counts.table.keys().join(", ");
            let asked = request.by.join(", ");
            Error::Internal(format!("counts `{}` were asked for by {asked}; they are published by {published} and no other cross-tabulation is invented", request.counts))
        })
    }
}

impl Tabulate for Totals {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        Ok(Tabulated {
            tables: requests
                .iter()
                .map(|request| self.one(request))
                .collect::<Result<_, _>>()?,
            ledger: self
                .counts
                .iter()
                .map(|counts| counts.ledger.clone())
                .collect(),
            inputs: self
                .counts
                .iter()
                .map(|counts| counts.input.clone())
                .collect(),
            warnings: self
                .counts
                .iter()
                .flat_map(|counts| counts.warnings.clone())
                .collect(),
        })
    }
}
