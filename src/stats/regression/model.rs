//! A regression to be fitted: family, design, response, offset, absorbed factors and grain.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::absorb::Absorbed;
use super::design::{finite, same_length};
use super::fit::Fit;
use super::least_squares::{Triangle, dot, lengths};
use super::{Design, Factor, Family, RegressionError, Response};

/// The constant that effects as columns need.
const CONSTANT: &str = "(constant)";

/// What counts as one observation: it decides robust errors, likelihood constants, deviance and sample size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// A trial: a cell of 40 stops is 40 observations that share their columns.
    Trial,
    /// A cell: its total is one observation, such as a published count.
    #[default]
    Cell,
}

/// A regression of a response on a design.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub(super) family: Family,
    pub(super) design: Design,
    pub(super) response: Response,
    pub(super) offset: Vec<f64>,
    pub(super) absorbed: Vec<Factor>,
    pub(super) grain: Grain,
}

/// The cells that count: those of positive size.
#[derive(Debug, Clone)]
pub(super) struct Cells {
    /// Where each stands in the design.
    pub(super) rows: Vec<usize>,
    /// Trials, or the weight.
    pub(super) size: Vec<f64>,
    /// Events per trial, or the value.
    pub(super) mean: Vec<f64>,
}

impl Cells {
    fn of(response: &Response) -> Cells {
        let of = |i: usize| match response {
            Response::Events { events, trials } => {
                let size = trials[i] as f64;
                (
                    size,
                    if trials[i] > 0 {
                        events[i] as f64 / size
                    } else {
                        0.0
                    },
                )
            }
            Response::Counts(counts) => (1.0, counts[i] as f64),
            Response::Values { values, weights } => (weights[i], values[i]),
        };
        let mut cells = Cells {
            rows: Vec::with_capacity(response.len()),
            size: Vec::with_capacity(response.len()),
            mean: Vec::with_capacity(response.len()),
        };
        for i in 0..response.len() {
            let (size, mean) = of(i);
            if size > 0.0 {
                cells.rows.push(i);
                cells.size.push(size);
                cells.mean.push(mean);
            }
        }
        cells
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Size and mean of each.
    pub(super) fn iter(&self) -> impl Iterator<Item = (f64, f64)> {
        self.size.iter().copied().zip(self.mean.iter().copied())
    }
}

/// The used rows of a model with the columns that can be estimated.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) names: Vec<String>,
    pub(super) dropped: Vec<String>,
    /// Row-major, used rows and kept columns.
    pub(super) x: Vec<f64>,
    pub(super) cells: Cells,
    pub(super) offset: Vec<f64>,
    pub(super) absorbed: Absorbed,
    pub(super) grain: Grain,
    /// Rows of the design, used or not.
    pub(super) total: usize,
    /// Rows or cells, by the grain.
    pub(super) observations: u64,
}

impl Problem {
    pub(super) fn columns(&self) -> usize {
        self.names.len()
    }

    pub(super) fn row(&self, i: usize) -> &[f64] {
        &self.x[i * self.columns()..][..self.columns()]
    }

    /// Where a column stands among those kept.
    pub(super) fn index(&self, name: &str) -> Result<usize, RegressionError> {
        place(&self.names, name)
    }

    /// Columns and absorbed effects.
    pub(super) fn coefficients(&self) -> u64 {
        self.columns() as u64 + self.absorbed.effects()
    }
}

impl Model {
    /// A model without offset and absorbed factors, observed by cell.
    ///
    /// # Errors
    /// [`RegressionError::Response`] for a response the family does not take, [`RegressionError::Stats`] for lists of
    /// unequal length and numbers out of range.
    pub fn new(
        family: Family,
        design: Design,
        response: Response,
    ) -> Result<Model, RegressionError> {
        response.check(family)?;
        same_length("response", response.len(), design.rows())?;
        Ok(Model {
            family,
            offset: vec![0.0; design.rows()],
            design,
            response,
            absorbed: Vec::new(),
            grain: Grain::Cell,
        })
    }

