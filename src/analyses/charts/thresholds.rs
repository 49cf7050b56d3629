//! A threshold test: thresholds of places, and the rates that the model predicts beside those observed.

use std::collections::BTreeMap;

use super::scatter::axis_scale;
use super::{Drawing, Part, figure};
use crate::analyses::Setting;
use crate::disclosure::Disclosed;
use crate::figures::{Chart, Figure, Naming, Place, PlaceKind, PlaceScatter, ScatterPanel};
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Comparison, Finding, Line};
use crate::stops::STATE;

/// Thresholds of places, group against reference group; predicted against observed search rates and hit rates.
pub(in crate::analyses) fn thresholds(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let of = |estimand: Estimand| -> Vec<&Line> {
        let lines = finding.lines.iter();
        lines
            .filter(|line| {
                line.estimand == estimand
                    && line.comparison == Comparison::None
                    && !line.at.is_empty()
                    && line.estimate.is_some()
            })
            .collect()
    };
    let mut figures = Vec::new();
    let lines = of(glossary::INFERRED_THRESHOLD);
    if !lines.is_empty() {
        figures.push(by_place(finding, setting, lines));
    }
    for (page, estimand, what) in [
        (2, glossary::PREDICTED_SEARCH_RATE, "search rate"),
        (3, glossary::PREDICTED_HIT_RATE, "hit rate"),
    ] {
        let lines = of(estimand);
        if !lines.is_empty() {
            figures.push(predictions(finding, setting, (lines, page, what)));
        }
    }
    figures
}

/// The name of a place for its label: without its state, which is in the table.
fn name(line: &Line) -> String {
    let own = line.at.iter().filter(|(key, _)| key != STATE);
    own.map(|(_, value)| value.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn circle(name: String, (x, y): (Option<f64>, Option<f64>), size: u64) -> Place {
    Place {
        name,
        x,
        y,
        size: size as f64,
        series: 0,
        kind: PlaceKind::Single,
        naming: Naming::Automatic,
    }
}

fn by_place(finding: &Disclosed<Finding>, setting: &Setting, lines: Vec<&Line>) -> Figure {
    let reference = setting.groups.label(setting.groups.reference());
    let mut places: BTreeMap<&[(String, String)], BTreeMap<&str, &Line>> = BTreeMap::new();
    for line in &lines {
        places
            .entry(&line.at)
            .or_default()
            .insert(&line.group, line);
    }
    let panel = |group: &str| {
        let label = setting.groups.label(group);
        let circles = places.values().filter_map(|groups| {
            let (x, y) = (groups.get(reference)?, groups.get(label)?);
            let size = x.trials.unwrap_or_default() + y.trials.unwrap_or_default();
            Some(circle(name(x), (x.estimate, y.estimate), size))
        });
        ScatterPanel {
            title: label.to_owned(),
            y_label: format!("{label}: inferred threshold"),
            places: circles.collect(),
        }
    };
    let panels: Vec<ScatterPanel> = setting.groups.compared().map(panel).collect();
    let chart = PlaceScatter {
        x_label: format!("{reference}: inferred threshold"),
        style: glossary::INFERRED_THRESHOLD.style,
        scale: axis_scale(&panels),
        equal_label: "equal thresholds".into(),
        size_label: format!("{} of both groups", trials(finding)),
        series: vec!["places".into()],
        pooled_label: String::new(),
        panels,
    };
    let drawing = Drawing {
        part: Part::default(),
        title: "Inferred thresholds of search, by place".into(),
        lines,
    };
    figure(finding, setting, drawing, Chart::PlaceScatter(chart))
}

fn trials(finding: &Finding) -> &str {
    finding.frame.trials.as_deref().unwrap_or("stops")
}

fn predictions(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    (lines, page, what): (Vec<&Line>, usize, &str),
) -> Figure {
    let panel = |group: &str| {
        let label = setting.groups.label(group);
        let circles = lines.iter().filter(|line| line.group == label).map(|line| {
            let trials = line.trials.unwrap_or_default();
            let observed = line.events.filter(|_| trials > 0);
            let observed = observed.map(|events| events as f64 / trials as f64);
            circle(name(line), (line.estimate, observed), trials)
        });
        ScatterPanel {
            title: label.to_owned(),
            y_label: format!("{label}: observed {what}"),
            places: circles.collect(),
        }
    };
    let panels: Vec<ScatterPanel> = setting.groups.shown().map(panel).collect();
    let counted = lines.first().and_then(|line| line.counted.as_ref());
    let size = counted.and_then(|counted| counted.trials.as_deref());
    let chart = PlaceScatter {
        x_label: format!("{what} that the model predicts"),
        style: glossary::PREDICTED_SEARCH_RATE.style,
        scale: axis_scale(&panels),
        equal_label: "as predicted".into(),
        size_label: size.unwrap_or(trials(finding)).to_owned(),
        series: vec!["places".into()],
        pooled_label: String::new(),
        panels,
    };
    let part = Part {
        page: Some(page),
        ..Part::default()
    };
    let drawing = Drawing {
        part,
        title: format!("Check of the model: {what} observed against predicted, by place"),
        lines,
    };
    figure(finding, setting, drawing, Chart::PlaceScatter(chart))
}
