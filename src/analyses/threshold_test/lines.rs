//! The posterior as lines: thresholds, differences, the sweep, placebo halves, predictions and diagnostics.

use super::super::{Answers, Effort};
use super::data::Data;
use super::{Placebo, ThresholdTestOptions};
use crate::cells::Outcome;
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{self, Band, Comparison, CountRef, Counted, Finding, Line, Variance};
use crate::stats::Level;
use crate::stats::threshold::{
    Counts, Diagnostics, Fit, Posterior, Predicted, Priors, Sampling, Summary, ThresholdError, fit,
    split_at_random,
};
use crate::warning::Warning;

/// Seeds of the fits of one test lie this far apart: the fraction of the golden ratio in 64 bits.
const APART: u64 = 0x9E37_79B9_7F4A_7C15;

/// A threshold test that is about to be run.
pub(super) struct Test<'a> {
    pub(super) options: &'a ThresholdTestOptions,
    pub(super) answers: &'a Answers<'a>,
    pub(super) level: Level,
    /// Searches and hits.
    pub(super) counted: [&'a Outcome; 2],
    pub(super) data: &'a Data<'a>,
}

/// A fit, or why there is none.
enum Sampled {
    Fit(Box<Fit>),
    NotSampled,
}

impl Sampled {
    fn posterior(&self) -> Option<&Posterior> {
        match self {
            Self::Fit(fit) => fit.posterior(),
            Self::NotSampled => None,
        }
    }

    /// That there is no number, for the whole finding: what the chains looked like is told by lines, which are withheld
    /// where their counts are.
    fn caution_of_all(&self) -> Warning {
        match self {
            Self::Fit(_) => Warning::NotConverged {
                why: "its lines say which check failed".into(),
            },
            Self::NotSampled => Warning::NotSampled,
        }
    }

    /// Why there is no number.
    fn caution(&self) -> Warning {
        match self {
            Self::Fit(fit) => Warning::NotConverged {
                why: why(fit.diagnostics()),
            },
            Self::NotSampled => Warning::NotSampled,
        }
    }
}

/// The checks that failed, in words.
fn why(found: Diagnostics) -> String {
    let mut said = Vec::new();
    if found.r_hat.is_nan() || found.r_hat >= Diagnostics::MOST_R_HAT {
        said.push(format!("largest R-hat {:.3}", found.r_hat));
    }
    for (name, ess) in [("bulk", found.bulk_ess), ("tail", found.tail_ess)] {
        if ess.is_nan() || ess <= Diagnostics::LEAST_ESS {
            said.push(format!("smallest {name} effective sample size {ess:.0}"));
        }
    }
    match found.divergences {
        0 => {}
        1 => said.push("1 divergent draw".into()),
        n => said.push(format!("{n} divergent draws")),
    }
    said.join(", ")
}

