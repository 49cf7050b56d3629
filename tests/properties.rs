//! Invariances: what must not matter does not, and what must matter does.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{SMALL_SEARCHES, SMALL_STOPS, Workspace, objects};

fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&fs::read_to_string(workspace.path("out/results.json")).unwrap()).unwrap()
}

fn findings(workspace: &Workspace) -> Value {
    results(workspace)["findings"].clone()
}

fn ratio(findings: &Value, id: &str) -> f64 {
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["id"] == id)
        .unwrap();
    let row = objects(finding)
        .into_iter()
        .find(|row| {
            row["comparison"] == "reference_group"
                && row["estimand"].as_str().unwrap().ends_with("_ratio")
        })
        .unwrap();
    row["estimate"].as_f64().unwrap()
}

fn shuffled(table: &str, seed: u64) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    let mut rows = lines.split_off(1);
    let mut state = seed | 1;
    for i in (1..rows.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        rows.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
    }
    lines.append(&mut rows);
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>()) {
        let expected = findings(&Workspace::small());
        let other = Workspace::small();
        other.write("searches.csv", &shuffled(SMALL_SEARCHES, seed)).write("stops.csv", &shuffled(SMALL_STOPS, seed));
        prop_assert_eq!(findings(&other), expected);
    }

    #[test]
    fn intervals_of_proportions_hold_the_estimate_and_mirror_themselves(x in 0u64..400, more in 0u64..4_000) {
        use evenhand::stats::Level;
        use evenhand::stats::proportion::{Proportion, ProportionMethod};
        let n = x + more;
        prop_assume!(n > 0);
        let (one, other) = (Proportion::new(x, n).unwrap(), Proportion::new(n - x, n).unwrap());
        for method in [ProportionMethod::Wilson, ProportionMethod::ClopperPearson] {
            let interval = one.interval(method, Level::NINETY_FIVE).unwrap();
            let mirror = other.interval(method, Level::NINETY_FIVE).unwrap();
            prop_assert!(interval.low <= one.estimate().unwrap() && one.estimate().unwrap() <= interval.high);
            prop_assert!((interval.low - (1.0 - mirror.high)).abs() < 1e-9);
        }
    }
}

#[test]
fn exchanging_the_groups_turns_the_ratio_over() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.change(
        "study.toml",
        "reference = \"white\"\ncompare = [\"black\"]",
        "reference = \"black\"\ncompare = [\"white\"]",
    );
    assert!((ratio(&findings(&other), "disparity-searches") * expected - 1.0).abs() < 1e-10);
}

#[test]
fn naming_the_groups_otherwise_changes_names_only() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.write(
        "searches.csv",
        &SMALL_SEARCHES.replace("white", "g1").replace("black", "g2"),
    );
    other.write(
        "stops.csv",
        &SMALL_STOPS.replace("white", "g1").replace("black", "g2"),
    );
    other.write(
        "people.csv",
        &crate::harness::SMALL_PEOPLE
            .replace("white", "g1")
            .replace("black", "g2"),
    );
    other.change(
        "study.toml",
        "reference = \"white\"\ncompare = [\"black\"]",
        "reference = \"g1\"\ncompare = [\"g2\"]",
    );
    assert!((ratio(&findings(&other), "disparity-searches") - expected).abs() < 1e-12);
}

#[test]
fn splitting_a_cell_in_two_changes_no_estimate() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.change(
        "searches.csv",
        "Alpha,287(g),white,40,1000",
        "Alpha,287(g),white,10,400\nAlpha North,287(g),white,30,600",
    );
    assert!((ratio(&findings(&other), "disparity-searches") - expected).abs() < 1e-12);
}

#[test]
fn twice_the_people_halve_a_rate_and_leave_a_ratio() {
    let before = findings(&Workspace::small());
    let other = Workspace::small();
    other.write("people.csv", "place,group,people,moe\nAlpha,white,40000,600\nAlpha,black,16000,400\nBeta,white,36000,0\nBeta,black,18000,500\n");
    let after = findings(&other);
    assert!((ratio(&after, "disparity-stops") - ratio(&before, "disparity-stops")).abs() < 1e-12);
    let difference = |findings: &Value| {
        let finding = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["id"] == "disparity-stops")
            .unwrap();
        objects(finding)
            .into_iter()
            .find(|row| row["estimand"] == "rate_difference")
            .unwrap()["estimate"]
            .as_f64()
            .unwrap()
    };
    assert!((difference(&after) * 2.0 - difference(&before)).abs() < 1e-9);
}

#[test]
fn a_wider_level_gives_a_wider_interval() {
    let width = |level: &str| {
        let workspace = Workspace::small();
        workspace.change(
            "study.toml",
            "[[rates]]",
            &format!("[[rates]]\nlevel = {level}"),
        );
        let findings = findings(&workspace);
        let rates = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["id"] == "rates-searches")
            .unwrap();
        let row = &objects(rates)[0];
        row["conf_high"].as_f64().unwrap() - row["conf_low"].as_f64().unwrap()
    };
    assert!(width("0.99") > width("0.95") && width("0.95") > width("0.8"));
}
