//! Two proportions against each other: risk ratio, risk difference, odds ratio, and the tests of no difference.
//!
//! For search and hit rates of a group against the reference group, and for pass rates in the legal table. Counting
//! error only. An odds ratio is not a risk ratio: neither is ever printed under the other's name.

mod association;
mod fisher;
mod odds_ratio;
mod score;

use super::proportion::{Proportion, ProportionMethod};
use super::special::normal_sf;
use super::{Interval, Level, PValue};
use serde::{Deserialize, Serialize};

/// A proportion beside a reference proportion: `x1` of `n1` against `x2` of `n2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoByTwo {
    one: Proportion,
    two: Proportion,
}

/// How to put an interval around a risk ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RiskRatioMethod {
    /// The ratios that the score test with constrained fits does not reject. Koopman 1984; statsmodels `score` without
    /// correction (not epiR, whose `RR.strata.score` is another interval).
    #[default]
    #[serde(rename = "rr_koopman")]
    Koopman,
    /// The same with the variance times `N/(N - 1)`. Miettinen and Nurminen 1985; statsmodels `score`.
    #[serde(rename = "rr_mn")]
    MiettinenNurminen,
    /// `ratio exp(± z sqrt(1/x1 - 1/n1 + 1/x2 - 1/n2))`; not defined without events. Katz et al. 1978.
    #[serde(rename = "rr_log")]
    Log,
}

/// How to put an interval around a risk difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RiskDifferenceMethod {
    /// Hybrid score: the distances of the Wilson limits, added in squares. Newcombe 1998, method 10.
    #[default]
    #[serde(rename = "rd_newcombe")]
    Newcombe,
    /// `d ± z sqrt(p1 q1/n1 + p2 q2/n2)`, for comparison with old reports.
    #[serde(rename = "rd_wald")]
    Wald,
    /// Wald after one event and one non-event are added to each proportion. Agresti and Caffo 2000.
    #[serde(rename = "rd_agresti_caffo")]
    AgrestiCaffo,
    /// The differences that the score test does not reject, with the variance times `N/(N - 1)`. Miettinen and
    /// Nurminen 1985; Newcombe 1998, method 6 (not statsmodels, whose search stops early).
    #[serde(rename = "rd_mn")]
    MiettinenNurminen,
    /// The same without the factor. Mee 1984; Newcombe 1998, method 5.
    #[serde(rename = "rd_mee")]
    Mee,
}

/// How to put an interval around an odds ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OddsRatioMethod {
    /// Both tails of the noncentral hypergeometric at half of one minus the level. Cornfield 1956; scipy `odds_ratio`
    /// (R `fisher.test` solves it to four digits).
    #[default]
    #[serde(rename = "or_exact_conditional")]
    ExactConditional,
    /// The same with half the probability of the table itself. Rothman and Greenland 1998.
    #[serde(rename = "or_midp")]
    MidP,
    /// `ratio exp(± z sqrt(1/a + 1/b + 1/c + 1/d))`; not defined with a zero cell. Woolf 1955.
    #[serde(rename = "or_wald")]
    Woolf,
}

impl TwoByTwo {
    /// A proportion and the reference proportion it is held against.
    #[must_use]
    pub fn new(one: Proportion, two: Proportion) -> TwoByTwo {
        TwoByTwo { one, two }
    }

