//! How remarks on rows list what they are about.

/// Places, months or days that a remark lists.
const MOST_LISTED: usize = 10;

/// Runs of numbers that follow one another: the first and the last of each.
pub(super) fn runs(numbers: &[usize]) -> Vec<(usize, usize)> {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    runs.filter_map(|run| Some((*run.first()?, *run.last()?)))
        .collect()
}

/// From one name to another, or the one name.
pub(super) fn span(first: &str, last: &str) -> String {
    if first == last {
        first.to_owned()
    } else {
        format!("{first} to {last}")
    }
}

pub(super) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.005 {
        return "under 1 %".into();
    }
    format!("{:.0} %", 100.0 * share)
}

pub(super) fn months_word(n: usize) -> String {
    match n {
        1 => "1 month".into(),
        n => format!("{n} months"),
    }
}

pub(super) fn listed(names: &[String]) -> String {
    let shown = names
        .iter()
        .take(MOST_LISTED)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(MOST_LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
