//! Counts drawn from the model itself, to see whether the sampler finds what it was drawn from; and groups that differ by
//! chance alone.

use super::model::Density;
use super::{Cell, Counts, Priors, Sampling, ThresholdError, fit};
use crate::stats::draws::Draws;

/// Counts with the parameters that they were drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    /// The counts.
    pub counts: Counts,
    /// The threshold of each group, weighted by the stops of all groups.
    pub thresholds: Vec<f64>,
    /// The spread of thresholds within a group.
    pub sigma: f64,
}

/// Parameters from the prior, and counts from these.
///
/// # Definition
/// As [`super::fit`]: every parameter is drawn from its prior, searches and hits are then binomial.
///
/// # Units
/// `stops` is the number of stops of each group in each place, by place, then group.
///
/// # Edge cases
/// A group may have no search or no hit at all, as the model allows.
///
/// # Errors
/// Those of [`Counts::new`].
///
/// # Source
/// Talts, Betancourt, Simpson, Vehtari and Gelman (2018), algorithm 1.
pub fn draw_from_prior(
    (groups, stops): (usize, &[u64]),
    priors: Priors,
    seed: u64,
) -> Result<Drawn, ThresholdError> {
    let cell = |(i, stops): (usize, &u64)| Cell {
        group: i % groups.max(1),
        place: i / groups.max(1),
        stops: *stops,
        searches: 0,
        hits: 0,
    };
    let cells: Vec<Cell> = stops.iter().enumerate().map(cell).collect();
    let mut counts = Counts::new(groups, stops.len() / groups.max(1), cells)?;
    let mut draws = Draws::new(seed);
    let mut density = Density::new(&counts, priors);
    let deviates: Vec<f64> = (0..density.layout.len()).map(|_| draws.normal()).collect();
    let position = density.prior_position(&deviates);
    let sigma = libm::exp(position[density.layout.ln_sigma()]);
    let signals = density.signals(&position);
    let weights = counts.weights();
    let mut thresholds = vec![0.0; groups];
    for (i, (cell, signal)) in counts.cells.iter_mut().zip(signals).enumerate() {
        let (search, hit) = signal.rates();
        cell.searches = draws.binomial(cell.stops, search);
        cell.hits = draws.binomial(cell.searches, hit);
        thresholds[i % groups] += weights[i / groups] * signal.probability();
    }
    Ok(Drawn {
        counts,
        thresholds,
        sigma,
    })
}

/// Where the values that counts were drawn from lie among the draws: of the threshold of the first group, of the second
/// less the first, and of `sigma_t`; the share of draws below each.
///
/// # Definition
/// Over many data sets drawn from the prior these shares are uniform if the sampler is right. Also where a fit has not
/// converged: leaving such data sets out would choose among the parameters.
///
/// # Units
/// Shares of draws, 0 to 1.
///
/// # Edge cases
/// Draws that remember each other blur a share, not its mean distribution: compare few bins.
///
/// # Errors
/// Those of [`fit`].
///
/// # Source
/// Talts, Betancourt, Simpson, Vehtari and Gelman (2018), algorithm 1.
pub fn ranks(
    drawn: &Drawn,
    priors: Priors,
    sampling: Sampling,
) -> Result<[f64; 3], ThresholdError> {
    let posterior = fit(&drawn.counts, priors, sampling)?.posterior;
    let below = |draws: &[f64], truth: f64| {
        draws.iter().filter(|draw| **draw < truth).count() as f64 / draws.len() as f64
    };
    let [first, second] = [drawn.thresholds[0], drawn.thresholds[1]];
    Ok([
        below(posterior.group_draws(0), first),
        below(&posterior.difference_draws(1, 0), second - first),
        below(posterior.sigma_draws(), drawn.sigma),
    ])
}

/// One group cut into two by chance, each stop with equal probability: groups that have one threshold.
///
/// # Definition
/// Of each place, hits, searches without a hit and stops without a search are each split by a fair coin for every stop.
///
/// # Units
/// Stops.
///
/// # Edge cases
/// A place may give one half nothing.
///
/// # Errors
/// No such group.
///
/// # Source
/// Placebo groups as in Pierson, Corbett-Davies and Goel (2018), section 4.
pub fn split_at_random(counts: &Counts, group: usize, seed: u64) -> Result<Counts, ThresholdError> {
    let mut draws = Draws::new(seed);
    let own = counts.cells().iter().filter(|cell| cell.group == group);
    let mut cells = Vec::new();
    for cell in own {
        let parts = [
            cell.hits,
            cell.searches - cell.hits,
            cell.stops - cell.searches,
        ];
        let first = parts.map(|part| draws.half_of(part));
        let second = [0, 1, 2].map(|i| parts[i] - first[i]);
        for (half, [hits, misses, rest]) in [first, second].into_iter().enumerate() {
            cells.push(Cell {
                group: half,
                place: cell.place,
                stops: hits + misses + rest,
                searches: hits + misses,
                hits,
            });
        }
    }
    Counts::new(2, counts.places(), cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_its_counts_and_another_others() {
        let drawn = |seed| draw_from_prior((2, &[300, 200, 80, 90]), Priors::default(), seed);
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let one = drawn(1).unwrap();
        assert!(one.thresholds.iter().all(|t| (0.0..=1.0).contains(t)) && one.sigma > 0.0);
        assert!(
            draw_from_prior((2, &[300, 200]), Priors::default(), 1).is_err(),
            "one place"
        );
        assert!(draw_from_prior((0, &[]), Priors::default(), 1).is_err());
    }

    #[test]
    fn halves_add_up() {
        let counts = draw_from_prior((2, &[300, 200, 80, 90]), Priors::default(), 5)
            .unwrap()
            .counts;
        let split = split_at_random(&counts, 1, 9).unwrap();
        let [a, b] = [split.of_group(0), split.of_group(1)];
        let whole = counts.of_group(1);
        assert!(
            (0..3).all(|i| a[i] + b[i] == whole[i]),
            "{a:?} {b:?} {whole:?}"
        );
        assert!(a[0].abs_diff(b[0]) < 90 && a[0] > 0 && b[0] > 0);
        assert!(split_at_random(&counts, 7, 9).is_err());
    }
}
