//! Agreements become the register, and the register is held against the counts.
//!
//! A study's counts carry a programme key that somebody assigned. Where the study also brings the agreements
//! themselves, the two must agree: an assignment that contradicts the register is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::at::At;
use super::csv_file::CsvFile;
use super::layout::Layout;
use crate::cells::CellTable;
use crate::error::{DataFault, Error};
use crate::stops::{Input, PLACE, SourceLedger};
use crate::world::World;

/// Name of the programme key of counts.
const PROGRAM: &str = "program";

/// An `[[agreements]]` table of the study.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementsConfig {
    /// The CSV file, relative to the study.
    pub file: Spanned<String>,
    /// How the file is written, where it is not plain CSV in UTF-8.
    #[serde(default)]
    pub layout: Layout,
    /// Which columns hold what.
    pub columns: AgreementColumns,
    /// The calendar year to which the programme key refers: an agreement counts when it was in force at some time in it.
    pub in_force: Spanned<i16>,
    /// The programme key's words.
    #[serde(default)]
    pub words: ProgramWords,
}

/// Columns of a register of agreements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementColumns {
    state: String,
    /// The place that the agreement covers; blank for an agreement of a whole state, which is listed and not checked.
    place: String,
    level: String,
    agency: String,
    model: String,
    signed: String,
    ended: String,
}

/// The programme key's words for the three conditions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramWords {
    in_force: String,
    ended: String,
    none: String,
}

impl Default for ProgramWords {
    fn default() -> Self {
        Self {
            in_force: "287(g)".into(),
            ended: "ended".into(),
            none: "none".into(),
        }
    }
}

/// One agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// State.
    pub state: String,
    /// The place covered; empty for a whole state.
    pub place: String,
    /// `state`, `county` or `city`.
    pub level: String,
    /// The agency that signed.
    pub agency: String,
    /// Model of the agreement.
    pub model: String,
    /// First day.
    pub signed: Date,
    /// Last day, where known.
    pub ended: Option<Date>,
    #[serde(skip)]
    line: u64,
}

/// All agreements of a study.
#[derive(Debug, Clone, Default)]
pub struct Register {
    /// The agreements, in the order of the file.
    pub agreements: Vec<Agreement>,
    year: i16,
    words: ProgramWords,
    path: PathBuf,
}

/// Reads a register.
///
/// # Errors
/// A missing column, a date that is none, an agreement that ended before it was signed.
pub fn read_agreements(
    world: &World,
    path: &Path,
    config: &AgreementsConfig,
) -> Result<(Register, SourceLedger, Input), Error> {
    let mut file = CsvFile::open(world, path, &config.layout)?;
    let c = &config.columns;
    let columns = [
        &c.state, &c.place, &c.level, &c.agency, &c.model, &c.signed, &c.ended,
    ];
    let columns = columns
        .into_iter()
        .map(|name| file.column(name))
        .collect::<Result<Vec<_>, _>>()?;
    let mut agreements = Vec::new();
    let mut record = ByteRecord::new();
    while let Some(at) = file.next(&mut record)? {
        agreements.push(agreement(&at, &record, &columns)?);
    }
    let input = file.finish(config.file.get_ref(), "agreements".into())?;
    let ledger = SourceLedger {
        source: "agreements".into(),
        files: vec![config.file.get_ref().clone()],
        rows_in: input.rows.unwrap_or_default(),
        rows_kept: agreements.len() as u64,
        ..SourceLedger::default()
    };
    ledger.check()?;
    Ok((
        Register {
            agreements,
            year: *config.in_force.get_ref(),
            words: config.words.clone(),
            path: path.to_path_buf(),
        },
        ledger,
        input,
    ))
}

fn agreement(at: &At<'_>, record: &ByteRecord, columns: &[usize]) -> Result<Agreement, Error> {
    let text = |i: usize| at.text(record, columns[i]).map(|t| t.trim().to_owned());
    let date = |i: usize| -> Result<Option<Date>, Error> {
        let text = text(i)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|_| {
            at.fault_in(
                columns[i],
                format!("found `{text}`"),
                "a date is written YYYY-MM-DD",
            )
            .into()
        })
    };
    let signed = date(5)?.ok_or_else(|| {
        at.fault_in(
            columns[5],
            "found a blank",
            "every agreement has the date on which it was signed",
        )
    })?;
    let ended = date(6)?;
    if ended.is_some_and(|ended| ended < signed) {
        return Err(at
            .fault_in(
                columns[6],
                "the agreement ended before it was signed",
                "look for exchanged columns",
            )
            .into());
    }
    Ok(Agreement {
        state: text(0)?,
        place: text(1)?,
        level: text(2)?,
        agency: text(3)?,
        model: text(4)?,
        signed,
        ended,
        line: at.line(),
    })
}

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
        let mut assigned: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for cell in table.cells() {
            let (place, program) = (table.value(cell, PLACE), table.value(cell, PROGRAM));
            assigned
                .entry(place.unwrap_or_default())
                .or_default()
                .insert(program.unwrap_or_default());
        }
        for (place, programs) in &assigned {
            let expected = self.condition(place);
            if let Some(found) = programs.iter().find(|program| **program != expected) {
                return Err(self.contradiction(counts, place, (found, expected)));
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

    fn condition(&self, place: &str) -> &str {
        let first = Date::new(self.year, 1, 1).ok();
        let last = Date::new(self.year, 12, 31).ok();
        let mut own = self
            .agreements
            .iter()
            .filter(|a| a.place == place)
            .peekable();
        if own.peek().is_none() {
            return &self.words.none;
        }
        let signed_by_then = |a: &&Agreement| last.is_some_and(|last| a.signed <= last);
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

    fn contradiction(&self, counts: &str, place: &str, (found, expected): (&str, &str)) -> Error {
        let message = format!(
            "counts `{counts}` say program `{found}` for {place}, the agreements say `{expected}` (in force at some time in {})",
            self.year
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
            state: "AZ".into(),
            place: "Pima".into(),
            level: "county".into(),
            agency: "Sheriff".into(),
            model: "Jail".into(),
            signed: signed.parse().unwrap(),
            ended: ended.map(|e| e.parse().unwrap()),
            line: 2,
        };
        Register {
            agreements: vec![agreement],
            year: 2012,
            words: ProgramWords::default(),
            path: "a.csv".into(),
        }
    }

    #[test]
    fn the_register_decides_between_in_force_ended_and_none() {
        assert_eq!(register("2008-03-10", None).condition("Pima"), "287(g)");
        assert_eq!(
            register("2008-03-10", Some("2012-01-01")).condition("Pima"),
            "287(g)"
        );
        assert_eq!(
            register("2008-03-10", Some("2011-12-31")).condition("Pima"),
            "ended"
        );
        assert_eq!(register("2013-01-01", None).condition("Pima"), "none");
        assert_eq!(register("2008-03-10", None).condition("Pinal"), "none");
    }
}
