//! Which status a place has in a period.

use std::fs;

use super::{
    COUNTS, HEADER, MECKLENBURG, checked, in_mecklenburg, of, refused, results, status, with,
};
use crate::harness::objects;

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
