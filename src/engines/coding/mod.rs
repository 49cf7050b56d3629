//! Raw rows become small integers: one code per value of each key, one flag per outcome.

mod values;
mod yes_no;

use std::collections::BTreeMap;

use csv::ByteRecord;
use jiff::civil::Date;

use crate::cells::{GROUP, Groups};
use crate::error::{DataFault, Error};
use crate::ingest::{
    At, ClockReader, ColumnRule, ColumnSource, CompiledFilter, CsvFile, Moment, MomentReader,
    Periods, StopsConfig, UnlistedCodes, group_of,
};
use crate::stops::{
    AGE, Contradictions, DATE, Dropped, HIT, OFFICER, PERIOD, PLACE, SEARCHED, SourceLedger, TIME,
    WEIGHT, YEAR,
};
pub(super) use values::Codes;
use values::Seen;
use yes_no::YesNo;

/// What a key of which nothing is known is called.
const NOT_RECORDED: &str = "not recorded";
/// The oldest person who may stand in a row.
const OLDEST: u64 = 120;

/// What one row counts as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// How many stops the row stands for.
    pub(super) weight: u64,
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
    Group(Vec<BoundRule>),
    Text(Vec<BoundRule>),
    Year,
    Period,
}

/// One rule of a key, bound to its column.
struct BoundRule {
    /// `None` for the same value in every row.
    column: Option<usize>,
    is: String,
    codes: BTreeMap<String, String>,
    missing: Vec<String>,
    /// Whether another rule follows, which decides what this one does not list.
    goes_on: bool,
    seen: Seen<Meaning>,
}

/// What a raw text means for a key.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    /// The value of this code.
    Code(u32),
    /// The row is left out.
    LeftOut,
    /// The next rule decides.
    Next,
}

/// The date of the rows, bound.
struct BoundDate {
    column: usize,
    reader: MomentReader,
    missing: Vec<String>,
}

/// The mapping of one file, bound to its columns.
pub(super) struct Coder<'a> {
    groups: &'a Groups,
    periods: &'a Periods,
    keys: Vec<From>,
    date: Option<BoundDate>,
    time: Option<(usize, ClockReader, Vec<String>)>,
    age: Option<(usize, Vec<String>)>,
    weight: Option<usize>,
    searched: Option<YesNo>,
    hit: Option<YesNo>,
    filters: Vec<CompiledFilter<'a>>,
    pub(super) codes: Vec<Codes>,
    pub(super) ledger: SourceLedger,
    pub(super) contradictions: Contradictions,
    pub(super) unlisted: UnlistedCodes,
    unclear: [u64; 2],
    /// Whether some rows may be unreadable, and the first that was.
    tolerates: bool,
    pub(super) first_unreadable: Option<DataFault>,
    rules: Rules,
}

