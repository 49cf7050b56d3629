//! Places as circles: a group's rate against the reference group's.

use std::collections::BTreeMap;

use super::{Drawing, Part, Setting, figure};
use crate::disclosure::Disclosed;
use crate::figures::{
    AxisScale, Chart, Figure, Naming, Place, PlaceKind, PlaceScatter, ScatterPanel,
};
use crate::findings::glossary::Estimand;
use crate::findings::{Finding, Line};
use crate::stops::PLACE;

/// The lines of one kind of number in a finding that has others too.
pub(in crate::analyses) fn scatter_of(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    estimand: Estimand,
) -> Vec<Figure> {
    let of_kind = |line: &&Line| line.estimand == estimand;
    let lines: Vec<&Line> = finding.lines.iter().filter(of_kind).collect();
    let what = estimand.name.replace('_', "-");
    let part = Part {
        what: Some(&what),
        ..Part::default()
    };
    let title = format!("{} by place", estimand.heading);
    drawn(finding, setting, (&lines, part, title))
}

/// One panel per compared group; circle area by the denominators of both groups.
pub(in crate::analyses) fn scatter(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let lines: Vec<&Line> = finding.lines.iter().collect();
    drawn(
        finding,
        setting,
        (&lines, Part::default(), finding.title.clone()),
    )
}

fn drawn(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    (lines, part, title): (&[&Line], Part<'_>, String),
) -> Vec<Figure> {
    let reference = setting.groups.label(setting.groups.reference());
    let mut by_place: BTreeMap<Vec<(String, String)>, BTreeMap<&str, &Line>> = BTreeMap::new();
    for line in lines.iter().copied() {
        by_place
            .entry(line.at.clone())
            .or_default()
            .insert(&line.group, line);
    }
    if lines.iter().all(|line| line.estimate.is_none()) {
        return Vec::new();
    }
    let programs = programs(lines);
    let (rate, trials) = rate_words(finding, lines);
    let panel = |group: &str| {
        let label = setting.groups.label(group);
        let places = by_place.values().filter_map(|groups| {
            let (x, y) = (groups.get(reference)?, groups.get(label)?);
            Some(place(x, y, (&programs, setting.pooled_prefix.as_deref())))
        });
        ScatterPanel {
            title: label.to_owned(),
            y_label: format!("{label}: {rate}"),
            places: places.collect(),
        }
    };
    let panels: Vec<ScatterPanel> = setting.groups.compared().map(panel).collect();
    let chart = PlaceScatter {
        x_label: format!("{reference}: {rate}"),
        style: lines
            .first()
            .map_or(crate::number::Style::Quantity, |line| line.estimand.style),
        scale: axis_scale(&panels),
        equal_label: "equal rates".into(),
        size_label: format!(
            "{} of both groups",
            trials.as_deref().unwrap_or("people × years")
        ),
        series: programs.clone(),
        pooled_label: "several places counted together".into(),
        panels,
    };
    let drawing = Drawing {
        part,
        title,
        lines: lines.to_vec(),
    };
    vec![figure(
        finding,
        setting,
        drawing,
        Chart::PlaceScatter(chart),
    )]
}

/// Rates of places that differ by a large factor: on a linear axis most of them would lie in one corner.
const WIDE: f64 = 20.0;

pub(super) fn axis_scale(panels: &[ScatterPanel]) -> AxisScale {
    let rates = || {
        panels
            .iter()
            .flat_map(|panel| &panel.places)
            .filter_map(|place| place.x.zip(place.y))
            .flat_map(|(x, y)| [x, y])
            .filter(|rate| *rate > 0.0)
    };
    let least = rates().fold(f64::INFINITY, f64::min);
    if rates().fold(0.0, f64::max) > WIDE * least {
        AxisScale::Log
    } else {
        AxisScale::Linear
    }
}

fn place(x: &Line, y: &Line, (programs, pooled_prefix): (&[String], Option<&str>)) -> Place {
    let name = x.key(PLACE).unwrap_or_default();
    let size = |line: &Line| {
        line.trials
            .map(|n| n as f64)
            .or(line.exposure)
            .unwrap_or_default()
    };
    let pooled = pooled_prefix.is_some_and(|prefix| name.starts_with(prefix));
    Place {
        name: name.to_owned(),
        x: x.estimate,
        y: y.estimate,
        size: size(x) + size(y),
        series: x
            .key("program")
            .and_then(|p| programs.iter().position(|q| q == p))
            .unwrap_or(0),
        kind: if pooled {
            PlaceKind::Pooled
        } else {
            PlaceKind::Single
        },
        naming: if pooled {
            Naming::Off
        } else {
            Naming::Automatic
        },
    }
}

fn programs(lines: &[&Line]) -> Vec<String> {
    let mut found: Vec<String> = lines
        .iter()
        .filter_map(|line| line.key("program").map(str::to_owned))
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() {
        vec!["places".into()]
    } else {
        found
    }
}

/// What the rates are, and what they are out of.
fn rate_words(finding: &Finding, lines: &[&Line]) -> (String, Option<String>) {
    let counted = lines.first().and_then(|line| line.counted.as_ref());
    let (events, trials) = match counted {
        Some(counted) => (&counted.events, &counted.trials),
        None => (&finding.frame.events, &finding.frame.trials),
    };
    match trials {
        Some(out_of) => (format!("{events} out of {out_of}"), trials.clone()),
        None => (super::per_head(finding), None),
    }
}
