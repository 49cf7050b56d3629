//! The register of agreements: what is read, what of it counts, and the keys of the counts that are made from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::harness::{Outcome, Workspace, objects, public, root, run};

/// Counts of two places and, for one of them, several years.
const COUNTS: &str = "state,place,year,group,searches,stops
NC,Mecklenburg County,2005,white,40,1000
NC,Mecklenburg County,2005,black,60,800
NC,Mecklenburg County,2006,white,41,1000
NC,Mecklenburg County,2006,black,61,800
NC,Mecklenburg County,2007,white,42,1000
NC,Mecklenburg County,2007,black,62,800
NC,Mecklenburg County,2018,white,43,1000
NC,Mecklenburg County,2018,black,63,800
NC,Mecklenburg County,2019,white,44,1000
NC,Mecklenburg County,2019,black,64,800
NC,Durham County,2007,white,45,1000
NC,Durham County,2007,black,65,800
";

/// The template of the method page.
const HEADER: &str =
    "state,place,fips,level,agency,kind,signed,began,ended,evidence_from,evidence_to\n";

const MECKLENBURG: &str = "NC,Mecklenburg County,37119,county,Mecklenburg County Sheriff's Office,jail,2006-02-27,2006-05-01,2018-12-05,,\n";

const STUDY: &str = r#"format = 1
title = "Places with and without an agreement"

[groups]
reference = "white"
compare = ["black"]

[[counts]]
name = "searches"
file = "counts.csv"
keys = { state = "state", place = "place", year = "year", group = "group" }
events = "searches"
trials = "stops"

[[agreements]]
file = "agreements.csv"
format = "agreements"

[[agreements.status]]
key = "program"

[[rates]]
counts = "searches"
by = ["place", "year", "program"]
"#;

/// A study whose register is the template with some agreements.
fn with(agreements: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("counts.csv", COUNTS);
    workspace.write("agreements.csv", &format!("{HEADER}{agreements}"));
    workspace.write("study.toml", STUDY);
    workspace
}

/// Adds lines to the status table of the study.
fn status(workspace: &Workspace, lines: &str) {
    workspace.change(
        "study.toml",
        "key = \"program\"\n",
        &format!("key = \"program\"\n{lines}\n"),
    );
}

fn check(workspace: &Workspace) -> Outcome {
    workspace.evenhand(&["check", "study.toml"])
}

fn checked(workspace: &Workspace) -> String {
    let outcome = check(workspace);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

fn refused(workspace: &Workspace, words: &[&str]) {
    let outcome = check(workspace);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(outcome.stderr.contains("hint: "), "{}", outcome.stderr);
    // Hints are wrapped for reading.
    let said: Vec<&str> = outcome.stderr.split_whitespace().collect();
    let said = said.join(" ");
    for word in words {
        assert!(said.contains(word), "no `{word}` in {said}");
    }
}

fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&outcome.stdout).unwrap()
}

/// The status of a place in a year, by the rows of the first finding.
fn statuses(workspace: &Workspace) -> BTreeMap<(String, String), String> {
    let results = results(workspace);
    let text = |row: &Value, column: &str| row[column].as_str().unwrap_or_default().to_owned();
    objects(&results["findings"][0])
        .iter()
        .map(|row| {
            let year = text(row, "stratum").replace("year=", "");
            ((text(row, "place"), year), text(row, "program"))
        })
        .collect()
}

fn of(workspace: &Workspace, place: &str, year: &str) -> String {
    let found = statuses(workspace);
    found[&(place.to_owned(), year.to_owned())].clone()
}

fn in_mecklenburg(workspace: &Workspace) -> Vec<String> {
    let found = statuses(workspace);
    ["2005", "2006", "2007", "2018", "2019"]
        .map(|year| found[&("Mecklenburg County".to_owned(), year.to_owned())].clone())
        .to_vec()
}

/// A text with one blank between words.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether the account of the register states these numbers of rows.
fn accounts(text: &str, rows_in: &str, kept: &str) -> bool {
    let text = flat(text);
    let own = text
        .split(" agreements rows in ")
        .nth(1)
        .unwrap_or_default();
    let kept_rows = own.split(" kept ").nth(1).unwrap_or_default();
    own.starts_with(&format!("{rows_in} ")) && kept_rows.starts_with(kept)
}

#[test]
fn a_year_that_straddles_a_signing_or_an_end_is_a_transition() {
    let workspace = with(MECKLENBURG);
    let found = in_mecklenburg(&workspace);
    assert_eq!(
        found,
        ["none", "transition", "in force", "transition", "ended"]
    );
    assert_eq!(of(&workspace, "Durham County", "2007"), "none");
    // The rule stands in the account, beside the numbers, under the charts and in the report.
    let rule = "agreements of every kind of 287(g), also where the kind is not recorded, of every level but that of a state, each for the whole place that it names; none is of a state; an agreement begins on the day it was signed; every end is known, or that there is none; places are the same by state and name.";
    assert!(checked(&workspace).contains(rule));
    let results = results(&workspace);
    assert!(
        results["findings"][0]["warnings"]
            .to_string()
            .contains(rule)
    );
    assert!(results["register"].to_string().contains(rule));
    let read = |name: &str| fs::read_to_string(workspace.path(name)).unwrap();
    assert!(
        read("out/report.html")
            .matches("places are the same by state and name")
            .count()
            >= 3
    );
    assert!(
        read("out/figures/rates-searches.svg").contains("is made from the register of agreements")
    );
}

