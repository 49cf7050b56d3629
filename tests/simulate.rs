//! Made-up data are what they say they are: an independent count of the files finds the truth again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

use evenhand::ingest::placed;
use evenhand::pipeline;
use evenhand::simulate::stops::{Overrides, PAGE, Packing, Plan, Source, simulate};
use evenhand::stops::{Light, SunTable};
use evenhand::study::Study;
use evenhand::world::World;
use serde_json::Value;

use crate::harness::{Workspace, files_below, objects, root};

/// Every effect at once, and strong enough that its absence would be seen.
const PLAN: &str = r#"
rows = 120000
from = 2020-03-01
until = 2022-09-30
people = 600000

[spread]
search_ratio = 0.2
stop_ratio = 0.2
hits = 0.2
officer_ratio = 0.3

[trend]
stops = 0.2
searches = 0.1

[records]
duplicates = 0.03
second_citations = 0.05
missing_race = 0.04
midnight = 0.06
hit_without_search = 0.01
pedestrians = 0.1

[[group]]
name = "white"
share = 0.5
search_rate = 0.1
hit_rate = 0.5

[[group]]
name = "black"
share = 0.3
stop_ratio = 1.6
search_rate = 0.2
hit_rate = 0.35
citation_rate = 0.7
arrest_rate = 0.06
daylight_odds_ratio = 1.6
missing_race = 0.08

[[group]]
name = "asian/pacific islander"
share = 0.2
stop_ratio = 0.6
search_rate = 0.07
hit_rate = 0.5
daylight_odds_ratio = 0.5
"#;

/// Standard errors by which a count may differ from what is expected, for each of about a hundred counts.
const ERRORS: f64 = 4.0;

fn world(seed: u64, threads: usize) -> World {
    World::new(Some(seed), NonZeroUsize::new(threads))
}

/// Writes stops of the default plan into `out`.
fn write(folder: &Path, rows: u64, files: u32, packing: Packing, world: &World) -> Vec<u8> {
    let rows = Overrides {
        rows: Some(rows),
        ..Overrides::default()
    };
    simulate(
        &Source::default().with(&rows),
        files,
        packing,
        folder,
        world,
    )
    .unwrap();
    let mut all = Vec::new();
    for name in files_below(folder) {
        let bytes = fs::read(folder.join(&name)).unwrap();
        match name.to_str().unwrap() {
            name if name.ends_with(".gz") => {
                let mut text = Vec::new();
                flate2::read::MultiGzDecoder::new(bytes.as_slice())
                    .read_to_end(&mut text)
                    .unwrap();
                all.push(text);
            }
            name if name.starts_with("stops") => all.push(bytes),
            _ => {}
        }
    }
    // One header, then the rows of all files.
    let mut joined = all[0].clone();
    for file in &all[1..] {
        let header = file.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        assert_eq!(file[..header], all[0][..header]);
        joined.extend_from_slice(&file[header..]);
    }
    joined
}

/// Column to field.
type Row = BTreeMap<String, String>;

fn rows_of(text: &str) -> Vec<Row> {
    let mut lines = text.lines().map(|line| line.split(','));
    let header: Vec<&str> = lines.next().unwrap().collect();
    let row = |line: std::str::Split<'_, char>| -> Row {
        let fields: Vec<&str> = line.collect();
        assert_eq!(fields.len(), header.len());
        let named = header.iter().zip(fields);
        named
            .map(|(h, f)| ((*h).to_owned(), f.to_owned()))
            .collect()
    };
    lines.map(row).collect()
}

/// Holds a count against its expectation, which a wrong rule would miss.
fn near(what: &str, events: usize, trials: usize, rate: f64) {
    let (events, trials) = (events as f64, trials as f64);
    let error = (trials * rate * (1.0 - rate)).sqrt().max(1.0);
    let z = (events - trials * rate) / error;
    assert!(
        z.abs() < ERRORS,
        "{what}: {events} of {trials}, where {rate} is expected (z = {z:.1})"
    );
}

