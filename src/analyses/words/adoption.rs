//! Sentences on what changed where an agreement began: the change first, then what was seen before it, then who is compared.

use super::{detectable, of_kind, reading, with_intervals};
use crate::findings::glossary as g;
use crate::findings::{Finding, Line};
use crate::number::{Style, count};
use crate::warning::Warning;

pub(super) fn adoption(finding: &Finding) -> Vec<String> {
    let whole = |estimand| {
        of_kind(finding, move |line| {
            line.estimand == estimand && line.at.is_empty()
        })
    };
    let changes = whole(g::ADOPTION_RATIO_OF_RATIOS);
    if changes.is_empty() {
        return Vec::new();
    }
    let mut sentences: Vec<String> = changes.iter().map(|line| change(finding, line)).collect();
    sentences.push("This compares changes over time between places; it shows what the agreement did only if the ratio would otherwise have moved alike in both.".into());
    let tested = finding
        .lines
        .iter()
        .filter(|line| line.estimand == g::PRE_TREND);
    sentences.extend(tested.map(before));
    let rates = whole(g::ADOPTION_RATE_RATIO);
    sentences.extend(rates.iter().map(|line| {
        format!(
            "{}: rate of {} under the agreement over that before it, against the same where there was none: {}; {}.",
            line.group,
            finding.frame.events,
            with_intervals(line),
            what_it_says(line)
        )
    }));
    sentences.push(format!("Compared: {}.", finding.frame.arms.join(" with ")));
    sentences
}

fn change(finding: &Finding, line: &Line) -> String {
    let randomised = finding.lines.iter().find(|other| {
        other.estimand == g::RANDOMISED_DATES
            && (&other.group, other.comparison) == (&line.group, line.comparison)
    });
    let p = randomised.and_then(|line| Some((line.test?.p_value?, line.trials?)));
    let p = p.map_or_else(String::new, |(p, tried)| {
        format!(
            "; of {} ways to give the same dates to places, drawn at random and with the actual one among them, a share of {} has as large a change over its error",
            count(tried),
            Style::PValue.show(Some(p))
        )
    });
    format!(
        "{} to {}, rate of {}: at the agreement the ratio changed by a factor of {}, against places without one; {}{p}{}.",
        line.group,
        finding.frame.reference,
        finding.frame.events,
        with_intervals(line),
        what_it_says(line),
        detectable(finding, line)
    )
}

/// What was seen before the agreement: a difference speaks against the comparison, none does not speak for it.
fn before(line: &Line) -> String {
    let Some((band, _)) = line.quoted().zip(line.estimate) else {
        return format!(
            "{}: whether the ratio moved alike before the agreement cannot be told from these counts.",
            line.group
        );
    };
    let what = if band.interval.contains(1.0) {
        "which is consistent with having moved alike, and no evidence that it would have after it"
    } else {
        "which speaks against reading the change as one of the agreement"
    };
    format!(
        "{}: before the agreement the ratio was, against places without one, {} times that of its last time before it, {what}.",
        line.group,
        with_intervals(line)
    )
}

/// What the interval of a change allows to be said; of few places nothing.
fn what_it_says(line: &Line) -> &'static str {
    let few = |warning: &Warning| matches!(warning, Warning::FewAdopters { .. });
    if line.warnings.iter().any(few) {
        "so few places say nothing of how places differ by themselves, and the interval is too narrow to be read as one of the change"
    } else {
        reading(line)
    }
}
