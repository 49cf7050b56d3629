//! Ratios on a logarithmic axis: forests, the benchmark ladder, and the programme contrast.

use super::{
    Drawing, Page, Part, Shown, figure, heading_and_label, interval, interval_names, mark,
    page_words, pages,
};
use crate::analyses::Setting;
use crate::disclosure::Disclosed;
use crate::figures::{
    Axis, AxisScale, Chart, Columns, Figure, Forest, ForestKind, ForestRow, Ladder, Reference, Row,
};
use crate::findings::glossary;
use crate::findings::{Comparison, Finding, Line};

/// One forest per compared group: a row per stratum, series by programme where the strata have one.
pub(in crate::analyses) fn forest(
    finding: &Disclosed<Finding>,
    setting: &Setting,
    drawn: &dyn Fn(&Line) -> bool,
) -> Vec<Figure> {
    let lines: Vec<&Line> = finding.lines.iter().filter(|line| drawn(line)).collect();
    if finding.frame.by.is_empty() {
        let rows = lines
            .iter()
            .map(|line| shown(String::new(), line, row(line, line.group.clone(), 0)));
        let drawing = Forests {
            finding,
            setting,
            title: finding.title.clone(),
            group: None,
            kind: None,
            series: &[],
            label: "Group",
            heading: heading(&lines),
        };
        return drawing.draw(rows.collect());
    }
    let programs = programs(&lines);
    let one_group = |group| {
        let label = setting.groups.label(group);
        let own = lines.iter().copied().filter(|line| line.group == label);
        let rows = own.map(|line| {
            let (heading, label) = heading_and_label(line);
            let series = line
                .key("program")
                .and_then(|p| programs.iter().position(|q| q == p))
                .unwrap_or(0);
            shown(heading, line, row(line, label, series))
        });
        let drawing = Forests {
            finding,
            setting,
            title: format!("{} ({label})", finding.title),
            group: Some(group),
            kind: None,
            series: &programs,
            label: "Stratum",
            heading: heading(&lines),
        };
        drawing.draw(rows.collect())
    };
    setting.groups.compared().flat_map(one_group).collect()
}

/// The disparity indices of all groups, stratum by stratum.
pub(in crate::analyses) fn indices(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let of_index = |line: &&Line| line.estimand == glossary::DISPARITY_INDEX;
    let lines: Vec<&Line> = finding.lines.iter().filter(of_index).collect();
    let mut strata: Vec<String> = Vec::new();
    for line in &lines {
        if !strata.contains(&line.stratum()) {
            strata.push(line.stratum());
        }
    }
    let of_stratum = |stratum: String| {
        let own: Vec<&Line> = lines
            .iter()
            .copied()
            .filter(|line| line.stratum() == stratum)
            .collect();
        own.into_iter()
            .map(move |line| shown(stratum.clone(), line, row(line, line.group.clone(), 0)))
    };
    let drawing = Forests {
        finding,
        setting,
        title: finding.title.clone(),
        group: None,
        kind: None,
        series: &[],
        label: "Group",
        heading: heading(&lines),
    };
    drawing.draw(strata.into_iter().flat_map(of_stratum).collect())
}

fn heading(lines: &[&Line]) -> &'static str {
    lines.first().map_or("Ratio", |line| line.estimand.heading)
}

pub(super) fn shown(heading: String, line: &Line, row: ForestRow) -> Shown<'_, ForestRow> {
    Shown {
        heading,
        row,
        lines: vec![line],
    }
}

/// The forests of one set of rows, page by page.
pub(super) struct Forests<'a> {
    pub(super) finding: &'a Disclosed<Finding>,
    pub(super) setting: &'a Setting,
    pub(super) title: String,
    pub(super) group: Option<&'a str>,
    /// What is drawn beside the main picture of the finding.
    pub(super) kind: Option<&'static str>,
    pub(super) series: &'a [String],
    pub(super) label: &'a str,
    pub(super) heading: &'a str,
}

