//! The odds of the group in daylight against darkness, the clock held equal: one model on counts by cell.

use std::collections::{BTreeMap, BTreeSet};

use super::super::informative::informative;
use super::super::regression::FEWEST;
use crate::stats::regression::{
    Clusters, Covariance, CovarianceKind, Design, Factor, Family, Fit, Grain, Model, NaturalSpline,
    RegressionError, Response,
};

/// The column whose coefficient is the logarithm of K. It is the last one, so that it is dropped, and not what is held
/// equal, where they tell it by themselves.
pub(super) const DAYLIGHT: &str = "daylight 1";

/// The column of ones; the fit drops it where effects are taken out.
const CONSTANT: &str = "constant";

/// Up to so many levels, effects are estimated as columns; above, they are taken out.
const FEW_LEVELS: usize = 12;

/// Error of the logarithm of K above which there is no number: its interval would reach over a factor of 50 either way.
const MOST_ERROR: f64 = 2.0;

/// Most levels of effects that are estimated because two other keys are taken out already.
const MOST_COLUMNS: usize = 120;

/// How the clock is held equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Not at all.
    Ignored,
    /// A natural cubic spline of so many columns.
    Spline(u8),
    /// An effect of every so many minutes.
    Bins(u16),
    /// Powers of the minute up to this one.
    Polynomial(u8),
}

impl Clock {
    /// In words, for titles and tables.
    pub(super) fn words(self) -> String {
        match self {
            Self::Ignored => "not held equal".into(),
            Self::Spline(columns) => format!("spline, {columns} columns"),
            Self::Bins(minutes) => format!("bins of {minutes} minutes"),
            Self::Polynomial(1) => "straight line".into(),
            Self::Polynomial(degree) => format!("polynomial of degree {degree}"),
        }
    }
}

/// Counts by cell: stops of the compared group out of those of it and the reference group.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    /// The minute of the day.
    pub(super) minutes: Vec<f64>,
    /// Whether it was light; else it was dark.
    pub(super) is_light: Vec<bool>,
    /// Which curve of the clock is that of the cell: places whose evenings differ have their own.
    pub(super) curves: Vec<u32>,
    /// Which cells belong together.
    pub(super) clusters: Vec<u32>,
    /// What is held equal besides the clock.
    pub(super) factors: Vec<Factor>,
    pub(super) events: Vec<u64>,
    pub(super) trials: Vec<u64>,
}

/// Why there is no number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fault {
    /// No stop at all, of one of the two groups, in daylight, or in darkness: what there are none of.
    Nothing(&'static str),
    /// The curve has more columns than the minutes allow.
    Curve,
    /// So few stops for what is held equal that any ratio would do.
    Imprecise,
    /// So few stops for each effect of a key that the ratio is drawn away from 1: the key, and how many there are on average.
    Thin(String, f64),
    /// The regression has no answer.
    Regression(RegressionError),
}

impl From<RegressionError> for Fault {
    fn from(fault: RegressionError) -> Self {
        Self::Regression(fault)
    }
}

/// A fitted model with its errors.
pub(super) struct Fitted {
    pub(super) model: Model,
    pub(super) fit: Fit,
    pub(super) counting: Covariance,
    pub(super) clustered: Option<(Vec<Vec<u32>>, Covariance)>,
    /// Clusters with stops in daylight or with stops in darkness, the fewer.
    pub(super) fewest: usize,
    /// Levels of keys with stops of one group only, which say nothing and are left out: how many, by key.
    pub(super) silent: BTreeMap<String, usize>,
}

/// Fewest stops for each effect of a key, on average: with `m` of them the logarithm of K is about `m / (m - 1)` times what it
/// should be (Neyman and Scott 1948).
const FEWEST_EACH: f64 = 10.0;

