//! Simultaneous bands by the multiplier bootstrap.

use serde::{Deserialize, Serialize};

use super::{Aggregate, GroupTime, Point};
use crate::stats::draws::Draws;
use crate::stats::regression::least_squares::dot;
use crate::stats::{Interval, Level, StatsError};

/// Draws of the multiplier bootstrap, made once and asked for several bands.
#[derive(Debug, Clone)]
pub struct Multipliers {
    /// Of each draw the sum of every column.
    totals: Vec<f64>,
    columns: usize,
    observations: f64,
}

/// A band that covers all its estimates at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// By how many standard errors it reaches out.
    pub critical: f64,
    /// The limits of each estimate; `None` where it has no error.
    pub intervals: Vec<Option<Interval>>,
}

impl GroupTime {
    /// Draws of the influence functions with random signs by cluster (Rademacher), from a seed.
    ///
    /// The same for any number of threads: one sequence of ChaCha8 of the seed, in order of the clusters.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] for no draws.
    pub fn multipliers(&self, draws: u32, seed: u64) -> Result<Multipliers, StatsError> {
        if draws == 0 {
            return Err(StatsError::TooFew {
                what: "draws",
                got: 0,
                needed: 1,
            });
        }
        let columns = self.basis.columns();
        let mut totals = Vec::with_capacity(draws as usize * columns);
        let mut signs = vec![0.0; self.basis.clusters()];
        let mut source = Draws::new(seed);
        for _ in 0..draws {
            source.signs(&mut signs);
            totals.extend(self.basis.multiplied(&signs));
        }
        Ok(Multipliers {
            totals,
            columns,
            observations: self.basis.observations() as f64,
        })
    }

    /// The simultaneous band of all cells.
    #[must_use]
    pub fn band(&self, multipliers: &Multipliers, level: Level) -> Band {
        let points: Vec<Point> = (0..self.cells.len()).map(|k| self.point(k)).collect();
        multipliers.band(&points, level)
    }
}

impl Aggregate {
    /// The simultaneous band of the parts of an aggregation.
    #[must_use]
    pub fn band(&self, multipliers: &Multipliers, level: Level) -> Band {
        multipliers.band(&self.by, level)
    }
}

impl Multipliers {
    /// The simultaneous band of several estimates.
    ///
    /// # Definition
    /// estimate -+ c x se with the analytic errors; c is the level's quantile over draws of the largest |sum of signed
    /// influence / n| / se, the ceil(level (B + 1))-th of B in order, and not less than the normal quantile of one
    /// interval.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// Estimates without an error, such as the base period's, have no limits and do not count. With too few draws for
    /// the level the largest is taken. With few clusters the signs have few values and the band is too narrow.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Callaway and Sant'Anna (2021), algorithm 1 and corollary 1, with signs (Rademacher) for their weights of Mammen
    /// and the analytic error for the interquartile range.
    fn band(&self, points: &[Point], level: Level) -> Band {
        let known: Vec<(&[f64], f64)> = points
            .iter()
            .filter_map(|p| Some((p.combination.as_ref()?.0.as_slice(), p.std_error?)))
            .collect();
        let largest = |draw: &[f64]| {
            let statistics = known.iter().map(|(coefficients, error)| {
                (dot(draw, coefficients) / self.observations / error).abs()
            });
            statistics.fold(0.0_f64, f64::max)
        };
        let mut all: Vec<f64> = self
            .totals
            .chunks_exact(self.columns.max(1))
            .map(largest)
            .collect();
        all.sort_unstable_by(f64::total_cmp);
        let place = (level.get() * (all.len() + 1) as f64).ceil() as usize;
        let quantile = all.get(place.clamp(1, all.len().max(1)) - 1);
        let critical = quantile.copied().unwrap_or(f64::INFINITY).max(level.z());
        let limits = |point: &Point| {
            let reach = critical * point.std_error?;
            point
                .effect
                .map(|effect| Interval::new(effect - reach, effect + reach))
        };
        Band {
            critical,
            intervals: points.iter().map(limits).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::group_time::{Aggregation, Control, Observations, Plan, Sample};

    /// A test at 5 % that holds its level rejects in 14 to 38 of 500 panels without an effect, but for one time in 120.
    #[test]
    fn placebo_panels_are_rejected_as_often_as_said() {
        let plan = Plan {
            control: Control::NotYetTreated,
            ..Plan::default()
        };
        let mut source = Draws::new(11);
        // Sums of twelve uniform numbers less six are normal enough.
        let mut normal = || {
            (0..12)
                .map(|_| f64::from(source.below(1 << 20)) / f64::from(1 << 20))
                .sum::<f64>()
                - 6.0
        };
        let (mut alone, mut at_once) = (0, 0);
        for panel in 0..500 {
            let (mut units, mut rows) = (Vec::new(), Observations::default());
            for unit in 0..120_u32 {
                let own = normal();
                let mut drift = 0.0;
                for time in 1..=5 {
                    // Errors that resemble one another in time, as those of places do.
                    drift = 0.5 * drift + normal();
                    units.push(unit);
                    rows.time.push(time);
                    rows.first_treated
                        .push([Some(3), Some(4), None][unit as usize % 3]);
                    rows.outcome.push(own + f64::from(time) + drift);
                }
            }
            let sample = Sample::panel(&units, &rows).expect("a panel");
            let found = sample.group_time(plan).expect("an estimate");
            let simple = found.aggregate(Aggregation::Simple).overall;
            let (effect, error) = (
                simple.effect.expect("defined"),
                simple.std_error.expect("an error"),
            );
            alone += usize::from((effect / error).abs() > Level::NINETY_FIVE.z());
            let multipliers = found.multipliers(199, panel).expect("draws");
            let band = found.band(&multipliers, Level::NINETY_FIVE);
            let misses = band
                .intervals
                .iter()
                .flatten()
                .any(|interval| !interval.contains(0.0));
            at_once += usize::from(misses);
        }
        assert!((14..=38).contains(&alone), "{alone} of 500");
        assert!((14..=38).contains(&at_once), "{at_once} of 500 at once");
    }
}
