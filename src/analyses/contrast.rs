//! A programme contrast of a disparity: per stratum, pooled as if strata may differ, and the plain pools beside it.

use super::bands::{detectable, log_band};
use super::measures::log_scale;
use super::noise::{LogScale, Noise, refused};
use super::pooled::pooled_lines;
use super::strata::{Stratum, Tally};
use super::stratified::Contrast;
use crate::cells::{Groups, Outcome};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, Finding, Line, Test, Variance};
use crate::stats::Level;
use crate::stats::dispersion::phi_tip;
use crate::stats::pool::{self, Pool, RandomEffects};
use crate::warning::{self, Warning};

/// Fewest strata that are pooled.
pub(super) const FEWEST_STRATA: usize = 5;

/// A stratum with both arms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arms<'a> {
    pub(super) name: &'a str,
    pub(super) treated: &'a Stratum,
    pub(super) control: &'a Stratum,
}

impl Arms<'_> {
    /// The key of the strata with its value here.
    fn stratum(&self) -> Vec<(String, String)> {
        vec![(self.treated.at[0].0.clone(), self.name.to_owned())]
    }
}

/// The contrast of one group.
pub(super) struct Contrasts<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) level: Level,
    pub(super) arms: &'a [Arms<'a>],
    pub(super) contrast: &'a Contrast,
    pub(super) groups: &'a Groups,
    pub(super) group: &'a str,
    pub(super) noise: &'a Noise<'a>,
}

