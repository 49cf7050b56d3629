//! The only door to special functions: normal, gamma, beta and t tails and quantiles, binomial, Poisson and
//! hypergeometric tails.
//!
//! For every file of the statistics layer. One arithmetic serves them all: Loader's saddle-point form of the density
//! (2000), which keeps its digits at a billion trials, times a series or continued fraction for the tail, in logs, so
//! that 10^-40000 is a number. statrs was measured and is not called: its inverse beta does not return for 1 event of
//! 10^9, its t quantile is 6e-5 off at 10^6 degrees of freedom, its hypergeometric is NaN at 10^6 and its binomial
//! tail 4e-6 off at 10^9. `exp`, `log`, `erfc` and `lgamma` come from libm, so that every platform gives the same bits.
//!
//! Arguments outside a function's domain give NaN; the types above (`Level`, `Proportion`, `Rate`) keep them out.

mod beta;
mod discrete;
mod fraction;
mod gamma;
mod inverse;
mod normal;
mod saddle;

pub(super) use saddle::deviance;

pub use beta::{
    beta_cdf, beta_log_odds_quantile, beta_log_odds_upper_quantile, beta_quantile, beta_sf,
    beta_upper_quantile, probability, student_t_quantile, student_t_two_sided,
};
pub use discrete::{
    ln_binomial_lower, ln_binomial_mid_upper, ln_binomial_pmf, ln_binomial_upper,
    ln_hypergeometric_lower, ln_hypergeometric_pmf, ln_hypergeometric_upper, ln_poisson_lower,
    ln_poisson_mid_lower, ln_poisson_mid_upper, ln_poisson_pmf, ln_poisson_upper,
};
pub use gamma::{
    chi_square_quantile, chi_square_sf, chi_square_upper_quantile, gamma_cdf, gamma_quantile,
    gamma_sf, gamma_upper_quantile, ln_chi_square_sf,
};
pub use normal::{ln_normal_sf, normal_cdf, normal_quantile, normal_sf, normal_upper_quantile};

/// `ln Γ(z)` for `z > 0`.
///
/// libm, because the `ln_gamma` of statrs is 1e-8 off near 1.
#[must_use]
pub fn ln_gamma(z: f64) -> f64 {
    libm::lgamma(z)
}

/// `ln C(n, k)`, the log of the number of ways to choose `k` of `n`; minus infinity when `k > n`.
///
/// Through the saddle-point binomial mass at `p = k/n`: the difference of three `ln_gamma` of a billion would keep
/// only five decimals.
#[must_use]
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    if k == 0 || k == n {
        return 0.0;
    }
    let (n, k) = (n as f64, k as f64);
    let rest = n - k;
    let density = saddle::ln_beta_kernel(k, rest, k / n, rest / n) + libm::log(n / (k * rest));
    density - k * libm::log(k / n) - rest * libm::log(rest / n)
}

/// `ln(1 - exp(t))` for `t <= 0`: the other side of a tail whose log is `t`.
#[must_use]
pub fn ln_one_minus_exp(t: f64) -> f64 {
    if t > -core::f64::consts::LN_2 {
        libm::log(-libm::expm1(t))
    } else {
        libm::log1p(-libm::exp(t))
    }
}

/// `ln(exp(a) + exp(b))` without leaving logs.
#[must_use]
pub fn ln_add_exp(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if large == f64::NEG_INFINITY {
        return large;
    }
    large + libm::log1p(libm::exp(small - large))
}

/// A log probability that rounding may have lifted above 0; NaN stays NaN, which `min` would make 0.
fn log_probability(t: f64) -> f64 {
    if t > 0.0 { 0.0 } else { t }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-13 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn choose_by_hand_and_large() {
        close(ln_choose(5, 2), 10.0_f64.ln());
        assert!(ln_choose(7, 7).abs() < 1e-15);
        assert!(ln_choose(2, 3).is_infinite());
        close(
            ln_choose(1_000_000_000, 450_000_000),
            ln_choose(1_000_000_000, 550_000_000),
        );
    }

    #[test]
    fn log_sums() {
        close(ln_add_exp(-1e5, -1e5), -1e5 + 2.0_f64.ln());
        close(ln_one_minus_exp(0.25_f64.ln()), 0.75_f64.ln());
        close(ln_one_minus_exp(-1e-20), 1e-20_f64.ln());
    }
}
