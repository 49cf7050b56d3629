//! The groups of a study: who is compared with whom, and how raw codes become groups.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::error::{Error, nearest_hint};

/// The `[groups]` table.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Groups {
    /// The group that others are compared with.
    #[schemars(with = "String")]
    pub reference: Spanned<String>,
    /// The groups that are compared, in the order in which they are shown.
    #[schemars(with = "Vec<String>")]
    pub compare: Vec<Spanned<String>>,
    /// What each group is called in tables and charts. A group named here and not compared is counted in shares.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Raw code to group, where the data do not carry the group's own name. The group is one that the table names.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub codes: BTreeMap<String, Spanned<String>>,
    /// What a blank or unlisted code means.
    #[serde(default)]
    pub unknown: UnknownRule,
    /// People of one group who were recorded as another, for `[[missing]]` and its panels; no other number is changed.
    #[serde(default)]
    #[schemars(with = "Vec<Misrecorded>")]
    pub misrecorded: Vec<Spanned<Misrecorded>>,
    /// Whether rows of unknown group are counted beside the others, because an analysis asks for them.
    #[serde(skip)]
    pub counts_unknown: bool,
}

/// A share of one group that is recorded as another.
#[derive(Debug, Clone, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Misrecorded {
    /// The group that the people belong to.
    pub truth: String,
    /// The group that they are recorded as.
    pub recorded: String,
    /// Which share of those of the true group is recorded so.
    pub share: f64,
    /// Where the share comes from.
    pub from: String,
    /// Lower end of its 95 % interval.
    pub share_low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub share_high: Option<f64>,
    /// How many people of the true group the share was found among, where no interval is known.
    pub n: Option<u64>,
}

/// The group of rows whose group is not known. No study has a group of this name.
pub const UNKNOWN: &str = "(unknown)";

/// The group of unlisted codes under [`UnknownRule::Other`].
const OTHER: &str = "other";

/// What a blank or unlisted group code means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownRule {
    /// The row is left out of every rate and counted in the ledger.
    Missing,
    /// The row belongs to the group `other`.
    Other,
    /// The study stops.
    #[default]
    Error,
}

/// What a raw code turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coded<'a> {
    /// A group of the study.
    Group(&'a str),
    /// Nothing that the study knows, and the study says to leave it out.
    Missing,
    /// Nothing that the study knows, and the study says that this is an error.
    Refused,
}

