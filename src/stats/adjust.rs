//! p-values of several tests at once, adjusted for their number.
//!
//! For any family of comparisons: groups against one reference, one question in many places. Which tests make the family
//! is the study's to say; an adjustment over the tests that were kept after looking is none.

use super::PValue;
use serde::{Deserialize, Serialize};

/// How to adjust.
///
/// `m` tests, `p(1) <= ... <= p(m)` in order; every value is capped at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Adjustment {
    /// Family-wise, under any dependence: the greatest of `(m - j + 1) p(j)` over `j <= i`. Holm 1979.
    #[default]
    Holm,
    /// Family-wise, under any dependence, never better than Holm: `m p`. Bonferroni 1936.
    Bonferroni,
    /// Family-wise, for independent or positively dependent tests: the least of `(m - j + 1) p(j)` over `j >= i`.
    /// Hochberg 1988.
    Hochberg,
    /// False discovery rate, for independent or positively dependent tests: the least of `m/j p(j)` over `j >= i`.
    /// Benjamini and Hochberg 1995.
    #[serde(rename = "bh")]
    BenjaminiHochberg,
    /// False discovery rate under any dependence: the same times `1 + 1/2 + ... + 1/m`. Benjamini and Yekutieli 2001.
    #[serde(rename = "by")]
    BenjaminiYekutieli,
}

/// The adjusted p-values, in the order given.
///
/// # Definition
/// By [`Adjustment`].
/// # Units
/// Probabilities; each is compared with the level as an unadjusted one would be.
/// # Edge cases
/// One p-value stays as it is; none gives none. Equal p-values stay equal.
/// # Errors
/// None.
/// # Source
/// At each adjustment; R `p.adjust`.
#[must_use]
pub fn adjust(p: &[PValue], adjustment: Adjustment) -> Vec<PValue> {
    let m = p.len() as f64;
    let harmonic: f64 = (1..=p.len()).map(|j| 1.0 / j as f64).sum();
    match adjustment {
        Adjustment::Bonferroni => p.iter().map(|p| PValue::capped(m * p.get())).collect(),
        Adjustment::Holm => running_greatest(p, |rank| m - rank + 1.0),
        Adjustment::Hochberg => running_least(p, |rank| m - rank + 1.0),
        Adjustment::BenjaminiHochberg => running_least(p, |rank| m / rank),
        Adjustment::BenjaminiYekutieli => running_least(p, |rank| harmonic * (m / rank)),
    }
}

/// Up from the least p-value, the greatest of factor times p so far.
fn running_greatest(p: &[PValue], factor: impl Fn(f64) -> f64) -> Vec<PValue> {
    let mut adjusted = p.to_vec();
    let mut greatest = 0.0;
    for (i, &place) in upwards(p).iter().enumerate() {
        greatest = f64::max(greatest, factor(i as f64 + 1.0) * p[place].get());
        adjusted[place] = PValue::capped(greatest);
    }
    adjusted
}

/// Down from the greatest p-value, the least of factor times p so far.
fn running_least(p: &[PValue], factor: impl Fn(f64) -> f64) -> Vec<PValue> {
    let mut adjusted = p.to_vec();
    let mut least = 1.0;
    for (i, &place) in upwards(p).iter().enumerate().rev() {
        least = f64::min(least, factor(i as f64 + 1.0) * p[place].get());
        adjusted[place] = PValue::capped(least);
    }
    adjusted
}

/// Places of the p-values from the least to the greatest.
fn upwards(p: &[PValue]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..p.len()).collect();
    places.sort_by(|&one, &other| p[one].get().total_cmp(&p[other].get()));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Adjustment; 5] = [
        Adjustment::Bonferroni,
        Adjustment::Holm,
        Adjustment::Hochberg,
        Adjustment::BenjaminiHochberg,
        Adjustment::BenjaminiYekutieli,
    ];

    fn adjusted(p: &[f64], adjustment: Adjustment) -> Vec<f64> {
        let p: Vec<PValue> = p.iter().map(|&p| PValue::new(p).expect("valid")).collect();
        adjust(&p, adjustment).iter().map(|p| p.get()).collect()
    }

    fn close(got: &[f64], want: &[f64]) {
        assert_eq!(got.len(), want.len());
        for (g, w) in got.iter().zip(want) {
            assert!((g - w).abs() <= 1e-14, "{got:?} instead of {want:?}");
        }
    }

    #[test]
    fn by_hand() {
        let p = [0.03, 0.01, 0.02];
        close(&adjusted(&p, Adjustment::Bonferroni), &[0.09, 0.03, 0.06]);
        close(&adjusted(&p, Adjustment::Holm), &[0.04, 0.03, 0.04]);
        close(&adjusted(&p, Adjustment::Hochberg), &[0.03, 0.03, 0.03]);
        close(&adjusted(&p, Adjustment::BenjaminiHochberg), &[0.03; 3]);
        close(&adjusted(&p, Adjustment::BenjaminiYekutieli), &[0.055; 3]);
    }

    #[test]
    fn none_one_and_ones() {
        for adjustment in ALL {
            assert!(adjusted(&[], adjustment).is_empty());
            close(&adjusted(&[0.2], adjustment), &[0.2]);
            close(&adjusted(&[1.0, 1.0, 0.0], adjustment), &[1.0, 1.0, 0.0]);
        }
    }

    #[test]
    fn no_value_falls_and_the_order_does_not_matter() {
        let (one, other) = ([0.4, 0.01, 0.01, 0.7], [0.7, 0.01, 0.4, 0.01]);
        for adjustment in ALL {
            let (a, b) = (adjusted(&one, adjustment), adjusted(&other, adjustment));
            close(&a, &[b[2], b[1], b[3], b[0]]);
            assert!(a.iter().zip(&one).all(|(adjusted, p)| adjusted >= p));
        }
    }
}
