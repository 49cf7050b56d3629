//! Fisher's exact test beyond two-by-two: the network of Mehta and Patel (1983), with bounds in closed form.
//!
//! The table is filled column by column, the smallest first. What is left of the row totals, sorted, is a node: all that
//! the rest of the table depends on. Paths to one node that are equally likely are kept as one. A path whose every
//! completion counts is added whole, for the completions of a node have probability 1 together; a path of which none
//! counts is dropped. The last two columns are not walked: the completions of a node are sorted once for all its paths.

use super::{ContingencyTable, StatsError};
use crate::stats::TIE;
use crate::stats::special::{ln_gamma, ln_hypergeometric_pmf, ln_poisson_pmf};
use std::collections::BTreeMap;

/// Paths whose log probabilities differ by less are one: far below the tie, far above rounding.
const SAME: f64 = 1e-10;

/// Steps that it takes to fill a column in one way, where extending or comparing a path is one.
const FILLING: u64 = 4;

/// Steps that the bounds of a node take for each cell still empty.
const BOUND: u64 = 2;

/// Tables filled alike up to the order of rows: how likely one is and how many there are.
#[derive(Clone, Copy)]
struct Path {
    ln_probability: f64,
    ways: f64,
}

/// What is left of the rows once some columns are filled.
struct Node {
    paths: Vec<Path>,
    /// No completion is likelier than this.
    ln_greatest: f64,
    /// No completion is less likely than this.
    ln_least: f64,
}

/// A sum of exponentials of any size.
#[derive(Default)]
struct LogSum {
    largest: f64,
    scaled: f64,
}

struct Network {
    /// Log probability up to which a table counts.
    bound: f64,
    steps: u64,
    most_steps: u64,
    counted: LogSum,
    next: BTreeMap<Vec<u64>, Node>,
    /// Columns still empty after the one being filled.
    columns_left: Vec<u64>,
}

/// The log of the p-value of a table, if it takes no more than so many steps.
pub(super) fn ln_p(table: &ContingencyTable, most_steps: u64) -> Result<f64, StatsError> {
    let (rows, columns) = oriented(table);
    let mut network = Network {
        bound: ln_observed(table) + libm::log1p(TIE),
        steps: 0,
        most_steps,
        counted: LogSum::default(),
        next: BTreeMap::new(),
        columns_left: columns,
    };
    let start = Path {
        ln_probability: 0.0,
        ways: 1.0,
    };
    network.admit(rows, 0.0, &[start]);
    while network.columns_left.len() > 2 {
        let column = network.columns_left.pop().expect("more than two columns");
        for (rows, paths) in network.advance() {
            each_filling(&rows, column, &mut |ln_fill, left| {
                network.spend(FILLING + paths.len() as u64)?;
                network.admit(downwards(left.to_vec()), ln_fill, &paths);
                Ok(())
            })?;
        }
    }
    // The last column is what is left, so that each filling of the one before is a completion.
    if let Some(column) = network.columns_left.pop() {
        for (rows, paths) in network.advance() {
            let mut completions = Vec::new();
            each_filling(&rows, column, &mut |ln_probability, _| {
                network.spend(FILLING)?;
                completions.push(Path {
                    ln_probability,
                    ways: 1.0,
                });
                Ok(())
            })?;
            network.spend(paths.len() as u64)?;
            network.count(&paths, &merged(completions));
        }
    }
    Ok(network.counted.ln().min(0.0))
}

/// What to do with a filling of a column: its log probability, and what it leaves of the rows.
type Visit<'a> = dyn FnMut(f64, &[u64]) -> Result<(), StatsError> + 'a;

/// Visits every way to fill a column from what is left of the rows.
fn each_filling(rows: &[u64], column: u64, visit: &mut Visit) -> Result<(), StatsError> {
    fn from(
        (rows, left): (&[u64], &mut Vec<u64>),
        to_place: u64,
        ln_fill: f64,
        visit: &mut Visit,
    ) -> Result<(), StatsError> {
        let Some(&row) = rows.get(left.len()) else {
            return visit(ln_fill, left);
        };
        let others: u64 = rows[left.len() + 1..].iter().sum();
        for x in to_place.saturating_sub(others)..=row.min(to_place) {
            // The last row takes what is left: most of the time would go into finding that its logarithm is 0.
            let ln_cell = if others == 0 {
                0.0
            } else {
                ln_hypergeometric_pmf(x, row, others, to_place)
            };
            left.push(row - x);
            from((rows, left), to_place - x, ln_fill + ln_cell, visit)?;
            left.pop();
        }
        Ok(())
    }
    let left = &mut Vec::with_capacity(rows.len());
    from((rows, left), column, 0.0, visit)
}

