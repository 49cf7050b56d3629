//! The standard normal distribution.

use super::ln_one_minus_exp;
use core::f64::consts::{FRAC_1_SQRT_2, TAU};

/// `P(Z <= z)`.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    normal_sf(-z)
}

/// `P(Z > z)`, to full relative precision until it underflows near `z = 38`.
#[must_use]
pub fn normal_sf(z: f64) -> f64 {
    0.5 * libm::erfc(z * FRAC_1_SQRT_2)
}

/// `ln P(Z > z)`, which does not underflow: -5.0e19 at `z = 1e10`.
#[must_use]
pub fn ln_normal_sf(z: f64) -> f64 {
    if z < -1.0 {
        return ln_one_minus_exp(libm::log(normal_sf(-z)).min(0.0));
    }
    if z < 30.0 {
        return libm::log(normal_sf(z));
    }
    // Mills ratio (Abramowitz and Stegun 26.2.12): at 30 the sixth term is below 1e-16.
    let s = 1.0 / (z * z);
    let mills = -s * (1.0 - s * (3.0 - s * (15.0 - s * (105.0 - s * 945.0))));
    -0.5 * z * z - libm::log(z) - 0.5 * libm::log(TAU) + libm::log1p(mills)
}

/// The `z` with `P(Z <= z) = p`; infinite at 0 and 1.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    -normal_upper_quantile(p)
}

/// The `z` with `P(Z > z) = p`; infinite at 0 and 1.
///
/// A rational start within 4.5e-4, then Newton steps on the log of the tail, which is
/// concave, so that they cannot overshoot twice. Own, because statrs reaches 1e-10 only and its `erf` is not libm's.
#[must_use]
pub fn normal_upper_quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -normal_upper_quantile(1.0 - p);
    }
    if p <= 0.0 {
        return if p == 0.0 { f64::INFINITY } else { f64::NAN };
    }
    let target = libm::log(p);
    let mut z = near_normal_upper_quantile(target);
    for _ in 0..4 {
        let tail = ln_normal_sf(z);
        let ln_density = -0.5 * z * z - 0.5 * libm::log(TAU);
        z += (tail - target) * libm::exp(tail - ln_density);
    }
    z
}

/// The `z` with `ln P(Z > z)` given and not above `ln 1/2`, within 4.5e-4 (Abramowitz and Stegun 26.2.23).
pub(super) fn near_normal_upper_quantile(ln_p: f64) -> f64 {
    let t = libm::sqrt(-2.0 * ln_p);
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    t - top / bottom
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
    fn quantiles_of_every_table() {
        close(normal_quantile(0.975), 1.959_963_984_540_054, 1e-15);
        close(normal_quantile(0.999_5), 3.290_526_731_491_895, 1e-12);
        close(normal_upper_quantile(1e-300), 37.047_096_299_361_19, 1e-13);
        assert!(normal_quantile(0.5).abs() < 1e-15);
        assert!(normal_quantile(0.0) == f64::NEG_INFINITY && normal_quantile(1.0) == f64::INFINITY);
        assert!(normal_quantile(f64::NAN).is_nan() && normal_quantile(-0.1).is_nan());
    }

    #[test]
    fn log_tail_joins_and_does_not_underflow() {
        close(ln_normal_sf(30.0), libm::log(normal_sf(30.0)), 1e-14);
        close(ln_normal_sf(1e10), -5e19, 1e-15);
        close(ln_normal_sf(-9.0), -normal_sf(9.0), 1e-12);
        close(normal_cdf(-1.0) + normal_cdf(1.0), 1.0, 1e-15);
    }
}
