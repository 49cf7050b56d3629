//! Ratios on a logarithmic axis: forests, the benchmark ladder, and the programme contrast.

use super::{
    Drawing, figure, heading_and_label, interval, interval_names, mark, page_words, pages, sections,
};
use crate::analyses::Setting;
use crate::disclosure::Disclosed;
use crate::figures::{
    Axis, AxisScale, Chart, Columns, Figure, Forest, ForestKind, ForestRow, Ladder, Reference, Row,
    Section,
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
            .map(|line| (String::new(), row(line, line.group.clone(), 0)));
        let chart = chart(finding, &lines, (Vec::new(), "Group"), sections(rows));
        let drawing = Drawing {
            suffix: String::new(),
            title: finding.title.clone(),
            lines,
        };
        return vec![figure(finding, setting, drawing, chart)];
    }
    let programs = programs(&lines);
    let one_group = |group: &str| {
        let label = setting.groups.label(group);
        let own: Vec<&Line> = lines
            .iter()
            .copied()
            .filter(|line| line.group == label)
            .collect();
        let rows = own.iter().map(|line| {
            let (heading, label) = heading_and_label(line);
            let series = line
                .key("program")
                .and_then(|p| programs.iter().position(|q| q == p))
                .unwrap_or(0);
            (heading, row(line, label, series))
        });
        let chart = chart(finding, &own, (programs.clone(), "Stratum"), sections(rows));
        figure(
            finding,
            setting,
            Drawing {
                suffix: group.to_owned(),
                title: format!("{} ({label})", finding.title),
                lines: own,
            },
            chart,
        )
    };
    setting.groups.compared().map(one_group).collect()
}

/// The programme contrast: one forest per compared group with the strata and both pools.
pub(in crate::analyses) fn contrast_forest(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    let one_group = |group: &str| {
        let label = setting.groups.label(group);
        let own = |name: &'static str| {
            finding
                .lines
                .iter()
                .filter(move |line| line.group == label && line.estimand.name == name)
        };
        let mut lines: Vec<&Line> = own(glossary::RATIO_OF_RATIOS.name).collect();
        let strata = lines
            .iter()
            .map(|line| (String::new(), row(line, line.stratum(), 0)));
        let mut rows: Vec<(String, ForestRow)> = strata.collect();
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
                let mut pooled = row(line, label.into(), 0);
                pooled.mark.headline = line.quoted().map(interval);
                pooled.mark.counting = None;
                rows.push((
                    "Pooled".into(),
                    ForestRow {
                        kind: ForestKind::Summary,
                        prediction,
                        ..pooled
                    },
                ));
                lines.push(line);
            }
        }
        let chart = chart(
            finding,
            &lines,
            (Vec::new(), "Stratum"),
            sections(rows.into_iter()),
        );
        figure(
            finding,
            setting,
            Drawing {
                suffix: group.to_owned(),
                title: format!("{} ({label})", finding.title),
                lines,
            },
            chart,
        )
    };
    setting.groups.compared().map(one_group).collect()
}

/// The benchmark ladder: one row per baseline, one mark per compared group.
pub(in crate::analyses) fn ladder(finding: &Disclosed<Finding>, setting: &Setting) -> Vec<Figure> {
    let lines: Vec<&Line> = finding
        .lines
        .iter()
        .filter(|line| {
            line.comparison == Comparison::Reference && line.estimand == glossary::RATE_RATIO
        })
        .collect();
    let series: Vec<String> = setting
        .groups
        .compared()
        .map(|group| setting.groups.label(group).to_owned())
        .collect();
    let mut rows: Vec<(String, Row)> = Vec::new();
    for line in &lines {
        let benchmark = line.benchmark.clone().unwrap_or_default();
        let at = series
            .iter()
            .position(|group| *group == line.group)
            .unwrap_or(0);
        match rows
            .iter_mut()
            .find(|(heading, row)| *heading == line.stratum() && row.label == benchmark)
        {
            Some((_, row)) => row.marks.push(mark(line, at)),
            None => rows.push((
                line.stratum(),
                Row {
                    label: benchmark,
                    marks: vec![mark(line, at)],
                },
            )),
        }
    }
    let pages = pages(sections(rows.into_iter()), |row: &Row| row.marks.len());
    let of = pages.len();
    let page = |(i, sections): (usize, Vec<Section<Row>>)| {
        let (suffix, words) = page_words(i, of);
        let chart = Ladder {
            axis: axis(finding, "Rate ratio"),
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
                suffix,
                title,
                lines: lines.clone(),
            },
            Chart::Ladder(chart),
        )
    };
    pages.into_iter().enumerate().map(page).collect()
}

fn row(line: &Line, label: String, series: usize) -> ForestRow {
    ForestRow {
        label,
        mark: mark(line, series),
        kind: ForestKind::Unit,
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

fn chart(
    finding: &Finding,
    lines: &[&Line],
    (series, label): (Vec<String>, &str),
    sections: Vec<Section<ForestRow>>,
) -> Chart {
    let heading = lines.first().map_or("Ratio", |line| line.estimand.heading);
    Chart::Forest(Forest {
        axis: axis(finding, heading),
        series,
        intervals: interval_names(lines.iter().copied(), finding.frame.level),
        columns: columns(finding, label),
        sections,
    })
}

fn axis(finding: &Finding, heading: &str) -> Axis {
    let is_contrast = heading == glossary::RATIO_OF_RATIOS.heading;
    let (equal, below, above) = if is_contrast {
        (
            "no difference",
            "disparity smaller under the programme",
            "larger",
        )
    } else {
        ("equal rates", "lower rate than the reference", "higher")
    };
    let reference = Reference {
        value: 1.0,
        label: equal.into(),
        below: below.into(),
        above: above.into(),
    };
    Axis {
        label: format!("{heading} to {}, log scale", finding.frame.reference),
        style: crate::number::Style::Ratio,
        scale: AxisScale::Log,
        reference: Some(reference),
    }
}

fn columns(finding: &Finding, label: &str) -> Columns {
    let denominator = finding.frame.trials.as_deref().unwrap_or("people × years");
    Columns {
        label: label.to_owned(),
        estimate: "Ratio [interval]".into(),
        n: format!("{} / {denominator}", finding.frame.events),
    }
}
