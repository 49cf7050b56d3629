//! Interrupted time series: a level and a slope that change at a date, in one place's counts.
//!
//! For a place without others to compare with. Nothing but time stands against whatever else happened at the date, so
//! this is the weakest of the designs; the counts before say what is expected after. Errors allow for more spread than
//! Poisson's and for neighbouring periods that resemble one another.

use super::regression::{
    Coefficient, Covariance, CovarianceKind, Design, Family, Fit, Model, RegressionError, Response,
};
use super::{Level, StatsError};

/// A yearly or weekly pattern as waves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Season {
    /// Periods until the pattern repeats, such as 12 months.
    pub periods: u32,
    /// Waves, each of a sine and a cosine; at most half the periods.
    pub harmonics: u32,
}

/// Counts of consecutive periods, interrupted at a date.
#[derive(Debug, Clone, PartialEq)]
pub struct InterruptedTimeSeries {
    counts: Vec<u64>,
    exposure: Vec<f64>,
    before: usize,
    season: Option<Season>,
}

/// A fitted series.
#[derive(Debug, Clone)]
pub struct InterruptedFit {
    fit: Fit,
    covariance: Covariance,
    lag: usize,
    /// The mean of each period as fitted.
    pub fitted: Vec<f64>,
    /// The mean of each period as it would have been without the two changes; before the date the same.
    pub without_change: Vec<f64>,
}

/// The columns whose coefficients are the changes.
const LEVEL: &str = "level";
const SLOPE: &str = "slope";

impl InterruptedTimeSeries {
    /// Counts of consecutive periods with their exposure (1 for each if there is none), the first `before` of them
    /// before the date.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] for fewer than 3 periods on either side, [`StatsError::UnequalLengths`],
    /// [`StatsError::OutOfRange`] for an exposure that is not positive and for a season of fewer than 2 periods, without
    /// waves or with more waves than half its periods.
    pub fn new(
        counts: Vec<u64>,
        exposure: Option<Vec<f64>>,
        before: usize,
        season: Option<Season>,
    ) -> Result<InterruptedTimeSeries, StatsError> {
        let after = counts.len().saturating_sub(before);
        for (what, got) in [
            ("periods before the date", before),
            ("periods after the date", after),
        ] {
            if got < 3 {
                return Err(StatsError::TooFew {
                    what,
                    got,
                    needed: 3,
                });
            }
        }
        let exposure = exposure.unwrap_or_else(|| vec![1.0; counts.len()]);
        if exposure.len() != counts.len() {
            return Err(StatsError::UnequalLengths {
                what: "counts beside exposures",
                left: counts.len(),
                right: exposure.len(),
            });
        }
        if let Some(&value) = exposure.iter().find(|e| !(e.is_finite() && **e > 0.0)) {
            return Err(StatsError::OutOfRange {
                what: "exposure",
                value,
                allowed: "finite and positive",
            });
        }
        if let Some(season) = season.filter(|s| s.harmonics == 0 || 2 * s.harmonics > s.periods) {
            return Err(StatsError::OutOfRange {
                what: "waves of a season",
                value: f64::from(season.harmonics),
                allowed: "at least 1 and at most half its periods",
            });
        }
        Ok(InterruptedTimeSeries {
            counts,
            exposure,
            before,
            season,
        })
    }

    /// The lag over which errors are allowed to resemble one another unless another is meant.
    ///
    /// # Definition
    /// floor(0.75 T^(1/3)), T the number of periods.
    ///
    /// # Units
    /// Periods.
    ///
    /// # Edge cases
    /// 1 for up to 18 periods.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Newey and West (1994) as rounded by Stock and Watson (2020), equation 16.17.
    #[must_use]
    pub fn lag(&self) -> usize {
        (0.75 * libm::cbrt(self.counts.len() as f64)).floor() as usize
    }

