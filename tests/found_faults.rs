//! What attacks on the program found: hidden counts, sparse cells, silent clusters, nested keys, parts of a plan, wrong words.

use serde_json::Value;

use crate::adjusted::{results, row, searches, study};
use crate::harness::{Workspace, objects};

/// Rows of stops by place and group, in public mode, with small counts in some places.
fn rows_in_public(table: &str, cells: &[(&str, &str, usize, usize)]) -> Workspace {
    let workspace = Workspace::new();
    let mut rows = String::from("place,race,searched\n");
    for (place, race, searched, stops) in cells {
        for i in 0..*stops {
            rows += &format!(
                "{place},{race},{}\n",
                if i < *searched { "yes" } else { "no" }
            );
        }
    }
    workspace.write("rows.csv", &rows);
    let study = format!(
        r#"format = 1
title = "Rows"
[groups]
reference = "white"
compare = ["black"]
[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = {{ group = "race", place = "place", searched = "searched" }}
years = 1.0
{table}
"#
    );
    workspace.write("study.toml", &study);
    workspace
}

/// Each of these numbers gave a hidden count back by trying the few values that it can have.
#[test]
fn no_number_of_a_regression_on_hidden_counts_is_shown() {
    let table = "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]\ncluster = ";
    let cells = [
        ("Alpha", "white", 16, 163),
        ("Beta", "white", 15, 120),
        ("Gamma", "white", 12, 80),
        ("Alpha", "black", 18, 90),
        ("Beta", "black", 7, 70),
        ("Gamma", "black", 6, 30),
    ];
    let two = [
        ("Alpha", "white", 7, 63),
        ("Beta", "white", 25, 120),
        ("Alpha", "black", 18, 90),
    ];
    let silent: Vec<(String, &str, usize, usize)> = (0..7)
        .flat_map(|i| {
            let searched = if i == 3 { 0 } else { 12 };
            [
                (format!("P{i}"), "white", searched, 150),
                (format!("P{i}"), "black", usize::from(i != 3), 86),
            ]
        })
        .collect();
    let silent: Vec<_> = silent
        .iter()
        .map(|(place, race, x, n)| (place.as_str(), *race, *x, *n))
        .collect();
    for (cells, cluster) in [
        (&cells[..], "[]"),
        (&two[..], "[]"),
        (&silent[..], "\"place\""),
    ] {
        let workspace = rows_in_public(&format!("{table}{cluster}"), cells);
        let found = results(&workspace);
        let stated = [
            "estimand",
            "group",
            "comparison",
            "events",
            "trials",
            "warning",
            "quoted",
            "outcome",
            "unit",
            "stratum",
        ];
        for row in objects(&found["findings"][0]) {
            for (name, value) in row.as_object().unwrap() {
                assert!(
                    value.is_null() || stated.contains(&name.as_str()),
                    "{name}: {row}"
                );
            }
        }
        let head = found["findings"][0]["glance"]["headline"].as_str().unwrap();
        assert_eq!(head, "none");
        let trials: u64 = objects(&found["findings"][0])
            .iter()
            .filter_map(|row| row["trials"].as_u64())
            .next()
            .unwrap_or_default();
        let all: usize = cells
            .iter()
            .filter(|cell| cell.1 == "black")
            .map(|cell| cell.3)
            .sum();
        assert!(
            trials == 0 || trials == all as u64,
            "counts of places without events are left out"
        );
    }
}

#[test]
fn the_groups_together_are_tested_where_there_are_clusters_enough() {
    let table = "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]";
    let with_third = |places: usize| {
        let more = (0..places)
            .map(|place| format!("p{place},2010,other,{},200\n", 3 + (place * place * 7) % 41));
        format!("{}{}", searches(places), more.collect::<String>())
    };
    for (places, is_there) in [(24, true), (12, false)] {
        let workspace = study(table, &with_third(places));
        workspace.change(
            "study.toml",
            "compare = [\"black\"]",
            "compare = [\"black\", \"other\"]",
        );
        let rows = objects(&results(&workspace)["findings"][0]);
        let has = |name: &str| rows.iter().any(|row| row["estimand"] == name);
        assert_eq!(has("wald_groups"), is_there);
        assert!(has("likelihood_ratio_groups") && has("deviance_without_groups"));
    }
}

/// One cell a group: the constant is the odds of all, and the deviance without the groups is that of two binomials, by hand.
#[test]
fn a_model_without_the_groups_is_one_rate_for_all() {
    let text = "place,year,group,searches,stops\na,2010,white,10,200\na,2010,black,30,100\n";
    let found = results(&study(
        "[[regression]]\ncounts = \"searches\"\ncluster = []",
        text,
    ));
    let number = |name: &str| row(&found, name, "")["estimate"].as_f64().unwrap();
    assert!((number("constant_without_groups") - 40.0 / 260.0).abs() < 1e-11);
    let log_likelihood = |x: f64, n: f64, p: f64| x * p.ln() + (n - x) * (1.0 - p).ln();
    let ratio = 2.0
        * (log_likelihood(10.0, 200.0, 0.05) + log_likelihood(30.0, 100.0, 0.3)
            - log_likelihood(40.0, 300.0, 40.0 / 300.0));
    assert!((number("likelihood_ratio_groups") - ratio).abs() < 1e-9);
    assert!((number("deviance_without_groups") - number("deviance") - ratio).abs() < 1e-9);
}

/// Mantel-Haenszel without each stratum is Mantel-Haenszel of the others.
#[test]
fn a_pool_without_a_stratum_is_that_of_the_others() {
    let table =
        "[[stratified]]\ncounts = \"searches\"\nstrata = \"place\"\nestimand = \"risk_ratio\"";
    let whole = objects(&results(&study(table, &searches(4)))["findings"][0]);
    let without = |place: &str| {
        let is_it = |row: &&Value| {
            row["place"] == place && row["estimand"] == "mantel_haenszel_risk_ratio_without_stratum"
        };
        whole.iter().find(is_it).unwrap()["estimate"].clone()
    };
    for left_out in ["p0", "p3"] {
        let rest: String = searches(4)
            .lines()
            .filter(|line| !line.starts_with(left_out))
            .map(|line| format!("{line}\n"))
            .collect();
        let others = row(
            &results(&study(table, &rest)),
            "mantel_haenszel_risk_ratio",
            "",
        );
        assert_eq!(without(left_out), others["estimate"]);
    }
}

/// Places within regions: the effects of the regions are those of their places, whatever the clusters.
#[test]
fn a_key_within_another_adds_nothing() {
    let with_region = |text: &str| {
        let mut lines = text.lines();
        let header = lines.next().unwrap();
        let row = |line: &str| {
            let place: usize = line[1..line.find(',').unwrap()].parse().unwrap();
            format!("{line},r{}\n", place / 2)
        };
        format!("{header},region\n{}", lines.map(row).collect::<String>())
    };
    let estimates = |adjust: &str, cluster: &str| {
        let table = format!(
            "[[regression]]\ncounts = \"searches\"\nadjust = {adjust}\ncluster = {cluster}"
        );
        let workspace = study(&table, &with_region(&searches(48)));
        workspace.change(
            "study.toml",
            "year = \"year\",",
            "year = \"year\", region = \"region\",",
        );
        let quoted = row(&results(&workspace), "adjusted_odds_ratio", "yes");
        assert!(quoted["conf_method"].as_str().unwrap().starts_with("CR1"));
        ["estimate", "std_error", "df"].map(|name| quoted[name].as_f64().unwrap())
    };
    for cluster in ["\"place\"", "\"region\"", "[\"region\", \"place\"]"] {
        let both = estimates("[\"place\", \"region\"]", cluster);
        for (one, two) in estimates("[\"place\"]", cluster).into_iter().zip(both) {
            assert!(
                (one / two - 1.0).abs() < 1e-9,
                "{cluster}: {one} is not {two}"
            );
        }
    }
}

#[test]
fn a_place_that_the_baseline_lacks_is_named() {
    let people = |cells: &[(&str, &str)]| {
        let rows = cells
            .iter()
            .map(|(place, group)| format!("{place},{group},9000,100\n"));
        format!("place,group,people,moe\n{}", rows.collect::<String>())
    };
    let workspace = Workspace::small();
    let study = std::fs::read_to_string(workspace.path("study.toml")).unwrap();
    let head = study.split("[[disparity]]").next().unwrap();
    let table = "[[regression]]\ncounts = \"stops\"\npopulation = \"residents\"\nadjust = [\"place\"]\ncluster = []\n";
    workspace.write("study.toml", &format!("{head}{table}"));
    let rows =
        ["Alpha", "Beta", "Gamma"].map(|place| format!("{place},white,400\n{place},black,300\n"));
    workspace.write(
        "stops.csv",
        &format!("place,group,stops\n{}", rows.concat()),
    );
    let some = [
        ("Alpha", "white"),
        ("Alpha", "black"),
        ("Beta", "white"),
        ("Beta", "black"),
        ("Gamma", "white"),
    ];
    workspace.write("people.csv", &people(&some));
    let found = results(&workspace);
    let warnings = found["findings"][0]["warnings"].to_string();
    assert!(warnings.contains("Gamma"), "{warnings}");
}

/// A group without events leaves nothing for clusters to differ by: their errors promise too much.
#[test]
fn a_separated_group_is_not_quoted_with_less_than_counting() {
    let cells = (0..25).map(|i| {
        format!(
            "p{i},2010,white,{},1000\np{i},2010,black,0,2\n",
            40 + i % 11
        )
    });
    let text = format!(
        "place,year,group,searches,stops\n{}",
        cells.collect::<String>()
    );
    let table = "[[regression]]\ncounts = \"searches\"\nfamily = \"firth_logistic\"";
    let found = results(&study(table, &text));
    let (quoted, counting) = (
        row(&found, "adjusted_odds_ratio", "yes"),
        row(&found, "adjusted_odds_ratio", "no"),
    );
    assert!(
        quoted["conf_method"]
            .as_str()
            .unwrap()
            .contains("not below counting")
    );
    for (end, sign) in [("conf_low", 1.0), ("conf_high", -1.0)] {
        let [own, least] = [&quoted, &counting].map(|row| row[end].as_f64().unwrap());
        assert!(sign * own <= sign * least, "{end}: {own} within {least}");
    }
}

/// Few events in few places: the test of ratios far away has no fit, and the interval is open rather than refused.
#[test]
fn a_sparse_bootstrap_has_an_answer() {
    let cells = [
        (0, 173, 0, 134),
        (0, 33, 1, 22),
        (1, 110, 0, 129),
        (1, 120, 0, 188),
        (0, 90, 1, 174),
        (1, 172, 0, 51),
        (0, 34, 0, 73),
        (0, 20, 0, 42),
        (0, 66, 4, 130),
    ];
    let rows = cells
        .iter()
        .enumerate()
        .map(|(i, (w, n, b, m))| format!("p{i},2010,white,{w},{n}\np{i},2010,black,{b},{m}\n"));
    let text = format!(
        "place,year,group,searches,stops\n{}",
        rows.collect::<String>()
    );
    let quoted = row(
        &results(&study("[[regression]]\ncounts = \"searches\"", &text)),
        "adjusted_odds_ratio",
        "yes",
    );
    // (6/937) / (3/815), by hand.
    let ratio = 6.0 / 937.0 / (3.0 / 815.0);
    assert!((quoted["estimate"].as_f64().unwrap() - ratio).abs() < 1e-9);
    assert!(
        quoted["conf_method"]
            .as_str()
            .unwrap()
            .starts_with("wild cluster bootstrap")
    );
}

/// Places with one group only say nothing when places are held equal.
#[test]
fn clusters_that_cannot_speak_are_not_counted() {
    let rows = (0..41).map(|i| {
        let black = if i <= 21 {
            format!("p{i},2010,black,{},1000\n", 30 + i % 5)
        } else {
            String::new()
        };
        let white = if i >= 19 {
            format!("p{i},2010,white,{},1000\n", 30 + i % 7)
        } else {
            String::new()
        };
        black + &white
    });
    let text = format!(
        "place,year,group,searches,stops\n{}",
        rows.collect::<String>()
    );
    let table = "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]";
    let quoted = row(&results(&study(table, &text)), "adjusted_odds_ratio", "yes");
    assert!(
        quoted["warning"]
            .as_str()
            .unwrap()
            .contains("too_few_clusters"),
        "{quoted}"
    );
}

/// The sentences of an outcome test count its ratios, not what stands beside them.
#[test]
fn an_outcome_test_counts_strata_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    let study = crate::harness::root().join("datasets/studies/mecklenburg.toml");
    let arguments = [
        "run",
        study.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
        "--json",
    ];
    let outcome = crate::harness::run(folder.path(), &arguments);
    let results: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let findings = results["findings"].as_array().unwrap();
    let test = findings
        .iter()
        .find(|finding| finding["analysis"] == "outcome_test")
        .unwrap();
    let ratios = objects(test)
        .iter()
        .filter(|row| {
            row["estimand"] == "risk_ratio" && row["group"] == "Black" && row["quoted"] == "yes"
        })
        .count();
    let sentence = test["sentences"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|sentence| {
            let sentence = sentence.as_str().unwrap();
            sentence
                .starts_with("Black to White, rate of hits")
                .then(|| sentence.to_owned())
        });
    assert!(
        sentence
            .clone()
            .unwrap()
            .contains(&format!("of {ratios} strata ")),
        "{sentence:?}"
    );
}

