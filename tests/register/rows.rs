//! Rows of stops and people that a status divides.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::{HEADER, results};
use crate::harness::{Workspace, objects, root};

/// The stops of two places in two years, one row each, and a small place.
fn rows_of_stops() -> String {
    let mut rows = String::from("day,state,place,race,searched,hand_made\n");
    let mut add =
        |day: &str, place: &str, race: &str, stops: usize, searched: usize, program: &str| {
            for i in 0..stops {
                let word = if i < searched { "yes" } else { "no" };
                rows.push_str(&format!("{day},NC,{place},{race},{word},{program}\n"));
            }
        };
    add("2011-05-01", "Alpha", "white", 120, 30, "none");
    add("2011-05-01", "Alpha", "black", 60, 4, "none");
    add("2012-02-01", "Alpha", "white", 70, 20, "none");
    add("2012-02-01", "Alpha", "black", 30, 12, "none");
    add("2012-03-01", "Alpha", "white", 90, 25, "in force");
    add("2012-03-01", "Alpha", "black", 50, 3, "in force");
    add("2011-06-01", "Beta", "white", 200, 40, "none");
    add("2011-06-01", "Beta", "black", 90, 22, "none");
    add("2012-06-01", "Beta", "white", 210, 41, "none");
    add("2012-06-01", "Beta", "black", 95, 2, "none");
    add("2012-06-01", "Gamma", "white", 14, 6, "in force");
    add("2012-06-01", "Gamma", "black", 3, 1, "in force");
    rows
}

const ROWS_STUDY: &str = r#"format = 1
title = "Rows"

[groups]
reference = "white"
compare = ["black"]

[periods]
before = { from = 2011-01-01, until = 2012-02-29 }
after = { from = 2012-03-01, until = 2012-12-31 }

[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", date = "day", place = "place", searched = "searched" }
keys = { state = "state" }

[[agreements]]
file = "agreements.csv"
format = "agreements"

[[agreements.status]]
key = "program"

[[rates]]
counts = "searches"
by = ["program"]

[[rates]]
counts = "searches"
by = ["place", "program"]

[[disparity]]
counts = "searches"
by = ["program"]
only = { program = ["in force", "none"] }

[[stratified]]
counts = "searches"
strata = "place"
estimand = "ratio_of_ratios"
contrast = { key = "program", treated = "in force", control = "none" }

[[legal]]
counts = "searches"
by = ["place", "year"]
"#;

fn rows_workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("rows.csv", &rows_of_stops());
    let agreements = "NC,Alpha,,county,Alpha Sheriff,jail,2012-03-01,,2030-01-01,,\nNC,Gamma,,county,Gamma Sheriff,jail,2008-03-01,,2030-01-01,,\n";
    workspace.write("agreements.csv", &format!("{HEADER}{agreements}"));
    workspace.write("study.toml", ROWS_STUDY);
    workspace
}

/// The same question of a column that somebody filled in.
fn by_hand(workspace: &Workspace) {
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    let start = study.find("[[agreements]]").unwrap();
    let end = study.find("[[rates]]").unwrap();
    let study = study.replace(&study[start..end], "").replace(
        "keys = { state = \"state\" }",
        "keys = { state = \"state\", program = \"hand_made\" }",
    );
    workspace.write("study.toml", &study);
}

#[test]
fn a_key_that_is_made_protects_the_same_people_as_one_that_was_filled_in() {
    for mode in ["public", "court"] {
        let workspace = rows_workspace();
        workspace.change(
            "study.toml",
            "[periods]",
            &format!("[disclosure]\nmode = \"{mode}\"\n\n[periods]"),
        );
        let made = results(&workspace);
        by_hand(&workspace);
        let filled = results(&workspace);
        let (made, filled) = (
            made["findings"].as_array().unwrap(),
            filled["findings"].as_array().unwrap(),
        );
        assert_eq!(made.len(), 5);
        for (made, filled) in made.iter().zip(filled) {
            assert_eq!(objects(made), objects(filled), "{mode}: {}", made["id"]);
        }
        let withheld = |finding: &Value| finding.to_string().contains("withheld");
        assert_eq!(made.iter().any(withheld), mode == "public");
    }
}

