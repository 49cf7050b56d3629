//! What rows of unknown group may do to a rate or a ratio: the worst cases, and the share that tips a ratio over 1.
//!
//! The worst cases are bounds and no confidence intervals: they hold for every way in which the unknown may be divided,
//! and say nothing about chance. Both ends are counts again, so that the interval of chance can be given at each.

use super::StatsError;

/// Events and what they are counted out of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Events.
    pub events: u64,
    /// Trials, the events among them.
    pub trials: u64,
}

impl Part {
    /// Events out of trials.
    ///
    /// # Errors
    /// More events than trials.
    pub fn new(events: u64, trials: u64) -> Result<Self, StatsError> {
        if events > trials {
            return Err(StatsError::EventsExceedTrials { events, trials });
        }
        Ok(Self { events, trials })
    }

    fn rest(self) -> u64 {
        self.trials - self.events
    }

    fn with(self, events: u64, rest: u64) -> Self {
        Self {
            events: self.events + events,
            trials: self.trials + events + rest,
        }
    }
}

/// A group with the unknown who may belong to it.
///
/// # Definition
/// With `x` events out of `n` trials, and `mx` events among `m` trials of unknown group:
/// `low = x / (n + m - mx)`, `high = (x + mx) / (n + mx)`.
///
/// # Units
/// Events and trials of the study's unit.
///
/// # Edge cases
/// Without unknown both ends are the rate itself; without trials an end may be 0 / 0, which is undefined.
///
/// # Errors
/// Events above trials; sums above the largest integer.
///
/// # Source
/// Manski (1989), worst-case bounds; checked against every allocation of small counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    group: Part,
    unknown: Part,
}

impl Bounds {
    /// A group and the unknown.
    ///
    /// # Errors
    /// A sum above the largest integer.
    pub fn new(group: Part, unknown: Part) -> Result<Self, StatsError> {
        together(&[group, unknown])?;
        Ok(Self { group, unknown })
    }

    /// The counts with the lowest rate: no unknown event and every other unknown trial is the group's.
    #[must_use]
    pub fn lowest(&self) -> Part {
        self.group.with(0, self.unknown.rest())
    }

    /// The counts with the highest rate: every unknown event and no other unknown trial is the group's.
    #[must_use]
    pub fn highest(&self) -> Part {
        self.group.with(self.unknown.events, 0)
    }
}

/// A group and the reference group with the unknown, each of whom belongs to one of the two.
///
/// # Definition
/// The ratio `p_g / p_0` rises with every unknown event given to the group rather than to the reference group, and with
/// every other unknown trial given to the reference group rather than to the group, wherever the others are. So the
/// highest has all events with the group and all other trials with the reference group, and the lowest the reverse:
/// `high = [(x_g + mx) / (n_g + mx)] / [x_0 / (n_0 + m - mx)]`,
/// `low = [x_g / (n_g + m - mx)] / [(x_0 + mx) / (n_0 + mx)]`.
/// An unknown who belongs to neither group moves the ratio less, so both ends hold with further groups as well.
///
/// # Units
/// Events and trials of the study's unit.
///
/// # Edge cases
/// A side without events or trials at an end has no ratio there.
///
/// # Errors
/// Sums above the largest integer.
///
/// # Source
/// Manski (1989, 2003), joint extremes over one allocation of each; checked against every allocation of small counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatioBounds {
    group: Part,
    reference: Part,
    unknown: Part,
}

impl RatioBounds {
    /// Both groups and the unknown.
    ///
    /// # Errors
    /// A sum above the largest integer.
    pub fn new(group: Part, reference: Part, unknown: Part) -> Result<Self, StatsError> {
        together(&[group, reference, unknown])?;
        Ok(Self {
            group,
            reference,
            unknown,
        })
    }

    /// The counts of the group and of the reference group with the lowest ratio.
    #[must_use]
    pub fn lowest(&self) -> (Part, Part) {
        let Part { events, .. } = self.unknown;
        (
            self.group.with(0, self.unknown.rest()),
            self.reference.with(events, 0),
        )
    }

