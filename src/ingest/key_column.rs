//! Where the value of a key stands in a file: in one column, in a part of one, or in several that belong together.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use csv::ByteRecord;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::at::At;
use super::csv_file::{CsvFile, quoted_or_blank};
use super::schema::{kinds, some, text};
use crate::error::{Error, nearest_hint};

/// The columns of a key: `"county"`, `["state", "county"]`, or `{ column = "GEO_ID", after = "US", digits = 5 }`, or
/// `{ column = "race", codes = { W = "white" } }`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyColumn {
    /// The columns, whose values are written one after the other.
    pub columns: Vec<String>,
    /// What stands before the value, itself left out: `US` in `0500000US37001`.
    pub after: Option<String>,
    /// How many digits each column has; a code that lost a leading zero gets it back.
    pub digits: Vec<usize>,
    /// Value as found to value of the key; an empty one leaves the row out. Of a key a value that is not listed is an
    /// error, of the group it is looked up in the study's own codes.
    pub codes: BTreeMap<String, String>,
}

/// A column, or several that are put together, and how their values are read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "KeyRule",
    extend("oneOf" = [{"required": ["column"]}, {"required": ["columns"]}])
)]
struct Rule {
    /// The column.
    column: Option<String>,
    /// Several columns that are put together.
    #[schemars(length(min = 1))]
    columns: Option<Vec<String>>,
    /// What stands before the value in the column, and is left out.
    after: Option<String>,
    /// How many digits the value has, or each of the columns.
    digits: Option<OneOrMore>,
    /// Raw value to value.
    #[serde(default)]
    codes: BTreeMap<String, String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "a number of digits, or a list with one for each column"
)]
#[schemars(rename = "Digits")]
enum OneOrMore {
    One(usize),
    More(Vec<usize>),
}

impl KeyColumn {
    /// One whole column.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self {
            columns: vec![name.to_owned()],
            after: None,
            digits: Vec::new(),
            codes: BTreeMap::new(),
        }
    }

    /// Whether the columns are taken as they are.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.after.is_none() && self.digits.is_empty() && self.codes.is_empty()
    }

    fn from_rule(rule: Rule) -> Result<Self, String> {
        let columns = match (rule.column, rule.columns) {
            (Some(one), None) => vec![one],
            (None, Some(several)) => several,
            _ => return Err("name either `column` or `columns`".into()),
        };
        if columns.is_empty() {
            return Err("a key has at least one column".into());
        }
        let digits = match rule.digits {
            None => Vec::new(),
            Some(OneOrMore::One(number)) => vec![number],
            Some(OneOrMore::More(numbers)) => numbers,
        };
        if !digits.is_empty() && digits.len() != columns.len() {
            return Err(format!(
                "`digits` has {} numbers for {} columns",
                digits.len(),
                columns.len()
            ));
        }
        if rule.after.is_some() && columns.len() > 1 {
            return Err("`after` is said of one column".into());
        }
        Ok(Self {
            columns,
            after: rule.after,
            digits,
            codes: rule.codes,
        })
    }
}

