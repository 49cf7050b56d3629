//! Arithmetic of American Community Survey estimates and their margins of error.
//!
//! The survey publishes an estimate with a margin of error at the 90 % level. Adding age bands, taking a share of a
//! total or a ratio of two counts needs a margin for the result, and the Census Bureau prescribes the formulas. They
//! treat the parts as independent, because the survey does not publish covariances: a sum over many parts is therefore
//! only approximate, and this file does not repair that.

use serde::{Deserialize, Serialize};

use super::StatsError;

/// The normal quantile the Bureau divides by; 1.645 and not 1.6448536 by its own instruction.
const NINETY_PERCENT: f64 = 1.645;

/// The code the Bureau prints in place of a margin for an estimate that is controlled to a fixed total.
const CONTROLLED: f64 = -555_555_555.0;

/// A margin of error at the 90 % level; 0 where the estimate is controlled to a fixed population total.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct MarginOfError(f64);

impl MarginOfError {
    /// A margin that is controlled: no sampling error is stated.
    pub const CONTROLLED: Self = Self(0.0);

    /// What a census table means by the number in its margin column.
    ///
    /// # Definition
    /// -555555555 is a controlled estimate, margin 0; any other negative number is a code for a missing margin; the
    /// rest is the margin itself.
    ///
    /// # Units
    /// Those of the estimate.
    ///
    /// # Edge cases
    /// `None` for a missing margin and for a number that is not finite.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, Notes on ACS estimate and annotation values (2018).
    #[must_use]
    pub fn from_census(published: f64) -> Option<Self> {
        if (published - CONTROLLED).abs() < 0.5 {
            return Some(Self::CONTROLLED);
        }
        (published.is_finite() && published >= 0.0).then_some(Self(published))
    }

    /// The margin of an estimate whose standard error is known.
    ///
    /// # Definition
    /// 1.645 times the standard error.
    ///
    /// # Units
    /// Those of the estimate.
    ///
    /// # Edge cases
    /// `None` for an error that is negative or not finite.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 7.
    #[must_use]
    pub fn from_standard_error(standard_error: f64) -> Option<Self> {
        let margin = NINETY_PERCENT * standard_error;
        (margin.is_finite() && margin >= 0.0).then_some(Self(margin))
    }

    /// The margin at the 90 % level.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// The standard error: the margin divided by 1.645.
    ///
    /// # Definition
    /// The margin over 1.645.
    ///
    /// # Units
    /// Those of the estimate.
    ///
    /// # Edge cases
    /// 0 for a controlled estimate, whose error is not stated.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 7.
    #[must_use]
    pub fn standard_error(self) -> f64 {
        self.0 / NINETY_PERCENT
    }

    /// Whether the estimate is controlled, so that its sampling error is not stated and must not be read as none.
    #[must_use]
    pub fn is_controlled(self) -> bool {
        self.0 <= 0.0
    }
}

impl TryFrom<f64> for MarginOfError {
    type Error = StatsError;

    /// As [`MarginOfError::from_census`], where a missing margin is an error.
    fn try_from(published: f64) -> Result<Self, StatsError> {
        let (what, allowed) = (
            "margin of error",
            "finite and not negative, or -555555555 for a controlled estimate",
        );
        Self::from_census(published).ok_or(StatsError::OutOfRange {
            what,
            value: published,
            allowed,
        })
    }
}

impl From<MarginOfError> for f64 {
    fn from(margin: MarginOfError) -> f64 {
        margin.0
    }
}

/// An estimate with its margin of error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate, in people or as a share.
    pub value: f64,
    /// Its margin of error at the 90 % level, in the same unit.
    pub margin: MarginOfError,
}

/// A sum of estimates that further ones can be added to, in any order and grouping.
///
/// # Definition
/// As [`Estimate::sum`]: squares of margins add up, and all estimates of zero count once, with the largest of their margins.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Aggregate {
    value: f64,
    squares: f64,
    zero_margin: f64,
}

impl Aggregate {
    /// A sum of one part.
    #[must_use]
    pub fn of(part: Estimate) -> Self {
        let margin = part.margin.0;
        if part.value.abs() <= 0.0 {
            return Self {
                zero_margin: margin,
                ..Self::default()
            };
        }
        Self {
            value: part.value,
            squares: margin * margin,
            zero_margin: 0.0,
        }
    }