#[test]
fn the_study_says_which_date_counts() {
    let workspace = with(&MECKLENBURG.replace("2006-05-01", "2007-03-01"));
    workspace.change(
        "study.toml",
        "format = \"agreements\"",
        "format = \"agreements\"\ndate = \"began\"",
    );
    let found = in_mecklenburg(&workspace);
    assert_eq!(found, ["none", "none", "transition", "transition", "ended"]);
    assert!(checked(&workspace).contains("begins on the day operations began"));
    let report = fs::read_to_string(workspace.path("out/report.html")).unwrap();
    assert!(report.contains("<th>Signed</th><th>Counts from</th><th>Ended</th>"));
    assert!(report.contains("<td>2006-02-27</td><td>2007-03-01</td><td>2018-12-05</td>"));
    workspace.write(
        "agreements.csv",
        &format!("{HEADER}{}", MECKLENBURG.replace("2006-05-01", "")),
    );
    refused(
        &workspace,
        &["agreements.csv:2: column `began`", "found a blank"],
    );
    workspace.change(
        "study.toml",
        "date = \"began\"",
        "date = \"began\"\nundated = \"not_known\"",
    );
    let found = in_mecklenburg(&workspace);
    assert_eq!(
        found,
        ["not known", "not known", "not known", "not known", "ended"]
    );
    assert!(checked(&workspace).contains("1 agreements kept without a date"));
}

#[test]
fn what_an_unknown_end_means_is_said_or_the_study_stops() {
    let evident = MECKLENBURG.replace("2018-12-05,,", ",2006-01-01,2018-06-30");
    let workspace = with(&evident);
    refused(
        &workspace,
        &[
            "agreements.csv:2",
            "the end of the agreement of Mecklenburg",
            "last evidence 2018-06-30",
            "unknown_end",
        ],
    );
    for (rule, last) in [
        ("in_force", ["in force", "in force"]),
        ("in_force_until_evidence", ["transition", "ended"]),
        ("not_known_after_evidence", ["not known", "not known"]),
    ] {
        let workspace = with(&evident);
        status(&workspace, &format!("unknown_end = \"{rule}\""));
        assert_eq!(in_mecklenburg(&workspace)[3..], last, "{rule}");
        assert_eq!(
            in_mecklenburg(&workspace)[..3],
            ["none", "transition", "in force"],
            "{rule}"
        );
    }
    let workspace = with(&evident.replace("2006-05-01,,", "2006-05-01,open,"));
    assert_eq!(in_mecklenburg(&workspace)[3..], ["in force", "in force"]);
}

#[test]
fn agreements_of_a_place_count_together_and_by_kind_apart() {
    let both = format!(
        "{MECKLENBURG}{}",
        "NC,Mecklenburg County,37119,city,Charlotte Police Department,task_force,2007-01-01,,2018-12-31,,\n"
    );
    let workspace = with(&both);
    let found = in_mecklenburg(&workspace);
    assert_eq!(
        found,
        ["none", "transition", "in force", "in force", "ended"]
    );
    for (lines, expected) in [
        (
            "kinds = [\"jail\"]",
            ["none", "transition", "in force", "transition", "ended"],
        ),
        (
            "kinds = [\"task_force\", \"hybrid\"]",
            ["none", "none", "in force", "in force", "ended"],
        ),
        (
            "levels = [\"county\"]",
            ["none", "transition", "in force", "transition", "ended"],
        ),
    ] {
        let workspace = with(&both);
        status(&workspace, lines);
        assert_eq!(in_mecklenburg(&workspace), expected, "{lines}");
    }
    // Two keys of one register stand beside each other.
    let workspace = with(&both);
    status(
        &workspace,
        "kinds = [\"jail\"]\n[[agreements.status]]\nkey = \"road\"\nkinds = [\"task_force\"]\nwords = { in_force = \"yes\", none = \"no\" }",
    );
    workspace.change(
        "study.toml",
        "\"year\", \"program\"]",
        "\"year\", \"program\", \"road\"]",
    );
    let results = results(&workspace);
    let rows = objects(&results["findings"][0]);
    let in_2018 = rows
        .iter()
        .find(|row| row["stratum"].as_str().unwrap().contains("year=2018"));
    assert_eq!(in_2018.unwrap()["program"], "transition");
    assert!(
        in_2018.unwrap()["stratum"]
            .as_str()
            .unwrap()
            .contains("road=yes")
    );
    // No agreement of that kind is a fault of the question.
    let workspace = with(&both);
    status(&workspace, "kinds = [\"secure_communities\"]");
    refused(&workspace, &["none of 2 agreements counts for `program`"]);
}

#[test]
fn a_kind_that_is_not_recorded_makes_the_status_not_known() {
    let workspace = with(&MECKLENBURG.replace("jail", "not_recorded"));
    assert_eq!(in_mecklenburg(&workspace)[2], "in force");
    status(&workspace, "kinds = [\"jail\"]");
    assert_eq!(
        in_mecklenburg(&workspace),
        ["none", "not known", "not known", "not known", "not known"]
    );
    assert!(checked(&workspace).contains("where the kind is not recorded the status is not known"));
}

#[test]
fn an_agreement_of_a_state_covers_its_places_or_stands_apart() {
    let statewide = "NC,,,state,North Carolina Highway Patrol,task_force,2007-01-01,,2007-12-31,,\nTX,,,state,Texas Rangers,task_force,2000-01-01,,2020-12-31,,\n";
    let both = format!("{MECKLENBURG}{statewide}");
    let workspace = with(&both);
    refused(
        &workspace,
        &[
            "study.toml:20",
            "North Carolina Highway Patrol is of a whole state",
            "statewide = \"covers\"",
        ],
    );
    status(&workspace, "statewide = \"covers\"");
    assert_eq!(of(&workspace, "Durham County", "2007"), "in force");
    let workspace = with(&both);
    status(&workspace, "statewide = \"apart\"");
    assert_eq!(of(&workspace, "Durham County", "2007"), "none");
    assert!(checked(&workspace).contains("an agreement of a state is listed and does not count"));
    // A state's agreement alone fits the places of its state, and no other's.
    let workspace = with("TX,,,state,Texas Rangers,task_force,2000-01-01,,2020-12-31,,\n");
    status(&workspace, "statewide = \"covers\"");
    refused(
        &workspace,
        &["no place of the register stands in the counts"],
    );
}

