//! Influence functions as combinations of few columns, so that thousands of draws cost little.
//!
//! Every influence function here is linear in columns that do not depend on the estimate: without covariates the
//! residual of a unit in each period and its weight, by cohort; with covariates the influence on each cell. Errors,
//! covariances and bootstrap draws need only what is linear.

use super::sample::Sample;
use crate::stats::regression::least_squares::{add_scaled, dot};

/// An error smaller than this share of the largest outcome is rounding, not an error.
const ROUNDING: f64 = 1e-12;

/// A coefficient for each column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Combination(pub(super) Vec<f64>);

/// Columns that are 0 but on some rows.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The observations.
    pub(super) rows: Vec<usize>,
    /// Row-major.
    pub(super) values: Vec<f64>,
    /// The place of its first column.
    pub(super) start: usize,
    pub(super) columns: usize,
}

/// All columns with the clusters of the observations.
#[derive(Debug, Clone)]
pub(super) struct Basis {
    blocks: Vec<Block>,
    columns: usize,
    cluster: Vec<usize>,
    clusters: usize,
    scale: f64,
}

impl Combination {
    pub(super) fn zero(columns: usize) -> Combination {
        Combination(vec![0.0; columns])
    }

    pub(super) fn add(&mut self, scale: f64, other: &Combination) {
        add_scaled(&mut self.0, scale, &other.0);
    }
}

impl Basis {
    pub(super) fn new(blocks: Vec<Block>, sample: &Sample) -> Basis {
        Basis {
            columns: blocks.iter().map(|block| block.columns).sum(),
            blocks,
            cluster: sample.cluster.clone(),
            clusters: sample.clusters,
            scale: sample.scale(),
        }
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    pub(super) fn clusters(&self) -> usize {
        self.clusters
    }

    pub(super) fn observations(&self) -> usize {
        self.cluster.len()
    }

    /// The value of an influence function for each observation.
    pub(super) fn influence(&self, combination: &Combination) -> Vec<f64> {
        let mut all = vec![0.0; self.cluster.len()];
        for block in &self.blocks {
            let coefficients = &combination.0[block.start..][..block.columns];
            if coefficients.iter().all(|&c| c == 0.0) {
                continue;
            }
            let rows = block.values.chunks_exact(block.columns);
            for (&i, row) in block.rows.iter().zip(rows) {
                all[i] += dot(row, coefficients);
            }
        }
        all
    }

    /// Its sum over each cluster.
    pub(super) fn cluster_sums(&self, combination: &Combination) -> Vec<f64> {
        let mut sums = vec![0.0; self.clusters];
        for (value, &cluster) in self.influence(combination).iter().zip(&self.cluster) {
            sums[cluster] += value;
        }
        sums
    }

    /// The root of the sum of squared cluster sums over n; `None` where nothing but rounding varies.
    pub(super) fn std_error(&self, combination: &Combination) -> Option<f64> {
        let sums = self.cluster_sums(combination);
        let error = dot(&sums, &sums).sqrt() / self.observations() as f64;
        (error > ROUNDING * self.scale).then_some(error)
    }

    /// The sum of each column, observations multiplied by the value of their cluster.
    pub(super) fn multiplied(&self, by_cluster: &[f64]) -> Vec<f64> {
        let mut totals = vec![0.0; self.columns];
        for block in &self.blocks {
            let total = &mut totals[block.start..][..block.columns];
            let factor = |i: &usize| by_cluster[self.cluster[*i]];
            // Four rows at a time: the sums are read and written once for all of them.
            let fours = block.rows.chunks_exact(4);
            let rows = block.values.chunks_exact(4 * block.columns);
            let rest = rows.remainder().chunks_exact(block.columns);
            for (i, row) in fours.remainder().iter().zip(rest) {
                add_scaled(total, factor(i), row);
            }
            for (places, four) in fours.zip(rows) {
                let [a, b, c, d] = [0, 1, 2, 3].map(|k| factor(&places[k]));
                let (first, second) = four.split_at(2 * block.columns);
                let (one, two) = first.split_at(block.columns);
                let (three, last) = second.split_at(block.columns);
                let pairs = one.iter().zip(two).zip(three.iter().zip(last));
                for (sum, ((w, x), (y, z))) in total.iter_mut().zip(pairs) {
                    *sum += (a * w + b * x) + (c * y + d * z);
                }
            }
        }
        totals
    }
}
