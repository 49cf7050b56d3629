//! The veil of darkness in words.

use super::super::charts::{n_text, text};
use super::{detectable, of_kind, with_intervals};
use crate::findings::glossary as g;
use crate::findings::{Finding, Line};
use crate::number::{Style, level};

/// K of each group, what it is without the clock, what placebos and other models give, and what all this is not.
pub(super) fn veil_of_darkness(finding: &Finding) -> Vec<String> {
    let of_main = |line: &&Line| line.estimand == g::DAYLIGHT_ODDS_RATIO;
    let ratios: Vec<&Line> = finding.lines.iter().filter(of_main).collect();
    let mut sentences: Vec<String> = Vec::new();
    for line in &ratios {
        if line.estimate.is_none() {
            sentences.extend(without_number(finding, line));
            continue;
        }
        sentences.push(format!(
            "Odds that a stop is of {} rather than {}, in daylight against darkness at the same time of day: K = {} ({} {}); {}{}.",
            line.group,
            finding.frame.reference,
            with_intervals(line),
            n_text(line),
            finding.frame.events,
            reading(line),
            detectable(finding, line)
        ));
        sentences.extend(without_clock(finding, line));
        sentences.extend(placebos(finding, line));
        sentences.extend(sweep(finding, line));
    }
    if ratios.iter().any(|line| line.estimate.is_some()) {
        sentences.push("K says nothing of stops outside these hours, and nothing of what happens after a stop. An odds ratio is not \"times as likely\".".into());
    }
    sentences
}

/// Why a group has no K.
fn without_number(finding: &Finding, line: &Line) -> Option<String> {
    let why = line.warnings.first()?;
    Some(format!(
        "{} to {}: {why}",
        line.group, finding.frame.reference
    ))
}

/// What the quoted interval allows to be said.
fn reading(line: &Line) -> &'static str {
    match line
        .quoted()
        .map(|band| (band.interval.low, band.interval.high))
    {
        None => "no interval can be given, so nothing is said about chance",
        Some((low, _)) if low > 1.0 => {
            "the interval lies above 1: the group is a larger part of those stopped in daylight"
        }
        Some((_, high)) if high < 1.0 => {
            "the interval lies below 1: the group is a smaller part of those stopped in daylight"
        }
        Some(_) => {
            "the interval reaches across 1: the data are consistent with the same part in daylight and in darkness, and as well with any ratio in it"
        }
    }
}

fn without_clock(finding: &Finding, ratio: &Line) -> Option<String> {
    let bare = of_kind(finding, |line| {
        line.estimand == g::DAYLIGHT_ODDS_RATIO_UNADJUSTED && line.group == ratio.group
    });
    let bare = bare.first()?;
    Some(format!(
        "Without holding the clock equal it would be {}: that compares different hours.",
        text(bare)
    ))
}

fn placebos(finding: &Finding, ratio: &Line) -> Option<String> {
    let lines = of_kind(finding, |line| {
        line.estimand == g::DAYLIGHT_ODDS_RATIO_PLACEBO && line.group == ratio.group
    });
    if lines.is_empty() {
        return None;
    }
    let one = |line: &&Line| format!("{} {}", line.stratum(), text(line));
    let all: Vec<String> = lines.iter().map(one).collect();
    let found = lines.iter().filter(|line| line.quoted().is_some()).count();
    let moved = lines.iter().filter(|line| excludes_one(line)).count();
    let reading = unlit((lines.len(), found, moved), finding.frame.level);
    Some(format!(
        "Placebos, dusk and dawn moved: {}; {reading}.",
        all.join(", ")
    ))
}

/// What so many placebos say of which some have an interval, and some of these one off 1.
fn unlit((all, found, moved): (usize, usize, usize), of: f64) -> String {
    let chance = match found {
        0 | 1 => String::new(),
        _ => format!(
            ", to one or more of {found} in up to {} of studies",
            level((found as f64 * (1.0 - of)).min(1.0))
        ),
    };
    let reading = match (found, moved) {
        (0, _) => return "no interval can be given, so they say nothing".into(),
        (_, 0) => {
            "each interval reaches across 1, as it should where the light does not change".into()
        }
        _ => format!(
            "{moved} of {found} lie off 1 where the light does not change; chance alone does that to {} of such intervals{chance}; if it is not chance, something other than light changes with the season, and K may move with it",
            level(1.0 - of)
        ),
    };
    match all - found {
        0 => reading,
        missing => format!("{reading}; {missing} of {all} have no interval"),
    }
}

fn sweep(finding: &Finding, ratio: &Line) -> Option<String> {
    let all: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| line.estimand == g::DAYLIGHT_ODDS_RATIO_SWEEP && line.group == ratio.group)
        .collect();
    let found: Vec<f64> = all.iter().filter_map(|line| line.estimate).collect();
    if found.is_empty() {
        return None;
    }
    let show = |value: f64| Style::Ratio.show(Some(value));
    let low = found.iter().copied().fold(f64::INFINITY, f64::min);
    let high = found.iter().copied().fold(0.0, f64::max);
    let above = found.iter().filter(|k| **k > 1.0).count();
    let defined = || all.iter().filter(|line| line.estimate.is_some());
    let clear = |side: fn(f64, f64) -> bool| {
        let bands = defined().filter_map(|line| line.quoted());
        bands
            .filter(|b| side(b.interval.low, b.interval.high))
            .count()
    };
    let missing = match all.len() - found.len() {
        0 => String::new(),
        missing => format!(", {missing} of {} have no number", all.len()),
    };
    Some(format!(
        "Other windows and models: {} of them give K from {} to {}, {above} above 1; {} have an interval above 1, {} one below{missing}. They share their stops, so this is a description and no test.",
        found.len(),
        show(low),
        show(high),
        clear(|low, _| low > 1.0),
        clear(|_, high| high < 1.0)
    ))
}

fn excludes_one(line: &Line) -> bool {
    line.quoted()
        .is_some_and(|band| !band.interval.contains(1.0))
}

#[cfg(test)]
mod tests {
    use super::unlit;

    #[test]
    fn placebos_off_1_may_be_chance_and_those_without_a_number_are_counted() {
        let one = unlit((1, 1, 1), 0.95);
        assert!(
            one.contains("1 of 1 lie off 1") && one.contains("to 5 % of such intervals;"),
            "{one}"
        );
        let three = unlit((4, 3, 1), 0.9);
        for says in [
            "1 of 3",
            "to 10 % of",
            "one or more of 3 in up to 30 %",
            "1 of 4 have no",
        ] {
            assert!(three.contains(says), "{three}");
        }
        let none = unlit((2, 0, 0), 0.95);
        assert!(
            none.contains("say nothing") && !none.contains("across"),
            "{none}"
        );
        let some = unlit((2, 1, 0), 0.95);
        assert!(
            some.contains("across 1") && some.contains("1 of 2 have no"),
            "{some}"
        );
    }
}
