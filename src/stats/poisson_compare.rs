//! Exact tests that two rates are equal: the conditional binomial one in all its forms, and the E-test.
//!
//! For two counts over known exposures, where the interval is [`RateRatio::interval`]. The conditional test keeps its
//! level whatever the rate is, and pays for it with power; the E-test fills the rate in and has more. Counting error
//! only.

use super::binomial_test::BinomialTest;
use super::rate_ratio::RateRatio;
use super::root::first_where;
use super::special::{ln_poisson_lower, ln_poisson_pmf, ln_poisson_upper};
use super::{ExactForm, PValue, StatsError};
use core::f64::consts::LN_10;

/// Events in all up to which the E-test is summed: the work grows with their root and is a fraction of a second there.
pub const MOST_EVENTS: u64 = 1_000_000;

/// Statistics within this share of the observed one count as ties, so that rounding alone does not break one.
const TIE: f64 = 1e-13;

impl RateRatio {
    /// The exact conditional test of a ratio of 1.
    ///
    /// # Definition
    /// Given `N = x1 + x2`, `x1` is binomial of `N` trials and probability `t1/(t1 + t2)`; its tail or tails by
    /// [`ExactForm`].
    /// # Units
    /// A probability; underflows to 0 below 1e-323, where [`RateRatio::log10_conditional`] does not.
    /// # Edge cases
    /// `None` without exposure; 1 without events.
    /// # Errors
    /// None.
    /// # Source
    /// Przyborowski and Wilenski 1940. Minimum likelihood, less and greater: R `poisson.test`. Central: exactci
    /// `poisson.exact(tsmethod = "central")`.
    #[must_use]
    pub fn conditional(&self, form: ExactForm) -> Option<PValue> {
        self.ln_conditional(form)
            .map(|ln_p| PValue::capped(libm::exp(ln_p)))
    }

    /// The decimal logarithm of [`RateRatio::conditional`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// `None` as the p-value.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As [`RateRatio::conditional`].
    #[must_use]
    pub fn log10_conditional(&self, form: ExactForm) -> Option<f64> {
        self.ln_conditional(form).map(|ln_p| ln_p / LN_10)
    }

    fn ln_conditional(&self, form: ExactForm) -> Option<f64> {
        let (one, two) = (self.rate(), self.reference());
        let (t1, t2) = (one.exposure(), two.exposure());
        if t1 == 0.0 || t2 == 0.0 {
            return None;
        }
        // The one with the smaller exposure is counted: its probability keeps its digits.
        let (x, share, form) = match form {
            form if t1 < t2 => (one.x(), t1 / (t1 + t2), form),
            ExactForm::Less => (two.x(), t2 / (t1 + t2), ExactForm::Greater),
            ExactForm::Greater => (two.x(), t2 / (t1 + t2), ExactForm::Less),
            form => (two.x(), t2 / (t1 + t2), form),
        };
        let test = BinomialTest::new(x, one.x().saturating_add(two.x()), share);
        Some(test.expect("a part of the whole and a share").ln_p(form))
    }

    /// The E-test of a ratio of 1, two-sided.
    ///
    /// # Definition
    /// `T = (x1/t1 - x2/t2) / sqrt(x1/t1² + x2/t2²)`, 0 without events; the probability of `|T|` at least as large as
    /// observed, with both counts Poisson at the common rate `(x1 + x2)/(t1 + t2)`. This is the Wald form of the paper,
    /// not the score form: they can differ by a factor of ten.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// `None` without exposure, and where one exposure is more than 10^300 times the other; 1 without events, and when
    /// the rates are equal.
    /// # Errors
    /// [`StatsError::TooCostly`] with more than [`MOST_EVENTS`] events in all, where the conditional test is as good.
    /// # Source
    /// Krishnamoorthy and Thomson 2004, section 3; statsmodels `test_poisson_2indep(method = "etest-wald")`, which leaves
    /// out counts beyond a tail of 1e-13 and so falls short where the p-value is small.
    pub fn e_test(&self) -> Result<Option<PValue>, StatsError> {
        let (one, two) = (self.rate(), self.reference());
        let scale = one.exposure() / two.exposure();
        if !scale.is_normal() {
            return Ok(None);
        }
        let events = one.x().saturating_add(two.x());
        if events > MOST_EVENTS {
            return Err(StatsError::TooCostly {
                what: "the E-test of these counts",
                limit: MOST_EVENTS,
                instead: "the conditional test",
            });
        }
        let observed = wald(one.x(), two.x(), scale).abs();
        let test = ETest {
            mean: events as f64 * (scale / (1.0 + scale)),
            reference_mean: events as f64 / (1.0 + scale),
            scale,
            bound: observed * (1.0 - TIE),
        };
        let p = if observed == 0.0 { 1.0 } else { test.sum() };
        Ok(Some(PValue::capped(p)))
    }
}

/// Two Poisson counts and what their statistic must reach.
struct ETest {
    mean: f64,
    reference_mean: f64,
    /// The exposure over that of the reference.
    scale: f64,
    bound: f64,
}

/// The statistic, both rates times the exposure of the first.
fn wald(x1: u64, x2: u64, scale: f64) -> f64 {
    if x1 == 0 && x2 == 0 {
        return 0.0;
    }
    let (a, b) = (x1 as f64, x2 as f64 * scale);
    (a - b) / libm::sqrt(a + b * scale)
}

