//! The regressions behind the numbers: the change of a ratio, or of a rate, at the adoption, places and times held equal.

use std::collections::{BTreeMap, BTreeSet};

use super::super::informative::informative;
use super::super::regression::FEWEST;
use super::panel::Panel;
use crate::stats::regression::{
    Clusters, Covariance, CovarianceKind, Design, Factor, Family, Fit, Model, RegressionError,
    Response,
};

/// The column of the effect that is asked for.
pub(super) const EFFECT: &str = "adoption";

/// One place at one time.
#[derive(Debug, Clone)]
pub(super) struct Row {
    place: u32,
    time: usize,
    adopted: Option<usize>,
    events: u64,
    /// Events of both groups; `None` where one group is looked at by itself.
    trials: Option<u64>,
    offset: f64,
}

/// The rows of a regression, and what of the panel says nothing to it.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    /// Places and times left out, because one of the two groups has no events there at all.
    pub(super) silent: Vec<String>,
    /// Times of places left out, because nobody of one of the groups is counted or lives there.
    pub(super) sizeless: Vec<String>,
}

/// A fit with an effect of each cohort at each time but its last one before the agreement.
pub(super) struct Saturated {
    pub(super) fitted: Fitted,
    /// The effects, in the order of their columns.
    pub(super) effects: Vec<Effect>,
    /// The last time before the agreement, of each cohort.
    pub(super) last_before: BTreeMap<usize, usize>,
}

/// An effect of its own: a cohort at a time.
pub(super) type Effect = (usize, usize);

/// A fitted regression with the weights of a mean of its effects.
pub(super) struct Fitted {
    pub(super) model: Model,
    pub(super) fit: Fit,
    pub(super) counting: Covariance,
    /// The place of each row.
    pub(super) places: Vec<u32>,
}

/// A mean of effects with its error on the logarithmic scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mean {
    pub(super) estimate: f64,
    pub(super) std_error: Option<f64>,
    pub(super) df: Option<u64>,
}

impl Rows {
    /// Events of a group out of those of it and the reference group, sizes in the offset: its logit is the logarithm of
    /// the ratio of the two rates.
    pub(super) fn of_ratio(panel: &Panel<'_>, group: &str, reference: &str) -> Self {
        Self::of_panel(panel, |stratum| {
            let (own, size) = stratum.sized(group)?;
            let (other, of_other) = stratum.sized(reference)?;
            let trials = own.events.checked_add(other.events)?;
            Some((own.events, Some(trials), libm::log(size / of_other)))
        })
    }

    /// Events of a group by itself, its size in the offset.
    pub(super) fn of_rate(panel: &Panel<'_>, group: &str) -> Self {
        Self::of_panel(panel, |stratum| {
            let (own, size) = stratum.sized(group)?;
            Some((own.events, None, libm::log(size)))
        })
    }

    fn of_panel(
        panel: &Panel<'_>,
        row: impl Fn(&super::super::strata::Stratum) -> Option<(u64, Option<u64>, f64)>,
    ) -> Self {
        let mut rows = Vec::new();
        let mut sizeless = Vec::new();
        for (place, number) in panel.places.iter().zip(0..) {
            for &(time, stratum) in &place.seen {
                match row(stratum) {
                    Some((events, trials, offset)) => rows.push(Row {
                        place: number,
                        time,
                        adopted: place.adopted,
                        events,
                        trials,
                        offset,
                    }),
                    None => sizeless.push(format!("{} {}", place.name, panel.times[time])),
                }
            }
        }
        // A place or a time in which one side has no events at all fits any ratio.
        let places: Vec<u32> = rows.iter().map(|row| row.place).collect();
        let times: Vec<u32> = rows.iter().map(|row| row.time as u32).collect();
        let events: Vec<u64> = rows.iter().map(|row| row.events).collect();
        let rest = |row: &Row| row.trials.map(|trials| trials - row.events);
        let rests: Option<Vec<u64>> = rows.iter().map(rest).collect();
        let (kept, left_out) = informative(&[&places, &times], &events, rests.as_deref());
        let silent = left_out.into_iter().map(|(key, level)| match key {
            0 => panel.places[level as usize].name.clone(),
            _ => panel.times[level as usize].clone(),
        });
        let silent = silent.collect();
        let rows = rows.into_iter().zip(kept);
        let rows = rows.filter_map(|(row, kept)| kept.then_some(row)).collect();
        Self {
            rows,
            silent,
            sizeless,
        }
    }

