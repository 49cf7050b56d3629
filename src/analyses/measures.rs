//! The measures of a disparity in one stratum: ratio, difference, index, surplus, excess, tipping point.

use super::bands::detectable;
use super::exposure::People;
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
use crate::stats::two_by_two::{RiskRatioMethod, TwoByTwo};
use crate::stats::uncertain::{UncertainIndex, UncertainRate, UncertainRatio};
use crate::stats::{Interval, Level, special};
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
        let name = &comparer.outcome.name;
        line.rests_on = self.stratum.rests_on(name, &[self.group]);
        line.rests_on
            .extend(self.stratum.rests_on_sum(name, self.others.iter().copied()));
        line
    }

    /// Both sides, or the caution that one is absent.
    pub(super) fn sides(&self, line: &mut Line) -> Option<(Tally, Tally)> {
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

    /// The same for indices.
    pub(super) fn index_words(&self) -> &'static str {
        match self.baseline {
            _ if self.outcome.annual_average => "none: annual averages",
            Some(baseline) if baseline.carries_margins() => {
                "log delta with the margin of error of the benchmark share"
            }
            _ => "Clopper-Pearson of the share, benchmark fixed",
        }
    }

    /// Ratio, difference, both excesses and the tipping point against the reference group.
    pub(super) fn against_reference(
        &self,
        pair: &Pair<'_>,
        noise: &Noise<'_>,
    ) -> Result<Vec<Line>, Error> {
        let ratio = self.ratio(pair, noise, Comparison::Reference)?;
        let mut lines = vec![self.difference(pair, noise)?];
        lines.push(excess(&ratio, pair));
        lines.push(excess_share(&ratio));
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
        lines.extend(self.minimum_detectable(pair, &ratio));
        lines.insert(0, ratio);
        Ok(lines)
    }

    /// The ratio that these data would have found, where the interval of the one found reaches 1.
    pub(super) fn minimum_detectable(&self, pair: &Pair<'_>, ratio: &Line) -> Option<Line> {
        let std_error = if ratio.headline.is_some() {
            ratio.std_error?
        } else {
            let sides = [
                (pair.stratum.tally(pair.group)?, pair.label),
                (pair.other?, pair.other_label),
            ];
            log_scale(sides).ok()?.std_error()
        };
        let own = detectable(ratio, std_error, glossary::MINIMUM_DETECTABLE_RATIO)?;
        Some(Line {
            events: ratio.events,
            trials: ratio.trials,
            exposure: ratio.exposure,
            ..own
        })
    }

    /// The ratio of the two sides' rates.
    pub(super) fn ratio(
        &self,
        pair: &Pair<'_>,
        noise: &Noise<'_>,
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
        self.counted_ratio(&mut line, (group, other))?;
        let scale = log_scale([(group, pair.label), (other, pair.other_label)]);
        noise.put(&mut line, pair.stratum, scale)?;
        Ok(line)
    }

    /// Ratio and interval of counting of two sides.
    pub(super) fn counted_ratio(
        &self,
        line: &mut Line,
        sides: (Tally, Tally),
    ) -> Result<(), Error> {
        match self.baseline {
            None => risk_ratio(line, sides, self.level),
            Some(baseline) => self.rate_ratio(line, sides, baseline),
        }
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
        if self.outcome.annual_average || a.person_years() <= 0.0 || b.person_years() <= 0.0 {
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
        let (Some(group), Some(reference)) = (
            uncertain_rate(group.events, a)?,
            uncertain_rate(other.events, b)?,
        ) else {
            line.warn(Warning::MarginMissing);
            return Ok(());
        };
        let uncertain = UncertainRatio { group, reference };
        line.counting = uncertain.ratio(1.0, self.level).map(|delta| {
            let z = libm::log(delta.estimate) / delta.log_std_error;
            let test = Test {
                statistic: Some(z),
                df: None,
                p_value: Some(2.0 * special::normal_sf(z.abs())),
            };
            self.band(
                delta.interval,
                "log delta with the margins of error of the baseline",
                Some(test),
            )
        });
        Ok(())
    }

    /// Index, surplus and tipping point against the group's share of the benchmark.
    pub(super) fn against_benchmark(
        &self,
        pair: &Pair<'_>,
        noise: &Noise<'_>,
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
        let scale = self.index_scale(pair, (group, all), benchmark);
        let counting_error = scale.as_ref().ok().map(LogScale::std_error);
        noise.put(&mut index, pair.stratum, scale)?;
        let total = all.events as f64;
        let error = index
            .headline
            .as_ref()
            .map_or(counting_error, |_| index.std_error);
        // A share ends at 1, so no index is above 1 / benchmark.
        let detectable = error
            .and_then(|error| detectable(&index, error, glossary::MINIMUM_DETECTABLE_RATIO))
            .filter(|line| line.estimate.is_some_and(|ratio| ratio * benchmark <= 1.0));
        let surplus = transformed(&index, glossary::SURPLUS_OVER_SHARE, |di| {
            total * benchmark * (di - 1.0)
        });
        let mut tipping = transformed(&index, glossary::TIPPING_SHARE, |di| {
            (di * benchmark).min(1.0)
        });
        for band in tipping.headline.iter_mut().chain(&mut tipping.counting) {
            if band.interval.high >= 1.0 {
                band.method.push_str(", a share ends at 1");
            }
        }
        let mut expected = pair.line(self, Comparison::BenchmarkShare, glossary::BENCHMARK_SHARE);
        expected.benchmark.clone_from(&index.benchmark);
        expected.estimate = Some(benchmark);
        let lines = [index, surplus, tipping, expected];
        Ok(lines.into_iter().chain(detectable).collect())
    }

    fn index_scale(
        &self,
        pair: &Pair<'_>,
        (group, all): (Tally, Tally),
        benchmark: f64,
    ) -> Result<LogScale, Warning> {
        let side = || pair.label.to_owned();
        if group.events == 0 {
            return Err(Warning::NoEvents { side: side() });
        }
        let share = group.events as f64 / all.events as f64;
        if group.events == all.events {
            return Err(Warning::AllEvents { side: side() });
        }
        Ok(LogScale {
            estimate: share / benchmark,
            counting: (1.0 - share) / group.events as f64,
            baseline: self
                .share_variance(group, all)
                .ok_or(Warning::MarginMissing)?,
        })
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
    pub(super) fn benchmark_share(&self, pair: &Pair<'_>) -> Option<f64> {
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

    pub(super) fn band(&self, interval: Interval, method: &str, test: Option<Test>) -> Band {
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

/// A rate with the sampling error of its people; `None` where a margin is missing.
pub(super) fn uncertain_rate(events: u64, people: People) -> Result<Option<UncertainRate>, Error> {
    people
        .estimate()
        .map(|estimate| UncertainRate::new(events, estimate.value, estimate.standard_error()))
        .transpose()
        .map_err(refused)
}

/// Ratio of the two sides with the variance of its logarithm, or why there is none.
pub(super) fn log_scale(sides: [(Tally, &str); 2]) -> Result<LogScale, Warning> {
    let mut parts = [(0.0, 0.0, 0.0); 2];
    for (part, (tally, label)) in parts.iter_mut().zip(sides) {
        *part = rate_scale(tally, label)?;
    }
    let [
        (rate, counting, baseline),
        (other_rate, other_counting, other_baseline),
    ] = parts;
    let counting = counting + other_counting;
    // Certainty on both sides leaves no noise of counting to speak of.
    if counting <= 0.0 {
        return Err(Warning::AllEvents {
            side: format!("{} and {}", sides[0].1, sides[1].1),
        });
    }
    Ok(LogScale {
        estimate: rate / other_rate,
        counting,
        baseline: baseline + other_baseline,
    })
}

/// A rate with the variances of its logarithm from counting and from the margin of error of its people.
pub(super) fn rate_scale(tally: Tally, label: &str) -> Result<(f64, f64, f64), Warning> {
    let side = || label.to_owned();
    let size = tally
        .size()
        .filter(|size| *size > 0.0)
        .ok_or(Warning::EmptyDenominator)?;
    if tally.events == 0 {
        return Err(Warning::NoEvents { side: side() });
    }
    let events = tally.events as f64;
    let (counting, baseline) = match (tally.trials, tally.people) {
        (None, Some(people)) => (
            1.0 / events,
            people.relative_variance().ok_or(Warning::MarginMissing)?,
        ),
        _ => (1.0 / events - 1.0 / size, 0.0),
    };
    Ok((events / size, counting, baseline))
}

/// Events beyond what the reference group's rate would give. Without events it is what that rate would have given, and
/// no interval of the ratio bounds it.
fn excess(ratio: &Line, pair: &Pair<'_>) -> Line {
    let events = ratio.events.unwrap_or_default();
    if events > 0 {
        let events = events as f64;
        return transformed(ratio, glossary::EXCESS_OVER_REFERENCE, |rr| {
            if rr > 0.0 {
                events * (1.0 - 1.0 / rr)
            } else {
                f64::NEG_INFINITY
            }
        });
    }
    let expected = || {
        let (group, other) = (pair.stratum.tally(pair.group)?, pair.other?);
        let size = other.size().filter(|size| *size > 0.0)?;
        Some(group.size()? * other.events as f64 / size)
    };
    Line {
        estimand: glossary::EXCESS_OVER_REFERENCE,
        estimate: ratio
            .estimate
            .and_then(|_| expected())
            .map(|expected| -expected),
        ..without_intervals(ratio)
    }
}

/// Defined where the group has a higher rate than the reference group.
fn excess_share(ratio: &Line) -> Line {
    if ratio.estimate.is_some_and(|rr| rr >= 1.0) {
        return transformed(ratio, glossary::EXCESS_SHARE, |rr| {
            if rr > 0.0 {
                1.0 - 1.0 / rr
            } else {
                f64::NEG_INFINITY
            }
        });
    }
    let mut undefined = Line {
        estimand: glossary::EXCESS_SHARE,
        estimate: None,
        ..without_intervals(ratio)
    };
    if ratio.estimate.is_some() {
        undefined.warn(Warning::NoExcess);
    }
    undefined
}

/// The line with neither intervals nor what belongs to them.
pub(super) fn without_intervals(line: &Line) -> Line {
    Line {
        std_error: None,
        headline: None,
        counting: None,
        dispersion: None,
        dispersion_tip: None,
        test: None,
        ..line.clone()
    }
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
