//! Binomial, Poisson and hypergeometric masses and tails, in logs.

use super::beta::{ln_beta_cdf, probability};
use super::gamma::{ln_gamma_cdf, ln_gamma_sf};
use super::saddle::{ln_beta_kernel, ln_gamma_kernel};
use super::{ln_add_exp, ln_one_minus_exp, log_probability};

/// `ln P(X = x)` for `X` events in `n` trials of probability `p`.
#[must_use]
pub fn ln_binomial_pmf(x: u64, n: u64, p: f64) -> f64 {
    if x > n {
        return f64::NEG_INFINITY;
    }
    let (events, rest, trials) = (x as f64, (n - x) as f64, n as f64);
    match (x, n - x) {
        (0, 0) => 0.0,
        (0, _) => trials * libm::log1p(-p),
        (_, 0) => trials * libm::log(p),
        _ => ln_beta_kernel(events, rest, p, 1.0 - p) + libm::log(trials / events / rest),
    }
}

/// `ln P(X <= x)` for `X` events in `n` trials of probability `p`.
#[must_use]
pub fn ln_binomial_lower(x: u64, n: u64, p: f64) -> f64 {
    if x >= n {
        return 0.0;
    }
    ln_beta_cdf((n - x) as f64, x as f64 + 1.0, 1.0 - p, p)
}

/// `ln P(X >= x)` for `X` events in `n` trials of probability `p`.
#[must_use]
pub fn ln_binomial_upper(x: u64, n: u64, p: f64) -> f64 {
    if x == 0 {
        return 0.0;
    }
    if x > n {
        return f64::NEG_INFINITY;
    }
    ln_beta_cdf(x as f64, (n - x) as f64 + 1.0, p, 1.0 - p)
}

/// `ln[P(X > x) + P(X = x)/2]` for `x` of `n` at these log odds: the mid-P upper tail.
///
/// Log odds and not a probability, because a `p` that rounds to 1 has lost its complement.
#[must_use]
pub fn ln_binomial_mid_upper(x: u64, n: u64, log_odds: f64) -> f64 {
    let (p, q) = (probability(log_odds), probability(-log_odds));
    let (events, rest, trials) = (x as f64, (n - x.min(n)) as f64, n as f64);
    let mass = if x == 0 {
        -trials * libm::log1p(libm::exp(log_odds))
    } else if x >= n {
        -trials * libm::log1p(libm::exp(-log_odds))
    } else {
        ln_beta_kernel(events, rest, p, q) + libm::log(trials / events / rest)
    };
    let above = if x >= n {
        f64::NEG_INFINITY
    } else {
        ln_beta_cdf(events + 1.0, rest, p, q)
    };
    ln_add_exp(above, mass - core::f64::consts::LN_2)
}

/// `ln P(X = x)` for a Poisson count of this mean.
#[must_use]
pub fn ln_poisson_pmf(x: u64, mean: f64) -> f64 {
    if x == 0 {
        return -mean;
    }
    let events = x as f64;
    ln_gamma_kernel(events, mean) - libm::log(events)
}

/// `ln P(X <= x)` for a Poisson count of this mean.
#[must_use]
pub fn ln_poisson_lower(x: u64, mean: f64) -> f64 {
    ln_gamma_sf(mean, x as f64 + 1.0)
}

/// `ln P(X >= x)` for a Poisson count of this mean.
#[must_use]
pub fn ln_poisson_upper(x: u64, mean: f64) -> f64 {
    if x == 0 {
        0.0
    } else {
        ln_gamma_cdf(mean, x as f64)
    }
}

/// `ln[P(X > x) + P(X = x)/2]` for a Poisson count of this mean: the mid-P upper tail.
#[must_use]
pub fn ln_poisson_mid_upper(x: u64, mean: f64) -> f64 {
    ln_add_exp(
        ln_gamma_cdf(mean, x as f64 + 1.0),
        ln_poisson_pmf(x, mean) - core::f64::consts::LN_2,
    )
}

/// `ln[P(X < x) + P(X = x)/2]` for a Poisson count of this mean: the mid-P lower tail.
#[must_use]
pub fn ln_poisson_mid_lower(x: u64, mean: f64) -> f64 {
    let below = if x == 0 {
        f64::NEG_INFINITY
    } else {
        ln_gamma_sf(mean, x as f64)
    };
    ln_add_exp(below, ln_poisson_pmf(x, mean) - core::f64::consts::LN_2)
}

/// `ln P(X = x)` for `X` marked among `drawn` taken from a pool of `marked` and `unmarked`.
#[must_use]
pub fn ln_hypergeometric_pmf(x: u64, marked: u64, unmarked: u64, drawn: u64) -> f64 {
    let pool = marked + unmarked;
    if x > marked || x > drawn || drawn - x > unmarked {
        return f64::NEG_INFINITY;
    }
    if pool == 0 {
        return 0.0;
    }
    // Any p gives the same quotient; drawn/pool keeps all three masses near their modes.
    let p = drawn as f64 / pool as f64;
    ln_binomial_pmf(x, marked, p) + ln_binomial_pmf(drawn - x, unmarked, p)
        - ln_binomial_pmf(drawn, pool, p)
}

