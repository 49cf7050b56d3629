//! Raw rows become small integers: one code per value of each key, one flag per outcome.

use csv::ByteRecord;
use jiff::civil::Date;
use rustc_hash::FxHashMap;

use crate::cells::{GROUP, Groups};
use crate::error::Error;
use crate::ingest::{
    At, CompiledFilter, CsvFile, OutcomeCodes, Periods, StopsConfig, UnclearRule, UnlistedCodes,
    group_of,
};
use crate::stops::{
    Contradictions, DATE, Dropped, HIT, OFFICER, PERIOD, PLACE, SEARCHED, SourceLedger, YEAR,
};

/// Values of one key, each with its code.
#[derive(Debug, Default)]
pub(super) struct Codes {
    by_value: FxHashMap<String, u32>,
    values: Vec<String>,
}

impl Codes {
    pub(super) fn code(&mut self, value: &str) -> u32 {
        if let Some(code) = self.by_value.get(value) {
            return *code;
        }
        let code = u32::try_from(self.values.len())
            .expect("a key has fewer than four thousand million values");
        self.by_value.insert(value.to_owned(), code);
        self.values.push(value.to_owned());
        code
    }

    pub(super) fn value(&self, code: u32) -> &str {
        &self.values[code as usize]
    }
}

/// What one row counts as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// It is known whether there was a search.
    pub(super) search_known: bool,
    /// There was a search.
    pub(super) searched: bool,
    /// There was a search and it is known whether it found something.
    pub(super) hit_known: bool,
    /// There was a search and it found something.
    pub(super) hit: bool,
}

/// Where a key's value comes from.
enum From {
    Group(usize),
    Text(usize),
    Year(usize),
    Period(usize),
}

/// The mapping of one file, bound to its columns.
pub(super) struct Coder<'a> {
    groups: &'a Groups,
    periods: &'a Periods,
    outcomes: &'a OutcomeCodes,
    keys: Vec<From>,
    searched: Option<usize>,
    hit: Option<usize>,
    filters: Vec<CompiledFilter<'a>>,
    pub(super) codes: Vec<Codes>,
    pub(super) ledger: SourceLedger,
    pub(super) contradictions: Contradictions,
    pub(super) unlisted: UnlistedCodes,
    unclear: [u64; 2],
}

const SEARCH_UNCLEAR: usize = 0;
const HIT_UNCLEAR: usize = 1;

impl<'a> Coder<'a> {
    /// Binds the study's mapping to a file; `keys` are those that any request needs.
    pub(super) fn new(
        config: &'a StopsConfig,
        file: &CsvFile,
        keys: &[String],
        (groups, periods): (&'a Groups, &'a Periods),
    ) -> Result<Self, Error> {
        let column = |name: &str| {
            config
                .column(name)
                .map(|column| file.column(column))
                .transpose()
        };
        let required = |name: &str| {
            column(name)?.ok_or_else(|| {
                Error::Internal(format!("key `{name}` was asked for and is not mapped"))
            })
        };
        let from = |key: &String| {
            Ok(match key.as_str() {
                GROUP => From::Group(required(GROUP)?),
                YEAR => From::Year(required(DATE)?),
                PERIOD => From::Period(required(DATE)?),
                PLACE | OFFICER => From::Text(required(key)?),
                other => {
                    let own = config.keys.iter().find(|(name, _)| name.get_ref() == other);
                    let (_, column) = own.ok_or_else(|| {
                        Error::Internal(format!("key `{other}` was asked for and is not mapped"))
                    })?;
                    From::Text(file.column(column.get_ref())?)
                }
            })
        };
        let own_rules = config.filter.iter().map(|filter| filter.drop.clone());
        let rules = own_rules.chain([
            "group blank or unlisted".to_owned(),
            "date in no period of the study".to_owned(),
        ]);
        Ok(Self {
            groups,
            periods,
            outcomes: &config.outcomes,
            keys: keys.iter().map(from).collect::<Result<_, Error>>()?,
            searched: column(SEARCHED)?,
            hit: column(HIT)?,
            filters: config
                .filter
                .iter()
                .map(|filter| CompiledFilter::new(filter, file))
                .collect::<Result<_, _>>()?,
            codes: keys.iter().map(|_| Codes::default()).collect(),
            ledger: SourceLedger {
                source: "stops".into(),
                of_persons: true,
                dropped: rules.map(|rule| Dropped { rule, rows: 0 }).collect(),
                ..SourceLedger::default()
            },
            contradictions: Contradictions::default(),
            unlisted: UnlistedCodes::default(),
            unclear: [0; 2],
        })
    }

