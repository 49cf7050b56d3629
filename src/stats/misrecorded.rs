//! Counts corrected for people of one group who were recorded as another.
//!
//! A share of each true group is recorded as some other group; the recorded counts are the true ones times that matrix,
//! and its inverse gives the true ones back. It takes the share as the same for events and other trials.

use super::at_random::Slope;
use super::{StatsError, special};

/// A share of one group that is recorded as another, with its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Which group the people belong to.
    pub truth: usize,
    /// Which group they are recorded as.
    pub recorded: usize,
    /// The share of the true group.
    pub share: f64,
    /// Its standard error; 0 where it is taken as exact.
    pub std_error: f64,
}

impl Entry {
    /// The standard error of a share found among `n` people.
    #[must_use]
    pub fn error_of_sample(share: f64, n: u64) -> f64 {
        (share * (1.0 - share) / n as f64).sqrt()
    }

    /// The standard error of a share with the two ends of its 95 % interval.
    #[must_use]
    pub fn error_of_interval(low: f64, high: f64) -> f64 {
        (high - low) / (2.0 * special::normal_quantile(0.975))
    }
}

/// Which shares of the true groups are recorded as which.
///
/// # Definition
/// `recorded = M true` with `M[r][t]` the share of the true group `t` recorded as `r`; `true = W recorded`, `W = M^-1`.
/// The variance of a log rate or ratio of true counts is `sum (d/d recorded)^2 recorded + sum (d/d share)^2 SE^2` by the
/// delta method, with `d true / d share = -true_t (W[.][r] - W[.][t])`.
///
/// # Units
/// Counts of the study's unit; the corrected ones are fractional.
///
/// # Edge cases
/// Without entries nothing changes and the variance is that of Katz. A corrected count below 0 is impossible: more people
/// would have been recorded as another group than that group has.
///
/// # Errors
/// A share outside 0 to 1; shares of one group that add up to 1 or more; a matrix that cannot be inverted.
///
/// # Source
/// Barron (1977), the matrix method; Greenland (1988), variance of corrected counts with an estimated matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Misrecording {
    entries: Vec<Entry>,
    inverse: Vec<Vec<f64>>,
}

/// Below this pivot the matrix is taken as one that cannot be inverted.
const SINGULAR: f64 = 1e-9;

impl Misrecording {
    /// The matrix of `groups` groups.
    ///
    /// # Errors
    /// As the struct says.
    pub fn new(groups: usize, entries: Vec<Entry>) -> Result<Self, StatsError> {
        let mut matrix = identity(groups);
        for entry in &entries {
            if !(0.0..1.0).contains(&entry.share) {
                return Err(StatsError::OutOfRange {
                    what: "share of misrecording",
                    value: entry.share,
                    allowed: "from 0 to below 1",
                });
            }
            matrix[entry.recorded][entry.truth] += entry.share;
            matrix[entry.truth][entry.truth] -= entry.share;
        }
        if let Some(left) = (0..groups)
            .map(|i| matrix[i][i])
            .find(|left| *left < SINGULAR)
        {
            return Err(StatsError::OutOfRange {
                what: "share of a group that is recorded rightly",
                value: left,
                allowed: "above 0",
            });
        }
        let pairs = (0..groups).flat_map(|a| (0..a).map(move |b| (a, b)));
        if let Some(both) = pairs
            .map(|(a, b)| matrix[a][b] + matrix[b][a])
            .find(|both| *both >= 1.0)
        {
            return Err(StatsError::OutOfRange {
                what: "shares of two groups that are recorded as each other, together",
                value: both,
                allowed: "below 1, or the two labels would be exchanged",
            });
        }
        let inverse = inverted(matrix).ok_or(StatsError::OutOfRange {
            what: "determinant of the matrix of misrecording",
            value: 0.0,
            allowed: "other than 0, so that the matrix can be inverted",
        })?;
        Ok(Self { entries, inverse })
    }

    /// The true counts, which may come out below 0.
    #[must_use]
    pub fn corrected(&self, recorded: &[f64]) -> Vec<f64> {
        let row = |weights: &Vec<f64>| weights.iter().zip(recorded).map(|(w, c)| w * c).sum();
        self.inverse.iter().map(row).collect()
    }

    /// The variance of a logarithm of corrected counts, from its slopes: that of counting and that of the shares.
    #[must_use]
    pub fn variance(&self, recorded: [&[f64]; 2], slopes: &[Slope]) -> f64 {
        let mut variance = 0.0;
        for (outcome, counts) in recorded.iter().enumerate() {
            for (by, count) in counts.iter().enumerate() {
                let along: f64 = slopes
                    .iter()
                    .map(|slope| slope.by[outcome] * self.inverse[slope.group][by])
                    .sum();
                variance += along * along * count;
            }
        }
        let truth = recorded.map(|counts| self.corrected(counts));
        for entry in &self.entries {
            let along: f64 = slopes
                .iter()
                .map(|slope| {
                    let weights = &self.inverse[slope.group];
                    let moved = weights[entry.recorded] - weights[entry.truth];
                    let by = |outcome: usize| -slope.by[outcome] * truth[outcome][entry.truth];
                    moved * (by(0) + by(1))
                })
                .sum();
            variance += (along * entry.std_error).powi(2);
        }
        variance
    }

