//! Counts of persons at the finest grain at which any of them is used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::audit::{Elementary, Sum};
use crate::cells::{Cell, CellTable, GROUP, UNKNOWN};
use crate::findings::{CountRef, Part};
use crate::ingest::{YES, says_key};
use crate::stops::NOT_RECORDED;

/// Counts whose small cells are protected, by the source that they come from.
#[derive(Debug, Clone, Default)]
pub struct Protected {
    pub(super) sources: Vec<Source>,
}

/// One source: kinds of persons by cell, and of which kinds each count is made.
#[derive(Debug, Clone)]
pub(super) struct Source {
    keys: Vec<String>,
    cells: Vec<Vec<String>>,
    /// Of every cell, how many there are of each kind.
    kinds: Vec<Vec<u64>>,
    is_sensitive: Vec<bool>,
    made_of: BTreeMap<String, BTreeMap<Part, Vec<usize>>>,
    /// Counts that hold only for cells with some values of a key: of which key, and which values by part.
    parts: BTreeMap<String, PartOf>,
    /// Whether the sum of everything is the number of rows kept.
    pub(super) counts_rows: bool,
}

/// Which cells further counts of rows are made of.
#[derive(Debug, Clone)]
struct PartOf {
    /// Where their key stands.
    key: usize,
}

impl PartOf {
    /// Whether a cell counts.
    fn holds(&self, part: Part, cell: &[String]) -> bool {
        match part {
            Part::Events => cell[self.key] == YES,
            Part::Trials => cell[self.key] != NOT_RECORDED,
        }
    }
}

impl Protected {
    /// Further counts of the rows that were added last, told by a key of theirs. All of them are sensitive: that it is not
    /// known of somebody is only said of all.
    pub fn add_part_of_rows(&mut self, name: &str, of_searches: bool) {
        let Some(source) = self.sources.last_mut() else {
            return;
        };
        let wanted = says_key(name);
        let Some(key) = source.keys.iter().position(|key| *key == wanted) else {
            return;
        };
        let kinds = if of_searches {
            vec![2, 3, 4]
        } else {
            vec![0, 1, 2, 3, 4]
        };
        let by_part = BTreeMap::from([(Part::Events, kinds.clone()), (Part::Trials, kinds)]);
        source.made_of.insert(name.to_owned(), by_part);
        source.parts.insert(name.to_owned(), PartOf { key });
    }

    /// Counts of rows: stops, and of the same stops searches and hits where they are recorded. All by the same keys.
    pub fn add_rows(
        &mut self,
        (rows_are, stops): (&str, &CellTable),
        searches: Option<&CellTable>,
        hits: Option<&CellTable>,
    ) {
        // Search not known; no search; search with a find not known; search without a find; search with one.
        let (mut cells, mut kinds) = (Vec::new(), Vec::new());
        let at = |table: Option<&CellTable>, key: &[String]| {
            table
                .and_then(|table| table.cell(key))
                .map_or((0, 0), |cell| {
                    (cell.events, cell.trials.unwrap_or_default())
                })
        };
        let group = |cell: &Cell| stops.value(cell, GROUP).map(str::to_owned);
        let has_rows: BTreeSet<Option<String>> = stops
            .cells()
            .iter()
            .filter(|cell| cell.events > 0)
            .map(group)
            .collect();
        // That a group has no row at all is said in a caution, so nothing is unknown about it.
        for cell in stops
            .cells()
            .iter()
            .filter(|cell| has_rows.contains(&group(cell)))
        {
            let (searched, known) = at(searches, &cell.key);
            let (found, judged) = at(hits, &cell.key);
            cells.push(cell.key.clone());
            kinds.push(vec![
                cell.events - known,
                known - searched,
                searched - judged,
                judged - found,
                found,
            ]);
        }
        let (of_hits, of_searches) = (hits.is_some(), searches.is_some());
        let mut made_of: BTreeMap<String, BTreeMap<Part, Vec<usize>>> = BTreeMap::new();
        let mut add = |name: &str, part, kinds: &[usize]| {
            let of_name = made_of.entry(name.to_owned()).or_default();
            of_name.insert(part, kinds.to_vec());
        };
        add(rows_are, Part::Events, &[0, 1, 2, 3, 4]);
        add("searches", Part::Trials, &[1, 2, 3, 4]);
        add("searches", Part::Events, &[2, 3, 4]);
        add("hits", Part::Trials, &[3, 4]);
        add("hits", Part::Events, &[4]);
        self.sources.push(Source {
            keys: stops.keys().to_vec(),
            cells,
            kinds,
            // That something was not recorded of a person says nothing about the person.
            is_sensitive: vec![!of_searches, true, !of_hits, true, true],
            made_of,
            parts: BTreeMap::new(),
            counts_rows: true,
        });
    }

