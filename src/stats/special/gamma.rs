//! The gamma distribution with scale 1, and chi-square as twice it.

use super::saddle::ln_gamma_kernel;
use super::{ln_one_minus_exp, log_probability, normal_upper_quantile};

/// More terms than any tail needs below 10^12 events, so that a NaN cannot hold the loop.
const MOST_TERMS: u32 = 1 << 24;

/// Shapes from which the quantile is an expansion: the tails would need terms by the million, and past `MOST_TERMS` they
/// would be wrong.
const LARGE: f64 = 1e8;

/// `P(G <= x)` for a gamma variable of this shape and scale 1.
#[must_use]
pub fn gamma_cdf(x: f64, shape: f64) -> f64 {
    libm::exp(ln_gamma_cdf(x, shape))
}

/// `P(G > x)` for a gamma variable of this shape and scale 1.
#[must_use]
pub fn gamma_sf(x: f64, shape: f64) -> f64 {
    libm::exp(ln_gamma_sf(x, shape))
}

/// The `x` with `P(G <= x) = p`.
#[must_use]
pub fn gamma_quantile(p: f64, shape: f64) -> f64 {
    if p > 0.5 {
        return gamma_upper_quantile(1.0 - p, shape);
    }
    solve(p, shape, ln_gamma_cdf, -1.0)
}

/// The `x` with `P(G > x) = p`.
#[must_use]
pub fn gamma_upper_quantile(p: f64, shape: f64) -> f64 {
    if p > 0.5 {
        return gamma_quantile(1.0 - p, shape);
    }
    solve(p, shape, ln_gamma_sf, 1.0)
}

/// The chi-square value with `P(X <= x) = p`, for any real `df > 0`.
#[must_use]
pub fn chi_square_quantile(p: f64, df: f64) -> f64 {
    2.0 * gamma_quantile(p, df / 2.0)
}

/// The chi-square value with `P(X > x) = p`, for any real `df > 0`.
#[must_use]
pub fn chi_square_upper_quantile(p: f64, df: f64) -> f64 {
    2.0 * gamma_upper_quantile(p, df / 2.0)
}

/// `P(X > x)` of chi-square, the upper tail itself: `1 - cdf` keeps no digit below 1e-16.
#[must_use]
pub fn chi_square_sf(x: f64, df: f64) -> f64 {
    gamma_sf(x / 2.0, df / 2.0)
}

/// `ln P(X > x)` of chi-square, which does not underflow.
#[must_use]
pub fn ln_chi_square_sf(x: f64, df: f64) -> f64 {
    ln_gamma_sf(x / 2.0, df / 2.0)
}

/// `ln P(G <= x)`.
pub(super) fn ln_gamma_cdf(x: f64, shape: f64) -> f64 {
    if x <= 0.0 {
        f64::NEG_INFINITY
    } else if x < shape + 1.0 {
        ln_lower_series(x, shape)
    } else {
        ln_one_minus_exp(ln_upper_fraction(x, shape))
    }
}

/// `ln P(G > x)`.
pub(super) fn ln_gamma_sf(x: f64, shape: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if x < shape + 1.0 {
        ln_one_minus_exp(ln_lower_series(x, shape))
    } else {
        ln_upper_fraction(x, shape)
    }
}

/// Lower tail as `kernel/a [1 + x/(a+1) + x^2/((a+1)(a+2)) + ...]` (DLMF 8.11.4): all terms positive.
fn ln_lower_series(x: f64, a: f64) -> f64 {
    let (mut sum, mut term, mut next) = (1.0, 1.0, a);
    for _ in 0..MOST_TERMS {
        next += 1.0;
        term *= x / next;
        sum += term;
        // What follows is less than a geometric series with the ratio x/next.
        if term * x < sum * f64::EPSILON * 0.1 * (next - x) {
            break;
        }
    }
    log_probability(ln_gamma_kernel(a, x) - libm::log(a) + libm::log(sum))
}

/// Upper tail as `kernel` times the continued fraction of DLMF 8.9.2, by the modified Lentz recurrence.
fn ln_upper_fraction(x: f64, a: f64) -> f64 {
    if x == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let mut b = x + 1.0 - a;
    let mut d = 1.0 / b;
    let (mut c, mut value) = (f64::INFINITY, d);
    for k in 1..MOST_TERMS {
        let k = f64::from(k);
        let numerator = k * (a - k);
        b += 2.0;
        d = 1.0 / (b + numerator * d);
        c = b + numerator / c;
        value *= c * d;
        if (c * d - 1.0).abs() < f64::EPSILON || value.is_nan() {
            break;
        }
    }
    log_probability(ln_gamma_kernel(a, x) + libm::log(value))
}

