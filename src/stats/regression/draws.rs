//! Random signs and choices from a seed: the same on every machine.

use chacha20::ChaCha8Rng;
use chacha20::rand_core::{Rng, SeedableRng};

/// A source of random bits.
pub(in crate::stats) struct Draws(ChaCha8Rng);

impl Draws {
    pub(in crate::stats) fn new(seed: u64) -> Draws {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        Draws(ChaCha8Rng::from_seed(key))
    }

    /// A whole number below `end`, each equally likely.
    pub(in crate::stats) fn below(&mut self, end: u32) -> u32 {
        let whole = u32::MAX - u32::MAX % end;
        loop {
            let drawn = self.0.next_u32();
            if drawn < whole {
                return drawn % end;
            }
        }
    }

    /// Fills a list with -1 and 1, each equally likely (Rademacher).
    pub(in crate::stats) fn signs(&mut self, signs: &mut [f64]) {
        for chunk in signs.chunks_mut(64) {
            let mut bits = self.0.next_u64();
            for sign in chunk {
                *sign = 2.0 * (bits & 1) as f64 - 1.0;
                bits >>= 1;
            }
        }
    }

    /// The first `chosen` of `places`, drawn without replacement by exchanging places.
    pub(in crate::stats) fn choose(&mut self, places: &mut [usize], chosen: usize) {
        for i in 0..chosen {
            let other = i + self.below((places.len() - i) as u32) as usize;
            places.swap(i, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequence() {
        let sequence = |seed| {
            let mut draws = Draws::new(seed);
            [(); 8].map(|()| draws.below(6))
        };
        assert_eq!(sequence(1), sequence(1));
        assert_ne!(sequence(1), sequence(2));
    }

    #[test]
    fn every_number_is_drawn_about_equally_often() {
        let mut draws = Draws::new(7);
        let mut times = [0_i32; 6];
        (0..60_000).for_each(|_| times[draws.below(6) as usize] += 1);
        // Six standard deviations of a binomial of 60,000 and 1/6.
        assert!(times.iter().all(|t| (t - 10_000).abs() < 548), "{times:?}");
    }

    #[test]
    fn signs_are_of_both_kinds_about_equally() {
        let mut signs = vec![0.0; 60_001];
        Draws::new(5).signs(&mut signs);
        assert!(signs.iter().all(|s| s.abs().to_bits() == 1.0_f64.to_bits()));
        // Six standard deviations of a sum of 60,001 signs.
        assert!(signs.iter().sum::<f64>().abs() < 1470.0);
    }

    #[test]
    fn a_choice_keeps_every_place_once() {
        let mut places: Vec<usize> = (0..9).collect();
        Draws::new(3).choose(&mut places, 4);
        places.sort_unstable();
        assert_eq!(places, (0..9).collect::<Vec<_>>());
    }
}