    /// Published counts that the study wants to be treated like rows.
    pub fn add_published(&mut self, name: &str, table: &CellTable) {
        let kinds = |cell: &Cell| {
            vec![
                cell.events,
                cell.trials.unwrap_or(cell.events) - cell.events,
            ]
        };
        self.sources.push(Source {
            keys: table.keys().to_vec(),
            cells: table.cells().iter().map(|cell| cell.key.clone()).collect(),
            kinds: table.cells().iter().map(kinds).collect(),
            is_sensitive: vec![true, true],
            made_of: BTreeMap::from([(
                name.to_owned(),
                BTreeMap::from([(Part::Events, vec![0]), (Part::Trials, vec![0, 1])]),
            )]),
            parts: BTreeMap::new(),
            counts_rows: false,
        });
    }

    /// Counts that a finding made of rows for itself.
    pub(super) fn add_own(&mut self, name: &str, table: &CellTable) {
        self.sources.push(Source {
            keys: table.keys().to_vec(),
            cells: table.cells().iter().map(|cell| cell.key.clone()).collect(),
            kinds: table.cells().iter().map(|cell| vec![cell.events]).collect(),
            is_sensitive: vec![true],
            made_of: BTreeMap::from([(name.to_owned(), BTreeMap::from([(Part::Events, vec![0])]))]),
            parts: BTreeMap::new(),
            counts_rows: false,
        });
    }

    /// Whether counts of a name are protected.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.sources
            .iter()
            .any(|source| source.made_of.contains_key(name))
    }

    /// The source of some counts; `None` where they are not protected.
    pub(super) fn source(&self, count: &CountRef) -> Option<usize> {
        self.sources
            .iter()
            .position(|source| source.kinds_of(count).is_some())
    }
}

impl Source {
    /// What is in each cell, by kind.
    pub(super) fn elementary(&self) -> Vec<Vec<Elementary>> {
        let of_cell = |counts: &Vec<u64>| {
            let kinds = counts.iter().zip(&self.is_sensitive);
            kinds
                .map(|(&count, &is_sensitive)| Elementary {
                    count,
                    is_sensitive,
                })
                .collect()
        };
        self.kinds.iter().map(of_cell).collect()
    }

    fn kinds_of(&self, count: &CountRef) -> Option<&Vec<usize>> {
        self.made_of.get(&count.counts)?.get(&count.part)
    }

    /// The sums that the account of the rows states: all rows that were kept, and those of unknown group where they are
    /// counted beside them.
    pub(super) fn accounted(&self) -> Vec<Sum> {
        if !self.counts_rows {
            return Vec::new();
        }
        let group_at = self.keys.iter().position(|key| key == GROUP);
        let is_unknown = |cell: &usize| group_at.is_some_and(|at| self.cells[*cell][at] == UNKNOWN);
        let (unknown, kept): (Vec<usize>, Vec<usize>) = (0..self.cells.len()).partition(is_unknown);
        let sum = |cells: Vec<usize>| Sum {
            count: cells.iter().flat_map(|&cell| &self.kinds[cell]).sum(),
            cells,
            kinds: (0..self.is_sensitive.len()).collect(),
            is_expendable: true,
        };
        let has_unknown = !unknown.is_empty();
        std::iter::once(sum(kept))
            .chain(has_unknown.then(|| sum(unknown)))
            .collect()
    }
}

/// Cells by their values of some keys.
type Cells<'a> = BTreeMap<Vec<&'a str>, Vec<usize>>;

/// Finds the elementary counts of counts; each set of keys is looked up once.
pub(super) struct Index<'a> {
    source: &'a Source,
    by_keys: BTreeMap<Arc<[String]>, Cells<'a>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self {
            source,
            by_keys: BTreeMap::new(),
        }
    }

    /// The kinds of persons that a count adds up.
    pub(super) fn kinds(&self, count: &CountRef) -> &'a [usize] {
        let kinds = self.source.kinds_of(count);
        kinds.map_or(&[], Vec::as_slice)
    }

    /// The cells that a count adds up, sorted.
    pub(super) fn cells(&mut self, count: &CountRef) -> Vec<usize> {
        let source = self.source;
        let by_values = self
            .by_keys
            .entry(Arc::clone(&count.keys))
            .or_insert_with(|| {
                let at: Vec<usize> = count
                    .keys
                    .iter()
                    .filter_map(|key| source.keys.iter().position(|k| k == key))
                    .collect();
                let mut cells = Cells::new();
                for (i, cell) in source.cells.iter().enumerate() {
                    let values = at.iter().map(|&at| cell[at].as_str()).collect();
                    cells.entry(values).or_default().push(i);
                }
                cells
            });
        let found = count.cells.iter().filter_map(|values| {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            by_values.get(&values)
        });
        let part_of = source.parts.get(&count.counts);
        let is_part =
            |cell: &&usize| part_of.is_none_or(|of| of.holds(count.part, &source.cells[**cell]));
        let cells: BTreeSet<usize> = found.flatten().filter(is_part).copied().collect();
        cells.into_iter().collect()
    }
}
