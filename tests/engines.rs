//! The embedded engine against an oracle: a dictionary of rows, written without any of its code.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use evenhand::cells::{Cell, CellTable, Groups, Only, Tabulate, Tabulated, Tabulation};
use evenhand::engines::Embedded;
use evenhand::error::Error;
use evenhand::ingest::{DataRoot, Periods, StopsConfig};
use evenhand::world::World;
use proptest::prelude::*;

use crate::harness::Workspace;

/// Rows as a dictionary of columns, counted one by one.
struct Dictionary {
    rows: Vec<BTreeMap<&'static str, String>>,
    groups: Vec<String>,
}

impl Tabulate for Dictionary {
    fn tabulate(&self, requests: &[Tabulation]) -> Result<Tabulated, Error> {
        let tables = requests.iter().map(|request| self.one(request)).collect();
        Ok(Tabulated {
            tables,
            ..Tabulated::default()
        })
    }
}

impl Dictionary {
    fn one(&self, request: &Tabulation) -> CellTable {
        let mut cells = Vec::new();
        for row in self
            .rows
            .iter()
            .filter(|row| request.only.passes(|key| row.get(key).map(String::as_str)))
        {
            let key: Vec<String> = request
                .by
                .iter()
                .map(|key| row[key.as_str()].clone())
                .collect();
            let yes = |name: &str| u64::from(row[name] == "yes");
            let (events, trials) = match request.counts.as_str() {
                "stops" => (1, None),
                "searches" => (yes("searched"), Some(1)),
                _ => (yes("searched") * yes("hit"), Some(yes("searched"))),
            };
            cells.push(Cell {
                key,
                events,
                trials,
            });
        }
        CellTable::new(request.by.clone(), cells)
            .unwrap()
            .with_zeros(&self.groups)
    }
}

const CONFIG: &str = "files = ['stops.csv']\nunit = 'stop'\ncolumns = { group = 'race', place = 'city', searched = 'searched', hit = 'hit', officer = 'officer' }";

fn groups() -> Groups {
    toml::from_str("reference = 'white'\ncompare = ['black', 'hispanic']").unwrap()
}

fn requests() -> Vec<Tabulation> {
    let request = |counts: &str, by: &[&str], only: Only| Tabulation {
        counts: counts.into(),
        by: by.iter().map(|&k| k.to_owned()).collect(),
        only,
    };
    let alpha: Only = toml::from_str("place = 'Alpha'").unwrap();
    vec![
        request("stops", &["place", "group"], Only::default()),
        request("searches", &["group", "officer"], Only::default()),
        request("hits", &["place", "group"], Only::default()),
        request("searches", &["group"], alpha),
    ]
}

fn embedded(workspace: &Workspace, files: &[&str], threads: usize) -> Tabulated {
    let config: StopsConfig =
        toml::from_str(&CONFIG.replace("['stops.csv']", &format!("{files:?}"))).unwrap();
    let (groups, periods) = (groups(), Periods::default());
    let root = DataRoot::BesideStudy(workspace.path(""));
    let world = World::new(None, NonZeroUsize::new(threads));
    Embedded {
        config: &config,
        files: config.all_files(&world, &root).unwrap(),
        root: &root,
        groups: &groups,
        periods: &periods,
        world: &world,
        smallest_shown: 0,
    }
    .tabulate(&requests())
    .unwrap()
}

type Stop = (usize, usize, usize, bool, bool);

fn dictionary(stops: &[Stop]) -> Dictionary {
    let row = |&(city, race, officer, searched, hit): &Stop| {
        let yes_or_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        BTreeMap::from([
            ("place", ["Alpha", "Beta"][city].to_owned()),
            ("group", ["white", "black", "hispanic"][race].to_owned()),
            ("officer", format!("o{officer}")),
            ("searched", yes_or_no(searched)),
            ("hit", yes_or_no(searched && hit)),
        ])
    };
    Dictionary {
        rows: stops.iter().map(row).collect(),
        groups: groups().shown().map(str::to_owned).collect(),
    }
}

