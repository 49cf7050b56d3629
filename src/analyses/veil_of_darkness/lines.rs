//! The numbers of the finding.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::bands::{detectable, wilson};
use super::super::regression::{Quoter, band, half_width};
use super::super::{Answers, Common};
use super::counted::{Counted, Known, SLICE, slice_of};
use super::model::{Clock, DAYLIGHT, Fault, Fitted, Sample, distinct};
use super::rows::{Rows, State};
use super::sample::{ClusterBy, Held};
use super::windows::Part;
use super::{VeilOptions, warning};
use crate::error::Error;
use crate::findings::glossary::{self, Estimand};
use crate::findings::{
    Band, Comparison, CountRef, Family, Finding, Line, Sky, SkyDay, Test, Variance,
};
use crate::number::{Style, clock};
use crate::stats::mantel_haenszel::{self, MantelHaenszel};
use crate::stats::proportion::Proportion;
use crate::stats::regression::RegressionError;
use crate::stops::Light;
use crate::warning::Warning;

/// Slices of the clock that are drawn.
const SLICES: usize = 3;

/// Numbers of a fit that are told: the counts behind it must be more than all of them.
const TOLD: usize = 3;

/// Share of rows without a group above which a caution is given.
const MUCH_MISSING: f64 = 0.05;

/// Stops in the window under which a place is said to be small.
const FEW_STOPS: u64 = 100;

/// Everything that the numbers are made from.
pub(super) struct Veil<'a> {
    pub(super) options: &'a VeilOptions,
    pub(super) common: &'a Common<'a>,
    pub(super) answers: &'a Answers<'a>,
    pub(super) rows: &'a Rows<'a>,
    pub(super) counted: &'a Counted,
    /// Which of `groups` each group of the rows is.
    pub(super) group_of: &'a [Option<usize>],
    /// The reference group first.
    pub(super) groups: &'a [&'a str],
    pub(super) cluster: ClusterBy,
    pub(super) slices: &'a [(Part, i32)],
    pub(super) shifts: &'a [i32],
    /// How the study looks.
    pub(super) way: Way<'a>,
}

/// One way of looking.
#[derive(Debug, Clone, Copy)]
pub(super) struct Way<'a> {
    pub(super) parts: &'a [Part],
    /// Only around changes of the clocks.
    pub(super) is_near: bool,
    pub(super) clock: Clock,
    pub(super) held: &'a [Held],
    /// Which placebo.
    pub(super) shift: Option<usize>,
}

impl Way<'_> {
    /// Whether a stop is in daylight, as this way looks; `None` where it is not looked at.
    fn light(&self, known: &Known) -> Option<bool> {
        if self.is_near && !known.is_near {
            return None;
        }
        match self.shift {
            None => known.light_in(self.parts),
            Some(shift) => known.placebos[shift]
                .filter(|(part, _)| self.parts.contains(part))
                .map(|(_, is_light)| is_light),
        }
    }
}

/// The quarters of an hour that are drawn: those with most stops on the side of dusk that has fewer, in their order.
pub(super) fn slices(
    rows: &Rows<'_>,
    group_of: &[Option<usize>],
    parts: &[Part],
) -> Vec<(Part, i32)> {
    let Some(first) = parts.first() else {
        return Vec::new();
    };
    let mut counts: BTreeMap<(Part, i32), [u64; 2]> = BTreeMap::new();
    for row in rows
        .rows
        .iter()
        .filter(|row| group_of[row.group as usize].is_some())
    {
        let state = rows.state(row);
        if let Some(slice) = slice_of(row, state) {
            let side = usize::from(matches!(state, State::Light(_)));
            counts.entry(slice).or_default()[side] += row.count;
        }
    }
    let mut ranked: Vec<((Part, i32), u64)> = counts
        .into_iter()
        .filter(|((part, _), _)| part == first)
        .map(|(slice, [dark, light])| (slice, dark.min(light)))
        .filter(|(_, fewer)| *fewer > 0)
        .collect();
    ranked.sort_by_key(|(slice, fewer)| (std::cmp::Reverse(*fewer), *slice));
    ranked.truncate(SLICES);
    let mut chosen: Vec<(Part, i32)> = ranked.into_iter().map(|(slice, _)| slice).collect();
    chosen.sort_unstable();
    chosen
}

