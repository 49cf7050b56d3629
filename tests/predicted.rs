//! Predicted probabilities of a regression, from outside.

use serde_json::Value;

use crate::adjusted;
use crate::harness::objects;

/// Reference: `K_predicted/predicted.R`, base R.
#[test]
fn predicted_probabilities_are_those_of_r() {
    let text = include_str!("reference/K_predicted/predicted.json");
    let reference: Value = serde_json::from_str(text).unwrap();
    let table =
        "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\", \"year\"]\ndisplay = \"year\"";
    let found = adjusted::results(&adjusted::study(table, &adjusted::searches(24)));
    let rows = objects(&found["findings"][0]);
    let expected = reference["predicted"].as_array().unwrap();
    assert_eq!(expected.len(), 10);
    for line in expected {
        let year = line["year"].as_str().unwrap();
        let row = rows
            .iter()
            .find(|row| {
                row["estimand"] == "predicted_probability"
                    && row["group"] == line["group"]
                    && row["period"]
                        .as_str()
                        .or(row["stratum"].as_str())
                        .unwrap_or_default()
                        .contains(year)
                    && (year.is_empty() == is_over_all(row))
            })
            .unwrap_or_else(|| panic!("no prediction like {line}"));
        for (own, theirs) in [
            ("estimate", "estimate"),
            ("std_error", "std_error"),
            ("conf_low", "low"),
            ("conf_high", "high"),
        ] {
            let (own, theirs) = (row[own].as_f64().unwrap(), line[theirs].as_f64().unwrap());
            assert!(
                (own / theirs - 1.0).abs() < 1e-8,
                "{line}: {own} is not {theirs}"
            );
        }
    }
}

/// As many coefficients as cells: the white cells are fitted exactly and independently, so the mean of their rates over all
/// stops (700 and 400) has the binomial variance of each, by hand.
#[test]
fn a_prediction_of_a_saturated_model_counts_the_noise_of_counting_only() {
    let table =
        "[[regression]]\ncounts = \"searches\"\nadjust = [\"place\", \"year\"]\ndisplay = \"year\"";
    let searches = "place,year,group,searches,stops\np0,2010,white,20,400\np0,2010,black,40,300\np1,2010,white,30,400\n";
    let found = adjusted::results(&adjusted::study(table, searches));
    let rows = objects(&found["findings"][0]);
    let row = rows.iter().find(|row| {
        row["estimand"] == "predicted_probability" && row["group"] == "white" && is_over_all(row)
    });
    let row = row.unwrap();
    let (p0, p1) = (700.0 / 1100.0, 400.0 / 1100.0);
    let mean: f64 = p0 * 0.05 + p1 * 0.075;
    let variance: f64 = p0 * p0 * 0.05 * 0.95 / 400.0 + p1 * p1 * 0.075 * 0.925 / 400.0;
    let log_odds = (mean / (1.0 - mean)).ln();
    let half = 1.959_963_984_540_054 * variance.sqrt() / (mean * (1.0 - mean));
    let rate = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
    for (column, expected) in [
        ("estimate", mean),
        ("std_error", variance.sqrt()),
        ("conf_low", rate(log_odds - half)),
        ("conf_high", rate(log_odds + half)),
    ] {
        let own = row[column]
            .as_f64()
            .unwrap_or_else(|| panic!("{column}: {row}"));
        assert!(
            (own / expected - 1.0).abs() < 1e-8,
            "{column}: {own} {expected}"
        );
    }
    assert_eq!(row["variance"], "counting", "{row}");
    assert!(
        row["conf_method"]
            .as_str()
            .unwrap()
            .contains("model, normal"),
        "{row}"
    );
    assert!(
        row["warning"].as_str().unwrap().contains("no_replication"),
        "{row}"
    );
}

fn is_over_all(row: &Value) -> bool {
    let blank = |column: &str| row[column].as_str().unwrap_or_default().is_empty();
    blank("period") && blank("stratum")
}

#[test]
fn a_display_needs_numbers_in_a_logistic_model() {
    let refused = |table: &str| {
        let workspace = adjusted::study(table, &adjusted::searches(8));
        workspace
            .evenhand(&["run", "study.toml", "--out", "out"])
            .stderr
    };
    let place =
        refused("[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]\ndisplay = \"place\"");
    assert!(place.contains("which is no number"), "{place}");
    let absent =
        refused("[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]\ndisplay = \"year\"");
    assert!(absent.contains("no key of this regression"), "{absent}");
    let poisson = refused(
        "[[regression]]\ncounts = \"searches\"\nadjust = [\"year\"]\nfamily = \"poisson\"\ndisplay = \"year\"",
    );
    assert!(poisson.contains("logistic"), "{poisson}");
}
