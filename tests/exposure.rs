//! People times years behind rates per head, worked out by hand.

use crate::harness::{Workspace, objects};

const HEAD: &str =
    "format = 1\ntitle = \"t\"\n[groups]\nreference = \"white\"\ncompare = [\"black\"]\n";

/// Exposure by stratum of the group `black` in the first finding, after a run that must succeed.
fn exposures(workspace: &Workspace) -> Vec<(String, f64)> {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let results: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    objects(&results["findings"][0])
        .into_iter()
        .filter(|row| row["group"] == "black" && row["quoted"] == "yes")
        .map(|row| {
            let keys = ["stratum", "period", "place"];
            let value = |key: &&str| row.get(*key)?.as_str().map(str::to_owned);
            let at: Vec<String> = keys.iter().filter_map(value).collect();
            (
                at.join("|").trim_matches('|').to_owned(),
                row["exposure"].as_f64().unwrap(),
            )
        })
        .collect()
}

fn assert_exposures(workspace: &Workspace, want: &[(&str, f64)]) {
    let got = exposures(workspace);
    assert_eq!(got.len(), want.len(), "{got:?}");
    for ((at, exposure), (wanted_at, wanted)) in got.iter().zip(want) {
        assert_eq!(at, wanted_at, "{got:?}");
        assert!(
            (exposure - wanted).abs() < 1e-6,
            "{at}: {exposure}, not {wanted}"
        );
    }
}

/// Counts by place and year; Beta has no 2012.
fn published(population: &str, columns: &str, by: &str) -> Workspace {
    let workspace = Workspace::new();
    let study = format!(
        "{HEAD}[[counts]]\nname = \"stops\"\nfile = \"stops.csv\"\nkeys = {{ place = \"place\", year = \"year\", group = \"group\" }}\nevents = \"n\"\n[[population]]\nname = \"p\"\nfile = \"people.csv\"\ncolumns = {{ {columns} group = \"group\", population = \"people\" }}\nuniverse = \"u\"\nvintage = \"v\"\n[[rates]]\ncounts = \"stops\"\npopulation = \"p\"\n{by}"
    );
    workspace
        .write("study.toml", &study)
        .write("people.csv", population)
        .write(
            "stops.csv",
            "place,year,group,n\nAlpha,2011,white,90\nAlpha,2011,black,30\nAlpha,2012,white,80\nAlpha,2012,black,40\nBeta,2011,white,50\nBeta,2011,black,20\n",
        );
    workspace
}

#[test]
fn each_place_is_exposed_in_the_years_that_were_published_of_it() {
    let people =
        "place,group,people\nAlpha,white,1000\nAlpha,black,100\nBeta,white,500\nBeta,black,60\n";
    let workspace = published(people, "place = \"place\",", "");
    assert_exposures(&workspace, &[("", 100.0 * 2.0 + 60.0)]);
    let workspace = published(people, "place = \"place\",", "by = [\"place\"]");
    assert_exposures(&workspace, &[("Alpha", 200.0), ("Beta", 60.0)]);
    let workspace = published(people, "place = \"place\",", "by = [\"year\"]");
    assert_exposures(&workspace, &[("year=2011", 160.0), ("year=2012", 100.0)]);
}

#[test]
fn people_of_each_year_count_once() {
    let people = "place,year,group,people\nAlpha,2011,white,1000\nAlpha,2011,black,100\nAlpha,2012,white,1000\nAlpha,2012,black,110\nBeta,2011,white,500\nBeta,2011,black,60\n";
    let columns = "place = \"place\", year = \"year\",";
    assert_exposures(&published(people, columns, ""), &[("", 270.0)]);
    assert_exposures(
        &published(people, columns, "by = [\"place\"]"),
        &[("Alpha", 210.0), ("Beta", 60.0)],
    );
}

/// Rows of three cities; Gamma has one row only, of a white driver in 2021.
fn rows(tables: &str, question: &str) -> Workspace {
    let workspace = Workspace::new();
    let study = format!(
        "{HEAD}codes = {{ W = \"white\", B = \"black\" }}\n{tables}[disclosure]\nmode = \"court\"\n[[population]]\nname = \"p\"\nfile = \"people.csv\"\ncolumns = {{ place = \"city\", group = \"race\", population = \"people\" }}\nuniverse = \"u\"\nvintage = \"v\"\n[[rates]]\ncounts = \"stops\"\npopulation = \"p\"\n{question}"
    );
    workspace
        .write("study.toml", &study)
        .write(
            "people.csv",
            "city,race,people\nAlpha,W,1000\nAlpha,B,100\nBeta,W,500\nBeta,B,50\nGamma,W,200\nGamma,B,20\nDelta,W,9000\nDelta,B,7000\n",
        )
        .write(
            "rows.csv",
            "city,race,day,kind\nAlpha,W,2021-02-01,car\nAlpha,B,2021-03-01,car\nAlpha,B,2022-03-01,foot\nBeta,B,2022-04-01,car\nBeta,W,2022-04-01,foot\nGamma,W,2021-05-01,car\n",
        );
    workspace
}

