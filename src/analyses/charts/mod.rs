//! Lines of a finding as charts. Every number in a chart is a line of the result table beside it.

mod missing;
mod names;
mod null;
mod pairs;
mod ratios;
mod scatter;
mod shares;
mod thresholds;
mod veil;

pub(super) use missing::survives;
pub(super) use null::null_distributions;
pub(super) use pairs::{dots, rate_pair};
pub(super) use ratios::{adoption, contrast_forest, forest, indices, ladder};
pub(super) use scatter::{scatter, scatter_of};
pub(super) use shares::{predicted, shares};
pub(super) use thresholds::thresholds;
pub(super) use veil::{twilight, veil_forest, veil_trio};

use names::{Part, figure_name};
use toml::Spanned;

use super::Setting;
use super::strata::Stratum;
use super::words::capitalised;
use crate::disclosure::Disclosed;
use crate::figures::{AxisScale, Chart, Figure, Interval, IntervalNames, Mark, Section};
use crate::findings::{Band, Finding, Line, Variance, glossary};
use crate::ingest::Baseline;
use crate::number::{Style, count, level as level_text};
use crate::warning::{self, Warning};

/// ` by state and program`, for titles; empty for no strata.
pub(super) fn by_words(by: &[Spanned<String>]) -> String {
    let words: Vec<&str> = by.iter().map(|key| key.get_ref().as_str()).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => format!(" by {one}"),
        [first @ .., last] => format!(" by {} and {last}", first.join(", ")),
    }
}

/// Adds the baseline to the finding's frame, with its cautions.
pub(super) fn describe_baseline(
    finding: &mut Finding,
    baseline: Option<&Baseline>,
    strata: &[Stratum],
) {
    let Some(baseline) = baseline else { return };
    finding.frame.baselines.push(format!(
        "{}: {} ({})",
        baseline.name, baseline.universe, baseline.vintage
    ));
    for caution in &baseline.cautions {
        warning::add(&mut finding.warnings, Warning::Study(caution.clone()));
    }
    let controlled = strata
        .iter()
        .flat_map(|stratum| stratum.groups.tallies())
        .any(|tally| tally.people.is_some_and(|people| people.controlled));
    if baseline.carries_margins() && controlled {
        warning::add(&mut finding.warnings, Warning::MarginControlled);
    }
}

/// Adds words to a list of methods, each once.
pub(super) fn add_words(list: &mut String, words: &str) {
    if list.split("; ").all(|known| known != words) {
        if !list.is_empty() {
            list.push_str("; ");
        }
        list.push_str(words);
    }
}

/// What is drawn: the lines, which part of the finding they are, and the title.
struct Drawing<'a> {
    part: Part<'a>,
    title: String,
    lines: Vec<&'a Line>,
}

/// A figure with the texts that every chart of a finding carries; the foot is filled in by the run.
fn figure(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    drawing: Drawing<'_>,
    chart: Chart,
) -> Figure {
    let alt = alt_text(&drawing, &chart);
    Figure {
        id: figure_name(&finding.id, drawing.part, setting),
        title: drawing.title,
        subtitle: subtitle(finding, setting),
        notes: notes(finding, setting, &drawing.lines, &chart),
        chart,
        foot: String::new(),
        alt,
    }
}

/// Estimates that fit on a printed page under each other.
const PER_PAGE: usize = 27;

/// A row of a chart with the lines that it shows.
struct Shown<'a, R> {
    heading: String,
    row: R,
    lines: Vec<&'a Line>,
}

/// A page of a chart.
struct Page<'a, R> {
    sections: Vec<Section<R>>,
    lines: Vec<&'a Line>,
}