    /// The counts of the group and of the reference group with the highest ratio.
    #[must_use]
    pub fn highest(&self) -> (Part, Part) {
        let Part { events, .. } = self.unknown;
        (
            self.group.with(events, 0),
            self.reference.with(0, self.unknown.rest()),
        )
    }

    /// The smallest share of the unknown events that, given to the group and the rest of them to the reference group,
    /// makes the ratio 1; the other unknown trials are divided as the known ones of the two groups are. `None` where no
    /// share from 0 to 1 does, and where there are no unknown events or one of the groups has no trials.
    #[must_use]
    pub fn tipping_share(&self) -> Option<f64> {
        let (g, r, m) = (self.group, self.reference, self.unknown);
        if m.events == 0 || g.trials == 0 || r.trials == 0 {
            return None;
        }
        let known_rest = (g.rest() + r.rest()) as f64;
        let share = if known_rest > 0.0 {
            g.rest() as f64 / known_rest
        } else {
            0.5
        };
        let rest = m.rest() as f64;
        // Events e_g + a against e_0 + mx - a, out of those and the rest of each side: the terms in a^2 cancel.
        let rest_of_group = g.rest() as f64 + share * rest;
        let rest_of_reference = r.rest() as f64 + (1.0 - share) * rest;
        let all = rest_of_group + rest_of_reference;
        if all <= 0.0 {
            // Nothing but events on both sides: the ratio is 1 whatever the share.
            return Some(0.0);
        }
        let events = (g.events + r.events + m.events) as f64;
        let given = events * rest_of_group / all - g.events as f64;
        within_unit(given / m.events as f64)
    }
}

/// Events per head of a group and of the reference group, with events of unknown group.
///
/// # Definition
/// The ratio rises with every unknown event of the group and falls with every one of the reference group:
/// `low = [x_g / N_g] / [(x_0 + m) / N_0]`, `high = [(x_g + m) / N_g] / [x_0 / N_0]`; the ratio is 1 where the group has
/// the share `N_g / (N_g + N_0)` of the events of both.
///
/// # Units
/// Events, and people times years.
///
/// # Edge cases
/// As [`RatioBounds`].
///
/// # Errors
/// People that are not positive numbers; sums above the largest integer.
///
/// # Source
/// As [`RatioBounds`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PerHeadBounds {
    group: (u64, f64),
    reference: (u64, f64),
    unknown: u64,
}

impl PerHeadBounds {
    /// Events and people of both groups, and the events of unknown group.
    ///
    /// # Errors
    /// People that are not a positive number; a sum above the largest integer.
    pub fn new(group: (u64, f64), reference: (u64, f64), unknown: u64) -> Result<Self, StatsError> {
        for (_, people) in [group, reference] {
            if !(people > 0.0 && people.is_finite()) {
                return Err(StatsError::OutOfRange {
                    what: "people",
                    value: people,
                    allowed: "a positive number",
                });
            }
        }
        let of = |events| Part {
            events: 0,
            trials: events,
        };
        together(&[of(group.0), of(reference.0), of(unknown)])?;
        Ok(Self {
            group,
            reference,
            unknown,
        })
    }

    /// Events of the group and of the reference group with the lowest ratio.
    #[must_use]
    pub fn lowest(&self) -> (u64, u64) {
        (self.group.0, self.reference.0 + self.unknown)
    }

    /// Events of the group and of the reference group with the highest ratio.
    #[must_use]
    pub fn highest(&self) -> (u64, u64) {
        (self.group.0 + self.unknown, self.reference.0)
    }

    /// The share of the unknown events that, given to the group and the rest to the reference group, makes the ratio 1;
    /// `None` where no share from 0 to 1 does.
    #[must_use]
    pub fn tipping_share(&self) -> Option<f64> {
        if self.unknown == 0 {
            return None;
        }
        let events = (self.group.0 + self.reference.0 + self.unknown) as f64;
        let benchmark = self.group.1 / (self.group.1 + self.reference.1);
        within_unit((events * benchmark - self.group.0 as f64) / self.unknown as f64)
    }
}

