//! Predicted probabilities: everybody taken as of one group, and nothing else changed.

use super::super::strata::Stratum;
use super::cells::{Cell, numbered, value};
use super::lines::{MOST_EFFECTS, Regression, distinct};
use super::quoted::{ENOUGH, FEWEST};
use crate::error::Error;
use crate::findings::{Band, Comparison, Line, Variance, glossary};
use crate::stats::regression::{
    self as glm, Clusters, Covariance, CovarianceKind, Design, Fit, RegressionError, Standardised,
};
use crate::warning::Warning;

/// A fit with every effect as a column, so that the error of a prediction counts that of the effects too.
struct Columns {
    fit: Fit,
    names: Vec<String>,
    /// The columns of each cell.
    rows: Vec<Vec<f64>>,
    covariance: Covariance,
    /// How a band is named, and what it counts; that of a saturated model, where nothing repeats, is of counting alone.
    method: String,
    variance: Option<Variance>,
    few: bool,
}

impl Regression<'_> {
    /// One line for each group over all cells, and one for each value of the key of the display.
    pub(super) fn predicted(&self) -> Result<Vec<Line>, Error> {
        let Some(display) = &self.options.display else {
            return Ok(Vec::new());
        };
        let key = display.get_ref();
        let columns = self.columns()?;
        let mut values: Vec<&str> = self.cells.iter().map(|c| value(c.stratum, key)).collect();
        values.sort_unstable();
        values.dedup();
        let mut lines = Vec::new();
        for of in std::iter::once(None).chain(values.into_iter().map(Some)) {
            for group in 0..self.groups.len() {
                let held = |cell: &Cell<'_>| of.is_none_or(|of| value(cell.stratum, key) == of);
                let found = columns.as_of(self, group, &held);
                let found = found.map_err(|fault| self.options.refused(&fault))?;
                let at: Vec<(String, String)> = of
                    .map(|of| (key.clone(), of.to_owned()))
                    .into_iter()
                    .collect();
                lines.push(self.predicted_line((&at, group), found, &columns));
            }
        }
        Ok(lines)
    }

    fn predicted_line(
        &self,
        (at, group): (&[(String, String)], usize),
        found: Option<Standardised>,
        columns: &Columns,
    ) -> Line {
        let label = self.answers.setting.groups.label(self.groups[group]);
        let line = Line::new(at, label, Comparison::None, glossary::PREDICTED_PROBABILITY);
        let mut line = self.resting_on(line, self.groups);
        match found {
            None => line.warn(Warning::Undefined),
            Some(found) => {
                line.estimate = Some(found.estimate);
                line.std_error = Some(found.std_error);
                let band = |variance| Band {
                    interval: found.interval,
                    level: self.common.level,
                    method: columns.method.clone(),
                    variance,
                    test: None,
                };
                line.headline = columns.variance.map(band);
                if columns.variance.is_none() {
                    line.counting = Some(band(Variance::Counting));
                    line.warn(Warning::NoReplication);
                }
            }
        }
        if columns.few {
            line.warn(Warning::FewClusters { few: ENOUGH });
        }
        line
    }

    /// Fits the model with columns for all effects.
    fn columns(&self) -> Result<Columns, Error> {
        let factors = self.factors();
        let effects: usize = factors
            .iter()
            .map(|factor| distinct(factor.levels.iter()))
            .sum();
        if effects > MOST_EFFECTS {
            let span = self
                .options
                .display
                .as_ref()
                .map_or(0..0, toml::Spanned::span);
            return Err(Error::study(
                span,
                format!(
                    "predicted probabilities with {effects} effects of {}",
                    self.adjust.join(" and ")
                ),
                format!(
                    "their errors need every effect as a column, {MOST_EFFECTS} at most: adjust for fewer values, or take `display` out"
                ),
            ));
        }
        let curve = match &self.options.smooth {
            Some(smooth) => Some(self.curve(smooth)?),
            None => None,
        };
        let build = || -> Result<Columns, RegressionError> {
            let mut design = self.design(true, curve.as_deref())?;
            for factor in &factors {
                design = design.with_indicators(factor)?;
            }
            let (names, rows) = (design.names().to_vec(), design.by_row());
            let fit = self.of_design(glm::Family::Logistic, design)?.fit()?;
            if let Some(dropped) = fit.dropped().first() {
                return Err(RegressionError::Collinear(dropped.clone()));
            }
            self.with_errors(fit, (names, rows))
        };
        build().map_err(|fault| self.options.refused(&fault))
    }

    /// The errors of a display are those of the ratios: by clusters where there are enough, else by the dispersion.
    fn with_errors(
        &self,
        fit: Fit,
        (names, rows): (Vec<String>, Vec<Vec<f64>>),
    ) -> Result<Columns, RegressionError> {
        let ids: Vec<Vec<u32>> = self
            .clusters
            .iter()
            .map(|key| numbered(self.cells, key))
            .collect();
        let fewest = ids
            .iter()
            .map(|ids| self.fewest_sides(ids))
            .min()
            .unwrap_or_default();
        let clusters = match ids.as_slice() {
            [one] if fewest >= FEWEST => Some(Clusters::OneWay(one.clone())),
            [one, two] if fewest >= FEWEST => Some(Clusters::TwoWay(one.clone(), two.clone())),
            _ => None,
        };
        let (covariance, method, variance, few) = match clusters {
            Some(clusters) => (
                fit.covariance(&CovarianceKind::Cr1(clusters))?,
                format!(
                    "delta method, CR1 by {}, log odds, t",
                    self.clusters.join(" and ")
                ),
                Some(Variance::Cluster),
                fewest < ENOUGH,
            ),
            None => {
                let covariance = fit.covariance(&CovarianceKind::Model)?;
                match fit.dispersion() {
                    Some(phi) => (
                        covariance.times(phi.max(1.0), fit.dispersion_df()),
                        "delta method, dispersion of the cells, log odds, t".to_owned(),
                        Some(Variance::Between),
                        false,
                    ),
                    None => {
                        let method = "delta method, log odds, model, normal".to_owned();
                        (covariance, method, None, false)
                    }
                }
            }
        };
        Ok(Columns {
            fit,
            names,
            rows,
            covariance,
            method,
            variance,
            few,
        })
    }

    /// The fewest clusters that hold a group.
    fn fewest_sides(&self, ids: &[u32]) -> usize {
        let side = |group: usize| {
            let own = ids.iter().zip(self.cells);
            distinct(
                own.filter(|(_, cell)| cell.group == group)
                    .map(|(id, _)| id),
            )
        };
        (0..self.groups.len()).map(side).min().unwrap_or_default()
    }
}

