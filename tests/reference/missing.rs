//! `missing` against numpy and every allocation tried: `missing.py` beside this file says how each answer was found.

use std::collections::BTreeMap;

use crate::harness::{Workspace, objects};

const STUDY: &str = r#"format = 1
title = "The people whose group is not known"

[groups]
reference = "white"
compare = ["black", "hispanic"]
unknown = "missing"
misrecorded = [{ truth = "hispanic", recorded = "white", share = 0.08, from = "made up", n = 250 }]

[[counts]]
name = "searches"
file = "searches.csv"
keys = { place = "place", group = "group" }
events = "searches"
trials = "stops"

[[counts]]
name = "stops"
file = "searches.csv"
keys = { place = "place", group = "group" }
events = "stops"
years = 1

[[population]]
name = "people"
file = "people.csv"
columns = { group = "group", population = "people" }
universe = "residents"
vintage = "made up"

[[missing]]
name = "of-searches"
counts = "searches"

[[missing]]
name = "of-stops"
counts = "stops"
population = "people"
"#;

const SEARCHES: &str = "place,group,searches,stops
North,white,120,4000
North,black,90,1500
North,hispanic,30,700
North,U,40,900
South,white,60,3000
South,black,50,600
South,hispanic,24,500
South,U,6,600
East,white,30,900
East,black,8,100
East,hispanic,4,120
East,,11,300
East,U,9,100
";

const PEOPLE: &str = "group,people
white,40000
black,9000
hispanic,8000
";

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("study.toml", STUDY);
    workspace.write("searches.csv", SEARCHES);
    workspace.write("people.csv", PEOPLE);
    workspace
}

/// Estimate and interval by finding, group and estimand.
type Found = BTreeMap<(String, String, String), [Option<f64>; 3]>;

fn found(workspace: &Workspace) -> Found {
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let results: serde_json::Value =
        serde_json::from_str(&workspace.read("out/results.json")).unwrap();
    let mut found = Found::new();
    for finding in results["findings"].as_array().unwrap() {
        for row in objects(finding) {
            let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
            let key = (
                finding["id"].as_str().unwrap().to_owned(),
                text("group"),
                text("estimand"),
            );
            let number = |name: &str| row[name].as_f64();
            if text("quoted") == "yes" || row["quoted"].as_bool() == Some(true) {
                found
                    .entry(key)
                    .or_insert(["estimate", "conf_low", "conf_high"].map(number));
            }
        }
    }
    found
}

#[test]
fn numbers_are_those_of_numpy_and_of_every_allocation() {
    let answers: serde_json::Value = serde_json::from_str(include_str!("missing.json")).unwrap();
    let found = found(&workspace());
    let mut compared = 0;
    for group in ["black", "hispanic"] {
        let own = &answers[group];
        let mut check = |finding: &str, estimand: &str, answer: &serde_json::Value| {
            let numbers = found[&(finding.to_owned(), group.to_owned(), estimand.to_owned())];
            let expected = match answer {
                serde_json::Value::Array(numbers) => numbers.clone(),
                one => vec![one.clone()],
            };
            for (number, expected) in numbers.iter().zip(&expected) {
                let at = format!("{finding} {group} {estimand}: {number:?} {expected}");
                match expected.as_f64() {
                    None => assert!(number.is_none(), "{at}"),
                    Some(expected) => {
                        let number = number.unwrap_or_else(|| panic!("{at}"));
                        assert!((number - expected).abs() < 1e-7 * expected, "{at}");
                    }
                }
                compared += 1;
            }
        };
        check("of-searches", "lowest_proportion", &own["lowest_rate"]);
        check("of-searches", "highest_proportion", &own["highest_rate"]);
        check("of-searches", "lowest_ratio", &own["lowest"]);
        check("of-searches", "highest_ratio", &own["highest"]);
        check("of-searches", "tipping_share_of_unknown", &own["tipping"]);
        check("of-searches", "ratio_missing_at_random", &own["at_random"]);
        check(
            "of-searches",
            "ratio_corrected_for_misrecording",
            &own["corrected"],
        );
        let heads = &own["per_head"];
        check("of-stops", "lowest_ratio", &heads["lowest"]);
        check("of-stops", "highest_ratio", &heads["highest"]);
        check("of-stops", "tipping_share_of_unknown", &heads["tipping"]);
        check("of-stops", "ratio_missing_at_random", &heads["at_random"]);
        if group == "hispanic" {
            check(
                "of-stops",
                "misrecording_that_closes_the_gap",
                &answers["closing"],
            );
        }
    }
    assert_eq!(compared, 2 * 17 + 1);
}