impl<'de> Deserialize<'de> for KeyColumn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = KeyColumn;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, a list of them, or { column = ..., after = ..., digits = ..., codes = ... }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<KeyColumn, E> {
                Ok(KeyColumn::plain(name))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, names: A) -> Result<KeyColumn, A::Error> {
                let columns = Vec::deserialize(SeqAccessDeserializer::new(names))?;
                if columns.is_empty() {
                    return Err(A::Error::custom("a key has at least one column"));
                }
                Ok(KeyColumn {
                    columns,
                    after: None,
                    digits: Vec::new(),
                    codes: BTreeMap::new(),
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KeyColumn, A::Error> {
                let rule = Rule::deserialize(MapAccessDeserializer::new(map))?;
                KeyColumn::from_rule(rule).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for KeyColumn {
    fn schema_name() -> Cow<'static, str> {
        "KeyColumn".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<Rule>();
        kinds(
            "The name of a column, a list of columns that are put together, or a rule.",
            [text(), some(text()), rule],
        )
    }
}

/// A key bound to the columns of one file.
#[derive(Debug)]
pub(super) struct BoundKey<'a> {
    rule: &'a KeyColumn,
    at: Vec<usize>,
}

impl<'a> BoundKey<'a> {
    /// # Errors
    /// A column that the file does not have.
    pub(super) fn new(rule: &'a KeyColumn, file: &CsvFile) -> Result<Self, Error> {
        let at = rule.columns.iter().map(|name| file.column(name));
        Ok(Self {
            rule,
            at: at.collect::<Result<_, _>>()?,
        })
    }

    /// What `codes` make of a value of the key; `None` where they leave it out, and the value itself where there are none.
    ///
    /// # Errors
    /// A value that they do not know.
    pub(super) fn decoded(
        &self,
        key: &str,
        raw: String,
        codes: Option<&BTreeMap<String, String>>,
        at: &At<'_>,
    ) -> Result<Option<String>, Error> {
        let Some(codes) = codes else {
            return Ok(Some(raw));
        };
        let listed = codes.get(&raw).or_else(|| {
            let mut all = codes.iter();
            all.find(|(code, _)| code.trim() == raw).map(|(_, v)| v)
        });
        match listed {
            Some(value) => Ok((!value.is_empty()).then(|| value.clone())),
            None => {
                let message = format!(
                    "found {}, which `codes` of `{key}` does not know",
                    quoted_or_blank(&raw)
                );
                let hint = nearest_hint(&raw, codes.keys().map(String::as_str));
                Err(at.fault_in(self.column(), message, hint).into())
            }
        }
    }

    /// The first column, for faults.
    pub(super) fn column(&self) -> usize {
        self.at[0]
    }

    /// The value as the rule says, without blanks around it: they would make two places of one.
    ///
    /// # Errors
    /// What stands before the value is not there; another number of digits.
    pub(super) fn value(&self, at: &At<'_>, record: &ByteRecord) -> Result<String, Error> {
        let mut value = String::new();
        for (i, &column) in self.at.iter().enumerate() {
            let mut text = at.text(record, column)?;
            if let Some(before) = &self.rule.after {
                let Some((_, rest)) = text.split_once(before.as_str()) else {
                    let message = format!("found {} without `{before}`", quoted_or_blank(text));
                    return Err(at
                        .fault_in(
                            column,
                            message,
                            "`after` says what stands before the value: correct it, or take it out",
                        )
                        .into());
                };
                text = rest;
            }
            let text = text.trim();
            match self.rule.digits.get(i) {
                None => value.push_str(text),
                Some(&digits) => value.push_str(&padded(at, column, text, digits)?),
            }
        }
        Ok(value)
    }
}

/// A code of a fixed number of digits, with the one leading zero that a spreadsheet may have taken.
fn padded(at: &At<'_>, column: usize, text: &str, digits: usize) -> Result<String, Error> {
    let is_code = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // A county of three digits loses all zeros but the last digit, a longer code the one of its state: none begins with 00.
    let most_lost = if digits <= 3 {
        digits.saturating_sub(1)
    } else {
        1
    };
    if is_code && text.len() <= digits && digits - text.len() <= most_lost {
        return Ok(format!("{text:0>digits$}"));
    }
    Err(at
        .fault_in(
            column,
            format!(
                "found {}, which is no code of {digits} digits",
                quoted_or_blank(text)
            ),
            "correct `digits`, or the code",
        )
        .into())
}

/// The columns that some keys are read from, each with the place in the study that names it.
pub(super) fn named_columns<'a>(
    keys: impl Iterator<Item = &'a Spanned<KeyColumn>>,
) -> Vec<Spanned<String>> {
    keys.flat_map(|key| {
        let names = key.get_ref().columns.iter();
        names.map(|name| Spanned::new(key.span(), name.clone()))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct One {
        key: KeyColumn,
    }

    #[test]
    fn a_key_is_a_column_or_several_or_a_part_of_one() {
        let read = |text: &str| toml::from_str::<One>(&format!("key = {text}")).map(|one| one.key);
        assert_eq!(read("'a'").unwrap(), KeyColumn::plain("a"));
        assert_eq!(read("['a', 'b']").unwrap().columns, ["a", "b"]);
        let part = read("{ column = 'GEO_ID', after = 'US', digits = 5 }").unwrap();
        assert_eq!(part.digits, [5]);
        for wrong in [
            "{ colum = 'a' }",
            "{ after = 'US' }",
            "[]",
            "{ columns = ['a', 'b'], digits = 5 }",
            "{ columns = ['a', 'b'], after = 'US' }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
