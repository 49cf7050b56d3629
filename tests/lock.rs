//! `evenhand lock`: what was planned, and whether a run still is what was planned.

use std::fs;

use serde_json::Value;

use crate::harness::{Outcome, Workspace};

fn fine(workspace: &Workspace, arguments: &[&str]) -> Outcome {
    let outcome = workspace.evenhand(arguments);
    assert_eq!(
        outcome.code, 0,
        "{arguments:?}: {}{}",
        outcome.stdout, outcome.stderr
    );
    outcome
}

fn results(workspace: &Workspace) -> Value {
    serde_json::from_str(&workspace.read("out/results.json")).unwrap()
}

/// A workspace whose study is locked.
fn locked() -> Workspace {
    let workspace = Workspace::small();
    fine(&workspace, &["lock", "study.toml"]);
    workspace
}

#[test]
fn a_lock_is_the_plan_with_its_hash_and_no_place_or_time() {
    let workspace = locked();
    let text = workspace.read("study.lock");
    let lock: toml::Table = text.parse().unwrap();
    assert_eq!(lock["plan"].as_str().unwrap(), workspace.read("study.toml"));
    assert_eq!(lock["study"].as_str().unwrap(), "study.toml");
    assert_eq!(
        lock.keys().collect::<Vec<_>>(),
        ["format", "program", "study", "plan_sha256", "plan", "files"]
    );
    assert_eq!(
        lock["plan_sha256"].as_str().unwrap(),
        evenhand::ingest::sha256(workspace.read("study.toml").as_bytes())
    );
    let again = locked();
    assert_eq!(
        again.read("study.lock"),
        text,
        "the place of the study is in its lock"
    );
}

