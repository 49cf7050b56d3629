//! The exact conditional inference behind [`MantelHaenszel::exact`]: a common odds ratio given all margins.
//!
//! Given the margins of every stratum the sum of the group's events has a known distribution, the convolution of the
//! strata's hypergeometric ones. It is for sparse strata; the work grows with the square of the counts, and beyond a
//! fixed amount there is no answer, because there the chi-square test is as good.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::mantel_haenszel::{MantelHaenszel, Stratum};
use super::root::root_of_rising;
use super::{Interval, Level, PValue, TIE};

/// Products of probabilities that an exact answer may cost; a second or so of work.
const MOST_PRODUCTS: u64 = 50_000_000;

/// Exact conditional inference on a common odds ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExactOddsRatio {
    /// The conditional maximum-likelihood odds ratio: 0 or infinite when the observed sum is at the end of its range.
    pub estimate: f64,
    /// The central interval: each tail holds at most half of one minus the level.
    pub interval: Interval,
    /// The two-sided p-value against an odds ratio of 1: the probability of all sums no likelier than the observed.
    pub p: PValue,
    /// The doubled smaller tail, which agrees with the interval.
    pub p_central: PValue,
}

impl MantelHaenszel {
    /// The exact conditional test of no association, the conditional odds ratio and its exact limits.
    ///
    /// # Definition
    /// T = sum a; given the margins P(T = t) is proportional to C(t) psi^t with C the convolution over strata of
    /// C(n1, a) C(n2, m1 - a). The estimate solves E(T) = t; the limits solve P(T >= t) = alpha/2 and
    /// P(T <= t) = alpha/2; p sums the probabilities at psi = 1 that do not exceed P(T = t) (1 + 1e-7); p_central doubles
    /// the smaller tail at psi = 1, at most 1.
    ///
    /// # Units
    /// A ratio of odds.
    ///
    /// # Edge cases
    /// `None` when the margins allow one sum only, and when the convolution would cost more than 50 million products.
    /// At the lower end of the range the estimate and the lower limit are 0, at the upper end the estimate and the
    /// upper limit are infinite.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Birch (1964); Gart (1970); Mehta, Patel and Gray (1985). The p-value equals R `mantelhaen.test(exact = TRUE)`;
    /// R's estimate and limits come from a root search with a tolerance of 1e-4 and agree to four digits only.
    #[must_use]
    pub fn exact(&self, level: Level) -> Option<ExactOddsRatio> {
        let distribution = Conditional::of(self.strata())?;
        let half = level.tail();
        Some(ExactOddsRatio {
            estimate: distribution.estimate(),
            interval: Interval::new(distribution.low(half), distribution.high(half)),
            p: PValue::capped(distribution.minimum_likelihood_p()),
            p_central: PValue::capped(distribution.central_p()),
        })
    }
}

/// The distribution of the sum of the group's events given the margins.
struct Conditional {
    /// Logarithms of weights at an odds ratio of 1, from the least sum the margins allow.
    log_weights: Vec<f64>,
    /// The observed sum, counted from the least.
    observed: usize,
}

impl Conditional {
    fn of(strata: &[Stratum]) -> Option<Self> {
        if products(strata) > MOST_PRODUCTS {
            return None;
        }
        let (mut log_weights, mut observed) = (vec![0.0], 0);
        for stratum in strata {
            let (least, most) = support(stratum);
            log_weights = convolve(&log_weights, &hypergeometric(stratum, least, most));
            observed += usize::try_from(stratum.a - least)
                .expect("a support within the bound on products fits");
        }
        (log_weights.len() > 1).then_some(Self {
            log_weights,
            observed,
        })
    }

    fn minimum_likelihood_p(&self) -> f64 {
        let bound = self.log_weights[self.observed] + libm::log1p(TIE);
        let total = log_sum(self.log_weights.iter().copied());
        let tail = log_sum(self.log_weights.iter().copied().filter(|&w| w <= bound));
        libm::exp(tail - total)
    }

