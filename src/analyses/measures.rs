//! The measures of a disparity in one stratum: ratio, difference, index, surplus, excess, tipping point.

use super::noise::{LogScale, Noise, refused};
use super::strata::{Stratum, Tally};
use crate::cells::Outcome;
use crate::error::Error;
use crate::findings::glossary::Estimand;
use crate::findings::{Band, Comparison, Line, Test, Variance, glossary};
use crate::ingest::Baseline;
use crate::stats::proportion::{Proportion, ProportionMethod};
use crate::stats::rate::Rate;
use crate::stats::rate_ratio::{RateRatio, RateRatioMethod};
use crate::stats::two_by_two::{RiskDifferenceMethod, RiskRatioMethod, TwoByTwo};
use crate::stats::uncertain::{UncertainIndex, UncertainRate, UncertainRatio};
use crate::stats::{Interval, Level};
use crate::warning::Warning;

/// How the measures of one analysis are made.
pub(super) struct Comparer<'a> {
    pub(super) outcome: &'a Outcome,
    pub(super) baseline: Option<&'a Baseline>,
    pub(super) level: Level,
    pub(super) per: f64,
}

/// A group and what it is compared with, in one stratum.
pub(super) struct Pair<'a> {
    pub(super) stratum: &'a Stratum,
    pub(super) group: &'a str,
    pub(super) label: &'a str,
    pub(super) other: Option<Tally>,
    pub(super) other_label: &'a str,
    pub(super) others: Vec<&'a str>,
}

impl Pair<'_> {
    pub(super) fn line(
        &self,
        comparer: &Comparer<'_>,
        comparison: Comparison,
        estimand: Estimand,
    ) -> Line {
        let mut line = Line::new(&self.stratum.at, self.label, comparison, estimand);
        line.benchmark = comparer.baseline.map(|baseline| baseline.name.clone());
        self.stratum
            .warnings
            .iter()
            .for_each(|warning| line.warn(warning.clone()));
        if let Some(tally) = self.stratum.tally(self.group) {
            line.events = Some(tally.events);
            line.trials = tally.trials;
            line.exposure = tally.people.map(|people| people.person_years());
        }
        let groups: Vec<&str> = std::iter::once(self.group)
            .chain(self.others.iter().copied())
            .collect();
        line.rests_on = self.stratum.rests_on(&comparer.outcome.name, &groups);
        line
    }

    /// Both sides, or the caution that one is absent.
    fn sides(&self, line: &mut Line) -> Option<(Tally, Tally)> {
        let group = self.stratum.tally(self.group);
        for (side, label) in [(&group, self.label), (&self.other, self.other_label)] {
            match side {
                None => line.warn(Warning::GroupAbsent {
                    group: label.to_owned(),
                }),
                Some(tally) if tally.size().is_none_or(|size| size <= 0.0) => {
                    line.warn(Warning::EmptyDenominator)
                }
                Some(tally) if tally.events == 0 => line.warn(Warning::NoEvents {
                    side: label.to_owned(),
                }),
                Some(_) => {}
            }
        }
        group.zip(self.other)
    }
}