/// What a part of a plan shows is what the whole plan shows of it.
#[test]
fn one_finding_alone_shows_no_more_than_among_the_others() {
    let cells = [
        ("Alpha", "white", 40, 345),
        ("Beta", "white", 36, 300),
        ("Gamma", "white", 4, 60),
        ("Alpha", "black", 31, 200),
        ("Beta", "black", 30, 180),
        ("Gamma", "black", 12, 80),
    ];
    let table = "[[rates]]\nname = \"all\"\ncounts = \"searches\"\n[[rates]]\nname = \"places\"\ncounts = \"searches\"\nby = [\"place\"]";
    let workspace = rows_in_public(table, &cells);
    let shown = |arguments: &[&str]| {
        let asked = [
            &["run", "study.toml", "--json", "--out", arguments[0]],
            &arguments[1..],
        ]
        .concat();
        let outcome = workspace.evenhand(&asked);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let results: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let findings = results["findings"].as_array().unwrap().clone();
        let places = findings
            .iter()
            .find(|finding| finding["id"] == "places")
            .unwrap();
        (findings.len(), objects(places))
    };
    let (both, one) = (shown(&["both"]), shown(&["one", "--only", "places"]));
    assert_eq!((both.0, one.0), (2, 1));
    assert_eq!(both.1, one.1);
}

