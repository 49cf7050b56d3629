//! What `init` does not take in silence: dates of two kinds, rows that cannot be read, odd values, studies that do not run.

use super::{iso, runs, stops};
use crate::harness::Workspace;

/// Expects that `init` says these words and leaves nothing behind.
pub(super) fn refuses(workspace: &Workspace, file: &str, words: &[&str]) {
    let outcome = workspace.evenhand(&["init", file, "-o", "study.toml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    for words in words {
        assert!(
            outcome.stderr.contains(words),
            "{words}: {}",
            outcome.stderr
        );
    }
    assert!(!workspace.path("study.toml").exists());
}

/// What `init` prints, on one line.
pub(super) fn said(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn dates_in_two_orders_make_no_study() {
    let workspace = Workspace::new();
    let date = |i: u32| match i % 4 {
        0 => format!("{:02}/{:02}/2016", i % 28 + 1, i % 12 + 1),
        _ => format!("{:02}/{:02}/2016", i % 12 + 1, i % 28 + 1),
    };
    workspace.write("stops.csv", &stops(",", date, ["W", "B", "H"]));
    refuses(
        &workspace,
        "stops.csv",
        &[
            "the dates of `stop_date` are written in two orders",
            "(the first: `02/14/2016` on line 15)",
            "(the first: `13/01/2016` on line 14)",
        ],
    );
}

#[test]
fn few_rows_that_cannot_be_read_are_asked_about_and_many_are_refused() {
    let text = stops(",", iso, ["W", "B", "H"]);
    let workspace = Workspace::new();
    workspace.write("stops.csv", &format!("{text}sometime,W,Beta,N,N\n"));
    let (study, outcome) = runs(&workspace, &["stops.csv"]);
    assert!(study.contains("tolerated_unreadable"), "{study}");
    let printed = said(&outcome.stdout);
    assert!(
        printed.contains("(1 of 241 rows: 1 whose `stop_date` is no date between 1900 and 2100, the first `sometime` on line 242)"),
        "{printed}"
    );
    assert!(printed.contains("rows in 241, kept 240"), "{printed}");
    assert!(!printed.contains("withheld)"), "{printed}");

    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        &format!("{text}sometime,W,Beta,N,N\nnever,B,Beta,N,N\n"),
    );
    refuses(
        &workspace,
        "stops.csv",
        &["2 of 242 rows cannot be read", "`sometime` on line 242"],
    );
}

#[test]
fn a_first_row_with_an_impossible_date_is_no_second_header() {
    for date in ["0000-00-00", "9999-12-31", "2190-10-09"] {
        let workspace = Workspace::new();
        let text = stops(",", iso, ["W", "B", "H"]);
        let (header, rows) = text.split_once('\n').unwrap();
        workspace.write(
            "stops.csv",
            &format!("{header}\n{date},B,Alpha,N,N\n{rows}"),
        );
        let (study, outcome) = runs(&workspace, &["stops.csv"]);
        assert!(!study.contains("header_rows"), "{study}");
        let printed = said(&outcome.stdout);
        assert!(printed.contains("rows in 241"), "{printed}");
        assert!(
            printed.contains(&format!("the first `{date}` on line 2")),
            "{printed}"
        );
    }
}

#[test]
fn one_odd_answer_is_named_with_its_line() {
    let workspace = Workspace::new();
    let text = stops(",", iso, ["W", "B", "H"]);
    workspace.write("stops.csv", &format!("{text}2016-12-31,W,Beta,7,N\n"));
    let (_, outcome) = runs(&workspace, &["stops.csv"]);
    let printed = said(&outcome.stdout);
    assert!(
        printed.contains("What does `7` on line 242 (1 row) mean in `searched`?"),
        "{printed}"
    );
}

#[test]
fn what_does_not_run_is_not_written() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", &stops(",", iso, ["W", "W", "W"]));
    refuses(&workspace, "stops.csv", &["`white` is the only group"]);
    let twice = stops(",", iso, ["W", "B", "H"]).replace("county", "race");
    workspace.write("stops.csv", &twice);
    refuses(
        &workspace,
        "stops.csv",
        &["the header has this column twice"],
    );
}