impl Contrasts<'_> {
    /// All lines of the group: per stratum, pooled, left-out, and the two-by-two forms.
    pub(super) fn add_to(&self, finding: &mut Finding) -> Result<(), Error> {
        let mut usable = Vec::new();
        for arms in self.arms {
            let scale = self.scale(arms);
            usable.extend(scale.as_ref().ok().map(|scale| (arms, *scale)));
            finding.lines.push(self.stratum_line(arms, scale)?);
        }
        if usable.len() < FEWEST_STRATA {
            warning::add(&mut finding.warnings, Warning::FewStrata);
            return Ok(());
        }
        self.pooled(finding, &usable)?;
        self.within_arms(finding, &usable);
        Ok(())
    }

    fn label(&self) -> &str {
        self.groups.label(self.group)
    }

    fn base(&self, at: &[(String, String)], estimand: Estimand) -> Line {
        let mut line = Line::new(at, self.label(), Comparison::ReferenceByProgramme, estimand);
        line.rests_on = self
            .arms
            .iter()
            .flat_map(|arms| self.rests_on(arms))
            .collect();
        line
    }

    fn rests_on(&self, arms: &Arms<'_>) -> Vec<crate::findings::CountRef> {
        let groups = [self.group, self.groups.reference()];
        [arms.treated, arms.control]
            .iter()
            .flat_map(|stratum| stratum.rests_on(&self.outcome.name, &groups))
            .collect()
    }

    /// log RR (treated) - log RR (control), with the counting variance over the four cells; or why there is none.
    fn scale(&self, arms: &Arms<'_>) -> Result<LogScale, Warning> {
        let reference = self.groups.reference();
        let ratio = |stratum: &Stratum| {
            let side = |group: &str| {
                let label = self.groups.label(group);
                let absent = || Warning::GroupAbsent {
                    group: label.to_owned(),
                };
                let arm = stratum.at.last().map_or("", |(_, arm)| arm.as_str());
                let tally = stratum.tally(group).ok_or_else(absent)?;
                Ok((tally, format!("{label} ({arm})")))
            };
            let ((group, label), (other, other_label)) = (side(self.group)?, side(reference)?);
            log_scale([(group, label.as_str()), (other, other_label.as_str())])
        };
        let (treated, control) = (ratio(arms.treated)?, ratio(arms.control)?);
        Ok(LogScale {
            estimate: treated.estimate / control.estimate,
            counting: treated.counting + control.counting,
            baseline: 0.0,
        })
    }

    fn stratum_line(
        &self,
        arms: &Arms<'_>,
        scale: Result<LogScale, Warning>,
    ) -> Result<Line, Error> {
        let mut line = self.base(&arms.stratum(), glossary::RATIO_OF_RATIOS);
        line.rests_on = self.rests_on(arms);
        let treated = arms.treated.tally(self.group);
        line.events = treated.map(|tally| tally.events);
        line.trials = treated.and_then(|tally| tally.trials);
        let scale = match scale {
            Ok(scale) => scale,
            Err(reason) => {
                line.warn(reason);
                line.warn(Warning::UndefinedStratum);
                return Ok(line);
            }
        };
        line.estimate = Some(scale.estimate);
        line.counting = Some(log_band(
            (scale.estimate, scale.std_error(), None),
            "log scale, counting variance 1/x − 1/n".into(),
            (self.level, Variance::Counting),
        ));
        if self.noise.repeats(arms.control) {
            self.noise.put(&mut line, arms.treated, Ok(scale))?;
        } else {
            line.warn(Warning::NoReplication);
            line.std_error = Some(scale.std_error());
            line.dispersion_tip = phi_tip(libm::log(scale.estimate), scale.counting, 0.0);
        }
        Ok(line)
    }

    /// The pools of the strata that have a contrast, how far these differ, and the pool without each of them.
    fn pooled(&self, finding: &mut Finding, usable: &[(&Arms<'_>, LogScale)]) -> Result<(), Error> {
        let contrasts = usable.iter().map(|(_, scale)| pool::Contrast {
            estimate: libm::log(scale.estimate),
            variance: scale.counting,
        });
        let pool = Pool::new(contrasts.collect()).map_err(refused)?;
        let undefined = || Error::Internal("a pool of five strata or more is defined".into());
        let fixed = pool.fixed(self.level).ok_or_else(undefined)?;
        let heterogeneity = pool.heterogeneity().ok_or_else(undefined)?;
        let weights = pool.weights().ok_or_else(undefined)?;
        let random = pool.paule_mandel(self.level);
        let heaviest = weights
            .fixed
            .iter()
            .copied()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(at, weight)| (usable[at].0, weight))
            .ok_or_else(undefined)?;
        finding.lines.extend(self.between(random.as_ref(), &fixed));
        finding
            .lines
            .push(self.fixed(&fixed, &heterogeneity, heaviest));
        finding
            .lines
            .extend(random.map(|random| self.prediction(&random)));
        finding.lines.extend([
            Line {
                estimate: pool.median().map(libm::exp),
                ..self.base(&[], glossary::MEDIAN)
            },
            self.number(
                glossary::STRATA_ABOVE_ONE,
                pool.sign_count().positive as f64,
            ),
            self.number(glossary::TAU, random.map_or(0.0, |random| random.tau)),
            Line {
                test: Some(Test {
                    statistic: Some(heterogeneity.q),
                    df: Some(heterogeneity.df as f64),
                    p_value: Some(heterogeneity.p.get()),
                }),
                ..self.number(glossary::COCHRAN_Q, heterogeneity.q)
            },
            Line {
                at: heaviest.0.stratum(),
                ..self.number(glossary::LARGEST_WEIGHT, heaviest.1)
            },
        ]);
        for ((arms, _), without) in usable.iter().zip(pool.leave_one_out(self.level)) {
            finding.lines.push(self.left_out(arms, without.as_ref()));
        }
        Ok(())
    }

    fn number(&self, estimand: Estimand, estimate: f64) -> Line {
        Line {
            estimate: Some(estimate),
            ..self.base(&[], estimand)
        }
    }

    /// The headline, strata may differ; and beside a null what would have been found.
    fn between(&self, random: Option<&RandomEffects>, fixed: &pool::FixedEffect) -> Vec<Line> {
        let estimate = random.map_or(fixed.estimate, |random| random.estimate);
        let mut line = Line {
            headline: random.map(|random| random_band(random, self.level)),
            std_error: random.map(|random| random.std_error),
            ..self.number(glossary::POOLED_BETWEEN, libm::exp(estimate))
        };
        if random.is_none() {
            line.warn(Warning::NoSpread);
        }
        let least = line
            .std_error
            .and_then(|error| detectable(&line, error, glossary::MINIMUM_DETECTABLE_RATIO));
        std::iter::once(line).chain(least).collect()
    }

    /// As if all strata had one value, with the cautions of that.
    fn fixed(
        &self,
        fixed: &pool::FixedEffect,
        heterogeneity: &pool::Heterogeneity,
        (heaviest, weight): (&Arms<'_>, f64),
    ) -> Line {
        let mut line = Line {
            counting: Some(Band {
                interval: fixed.interval.map(libm::exp),
                level: self.level,
                method: "inverse variance, counting only".into(),
                variance: Variance::Counting,
                test: Some(Test {
                    statistic: Some(fixed.z),
                    df: None,
                    p_value: Some(fixed.p.get()),
                }),
            }),
            std_error: Some(fixed.std_error),
            ..self.number(glossary::POOLED_FIXED, libm::exp(fixed.estimate))
        };
        if weight > 0.5 {
            line.warn(Warning::DominantStratum {
                stratum: heaviest.name.to_owned(),
                share: weight,
            });
        }
        if heterogeneity.p.get() < 0.05 {
            line.warn(Warning::Heterogeneous {
                p: heterogeneity.p.get(),
            });
        }
        line
    }

    /// Where a further stratum would fall.
    fn prediction(&self, random: &RandomEffects) -> Line {
        Line {
            headline: Some(Band {
                interval: random.prediction.map(libm::exp),
                level: self.level,
                method: "prediction interval, t(K-1)".into(),
                variance: Variance::Between,
                test: None,
            }),
            ..self.number(glossary::PREDICTION, libm::exp(random.estimate))
        }
    }

    /// The pool without one stratum.
    fn left_out(&self, arms: &Arms<'_>, without: Option<&RandomEffects>) -> Line {
        let mut line = self.base(&arms.stratum(), glossary::LEAVE_ONE_OUT);
        match without {
            Some(without) => {
                line.estimate = Some(libm::exp(without.estimate));
                line.std_error = Some(without.std_error);
                line.headline = Some(random_band(without, self.level));
            }
            None => line.warn(Warning::NoSpread),
        }
        line
    }

    /// Group against reference within each arm, pooled by Mantel-Haenszel.
    fn within_arms(&self, finding: &mut Finding, usable: &[(&Arms<'_>, LogScale)]) {
        let key = self.contrast.key.get_ref();
        let reference = self.groups.reference();
        let arm = |pick: for<'a> fn(&Arms<'a>) -> &'a Stratum, value: &str| {
            let pairs: Vec<_> = usable
                .iter()
                .map(|(arms, _)| (pick(arms).tally(self.group), pick(arms).tally(reference)))
                .collect();
            let base = Line {
                comparison: Comparison::Reference,
                ..self.base(&[(key.clone(), value.to_owned())], glossary::MH_RISK_RATIO)
            };
            pooled_lines(&base, &pairs, self.level)
        };
        let (treated, control) = (
            arm(|arms| arms.treated, self.contrast.treated.get_ref()),
            arm(|arms| arms.control, self.contrast.control.get_ref()),
        );
        finding.lines.extend(treated.into_iter().chain(control));
    }
}

/// One arm of the programme against the other within a group, pooled by Mantel-Haenszel; nothing where too few strata
/// have the group in both arms.
pub(super) fn programme_lines(
    base: &Line,
    arms: &[Arms<'_>],
    group: &str,
    level: Level,
) -> Vec<Line> {
    let pairs: Vec<_> = arms
        .iter()
        .map(|arms| (arms.treated.tally(group), arms.control.tally(group)))
        .filter(|(treated, control)| {
            let has_trials = |tally: &Option<Tally>| tally.is_some_and(|t| t.trials > Some(0));
            has_trials(treated) && has_trials(control)
        })
        .collect();
    if pairs.len() < FEWEST_STRATA {
        return Vec::new();
    }
    pooled_lines(base, &pairs, level)
}

fn random_band(random: &RandomEffects, level: Level) -> Band {
    let test = Test {
        statistic: Some(random.t),
        df: Some(random.df as f64),
        p_value: Some(random.p.get()),
    };
    Band {
        interval: random.interval.map(libm::exp),
        level,
        method: format!("Paule-Mandel, Hartung-Knapp, t on {} df", random.df),
        variance: Variance::Between,
        test: Some(test),
    }
}
