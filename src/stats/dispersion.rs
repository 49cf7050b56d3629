//! Overdispersion: how many times larger the spread between places is than counting alone explains.
//!
//! Cells (place x period) that share an intercept (group x stratum) should have one rate or one share. The Pearson
//! statistic of that fit over its degrees of freedom is the dispersion phi; its square root widens a counting standard
//! error. There are no covariates: with one intercept per family of cells the fitted rate is a ratio of sums.

use std::collections::BTreeMap;

use super::StatsError;

/// The normal quantile in [`phi_tip`], as the method page prints it.
const TIP_QUANTILE: f64 = 1.96;

/// The Pearson statistic of a fit with one intercept per group and stratum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dispersion {
    pearson: f64,
    cells: u64,
    intercepts: u64,
}

/// One cell: its intercept, its events and its exposure or trials.
#[derive(Debug, Clone, Copy)]
struct Cell {
    intercept: usize,
    events: f64,
    size: f64,
}

impl Dispersion {
    /// The quasi-Poisson fit `events ~ rate * exposure`, from cells `(intercept, events, exposure)` in any order.
    ///
    /// # Definition
    /// X2 = sum (x - r E)^2 / (r E), with r = sum x / sum E over the cells of the intercept.
    ///
    /// # Units
    /// Events per unit of exposure.
    ///
    /// # Edge cases
    /// Cells without exposure are left out. So are intercepts without events: their cells agree by force, and counting
    /// them would dilute phi (R counts their degrees of freedom).
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for an exposure that is negative or not finite,
    /// [`StatsError::EventsWithoutExposure`] for events in a cell without any.
    ///
    /// # Source
    /// McCullagh and Nelder (1989), section 6.2. Equals R `summary(glm(x ~ 0 + f, offset = log(E), quasipoisson))`.
    pub fn poisson(cells: impl IntoIterator<Item = (usize, u64, f64)>) -> Result<Self, StatsError> {
        let mut checked = Vec::new();
        for (intercept, events, size) in cells {
            if !(size >= 0.0 && size.is_finite()) {
                return Err(StatsError::OutOfRange {
                    what: "exposure",
                    value: size,
                    allowed: "finite and not negative",
                });
            }
            if events > 0 && size == 0.0 {
                return Err(StatsError::EventsWithoutExposure { events });
            }
            checked.push(Cell {
                intercept,
                events: events as f64,
                size,
            });
        }
        Ok(Self::fit(&checked, |_| 1.0))
    }

    /// The quasi-binomial fit of events among trials, from cells `(intercept, events, trials)` in any order.
    ///
    /// # Definition
    /// X2 = sum (x - n p)^2 / (n p (1 - p)), with p = sum x / sum n over the cells of the intercept.
    ///
    /// # Units
    /// Events per trial.
    ///
    /// # Edge cases
    /// Cells without trials are left out, and intercepts whose share is 0 or 1.
    ///
    /// # Errors
    /// [`StatsError::EventsExceedTrials`].
    ///
    /// # Source
    /// McCullagh and Nelder (1989), section 4.5. Equals R `summary(glm(cbind(x, n - x) ~ 0 + f, quasibinomial))`.
    pub fn binomial(
        cells: impl IntoIterator<Item = (usize, u64, u64)>,
    ) -> Result<Self, StatsError> {
        let mut checked = Vec::new();
        for (intercept, events, trials) in cells {
            if events > trials {
                return Err(StatsError::EventsExceedTrials { events, trials });
            }
            checked.push(Cell {
                intercept,
                events: events as f64,
                size: trials as f64,
            });
        }
        Ok(Self::fit(&checked, |share| 1.0 - share))
    }

    /// Cells less intercepts.
    #[must_use]
    pub fn df(&self) -> u64 {
        self.cells - self.intercepts
    }

    /// The dispersion: variance between cells over what counting explains.
    ///
    /// # Definition
    /// phi = X2 / df; 1 is counting noise only.
    ///
    /// # Units
    /// A ratio of variances.
    ///
    /// # Edge cases
    /// `None` when there are no degrees of freedom: without replication nothing is known.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Wedderburn (1974); McCullagh and Nelder (1989), equation 4.23.
    #[must_use]
    pub fn phi(&self) -> Option<f64> {
        (self.df() > 0).then(|| self.pearson / self.df() as f64)
    }

