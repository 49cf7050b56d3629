//! A benchmark population by cell, and the arithmetic of its margins of error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::super::csv_file::quoted_or_blank;
use super::margins::annotation;
use crate::cells::GROUP;
use crate::error::{DataFault, Error};
use crate::stats::acs::{Aggregate, Estimate, MarginOfError};

/// A benchmark population by cell.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Its name in the study.
    pub name: String,
    /// Who is counted.
    pub universe: String,
    /// When and by whom.
    pub vintage: String,
    /// Cautions of the study.
    pub cautions: Vec<String>,
    /// The keys of a cell, `group` among them.
    pub keys: Vec<String>,
    /// Whether the file states margins of error.
    pub states_margins: bool,
    pub(super) cells: BTreeMap<Vec<String>, People>,
    pub(super) path: PathBuf,
    /// The column that a fault names where the cell has none of its own.
    pub(super) column: String,
}

/// The people of one cell, or of several together: exactly known ones, and estimates with their margins of error.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct People {
    /// The parts that have no margin of error, or one of 0.
    exact: Vec<f64>,
    /// The other parts, each of them once.
    estimates: Vec<Estimate>,
    /// Whether the margin of some part is missing, so that the sum has none.
    misses_margin: bool,
    /// Whether some part is controlled to a fixed total.
    controlled: bool,
    /// What is no number; it is judged when an analysis asks for it.
    unusable: Option<Unusable>,
    pub(super) line: u64,
}

/// A field that is no number of people, or no margin of error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Unusable {
    /// Where it stands.
    pub(super) path: PathBuf,
    /// Its line.
    pub(super) line: u64,
    /// Its column.
    pub(super) column: String,
    /// As found; a sentence where the fault is not that of one field.
    pub(super) found: String,
    /// What to do.
    pub(super) what: Fault,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Population,
    Share,
    Margin,
    Incomplete,
    Negative,
}

impl People {
    /// One part: an estimate with its margin, where there is one.
    pub(super) fn of(value: f64, margin: Option<MarginOfError>, states_margins: bool) -> Self {
        let mut people = Self {
            misses_margin: states_margins && margin.is_none(),
            controlled: margin.is_some_and(MarginOfError::is_controlled),
            ..Self::default()
        };
        match margin.filter(|margin| !margin.is_controlled()) {
            Some(margin) => people.estimates.push(Estimate { value, margin }),
            None => people.exact.push(value),
        }
        people
    }

    /// A part that cannot be used.
    pub(super) fn unusable(fault: Unusable) -> Self {
        Self {
            unusable: Some(fault),
            ..Self::default()
        }
    }

    /// Makes the whole unusable, unless it is already.
    pub(super) fn spoil(&mut self, fault: Unusable) {
        self.unusable.get_or_insert(fault);
    }

    /// The same, of a cell that begins on this line.
    pub(super) fn on_line(mut self, line: u64) -> Self {
        self.line = line;
        self
    }

    /// Adds a further part; one that is no number makes the whole no number.
    pub(super) fn add(&mut self, other: Self) {
        self.exact.extend(other.exact);
        self.estimates.extend(other.estimates);
        self.misses_margin |= other.misses_margin;
        self.controlled |= other.controlled;
        if let Some(fault) = other.unusable {
            self.spoil(fault);
        }
    }

    /// Takes a part away; its sampling error stays.
    pub(super) fn subtract(&mut self, mut other: Self) {
        for value in &mut other.exact {
            *value = -*value;
        }
        for estimate in &mut other.estimates {
            estimate.value = -estimate.value;
        }
        self.add(other);
    }

    /// Puts the parts in an order of their own, so that the order of the rows moves no digit of their sum.
    pub(super) fn settle(&mut self) {
        self.exact.sort_by(f64::total_cmp);
        let size = |part: &Estimate| (part.value, part.margin.get());
        self.estimates.sort_by(|a, b| {
            let ((a, of_a), (b, of_b)) = (size(a), size(b));
            a.total_cmp(&b).then(of_a.total_cmp(&of_b))
        });
    }

    /// Of the parts without a margin.
    fn exactly(&self) -> f64 {
        self.exact.iter().fold(0.0, |sum, value| sum + value)
    }

    /// How many.
    #[must_use]
    pub fn population(&self) -> f64 {
        let parts = self.estimates.iter().map(|part| part.value);
        parts.fold(self.exactly(), |sum, value| sum + value)
    }

