//! Whether chains agree: rank-normalised split R-hat and effective sample sizes.

use super::Diagnostics;
use super::posterior::Posterior;
use super::sampler::Chains;
use crate::stats::special::normal_quantile;

/// How well the chains of one number agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diagnosis {
    /// Rank-normalised split R-hat, the larger of that of the number and of its distance from the median.
    pub r_hat: f64,
    /// Effective sample size of the centre, on ranks.
    pub bulk_ess: f64,
    /// The smaller of those of the 5 % and the 95 % quantile.
    pub tail_ess: f64,
    /// Effective sample size of the mean itself.
    pub mean_ess: f64,
}

/// How well chains of one number agree.
///
/// # Definition
/// Each chain is cut into two halves of equal length (the middle draw of an odd number is left out). Bulk: the halves'
/// draws become normal scores of their joint ranks `(rank - 3/8) / (S + 1/4)`. `R-hat = sqrt(((n - 1)/n W + B) / W)`, `W`
/// the mean variance within halves, `B` the variance of their means; the larger of that of the scores and of the scores
/// of `|x - median|`. `ESS = S / tau`, `tau` one plus twice the sum of autocorrelations
/// `1 - (W - mean autocovariance) / ((n - 1)/n W + B)`, in pairs as long as these are positive and never growing. Tail: of
/// the indicators that a draw is not above the 5 % and the 95 % quantile. Mean: of the draws themselves.
///
/// # Units
/// Draws.
///
/// # Edge cases
/// A number that never changes, or is not finite, has no spread to compare: NaN, which no bound admits. An indicator that
/// never changes is left out.
///
/// # Errors
/// None; chains of unequal or too small length give NaN.
///
/// # Source
/// Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), sections 3 and 4; Geyer (1992). Agrees with ArviZ 0.23.
#[must_use]
pub fn diagnose(chains: &[&[f64]]) -> Diagnosis {
    let length = chains.first().map_or(0, |chain| chain.len());
    with_scores(chains, &scores(2 * (length / 2) * chains.len()))
}

/// The same with the normal scores of as many draws as the halves have, which are alike for every number.
fn with_scores(chains: &[&[f64]], table: &[f64]) -> Diagnosis {
    let undefined = Diagnosis {
        r_hat: f64::NAN,
        bulk_ess: f64::NAN,
        tail_ess: f64::NAN,
        mean_ess: f64::NAN,
    };
    let length = chains.first().map_or(0, |chain| chain.len());
    let half = length / 2;
    let is_even = chains.iter().all(|chain| chain.len() == length);
    let all = || chains.iter().flat_map(|chain| chain.iter());
    if half < 2 || !is_even || !all().all(|x| x.is_finite()) {
        return undefined;
    }
    let halves: Vec<f64> = chains
        .iter()
        .flat_map(|chain| [&chain[..half], &chain[length - half..]])
        .flatten()
        .copied()
        .collect();
    let mut sorted = halves.clone();
    sorted.sort_by(f64::total_cmp);
    let centre = quantile(&sorted, 0.5);
    let folded: Vec<f64> = halves.iter().map(|x| (x - centre).abs()).collect();
    let bulk = Halves::new(normal_scores(&halves, table), half);
    let spread = Halves::new(normal_scores(&folded, table), half);
    // Quantiles are those of all draws, the middle ones among them.
    let mut every: Vec<f64> = all().copied().collect();
    every.sort_by(f64::total_cmp);
    let tails = [0.05, 0.95].map(|at| {
        let bound = quantile(&every, at);
        let below = halves.iter().map(|x| f64::from(u8::from(*x <= bound)));
        Halves::new(below.collect(), half).ess()
    });
    Diagnosis {
        r_hat: larger(bulk.r_hat(), spread.r_hat()),
        bulk_ess: bulk.ess(),
        tail_ess: tails[0].min(tails[1]),
        mean_ess: Halves::new(halves, half).ess(),
    }
}

