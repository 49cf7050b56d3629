//! The numbers of the question as lines: the change of the disparity, of each group's rate, by time, and the counts behind.

use super::super::bands::{detectable, log_band};
use super::super::regression::{Behind, ENOUGH, FEWEST, Quoter, band, half_width};
use super::super::strata::{Tally, add_up};
use super::super::{Answers, Common};
use super::model::{self, EFFECT, Fitted, Rows, Saturated};
use super::panel::Panel;
use super::{AdoptionOptions, cells, placebo};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Comparison, Counted, Line, Variance};
use crate::ingest::Baseline;
use crate::stats::Level;
use crate::stats::regression::{Covariance, RegressionError};
use crate::warning::Warning;

/// Everything that a line is made from.
pub(super) struct Adoption<'a> {
    pub(super) options: &'a AdoptionOptions,
    pub(super) common: &'a Common<'a>,
    pub(super) answers: &'a Answers<'a>,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) panel: &'a Panel<'a>,
    /// The counts of each shown group, for disclosure; the reference group first.
    pub(super) behind: Vec<Behind>,
}

/// Means of effects with their intervals.
struct Averaged<'f> {
    fitted: &'f Fitted,
    /// Errors by place, where there are enough places on either side.
    clustered: Option<&'f Covariance>,
    level: Level,
}

impl Averaged<'_> {
    /// Puts the mean of some effects, with the interval of counting and, where there are errors by place, theirs.
    fn put(&self, line: &mut Line, of: &[(String, f64)]) {
        let Some(counting) = self.fitted.mean(of, &self.fitted.counting) else {
            line.warn(Warning::Undefined);
            return;
        };
        let ratio = libm::exp(counting.estimate);
        line.estimate = Some(ratio);
        line.counting = counting.std_error.map(|error| {
            let of = (self.level, Variance::Counting);
            log_band((ratio, error, None), "model, normal".into(), of)
        });
        let clustered = self.clustered;
        let Some(found) = clustered.and_then(|covariance| self.fitted.mean(of, covariance)) else {
            return;
        };
        let errors = [found.std_error, counting.std_error];
        let error = errors.into_iter().flatten().fold(0.0, f64::max);
        line.std_error = (error > 0.0).then_some(error);
        line.headline = line.std_error.map(|error| {
            let method = "CR1 by place, not below counting, log scale, t, pointwise".into();
            let df = found.df.map(|df| df as f64);
            log_band((ratio, error, df), method, (self.level, Variance::Cluster))
        });
    }
}

/// The key under which a number by time stands.
const EVENT_TIME: &str = "event time";

