//! What kind of table a file is, from what its columns hold.

use serde::Serialize;

use super::kinds::Kind;
use super::words::{RaceWord, has_word, name_words, race_word};
use crate::number::count;

use super::{ColumnProfile, Confidence, Guess};

/// What kind of table a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TableKind {
    /// A row for each stop, arrest, detainer or detention.
    Rows,
    /// Numbers that were counted and published, a row for each cell.
    Counts,
    /// People who live somewhere, by group.
    Population,
    /// Agreements between police and immigration authorities.
    Agreements,
    /// None of these.
    Other,
}

/// Columns whose names are groups, for tables that are wide.
#[must_use]
pub fn group_columns(columns: &[ColumnProfile]) -> Vec<(usize, &'static str)> {
    columns
        .iter()
        .enumerate()
        .filter(|(_, column)| {
            matches!(
                column.kind.value,
                Kind::Count | Kind::Population | Kind::Number
            )
        })
        .filter(|(_, column)| column.name.chars().count() > 2)
        .filter_map(|(i, column)| match race_word(&column.name) {
            Some(RaceWord::Group(group)) => Some((i, group)),
            _ => None,
        })
        .collect()
}

/// What kind of table it is.
#[must_use]
pub(super) fn table_kind(columns: &[ColumnProfile], rows: u64) -> Guess<TableKind> {
    if let Some(reason) = agreements(columns) {
        return Guess::new(TableKind::Agreements, Confidence::Likely, reason);
    }
    let of = |wanted: fn(&Kind) -> bool| {
        columns
            .iter()
            .filter(|column| wanted(&column.kind.value))
            .map(|column| format!("`{}`", column.name))
            .collect::<Vec<_>>()
    };
    let people = of(|kind| matches!(kind, Kind::Population));
    let counts = of(|kind| matches!(kind, Kind::Count));
    let groups = of(|kind| matches!(kind, Kind::Race | Kind::Ethnicity));
    let dates = of(|kind| matches!(kind, Kind::Date(_)));
    let wide = group_columns(columns);
    let events = counts.iter().filter(|name| is_event(name)).count();
    if !people.is_empty()
        && events == 0
        && dates.is_empty()
        && (!groups.is_empty() || people.len() > 1 || !wide.is_empty())
    {
        return Guess::new(
            TableKind::Population,
            Confidence::Likely,
            format!(
                "{} are people by group, and nothing in it is counted of stops",
                people.join(", ")
            ),
        );
    }
    if wide.len() >= 2 && dates.is_empty() {
        let names: Vec<String> = wide
            .iter()
            .map(|(i, _)| format!("`{}`", columns[*i].name))
            .collect();
        return Guess::new(
            TableKind::Counts,
            Confidence::Likely,
            format!(
                "the columns {} are groups with numbers below them",
                names.join(", ")
            ),
        );
    }
    let answers = of(|kind| matches!(kind, Kind::YesNo { .. }));
    if !groups.is_empty() && !answers.is_empty() && columns.iter().any(ColumnProfile::is_weight) {
        let reason = format!(
            "{} holds groups and {} answers of yes and no, so a row is a stop, or several that are alike",
            groups.join(", "),
            answers.join(", ")
        );
        return Guess::new(TableKind::Rows, Confidence::Likely, reason);
    }
    if !groups.is_empty() && !counts.is_empty() && dates.is_empty() {
        let confidence = if events > 0 {
            Confidence::Likely
        } else {
            Confidence::Doubtful
        };
        return Guess::new(
            TableKind::Counts,
            confidence,
            format!(
                "{} holds groups, {} numbers, and no column a date: totals by cell",
                groups.join(", "),
                counts.join(", ")
            ),
        );
    }
    if !groups.is_empty() {
        let by = if dates.is_empty() {
            "no date".to_owned()
        } else {
            dates.join(", ")
        };
        return Guess::new(
            TableKind::Rows,
            Confidence::Likely,
            format!(
                "{} rows with a group each ({}), and {by}",
                count(rows),
                groups.join(", ")
            ),
        );
    }
    if !dates.is_empty() && rows > 0 {
        return Guess::new(
            TableKind::Rows,
            Confidence::Doubtful,
            format!(
                "{} rows with {}, and no column of race or ethnicity",
                count(rows),
                dates.join(", ")
            ),
        );
    }
    Guess::new(
        TableKind::Other,
        Confidence::Doubtful,
        "there is no column of race or ethnicity, and none of dates".into(),
    )
}

/// Whether a count has the name of something that the police did.
fn is_event(name: &str) -> bool {
    has_word(
        &name_words(name),
        &[
            "stops",
            "stop",
            "search",
            "searches",
            "hits",
            "arrest",
            "citation",
            "detain",
            "contraband",
            "frisk",
            "count",
            "events",
        ],
    )
}

fn agreements(columns: &[ColumnProfile]) -> Option<String> {
    let models = columns.iter().find(|column| {
        column.values.as_ref().is_some_and(|values| {
            values.iter().any(|(value, _)| {
                let value = value.to_lowercase();
                value.contains("task force")
                    || value.contains("jail enforc")
                    || value.contains("warrant service")
            })
        })
    })?;
    let agency = columns.iter().find(|column| {
        has_word(
            &name_words(&column.name),
            &["agency", "county", "jurisdiction"],
        )
    })?;
    Some(format!(
        "`{}` holds models of 287(g) agreements, and `{}` who signed them",
        models.name, agency.name
    ))
}
