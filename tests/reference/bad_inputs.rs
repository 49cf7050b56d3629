//! Broken and hostile inputs with what a good tool does about each; `J_bad_inputs/manifest.json` says which is which.

use std::fs;

use serde_json::Value;

use crate::harness::{Workspace, files_below, root};

const STUDY: &str = r#"format = 1
title = "Hostile inputs"
[groups]
reference = "white"
compare = ["black", "hispanic"]
[[stops]]
files = ["stops.csv"]
unit = "stop"
years = 1.0
columns = { group = "race", place = "agency", date = "date", time = "time", age = "age", searched = "searched", hit = "hit" }
[[population]]
name = "residents"
file = "baseline.csv"
columns = { place = "agency", group = "race", population = "population", moe90 = "moe" }
universe = "residents"
vintage = "2020"
[disclosure]
mode = "court"
[[rates]]
counts = "stops"
population = "residents"
by = ["place"]
"#;

/// The same rows without a baseline, so that agencies of any name go through to every output.
const ROWS: &str = r#"format = 1
title = "Hostile rows"
[groups]
reference = "white"
compare = ["black", "hispanic"]
unknown = "missing"
[[stops]]
files = ["stops.csv"]
unit = "stop"
columns = { group = "race", place = "agency", date = "date", time = "time", age = "age", searched = "searched", hit = "hit" }
[disclosure]
mode = "court"
[[rates]]
counts = "searches"
by = ["place"]
[[disparity]]
counts = "searches"
"#;

const COUNTS: &str = r#"format = 1
title = "Hostile counts"
[groups]
reference = "white"
compare = ["black"]
[[counts]]
name = "stops"
file = "counts.csv"
keys = { place = "agency", group = "race" }
events = "stops"
years = 1.0
[[population]]
name = "residents"
file = "counts.csv"
columns = { place = "agency", group = "race", population = "population" }
universe = "residents"
vintage = "2020"
[[rates]]
counts = "stops"
population = "residents"
"#;

/// Settings that are wrong, in the words of a study: what is changed in a study that runs, and what is said of it. The
/// output is never named by a study, so that a path out of the folder is a key that it does not know.
const SETTINGS: [(&str, &str, &str, &str); 5] = [
    (
        "toml-wrong-type",
        "per = 1000",
        "level = \"high\"",
        "where a number is expected",
    ),
    ("toml-conf-neg", "per = 1000", "level = -0.95", "level"),
    (
        "toml-dup-table",
        "[disclosure]",
        "[groups]\nreference = \"white\"\ncompare = [\"black\"]\n[disclosure]",
        "`groups` stands there twice",
    ),
    (
        "toml-traversal",
        "[disclosure]",
        "[output]\ntable = \"../../../outside.csv\"\n[disclosure]",
        "unknown key `output`",
    ),
    (
        "toml-iterations",
        "per = 1000",
        "bootstrap = 1000000000000",
        "unknown key `bootstrap`",
    ),
];

#[test]
fn settings_that_cannot_be_are_refused() {
    let folder = root().join("tests/reference/J_bad_inputs");
    for (id, from, to, said) in SETTINGS {
        let workspace = Workspace::new();
        let study = STUDY.replace("by = [\"place\"]", "by = [\"place\"]\nper = 1000");
        assert!(study.contains(from), "{id}");
        workspace.write("study.toml", &study.replacen(from, to, 1));
        for (name, source) in [
            ("stops.csv", "good_stops.csv"),
            ("baseline.csv", "good_baseline.csv"),
        ] {
            workspace.write_bytes(name, &fs::read(folder.join(source)).unwrap());
        }
        let before = workspace.files();
        let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
        assert_eq!(outcome.code, 1, "{id}: {}", outcome.stdout);
        assert!(outcome.stderr.contains(said), "{id}: {}", outcome.stderr);
        assert_eq!(workspace.files(), before, "{id}");
    }
}