/// The rows of [`PLAN`], its stops without repetitions, and its truth.
fn planned() -> &'static (Vec<Row>, Vec<Row>, Value) {
    static DRAWN: OnceLock<(Vec<Row>, Vec<Row>, Value)> = OnceLock::new();
    DRAWN.get_or_init(draw_the_plan)
}

fn draw_the_plan() -> (Vec<Row>, Vec<Row>, Value) {
    let workspace = Workspace::new();
    workspace.write("plan.toml", PLAN);
    let outcome = workspace.evenhand(&[
        "simulate",
        "stops",
        "--plan",
        "plan.toml",
        "-o",
        "out",
        "--json",
    ]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let written = fs::read_to_string(workspace.path("out/truth.json")).unwrap();
    assert_eq!(outcome.stdout, written);
    let rows = rows_of(&fs::read_to_string(workspace.path("out/stops.csv")).unwrap());
    // Two rows of one stop stand together and agree in what the stop was.
    let stop = |row: &Row| {
        let of_row = ["raw_row_number", "violation"];
        let mut row = row.clone();
        row.retain(|column, _| !of_row.contains(&column.as_str()));
        row
    };
    let mut stops: Vec<Row> = Vec::new();
    for row in &rows {
        if stops.last().is_none_or(|last| stop(last) != stop(row)) {
            stops.push(row.clone());
        }
    }
    (rows, stops, serde_json::from_str(&written).unwrap())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

#[test]
fn a_count_of_the_rows_finds_the_truth_again() {
    let (rows, stops, truth) = planned();
    let numbers: Vec<u64> = rows
        .iter()
        .map(|row| row["raw_row_number"].parse().unwrap())
        .collect();
    assert!(numbers.iter().copied().eq(1..=120_000));
    assert_eq!(truth["rows"]["stops"].as_u64(), Some(stops.len() as u64));
    let same_violation = rows
        .windows(2)
        .filter(|pair| {
            let mut second = pair[1].clone();
            second.insert("raw_row_number".into(), pair[0]["raw_row_number"].clone());
            second == pair[0]
        })
        .count();
    assert_eq!(
        (same_violation, rows.len() - stops.len()),
        (3_600, 3_600 + 6_000)
    );

    let is = |column: &'static str, value: &'static str| move |row: &&Row| row[column] == value;
    let count = |of: &dyn Fn(&&Row) -> bool| stops.iter().filter(of).count();
    let all = stops.len();
    let share = |name: &str| number(&truth["rows"][name]);
    let missing = count(&is("subject_race", "NA"));
    near("missing race", missing, all, share("race_missing"));
    let midnight = count(&is("time", "00:00:00"));
    near("midnight", midnight, all, share("at_midnight"));
    let contradictions = count(&|row: &&Row| {
        row["search_conducted"] == "FALSE" && row["contraband_found"] == "TRUE"
    });
    near(
        "contradictions",
        contradictions,
        all,
        share("hit_without_search"),
    );
    near("pedestrians", count(&is("type", "pedestrian")), all, 0.1);
    near("men", count(&is("subject_sex", "male")), all, 0.65);
    let with_find =
        |row: &&Row| row["search_conducted"] == "TRUE" && row["contraband_found"] == "TRUE";
    let arrests = count(&|row: &&Row| with_find(row) && row["arrest_made"] == "TRUE");
    near("arrests after hits", arrests, count(&with_find), 0.4);
    for row in stops {
        let said = (row["arrest_made"].as_str(), row["citation_issued"].as_str());
        let outcome = match said {
            ("TRUE", _) => "arrest",
            (_, "TRUE") => "citation",
            _ => "warning",
        };
        assert_eq!(row["outcome"], outcome);
        let age: u32 = row["subject_age"].parse().unwrap();
        assert!((16..=80).contains(&age));
    }
    let young = count(&|row: &&Row| row["subject_age"].as_str() < "48");
    // Both of two numbers from 0 to 64 are at least 32 in 33 x 33 of 65 x 65 cases.
    near("age", young, all, 1.0 - (33.0 * 33.0) / (65.0 * 65.0));
}

#[test]
fn every_cell_has_its_rates_and_their_ratios() {
    let (_, stops, truth) = planned();
    let by_place = truth["places"].as_array().unwrap();
    let total = stops.len();
    let over_all = ("", truth["groups"].as_array().unwrap());
    let cells = by_place
        .iter()
        .map(|place| {
            (
                place["place"].as_str().unwrap(),
                place["groups"].as_array().unwrap(),
            )
        })
        .chain([over_all]);
    for (place, groups) in cells {
        for of in groups {
            let group = of["group"].as_str().unwrap();
            let own: Vec<&Row> = stops
                .iter()
                .filter(|row| row["subject_race"] == group)
                .filter(|row| place.is_empty() || row["county_name"] == place)
                .collect();
            let yes = |column: &str| own.iter().filter(|row| row[column] == "TRUE").count();
            let what = |of: &str| format!("{of} of {group} in `{place}`");
            let recorded = if group == "black" { 0.88 } else { 0.96 };
            let expected = number(&of["stops"]) * recorded / total as f64;
            near(&what("stops"), own.len(), total, expected);
            let searches: Vec<&&Row> = own
                .iter()
                .filter(|row| row["search_conducted"] == "TRUE")
                .collect();
            let finds = searches
                .iter()
                .filter(|row| row["contraband_found"] == "TRUE");
            near(
                &what("searches"),
                searches.len(),
                own.len(),
                number(&of["search_rate"]),
            );
            near(
                &what("hits"),
                finds.count(),
                searches.len(),
                number(&of["hit_rate"]),
            );
            near(
                &what("arrests"),
                yes("arrest_made"),
                own.len(),
                number(&of["arrest_rate"]),
            );
            near(
                &what("citations"),
                yes("citation_issued"),
                own.len(),
                number(&of["citation_rate"]),
            );
            let per_head =
                number(&of["stops"]) / number(&of["population"]) / number(&truth["years"]);
            let stated = number(&of["stops_per_1000_per_year"]);
            assert!((1000.0 * per_head / stated - 1.0).abs() < 1e-9);
        }
    }
    // What is expected is far from no difference, so these counts could have missed it.
    let black = &truth["ratios"][0];
    assert!(number(&black["search_rate"]["pooled"]) > 1.5);
    assert!(black["search_rate"]["within_places"].is_null());
    let recorded = number(&black["stop_rate_recorded"]["pooled"]);
    let stops = number(&black["stop_rate"]["pooled"]);
    assert!((recorded / stops - 0.88 / 0.96).abs() < 1e-9);
}

#[test]
fn odds_in_daylight_and_years_are_those_of_the_plan() {
    let (_, stops, truth) = planned();
    let minute = |clock: &str| {
        let number = |range: std::ops::Range<usize>| clock[range].parse::<usize>().unwrap();
        60 * number(0..2) + number(3..5)
    };
    // By place: its sun, and the window of its evenings.
    let windows = truth["dark"]["windows"].as_array().unwrap();
    let text = |of: &Value, key: &str| of[key].as_str().unwrap().to_owned();
    let point = |of: &Value| {
        let degrees = (number(&of["latitude"]), number(&of["longitude"]));
        placed((text(of, "place"), None), degrees, &text(of, "timezone")).unwrap()
    };
    let sun = SunTable::new(windows.iter().map(point).collect());
    let window = |of: &Value| minute(&text(of, "window_from"))..minute(&text(of, "window_until"));
    let by_place: BTreeMap<String, std::ops::Range<usize>> =
        (windows.iter().map(|of| (text(of, "place"), window(of)))).collect();
    let lit = |row: &Row| {
        let at = minute(&row["time"]);
        if !by_place[&row["county_name"]].contains(&at) {
            return Light::Unknown;
        }
        let place = sun.find(&row["county_name"], None).unwrap();
        let day = row["date"].parse().unwrap();
        sun.light(place, day, 60 * i32::try_from(at).unwrap())
    };
    let is_told = |light: Light| [Light::Light, Light::Dark].contains(&light);
    let inside = stops.iter().filter(|row| is_told(lit(row))).count();
    // Of the stops whose time is not recorded as midnight.
    let in_window = number(&truth["ratios"][0]["window_share"]) * 0.94;
    near("stops in the window", inside, stops.len(), in_window);
    for ratio in truth["ratios"].as_array().unwrap() {
        let group = ratio["group"].as_str().unwrap();
        let mut counts = [[0.0; 2]; 2];
        for row in stops {
            let (light, race) = (lit(row), row["subject_race"].as_str());
            if is_told(light) && [group, "white"].contains(&race) {
                counts[usize::from(light == Light::Dark)][usize::from(race == group)] += 1.0;
            }
        }
        let [[reference_light, light], [reference_dark, dark]] = counts;
        let log = f64::ln(light / reference_light / (dark / reference_dark));
        let error = counts.iter().flatten().map(|n| 1.0 / n).sum::<f64>().sqrt();
        let stated = number(&ratio["daylight_odds_ratio"]);
        // The groups share their hours, and their shares of each place's stops differ little between the places.
        let crude = number(&ratio["window_odds_ratio"]);
        assert!((crude / stated - 1.0).abs() < 0.02, "{group}: {crude}");
        assert!((log - stated.ln()).abs() < ERRORS * error, "{group}: {log}");
        assert!(
            stated.ln().abs() > 2.0 * ERRORS * error,
            "{group}: no effect would pass too"
        );
    }
    // 306, 365 and 273 days, of which the later years have more stops each: by a fifth, and by a fifth again. Only
    // the months differ a little, as the shares of daylight do.
    let of_year = |year: &str| {
        stops
            .iter()
            .filter(|row| row["date"].starts_with(year))
            .count()
    };
    let by_day = [("2020", 306.0), ("2021", 365.0), ("2022", 273.0)]
        .map(|(year, days)| of_year(year) as f64 / days);
    for (later, earlier) in [(1, 0), (2, 1)] {
        let change = by_day[later] / by_day[earlier];
        assert!((1.16..1.24).contains(&change), "{change}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_number_of_threads_and_files() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    let rows = 40_000;
    let one = write(&at("one"), rows, 1, Packing::Plain, &world(7, 1));
    write(&at("four"), rows, 1, Packing::Plain, &world(7, 4));
    for file in [
        "stops.csv",
        "population.csv",
        "points.csv",
        "study.toml",
        "truth.json",
    ] {
        let read = |name: &str| fs::read(at(name).join(file)).unwrap();
        assert!(read("one") == read("four"), "{file} differs");
    }
    let other = write(&at("other"), rows, 1, Packing::Plain, &world(8, 1));
    assert!(one != other);
    let divided = write(&at("divided"), rows, 3, Packing::Plain, &world(7, 2));
    assert!(one == divided, "three files hold other rows than one");
    assert_eq!(
        files_below(&at("divided")),
        [
            "points.csv",
            "population.csv",
            "stops-1.csv",
            "stops-2.csv",
            "stops-3.csv",
            "study.toml",
            "truth.json"
        ]
        .map(std::path::PathBuf::from)
    );
    let packed = write(&at("packed"), rows, 2, Packing::Gzip, &world(7, 2));
    assert!(one == packed, "packed files hold other rows");
    write(&at("packed-again"), rows, 2, Packing::Gzip, &world(7, 1));
    let gz = |name: &str| fs::read(at(name).join("stops-2.csv.gz")).unwrap();
    assert!(gz("packed") == gz("packed-again"));
}

#[test]
fn the_format_of_the_names_reads_the_rows_too() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    write(&out, 3_000, 1, Packing::Plain, &world(287, 1));
    let ledger = |study: &str| {
        let world = World::new(None, None);
        let study = Study::read(&world, &out.join(study)).unwrap();
        let run = pipeline::run(&study, &world).unwrap();
        let results: Value = serde_json::from_str(&run.to_json()).unwrap();
        results["ledger"][0]["rows_kept"].clone()
    };
    let mapped = fs::read_to_string(out.join("study.toml")).unwrap();
    let by_format: String = mapped
        .lines()
        .filter(|line| !line.starts_with("columns  = { date") && !line.starts_with("outcomes"))
        .map(|line| match line.starts_with("files ") {
            true => format!("{line}\nformat = \"stanford-v2\"\n"),
            false => format!("{line}\n"),
        })
        .collect();
    fs::write(out.join("by-format.toml"), by_format).unwrap();
    assert!(ledger("study.toml").as_u64() > Some(2_700));
    assert_eq!(ledger("study.toml"), ledger("by-format.toml"));
}

/// A change of what is drawn is to be noticed, and `VERSION` in `src/simulate/stops.rs` to go up with it.
#[test]
fn the_first_rows_are_those_that_were_pinned() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    let text = write(&out, 2_000, 1, Packing::Plain, &world(287, 2));
    let first: Vec<&str> = std::str::from_utf8(&text)
        .unwrap()
        .lines()
        .take(9)
        .collect();
    let hashes = ["stops.csv", "population.csv", "points.csv", "truth.json"].map(|file| {
        let bytes = fs::read(out.join(file)).unwrap();
        format!("{file} {}", evenhand::ingest::sha256(&bytes))
    });
    insta::assert_snapshot!(
        "first_rows",
        format!("{}\n{}", first.join("\n"), hashes.join("\n"))
    );
}

/// The dataset that studies of ours read is what its plan makes, byte by byte.
#[test]
fn the_data_for_the_tests_of_the_field_are_made_again() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    let kept = root().join("datasets/simulated");
    let world = World::new(None, None);
    let source = Source::read(&world, &kept.join("field-tests.toml")).unwrap();
    simulate(&source, 1, Packing::Gzip, &out, &world).unwrap();
    let kept = kept.join("field-tests");
    let names = files_below(&out);
    assert_eq!(names, files_below(&kept));
    for name in names {
        let (made, known) = (fs::read(out.join(&name)), fs::read(kept.join(&name)));
        assert!(
            made.unwrap() == known.unwrap(),
            "{} differs",
            name.display()
        );
    }
}

#[test]
fn searches_are_based_on_what_the_plan_says_and_find_as_often_on_every_basis() {
    let (_, stops, _) = planned();
    let searched = || stops.iter().filter(|row| row["search_conducted"] == "TRUE");
    let all = searched().count();
    for (basis, share) in [
        ("consent", 0.35),
        ("probable cause", 0.35),
        ("plain view", 0.1),
        ("k9", 0.05),
        ("other", 0.15),
    ] {
        let on_it = searched().filter(|row| row["search_basis"] == basis);
        near(basis, on_it.count(), all, share);
    }
    let other = stops.iter().filter(|row| row["search_conducted"] != "TRUE");
    assert!(other.clone().count() > 0 && other.into_iter().all(|row| row["search_basis"] == "NA"));
}

#[test]
fn the_study_that_comes_with_the_rows_runs_and_covers_the_truth() {
    let folder = tempfile::TempDir::new().unwrap();
    let out = folder.path().join("out");
    write(&out, 100_000, 2, Packing::Gzip, &world(287, 2));
    let truth: Value = serde_json::from_slice(&fs::read(out.join("truth.json")).unwrap()).unwrap();
    let world = World::new(None, None);
    let study = Study::read(&world, &out.join("study.toml")).unwrap();
    let run = pipeline::run(&study, &world).unwrap();
    let results: Value = serde_json::from_str(&run.to_json()).unwrap();
    let ledger = results["ledger"]
        .as_array()
        .unwrap()
        .iter()
        .find(|source| source["source"] == "stops")
        .unwrap();
    assert_eq!(ledger["rows_in"].as_u64(), Some(100_000));
    let drivers = truth["groups"].as_array().unwrap().iter();
    let expected: f64 = drivers.map(|group| number(&group["rows_of_drivers"])).sum();
    let kept = ledger["rows_kept"].as_u64().unwrap() as usize;
    near("rows kept", kept, 100_000, expected / 100_000.0);

    let ratios = |finding: &str, estimand: &str| -> Vec<Value> {
        let findings = results["findings"].as_array().unwrap();
        let found = findings.iter().find(|f| f["id"] == finding).unwrap();
        let mut rows = objects(found);
        rows.retain(|row| row["estimand"] == estimand && row["comparison"] == "reference_group");
        assert!(!rows.is_empty(), "{finding} has no {estimand}");
        rows
    };
    let covers = |row: &Value, truth: f64| {
        let (low, high) = (number(&row["conf_low"]), number(&row["conf_high"]));
        assert!(
            low <= truth && truth <= high,
            "{truth} is outside of {low} to {high}: {row}"
        );
    };
    let (mut compared, mut covering_one) = (0, 0);
    for of in truth["ratios"].as_array().unwrap() {
        let group = of["group"].as_str().unwrap();
        let mut each = |finding: &str, estimand: &str, ratio: &Value| {
            for row in ratios(finding, estimand) {
                if row["group"] == group {
                    compared += 1;
                    covers(&row, number(ratio));
                    let at_one =
                        number(&row["conf_low"]) <= 1.0 && 1.0 <= number(&row["conf_high"]);
                    covering_one += usize::from(at_one);
                }
            }
        };
        each(
            "disparity-searches",
            "risk_ratio",
            &of["search_rate"]["pooled"],
        );
        each("outcome-test", "risk_ratio", &of["hit_rate"]["pooled"]);
        each(
            "disparity-stops",
            "rate_ratio",
            &of["stop_rate_recorded"]["within_places"],
        );
    }
    assert!(compared >= 12, "{compared} intervals were compared");
    // Few of them would cover no difference as well.
    assert!(covering_one <= 1, "{covering_one} of {compared}");
}

#[test]
fn parameters_that_cannot_be_are_refused_by_name_and_nothing_is_left() {
    let group = "[[group]]\nname = \"a\"\nshare = 0.5\nsearch_rate = 0.1\nhit_rate = 0.3\n";
    let second = group.replace("\"a\"", "\"b\"");
    let with = |text: &str| format!("{group}{second}{text}");
    let place = "[[place]]\nname = \"P\"\n";
    let cases: Vec<(String, &str, &str)> = vec![
        ("rows = 0".into(), "plan.toml:1: `rows` is 0", "from 1 to"),
        ("row = 5".into(), "unknown key `row`", "did you mean `rows`"),
        (
            "[records]\ndouble = 0.1".into(),
            "plan.toml:2: unknown key `double`",
            "`duplicates`",
        ),
        ("places = 0".into(), "`places` is 0", "from 1"),
        ("officers = 3".into(), "`officers` is 3", "4 or more"),
        (
            "until = 2020-01-01".into(),
            "`until` is 2020-01-01",
            "last day",
        ),
        (
            "from = 1700-01-01".into(),
            "`from` is 1700-01-01",
            "1900-01-01",
        ),
        ("from = \"2020\"".into(), "plan.toml:1", "2011-01-31"),
        (
            "[spread]\nstops = 1.0".into(),
            "plan.toml:2: `spread.stops` is 1",
            "below 1",
        ),
        (
            "[spread]\nstops = nan".into(),
            "`spread.stops` is NaN",
            "below 1",
        ),
        ("[trend]\nstops = -1".into(), "`trend.stops` is -1", "-0.9"),
        (
            "[records]\nmidnight = 2".into(),
            "`records.midnight` is 2",
            "from 0 to 1",
        ),
        (
            "[records]\nduplicates = 0.4\nsecond_citations = 0.2".into(),
            "add up to 0.6",
            "at most 0.5",
        ),
        (
            "[records]\nsecond_citations = 0.48".into(),
            "`group 1: citation_rate` is 0.55",
            "raise it",
        ),
        (
            "[clock]\ntimezone = \"America/New_Yorc\"".into(),
            "`America/New_Yorc` is no time zone",
            "did you mean `America/New_York`?",
        ),
        (
            "[clock]\ntimezone = \"Europe/Berlin\"".into(),
            "hours off the sun",
            "below 0",
        ),
        (
            format!(
                "{group}{}[[place]]\nname = \"x\"\nlatitude = 36.0",
                group.replace("\"a\"", "\"b\"")
            ),
            "half a point",
            "latitude and longitude",
        ),
        (
            format!(
                "{group}{}[[place]]\nname = \"x\"\nlatitude = -79.0\nlongitude = 36.0",
                group.replace("\"a\"", "\"b\"")
            ),
            "look swapped",
            "degrees north",
        ),
        (
            "[search_basis]\nconsent = 0.5".into(),
            "add up to 1.15",
            "one basis",
        ),
        (
            "[clock]\nhours = [1, 2]".into(),
            "2 are given",
            "24 weights",
        ),
        (group.into(), "1 groups", "at least two"),
        (
            format!("{group}{group}"),
            "plan.toml:7: a group cannot be called `a`",
            "name of its own",
        ),
        (
            with("share = 0.9"),
            "`share` stands there twice",
            "keep one",
        ),
        (
            format!("{group}{}", second.replace("0.5", "0.6")),
            "add up to 1.1",
            "add up to 1",
        ),
        (
            with("stop_ratio = 0"),
            "`group 2: stop_ratio` is 0",
            "0.001 to 1000",
        ),
        (
            format!("{group}stop_ratio = 2\n{second}"),
            "`group 1: stop_ratio` is 2",
            "the reference",
        ),
        (
            with("missing_race = 0.99"),
            "`group 2: missing_race` is 0.99",
            "at most 1",
        ),
        (
            format!("{group}{}", second.replace("0.1", "0.9")),
            "search rate of group `b`",
            "spread.officers",
        ),
        (
            with(&format!("{place}officers = 0")),
            "`place 1: officers` is 0",
            "at least one",
        ),
        (
            with(&format!("{place}{place}")),
            "second place is called `P`",
            "of its own",
        ),
        (
            format!("places = 2\n{}", with(place)),
            "`places` is given",
            "take one",
        ),
        (
            with(&format!("{place}search_rate = {{ c = 0.1 }}")),
            "`c` is no group",
            "`b`",
        ),
        (
            with(&format!("{place}stop_ratio = {{ a = 2 }}")),
            "names the reference",
            "stop_factor",
        ),
        (
            with(&format!("{place}population = {{ a = 5 }}")).replace("share = 0.5\n", ""),
            "0 residents of group `b`",
            "every group",
        ),
        (
            with(&format!("{place}population = {{ a = 5, b = 5 }}")),
            "`share` is given",
            "no effect",
        ),
        (with("[[place]]\nname = \"P, Q\""), "`P, Q`", "no comma"),
        (
            with(place).replacen("share = 0.5\n", "", 1),
            "group `a` has no `share`",
            "share = 0.2",
        ),
        ("people = 5".into(), "without residents", "raise `people`"),
    ];
    for (plan, message, hint) in cases {
        let workspace = Workspace::new();
        workspace.write("plan.toml", &plan);
        let outcome =
            workspace.evenhand(&["simulate", "stops", "--plan", "plan.toml", "-o", "out"]);
        assert_eq!(outcome.code, 1, "{plan}: {}", outcome.stderr);
        let told = outcome.stderr.replace('\n', " ");
        assert!(
            told.contains(message),
            "{plan}: no `{message}` in {}",
            outcome.stderr
        );
        assert!(
            told.contains(hint),
            "{plan}: no `{hint}` in {}",
            outcome.stderr
        );
        assert!(told.contains("hint: "), "{plan}: {}", outcome.stderr);
        assert_eq!(workspace.files(), [Path::new("plan.toml")], "{plan}");
    }
}

#[test]
fn what_the_command_line_says_is_refused_without_a_line_of_the_plan() {
    let workspace = Workspace::new();
    workspace.write("plan.toml", "rows = 500\n");
    let run = |more: &[&str]| {
        let mut arguments = vec!["simulate", "stops", "--plan", "plan.toml", "-o", "out"];
        arguments.extend(more);
        workspace.evenhand(&arguments)
    };
    let outcome = run(&["--rows", "0"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.starts_with("error: `rows` is 0"),
        "{}",
        outcome.stderr
    );
    assert!(run(&["--files", "0"]).stderr.contains("`--files` is 0"));
    assert!(run(&["--files", "600"]).stderr.contains("600 files"));
    assert_eq!(run(&["--from", "1.2.2020"]).code, 2);
    assert_eq!(workspace.files(), [Path::new("plan.toml")]);
    assert_eq!(run(&["--rows", "40", "--from", "2022-01-01"]).code, 0);
    let truth: Value =
        serde_json::from_slice(&fs::read(workspace.path("out/truth.json")).unwrap()).unwrap();
    assert_eq!(
        (truth["rows"]["all"].as_u64(), truth["years"].as_f64()),
        (Some(40), Some(1.0))
    );
}

#[test]
fn nothing_is_written_over() {
    let workspace = Workspace::new();
    let simulate =
        |out: &str| workspace.evenhand(&["simulate", "stops", "--rows", "50", "-o", out]);
    workspace
        .write("taken/mine.txt", "mine")
        .write("file", "mine");
    for (out, found) in [
        ("taken", "mine.txt"),
        ("file", "not a folder"),
        ("..", "output folder"),
    ] {
        let refused = simulate(out);
        assert_eq!(refused.code, 1, "{out}");
        assert!(
            refused.stderr.contains(found) || refused.stderr.contains("not empty"),
            "{}",
            refused.stderr
        );
    }
    assert_eq!(workspace.files(), ["file", "taken/mine.txt"].map(Path::new));
    fs::create_dir(workspace.path("empty")).unwrap();
    // What a killed run left is ours to remove.
    workspace.write(".empty.evenhand-new/stops.csv", "half a row");
    assert_eq!(simulate("empty").code, 0);
    assert_eq!(simulate("empty").code, 1);
    let mut wanted = [
        "points.csv",
        "population.csv",
        "stops.csv",
        "study.toml",
        "truth.json",
    ]
    .map(|f| format!("empty/{f}"))
    .to_vec();
    wanted.extend(["file".to_owned(), "taken/mine.txt".to_owned()]);
    let found: Vec<String> = workspace
        .files()
        .iter()
        .map(|f| f.display().to_string())
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn the_page_states_the_defaults_and_help_shows_examples() {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    let mut stated: Plan = toml::from_str(text).unwrap();
    assert_eq!(
        (
            stated.seed.take(),
            stated.places.take(),
            stated.officers.take()
        ),
        (Some(evenhand::world::DEFAULT_SEED), Some(4), Some(40))
    );
    // Ten a row and year, and two years.
    assert_eq!(stated.people.take(), Some(100_000 * 10 / 2));
    let document = |plan: &Plan| serde_json::to_value(plan).unwrap();
    assert_eq!(document(&stated), document(&Plan::default()));

    let workspace = Workspace::new();
    let help = workspace.evenhand(&["simulate", "stops", "--help"]).stdout;
    assert!(
        help.contains("Examples:") && help.contains("--explain"),
        "{help}"
    );
    let page = workspace.evenhand(&["simulate", "stops", "--explain"]);
    assert_eq!((page.code, page.stdout.as_str()), (0, PAGE));
    assert_eq!(workspace.evenhand(&["simulate", "stops"]).code, 2);
}
