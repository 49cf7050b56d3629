//! Baselines: sums with their margins, codes of the census, tables of matches, commuters, counts as a benchmark.

use evenhand::cells::Groups;
use evenhand::ingest::{
    Baseline, DataRoot, PopulationConfig, ReadPopulation, read_population, shipped_formats,
};
use evenhand::world::World;
use serde_json::Value;

use crate::adjusted::{results, row};
use crate::harness::{Workspace, public};

pub(crate) const GROUPS: &str =
    "reference = 'white'\ncompare = ['black', 'hispanic', 'asian_pacific']\nunknown = 'missing'\n";

pub(crate) fn groups(text: &str) -> Groups {
    toml::from_str(text).unwrap()
}

pub(crate) fn world() -> World {
    World::new(None, None)
}

pub(crate) fn config(text: &str, format: Option<&str>) -> PopulationConfig {
    let words = "universe = 'people'\nvintage = 'v'\nname = 'b'\n";
    let own: PopulationConfig = toml::from_str(&format!("{words}{text}")).unwrap();
    match format {
        None => own,
        Some(name) => {
            let formats = shipped_formats().unwrap();
            let format = formats.iter().find(|format| format.name == name).unwrap();
            own.with_format(format.population.as_ref().unwrap())
        }
    }
}

pub(crate) fn read(
    workspace: &Workspace,
    text: &str,
    format: Option<&str>,
) -> Result<ReadPopulation, evenhand::error::Error> {
    let root = DataRoot::BesideStudy(workspace.path(""));
    read_population(&world(), &root, &config(text, format), &groups(GROUPS))
}

/// A baseline of one file.
pub(crate) fn baseline(file: &str, text: &str, format: Option<&str>) -> Baseline {
    let workspace = Workspace::new();
    workspace.write("p.csv", file);
    read(&workspace, &format!("file = 'p.csv'\n{text}"), format)
        .unwrap()
        .baseline
}

/// People and margin of a cell, by its values in the order of the names of its keys.
pub(crate) fn cell(baseline: &Baseline, key: &[&str]) -> (f64, Option<f64>) {
    let key: Vec<String> = key.iter().map(|&value| value.to_owned()).collect();
    let people = baseline.people(&key).unwrap().unwrap();
    (people.population(), people.margin().map(f64::from))
}

fn fault(baseline: &Baseline, key: &[&str]) -> String {
    let key: Vec<String> = key.iter().map(|&value| value.to_owned()).collect();
    let error = baseline.people(&key).unwrap_err();
    format!("{error} {}", error.hint().unwrap())
}

pub(crate) fn near(got: (f64, Option<f64>), want: (f64, f64)) {
    let margin = got.1.unwrap();
    assert!(
        (got.0 - want.0).abs() <= 1e-9 * want.0.abs() && (margin - want.1).abs() <= 1e-9 * want.1,
        "{got:?} is not {want:?}"
    );
}

// Sums.

#[test]
fn a_group_of_several_columns_has_the_root_of_the_squares() {
    let text = "columns = { place = 'p' }\nwide = { asian_pacific = { population = ['a', 'b', 'c', 'd'], moe90 = ['am', 'bm', 'cm', 'dm'] }, white = 'w' }";
    let file = "p,a,am,b,bm,c,cm,d,dm,w\nx,10,3,20,4,0,,7,-555555555,90\ny,0,3,0,4,0,2,7,3,80\nz,4055,1035,18,4,0,0,0,0,70\n";
    let baseline = baseline(file, text, None);
    // A blank margin is missing, so the sum has none; the estimate stands.
    assert_eq!(cell(&baseline, &["asian_pacific", "x"]), (37.0, None));
    // Estimates of 0 count once, with the largest of their margins: sqrt(4^2 + 3^2).
    near(cell(&baseline, &["asian_pacific", "y"]), (7.0, 5.0));
    // A reference of R: two parts of a simulated sum.
    near(
        cell(&baseline, &["asian_pacific", "z"]),
        (4073.0, 1_035.007_729_439_74),
    );
}

#[test]
fn nine_parts_agree_with_the_reference() {
    let est = [24, 81, 1690, 18, 7830, 12, 299, 271, 15];
    let moe = [19, 20, 813, 4, 3411, 8, 249, 142, 4];
    let rows: String = (0..9)
        .map(|i| format!("x,black,{i},{},{}\n", est[i], moe[i]))
        .collect();
    let baseline = baseline(
        &format!("p,g,age,n,m\n{rows}"),
        "columns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }\nsum_over = ['age']",
        None,
    );
    near(
        cell(&baseline, &["black", "x"]),
        (10_240.0, 3_518.367_803_399_75),
    );
}

