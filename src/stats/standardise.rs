//! Standardised rates: what a rate would be with the people of a standard, and how many events were to be expected.
//!
//! For places or periods that differ in age or district mix. Direct standardisation gives each stratum's rate the weight
//! of that stratum in the standard; indirect standardisation holds the count against the standard's rates. Two SMRs have
//! two standards and are not to be divided by each other. Counting error only, and the standard is taken as exact.

use super::rate::{Rate, RateMethod};
use super::root::first_where;
use super::special::{
    gamma_quantile, gamma_upper_quantile, ln_add_exp, ln_poisson_lower, ln_poisson_pmf,
    ln_poisson_upper,
};
use super::{ExactForm, Interval, Level, PValue, StatsError, TIE};
use core::f64::consts::LN_2;

/// One stratum to be standardised directly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DirectStratum {
    /// Events over people.
    pub rate: Rate,
    /// People of the standard in this stratum, or any share of them.
    pub standard: f64,
}

/// Rates by stratum beside the standard's people.
#[derive(Debug, Clone, PartialEq)]
pub struct DirectStandardisation {
    strata: Vec<DirectStratum>,
    standard_total: f64,
}

impl DirectStandardisation {
    /// Strata in any order.
    ///
    /// # Errors
    /// People of the standard that are negative, infinite or NaN; a standard without people.
    pub fn new(strata: Vec<DirectStratum>) -> Result<DirectStandardisation, StatsError> {
        let refused = |what, value, allowed| StatsError::OutOfRange {
            what,
            value,
            allowed,
        };
        let valid = |people: f64| people.is_finite() && people >= 0.0;
        if let Some(odd) = strata.iter().find(|stratum| !valid(stratum.standard)) {
            let allowed = "a finite number of 0 or more";
            return Err(refused("standard population", odd.standard, allowed));
        }
        let standard_total: f64 = strata.iter().map(|stratum| stratum.standard).sum();
        if !(standard_total > 0.0 && standard_total.is_finite()) {
            let what = "sum of the standard population";
            return Err(refused(what, standard_total, "positive and finite"));
        }
        Ok(DirectStandardisation {
            strata,
            standard_total,
        })
    }

    /// The rate without standardisation.
    ///
    /// # Definition
    /// All events over all people.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` without people.
    /// # Errors
    /// None.
    /// # Source
    /// The definition.
    #[must_use]
    pub fn crude(&self) -> Option<f64> {
        crude_rate(self.strata.iter().map(|stratum| stratum.rate))
    }

    /// The directly standardised rate.
    ///
    /// # Definition
    /// `sum w x/n`, with `w` the stratum's share of the standard.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` when the standard has people in a stratum where nobody was exposed: there is no rate to weight. A stratum
    /// outside the standard adds nothing.
    /// # Errors
    /// None.
    /// # Source
    /// epitools `ageadjust.direct`.
    #[must_use]
    pub fn estimate(&self) -> Option<f64> {
        self.weighted(|weight, x, n| weight * (x / n))
    }