#[test]
fn a_public_bundle_withholds_something() {
    let workspace = Workspace::rows();
    workspace.change("study.toml", "mode = \"court\"", "minimum = 1");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("study.toml:") && outcome.stderr.contains("court"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_file_that_is_no_table_does_not_fill_the_screen() {
    let workspace = Workspace::small();
    workspace.write("searches.csv", &"word ".repeat(100_000));
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert!(
        outcome.code == 1 && outcome.stderr.len() < 2_000,
        "{} bytes",
        outcome.stderr.len()
    );
}

#[test]
fn words_that_no_row_uses_are_the_fault_of_the_study() {
    let workspace = Workspace::rows();
    workspace.change(
        "study.toml",
        "unclear = \"missing\"",
        "yes = [\"ja\"], no = [\"nein\"], unclear = \"missing\"",
    );
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    for words in [
        "rows.csv",
        "no row says whether there was a search",
        "`ja` for yes",
    ] {
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

/// A blank behind a name made two places of one, each without its people.
#[test]
fn blanks_around_a_value_are_not_part_of_it() {
    let workspace = Workspace::new();
    workspace
        .write(
            "rows.csv",
            "place,race,kind\nDurham,white,car\nDurham ,white,car \n Durham,black ,car\nDurham,black,foot \n",
        )
        .write("people.csv", "place,group,people\nDurham ,white,100\nDurham,black ,50\n")
        .write(
            "study.toml",
            r#"format = 1
title = "Blanks"
[groups]
reference = "white"
compare = ["black"]
[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", place = "place" }
years = 1.0
[[stops.filter]]
drop = "not a car"
where = { kind = { not = "car" } }
[[population]]
name = "people"
file = "people.csv"
columns = { place = "place", group = "group", population = "people" }
universe = "all"
vintage = "2020"
[disclosure]
mode = "court"
[[rates]]
counts = "stops"
population = "people"
by = ["place"]
"#,
        );
    let found: Vec<Value> = objects(&results(&workspace)["findings"][0]);
    let numbers: Vec<(&str, &str, u64, f64)> = found
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap();
            (
                text("place"),
                text("group"),
                row["events"].as_u64().unwrap(),
                row["exposure"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        numbers,
        [("Durham", "white", 2, 100.0), ("Durham", "black", 1, 50.0)]
    );
}