    /// The smallest share of one entry, the others as they are, at which two rates are equal: `events_g size_0 = events_0
    /// size_g` in corrected counts, or with people that no record changes. `None` where no possible share does.
    #[must_use]
    pub fn closing(&self, entry: usize, gap: &Gap<'_>) -> Option<f64> {
        let groups = self.inverse.len();
        let own = self.entries[entry];
        let mut others = self.entries.clone();
        others.remove(entry);
        let base = Self::new(groups, others).ok()?;
        // M = M0 + s d u', d = e_recorded - e_truth and u = e_truth: with Sherman and Morrison the corrected counts are
        // those without the entry minus tau times those of the truth, in the direction W0 d.
        let direction: Vec<f64> = base
            .inverse
            .iter()
            .map(|row| row[own.recorded] - row[own.truth])
            .collect();
        let events = base.corrected(gap.events);
        let line =
            |counts: &[f64], group: usize| (counts[group], -direction[group] * counts[own.truth]);
        let size = |group: usize| match gap.size {
            Size::Trials(trials) => line(&base.corrected(trials), group),
            Size::People(people) => (people[group], 0.0),
        };
        let (g, r) = (gap.group, gap.reference);
        let ((a, b), (c, d)) = (line(&events, g), size(r));
        let ((e, f), (h, k)) = (line(&events, r), size(g));
        let shares = roots(b * d - f * k, a * d + b * c - e * k - f * h, a * c - e * h);
        let mut shares: Vec<f64> = shares
            .into_iter()
            .map(|tau| tau / (1.0 - tau * direction[own.truth]))
            .filter(|share| (0.0..1.0).contains(share))
            .filter(|share| self.is_possible(entry, *share, gap))
            .collect();
        shares.sort_by(f64::total_cmp);
        shares.first().copied()
    }

    /// Whether no corrected count of the two groups is below 0, and neither is without any, at a share of one entry.
    fn is_possible(&self, entry: usize, share: f64, gap: &Gap<'_>) -> bool {
        let mut entries = self.entries.clone();
        entries[entry].share = share;
        let Ok(at) = Self::new(self.inverse.len(), entries) else {
            return false;
        };
        let events = at.corrected(gap.events);
        let is_events = |group: usize| events[group] > 0.0;
        let is_size = |group: usize| match gap.size {
            Size::Trials(trials) => at.corrected(trials)[group] >= events[group],
            Size::People(people) => people[group] > 0.0,
        };
        [gap.group, gap.reference]
            .into_iter()
            .all(|group| is_events(group) && is_size(group))
    }
}

/// Two rates as they are recorded.
#[derive(Debug, Clone, Copy)]
pub struct Gap<'a> {
    /// Recorded events of every group.
    pub events: &'a [f64],
    /// What they are counted out of.
    pub size: Size<'a>,
    /// The group.
    pub group: usize,
    /// The reference group.
    pub reference: usize,
}

