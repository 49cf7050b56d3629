//! Rates: dots with intervals, and search rates beside hit rates.

use super::{
    Drawing, Page, Part, Shown, figure, heading_and_label, interval_names, mark, page_words, pages,
};
use crate::analyses::Setting;
use crate::analyses::words::capitalised;
use crate::disclosure::Disclosed;
use crate::figures::{
    Axis, AxisScale, Chart, Columns, DotInterval, Figure, Mark, PairPanel, PairRow, RatePair, Row,
};
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Finding, Line};

/// Dots with intervals: one row per stratum, one dot per group.
pub(in crate::analyses) fn dots(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let rates: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| {
            [
                glossary::RATE,
                glossary::PROPORTION,
                glossary::SHARE,
                glossary::HIT_RATE,
            ]
            .contains(&line.estimand)
        })
        .collect();
    let series = series(setting);
    let mut rows: Vec<Shown<'_, Row>> = Vec::new();
    for line in rates.iter().copied() {
        let (heading, label) = heading_and_label(line);
        let at = series
            .iter()
            .position(|group| *group == line.group)
            .unwrap_or(0);
        let mark = mark(line, at);
        match rows
            .iter_mut()
            .find(|shown| shown.heading == heading && shown.row.label == label)
        {
            Some(shown) => {
                shown.row.marks.push(mark);
                shown.lines.push(line);
            }
            None => rows.push(Shown {
                heading,
                row: Row {
                    label,
                    marks: vec![mark],
                },
                lines: vec![line],
            }),
        }
    }
    let style = rates
        .first()
        .map_or(glossary::RATE.style, |line| line.estimand.style);
    let pages = pages(rows);
    let of = pages.len();
    let page = |(i, Page { sections, lines }): (usize, Page<'_, Row>)| {
        let (page, words) = page_words(i, of);
        let chart = DotInterval {
            axis: axis(axis_label(finding), style),
            series: series.clone(),
            intervals: interval_names(lines.iter().copied(), finding.frame.level),
            columns: columns(finding),
            sections,
        };
        let drawing = Drawing {
            part: Part {
                page,
                ..Part::default()
            },
            title: format!("{}{words}", finding.title),
            lines,
        };
        figure(finding, setting, drawing, Chart::DotInterval(chart))
    };
    pages.into_iter().enumerate().map(page).collect()
}

/// Search rate beside hit rate, one row per group.
pub(in crate::analyses) fn rate_pair(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let of = |estimand: Estimand| {
        finding
            .lines
            .iter()
            .filter(move |line| line.estimand == estimand)
    };
    let searches: Vec<&Line> = of(glossary::SEARCH_RATE).collect();
    let rows = of(glossary::HIT_RATE).map(|hit| {
        let search = searches
            .iter()
            .find(|search| search.at == hit.at && search.group == hit.group);
        let left = search.map_or_else(
            || Mark {
                reason: "not in the data".into(),
                ..Mark::default()
            },
            |line| mark(line, 0),
        );
        Shown {
            heading: hit.stratum(),
            row: PairRow {
                label: hit.group.clone(),
                left,
                right: mark(hit, 0),
            },
            lines: std::iter::once(hit).chain(search.copied()).collect(),
        }
    });
    let panel = |title: &str, n: &str| PairPanel {
        title: title.to_owned(),
        axis: axis(format!("{title}, percent"), glossary::HIT_RATE.style),
        columns: Columns {
            label: String::new(),
            estimate: format!("{title} [interval]"),
            n: n.to_owned(),
        },
    };
    let pages = pages(rows.collect());
    let of_pages = pages.len();
    let page = |(i, Page { sections, lines }): (usize, Page<'_, PairRow>)| {
        let (page, words) = page_words(i, of_pages);
        let chart = RatePair {
            left: panel("Search rate", "searches / stops"),
            right: panel("Hit rate", "hits / searches"),
            series: Vec::new(),
            intervals: interval_names(lines.iter().copied(), finding.frame.level),
            sections,
            label_heading: "Group".into(),
        };
        let drawing = Drawing {
            part: Part {
                page,
                ..Part::default()
            },
            title: format!("Search rate beside hit rate{}{words}", by(finding)),
            lines,
        };
        figure(finding, setting, drawing, Chart::RatePair(Box::new(chart)))
    };
    pages.into_iter().enumerate().map(page).collect()
}

fn by(finding: &Finding) -> String {
    if finding.frame.by.is_empty() {
        String::new()
    } else {
        format!(" by {}", finding.frame.by.join(" and "))
    }
}

/// The groups as they are labelled, in the study's order.
pub(super) fn series(setting: &Setting) -> Vec<String> {
    setting
        .groups
        .shown()
        .map(|group| setting.groups.label(group).to_owned())
        .collect()
}

fn axis(label: String, style: crate::number::Style) -> Axis {
    Axis {
        label,
        style,
        scale: AxisScale::Linear,
        reference: None,
    }
}

fn axis_label(finding: &Finding) -> String {
    match &finding.frame.trials {
        Some(trials) => format!(
            "{} out of {trials}, percent",
            capitalised(&finding.frame.events)
        ),
        None => super::per_head(finding),
    }
}

fn columns(finding: &Finding) -> Columns {
    let denominator = finding.frame.trials.as_deref().unwrap_or("people × years");
    Columns {
        label: capitalised(&finding.frame.by.join(", ")),
        estimate: "Rate [interval]".into(),
        n: format!("{} / {denominator}", finding.frame.events),
    }
}
