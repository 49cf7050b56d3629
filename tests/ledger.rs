//! Where every row went: records of one stop, exact duplicates, and what `check` says and draws of them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use evenhand::cells::{Cell, CellTable, Groups, Only, Rows, Tabulate, Tabulated, Tabulation};
use evenhand::engines::Embedded;
use evenhand::error::Error;
use evenhand::ingest::{DataRoot, Periods, StopsConfig};
use evenhand::stops::Repeats;
use evenhand::world::World;
use proptest::prelude::*;

use crate::harness::Workspace;

const HEADER: &str = "id,city,race,officer,searched,hit\n";

/// A record: what stands in its columns.
type Line = [&'static str; 6];

/// How a study reads the lines.
fn config(files: &[String], same_stop: &str) -> StopsConfig {
    let text = format!(
        "files = {files:?}
         unit = 'stop'
         same_stop = {same_stop}
         columns = {{ group = 'race', place = 'city', searched = 'searched', hit = 'hit', officer = 'officer' }}
         outcomes = {{ yes = ['yes'], no = ['no'], unclear = 'missing' }}"
    );
    toml::from_str(&text).unwrap()
}

fn groups() -> Groups {
    toml::from_str("reference = 'white'\ncompare = ['black']\nunknown = 'missing'").unwrap()
}

fn requests() -> Vec<Tabulation> {
    ["stops", "searches", "hits"]
        .map(|counts| Tabulation {
            counts: counts.into(),
            by: vec!["place".into(), "group".into()],
            only: Only::default(),
            of: Rows::Known,
        })
        .to_vec()
}

fn count(
    workspace: &Workspace,
    (files, same_stop): (&[String], &str),
    world: &World,
) -> Result<Tabulated, Error> {
    let config = config(files, same_stop);
    let root = DataRoot::BesideStudy(workspace.path(""));
    Embedded {
        config: &config,
        files: config.all_files(world, &root)?,
        root: &root,
        groups: &groups(),
        periods: &Periods::default(),
        sun: None,
        world,
        smallest_shown: 0,
        counts_repeats: true,
    }
    .tabulate(&requests())
}

fn csv_of<'l>(lines: impl IntoIterator<Item = &'l Line>) -> String {
    let rows = lines
        .into_iter()
        .map(|line| format!("{}\n", line.join(",")));
    format!("{HEADER}{}", rows.collect::<String>())
}

/// What the oracle counts of lines.
#[derive(Debug, PartialEq)]
struct Expected {
    tables: Vec<CellTable>,
    kept: u64,
    dropped: BTreeMap<String, u64>,
}

/// Stops by brute force: every record against every other.
fn oracle(lines: &[Line], is_exact: bool) -> Expected {
    let mut dropped: BTreeMap<String, u64> = BTreeMap::new();
    let mut drop = |rule: &str, rows: usize| {
        *dropped.entry(rule.into()).or_default() += rows as u64;
    };
    let known: Vec<&Line> = lines.iter().filter(|line| !line[2].is_empty()).collect();
    drop("group blank or unlisted", lines.len() - known.len());
    let is_same = |a: &Line, b: &Line| {
        if is_exact {
            a == b
        } else {
            !a[0].is_empty() && a[0] == b[0]
        }
    };
    let mut cells: [Vec<Cell>; 3] = Default::default();
    let mut kept = 0;
    for (i, line) in known.iter().enumerate() {
        let is_further = known[..i].iter().any(|earlier| is_same(earlier, line));
        if is_further {
            continue;
        }
        let later = known[i + 1..].iter().filter(|other| is_same(line, other));
        let records: Vec<&Line> = std::iter::once(*line).chain(later.copied()).collect();
        let differ = |column: usize| records.iter().any(|other| other[column] != line[column]);
        let disagreed = [(2, "group"), (1, "place"), (3, "officer")]
            .into_iter()
            .find(|(column, _)| differ(*column));
        if let Some((_, key)) = disagreed {
            drop(
                &format!("records of one stop disagree about {key}"),
                records.len(),
            );
            continue;
        }
        kept += 1;
        drop("further record of the same stop", records.len() - 1);
        let any = |column: usize, word: &str| records.iter().any(|record| record[column] == word);
        let searched = any(4, "yes");
        let is_known = searched || records.iter().all(|record| record[4] == "no");
        let hit = searched && any(5, "yes");
        let of_searches = records.iter().filter(|record| record[4] == "yes");
        let hit_known = searched && (hit || of_searches.clone().all(|record| record[5] == "no"));
        let counted = [
            (1, None),
            (u64::from(searched), Some(u64::from(is_known))),
            (u64::from(hit), Some(u64::from(hit_known))),
        ];
        for (cells, (events, trials)) in cells.iter_mut().zip(counted) {
            cells.push(Cell {
                key: vec![line[1].into(), line[2].into()],
                events,
                trials,
            });
        }
    }
    let shown: Vec<String> = groups().shown().map(str::to_owned).collect();
    let keys = vec!["place".to_owned(), "group".to_owned()];
    let table = |cells| {
        CellTable::new(keys.clone(), cells)
            .unwrap()
            .with_zeros(&shown)
    };
    dropped.retain(|_, rows| *rows > 0);
    Expected {
        tables: cells.map(table).to_vec(),
        kept,
        dropped,
    }
}

