//! Tick marks of an axis: round values, as many as have room, with labels that say exactly what they mark.

use super::parts::AxisScale;
use super::scale::Scale;
use super::svg::text_width;
use super::text::SMALL;
use crate::number::{self, Style};

/// Least distance between two tick labels.
const GAP: f64 = 16.0;
/// More labelled ticks than this are not easier to read.
const MOST: usize = 10;
/// Factors up to which a logarithmic axis reads better with evenly spaced values.
const NEARLY_LINEAR: f64 = 4.0;

/// A labelled tick.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) text: String,
}

/// The ticks of an axis.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ticks {
    /// With labels and grid lines.
    pub(super) major: Vec<Tick>,
    /// Values of short ticks without labels, on logarithmic axes.
    pub(super) minor: Vec<f64>,
}

/// A candidate set of values, and whether they are evenly spaced.
struct Candidate {
    values: Vec<f64>,
    spacing: Spacing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spacing {
    Even,
    Multiples,
}

/// The densest set of ticks whose labels have room side by side.
pub(super) fn ticks(scale: &Scale, style: Style) -> Ticks {
    let candidates = match scale.kind() {
        AxisScale::Linear => even_steps(scale.range()),
        AxisScale::Log => log_candidates(scale.range()),
    };
    let mut sparsest = Vec::new();
    for candidate in candidates {
        let labelled = labelled(&candidate, style);
        if fits(&labelled, scale) {
            return Ticks {
                minor: minor(scale, &candidate),
                major: labelled,
            };
        }
        if !labelled.is_empty() {
            sparsest = labelled;
        }
    }
    sparsest.truncate(1);
    Ticks {
        major: sparsest,
        minor: Vec::new(),
    }
}

fn fits(ticks: &[Tick], scale: &Scale) -> bool {
    let half = |t: &Tick| text_width(&t.text, SMALL) / 2.0;
    let apart =
        |pair: &[Tick]| (scale.position(pair[1].value) - scale.position(pair[0].value)).abs();
    (2..=MOST).contains(&ticks.len())
        && ticks
            .windows(2)
            .all(|p| apart(p) >= half(&p[0]) + half(&p[1]) + GAP)
}

/// Steps of 1, 2 and 5 times powers of ten, the finest first.
fn even_steps((low, high): (f64, f64)) -> Vec<Candidate> {
    let first = libm::floor(libm::log10((high - low) / MOST as f64)) as i32;
    let steps = (first..first + 3).flat_map(|decade| [1.0, 2.0, 5.0].map(|m| (m, decade)));
    let values = steps.map(|(m, decade)| multiples((m, decade), (low, high)));
    values
        .filter(|v| v.len() <= MOST)
        .map(|values| Candidate {
            values,
            spacing: Spacing::Even,
        })
        .collect()
}

/// Multiples of a step within a range; none if there are unreasonably many.
fn multiples((digit, decade): (f64, i32), (low, high): (f64, f64)) -> Vec<f64> {
    let step = digit * libm::exp10(f64::from(decade));
    let (from, to) = (
        libm::ceil(low / step - 1e-9),
        libm::floor(high / step + 1e-9),
    );
    if !(to - from).is_finite() || to - from > 100.0 {
        return Vec::new();
    }
    (from as i64..=to as i64)
        .map(|i| number::twelve_digits(i as f64 * step))
        .collect()
}

fn log_candidates(range: (f64, f64)) -> Vec<Candidate> {
    let mut all = if range.1 / range.0 < NEARLY_LINEAR {
        even_steps(range)
    } else {
        Vec::new()
    };
    let sets: [&[f64]; 4] = [
        &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
        &[1.0, 2.0, 5.0],
        &[1.0, 3.0],
        &[1.0],
    ];
    for set in sets.into_iter().skip(usize::from(range.1 / range.0 > 12.0)) {
        all.push(decades(range, set, 1));
    }
    for every in [2, 3, 4, 6] {
        all.push(decades(range, &[1.0], every));
    }
    all
}

/// The digits times every so-manieth power of ten, within the range.
fn decades((low, high): (f64, f64), digits: &[f64], every: i32) -> Candidate {
    let (from, to) = (
        libm::floor(libm::log10(low)) as i32,
        libm::ceil(libm::log10(high)) as i32,
    );
    let powers = (from..=to).filter(|decade| decade.rem_euclid(every) == 0);
    let values = powers.flat_map(|decade| {
        digits
            .iter()
            .map(move |d| number::twelve_digits(d * libm::exp10(f64::from(decade))))
    });
    let within = values
        .filter(|v| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(v))
        .collect();
    Candidate {
        values: within,
        spacing: Spacing::Multiples,
    }
}

/// Short ticks between multiples: at every digit, or at every power of ten when there are many.
fn minor(scale: &Scale, chosen: &Candidate) -> Vec<f64> {
    let range = scale.range();
    match chosen.spacing {
        Spacing::Even => Vec::new(),
        Spacing::Multiples if range.1 / range.0 > 1e5 => decades(range, &[1.0], 1).values,
        Spacing::Multiples => {
            decades(range, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], 1).values
        }
    }
}

