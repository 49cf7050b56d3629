//! Where a canonical column comes from: one column of the file, or rules in order of which the first that knows decides.
//!
//! The same words in a study and in a format, so that whatever a format can say, a study can say too.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::csv_file::CsvFile;
use super::schema::{kinds, some, text};
use super::stops::UnclearRule;
use crate::cells::OneOrMany;
use crate::error::Error;
use crate::stops::basis::{Bases, Basis};
use crate::stops::{AGE, DATE, HIT, SEARCH_BASIS, SEARCHED, TIME, WEIGHT};

/// Where a value comes from. `"race"`, `{ column = "race", codes = { W = "white" } }`, or a list of such tables.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSource(Vec<ColumnRule>);

/// What a column is read as, which decides the words that its rules may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadAs {
    /// A group, a place or another key.
    Value,
    /// A date or a time of day.
    Moment,
    /// An age.
    Age,
    /// A whole number.
    Number,
    /// Yes or no; of several rules one yes is enough.
    YesOrNo,
    /// Bases of a search; of several rules each adds its own.
    Bases,
}

impl ReadAs {
    /// What the canonical column of a name is read as; every other name is a key.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            DATE | TIME => Self::Moment,
            AGE => Self::Age,
            WEIGHT => Self::Number,
            SEARCHED | HIT => Self::YesOrNo,
            SEARCH_BASIS => Self::Bases,
            _ => Self::Value,
        }
    }

    /// The words that a rule may use.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Value => &["column", "with", "is", "codes", "first", "missing"],
            Self::Moment => &["column", "layout", "missing"],
            Self::Age => &["column", "layout", "missing", "unclear"],
            Self::Number => &["column"],
            Self::YesOrNo => &["column", "any", "yes", "no", "unclear", "missing"],
            Self::Bases => &["column", "codes", "missing"],
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Value => "a key",
            Self::Moment => "a date or a time",
            Self::Age => "an age",
            Self::Number => "a number",
            Self::YesOrNo => "a column that says yes or no",
            Self::Bases => "the basis of a search",
        }
    }
}

/// One rule.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnRule {
    /// The file's column; of several spellings the first that the header has.
    pub column: Option<OneOrMany>,
    /// Yes-or-no columns of which one yes is enough.
    pub any: Vec<String>,
    /// The same value for every row: the one agency that a file is of.
    pub is: Option<String>,
    /// Raw value to value. A value that is not listed stays as it is, or, where another rule follows, goes on to that.
    pub codes: BTreeMap<String, String>,
    /// Further columns whose values are put after the first, a comma between: the state after the county, or the agency after
    /// the number of its officer. Where the first says that nothing is known, nothing is.
    pub with: Vec<String>,
    /// How many of a value's first characters count: 1 where `WM` is a White man and `WF` a White woman.
    pub first: Option<usize>,
    /// Values that say that nothing is known, beside those of the table.
    pub missing: Vec<String>,
    /// How a date or a time is written, in the notation of `strftime` (`%m/%d/%Y`), or `excel` for a serial number; of several
    /// the one that fits. An age is in years, or is made from the date and a `birth_year`.
    pub layout: Option<OneOrMany>,
    /// Values that mean yes, where they are not those of `outcomes`.
    pub yes: Option<Vec<String>>,
    /// Values that mean no.
    pub no: Option<Vec<String>>,
    /// What any other value means.
    pub unclear: Option<UnclearRule>,
}

impl ColumnRule {
    /// A rule that takes a column as it is.
    fn plain(column: String) -> Self {
        Self {
            column: Some(OneOrMany::One(column)),
            ..Self::default()
        }
    }

    /// Every column of the file that the rule may name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let spellings = self.column.iter().flat_map(OneOrMany::values);
        let others = self.any.iter().chain(&self.with);
        spellings.chain(others).map(String::as_str)
    }

    /// The words that the rule uses.
    fn words(&self) -> impl Iterator<Item = &'static str> {
        let used = [
            ("column", self.column.is_some()),
            ("any", !self.any.is_empty()),
            ("is", self.is.is_some()),
            ("codes", !self.codes.is_empty()),
            ("with", !self.with.is_empty()),
            ("first", self.first.is_some()),
            ("missing", !self.missing.is_empty()),
            ("layout", self.layout.is_some()),
            ("yes", self.yes.is_some()),
            ("no", self.no.is_some()),
            ("unclear", self.unclear.is_some()),
        ];
        used.into_iter()
            .filter_map(|(word, is_used)| is_used.then_some(word))
    }

    /// The layouts, none where nothing is said.
    #[must_use]
    pub fn layouts(&self) -> &[String] {
        self.layout.as_ref().map_or(&[], OneOrMany::values)
    }

    /// Whether a header has what the rule needs.
    #[must_use]
    pub fn fits(&self, headers: &[String]) -> bool {
        let has = |name: &String| headers.contains(name);
        self.is.is_some()
            || (self.column.iter().any(|c| c.values().iter().any(has)) && self.with.iter().all(has))
            || (!self.any.is_empty() && self.any.iter().any(has))
    }

    /// Where the rule's columns stand: the one of `column`, or all of `any` that the file has.
    ///
    /// # Errors
    /// The file has none of them.
    pub fn find(&self, file: &CsvFile) -> Result<Vec<usize>, Error> {
        if self.is.is_some() {
            return Ok(Vec::new());
        }
        let (names, takes_all): (&[String], bool) = match &self.column {
            Some(names) => (names.values(), false),
            None => (&self.any, true),
        };
        let mut found = Vec::new();
        for name in names {
            if file.has(name) && (takes_all || found.is_empty()) {
                found.push(file.column(name)?);
            }
        }
        if found.is_empty() {
            // The error of the first spelling, which names the nearest column of the file.
            file.column(names.first().map_or("", String::as_str))?;
        }
        Ok(found)
    }
}

