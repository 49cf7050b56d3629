//! The threshold test as a study asks it: what is refused, and what a finding without convergence says.

use crate::harness::Workspace;

const STUDY: &str = r#"format = 1
title = "Thresholds"
[groups]
reference = "white"
compare = ["black"]
[[counts]]
name = "searches"
file = "counts.csv"
keys = { place = "place", group = "group" }
events = "searches"
trials = "stops"
[[counts]]
name = "hits"
file = "counts.csv"
keys = { place = "place", group = "group" }
events = "hits"
trials = "searches"
[[threshold_test]]
searches = "searches"
hits = "hits"
warmup = 100
draws = 100
"#;

const COUNTS: &str = "place,group,stops,searches,hits
A,white,900,90,30
A,black,400,60,15
B,white,700,50,20
B,black,300,45,10
C,white,600,40,15
C,black,5,1,0
";

fn workspace(counts: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace
        .write("study.toml", STUDY)
        .write("counts.csv", counts);
    workspace
}

#[test]
fn what_has_no_threshold_is_refused_with_a_remedy() {
    let cases = [
        (
            "B,black,300,45,10",
            "B,black,3,1,0",
            "1 places with at least 10 stops",
            "outcome_test",
        ),
        (
            "A,black,400,60,15\nB,white,700,50,20\nB,black,300,45,10",
            "A,black,400,0,0\nB,white,700,50,20\nB,black,300,0,0",
            "black has no searches",
            "compare",
        ),
        (
            "A,black,400,60,15\nB,white,700,50,20\nB,black,300,45,10",
            "A,black,400,60,0\nB,white,700,50,20\nB,black,300,45,0",
            "black has no hits",
            "compare",
        ),
        (
            "A,black,400,60,15\nB,white,700,50,20\nB,black,300,45,10",
            "A,black,400,60,60\nB,white,700,50,20\nB,black,300,45,45",
            "nothing but hits",
            "compare",
        ),
    ];
    for (from, to, says, advises) in cases {
        assert!(COUNTS.contains(from), "{from}");
        for command in ["check", "run"] {
            let refused = workspace(&COUNTS.replace(from, to)).evenhand(&[command, "study.toml"]);
            assert_eq!(refused.code, 1, "{to}: {}", refused.stdout);
            assert!(
                refused.stderr.contains(says) && refused.stderr.contains(advises),
                "{to}: {}",
                refused.stderr
            );
        }
    }
    let few = workspace(COUNTS);
    few.change("study.toml", "warmup = 100", "chains = 3");
    let refused = few.evenhand(&["check", "study.toml"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("3 is not from 4"),
        "{}",
        refused.stderr
    );
    let flat = workspace(COUNTS);
    flat.change("study.toml", "warmup = 100", "race_scale = 0.0");
    let refused = flat.evenhand(&["check", "study.toml"]);
    assert!(
        refused.code == 1 && refused.stderr.contains("race scale 0"),
        "{}",
        refused.stderr
    );
}

#[test]
fn without_convergence_there_is_no_number() {
    let workspace = workspace(COUNTS);
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("did not converge"), "{}", run.stdout);
    assert!(!run.stdout.contains("Inferred threshold"), "{}", run.stdout);
    let table = workspace.read("out/tables/threshold_test-searches.csv");
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let headers = table.headers().unwrap().clone();
    let at = |name: &str| headers.iter().position(|h| h == name).unwrap();
    let (estimand, estimate, low) = (at("estimand"), at("estimate"), at("conf_low"));
    let diagnostics = [
        "largest_r_hat",
        "smallest_bulk_ess",
        "smallest_tail_ess",
        "divergences",
    ];
    let mut seen = 0;
    for row in table.records().map(Result::unwrap) {
        let is_diagnostic = diagnostics.contains(&&row[estimand]);
        seen += usize::from(is_diagnostic);
        assert!(
            is_diagnostic || row[estimate].is_empty() && row[low].is_empty(),
            "{row:?}"
        );
    }
    assert_eq!(seen, 4);
    let figures = workspace.path("out/figures");
    assert!(!figures.exists() || std::fs::read_dir(figures).unwrap().next().is_none());
}

#[test]
fn a_place_with_a_handful_of_stops_is_left_out_and_counted() {
    let workspace = workspace(COUNTS);
    workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    let results = workspace.read("out/results.json");
    let says =
        "1 of 3 places are left out: in each a compared group has fewer than 10 stops, or counts";
    assert!(results.contains(says), "{results}");
    let searched = self::workspace(&COUNTS.replace("C,black,5,1,0", "C,black,500,1,0"));
    searched.change(
        "study.toml",
        "warmup = 100",
        "warmup = 100\nminimum_searches = 5",
    );
    searched.evenhand(&["run", "study.toml", "--out", "out"]);
    let results = searched.read("out/results.json");
    let says = "1 of 3 places are left out: in each a compared group has fewer than 10 stops or 5 searches, or counts";
    assert!(results.contains(says), "{results}");
}