fn case(case: &Value) {
    let (id, file, role, expected) = (
        case["id"].as_str().unwrap(),
        case["file"].as_str().unwrap(),
        case["role"].as_str().unwrap(),
        case["outcome"].as_str().unwrap(),
    );
    if role == "config" {
        assert!(SETTINGS.iter().any(|(known, ..)| *known == id), "{id}");
        return;
    }
    let folder = root().join("tests/reference/J_bad_inputs");
    let bytes = |name: &str| fs::read(folder.join(name)).unwrap();
    let workspace = Workspace::new();
    let study = match role {
        "counts" => COUNTS,
        "stops" => ROWS,
        _ => STUDY,
    };
    workspace.write("study.toml", study);
    workspace.write_bytes(
        "stops.csv",
        &bytes(if role == "stops" {
            file
        } else {
            "good_stops.csv"
        }),
    );
    workspace.write_bytes(
        "baseline.csv",
        &bytes(if role == "baseline" {
            file
        } else {
            "good_baseline.csv"
        }),
    );
    workspace.write_bytes(
        "counts.csv",
        &bytes(if role == "counts" {
            file
        } else {
            "good_baseline.csv"
        }),
    );
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert!(
        !outcome.stderr.contains("panicked") && [0, 1].contains(&outcome.code),
        "{id}: {}",
        outcome.stderr
    );
    match expected {
        "error" => assert_eq!(outcome.code, 1, "{id} was accepted:\n{}", outcome.stdout),
        "ok" => assert_eq!(outcome.code, 0, "{id}: {}", outcome.stderr),
        _ if outcome.code == 1 => assert!(
            outcome.stderr.starts_with("error: "),
            "{id}: {}",
            outcome.stderr
        ),
        _ => {}
    }
    if outcome.code == 0 {
        harmless(&workspace, id);
    }
    if outcome.code == 1
        && let Some(line) = case["expect"].as_str().unwrap().split("line ").nth(1)
    {
        let line: String = line.chars().take_while(char::is_ascii_digit).collect();
        assert!(
            outcome.stderr.contains(&format!(":{line}")),
            "{id} does not name line {line}: {}",
            outcome.stderr
        );
    }
}

/// Nothing of the data is markup, a formula or a number that is none in what was written.
fn harmless(workspace: &Workspace, id: &str) {
    let results = fs::read_to_string(workspace.path("out/results.json")).unwrap();
    assert!(!results.contains("NaN") && !results.contains("\\r"), "{id}");
    let report = fs::read_to_string(workspace.path("out/report.html")).unwrap();
    assert!(
        !report.contains("<script") && !report.contains("<img src=x"),
        "{id}: markup from the data reached the report"
    );
    for table in files_below(&workspace.path("out/tables")) {
        let table = fs::read_to_string(workspace.path("out/tables").join(table)).unwrap();
        let runs = |field: &str| field.trim_start_matches('"').starts_with("=cmd");
        assert!(
            !table.split([',', '\n']).any(runs),
            "{id}: a spreadsheet would run this"
        );
    }
}

#[test]
fn hostile_names_of_places_reach_every_output_as_names() {
    let workspace = Workspace::small();
    let hostile = crate::harness::SMALL_SEARCHES
        .replace("Alpha", "\"\"\"><img src=x onerror=alert(1)>\"")
        .replace("Beta", "=cmd|'/C calc'!A0");
    workspace.write("searches.csv", &hostile);
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    harmless(&workspace, "hostile places");
    assert!(
        fs::read_to_string(workspace.path("out/results.json"))
            .unwrap()
            .contains("onerror=alert(1)")
    );
}

#[test]
fn hostile_inputs_are_refused_by_line_or_read_for_what_they_are() {
    let manifest: Value = serde_json::from_str(
        &fs::read_to_string(root().join("tests/reference/J_bad_inputs/manifest.json")).unwrap(),
    )
    .unwrap();
    let cases = manifest["cases"].as_array().unwrap();
    assert!(cases.len() > 25);
    cases.iter().for_each(case);
}

#[test]
fn the_good_files_are_read() {
    let folder = root().join("tests/reference/J_bad_inputs");
    let workspace = Workspace::new();
    workspace.write("study.toml", STUDY);
    workspace
        .write_bytes(
            "stops.csv",
            &fs::read(folder.join("good_stops.csv")).unwrap(),
        )
        .write_bytes(
            "baseline.csv",
            &fs::read(folder.join("good_baseline.csv")).unwrap(),
        );
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}