impl Sample {
    /// Fits the model.
    ///
    /// # Errors
    /// [`Fault`]: there is nothing to compare, or no finite estimate.
    pub(super) fn fit(&self, clock: Clock) -> Result<Fitted, Fault> {
        self.check()?;
        let mut factors = self.factors.clone();
        let curves = Factor {
            name: "window".into(),
            levels: self.curves.clone(),
        };
        factors.push(match clock {
            Clock::Bins(minutes) => self.bins(minutes),
            _ => curves,
        });
        let (kept, silent) = self.informative(&factors);
        let sample = self.of(&kept);
        sample.check()?;
        for factor in &mut factors {
            factor.levels = picked(&factor.levels, &kept);
        }
        factors.retain(|factor| levels(factor) > 1);
        let stops: u64 = sample.trials.iter().sum();
        for factor in &factors {
            let each = stops as f64 / levels(factor) as f64;
            if each < FEWEST_EACH {
                return Err(Fault::Thin(factor.name.clone(), each));
            }
        }
        let model = sample.model(clock, factors.clone())?;
        let fit = model.fit()?;
        if fit.dropped().iter().any(|name| name == DAYLIGHT) {
            return Err(RegressionError::Collinear(DAYLIGHT.into()).into());
        }
        let counting = fit.covariance(&CovarianceKind::Model)?;
        let daylight = fit.names().iter().position(|name| name == DAYLIGHT);
        let error = daylight.and_then(|at| counting.std_error(at));
        if error.is_none_or(|error| error.is_nan() || error > MOST_ERROR) {
            return Err(Fault::Imprecise);
        }
        let enough = distinct(&sample.clusters) >= FEWEST;
        let kind = || CovarianceKind::Cr1(Clusters::OneWay(sample.clusters.clone()));
        let covariance = enough.then(|| fit.covariance(&kind())).transpose()?;
        Ok(Fitted {
            counting,
            fewest: sample.fewest(&factors),
            clustered: covariance.map(|covariance| (vec![sample.clusters.clone()], covariance)),
            model,
            fit,
            silent,
        })
    }

    /// Whether there is something to compare.
    fn check(&self) -> Result<(), Fault> {
        let sum = |pick: &dyn Fn(usize) -> u64| -> u64 { (0..self.events.len()).map(pick).sum() };
        let when = |i: usize, is_light: bool| {
            if self.is_light[i] == is_light {
                self.trials[i]
            } else {
                0
            }
        };
        let counts = [
            (sum(&|i| self.trials[i]), "stops in the window"),
            (sum(&|i| self.events[i]), "stops of the group in the window"),
            (
                sum(&|i| self.trials[i] - self.events[i]),
                "stops of the reference group in the window",
            ),
            (sum(&|i| when(i, true)), "stops in daylight in the window"),
            (sum(&|i| when(i, false)), "stops in darkness in the window"),
        ];
        match counts.into_iter().find(|(count, _)| *count == 0) {
            Some((_, what)) => Err(Fault::Nothing(what)),
            None => Ok(()),
        }
    }

    /// The bin of each cell, of its own curve.
    pub(super) fn bins(&self, minutes: u16) -> Factor {
        let bins_a_day = 1440_u32.div_ceil(u32::from(minutes));
        let of_cell = |(minute, curve): (&f64, &u32)| {
            let bin = libm::floor(minute / f64::from(minutes)) as u32;
            curve * bins_a_day + bin
        };
        Factor {
            name: "bin".into(),
            levels: self.minutes.iter().zip(&self.curves).map(of_cell).collect(),
        }
    }

    /// Which cells say something, and the levels of keys that do not.
    fn informative(&self, factors: &[Factor]) -> (Vec<bool>, BTreeMap<String, usize>) {
        let keys: Vec<&[u32]> = factors.iter().map(|f| f.levels.as_slice()).collect();
        let rests: Vec<u64> = self
            .events
            .iter()
            .zip(&self.trials)
            .map(|(events, trials)| trials - events)
            .collect();
        let (kept, left_out) = informative(&keys, &self.events, Some(&rests));
        let mut silent = BTreeMap::new();
        for (factor, _) in left_out {
            *silent.entry(factors[factor].name.clone()).or_default() += 1;
        }
        (kept, silent)
    }

    /// The sample of some cells.
    fn of(&self, kept: &[bool]) -> Self {
        Self {
            minutes: picked(&self.minutes, kept),
            is_light: picked(&self.is_light, kept),
            curves: picked(&self.curves, kept),
            clusters: picked(&self.clusters, kept),
            factors: Vec::new(),
            events: picked(&self.events, kept),
            trials: picked(&self.trials, kept),
        }
    }

