//! The beta distribution, and Student's t as a case of it.

use super::fraction::continued_fraction;
use super::inverse::TailAt;
use super::normal::near_normal_upper_quantile;
use super::saddle::BetaKernel;
use super::{ln_one_minus_exp, log_probability};

/// `P(B <= x)` for a Beta(a, b) variable.
#[must_use]
pub fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    libm::exp(ln_beta_cdf(a, b, x, 1.0 - x))
}

/// `P(B > x)` for a Beta(a, b) variable.
#[must_use]
pub fn beta_sf(x: f64, a: f64, b: f64) -> f64 {
    libm::exp(ln_beta_cdf(b, a, 1.0 - x, x))
}

/// The `x` with `P(B <= x) = p`.
#[must_use]
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    probability(beta_log_odds_quantile(p, a, b))
}

/// The `x` with `P(B > x) = p`.
#[must_use]
pub fn beta_upper_quantile(p: f64, a: f64, b: f64) -> f64 {
    probability(beta_log_odds_upper_quantile(p, a, b))
}

/// `ln[x / (1 - x)]` at the upper tail `p`; keeps the odds of an `x` that rounds to 1.
#[must_use]
pub fn beta_log_odds_upper_quantile(p: f64, a: f64, b: f64) -> f64 {
    -beta_log_odds_quantile(p, b, a)
}

/// `ln[x / (1 - x)]` at the lower tail `p`; keeps the odds of an `x` that rounds to 1.
///
/// On the log of the tail over the log odds, where it is concave: after at most one Newton step to the far side the
/// approach is monotone, so no bracket is needed, and a billion trials take one or two tails.
#[must_use]
pub fn beta_log_odds_quantile(p: f64, a: f64, b: f64) -> f64 {
    if p > 0.5 {
        return -beta_log_odds_quantile(1.0 - p, b, a);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if !(p > 0.0 && a > 0.0 && b > 0.0 && (a + b).is_finite()) {
        return f64::NAN;
    }
    let target = libm::log(p);
    let spread = libm::sqrt(1.0 / a + 1.0 / b).min(1.0);
    let kernel = BetaKernel::new(a, b);
    let mut u = start(target, a, b);
    for _ in 0..100 {
        let (x, y) = both_probabilities(u);
        if x == 0.0 {
            // The quantile of a tiny a is smaller than any number.
            return f64::NEG_INFINITY;
        }
        let slope = kernel.slope(x, y);
        let ln_kernel = kernel.ln(x, y, slope);
        let (is_lower, share) = share_of_kernel((a, b), (x, y), slope);
        let tail = ln_lower_tail(ln_kernel, (is_lower, share));
        let hazard = if is_lower {
            1.0 / share
        } else {
            libm::exp(ln_kernel - tail)
        };
        let curvature = (a + b) * x * y;
        let at = TailAt {
            miss: target - tail,
            hazard,
            slope,
            curvature,
            curvature_slope: curvature * (y - x),
        };
        let (step, last) = at.step(spread);
        u += step;
        if last {
            break;
        }
    }
    u
}

/// Log odds near the quantile: Carter's form of the normal approximation (Abramowitz and Stegun 26.5.22), or the plain
/// one for shapes and tails that it is not made for.
fn start(target: f64, a: f64, b: f64) -> f64 {
    let z = near_normal_upper_quantile(target);
    let centre = libm::log(a / b);
    let (one, other) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
    let h = 2.0 / (one + other);
    if a < 1.0 || b < 1.0 || z * z > 20.0 * h {
        return centre - z * libm::sqrt(1.0 / a + 1.0 / b).min(1.0);
    }
    let lambda = (z * z - 3.0) / 6.0;
    let skew = (other - one) * (lambda + 5.0 / 6.0 - 2.0 / (3.0 * h));
    centre - 2.0 * (z * libm::sqrt(h + lambda) / h - skew)
}

/// The `t` with `P(T <= t) = p` on any real `df > 0`.
///
/// Through the beta quantile, because the t quantile of statrs is 6e-5 off at a million degrees of freedom.
#[must_use]
pub fn student_t_quantile(p: f64, df: f64) -> f64 {
    if p < 0.5 {
        return -student_t_quantile_of_tail(p, df);
    }
    student_t_quantile_of_tail(1.0 - p, df)
}

fn student_t_quantile_of_tail(tail: f64, df: f64) -> f64 {
    // P(|T| > t) = I_x(df/2, 1/2) at x = df/(df + t^2), whose odds are df/t^2.
    let log_odds = beta_log_odds_quantile(2.0 * tail, df / 2.0, 0.5);
    libm::sqrt(df) * libm::exp(-0.5 * log_odds)
}

/// `P(|T| > |t|)` on any real `df > 0`.
#[must_use]
pub fn student_t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    // From the ratio t/sqrt(df), whose square does not overflow where t^2 would.
    let odds = libm::pow(t / libm::sqrt(df), 2.0);
    if odds.is_infinite() {
        return 0.0;
    }
    libm::exp(ln_beta_cdf(
        df / 2.0,
        0.5,
        1.0 / (1.0 + odds),
        odds / (1.0 + odds),
    ))
}

/// `ln I_x(a, b)` with `y = 1 - x` given apart, because near 1 the subtraction would lose it.
pub(super) fn ln_beta_cdf(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if y <= 0.0 {
        return 0.0;
    }
    let kernel = BetaKernel::new(a, b);
    let slope = kernel.slope(x, y);
    let share = share_of_kernel((a, b), (x, y), slope);
    ln_lower_tail(kernel.ln(x, y, slope), share)
}