    /// Two sums together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            value: self.value + other.value,
            squares: self.squares + other.squares,
            zero_margin: self.zero_margin.max(other.zero_margin),
        }
    }

    /// The sum without its margin.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The sum with its margin; `None` where it is not finite.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        let margin = (self.squares + self.zero_margin * self.zero_margin).sqrt();
        Estimate::finite(self.value, margin)
    }
}

/// Which of the two formulas gave the margin of a proportion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProportionForm {
    /// The formula of a part of a whole, with a minus sign.
    Proportion,
    /// The formula of a ratio, with a plus sign, because the radicand of the first was not positive.
    Ratio,
}

impl Estimate {
    /// An estimate and its margin as a census table publishes them.
    ///
    /// # Definition
    /// Negative estimates are the Bureau's codes for "not available"; margins as in [`MarginOfError::from_census`].
    ///
    /// # Units
    /// People, or a share of people.
    ///
    /// # Edge cases
    /// `None` when either is missing.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, Notes on ACS estimate and annotation values (2018).
    #[must_use]
    pub fn from_census(value: f64, margin: f64) -> Option<Self> {
        let margin = MarginOfError::from_census(margin)?;
        (value.is_finite() && value >= 0.0).then_some(Self { value, margin })
    }

    /// The standard error of the estimate.
    #[must_use]
    pub fn standard_error(&self) -> f64 {
        self.margin.standard_error()
    }

    /// The sum of several estimates.
    ///
    /// # Definition
    /// MOE = sqrt(sum MOE^2), where all estimates of zero count once, with the largest of their margins: the Bureau
    /// gives every empty cell of a place the same model-based margin, and adding them would count it many times.
    ///
    /// # Units
    /// Those of the parts.
    ///
    /// # Edge cases
    /// `None` for no parts: an empty sum is a missing cell, not a population of zero.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 8, aggregated counts.
    #[must_use]
    pub fn sum(parts: &[Self]) -> Option<Self> {
        let add = |sum: Aggregate, part: &Self| sum.and(Aggregate::of(*part));
        (!parts.is_empty())
            .then(|| parts.iter().fold(Aggregate::default(), add))
            .and_then(|sum| sum.estimate())
    }

    /// The share `self / whole`, where `self` is a part of `whole`.
    ///
    /// # Definition
    /// p = X/Y, MOE = sqrt(MOE_X^2 - p^2 MOE_Y^2) / Y; when the radicand is not positive the ratio formula, with a
    /// plus sign, is used and reported.
    ///
    /// # Units
    /// A share between 0 and 1.
    ///
    /// # Edge cases
    /// `None` when the whole is not positive.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 8, proportions.
    #[must_use]
    pub fn proportion_of(&self, whole: &Self) -> Option<(Self, ProportionForm)> {
        if whole.value <= 0.0 {
            return None;
        }
        let share = self.value / whole.value;
        let scaled = share * whole.margin.0;
        let radicand = (self.margin.0 - scaled) * (self.margin.0 + scaled);
        if radicand > 0.0 {
            return Some((
                Self::finite(share, radicand.sqrt() / whole.value)?,
                ProportionForm::Proportion,
            ));
        }
        Some((self.ratio_to(whole)?, ProportionForm::Ratio))
    }

    /// The ratio `self / other`, where neither is part of the other.
    ///
    /// # Definition
    /// r = X/Y, MOE = sqrt(MOE_X^2 + r^2 MOE_Y^2) / Y.
    ///
    /// # Units
    /// A ratio.
    ///
    /// # Edge cases
    /// `None` when the denominator is not positive.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 8, ratios.
    #[must_use]
    pub fn ratio_to(&self, other: &Self) -> Option<Self> {
        if other.value <= 0.0 {
            return None;
        }
        let ratio = self.value / other.value;
        Self::finite(
            ratio,
            libm::hypot(self.margin.0, ratio * other.margin.0) / other.value,
        )
    }

    /// The product `self * other`, such as a count times a share.
    ///
    /// # Definition
    /// MOE = sqrt(X^2 MOE_Y^2 + Y^2 MOE_X^2).
    ///
    /// # Units
    /// The product of the two units.
    ///
    /// # Edge cases
    /// `None` when the result is not finite.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 8, products.
    #[must_use]
    pub fn product(&self, other: &Self) -> Option<Self> {
        let margin = libm::hypot(self.value * other.margin.0, other.value * self.margin.0);
        Self::finite(self.value * other.value, margin)
    }