    fn model(&self, clock: Clock, mut factors: Vec<Factor>) -> Result<Model, Fault> {
        // The keys with most levels are taken out, two at most; the first of them whenever it has more than a few.
        factors.sort_by_key(|factor| std::cmp::Reverse(levels(factor)));
        let most = [FEW_LEVELS, MOST_COLUMNS];
        let taken_out = factors
            .iter()
            .zip(most)
            .take_while(|(factor, most)| levels(factor) > *most)
            .count();
        let as_columns = factors.split_off(taken_out);
        let mut design = self.design(clock)?;
        for factor in &as_columns {
            design = design.with_indicators(factor)?;
        }
        design = design.with_indicators(&Factor {
            name: "daylight".into(),
            levels: self
                .is_light
                .iter()
                .map(|light| u32::from(*light))
                .collect(),
        })?;
        let response = Response::Events {
            events: self.events.clone(),
            trials: self.trials.clone(),
        };
        let model = Model::new(Family::Logistic, design, response)?.observed_by(Grain::Trial)?;
        Ok(factors.into_iter().try_fold(model, Model::absorbing)?)
    }

    /// Ones, and the columns of the curves.
    fn design(&self, clock: Clock) -> Result<Design, Fault> {
        let curves = self.curve_columns(clock)?;
        let columns = curves.first().map_or(0, |(_, columns)| columns.len());
        let numbers: BTreeSet<u32> = self.curves.iter().copied().collect();
        let places: BTreeMap<u32, usize> = numbers.iter().copied().zip(0..).collect();
        let mut names = vec![CONSTANT.to_owned()];
        for curve in &numbers {
            names.extend((1..=columns).map(|i| format!("clock {curve}.{i}")));
        }
        let width = names.len();
        let mut values = vec![0.0; width * self.minutes.len()];
        for (i, row) in values.chunks_exact_mut(width).enumerate() {
            row[0] = 1.0;
            if columns > 0 {
                let first = 1 + places[&self.curves[i]] * columns;
                let own = curves
                    .binary_search_by(|(at, _)| compared(*at, (self.curves[i], self.minutes[i])))
                    .expect("every minute of every curve has its columns");
                row[first..first + columns].copy_from_slice(&curves[own].1);
            }
        }
        Ok(Design::new(names, values)?)
    }

    /// The columns of the clock at each minute of each curve, in their order; none where the clock has none.
    fn curve_columns(&self, clock: Clock) -> Result<Vec<(Minute, Vec<f64>)>, Fault> {
        if matches!(clock, Clock::Ignored | Clock::Bins(_)) {
            return Ok(Vec::new());
        }
        let minutes = self
            .curves
            .iter()
            .copied()
            .zip(self.minutes.iter().copied());
        let mut counted: Vec<(Minute, u64)> = minutes.zip(self.trials.iter().copied()).collect();
        counted.sort_by(|a, b| compared(a.0, b.0));
        counted.dedup_by(|next, first| {
            let is_same = compared(next.0, first.0).is_eq();
            if is_same {
                first.1 += next.1;
            }
            is_same
        });
        let mut found = Vec::with_capacity(counted.len());
        for own in counted.chunk_by(|a, b| a.0.0 == b.0.0) {
            let values: Vec<f64> = own.iter().map(|((_, minute), _)| *minute).collect();
            let counts: Vec<u64> = own.iter().map(|(_, count)| *count).collect();
            let rows = match clock {
                Clock::Spline(columns) => spline(&values, &counts, columns)?,
                Clock::Polynomial(degree) => powers(&values, &counts, degree),
                Clock::Ignored | Clock::Bins(_) => Vec::new(),
            };
            found.extend(own.iter().map(|(at, _)| *at).zip(rows));
        }
        Ok(found)
    }

    /// Clusters with daylight, or with darkness, the fewer; where an effect lies within clusters, those with both.
    fn fewest(&self, factors: &[Factor]) -> usize {
        let side = |is_light: bool| -> BTreeSet<u32> {
            let of_side = self.clusters.iter().zip(&self.is_light);
            of_side
                .filter(|(_, light)| **light == is_light)
                .map(|(cluster, _)| *cluster)
                .collect()
        };
        let (light, dark) = (side(true), side(false));
        if factors.iter().any(|f| f.lies_within(&self.clusters)) {
            light.intersection(&dark).count()
        } else {
            light.len().min(dark.len())
        }
    }
}

/// A minute of a curve.
type Minute = (u32, f64);

fn compared(a: Minute, b: Minute) -> std::cmp::Ordering {
    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
}

fn spline(values: &[f64], counts: &[u64], columns: u8) -> Result<Vec<Vec<f64>>, Fault> {
    let spline = NaturalSpline::new(values, counts, usize::from(columns));
    let spline = spline.map_err(|_| Fault::Curve)?;
    let at = |value: &f64| spline.at(*value).ok_or(Fault::Curve);
    values.iter().map(at).collect()
}

