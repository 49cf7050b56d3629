//! `init` and `rates`: what is seen in files that nobody has described, and whether the studies written for them run.

mod first_look;
mod left_out;
mod published;
mod real;
mod refused;

use std::fs;
use std::io::Write as _;

use serde_json::Value;

use crate::harness::{Outcome, Workspace};

/// Rows of stops that repeat often enough to be shown.
fn stops(separator: &str, date: fn(u32) -> String, races: [&str; 3]) -> String {
    let mut text = [
        "stop_date",
        "race",
        "county",
        "searched",
        "contraband_found",
    ]
    .join(separator);
    text.push('\n');
    for i in 0..240_u32 {
        let race = races[(i % 3) as usize];
        let searched = if i % 4 == 0 { "Y" } else { "N" };
        let hit = if i % 8 == 0 { "Y" } else { "N" };
        let county = ["Alpha", "Beta"][(i % 2) as usize];
        let row = [
            date(i),
            race.into(),
            county.into(),
            searched.into(),
            hit.into(),
        ];
        text.push_str(&format!("{}\n", row.join(separator)));
    }
    text
}

fn iso(i: u32) -> String {
    format!("2016-{:02}-{:02}", i % 12 + 1, i % 28 + 1)
}

/// Rows as the city of Minneapolis writes them: 60 each of four words for race.
fn minneapolis() -> String {
    let mut text = String::from(
        "idNum,date,problem,MDC,citationIssued,personSearch,vehicleSearch,preRace,race,gender,lat,long,policePrecinct,neighborhood\n",
    );
    for i in 0..240_u32 {
        let race = ["White", "Black", "East African", "Asian"][(i % 4) as usize];
        let place = ["North", "South"][(i / 4 % 2) as usize];
        let searched = ["YES", "NO"][(i / 8 % 2) as usize];
        text.push_str(&format!(
            "17-{i:06},{} 10:15:00,traffic,MDC,NA,{searched},NO,{race},{race},Male,44.9,-93.2,1,{place}\n",
            iso(i).replace("2016", "2017")
        ));
    }
    text
}