impl Veil<'_> {
    /// # Errors
    /// No stop has a time of day, or none a light.
    pub(super) fn check_light(&self, options: &VeilOptions) -> Result<(), Error> {
        let any = |keep: &dyn Fn(Light, Option<u16>) -> bool| {
            self.rows.rows.iter().any(|row| keep(row.light, row.minute))
        };
        let (message, hint) = if !any(&|_, minute| minute.is_some()) {
            (
                "not one row has a time of day",
                "map `time` in [stops.columns]; without times regression and outcome_test can still be asked",
            )
        } else if !any(&|light, _| light != Light::Unknown) {
            (
                "of not one row is it known whether it was light",
                "the points of [daylight] name none of the places of the rows: compare their names, or give one point for all",
            )
        } else {
            return Ok(());
        };
        Err(Error::study(options.counts.span(), message, hint))
    }

    /// What touches the whole finding.
    pub(super) fn caution(&self, finding: &mut Finding) {
        for (_, screens) in self.answers.seen {
            for remark in screens.clock_remarks() {
                warning::add(&mut finding.warnings, Warning::Clock { remark });
            }
            if screens.missing_share() > MUCH_MISSING {
                warning::add(&mut finding.warnings, Warning::MissingGroup);
            }
        }
        let (small, of) = self.small_places();
        if small > 0 && of > 1 {
            let caution = Warning::SmallPlaces {
                places: small,
                of,
                fewest: FEW_STOPS,
            };
            warning::add(&mut finding.warnings, caution);
        }
        if self.rows.windows.days_without > 0 {
            warning::add(&mut finding.warnings, Warning::NoDusk);
        }
    }

    /// Places with few stops in the window, out of those with any.
    fn small_places(&self) -> (usize, usize) {
        let mut stops = vec![0; self.rows.places.len()];
        for row in &self.rows.rows {
            let is_shown = self.group_of[row.group as usize].is_some();
            let (State::Light(part) | State::Dark(part)) = self.rows.state(row) else {
                continue;
            };
            if is_shown && self.way.parts.contains(&part) {
                stops[row.place as usize] += row.count;
            }
        }
        let with_any = stops.iter().filter(|stops| **stops > 0);
        let small = with_any.clone().filter(|stops| **stops < FEW_STOPS);
        (small.count(), with_any.count())
    }

    pub(super) fn fill(&self, finding: &mut Finding) {
        let bare = Way {
            clock: Clock::Ignored,
            held: &[],
            ..self.way
        };
        for group in 1..self.groups.len() {
            let sample = self.sample(group, &self.way);
            let (own, silent) = self.ratio(group, &self.way, glossary::DAYLIGHT_ODDS_RATIO);
            if !silent.is_empty() {
                let caution = Warning::SilentValues { values: silent };
                warning::add(&mut finding.warnings, caution);
            }
            finding.lines.extend(own);
            finding.lines.extend(
                self.ratio(group, &bare, glossary::DAYLIGHT_ODDS_RATIO_UNADJUSTED)
                    .0
                    .into_iter()
                    .take(1),
            );
            finding.lines.push(self.by_bins(group, &sample));
        }
        for group in 1..self.groups.len() {
            finding.lines.extend(self.placebos(group));
        }
        if self.options.sweep {
            for group in 1..self.groups.len() {
                finding.lines.extend(self.sweep(group));
            }
        }
        finding.lines.extend(self.shares());
        finding.lines.extend(self.account());
        finding.lines.extend(self.drawn());
    }

    /// K of one way of looking with what it would have found, and how many levels of which keys say nothing.
    pub(super) fn ratio(
        &self,
        group: usize,
        way: &Way<'_>,
        estimand: Estimand,
    ) -> (Vec<Line>, Vec<String>) {
        let sample = self.sample(group, way);
        let mut line = self.line(group, way, estimand, &sample);
        let fitted = sample.fit(way.clock).and_then(|fitted| {
            self.put(&mut line, &fitted)?;
            Ok(fitted)
        });
        match fitted {
            Err(fault) => {
                // A line without a number has no interval either.
                line.headline = None;
                line.counting = None;
                line.std_error = None;
                line.estimate = None;
                line.warnings = vec![Warning::NotFitted { why: why(&fault) }];
                (vec![line], Vec::new())
            }
            Ok(fitted) => {
                let error = line.std_error.or_else(|| half_width(&line));
                let detectable = error
                    .and_then(|error| detectable(&line, error, glossary::MINIMUM_DETECTABLE_RATIO));
                let silent = fitted.silent.iter();
                let silent = silent.map(|(key, levels)| format!("{levels} of {key}"));
                (
                    std::iter::once(line).chain(detectable).collect(),
                    silent.collect(),
                )
            }
        }
    }

    fn put(&self, line: &mut Line, fitted: &Fitted) -> Result<(), RegressionError> {
        let Some(own) = fitted
            .fit
            .estimate(DAYLIGHT, &fitted.counting, self.common.level)?
        else {
            line.warn(Warning::Undefined);
            return Ok(());
        };
        line.estimate = Some(libm::exp(own.estimate));
        let of = (self.common.level, Variance::Counting);
        line.counting = Some(band(&own, "model, normal".into(), of));
        let quoter = Quoter {
            model: &fitted.model,
            fit: &fitted.fit,
            clustered: fitted
                .clustered
                .as_ref()
                .map(|(ids, covariance)| (ids.as_slice(), covariance)),
            clusters: self.cluster.words().to_owned(),
            fewest: fitted.fewest,
            // A bootstrap for each of many combinations would take hours where one takes seconds.
            may_resample: line.estimand != glossary::DAYLIGHT_ODDS_RATIO_SWEEP,
            level: self.common.level,
            seed: self.answers.seed,
        };
        quoter.quote(line, &own)
    }

    /// A line with its counts and what it rests on.
    fn line(&self, group: usize, way: &Way<'_>, estimand: Estimand, sample: &Sample) -> Line {
        let label = self.label(group);
        let mut line = Line::new(&[], label, Comparison::Reference, estimand);
        let sides = |of: usize| [true, false].map(|is_light| self.sum(way, of, is_light));
        let (own, reference) = (sides(group), sides(0));
        let count = |sides: &[CountRef; 2]| sides[0].count + sides[1].count;
        line.events = Some(count(&own));
        line.trials = Some(count(&own) + count(&reference));
        line.fitted_on = [(group, true), (0, false)]
            .map(|(of, is_own)| {
                let sum = self
                    .counted
                    .sum(|known| known.group == Some(of) && way.light(known).is_some());
                let how_many = sample.minutes_with(is_own).saturating_sub(self.told());
                Arc::new(Family::Officers { sum, how_many })
            })
            .to_vec();
        line.rests_on = own.into_iter().chain(reference).collect();
        line.is_of_spread = true;
        line
    }

    /// How many numbers of fits the finding tells of one group.
    fn told(&self) -> usize {
        let sweep = if self.options.sweep { self.ways() } else { 0 };
        TOLD * (3 + self.shifts.len() + sweep)
    }

    fn sum(&self, way: &Way<'_>, group: usize, is_light: bool) -> CountRef {
        self.counted
            .sum(|known| known.group == Some(group) && way.light(known) == Some(is_light))
    }

    pub(super) fn label(&self, group: usize) -> &str {
        self.answers.setting.groups.label(self.groups[group])
    }

    /// The Mantel-Haenszel odds ratio over bins of the clock: no curve, and nothing else held equal.
    fn by_bins(&self, group: usize, sample: &Sample) -> Line {
        let minutes = match self.way.clock {
            Clock::Bins(minutes) => minutes,
            _ => SLICE.unsigned_abs() as u16,
        };
        let mut line = self.line(group, &self.way, glossary::DAYLIGHT_ODDS_RATIO_BINS, sample);
        // It is made from the sums of a dozen bins, most of which are shown: nearly nothing is unknown behind it.
        let few = |family: &Arc<Family>| match &**family {
            Family::Officers { sum, .. } => Arc::new(Family::Officers {
                sum: sum.clone(),
                how_many: 1,
            }),
            Family::Cells(_) => Arc::clone(family),
        };
        line.fitted_on = line.fitted_on.iter().map(few).collect();
        let mut strata: BTreeMap<u32, [u64; 4]> = BTreeMap::new();
        for (i, bin) in sample.bins(minutes).levels.into_iter().enumerate() {
            let own = strata.entry(bin).or_default();
            let side = if sample.is_light[i] { 0 } else { 2 };
            own[side] += sample.events[i];
            own[side + 1] += sample.trials[i] - sample.events[i];
        }
        let strata = strata.into_values();
        let strata = strata.map(|[a, b, c, d]| mantel_haenszel::Stratum { a, b, c, d });
        let pool = MantelHaenszel::new(strata.collect());
        let Some(ratio) = pool.odds_ratio(self.common.level) else {
            line.warn(Warning::NoPool);
            return line;
        };
        line.estimate = Some(ratio.estimate);
        line.std_error = Some(ratio.std_error);
        line.counting = Some(Band {
            interval: ratio.interval,
            level: self.common.level,
            method: format!(
                "Mantel-Haenszel over bins of {minutes} minutes, Robins-Breslow-Greenland"
            ),
            variance: Variance::Counting,
            test: pool.cmh().map(|cmh| Test {
                statistic: Some(cmh.statistic),
                df: Some(1.0),
                p_value: Some(cmh.p.get()),
            }),
        });
        line
    }

    /// K where dusk and dawn are moved to where the light does not change.
    fn placebos(&self, group: usize) -> Vec<Line> {
        let one = |(shift, minutes): (usize, &i32)| {
            let way = Way {
                shift: Some(shift),
                ..self.way
            };
            let (lines, _) = self.ratio(group, &way, glossary::DAYLIGHT_ODDS_RATIO_PLACEBO);
            let words = if *minutes > 0 {
                format!("{minutes} minutes later")
            } else {
                format!("{} minutes earlier", minutes.abs())
            };
            lines.into_iter().take(1).map(move |line| Line {
                at: vec![("dusk and dawn moved".into(), words.clone())],
                ..line
            })
        };
        self.shifts.iter().enumerate().flat_map(one).collect()
    }

    /// The group's share in daylight and in darkness: what the odds ratio compares before the clock is held equal.
    fn shares(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        for group in 1..self.groups.len() {
            for (is_light, word) in [(true, "daylight"), (false, "darkness")] {
                let at = vec![("light".to_owned(), word.to_owned())];
                let of = |g: usize| self.sum(&self.way, g, is_light);
                lines.push(self.share(group, at, [of(group), of(0)]));
            }
        }
        lines
    }

    /// The group's share of some stops of it and the reference group.
    fn share(
        &self,
        group: usize,
        at: Vec<(String, String)>,
        [own, reference]: [CountRef; 2],
    ) -> Line {
        let label = self.label(group);
        let mut line = Line::new(&at, label, Comparison::None, glossary::SHARE_OF_PAIR);
        let (x, n) = (own.count, own.count + reference.count);
        (line.events, line.trials) = (Some(x), Some(n));
        let share = Proportion::new(x, n).ok();
        line.estimate = share.and_then(|share| share.estimate());
        line.counting = share.and_then(|share| wilson(&share, self.common.level));
        if line.estimate.is_none() {
            line.warn(Warning::EmptyDenominator);
        }
        line.rests_on = vec![own, reference];
        line
    }

    /// The points of the chart: within a quarter of an hour of the clock, the share by how far dusk is away.
    fn drawn(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        let near = |known: &Known| !self.way.is_near || known.is_near;
        for group in 1..self.groups.len() {
            for (slice, (part, quarter)) in self.slices.iter().enumerate() {
                let clock = ("clock".to_owned(), clock_words(*quarter));
                let of = |g: usize, keep: &dyn Fn(&Known) -> bool| {
                    self.counted.sum(|known| {
                        known.group == Some(g)
                            && known.slice == Some(slice)
                            && near(known)
                            && keep(known)
                    })
                };
                for (is_light, word) in [(true, "daylight"), (false, "darkness")] {
                    let keep = |known: &Known| known.light_in(&[*part]) == Some(is_light);
                    let at = vec![clock.clone(), ("light".to_owned(), word.to_owned())];
                    lines.push(self.share(group, at, [of(group, &keep), of(0, &keep)]));
                }
                for since in self.counted.quarters(slice) {
                    let keep = |known: &Known| known.since == since;
                    let at = vec![
                        clock.clone(),
                        (since_key(*part).to_owned(), (since * SLICE).to_string()),
                    ];
                    let sides = [of(group, &keep), of(0, &keep)];
                    if sides[0].count + sides[1].count > 0 {
                        lines.push(self.share(group, at, sides));
                    }
                }
            }
        }
        lines
    }

    /// Dusk and sunset, or dawn and sunrise, of the place with most stops, for the picture of the window.
    pub(super) fn sky(&self) -> Option<Sky> {
        let part = *self.way.parts.first()?;
        let mut stops = vec![0; self.rows.places.len()];
        for row in &self.rows.rows {
            stops[row.place as usize] += row.count;
        }
        let with_window =
            (0..stops.len()).filter(|at| self.rows.window(*at as u32, part).is_some());
        let most = with_window.max_by_key(|at| (stops[*at], std::cmp::Reverse(*at)))?;
        let window = self.rows.window(most as u32, part)?;
        let place = &self.rows.places[most];
        let dates = self
            .rows
            .rows
            .iter()
            .filter(|row| row.place as usize == most);
        let dates = dates.filter_map(|row| self.rows.days[row.date as usize].date);
        let first = dates.min()?;
        let point = place.point?;
        let year = first.series(jiff::Span::new().days(1)).take(366);
        let day = |date: jiff::civil::Date| {
            let sun = self.rows.sun.day_at(point, date)?;
            Some(SkyDay {
                date: date.to_string(),
                horizon: part.horizon(&sun)?,
                civil: part.civil(&sun)?,
            })
        };
        Some(Sky {
            place: place.name.clone(),
            is_evening: part == Part::Evening,
            window: (window.first, window.last),
            days: year.filter_map(day).collect(),
        })
    }
}

