//! Real public files, read by their formats and counted a second time here by a plain loop. Where the folder of the files is
//! not named by `EVENHAND_TEST_DATA` nothing is read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::formats::{counts, read};

/// The folder of the public files.
#[expect(clippy::print_stdout, reason = "a test that was not made says so")]
fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("EVENHAND_TEST_DATA").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: EVENHAND_TEST_DATA names no folder of public files");
    }
    folder
}

type Row = BTreeMap<String, String>;

/// What a plain loop finds in a packed file: rows of each group, searches of each group, hits of each group.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    rows: BTreeMap<String, u64>,
    searches: BTreeMap<String, u64>,
    hits: BTreeMap<String, u64>,
    left_out: u64,
}

/// What a row is: its group (`None` for a row that is left out), how many stops, whether searched, whether found.
type Judged = (Option<&'static str>, u64, bool, bool);

fn by_loop(file: &Path, judge: impl Fn(&Row) -> Judged) -> Counted {
    let unpacked = MultiGzDecoder::new(std::fs::File::open(file).unwrap());
    let mut reader = csv::Reader::from_reader(unpacked);
    let header: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let mut counted = Counted::default();
    for record in reader.records() {
        let record = record.unwrap();
        let fields = record.iter().map(str::to_owned);
        let row: Row = header.iter().cloned().zip(fields).collect();
        match judge(&row) {
            (None, ..) => counted.left_out += 1,
            (Some(group), weight, searched, hit) => {
                *counted.rows.entry(group.into()).or_default() += weight;
                if searched {
                    *counted.searches.entry(group.into()).or_default() += weight;
                }
                if searched && hit {
                    *counted.hits.entry(group.into()).or_default() += weight;
                }
            }
        }
    }
    counted
}

/// The same by a format.
fn by_format(format: &str, file: &Path, asked: &[&str]) -> Counted {
    let name = file.file_name().unwrap().to_str().unwrap();
    let groups = match format {
        "ice-detainers-pa" => "reference = 'everyone'\ncompare = ['nobody']",
        _ => "reference = 'white'\ncompare = ['black']",
    };
    let study = format!(
        "format = 1\ntitle = 't'\n[groups]\n{groups}\n[[stops]]\nformat = '{format}'\nfiles = ['{name}']\n"
    );
    let asked: Vec<(&str, &[&str])> = asked
        .iter()
        .map(|counts| (*counts, &["group"] as &[&str]))
        .collect();
    let tabulated = read(&study, file.parent().unwrap(), &asked)
        .unwrap_or_else(|error| panic!("{format}: {error}; {:?}", error.hint()));
    let of = |at: usize| -> BTreeMap<String, u64> {
        if at >= asked.len() {
            return BTreeMap::new();
        }
        let counted = counts(&tabulated, at).into_iter();
        counted
            .map(|(group, (events, _))| (group, events))
            .filter(|(_, events)| *events > 0)
            .collect()
    };
    let dropped = tabulated.ledger[0].dropped.iter();
    Counted {
        rows: of(0),
        searches: of(1),
        hits: of(2),
        left_out: dropped.map(|dropped| dropped.rows).sum(),
    }
}

fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

#[test]
fn connecticut_is_read_with_every_spelling() {
    let Some(data) = data() else { return };
    let folder = data.join("stops-connecticut-2013-2018");
    let judge = |row: &Row| -> Judged {
        let group = match (
            row["SubjectEthnicityCode"].as_str(),
            row["SubjectRaceCode"].as_str(),
        ) {
            ("H", _) => "hispanic",
            (_, "W") => "white",
            (_, "B") => "black",
            (_, "A") => "asian_pacific",
            (_, "I") => "native",
            other => panic!("{other:?}"),
        };
        let is = |column: &str| row[column].eq_ignore_ascii_case("true");
        (
            Some(group),
            1,
            is("VehicleSearchedIndicator"),
            is("ContrabandIndicator"),
        )
    };
    // Rows and searches as the files' own description states them.
    for (file, rows, searches) in [
        ("ct_groton_2013_2014.csv.gz", 6_252, 110),
        ("ct_hamden_2013_2014.csv.gz", 5_466, 110),
        ("ct_wethersfield_2018.csv.gz", 3_150, 167),
        ("ct_wethersfield_2019q1.csv.gz", 901, 59),
    ] {
        let path = folder.join(file);
        let expected = by_loop(&path, judge);
        let found = by_format("connecticut", &path, &["stops", "searches", "hits"]);
        assert_eq!(found, expected, "{file}");
        assert_eq!(
            (total(&found.rows), total(&found.searches)),
            (rows, searches),
            "{file}"
        );
    }
    let sample = folder.join("ct_statewide_sample_race_time_latlng.csv.gz");
    let expected = by_loop(&sample, |row| {
        let group = match row["RE"].as_str() {
            "White" => "white",
            "Black" => "black",
            "Hispanic" => "hispanic",
            "Asian" => "asian_pacific",
            "Indian" => "native",
            "Middle_eastern" => "middle_eastern",
            other => panic!("{other}"),
        };
        (Some(group), 1, false, false)
    });
    let found = by_format("connecticut", &sample, &["stops"]);
    assert_eq!(found, expected);
    assert_eq!(total(&found.rows), 28_104);
    // Every way to write a day is read as one of the year that the report covers.
    let study = "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[periods]\nyear = { from = 2013-10-01, until = 2014-09-30 }\n[[stops]]\nformat = 'connecticut'\nfiles = ['ct_statewide_sample_race_time_latlng.csv.gz']\n";
    let tabulated = read(study, &folder, &[("stops", &["period"])]).unwrap();
    assert_eq!(counts(&tabulated, 0)["year"], (28_104, 0));
}

#[test]
fn minneapolis_is_read() {
    let Some(data) = data() else { return };
    let path = data.join("stops-minneapolis-2017/mpls_stops_2017.csv.gz");
    let expected = by_loop(&path, |row| {
        let group = match row["race"].as_str() {
            "White" => "white",
            "Black" | "East African" => "black",
            "Latino" => "hispanic",
            "Asian" => "asian",
            "Native American" => "native",
            "Other" => "other",
            "" | "Unknown" => return (None, 1, false, false),
            other => panic!("{other}"),
        };
        let searched = row["personSearch"] == "YES" || row["vehicleSearch"] == "YES";
        (Some(group), 1, searched, false)
    });
    let found = by_format("minneapolis", &path, &["stops", "searches"]);
    assert_eq!(found, expected);
    assert_eq!(
        found.left_out,
        8_221 + 9_219,
        "blank and Unknown, as the README states them"
    );
    assert_eq!(total(&found.rows) + found.left_out, 51_920);
}

#[test]
fn north_carolina_is_read() {
    let Some(data) = data() else { return };
    let path = data.join("stops-nc-statewide-week-2016/nc_stops_2016_01_01_to_07.csv.gz");
    let expected = by_loop(&path, |row| {
        let group = match (
            row["driver_ethnicity"].as_str(),
            row["driver_race"].as_str(),
        ) {
            ("Hispanic", _) => "hispanic",
            (_, "White") => "white",
            (_, "Black") => "black",
            (_, "Asian") => "asian",
            (_, "Native American") => "native",
            (_, "Other") => "other",
            other => panic!("{other:?}"),
        };
        (Some(group), 1, row["driver_searched"] == "t", false)
    });
    let found = by_format("nc-export", &path, &["stops", "searches"]);
    assert_eq!(found, expected);
    assert_eq!(
        (
            total(&found.rows),
            found.rows["hispanic"],
            total(&found.searches)
        ),
        (31_384, 2_217, 734)
    );
    let path =
        data.join("charlotte-mecklenburg-2002-2024/mecklenburg_sheriff_stops_2002_2022.csv.gz");
    let expected = by_loop(&path, |row| {
        let group = match row["driver_race"].as_str() {
            "White" => "white",
            "Black" => "black",
            "Hispanic" => "hispanic",
            "Asian" => "asian",
            "Native American" => "native",
            "Other" => "other",
            other => panic!("{other}"),
        };
        let searched = !row["search_type"].is_empty();
        let weight = row["count"].parse().unwrap();
        (
            Some(group),
            weight,
            searched,
            row["contraband_found"] == "True",
        )
    });
    let found = by_format("mecklenburg-sheriff", &path, &["stops", "searches", "hits"]);
    assert_eq!(found, expected);
    // The README: about 40,300 stops, 80 of them in 2012 and 8,281 in 2021.
    assert!(
        (40_200..40_400).contains(&total(&found.rows)),
        "{}",
        total(&found.rows)
    );
    let study = "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nformat = 'mecklenburg-sheriff'\nfiles = ['mecklenburg_sheriff_stops_2002_2022.csv.gz']\n";
    let years = read(study, path.parent().unwrap(), &[("stops", &["year"])]).unwrap();
    let years = counts(&years, 0);
    assert_eq!((years["2012"], years["2021"]), ((80, 0), (8_281, 0)));
}

#[test]
fn detainers_of_pennsylvania_are_read() {
    let Some(data) = data() else { return };
    let path = data.join("ice-detention/ice_detainers_pennsylvania_2007_2015.csv.gz");
    let found = by_format("ice-detainers-pa", &path, &["detainers"]);
    assert_eq!(
        found,
        by_loop(&path, |_| (Some("everyone"), 1, false, false))
    );
    assert_eq!(total(&found.rows), 32_757);
}

#[test]
fn the_files_of_the_weather_paper_have_the_groups_of_its_profile() {
    let Some(data) = data() else { return };
    let folder = data.join("stops-weather-paper-2011-2018");
    let mut profile = csv::Reader::from_path(folder.join("file_profile.csv")).unwrap();
    let mut files = 0;
    for record in profile.deserialize() {
        let row: Row = record.unwrap();
        let found = by_format("weather-paper", &folder.join(&row["file"]), &["stops"]);
        for group in ["white", "black", "hispanic"] {
            let stated: u64 = row[group].parse().unwrap();
            let rows = found.rows.get(group).copied().unwrap_or(0);
            assert_eq!(rows, stated, "{} {group}", row["file"]);
        }
        assert_eq!(
            total(&found.rows).to_string(),
            row["rows"],
            "{}",
            row["file"]
        );
        assert_eq!(found.left_out, 0);
        files += 1;
    }
    assert_eq!(files, 58);
}
