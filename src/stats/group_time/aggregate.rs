//! Averages of the cells, with weights that are said and whose own uncertainty counts.

use serde::{Deserialize, Serialize};

use super::basis::Combination;
use super::{Cell, GroupTime};

/// Over what the cells are averaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// Every cell from treatment on, weighted by the size of its cohort.
    Simple,
    /// By time since treatment; overall the mean of the times from 0 on.
    Dynamic,
    /// By cohort, the mean of its periods from treatment on; overall weighted by the size of the cohorts.
    Group,
    /// By period, over the cohorts treated by then; overall the mean of the periods.
    Calendar,
}

/// An average of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The time since treatment, first treated period or period it is of; `None` for the overall average.
    pub at: Option<i32>,
    /// The average effect; `None` where a cell it needs is.
    pub effect: Option<f64>,
    /// Its standard error; `None` in the base period, and where nothing varies.
    pub std_error: Option<f64>,
    pub(super) combination: Option<Combination>,
}

/// An aggregation: the overall average and its parts in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// Over what was averaged.
    pub aggregation: Aggregation,
    /// The overall average.
    pub overall: Point,
    /// The parts; none of the simple average.
    pub by: Vec<Point>,
}

impl GroupTime {
    /// Averages of the cells.
    ///
    /// # Definition
    /// With p_g the share of cohort g among all observations, by weight: simple, the mean of ATT(g, t) over t >= g with
    /// weights p_g; dynamic at e, that over cells of event time e; group, the unweighted mean over t >= g, then weighted
    /// by p_g; calendar at t, weighted by p_g over g <= t. The influence of estimated shares is added.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// `None` where a cell that is needed is undefined: nothing is left out of an average. A cohort without a cell from
    /// treatment on, for want of controls, has no part in averages. Cohorts come and go along dynamic averages.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Callaway and Sant'Anna (2021), section 3 and corollary 2. Agrees with R `did::aggte`.
    #[must_use]
    pub fn aggregate(&self, aggregation: Aggregation) -> Aggregate {
        let after = |cell: &Cell| cell.time >= cell.cohort;
        let chosen: Vec<usize> = (0..self.cells.len())
            .filter(|&k| aggregation == Aggregation::Dynamic || after(&self.cells[k]))
            .collect();
        let part = |cell: &Cell| match aggregation {
            Aggregation::Simple => 0,
            Aggregation::Dynamic => cell.event_time(),
            Aggregation::Group => cell.cohort,
            Aggregation::Calendar => cell.time,
        };
        let mut parts: Vec<i32> = chosen.iter().map(|&k| part(&self.cells[k])).collect();
        parts.sort_unstable();
        parts.dedup();
        let of_part = |at: &i32| -> Vec<usize> {
            let here = |&&k: &&usize| part(&self.cells[k]) == *at;
            chosen.iter().filter(here).copied().collect()
        };
        let mut by: Vec<Point> = Vec::with_capacity(parts.len());
        for at in &parts {
            let cells = of_part(at);
            let points = cells.iter().map(|&k| self.point(k)).collect::<Vec<_>>();
            let shares: Vec<_> = cells.iter().map(|&k| &self.shares[k]).collect();
            by.push(match aggregation {
                Aggregation::Group => self.mean(Some(*at), &points),
                _ => self.weighted(Some(*at), &points, &shares),
            });
        }
        let overall = match aggregation {
            Aggregation::Simple => by.pop().map(|point| Point { at: None, ..point }),
            Aggregation::Dynamic => {
                let late: Vec<Point> = by.iter().filter(|p| p.at >= Some(0)).cloned().collect();
                Some(self.mean(None, &late))
            }
            Aggregation::Calendar => Some(self.mean(None, &by)),
            Aggregation::Group => {
                let first = |at: &i32| of_part(at).first().map(|&k| &self.shares[k]);
                let shares: Vec<_> = parts.iter().filter_map(first).collect();
                Some(self.weighted(None, &by, &shares))
            }
        };
        Aggregate {
            aggregation,
            overall: overall.unwrap_or(Point::UNDEFINED),
            by,
        }
    }

    pub(super) fn point(&self, cell: usize) -> Point {
        Point {
            at: None,
            effect: self.cells[cell].effect,
            std_error: self.cells[cell].std_error,
            combination: self.combinations[cell].clone(),
        }
    }

    /// The plain mean.
    fn mean(&self, at: Option<i32>, points: &[Point]) -> Point {
        self.averaged(points, &vec![1.0 / points.len() as f64; points.len()])
            .map_or(
                Point {
                    at,
                    ..Point::UNDEFINED
                },
                |(effect, combination)| self.reckoned(at, effect, combination),
            )
    }

    /// The mean by the shares of cohorts, which are estimated too.
    fn weighted(
        &self,
        at: Option<i32>,
        points: &[Point],
        shares: &[&super::cells::Share],
    ) -> Point {
        let total: f64 = shares.iter().map(|share| share.size).sum();
        let weights: Vec<f64> = shares.iter().map(|share| share.size / total).collect();
        let Some((effect, mut combination)) = self.averaged(points, &weights) else {
            return Point {
                at,
                ..Point::UNDEFINED
            };
        };
        let n = self.basis.observations() as f64;
        for (point, share) in points.iter().zip(shares) {
            let beyond = point.effect.unwrap_or(effect) - effect;
            for &column in &share.columns {
                combination.0[column] += n * beyond / total;
            }
        }
        self.reckoned(at, effect, combination)
    }

    fn averaged(&self, points: &[Point], weights: &[f64]) -> Option<(f64, Combination)> {
        let mut combination = Combination::zero(self.basis.columns());
        let mut effect = 0.0;
        for (point, &weight) in points.iter().zip(weights) {
            effect += weight * point.effect?;
            combination.add(weight, point.combination.as_ref()?);
        }
        (!points.is_empty()).then_some((effect, combination))
    }

    fn reckoned(&self, at: Option<i32>, effect: f64, combination: Combination) -> Point {
        Point {
            at,
            effect: Some(effect),
            std_error: self.basis.std_error(&combination),
            combination: Some(combination),
        }
    }
}

impl Point {
    const UNDEFINED: Point = Point {
        at: None,
        effect: None,
        std_error: None,
        combination: None,
    };
}
