//! Rows by day, minute and light, and what a study may say of where its places are.

use std::num::NonZeroUsize;

use evenhand::cells::{CellTable, Groups, Only, Rows, Tabulate, Tabulated, Tabulation};
use evenhand::engines::Embedded;
use evenhand::error::Error;
use evenhand::ingest::{DataRoot, DaylightConfig, Periods, StopsConfig};
use evenhand::stops::{Light, SunTable};
use evenhand::world::World;
use jiff::civil::{Date, date};

use crate::harness::Workspace;

const COLUMNS: &str = "files = ['stops.csv']\nunit = 'stop'\nmissing = ['NA']\ncolumns = { group = 'race', place = 'city', date = 'day', time = 'clock' }";
const POINTS: &str = "timezone = 'America/New_York'\n[places]\nDurham = { latitude = 35.994, longitude = -78.8986 }\nAnchorage = { latitude = 61.2181, longitude = -149.9003, timezone = 'America/Anchorage' }";

/// The sun of a study's places.
fn table(workspace: &Workspace, text: &str) -> Result<SunTable, Error> {
    let config: DaylightConfig = toml::from_str(text).unwrap();
    config.check(None)?;
    let root = DataRoot::BesideStudy(workspace.path(""));
    let read = config.read(&World::new(None, None), &root, None)?;
    Ok(read.0)
}

fn sun(text: &str) -> SunTable {
    table(&Workspace::new(), text).unwrap()
}

fn tabulated(
    workspace: &Workspace,
    by: &[&str],
    (sun, threads): (Option<&SunTable>, usize),
) -> Result<Tabulated, Error> {
    let config: StopsConfig = toml::from_str(COLUMNS).unwrap();
    let groups: Groups = toml::from_str("reference = 'white'\ncompare = ['black']").unwrap();
    let world = World::new(None, NonZeroUsize::new(threads));
    let root = DataRoot::BesideStudy(workspace.path(""));
    Embedded {
        config: &config,
        files: config.all_files(&world, &root)?,
        root: &root,
        groups: &groups,
        periods: &Periods::default(),
        sun,
        world: &world,
        smallest_shown: 0,
        counts_repeats: false,
    }
    .tabulate(&[Tabulation {
        counts: "stops".into(),
        by: by.iter().map(|&key| key.to_owned()).collect(),
        only: Only::default(),
        of: Rows::Known,
    }])
}

/// Counts as `key / key: events`.
fn shown(table: &CellTable) -> Vec<String> {
    let cells = table.cells().iter();
    cells
        .map(|cell| format!("{}: {}", cell.key.join(" / "), cell.events))
        .collect()
}

fn clock(seconds: i32) -> String {
    let (hour, minute) = (seconds / 3600, seconds / 60 % 60);
    format!("{hour:02}:{minute:02}:{:02}", seconds % 60)
}

#[test]
fn rows_are_told_by_day_minute_and_light_to_the_second() {
    let table = sun(POINTS);
    let day = date(2024, 2, 29);
    let own = table.day("Durham", day).unwrap();
    let (sunset, dusk) = (own.sunset.unwrap(), own.dusk.unwrap());
    let (dawn, sunrise) = (own.dawn.unwrap(), own.sunrise.unwrap());
    let expected = [
        (dawn - 1, "dark"),
        (dawn, "twilight"),
        (sunrise - 1, "twilight"),
        (sunrise, "light"),
        (sunset - 1, "light"),
        (sunset, "twilight"),
        (dusk - 1, "twilight"),
        (dusk, "dark"),
    ];
    for (second, light) in expected {
        let workspace = Workspace::new();
        let row = format!(
            "race,city,day,clock\nwhite,Durham,{day},{}\n",
            clock(second)
        );
        workspace.write("stops.csv", &row);
        let by = ["date", "minute", "light"];
        let counted = tabulated(&workspace, &by, (Some(&table), 1)).unwrap();
        let minute = &clock(second)[..5];
        assert_eq!(
            shown(&counted.tables[0]),
            [format!("2024-02-29 / {minute} / {light}: 1")]
        );
    }
}

