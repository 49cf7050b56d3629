//! Published totals: the cells are there already; a request rolls them up or is refused.

use std::path::Path;

use crate::cells::{CellTable, Rows, Tabulate, Tabulated, Tabulation};
use crate::error::{DataFault, Error};
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
        let table = match request.of {
            Rows::Known => &counts.table,
            Rows::Unknown => &counts.unknown,
        };
        if let Some(table) = table.roll_up(&request.by, &request.only) {
            return Ok(table);
        }
        let is_published = |key: &String| counts.table.position(key).is_some();
        if request.by.iter().all(is_published) {
            return Err(DataFault::new(
                Path::new(&counts.input.file),
                format!(
                    "the counts `{}` add up to more than the largest integer, {}",
                    request.counts,
                    u64::MAX
                ),
                "look for a number with too many digits",
            )
            .into());
        }
        let published = counts.table.keys().join(", ");
        let asked = request.by.join(", ");
        Err(Error::Internal(format!(
            "counts `{}` were asked for by {asked}; they are published by {published} and no other cross-tabulation is invented",
            request.counts
        )))
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
            ..Tabulated::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::{Absent, Cell, GROUP, Only, Outcome};
    use crate::stops::{Input, SourceLedger};

    fn totals(stops: [u64; 2]) -> Totals {
        let keys = vec!["place".to_owned(), GROUP.to_owned()];
        let cells = ["Alpha", "Beta"].into_iter().zip(stops);
        let cells = cells.map(|(place, events)| Cell {
            key: vec![place.into(), "white".into()],
            events,
            trials: None,
        });
        Totals::new(vec![PublishedCounts {
            table: CellTable::new(keys.clone(), cells).unwrap(),
            unknown: CellTable::new(keys.clone(), []).unwrap(),
            outcome: Outcome {
                name: "stops".into(),
                events: "stops".into(),
                trials: None,
                unit: "stop".into(),
                annual_average: false,
                years: None,
                note: None,
                cautions: Vec::new(),
                keys,
                keys_on_request: Vec::new(),
                by_officer: false,
                clock: false,
                daylight: false,
                covered: crate::cells::Covered::All,
                absent: Absent::Unknown,
                files: vec!["stops.csv".into()],
            },
            ledger: SourceLedger::default(),
            input: Input {
                file: "stops.csv".into(),
                sha256: String::new(),
                rows: Some(2),
                used_for: String::new(),
            },
            warnings: Vec::new(),
        }])
    }

    fn by(key: &str) -> Tabulation {
        Tabulation {
            counts: "stops".into(),
            by: vec![key.into()],
            only: Only::default(),
            of: Rows::Known,
        }
    }

    #[test]
    fn a_sum_beyond_the_largest_integer_is_a_fault_of_the_file() {
        assert!(totals([1, 2]).tabulate(&[by(GROUP)]).is_ok());
        let error = totals([u64::MAX, 1]).tabulate(&[by(GROUP)]).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        assert!(
            error
                .to_string()
                .starts_with("stops.csv: the counts `stops` add up to more"),
            "{error}"
        );
    }

    #[test]
    fn a_key_that_was_not_published_is_never_asked_for() {
        let error = totals([1, 2]).tabulate(&[by("officer")]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("no other cross-tabulation"));
    }
}