#[test]
fn places_are_joined_by_state_and_name_or_by_code_and_what_fits_nowhere_is_listed() {
    let elsewhere = "NC,Wake County,37183,county,Wake County Sheriff,jail,2008-06-25,,2018-12-31,,\nAL,Durham County,01999,county,A Sheriff,jail,2000-01-01,,2018-12-31,,\n";
    let workspace = with(&format!(
        "{}{elsewhere}",
        MECKLENBURG
            .replace("Mecklenburg County,", "MECKLENBURG county,")
            .replace("NC,", "North Carolina,")
    ));
    let text = checked(&workspace);
    assert!(text.contains("2 of 3 places of the register do not stand in counts `searches` by this name or code: durham county, AL; wake county, NC"), "{text}");
    assert!(text.contains("1 of 2 places of counts `searches` have no agreement of their own in the register: Durham County"), "{text}");
    assert_eq!(in_mecklenburg(&workspace)[2], "in force");
    assert_eq!(of(&workspace, "Durham County", "2007"), "none");

    // By code, with the zero that a spreadsheet took away; the counts may say the state with the name.
    let workspace = with("AL,,1055,county,Etowah County Sheriff,jail,2007-01-01,,2018-12-31,,\n");
    workspace.write(
        "counts.csv",
        &COUNTS
            .replace("Mecklenburg County", "01055")
            .replace("Durham County", "37063"),
    );
    status(&workspace, "join = \"fips\"");
    assert_eq!(of(&workspace, "01055", "2007"), "in force");
    refused(
        &with(&MECKLENBURG.replace("37119", "371")),
        &["agreements.csv:2: column `fips`", "found `371`"],
    );

    let nothing = with(&MECKLENBURG.replace("Mecklenburg County,", "Mecklenburg,"));
    refused(
        &nothing,
        &[
            "no place of the register stands in the counts",
            "the register has mecklenburg",
            "join them otherwise",
        ],
    );

    // Without any state a name could be that of any.
    let stateless = with(MECKLENBURG);
    stateless.change("study.toml", "state = \"state\", place", "place");
    refused(
        &stateless,
        &[
            "the register tells places apart by state, and of `Durham County` in the counts none is known",
        ],
    );
    status(&stateless, "state = \"NC\"");
    assert_eq!(in_mecklenburg(&stateless)[2], "in force");
    let suffixed = with(MECKLENBURG);
    suffixed.change("study.toml", "state = \"state\", place", "place");
    suffixed.write(
        "counts.csv",
        &COUNTS
            .replace(" County,", " County; NC,")
            .replace(" County; NC,", " County NC,"),
    );
    suffixed.write(
        "counts.csv",
        &COUNTS
            .replace("Mecklenburg County,", "\"Mecklenburg County, NC\",")
            .replace("Durham County,", "\"Durham County, NC\","),
    );
    assert_eq!(of(&suffixed, "Mecklenburg County, NC", "2007"), "in force");
}

#[test]
fn a_day_that_two_layouts_read_differently_is_no_day() {
    let study = |layouts: &str| {
        let workspace = with(MECKLENBURG);
        let rows = workspace
            .read("agreements.csv")
            .replace("2006-02-27", "02/03/2006");
        workspace.write("agreements.csv", &rows);
        workspace.change(
            "study.toml",
            "[[agreements]]",
            &format!("[[agreements]]\ndate_layouts = {layouts}"),
        );
        workspace.evenhand(&["check", "study.toml"])
    };
    let both = study("['%m/%d/%Y', '%d/%m/%Y']");
    assert_eq!(both.code, 1, "{}", both.stdout);
    assert!(
        both.stderr.contains("2006-02-03") && both.stderr.contains("2006-03-02"),
        "{}",
        both.stderr
    );
    let one = study("['%m/%d/%Y', '%m/%d/%y']");
    assert!(!one.stderr.contains("by another"), "{}", one.stderr);
}

#[test]
fn what_stands_there_twice_is_kept_once_and_a_spelling_is_only_suspected() {
    let twice = format!("{MECKLENBURG}{MECKLENBURG}");
    let text = checked(&with(&twice));
    assert!(accounts(&text, "2", "1"), "{text}");
    assert!(text.contains("listed twice exactly"), "{text}");

    let misspelt = MECKLENBURG
        .replace(
            "Mecklenburg County Sheriff's Office",
            "Meklenburg County Sheriffs Office",
        )
        .replace("2006-02-27", "2006-02-25")
        .replace("2018-12-05", "2018-12-31");
    let workspace = with(&format!("{MECKLENBURG}{misspelt}"));
    let text = checked(&workspace);
    assert!(accounts(&text, "2", "2"), "{text}");
    assert!(text.contains("suspected to be one agreement, and kept as two: NC `Mecklenburg County Sheriff's Office` (2006-02-27, line 2) and `Meklenburg County Sheriffs Office` (2006-02-25, line 3), jail enforcement"), "{text}");
    workspace.change(
        "study.toml",
        "format = \"agreements\"",
        "format = \"agreements\"\nsame = [[\"Mecklenburg County Sheriff's Office\", \"Meklenburg County Sheriffs Office\"]]",
    );
    let text = checked(&workspace);
    assert!(accounts(&text, "2", "1"), "{text}");
    assert!(
        flat(&text).contains("dropped: the same agreement, as the study says 1 "),
        "{text}"
    );
    assert!(!text.contains("suspected"), "{text}");
    assert_eq!(in_mecklenburg(&workspace)[3], "in force");
    workspace.change("study.toml", "\"Meklenburg County", "\"Mecklenborg County");
    refused(
        &workspace,
        &[
            "no agreement is of an agency `Mecklenborg",
            "did you mean `Mecklenburg County",
        ],
    );

    // Another county, another kind or a year between them make two agreements of it.
    for other in [
        misspelt.replace("37119", "37121"),
        misspelt.replace("jail", "hybrid"),
        misspelt.replace("2006-02-25", "2007-02-25"),
    ] {
        let text = checked(&with(&format!("{MECKLENBURG}{other}")));
        assert!(!text.contains("suspected"), "{text}");
    }
}

