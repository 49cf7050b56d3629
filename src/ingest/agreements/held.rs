//! The register held against a programme key that the counts carry.
//!
//! A study's counts may carry a programme key that somebody assigned. The two must agree: an assignment that contradicts
//! the register is an error.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::{Agreement, Register};
use crate::cells::CellTable;
use crate::error::{DataFault, Error};
use crate::stops::PLACE;

/// Name of the programme key of counts.
const PROGRAM: &str = "program";

impl Register {
    /// Holds the programme key of counts against the register; what stands in one of the two only comes back as notes for the ledger.
    ///
    /// A place is in the programme when one of its agreements was in force at some time in the year of the study;
    /// `ended` when it had agreements and all had ended before; otherwise it must be `none`. A place that the register
    /// does not know and whose key says so too is in agreement with it: pooled places cannot be checked further.
    ///
    /// # Errors
    /// The two contradict each other.
    pub fn check_program(&self, counts: &str, table: &CellTable) -> Result<Vec<String>, Error> {
        let (Some(_), Some(_)) = (table.position(PLACE), table.position(PROGRAM)) else {
            return Ok(Vec::new());
        };
        let Some(year) = self.year else {
            return Err(DataFault::new(
                &self.path,
                format!("counts `{counts}` carry a key `{PROGRAM}`, and the study does not say to which year it refers"),
                "add in_force = 2012 to [[agreements]], the year in which an agreement had to be in force; or make the key from the register with [[agreements.status]] and take it out of the counts",
            )
            .into());
        };
        let mut assigned: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for cell in table.cells() {
            let (place, program) = (table.value(cell, PLACE), table.value(cell, PROGRAM));
            assigned
                .entry(place.unwrap_or_default())
                .or_default()
                .insert(program.unwrap_or_default());
        }
        for (place, programs) in &assigned {
            let expected = self.condition(place, year);
            if let Some(found) = programs.iter().find(|program| **program != expected) {
                return Err(self.contradiction(counts, (place, year), (found, expected)));
            }
        }
        let listed: BTreeSet<&str> = self
            .agreements
            .iter()
            .map(|a| a.place.as_str())
            .filter(|place| !place.is_empty())
            .collect();
        Ok(listed.iter().filter(|place| !assigned.contains_key(**place)).map(|place| format!("{place}: stands in the register of agreements and not in counts `{counts}` by this name")).collect())
    }

    fn condition(&self, place: &str, year: i16) -> &str {
        let first = Date::new(year, 1, 1).ok();
        let last = Date::new(year, 12, 31).ok();
        let mut own = self
            .agreements
            .iter()
            .filter(|a| a.place == place)
            .peekable();
        if own.peek().is_none() {
            return &self.words.none;
        }
        let signed_by_then = |a: &&Agreement| {
            last.zip(a.begins)
                .is_some_and(|(last, first)| first <= last)
        };
        let mut signed = own.filter(signed_by_then).peekable();
        if signed.peek().is_none() {
            return &self.words.none;
        }
        let in_force = signed.any(|a| {
            a.ended
                .is_none_or(|ended| first.is_some_and(|first| ended >= first))
        });
        if in_force {
            &self.words.in_force
        } else {
            &self.words.ended
        }
    }

    fn contradiction(
        &self,
        counts: &str,
        (place, year): (&str, i16),
        (found, expected): (&str, &str),
    ) -> Error {
        let message = format!(
            "counts `{counts}` say program `{found}` for {place}, the agreements say `{expected}` (in force at some time in {year})"
        );
        let fault = DataFault::new(
            &self.path,
            message,
            "correct the program key of the counts, or the dates of the agreement",
        );
        match self.agreements.iter().find(|a| a.place == place) {
            Some(agreement) => fault.at_line(agreement.line).into(),
            None => fault.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn register(signed: &str, ended: Option<&str>) -> Register {
        let agreement = Agreement {
            place: "Pima".into(),
            begins: Some(signed.parse().unwrap()),
            ended: ended.map(|e| e.parse().unwrap()),
            ..Agreement::default()
        };
        Register {
            agreements: vec![agreement],
            ..Register::default()
        }
    }

    #[test]
    fn the_register_decides_between_in_force_ended_and_none() {
        let condition = |signed: &str, ended: Option<&str>| {
            register(signed, ended).condition("Pima", 2012).to_owned()
        };
        assert_eq!(condition("2008-03-10", None), "287(g)");
        assert_eq!(condition("2008-03-10", Some("2012-01-01")), "287(g)");
        assert_eq!(condition("2008-03-10", Some("2011-12-31")), "ended");
        assert_eq!(condition("2013-01-01", None), "none");
        assert_eq!(
            register("2008-03-10", None).condition("Pinal", 2012),
            "none"
        );
    }
}