impl Comparer<'_> {
    pub(super) fn counting_words(&self) -> &'static str {
        match self.baseline {
            _ if self.outcome.annual_average => "none: annual averages",
            None => "Koopman score",
            Some(baseline) if baseline.carries_margins() => {
                "log delta with the margins of error of the baseline"
            }
            Some(_) => "exact conditional",
        }
    }

    /// Ratio, difference, both excesses and the tipping point against the reference group.
    pub(super) fn against_reference(
        &self,
        pair: &Pair<'_>,
        noise: &Noise,
    ) -> Result<Vec<Line>, Error> {
        let ratio = self.ratio(pair, noise, Comparison::Reference)?;
        let mut lines = vec![self.difference(pair, noise)?];
        let events = ratio.events.unwrap_or_default() as f64;
        let excess = |rr: f64| {
            if rr > 0.0 {
                events * (1.0 - 1.0 / rr)
            } else {
                f64::NEG_INFINITY
            }
        };
        lines.push(transformed(&ratio, glossary::EXCESS_OVER_REFERENCE, excess));
        let share = |rr: f64| {
            if rr > 0.0 {
                1.0 - 1.0 / rr
            } else {
                f64::NEG_INFINITY
            }
        };
        let mut excess_share = transformed(&ratio, glossary::EXCESS_SHARE, share);
        if excess_share.estimate.is_some_and(|share| share < 0.0) {
            (
                excess_share.estimate,
                excess_share.headline,
                excess_share.counting,
                excess_share.std_error,
            ) = (None, None, None, None);
        }
        lines.push(excess_share);
        if let Some(b) = self
            .benchmark_share(pair)
            .filter(|_| self.baseline.is_some())
        {
            let tipping = |rr: f64| {
                if rr.is_finite() {
                    b * rr / (1.0 - b + b * rr)
                } else {
                    1.0
                }
            };
            lines.push(transformed(&ratio, glossary::TIPPING_SHARE, tipping));
        }
        lines.insert(0, ratio);
        Ok(lines)
    }

    /// The ratio of the two sides' rates.
    pub(super) fn ratio(
        &self,
        pair: &Pair<'_>,
        noise: &Noise,
        comparison: Comparison,
    ) -> Result<Line, Error> {
        let estimand = if self.baseline.is_some() {
            glossary::RATE_RATIO
        } else {
            glossary::RISK_RATIO
        };
        let mut line = pair.line(self, comparison, estimand);
        let Some((group, other)) = pair.sides(&mut line) else {
            return Ok(line);
        };
        match self.baseline {
            None => risk_ratio(&mut line, (group, other), self.level)?,
            Some(baseline) => self.rate_ratio(&mut line, (group, other), baseline)?,
        }
        noise.put(&mut line, pair.stratum, log_scale((group, other)))?;
        Ok(line)
    }

    fn rate_ratio(
        &self,
        line: &mut Line,
        (group, other): (Tally, Tally),
        baseline: &Baseline,
    ) -> Result<(), Error> {
        let (Some(a), Some(b)) = (group.people, other.people) else {
            return Ok(());
        };
        for (tally, people) in [(group, a), (other, b)] {
            if tally.events as f64 > people.person_years() {
                line.warn(Warning::RateAboveOne);
            }
        }
        let rate = |events: u64, people: f64| Rate::new(events, people).map_err(refused);
        let ratio = RateRatio::new(
            rate(group.events, a.person_years())?,
            rate(other.events, b.person_years())?,
        );
        line.estimate = ratio.estimate().filter(|r| r.is_finite());
        if self.outcome.annual_average || a.population <= 0.0 || b.population <= 0.0 {
            return Ok(());
        }
        if !baseline.carries_margins() || group.events == 0 || other.events == 0 {
            let method = if baseline.carries_margins() {
                "exact conditional; margins of error not carried, no events on one side"
            } else {
                "exact conditional"
            };
            let test = ratio.p_value().map(|p| Test {
                statistic: None,
                df: None,
                p_value: Some(p.get()),
            });
            line.counting = ratio
                .interval(RateRatioMethod::ExactConditional, self.level)
                .map(|interval| self.band(interval, method, test));
            return Ok(());
        }
        let (Some(margin_a), Some(margin_b)) = (a.margin, b.margin) else {
            line.warn(Warning::MarginMissing);
            return Ok(());
        };
        let uncertain =
            |events, people: super::strata::People, margin: crate::stats::acs::MarginOfError| {
                UncertainRate::new(
                    events,
                    people.person_years(),
                    margin.standard_error() * people.years,
                )
                .map_err(refused)
            };
        let uncertain = UncertainRatio {
            group: uncertain(group.events, a, margin_a)?,
            reference: uncertain(other.events, b, margin_b)?,
        };
        line.counting = uncertain.ratio(1.0, self.level).map(|delta| {
            let z = libm::log(delta.estimate) / delta.log_std_error;
            let test = Test {
                statistic: Some(z),
                df: None,
                p_value: Some(2.0 * crate::stats::special::normal_sf(z.abs())),
            };
            self.band(
                delta.interval,
                "log delta with the margins of error of the baseline",
                Some(test),
            )
        });
        Ok(())
    }

    fn difference(&self, pair: &Pair<'_>, noise: &Noise) -> Result<Line, Error> {
        let estimand = if self.baseline.is_some() {
            glossary::RATE_DIFFERENCE
        } else {
            glossary::RISK_DIFFERENCE
        };
        let mut line = pair.line(self, Comparison::Reference, estimand);
        let Some((group, other)) = pair.sides(&mut line) else {
            return Ok(line);
        };
        let variance = match (group.trials, other.trials) {
            (Some(n1), Some(n2)) => {
                let table = two_by_two((group.events, n1), (other.events, n2))?;
                line.estimate = table.risk_difference();
                let test = table.pooled_p().map(|p| Test {
                    statistic: table.pooled_z(),
                    df: None,
                    p_value: Some(p.get()),
                });
                line.counting = table
                    .risk_difference_interval(RiskDifferenceMethod::Newcombe, self.level)
                    .map(|i| self.band(i, "Newcombe hybrid score", test));
                [(group.events, n1), (other.events, n2)]
                    .iter()
                    .map(|&(x, n)| {
                        let p = x as f64 / n as f64;
                        p * (1.0 - p) / n as f64
                    })
                    .sum::<f64>()
            }
            _ => {
                let sizes = group
                    .size()
                    .zip(other.size())
                    .filter(|(a, b)| *a > 0.0 && *b > 0.0);
                let Some((t1, t2)) = sizes else {
                    return Ok(line);
                };
                let ratio = RateRatio::new(
                    Rate::new(group.events, t1).map_err(refused)?,
                    Rate::new(other.events, t2).map_err(refused)?,
                );
                line.estimate = ratio.difference().map(|d| d * self.per);
                if !self.outcome.annual_average {
                    line.counting = ratio.difference_interval(self.level).map(|i| {
                        self.band(i.map(|end| end * self.per), "MOVER on Garwood limits", None)
                    });
                }
                (group.events as f64 / (t1 * t1) + other.events as f64 / (t2 * t2))
                    * self.per
                    * self.per
            }
        };
        noise.put_difference(&mut line, pair.stratum, variance);
        Ok(line)
    }

    /// Index, surplus and tipping point against the group's share of the benchmark.
    pub(super) fn against_benchmark(
        &self,
        pair: &Pair<'_>,
        noise: &Noise,
    ) -> Result<Vec<Line>, Error> {
        let mut index = pair.line(self, Comparison::BenchmarkShare, glossary::DISPARITY_INDEX);
        if self.baseline.is_none() {
            index.benchmark = self
                .outcome
                .trials
                .as_ref()
                .map(|trials| format!("share of {trials}"));
        }
        let (Some(group), Some(all), Some(benchmark)) = (
            pair.stratum.tally(pair.group),
            pair.stratum.all(),
            self.benchmark_share(pair),
        ) else {
            index.warn(Warning::GroupAbsent {
                group: pair.label.to_owned(),
            });
            return Ok(vec![index]);
        };
        if all.events == 0 || benchmark <= 0.0 {
            index.warn(if all.events == 0 {
                Warning::NoEvents {
                    side: "all groups".into(),
                }
            } else {
                Warning::EmptyDenominator
            });
            return Ok(vec![index]);
        }
        let share = group.events as f64 / all.events as f64;
        index.estimate = Some(share / benchmark);
        self.index_counting(&mut index, (group, all), benchmark)?;
        let counting = (1.0 - share) / group.events as f64;
        let scale = (group.events > 0 && counting > 0.0)
            .then(|| self.share_variance(group, all))
            .flatten();
        noise.put(
            &mut index,
            pair.stratum,
            scale.map(|baseline| LogScale {
                estimate: share / benchmark,
                counting,
                baseline,
            }),
        )?;
        let total = all.events as f64;
        let surplus = transformed(&index, glossary::SURPLUS_OVER_SHARE, |di| {
            total * benchmark * (di - 1.0)
        });
        let tipping = transformed(&index, glossary::TIPPING_SHARE, |di| {
            (di * benchmark).min(1.0)
        });
        let mut expected = pair.line(self, Comparison::BenchmarkShare, glossary::BENCHMARK_SHARE);
        expected.benchmark.clone_from(&index.benchmark);
        expected.estimate = Some(benchmark);
        Ok(vec![index, surplus, tipping, expected])
    }

    fn index_counting(
        &self,
        index: &mut Line,
        (group, all): (Tally, Tally),
        benchmark: f64,
    ) -> Result<(), Error> {
        if self.outcome.annual_average {
            return Ok(());
        }
        let carries = self.baseline.is_some_and(Baseline::carries_margins)
            && group.events > 0
            && group.events < all.events;
        if !carries {
            let share = Proportion::new(group.events, all.events).map_err(refused)?;
            let interval = share.interval(ProportionMethod::ClopperPearson, self.level);
            index.counting = interval.map(|i| {
                self.band(
                    i.map(|end| end / benchmark),
                    "Clopper-Pearson of the share, benchmark fixed",
                    None,
                )
            });
            return Ok(());
        }
        let Some(baseline) = self.share_variance(group, all) else {
            index.warn(Warning::MarginMissing);
            return Ok(());
        };
        let uncertain = UncertainIndex::new(
            group.events,
            all.events,
            benchmark,
            baseline.sqrt() * benchmark,
        )
        .map_err(refused)?;
        index.counting = uncertain.index(1.0, self.level).map(|delta| {
            self.band(
                delta.interval,
                "log delta with the margin of error of the benchmark share",
                None,
            )
        });
        Ok(())
    }

    /// The group's share of trials or of people.
    fn benchmark_share(&self, pair: &Pair<'_>) -> Option<f64> {
        let (group, all) = (pair.stratum.tally(pair.group)?, pair.stratum.all()?);
        let (part, whole) = (group.size()?, all.size()?);
        (whole > 0.0).then(|| part / whole)
    }

    /// (SE_B/B)^2 of the benchmark share; 0 where it carries no margin of error, `None` where one is missing.
    fn share_variance(&self, group: Tally, all: Tally) -> Option<f64> {
        if !self.baseline.is_some_and(Baseline::carries_margins) {
            return Some(0.0);
        }
        let (share, _) = group
            .people?
            .estimate()?
            .proportion_of(&all.people?.estimate()?)?;
        let relative = share.standard_error() / share.value;
        Some(relative * relative)
    }

    fn band(&self, interval: Interval, method: &str, test: Option<Test>) -> Band {
        Band {
            interval,
            level: self.level,
            method: method.to_owned(),
            variance: Variance::Counting,
            test,
        }
    }
}

