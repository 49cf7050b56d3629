//! Which cells of a regression say something about what is compared.

use std::collections::{BTreeMap, BTreeSet};

/// Leaves out the cells of levels in which there are no events, or nothing but events: with an effect of its own such a level
/// says nothing about what is compared. Until none is left: what is left out of one key may leave a level of another so.
///
/// `keys` are the levels of each cell, key by key; `rests` what could have been events and were not, `None` where a count
/// can always be larger. Which cells are kept, and the levels left out with the place of their key.
pub(super) fn informative(
    keys: &[&[u32]],
    events: &[u64],
    rests: Option<&[u64]>,
) -> (Vec<bool>, Vec<(usize, u32)>) {
    let mut kept = vec![true; events.len()];
    let mut left_out = Vec::new();
    loop {
        let mut silent: Vec<(usize, u32)> = Vec::new();
        for (key, levels) in keys.iter().enumerate() {
            let mut sums: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
            for (i, level) in levels.iter().enumerate().filter(|(i, _)| kept[*i]) {
                let own = sums.entry(*level).or_default();
                own.0 += events[i];
                own.1 += rests.map_or(1, |rests| rests[i]);
            }
            let all_or_nothing = sums.iter().filter(|(_, (e, r))| *e == 0 || *r == 0);
            silent.extend(all_or_nothing.map(|(level, _)| (key, *level)));
        }
        if silent.is_empty() {
            return (kept, left_out);
        }
        let gone: BTreeSet<(usize, u32)> = silent.iter().copied().collect();
        for (i, kept) in kept.iter_mut().enumerate() {
            *kept &= !(0..keys.len()).any(|key| gone.contains(&(key, keys[key][i])));
        }
        left_out.extend(silent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_key_leaves_out_may_silence_another() {
        // The second level of the first key has events only; without it the first level of the second key has none.
        let (first, second) = ([0, 0, 1, 0], [7, 8, 7, 8]);
        let (events, rests) = ([0, 2, 3, 1], [4, 2, 0, 5]);
        let (kept, left_out) = informative(&[&first, &second], &events, Some(&rests));
        assert_eq!(kept, [false, true, false, true]);
        assert_eq!(left_out, [(0, 1), (1, 7)]);
    }

    #[test]
    fn a_count_can_always_be_larger() {
        let (kept, _) = informative(&[&[0, 1]], &[3, 0], None);
        assert_eq!(kept, [true, false]);
    }
}
