//! Which sums of counts must be withheld so that no small count can be worked out from those that are shown.
//!
//! Shown counts are sums of elementary ones. A withheld sum can be worked out exactly when it is a linear combination of
//! shown ones, so this is a question of row spaces. Written by hand because disclosure packages protect one table at a
//! time, and a bundle shows many tables of the same rows. It protects against exact recovery, not against bounds.

use std::collections::BTreeMap;

/// An elementary count: persons of one kind in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Elementary {
    pub(super) count: u64,
    /// Whether a small count of this kind says something about persons.
    pub(super) is_sensitive: bool,
}

/// A count as a sum of elementary ones, by their numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Sum {
    pub(super) parts: Vec<usize>,
    pub(super) count: u64,
    /// Withheld before any other: nothing is lost without it.
    pub(super) is_expendable: bool,
}

/// What may be shown of some sums.
pub(super) struct Audit<'a> {
    sums: &'a [Sum],
    elementary: &'a [Elementary],
    pub(super) is_withheld: Vec<bool>,
}

impl<'a> Audit<'a> {
    /// Withholds the sums under the minimum, and the smallest further ones until none of them, and no smaller part that
    /// sums have in common, follows from the rest.
    pub(super) fn new(sums: &'a [Sum], elementary: &'a [Elementary], minimum: u64) -> Self {
        let atoms = Atoms::new(sums, elementary.len());
        let vectors: Vec<Sparse> = (0..sums.len()).map(|i| atoms.vector(i)).collect();
        let small = atoms.small(sums, elementary, minimum);
        let mut is_withheld: Vec<bool> = sums.iter().map(|sum| sum.count < minimum).collect();
        loop {
            let shown: Vec<usize> = (0..sums.len()).filter(|&i| !is_withheld[i]).collect();
            let mut space = RowSpace::default();
            for (at, &i) in shown.iter().enumerate() {
                space.add(vectors[i].clone(), at);
            }
            let withheld = (0..sums.len()).filter(|&i| is_withheld[i]);
            let unions = atoms.small_unions(&space, (sums, elementary), minimum);
            let betrayed = withheld
                .map(|i| &vectors[i])
                .chain(&small)
                .chain(&unions)
                .find_map(|target| space.combination(target));
            let Some(parts) = betrayed else { break };
            // A small part of shown sums that no sum states by itself is protected the same way: the smallest sum that
            // betrays it goes, a cell before a total, and before all others one that nobody misses.
            let smallest = parts
                .into_iter()
                .map(|part| shown[part])
                .min_by_key(|&i| (!sums[i].is_expendable, vectors[i].len(), sums[i].count, i));
            match smallest {
                Some(i) => is_withheld[i] = true,
                None => break,
            }
        }
        Self {
            sums,
            elementary,
            is_withheld,
        }
    }

    /// How many of some further sums, up to a number wanted, stay independent unknowns to a reader of those that are
    /// shown.
    pub(super) fn unknowns(&self, further: &[Vec<usize>], at_most: usize) -> usize {
        let shown = (0..self.sums.len()).filter(|&i| !self.is_withheld[i]);
        let mut all: Vec<Sum> = shown.map(|i| self.sums[i].clone()).collect();
        let known = all.len();
        // A sum of nothing is a zero that nobody was told.
        let zeros = further.iter().filter(|parts| parts.is_empty()).count();
        all.extend(
            further
                .iter()
                .filter(|parts| !parts.is_empty())
                .map(|parts| Sum {
                    parts: parts.clone(),
                    count: 0,
                    is_expendable: false,
                }),
        );
        let atoms = Atoms::new(&all, self.elementary.len());
        let mut space = RowSpace::default();
        for i in 0..known {
            space.add(atoms.vector(i), i);
        }
        let independent = (known..all.len())
            .filter(|&i| space.add(atoms.vector(i), i))
            .take(at_most)
            .count();
        zeros.saturating_add(independent).min(at_most)
    }
}

/// Entries that are not zero, by position.
type Sparse = BTreeMap<usize, u64>;

/// A prime large enough that a chance zero modulo it is out of the question.
const PRIME: u64 = (1 << 61) - 1;

/// Elementary counts that the same sums contain count as one: nothing that is shown can tell them apart.
struct Atoms {
    /// Which sums contain each atom.
    patterns: Vec<Vec<usize>>,
    /// The elementary counts in each.
    members: Vec<Vec<usize>>,
    of_sum: Vec<Vec<usize>>,
}

impl Atoms {
    fn new(sums: &[Sum], elementary: usize) -> Self {
        let mut pattern_of: Vec<Vec<usize>> = vec![Vec::new(); elementary];
        for (i, sum) in sums.iter().enumerate() {
            for &part in &sum.parts {
                pattern_of[part].push(i);
            }
        }
        let mut by_pattern: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (part, pattern) in pattern_of.into_iter().enumerate() {
            if !pattern.is_empty() {
                by_pattern.entry(pattern).or_default().push(part);
            }
        }
        let (patterns, members): (Vec<_>, Vec<_>) = by_pattern.into_iter().unzip();
        let mut of_sum = vec![Vec::new(); sums.len()];
        for (atom, pattern) in patterns.iter().enumerate() {
            for &sum in pattern {
                of_sum[sum].push(atom);
            }
        }
        Self {
            patterns,
            members,
            of_sum,
        }
    }

