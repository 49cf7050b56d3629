//! Ratios corrected for people of one group who were recorded as another.

use super::material::Material;
use super::{Question, Size};
use crate::analyses::measures::{Comparer, Pair, without_intervals};
use crate::cells::{Groups, Misrecorded};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Comparison, Line};
use crate::stats::at_random::{log_events_slope, log_rate_slope};
use crate::stats::misrecorded::{Entry, Gap, Misrecording, Size as OutOf};
use crate::warning::Warning;

/// The matrix of the study in the order of some groups.
///
/// # Errors
/// A matrix that cannot be inverted, at the first of its entries.
pub(super) fn matrix(groups: &Groups, order: &[String]) -> Result<Option<Misrecording>, Error> {
    let Some(first) = groups.misrecorded.first() else {
        return Ok(None);
    };
    let at = |name: &str| order.iter().position(|group| group == name);
    let entries: Vec<Entry> = groups
        .misrecorded
        .iter()
        .map(toml::Spanned::get_ref)
        .filter_map(|own| {
            Some(Entry {
                truth: at(&own.truth)?,
                recorded: at(&own.recorded)?,
                share: own.share,
                std_error: std_error(own).unwrap_or(0.0),
            })
        })
        .collect();
    Misrecording::new(order.len(), entries).map(Some).map_err(|error| {
        Error::study(
            first.span(),
            format!("this misrecording cannot be undone: {error}"),
            "the shares of a group that are recorded as others add up to less than 1, and no two groups are recorded as each other by half",
        )
    })
}

fn std_error(own: &Misrecorded) -> Option<f64> {
    match (own.n, own.share_low, own.share_high) {
        (Some(n), ..) => Some(Entry::error_of_sample(own.share, n)),
        (None, Some(low), Some(high)) => Some(Entry::error_of_interval(low, high)),
        _ => None,
    }
}

