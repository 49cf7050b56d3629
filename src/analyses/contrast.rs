//! A programme contrast of a disparity: per stratum, pooled as if strata may differ, and the plain pools beside it.

use super::measures::log_scale;
use super::noise::{LogScale, Noise, refused};
use super::strata::{Stratum, Tally};
use super::stratified::Contrast;
use crate::cells::{Groups, Outcome};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{Band, Comparison, Finding, Line, Test, Variance};
use crate::stats::breslow_day;
use crate::stats::mantel_haenszel::{self, MantelHaenszel, PooledEffect};
use crate::stats::pool::{self, Pool, RandomEffects};
use crate::stats::{Interval, Level, special};
use crate::warning::{self, Warning};

/// Fewest strata that are pooled.
const FEWEST_STRATA: usize = 5;

/// Mantel-Fleiss count below which the exact test is given too.
const SPARSE: f64 = 5.0;

/// A stratum with both arms.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arms<'a> {
    pub(super) name: &'a str,
    pub(super) treated: &'a Stratum,
    pub(super) control: &'a Stratum,
}

/// The contrast of one group.
pub(super) struct Contrasts<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) level: Level,
    pub(super) arms: &'a [Arms<'a>],
    pub(super) contrast: &'a Contrast,
    pub(super) groups: &'a Groups,
    pub(super) group: &'a str,
    pub(super) noise: &'a Noise,
}