fn found(tabulated: &Tabulated) -> Expected {
    let ledger = &tabulated.ledger[0];
    let dropped = ledger.dropped.iter().filter(|dropped| dropped.rows > 0);
    Expected {
        tables: tabulated.tables.clone(),
        kept: ledger.rows_kept,
        dropped: dropped.map(|d| (d.rule.clone(), d.rows)).collect(),
    }
}

fn repeated(lines: &[Line]) -> u64 {
    (lines.len() - lines.iter().collect::<BTreeSet<_>>().len()) as u64
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    // Mostly equal words, so that stops have records that agree, and some that do not.
    let word = |words: &'static [&'static str]| prop::sample::select(words);
    let line = (
        word(&["", "1", "2", "3", "4", "5", "6", "7"]),
        word(&["Alpha", "Alpha", "Alpha", "Alpha", "Beta"]),
        word(&["white", "white", "white", "black", ""]),
        word(&["o1", "o1", "o1", "o1", "o2"]),
        word(&["yes", "no", "?"]),
        word(&["yes", "no", "?"]),
    );
    let line = line.prop_map(|(id, city, race, officer, searched, hit)| {
        [id, city, race, officer, searched, hit]
    });
    prop::collection::vec(line, 1..90)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_of_one_stop_are_the_stop_in_any_order_files_threads_and_memory(
        lines in lines(),
        (files, threads, block) in (1usize..4, 1usize..5, 1usize..400),
        (shift, is_exact, is_spilled) in (0usize..90, any::<bool>(), any::<bool>()),
    ) {
        let expected = oracle(&lines, is_exact);
        prop_assume!(expected.kept > 0);
        let known_searches: u64 = expected.tables[1].cells().iter().filter_map(|cell| cell.trials).sum();
        prop_assume!(known_searches > 0);
        let mut turned = lines.clone();
        turned.rotate_left(shift % lines.len());
        turned[..lines.len() / 2].reverse();
        let workspace = Workspace::new();
        let mut names = Vec::new();
        let mut of_files = Vec::new();
        for (i, part) in turned.chunks(lines.len().div_ceil(files)).enumerate() {
            names.push(format!("{i}.csv"));
            of_files.push(Repeats { file: Some(format!("{i}.csv")), rows: part.len() as u64, repeated: repeated(part) });
            workspace.write(&names[i], &csv_of(part));
        }
        if names.len() > 1 {
            of_files.push(Repeats { file: None, rows: lines.len() as u64, repeated: repeated(&lines) });
        }
        let world = World::new(None, NonZeroUsize::new(threads))
            .in_blocks_of(NonZeroUsize::new(block).unwrap())
            .with_memory(if is_spilled { 0 } else { 1 << 20 });
        let same_stop = if is_exact { "'exact'" } else { "['id']" };
        let counted = count(&workspace, (&names, same_stop), &world).unwrap();
        prop_assert_eq!(found(&counted), expected);
        prop_assert_eq!(counted.ledger[0].rows_in, lines.len() as u64);
        prop_assert_eq!(counted.repeats, of_files);
    }
}

