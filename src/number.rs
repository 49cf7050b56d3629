//! The only way a number becomes text.
//!
//! Two audiences. People get rounded text with thousands separators ([`Style`]); files get twelve significant
//! digits ([`twelve_digits`]), so that the last bits of a processor do not show and the same study gives the
//! same bytes everywhere. Undefined is a dash for people and an empty field for files, never 0.

use serde::{Deserialize, Serialize};

/// What stands for an undefined number in a sentence, a table or a chart.
pub const UNDEFINED: &str = "–";

/// How a number is to be read, and so how it is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A ratio, an index or a factor: `1.99`.
    Ratio,
    /// A share between 0 and 1, shown in percent: `3.98 %`.
    Percent,
    /// A difference of two shares, shown in percentage points: `+1.20 points`.
    Points,
    /// A rate or another measured quantity: three significant digits, grouped: `1,240`, `12.4`, `0.0124`.
    Quantity,
    /// A number of whole things that may come out fractional: `1,006`, `−12.4`.
    Count,
    /// A probability of a test: `0.031`, `1.2e-19`, `< 1e-300`.
    PValue,
    /// A test statistic, a number of standard deviations or degrees of freedom: `12.96`.
    Statistic,
}

/// Most decimals of an end of an interval beside 1.
const BESIDE_ONE: usize = 6;

impl Style {
    /// The number as text for people; [`UNDEFINED`] for `None`.
    ///
    /// # Edge cases
    /// Infinity is `∞`; a NaN is a defect of the caller and shows as [`UNDEFINED`] rather than as a number.
    #[must_use]
    pub fn show(self, value: Option<f64>) -> String {
        match value {
            Some(v) if v.is_infinite() => {
                if v > 0.0 {
                    "∞".into()
                } else {
                    "−∞".into()
                }
            }
            Some(v) if v.is_finite() => self.finite(v),
            _ => UNDEFINED.into(),
        }
    }

    /// `low to high`-style interval text: `[1.95, 2.03]`; [`UNDEFINED`] when either end is undefined.
    #[must_use]
    pub fn show_interval(self, low: Option<f64>, high: Option<f64>) -> String {
        match (low, high) {
            (Some(_), Some(_)) => format!("[{}, {}]", self.end(low), self.end(high)),
            _ => UNDEFINED.into(),
        }
    }

    /// An end of an interval. That of a ratio beside 1 has the digits that tell on which side it lies.
    fn end(self, value: Option<f64>) -> String {
        let text = self.bare(value);
        match value {
            Some(v) if self == Self::Ratio && text == "1.00" => (3..=BESIDE_ONE)
                .map(|decimals| fixed(v, decimals))
                .find(|longer| longer.trim_end_matches('0') != "1.")
                .unwrap_or(text),
            _ => text,
        }
    }

    /// As [`Style::show`] without a unit sign, for the ends of an interval and for axis labels.
    #[must_use]
    pub fn bare(self, value: Option<f64>) -> String {
        let shown = self.show(value);
        shown
            .trim_end_matches(" %")
            .trim_end_matches(" points")
            .to_owned()
    }

    fn finite(self, v: f64) -> String {
        match self {
            Self::Ratio => fixed(
                v,
                if v.abs() >= 100.0 {
                    0
                } else if v.abs() < 0.1 {
                    leading_decimals(v, 2)
                } else {
                    2
                },
            ),
            Self::Percent => format!("{} %", percent_digits(v * 100.0)),
            Self::Points => {
                let text = percent_digits(v * 100.0);
                let sign = if v > 0.0 { "+" } else { "" };
                format!("{sign}{text} points")
            }
            Self::Quantity => fixed(v, leading_decimals(v, 3)),
            Self::Count => fixed(
                v,
                if v.fract().abs() < 5e-7 || v.abs() >= 1000.0 {
                    0
                } else {
                    1
                },
            ),
            Self::Statistic => fixed(
                v,
                if v.abs() >= 1000.0 || v.fract().abs() < 5e-10 {
                    0
                } else {
                    2
                },
            ),
            Self::PValue => p_value(v),
        }
    }
}