#[test]
fn the_order_of_the_rows_moves_no_digit() {
    let rows = [
        "x,black,1,0.1,0.3",
        "x,black,2,0.7,1.1",
        "x,black,3,1e9,0.7",
        "x,black,4,33.3,",
        "x,black,5,0.2,0",
        "x,black,6,1234567.89,17.3",
    ];
    let of = |rows: &[&str]| {
        let text = rows.join("\n").replace("1e9", "1000000000.1");
        baseline(
            &format!("p,g,age,n,m\n{text}\n"),
            "columns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }\nsum_over = ['age']\nblank_moe = 'controlled'",
            None,
        )
    };
    let key = ["black", "x"];
    let forward = cell(&of(&rows), &key);
    let mut turned = rows;
    for _ in 0..rows.len() {
        turned.rotate_left(1);
        assert_eq!(cell(&of(&turned), &key), forward);
    }
    turned.reverse();
    assert_eq!(cell(&of(&turned), &key), forward);
}

#[test]
fn a_part_of_an_age_band_has_a_part_of_its_margin() {
    let baseline = baseline(
        "p,young,ym,old,om\nx,300,9,1000,8\n",
        "columns = { place = 'p' }\nwide = { black = { population = [{ column = 'young', times = '2/3' }, 'old'], moe90 = ['ym', 'om'] } }",
        None,
    );
    near(cell(&baseline, &["black", "x"]), (1200.0, 10.0));
}

#[test]
fn a_share_of_a_total_has_the_margin_of_a_product() {
    let text = "columns = { place = 'p' }\nwide = { black = { percent = 's', of = 'n', moe90 = 'sm', of_moe90 = 'nm' }, white = { share = 'w', of = 'n' } }";
    let baseline = baseline(
        "p,n,nm,s,sm,w\nx,1000,40,25,3,0.5\ny,1000,40,125,3,1.5\n",
        text,
        None,
    );
    // sqrt((0.25 * 40)^2 + (1000 * 0.03)^2)
    near(cell(&baseline, &["black", "x"]), (250.0, 1000_f64.sqrt()));
    assert_eq!(cell(&baseline, &["white", "x"]), (500.0, None));
    assert!(fault(&baseline, &["black", "y"]).contains("found `125`"));
    assert!(fault(&baseline, &["white", "y"]).contains("column `w`"));
}

#[test]
fn groups_that_codes_put_together_are_added_up_and_none_may_be_lacking() {
    let text = "columns = { place = 'p', group = { column = 'g', codes = { A = 'asian_pacific', P = 'asian_pacific', T = '' } }, population = 'n', moe90 = 'm' }";
    let file = "p,g,n,m\nx,A,30,3\nx,P,40,4\nx,T,900,\ny,A,30,3\nx,white,500,6\n";
    let workspace = Workspace::new();
    workspace.write("p.csv", file);
    let read = read(&workspace, &format!("file = 'p.csv'\n{text}"), None).unwrap();
    near(cell(&read.baseline, &["asian_pacific", "x"]), (70.0, 5.0));
    let lacking = fault(&read.baseline, &["asian_pacific", "y"]);
    assert!(lacking.contains("no row of `P`"), "{lacking}");
    let dropped: Vec<(&str, u64)> = read
        .ledger
        .dropped
        .iter()
        .map(|d| (d.rule.as_str(), d.rows))
        .collect();
    assert_eq!(
        dropped,
        [
            ("left out by `codes`", 1),
            ("group that the study does not know", 0)
        ]
    );
    assert_eq!((read.ledger.rows_in, read.ledger.rows_kept), (5, 4));
}

// Codes.

#[test]
fn codes_of_the_census_are_never_numbers() {
    let text = "columns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }";
    let codes = [
        "-222222222",
        "-333333333",
        "-666666666",
        "-888888888",
        "-999999999",
        "**",
        "***",
        "-",
        "(X)",
        "N",
        "null",
        "",
    ];
    let rows: String = codes
        .iter()
        .enumerate()
        .map(|(i, code)| format!("m{i},black,50,{code}\nn{i},black,{code},5\n"))
        .collect();
    let baseline = baseline(
        &format!("p,g,n,m\n{rows}c,black,50,*****\nd,black,50,-555555555\n"),
        text,
        None,
    );
    for i in 0..codes.len() {
        assert_eq!(cell(&baseline, &["black", &format!("m{i}")]), (50.0, None));
        let lost = fault(&baseline, &["black", &format!("n{i}")]);
        assert!(lost.contains("column `n`"), "{lost}");
    }
    assert!(
        fault(&baseline, &["black", "n2"]).contains("too few sample observations for an estimate")
    );
    assert_eq!(cell(&baseline, &["black", "c"]), (50.0, Some(0.0)));
    assert_eq!(cell(&baseline, &["black", "d"]), (50.0, Some(0.0)));
}

