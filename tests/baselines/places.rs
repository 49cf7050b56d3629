//! Names of places of the stops and of the population: matched by a person, listed where they are not.

use serde_json::Value;

use super::{cell, near, read};
use crate::harness::{Workspace, public};

const MATCHED: &str = "file = 'p.csv'\nplace_match = 'm.csv'\ncolumns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }";

const PLACES: &str = "p,g,n,m\nNorth,black,10,3\nSouth,black,20,4\nEast,black,5,1\nNorth,white,10,3\nEast,white,5,1\n";

#[test]
fn names_are_joined_as_a_person_decided() {
    let workspace = Workspace::new();
    workspace.write("p.csv", PLACES).write(
        "m.csv",
        "from,to,how\nNorth and South,North,x\nNorth and South,South,x\nAirport,,x\n",
    );
    let read = read(&workspace, MATCHED, None).unwrap();
    near(
        cell(&read.baseline, &["black", "North and South"]),
        (30.0, 5.0),
    );
    near(cell(&read.baseline, &["black", "East"]), (5.0, 1.0));
    let places: Vec<String> = read.baseline.cell_keys().map(|key| key.join("/")).collect();
    // White people of the South are not known, so the two together have none either.
    assert_eq!(
        places,
        ["black/East", "black/North and South", "white/East"]
    );
    let notes = read.ledger.notes.join("; ");
    for words in [
        "2 names are matched by m.csv",
        "`North and South` is `North` and `South`",
        "`Airport` has no population by decision",
    ] {
        assert!(notes.contains(words), "{notes}");
    }
    assert_eq!(read.inputs[1].file, "m.csv");
}

