//! Baselines: sums with their margins, codes of the census, tables of matches, commuters, counts as a benchmark.

mod benchmarks;
mod places;

use evenhand::cells::Groups;
use evenhand::ingest::{
    Baseline, DataRoot, PopulationConfig, ReadPopulation, read_population, shipped_formats,
};
use evenhand::world::World;

use crate::harness::Workspace;

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