    /// The same counts, had the agreements begun at other times: of each place its first time under one, or none.
    pub(super) fn given(&self, adopted: &[Option<usize>]) -> Self {
        let rows = self.rows.iter().map(|row| Row {
            adopted: adopted[row.place as usize],
            ..row.clone()
        });
        Self {
            rows: rows.collect(),
            silent: Vec::new(),
            sizeless: Vec::new(),
        }
    }

    /// Adopters that are left, and places that never adopted.
    pub(super) fn sides(&self) -> (usize, usize) {
        let of = |adopts: bool| {
            let own = self
                .rows
                .iter()
                .filter(|row| row.adopted.is_some() == adopts);
            own.map(|row| row.place).collect::<BTreeSet<_>>().len()
        };
        (of(true), of(false))
    }

    /// The effects under agreements, each with its number of places: one for each cohort and time, or one for all where
    /// there is one cohort only.
    fn under(&self) -> BTreeMap<Effect, usize> {
        let mut effects = BTreeMap::new();
        for row in &self.rows {
            if let Some(adopted) = row.adopted.filter(|adopted| row.time >= *adopted) {
                *effects.entry((adopted, row.time)).or_default() += 1;
            }
        }
        let cohorts: BTreeSet<usize> = effects.keys().map(|(cohort, _)| *cohort).collect();
        match cohorts.first() {
            Some(&one) if cohorts.len() == 1 => BTreeMap::from([((one, one), 1)]),
            _ => effects,
        }
    }

    /// The fit whose column [`EFFECT`] is the mean of the effects under agreements, each place and time alike.
    ///
    /// # Errors
    /// Those of the fit.
    pub(super) fn effect(&self) -> Result<Fitted, RegressionError> {
        let effects = self.under();
        let one_for_all = effects.len() == 1;
        let order: Vec<Effect> = effects.keys().copied().collect();
        let of_row = |row: &Row| -> Option<usize> {
            let adopted = row.adopted.filter(|adopted| row.time >= *adopted)?;
            let own = if one_for_all {
                order[0]
            } else {
                (adopted, row.time)
            };
            order.iter().position(|effect| *effect == own)
        };
        let whole: usize = effects.values().sum();
        let weight = |at: usize| effects[&order[at]] as f64 / whole as f64;
        let mut names = vec![EFFECT.to_owned()];
        names.extend(order.iter().skip(1).map(name));
        let mut values = Vec::with_capacity(names.len() * self.rows.len());
        for row in &self.rows {
            // The first effect is what the mean leaves of it when the others are taken off.
            match of_row(row) {
                Some(0) => {
                    values.push(1.0 / weight(0));
                    values.extend((1..order.len()).map(|at| -weight(at) / weight(0)));
                }
                own => {
                    values.push(0.0);
                    values.extend((1..order.len()).map(|at| f64::from(u8::from(own == Some(at)))));
                }
            }
        }
        self.fit(names, values)
    }

    /// The fit with an effect of each cohort at each time but its last one before the agreement.
    ///
    /// # Errors
    /// Those of the fit.
    pub(super) fn saturated(&self) -> Result<Saturated, RegressionError> {
        let base = self.base();
        let mut effects: BTreeSet<Effect> = BTreeSet::new();
        for row in &self.rows {
            if let Some(cohort) = row
                .adopted
                .filter(|cohort| base.get(cohort) != Some(&row.time))
            {
                effects.insert((cohort, row.time));
            }
        }
        let order: Vec<Effect> = effects.into_iter().collect();
        let names = order.iter().map(name).collect();
        let mut values = Vec::with_capacity(order.len() * self.rows.len());
        for row in &self.rows {
            let own = row.adopted.map(|cohort| (cohort, row.time));
            values.extend(
                order
                    .iter()
                    .map(|effect| f64::from(u8::from(own == Some(*effect)))),
            );
        }
        Ok(Saturated {
            fitted: self.fit(names, values)?,
            effects: order,
            last_before: base,
        })
    }