impl Test<'_> {
    /// Samples, and puts every line into the finding.
    pub(super) fn fill(&self, finding: &mut Finding) -> Result<(), Error> {
        let priors = self.options.priors()?;
        let main = self.sampled(&self.data.counts, priors, 0)?;
        let goes_on = main.posterior().is_some() || matches!(main, Sampled::NotSampled);
        finding.lines.extend(self.group_lines(&main));
        let mut differences = self.differences(&main, &[]);
        let mut swept = Vec::new();
        if goes_on {
            for (number, priors) in self.options.swept(priors).into_iter().enumerate() {
                let fit = self.sampled(&self.data.counts, priors, 1 + number as u64)?;
                swept.extend(self.differences(&fit, &at_prior(priors)));
            }
            judge(&mut differences, &swept);
        }
        for line in differences {
            let above = self.above(&main, &line);
            finding.lines.extend([line, above]);
        }
        if !swept.is_empty() {
            finding
                .lines
                .extend(self.differences(&main, &at_prior(priors)));
        }
        finding.lines.extend(swept);
        if goes_on && self.options.placebo == Placebo::RandomHalves {
            finding.lines.extend(self.placebo(priors)?);
        }
        finding.lines.extend(self.cell_lines(&main));
        finding.lines.extend(self.error_lines(&main));
        finding.lines.extend(self.diagnostics(&main));
        if !goes_on {
            finding.warnings.push(main.caution_of_all());
        }
        Ok(())
    }

    fn sampled(&self, counts: &Counts, priors: Priors, number: u64) -> Result<Sampled, Error> {
        if self.answers.effort == Effort::Check {
            return Ok(Sampled::NotSampled);
        }
        let seed = self.answers.seed.wrapping_add(number.wrapping_mul(APART));
        let sampling = self.options.sampling(seed, self.answers.threads)?;
        fit(counts, priors, sampling)
            .map(|fit| Sampled::Fit(Box::new(fit)))
            .map_err(|fault| self.refused(&fault))
    }

    fn refused(&self, fault: &ThresholdError) -> Error {
        Error::study(
            self.options.searches.span(),
            format!("no threshold test of these counts: {fault}"),
            "look at counts of places that are far larger or stranger than the others, or leave them out with `only`",
        )
    }

    /// A line with the counts behind it.
    fn line(
        &self,
        (at, group): (&[(String, String)], &str),
        (comparison, estimand): (Comparison, Estimand),
        rests_on: Vec<CountRef>,
    ) -> Line {
        let mut line = Line::new(at, group, comparison, estimand);
        line.rests_on = rests_on;
        line.fitted_on = self.data.families();
        (line.is_of_spread, line.is_fit) = (true, true);
        line
    }

    fn label(&self, group: usize) -> &str {
        self.answers.setting.groups.label(self.data.groups[group])
    }

    fn put(&self, line: &mut Line, sampled: &Sampled, of: impl Fn(&Posterior) -> Summary) {
        let Some(summary) = sampled.posterior().map(of) else {
            line.warn(sampled.caution());
            return;
        };
        line.estimate = Some(summary.mean);
        line.std_error = Some(summary.sd);
        line.headline = Some(Band {
            interval: summary.interval,
            level: self.level,
            method: self.method(),
            variance: Variance::Posterior,
            test: None,
        });
    }

    fn method(&self) -> String {
        let Sampling {
            chains,
            warmup,
            draws,
            ..
        } = self.options.sampling(0, 1).expect("it was checked before");
        format!("credible: posterior quantiles, NUTS, {chains} chains of {warmup} + {draws} draws")
    }

    /// The threshold of each group.
    fn group_lines(&self, sampled: &Sampled) -> Vec<Line> {
        let one = |group: usize| {
            let what = (Comparison::None, glossary::INFERRED_THRESHOLD);
            let at = (&[][..], self.label(group));
            let mut line = self.line(at, what, self.data.of_groups(&[group]));
            self.count(&mut line, group);
            self.put(&mut line, sampled, |posterior| {
                posterior.group(group, self.level)
            });
            line
        };
        (0..self.data.groups.len()).map(one).collect()
    }

    fn count(&self, line: &mut Line, group: usize) {
        let [stops, searches, _] = self.data.counts.of_group(group);
        (line.events, line.trials) = (Some(searches), Some(stops));
    }

    /// The threshold of each compared group less that of the reference group.
    fn differences(&self, sampled: &Sampled, at: &[(String, String)]) -> Vec<Line> {
        let one = |group: usize| {
            let what = (
                Comparison::Reference,
                glossary::INFERRED_THRESHOLD_DIFFERENCE,
            );
            let rests_on = self.data.of_groups(&[group, 0]);
            let mut line = self.line((at, self.label(group)), what, rests_on);
            self.count(&mut line, group);
            self.put(&mut line, sampled, |posterior| {
                posterior.difference(group, 0, self.level)
            });
            line
        };
        (1..self.data.groups.len()).map(one).collect()
    }

    /// How probable it is that the threshold of a group is above that of the reference group.
    fn above(&self, sampled: &Sampled, difference: &Line) -> Line {
        let estimand = glossary::PROBABILITY_THRESHOLD_ABOVE;
        let mut line = Line {
            estimand,
            estimate: None,
            std_error: None,
            headline: None,
            ..difference.clone()
        };
        let group = (0..self.data.groups.len()).find(|group| self.label(*group) == line.group);
        let (Some(posterior), Some(group), Some(_)) =
            (sampled.posterior(), group, difference.estimate)
        else {
            return line;
        };
        let probability = posterior.probability_above(group, 0);
        line.estimate = Some(probability);
        if probability <= 0.0 || probability >= 1.0 {
            line.warn(Warning::AllDraws {
                draws: posterior.group_draws(group).len() as u64,
            });
        }
        line
    }

    /// Halves of the reference group that differ by chance alone.
    fn placebo(&self, priors: Priors) -> Result<Option<Line>, Error> {
        let split = split_at_random(&self.data.counts, 0, self.answers.seed)
            .map_err(|fault| self.refused(&fault))?;
        let at = [("placebo".to_owned(), "random halves".to_owned())];
        let what = (Comparison::None, glossary::INFERRED_THRESHOLD_DIFFERENCE);
        let mut line = self.line((&at, self.label(0)), what, self.data.of_groups(&[0]));
        self.count(&mut line, 0);
        let sampled = self.sampled(&split, priors, u64::MAX)?;
        self.put(&mut line, &sampled, |posterior| {
            posterior.difference(0, 1, self.level)
        });
        let interval = line.headline.as_ref().map(|band| band.interval);
        if interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0) {
            line.warn(Warning::PlaceboMoved {
                level: self.level.get(),
            });
        }
        Ok(Some(line))
    }

    /// Threshold, predicted search rate and predicted hit rate of every group in every place.
    fn cell_lines(&self, sampled: &Sampled) -> Vec<Line> {
        let mut lines = Vec::new();
        for (i, cell) in self.data.counts.cells().iter().enumerate() {
            let at = (
                self.data.places[cell.place].as_slice(),
                self.label(cell.group),
            );
            let of = |estimand| self.line(at, (Comparison::None, estimand), self.data.of_cell(i));
            let mut threshold = of(glossary::INFERRED_THRESHOLD);
            (threshold.events, threshold.trials) = (Some(cell.searches), Some(cell.stops));
            self.put(&mut threshold, sampled, |posterior| {
                posterior.cell(i, self.level)
            });
            let predicted = sampled.posterior().map(|posterior| posterior.predicted(i));
            let (search, hit) = predicted.unwrap_or_default();
            let mut searches = of(glossary::PREDICTED_SEARCH_RATE);
            (searches.events, searches.trials) = (Some(cell.searches), Some(cell.stops));
            predict(&mut searches, search, sampled);
            let mut hits = self.of_hits(of(glossary::PREDICTED_HIT_RATE));
            (hits.events, hits.trials) = (Some(cell.hits), Some(cell.searches));
            if cell.searches == 0 {
                hits.warn(Warning::EmptyDenominator);
            } else {
                predict(&mut hits, hit, sampled);
            }
            lines.extend([threshold, searches, hits]);
        }
        lines
    }

    fn of_hits(&self, line: Line) -> Line {
        Line {
            counted: Some(Counted {
                events: self.counted[1].events.clone(),
                trials: self.counted[1].trials.clone(),
            }),
            ..line
        }
    }

    /// How far observed rates lie from those predicted, over all places.
    fn error_lines(&self, sampled: &Sampled) -> Vec<Line> {
        let cells = self.data.counts.cells();
        let all: Vec<usize> = (0..self.data.groups.len()).collect();
        let error = |estimand, pick: &dyn Fn(usize) -> Option<(u64, u64, Predicted)>| {
            let mut line = self.line(
                (&[], ""),
                (Comparison::None, estimand),
                self.data.of_groups(&all),
            );
            if sampled.posterior().is_none() {
                line.warn(sampled.caution());
                return line;
            }
            let (mut squares, mut weights) = (0.0, 0.0);
            for (events, trials, predicted) in (0..cells.len()).filter_map(pick) {
                let away = events as f64 / trials as f64 - predicted.mean;
                squares += trials as f64 * away * away;
                weights += trials as f64;
            }
            line.estimate = Some((squares / weights).sqrt());
            line
        };
        let predicted = |i: usize| sampled.posterior().map(|posterior| posterior.predicted(i));
        let searches = error(glossary::SEARCH_RATE_PREDICTION_ERROR, &|i| {
            Some((cells[i].searches, cells[i].stops, predicted(i)?.0?))
        });
        let hits = error(glossary::HIT_RATE_PREDICTION_ERROR, &|i| {
            Some((cells[i].hits, cells[i].searches, predicted(i)?.1?))
        });
        vec![searches, self.of_hits(hits)]
    }

    fn diagnostics(&self, sampled: &Sampled) -> Vec<Line> {
        let Sampled::Fit(fit) = sampled else {
            return Vec::new();
        };
        let found = fit.diagnostics();
        let all: Vec<usize> = (0..self.data.groups.len()).collect();
        let line = |(estimand, value): (Estimand, f64)| {
            let mut line = self.line(
                (&[], ""),
                (Comparison::None, estimand),
                self.data.of_groups(&all),
            );
            line.estimate = Some(value).filter(|value| value.is_finite());
            if line.estimate.is_none() {
                line.warn(Warning::Undefined);
            }
            line
        };
        let numbers = [
            (glossary::R_HAT, found.r_hat),
            (glossary::BULK_ESS, found.bulk_ess),
            (glossary::TAIL_ESS, found.tail_ess),
            (glossary::DIVERGENCES, found.divergences as f64),
        ];
        numbers.into_iter().map(line).collect()
    }
}

