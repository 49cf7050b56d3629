//! Which sums of counts must be withheld so that no small count can be worked out from those that are shown.
//!
//! Shown counts are sums of elementary ones. A withheld sum can be worked out exactly when it is a linear combination of
//! shown ones, so this is a question of row spaces. Written by hand because disclosure packages protect one table at a
//! time, and a bundle shows many tables of the same rows. It protects against exact recovery, not against bounds.

use std::collections::{BTreeMap, BTreeSet};

use super::remainders::Remainders;

/// An elementary count: persons of one kind in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elementary {
    pub(super) count: u64,
    /// Whether a small count of this kind says something about persons.
    pub(super) is_sensitive: bool,
}

/// A count as a sum of elementary ones: all of some kinds in some cells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sum {
    pub(super) cells: Vec<usize>,
    pub(super) kinds: Vec<usize>,
    pub(super) count: u64,
    /// Withheld before any other: nothing is lost without it.
    pub(super) is_expendable: bool,
}

/// Which sums must be withheld: those under the minimum, and the smallest further ones until none of them, and no smaller
/// part that sums have in common, follows from the rest.
pub(super) fn withheld(sums: &[Sum], elementary: &[Vec<Elementary>], minimum: u64) -> Vec<bool> {
    let atoms = Atoms::new(sums, elementary);
    let vectors: Vec<Sparse> = (0..sums.len()).map(|i| atoms.vector(i)).collect();
    let small = atoms.small(sums, minimum);
    let remainders = Remainders::new(sums, elementary.len());
    let mut is_withheld: Vec<bool> = sums.iter().map(|sum| sum.count < minimum).collect();
    loop {
        let shown: Vec<usize> = (0..sums.len()).filter(|&i| !is_withheld[i]).collect();
        let mut space = RowSpace::default();
        for (at, &i) in shown.iter().enumerate() {
            space.add(vectors[i].clone(), at);
        }
        let left: Vec<Sparse> = remainders
            .of(&is_withheld)
            .into_iter()
            .map(|(cells, kinds)| atoms.union(&cells, kinds))
            .filter(|union| atoms.is_small(union.keys(), sums, minimum))
            .collect();
        let targets = (0..sums.len())
            .filter(|&i| is_withheld[i])
            .map(|i| &vectors[i])
            .chain(&small)
            .chain(&left);
        let mut gone = BTreeSet::new();
        for parts in targets.filter_map(|target| space.combination(target)) {
            // What was found through a sum that has gone meanwhile is looked at again in the next round.
            if parts.iter().any(|part| gone.contains(&shown[*part])) {
                continue;
            }
            // The smallest sum that betrays it goes, a cell before a total, and before all others one that nobody
            // misses.
            gone.extend(
                parts
                    .into_iter()
                    .map(|part| shown[part])
                    .min_by_key(|&i| (!sums[i].is_expendable, vectors[i].len(), sums[i].count, i)),
            );
        }
        if gone.is_empty() {
            return is_withheld;
        }
        gone.into_iter().for_each(|i| is_withheld[i] = true);
    }
}

/// Entries that are not zero, by position.
type Sparse = BTreeMap<usize, u64>;

/// A prime large enough that a chance zero modulo it is out of the question.
const PRIME: u64 = (1 << 61) - 1;

/// Elementary counts that the same sums contain count as one: nothing that is shown can tell them apart.
struct Atoms<'a> {
    elementary: &'a [Vec<Elementary>],
    /// Which sums contain each atom.
    patterns: Vec<Vec<usize>>,
    /// The elementary counts in each, by cell and kind.
    members: Vec<Vec<(usize, usize)>>,
    of_sum: Vec<Vec<usize>>,
    /// The atom of each elementary count that any sum contains.
    of_part: BTreeMap<(usize, usize), usize>,
}

