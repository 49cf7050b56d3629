//! The command line keeps its promises: help with examples, exit codes, data to stdout and talk to stderr.

use crate::harness::{Workspace, public, root, run};

#[test]
fn help_shows_examples_for_every_command() {
    for command in [
        vec!["--help"],
        vec!["run", "--help"],
        vec!["check", "--help"],
        vec!["verify", "--help"],
        vec!["explain", "--help"],
        vec!["list", "--help"],
    ] {
        let outcome = run(root(), &command);
        assert_eq!(outcome.code, 0);
        assert!(
            outcome.stdout.contains("Examples:\n  evenhand "),
            "{command:?}"
        );
    }
    insta::assert_snapshot!("help", run(root(), &["--help"]).stdout);
}

#[test]
fn wrong_usage_is_two_and_a_faulty_study_is_one() {
    for wrong in [
        vec!["rnu"],
        vec!["run"],
        vec!["run", "a.toml", "--threads", "0"],
        vec!["explain", "nothing"],
        vec!["run", "a.toml", "--sead", "1"],
    ] {
        let outcome = run(root(), &wrong);
        assert_eq!(
            (outcome.code, outcome.stdout.as_str()),
            (2, ""),
            "{wrong:?}: {}",
            outcome.stderr
        );
    }
    let missing = run(root(), &["run", "no-such-study.toml"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.stderr.contains("no-such-study.toml"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_seed_is_a_whole_number_from_zero() {
    for bad in ["-1", "1.5", "x"] {
        let outcome = run(root(), &["run", "a.toml", "--seed", bad]);
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        let words = format!("invalid value '{bad}' for '--seed <N>': a seed is a whole number");
        assert!(outcome.stderr.contains(&words), "{}", outcome.stderr);
    }
}

/// Runs the program with its standard output sent somewhere.
#[cfg(target_os = "linux")]
fn sent_to(stdout: impl Into<std::process::Stdio>, arguments: &[&str]) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(arguments)
        .stdout(stdout)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_is_a_failure() {
    for arguments in [
        vec!["list", "analyses"],
        vec!["list", "columns", "--json"],
        vec!["explain", "rates"],
        vec!["list", "analyses", "--threads", "1"],
        vec!["--help"],
        vec!["--version"],
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let (code, stderr) = sent_to(full, &arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains("standard output"),
            "{arguments:?}: {stderr}"
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_reader_that_goes_away_is_no_failure() {
    for arguments in [vec!["explain", "rates"], vec!["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(
            sent_to(writer, &arguments),
            (Some(0), String::new()),
            "{arguments:?}"
        );
    }
}

#[test]
fn explain_and_list_print_what_there_is() {
    for method in evenhand::analyses::ALL {
        let outcome = run(root(), &["explain", method.name]);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, method.page));
        assert!(
            run(root(), &["list", "analyses"])
                .stdout
                .contains(method.name)
        );
    }
    for what in ["analyses", "formats", "datasets", "charts", "columns"] {
        let json = run(root(), &["list", what, "--json"]);
        let items: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
        assert!(
            items.as_array().is_some_and(|items| !items.is_empty()),
            "{what}"
        );
    }
}

#[test]
fn run_prints_a_summary_and_where_the_bundle_is() {
    let workspace = Workspace::small();
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "exhibits/small"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.stderr, "", "nothing to say in a pipe");
    insta::assert_snapshot!("small_study", outcome.stdout);
    for file in [
        "report.html",
        "results.json",
        "manifest.json",
        "study.toml",
        "tables/disparity-searches.csv",
        "figures/disparity-searches.svg",
        "figures/disparity-searches.png",
    ] {
        assert!(
            workspace.path("exhibits/small").join(file).exists(),
            "{file}"
        );
    }
}

#[test]
fn json_is_one_document_on_every_command() {
    let workspace = Workspace::small();
    let document = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&workspace.evenhand(arguments).stdout).unwrap()
    };
    let results = document(&["run", "study.toml", "--out", "out", "--json"]);
    assert_eq!(results["findings"].as_array().unwrap().len(), 3);
    let written = std::fs::read_to_string(workspace.path("out/results.json")).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&written).unwrap(),
        results
    );
    assert_eq!(
        document(&["check", "study.toml", "--json"])["ledger"][0]["rows_in"],
        4
    );
    assert_eq!(
        document(&["verify", "out", "--json"])["differences"],
        serde_json::json!([])
    );
    assert!(document(&["explain", "rates", "--json"])["page"].is_string());
}