/// A whole number with thousands separators: `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    group_thousands(&n.to_string())
}

/// A confidence level: `95 %`, `99.9 %`.
#[must_use]
pub fn level(level: f64) -> String {
    format!("{} %", file_text(Some(level * 100.0)))
}

/// A minute of the day by the clock: `18:05`.
#[must_use]
pub fn clock(minute: i32) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// A p-value known by its decimal logarithm, so that 10^-145 does not print as 0: `4.2e-145`.
#[must_use]
pub fn p_from_log10(log10: f64) -> String {
    if log10 > -4.0 {
        return p_value(libm::exp10(log10));
    }
    let mut exponent = log10.floor();
    let mut mantissa = libm::exp10(log10 - exponent);
    if mantissa >= 9.95 {
        mantissa = 1.0;
        exponent += 1.0;
    }
    format!("{mantissa:.1}e{exponent:.0}")
}

/// The number rounded to twelve significant digits, as files carry it.
#[must_use]
pub fn twelve_digits(v: f64) -> f64 {
    significant(v, 12)
}

/// The number rounded to so many significant digits.
#[must_use]
pub fn significant(v: f64, digits: usize) -> f64 {
    if v == 0.0 || !v.is_finite() {
        return if v == 0.0 { 0.0 } else { v };
    }
    format!("{v:.*e}", digits.saturating_sub(1))
        .parse()
        .expect("a finite float printed in exponent form parses")
}

/// The text of a number in a file: shortest form of its twelve significant digits, empty for `None`, `inf` for infinity.
#[must_use]
pub fn file_text(value: Option<f64>) -> String {
    match value {
        None => String::new(),
        Some(v) if v.is_infinite() => {
            if v > 0.0 {
                "inf".into()
            } else {
                "-inf".into()
            }
        }
        Some(v) => {
            let rounded = twelve_digits(v);
            if rounded != 0.0 && (rounded.abs() < 1e-5 || rounded.abs() >= 1e15) {
                format!("{rounded:e}")
            } else {
                format!("{rounded}")
            }
        }
    }
}

fn p_value(v: f64) -> String {
    if v <= 0.0 {
        "< 1e-300".into()
    } else if v < 0.000_1 {
        format!("{v:.1e}")
    } else {
        fixed(v, leading_decimals(v, 2).clamp(2, 4))
    }
}

fn percent_digits(v: f64) -> String {
    fixed(
        v,
        if v.abs() >= 99.95 {
            0
        } else if v.abs() >= 9.995 {
            1
        } else if v.abs() >= 0.0995 || v == 0.0 {
            2
        } else {
            leading_decimals(v, 2)
        },
    )
}

/// So many decimals are written as an exponent: a smaller number would be shown as zeros, and zero is an answer.
const MOST_DECIMALS: usize = 12;

/// Decimals that leave `digits` significant ones; none for numbers with that many before the point.
fn leading_decimals(v: f64, digits: i32) -> usize {
    if v == 0.0 {
        return 0;
    }
    let magnitude = libm::floor(libm::log10(v.abs())) as i32;
    usize::try_from((digits - 1 - magnitude).max(0))
        .map_or(0, |decimals| decimals.min(MOST_DECIMALS))
}

/// From here on a float has fewer digits than the number it stands for: written out, the rest would be made up.
const BEYOND_DIGITS: f64 = 1e16;

fn fixed(v: f64, decimals: usize) -> String {
    let text = match v.abs() {
        // A share so large that it is none in percent.
        size if size.is_infinite() => "∞".into(),
        size if size >= BEYOND_DIGITS || decimals == MOST_DECIMALS => format!("{size:.2e}"),
        size => format!("{size:.decimals$}"),
    };
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut out = group_thousands(whole);
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    let is_zero = text.bytes().all(|b| matches!(b, b'0' | b'.'));
    if v < 0.0 && !is_zero {
        format!("−{out}")
    } else {
        out
    }
}