impl Forests<'_> {
    pub(super) fn draw(&self, rows: Vec<Shown<'_, ForestRow>>) -> Vec<Figure> {
        let pages = pages(rows);
        let of = pages.len();
        let page = |(i, Page { sections, lines }): (usize, Page<'_, ForestRow>)| {
            let (page, words) = page_words(i, of);
            let chart = Chart::Forest(Forest {
                axis: axis(self.finding, self.heading),
                series: self.series.to_vec(),
                intervals: interval_names(lines.iter().copied(), self.finding.frame.level),
                columns: columns(self.finding, self.label),
                sections,
            });
            let drawing = Drawing {
                part: Part {
                    group: self.group,
                    what: self.kind,
                    page,
                },
                title: format!("{}{words}", self.title),
                lines,
            };
            figure(self.finding, self.setting, drawing, chart)
        };
        pages.into_iter().enumerate().map(page).collect()
    }
}

/// The programme contrast: one forest per compared group with the strata and both pools.
pub(in crate::analyses) fn contrast_forest(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let one_group = |group| {
        let label = setting.groups.label(group);
        let own = |name: &'static str| {
            finding
                .lines
                .iter()
                .filter(move |line| line.group == label && line.estimand.name == name)
        };
        let mut rows: Vec<Shown<'_, ForestRow>> = own(glossary::RATIO_OF_RATIOS.name)
            .map(|line| shown(String::new(), line, row(line, line.stratum(), 0)))
            .collect();
        let prediction = own(glossary::PREDICTION.name)
            .find_map(|line| line.headline.as_ref())
            .map(interval);
        let pools = [
            (
                glossary::POOLED_BETWEEN,
                "Pooled, strata may differ",
                prediction,
            ),
            (
                glossary::POOLED_FIXED,
                "Pooled, one value for all strata",
                None,
            ),
        ];
        for (estimand, label, prediction) in pools {
            for line in own(estimand.name) {
                let pooled = ForestRow {
                    kind: ForestKind::Summary,
                    prediction,
                    ..row(line, label.into(), 0)
                };
                rows.push(shown("Pooled".into(), line, pooled));
            }
        }
        let drawing = Forests {
            finding,
            setting,
            title: format!("{} ({label})", finding.title),
            group: Some(group),
            kind: None,
            series: &[],
            label: "Stratum",
            heading: glossary::RATIO_OF_RATIOS.heading,
        };
        drawing.draw(rows)
    };
    setting.groups.compared().flat_map(one_group).collect()
}

/// The changes at an agreement of all groups; and of each compared group by distance from it.
pub(in crate::analyses) fn adoption(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let whole = finding.lines.iter().filter(|line| line.at.is_empty());
    let effects = whole.filter(|line| {
        [
            glossary::ADOPTION_RATIO_OF_RATIOS,
            glossary::ADOPTION_RATE_RATIO,
        ]
        .contains(&line.estimand)
    });
    let rows = effects.map(|line| {
        let heading = line.estimand.heading.to_owned();
        shown(heading, line, row(line, line.group.clone(), 0))
    });
    let all = Forests {
        finding,
        setting,
        title: finding.title.clone(),
        group: None,
        kind: None,
        series: &[],
        label: "Group",
        heading: "Change at the agreement",
    };
    let mut figures = all.draw(rows.collect());
    for group in setting.groups.compared() {
        let label = setting.groups.label(group);
        let own = finding.lines.iter().filter(|line| {
            line.group == label
                && line.estimand == glossary::ADOPTION_RATIO_OF_RATIOS
                && !line.at.is_empty()
        });
        let drawing = Forests {
            finding,
            setting,
            title: format!("{}, by time from the agreement ({label})", finding.title),
            group: Some(group),
            kind: Some("by-time"),
            series: &[],
            label: "Time",
            heading: glossary::ADOPTION_RATIO_OF_RATIOS.heading,
        };
        let rows = own.map(|line| shown(String::new(), line, row(line, line.stratum(), 0)));
        figures.extend(drawing.draw(rows.collect()));
    }
    figures
}