/// Runs `init`, expects a study that runs, and returns what it wrote.
fn runs(workspace: &Workspace, arguments: &[&str]) -> (String, Outcome) {
    let outcome = workspace.evenhand(&[&["init", "-o", "study.toml"], arguments].concat());
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap_or_default();
    assert_eq!(
        outcome.code, 0,
        "{}\n{}\n{study}",
        outcome.stderr, outcome.stdout
    );
    assert!(outcome.stdout.contains("It runs"), "{}", outcome.stdout);
    let run = workspace.evenhand(&["run", "study.toml", "--out", "bundle"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    (study, outcome)
}

/// Every line with a value is followed by a reason or is the same in every study.
fn every_line_has_its_reason(study: &str) {
    let lines: Vec<&str> = study.lines().collect();
    let fixed = ["format", "name", "population", "search_counts"];
    for (i, line) in lines.iter().enumerate() {
        let is_key = line.contains(" = ") && !line.trim_start().starts_with('#');
        let key = line.split(' ').next().unwrap_or_default();
        if is_key && !fixed.contains(&key) {
            let next = lines.get(i + 1).copied().unwrap_or_default();
            assert!(next.starts_with("    # "), "no reason after `{line}`");
        }
    }
}

#[test]
fn plain_rows_make_a_study_with_reasons_and_questions() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    every_line_has_its_reason(&study);
    for line in [
        "reference = \"white\"",
        "compare = [\"black\", \"hispanic\"]",
        "group = \"race\"",
        "date = \"stop_date\"",
        "place = \"county\"",
        "searched = \"searched\"",
        "hit = \"contraband_found\"",
        "mode = \"public\"",
    ] {
        assert!(study.contains(line), "no `{line}` in\n{study}");
    }
    for question in [
        "What is the baseline?",
        "Who is compared with whom?",
        "What is a row",
    ] {
        assert!(
            study.contains(question) && outcome.stdout.contains(question),
            "{question}"
        );
    }
    let again = workspace.evenhand(&["init", "stops.csv", "-o", "study.toml"]);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    assert_eq!(
        fs::read_to_string(workspace.path("study.toml")).unwrap(),
        study
    );
}

#[test]
fn the_name_of_the_study_is_that_of_the_file_and_json_has_the_profile() {
    let workspace = Workspace::new();
    workspace.write("my.stops.csv", &stops(",", iso, ["W", "B", "H"]));
    let outcome = workspace.evenhand(&["init", "my.stops.csv", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(workspace.path("my.toml").exists());
    let document: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(document["runs"], true);
    let columns = document["files"]["main"]["profile"]["columns"]
        .as_array()
        .unwrap();
    let race = columns
        .iter()
        .find(|column| column["name"] == "race")
        .unwrap();
    assert_eq!(race["kind"]["value"]["is"], "race");
    assert_eq!(race["values"][0], serde_json::json!(["B", 80]));
    assert!(document["proposal"]["study"].as_array().unwrap().len() > 10);
}

#[test]
fn day_and_month_that_cannot_be_told_apart_stop_the_study() {
    let workspace = Workspace::new();
    let torn = |i: u32| format!("{:02}/{:02}/2016", i % 12 + 1, (i / 12) % 12 + 1);
    workspace.write("stops.csv", &stops(",", torn, ["W", "B", "H"]));
    let outcome = workspace.evenhand(&["init", "stops.csv", "-o", "study.toml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    assert!(
        study.contains("layout = [\"%m/%d/%Y\", \"%d/%m/%Y\"]"),
        "{study}"
    );
    assert!(study.contains("all 240 values can be read as"), "{study}");
    assert!(
        outcome
            .stderr
            .contains("day and month cannot be told apart"),
        "{}",
        outcome.stderr
    );
    workspace.change("study.toml", "[\"%m/%d/%Y\", \"%d/%m/%Y\"]", "\"%m/%d/%Y\"");
    assert_eq!(workspace.evenhand(&["check", "study.toml"]).code, 0);
}

#[test]
fn one_day_above_twelve_tells_which_comes_first() {
    let workspace = Workspace::new();
    let day_first = |i: u32| format!("{:02}/{:02}/2016", i % 28 + 1, i % 12 + 1);
    workspace.write("stops.csv", &stops(",", day_first, ["W", "B", "H"]));
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("layout = \"%d/%m/%Y\""), "{study}");
    assert!(study.contains("%m/%d/%Y reads only"), "{study}");
}

#[test]
fn other_encodings_are_proposed_and_refused_unsaid() {
    let text = stops(",", iso, ["Señora", "B", "H"]).replace("Alpha", "Doña Ana");
    let windows: Vec<u8> = text
        .replace("Señora", "W")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let workspace = Workspace::new();
    workspace.write_bytes("stops.csv", &windows);
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(
        study.contains("layout = { encoding = \"windows-1252\" }"),
        "{study}"
    );
    assert!(study.contains("not UTF-8 from line 2, byte"), "{study}");
    workspace.change(
        "study.toml",
        "layout = { encoding = \"windows-1252\" }\n",
        "",
    );
    let refused = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("not UTF-8"),
        "{}",
        refused.stderr
    );

    let wide: Vec<u8> = [0xfeff_u16]
        .into_iter()
        .chain(text.replace("Señora", "W").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let workspace = Workspace::new();
    workspace.write_bytes("stops.csv", &wide);
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("encoding = \"utf-16\""), "{study}");
}

#[test]
fn semicolons_and_decimal_commas() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(";", iso, ["W", "B", "H"]));
    workspace.write(
        "people.csv",
        "county;race;population;moe\nAlpha;W;1.500,5;10,5\nAlpha;B;700,5;9,5\nAlpha;H;600,25;9,5\nBeta;W;2.500,5;8,5\nBeta;B;900,0;7,5\nBeta;H;800,0;6,5\n",
    );
    let (study, _) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    assert!(study.contains("layout = { separator = \";\" }"), "{study}");
    assert!(
        study.contains("separator = \";\", decimal = \",\", thousands = \".\""),
        "{study}"
    );
    assert!(study.contains("population = \"residents\""), "{study}");
}

#[test]
fn lines_before_the_header_and_two_rows_of_it() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["W", "B", "H"]);
    workspace.write(
        "stops.csv",
        &format!("Records request 17\nMade for somebody, in May\n\n{text}"),
    );
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("skip_lines = 3"), "{study}");

    let workspace = Workspace::new();
    let labels = "Date of the stop,Race,County,Whether searched,Whether found";
    workspace.write("stops.csv", &format!("{labels}\n{text}"));
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("header_rows = 2"), "{study}");
}