fn csv_of(dictionary: &Dictionary) -> String {
    let rows = dictionary.rows.iter().map(|row| {
        format!(
            "{},{},{},{},{}\n",
            row["place"], row["group"], row["officer"], row["searched"], row["hit"]
        )
    });
    format!(
        "city,race,officer,searched,hit\n{}",
        rows.collect::<String>()
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_gives_the_cells_of_the_oracle(stops in prop::collection::vec((0usize..2, 0usize..3, 0usize..4, any::<bool>(), any::<bool>()), 1..120), cut in 0usize..120) {
        let oracle = dictionary(&stops);
        let expected = oracle.tabulate(&requests()).unwrap().tables;
        let workspace = Workspace::new();
        workspace.write("stops.csv", &csv_of(&oracle));
        prop_assert_eq!(&embedded(&workspace, &["stops.csv"], 1).tables, &expected);

        // The same rows backwards and in two files, with two threads.
        let cut = cut.min(stops.len() - 1).max(1).min(stops.len());
        if cut < stops.len() {
            let backwards: Vec<Stop> = stops.iter().rev().copied().collect();
            workspace.write("a.csv", &csv_of(&dictionary(&backwards[..cut]))).write("b.csv", &csv_of(&dictionary(&backwards[cut..])));
            prop_assert_eq!(&embedded(&workspace, &["a.csv", "b.csv"], 2).tables, &expected);
        }
    }
}

#[test]
fn more_rows_than_a_batch_are_counted_once_each() {
    let stops: Vec<Stop> = (0..150_000)
        .map(|i| (i % 2, i % 3, i % 4, i % 10 == 0, i % 20 == 0))
        .collect();
    let oracle = dictionary(&stops);
    let workspace = Workspace::new();
    workspace.write("stops.csv", &csv_of(&oracle));
    let counted = embedded(&workspace, &["stops.csv"], 2);
    assert_eq!(counted.tables, oracle.tabulate(&requests()).unwrap().tables);
    assert_eq!(counted.ledger[0].rows_in, 150_000);
    assert_eq!(counted.ledger[0].rows_kept, 150_000);
}

#[test]
fn rows_that_do_not_say_what_the_study_expects_are_refused_with_their_line() {
    let cases = [
        (
            "city,race,officer,searched,hit\nAlpha,white,o1,maybe,no\n",
            ":2",
            "`maybe`, neither yes nor no",
        ),
        (
            "city,race,officer,searched,hit\nAlpha,white,o1,no,no\nAlpha,purple,o1,no,no\n",
            ":3",
            "`purple`",
        ),
        (
            "city,race,officer,searched,hit\nAlpha,white,o1\n",
            ":2",
            "3 fields",
        ),
    ];
    for (text, line, words) in cases {
        let workspace = Workspace::new();
        workspace.write("stops.csv", text);
        let config: StopsConfig = toml::from_str(CONFIG).unwrap();
        let (groups, periods, world) = (groups(), Periods::default(), World::new(None, None));
        let root = DataRoot::BesideStudy(workspace.path(""));
        let error = Embedded {
            config: &config,
            files: config.all_files(&world, &root).unwrap(),
            root: &root,
            groups: &groups,
            periods: &periods,
            world: &world,
            smallest_shown: 0,
        }
        .tabulate(&requests())
        .unwrap_err();
        assert!(
            error.to_string().contains(line) && error.to_string().contains(words),
            "{error}"
        );
    }
}

#[test]
fn dates_are_dates_and_a_serial_number_gets_a_hint() {
    let config =
        "files = ['stops.csv']\nunit = 'stop'\ncolumns = { group = 'race', date = 'date' }";
    for (date, words) in [
        ("44197", "column `date`"),
        ("2021-13-01", "`2021-13-01`"),
        ("01/02/2021", "`01/02/2021`"),
        ("", "a blank"),
    ] {
        let workspace = Workspace::new();
        workspace.write(
            "stops.csv",
            &format!("date,race\n2021-01-01,white\n{date},white\n"),
        );
        let config: StopsConfig = toml::from_str(config).unwrap();
        let (groups, periods, world) = (groups(), Periods::default(), World::new(None, None));
        let root = DataRoot::BesideStudy(workspace.path(""));
        let request = Tabulation {
            counts: "stops".into(),
            by: vec!["group".into(), "year".into()],
            only: Only::default(),
        };
        let error = Embedded {
            config: &config,
            files: config.all_files(&world, &root).unwrap(),
            root: &root,
            groups: &groups,
            periods: &periods,
            world: &world,
            smallest_shown: 0,
        }
        .tabulate(&[request])
        .unwrap_err();
        assert!(
            error.to_string().contains(words) && error.to_string().contains(":3"),
            "{error}"
        );
        assert_eq!(
            error.hint().unwrap().contains("serial number"),
            date == "44197"
        );
    }
}

#[test]
fn the_path_of_a_file_below_a_data_folder_loses_its_leading_dots() {
    let below = DataRoot::Below("datasets".into());
    assert_eq!(
        below.locate("../287g-counties/stops.csv"),
        Path::new("datasets/287g-counties/stops.csv")
    );
}
