//! Rows that add up others, such as `Total` among places: counted beside what they are made of, they count twice.

use super::draft::{Draft, inline, list, quoted};
use super::sums::Sum;
use crate::ingest::sniff::{ColumnProfile, Confidence, is_total_word};
use crate::number::count;

/// The values of a column that name a sum of others, with their rows.
fn totals(column: &ColumnProfile) -> impl Iterator<Item = (&String, u64)> {
    let values = column.kept.iter().flatten();
    values
        .filter(|(value, _)| is_total_word(value))
        .map(|(value, rows)| (value, *rows))
}

/// Writes a filter for each of the columns that has such values, by their names or by their numbers. `is_one` says whether a value with so many rows is a sum.
pub(super) fn leave_out(
    draft: &mut Draft,
    columns: &[&ColumnProfile],
    by_number: &[Sum],
    is_one: impl Fn(u64) -> bool,
) {
    let mut filters = Vec::new();
    let mut reasons = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        let mut found: Vec<(&String, u64)> =
            totals(column).filter(|(_, rows)| is_one(*rows)).collect();
        let own = by_number.iter().filter(|sum| sum.column == column.name);
        found.extend(own.map(|sum| (&sum.value, sum.lines.len() as u64)));
        if found.is_empty() || columns[..i].iter().any(|own| own.name == column.name) {
            continue;
        }
        let values = || found.iter().map(|(value, _)| value.as_str());
        let words = values().map(|value| match value.trim() {
            "" => "a blank".to_owned(),
            value => format!("`{value}`"),
        });
        let rule = format!(
            "sum of other rows: {} of `{}`",
            words.collect::<Vec<_>>().join(", "),
            column.name
        );
        let rows: u64 = found.iter().map(|(_, rows)| rows).sum();
        reasons.push(format!("{} rows: {rule}", count(rows)));
        filters.push(inline(&[
            ("drop".into(), quoted(&rule)),
            (
                "where".into(),
                inline(&[(column.name.clone(), list(values()))]),
            ),
        ]));
    }
    if !filters.is_empty() {
        let reason = format!(
            "by their names or their numbers these rows add up others, which would count twice ({}); take the filter out where they do not",
            reasons.join("; ")
        );
        let filters = format!("[{}]", filters.join(", "));
        draft.key("filter", filters, Confidence::Likely, reason);
    }
}

/// What to ask of rows of stops where such a word stands too often to be a sum at the end of a table.
pub(super) fn question(columns: &[&ColumnProfile]) -> Option<String> {
    let found: Vec<String> = columns
        .iter()
        .flat_map(|column| {
            let often = totals(column).filter(|(_, rows)| *rows > 1);
            often.map(|(value, rows)| {
                format!("`{value}` of `{}` ({} rows)", column.name, count(rows))
            })
        })
        .collect();
    (!found.is_empty()).then(|| {
        format!(
            "Are rows with {} stops as all others are, or sums of other rows? They are counted; sums are left out by a `filter` under [[stops]].",
            found.join(", ")
        )
    })
}
