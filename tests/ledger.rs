//! Where every row went: records of one stop, exact duplicates, and what `check` says and draws of them.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;

use evenhand::cells::{Cell, CellTable, Groups, Only, Tabulate, Tabulated, Tabulation};
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
