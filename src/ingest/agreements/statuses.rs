//! Status keys made: what each place was in each stretch of time, and what of a register fits no place of the counts.

use std::collections::btree_map::{BTreeMap, Entry};

use jiff::civil::Date;

use super::super::periods::Periods;
use super::config::AgreementsConfig;
use super::kinds::{Kind, Level};
use super::places::{self, PlaceId};
use super::spans::{Status, Stretch, at_some_time, stretches, throughout};
use super::status::{Join, Statewide, StatusConfig, StatusWords, UnknownEnd};
use super::{Agreement, Register, states};
use crate::cells::{Cell, CellTable};
use crate::error::{DataFault, Error};
use crate::number::count;
use crate::stops::{PERIOD, PLACE, STATE, YEAR};
use crate::warning::some_of;

/// Places that a remark lists; of more it says how many.
const MOST_PLACES: usize = 20;

/// Where and when a cell was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Whereabouts<'a> {
    /// The place.
    pub place: &'a str,
    /// The state, where the counts have it as a key.
    pub state: Option<&'a str>,
    /// The calendar year.
    pub year: Option<&'a str>,
    /// The study's period.
    pub period: Option<&'a str>,
}

/// One status key.
#[derive(Debug, Clone)]
struct StatusKey {
    key: String,
    words: StatusWords,
    join: Join,
    year: Option<i16>,
    state: Option<String>,
    /// Whether the register tells places of the same name apart by their states.
    knows_states: bool,
    by_place: BTreeMap<PlaceId, Vec<Stretch>>,
    by_state: BTreeMap<String, Vec<Stretch>>,
    /// Agreements that count and name no place by which they could be joined.
    placeless: u64,
    files: Vec<(String, std::path::PathBuf)>,
}

/// All status keys of a study.
#[derive(Debug, Clone, Default)]
pub struct Statuses {
    keys: Vec<StatusKey>,
    periods: Periods,
}

impl Statuses {
    /// Makes the keys from registers that were read, each beside its table.
    ///
    /// # Errors
    /// An end that is not known where the study says that this is an error; a state's agreement of which the study does
    /// not say what it covers; nothing that counts.
    pub fn new(
        registers: &[(&AgreementsConfig, &Register)],
        periods: &Periods,
    ) -> Result<Self, Error> {
        let mut keys: Vec<StatusKey> = Vec::new();
        for (config, register) in registers {
            for status in &config.status {
                let at = keys.iter().position(|key| key.key == *status.key.get_ref());
                let at = at.unwrap_or_else(|| {
                    keys.push(StatusKey {
                        key: status.key.get_ref().clone(),
                        words: status.words.clone(),
                        join: status.join,
                        year: config.in_force.as_ref().map(|year| *year.get_ref()),
                        state: status.state_code(),
                        knows_states: false,
                        by_place: BTreeMap::new(),
                        by_state: BTreeMap::new(),
                        placeless: 0,
                        files: Vec::new(),
                    });
                    keys.len() - 1
                });
                keys[at].add(config, register, status)?;
            }
        }
        Ok(Self {
            keys,
            periods: periods.clone(),
        })
    }

