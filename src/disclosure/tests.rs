use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::cells::{Cell, CellTable};
use crate::findings::{Family, Frame, Part};

fn table(counts: &[(&str, u64, Option<u64>)]) -> CellTable {
    let cells = counts.iter().map(|(place, events, trials)| Cell {
        key: vec![(*place).into()],
        events: *events,
        trials: *trials,
    });
    CellTable::new(vec!["place".into()], cells).unwrap()
}

fn finding(lines: Vec<Line>) -> Finding {
    let frame = Frame {
        counts: "stops".into(),
        events: "stops".into(),
        trials: None,
        baselines: vec![],
        per: None,
        by: vec![],
        only: String::new(),
        level: 0.95,
        reference: String::new(),
        arms: vec![],
        comparisons: 0,
        headline: String::new(),
        counting: String::new(),
        seed: 0,
    };
    Finding {
        analysis: "rates",
        id: "x".into(),
        title: String::new(),
        note: None,
        frame,
        lines,
        warnings: vec![],
        sky: None,
        own_counts: None,
    }
}

fn count_ref(counts: &str, part: Part, places: &[&str], count: u64) -> CountRef {
    let cells: BTreeSet<Vec<String>> = places.iter().map(|p| vec![(*p).to_owned()]).collect();
    CountRef {
        counts: counts.into(),
        part,
        keys: ["place".to_owned()].into(),
        cells: Arc::new(cells),
        count,
    }
}

fn line(places: &[&str], count: u64) -> Line {
    let mut line = Line::new(&[], "", Comparison::None, glossary::RATE);
    line.estimate = Some(count as f64);
    line.events = Some(count);
    line.rests_on = vec![count_ref("stops", Part::Events, places, count)];
    line
}

fn stops() -> Protected {
    let mut protected = Protected::default();
    let counts = [("a", 4, None), ("b", 30, None), ("c", 50, None)];
    protected.add_rows(("stops", &table(&counts)), None, None);
    protected
}

fn config(mode: Mode) -> DisclosureConfig {
    DisclosureConfig {
        mode,
        ..DisclosureConfig::default()
    }
}

fn run(mode: Mode) -> Vec<Option<u64>> {
    let lines = vec![
        line(&["a", "b", "c"], 84),
        line(&["a"], 4),
        line(&["b"], 30),
        line(&["c"], 50),
    ];
    let decided = disclose(vec![finding(lines)], &stops(), config(mode));
    decided.findings[0]
        .lines
        .iter()
        .map(|line| line.events)
        .collect()
}

#[test]
fn a_total_does_not_give_a_withheld_cell_back() {
    assert_eq!(
        run(Mode::Public),
        [Some(84), None, None, Some(50)],
        "84 - 30 - 50 would be 4"
    );
}

#[test]
fn a_court_sees_every_count() {
    assert_eq!(run(Mode::Court), [Some(84), Some(4), Some(30), Some(50)]);
}

#[test]
fn a_restricted_total_is_held_against_the_whole_one() {
    let lines = vec![line(&["a", "b", "c"], 84), line(&["b", "c"], 80)];
    let decided = disclose(vec![finding(lines)], &stops(), config(Mode::Public));
    let shown: Vec<_> = decided.findings[0].lines.iter().map(|l| l.events).collect();
    assert_eq!(shown, [Some(84), None], "84 - 80 would be 4");
}

#[test]
fn the_number_of_rows_kept_goes_before_a_finding() {
    let lines = vec![line(&["b", "c"], 80)];
    let decided = disclose(vec![finding(lines)], &stops(), config(Mode::Public));
    assert_eq!(decided.findings[0].lines[0].events, Some(80));
    assert!(!decided.keeps.total, "84 rows kept - 80 would be 4");
}

#[test]
fn stops_without_a_search_are_persons_as_well() {
    let mut protected = Protected::default();
    protected.add_rows(
        ("stops", &table(&[("a", 100, None)])),
        Some(&table(&[("a", 97, Some(100))])),
        None,
    );
    let mut one = line(&["a"], 97);
    one.rests_on = vec![
        count_ref("searches", Part::Events, &["a"], 97),
        count_ref("searches", Part::Trials, &["a"], 100),
    ];
    let decided = disclose(vec![finding(vec![one])], &protected, config(Mode::Public));
    assert_eq!(decided.findings[0].lines[0].events, None, "100 - 97 is 3");
}

/// A line on all places whose dispersion is fitted to each of them.
fn with_spread(places: &[&str], counts: &[u64]) -> Line {
    let mut line = line(places, counts.iter().sum());
    line.dispersion = Some(1.234_567_89);
    line.fitted_on = vec![Arc::new(Family::Cells(
        places
            .iter()
            .zip(counts)
            .map(|(place, count)| count_ref("stops", Part::Events, &[place], *count))
            .collect(),
    ))];
    line
}

#[test]
fn a_dispersion_of_few_hidden_counts_with_a_small_one_is_withheld() {
    let lines = vec![with_spread(&["a", "b", "c"], &[4, 30, 50])];
    let decided = disclose(vec![finding(lines)], &stops(), config(Mode::Public));
    let line = &decided.findings[0].lines[0];
    assert_eq!((line.events, line.dispersion), (Some(84), None));
    assert!(
        line.warnings
            .contains(&Warning::SpreadWithheld { minimum: 10 })
    );
}

#[test]
fn a_dispersion_of_many_hidden_counts_is_rounded() {
    let places: Vec<String> = (0..12).map(|i| format!("p{i}")).collect();
    let names: Vec<&str> = places.iter().map(String::as_str).collect();
    let counts: Vec<u64> = (0..12).map(|i| 3 + 5 * i).collect();
    let cells: Vec<_> = names
        .iter()
        .zip(&counts)
        .map(|(p, c)| (*p, *c, None))
        .collect();
    let mut protected = Protected::default();
    protected.add_rows(("stops", &table(&cells)), None, None);
    let lines = vec![with_spread(&names, &counts)];
    let decided = disclose(vec![finding(lines)], &protected, config(Mode::Public));
    assert_eq!(decided.findings[0].lines[0].dispersion, Some(1.23));
}
