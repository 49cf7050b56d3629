//! What becomes of a number under the unknown: as recorded, missing at random, and the range of every allocation.

use super::{Drawing, Page, Part, Shown, figure, interval_names, mark, page_words, pages};
use crate::analyses::Setting;
use crate::analyses::missing::is_ratio;
use crate::disclosure::Disclosed;
use crate::figures::{
    Axis, AxisScale, Chart, Columns, DotInterval, Figure, Forest, ForestKind, ForestRow, Interval,
    IntervalNames, Mark, Reference, Row, Section,
};
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Finding, Line};
use crate::number::Style;

/// The estimands of one number: as recorded, at random, corrected, and both ends.
struct Family {
    recorded: [Estimand; 2],
    at_random: Estimand,
    corrected: Option<Estimand>,
    ends: [Estimand; 2],
}

const FAMILIES: [Family; 3] = [
    Family {
        recorded: [glossary::RISK_RATIO, glossary::RATE_RATIO],
        at_random: glossary::RATIO_AT_RANDOM,
        corrected: Some(glossary::RATIO_CORRECTED),
        ends: [glossary::LOWEST_RATIO, glossary::HIGHEST_RATIO],
    },
    Family {
        recorded: [glossary::PROPORTION, glossary::SHARE],
        at_random: glossary::PROPORTION_AT_RANDOM,
        corrected: None,
        ends: [glossary::LOWEST_PROPORTION, glossary::HIGHEST_PROPORTION],
    },
    Family {
        recorded: [glossary::RATE, glossary::RATE],
        at_random: glossary::RATE_AT_RANDOM,
        corrected: None,
        ends: [glossary::LOWEST_RATE, glossary::HIGHEST_RATE],
    },
];

/// One chart of the ratios, or of the rates where there are none, per compared group; and the unknown by place.
pub(in crate::analyses) fn survives(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let is_there = |family: &&Family| {
        finding
            .lines
            .iter()
            .any(|l| family.recorded.contains(&l.estimand))
    };
    let mut figures = Vec::new();
    if let Some(family) = FAMILIES.iter().find(is_there) {
        let shown: Vec<&str> = if finding.lines.iter().any(is_ratio) {
            setting.groups.compared().collect()
        } else {
            setting.groups.shown().collect()
        };
        let labels: Vec<&str> = shown
            .into_iter()
            .map(|group| setting.groups.label(group))
            .collect();
        figures.extend(panels(finding, setting, (family, &labels)));
    }
    figures.extend(places(finding, setting));
    figures
}

/// The rows of every group and stratum under their heading, page by page.
fn panels(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    (family, labels): (&Family, &[&str]),
) -> Vec<Figure> {
    let mut rows: Vec<Shown<'_, ForestRow>> = Vec::new();
    for label in labels {
        let own = finding.lines.iter().filter(|line| line.group == *label);
        for recorded in own.filter(|line| family.recorded.contains(&line.estimand)) {
            rows.extend(rows_of(finding, family, recorded));
        }
    }
    let is_ratios = family.corrected.is_some();
    let style = family.at_random.style;
    let pages = pages(rows);
    let of = pages.len();
    let page = |(i, Page { sections, lines }): (usize, Page<'_, ForestRow>)| {
        let (page, words) = page_words(i, of);
        let chart = Chart::Forest(Forest {
            axis: axis(finding, is_ratios, style),
            series: Vec::new(),
            intervals: names(&lines, finding.frame.level),
            columns: Columns {
                label: "Unknown group".into(),
                estimate: if is_ratios {
                    "Ratio [interval]"
                } else {
                    "Rate [interval]"
                }
                .into(),
                n: counted_words(finding),
            },
            sections,
        });
        let drawing = Drawing {
            part: Part {
                group: None,
                what: None,
                page,
            },
            title: format!("{}{words}", finding.title),
            lines,
        };
        figure(finding, setting, drawing, chart)
    };
    pages.into_iter().enumerate().map(page).collect()
}

/// What becomes of one number.
fn rows_of<'a>(
    finding: &'a Finding,
    family: &Family,
    recorded: &'a Line,
) -> Vec<Shown<'a, ForestRow>> {
    let beside = |estimand: Estimand| {
        finding.lines.iter().find(|line| {
            line.estimand == estimand
                && (&line.at, &line.group, &line.benchmark)
                    == (&recorded.at, &recorded.group, &recorded.benchmark)
        })
    };
    let heading: Vec<String> = [recorded.stratum()]
        .into_iter()
        .chain(std::iter::once(recorded.group.clone()))
        .chain(recorded.benchmark.clone())
        .filter(|part| !part.is_empty())
        .collect();
    let shown = |row: ForestRow, lines: Vec<&'a Line>| Shown {
        heading: heading.join(", "),
        row,
        lines,
    };
    let unit = |label: &str, line: &'a Line| {
        let row = ForestRow {
            label: label.into(),
            mark: mark(line, 0),
            kind: ForestKind::Unit,
            prediction: None,
        };
        shown(row, vec![line])
    };
    let mut rows = vec![unit("left out, as recorded", recorded)];
    rows.extend(beside(family.at_random).map(|line| unit("missing at random", line)));
    if let [Some(low), Some(high)] = family.ends.map(beside) {
        rows.push(shown(range(low, high), vec![low, high]));
    }
    let corrected = family.corrected.and_then(beside);
    rows.extend(corrected.map(|line| unit("misrecording undone", line)));
    rows
}

