//! A file of agreements, row by row. Spellings become kinds and levels; what leads nowhere stops with its line.

use std::path::Path;

use csv::ByteRecord;
use jiff::civil::Date;

use super::super::at::At;
use super::super::csv_file::{CsvFile, quoted_or_blank};
use super::super::row_filter::CompiledFilter;
use super::config::{AgreementsConfig, ColumnName, DateRule, UndatedRule};
use super::kinds::{self, Kind, Level};
use super::{Agreement, Register, duplicates, places, states};
use crate::error::{DataFault, Error};
use crate::number::count;
use crate::stops::{Dropped, Input, SourceLedger};
use crate::world::World;

/// Years in which an agreement may lie; a date outside is misspelt.
const YEARS: std::ops::RangeInclusive<i16> = 1980..=2100;

/// Reads a register; the table must have its format in it ([`AgreementsConfig::with_format`]).
///
/// # Errors
/// A missing column, a date that is none, an agreement that ended before it was signed, a spelling that is not known, an
/// agency of `same` that is not there.
pub fn read_agreements(
    world: &World,
    path: &Path,
    config: &AgreementsConfig,
) -> Result<(Register, SourceLedger, Input), Error> {
    let layout = config.layout.clone().unwrap_or_default();
    let mut file = CsvFile::open(world, path, &layout)?;
    let reader = Reader::new(config, &file)?;
    let filters = config
        .filter
        .iter()
        .map(|filter| CompiledFilter::new(filter, &file))
        .collect::<Result<Vec<_>, _>>()?;
    let mut filtered: Vec<Dropped> = config
        .filter
        .iter()
        .map(|filter| Dropped {
            rule: filter.drop.clone(),
            rows: 0,
        })
        .collect();
    let (mut read, mut blank) = (Vec::new(), 0);
    let mut record = ByteRecord::new();
    'rows: while let Some(at) = file.next(&mut record)? {
        if reader.is_blank(&at, &record)? {
            blank += 1;
            continue;
        }
        for (filter, dropped) in filters.iter().zip(&mut filtered) {
            if filter.drops(&at, &record)? {
                dropped.rows += 1;
                continue 'rows;
            }
        }
        read.push(reader.agreement(&at, &record)?);
    }
    let input = file.finish(config.file.get_ref(), "agreements".into())?;
    let (read, twice) = duplicates::without_repeats(read);
    let (agreements, merged) = duplicates::merged(read, &config.same)?;
    // A rule that fits no row is named only where the study has written it.
    let own = [
        ("blank row", blank),
        ("listed twice exactly", twice),
        ("the same agreement, as the study says", merged),
    ];
    let own = own.into_iter().filter(|(_, rows)| *rows > 0);
    let dropped = filtered.into_iter().chain(own.map(|(rule, rows)| Dropped {
        rule: rule.into(),
        rows,
    }));
    let mut ledger = SourceLedger {
        source: "agreements".into(),
        files: vec![config.file.get_ref().clone()],
        rows_in: input.rows.unwrap_or_default(),
        rows_kept: agreements.len() as u64,
        dropped: dropped.collect(),
        ..SourceLedger::default()
    };
    ledger.check()?;
    ledger.notes.extend(reader.lacking());
    ledger.notes.extend(undated_note(&agreements));
    ledger.notes.extend(seen_before_note(&agreements));
    ledger.notes.extend(duplicates::suspected(&agreements));
    let register = Register {
        agreements,
        file: config.file.get_ref().clone(),
        year: config.in_force.as_ref().map(|year| *year.get_ref()),
        words: config.words.clone().unwrap_or_default(),
        path: path.to_path_buf(),
    };
    Ok((register, ledger, input))
}

fn undated_note(agreements: &[Agreement]) -> Option<String> {
    let undated = agreements.iter().filter(|a| a.begins.is_none()).count() as u64;
    (undated > 0).then(|| {
        format!(
            "{} agreements kept without a date: when they began is not known",
            count(undated)
        )
    })
}

