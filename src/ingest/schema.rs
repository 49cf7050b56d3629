//! Pieces of the study's JSON schema for what is read by hand: a schema says what the reader takes, no more and no less.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

use super::column::ColumnSource;
use crate::stops::Column;

/// A day of TOML, which stands without quotes. JSON has no dates, so tools that check TOML by a schema hold it as a text.
pub(super) struct Day;

impl JsonSchema for Day {
    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date",
            "description": "A day, without quotes: 2011-01-31."
        })
    }
}

/// The canonical columns of a table of stops.
pub(super) struct CanonicalColumns;

impl JsonSchema for CanonicalColumns {
    fn schema_name() -> Cow<'static, str> {
        "CanonicalColumns".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let source = generator.subschema_for::<ColumnSource>();
        let property = |column: &Column| {
            let mut own = source.clone();
            own.insert("description".into(), sentence(column.meaning).into());
            (column.name.to_owned(), Value::from(own))
        };
        let properties: Map<String, Value> = Column::ALL.iter().map(property).collect();
        json_schema!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false
        })
    }
}

fn sentence(meaning: &str) -> String {
    let mut letters = meaning.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

/// A value of one of several kinds.
pub(super) fn kinds<const N: usize>(about: &str, kinds: [Schema; N]) -> Schema {
    let kinds: Vec<Value> = kinds.into_iter().map(Value::from).collect();
    json_schema!({ "description": about, "anyOf": kinds })
}

/// A text.
pub(super) fn text() -> Schema {
    json_schema!({ "type": "string" })
}

/// A list of at least one.
pub(super) fn some(items: Schema) -> Schema {
    json_schema!({ "type": "array", "items": items, "minItems": 1 })
}
