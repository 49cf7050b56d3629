//! What `init` leaves out, and says: sums of other rows, people of whom the baseline has nobody, sheets that are no table,
//! files in which there is nothing.

use std::fs;
use std::io::Write as _;

use super::{iso, minneapolis, runs, stops};
use crate::harness::Workspace;

/// The events of each row of a table of the bundle.
pub(super) fn column(workspace: &Workspace, table: &str, name: &str) -> Vec<String> {
    let path = workspace.path(&format!("bundle/tables/{table}.csv"));
    let mut reader = csv::Reader::from_path(path).unwrap();
    let at = reader.headers().unwrap().iter().position(|own| own == name);
    let rows = reader.records().map(|row| row.unwrap());
    // A row for each kind of interval, with the same numbers.
    let mut values: Vec<String> = rows.map(|row| row[at.unwrap()].to_owned()).collect();
    values.dedup();
    values
}

#[test]
fn totals_among_places_groups_and_years_are_left_out_by_name() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "county,race,stops,searches\nAlpha,White,1000,40\nAlpha,Black,800,60\nAlpha,Total,1800,100\nBeta,White,900,30\nBeta,Black,1000,50\nBeta,Total,1900,80\nStatewide,White,1900,70\nStatewide,Black,1800,110\nStatewide,Total,3700,180\n",
    );
    let (study, _) = runs(&workspace, &["counts.csv"]);
    for rule in [
        "sum of other rows: `Total` of `race`",
        "sum of other rows: `Statewide` of `county`",
    ] {
        assert!(study.contains(rule), "{study}");
    }
    assert_eq!(
        column(&workspace, "rates-searches", "events"),
        ["70", "110"]
    );
    assert_eq!(
        column(&workspace, "rates-searches", "trials"),
        ["1900", "1800"]
    );
}

#[test]
fn a_total_at_the_end_of_rows_is_no_stop_and_a_place_of_that_name_is_asked_about() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["W", "B", "H"]);
    workspace.write("stops.csv", &format!("{text}2016-12-31,W,Total,N,N\n"));
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(
        study.contains("sum of other rows: `Total` of `county`"),
        "{study}"
    );
    assert!(outcome.stdout.contains("kept 240"), "{}", outcome.stdout);

    let workspace = Workspace::new();
    workspace.write("stops.csv", &text.replace("Beta", "Statewide"));
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(!study.contains("sum of other rows"), "{study}");
    assert!(
        outcome
            .stdout
            .contains("Are rows with `Statewide` of `county` (120 rows)"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn groups_of_whom_the_baseline_has_nobody_are_left_out_and_named() {
    let workspace = Workspace::new();
    workspace.write("mpls.csv", &minneapolis());
    workspace.write(
        "people.csv",
        "neighborhood,population,white,black\nNorth,1000,0.5,0.25\nSouth,2000,0.6,0.2\n",
    );
    let (study, outcome) = runs(&workspace, &["mpls.csv", "--population", "people.csv"]);
    assert!(
        study.contains("no people in the baseline: `Asian`"),
        "{study}"
    );
    assert!(
        outcome
            .stdout
            .contains("Is there a baseline with `asian` (60 rows)?"),
        "{}",
        outcome.stdout
    );
    assert!(outcome.stdout.contains("kept 180"), "{}", outcome.stdout);

    // Without a format the group is unlisted.
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "A"]));
    workspace.write(
        "people.csv",
        "county,race,population\nAlpha,White,1000\nAlpha,Black,500\nBeta,White,900\nBeta,Black,600\n",
    );
    let (study, outcome) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    assert!(
        study.contains("left out, because the baseline has none of them: asian 80"),
        "{study}"
    );
    assert!(outcome.stdout.contains("kept 160"), "{}", outcome.stdout);
}