impl Adoption<'_> {
    pub(super) fn lines(&self) -> Result<Vec<Line>, Error> {
        let groups = &self.answers.setting.groups;
        let reference = groups.reference();
        let mut lines = Vec::new();
        for group in groups.compared() {
            let rows = Rows::of_ratio(self.panel, group, reference);
            let base = self.line(
                &[group, reference],
                Comparison::ReferenceByAdoption,
                glossary::ADOPTION_RATIO_OF_RATIOS,
            );
            lines.extend(self.effect(base.clone(), &rows)?);
            lines.extend(self.by_time(&base, &rows)?);
        }
        for group in groups.shown() {
            let rows = Rows::of_rate(self.panel, group);
            let base = self.line(
                &[group],
                Comparison::Adoption,
                glossary::ADOPTION_RATE_RATIO,
            );
            lines.extend(self.effect(base, &rows)?);
        }
        lines.extend(cells::lines(self)?);
        Ok(lines)
    }

    /// A line about the first of some groups that rests on the counts of all of them.
    fn line(&self, groups: &[&str], comparison: Comparison, estimand: Estimand) -> Line {
        let setting = self.answers.setting;
        let mut line = Line::new(&[], setting.groups.label(groups[0]), comparison, estimand);
        line.benchmark = self.baseline.map(|baseline| baseline.name.clone());
        for (group, behind) in setting.groups.shown().zip(&self.behind) {
            if groups.contains(&group) {
                behind.put_under(&mut line);
            }
        }
        // Beside a number stand the counts of its group, over all places and times that are compared.
        let own: Vec<Tally> = self
            .panel
            .strata()
            .filter_map(|stratum| stratum.tally(groups[0]))
            .collect();
        if let Some(whole) = add_up(own.iter()) {
            line.events = Some(whole.events);
            line.trials = whole.trials;
            line.exposure = whole.people.map(|people| people.person_years());
        }
        (line.is_of_spread, line.is_fit) = (true, true);
        line
    }

    /// The mean effect with its intervals, and what these data would have found where there is none to be seen.
    fn effect(&self, mut line: Line, rows: &Rows) -> Result<Vec<Line>, Error> {
        let (adopters, _) = rows.sides();
        self.tell_silent(&mut line, rows);
        if adopters == 0 {
            line.warn(Warning::NoEvents {
                side: line.group.clone(),
            });
            return Ok(vec![line]);
        }
        let fitted = rows.effect().map_err(|fault| self.refused(&fault, &line))?;
        self.quote(&mut line, rows, &fitted)
            .map_err(|fault| self.refused(&fault, &line))?;
        let is_few = line
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::FewAdopters { .. }));
        let randomised = (is_few && line.estimate.is_some()).then(|| self.randomised(&line, rows));
        let error = line.std_error.or_else(|| half_width(&line));
        let detectable =
            error.and_then(|error| detectable(&line, error, glossary::MINIMUM_DETECTABLE_RATIO));
        Ok([Some(line), detectable, randomised]
            .into_iter()
            .flatten()
            .collect())
    }

    /// How unusual the change is among those that the same dates, given to other places, would have had.
    fn randomised(&self, change: &Line, rows: &Rows) -> Line {
        let mut line = Line {
            benchmark: change.benchmark.clone(),
            rests_on: change.rests_on.clone(),
            fitted_on: change.fitted_on.clone(),
            is_of_spread: true,
            is_fit: true,
            ..Line::new(
                &[],
                change.group.clone(),
                change.comparison,
                glossary::RANDOMISED_DATES,
            )
        };
        let statistic = change
            .counting
            .as_ref()
            .and_then(|band| band.test?.statistic);
        let test = statistic
            .and_then(|observed| placebo::test(rows, (self.panel, observed), self.answers.seed));
        match test {
            None => line.warn(Warning::FewAssignments),
            Some(placebo::Randomised {
                test,
                as_large,
                tried,
            }) => {
                (line.estimate, line.test) = (test.statistic, Some(test));
                (line.events, line.trials) = (Some(as_large), Some(tried));
                line.counted = Some(Counted {
                    events: "assignments with as large a change".into(),
                    trials: Some("assignments".into()),
                });
            }
        }
        line
    }

    fn quote(&self, line: &mut Line, rows: &Rows, fitted: &Fitted) -> Result<(), RegressionError> {
        let level = self.common.level;
        let Some(own) = fitted.fit.estimate(EFFECT, &fitted.counting, level)? else {
            line.warn(Warning::Undefined);
            return Ok(());
        };
        line.estimate = Some(libm::exp(own.estimate));
        line.dispersion = fitted.fit.dispersion();
        line.counting = Some(band(
            &own,
            "model, normal".into(),
            (level, Variance::Counting),
        ));
        let (adopters, others) = rows.sides();
        let fewest = adopters.min(others);
        if fewest < FEWEST {
            // Nothing estimates the spread between so few places; only how unusual these places are can be said.
            line.warn(Warning::FewAdopters { fewest: FEWEST });
        }
        let ids = [fitted.places.clone()];
        let clustered = fitted.clustered()?;
        let quoter = Quoter {
            model: &fitted.model,
            fit: &fitted.fit,
            clustered: clustered
                .as_ref()
                .map(|covariance| (ids.as_slice(), covariance)),
            clusters: "place".into(),
            fewest,
            may_resample: true,
            level,
            seed: self.answers.seed,
        };
        quoter.quote(line, &own)
    }

    /// The effect at each distance from the agreement, against the last time before it; and whether those before it are
    /// together told from none.
    fn by_time(&self, base: &Line, rows: &Rows) -> Result<Vec<Line>, Error> {
        let (adopters, others) = rows.sides();
        if adopters == 0 || others == 0 {
            return Ok(Vec::new());
        }
        let fitted = rows.saturated().and_then(|saturated| {
            let clustered = saturated.fitted.clustered()?;
            Ok((saturated, clustered))
        });
        let (saturated, clustered) = match fitted {
            Ok(fitted) => fitted,
            // The mean is there; what it was year by year these counts do not tell.
            Err(fault) => {
                let mut line = Line {
                    estimand: glossary::PRE_TREND,
                    ..base.clone()
                };
                line.warn(Warning::NotFitted {
                    why: format!("the effects by time: {fault}"),
                });
                return Ok(vec![line]);
            }
        };
        let Saturated {
            fitted,
            effects,
            last_before,
        } = saturated;
        let clustered = clustered
            .as_ref()
            .filter(|_| adopters.min(others) >= FEWEST);
        let distance = |(cohort, time): (usize, usize)| time as i64 - cohort as i64;
        let mut distances: Vec<i64> = effects.iter().map(|effect| distance(*effect)).collect();
        distances.sort_unstable();
        distances.dedup();
        let averaged = Averaged {
            fitted: &fitted,
            clustered,
            level: self.common.level,
        };
        let mut lines = Vec::new();
        for at in distances {
            let own: Vec<(String, f64)> = effects
                .iter()
                .filter(|effect| distance(**effect) == at)
                .map(|effect| (model::name(effect), rows.places_at(*effect) as f64))
                .collect();
            let mut line = base.clone();
            line.at = vec![(EVENT_TIME.to_owned(), format!("{at:+}"))];
            averaged.put(&mut line, &own);
            lines.push(line);
        }
        let before: Vec<(String, f64)> = effects
            .iter()
            .filter(|(cohort, time)| last_before.get(cohort).is_some_and(|last| time < last))
            .map(|effect| (model::name(effect), rows.places_at(*effect) as f64))
            .collect();
        lines.extend(self.before(base, &averaged, (&before, adopters.min(others))));
        Ok(lines)
    }

    /// The mean of all effects before the agreement but the last: one number, since a test of each of them with errors by
    /// place refuses far too often; and only where these errors can be taken at their word.
    fn before(
        &self,
        base: &Line,
        averaged: &Averaged<'_>,
        (before, fewest): (&[(String, f64)], usize),
    ) -> Option<Line> {
        if before.is_empty() {
            return None;
        }
        let mut line = Line {
            estimand: glossary::PRE_TREND,
            ..base.clone()
        };
        if fewest < ENOUGH {
            line.warn(Warning::NotFitted {
                why: format!("what was before the agreement needs {ENOUGH} places on either side to be told from chance: with fewer its errors are too small"),
            });
        } else {
            averaged.put(&mut line, before);
        }
        Some(line)
    }

    fn tell_silent(&self, line: &mut Line, rows: &Rows) {
        if !rows.sizeless.is_empty() {
            line.warn(Warning::TimesBetween {
                times: rows.sizeless.clone(),
                what: "at which nobody of one of the groups is counted or lives there".into(),
            });
        }
        if !rows.silent.is_empty() {
            line.warn(Warning::SilentValues {
                values: rows.silent.clone(),
            });
        }
    }

    fn refused(&self, fault: &RegressionError, line: &Line) -> Error {
        let what = format!("{} of {}", line.estimand.heading.to_lowercase(), line.group);
        self.options.refused(fault, &what)
    }
}
