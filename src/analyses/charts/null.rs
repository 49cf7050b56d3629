//! What chance alone would give under a benchmark, with what was observed: the picture behind "standard deviations".

use super::{Drawing, Part, Setting, figure};
use crate::disclosure::Disclosed;
use crate::figures::{Chart, Figure, NullBar, NullDistribution, NullPanel};
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Finding, Line};
use crate::number::{Style, count};
use crate::stats::special::ln_binomial_pmf;

/// How many standard deviations of the distribution are drawn on either side.
const REACH: f64 = 4.5;
/// Most columns of a distribution; wider ranges are drawn in columns of several counts.
const MOST_COLUMNS: u64 = 90;
/// Points of the wider curve.
const POINTS: u32 = 60;

/// One figure per compared group, one panel per benchmark. A table by strata has none: it would have as many as rows.
pub(in crate::analyses) fn null_distributions(
    finding: &Disclosed<Finding>,
    setting: &Setting,
) -> Vec<Figure> {
    if !finding.frame.by.is_empty() {
        return Vec::new();
    }
    let one_group = |group| {
        let label = setting.groups.label(group);
        let own = |estimand: Estimand| {
            finding
                .lines
                .iter()
                .filter(move |line| line.group == label && line.estimand == estimand)
        };
        let beside = |line: &Line, estimand: Estimand| {
            own(estimand)
                .find(|other| other.benchmark == line.benchmark)
                .and_then(|other| other.estimate)
        };
        let drawn: Vec<(&Line, NullPanel)> = own(glossary::STANDARD_DEVIATIONS)
            .filter_map(|line| {
                let null = Null {
                    expected: beside(line, glossary::EXPECTED)?,
                    sd: beside(line, glossary::BINOMIAL_SD)?,
                    dispersed: beside(line, glossary::STANDARD_DEVIATIONS_DISPERSED),
                    line,
                };
                Some((line, null.panel(&finding.frame.events)?))
            })
            .collect();
        if drawn.is_empty() {
            return None;
        }
        let has_curve = drawn.iter().any(|(_, panel)| !panel.curve.is_empty());
        let (lines, panels) = drawn.into_iter().unzip();
        let chart = NullDistribution {
            axis: format!("{label}: {}", finding.frame.events),
            columns: "by chance alone, if events were independent (binomial)".into(),
            curve: if has_curve {
                "with the dispersion between places or periods".into()
            } else {
                String::new()
            },
            panels,
        };
        let drawing = Drawing {
            part: Part {
                group: Some(group),
                ..Part::default()
            },
            title: format!("{} ({label}): what chance alone would give", finding.title),
            lines,
        };
        Some(figure(
            finding,
            setting,
            drawing,
            Chart::NullDistribution(chart),
        ))
    };
    setting.groups.compared().filter_map(one_group).collect()
}

/// A binomial count under a benchmark, from the lines that describe it.
struct Null<'a> {
    expected: f64,
    sd: f64,
    /// Standard deviations over the root of the dispersion, where it is known.
    dispersed: Option<f64>,
    line: &'a Line,
}

impl Null<'_> {
    fn panel(&self, events: &str) -> Option<NullPanel> {
        let (z, observed) = (self.line.estimate?, self.line.events?);
        // E = n p and sd^2 = n p (1 - p) give the benchmark share and the number of draws back.
        let share = 1.0 - self.sd * self.sd / self.expected;
        let draws = (self.expected / share).round() as u64;
        let benchmark = self.line.benchmark.as_deref().unwrap_or("benchmark");
        let at = |deviations: f64| self.expected + deviations * self.sd;
        let named = |deviations: f64| {
            (
                at(deviations),
                format!("{deviations:+} SD").replace('-', "−"),
            )
        };
        let expected = format!("expected {}", Style::Statistic.show(Some(self.expected)));
        Some(NullPanel {
            title: format!(
                "{benchmark}: {} of {} {events}",
                Style::Percent.show(Some(share)),
                count(draws)
            ),
            bars: bars(draws, share, (at(-REACH), at(REACH))),
            curve: self.curve(),
            lines: [
                (self.expected, expected),
                named(-3.0),
                named(3.0),
                named(-2.0),
                named(2.0),
            ]
            .into_iter()
            .filter(|(at, _)| (0.0..=draws as f64).contains(at))
            .collect(),
            observed: observed as f64,
            observed_label: format!(
                "{}: {} SD{}",
                count(observed),
                Style::Statistic.show(Some(z)),
                self.dispersed.map_or_else(String::new, |z| format!(
                    ", {} with the dispersion",
                    Style::Statistic.show(Some(z))
                ))
            ),
        })
    }

    /// A normal curve with the dispersed standard deviation, in units of the binomial's highest column.
    fn curve(&self) -> Vec<(f64, f64)> {
        let Some(root) = self.line.dispersion.filter(|phi| *phi > 1.0).map(f64::sqrt) else {
            return Vec::new();
        };
        let point = |i: u32| {
            let z = REACH * (2.0 * f64::from(i) / f64::from(POINTS) - 1.0);
            (
                self.expected + z * root * self.sd,
                libm::exp(-0.5 * z * z) / root,
            )
        };
        (0..=POINTS).map(point).filter(|(x, _)| *x >= 0.0).collect()
    }
}

/// The chances of every count within a range, in columns of equal width, the highest of height 1.
fn bars(draws: u64, share: f64, (from, to): (f64, f64)) -> Vec<NullBar> {
    let (first, last) = (from.max(0.0).floor() as u64, (to.ceil() as u64).min(draws));
    let width = (last - first + 1).div_ceil(MOST_COLUMNS);
    let column = |low: u64| {
        let counts = low..(low + width).min(draws + 1);
        let chance: f64 = counts
            .map(|x| libm::exp(ln_binomial_pmf(x, draws, share)))
            .sum();
        NullBar {
            low: low as f64 - 0.5,
            high: (low + width) as f64 - 0.5,
            height: chance,
        }
    };
    let mut bars: Vec<NullBar> = (first..=last).step_by(width as usize).map(column).collect();
    let highest = bars.iter().map(|bar| bar.height).fold(0.0, f64::max);
    bars.iter_mut().for_each(|bar| bar.height /= highest);
    bars
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_the_chances_of_the_counts() {
        // 4 draws with chance 1/2: 1, 4, 6, 4, 1 in sixteenths.
        let heights: Vec<f64> = bars(4, 0.5, (-9.0, 9.0))
            .iter()
            .map(|bar| bar.height)
            .collect();
        for (got, want) in heights.iter().zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
            assert!((got - want / 6.0).abs() < 1e-12, "{heights:?}");
        }
        assert_eq!(heights.len(), 5);
        let wide = bars(1_000_000, 0.3, (297_000.0, 303_000.0));
        assert!(wide.len() as u64 <= MOST_COLUMNS);
        assert!(
            wide.windows(2)
                .all(|pair| (pair[0].high - pair[1].low).abs() < 1e-9)
        );
    }
}