impl Contrasts<'_> {
    /// All lines of the group: per stratum, pooled, left-out, and the two-by-two forms.
    pub(super) fn add_to(&self, finding: &mut Finding) -> Result<(), Error> {
        let mut usable = Vec::new();
        for arms in self.arms {
            let line = self.stratum_line(arms)?;
            match (line.estimate, line.std_error) {
                (Some(_), Some(_)) => usable.push((arms, self.scale(arms))),
                _ => warning::add(
                    &mut finding.warnings,
                    Warning::UndefinedStratum {
                        stratum: format!("{} ({})", arms.name, self.label()),
                    },
                ),
            }
            finding.lines.push(line);
        }
        let usable: Vec<(&Arms<'_>, LogScale)> = usable
            .into_iter()
            .filter_map(|(arms, scale)| Some((arms, scale?)))
            .collect();
        if usable.len() < FEWEST_STRATA {
            warning::add(
                &mut finding.warnings,
                Warning::FewStrata {
                    strata: usable.len(),
                },
            );
            return Ok(());
        }
        self.pooled(finding, &usable)?;
        self.two_by_two_forms(finding, &usable);
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

    /// log RR (treated) - log RR (control), with the counting variance over the four cells.
    fn scale(&self, arms: &Arms<'_>) -> Option<LogScale> {
        let ratio = |stratum: &Stratum| {
            log_scale((
                stratum.tally(self.group)?,
                stratum.tally(self.groups.reference())?,
            ))
        };
        let (treated, control) = (ratio(arms.treated)?, ratio(arms.control)?);
        Some(LogScale {
            estimate: treated.estimate / control.estimate,
            counting: treated.counting + control.counting,
            baseline: 0.0,
        })
    }

    fn stratum_line(&self, arms: &Arms<'_>) -> Result<Line, Error> {
        let at = [(arms.treated.at[0].0.clone(), arms.name.to_owned())];
        let mut line = self.base(&at, glossary::RATIO_OF_RATIOS);
        line.rests_on = self.rests_on(arms);
        let treated = arms.treated.tally(self.group);
        line.events = treated.map(|tally| tally.events);
        line.trials = treated.and_then(|tally| tally.trials);
        let Some(scale) = self.scale(arms) else {
            line.warn(Warning::NoEvents {
                side: format!(
                    "{} or {} in one arm",
                    self.label(),
                    self.groups.label(self.groups.reference())
                ),
            });
            return Ok(line);
        };
        line.estimate = Some(scale.estimate);
        line.counting = Some(normal_band(
            scale.estimate,
            scale.std_error(),
            self.level,
            "log scale, counting variance 1/x − 1/n",
        ));
        if self.noise.dispersion(arms.control).is_some() {
            self.noise.put(&mut line, arms.treated, Some(scale))?;
        } else {
            line.warn(Warning::NoReplication);
            line.std_error = Some(scale.std_error());
        }
        Ok(line)
    }

    fn pooled(&self, finding: &mut Finding, usable: &[(&Arms<'_>, LogScale)]) -> Result<(), Error> {
        let contrasts = usable.iter().map(|(_, scale)| pool::Contrast {
            estimate: libm::log(scale.estimate),
            variance: scale.counting,
        });
        let pool = Pool::new(contrasts.collect()).map_err(refused)?;
        let undefined = || Error::Internal("a pool of five strata or more is defined".into());
        let random = pool.paule_mandel(self.level).ok_or_else(undefined)?;
        let fixed = pool.fixed(self.level).ok_or_else(undefined)?;
        let heterogeneity = pool.heterogeneity().ok_or_else(undefined)?;
        let weights = pool.weights().ok_or_else(undefined)?;
        let signs = pool.sign_count();
        let line = |estimand, estimate: f64| Line {
            estimate: Some(estimate),
            ..self.base(&[], estimand)
        };

        let headline = Line {
            headline: Some(random_band(&random, self.level)),
            std_error: Some(random.std_error),
            ..line(glossary::POOLED_BETWEEN, libm::exp(random.estimate))
        };
        let z = Test {
            statistic: Some(fixed.z),
            df: None,
            p_value: Some(fixed.p.get()),
        };
        let fixed_band = Band {
            interval: fixed.interval.map(libm::exp),
            level: self.level,
            method: "inverse variance, counting only".into(),
            variance: Variance::Counting,
            test: Some(z),
        };
        let mut fixed_line = Line {
            counting: Some(fixed_band),
            std_error: Some(fixed.std_error),
            ..line(glossary::POOLED_FIXED, libm::exp(fixed.estimate))
        };
        let largest = weights
            .fixed
            .iter()
            .copied()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .ok_or_else(undefined)?;
        if largest.1 > 0.5 {
            fixed_line.warn(Warning::DominantStratum {
                stratum: usable[largest.0].0.name.to_owned(),
                share: largest.1,
            });
        }
        if heterogeneity.p.get() < 0.05 {
            fixed_line.warn(Warning::Heterogeneous {
                p: heterogeneity.p.get(),
            });
        }
        let prediction = Band {
            interval: random.prediction.map(libm::exp),
            level: self.level,
            method: "prediction interval, t(K-1)".into(),
            variance: Variance::Between,
            test: None,
        };
        let q = Test {
            statistic: Some(heterogeneity.q),
            df: Some(heterogeneity.df as f64),
            p_value: Some(heterogeneity.p.get()),
        };
        finding.lines.extend([
            headline,
            fixed_line,
            Line {
                headline: Some(prediction),
                ..line(glossary::PREDICTION, libm::exp(random.estimate))
            },
            Line {
                estimate: pool.median().map(libm::exp),
                ..self.base(&[], glossary::MEDIAN)
            },
            line(glossary::STRATA_ABOVE_ONE, signs.positive as f64),
            line(glossary::TAU, random.tau),
            Line {
                test: Some(q),
                ..line(glossary::COCHRAN_Q, heterogeneity.q)
            },
            Line {
                at: vec![(
                    usable[largest.0].0.treated.at[0].0.clone(),
                    usable[largest.0].0.name.to_owned(),
                )],
                ..line(glossary::LARGEST_WEIGHT, largest.1)
            },
        ]);
        for ((arms, _), without) in usable.iter().zip(pool.leave_one_out(self.level)) {
            let at = [(arms.treated.at[0].0.clone(), arms.name.to_owned())];
            let mut line = self.base(&at, glossary::LEAVE_ONE_OUT);
            if let Some(without) = without {
                line.estimate = Some(libm::exp(without.estimate));
                line.std_error = Some(without.std_error);
                line.headline = Some(random_band(&without, self.level));
            }
            finding.lines.push(line);
        }
        Ok(())
    }

    /// Programme against none within each group, and group against reference within each arm, pooled by Mantel-Haenszel.
    fn two_by_two_forms(&self, finding: &mut Finding, usable: &[(&Arms<'_>, LogScale)]) {
        let key = self.contrast.key.get_ref();
        let reference = self.groups.reference();
        for group in [self.group, reference] {
            let already = finding.lines.iter().any(|l| {
                l.comparison == Comparison::Programme && l.group == self.groups.label(group)
            });
            if !already {
                let pairs = usable
                    .iter()
                    .map(|(arms, _)| (arms.treated.tally(group), arms.control.tally(group)));
                let base = Line {
                    comparison: Comparison::Programme,
                    group: self.groups.label(group).to_owned(),
                    ..self.base(&[], glossary::MH_RISK_RATIO)
                };
                finding
                    .lines
                    .extend(pooled_lines(&base, &pairs.collect::<Vec<_>>(), self.level));
            }
        }
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

/// The Mantel-Haenszel family over strata of two sides each; strata in which a side is absent are left out.
pub(super) fn pooled_lines(
    base: &Line,
    pairs: &[(Option<Tally>, Option<Tally>)],
    level: Level,
) -> Vec<Line> {
    let stratum = |(group, other): &(Option<Tally>, Option<Tally>)| {
        let (group, other) = ((*group)?, (*other)?);
        let (n1, n2) = (group.trials?, other.trials?);
        Some(mantel_haenszel::Stratum {
            a: group.events,
            b: n1 - group.events,
            c: other.events,
            d: n2 - other.events,
        })
    };
    let pool = MantelHaenszel::new(pairs.iter().filter_map(stratum).collect());
    let effect =
        |estimand: Estimand, effect: Option<PooledEffect>, method: &str, test: Option<Test>| {
            let band = |e: &PooledEffect| Band {
                interval: e.interval,
                level,
                method: method.to_owned(),
                variance: Variance::Counting,
                test,
            };
            Line {
                estimand,
                estimate: effect.as_ref().map(|e| e.estimate),
                std_error: effect.as_ref().map(|e| e.std_error),
                counting: effect.as_ref().map(band),
                ..base.clone()
            }
        };
    let tested = |estimand: Estimand, test: Option<(f64, f64, f64)>| Line {
        estimand,
        estimate: test.map(|(statistic, ..)| statistic),
        test: test.map(|(statistic, df, p)| Test {
            statistic: Some(statistic),
            df: Some(df),
            p_value: Some(p),
        }),
        ..base.clone()
    };
    let cmh = pool.cmh();
    let cmh_test = cmh.as_ref().map(|t| Test {
        statistic: Some(t.statistic),
        df: Some(1.0),
        p_value: Some(t.p.get()),
    });
    let mut ratio = effect(
        glossary::MH_RISK_RATIO,
        pool.risk_ratio(level),
        "Greenland-Robins",
        cmh_test,
    );
    let crude = pool.crude_risk_ratio();
    if let (Some(crude), Some(pooled)) = (crude, ratio.estimate)
        && (crude - 1.0) * (pooled - 1.0) < 0.0
    {
        ratio.warn(Warning::Simpson { crude, pooled });
    }
    if ratio.estimate.is_none() {
        ratio.warn(Warning::NoEvents {
            side: "a whole side".into(),
        });
    }
    let homogeneity = |test: Option<breslow_day::HomogeneityTest>| {
        test.map(|t| (t.statistic, t.df as f64, t.p.get()))
    };
    let mut lines = vec![
        ratio,
        effect(
            glossary::MH_ODDS_RATIO,
            pool.odds_ratio(level),
            "Robins-Breslow-Greenland",
            None,
        ),
        effect(
            glossary::MH_RISK_DIFFERENCE,
            pool.risk_difference(level),
            "Greenland-Robins",
            None,
        ),
        tested(glossary::CMH, cmh.map(|t| (t.statistic, 1.0, t.p.get()))),
        tested(
            glossary::CMH_CORRECTED,
            pool.cmh_corrected().map(|t| (t.statistic, 1.0, t.p.get())),
        ),
        tested(glossary::BRESLOW_DAY, homogeneity(pool.breslow_day())),
        tested(glossary::TARONE, homogeneity(pool.tarone())),
        Line {
            estimand: glossary::CRUDE_RISK_RATIO,
            estimate: crude,
            ..base.clone()
        },
    ];
    if pool.mantel_fleiss_count() < SPARSE
        && let Some(exact) = pool.exact(level)
    {
        let test = Test {
            statistic: None,
            df: None,
            p_value: Some(exact.p.get()),
        };
        let band = Band {
            interval: exact.interval,
            level,
            method: "exact conditional over strata".into(),
            variance: Variance::Counting,
            test: Some(test),
        };
        lines.push(Line {
            estimand: glossary::CMH_EXACT,
            estimate: Some(exact.estimate),
            counting: Some(band),
            ..base.clone()
        });
    }
    lines
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

fn normal_band(estimate: f64, std_error: f64, level: Level, method: &str) -> Band {
    let half = level.z() * std_error;
    let z = libm::log(estimate) / std_error;
    Band {
        interval: Interval::new(estimate * libm::exp(-half), estimate * libm::exp(half)),
        level,
        method: method.to_owned(),
        variance: Variance::Counting,
        test: Some(Test {
            statistic: Some(z),
            df: None,
            p_value: Some(2.0 * special::normal_sf(z.abs())),
        }),
    }
}