    /// A logistic regression of one trial per row, each with a weight: the propensity of being treated.
    ///
    /// Weights count in the likelihood as in R's `glm(weights = )`; only coefficients and fitted probabilities have a
    /// meaning, errors are the caller's to reckon from influence functions.
    pub(in crate::stats) fn propensity(
        design: Design,
        treated: &[bool],
        weights: Vec<f64>,
    ) -> Result<Model, RegressionError> {
        let values = treated.iter().map(|&d| f64::from(u8::from(d))).collect();
        let response = Response::Values { values, weights };
        let linear = Model::new(Family::Linear, design, response)?;
        Ok(Model {
            family: Family::Logistic,
            ..linear
        })
    }

    /// With a known part of the linear predictor, such as the logarithm of the exposure.
    ///
    /// # Errors
    /// [`RegressionError::Stats`] for a list of another length and for values that are not finite.
    pub fn with_offset(mut self, offset: Vec<f64>) -> Result<Model, RegressionError> {
        same_length("offset", offset.len(), self.design.rows())?;
        finite("offset", &offset)?;
        self.offset = offset;
        Ok(self)
    }

    /// With the effects of one or two factors taken out instead of estimated; of a second factor with few levels,
    /// [`Design::with_indicators`] is faster.
    ///
    /// # Errors
    /// [`RegressionError::Stats`] for a list of another length, [`RegressionError::TooManyFactors`] for a third factor,
    /// [`RegressionError::FirthAbsorbs`] under Firth's penalty: it is the information of all effects, so they must be
    /// columns there ([`Design::with_indicators`]).
    pub fn absorbing(mut self, factor: Factor) -> Result<Model, RegressionError> {
        same_length("levels", factor.levels.len(), self.design.rows())?;
        if self.family == Family::FirthLogistic {
            return Err(RegressionError::FirthAbsorbs(factor.name));
        }
        if self.absorbed.len() == 2 {
            return Err(RegressionError::TooManyFactors(factor.name));
        }
        self.absorbed.push(factor);
        Ok(self)
    }

    /// Observed by trial or by cell.
    ///
    /// # Errors
    /// [`RegressionError::NoTrials`] for trials of a response that counts none.
    pub fn observed_by(mut self, grain: Grain) -> Result<Model, RegressionError> {
        if grain == Grain::Trial && !matches!(self.response, Response::Events { .. }) {
            return Err(RegressionError::NoTrials);
        }
        self.grain = grain;
        Ok(self)
    }

    /// The maximum-likelihood fit.
    ///
    /// # Definition
    /// Iteratively weighted least squares by Householder reflections until no linear predictor moves by 1e-9 of the
    /// largest; steps that raise the deviance are halved. Theta alternates with the coefficients. A column whose part
    /// independent of earlier columns is under 1e-9 of its length is dropped and named.
    ///
    /// # Units
    /// Coefficients are differences (linear), log odds ratios (logistic) or log ratios (the others) per unit of column.
    ///
    /// # Edge cases
    /// Cells without trials, or of weight 0, do not count. As many observations as coefficients is refused.
    ///
    /// # Errors
    /// [`RegressionError::Separation`] when no finite estimate exists, [`RegressionError::NoConvergence`],
    /// [`RegressionError::TooFewObservations`], [`RegressionError::NoColumns`], and
    /// [`RegressionError::NoOverdispersion`] for a negative binomial whose theta is infinite.
    ///
    /// # Source
    /// McCullagh and Nelder (1989), sections 2.5 and 11.2. Agrees with R `glm`, `lm` and `MASS::glm.nb`.
    pub fn fit(&self) -> Result<Fit, RegressionError> {
        let problem = self.problem()?;
        if problem.names.is_empty() {
            return Err(RegressionError::NoColumns);
        }
        Fit::of(self.family, problem)
    }

    /// The fit with some coefficients held at 0: the smaller model of a likelihood-ratio test, all columns gone at last.
    ///
    /// # Errors
    /// As [`Model::fit`], but for [`RegressionError::NoColumns`]; [`RegressionError::UnknownColumn`].
    pub fn fit_without(&self, names: &[&str]) -> Result<Fit, RegressionError> {
        let mut model = self.clone();
        for name in names {
            model = model.fixing(name, 0.0)?;
        }
        Fit::of(self.family, model.problem()?)
    }

