//! Groups as columns of a population: which column, or sum of columns, or share of a total, holds the people of a group.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::super::schema::{kinds, some, text};

/// One column of a sum; of an age band that the universe cuts through, a part of it only.
#[derive(Debug, Clone, PartialEq)]
pub struct Addend {
    /// The column.
    pub column: String,
    /// What its estimate and its margin are multiplied by: 1 unless said otherwise.
    pub times: f64,
}

/// The people of one group, in a file that has a column for each.
#[derive(Debug, Clone, PartialEq)]
pub enum WideGroup {
    /// A column, or several that are added up.
    Sum {
        /// The estimates.
        population: Vec<Addend>,
        /// Their margins of error, one for each and in the same order; empty where the file has none.
        moe90: Vec<String>,
    },
    /// A share of a total.
    Share {
        /// The column of the share.
        column: String,
        /// 1, or 100 where it is a percentage.
        whole: f64,
        /// The column of the total.
        of: String,
        /// The column of the share's margin of error, in its own unit.
        moe90: Option<String>,
        /// The column of the total's margin of error; without it the total is taken as exact.
        of_moe90: Option<String>,
    },
}

impl WideGroup {
    /// Every column that it needs.
    #[must_use]
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Sum { population, moe90 } => {
                let estimates = population.iter().map(|addend| addend.column.as_str());
                estimates.chain(moe90.iter().map(String::as_str)).collect()
            }
            Self::Share {
                column,
                of,
                moe90,
                of_moe90,
                ..
            } => {
                let margins = [moe90, of_moe90].into_iter().flatten();
                [column, of]
                    .into_iter()
                    .chain(margins)
                    .map(String::as_str)
                    .collect()
            }
        }
    }

    /// Whether it has a margin of error.
    #[must_use]
    pub fn states_margins(&self) -> bool {
        match self {
            Self::Sum { moe90, .. } => !moe90.is_empty(),
            Self::Share { moe90, .. } => moe90.is_some(),
        }
    }

    fn sum(population: Vec<Addend>, moe90: Vec<String>) -> Result<Self, String> {
        if population.is_empty() {
            return Err("a group has at least one column".into());
        }
        if !moe90.is_empty() && moe90.len() != population.len() {
            return Err(format!(
                "`moe90` names {} columns for {} of `population`: each estimate has its own margin of error, in the same order",
                moe90.len(),
                population.len()
            ));
        }
        Ok(Self::Sum { population, moe90 })
    }

    fn from_rule(rule: Rule) -> Result<Self, String> {
        let margins = || rule.moe90.clone().map_or_else(Vec::new, |names| names.0);
        match (rule.population, rule.share, rule.percent, rule.of) {
            (Some(population), None, None, None) if rule.of_moe90.is_none() => {
                Self::sum(population.0, margins())
            }
            (None, Some(column), None, Some(of)) => {
                Self::share(column, 1.0, of, margins(), rule.of_moe90)
            }
            (None, None, Some(column), Some(of)) => {
                Self::share(column, 100.0, of, margins(), rule.of_moe90)
            }
            _ => Err("a group is either `population`, or `share` or `percent` with `of`, the column of the total".into()),
        }
    }

    fn share(
        column: String,
        whole: f64,
        of: String,
        moe90: Vec<String>,
        of_moe90: Option<String>,
    ) -> Result<Self, String> {
        if moe90.len() > 1 {
            return Err("a share has one margin of error".into());
        }
        if moe90.is_empty() && of_moe90.is_some() {
            return Err("`of_moe90` without the share's own `moe90`".into());
        }
        Ok(Self::Share {
            column,
            whole,
            of,
            moe90: moe90.into_iter().next(),
            of_moe90,
        })
    }
}

/// Columns that are added up, or a share of a total, with their margins of error.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "WideRule",
    extend("oneOf" = [
        {
            "required": ["population"],
            "properties": {"share": false, "percent": false, "of": false, "of_moe90": false}
        },
        {"required": ["share", "of"], "properties": {"population": false, "percent": false}},
        {"required": ["percent", "of"], "properties": {"population": false, "share": false}}
    ])
)]
struct Rule {
    /// The column of the people, or several that are added up.
    population: Option<Addends>,
    /// The column of the group's share of a total, from 0 to 1.
    share: Option<String>,
    /// The column of the group's share of a total, in per cent.
    percent: Option<String>,
    /// The column of the total.
    of: Option<String>,
    /// The column of the 90 % margin of error; of several columns one for each, in the same order.
    moe90: Option<Names>,
    /// The column of the total's margin of error; without it the total is taken as exact.
    of_moe90: Option<String>,
}

/// A part of a column.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PartOfColumn")]
struct Weighted {
    /// The column.
    column: String,
    /// What it is multiplied by, above 0 and at most 1: 0.5, or "2/3".
    times: Option<Factor>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a number, or a fraction as text: \"2/3\"")]
enum Factor {
    Whole(u32),
    Number(f64),
    Fraction(String),
}

impl Factor {
    fn value(&self) -> Option<f64> {
        let value = match self {
            Self::Whole(number) => f64::from(*number),
            Self::Number(number) => *number,
            Self::Fraction(text) => {
                let (above, below) = text.split_once('/')?;
                let number = |text: &str| text.trim().parse::<u32>().ok().map(f64::from);
                number(above)? / number(below)?
            }
        };
        (value.is_finite() && value > 0.0 && value <= 1.0).then_some(value)
    }
}