/// Powers of the hours from the middle of the stops: the same curve as of the minutes, on a scale that loses no digits.
fn powers(values: &[f64], counts: &[u64], degree: u8) -> Vec<Vec<f64>> {
    let all: u64 = counts.iter().sum();
    let weighted = values.iter().zip(counts);
    let sum: f64 = weighted.map(|(value, count)| value * *count as f64).sum();
    let middle = sum / all as f64;
    let row = |value: &f64| {
        let hours = (value - middle) / 60.0;
        // Multiplied up: `powi` has no fixed precision, and these feed a fit that has to be the same everywhere.
        std::iter::successors(Some(hours), |power| Some(power * hours))
            .take(usize::from(degree))
            .collect()
    };
    values.iter().map(row).collect()
}

fn levels(factor: &Factor) -> usize {
    distinct(&factor.levels)
}

pub(super) fn distinct(ids: &[u32]) -> usize {
    ids.iter().collect::<BTreeSet<_>>().len()
}

fn picked<T: Copy>(values: &[T], kept: &[bool]) -> Vec<T> {
    let both = values.iter().zip(kept);
    both.filter(|(_, kept)| **kept)
        .map(|(value, _)| *value)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const STOPS: &str = include_str!("../../../tests/reference/G_vod/stops.csv");
    const SUN: &str = include_str!("../../../tests/reference/G_vod/sun_2019.csv");
    const ANSWERS: &str = include_str!("../../../tests/reference/G_vod/answers.json");
    const TRUTH: &str = include_str!("../../../tests/reference/G_vod/truth.json");

    fn seconds(clock: &str) -> f64 {
        let parts: Vec<f64> = clock.split(':').map(|part| part.parse().unwrap()).collect();
        3600.0 * parts[0] + 60.0 * parts[1] + parts[2]
    }

    /// The file as its own rule filters it, to the second; officers and dates as numbers.
    fn reference() -> (Sample, Vec<u32>, Vec<u32>) {
        let sun: BTreeMap<&str, (f64, f64)> = SUN
            .lines()
            .skip(1)
            .map(|line| {
                let fields: Vec<&str> = line.split(',').collect();
                (fields[0], (seconds(fields[1]), seconds(fields[2])))
            })
            .collect();
        let truth: Value = serde_json::from_str(TRUTH).unwrap();
        let window = |i: usize| truth["intertwilight_local"][i].as_f64().unwrap();
        let mut sample = Sample::default();
        let (mut officers, mut dates) = (Vec::new(), Vec::new());
        for line in STOPS.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let (second, (sunset, dusk)) = (seconds(fields[2]), sun[fields[1]]);
            let is_twilight = (sunset..dusk).contains(&second);
            if is_twilight || second < window(0) || second > window(1) {
                continue;
            }
            sample.minutes.push(second / 60.0);
            sample.is_light.push(second < sunset);
            sample.curves.push(0);
            sample.events.push(u64::from(fields[3] == "black"));
            sample.trials.push(1);
            officers.push(fields[4][1..].parse().unwrap());
            dates.push(sun.range(..fields[1]).count() as u32);
        }
        (sample, officers, dates)
    }

    fn close(found: f64, expected: &Value, what: &str) {
        let expected = expected.as_f64().unwrap();
        let apart = (found - expected).abs() / expected.abs();
        assert!(apart < 1e-8, "{what}: {found} and not {expected}");
    }

    /// The coefficient of darkness, its model error and its clustered error, under R's names.
    fn check(sample: &Sample, clock: Clock, (name, has_clusters): (&str, bool)) {
        let answers: Value = serde_json::from_str(ANSWERS).unwrap();
        let answer = &answers[name];
        let fitted = sample.fit(clock).unwrap();
        let daylight = fitted.fit.coefficient(DAYLIGHT).unwrap();
        close(-daylight, &answer["coef_dark"], name);
        let at = fitted
            .fit
            .names()
            .iter()
            .position(|own| own == DAYLIGHT)
            .unwrap();
        close(
            fitted.counting.std_error(at).unwrap(),
            &answer["se_model"],
            name,
        );
        assert_eq!(fitted.fit.observations(), answer["n"].as_u64().unwrap());
        if has_clusters {
            let (_, clustered) = fitted.clustered.unwrap();
            let error = clustered.std_error(at).unwrap();
            close(error, &answer["se_cluster_G_and_n"], name);
        }
    }

    #[test]
    fn fits_are_those_of_r_on_the_same_file() {
        let (mut sample, officers, dates) = reference();
        sample.clusters.clone_from(&officers);
        check(&sample, Clock::Ignored, ("naive", true));
        check(&sample, Clock::Spline(6), ("ns6", true));
        check(&sample, Clock::Polynomial(2), ("quad", true));
        check(&sample, Clock::Bins(15), ("bins15", false));
        let weekday = |date: &u32| (date + 1) % 7;
        sample.factors = vec![Factor {
            name: "weekday".into(),
            levels: dates.iter().map(weekday).collect(),
        }];
        sample.clusters = dates;
        check(&sample, Clock::Spline(6), ("ns6_dow", true));
        // R counts the effects of officers among the coefficients, and here they lie within clusters.
        sample.factors = vec![Factor {
            name: "officer".into(),
            levels: officers.clone(),
        }];
        sample.clusters = officers;
        check(&sample, Clock::Spline(6), ("ns6_officer", false));
    }

    #[test]
    fn adding_up_rows_changes_nothing() {
        let (mut rows, officers, _) = reference();
        rows.clusters = officers;
        rows.minutes
            .iter_mut()
            .for_each(|minute| *minute = minute.floor());
        let mut cells: BTreeMap<(u64, bool, u32), [u64; 2]> = BTreeMap::new();
        for i in 0..rows.events.len() {
            let key = (rows.minutes[i] as u64, rows.is_light[i], rows.clusters[i]);
            let own = cells.entry(key).or_default();
            own[0] += rows.events[i];
            own[1] += 1;
        }
        let sample = Sample {
            minutes: cells.keys().map(|key| key.0 as f64).collect(),
            is_light: cells.keys().map(|key| key.1).collect(),
            curves: vec![0; cells.len()],
            clusters: cells.keys().map(|key| key.2).collect(),
            factors: Vec::new(),
            events: cells.values().map(|counts| counts[0]).collect(),
            trials: cells.values().map(|counts| counts[1]).collect(),
        };
        let error = |sample: &Sample| {
            let fitted = sample.fit(Clock::Spline(6)).unwrap();
            let at = fitted.fit.names().iter().position(|own| own == DAYLIGHT);
            let error = fitted.clustered.unwrap().1.std_error(at.unwrap());
            (fitted.fit.coefficient(DAYLIGHT).unwrap(), error.unwrap())
        };
        let (by_row, by_cell) = (error(&rows), error(&sample));
        assert!((by_row.0 - by_cell.0).abs() < 1e-9 && (by_row.1 - by_cell.1).abs() < 1e-9);
    }

    #[test]
    fn what_cannot_be_compared_has_no_number() {
        let (mut sample, officers, _) = reference();
        sample.clusters = officers;
        let mut dark = sample.clone();
        dark.is_light
            .iter_mut()
            .for_each(|is_light| *is_light = false);
        assert_eq!(
            dark.fit(Clock::Spline(6)).err(),
            Some(Fault::Nothing("stops in daylight in the window"))
        );
        let mut one_group = sample.clone();
        one_group.events.iter_mut().for_each(|events| *events = 0);
        let missing = Fault::Nothing("stops of the group in the window");
        assert_eq!(one_group.fit(Clock::Ignored).err(), Some(missing));
        // Every stop in daylight of one group: no finite odds ratio.
        let mut separated = sample.clone();
        for i in 0..separated.events.len() {
            separated.events[i] = u64::from(separated.is_light[i]);
        }
        assert!(matches!(
            separated.fit(Clock::Spline(3)).err(),
            Some(Fault::Regression(RegressionError::Separation { .. }))
        ));
        let mut hourly = sample.clone();
        hourly
            .minutes
            .iter_mut()
            .for_each(|minute| *minute = 60.0 * (*minute / 60.0).floor());
        assert_eq!(hourly.fit(Clock::Spline(6)).err(), Some(Fault::Curve));
        // Ten stops: a ratio with an interval from nothing to everything is none.
        let kept: Vec<bool> = (0..sample.events.len()).map(|i| i % 190 == 0).collect();
        assert!(matches!(
            sample.of(&kept).fit(Clock::Spline(3)).err(),
            Some(Fault::Imprecise | Fault::Regression(_))
        ));
        // A key that tells daylight by itself.
        sample.factors = vec![Factor {
            name: "side".into(),
            levels: sample
                .is_light
                .iter()
                .map(|light| u32::from(*light))
                .collect(),
        }];
        assert!(matches!(
            sample.fit(Clock::Ignored).err(),
            Some(Fault::Regression(RegressionError::Collinear(_)))
        ));
    }
}
