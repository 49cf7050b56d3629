//! Rows of unknown group from outside: what they do to a finding, what they must not change, and what stays hidden.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Workspace, objects, public, root};

const STUDY: &str = r#"format = 1
title = "Rows of unknown group"

[groups]
reference = "white"
compare = ["black"]
unknown = "missing"

[[stops]]
files = ["rows.csv"]
unit = "stop"
columns = { place = "place", group = "race", searched = "searched" }

[disclosure]
mode = "court"

[[disparity]]
name = "searches"
counts = "searches"
"#;

/// Rows of a place: of each group how many were searched and how many were not.
fn rows(counts: &[(&str, &str, u64, u64)]) -> String {
    let mut text = String::from("place,race,searched\n");
    for (place, race, searched, not) in counts {
        for (answer, how_many) in [("yes", searched), ("no", not)] {
            for _ in 0..*how_many {
                text.push_str(&format!("{place},{race},{answer}\n"));
            }
        }
    }
    text
}

const COUNTS: [(&str, &str, u64, u64); 6] = [
    ("North", "white", 40, 360),
    ("North", "black", 45, 155),
    ("North", "", 15, 85),
    ("South", "white", 30, 270),
    ("South", "black", 30, 120),
    ("South", "U", 12, 38),
];

fn workspace(study: &str, counts: &[(&str, &str, u64, u64)]) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("study.toml", study);
    workspace.write("rows.csv", &rows(counts));
    workspace
}

fn run(workspace: &Workspace) -> (String, Value) {
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let results = serde_json::from_str(&workspace.read("out/results.json")).unwrap();
    (
        run.stdout.split_whitespace().collect::<Vec<_>>().join(" "),
        results,
    )
}

fn lines(results: &Value, id: &str) -> Vec<Value> {
    let findings = results["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["id"] == id);
    objects(finding.unwrap_or_else(|| panic!("no finding {id}")))
}

/// The first line of an estimand, of a group or of all, in a place or in all.
fn line<'a>(lines: &'a [Value], estimand: &str, group: &str, place: &str) -> &'a Value {
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let found = lines.iter().find(|line| {
        text(line, "estimand") == estimand
            && text(line, "group") == group
            && text(line, "place") == place
    });
    found.unwrap_or_else(|| panic!("no {estimand} {group} {place}"))
}

/// By hand: 75 of 350 and 70 of 700, with 27 of 150 unknown. Lowest (75/473)/(97/727), highest (102/377)/(70/823).
#[test]
fn rows_without_a_group_are_allocated_and_left_out_all_the_same() {
    let panel = workspace(&format!("{STUDY}missing = \"panel\"\n"), &COUNTS);
    let (said, results) = run(&panel);
    let own = lines(&results, "searches-survives");
    let close = |estimand: &str, expected: f64| {
        let found = line(&own, estimand, "black", "")["estimate"]
            .as_f64()
            .unwrap();
        assert!(
            (found - expected).abs() < 1e-9,
            "{estimand}: {found} {expected}"
        );
    };
    close("risk_ratio", (75.0 / 350.0) / (70.0 / 700.0));
    close("lowest_ratio", (75.0 / 473.0) / (97.0 / 727.0));
    close("highest_ratio", (102.0 / 377.0) / (70.0 / 823.0));
    // In the North 45/85 of 15 and 155/515 of 85 are Black, in the South 30/60 of 12 and 120/390 of 38.
    let events = 75.0 + 15.0 * 45.0 / 85.0 + 6.0;
    let rest = 275.0 + 85.0 * 155.0 / 515.0 + 38.0 * 120.0 / 390.0;
    let (all_events, all_rest) = (172.0, 1028.0);
    let other = (all_events - events) / (all_events - events + all_rest - rest);
    close("ratio_missing_at_random", events / (events + rest) / other);
    assert!(
        said.contains("12.5 % of the stops (150 / 1,200) are of unknown group"),
        "{said}"
    );
    assert!(
        said.contains("survives any allocation of the unknown"),
        "{said}"
    );
    // The finding itself and the account of the rows are what they were without the panel.
    let (_, without) = run(&workspace(STUDY, &COUNTS));
    assert_eq!(lines(&results, "searches"), lines(&without, "searches"));
    assert_eq!(results["ledger"], without["ledger"]);
}

