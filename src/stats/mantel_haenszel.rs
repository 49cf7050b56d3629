//! Two-by-two tables pooled over strata: Mantel-Haenszel ratios and difference, and the
//! Cochran-Mantel-Haenszel test.
//!
//! For comparing two groups (rows) on an event (columns) within places, days or officers, so that a difference between
//! strata does not pass for a difference between groups. The pooled figure assumes one common ratio; where
//! [`MantelHaenszel::breslow_day`] says otherwise it is an average with weights nobody chose. All variances are
//! counting variances: they know nothing of the spread between places, for which there is [`super::pool`].

use serde::{Deserialize, Serialize};

use super::{Interval, Level, PValue, special};

/// One stratum: row 1 is the group in question, row 2 the reference; column 1 is the event, column 2 its absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum {
    /// Events of the group.
    pub a: u64,
    /// Non-events of the group.
    pub b: u64,
    /// Events of the reference.
    pub c: u64,
    /// Non-events of the reference.
    pub d: u64,
}

/// A pooled effect with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PooledEffect {
    /// The ratio, or the difference.
    pub estimate: f64,
    /// Its standard error: of the natural logarithm for a ratio, of the difference itself for a difference.
    pub std_error: f64,
    /// The interval on the scale of the estimate.
    pub interval: Interval,
}

/// A statistic on one degree of freedom with its upper tail.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AssociationTest {
    /// The chi-square statistic.
    pub statistic: f64,
    /// Its upper tail on one degree of freedom.
    pub p: PValue,
}

/// Two-by-two tables of the same comparison in several strata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MantelHaenszel {
    strata: Vec<Stratum>,
}

/// A stratum in floating point: products of counts near 10^7 do not fit in an integer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    pub(super) d: f64,
}

impl From<&Stratum> for Table {
    fn from(s: &Stratum) -> Self {
        Self {
            a: s.a as f64,
            b: s.b as f64,
            c: s.c as f64,
            d: s.d as f64,
        }
    }
}

impl Table {
    pub(super) fn group(&self) -> f64 {
        self.a + self.b
    }

    pub(super) fn reference(&self) -> f64 {
        self.c + self.d
    }

    pub(super) fn events(&self) -> f64 {
        self.a + self.c
    }

    pub(super) fn total(&self) -> f64 {
        self.group() + self.reference()
    }

    /// `n1 n2 / N`, the weight of the stratum in the risk difference.
    fn weight(&self) -> f64 {
        self.group() * self.reference() / self.total()
    }

    /// `n1 n2 (p1 - p2) / N = (ad - bc) / N`: observed minus expected events of the group.
    fn surplus(&self) -> f64 {
        (self.a * self.d - self.b * self.c) / self.total()
    }

    fn has_all_margins(&self) -> bool {
        [
            self.group(),
            self.reference(),
            self.events(),
            self.b + self.d,
        ]
        .iter()
        .all(|&margin| margin > 0.0)
    }

    /// The variance of `a` given both margins, under no association.
    fn hypergeometric_variance(&self) -> f64 {
        let n = self.total();
        (self.group() / n)
            * (self.reference() / n)
            * (self.events() / (n - 1.0))
            * (self.b + self.d)
    }
}

impl MantelHaenszel {
    /// Tables of the same comparison, one per stratum, in any order.
    ///
    /// # Edge cases
    /// A stratum with an empty row adds nothing to any pooled effect and is harmless.
    #[must_use]
    pub fn new(strata: Vec<Stratum>) -> Self {
        Self { strata }
    }

    /// The strata, in the order given.
    #[must_use]
    pub fn strata(&self) -> &[Stratum] {
        &self.strata
    }

