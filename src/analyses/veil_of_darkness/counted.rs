//! Stops by everything that a number of the finding adds up: what disclosure holds the finding against.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rows::{Row, Rows, State};
use super::windows::Part;
use crate::cells::{Cell, CellTable};
use crate::findings::{CountRef, Part as CountPart};

/// Most shifts of dusk and dawn that are looked at as placebos.
pub(super) const MOST_PLACEBOS: usize = 4;

/// Minutes of a slice of the clock, and of time since dusk, in the chart.
pub(super) const SLICE: i32 = 15;

/// What is known of a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Known {
    /// The reference group is 0, the compared ones follow; `None` for any other.
    pub(super) group: Option<usize>,
    pub(super) state: State,
    /// Whether the clocks change within the days asked for.
    pub(super) is_near: bool,
    /// Which slice of the clock that is drawn.
    pub(super) slice: Option<usize>,
    /// Quarters of an hour into darkness, rounded down; only of slices that are drawn.
    pub(super) since: i32,
    /// Window and light under each shift.
    pub(super) placebos: [Option<(Part, bool)>; MOST_PLACEBOS],
}

/// The counts.
#[derive(Debug)]
pub(super) struct Counted {
    name: String,
    cells: Vec<(Known, u64)>,
    keys: Arc<[String]>,
}

impl Counted {
    /// Counts stops; `name` is not the name of any counts of the study.
    pub(super) fn new(
        name: String,
        rows: &Rows<'_>,
        group_of: &[Option<usize>],
        (slices, shifts): (&[(Part, i32)], &[i32]),
    ) -> Self {
        let mut cells: BTreeMap<Known, u64> = BTreeMap::new();
        for row in &rows.rows {
            let group = group_of[row.group as usize];
            let known = match group {
                None => Known::other(),
                Some(_) => known(rows, row, (group, slices, shifts)),
            };
            *cells.entry(known).or_default() += row.count;
        }
        Self {
            name,
            cells: cells.into_iter().collect(),
            keys: vec!["cell".to_owned()].into(),
        }
    }

    /// A number that adds up some of the counts.
    pub(super) fn sum(&self, keep: impl Fn(&Known) -> bool) -> CountRef {
        let own = self.cells.iter().enumerate();
        let own = own.filter(|(_, (known, _))| keep(known));
        let (mut cells, mut count) = (std::collections::BTreeSet::new(), 0);
        for (i, (_, stops)) in own {
            cells.insert(vec![i.to_string()]);
            count += stops;
        }
        CountRef {
            counts: self.name.clone(),
            part: CountPart::Events,
            keys: Arc::clone(&self.keys),
            cells: Arc::new(cells),
            count,
        }
    }

    /// Quarters of an hour since dusk in which a slice has stops, in their order.
    pub(super) fn quarters(&self, slice: usize) -> Vec<i32> {
        let own = self
            .cells
            .iter()
            .filter(|(known, _)| known.slice == Some(slice));
        let mut quarters: Vec<i32> = own.map(|(known, _)| known.since).collect();
        quarters.sort_unstable();
        quarters.dedup();
        quarters
    }

    /// The counts as a table of their own.
    pub(super) fn table(&self) -> (String, CellTable) {
        let cells = self.cells.iter().enumerate().map(|(i, (_, stops))| Cell {
            key: vec![i.to_string()],
            events: *stops,
            trials: None,
        });
        let table = CellTable::new(self.keys.to_vec(), cells);
        (
            self.name.clone(),
            table.expect("each cell stands there once, so no sum is made"),
        )
    }
}

impl Known {
    /// A stop of a group that is not looked at: nothing else is asked of it.
    fn other() -> Self {
        Self {
            group: None,
            state: State::NoTime,
            is_near: false,
            slice: None,
            since: 0,
            placebos: [None; MOST_PLACEBOS],
        }
    }

    /// Whether it is light, in one of some windows.
    pub(super) fn light_in(&self, parts: &[Part]) -> Option<bool> {
        match self.state {
            State::Light(part) if parts.contains(&part) => Some(true),
            State::Dark(part) if parts.contains(&part) => Some(false),
            _ => None,
        }
    }
}

fn known(
    rows: &Rows<'_>,
    row: &Row,
    (group, slices, shifts): (Option<usize>, &[(Part, i32)], &[i32]),
) -> Known {
    let state = rows.state(row);
    let slice = slice_of(row, state).and_then(|own| slices.iter().position(|s| *s == own));
    let mut placebos = [None; MOST_PLACEBOS];
    for (shift, placebo) in shifts.iter().zip(&mut placebos) {
        *placebo = rows.shifted(row, *shift);
    }
    Known {
        group,
        state,
        is_near: rows.is_near(row),
        slice,
        since: slice
            .and_then(|_| since(rows, row, state))
            .unwrap_or_default(),
        placebos,
    }
}

/// The window and the quarter of an hour of a stop in daylight or darkness.
pub(super) fn slice_of(row: &Row, state: State) -> Option<(Part, i32)> {
    match state {
        State::Light(part) | State::Dark(part) => Some((part, i32::from(row.minute?) / SLICE)),
        _ => None,
    }
}

/// Quarters of an hour since dusk, or before dawn.
fn since(rows: &Rows<'_>, row: &Row, state: State) -> Option<i32> {
    let (State::Light(part) | State::Dark(part)) = state else {
        return None;
    };
    let civil = part.civil(&rows.sun_of(row)?)?;
    let minute = i32::from(row.minute?);
    let into_darkness = match part {
        Part::Evening => 60 * minute - civil,
        Part::Morning => civil - 60 * minute,
    };
    Some(into_darkness.div_euclid(60 * SLICE))
}
