//! Bad input: exit 1, nothing written, one clear message that names file, line and key or column, and what to do.

use crate::harness::{Workspace, refused};

fn study(from: &'static str, to: &'static str) -> impl FnOnce(&Workspace) {
    move |workspace| {
        workspace.change("study.toml", from, to);
    }
}

fn searches(from: &'static str, to: &'static str) -> impl FnOnce(&Workspace) {
    move |workspace| {
        workspace.change("searches.csv", from, to);
    }
}

fn people(from: &'static str, to: &'static str) -> impl FnOnce(&Workspace) {
    move |workspace| {
        workspace.change("people.csv", from, to);
    }
}

#[test]
fn the_small_study_runs_as_it_is() {
    let workspace = Workspace::small();
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(workspace.path("out/report.html").exists());
}

#[test]
fn an_unknown_key_is_shown_where_it_stands() {
    refused(
        study("trials = \"stops\"", "trails = \"stops\""),
        &[
            "study.toml:13",
            "unknown key `trails`",
            "did you mean `trials`?",
            "trails = \"stops\"",
        ],
    );
}

#[test]
fn a_misspelt_analysis_gets_the_nearest_one() {
    refused(
        study("[[rates]]", "[[ratse]]"),
        &["unknown key `ratse`", "did you mean `rates`?"],
    );
}

#[test]
fn counts_that_the_study_does_not_have() {
    refused(
        study(
            "[[disparity]]\ncounts = \"searches\"",
            "[[disparity]]\ncounts = \"serches\"",
        ),
        &["no counts `serches`", "did you mean `searches`?"],
    );
}

#[test]
fn a_key_that_was_not_published_is_not_invented() {
    refused(
        study("by = [\"place\"]", "by = [\"officer\"]"),
        &["have no key `officer`", "allowed: "],
    );
}

#[test]
fn a_file_that_is_not_there() {
    refused(
        study("file = \"searches.csv\"", "file = \"searchs.csv\""),
        &["study.toml:10", "there is no file `searchs.csv`"],
    );
}

#[test]
fn a_missing_column_gets_the_nearest_one() {
    refused(
        searches("searches,stops", "search,stops"),
        &[
            "searches.csv:1",
            "column `searches`",
            "did you mean `search`?",
        ],
    );
}

#[test]
fn a_doubled_column() {
    refused(
        |w| {
            w.write(
                "searches.csv",
                "place,program,group,searches,stops,stops\nA,none,white,1,2,3\n",
            );
        },
        &["searches.csv:1", "column `stops`", "twice"],
    );
}

#[test]
fn counts_that_are_none() {
    for bad in ["-40", "40.5", "forty", "", "1e3", "+40"] {
        refused(
            move |w| {
                w.change(
                    "searches.csv",
                    "white,40,1000",
                    &format!("white,{bad},1000"),
                );
            },
            &["searches.csv:2", "column `searches`", "whole number"],
        );
    }
    refused(
        searches("white,40,1000", "white,40,99999999999999999999"),
        &["searches.csv:2", "column `stops`", "largest integer"],
    );
}

#[test]
fn more_events_than_trials() {
    refused(
        searches("white,40,1000", "white,1001,1000"),
        &["searches.csv:2", "found 1001, above the 1000"],
    );
}

#[test]
fn the_same_cell_twice() {
    refused(
        searches("Beta,none,white,30,900", "Alpha,287(g),white,30,900"),
        &["searches.csv:4", "Alpha", "first on line 2"],
    );
}

#[test]
fn populations_that_are_none() {
    for bad in ["", "-20000", "NaN", "inf", "0x4e20", "20 000"] {
        refused(
            move |w| {
                w.change("people.csv", "white,20000,300", &format!("white,{bad},300"));
            },
            &["people.csv:2", "column `people`"],
        );
    }
}

#[test]
fn nobody_where_events_were_counted() {
    refused(
        people("white,20000,300", "white,0,300"),
        &[
            "people.csv:2",
            "column `people`",
            "found 0 people",
            "1000 stops",
        ],
    );
}