    /// Whether a key is made here.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|own| own.key == key)
    }

    /// Whether a key is made here, and by the time of the cell.
    #[must_use]
    pub fn is_timed(&self, key: &str) -> bool {
        self.keys
            .iter()
            .any(|own| own.key == key && own.year.is_none())
    }

    /// The keys that are made here.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|key| key.key.as_str())
    }

    /// The value of a key; `None` for a key that is not made here.
    ///
    /// # Errors
    /// A time that is none of the study's; a place whose state is not known.
    pub fn value(&self, key: &str, at: &Whereabouts<'_>) -> Result<Option<&str>, Error> {
        let Some(key) = self.keys.iter().find(|own| own.key == key) else {
            return Ok(None);
        };
        key.value(at, &self.periods).map(Some)
    }

    /// What the register says of a place and time, under the rule of a key that is made by the time of the cell; `None`
    /// for any other key.
    ///
    /// # Errors
    /// As [`Statuses::value`].
    pub fn status(&self, key: &str, at: &Whereabouts<'_>) -> Result<Option<Status>, Error> {
        let timed = |own: &&StatusKey| own.key == key && own.year.is_none();
        let Some(key) = self.keys.iter().find(timed) else {
            return Ok(None);
        };
        key.status(at, &self.periods).map(Some)
    }

    fn values(&self, keys: &[String], at: &Whereabouts<'_>) -> Result<Vec<String>, Error> {
        let value = |key: &String| Ok(self.value(key, at)?.unwrap_or_default().to_owned());
        keys.iter().map(value).collect()
    }

    /// A table with some status keys as its last.
    ///
    /// # Errors
    /// As [`Statuses::value`].
    pub fn with_keys(&self, table: &CellTable, added: &[String]) -> Result<CellTable, Error> {
        if added.is_empty() {
            return Ok(table.clone());
        }
        let mut keys = table.keys().to_vec();
        keys.extend(added.iter().cloned());
        let mut cells = Vec::with_capacity(table.cells().len());
        let mut known: BTreeMap<Whereabouts<'_>, Vec<String>> = BTreeMap::new();
        for cell in table.cells() {
            let at = whereabouts(table, cell);
            let values = match known.entry(at) {
                Entry::Occupied(slot) => slot.into_mut(),
                Entry::Vacant(slot) => slot.insert(self.values(added, &at)?),
            };
            let mut key = cell.key.clone();
            key.extend(values.iter().cloned());
            cells.push(Cell {
                key,
                events: cell.events,
                trials: cell.trials,
            });
        }
        CellTable::new(keys, cells)
            .ok_or_else(|| Error::Internal("counts changed while a key was added".into()))
    }

    /// Places that stand in the register only or in the counts only, for the remarks of a register's account.
    ///
    /// # Errors
    /// Nothing of a register fits any place of any counts.
    pub fn unmatched(&self, tables: &[(&str, &CellTable)]) -> Result<Vec<String>, Error> {
        let mut notes = Vec::new();
        for key in &self.keys {
            if key.placeless > 0 {
                let what = match key.join {
                    Join::Name => "place",
                    Join::Fips => "county by its code",
                };
                notes.push(format!(
                    "`{}`: {} agreements that count name no {what}, so that no place is marked by them",
                    key.key,
                    count(key.placeless)
                ));
            }
            let own: Vec<_> = tables
                .iter()
                .filter(|(_, table)| table.position(&key.key).is_some())
                .collect();
            let mut fits_any = own.is_empty();
            for (name, table) in own {
                let (fits, found) = key.unmatched(name, table)?;
                fits_any |= fits;
                notes.extend(found);
            }
            if !fits_any {
                return Err(key.nothing_fits());
            }
        }
        Ok(notes)
    }
}

fn whereabouts<'a>(table: &'a CellTable, cell: &'a Cell) -> Whereabouts<'a> {
    Whereabouts {
        place: table.value(cell, PLACE).unwrap_or_default(),
        state: table.value(cell, STATE),
        year: table.value(cell, YEAR),
        period: table.value(cell, PERIOD),
    }
}

impl StatusKey {
    fn add(
        &mut self,
        config: &AgreementsConfig,
        register: &Register,
        status: &StatusConfig,
    ) -> Result<(), Error> {
        self.files
            .push((register.file.clone(), register.path.clone()));
        let kinds = status.counted(config);
        let mut counted = 0_u64;
        for agreement in &register.agreements {
            let doubt = match &kinds {
                None => false,
                Some(kinds) if agreement.kind.is_some_and(|kind| kinds.contains(&kind)) => false,
                // Which of the kinds of 287(g) it is, is not recorded: it may be one that counts.
                Some(kinds) if agreement.kind == Some(Kind::NotRecorded) => {
                    if !kinds.iter().any(|kind| Kind::OF_287G.contains(kind)) {
                        continue;
                    }
                    true
                }
                Some(_) => continue,
            };
            let is_statewide = agreement.signed_by == Level::State;
            if is_statewide {
                match status.statewide {
                    Some(Statewide::Covers) => {}
                    Some(Statewide::Apart) => continue,
                    None => return Err(register.statewide_not_said(agreement, status)),
                }
            } else if !status.levels().contains(&agreement.signed_by) {
                continue;
            }
            counted += 1;
            let mut spans = stretches(agreement, status.unknown_end)
                .map_err(|_| register.end_not_said(agreement))?;
            if doubt {
                spans = spans.into_iter().map(Stretch::doubted).collect();
            }
            if is_statewide {
                let state = agreement.state_code.clone();
                let state = state.unwrap_or_else(|| agreement.state.clone());
                self.by_state.entry(state).or_default().extend(spans);
                continue;
            }
            let places = self.places_of(agreement);
            self.placeless += u64::from(places.is_empty());
            for place in places {
                self.knows_states |= place.state.is_some();
                self.by_place
                    .entry(place)
                    .or_default()
                    .extend(spans.iter().copied());
            }
        }
        if counted == 0 {
            return Err(Error::study(
                status.key.span(),
                format!(
                    "none of {} agreements counts for `{}`",
                    count(register.agreements.len() as u64),
                    self.key
                ),
                "its `kinds` or `levels` fit no agreement of the register; `evenhand check` lists the register without this table",
            ));
        }
        Ok(())
    }

