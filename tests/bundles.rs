//! The output folder: what is the user's stays, and a bundle of another format is not judged.

use std::fs;

use crate::harness::{Workspace, files_below};

/// A workspace with the bundle of the small study in `out`.
fn with_bundle() -> Workspace {
    let workspace = Workspace::small();
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    workspace
}

#[test]
fn files_of_the_user_in_a_bundle_are_not_lost() {
    let workspace = with_bundle();
    workspace
        .write("out/notes.txt", "years of work")
        .write("out/figures/mine/sketch.svg", "<svg/>");
    let before = files_below(&workspace.path("out"));
    for arguments in [
        vec!["run", "study.toml", "--out", "out"],
        vec!["run", "study.toml", "--out", "out", "--only", "rates"],
    ] {
        let outcome = workspace.evenhand(&arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (1, ""));
        for word in [
            "figures/mine/sketch.svg, notes.txt",
            "did not put there",
            "hint: ",
            "--out",
        ] {
            assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        }
    }
    assert_eq!(files_below(&workspace.path("out")), before);
    assert_eq!(
        fs::read_to_string(workspace.path("out/notes.txt")).unwrap(),
        "years of work"
    );
}

#[test]
fn a_bundle_is_replaced_whole_and_nothing_is_left_beside_it() {
    let workspace = with_bundle();
    workspace.change("study.toml", "[[rates]]", "[[rates]]\nname = \"other\"");
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(workspace.path("out/tables/other.csv").exists());
    assert!(!workspace.path("out/tables/rates-searches.csv").exists());
    let hidden: Vec<_> = fs::read_dir(workspace.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{hidden:?}");
}

#[test]
fn one_finding_does_not_replace_all_of_them_nor_one_study_another() {
    let workspace = with_bundle();
    let text = fs::read_to_string(workspace.path("study.toml")).unwrap();
    workspace.write("other.toml", &text);
    let before = files_below(&workspace.path("out"));
    for arguments in [
        ["run", "study.toml", "--out", "out", "--only", "rates"].as_slice(),
        &["run", "other.toml", "--out", "out"],
    ] {
        let outcome = workspace.evenhand(arguments);
        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        assert!(
            outcome
                .stderr
                .contains("out holds the bundle of study study (all findings)")
        );
    }
    assert_eq!(files_below(&workspace.path("out")), before);
    let outcome = workspace.evenhand(&["run", "study.toml", "--only", "rates"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        workspace
            .path("notebooks-out/study.rates/manifest.json")
            .exists()
    );
}

#[test]
fn a_bundle_of_a_newer_format_is_neither_replaced_nor_judged() {
    let workspace = with_bundle();
    workspace.change("out/manifest.json", "\"version\": 1", "\"version\": 99");
    let before = fs::read(workspace.path("out/manifest.json")).unwrap();
    for arguments in [
        vec!["run", "study.toml", "--out", "out"],
        vec!["verify", "out"],
    ] {
        let outcome = workspace.evenhand(&arguments);
        assert_eq!(outcome.code, 1, "{}", outcome.stdout);
        for word in ["out is a bundle of format 99", "hint: ", "newer"] {
            assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
        }
    }
    assert_eq!(
        fs::read(workspace.path("out/manifest.json")).unwrap(),
        before
    );
}

#[test]
fn figures_of_two_findings_have_two_names() {
    let workspace = Workspace::small();
    workspace
        .change(
            "study.toml",
            "compare = [\"black\"]",
            "compare = [\"a/../b\", \"black\"]",
        )
        .change(
            "study.toml",
            "[[disparity]]\ncounts = \"searches\"\n",
            "[[disparity]]\nname = \"d\"\ncounts = \"searches\"\nby = [\"place\"]\n",
        )
        .change("study.toml", "[[rates]]", "[[rates]]\nname = \"d-black\"");
    for (file, row) in [
        ("searches.csv", "Alpha,287(g),a/../b,5,50\n"),
        ("stops.csv", "Alpha,a/../b,50\n"),
        ("people.csv", "Alpha,a/../b,500,20\n"),
    ] {
        let text = fs::read_to_string(workspace.path(file)).unwrap();
        workspace.write(file, &format!("{text}{row}"));
    }
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let figures = files_below(&workspace.path("out/figures"));
    let names: Vec<&str> = figures.iter().filter_map(|name| name.to_str()).collect();
    for name in ["d.a----b.svg", "d.black.svg", "d-black.svg"] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert_eq!(workspace.evenhand(&["verify", "out"]).code, 0);
}
