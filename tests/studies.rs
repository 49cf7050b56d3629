//! The studies that come with the source: their pinned numbers.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::{files_below, objects, root, run};

/// Runs a study of ours into a folder of its own and gives its results.
pub(crate) fn results(study: &str, out: &Path) -> Value {
    let outcome = run(
        root(),
        &[
            "run",
            &format!("datasets/studies/{study}.toml"),
            "--out",
            out.to_str().unwrap(),
            "--quiet",
        ],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap()
}

/// Rows of one finding that have all the given values.
fn rows(results: &Value, id: &str, wanted: &[(&str, &str)]) -> Vec<Value> {
    let finding = results["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["id"] == id)
        .unwrap();
    objects(finding)
        .into_iter()
        .filter(|row| wanted.iter().all(|(key, value)| row[*key] == *value))
        .collect()
}

/// To the digits given: `1.99` matches what rounds to it.
fn assert_digits(value: &Value, digits: &str) {
    let decimals = digits
        .split_once('.')
        .map_or(0, |(_, fraction)| fraction.len());
    let shown = format!("{:.decimals$}", value.as_f64().unwrap());
    assert_eq!(shown, digits);
}

#[test]
fn the_flagship_gives_its_pinned_numbers() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("287g-counties", &folder.path().join("out"));

    // Hispanic to White ratio of search rates, agreement counties and others; datasets/README.md says where they come from.
    let pinned = [
        ("CA", "1.99", "1.84"),
        ("CT", "1.54", "2.66"),
        ("FL", "2.02", "1.27"),
        ("OH", "3.16", "2.40"),
        ("SC", "3.34", "3.05"),
        ("TX", "1.25", "1.48"),
        ("AZ", "2.62", "1.73"),
        ("CO", "2.66", "2.22"),
    ];
    for (state, treated, control) in pinned {
        for (program, digits) in [("287(g)", treated), ("none", control)] {
            let wanted = [
                ("stratum", format!("state={state}")),
                ("program", program.to_owned()),
                ("group", "Hispanic".into()),
                ("estimand", "risk_ratio".into()),
                ("comparison", "reference_group".into()),
            ];
            let wanted: Vec<(&str, &str)> = wanted.iter().map(|(k, v)| (*k, v.as_str())).collect();
            let found = rows(&results, "disparity-searches", &wanted);
            assert_digits(&found[0]["estimate"], digits);
            assert!(
                found
                    .iter()
                    .any(|row| row["conf_method"] == "Koopman score"),
                "every ratio has its counting interval"
            );
        }
    }
    let pima = rows(
        &results,
        "disparity-searches",
        &[
            ("stratum", "state=AZ"),
            ("program", "ended"),
            ("group", "Hispanic"),
            ("estimand", "risk_ratio"),
            ("comparison", "reference_group"),
        ],
    );
    assert_digits(&pima[0]["estimate"], "2.40");

    // The contrast over six states, both ways.
    let one = |estimand: &str| {
        rows(
            &results,
            "contrast-searches",
            &[("group", "Hispanic"), ("estimand", estimand)],
        )[0]
        .clone()
    };
    let fixed = one("ratio_of_ratios_fixed_effect");
    assert_digits(&fixed["estimate"], "1.076");
    assert_digits(&fixed["statistic"], "13");
    assert!(
        fixed["warning"].as_str().unwrap().contains("heterogeneous")
            && fixed["warning"]
                .as_str()
                .unwrap()
                .contains("dominant_stratum")
    );
    let between = one("ratio_of_ratios_paule_mandel");
    assert_digits(&between["estimate"], "1.039");
    assert_digits(&between["conf_low"], "0.720");
    assert_digits(&between["conf_high"], "1.498");
    assert_digits(&between["df"], "5");
    assert_digits(&one("tau")["estimate"], "0.345");

    // An annual average has no counting interval anywhere.
    for id in ["stop-rates-acs2017", "stop-rates-source", "ladder-stops"] {
        assert!(
            rows(&results, id, &[("variance", "counting")]).is_empty(),
            "{id}"
        );
    }
    let sentence = results["findings"][0]["sentences"][0].as_str().unwrap();
    assert!(
        sentence.contains("0.72 to 1.50") && sentence.contains("consistent with no difference"),
        "{sentence}"
    );
    let unmatched = results["unmatched"].to_string();
    assert!(
        unmatched.contains("Hudson County, NJ"),
        "New Jersey has no searches, and the ledger says so"
    );
}

/// The flagship's data with other questions.
fn other_questions(questions: &str) -> Value {
    let workspace = crate::harness::Workspace::new();
    let study = fs::read_to_string(root().join("datasets/studies/287g-counties.toml"))
        .unwrap()
        .replace("../287g-counties/", "");
    let cut = study.find("[[stratified]]").unwrap();
    workspace.write("study.toml", &format!("{}{questions}", &study[..cut]));
    for file in files_below(&root().join("datasets/287g-counties")) {
        workspace.write_bytes(
            file.to_str().unwrap(),
            &fs::read(root().join("datasets/287g-counties").join(&file)).unwrap(),
        );
    }
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&fs::read_to_string(workspace.path("out/results.json")).unwrap()).unwrap()
}

