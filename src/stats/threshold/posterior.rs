//! What the draws say: thresholds of groups and cells, differences, and the rates that the model predicts.

use super::diagnostics::{diagnose, quantile};
use super::model::Density;
use super::sampler::Chains;
use super::{Cell, Counts};
use crate::stats::{Interval, Level};

/// The numbers of a threshold test, draw by draw, one chain after the other.
#[derive(Debug, Clone)]
pub struct Posterior {
    groups: usize,
    /// Draws of one chain.
    length: usize,
    cells: Vec<Vec<f64>>,
    by_group: Vec<Vec<f64>>,
    sigma: Vec<f64>,
    predicted: Vec<(Option<Predicted>, Option<Predicted>)>,
}

/// A posterior in four numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Posterior mean.
    pub mean: f64,
    /// Posterior standard deviation.
    pub sd: f64,
    /// Equal-tailed credible interval.
    pub interval: Interval,
}

/// A rate as the model predicts it for as many stops, or searches, as there were.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// Posterior mean of the rate.
    pub mean: f64,
    /// Standard deviation of the rate that would be observed again.
    pub sd: f64,
}

/// Moments of a rate over draws.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, rate: f64) {
        self.sum += rate;
        self.squares += rate * rate;
    }

    fn predicted(self, draws: f64, trials: u64) -> Option<Predicted> {
        let (mean, square) = (self.sum / draws, self.squares / draws);
        let between = (square - mean * mean).max(0.0);
        let counting = (mean - square).max(0.0) / trials as f64;
        (trials > 0).then(|| Predicted {
            mean,
            sd: (between + counting).sqrt(),
        })
    }
}

impl Posterior {
    pub(super) fn new(counts: &Counts, density: &Density<'_>, chains: &Chains) -> Self {
        let mut density = density.clone();
        let groups = counts.groups();
        let weights = counts.weights();
        let draws = || chains.draws.iter().flatten();
        let total = draws().count();
        let mut cells = vec![Vec::with_capacity(total); counts.cells().len()];
        let mut by_group = vec![Vec::with_capacity(total); groups];
        let mut sigma = Vec::with_capacity(total);
        let mut moments = vec![(Moments::default(), Moments::default()); cells.len()];
        for position in draws() {
            let mut mean = vec![0.0; groups];
            for (i, signal) in density.signals(position).into_iter().enumerate() {
                let threshold = signal.probability();
                cells[i].push(threshold);
                mean[i % groups] += weights[i / groups] * threshold;
                let (search, hit) = signal.rates();
                moments[i].0.add(search);
                moments[i].1.add(hit);
            }
            for (own, mean) in by_group.iter_mut().zip(mean) {
                own.push(mean);
            }
            sigma.push(libm::exp(position[density.layout.ln_sigma()]));
        }
        let predicted = |(cell, (search, hit)): (&Cell, (Moments, Moments))| {
            (
                search.predicted(total as f64, cell.stops),
                hit.predicted(total as f64, cell.searches),
            )
        };
        Self {
            groups,
            length: chains.draws.first().map_or(0, Vec::len),
            predicted: counts.cells().iter().zip(moments).map(predicted).collect(),
            cells,
            by_group,
            sigma,
        }
    }

    /// Every number that is reported, draw by draw.
    pub(super) fn reported(&self) -> impl Iterator<Item = Vec<f64>> {
        let pairs = (0..self.groups).flat_map(|a| (0..a).map(move |b| (a, b)));
        let differences = pairs.map(|(a, b)| self.difference_draws(a, b));
        let single = self.cells.iter().chain(&self.by_group).cloned();
        single.chain(differences)
    }

    /// The threshold of a group, draw by draw.
    #[must_use]
    pub fn group_draws(&self, group: usize) -> &[f64] {
        &self.by_group[group]
    }

    /// The spread of thresholds within a group, draw by draw.
    #[must_use]
    pub fn sigma_draws(&self) -> &[f64] {
        &self.sigma
    }

    /// The difference of the thresholds of two groups, draw by draw.
    #[must_use]
    pub fn difference_draws(&self, group: usize, reference: usize) -> Vec<f64> {
        let pairs = self.by_group[group].iter().zip(&self.by_group[reference]);
        pairs.map(|(a, b)| a - b).collect()
    }

    /// The threshold of a group: the probability of contraband at which a search is made, mean over places weighted by the
    /// stops of all groups there.
    #[must_use]
    pub fn group(&self, group: usize, level: Level) -> Summary {
        summary(&self.by_group[group], level)
    }

    /// The threshold of a group less that of another.
    #[must_use]
    pub fn difference(&self, group: usize, reference: usize, level: Level) -> Summary {
        summary(&self.difference_draws(group, reference), level)
    }

    /// The share of draws in which the threshold of a group is above that of another.
    #[must_use]
    pub fn probability_above(&self, group: usize, reference: usize) -> f64 {
        let pairs = self.by_group[group].iter().zip(&self.by_group[reference]);
        let above = pairs.filter(|(a, b)| a > b).count();
        above as f64 / self.by_group[group].len() as f64
    }

    /// The threshold of a cell, in the order of [`Counts::cells`].
    #[must_use]
    pub fn cell(&self, cell: usize, level: Level) -> Summary {
        summary(&self.cells[cell], level)
    }

    /// The search rate and the hit rate that the model predicts in a cell; `None` without stops, or without searches.
    #[must_use]
    pub fn predicted(&self, cell: usize) -> (Option<Predicted>, Option<Predicted>) {
        self.predicted[cell]
    }

    /// The standard error of the mean of a number from the sampler alone.
    ///
    /// # Definition
    /// The standard deviation of the draws over the root of the effective sample size of their mean.
    ///
    /// # Units
    /// Those of the draws, which are as this posterior gives them: one chain after the other.
    ///
    /// # Edge cases
    /// Draws that never change have no effective sample size: NaN.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), section 4.
    #[must_use]
    pub fn mcse(&self, draws: &[f64]) -> f64 {
        let chains: Vec<&[f64]> = draws.chunks(self.length).collect();
        moments(draws).1 / diagnose(&chains).mean_ess.sqrt()
    }

    /// The threshold of a cell, draw by draw, in the order of [`Counts::cells`].
    #[must_use]
    pub fn cell_draws(&self, cell: usize) -> &[f64] {
        &self.cells[cell]
    }
}

fn summary(draws: &[f64], level: Level) -> Summary {
    let (mean, sd) = moments(draws);
    let mut sorted = draws.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = (1.0 - level.get()) / 2.0;
    Summary {
        mean,
        sd,
        interval: Interval::new(quantile(&sorted, tail), quantile(&sorted, 1.0 - tail)),
    }
}

/// Mean and standard deviation.
fn moments(draws: &[f64]) -> (f64, f64) {
    let count = draws.len() as f64;
    let mean = draws.iter().sum::<f64>() / count;
    let squares = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (mean, (squares / (count - 1.0)).sqrt())
}
