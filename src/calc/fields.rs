//! Fields of requests whose numbers are held to their meaning when they are read.

use serde::{Deserialize, Deserializer};

use crate::stats::{Level, PValue};

/// A count: a whole number from 0, also written `5.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

/// Largest whole number up to which doubles, in which all statistics are reckoned, tell neighbours apart.
const MOST: u64 = 1 << 53;

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        let whole = |value: &f64| value.fract() == 0.0 && (0.0..=MOST as f64).contains(value);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole, not negative and exact, as tested"
        )]
        let from_float = || number.as_f64().filter(whole).map(|value| value as u64);
        let count = match number.as_u64() {
            Some(count) => Some(count).filter(|&count| count <= MOST),
            None => from_float(),
        };
        count.map(Self).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "found {number}: a count is a whole number from 0 to {MOST}"
            ))
        })
    }
}

/// A confidence level; 0.95 unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Confidence(pub(super) Level);

impl Default for Confidence {
    fn default() -> Self {
        Self(Level::NINETY_FIVE)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = f64::deserialize(deserializer)?;
        Level::new(level)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// A p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Probability(pub(super) PValue);

impl<'de> Deserialize<'de> for Probability {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let p = f64::deserialize(deserializer)?;
        PValue::new(p).map(Self).map_err(serde::de::Error::custom)
    }
}

/// Which cells belong together: ids of each cell, by one key or by several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "ids are one array of whole numbers or of texts, or several such arrays"
)]
pub(super) enum Keys {
    /// One key.
    One(Vec<Id>),
    /// Several.
    Several(Vec<Vec<Id>>),
}

/// Who a cell belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged)]
pub(super) enum Id {
    /// By number.
    Number(u64),
    /// By name.
    Text(String),
}

impl Keys {
    /// The same ids of each key numbered in their order from 0.
    pub(super) fn codes(&self) -> Vec<Vec<u32>> {
        let keys = match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Several(keys) => keys.as_slice(),
        };
        let numbered = |key: &Vec<Id>| {
            let mut known: Vec<&Id> = key.iter().collect();
            known.sort_unstable();
            known.dedup();
            let code = |id: &Id| known.partition_point(|other| *other < id) as u32;
            key.iter().map(code).collect()
        };
        keys.iter().map(numbered).collect()
    }
}
