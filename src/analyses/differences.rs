//! Differences of rates and of proportions in one stratum.

use super::bands::linear_band;
use super::measures::{Comparer, Pair, two_by_two};
use super::noise::{Difference, Noise, refused};
use super::strata::Tally;
use crate::error::Error;
use crate::findings::{Comparison, Line, Variance, glossary};
use crate::ingest::Baseline;
use crate::stats::rate::Rate;
use crate::stats::rate_ratio::RateRatio;
use crate::stats::two_by_two::RiskDifferenceMethod;
use crate::warning::Warning;

impl Comparer<'_> {
    /// The rate of the group less that of the other side.
    pub(super) fn difference(&self, pair: &Pair<'_>, noise: &Noise<'_>) -> Result<Line, Error> {
        let estimand = if self.baseline.is_some() {
            glossary::RATE_DIFFERENCE
        } else {
            glossary::RISK_DIFFERENCE
        };
        let mut line = pair.line(self, Comparison::Reference, estimand);
        let Some((group, other)) = pair.sides(&mut line) else {
            return Ok(line);
        };
        let difference = match (group.trials, other.trials) {
            (Some(n1), Some(n2)) => {
                self.risk_difference(&mut line, (group.events, n1), (other.events, n2))?
            }
            _ => self.rate_difference(&mut line, (group, other))?,
        };
        noise.put_difference(&mut line, pair.stratum, difference)?;
        Ok(line)
    }

    fn risk_difference(
        &self,
        line: &mut Line,
        group: (u64, u64),
        other: (u64, u64),
    ) -> Result<Result<Difference, Warning>, Error> {
        let table = two_by_two(group, other)?;
        line.estimate = table.risk_difference();
        // No p-value beside it: none agrees with this interval. The score test stands with the ratio.
        line.counting = table
            .risk_difference_interval(RiskDifferenceMethod::Newcombe, self.level)
            .map(|i| self.band(i, "Newcombe hybrid score", None));
        let variance = |(x, n): (u64, u64)| {
            let p = x as f64 / n as f64;
            p * (1.0 - p) / n as f64
        };
        let Some(estimate) = line.estimate else {
            return Ok(Err(Warning::EmptyDenominator));
        };
        // A side without spread of its own would lend the difference a false certainty.
        let (one, two) = (variance(group), variance(other));
        if one <= 0.0 || two <= 0.0 {
            return Ok(Err(Warning::NoSpreadOfSide));
        }
        Ok(Ok(Difference {
            estimate,
            counting: one + two,
            baseline: 0.0,
        }))
    }

    fn rate_difference(
        &self,
        line: &mut Line,
        (group, other): (Tally, Tally),
    ) -> Result<Result<Difference, Warning>, Error> {
        let sizes = group
            .size()
            .zip(other.size())
            .filter(|(a, b)| *a > 0.0 && *b > 0.0);
        let Some((t1, t2)) = sizes else {
            return Ok(Err(Warning::EmptyDenominator));
        };
        let ratio = RateRatio::new(
            Rate::new(group.events, t1).map_err(refused)?,
            Rate::new(other.events, t2).map_err(refused)?,
        );
        let Some(estimate) = ratio.difference().map(|d| d * self.per) else {
            return Ok(Err(Warning::EmptyDenominator));
        };
        line.estimate = Some(estimate);
        let squared = |rate: f64| (rate * self.per).powi(2);
        let part = |tally: Tally, size: f64| {
            let relative = tally.people.and_then(|people| people.relative_variance())?;
            Some(squared(tally.events as f64 / size) * relative)
        };
        let counting =
            squared((group.events as f64).sqrt() / t1) + squared((other.events as f64).sqrt() / t2);
        let Some(baseline) = part(group, t1).zip(part(other, t2)).map(|(a, b)| a + b) else {
            return Ok(Err(Warning::MarginMissing));
        };
        if !self.outcome.annual_average {
            let carries = self.baseline.is_some_and(Baseline::carries_margins);
            line.counting = if carries && group.events > 0 && other.events > 0 {
                Some(linear_band(
                    (estimate, (counting + baseline).sqrt(), None),
                    "delta with the margins of error of the baseline".into(),
                    (self.level, Variance::Counting),
                ))
            } else {
                let method = if carries {
                    "MOVER on Garwood limits; margins of error not carried, no events on one side"
                } else {
                    "MOVER on Garwood limits"
                };
                ratio
                    .difference_interval(self.level)
                    .map(|i| self.band(i.map(|end| end * self.per), method, None))
            };
        }
        if group.events == 0 || other.events == 0 {
            return Ok(Err(Warning::NoSpreadOfSide));
        }
        Ok(Ok(Difference {
            estimate,
            counting,
            baseline,
        }))
    }
}