fn labelled(candidate: &Candidate, style: Style) -> Vec<Tick> {
    let suffix = if style == Style::Percent {
        "\u{a0}%"
    } else {
        ""
    };
    let texts = texts(candidate, style);
    let ticks = candidate.values.iter().zip(texts);
    ticks
        .map(|(value, text)| Tick {
            value: *value,
            text: format!("{text}{suffix}"),
        })
        .collect()
}

/// Rounded texts if they are exact, else as many digits as the values have.
fn texts(candidate: &Candidate, style: Style) -> Vec<String> {
    let factor = if matches!(style, Style::Percent | Style::Points) {
        100.0
    } else {
        1.0
    };
    let exact = |v: f64| number::file_text(Some(v * factor)).replace('-', "−");
    let rounded: Vec<String> = candidate
        .values
        .iter()
        .map(|v| style.bare(Some(*v)))
        .collect();
    let faithful = rounded
        .iter()
        .zip(&candidate.values)
        .all(|(text, v)| reads_as(text, v * factor));
    if !faithful {
        return candidate.values.iter().map(|v| exact(*v)).collect();
    }
    match candidate.spacing {
        Spacing::Even => trimmed_alike(rounded),
        Spacing::Multiples => rounded
            .into_iter()
            .map(|t| trimmed(&t, decimals(&t)))
            .collect(),
    }
}

fn reads_as(text: &str, value: f64) -> bool {
    let plain: String = text
        .chars()
        .filter(|c| *c != ',')
        .map(|c| if c == '−' { '-' } else { c })
        .collect();
    plain
        .parse::<f64>()
        .is_ok_and(|read| (read - value).abs() <= 1e-9 * value.abs())
}

/// Decimals after the point, zeros at the end included.
fn decimals(text: &str) -> usize {
    text.split_once('.')
        .map_or(0, |(_, fraction)| fraction.len())
}

/// Drops up to `most` zeros at the end of a fraction, and the point if nothing follows it.
fn trimmed(text: &str, most: usize) -> String {
    let zeros = text
        .bytes()
        .rev()
        .take_while(|b| *b == b'0')
        .count()
        .min(most)
        .min(decimals(text));
    text[..text.len() - zeros].trim_end_matches('.').to_owned()
}

/// Drops as many zeros as leave every label the same number of decimals.
fn trimmed_alike(texts: Vec<String>) -> Vec<String> {
    let needed = |t: &String| decimals(&trimmed(t, decimals(t)));
    let keep = texts.iter().map(needed).max().unwrap_or(0);
    texts
        .iter()
        .map(|t| trimmed(t, decimals(t).saturating_sub(keep)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::scale::Extent;
    use super::*;

    fn labels(kind: AxisScale, (low, high): (f64, f64), style: Style) -> Vec<String> {
        let mut extent = Extent::new(kind);
        extent.value(low);
        extent.value(high);
        let scale = Scale::new(&extent, (0.0, 400.0));
        ticks(&scale, style)
            .major
            .into_iter()
            .map(|t| t.text)
            .collect()
    }

    #[test]
    fn log_axes_are_labelled_in_steps_of_one_two_five() {
        assert_eq!(
            labels(AxisScale::Log, (0.4, 12.0), Style::Ratio),
            ["0.5", "1", "2", "5", "10"]
        );
        assert_eq!(
            labels(AxisScale::Log, (0.8, 6.0), Style::Ratio),
            ["1", "1.5", "2", "3", "5"]
        );
        assert_eq!(
            labels(AxisScale::Log, (0.8, 1.3), Style::Ratio),
            ["0.8", "0.9", "1.0", "1.1", "1.2", "1.3"]
        );
    }

    #[test]
    fn extreme_ranges_have_few_labels_and_narrow_ones_exact_labels() {
        let wide = labels(AxisScale::Log, (1e-3, 1e5), Style::Ratio);
        assert!(
            wide.contains(&"1".to_owned()) && wide.len() >= 3,
            "{wide:?}"
        );
        let widest = labels(AxisScale::Log, (1e-6, 1e6), Style::Ratio);
        assert!(widest.len() >= 2, "{widest:?}");
        let narrow = labels(AxisScale::Linear, (0.0, 0.000_31), Style::Ratio);
        assert!(
            narrow
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len()
                == narrow.len(),
            "{narrow:?}"
        );
    }

    #[test]
    fn linear_labels_have_the_same_decimals_but_for_zero() {
        assert_eq!(
            labels(AxisScale::Linear, (0.0, 0.052), Style::Percent),
            ["0", "1", "2", "3", "4", "5"].map(|t| format!("{t}\u{a0}%"))
        );
        assert_eq!(
            labels(AxisScale::Linear, (0.0, 2.2), Style::Ratio),
            ["0", "0.5", "1.0", "1.5", "2.0"]
        );
        assert_eq!(
            labels(AxisScale::Linear, (-30.0, 1200.0), Style::Quantity),
            ["0", "200", "400", "600", "800", "1,000", "1,200"]
        );
    }

    #[test]
    fn every_range_has_ticks() {
        for exponent in -9..9 {
            let high = libm::exp10(f64::from(exponent)) * 1.7;
            assert!(
                !labels(AxisScale::Linear, (0.0, high), Style::Quantity).is_empty(),
                "0 to {high}"
            );
            assert!(
                !labels(AxisScale::Log, (high, high * 1.01), Style::Ratio).is_empty(),
                "about {high}"
            );
        }
    }
}
