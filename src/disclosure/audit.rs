//! Which sums of cells must be withheld so that no small count can be worked out from those that are shown.
//!
//! Shown counts are sums of cells. A withheld sum can be worked out exactly when it is a linear combination of shown
//! ones, so this is a question of row spaces. Written by hand because disclosure packages protect one table at a time,
//! and a bundle shows many tables of the same cells. It protects against exact recovery, not against bounds.

use std::collections::BTreeMap;

/// A count as a sum of cells.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    pub(super) cells: Vec<usize>,
    pub(super) count: u64,
}

/// A prime large enough that a chance zero modulo it is out of the question.
const PRIME: u64 = (1 << 61) - 1;

/// Indices of the sums to withhold: those under the minimum, and the smallest further ones until none of them, and no
/// smaller part that sums have in common, follows from the rest.
pub(super) fn withhold(sums: &[Sum], cells: &[u64], minimum: u64) -> Vec<usize> {
    let atoms = Atoms::new(sums, cells);
    let vectors: Vec<Vec<u64>> = (0..sums.len()).map(|i| atoms.vector(i)).collect();
    let mut is_withheld: Vec<bool> = sums.iter().map(|sum| sum.count < minimum).collect();
    loop {
        let shown: Vec<usize> = (0..sums.len()).filter(|&i| !is_withheld[i]).collect();
        let space = RowSpace::new(shown.iter().map(|&i| vectors[i].clone()).collect());
        let withheld_sums = (0..sums.len())
            .filter(|&i| is_withheld[i])
            .map(|i| vectors[i].clone());
        let mut targets = withheld_sums.chain(atoms.small(minimum));
        let Some(parts) = targets.find_map(|target| space.combination(&target)) else {
            break;
        };
        // A small part of shown sums that no sum states by itself is protected the same way: the smallest sum that betrays it goes.
        let smallest = parts
            .into_iter()
            .map(|part| shown[part])
            .min_by_key(|&i| (sums[i].count, i));
        match smallest {
            Some(i) => is_withheld[i] = true,
            None => break,
        }
    }
    (0..sums.len()).filter(|&i| is_withheld[i]).collect()
}

/// Cells that the same sums contain count as one: nothing that is shown can tell them apart.
struct Atoms {
    members: Vec<Vec<bool>>,
    counts: Vec<u64>,
}

impl Atoms {
    fn new(sums: &[Sum], cells: &[u64]) -> Self {
        let mut patterns: Vec<Vec<usize>> = vec![Vec::new(); cells.len()];
        for (i, sum) in sums.iter().enumerate() {
            for &cell in &sum.cells {
                patterns[cell].push(i);
            }
        }
        let mut by_pattern: BTreeMap<Vec<usize>, u64> = BTreeMap::new();
        for (pattern, count) in patterns
            .into_iter()
            .zip(cells)
            .filter(|(pattern, _)| !pattern.is_empty())
        {
            *by_pattern.entry(pattern).or_default() += count;
        }
        let members = (0..sums.len())
            .map(|i| {
                by_pattern
                    .keys()
                    .map(|pattern| pattern.binary_search(&i).is_ok())
                    .collect()
            })
            .collect();
        Self {
            members,
            counts: by_pattern.into_values().collect(),
        }
    }

    fn vector(&self, sum: usize) -> Vec<u64> {
        self.members[sum]
            .iter()
            .map(|&member| u64::from(member))
            .collect()
    }

    fn small(&self, minimum: u64) -> impl Iterator<Item = Vec<u64>> + '_ {
        let small = self
            .counts
            .iter()
            .enumerate()
            .filter(move |(_, count)| **count < minimum);
        small.map(|(at, _)| (0..self.counts.len()).map(|i| u64::from(i == at)).collect())
    }
}

/// An echelon basis of shown sums, each row with the combination of sums that made it.
struct RowSpace {
    rows: Vec<(usize, Vec<u64>, Vec<u64>)>,
    sums: usize,
}