    /// The risk ratio.
    ///
    /// # Definition
    /// `(x1/n1) / (x2/n2)`.
    /// # Units
    /// None: times the reference proportion.
    /// # Edge cases
    /// Infinite when only the reference has no events; `None` when neither has, or when either has no trials.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn risk_ratio(&self) -> Option<f64> {
        let ratio = self.one.estimate()? / self.two.estimate()?;
        (!ratio.is_nan()).then_some(ratio)
    }

    /// An interval for the risk ratio.
    ///
    /// # Definition
    /// By [`RiskRatioMethod`].
    /// # Units
    /// None: times the reference proportion.
    /// # Edge cases
    /// `None` without trials, and for the log method without events in either. The score methods give 0 to infinity
    /// when neither has events, a lower limit of 0 when only the first has none and an infinite upper limit when only
    /// the reference has none.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `n = 10^9`.
    #[must_use]
    pub fn risk_ratio_interval(&self, method: RiskRatioMethod, level: Level) -> Option<Interval> {
        self.trials()?;
        match method {
            RiskRatioMethod::Koopman => score::ratio_interval(self, 1.0, level.z()),
            RiskRatioMethod::MiettinenNurminen => {
                score::ratio_interval(self, self.small_sample_factor(), level.z())
            }
            RiskRatioMethod::Log => self.katz(level.z()),
        }
    }

    /// The risk difference.
    ///
    /// # Definition
    /// `x1/n1 - x2/n2`.
    /// # Units
    /// Events per trial.
    /// # Edge cases
    /// `None` when either has no trials.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn risk_difference(&self) -> Option<f64> {
        Some(self.one.estimate()? - self.two.estimate()?)
    }

    /// An interval for the risk difference.
    ///
    /// # Definition
    /// By [`RiskDifferenceMethod`].
    /// # Units
    /// Events per trial.
    /// # Edge cases
    /// `None` when either has no trials. Wald and Agresti-Caffo may leave [-1, 1] and are not clipped.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `n = 10^9`.
    #[must_use]
    pub fn risk_difference_interval(
        &self,
        method: RiskDifferenceMethod,
        level: Level,
    ) -> Option<Interval> {
        let (n1, n2) = self.trials()?;
        let (x1, x2) = (self.one.x() as f64, self.two.x() as f64);
        match method {
            RiskDifferenceMethod::Newcombe => self.newcombe(level),
            RiskDifferenceMethod::Wald => Some(wald((x1, n1), (x2, n2), level.z())),
            RiskDifferenceMethod::AgrestiCaffo => {
                Some(wald((x1 + 1.0, n1 + 2.0), (x2 + 1.0, n2 + 2.0), level.z()))
            }
            RiskDifferenceMethod::MiettinenNurminen => {
                score::difference_interval(self, self.small_sample_factor(), level.z())
            }
            RiskDifferenceMethod::Mee => score::difference_interval(self, 1.0, level.z()),
        }
    }

    /// The sample odds ratio.
    ///
    /// # Definition
    /// `[x1/(n1 - x1)] / [x2/(n2 - x2)]`.
    /// # Units
    /// None: times the reference odds; not "times as likely".
    /// # Edge cases
    /// Infinite with a zero in the denominator only; `None` when both products are zero.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn odds_ratio(&self) -> Option<f64> {
        let [a, b, c, d] = self.cells();
        let ratio = (a * d) / (b * c);
        (!ratio.is_nan()).then_some(ratio)
    }

    /// The conditional odds ratio, which belongs to the exact interval.
    ///
    /// # Definition
    /// The odds ratio at which the mean of the noncentral hypergeometric, given all margins, is `x1`.
    /// # Units
    /// None: times the reference odds.
    /// # Edge cases
    /// 0 or infinite at an end of the support; `None` when the margins allow one table only, and where 1/a + 1/b + 1/c +
    /// 1/d is below 10^-11, where the sums would take minutes and [`TwoByTwo::odds_ratio`] is the same to ten digits.
    /// # Errors
    /// None.
    /// # Source
    /// Cornfield 1956; R `fisher.test` estimate, scipy `odds_ratio(kind = "conditional")`.
    #[must_use]
    pub fn odds_ratio_conditional(&self) -> Option<f64> {
        odds_ratio::is_countable(self).then(|| odds_ratio::maximum_likelihood(self))?
    }

    /// An interval for the odds ratio.
    ///
    /// # Definition
    /// By [`OddsRatioMethod`].
    /// # Units
    /// None: times the reference odds.
    /// # Edge cases
    /// `None` for Woolf with a zero cell. Exact and mid-P give 0 or infinity at an end of the support, and both when
    /// the margins allow one table only; `None` when either has no trials, and for counts as large as
    /// [`TwoByTwo::odds_ratio_conditional`] refuses, of which Woolf's limits are the same to ten digits.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; all agree with 50-digit arithmetic up to `n = 10^9`.
    #[must_use]
    pub fn odds_ratio_interval(&self, method: OddsRatioMethod, level: Level) -> Option<Interval> {
        self.trials()?;
        match method {
            OddsRatioMethod::Woolf => self.woolf(level.z()),
            _ if !odds_ratio::is_countable(self) => None,
            OddsRatioMethod::ExactConditional => Some(odds_ratio::exact(self, level.tail())),
            OddsRatioMethod::MidP => Some(odds_ratio::mid_p(self, level.tail())),
        }
    }

    /// The two-sample pooled Z, in standard deviations.
    ///
    /// # Definition
    /// `(p1 - p2) / sqrt[p q (1/n1 + 1/n2)]` with `p = (x1 + x2)/(n1 + n2)`; its square is Pearson's chi-square
    /// without correction.
    /// # Units
    /// Standard deviations.
    /// # Edge cases
    /// `None` when either has no trials, or when all or none of the trials had the event.
    /// # Errors
    /// None.
    /// # Source
    /// R `prop.test(correct = FALSE)`, square root with sign.
    #[must_use]
    pub fn pooled_z(&self) -> Option<f64> {
        let (n1, n2) = self.trials()?;
        let [a, b, c, d] = self.cells();
        let (events, rest) = (a + c, b + d);
        if events == 0.0 || rest == 0.0 {
            return None;
        }
        // The cross product in whole numbers: near equality the two fractions would cancel.
        let one = u128::from(self.one.x()) * u128::from(self.two.n());
        let two = u128::from(self.two.x()) * u128::from(self.one.n());
        let size = one.abs_diff(two) as f64;
        let z = size / libm::sqrt(n1 * n2) * libm::sqrt((n1 + n2) / (events * rest));
        Some(if one < two { -z } else { z })
    }

    /// The p-value of the pooled Z, two-sided.
    ///
    /// It is also the uncorrected score test of a risk ratio of 1 or a difference of 0, so it goes with the Koopman and
    /// Mee intervals: one test, not three.
    ///
    /// # Definition
    /// `P(|Z| >= |z|)` of [`TwoByTwo::pooled_z`].
    /// # Units
    /// A probability.
    /// # Edge cases
    /// `None` where the pooled Z is.
    /// # Errors
    /// None.
    /// # Source
    /// R `prop.test(correct = FALSE)` and `chisq.test(correct = FALSE)`.
    #[must_use]
    pub fn pooled_p(&self) -> Option<PValue> {
        self.pooled_z()
            .map(|z| PValue::capped(2.0 * normal_sf(z.abs())))
    }

    /// Cohen's h.
    ///
    /// # Definition
    /// `2 asin sqrt(p1) - 2 asin sqrt(p2)`.
    /// # Units
    /// Radians; 0.2, 0.5 and 0.8 are Cohen's small, medium and large.
    /// # Edge cases
    /// `None` when either has no trials.
    /// # Errors
    /// None.
    /// # Source
    /// Cohen 1988, section 6.2; statsmodels `proportion_effectsize`.
    #[must_use]
    pub fn cohen_h(&self) -> Option<f64> {
        let angle = |p: f64| 2.0 * libm::asin(libm::sqrt(p));
        Some(angle(self.one.estimate()?) - angle(self.two.estimate()?))
    }

    /// Both numbers of trials, if neither is zero.
    fn trials(&self) -> Option<(f64, f64)> {
        let (n1, n2) = (self.one.n(), self.two.n());
        (n1 > 0 && n2 > 0).then_some((n1 as f64, n2 as f64))
    }

    /// Events and non-events of the first, then of the second.
    fn cells(&self) -> [f64; 4] {
        let rest = |p: &Proportion| p.complement().x() as f64;
        [
            self.one.x() as f64,
            rest(&self.one),
            self.two.x() as f64,
            rest(&self.two),
        ]
    }

    /// The same table with the two proportions exchanged.
    fn swapped(&self) -> TwoByTwo {
        TwoByTwo {
            one: self.two,
            two: self.one,
        }
    }

    /// `N/(N - 1)`.
    fn small_sample_factor(&self) -> f64 {
        let n = self.one.n() as f64 + self.two.n() as f64;
        n / (n - 1.0)
    }

    fn katz(&self, z: f64) -> Option<Interval> {
        let [a, b, c, d] = self.cells();
        if a == 0.0 || c == 0.0 {
            return None;
        }
        // 1/x - 1/n = (n - x)/(x n), without the subtraction.
        let variance = b / a / (a + b) + d / c / (c + d);
        Some(around(self.risk_ratio()?, z * libm::sqrt(variance)))
    }

    fn woolf(&self, z: f64) -> Option<Interval> {
        let cells = self.cells();
        if cells.contains(&0.0) {
            return None;
        }
        let variance: f64 = cells.iter().map(|cell| 1.0 / cell).sum();
        Some(around(self.odds_ratio()?, z * libm::sqrt(variance)))
    }

    fn newcombe(&self, level: Level) -> Option<Interval> {
        let (p1, p2) = (self.one.estimate()?, self.two.estimate()?);
        let one = self.one.interval(ProportionMethod::Wilson, level)?;
        let two = self.two.interval(ProportionMethod::Wilson, level)?;
        let down = libm::hypot(p1 - one.low, two.high - p2);
        let up = libm::hypot(one.high - p1, p2 - two.low);
        Some(Interval::new(p1 - p2 - down, p1 - p2 + up))
    }
}

/// `estimate exp(± reach)`.
fn around(estimate: f64, reach: f64) -> Interval {
    Interval::new(estimate * libm::exp(-reach), estimate * libm::exp(reach))
}

/// Wald's interval for a difference of proportions, of counts that may have been adjusted.
fn wald((x1, n1): (f64, f64), (x2, n2): (f64, f64), z: f64) -> Interval {
    let variance = |x: f64, n: f64| x / n * ((n - x) / n) / n;
    let half_width = z * libm::sqrt(variance(x1, n1) + variance(x2, n2));
    let d = x1 / n1 - x2 / n2;
    Interval::new(d - half_width, d + half_width)
}

#[cfg(test)]
mod tests;
