//! Keys that are made only where an analysis asks for them: the calendar, the basis of a search, further counts.

use jiff::civil::Date;

use super::binding::Binder;
use super::values::Codes;
use super::yes_no::YesNo;
use super::{Clock, NOT_RECORDED};
use crate::error::Error;
use crate::ingest::{At, ColumnSource, NO, Record, Seen, YES, bases_of, known_bases};
use crate::stops::basis::Bases;

/// One such key, bound.
pub(super) enum OnRequest {
    Weekday,
    Month,
    Hour,
    /// Why there was a search.
    Bases(Vec<BasisColumn>),
    /// Whether the row has what further counts count.
    Says(YesNo),
}

/// One column that names bases of a search.
pub(super) struct BasisColumn {
    column: usize,
    codes: Vec<(String, Bases)>,
    missing: Vec<String>,
    /// Whether it is one of several, each of which adds what its codes list.
    is_flag: bool,
    seen: Seen<Bases>,
}

impl OnRequest {
    /// The code of a row. A part of the clock that is not known is a value of its own.
    pub(super) fn code(
        &mut self,
        codes: &mut Codes,
        clock: Clock,
        (at, record): (&At<'_>, &impl Record),
    ) -> Result<u32, Error> {
        let day = clock.day.filter(|_| !clock.is_year);
        Ok(match self {
            Self::Weekday => codes.code(day.map_or(NOT_RECORDED, weekday)),
            Self::Month => match day {
                Some(day) => codes.code(&format!("{:02}", day.month())),
                None => codes.code(NOT_RECORDED),
            },
            Self::Hour => match clock.minute() {
                Some(minute) => codes.code(&format!("{:02}", minute / 60)),
                None => codes.code(NOT_RECORDED),
            },
            Self::Bases(columns) => {
                let mut all = Bases::default();
                for column in columns {
                    all = all.and(column.read(at, record)?);
                }
                codes.code(all.value().unwrap_or(NOT_RECORDED))
            }
            Self::Says(column) => codes.code(match column.read(at, record)? {
                Some(true) => YES,
                Some(false) => NO,
                None => NOT_RECORDED,
            }),
        })
    }
}

fn weekday(day: Date) -> &'static str {
    const NAMES: [&str; 7] = [
        "1 Monday",
        "2 Tuesday",
        "3 Wednesday",
        "4 Thursday",
        "5 Friday",
        "6 Saturday",
        "7 Sunday",
    ];
    let number = day.weekday().to_monday_zero_offset();
    NAMES[usize::from(number.unsigned_abs())]
}

impl BasisColumn {
    /// The columns of a source.
    pub(super) fn all(source: &ColumnSource, binder: &Binder<'_, '_>) -> Result<Vec<Self>, Error> {
        let rules = source.rules();
        let is_flag = rules.len() > 1;
        let mut columns = Vec::new();
        for rule in rules {
            if is_flag && !rule.fits(binder.file.headers()) {
                continue;
            }
            for column in rule.find(binder.file)? {
                let known = |(raw, word): (&String, &String)| Some((raw.clone(), bases_of(word)?));
                columns.push(Self {
                    column,
                    codes: rule.codes.iter().filter_map(known).collect(),
                    missing: binder.missing(rule),
                    is_flag,
                    seen: Seen::default(),
                });
            }
        }
        if columns.is_empty() {
            // The error of the first rule.
            rules[0].find(binder.file)?;
        }
        Ok(columns)
    }

    fn read(&mut self, at: &At<'_>, record: &impl Record) -> Result<Bases, Error> {
        let raw = &record[self.column];
        if let Some(known) = self.seen.get(raw) {
            return Ok(known);
        }
        let text = at.text(record, self.column)?.trim();
        let bases = match self.bases(text) {
            Some(bases) => bases,
            None => {
                let found = crate::ingest::quoted_or_blank(text);
                let hint = format!(
                    "list it under `codes` of search_basis, or under `missing`; {}",
                    known_bases()
                );
                let message = format!("found {found}, which names no basis of a search");
                return Err(at.fault_in(self.column, message, &hint).into());
            }
        };
        Ok(self.seen.keep(raw, bases))
    }

    /// The bases of a text, whole or divided; `None` where it names one that is not known.
    fn bases(&self, text: &str) -> Option<Bases> {
        if let Some(coded) = self.coded(text) {
            return Some(coded);
        }
        if self.is_flag || self.is_missing(text) {
            return Some(Bases::default());
        }
        let words = text.split(['|', ';']).map(str::trim);
        words
            .filter(|word| !self.is_missing(word))
            .try_fold(Bases::default(), |all, word| {
                Some(all.and(self.coded(word).or_else(|| bases_of(word))?))
            })
    }

    fn coded(&self, text: &str) -> Option<Bases> {
        let found = self.codes.iter().find(|(raw, _)| raw == text);
        found.map(|(_, bases)| *bases)
    }

    fn is_missing(&self, text: &str) -> bool {
        text.is_empty() || self.missing.iter().any(|word| word.trim() == text)
    }
}
