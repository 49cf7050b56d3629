//! `[[adoption]]` from outside: made-up counts whose changes are known to the digit.

use serde_json::Value;

use crate::adjusted::results;
use crate::harness::{Workspace, objects};

/// When places sign: the year's first day, or never.
type Signs = Option<i32>;

const YEARS: std::ops::Range<i32> = 2008..2016;

/// Searches out of stops in which the ratio of two groups is a factor of the place times one of the year, and under an
/// agreement `effect(place, year)` times that; so many that rounding to whole searches is below 1e-6.
fn counts(places: &[Signs], effect: impl Fn(usize, i32) -> f64) -> String {
    let mut text = String::from("state,place,year,group,searches,stops\n");
    for (place, signs) in places.iter().enumerate() {
        for year in YEARS {
            let (i, t) = (place as f64, f64::from(year - YEARS.start));
            let stops = [9e8 + 1e7 * i, 7e8 - 2e6 * t * i];
            let rate = 0.001 * (1.0 + 0.1 * (i % 5.0)) * (1.0 + 0.07 * ((t * 3.0) % 4.0));
            let ratio = 1.4 * (1.0 + 0.05 * (i % 7.0)) * (1.0 - 0.03 * t);
            let under = signs.is_some_and(|signs| year >= signs);
            let factor = if under { effect(place, year) } else { 1.0 };
            for (group, stops, rate) in [
                ("white", stops[0], rate),
                ("black", stops[1], rate * ratio * factor),
            ] {
                let (stops, searches) = (stops.round(), (stops * rate).round());
                text += &format!("NC,P{place:02} County,{year},{group},{searches},{stops}\n");
            }
        }
    }
    text
}

fn study(places: &[Signs], searches: &str) -> Workspace {
    let mut register = String::from(
        "state,place,fips,level,agency,kind,signed,began,ended,evidence_from,evidence_to\n",
    );
    for (place, signs) in places.iter().enumerate() {
        if let Some(year) = signs {
            register += &format!(
                "NC,P{place:02} County,,county,Sheriff {place},task_force,{year}-01-01,,open,,\n"
            );
        }
    }
    let workspace = Workspace::new();
    workspace
        .write("searches.csv", searches)
        .write("agreements.csv", &register)
        .write(
            "study.toml",
            r#"format = 1
title = "Adoption"
[groups]
reference = "white"
compare = ["black"]
[[counts]]
name = "searches"
file = "searches.csv"
keys = { state = "state", place = "place", year = "year", group = "group" }
events = "searches"
trials = "stops"
[[agreements]]
file = "agreements.csv"
format = "agreements"
[[agreements.status]]
key = "task_force"
kinds = ["task_force"]
[[adoption]]
counts = "searches"
status = "task_force"
time = "year"
"#,
        );
    workspace
}

fn lines(workspace: &Workspace) -> Vec<Value> {
    objects(&results(workspace)["findings"][0])
}

fn of<'a>(rows: &'a [Value], estimand: &str, stratum: &str) -> Vec<&'a Value> {
    let own = |row: &&Value| {
        row["estimand"] == estimand
            && row["quoted"] == "yes"
            && row["stratum"]
                .as_str()
                .unwrap_or_default()
                .trim_start_matches("event time=")
                == stratum
    };
    rows.iter().filter(own).collect()
}

fn near(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!(
        (found / expected - 1.0).abs() < 2e-6,
        "{found} is not {expected}"
    );
}

/// Six places that sign in 2012, six that never do.
fn twelve() -> Vec<Signs> {
    (0..12)
        .map(|place| (place % 2 == 0).then_some(2012))
        .collect()
}

#[test]
fn the_change_of_the_ratio_is_found_to_the_digit() {
    let places = twelve();
    let workspace = study(&places, &counts(&places, |_, _| 1.5));
    let rows = lines(&workspace);
    let change = of(&rows, "adoption_ratio_of_ratios", "");
    near(&change[0]["estimate"], 1.5);
    let method = change[0]["conf_method"].as_str().unwrap();
    assert!(
        method.contains("wild cluster bootstrap by place, 12 clusters"),
        "{method}"
    );
    for (time, factor) in [("-4", 1.0), ("-2", 1.0), ("+0", 1.5), ("+3", 1.5)] {
        near(
            &of(&rows, "adoption_ratio_of_ratios", time)[0]["estimate"],
            factor,
        );
    }
    assert!(
        of(&rows, "adoption_ratio_of_ratios", "-1").is_empty(),
        "the base has no number"
    );
    let rates = of(&rows, "adoption_rate_ratio", "");
    let by_group = |group: &str| rates.iter().find(|row| row["group"] == group).unwrap();
    assert!(by_group("black")["estimate"].as_f64().unwrap() > 1.3);
    let white = by_group("white")["estimate"].as_f64().unwrap();
    assert!((white - 1.0).abs() < 0.01, "{white}");
    let cells = rows
        .iter()
        .filter(|row| row["estimand"] == "proportion" && row["quoted"] == "yes");
    assert_eq!(cells.count(), 8);
}