    /// The fit with Newey and West's errors.
    ///
    /// # Definition
    /// Quasi-Poisson: log mean = log exposure + a + b (t - t0) + level 1{t >= t0} + slope (t - t0) 1{t >= t0} + waves of
    /// the season, t0 the first period after the date; errors by Newey and West with the lag.
    ///
    /// # Units
    /// exp(level) is the ratio at the date, exp(slope) the ratio by which each further period's trend differs.
    ///
    /// # Edge cases
    /// A wave of half the season's periods has no sine, which would be 0 throughout.
    ///
    /// # Errors
    /// Those of [`Model::fit`], such as separation when all counts of one side are 0.
    ///
    /// # Source
    /// Bernal, Cummins and Gasparrini (2017); Newey and West (1987). Agrees with statsmodels.
    pub fn fit(&self, lag: usize) -> Result<InterruptedFit, RegressionError> {
        let (names, values) = self.columns();
        let k = names.len();
        let offset: Vec<f64> = self.exposure.iter().map(|&e| libm::log(e)).collect();
        let design = Design::new(names, values.clone())?;
        let model = Model::new(
            Family::QuasiPoisson,
            design,
            Response::Counts(self.counts.clone()),
        )?;
        let fit = model.with_offset(offset)?.fit()?;
        let covariance = fit.covariance(&CovarianceKind::NeweyWest { lag })?;
        let fitted: Vec<f64> = fit.fitted().into_iter().flatten().collect();
        let [level, slope] = [LEVEL, SLOPE].map(|name| fit.coefficient(name));
        let [level, slope] = [level.unwrap_or(0.0), slope.unwrap_or(0.0)];
        let without_change = fitted
            .iter()
            .zip(values.chunks_exact(k))
            .map(|(mean, row)| mean * libm::exp(-(level * row[2] + slope * row[3])))
            .collect();
        Ok(InterruptedFit {
            fit,
            covariance,
            lag,
            fitted,
            without_change,
        })
    }

    fn columns(&self) -> (Vec<String>, Vec<f64>) {
        let mut names = ["intercept", "time", LEVEL, SLOPE]
            .map(str::to_owned)
            .to_vec();
        let waves = self.season.map_or(0, |season| season.harmonics);
        let has_sine = |h: u32| self.season.is_some_and(|season| 2 * h < season.periods);
        names.extend((1..=waves).map(|h| format!("cosine {h}")));
        names.extend(
            (1..=waves)
                .filter(|&h| has_sine(h))
                .map(|h| format!("sine {h}")),
        );
        let row = |t: usize| {
            let since = t as f64 - self.before as f64;
            let after = f64::from(u8::from(t >= self.before));
            let mut row = vec![1.0, since, after, since * after];
            if let Some(season) = self.season {
                let turn = |h: u32| {
                    let part = u64::from(h) * t as u64 % u64::from(season.periods);
                    std::f64::consts::TAU * part as f64 / f64::from(season.periods)
                };
                row.extend((1..=waves).map(|h| libm::cos(turn(h))));
                row.extend(
                    (1..=waves)
                        .filter(|&h| has_sine(h))
                        .map(|h| libm::sin(turn(h))),
                );
            }
            row
        };
        (names, (0..self.counts.len()).flat_map(row).collect())
    }
}

impl InterruptedFit {
    /// The lag of the errors.
    #[must_use]
    pub fn lag(&self) -> usize {
        self.lag
    }

    /// The dispersion, Pearson's X2 over its degrees of freedom.
    #[must_use]
    pub fn dispersion(&self) -> Option<f64> {
        self.fit.dispersion()
    }

    /// The log ratio at the date with its error, p-value and limits; `None` where the errors are singular.
    ///
    /// # Errors
    /// Those of [`Fit::estimate`].
    pub fn level(&self, level: Level) -> Result<Option<Coefficient>, RegressionError> {
        self.fit.estimate(LEVEL, &self.covariance, level)
    }

