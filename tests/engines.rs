//! The embedded engine against an oracle: a dictionary of rows, written without any of its code.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::Path;

use evenhand::cells::{Cell, CellTable, Groups, Only, Rows, Tabulate, Tabulated, Tabulation};
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
                .map(|key| row[key.as_str()].trim().to_owned())
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
        of: Rows::Known,
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
    let world = World::new(None, NonZeroUsize::new(threads));
    counted(workspace, files, &world).unwrap()
}

fn counted(workspace: &Workspace, files: &[&str], world: &World) -> Result<Tabulated, Error> {
    let config: StopsConfig =
        toml::from_str(&CONFIG.replace("['stops.csv']", &format!("{files:?}"))).unwrap();
    let (groups, periods) = (groups(), Periods::default());
    let root = DataRoot::BesideStudy(workspace.path(""));
    Embedded {
        config: &config,
        files: config.all_files(world, &root).unwrap(),
        root: &root,
        groups: &groups,
        periods: &periods,
        sun: None,
        world,
        smallest_shown: 0,
        counts_repeats: false,
    }
    .tabulate(&requests())
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

/// How a file is written: nothing of it may matter.
#[derive(Debug, Clone)]
struct Hand {
    line_break: &'static str,
    blank_after: usize,
    quote_from: usize,
    ends_with_break: bool,
}

fn hand() -> impl Strategy<Value = Hand> {
    let parts = (any::<bool>(), 1usize..6, 0usize..8, any::<bool>());
    parts.prop_map(|(crlf, blank_after, quote_from, ends_with_break)| Hand {
        line_break: if crlf { "\r\n" } else { "\n" },
        blank_after,
        quote_from,
        ends_with_break,
    })
}

/// The rows with quoted line breaks and quotes in an officer's name, and on which line and byte each begins.
fn written(rows: &[[String; 5]], hand: &Hand) -> (Vec<u8>, Vec<(usize, usize)>) {
    let mut text = format!("city,race,officer,searched,hit{}", hand.line_break);
    let mut starts = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        if i % hand.blank_after == 0 {
            text.push_str(hand.line_break);
        }
        starts.push((1 + text.matches('\n').count(), text.len()));
        let quoted = |(column, field): (usize, &String)| {
            if (i + column) % 8 >= hand.quote_from || field.contains(['\n', '"']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.clone()
            }
        };
        let fields: Vec<String> = row.iter().enumerate().map(quoted).collect();
        text.push_str(&fields.join(","));
        text.push_str(hand.line_break);
    }
    let length = text.len() - usize::from(!hand.ends_with_break) * hand.line_break.len();
    // A byte that is no UTF-8, where the row asks for one.
    let bytes = text.into_bytes()[..length].to_vec();
    let bytes = bytes
        .into_iter()
        .map(|byte| if byte == b'!' { 0xff } else { byte });
    (bytes.collect(), starts)
}

/// Rows whose officers have line breaks and quotes in their names.
fn rows_of(dictionary: &mut Dictionary) -> Vec<[String; 5]> {
    for row in &mut dictionary.rows {
        let officer = row.get_mut("officer").unwrap();
        *officer = officer.replace("o2", "o\n2,\n").replace("o3", "o\"3\"");
    }
    let columns = ["place", "group", "officer", "searched", "hit"];
    let rows = dictionary.rows.iter();
    rows.map(|row| columns.map(|column| row[column].clone()))
        .collect()
}

/// The rows in files of their own.
fn write_files(
    workspace: &Workspace,
    rows: &[[String; 5]],
    hand: &Hand,
    files: usize,
) -> (Vec<String>, Vec<(String, usize, usize)>) {
    let (mut names, mut places) = (Vec::new(), Vec::new());
    for (i, rows) in rows.chunks(rows.len().div_ceil(files)).enumerate() {
        let name = format!("{i}.csv");
        let (bytes, starts) = written(rows, hand);
        workspace.write_bytes(&name, &bytes);
        places.extend(
            starts
                .iter()
                .map(|(line, byte)| (name.clone(), *line, *byte)),
        );
        names.push(name);
    }
    (names, places)
}

fn stops() -> impl Strategy<Value = Vec<Stop>> {
    let stop = (
        0usize..2,
        0usize..3,
        0usize..4,
        any::<bool>(),
        any::<bool>(),
    );
    prop::collection::vec(stop, 1..150)
}

