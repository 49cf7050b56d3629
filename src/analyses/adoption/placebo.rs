//! How unusual the adopters are: the dates of the agreements given to other places at random.

use std::collections::BTreeMap;

use super::model::{EFFECT, Rows};
use super::panel::Panel;
use crate::findings::Test;
use crate::stats::regression::Shuffle;
use crate::stats::{Level, PValue};

/// Assignments that are drawn.
const DRAWS: u64 = 999;

/// Fewest possible assignments of which a p-value is made: with fewer none could be small.
const FEWEST: u64 = 20;

/// How unusual a change is among those of other assignments.
pub(super) struct Randomised {
    pub(super) test: Test,
    /// Assignments with as large a change over its error, the actual one among them.
    pub(super) as_large: u64,
    /// Assignments under which it can be estimated, the actual one among them.
    pub(super) tried: u64,
}

/// The share of assignments of the same dates to other places whose studentised effect is as large as the actual one,
/// itself among them; within states where that leaves enough assignments. `None` with too few of them.
pub(super) fn test(
    rows: &Rows,
    (panel, observed): (&Panel<'_>, f64),
    seed: u64,
) -> Option<Randomised> {
    let adopted: Vec<Option<usize>> = panel.places.iter().map(|place| place.adopted).collect();
    let within = blocks(panel, &adopted);
    if assignments(&within, &adopted) < FEWEST as f64 {
        return None;
    }
    let mut shuffle = Shuffle::new(seed);
    let mut as_large = 1_u64;
    let mut tried = 1_u64;
    for _ in 0..DRAWS {
        let mut given = adopted.clone();
        for block in &within {
            let order = shuffle.order(block.len());
            for (to, from) in block.iter().zip(order) {
                given[*to] = adopted[block[from]];
            }
        }
        // An assignment under which nothing can be estimated says nothing.
        let effect = rows.given(&given).effect().ok().and_then(|fitted| {
            let found = fitted
                .fit
                .estimate(EFFECT, &fitted.counting, Level::NINETY_FIVE);
            found.ok().flatten()
        });
        if let Some(effect) = effect {
            tried += 1;
            as_large += u64::from(effect.statistic.abs() >= observed.abs());
        }
    }
    if tried < FEWEST {
        return None;
    }
    let p = PValue::capped(as_large as f64 / tried as f64);
    Some(Randomised {
        test: Test {
            statistic: Some(observed),
            df: None,
            p_value: Some(p.get()),
        },
        as_large,
        tried,
    })
}

/// The places among which dates are exchanged: those of a state, where that leaves enough assignments in all.
fn blocks(panel: &Panel<'_>, adopted: &[Option<usize>]) -> Vec<Vec<usize>> {
    let mut by_state: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, place) in panel.places.iter().enumerate() {
        by_state.entry(&place.state).or_default().push(at);
    }
    let blocks: Vec<Vec<usize>> = by_state.into_values().collect();
    if assignments(&blocks, adopted) >= FEWEST as f64 {
        return blocks;
    }
    vec![(0..panel.places.len()).collect()]
}

/// How many different assignments there are.
fn assignments(blocks: &[Vec<usize>], adopted: &[Option<usize>]) -> f64 {
    let of_block = |block: &Vec<usize>| {
        let mut of_date: BTreeMap<Option<usize>, u64> = BTreeMap::new();
        for at in block {
            *of_date.entry(adopted[*at]).or_default() += 1;
        }
        let log = |n: u64| libm::lgamma(n as f64 + 1.0);
        log(block.len() as u64) - of_date.values().map(|n| log(*n)).sum::<f64>()
    };
    libm::exp(blocks.iter().map(of_block).sum::<f64>()).round()
}
