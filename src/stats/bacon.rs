//! The comparisons a two-way coefficient is made of (Goodman-Bacon 2021).
//!
//! For showing why one coefficient misleads under staggered dates: it is a weighted mean of two-by-two comparisons, and
//! some of them take units already treated as controls.

use serde::{Deserialize, Serialize};

use super::group_time::{GroupTimeError, Sample};
use super::two_way::needs_panel;

/// Who is compared with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparisonKind {
    /// A cohort against units never treated within the panel.
    TreatedAgainstNever,
    /// A cohort against units treated throughout: what they do later is taken for a trend.
    TreatedAgainstAlways,
    /// A cohort against one treated later, before that is treated.
    EarlierAgainstLater,
    /// A cohort against one treated earlier, which is treated already: its effect's change counts negatively.
    LaterAgainstEarlier,
}

/// One two-by-two comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TwoByTwoComparison {
    /// Who is compared with whom.
    pub kind: ComparisonKind,
    /// The cohort whose treatment begins within the comparison.
    pub treated: i32,
    /// The first treated period of the controls; `None` if they never are.
    pub control: Option<i32>,
    /// The difference in differences.
    pub estimate: f64,
    /// Its weight in the two-way coefficient; the weights sum to 1.
    pub weight: f64,
}

/// A cohort as the two-way coefficient sees it.
struct Group {
    first: Option<i32>,
    size: f64,
    /// The share of periods in which it is treated.
    treated: f64,
    /// Its mean in each period.
    means: Vec<f64>,
}

impl Group {
    fn mean(&self, places: std::ops::Range<usize>) -> f64 {
        let periods = places.len() as f64;
        self.means[places].iter().sum::<f64>() / periods
    }

    /// Its change from one span of periods to the next.
    fn change(&self, from: usize, at: usize, to: usize) -> f64 {
        self.mean(at..to) - self.mean(from..at)
    }
}

impl Sample {
    /// The two-by-two comparisons of which [`Sample::two_way`] is the weighted mean.
    ///
    /// # Definition
    /// For cohorts k and l by size n and share of treated periods D: against units of constant treatment a weight
    /// proportional to (n_k + n_u)^2 s(1 - s) D_k(1 - D_k), s = n_k/(n_k + n_u); earlier k against later l, before l is
    /// treated, ((n_k + n_l)(1 - D_l))^2 s(1 - s) (D_k - D_l)(1 - D_k)/(1 - D_l)^2; later l against earlier k, from k's
    /// treatment on, ((n_k + n_l) D_k)^2 s(1 - s) D_l(D_k - D_l)/D_k^2. Sizes are sums of weights.
    ///
    /// # Units
    /// Estimates in those of the outcome; weights are shares.
    ///
    /// # Edge cases
    /// A cohort treated after the last period counts as never treated and is listed with its date.
    ///
    /// # Errors
    /// [`GroupTimeError::NotAPanel`]; [`GroupTimeError::NoTreated`] when nothing varies in time.
    ///
    /// # Source
    /// Goodman-Bacon (2021), theorem 1 and equations 7 to 10. Agrees with `diff_diff`.
    pub fn bacon(&self) -> Result<Vec<TwoByTwoComparison>, GroupTimeError> {
        needs_panel(self)?;
        let periods = self.times.len();
        let start = |g: Option<i32>| g.map_or(periods, |g| self.times.partition_point(|&t| t < g));
        let groups: Vec<Group> = (0..self.cohorts.len())
            .map(|h| group(self, h, start(self.cohorts[h])))
            .collect();
        let mut all = Vec::new();
        for k in &groups {
            let at = start(k.first);
            let (Some(treated), 1..) = (k.first, at) else {
                continue;
            };
            if at == periods {
                continue;
            }
            for other in &groups {
                let begins = start(other.first);
                if begins == at {
                    continue;
                }
                let (s, sum) = (k.size / (k.size + other.size), k.size + other.size);
                let spread = sum * sum * s * (1.0 - s);
                let (own, theirs) = (k.treated, other.treated);
                let (kind, span, weight) = match begins {
                    0 => (
                        ComparisonKind::TreatedAgainstAlways,
                        0..periods,
                        own * (1.0 - own),
                    ),
                    late if late == periods => (
                        ComparisonKind::TreatedAgainstNever,
                        0..periods,
                        own * (1.0 - own),
                    ),
                    late if late > at => (
                        ComparisonKind::EarlierAgainstLater,
                        0..late,
                        (own - theirs) * (1.0 - own),
                    ),
                    early => (
                        ComparisonKind::LaterAgainstEarlier,
                        early..periods,
                        own * (theirs - own),
                    ),
                };
                let change = |group: &Group| group.change(span.start, at, span.end);
                all.push(TwoByTwoComparison {
                    kind,
                    treated,
                    control: other.first,
                    estimate: change(k) - change(other),
                    weight: spread * weight,
                });
            }
        }
        let total: f64 = all.iter().map(|comparison| comparison.weight).sum();
        if all.is_empty() {
            return Err(GroupTimeError::NoTreated);
        }
        all.iter_mut()
            .for_each(|comparison| comparison.weight /= total);
        Ok(all)
    }
}

fn group(sample: &Sample, cohort: usize, start: usize) -> Group {
    let (periods, members) = (sample.times.len(), &sample.members[cohort]);
    let size: f64 = members.iter().map(|&unit| sample.weight[unit]).sum();
    let mean = |t: usize| {
        let total: f64 = members
            .iter()
            .map(|&unit| sample.weight[unit] * sample.at(unit, t))
            .sum();
        total / size
    };
    Group {
        first: sample.cohorts[cohort],
        size,
        treated: (periods - start) as f64 / periods as f64,
        means: (0..periods).map(mean).collect(),
    }
}
