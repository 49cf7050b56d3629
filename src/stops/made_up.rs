//! What records look like that may have been made up: ages that are too round, and places where everybody is of one group.
//!
//! Nothing here changes a number, and neither sign proves anything: ages are estimated, and some places are of one group.

use std::collections::BTreeMap;

use super::remarks::{listed, percent};
use super::screens::share;

/// Rows with an age below which roundness is not judged.
const ENOUGH_AGES: u64 = 500;
/// Share of ages that end in 0 or 5 above which they are called round; a fifth would be if no end were preferred.
const ROUND: f64 = 0.35;
/// Rows of a place below which its groups are not judged.
const ENOUGH_ROWS: u64 = 100;
/// Share of the largest group in all rows above which a place of that group alone is no surprise.
const USUAL: f64 = 0.95;

/// Counts of ages, and of groups by place.
#[derive(Debug, Clone, Default)]
pub(super) struct MadeUp {
    ages: u64,
    round_ages: u64,
    groups: BTreeMap<String, BTreeMap<String, u64>>,
}

impl MadeUp {
    pub(super) fn add_age(&mut self, age: Option<u8>) {
        if let Some(age) = age {
            self.ages += 1;
            self.round_ages += u64::from(age % 5 == 0);
        }
    }

    pub(super) fn add_group(&mut self, place: &str, group: &str, rows: u64) {
        let own = self.groups.entry(place.to_owned()).or_default();
        let sum = own.entry(group.to_owned()).or_default();
        *sum = sum.saturating_add(rows);
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.ages += other.ages;
        self.round_ages += other.round_ages;
        for (place, groups) in &other.groups {
            for (group, rows) in groups {
                self.add_group(place, group, *rows);
            }
        }
    }

    pub(super) fn remarks(&self, smallest_shown: u64) -> Vec<String> {
        let one_group = self.one_group(smallest_shown);
        self.round_ages().into_iter().chain(one_group).collect()
    }

    fn round_ages(&self) -> Option<String> {
        let round = share(self.round_ages, self.ages);
        (self.ages >= ENOUGH_AGES && round > ROUND).then(|| {
            format!(
                "{} of the ages end in 0 or 5, where a fifth would if none were preferred: ages that were estimated, or records that were made up",
                percent(round)
            )
        })
    }

    /// Places where everybody is of one group. That a place has nobody of a group is a small count, so the public is told
    /// how many such places there are.
    fn one_group(&self, smallest_shown: u64) -> Option<String> {
        let mut all: BTreeMap<&str, u64> = BTreeMap::new();
        for (group, rows) in self.groups.values().flatten() {
            let sum = all.entry(group).or_default();
            *sum = sum.saturating_add(*rows);
        }
        let total = all.values().copied().fold(0, u64::saturating_add);
        let found: Vec<String> = self
            .groups
            .iter()
            .filter_map(|(place, groups)| {
                let mut there = groups.iter().filter(|(_, rows)| **rows > 0);
                let (group, rows) = there.next()?;
                let is_usual = share(all[group.as_str()], total) > USUAL;
                let is_one = there.next().is_none() && *rows >= ENOUGH_ROWS && !is_usual;
                is_one.then(|| format!("{place} ({group})"))
            })
            .collect();
        (!found.is_empty() && self.groups.len() > 1).then(|| {
            let places = match smallest_shown {
                0 => format!(": {}", listed(&found)),
                _ => String::new(),
            };
            format!(
                "{} of {} places with only one group among {ENOUGH_ROWS} rows or more, where the data have others{places}; groups that are not recorded there, or records that were made up",
                found.len(),
                self.groups.len()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_that_are_too_round_are_told() {
        let mut some = MadeUp::default();
        (0..1_000).for_each(|i| some.add_age(Some(20 + u8::try_from(i % 10).unwrap_or(0))));
        assert!(some.remarks(0).is_empty(), "a fifth");
        (0..300).for_each(|_| some.add_age(Some(30)));
        assert!(some.remarks(0)[0].starts_with("38 % of the ages end in 0 or 5"));
    }

    #[test]
    fn a_place_of_one_group_is_named_to_a_court_and_counted_for_the_public() {
        let mut some = MadeUp::default();
        some.add_group("North", "white", 300);
        some.add_group("North", "black", 100);
        some.add_group("South", "white", 150);
        some.add_group("West", "white", 99);
        assert!(some.remarks(0)[0].contains(": South (white);"));
        assert!(some.remarks(10)[0].starts_with("1 of 3 places"));
        assert!(!some.remarks(10)[0].contains("South"));
        some.add_group("South", "black", 1);
        assert!(some.remarks(0).is_empty());
    }
}
