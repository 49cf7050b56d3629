//! The register of agreements: what is read, what of it counts, and the keys of the counts that are made from it.

mod faults;
mod lists;
mod rows;
mod status;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Outcome, Workspace, objects};

/// Counts of two places and, for one of them, several years.
const COUNTS: &str = "state,place,year,group,searches,stops
NC,Mecklenburg County,2005,white,40,1000
NC,Mecklenburg County,2005,black,60,800
NC,Mecklenburg County,2006,white,41,1000
NC,Mecklenburg County,2006,black,61,800
NC,Mecklenburg County,2007,white,42,1000
NC,Mecklenburg County,2007,black,62,800
NC,Mecklenburg County,2018,white,43,1000
NC,Mecklenburg County,2018,black,63,800
NC,Mecklenburg County,2019,white,44,1000
NC,Mecklenburg County,2019,black,64,800
NC,Durham County,2007,white,45,1000
NC,Durham County,2007,black,65,800
";

/// The template of the method page.
const HEADER: &str =
    "state,place,fips,level,agency,kind,signed,began,ended,evidence_from,evidence_to\n";

const MECKLENBURG: &str = "NC,Mecklenburg County,37119,county,Mecklenburg County Sheriff's Office,jail,2006-02-27,2006-05-01,2018-12-05,,\n";

const STUDY: &str = r#"format = 1
title = "Places with and without an agreement"

[groups]
reference = "white"
compare = ["black"]

[[counts]]
name = "searches"
file = "counts.csv"
keys = { state = "state", place = "place", year = "year", group = "group" }
events = "searches"
trials = "stops"

[[agreements]]
file = "agreements.csv"
format = "agreements"

[[agreements.status]]
key = "program"

[[rates]]
counts = "searches"
by = ["place", "year", "program"]
"#;

/// A study whose register is the template with some agreements.
fn with(agreements: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("counts.csv", COUNTS);
    workspace.write("agreements.csv", &format!("{HEADER}{agreements}"));
    workspace.write("study.toml", STUDY);
    workspace
}

/// Adds lines to the status table of the study.
fn status(workspace: &Workspace, lines: &str) {
    workspace.change(
        "study.toml",
        "key = \"program\"\n",
        &format!("key = \"program\"\n{lines}\n"),
    );
}

fn check(workspace: &Workspace) -> Outcome {
    workspace.evenhand(&["check", "study.toml"])
}

fn checked(workspace: &Workspace) -> String {
    let outcome = check(workspace);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

fn refused(workspace: &Workspace, words: &[&str]) {
    let outcome = check(workspace);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    // Hints are wrapped for reading.
    let said: Vec<&str> = outcome.stderr.split_whitespace().collect();
    let said = said.join(" ");
    for word in words {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
}

fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The status of a place in a year, by the rows of the first finding.
fn statuses(workspace: &Workspace) -> BTreeMap<(String, String), String> {
    let results = results(workspace);
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    objects(&results["findings"][0])
        .iter()
        .map(|row| {
            let year = text(row, "stratum").replace("year=", "");
            ((text(row, "place"), year), text(row, "program"))
        })
        .collect()
}

fn of(workspace: &Workspace, place: &str, year: &str) -> String {
    let found = statuses(workspace);
    found[&(place.to_owned(), year.to_owned())].clone()
}

fn in_mecklenburg(workspace: &Workspace) -> Vec<String> {
    let found = statuses(workspace);
    ["2005", "2006", "2007", "2018", "2019"]
        .map(|year| found[&("Mecklenburg County".to_owned(), year.to_owned())].clone())
        .to_vec()
}

/// A text with one blank between words.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the account of the register states these numbers of rows.
fn accounts(text: &str, rows_in: &str, kept: &str) -> bool {
    let text = flat(text);
    let own = text
        .split(" agreements rows in ")
        .nth(1)
        .unwrap_or_default();
    let kept_rows = own.split(" kept ").nth(1).unwrap_or_default();
    own.starts_with(&format!("{rows_in} ")) && kept_rows.starts_with(kept)
}
