//! The estimate if the group of the unknown is missing at random within strata, with the noise of counting.

use super::StatsError;

/// What is counted in one stratum, by group: events or other trials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Within {
    /// Events and other trials of each group, in one order in all strata.
    pub known: Vec<[u64; 2]>,
    /// Events and other trials of unknown group.
    pub unknown: [u64; 2],
}

/// The estimate if the group is missing at random within strata: among events, and among other trials, of a stratum the
/// unknown are of the groups that the known are.
///
/// # Definition
/// `X_g = sum_k x_gk (1 + m_k / x_k)`, where `x_k` are the known events of stratum `k` and `m_k` those of unknown group;
/// the same for the other trials. Where a stratum has unknown and nobody known, its unknown are divided as the known of all
/// strata are. The variance of the logarithm of a rate or ratio is by the delta method, all counts Poisson.
///
/// # Units
/// Events and trials of the study's unit; the numbers are fractional.
///
/// # Edge cases
/// Unknown where nobody is known in any stratum: undefined. Without unknown the estimate is the one of the known, and its
/// variance that of Katz.
///
/// # Errors
/// Strata with different numbers of groups.
///
/// # Source
/// Little and Rubin (2002), missing at random given the strata and the outcome; proportional allocation.
#[derive(Debug, Clone, PartialEq)]
pub struct AtRandom {
    strata: Vec<Within>,
    /// By outcome: known of each group in all strata.
    known: [Vec<f64>; 2],
    /// By outcome: unknown of strata in which nobody is known.
    stray: [f64; 2],
}

/// How a logarithm depends on the events and the other trials of a group.
#[derive(Debug, Clone, Copy)]
pub struct Slope {
    /// Which group.
    pub group: usize,
    /// Derivative by its events, and by its other trials.
    pub by: [f64; 2],
}

impl AtRandom {
    /// The strata.
    ///
    /// # Errors
    /// No stratum, or strata with different numbers of groups.
    pub fn new(strata: Vec<Within>) -> Result<Self, StatsError> {
        let groups = strata.first().map_or(0, |stratum| stratum.known.len());
        let ragged = strata.iter().find(|stratum| stratum.known.len() != groups);
        if groups == 0 || ragged.is_some() {
            return Err(StatsError::Ragged {
                first: groups,
                second: ragged.map_or(0, |stratum| stratum.known.len()),
            });
        }
        let of = |outcome: usize| -> Vec<f64> {
            let sum = |group: usize| strata.iter().map(|s| s.known[group][outcome] as f64).sum();
            (0..groups).map(sum).collect()
        };
        let stray = |outcome: usize| -> f64 {
            let empty = strata.iter().filter(|s| all_known(s, outcome) == 0.0);
            empty.map(|s| s.unknown[outcome] as f64).sum()
        };
        Ok(Self {
            known: [of(0), of(1)],
            stray: [stray(0), stray(1)],
            strata,
        })
    }

    /// Unknown of strata in which nobody is known, of both outcomes.
    #[must_use]
    pub fn stray(&self) -> f64 {
        self.stray[0] + self.stray[1]
    }

    /// Events and other trials of a group; `None` where nobody is known at all.
    #[must_use]
    pub fn of(&self, group: usize) -> Option<[f64; 2]> {
        Some([self.one(group, 0)?, self.one(group, 1)?])
    }

    fn one(&self, group: usize, outcome: usize) -> Option<f64> {
        let all: f64 = self.known[outcome].iter().sum();
        if all <= 0.0 {
            return (self.stray[outcome] == 0.0).then_some(0.0);
        }
        let placed: f64 = self
            .strata
            .iter()
            .filter(|stratum| all_known(stratum, outcome) > 0.0)
            .map(|stratum| {
                let share = stratum.unknown[outcome] as f64 / all_known(stratum, outcome);
                stratum.known[group][outcome] as f64 * (1.0 + share)
            })
            .sum();
        Some(placed + self.stray[outcome] * self.known[outcome][group] / all)
    }

    /// The variance of a logarithm from its slopes.
    #[must_use]
    pub fn variance(&self, slopes: &[Slope]) -> f64 {
        (0..2)
            .map(|outcome| self.variance_of(slopes, outcome))
            .sum()
    }

