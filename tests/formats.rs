//! Formats of rows that come with the program: each against a fixture with every code that it lists, counted by hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use evenhand::cells::{Only, Rows, Tabulate, Tabulated, Tabulation};
use evenhand::engines::Embedded;
use evenhand::error::Error;
use evenhand::ingest::{
    ClockReader, ColumnRule, ColumnSource, DataRoot, Format, MomentReader, Periods, Question,
    ReadAs, Unit, shipped_formats,
};
use evenhand::stops::{Column, GROUP, PAGE};
use evenhand::study::StudyFile;
use evenhand::world::World;

use crate::harness::{Workspace, root};

/// The names that codes may lead to; see the contract of formats.
const STANDARD: [&str; 10] = [
    "white",
    "black",
    "hispanic",
    "asian",
    "pacific",
    "asian_pacific",
    "native",
    "middle_eastern",
    "multiple",
    "other",
];

/// What a fixture counts as, by hand.
struct Pinned {
    name: &'static str,
    rows: u64,
    groups: &'static [(&'static str, u64)],
    dropped: &'static [(&'static str, u64)],
    /// Searches and rows whose search is known.
    searches: Option<(u64, u64)>,
    /// Hits and searches whose find is known.
    hits: Option<(u64, u64)>,
}

const PINNED: &[Pinned] = &[
    Pinned {
        name: "connecticut",
        rows: 23,
        groups: &[
            ("asian_pacific", 2),
            ("black", 3),
            ("hispanic", 3),
            ("middle_eastern", 3),
            ("native", 3),
            ("white", 5),
        ],
        dropped: &[("group blank or unlisted", 2), ("test record", 2)],
        searches: Some((7, 19)),
        hits: Some((4, 7)),
    },
    Pinned {
        name: "ice-arrests",
        rows: 12,
        groups: &[
            ("GUATEMALA", 1),
            ("HONDURAS", 2),
            ("MEXICO", 2),
            ("other", 2),
        ],
        dropped: &[("group blank or unlisted", 5)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-arrests-2012",
        rows: 6,
        groups: &[("everyone", 6)],
        dropped: &[],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-detainers",
        rows: 12,
        groups: &[
            ("GUATEMALA", 1),
            ("HONDURAS", 2),
            ("MEXICO", 2),
            ("other", 2),
        ],
        dropped: &[("group blank or unlisted", 5)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-detainers-pa",
        rows: 4,
        groups: &[("everyone", 4)],
        dropped: &[],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-detentions",
        rows: 14,
        groups: &[
            ("asian_pacific", 1),
            ("black", 1),
            ("hispanic", 3),
            ("native", 2),
            ("other", 1),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 3)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-encounters",
        rows: 12,
        groups: &[
            ("GUATEMALA", 1),
            ("HONDURAS", 2),
            ("MEXICO", 2),
            ("other", 2),
        ],
        dropped: &[("group blank or unlisted", 5)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ice-removals",
        rows: 12,
        groups: &[
            ("GUATEMALA", 1),
            ("HONDURAS", 2),
            ("MEXICO", 2),
            ("other", 2),
        ],
        dropped: &[("group blank or unlisted", 5)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "illinois-itss",
        rows: 17,
        groups: &[
            ("asian", 2),
            ("black", 2),
            ("hispanic", 2),
            ("native", 2),
            ("pacific", 2),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 4)],
        searches: Some((5, 12)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "mecklenburg-sheriff",
        rows: 12,
        groups: &[
            ("asian", 1),
            ("black", 8),
            ("hispanic", 5),
            ("native", 1),
            ("other", 1),
            ("white", 13),
        ],
        dropped: &[("group blank or unlisted", 1)],
        searches: Some((8, 29)),
        hits: Some((3, 8)),
    },
    Pinned {
        name: "minneapolis",
        rows: 12,
        groups: &[
            ("asian", 1),
            ("black", 3),
            ("hispanic", 2),
            ("native", 1),
            ("other", 1),
            ("white", 2),
        ],
        dropped: &[("group blank or unlisted", 2)],
        searches: Some((3, 9)),
        hits: None,
    },
    Pinned {
        name: "nc-export",
        rows: 12,
        groups: &[
            ("asian", 1),
            ("black", 2),
            ("hispanic", 3),
            ("native", 1),
            ("other", 1),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 1)],
        searches: Some((3, 11)),
        hits: None,
    },
    Pinned {
        name: "nypd-sqf",
        rows: 15,
        groups: &[
            ("asian_pacific", 1),
            ("black", 3),
            ("hispanic", 2),
            ("native", 1),
            ("other", 3),
            ("white", 2),
        ],
        dropped: &[("group blank or unlisted", 3)],
        searches: Some((4, 11)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "nypd-sqf-2017",
        rows: 16,
        groups: &[
            ("asian_pacific", 2),
            ("black", 3),
            ("hispanic", 2),
            ("middle_eastern", 2),
            ("native", 3),
            ("white", 2),
        ],
        dropped: &[("group blank or unlisted", 2)],
        searches: Some((4, 13)),
        hits: Some((2, 3)),
    },
    Pinned {
        name: "openpolicedata",
        rows: 33,
        groups: &[
            ("asian", 4),
            ("asian_pacific", 2),
            ("black", 3),
            ("hispanic", 4),
            ("middle_eastern", 6),
            ("multiple", 1),
            ("native", 2),
            ("other", 1),
            ("pacific", 2),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 5)],
        searches: None,
        hits: None,
    },
    Pinned {
        name: "ripa",
        rows: 17,
        groups: &[
            ("asian", 1),
            ("black", 3),
            ("hispanic", 3),
            ("middle_eastern", 1),
            ("multiple", 2),
            ("native", 1),
            ("pacific", 1),
            ("white", 4),
        ],
        dropped: &[("group blank or unlisted", 1)],
        searches: Some((5, 15)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "ripa-2024",
        rows: 17,
        groups: &[
            ("asian", 1),
            ("black", 3),
            ("hispanic", 3),
            ("middle_eastern", 1),
            ("multiple", 2),
            ("native", 1),
            ("pacific", 1),
            ("white", 4),
        ],
        dropped: &[("group blank or unlisted", 1)],
        searches: Some((5, 15)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "seattle-terry",
        rows: 17,
        groups: &[
            ("asian", 1),
            ("black", 2),
            ("hispanic", 2),
            ("multiple", 2),
            ("native", 2),
            ("other", 1),
            ("pacific", 1),
            ("white", 2),
        ],
        dropped: &[("group blank or unlisted", 4)],
        searches: Some((5, 12)),
        hits: Some((1, 5)),
    },
    Pinned {
        name: "stanford-v1",
        rows: 12,
        groups: &[
            ("asian", 1),
            ("black", 2),
            ("hispanic", 2),
            ("other", 2),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 2)],
        searches: Some((4, 9)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "stanford-v2",
        rows: 14,
        groups: &[
            ("asian_pacific", 1),
            ("black", 3),
            ("hispanic", 2),
            ("other", 1),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 4)],
        searches: Some((5, 9)),
        hits: Some((2, 4)),
    },
    Pinned {
        name: "texas-dps",
        rows: 14,
        groups: &[
            ("asian_pacific", 1),
            ("black", 3),
            ("hispanic", 2),
            ("middle_eastern", 1),
            ("native", 1),
            ("other", 1),
            ("white", 3),
        ],
        dropped: &[("group blank or unlisted", 2)],
        searches: Some((6, 11)),
        hits: Some((3, 5)),
    },
    Pinned {
        name: "weather-paper",
        rows: 8,
        groups: &[("black", 2), ("hispanic", 2), ("white", 3)],
        dropped: &[("group blank or unlisted", 1)],
        searches: None,
        hits: None,
    },
];

/// The formats whose fixture is read, with the fixture.
fn fixtures() -> Vec<(Format, String)> {
    let formats = shipped_formats().unwrap().iter().cloned();
    formats
        .filter(|format| {
            let stops = format.stops.as_ref();
            stops.is_some_and(|stops| stops.join.is_empty())
        })
        .map(|format| {
            let path = root().join(format!("tests/formats/{}.csv", format.name));
            let bytes =
                std::fs::read(&path).unwrap_or_else(|_| panic!("{} has no fixture", format.name));
            (format, String::from_utf8(bytes).unwrap())
        })
        .collect()
}

/// The groups of a study of a format: nothing unlisted is passed over in silence.
fn groups(format: &Format) -> String {
    match &format.groups.reference {
        Some(reference) if format.groups.labels.is_empty() => format!(
            "reference = '{reference}'\ncompare = {:?}\nunknown = 'other'",
            format.groups.compare
        ),
        Some(reference) => format!(
            "reference = '{reference}'\ncompare = {:?}",
            format.groups.compare
        ),
        None => "reference = 'white'\ncompare = ['black']".into(),
    }
}

pub(crate) fn read(study: &str, folder: &Path, by: &[(&str, &[&str])]) -> Result<Tabulated, Error> {
    let world = World::new(None, None);
    let data = DataRoot::BesideStudy(folder.to_path_buf());
    let file: StudyFile = toml::from_str(study).unwrap();
    let file = file.with_formats(&world, &data)?;
    let periods = Periods::new(&file.periods)?;
    let config = &file.stops[0];
    config.check(&periods)?;
    let requests: Vec<Tabulation> = by
        .iter()
        .map(|(counts, by)| Tabulation {
            counts: (*counts).to_owned(),
            by: by.iter().map(|key| (*key).to_owned()).collect(),
            only: Only::default(),
            of: Rows::Known,
        })
        .collect();
    Embedded {
        config,
        files: config.all_files(&world, &data)?,
        root: &data,
        groups: &file.groups,
        periods: &periods,
        sun: None,
        world: &world,
        smallest_shown: 0,
        counts_repeats: false,
    }
    .tabulate(&requests)
}

fn study(format: &str, groups: &str, files: &str, more: &str) -> String {
    format!(
        "format = 1\ntitle = 't'\n[groups]\n{groups}\n[[stops]]\nformat = '{format}'\nfiles = {files}\n{more}"
    )
}

/// Values of the first key with their counts, without zeros.
pub(crate) fn counts(tabulated: &Tabulated, at: usize) -> BTreeMap<String, (u64, u64)> {
    let cells = tabulated.tables[at].cells().iter();
    cells
        .map(|cell| (cell.key.join("/"), (cell.events, cell.trials.unwrap_or(0))))
        .filter(|(_, (events, trials))| events + trials > 0)
        .collect()
}

fn count_fixture(format: &Format, text: &str) -> Tabulated {
    let workspace = Workspace::new();
    workspace.write("stops.csv", text);
    let config = format.stops.as_ref().unwrap();
    let study = study(&format.name, &groups(format), "['stops.csv']", "");
    let mut wanted: Vec<(&str, &[&str])> = vec![(config.rows_are(), &["group"])];
    if config.column("searched").is_some() {
        wanted.push(("searches", &["group"]));
    }
    if config.column("hit").is_some() {
        wanted.push(("hits", &["group"]));
    }
    let keys: Vec<String> = config
        .keys(&Periods::default())
        .into_iter()
        .filter(|key| key != "year")
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    wanted.push((config.rows_are(), &keys));
    read(&study, &workspace.path(""), &wanted)
        .unwrap_or_else(|error| panic!("{}: {error}\n{:?}", format.name, error.hint()))
}

#[test]
fn every_format_counts_its_fixture_as_a_person_does() {
    let fixtures = fixtures();
    assert_eq!(fixtures.len(), PINNED.len());
    for ((format, text), pinned) in fixtures.iter().zip(PINNED) {
        let name = format.name.as_str();
        assert_eq!(name, pinned.name);
        let tabulated = count_fixture(format, text);
        let ledger = &tabulated.ledger[0];
        assert_eq!(ledger.rows_in, pinned.rows, "{name}");
        let dropped: Vec<(&str, u64)> = ledger
            .dropped
            .iter()
            .filter(|dropped| dropped.rows > 0)
            .map(|dropped| (dropped.rule.as_str(), dropped.rows))
            .collect();
        let sorted: BTreeSet<_> = dropped.into_iter().collect();
        assert_eq!(sorted, pinned.dropped.iter().copied().collect(), "{name}");
        let rows: BTreeMap<String, u64> = counts(&tabulated, 0)
            .into_iter()
            .map(|(group, (rows, _))| (group, rows))
            .collect();
        let expected = pinned.groups.iter();
        let expected: BTreeMap<String, u64> = expected.map(|&(g, n)| (g.into(), n)).collect();
        assert_eq!(rows, expected, "{name}");
        let total = |at: usize| {
            counts(&tabulated, at)
                .values()
                .fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1))
        };
        let mut at = 0;
        for (what, expected) in [("searches", pinned.searches), ("hits", pinned.hits)] {
            if let Some(expected) = expected {
                at += 1;
                assert_eq!(total(at), expected, "{name} {what}");
            }
        }
        assert_eq!(tabulated.tables.len(), at + 2, "{name}");
    }
}

#[test]
fn a_fingerprint_fits_its_own_fixture_and_no_other() {
    let fixtures = fixtures();
    for own in shipped_formats().unwrap() {
        for (of, text) in &fixtures {
            let separator = if of.name == "illinois-itss" { '~' } else { ',' };
            let header = text.lines().next().unwrap().split(separator);
            let header: Vec<String> = header.map(str::to_owned).collect();
            assert_eq!(
                own.fingerprint.fits(&header),
                own.name == of.name,
                "fingerprint of {} on the fixture of {}",
                own.name,
                of.name
            );
        }
    }
}

#[test]
fn every_code_of_a_group_leads_to_a_standard_group_with_a_label() {
    for format in shipped_formats().unwrap() {
        let Some(config) = &format.stops else {
            continue;
        };
        let labels = &format.groups.labels;
        for group in labels.keys().filter(|group| *group != "everyone") {
            assert!(
                STANDARD.contains(&group.as_str()),
                "{}: {group}",
                format.name
            );
        }
        let source = config.column(GROUP).unwrap().clone();
        let targets = source.rules().iter().flat_map(|rule| rule.codes.values());
        let mut reached: BTreeSet<&String> = targets.collect();
        for target in &reached {
            assert!(labels.contains_key(*target), "{}: {target}", format.name);
        }
        let constant = source.rules().iter().filter_map(|rule| rule.is.as_ref());
        reached.extend(constant);
        let labelled: BTreeSet<&String> = labels.keys().collect();
        assert_eq!(
            reached, labelled,
            "{}: a label that no code reaches",
            format.name
        );
        assert!(!labels.contains_key("unknown"));
    }
}

fn rules(format: &Format) -> Vec<(String, ColumnRule)> {
    let config = format.stops.as_ref().unwrap();
    let columns = config.columns.get_ref().iter().chain(&config.keys);
    let rules = |(name, source): (&toml::Spanned<String>, &ColumnSource)| {
        let name = name.get_ref().clone();
        let rules = source.rules().to_vec().into_iter();
        rules.map(move |rule| (name.clone(), rule))
    };
    columns.flat_map(rules).collect()
}

fn table(format: &Format, text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let separator = if format.name == "illinois-itss" {
        b'~'
    } else {
        b','
    };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .unwrap()
        .iter()
        .map(str::to_owned)
        .collect();
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().map(str::to_owned).collect()
    });
    (header, rows.collect())
}