    /// The pooled odds ratio.
    ///
    /// # Definition
    /// OR = R/S with R = sum ad/N and S = sum bc/N; var(log OR) = sum PR/(2R^2) + sum(PS + QR)/(2RS) +
    /// sum QS/(2S^2), with P = (a + d)/N and Q = (b + c)/N per stratum; the interval is log-normal.
    ///
    /// # Units
    /// A ratio of odds; never "times as likely".
    ///
    /// # Edge cases
    /// `None` when R or S is zero: the logarithm has no interval. Zero cells in single strata are no obstacle.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Mantel and Haenszel (1959); Robins, Breslow and Greenland (1986). Equals R `mantelhaen.test`,
    /// `metafor::rma.mh` and statsmodels `StratifiedTable`.
    #[must_use]
    pub fn odds_ratio(&self, level: Level) -> Option<PooledEffect> {
        let (mut r, mut s, mut pr, mut mixed, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for t in self.tables() {
            let n = t.total();
            let (p, q) = ((t.a + t.d) / n, (t.b + t.c) / n);
            let (concordant, discordant) = (t.a * t.d / n, t.b * t.c / n);
            r += concordant;
            s += discordant;
            pr += p * concordant;
            mixed += p * discordant + q * concordant;
            qs += q * discordant;
        }
        log_normal(
            r / s,
            pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s),
            level,
        )
    }

    /// The pooled risk ratio.
    ///
    /// # Definition
    /// RR = R/S with R = sum a n2/N and S = sum c n1/N; var(log RR) = sum (m1 n1 n2/N^2 - ac/N) / (RS); the interval
    /// is log-normal.
    ///
    /// # Units
    /// A ratio of proportions.
    ///
    /// # Edge cases
    /// `None` when either row has no event in strata that have both rows.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Greenland and Robins (1985). Equals epiR `epi.2by2` and statsmodels `riskratio_pooled`.
    #[must_use]
    pub fn risk_ratio(&self, level: Level) -> Option<PooledEffect> {
        let (mut r, mut s, mut v) = (0.0, 0.0, 0.0);
        for t in self.tables() {
            let n = t.total();
            r += t.a * t.reference() / n;
            s += t.c * t.group() / n;
            v += (t.group() / n) * (t.reference() / n) * t.events() - t.a * t.c / n;
        }
        log_normal(r / s, v / (r * s), level)
    }

    /// The pooled risk difference, with the variance for large strata.
    ///
    /// # Definition
    /// RD = sum (a n2 - c n1)/N / sum n1 n2/N; var = sum (n1 n2/N)^2 [ab/n1^3 + cd/n2^3] / (sum n1 n2/N)^2; the
    /// interval is normal and may leave [-1, 1].
    ///
    /// # Units
    /// A difference of proportions (0.01 is one percentage point).
    ///
    /// # Edge cases
    /// `None` when no stratum has both rows, and when every risk is 0 or 1, which leaves no variance. For many small
    /// strata use [`MantelHaenszel::risk_difference_sparse`].
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Greenland and Robins (1985); the form printed in Deeks and Higgins, Statistical algorithms in Review Manager 5
    /// (2010).
    #[must_use]
    pub fn risk_difference(&self, level: Level) -> Option<PooledEffect> {
        let (mut surplus, mut weight, mut v) = (0.0, 0.0, 0.0);
        for t in self.tables().filter(|t| t.weight() > 0.0) {
            let binomial = (t.a / t.group()) * (t.b / t.group()) / t.group()
                + (t.c / t.reference()) * (t.d / t.reference()) / t.reference();
            surplus += t.surplus();
            weight += t.weight();
            v += t.weight() * t.weight() * binomial;
        }
        normal(surplus / weight, v / (weight * weight), level)
    }

