//! Where and when rows cover people, whether or not anything happened there.

use std::collections::{BTreeMap, BTreeSet};

use super::Fixed;
use crate::cells::Only;
use crate::ingest::Whereabouts;
use crate::stops::{PERIOD, PLACE, STATE, YEAR};

/// Values of the keys of a place, with its year and its period.
pub(super) type PlaceTime = (Vec<String>, [Option<String>; 2]);

/// A stretch of the time that rows cover.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    pub(super) year: Option<String>,
    pub(super) period: Option<String>,
    pub(super) years: f64,
}

/// What rows cover, whether or not anything happened there.
pub(super) struct Rows {
    /// Keys that are neither the group nor time.
    pub(super) keys: Vec<String>,
    /// Their values, wherever the data have a row.
    pub(super) combinations: BTreeSet<Vec<String>>,
    /// The keys of which a value says where people live.
    pub(super) restricting: BTreeSet<String>,
    pub(super) slots: Vec<Slot>,
    /// Where and when there is a row, where nothing else is covered.
    pub(super) with_rows: Option<BTreeSet<PlaceTime>>,
    /// Values of status keys that are looked at alone; a status belongs to a place in a time, not to a place.
    pub(super) only_statuses: Only,
}

impl Rows {
    pub(super) fn value<'v>(&self, values: &'v [String], key: &str) -> Option<&'v str> {
        self.keys
            .iter()
            .position(|k| k == key)
            .map(|at| values[at].as_str())
    }

    pub(super) fn whereabouts<'v>(&self, values: &'v [String], slot: &'v Slot) -> Whereabouts<'v> {
        Whereabouts {
            place: self.value(values, PLACE).unwrap_or_default(),
            state: self.value(values, STATE),
            year: slot.year.as_deref(),
            period: slot.period.as_deref(),
        }
    }

    /// Whether a place is covered in a stretch of time.
    pub(super) fn covers(&self, values: &[String], slot: &Slot) -> bool {
        self.with_rows.as_ref().is_none_or(|with_rows| {
            let time = [slot.year.clone(), slot.period.clone()];
            with_rows.contains(&(values.to_vec(), time))
        })
    }

    /// Whether some values hold here, as far as they say where people live.
    pub(super) fn holds(&self, values: &[String], fixed: &Fixed) -> bool {
        fixed
            .iter()
            .filter(|(key, _)| self.restricting.contains(key))
            .all(|(key, wanted)| self.value(values, key) == Some(wanted))
    }
}

impl Slot {
    pub(super) fn fits(&self, fixed: &Fixed) -> bool {
        let fits = |own: &Option<String>, wanted: &String| own.as_ref() == Some(wanted);
        fixed.iter().all(|(key, wanted)| match key.as_str() {
            YEAR => fits(&self.year, wanted),
            PERIOD => fits(&self.period, wanted),
            _ => true,
        })
    }

    pub(super) fn passes(&self, only: &Only) -> bool {
        only.0.iter().all(|(key, allowed)| {
            let own = match key.as_str() {
                YEAR => &self.year,
                PERIOD => &self.period,
                _ => return true,
            };
            own.as_ref()
                .is_some_and(|own| allowed.values().contains(own))
        })
    }
}

/// Whether two keys vary independently: some place has several values, and some value several places. A kind of stop
/// crosses places, so everybody is exposed to each kind; a precinct or a state does not.
pub(super) fn crosses<'v>(pairs: impl Iterator<Item = (Vec<&'v str>, &'v str)>) -> bool {
    let mut values: BTreeMap<Vec<&str>, BTreeSet<&str>> = BTreeMap::new();
    let mut places: BTreeMap<&str, BTreeSet<Vec<&str>>> = BTreeMap::new();
    for (place, value) in pairs {
        values.entry(place.clone()).or_default().insert(value);
        places.entry(value).or_default().insert(place);
    }
    values.values().any(|values| values.len() > 1) && places.values().any(|places| places.len() > 1)
}
