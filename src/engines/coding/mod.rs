//! Raw rows become small integers: one code per value of each key, one flag per outcome.

mod binding;
mod clock;
mod daylight;
mod on_request;
mod rules;
mod values;
mod yes_no;

use std::borrow::Cow;

use jiff::civil::Date;

use crate::cells::{GROUP, Groups, UNKNOWN};
use crate::error::{DataFault, Error};
use crate::ingest::{
    AgeReader, At, ClockReader, CompiledFilter, CsvFile, MomentReader, Periods, Record,
    StopsConfig, UnlistedCodes,
};
use crate::stops::{
    Contradictions, DATE, Dropped, HIT, NOT_RECORDED, PLACE, RowSeen, SEARCH_BASIS, SEARCHED,
    Screens, SourceLedger, SunTable, TIME, UNKNOWN_GROUP, WEIGHT, basis::NO_SEARCH,
};
use binding::Binder;
use clock::Clock;
use daylight::Lights;
use on_request::OnRequest;
use rules::{BoundRule, Meaning};
pub(super) use values::Codes;
use yes_no::YesNo;

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
    /// Contraband is recorded, and no search.
    pub(super) found_unsearched: bool,
}

impl Flags {
    /// All but the weight, one bit each.
    pub(super) fn packed(self) -> u8 {
        let bits = [
            self.search_known,
            self.searched,
            self.hit_known,
            self.hit,
            self.found_unsearched,
        ];
        let set = bits.iter().enumerate().filter(|(_, bit)| **bit);
        set.fold(0, |all, (i, _)| all | 1 << i)
    }

    /// What was packed, without a weight.
    pub(super) fn unpacked(bits: u8) -> Self {
        let is_set = |i: u8| bits & (1 << i) != 0;
        Self {
            weight: 0,
            search_known: is_set(0),
            searched: is_set(1),
            hit_known: is_set(2),
            hit: is_set(3),
            found_unsearched: is_set(4),
        }
    }
}

