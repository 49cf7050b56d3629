//! Sentences about rows of unknown group.

use super::{capitalised, groups, is_withheld, of_kind, place, text, with_intervals};
use crate::analyses::charts::n_text;
use crate::analyses::missing::is_ratio;
use crate::findings::glossary::{self as g, Estimand};
use crate::findings::{Finding, Line};
use crate::number::Style;
use crate::warning::Warning;

/// Places that a sentence names.
const MOST_PLACES: usize = 3;

pub(super) fn missing(finding: &Finding) -> Vec<String> {
    let mut sentences: Vec<String> = unknown(finding).into_iter().collect();
    for line in of_kind(finding, is_ratio) {
        sentences.extend(ratio(finding, line));
    }
    if !finding.lines.iter().any(is_ratio) {
        sentences.extend(rates(finding));
    }
    sentences.extend(places(finding));
    sentences
}

fn is_whole(line: &Line) -> bool {
    line.estimand == g::UNKNOWN_SHARE && line.key("place").is_none()
}

/// How many are unknown: of everything, or from the least to the most stratum.
fn unknown(finding: &Finding) -> Option<String> {
    let lines = of_kind(finding, is_whole);
    let lines = if lines.is_empty() {
        of_kind(finding, |line| line.estimand == g::UNKNOWN_SHARE)
    } else {
        lines
    };
    let first = lines.first()?;
    let what = first.counted.as_ref()?;
    let what = what.trials.as_deref().unwrap_or(&what.events);
    if first.warnings.contains(&Warning::NothingUnknown) {
        return Some(format!(
            "None of the {what} is of unknown group: there is nothing to allocate, and no missing group could change these numbers."
        ));
    }
    let (low, high) = super::lowest_and_highest(&lines)?;
    Some(if lines.len() == 1 {
        format!(
            "{} of the {what} ({}) are of unknown group.",
            Style::Percent.show(low.estimate),
            n_text(low)
        )
    } else {
        format!(
            "Of unknown group are from {} of the {what}{} to {}{}.",
            Style::Percent.show(low.estimate),
            place(low),
            Style::Percent.show(high.estimate),
            place(high)
        )
    })
}

fn beside<'a>(finding: &'a Finding, own: &Line, estimand: Estimand) -> Option<&'a Line> {
    finding.lines.iter().find(|line| {
        line.estimand == estimand
            && (&line.at, &line.group) == (&own.at, &own.group)
            && (estimand == g::CLOSING_MISRECORDING || line.benchmark == own.benchmark)
    })
}

/// What becomes of one ratio, and whether it survives.
fn ratio(finding: &Finding, line: &Line) -> Option<String> {
    let low = beside(finding, line, g::LOWEST_RATIO);
    let high = beside(finding, line, g::HIGHEST_RATIO);
    let under = line
        .benchmark
        .as_ref()
        .map_or_else(String::new, |name| format!(" under the baseline {name}"));
    let mut parts = vec![format!(
        "{} to {}{}{under}: ratio {} as recorded",
        line.group,
        finding.frame.reference,
        place(line),
        with_intervals(line)
    )];
    let at_random = beside(finding, line, g::RATIO_AT_RANDOM);
    parts.extend(at_random.map(|own| {
        let number = match own.estimate {
            Some(_) => with_intervals(own),
            None if is_withheld(own) => "withheld".into(),
            None => "undefined".into(),
        };
        format!("{number} if missing at random within strata")
    }));
    if let (Some(low), Some(high)) = (low, high) {
        parts.push(format!(
            "from {} to {} under every allocation of the unknown",
            Style::Ratio.show(low.estimate),
            end_text(high)
        ));
    }
    let corrected = beside(finding, line, g::RATIO_CORRECTED).filter(|own| own.estimate.is_some());
    parts.extend(
        corrected.map(|own| format!("{} with the misrecording undone", with_intervals(own))),
    );
    let mut sentences = vec![format!("{}.", parts.join("; "))];
    sentences.extend(low.zip(high).map(|ends| verdict(finding, line, ends)));
    sentences.extend(closing(finding, line));
    Some(sentences.join(" "))
}

/// An end that no number reaches is infinite where its interval is known.
fn end_text(line: &Line) -> String {
    match (line.estimate, &line.counting) {
        (None, Some(_)) => Style::Ratio.show(Some(f64::INFINITY)),
        _ => Style::Ratio.show(line.estimate),
    }
}

