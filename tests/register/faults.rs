//! What a register or a status table cannot say, and where the message points.

use std::collections::BTreeMap;

use super::{
    COUNTS, MECKLENBURG, accounts, checked, flat, in_mecklenburg, refused, results, status, with,
};
use crate::harness::objects;

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
