//! The threshold test against Stan and NumPyro, and its diagnostics against ArviZ; `G_threshold/answers.json` holds the
//! Stan program, `G_threshold/diagnostics.py` makes the diagnostics.

use evenhand::stats::Level;
use evenhand::stats::threshold::{
    Cell, Counts, Priors, Sampling, Summary, diagnose, draw_from_prior, fit, ranks,
};
use serde_json::Value;

const GROUPS: [&str; 3] = ["white", "black", "hispanic"];

fn file(name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/G_threshold");
    std::fs::read_to_string(format!("{folder}/{name}")).unwrap()
}

/// The counts, with the first place of the file pinned, as in the reference.
pub(crate) fn counts() -> Counts {
    let text = file("counts.csv");
    let cells: Vec<Cell> = text
        .lines()
        .skip(1)
        .enumerate()
        .map(|(i, line)| {
            let fields: Vec<&str> = line.split(',').collect();
            let number = |at: usize| fields[at].parse().unwrap();
            assert_eq!(fields[1], GROUPS[i % 3]);
            Cell {
                group: i % 3,
                place: i / 3,
                stops: number(2),
                searches: number(3),
                hits: number(4),
            }
        })
        .collect();
    Counts::new(3, cells.len() / 3, cells)
        .unwrap()
        .pinned_at(0)
        .unwrap()
}

/// Means agree within four standard errors of both samplers together and 0.001; standard deviations within 15 %.
fn agree(peer: &Value, (own, mcse): (Summary, f64), what: &str) {
    let number = |key: &str| peer[key].as_f64().unwrap();
    let bound = 4.0 * number("mcse").hypot(mcse) + 1e-3;
    let away = (own.mean - number("mean")).abs();
    assert!(
        away <= bound,
        "{what}: {} and {}, {away} > {bound}",
        own.mean,
        number("mean")
    );
    assert!(
        (own.sd / number("sd") - 1.0).abs() < 0.15,
        "{what}: sd {} and {}",
        own.sd,
        number("sd")
    );
}

#[test]
fn thresholds_are_those_of_two_samplers() {
    let sampling = Sampling {
        chains: 4,
        warmup: 500,
        draws: 1000,
        seed: 20,
        threads: 2,
    };
    let counts = counts();
    let fit = fit(&counts, Priors::default(), sampling).unwrap();
    let posterior = fit
        .posterior()
        .unwrap_or_else(|| panic!("{:?}", fit.diagnostics()));
    let answers: Value = serde_json::from_str(&file("answers.json")).unwrap();
    let level = Level::NINETY_FIVE;
    for peer in ["stan", "numpyro"] {
        let peer = &answers[peer];
        for (group, name) in GROUPS.iter().enumerate() {
            agree(
                &peer["race_threshold"][name],
                (
                    posterior.group(group, level),
                    posterior.mcse(posterior.group_draws(group)),
                ),
                name,
            );
        }
        for (group, name) in GROUPS.iter().enumerate().skip(1) {
            let theirs = &peer["threshold_difference_from_white"][name];
            let mcse = posterior.mcse(&posterior.difference_draws(group, 0));
            agree(theirs, (posterior.difference(group, 0, level), mcse), name);
            let lower = theirs["prob_lower"].as_f64().unwrap();
            assert!((1.0 - posterior.probability_above(group, 0) - lower).abs() < 0.005);
        }
        let cells = peer["cells"].as_array().unwrap();
        assert_eq!(cells.len(), counts.cells().len());
        for (i, cell) in cells.iter().enumerate() {
            let what = format!("{} {}", cell["department"], cell["race"]);
            let mcse = posterior.mcse(posterior.cell_draws(i));
            agree(&cell["threshold"], (posterior.cell(i, level), mcse), &what);
        }
        let sigma = posterior.sigma_draws();
        let mean = sigma.iter().sum::<f64>() / sigma.len() as f64;
        assert!(
            (mean - peer["parameters"]["sigma_t"]["mean"].as_f64().unwrap()).abs() < 0.012,
            "{mean}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_for_any_threads_and_another_seed_others() {
    let drawn = draw_from_prior((2, &[300, 200, 150, 90]), Priors::default(), 3).unwrap();
    let draws = |seed, threads| {
        let sampling = Sampling {
            chains: 5,
            warmup: 100,
            draws: 40,
            seed,
            threads,
        };
        format!(
            "{:?}",
            fit(&drawn.counts, Priors::default(), sampling).unwrap()
        )
    };
    let one = draws(1, 1);
    for threads in [0, 2, 3, 5, 9] {
        assert_eq!(one, draws(1, threads), "{threads} threads");
    }
    assert_ne!(one, draws(2, 1));
}

#[test]
fn too_few_draws_are_no_posterior() {
    let sampling = Sampling {
        chains: 4,
        warmup: 50,
        draws: 80,
        seed: 1,
        threads: 2,
    };
    let fit = fit(&counts(), Priors::default(), sampling).unwrap();
    assert!(!fit.diagnostics().converged() && fit.posterior().is_none());
}

#[test]
fn diagnostics_are_those_of_arviz() {
    let answers: Value = serde_json::from_str(&file("diagnostics.json")).unwrap();
    for case in answers["cases"].as_array().unwrap() {
        let chains: Vec<Vec<f64>> = serde_json::from_value(case["chains"].clone()).unwrap();
        let chains: Vec<&[f64]> = chains.iter().map(Vec::as_slice).collect();
        let own = diagnose(&chains);
        for (key, own) in [
            ("r_hat", own.r_hat),
            ("bulk_ess", own.bulk_ess),
            ("tail_ess", own.tail_ess),
            ("mean_ess", own.mean_ess),
        ] {
            let theirs = case[key].as_f64().unwrap();
            assert!(
                (own / theirs - 1.0).abs() < 1e-9,
                "{} {key}: {own} and {theirs}",
                case["name"]
            );
        }
    }
}

/// Pearson's chi-square of equal shares in four bins.
fn chi_square(shares: &[f64]) -> f64 {
    let expected = shares.len() as f64 / 4.0;
    let of_bin = |bin: usize| {
        let inside = |share: &&f64| ((**share * 4.0) as usize).min(3) == bin;
        let away = shares.iter().filter(inside).count() as f64 - expected;
        away * away / expected
    };
    (0..4).map(of_bin).sum()
}

/// The long one is `cargo run --release --example threshold calibration 200`.
#[test]
fn a_short_calibration_is_uniform_and_could_fail() {
    // 1 in 10,000 of a chi-square on 3 degrees of freedom.
    const FAR: f64 = 21.11;
    let priors = Priors::default();
    let shares: Vec<[f64; 3]> = (1..=60)
        .map(|seed| {
            let drawn = draw_from_prior((2, &[300, 200, 150, 90]), priors, seed).unwrap();
            let sampling = Sampling {
                chains: 4,
                warmup: 200,
                draws: 100,
                seed,
                threads: 2,
            };
            ranks(&drawn, priors, sampling).unwrap()
        })
        .collect();
    for number in 0..3 {
        let own: Vec<f64> = shares.iter().map(|shares| shares[number]).collect();
        let found = chi_square(&own);
        assert!(found < FAR, "number {number}: {found}, {own:?}");
        // Thresholds that lay low by as much as a square takes from a uniform share would be seen.
        let squares: Vec<f64> = own.iter().map(|share| share * share).collect();
        assert!(chi_square(&squares) > 12.0, "{own:?}");
    }
}
