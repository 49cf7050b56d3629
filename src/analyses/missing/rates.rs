//! Rates of each group: as recorded, missing at random, and the lowest and highest that any allocation gives.

use super::material::Material;
use super::{Question, Size, part};
use crate::analyses::noise::refused;
use crate::analyses::rates;
use crate::analyses::strata::{Stratum, Tally};
use crate::cells::UNKNOWN;
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, Line, Variance};
use crate::stats::Interval;
use crate::stats::at_random::{AtRandom, Slope, Within, log_events_slope, log_rate_slope};
use crate::stats::missing::Bounds;
use crate::warning::Warning;

impl Question<'_> {
    /// The rates of every group that is shown.
    pub(super) fn rates(&self, material: &Material) -> Result<Vec<Line>, Error> {
        let groups = &self.answers.setting.groups;
        let mut lines = self.recorded(&material.strata)?;
        if !material.has_unknown() {
            return Ok(lines);
        }
        for group in groups.shown() {
            for stratum in &material.strata {
                lines.push(self.rate_at_random(material, stratum, group)?);
                lines.extend(self.ends_of_rate(material, stratum, group)?);
            }
        }
        Ok(lines)
    }

    fn recorded(&self, strata: &[Stratum]) -> Result<Vec<Line>, Error> {
        let groups = &self.answers.setting.groups;
        if matches!(self.size, Size::Shares) {
            let shares = rates::Shares {
                outcome: self.common.outcome,
                level: self.common.level,
            };
            return shares.lines(strata, groups);
        }
        self.rates_of().lines(strata, groups)
    }

    fn rates_of(&self) -> rates::Question<'_> {
        rates::Question {
            outcome: self.common.outcome,
            baseline: self.size.baseline(),
            per: self.per,
            uncertainty: self.common.uncertainty(),
        }
    }

    /// A line of one group in a stratum with the unknown.
    fn line_of(
        &self,
        (material, stratum): (&Material, &Stratum),
        group: &str,
        estimand: Estimand,
    ) -> Line {
        let label = self.answers.setting.groups.label(group);
        let mut line = Line::new(&stratum.at, label, Comparison::None, estimand);
        line.benchmark = self.size.baseline().map(|baseline| baseline.name.clone());
        let name = &self.common.outcome.name;
        line.rests_on = stratum.rests_on(name, &[group]);
        if matches!(self.size, Size::Shares) {
            line.rests_on
                .extend(stratum.rests_on_sum(name, stratum.group_names().into_iter()));
        }
        let mut line = self.with_unknown(line, &material.unknown_refs(stratum));
        if let Some(tally) = stratum.tally(group) {
            line.events = Some(tally.events);
            line.trials = tally.trials;
            line.exposure = tally.people.map(|people| people.person_years());
            if matches!(self.size, Size::Shares) {
                line.trials = stratum.all().map(|all| all.events);
            }
        } else {
            line.warn(Warning::GroupAbsent {
                group: label.to_owned(),
            });
        }
        line
    }

    /// Both ends of the bounds of a rate, each with the interval of counting of its own table.
    fn ends_of_rate(
        &self,
        material: &Material,
        stratum: &Stratum,
        group: &str,
    ) -> Result<Vec<Line>, Error> {
        let unknown = material.unknown(stratum);
        let names = match self.size {
            Size::People(_) => [glossary::LOWEST_RATE, glossary::HIGHEST_RATE],
            _ => [glossary::LOWEST_PROPORTION, glossary::HIGHEST_PROPORTION],
        };
        let mut lines = Vec::new();
        for (estimand, is_high) in names.into_iter().zip([false, true]) {
            let mut line = self.line_of((material, stratum), group, estimand);
            let Some(tally) = stratum.tally(group) else {
                lines.push(line);
                continue;
            };
            let end = self.end(stratum, (tally, unknown), is_high)?;
            let words = " at this end of the bounds";
            let counted = match self.size {
                Size::Shares => Line {
                    events: Some(end.events),
                    trials: end.trials,
                    ..self.shares_of(&end)?
                },
                _ => self.rates_of().line(stratum, Some(end), &line.group)?,
            };
            (line.events, line.trials) = (counted.events, counted.trials);
            (line.estimate, line.counting) = (counted.estimate, counted.counting);
            if self.common.outcome.annual_average {
                line.counting = None;
            }
            if let Some(band) = &mut line.counting {
                band.method.push_str(words);
            }
            for warning in counted.warnings {
                line.warn(warning);
            }
            lines.push(line);
        }
        Ok(lines)
    }

    fn shares_of(&self, end: &Tally) -> Result<Line, Error> {
        let of_trials = rates::Question {
            baseline: None,
            ..self.rates_of()
        };
        let mut line = Line::new(&[], "", Comparison::None, glossary::SHARE);
        of_trials.proportion(&mut line, end.events, end.trials.unwrap_or_default())?;
        if line.estimate.is_none() {
            line.warn(Warning::EmptyDenominator);
        }
        Ok(line)
    }

    /// The counts of a group at one end of its bounds.
    fn end(
        &self,
        stratum: &Stratum,
        (tally, unknown): (Tally, Tally),
        is_high: bool,
    ) -> Result<Tally, Error> {
        Ok(match self.size {
            Size::Trials => {
                let of = (
                    part(tally.events, tally.trials)?,
                    part(unknown.events, unknown.trials)?,
                );
                let bounds = Bounds::new(of.0, of.1).map_err(refused)?;
                let end = if is_high {
                    bounds.highest()
                } else {
                    bounds.lowest()
                };
                Tally {
                    events: end.events,
                    trials: Some(end.trials),
                    people: None,
                }
            }
            Size::People(_) | Size::Shares => {
                let given = if is_high { unknown.events } else { 0 };
                let all = stratum.all().unwrap_or_default().events;
                let is_share = matches!(self.size, Size::Shares);
                Tally {
                    events: tally.events + given,
                    trials: is_share.then_some(all + unknown.events),
                    people: tally.people,
                }
            }
        })
    }

    /// The rate if the group is missing at random within strata.
    fn rate_at_random(
        &self,
        material: &Material,
        stratum: &Stratum,
        group: &str,
    ) -> Result<Line, Error> {
        let estimand = match self.size {
            Size::People(_) => glossary::RATE_AT_RANDOM,
            _ => glossary::PROPORTION_AT_RANDOM,
        };
        let mut line = self.line_of((material, stratum), group, estimand);
        let names = stratum.group_names().into_iter();
        line.rests_on
            .extend(stratum.rests_on_sum(&self.common.outcome.name, names));
        line.fitted_on = material.families(stratum, &[group]);
        line.is_of_spread = true;
        let (at_random, groups) = self.at_random(material, stratum)?;
        let Some(at) = groups.iter().position(|own| *own == group) else {
            return Ok(line);
        };
        let Some(counts) = at_random.of(at) else {
            line.warn(Warning::Undefined);
            return Ok(line);
        };
        if at_random.stray() > 0.0 {
            line.warn(Warning::UnknownAlone);
        }
        let (size, slopes) = match self.size {
            Size::Trials => (
                counts[0] + counts[1],
                Vec::from_iter(log_rate_slope(at, counts, 1.0)),
            ),
            Size::People(_) => {
                let people = stratum.tally(group).and_then(|tally| tally.size());
                let slope = log_events_slope(at, counts, 1.0);
                (people.unwrap_or_default() / self.per, Vec::from_iter(slope))
            }
            Size::Shares => shares(&at_random, groups.len(), at),
        };
        if size <= 0.0 {
            line.warn(Warning::EmptyDenominator);
            return Ok(line);
        }
        line.estimate = Some(counts[0] / size);
        if slopes.is_empty() {
            line.warn(Warning::NoEvents {
                side: line.group.clone(),
            });
        } else {
            self.put_delta(
                &mut line,
                at_random.variance(&slopes),
                self.at_random_words(),
            );
        }
        if let (Size::Trials | Size::Shares, Some(band)) = (self.size, &mut line.counting) {
            band.interval = Interval::new(band.interval.low, band.interval.high.min(1.0));
            band.test = None;
        }
        Ok(line)
    }

    /// The counts within which the group is missing at random, and the groups in their order.
    pub(super) fn at_random<'m>(
        &self,
        material: &'m Material,
        stratum: &Stratum,
    ) -> Result<(AtRandom, &'m [String]), Error> {
        let counts = |tally: Option<Tally>| -> [u64; 2] {
            let tally = tally.unwrap_or_default();
            let rest = match self.size {
                Size::Trials => tally.trials.unwrap_or(tally.events) - tally.events,
                _ => 0,
            };
            [tally.events, rest]
        };
        let of = |(known, unknown): &(Stratum, Option<Stratum>)| Within {
            known: material
                .groups
                .iter()
                .map(|group| counts(known.tally(group)))
                .collect(),
            unknown: counts(unknown.as_ref().and_then(|own| own.tally(UNKNOWN))),
        };
        let strata: Vec<Within> = material.within(stratum).iter().map(of).collect();
        let at_random = if strata.is_empty() {
            AtRandom::new(vec![Within {
                known: vec![[0, 0]; material.groups.len()],
                unknown: [0, 0],
            }])
        } else {
            AtRandom::new(strata)
        };
        Ok((at_random.map_err(refused)?, &material.groups))
    }

    /// The interval of a number from the variance of its logarithm; annual averages have none.
    pub(super) fn put_delta(&self, line: &mut Line, variance: f64, method: String) {
        let Some(estimate) = line.estimate.filter(|estimate| *estimate > 0.0) else {
            return;
        };
        if self.common.outcome.annual_average || variance <= 0.0 {
            return;
        }
        let error = variance.sqrt();
        let band: Band = crate::analyses::bands::log_band(
            (estimate, error, None),
            method,
            (self.common.level, Variance::Counting),
        );
        line.std_error = Some(error);
        line.counting = Some(band);
    }
}

/// All events at random, and how the logarithm of a share of them depends on those of each group.
fn shares(at_random: &AtRandom, groups: usize, own: usize) -> (f64, Vec<Slope>) {
    let events = |group: usize| at_random.of(group).map_or(0.0, |counts| counts[0]);
    let all: f64 = (0..groups).map(events).sum();
    let slope = |group: usize| Slope {
        group,
        by: [
            f64::from(u8::from(group == own)) / events(own) - 1.0 / all,
            0.0,
        ],
    };
    let slopes = if events(own) > 0.0 {
        (0..groups).map(slope).collect()
    } else {
        Vec::new()
    };
    (all, slopes)
}
