//! `init` on real files: rows are counted as their publishers, or a count of our own, count them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::harness::{Workspace, public};

/// Runs `init` on a real file under a court's disclosure, and returns the events of each group's share or rate.
fn totals(file: &Path) -> BTreeMap<String, u64> {
    let workspace = Workspace::new();
    let outcome = workspace.evenhand(&["init", file.to_str().unwrap(), "-o", "study.toml"]);
    assert_eq!(
        outcome.code,
        0,
        "{}: {}\n{}",
        file.display(),
        outcome.stderr,
        outcome.stdout
    );
    workspace.change("study.toml", "mode = \"public\"", "mode = \"court\"");
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    let rows_are = study
        .lines()
        .find_map(|line| line.strip_prefix("rows_are = "))
        .unwrap_or("\"stops\"")
        .to_owned();
    workspace.write(
        "study.toml",
        &format!("{study}\n[[rates]]\nname = \"all\"\ncounts = {rows_are}\nout_of = \"groups\"\n"),
    );
    let run = workspace.evenhand(&["run", "study.toml", "--out", "b", "--only", "all", "--json"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mut reader = csv::Reader::from_path(workspace.path("b/tables/all.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (group, events) = (at("group"), at("events"));
    reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[group].to_owned(), row[events].parse().unwrap()))
        .collect()
}

fn unpacked(file: &Path) -> csv::Reader<flate2::read::MultiGzDecoder<fs::File>> {
    csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(flate2::read::MultiGzDecoder::new(
            fs::File::open(file).unwrap(),
        ))
}

/// Counts rows by what a function makes of them; nothing of ours is used.
fn counted(
    file: &Path,
    group: impl Fn(&dyn Fn(&str) -> String) -> Option<&'static str>,
) -> BTreeMap<String, u64> {
    let mut reader = unpacked(file);
    let headers = reader.headers().unwrap().clone();
    let mut counts = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let field = |name: &str| {
            row[headers.iter().position(|header| header == name).unwrap()]
                .trim()
                .to_owned()
        };
        if let Some(group) = group(&field) {
            *counts.entry(group.to_owned()).or_default() += 1;
        }
    }
    counts
}

#[test]
fn real_rows_of_five_files_are_counted_as_their_profile_counts_them() {
    let Some(folder) = public("stops-weather-paper-2011-2018") else {
        return;
    };
    let mut files: Vec<(String, PathBuf)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".csv.gz"))
        .map(|path| {
            let mut bytes = Vec::new();
            fs::File::open(&path)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            (evenhand::ingest::sha256(&bytes), path)
        })
        .collect();
    files.sort();
    let mut profile = csv::Reader::from_path(folder.join("file_profile.csv")).unwrap();
    let headers = profile.headers().unwrap().clone();
    let published: Vec<csv::StringRecord> = profile.records().map(|row| row.unwrap()).collect();
    for (_, path) in files.iter().take(5) {
        let name = path.file_name().unwrap().to_string_lossy();
        let row = published.iter().find(|row| row[0] == *name).unwrap();
        let number = |column: &str| -> u64 {
            row[headers.iter().position(|header| header == column).unwrap()]
                .parse()
                .unwrap()
        };
        let found = totals(path);
        for (label, column) in [
            ("White", "white"),
            ("Black", "black"),
            ("Hispanic", "hispanic"),
        ] {
            let of = |start: &str| {
                found
                    .iter()
                    .find(|(group, _)| group.starts_with(start))
                    .map_or(0, |(_, rows)| *rows)
            };
            assert_eq!(of(label), number(column), "{label} in {name}");
        }
    }
}

#[test]
fn real_rows_of_other_publishers_are_counted_as_they_are() {
    let Some(folder) = public("") else { return };
    let compare = |file: &str, expected: BTreeMap<String, u64>| {
        let found = totals(&folder.join(file));
        for (group, rows) in &found {
            assert_eq!(
                expected.get(group),
                Some(rows),
                "{group} in {file}: {expected:?}"
            );
        }
        assert!(found.len() >= 3, "{found:?}");
    };
    let connecticut = "stops-connecticut-2013-2018/ct_groton_2013_2014.csv.gz";
    compare(
        connecticut,
        counted(&folder.join(connecticut), |field| {
            match (
                field("SubjectEthnicityCode").as_str(),
                field("SubjectRaceCode").as_str(),
            ) {
                ("H", _) => Some("Hispanic"),
                (_, "W") => Some("White, non-Hispanic"),
                (_, "B") => Some("Black"),
                (_, "A") => Some("Asian or Pacific Islander"),
                _ => None,
            }
        }),
    );
    let sample = "stops-connecticut-2013-2018/ct_statewide_sample_race_time_latlng.csv.gz";
    compare(
        sample,
        counted(&folder.join(sample), |field| match field("RE").as_str() {
            "White" => Some("White, non-Hispanic"),
            "Black" => Some("Black"),
            "Hispanic" => Some("Hispanic"),
            "Asian" => Some("Asian or Pacific Islander"),
            _ => None,
        }),
    );
    let minneapolis = "stops-minneapolis-2017/mpls_stops_2017.csv.gz";
    compare(
        minneapolis,
        counted(&folder.join(minneapolis), |field| {
            match field("race").as_str() {
                "White" => Some("White"),
                "Black" | "East African" => Some("Black"),
                "Latino" => Some("Latino"),
                "Asian" => Some("Asian"),
                "Native American" => Some("Native American"),
                "Other" => Some("Other"),
                _ => None,
            }
        }),
    );
    let carolina = "stops-nc-statewide-week-2016/nc_stops_2016_01_01_to_07.csv.gz";
    compare(
        carolina,
        counted(&folder.join(carolina), |field| {
            match (
                field("driver_ethnicity").as_str(),
                field("driver_race").as_str(),
            ) {
                ("Hispanic", _) => Some("Hispanic"),
                (_, "White") => Some("White, non-Hispanic"),
                (_, "Black") => Some("Black"),
                (_, "Asian") => Some("Asian"),
                (_, "Native American") => Some("Native American"),
                (_, "Other") => Some("Other or unknown"),
                _ => None,
            }
        }),
    );
}

#[test]
fn a_file_without_groups_is_known_and_said_to_compare_nobody() {
    let Some(folder) = public("ice-detention") else {
        return;
    };
    let workspace = Workspace::new();
    let file = folder.join("ice_detainers_pennsylvania_2007_2015.csv.gz");
    let outcome = workspace.evenhand(&["init", &file.to_string_lossy(), "-o", "study.toml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("no column tells groups apart"),
        "{}",
        outcome.stderr
    );
    assert!(!workspace.path("study.toml").exists());
}