#[test]
fn what_is_not_known_is_counted_as_unknown_and_told() {
    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        "race,city,day,clock\nwhite,Durham,2024-01-05,12:00\nwhite,Durham,2024-01-05,NA\nblack,Roxboro,2024-01-05,12:00\nblack,Anchorage,2024-01-05,17:30\n",
    );
    let table = sun(POINTS);
    let counted = tabulated(&workspace, &["place", "light", "minute"], (Some(&table), 1)).unwrap();
    assert_eq!(
        shown(&counted.tables[0]),
        [
            "Anchorage / dark / 17:30: 1",
            "Durham / light / 12:00: 1",
            "Durham / unknown / unknown: 1",
            "Roxboro / unknown / 12:00: 1",
        ]
    );
    let said: Vec<String> = counted.warnings.iter().map(ToString::to_string).collect();
    assert!(
        said.iter()
            .any(|w| w.ends_with("neither light nor dark: Roxboro.")),
        "{said:?}"
    );
    let notes = &counted.ledger[0].notes;
    assert!(
        notes
            .iter()
            .any(|note| note.starts_with("2 rows are neither light nor dark")),
        "{notes:?}"
    );
    assert_eq!(counted.ledger[0].rows_kept, 4);
}

#[test]
fn light_is_refused_where_nobody_says_where_the_places_are() {
    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        "race,city,day,clock\nwhite,Durham,2024-01-05,12:00\n",
    );
    let error = tabulated(&workspace, &["light"], (None, 1)).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("does not say where the places are"),
        "{error}"
    );
    assert!(tabulated(&workspace, &["minute", "date"], (None, 1)).is_ok());
}

/// Every date of a year as the clock of a place reads it.
#[test]
fn any_number_of_threads_gives_the_cells_of_rows_told_one_by_one() {
    let table = sun(POINTS);
    let (mut rows, mut expected) = (String::from("race,city,day,clock\n"), Vec::new());
    let mut day: Date = date(2019, 1, 1);
    for i in 0..4000_i32 {
        let (race, city) = (
            ["white", "black"][(i % 2) as usize],
            ["Durham", "Anchorage"][(i % 3 / 2) as usize],
        );
        let second = i * 7919 % 86_400;
        rows.push_str(&format!("{race},{city},{day},{}\n", clock(second)));
        let light = table
            .light(table.find(city, None).unwrap(), day, second)
            .word();
        expected.push([city, light, race, &day.to_string(), &clock(second)[..5]].join(" / "));
        if i % 7 == 0 {
            day = day.tomorrow().unwrap();
        }
    }
    let by = ["place", "light", "group", "date", "minute"];
    let mut sums: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    expected
        .into_iter()
        .for_each(|key| *sums.entry(key).or_default() += 1);
    let workspace = Workspace::new();
    workspace.write("stops.csv", &rows);
    for threads in [1, 2, 5] {
        let fresh = sun(POINTS);
        let counted = tabulated(&workspace, &by, (Some(&fresh), threads)).unwrap();
        let cells = counted.tables[0]
            .cells()
            .iter()
            .filter(|cell| cell.events > 0);
        let cells: Vec<(String, u64)> = cells
            .map(|cell| (cell.key.join(" / "), cell.events))
            .collect();
        assert_eq!(
            cells,
            sums.clone().into_iter().collect::<Vec<_>>(),
            "{threads} threads"
        );
    }
    assert!(sums.keys().any(|key| key.contains("twilight")));
}

#[test]
fn dusk_falls_behind_midnight_in_an_alaskan_summer() {
    let table = sun(POINTS);
    let (may, place) = (date(2019, 5, 25), table.find("Anchorage", None).unwrap());
    let own = table.day("Anchorage", may).unwrap();
    let dusk = own.dusk.unwrap();
    assert!(dusk > 86_400 + 3600, "{own:?}");
    let next = may.tomorrow().unwrap();
    assert_eq!(table.light(place, next, dusk - 86_401), Light::Twilight);
    // The night between two twilights is a short one, or none at all.
    let dawn = table.day("Anchorage", next).unwrap().dawn.unwrap();
    let expected = if dawn > dusk - 86_400 {
        Light::Dark
    } else {
        Light::Twilight
    };
    assert_eq!(table.light(place, next, dusk - 86_400), expected);
    assert_eq!(table.light(place, may, 23 * 3600), Light::Light);
}
