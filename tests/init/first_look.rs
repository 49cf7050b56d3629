//! `rates`: a first look without a study.

use super::{iso, minneapolis, stops};
use crate::harness::Workspace;

#[test]
fn a_first_look_prints_a_table_and_writes_its_study() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    let outcome = workspace.evenhand(&["rates", "stops.csv", "--group", "race", "--by", "county"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    for piece in ["Alpha", "Beta", "White", "stops-rates.toml"] {
        assert!(
            outcome.stdout.contains(piece),
            "no `{piece}` in {}",
            outcome.stdout
        );
    }
    assert_eq!(
        workspace
            .evenhand(&["run", "stops-rates.toml", "--out", "b"])
            .code,
        0
    );
    let again = workspace.evenhand(&["rates", "stops.csv", "--group", "race"]);
    assert!(
        again.code == 1 && again.stderr.contains("is there already"),
        "{}",
        again.stderr
    );
    let wrong = workspace.evenhand(&["rates", "stops.csv", "--group", "rase", "-o", "x.toml"]);
    assert!(
        wrong.code == 1 && wrong.stderr.contains("did you mean `race`?"),
        "{}",
        wrong.stderr
    );
    assert!(!workspace.path("x.toml").exists());
}

#[test]
fn a_first_look_at_counts_and_at_a_baseline() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "county,race,n,of\nAlpha,W,40,1000\nAlpha,B,60,800\nBeta,W,30,900\nBeta,B,50,1000\n",
    );
    let outcome = workspace.evenhand(&[
        "rates",
        "counts.csv",
        "--group",
        "race",
        "--events",
        "n",
        "--trials",
        "of",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("3.68 %"), "{}", outcome.stdout);
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    workspace.write("people.csv", "county,grp,people\nAlpha,White,1000\nAlpha,Black,500\nAlpha,Hispanic,400\nBeta,White,900\nBeta,Black,600\nBeta,Hispanic,300\n");
    let outcome = workspace.evenhand(&[
        "rates",
        "stops.csv",
        "--group",
        "race",
        "--population",
        "people.csv",
        "--population-column",
        "people",
        "--population-group",
        "grp",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("1,000 people"),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_first_look_reads_a_known_format_as_init_does() {
    let workspace = Workspace::new();
    workspace.write("mpls.csv", &minneapolis());
    let outcome = workspace.evenhand(&["rates", "mpls.csv", "--group", "race"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let study = workspace.read("mpls-rates.toml");
    assert!(study.contains("format = \"minneapolis\""), "{study}");
    // 60 people called Black and 60 called East African are one group to the format.
    assert!(outcome.stdout.contains(" / 120"), "{}", outcome.stdout);
    assert!(
        !outcome.stdout.contains("East African"),
        "{}",
        outcome.stdout
    );
    let before = [
        "rates",
        "mpls.csv",
        "--group",
        "preRace",
        "-o",
        "before.toml",
    ];
    let outcome = workspace.evenhand(&before);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let study = workspace.read("before.toml");
    assert!(
        study.contains("column = \"preRace\"") && study.contains("\"East African\" = \"black\""),
        "{study}"
    );
}

#[test]
fn a_reference_that_is_no_group_is_a_fault_of_the_argument() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "B", "H"]));
    let rates = |reference: &str| {
        let out = format!("{reference}.toml");
        workspace.evenhand(&[
            "rates",
            "stops.csv",
            "--group",
            "race",
            "--reference",
            reference,
            "-o",
            &out,
        ])
    };
    let wrong = rates("X");
    assert_eq!(wrong.code, 1);
    assert!(
        wrong
            .stderr
            .contains("--reference X: the files have no such group")
            && !wrong.stderr.contains("X.toml"),
        "{}",
        wrong.stderr
    );
    for spelled in ["black", "Black", "B"] {
        assert_eq!(rates(spelled).code, 0, "{spelled}");
        let study = workspace.read(&format!("{spelled}.toml"));
        assert!(study.contains("reference = \"black\""), "{study}");
    }
}

#[test]
fn events_are_called_as_their_column_and_people_that_are_of_no_use_are_refused() {
    let workspace = Workspace::new();
    workspace.write(
        "counts.csv",
        "county,race,frisks,stops\nAlpha,W,40,1000\nAlpha,B,60,800\n",
    );
    workspace.write(
        "people.csv",
        "county,race,population\nAlpha,White,1000\nAlpha,Black,500\n",
    );
    let asked = [
        "rates",
        "counts.csv",
        "--group",
        "race",
        "--events",
        "frisks",
        "--trials",
        "stops",
    ];
    let outcome = workspace.evenhand(&asked);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("Rate of frisks out of stops"),
        "{}",
        outcome.stdout
    );
    let with_people = [&asked[..], &["--population", "people.csv", "-o", "x.toml"]].concat();
    let refused = workspace.evenhand(&with_people);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("--population cannot be used")
            && refused.stderr.contains("out of `stops` already"),
        "{}",
        refused.stderr
    );
    assert!(!workspace.path("x.toml").exists());
}