/// Where each rule stands in the ledger.
#[derive(Debug, Clone, Copy)]
struct Rules {
    unreadable: usize,
    group: usize,
    date: usize,
    period: usize,
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
        let binder = Binder { config, file };
        let outcomes = config.yes_and_no();
        let yes_no = |name: &str| {
            config
                .column(name)
                .map(|source| YesNo::new(source, file, (&outcomes, &config.missing)))
                .transpose()
        };
        let tolerates = config.tolerated_unreadable.is_some();
        let (ledger, rules) = empty_ledger(config);
        Ok(Self {
            groups,
            periods,
            keys: keys
                .iter()
                .map(|key| binder.key(key))
                .collect::<Result<_, Error>>()?,
            date: binder.date()?,
            time: binder
                .one(TIME)?
                .map(|(rule, column)| (column, ClockReader::new(rule), binder.missing(rule))),
            age: binder
                .one(AGE)?
                .map(|(rule, column)| (column, binder.missing(rule))),
            weight: binder.one(WEIGHT)?.map(|(_, column)| column),
            searched: yes_no(SEARCHED)?,
            hit: yes_no(HIT)?,
            filters: config
                .filter
                .iter()
                .map(|filter| CompiledFilter::new(filter, file))
                .collect::<Result<_, _>>()?,
            codes: keys.iter().map(|_| Codes::default()).collect(),
            ledger,
            contradictions: Contradictions::default(),
            unlisted: UnlistedCodes::default(),
            unclear: [0; 2],
            tolerates,
            first_unreadable: None,
            rules,
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
                return Ok(self.dropped(i));
            }
        }
        let moment = match self.moment(at, record) {
            Ok(moment) => moment,
            Err(fault) => return self.unreadable(fault),
        };
        if let Err(fault) = self.check_age(at, record) {
            return self.unreadable(fault);
        }
        key.clear();
        for i in 0..self.keys.len() {
            match self.key_code(i, moment, (at, record))? {
                Some(code) => key.push(code),
                None => return Ok(None),
            }
        }
        let mut flags = self.flags(at, record)?;
        flags.weight = match self.weight {
            None => 1,
            Some(column) => at.count(record, column)?,
        };
        self.ledger.rows_kept += 1;
        Ok(Some(flags))
    }

    /// Takes a row that has no fields to code.
    ///
    /// # Errors
    /// The study tolerates none.
    pub(super) fn unread(&mut self, fault: DataFault) -> Result<Option<Flags>, Error> {
        self.ledger.rows_in += 1;
        self.unreadable(fault)
    }

    /// Leaves out a row that cannot be read, where the study tolerates that.
    ///
    /// # Errors
    /// It does not.
    fn unreadable(&mut self, fault: DataFault) -> Result<Option<Flags>, Error> {
        if !self.tolerates {
            return Err(fault.into());
        }
        self.first_unreadable.get_or_insert(fault);
        Ok(self.dropped(self.rules.unreadable))
    }

    fn dropped(&mut self, rule: usize) -> Option<Flags> {
        self.ledger.dropped[rule].rows += 1;
        None
    }

    /// The date of the row, where dates are mapped; `None` too where it says that none is known. The time is read for
    /// its own sake: one that does not exist is a fault of the row.
    fn moment(&mut self, at: &At<'_>, record: &ByteRecord) -> Result<Option<Moment>, DataFault> {
        let minute = match &mut self.time {
            Some((column, reader, missing)) => {
                let raw = &record[*column];
                if is_listed(missing, raw) {
                    None
                } else {
                    let read = reader.read(raw);
                    Some(read.map_err(|(message, hint)| at.fault_in(*column, message, hint))?)
                }
            }
            None => None,
        };
        let Some(date) = &mut self.date else {
            return Ok(None);
        };
        let raw = &record[date.column];
        if is_listed(&date.missing, raw) {
            return Ok(None);
        }
        let read = date.reader.read(raw);
        let moment = read.map_err(|(message, hint)| at.fault_in(date.column, message, hint))?;
        Ok(Some(Moment {
            minute: minute.or(moment.minute),
            ..moment
        }))
    }

    fn check_age(&self, at: &At<'_>, record: &ByteRecord) -> Result<(), DataFault> {
        let Some((column, missing)) = &self.age else {
            return Ok(());
        };
        let raw = &record[*column];
        if raw.is_empty() || is_listed(missing, raw) {
            return Ok(());
        }
        let text = String::from_utf8_lossy(raw);
        let whole = text.trim().trim_end_matches(".0").parse::<u64>();
        if whole.is_ok_and(|age| age <= OLDEST) {
            return Ok(());
        }
        Err(at.fault_in(
            *column,
            format!("found `{text}`, which is no age"),
            format!("an age is a whole number of years from 0 to {OLDEST}; values that say that none is known are named by missing = [\"...\"]"),
        ))
    }

    fn key_code(
        &mut self,
        i: usize,
        moment: Option<Moment>,
        (at, record): (&At<'_>, &ByteRecord),
    ) -> Result<Option<u32>, Error> {
        let day: Option<Date> = moment.map(|moment| moment.date);
        let rule = match (&self.keys[i], day) {
            (From::Year, Some(day)) => return Ok(Some(self.codes[i].of_year(day.year()))),
            (From::Period, Some(day)) => match self.periods.of_day(day) {
                Some(period) => return Ok(Some(self.codes[i].code(period))),
                None => self.rules.period,
            },
            (From::Year | From::Period, None) => self.rules.date,
            (From::Group(_) | From::Text(_), _) => match self.text_code(i, at, record)? {
                Some(code) => return Ok(Some(code)),
                None => self.rules.group,
            },
        };
        self.dropped(rule);
        Ok(None)
    }

    /// The code of a key that is made from texts; `None` where its row is left out.
    fn text_code(
        &mut self,
        i: usize,
        at: &At<'_>,
        record: &ByteRecord,
    ) -> Result<Option<u32>, Error> {
        let (rules, is_group) = match &mut self.keys[i] {
            From::Group(rules) => (rules, true),
            From::Text(rules) => (rules, false),
            From::Year | From::Period => return Ok(None),
        };
        for rule in rules {
            let raw = rule.column.map_or(rule.is.as_bytes(), |c| &record[c]);
            let meaning = match rule.seen.get(raw) {
                Some(meaning) => meaning,
                None => {
                    let text = match rule.column {
                        Some(column) => at.text(record, column)?,
                        None => rule.is.as_str(),
                    };
                    let meaning = if is_group {
                        let (groups, unlisted) = (self.groups, &mut self.unlisted);
                        match rule.group(text, (groups, unlisted), at)? {
                            Some(group) => Meaning::Code(self.codes[i].code(&group)),
                            None if rule.goes_on => Meaning::Next,
                            None => Meaning::LeftOut,
                        }
                    } else {
                        match rule.value(text) {
                            Some(value) => Meaning::Code(self.codes[i].code(value)),
                            None => Meaning::Next,
                        }
                    };
                    rule.seen.keep(raw, meaning)
                }
            };
            match meaning {
                Meaning::Code(code) => return Ok(Some(code)),
                Meaning::LeftOut => return Ok(None),
                Meaning::Next => {}
            }
        }
        Ok(None)
    }

    fn flags(&mut self, at: &At<'_>, record: &ByteRecord) -> Result<Flags, Error> {
        let Some(searched) = &mut self.searched else {
            return Ok(Flags::default());
        };
        let search = searched.read(at, record)?;
        self.unclear[SEARCH_UNCLEAR] += u64::from(search.is_none());
        let mut flags = Flags {
            search_known: search.is_some(),
            searched: search == Some(true),
            ..Flags::default()
        };
        let Some(hits) = &mut self.hit else {
            return Ok(flags);
        };
        if flags.searched {
            let hit = hits.read(at, record)?;
            self.unclear[HIT_UNCLEAR] += u64::from(hit.is_none());
            flags.hit_known = hit.is_some();
            flags.hit = hit == Some(true);
        } else if search == Some(false) && hits.says_yes(record) {
            self.contradictions.hit_without_search += 1;
        }
        Ok(flags)
    }

    /// Rows whose search, and whose find, is not known.
    pub(super) fn unclear(&self) -> [u64; 2] {
        self.unclear
    }
}

