//! The saddle-point pieces: densities as deviances plus Stirling remainders (Loader 2000).

use super::ln_gamma;

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// [`stirling_error`] at the halves from 1/2 to 31/2, by arithmetic of 50 digits: counts are the common case.
const STIRLING_AT_HALVES: [f64; 31] = [
    0.153_426_409_720_027_36,
    0.081_061_466_795_327_26,
    0.054_814_121_051_917_65,
    0.041_340_695_955_409_3,
    0.033_162_873_519_936_29,
    0.027_677_925_684_998_34,
    0.023_746_163_656_297_496,
    0.020_790_672_103_765_093,
    0.018_488_450_532_673_187,
    0.016_644_691_189_821_193,
    0.015_134_973_221_917_378,
    0.013_876_128_823_070_748,
    0.012_810_465_242_920_227,
    0.011_896_709_945_891_77,
    0.011_104_559_758_206_917,
    0.010_411_265_261_972_096,
    0.009_799_416_126_158_804,
    0.009_255_462_182_712_733,
    0.008_768_700_134_139_386,
    0.008_330_563_433_362_87,
    0.007_934_114_564_314_02,
    0.007_573_675_487_951_841,
    0.007_244_554_301_320_383,
    0.006_942_840_107_209_53,
    0.006_665_247_032_707_682,
    0.006_408_994_188_004_207,
    0.006_171_712_263_039_458,
    0.005_951_370_112_758_847_5,
    0.005_746_216_513_010_115_5,
    0.005_554_733_551_962_801,
    0.005_375_599_032_926_835,
];

/// What Stirling's formula leaves out: `ln Γ(z + 1) - (z + 1/2) ln z + z - ln(2π)/2`, for `z > 0`.
pub(super) fn stirling_error(z: f64) -> f64 {
    // From 16 on the first term left out is below 1e-16 (Abramowitz and Stegun 6.1.41).
    if z < 16.0 {
        let halves = 2.0 * z;
        if halves >= 1.0 && halves.fract() == 0.0 {
            return STIRLING_AT_HALVES[halves as usize - 1];
        }
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

/// `x^a y^b / B(a, b)` with `y = 1 - x`, the Beta density per unit of log odds: what depends on `a` and `b` only is
/// reckoned once.
pub(super) struct BetaKernel {
    a: f64,
    b: f64,
    height: f64,
}

impl BetaKernel {
    pub(super) fn new(a: f64, b: f64) -> BetaKernel {
        let c = a + b;
        let height = 0.5 * libm::log(a / c * b / core::f64::consts::TAU);
        BetaKernel {
            a,
            b,
            height: height + stirling_error(c) - stirling_error(a) - stirling_error(b),
        }
    }

    /// `a - (a + b) x`: the slope of the log of the kernel, which near the mean only `a y - b x` still knows.
    pub(super) fn slope(&self, x: f64, y: f64) -> f64 {
        difference_of_products(self.a, y, self.b, x)
    }

    /// The log of the kernel, given its slope.
    pub(super) fn ln(&self, x: f64, y: f64, slope: f64) -> f64 {
        let c = self.a + self.b;
        self.height - deviance(self.a, c * x, slope) - deviance(self.b, c * y, -slope)
    }
}

/// The log of [`BetaKernel`] for one use.
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let kernel = BetaKernel::new(a, b);
    kernel.ln(x, y, kernel.slope(x, y))
}

/// `x^a e^-x / Γ(a)`, the gamma density per unit of `ln x`: what depends on `a` only is reckoned once.
pub(super) struct GammaKernel {
    a: f64,
    height: f64,
}

impl GammaKernel {
    pub(super) fn new(a: f64) -> GammaKernel {
        let height = 0.5 * libm::log(a / core::f64::consts::TAU);
        GammaKernel {
            a,
            height: height - stirling_error(a),
        }
    }

    pub(super) fn ln(&self, x: f64) -> f64 {
        self.height - deviance(self.a, x, self.a - x)
    }
}

/// The log of [`GammaKernel`] for one use.
pub(super) fn ln_gamma_kernel(a: f64, x: f64) -> f64 {
    GammaKernel::new(a).ln(x)
}

/// `a b - c d` to nearly full precision (Kahan): the rounding error of `c d` is put back.
///
/// The fused product is rounded once wherever it is computed, so that the standard library's is as reproducible as
/// libm's and uses the processor's instruction.
fn difference_of_products(a: f64, b: f64, c: f64, d: f64) -> f64 {
    let product = c * d;
    let error = (-c).mul_add(d, product);
    a.mul_add(b, -product) + error
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