#[test]
fn agreement_counties_have_the_dispersion_that_the_flagship_states() {
    // 139: one intercept per group and state, agreement counties, White and Hispanic; stated with the compiled data.
    let results = other_questions(
        "[[disparity]]\nname = \"x\"\ncounts = \"searches\"\nby = [\"state\"]\nonly = { program = \"287(g)\" }\n",
    );
    let of = |state: &str| {
        rows(
            &results,
            "x",
            &[
                ("group", "Hispanic"),
                ("estimand", "risk_ratio"),
                ("comparison", "reference_group"),
                ("stratum", state),
            ],
        )
    };
    assert_digits(&of("state=CA")[0]["dispersion"], "139");
    let ohio = of("state=OH");
    assert_eq!(ohio.len(), 1, "one county repeats nothing: counting alone");
    assert!(
        ohio[0]["warning"]
            .as_str()
            .unwrap()
            .contains("no_replication")
    );
}

#[test]
fn more_stops_than_residents_go_through_with_a_caution() {
    // Yavapai and nine pooled cells of small counties have more stops a year than residents of a group.
    let results = other_questions(
        "[[rates]]\nname = \"x\"\ncounts = \"stops\"\npopulation = \"source\"\nby = [\"place\"]\n",
    );
    let above: Vec<Value> = rows(&results, "x", &[])
        .into_iter()
        .filter(|row| {
            row["warning"]
                .as_str()
                .is_some_and(|w| w.contains("rate_above_one"))
        })
        .collect();
    assert_eq!(above.len(), 10);
    assert!(above.iter().any(|row| row["place"] == "Yavapai County, AZ"
        && row["group"] == "Black"
        && row["estimate"].as_f64().unwrap() > 1000.0));
}

#[test]
fn mecklenburg_keeps_its_transition_years_apart() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("mecklenburg", &folder.path().join("out"));
    let mut periods: Vec<String> = rows(&results, "search-rates", &[("group", "White")])
        .iter()
        .map(|row| row["period"].as_str().unwrap().to_owned())
        .collect();
    periods.dedup();
    let expected = [
        "before",
        "transition (2006)",
        "during",
        "transition (2018)",
        "after",
    ];
    assert_eq!(&periods[..5], expected.as_slice());
    // Charlotte police, 2002-2005, White: 42,470 + 47,553 + ... out of the file; recomputed here by adding its rows.
    let mut counts = (0u64, 0u64);
    let mut reader = csv_rows("datasets/287g-counties/mecklenburg_stops.csv");
    for row in reader.drain(..).filter(|row| {
        row[0].starts_with("Charlotte")
            && row[2] == "white"
            && ("2002"..="2005").contains(&row[1].as_str())
    }) {
        counts = (
            counts.0 + row[4].parse::<u64>().unwrap(),
            counts.1 + row[3].parse::<u64>().unwrap(),
        );
    }
    let before = rows(
        &results,
        "search-rates",
        &[
            ("group", "White"),
            ("period", "before"),
            ("stratum", "agency=Charlotte-Mecklenburg Police Department"),
        ],
    );
    assert_eq!(
        (
            before[0]["events"].as_u64().unwrap(),
            before[0]["trials"].as_u64().unwrap()
        ),
        counts
    );
}

