//! Fisher's exact test: the hypergeometric tails of one cell, given the margins.
//!
//! Each tail is a sum of ratios of neighbours walking away from the mode, times a saddle-point mass, from
//! `stats::special`: at a billion counts it is some hundred thousand terms, and no difference of `ln_gamma` loses its
//! digits. The hypergeometric of statrs is not used: it is NaN at a total of 10^6.

use super::TwoByTwo;
use crate::stats::contingency::MOST_COUNTED;
use crate::stats::root::first_where;
use crate::stats::special::{
    ln_add_exp, ln_hypergeometric_lower, ln_hypergeometric_pmf, ln_hypergeometric_upper,
};
use crate::stats::{ExactForm, PValue, TIE};
use core::f64::consts::{LN_2, LN_10};

/// `x` marked among `drawn` out of a pool of `marked` and `unmarked`.
struct Hypergeometric {
    x: u64,
    marked: u64,
    unmarked: u64,
    drawn: u64,
}

impl TwoByTwo {
    /// Fisher's exact test of an odds ratio of 1.
    ///
    /// # Definition
    /// Given the margins `x1` is hypergeometric; its tail or tails by [`ExactForm`]. The central form goes with the
    /// exact odds ratio interval: it is below one minus the level exactly when the interval leaves out 1.
    /// # Units
    /// A probability; underflows to 0 below 1e-323, where [`TwoByTwo::log10_fisher`] does not.
    /// # Edge cases
    /// 1 when the margins allow one table only; `None` when either has no trials, and with more than 10^12 trials in
    /// all, where the sum would take seconds.
    /// # Errors
    /// None.
    /// # Source
    /// Fisher 1935. Minimum likelihood, less and greater: R `fisher.test`. Central: exact2x2
    /// `fisher.exact(tsmethod = "central")`.
    #[must_use]
    pub fn fisher(&self, form: ExactForm) -> Option<PValue> {
        self.ln_fisher(form)
            .map(|ln_p| PValue::capped(libm::exp(ln_p)))
    }

    /// The decimal logarithm of [`TwoByTwo::fisher`], which does not underflow.
    ///
    /// # Definition
    /// The logarithm of the tail itself, summed in logarithms.
    ///
    /// # Units
    /// Powers of ten.
    ///
    /// # Edge cases
    /// `None` as [`TwoByTwo::fisher`].
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// As [`TwoByTwo::fisher`].
    #[must_use]
    pub fn log10_fisher(&self, form: ExactForm) -> Option<f64> {
        // Adding 0 makes the logarithm of a sure event 0 and not -0.
        self.ln_fisher(form).map(|ln_p| ln_p / LN_10 + 0.0)
    }

    /// The natural logarithm of [`TwoByTwo::fisher`].
    pub(in crate::stats) fn ln_fisher(&self, form: ExactForm) -> Option<f64> {
        self.trials()?;
        let (marked, unmarked) = (self.one.n(), self.two.n());
        if marked.checked_add(unmarked)? > MOST_COUNTED {
            return None;
        }
        let cell = Hypergeometric {
            x: self.one.x(),
            marked,
            unmarked,
            drawn: self.one.x() + self.two.x(),
        };
        Some(match form {
            ExactForm::Central => (cell.ln_lower().min(cell.ln_upper()) + LN_2).min(0.0),
            ExactForm::MinimumLikelihood => cell.ln_minimum_likelihood(),
            ExactForm::Less => cell.ln_lower(),
            ExactForm::Greater => cell.ln_upper(),
        })
    }
}

impl Hypergeometric {
    fn ln_lower(&self) -> f64 {
        ln_hypergeometric_lower(self.x, self.marked, self.unmarked, self.drawn)
    }

    fn ln_upper(&self) -> f64 {
        ln_hypergeometric_upper(self.x, self.marked, self.unmarked, self.drawn)
    }

    fn ln_mass(&self, x: u64) -> f64 {
        ln_hypergeometric_pmf(x, self.marked, self.unmarked, self.drawn)
    }

    fn at(&self, x: u64) -> Hypergeometric {
        Hypergeometric { x, ..*self }
    }

    fn mode(&self) -> u64 {
        let product = (u128::from(self.drawn) + 1) * (u128::from(self.marked) + 1);
        let mode = product / (u128::from(self.marked) + u128::from(self.unmarked) + 2);
        u64::try_from(mode).expect("the mode is at most the number drawn")
    }

    /// The masses fall away from the mode, so those that count are two tails, each found by bisection.
    fn ln_minimum_likelihood(&self) -> f64 {
        let bound = self.ln_mass(self.x) + libm::log1p(TIE);
        let counts = |x: u64| self.ln_mass(x) <= bound;
        let mode = self.mode();
        if counts(mode) {
            return 0.0;
        }
        let least = self.drawn.saturating_sub(self.unmarked);
        let most = self.marked.min(self.drawn);
        let first_not = first_where(least, mode, |x| !counts(x));
        let first_again = first_where(mode, most + 1, counts);
        let lower = match first_not {
            end if end == least => f64::NEG_INFINITY,
            end => self.at(end - 1).ln_lower(),
        };
        ln_add_exp(lower, self.at(first_again).ln_upper()).min(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn p(cells: [u64; 4], form: ExactForm) -> f64 {
        let [a, b, c, d] = cells;
        let table = TwoByTwo::from_cells(a, b, c, d).expect("a table");
        table.fisher(form).expect("defined").get()
    }

    fn close(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-13 * want.abs(),
            "{got} instead of {want}"
        );
    }

    #[test]
    fn the_lady_tasting_tea() {
        // 1, 16, 36, 16, 1 of 70.
        close(p([3, 1, 1, 3], ExactForm::Greater), 17.0 / 70.0);
        close(p([3, 1, 1, 3], ExactForm::Less), 69.0 / 70.0);
        close(p([3, 1, 1, 3], ExactForm::Central), 34.0 / 70.0);
        close(p([3, 1, 1, 3], ExactForm::MinimumLikelihood), 34.0 / 70.0);
        close(p([2, 2, 2, 2], ExactForm::MinimumLikelihood), 1.0);
    }

    #[test]
    fn minimum_likelihood_equals_the_plain_sum() {
        for (marked, unmarked, drawn) in [(9, 14, 11), (30, 3, 20), (1, 6, 3), (12, 12, 12)] {
            let (least, most) = (drawn - drawn.min(unmarked), marked.min(drawn));
            for x in least..=most {
                let mass = |x| libm::exp(ln_hypergeometric_pmf(x, marked, unmarked, drawn));
                let bound = mass(x) * (1.0 + TIE);
                let plain: f64 = (least..=most).map(mass).filter(|m| *m <= bound).sum();
                let cells = [x, marked - x, drawn - x, unmarked - (drawn - x)];
                let got = p(cells, ExactForm::MinimumLikelihood);
                assert!((got - plain).abs() <= 1e-12 * plain, "{cells:?}: {got}");
            }
        }
    }

    #[test]
    fn one_table_only_and_no_trials() {
        for cells in [[0, 3, 0, 4], [3, 0, 4, 0]] {
            close(p(cells, ExactForm::Central), 1.0);
            close(p(cells, ExactForm::MinimumLikelihood), 1.0);
        }
        let empty = TwoByTwo::from_cells(0, 0, 2, 3).expect("a table");
        assert!(empty.fisher(ExactForm::Less).is_none());
        assert!(TwoByTwo::from_cells(u64::MAX, u64::MAX, 1, 1).is_err());
    }
}
