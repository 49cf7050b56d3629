//! The published thresholds of state patrols by county (Pierson et al. 2017), read where the public files are there.
//!
//! Their model has other signals (beta) and priors than ours, so cells are compared by rank of agreement, and what is held
//! exactly is the weighting: the 20, 16 and 14 percent of the paper are cells weighted by the stops of all groups.

use std::collections::BTreeMap;

use evenhand::stats::Level;
use evenhand::stats::threshold::{Cell, Counts, Priors, Sampling, fit};

use crate::harness::public;

const GROUPS: [&str; 3] = ["White drivers", "Black drivers", "Hispanic drivers"];

/// Counts and published threshold of each group, by state and place.
type Places = BTreeMap<(String, String), [Option<([u64; 3], f64)>; 3]>;

fn published() -> Option<Places> {
    let file = public("openpolicing-county-counts-2011-2015/fig4b_threshold_test.csv")?;
    let mut places = Places::new();
    for row in csv::Reader::from_path(file)
        .unwrap()
        .records()
        .map(Result::unwrap)
    {
        let group = GROUPS.iter().position(|group| *group == &row[1]).unwrap();
        let count = |at: usize| row[at].parse::<f64>().unwrap() as u64;
        let place = places
            .entry((row[8].to_owned(), row[0].to_owned()))
            .or_default();
        place[group] = Some(([count(2), count(3), count(4)], row[7].parse().unwrap()));
    }
    // As a study would: places with at least 10 stops of every group.
    places.retain(|_, groups| {
        groups
            .iter()
            .all(|group| group.is_some_and(|(n, _)| n[0] >= 10))
    });
    Some(places)
}

#[test]
fn published_cells_weighted_by_the_stops_of_all_groups_are_the_published_thresholds() {
    let Some(places) = published() else { return };
    let (mut sums, mut all) = ([0.0; 3], 0.0);
    for groups in places.values() {
        let groups = groups.map(Option::unwrap);
        let stops: f64 = groups.iter().map(|(n, _)| n[0] as f64).sum();
        all += stops;
        for (sum, (_, threshold)) in sums.iter_mut().zip(groups) {
            *sum += stops * threshold;
        }
    }
    let percent = sums.map(|sum| (100.0 * sum / all).round() as i64);
    assert_eq!(percent, [20, 16, 14]);
}

#[test]
fn thresholds_of_counties_go_with_those_published() {
    let Some(mut places) = published() else {
        return;
    };
    // One state: all of them take minutes.
    places.retain(|(state, _), _| state == "SC");
    let groups = || {
        places
            .values()
            .flat_map(|groups| groups.map(Option::unwrap))
    };
    let cells = groups()
        .enumerate()
        .map(|(i, ([stops, searches, hits], _))| Cell {
            group: i % 3,
            place: i / 3,
            stops,
            searches,
            hits,
        });
    let counts = Counts::new(3, places.len(), cells.collect()).unwrap();
    let sampling = Sampling {
        chains: 4,
        warmup: 1000,
        draws: 2000,
        seed: 1,
        threads: 2,
    };
    let fit = fit(&counts, Priors::default(), sampling).unwrap();
    let posterior = fit
        .posterior()
        .unwrap_or_else(|| panic!("{:?}", fit.diagnostics()));
    let own = (0..counts.cells().len()).map(|i| posterior.cell(i, Level::NINETY_FIVE).mean);
    let pairs: Vec<(f64, f64)> = own.zip(groups().map(|(_, threshold)| threshold)).collect();
    let n = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let covariance = mean(&|p| (p.0 - x) * (p.1 - y));
    let spread = (mean(&|p| (p.0 - x).powi(2)) * mean(&|p| (p.1 - y).powi(2))).sqrt();
    assert!(covariance / spread > 0.6, "{}", covariance / spread);
}
