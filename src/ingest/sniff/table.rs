//! What kind of table a file is, from what its columns hold.

use serde::Serialize;

use super::kinds::Kind;
use super::words::{RaceWord, has_word, leaves_hispanic_out, name_words, race_word};
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

/// Columns that hold the same thing for several groups: `stops_white`, `stops_black`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WideSet {
    /// What their names have in common, in lower case; nothing where they are the names of groups.
    pub stem: String,
    /// Where each group's column stands. Of several of a group the one that leaves Hispanic people out is taken.
    pub groups: Vec<(&'static str, usize)>,
    /// Groups of which several columns were found.
    pub doubled: Vec<&'static str>,
}

/// Sets of columns for groups, among those that are of one of the kinds.
#[must_use]
pub fn wide_sets(columns: &[ColumnProfile], fits: fn(&Kind) -> bool) -> Vec<WideSet> {
    let mut sets: Vec<WideSet> = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if !fits(&column.kind.value) || column.name.chars().count() <= 2 {
            continue;
        }
        let Some((group, stem)) = group_in_name(&column.words()) else {
            continue;
        };
        let at = match sets.iter().position(|set| set.stem == stem) {
            Some(at) => at,
            None => {
                sets.push(WideSet {
                    stem,
                    groups: Vec::new(),
                    doubled: Vec::new(),
                });
                sets.len() - 1
            }
        };
        let set = &mut sets[at];
        match set.groups.iter_mut().find(|(known, _)| *known == group) {
            None => set.groups.push((group, i)),
            Some((_, earlier)) => {
                if !set.doubled.contains(&group) {
                    set.doubled.push(group);
                }
                let earlier_name = &columns[*earlier].name;
                if leaves_hispanic_out(&column.name) && !leaves_hispanic_out(earlier_name) {
                    *earlier = i;
                }
            }
        }
    }
    sets.iter_mut().for_each(WideSet::drop_other_far_off);
    sets.retain(|set| set.groups.len() >= 2);
    sets
}

impl WideSet {
    /// Where its columns stand.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        self.groups.iter().map(|(_, at)| *at).collect()
    }

    /// `Other` is a word for many things: far from the columns of the other groups it is none of them.
    fn drop_other_far_off(&mut self) {
        let groups = self.groups.iter().filter(|(group, _)| *group != "other");
        let mut at: Vec<usize> = groups.map(|(_, at)| *at).collect();
        at.sort_unstable();
        let step = at.windows(2).map(|pair| pair[1] - pair[0]).max();
        let step = step.unwrap_or_default().max(2);
        let is_near = |own: usize| at.iter().any(|at| at.abs_diff(own) <= step);
        self.groups
            .retain(|(group, own)| *group != "other" || is_near(*own));
    }
}

/// Columns of groups that a set lacks, whose names have the marks that joining two tables leaves (`White.x`): nobody can
/// tell which of them belongs to the set.
#[must_use]
pub fn torn_groups(columns: &[ColumnProfile], set: &WideSet) -> Vec<usize> {
    let is_mark =
        |word: &str| word == "x" || word == "y" || word.bytes().all(|byte| byte.is_ascii_digit());
    let is_torn = |column: &ColumnProfile| {
        let Some((group, stem)) = group_in_name(&column.words()) else {
            return false;
        };
        let Some(rest) = stem.strip_prefix(set.stem.as_str()) else {
            return false;
        };
        let is_lacking = set.groups.iter().all(|(own, _)| *own != group);
        is_lacking && !rest.trim().is_empty() && rest.split_whitespace().all(is_mark)
    };
    let torn = columns.iter().enumerate();
    torn.filter(|(_, column)| is_torn(column))
        .map(|(at, _)| at)
        .collect()
}

/// The group that a name speaks of, by the longest run of its words, and the rest of the name.
fn group_in_name(words: &[String]) -> Option<(&'static str, String)> {
    for length in (1..=words.len()).rev() {
        for start in 0..=words.len() - length {
            let run = words[start..start + length].join(" ");
            if run.len() > 2
                && let Some(RaceWord::Group(group)) = race_word(&run)
            {
                let rest = [&words[..start], &words[start + length..]].concat();
                return Some((group, rest.join(" ")));
            }
        }
    }
    None
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
    let is_count = |column: &&ColumnProfile| {
        column.kind.value == Kind::Count
            || (column.kind.value == Kind::Number
                && is_event(&column.name)
                && !is_result(&column.name))
    };
    let counts: Vec<String> = columns
        .iter()
        .filter(is_count)
        .map(|column| format!("`{}`", column.name))
        .collect();
    let groups = of(|kind| matches!(kind, Kind::Race | Kind::Ethnicity));
    let dates = of(|kind| matches!(kind, Kind::Date(_)));
    let wide = wide_sets(columns, |kind| {
        matches!(
            kind,
            Kind::Count | Kind::Population | Kind::Number | Kind::Share
        )
    });
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
    if let (Some(set), true) = (
        wide.iter().max_by_key(|set| set.groups.len()),
        dates.is_empty(),
    ) {
        let names: Vec<String> = set
            .groups
            .iter()
            .map(|(_, i)| format!("`{}`", columns[*i].name))
            .collect();
        let is_people = wide.iter().all(|set| !is_event(&set.stem))
            && counts.iter().all(|name| !is_event(name));
        let of_place = columns
            .iter()
            .any(|column| matches!(column.kind.value, Kind::CountyCode | Kind::Place));
        let (kind, what) = if is_people && of_place {
            (
                TableKind::Population,
                "people of groups by place, as nothing in it has the name of something that the police do",
            )
        } else {
            (TableKind::Counts, "groups with numbers below them")
        };
        return Guess::new(
            kind,
            Confidence::Doubtful,
            format!("the columns {} are {what}", names.join(", ")),
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
    let results: Vec<String> = columns
        .iter()
        .filter(|column| {
            matches!(column.kind.value, Kind::Number | Kind::Share) && is_result(&column.name)
        })
        .map(|column| format!("`{}`", column.name))
        .collect();
    if !results.is_empty() && !answers.iter().any(|name| is_event(name)) {
        let reason = format!(
            "{} hold rates or shares that somebody has computed already, and not what they are made from",
            results.join(", ")
        );
        return Guess::new(TableKind::Other, Confidence::Likely, reason);
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

/// Whether a number has the name of a result.
fn is_result(name: &str) -> bool {
    has_word(
        &name_words(name),
        &[
            "rate",
            "rates",
            "ratio",
            "share",
            "percent",
            "pct",
            "threshold",
            "coefficient",
            "estimate",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_in_names_of_columns() {
        let found = |name: &str| group_in_name(&name_words(name));
        assert_eq!(found("stops_white"), Some(("white", "stops".into())));
        assert_eq!(found("eth_white_nh"), Some(("white", "eth".into())));
        assert_eq!(found("Latinx"), Some(("hispanic", String::new())));
        assert_eq!(
            found("Estimate; Not Hispanic or Latino: - Black or African American alone"),
            Some(("black", "estimate".into()))
        );
        assert_eq!(found("stop_date"), None);
        assert_eq!(found("B"), None);
    }
}
