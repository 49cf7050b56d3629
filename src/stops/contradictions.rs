//! Records that contradict themselves: counted before they are resolved.

/// Contradictions seen in one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contradictions {
    /// Contraband found where no search was recorded. Resolved by keeping the row as a stop without a search, so that hits stay a part of searches.
    pub hit_without_search: u64,
}

impl Contradictions {
    /// Adds what another part of the same source saw.
    pub fn add(&mut self, other: Self) {
        self.hit_without_search += other.hit_without_search;
    }
}
