//! A finding in plain language: the only place where sentences about numbers are made.
//!
//! A null is said as plainly as a gap, a number never comes without its interval, and no sentence goes beyond the
//! statistic: data are *consistent with* a value, they never prove one.

use crate::disclosure::Disclosed;
use crate::findings::glossary as g;
use crate::findings::{Comparison, Finding, Line};
use crate::number::{Style, level};
use crate::warning::Warning;

mod adoption;
mod missing;
mod strata;
mod threshold;
mod veil;

use super::charts::{n_text, text};

/// What a reader may take from a finding, the most important first.
#[must_use]
pub fn sentences(finding: &Disclosed<Finding>) -> Vec<String> {
    let sentences = match finding.analysis {
        super::rates::NAME => rates(finding),
        super::disparity::NAME => disparity(finding),
        super::legal::NAME => legal(finding),
        super::stratified::NAME => strata::stratified(finding),
        super::outcome_test::NAME => outcome_test(finding),
        super::threshold_test::NAME => threshold::threshold_test(finding),
        super::regression::NAME => regression(finding),
        super::veil_of_darkness::NAME => veil::veil_of_darkness(finding),
        super::missing::NAME => missing::missing(finding),
        super::adoption::NAME => adoption::adoption(finding),
        _ => Vec::new(),
    };
    if sentences.is_empty() {
        let any_withheld = finding.lines.iter().any(is_withheld);
        let why = if any_withheld {
            "No number of this finding can be shown: all rest on counts that are withheld."
        } else {
            "No number of this finding is defined on these counts."
        };
        vec![why.into()]
    } else {
        sentences
    }
}

/// The first letter in upper case, for titles.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The groups of some lines in the order in which they come.
fn groups<'a>(lines: &[&'a Line]) -> Vec<&'a str> {
    let mut groups: Vec<&str> = Vec::new();
    for line in lines {
        if !line.group.is_empty() && !groups.contains(&line.group.as_str()) {
            groups.push(&line.group);
        }
    }
    groups
}

fn of_kind(finding: &Finding, keep: impl Fn(&Line) -> bool) -> Vec<&Line> {
    finding
        .lines
        .iter()
        .filter(|line| line.estimate.is_some() && keep(line))
        .collect()
}

/// `in CA, 287(g)`; nothing when the whole data are one stratum.
fn place(line: &Line) -> String {
    if line.at.is_empty() {
        String::new()
    } else {
        format!(" in {}", line.stratum())
    }
}

fn lowest_and_highest<'a>(lines: &[&'a Line]) -> Option<(&'a Line, &'a Line)> {
    let by_estimate = |a: &&&Line, b: &&&Line| {
        a.estimate
            .unwrap_or_default()
            .total_cmp(&b.estimate.unwrap_or_default())
    };
    Some((
        lines.iter().min_by(by_estimate)?,
        lines.iter().max_by(by_estimate)?,
    ))
}

fn rates(finding: &Finding) -> Vec<String> {
    let lines = of_kind(finding, |line| {
        [g::RATE, g::PROPORTION, g::SHARE].contains(&line.estimand)
    });
    let what = match &finding.frame.trials {
        Some(trials) => format!("{} out of {trials}", finding.frame.events),
        None => finding.title.clone(),
    };
    let one = |group: &str| {
        let own: Vec<&Line> = lines
            .iter()
            .copied()
            .filter(|line| line.group == group)
            .collect();
        let (low, high) = lowest_and_highest(&own)?;
        let all = finding.lines.iter().filter(|line| line.group == group);
        let missing = match without_number(all) {
            missing if missing.is_empty() => missing,
            missing => format!("; of the other strata {}", missing.trim_start_matches(", ")),
        };
        Some(if own.len() == 1 {
            format!(
                "{group}: {}{} ({}){missing}.",
                text(low),
                place(low),
                n_text(low)
            )
        } else {
            format!(
                "{group}: from {}{} ({}) to {}{} ({}){missing}.",
                text(low),
                place(low),
                n_text(low),
                text(high),
                place(high),
                n_text(high)
            )
        })
    };
    let sentences: Vec<String> = groups(&lines).into_iter().filter_map(one).collect();
    if sentences.is_empty() {
        sentences
    } else {
        std::iter::once(format!(
            "{}, {} intervals.",
            capitalised(&what),
            level(finding.frame.level)
        ))
        .chain(sentences)
        .collect()
    }
}

