//! The gamma distribution with scale 1, and chi-square as twice it.

use super::fraction::continued_fraction;
use super::inverse::TailAt;
use super::normal::near_normal_upper_quantile;
use super::saddle::{GammaKernel, ln_gamma_kernel};
use super::{ln_gamma, ln_one_minus_exp, log_probability, normal_upper_quantile};

/// More terms than any series needs, so that a NaN cannot hold the loop.
const MOST_TERMS: u32 = 1 << 12;

/// Shapes below which the series is no longer than the continued fraction.
const SERIES_BELOW: f64 = 200.0;

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
    solve(p, shape, Side::Lower)
}

/// The `x` with `P(G > x) = p`.
#[must_use]
pub fn gamma_upper_quantile(p: f64, shape: f64) -> f64 {
    if p > 0.5 {
        return gamma_quantile(1.0 - p, shape);
    }
    solve(p, shape, Side::Upper)
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
        return f64::NEG_INFINITY;
    }
    Side::Lower.ln_tail(ln_gamma_kernel(shape, x), share_of_kernel(x, shape))
}

/// `ln P(G > x)`.
pub(super) fn ln_gamma_sf(x: f64, shape: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    Side::Upper.ln_tail(ln_gamma_kernel(shape, x), share_of_kernel(x, shape))
}

/// Which tail.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Lower,
    Upper,
}

impl Side {
    /// The log of this tail, given that of the kernel and the tail that converges.
    fn ln_tail(self, ln_kernel: f64, (near, share): (Side, f64)) -> f64 {
        let ln_near = log_probability(ln_kernel + libm::log(share));
        if near == self {
            ln_near
        } else {
            ln_one_minus_exp(ln_near)
        }
    }

    /// 1 where the tail grows with `x`, else -1.
    fn sign(self) -> f64 {
        match self {
            Side::Lower => 1.0,
            Side::Upper => -1.0,
        }
    }
}

/// The tail on the side of the mode that `x` is on, over the kernel: there a series or fraction converges.
fn share_of_kernel(x: f64, shape: f64) -> (Side, f64) {
    if x >= shape + 1.0 {
        (Side::Upper, upper_fraction(x, shape))
    } else if shape < SERIES_BELOW {
        (Side::Lower, lower_series(x, shape))
    } else {
        (Side::Lower, lower_fraction(x, shape))
    }
}

/// The lower tail over the kernel, `1/a [1 + x/(a+1) + x^2/((a+1)(a+2)) + ...]` (DLMF 8.11.4): all terms positive.
fn lower_series(x: f64, a: f64) -> f64 {
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
    sum / a
}

/// The same by the even part of the continued fraction of DLMF 8.9.1, the limit of that of the beta tail for large `b`:
/// some standard deviations below the mean it takes as many terms at any shape, the series more the larger it is.
fn lower_fraction(x: f64, a: f64) -> f64 {
    let ahead = a - x + 1.0;
    let first = a * ahead / (a + 1.0);
    let mut inverse = 1.0 / (a + 1.0);
    continued_fraction(first, inverse, |n| {
        let share = n * x * inverse;
        let numerator = (a + n - 1.0) * share * (x * inverse);
        inverse = 1.0 / (a + 2.0 * n + 1.0);
        (numerator, n + share + (a + n) * (ahead + 2.0 * n) * inverse)
    })
}

/// The upper tail over the kernel by the continued fraction of DLMF 8.9.2.
fn upper_fraction(x: f64, a: f64) -> f64 {
    let first = x + 1.0 - a;
    continued_fraction(first, 1.0 / (x + 1.0), |k| (k * (a - k), first + 2.0 * k))
}

/// The quantile of a tail of at most one half, found on the scale of `ln x`.
fn solve(p: f64, shape: f64, side: Side) -> f64 {
    if p == 0.0 {
        return match side {
            Side::Upper => f64::INFINITY,
            Side::Lower => 0.0,
        };
    }
    if !(p > 0.0 && shape > 0.0 && shape.is_finite()) {
        return f64::NAN;
    }
    if shape >= LARGE {
        return expansion(-side.sign() * normal_upper_quantile(p), shape);
    }
    let target = libm::log(p);
    let spread = libm::sqrt(1.0 / shape).min(1.0);
    let kernel = GammaKernel::new(shape);
    let mut x = start(target, shape, side);
    for _ in 0..100 {
        if x < f64::MIN_POSITIVE {
            // The quantile of a tiny shape is smaller than any number of full precision.
            return 0.0;
        }
        let (ln_kernel, (near, share)) = (kernel.ln(x), share_of_kernel(x, shape));
        let tail = side.ln_tail(ln_kernel, (near, share));
        let hazard = if near == side {
            1.0 / share
        } else {
            libm::exp(ln_kernel - tail)
        };
        // The variable along which the tail grows is ln x or its opposite.
        let at = TailAt {
            miss: target - tail,
            hazard,
            slope: side.sign() * (shape - x),
            curvature: x,
            curvature_slope: side.sign() * x,
        };
        let (step, last) = at.step(spread);
        x *= libm::exp(side.sign() * step);
        if last {
            break;
        }
    }
    x
}

/// An `x` near the quantile: the cube of a normal variable (Wilson and Hilferty 1931), or the first term of the series
/// where the cube would not be positive.
fn start(target: f64, shape: f64, side: Side) -> f64 {
    let z = near_normal_upper_quantile(target);
    if side == Side::Upper && shape < 1.0 {
        return shape * libm::exp(z);
    }
    let base = 1.0 - 1.0 / (9.0 * shape) - side.sign() * z / (3.0 * libm::sqrt(shape));
    if base > 0.25 {
        shape * base * base * base
    } else {
        libm::exp((target + ln_gamma(shape + 1.0)) / shape)
    }
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
    fn series_and_fraction_join() {
        for x in [120.0, 172.0, 199.0] {
            close(lower_fraction(x, 200.0), lower_series(x, 200.0));
        }
        // By arithmetic of 40 digits.
        close(gamma_cdf(773_000.0, 774_000.0), 0.127_817_601_917_732_43);
    }

    #[test]
    fn quantiles_below_any_number_are_0() {
        assert!(gamma_quantile(0.6, 2e-4) == 0.0 && gamma_upper_quantile(0.4, 2e-4) == 0.0);
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
