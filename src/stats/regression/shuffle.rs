//! Orders drawn at random from a seed, for tests that give a treatment to other places.

use crate::stats::draws::Draws;

/// A source of orders: the same sequence for the same seed, on every machine.
pub struct Shuffle(Draws);

impl Shuffle {
    /// A source from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Draws::new(seed))
    }

    /// The numbers below `many` in an order drawn at random.
    ///
    /// # Definition
    /// Every order is equally likely.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// Of 0 there is one order, which is empty.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Fisher and Yates (1938); Durstenfeld (1964).
    pub fn order(&mut self, many: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..many).collect();
        self.0.choose(&mut places, many);
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_three_comes_about_equally_often() {
        let mut shuffle = Shuffle::new(5);
        let mut times = std::collections::BTreeMap::new();
        for _ in 0..60_000 {
            *times.entry(shuffle.order(3)).or_insert(0_i32) += 1;
        }
        assert_eq!(times.len(), 6);
        // Six standard deviations of a binomial of 60,000 and 1/6.
        assert!(
            times.values().all(|t| (t - 10_000).abs() < 548),
            "{times:?}"
        );
    }
}
