//! Score intervals for the risk ratio and the risk difference: the values that the score test does not reject, with
//! the two proportions fitted under the value tested.

use super::TwoByTwo;
use crate::stats::{Interval, root};
use core::f64::consts::FRAC_1_SQRT_2;

/// The score interval of the risk ratio; `factor` multiplies the variance.
pub(super) fn ratio_interval(table: &TwoByTwo, factor: f64, z: f64) -> Option<Interval> {
    let [a, _, c, _] = table.cells();
    let low = if a == 0.0 {
        0.0
    } else {
        ratio_limit(table, factor, z)?
    };
    // The upper limit is the lower one of the table with the proportions exchanged, inverted.
    let high = if c == 0.0 {
        f64::INFINITY
    } else {
        1.0 / ratio_limit(&table.swapped(), factor, z)?
    };
    Some(Interval::new(low, high))
}

/// The score interval of the risk difference; `factor` multiplies the variance.
pub(super) fn difference_interval(table: &TwoByTwo, factor: f64, z: f64) -> Option<Interval> {
    let low = difference_limit(table, factor, z)?;
    let high = -difference_limit(&table.swapped(), factor, z)?;
    Some(Interval::new(low, high))
}

/// The ratio below the estimate at which the statistic is `z`, for a table with events in the first proportion.
fn ratio_limit(table: &TwoByTwo, factor: f64, z: f64) -> Option<f64> {
    let [a, b, c, d] = table.cells();
    let (n1, n2) = (a + b, c + d);
    let shortfall = |log_ratio: f64| {
        let ratio = libm::exp(log_ratio);
        let (p1, p2) = fit_ratio(table, ratio);
        let variance = p1 * (1.0 - p1) / n1 + ratio * ratio * (p2 * (1.0 - p2) / n2);
        FRAC_1_SQRT_2 - bounded(a / n1 - ratio * (c / n2), z * z * factor * variance)
    };
    let start = libm::log((a + 0.5) / (n1 + 0.5) * ((n2 + 0.5) / (c + 0.5)));
    let step = libm::sqrt(1.0 / (a + 0.5) + 1.0 / (c + 0.5));
    root::root_of_rising(shortfall, start, step).map(libm::exp)
}

/// The difference below the estimate at which the statistic is `z`.
fn difference_limit(table: &TwoByTwo, factor: f64, z: f64) -> Option<f64> {
    let [a, b, c, d] = table.cells();
    let (n1, n2) = (a + b, c + d);
    let estimate = a / n1 - c / n2;
    if estimate <= -1.0 {
        return Some(-1.0);
    }
    let excess = |difference: f64| {
        let (p1, p2) = fit_difference(table, difference);
        let variance = p1 * (1.0 - p1) / n1 + p2 * (1.0 - p2) / n2;
        bounded(estimate - difference, z * z * factor * variance) - FRAC_1_SQRT_2
    };
    root::root_between(excess, -1.0, estimate)
}

/// `t / sqrt(t² + z²)` of the statistic `t = deviation / sqrt(variance)`, given `scaled = z² variance`.
///
/// It is `±1/sqrt 2` where `t = ±z`, and stays finite where the fitted variance is 0.
fn bounded(deviation: f64, scaled: f64) -> f64 {
    if deviation == 0.0 {
        return 0.0;
    }
    deviation / libm::hypot(deviation, libm::sqrt(scaled.max(0.0)))
}

/// Both proportions by maximum likelihood under `p1 = ratio p2` (Miettinen and Nurminen 1985, equation 12).
fn fit_ratio(table: &TwoByTwo, ratio: f64) -> (f64, f64) {
    let [a, b, c, d] = table.cells();
    let (n1, n2, events) = (a + b, c + d, a + c);
    let middle = ratio * (n1 + c) + a + n2;
    let root = libm::sqrt((middle * middle - 4.0 * (n1 + n2) * ratio * events).max(0.0));
    // The smaller root of the quadratic, written so that nothing cancels.
    let p2 = 2.0 * events / (middle + root);
    ((ratio * p2).min(1.0), p2.min(1.0))
}

/// Both proportions by maximum likelihood under `p1 = p2 + difference`.
///
/// Bisection on the sign of the derivative, which falls throughout: the cubic of Miettinen and Nurminen has the same
/// root, but its trigonometric solution keeps half the digits where two of its roots meet.
fn fit_difference(table: &TwoByTwo, difference: f64) -> (f64, f64) {
    let [a, b, c, d] = table.cells();
    let (n1, n2) = (a + b, c + d);
    let (mut low, mut high) = ((-difference).max(0.0), (1.0 - difference).min(1.0));
    for _ in 0..100 {
        let p2 = 0.5 * (low + high);
        if p2 <= low || p2 >= high {
            break;
        }
        let p1 = p2 + difference;
        // The derivative times p1 q1 p2 q2, which is positive inside.
        let slope = (a - n1 * p1) * (p2 * (1.0 - p2)) + (c - n2 * p2) * (p1 * (1.0 - p1));
        if slope > 0.0 {
            low = p2;
        } else {
            high = p2;
        }
    }
    ((low + difference).clamp(0.0, 1.0), low)
}
