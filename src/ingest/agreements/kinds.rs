//! Kinds and levels of agreements: the words of a study, and how a register's spellings lead to them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::at::At;
use super::super::csv_file::quoted_or_blank;
use crate::error::{DataFault, nearest_hint};

/// What an agreement is about.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 287(g), jail enforcement: officers of a jail question and hold those who were booked; no authority on the road.
    Jail,
    /// 287(g), task force: officers enforce immigration law on the road.
    TaskForce,
    /// 287(g), jail and task force in one agreement.
    Hybrid,
    /// 287(g), warrant service officers: a jail serves the warrants of others.
    WarrantServiceOfficer,
    /// A 287(g) agreement whose kind the source does not record.
    NotRecorded,
    /// Fingerprints of everybody booked are sent on: Secure Communities.
    SecureCommunities,
    /// What a jail does with requests to hold somebody.
    DetainerPolicy,
    /// An operation of local and federal officers together.
    JointOperation,
}

/// Who signed: an agreement of a state covers all of its places.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema, Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A state, or an agency of one.
    State,
    /// A county.
    County,
    /// A city; its place is the county that it lies in.
    City,
    /// A county or a city: the source does not tell them apart.
    Local,
    /// The source does not say.
    #[default]
    NotRecorded,
}

/// A closed set of words, each of which is also its own spelling.
pub(super) trait Word: Copy + 'static {
    /// What the word is of.
    const OF: &'static str;
    /// The study's table of spellings.
    const TABLE: &'static str;
    /// Every word, with how it is read aloud.
    const ALL: &'static [(Self, &'static str, &'static str)];
}

impl Word for Kind {
    const OF: &'static str = "kind of agreement";
    const TABLE: &'static str = "kinds";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::Jail, "jail", "jail enforcement"),
        (Self::TaskForce, "task_force", "task force"),
        (Self::Hybrid, "hybrid", "hybrid of jail and task force"),
        (
            Self::WarrantServiceOfficer,
            "warrant_service_officer",
            "warrant service officer",
        ),
        (Self::NotRecorded, "not_recorded", "kind not recorded"),
        (
            Self::SecureCommunities,
            "secure_communities",
            "Secure Communities",
        ),
        (Self::DetainerPolicy, "detainer_policy", "detainer policy"),
        (Self::JointOperation, "joint_operation", "joint operation"),
    ];
}

impl Word for Level {
    const OF: &'static str = "level";
    const TABLE: &'static str = "levels";
    const ALL: &'static [(Self, &'static str, &'static str)] = &[
        (Self::State, "state", "state"),
        (Self::County, "county", "county"),
        (Self::City, "city", "city"),
        (Self::Local, "local", "county or city"),
        (Self::NotRecorded, "not_recorded", "level not recorded"),
    ];
}

impl Kind {
    /// The kinds of section 287(g), the one that the source does not record among them.
    pub const OF_287G: [Self; 5] = [
        Self::Jail,
        Self::TaskForce,
        Self::Hybrid,
        Self::WarrantServiceOfficer,
        Self::NotRecorded,
    ];

    /// The kind in words.
    #[must_use]
    pub fn aloud(self) -> &'static str {
        aloud(self)
    }
}

impl Level {
    /// The levels of agreements that cover a place of their own.
    pub const LOCAL: [Self; 4] = [Self::County, Self::City, Self::Local, Self::NotRecorded];

    /// The level in words.
    #[must_use]
    pub fn aloud(self) -> &'static str {
        aloud(self)
    }
}

fn aloud<W: Word + PartialEq>(word: W) -> &'static str {
    let found = W::ALL.iter().find(|(own, _, _)| *own == word);
    found.map_or("", |(_, _, aloud)| aloud)
}

/// The word of a spelling: one of the study's table, or the word itself.
pub(super) fn spelled<W: Word>(text: &str, table: &BTreeMap<String, W>) -> Option<W> {
    let own = || W::ALL.iter().find(|(_, word, _)| *word == text);
    table
        .get(text)
        .copied()
        .or_else(|| own().map(|(found, _, _)| *found))
}

/// The fault of a spelling that leads to no word.
pub(super) fn unknown<W: Word>(
    at: &At<'_>,
    column: usize,
    text: &str,
    table: &BTreeMap<String, W>,
) -> DataFault {
    let words = W::ALL.iter().map(|(_, word, _)| *word);
    let known = table.keys().map(String::as_str).chain(words);
    let hint = format!(
        "say in the study what it means: {} = {{ \"{text}\" = \"...\" }}; {}",
        W::TABLE,
        nearest_hint(text, known)
    );
    at.fault_in(
        column,
        format!("found {}, which is no {}", quoted_or_blank(text), W::OF),
        hint,
    )
}