impl Network {
    /// The nodes reached, with what must be told apart of their paths; those of which nothing is left are done.
    fn advance(&mut self) -> Vec<(Vec<u64>, Vec<Path>)> {
        let nodes = core::mem::take(&mut self.next).into_iter();
        nodes
            .filter(|(_, node)| !node.paths.is_empty())
            .map(|(rows, node)| (rows, merged(node.paths)))
            .collect()
    }

    fn spend(&mut self, steps: u64) -> Result<(), StatsError> {
        self.steps += steps;
        if self.steps > self.most_steps {
            return Err(StatsError::TooCostly {
                what: "Fisher's exact test of this table",
                limit: self.most_steps,
                instead: "the chi-square approximation",
            });
        }
        Ok(())
    }

    /// Counts every path with its completions that are unlikely enough, both in rising order.
    fn count(&mut self, paths: &[Path], completions: &[Path]) {
        let mut sum = LogSum::default();
        let up_to = |completion: &Path| {
            sum.add(completion.ln_probability, completion.ways);
            sum.ln()
        };
        let ln_up_to: Vec<f64> = completions.iter().map(up_to).collect();
        let mut end = completions.len();
        for path in paths {
            let room = self.bound - path.ln_probability;
            while end > 0 && completions[end - 1].ln_probability > room {
                end -= 1;
            }
            if end == 0 {
                return;
            }
            self.counted
                .add(path.ln_probability + ln_up_to[end - 1], path.ways);
        }
    }

    /// Counts, drops or keeps each path at the node it has come to.
    fn admit(&mut self, rows: Vec<u64>, ln_fill: f64, paths: &[Path]) {
        let columns = &self.columns_left;
        let node = self.next.entry(rows).or_insert_with_key(|rows| {
            self.steps += BOUND * (rows.len() * columns.len()) as u64;
            Node {
                paths: Vec::new(),
                ln_greatest: ln_greatest(rows, columns),
                ln_least: ln_least(rows, columns),
            }
        });
        for path in paths {
            let ln_probability = path.ln_probability + ln_fill;
            if ln_probability + node.ln_greatest <= self.bound {
                self.counted.add(ln_probability, path.ways);
            } else if ln_probability + node.ln_least <= self.bound {
                node.paths.push(Path {
                    ln_probability,
                    ways: path.ways,
                });
            }
        }
    }
}

impl LogSum {
    fn add(&mut self, ln_term: f64, times: f64) {
        if self.scaled == 0.0 {
            self.largest = ln_term;
        }
        if ln_term > self.largest {
            self.scaled *= libm::exp(self.largest - ln_term);
            self.largest = ln_term;
        }
        self.scaled += times * libm::exp(ln_term - self.largest);
    }

    fn ln(&self) -> f64 {
        self.largest + libm::log(self.scaled)
    }
}

/// The margins, largest first, the fewer lines as rows, so that nodes are short.
fn oriented(table: &ContingencyTable) -> (Vec<u64>, Vec<u64>) {
    let one = downwards(table.row_totals.clone());
    let other = downwards(table.column_totals.clone());
    if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    }
}

fn downwards(mut totals: Vec<u64>) -> Vec<u64> {
    totals.sort_unstable_by(|one, other| other.cmp(one));
    totals
}

/// The log probability of the table itself given its margins, row by row out of what is left of the columns.
fn ln_observed(table: &ContingencyTable) -> f64 {
    let mut left = table.column_totals.clone();
    let mut sum = 0.0;
    for row in &table.rows {
        let mut to_place: u64 = row.iter().sum();
        let mut others: u64 = left.iter().sum();
        for (column, &x) in left.iter_mut().zip(row) {
            others -= *column;
            sum += ln_hypergeometric_pmf(x, *column, others, to_place);
            *column -= x;
            to_place -= x;
        }
    }
    sum
}

/// No table with these margins is likelier.
///
/// A table is a set of independent Poisson counts of means E = r c / N given that the margins come out; each cell is at
/// most as likely as the mode of its own count.
fn ln_greatest(rows: &[u64], columns: &[u64]) -> f64 {
    if columns.len() < 2 {
        return 0.0;
    }
    let own = |count: u64| ln_poisson_pmf(count, count as f64);
    let total: u64 = rows.iter().sum();
    let margins: f64 = rows.iter().chain(columns).map(|&count| own(count)).sum();
    let cells = rows.iter().flat_map(|&r| {
        columns.iter().map(move |&c| {
            let mean = r as f64 * (c as f64 / total as f64);
            ln_poisson_pmf(libm::floor(mean) as u64, mean)
        })
    });
    (cells.sum::<f64>() - margins + own(total)).min(0.0)
}

