//! Why searches were made, as divided bars; predicted probabilities as lines.

use super::pairs::series;
use super::{Drawing, Part, figure, interval, level_text};
use crate::analyses::Setting;
use crate::analyses::words::capitalised;
use crate::disclosure::Disclosed;
use crate::figures::{Chart, Curve, CurvePoint, Curves, Figure, Section, Stacked, StackedRow};
use crate::findings::{Finding, Line, glossary};
use crate::number::count;
use crate::stops::SEARCH_BASIS;

/// One bar for each group, divided by the basis of its searches.
pub(in crate::analyses) fn shares(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let is_share = |line: &&Line| line.estimand == glossary::SHARE_OF_SEARCHES;
    let lines: Vec<&Line> = finding.lines.iter().filter(is_share).collect();
    if lines.iter().all(|line| line.estimate.is_none()) {
        return Vec::new();
    }
    let mut parts: Vec<&str> = Vec::new();
    for kind in lines.iter().filter_map(|line| line.key(SEARCH_BASIS)) {
        if !parts.contains(&kind) {
            parts.push(kind);
        }
    }
    let row = |group: String| {
        let own = |line: &&&Line| line.group == group;
        let share = |part: &&str| {
            let mut own = lines.iter().filter(own);
            let line = own.find(|line| line.key(SEARCH_BASIS) == Some(*part))?;
            line.estimate
        };
        let trials = lines.iter().filter(own).find_map(|line| line.trials);
        StackedRow {
            shares: parts.iter().map(share).collect(),
            n: trials.map_or_else(|| "withheld".into(), count),
            label: group,
        }
    };
    let searches = lines
        .iter()
        .find_map(|line| line.counted.as_ref().map(|counted| counted.events.clone()))
        .unwrap_or_default();
    let chart = Stacked {
        axis: format!("Percent of all {searches} of the group"),
        parts: parts.iter().map(|&part| part.to_owned()).collect(),
        number_heading: searches.clone(),
        sections: vec![Section {
            heading: String::new(),
            rows: series(setting).into_iter().map(row).collect(),
        }],
    };
    let drawing = Drawing {
        part: Part {
            what: Some("basis"),
            ..Part::default()
        },
        title: format!("Why {searches} were made, by group"),
        lines,
    };
    vec![figure(finding, setting, drawing, Chart::Stacked(chart))]
}

/// One line for each group along the key of the display.
pub(in crate::analyses) fn predicted(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    key: &str,
) -> Vec<Figure> {
    let is_point =
        |line: &&Line| line.estimand == glossary::PREDICTED_PROBABILITY && line.key(key).is_some();
    let lines: Vec<&Line> = finding.lines.iter().filter(is_point).collect();
    if lines.iter().all(|line| line.estimate.is_none()) {
        return Vec::new();
    }
    let number = |line: &&Line| {
        let text = line.key(key)?;
        Some((text.parse::<f64>().ok()?, text.to_owned()))
    };
    let mut x: Vec<(f64, String)> = lines.iter().filter_map(number).collect();
    x.sort_by(|a, b| a.0.total_cmp(&b.0));
    x.dedup_by(|a, b| a.1 == b.1);
    let series = series(setting);
    let curve = |(i, group): (usize, &String)| {
        let own = lines.iter().filter(|line| line.group == *group);
        let point = |line: &&Line| {
            let text = line.key(key)?;
            Some(CurvePoint {
                at: x.iter().position(|(_, own)| own == text)?,
                value: line.estimate,
                interval: line.quoted().map(interval),
            })
        };
        let mut points: Vec<CurvePoint> = own.filter_map(point).collect();
        points.sort_by_key(|point| point.at);
        Curve { series: i, points }
    };
    let chart = Curves {
        x_label: capitalised(key),
        y_label: format!(
            "Predicted {} out of {}, percent",
            finding.frame.events,
            finding.frame.trials.as_deref().unwrap_or_default()
        ),
        style: glossary::PREDICTED_PROBABILITY.style,
        curves: series.iter().enumerate().map(curve).collect(),
        series,
        band: format!("{} interval", level_text(finding.frame.level)),
        x,
    };
    let drawing = Drawing {
        part: Part {
            what: Some("predicted"),
            ..Part::default()
        },
        title: format!(
            "Predicted probability of {} by {key}: everybody of each {key} taken as of the group",
            finding.frame.events
        ),
        lines,
    };
    vec![figure(finding, setting, drawing, Chart::Curves(chart))]
}