#[test]
fn nobody_where_nothing_was_counted_is_undefined_with_a_caution() {
    let workspace = Workspace::small();
    workspace
        .change("stops.csv", "Alpha,black,800", "Alpha,black,0")
        .change("people.csv", "Alpha,black,8000,200", "Alpha,black,0,200");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let table = std::fs::read_to_string(workspace.path("out/tables/disparity-stops.csv")).unwrap();
    let row = table
        .lines()
        .find(|line| line.contains("Alpha") && line.contains("rate_ratio"))
        .unwrap();
    assert!(row.contains("empty_denominator"), "{row}");
    assert!(row.contains("rate_ratio,,"), "the estimate is empty: {row}");
}

#[test]
fn a_negative_margin_of_error_unless_it_is_a_code() {
    refused(
        people("white,20000,300", "white,20000,-300"),
        &["people.csv:2", "column `moe`", "found `-300`"],
    );
    let workspace = Workspace::small();
    workspace.change("people.csv", "white,20000,300", "white,20000,-555555555");
    assert_eq!(
        workspace
            .evenhand(&["run", "study.toml", "--out", "out"])
            .code,
        0
    );
}

#[test]
fn a_level_outside_zero_and_one() {
    for bad in ["0.0", "1.0", "95.0", "-0.5", "nan"] {
        refused(
            move |w| {
                w.change(
                    "study.toml",
                    "[[rates]]",
                    &format!("[[rates]]\nlevel = {bad}"),
                );
            },
            &["is outside (0, 1)", "level = 0.95"],
        );
    }
}

#[test]
fn a_reference_group_that_never_occurs() {
    refused(
        |w| {
            w.change(
                "study.toml",
                "reference = \"white\"\ncompare = [\"black\"]",
                "reference = \"asian\"\ncompare = [\"black\", \"white\"]",
            );
        },
        &[
            "study.toml:5",
            "reference group `asian`",
            "`black`, `white`",
        ],
    );
}

#[test]
fn a_group_that_the_study_does_not_know() {
    refused(
        searches("Alpha,287(g),black", "Alpha,287(g),Black "),
        &[
            "searches.csv:3",
            "column `group`",
            "`Black`",
            "did you mean `black`?",
        ],
    );
}

#[test]
fn a_group_without_any_population() {
    refused(
        |w| {
            w.write(
                "people.csv",
                "place,group,people,moe\nAlpha,white,20000,300\nBeta,white,18000,0\n",
            );
        },
        &["1800 stops of `black` have no population"],
    );
}

const AGREEMENTS: &str = "state,county,level,agency,model,first_signed,ended\nXX,Alpha,county,Sheriff,Jail,2008-03-10,2011-09-30\n";

#[test]
fn an_agreement_that_contradicts_the_programme_key() {
    refused(
        |w| {
            w.write("agreements.csv", AGREEMENTS);
            w.change("study.toml", "[[disparity]]", "[[agreements]]\nfile = \"agreements.csv\"\ncolumns = { state = \"state\", place = \"county\", level = \"level\", agency = \"agency\", model = \"model\", signed = \"first_signed\", ended = \"ended\" }\nin_force = 2012\n\n[[disparity]]");
        },
        &[
            "agreements.csv:2",
            "say program `287(g)` for Alpha",
            "`ended`",
        ],
    );
}

#[test]
fn files_that_are_no_tables() {
    refused(
        |w| {
            w.write("searches.csv", "");
        },
        &["searches.csv", "empty"],
    );
    refused(
        |w| {
            w.write("searches.csv", "place,program,group,searches,stops\n");
        },
        &["searches.csv", "a header and no row"],
    );
    refused(
        |w| {
            w.write_bytes(
                "searches.csv",
                b"place,program,group,searches,stops\nA,none,wei\xdfe,1,2\n",
            );
        },
        &[
            "searches.csv:2",
            "column `group`",
            "UTF-8",
            "byte 35",
            "windows-1252",
        ],
    );
    refused(
        |w| {
            w.write_bytes("searches.csv", b"\xff\xfep\0l\0");
        },
        &["searches.csv:1", "UTF-16"],
    );
    refused(
        |w| {
            w.write_bytes(
                "searches.csv",
                b"place,program,group,searches,stops\nA,no\0ne,white,1,2\n",
            );
        },
        &["searches.csv:2", "NUL"],
    );
    refused(
        searches("white,40,1000", "white,40"),
        &["searches.csv:2", "found 4 fields where the header has 5"],
    );
    let workspace = Workspace::small();
    std::fs::remove_file(workspace.path("searches.csv")).unwrap();
    std::fs::create_dir(workspace.path("searches.csv")).unwrap();
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("folder"), "{}", outcome.stderr);
}