impl ETest {
    /// Over the first count, from its mean outwards until what is left cannot matter.
    fn sum(&self) -> f64 {
        let start = libm::floor(self.mean) as u64;
        let negligible = |left: f64, sum: f64| left <= sum * f64::EPSILON * 0.01;
        let mut sum = 0.0;
        for x in start.. {
            let mass = libm::exp(ln_poisson_pmf(x, self.mean));
            sum += mass * self.reference_tails(x);
            // The masses above x fall faster than a geometric series of this ratio.
            let next = x as f64 + 1.0;
            if negligible(mass * self.mean / (next - self.mean), sum) {
                break;
            }
        }
        for x in (0..start).rev() {
            let mass = libm::exp(ln_poisson_pmf(x, self.mean));
            sum += mass * self.reference_tails(x);
            if negligible(mass * x as f64 / (self.mean - x as f64), sum) {
                break;
            }
        }
        sum
    }

    /// The probability of the reference counts that put the statistic beyond its bound on either side.
    ///
    /// The statistic falls as the reference count rises, from `sqrt(x)` without limit.
    fn reference_tails(&self, x: u64) -> f64 {
        let at = |reference: u64| wald(x, reference, self.scale);
        let mut end = 1;
        while at(end) > -self.bound && end < u64::MAX / 2 {
            end *= 2;
        }
        let lower_end = first_where(0, end, |reference| at(reference) < self.bound);
        let upper = first_where(lower_end, end, |reference| at(reference) <= -self.bound);
        let below = match lower_end {
            0 => 0.0,
            count => libm::exp(ln_poisson_lower(count - 1, self.reference_mean)),
        };
        below + libm::exp(ln_poisson_upper(upper, self.reference_mean))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rate::Rate;

    fn ratio(x1: u64, t1: f64, x2: u64, t2: f64) -> RateRatio {
        RateRatio::new(
            Rate::new(x1, t1).expect("a rate"),
            Rate::new(x2, t2).expect("a rate"),
        )
    }

    fn e_test(x1: u64, t1: f64, x2: u64, t2: f64) -> f64 {
        let p = ratio(x1, t1, x2, t2).e_test().expect("cheap");
        p.expect("defined").get()
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn conditional_by_hand() {
        // 4 of 4 at one half: 1/16 above, everything below.
        let four = ratio(4, 3.0, 0, 3.0);
        for (form, want) in [
            (ExactForm::Greater, 1.0 / 16.0),
            (ExactForm::Less, 1.0),
            (ExactForm::Central, 0.125),
            (ExactForm::MinimumLikelihood, 0.125),
        ] {
            close(four.conditional(form).expect("defined").get(), want);
        }
        // 2 of 2 at one quarter, where 1 and 0 are likelier.
        let two = ratio(2, 1.0, 0, 3.0);
        let p = two.conditional(ExactForm::MinimumLikelihood);
        close(p.expect("defined").get(), 1.0 / 16.0);
    }

    #[test]
    fn exchanging_the_rates_exchanges_the_tails() {
        for (x1, t1, x2, t2) in [(3, 10.0, 9, 4.0), (250, 7.0, 1, 2e4), (0, 1.0, 5, 1.0)] {
            let (one, other) = (ratio(x1, t1, x2, t2), ratio(x2, t2, x1, t1));
            for (form, mirrored) in [
                (ExactForm::Less, ExactForm::Greater),
                (ExactForm::Greater, ExactForm::Less),
                (ExactForm::MinimumLikelihood, ExactForm::MinimumLikelihood),
            ] {
                let log10 = |r: &RateRatio, form| r.log10_conditional(form).expect("defined");
                let (got, want) = (log10(&one, form), log10(&other, mirrored));
                assert!((got - want).abs() < 1e-10, "{got} instead of {want}");
            }
            let (got, want) = (e_test(x1, t1, x2, t2), e_test(x2, t2, x1, t1));
            assert!(
                (got - want).abs() <= 1e-10 * want,
                "{got} instead of {want}"
            );
        }
    }

    #[test]
    fn e_test_equals_the_plain_double_sum() {
        for (x1, t1, x2, t2) in [(6, 2.0, 2, 3.0), (0, 1.0, 4, 1.5), (12, 1.0, 3, 1.0)] {
            let observed = wald(x1, x2, t1 / t2).abs() * (1.0 - TIE);
            let events = (x1 + x2) as f64;
            let means = [events * t1 / (t1 + t2), events * t2 / (t1 + t2)];
            let mass = |x, mean| libm::exp(ln_poisson_pmf(x, mean));
            let pairs = (0..150_u64).flat_map(|y1| (0..150_u64).map(move |y2| (y1, y2)));
            let plain: f64 = pairs
                .filter(|&(y1, y2)| wald(y1, y2, t1 / t2).abs() >= observed)
                .map(|(y1, y2)| mass(y1, means[0]) * mass(y2, means[1]))
                .sum();
            close(e_test(x1, t1, x2, t2), plain);
        }
    }

    #[test]
    fn nothing_counted_nothing_exposed_and_too_much() {
        close(e_test(0, 2.0, 0, 3.0), 1.0);
        close(e_test(4, 2.0, 6, 3.0), 1.0);
        let unexposed = ratio(0, 0.0, 3, 1.0);
        assert!(unexposed.conditional(ExactForm::Less).is_none());
        assert!(unexposed.e_test() == Ok(None));
        let refused = ratio(MOST_EVENTS, 1.0, 1, 1.0).e_test();
        assert!(refused.is_err_and(|e| e.to_string().contains("conditional")));
        for (t1, t2) in [(1e-300, 1e300), (1e100, 1e-100), (1e-100, 1e100)] {
            assert!(ratio(3, t1, 4, t2).e_test().is_ok(), "{t1} {t2}");
        }
    }

    #[test]
    fn the_largest_e_test_is_near_the_normal_one() {
        // One standard deviation and a half apart.
        let p = e_test(500_750, 1.0, 499_250, 1.0);
        let normal = 2.0 * crate::stats::special::normal_sf(1.5);
        assert!((p - normal).abs() < 1e-4, "{p} {normal}");
    }
}