impl ColumnSource {
    /// The rules in order; there is at least one.
    #[must_use]
    pub fn rules(&self) -> &[ColumnRule] {
        &self.0
    }

    /// The name of the file's column, as captions and messages print it.
    #[must_use]
    pub fn described(&self) -> String {
        let names: Vec<&str> = self
            .0
            .iter()
            .filter_map(|rule| rule.names().next())
            .collect();
        names.join(", ")
    }

    /// Whether a header has at least one of the columns.
    #[must_use]
    pub fn fits(&self, headers: &[String]) -> bool {
        self.0.iter().any(|rule| rule.fits(headers))
    }

    /// What of the rules a header has: by these two files are of one kind, however they spell their columns.
    #[must_use]
    pub fn found<'a>(&'a self, headers: &[String]) -> BTreeSet<(usize, Option<&'a str>)> {
        let mut found = BTreeSet::new();
        for (i, rule) in self.0.iter().enumerate() {
            if rule.fits(headers) {
                found.insert((i, None));
            }
            let any = rule.any.iter().filter(|name| headers.contains(name));
            found.extend(any.map(|name| (i, Some(name.as_str()))));
        }
        found
    }

    /// Holds the rules against themselves and against what they are read as.
    ///
    /// # Errors
    /// What contradicts itself, as a message and a hint.
    pub fn check(&self, kind: ReadAs) -> Result<(), (String, String)> {
        self.check_bases(kind)?;
        for (i, rule) in self.0.iter().enumerate() {
            let ways = usize::from(rule.column.is_some())
                + usize::from(!rule.any.is_empty())
                + usize::from(rule.is.is_some());
            if ways != 1 {
                return Err((
                    "a rule names its column in one way".into(),
                    "write one of column = \"...\", any = [\"...\"] or is = \"...\"".into(),
                ));
            }
            if let Some(word) = rule.words().find(|word| !kind.words().contains(word)) {
                return Err((
                    format!("`{word}` means nothing for {}", kind.described()),
                    format!("a rule for it may have {}", kind.words().join(", ")),
                ));
            }
            if kind == ReadAs::Bases && self.0.len() > 1 && rule.codes.is_empty() {
                return Err((
                    "of several rules each adds the bases that its `codes` name, and this one has none".into(),
                    "write { column = \"BFS_CONSENT_GIVEN\", codes = { \"1\" = \"consent\" } }".into(),
                ));
            }
            if kind == ReadAs::Value && i + 1 < self.0.len() && rule.codes.is_empty() {
                return Err((
                    "a rule without `codes` decides every row, so those after it say nothing"
                        .into(),
                    "give it the codes that it knows, or put it last".into(),
                ));
            }
            if !rule.with.is_empty() && (rule.column.is_none() || rule.first.is_some()) {
                return Err((
                    "`with` puts values after that of a whole `column`".into(),
                    "write { column = \"county\", with = [\"state\"] }".into(),
                ));
            }
            let half = |layout: &&String| {
                layout.contains("%I") && !layout.contains("%p") && !layout.contains("%P")
            };
            if let Some(layout) = rule.layouts().iter().find(half) {
                return Err((
                    format!("`{layout}` reads hours of 12 and not which half of the day"),
                    "add %p for AM and PM, or write %H for hours of 24".into(),
                ));
            }
            if rule.first == Some(0) {
                return Err((
                    "`first = 0` leaves nothing of a value".into(),
                    "first = 1 reads the first character".into(),
                ));
            }
        }
        Ok(())
    }
}

impl ColumnSource {
    /// Codes of a basis of a search lead to bases that rules of discretion know.
    fn check_bases(&self, kind: ReadAs) -> Result<(), (String, String)> {
        if kind != ReadAs::Bases {
            return Ok(());
        }
        let mut values = self.0.iter().flat_map(|rule| rule.codes.values());
        match values.find(|value| bases_of(value).is_none()) {
            None => Ok(()),
            Some(value) => Err((format!("`{value}` is no basis of a search"), known_bases())),
        }
    }
}