    /// The pooled risk difference, with the variance that is consistent for large strata and for many small ones.
    ///
    /// # Definition
    /// var = (RD sum P + sum Q) / (sum n1 n2/N)^2 with P = [n1^2 c - n2^2 a + n1 n2 (n2 - n1)/2]/N^2 and
    /// Q = [a(n2 - c) + c(n1 - a)]/(2N).
    ///
    /// # Units
    /// A difference of proportions.
    ///
    /// # Edge cases
    /// `None` when no stratum has both rows, and when the variance is not positive.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Sato, Greenland and Robins (1989). Equals `metafor::rma.mh(measure = "RD")` and the Sato interval of epiR.
    #[must_use]
    pub fn risk_difference_sparse(&self, level: Level) -> Option<PooledEffect> {
        let (mut surplus, mut weight, mut p, mut q) = (0.0, 0.0, 0.0, 0.0);
        for t in self.tables().filter(|t| t.weight() > 0.0) {
            let (n, n1, n2) = (t.total(), t.group(), t.reference());
            surplus += t.surplus();
            weight += t.weight();
            p += (n1 / n) * (n1 / n) * t.c - (n2 / n) * (n2 / n) * t.a
                + t.weight() / n * (n2 - n1) / 2.0;
            q += (t.a * t.d + t.c * t.b) / (2.0 * n);
        }
        let difference = surplus / weight;
        normal(difference, (difference * p + q) / (weight * weight), level)
    }

    /// The Cochran-Mantel-Haenszel test of no association, without continuity correction.
    ///
    /// # Definition
    /// (sum (a - E))^2 / sum V, with E = n1 m1/N and V = n1 n2 m1 m2 / (N^2 (N - 1)); upper tail of chi-square on 1
    /// degree of freedom.
    ///
    /// # Units
    /// Squared standard deviations.
    ///
    /// # Edge cases
    /// `None` when no stratum has all four margins.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Mantel and Haenszel (1959). Equals R `mantelhaen.test(correct = FALSE)`.
    #[must_use]
    pub fn cmh(&self) -> Option<AssociationTest> {
        self.association(|_| 0.0)
    }

    /// The Cochran-Mantel-Haenszel test with continuity correction.
    ///
    /// # Definition
    /// As [`MantelHaenszel::cmh`] with (|sum (a - E)| - 1/2)^2, where the half is taken off only if the difference is
    /// at least 1/2.
    ///
    /// # Units
    /// Squared standard deviations.
    ///
    /// # Edge cases
    /// As [`MantelHaenszel::cmh`]. statsmodels clips the corrected difference at zero instead and so differs below 1/2.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Mantel and Haenszel (1959). Equals R `mantelhaen.test(correct = TRUE)`.
    #[must_use]
    pub fn cmh_corrected(&self) -> Option<AssociationTest> {
        self.association(|difference| if difference >= 0.5 { 0.5 } else { 0.0 })
    }

    /// How far the expected count is from the ends of what the margins allow.
    ///
    /// # Definition
    /// min(sum E - sum L, sum U - sum E), with L = max(0, m1 - n2) and U = min(n1, m1). Below 5 the chi-square tail of
    /// [`MantelHaenszel::cmh`] is not to be trusted and [`MantelHaenszel::exact`] is.
    ///
    /// # Units
    /// Events.
    ///
    /// # Edge cases
    /// 0 when no stratum is informative.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Mantel and Fleiss (1980).
    #[must_use]
    pub fn mantel_fleiss_count(&self) -> f64 {
        let (mut below, mut above) = (0.0, 0.0);
        for t in self.tables() {
            let expected = t.group() / t.total() * t.events();
            below += expected - (t.events() - t.reference()).max(0.0);
            above += t.group().min(t.events()) - expected;
        }
        f64::min(below, above).max(0.0)
    }

    /// The risk ratio of the table that ignores the strata, for the Simpson check.
    ///
    /// # Definition
    /// (A/(A + B)) / (C/(C + D)) of the summed cells.
    ///
    /// # Units
    /// A ratio of risks.
    ///
    /// # Edge cases
    /// `None` when the reference has no event or a row is empty; 0 when only the group has none.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition; Simpson (1951).
    #[must_use]
    pub fn crude_risk_ratio(&self) -> Option<f64> {
        let t = self.collapsed();
        finite((t.a / t.group()) / (t.c / t.reference()))
    }

    /// The odds ratio of the table that ignores the strata, for the Simpson check.
    ///
    /// # Definition
    /// AD/(BC) of the summed cells.
    ///
    /// # Units
    /// A ratio of odds; never "times as likely".
    ///
    /// # Edge cases
    /// `None` when the denominator `bc` is zero; 0 when only `ad` is.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition; Simpson (1951).
    #[must_use]
    pub fn crude_odds_ratio(&self) -> Option<f64> {
        let t = self.collapsed();
        finite(t.a * t.d / (t.b * t.c))
    }

