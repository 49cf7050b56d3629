//! The step from a point near a quantile to the quantile, by the series of the inverse of the log of a tail.

/// Misses of the log of the tail, and Newton steps in spreads, beyond which the series is not trusted.
const NEAR: f64 = 1.0;

/// Steps of less than this share of the spread leave an error below rounding: the first term left out of the series
/// is the fifth power.
const SETTLED: f64 = 1e-3;

/// A tail `T` and its density `f` at a point of a variable along which the tail grows.
pub(super) struct TailAt {
    /// The log of the wanted tail less `ln T`.
    pub(super) miss: f64,
    /// `f/T`.
    pub(super) hazard: f64,
    /// `d ln f`, by the variable.
    pub(super) slope: f64,
    /// `-d^2 ln f`.
    pub(super) curvature: f64,
    /// `-d^3 ln f`.
    pub(super) curvature_slope: f64,
}

impl TailAt {
    /// The step, and whether it is the last, given the spread of the variable.
    ///
    /// Derivatives of the inverse follow from `d ln T = f/T` alone, so four orders cost no second tail. Far away the
    /// first order stands alone: where the log of the tail is concave it comes near from any start.
    pub(super) fn step(&self, spread: f64) -> (f64, bool) {
        let newton = self.miss / self.hazard;
        let near = self.miss.abs() <= NEAR && newton.abs() <= NEAR * spread;
        if !near {
            return (newton, newton.is_nan());
        }
        let (m, w) = (self.hazard, self.hazard - self.slope);
        let (g, g_slope) = (self.curvature, self.curvature_slope);
        let third = g - m * w + 2.0 * w * w;
        let third_slope = g_slope + g * (4.0 * w - m) + m * w * (m - 3.0 * w);
        let fourth = third_slope + 3.0 * w * third;
        let series = 1.0 + newton * (w / 2.0 + newton * (third / 6.0 + newton * fourth / 24.0));
        (newton * series, newton.abs() <= SETTLED * spread)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exponential_tail_from_near_by() {
        // T = exp(-exp(-v)) grows with v; f = exp(-v) T, so hazard e^-v, slope e^-v - 1, curvature e^-v.
        let at = |v: f64, target: f64| {
            let x = libm::exp(-v);
            TailAt {
                miss: target + x,
                hazard: x,
                slope: x - 1.0,
                curvature: x,
                curvature_slope: -x,
            }
        };
        let target = -3.0_f64;
        let root = -(3.0_f64.ln());
        for (away, error, last) in [(0.1, 3e-6, false), (5e-4, 1e-15, true)] {
            let (step, settled) = at(root + away, target).step(1.0);
            assert!(
                (step + away).abs() < error && settled == last,
                "{away}: {step}"
            );
        }
    }
}