/// No table with these margins is less likely.
///
/// The sum of ln x! is largest with the counts in as few cells as the margins allow; by columns alone or by rows alone
/// that is filling the largest first, as both lists begin.
fn ln_least(rows: &[u64], columns: &[u64]) -> f64 {
    if columns.len() < 2 {
        return 0.0;
    }
    let ln_factorial = |count: u64| ln_gamma(count as f64 + 1.0);
    let packed = |lines: &[u64], into: &[u64]| -> f64 {
        let line = |&line: &u64| {
            let mut left = line;
            let parts = into.iter().map(move |&room| {
                let part = room.min(left);
                left -= part;
                part
            });
            parts.map(ln_factorial).sum::<f64>()
        };
        lines.iter().map(line).sum()
    };
    let cells = packed(rows, columns).min(packed(columns, rows));
    let total = ln_factorial(rows.iter().sum());
    let margins: f64 = rows
        .iter()
        .chain(columns)
        .map(|&count| ln_factorial(count))
        .sum();
    // The last term is more than the rounding of the others.
    margins - total - cells - 1e-12 * (margins + total + cells)
}

/// Paths that are equally likely, as one.
fn merged(mut paths: Vec<Path>) -> Vec<Path> {
    paths.sort_unstable_by(|one, other| one.ln_probability.total_cmp(&other.ln_probability));
    let mut kept: Vec<Path> = Vec::new();
    for path in paths {
        match kept.last_mut() {
            Some(last) if path.ln_probability - last.ln_probability < SAME => {
                last.ways += path.ways * libm::exp(path.ln_probability - last.ln_probability);
            }
            _ => kept.push(path),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[&[u64]]) -> ContingencyTable {
        ContingencyTable::new(rows.iter().map(|row| row.to_vec()).collect()).expect("a table")
    }

    /// All tables of three rows with these margins, with their log probabilities.
    fn plain(t: &ContingencyTable) -> f64 {
        fn rows(columns: &[u64], total: u64) -> Vec<Vec<u64>> {
            let Some((&first, rest)) = columns.split_first() else {
                return if total == 0 { vec![vec![]] } else { vec![] };
            };
            let with = |x: u64| {
                rows(rest, total - x)
                    .into_iter()
                    .map(move |tail| [vec![x], tail].concat())
            };
            (0..=first.min(total)).flat_map(with).collect()
        }
        let bound = ln_observed(t) + TIE;
        let mut sum = 0.0;
        for one in rows(&t.column_totals, t.row_totals[0]) {
            let left: Vec<u64> = t
                .column_totals
                .iter()
                .zip(&one)
                .map(|(c, x)| c - x)
                .collect();
            for two in rows(&left, t.row_totals[1]) {
                let three = left.iter().zip(&two).map(|(c, x)| c - x).collect();
                let rows = vec![one.clone(), two, three];
                let ln = ln_observed(&ContingencyTable { rows, ..t.clone() });
                if ln <= bound {
                    sum += ln.exp();
                }
            }
        }
        sum
    }

    #[test]
    fn equals_plain_enumeration() {
        for t in [
            table(&[&[0, 3, 1], &[4, 0, 2], &[1, 1, 5]]),
            table(&[&[2, 2, 1, 0], &[1, 4, 0, 3], &[6, 0, 2, 2]]),
            table(&[&[1, 1, 1], &[1, 1, 1], &[1, 1, 9]]),
            table(&[&[7, 0, 0], &[0, 7, 0], &[0, 0, 9]]),
            table(&[&[3, 3, 3], &[3, 3, 3], &[3, 3, 3]]),
        ] {
            let (got, want) = (ln_p(&t, 10_000).expect("cheap").exp(), plain(&t));
            assert!(
                (got - want).abs() <= 1e-11 * want,
                "{got} instead of {want}"
            );
        }
    }

    #[test]
    fn the_likeliest_table_costs_nothing_at_any_size() {
        let t = table(&[&[70_000; 9]; 9].map(|row| row.as_slice()));
        assert!(ln_p(&t, 10_000).expect("one step").abs() < 1e-12);
    }

    #[test]
    fn what_costs_too_much_says_so() {
        let t = table(&[
            &[900, 1_000, 800, 700],
            &[1_100, 950, 520, 900],
            &[600, 850, 720, 300],
        ]);
        let refused = ln_p(&t, 10_000).expect_err("too many tables");
        assert!(
            refused.to_string().contains("chi-square approximation"),
            "{refused}"
        );
    }
}