    /// `variance_share(p)` is the variance function over the mean: 1 for counts, 1 - p for shares.
    fn fit(cells: &[Cell], variance_share: impl Fn(f64) -> f64) -> Self {
        let mut families: BTreeMap<usize, Vec<&Cell>> = BTreeMap::new();
        for cell in cells.iter().filter(|cell| cell.size > 0.0) {
            families.entry(cell.intercept).or_default().push(cell);
        }
        let mut result = Self {
            pearson: 0.0,
            cells: 0,
            intercepts: 0,
        };
        for family in families.values() {
            let size: f64 = family.iter().map(|cell| cell.size).sum();
            let rate = family.iter().map(|cell| cell.events).sum::<f64>() / size;
            let unit_variance = rate * variance_share(rate);
            if unit_variance > 0.0 {
                let squares = family
                    .iter()
                    .map(|cell| (cell.events - rate * cell.size).powi(2) / cell.size);
                result.pearson += squares.sum::<f64>() / unit_variance;
                result.cells += family.len() as u64;
                result.intercepts += 1;
            }
        }
        result
    }
}

/// The dispersion that would bring a finding to the edge of significance at 95 %.
///
/// # Definition
/// ((log RR / 1.96)^2 - B) / V, with V the variance of the logarithm from counting and B that from the margins of error
/// of the baseline, which dispersion does not widen.
///
/// # Units
/// As phi, a ratio of variances; below 1 the finding is not significant even by counting alone, and 0 says that the
/// margins alone suffice.
///
/// # Edge cases
/// `None` when the variance of counting is not positive, or a number is not finite.
///
/// # Errors
/// None.
///
/// # Source
/// Own; it solves |log RR| = 1.96 sqrt(phi V + B) for phi.
#[must_use]
pub fn phi_tip(log_ratio: f64, counting: f64, baseline: f64) -> Option<f64> {
    let defined = log_ratio.is_finite()
        && counting > 0.0
        && counting.is_finite()
        && baseline >= 0.0
        && baseline.is_finite();
    defined.then(|| (((log_ratio / TIP_QUANTILE).powi(2) - baseline) / counting).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(got: Option<f64>, want: f64) {
        let got = got.expect("defined");
        assert!(
            (got - want).abs() <= 1e-12 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn no_dispersion_is_left_where_the_margins_alone_suffice() {
        assert_eq!(phi_tip(0.1, 0.01, 1.0), Some(0.0));
        assert_eq!(phi_tip(0.0, 0.01, 0.0), Some(0.0));
    }

    #[test]
    fn hand_worked_shares_and_counts() {
        // 2 of 10 and 4 of 10: p = 0.3, X2 = 2 (1^2 / 2.1) on 1 df.
        let shares = Dispersion::binomial([(0, 2, 10), (0, 4, 10)]).expect("valid");
        assert_eq!(shares.df(), 1);
        assert_near(shares.phi(), 2.0 / 2.1);
        // 2 and 10 events in the same exposure: mean 6, X2 = 32/6.
        let counts = Dispersion::poisson([(0, 2, 1.5), (0, 10, 1.5)]).expect("valid");
        assert_near(counts.phi(), 32.0 / 6.0);
    }

    #[test]
    fn order_labels_and_unit_of_exposure_do_not_matter() {
        let cells = [(0, 3, 7.0), (1, 9, 8.0), (0, 5, 2.0), (1, 1, 3.0)];
        let other = cells
            .iter()
            .rev()
            .map(|&(id, x, e)| (9 - id, x, 1000.0 * e));
        let phi = Dispersion::poisson(cells)
            .expect("valid")
            .phi()
            .expect("defined");
        assert_near(Dispersion::poisson(other).expect("valid").phi(), phi);
    }

    #[test]
    fn boundary_intercepts_and_empty_cells_are_left_out() {
        let base = [(0, 2, 10), (0, 4, 10)];
        let padded = [
            (0, 2, 10),
            (1, 0, 30),
            (1, 0, 5),
            (2, 5, 5),
            (2, 8, 8),
            (0, 0, 0),
            (0, 4, 10),
        ];
        assert_eq!(Dispersion::binomial(base), Dispersion::binomial(padded));
    }

    #[test]
    fn undefined_without_replication() {
        let alone = Dispersion::binomial([(0, 2, 10), (1, 4, 10)]).expect("valid");
        assert!(alone.df() == 0 && alone.phi().is_none());
        assert!(Dispersion::poisson([]).expect("valid").phi().is_none());
    }

    #[test]
    fn refuses_impossible_cells() {
        assert!(Dispersion::binomial([(0, 3, 2)]).is_err());
        assert!(Dispersion::poisson([(0, 3, 0.0)]).is_err());
        assert!(Dispersion::poisson([(0, 3, -1.0)]).is_err());
        assert!(Dispersion::poisson([(0, 3, f64::NAN)]).is_err());
    }

    #[test]
    fn phi_tip_puts_the_limit_on_one() {
        let tip = phi_tip(0.8, 0.01, 0.0).expect("defined");
        assert_near(Some(1.96 * 0.1 * tip.sqrt()), 0.8);
        assert!(
            phi_tip(0.8, 0.0, 0.0).is_none() && phi_tip(f64::NEG_INFINITY, 0.01, 0.0).is_none()
        );
    }
}