/// The tail that the fraction converges for, over the kernel, and whether it is the lower one.
fn share_of_kernel((a, b): (f64, f64), (x, y): (f64, f64), slope: f64) -> (bool, f64) {
    let is_lower = x * (a + b + 2.0) <= a + 1.0;
    let share = if is_lower {
        fraction((a, b), (x, y), slope)
    } else {
        fraction((b, a), (y, x), -slope)
    };
    (is_lower, share)
}

/// The log of the lower tail, given that of the kernel and the tail that converges; where that is the upper one, the
/// lower is not small.
fn ln_lower_tail(ln_kernel: f64, (is_lower, share): (bool, f64)) -> f64 {
    let ln_near = log_probability(ln_kernel + libm::log(share));
    if is_lower {
        ln_near
    } else {
        ln_one_minus_exp(ln_near)
    }
}

/// The lower tail over the kernel: the even part of the continued fraction of DLMF 8.17.22 (Didonato and Morris 1992,
/// equation 9).
fn fraction((a, b): (f64, f64), (x, y): (f64, f64), slope: f64) -> f64 {
    let (ahead, twice) = (slope + 1.0, 1.0 + y);
    let first = a * ahead / (a + 1.0);
    let mut inverse = 1.0 / (a + 1.0);
    continued_fraction(first, inverse, |n| {
        let w = n * (b - n) * x * inverse;
        let numerator = (a + n - 1.0) * ((a + b + n - 1.0) * inverse) * w * x;
        inverse = 1.0 / (a + 2.0 * n + 1.0);
        (numerator, n + w + (a + n) * (ahead + n * twice) * inverse)
    })
}

/// The probability with these log odds.
#[must_use]
pub fn probability(log_odds: f64) -> f64 {
    both_probabilities(log_odds).0
}

/// The probability with these log odds and its complement.
fn both_probabilities(log_odds: f64) -> (f64, f64) {
    let odds = libm::exp(-log_odds.abs());
    let (small, large) = (odds / (1.0 + odds), 1.0 / (1.0 + odds));
    if log_odds > 0.0 {
        (large, small)
    } else {
        (small, large)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn flat_and_power_betas_by_hand() {
        close(beta_cdf(0.3, 1.0, 1.0), 0.3, 1e-14);
        close(beta_cdf(0.3, 2.0, 1.0), 0.09, 1e-14);
        close(beta_sf(0.3, 1.0, 3.0), 0.343, 1e-14);
        close(beta_quantile(0.025, 10.0, 1.0), 0.025_f64.powf(0.1), 1e-14);
        assert!(beta_quantile(0.0, 2.0, 3.0) == 0.0);
        close(beta_quantile(1.0, 2.0, 3.0), 1.0, 1e-16);
        assert!(
            beta_quantile(f64::NAN, 2.0, 3.0).is_nan() && beta_cdf(0.5, f64::NAN, 1.0).is_nan()
        );
    }

    #[test]
    fn one_of_a_billion_answers_at_once() {
        // The lower Clopper-Pearson limit of 1 of n is 1 - 0.975^(1/n).
        let want = -(0.975_f64.ln() / 1e9).exp_m1();
        close(beta_quantile(0.025, 1.0, 1e9), want, 1e-13);
    }

    #[test]
    fn a_shape_whose_tail_bends_far_from_the_start() {
        // By arithmetic of 40 digits: the series of the inverse would diverge from the first guess.
        let got = beta_quantile(
            0.315_252_277_942_455_86,
            0.141_064_988_955_352_24,
            12.230_155_809_329_146,
        );
        close(got, 1.481_127_330_111_222_3e-5, 1e-13);
    }

    #[test]
    fn quantile_inverts_and_mirrors() {
        for (a, b) in [
            (0.5, 0.5),
            (0.5, 1e9),
            (3.0, 70.0),
            (4e5, 6e5),
            (4.5e8, 5.5e8),
        ] {
            for p in [1e-10, 0.025, 0.3, 0.8] {
                close(beta_cdf(beta_quantile(p, a, b), a, b), p, 1e-7);
                close(
                    beta_log_odds_quantile(p, a, b),
                    -beta_log_odds_upper_quantile(p, b, a),
                    1e-15,
                );
            }
        }
    }

    #[test]
    fn student_t_of_the_tables() {
        close(
            student_t_quantile(0.975, 1.0),
            12.706_204_736_174_707,
            1e-13,
        );
        close(
            student_t_quantile(0.975, 10.0),
            2.228_138_851_986_275,
            1e-13,
        );
        close(student_t_quantile(0.975, 1e6), 1.959_966_356_814_107, 1e-13);
        close(
            student_t_quantile(0.975, 1e10),
            1.959_963_984_777_281_4,
            1e-12,
        );
        close(
            student_t_quantile(0.025, 2.5),
            -student_t_quantile(0.975, 2.5),
            1e-13,
        );
        close(student_t_two_sided(1.0, 1.0), 0.5, 1e-14);
        close(
            student_t_two_sided(-2.228_138_851_986_275, 10.0),
            0.05,
            1e-13,
        );
        close(student_t_two_sided(0.0, 5.0), 1.0, 1e-15);
        assert!(student_t_two_sided(f64::INFINITY, 5.0) == 0.0);
    }
}
