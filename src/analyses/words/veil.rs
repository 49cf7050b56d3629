//! The veil of darkness in words.

use super::super::charts::{n_text, text};
use super::{detectable, of_kind, with_intervals};
use crate::findings::glossary as g;
use crate::findings::{Finding, Line};
use crate::number::Style;

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
    let moved = lines.iter().filter(|line| excludes_one(line)).count();
    let reading = if moved == 0 {
        "each reaches across 1, as it should where the light does not change".to_owned()
    } else {
        format!(
            "{moved} of {} lie off 1 where the light does not change: something other than light moves with the season, and K moves with it",
            lines.len()
        )
    };
    Some(format!(
        "Placebos, dusk and dawn moved: {}; {reading}.",
        all.join(", ")
    ))
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
