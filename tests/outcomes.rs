//! Rules of discretion and further counts of rows, from outside.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use evenhand::cells::{Groups, Only, Rows, Tabulate, Tabulation};
use evenhand::engines::Embedded;
use evenhand::ingest::{DataRoot, Periods, StopsConfig};
use evenhand::world::World;
use proptest::prelude::*;
use serde_json::Value;

use crate::adjusted;
use crate::harness::{Workspace, objects, public, root};

const RACES: [&str; 2] = ["white", "black"];
const BASES: [&str; 7] = [
    "consent",
    "probable cause",
    "inventory",
    "consent|inventory",
    "K9; probable cause",
    "warrant",
    "NA",
];

/// One stop: race, hour, basis, and whether there was a search, a find, an arrest and a weapon; the last two may be unknown.
type Stop = (usize, usize, usize, bool, bool, Option<bool>, Option<bool>);

fn word(said: Option<bool>) -> &'static str {
    match said {
        Some(true) => "1",
        Some(false) => "0",
        None => "",
    }
}

fn csv_of(stops: &[Stop]) -> String {
    let row = |&(race, hour, basis, searched, hit, arrest, weapon): &Stop| {
        let (race, basis) = (RACES[race], BASES[basis]);
        let (searched, hit) = (word(Some(searched)), word(Some(hit)));
        let (arrest, weapon) = (word(arrest), word(weapon));
        format!(
            "2013-03-0{},{hour:02}:30,{race},{searched},{hit},{basis},{arrest},{weapon}\n",
            1 + hour % 7
        )
    };
    let rows: String = stops.iter().map(row).collect();
    format!("day,clock,race,searched,hit,basis,arrest,weapon\n{rows}")
}

const STOPS: &str = r#"files = ["stops.csv"]
unit = "stop"
columns = { group = "race", date = "day", time = "clock", searched = "searched", hit = "hit", search_basis = { column = "basis", missing = ["NA"] } }
counts = [{ name = "arrests", column = { column = "arrest", unclear = "missing" } }, { name = "weapons", out_of = "searches", column = { column = "weapon", unclear = "missing" } }]
"#;

/// The basis as a rule of discretion sees it, written without any of the program's code.
fn basis(stop: &Stop) -> &'static str {
    match (stop.3, stop.2) {
        (false, _) => "no search",
        (true, 0) => "consent",
        (true, 1) => "probable cause",
        (true, 2) => "inventory",
        (true, 3) => "mixed: consent, not all discretionary",
        (true, 4) => "mixed: all discretionary",
        (true, 5) => "warrant",
        (true, _) => "not recorded",
    }
}