#[test]
fn a_table_with_another_separator_than_the_study_says() {
    for (separator, name) in [(";", "a semicolon"), ("\t", "a tab"), ("|", "a bar")] {
        refused(
            |w| {
                let text = crate::harness::SMALL_SEARCHES.replace(',', separator);
                w.write("searches.csv", &text);
            },
            &[
                "searches.csv:1",
                name,
                "would make 5",
                "layout = { separator = ",
            ],
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_that_breaks_off() {
    refused(
        study("file = \"searches.csv\"", "file = \"/proc/self/mem\""),
        &["/proc/self/mem", "cannot be read to its end", "try again"],
    );
}

#[test]
fn contraband_after_a_search_that_nobody_knows_of_is_no_contradiction() {
    let notes = |workspace: &Workspace| {
        let outcome = workspace.evenhand(&["check", "study.toml", "--json"]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let document: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        document["ledger"][0]["notes"].to_string()
    };
    let workspace = Workspace::rows();
    let unknown = notes(&workspace);
    assert!(unknown.contains("whether there was a search is not known"));
    assert!(!unknown.contains("contraband is recorded"), "{unknown}");
    workspace.change("rows.csv", "B,,yes", "B,no,yes");
    let known = notes(&workspace);
    assert!(
        known.contains("contraband is recorded and no search"),
        "{known}"
    );
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_read() {
    let workspace = Workspace::small();
    let text = format!(
        "\u{feff}{}",
        crate::harness::SMALL_SEARCHES.replace('\n', "\r\n")
    );
    workspace.write("searches.csv", &text);
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let results = std::fs::read_to_string(workspace.path("out/results.json")).unwrap();
    assert!(!results.contains("\\r"));
}

#[test]
fn an_output_folder_that_is_not_ours_is_left_alone() {
    let workspace = Workspace::small();
    workspace.write("out/thesis.txt", "years of work");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("not a bundle of evenhand") && outcome.stderr.contains("--out"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        std::fs::read_to_string(workspace.path("out/thesis.txt")).unwrap(),
        "years of work"
    );
}

#[test]
fn an_output_folder_that_cannot_be_written() {
    let workspace = Workspace::small();
    workspace.write("plain-file", "x");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "plain-file/out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("plain-file"), "{}", outcome.stderr);
}

#[test]
fn a_failed_run_leaves_the_previous_bundle_whole() {
    let workspace = Workspace::small();
    assert_eq!(
        workspace
            .evenhand(&["run", "study.toml", "--out", "out"])
            .code,
        0
    );
    let before = crate::harness::files_below(&workspace.path("out"));
    workspace.change("searches.csv", "white,40,1000", "white,-1,1000");
    assert_eq!(
        workspace
            .evenhand(&["run", "study.toml", "--out", "out"])
            .code,
        1
    );
    assert_eq!(crate::harness::files_below(&workspace.path("out")), before);
    assert_eq!(workspace.evenhand(&["verify", "out"]).code, 0);
}

#[test]
fn a_name_cannot_leave_the_bundle() {
    refused(
        study("[[rates]]", "[[rates]]\nname = \"../../evil\""),
        &["cannot be the name of a file"],
    );
}

#[test]
fn legal_but_extreme_numbers_go_through_with_a_caution() {
    let workspace = Workspace::small();
    workspace
        .change("searches.csv", "white,40,1000", "white,40,1000000000")
        .change("searches.csv", "black,60,800", "black,0,800")
        .change("stops.csv", "black,800", "black,9000000");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let table = std::fs::read_to_string(workspace.path("out/tables/disparity-stops.csv")).unwrap();
    assert!(table.contains("rate_above_one"));
    assert!(!table.contains("NaN"));
}

#[test]
fn an_annual_average_is_no_count_of_several_years_and_no_part_of_anything() {
    for (from, to, words) in [
        (
            "events = \"searches\"\ntrials = \"stops\"",
            "events = \"searches\"\ntrials = \"stops\"\nevents_are = \"annual_average\"",
            "no `trials`",
        ),
        (
            "events = \"stops\"",
            "events = \"stops\"\nevents_are = \"annual_average\"",
            "`years` says nothing",
        ),
    ] {
        refused(
            |w| {
                w.change("study.toml", from, to);
            },
            &[words, "study.toml:"],
        );
    }
}

#[test]
fn a_restriction_to_a_value_that_is_not_there() {
    for (only, words) in [
        ("only = { place = \"Alhpa\" }", "did you mean `Alpha`?"),
        (
            "only = { place = \"Alpha\", program = \"none\" }",
            "`only` leaves nothing of counts `searches`",
        ),
    ] {
        refused(
            |w| {
                w.change(
                    "study.toml",
                    "[[disparity]]\ncounts = \"searches\"",
                    &format!("[[disparity]]\ncounts = \"searches\"\n{only}"),
                );
            },
            &[words, "study.toml:"],
        );
    }
}

#[test]
fn a_restriction_to_some_groups() {
    refused(
        |w| {
            w.change(
                "study.toml",
                "[[disparity]]\ncounts = \"searches\"",
                "[[disparity]]\ncounts = \"searches\"\nonly = { group = \"black\" }",
            );
        },
        &["`only` restricts the group", "study.toml:"],
    );
}

#[test]
fn what_a_run_refuses_a_check_refuses() {
    let workspace = Workspace::small();
    let text = std::fs::read_to_string(workspace.path("people.csv")).unwrap();
    workspace.write("people.csv", &text.replace("18000", "\"18,000\""));
    let [run, check] = [
        workspace.evenhand(&["run", "study.toml", "--out", "out"]),
        workspace.evenhand(&["check", "study.toml"]),
    ];
    assert_eq!((run.code, check.code), (1, 1), "{}", check.stdout);
    assert_eq!(run.stderr, check.stderr);
}

#[test]
fn rules_that_leave_no_row() {
    let workspace = Workspace::rows();
    let filter = "[[stops.filter]]\ndrop = \"not searched\"\nwhere = { searched = { not = \"maybe\" } }\n\n[disclosure]";
    workspace.change("study.toml", "[disclosure]", filter);
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    for word in ["rows.csv", "no row is left of 6", "not searched"] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}

#[test]
fn regressions_that_have_no_answer() {
    for (table, words) in [
        (
            "adjust = [\"place\", \"program\", \"place\"]",
            "the third key to adjust for",
        ),
        ("adjust = [\"plaec\"]", "did you mean `place`?"),
        ("cluster = \"plaec\"", "have no key `plaec`"),
        ("observation = \"row\"", "row"),
    ] {
        refused(
            |w| {
                let text = std::fs::read_to_string(w.path("study.toml")).unwrap();
                let study = format!("{text}\n[[regression]]\ncounts = \"searches\"\n{table}\n");
                w.write("study.toml", &study);
            },
            &["study.toml:", words],
        );
    }
    refused(
        |w| {
            let text = std::fs::read_to_string(w.path("study.toml")).unwrap();
            w.write(
                "study.toml",
                &format!("{text}\n[[regression]]\ncounts = \"stops\"\n"),
            );
        },
        &["a regression needs a population"],
    );
}

#[test]
fn a_regression_on_a_group_that_the_keys_tell_apart() {
    refused(
        |w| {
            let text = std::fs::read_to_string(w.path("study.toml")).unwrap();
            w.write(
                "study.toml",
                &format!("{text}\n[[regression]]\ncounts = \"searches\"\nadjust = [\"place\"]\n"),
            );
            w.write(
                "searches.csv",
                "place,program,group,searches,stops\nAlpha,287(g),black,30,400\nBeta,none,white,30,900\n",
            );
        },
        &["the regression has no answer"],
    );
}