    fn central_p(&self) -> f64 {
        let all = self.log_total(0.0, 0..self.log_weights.len(), |_| 0.0);
        let at_most = self.log_total(0.0, 0..self.observed + 1, |_| 0.0);
        let at_least = self.log_total(0.0, self.observed..self.log_weights.len(), |_| 0.0);
        2.0 * libm::exp(at_most.min(at_least) - all)
    }

    fn estimate(&self) -> f64 {
        if self.observed == 0 {
            return 0.0;
        }
        if self.observed + 1 == self.log_weights.len() {
            return f64::INFINITY;
        }
        // E(T) = t, written as the balance of what lies above t and below it, which keeps its digits at t near an end.
        let log_distance = |t: usize| libm::log(t.abs_diff(self.observed) as f64);
        odds_ratio_at_root(|log_psi| {
            self.log_total(log_psi, self.above(), log_distance)
                - self.log_total(log_psi, 0..self.observed, log_distance)
        })
    }

    fn low(&self, tail: f64) -> f64 {
        if self.observed == 0 {
            return 0.0;
        }
        let wanted = libm::log(tail) - libm::log1p(-tail);
        odds_ratio_at_root(|log_psi| {
            let at_least = self.log_total(log_psi, self.observed..self.log_weights.len(), |_| 0.0);
            at_least - self.log_total(log_psi, 0..self.observed, |_| 0.0) - wanted
        })
    }

    fn high(&self, tail: f64) -> f64 {
        if self.observed + 1 == self.log_weights.len() {
            return f64::INFINITY;
        }
        let wanted = libm::log1p(-tail) - libm::log(tail);
        odds_ratio_at_root(|log_psi| {
            let at_most = self.log_total(log_psi, 0..self.observed + 1, |_| 0.0);
            self.log_total(log_psi, self.above(), |_| 0.0) - at_most - wanted
        })
    }

    fn above(&self) -> Range<usize> {
        self.observed + 1..self.log_weights.len()
    }

    /// The logarithm of `sum C(t) psi^t factor(t)` over a range of sums. Powers count from the observed sum, so that a
    /// large odds ratio does not cost digits.
    fn log_total(
        &self,
        log_psi: f64,
        range: Range<usize>,
        log_factor: impl Fn(usize) -> f64,
    ) -> f64 {
        let power = |t: usize| t as f64 - self.observed as f64;
        log_sum(range.map(|t| self.log_weights[t] + power(t) * log_psi + log_factor(t)))
    }
}

/// The least and the greatest number of the group's events that the margins allow.
fn support(stratum: &Stratum) -> (u64, u64) {
    (
        stratum.a - stratum.a.min(stratum.d),
        stratum.a + stratum.b.min(stratum.c),
    )
}

/// What the convolution of all strata costs.
fn products(strata: &[Stratum]) -> u64 {
    let (mut cost, mut sums) = (0_u64, 1_u64);
    for (least, most) in strata.iter().map(support) {
        cost = cost.saturating_add(sums.saturating_mul(most - least + 1));
        sums = sums.saturating_add(most - least);
    }
    cost
}

/// The logarithms of the hypergeometric weights, up to a constant: ratios of neighbours summed from the least value,
/// because logarithms of factorials of large counts have no digits to spare.
fn hypergeometric(stratum: &Stratum, least: u64, most: u64) -> Vec<f64> {
    let (group, events) = (stratum.a + stratum.b, stratum.a + stratum.c);
    let mut last = 0.0;
    let mut weights = vec![last];
    for t in least..most {
        let lost = (group - t) as f64 * (events - t) as f64;
        let won = (t + 1) as f64 * (stratum.d + t + 1 - stratum.a) as f64;
        last += libm::log(lost / won);
        weights.push(last);
    }
    weights
}