    /// This model with a coefficient held at a value.
    pub(super) fn fixing(&self, name: &str, value: f64) -> Result<Model, RegressionError> {
        let column = self.column(name)?;
        Ok(Model {
            family: self.family,
            design: self.design.without(column),
            response: self.response.clone(),
            offset: self.offset_with(column, value),
            absorbed: self.absorbed.clone(),
            grain: self.grain,
        })
    }

    /// This model with a value times a column in its offset, so that a coefficient of that value becomes one of 0.
    pub(super) fn shifted(&self, column: usize, value: f64) -> Model {
        Model {
            offset: self.offset_with(column, value),
            ..self.clone()
        }
    }

    fn offset_with(&self, column: usize, value: f64) -> Vec<f64> {
        let rows = self.design.values.chunks_exact(self.design.names.len());
        rows.zip(&self.offset)
            .map(|(row, offset)| offset + value * row[column])
            .collect()
    }

    /// Where a column stands in the design.
    pub(super) fn column(&self, name: &str) -> Result<usize, RegressionError> {
        place(&self.design.names, name)
    }

    /// This model with absorbed factors as columns of 0 and 1, but for those a predicate keeps absorbed.
    pub(super) fn with_effects_as_columns(
        &self,
        keep: impl Fn(&Factor) -> bool,
    ) -> Result<Cow<'_, Model>, RegressionError> {
        if self.absorbed.iter().all(&keep) {
            return Ok(Cow::Borrowed(self));
        }
        let mut model = self.clone();
        model.absorbed.retain(&keep);
        for factor in self.absorbed.iter().filter(|factor| !keep(factor)) {
            if model.absorbed.is_empty() && !model.design.names.iter().any(|name| name == CONSTANT)
            {
                model.design = model.design.with_constant(CONSTANT);
            }
            model.design = model.design.with_indicators(factor)?;
        }
        Ok(Cow::Owned(model))
    }

    /// The used rows and the columns that do not depend on earlier ones or on the absorbed effects.
    pub(super) fn problem(&self) -> Result<Problem, RegressionError> {
        let cells = Cells::of(&self.response);
        let all = self.design.names.len();
        let mut full = Vec::with_capacity(cells.len() * all);
        for &row in &cells.rows {
            full.extend_from_slice(&self.design.values[row * all..][..all]);
        }
        let absorbed = Absorbed::new(&self.absorbed, &cells.rows);
        let zeros = vec![0.0; cells.len()];
        let residual = absorbed.residual(&full, all, &cells.size)?;
        let after = Triangle::new(&residual, all, &cells.size, &zeros);
        let kept = after.independent(&lengths(&full, all, &cells.size));
        let named = |chosen: &dyn Fn(usize) -> bool| -> Vec<String> {
            let columns = (0..all).filter(|&j| chosen(j));
            columns.map(|j| self.design.names[j].clone()).collect()
        };
        let problem = Problem {
            names: named(&|j| kept.contains(&j)),
            dropped: named(&|j| !kept.contains(&j)),
            x: if kept.len() == all {
                full
            } else {
                let rows = full.chunks_exact(all.max(1));
                rows.flat_map(|row| kept.iter().map(|&j| row[j])).collect()
            },
            offset: cells.rows.iter().map(|&row| self.offset[row]).collect(),
            absorbed,
            grain: self.grain,
            total: self.design.rows(),
            observations: match self.grain {
                Grain::Trial => cells.size.iter().sum::<f64>() as u64,
                Grain::Cell => cells.len() as u64,
            },
            cells,
        };
        if problem.observations <= problem.coefficients() {
            return Err(RegressionError::TooFewObservations {
                observations: problem.observations,
                coefficients: problem.coefficients(),
            });
        }
        Ok(problem)
    }
}

fn place(names: &[String], name: &str) -> Result<usize, RegressionError> {
    let found = names.iter().position(|known| known == name);
    found.ok_or_else(|| RegressionError::UnknownColumn {
        name: name.to_owned(),
        known: names.to_vec(),
    })
}

/// The linear predictors `offset + x beta`.
pub(super) fn predictors(problem: &Problem, beta: &[f64]) -> Vec<f64> {
    (0..problem.cells.len())
        .map(|i| problem.offset[i] + dot(problem.row(i), beta))
        .collect()
}