fn seen_before_note(agreements: &[Agreement]) -> Option<String> {
    let is_before = |a: &&Agreement| {
        let dates = a.first_seen.zip(a.signed);
        dates.is_some_and(|(seen, signed)| seen < signed)
    };
    let seen = agreements.iter().filter(is_before).count() as u64;
    (seen > 0).then(|| {
        format!(
            "{} agreements were seen on a list before the day on which they are said to be signed",
            count(seen)
        )
    })
}

/// The table bound to the columns of a file.
struct Reader<'a> {
    config: &'a AgreementsConfig,
    columns: Vec<Option<usize>>,
    lacking: Vec<String>,
    as_of: Option<Date>,
    is_dated: bool,
}

impl<'a> Reader<'a> {
    fn new(config: &'a AgreementsConfig, file: &CsvFile) -> Result<Self, Error> {
        let mut lacking = Vec::new();
        let mut columns = Vec::new();
        for name in ColumnName::ALL {
            let Some(column) = config.columns.named(name) else {
                columns.push(None);
                continue;
            };
            if config.may_lack.contains(&name) && !file.has(column.get_ref()) {
                lacking.push(column.get_ref().clone());
                columns.push(None);
            } else {
                columns.push(Some(file.column(column.get_ref())?));
            }
        }
        let mut reader = Self {
            config,
            columns,
            lacking,
            as_of: config.as_of()?,
            is_dated: true,
        };
        reader.is_dated = match config.date() {
            DateRule::Signed => reader.at(ColumnName::Signed).is_some(),
            DateRule::FirstSeen => {
                reader.at(ColumnName::FirstSeen).is_some() || reader.as_of.is_some()
            }
            DateRule::Began => [ColumnName::Began, ColumnName::BeganYear]
                .into_iter()
                .any(|name| reader.at(name).is_some()),
        };
        if !reader.is_dated && config.undated() == UndatedRule::Error {
            // The column that is missing says which one it is.
            let name = match config.date() {
                DateRule::Signed => ColumnName::Signed,
                DateRule::FirstSeen => ColumnName::FirstSeen,
                DateRule::Began => ColumnName::Began,
            };
            if let Some(column) = config.columns.named(name) {
                file.column(column.get_ref())?;
            }
        }
        Ok(reader)
    }

    fn at(&self, name: ColumnName) -> Option<usize> {
        let position = ColumnName::ALL.iter().position(|known| *known == name);
        position.and_then(|position| self.columns[position])
    }

    /// Columns that the format has and this file has not.
    fn lacking(&self) -> Option<String> {
        (!self.lacking.is_empty()).then(|| {
            format!(
                "the file has no column {}: what it would say is not known",
                self.lacking.join(", ")
            )
        })
    }

