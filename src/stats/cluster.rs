//! Cluster-robust intervals of proportions and ratios, clusters being officers.
//!
//! An officer's stops resemble one another, so the officer and not the stop is what repeats. From each cluster's totals
//! this gives the variance that a log-linear fit on the stops would give with clustered errors, without the rows. With
//! few clusters (under 20 on either side) it is too narrow, and the caller turns to resampling.

use serde::{Deserialize, Serialize};

use super::{Interval, Level, PValue, StatsError, special};

/// Events and trials of one cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Events, such as searches.
    pub events: u64,
    /// Trials, such as stops.
    pub trials: u64,
}

/// An estimate with its cluster-robust interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterEstimate {
    /// The ratio or the proportion.
    pub estimate: f64,
    /// The standard error of its natural logarithm.
    pub log_std_error: f64,
    /// Clusters minus one.
    pub df: u64,
    /// The interval, Student t on the logarithm; that of a proportion may pass 1.
    pub interval: Interval,
}

impl ClusterEstimate {
    /// The two-sided Student tail of a true ratio of 1; it has no meaning for a proportion.
    ///
    /// # Definition
    /// 2 P(T > |ln r / se|) on one degree of freedom fewer than clusters.
    ///
    /// # Units
    /// A probability.
    ///
    /// # Edge cases
    /// Without meaning for a proportion.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Cameron and Miller (2015), section VI.
    #[must_use]
    pub fn p(&self) -> PValue {
        let t = libm::log(self.estimate) / self.log_std_error;
        PValue::capped(special::student_t_two_sided(t, self.df as f64))
    }
}

/// A difference with its cluster-robust standard error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClusterDifference {
    /// The difference.
    pub estimate: f64,
    /// Its standard error.
    pub std_error: f64,
    /// Clusters minus one.
    pub df: u64,
}

/// A proportion whose trials come in clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusteredProportion {
    clusters: Vec<Tally>,
}

/// A ratio of two proportions whose trials come in clusters: pairs of the group's and the reference's tally.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusteredRiskRatio {
    clusters: Vec<(Tally, Tally)>,
}

/// A ratio of two totals of events that come in clusters: pairs of the group's and the reference's events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusteredCountRatio {
    clusters: Vec<(u64, u64)>,
}

impl ClusteredProportion {
    /// One tally per cluster, in any order.
    ///
    /// # Errors
    /// [`StatsError::EventsExceedTrials`].
    pub fn new(clusters: Vec<Tally>) -> Result<Self, StatsError> {
        check(clusters.iter())?;
        Ok(Self { clusters })
    }

    /// The proportion of all events among all trials.
    ///
    /// # Definition
    /// u_c = (x_c - p n_c) / x; var(log p) = G/(G - 1) sum u_c^2. The factor (n - 1)/(n - k) of CR1 is 1 with the one
    /// coefficient k.
    ///
    /// # Units
    /// Events per trial.
    ///
    /// # Edge cases
    /// Clusters without trials are left out of G. `None` for fewer than two clusters, no events, or no spread.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Liang and Zeger (1986); Cameron and Miller (2015), equation 12. Equals statsmodels `GLM(Poisson)` with
    /// `cov_type="cluster"`.
    #[must_use]
    pub fn proportion(&self, level: Level) -> Option<ClusterEstimate> {
        let used = || self.clusters.iter().filter(|tally| tally.trials > 0);
        let total = Totals::of(used());
        let scores: Vec<f64> = used().map(|tally| total.score(tally)).collect();
        estimate(total.share(), &scores, 1.0, level)
    }
}

impl ClusteredRiskRatio {
    /// The group's and the reference's tally of each cluster, in any order.
    ///
    /// # Errors
    /// [`StatsError::EventsExceedTrials`].
    pub fn new(clusters: Vec<(Tally, Tally)>) -> Result<Self, StatsError> {
        check(
            clusters
                .iter()
                .flat_map(|(group, reference)| [group, reference]),
        )?;
        Ok(Self { clusters })
    }