/// Whether the side of 1 survives, and what would tip it.
fn verdict(finding: &Finding, line: &Line, (low, high): (&Line, &Line)) -> String {
    if low.estimate.is_none() && low.counting.is_none() {
        return "Both ends of the bounds cannot be shown or are undefined.".into();
    }
    let is_above = low.estimate.is_some_and(|end| end > 1.0);
    let is_below = high.estimate.is_some_and(|end| end < 1.0);
    if is_above || is_below {
        let end = if is_above { low } else { high };
        let chance = end.counting.as_ref().map(|band| band.interval);
        let side = if is_above { "above" } else { "below" };
        let stays = chance.is_some_and(|own| {
            if is_above {
                own.low > 1.0
            } else {
                own.high < 1.0
            }
        });
        let chance = match (chance, stays) {
            (None, _) => String::new(),
            (Some(_), true) => format!(
                ", and so does its interval of counting alone, {}",
                text(end)
            ),
            (Some(_), false) => format!(
                ", though its interval of counting alone reaches 1, {}",
                text(end)
            ),
        };
        return format!(
            "The finding survives any allocation of the unknown: even the end nearest to 1 lies {side} it{chance}."
        );
    }
    let tipping = beside(finding, line, g::TIPPING_UNKNOWN);
    let known = beside(finding, line, g::KNOWN_SHARE).and_then(|own| own.estimate);
    let others = match finding.frame.trials {
        Some(_) => ", the other unknown being divided as the known are",
        None => "",
    };
    match tipping.and_then(|own| own.estimate) {
        Some(share) => format!(
            "It does not survive every allocation: the ratio is 1 if {} of the unknown {} are {} and the rest {}, where {} of the known are{others}.",
            Style::Percent.show(Some(share)),
            finding.frame.events,
            line.group,
            finding.frame.reference,
            Style::Percent.show(known)
        ),
        None => format!(
            "No share of the unknown {} alone tips it over 1{others}; an allocation that divides those otherwise does.",
            finding.frame.events
        ),
    }
}

/// The share of misrecording that would close the gap.
fn closing(finding: &Finding, line: &Line) -> Vec<String> {
    let own = finding.lines.iter().filter(|other| {
        other.estimand == g::CLOSING_MISRECORDING
            && (&other.at, &other.group) == (&line.at, &line.group)
    });
    let one = |own: &Line| {
        let what = own.benchmark.as_deref().unwrap_or_default();
        match own.estimate {
            Some(share) => Some(format!(
                "{}: {} would close the gap.",
                capitalised(what),
                Style::Percent.show(Some(share))
            )),
            None if own.warnings.contains(&Warning::NothingCloses) => {
                Some(format!("{}: no share closes the gap.", capitalised(what)))
            }
            None => None,
        }
    };
    own.filter_map(one).collect()
}

/// The range of every group's rate.
fn rates(finding: &Finding) -> Vec<String> {
    let lines = of_kind(finding, |line| {
        [g::LOWEST_PROPORTION, g::LOWEST_RATE].contains(&line.estimand)
    });
    let recorded = |low: &Line| {
        let names = [g::PROPORTION, g::RATE, g::SHARE];
        names
            .into_iter()
            .find_map(|name| beside(finding, low, name))
    };
    let one = |low: &Line| {
        let high = [g::HIGHEST_PROPORTION, g::HIGHEST_RATE]
            .into_iter()
            .find_map(|name| beside(finding, low, name))?;
        let style = low.estimand.style;
        let recorded =
            recorded(low).map_or_else(String::new, |own| format!("{} as recorded, ", text(own)));
        Some(format!(
            "{}{}: {recorded}from {} to {} under every allocation of the unknown.",
            low.group,
            place(low),
            style.show(low.estimate),
            style.show(high.estimate)
        ))
    };
    // Of many strata the table tells.
    let few = lines.len() <= 3 * groups(&lines).len();
    if few {
        lines.into_iter().filter_map(one).collect()
    } else {
        Vec::new()
    }
}

/// The places that most of the unknown come from.
fn places(finding: &Finding) -> Option<String> {
    let is_place = |line: &Line| {
        line.estimand == g::UNKNOWN_SHARE && line.key("place").is_some() && line.events.is_some()
    };
    let mut lines = of_kind(finding, is_place);
    lines.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.at.cmp(&b.at)));
    if lines.len() < 2 {
        return None;
    }
    let named: Vec<String> = lines
        .iter()
        .take(MOST_PLACES)
        .map(|line| {
            format!(
                "{} ({}, {})",
                line.stratum(),
                n_text(line),
                Style::Percent.show(line.estimate)
            )
        })
        .collect();
    Some(format!(
        "Of the places that can be shown the most unknown are in {}.",
        named.join(", ")
    ))
}