#[test]
fn faults_of_a_register_name_their_line() {
    for (from, to, words) in [
        (
            "jail",
            "Jail Enforcmnt",
            vec![
                "agreements.csv:2: column `kind`",
                "found `Jail Enforcmnt`, which is no kind of agreement",
                "`warrant_service_officer`",
            ],
        ),
        (
            "county,Meck",
            "parish,Meck",
            vec![
                "column `level`",
                "found `parish`, which is no level",
                "levels = {",
            ],
        ),
        (
            "NC,Meck",
            "Nort Carolina,Meck",
            vec![
                "column `state`",
                "found `Nort Carolina`, which is no state",
                "states = {",
            ],
        ),
        (
            "2006-02-27",
            "27/2/2006",
            vec!["column `signed`", "found `27/2/2006`", "YYYY-MM-DD"],
        ),
        (
            "2006-02-27",
            "5025-02-27",
            vec!["column `signed`", "found `5025-02-27`", "dates = {"],
        ),
        (
            "2018-12-05",
            "2005-12-05",
            vec!["column `ended`", "ended before it was signed"],
        ),
        (
            "2018-12-05,,",
            "2018-12-05,2012-01-01,2011-01-01",
            vec!["column `evidence_to`", "the evidence ends before it begins"],
        ),
    ] {
        refused(&with(&MECKLENBURG.replace(from, to)), &words);
    }
}

#[test]
fn faults_of_a_status_table_point_at_it() {
    for (lines, words) in [
        (
            "levels = [\"state\"]",
            vec!["`levels` are those of the agreements of a place"],
        ),
        (
            "words = { ended = \"none\" }",
            vec!["two conditions have the word `none`"],
        ),
        (
            "words = { ended = \" \" }",
            vec!["a condition has a blank for its word"],
        ),
        (
            "kinds = [\"jal\"]",
            vec!["unknown word `jal`", "did you mean `jail`?"],
        ),
        (
            "[[agreements.status]]\nkey = \"program\"",
            vec!["`program` stands twice at one register"],
        ),
    ] {
        let workspace = with(MECKLENBURG);
        status(&workspace, lines);
        refused(&workspace, &words);
    }
    let workspace = with(MECKLENBURG);
    workspace.change("study.toml", "key = \"program\"", "key = \"year\"");
    refused(&workspace, &["`year` is no name of a status key"]);

    let workspace = with(MECKLENBURG);
    workspace.change("study.toml", "year = \"year\", group", "group");
    workspace.change(
        "study.toml",
        "\"place\", \"year\", \"program\"",
        "\"place\"",
    );
    refused(
        &workspace,
        &[
            "no counts have a place and a time, from which `program` could be made",
            "in_force = 2012",
        ],
    );

    let workspace = with(MECKLENBURG);
    workspace.change(
        "study.toml",
        "year = \"year\", group",
        "year = \"year\", program = \"year\", group",
    );
    refused(
        &workspace,
        &["counts `searches` carry a key `program` themselves"],
    );

    // A key that somebody assigned is held against the register, so the year must be said.
    let workspace = with(MECKLENBURG);
    workspace.change(
        "study.toml",
        "[[agreements.status]]\nkey = \"program\"\n",
        "",
    );
    workspace.change(
        "study.toml",
        "year = \"year\", group",
        "program = \"year\", group",
    );
    workspace.change(
        "study.toml",
        "\"place\", \"year\", \"program\"",
        "\"place\"",
    );
    workspace.write(
        "counts.csv",
        "state,place,year,group,searches,stops\nNC,Alpha,x,white,1,10\nNC,Alpha,x,black,1,10\n",
    );
    refused(
        &workspace,
        &["counts `searches` carry a key `program`, and the study does not say to which year"],
    );
}

#[test]
fn a_period_of_the_counts_is_one_of_the_study() {
    let workspace = with(MECKLENBURG);
    workspace.change(
        "study.toml",
        "[[counts]]",
        "[periods]\nbefore = { from = 2002-01-01, until = 2006-02-26 }\nduring = { from = 2006-02-27, until = 2018-12-05 }\nlate = { from = 2018-12-06, until = 2023-12-31 }\n\n[[counts]]",
    );
    // Made from the year: 2006 and 2018 straddle two periods, and the agreement.
    let made = in_mecklenburg(&workspace);
    assert_eq!(
        made,
        ["none", "transition", "in force", "transition", "ended"]
    );
    // A column of its own, without the year.
    workspace.change(
        "study.toml",
        "year = \"year\", group",
        "period = \"year\", group",
    );
    workspace.change("study.toml", "\"place\", \"year\"", "\"place\", \"period\"");
    let counts = COUNTS
        .replace("2005", "before")
        .replace("2006", "transition (2006)")
        .replace("2007", "during")
        .replace("2018", "late")
        .replace(
            "NC,Mecklenburg County,2019,white,44,1000\nNC,Mecklenburg County,2019,black,64,800\n",
            "",
        );
    workspace.write("counts.csv", &counts);
    let results = results(&workspace);
    let found: BTreeMap<String, String> = objects(&results["findings"][0])
        .iter()
        .filter(|row| row["place"] == "Mecklenburg County")
        .map(|row| {
            let text = |column: &str| row[column].as_str().unwrap().to_owned();
            (text("period"), text("program"))
        })
        .collect();
    let expected = [
        ("before", "none"),
        ("during", "in force"),
        ("late", "ended"),
        ("transition (2006)", "transition"),
    ];
    assert_eq!(
        found,
        expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into()
    );
    workspace.write("counts.csv", &counts.replace("late", "later"));
    refused(
        &workspace,
        &["the counts have period `later`, of which it is not known which days it is"],
    );
}

