//! `evenhand schema`: what the schema allows is what the reader takes, key by key and word by word.

use std::collections::BTreeSet;
use std::fs;

use evenhand::ingest::{Format, shipped_formats};
use evenhand::study::{StudyFile, format_schema, study_schema};
use serde_json::{Map, Value, json};

use crate::harness::{ROWS_STUDY, SMALL_STUDY, root, run};

/// Holds a value against a schema: what is wrong, and where. Only the words that our schemas use; any other fails the
/// test, so that nothing is passed over.
struct Judge<'a> {
    whole: &'a Value,
}

impl Judge<'_> {
    fn faults(&self, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.hold(value, self.whole, "", &mut faults);
        faults
    }

    fn fits(&self, value: &Value, schema: &Value) -> bool {
        let mut faults = Vec::new();
        self.hold(value, schema, "", &mut faults);
        faults.is_empty()
    }

    fn hold(&self, value: &Value, schema: &Value, at: &str, faults: &mut Vec<String>) {
        if let Value::Bool(allowed) = schema {
            if !allowed {
                faults.push(format!("{at}: not allowed here"));
            }
            return;
        }
        let schema = schema.as_object().unwrap();
        let fault = |faults: &mut Vec<String>, what: &str| {
            faults.push(format!("{at}: {value} against {what}"));
        };
        for (word, rule) in schema {
            let is_fine = match word.as_str() {
                "$schema" | "$id" | "$defs" | "title" | "description" | "default" => true,
                "$ref" => {
                    let target = rule.as_str().unwrap().strip_prefix('#').unwrap();
                    self.hold(value, self.whole.pointer(target).unwrap(), at, faults);
                    true
                }
                "type" => match rule.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "boolean" => value.is_boolean(),
                    "number" => value.is_number(),
                    "integer" => value.is_i64() || value.is_u64(),
                    other => panic!("type {other}"),
                },
                "format" => {
                    assert_eq!(rule, "date");
                    value
                        .as_str()
                        .is_none_or(|text| text.parse::<jiff::civil::Date>().is_ok())
                }
                "pattern" => value
                    .as_str()
                    .is_none_or(|text| match rule.as_str().unwrap() {
                        r"\S" => !text.trim().is_empty(),
                        r"^\s*[0-9]+\s*/\s*[0-9]+\s*$" => {
                            text.split_once('/').is_some_and(|parts| {
                                [parts.0, parts.1]
                                    .iter()
                                    .all(|n| n.trim().parse::<u32>().is_ok())
                            })
                        }
                        other => panic!("pattern {other}"),
                    }),
                "const" => value == rule,
                "enum" => rule.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
                "exclusiveMinimum" => value.as_f64().is_none_or(|n| n > rule.as_f64().unwrap()),
                "minItems" => value
                    .as_array()
                    .is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap()),
                "maxProperties" => value
                    .as_object()
                    .is_none_or(|table| table.len() as u64 <= rule.as_u64().unwrap()),
                "anyOf" => rule
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|one| self.fits(value, one)),
                "oneOf" => {
                    let fitting = rule.as_array().unwrap().iter();
                    fitting.filter(|one| self.fits(value, one)).count() == 1
                }
                "required" => value.as_object().is_none_or(|table| {
                    let mut names = rule.as_array().unwrap().iter();
                    names.all(|name| table.contains_key(name.as_str().unwrap()))
                }),
                "items" => {
                    for (i, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.hold(item, rule, &format!("{at}/{i}"), faults);
                    }
                    true
                }
                "properties" => {
                    for (key, item) in value.as_object().into_iter().flatten() {
                        if let Some(own) = rule.get(key) {
                            self.hold(item, own, &format!("{at}/{key}"), faults);
                        }
                    }
                    true
                }
                "additionalProperties" => {
                    let known = schema.get("properties");
                    for (key, item) in value.as_object().into_iter().flatten() {
                        if known.is_none_or(|known| known.get(key).is_none()) {
                            self.hold(item, rule, &format!("{at}/{key}"), faults);
                        }
                    }
                    true
                }
                other => panic!("the test does not know `{other}`"),
            };
            if !is_fine {
                fault(faults, &format!("{word} {rule}"));
            }
        }
    }
}