/// `ln P(X <= x)` for `X` marked among `drawn` taken from a pool of `marked` and `unmarked`.
#[must_use]
pub fn ln_hypergeometric_lower(x: u64, marked: u64, unmarked: u64, drawn: u64) -> f64 {
    // The marked that stay in the pool are a draw of the rest: the lower tail is their upper one.
    let rest = (marked + unmarked).saturating_sub(drawn);
    ln_hypergeometric_upper(marked.saturating_sub(x), marked, unmarked, rest)
}

/// `ln P(X >= x)` for `X` marked among `drawn` taken from a pool of `marked` and `unmarked`.
#[must_use]
pub fn ln_hypergeometric_upper(x: u64, marked: u64, unmarked: u64, drawn: u64) -> f64 {
    let least = drawn.saturating_sub(unmarked);
    if x <= least {
        return 0.0;
    }
    if x > marked.min(drawn) {
        return f64::NEG_INFINITY;
    }
    let (k, n, u, at) = (marked as f64, drawn as f64, unmarked as f64, x as f64);
    let mean = n * (k / (k + u));
    if at < mean {
        // Not the small tail: take the small one off.
        let below = ln_hypergeometric_pmf(x - 1, marked, unmarked, drawn)
            + ln_outward_sum(|i| {
                let y = at - 1.0 - i;
                y * (u - n + y) / ((k - y + 1.0) * (n - y + 1.0))
            });
        return ln_one_minus_exp(log_probability(below));
    }
    let sum = ln_outward_sum(|i| {
        let y = at + i;
        (k - y) * (n - y) / ((y + 1.0) * (u - n + y + 1.0))
    });
    log_probability(ln_hypergeometric_pmf(x, marked, unmarked, drawn) + sum)
}

/// `ln(1 + r0 + r0 r1 + ...)` for the falling ratios of a log-concave mass, walking away from its mode.
fn ln_outward_sum(ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term, mut i) = (1.0, 1.0, 0.0);
    loop {
        let r = ratio(i);
        term *= r;
        sum += term;
        i += 1.0;
        // The rest is less than a geometric series of ratio r; a ratio of 0 is the end of the support.
        if r <= 0.0 || r.is_nan() || term * r < sum * f64::EPSILON * 0.1 * (1.0 - r) {
            return libm::log(sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn binomial_by_hand() {
        close(ln_binomial_pmf(3, 10, 0.5), (120.0_f64 / 1024.0).ln());
        close(ln_binomial_lower(3, 10, 0.5), (176.0_f64 / 1024.0).ln());
        close(ln_binomial_upper(7, 10, 0.5), (176.0_f64 / 1024.0).ln());
        close(ln_binomial_upper(3, 10, 0.5), (968.0_f64 / 1024.0).ln());
        assert!(ln_binomial_pmf(0, 0, 0.3) == 0.0 && ln_binomial_pmf(4, 3, 0.3).is_infinite());
        assert!(ln_binomial_upper(1, 5, 0.0).is_infinite() && ln_binomial_lower(1, 5, 0.0) == 0.0);
    }

    #[test]
    fn binomial_tails_meet_at_the_mass() {
        let (x, n, p) = (450_002_000, 1_000_000_000, 0.45);
        let both = ln_binomial_lower(x, n, p).exp() + ln_binomial_upper(x, n, p).exp();
        assert!((both - 1.0 - ln_binomial_pmf(x, n, p).exp()).abs() < 1e-14);
    }

    #[test]
    fn poisson_by_hand() {
        close(ln_poisson_pmf(2, 3.0), (4.5 * (-3.0_f64).exp()).ln());
        close(ln_poisson_lower(2, 3.0), (8.5 * (-3.0_f64).exp()).ln());
        close(ln_poisson_upper(1, 3.0), (-(-3.0_f64).exp_m1()).ln());
        assert!(ln_poisson_pmf(0, 0.0) == 0.0 && ln_poisson_upper(0, 0.0) == 0.0);
    }

    #[test]
    fn hypergeometric_by_hand() {
        // The lady tasting tea: four of eight cups.
        close(ln_hypergeometric_pmf(3, 4, 4, 4), (16.0_f64 / 70.0).ln());
        close(ln_hypergeometric_upper(3, 4, 4, 4), (17.0_f64 / 70.0).ln());
        close(ln_hypergeometric_upper(2, 4, 4, 4), (53.0_f64 / 70.0).ln());
        close(ln_hypergeometric_lower(1, 4, 4, 4), (17.0_f64 / 70.0).ln());
        assert!(
            ln_hypergeometric_lower(4, 4, 4, 4) == 0.0
                && ln_hypergeometric_upper(5, 4, 4, 4).is_infinite()
        );
        assert!(
            ln_hypergeometric_lower(0, 4, 2, 4).is_infinite()
                && ln_hypergeometric_pmf(0, 0, 0, 0) == 0.0
        );
    }

    #[test]
    fn hypergeometric_tails_meet_at_the_mass() {
        let (x, k, u, n) = (45_100, 450_000, 550_000, 100_000);
        let both =
            ln_hypergeometric_lower(x, k, u, n).exp() + ln_hypergeometric_upper(x, k, u, n).exp();
        assert!((both - 1.0 - ln_hypergeometric_pmf(x, k, u, n).exp()).abs() < 1e-13);
        close(
            ln_hypergeometric_upper(x, k, u, n),
            ln_hypergeometric_upper(x, n, 900_000, k),
        );
    }
}