#[test]
fn rows_are_divided_where_a_period_begins_with_the_agreement_and_a_year_is_a_transition() {
    let workspace = rows_workspace();
    workspace.change(
        "study.toml",
        "[periods]",
        "[disclosure]\nmode = \"court\"\n\n[periods]",
    );
    let trials = |results: &Value| -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for row in objects(&results["findings"][0]) {
            if row["estimand"] == "proportion" && row["quoted"] == "yes" {
                let program = row["program"].as_str().unwrap().to_owned();
                *sums.entry(program).or_default() += row["trials"].as_u64().unwrap();
            }
        }
        sums
    };
    let divided = trials(&results(&workspace));
    assert_eq!(
        divided,
        BTreeMap::from([("in force".into(), 157), ("none".into(), 875)])
    );
    // Without periods the year is all that is known of a row.
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    let (start, end) = (
        study.find("[periods]").unwrap(),
        study.find("[[stops]]").unwrap(),
    );
    workspace.write("study.toml", &study.replace(&study[start..end], ""));
    let whole = trials(&results(&workspace));
    assert_eq!(
        whole,
        BTreeMap::from([
            ("in force".into(), 17),
            ("none".into(), 775),
            ("transition".into(), 240)
        ])
    );
}

#[test]
fn people_are_exposed_where_and_when_the_status_held_whether_or_not_anybody_was_stopped() {
    let workspace = Workspace::new();
    // Alpha is in force in 2012 and nobody was stopped there then; Beta never is.
    workspace.write("rows.csv", "day,state,place,race\n2011-05-01,NC,Alpha,white\n2011-05-01,NC,Alpha,black\n2011-05-01,NC,Beta,white\n2012-05-01,NC,Beta,black\n2012-05-01,NC,Gamma,white\n2012-05-01,NC,Gamma,black\n");
    workspace.write("agreements.csv", &format!("{HEADER}NC,Alpha,,county,Alpha Sheriff,jail,2012-01-01,,2030-01-01,,\nNC,Gamma,,county,Gamma Sheriff,jail,2012-01-01,,2030-01-01,,\n"));
    workspace.write("people.csv", "place,group,people\nAlpha,white,1000\nAlpha,black,100\nBeta,white,2000\nBeta,black,200\nGamma,white,4000\nGamma,black,400\n");
    let study = r#"format = 1
title = "Rows"
[groups]
reference = "white"
compare = ["black"]
[disclosure]
mode = "court"
[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", date = "day", place = "place" }
keys = { state = "state" }
years = 2.0
[[population]]
name = "residents"
file = "people.csv"
columns = { place = "place", group = "group", population = "people" }
universe = "all"
vintage = "2011"
[[agreements]]
file = "agreements.csv"
format = "agreements"
[[agreements.status]]
key = "program"
[[rates]]
counts = "stops"
population = "residents"
by = ["program"]
[[rates]]
name = "only"
counts = "stops"
population = "residents"
only = { program = "in force" }
"#;
    workspace.write("study.toml", study);
    let results = results(&workspace);
    let exposure = |finding: usize, program: &str, group: &str| {
        let rows = objects(&results["findings"][finding]);
        let row = rows.iter().find(|row| {
            row["group"] == group
                && row["exposure"].is_number()
                && (program.is_empty() || row["program"] == program)
        });
        let row = row.unwrap();
        (
            row["events"].as_u64().unwrap(),
            row["exposure"].as_f64().unwrap(),
        )
    };
    // In force: Alpha and Gamma in 2012. None: all three in 2011, Beta in 2012.
    assert_eq!(exposure(0, "in force", "white"), (1, 5000.0));
    assert_eq!(exposure(0, "in force", "black"), (1, 500.0));
    assert_eq!(exposure(0, "none", "white"), (2, 9000.0));
    assert_eq!(exposure(0, "none", "black"), (2, 900.0));
    assert_eq!(exposure(1, "", "white"), (1, 5000.0));
    // How much of each year the rows cover must be known.
    workspace.change("study.toml", "years = 2.0", "years = 1.5");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("how much of each year"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_made_key_is_the_hand_made_one_of_the_counties_study() {
    let folder = root().join("datasets/studies");
    let text = fs::read_to_string(folder.join("287g-counties.toml")).unwrap();
    let data = root().join("datasets/287g-counties");
    let text = text.replace("../287g-counties", data.to_str().unwrap());
    let workspace = Workspace::new();
    workspace.write("study.toml", &text);
    let by_hand = results(&workspace);
    assert!(text.contains("program = \"program\", "));
    let status = "in_force = 2012\n[[agreements.status]]\nkey = \"program\"\nstatewide = \"apart\"\nunknown_end = \"in_force\"\nwords = { in_force = \"287(g)\" }\n# ";
    workspace.write(
        "study.toml",
        &text
            .replace("program = \"program\", ", "")
            .replacen("in_force = 2012", status, 1),
    );
    let made = results(&workspace);
    let (by_hand, made) = (
        by_hand["findings"].as_array().unwrap(),
        made["findings"].as_array().unwrap(),
    );
    assert_eq!(made.len(), by_hand.len());
    for (made, by_hand) in made.iter().zip(by_hand) {
        assert_eq!(objects(made), objects(by_hand), "{}", made["id"]);
    }
}