/// Takes a difference back whose sign does not hold under every other prior under which the sampler converged; without
/// any such prior nothing is known about its sign.
fn judge(differences: &mut [Line], swept: &[Line]) {
    for line in differences
        .iter_mut()
        .filter(|line| line.estimate.is_some())
    {
        let is_above = |estimate: f64| estimate > 0.0;
        let own = line.estimate.map(is_above);
        let others = swept.iter().filter(|other| other.group == line.group);
        let signs: Vec<bool> = others
            .filter_map(|other| other.estimate.map(is_above))
            .collect();
        if signs.is_empty() {
            line.warn(Warning::OnePrior);
        } else if signs.iter().any(|sign| Some(*sign) != own) {
            (line.estimate, line.std_error, line.headline) = (None, None, None);
            line.warn(Warning::DependsOnPrior);
        }
    }
}

/// A rate that the model predicts, and how far the one observed lies from it in standard deviations.
fn predict(line: &mut Line, predicted: Option<Predicted>, sampled: &Sampled) {
    let Some(predicted) = predicted else {
        line.warn(sampled.caution());
        return;
    };
    line.estimate = Some(predicted.mean);
    line.std_error = Some(predicted.sd);
    let observed = line
        .events
        .zip(line.trials)
        .filter(|(_, trials)| *trials > 0);
    let observed = observed.map(|(events, trials)| events as f64 / trials as f64);
    line.test = observed
        .filter(|_| predicted.sd > 0.0)
        .map(|observed| findings::Test {
            statistic: Some((observed - predicted.mean) / predicted.sd),
            df: None,
            p_value: None,
        });
}