    /// The log ratio per period by which the trend differs after the date, likewise.
    ///
    /// # Errors
    /// Those of [`Fit::estimate`].
    pub fn slope(&self, level: Level) -> Result<Option<Coefficient>, RegressionError> {
        self.fit.estimate(SLOPE, &self.covariance, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Vec<u64> {
        (0..40)
            .map(|i| 50 + (i * 37) % 17 + (i / 3) % 5 * 3 + if i < 24 { 0 } else { 12 })
            .collect()
    }

    fn series() -> InterruptedTimeSeries {
        let exposure = (0..40).map(|i| 1000.0 + 10.0 * f64::from(i)).collect();
        let season = Season {
            periods: 12,
            harmonics: 1,
        };
        InterruptedTimeSeries::new(counts(), Some(exposure), 24, Some(season)).expect("valid")
    }

    fn near(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs(),
            "{got} is not {want}"
        );
    }

    /// statsmodels 0.15.0, `GLM(Poisson, offset).fit(cov_type="HAC", cov_kwds={"maxlags": 2})`.
    #[test]
    fn agrees_with_statsmodels() {
        let series = series();
        assert_eq!(series.lag(), 2);
        let fit = series.fit(2).expect("a fit");
        for (line, estimate, error) in [
            (
                fit.level(Level::NINETY_FIVE),
                0.165_560_865_712_185_42,
                0.064_737_661_717_992_58,
            ),
            (
                fit.slope(Level::NINETY_FIVE),
                -0.005_441_765_394_875_92,
                0.006_157_775_284_083_11,
            ),
        ] {
            let line = line.expect("a column").expect("an error");
            near(line.estimate, estimate, 1e-8);
            near(line.std_error, error, 1e-7);
        }
    }

    #[test]
    fn a_jump_of_a_steady_series_is_found_and_taken_off() {
        let counts: Vec<u64> = (0..20).map(|t| if t < 10 { 100 } else { 150 }).collect();
        let fit = InterruptedTimeSeries::new(counts, None, 10, None)
            .expect("valid")
            .fit(2)
            .expect("a fit");
        near(fit.fitted[15], 150.0, 1e-9);
        near(fit.without_change[15], 100.0, 1e-9);
        near(fit.without_change[5], 100.0, 1e-9);
    }

    #[test]
    fn twice_the_exposure_changes_neither_level_nor_slope() {
        let one = series().fit(2).expect("a fit");
        let exposure = (0..40).map(|i| 2000.0 + 20.0 * f64::from(i)).collect();
        let other = InterruptedTimeSeries::new(counts(), Some(exposure), 24, series().season);
        let other = other.expect("valid").fit(2).expect("a fit");
        let level = |fit: &InterruptedFit| {
            fit.level(Level::NINETY_FIVE)
                .expect("a column")
                .expect("an error")
        };
        near(level(&one).estimate, level(&other).estimate, 1e-9);
        near(level(&one).std_error, level(&other).std_error, 1e-7);
    }

    #[test]
    fn without_lag_the_errors_are_those_of_unequal_variances() {
        let fit = series().fit(0).expect("a fit");
        let robust = fit
            .fit
            .covariance(&CovarianceKind::Hc0)
            .expect("a covariance");
        (0..6).for_each(|j| near(fit.covariance.get(j, j), robust.get(j, j), 1e-12));
    }

    #[test]
    fn what_says_nothing_is_refused() {
        assert!(InterruptedTimeSeries::new(vec![1; 9], None, 2, None).is_err());
        assert!(InterruptedTimeSeries::new(vec![1; 9], None, 7, None).is_err());
        assert!(InterruptedTimeSeries::new(vec![1; 9], Some(vec![0.0; 9]), 4, None).is_err());
        let season = Some(Season {
            periods: 4,
            harmonics: 3,
        });
        assert!(InterruptedTimeSeries::new(vec![1; 20], None, 10, season).is_err());
        let half = Some(Season {
            periods: 4,
            harmonics: 2,
        });
        let half = InterruptedTimeSeries::new(vec![3; 20], None, 10, half).expect("valid");
        assert!(half.fit(1).expect("a fit").fit.dropped().is_empty());
        let none_after = [vec![4, 6, 5, 7, 5], vec![0; 5]].concat();
        let fit = InterruptedTimeSeries::new(none_after, None, 5, None)
            .expect("valid")
            .fit(1);
        assert!(matches!(fit, Err(RegressionError::Separation { .. })));
    }
}