    /// The Poisson variance of the standardised rate.
    ///
    /// # Definition
    /// `sum w² x/n²`.
    /// # Units
    /// The rate's, squared.
    /// # Edge cases
    /// `None` where the rate is; 0 without events.
    /// # Errors
    /// None.
    /// # Source
    /// Fay and Feuer (1997), section 2.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        self.weighted(|weight, x, n| (weight / n) * (weight / n) * x)
    }

    /// The gamma interval of the standardised rate.
    ///
    /// # Definition
    /// With `y` the rate, `v` its variance and `m` the largest `w/n` of all strata, those without events included: the
    /// gamma quantile at half of one minus the level of mean `y` and variance `v` below, and of mean `y + m` and variance
    /// `v + m²` above. One stratum gives Garwood's exact interval.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` where the rate is. Without events the lower limit is 0.
    /// # Errors
    /// None.
    /// # Source
    /// Fay and Feuer (1997), equations 2 and 3; epitools `ageadjust.direct`, epiR `epi.directadj`.
    #[must_use]
    pub fn interval(&self, level: Level) -> Option<Interval> {
        let (rate, variance) = (self.estimate()?, self.variance()?);
        let largest = self.weights().map(|(w, rate)| w / rate.exposure());
        let largest = largest.fold(0.0, f64::max);
        let low = if rate > 0.0 {
            gamma_quantile(level.tail(), rate * (rate / variance)) * (variance / rate)
        } else {
            0.0
        };
        let (above, spread) = (rate + largest, variance + largest * largest);
        let high = gamma_upper_quantile(level.tail(), above * (above / spread)) * (spread / above);
        Some(Interval::new(low, high))
    }

    /// Weights, which make 1 together, and rates of the strata that are in the standard.
    fn weights(&self) -> impl Iterator<Item = (f64, Rate)> {
        let inside = self.strata.iter().filter(|stratum| stratum.standard > 0.0);
        inside.map(|stratum| (stratum.standard / self.standard_total, stratum.rate))
    }

    /// The sum of a term of weight, events and people.
    fn weighted(&self, term: impl Fn(f64, f64, f64) -> f64) -> Option<f64> {
        let defined = self.weights().all(|(_, rate)| rate.exposure() > 0.0);
        let terms = self
            .weights()
            .map(|(weight, rate)| term(weight, rate.x() as f64, rate.exposure()));
        defined.then(|| terms.sum())
    }
}

/// One stratum to be standardised indirectly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndirectStratum {
    /// Events over people.
    pub rate: Rate,
    /// The standard's events over people.
    pub standard: Rate,
}

/// A count beside the number that the standard's rates would have given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndirectStandardisation {
    /// Observed events over expected ones.
    ratio: Rate,
    /// The standard's rate over all strata, if the expectation was made from strata.
    standard_crude: Option<f64>,
}

impl IndirectStandardisation {
    /// Observed events, and the number expected.
    ///
    /// # Errors
    /// An expected number that is negative, above 10^12 or NaN; events where none were expected.
    pub fn new(observed: u64, expected: f64) -> Result<IndirectStandardisation, StatsError> {
        if !(0.0..=1e12).contains(&expected) {
            return Err(StatsError::OutOfRange {
                what: "expected number",
                value: expected,
                allowed: "between 0 and 10^12",
            });
        }
        Ok(IndirectStandardisation {
            ratio: Rate::new(observed, expected)?,
            standard_crude: None,
        })
    }

    /// The expectation from the standard's rates: `sum n X/N` over the strata, with `X` of `N` in the standard.
    ///
    /// # Definition
    /// E = sum n X/N: the people of each stratum at the rate of the standard there.
    ///
    /// # Units
    /// Events.
    ///
    /// # Edge cases
    /// A stratum without people counts for nothing, whatever the standard has there.
    ///
    /// # Errors
    /// People in a stratum that the standard does not have; those of [`IndirectStandardisation::new`].
    ///
    /// # Source
    /// Breslow and Day (1987), section 2.3; epitools `ageadjust.indirect`.
    pub fn from_strata(strata: &[IndirectStratum]) -> Result<IndirectStandardisation, StatsError> {
        let (mut observed, mut expected) = (0_u64, 0.0);
        for stratum in strata.iter().filter(|s| s.rate.exposure() > 0.0) {
            let standard = stratum.standard.estimate().ok_or(StatsError::OutOfRange {
                what: "standard population",
                value: 0.0,
                allowed: "positive where people are standardised",
            })?;
            observed = observed.saturating_add(stratum.rate.x());
            expected += stratum.rate.exposure() * standard;
        }
        Ok(IndirectStandardisation {
            standard_crude: crude_rate(strata.iter().map(|stratum| stratum.standard)),
            ..IndirectStandardisation::new(observed, expected)?
        })
    }

    /// Observed events.
    #[must_use]
    pub fn observed(&self) -> u64 {
        self.ratio.x()
    }

    /// Expected events.
    #[must_use]
    pub fn expected(&self) -> f64 {
        self.ratio.exposure()
    }

