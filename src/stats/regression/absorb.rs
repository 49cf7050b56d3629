//! Effects of one or two factors taken out of columns, as weighted deviations from their means.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Factor, RegressionError};

/// Rounds of two alternating factors before giving up.
const ROUNDS: usize = 20_000;

/// Values looked at before giving up: many cells get fewer rounds, so that levels in a chain do not take for ever.
const VISITS: usize = 400_000_000;

/// Rounds end when no value moves by more than this, relative to the largest of its column.
const SETTLED: f64 = 1e-13;

/// The factors at the used rows.
#[derive(Debug, Clone)]
pub(super) struct Absorbed {
    factors: Vec<Levels>,
    effects: u64,
}

#[derive(Debug, Clone)]
struct Levels {
    name: String,
    /// The level of each used row, numbered from 0 in rising order.
    of_row: Vec<usize>,
    /// The levels as given.
    codes: Vec<u32>,
}

impl Absorbed {
    pub(super) fn new(factors: &[Factor], rows: &[usize]) -> Absorbed {
        let levels = |factor: &Factor| {
            let used: BTreeSet<u32> = rows.iter().map(|&row| factor.levels[row]).collect();
            let codes: Vec<u32> = used.into_iter().collect();
            let number = |row: &usize| {
                codes
                    .binary_search(&factor.levels[*row])
                    .expect("codes hold the level of every used row")
            };
            Levels {
                name: factor.name.clone(),
                of_row: rows.iter().map(number).collect(),
                codes,
            }
        };
        let factors: Vec<Levels> = factors.iter().map(levels).collect();
        let levels: usize = factors.iter().map(|factor| factor.codes.len()).sum();
        let shared = match factors.as_slice() {
            [first, second] => components(first, second),
            _ => 0,
        };
        Absorbed {
            effects: (levels - shared) as u64,
            factors,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.factors.is_empty()
    }

    /// The rank of the effects: levels, less one for each set of levels that two factors connect.
    pub(super) fn effects(&self) -> u64 {
        self.effects
    }

    /// What clusters take off the effects: the rank, less one, of the factors whose levels lie within one cluster each of
    /// some key.
    pub(super) fn nested(&self, keys: &[Vec<u32>]) -> u64 {
        let within = |factor: &&Levels| {
            let of_row = || factor.of_row.iter();
            keys.iter().any(|key| lie_within(of_row(), key))
        };
        match self.factors.iter().filter(within).collect::<Vec<_>>()[..] {
            [] => 0,
            [one] => one.codes.len() as u64 - 1,
            // Both of them: one may lie within the other.
            _ => self.effects - 1,
        }
    }

    /// The levels, in words, all of whose used rows are marked.
    pub(super) fn wholly(&self, marked: &[bool]) -> Vec<String> {
        let of_factor = |factor: &Levels| {
            let mut whole = vec![true; factor.codes.len()];
            for (&level, &mark) in factor.of_row.iter().zip(marked) {
                whole[level] &= mark;
            }
            let found = factor.codes.iter().zip(whole).filter(|(_, whole)| *whole);
            let words = found.map(|(code, _)| format!("{} {code}", factor.name));
            words.collect::<Vec<String>>()
        };
        self.factors.iter().flat_map(of_factor).collect()
    }

    /// Row-major columns less what the effects explain under weights `w`.
    pub(super) fn residual<'v>(
        &self,
        values: &'v [f64],
        columns: usize,
        w: &[f64],
    ) -> Result<Cow<'v, [f64]>, RegressionError> {
        let Some(first) = self.factors.first().filter(|_| columns > 0) else {
            return Ok(Cow::Borrowed(values));
        };
        let mut rest = values.to_vec();
        first.centre(&mut rest, columns, w);
        let Some(second) = self.factors.get(1) else {
            return Ok(Cow::Owned(rest));
        };
        let mut largest = vec![0.0_f64; columns];
        for row in values.chunks_exact(columns) {
            for (most, value) in largest.iter_mut().zip(row) {
                *most = most.max(value.abs());
            }
        }
        let rounds = rounds(values.len());
        for _ in 0..rounds {
            let moved = [second, first].map(|factor| factor.centre(&mut rest, columns, w));
            let still = |j: usize| moved.iter().all(|m| m[j] <= SETTLED * largest[j]);
            if (0..columns).all(still) {
                return Ok(Cow::Owned(rest));
            }
        }
        Err(RegressionError::NoConvergence {
            what: "the absorbed effects (give the factor of fewer levels as indicator columns)",
            iterations: rounds,
        })
    }
}

/// How many rounds so many values are given.
fn rounds(values: usize) -> usize {
    ROUNDS.min(VISITS / values.max(1)).max(1)
}