impl Question<'_> {
    /// The corrected ratio of a pair, and of each declared error the share that would close the gap.
    pub(super) fn corrected(
        &self,
        material: &Material,
        pair: &Pair<'_>,
    ) -> Result<Vec<Line>, Error> {
        let groups = &self.answers.setting.groups;
        let order = self.order(material);
        let Some(matrix) = matrix(groups, &order)? else {
            return Ok(Vec::new());
        };
        let at = |name: &str| order.iter().position(|group| group == name);
        let (Some(g), Some(r)) = (at(pair.group), at(pair.others[0])) else {
            return Ok(Vec::new());
        };
        let recorded = |pick: &dyn Fn(&str) -> f64| -> Vec<f64> {
            order.iter().map(|group| pick(group)).collect()
        };
        let tally = |group: &str| pair.stratum.tally(group).unwrap_or_default();
        let events = recorded(&|group| tally(group).events as f64);
        let sizes = recorded(&|group| tally(group).size().unwrap_or_default());
        let rest: Vec<f64> = match self.size {
            Size::People(_) => vec![0.0; events.len()],
            _ => sizes.iter().zip(&events).map(|(n, x)| n - x).collect(),
        };
        let mut ratio = self.rests_on_both(pair, glossary::RATIO_CORRECTED);
        let sides = pair.sides(&mut ratio);
        if sides.is_some() && !ratio.warnings.contains(&Warning::EmptyDenominator) {
            self.put_corrected(
                &mut ratio,
                (&matrix, &order),
                ([&events, &rest], &sizes, [g, r]),
            )?;
        }
        let gap = Gap {
            events: &events,
            size: match self.size {
                Size::People(_) => OutOf::People(&sizes),
                _ => OutOf::Trials(&sizes),
            },
            group: g,
            reference: r,
        };
        let closing = match sides {
            Some(_) => self.closing(pair, &matrix, &gap),
            None => Vec::new(),
        };
        Ok(std::iter::once(ratio).chain(closing).collect())
    }

    /// A line that rests on the pair and on every group of a declared error.
    fn rests_on_both(&self, pair: &Pair<'_>, estimand: Estimand) -> Line {
        let comparer = Comparer {
            outcome: self.common.outcome,
            baseline: self.size.baseline(),
            level: self.common.level,
            per: self.per,
        };
        let mut line = pair.line(&comparer, Comparison::Reference, estimand);
        let groups = &self.answers.setting.groups;
        let named = groups.misrecorded.iter().map(toml::Spanned::get_ref);
        let named: Vec<&str> = named
            .flat_map(|own| [own.truth.as_str(), own.recorded.as_str()])
            .collect();
        line.rests_on
            .extend(pair.stratum.rests_on(&self.common.outcome.name, &named));
        line
    }

    /// Of every declared error that touches the pair, the share that would close the gap.
    fn closing(&self, pair: &Pair<'_>, matrix: &Misrecording, gap: &Gap<'_>) -> Vec<Line> {
        let groups = &self.answers.setting.groups;
        let touches = |own: &Misrecorded| {
            let named = [&own.truth, &own.recorded];
            named
                .into_iter()
                .any(|name| name == pair.group || name == pair.others[0])
        };
        let one = |(i, own): (usize, &Misrecorded)| {
            let mut line =
                without_intervals(&self.rests_on_both(pair, glossary::CLOSING_MISRECORDING));
            line.benchmark = Some(format!(
                "{} recorded as {}",
                groups.label(&own.truth),
                groups.label(&own.recorded)
            ));
            line.estimate = matrix.closing(i, gap);
            if line.estimate.is_none() {
                line.warn(Warning::NothingCloses);
            }
            line
        };
        let entries = groups.misrecorded.iter().map(toml::Spanned::get_ref);
        let touching = entries.enumerate().filter(|(_, own)| touches(own));
        touching.map(one).collect()
    }

    /// The groups of the data, and those that the study names.
    fn order(&self, material: &Material) -> Vec<String> {
        let mut order = self.answers.setting.groups.known();
        for group in &material.groups {
            if !order.contains(group) {
                order.push(group.clone());
            }
        }
        order
    }

    /// Fewer than none of a group in the whole data is a fault of the study; in one of several strata it may be chance.
    fn put_corrected(
        &self,
        line: &mut Line,
        (matrix, order): (&Misrecording, &[String]),
        (recorded, sizes, [g, r]): ([&[f64]; 2], &[f64], [usize; 2]),
    ) -> Result<(), Error> {
        let groups = &self.answers.setting.groups;
        let [events, rest] = recorded.map(|counts| matrix.corrected(counts));
        let below = (0..order.len()).find(|&i| events[i] < 0.0 || rest[i] < 0.0);
        if let Some(i) = below {
            if self.common.by.is_empty() {
                let span = groups.misrecorded.first().map_or(0..0, toml::Spanned::span);
                return Err(Error::study(
                    span,
                    format!(
                        "with this misrecording there would be fewer than none of `{}`",
                        order[i]
                    ),
                    "more people are said to be recorded as that group than it has: look at the shares and at which group is the true one",
                ));
            }
            line.warn(Warning::Impossible {
                group: groups.label(&order[i]).to_owned(),
            });
            return Ok(());
        }
        let side = |i: usize, sign: f64| match self.size {
            Size::People(_) => (sizes[i], log_events_slope(i, [events[i], 0.0], sign)),
            _ => (
                events[i] + rest[i],
                log_rate_slope(i, [events[i], rest[i]], sign),
            ),
        };
        let ((n_g, up), (n_r, down)) = (side(g, 1.0), side(r, -1.0));
        line.estimate =
            Some((events[g] / n_g) / (events[r] / n_r)).filter(|ratio| ratio.is_finite());
        if line.estimate.is_none() {
            line.warn(Warning::Undefined);
            return Ok(());
        }
        let is_exact = |own: &toml::Spanned<Misrecorded>| std_error(own.get_ref()).is_none();
        let is_exact = groups.misrecorded.iter().any(is_exact);
        if is_exact {
            line.warn(Warning::MisrecordingTakenAsExact);
        }
        if let (Some(up), Some(down)) = (up, down) {
            let variance = matrix.variance(recorded, &[up, down]);
            let method = if is_exact {
                "log delta of the corrected counts"
            } else {
                "log delta of the corrected counts, with the error of the shares of misrecording"
            };
            self.put_delta(line, variance, method.into());
        }
        Ok(())
    }
}