/// What events are counted out of.
#[derive(Debug, Clone, Copy)]
pub enum Size<'a> {
    /// Recorded trials of every group, recorded as wrongly as the events are.
    Trials(&'a [f64]),
    /// People of every group, whom no record of a stop changes.
    People(&'a [f64]),
}

fn identity(size: usize) -> Vec<Vec<f64>> {
    let row = |i: usize| (0..size).map(|j| f64::from(u8::from(i == j))).collect();
    (0..size).map(row).collect()
}

/// The inverse by elimination with the largest pivot; `None` for a matrix that has none.
fn inverted(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let mut inverse = identity(size);
    for column in 0..size {
        let largest = (column..size)
            .max_by(|&a, &b| matrix[a][column].abs().total_cmp(&matrix[b][column].abs()))?;
        if matrix[largest][column].abs() < SINGULAR {
            return None;
        }
        matrix.swap(column, largest);
        inverse.swap(column, largest);
        let pivot = matrix[column][column];
        for side in [&mut matrix, &mut inverse] {
            side[column].iter_mut().for_each(|value| *value /= pivot);
        }
        for row in (0..size).filter(|row| *row != column) {
            let factor = matrix[row][column];
            for side in [&mut matrix, &mut inverse] {
                let own = side[column].clone();
                for (value, above) in side[row].iter_mut().zip(own) {
                    *value -= factor * above;
                }
            }
        }
    }
    Some(inverse)
}

/// Real roots of `a x^2 + b x + c`; none where it is 0 everywhere or nowhere.
fn roots(a: f64, b: f64, c: f64) -> Vec<f64> {
    let scale = a.abs().max(b.abs()).max(c.abs());
    let is_zero = |value: f64| value.abs() <= 1e-12 * scale;
    if is_zero(a) {
        return if is_zero(b) { Vec::new() } else { vec![-c / b] };
    }
    let discriminant = b * b - 4.0 * a * c;
    if discriminant < 0.0 {
        return Vec::new();
    }
    // The root that loses no digits, and the other from their product.
    let q = -0.5 * (b + b.signum() * discriminant.sqrt());
    if q == 0.0 {
        return vec![0.0];
    }
    vec![q / a, c / q]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::at_random::log_rate_slope;

    fn entry(truth: usize, recorded: usize, share: f64) -> Entry {
        Entry {
            truth,
            recorded,
            share,
            std_error: 0.0,
        }
    }

    /// By hand: a tenth of 200 true Hispanic drivers, 20, stand among 320 White ones.
    #[test]
    fn the_true_counts_come_back() {
        let matrix = Misrecording::new(2, vec![entry(1, 0, 0.1)]).unwrap();
        let found = matrix.corrected(&[320.0, 180.0]);
        assert!((found[0] - 300.0).abs() < 1e-9 && (found[1] - 200.0).abs() < 1e-9);
        assert!(
            matrix.corrected(&[5.0, 180.0])[0] < 0.0,
            "20 of 5 were not White"
        );
    }

    #[test]
    fn a_matrix_that_cannot_be_inverted_is_refused() {
        assert!(Misrecording::new(2, vec![entry(0, 1, 0.5), entry(1, 0, 0.5)]).is_err());
        assert!(Misrecording::new(3, vec![entry(0, 1, 0.6), entry(0, 2, 0.4)]).is_err());
        assert!(Misrecording::new(2, vec![entry(0, 1, 1.2)]).is_err());
    }

    #[test]
    fn without_entries_the_variance_is_that_of_katz() {
        let matrix = Misrecording::new(2, Vec::new()).unwrap();
        let (events, rest) = ([30.0, 20.0], [70.0, 80.0]);
        let slopes = [
            log_rate_slope(0, [30.0, 70.0], 1.0).unwrap(),
            log_rate_slope(1, [20.0, 80.0], -1.0).unwrap(),
        ];
        let katz = 1.0 / 30.0 - 1.0 / 100.0 + 1.0 / 20.0 - 1.0 / 100.0;
        assert!((matrix.variance([&events, &rest], &slopes) - katz).abs() < 1e-15);
    }

    #[test]
    fn the_variance_of_a_share_is_that_of_small_steps() {
        let (events, rest) = ([300.0, 90.0, 40.0], [2700.0, 610.0, 260.0]);
        let log = |share: f64| {
            let matrix = Misrecording::new(3, vec![entry(1, 0, share), entry(2, 0, 0.05)]).unwrap();
            let (x, y) = (matrix.corrected(&events), matrix.corrected(&rest));
            (x[1] / (x[1] + y[1])).ln() - (x[0] / (x[0] + y[0])).ln()
        };
        let slope = (log(0.1 + 1e-6) - log(0.1 - 1e-6)) / 2e-6;
        let with = |std_error: f64| {
            let first = Entry {
                std_error,
                ..entry(1, 0, 0.1)
            };
            let matrix = Misrecording::new(3, vec![first, entry(2, 0, 0.05)]).unwrap();
            let (x, y) = (matrix.corrected(&events), matrix.corrected(&rest));
            let slopes = [
                log_rate_slope(1, [x[1], y[1]], 1.0).unwrap(),
                log_rate_slope(0, [x[0], y[0]], -1.0).unwrap(),
            ];
            matrix.variance([&events, &rest], &slopes)
        };
        let found = with(0.02) - with(0.0);
        assert!((found - (slope * 0.02).powi(2)).abs() < 1e-9);
    }

    /// By hand, per head: 80 and 200 events of 100 and 200 people. A share s of the true first group is recorded as the
    /// second: (80 / (1 - s)) / 100 = (200 - 80 s / (1 - s)) / 200, so 160 = 200 - 280 s, and s = 1/7.
    #[test]
    fn the_share_that_closes_a_gap_per_head() {
        let matrix = Misrecording::new(2, vec![entry(0, 1, 0.02)]).unwrap();
        let gap = Gap {
            events: &[80.0, 200.0],
            size: Size::People(&[100.0, 200.0]),
            group: 0,
            reference: 1,
        };
        assert!((matrix.closing(0, &gap).unwrap() - 1.0 / 7.0).abs() < 1e-12);
    }

    /// People recorded as another group take their own rate with them: the gap that is left is wider, not narrower.
    #[test]
    fn no_share_closes_a_gap_of_rates_between_the_two_groups_of_the_error() {
        let matrix = Misrecording::new(2, vec![entry(0, 1, 0.02)]).unwrap();
        let gap = Gap {
            events: &[30.0, 40.0],
            size: Size::Trials(&[100.0, 200.0]),
            group: 0,
            reference: 1,
        };
        assert_eq!(matrix.closing(0, &gap), None);
    }
}