    /// The proportion of the group over that of the reference.
    ///
    /// # Definition
    /// u_c = (x_gc - p_g n_gc)/x_g - (x_0c - p_0 n_0c)/x_0; var(log RR) = G/(G - 1) (n - 1)/(n - 2) sum u_c^2, with n
    /// all trials: the log-binomial or Poisson fit with an intercept and an indicator of the group, which agree.
    ///
    /// # Units
    /// A ratio of proportions.
    ///
    /// # Edge cases
    /// A cluster counts for G when it has trials of either group. `None` for fewer than two clusters, three trials, a
    /// group without events, or no spread.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Liang and Zeger (1986); Cameron and Miller (2015), equation 12 (CR1). Equals statsmodels `GLM(Poisson)` and
    /// `GLM(Binomial(Log))` with `cov_type="cluster"`, `use_t=True`.
    #[must_use]
    pub fn ratio(&self, level: Level) -> Option<ClusterEstimate> {
        let used = || {
            self.clusters
                .iter()
                .filter(|(group, reference)| group.trials > 0 || reference.trials > 0)
        };
        let group = Totals::of(used().map(|(group, _)| group));
        let reference = Totals::of(used().map(|(_, reference)| reference));
        let scores: Vec<f64> = used()
            .map(|(g, r)| group.score(g) - reference.score(r))
            .collect();
        let trials = group.trials + reference.trials;
        estimate(
            group.share() / reference.share(),
            &scores,
            (trials - 1.0) / (trials - 2.0),
            level,
        )
    }
}

impl ClusteredRiskRatio {
    /// The proportion of the group less that of the reference.
    ///
    /// # Definition
    /// u_c = (x_gc - p_g n_gc)/n_g - (x_0c - p_0 n_0c)/n_0; var = G/(G - 1) (n - 1)/(n - 2) sum u_c^2: the linear fit
    /// of the event on an intercept and an indicator of the group.
    ///
    /// # Units
    /// Events per trial.
    ///
    /// # Edge cases
    /// As [`ClusteredRiskRatio::ratio`], but groups without events are allowed; `None` for a group without trials.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Liang and Zeger (1986); Cameron and Miller (2015), equation 12 (CR1). Equals statsmodels `OLS` with
    /// `cov_type="cluster"`, `use_t=True`.
    #[must_use]
    pub fn difference(&self) -> Option<ClusterDifference> {
        let used = || {
            self.clusters
                .iter()
                .filter(|(group, reference)| group.trials > 0 || reference.trials > 0)
        };
        let group = Totals::of(used().map(|(group, _)| group));
        let reference = Totals::of(used().map(|(_, reference)| reference));
        let score = |total: &Totals, tally: &Tally| {
            (tally.events as f64 - total.share() * tally.trials as f64) / total.trials
        };
        let squares: f64 = used()
            .map(|(g, r)| (score(&group, g) - score(&reference, r)).powi(2))
            .sum();
        let clusters = used().count();
        let trials = group.trials + reference.trials;
        let df = (clusters as u64).checked_sub(1).filter(|&df| df > 0)?;
        let factor = clusters as f64 / df as f64 * (trials - 1.0) / (trials - 2.0);
        let variance = factor * squares;
        (variance > 0.0 && variance.is_finite()).then(|| ClusterDifference {
            estimate: group.share() - reference.share(),
            std_error: variance.sqrt(),
            df,
        })
    }
}

impl ClusteredCountRatio {
    /// The group's and the reference's events of each cluster, in any order.
    #[must_use]
    pub fn new(clusters: Vec<(u64, u64)>) -> Self {
        Self { clusters }
    }

    /// The group's events over the reference's.
    ///
    /// # Definition
    /// u_c = x_gc/x_g - x_0c/x_0; var(log ratio) = G/(G - 1) sum u_c^2.
    ///
    /// # Units
    /// A ratio of counts; divide by the ratio of populations for a ratio of rates.
    ///
    /// # Edge cases
    /// A cluster counts for G when it has an event of either group. `None` for fewer than two clusters, a group without
    /// events, or no spread.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Liang and Zeger (1986). Equals statsmodels `GLM(Poisson)` on one row per cluster and group with
    /// `cov_type="cluster"`, `use_correction=False`, times G/(G - 1).
    #[must_use]
    pub fn ratio(&self, level: Level) -> Option<ClusterEstimate> {
        let used = || {
            self.clusters
                .iter()
                .map(|&(g, r)| (g as f64, r as f64))
                .filter(|(g, r)| g + r > 0.0)
        };
        let (group, reference) = used().fold((0.0, 0.0), |(g, r), (more_g, more_r)| {
            (g + more_g, r + more_r)
        });
        let scores: Vec<f64> = used().map(|(g, r)| g / group - r / reference).collect();
        estimate(group / reference, &scores, 1.0, level)
    }
}

