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

use evenhand::stats::threshold::{Fit, Priors, Sampling, draw_from_prior, fit, ranks};

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
        threads: std::thread::available_parallelism()?.get(),
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

/// Ranks of the drawn values among the draws, uniform if the sampler is right, of all data sets; intervals of those whose
/// sampler converged.
fn calibration(times: u64) -> Result<(), Box<dyn Error>> {
    const BINS: usize = 10;
    let stops = [4000, 1500, 3000, 1200, 2000, 600, 5000, 1000];
    let sampling = Sampling {
        chains: 4,
        warmup: 1000,
        draws: 2000,
        seed: 0,
        threads: std::thread::available_parallelism()?.get(),
    };
    let mut bins = [[0u64; BINS]; 3];
    let (mut inside, mut converged) = ([0u64; 3], 0u64);
    for seed in 1..=times {
        let drawn = draw_from_prior((2, &stops), Priors::default(), seed)?;
        let sampling = Sampling { seed, ..sampling };
        let shares = ranks(&drawn, Priors::default(), sampling)?;
        for (bins, share) in bins.iter_mut().zip(shares) {
            bins[((share * BINS as f64) as usize).min(BINS - 1)] += 1;
        }
        if fit(&drawn.counts, Priors::default(), sampling)?
            .posterior()
            .is_some()
        {
            converged += 1;
            for (inside, share) in inside.iter_mut().zip(shares) {
                *inside += u64::from((0.025..=0.975).contains(&share));
            }
        }
    }
    let expected = times as f64 / BINS as f64;
    for (name, bins) in ["threshold", "difference", "sigma_t"].iter().zip(&bins) {
        let away = bins
            .iter()
            .map(|n| (*n as f64 - expected).powi(2) / expected);
        let chi_square: f64 = away.sum();
        println!(
            "{name}: chi-square {chi_square:.1} on {} df, {bins:?}",
            BINS - 1
        );
    }
    println!("in the 95 % interval: {inside:?} of {converged} that converged, of {times}");
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