/// Newton's method on dummies of agency and year, and the sandwich by year with k = 4 (effects within years left out), in
/// numpy 2: odds ratios 1.05520605 and 1.02623264, errors 0.01898073 and 0.02465057.
#[test]
fn mecklenburg_regression_agrees_with_dummies_and_a_sandwich() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("mecklenburg", &folder.path().join("out"));
    for (group, ratio, std_error) in [
        ("Black", 1.055_206_05, 0.018_980_73),
        ("Hispanic", 1.026_232_64, 0.024_650_57),
    ] {
        let wanted = [("group", group), ("quoted", "yes")];
        let line = rows(&results, "regression-searches", &wanted)[0].clone();
        assert!((line["estimate"].as_f64().unwrap() - ratio).abs() < 1e-8);
        assert!((line["std_error"].as_f64().unwrap() - std_error).abs() < 1e-8);
        assert_eq!(
            (&line["variance"], &line["df"]),
            (&"cluster".into(), &21.into())
        );
    }
}

fn csv_rows(file: &str) -> Vec<Vec<String>> {
    fs::read_to_string(root().join(file))
        .unwrap()
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(str::to_owned).collect())
        .collect()
}

#[test]
fn a_court_sees_the_spread_between_officers() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("raw-rows");
    fs::create_dir_all(folder.path().join("studies")).unwrap();
    fs::create_dir_all(&data).unwrap();
    for file in ["stops.csv", "population.csv"] {
        fs::copy(root().join("datasets/raw-rows").join(file), data.join(file)).unwrap();
    }
    let study = fs::read_to_string(root().join("datasets/studies/raw-rows.toml")).unwrap();
    let study = study.replace("mode    = \"public\"", "mode    = \"court\"");
    fs::write(folder.path().join("studies/court.toml"), study).unwrap();
    let outcome = run(
        folder.path(),
        &["run", "studies/court.toml", "--out", "out", "--json"],
    );
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let results: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let wanted = [
        ("group", "Black"),
        ("estimand", "risk_ratio"),
        ("comparison", "reference_group"),
    ];
    let black = rows(&results, "disparity-searches", &wanted)[0].clone();
    assert_eq!(
        (&black["variance"], &black["df"]),
        (&"cluster".into(), &8.into())
    );
}

#[test]
fn made_up_rows_give_their_known_truth_with_every_row_accounted_for() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("raw-rows", &folder.path().join("out"));
    let ledger = &results["ledger"][0];
    assert_eq!(
        (ledger["rows_in"].as_u64(), ledger["rows_kept"].as_u64()),
        (None, Some(683)),
        "721 rows were read: 24 + 683 shown, and two numbers of rows too small to show"
    );
    let dropped: Vec<Option<u64>> = ledger["dropped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["rows"].as_u64())
        .collect();
    assert_eq!(
        dropped,
        [Some(24), None, None],
        "not a traffic stop, group unknown, outside every period"
    );
    let notes = ledger["notes"].to_string();
    assert!(
        notes.contains("some rows kept as stops: contraband is recorded and no search")
            && notes.contains("left out, as no group of the study"),
        "{notes}"
    );

    let all = |group: &str| {
        rows(
            &results,
            "disparity-searches",
            &[
                ("group", group),
                ("estimand", "risk_ratio"),
                ("comparison", "reference_group"),
            ],
        )[0]
        .clone()
    };
    let black = all("Black");
    assert_eq!(
        (black["events"].as_u64(), black["trials"].as_u64()),
        (Some(38), Some(190))
    );
    // (38/190) / (43/363), by hand.
    assert!((black["estimate"].as_f64().unwrap() - 0.2 * 363.0 / 43.0).abs() < 1e-9);
    assert_eq!(
        (&black["variance"], &black["warning"]),
        (&"counting".into(), &"few_officers spread_withheld".into()),
        "nine officers are too few unknowns behind a number that the public sees"
    );

    // Westgate: 4 searches of Hispanic drivers, 6 of Black ones. Neither is shown, nor what would give them back.
    let withheld = rows(
        &results,
        "search-rates",
        &[("place", "Westgate"), ("group", "Hispanic")],
    );
    assert!(
        withheld[0]["events"].is_null()
            && withheld[0]["estimate"].is_null()
            && withheld[0]["warning"] == "withheld"
    );
}