    fn vector(&self, sum: usize) -> Sparse {
        self.of_sum[sum].iter().map(|&atom| (atom, 1)).collect()
    }

    /// Atoms with few persons of a kind that says something about them. That nobody is left over is no secret.
    fn small(&self, sums: &[Sum], elementary: &[Elementary], minimum: u64) -> Vec<Sparse> {
        (0..self.patterns.len())
            .map(|atom| Sparse::from([(atom, 1)]))
            .filter(|atom| self.is_small(atom.keys(), (sums, elementary), minimum))
            .collect()
    }

    /// Few persons in several atoms together, which no sum states and shown ones give. A reader who solves for them
    /// finds them among the reduced rows of what is shown.
    fn small_unions(
        &self,
        space: &RowSpace,
        counts: (&[Sum], &[Elementary]),
        minimum: u64,
    ) -> Vec<Sparse> {
        let is_union = |row: &Sparse| row.len() > 1 && row.values().all(|&part| part == 1);
        space
            .reduced()
            .into_iter()
            .filter(is_union)
            .filter(|row| self.is_small(row.keys(), counts, minimum))
            .collect()
    }

    fn is_small<'a>(
        &self,
        atoms: impl Iterator<Item = &'a usize> + Clone,
        (sums, elementary): (&[Sum], &[Elementary]),
        minimum: u64,
    ) -> bool {
        let members = || {
            let parts = atoms.clone().flat_map(|&atom| &self.members[atom]);
            parts.map(|&part| elementary[part])
        };
        let count: u64 = members().map(|part| part.count).sum();
        let is_left_over = || {
            let patterns = atoms.clone().flat_map(|&atom| &self.patterns[atom]);
            patterns.into_iter().all(|&sum| sums[sum].is_expendable)
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

    /// The same space with every pivot in its own row only.
    fn reduced(&self) -> Vec<Sparse> {
        let mut done: BTreeMap<usize, Sparse> = BTreeMap::new();
        for (&pivot, (row, _)) in self.rows.iter().rev() {
            let mut row = row.clone();
            let later: Vec<usize> = row
                .keys()
                .copied()
                .filter(|at| done.contains_key(at))
                .collect();
            for at in later {
                let factor = row[&at];
                subtract(&mut row, &done[&at], factor);
            }
            done.insert(pivot, row);
        }
        done.into_values().collect()
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

    fn persons(counts: &[u64]) -> Vec<Elementary> {
        let one = |&count: &u64| Elementary {
            count,
            is_sensitive: true,
        };
        counts.iter().map(one).collect()
    }

    fn sum(parts: &[usize], counts: &[u64]) -> Sum {
        Sum {
            parts: parts.to_vec(),
            count: parts.iter().map(|&c| counts[c]).sum(),
            is_expendable: false,
        }
    }

    fn withheld(sums: &[Sum], counts: &[u64]) -> Vec<usize> {
        let elementary = persons(counts);
        let audit = Audit::new(sums, &elementary, 10);
        (0..sums.len()).filter(|&i| audit.is_withheld[i]).collect()
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
        let withheld = withheld(&sums, &TABLE);
        assert_eq!(
            withheld,
            [0, 1, 3, 4],
            "a cell of each row and column stays, and every total"
        );
        let mut shown = RowSpace::default();
        for i in (0..sums.len()).filter(|i| !withheld.contains(i)) {
            shown.add(sums[i].parts.iter().map(|&c| (c, 1)).collect(), i);
        }
        assert!(shown.combination(&Sparse::from([(0, 1)])).is_none());
    }

    #[test]
    fn a_small_difference_of_two_shown_totals_is_a_small_count() {
        let counts = [100, 4];
        let sums = [sum(&[0, 1], &counts), sum(&[0], &counts)];
        assert_eq!(withheld(&sums, &counts), [1], "104 - 100 would be 4");
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
        let withheld = withheld(&sums, &counts);
        assert!(
            [0, 1, 2].iter().any(|i| withheld.contains(i)),
            "1000 - 600 - 395 would be 5"
        );
    }

    #[test]
    fn what_nobody_misses_goes_first() {
        let counts = [100, 4];
        let mut sums = [sum(&[0, 1], &counts), sum(&[0], &counts)];
        sums[0].is_expendable = true;
        assert_eq!(withheld(&sums, &counts), [0]);
    }

    #[test]
    fn nothing_is_withheld_without_need() {
        let counts = [20, 30];
        let sums = [
            sum(&[0, 1], &counts),
            sum(&[0], &counts),
            sum(&[1], &counts),
        ];
        assert!(withheld(&sums, &counts).is_empty());
    }

    #[test]
    fn what_follows_from_shown_sums_is_no_unknown() {
        let sums = table_with_margins();
        let elementary = persons(&TABLE);
        let audit = Audit::new(&sums, &elementary, 10);
        assert_eq!(audit.unknowns(&[vec![5]], 10), 0, "the cell is shown");
        assert_eq!(audit.unknowns(&[vec![0]], 10), 1);
        assert_eq!(
            audit.unknowns(&[vec![0], vec![3], vec![1]], 10),
            1,
            "the margins tie them together"
        );
    }
}