    /// A field without the blanks around it; what only stands for a blank is one.
    fn text<'r>(
        &self,
        at: &At<'_>,
        record: &'r ByteRecord,
        name: ColumnName,
    ) -> Result<&'r str, Error> {
        let Some(column) = self.at(name) else {
            return Ok("");
        };
        let text = at.text(record, column)?.trim();
        let is_blank = self.config.blanks.iter().any(|blank| blank == text);
        Ok(if is_blank { "" } else { text })
    }

    fn is_blank(&self, at: &At<'_>, record: &ByteRecord) -> Result<bool, Error> {
        for column in 0..record.len() {
            let text = at.text(record, column)?.trim();
            if !text.is_empty() && !self.config.blanks.iter().any(|blank| blank == text) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn date(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        name: ColumnName,
    ) -> Result<Option<Date>, Error> {
        let text = self.text(at, record, name)?;
        if text.is_empty() {
            return Ok(None);
        }
        let is_odd = |day: &Date| !YEARS.contains(&day.year());
        let layouts = &self.config.date_layouts;
        let corrected = self.config.dates.get(text);
        let found = if let Some(day) = corrected {
            day.parse().ok()
        } else if layouts.is_empty() {
            text.parse().ok()
        } else {
            let read = layouts
                .iter()
                .filter_map(|layout| Date::strptime(layout, text).ok());
            let mut days: Vec<Date> = read.collect();
            days.sort();
            days.dedup();
            // What one layout reads as the year 25 another may read as 2025.
            if days.iter().any(|day| !is_odd(day)) {
                days.retain(|day| !is_odd(day));
            }
            if let [first, second, ..] = days.as_slice() {
                let message = format!(
                    "found `{text}`, which is {first} by one of date_layouts and {second} by another"
                );
                let hint =
                    "day and month cannot be told apart here: name the one layout that is right";
                let column = self.at(name).unwrap_or_default();
                return Err(at.fault_in(column, message, hint).into());
            }
            days.first().copied()
        };
        let column = self.at(name).unwrap_or_default();
        if found.as_ref().is_some_and(is_odd) {
            let hint = format!(
                "no agreement is of that year: correct it in the file, or say which day it is: dates = {{ \"{text}\" = \"2025-01-31\" }}"
            );
            return Err(at.fault_in(column, format!("found `{text}`"), hint).into());
        }
        if found.is_some() {
            return Ok(found);
        }
        let hint = if layouts.is_empty() {
            "a date is written YYYY-MM-DD".to_owned()
        } else {
            format!(
                "a date is written like one of {}; say others in date_layouts",
                layouts.join(", ")
            )
        };
        Err(at.fault_in(column, format!("found `{text}`"), hint).into())
    }

    /// The first day of a month that two columns give.
    fn month(&self, at: &At<'_>, record: &ByteRecord) -> Result<Option<Date>, Error> {
        let year = self.text(at, record, ColumnName::BeganYear)?;
        let month = self.text(at, record, ColumnName::BeganMonth)?;
        if year.is_empty() && month.is_empty() {
            return Ok(None);
        }
        let found = year
            .parse()
            .ok()
            .zip(month.parse().ok())
            .and_then(|(year, month)| Date::new(year, month, 1).ok())
            .filter(|day| YEARS.contains(&day.year()));
        found.map(Some).ok_or_else(|| {
            let column = self.at(ColumnName::BeganMonth).unwrap_or_default();
            let message = format!(
                "found year {} and month {}",
                quoted_or_blank(year),
                quoted_or_blank(month)
            );
            at.fault_in(
                column,
                message,
                "a year has four digits, a month is 1 to 12",
            )
            .into()
        })
    }

    fn kind(&self, at: &At<'_>, record: &ByteRecord) -> Result<Option<Kind>, Error> {
        let Some(column) = self.at(ColumnName::Model) else {
            return Ok(self.config.kind);
        };
        let text = self.text(at, record, ColumnName::Model)?;
        let kind = kinds::spelled(text, &self.config.kinds);
        if kind.is_none() && self.config.reads_kinds() {
            return Err(kinds::unknown(at, column, text, &self.config.kinds).into());
        }
        Ok(kind)
    }

    fn level(&self, at: &At<'_>, record: &ByteRecord) -> Result<Level, Error> {
        let Some(column) = self.at(ColumnName::Level) else {
            return Ok(self.config.level.unwrap_or(Level::NotRecorded));
        };
        let text = self.text(at, record, ColumnName::Level)?;
        match kinds::spelled(text, &self.config.levels) {
            Some(level) => Ok(level),
            None if self.config.reads_levels() => {
                Err(kinds::unknown(at, column, text, &self.config.levels).into())
            }
            None => Ok(Level::NotRecorded),
        }
    }

    fn state(&self, at: &At<'_>, record: &ByteRecord) -> Result<Option<String>, Error> {
        let text = self.text(at, record, ColumnName::State)?;
        let code = self.config.states.get(text).cloned();
        let code = code.or_else(|| states::code(text).map(str::to_owned));
        if let (None, Some(column), true) = (
            &code,
            self.at(ColumnName::State),
            self.config.reads_states(),
        ) {
            let hint = "say which one it is: states = { \"spelling\" = \"AZ\" }";
            let message = format!("found {}, which is no state", quoted_or_blank(text));
            return Err(at.fault_in(column, message, hint).into());
        }
        Ok(code)
    }

    fn agreement(&self, at: &At<'_>, record: &ByteRecord) -> Result<Agreement, Error> {
        let text = |name| self.text(at, record, name).map(str::to_owned);
        let date = |name| self.date(at, record, name);
        let ended = self.text(at, record, ColumnName::Ended)?;
        let is_open = !ended.is_empty() && self.config.open.iter().any(|open| open == ended);
        let place = text(ColumnName::Place)?;
        let state_code = self.state(at, record)?;
        let mut agreement = Agreement {
            state: text(ColumnName::State)?,
            state_code,
            places: self.several(&place),
            place,
            counties: Vec::new(),
            level: text(ColumnName::Level)?,
            signed_by: self.level(at, record)?,
            agency: text(ColumnName::Agency)?,
            model: match (self.at(ColumnName::Model), self.config.kind) {
                (None, Some(kind)) => kind.aloud().to_owned(),
                _ => text(ColumnName::Model)?,
            },
            kind: self.kind(at, record)?,
            signed: date(ColumnName::Signed)?,
            begins: None,
            ended: if is_open {
                None
            } else {
                date(ColumnName::Ended)?
            },
            is_open,
            first_seen: date(ColumnName::FirstSeen)?.or(self.as_of),
            last_seen: date(ColumnName::LastSeen)?.or(self.as_of),
            evidence_from: date(ColumnName::EvidenceFrom)?,
            evidence_to: date(ColumnName::EvidenceTo)?,
            ori: text(ColumnName::Ori)?,
            line: at.line(),
        };
        for code in self.several(self.text(at, record, ColumnName::Fips)?) {
            agreement.counties.push(self.county(at, &code)?);
        }
        agreement.begins = match self.config.date() {
            DateRule::Signed => agreement.signed,
            DateRule::FirstSeen => agreement.first_seen,
            DateRule::Began => {
                let day = date(ColumnName::Began)?;
                day.or(self.month(at, record)?)
            }
        };
        self.check(at, &agreement)?;
        Ok(agreement)
    }

    /// The federal code of a county in five digits; a spreadsheet takes away a zero at its head.
    fn county(&self, at: &At<'_>, code: &str) -> Result<String, Error> {
        places::county(code).ok_or_else(|| {
            let column = self.at(ColumnName::Fips).unwrap_or_default();
            let hint = "the federal code of a county has five digits, those of its state first; say what stands between several in places_apart";
            at.fault_in(column, format!("found `{code}`"), hint).into()
        })
    }

    fn several(&self, text: &str) -> Vec<String> {
        let apart = self.config.places_apart.as_deref().map(str::trim);
        let parts: Vec<&str> = match apart.filter(|apart| !apart.is_empty()) {
            Some(apart) => text.split(apart).collect(),
            None => vec![text],
        };
        let parts = parts.into_iter().map(str::trim);
        parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn check(&self, at: &At<'_>, agreement: &Agreement) -> Result<(), DataFault> {
        let rule = self.config.date();
        let column = |name| self.at(name).unwrap_or_default();
        let beginning = match rule {
            DateRule::Signed => column(ColumnName::Signed),
            DateRule::FirstSeen => column(ColumnName::FirstSeen),
            DateRule::Began => self
                .at(ColumnName::BeganYear)
                .unwrap_or(column(ColumnName::Began)),
        };
        if agreement.begins.is_none() && self.config.undated() == UndatedRule::Error {
            return Err(at.fault_in(beginning, "found a blank", rule.wanted()));
        }
        let is_before = |end: Option<Date>, start: Option<Date>| {
            end.zip(start).is_some_and(|(end, start)| end < start)
        };
        let exchanged = "look for exchanged columns";
        if is_before(agreement.ended, agreement.signed) {
            let message = "the agreement ended before it was signed";
            return Err(at.fault_in(column(ColumnName::Ended), message, exchanged));
        }
        if is_before(agreement.ended, agreement.begins) {
            let message = "the agreement ended before it began";
            return Err(at.fault_in(column(ColumnName::Ended), message, exchanged));
        }
        if is_before(agreement.last_seen, agreement.first_seen) {
            let message = "the agreement was last seen before it was first seen";
            return Err(at.fault_in(column(ColumnName::LastSeen), message, exchanged));
        }
        if is_before(agreement.evidence_to, agreement.evidence_from) {
            let message = "the evidence ends before it begins";
            return Err(at.fault_in(column(ColumnName::EvidenceTo), message, exchanged));
        }
        Ok(())
    }
}
