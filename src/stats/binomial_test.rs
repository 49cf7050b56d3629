//! An observed count against a benchmark share: the legal table's expected count, standard deviations, exact p-values.
//!
//! For jury, selection and stop cases (Castaneda, Hazelwood, Soto): `x` of `n` came from the group whose share of the
//! benchmark is `p`. The benchmark is taken as exact and the trials as independent; what dispersion does to the
//! standard deviations is said elsewhere.

use super::root::first_where;
use super::special::{
    ln_add_exp, ln_binomial_lower, ln_binomial_pmf, ln_binomial_upper, normal_sf,
};
use super::{ExactForm, PValue, StatsError, TIE};
use core::cmp::Ordering;
use core::f64::consts::LN_10;

/// `x` events in `n` trials against a benchmark probability `p`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BinomialTest {
    x: u64,
    n: u64,
    p: f64,
}

impl BinomialTest {
    /// `x` events in `n` trials against a benchmark probability `p`.
    ///
    /// # Errors
    /// `x` greater than `n`; `p` outside [0, 1] or NaN.
    pub fn new(x: u64, n: u64, p: f64) -> Result<BinomialTest, StatsError> {
        if x > n {
            return Err(StatsError::EventsExceedTrials {
                events: x,
                trials: n,
            });
        }
        if !(0.0..=1.0).contains(&p) {
            let (what, allowed) = ("benchmark share", "between 0 and 1");
            return Err(StatsError::OutOfRange {
                what,
                value: p,
                allowed,
            });
        }
        Ok(BinomialTest { x, n, p })
    }

