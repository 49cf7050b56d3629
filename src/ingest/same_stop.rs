//! Which rows are records of one stop.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// What makes several rows one stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SameStop {
    /// They are equal in every field.
    Exact,
    /// They are equal in these columns of the file.
    Columns(Vec<String>),
}

impl<'de> Deserialize<'de> for SameStop {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = SameStop;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"exact\" or a list of columns [\"date\", \"time\", \"plate\"]")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<SameStop, E> {
                match word {
                    "exact" => Ok(SameStop::Exact),
                    _ => Err(E::custom(format!(
                        "found `{word}`; rows are records of one stop where they are equal in every field (\"exact\") or in a list of columns ([\"{word}\"])"
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<SameStop, A::Error> {
                let mut columns: Vec<String> = Vec::new();
                while let Some(column) = seq.next_element::<String>()? {
                    if columns.contains(&column) {
                        return Err(A::Error::custom(format!("`{column}` is named twice")));
                    }
                    columns.push(column);
                }
                if columns.is_empty() {
                    return Err(A::Error::custom(
                        "the list of columns is empty, and all rows would be one stop",
                    ));
                }
                Ok(SameStop::Columns(columns))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl JsonSchema for SameStop {
    fn schema_name() -> Cow<'static, str> {
        "SameStop".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What makes several rows one stop: \"exact\", equal in every field, or the columns in which they are equal.",
            "anyOf": [
                { "const": "exact" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1, "uniqueItems": true }
            ]
        })
    }
}

impl SameStop {
    /// The columns that it names.
    pub(super) fn columns(&self) -> &[String] {
        match self {
            Self::Exact => &[],
            Self::Columns(columns) => columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Table {
        same_stop: SameStop,
    }

    #[test]
    fn it_is_a_word_or_a_list_of_columns() {
        let read = |text: &str| toml::from_str::<Table>(text).map(|table| table.same_stop);
        assert_eq!(read("same_stop = 'exact'").unwrap(), SameStop::Exact);
        assert_eq!(
            read("same_stop = ['id']").unwrap(),
            SameStop::Columns(vec!["id".into()])
        );
        for (bad, words) in [
            ("'id'", "([\"id\"])"),
            ("[]", "all rows would be one stop"),
            ("['a', 'a']", "`a` is named twice"),
            ("3", "list of columns"),
        ] {
            let error = read(&format!("same_stop = {bad}")).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