/// A document of TOML as tools that check it by a JSON schema see it: a date is a text.
fn as_json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.as_str().into(),
        toml::Value::Integer(number) => (*number).into(),
        toml::Value::Float(number) => (*number).into(),
        toml::Value::Boolean(truth) => (*truth).into(),
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(list) => list.iter().map(as_json).collect(),
        toml::Value::Table(table) => {
            let pairs = table
                .iter()
                .map(|(key, value)| (key.clone(), as_json(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

/// A text that is a study or a format, and what is to be said of it.
fn studies() -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = vec![
        ("the small study".into(), SMALL_STUDY.into()),
        ("the study of rows".into(), ROWS_STUDY.into()),
        ("every table".into(), EVERY_TABLE.into()),
    ];
    for folder in ["datasets/studies", "tests/studies_with_data"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "toml") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 8, "{} studies", found.len());
    found
}

fn formats() -> Vec<(String, String)> {
    let found: Vec<(String, String)> = shipped_formats()
        .unwrap()
        .iter()
        .map(|format| (format.name.clone(), format.text().to_owned()))
        .collect();
    assert!(found.len() > 20);
    found
}

/// A study with what the others leave out; it is read, and not run.
const EVERY_TABLE: &str = include_str!("schema/every-table.toml");

fn read(text: &str) -> toml::Value {
    toml::Value::Table(text.parse().unwrap())
}

#[test]
fn every_study_and_every_format_is_one_by_the_schema() {
    for (schema, texts) in [(study_schema(), studies()), (format_schema(), formats())] {
        for (name, text) in texts {
            let faults = Judge { whole: &schema }.faults(&as_json(&read(&text)));
            assert!(faults.is_empty(), "{name}: {faults:#?}");
            assert!(
                of_study(&text).is_none() || of_format(&text).is_none(),
                "{name} is not read"
            );
        }
    }
}

#[test]
fn what_the_program_makes_up_is_a_study_by_the_schema() {
    let workspace = crate::harness::Workspace::new();
    workspace.write("rows.csv", crate::harness::ROWS);
    for arguments in [
        &["simulate", "stops", "--rows", "200", "-o", "made-up"][..],
        &["init", "rows.csv", "-o", "begun.toml"],
    ] {
        let outcome = workspace.evenhand(arguments);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    let files = workspace.files().into_iter();
    let studies: Vec<_> = files
        .filter(|file| file.ends_with("study.toml") || file.ends_with("begun.toml"))
        .collect();
    assert_eq!(studies.len(), 2, "{:?}", workspace.files());
    for study in studies {
        let text = workspace.read(&study.to_string_lossy());
        let schema = study_schema();
        let faults = Judge { whole: &schema }.faults(&as_json(&read(&text)));
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

#[test]
fn a_broken_study_is_none_by_the_schema() {
    let schema = study_schema();
    for (from, to, at) in [
        ("compare =", "compares =", "/groups/compares"),
        ("years = 2.0", "years = \"2\"", "/counts/1/years"),
        ("reference = \"white\"\n", "", "/groups"),
        ("by = [\"place\"]", "by = \"place\"", "/rates/0/by"),
        (
            "counts = \"searches\"\n\n[[rates]]",
            "against = [\"everybody\"]\ncounts = \"searches\"\n\n[[rates]]",
            "/disparity/0/against/0",
        ),
        ("format = 1", "format = 2", "/format"),
        ("title = \"A small study\"", "title = \" \"", "/title"),
        (
            "[groups]",
            "[disclosure]\nminimum = 2\n[groups]",
            "/disclosure/minimum",
        ),
        (
            "[groups]",
            "[periods]\nbefore = { from = 2011-01-01 }\n[groups]",
            "/periods/before",
        ),
        (
            "[groups]",
            "[[stops]]\nfiles = [\"a.csv\"]\ncolumns = { race = \"r\" }\n[groups]",
            "/stops/0/columns/race",
        ),
        (
            "[groups]",
            "[[stops]]\ncolumns = { group = \"r\" }\n[groups]",
            "/stops/0",
        ),
    ] {
        assert!(SMALL_STUDY.contains(from), "{from}");
        let broken = SMALL_STUDY.replacen(from, to, 1);
        let faults = Judge { whole: &schema }.faults(&as_json(&read(&broken)));
        assert!(
            faults
                .iter()
                .any(|fault| fault.starts_with(&format!("{at}:"))),
            "{to}: {faults:#?}"
        );
    }
}

/// What a reader says of a table with a key that nobody knows, or of a word that is none: all the words that it takes.
fn expected(error: &str) -> BTreeSet<String> {
    let (_, list) = error.split_once(", expected ").unwrap_or(("", ""));
    list.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// Every place of a schema that names keys or words, as a document that leads there and the names.
fn places(schema: &Value) -> Vec<(Value, BTreeSet<String>)> {
    const WRONG: &str = "no key or word";
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    type Lead = Box<dyn Fn(Value) -> Value>;
    let mut open: Vec<(Value, Lead)> = vec![(schema.clone(), Box::new(|value| value))];
    while let Some((piece, lead)) = open.pop() {
        let Value::Object(piece) = piece else {
            continue;
        };
        if let Some(target) = piece.get("$ref").and_then(Value::as_str) {
            if seen.insert(target.to_owned()) {
                open.push((schema.pointer(&target[1..]).unwrap().clone(), lead));
            }
            continue;
        }
        let words = |one: &Value| -> Vec<String> {
            let listed = one["enum"].as_array().cloned().unwrap_or_default();
            let all = listed.into_iter().chain(one.get("const").cloned());
            all.filter_map(|word| word.as_str().map(str::to_owned))
                .collect()
        };
        let all = piece
            .get("oneOf")
            .or(piece.get("anyOf"))
            .and_then(Value::as_array);
        let all: Vec<Value> = all.cloned().unwrap_or_default();
        let mut allowed: BTreeSet<String> = all.iter().flat_map(&words).collect();
        allowed.extend(words(&Value::Object(piece.clone())));
        if !allowed.is_empty() {
            found.push((lead(WRONG.into()), allowed));
        }
        let lead = std::rc::Rc::new(lead);
        let mut go = |piece: Value, wrap: Box<dyn Fn(Value) -> Value>| {
            let lead = lead.clone();
            open.push((piece, Box::new(move |value| lead(wrap(value)))));
        };
        if let Some(properties) = piece.get("properties").and_then(Value::as_object) {
            let keys = properties.keys().cloned().collect();
            if piece.get("additionalProperties") == Some(&json!(false)) {
                found.push((lead(json!({ WRONG: 1 })), keys));
            }
            for (key, own) in properties {
                let key = key.clone();
                go(own.clone(), Box::new(move |value| json!({ &key: value })));
            }
        }
        for one in all.into_iter().filter(|one| words(one).is_empty()) {
            go(one, Box::new(|value| value));
        }
        if let Some(items) = piece.get("items") {
            go(items.clone(), Box::new(|value| json!([value])));
        }
        if let Some(values) = piece.get("additionalProperties") {
            go(values.clone(), Box::new(|value| json!({ "any": value })));
        }
    }
    found
}

/// What the reader of a study has against a text.
fn of_study(text: &str) -> Option<toml::de::Error> {
    toml::from_str::<StudyFile>(text).err()
}

/// What the reader of a format has against a text.
fn of_format(text: &str) -> Option<toml::de::Error> {
    toml::from_str::<Format>(text).err()
}

/// The names that the schema gives to a place are those that the reader lists when it is given another.
#[test]
fn the_schema_names_every_key_and_word_that_the_reader_takes() {
    type Reader = fn(&str) -> Option<String>;
    let study: Reader = |text| of_study(text).map(|e| e.message().to_owned());
    let format: Reader = |text| of_format(text).map(|e| e.message().to_owned());
    for (schema, reader) in [(study_schema(), study), (format_schema(), format)] {
        let mut compared = 0;
        for (document, names) in places(&schema) {
            let text = toml::to_string(&document).unwrap();
            let error = reader(&text).unwrap_or_else(|| panic!("accepted: {text}"));
            let listed = expected(&error);
            if listed.is_empty() {
                // These name no keys; every step from what they take is tried below.
                let names_none = ["where.any", "stops.columns", "same_stop", "[[questions]]"];
                assert!(
                    names_none.iter().any(|at| text.contains(at)),
                    "{text}: {error}"
                );
                continue;
            }
            assert_eq!(names, listed, "{text}: {error}");
            compared += 1;
        }
        assert!(compared > 30, "{compared} places");
    }
}

/// Every kind of place of a document in turn, its value replaced, left out, or under another name; not those `known`.
fn steps(document: &Value, known: &mut BTreeSet<String>) -> Vec<(String, Value)> {
    /// Pointers to values; of lists and of tables whose keys are names of the data the first are as good as all.
    fn walk(value: &Value, at: &str, kind: &str, found: &mut Vec<(String, String)>) {
        found.push((at.to_owned(), kind.to_owned()));
        let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
        match value {
            Value::Object(table) => {
                for (key, value) in table {
                    let at = format!("{at}/{}", escaped(key));
                    walk(value, &at, &format!("{kind}/{key}"), found);
                }
            }
            Value::Array(list) => {
                for (i, value) in list.iter().enumerate().take(2) {
                    walk(value, &format!("{at}/{i}"), &format!("{kind}/*"), found);
                }
            }
            _ => {}
        }
    }
    let others = [
        json!(true),
        json!(7),
        json!(-1),
        json!(0.5),
        json!(70_000),
        json!("word"),
        json!([]),
        json!(["word"]),
        json!([1]),
        json!([["word"]]),
        json!({}),
        json!({ "column": "word" }),
        json!({ "word": "word" }),
        json!({ "word": 1 }),
        json!({ "not": "word" }),
        json!({ "not": ["word"], "below": 3 }),
        json!({ "below": 3 }),
        json!({ "columns": ["word"] }),
        json!({ "columns": [] }),
        json!({ "population": "word" }),
        json!({ "share": "word", "of": "word" }),
        json!({ "percent": "word", "share": "word", "of": "word" }),
        json!({ "share": "word" }),
        json!({ "fraction": "word" }),
        json!({ "fraction": "word", "trials": "word" }),
        json!({ "events": "word", "trials": [] }),
        json!({ "events": [] }),
        json!({ "file": "word" }),
        json!([{ "column": "word", "times": 0.5 }]),
        json!([{ "column": "word", "times": "1/2" }]),
        json!([{ "column": "word", "times": 0 }]),
        json!([{ "column": "word", "times": "half" }]),
    ];
    let mut places = Vec::new();
    walk(document, "", "", &mut places);
    places.retain(|(at, kind)| {
        const NAMED_BY_DATA: [&str; 4] = ["/codes/", "/states/", "/labels/", "/vintages/"];
        !at.is_empty()
            && !NAMED_BY_DATA.iter().any(|table| kind.contains(table))
            && known.insert(kind.clone())
    });
    let mut found = Vec::new();
    for (at, _) in places {
        for other in &others {
            let mut changed = document.clone();
            *changed.pointer_mut(&at).unwrap() = other.clone();
            found.push((format!("{at} = {other}"), changed));
        }
        let (parent, key) = at.rsplit_once('/').unwrap();
        let mut changed = document.clone();
        match changed.pointer_mut(parent).unwrap() {
            Value::Object(table) => {
                table.remove(&key.replace("~1", "/").replace("~0", "~"));
                table.insert("a further key".into(), json!("word"));
                found.push((format!("{at} under another name"), changed.clone()));
                changed
                    .pointer_mut(parent)
                    .unwrap()
                    .as_object_mut()
                    .unwrap()
                    .remove("a further key");
            }
            Value::Array(list) => {
                list.remove(key.parse().unwrap());
            }
            _ => unreachable!(),
        }
        found.push((format!("{at} left out"), changed));
    }
    found
}

/// Studies and formats without their dates, which JSON does not have.
fn undated(value: &toml::Value) -> Option<Value> {
    let has_date = |value: &toml::Value| matches!(value, toml::Value::Datetime(_));
    fn any(value: &toml::Value, is: &dyn Fn(&toml::Value) -> bool) -> bool {
        is(value)
            || match value {
                toml::Value::Table(table) => table.values().any(|value| any(value, is)),
                toml::Value::Array(list) => list.iter().any(|value| any(value, is)),
                _ => false,
            }
    }
    let toml::Value::Table(table) = value else {
        return None;
    };
    let kept = table.iter().filter(|(_, value)| !any(value, &has_date));
    Some(as_json(&toml::Value::Table(
        kept.map(|(k, v)| (k.clone(), v.clone())).collect(),
    )))
}

/// What no schema of this kind can say: two numbers that have to agree.
const OF_TWO_NUMBERS: [&str; 4] = [
    "each estimate has its own margin of error",
    "a share has one margin of error",
    "without the share's own `moe90`",
    "numbers for",
];

/// One step away from what is allowed, schema and reader say the same.
#[test]
fn schema_and_reader_agree_on_every_document_that_is_one_step_from_a_good_one() {
    type Reader = fn(&str) -> Option<String>;
    let study: Reader = |text| of_study(text).map(|e| e.to_string());
    let format: Reader = |text| of_format(text).map(|e| e.to_string());
    let (mut taken, mut refused) = (0, 0);
    let mut differ = Vec::new();
    for (schema, texts, reader) in [
        (study_schema(), studies(), study),
        (format_schema(), formats(), format),
    ] {
        let judge = Judge { whole: &schema };
        let mut known = BTreeSet::new();
        for (name, text) in texts {
            for (step, changed) in steps(&undated(&read(&text)).unwrap(), &mut known) {
                let faults = judge.faults(&changed);
                let error = reader(&toml::to_string(&changed).unwrap());
                match &error {
                    None => taken += 1,
                    Some(_) => refused += 1,
                }
                let is_known = match &error {
                    // The reader takes a list for a table, its values in the order of the keys; nobody is told to. And
                    // the version, the canonical columns, and that rows and registers have files, are checked after reading.
                    None => faults.iter().all(|fault| {
                        let of_columns = fault.starts_with("/stops") && fault.contains("/columns/");
                        fault.contains("[") && fault.contains("against type \"object\"")
                            || fault.contains("ColumnRule") && step.contains("= [")
                            || fault.ends_with(": not allowed here") && of_columns
                            || fault.starts_with("/format:")
                            || fault.contains("against required [\"file")
                    }),
                    Some(error) => OF_TWO_NUMBERS.iter().any(|words| error.contains(words)),
                };
                if faults.is_empty() != error.is_none() && !is_known {
                    differ.push(format!("{name}: {step}: {faults:?}, {error:?}"));
                }
            }
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {refused} and {taken}: {differ:#?}",
        differ.len()
    );
    assert!(
        refused > 3000 && taken > 500,
        "{refused} refused, {taken} taken"
    );
}

/// Whoever relies on the schema sees here that it changed.
#[test]
fn the_schemas_are_the_ones_promised() {
    let study = run(root(), &["schema"]);
    assert_eq!((study.code, study.stderr.as_str()), (0, ""));
    assert_eq!(
        serde_json::from_str::<Value>(&study.stdout).unwrap(),
        study_schema()
    );
    let format = run(root(), &["schema", "format"]);
    assert_eq!(
        serde_json::from_str::<Value>(&format.stdout).unwrap(),
        format_schema()
    );
    insta::assert_snapshot!("study", study.stdout);
    insta::assert_snapshot!("format", format.stdout);
}

/// An editor shows what a key means; a link of our own documentation would lead nowhere.
#[test]
fn every_key_is_described_for_whoever_writes_a_study() {
    fn walk(piece: &Value, at: &str, missing: &mut Vec<String>) {
        match piece {
            Value::Object(table) => {
                if let (Some(Value::Object(keys)), Some(_)) =
                    (table.get("properties"), table.get("type"))
                {
                    for (key, own) in keys {
                        let text = own["description"].as_str().unwrap_or_default();
                        if text.is_empty() || text.contains("[`") {
                            missing.push(format!("{at}.{key}: {text}"));
                        }
                    }
                }
                table
                    .iter()
                    .for_each(|(key, value)| walk(value, &format!("{at}/{key}"), missing));
            }
            Value::Array(list) => list.iter().for_each(|value| walk(value, at, missing)),
            _ => {}
        }
    }
    let mut missing = Vec::new();
    walk(&study_schema(), "study", &mut missing);
    walk(&format_schema(), "format", &mut missing);
    assert!(missing.is_empty(), "{missing:#?}");
}