#[test]
fn an_agreement_that_names_no_place_is_said() {
    let workspace = with(&format!(
        "{MECKLENBURG}NC,,,city,A Police Department,jail,2000-01-01,,2018-12-31,,\n"
    ));
    let text = checked(&workspace);
    assert!(
        text.contains(
            "`program`: 1 agreements that count name no place, so that no place is marked by them"
        ),
        "{text}"
    );
}

#[test]
fn a_format_of_the_study_says_what_its_table_does_not() {
    let workspace = with("");
    let format = "name = \"mine\"\ntitle = \"t\"\npublisher = \"p\"\nabout = \"a\"\nsource = \"s\"\nchecked = \"against data\"\ncautions = [\"Copied by hand.\"]\n[agreements]\nkinds = { J = \"jail\" }\nlevel = \"county\"\n[agreements.columns]\nstate = \"s\"\nplace = \"p\"\nagency = \"a\"\nmodel = \"m\"\nsigned = \"from\"\nended = \"to\"\n";
    workspace.write("mine.toml", format);
    workspace.write(
        "agreements.csv",
        "s,p,a,m,from,to,other\nNC,Mecklenburg County,A,J,2006-02-27,2018-12-05,2007-01-01\n",
    );
    workspace.change(
        "study.toml",
        "format = \"agreements\"",
        "format = \"mine.toml\"",
    );
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
    assert!(checked(&workspace).contains("Copied by hand."));
    // The study's own word goes before the format's.
    workspace.change(
        "study.toml",
        "format = \"mine.toml\"",
        "format = \"mine.toml\"\ncolumns = { signed = \"other\" }",
    );
    assert_eq!(in_mecklenburg(&workspace)[1], "none");
    workspace.change("study.toml", "\"mine.toml\"", "\"stanford-v2\"");
    refused(
        &workspace,
        &["the format `stanford-v2` describes no agreements"],
    );
}

#[test]
fn registers_that_name_one_key_make_it_together() {
    let workspace = with(MECKLENBURG);
    workspace.write(
        "more.csv",
        &format!(
            "{HEADER}NC,Durham County,37063,county,Durham County Sheriff,jail,2000-01-01,,,,\n"
        ),
    );
    let more = "[[agreements]]\nfile = \"more.csv\"\nformat = \"agreements\"\n[[agreements.status]]\nkey = \"program\"\nunknown_end = \"in_force\"\n\n[[rates]]";
    workspace.change("study.toml", "[[rates]]", more);
    assert_eq!(of(&workspace, "Durham County", "2007"), "in force");
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
    let text = checked(&workspace);
    assert!(
        text.contains("more.csv: agreements of every kind") && text.contains("went on"),
        "{text}"
    );
    workspace.change(
        "study.toml",
        "unknown_end = \"in_force\"",
        "unknown_end = \"in_force\"\nwords = { in_force = \"yes\" }",
    );
    refused(
        &workspace,
        &["two registers make the key `program` in different ways"],
    );
}

#[test]
fn the_template_of_the_method_page_can_be_read() {
    let page = run(root(), &["explain", "agreements"]);
    assert_eq!(page.code, 0);
    for heading in [
        "Question",
        "Data needed",
        "Estimator",
        "Assumptions",
        "What it cannot show",
        "Edge cases",
        "Sources",
    ] {
        assert!(
            page.stdout.contains(&format!("\n## {heading}\n")),
            "{heading}"
        );
    }
    let template = page
        .stdout
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let workspace = with("");
    workspace.write("agreements.csv", template);
    status(&workspace, "unknown_end = \"in_force_until_evidence\"");
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
    // So can the table of the page, with a register of its own columns.
    let table = page
        .stdout
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let table = table.replace("key         = \"task_force\"", "key = \"program\"");
    let study = STUDY.split("[[agreements]]").next().unwrap().to_owned()
        + &table
        + "\n[[rates]]"
        + STUDY.split("[[rates]]").nth(1).unwrap();
    workspace.write("study.toml", &study);
    workspace.write("agreements.csv", "state,county,level,agency,model,first_signed,ended\nNC,Mecklenburg County,county,Albemarle County Sheriff,Task Force,2006-02-27,2018-12-05\nNC,Mecklenburg County,county,Albermarle County Sheriff,Task Force,2006-02-27,2018-12-05\n");
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
}

/// A list of ICE's in one of its forms, read as of a day, in force until then.
fn ice(list: &str, more: &str) -> Workspace {
    let workspace = with("");
    workspace.write("agreements.csv", list);
    workspace.change(
        "study.toml",
        "format = \"agreements\"",
        &format!("format = \"ice-287g\"\nas_of = 2026-05-18\n{more}"),
    );
    status(
        &workspace,
        "unknown_end = \"in_force_until_evidence\"\nstatewide = \"covers\"",
    );
    workspace
}