    fn places_of(&self, agreement: &Agreement) -> Vec<PlaceId> {
        match self.join {
            Join::Fips => agreement
                .counties
                .iter()
                .map(|code| PlaceId::by_code(code))
                .collect(),
            Join::Name => {
                let state = agreement.state_code.as_deref();
                let places = agreement.places.iter();
                places.map(|place| PlaceId::by_name(place, state)).collect()
            }
        }
    }

    /// The place of a cell, as the register knows places.
    fn place_id(&self, at: &Whereabouts<'_>) -> Result<PlaceId, Error> {
        let own = at.state.map(|state| {
            states::code(state).map_or_else(|| state.trim().to_owned(), str::to_owned)
        });
        let state = own.or_else(|| self.state.clone());
        if self.join == Join::Fips
            && let Some(code) = places::county(at.place)
        {
            return Ok(PlaceId::by_code(&code));
        }
        let place = PlaceId::by_name(at.place, state.as_deref());
        if self.join == Join::Fips {
            return Ok(place);
        }
        if !self.knows_states {
            return Ok(PlaceId {
                state: None,
                ..place
            });
        }
        if place.state.is_none() {
            return Err(self.stateless(at.place));
        }
        Ok(place)
    }

    fn value(&self, at: &Whereabouts<'_>, periods: &Periods) -> Result<&str, Error> {
        Ok(match self.status(at, periods)? {
            Status::InForce => &self.words.in_force,
            Status::Ended => &self.words.ended,
            Status::None => &self.words.none,
            Status::Transition => &self.words.transition,
            Status::NotKnown => &self.words.not_known,
        })
    }

    fn status(&self, at: &Whereabouts<'_>, periods: &Periods) -> Result<Status, Error> {
        let place = self.place_id(at)?;
        let mut all: Vec<Stretch> = self.by_place.get(&place).cloned().unwrap_or_default();
        if !self.by_state.is_empty() {
            let own = at.state.and_then(states::code).map(str::to_owned);
            let state = place.state.or(own).or_else(|| self.state.clone());
            let Some(state) = state else {
                return Err(self.stateless(at.place));
            };
            all.extend(self.by_state.get(&state).into_iter().flatten());
        }
        Ok(match self.year {
            Some(year) => at_some_time(self.whole_year(year)?, &all),
            None => throughout(self.days(at, periods)?, &all),
        })
    }

    /// The days that a cell may have counted: those of its year and of its period, where it has both.
    fn days(&self, at: &Whereabouts<'_>, periods: &Periods) -> Result<(Date, Date), Error> {
        let year = match at.year {
            None => None,
            Some(text) => {
                let year = text.parse().map_err(|_| self.no_time("year", text))?;
                Some(self.whole_year(year)?)
            }
        };
        let named = at.period.map(|period| (period, periods.days_of(period)));
        match (year, named) {
            (Some(year), Some((name, Some(period)))) => {
                let common = (year.0.max(period.0), year.1.min(period.1));
                if common.0 > common.1 {
                    return Err(self.no_time("period", name));
                }
                Ok(common)
            }
            (Some(year), _) => Ok(year),
            (None, Some((_, Some(period)))) => Ok(period),
            (None, Some((name, None))) => Err(self.no_time("period", name)),
            (None, None) => Err(Error::Internal(format!(
                "the status key `{}` was asked for without a time",
                self.key
            ))),
        }
    }

    fn whole_year(&self, year: i16) -> Result<(Date, Date), Error> {
        Date::new(year, 1, 1)
            .and_then(|first| Ok((first, Date::new(year, 12, 31)?)))
            .map_err(|_| self.no_time("year", &year.to_string()))
    }

