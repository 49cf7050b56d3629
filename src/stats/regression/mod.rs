//! Regression on counts by cell: linear, logistic, Poisson and negative binomial, with honest standard errors.
//!
//! For the analyses that adjust for more than strata can. A [`Model`] is a design, a response and a family; its
//! [`Fit`] gives coefficients, a covariance of the kind asked for, tests and limits. Cells stand for the rows they
//! count: coefficients and model errors equal those of the fit on rows, and [`Grain`] says whether robust errors,
//! likelihood and sample sizes are those of rows or of cells. Collinear columns are dropped and named, separation is
//! an error that names its column. There is no probit, no random effect and no regularisation but Firth's.

mod absorb;
mod covariance;
mod design;
mod family;
mod firth;
mod fit;
mod inference;
pub(in crate::stats) mod least_squares;
mod margins;
mod model;
mod profile;
mod randomisation;
mod separation;
mod shuffle;
mod spline;
mod theta;
mod wild;
mod wild_interval;

pub use covariance::{Clusters, Covariance, CovarianceKind};
pub use design::{Design, Factor, Response};
pub use family::Family;
pub use fit::Fit;
pub use inference::{Coefficient, Test};
pub use margins::Standardised;
pub use model::{Grain, Model};
pub use shuffle::Shuffle;
pub use spline::NaturalSpline;
pub use wild::{Coverage, Resampling, ResamplingTest, WildWeights};

use super::StatsError;

/// What a regression refuses, or cannot answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RegressionError {
    /// Numbers or lists that no statistic accepts.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// Values that do not fill whole rows.
    #[error("{values} values for {columns} columns: each row needs one value per column")]
    Shape {
        /// Values given.
        values: usize,
        /// Columns named.
        columns: usize,
    },
    /// A column named twice.
    #[error("column '{0}' is given twice: names must differ")]
    DuplicateColumn(String),
    /// A column with an infinite or undefined value.
    #[error("column '{0}' holds a value that is not finite")]
    NotFinite(String),
    /// A name that is no column of the design.
    #[error("column '{name}' is not in the fit: its columns are {}", known.join(", "))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// The columns there are.
        known: Vec<String>,
    },
    /// A column that the others, absorbed effects among them, tell by themselves.
    #[error(
        "column `{0}` is told by the other columns and effects alone: it has no coefficient of its own"
    )]
    Collinear(String),
    /// A response the family cannot explain.
    #[error(
        "a response that {family} regression does not take: linear takes values or events of trials, logistic events \
         of trials, Poisson counts or events of trials, negative binomial counts"
    )]
    Response {
        /// The family.
        family: Family,
    },
    /// Trials asked for where none are counted.
    #[error("observation \"trial\" needs events of trials; counts and values are observed by cell")]
    NoTrials,
    /// No more observations than coefficients.
    #[error(
        "{observations} observations for {coefficients} coefficients: more observations needed"
    )]
    TooFewObservations {
        /// Observations, rows or cells by the grain.
        observations: u64,
        /// Coefficients, absorbed effects included.
        coefficients: u64,
    },
    /// No column is left to estimate.
    #[error(
        "every column is constant or collinear with the absorbed effects: nothing is left to estimate"
    )]
    NoColumns,
    /// The likelihood has no maximum: some combination of columns tells apart cells without events, or without
    /// anything else.
    #[error(
        "separation on `{column}`: the outcome is all or nothing along it, so no finite estimate exists; leave it out, \
         merge its levels, or use Firth's penalty if the regression is logistic"
    )]
    Separation {
        /// The column, or the level of an absorbed factor, that contributes most.
        column: String,
        /// All columns that take part, the largest contribution first.
        together: Vec<String>,
    },
    /// A third factor to absorb.
    #[error("factor '{0}' is the third to absorb: at most two, further ones as indicator columns")]
    TooManyFactors(String),
    /// A factor to absorb under Firth's penalty, which is of the columns there are.
    #[error(
        "factor '{0}' cannot be absorbed under Firth's penalty, which needs its effects: give it as indicator columns"
    )]
    FirthAbsorbs(String),
    /// Two fits that no likelihood-ratio test compares.
    #[error(
        "fits that are not nested: the smaller needs the same observations and fewer coefficients"
    )]
    NotNested,
    /// Likelihoods whose difference rounding hides.
    #[error(
        "above 10^10 events or trials rounding hides what a likelihood loses: take Wald's limits and tests, which are as good there"
    )]
    Rounded,
    /// Counts that vary no more than Poisson counts do.
    #[error(
        "the counts vary no more than Poisson counts: theta is infinite, so use Poisson regression"
    )]
    NoOverdispersion,
    /// Iterations that ended without an answer.
    #[error("no convergence of {what} in {iterations} iterations")]
    NoConvergence {
        /// What was being found.
        what: &'static str,
        /// Iterations done.
        iterations: usize,
    },
    /// A question that this fit does not answer.
    #[error("{what} is not defined for {family} regression")]
    Unsupported {
        /// The question.
        what: &'static str,
        /// The family.
        family: Family,
    },
    /// A treatment that changes within a cluster.
    #[error(
        "column '{0}' varies within a cluster: treatment must be given to whole clusters, as 0 or 1"
    )]
    NotByCluster(String),
}
