//! Keys held equal: what a study may say of a `[[regression]]` and a `[[stratified]]`, and what comes out.

use serde_json::Value;

use crate::harness::{Outcome, Workspace, objects, refused};

/// A study of searches by place, year and group with a table at its end.
fn study(table: &str, searches: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write(
        "study.toml",
        &format!(
            r#"format = 1
title = "Searches"
[groups]
reference = "white"
compare = ["black"]
[[counts]]
name = "searches"
file = "searches.csv"
keys = {{ place = "place", year = "year", group = "group" }}
events = "searches"
trials = "stops"
{table}
"#
        ),
    );
    workspace.write("searches.csv", searches);
    workspace
}

/// Searches that differ by place and year, with more of them for one group: `places` places and four years.
fn searches(places: usize) -> String {
    let mut text = String::from("place,year,group,searches,stops\n");
    for place in 0..places {
        for year in 0..4 {
            let base = 20 + (place * 7 + year * 5) % 13;
            let gap = (place * place * 13 + place * 7) % 61;
            text += &format!("p{place},{},white,{base},400\n", 2010 + year);
            text += &format!("p{place},{},black,{},300\n", 2010 + year, base + gap);
        }
    }
    text
}

fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The first row of an estimand, quoted or not; with no word for it, either.
fn row(results: &Value, estimand: &str, quoted: &str) -> Value {
    let rows = objects(&results["findings"][0]);
    let is_it =
        |row: &Value| row["estimand"] == estimand && (quoted.is_empty() || row["quoted"] == quoted);
    rows.into_iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no {estimand}"))
}

fn refusal(table: &str, searches: &str) -> Outcome {
    study(table, searches).evenhand(&["run", "study.toml", "--out", "out"])
}

#[test]
fn few_clusters_are_resampled_and_many_are_not() {
    let table = "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]";
    for (places, method) in [
        (4, "dispersion of the cells, log scale, t"),
        (
            8,
            "wild cluster bootstrap by place, 8 clusters, test inverted",
        ),
        (
            12,
            "wild cluster bootstrap by place, 12 clusters, test inverted",
        ),
        (24, "CR1 by place, 24 clusters, log scale, t"),
    ] {
        let workspace = study(table, &searches(places));
        let found = results(&workspace);
        let quoted = row(&found, "adjusted_odds_ratio", "yes");
        assert_eq!(quoted["conf_method"], method);
        let [low, estimate, high, p] =
            ["conf_low", "estimate", "conf_high", "p_value"].map(|c| quoted[c].as_f64().unwrap());
        assert!(low < estimate && estimate < high);
        assert_eq!(p < 0.05, low > 1.0 || high < 1.0, "p and interval agree");
        assert_eq!(
            found,
            results(&workspace),
            "another run gives another number"
        );
    }
}

/// 2 x 2 with half an event in each field: (0.5 / 100.5) / (10.5 / 190.5), by hand.
#[test]
fn a_group_without_events_has_a_finite_odds_ratio_under_firths_penalty() {
    let text = "place,year,group,searches,stops\na,2010,white,10,200\na,2010,black,0,100\n";
    let table = "[[regression]]\ncounts = \"searches\"\ncluster = []";
    let refused = refusal(table, text);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("firth_logistic"),
        "{}",
        refused.stderr
    );
    let found = results(&study(
        &format!("{table}\nfamily = \"firth_logistic\""),
        text,
    ));
    let ratio = row(&found, "adjusted_odds_ratio", "")["estimate"]
        .as_f64()
        .unwrap();
    let by_hand = (0.5 / 100.5) / (10.5 / 190.5);
    assert!(
        (ratio - by_hand).abs() < 1e-9 * by_hand,
        "{ratio} is not {by_hand}"
    );
}

/// Effects of places as columns are those that are taken out, but for the penalty, which is small on large counts.
#[test]
fn firths_penalty_takes_effects_as_columns() {
    let table = "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]\ncluster = []";
    let plain = row(
        &results(&study(table, &searches(6))),
        "adjusted_odds_ratio",
        "no",
    );
    let firth = format!("{table}\nfamily = \"firth_logistic\"");
    let firth = row(
        &results(&study(&firth, &searches(6))),
        "adjusted_odds_ratio",
        "no",
    );
    let [plain, firth] = [plain, firth].map(|row| row["estimate"].as_f64().unwrap());
    assert!(
        (1e-9..1e-3).contains(&(plain / firth - 1.0).abs()),
        "{plain} {firth}"
    );
}

#[test]
fn two_keys_of_clusters_and_a_curve() {
    let table = "[[regression]]\ncounts = \"searches\"\ncluster = [\"place\", \"year\"]";
    let quoted = row(
        &results(&study(table, &searches(24))),
        "adjusted_odds_ratio",
        "yes",
    );
    assert_eq!(
        quoted["conf_method"], "dispersion of the cells, log scale, t",
        "four years are too few"
    );
    let curve = |df: u8| {
        let table = format!(
            "[[regression]]\ncounts = \"searches\"\nsmooth = {{ key = \"year\", df = {df} }}\ncluster = []\ncells = [\"place\"]"
        );
        row(&results(&study(&table, &searches(6))), "deviance", "")["estimate"]
            .as_f64()
            .unwrap()
    };
    let held = "[[regression]]\ncounts = \"searches\"\nadjust = [\"year\"]\ncluster = []\ncells = [\"place\"]";
    let held = row(&results(&study(held, &searches(6))), "deviance", "")["estimate"]
        .as_f64()
        .unwrap();
    assert!(
        curve(1) > curve(2) && curve(2) > curve(3),
        "more columns fit better"
    );
    assert!(
        (curve(3) - held).abs() < 1e-6,
        "a curve through four years is an effect of each"
    );
}