#[test]
fn check_accounts_for_every_row_and_writes_nothing() {
    let workspace = Workspace::small();
    let before = workspace.files();
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(workspace.files(), before);
    insta::assert_snapshot!("check", outcome.stdout);
}

#[test]
fn only_one_analysis_can_be_run_and_verified() {
    let workspace = Workspace::small();
    assert_eq!(
        workspace
            .evenhand(&["run", "study.toml", "--out", "out", "--only", "rates"])
            .code,
        0
    );
    assert!(workspace.path("out/tables/rates-searches.csv").exists());
    assert!(!workspace.path("out/tables/disparity-searches.csv").exists());
    for file in ["out/manifest.json", "out/results.json"] {
        let text = std::fs::read_to_string(workspace.path(file)).unwrap();
        assert!(
            text.contains("--only rates"),
            "{file} does not say what was run"
        );
    }
    let wrong = workspace.evenhand(&["run", "study.toml", "--out", "out", "--only", "ratse"]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("did you mean `rates`?"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn an_error_in_the_study_is_shown_with_its_line() {
    let workspace = Workspace::small();
    workspace.change(
        "study.toml",
        "compare = [\"black\"]",
        "compare = [\"black\"]\nunknwon = \"missing\"",
    );
    insta::assert_snapshot!(
        "study_error",
        workspace.evenhand(&["check", "study.toml"]).stderr
    );
}

/// Runs the program with a text on standard input.
fn piped(arguments: &[&str], input: &str) -> (i32, String) {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_evenhand"))
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn each_line_of_the_pipe_stands_alone() {
    let good = "{\"id\":1,\"kind\":\"proportion\",\"x\":12,\"n\":80}\n";
    let bad = "{\"id\":2,\"kind\":\"proportion\",\"x\":90,\"n\":80}\nnonsense\n";
    let (code, answers) = piped(&["calc", "--jsonl"], &format!("{good}{bad}{good}"));
    let lines: Vec<serde_json::Value> = answers
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((code, lines.len()), (1, 4));
    assert_eq!(lines[0], lines[3]);
    assert_eq!(lines[0]["estimate"], 0.15);
    assert!(lines[1]["id"] == 2 && lines[1]["error"].is_string() && lines[2]["error"].is_string());
    assert_eq!(piped(&["calc", "--jsonl"], good).0, 0);
}

#[test]
fn calc_answers_by_hand_and_says_what_it_takes() {
    let workspace = Workspace::small();
    let outcome = workspace.evenhand(&["calc", "hit_rates", "hits=30,44", "searches=100,120"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("chisq "), "{}", outcome.stdout);
    let outcome = workspace.evenhand(&["calc", "proportion", "x=3"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("missing field `n`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn with_the_public_files_of_their_sources_more_figures_come_out() {
    let Some(data) = public("") else { return };
    let outcome =
        Workspace::new().evenhand(&["replicate", "--all", "--data", data.to_str().unwrap()]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome
            .stdout
            .contains("352 figures: 296 agree, 8 bounds hold, 6 differ, 42 without inputs")
    );
}

#[test]
fn a_catalogue_may_ask_a_study_or_a_column_of_a_file() {
    let workspace = Workspace::small();
    workspace.write(
        "values.csv",
        "who,share,stops\na,0.1,30\nb,0.4,10\na,0.9,5\n",
    );
    let figures = [
        (
            r#"{"study":"study.toml","finding":"rates-searches","row":{"group":"black","quoted":"yes","place":"Alpha"}}"#,
            "events",
            "",
            "60",
        ),
        (
            r#"{"kind":"weighted_mean","values":{"file":"values.csv","column":"share","where":{"who":"a"}},"weights":{"file":"values.csv","column":"stops","where":{"who":"a"}}}"#,
            "estimate",
            "percent",
            "21.4286",
        ),
        (
            r#"{"kind":"weighted_mean","values":{"file":"values.csv","column":"share"},"weights":{"file":"values.csv","column":"stops","total_by":["who"]}}"#,
            "estimate",
            "",
            "0.4875",
        ),
    ];
    let rows = figures
        .iter()
        .enumerate()
        .map(|(i, (request, field, transform, printed))| {
            format!(
                "f{i},weighted_mean_pct,{printed},0.0001,\"{}\",{field},{transform}\n",
                request.replace('"', "\"\"")
            )
        });
    let text = format!(
        "id,quantity,published_value,tolerance,request,field,transform\n{}",
        rows.collect::<String>()
    );
    workspace.write("own.csv", &text);
    let asked = ["replicate", "--catalogue", "own.csv", "--data", "."];
    let outcome = workspace.evenhand(&asked);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    assert!(
        outcome.stdout.contains("3 figures: 3 agree"),
        "{}",
        outcome.stdout
    );
    let without = workspace.evenhand(&asked[..3]);
    assert!(
        without.stdout.contains("skipped: values.csv needs data"),
        "{}",
        without.stdout
    );
    for (from, to, words) in [
        (
            "\"\"who\"\":\"\"a\"\"",
            "\"\"whom\"\":\"\"a\"\"",
            "no column `whom`",
        ),
        (
            "rates-searches",
            "rates-serches",
            "no finding `rates-serches`",
        ),
        ("\"\"Alpha\"\"", "\"\"Nowhere\"\"", "no single row"),
        (
            "\"\"study\"\":\"\"study.toml\"\"",
            "\"\"study\"\":\"\"none.toml\"\"",
            "none.toml",
        ),
        (
            "\"\"share\"\"",
            "\"\"who\"\"",
            "values.csv:2: found `a` in `who`",
        ),
    ] {
        workspace.write("own.csv", &text.replace(from, to));
        let outcome = workspace.evenhand(&asked);
        assert!(
            outcome.stdout.contains(words),
            "{words}: {}",
            outcome.stdout
        );
    }
}

#[test]
fn published_figures_come_out_and_a_changed_one_is_found() {
    let workspace = Workspace::small();
    let outcome = workspace.evenhand(&["replicate", "--all"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(
        outcome
            .stdout
            .contains("352 figures: 283 agree, 8 bounds hold, 6 differ")
    );
    let header = "id,quantity,numerator,denominator,published_value,tolerance\n";
    for (printed, code) in [("7.5", 0), ("7.9", 1)] {
        let own = format!("{header}mine,rate_per_100,30,400,{printed},0.05\n");
        workspace.write("own.csv", &own);
        let outcome = workspace.evenhand(&["replicate", "--catalogue", "own.csv"]);
        assert_eq!(outcome.code, code, "{}", outcome.stdout);
    }
    workspace.write(
        "own.csv",
        &format!("{header}mine,rate_per_hundred,30,400,7.5,0.05\n"),
    );
    let outcome = workspace.evenhand(&["replicate", "--catalogue", "own.csv"]);
    assert_eq!(outcome.code, 1);
    for word in [
        "own.csv:2",
        "rate_per_hundred",
        "did you mean `rate_per_100`?",
    ] {
        assert!(outcome.stderr.contains(word), "{}", outcome.stderr);
    }
}
