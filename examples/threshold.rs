//! The threshold test as it is meant to be fast, and a long calibration of it.
//!
//! ```text
//! cargo run --release --example threshold speed                  # 60 cells, 4 chains of 1,000 + 2,000
//! cargo run --release --example threshold calibration 200        # ranks of what 200 data sets were drawn from
//! ```

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "it measures time and says what it measured"
)]

use std::error::Error;
use std::time::Instant;

use evenhand::stats::Level;
use evenhand::stats::threshold::{Fit, Priors, Sampling, draw_from_prior, fit};

/// Three groups in twenty places, from 60 to 12,000 stops: 60 cells.
fn sixty_cells() -> Vec<u64> {
    (1..=20u64)
        .flat_map(|place| [600 * place, 250 * place, 60 * place])
        .collect()
}

fn said(fit: &Fit) -> String {
    let found = fit.diagnostics();
    format!(
        "R-hat {:.4}, ESS bulk {:.0} tail {:.0}, {} divergences",
        found.r_hat, found.bulk_ess, found.tail_ess, found.divergences
    )
}

fn speed() -> Result<(), Box<dyn Error>> {
    let sampling = Sampling {
        chains: 4,
        warmup: 1000,
        draws: 2000,
        seed: 1,
    };
    for seed in 1..=5 {
        let drawn = draw_from_prior((3, &sixty_cells()), Priors::default(), seed)?;
        let started = Instant::now();
        let fit = fit(&drawn.counts, Priors::default(), sampling)?;
        let took = started.elapsed().as_secs_f64();
        println!("data {seed}: {took:.2} s, {}", said(&fit));
    }
    Ok(())
}

/// Ranks of the drawn values among thinned draws: uniform if the sampler is right.
fn calibration(times: u64) -> Result<(), Box<dyn Error>> {
    const BINS: usize = 20;
    let stops = [400, 150, 300, 120, 200, 60, 500, 100];
    let sampling = Sampling {
        chains: 4,
        warmup: 1000,
        draws: 1000,
        seed: 0,
    };
    let mut bins = [[0u64; BINS]; 4];
    let (mut covered, mut failed) = ([0u64; 3], 0u64);
    for seed in 1..=times {
        let drawn = draw_from_prior((2, &stops), Priors::default(), seed)?;
        let fit = fit(
            &drawn.counts,
            Priors::default(),
            Sampling { seed, ..sampling },
        )?;
        let Some(posterior) = fit.posterior() else {
            println!("seed {seed} did not converge: {}", said(&fit));
            failed += 1;
            continue;
        };
        let [a, b] = [drawn.thresholds[0], drawn.thresholds[1]];
        let truths = [a, b, a - b, drawn.sigma];
        let draws = [
            posterior.group_draws(0).to_vec(),
            posterior.group_draws(1).to_vec(),
            posterior.difference_draws(0, 1),
            posterior.sigma_draws().to_vec(),
        ];
        for ((bins, truth), draws) in bins.iter_mut().zip(truths).zip(draws) {
            let below = draws.iter().filter(|x| **x < truth).count();
            bins[(below * BINS / draws.len()).min(BINS - 1)] += 1;
        }
        let level = Level::NINETY_FIVE;
        let intervals = [
            posterior.group(0, level).interval,
            posterior.group(1, level).interval,
            posterior.difference(0, 1, level).interval,
        ];
        for ((covered, truth), interval) in covered.iter_mut().zip(truths).zip(intervals) {
            *covered += u64::from(interval.low <= truth && truth <= interval.high);
        }
    }
    let expected = (times - failed) as f64 / BINS as f64;
    let names = ["threshold 1", "threshold 2", "difference", "sigma_t"];
    for (name, bins) in names.iter().zip(&bins) {
        let chi_square: f64 = (bins.iter())
            .map(|n| (*n as f64 - expected) * (*n as f64 - expected) / expected)
            .sum();
        println!(
            "{name}: chi-square {chi_square:.1} on {} df, {bins:?}",
            BINS - 1
        );
    }
    println!(
        "in the 95 % interval: {covered:?} of {}; not converged {failed}",
        times - failed
    );
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("calibration") => {
            let times = arguments.get(1).map_or(Ok(100), |times| times.parse())?;
            calibration(times)
        }
        _ => speed(),
    }
}