fn disparity(finding: &Finding) -> Vec<String> {
    let mut lines = of_kind(finding, is_ratio);
    if lines.is_empty() {
        lines = of_kind(finding, |line| line.estimand == g::DISPARITY_INDEX);
    }
    let mut sentences = Vec::new();
    let mut benchmarks: Vec<&Option<String>> = Vec::new();
    for line in &lines {
        if !benchmarks.contains(&&line.benchmark) {
            benchmarks.push(&line.benchmark);
        }
    }
    for benchmark in benchmarks {
        let under = benchmark
            .as_ref()
            .map_or_else(String::new, |name| format!(" under the baseline {name}"));
        for group in groups(&lines) {
            let own = |line: &Line| {
                line.group == group
                    && line.benchmark == *benchmark
                    && lines.first().is_some_and(|first| {
                        first.estimand == line.estimand && first.comparison == line.comparison
                    })
            };
            sentences.extend(ratio_sentence(finding, own, &under));
        }
    }
    sentences
}

fn is_ratio(line: &Line) -> bool {
    line.comparison == Comparison::Reference
        && [g::RATE_RATIO, g::RISK_RATIO].contains(&line.estimand)
}

/// `, 2 withheld, 1 undefined`: the lines that belong to a sentence and have no number.
fn without_number<'a>(lines: impl Iterator<Item = &'a Line> + Clone) -> String {
    let withheld = lines.clone().filter(|line| is_withheld(line)).count();
    let undefined = lines
        .filter(|line| line.estimate.is_none() && !is_withheld(line))
        .count();
    [(withheld, "withheld"), (undefined, "undefined")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!(", {count} {word}"))
        .collect()
}

fn is_withheld(line: &Line) -> bool {
    let hides = |warning: &Warning| {
        matches!(
            warning,
            Warning::Withheld { .. } | Warning::SpreadWithheld { .. }
        )
    };
    line.estimate.is_none() && line.warnings.iter().any(hides)
}

fn ratio_sentence(finding: &Finding, own: impl Fn(&Line) -> bool, under: &str) -> Option<String> {
    let all: Vec<&Line> = finding.lines.iter().filter(|line| own(line)).collect();
    let missing = without_number(all.iter().copied());
    let of = all.len();
    let own: Vec<&Line> = all
        .into_iter()
        .filter(|line| line.estimate.is_some())
        .collect();
    let (low, high) = lowest_and_highest(&own)?;
    let group = &low.group;
    let (events, reference) = (&finding.frame.events, &finding.frame.reference);
    let subject = if low.estimand == g::DISPARITY_INDEX {
        format!("{group}, share of {events} over share of the benchmark{under}")
    } else {
        format!("{group} to {reference}, rate of {events}{under}")
    };
    if let ([only], 1) = (own.as_slice(), of) {
        return Some(format!(
            "{subject}: ratio {}{}; {}{}.",
            with_intervals(only),
            place(only),
            reading(only),
            detectable(finding, only)
        ));
    }
    let (spread, counted): (Vec<&Line>, Vec<&Line>) = own
        .iter()
        .copied()
        .partition(|line| line.headline.is_some());
    let (counted, without): (Vec<&Line>, Vec<&Line>) = counted
        .into_iter()
        .partition(|line| line.counting.is_some());
    let mut tallies = Vec::new();
    if !spread.is_empty() {
        tallies.push(sides_of_one(&spread));
    }
    if !counted.is_empty() {
        let only = if spread.is_empty() {
            ""
        } else {
            "of counting alone "
        };
        tallies.push(sides_of_one(&counted).replacen("interval ", &format!("interval {only}"), 1));
    }
    if !without.is_empty() {
        tallies.push(format!("{} have no interval", without.len()));
    }
    let tallies = tallies.join(", and ");
    Some(format!(
        "{subject}: of {of} strata {tallies}{missing}; ratios from {}{} to {}{}.",
        with_intervals(low),
        place(low),
        with_intervals(high),
        place(high)
    ))
}

