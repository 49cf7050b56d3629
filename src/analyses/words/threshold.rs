//! Sentences of a threshold test.

use super::{capitalised, of_kind, text};
use crate::analyses::charts::n_text;
use crate::findings::glossary as g;
use crate::findings::{Comparison, Finding, Line};
use crate::number::level;
use crate::warning::Warning;

pub(super) fn threshold_test(finding: &Finding) -> Vec<String> {
    let failed = finding
        .warnings
        .iter()
        .find(|w| matches!(w, Warning::NotConverged { .. }));
    if let Some(failed) = failed {
        return vec![failed.to_string()];
    }
    let whole = |line: &Line| line.at.is_empty();
    let groups = of_kind(finding, |line| {
        whole(line) && line.estimand == g::INFERRED_THRESHOLD
    });
    if groups.is_empty() {
        return Vec::new();
    }
    let each: Vec<String> = groups
        .iter()
        .map(|line| format!("{} {} ({})", line.group, text(line), n_text(line)))
        .collect();
    let mut sentences = vec![format!(
        "Inferred threshold, the probability of contraband at which a search is made if the model holds, mean over places weighted by the stops of all groups, with {} credible intervals: {}.",
        level(finding.frame.level),
        each.join("; ")
    )];
    let differences = finding.lines.iter().filter(|line| {
        whole(line)
            && line.comparison == Comparison::Reference
            && line.estimand == g::INFERRED_THRESHOLD_DIFFERENCE
    });
    sentences.extend(differences.filter_map(|line| difference(finding, line)));
    sentences.extend(placebo(finding));
    sentences.extend(check(finding));
    sentences.push("A lower threshold is consistent with searches of that group on weaker evidence. It is inferred through the model, rests on one signal of risk with the same spread in every group, and says nothing about intent.".into());
    sentences
}

fn difference(finding: &Finding, line: &Line) -> Option<String> {
    let reference = &finding.frame.reference;
    let group = &line.group;
    if line.warnings.contains(&Warning::DependsOnPrior) {
        return Some(format!(
            "{group} less {reference}: the sign of the difference depends on the prior that groups have nearly equal risk, so no difference is quoted."
        ));
    }
    let interval = line.headline.as_ref()?.interval;
    let reading = if interval.high < 0.0 {
        "consistent with a lower threshold"
    } else if interval.low > 0.0 {
        "consistent with a higher threshold"
    } else {
        "consistent with equal thresholds and with differences in either direction"
    };
    let above = finding
        .lines
        .iter()
        .find(|other| other.group == *group && other.estimand == g::PROBABILITY_THRESHOLD_ABOVE);
    let above = above
        .map(text)
        .filter(|text| !text.is_empty())
        .map_or_else(String::new, |p| {
            format!("; posterior probability that it is above, {p}")
        });
    Some(format!(
        "{group} less {reference}: {}; {reading}{above}. {}",
        text(line),
        sweep(finding, group)
    ))
}

/// In how many priors the sign holds.
fn sweep(finding: &Finding, group: &str) -> String {
    let swept: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| {
            line.group == group
                && line.key("prior").is_some()
                && line.estimand == g::INFERRED_THRESHOLD_DIFFERENCE
        })
        .collect();
    let converged = swept.iter().filter(|line| line.estimate.is_some()).count();
    match swept.len() {
        0 => "It was looked at under one prior only.".into(),
        all if all == converged => format!("Its sign holds under all {all} priors of the sweep."),
        all => format!(
            "Its sign holds under the {converged} of {all} priors of the sweep under which the sampler converged."
        ),
    }
}

fn placebo(finding: &Finding) -> Option<String> {
    let line = finding
        .lines
        .iter()
        .find(|line| line.key("placebo").is_some())?;
    line.estimate?;
    let reading = if line.warnings.contains(&Warning::PlaceboMoved) {
        "which leaves 0 out; chance does that to one such interval in twenty at 95 %, a wide miss would say that the intervals of this test are too narrow"
    } else {
        "which holds 0, as it should"
    };
    Some(format!(
        "Placebo: random halves of {} differ by {}, {reading}.",
        line.group,
        text(line)
    ))
}

/// How far the model's rates lie from those observed.
fn check(finding: &Finding) -> Option<String> {
    let one = |estimand| {
        let line = finding
            .lines
            .iter()
            .find(|line| line.estimand == estimand)?;
        line.estimate
            .map(|_| text(line).trim_start_matches('+').to_owned())
    };
    let (search, hit) = (
        one(g::SEARCH_RATE_PREDICTION_ERROR)?,
        one(g::HIT_RATE_PREDICTION_ERROR)?,
    );
    Some(capitalised(&format!(
        "observed rates lie from those that the model predicts by {search} (searches) and {hit} (hits), root mean square over groups and places."
    )))
}
