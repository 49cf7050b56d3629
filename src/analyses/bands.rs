//! Intervals from an estimate and its standard error, each with the test that agrees with it.

use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Line, Test, Variance};
use crate::stats::proportion::{Proportion, ProportionMethod};
use crate::stats::{Interval, Level, special};

/// An estimate, its standard error, and the degrees of freedom of Student's t; the normal where there are none.
pub(super) type Estimated = (f64, f64, Option<f64>);

/// The interval of a ratio on the logarithmic scale; the standard error is that of the logarithm.
pub(super) fn log_band(
    (estimate, std_error, df): Estimated,
    method: String,
    of: (Level, Variance),
) -> Band {
    let half = quantile(of.0, df) * std_error;
    let interval = Interval::new(estimate * libm::exp(-half), estimate * libm::exp(half));
    band(interval, (libm::log(estimate) / std_error, df), method, of)
}

/// The interval of a difference on its own scale.
pub(super) fn linear_band(
    (estimate, std_error, df): Estimated,
    method: String,
    of: (Level, Variance),
) -> Band {
    let half = quantile(of.0, df) * std_error;
    let interval = Interval::new(estimate - half, estimate + half);
    band(interval, (estimate / std_error, df), method, of)
}

/// The interval of counting of a proportion; `None` where there are no trials.
pub(super) fn wilson(proportion: &Proportion, level: Level) -> Option<Band> {
    let interval = proportion.interval(ProportionMethod::Wilson, level);
    interval.map(|interval| Band {
        interval,
        level,
        method: "Wilson".into(),
        variance: Variance::Counting,
        test: None,
    })
}

/// Power at which a minimum detectable disparity is given.
const POWER: f64 = 0.80;

/// What these data would have found with 80 % power, where the quoted interval of a ratio reaches 1, or that of a
/// difference 0: what a null leaves open. With the standard error given, that of the interval to be quoted, and with the
/// quantiles of its t or normal; on the logarithmic scale for ratios.
pub(super) fn detectable(line: &Line, std_error: f64, estimand: Estimand) -> Option<Line> {
    let is_ratio = estimand == glossary::MINIMUM_DETECTABLE_RATIO;
    let band = line.quoted()?;
    let null = if is_ratio { 1.0 } else { 0.0 };
    if !band.interval.contains(null) {
        return None;
    }
    let df = band.test.and_then(|test| test.df);
    let of_power = match df {
        Some(df) => special::student_t_quantile(POWER, df),
        None => special::normal_quantile(POWER),
    };
    let least = (quantile(band.level, df) + of_power) * std_error;
    Some(Line {
        estimate: Some(if is_ratio { libm::exp(least) } else { least }),
        benchmark: line.benchmark.clone(),
        rests_on: line.rests_on.clone(),
        fitted_on: line.fitted_on.clone(),
        is_of_spread: line.is_of_spread || line.headline.is_some(),
        is_fit: line.is_fit,
        ..Line::new(&line.at, line.group.clone(), line.comparison, estimand)
    })
}

fn quantile(level: Level, df: Option<f64>) -> f64 {
    match df {
        Some(df) => special::student_t_quantile(1.0 - level.tail(), df),
        None => level.z(),
    }
}

fn band(
    interval: Interval,
    (statistic, df): (f64, Option<f64>),
    method: String,
    (level, variance): (Level, Variance),
) -> Band {
    let p_value = match df {
        Some(df) => special::student_t_two_sided(statistic, df),
        None => 2.0 * special::normal_sf(statistic.abs()),
    };
    Band {
        interval,
        level,
        method,
        variance,
        test: Some(Test {
            statistic: Some(statistic),
            df,
            p_value: Some(p_value),
        }),
    }
}