#[test]
fn the_outcomes_are_not_read() {
    let workspace = Workspace::small();
    for file in ["searches.csv", "stops.csv", "people.csv"] {
        fs::remove_file(workspace.path(file)).unwrap();
    }
    fine(&workspace, &["lock", "study.toml"]);
    let refused = workspace.evenhand(&["lock", "study.toml", "--inputs", "--again"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("searches.csv"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_lock_is_never_written_over() {
    let workspace = locked();
    let first = workspace.read("study.lock");
    let same = fine(&workspace, &["lock", "study.toml"]);
    assert!(same.stdout.contains("the same plan"), "{}", same.stdout);
    assert_eq!(workspace.read("study.lock"), first);

    workspace.change("study.toml", "years = 2.0", "years = 3.0");
    let refused = workspace.evenhand(&["lock", "study.toml"]);
    assert_eq!(refused.code, 1);
    for words in ["`counts[2].years` is 3.0, and was 2.0", "--again"] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(workspace.read("study.lock"), first);

    let again = fine(&workspace, &["lock", "study.toml", "--again"]);
    assert!(again.stdout.contains("study.lock.1"), "{}", again.stdout);
    assert_eq!(workspace.read("study.lock.1"), first);
    let second = workspace.read("study.lock");
    assert_ne!(second, first);

    workspace.change("study.toml", "years = 3.0", "years = 4.0");
    fine(&workspace, &["lock", "study.toml", "--again"]);
    assert_eq!(workspace.read("study.lock.1"), first);
    assert_eq!(workspace.read("study.lock.2"), second);
    assert!(!workspace.path("study.lock.new").exists());
}

#[test]
fn a_run_says_whether_the_plan_is_the_one_locked() {
    let workspace = Workspace::small();
    let run = ["run", "study.toml", "--out", "out"];
    let free = fine(&workspace, &run);
    let (free_report, free_results) = (
        workspace.read("out/report.html"),
        workspace.read("out/results.json"),
    );
    assert!(!free.stdout.contains("locked") && !free_report.contains("locked"));
    assert!(results(&workspace).get("lock").is_none());
    assert!(!workspace.path("out/study.lock").exists());

    fine(&workspace, &["lock", "study.toml"]);
    let same = fine(&workspace, &run);
    assert!(
        same.stdout.contains("The plan is the one locked"),
        "{}",
        same.stdout
    );
    assert!(
        workspace
            .read("out/report.html")
            .contains("The plan is the one locked")
    );
    assert_eq!(results(&workspace)["lock"], "same");
    assert_eq!(
        workspace.read("out/study.lock"),
        workspace.read("study.lock")
    );
    let without: String = workspace
        .read("out/results.json")
        .replace(",\n  \"lock\": \"same\"", "");
    assert_eq!(
        without, free_results,
        "a lock changed more than what is said of it"
    );

    workspace.change("study.toml", "by = [\"place\"]", "by = [\"program\"]");
    let changed = fine(&workspace, &run);
    let words = "`rates[1].by` is [\"program\"], and was [\"place\"]";
    let unwrapped = changed
        .stdout
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    assert!(unwrapped.contains(words), "{}", changed.stdout);
    assert!(!changed.stdout.contains("The plan is the one locked"));
    let results = results(&workspace);
    assert_eq!(results["lock"], "changed");
    let caution = results["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|w| w["kind"] == "plan_changed");
    assert!(caution.unwrap()["text"].as_str().unwrap().contains(words));
    let report = workspace.read("out/report.html");
    assert!(
        report.contains("The plan was changed since it was locked"),
        "no caution"
    );
    assert!(report.contains("is the plan before"), "no provenance");
}

#[test]
fn check_says_it_too() {
    let workspace = Workspace::small();
    assert!(
        !fine(&workspace, &["check", "study.toml"])
            .stdout
            .contains("locked")
    );
    assert!(
        !fine(&workspace, &["check", "study.toml", "--json"])
            .stdout
            .contains("\"lock\"")
    );
    fine(&workspace, &["lock", "study.toml"]);
    assert!(
        fine(&workspace, &["check", "study.toml"])
            .stdout
            .contains("The plan is the one locked")
    );
    workspace.change("study.toml", "[groups]", "# a remark\n[groups]");
    let changed = fine(&workspace, &["check", "study.toml"]);
    assert!(
        changed.stdout.contains("no key or value, only comments"),
        "{}",
        changed.stdout
    );
    let document: Value =
        serde_json::from_str(&fine(&workspace, &["check", "study.toml", "--json"]).stdout).unwrap();
    assert_eq!(document["lock"], "changed");
    assert_eq!(document["changed"].as_array().unwrap().len(), 1);
}

#[test]
fn inputs_are_held_to_their_bytes_where_they_were_locked() {
    let workspace = Workspace::small();
    fine(&workspace, &["lock", "study.toml", "--inputs"]);
    let lock: toml::Table = workspace.read("study.lock").parse().unwrap();
    let names: Vec<&str> = lock["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| i["file"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["people.csv", "searches.csv", "stops.csv"]);
    let run = ["run", "study.toml", "--out", "out"];
    fine(&workspace, &run);
    assert_eq!(results(&workspace)["lock"], "same");
    workspace.change("searches.csv", "40,1000", "41,1000");
    let changed = fine(&workspace, &run);
    assert!(
        changed
            .stdout
            .contains("the input searches.csv has other bytes"),
        "{}",
        changed.stdout
    );
    assert_eq!(results(&workspace)["lock"], "changed");
    // A lock of the plan alone says nothing of them.
    let plan = locked();
    plan.change("searches.csv", "40,1000", "41,1000");
    fine(&plan, &run);
    assert_eq!(results(&plan)["lock"], "same");
    let refused = plan.evenhand(&["lock", "study.toml", "--inputs"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("the inputs were not locked"),
        "{}",
        refused.stderr
    );
}

#[test]
fn inputs_of_every_study_are_locked_as_a_run_reads_them() {
    for study in ["287g-counties", "raw-rows", "georgia-sentences"] {
        let workspace = Workspace::new();
        for file in crate::harness::files_below(&crate::harness::root().join("datasets")) {
            let bytes = fs::read(crate::harness::root().join("datasets").join(&file)).unwrap();
            workspace.write_bytes(&format!("datasets/{}", file.display()), &bytes);
        }
        let path = format!("datasets/studies/{study}.toml");
        fine(&workspace, &["lock", &path, "--inputs"]);
        let outcome = fine(&workspace, &["check", &path]);
        assert!(
            outcome.stdout.contains("The plan is the one locked"),
            "{study}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn formats_and_tables_of_matches_belong_to_the_plan() {
    let workspace = Workspace::small();
    workspace.write("matches.csv", "from,to\nAlpha,Alpha\n");
    workspace.change(
        "study.toml",
        "universe =",
        "place_match = \"matches.csv\"\nuniverse =",
    );
    fine(&workspace, &["lock", "study.toml"]);
    workspace.write("matches.csv", "from,to\nBeta,Beta\n");
    let changed = fine(&workspace, &["check", "study.toml"]);
    assert!(
        changed
            .stdout
            .contains("the file matches.csv has other bytes"),
        "{}",
        changed.stdout
    );
}

#[test]
fn a_bundle_made_under_a_lock_is_verified_with_it() {
    for change in ["same", "changed"] {
        let workspace = locked();
        if change == "changed" {
            workspace.change("study.toml", "years = 2.0", "years = 3.0");
        }
        fine(&workspace, &["run", "study.toml", "--out", "out"]);
        assert_eq!(results(&workspace)["lock"], change);
        // What lies beside the study by then is no part of the bundle.
        fs::remove_file(workspace.path("study.lock")).unwrap();
        let verified = fine(&workspace, &["verify", "out", "--data", "."]);
        assert!(
            verified.stdout.contains("gave the same bytes"),
            "{}",
            verified.stdout
        );
        workspace.change("out/study.lock", "years = 2.0", "years = 9.0");
        let damaged = workspace.evenhand(&["verify", "out", "--data", "."]);
        assert_eq!(damaged.code, 1);
        assert!(damaged.stdout.contains("study.lock"), "{}", damaged.stdout);
    }
}

#[test]
fn a_lock_that_was_edited_is_refused_and_left_alone() {
    for (from, to, words) in [
        ("years = 2.0", "years = 9.0", "its plan is not the one"),
        ("format = 1", "format = 7", "a lock of format 7"),
        ("plan_sha256", "plan_sha", "this is no lock"),
    ] {
        let workspace = locked();
        workspace.change("study.lock", from, to);
        let edited = workspace.read("study.lock");
        for arguments in [
            &["run", "study.toml", "--out", "out"][..],
            &["check", "study.toml"],
            &["lock", "study.toml"],
            &["lock", "study.toml", "--again"],
        ] {
            let refused = workspace.evenhand(arguments);
            assert_eq!(refused.code, 1, "{arguments:?}");
            assert!(
                refused.stderr.contains(words) && refused.stderr.contains("hint: "),
                "{}",
                refused.stderr
            );
        }
        assert_eq!(workspace.read("study.lock"), edited);
        assert!(!workspace.path("out").exists());
    }
}

/// Line ends of another system are a part of the plan's bytes.
#[test]
fn a_plan_with_other_line_ends_and_quotes_is_locked_as_it_is() {
    let workspace = Workspace::small();
    let text = workspace.read("study.toml").replace('\n', "\r\n");
    workspace.write("study.toml", &format!("{text}# '''\"\"\" \u{e4}\r\n"));
    fine(&workspace, &["lock", "study.toml"]);
    let lock: toml::Table = workspace.read("study.lock").parse().unwrap();
    assert_eq!(lock["plan"].as_str().unwrap(), workspace.read("study.toml"));
    assert!(
        fine(&workspace, &["check", "study.toml"])
            .stdout
            .contains("The plan is the one locked")
    );
}