const STUDY: &str = "format = 1
title = 'Rows'
[groups]
reference = 'white'
compare = ['black']
unknown = 'missing'
[disclosure]
mode = 'court'
[[stops]]
files = ['a.csv', 'b.csv']
unit = 'stop'
columns = { group = 'race', place = 'city', date = 'date', searched = 'searched', hit = 'hit' }
[[stops.filter]]
drop = 'on foot'
where = { kind = 'foot' }
[[stops.filter]]
drop = 'in a boat'
where = { kind = 'boat' }
[[disparity]]
counts = 'searches'
";

/// Two files: in each 40 rows a month of three months, the second of them without any, and some rows written twice.
fn rows_of_files() -> Workspace {
    let workspace = Workspace::new();
    let header = "id,date,city,race,kind,searched,hit\n";
    let mut files = [String::from(header), String::from(header)];
    for i in 0..160 {
        let (file, month) = (i % 2, if i < 80 { 1 } else { 3 });
        let race = ["white", "black", "white", "black", ""][i / 2 % 5];
        let kind = if i % 16 == 0 { "foot" } else { "car" };
        let searched = if i % 3 == 0 { "yes" } else { "no" };
        let row = format!("{i},2020-{month:02}-05,Alpha,{race},{kind},{searched},no\n");
        // 24 rows of the first file stand there twice, and 2 of the second.
        let is_twice = (file == 0 && i < 48) || (file == 1 && i < 4);
        files[file].push_str(&row.repeat(1 + usize::from(is_twice)));
    }
    // Five rows of a month of their own, of which one stands in both files.
    for i in 0..5 {
        files[0].push_str(&format!("x{i},2020-04-05,Beta,white,car,no,no\n"));
    }
    files[1].push_str("x0,2020-04-05,Beta,white,car,no,no\n");
    workspace
        .write("a.csv", &files[0])
        .write("b.csv", &files[1]);
    workspace.write("study.toml", STUDY);
    workspace
}

fn checked(workspace: &Workspace, arguments: &[&str]) -> String {
    let all = [&["check", "study.toml"], arguments].concat();
    let outcome = workspace.evenhand(&all);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    outcome.stdout
}

