//! What a count by daylight does not know.

use std::collections::BTreeSet;

use super::asked::of_unknown_group;
use super::coded::Coded;
use crate::stops::{LIGHT, Light, PLACE, STATE, SunTable};

/// How many kept rows are neither light nor dark, and the places that have no point.
pub(super) fn unknown(sun: &SunTable, keys: &[String], cells: &Coded) -> (u64, Vec<String>) {
    let at = |name: &str| keys.iter().position(|key| key == name);
    let (light, place, state) = (at(LIGHT), at(PLACE), at(STATE));
    let (mut rows, mut places) = (0u64, BTreeSet::new());
    let is_dropped = of_unknown_group(keys, cells);
    for (codes, sums) in cells.cells().filter(|(codes, _)| !is_dropped(codes)) {
        let value = |at: Option<usize>| at.map(|at| cells.value(at, codes[at]));
        if value(light) == Some(Light::Unknown.word()) {
            rows = sums[0].saturating_add(rows);
            let (name, state) = (value(place).unwrap_or_default(), value(state));
            if sun.find(name, state).is_none() {
                places.insert(match state.filter(|_| sun.by_state()) {
                    Some(state) => format!("{name}, {state}"),
                    None => name.to_owned(),
                });
            }
        }
    }
    (rows, places.into_iter().collect())
}
