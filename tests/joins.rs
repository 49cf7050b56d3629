//! Files of a publisher that belong together: one row of the main file stays one row.

use crate::harness::Workspace;

const STUDY: &str = r#"format = 1
title = "Joined files"
[groups]
reference = "white"
compare = ["black", "hispanic"]
unknown = "missing"
[[stops]]
files = ["Stop.csv"]
unit = "driver"
keys = { searches_of_others = "search_of_others.rows" }
[stops.columns]
group = [{ column = "person.Ethnicity", codes = { H = "hispanic" } }, { column = "person.Race", codes = { W = "white", B = "black" } }]
place = "Agency"
searched = { column = "search.rows", no = ["0"], unclear = "yes" }
hit = { column = "contraband.rows", no = ["0"], unclear = "yes" }
[[stops.join]]
name = "person"
file = "PERSON.csv"
on = { StopID = "StopID" }
where = { Type = "D" }
[[stops.join]]
name = "search"
file = "Search.csv"
on = { StopID = "StopID", PersonID = "person.PersonID" }
[[stops.join]]
name = "search_of_others"
file = "Search.csv"
on = { StopID = "StopID" }
[[stops.join]]
name = "contraband"
file = "Contraband.csv"
on = { StopID = "StopID", PersonID = "person.PersonID" }
[disclosure]
mode = "court"
[[rates]]
counts = "searches"
[[rates]]
counts = "hits"
"#;

fn workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("study.toml", STUDY);
    workspace.write("Stop.csv", "StopID,Agency\n1,X\n2,X\n3,X\n4,X\n5,X\n6,X\n");
    // Stop 4 has no driver; stop 5 has a passenger who is searched.
    workspace.write(
        "PERSON.csv",
        "PersonID,StopID,Type,Ethnicity,Race\n11,1,D,N,W\n12,2,D,N,B\n13,3,D,H,W\n14,4,P,N,W\n15,5,D,N,W\n16,5,P,N,B\n17,6,D,N,B\n18,9,D,N,B\n",
    );
    // The driver of stop 1 is searched twice and stays one stop.
    workspace.write(
        "Search.csv",
        "SearchID,StopID,PersonID\n21,1,11\n22,1,11\n23,2,12\n24,5,16\n",
    );
    workspace.write(
        "Contraband.csv",
        "ContrabandID,StopID,PersonID\n31,1,11\n32,1,11\n33,5,16\n",
    );
    workspace
}

#[test]
fn a_search_of_a_passenger_is_not_the_drivers_and_nothing_is_multiplied() {
    let workspace = workspace();
    let checked = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    assert!(
        checked.stdout.contains("PERSON.csv joined as person: 8 rows, 2 of them left out by its `where`, 1 that belong to no row of the main file"),
        "{}",
        checked.stdout
    );
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let cells = |finding: &str| -> Vec<(String, String, String)> {
        let table = workspace.read(&format!("out/tables/{finding}.csv"));
        let mut reader = csv::Reader::from_reader(table.as_bytes());
        let headers = reader.headers().unwrap().clone();
        let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
        let (group, events, trials) = (at("group"), at("events"), at("trials"));
        let row = |r: csv::StringRecord| (r[group].into(), r[events].into(), r[trials].into());
        reader.records().map(|r| row(r.unwrap())).collect()
    };
    let expect = |rows: &[(&str, &str, &str)]| -> Vec<(String, String, String)> {
        let own = |&(a, b, c): &(&str, &str, &str)| (a.into(), b.into(), c.into());
        rows.iter().map(own).collect()
    };
    assert_eq!(
        cells("rates-searches"),
        expect(&[
            ("white", "1", "2"),
            ("black", "1", "2"),
            ("hispanic", "0", "1")
        ])
    );
    assert_eq!(
        cells("rates-hits")[0],
        ("white".into(), "1".into(), "1".into())
    );
    let manifest = workspace.read("out/manifest.json");
    assert!(manifest.contains("rows, joined as person"), "{manifest}");
}

#[test]
fn two_drivers_of_one_stop_who_differ_are_an_error_with_both_lines() {
    let workspace = workspace();
    let people = workspace.read("PERSON.csv") + "19,2,D,N,W\n";
    workspace.write("PERSON.csv", &people);
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("PERSON.csv:10") && outcome.stderr.contains("line 3"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_joined_column_that_is_not_there_is_named() {
    let workspace = workspace();
    workspace.write("study.toml", &STUDY.replace("person.Race", "person.Rase"));
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("PERSON.csv:1: column `Rase`")
            && outcome.stderr.contains("did you mean `Race`?"),
        "{}",
        outcome.stderr
    );
}
