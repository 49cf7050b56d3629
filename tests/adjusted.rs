//! Keys held equal: what a study may say of a `[[regression]]` and a `[[stratified]]`, and what comes out.

use serde_json::Value;

use crate::harness::{Outcome, Workspace, objects, refused};

/// A study of searches by place, year and group with a table at its end.
pub(crate) fn study(table: &str, searches: &str) -> Workspace {
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
pub(crate) fn searches(places: usize) -> String {
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

pub(crate) fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The first row of an estimand, quoted or not; with no word for it, either.
pub(crate) fn row(results: &Value, estimand: &str, quoted: &str) -> Value {
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
    let wide = row(&found, "adjusted_risk_ratio", "");
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
    let [root, chi_square] = [&own, &together].map(|row| row["statistic"].as_f64().unwrap());
    assert!(
        (root * root / chi_square - 1.0).abs() < 1e-9,
        "one compared group is all of them"
    );
    let firth = results(&study(
        &format!("{table}\nfamily = \"firth_logistic\""),
        &searches(3),
    ));
    let own = row(&firth, "adjusted_odds_ratio", "");
    assert_eq!(own["conf_method"], "profile likelihood");
    assert!(
        row(&firth, "likelihood_ratio_groups", "")["estimate"]
            .as_f64()
            .unwrap()
            > 0.0
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
        &["people.csv", "column `age`", "no such column"],
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