const STOPS: &str = "[[stops]]\nfiles = [\"rows.csv\"]\nunit = \"driver\"\ncolumns = { date = \"day\", place = \"city\", group = \"race\" }\nkeys = { kind = \"kind\" }\n";
const PERIODS: &str = "[periods]\nearly = { from = 2021-01-01, until = 2022-03-31 }\nlate = { from = 2022-04-01, until = 2022-12-31 }\n";

#[test]
fn of_rows_every_place_of_the_data_is_exposed_all_the_time() {
    let tables = format!("{PERIODS}{STOPS}");
    // Gamma has no row of a black driver and none in 2022, and its people were there.
    assert_exposures(&rows(&tables, ""), &[("", 170.0 * 2.0)]);
    assert_exposures(
        &rows(&tables, "by = [\"period\"]"),
        &[
            ("early", 170.0 * (1.0 + 90.0 / 365.0)),
            ("late", 170.0 * 275.0 / 365.0),
        ],
    );
    assert_exposures(
        &rows(&tables, "by = [\"place\"]"),
        &[("Alpha", 200.0), ("Beta", 100.0), ("Gamma", 40.0)],
    );
}

#[test]
fn a_restriction_to_a_time_restricts_the_people_as_well() {
    let tables = format!("{PERIODS}{STOPS}");
    assert_exposures(&rows(&tables, "only = { year = \"2021\" }"), &[("", 170.0)]);
    assert_exposures(
        &rows(&tables, "only = { period = \"late\" }"),
        &[("", 170.0 * 275.0 / 365.0)],
    );
    assert_exposures(
        &rows(&tables, "by = [\"period\", \"year\"]"),
        &[
            ("year=2021|early", 170.0),
            ("year=2022|early", 170.0 * 90.0 / 365.0),
            ("year=2022|late", 170.0 * 275.0 / 365.0),
        ],
    );
}

#[test]
fn everybody_is_exposed_to_each_kind_of_stop() {
    let tables = format!("{PERIODS}{STOPS}");
    assert_exposures(
        &rows(&tables, "by = [\"kind\"]"),
        &[("kind=car", 340.0), ("kind=foot", 340.0)],
    );
    assert_exposures(&rows(&tables, "only = { kind = \"foot\" }"), &[("", 340.0)]);
}

#[test]
fn rows_without_periods_need_the_years_that_they_cover() {
    let covering = |years: &str| STOPS.replace("unit", &format!("{years}unit"));
    assert_exposures(&rows(&covering("years = 1.5\n"), ""), &[("", 255.0)]);
    assert_exposures(
        &rows(&covering("years = 2\n"), "by = [\"year\"]"),
        &[("year=2021", 170.0), ("year=2022", 170.0)],
    );
    for (years, by) in [("", ""), ("years = 1.5\n", "by = [\"year\"]")] {
        let outcome = rows(&covering(years), by).evenhand(&["run", "study.toml", "--out", "out"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        assert!(
            outcome.stderr.contains("add `years = ...`"),
            "{}",
            outcome.stderr
        );
    }
}

#[test]
fn people_of_a_place_without_rows_are_listed_and_not_counted() {
    let tables = format!("{PERIODS}{STOPS}");
    let workspace = rows(&tables, "");
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    let listed = "1 of 4 places of population p do not stand, or not with every group, in counts stops: Delta";
    assert!(outcome.stdout.contains(listed), "{}", outcome.stdout);
}

#[test]
fn years_and_periods_are_not_said_twice() {
    let tables = format!("{PERIODS}{}", STOPS.replace("unit", "years = 2\nunit"));
    let outcome = rows(&tables, "").evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("take `years` out"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn places_repeat_also_where_it_is_not_known_in_which_years() {
    let workspace = rows(&STOPS.replace("unit", "years = 1.5\nunit"), "");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    let results: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let lines = objects(&results["findings"][0]);
    let black = lines.iter().find(|row| row["group"] == "black").unwrap();
    assert_eq!(black["variance"], "between", "{black}");
}
