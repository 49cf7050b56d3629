//! The threshold test: from stops, searches and hits by group and place, how probable contraband had to look before a
//! search was made.
//!
//! For the analysis of that name. [`Counts`] holds the data, [`fit`] samples the posterior, and [`Fit::posterior`]
//! answers only where the sampler has converged.

mod diagnostics;
mod model;
mod posterior;
mod sampler;
mod simulated;

pub use diagnostics::{Diagnosis, diagnose};
pub use posterior::{Posterior, Predicted, Summary};
pub use simulated::{Drawn, draw_from_prior, ranks, split_at_random};

use super::StatsError;
use model::Density;

/// What the threshold test refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ThresholdError {
    /// A number that no such model can have.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// A group and place that is not there once.
    #[error("group {group} in place {place}: {times} cells, must be one")]
    Cells {
        /// The group.
        group: usize,
        /// The place.
        place: usize,
        /// How many cells it has.
        times: usize,
    },
    /// The sampler could not start or stopped.
    #[error("the sampler stopped: {0}")]
    Sampler(String),
}

/// Stops, searches and hits of one group in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The group, counted from 0.
    pub group: usize,
    /// The place, counted from 0.
    pub place: usize,
    /// Stops.
    pub stops: u64,
    /// Searches among them.
    pub searches: u64,
    /// Searches that found contraband.
    pub hits: u64,
}

/// The data of a threshold test: each group in each place once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    groups: usize,
    places: usize,
    cells: Vec<Cell>,
    pinned: usize,
}

impl Counts {
    /// Counts of every group in every place, sorted by place, then group.
    ///
    /// # Errors
    /// Fewer than two groups or places; a cell absent or twice; more searches than stops or hits than searches.
    pub fn new(groups: usize, places: usize, mut cells: Vec<Cell>) -> Result<Self, ThresholdError> {
        for (what, got) in [("groups", groups), ("places", places)] {
            if got < 2 {
                return Err(StatsError::TooFew {
                    what,
                    got,
                    needed: 2,
                }
                .into());
            }
        }
        cells.sort_by_key(|cell| (cell.place, cell.group));
        for place in 0..places {
            for group in 0..groups {
                let own = |cell: &&Cell| cell.place == place && cell.group == group;
                let times = match cells.get(place * groups + group) {
                    Some(cell) if own(&cell) && cells.len() == groups * places => 1,
                    _ => cells.iter().filter(own).count(),
                };
                if times != 1 {
                    return Err(ThresholdError::Cells {
                        group,
                        place,
                        times,
                    });
                }
            }
        }
        if cells.len() != groups * places {
            return Err(StatsError::UnequalLengths {
                what: "cells",
                left: cells.len(),
                right: groups * places,
            }
            .into());
        }
        for cell in &cells {
            for (events, trials) in [(cell.searches, cell.stops), (cell.hits, cell.searches)] {
                if events > trials {
                    return Err(StatsError::EventsExceedTrials { events, trials }.into());
                }
            }
        }
        let stops = |place: usize| -> u64 {
            cells[place * groups..][..groups]
                .iter()
                .map(|cell| cell.stops)
                .sum()
        };
        let pinned = (0..places)
            .max_by_key(|place| (stops(*place), std::cmp::Reverse(*place)))
            .unwrap_or_default();
        Ok(Self {
            groups,
            places,
            cells,
            pinned,
        })
    }

    /// The same with another place whose effects are 0; without this it is the place with most stops, the first of several.
    /// Which one it is changes the model, so a comparison with another program needs that program's choice.
    ///
    /// # Errors
    /// No such place.
    pub fn pinned_at(self, place: usize) -> Result<Self, ThresholdError> {
        if place >= self.places {
            return Err(StatsError::OutOfRange {
                what: "place",
                value: place as f64,
                allowed: "one of the places",
            }
            .into());
        }
        Ok(Self {
            pinned: place,
            ..self
        })
    }

    /// The cells, by place, then group.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// The place whose effects are 0.
    #[must_use]
    pub fn pinned(&self) -> usize {
        self.pinned
    }

    /// Stops, searches and hits of a group in all places.
    #[must_use]
    pub fn of_group(&self, group: usize) -> [u64; 3] {
        let own = self.cells.iter().filter(|cell| cell.group == group);
        own.fold([0; 3], |[stops, searches, hits], cell| {
            [
                stops + cell.stops,
                searches + cell.searches,
                hits + cell.hits,
            ]
        })
    }

    /// The share of all stops, of whichever group, that were made in a place.
    fn weights(&self) -> Vec<f64> {
        let stops: Vec<u64> = self
            .cells
            .chunks(self.groups)
            .map(|place| place.iter().map(|cell| cell.stops).sum())
            .collect();
        let all = stops.iter().sum::<u64>() as f64;
        stops.into_iter().map(|own| own as f64 / all).collect()
    }
}

/// How far group and place may move the share of carriers and the signal: standard deviations of normal priors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priors {
    race_scale: f64,
    place_scale: f64,
}

