//! Random signs, choices and numbers from a seed: the same on every machine.

use super::special::normal_quantile;
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

    /// A sequence of its own for each number, from the same seed.
    pub(in crate::stats) fn of_stream(seed: u64, stream: u64) -> Draws {
        let mut draws = Draws::new(seed);
        draws.0.set_stream(stream);
        draws
    }

    /// The source itself, for a library that draws from it.
    pub(in crate::stats) fn source(self) -> ChaCha8Rng {
        self.0
    }

    /// A number strictly between 0 and 1, each of 2^52 equally likely.
    pub(in crate::stats) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 12) as f64 + 0.5) / (1u64 << 52) as f64
    }

    /// A standard normal number.
    pub(in crate::stats) fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// How many of some trials succeed, each with the same probability.
    pub(in crate::stats) fn binomial(&mut self, trials: u64, probability: f64) -> u64 {
        (0..trials)
            .map(|_| u64::from(self.uniform() < probability))
            .sum()
    }

    /// How many of some trials succeed where either is equally likely.
    pub(in crate::stats) fn half_of(&mut self, trials: u64) -> u64 {
        let whole = (0..trials / 64).map(|_| u64::from(self.0.next_u64().count_ones()));
        let whole: u64 = whole.sum();
        match trials % 64 {
            0 => whole,
            rest => whole + u64::from((self.0.next_u64() >> (64 - rest)).count_ones()),
        }
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
    fn numbers_have_their_moments() {
        let mut draws = Draws::of_stream(7, 1);
        let normal: Vec<f64> = (0..40_000).map(|_| draws.normal()).collect();
        let mean = normal.iter().sum::<f64>() / 40_000.0;
        let square = normal.iter().map(|z| z * z).sum::<f64>() / 40_000.0;
        // Five standard errors.
        assert!(
            mean.abs() < 0.025 && (square - 1.0).abs() < 0.036,
            "{mean} {square}"
        );
        let (mut halves, mut tenths) = (0, 0);
        for _ in 0..500 {
            halves += draws.half_of(150);
            tenths += draws.binomial(150, 0.1);
        }
        assert!(
            halves.abs_diff(37_500) < 685 && tenths.abs_diff(7_500) < 411,
            "{halves} {tenths}"
        );
        assert_eq!((draws.half_of(0), draws.binomial(9, 1.0)), (0, 9));
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
