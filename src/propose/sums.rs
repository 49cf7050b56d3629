//! Rows that add up all others of their cell without saying so by their names: told by their numbers.

use std::collections::BTreeMap;

use crate::ingest::sniff::{ColumnProfile, FileProfile, Kind, is_total_word};
use crate::ingest::{DecimalMark, Notation, ThousandsMark};

/// The least number that has to be met once, so that a few small counts are not taken for a sum.
const LEAST: u64 = 10;

/// A value of a column whose rows are the sums of all other rows that differ from them in nothing else.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    pub(super) column: String,
    pub(super) value: String,
    /// The lines of its rows, as far as they are known.
    pub(super) lines: Vec<u64>,
}

impl Sum {
    /// `North Carolina` of `county` (lines 11, 12).
    pub(super) fn shown(&self) -> String {
        let value = match self.value.trim() {
            "" => "a blank".to_owned(),
            value => format!("`{value}`"),
        };
        let lines = self.lines.iter().filter(|line| **line > 0).take(8);
        let lines: Vec<String> = lines.map(u64::to_string).collect();
        match lines.as_slice() {
            [] => format!("{value} of `{}`", self.column),
            lines => format!("{value} of `{}` (lines {})", self.column, lines.join(", ")),
        }
    }
}

/// A row: the values that tell cells apart, and its counts.
struct Row<'a> {
    line: u64,
    keys: Vec<&'a str>,
    counts: Vec<Option<u64>>,
}

/// The values that are sums in every column of counts, wherever they stand.
pub(super) fn sums(profile: &FileProfile) -> Vec<Sum> {
    let Some(lines) = &profile.all_rows else {
        return Vec::new();
    };
    let of = |is: fn(&Kind) -> bool| -> Vec<usize> {
        let columns = profile.columns.iter().enumerate();
        columns
            .filter(|(_, column)| is(&column.kind.value))
            .map(|(i, _)| i)
            .collect()
    };
    let counts = of(|kind| *kind == Kind::Count);
    let keys = of(|kind| {
        matches!(
            kind,
            Kind::Race
                | Kind::Ethnicity
                | Kind::Sex
                | Kind::Age
                | Kind::CountyCode
                | Kind::Place
                | Kind::Year
                | Kind::Category
                | Kind::Text
                | Kind::Identifier
        )
    });
    if counts.is_empty() {
        return Vec::new();
    }
    let notation = notation(&profile.columns);
    let cell = |row: &'_ [String], at: usize| -> Option<u64> {
        row.get(at).and_then(|text| notation.count(text).ok())
    };
    let rows: Vec<Row<'_>> = lines
        .iter()
        .map(|(line, row)| Row {
            line: *line,
            keys: keys
                .iter()
                .map(|at| row.get(*at).map_or("", String::as_str))
                .collect(),
            counts: counts.iter().map(|at| cell(row, *at)).collect(),
        })
        .filter(|row| !row.keys.iter().any(|key| is_total_word(key)))
        .collect();
    let found =
        (0..keys.len()).flat_map(|key| sums_of(&rows, key).into_iter().map(move |sum| (key, sum)));
    found
        .map(|(key, (value, lines))| Sum {
            column: profile.columns[keys[key]].name.clone(),
            value,
            lines,
        })
        .collect()
}

fn notation(columns: &[ColumnProfile]) -> Notation {
    let any = |of: fn(&ColumnProfile) -> u64| columns.iter().any(|column| of(column) > 0);
    if any(|column| column.decimal_commas) {
        return Notation {
            decimal: Some(DecimalMark::Comma),
            thousands: Some(ThousandsMark::Point),
        };
    }
    Notation {
        decimal: None,
        thousands: any(|column| column.grouped).then_some(ThousandsMark::Comma),
    }
}

/// What speaks for a value that adds up others.
#[derive(Default)]
struct Evidence {
    lines: Vec<u64>,
    /// Sums that are met and are not 0, and the largest of them.
    met: u64,
    largest: u64,
    fails: bool,
}

/// The values of one key that are sums of its others.
fn sums_of(rows: &[Row<'_>], key: usize) -> Vec<(String, Vec<u64>)> {
    let mut cells: BTreeMap<Vec<&str>, Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        let mut others = row.keys.clone();
        others.remove(key);
        cells.entry(others).or_default().push(row);
    }
    let mut found: BTreeMap<&str, Evidence> = BTreeMap::new();
    for rows in cells.values() {
        let all = totals(rows);
        for row in rows {
            let evidence = found.entry(row.keys[key]).or_default();
            evidence.lines.push(row.line);
            // A sum of one row is that row again.
            evidence.fails |= rows.len() < 3;
            for (own, all) in row.counts.iter().zip(&all) {
                let (Some(own), Some(all)) = (own, all) else {
                    evidence.fails = true;
                    continue;
                };
                evidence.fails |= own.checked_mul(2) != Some(*all);
                evidence.met += u64::from(*own > 0);
                evidence.largest = evidence.largest.max(*own);
            }
        }
    }
    let is_sum = |own: &Evidence| !own.fails && own.met >= 2 && own.largest >= LEAST;
    found
        .into_iter()
        .filter(|(_, own)| is_sum(own))
        .map(|(value, mut own)| {
            own.lines.sort_unstable();
            (value.to_owned(), own.lines)
        })
        .collect()
}

/// Each column of counts added up; `None` where one is no count.
fn totals(rows: &[&Row<'_>]) -> Vec<Option<u64>> {
    let columns = rows.first().map_or(0, |row| row.counts.len());
    (0..columns)
        .map(|at| {
            let mut counts = rows.iter().map(|row| row.counts[at]);
            counts.try_fold(0_u64, |sum, own| sum.checked_add(own?))
        })
        .collect()
}