#[test]
fn every_spelling_and_header_of_ices_lists_is_read() {
    let current = "STATE,LAW ENFORCEMENT AGENCY,TYPE,COUNTY,SUPPORT TYPE,SIGNED,MOA,ADDENDUM,,
NORTH CAROLINA ,Mecklenburg County Sheriff's Office,County ,Mecklenburg County,Jail Enforcment Model,2/27/06,link,,,
NORTH CAROLINA,A,Municipality ,#N/A,Jail Enforcement Model ,2025-03-01,link pending,,,
NORTH CAROLINA,B,County,Mecklenburg County,Warrant Services Officer,03/01/2025,link,,,
NORTH CAROLINA,C,County,Mecklenburg County,Warrant Service Office,2025-03-01 00:00:00,link,link,,
NORTH CAROLINA,D,County,Mecklenburg County,Warrant Service Officer,3/1/2025,link,,,
UTAHJ,E,State,,Task Force Officer,2025-03-01,link,,,
PENNSLYVANIA,F,State Agency ,,Task Force Model,2025-03-01,link,,,
WEST VIRIGINIA,G,,,Task Force Model,2025-03-01,link,,,
,,,#N/A,,,,,,
 , ,,,,,,,,
";
    let workspace = ice(current, "");
    let text = checked(&workspace);
    assert!(
        accounts(&text, "10", "8") && flat(&text).contains("dropped: blank row 2 "),
        "{text}"
    );
    assert!(
        text.contains("by kind: jail enforcement 2, task force 3, warrant service officer 3"),
        "{text}"
    );
    assert!(
        text.contains("by level: city 1, county 4, level not recorded 1, state 2"),
        "{text}"
    );
    assert!(
        text.contains("2 agreements name none and are not of a state"),
        "{text}"
    );
    assert!(
        text.contains("a history made from one list counts survivors"),
        "{text}"
    );
    assert_eq!(
        in_mecklenburg(&workspace),
        ["none", "transition", "in force", "in force", "in force"]
    );

    let odd = current.replace("Task Force Officer", "Task Force Offcer");
    refused(
        &ice(&odd, ""),
        &[
            "agreements.csv:7: column `SUPPORT TYPE`",
            "found `Task Force Offcer`",
            "did you mean `Task Force Officer`?",
        ],
    );

    // 2021 to 2024, and February 2025: no county, so that nothing can be joined, and the list is read all the same.
    let lists = [
        "STATE,LAW ENFORCEMENT AGENCY,SUPPORT TYPE,SIGNED,MOA\nALABAMA,Etowah County Sheriff's Office,Jail Enforcement Model,2020-06-08,link\n",
        "STATE,LAW ENFORCEMENT AGENCY,TYPE,SUPPORT TYPE,SIGNED,MOA\nALABAMA,Etowah County Sheriff's Office,County,Jail Enforcement Model,6/8/20,link\n",
    ];
    for (list, lacking) in lists.into_iter().zip(["COUNTY, TYPE", "COUNTY"]) {
        let workspace = ice(list, "");
        let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
        let start = study.find("[[agreements.status]]").unwrap();
        let end = study.find("[[rates]]").unwrap();
        workspace.write(
            "study.toml",
            &study
                .replace(&study[start..end], "")
                .replace(", \"program\"", ""),
        );
        let text = checked(&workspace);
        assert!(
            text.contains(&format!("the file has no column {lacking}")),
            "{text}"
        );
        assert!(
            text.contains("2020: 1 began (jail enforcement 1)"),
            "{text}"
        );
    }

    // A list of pending agreements has no date.
    let pending = "STATE,LAW ENFORCEMENT AGENCY,TYPE,COUNTY,SUPPORT TYPE\nNORTH CAROLINA,A,County,Mecklenburg County,Task Force Model\nNORTH CAROLINA,B,County,#N/A,Task Force Model\n,,,#N/A,\n";
    refused(&ice(pending, ""), &["column `SIGNED`", "no such column"]);
    let workspace = ice(pending, "undated = \"not_known\"");
    assert_eq!(in_mecklenburg(&workspace)[4], "not known");
}

/// The stops of two places in two years, one row each, and a small place.
fn rows_of_stops() -> String {
    let mut rows = String::from("day,state,place,race,searched,hand_made\n");
    let mut add =
        |day: &str, place: &str, race: &str, stops: usize, searched: usize, program: &str| {
            for i in 0..stops {
                let word = if i < searched { "yes" } else { "no" };
                rows.push_str(&format!("{day},NC,{place},{race},{word},{program}\n"));
            }
        };
    add("2011-05-01", "Alpha", "white", 120, 30, "none");
    add("2011-05-01", "Alpha", "black", 60, 4, "none");
    add("2012-02-01", "Alpha", "white", 70, 20, "none");
    add("2012-02-01", "Alpha", "black", 30, 12, "none");
    add("2012-03-01", "Alpha", "white", 90, 25, "in force");
    add("2012-03-01", "Alpha", "black", 50, 3, "in force");
    add("2011-06-01", "Beta", "white", 200, 40, "none");
    add("2011-06-01", "Beta", "black", 90, 22, "none");
    add("2012-06-01", "Beta", "white", 210, 41, "none");
    add("2012-06-01", "Beta", "black", 95, 2, "none");
    add("2012-06-01", "Gamma", "white", 14, 6, "in force");
    add("2012-06-01", "Gamma", "black", 3, 1, "in force");
    rows
}

const ROWS_STUDY: &str = r#"format = 1
title = "Rows"

[groups]
reference = "white"
compare = ["black"]

[periods]
before = { from = 2011-01-01, until = 2012-02-29 }
after = { from = 2012-03-01, until = 2012-12-31 }