    /// The last time before the agreement, of each cohort.
    fn base(&self) -> BTreeMap<usize, usize> {
        let mut base: BTreeMap<usize, usize> = BTreeMap::new();
        for row in &self.rows {
            if let Some(cohort) = row.adopted.filter(|cohort| row.time < *cohort) {
                let last = base.entry(cohort).or_insert(row.time);
                *last = (*last).max(row.time);
            }
        }
        base
    }

    /// How many places of a cohort are seen at a time.
    pub(super) fn places_at(&self, (cohort, time): Effect) -> usize {
        let own = self
            .rows
            .iter()
            .filter(|row| row.adopted == Some(cohort) && row.time == time);
        own.count()
    }

    fn fit(&self, names: Vec<String>, values: Vec<f64>) -> Result<Fitted, RegressionError> {
        let design = Design::new(names, values)?;
        let events: Vec<u64> = self.rows.iter().map(|row| row.events).collect();
        let trials: Option<Vec<u64>> = self.rows.iter().map(|row| row.trials).collect();
        let (family, response) = match trials {
            Some(trials) => (Family::Logistic, Response::Events { events, trials }),
            None => (Family::Poisson, Response::Counts(events)),
        };
        let places: Vec<u32> = self.rows.iter().map(|row| row.place).collect();
        let times = self.rows.iter().map(|row| row.time as u32).collect();
        let factor = |name: &str, levels: Vec<u32>| Factor {
            name: name.to_owned(),
            levels,
        };
        let model = Model::new(family, design, response)?
            .with_offset(self.rows.iter().map(|row| row.offset).collect())?
            .absorbing(factor("place", places.clone()))?
            .absorbing(factor("time", times))?;
        let fit = model.fit()?;
        if let Some(dropped) = fit.dropped().first() {
            return Err(RegressionError::Collinear(dropped.clone()));
        }
        Ok(Fitted {
            counting: fit.covariance(&CovarianceKind::Model)?,
            model,
            fit,
            places,
        })
    }
}

impl Fitted {
    /// Errors by place, where there are enough places to reckon them.
    pub(super) fn clustered(&self) -> Result<Option<Covariance>, RegressionError> {
        let distinct: BTreeSet<u32> = self.places.iter().copied().collect();
        let clusters = (distinct.len() >= FEWEST).then(|| Clusters::OneWay(self.places.clone()));
        clusters
            .map(|clusters| self.fit.covariance(&CovarianceKind::Cr1(clusters)))
            .transpose()
    }

    /// A weighted mean of some columns, under a covariance.
    pub(super) fn mean(&self, of: &[(String, f64)], covariance: &Covariance) -> Option<Mean> {
        let whole: f64 = of.iter().map(|(_, weight)| weight).sum();
        let places: Vec<(usize, f64)> = of
            .iter()
            .map(|(name, weight)| {
                let at = self.fit.names().iter().position(|own| own == name)?;
                Some((at, weight / whole))
            })
            .collect::<Option<_>>()?;
        let estimate = places
            .iter()
            .map(|(at, weight)| weight * self.fit.coefficients()[*at])
            .sum();
        let variance: f64 = places
            .iter()
            .flat_map(|(i, a)| {
                places
                    .iter()
                    .map(move |(j, b)| a * b * covariance.get(*i, *j))
            })
            .sum();
        Some(Mean {
            estimate,
            std_error: (variance > 0.0).then(|| variance.sqrt()),
            df: covariance.df(),
        })
    }
}

/// The name of the column of an effect.
pub(super) fn name(effect: &Effect) -> String {
    format!("adopted at {} seen at {}", effect.0, effect.1)
}