    fn variance_of(&self, slopes: &[Slope], outcome: usize) -> f64 {
        let all: f64 = self.known[outcome].iter().sum();
        let stray_share = |group: usize| {
            if all > 0.0 {
                self.known[outcome][group] / all
            } else {
                0.0
            }
        };
        let stray = |of: usize, by: usize| {
            if self.stray[outcome] == 0.0 {
                return 0.0;
            }
            self.stray[outcome] * (f64::from(u8::from(of == by)) - stray_share(of)) / all
        };
        let along = |derivative: &dyn Fn(usize) -> f64| -> f64 {
            let parts = slopes
                .iter()
                .map(|slope| slope.by[outcome] * derivative(slope.group));
            let sum: f64 = parts.sum();
            sum * sum
        };
        let mut variance = 0.0;
        for stratum in &self.strata {
            let known = all_known(stratum, outcome);
            let unknown = stratum.unknown[outcome] as f64;
            for (by, counts) in stratum.known.iter().enumerate() {
                let derivative = |of: usize| {
                    let own = stratum.known[of][outcome] as f64;
                    let is_own = f64::from(u8::from(of == by));
                    is_own * (1.0 + unknown / known) - own * unknown / (known * known)
                        + stray(of, by)
                };
                if counts[outcome] > 0 {
                    variance += along(&derivative) * counts[outcome] as f64;
                }
            }
            if unknown > 0.0 {
                let derivative = |of: usize| {
                    if known > 0.0 {
                        stratum.known[of][outcome] as f64 / known
                    } else {
                        stray_share(of)
                    }
                };
                variance += along(&derivative) * unknown;
            }
        }
        variance
    }
}

fn all_known(stratum: &Within, outcome: usize) -> f64 {
    stratum
        .known
        .iter()
        .map(|counts| counts[outcome] as f64)
        .sum()
}

/// The logarithm of a rate out of trials, by events and other trials; `None` where there are no events.
#[must_use]
pub fn log_rate_slope(group: usize, [events, rest]: [f64; 2], sign: f64) -> Option<Slope> {
    let trials = events + rest;
    (events > 0.0).then(|| Slope {
        group,
        by: [sign * (1.0 / events - 1.0 / trials), -sign / trials],
    })
}

/// The logarithm of events per head.
#[must_use]
pub fn log_events_slope(group: usize, [events, _]: [f64; 2], sign: f64) -> Option<Slope> {
    (events > 0.0).then(|| Slope {
        group,
        by: [sign / events, 0.0],
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs().max(1.0)
    }

    proptest! {
        #[test]
        fn the_variance_at_random_is_that_of_small_steps(
            counts in prop::collection::vec((1..40_u64, 1..40_u64, 1..40_u64, 0..20_u64), 1..4)
        ) {
            let strata: Vec<Within> = counts
                .iter()
                .map(|&(a, b, c, m)| Within { known: vec![[a, b], [c, a + 3]], unknown: [m, m / 2] })
                .collect();
            let log = |strata: &[[f64; 6]]| {
                let all = |i: usize, j: usize, m: usize| -> f64 {
                    strata.iter().map(|s| s[i] * (1.0 + s[m] / (s[i] + s[j]))).sum()
                };
                let (x, y) = (all(0, 2, 4), all(1, 3, 5));
                let (u, v) = (all(2, 0, 4), all(3, 1, 5));
                (x / (x + y)).ln() - (u / (u + v)).ln()
            };
            let flat: Vec<[f64; 6]> = strata
                .iter()
                .map(|s| {
                    let [a, b] = s.known[0];
                    let [c, d] = s.known[1];
                    [a, b, c, d, s.unknown[0], s.unknown[1]].map(|v| v as f64)
                })
                .collect();
            let mut expected = 0.0;
            for k in 0..flat.len() {
                for i in 0..6 {
                    let step = 1e-4;
                    let (mut up, mut down) = (flat.clone(), flat.clone());
                    up[k][i] += step;
                    down[k][i] -= step;
                    let slope = (log(&up) - log(&down)) / (2.0 * step);
                    expected += slope * slope * flat[k][i];
                }
            }
            let at_random = AtRandom::new(strata).unwrap();
            let (g, r) = (at_random.of(0).unwrap(), at_random.of(1).unwrap());
            let slopes = [log_rate_slope(0, g, 1.0).unwrap(), log_rate_slope(1, r, -1.0).unwrap()];
            let found = at_random.variance(&slopes);
            prop_assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
        }
    }

    /// By hand: in the first stratum half of the unknown events are the group's, in the second three of four.
    #[test]
    fn missing_at_random_by_hand() {
        let strata = vec![
            Within {
                known: vec![[10, 90], [10, 90]],
                unknown: [10, 20],
            },
            Within {
                known: vec![[30, 70], [10, 30]],
                unknown: [20, 0],
            },
            Within {
                known: vec![[0, 5], [0, 5]],
                unknown: [6, 0],
            },
        ];
        let at_random = AtRandom::new(strata).unwrap();
        // 10 + 5 + 30 + 15 + 6 * 40/60 events, and 90 + 10 + 70 + 5 others.
        let [events, rest] = at_random.of(0).unwrap();
        assert!(close(events, 64.0) && close(rest, 175.0));
        assert!(close(at_random.stray(), 6.0));
    }

    #[test]
    fn unknown_where_nobody_is_known_have_no_group() {
        let strata = vec![Within {
            known: vec![[0, 5], [0, 5]],
            unknown: [6, 0],
        }];
        assert_eq!(AtRandom::new(strata).unwrap().of(0), None);
    }
}
