//! What is left of a shown total when the shown sums inside it are taken away: the count that a reader with a pencil
//! finds first, whether or not it is stated anywhere.

use std::collections::BTreeMap;

use super::audit::Sum;

/// A set of cells, one bit each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cells(Vec<u64>);

impl Cells {
    fn of(cells: &[usize], all: usize) -> Self {
        let mut bits = vec![0; all.div_ceil(64)];
        for cell in cells {
            bits[cell / 64] |= 1 << (cell % 64);
        }
        Self(bits)
    }

    fn contains(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(a, b)| b & !a == 0)
    }

    fn take(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a &= !b;
        }
    }

    fn list(&self) -> Vec<usize> {
        let bits = self.0.iter().enumerate();
        bits.flat_map(|(word, bits)| {
            (0..64)
                .filter(move |bit| bits >> bit & 1 == 1)
                .map(move |bit| word * 64 + bit)
        })
        .collect()
    }
}

/// A stated sum, or the difference of two over the same cells: searches, stops without a search.
struct Total {
    cells: Cells,
    kinds: Vec<usize>,
    size: usize,
    /// The stated sums that must be shown for it to be known.
    from: Vec<usize>,
    /// Totals of the same kinds inside it, the largest first.
    inside: Vec<usize>,
}

/// Totals and what lies inside each.
pub(super) struct Remainders {
    totals: Vec<Total>,
}

impl Remainders {
    pub(super) fn new(sums: &[Sum], cells: usize) -> Self {
        let mut totals: Vec<Total> = Vec::new();
        let mut by_cells: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
        for (i, sum) in sums.iter().enumerate() {
            by_cells.entry(&sum.cells).or_default().push(i);
        }
        let mut add = |own: &[usize], kinds: Vec<usize>, from: Vec<usize>| {
            totals.push(Total {
                cells: Cells::of(own, cells),
                kinds,
                size: own.len(),
                from,
                inside: Vec::new(),
            });
        };
        for (own, numbers) in by_cells {
            for &i in &numbers {
                add(own, sums[i].kinds.clone(), vec![i]);
                for &j in numbers.iter().filter(|&&j| j != i) {
                    let is_part = sums[j]
                        .kinds
                        .iter()
                        .all(|kind| sums[i].kinds.contains(kind));
                    let rest = sums[i]
                        .kinds
                        .iter()
                        .filter(|kind| !sums[j].kinds.contains(kind));
                    let rest: Vec<usize> = rest.copied().collect();
                    if is_part && !rest.is_empty() {
                        add(own, rest, vec![i, j]);
                    }
                }
            }
        }
        let mut by_kinds: BTreeMap<Vec<usize>, Vec<usize>> = BTreeMap::new();
        for (i, total) in totals.iter().enumerate() {
            by_kinds.entry(total.kinds.clone()).or_default().push(i);
        }
        for mut alike in by_kinds.into_values() {
            alike.sort_by_key(|&i| std::cmp::Reverse(totals[i].size));
            for &outer in &alike {
                let inside = alike.iter().copied().filter(|&inner| {
                    totals[inner].size < totals[outer].size
                        && totals[outer].cells.contains(&totals[inner].cells)
                });
                totals[outer].inside = inside.collect();
            }
        }
        Self { totals }
    }

    /// The remainders that a reader of the shown sums finds, as cells and kinds: with the largest sums taken away first,
    /// and with the smallest first.
    pub(super) fn of(&self, is_withheld: &[bool]) -> Vec<(Vec<usize>, &[usize])> {
        let is_known = |total: &Total| total.from.iter().all(|&i| !is_withheld[i]);
        let mut found = Vec::new();
        for total in self.totals.iter().filter(|total| is_known(total)) {
            let inside: Vec<&Total> = total
                .inside
                .iter()
                .map(|&i| &self.totals[i])
                .filter(|inner| is_known(inner))
                .collect();
            if inside.is_empty() {
                continue;
            }
            let rest = |order: &mut dyn Iterator<Item = &Total>| {
                let mut rest = total.cells.clone();
                for inner in order {
                    // What lies wholly in the rest overlaps nothing that was taken away before.
                    if rest.contains(&inner.cells) {
                        rest.take(&inner.cells);
                    }
                }
                rest.list()
            };
            let largest = rest(&mut inside.iter().copied());
            let smallest = rest(&mut inside.iter().rev().copied());
            for cells in [largest, smallest] {
                if !cells.is_empty() {
                    found.push((cells, total.kinds.as_slice()));
                }
            }
        }
        found
    }
}