/// The account of a source before its first row, and where each rule stands in it.
fn empty_ledger(config: &StopsConfig) -> (SourceLedger, Rules) {
    let mut names: Vec<String> = config
        .filter
        .iter()
        .map(|filter| filter.drop.clone())
        .collect();
    let mut rule = |name: &str, applies: bool| {
        if applies {
            names.push(name.to_owned());
        }
        names.len().saturating_sub(1)
    };
    let date_may_miss = config.column(DATE).is_some_and(|date| {
        !config.missing.is_empty() || date.rules().iter().any(|rule| !rule.missing.is_empty())
    });
    let rules = Rules {
        unreadable: rule("row cannot be read", config.tolerated_unreadable.is_some()),
        group: rule("group blank or unlisted", true),
        date: rule("date not recorded", date_may_miss),
        period: rule("date in no period of the study", true),
    };
    let ledger = SourceLedger {
        source: config.rows_are().into(),
        of_persons: true,
        dropped: names
            .into_iter()
            .map(|rule| Dropped { rule, rows: 0 })
            .collect(),
        ..SourceLedger::default()
    };
    (ledger, rules)
}

fn is_listed(words: &[String], raw: &[u8]) -> bool {
    words.iter().any(|word| word.as_bytes() == raw)
}

/// Binds the columns of a mapping to those of a file.
struct Binder<'a, 'f> {
    config: &'a StopsConfig,
    file: &'f CsvFile,
}