/// The words of the line that has some words, single blanks between them.
fn line(text: &str, words: &str) -> String {
    let found = text.lines().find(|line| line.contains(words));
    let found = found.unwrap_or_else(|| panic!("no `{words}` in: {text}"));
    found.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn check_states_every_rule_and_what_repeats() {
    let workspace = rows_of_files();
    let text = checked(&workspace, &[]);
    assert_eq!(line(&text, "rows in"), "rows in 192 100 %");
    // 10 rows are on foot, the 3 of them among the first 48 twice.
    assert_eq!(line(&text, "on foot"), "dropped: on foot 13 6.77 %");
    assert_eq!(line(&text, "in a boat"), "dropped: in a boat 0 never fired");
    assert_eq!(
        line(&text, "a.csv: "),
        "a.csv: 22.0 % of rows are equal to an earlier row in every column (24 of 109)"
    );
    assert!(line(&text, "b.csv: ").ends_with("(2 of 83)"));
    assert!(line(&text, "all files together: ").ends_with("(27 of 192)"));
    // Once as a caution; the rule that comes from no filter is not said to be silent.
    assert_eq!(text.matches("never fired").count(), 1);
    let json: serde_json::Value = serde_json::from_str(&checked(&workspace, &["--json"])).unwrap();
    assert_eq!(
        json["rows"]["never_fired"],
        serde_json::json!(["in a boat"])
    );
    assert_eq!(json["rows"]["repeats"][2]["repeated"], 27);
    assert_eq!(json["rows"]["coverage"]["months"][3]["rows"], 6);
}

#[test]
fn a_stop_counts_once_and_rows_that_say_nothing_of_it_are_their_own() {
    let workspace = rows_of_files();
    workspace.change(
        "study.toml",
        "unit = 'stop'",
        "unit = 'stop'\nsame_stop = ['id']",
    );
    let text = checked(&workspace, &[]);
    let before: u64 = 27 - 3;
    assert!(
        !text.contains("of its own"),
        "every row names its stop: {text}"
    );
    // Of 27 rows that repeat one, 3 are on foot and some have no group: the rest are further records.
    let further = line(&text, "further record of the same stop");
    let kept = line(&text, "kept");
    let number = |words: &str| -> u64 {
        let found = words.split(' ').find_map(|word| word.parse().ok());
        found.unwrap()
    };
    assert!(number(&further) > 0 && number(&further) < before);
    let open = checked(
        workspace.change("study.toml", "same_stop = ['id']\n", ""),
        &[],
    );
    assert_eq!(
        number(&line(&open, "kept")),
        number(&kept) + number(&further)
    );
    workspace.change(
        "study.toml",
        "unit = 'stop'",
        "unit = 'stop'\nsame_stop = ['id']\nmissing = ['x0']",
    );
    let text = checked(&workspace, &[]);
    assert!(
        line(&text, "of its own").starts_with("2 rows say nothing in a column that makes a stop")
    );
    assert_eq!(number(&line(&text, "kept")), number(&kept) + 1);
    workspace.change("study.toml", "same_stop = ['id']", "same_stop = ['plate']");
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("a.csv:1: column `plate`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_public_is_told_no_small_number_by_text_or_chart() {
    let workspace = rows_of_files();
    workspace.change("study.toml", "mode = 'court'", "mode = 'public'");
    let text = checked(&workspace, &["--charts", "seen"]);
    assert!(line(&text, "a.csv: ").starts_with("a.csv: 22 % of rows"));
    assert!(!line(&text, "a.csv: ").contains("24"));
    assert!(line(&text, "b.csv: ").starts_with("b.csv: fewer than 10 rows"));
    let coverage = workspace.read("seen/coverage.csv");
    let rows: Vec<Vec<&str>> = coverage.lines().map(|l| l.split(',').collect()).collect();
    assert_eq!(
        rows[0],
        [
            "month",
            "rows",
            "share_without_group",
            "share_without_place",
            "share_without_search"
        ]
    );
    let months: Vec<(&str, &str)> = rows[1..].iter().map(|row| (row[0], row[1])).collect();
    // 98 and 75 rows that no filter dropped, none, and 6.
    assert_eq!(
        months,
        [
            ("2020-01", "100"),
            ("2020-02", "0"),
            ("2020-03", "80"),
            ("2020-04", "")
        ]
    );
    let json = checked(&workspace, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(json["rows"]["repeats"][0].get("repeated").is_none());
    assert!(json["rows"]["coverage"]["months"][3]["rows"].is_null());
}

#[test]
fn charts_are_a_new_folder_of_pictures_with_their_data() {
    let workspace = rows_of_files();
    checked(&workspace, &["--charts", "seen"]);
    let files = ["coverage", "ledger"]
        .into_iter()
        .flat_map(|name| ["svg", "png", "csv"].map(|extension| format!("seen/{name}.{extension}")));
    for file in files {
        assert!(workspace.path(&file).is_file(), "{file}");
    }
    let drawn = workspace.read("seen/coverage.svg");
    assert!(
        drawn.contains("2020-02 is without rows"),
        "the alternative text"
    );
    assert!(drawn.contains("month without rows"), "the legend");
    let ledger = workspace.read("seen/ledger.csv");
    assert!(ledger.contains("\nin,,192,1\n"), "{ledger}");
    assert!(ledger.contains("\ndropped,in a boat,0,0\n"), "{ledger}");
    let kept: Vec<&str> = ledger.lines().filter(|l| l.starts_with("kept,")).collect();
    let rows: u64 = ledger
        .lines()
        .filter(|line| line.starts_with("dropped,") || line.starts_with("kept,"))
        .map(|line| line.split(',').nth(2).unwrap().parse::<u64>().unwrap())
        .sum();
    assert_eq!((kept.len(), rows), (1, 192));
    let before = workspace.files();
    let outcome = workspace.evenhand(&["check", "study.toml", "--charts", "seen"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("seen is there already"),
        "{}",
        outcome.stderr
    );
    assert_eq!(workspace.files(), before);
    let published = Workspace::small();
    let outcome = published.evenhand(&["check", "study.toml", "--charts", "seen"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("this study counts none"),
        "{}",
        outcome.stderr
    );
}