/// The values that a fixture has in the columns of a rule.
fn values(rule: &ColumnRule, (header, rows): &(Vec<String>, Vec<Vec<String>>)) -> BTreeSet<String> {
    let names: Vec<&str> = rule.names().collect();
    let columns = header.iter().enumerate();
    columns
        .filter(|(_, name)| names.contains(&name.as_str()))
        .flat_map(|(at, _)| rows.iter().map(move |row| row[at].clone()))
        .collect()
}

#[test]
fn a_fixture_has_every_word_that_its_format_lists() {
    let mut missing = Vec::new();
    for (format, text) in fixtures() {
        let table = table(&format, &text);
        for (name, rule) in rules(&format) {
            let seen: BTreeSet<String> = values(&rule, &table)
                .into_iter()
                .map(|value| match rule.first {
                    Some(first) => value.chars().take(first).collect(),
                    None => value,
                })
                .collect();
            let listed = rule
                .codes
                .keys()
                .chain(&rule.missing)
                .chain(rule.yes.iter().flatten())
                .chain(rule.no.iter().flatten());
            for word in listed {
                if !seen.contains(word) {
                    missing.push(format!("{} {name}: no row says `{word}`", format.name));
                }
            }
            for layout in rule.layouts() {
                let alone: ColumnRule =
                    toml::from_str(&format!("column = 'x'\nlayout = '{layout}'")).unwrap();
                let reads = |value: &String| match (ReadAs::of(&name), name.as_str()) {
                    (ReadAs::Moment, "time") => {
                        ClockReader::new(&alone).read(value.as_bytes()).is_ok()
                    }
                    (ReadAs::Moment, _) => MomentReader::new(&alone, None)
                        .unwrap()
                        .read(value.as_bytes())
                        .is_ok(),
                    _ => true,
                };
                if !seen.iter().any(reads) {
                    missing.push(format!(
                        "{} {name}: no row is written as {layout}",
                        format.name
                    ));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn times_are_those_that_were_written() {
    let time = |name: &str, text: &str| {
        let format = shipped_formats().unwrap();
        let format = format.iter().find(|format| format.name == name).unwrap();
        let source = format
            .stops
            .as_ref()
            .unwrap()
            .column("time")
            .unwrap()
            .clone();
        let second = ClockReader::new(&source.rules()[0]).read(text.as_bytes());
        second.ok().map(|second| second / 60)
    };
    assert_eq!(time("connecticut", "4:21:00 PM"), Some(16 * 60 + 21));
    assert_eq!(time("connecticut", "12:17:00 AM"), Some(17));
    assert_eq!(time("nypd-sqf", "20"), Some(20));
    assert_eq!(time("nypd-sqf", "2310"), Some(23 * 60 + 10));
    assert_eq!(
        time("nypd-sqf-2017", "1899-12-31 14:30:00"),
        Some(14 * 60 + 30)
    );
    assert_eq!(time("ripa", "0715"), Some(7 * 60 + 15));
    assert_eq!(time("illinois-itss", "2:05 PM"), Some(14 * 60 + 5));
    assert_eq!(time("stanford-v2", "24:00"), None);
    let date = |name: &str, text: &str| {
        let format = shipped_formats().unwrap();
        let format = format.iter().find(|format| format.name == name).unwrap();
        let source = format
            .stops
            .as_ref()
            .unwrap()
            .column("date")
            .unwrap()
            .clone();
        let read = MomentReader::new(&source.rules()[0], None)
            .unwrap()
            .read(text.as_bytes());
        read.ok().map(|at| {
            (
                at.date.to_string(),
                at.second.map(|second| u16::try_from(second / 60).unwrap()),
            )
        })
    };
    assert_eq!(
        date("nypd-sqf", "1022011"),
        Some(("2011-01-02".into(), None))
    );
    assert_eq!(
        date("texas-dps", "03/04/07 14:05:00"),
        Some(("2007-03-04".into(), Some(845)))
    );
    assert_eq!(
        date("weather-paper", "2011-07-01 23:59"),
        Some(("2011-07-01".into(), Some(1439)))
    );
    assert_eq!(
        date("connecticut", "Tuesday, May 22, 2018"),
        Some(("2018-05-22".into(), None))
    );
    assert_eq!(
        date("connecticut", "Monday, May 22, 2018"),
        None,
        "it was a Tuesday"
    );
    assert_eq!(
        date("seattle-terry", "2015-10-16T00:00:00"),
        Some(("2015-10-16".into(), None))
    );
    assert_eq!(
        date("mecklenburg-sheriff", "2005"),
        Some(("2005-01-01".into(), None))
    );
}

#[test]
fn every_spelling_of_a_column_counts_the_same() {
    for (format, text) in fixtures() {
        let whole = count_fixture(&format, &text);
        let (head, rest) = text.split_once('\n').unwrap();
        let separator = if format.name == "illinois-itss" {
            "~"
        } else {
            ","
        };
        for (_, rule) in rules(&format)
            .iter()
            .filter(|(_, rule)| rule.column.is_some())
        {
            let names: Vec<&str> = rule.names().collect();
            let Some(here) = head.split(separator).find(|name| names.contains(name)) else {
                continue;
            };
            for other in names.iter().filter(|name| **name != here) {
                if head.split(separator).any(|name| name == *other) {
                    continue;
                }
                let renamed: Vec<&str> = head
                    .split(separator)
                    .map(|name| if name == here { other } else { name })
                    .collect();
                let text = format!("{}\n{rest}", renamed.join(separator));
                let spelt = count_fixture(&format, &text);
                assert_eq!(spelt.tables, whole.tables, "{}: {other}", format.name);
            }
        }
    }
}

#[test]
fn a_page_says_everything_and_its_first_study_runs() {
    for (format, text) in fixtures() {
        let page = format.page();
        for said in [
            &format.title,
            &format.about,
            &format.source,
            &format.publisher,
        ]
        .into_iter()
        .chain(&format.cautions)
        .chain(&format.not_recorded)
        .map(String::as_str)
        .chain(format.questions.iter().map(Question::text))
        {
            assert!(page.contains(said), "{}: {said}", format.name);
        }
        for (name, rule) in rules(&format) {
            let words = rule.names().map(str::to_owned);
            let codes = rule.codes.keys().chain(rule.codes.values()).cloned();
            for word in words.chain(codes).chain([name]) {
                assert!(page.contains(word.trim()), "{}: {word}", format.name);
            }
        }
        assert!(page.contains(format.checked.words()));
        let workspace = Workspace::new();
        workspace.write("study.toml", &format.first_study());
        workspace.write("stops.csv", &text);
        let labels = &format.groups.labels;
        let mut people: Vec<&str> = labels.keys().map(String::as_str).collect();
        if people.is_empty() {
            people = vec!["MEXICO", "GUATEMALA", "HONDURAS", "other"];
        } else if labels.contains_key("everyone") {
            people.push("nobody");
        }
        let people: String = people
            .iter()
            .map(|group| format!("{group},1000\n"))
            .collect();
        workspace.write("people.csv", &format!("group,people\n{people}"));
        let outcome = workspace.evenhand(&["check", "study.toml"]);
        assert_eq!(outcome.code, 0, "{}: {}", format.name, outcome.stderr);
        if format.name == "stanford-v2" {
            let printed = workspace.evenhand(&["explain", "stanford-v2"]);
            insta::assert_snapshot!("explain_stanford_v2", printed.stdout);
            assert_eq!(printed.stdout, page);
        }
    }
}

#[test]
fn a_page_of_another_table_shows_what_its_file_says() {
    let formats = shipped_formats().unwrap();
    for format in formats.iter().filter(|format| format.stops.is_none()) {
        let page = format.page();
        let said = format!("```toml\n[{}", format.table());
        assert!(page.contains(&said), "{}: {page}", format.name);
        let used = format!("[[{}]]\nformat = \"{}\"", format.table(), format.name);
        assert!(page.contains(&used), "{}", format.name);
    }
}

#[test]
fn the_page_of_stops_has_every_column_and_every_unit() {
    for column in Column::ALL {
        assert!(
            PAGE.contains(&format!("- `{}`: {}", column.name, column.meaning)),
            "stops.md does not say what `{}` is: {}",
            column.name,
            column.meaning
        );
    }
    for unit in Unit::ALL {
        assert!(PAGE.contains(&format!("- `{}`: ", unit.noun())), "{unit:?}");
    }
    let outcome = crate::harness::run(root(), &["explain", "stops"]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, PAGE));
}

#[test]
fn the_list_has_every_format_of_the_folder() {
    let outcome = crate::harness::run(root(), &["list", "formats", "--json"]);
    let listed: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    let listed: BTreeSet<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    let formats = shipped_formats().unwrap();
    let folder = std::fs::read_dir(root().join("src/ingest/formats")).unwrap();
    let files = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = files
        .filter_map(|file| file.strip_suffix(".toml").map(str::to_owned))
        .collect();
    assert_eq!(
        files,
        formats.iter().map(|format| format.name.clone()).collect()
    );
    assert_eq!(
        listed,
        formats.iter().map(|format| format.name.as_str()).collect()
    );
    let text = crate::harness::run(root(), &["list", "formats"]).stdout;
    for format in formats {
        assert!(text.contains(&format.name) && text.contains(&format.title));
        assert!(text.contains(format.checked.word()) && text.contains(format.table()));
    }
    let unknown = crate::harness::run(root(), &["explain", "stanford-v3"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("did you mean `stanford-v2`?"),
        "{}",
        unknown.stderr
    );
}

const GROUPS: &str = "reference = 'white'\ncompare = ['black']\nunknown = 'missing'";

fn refusal(result: Result<Tabulated, Error>) -> String {
    let error = result.unwrap_err();
    format!("{error}\n{}", error.hint().unwrap_or_default())
}

#[test]
fn a_format_of_ones_own_stands_beside_the_study() {
    let workspace = Workspace::new();
    workspace.write(
        "agency.toml",
        "name = 'agency'\ntitle = 't'\npublisher = 'p'\nabout = 'a'\nsource = 's'\nchecked = 'against data'\n[groups]\nlabels = { white = 'W', black = 'B' }\n[stops]\nunit = 'stop'\n[stops.columns]\ngroup = { column = 'r', codes = { '1' = 'white', '2' = 'black' } }\n",
    );
    workspace.write("stops.csv", "r,s\n1,x\n2,x\n1,y\n3,y\n");
    let own = study("agency.toml", GROUPS, "['stops.csv']", "");
    let tabulated = read(&own, &workspace.path(""), &[("stops", &["group"])]).unwrap();
    let of = |n: u64| (n, 0);
    let expected = BTreeMap::from([("black".to_owned(), of(1)), ("white".to_owned(), of(2))]);
    assert_eq!(counts(&tabulated, 0), expected);
    // What the study says itself goes before: another column, another code.
    let over = format!(
        "{own}\ncolumns = {{ group = {{ column = 's', codes = {{ x = 'black', y = 'white' }} }} }}\nunit = 'driver'"
    );
    let tabulated = read(&over, &workspace.path(""), &[("stops", &["group"])]).unwrap();
    let expected = BTreeMap::from([("black".to_owned(), of(2)), ("white".to_owned(), of(2))]);
    assert_eq!(counts(&tabulated, 0), expected);
    let printed = workspace.evenhand(&["explain", "agency.toml"]);
    assert!(
        printed.stdout.contains("black from `2`"),
        "{}",
        printed.stderr
    );
    workspace.change("agency.toml", "column = 'r'", "colum = 'r'");
    let broken = workspace.evenhand(&["explain", "agency.toml"]);
    assert_eq!(broken.code, 1);
    assert!(
        broken.stderr.contains("agency.toml:") && broken.stderr.contains("colum"),
        "{}",
        broken.stderr
    );
}

/// Two files of a publisher, the second of which is `second`.
fn two_files(second: &str, more: &str) -> Result<Tabulated, Error> {
    let workspace = Workspace::new();
    let first = "stop_date,driver_race,driver_gender,search_conducted,contraband_found,officer_id\n2010-01-01,White,M,TRUE,FALSE,7\n";
    workspace.write("a.csv", first);
    workspace.write("b.csv", second);
    let study = study("stanford-v1", GROUPS, "['a.csv', 'b.csv']", more);
    read(&study, &workspace.path(""), &[("stops", &["group"])])
}

#[test]
fn of_two_files_both_have_a_column_or_none() {
    let whole = "stop_date,driver_race,driver_gender,search_conducted,contraband_found,officer_id\n2010-01-01,Black,M,TRUE,TRUE,7\n";
    assert!(two_files(whole, "").is_ok());
    let without = whole.replace("search_conducted", "sought");
    let error = refusal(two_files(&without, ""));
    assert!(
        error.contains("`b.csv` lacks a column for `searched` that `a.csv` has"),
        "{error}"
    );
    // A study that says the column itself is asked for that one.
    let own = "columns = { searched = { column = 'search_conducted', yes = ['TRUE'] } }";
    let error = refusal(two_files(&without, own));
    assert!(
        error.contains("b.csv") && error.contains("no such column"),
        "{error}"
    );
}

#[test]
fn a_key_that_one_of_two_files_lacks_is_left_out() {
    let workspace = Workspace::new();
    let fixture = std::fs::read_to_string(root().join("tests/formats/ripa.csv")).unwrap();
    workspace.write("2022.csv", &fixture);
    workspace.write(
        "2023.csv",
        &fixture.replacen("CALL_FOR_SERVICE", "CALLED", 1),
    );
    let text = "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nformat = 'ripa'\nfiles = ['202?.csv']\n[disclosure]\nmode = 'court'\n[[rates]]\ncounts = 'searches'\nby = ['reason']\n";
    workspace.write("study.toml", text);
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    workspace.change("study.toml", "'reason'", "'call_for_service'");
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    let stderr = outcome.stderr.replace('\n', " ");
    assert!(
        stderr.contains("not every file has a column for `call_for_service`, which the format reads from CALL_FOR_SERVICE"),
        "{stderr}"
    );
}

#[test]
fn what_a_file_lacks_is_left_out_and_a_question_that_needs_it_is_an_error() {
    let workspace = Workspace::new();
    workspace.write("stops.csv", "stop_date,driver_race,driver_gender,contraband_found\n2010-01-01,White,M,TRUE\n2010-01-01,Black,M,FALSE\n");
    let text = "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nformat = 'stanford-v1'\nfiles = ['stops.csv']\n[[rates]]\ncounts = 'searches'\n";
    workspace.write("study.toml", text);
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stdout);
    insta::assert_snapshot!("a_column_that_the_file_lacks", outcome.stderr);
    let by_place = "counts = 'searches'\nby = ['place']";
    workspace.change("stops.csv", "contraband_found", "search_conducted");
    workspace.change("study.toml", "counts = 'searches'", by_place);
    let outcome = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        outcome
            .stderr
            .contains("counts `searches` have no key `place`")
            && outcome.stderr.contains("reads from county_name"),
        "{}",
        outcome.stderr
    );
    let error = refusal(read(
        &study(
            "stanford-v1",
            GROUPS,
            "['stops.csv']",
            "columns = { age = 'years' }",
        ),
        &workspace.path(""),
        &[("stops", &["group"])],
    ));
    assert!(error.contains("no such column"), "{error}");
    workspace.write(
        "stops.csv",
        "stop_date,driver_rase,driver_gender\n2010-01-01,White,M\n",
    );
    let error = refusal(read(
        &study("stanford-v1", GROUPS, "['stops.csv']", ""),
        &workspace.path(""),
        &[("stops", &["group"])],
    ));
    assert!(
        error.contains("`stops.csv` has no column for `group`") && error.contains("driver_race"),
        "{error}"
    );
}

#[test]
fn a_column_of_several_that_the_study_lists_must_be_there() {
    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        "race,person,vehicle\nwhite,yes,no\nblack,no,yes\n",
    );
    let study = |searched: &str| {
        format!(
            "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nfiles = ['stops.csv']\nunit = 'stop'\ncolumns = {{ group = 'race', searched = {searched} }}"
        )
    };
    let ask: &[(&str, &[&str])] = &[("searches", &["group"])];
    let both = read(
        &study("{ any = ['person', 'vehicle'] }"),
        &workspace.path(""),
        ask,
    )
    .unwrap();
    assert_eq!(
        counts(&both, 0).values().collect::<Vec<_>>(),
        [&(1, 1), &(1, 1)]
    );
    for misspelt in [
        "{ any = ['person', 'vehicel'] }",
        "[{ column = 'persn' }, { any = ['vehicel'] }]",
    ] {
        let error = refusal(read(&study(misspelt), &workspace.path(""), ask));
        assert!(error.contains("no such column"), "{misspelt}: {error}");
    }
    let error = refusal(read(
        &study("{ column = 'person', codes = { y = 'yes' } }"),
        &workspace.path(""),
        ask,
    ));
    assert!(
        error.contains("`codes` means nothing for a column that says yes or no"),
        "{error}"
    );
}

#[test]
fn values_of_two_columns_make_one() {
    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        "race,county,state\nwhite,Orange,NC\nwhite, Orange ,CA\nblack,,NC\n",
    );
    let study = "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nfiles = ['stops.csv']\nunit = 'stop'\nmissing = ['']\ncolumns = { group = 'race', place = { column = 'county', with = ['state'] } }";
    let ask: &[(&str, &[&str])] = &[("stops", &["place"])];
    let tabulated = read(study, &workspace.path(""), ask).unwrap();
    let places: Vec<String> = counts(&tabulated, 0).into_keys().collect();
    assert_eq!(places, ["Orange, CA", "Orange, NC", "not recorded"]);
    let error = refusal(read(
        &study.replace("['state']", "['sate']"),
        &workspace.path(""),
        ask,
    ));
    assert!(error.contains("no such column"), "{error}");
}

#[test]
fn a_year_without_days_that_straddles_two_periods_belongs_to_neither() {
    let workspace = Workspace::new();
    let fixture = std::fs::read_to_string(root().join("tests/formats/mecklenburg-sheriff.csv"));
    workspace.write("stops.csv", &fixture.unwrap());
    let periods = "[periods]\nbefore = { from = 2005-01-01, until = 2006-02-26 }\nduring = { from = 2006-02-27, until = 2018-12-04 }";
    let study = study("mecklenburg-sheriff", GROUPS, "['stops.csv']", periods);
    let tabulated = read(
        &study,
        &workspace.path(""),
        &[("stops", &["period"]), ("stops", &["group"])],
    )
    .unwrap();
    let expected = BTreeMap::from([
        ("before".to_owned(), (20, 0)),
        ("transition (2006)".to_owned(), (5, 0)),
    ]);
    assert_eq!(counts(&tabulated, 0), expected);
    let outside = &tabulated.ledger[0].dropped;
    let outside = outside
        .iter()
        .find(|d| d.rule == "date in no period of the study")
        .unwrap();
    assert_eq!(outside.rows, 1, "a row of 2019");
}

/// Five files without a header, as the bureau hands them out.
fn north_carolina() -> Workspace {
    let workspace = Workspace::new();
    let stop = |id: &str, at: &str, purpose: &str, officer: &str| {
        format!(
            "{id}\tAlpha Police Department\t{at}\t{purpose}\t3\t0\t0\t0\t0\t0\t0\t0\t{officer}\tAlpha\tAlpha\r\n"
        )
    };
    let stops: String = (1..=10)
        .map(|id| match id {
            8 => stop("8", "2013-10-01 14:06:00", "8", "9"),
            9 => stop("9", "2013-10-01 00:06:00.000", "9", "9"),
            10 => stop("10", "2013-10-01", "10", "9"),
            id => stop(&id.to_string(), "2013-10-01 14:06:00", &id.to_string(), "7"),
        })
        .collect();
    workspace.write("sbi/Stop.txt", &stops);
    // Stop 8 has a passenger who is searched, stop 10 no driver.
    let persons = [
        ("11", "1", "D", "30", "N", "W"),
        ("12", "2", "D", "31", "N", "B"),
        ("13", "3", "D", "32", "H", "W"),
        ("14", "4", "D", "33", "H", "B"),
        ("15", "5", "D", "34", "N", "A"),
        ("16", "6", "D", "35", "N", "I"),
        ("17", "7", "D", "36", "N", "U"),
        ("18", "8", "D", "37", "N", "W"),
        ("19", "8", "P", "38", "N", "B"),
        ("20", "9", "D", "", "N", ""),
        ("21", "10", "P", "40", "N", "W"),
    ];
    let persons: String = persons
        .map(|(person, stop, kind, age, ethnicity, race)| {
            format!("{person}\t{stop}\t{kind}\t{age}\tM\t{ethnicity}\t{race}\r\n")
        })
        .concat();
    workspace.write("sbi/PERSON.txt", &persons);
    // The driver of stop 1 is searched twice; what was found on him stands there twice.
    let searches = [
        ("31", "1", "11"),
        ("32", "1", "11"),
        ("33", "2", "12"),
        ("34", "8", "19"),
    ];
    let searches: String = searches
        .map(|(search, stop, person)| {
            format!("{search}\t{stop}\t{person}\t1\t0\t1\t0\t0\t0\t0\t0\r\n")
        })
        .concat();
    workspace.write("sbi/Search.txt", &searches);
    let finds = [
        ("41", "31", "11", "1"),
        ("42", "32", "11", "1"),
        ("43", "34", "19", "8"),
    ];
    let finds: String = finds
        .map(|(find, search, person, stop)| {
            format!("{find}\t{search}\t{person}\t{stop}\t1\t0\t0\t0\t0\t0\t0\t0\t0\t0\r\n")
        })
        .concat();
    workspace.write("sbi/Contraband.txt", &finds);
    workspace
}

#[test]
fn north_carolinas_tables_count_the_driver_of_a_stop_once() {
    let workspace = north_carolina();
    let study = study(
        "nc-sbi",
        "reference = 'white'\ncompare = ['black']",
        "['sbi/Stop.txt']",
        "",
    );
    let ask: &[(&str, &[&str])] = &[
        ("stops", &["group"]),
        ("searches", &["group"]),
        ("hits", &["group"]),
        ("stops", &["purpose"]),
        ("stops", &["searches_in_stop"]),
        ("stops", &["officer"]),
    ];
    let tabulated = read(&study, &workspace.path(""), ask).unwrap();
    let rows =
        |at: usize| -> Vec<(String, (u64, u64))> { counts(&tabulated, at).into_iter().collect() };
    let stops = |n: u64| (n, 0);
    assert_eq!(
        rows(0),
        [
            ("asian".into(), stops(1)),
            ("black".into(), stops(1)),
            ("hispanic".into(), stops(2)),
            ("native".into(), stops(1)),
            ("other".into(), stops(1)),
            ("white".into(), stops(2)),
        ]
    );
    // A passenger's search is not the driver's, and two searches of a driver are one.
    assert_eq!(counts(&tabulated, 1)["white"], (1, 2));
    assert_eq!(counts(&tabulated, 1)["black"], (1, 1));
    assert_eq!(counts(&tabulated, 2)["white"], (1, 1));
    assert_eq!(counts(&tabulated, 2)["black"], (0, 1));
    assert_eq!(counts(&tabulated, 3).len(), 8, "{:?}", rows(3));
    assert_eq!(counts(&tabulated, 4)["2"], (1, 0), "{:?}", rows(4));
    let officers: Vec<String> = counts(&tabulated, 5).into_keys().collect();
    assert_eq!(
        officers,
        ["7, Alpha Police Department", "9, Alpha Police Department"],
        "a number is that of its agency"
    );
    let ledger = &tabulated.ledger[0];
    let missing = ledger
        .dropped
        .iter()
        .find(|d| d.rule == "group blank or unlisted");
    assert_eq!((ledger.rows_in, missing.unwrap().rows), (10, 2));
    let formats = shipped_formats().unwrap();
    let own = formats
        .iter()
        .find(|format| format.name == "nc-sbi")
        .unwrap();
    let page = own.page();
    assert!(
        page.contains("`PERSON.txt` is joined as `person`"),
        "{page}"
    );
    let config = own.stops.as_ref().unwrap();
    let header = config.layout.header.clone().unwrap();
    for format in formats {
        assert_eq!(
            format.fingerprint.fits(&header),
            format.name == "nc-sbi",
            "{}",
            format.name
        );
    }
}
