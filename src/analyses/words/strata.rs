//! Sentences on disparities within strata, and on how they differ between the arms of a programme.

use super::{detectable, groups, of_kind, reading, with_intervals, without_number};
use crate::analyses::charts::text;
use crate::findings::glossary as g;
use crate::findings::{Band, Finding, Line};
use crate::number::{Style, level};
use crate::warning::Warning;

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
            "{} to {}, {} of {} with {} held equal (Mantel-Haenszel, as if every stratum had the same true ratio and events were independent): {}; {}{}.{differ}",
            pool.group,
            finding.frame.reference,
            g::RISK_RATIO.heading.to_lowercase(),
            finding.frame.events,
            finding.frame.by.join(" and "),
            with_intervals(pool),
            reading(pool),
            detectable(finding, pool)
        )
    };
    pools.iter().map(sentence).collect()
}

pub(super) fn stratified(finding: &Finding) -> Vec<String> {
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
        "Over {of} strata{by} the {group} to {reference} ratio of the rate of {events} was {} times as large where {treated} as where {control} ({} interval {} to {}, strata may differ): {}{}.",
        Style::Ratio.show(pool.estimate),
        level(finding.frame.level),
        Style::Ratio.show(Some(band.interval.low)),
        Style::Ratio.show(Some(band.interval.high)),
        conclusion(band),
        detectable(finding, pool)
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