#[test]
fn a_table_says_too_much_or_too_little_and_is_refused() {
    for (text, words) in [
        ("file = 'p.csv'", "names no column for `group`"),
        (
            "file = 'p.csv'\nwide = { black = 'n' }\ncolumns = { group = 'g' }",
            "`columns` names `group`",
        ),
        (
            "columns = { group = 'g', population = 'n' }",
            "names no file",
        ),
        (
            "file = 'p.csv'\nfiles = ['q.csv']\ncolumns = { group = 'g', population = 'n' }",
            "`file` and `files`",
        ),
        (
            "files = ['q.csv', 'q.csv']\ncolumns = { group = 'g', population = 'n' }",
            "listed twice",
        ),
        (
            "file = 'p.csv'\ncolumns = { group = 'g', population = ['n', 'o'] }",
            "is one column",
        ),
        (
            "file = 'p.csv'\ncolumns = { group = 'g', population = 'n' }\nplace_match = 'm.csv'",
            "no column of places",
        ),
        (
            "file = 'p.csv'\ncolumns = { group = 'g', population = 'n' }\nvintage_file = '2020'",
            "no codes are known for the edition",
        ),
        (
            "file = 'p.csv'\ncolumns = { group = 'g', population = 'n' }\nat = { year = '2020' }",
            "`at` speaks of `year`",
        ),
        ("counts = 'stops'", "by which keys"),
        (
            "counts = 'stops'\nfile = 'p.csv'\ncolumns = { group = 'group' }",
            "describe a file",
        ),
    ] {
        let error = config(text, None).check().unwrap_err();
        assert!(error.to_string().contains(words), "{text}: {error}");
    }
    let without: PopulationConfig = toml::from_str("name = 'b'\nfile = 'p.csv'").unwrap();
    assert!(
        without
            .check()
            .unwrap_err()
            .to_string()
            .contains("universe")
    );
}

#[test]
fn a_county_code_gets_its_zero_back_where_the_study_says_how_long_it_is() {
    let text =
        |place: &str| format!("columns = {{ place = {place}, group = 'g', population = 'n' }}");
    let of = |file: &str, place: &str| baseline(file, &text(place), None);
    let digits = of(
        "p,g,n\n1001,black,5\n37119,black,6\n",
        "{ column = 'p', digits = 5 }",
    );
    assert_eq!(cell(&digits, &["black", "01001"]), (5.0, None));
    let joined = of(
        "s,c,g,n\n1,1,black,5\n",
        "{ columns = ['s', 'c'], digits = [2, 3] }",
    );
    assert_eq!(cell(&joined, &["black", "01001"]), (5.0, None));
    let plain = of("s,c,g,n\n37,119,black,5\n", "['s', 'c']");
    assert_eq!(cell(&plain, &["black", "37119"]), (5.0, None));
    let after = of(
        "p,g,n\n0500000US37119,black,5\n",
        "{ column = 'p', after = 'US' }",
    );
    assert_eq!(cell(&after, &["black", "37119"]), (5.0, None));
    let workspace = Workspace::new();
    workspace.write("p.csv", "p,g,n\n371190,black,5\n");
    for (place, words) in [
        ("{ column = 'p', digits = 5 }", "no code of 5 digits"),
        ("{ column = 'p', after = 'US' }", "without `US`"),
    ] {
        let error = read(
            &workspace,
            &format!("file = 'p.csv'\n{}", text(place)),
            None,
        )
        .unwrap_err();
        assert!(
            error.to_string().contains(words) && error.to_string().contains("p.csv:2"),
            "{error}"
        );
    }
}

