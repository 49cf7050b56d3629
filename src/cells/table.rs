//! A table of counts by cell.

use serde::Serialize;

use super::Only;
use crate::stops::GROUP;

/// Counts of one cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Values of the table's keys, in the order of its keys.
    pub key: Vec<String>,
    /// Events counted.
    pub events: u64,
    /// What they were counted out of; `None` where the events are not a part of something.
    pub trials: Option<u64>,
}

/// Cells that share their keys, sorted by key, each key at most once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellTable {
    keys: Vec<String>,
    cells: Vec<Cell>,
}

impl CellTable {
    /// Sorts the cells and adds up those with the same key. `None` when a sum exceeds the largest integer.
    #[must_use]
    pub fn new(keys: Vec<String>, cells: impl IntoIterator<Item = Cell>) -> Option<Self> {
        let mut sorted: Vec<Cell> = cells.into_iter().collect();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        let mut cells: Vec<Cell> = Vec::with_capacity(sorted.len());
        for cell in sorted {
            debug_assert_eq!(cell.key.len(), keys.len(), "one value per key");
            match cells.last_mut().filter(|last| last.key == cell.key) {
                None => cells.push(cell),
                Some(sum) => {
                    sum.events = sum.events.checked_add(cell.events)?;
                    sum.trials = match (sum.trials, cell.trials) {
                        (Some(a), Some(b)) => Some(a.checked_add(b)?),
                        _ => None,
                    };
                }
            }
        }
        Some(Self { keys, cells })
    }

    /// The keys, in the order of every cell's values.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The cells, sorted by key.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cell of a key.
    #[must_use]
    pub fn cell(&self, key: &[String]) -> Option<&Cell> {
        self.cells
            .binary_search_by(|cell| cell.key.as_slice().cmp(key))
            .ok()
            .map(|at| &self.cells[at])
    }

    /// Where a key stands among the table's keys.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|k| k == key)
    }

    /// A cell's value of a key.
    #[must_use]
    pub fn value<'a>(&self, cell: &'a Cell, key: &str) -> Option<&'a str> {
        self.position(key).map(|at| cell.key[at].as_str())
    }

    /// The cell's values of several keys; a key that the table does not have gives `None`.
    #[must_use]
    pub fn values(&self, cell: &Cell, keys: &[String]) -> Option<Vec<String>> {
        keys.iter()
            .map(|key| self.value(cell, key).map(str::to_owned))
            .collect()
    }

    /// The cells that pass, added up by fewer keys. `None` when a key is not there or a sum exceeds the largest integer.
    #[must_use]
    pub fn roll_up(&self, by: &[String], only: &Only) -> Option<Self> {
        let mut cells = Vec::new();
        for cell in self
            .cells
            .iter()
            .filter(|cell| only.passes(|key| self.value(cell, key)))
        {
            cells.push(Cell {
                key: self.values(cell, by)?,
                events: cell.events,
                trials: cell.trials,
            });
        }
        Self::new(by.to_vec(), cells)
    }

    /// Adds the groups that are missing beside others as cells of zero: rows that were not there were counted as none.
    #[must_use]
    pub fn with_zeros(self, groups: &[String]) -> Self {
        let Some(at) = self.position(GROUP) else {
            return self;
        };
        // One cell of each combination of the other keys stands for all of its groups.
        let mut others: Vec<&Cell> = self.cells.iter().collect();
        let compared = |a: &Cell, b: &Cell| {
            let before = a.key[..at].cmp(&b.key[..at]);
            before.then_with(|| a.key[at + 1..].cmp(&b.key[at + 1..]))
        };
        others.sort_by(|a, b| compared(a, b));
        others.dedup_by(|a, b| compared(a, b).is_eq());
        let mut zeros = Vec::new();
        for cell in others {
            let mut key = cell.key.clone();
            for group in groups {
                group.clone_into(&mut key[at]);
                if self.cell(&key).is_none() {
                    zeros.push(Cell {
                        key: key.clone(),
                        events: 0,
                        trials: cell.trials.map(|_| 0),
                    });
                }
            }
        }
        let cells = self.cells.into_iter().chain(zeros);
        Self::new(self.keys, cells).expect("adding zeros cannot exceed the largest integer")
    }

    /// The distinct values of a key, sorted; empty when the table does not have it.
    #[must_use]
    pub fn distinct(&self, key: &str) -> Vec<String> {
        let Some(at) = self.position(key) else {
            return Vec::new();
        };
        let mut found: Vec<String> = self.cells.iter().map(|cell| cell.key[at].clone()).collect();
        found.sort();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(key: &[&str], events: u64, trials: u64) -> Cell {
        Cell {
            key: key.iter().map(|&k| k.to_owned()).collect(),
            events,
            trials: Some(trials),
        }
    }

    fn small() -> CellTable {
        let keys = vec!["place".to_owned(), GROUP.to_owned()];
        CellTable::new(
            keys,
            [
                cell(&["b", "white"], 2, 20),
                cell(&["a", "white"], 1, 10),
                cell(&["a", "black"], 3, 30),
            ],
        )
        .unwrap()
    }

    #[test]
    fn cells_are_sorted_and_rolled_up() {
        let rolled = small()
            .roll_up(&[GROUP.to_owned()], &Only::default())
            .unwrap();
        assert_eq!(
            rolled.cells(),
            [cell(&["black"], 3, 30), cell(&["white"], 3, 30)]
        );
        assert_eq!(
            small().roll_up(&["officer".to_owned()], &Only::default()),
            None
        );
    }

    #[test]
    fn rows_that_were_not_there_count_as_none() {
        let full = small().with_zeros(&["black".to_owned(), "white".to_owned()]);
        assert_eq!(full.cells().len(), 4);
        assert_eq!(full.cells()[2], cell(&["b", "black"], 0, 0));
    }

    #[test]
    fn a_sum_beyond_the_largest_integer_is_refused() {
        assert_eq!(
            CellTable::new(
                vec!["g".into()],
                [cell(&["x"], u64::MAX, 1), cell(&["x"], 1, 1)]
            ),
            None
        );
    }
}