/// A fraction as the schema describes it; that it is at most 1 no pattern says.
const FRACTION: &str = r"^\s*[0-9]+\s*/\s*[0-9]+\s*$";

/// One column or several, each of them a name or a part of a column.
struct Addends(Vec<Addend>);

/// One name or several.
#[derive(Clone)]
pub(in crate::ingest) struct Names(pub(in crate::ingest) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a column's name, or a list of them")]
        enum OneOrMore {
            One(String),
            More(Vec<String>),
        }
        Ok(Self(match OneOrMore::deserialize(deserializer)? {
            OneOrMore::One(name) => vec![name],
            OneOrMore::More(names) => names,
        }))
    }
}

impl<'de> Deserialize<'de> for Addend {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Addend;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or { column = ..., times = \"2/3\" }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Addend, E> {
                Ok(Addend {
                    column: name.to_owned(),
                    times: 1.0,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Addend, A::Error> {
                let Weighted { column, times } =
                    Weighted::deserialize(MapAccessDeserializer::new(map))?;
                let times = times
                    .map_or(Some(1.0), |factor| factor.value())
                    .ok_or_else(|| {
                        A::Error::custom("`times` is above 0 and at most 1: 0.5, or \"2/3\"")
                    })?;
                Ok(Addend { column, times })
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl<'de> Deserialize<'de> for Addends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Addends;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, or a list of columns that are added up")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Addends, E> {
                let column = name.to_owned();
                Ok(Addends(vec![Addend { column, times: 1.0 }]))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Addends, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Addends)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl<'de> Deserialize<'de> for WideGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = WideGroup;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a column's name, a list of columns that are added up, or { population = ..., moe90 = ... }")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<WideGroup, E> {
                let column = name.to_owned();
                WideGroup::sum(vec![Addend { column, times: 1.0 }], Vec::new()).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<WideGroup, A::Error> {
                let columns = Vec::deserialize(SeqAccessDeserializer::new(list))?;
                WideGroup::sum(columns, Vec::new()).map_err(A::Error::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WideGroup, A::Error> {
                let rule = Rule::deserialize(MapAccessDeserializer::new(map))?;
                WideGroup::from_rule(rule).map_err(A::Error::custom)
            }
        }
        deserializer.deserialize_any(Words)
    }
}

impl JsonSchema for Factor {
    fn schema_name() -> Cow<'static, str> {
        "Factor".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        kinds(
            "A part: a number above 0 and at most 1, or a fraction as text.",
            [
                json_schema!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1 }),
                json_schema!({ "type": "string", "pattern": FRACTION }),
            ],
        )
    }
}

impl JsonSchema for Names {
    fn schema_name() -> Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let several = json_schema!({ "type": "array", "items": text() });
        kinds(
            "The name of a column, or a list of them.",
            [text(), several],
        )
    }
}

impl JsonSchema for Addend {
    fn schema_name() -> Cow<'static, str> {
        "Addend".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let part = generator.subschema_for::<Weighted>();
        kinds("The name of a column, or a part of one.", [text(), part])
    }
}

impl JsonSchema for Addends {
    fn schema_name() -> Cow<'static, str> {
        "Addends".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let addend = generator.subschema_for::<Addend>();
        kinds(
            "The name of a column, or a list of columns that are added up.",
            [text(), some(addend)],
        )
    }
}

impl JsonSchema for WideGroup {
    fn schema_name() -> Cow<'static, str> {
        "WideGroup".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let addend = generator.subschema_for::<Addend>();
        let rule = generator.subschema_for::<Rule>();
        kinds(
            "The people of one group: the name of a column, a list of columns that are added up, or a rule.",
            [text(), some(addend), rule],
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct One {
        group: WideGroup,
    }

    fn read(text: &str) -> Result<WideGroup, toml::de::Error> {
        toml::from_str::<One>(&format!("group = {text}")).map(|one| one.group)
    }

    #[test]
    fn a_group_is_a_column_a_sum_or_a_share() {
        assert_eq!(read("'a'").unwrap().columns(), ["a"]);
        assert_eq!(
            read("['a', { column = 'b', times = '2/3' }]")
                .unwrap()
                .columns(),
            ["a", "b"]
        );
        let sum = read("{ population = ['a', 'b'], moe90 = ['c', 'd'] }").unwrap();
        assert!(sum.states_margins() && sum.columns().len() == 4);
        let share = read("{ percent = 'p', of = 'n' }").unwrap();
        assert_eq!(share.columns(), ["p", "n"]);
    }

    #[test]
    fn what_says_too_little_or_too_much_is_refused() {
        for wrong in [
            "[]",
            "{ population = ['a', 'b'], moe90 = 'c' }",
            "{ share = 'a' }",
            "{ share = 'a', percent = 'b', of = 'n' }",
            "{ population = 'a', of = 'n' }",
            "[{ column = 'a', times = '3/2' }]",
            "[{ column = 'a', times = 0 }]",
            "[{ column = 'a', times = '1/0' }]",
            "{ populaton = 'a' }",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
