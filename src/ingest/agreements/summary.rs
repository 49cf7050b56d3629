//! The register in words, for `evenhand check` and the report: how many of which kind, gains and losses by year.

use std::collections::{BTreeMap, BTreeSet};

use super::config::AgreementsConfig;
use super::statuses::never_in_force;
use super::{Agreement, Kind, Level, Register};
use crate::number::count;

/// What is said of an agreement's kind where spellings lead to none.
fn kind(agreement: &Agreement) -> String {
    let known = agreement.kind.map(Kind::aloud);
    let written = Some(agreement.model.as_str()).filter(|model| !model.is_empty());
    known
        .or(written)
        .unwrap_or(Kind::NotRecorded.aloud())
        .to_owned()
}

fn tally(items: impl Iterator<Item = String>) -> String {
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    items.for_each(|item| *tally.entry(item).or_default() += 1);
    let words: Vec<String> = tally
        .into_iter()
        .map(|(item, number)| format!("{item} {}", count(number)))
        .collect();
    words.join(", ")
}

impl Register {
    /// The register in a few lines.
    #[must_use]
    pub fn summary(&self, config: &AgreementsConfig) -> Vec<String> {
        let all = &self.agreements;
        let number = |n: usize| count(n as u64);
        let places: BTreeSet<(&str, &str)> = all
            .iter()
            .flat_map(|a| {
                let named = if a.counties.is_empty() {
                    &a.places
                } else {
                    &a.counties
                };
                named.iter().map(|place| (a.state.as_str(), place.as_str()))
            })
            .collect();
        let states: BTreeSet<&str> = all
            .iter()
            .map(|a| a.state_code.as_deref().unwrap_or(&a.state))
            .collect();
        let nowhere = all
            .iter()
            .filter(|a| a.signed_by != Level::State && a.places.is_empty() && a.counties.is_empty())
            .count();
        let mut lines = vec![format!(
            "{}: {} agreements in {} states; {} places are named; {} agreements name none and are not of a state",
            self.file,
            number(all.len()),
            number(states.len()),
            number(places.len()),
            number(nowhere),
        )];
        lines.push(format!("by kind: {}", tally(all.iter().map(kind))));
        if config.reads_levels() || config.level.is_some() {
            let level = |a: &Agreement| a.signed_by.aloud().to_owned();
            lines.push(format!("by level: {}", tally(all.iter().map(level))));
        }
        let last_list = all.iter().filter_map(|a| a.last_seen).max();
        let mut years: BTreeMap<i16, [Vec<String>; 3]> = BTreeMap::new();
        for agreement in all {
            // What the last list has is not gone.
            let gone = agreement.last_seen.filter(|_| agreement.ended.is_none());
            let gone = gone.filter(|seen| Some(*seen) < last_list);
            let dates = [agreement.begins, agreement.ended, gone];
            for (at, date) in dates.into_iter().enumerate() {
                if let Some(date) = date {
                    years.entry(date.year()).or_default()[at].push(kind(agreement));
                }
            }
        }
        for (year, [gains, losses, gone]) in years {
            let mut said = Vec::new();
            for (word, kinds) in [
                ("began", gains),
                ("ended", losses),
                ("were seen for the last time", gone),
            ] {
                if !kinds.is_empty() {
                    let total = number(kinds.len());
                    said.push(format!("{total} {word} ({})", tally(kinds.into_iter())));
                }
            }
            lines.push(format!("{year}: {}", said.join("; ")));
        }
        let of = |fits: fn(&Agreement) -> bool| number(all.iter().filter(|a| fits(a)).count());
        lines.push(format!(
            "ends: {} known, {} known to go on, {} not known",
            of(|a| a.ended.is_some()),
            of(|a| a.is_open),
            of(|a| a.ended.is_none() && !a.is_open)
        ));
        for status in &config.status {
            let never = |a: &&Agreement| never_in_force(a, status.unknown_end);
            let never = all.iter().filter(never).count();
            if never > 0 {
                lines.push(format!(
                    "`{}`: {} agreements were last seen before they began, and count as never in force",
                    status.key.get_ref(),
                    number(never)
                ));
            }
        }
        lines
    }
}
