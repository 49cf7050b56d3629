//! Faults of the study file: the line, what was found, and what to write instead.

use crate::harness::{Workspace, refused};

/// The small study with one piece replaced is refused, by `run` and by `check` alike, with all of `words`.
fn faulty(from: &'static str, to: &'static str, words: &[&str]) {
    refused(
        |workspace| {
            workspace.change("study.toml", from, to);
            same_from_check(workspace);
        },
        words,
    );
}

/// What the study file alone decides, `check` says as `run` does.
fn same_from_check(workspace: &Workspace) {
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    let check = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!((check.code, check.stderr), (run.code, run.stderr));
}

#[test]
fn a_value_of_another_kind_is_shown_as_it_should_stand() {
    for (from, to, words) in [
        (
            "by = [\"place\"]",
            "by = \"place\"",
            [
                "study.toml:34",
                "found `by = \"place\"`",
                "a list",
                "by = [\"place\"]",
            ],
        ),
        (
            "[[rates]]",
            "[[rates]]\nlevel = 95",
            [
                "study.toml:33",
                "level 95",
                "outside (0, 1)",
                "level = 0.95",
            ],
        ),
        (
            "[[rates]]",
            "[[rates]]\nlevel = \"95 %\"",
            [
                "study.toml:33",
                "found `level = \"95 %\"`",
                "a number",
                "level = 0.95",
            ],
        ),
        (
            "years = 2.0",
            "years = \"2\"",
            [
                "study.toml:20",
                "found `years = \"2\"`",
                "without quotes",
                "years = 2",
            ],
        ),
        (
            "[[rates]]",
            "[disclosure]\nminimum = -3\n[[rates]]",
            [
                "study.toml:33",
                "found `minimum = -3`",
                "a whole number from 0",
                "without sign",
            ],
        ),
        (
            "title =",
            "seed = -1\ntitle =",
            [
                "study.toml:2",
                "found `seed = -1`",
                "a whole number from 0",
                "without sign",
            ],
        ),
        (
            "[[rates]]",
            "[periods]\na = { from = \"2011-01-01\", until = 2011-12-31 }\n[[rates]]",
            [
                "study.toml:33",
                "a date",
                "without quotes",
                "from = 2011-01-01",
            ],
        ),
        (
            "population = \"residents\"",
            "population = 5",
            [
                "study.toml:38",
                "found `population = 5`",
                "a text",
                "population = \"5\"",
            ],
        ),
        (
            "[[rates]]",
            "[rates]",
            [
                "study.toml:32",
                "found `[rates]`",
                "one table of a list",
                "write [[rates]]",
            ],
        ),
        (
            "[groups]",
            "[[groups]]",
            [
                "study.toml:4",
                "found `[[groups]]`",
                "a single table",
                "write [groups]",
            ],
        ),
    ] {
        faulty(from, to, &words);
    }
}

#[test]
fn what_is_no_toml_is_shown_as_it_should_stand() {
    for (from, to, words) in [
        (
            "title = \"A small study\"",
            "title = A small study",
            [
                "study.toml:2",
                "without quotes",
                "title = \"A small study\"",
            ],
        ),
        (
            "title = \"A small study\"",
            "title = “A small study”",
            [
                "study.toml:2",
                "straight quotes",
                "title = \"A small study\"",
            ],
        ),
        (
            "[[rates]]",
            "[[rates]]\nlevel = 95%",
            ["study.toml:33", "found `95%`", "level = 0.95"],
        ),
        (
            "years = 2.0",
            "years = 2,0",
            ["study.toml:20", "unexpected", "a point and no comma"],
        ),
        (
            "[[counts]]\nname = \"searches\"",
            "[counts]\nname = \"searches\"",
            ["study.toml:15", "`counts` stands there twice", "[[counts]]"],
        ),
        (
            "title = ",
            "title ",
            ["study.toml:2", "key with no value", "a line is key = value"],
        ),
    ] {
        faulty(from, to, &words);
    }
}

#[test]
fn a_blank_title() {
    for blank in ["title = \"\"", "title = \" \""] {
        faulty(
            "title = \"A small study\"",
            blank,
            &[
                "study.toml:2",
                "the title is blank",
                "at the head of the report",
            ],
        );
    }
}

#[test]
fn a_table_of_data_is_no_study() {
    let workspace = Workspace::small();
    for text in ["place,group,stops\nA,white,3\n", "place;group\nA;white\n"] {
        workspace.write("data.csv", text);
        for command in ["run", "check"] {
            let outcome = workspace.evenhand(&[command, "data.csv"]);
            assert_eq!(outcome.code, 1, "{}", outcome.stderr);
            for word in ["data.csv:1", "a table of data, not a study", "[[counts]]"] {
                assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
            }
        }
    }
}

#[test]
fn a_misspelt_aim_of_a_code_is_no_group_of_its_own() {
    faulty(
        "compare = [\"black\"]",
        "compare = [\"black\"]\ncodes = { W = \"white\", B = \"blak\" }",
        &[
            "study.toml:7",
            "the code `B` leads to `blak`",
            "did you mean `black`?",
            "`labels`",
        ],
    );
}

#[test]
fn a_group_that_its_label_writes_otherwise() {
    faulty(
        "reference = \"white\"",
        "reference = \"White\"\nlabels = { white = \"White\", black = \"Black\" }",
        &["study.toml:5", "the group `White`", "did you mean `white`?"],
    );
    faulty(
        "reference = \"white\"",
        "reference = \"White\"\ncodes = { W = \"white\" }",
        &["study.toml:6", "leads to `white`", "did you mean `White`?"],
    );
}

#[test]
fn periods_that_overlap_are_both_shown() {
    faulty(
        "[[rates]]",
        "[periods]\nlate = { from = 2012-01-01, until = 2013-12-31 }\nearly = { from = 2011-01-01, until = 2012-06-30 }\n\n[[rates]]",
        &[
            "study.toml:33",
            "`late` begins on 2012-01-01, and `early` ends on 2012-06-30",
            "33 │ late",
            "34 │ early",
            "and here",
        ],
    );
}

/// The study of rows with one piece replaced is refused likewise.
fn faulty_rows(from: &str, to: &str, words: &[&str]) {
    let workspace = Workspace::rows();
    workspace.change("study.toml", from, to);
    same_from_check(&workspace);
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    for word in words {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

#[test]
fn a_file_of_rows_is_read_once() {
    for twice in ["\"rows.csv\", \"rows.csv\"", "\"rows.csv\", \"./rows.csv\""] {
        faulty_rows(
            "[\"rows.csv\"]",
            &format!("[{twice}]"),
            &[
                "study.toml:10",
                "rows.csv` is listed twice",
                "count twice",
                "and here",
            ],
        );
    }
}

#[test]
fn rows_cover_a_number_of_years_above_zero() {
    for bad in ["0", "0.0", "-2.0", "inf", "nan"] {
        faulty_rows(
            "years = 2.0",
            &format!("years = {bad}"),
            &["study.toml:13", "years", "is above 0"],
        );
    }
}