impl<'a> Binder<'a, '_> {
    fn missing(&self, rule: &ColumnRule) -> Vec<String> {
        self.config
            .missing
            .iter()
            .chain(&rule.missing)
            .cloned()
            .collect()
    }

    /// The one column of a canonical name that takes no list of rules.
    fn one(&self, name: &str) -> Result<Option<(&'a ColumnRule, usize)>, Error> {
        let Some(source) = self.config.column(name) else {
            return Ok(None);
        };
        let rules = source.rules();
        let rule = rules.iter().find(|rule| rule.fits(self.file.headers()));
        let rule = rule.unwrap_or(&rules[0]);
        match rule.find(self.file)?.as_slice() {
            [column] => Ok(Some((rule, *column))),
            _ => Err(Error::Internal(format!(
                "`{name}` has more than one column"
            ))),
        }
    }

    fn date(&self) -> Result<Option<BoundDate>, Error> {
        let Some((rule, column)) = self.one(DATE)? else {
            return Ok(None);
        };
        let zone = self
            .config
            .timezone
            .as_ref()
            .map(|zone| zone.get_ref().as_str());
        let reader = MomentReader::new(rule, zone.filter(|_| self.config.utc));
        Ok(Some(BoundDate {
            column,
            reader: reader.map_err(|(message, _)| Error::Internal(message))?,
            missing: self.missing(rule),
        }))
    }

    fn rules(&self, source: &ColumnSource) -> Result<Vec<BoundRule>, Error> {
        let rules = source.rules();
        let here = |rule: &&ColumnRule| rules.len() == 1 || rule.fits(self.file.headers());
        let here: Vec<&ColumnRule> = rules.iter().filter(here).collect();
        // With none of the columns the error names that of the first rule.
        let here = if here.is_empty() {
            vec![&rules[0]]
        } else {
            here
        };
        let last = here.len() - 1;
        let bound = here.into_iter().enumerate().map(|(i, rule)| {
            Ok(BoundRule {
                column: rule.find(self.file)?.first().copied(),
                is: rule.is.clone().unwrap_or_default(),
                codes: rule.codes.clone(),
                missing: self.missing(rule),
                goes_on: i < last,
                seen: Seen::default(),
            })
        });
        bound.collect()
    }

    fn key(&self, key: &str) -> Result<From, Error> {
        let unmapped = || Error::Internal(format!("key `{key}` was asked for and is not mapped"));
        Ok(match key {
            GROUP => From::Group(self.rules(self.config.column(GROUP).ok_or_else(unmapped)?)?),
            YEAR => From::Year,
            PERIOD => From::Period,
            PLACE | OFFICER => {
                From::Text(self.rules(self.config.column(key).ok_or_else(unmapped)?)?)
            }
            own => From::Text(self.rules(self.config.own_key(own).ok_or_else(unmapped)?)?),
        })
    }
}

impl BoundRule {
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

    /// The value of a key; `None` where the next rule decides.
    fn value<'r>(&'r self, text: &'r str) -> Option<&'r str> {
        match self.coded(text) {
            Some(value) => Some(value),
            None if self.goes_on => None,
            None if self.is_missing(text) => Some(NOT_RECORDED),
            None => Some(text),
        }
    }

    /// The group of a text; `None` where it names none that is known.
    fn group(
        &self,
        text: &str,
        (groups, unlisted): (&Groups, &mut UnlistedCodes),
        at: &At<'_>,
    ) -> Result<Option<String>, Error> {
        // What the study says of a raw code goes before the format.
        let said = groups.codes.contains_key(text);
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