/// Newton on the log of a tail over `ln x`, where it is concave: after at most one step to the far side the
/// approach is monotone, so no bracket is needed. `side` is +1 for the upper tail and -1 for the lower.
fn solve(p: f64, shape: f64, ln_tail: fn(f64, f64) -> f64, side: f64) -> f64 {
    if p == 0.0 {
        return if side > 0.0 { f64::INFINITY } else { 0.0 };
    }
    if !(p > 0.0 && shape > 0.0 && shape.is_finite()) {
        return f64::NAN;
    }
    if shape >= LARGE {
        return expansion(side * normal_upper_quantile(p), shape);
    }
    let target = libm::log(p);
    let spread = libm::sqrt(1.0 / shape);
    let mut v = libm::log(shape) + side * normal_upper_quantile(p) * spread.min(1.0);
    for _ in 0..100 {
        let x = libm::exp(v);
        if x == 0.0 {
            // The quantile of a tiny shape is smaller than any number.
            return 0.0;
        }
        let tail = ln_tail(x, shape);
        let step = side * (tail - target) * libm::exp(tail - ln_gamma_kernel(shape, x));
        v += step;
        if step.abs() <= 1e-9 * spread.min(1.0) || step.is_nan() {
            break;
        }
    }
    libm::exp(v)
}

/// The quantile by Cornish and Fisher's expansion from the normal one: what it leaves out is of the order of
/// `shape^(-3/2)`, which from `LARGE` on is beyond the digits of a double.
fn expansion(z: f64, shape: f64) -> f64 {
    let (root, z2) = (libm::sqrt(shape), z * z);
    let terms = [
        z * root,
        (z2 - 1.0) / 3.0,
        z * (z2 - 7.0) / (36.0 * root),
        -((3.0 * z2 + 7.0) * z2 - 16.0) / (810.0 * shape),
    ];
    shape + terms.iter().sum::<f64>()
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
    fn shape_one_is_exponential() {
        close(gamma_sf(3.0, 1.0), (-3.0_f64).exp());
        close(gamma_cdf(0.5, 1.0), -(-0.5_f64).exp_m1());
        close(gamma_quantile(0.025, 1.0), -(0.975_f64.ln()));
        close(gamma_upper_quantile(0.025, 1.0), -(0.025_f64.ln()));
    }

    #[test]
    fn chi_square_of_the_tables() {
        close(chi_square_upper_quantile(0.05, 1.0), 3.841_458_820_694_124);
        close(chi_square_quantile(0.975, 10.0), 20.483_177_350_807_39);
        close(ln_chi_square_sf(2e5, 2.0), -1e5);
        assert!((chi_square_sf(0.0, 3.0) - 1.0).abs() < 1e-15);
        assert!(gamma_quantile(0.0, 2.0) == 0.0 && gamma_upper_quantile(0.0, 2.0).is_infinite());
        assert!(gamma_quantile(0.5, f64::NAN).is_nan() && gamma_sf(f64::NAN, 2.0).is_nan());
    }

    #[test]
    fn large_shapes_have_their_expansion() {
        // At 10^4 by mpmath, where the expansion still lacks its last digits.
        let exact = 9_804.952_467_260_183;
        assert!((gamma_quantile(0.025, 1e4) / exact - 1.0).abs() < 1e-13);
        let z = normal_upper_quantile(0.025);
        assert!((expansion(-z, 1e4) / exact - 1.0).abs() < 1e-11);
        // At 2^53, where the tails run out of terms.
        let (shape, root) = (9_007_199_254_740_992.0, 94_906_265.624_251_56);
        let deviations = (gamma_upper_quantile(0.025, shape) - shape) / root;
        assert!((deviations / z - 1.0).abs() < 2e-8, "{deviations}");
    }

    #[test]
    fn quantile_inverts_the_tail_at_any_size() {
        for shape in [0.1, 0.5, 3.0, 1e3, 1e9] {
            for p in [1e-12, 0.025, 0.4, 0.7] {
                let low = gamma_cdf(gamma_quantile(p, shape), shape);
                let high = gamma_sf(gamma_upper_quantile(p, shape), shape);
                assert!(
                    (low / p - 1.0).abs() < 1e-9 && (high / p - 1.0).abs() < 1e-9,
                    "{shape} {p}"
                );
            }
        }
    }
}