/// Where a key's value comes from.
enum From {
    Group(Vec<BoundRule>),
    Text(Vec<BoundRule>),
    Year,
    Period,
    OnRequest(OnRequest),
    Date,
    Minute,
    Light,
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
    age: Option<(usize, AgeReader, Vec<String>)>,
    weight: Option<usize>,
    searched: Option<YesNo>,
    hit: Option<YesNo>,
    filters: Vec<CompiledFilter<'a>>,
    pub(super) codes: Vec<Codes>,
    pub(super) ledger: SourceLedger,
    pub(super) contradictions: Contradictions,
    pub(super) unlisted: UnlistedCodes,
    unclear: [u64; 2],
    pub(super) screens: Screens,
    /// Which key is the place, and per code of it how many rows there are and of how many the group is missing.
    place_at: Option<usize>,
    by_place: Vec<[u64; 2]>,
    group_at: Option<usize>,
    basis_at: Option<usize>,
    /// Where rows are counted by light.
    sun: Option<Lights<'a>>,
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
        (groups, periods, sun): (&'a Groups, &'a Periods, Option<&'a SunTable>),
    ) -> Result<Self, Error> {
        let sun = Lights::new(keys, sun)?;
        let binder = Binder { config, file };
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
            age: binder.age()?,
            weight: binder.one(WEIGHT)?.map(|(_, column)| column),
            searched: binder.yes_no(SEARCHED)?,
            hit: binder.yes_no(HIT)?,
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
            screens: Screens::default(),
            place_at: keys.iter().position(|key| key == PLACE),
            by_place: Vec::new(),
            group_at: keys.iter().position(|key| key == GROUP),
            basis_at: keys.iter().position(|key| key == SEARCH_BASIS),
            sun,
            tolerates,
            first_unreadable: None,
            rules,
        })
    }

    /// Codes one row into `key`; its flags, or `None` when a rule dropped it.
    pub(super) fn row(
        &mut self,
        at: &At<'_>,
        record: &impl Record,
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
        let age = match self.age(at, record, moment.day) {
            Ok(age) => age,
            Err(fault) => return self.unreadable(fault),
        };
        let (group_missing, rule) = self.code_keys(moment, (at, record), key)?;
        let flags = match rule {
            None => Some(self.flags(at, record)?),
            Some(_) => None,
        };
        if let Some(rule) = rule {
            self.dropped(rule);
        }
        let place_missing = self.note_place(key, group_missing, (at, record))?;
        self.screens.add(&RowSeen {
            // The first of January of a year without days is no day with many stops.
            date: moment.day.filter(|_| !moment.is_year),
            minute: moment.minute(),
            age,
            missing: [
                group_missing,
                place_missing,
                self.time.is_some() && moment.second.is_none(),
                self.age.is_some() && age.is_none(),
                self.searched.is_some() && flags.is_some_and(|flags| !flags.search_known),
            ],
        });
        let flags = match flags {
            None if group_missing && self.groups.counts_unknown && key.len() == self.keys.len() => {
                Some(self.flags_of_unknown(at, record)?)
            }
            Some(flags) => {
                self.ledger.rows_kept += 1;
                Some(flags)
            }
            None => None,
        };
        let Some(mut flags) = flags else {
            return Ok(None);
        };
        if let Some(i) = self.basis_at
            && !flags.searched
        {
            // Whatever is written there, a row without a search has no basis of one.
            let is_known = flags.search_known;
            key[i] = self.codes[i].code(if is_known { NO_SEARCH } else { NOT_RECORDED });
        }
        flags.weight = match self.weight {
            None => 1,
            Some(column) => at.count(record, column)?,
        };
        Ok(Some(flags))
    }

    /// Codes the keys of a row; whether its group is missing, and the rule that drops the row. A row of unknown group is
    /// dropped like any other, and has all its keys where an analysis counts it beside them.
    fn code_keys(
        &mut self,
        moment: Clock,
        (at, record): (&At<'_>, &impl Record),
        key: &mut Vec<u32>,
    ) -> Result<(bool, Option<usize>), Error> {
        key.clear();
        let mut unknown = None;
        for i in 0..self.keys.len() {
            match self.key_code(i, moment, (at, record))? {
                Ok(code) => key.push(code),
                Err(rule) if Some(i) == self.group_at && self.groups.counts_unknown => {
                    unknown = Some(rule);
                    let code = self.codes[i].code(UNKNOWN);
                    key.push(code);
                }
                Err(rule) => {
                    let is_group = unknown.is_some() || Some(i) == self.group_at;
                    return Ok((is_group, Some(unknown.unwrap_or(rule))));
                }
            }
        }
        if let Some(sun) = &mut self.sun {
            let day = moment.day.filter(|_| !moment.is_year);
            sun.fill_in(key, day.zip(moment.second), &mut self.codes);
        }
        Ok((unknown.is_some(), unknown))
    }

    /// What a row of unknown group says, without a remark: those are about the rows that are kept.
    fn flags_of_unknown(&mut self, at: &At<'_>, record: &impl Record) -> Result<Flags, Error> {
        let before = (self.unclear, self.contradictions);
        let flags = self.flags(at, record);
        (self.unclear, self.contradictions) = before;
        flags
    }

    /// Counts the row for its place; whether no place is recorded.
    fn note_place(
        &mut self,
        key: &[u32],
        group_missing: bool,
        (at, record): (&At<'_>, &impl Record),
    ) -> Result<bool, Error> {
        let Some(place_at) = self.place_at else {
            return Ok(false);
        };
        let code = match key.get(place_at) {
            Some(code) => *code,
            // The row was dropped before its place was looked at.
            None => match self.text_code(place_at, at, record)? {
                Some(code) => code,
                None => return Ok(true),
            },
        };
        let at = code as usize;
        if self.by_place.len() <= at {
            self.by_place.resize(at + 1, [0; 2]);
        }
        self.by_place[at][0] += 1;
        self.by_place[at][1] += u64::from(group_missing);
        let place = self.codes[place_at].value(code);
        Ok(place.is_empty() || place == NOT_RECORDED)
    }

    /// What the rows of the file looked like.
    pub(super) fn take_screens(&mut self) -> Screens {
        if let Some(place_at) = self.place_at {
            for (code, [rows, missing]) in
                std::mem::take(&mut self.by_place).into_iter().enumerate()
            {
                let code = u32::try_from(code).expect("codes are 32 bits wide");
                let place = self.codes[place_at].value(code);
                self.screens.add_place(place, rows, missing);
            }
        }
        std::mem::take(&mut self.screens)
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

    /// The day and the minute of the row, as far as they are mapped and known. The time is read for its own sake: one that
    /// does not exist is a fault of the row.
    fn moment(&mut self, at: &At<'_>, record: &impl Record) -> Result<Clock, DataFault> {
        let second = match &mut self.time {
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
            return Ok(Clock::undated(second));
        };
        let raw = &record[date.column];
        if is_listed(&date.missing, raw) {
            return Ok(Clock::undated(second));
        }
        let read = date.reader.read(raw);
        let moment = read.map_err(|(message, hint)| at.fault_in(date.column, message, hint))?;
        Ok(Clock {
            day: Some(moment.date),
            second: second.or(moment.second),
            is_year: moment.is_year,
        })
    }

    /// The age, where it is mapped and recorded; one that nobody has is a fault of the row.
    fn age(
        &self,
        at: &At<'_>,
        record: &impl Record,
        day: Option<Date>,
    ) -> Result<Option<u8>, DataFault> {
        let Some((column, reader, missing)) = &self.age else {
            return Ok(None);
        };
        let raw = &record[*column];
        if is_listed(missing, raw) {
            return Ok(None);
        }
        let read = reader.read(raw, day);
        read.map_err(|(message, hint)| at.fault_in(*column, message, hint))
    }

    /// The code of a key, or the rule that drops a row without it.
    fn key_code(
        &mut self,
        i: usize,
        clock: Clock,
        (at, record): (&At<'_>, &impl Record),
    ) -> Result<Result<u32, usize>, Error> {
        if let From::OnRequest(made) = &mut self.keys[i] {
            return made.code(&mut self.codes[i], clock, (at, record)).map(Ok);
        }
        let code = match (&self.keys[i], clock.day) {
            (From::Year, Some(day)) => Ok(daylight::of_year(&mut self.codes[i], day)),
            (From::Date, Some(day)) => {
                let day = (!clock.is_year).then_some(day);
                Ok(daylight::of_day(&mut self.codes[i], day))
            }
            (From::Minute, _) => Ok(daylight::of_minute(&mut self.codes[i], clock.minute())),
            // Its place may be coded behind it, so the light is filled in when all are.
            (From::Light, _) => Ok(0),
            (From::Period, Some(day)) => match self.period_of(day, clock.is_year) {
                Some(period) => Ok(self.codes[i].code(&period)),
                None => Err(self.rules.period),
            },
            (From::Year | From::Period | From::Date, None) => Err(self.rules.date),
            (From::Group(_) | From::Text(_) | From::OnRequest(_), _) => {
                self.text_code(i, at, record)?.ok_or(self.rules.group)
            }
        };
        Ok(code)
    }

    /// The period of a day, or that of a year which lies in one; a year that straddles two is one of its own.
    fn period_of(&self, day: Date, is_year: bool) -> Option<Cow<'a, str>> {
        if is_year {
            return self.periods.of_year(day.year()).map(Cow::Owned);
        }
        self.periods.of_day(day).map(Cow::Borrowed)
    }

    /// The code of a key that is made from texts; `None` where its row is left out.
    fn text_code(
        &mut self,
        i: usize,
        at: &At<'_>,
        record: &impl Record,
    ) -> Result<Option<u32>, Error> {
        let (rules, is_group) = match &mut self.keys[i] {
            From::Group(rules) => (rules, true),
            From::Text(rules) => (rules, false),
            From::Year
            | From::Period
            | From::Date
            | From::Minute
            | From::Light
            | From::OnRequest(_) => return Ok(None),
        };
        for rule in rules {
            let joined = rule.joined(at, record)?;
            let raw = match (&joined, rule.column) {
                (Some(joined), _) => joined.as_bytes(),
                (None, Some(column)) => &record[column],
                (None, None) => rule.is.as_bytes(),
            };
            let meaning = match rule.seen.get(raw) {
                Some(meaning) => meaning,
                None => {
                    let text = match (&joined, rule.column) {
                        (Some(joined), _) => joined.as_str(),
                        (None, Some(column)) => rule.part(at.text(record, column)?),
                        (None, None) => rule.is.as_str(),
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

    fn flags(&mut self, at: &At<'_>, record: &impl Record) -> Result<Flags, Error> {
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
        } else if hits.says_yes(record) {
            flags.found_unsearched = true;
            self.contradictions.hit_without_search += u64::from(search == Some(false));
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
        group: rule(UNKNOWN_GROUP, true),
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