#[test]
fn rows_and_published_totals_give_the_same_numbers() {
    let of_rows = lines(
        &run(&workspace(&format!("{STUDY}{MISSING}"), &COUNTS)).1,
        "m",
    );
    let of_totals = lines(&run(&published(MISSING, "")).1, "m");
    assert_eq!(of_rows.len(), of_totals.len());
    for (a, b) in of_rows.iter().zip(&of_totals) {
        for column in [
            "estimand", "group", "place", "estimate", "conf_low", "events", "trials",
        ] {
            assert_eq!(a[column], b[column], "{a} {b}");
        }
    }
}

/// The study of published counts.
fn published(analyses: &str, counts: &str) -> Workspace {
    let totals = Workspace::new();
    let study = STUDY.replace(
        "[[stops]]\nfiles = [\"rows.csv\"]\nunit = \"stop\"\ncolumns = { place = \"place\", group = \"race\", searched = \"searched\" }",
        "[[counts]]\nname = \"searches\"\nfile = \"c.csv\"\nkeys = { place = \"place\", group = \"race\" }\nevents = \"searches\"\ntrials = \"stops\"",
    );
    totals.write("study.toml", &format!("{study}{analyses}"));
    let mut text = String::from("place,race,searches,stops\n");
    for (place, race, searched, not) in COUNTS {
        text.push_str(&format!("{place},{race},{searched},{}\n", searched + not));
    }
    totals.write("c.csv", &format!("{text}{counts}"));
    totals
}

const MISSING: &str = "\n[[missing]]\nname = \"m\"\ncounts = \"searches\"\n";

#[test]
fn a_published_sum_is_nobody_of_unknown_group() {
    let (_, without) = run(&published(MISSING, ""));
    let sums = "North,Total,100,700\nSouth,All,72,530\n";
    let (_, with) = run(&published(MISSING, sums));
    assert_eq!(lines(&with, "m"), lines(&without, "m"));
    let ledger = with["ledger"].to_string();
    let remark = "`All` of `group`, `Total` of `group` looks like the sum of the others: it is left out, and not counted as of unknown group";
    assert!(ledger.contains(remark), "{ledger}");
    // Where unlisted codes are a group of their own, the sum is in it.
    let other = published("", "East,Total,172,1230\n");
    other.change("study.toml", "unknown = \"missing\"", "unknown = \"other\"");
    let ledger = run(&other).1["ledger"].to_string();
    assert!(
        ledger.contains("`Total` of `group` looks like the sum of the others: if it is"),
        "{ledger}"
    );
}

#[test]
fn a_row_of_unknown_group_stands_once() {
    for (again, shown) in [
        ("South,U,1,2\n", "(unknown) / South / U"),
        ("North,,1,2\n", "a blank"),
    ] {
        let run = published(MISSING, again).evenhand(&["run", "study.toml", "--out", "out"]);
        assert_eq!(run.code, 1, "{}", run.stdout);
        for words in [shown, "stands here again"] {
            assert!(run.stderr.contains(words), "{}", run.stderr);
        }
    }
    // Another code is another row.
    run(&published(MISSING, "South,V,1,2\n"));
}

/// Rows with day, time and arrest: of each group one at noon, one without a time, one of which no arrest is known.
const CLOCKED: &str = "place,race,searched,day,clock,arrest,n
North,white,yes,2024-01-05,12:00,1,1
North,white,no,2024-01-05,,0,1
North,black,no,2024-01-05,12:00,,1
North,black,yes,2024-01-05,20:00,0,1
South,U,yes,2024-01-05,,,1
East,,no,2024-01-05,12:00,,1
";

