//! Which cells a request is about.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Allowed values by key; a cell passes when every key named has one of its values. Empty: all cells pass.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Only(pub BTreeMap<String, OneOrMany>);

/// One allowed value, or several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a text or a list of texts")]
pub enum OneOrMany {
    /// One value.
    One(String),
    /// Any of several values.
    Many(Vec<String>),
}

impl OneOrMany {
    /// The allowed values.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl Only {
    /// The keys that are restricted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether a cell passes; `value_of` gives the cell's value of a key.
    pub fn passes<'a>(&self, value_of: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|(key, allowed)| {
            value_of(key).is_some_and(|value| allowed.values().iter().any(|a| a == value))
        })
    }

    /// `program = 287(g); state = CA or TX`, for captions; empty when nothing is restricted.
    #[must_use]
    pub fn describe(&self) -> String {
        self.0
            .iter()
            .map(|(key, allowed)| format!("{key} = {}", allowed.values().join(" or ")))
            .collect::<Vec<_>>()
            .join("; ")
    }
}
