//! Published counts: sums that no name tells, groups in columns, fractions, and whole numbers with decimals.

use super::left_out::column;
use super::refused::{refuses, said};
use super::runs;
use crate::harness::Workspace;

const BY_COUNTY: &str = "county,race,stops,searches\nAsh,White,1000,55\nAsh,Black,800,60\nBirch,White,900,40\nBirch,Black,700,30\n";

#[test]
fn rows_that_are_the_sum_of_all_others_are_left_out_by_their_numbers() {
    for (file, value, lines) in [
        (
            format!("{BY_COUNTY}North Carolina,White,1900,95\nNorth Carolina,Black,1500,90\n"),
            "`North Carolina` of `county`",
            "6, 7",
        ),
        (
            format!("{BY_COUNTY},White,1900,95\n,Black,1500,90\n"),
            "a blank of `county`",
            "6, 7",
        ),
        (
            "year,race,stops,searches\n2018,White,1000,55\n2018,Black,800,60\n2019,White,900,40\n2019,Black,700,30\n2018-2019,White,1900,95\n2018-2019,Black,1500,90\n".to_owned(),
            "`2018-2019` of `year`",
            "6, 7",
        ),
    ] {
        let workspace = Workspace::new();
        workspace.write("counts.csv", &file);
        let (study, outcome) = runs(&workspace, &["counts.csv"]);
        assert!(study.contains(&format!("sum of other rows: {value}")), "{study}");
        let printed = said(&outcome.stdout);
        assert!(
            printed.contains(&format!("Do the rows with {value} (lines {lines}) add up all other rows?")),
            "{printed}"
        );
        assert_eq!(column(&workspace, "rates-searches", "events"), ["95", "90"]);
        assert_eq!(column(&workspace, "rates-searches", "trials"), ["1900", "1500"]);
    }
}

#[test]
fn rows_that_nearly_add_up_are_counted() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        &format!("{BY_COUNTY}Cedar,White,1900,95\nCedar,Black,1500,91\n"),
    );
    let (study, _) = runs(&workspace, &["counts.csv"]);
    assert!(!study.contains("filter"), "{study}");
    assert_eq!(
        column(&workspace, "rates-searches", "trials"),
        ["3800", "3000"]
    );
}

#[test]
fn columns_of_groups_belong_together() {
    let workspace = Workspace::new();
    let torn = "Town,Asian,Black,hispanic,White.x,stops,average_age,ticket,warning,Other,White.y\nAsh,10,200,150,900,1260,38,700,300,260,55\nBirch,20,300,180,800,1300,36,600,400,300,66\n";
    workspace.write("stops.csv", torn);
    refuses(
        &workspace,
        "stops.csv",
        &["which of `White.x`, `White.y` belongs to `Asian`, `Black`, `hispanic`"],
    );
    let joined = torn.replace("White.x", "White").replace("White.y", "old");
    let workspace = Workspace::new();
    workspace.write("stops.csv", &joined);
    let outcome = workspace.evenhand(&["init", "stops.csv", "-o", "study.toml"]);
    let study = std::fs::read_to_string(workspace.path("study.toml")).unwrap_or_default();
    for absent in ["\"Other\"", "average_age"] {
        assert!(!study.contains(absent), "{study}\n{}", outcome.stderr);
    }
}

#[test]
fn fractions_are_asked_about_and_not_called_stops() {
    let workspace = Workspace::new();
    workspace.write(
        "stop_cause.csv",
        "Year,Purpose,Black,White\n2002,Speed,\"477/10,327\",\"295/6,509\"\n2002,Lights,470/9000,196/4000\n2003,Speed,504/9001,171/4001\n2003,Lights,478/9002,201/5000\n",
    );
    let (study, outcome) = runs(&workspace, &["stop_cause.csv"]);
    assert!(study.contains("name = \"events\""), "{study}");
    assert!(study.contains("trials_are = \"trials\""), "{study}");
    let printed = said(&outcome.stdout);
    assert!(
        printed.contains("What are the two numbers in `Black`, `White`?"),
        "{printed}"
    );
}

#[test]
fn whole_numbers_with_decimals_are_counts() {
    let points = "race,place,n_searches,n_stops\nWhite,Ash,50.0,1000.0\nBlack,Ash,60.0,800.0\nWhite,Birch,40.0,900.0\nBlack,Birch,30.0,700.0\n";
    let commas = points.replace(',', ";").replace('.', ",");
    for text in [points, &commas] {
        let workspace = Workspace::new();
        workspace.write("counts.csv", text);
        runs(&workspace, &["counts.csv"]);
        assert_eq!(
            column(&workspace, "rates-searches", "trials"),
            ["1900", "1500"]
        );
    }
    let workspace = Workspace::new();
    workspace.write("counts.csv", &points.replace("1000.0", "1e3"));
    refuses(&workspace, "counts.csv", &["counts.csv"]);
}

#[test]
fn the_one_place_of_a_baseline_is_asked_about() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &super::stops(",", super::iso, ["W", "B", "H"]));
    workspace.write(
        "people.csv",
        "Geography,race,population\n\"Charlotte, NC\",White,1000\n\"Charlotte, NC\",Black,500\n\"Charlotte, NC\",Hispanic,400\n",
    );
    let (_, outcome) = runs(&workspace, &["stops.csv", "--population", "people.csv"]);
    let printed = said(&outcome.stdout);
    assert!(
        printed.contains("Were all stops made in `Charlotte, NC` (`Geography`)?"),
        "{printed}"
    );
}