fn clocked(rows: &str, analyses: &str) -> Workspace {
    let workspace = workspace(STUDY, &COUNTS);
    workspace.write("rows.csv", rows);
    workspace.change(
        "study.toml",
        "columns = { ",
        "counts = [{ name = \"arrests\", column = { column = \"arrest\", unclear = \"missing\" } }]\nmissing = [\"\"]\ncolumns = { date = \"day\", time = \"clock\", weight = \"n\", ",
    );
    workspace.change(
        "study.toml",
        "[disclosure]",
        "[daylight]\ntimezone = \"America/New_York\"\n[daylight.places]\nNorth = { latitude = 36, longitude = -79 }\nSouth = { latitude = 35, longitude = -79 }\n\n[disclosure]",
    );
    workspace.change(
        "study.toml",
        "[[disparity]]",
        "[[veil_of_darkness]]\ncounts = \"stops\"\n\n[[rates]]\ncounts = \"arrests\"\n\n[[disparity]]",
    );
    let study = workspace.read("study.toml");
    workspace.write("study.toml", &format!("{study}{analyses}"));
    workspace
}

#[test]
fn remarks_on_kept_rows_count_no_row_of_unknown_group() {
    let (_, without) = run(&clocked(CLOCKED, ""));
    let (_, with) = run(&clocked(CLOCKED, MISSING));
    assert_eq!(with["ledger"], without["ledger"]);
    let ledger = with["ledger"].to_string();
    for words in [
        "1 rows are neither light nor dark",
        "1 rows kept as stops: whether they count as arrests is not known",
    ] {
        assert!(ledger.contains(words), "{ledger}");
    }
    assert_eq!(with["warnings"], without["warnings"]);
}