    /// The strata that hold anyone.
    pub(super) fn tables(&self) -> impl Iterator<Item = Table> {
        self.strata
            .iter()
            .map(Table::from)
            .filter(|t| t.total() > 0.0)
    }

    pub(super) fn informative(&self) -> impl Iterator<Item = Table> {
        self.tables().filter(Table::has_all_margins)
    }

    fn collapsed(&self) -> Table {
        self.tables().fold(
            Table {
                a: 0.0,
                b: 0.0,
                c: 0.0,
                d: 0.0,
            },
            |sum, t| Table {
                a: sum.a + t.a,
                b: sum.b + t.b,
                c: sum.c + t.c,
                d: sum.d + t.d,
            },
        )
    }

    fn association(&self, correction: impl Fn(f64) -> f64) -> Option<AssociationTest> {
        let (mut difference, mut variance) = (0.0, 0.0);
        for t in self.informative() {
            difference += t.surplus();
            variance += t.hypergeometric_variance();
        }
        let distance = difference.abs() - correction(difference.abs());
        let statistic = finite(distance * distance / variance)?;
        Some(AssociationTest {
            statistic,
            p: PValue::capped(special::chi_square_sf(statistic, 1.0)),
        })
    }
}

pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// A ratio with an interval that is normal on its logarithm; `None` where the logarithm or the variance is undefined.
fn log_normal(estimate: f64, variance: f64, level: Level) -> Option<PooledEffect> {
    let defined = estimate > 0.0 && estimate.is_finite() && variance > 0.0 && variance.is_finite();
    let std_error = variance.sqrt();
    let half = level.z() * std_error;
    defined.then(|| PooledEffect {
        estimate,
        std_error,
        interval: Interval::new(estimate * libm::exp(-half), estimate * libm::exp(half)),
    })
}