[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", date = "day", place = "place", searched = "searched" }
keys = { state = "state" }

[[agreements]]
file = "agreements.csv"
format = "agreements"

[[agreements.status]]
key = "program"

[[rates]]
counts = "searches"
by = ["program"]

[[rates]]
counts = "searches"
by = ["place", "program"]

[[disparity]]
counts = "searches"
by = ["program"]
only = { program = ["in force", "none"] }

[[stratified]]
counts = "searches"
strata = "place"
estimand = "ratio_of_ratios"
contrast = { key = "program", treated = "in force", control = "none" }

[[legal]]
counts = "searches"
by = ["place", "year"]
"#;

fn rows_workspace() -> Workspace {
    let workspace = Workspace::new();
    workspace.write("rows.csv", &rows_of_stops());
    let agreements = "NC,Alpha,,county,Alpha Sheriff,jail,2012-03-01,,2030-01-01,,\nNC,Gamma,,county,Gamma Sheriff,jail,2008-03-01,,2030-01-01,,\n";
    workspace.write("agreements.csv", &format!("{HEADER}{agreements}"));
    workspace.write("study.toml", ROWS_STUDY);
    workspace
}

/// The same question of a column that somebody filled in.
fn by_hand(workspace: &Workspace) {
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    let start = study.find("[[agreements]]").unwrap();
    let end = study.find("[[rates]]").unwrap();
    let study = study.replace(&study[start..end], "").replace(
        "keys = { state = \"state\" }",
        "keys = { state = \"state\", program = \"hand_made\" }",
    );
    workspace.write("study.toml", &study);
}

#[test]
fn a_key_that_is_made_protects_the_same_people_as_one_that_was_filled_in() {
    for mode in ["public", "court"] {
        let workspace = rows_workspace();
        workspace.change(
            "study.toml",
            "[periods]",
            &format!("[disclosure]\nmode = \"{mode}\"\n\n[periods]"),
        );
        let made = results(&workspace);
        by_hand(&workspace);
        let filled = results(&workspace);
        let (made, filled) = (
            made["findings"].as_array().unwrap(),
            filled["findings"].as_array().unwrap(),
        );
        assert_eq!(made.len(), 5);
        for (made, filled) in made.iter().zip(filled) {
            assert_eq!(objects(made), objects(filled), "{mode}: {}", made["id"]);
        }
        let withheld = |finding: &Value| finding.to_string().contains("withheld");
        assert_eq!(made.iter().any(withheld), mode == "public");
    }
}

#[test]
fn rows_are_divided_where_a_period_begins_with_the_agreement_and_a_year_is_a_transition() {
    let workspace = rows_workspace();
    workspace.change(
        "study.toml",
        "[periods]",
        "[disclosure]\nmode = \"court\"\n\n[periods]",
    );
    let trials = |results: &Value| -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for row in objects(&results["findings"][0]) {
            if row["estimand"] == "proportion" && row["quoted"] == "yes" {
                let program = row["program"].as_str().unwrap().to_owned();
                *sums.entry(program).or_default() += row["trials"].as_u64().unwrap();
            }
        }
        sums
    };
    let divided = trials(&results(&workspace));
    assert_eq!(
        divided,
        BTreeMap::from([("in force".into(), 157), ("none".into(), 875)])
    );
    // Without periods the year is all that is known of a row.
    let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
    let (start, end) = (
        study.find("[periods]").unwrap(),
        study.find("[[stops]]").unwrap(),
    );
    workspace.write("study.toml", &study.replace(&study[start..end], ""));
    let whole = trials(&results(&workspace));
    assert_eq!(
        whole,
        BTreeMap::from([
            ("in force".into(), 17),
            ("none".into(), 775),
            ("transition".into(), 240)
        ])
    );
}

