//! The saddle-point pieces: densities as deviances plus Stirling remainders (Loader 2000).

use super::ln_gamma;

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// What Stirling's formula leaves out: `ln Γ(z + 1) - (z + 1/2) ln z + z - ln(2π)/2`, for `z > 0`.
pub(super) fn stirling_error(z: f64) -> f64 {
    // From 16 on the first term left out is below 1e-16 (Abramowitz and Stegun 6.1.41).
    if z < 16.0 {
        return ln_gamma(z + 1.0) - (z + 0.5) * libm::log(z) + z - HALF_LN_TWO_PI;
    }
    let s = 1.0 / (z * z);
    let tail = 1.0 / 1260.0 - s * (1.0 / 1680.0 - s * (1.0 / 1188.0 - s * 691.0 / 360_360.0));
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * tail)) / z
}

/// The deviance `s ln(s/m) - (s - m)` of a count `s` from its mean `m`, with the difference `d = s - m` given
/// because the caller knows it to more digits than the subtraction would leave.
pub(in crate::stats) fn deviance(s: f64, m: f64, d: f64) -> f64 {
    if s == 0.0 {
        return m;
    }
    let v = d / (s + m);
    if v.abs() > 0.1 {
        return s * libm::log(s / m) - d;
    }
    // ln(s/m) = 2 artanh(v), and its first term against d leaves d v: nothing cancels.
    let square = v * v;
    let (mut sum, mut term, mut odd) = (d * v, 2.0 * s * v, 1.0);
    while term.abs() > f64::EPSILON * 0.25 * sum.abs() {
        term *= square;
        odd += 2.0;
        sum += term / odd;
    }
    sum
}

/// `ln[x^a y^b / B(a, b)]` with `y = 1 - x`, the Beta density per unit of log odds.
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let c = a + b;
    let d = difference_of_products(a, y, b, x);
    let height = 0.5 * libm::log(a / c * b / core::f64::consts::TAU);
    height + stirling_error(c)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, c * x, d)
        - deviance(b, c * y, -d)
}

/// `ln[x^a e^-x / Γ(a)]`, the gamma density per unit of `ln x`.
pub(super) fn ln_gamma_kernel(a: f64, x: f64) -> f64 {
    let height = 0.5 * libm::log(a / core::f64::consts::TAU);
    height - stirling_error(a) - deviance(a, x, a - x)
}

/// `a b - c d` to nearly full precision (Kahan): the rounding error of `c d` is put back.
pub(super) fn difference_of_products(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let product = c * d;
    let error = libm::fma(-c, d, product);
    libm::fma(a, b, -product) + error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stirling_joins_smoothly() {
        let series = stirling_error(16.0);
        let direct = ln_gamma(17.0) - 16.5 * 16.0_f64.ln() + 16.0 - HALF_LN_TWO_PI;
        assert!((series - direct).abs() < 1e-14);
    }

    #[test]
    fn deviance_joins_smoothly() {
        for (s, m) in [(11.0, 9.0), (0.0, 3.0), (5.0, 5.0), (1.0, 40.0)] {
            let plain = if s == 0.0 {
                m
            } else {
                s * f64::ln(s / m) - (s - m)
            };
            assert!((deviance(s, m, s - m) - plain).abs() < 1e-14, "{s} {m}");
        }
    }

    #[test]
    fn kernel_of_a_flat_beta() {
        // Beta(1, 1) has density 1, so the kernel is x y.
        assert!((ln_beta_kernel(1.0, 1.0, 0.3, 0.7) - 0.21_f64.ln()).abs() < 1e-14);
        assert!((ln_gamma_kernel(1.0, 2.0) - (2.0 * (-2.0_f64).exp()).ln()).abs() < 1e-14);
    }
}