    /// The standardised ratio (SMR).
    ///
    /// # Definition
    /// Observed over expected events.
    /// # Units
    /// None: times the standard's rates.
    /// # Edge cases
    /// `None` when nothing was expected.
    /// # Errors
    /// None.
    /// # Source
    /// epitools `ageadjust.indirect`.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        self.ratio.estimate()
    }

    /// The indirectly standardised rate.
    ///
    /// # Definition
    /// The ratio times the standard's rate over all strata.
    /// # Units
    /// Events per unit of exposure.
    /// # Edge cases
    /// `None` when nothing was expected, and when the expectation was given and not made from strata.
    /// # Errors
    /// None.
    /// # Source
    /// epitools `ageadjust.indirect`.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        Some(self.ratio()? * self.standard_crude?)
    }

    /// An interval for the standardised ratio, the expectation taken as exact.
    ///
    /// # Definition
    /// That of the observed count by [`RateMethod`] over the expected one: Garwood is the exact interval.
    /// # Units
    /// None: times the standard's rates.
    /// # Edge cases
    /// `None` when nothing was expected.
    /// # Errors
    /// None.
    /// # Source
    /// At each method; R `poisson.test(observed, expected)` and epiR `epi.smr(method = "byar")`.
    #[must_use]
    pub fn interval(&self, method: RateMethod, level: Level) -> Option<Interval> {
        self.ratio.interval(method, level)
    }

    /// The exact test of a ratio of 1.
    ///
    /// # Definition
    /// The observed count is Poisson of the expected mean; its tail or tails by [`ExactForm`]. The central form goes
    /// with Garwood's interval.
    /// # Units
    /// A probability.
    /// # Edge cases
    /// `None` when nothing was expected.
    /// # Errors
    /// None.
    /// # Source
    /// R `poisson.test(observed, expected)`, which is minimum likelihood; exactci `poisson.exact` has the central form.
    #[must_use]
    pub fn exact(&self, form: ExactForm) -> Option<PValue> {
        let (x, mean) = (self.observed(), self.expected());
        if mean == 0.0 {
            return None;
        }
        let (lower, upper) = (ln_poisson_lower(x, mean), ln_poisson_upper(x, mean));
        let ln_p = match form {
            ExactForm::Central => lower.min(upper) + LN_2,
            ExactForm::MinimumLikelihood => ln_minimum_likelihood(x, mean),
            ExactForm::Less => lower,
            ExactForm::Greater => upper,
        };
        Some(PValue::capped(libm::exp(ln_p)))
    }
}

/// The masses fall away from the mode, so those that count are two tails, each found by bisection.
fn ln_minimum_likelihood(x: u64, mean: f64) -> f64 {
    let bound = ln_poisson_pmf(x, mean) + libm::log1p(TIE);
    let counts = |x: u64| ln_poisson_pmf(x, mean) <= bound;
    let mode = libm::floor(mean) as u64;
    if counts(mode) {
        return 0.0;
    }
    let mut end = x.max(mode).saturating_add(1);
    while !counts(end) {
        end = end.saturating_mul(2);
    }
    let lower = match first_where(0, mode, |x| !counts(x)) {
        0 => f64::NEG_INFINITY,
        count => ln_poisson_lower(count - 1, mean),
    };
    let upper = ln_poisson_upper(first_where(mode, end, counts), mean);
    ln_add_exp(lower, upper)
}