/// Rows under their headings, page by page, so that every figure fits on one. A section stays together where it fits on
/// a page, and is divided where it does not.
fn pages<R>(rows: Vec<Shown<'_, R>>) -> Vec<Page<'_, R>> {
    let mut sections: Vec<(String, Vec<Shown<'_, R>>)> = Vec::new();
    for row in rows {
        match sections.iter_mut().find(|(known, _)| *known == row.heading) {
            Some((_, rows)) => rows.push(row),
            None => sections.push((row.heading.clone(), vec![row])),
        }
    }
    let mut pages: Vec<Page<'_, R>> = Vec::new();
    for (heading, rows) in sections {
        let size: usize = rows.iter().map(|row| row.lines.len()).sum();
        let fits = |page: &Page<'_, R>| page.lines.len() + size <= PER_PAGE;
        if !pages.last().is_some_and(fits) {
            pages.push(Page::default());
        }
        let mut section = Section {
            heading: heading.clone(),
            rows: Vec::new(),
        };
        for row in rows {
            let page = pages.last_mut().expect("a page was added above");
            if !section.rows.is_empty() && page.lines.len() + row.lines.len() > PER_PAGE {
                let rest = Section {
                    heading: heading.clone(),
                    rows: Vec::new(),
                };
                page.sections.push(std::mem::replace(&mut section, rest));
                pages.push(Page::default());
            }
            let page = pages.last_mut().expect("a page was added above");
            page.lines.extend(row.lines);
            section.rows.push(row.row);
        }
        let page = pages.last_mut().expect("a page was added above");
        page.sections.push(section);
    }
    // A page without a single number would draw an axis of nothing.
    pages.retain(|page| page.lines.iter().any(|line| line.estimate.is_some()));
    pages
}

impl<R> Default for Page<'_, R> {
    fn default() -> Self {
        Self {
            sections: Vec::new(),
            lines: Vec::new(),
        }
    }
}

/// The second page of three, and ` (2 of 3)`; no page and no words when there is one.
fn page_words(page: usize, of: usize) -> (Option<usize>, String) {
    if of < 2 {
        (None, String::new())
    } else {
        (Some(page + 1), format!(" ({} of {of})", page + 1))
    }
}

/// Agency, period, unit and restriction.
fn subtitle(finding: &Finding, setting: &Setting) -> String {
    let outcome = setting
        .outcomes
        .iter()
        .find(|outcome| outcome.name == finding.frame.counts);
    let unit = outcome.map(|outcome| format!("unit: {}", outcome.unit));
    let only = (!finding.frame.only.is_empty()).then(|| finding.frame.only.clone());
    [setting.agency.clone(), setting.period.clone(), unit, only]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ")
}

/// What has to stay with the picture: intervals, baseline, unknown groups, withheld numbers.
fn notes(finding: &Finding, setting: &Setting, lines: &[&Line], chart: &Chart) -> Vec<String> {
    let outcome = setting
        .outcomes
        .iter()
        .find(|outcome| outcome.name == finding.frame.counts);
    let has_intervals = !matches!(
        chart,
        Chart::PlaceScatter(_) | Chart::NullDistribution(_) | Chart::Stacked(_)
    );
    if matches!(chart, Chart::Twilight(_)) {
        return vec!["The sun at the point of the place over one year, by the local clock; civil twilight ends where the sun is 6 degrees below the horizon. At a time of day between the dashed lines stops in daylight and in darkness are compared.".into()];
    }
    let mut notes = Vec::new();
    if has_intervals {
        notes.push(interval_note(finding, lines));
    }
    if matches!(chart, Chart::Stacked(_)) {
        notes.push("All searches are shown, those among them that the test leaves out.".into());
    }
    if matches!(chart, Chart::PlaceScatter(scatter) if scatter.scale == AxisScale::Log) {
        notes.push("Both axes are logarithmic: equal distances are equal factors.".into());
    }
    if !finding.frame.baselines.is_empty() {
        notes.push(format!(
            "Benchmark: {}.",
            finding.frame.baselines.join("; ")
        ));
    }
    notes.push(match setting.groups.unknown {
        _ if finding.analysis == super::missing::NAME => {
            "Rows of unknown group are treated as each row of the chart says; elsewhere they are left out.".into()
        }
        crate::cells::UnknownRule::Missing => {
            "Rows of unknown group are left out of every rate and counted in the ledger.".into()
        }
        crate::cells::UnknownRule::Other => "Rows of unknown group count as \"other\".".into(),
        crate::cells::UnknownRule::Error => "No row is of unknown group.".into(),
    });
    notes.extend(
        outcome
            .and_then(|outcome| outcome.note.as_ref())
            .map(|note| format!("{}.", capitalised(note))),
    );
    notes.extend(outcome.iter().flat_map(|outcome| outcome.cautions.clone()));
    if finding.warnings.contains(&Warning::InfraMarginality) {
        notes.push(Warning::InfraMarginality.to_string());
    }
    if let ([treated, _], super::stratified::NAME) =
        (finding.frame.arms.as_slice(), finding.analysis)
    {
        notes.push(format!(
            "The counts beside the strata are the group's where {treated}."
        ));
    }
    let any =
        |found: fn(&Warning) -> bool| lines.iter().any(|line| line.warnings.iter().any(found));
    if any(|w| matches!(w, Warning::Withheld { .. })) {
        notes.push("Numbers that rest on a small count are withheld.".into());
    }
    if has_intervals && any(|w| *w == Warning::NoReplication) {
        let annual = outcome.is_some_and(|outcome| outcome.annual_average);
        notes.push(if annual { "Hollow: nothing repeats there, and an annual average has no interval of counting." } else { "Rows without a thick interval have no replication: the interval of counting alone understates uncertainty." }.into());
    }
    if finding.warnings.contains(&Warning::MarginNotCarried) {
        notes.push(Warning::MarginNotCarried.to_string());
    }
    if matches!(chart, Chart::NullDistribution(_))
        && any(|w| matches!(w, Warning::SpreadWithheld { .. }))
    {
        notes.push("The dispersion between places or periods is withheld.".into());
    }
    if any(|w| *w == Warning::RateAboveOne) {
        notes.push(
            "Some cells hold more events than residents: those counted are not only residents."
                .into(),
        );
    }
    notes
}

/// The methods of the intervals drawn, each once.
fn interval_note(finding: &Finding, lines: &[&Line]) -> String {
    let level = level_text(finding.frame.level);
    let mut methods: Vec<String> = Vec::new();
    for band in lines
        .iter()
        .flat_map(|line| line.headline.iter().chain(&line.counting))
    {
        let method = format!("{}: {}", band.variance.word(), band.method);
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if methods.is_empty() {
        format!("No {level} interval can be given for these numbers.")
    } else {
        format!("{level} intervals. {}.", capitalised(&methods.join("; ")))
    }
}

/// The picture in words: what it shows, how many numbers, and the two ends.
fn alt_text(drawing: &Drawing<'_>, chart: &Chart) -> String {
    let kind = match chart {
        Chart::DotInterval(_) => "Dots with intervals",
        Chart::Forest(forest) if forest.axis.scale == AxisScale::Linear => {
            "Dots with intervals, and bars of the range of every allocation of the unknown"
        }
        Chart::Forest(_) => "Forest plot on a logarithmic axis with a line at 1",
        Chart::Ladder(_) => "Benchmark ladder on a logarithmic axis with a line at 1",
        Chart::PlaceScatter(_) => "Scatter of places with a line of equal rates",
        Chart::RatePair(_) => "Two panels of dots with intervals",
        Chart::Months(_) => "Columns by month",
        Chart::Stacked(_) => "Bars of one length, divided by shares",
        Chart::Curves(_) => "Lines along a key of numbers, each with its band",
        Chart::Twilight(_) => {
            "A year of days with the clock upwards, areas of daylight, twilight and darkness"
        }
        Chart::VeilTrio(_) => {
            "Panels of circles, shares by how far dusk or dawn is away, with the share of all in daylight and in darkness"
        }
        Chart::Waterfall(_) => "Bars of rows in, dropped by each rule, and kept",
        Chart::NullDistribution(_) => {
            "Columns of what chance alone would give, in counts, with a line at the count observed, here in standard deviations from what is expected"
        }
    };
    let defined = || drawing.lines.iter().filter(|line| line.estimate.is_some());
    let by_estimate = |a: &&&Line, b: &&&Line| {
        a.estimate
            .unwrap_or_default()
            .total_cmp(&b.estimate.unwrap_or_default())
    };
    let one = |line: &Line| {
        format!("{} {}: {}", line.stratum(), line.group, text(line))
            .trim()
            .to_owned()
    };
    match (defined().min_by(by_estimate), defined().max_by(by_estimate)) {
        (Some(low), Some(high)) => format!(
            "{kind}. {}. {} numbers, from {} to {}. The table beside the chart gives every one.",
            drawing.title,
            defined().count(),
            one(low),
            one(high)
        ),
        _ if matches!(chart, Chart::Twilight(_)) => format!("{kind}. {}.", drawing.title),
        _ => format!("{kind}. {}. No number can be shown.", drawing.title),
    }
}

/// `Stops per 1,000 people a year`.
fn per_head(finding: &Finding) -> String {
    let events = capitalised(&finding.frame.events);
    match finding.frame.per {
        Some(per) => format!("{events} per {} people a year", count(per.into())),
        None => events,
    }
}

/// Estimate with the interval to be quoted.
pub(crate) fn text(line: &Line) -> String {
    let style = line.estimand.style;
    let interval = line
        .quoted()
        .map(|band| style.show_interval(Some(band.interval.low), Some(band.interval.high)));
    match (line.estimate, interval) {
        (Some(_), Some(interval)) => format!("{} {interval}", style.show(line.estimate)),
        (Some(_), None) => style.show(line.estimate),
        (None, _) => String::new(),
    }
}

/// Events and what they are counted out of.
pub(crate) fn n_text(line: &Line) -> String {
    let Some(events) = line.events else {
        return String::new();
    };
    match (line.trials, line.exposure) {
        (Some(trials), _) => format!("{} / {}", count(events), count(trials)),
        (None, Some(exposure)) => {
            format!("{} / {}", count(events), Style::Count.show(Some(exposure)))
        }
        (None, None) => count(events),
    }
}

fn interval(band: &Band) -> Interval {
    Interval {
        low: band.interval.low,
        high: band.interval.high,
    }
}

/// One line as one mark.
fn mark(line: &Line, series: usize) -> Mark {
    Mark {
        series,
        value: line.estimate,
        headline: line.headline.as_ref().map(interval),
        counting: line.counting.as_ref().map(interval),
        text: text(line),
        n: n_text(line),
        reason: reason(line),
    }
}

fn hides_spread(warning: &Warning) -> bool {
    matches!(warning, Warning::SpreadWithheld { .. })
}

fn reason(line: &Line) -> String {
    if line.estimate.is_some() {
        return String::new();
    }
    match line
        .warnings
        .iter()
        .find(|w| !matches!(w, Warning::NoReplication))
    {
        Some(Warning::Withheld { .. }) => "withheld".into(),
        _ if line.warnings.iter().any(hides_spread) => "withheld".into(),
        Some(Warning::GroupAbsent { .. }) => "not in the data".into(),
        Some(Warning::NoEvents { side }) if *side == line.group => "no events".into(),
        Some(Warning::NoEvents { side }) => format!("no events: {side}"),
        Some(Warning::EmptyDenominator) => "nothing to divide by".into(),
        Some(Warning::NotFitted { .. }) => "no answer, see the table".into(),
        _ => "undefined".into(),
    }
}

/// What the two kinds of interval are, from the lines themselves.
fn interval_names<'a>(lines: impl Iterator<Item = &'a Line> + Clone, level: f64) -> IntervalNames {
    let level = level_text(level);
    let headline = lines
        .clone()
        .find_map(|line| line.headline.as_ref())
        .map(|band| match band.variance {
            Variance::Cluster if band.method.contains("officer") => {
                format!("{level} interval between officers")
            }
            Variance::Cluster => format!("{level} interval between clusters"),
            Variance::Posterior => format!("{level} credible interval"),
            _ if band.method.contains("of the cells") => {
                format!("{level} interval with the dispersion of the cells")
            }
            _ => format!("{level} interval between places or periods"),
        });
    let counting = lines
        .clone()
        .find_map(|line| line.counting.as_ref())
        .map(|_| format!("{level} interval of counting alone"));
    IntervalNames {
        headline: headline.unwrap_or_default(),
        counting: counting.unwrap_or_default(),
        prediction: format!("{level} prediction interval of a further stratum"),
    }
}

/// Heading and row label of a stratum: the first key above, the rest beside.
fn heading_and_label(line: &Line) -> (String, String) {
    match line.at.as_slice() {
        [] if line.estimand == glossary::MH_RISK_RATIO => {
            (String::new(), "All, Mantel-Haenszel".into())
        }
        [] => (String::new(), "All".into()),
        [(_, only)] => (String::new(), only.clone()),
        [(_, first), rest @ ..] => (
            first.clone(),
            rest.iter()
                .map(|(_, value)| value.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        ),
    }
}