    /// The parts over some years, ready to be added to others.
    ///
    /// Estimates of 0 count once over all that is added up, so the parts are kept apart until then.
    #[must_use]
    pub fn over_years(&self, years: f64) -> Aggregate {
        let of = |value: f64, margin: f64| {
            let margin = MarginOfError::from_census(margin).unwrap_or(MarginOfError::CONTROLLED);
            Aggregate::of(Estimate { value, margin })
        };
        let parts = self.estimates.iter();
        let mut parts = parts.map(|part| of(part.value * years, part.margin.get() * years));
        let exact = self.exactly();
        if exact.abs() <= 0.0 {
            let first = parts.next().unwrap_or_default();
            return parts.fold(first, Aggregate::and);
        }
        parts.fold(of(exact * years, 0.0), Aggregate::and)
    }

    /// The number with its margin of error at the 90 % level; `None` where some margin is missing or none is stated.
    #[must_use]
    pub fn margin(&self) -> Option<MarginOfError> {
        let is_stated = self.controlled || !self.estimates.is_empty();
        (is_stated && !self.misses_margin)
            .then(|| self.over_years(1.0).estimate())
            .flatten()
            .map(|estimate| estimate.margin)
    }

    /// Whether a margin of error is missing.
    #[must_use]
    pub fn misses_margin(&self) -> bool {
        self.misses_margin
    }

    /// Whether some part is controlled, so that its sampling error is not stated.
    #[must_use]
    pub fn is_controlled(&self) -> bool {
        self.controlled
    }

    /// Whether some part has a margin of error above 0.
    fn has_margin(&self) -> bool {
        !self.estimates.is_empty()
    }
}

impl Baseline {
    /// The people of a cell; `None` when the baseline does not have it.
    ///
    /// # Errors
    /// The cell is there and blank, negative or no number: it is an error to ask for it.
    pub fn people(&self, key: &[String]) -> Result<Option<&People>, Error> {
        match self.cells.get(key) {
            None => Ok(None),
            Some(cell) => match &cell.unusable {
                None => Ok(Some(cell)),
                Some(unusable) => Err(unusable.fault(key).into()),
            },
        }
    }

    /// Whether any cell has a margin of error above 0, so that intervals carry it.
    #[must_use]
    pub fn carries_margins(&self) -> bool {
        self.cells.values().any(People::has_margin)
    }

    /// A fault of a cell that an analysis cannot use.
    #[must_use]
    pub fn fault(&self, key: &[String], message: impl Into<String>, hint: &str) -> DataFault {
        let fault = DataFault::new(&self.path, message, hint).in_column(self.column.as_str());
        match self.cells.get(key) {
            Some(cell) if cell.line > 0 => fault.at_line(cell.line),
            _ => fault,
        }
    }

    /// Every cell's key, sorted.
    pub fn cell_keys(&self) -> impl Iterator<Item = &Vec<String>> {
        self.cells.keys()
    }

    /// Every value of a key, sorted; nothing where the baseline is not told apart by it.
    #[must_use]
    pub fn distinct(&self, key: &str) -> BTreeSet<&str> {
        let at = self.keys.iter().position(|own| own == key);
        let values = at
            .into_iter()
            .flat_map(|at| self.cells.keys().map(move |cell| cell[at].as_str()));
        values.collect()
    }

    /// Where the key stands among a cell's values.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.keys.iter().position(|own| own == key)
    }
}

impl Unusable {
    fn fault(&self, key: &[String]) -> DataFault {
        let cell = key.join(" / ");
        let (message, hint) = match self.what {
            Fault::Incomplete | Fault::Negative => (
                format!("{cell}: {}", self.found),
                "an analysis needs this population: complete the file, or leave the place out of both",
            ),
            Fault::Margin => (
                self.found_for(&cell),
                "a margin of error is a number from 0, or a code of the census (-555555555: controlled)",
            ),
            Fault::Share => (
                self.found_for(&cell),
                "an analysis needs this share: a number from 0 to 1, or to 100 where it is a percentage",
            ),
            Fault::Population => (
                self.found_for(&cell),
                "an analysis needs this population: a finite number from 0, in digits without separators",
            ),
        };
        let fault = DataFault::new(Path::new(&self.path), message, hint);
        let fault = if self.line > 0 {
            fault.at_line(self.line)
        } else {
            fault
        };
        fault.in_column(self.column.as_str())
    }

    fn found_for(&self, cell: &str) -> String {
        let found = quoted_or_blank(&self.found);
        match annotation(&self.found) {
            Some(meaning) => format!("found {found} for {cell} (the census: {meaning})"),
            None => format!("found {found} for {cell}"),
        }
    }
}

/// The key of a cell without its group, and the group.
pub(super) fn split_group(keys: &[String], cell: &[String]) -> (Vec<String>, String) {
    let mut group = String::new();
    let mut rest = Vec::with_capacity(cell.len());
    for (key, value) in keys.iter().zip(cell) {
        if key == GROUP {
            group.clone_from(value);
        } else {
            rest.push(value.clone());
        }
    }
    (rest, group)
}