/// From the lowest to the highest number that any allocation gives: a bar without a dot. An end without a number is beyond
/// every axis.
fn range(low: &Line, high: &Line) -> ForestRow {
    let style = low.estimand.style;
    let is_infinite = |line: &Line| line.counting.is_some() && line.estimate.is_none();
    let ends = (
        low.estimate,
        high.estimate.or(is_infinite(high).then_some(f64::INFINITY)),
    );
    let mark = Mark {
        value: low.estimate,
        text: match ends {
            (Some(_), Some(_)) => format!("{} to {}", style.show(ends.0), style.show(ends.1)),
            _ => String::new(),
        },
        ..mark(low, 0)
    };
    ForestRow {
        label: "any allocation".into(),
        kind: ForestKind::Range,
        prediction: ends.0.zip(ends.1).map(|(low, high)| Interval { low, high }),
        mark: Mark {
            headline: None,
            counting: None,
            n: String::new(),
            ..mark
        },
    }
}

fn names(lines: &[&Line], level: f64) -> IntervalNames {
    IntervalNames {
        prediction: "every allocation of the unknown: bounds, no interval".into(),
        ..interval_names(
            lines
                .iter()
                .copied()
                .filter(|line| !super::super::missing::BOUNDS.contains(&line.estimand)),
            level,
        )
    }
}

fn axis(finding: &Finding, is_ratios: bool, style: Style) -> Axis {
    if !is_ratios {
        return Axis {
            label: super::per_head(finding),
            style,
            scale: AxisScale::Linear,
            reference: None,
        };
    }
    Axis {
        label: format!("Ratio to {}, log scale", finding.frame.reference),
        style,
        scale: AxisScale::Log,
        reference: Some(Reference {
            value: 1.0,
            label: "equal rates".into(),
            below: "lower rate than the reference".into(),
            above: "higher".into(),
        }),
    }
}

fn counted_words(finding: &Finding) -> String {
    let denominator = finding.frame.trials.as_deref().unwrap_or("people × years");
    format!("{} / {denominator}", finding.frame.events)
}

/// Places that a chart shows.
const MOST_PLACES: usize = 20;

/// The share of unknown group in the places with most of them.
fn places(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let is_place =
        |line: &&Line| line.estimand == glossary::UNKNOWN_SHARE && line.key("place").is_some();
    let all = finding.lines.iter().filter(is_place);
    let of = all.clone().count();
    let mut lines: Vec<&Line> = all.filter(|line| line.estimate.is_some()).collect();
    let is_withheld = lines.len() < of;
    lines.sort_by(|a, b| b.events.cmp(&a.events).then_with(|| a.at.cmp(&b.at)));
    lines.truncate(MOST_PLACES);
    if lines.len() < 2 {
        return Vec::new();
    }
    let rows = lines.iter().map(|line| Row {
        label: line.stratum(),
        marks: vec![mark(line, 0)],
    });
    let what = lines[0].counted.as_ref();
    let chart = Chart::DotInterval(DotInterval {
        axis: Axis {
            label: "Share of unknown group".into(),
            style: Style::Percent,
            scale: AxisScale::Linear,
            reference: None,
        },
        series: Vec::new(),
        intervals: interval_names(lines.iter().copied(), finding.frame.level),
        columns: Columns {
            label: "Place".into(),
            estimate: "Unknown [interval]".into(),
            n: what.map_or_else(String::new, |own| {
                format!("unknown / {}", own.trials.clone().unwrap_or_default())
            }),
        },
        sections: vec![Section {
            heading: String::new(),
            rows: rows.collect(),
        }],
    });
    let title = if of > lines.len() {
        let shown = if is_withheld {
            ", of those that can be shown"
        } else {
            ""
        };
        format!(
            "Unknown group by place: the {} of {of} places with most unknown{shown}",
            lines.len()
        )
    } else {
        "Unknown group by place, most unknown first".into()
    };
    let drawing = Drawing {
        part: Part {
            group: None,
            what: Some("places"),
            page: None,
        },
        title,
        lines,
    };
    vec![figure(finding, setting, drawing, chart)]
}