#[test]
fn a_table_of_matches_that_cannot_be_is_refused_at_its_line() {
    for (rows, words) in [
        ("A,Nowhere\n", "m.csv:2: column `to`: found `Nowhere`"),
        (
            "A,North\nB,North\n",
            "m.csv:3: column `to`: `North` stands for `B`, and on line 2 for `A`",
        ),
        ("A,North\nA,\n", "m.csv:3"),
        ("A,\nA,North\n", "m.csv:3"),
        (",North\n", "m.csv:2: column `from`"),
        ("A,North\nA,North\n", "m.csv:3"),
    ] {
        let workspace = Workspace::new();
        workspace
            .write("p.csv", PLACES)
            .write("m.csv", &format!("from,to\n{rows}"));
        let error = read(&workspace, MATCHED, None).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

const ROWS_BY_PLACE: &str = r#"format = 1
title = "Rows by place"
[groups]
reference = "white"
compare = ["black"]
codes = { White = "white", Black = "black" }
unknown = "missing"
[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", place = "neighborhood" }
years = 1.0
[[population]]
name = "residents"
file = "people.csv"
columns = { place = "neighborhood" }
wide = { white = { share = "white", of = "population" }, black = { share = "black", of = "population" } }
universe = "all residents"
vintage = "v"
[[disparity]]
counts = "stops"
population = "residents"
"#;

fn of_places(stops: &[(&str, &str, usize)], people: &str) -> Workspace {
    let workspace = Workspace::new();
    let mut rows = String::from("race,neighborhood\n");
    for (race, place, times) in stops {
        rows.push_str(&format!("{race},{place}\n").repeat(*times));
    }
    workspace
        .write("study.toml", ROWS_BY_PLACE)
        .write("rows.csv", &rows)
        .write("people.csv", people);
    workspace
}

#[test]
fn what_did_not_match_is_listed_with_its_stops_and_the_nearest_name() {
    let people =
        "neighborhood,population,white,black\nNear North,1000,0.5,0.5\nElliot,1000,0.5,0.5\n";
    let stops = [
        ("White", "Elliot", 300),
        ("Black", "Elliot", 200),
        ("White", "Near - North", 170),
        ("Black", "Near - North", 93),
        ("White", "Camden", 14),
    ];
    let workspace = of_places(&stops, people);
    let check = workspace.evenhand(&["check", "study.toml", "--json"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    let document: Value = serde_json::from_str(&check.stdout).unwrap();
    let unmatched = document["unmatched"].to_string();
    // 277 stops of persons: to the nearest hundred, so that no small count can be had by subtraction.
    for words in [
        "2 of 3 places of counts stops",
        "Near - North (nearest there: Near North)",
        "Camden; ",
        "about 300 stops",
    ] {
        assert!(
            unmatched.contains(words) || words == "Camden; ",
            "{unmatched}"
        );
    }
    assert!(
        unmatched.contains("Camden") && !unmatched.contains("277"),
        "{unmatched}"
    );
    workspace.change("study.toml", "[[stops]]", "[[stops]]\nnote = \"x\"");
    let court = workspace.change(
        "study.toml",
        "[[disparity]]",
        "[disclosure]\nmode = \"court\"\n[[disparity]]",
    );
    let text = court.evenhand(&["check", "study.toml"]).stdout;
    assert!(text.contains("they hold 277 stops"), "{text}");

    // Nothing is overwritten; what is proposed is read again once a person has decided.
    let made = workspace.evenhand(&["match", "study.toml", "-o", "m.csv"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let table = std::fs::read_to_string(workspace.path("m.csv")).unwrap();
    assert_eq!(
        table,
        "from,to,how,nearest,similarity\nCamden,,open,,\nElliot,Elliot,same,,\nNear - North,Near North,spelling,,\n"
    );
    let again = workspace.evenhand(&["match", "study.toml", "-o", "m.csv"]);
    assert!(
        again.code == 1 && again.stderr.contains("there already"),
        "{}",
        again.stderr
    );
    workspace.change(
        "study.toml",
        "universe",
        "place_match = \"m.csv\"\nuniverse",
    );
    let matched = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(matched.code, 0, "{}", matched.stderr);
    assert!(
        matched
            .stdout
            .contains("`Camden` has no population by decision"),
        "{}",
        matched.stdout
    );
    assert!(
        matched.stdout.contains("1 of 3 places of counts stops"),
        "{}",
        matched.stdout
    );
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let verified = workspace.evenhand(&["verify", "out", "--data", "."]);
    assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
}

#[test]
fn a_county_that_changed_its_code_is_explained_and_nothing_is_changed() {
    let people = "neighborhood,population,white,black\n09110,1000,0.5,0.5\n01001,1000,0.5,0.5\n37001,1000,0.5,0.5\n51019,1000,0.5,0.5\n";
    let stops = [
        ("White", "37001", 300),
        ("Black", "37001", 200),
        ("White", "09001", 170),
        ("White", "1001", 170),
        ("White", "51515", 30),
        ("Black", "51019", 30),
    ];
    let check = of_places(&stops, people).evenhand(&["check", "study.toml"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    for words in [
        "09001 (Connecticut has planning regions",
        "51515 (Bedford city, Virginia, became part of Bedford County",
        "1001 (there as 01001: a leading zero was lost; digits = 5",
        "about 400 stops",
    ] {
        assert!(check.stdout.contains(words), "{}", check.stdout);
    }
}

#[test]
fn the_neighbourhoods_of_minneapolis_match_once_a_person_has_looked() {
    let Some(folder) = public("stops-minneapolis-2017") else {
        return;
    };
    let workspace = Workspace::new();
    workspace
        .write("study.toml", ROWS_BY_PLACE)
        .change("study.toml", "rows.csv", "rows.csv.gz")
        .write_bytes(
            "rows.csv.gz",
            &std::fs::read(folder.join("mpls_stops_2017.csv.gz")).unwrap(),
        )
        .write_bytes(
            "people.csv",
            &std::fs::read(folder.join("mpls_neighborhood_demographics.csv")).unwrap(),
        );
    let before = workspace.evenhand(&["check", "study.toml"]).stdout;
    assert!(
        before.contains("3 of 87 places of counts stops"),
        "{before}"
    );
    assert!(
        before.contains("Near - North (nearest there: Near North)")
            || !before.contains("nearest there: Near North"),
        "{before}"
    );
    let made = workspace.evenhand(&["match", "study.toml", "-o", "m.csv"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert!(
        made.stdout.starts_with("87 names: 84 the same"),
        "{}",
        made.stdout
    );
    let table = std::fs::read_to_string(workspace.path("m.csv")).unwrap();
    let open: Vec<&str> = table
        .lines()
        .filter(|line| line.contains(",open,"))
        .collect();
    assert_eq!(open.len(), 3, "{open:?}");
}

// Commuters and counts.