/// The bases that a text names, divided by `|` or `;`; `None` where one of them is none.
pub fn bases_of(text: &str) -> Option<Bases> {
    let mut words = text
        .split(['|', ';'])
        .filter(|word| !word.trim().is_empty());
    words.try_fold(Bases::default(), |all, word| {
        Some(all.with(Basis::of(word)?))
    })
}

/// The bases that there are, for whoever wrote another.
pub fn known_bases() -> String {
    let words = Basis::ALL.map(|basis| format!("`{}`", basis.word()));
    format!("a basis is one of {}", words.join(", "))
}

impl From<&str> for ColumnSource {
    fn from(column: &str) -> Self {
        Self(vec![ColumnRule::plain(column.to_owned())])
    }
}

/// Written by hand because an untagged enum would answer every fault with "no variant fits".
impl<'de> Deserialize<'de> for ColumnSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = ColumnSource;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text (the name of a column) or a rule { column = \"...\" }")
            }

            fn visit_str<E>(self, column: &str) -> Result<ColumnSource, E> {
                Ok(ColumnSource::from(column))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ColumnSource, A::Error> {
                let rule = ColumnRule::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ColumnSource(vec![rule]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<ColumnSource, A::Error> {
                let rules = Vec::<ColumnRule>::deserialize(SeqAccessDeserializer::new(seq))?;
                if rules.is_empty() {
                    return Err(serde::de::Error::custom("the list of rules is empty"));
                }
                Ok(ColumnSource(rules))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for ColumnSource {
    fn schema_name() -> Cow<'static, str> {
        "ColumnSource".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<ColumnRule>();
        kinds(
            "Where a value comes from: the name of a column, a rule, or rules in order of which the first that knows decides.",
            [text(), rule.clone(), some(rule)],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Table {
        group: ColumnSource,
    }

    #[test]
    fn a_column_is_a_name_a_rule_or_rules_in_order() {
        let read = |text: &str| toml::from_str::<Table>(text).map(|table| table.group);
        assert_eq!(read("group = 'race'").unwrap(), ColumnSource::from("race"));
        let rules = read(
            "group = [{ column = 'Ethnicity', codes = { H = 'hispanic' } }, { column = ['Race', 'race'] }]",
        )
        .unwrap();
        assert!(rules.check(ReadAs::Value).is_ok());
        assert_eq!(rules.described(), "Ethnicity, Race");
        assert!(rules.fits(&["race".to_owned()]) && !rules.fits(&["sex".to_owned()]));
        assert!(read("group = { colum = 'race' }").is_err());
        assert!(read("group = []").is_err());
        let blind = read("group = [{ column = 'a' }, { column = 'b' }]").unwrap();
        assert!(blind.check(ReadAs::Value).is_err());
        assert!(blind.check(ReadAs::YesOrNo).is_ok());
    }

    #[test]
    fn a_word_that_means_nothing_for_a_column_is_refused() {
        let source = |text: &str| -> ColumnSource {
            toml::from_str::<Table>(&format!("group = {text}"))
                .unwrap()
                .group
        };
        for (kind, refused) in [
            (ReadAs::Value, "{ any = ['a', 'b'] }"),
            (ReadAs::Value, "{ column = 'a', yes = ['1'] }"),
            (ReadAs::Value, "{ column = 'a', layout = '%Y' }"),
            (ReadAs::Value, "{ column = 'a', first = 0 }"),
            (ReadAs::Value, "{ is = 'a', with = ['b'] }"),
            (ReadAs::Value, "{ column = 'a', with = ['b'], first = 1 }"),
            (ReadAs::Moment, "{ column = 'a', with = ['b'] }"),
            (ReadAs::Moment, "{ column = 'a', codes = { x = 'y' } }"),
            (ReadAs::Moment, "{ is = '2013-01-01' }"),
            (ReadAs::Age, "{ column = 'a', yes = ['1'] }"),
            (ReadAs::Number, "{ column = 'a', missing = ['1'] }"),
            (ReadAs::YesOrNo, "{ is = 'yes' }"),
            (ReadAs::YesOrNo, "{ column = 'a', codes = { x = 'yes' } }"),
            (ReadAs::YesOrNo, "{ column = 'a', any = ['b'] }"),
        ] {
            assert!(source(refused).check(kind).is_err(), "{refused}");
        }
        let any = source("[{ any = ['a', 'b'] }, { column = ['c', 'd'] }]");
        let found = |names: &[&str]| {
            let headers: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            any.found(&headers).len()
        };
        assert_eq!(
            (found(&["a", "b", "c"]), found(&["a", "d"]), found(&["x"])),
            (4, 3, 0)
        );
    }
}