#[test]
fn a_baseline_of_race_ethnicity_and_several_years() {
    let mut people = String::from("ID Race,Race,Ethnicity,Year,county,Population\n");
    for (i, race) in ["White Alone", "Black or African American Alone"]
        .iter()
        .enumerate()
    {
        for ethnicity in ["Not Hispanic or Latino", "Hispanic or Latino"] {
            for (year, number) in [(2015, 1000), (2016, 2000)] {
                for county in ["Alpha", "Beta"] {
                    people.push_str(&format!(
                        "{i},{race},{ethnicity},{year},{county},{number}\n"
                    ));
                }
            }
        }
    }
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    workspace.write("people.csv", &people);
    let (study, _) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    assert!(
        study.contains("columns = [\"Race\", \"Ethnicity\"]"),
        "{study}"
    );
    assert!(
        study.contains("year = \"Year\"") && !study.contains("sum_over"),
        "{study}"
    );
    // 80 stops of each group in 2016, over 2 counties of 2,000, and of Hispanic people twice that.
    let years: Vec<f64> = column(&workspace, "rates-stops", "exposure")
        .iter()
        .map(|number| number.parse().unwrap())
        .collect();
    assert!(
        (years[years.len() - 1] / years[0] - 2.0).abs() < 1e-9,
        "{years:?}"
    );

    // Rows of other years: one year stands for all, and it is said.
    let workspace = Workspace::new();
    let later = stops(",", iso, ["W", "B", "H"]).replace("2016-", "2017-");
    workspace.write("stops.csv", &later);
    workspace.write("people.csv", &people);
    let (study, outcome) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    assert!(study.contains("at = { year = \"2016\" }"), "{study}");
    assert!(
        outcome.stdout.contains("those of 2016 were taken"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_baseline_that_is_of_no_use_is_left_out_and_the_study_runs() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "race,stops,searches\nWhite,1000,40\nBlack,800,60\n",
    );
    workspace.write(
        "people.csv",
        "county,race,population\nAlpha,White,1000\nAlpha,Black,500\n",
    );
    let (study, outcome) = runs(&workspace, &["counts.csv", "--population", "people.csv"]);
    assert!(!study.contains("[[population]]"), "{study}");
    assert!(
        outcome
            .stdout
            .contains("The baseline in people.csv was left out of the study"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn every_member_is_looked_at_and_those_that_are_no_table_are_named() {
    let zip = |members: &[(&str, &str)]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, text) in members {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let text = stops(",", iso, ["W", "B", "H"]);
    let counts = "race,stops,searches\nWhite,1000,40\nBlack,800,60\n";
    let notes = "topic,what\nfees,none\nhours,nine to five\n";
    let workspace = Workspace::new();
    let members = [
        ("2015.csv", text.as_str()),
        ("2016.csv", text.as_str()),
        ("counts.txt", counts),
        ("notes.txt", notes),
    ];
    workspace.write_bytes("all.zip", &zip(&members));
    let (study, outcome) = runs(&workspace, &["all.zip"]);
    assert!(study.contains("member = \"*.csv\""), "{study}");
    assert!(outcome.stdout.contains("kept 480"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("`notes.txt`:"),
        "{}",
        outcome.stdout
    );
    let second = fs::read_to_string(workspace.path("study-counts-txt.toml")).unwrap();
    assert!(second.contains("member = \"counts.txt\""), "{second}");
    let run = workspace.evenhand(&["run", "study-counts-txt.toml", "--out", "second"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn where_there_is_nothing_to_propose_no_file_is_written() {
    let workspace = Workspace::new();
    workspace.write_bytes("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    workspace.write("header.csv", "stop_date,race\n");
    workspace.write("empty.csv", "");
    workspace.write("notes.csv", "topic,what\nfees,none\nhours,nine\n");
    for (file, words) in [
        ("picture", "the file is a picture (PNG), and no table"),
        ("header", "a header and no row below it"),
        ("empty", "the file is empty"),
        ("notes", "no study can be made of it"),
    ] {
        let outcome = workspace.evenhand(&["init", &format!("{file}.csv")]);
        assert_eq!(outcome.code, 1, "{file}");
        assert!(outcome.stderr.contains(words), "{file}: {}", outcome.stderr);
        assert!(!workspace.path(&format!("{file}.toml")).exists(), "{file}");
    }
}

#[test]
fn questions_are_of_columns_that_are_there_and_words_stand_as_they_are_found() {
    let workspace = Workspace::new();
    let rows: String = (0..120)
        .map(|i| {
            let race = ["W", "B", "(b)(6)"][i % 3];
            format!(
                "{},{race},Alpha,{}\n",
                iso(i as u32),
                ["true", "false"][i % 2]
            )
        })
        .collect();
    workspace.write(
        "stops.csv",
        &format!("stop_date,race,county,searched\n{rows}"),
    );
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(
        study.contains("`(b)(6)`") && !study.contains("(B)(6)"),
        "{study}"
    );
    assert!(study.contains("white = \"White\""), "{study}");

    let workspace = Workspace::new();
    let rows: String = (0..120)
        .map(|i| {
            format!(
                "{},{},Town,{}\n",
                iso(i as u32),
                ["W", "B"][i % 2],
                ["True", "False"][i % 2]
            )
        })
        .collect();
    let header = "InterventionDate,SubjectRaceCode,DepartmentName,VehicleSearchedIndicator";
    workspace.write("ct.csv", &format!("{header}\n{rows}"));
    let (study, outcome) = runs(&workspace, &["ct.csv"]);
    assert!(study.contains("format = \"connecticut\""), "{study}");
    for absent in ["SearchAuthorizationCode", "timeofday"] {
        assert!(!outcome.stdout.contains(absent), "{}", outcome.stdout);
    }
}