/// A difference with a normal interval; `None` where it or its variance is undefined.
fn normal(estimate: f64, variance: f64, level: Level) -> Option<PooledEffect> {
    let defined = estimate.is_finite() && variance > 0.0 && variance.is_finite();
    let std_error = variance.sqrt();
    let half = level.z() * std_error;
    defined.then(|| PooledEffect {
        estimate,
        std_error,
        interval: Interval::new(estimate - half, estimate + half),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::NINETY_FIVE;

    fn pooled(strata: &[[u64; 4]]) -> MantelHaenszel {
        MantelHaenszel::new(
            strata
                .iter()
                .map(|&[a, b, c, d]| Stratum { a, b, c, d })
                .collect(),
        )
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn one_stratum_is_the_plain_table() {
        let one = pooled(&[[12, 30, 5, 60]]);
        let odds = one.odds_ratio(LEVEL).expect("defined");
        assert_near(odds.estimate, 4.8);
        // Woolf's variance.
        assert_near(
            odds.std_error.powi(2),
            1.0 / 12.0 + 1.0 / 30.0 + 1.0 / 5.0 + 1.0 / 60.0,
        );
        let risk = one.risk_ratio(LEVEL).expect("defined");
        assert_near(risk.estimate, (12.0 / 42.0) / (5.0 / 65.0));
        // Katz's variance.
        assert_near(
            risk.std_error.powi(2),
            1.0 / 12.0 - 1.0 / 42.0 + 1.0 / 5.0 - 1.0 / 65.0,
        );
        let difference = one.risk_difference(LEVEL).expect("defined");
        assert_near(difference.estimate, 12.0 / 42.0 - 5.0 / 65.0);
        let wald: f64 = 12.0 * 30.0 / 42.0_f64.powi(3) + 5.0 * 60.0 / 65.0_f64.powi(3);
        assert_near(difference.std_error, wald.sqrt());
        assert_near(one.crude_risk_ratio().expect("defined"), risk.estimate);
        assert_near(one.crude_odds_ratio().expect("defined"), 4.8);
    }

    #[test]
    fn hand_worked_test_and_its_correction() {
        // E = 2, V = 4^4 / (8^2 * 7) = 4/7.
        let tea = pooled(&[[3, 1, 1, 3]]);
        assert_near(tea.cmh().expect("defined").statistic, 1.75);
        assert_near(tea.cmh_corrected().expect("defined").statistic, 0.4375);
        assert_near(tea.mantel_fleiss_count(), 2.0);
        // 10 events of 100, 2 of them in the group: 0.2 expected, and none is the least there can be.
        assert_near(pooled(&[[1, 1, 9, 89]]).mantel_fleiss_count(), 0.2);
        // A surplus of (40 * 31 - 30 * 39) / 140 = 1/2 just takes the half off; one of 1/3 does not.
        assert!(
            pooled(&[[40, 30, 39, 31]])
                .cmh_corrected()
                .expect("defined")
                .statistic
                <= 0.0
        );
        let third = pooled(&[
            [1, 2, 0, 3],
            [1, 2, 1, 2],
            [5, 1, 6, 0],
            [5, 1, 5, 1],
            [4, 5, 4, 5],
        ]);
        assert_eq!(third.cmh(), third.cmh_corrected());
    }

    #[test]
    fn order_empty_strata_and_swapped_rows() {
        let strata = [[5, 30, 9, 80], [12, 30, 5, 60], [2, 7, 4, 8]];
        let (one, other) = (
            pooled(&strata),
            pooled(&[strata[2], [0, 0, 3, 9], strata[0], [0; 4], strata[1]]),
        );
        let (a, b) = (
            one.odds_ratio(LEVEL).expect("defined"),
            other.odds_ratio(LEVEL).expect("defined"),
        );
        assert_near(a.estimate, b.estimate);
        assert_near(a.std_error, b.std_error);
        let swapped = pooled(&strata.map(|[a, b, c, d]| [c, d, a, b]));
        let inverse = swapped.risk_ratio(LEVEL).expect("defined");
        assert_near(
            one.risk_ratio(LEVEL).expect("defined").interval.low * inverse.interval.high,
            1.0,
        );
        assert_near(
            one.cmh().expect("defined").statistic,
            swapped.cmh().expect("defined").statistic,
        );
    }

    #[test]
    fn millions_do_not_overflow() {
        let large = pooled(&[[20_000_000, 30_000_000, 10_000_000, 40_000_000]; 2]);
        let small = pooled(&[[20, 30, 10, 40]; 2]);
        let (a, b) = (
            large.odds_ratio(LEVEL).expect("defined"),
            small.odds_ratio(LEVEL).expect("defined"),
        );
        assert_near(a.estimate, b.estimate);
        assert_near(a.std_error * 1000.0, b.std_error);
        assert!(large.cmh().expect("defined").statistic > 1e6);
    }

    #[test]
    fn simpson_reversal_shows() {
        // Each stratum has risk ratio 1/2 or so, the crude table has 3.
        let reversed = pooled(&[[81, 9, 9, 0], [1, 9, 20, 70]]);
        assert!(reversed.risk_ratio(LEVEL).expect("defined").estimate < 1.0);
        assert!(reversed.crude_risk_ratio().expect("defined") > 1.0);
    }

    #[test]
    fn undefined_is_none() {
        for strata in [&[][..], &[[0; 4]], &[[3, 4, 0, 0]], &[[0, 4, 0, 9]]] {
            let none = pooled(strata);
            assert!(none.odds_ratio(LEVEL).is_none() && none.risk_ratio(LEVEL).is_none());
            assert!(
                none.risk_difference(LEVEL).is_none()
                    && none.risk_difference_sparse(LEVEL).is_none()
            );
            assert!(none.cmh().is_none() && none.cmh_corrected().is_none());
            assert!(none.crude_odds_ratio().is_none() && none.mantel_fleiss_count() <= 0.0);
        }
        assert!(
            pooled(&[[3, 4, 0, 9], [2, 5, 0, 8]])
                .odds_ratio(LEVEL)
                .is_none()
        );
    }
}
