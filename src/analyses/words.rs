//! A finding in plain language: the only place where sentences about numbers are made.
//!
//! A null is said as plainly as a gap, a number never comes without its interval, and no sentence goes beyond the
//! statistic: data are *consistent with* a value, they never prove one.

use crate::disclosure::Disclosed;
use crate::findings::glossary as g;
use crate::findings::{Band, Comparison, Finding, Line};
use crate::number::{Style, level};
use crate::warning::Warning;

use super::charts::{n_text, text};

/// What a reader may take from a finding, the most important first.
#[must_use]
pub fn sentences(finding: &Disclosed<Finding>) -> Vec<String> {
    let sentences = match finding.analysis {
        super::rates::NAME => rates(finding),
        super::disparity::NAME => disparity(finding),
        super::legal::NAME => legal(finding),
        super::stratified::NAME => stratified(finding),
        super::outcome_test::NAME => outcome_test(finding),
        super::regression::NAME => regression(finding),
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
        [g::RATE, g::PROPORTION].contains(&line.estimand)
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
    let lines = of_kind(finding, is_ratio);
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
            let own = |line: &Line| line.group == group && line.benchmark == *benchmark;
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
    let all: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| is_ratio(line) && own(line))
        .collect();
    let missing = without_number(all.iter().copied());
    let of = all.len();
    let own: Vec<&Line> = all
        .into_iter()
        .filter(|line| line.estimate.is_some())
        .collect();
    let (low, high) = lowest_and_highest(&own)?;
    let group = &low.group;
    let (events, reference) = (&finding.frame.events, &finding.frame.reference);
    if let ([only], 1) = (own.as_slice(), of) {
        return Some(format!(
            "{group} to {reference}, rate of {events}{under}: ratio {}{}; {}{}.",
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
        "{group} to {reference}, rate of {events}{under}: of {of} strata {tallies}{missing}; ratios from {}{} to {}{}.",
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
            && (&line.at, &line.group, &line.benchmark)
                == (&ratio.at, &ratio.group, &ratio.benchmark)
    });
    beside
        .and_then(|line| line.estimate)
        .map_or_else(String::new, |found| {
            format!(
                "; a ratio of {} would have been found with 80 % power",
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
        Some(_) => {
            "the interval reaches across 1: the data are consistent with equal rates, and as well with any ratio in it"
        }
    }
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
        sentences.push(format!("{} comparisons were made in this table: about one in twenty would pass 1.96 by chance alone if there were no difference and no dispersion.", deviations.len()));
    }
    sentences
}

/// Group against reference group within strata: the pool first, then whether the strata agree.
fn within_strata(finding: &Finding) -> Vec<String> {
    let pools = of_kind(finding, |line| line.estimand == g::MH_RISK_RATIO);
    let sentence = |pool: &&Line| {
        let homogeneity = finding
            .lines
            .iter()
            .find(|line| line.estimand == g::TARONE && line.group == pool.group)
            .and_then(|line| line.test.and_then(|test| test.p_value));
        let differ = match homogeneity {
            Some(p) if p < 0.05 => {
                " The strata differ by more than that allows (Breslow-Day, Tarone): read them one by one."
            }
            _ => "",
        };
        format!(
            "{} to {}, {} of {} with {} held equal (Mantel-Haenszel, as if every stratum had the same true ratio and events were independent): {}; {}.{differ}",
            pool.group,
            finding.frame.reference,
            g::RISK_RATIO.heading.to_lowercase(),
            finding.frame.events,
            finding.frame.by.join(" and "),
            with_intervals(pool),
            reading(pool)
        )
    };
    pools.iter().map(sentence).collect()
}

fn stratified(finding: &Finding) -> Vec<String> {
    if finding.frame.arms.is_empty() {
        return within_strata(finding);
    }
    let pools = of_kind(finding, |line| line.estimand == g::POOLED_BETWEEN);
    let own: Vec<Vec<String>> = pools.iter().map(|pool| contrast(finding, pool)).collect();
    // Every group's conclusion comes before the details of any, and what may not be concluded right after the first.
    let first = own.iter().filter_map(|own| own.first());
    let details = own.iter().flat_map(|own| own.iter().skip(1));
    let mut sentences: Vec<String> = first.chain(details).cloned().collect();
    sentences.insert(sentences.len().min(1), "This compares places under the two conditions; by itself it does not show what the programme caused.".into());
    let per_stratum = |line: &Line| line.estimand == g::RATIO_OF_RATIOS;
    let all: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| per_stratum(line))
        .collect();
    for group in groups(&all) {
        if pools.iter().any(|pool| pool.group == group) {
            continue;
        }
        let own = || all.iter().copied().filter(|line| line.group == group);
        let shown: Vec<String> = own()
            .filter(|line| line.estimate.is_some())
            .map(|line| format!("{} {}", line.stratum(), with_intervals(line)))
            .collect();
        let why = if finding.warnings.contains(&Warning::FewStrata) {
            "too few strata to pool"
        } else {
            "no pooled ratio can be shown"
        };
        let list = if shown.is_empty() {
            "none can be shown".to_owned()
        } else {
            shown.join(", ")
        };
        sentences.push(format!(
            "{group} to {}: ratio of ratios by stratum {list}{}; {why}.",
            finding.frame.reference,
            without_number(own())
        ));
    }
    sentences
}

/// The first sentence says what may be concluded, the second why counting alone says more.
fn contrast(finding: &Finding, pool: &Line) -> Vec<String> {
    let own = |name: &str| {
        finding.lines.iter().find(|line| {
            line.estimand.name == name && line.group == pool.group && line.estimate.is_some()
        })
    };
    let Some(band) = &pool.headline else {
        return vec![format!(
            "{} to {}: the strata agree exactly on a ratio of ratios of {}, which leaves no interval.",
            pool.group,
            finding.frame.reference,
            Style::Ratio.show(pool.estimate)
        )];
    };
    let strata = own(g::STRATA_ABOVE_ONE.name);
    let per_stratum = |line: &&Line| line.estimand == g::LEAVE_ONE_OUT && line.group == pool.group;
    let of = finding.lines.iter().filter(per_stratum).count();
    let (group, reference, events) = (&pool.group, &finding.frame.reference, &finding.frame.events);
    let [treated, control] = finding.frame.arms.as_slice() else {
        return Vec::new();
    };
    let by = finding
        .frame
        .by
        .first()
        .map_or_else(String::new, |key| format!(" (by {key})"));
    let mut sentences = vec![format!(
        "Over {of} strata{by} the {group} to {reference} ratio of the rate of {events} was {} times as large where {treated} as where {control} ({} interval {} to {}, strata may differ): {}.",
        Style::Ratio.show(pool.estimate),
        level(finding.frame.level),
        Style::Ratio.show(Some(band.interval.low)),
        Style::Ratio.show(Some(band.interval.high)),
        conclusion(band)
    )];
    if let Some(fixed) = own(g::POOLED_FIXED.name) {
        let z = fixed
            .counting
            .as_ref()
            .and_then(|band| band.test)
            .and_then(|test| test.statistic);
        let weight = own(g::LARGEST_WEIGHT.name).map_or_else(String::new, |line| {
            format!(
                "; {} holds {} of the weight",
                line.stratum(),
                Style::Percent.show(line.estimate)
            )
        });
        let homogeneity = own(g::COCHRAN_Q.name)
            .and_then(|line| line.test)
            .and_then(|test| test.p_value);
        let differ = if homogeneity.is_some_and(|p| p < 0.05) {
            " The strata differ by more than that allows, so this figure is not the headline."
        } else {
            ""
        };
        sentences.push(format!("{group}: if every stratum had the same true ratio and stops were independent, it would be {} (z = {}){weight}.{differ}", text(fixed), Style::Statistic.show(z)));
    }
    if let (Some(line), Some(tau)) = (strata, own(g::TAU.name)) {
        sentences.push(format!(
            "{group}: {} of {of} strata lie above 1; the spread between them is τ = {} on the log scale.",
            Style::Count.show(line.estimate),
            Style::Statistic.show(tau.estimate)
        ));
    }
    sentences
}

fn conclusion(band: &Band) -> String {
    let percent = |ratio: f64| Style::Percent.show(Some((ratio - 1.0).abs()));
    let (low, high) = (band.interval.low, band.interval.high);
    if low > 1.0 {
        format!(
            "the data are consistent with a ratio larger by {} to {}, and not with an equal one at this level",
            percent(low),
            percent(high)
        )
    } else if high < 1.0 {
        format!(
            "the data are consistent with a ratio smaller by {} to {}, and not with an equal one at this level",
            percent(high),
            percent(low)
        )
    } else {
        format!(
            "the data are consistent with no difference, and as well with a ratio up to {} smaller or up to {} larger; they establish neither",
            percent(low),
            percent(high)
        )
    }
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
        sentences.extend(ratio_sentence(finding, |line| line.group == group, ""));
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
            "{} to {}, {} of {}: {}; {}.",
            line.group,
            finding.frame.reference,
            line.estimand.name.replace('_', " "),
            finding.frame.events,
            with_intervals(line),
            reading(line)
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