#[test]
fn rows_beyond_the_largest_integer_are_refused_before_any_remark() {
    let many = u64::MAX;
    let rows = format!(
        "{CLOCKED}North,white,no,2024-01-06,,,{many}\nSouth,black,no,2024-01-06,,,{many}\n"
    );
    let run = clocked(&rows, "").evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(
        run.stderr.contains("more than the largest integer"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_unknown_the_finding_says_so() {
    let known: Vec<_> = COUNTS
        .into_iter()
        .filter(|(_, race, ..)| race.len() > 1)
        .collect();
    let study = format!("{STUDY}\n[[missing]]\nname = \"m\"\ncounts = \"searches\"\n");
    for mode in ["court", "public"] {
        let study = study.replace("court", mode);
        let (said, results) = run(&workspace(&study, &known));
        assert!(
            said.contains("None of the stops is of unknown group"),
            "{said}"
        );
        let own = lines(&results, "m");
        assert!(own.iter().all(|line| line["estimand"] != "lowest_ratio"));
        assert_eq!(line(&own, "unknown_share", "", "")["estimate"], 0.0);
    }
}

#[test]
fn nine_of_ten_unknown_leave_nothing_standing() {
    let mut counts = COUNTS;
    counts[2] = ("North", "", 700, 4300);
    counts[5] = ("South", "", 700, 4300);
    let study = format!("{STUDY}missing = \"panel\"\n");
    let (said, results) = run(&workspace(&study, &counts));
    assert!(said.contains("does not survive every allocation"), "{said}");
    let own = lines(&results, "searches-survives");
    let tipping = line(&own, "tipping_share_of_unknown", "black", "")["estimate"]
        .as_f64()
        .unwrap();
    // Events over the rest are equal on both sides: 275 to 630 of the known rest.
    let events = 145.0 + 1400.0;
    let expected = (events * 275.0 / 905.0 - 75.0) / 1400.0;
    assert!((tipping - expected).abs() < 1e-9, "{tipping} {expected}");
}

#[test]
fn a_group_that_is_not_there_has_no_bounds() {
    let counts = [("North", "white", 40, 360), ("North", "", 15, 85)];
    let study = format!("{STUDY}\n[[missing]]\nname = \"m\"\ncounts = \"searches\"\n");
    let (_, results) = run(&workspace(&study, &counts));
    let own = lines(&results, "m");
    for estimand in ["lowest_ratio", "highest_ratio", "tipping_share_of_unknown"] {
        let line = line(&own, estimand, "black", "");
        assert!(
            line["estimate"].is_null() && line["warning"] != "",
            "{line}"
        );
    }
}

#[test]
fn a_matrix_that_cannot_be_undone_is_an_error_in_words() {
    let with = |entries: &str| {
        let study = format!("{STUDY}missing = \"panel\"\n").replace(
            "unknown = \"missing\"",
            &format!("unknown = \"missing\"\nmisrecorded = [{entries}]"),
        );
        let workspace = workspace(&study, &COUNTS);
        let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
        assert_eq!(run.code, 1, "{}", run.stdout);
        run.stderr
    };
    let half = "{ truth = 'black', recorded = 'white', share = 0.5, from = 'x' }, { truth = 'white', recorded = 'black', share = 0.5, from = 'x' }";
    assert!(with(half).contains("cannot be undone"));
    // 0.7 of the true Black drivers would be 817 of 700 White ones.
    let many = "{ truth = 'black', recorded = 'white', share = 0.7, from = 'x' }";
    assert!(
        with(many).contains("fewer than none of `white`"),
        "{}",
        with(many)
    );
    let word = "{ truth = 'blak', recorded = 'white', share = 0.1, from = 'x' }";
    assert!(with(word).contains("did you mean `black`?"));
    let twice = "{ truth = 'black', recorded = 'white', share = 0.1, from = 'x', n = 5, share_low = 0.0, share_high = 0.2 }";
    assert!(with(twice).contains("said twice, or half"));
    let above = "{ truth = 'black', recorded = 'white', share = 1.5, from = 'x' }";
    assert!(with(above).contains("a share of misrecording of 1.5"));
}

#[test]
fn an_analysis_without_a_panel_says_why() {
    for (table, words) in [
        (
            "[[regression]]\ncounts = \"searches\"\n",
            "a fit of its own",
        ),
        (
            "[[stratified]]\ncounts = \"searches\"\nstrata = \"place\"\nestimand = \"risk_ratio\"\n",
            "pooled over strata",
        ),
    ] {
        let study = format!("{STUDY}\n{table}missing = \"panel\"\n");
        let run = workspace(&study, &COUNTS).evenhand(&["run", "study.toml", "--out", "out"]);
        assert_eq!(run.code, 1);
        for words in [
            words,
            "no panel of missing groups",
            "hint: ask for [[missing]]",
        ] {
            assert!(run.stderr.contains(words), "{}", run.stderr);
        }
    }
}

#[test]
fn a_panel_comes_with_its_finding_alone() {
    let study = format!("{STUDY}missing = \"panel\"\n\n[[rates]]\ncounts = \"searches\"\n");
    let workspace = workspace(&study, &COUNTS);
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out", "--only", "searches"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let results: Value = serde_json::from_str(&workspace.read("out/results.json")).unwrap();
    let ids: Vec<_> = results["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["id"].clone())
        .collect();
    assert_eq!(ids, ["searches", "searches-survives"]);
}

/// Counts of unknown group that a reader has, by place, from every line that is made from them.
fn recovered(results: &Value, by_place: &str) -> BTreeMap<String, [Option<u64>; 2]> {
    let mut found: BTreeMap<String, [Option<u64>; 2]> = BTreeMap::new();
    let number = |line: &Value, name: &str| line[name].as_u64();
    let mut note = |place: &str, at: usize, count: Option<u64>| {
        let own = found.entry(place.to_owned()).or_default();
        own[at] = own[at].or(count);
    };
    for id in ["whole", by_place] {
        let own = lines(results, id);
        for line in &own {
            let place = line["place"].as_str().unwrap_or_default();
            let estimand = line["estimand"].as_str().unwrap();
            let beside = |name: &str| {
                own.iter().find(|other| {
                    other["estimand"] == name
                        && other["place"] == line["place"]
                        && other["group"] == line["group"]
                })
            };
            match estimand {
                "unknown_share" => note(place, 1, number(line, "events")),
                "unknown_share_of_events" => note(place, 0, number(line, "events")),
                "tipping_share_of_unknown" => note(place, 0, number(line, "events")),
                // The ends less what is recorded.
                "highest_proportion" => {
                    let recorded = beside("proportion").and_then(|own| number(own, "events"));
                    let events = number(line, "events").zip(recorded);
                    note(place, 0, events.map(|(a, b)| a - b));
                }
                "lowest_proportion" => {
                    let recorded = beside("proportion").and_then(|own| number(own, "trials"));
                    let rest = number(line, "trials").zip(recorded).map(|(a, b)| a - b);
                    let events = found_events(&own, place);
                    note(place, 1, rest.zip(events).map(|(a, b)| a + b));
                }
                _ => {}
            }
        }
    }
    found
}

fn found_events(own: &[Value], place: &str) -> Option<u64> {
    let line = own.iter().find(|line| {
        line["estimand"] == "unknown_share_of_events"
            && line["place"].as_str().unwrap_or_default() == place
    });
    line.and_then(|line| line["events"].as_u64())
}

/// Three searches of unknown group in one of three places, and seven unknown that were not searched in another.
#[test]
fn a_small_count_of_unknown_is_not_given_back() {
    let counts = [
        ("North", "white", 40, 360),
        ("North", "black", 45, 155),
        ("North", "", 3, 85),
        ("South", "white", 30, 270),
        ("South", "black", 30, 120),
        ("South", "", 22, 7),
        ("West", "white", 30, 270),
        ("West", "black", 30, 120),
        ("West", "", 32, 60),
    ];
    let study = format!(
        "{}\n[[missing]]\nname = \"whole\"\ncounts = \"searches\"\n\n[[missing]]\nname = \"places\"\ncounts = \"searches\"\nby = [\"place\"]\n\n[[rates]]\nname = \"rates\"\ncounts = \"searches\"\nby = [\"place\"]\nmissing = \"panel\"\n",
        STUDY.replace("\"court\"", "\"public\"")
    );
    let (_, results) = run(&workspace(&study, &counts));
    for by_place in ["places", "rates-survives"] {
        let found = recovered(&results, by_place);
        let of = |place: &str| found.get(place).copied().unwrap_or_default();
        assert_eq!(of("North")[0], None, "three searches");
        let [events, trials] = of("South");
        assert!(
            events.is_none() || trials.is_none(),
            "seven were not searched"
        );
        // The whole less two places is the third.
        for (at, hidden) in [(0, "North"), (1, "North"), (0, "South"), (1, "South")] {
            let others: Vec<&str> = ["North", "South", "West"]
                .into_iter()
                .filter(|p| *p != hidden)
                .collect();
            let sum: Option<u64> = others.iter().map(|place| of(place)[at]).sum();
            let left = of("")[at].zip(sum).map(|(all, rest)| all - rest);
            let is_small = left.is_some_and(|left| left < 10);
            assert!(!is_small, "{hidden} {at}: {left:?} of {found:?}");
        }
    }
    // Every number that is made from them is gone with them.
    for line in lines(&results, "places") {
        let rests = [
            "lowest_ratio",
            "highest_ratio",
            "tipping_share_of_unknown",
            "lowest_proportion",
        ];
        let is_north =
            line["place"] == "North" && rests.contains(&line["estimand"].as_str().unwrap());
        assert!(!is_north || line["estimate"].is_null(), "{line}");
    }
    // Neither does the account of the rows tell what the findings withhold.
    let text = results["ledger"].to_string();
    assert!(
        !text.contains("\"rows\":3,") && !text.contains("\"rows\":7,"),
        "{text}"
    );
}

/// Fewer than ten of unknown group in all: nothing made from them is shown, and neither is their number in the account.
#[test]
fn a_few_unknown_in_all_are_not_told() {
    let mut counts = COUNTS;
    counts[2] = ("North", "", 2, 4);
    counts[5] = ("South", "", 0, 1);
    let study = format!(
        "{}missing = \"panel\"\n",
        STUDY.replace("\"court\"", "\"public\"")
    );
    let (_, results) = run(&workspace(&study, &counts));
    for line in lines(&results, "searches-survives") {
        let recorded = ["risk_ratio", "known_share"].contains(&line["estimand"].as_str().unwrap());
        assert!(recorded || line["estimate"].is_null(), "{line}");
    }
}

#[test]
fn minneapolis_survives_for_black_drivers_and_not_for_latino_ones() {
    let Some(data) = public("stops-minneapolis-2017/mpls_stops_2017.csv.gz") else {
        return;
    };
    let study = root().join("tests/studies_with_data/minneapolis-missing.toml");
    let workspace = Workspace::new();
    workspace.write("study.toml", &std::fs::read_to_string(study).unwrap());
    workspace.write_bytes("mpls_stops_2017.csv.gz", &std::fs::read(data).unwrap());
    let (said, results) = run(&workspace);
    let own = lines(&results, "searches");
    // Counted apart by a script over the file: 252 searches among 9,219 stops of unknown race whose search is known.
    let unknown = line(&own, "unknown_share", "", "");
    assert_eq!(
        (unknown["events"].as_u64(), unknown["trials"].as_u64()),
        (Some(9_219), Some(43_699))
    );
    let lowest = line(&own, "lowest_ratio", "Black", "")["estimate"]
        .as_f64()
        .unwrap();
    let expected = (3565.0 / (17408.0 + 8967.0)) / ((1027.0 + 252.0) / (11703.0 + 252.0));
    assert!((lowest - expected).abs() < 1e-9);
    assert!(said.contains("Black to White: ratio 2.33"), "{said}");
    assert!(
        said.contains("survives any allocation of the unknown"),
        "{said}"
    );
}

/// The committed rows were drawn by `simulate stops --plan plan.toml`, whose `truth.json` states these ratios over all places.
#[test]
fn what_is_true_of_made_up_rows_lies_within_the_bounds() {
    let workspace = Workspace::new();
    let study = root().join("datasets/studies/missing.toml");
    let out = workspace.path("out").display().to_string();
    let run = workspace.evenhand(&["run", &study.display().to_string(), "--out", &out]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let results: Value = serde_json::from_str(&workspace.read("out/results.json")).unwrap();
    let truth = [
        ("stops", "Black", 1.7819308077),
        ("stops", "Hispanic", 1.19935203867),
        ("searches", "Black", 2.38991650872),
        ("searches", "Hispanic", 1.77892939183),
    ];
    for (id, group, truth) in truth {
        let own = lines(&results, id);
        let number = |estimand: &str| {
            line(&own, estimand, group, "")["estimate"]
                .as_f64()
                .unwrap()
        };
        let (low, high) = (number("lowest_ratio"), number("highest_ratio"));
        assert!(
            low < truth && truth < high,
            "{id} {group}: {low} {truth} {high}"
        );
    }
    // Hispanic drivers are stopped more often than White ones and recorded as stopped less often: that is the point.
    let recorded =
        line(&lines(&results, "stops"), "rate_ratio", "Hispanic", "")["estimate"].as_f64();
    assert!(recorded.unwrap() < 1.0);
}
