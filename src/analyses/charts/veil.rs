//! The veil of darkness in pictures: K under each way of looking, when it becomes dark, and the same clock in light and dark.

use super::ratios::{Forests, row, shown};
use super::{Drawing, Part, figure};
use crate::analyses::Setting;
use crate::disclosure::Disclosed;
use crate::figures::{
    Chart, Figure, Twilight, TwilightDay, VeilLevel, VeilPanel, VeilPoint, VeilTrio,
};
use crate::findings::glossary as g;
use crate::findings::{Finding, Line, SkyDay};
use crate::number::{Style, clock, level as level_text};

/// Months as they stand below the axis of a year.
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// K of each group with what stands beside it, and K of every other window and model.
pub(in crate::analyses) fn veil_forest(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let own = finding
        .lines
        .iter()
        .filter_map(|line| Some((line, kind(line)?)));
    let rows = own.map(|(line, label)| shown(line.group.clone(), line, row(line, label, 0)));
    let forests = |title, group, kind| Forests {
        finding,
        setting,
        title,
        group,
        kind,
        series: &[],
        label: "How it is looked at",
        heading: g::DAYLIGHT_ODDS_RATIO.heading,
    };
    let mut figures = forests(finding.title.clone(), None, None).draw(rows.collect());
    for group in setting.groups.compared() {
        let label = setting.groups.label(group);
        let own = finding
            .lines
            .iter()
            .filter(|line| line.estimand == g::DAYLIGHT_ODDS_RATIO_SWEEP && line.group == label);
        let rows: Vec<_> = own
            .map(|line| {
                let words = |from: usize, to: usize| -> String {
                    let parts: Vec<&str> =
                        line.at[from..to].iter().map(|(_, w)| w.as_str()).collect();
                    parts.join(" · ")
                };
                let heading = format!("{}, {}", words(0, 1), days(&words(3, 4)));
                let label = match words(2, 3).as_str() {
                    "nothing" => format!("{}, nothing else", words(1, 2)),
                    held => format!("{}, {held}", words(1, 2)),
                };
                shown(heading, line, row(line, label, 0))
            })
            .collect();
        let title = format!("{} ({label}): other windows and models", finding.title);
        figures.extend(forests(title, Some(group), Some("sweep")).draw(rows));
    }
    figures
}

fn days(words: &str) -> String {
    if words == "all" {
        "all days".into()
    } else {
        words.to_owned()
    }
}

/// The row of a number in the main forest; `None` for one that is not in it.
fn kind(line: &Line) -> Option<String> {
    match line.estimand {
        e if e == g::DAYLIGHT_ODDS_RATIO => Some("K, the clock held equal".into()),
        e if e == g::DAYLIGHT_ODDS_RATIO_UNADJUSTED => Some("clock not held equal".into()),
        e if e == g::DAYLIGHT_ODDS_RATIO_BINS => Some("Mantel-Haenszel over bins".into()),
        e if e == g::DAYLIGHT_ODDS_RATIO_PLACEBO => Some(format!("placebo: {}", line.stratum())),
        _ => None,
    }
}