    /// Codes one row into `key`; its flags, or `None` when a rule dropped it.
    pub(super) fn row(
        &mut self,
        at: &At<'_>,
        record: &ByteRecord,
        key: &mut Vec<u32>,
    ) -> Result<Option<Flags>, Error> {
        self.ledger.rows_in += 1;
        for (i, filter) in self.filters.iter().enumerate() {
            if filter.drops(at, record)? {
                self.ledger.dropped[i].rows += 1;
                return Ok(None);
            }
        }
        key.clear();
        for i in 0..self.keys.len() {
            match self.key_code(i, at, record)? {
                Some(code) => key.push(code),
                None => return Ok(None),
            }
        }
        let flags = self.flags(at, record)?;
        self.ledger.rows_kept += 1;
        Ok(Some(flags))
    }

    fn key_code(
        &mut self,
        i: usize,
        at: &At<'_>,
        record: &ByteRecord,
    ) -> Result<Option<u32>, Error> {
        let rule = self.filters.len();
        let code = match self.keys[i] {
            From::Text(column) => Some(self.codes[i].code(at.text(record, column)?)),
            From::Group(column) => {
                let group = group_of(self.groups, at, record, column)?;
                let code = group.map(|group| self.codes[i].code(group));
                if code.is_none() {
                    self.unlisted.add(at.text(record, column)?);
                }
                self.ledger.dropped[rule].rows += u64::from(code.is_none());
                code
            }
            From::Year(column) => {
                Some(self.codes[i].code(&date(at, record, column)?.year().to_string()))
            }
            From::Period(column) => {
                let period = self.periods.of_day(date(at, record, column)?);
                let code = period.map(|period| self.codes[i].code(period));
                self.ledger.dropped[rule + 1].rows += u64::from(code.is_none());
                code
            }
        };
        Ok(code)
    }

    fn flags(&mut self, at: &At<'_>, record: &ByteRecord) -> Result<Flags, Error> {
        let Some(searched) = self.searched else {
            return Ok(Flags::default());
        };
        let search = self.yes_or_no(at, record, searched)?;
        self.unclear[SEARCH_UNCLEAR] += u64::from(search.is_none());
        let mut flags = Flags {
            search_known: search.is_some(),
            searched: search == Some(true),
            ..Flags::default()
        };
        let Some(hit_column) = self.hit else {
            return Ok(flags);
        };
        if flags.searched {
            let hit = self.yes_or_no(at, record, hit_column)?;
            self.unclear[HIT_UNCLEAR] += u64::from(hit.is_none());
            flags.hit_known = hit.is_some();
            flags.hit = hit == Some(true);
        } else if search == Some(false) && self.says_yes(&record[hit_column]) {
            self.contradictions.hit_without_search += 1;
        }
        Ok(flags)
    }

    fn says_yes(&self, field: &[u8]) -> bool {
        self.outcomes.yes.iter().any(|yes| yes.as_bytes() == field)
    }

    fn yes_or_no(
        &self,
        at: &At<'_>,
        record: &ByteRecord,
        column: usize,
    ) -> Result<Option<bool>, Error> {
        let text = at.text(record, column)?;
        if self.says_yes(text.as_bytes()) {
            return Ok(Some(true));
        }
        if self.outcomes.no.iter().any(|no| no == text) {
            return Ok(Some(false));
        }
        match self.outcomes.unclear {
            UnclearRule::No => Ok(Some(false)),
            UnclearRule::Missing => Ok(None),
            UnclearRule::Error => {
                let hint = "list it in [stops.outcomes] under yes or no, or say there what else means: unclear = \"no\" or \"missing\"";
                Err(at
                    .fault_in(
                        column,
                        format!(
                            "found {}, neither yes nor no",
                            crate::ingest::quoted_or_blank(text)
                        ),
                        hint,
                    )
                    .into())
            }
        }
    }

    /// Remarks for the ledger on rows that were kept.
    pub(super) fn unclear(&self) -> [u64; 2] {
        self.unclear
    }
}

fn date(at: &At<'_>, record: &ByteRecord, column: usize) -> Result<Date, Error> {
    let text = at.text(record, column)?;
    let date: Option<Date> = (text.len() == 10).then(|| text.parse().ok()).flatten();
    date.ok_or_else(|| {
        let is_serial = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        let hint = if is_serial { "this looks like a spreadsheet's serial number: format the column as a date before saving it" } else { "a date is written YYYY-MM-DD" };
        at.fault_in(column, format!("found {}", crate::ingest::quoted_or_blank(text)), hint).into()
    })
}