/// Risk ratio with its score interval and the score test that agrees with it.
fn risk_ratio(line: &mut Line, (group, other): (Tally, Tally), level: Level) -> Result<(), Error> {
    let (Some(n1), Some(n2)) = (group.trials, other.trials) else {
        return Ok(());
    };
    let table = two_by_two((group.events, n1), (other.events, n2))?;
    line.estimate = table.risk_ratio().filter(|r| r.is_finite());
    let test = table.pooled_p().map(|p| Test {
        statistic: table.pooled_z(),
        df: None,
        p_value: Some(p.get()),
    });
    let interval = if n1 == 0 || n2 == 0 || (group.events == 0 && other.events == 0) {
        None
    } else {
        table.risk_ratio_interval(RiskRatioMethod::Koopman, level)
    };
    line.counting = interval.map(|interval| Band {
        interval,
        level,
        method: "Koopman score".into(),
        variance: Variance::Counting,
        test,
    });
    Ok(())
}

pub(super) fn two_by_two((a, n1): (u64, u64), (c, n2): (u64, u64)) -> Result<TwoByTwo, Error> {
    Ok(TwoByTwo::new(
        Proportion::new(a, n1).map_err(refused)?,
        Proportion::new(c, n2).map_err(refused)?,
    ))
}

/// Ratio of the two sides with the variance of its logarithm; `None` where a side has no events.
pub(super) fn log_scale((group, other): (Tally, Tally)) -> Option<LogScale> {
    let (size, other_size) = (
        group.size().filter(|s| *s > 0.0)?,
        other.size().filter(|s| *s > 0.0)?,
    );
    if group.events == 0 || other.events == 0 {
        return None;
    }
    let (x, y) = (group.events as f64, other.events as f64);
    let of_trials = group.trials.is_some();
    let counting = 1.0 / x + 1.0 / y
        - if of_trials {
            1.0 / size + 1.0 / other_size
        } else {
            0.0
        };
    let baseline = match (group.people, other.people) {
        (Some(a), Some(b)) if !of_trials => a.relative_variance()? + b.relative_variance()?,
        _ => 0.0,
    };
    (counting > 0.0).then_some(LogScale {
        estimate: (x / size) / (y / other_size),
        counting,
        baseline,
    })
}

/// A measure that is an increasing function of another: the estimate and both intervals go through it.
fn transformed(of: &Line, estimand: Estimand, increasing: impl Fn(f64) -> f64) -> Line {
    let mut line = Line {
        estimand,
        std_error: None,
        dispersion_tip: None,
        estimate: of.estimate.map(&increasing).filter(|v| v.is_finite()),
        ..of.clone()
    };
    for band in line.headline.iter_mut().chain(&mut line.counting) {
        band.interval = band.interval.map(&increasing);
        band.method.push_str(", transformed");
        band.test = None;
    }
    line
}