/// Threads, bytes in a block and files among which the work is divided.
fn division() -> impl Strategy<Value = (usize, usize, usize)> {
    (1usize..5, 1usize..400, 1usize..4)
}

fn divided((threads, block, _): (usize, usize, usize)) -> World {
    World::new(None, NonZeroUsize::new(threads)).in_blocks_of(NonZeroUsize::new(block).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_depends_on_threads_blocks_files_or_how_rows_are_written(stops in stops(), hand in hand(), division in division(), shift in 0usize..150) {
        let mut oracle = dictionary(&stops);
        let mut rows = rows_of(&mut oracle);
        let expected = oracle.tabulate(&requests()).unwrap().tables;
        let shift = shift % rows.len();
        rows.rotate_left(shift);
        let workspace = Workspace::new();
        let (names, _) = write_files(&workspace, &rows, &hand, division.2);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let counted = counted(&workspace, &names, &divided(division)).unwrap();
        prop_assert_eq!(&counted.tables, &expected);
        prop_assert_eq!((counted.ledger[0].rows_in, counted.ledger[0].rows_kept), (stops.len() as u64, stops.len() as u64));
        let rows_of_files: u64 = counted.inputs.iter().map(|input| input.rows.unwrap()).sum();
        prop_assert_eq!(rows_of_files, stops.len() as u64);
        for input in &counted.inputs {
            let bytes = std::fs::read(workspace.path(&input.file)).unwrap();
            prop_assert_eq!(&input.sha256, &evenhand::ingest::sha256(&bytes));
        }
    }

    #[test]
    fn of_several_faults_the_first_is_told_with_its_place(
        stops in stops(),
        hand in hand(),
        division in division(),
        faults in prop::collection::vec((0usize..150, 0usize..4), 1..6),
    ) {
        let mut rows = rows_of(&mut dictionary(&stops));
        let mut first: Option<(usize, usize)> = None;
        for (at, kind) in faults {
            let at = at % rows.len();
            if first.is_some_and(|(earlier, _)| earlier == at) {
                continue;
            }
            rows[at][1] = ["purple", "!", "nul\0", "white"][kind].to_owned();
            if kind == 3 {
                rows[at][3] = "maybe".to_owned();
            }
            if first.is_none_or(|(earlier, _)| at < earlier) {
                first = Some((at, kind));
            }
        }
        let workspace = Workspace::new();
        let (names, places) = write_files(&workspace, &rows, &hand, division.2);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let error = counted(&workspace, &names, &divided(division)).unwrap_err().to_string();
        let (at, kind) = first.unwrap();
        let (file, line, byte) = &places[at];
        let words = ["`purple`".to_owned(), format!("begins at byte {byte} of"), "NUL".to_owned(), "`maybe`".to_owned()];
        prop_assert!(error.contains(&format!("{file}:{line}:")) && error.contains(&words[kind]), "{} is not at {}:{}", error, file, line);
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_told_after_faults_of_the_files_before_it() {
    let workspace = Workspace::new();
    let header = "city,race,officer,searched,hit\n";
    let good = "Alpha,white,o1,no,no\n".repeat(50);
    workspace
        .write("a.csv", &format!("{header}{good}Alpha,purple,o1,no,no\n"))
        .write("b.csv", "city,race,officer,searched\nAlpha,white,o1,no\n")
        .write("c.csv", header)
        .write("d.csv", &format!("{header}{good}"));
    for threads in 1..4 {
        let told = |files: &[&str]| {
            let world = divided((threads, 64, 0));
            counted(&workspace, files, &world).unwrap_err().to_string()
        };
        assert!(told(&["a.csv", "b.csv", "c.csv"]).contains("a.csv:52"));
        assert!(told(&["d.csv", "b.csv", "a.csv"]).contains("column `hit`"));
        assert!(told(&["d.csv", "c.csv", "a.csv"]).contains("c.csv: there is a header and no row"));
        assert!(told(&["d.csv", "nowhere.csv", "a.csv"]).contains("nowhere.csv"));
    }
}

#[test]
fn more_rows_than_a_block_are_counted_once_each() {
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
            sun: None,
            world: &world,
            smallest_shown: 0,
            counts_repeats: false,
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
            of: Rows::Known,
        };
        let error = Embedded {
            config: &config,
            files: config.all_files(&world, &root).unwrap(),
            root: &root,
            groups: &groups,
            periods: &periods,
            sun: None,
            world: &world,
            smallest_shown: 0,
            counts_repeats: false,
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