fn within_unit(share: f64) -> Option<f64> {
    // An end that rounding has moved by a last bit is the end.
    const ROUNDING: f64 = 1e-12;
    (-ROUNDING..=1.0 + ROUNDING)
        .contains(&share)
        .then(|| share.clamp(0.0, 1.0))
}

/// Holds a sum of trials against the largest integer.
fn together(parts: &[Part]) -> Result<u64, StatsError> {
    let sum = parts
        .iter()
        .try_fold(0_u64, |sum, part| sum.checked_add(part.trials));
    sum.ok_or(StatsError::OutOfRange {
        what: "sum of counts",
        value: f64::INFINITY,
        allowed: "at most the largest integer",
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn part(events: u64, rest: u64) -> Part {
        Part::new(events, events + rest).unwrap()
    }

    fn rate(part: Part) -> Option<f64> {
        (part.trials > 0).then(|| part.events as f64 / part.trials as f64)
    }

    /// Every way to divide some unknown among the two groups: events and other trials of the first.
    fn allocations(unknown: Part) -> impl Iterator<Item = (u64, u64)> {
        let rest = unknown.trials - unknown.events;
        (0..=unknown.events).flat_map(move |a| (0..=rest).map(move |b| (a, b)))
    }

    fn extremes(values: impl Iterator<Item = f64>) -> (f64, f64) {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    }

    fn close(a: f64, b: f64) -> bool {
        a.total_cmp(&b).is_eq() || (a - b).abs() <= 1e-12 * b.abs().max(1.0)
    }

    proptest! {
        #[test]
        fn no_allocation_leaves_the_bounds_and_some_reach_them(
            g in (0..6_u64, 0..6_u64), r in (0..6_u64, 0..6_u64), m in (0..5_u64, 0..5_u64)
        ) {
            let (g, r, m) = (part(g.0, g.1), part(r.0, r.1), part(m.0, m.1));
            prop_assume!(g.trials > 0 && r.trials > 0);
            let of_rate = allocations(m).filter_map(|(a, b)| rate(g.with(a, b)));
            let (low, high) = extremes(of_rate);
            let bounds = Bounds::new(g, m).unwrap();
            prop_assert!(close(rate(bounds.lowest()).unwrap(), low));
            prop_assert!(close(rate(bounds.highest()).unwrap(), high));
            let rest = m.trials - m.events;
            let ratio = |(a, b): (u64, u64)| {
                let other = rate(r.with(m.events - a, rest - b))?;
                let own = rate(g.with(a, b))?;
                (own > 0.0 || other > 0.0).then(|| own / other)
            };
            let (low, high) = extremes(allocations(m).filter_map(ratio));
            let bounds = RatioBounds::new(g, r, m).unwrap();
            let at = |(own, other): (Part, Part)| rate(own).unwrap() / rate(other).unwrap();
            for (end, found) in [(at(bounds.lowest()), low), (at(bounds.highest()), high)] {
                // 0 / 0 at an end: no allocation has a ratio there.
                prop_assert!(end.is_nan() || close(end, found), "{end} {found}");
            }
        }

        #[test]
        fn further_groups_do_not_widen_the_bounds(
            g in (1..5_u64, 0..5_u64), r in (1..5_u64, 0..5_u64), m in (0..4_u64, 0..4_u64)
        ) {
            let (g, r, m) = (part(g.0, g.1), part(r.0, r.1), part(m.0, m.1));
            let bounds = RatioBounds::new(g, r, m).unwrap();
            let at = |(own, other): (Part, Part)| rate(own).unwrap() / rate(other).unwrap();
            let (low, high) = (at(bounds.lowest()), at(bounds.highest()));
            let rest = m.trials - m.events;
            for (a, b) in allocations(m) {
                for a0 in 0..=m.events - a {
                    for b0 in 0..=rest - b {
                        let ratio = at((g.with(a, b), r.with(a0, b0)));
                        prop_assert!(low <= ratio * (1.0 + 1e-12) && ratio <= high * (1.0 + 1e-12));
                    }
                }
            }
        }

        #[test]
        fn per_head_no_allocation_leaves_the_bounds(
            g in 0..8_u64, r in 1..8_u64, m in 0..8_u64, people in (1..50_u32, 1..50_u32)
        ) {
            let (own, other) = (f64::from(people.0), f64::from(people.1));
            let ratio = |x: u64, y: u64| (x as f64 / own) / (y as f64 / other);
            let (low, high) = extremes((0..=m).map(|a| ratio(g + a, r + m - a)));
            let bounds = PerHeadBounds::new((g, own), (r, other), m).unwrap();
            prop_assert!(close(ratio(bounds.lowest().0, bounds.lowest().1), low));
            prop_assert!(close(ratio(bounds.highest().0, bounds.highest().1), high));
            if let Some(q) = bounds.tipping_share() {
                let given = q * m as f64;
                let at = ((g as f64 + given) / own) / ((r as f64 + m as f64 - given) / other);
                prop_assert!(close(at, 1.0) || q >= 1.0, "{at}");
            } else {
                prop_assert!(m == 0 || low > 1.0 || high < 1.0);
            }
        }

        #[test]
        fn the_tipping_share_is_the_smallest_that_makes_the_ratio_one(
            g in (0..9_u64, 1..9_u64), r in (0..9_u64, 1..9_u64), m in (1..9_u64, 0..9_u64)
        ) {
            let (g, r, m) = (part(g.0, g.1), part(r.0, r.1), part(m.0, m.1));
            let bounds = RatioBounds::new(g, r, m).unwrap();
            let rest = (m.trials - m.events) as f64;
            let share = (g.trials - g.events) as f64
                / (g.trials - g.events + r.trials - r.events) as f64;
            let difference = |q: f64| {
                let a = q * m.events as f64;
                let own = (g.events as f64 + a) / (g.trials as f64 + a + share * rest);
                let left = m.events as f64 - a;
                own - (r.events as f64 + left) / (r.trials as f64 + left + (1.0 - share) * rest)
            };
            // On a fine grid the difference of the rates only rises.
            let grid: Vec<f64> = (0..=500).map(|i| f64::from(i) / 500.0).collect();
            prop_assert!(grid.windows(2).all(|w| difference(w[0]) <= difference(w[1]) + 1e-12));
            match bounds.tipping_share() {
                Some(q) => {
                    prop_assert!(difference(q).abs() < 1e-9);
                    prop_assert!(grid.iter().filter(|at| **at < q - 1e-9).all(|at| difference(*at) < 0.0));
                }
                None => prop_assert!(difference(0.0) > 0.0 || difference(1.0) < 0.0),
            }
        }
    }

    /// By hand: 30 of 100 and 20 of 100, with 10 of 50 unknown. Low 30/140 and 30/130, high 40/110 and 20/140.
    #[test]
    fn bounds_by_hand() {
        let bounds = RatioBounds::new(part(30, 70), part(20, 80), part(10, 40)).unwrap();
        assert_eq!(bounds.lowest(), (part(30, 110), part(30, 80)));
        assert_eq!(bounds.highest(), (part(40, 70), part(20, 120)));
        // The rest of the group is 70 + 40 * 70/150, that of the other 80 + 40 * 80/150: 7 to 8. Of 60 events 28 would be
        // the group's, which is fewer than its 30: no share tips it.
        assert_eq!(bounds.tipping_share(), None);
        let bounds = RatioBounds::new(part(20, 70), part(20, 80), part(20, 0)).unwrap();
        assert!(close(bounds.tipping_share().unwrap(), 0.4), "28 - 20 of 20");
    }
}