/// *Hazelwood*, note 17: more than six standard deviations with the city, less than two without; 62 and 23 expected.
#[test]
fn hazelwood_turns_on_its_benchmark() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    let results = results("hazelwood", &out);
    for (benchmark, expected, deviations) in [
        ("county and city", "62", "-6.52"),
        ("county alone", "23", "-1.73"),
    ] {
        let of = |estimand| {
            let wanted = [
                ("benchmark", benchmark),
                ("estimand", estimand),
                ("group", "Black"),
            ];
            rows(&results, "standard-deviations", &wanted)[0]["estimate"].clone()
        };
        assert_digits(&of("expected"), expected);
        assert_digits(&of("standard_deviations"), deviations);
    }
    let chart = fs::read_to_string(out.join("figures/standard-deviations.black.svg")).unwrap();
    for words in ["county alone: 5.70", "15: −1.73 SD", "−3 SD"] {
        assert!(chart.contains(words), "no `{words}`");
    }
    let ladder = rows(
        &results,
        "ladder",
        &[("estimand", "minimum_detectable_ratio"), ("group", "Black")],
    );
    assert_eq!(ladder.len(), 1, "beside the null, and only there");
}

/// The report prints .95, 1.58, 1.00, .54 for 2007 and .95, 1.61, .68, .53, .27, .58 for 2015.
#[test]
fn missouri_prints_its_own_indices() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("missouri", &folder.path().join("out"));
    for (year, group, printed) in [
        ("2007", "Black", 1.58),
        ("2007", "Hispanic", 1.00),
        ("2007", "Asian", 0.54),
        ("2015", "White", 0.95),
        ("2015", "Black", 1.61),
        ("2015", "Hispanic", 0.68),
        ("2015", "Asian", 0.53),
        ("2015", "American Indian", 0.27),
        ("2015", "Other", 0.58),
    ] {
        let stratum = format!("year={year}");
        let wanted = [
            ("estimand", "disparity_index"),
            ("group", group),
            ("stratum", stratum.as_str()),
        ];
        let index = rows(&results, "index", &wanted)[0]["estimate"]
            .as_f64()
            .unwrap();
        assert!(
            (index - printed).abs() < 0.005 + 1e-9,
            "{year} {group}: {index} is not {printed}"
        );
    }
}

#[test]
fn known_thresholds_lie_in_their_intervals() {
    let folder = tempfile::TempDir::new().unwrap();
    let results = results("threshold", &folder.path().join("out"));
    let one = |wanted: &[(&str, &str)]| rows(&results, "threshold_test-searches", wanted);
    // The thresholds that the counts were drawn from: tests/reference/G_threshold/truth.json.
    let truths = [("White", 0.2924), ("Black", 0.2260), ("Hispanic", 0.1837)];
    for (group, truth) in truths {
        let all = one(&[("group", group), ("estimand", "inferred_threshold")]);
        let whole = all.iter().find(|row| row["place"].is_null()).unwrap();
        let end = |key: &str| whole[key].as_f64().unwrap();
        assert!(
            end("conf_low") < truth && truth < end("conf_high"),
            "{whole}"
        );
        assert_eq!(whole["variance"], "posterior");
    }
    let swept = one(&[
        ("group", "Hispanic"),
        ("estimand", "inferred_threshold_difference"),
    ]);
    assert_eq!(swept.len(), 7, "the headline and six priors");
    let signs: Vec<f64> = swept
        .iter()
        .filter_map(|row| row["estimate"].as_f64())
        .collect();
    assert!(
        signs.len() >= 5 && signs.iter().all(|sign| *sign < 0.0),
        "{signs:?}"
    );
    let placebo = one(&[("stratum", "placebo=random halves")]);
    let number = |key: &str| placebo[0][key].as_f64().unwrap();
    // 1 in 16,000 by chance.
    assert!(
        (number("estimate") / number("std_error")).abs() < 4.0,
        "{placebo:?}"
    );
}