/// `3 have an interval above 1, 0 below 1, 2 across 1`.
fn sides_of_one(lines: &[&Line]) -> String {
    let bands = || lines.iter().filter_map(|line| line.quoted());
    let above = bands().filter(|band| band.interval.low > 1.0).count();
    let below = bands().filter(|band| band.interval.high < 1.0).count();
    format!(
        "{above} have an interval above 1, {below} below 1, {} across 1",
        lines.len() - above - below
    )
}

/// The number with the interval to be quoted and, where it has both, that of counting alone.
fn with_intervals(line: &Line) -> String {
    let style = line.estimand.style;
    match (&line.headline, &line.counting) {
        (Some(_), Some(counting)) => format!(
            "{} (counting alone {})",
            text(line),
            style.show_interval(Some(counting.interval.low), Some(counting.interval.high))
        ),
        (None, Some(_)) => format!("{} (counting alone)", text(line)),
        _ => text(line),
    }
}

/// What a null leaves open: the ratio that the same data would have found.
fn detectable(finding: &Finding, ratio: &Line) -> String {
    let beside = finding.lines.iter().find(|line| {
        line.estimand == g::MINIMUM_DETECTABLE_RATIO
            && (&line.at, &line.group, &line.benchmark, line.comparison)
                == (&ratio.at, &ratio.group, &ratio.benchmark, ratio.comparison)
    });
    beside
        .and_then(|line| line.estimate)
        .map_or_else(String::new, |found| {
            format!(
                "; a true ratio of {} would be found with 80 % power",
                Style::Ratio.show(Some(found))
            )
        })
}

/// What the quoted interval of a ratio allows to be said.
fn reading(line: &Line) -> &'static str {
    match line
        .quoted()
        .map(|band| (band.interval.low, band.interval.high))
    {
        None => "no interval can be given, so nothing is said about chance",
        Some((low, _)) if low > 1.0 => "the interval lies above 1",
        Some((_, high)) if high < 1.0 => "the interval lies below 1",
        Some(_) if line.estimand == g::DISPARITY_INDEX => {
            "the interval reaches across 1: the data are consistent with the group's share of the benchmark, and as well with any ratio in it"
        }
        Some(_)
            if line.comparison == Comparison::Adoption
                || line.comparison == Comparison::ReferenceByAdoption =>
        {
            "the interval reaches across 1: the data are consistent with no change beyond that of the other places, and as well with any factor in it"
        }
        Some(_) => {
            "the interval reaches across 1: the data are consistent with equal rates, and as well with any ratio in it"
        }
    }
}

/// `Black: 15 searches, where 62.4 would be expected ...`.
fn observed(finding: &Finding, line: &Line) -> Option<String> {
    let beside = |estimand| {
        finding.lines.iter().find(|other| {
            other.estimand == estimand
                && other.group == line.group
                && other.benchmark == line.benchmark
        })
    };
    let expected = beside(g::EXPECTED)?.estimate?;
    let side = if line.estimate? < 0.0 {
        "fewer"
    } else {
        "more"
    };
    let p = beside(g::LOG10_P_CENTRAL).and_then(|line| line.estimate);
    let p = p.map_or_else(String::new, |log10| {
        format!(", exact binomial p {}", crate::number::p_from_log10(log10))
    });
    Some(format!(
        "{}: {} {} where {} would be expected under the benchmark \"{}\", {} standard deviations {side} if {} were independent{p}.",
        line.group,
        crate::number::count(line.events?),
        finding.frame.events,
        Style::Statistic.show(Some(expected)),
        line.benchmark.as_deref().unwrap_or_default(),
        Style::Statistic.show(line.estimate.map(f64::abs)),
        finding.frame.events
    ))
}

