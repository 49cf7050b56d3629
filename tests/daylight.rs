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
    assert!(dusk > 86_400 + 1800, "{own:?}");
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

/// A study of rows with a `[daylight]` table, checked.
fn checked(daylight: &str, points: &str, stops: &str) -> crate::harness::Outcome {
    let workspace = Workspace::new();
    workspace.write(
        "stops.csv",
        "race,city,day,clock\nwhite,Durham,2024-01-05,12:00\nblack,Durham,2024-01-05,20:00\n",
    );
    workspace.write("points.csv", points);
    let study = format!(
        "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[stops]]\nyears = 1\n{stops}\n[daylight]\n{daylight}\n[[rates]]\ncounts = 'stops'\npopulation = 'people'\n[[population]]\nname = 'people'\nfile = 'people.csv'\nuniverse = 'people'\nvintage = '2024'\ncolumns = {{ group = 'g', population = 'n' }}\n"
    );
    workspace.write("study.toml", &study);
    workspace.write("people.csv", "g,n\nwhite,10\nblack,10\n");
    workspace.evenhand(&["check", "study.toml"])
}

#[test]
fn where_places_are_is_held_against_itself_and_against_the_rows() {
    const HEADER: &str = "place,latitude,longitude\n";
    const ONE: &str = "timezone = 'America/New_York'\nlatitude = 36\nlongitude = -79";
    const FILE: &str = "timezone = 'America/New_York'\nfile = 'points.csv'";
    let fine = [
        (ONE.to_owned(), String::new()),
        (FILE.to_owned(), format!("{HEADER}Durham,35.994,-78.9\n")),
        (
            format!("{FILE}\n[daylight.places]\nDurham = {{ timezone = 'America/Chicago' }}"),
            format!("{HEADER}Durham,35.994,-78.9\n"),
        ),
    ];
    for (daylight, points) in fine {
        let outcome = checked(&daylight, &points, COLUMNS);
        assert_eq!(outcome.code, 0, "{daylight}: {}", outcome.stderr);
    }
    let cases = [
        (
            ONE.replace("36", "-79")
                .replace("= -79\nlongitude = -79", "= -79\nlongitude = 36"),
            String::new(),
            "look swapped",
            "degrees north",
        ),
        (
            ONE.replace("-79", "79"),
            String::new(),
            "hours off the sun",
            "below 0",
        ),
        (
            ONE.replace("36", "136"),
            String::new(),
            "latitude 136",
            "degrees north",
        ),
        (
            ONE.replace("New_York", "New_Yorc"),
            String::new(),
            "no time zone",
            "did you mean `America/New_York`?",
        ),
        (
            ONE.replace("timezone = 'America/New_York'\n", ""),
            String::new(),
            "where the clocks are",
            "timezone =",
        ),
        (
            ONE.replace("\nlongitude = -79", ""),
            String::new(),
            "one of them is missing",
            "longitude",
        ),
        (
            "timezone = 'America/New_York'".to_owned(),
            String::new(),
            "names no point",
            "[daylight.places]",
        ),
        (
            format!("{FILE}\nlatitude = 36\nlongitude = -79"),
            HEADER.to_owned(),
            "points of places beside it",
            "take out",
        ),
        (
            format!("{FILE}\n[daylight.places]\nDurhan = {{ timezone = 'America/Chicago' }}"),
            format!("{HEADER}Durham,35.994,-78.9\n"),
            "no place `Durhan`",
            "did you mean `Durham`?",
        ),
        (
            FILE.to_owned(),
            format!("{HEADER}Durham,-78.9,35.994\n"),
            "look swapped",
            "points.csv:2",
        ),
        (
            FILE.to_owned(),
            format!("{HEADER}Durham,35.994,-78.9\nDurham,35.9,-78.9\n"),
            "stands here again",
            "points.csv:3",
        ),
        (
            FILE.to_owned(),
            format!("{HEADER}Durham,35.994,\n"),
            "longitude",
            "points.csv:2",
        ),
        (
            FILE.to_owned(),
            "city,latitude,longitude\nDurham,35.994,-78.9\n".to_owned(),
            "place",
            "points.csv",
        ),
        (
            format!("{FILE}\ncolumns = {{ state = 'state' }}"),
            "place,state,latitude,longitude\n".to_owned(),
            "no key `state`",
            "[stops.keys]",
        ),
        (
            "timezone = 'America/New_York'\nfile = 'nowhere.csv'".to_owned(),
            String::new(),
            "no file `nowhere.csv`",
            "study file",
        ),
    ];
    for (daylight, points, message, hint) in cases {
        let outcome = checked(&daylight, &points, COLUMNS);
        let said = &outcome.stderr;
        assert_eq!(outcome.code, 1, "{daylight}: {said}");
        assert!(
            said.contains(message) && said.contains(hint),
            "{daylight}: {said}"
        );
    }
    let untimed = COLUMNS.replace(", time = 'clock'", "");
    let said = checked(ONE, "", &untimed).stderr;
    assert!(
        said.contains("needs the date and the time of day"),
        "{said}"
    );
    let placeless = COLUMNS.replace(", place = 'city'", "");
    let said = checked(FILE, HEADER, &placeless).stderr;
    assert!(said.contains("no column for `place`"), "{said}");
}

#[test]
fn places_of_one_name_are_told_apart_by_their_state() {
    let workspace = Workspace::new();
    workspace.write(
        "points.csv",
        "place,state,latitude,longitude,zone\nColumbus,OH,39.96,-83.0,\nColumbus,GA,32.46,-84.99,\nColumbus,NE,41.43,-97.37,America/Chicago\n",
    );
    let table = table(&workspace, "file = 'points.csv'\ntimezone = 'America/New_York'\ncolumns = { state = 'state', timezone = 'zone' }").unwrap();
    let of = |state: &str| {
        table
            .find("Columbus", Some(state))
            .map(|at| table.points()[at].zone.clone())
    };
    assert!(table.by_state() && table.by_place());
    assert_eq!(of("NE").as_deref(), Some("America/Chicago"));
    assert_eq!(of("GA").as_deref(), Some("America/New_York"));
    assert_eq!(of("WI"), None);
    let dusk = |state: &str| {
        table
            .day_at(
                table.find("Columbus", Some(state)).unwrap(),
                date(2020, 6, 20),
            )
            .unwrap()
            .dusk
    };
    assert!(dusk("OH") > dusk("GA"));
}
