//! The largest real study: rows of 37 agencies beside census margins and agreements, read where the public files are there.

use std::path::PathBuf;

use crate::harness::{Workspace, root};

const FOLDERS: [&str; 3] = [
    "stops-weather-paper-2011-2018",
    "acs2017-county-race-moe",
    "287g-participation",
];

/// The folder of the public files; `None`, said aloud, where it is not given.
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: EVENHAND_TEST_DATA is not set");
    }
    folder
}

/// A workspace with the study and the public folders beside it; `files` in place of all of them.
#[cfg(unix)]
fn workspace(data: &std::path::Path, files: &str) -> Workspace {
    let workspace = Workspace::new();
    for folder in FOLDERS {
        std::os::unix::fs::symlink(data.join(folder), workspace.path(folder)).unwrap();
    }
    let study = root().join("tests/studies_with_data/weather-paper.toml");
    let study = std::fs::read_to_string(study).unwrap();
    workspace.write("study.toml", &study.replace("*.csv.gz", files));
    workspace
}

#[test]
#[cfg(unix)]
fn north_carolina_and_its_agreements_are_counted_as_the_profile_counts() {
    let Some(data) = data() else { return };
    let workspace = workspace(&data, "NC*.csv.gz");
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let profile = data.join(FOLDERS[0]).join("file_profile.csv");
    let mut profile = csv::Reader::from_path(profile).unwrap();
    let mut expected = [0u64; 3];
    for row in profile.records().map(Result::unwrap) {
        if row[0].starts_with("NC") {
            for (sum, column) in expected.iter_mut().zip(5..8) {
                *sum += row[column].parse::<u64>().unwrap();
            }
        }
    }
    let table = workspace.read("out/tables/by-agreement.csv");
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let headers = table.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
    let (group, events) = (at("group"), at("events"));
    let mut found = [0u64; 3];
    for row in table.records().map(Result::unwrap) {
        let of = ["White, non-Hispanic", "Black, non-Hispanic", "Hispanic"];
        if let Some(i) = of.iter().position(|name| row[group] == **name) {
            found[i] += row[events].parse::<u64>().unwrap_or_default();
        }
    }
    assert_eq!(found, expected);
    // Durham's own task force, Wake's jail, Guilford's task force; Forsyth had none.
    let places = workspace.read("out/tables/north-carolina.csv");
    for place_and_status in ["37063,in force", "37183,in force", "37067,none"] {
        let (place, status) = place_and_status.split_once(',').unwrap();
        let has = |row: &&str| row.contains(place) && row.contains(status);
        assert!(places.lines().any(|row| has(&row)), "{place_and_status}");
    }
}