impl Default for Priors {
    fn default() -> Self {
        Self {
            race_scale: 0.1,
            place_scale: 0.1,
        }
    }
}

impl Priors {
    /// Scales of the group effects, `s_r`, and of the place effects, `s_d`.
    ///
    /// # Errors
    /// A scale that is not positive and finite.
    pub fn new(race_scale: f64, place_scale: f64) -> Result<Self, ThresholdError> {
        for (what, value) in [("race scale", race_scale), ("place scale", place_scale)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(StatsError::OutOfRange {
                    what,
                    value,
                    allowed: "above 0",
                }
                .into());
            }
        }
        Ok(Self {
            race_scale,
            place_scale,
        })
    }

    /// `s_r`.
    #[must_use]
    pub fn race_scale(self) -> f64 {
        self.race_scale
    }

    /// `s_d`.
    #[must_use]
    pub fn place_scale(self) -> f64 {
        self.place_scale
    }
}

/// How the posterior is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Chains.
    pub chains: usize,
    /// Draws of each chain in which the sampler tunes itself, and which are thrown away.
    pub warmup: usize,
    /// Draws of each chain that are kept.
    pub draws: usize,
    /// The seed from which every chain has its own.
    pub seed: u64,
    /// How many threads may work at once, at least one. Draws do not depend on it.
    pub threads: usize,
}

/// A sampled posterior, with what says whether it may be believed.
#[derive(Debug, Clone)]
pub struct Fit {
    diagnostics: Diagnostics,
    posterior: Posterior,
}

/// Whether chains agree, over every coordinate and every number that is reported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diagnostics {
    /// The largest rank-normalised split R-hat.
    pub r_hat: f64,
    /// The smallest effective sample size of a centre.
    pub bulk_ess: f64,
    /// The smallest effective sample size of a 5 % or 95 % quantile.
    pub tail_ess: f64,
    /// Draws whose trajectory diverged.
    pub divergences: u64,
}

impl Diagnostics {
    /// R-hat must be below this.
    pub const MOST_R_HAT: f64 = 1.01;
    /// Both effective sample sizes must be above this.
    pub const LEAST_ESS: f64 = 400.0;

    /// Whether the draws may be used: R-hat below 1.01, both effective sample sizes above 400, no divergence.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.r_hat < Self::MOST_R_HAT
            && self.bulk_ess > Self::LEAST_ESS
            && self.tail_ess > Self::LEAST_ESS
            && self.divergences == 0
    }
}

impl Fit {
    /// Whether the chains agree.
    #[must_use]
    pub fn diagnostics(&self) -> Diagnostics {
        self.diagnostics
    }

    /// The posterior; `None` where the sampler has not converged.
    #[must_use]
    pub fn posterior(&self) -> Option<&Posterior> {
        self.diagnostics.converged().then_some(&self.posterior)
    }
}

/// The posterior of the threshold test.
///
/// # Definition
/// For group `r` and place `d`: `phi = logit^-1(phi_r + phi_d)`, `delta = exp(delta_r + delta_d)`,
/// `t = t_r + sigma_t z`. Searches are binomial of stops with `s = phi Phi(delta - t) + (1 - phi) Phi(-t)`, hits
/// binomial of searches with `phi Phi(delta - t) / s`. `mu_phi, mu_delta, t_r, z ~ N(0, 1)`, `sigma_t ~ N+(0, 1)`,
/// `phi_r ~ N(mu_phi, s_r)`, `delta_r ~ N(mu_delta, s_r)`, place effects `~ N(0, s_d)` with one place pinned at 0.
/// Sampled by the No-U-Turn sampler with a diagonal metric, chains started at independent draws from the prior.
///
/// # Units
/// Stops, searches and hits; thresholds are probabilities.
///
/// # Edge cases
/// A cell without stops adds nothing, and its threshold is what the group's other cells say. Far tails are computed in
/// logarithms. The same seed gives the same draws for any number of threads.
///
/// # Errors
/// Fewer than four draws or no chain; the log density cannot be computed at any start.
///
/// # Source
/// Simoiu, Corbett-Davies and Goel (2017); Pierson, Corbett-Davies and Goel (2018), section 3; Pierson et al. (2020).
/// Hoffman and Gelman (2014), the sampler. Agrees with Stan (pystan 3.10) and NumPyro within Monte Carlo error.
pub fn fit(counts: &Counts, priors: Priors, sampling: Sampling) -> Result<Fit, ThresholdError> {
    if sampling.chains == 0 || sampling.draws < 4 {
        return Err(StatsError::TooFew {
            what: "draws of a chain",
            got: if sampling.chains == 0 {
                0
            } else {
                sampling.draws
            },
            needed: 4,
        }
        .into());
    }
    let density = Density::new(counts, priors);
    let chains = sampler::sample(&density, sampling)?;
    let posterior = Posterior::new(counts, &density, &chains);
    Ok(Fit {
        diagnostics: diagnostics::of_all(&chains, &posterior),
        posterior,
    })
}
