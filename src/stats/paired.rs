//! An average over places of the difference between two groups, each place counting once.
//!
//! For outcome rates compared place by place: a paired t over places measures the spread that counting does not, and
//! beside it stands the published standard error that counts trials only. It does not weigh places; pooled figures are
//! elsewhere.

use serde::{Deserialize, Serialize};

use super::{Interval, Level, PValue, StatsError, special};

/// Differences between two groups, one per place: their number, mean and sum of squares about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifferences {
    places: u64,
    mean: f64,
    squares: f64,
}

/// The paired t over places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PairedTest {
    /// The mean difference.
    pub mean: f64,
    /// The standard deviation of the differences between places.
    pub sd: f64,
    /// The standard error of the mean.
    pub std_error: f64,
    /// Mean over standard error.
    pub t: f64,
    /// Places minus one.
    pub df: u64,
    /// Two-sided Student tail.
    pub p: PValue,
    /// The interval of the mean.
    pub interval: Interval,
}

impl PairedDifferences {
    /// Differences, one per place, in any order.
    ///
    /// # Errors
    /// [`StatsError::OutOfRange`] for a difference that is not finite.
    pub fn new(differences: &[f64]) -> Result<Self, StatsError> {
        if let Some(&value) = differences
            .iter()
            .find(|difference| !difference.is_finite())
        {
            return Err(StatsError::OutOfRange {
                what: "difference",
                value,
                allowed: "finite",
            });
        }
        let places = differences.len() as u64;
        let mean = if places > 0 {
            differences.iter().sum::<f64>() / places as f64
        } else {
            0.0
        };
        let squares = differences
            .iter()
            .map(|difference| (difference - mean).powi(2))
            .sum();
        Ok(Self {
            places,
            mean,
            squares,
        })
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> u64 {
        self.places
    }

    /// The mean difference; `None` without places.
    ///
    /// # Definition
    /// sum d / K.
    ///
    /// # Units
    /// Those of the differences.
    ///
    /// # Edge cases
    /// `None` without places.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// The definition.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.places > 0).then_some(self.mean)
    }

    /// The paired t test that the mean difference is zero, and the interval of the mean.
    ///
    /// # Definition
    /// t = mean / (sd / sqrt(K)) with sd^2 = sum (d - mean)^2 / (K - 1), Student t on K - 1.
    ///
    /// # Units
    /// Those of the differences.
    ///
    /// # Edge cases
    /// `None` for fewer than two places, and when all differences are equal: no spread, no test.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Student (1908). Equals R `t.test(paired = TRUE)` and `scipy.stats.ttest_rel`.
    #[must_use]
    pub fn test(&self, level: Level) -> Option<PairedTest> {
        let df = self.places.checked_sub(1).filter(|&df| df > 0)?;
        let sd = (self.squares / df as f64).sqrt();
        if sd <= 0.0 {
            return None;
        }
        let std_error = sd / (self.places as f64).sqrt();
        let t = self.mean / std_error;
        let half = -special::student_t_quantile(level.tail(), df as f64) * std_error;
        Some(PairedTest {
            mean: self.mean,
            sd,
            std_error,
            t,
            df,
            p: PValue::capped(special::student_t_two_sided(t, df as f64)),
            interval: Interval::new(self.mean - half, self.mean + half),
        })
    }
}

/// The published standard error of an average of proportions over places, from pairs of events and trials.
///
/// # Definition
/// sqrt(sum p (1 - p) / n) / K, with p = x/n in each of the K places. It counts trials only, and is blind to the spread
/// between places.
///
/// # Units
/// Those of a proportion.
///
/// # Edge cases
/// `None` without places and when a place has no trials; 0 when every place is all or nothing.
///
/// # Errors
/// [`StatsError::EventsExceedTrials`].
///
/// # Source
/// The standard error of an unweighted mean of independent binomial proportions, as in the tables of published outcome
/// tests in the manner of Becker (1957).
pub fn average_over_places_std_error(places: &[(u64, u64)]) -> Result<Option<f64>, StatsError> {
    if let Some(&(events, trials)) = places.iter().find(|(events, trials)| events > trials) {
        return Err(StatsError::EventsExceedTrials { events, trials });
    }
    if places.is_empty() || places.iter().any(|&(_, trials)| trials == 0) {
        return Ok(None);
    }
    let variance = |&(events, trials): &(u64, u64)| {
        let n = trials as f64;
        (events as f64 / n) * ((trials - events) as f64 / n) / n
    };
    Ok(Some(
        places.iter().map(variance).sum::<f64>().sqrt() / places.len() as f64,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(differences: &[f64]) -> Option<PairedTest> {
        PairedDifferences::new(differences)
            .expect("finite")
            .test(Level::NINETY_FIVE)
    }

    fn assert_within(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs(),
            "{got} is not {want}"
        );
    }

    fn assert_near(got: f64, want: f64) {
        assert_within(got, want, 1e-12);
    }

    #[test]
    fn hand_worked_two_places() {
        // Mean 2, sd sqrt(2), se 1; on 1 df the two-sided tail of t is 1 - 2 atan(t)/pi.
        let answer = test(&[1.0, 3.0]).expect("defined");
        assert_near(answer.sd, 2.0_f64.sqrt());
        assert_near(answer.std_error, 1.0);
        assert_near(answer.t, 2.0);
        assert_near(
            answer.p.get(),
            1.0 - 2.0 * libm::atan(2.0) / std::f64::consts::PI,
        );
        let quantile = libm::tan(std::f64::consts::PI * 0.475);
        assert_near(answer.interval.high, 2.0 + quantile);
    }

    /// scipy 1.17.1, `ttest_1samp(d, 0)` and its `confidence_interval(0.95)`.
    #[test]
    fn equals_scipy() {
        let answer = test(&[0.012, -0.034, 0.08, 0.051, 0.002, 0.027]).expect("defined");
        assert_within(answer.t, 1.420_944_745_394_995_3, 1e-12);
        assert_within(answer.p.get(), 0.214_582_419_586_736_54, 1e-10);
        assert_within(answer.interval.low, -0.018_608_501_957_055_382, 1e-10);
        assert_within(answer.interval.high, 0.064_608_501_957_055_38, 1e-10);
    }

    #[test]
    fn order_and_unit_do_not_matter() {
        let one = test(&[0.1, -0.2, 0.4, 0.25]).expect("defined");
        let other = test(&[25.0, 40.0, -20.0, 10.0]).expect("defined");
        assert_near(one.t, other.t);
        assert_near(100.0 * one.interval.low, other.interval.low);
    }

    #[test]
    fn undefined_and_refused() {
        assert!(test(&[]).is_none() && test(&[0.3]).is_none() && test(&[0.3, 0.3]).is_none());
        assert!(
            PairedDifferences::new(&[])
                .expect("finite")
                .mean()
                .is_none()
        );
        assert!(PairedDifferences::new(&[0.1, f64::NAN]).is_err());
    }

    #[test]
    fn published_error_by_hand() {
        // Half of 30 and a fifth of 10: 0.25/30 + 0.16/10.
        let se = average_over_places_std_error(&[(15, 30), (2, 10)])
            .expect("valid")
            .expect("defined");
        assert_near(se, (0.25_f64 / 30.0 + 0.016).sqrt() / 2.0);
        assert!(average_over_places_std_error(&[]).expect("valid").is_none());
        assert!(
            average_over_places_std_error(&[(1, 2), (0, 0)])
                .expect("valid")
                .is_none()
        );
        assert!(average_over_places_std_error(&[(3, 2)]).is_err());
    }
}
