//! The density against its definition, and its slopes against differences.

use super::*;
use crate::stats::draws::Draws;

fn cell(group: usize, place: usize, counts: [u64; 3]) -> Cell {
    let [stops, searches, hits] = counts;
    Cell {
        group,
        place,
        stops,
        searches,
        hits,
    }
}

/// Full cells, a cell without stops, one without searches, one with nothing but hits, one in which all are searched.
fn counts() -> Counts {
    Counts::new(
        2,
        3,
        vec![
            cell(0, 0, [900, 120, 40]),
            cell(1, 0, [500, 90, 20]),
            cell(0, 1, [30, 0, 0]),
            cell(1, 1, [0, 0, 0]),
            cell(0, 2, [40, 12, 12]),
            cell(1, 2, [7, 7, 3]),
        ],
    )
    .unwrap()
}

fn priors() -> Priors {
    Priors::new(0.25, 0.1).unwrap()
}

/// The definition word for word: two binomials and every prior, on the scale of the paper.
fn by_the_book(counts: &Counts, density: &mut Density<'_>, x: &[f64]) -> f64 {
    let normal = |x: f64, mean: f64, sd: f64| -0.5 * ((x - mean) / sd).powi(2) - sd.ln();
    let layout = density.layout;
    let sigma = x[layout.ln_sigma()].exp();
    let mut value = normal(sigma, 0.0, 1.0) + x[layout.ln_sigma()];
    for t in &x[..layout.groups] {
        value += normal(*t, 0.0, 1.0);
    }
    density.take(x);
    for (part, factors) in density
        .parts()
        .into_iter()
        .zip([&density.phi, &density.delta])
    {
        let effects: Vec<f64> = factors.groups.iter().map(|factor| factor.ln()).collect();
        // The integral over mu, by trapezoids.
        let at = |step: i32| {
            let mu = f64::from(step) / 200.0;
            let of_groups = effects.iter().map(|effect| normal(*effect, mu, 0.25));
            (normal(mu, 0.0, 1.0) + of_groups.sum::<f64>()).exp()
        };
        value += (-2000..=2000).map(at).sum::<f64>().ln();
        for away in &x[part][layout.groups..] {
            value += normal(0.1 * away, 0.0, 0.1);
        }
    }
    let signals = density.signals(x);
    for (i, (cell, signal)) in counts.cells().iter().zip(signals).enumerate() {
        let phi = signal.odds / (1.0 + signal.odds);
        let p1 = phi * 0.5 * libm::erfc((signal.t - signal.delta) / 2f64.sqrt());
        let p0 = (1.0 - phi) * 0.5 * libm::erfc(signal.t / 2f64.sqrt());
        let binomial = |x: u64, n: u64, p: f64| x as f64 * p.ln() + (n - x) as f64 * (1.0 - p).ln();
        value += binomial(cell.searches, cell.stops, p0 + p1);
        value += binomial(cell.hits, cell.searches, p1 / (p0 + p1));
        let z = (signal.t - x[cell.group]) / sigma;
        value += normal(z, 0.0, 1.0);
        value -= density.centring[i] * sigma.ln();
    }
    value
}

fn positions(density: &Density<'_>, seed: u64) -> Vec<Vec<f64>> {
    let mut draws = Draws::new(seed);
    (0..20)
        .map(|_| {
            let deviates: Vec<f64> = (0..density.layout.len()).map(|_| draws.normal()).collect();
            density.prior_position(&deviates)
        })
        .collect()
}

#[test]
fn the_density_is_the_definition_up_to_a_constant() {
    let counts = counts();
    let mut density = Density::new(&counts, priors());
    let mut grad = vec![0.0; density.layout.len()];
    let mut constant = None;
    for x in positions(&density, 1) {
        let got = density.value(&x, &mut grad);
        let away = by_the_book(&counts, &mut density, &x) - got;
        let first = *constant.get_or_insert(away);
        assert!((away - first).abs() < 1e-9 * got.abs(), "{away} {first}");
    }
}

#[test]
fn the_gradient_is_the_slope() {
    let counts = counts();
    let mut density = Density::new(&counts, priors());
    let size = density.layout.len();
    let (mut grad, mut unused) = (vec![0.0; size], vec![0.0; size]);
    for x in positions(&density, 2) {
        density.value(&x, &mut grad);
        for i in 0..size {
            let step = 1e-5 * x[i].abs().max(0.1);
            let mut at = |by: f64| {
                let mut moved = x.clone();
                moved[i] += by;
                density.value(&moved, &mut unused)
            };
            let slope =
                (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
            let scale = slope.abs().max(1.0);
            assert!(
                (slope - grad[i]).abs() < 2e-5 * scale,
                "coordinate {i}: {slope} instead of {}",
                grad[i]
            );
        }
    }
}

#[test]
fn far_thresholds_are_finite_and_join() {
    let full = cell(0, 0, [100, 40, 15]);
    let at = |t: f64| {
        Signal {
            t,
            odds: 0.2,
            delta: 1.5,
        }
        .term(&full)
    };
    for t in [-1e3, -60.0, -38.0, 38.0, 60.0, 1e3] {
        let term = at(t);
        let step = 1e-4 * t.abs();
        let slope = (at(t + step).value - at(t - step).value) / (2.0 * step);
        assert!(term.value.is_finite(), "{t}");
        assert!(
            (slope / term.by_t - 1.0).abs() < 1e-5,
            "{t}: {slope} {}",
            term.by_t
        );
    }
    // On both sides of where logarithms take over.
    for t in [-36.3, 36.3, 37.8] {
        let (below, above) = (at(t - 0.01), at(t + 0.01));
        let drop = above.value - below.value;
        assert!(
            (drop / (0.02 * at(t).by_t) - 1.0).abs() < 1e-4,
            "{t}: {drop}"
        );
    }
}

#[test]
fn a_threshold_by_hand() {
    let signal = Signal {
        t: 1.0,
        odds: 1.0 / 9.0,
        delta: 2.0,
    };
    // At t = delta / 2 the densities are equal, so the probability is phi.
    assert!((signal.probability() - 0.1).abs() < 1e-15);
    let (search, hit) = signal.rates();
    // 0.1 x 0.8413 + 0.9 x 0.1587
    assert!((search - 0.226_924_2).abs() < 1e-6 && (hit - 0.370_770).abs() < 1e-5);
}