impl Columns {
    /// The mean over the cells that are held, all of them taken as of one group.
    fn as_of(
        &self,
        regression: &Regression<'_>,
        group: usize,
        held: &dyn Fn(&Cell<'_>) -> bool,
    ) -> Result<Option<Standardised>, RegressionError> {
        let (mut values, mut weights) = (Vec::new(), Vec::new());
        let cells = regression.cells.iter().zip(&self.rows);
        for (cell, row) in cells.filter(|(cell, _)| held(cell)) {
            let mut row = row.clone();
            // Behind the constant stand the indicators of the compared groups.
            for (g, column) in (1..regression.groups.len()).zip(&mut row[1..]) {
                *column = f64::from(u8::from(g == group));
            }
            values.extend(row);
            weights.push(cell.size);
        }
        let design = Design::new(self.names.clone(), values)?;
        let level = regression.common.level;
        self.fit
            .standardised((&design, &weights), &self.covariance, level)
    }
}

/// Whether every stratum has a number for a key.
pub(super) fn is_numeric(strata: &[Stratum], key: &str) -> Result<(), String> {
    let odd = strata.iter().map(|stratum| value(stratum, key));
    match odd
        .into_iter()
        .find(|text| !text.parse::<f64>().is_ok_and(f64::is_finite))
    {
        None => Ok(()),
        Some(odd) => Err(odd.to_owned()),
    }
}