/// Events and trials of all clusters together.
struct Totals {
    events: f64,
    trials: f64,
}

impl Totals {
    fn of<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Self {
        tallies.fold(
            Self {
                events: 0.0,
                trials: 0.0,
            },
            |sum, tally| Self {
                events: sum.events + tally.events as f64,
                trials: sum.trials + tally.trials as f64,
            },
        )
    }

    fn share(&self) -> f64 {
        self.events / self.trials
    }

    /// A cluster's influence on the logarithm of the share.
    fn score(&self, tally: &Tally) -> f64 {
        (tally.events as f64 - self.share() * tally.trials as f64) / self.events
    }
}

fn check<'a>(mut tallies: impl Iterator<Item = &'a Tally>) -> Result<(), StatsError> {
    match tallies.find(|tally| tally.events > tally.trials) {
        Some(&Tally { events, trials }) => Err(StatsError::EventsExceedTrials { events, trials }),
        None => Ok(()),
    }
}

fn estimate(
    estimate: f64,
    scores: &[f64],
    small_sample: f64,
    level: Level,
) -> Option<ClusterEstimate> {
    let df = (scores.len() as u64).checked_sub(1).filter(|&df| df > 0)?;
    let squares: f64 = scores.iter().map(|score| score * score).sum();
    let variance = scores.len() as f64 / df as f64 * small_sample * squares;
    let defined = estimate > 0.0 && estimate.is_finite() && variance > 0.0 && variance.is_finite();
    let log_std_error = variance.sqrt();
    let half = -special::student_t_quantile(level.tail(), df as f64) * log_std_error;
    defined.then(|| ClusterEstimate {
        estimate,
        log_std_error,
        df,
        interval: Interval::new(estimate * libm::exp(-half), estimate * libm::exp(half)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFICERS: [[u64; 4]; 7] = [
        [5, 40, 12, 160],
        [0, 10, 7, 90],
        [9, 35, 4, 50],
        [3, 20, 15, 210],
        [14, 60, 9, 100],
        [1, 6, 0, 11],
        [0, 0, 3, 25],
    ];

    fn tallies(row: &[u64; 4]) -> (Tally, Tally) {
        let [x, n, x0, n0] = *row;
        (
            Tally {
                events: x,
                trials: n,
            },
            Tally {
                events: x0,
                trials: n0,
            },
        )
    }

    fn ratio(rows: &[[u64; 4]]) -> Option<ClusterEstimate> {
        let clusters = rows.iter().map(tallies).collect();
        ClusteredRiskRatio::new(clusters)
            .expect("valid")
            .ratio(Level::NINETY_FIVE)
    }

    fn proportion(rows: &[[u64; 4]]) -> Option<ClusterEstimate> {
        let clusters = rows.iter().map(|row| tallies(row).0).collect();
        ClusteredProportion::new(clusters)
            .expect("valid")
            .proportion(Level::NINETY_FIVE)
    }

    fn counts(rows: &[[u64; 4]]) -> Option<ClusterEstimate> {
        let clusters = rows.iter().map(|row| (row[0], row[2])).collect();
        ClusteredCountRatio::new(clusters).ratio(Level::NINETY_FIVE)
    }

    fn assert_within(got: f64, want: f64, tolerance: f64) {
        assert!(
            (got - want).abs() <= tolerance * want.abs(),
            "{got} is not {want}"
        );
    }

    /// The linear fit on the 817 rows behind these tallies, with its sandwich, in exact fractions (Python).
    #[test]
    fn a_difference_equals_the_linear_fit_on_rows() {
        let clusters = OFFICERS.iter().map(tallies).collect();
        let answer = ClusteredRiskRatio::new(clusters)
            .expect("valid")
            .difference()
            .expect("defined");
        assert_within(answer.estimate, 0.109_735_122_119_023_05, 1e-13);
        assert_within(answer.std_error, 0.029_141_675_965_391_987, 1e-13);
        assert_eq!(answer.df, 6);
    }

    #[test]
    fn hand_worked_two_officers() {
        // Shares of events 1/4 and 3/4 against 1/2 and 1/2: scores -1/4 and 1/4, var = 2 (1/16 + 1/16).
        let answer = counts(&[[1, 0, 2, 0], [3, 0, 2, 0]].map(|[x, _, x0, _]| [x, x, x0, x0]))
            .expect("defined");
        assert_within(answer.estimate, 1.0, 1e-15);
        assert_within(answer.log_std_error, 0.5, 1e-15);
        assert_eq!(answer.df, 1);
        assert_within(answer.p().get(), 1.0, 1e-15);
    }

    /// statsmodels 0.15.0, `GLM(y, [1, g], Poisson()).fit(cov_type="cluster", use_t=True, tol=1e-14)` on the 817 rows
    /// behind `OFFICERS`; `Binomial(Log())` gives the same to 5e-15.
    #[test]
    fn equals_the_clustered_fit_on_rows() {
        let answer = ratio(&OFFICERS).expect("defined");
        assert_within(libm::log(answer.estimate), 0.882_848_844_651_525_7, 1e-11);
        assert_within(answer.log_std_error, 0.146_102_475_248_079, 1e-11);
        assert_within(
            libm::log(answer.interval.low),
            0.525_348_966_485_385_2,
            1e-11,
        );
        assert_within(
            libm::log(answer.interval.high),
            1.240_348_722_817_666_2,
            1e-11,
        );
        assert_within(answer.p().get(), 0.000_929_300_191_164_471_7, 1e-10);
    }

    /// The same fit on the 171 rows of the group alone, six officers; and on one row per officer and group,
    /// `use_correction=False`, times sqrt(7/6).
    #[test]
    fn equals_the_fits_without_a_reference_and_without_trials() {
        let alone = proportion(&OFFICERS).expect("defined");
        assert_within(libm::log(alone.estimate), -1.675_927_653_702_932_8, 1e-11);
        assert_within(alone.log_std_error, 0.167_471_701_493_930_48, 1e-11);
        assert_eq!(alone.df, 5);
        let totals = counts(&OFFICERS).expect("defined");
        assert_within(libm::log(totals.estimate), -0.446_287_102_628_419, 1e-11);
        assert_within(totals.log_std_error, 0.458_941_263_489_494_1, 1e-11);
    }

    #[test]
    fn order_and_empty_clusters_do_not_matter() {
        let mut rows = OFFICERS.to_vec();
        rows.reverse();
        rows.push([0; 4]);
        let (one, other) = (
            ratio(&OFFICERS).expect("defined"),
            ratio(&rows).expect("defined"),
        );
        assert_eq!(one.df, other.df);
        assert_within(one.log_std_error, other.log_std_error, 1e-13);
    }

    #[test]
    fn swapping_the_groups_inverts_the_ratio() {
        let swapped = OFFICERS.map(|[x, n, x0, n0]| [x0, n0, x, n]);
        let (one, other) = (
            ratio(&OFFICERS).expect("defined"),
            ratio(&swapped).expect("defined"),
        );
        assert_within(one.estimate * other.estimate, 1.0, 1e-13);
        assert_within(one.interval.low * other.interval.high, 1.0, 1e-13);
    }

    #[test]
    fn undefined_and_refused() {
        assert!(ratio(&[]).is_none() && ratio(&OFFICERS[..1]).is_none());
        assert!(ratio(&[[0, 4, 1, 5], [0, 6, 2, 9]]).is_none());
        assert!(proportion(&[[1, 4, 0, 0], [1, 4, 0, 0]]).is_none());
        assert!(counts(&[[1, 1, 0, 0], [2, 2, 0, 0]]).is_none());
        assert!(
            ClusteredProportion::new(vec![Tally {
                events: 2,
                trials: 1
            }])
            .is_err()
        );
    }
}