    /// Whether anything of the register fits the counts, and the remarks on what does not.
    fn unmatched(&self, name: &str, table: &CellTable) -> Result<(bool, Vec<String>), Error> {
        let mut of_counts: BTreeMap<PlaceId, &str> = BTreeMap::new();
        for cell in table.cells() {
            let at = whereabouts(table, cell);
            of_counts.insert(self.place_id(&at)?, at.place);
        }
        let fits = |place: &PlaceId| of_counts.contains_key(place);
        let alone: Vec<String> = self
            .by_place
            .keys()
            .filter(|place| !fits(place))
            .map(|place| match &place.state {
                Some(state) if self.join == Join::Name => format!("{}, {state}", place.name),
                _ => place.name.clone(),
            })
            .collect();
        let without: Vec<String> = of_counts
            .iter()
            .filter(|(place, _)| !self.by_place.contains_key(place))
            .map(|(_, place)| (*place).to_owned())
            .collect();
        let in_state = of_counts.keys().any(|place| {
            let state = place.state.as_ref().or(self.state.as_ref());
            state.is_some_and(|state| self.by_state.contains_key(state))
        });
        let fits_any = in_state || alone.len() < self.by_place.len();
        let mut notes = Vec::new();
        if !alone.is_empty() {
            notes.push(format!(
                "`{}`: {} of {} places of the register do not stand in counts `{name}` by this name or code: {}",
                self.key,
                count(alone.len() as u64),
                count(self.by_place.len() as u64),
                some_of(&alone, MOST_PLACES)
            ));
        }
        if !without.is_empty() {
            notes.push(format!(
                "`{}`: {} of {} places of counts `{name}` have no agreement of their own in the register: {}",
                self.key,
                count(without.len() as u64),
                count(of_counts.len() as u64),
                some_of(&without, MOST_PLACES)
            ));
        }
        Ok((fits_any, notes))
    }

    fn fault(&self, message: String, hint: impl Into<String>) -> Error {
        let path = self.files.first().map(|(_, path)| path.clone());
        DataFault::new(&path.unwrap_or_default(), message, hint).into()
    }

    fn stateless(&self, place: &str) -> Error {
        self.fault(
            format!("the register tells places apart by state, and of `{place}` in the counts none is known"),
            "map a key `state` of the counts, write the place as `Name, ST`, or say [[agreements.status]] state = \"AZ\" where all counts are of one state",
        )
    }

    fn no_time(&self, what: &str, found: &str) -> Error {
        self.fault(
            format!("the counts have {what} `{found}`, of which it is not known which days it is"),
            "a year has four digits; a period is one of the study's [periods], and has days in common with the year beside it",
        )
    }

    fn nothing_fits(&self) -> Error {
        let some: Vec<String> = self
            .by_place
            .keys()
            .map(|place| place.name.clone())
            .collect();
        let other = match self.join {
            Join::Name => "fips",
            Join::Fips => "name",
        };
        self.fault(
            format!("no place of the register stands in the counts, so `{}` would be the same everywhere", self.key),
            format!(
                "the register has {}; write places the same way in both, or join them otherwise: join = \"{other}\"",
                some_of(&some, MOST_PLACES)
            ),
        )
    }
}

impl Register {
    fn end_not_said(&self, agreement: &Agreement) -> Error {
        let evidence = agreement
            .last_evidence()
            .map_or(String::new(), |day| format!(", last evidence {day}"));
        DataFault::new(
            &self.path,
            format!(
                "the end of the agreement of {} is not known{evidence}, nor that it goes on",
                agreement.agency
            ),
            "say what that means: unknown_end = \"in_force\", \"in_force_until_evidence\" or \"not_known_after_evidence\" in [[agreements.status]]; or fill in the end",
        )
        .at_line(agreement.line)
        .into()
    }

    fn statewide_not_said(&self, agreement: &Agreement, status: &StatusConfig) -> Error {
        let message = format!(
            "{} is of a whole state ({}, line {} of {}), and `{}` does not say whether that covers its places",
            agreement.agency,
            agreement.state,
            agreement.line,
            self.file,
            status.key.get_ref()
        );
        Error::study(
            status.key.span(),
            message,
            "say statewide = \"covers\" (every place of the state) or \"apart\" (listed, and does not count)",
        )
    }
}

/// Whether a rule takes the last evidence for an end and an agreement's lies before its beginning, so that it never counts.
pub(super) fn never_in_force(agreement: &Agreement, rule: UnknownEnd) -> bool {
    stretches(agreement, rule).is_ok_and(|all| all.is_empty())
}