#[test]
fn of_several_first_times_the_mean_is_taken_and_not_what_one_coefficient_would_say() {
    let places: Vec<Signs> = (0..40)
        .map(|place| [Some(2010), None, Some(2013), None][place % 4])
        .collect();
    // It grows with the time under the agreement, and is larger where it began early.
    let effect = |place: usize, year: i32| {
        let signed = places[place].unwrap();
        1.0 + 0.1 * f64::from(year - signed + 1) + if signed == 2010 { 0.4 } else { 0.0 }
    };
    let workspace = study(&places, &counts(&places, effect));
    let mut logs = Vec::new();
    for (place, signs) in places.iter().enumerate() {
        let under = YEARS.filter(|year| signs.is_some_and(|signed| *year >= signed));
        logs.extend(under.map(|year| effect(place, year).ln()));
    }
    let rows = lines(&workspace);
    let mean = (logs.iter().sum::<f64>() / logs.len() as f64).exp();
    near(
        &of(&rows, "adoption_ratio_of_ratios", "")[0]["estimate"],
        mean,
    );
    near(&of(&rows, "adoption_ratio_before", "")[0]["estimate"], 1.0);
    let second = ((effect(0, 2011).ln() + effect(2, 2014).ln()) / 2.0).exp();
    near(
        &of(&rows, "adoption_ratio_of_ratios", "+1")[0]["estimate"],
        second,
    );
}

#[test]
fn where_every_place_signs_the_last_are_compared_before_they_do() {
    let places: Vec<Signs> = (0..12)
        .map(|place| Some(if place % 2 == 0 { 2011 } else { 2014 }))
        .collect();
    let workspace = study(
        &places,
        &counts(&places, |_, year| if year < 2014 { 1.25 } else { 9.0 }),
    );
    let rows = lines(&workspace);
    near(
        &of(&rows, "adoption_ratio_of_ratios", "")[0]["estimate"],
        1.25,
    );
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
}

#[test]
fn of_few_adopters_other_assignments_speak_beside_the_dispersion() {
    // Two of eight: 28 assignments, of which only the actual one has its change.
    let places: Vec<Signs> = (0..8).map(|place| (place < 2).then_some(2012)).collect();
    let noise =
        |place: usize, year: i32| 1.0 + 0.01 * f64::from((place as i32 * 7 + year * 5) % 11);
    let mut text = counts(&places, |_, _| 2.0);
    // The other places move too, by up to a tenth.
    text = text
        .lines()
        .map(|line| {
            let mut fields: Vec<String> = line.split(',').map(str::to_owned).collect();
            if fields[3] == "black" {
                let place: usize = fields[1][1..3].parse().unwrap();
                let searches: f64 = fields[4].parse().unwrap();
                let year = fields[2].parse().unwrap();
                fields[4] = (searches * noise(place, year)).round().to_string();
            }
            fields.join(",") + "\n"
        })
        .collect();
    let rows = lines(&study(&places, &text));
    let change = of(&rows, "adoption_ratio_of_ratios", "");
    assert_eq!(change[0]["variance"], "between");
    assert!(
        change[0]["warning"]
            .as_str()
            .unwrap()
            .contains("few_adopters")
    );
    let p = of(&rows, "randomised_dates", "")[0]["p_value"]
        .as_f64()
        .unwrap();
    // 1 of 28, with the noise of 999 draws.
    assert!((0.015..0.065).contains(&p), "{p}");
    let one: Vec<Signs> = (0..8).map(|place| (place < 1).then_some(2012)).collect();
    let rows = lines(&study(&one, &counts(&one, |_, _| 2.0)));
    let undefined = of(&rows, "randomised_dates", "")[0];
    assert!(undefined["p_value"].is_null() && undefined["estimate"].is_null());
    assert!(
        undefined["warning"]
            .as_str()
            .unwrap()
            .contains("few_assignments")
    );
}

#[test]
fn what_is_no_design_is_refused_with_what_is_missing() {
    let refused = |places: &[Signs], words: &[&str]| {
        let workspace = study(places, &counts(places, |_, _| 1.0));
        let outcome = workspace.evenhand(&["check", "study.toml"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        let said = outcome
            .stderr
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        for word in words {
            assert!(said.contains(word), "no `{word}` in {said}");
        }
    };
    refused(
        &[Some(2012); 4],
        &[
            "every place that can be used came under an agreement",
            "add such places",
        ],
    );
    refused(
        &[Some(2000), None, None],
        &[
            "no place of the counts came under an agreement",
            "P00 County, NC (under an agreement when the counts begin",
        ],
    );
    let workspace = study(&twelve(), &counts(&twelve(), |_, _| 1.0));
    workspace.change("study.toml", "time = \"year\"", "time = \"period\"");
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        outcome.stderr.contains("have no key `period`"),
        "{}",
        outcome.stderr
    );
    let workspace = study(&twelve(), &counts(&twelve(), |_, _| 1.0));
    workspace.change(
        "study.toml",
        "status = \"task_force\"",
        "status = \"place\"",
    );
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert!(
        outcome.stderr.contains("no key that a register makes"),
        "{}",
        outcome.stderr
    );
}