/// The stratum of a prior.
fn at_prior(priors: Priors) -> Vec<(String, String)> {
    let words = format!(
        "s_r = {}, s_d = {}",
        priors.race_scale(),
        priors.place_scale()
    );
    vec![("prior".into(), words)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(estimate: Option<f64>) -> Line {
        let what = (
            Comparison::Reference,
            glossary::INFERRED_THRESHOLD_DIFFERENCE,
        );
        Line {
            estimate,
            ..Line::new(&[], "black", what.0, what.1)
        }
    }

    #[test]
    fn a_sign_needs_another_prior_that_converged() {
        let judged = |swept: &[Option<f64>]| {
            let swept: Vec<Line> = swept.iter().map(|own| difference(*own)).collect();
            let mut own = [difference(Some(-0.1))];
            judge(&mut own, &swept);
            let [own] = own;
            (own.estimate, own.warnings)
        };
        assert_eq!(judged(&[]), (Some(-0.1), vec![Warning::OnePrior]));
        assert_eq!(judged(&[None, None]), (Some(-0.1), vec![Warning::OnePrior]));
        assert_eq!(judged(&[None, Some(-0.2)]), (Some(-0.1), vec![]));
        let turned = judged(&[None, Some(0.2), Some(-0.2)]);
        assert_eq!(turned, (None, vec![Warning::DependsOnPrior]));
    }
}
