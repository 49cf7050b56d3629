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
const FEWEST: f64 = 20.0;

/// The share of assignments of the same dates to other places whose studentised effect is as large as the actual one,
/// itself among them; within states where each has adopters and others enough. `None` with too few assignments.
pub(super) fn test(rows: &Rows, (panel, observed): (&Panel<'_>, f64), seed: u64) -> Option<Test> {
    let adopted: Vec<Option<usize>> = panel.places.iter().map(|place| place.adopted).collect();
    let within = blocks(panel);
    if assignments(&within, &adopted) < FEWEST {
        return None;
    }
    let mut shuffle = Shuffle::new(seed);
    let mut as_large = 0_u64;
    let mut tried = 0_u64;
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
    let p = PValue::capped((as_large + 1) as f64 / (tried + 1) as f64);
    Some(Test {
        statistic: Some(observed),
        df: None,
        p_value: Some(p.get()),
    })
}

/// The places among which dates are exchanged: those of a state, where every state with an adopter has enough of them.
fn blocks(panel: &Panel<'_>) -> Vec<Vec<usize>> {
    let mut by_state: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (at, place) in panel.places.iter().enumerate() {
        by_state.entry(&place.state).or_default().push(at);
    }
    let adopted: Vec<Option<usize>> = panel.places.iter().map(|place| place.adopted).collect();
    let blocks: Vec<Vec<usize>> = by_state.into_values().collect();
    if assignments(&blocks, &adopted) >= FEWEST {
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