impl<'a> Atoms<'a> {
    fn new(sums: &[Sum], elementary: &'a [Vec<Elementary>]) -> Self {
        let mut pattern_of: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
        for (i, sum) in sums.iter().enumerate() {
            for &cell in &sum.cells {
                for &kind in &sum.kinds {
                    pattern_of.entry((cell, kind)).or_default().push(i);
                }
            }
        }
        let mut by_pattern: BTreeMap<Vec<usize>, Vec<(usize, usize)>> = BTreeMap::new();
        for (part, pattern) in pattern_of {
            by_pattern.entry(pattern).or_default().push(part);
        }
        let (patterns, members): (Vec<_>, Vec<Vec<_>>) = by_pattern.into_iter().unzip();
        let mut of_sum = vec![Vec::new(); sums.len()];
        for (atom, pattern) in patterns.iter().enumerate() {
            for &sum in pattern {
                of_sum[sum].push(atom);
            }
        }
        let numbered = members.iter().enumerate();
        let of_part = numbered
            .flat_map(|(atom, members)| members.iter().map(move |part| (*part, atom)))
            .collect();
        Self {
            elementary,
            patterns,
            members,
            of_sum,
            of_part,
        }
    }

    /// The atoms of some kinds in some cells, which are what sums leave of one another.
    fn union(&self, cells: &[usize], kinds: &[usize]) -> Sparse {
        let parts = cells
            .iter()
            .flat_map(|&cell| kinds.iter().map(move |&kind| (cell, kind)));
        parts
            .filter_map(|part| self.of_part.get(&part))
            .map(|&atom| (atom, 1))
            .collect()
    }

    fn vector(&self, sum: usize) -> Sparse {
        self.of_sum[sum].iter().map(|&atom| (atom, 1)).collect()
    }

    /// Atoms with few persons of a kind that says something about them.
    fn small(&self, sums: &[Sum], minimum: u64) -> Vec<Sparse> {
        (0..self.patterns.len())
            .map(|atom| Sparse::from([(atom, 1)]))
            .filter(|atom| self.is_small(atom.keys(), sums, minimum))
            .collect()
    }

    /// Whether few persons are in some atoms together. That nobody is left over is no secret.
    fn is_small<'k>(
        &self,
        atoms: impl Iterator<Item = &'k usize> + Clone,
        sums: &[Sum],
        minimum: u64,
    ) -> bool {
        let members = || {
            let parts = atoms.clone().flat_map(|&atom| &self.members[atom]);
            parts.map(|&(cell, kind)| self.elementary[cell][kind])
        };
        let count: u64 = members().map(|part| part.count).sum();
        let is_left_over = || {
            let mut patterns = atoms.clone().flat_map(|&atom| &self.patterns[atom]);
            patterns.all(|&sum| sums[sum].is_expendable)
        };
        count < minimum
            && members().any(|part| part.is_sensitive)
            && !(count == 0 && is_left_over())
    }
}

/// An echelon basis of vectors, each row with the combination of vectors that made it, by its first position.
#[derive(Default)]
struct RowSpace {
    rows: BTreeMap<usize, (Sparse, Sparse)>,
}

impl RowSpace {
    /// Adds a vector under a number; whether it did not follow from those before.
    fn add(&mut self, vector: Sparse, number: usize) -> bool {
        let (rest, made_of) = self.reduce(vector, Sparse::from([(number, 1)]));
        let Some((&pivot, &first)) = rest.first_key_value() else {
            return false;
        };
        let scale = inverse(first);
        let times = |v: Sparse| -> Sparse {
            v.into_iter()
                .map(|(i, x)| (i, multiply(x, scale)))
                .collect()
        };
        self.rows.insert(pivot, (times(rest), times(made_of)));
        true
    }

    fn reduce(&self, mut vector: Sparse, mut made_of: Sparse) -> (Sparse, Sparse) {
        let mut from = 0;
        while let Some((&at, &factor)) = vector.range(from..).next() {
            if let Some((row, parts)) = self.rows.get(&at) {
                subtract(&mut vector, row, factor);
                subtract(&mut made_of, parts, factor);
            }
            from = at + 1;
        }
        (vector, made_of)
    }

    /// The vectors from which another follows; `None` when it does not follow.
    fn combination(&self, vector: &Sparse) -> Option<Vec<usize>> {
        let (rest, made_of) = self.reduce(vector.clone(), Sparse::new());
        (rest.is_empty() && !vector.is_empty()).then(|| made_of.into_keys().collect())
    }
}