#[test]
fn rows_without_a_header_get_names() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["White", "Black", "Hispanic"]);
    let (_, rows) = text.split_once('\n').unwrap();
    workspace.write("stops.csv", rows);
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("header = [\"column_1\""), "{study}");
    assert!(study.contains("group = \"column_2\""), "{study}");
    assert!(
        outcome.stdout.contains("The file has no header"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn days_of_a_spreadsheet_among_dates() {
    let workspace = Workspace::new();
    let mixed = |i: u32| {
        if i.is_multiple_of(3) {
            format!("{}", 42_370 + i)
        } else {
            iso(i)
        }
    };
    workspace.write("stops.csv", &stops(",", mixed, ["W", "B", "H"]));
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(
        study.contains("layout = [\"%Y-%m-%d\", \"excel\"]"),
        "{study}"
    );
    assert!(
        study.contains("80 of 240 values are days of a spreadsheet"),
        "{study}"
    );
}

#[test]
fn several_files_are_one_or_an_error_that_names_the_difference() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["W", "B", "H"]);
    workspace.write("a.csv", &text).write("b.csv", &text);
    let (study, outcome) = runs(&workspace, &["a.csv", "b.csv"]);
    assert!(study.contains("files = [\"a.csv\", \"b.csv\"]"), "{study}");
    assert!(outcome.stdout.contains("kept 480"), "{}", outcome.stdout);
    workspace.write("c.csv", &text.replacen("county", "town", 1));
    let refused = workspace.evenhand(&["init", "a.csv", "c.csv", "-o", "other.toml"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains(
            "c.csv: its header is not that of a.csv: only here `town`; only there `county`"
        ),
        "{}",
        refused.stderr
    );
    assert!(!workspace.path("other.toml").exists());
}

#[test]
fn packed_files_are_looked_into() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["W", "B", "H"]);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["readme.pdf", "stops.csv"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    workspace.write_bytes("stops.zip", zip.finish().unwrap().get_ref());
    let (study, _) = runs(&workspace, &["stops.zip"]);
    assert!(study.contains("files = [\"stops.zip\"]"), "{study}");
}

#[test]
fn without_searches_and_people_the_shares_are_left() {
    let workspace = Workspace::new();
    let text: String = stops(",", iso, ["W", "B", "H"])
        .lines()
        .map(|line| {
            format!(
                "{}\n",
                line.split(',').take(3).collect::<Vec<_>>().join(",")
            )
        })
        .collect();
    workspace.write("stops.csv", &text);
    let (study, _) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("out_of = \"groups\""), "{study}");
    let table = fs::read_to_string(workspace.path("bundle/tables/rates-stops.csv")).unwrap();
    assert!(table.contains("share"), "{table}");
}

#[test]
fn shares_are_asked_of_what_is_no_part_of_anything() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    runs(&workspace, &["stops.csv"]);
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    for (table, words) in [
        (
            "counts = \"searches\"\nout_of = \"groups\"",
            "are out of stops already",
        ),
        ("counts = \"stops\"\nout_of = \"everybody\"", "groups"),
        ("counts = \"stops\"", "needs a population"),
    ] {
        workspace.write(
            "odd.toml",
            &format!("{study}\n[[rates]]\nname = \"odd\"\n{table}\n"),
        );
        let outcome = workspace.evenhand(&["check", "odd.toml"]);
        assert_eq!(outcome.code, 1, "{table}");
        assert!(outcome.stderr.contains(words), "{}", outcome.stderr);
    }
}

#[test]
fn a_share_that_would_give_a_small_count_back_is_withheld() {
    let workspace = Workspace::new();
    let rows = |race: &str, times: usize| format!("{race}\n").repeat(times);
    workspace.write(
        "stops.csv",
        &format!("race\n{}{}{}", rows("W", 150), rows("B", 5), rows("H", 90)),
    );
    let (_, _) = runs(&workspace, &["stops.csv"]);
    let table = fs::read_to_string(workspace.path("bundle/tables/rates-stops.csv")).unwrap();
    // 5 of 245 and 90 of 245 are withheld: with 150 of 245 either gives the other back.
    for hidden in ["0.0204", "0.367"] {
        assert!(!table.contains(hidden), "{table}");
    }
    assert!(table.contains("0.612"), "{table}");
}

#[test]
fn blanks_and_odd_words_are_left_out_and_counted() {
    let workspace = Workspace::new();
    let mut text = stops(",", iso, ["W", "B", "H"]);
    text.push_str(
        "2016-05-05,,Alpha,N,N\n2016-05-05,Unknown,Alpha,N,N\n2016-05-05,Martian,Beta,N,N\n",
    );
    workspace.write("stops.csv", &text);
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("unknown = \"missing\""), "{study}");
    assert!(
        study.contains("3 of 243 rows name no group (1 blank, 1 `Martian`, 1 `Unknown`)"),
        "{study}"
    );
    assert!(
        outcome
            .stdout
            .contains("To which group belong `Martian` (1 rows)?"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn who_somebody_is_stays_out_of_everything() {
    let workspace = Workspace::new();
    let text: String = stops(",", iso, ["W", "B", "H"])
        .lines()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("{line},driver_last_name,plate,officer_id\n"),
            i => format!("{line},Secretname{i},PLATE{i},badge{}\n", i % 9),
        })
        .collect();
    workspace.write("stops.csv", &text);
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("officer = \"officer_id\""), "{study}");
    let json = workspace.evenhand(&["init", "stops.csv", "--json", "-o", "again.toml"]);
    for text in [&study, &outcome.stdout, &json.stdout] {
        for secret in ["Secretname", "PLATE", "badge1"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn published_counts_make_a_study() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "county,race,stops,searches,hits\nAlpha,White,1000,40,10\nAlpha,Black,800,60,12\nAlpha,Latino,500,35,8\nBeta,White,900,30,9\nBeta,Black,1000,50,10\nBeta,Latino,400,20,4\n",
    );
    let (study, _) = runs(&workspace, &["counts.csv"]);
    assert!(
        study.contains("events = \"searches\"") && study.contains("trials = \"stops\""),
        "{study}"
    );
    assert!(study.contains("[[outcome_test]]"), "{study}");
}