fn legal(finding: &Finding) -> Vec<String> {
    let deviations = of_kind(finding, |line| line.estimand == g::STANDARD_DEVIATIONS);
    let dispersed = of_kind(finding, |line| {
        line.estimand == g::STANDARD_DEVIATIONS_DISPERSED
    });
    let beyond = |lines: &[&Line]| {
        lines
            .iter()
            .filter(|line| line.estimate.is_some_and(|z| z.abs() > 2.0))
            .count()
    };
    let mut sentences = Vec::new();
    if finding.frame.by.is_empty() {
        sentences.extend(deviations.iter().filter_map(|line| observed(finding, line)));
    }
    if !deviations.is_empty() {
        sentences.push(format!(
            "Observed against expected {}: {} of {} comparisons lie more than two standard deviations apart if {} were independent.",
            finding.frame.events,
            beyond(&deviations),
            deviations.len(),
            finding.frame.events
        ));
    }
    if !dispersed.is_empty() {
        sentences.push(format!("With the dispersion between places or periods taken into account it is {} of the {} comparisons in which something repeats.", beyond(&dispersed), dispersed.len()));
    }
    if deviations.len() > 1 {
        sentences.push(format!("{} comparisons were made in this table: about one in twenty would pass 1.96 by chance alone if there were no difference and no dispersion.", finding.frame.comparisons));
    }
    sentences
}

fn outcome_test(finding: &Finding) -> Vec<String> {
    let mut sentences = Vec::new();
    for line in of_kind(finding, |line| line.estimand == g::MEAN_HIT_RATE_DIFFERENCE) {
        sentences.push(format!(
            "Over {}, {} hit rates differ from {} by {} on average; {}.",
            line.stratum(),
            line.group,
            finding.frame.reference,
            text(line),
            zero_reading(line)
        ));
    }
    for group in groups(&of_kind(finding, is_ratio)) {
        let own = |line: &Line| is_ratio(line) && line.group == group;
        sentences.extend(ratio_sentence(finding, own, ""));
    }
    let tests = of_kind(finding, |line| line.estimand == g::EQUAL_HIT_RATES);
    let small = tests
        .iter()
        .filter(|line| line.test.and_then(|t| t.p_value).is_some_and(|p| p < 0.05))
        .count();
    if !tests.is_empty() {
        sentences.push(format!("Equal hit rates (Knowles, Persico and Todd): p below 0.05 in {small} of {} strata, counting alone.", tests.len()));
    }
    if !sentences.is_empty() {
        sentences.push("Lower hit rates are consistent with a lower threshold of suspicion, and do not show one by themselves (infra-marginality).".into());
    }
    sentences
}

fn regression(finding: &Finding) -> Vec<String> {
    let lines = of_kind(finding, |line| {
        super::regression::is_adjusted(line.estimand)
    });
    let sentence = |line: &&Line| {
        format!(
            "{} to {}, {} of {}: {}; {}{}.",
            line.group,
            finding.frame.reference,
            line.estimand.name.replace('_', " "),
            finding.frame.events,
            with_intervals(line),
            reading(line),
            detectable(finding, line)
        )
    };
    let mut sentences: Vec<String> = lines.iter().map(sentence).collect();
    let is_odds = |line: &&Line| line.estimand == g::ADJUSTED_ODDS_RATIO;
    if lines.iter().any(is_odds) {
        sentences.push("An odds ratio is not \"times as likely\".".into());
    }
    sentences
}

fn zero_reading(line: &Line) -> &'static str {
    match line
        .quoted()
        .map(|band| (band.interval.low, band.interval.high))
    {
        Some((low, _)) if low > 0.0 => "the interval lies above 0",
        Some((_, high)) if high < 0.0 => "the interval lies below 0",
        Some(_) => {
            "the interval reaches across 0: the data are consistent with equal hit rates, and as well with any difference in it"
        }
        None => "no interval can be given",
    }
}