/// All events over all people; `None` without people.
fn crude_rate(rates: impl Iterator<Item = Rate>) -> Option<f64> {
    let (events, people) = rates.fold((0.0, 0.0), |(events, people), rate| {
        (events + rate.x() as f64, people + rate.exposure())
    });
    (people > 0.0).then(|| events / people)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEVEL: Level = Level::NINETY_FIVE;

    fn rate(x: u64, people: f64) -> Rate {
        Rate::new(x, people).expect("a rate")
    }

    fn direct(strata: &[(u64, f64, f64)]) -> DirectStandardisation {
        let stratum = |&(x, people, standard): &(u64, f64, f64)| DirectStratum {
            rate: rate(x, people),
            standard,
        };
        DirectStandardisation::new(strata.iter().map(stratum).collect()).expect("valid")
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn direct_by_hand() {
        // Rates 0.1 and 0.3, weights 3/4 and 1/4.
        let d = direct(&[(1, 10.0, 300.0), (6, 20.0, 100.0)]);
        close(d.crude().expect("defined"), 7.0 / 30.0);
        close(d.estimate().expect("defined"), 0.15);
        let variance = 0.075 * 0.075 + 0.0125 * 0.0125 * 6.0;
        close(d.variance().expect("defined"), variance);
    }

    #[test]
    fn one_stratum_is_the_exact_interval() {
        let (d, plain) = (direct(&[(7, 1_000.0, 5.0)]), rate(7, 1_000.0));
        let want = plain.interval(RateMethod::Garwood, LEVEL).expect("defined");
        let got = d.interval(LEVEL).expect("defined");
        close(got.low, want.low);
        close(got.high, want.high);
    }

    #[test]
    fn without_events_the_widest_stratum_sets_the_limit() {
        let got = direct(&[(0, 10.0, 1.0), (0, 40.0, 1.0)]).interval(LEVEL);
        let got = got.expect("defined");
        assert!(got.low == 0.0);
        close(got.high, -(0.025_f64.ln()) * 0.05);
    }

    #[test]
    fn order_scale_and_strata_outside_the_standard_do_not_matter() {
        let one = direct(&[(1, 10.0, 300.0), (6, 20.0, 100.0)]);
        let other = direct(&[
            (6, 20.0, 0.25),
            (9, 50.0, 0.0),
            (1, 10.0, 0.75),
            (0, 0.0, 0.0),
        ]);
        close(
            one.estimate().expect("defined"),
            other.estimate().expect("defined"),
        );
        let (a, b) = (one.interval(LEVEL), other.interval(LEVEL));
        close(a.expect("defined").high, b.expect("defined").high);
    }

    #[test]
    fn direct_undefined_and_refused() {
        let gap = direct(&[(1, 10.0, 1.0), (0, 0.0, 1.0)]);
        assert!(gap.estimate().is_none() && gap.interval(LEVEL).is_none());
        for standard in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let stratum = DirectStratum {
                rate: rate(1, 10.0),
                standard,
            };
            assert!(DirectStandardisation::new(vec![stratum]).is_err());
        }
        assert!(DirectStandardisation::new(vec![]).is_err());
    }

    #[test]
    fn indirect_by_hand() {
        let stratum = |x, people, all, of| IndirectStratum {
            rate: rate(x, people),
            standard: rate(all, of),
        };
        let strata = [stratum(3, 10.0, 20, 100.0), stratum(1, 20.0, 10, 200.0)];
        let i = IndirectStandardisation::from_strata(&strata).expect("valid");
        // Expected 10 x 0.2 + 20 x 0.05; the standard's rate is 0.1.
        close(i.expected(), 3.0);
        close(i.ratio().expect("defined"), 4.0 / 3.0);
        close(i.rate().expect("defined"), 0.4 / 3.0);
        let outside = [stratum(3, 10.0, 0, 0.0)];
        assert!(IndirectStandardisation::from_strata(&outside).is_err());
    }

    #[test]
    fn the_exact_test_equals_plain_sums() {
        let mass = |x, mean: f64| libm::exp(ln_poisson_pmf(x, mean));
        for (x, mean) in [
            (0, 3.5),
            (2, 7.0),
            (7, 7.0),
            (6, 7.0),
            (12, 4.2),
            (30, 17.5),
        ] {
            let i = IndirectStandardisation::new(x, mean).expect("valid");
            let most = mass(x, mean) * (1.0 + TIE);
            let plain: f64 = (0..200).map(|x| mass(x, mean)).filter(|m| *m <= most).sum();
            let p = |form| i.exact(form).expect("defined").get();
            close(p(ExactForm::MinimumLikelihood), plain);
            let central = 2.0 * p(ExactForm::Less).min(p(ExactForm::Greater));
            close(p(ExactForm::Central), central.min(1.0));
        }
        let none = IndirectStandardisation::new(0, 0.0).expect("valid");
        assert!(none.exact(ExactForm::Less).is_none() && none.ratio().is_none());
        assert!(IndirectStandardisation::new(0, 1e13).is_err());
    }
}