#[test]
fn counts_and_people_with_a_column_for_each_group() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "county,stops_white,stops_black,searches_white,searches_black\nAlpha,1000,800,40,60\nBeta,900,1000,30,50\n",
    );
    let (study, _) = runs(&workspace, &["counts.csv"]);
    assert!(
        study.contains("white = { events = \"searches_white\", trials = \"stops_white\" }"),
        "{study}"
    );
    assert!(study.contains("trials_are = \"stops\""), "{study}");

    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    workspace.write(
        "people.csv",
        "county,total_pop,white,black,hispanic\nAlpha,1000,0.5,0.25,0.2\nBeta,2000,0.6,0.2,0.15\n",
    );
    let (study, _) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    assert!(
        study.contains("white = { share = \"white\", of = \"total_pop\" }"),
        "{study}"
    );
}

#[test]
fn a_format_is_found_by_its_header() {
    let workspace = Workspace::new();
    let mut text = String::from(
        "raw_row_number,date,time,county_name,subject_age,subject_race,search_conducted,contraband_found\n",
    );
    for i in 0..120_u32 {
        let race = ["white", "black", "hispanic", "unknown"][(i % 4) as usize];
        let hit = if i % 5 == 0 { "TRUE" } else { "NA" };
        let searched = if i % 5 == 0 { "TRUE" } else { "FALSE" };
        text.push_str(&format!(
            "{i},{},10:15:00,Alpha County,30,{race},{searched},{hit}\n",
            iso(i)
        ));
    }
    workspace.write("st_city.csv", &text);
    let (study, outcome) = runs(&workspace, &["st_city.csv"]);
    assert!(study.contains("format = \"stanford-v2\""), "{study}");
    assert!(
        study.contains("its header has raw_row_number, date"),
        "{study}"
    );
    assert!(
        outcome.stdout.contains("Is a row a stop, or a citation"),
        "{}",
        outcome.stdout
    );
    assert!(study.contains("unknown = \"missing\""), "{study}");
}

#[test]
fn tables_of_results_and_people_alone_make_no_study() {
    let workspace = Workspace::new();
    workspace.write("rates.csv", "state,driver_race,search_rate\nAZ,White,0.05\nAZ,Black,0.07\nCO,White,0.01\nCO,Black,0.02\n");
    let outcome = workspace.evenhand(&["init", "rates.csv"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("computed already"),
        "{}",
        outcome.stderr
    );
    workspace.write(
        "people.csv",
        "county,race,population\nAlpha,White,1000\nAlpha,Black,500\n",
    );
    let outcome = workspace.evenhand(&["init", "people.csv"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("no file holds rows of stops"),
        "{}",
        outcome.stderr
    );
    assert!(!workspace.path("people.toml").exists());
}

#[test]
fn files_of_several_kinds_are_sorted_by_what_they_are() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    workspace.write("people.csv", "county,race,population\nAlpha,White,1000\nAlpha,Black,500\nAlpha,Hispanic,400\nBeta,White,900\nBeta,Black,600\nBeta,Hispanic,300\n");
    workspace.write(
        "agreements.csv",
        "state,county,level,agency,model,signed\nNC,Alpha,county,Alpha County Sheriff,Jail Enforcement Model,2012-02-01\n",
    );
    let outcome = workspace.evenhand(&[
        "init",
        "people.csv",
        "agreements.csv",
        "stops.csv",
        "-o",
        "study.toml",
    ]);
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    for line in [
        "files = [\"stops.csv\"]",
        "file = \"people.csv\"",
        "file = \"agreements.csv\"",
        "population = \"residents\"",
    ] {
        assert!(
            study.contains(line),
            "no `{line}` in {study}\n{}",
            outcome.stderr
        );
    }
}