/// The logarithms of the weights of the sum of two independent counts.
fn convolve(left: &[f64], right: &[f64]) -> Vec<f64> {
    let sum_at = |t: usize| {
        let ways = (t + 1).saturating_sub(left.len())..right.len().min(t + 1);
        log_sum(ways.map(|j| left[t - j] + right[j]))
    };
    (0..left.len() + right.len() - 1).map(sum_at).collect()
}

/// `log(sum exp(x))` without overflow; minus infinity for an empty sum.
fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let greatest = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if greatest == f64::NEG_INFINITY {
        return greatest;
    }
    greatest + libm::log(terms.map(|x| libm::exp(x - greatest)).sum())
}

/// The odds ratio at which an increasing function of its logarithm is zero. Every function here runs from minus to plus
/// infinity, because the observed sum has others on the side that is asked about.
fn odds_ratio_at_root(function: impl Fn(f64) -> f64) -> f64 {
    libm::exp(
        root_of_rising(function, 0.0, 1.0).expect("a function that runs over all reals has a root"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(strata: &[[u64; 4]]) -> Option<ExactOddsRatio> {
        let strata = strata
            .iter()
            .map(|&[a, b, c, d]| Stratum { a, b, c, d })
            .collect();
        MantelHaenszel::new(strata).exact(Level::new(0.95).expect("a level"))
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked_tea_tasting() {
        // Fisher's tea: weights 1, 16, 36, 16, 1 of 70; the sums no likelier than 3 are 0, 1, 3 and 4.
        let answer = exact(&[[3, 1, 1, 3]]).expect("defined");
        assert_near(answer.p.get(), 34.0 / 70.0);
        // Two strata of weights 1, 4, 1: the sums have 1, 8, 18, 8, 1 of 36.
        let answer = exact(&[[2, 0, 0, 2], [1, 1, 1, 1]]).expect("defined");
        assert_near(answer.p.get(), 18.0 / 36.0);
    }

    #[test]
    fn symmetric_table_has_odds_ratio_one() {
        let answer = exact(&[[2, 2, 2, 2], [1, 1, 1, 1]]).expect("defined");
        assert_near(answer.estimate, 1.0);
        assert_near(answer.interval.low * answer.interval.high, 1.0);
        assert_near(answer.p.get(), 1.0);
    }

    #[test]
    fn ends_of_the_range() {
        let upper = exact(&[[4, 0, 0, 4]]).expect("defined");
        assert!(
            upper.estimate.is_infinite()
                && upper.interval.high.is_infinite()
                && upper.interval.low > 1.0
        );
        let lower = exact(&[[0, 4, 4, 0]]).expect("defined");
        assert!(
            lower.estimate.abs() <= 0.0
                && lower.interval.low.abs() <= 0.0
                && lower.interval.high < 1.0
        );
        // P(T >= 4) = psi^4 / (1 + 16 psi + 36 psi^2 + 16 psi^3 + psi^4) = 0.025 at the lower limit.
        let psi = upper.interval.low;
        assert_near(
            psi.powi(4) / (1.0 + psi * (16.0 + psi * (36.0 + psi * (16.0 + psi)))),
            0.025,
        );
        assert_near(upper.interval.low * lower.interval.high, 1.0);
    }

    #[test]
    fn undefined_without_freedom_or_beyond_the_bound() {
        assert!(exact(&[]).is_none());
        assert!(exact(&[[3, 2, 0, 0], [0, 4, 0, 7]]).is_none());
        assert!(exact(&[[10_000_000, 20_000_000, 9_000_000, 30_000_000]; 4]).is_none());
    }

    #[test]
    fn order_and_empty_strata_do_not_matter() {
        let one = exact(&[[2, 5, 1, 9], [3, 4, 2, 8], [1, 1, 0, 6]]).expect("defined");
        let other =
            exact(&[[1, 1, 0, 6], [0, 0, 3, 4], [3, 4, 2, 8], [2, 5, 1, 9]]).expect("defined");
        assert_near(one.estimate, other.estimate);
        assert_near(one.interval.low, other.interval.low);
        assert_near(one.p.get(), other.p.get());
    }
}
