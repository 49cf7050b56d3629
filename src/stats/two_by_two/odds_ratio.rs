//! The odds ratio given all margins: the first count is noncentral hypergeometric, and everything is a sum of its
//! masses relative to that of the table itself.
//!
//! The sums walk outwards from the table and stop where the rest no longer shows, so that margins of a million or a
//! billion cost some standard deviations of terms and not the whole support. Where even those are too many there is no
//! answer, and Woolf's is the same to ten digits.

use super::TwoByTwo;
use crate::stats::{Interval, root};

/// The least variance of the logarithm, 1/a + 1/b + 1/c + 1/d, of counts that are summed over: its inverse is the variance of
/// the first count, some standard deviations of which are walked.
const LEAST_VARIANCE: f64 = 1e-11;

/// Whether the sums end within seconds.
pub(super) fn is_countable(table: &TwoByTwo) -> bool {
    let variance: f64 = table.cells().iter().map(|cell| 1.0 / cell).sum();
    variance >= LEAST_VARIANCE
}

/// Limits at which an exact tail is `tail`.
pub(super) fn exact(table: &TwoByTwo, tail: f64) -> Interval {
    interval(table, |walks| {
        // P(X >= a)
        -libm::log1p(walks.below.mass / (1.0 + walks.above.mass)) - libm::log(tail)
    })
}

/// Limits at which a mid-P tail is `tail`.
pub(super) fn mid_p(table: &TwoByTwo, tail: f64) -> Interval {
    interval(table, |walks| {
        // P(X > a) + P(X = a)/2
        -libm::log1p((0.5 + walks.below.mass) / (0.5 + walks.above.mass)) - libm::log(tail)
    })
}

/// The odds ratio at which the expected count is the count.
pub(super) fn maximum_likelihood(table: &TwoByTwo) -> Option<f64> {
    table.trials()?;
    match (is_least(table), is_least(&table.swapped())) {
        (true, true) => None,
        (true, false) => Some(0.0),
        (false, true) => Some(f64::INFINITY),
        // The mean exceeds the count when the masses above, by distance, outweigh those below.
        (false, false) => {
            let balance =
                |walks: &Walks| libm::log(walks.above.moment) - libm::log(walks.below.moment);
            Some(libm::exp(solve(table, balance)))
        }
    }
}

fn interval(table: &TwoByTwo, excess: impl Fn(&Walks) -> f64) -> Interval {
    let low = if is_least(table) {
        0.0
    } else {
        libm::exp(solve(table, &excess))
    };
    // The upper limit is the lower one of the table with the proportions exchanged, inverted.
    let swapped = table.swapped();
    let high = if is_least(&swapped) {
        f64::INFINITY
    } else {
        libm::exp(-solve(&swapped, &excess))
    };
    Interval::new(low, high)
}

/// Whether the margins allow no smaller first count.
fn is_least(table: &TwoByTwo) -> bool {
    let [a, _, _, d] = table.cells();
    a == 0.0 || d == 0.0
}

/// The log odds ratio at which `excess`, which rises with it, is zero.
fn solve(table: &TwoByTwo, excess: impl Fn(&Walks) -> f64) -> f64 {
    let [a, b, c, d] = table.cells().map(|cell| cell + 0.5);
    let start = libm::log(a / b * (d / c));
    let step = libm::sqrt(1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d);
    root::root_of_rising(|log_odds| excess(&Walks::at(table, log_odds)), start, step)
        .expect("a tail runs from 0 to its largest as the odds ratio runs from 0 to infinity")
}

/// Sums over the tables on both sides of this one, at some odds ratio.
struct Walks {
    above: Walk,
    below: Walk,
}

/// Masses relative to the table's own, and the same times the distance from it.
struct Walk {
    mass: f64,
    moment: f64,
}

impl Walks {
    fn at(table: &TwoByTwo, log_odds: f64) -> Walks {
        let [a, b, c, d] = table.cells();
        let (odds, inverse) = (libm::exp(log_odds), libm::exp(-log_odds));
        Walks {
            above: Walk::of(|k| odds * ((b - k) / (a + 1.0 + k)) * ((c - k) / (d + 1.0 + k))),
            below: Walk::of(|k| inverse * ((a - k) / (b + 1.0 + k)) * ((d - k) / (c + 1.0 + k))),
        }
    }
}

impl Walk {
    /// Along falling ratios of neighbouring masses, to the end of the support or of what shows.
    fn of(ratio: impl Fn(f64) -> f64) -> Walk {
        let (mut mass, mut moment, mut term, mut k) = (0.0, 0.0, 1.0, 0.0);
        loop {
            let r = ratio(k);
            term *= r;
            k += 1.0;
            mass += term;
            moment += k * term;
            // What follows is less than a geometric series of ratio r, by distance.
            let rest = term * r * (k + 1.0);
            let gap = 1.0 - r;
            let done = gap > 0.0 && rest <= f64::EPSILON * 0.1 * moment * gap * gap;
            if r <= 0.0 || done || !moment.is_finite() {
                return Walk { mass, moment };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Level;
    use crate::stats::proportion::Proportion;

    #[test]
    fn where_counting_ends_woolf_has_the_same_digits() {
        let table = |cells: [u64; 4]| {
            let side = |x, other| Proportion::new(x, x + other).expect("a proportion");
            TwoByTwo::new(side(cells[0], cells[1]), side(cells[2], cells[3]))
        };
        let even = |cell: u64| table([2 * cell, cell, cell, cell]);
        assert!(is_countable(&even(300_000_000_000)) && !is_countable(&even(400_000_000_000)));
        // One large margin alone is no reason to refuse.
        let lopsided = table([3, 1 << 52, 1 << 51, 1 << 51]);
        assert!(is_countable(&lopsided));
        let z = Level::NINETY_FIVE.z();
        let sd = (3.5 / 1e11_f64).sqrt();
        let large = even(1_000_000_000);
        let limits = exact(&large, Level::NINETY_FIVE.tail());
        let woolf = 2.0 * libm::exp(-z * sd * 10.0);
        assert!(
            (limits.low / woolf - 1.0).abs() < 1e-8,
            "{limits:?} {woolf}"
        );
    }
}