/// `18:00 to 18:15`.
fn clock_words(quarter: i32) -> String {
    format!(
        "{} to {}",
        clock(quarter * SLICE),
        clock((quarter + 1) * SLICE)
    )
}

/// The key of the points of the chart.
fn since_key(part: Part) -> &'static str {
    match part {
        Part::Evening => "minutes since dusk",
        Part::Morning => "minutes before dawn",
    }
}

/// Why there is no number, and what to do.
fn why(fault: &Fault) -> String {
    match fault {
        Fault::Nothing(what) => format!(
            "no {what} that say anything: look at the account of stops, and take a longer span of dates or another window"
        ),
        Fault::Curve => "the times of day have too few different values for the curve: they may be rounded; take fewer columns, or bins".into(),
        Fault::Imprecise => "so few stops for what is held equal that the interval would reach over a factor of more than 50 either way: hold less equal, or add up more of the data".into(),
        Fault::Thin(key, each) => format!(
            "{} stops for each effect of `{key}` on average, so few that K would be drawn away from 1: take it out of `adjust`, or name fewer and larger ones",
            Style::Statistic.show(Some(*each))
        ),
        Fault::Regression(RegressionError::Separation { .. }) => {
            "somewhere in what is held equal all stops are of one group, so that no finite ratio exists: hold less equal, or add up more of the data".into()
        }
        Fault::Regression(RegressionError::Collinear(_)) => {
            "what is held equal tells daylight from darkness by itself: hold less equal, or take a longer span of dates".into()
        }
        Fault::Regression(fault) => format!("the regression has no answer ({fault}): hold less equal, or add up more of the data"),
    }
}

impl Sample {
    /// How many minutes by light and curve have stops of the group, or of the reference group.
    fn minutes_with(&self, of_group: bool) -> usize {
        let mut minutes: Vec<u32> = Vec::new();
        for i in 0..self.events.len() {
            let stops = if of_group {
                self.events[i]
            } else {
                self.trials[i] - self.events[i]
            };
            if stops > 0 {
                let minute = self.minutes[i] as u32;
                minutes.push((self.curves[i] * 1440 + minute) * 2 + u32::from(self.is_light[i]));
            }
        }
        distinct(&minutes)
    }
}
