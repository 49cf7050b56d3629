//! The JSON schema (draft 2020-12) of a study file and of a format, made of the structs that read them.

use schemars::generate::SchemaSettings;
use schemars::transform::transform_subschemas;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::file::{FORMAT, StudyFile};
use crate::ingest::Format;

/// The schema of a study file.
#[must_use]
pub fn study_schema() -> Value {
    let mut schema = of::<StudyFile>("study", "A study of evenhand");
    let format = &mut schema["properties"]["format"];
    *format = json!({ "description": format["description"].take(), "const": FORMAT });
    // A format may leave them to the study, and the study has nobody to leave them to.
    schema["$defs"]["StopsConfig"]["required"] = json!(["files"]);
    schema["$defs"]["AgreementsConfig"]["required"] = json!(["file"]);
    schema
}

/// The schema of a format: what a publisher's files hold, as a study's own file says it.
#[must_use]
pub fn format_schema() -> Value {
    let mut schema = of::<Format>("format", "A format of evenhand");
    let study = of::<StudyFile>("study", "");
    // A key of a format means what it means in the study's table.
    for (part, whole) in [
        ("CountsFragment", "CountsConfig"),
        ("PopulationFragment", "PopulationConfig"),
    ] {
        let whole = &study["$defs"][whole]["properties"];
        if let Some(keys) = schema["$defs"][part]["properties"].as_object_mut() {
            for (key, value) in keys {
                value["description"] = whole[key]["description"].clone();
            }
        }
    }
    schema
}

/// The schema of what is read into a struct, its head first.
fn of<T: JsonSchema>(what: &str, title: &str) -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>();
    as_toml(&mut schema);
    let mut whole = json!({
        "$schema": schema.remove("$schema"),
        "$id": format!("urn:evenhand:schema:{what}:{FORMAT}"),
        "title": title,
        "description": schema.remove("description"),
    });
    schema.remove("title");
    if let (Value::Object(whole), Value::Object(rest)) = (&mut whole, schema.to_value()) {
        whole.extend(rest);
    }
    whole
}

/// What TOML does not have, or JSON schema does not know: no null, and no lengths of numbers but their ends.
fn as_toml(schema: &mut Schema) {
    without_null(schema);
    with_aliases(schema);
    bounded(schema);
    as_lines(schema);
    transform_subschemas(&mut as_toml, schema);
}

/// A key that may be left out is left out: TOML has no null.
fn without_null(schema: &mut Schema) {
    let says_nothing = |default: &Value| default.is_null() || *default == "";
    if schema.get("default").is_some_and(says_nothing) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|of| of != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            schema.insert("type".into(), one);
        }
    }
    if let Some(Value::Array(kinds)) = schema.get_mut("anyOf") {
        kinds.retain(|kind| *kind != json!({ "type": "null" }));
        if let [Value::Object(only)] = kinds.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.ensure_object().entry(key).or_insert(value);
            }
        }
    }
}

/// A word that has other spellings is one of a list, where the derived schema names the first only.
fn with_aliases(schema: &mut Schema) {
    if schema.get("enum").is_some() {
        schema.remove("const");
    }
}

/// The ends of a whole number in place of the name of its type.
fn bounded(schema: &mut Schema) {
    let ends: Option<(Option<i64>, Option<i64>)> =
        schema.get("format").and_then(Value::as_str).and_then(|of| {
            Some(match of {
                "uint8" => (Some(0), Some(u8::MAX.into())),
                "uint16" => (Some(0), Some(u16::MAX.into())),
                "uint32" => (Some(0), Some(u32::MAX.into())),
                "uint" | "uint64" => (Some(0), None),
                "int16" => (Some(i16::MIN.into()), Some(i16::MAX.into())),
                "int64" | "double" => (None, None),
                _ => return None,
            })
        });
    let Some((least, most)) = ends else { return };
    schema.remove("format");
    for (key, end) in [("minimum", least), ("maximum", most)] {
        if let (Some(end), None) = (end, schema.get(key)) {
            schema.insert(key.into(), end.into());
        }
    }
}

/// Descriptions are wrapped where they are written; whoever shows them wraps them anew.
fn as_lines(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        let paragraphs: Vec<String> = text
            .split("\n\n")
            .map(|paragraph| paragraph.replace('\n', " "))
            .collect();
        *text = paragraphs.join("\n\n");
    }
}