fn group_thousands(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_beside_1_says_on_which_side_it_lies() {
        let shown = |low, high| Style::Ratio.show_interval(Some(low), Some(high));
        assert_eq!(shown(0.43, 1.001_96), "[0.43, 1.002]");
        assert_eq!(shown(0.999_97, 2.0), "[0.99997, 2.00]");
        assert_eq!(shown(1.0, 1.0 + 1e-9), "[1.00, 1.00]");
    }

    #[test]
    fn people_see_rounded_numbers_with_separators() {
        assert_eq!(Style::Ratio.show(Some(1.994_9)), "1.99");
        assert_eq!(Style::Ratio.show(Some(0.0123)), "0.012");
        assert_eq!(Style::Ratio.show(Some(1234.5)), "1,234");
        assert_eq!(Style::Percent.show(Some(0.039_84)), "3.98 %");
        assert_eq!(Style::Percent.show(Some(0.0)), "0.00 %");
        assert_eq!(Style::Points.show(Some(-0.012)), "−1.20 points");
        assert_eq!(Style::Quantity.show(Some(44.83)), "44.8");
        assert_eq!(Style::Quantity.show(Some(1_070.2)), "1,070");
        assert_eq!(Style::Count.show(Some(-12.44)), "−12.4");
        assert_eq!(Style::Count.show(Some(1006.0)), "1,006");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(
            (level(0.95), level(0.999)),
            ("95 %".into(), "99.9 %".into())
        );
    }

    #[test]
    fn numbers_beyond_all_digits_are_written_with_an_exponent() {
        assert_eq!(Style::Ratio.show(Some(1e300)), "1.00e300");
        assert_eq!(Style::Quantity.show(Some(-1.234_5e16)), "−1.23e16");
        assert_eq!(
            Style::Count.show(Some(9_999_999_999_999_998.0)),
            "9,999,999,999,999,998"
        );
        assert_eq!(Style::Percent.show(Some(2e14)), "2.00e16 %");
        assert_eq!(Style::Points.show(Some(1e307)), "+∞ points");
        assert_eq!(Style::Percent.show(Some(2.168e-18)), "2.17e-16 %");
        assert_eq!(Style::Ratio.show(Some(4e-10)), "0.00000000040");
        assert_eq!(file_text(Some(1e300)), "1e300");
        assert_eq!(file_text(Some(-1.5e16)), "-1.5e16");
    }

    #[test]
    fn undefined_is_a_dash_and_never_zero() {
        assert_eq!(Style::Ratio.show(None), UNDEFINED);
        assert_eq!(Style::Ratio.show(Some(f64::NAN)), UNDEFINED);
        assert_eq!(Style::Ratio.show_interval(Some(1.0), None), UNDEFINED);
        assert_eq!(
            Style::Ratio.show_interval(Some(0.5), Some(f64::INFINITY)),
            "[0.50, ∞]"
        );
        assert_eq!(file_text(None), "");
    }

    #[test]
    fn tiny_p_values_keep_their_size() {
        assert_eq!(Style::PValue.show(Some(0.0)), "< 1e-300");
        assert_eq!(Style::PValue.show(Some(0.031_4)), "0.031");
        assert_eq!(Style::PValue.show(Some(1.23e-19)), "1.2e-19");
        assert_eq!(p_from_log10(-144.378_8), "4.2e-145");
        assert_eq!(p_from_log10(-5.000_000_1), "1.0e-5");
    }

    #[test]
    fn files_carry_twelve_significant_digits() {
        assert_eq!(file_text(Some(1.0 / 3.0)), "0.333333333333");
        assert_eq!(file_text(Some(2.0e-20 / 3.0)), "6.66666666667e-21");
        assert_eq!(file_text(Some(-0.0)), "0");
        assert_eq!(file_text(Some(f64::NEG_INFINITY)), "-inf");
    }
}
