//! What stops a proposal: dates of two kinds in one column, and more rows that cannot be read than a study may leave out.

use std::path::Path;

use super::Part;
use crate::error::{DataFault, Error};
use crate::ingest::sniff::{ColumnProfile, DateKind, Example, MixedDates};
use crate::number::count;

/// Of how many rows one may be left out because it cannot be read; one always may.
const ROWS_OF_WHICH_ONE_IS_TOLERATED: u64 = 1_000;

/// A value and where it stands.
pub(super) fn shown(example: &Example) -> String {
    match example.line {
        0 => format!("`{}`", example.value),
        line => format!("`{}` on line {line}", example.value),
    }
}

/// Nobody knows what a date means where others of its column are written the other way round.
pub(super) fn one_order(part: &Part, column: &ColumnProfile, date: &DateKind) -> Result<(), Error> {
    let Some(MixedDates { one, other }) = date.mixed.as_deref() else {
        return Ok(());
    };
    let values = |(layout, values, first): &(&str, u64, Example)| {
        format!(
            "{} values are dates by {layout} alone (the first: {})",
            count(*values),
            shown(first)
        )
    };
    Err(DataFault::new(
        Path::new(part.name()),
        format!(
            "the dates of `{}` are written in two orders: {}, {}; what the others mean nobody can tell",
            column.name,
            values(one),
            values(other)
        ),
        "write all dates one way, best as 2019-12-31, or split the file where the order changes",
    )
    .into())
}

/// What to ask of rows that cannot be read, where they are few.
///
/// # Errors
/// They are more than one in a thousand.
pub(super) fn readable(
    part: &Part,
    date: Option<(&ColumnProfile, &DateKind)>,
) -> Result<Option<String>, Error> {
    let profile = &part.profile;
    let mut why = Vec::new();
    if let Some((column, date)) = date.filter(|(_, date)| date.unread > 0) {
        let first = date.first_unread.as_ref();
        let first = first.map_or(String::new(), |first| {
            format!(", the first {}", shown(first))
        });
        why.push(format!(
            "{} whose `{}` is no date between 1900 and 2100{first}",
            count(date.unread),
            column.name
        ));
    }
    if profile.ragged > 0 {
        let first = profile.first_ragged;
        let first = first.map_or(String::new(), |line| format!(", the first on line {line}"));
        why.push(format!(
            "{} with another number of fields than the header{first}",
            count(profile.ragged)
        ));
    }
    let unreadable = profile.ragged + date.map_or(0, |(_, date)| date.unread);
    if unreadable == 0 {
        return Ok(None);
    }
    let (unread, rows, why) = (count(unreadable), count(profile.rows), why.join("; "));
    if unreadable > (profile.rows / ROWS_OF_WHICH_ONE_IS_TOLERATED).max(1) {
        return Err(DataFault::new(
            Path::new(part.name()),
            format!("{unread} of {rows} rows cannot be read: {why}"),
            format!("mend the file, or leave these rows out of it; a study is proposed where at most one row in {} cannot be read", count(ROWS_OF_WHICH_ONE_IS_TOLERATED)),
        )
        .into());
    }
    Ok(Some(format!(
        "Is it right to leave out what cannot be read ({unread} of {rows} rows: {why})? `tolerated_unreadable` under [[stops]] does so; without it the study stops there."
    )))
}