fn counted(
    workspace: &Workspace,
    requests: &[Tabulation],
) -> Vec<BTreeMap<Vec<String>, (u64, u64)>> {
    let config: StopsConfig = toml::from_str(STOPS).unwrap();
    let groups: Groups = toml::from_str("reference = 'white'\ncompare = ['black']").unwrap();
    let (periods, world) = (Periods::default(), World::new(None, NonZeroUsize::new(2)));
    let root = DataRoot::BesideStudy(workspace.path(""));
    let engine = Embedded {
        config: &config,
        files: vec!["stops.csv".into()],
        root: &root,
        groups: &groups,
        periods: &periods,
        sun: None,
        world: &world,
        smallest_shown: 0,
        counts_repeats: false,
    };
    let tables = engine.tabulate(requests).unwrap().tables;
    let cells = |table: &evenhand::cells::CellTable| {
        let cells = table.cells().iter();
        let counts = cells.map(|c| (c.key.clone(), (c.events, c.trials.unwrap_or_default())));
        counts.filter(|(_, counts)| *counts != (0, 0)).collect()
    };
    tables.iter().map(cells).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn keys_on_request_and_further_counts_are_those_of_rows_counted_one_by_one(
        stops in prop::collection::vec((0usize..2, 0usize..24, 0usize..7, any::<bool>(), any::<bool>(), any::<Option<bool>>(), any::<Option<bool>>()), 1..80)
    ) {
        // Where nothing is known of any row the study stops, which another test holds.
        prop_assume!(stops.iter().any(|stop| stop.5.is_some()));
        prop_assume!(stops.iter().any(|stop| stop.3 && stop.6.is_some()) || stops.iter().all(|stop| !stop.3));
        let workspace = Workspace::new();
        workspace.write("stops.csv", &csv_of(&stops));
        let request = |counts: &str, by: &[&str]| Tabulation {
            counts: counts.into(),
            by: by.iter().map(|&key| key.to_owned()).collect(),
            only: Only::default(),
            of: Rows::Known,
        };
        let found = counted(&workspace, &[
            request("hits", &["group", "search_basis"]),
            request("arrests", &["group", "hour", "weekday"]),
            request("weapons", &["group", "month"]),
        ]);
        let mut expected = vec![BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
        let mut add = |table: usize, key: &[&str], events: bool, trials: bool| {
            if trials {
                let key: Vec<String> = key.iter().map(|&part| part.to_owned()).collect();
                let cell: &mut (u64, u64) = expected[table].entry(key).or_default();
                *cell = (cell.0 + u64::from(events), cell.1 + 1);
            }
        };
        // The first of March 2013 was a Friday.
        let days = ["5 Friday", "6 Saturday", "7 Sunday", "1 Monday", "2 Tuesday", "3 Wednesday", "4 Thursday"];
        for stop in &stops {
            let &(race, hour, _, searched, hit, arrest, weapon) = stop;
            add(0, &[RACES[race], basis(stop)], hit, searched);
            add(1, &[RACES[race], &format!("{hour:02}"), days[hour % 7]], arrest == Some(true), arrest.is_some());
            add(2, &[RACES[race], "03"], weapon == Some(true), searched && weapon.is_some());
        }
        prop_assert_eq!(found, expected);
    }
}

/// 600 stops in which every rule of discretion finds other searches.
fn stops() -> Vec<Stop> {
    let stop = |i: usize| -> Stop {
        let race = usize::from(i.is_multiple_of(3));
        let searched = i % 5 < 3;
        let basis = (i / 5) % 7;
        (
            race,
            i % 24,
            basis,
            searched,
            i % 7 < 3,
            Some(i % 11 < 2),
            Some(i % 13 < 2),
        )
    };
    (0..2100).map(stop).collect()
}

fn study(analyses: &str) -> Workspace {
    let workspace = Workspace::new();
    let stops_table = STOPS.replace("counts = ", "missing = [\"\"]\ncounts = ");
    let text = format!(
        "format = 1\ntitle = \"Rules\"\n[groups]\nreference = \"white\"\ncompare = [\"black\"]\n[disclosure]\nmode = \"court\"\n[[stops]]\n{stops_table}{analyses}"
    );
    workspace
        .write("study.toml", &text)
        .write("stops.csv", &csv_of(&stops()));
    workspace
}

const TEST: &str = "[[outcome_test]]\ncounts = \"hits\"\nsearch_counts = \"searches\"\n";

/// Events and trials of an estimand, by group.
fn tally(results: &Value, estimand: &str, group: &str) -> (u64, u64) {
    let rows = objects(&results["findings"][0]);
    let row = rows
        .iter()
        .find(|row| row["estimand"] == estimand && row["group"] == group)
        .unwrap_or_else(|| panic!("no {estimand} of {group}"));
    (
        row["events"].as_u64().unwrap(),
        row["trials"].as_u64().unwrap(),
    )
}

#[test]
fn each_rule_of_discretion_takes_the_searches_that_it_names() {
    let of = |rule: &str, counts: &dyn Fn(usize) -> bool| {
        let found = adjusted::results(&study(&format!("{TEST}{rule}")));
        for (race, name) in RACES.iter().enumerate() {
            let stops = stops();
            let own = || stops.iter().filter(|stop| stop.0 == race);
            let searches = || own().filter(|stop| stop.3 && counts(stop.2));
            let count = |hits: usize| u64::try_from(hits).unwrap();
            let trials = count(searches().count());
            let hits = count(searches().filter(|stop| stop.4).count());
            assert_eq!(tally(&found, "hit_rate", name), (hits, trials), "{rule}");
            let all = count(own().count());
            assert_eq!(tally(&found, "search_rate", name), (trials, all), "{rule}");
        }
        found
    };
    of("searches = \"all\"", &|_| true);
    of("searches = \"consent\"\nmixed_basis = \"left_out\"", &|b| {
        b == 0
    });
    of("searches = \"consent\"\nmixed_basis = \"counted\"", &|b| {
        b == 0 || b == 3
    });
    of(
        "searches = \"discretionary\"\nmixed_basis = \"left_out\"",
        &|b| [0, 1, 4].contains(&b),
    );
    let found = of(
        "searches = \"discretionary\"\nmixed_basis = \"counted\"",
        &|b| [0, 1, 3, 4].contains(&b),
    );
    let finding = &found["findings"][0];
    let text = finding.to_string();
    assert!(
        text.contains("searches that have another basis too are counted"),
        "{text}"
    );
    assert!(text.contains("basis_not_recorded") && text.contains("infra_marginality"));
    let rows = objects(finding);
    let shares = rows
        .iter()
        .filter(|row| row["estimand"] == "share_of_searches" && row["group"] == "black");
    let sum: f64 = shares.map(|row| row["estimate"].as_f64().unwrap()).sum();
    assert!(
        (sum - 1.0).abs() < 1e-9,
        "shares of all searches add up to {sum}"
    );
}

#[test]
fn serious_finds_are_the_same_test_of_other_counts() {
    let found = adjusted::results(&study(
        "[[outcome_test]]\ncounts = \"weapons\"\nsearches = \"discretionary\"\nmixed_basis = \"left_out\"\n",
    ));
    let stops = stops();
    let own = || {
        stops
            .iter()
            .filter(|s| s.0 == 1 && s.3 && [0, 1, 4].contains(&s.2))
    };
    let weapons = own().filter(|s| s.6 == Some(true)).count();
    let expected = (weapons, own().count());
    let (events, trials) = tally(&found, "hit_rate", "black");
    assert_eq!((events, trials), (expected.0 as u64, expected.1 as u64));
}

fn refusal(workspace: &Workspace, words: &[&str]) {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "no `{word}` in {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_rule_that_cannot_be_followed_is_refused() {
    let rule = |text: &str| study(&format!("{TEST}{text}"));
    refusal(
        &rule("searches = \"discretionary\""),
        &["mixed_basis = \"counted\""],
    );
    refusal(
        &rule("searches = \"all\"\nmixed_basis = \"counted\""),
        &["says nothing"],
    );
    refusal(
        &rule(
            "searches = \"consent\"\nmixed_basis = \"counted\"\nonly = { search_basis = \"consent\" }",
        ),
        &["so does the rule"],
    );
    let discretion = "searches = \"discretionary\"\nmixed_basis = \"counted\"";
    let without = rule(discretion);
    without.change(
        "study.toml",
        ", search_basis = { column = \"basis\", missing = [\"NA\"] }",
        "",
    );
    refusal(&without, &["do not say why a search was made"]);
    let odd = rule(discretion);
    odd.change("stops.csv", "warrant", "a hunch");
    refusal(
        &odd,
        &["`a hunch`", "stops.csv", "names no basis of a search"],
    );
    let none = rule(discretion);
    let text = none.read("stops.csv");
    let text = [
        "consent|inventory",
        "K9; probable cause",
        "consent",
        "probable cause",
    ]
    .iter()
    .fold(text, |text, word| text.replace(word, "warrant"));
    none.write("stops.csv", &text);
    refusal(&none, &["no search has a basis that counts"]);
    let coded = rule(discretion);
    coded.change(
        "study.toml",
        "missing = [\"NA\"] }",
        "codes = { C = \"agreed\" } }",
    );
    refusal(&coded, &["`agreed` is no basis of a search"]);
}

#[test]
fn published_hits_are_split_only_by_a_basis_that_was_published() {
    let published = |keys: &str, csv: &str| {
        let workspace = Workspace::new();
        let text = format!(
            "format = 1\ntitle = \"t\"\n[groups]\nreference = \"white\"\ncompare = [\"black\"]\n[[counts]]\nname = \"hits\"\nfile = \"hits.csv\"\nkeys = {{ group = \"group\"{keys} }}\nevents = \"hits\"\ntrials = \"searches\"\n[[outcome_test]]\ncounts = \"hits\"\nsearches = \"consent\"\nmixed_basis = \"left_out\"\n"
        );
        workspace.write("study.toml", &text).write("hits.csv", csv);
        workspace
    };
    let csv = "group,basis,hits,searches\nwhite,consent,10,50\nwhite,warrant,9,20\nblack,consent,20,60\nblack,warrant,8,30\n";
    let plain = "group,hits,searches\nwhite,19,70\nblack,28,90\n";
    refusal(&published("", plain), &["cannot be split"]);
    let found = adjusted::results(&published(", search_basis = \"basis\"", csv));
    assert_eq!(tally(&found, "hit_rate", "black"), (20, 60));
    let odd = csv.replace("warrant", "Search Warrant");
    refusal(
        &published(", search_basis = \"basis\"", &odd),
        &["`Search Warrant`"],
    );
}

#[test]
fn a_rule_that_leaves_nothing_out_is_remarked_on() {
    let workspace = study(&format!(
        "{TEST}searches = \"discretionary\"\nmixed_basis = \"counted\""
    ));
    let text = workspace.read("stops.csv");
    let text = ["inventory", "warrant", "NA"].iter().fold(
        text.replace("consent|inventory", "consent"),
        |text, word| text.replace(word, "consent"),
    );
    workspace.write("stops.csv", &text);
    let text = adjusted::results(&workspace).to_string();
    assert!(text.contains("rule_leaves_nothing_out"), "{text}");
}

/// Few searches by one basis of one group: neither they nor what would give them back are shown to the public.
#[test]
fn a_small_cell_of_basis_and_group_is_withheld() {
    let workspace = study(&format!(
        "{TEST}searches = \"consent\"\nmixed_basis = \"left_out\"\n[[outcome_test]]\nname = \"every\"\ncounts = \"hits\"\nsearches = \"all\"\n"
    ));
    workspace.change("study.toml", "mode = \"court\"", "mode = \"public\"");
    let header = "day,clock,race,searched,hit,basis,arrest,weapon\n".to_owned();
    let rows = |n: usize, rest: &str| format!("2013-03-01,10:00,{rest}\n").repeat(n);
    let text = header
        + &rows(400, "white,0,0,NA,0,0")
        + &rows(300, "black,0,0,NA,0,0")
        + &rows(60, "white,1,0,consent,0,0")
        + &rows(40, "white,1,1,consent,0,0")
        + &rows(50, "white,1,1,warrant,0,0")
        + &rows(30, "black,1,0,consent,0,0")
        + &rows(20, "black,1,1,consent,0,0")
        + &rows(30, "black,1,0,warrant,0,0")
        + &rows(4, "black,1,1,warrant,0,0");
    workspace.write("stops.csv", &text);
    let found = adjusted::results(&workspace);
    // 24 hits of 84 searches, 20 of 50 by consent: the difference is 4 hits.
    let shown = |finding: usize| {
        let rows = objects(&found["findings"][finding]);
        let row = rows
            .iter()
            .find(|row| row["estimand"] == "hit_rate" && row["group"] == "black");
        row.unwrap()["events"].as_u64()
    };
    assert!(
        shown(0).is_none() || shown(1).is_none(),
        "4 hits follow from {:?} and {:?}",
        shown(0),
        shown(1)
    );
}

#[test]
fn further_counts_are_held_against_the_table() {
    let regression = "[[regression]]\ncounts = \"arrests\"\nadjust = [\"weekday\"]\n";
    let found = adjusted::results(&study(regression));
    assert!(adjusted::row(&found, "adjusted_odds_ratio", "")["estimate"].is_number());
    let twice = study(regression);
    twice.change("study.toml", "name = \"weapons\"", "name = \"arrests\"");
    refusal(&twice, &["other counts are called `arrests`"]);
    let records = study(regression);
    records.change(
        "study.toml",
        "unit = \"stop\"",
        "unit = \"stop\"\nsame_stop = [\"day\"]",
    );
    refusal(&records, &["several rows are records of one stop"]);
    let silent = study(regression);
    silent.change(
        "study.toml",
        "column = { column = \"arrest\", unclear",
        "column = { column = \"arrest\", yes = [\"Y\"], no = [\"N\"], unclear",
    );
    refusal(&silent, &["no row says whether it is one of `arrests`"]);
}

#[test]
fn a_panel_is_refused_beside_a_rule() {
    let table =
        format!("{TEST}searches = \"consent\"\nmixed_basis = \"counted\"\nmissing = \"panel\"\n");
    refusal(
        &study(&table),
        &[
            "no panel of missing groups",
            "the rule looks at some of them",
            "only = { search_basis = [\"consent\", ",
        ],
    );
}

#[test]
fn a_key_that_only_restricts_is_counted_by() {
    let count = |race: usize, is_in: &dyn Fn(&Stop) -> bool| {
        let stops = stops();
        let all = stops.iter().filter(|stop| stop.0 == race && is_in(stop));
        u64::try_from(all.count()).unwrap()
    };
    let rates = |counts: &str, only: &str| {
        let table = format!("[[rates]]\ncounts = \"{counts}\"\nonly = {{ {only} }}\n");
        adjusted::results(&study(&table))
    };
    let by_hour = rates("searches", "hour = \"02\"");
    let by_day = rates("searches", "weekday = \"5 Friday\"");
    let by_basis = rates("hits", "search_basis = \"consent\"");
    let of_rows = rates("arrests", "hour = \"02\"");
    for (race, name) in RACES.iter().enumerate() {
        let of = |events: &dyn Fn(&Stop) -> bool, trials: &dyn Fn(&Stop) -> bool| {
            (
                count(race, &|s| trials(s) && events(s)),
                count(race, trials),
            )
        };
        let found = |results: &Value| tally(results, "proportion", name);
        assert_eq!(found(&by_hour), of(&|s| s.3, &|s| s.1 == 2));
        assert_eq!(found(&by_day), of(&|s| s.3, &|s| s.1 % 7 == 0));
        assert_eq!(found(&by_basis), of(&|s| s.4, &|s| s.3 && s.2 == 0));
        let said = |s: &Stop| s.1 == 2 && s.5.is_some();
        assert_eq!(found(&of_rows), of(&|s| s.5 == Some(true), &said));
    }
}

#[test]
fn a_restriction_of_further_counts_is_held_against_all_rows() {
    let rates = |only: &str| {
        study(&format!(
            "[[rates]]\ncounts = \"arrests\"\nonly = {{ {only} }}\n"
        ))
    };
    // The first of March 2013 was a Friday, and only hours 00, 07, 14 and 21 are of that day.
    refusal(
        &rates("hour = \"01\", weekday = \"5 Friday\""),
        &["`only` leaves nothing of counts `arrests`"],
    );
    refusal(
        &rates("weekday = \"5 Fridey\""),
        &["weekday = \"5 Fridey\"", "did you mean `5 Friday`?"],
    );
}
/// Group, hits and searches of two towns, all and by consent.
#[cfg(unix)]
const ALL_HITS: [(&str, u64, u64); 3] = [
    ("White, non-Hispanic", 48, 102),
    ("Black", 21, 89),
    ("Hispanic", 8, 28),
];
#[cfg(unix)]
const BY_CONSENT: [(&str, u64, u64); 3] = [
    ("White, non-Hispanic", 11, 29),
    ("Black", 4, 43),
    ("Hispanic", 0, 5),
];

/// Rows of two towns of Connecticut, counted once more with Python's `csv` for these numbers.
#[test]
#[cfg(unix)]
fn two_towns_of_connecticut_are_counted_by_rule() {
    const FOLDER: &str = "stops-connecticut-2013-2018";
    let Some(data) = public("") else { return };
    let workspace = Workspace::new();
    std::os::unix::fs::symlink(data.join(FOLDER), workspace.path(FOLDER)).unwrap();
    let study = root().join("tests/studies_with_data/connecticut-outcome.toml");
    workspace.write("study.toml", &std::fs::read_to_string(study).unwrap());
    let found = adjusted::results(&workspace);
    let of = |finding: usize, group: &str| {
        let rows = objects(&found["findings"][finding]);
        let is_it = |row: &&Value| row["estimand"] == "hit_rate" && row["group"] == group;
        let row = rows.iter().find(is_it).unwrap();
        (
            row["events"].as_u64().unwrap(),
            row["trials"].as_u64().unwrap(),
        )
    };
    assert_eq!(
        ALL_HITS.map(|(group, ..)| of(0, group)),
        ALL_HITS.map(|(_, hits, searches)| (hits, searches))
    );
    assert_eq!(
        BY_CONSENT.map(|(group, ..)| of(1, group)),
        BY_CONSENT.map(|(_, hits, searches)| (hits, searches))
    );
}

/// Made-up stops: hit rates, whatever the basis, are those of `truth.json` within the interval to be quoted.
#[test]
fn made_up_stops_have_the_hit_rates_that_are_true_of_them() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    let arguments = [
        "run",
        "datasets/studies/outcome.toml",
        "--out",
        out.to_str().unwrap(),
        "--quiet",
    ];
    let outcome = crate::harness::run(root(), &arguments);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let read = |path: &std::path::Path| -> Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let found = read(&out.join("results.json"));
    let truth = read(&root().join("datasets/simulated/field-tests/truth.json"));
    for (finding, group) in (0..2).flat_map(|finding| (0..3).map(move |group| (finding, group))) {
        let truth = &truth["groups"][group];
        let name = ["White", "Black", "Hispanic"][group];
        let rows = objects(&found["findings"][finding]);
        let is_it = |row: &&Value| {
            row["estimand"] == "hit_rate" && row["group"] == name && row["quoted"] == "yes"
        };
        let row = rows.iter().find(is_it).unwrap();
        let [low, high] = ["conf_low", "conf_high"].map(|end| row[end].as_f64().unwrap());
        let rate = truth["hit_rate"].as_f64().unwrap();
        assert!(
            (low..=high).contains(&rate),
            "{name}: {rate} is not in {low} to {high}"
        );
    }
}