impl RowSpace {
    fn new(vectors: Vec<Vec<u64>>) -> Self {
        let mut space = Self {
            rows: Vec::new(),
            sums: vectors.len(),
        };
        for (i, vector) in vectors.into_iter().enumerate() {
            let mut made_of = vec![0; space.sums];
            made_of[i] = 1;
            let (rest, made_of) = space.reduce(vector, made_of);
            let Some(pivot) = rest.iter().position(|&v| v != 0) else {
                continue;
            };
            let scale = inverse(rest[pivot]);
            let times = |v: Vec<u64>| v.into_iter().map(|x| multiply(x, scale)).collect();
            space.rows.push((pivot, times(rest), times(made_of)));
        }
        space
    }

    fn reduce(&self, mut vector: Vec<u64>, mut made_of: Vec<u64>) -> (Vec<u64>, Vec<u64>) {
        for (pivot, row, parts) in &self.rows {
            let factor = vector[*pivot];
            if factor != 0 {
                subtract(&mut vector, row, factor);
                subtract(&mut made_of, parts, factor);
            }
        }
        (vector, made_of)
    }

    /// The shown sums from which a vector follows; `None` when it does not follow.
    fn combination(&self, vector: &[u64]) -> Option<Vec<usize>> {
        let (rest, made_of) = self.reduce(vector.to_vec(), vec![0; self.sums]);
        let follows = rest.iter().all(|&v| v == 0) && vector.iter().any(|&v| v != 0);
        follows.then(|| {
            made_of
                .iter()
                .enumerate()
                .filter(|(_, part)| **part != 0)
                .map(|(i, _)| i)
                .collect()
        })
    }
}

fn subtract(from: &mut [u64], row: &[u64], factor: u64) {
    for (value, part) in from.iter_mut().zip(row) {
        *value = (*value + PRIME - multiply(*part, factor)) % PRIME;
    }
}

fn multiply(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b) % u128::from(PRIME);
    u64::try_from(product).expect("a remainder of the prime fits")
}

/// By Fermat's little theorem.
fn inverse(a: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, a, PRIME - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base);
        }
        base = multiply(base, base);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(cells: &[usize], counts: &[u64]) -> Sum {
        Sum {
            cells: cells.to_vec(),
            count: cells.iter().map(|&c| counts[c]).sum(),
        }
    }

    #[test]
    fn a_row_and_a_column_total_do_not_betray_a_cell_of_a_table() {
        let cells = [3, 40, 50, 60, 70, 80];
        let all: Vec<Vec<usize>> = vec![
            vec![0],
            vec![1],
            vec![2],
            vec![3],
            vec![4],
            vec![5],
            vec![0, 1, 2],
            vec![3, 4, 5],
            vec![0, 3],
            vec![1, 4],
            vec![2, 5],
        ];
        let sums: Vec<Sum> = all.iter().map(|s| sum(s, &cells)).collect();
        let withheld = withhold(&sums, &cells, 10);
        assert!(withheld.contains(&0));
        let shown: Vec<Vec<u64>> = (0..sums.len())
            .filter(|i| !withheld.contains(i))
            .map(|i| (0..6).map(|c| u64::from(all[i].contains(&c))).collect())
            .collect();
        assert!(
            RowSpace::new(shown)
                .combination(&[1, 0, 0, 0, 0, 0])
                .is_none()
        );
        assert!(withheld.len() < sums.len());
    }

    #[test]
    fn a_small_difference_of_two_shown_totals_is_a_small_count() {
        let cells = [100, 4];
        let sums = [sum(&[0, 1], &cells), sum(&[0], &cells)];
        assert_eq!(withhold(&sums, &cells, 10), [1], "104 - 100 would be 4");
    }

    #[test]
    fn nothing_is_withheld_without_need() {
        let cells = [20, 30];
        let sums = [sum(&[0, 1], &cells), sum(&[0], &cells), sum(&[1], &cells)];
        assert!(withhold(&sums, &cells, 10).is_empty());
    }
}
