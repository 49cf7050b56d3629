//! The analyses that the mapped columns allow, and the questions that only a person can answer.

use super::Work;
use super::draft::{list, quoted};
use super::groups::FoundGroups;
use super::rows::Mapped;
use crate::ingest::sniff::{Confidence, race_word};
use crate::number::count;

/// Name of the baseline in a proposed study.
pub(super) const BASELINE: &str = "residents";

impl Work<'_> {
    /// The analyses of rows.
    pub(super) fn ask_of_rows(&mut self, mapped: &Mapped, has_baseline: bool) {
        let mut asked = false;
        if has_baseline {
            self.per_head(&mapped.rows_are);
            asked = true;
        }
        if mapped.searched {
            self.out_of("searches", "stops that led to a search");
            asked = true;
            self.questions.push("Which searches had discretion? Searches after an arrest, by warrant or of a towed car say little of the officer's choice.".into());
        }
        if mapped.hit {
            self.outcome_test();
        }
        if !asked {
            self.shares(&mapped.rows_are);
        }
    }

    /// Who the people behind the rows were: what is left to ask without a baseline and without searches.
    pub(super) fn shares(&mut self, counts: &str) {
        self.draft.table("[[rates]]");
        self.draft.key("counts", quoted(counts), Confidence::Likely, "nothing says how many people there are, and nothing what came of the rows, so all that can be said is who they were");
        self.draft.fixed(
            "out_of",
            quoted("groups"),
            "each group's share of all of them: no rate, and no comparison",
        );
        self.by();
    }

    pub(super) fn per_head(&mut self, counts: &str) {
        self.draft.table("[[rates]]");
        self.draft.key(
            "counts",
            quoted(counts),
            Confidence::Likely,
            "per head of the baseline and year",
        );
        self.draft.fixed("population", quoted(BASELINE), "");
        self.by();
        if !self.wishes.rates_only {
            self.draft.table("[[disparity]]");
            self.draft.key(
                "counts",
                quoted(counts),
                Confidence::Likely,
                "each group beside the reference group, per head of the baseline",
            );
            self.draft.fixed("population", quoted(BASELINE), "");
        }
    }

    /// Events out of trials.
    pub(super) fn out_of(&mut self, counts: &str, what: &str) {
        self.draft.table("[[rates]]");
        self.draft.key(
            "counts",
            quoted(counts),
            Confidence::Likely,
            format!("the share of {what}"),
        );
        self.by();
        if self.wishes.rates_only {
            return;
        }
        self.draft.table("[[disparity]]");
        self.draft.key(
            "counts",
            quoted(counts),
            Confidence::Likely,
            "each group beside the reference group",
        );
        self.draft.table("[[legal]]");
        self.draft.key(
            "counts",
            quoted(counts),
            Confidence::Likely,
            "what courts ask of a difference",
        );
    }

    /// Hits out of searches.
    pub(super) fn outcome_test(&mut self) {
        if self.wishes.rates_only {
            return;
        }
        self.draft.table("[[outcome_test]]");
        self.draft.key(
            "counts",
            quoted("hits"),
            Confidence::Likely,
            "how often searches found something",
        );
        self.draft.key(
            "searches",
            quoted("all"),
            Confidence::Likely,
            "the only rule there is: searches without discretion are among them",
        );
        self.draft.fixed("search_counts", quoted("searches"), "");
    }

    fn by(&mut self) {
        if self.wishes.by.is_some() {
            self.draft
                .key("by", list(["place"]), Confidence::Likely, "asked for");
        }
    }

    /// What is asked of every study.
    pub(super) fn ask_always(&mut self, groups: &FoundGroups, has_baseline: bool) {
        if self.main.profile.header_rows.value == 0 {
            self.questions.push("The file has no header. What are its columns? They were numbered; name them under `layout`, and use the names under the columns.".into());
        }
        self.questions.push("Who is compared with whom? `reference` and `compare` under [groups] were taken from what is in the files.".into());
        if has_baseline {
            self.questions.push("Are the people of the baseline those who could have been stopped? Residents are not drivers, and drivers come from elsewhere.".into());
        } else {
            self.questions.push("What is the baseline? Without one nothing is said per head: `evenhand init FILE --population POPULATION.csv`.".into());
        }
        let without: Vec<String> = groups
            .without_people()
            .into_iter()
            .map(|group| match groups.rows.get(group) {
                Some(rows) if groups.all > 0 => format!("`{group}` ({} rows)", count(*rows)),
                _ => format!("`{group}`"),
            })
            .collect();
        if !without.is_empty() {
            self.questions.push(format!(
                "Is there a baseline with {}? This one has none of them, so they are left out of every number. Whoever has one takes them in again under [groups].",
                without.join(", ")
            ));
        }
        let odd: Vec<String> = groups
            .unknown
            .iter()
            .filter(|(value, _)| {
                !value.is_empty()
                    && !crate::ingest::sniff::is_missing_word(value)
                    && race_word(value).is_none()
            })
            .take(12)
            .map(|(value, rows)| format!("`{value}` ({} rows)", count(*rows)))
            .collect();
        if !odd.is_empty() {
            self.questions.push(format!(
                "To which group belong {}? They were left out; say it under [groups] codes.",
                odd.join(", ")
            ));
        }
        let blank: u64 = groups.unknown.values().sum();
        if blank > 0 {
            self.questions.push(format!("What does a race mean that is blank or unknown ({} of {} rows)? It was left out. Not written down, not seen and refused are three different things.", count(blank), count(groups.all)));
        }
        if self.main.profile.table.value != crate::ingest::sniff::TableKind::Counts {
            self.questions.push("What is a row: a stop, a person, or a citation of which one stop may have several? And is every stop there, also those without a citation?".into());
        }
    }
}
