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

/// Under how many other priors the sign holds.
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
    // A sweep repeats the prior of the difference itself, which bears nothing out.
    held(swept.len().saturating_sub(1), converged.saturating_sub(1))
}

/// What a sign says that holds under the other priors under which the sampler converged.
fn held(others: usize, converged: usize) -> String {
    match (others, converged) {
        (0, _) => "It was looked at under one prior only.".into(),
        (all, 0) => format!(
            "The sampler converged under none of the {all} other priors of the sweep, so it was looked at under one prior only."
        ),
        (all, found) if all == found => {
            format!("Its sign holds under all {all} other priors of the sweep.")
        }
        (all, found) => format!(
            "Its sign holds under the {found} of {all} other priors of the sweep under which the sampler converged."
        ),
    }
}

fn placebo(finding: &Finding) -> Option<String> {
    let line = finding
        .lines
        .iter()
        .find(|line| line.key("placebo").is_some())?;
    line.estimate?;
    let moved = |warning: &Warning| match warning {
        Warning::PlaceboMoved { level: of } => Some(1.0 - of),
        _ => None,
    };
    let reading = match line.warnings.iter().find_map(moved) {
        Some(chance) => format!(
            "which leaves 0 out; chance does that to {} of such intervals, a wide miss would say that the intervals of this test are too narrow",
            level(chance)
        ),
        None => "which holds 0, as it should".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_of_the_difference_itself_is_not_counted() {
        for (others, converged, says) in [
            (0, 0, "under one prior only"),
            (6, 0, "converged under none of the 6 other priors"),
            (6, 2, "under the 2 of 6 other priors"),
            (6, 6, "under all 6 other priors"),
        ] {
            let sentence = held(others, converged);
            assert!(sentence.contains(says), "{sentence}");
            assert_eq!(sentence.contains("sign holds"), converged > 0, "{sentence}");
        }
    }

    #[test]
    fn a_placebo_off_0_names_the_chance_of_its_level() {
        for (of, says) in [(0.95, "does that to 5 % of"), (0.9, "does that to 10 % of")] {
            let text = Warning::PlaceboMoved { level: of }.to_string();
            assert!(text.contains(says), "{text}");
        }
    }
}