/// The benchmark ladder: one row per baseline, one mark per compared group; of rate ratios, or of indices where the study
/// asks for no ratio.
pub(in crate::analyses) fn ladder(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let of = |estimand, comparison| {
        finding
            .lines
            .iter()
            .filter(move |line| line.estimand == estimand && line.comparison == comparison)
    };
    let mut lines: Vec<&Line> = of(glossary::RATE_RATIO, Comparison::Reference).collect();
    if lines.is_empty() {
        let reference = &finding.frame.reference;
        lines = of(glossary::DISPARITY_INDEX, Comparison::BenchmarkShare)
            .filter(|line| line.group != *reference)
            .collect();
    }
    let series: Vec<String> = setting
        .groups
        .compared()
        .map(|group| setting.groups.label(group).to_owned())
        .collect();
    let mut rows: Vec<Shown<'_, Row>> = Vec::new();
    for line in lines.iter().copied() {
        let benchmark = line.benchmark.clone().unwrap_or_default();
        let at = series
            .iter()
            .position(|group| *group == line.group)
            .unwrap_or(0);
        let mark = mark(line, at);
        match rows
            .iter_mut()
            .find(|shown| shown.heading == line.stratum() && shown.row.label == benchmark)
        {
            Some(shown) => {
                shown.row.marks.push(mark);
                shown.lines.push(line);
            }
            None => rows.push(Shown {
                heading: line.stratum(),
                row: Row {
                    label: benchmark,
                    marks: vec![mark],
                },
                lines: vec![line],
            }),
        }
    }
    let pages = pages(rows);
    let of = pages.len();
    let page = |(i, Page { sections, lines }): (usize, Page<'_, Row>)| {
        let (page, words) = page_words(i, of);
        let chart = Ladder {
            axis: axis(finding, heading(&lines)),
            series: series.clone(),
            intervals: interval_names(lines.iter().copied(), finding.frame.level),
            columns: columns(finding, "Baseline"),
            sections,
        };
        let title = format!(
            "{} under {} baselines{words}",
            finding.title,
            finding.frame.baselines.len()
        );
        figure(
            finding,
            setting,
            Drawing {
                part: Part {
                    page,
                    ..Part::default()
                },
                title,
                lines,
            },
            Chart::Ladder(chart),
        )
    };
    pages.into_iter().enumerate().map(page).collect()
}

pub(super) fn row(line: &Line, label: String, series: usize) -> ForestRow {
    let kind = if line.estimand == glossary::MH_RISK_RATIO {
        ForestKind::Summary
    } else {
        ForestKind::Unit
    };
    ForestRow {
        label,
        mark: mark(line, series),
        kind,
        prediction: None,
    }
}

fn programs(lines: &[&Line]) -> Vec<String> {
    let mut programs: Vec<String> = Vec::new();
    for program in lines.iter().filter_map(|line| line.key("program")) {
        if !programs.iter().any(|p| p == program) {
            programs.push(program.to_owned());
        }
    }
    programs
}

fn axis(finding: &Finding, heading: &str) -> Axis {
    let reference = &finding.frame.reference;
    let (against, equal, below, above) = if heading == glossary::RATIO_OF_RATIOS.heading {
        (
            format!(" to {reference}"),
            "no difference",
            "disparity smaller under the programme",
            "larger",
        )
    } else if heading.starts_with("Change ") {
        (
            String::new(),
            "no change",
            "fell against places without an agreement",
            "rose",
        )
    } else if heading == glossary::DISPARITY_INDEX.heading {
        (
            String::new(),
            "share of the benchmark",
            "below the group's share of the benchmark",
            "above",
        )
    } else if heading == glossary::DAYLIGHT_ODDS_RATIO.heading {
        (
            format!(", against {reference}"),
            "same part in light and dark",
            "smaller part of those stopped in daylight",
            "larger",
        )
    } else {
        (
            format!(" to {reference}"),
            "equal rates",
            "lower rate than the reference",
            "higher",
        )
    };
    let reference = Reference {
        value: 1.0,
        label: equal.into(),
        below: below.into(),
        above: above.into(),
    };
    Axis {
        label: format!("{heading}{against}, log scale"),
        style: crate::number::Style::Ratio,
        scale: AxisScale::Log,
        reference: Some(reference),
    }
}

fn columns(finding: &Finding, label: &str) -> Columns {
    let is_of_pair = |line: &Line| line.estimand == glossary::DAYLIGHT_ODDS_RATIO;
    let denominator = match &finding.frame.trials {
        Some(trials) => trials.as_str(),
        None if finding.lines.iter().any(is_of_pair) => "of both groups",
        None => "people × years",
    };
    Columns {
        label: label.to_owned(),
        estimate: "Ratio [interval]".into(),
        n: format!("{} / {denominator}", finding.frame.events),
    }
}