impl Groups {
    /// The reference group's name.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.reference.get_ref()
    }

    /// The compared groups' names, in the study's order.
    pub fn compared(&self) -> impl Iterator<Item = &str> {
        self.compare.iter().map(|group| group.get_ref().as_str())
    }

    /// The reference group and the compared ones: the groups that get rows of their own.
    pub fn shown(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.reference()).chain(self.compared())
    }

    /// What a group is called.
    #[must_use]
    pub fn label<'a>(&'a self, group: &'a str) -> &'a str {
        self.labels.get(group).map_or(group, String::as_str)
    }

    /// Every group that the study knows: compared, labelled, or `other` where unlisted codes are, in a fixed order.
    #[must_use]
    pub fn known(&self) -> Vec<String> {
        let mut known: Vec<String> = self.shown().map(str::to_owned).collect();
        let other = (self.unknown == UnknownRule::Other).then_some(OTHER);
        for group in self.labels.keys().map(String::as_str).chain(other) {
            if !known.iter().any(|earlier| earlier == group) {
                known.push(group.to_owned());
            }
        }
        known
    }

    /// What a raw code means. Blanks around it are not part of it, unless the study lists it with them.
    #[must_use]
    pub fn classify<'a>(&'a self, raw: &'a str) -> Coded<'a> {
        let bare = raw.trim();
        if let Some(group) = self.codes.get(raw).or_else(|| self.codes.get(bare)) {
            return Coded::Group(group.get_ref());
        }
        let raw = bare;
        let is_known = self.shown().any(|group| group == raw) || self.labels.contains_key(raw);
        match self.unknown {
            _ if is_known => Coded::Group(raw),
            UnknownRule::Other => Coded::Group(OTHER),
            UnknownRule::Missing => Coded::Missing,
            UnknownRule::Error => Coded::Refused,
        }
    }

    /// Holds the table against itself.
    ///
    /// # Errors
    /// Nobody is compared; the reference group is compared with itself; a group is listed twice; a code leads to a
    /// group that the table does not name; a group is written otherwise than its label.
    pub fn check(&self) -> Result<(), Error> {
        if self.known().iter().any(|group| group == UNKNOWN) {
            return Err(Error::study(
                self.reference.span(),
                format!("a group cannot be called `{UNKNOWN}`"),
                "leave it out: a code that the study does not list is of unknown group with unknown = \"missing\"",
            ));
        }
        if self.compare.is_empty() {
            return Err(Error::study(
                self.reference.span(),
                "`compare` is empty",
                "list the groups that are compared with the reference group",
            ));
        }
        for group in self.shown() {
            let label = self.label(group);
            let twin = self
                .shown()
                .find(|other| *other != group && self.label(other) == label);
            if let Some(twin) = twin {
                return Err(Error::study(
                    self.reference.span(),
                    format!("`{group}` and `{twin}` have the same label `{label}`"),
                    "give each group a label of its own under [groups] labels",
                ));
            }
        }
        for (i, group) in self.compare.iter().enumerate() {
            if group.get_ref() == self.reference.get_ref() {
                return Err(Error::study(
                    group.span(),
                    format!("`{}` is the reference group", group.get_ref()),
                    "a group is not compared with itself: take it out of `compare`",
                )
                .against(self.reference.span()));
            }
            if let Some(earlier) = self.compare[..i]
                .iter()
                .find(|earlier| earlier.get_ref() == group.get_ref())
            {
                return Err(Error::study(
                    group.span(),
                    format!("`{}` stands in `compare` twice", group.get_ref()),
                    "name each group once",
                )
                .against(earlier.span()));
            }
        }
        self.check_spelling()?;
        self.check_codes()?;
        for (i, entry) in self.misrecorded.iter().enumerate() {
            let pair = |entry: &Spanned<Misrecorded>| {
                let own = entry.get_ref();
                (own.truth.clone(), own.recorded.clone())
            };
            let mut earlier = self.misrecorded[..i].iter();
            if let Some(earlier) = earlier.find(|earlier| pair(earlier) == pair(entry)) {
                return Err(Error::study(
                    entry.span(),
                    "these two groups are named before",
                    "one share for each pair of truth and record",
                )
                .against(earlier.span()));
            }
            self.check_misrecorded(entry)?;
        }
        Ok(())
    }

    /// Both groups are known and differ, and the share lies between its limits.
    fn check_misrecorded(&self, entry: &Spanned<Misrecorded>) -> Result<(), Error> {
        let refuse = |message: String, hint: String| Err(Error::study(entry.span(), message, hint));
        let (known, own) = (self.known(), entry.get_ref());
        for group in [&own.truth, &own.recorded] {
            if !known.contains(group) {
                return refuse(
                    format!("`misrecorded` names `{group}`, which [groups] does not"),
                    nearest_hint(group, known.iter().map(String::as_str)),
                );
            }
        }
        if own.truth == own.recorded {
            return refuse(
                format!("`{}` recorded as itself is no error", own.truth),
                "`truth` is the group people belong to, `recorded` the other one that was written down".into(),
            );
        }
        let (low, high) = match (own.share_low, own.share_high) {
            (None, None) => (0.0, 1.0),
            (Some(low), Some(high)) if own.n.is_none() => (low, high),
            _ => {
                return refuse(
                    "the uncertainty of a share of misrecording is said twice, or half".into(),
                    "give `share_low` and `share_high`, or `n`, or none of them".into(),
                );
            }
        };
        let is_ordered = 0.0 <= low && low <= own.share && own.share <= high && high <= 1.0;
        if !is_ordered || own.share >= 1.0 || own.n == Some(0) {
            return refuse(
                format!("a share of misrecording of {} with the limits {low} and {high}", own.share),
                "a share lies between its limits, from 0 to below 1, and `n` is at least 1; ten percent is 0.1".into(),
            );
        }
        Ok(())
    }

    /// A label of `white` is none of `White`: the data would have one of them only, and the other group would be empty.
    fn check_spelling(&self) -> Result<(), Error> {
        for group in std::iter::once(&self.reference).chain(&self.compare) {
            let name = group.get_ref();
            let other = self
                .labels
                .keys()
                .find(|label| *label != name && label.to_lowercase() == name.to_lowercase());
            if let Some(other) = other {
                return Err(Error::study(
                    group.span(),
                    format!("the group `{name}` is called `{other}` in `labels`"),
                    format!(
                        "did you mean `{other}`? Names of groups are the same letter by letter, capitals too: write it one way everywhere"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// A misspelt target would be a group of its own, and the group that was meant would be empty.
    fn check_codes(&self) -> Result<(), Error> {
        let known = self.known();
        for (code, group) in &self.codes {
            if !known.contains(group.get_ref()) {
                let hint = format!(
                    "{}; a further group, counted in shares only, is named in `labels`",
                    nearest_hint(group.get_ref(), known.iter().map(String::as_str))
                );
                return Err(Error::study(
                    group.span(),
                    format!(
                        "the code `{code}` leads to `{}`, which [groups] does not name",
                        group.get_ref()
                    ),
                    hint,
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(unknown: &str) -> Groups {
        let text = format!(
            "reference = 'white'\ncompare = ['black']\ncodes = {{ W = 'white', B = 'black' }}\nunknown = '{unknown}'"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn codes_and_names_are_groups_and_the_rest_follows_the_rule() {
        assert_eq!(groups("missing").classify("W"), Coded::Group("white"));
        assert_eq!(groups("missing").classify("black"), Coded::Group("black"));
        assert_eq!(groups("error").classify(" W "), Coded::Group("white"));
        assert_eq!(groups("error").classify("black "), Coded::Group("black"));
        assert_eq!(groups("missing").classify(""), Coded::Missing);
        assert_eq!(groups("other").classify("U"), Coded::Group("other"));
        assert_eq!(groups("error").classify("Black "), Coded::Refused);
    }

    #[test]
    fn the_reference_group_is_not_compared_with_itself() {
        let groups: Groups = toml::from_str("reference = 'a'\ncompare = ['a']").unwrap();
        assert!(groups.check().is_err());
    }
    #[test]
    fn a_code_leads_to_a_group_that_the_table_names() {
        let check = |rest: &str| {
            let text = format!("reference = 'white'\ncompare = ['black']\n{rest}");
            toml::from_str::<Groups>(&text).unwrap().check()
        };
        assert!(
            check("codes = { W = 'white', A = 'asian' }\nlabels = { asian = 'Asian' }").is_ok()
        );
        assert!(check("codes = { U = 'other' }\nunknown = 'other'").is_ok());
        let error = check("codes = { W = 'whte' }").unwrap_err();
        assert!(error.hint().unwrap().starts_with("did you mean `white`?"));
        assert!(check("codes = { U = 'other' }").is_err());
        let error = check("labels = { White = 'White' }").unwrap_err();
        assert!(error.hint().unwrap().starts_with("did you mean `White`?"));
    }
}