    /// The expected count.
    ///
    /// # Definition
    /// `n p`.
    /// # Units
    /// Events.
    /// # Edge cases
    /// 0 without trials.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.n as f64 * self.p
    }

    /// The standard deviation of the count.
    ///
    /// # Definition
    /// `sqrt(n p (1 - p))`.
    /// # Units
    /// Events.
    /// # Edge cases
    /// 0 without trials and at a benchmark of 0 or 1.
    /// # Errors
    /// None.
    /// # Source
    /// Castaneda v. Partida 1977, note 17.
    #[must_use]
    pub fn sd(&self) -> f64 {
        libm::sqrt(self.expected() * (1.0 - self.p))
    }

    /// The standard deviation when the trials are drawn from a known pool without replacement.
    ///
    /// # Definition
    /// `sd sqrt((M - n)/(M - 1))` for a pool of `M`.
    /// # Units
    /// Events.
    /// # Edge cases
    /// 0 when the whole pool is drawn, or nothing.
    /// # Errors
    /// A pool smaller than the number of trials.
    /// # Source
    /// Hypergeometric variance, as R `dhyper`.
    pub fn sd_without_replacement(&self, pool: u64) -> Result<f64, StatsError> {
        if pool < self.n {
            return Err(StatsError::PoolTooSmall {
                pool,
                sample: self.n,
            });
        }
        if self.n == 0 || pool == self.n {
            return Ok(0.0);
        }
        Ok(self.sd() * libm::sqrt((pool - self.n) as f64 / (pool - 1) as f64))
    }

    /// How far the count is from its expectation.
    ///
    /// # Definition
    /// `Z = (x - n p) / sqrt(n p (1 - p))`, without continuity correction.
    /// # Units
    /// Standard deviations.
    /// # Edge cases
    /// `None` when the standard deviation is 0.
    /// # Errors
    /// None.
    /// # Source
    /// Castaneda v. Partida 1977, note 17; R `prop.test(correct = FALSE)`.
    #[must_use]
    pub fn z(&self) -> Option<f64> {
        let sd = self.sd();
        // One rounding instead of two: n p may be a billion and the difference small.
        (sd > 0.0).then(|| libm::fma(-(self.n as f64), self.p, self.x as f64) / sd)
    }

    /// The normal p-value, two-sided.
    ///
    /// # Definition
    /// `P(|N(0, 1)| >= |Z|)`.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// `None` when the standard deviation is 0.
    /// # Errors
    /// None.
    /// # Source
    /// R `2 * pnorm(-abs(z))`.
    #[must_use]
    pub fn p_normal_two(&self) -> Option<PValue> {
        self.z().map(|z| PValue::capped(2.0 * normal_sf(z.abs())))
    }

    /// The exact lower tail.
    ///
    /// # Definition
    /// `P(X <= x)`, `X` binomial of `n` trials and probability `p`.
    /// # Units
    /// A probability; underflows to 0 below 1e-323, where [`BinomialTest::log10_less`] does not.
    /// # Edge cases
    /// 1 at `x = n`.
    /// # Errors
    /// None.
    /// # Source
    /// R `binom.test(alternative = "less")`.
    #[must_use]
    pub fn p_less(&self) -> PValue {
        PValue::capped(libm::exp(self.ln_less()))
    }

    /// The exact upper tail.
    ///
    /// # Definition
    /// `P(X >= x)`, `X` binomial of `n` trials and probability `p`.
    /// # Units
    /// A probability; underflows to 0 below 1e-323, where [`BinomialTest::log10_greater`] does not.
    /// # Edge cases
    /// 1 at `x = 0`.
    /// # Errors
    /// None.
    /// # Source
    /// R `binom.test(alternative = "greater")`.
    #[must_use]
    pub fn p_greater(&self) -> PValue {
        PValue::capped(libm::exp(self.ln_greater()))
    }

    /// The exact two-sided p-value that agrees with the Clopper-Pearson interval.
    ///
    /// # Definition
    /// Twice the smaller exact tail, capped at 1.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// 1 without trials.
    /// # Errors
    /// None.
    /// # Source
    /// exactci `binom.exact(tsmethod = "central")`.
    #[must_use]
    pub fn p_central(&self) -> PValue {
        PValue::capped(libm::exp(self.ln_central()))
    }

    /// The exact two-sided p-value by minimum likelihood.
    ///
    /// # Definition
    /// The sum of all masses not greater than that of `x`, ties within a relative 1e-7 included.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// 1 when `x` is the expected count.
    /// # Errors
    /// None.
    /// # Source
    /// Sterne 1954; R `binom.test`, whose loop over `n` is replaced by a bisection for the first mass of the other
    /// tail: the masses fall away from the mode.
    #[must_use]
    pub fn p_minimum_likelihood(&self) -> PValue {
        PValue::capped(libm::exp(self.ln_minimum_likelihood()))
    }

    /// The decimal logarithm of [`BinomialTest::p_less`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// 0 for a sure event, minus infinity for an impossible one.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As the p-value; agrees with R `pbinom(log.p = TRUE)` and mpmath.
    #[must_use]
    pub fn log10_less(&self) -> f64 {
        // Adding 0 makes the logarithm of a sure event 0 and not -0.
        self.ln_less() / LN_10 + 0.0
    }

    /// The decimal logarithm of [`BinomialTest::p_greater`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// 0 for a sure event, minus infinity for an impossible one.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As the p-value; agrees with R `pbinom(log.p = TRUE)` and mpmath.
    #[must_use]
    pub fn log10_greater(&self) -> f64 {
        // Adding 0 makes the logarithm of a sure event 0 and not -0.
        self.ln_greater() / LN_10 + 0.0
    }

    /// The decimal logarithm of [`BinomialTest::p_central`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// 0 for a sure event, minus infinity for an impossible one.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As the p-value; agrees with R `pbinom(log.p = TRUE)` and mpmath.
    #[must_use]
    pub fn log10_central(&self) -> f64 {
        // Adding 0 makes the logarithm of a sure event 0 and not -0.
        self.ln_central() / LN_10 + 0.0
    }

    /// The decimal logarithm of [`BinomialTest::p_minimum_likelihood`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// 0 for a sure event, minus infinity for an impossible one.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As the p-value; agrees with R `pbinom(log.p = TRUE)` and mpmath.
    #[must_use]
    pub fn log10_minimum_likelihood(&self) -> f64 {
        // Adding 0 makes the logarithm of a sure event 0 and not -0.
        self.ln_minimum_likelihood() / LN_10 + 0.0
    }

    fn ln_less(&self) -> f64 {
        ln_binomial_lower(self.x, self.n, self.p)
    }

    fn ln_greater(&self) -> f64 {
        ln_binomial_upper(self.x, self.n, self.p)
    }

    /// The natural logarithm of the p-value in one of its forms.
    pub(super) fn ln_p(&self, form: ExactForm) -> f64 {
        match form {
            ExactForm::Central => self.ln_central(),
            ExactForm::MinimumLikelihood => self.ln_minimum_likelihood(),
            ExactForm::Less => self.ln_less(),
            ExactForm::Greater => self.ln_greater(),
        }
    }

    fn ln_central(&self) -> f64 {
        let smaller = self.ln_less().min(self.ln_greater());
        (smaller + core::f64::consts::LN_2).min(0.0)
    }

    fn ln_minimum_likelihood(&self) -> f64 {
        let mean = self.expected();
        let both = match (self.x as f64).total_cmp(&mean) {
            Ordering::Equal => 0.0,
            Ordering::Less => {
                let start = (libm::ceil(mean) as u64).min(self.n);
                let first = first_where(start, self.n.saturating_add(1), |k| self.counts(k));
                ln_add_exp(self.ln_less(), ln_binomial_upper(first, self.n, self.p))
            }
            Ordering::Greater => {
                let end = libm::floor(mean) as u64 + 1;
                let below = match first_where(0, end, |k| !self.counts(k)) {
                    0 => f64::NEG_INFINITY,
                    count => ln_binomial_lower(count - 1, self.n, self.p),
                };
                ln_add_exp(self.ln_greater(), below)
            }
        };
        both.min(0.0)
    }

    /// Whether a count is no more likely than the observed one, ties included.
    fn counts(&self, other: u64) -> bool {
        let observed = ln_binomial_pmf(self.x, self.n, self.p);
        ln_binomial_pmf(other, self.n, self.p) <= observed + libm::log1p(TIE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(x: u64, n: u64, p: f64) -> BinomialTest {
        BinomialTest::new(x, n, p).expect("a valid test")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn castaneda_by_hand() {
        // 339 of 870 grand jurors where 79.1 percent of the county was Mexican-American: 29 standard deviations.
        let t = test(339, 870, 0.791);
        close(t.expected(), 688.17);
        assert!((t.z().expect("defined") + 29.1149).abs() < 1e-4);
        assert!((t.log10_minimum_likelihood() + 144.3788).abs() < 1e-4);
    }

    #[test]
    fn ten_coins_by_hand() {
        let t = test(3, 10, 0.5);
        close(t.p_less().get(), 176.0 / 1024.0);
        close(t.p_greater().get(), 968.0 / 1024.0);
        close(t.p_central().get(), 352.0 / 1024.0);
        close(t.p_minimum_likelihood().get(), 352.0 / 1024.0);
        close(test(5, 10, 0.5).p_central().get(), 1.0);
        close(test(5, 10, 0.5).p_minimum_likelihood().get(), 1.0);
    }

    #[test]
    fn minimum_likelihood_equals_the_plain_sum() {
        for p in [0.1, 1.0 / 3.0, 0.5, 0.77] {
            for x in 0..=23 {
                let observed = ln_binomial_pmf(x, 23, p).exp() * (1.0 + TIE);
                let masses = (0..=23).map(|k| ln_binomial_pmf(k, 23, p).exp());
                let plain: f64 = masses.filter(|&mass| mass <= observed).sum();
                let got = test(x, 23, p).p_minimum_likelihood().get();
                assert!(
                    (got - plain).abs() < 1e-12 * plain,
                    "{x} {p}: {got} {plain}"
                );
            }
        }
    }

    #[test]
    fn counting_the_others_mirrors_the_tails() {
        let (one, other) = (test(37, 120, 0.25), test(83, 120, 0.75));
        close(one.p_less().get(), other.p_greater().get());
        close(
            one.p_minimum_likelihood().get(),
            other.p_minimum_likelihood().get(),
        );
        close(one.z().expect("defined"), -other.z().expect("defined"));
    }

    #[test]
    fn boundaries() {
        assert!(BinomialTest::new(2, 1, 0.5).is_err());
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(
                matches!(
                    BinomialTest::new(1, 2, p),
                    Err(StatsError::OutOfRange { .. })
                ),
                "{p}"
            );
        }
        let none = test(0, 0, 0.3);
        assert!(none.z().is_none() && none.p_normal_two().is_none());
        close(none.p_central().get(), 1.0);
        close(none.p_minimum_likelihood().get(), 1.0);
        assert!(test(1, 5, 0.0).p_minimum_likelihood().get() == 0.0);
        assert!(test(4, 5, 1.0).p_minimum_likelihood().get() == 0.0);
        close(test(5, 5, 1.0).p_minimum_likelihood().get(), 1.0);
    }

    #[test]
    fn without_replacement() {
        let t = test(3, 10, 0.5);
        close(
            t.sd_without_replacement(19).expect("a pool"),
            t.sd() * 0.5_f64.sqrt(),
        );
        assert!(t.sd_without_replacement(10) == Ok(0.0));
        let refused = t.sd_without_replacement(9);
        assert_eq!(
            refused,
            Err(StatsError::PoolTooSmall {
                pool: 9,
                sample: 10
            })
        );
    }

    #[test]
    fn far_tails_are_numbers() {
        assert!((test(0, 100_000, 0.6).log10_less() + 100_000.0 * 2.5_f64.log10()).abs() < 1e-9);
        let far = test(300_000_000, 1_000_000_000, 0.5);
        assert!(far.p_central().get() == 0.0 && far.log10_central() < -3e7);
    }
}