impl Levels {
    /// Takes the weighted mean of each level out of each column; the largest mean taken out of each.
    fn centre(&self, values: &mut [f64], columns: usize, w: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.codes.len() * columns];
        let mut weights = vec![0.0; self.codes.len()];
        for ((row, &level), &weight) in values.chunks_exact(columns).zip(&self.of_row).zip(w) {
            weights[level] += weight;
            for (sum, value) in sums[level * columns..][..columns].iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
        let mut moved = vec![0.0_f64; columns];
        for (means, weight) in sums.chunks_exact_mut(columns).zip(&weights) {
            for (mean, most) in means.iter_mut().zip(&mut moved) {
                *mean /= weight;
                *most = most.max(mean.abs());
            }
        }
        for (row, &level) in values.chunks_exact_mut(columns).zip(&self.of_row) {
            for (value, mean) in row.iter_mut().zip(&sums[level * columns..][..columns]) {
                *value -= mean;
            }
        }
        moved
    }
}

/// Into how many sets the levels of two factors fall when levels that share a row are joined.
fn components(first: &Levels, second: &Levels) -> usize {
    let mut parent: Vec<usize> = (0..first.codes.len() + second.codes.len()).collect();
    fn top(parent: &mut [usize], mut node: usize) -> usize {
        while parent[node] != node {
            parent[node] = parent[parent[node]];
            node = parent[node];
        }
        node
    }
    let mut sets = parent.len();
    for (&a, &b) in first.of_row.iter().zip(&second.of_row) {
        let (a, b) = (top(&mut parent, a), top(&mut parent, first.codes.len() + b));
        if a != b {
            parent[a] = b;
            sets -= 1;
        }
    }
    sets
}

/// Whether each level of a factor, given row by row, lies within one cluster.
pub(super) fn lie_within<L: Ord>(levels: impl Iterator<Item = L>, clusters: &[u32]) -> bool {
    let mut cluster_of = BTreeMap::new();
    levels
        .zip(clusters)
        .all(|(level, cluster)| cluster_of.entry(level).or_insert(cluster) == &cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factor(name: &str, levels: &[u32]) -> Factor {
        Factor {
            name: name.to_owned(),
            levels: levels.to_vec(),
        }
    }

    #[test]
    fn one_factor_takes_out_weighted_means() {
        let absorbed = Absorbed::new(&[factor("agency", &[8, 8, 3])], &[0, 1, 2]);
        let rest = absorbed
            .residual(&[1.0, 4.0, 9.0], 1, &[1.0, 2.0, 5.0])
            .expect("one round");
        assert_eq!(*rest, [-2.0, 1.0, 0.0]);
        assert_eq!(
            (absorbed.effects(), absorbed.wholly(&[true, false, true])),
            (2, vec!["agency 3".to_owned()])
        );
    }

    #[test]
    fn many_values_get_fewer_rounds() {
        assert_eq!(rounds(1_000), ROUNDS);
        assert_eq!(rounds(2_000_000), 200);
        assert_eq!(rounds(usize::MAX), 1);
    }

    #[test]
    fn a_chain_of_levels_takes_its_rounds_and_more_cells_are_given_up() {
        // Each level shares one cell with the next: what one end knows takes rounds to reach the other.
        let levels = |shift: u32| (0..300_u32).map(|i| (i + shift) / 2).collect::<Vec<_>>();
        let rows: Vec<usize> = (0..300).collect();
        let chain = [factor("odd", &levels(1)), factor("even", &levels(0))];
        let column: Vec<f64> = rows.iter().map(|&i| (i * i % 17) as f64).collect();
        let outcome = Absorbed::new(&chain, &rows).residual(&column, 1, &vec![1.0; rows.len()]);
        match outcome {
            Err(error @ RegressionError::NoConvergence { iterations, .. }) => {
                assert_eq!(iterations, ROUNDS);
                assert!(error.to_string().contains("indicator columns"));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_factors_count_connected_sets_once_and_clusters_take_off_nested_ones() {
        // Agencies 0 and 1 share month 0; agency 2 has month 1 to itself.
        let factors = [
            factor("agency", &[0, 0, 1, 2]),
            factor("month", &[0, 2, 0, 1]),
        ];
        let absorbed = Absorbed::new(&factors, &[0, 1, 2, 3]);
        assert_eq!(absorbed.effects(), 3 + 3 - 2);
        assert_eq!(absorbed.nested(&[vec![5, 5, 6, 6]]), 2);
        assert_eq!(absorbed.nested(&[vec![5, 6, 6, 6]]), 0);
    }
}