    /// The change from `earlier` to `self` as a share of `earlier`.
    ///
    /// # Definition
    /// (X - Y)/Y, with the margin of the ratio X/Y: subtracting 1 does not move it.
    ///
    /// # Units
    /// A share: 0.1 is an increase of ten percent.
    ///
    /// # Edge cases
    /// `None` when the earlier estimate is not positive.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Census Bureau, ACS General Handbook (2020), chapter 8, percent change.
    #[must_use]
    pub fn change_from(&self, earlier: &Self) -> Option<Self> {
        let ratio = self.ratio_to(earlier)?;
        Some(Self {
            value: (self.value - earlier.value) / earlier.value,
            margin: ratio.margin,
        })
    }

    fn finite(value: f64, margin: f64) -> Option<Self> {
        (value.is_finite() && margin.is_finite()).then_some(Self {
            value,
            margin: MarginOfError(margin),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, margin: f64) -> Estimate {
        Estimate::from_census(value, margin).expect("a valid estimate")
    }

    fn assert_near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn hand_worked_three_four_five() {
        let total = Estimate::sum(&[estimate(10.0, 3.0), estimate(20.0, 4.0)]).expect("defined");
        assert_near(total.value, 30.0);
        assert_near(total.margin.get(), 5.0);
        assert_near(total.standard_error(), 5.0 / 1.645);
    }

    #[test]
    fn empty_cells_count_once_with_the_largest_margin() {
        let parts = [
            estimate(0.0, 3.0),
            estimate(0.0, 4.0),
            estimate(0.0, 2.0),
            estimate(7.0, 3.0),
        ];
        assert_near(Estimate::sum(&parts).expect("defined").margin.get(), 5.0);
        assert!(Estimate::sum(&[]).is_none());
    }

    #[test]
    fn census_codes() {
        assert!(
            MarginOfError::from_census(-555_555_555.0)
                .expect("controlled")
                .is_controlled()
        );
        for code in [
            -222_222_222.0,
            -333_333_333.0,
            -999_999_999.0,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert!(MarginOfError::from_census(code).is_none());
        }
        assert!(Estimate::from_census(-666_666_666.0, 4.0).is_none());
    }

    #[test]
    fn proportion_falls_back_to_the_ratio_formula() {
        let (exact, form) = estimate(50.0, 5.0)
            .proportion_of(&estimate(100.0, 6.0))
            .expect("defined");
        assert_eq!(form, ProportionForm::Proportion);
        assert_near(exact.margin.get(), 0.04);
        let (wide, form) = estimate(50.0, 3.0)
            .proportion_of(&estimate(100.0, 8.0))
            .expect("defined");
        assert_eq!(form, ProportionForm::Ratio);
        assert_near(wide.margin.get(), 0.05);
        // A radicand of exactly 0 is not positive: without the fall back the share would have no error.
        let (even, form) = estimate(50.0, 10.0)
            .proportion_of(&estimate(100.0, 20.0))
            .expect("defined");
        assert_eq!(form, ProportionForm::Ratio);
        assert_near(even.margin.get(), 0.02_f64.sqrt());
        assert!(
            estimate(1.0, 1.0)
                .proportion_of(&estimate(0.0, 1.0))
                .is_none()
        );
    }

    #[test]
    fn sum_does_not_depend_on_order_and_scales() {
        let parts = [estimate(4.0, 1.0), estimate(0.0, 9.0), estimate(6.0, 2.0)];
        let mut reversed = parts;
        reversed.reverse();
        assert_near(
            Estimate::sum(&parts).expect("defined").margin.get(),
            Estimate::sum(&reversed).expect("defined").margin.get(),
        );
        let doubled = parts.map(|part| estimate(2.0 * part.value, 2.0 * part.margin.get()));
        assert_near(
            Estimate::sum(&doubled).expect("defined").margin.get(),
            2.0 * Estimate::sum(&parts).expect("defined").margin.get(),
        );
    }

    #[test]
    fn change_keeps_the_margin_of_the_ratio() {
        let (now, then) = (estimate(110.0, 4.0), estimate(100.0, 5.0));
        let change = now.change_from(&then).expect("defined");
        assert_near(change.value, 0.1);
        assert_near(
            change.margin.get(),
            now.ratio_to(&then).expect("defined").margin.get(),
        );
    }
}
