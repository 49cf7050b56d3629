//! Ratios to the reference group: as recorded, missing at random, the lowest and highest that any allocation gives, and the
//! share of the unknown that tips them.

use super::material::Material;
use super::{Question, Size, part};
use crate::analyses::measures::{Comparer, Pair, without_intervals};
use crate::analyses::noise::{Noise, Shape, Side, refused};
use crate::analyses::strata::Tally;
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Comparison, CountRef, Line};
use crate::stats::at_random::{log_events_slope, log_rate_slope};
use crate::stats::missing::{PerHeadBounds, RatioBounds};
use crate::warning::Warning;

/// The counts of both sides at the two ends, and the share that tips the ratio.
struct Ends {
    lowest: (Tally, Tally),
    highest: (Tally, Tally),
    tipping: Option<f64>,
}

impl Question<'_> {
    /// The ratios of every compared group.
    pub(super) fn ratios(&self, material: &Material) -> Result<Vec<Line>, Error> {
        let groups = &self.answers.setting.groups;
        let reference = groups.reference();
        let comparer = self.comparer();
        let mut lines = Vec::new();
        for group in groups.compared() {
            let sides = [group, reference].map(|side| Side::Group(side.to_owned()));
            let noise = Noise::fit(
                &material.strata,
                sides.to_vec(),
                (Shape::Ratio, self.common.uncertainty()),
            )?;
            for stratum in &material.strata {
                let pair = Pair {
                    stratum,
                    group,
                    label: groups.label(group),
                    other: stratum.tally(reference),
                    other_label: groups.label(reference),
                    others: vec![reference],
                };
                let recorded = comparer.ratio(&pair, &noise, Comparison::Reference)?;
                if material.has_unknown() {
                    lines.push(recorded.clone());
                    lines.push(self.ratio_at_random(material, &pair)?);
                    lines.extend(self.bounds(material, &pair)?);
                } else {
                    lines.push(recorded.clone());
                }
                lines.extend(self.corrected(material, &pair)?);
            }
        }
        Ok(lines)
    }

    fn comparer(&self) -> Comparer<'_> {
        Comparer {
            outcome: self.common.outcome,
            baseline: self.size.baseline(),
            level: self.common.level,
            per: self.per,
        }
    }

    /// A line of a pair with the unknown.
    fn line(&self, pair: &Pair<'_>, estimand: Estimand, unknown: &[CountRef]) -> Line {
        let line = pair.line(&self.comparer(), Comparison::Reference, estimand);
        self.with_unknown(line, unknown)
    }

    /// Both ends of the bounds, the tipping share, and the share of the known beside it.
    fn bounds(&self, material: &Material, pair: &Pair<'_>) -> Result<Vec<Line>, Error> {
        let unknown = material.unknown(pair.stratum);
        let refs = material.unknown_refs(pair.stratum);
        let line = |estimand| self.line(pair, estimand, &refs);
        let mut tipping = without_intervals(&line(glossary::TIPPING_UNKNOWN));
        let known = without_intervals(&line(glossary::KNOWN_SHARE));
        let ends = match pair.sides(&mut Line::new(
            &[],
            "",
            Comparison::None,
            glossary::RISK_RATIO,
        )) {
            Some(sides) => self.ends(sides, unknown)?,
            None => None,
        };
        let mut lines = Vec::new();
        for (estimand, is_high) in [
            (glossary::LOWEST_RATIO, false),
            (glossary::HIGHEST_RATIO, true),
        ] {
            let mut end = line(estimand);
            match &ends {
                None => {
                    pair.sides(&mut end);
                    if end.warnings.is_empty() {
                        end.warn(Warning::EmptyDenominator);
                    }
                }
                Some(ends) => {
                    let sides = if is_high { ends.highest } else { ends.lowest };
                    self.put_end(&mut end, pair, sides)?;
                }
            }
            lines.push(end);
        }
        tipping.estimate = ends.as_ref().and_then(|ends| ends.tipping);
        (tipping.events, tipping.trials) = (Some(unknown.events), None);
        if tipping.estimate.is_none() {
            tipping.warn(match &ends {
                Some(_) if unknown.events > 0 => Warning::NoTipping,
                Some(_) => Warning::NothingUnknown,
                None => Warning::EmptyDenominator,
            });
        }
        lines.push(tipping);
        lines.push(known_share(known, pair));
        Ok(lines)
    }

    /// The counts at both ends; `None` where a side has nothing to divide by.
    fn ends(&self, (group, other): (Tally, Tally), unknown: Tally) -> Result<Option<Ends>, Error> {
        let is_empty = |tally: &Tally| tally.size().is_none_or(|size| size <= 0.0);
        if is_empty(&group) || is_empty(&other) {
            return Ok(None);
        }
        let Size::People(_) = self.size else {
            let parts = (
                part(group.events, group.trials)?,
                part(other.events, other.trials)?,
                part(unknown.events, unknown.trials)?,
            );
            let bounds = RatioBounds::new(parts.0, parts.1, parts.2).map_err(refused)?;
            let tally = |part: crate::stats::missing::Part| Tally {
                events: part.events,
                trials: Some(part.trials),
                people: None,
            };
            let both = |(a, b)| (tally(a), tally(b));
            return Ok(Some(Ends {
                lowest: both(bounds.lowest()),
                highest: both(bounds.highest()),
                tipping: bounds.tipping_share(),
            }));
        };
        let people = |tally: Tally| (tally.events, tally.size().unwrap_or_default());
        let bounds =
            PerHeadBounds::new(people(group), people(other), unknown.events).map_err(refused)?;
        let both =
            |(a, b): (u64, u64)| (Tally { events: a, ..group }, Tally { events: b, ..other });
        Ok(Some(Ends {
            lowest: both(bounds.lowest()),
            highest: both(bounds.highest()),
            tipping: bounds.tipping_share(),
        }))
    }

    /// The ratio of one end, with the interval of counting of its table.
    fn put_end(
        &self,
        line: &mut Line,
        pair: &Pair<'_>,
        sides: (Tally, Tally),
    ) -> Result<(), Error> {
        (line.events, line.trials) = (Some(sides.0.events), sides.0.trials);
        self.comparer().counted_ratio(line, sides)?;
        for (tally, label) in [(sides.0, pair.label), (sides.1, pair.other_label)] {
            if tally.events == 0 {
                line.warn(Warning::NoEvents {
                    side: label.to_owned(),
                });
            }
        }
        if let Some(band) = &mut line.counting {
            band.method.push_str(" at this end of the bounds");
        }
        Ok(())
    }

    /// The ratio if the group is missing at random within strata.
    fn ratio_at_random(&self, material: &Material, pair: &Pair<'_>) -> Result<Line, Error> {
        let refs = material.unknown_refs(pair.stratum);
        let mut line = self.line(pair, glossary::RATIO_AT_RANDOM, &refs);
        let names = pair.stratum.group_names().into_iter();
        line.rests_on
            .extend(pair.stratum.rests_on_sum(&self.common.outcome.name, names));
        let reference = pair.others[0];
        line.fitted_on = material.families(pair.stratum, &[pair.group, reference]);
        line.is_of_spread = true;
        let Some((own, other)) = pair.sides(&mut line) else {
            return Ok(line);
        };
        let (at_random, groups) = self.at_random(material, pair.stratum)?;
        let position = |name: &str| groups.iter().position(|group| group == name);
        let (Some(g), Some(r)) = (position(pair.group), position(reference)) else {
            return Ok(line);
        };
        let (Some(a), Some(b)) = (at_random.of(g), at_random.of(r)) else {
            line.warn(Warning::Undefined);
            return Ok(line);
        };
        if at_random.stray() > 0.0 {
            line.warn(Warning::UnknownAlone);
        }
        let (sizes, slopes) = match self.size {
            Size::People(_) => (
                (own.size(), other.size()),
                log_events_slope(g, a, 1.0).zip(log_events_slope(r, b, -1.0)),
            ),
            _ => (
                (Some(a[0] + a[1]), Some(b[0] + b[1])),
                log_rate_slope(g, a, 1.0).zip(log_rate_slope(r, b, -1.0)),
            ),
        };
        let sizes = sizes.0.zip(sizes.1).filter(|(x, y)| *x > 0.0 && *y > 0.0);
        line.estimate = sizes
            .map(|(x, y)| (a[0] / x) / (b[0] / y))
            .filter(|ratio| ratio.is_finite());
        if let Some((up, down)) = slopes {
            let variance = at_random.variance(&[up, down]);
            self.put_delta(&mut line, variance, self.at_random_words());
        }
        if line.estimate.is_none() {
            line.warn(Warning::Undefined);
        }
        Ok(line)
    }
}

/// The group's share of the known events of both groups.
fn known_share(mut line: Line, pair: &Pair<'_>) -> Line {
    let events = pair.stratum.tally(pair.group).zip(pair.other);
    let events = events.map(|(own, other)| (own.events, own.events + other.events));
    match events.filter(|(_, all)| *all > 0) {
        Some((own, all)) => {
            line.estimate = Some(own as f64 / all as f64);
            (line.events, line.trials, line.exposure) = (Some(own), Some(all), None);
        }
        None => line.warn(Warning::EmptyDenominator),
    }
    line
}