/// When it becomes dark over the year, with the hours that are looked at.
pub(in crate::analyses) fn twilight(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Option<Figure> {
    let sky = finding.sky.as_ref()?;
    let part = if sky.is_evening { "Evening" } else { "Morning" };
    let (first, last) = sky.window;
    let chart = Twilight {
        is_evening: sky.is_evening,
        days: sky.days.iter().map(day).collect(),
        window: (f64::from(first), f64::from(last)),
        window_label: format!("hours looked at: {} to {}", clock(first), clock(last)),
    };
    let place = if sky.place.is_empty() {
        String::new()
    } else {
        format!(" in {}", sky.place)
    };
    let drawing = Drawing {
        part: Part {
            what: Some("twilight"),
            ..Part::default()
        },
        title: format!("{part} hours{place} that are light on some dates and dark on others"),
        lines: Vec::new(),
    };
    Some(figure(finding, setting, drawing, Chart::Twilight(chart)))
}

fn day(day: &SkyDay) -> TwilightDay {
    let month = day
        .date
        .get(5..7)
        .and_then(|month| month.parse::<usize>().ok());
    let is_first = day.date.ends_with("-01");
    let label = month
        .filter(|_| is_first)
        .and_then(|month| MONTHS.get(month - 1));
    TwilightDay {
        label: label.map_or_else(String::new, |label| (*label).to_owned()),
        horizon: f64::from(day.horizon) / 60.0,
        civil: f64::from(day.civil) / 60.0,
    }
}

/// One figure per compared group: three quarters of an hour of the clock, each in daylight and in darkness.
pub(in crate::analyses) fn veil_trio(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let one_group = |group| {
        let label = setting.groups.label(group);
        let lines: Vec<&Line> = finding
            .lines
            .iter()
            .filter(|line| {
                line.estimand == g::SHARE_OF_PAIR
                    && line.group == label
                    && line.key("clock").is_some()
            })
            .collect();
        let mut clocks: Vec<&str> = Vec::new();
        for line in &lines {
            let clock = line.key("clock").unwrap_or_default();
            if !clocks.contains(&clock) {
                clocks.push(clock);
            }
        }
        if lines.iter().all(|line| line.estimate.is_none()) {
            return None;
        }
        let panels = clocks
            .into_iter()
            .map(|clock| panel(clock, &lines))
            .collect();
        let of_morning = lines.iter().any(|line| line.key(BEFORE_DAWN).is_some());
        let chart = VeilTrio {
            x_label: if of_morning {
                "Minutes before civil dawn (right of the line: dark)"
            } else {
                "Minutes since civil dusk (right of the line: dark)"
            }
            .into(),
            y_label: format!(
                "{label} share of the {} of {label} and {}, by quarters of an hour of the clock",
                finding.frame.events, finding.frame.reference
            ),
            size_label: format!(
                "circle: {} of both groups, {FEWEST} or more",
                finding.frame.events
            ),
            level_label: format!(
                "all of a side, {} interval of counting",
                level_text(finding.frame.level)
            ),
            panels,
        };
        let drawing = Drawing {
            part: Part {
                group: Some(group),
                what: Some("clock"),
                page: None,
            },
            title: format!("{label}: the same time of day in daylight and in darkness"),
            lines,
        };
        Some(figure(finding, setting, drawing, Chart::VeilTrio(chart)))
    };
    setting.groups.compared().filter_map(one_group).collect()
}

/// Stops of both groups under which a share is not drawn: it would be 0 or 1 as likely as not.
const FEWEST: u64 = 10;

const SINCE_DUSK: &str = "minutes since dusk";
const BEFORE_DAWN: &str = "minutes before dawn";

/// Half of the quarter of an hour that a point stands for.
const HALF: f64 = 7.5;

fn panel(clock: &str, lines: &[&Line]) -> VeilPanel {
    let own = || lines.iter().filter(|line| line.key("clock") == Some(clock));
    let level = |word: &str| {
        let line = own().find(|line| line.key("light") == Some(word))?;
        let band = line.counting.as_ref()?;
        Some(VeilLevel {
            share: line.estimate?,
            ends: (band.interval.low, band.interval.high),
            text: format!(
                "{} ({})",
                Style::Percent.show(line.estimate),
                super::n_text(line)
            ),
        })
    };
    let point = |line: &&&Line| {
        let since = line.key(SINCE_DUSK).or_else(|| line.key(BEFORE_DAWN))?;
        Some(VeilPoint {
            x: since.parse::<f64>().ok()? + HALF,
            share: line.estimate?,
            n: line.trials.filter(|n| *n >= FEWEST)? as f64,
        })
    };
    VeilPanel {
        title: clock.to_owned(),
        points: own().filter_map(|line| point(&line)).collect(),
        light: level("daylight"),
        dark: level("darkness"),
    }
}