#[test]
fn several_files_are_one_population_and_nobody_counts_twice() {
    let workspace = Workspace::new();
    workspace
        .write("w.csv", "p,w\nx,1\ny,2\n")
        .write("b.csv", "p,b1,b2\nx,3,4\ny,5,6\n")
        .write("more.csv", "p,w\nx,9\n")
        .write("other.csv", "p,w\nz,9\n")
        .write("half.csv", "p,b1\nx,3\n");
    let text = |files: &str| {
        format!(
            "files = [{files}]\ncolumns = {{ place = 'p' }}\nwide = {{ white = 'w', black = ['b1', 'b2'] }}"
        )
    };
    let both = read(&workspace, &text("'w.csv', 'b.csv'"), None).unwrap();
    assert_eq!(cell(&both.baseline, &["black", "y"]), (11.0, None));
    assert_eq!((both.inputs.len(), both.ledger.rows_in), (2, 4));
    for (files, words) in [
        ("'w.csv', 'b.csv', 'more.csv'", "first in w.csv on line 2"),
        ("'w.csv', 'other.csv'", "the columns of `black`"),
        ("'w.csv', 'half.csv'", "column `b2`"),
    ] {
        let error = read(&workspace, &text(files), None).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}

// Matches.

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

#[test]
fn people_on_the_road_are_residents_less_who_leaves_and_who_comes() {
    let workspace = Workspace::new();
    workspace
        .write("p.csv", "p,g,n,m\nA,black,1000,12\nB,black,400,5\nC,black,50,5\nD,black,70,1\n")
        .write(
            "flows.csv",
            "home,work,g,n,m\nA,A,black,300,9\nA,B,black,100,4\nA,Elsewhere,black,50,3\nB,A,black,200,84\nC,A,black,60,2\nA,B,green,9,1\n",
        );
    let text = "file = 'p.csv'\ncolumns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }\ncommuting = { file = 'flows.csv', home = 'home', work = 'work', group = 'g', workers = 'n', moe90 = 'm' }";
    let read = read(&workspace, text, None).unwrap();
    let people = &read.baseline;
    // 1000 - 100 - 50 + 200 + 60; margins 12, 4, 3, 84, 2. Who works at home moves nothing.
    near(cell(people, &["black", "A"]), (1110.0, 7229_f64.sqrt()));
    near(cell(people, &["black", "B"]), (300.0, 7097_f64.sqrt()));
    assert!(fault(people, &["black", "C"]).contains("more people commute out"));
    // D stands in no flow: residents alone are another kind of number.
    assert!(
        people
            .people(&["black".into(), "D".into()])
            .unwrap()
            .is_none()
    );
    let notes = read.ledger.notes.join("; ");
    assert!(
        notes.contains("have no population: D") && notes.contains("does not know: 1"),
        "{notes}"
    );
    workspace.write(
        "flows.csv",
        "home,work,g,n,m\nA,B,black,100,4\nA,B,black,100,4\n",
    );
    let twice = crate::baselines::read(&workspace, text, None).unwrap_err();
    assert!(twice.to_string().contains("flows.csv:3"), "{twice}");
}

#[test]
fn counts_as_a_benchmark_carry_the_error_of_a_count() {
    let workspace = Workspace::new();
    workspace
        .write("now.csv", "g,n\nwhite,400\nblack,300\n")
        .write("before.csv", "g,place,n\nwhite,a,300\nwhite,b,200\nblack,a,150\nblack,b,50\n")
        .write(
            "study.toml",
            "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[counts]]\nname = 'now'\nfile = 'now.csv'\nkeys = { group = 'g' }\nevents = 'n'\nyears = 1.0\n[[counts]]\nname = 'before'\nfile = 'before.csv'\nkeys = { group = 'g', place = 'place' }\nevents = 'n'\nyears = 1.0\n[[population]]\nname = 'earlier'\ncounts = 'before'\ncolumns = { group = 'group' }\nuniverse = 'stops of the year before'\nvintage = '2019'\n[[disparity]]\ncounts = 'now'\npopulation = 'earlier'\n",
        );
    let ratio = row(&results(&workspace), "rate_ratio", "yes");
    // (300/200) / (400/500); the variance of its logarithm is the sum of the reciprocals of all four counts.
    let estimate = 300.0 / 200.0 / (400.0 / 500.0);
    let error = (1.0_f64 / 300.0 + 1.0 / 200.0 + 1.0 / 400.0 + 1.0 / 500.0).sqrt();
    let close = |name: &str, want: f64| {
        let got = ratio[name].as_f64().unwrap();
        assert!(
            (got / want - 1.0).abs() < 1e-9,
            "{name}: {got}, not {want}: {ratio}"
        );
    };
    close("estimate", estimate);
    close(
        "conf_low",
        estimate * (-1.959_963_984_540_054 * error).exp(),
    );
    close(
        "conf_high",
        estimate * (1.959_963_984_540_054 * error).exp(),
    );
    workspace.change(
        "study.toml",
        "counts = 'now'\npop",
        "counts = 'before'\npop",
    );
    let own = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        own.code == 1 && own.stderr.contains("are their own benchmark"),
        "{}",
        own.stderr
    );
    workspace.change(
        "study.toml",
        "counts = 'before'\npop",
        "counts = 'now'\npop",
    );
    let plan = std::fs::read_to_string(workspace.path("study.toml")).unwrap();
    workspace.write(
        "study.toml",
        &format!("{plan}[disclosure]\npublished = 'withhold'\n"),
    );
    let withheld = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        withheld.code == 1 && withheld.stderr.contains("counts as a benchmark"),
        "{}",
        withheld.stderr
    );
    workspace.write("study.toml", &plan);
    workspace.change("study.toml", "counts = 'before'", "counts = 'befor'");
    let wrong = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        wrong.stderr.contains("did you mean `before`?"),
        "{}",
        wrong.stderr
    );
}