#[test]
fn a_negative_binomial_lies_between_and_says_its_theta() {
    let table = "[[regression]]\ncounts = \"searches\"\ncells = [\"place\", \"year\"]\ncluster = []\nfamily = ";
    let scattered = searches(8)
        .replace(",white,2", ",white,12")
        .replace(",300", ",900")
        .replace(",400", ",900");
    let found = results(&study(&format!("{table}\"negative_binomial\""), &scattered));
    assert!(row(&found, "theta", "")["estimate"].as_f64().unwrap() > 0.0);
    let wide = row(&found, "adjusted_risk_ratio", "no");
    let narrow = row(
        &results(&study(&format!("{table}\"poisson\""), &scattered)),
        "adjusted_risk_ratio",
        "no",
    );
    assert!(
        wide["conf_low"].as_f64() < narrow["conf_low"].as_f64(),
        "its counting interval allows for the spread"
    );
    let refused = refusal(
        &format!("{table}\"negative_binomial\""),
        "place,year,group,searches,stops\na,2010,white,10,200\na,2011,white,10,200\na,2010,black,10,100\na,2011,black,10,100\n",
    );
    assert!(refused.stderr.contains("\"poisson\""), "{}", refused.stderr);
}

#[test]
fn profile_limits_come_with_the_likelihood_ratio() {
    let table = "[[regression]]\ncounts = \"searches\"\ncluster = []\nlimits = \"profile\"";
    let found = results(&study(table, &searches(3)));
    let own = row(&found, "adjusted_odds_ratio", "");
    let together = row(&found, "likelihood_ratio_groups", "");
    assert_eq!(own["conf_method"], "profile likelihood");
    assert_eq!(
        own["statistic"], together["statistic"],
        "one compared group is all of them"
    );
}

#[test]
fn what_a_regression_refuses() {
    for (keys, words) in [
        (
            "cluster = [\"place\", \"program\", \"group\"]",
            "the group is compared",
        ),
        ("cluster = [\"place\", \"place\"]", "stands there twice"),
        ("cells = [\"plaec\"]", "did you mean `place`?"),
        (
            "adjust = [\"place\"]\nsmooth = { key = \"place\", df = 1 }",
            "`place` stands there twice",
        ),
        (
            "smooth = { key = \"place\", df = 0 }",
            "df = 0 is no number of columns",
        ),
        (
            "smooth = { key = \"place\", df = 1 }",
            "has the value `Alpha`, which is no number",
        ),
        ("smooth = { key = \"place\", dg = 1 }", "dg"),
        (
            "family = \"negative_binomial\"\nobservation = \"trial\"",
            "is of counts by cell",
        ),
        ("family = \"probit\"", "probit"),
        (
            "cluster = []\nobservation = \"cell\"",
            "cells = [\"place\"]",
        ),
    ] {
        refused(
            |w| {
                let text = std::fs::read_to_string(w.path("study.toml")).unwrap();
                w.write(
                    "study.toml",
                    &format!("{text}\n[[regression]]\ncounts = \"searches\"\n{keys}\n"),
                );
            },
            &["study.toml:", words],
        );
    }
}

#[test]
fn rows_are_added_up_over_a_column_that_the_study_names() {
    let finer = "place,year,group,kind,searches,stops\na,2010,white,x,10,100\na,2010,white,y,30,300\na,2010,black,x,20,150\na,2010,black,y,5,50\n";
    let table = "sum_over = [\"kind\"]\n[[disparity]]\ncounts = \"searches\"";
    let found = results(&study(table, finer));
    let ratio = row(&found, "risk_ratio", "yes");
    assert_eq!(ratio["estimate"].as_f64(), Some(1.25));
    let without = refusal("[[disparity]]\ncounts = \"searches\"", finer);
    assert!(
        without.stderr.contains("sum_over = [\"column\"]")
            && without.stderr.contains("searches.csv:3"),
        "{}",
        without.stderr
    );
    let twice = refusal(table, &format!("{finer}a,2010,white,x,1,1\n"));
    assert!(
        twice.stderr.contains("searches.csv:6") && twice.stderr.contains("first on line 2"),
        "{}",
        twice.stderr
    );
    let used = refusal(
        "sum_over = [\"year\"]\n[[disparity]]\ncounts = \"searches\"",
        finer,
    );
    assert!(
        used.stderr.contains("column `year` is used already"),
        "{}",
        used.stderr
    );
    refused(
        |w| {
            w.change(
                "study.toml",
                "universe = \"residents\"",
                "sum_over = [\"age\"]\nuniverse = \"residents\"",
            );
        },
        &["margins of error of rows that are added up", "study.toml:"],
    );
}

#[test]
fn arms_go_with_a_ratio_of_ratios_only() {
    let table = "[[stratified]]\ncounts = \"searches\"\nstrata = \"place\"\nestimand = ";
    let without = refusal(&format!("{table}\"ratio_of_ratios\""), &searches(3));
    assert!(
        without.stderr.contains("there is no `contrast`"),
        "{}",
        without.stderr
    );
    let contrast = "\ncontrast = { key = \"year\", treated = \"2010\", control = \"2011\" }";
    let with = refusal(&format!("{table}\"risk_ratio\"{contrast}"), &searches(3));
    assert!(
        with.stderr
            .contains("a risk ratio within strata has no arms"),
        "{}",
        with.stderr
    );
}

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
        let more = (0..places).map(|place| format!("p{place},2010,other,{},200\n", 3 + (place * place * 7) % 41));
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