/// The larger of two; NaN if either is.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// The worst over every coordinate and every number that is reported.
pub(super) fn of_all(chains: &Chains, posterior: &Posterior) -> Diagnostics {
    let size = chains.draws[0][0].len();
    let coordinate = |i: usize| -> Vec<Vec<f64>> {
        let of_chain = |draws: &Vec<Box<[f64]>>| draws.iter().map(|draw| draw[i]).collect();
        chains.draws.iter().map(of_chain).collect()
    };
    let mut worst = Diagnostics {
        r_hat: 0.0,
        bulk_ess: f64::INFINITY,
        tail_ess: f64::INFINITY,
        divergences: chains.divergences,
    };
    let smaller = |a: f64, b: f64| -larger(-a, -b);
    let mut add = |own: Diagnosis| {
        worst.r_hat = larger(worst.r_hat, own.r_hat);
        worst.bulk_ess = smaller(worst.bulk_ess, own.bulk_ess);
        worst.tail_ess = smaller(worst.tail_ess, own.tail_ess);
    };
    let length = chains.draws[0].len();
    let table = scores(2 * (length / 2) * chains.draws.len());
    for i in 0..size {
        let own = coordinate(i);
        let own: Vec<&[f64]> = own.iter().map(Vec::as_slice).collect();
        add(with_scores(&own, &table));
    }
    for number in posterior.reported() {
        let own: Vec<&[f64]> = number.chunks(length).collect();
        add(with_scores(&own, &table));
    }
    worst
}

/// The quantile of sorted numbers, linear between them.
pub(super) fn quantile(sorted: &[f64], at: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = at * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// Normal scores of ranks and of half ranks, from rank 1 on: ties share the mean of theirs.
fn scores(count: usize) -> Vec<f64> {
    let score = |twice: usize| {
        let rank = 1.0 + twice as f64 / 2.0;
        normal_quantile((rank - 0.375) / (count as f64 + 0.25))
    };
    (0..(2 * count).saturating_sub(1)).map(score).collect()
}

fn normal_scores(draws: &[f64], table: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..draws.len()).collect();
    order.sort_by(|a, b| draws[*a].total_cmp(&draws[*b]));
    let mut scores = vec![0.0; draws.len()];
    let mut from = 0;
    // In rising order, so not below is equal; 0 and -0 are one value.
    for tied in order.chunk_by(|a, b| draws[*a] >= draws[*b]) {
        let twice_the_mean = 2 * from + tied.len() - 1;
        tied.iter().for_each(|i| scores[*i] = table[twice_the_mean]);
        from += tied.len();
    }
    scores
}

/// Halves of chains, one after the other, with their means taken out.
struct Halves {
    centred: Vec<f64>,
    length: usize,
    /// Mean variance within halves.
    within: f64,
    /// That, and the variance of the means.
    total: f64,
}

impl Halves {
    fn new(mut draws: Vec<f64>, length: usize) -> Self {
        let n = length as f64;
        let (mut means, mut within) = (Vec::new(), 0.0);
        for half in draws.chunks_mut(length) {
            let mean = half.iter().sum::<f64>() / n;
            half.iter_mut().for_each(|x| *x -= mean);
            within += half.iter().map(|x| x * x).sum::<f64>() / (n - 1.0);
            means.push(mean);
        }
        let count = means.len() as f64;
        within /= count;
        let mean = means.iter().sum::<f64>() / count;
        let between = means.iter().map(|m| (m - mean) * (m - mean)).sum::<f64>() / (count - 1.0);
        Self {
            centred: draws,
            length,
            within,
            total: within * (n - 1.0) / n + between,
        }
    }

    fn r_hat(&self) -> f64 {
        (self.total / self.within).sqrt()
    }

    /// Autocorrelation over all halves.
    fn correlation(&self, lag: usize) -> f64 {
        let halves = self.centred.chunks(self.length);
        let count = (self.centred.len() / self.length) as f64;
        let products =
            halves.map(|half| -> f64 { half[lag..].iter().zip(half).map(|(a, b)| a * b).sum() });
        let covariance = products.sum::<f64>() / (self.length as f64 * count);
        1.0 - (self.within - covariance) / self.total
    }