#[test]
fn people_are_exposed_where_and_when_the_status_held_whether_or_not_anybody_was_stopped() {
    let workspace = Workspace::new();
    // Alpha is in force in 2012 and nobody was stopped there then; Beta never is.
    workspace.write("rows.csv", "day,state,place,race\n2011-05-01,NC,Alpha,white\n2011-05-01,NC,Alpha,black\n2011-05-01,NC,Beta,white\n2012-05-01,NC,Beta,black\n2012-05-01,NC,Gamma,white\n2012-05-01,NC,Gamma,black\n");
    workspace.write("agreements.csv", &format!("{HEADER}NC,Alpha,,county,Alpha Sheriff,jail,2012-01-01,,2030-01-01,,\nNC,Gamma,,county,Gamma Sheriff,jail,2012-01-01,,2030-01-01,,\n"));
    workspace.write("people.csv", "place,group,people\nAlpha,white,1000\nAlpha,black,100\nBeta,white,2000\nBeta,black,200\nGamma,white,4000\nGamma,black,400\n");
    let study = r#"format = 1
title = "Rows"
[groups]
reference = "white"
compare = ["black"]
[disclosure]
mode = "court"
[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { group = "race", date = "day", place = "place" }
keys = { state = "state" }
years = 2.0
[[population]]
name = "residents"
file = "people.csv"
columns = { place = "place", group = "group", population = "people" }
universe = "all"
vintage = "2011"
[[agreements]]
file = "agreements.csv"
format = "agreements"
[[agreements.status]]
key = "program"
[[rates]]
counts = "stops"
population = "residents"
by = ["program"]
[[rates]]
name = "only"
counts = "stops"
population = "residents"
only = { program = "in force" }
"#;
    workspace.write("study.toml", study);
    let results = results(&workspace);
    let exposure = |finding: usize, program: &str, group: &str| {
        let rows = objects(&results["findings"][finding]);
        let row = rows.iter().find(|row| {
            row["group"] == group
                && row["exposure"].is_number()
                && (program.is_empty() || row["program"] == program)
        });
        let row = row.unwrap();
        (
            row["events"].as_u64().unwrap(),
            row["exposure"].as_f64().unwrap(),
        )
    };
    // In force: Alpha and Gamma in 2012. None: all three in 2011, Beta in 2012.
    assert_eq!(exposure(0, "in force", "white"), (1, 5000.0));
    assert_eq!(exposure(0, "in force", "black"), (1, 500.0));
    assert_eq!(exposure(0, "none", "white"), (2, 9000.0));
    assert_eq!(exposure(0, "none", "black"), (2, 900.0));
    assert_eq!(exposure(1, "", "white"), (1, 5000.0));
    // How much of each year the rows cover must be known.
    workspace.change("study.toml", "years = 2.0", "years = 1.5");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    assert!(
        outcome.stderr.contains("how much of each year"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_made_key_is_the_hand_made_one_of_the_counties_study() {
    let folder = root().join("datasets/studies");
    let text = fs::read_to_string(folder.join("287g-counties.toml")).unwrap();
    let data = root().join("datasets/287g-counties");
    let text = text.replace("../287g-counties", data.to_str().unwrap());
    let workspace = Workspace::new();
    workspace.write("study.toml", &text);
    let by_hand = results(&workspace);
    assert!(text.contains("program = \"program\", "));
    let status = "in_force = 2012\n[[agreements.status]]\nkey = \"program\"\nstatewide = \"apart\"\nunknown_end = \"in_force\"\nwords = { in_force = \"287(g)\" }\n# ";
    workspace.write(
        "study.toml",
        &text
            .replace("program = \"program\", ", "")
            .replacen("in_force = 2012", status, 1),
    );
    let made = results(&workspace);
    let (by_hand, made) = (
        by_hand["findings"].as_array().unwrap(),
        made["findings"].as_array().unwrap(),
    );
    assert_eq!(made.len(), by_hand.len());
    for (made, by_hand) in made.iter().zip(by_hand) {
        assert_eq!(objects(made), objects(by_hand), "{}", made["id"]);
    }
}

/// `check` of a register of real data, listed only, or with lines that make a key.
fn real(file: &PathBuf, format: &str, counts: &str, lines: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("counts.csv", counts);
    fs::copy(file, workspace.path("agreements.csv")).unwrap();
    workspace.write(
        "study.toml",
        &STUDY.replace("format = \"agreements\"", &format!("format = \"{format}\"")),
    );
    status(&workspace, lines);
    workspace
}

#[test]
fn the_lists_that_were_seen_have_the_counts_of_their_publishers() {
    let Some(folder) = public("287g-participation") else {
        return;
    };
    let counts = COUNTS.replace("NC,Durham County,2007", "NC,Gaston County,2026");
    let lines = "unknown_end = \"in_force_until_evidence\"\nstatewide = \"apart\"";
    let seen = real(
        &folder.join("ice_agreements_seen_2021-01_2026-05.csv"),
        "ice-287g-seen",
        &counts,
        lines,
    );
    let text = checked(&seen);
    assert!(accounts(&text, "2,201", "2,201"), "{text}");
    assert!(
        text.contains(
            "by kind: jail enforcement 238, task force 1,371, warrant service officer 592"
        )
    );
    assert!(text.contains("6 agreements kept without a date"));
    assert!(text.contains(
        "`Albemarle District Jail` (2020-03-19, line 1121) and `Albermarle District Jail`"
    ));
    let suspected = text.matches("suspected to be one agreement").count();
    assert_eq!(suspected, 193);

    // On the last list: 1,843 = 1,162 task forces + 499 warrant service officers + 182 jails.
    seen.change("study.toml", "format = \"ice-287g-seen\"", "format = \"ice-287g-seen\"\nfilter = [{ drop = \"not on the last list\", where = { last_seen = { not = \"2026-05-18\" } } }]");
    let text = checked(&seen);
    assert!(accounts(&text, "2,201", "1,843"), "{text}");
    assert!(
        text.contains(
            "by kind: jail enforcement 182, task force 1,162, warrant service officer 499"
        ),
        "{text}"
    );

    let lines =
        "unknown_end = \"not_known_after_evidence\"\nstatewide = \"apart\"\njoin = \"fips\"";
    let counts = COUNTS
        .replace("Mecklenburg County", "37119")
        .replace("Durham County", "48121");
    let condensed = real(
        &folder.join("agreements_2002_2017_condensed.csv"),
        "287g-condensed",
        &counts,
        lines,
    );
    let text = checked(&condensed);
    assert!(accounts(&text, "106", "106"), "{text}");
    assert!(text.contains("by kind: hybrid of jail and task force 3, jail enforcement 74, kind not recorded 7, task force 22"), "{text}");
    assert!(
        text.contains("by level: county or city 93, state 13"),
        "{text}"
    );
    // Denton County is covered by Carrollton, the third of its three counties, which signed in August 2008.
    assert_eq!(of(&condensed, "48121", "2007"), "none");
    assert_eq!(of(&condensed, "37119", "2006"), "transition");
    assert_eq!(of(&condensed, "37119", "2007"), "in force");
    assert_eq!(of(&condensed, "37119", "2019"), "not known");

    let tracking = real(
        &folder.join("agencies_2025_with_ori_population_policed.csv"),
        "tracking-287g",
        &COUNTS.replace("Durham County", "Gaston County"),
        "unknown_end = \"in_force_until_evidence\"",
    );
    let text = checked(&tracking);
    assert!(accounts(&text, "759", "759"), "{text}");
    assert!(
        text.contains("by kind: jail enforcement 113, task force 368, warrant service officer 278"),
        "{text}"
    );
}

#[test]
fn the_activations_of_secure_communities_are_months() {
    let Some(folder) = public("secure-communities-activation") else {
        return;
    };
    let counts = COUNTS
        .replace("Mecklenburg County,2005", "37119,2009")
        .replace("Mecklenburg County,2006", "37119,2010")
        .replace("Mecklenburg County", "37119")
        .replace("Durham County,2007", "02013,2007");
    let workspace = real(
        &folder.join("sc_activation_by_county.csv"),
        "secure-communities",
        &counts,
        "join = \"fips\"\nunknown_end = \"in_force\"",
    );
    let text = checked(&workspace);
    assert!(accounts(&text, "3,242", "3,242"), "{text}");
    assert!(
        text.contains("140 agreements kept without a date"),
        "{text}"
    );
    // Mecklenburg in October 2009; the Aleutians East have no date.
    assert_eq!(of(&workspace, "37119", "2009"), "transition");
    assert_eq!(of(&workspace, "37119", "2010"), "in force");
    assert_eq!(of(&workspace, "37119", "2007"), "none");
    assert_eq!(of(&workspace, "02013", "2007"), "not known");
}