fn subtract(from: &mut Sparse, row: &Sparse, factor: u64) {
    for (&at, &part) in row {
        let value = from.get(&at).copied().unwrap_or_default();
        match (value + PRIME - multiply(part, factor)) % PRIME {
            0 => from.remove(&at),
            rest => from.insert(at, rest),
        };
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

    fn persons(counts: &[u64]) -> Vec<Vec<Elementary>> {
        let one = |&count: &u64| {
            vec![Elementary {
                count,
                is_sensitive: true,
            }]
        };
        counts.iter().map(one).collect()
    }

    fn sum(cells: &[usize], counts: &[u64]) -> Sum {
        Sum {
            cells: cells.to_vec(),
            kinds: vec![0],
            count: cells.iter().map(|&c| counts[c]).sum(),
            is_expendable: false,
        }
    }

    fn numbers(sums: &[Sum], counts: &[u64]) -> Vec<usize> {
        let is_withheld = withheld(sums, &persons(counts), 10);
        (0..sums.len()).filter(|&i| is_withheld[i]).collect()
    }

    const TABLE: [u64; 6] = [3, 40, 50, 60, 70, 80];

    fn table_with_margins() -> Vec<Sum> {
        let all: [&[usize]; 11] = [
            &[0],
            &[1],
            &[2],
            &[3],
            &[4],
            &[5],
            &[0, 1, 2],
            &[3, 4, 5],
            &[0, 3],
            &[1, 4],
            &[2, 5],
        ];
        all.iter().map(|parts| sum(parts, &TABLE)).collect()
    }

    #[test]
    fn a_row_and_a_column_total_do_not_betray_a_cell_of_a_table() {
        let sums = table_with_margins();
        let withheld = numbers(&sums, &TABLE);
        assert_eq!(
            withheld,
            [0, 1, 3, 4],
            "a cell of each row and column stays, and every total"
        );
        let mut shown = RowSpace::default();
        for i in (0..sums.len()).filter(|i| !withheld.contains(i)) {
            shown.add(sums[i].cells.iter().map(|&c| (c, 1)).collect(), i);
        }
        assert!(shown.combination(&Sparse::from([(0, 1)])).is_none());
    }

    #[test]
    fn a_small_difference_of_two_shown_totals_is_a_small_count() {
        let counts = [100, 4];
        let sums = [sum(&[0, 1], &counts), sum(&[0], &counts)];
        assert_eq!(numbers(&sums, &counts), [1], "104 - 100 would be 4");
    }

    #[test]
    fn few_persons_in_several_parts_together_are_protected() {
        // Rows kept, two groups of three, and a split of the third that is withheld by itself.
        let counts = [600, 395, 2, 3];
        let sums = [
            sum(&[0, 1, 2, 3], &counts),
            sum(&[0], &counts),
            sum(&[1], &counts),
            sum(&[2], &counts),
            sum(&[3], &counts),
        ];
        let withheld = numbers(&sums, &counts);
        assert!(
            [0, 1, 2].iter().any(|i| withheld.contains(i)),
            "1000 - 600 - 395 would be 5"
        );
    }

    #[test]
    fn what_a_total_leaves_of_withheld_cells_is_protected_although_nobody_is_there() {
        let counts = [30, 0, 0];
        let sums = [
            sum(&[0, 1, 2], &counts),
            sum(&[0], &counts),
            sum(&[1], &counts),
            sum(&[2], &counts),
        ];
        let withheld = numbers(&sums, &counts);
        assert!(
            withheld.contains(&0) || withheld.contains(&1),
            "30 - 30 would be 0 in both"
        );
    }

    #[test]
    fn what_nobody_misses_goes_first() {
        let counts = [100, 4];
        let mut sums = [sum(&[0, 1], &counts), sum(&[0], &counts)];
        sums[0].is_expendable = true;
        assert_eq!(numbers(&sums, &counts), [0]);
    }

    #[test]
    fn nothing_is_withheld_without_need() {
        let counts = [20, 30];
        let sums = [
            sum(&[0, 1], &counts),
            sum(&[0], &counts),
            sum(&[1], &counts),
        ];
        assert!(numbers(&sums, &counts).is_empty());
    }
}