    fn ess(&self) -> f64 {
        let draws = self.centred.len() as f64;
        if self.within.is_nan() || self.within <= 0.0 {
            return f64::NAN;
        }
        let mut tau = 0.0;
        let mut smallest = f64::INFINITY;
        let (mut even, mut odd) = (1.0, self.correlation(1));
        let mut lag = 1;
        // The last lags are averages of hardly any products: their pair ends the sum as a negative one does.
        while even + odd > 0.0 && lag + 3 < self.length {
            smallest = smallest.min(even + odd);
            tau += 2.0 * smallest;
            lag += 2;
            (even, odd) = (self.correlation(lag - 1), self.correlation(lag));
        }
        // The first half of the pair that ends the sum still counts where it is positive.
        tau += even.max(0.0) - 1.0;
        draws / tau.max(1.0 / libm::log10(draws))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::draws::Draws;

    fn noise(chains: usize, length: usize, seed: u64) -> Vec<Vec<f64>> {
        let mut draws = Draws::new(seed);
        let chain = |_| (0..length).map(|_| draws.normal()).collect();
        (0..chains).map(chain).collect()
    }

    fn of(chains: &[Vec<f64>]) -> Diagnosis {
        let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        diagnose(&chains)
    }

    #[test]
    fn independent_draws_are_worth_themselves() {
        let found = of(&noise(4, 1000, 1));
        assert!((found.r_hat - 1.0).abs() < 0.005, "{found:?}");
        for ess in [found.bulk_ess, found.tail_ess, found.mean_ess] {
            assert!((3200.0..5200.0).contains(&ess), "{found:?}");
        }
    }

    #[test]
    fn a_chain_that_lies_apart_or_wider_is_seen() {
        let mut apart = noise(4, 500, 2);
        apart[3].iter_mut().for_each(|x| *x += 1.0);
        assert!(of(&apart).r_hat > 1.1, "{:?}", of(&apart));
        let mut wider = noise(4, 500, 3);
        wider[3].iter_mut().for_each(|x| *x *= 3.0);
        assert!(of(&wider).r_hat > 1.05, "{:?}", of(&wider));
    }

    #[test]
    fn draws_that_remember_are_worth_less_and_those_that_alternate_more() {
        let remember = |by: f64| -> Vec<Vec<f64>> {
            let mut chains = noise(4, 2000, 4);
            for chain in &mut chains {
                for i in 1..chain.len() {
                    chain[i] += by * chain[i - 1];
                }
            }
            chains
        };
        // (1 - rho) / (1 + rho) of the draws.
        let (slow, quick) = (of(&remember(0.9)), of(&remember(-0.5)));
        assert!(
            (slow.mean_ess / (8000.0 / 19.0) - 1.0).abs() < 0.25,
            "{slow:?}"
        );
        assert!((quick.mean_ess / 24_000.0 - 1.0).abs() < 0.25, "{quick:?}");
    }

    #[test]
    fn what_never_changes_or_is_not_finite_is_refused() {
        let constant = vec![vec![1.0; 100]; 4];
        assert!(of(&constant).r_hat.is_nan() && of(&constant).bulk_ess.is_nan());
        let mut infinite = noise(4, 100, 5);
        infinite[0][3] = f64::INFINITY;
        assert!(of(&infinite).r_hat.is_nan());
        assert!(of(&[]).r_hat.is_nan() && of(&[vec![1.0]]).r_hat.is_nan());
        let worst = Diagnostics {
            r_hat: f64::NAN,
            bulk_ess: 500.0,
            tail_ess: 500.0,
            divergences: 0,
        };
        assert!(!worst.converged());
    }

    #[test]
    fn order_and_rising_maps_change_no_rank_statistic() {
        let chains = noise(3, 301, 6);
        let mapped: Vec<Vec<f64>> = (chains.iter())
            .rev()
            .map(|chain| chain.iter().map(|x| x.exp()).collect())
            .collect();
        let (a, b) = (of(&chains), of(&mapped));
        assert!((a.bulk_ess / b.bulk_ess - 1.0).abs() < 1e-9, "{a:?} {b:?}");
    }
}
