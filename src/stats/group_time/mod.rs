//! Effects by cohort and period (Callaway and Sant'Anna 2021): what adoption changed where dates of adoption differ.
//!
//! For staggered designs. Each cohort (the units first treated in one period) is compared with units not treated then,
//! period by period; the averages ATT(g, t) are aggregated afterwards with weights that are said, so that no unit
//! already treated is ever a control. A [`Sample`] is a balanced panel or repeated cross-sections, a [`Plan`] the
//! choices, [`GroupTime`] the answer with its influence functions. Parallel trends is an assumption: a pre-trend test
//! that does not reject is no evidence for it.

mod adjusted;
mod aggregate;
mod bands;
mod basis;
mod cells;
mod sample;
#[cfg(test)]
mod tests;

pub use aggregate::{Aggregate, Aggregation, Point};
pub use bands::{Band, Multipliers};
pub use cells::{Cell, Unidentified};
pub use sample::{Covariate, Observations, Sample};

use serde::{Deserialize, Serialize};

use super::StatsError;
use super::regression::least_squares::{Triangle, dot, lengths};
use super::regression::{RegressionError, Test};
use super::synthetic_control::SyntheticError;
use basis::{Basis, Combination};

/// Draws of the multiplier bootstrap unless the caller says otherwise.
pub const DRAWS: u32 = 9_999;

/// Who stands for what would have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// Units that are never treated.
    #[default]
    NeverTreated,
    /// These, and units not yet treated in either period of the comparison.
    NotYetTreated,
}

/// From which period changes before treatment are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BasePeriod {
    /// Before treatment, from the period just before: each cell is a change from one period to the next.
    #[default]
    Varying,
    /// Always from the last period before treatment and its anticipation, as an event study draws it.
    Universal,
}

/// How covariates are adjusted for; without covariates the three are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Regression of the controls' change (Heckman, Ichimura and Todd 1997).
    #[serde(rename = "reg")]
    Regression,
    /// Inverse-probability weights (Abadie 2005), normalised.
    #[serde(rename = "ipw")]
    InverseProbability,
    /// Both: right if either model is (Sant'Anna and Zhao 2020).
    #[default]
    #[serde(rename = "dr")]
    DoublyRobust,
}

/// The choices of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Plan {
    /// Who the controls are.
    pub control: Control,
    /// The base period of cells before treatment.
    pub base: BasePeriod,
    /// How covariates are adjusted for.
    pub adjustment: Adjustment,
    /// By how much time before the first treated period units may respond already.
    pub anticipation: u32,
}

/// What a staggered design refuses.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupTimeError {
    /// Numbers or lists that no statistic accepts.
    #[error(transparent)]
    Stats(#[from] StatsError),
    /// What the regression behind the estimate refuses.
    #[error(transparent)]
    Regression(#[from] RegressionError),
    /// What the synthetic control behind the estimate refuses.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
    /// Weights where units are weighted by the method.
    #[error(
        "units have weights of their own, but this estimator weighs units itself: leave the weights out"
    )]
    Weighted,
    /// Cross-sections where units must be followed.
    #[error("repeated cross-sections: this estimator follows units, so it needs a balanced panel")]
    NotAPanel,
    /// No unit is seen at the event time to compare with.
    #[error(
        "a unit or cohort is not seen at event time {0}, to which the others are compared: name one that is in the panel"
    )]
    NoReference(i32),
    /// An effect that the untreated rows do not reach.
    #[error(
        "no unit is untreated in period {0}: nothing says what would have happened then; end the panel before it, or \
         add units that adopt later or never"
    )]
    NoUntreatedPeriod(i32),
    /// Fewer than two periods.
    #[error("{0} period(s): a change needs a period before and one after")]
    TooFewPeriods(usize),
    /// A unit that lacks a period.
    #[error(
        "unit {unit} has no row for period {time}, and {missing} rows are missing in all: leave out the units or \
         periods with holes, or treat the rows as repeated cross-sections"
    )]
    Hole {
        /// The first unit with a hole.
        unit: u32,
        /// The period it lacks.
        time: i32,
        /// Rows missing in all.
        missing: usize,
    },
    /// Two rows of one unit and period.
    #[error("unit {unit} has more than one row for period {time}: add them up or keep one")]
    Duplicate {
        /// The unit.
        unit: u32,
        /// The period.
        time: i32,
    },
    /// Something that must be the same in all rows of a unit.
    #[error("{what} of unit {unit} differs between its rows: it must be one value per unit")]
    Varies {
        /// What differs.
        what: String,
        /// The unit.
        unit: u32,
    },
    /// Nobody is treated within the periods.
    #[error("no unit is first treated after the first period and by the last: nothing to estimate")]
    NoTreated,
    /// Nobody is untreated.
    #[error(
        "no unit is never treated: use controls not yet treated, or add units that never adopted"
    )]
    NoNeverTreated,
    /// One untreated unit only.
    #[error(
        "one untreated unit: its own ups and downs cannot be told from a trend; add units that never adopted"
    )]
    OneControl,
    /// Units treated from the start.
    #[error(
        "{units} unit(s) first treated in {cohort} have no period before it{}: leave them out, or add earlier periods",
        anticipated(*.anticipation)
    )]
    AlwaysTreated {
        /// The first such cohort.
        cohort: i32,
        /// Its units.
        units: usize,
        /// The anticipation asked for.
        anticipation: u32,
    },
    /// A cohort of one unit.
    #[error(
        "one unit alone is first treated in {cohort}: nothing tells its own noise; join it to a neighbouring cohort, \
         leave it out, or use synthetic control"
    )]
    OneTreated {
        /// The cohort.
        cohort: i32,
    },
    /// One cluster only, or none.
    #[error("{0} cluster(s): at least 2 are needed for an error by clusters")]
    TooFewClusters(usize),
}

fn anticipated(anticipation: u32) -> String {
    match anticipation {
        0 => String::new(),
        some => format!(" once {some} of anticipation are taken off"),
    }
}

/// Effects by cohort and period with their influence functions.
#[derive(Debug, Clone)]
pub struct GroupTime {
    pub(in crate::stats) cells: Vec<Cell>,
    combinations: Vec<Option<Combination>>,
    /// Of the cohort of each cell.
    shares: Vec<cells::Share>,
    basis: Basis,
    plan: Plan,
}

impl Sample {
    /// The average effect on the treated for each cohort and period, ATT(g, t).
    ///
    /// # Definition
    /// For t from g on: the mean change of cohort g from its base period b to t less that of the controls, b the last
    /// period before g less anticipation. Before: t against the period before it (varying) or against b (universal, 0 in
    /// b itself). Controls not yet treated are first treated after both periods and the anticipation. With covariates
    /// the controls' change is that predicted by regression, weighted by the odds of the propensity, or both.
    ///
    /// # Units
    /// Those of the outcome.
    ///
    /// # Edge cases
    /// Cells without two control units are left out, as are those of a cohort that no period follows; a cell whose
    /// covariates are collinear among the controls, or tell the treated from the controls, is `None` with its reason. A
    /// cohort first treated after the last period and the anticipation is one never treated. Periods of anticipation
    /// count from b also with a varying base, as the paper defines them; R's `did` takes the period before.
    ///
    /// # Errors
    /// [`GroupTimeError::NoTreated`], [`GroupTimeError::NoNeverTreated`], [`GroupTimeError::OneControl`],
    /// [`GroupTimeError::AlwaysTreated`], [`GroupTimeError::OneTreated`].
    ///
    /// # Source
    /// Callaway and Sant'Anna (2021), equations 2.5 to 2.8 and theorem 1; Sant'Anna and Zhao (2020). Agrees with R `did`.
    pub fn group_time(&self, plan: Plan) -> Result<GroupTime, GroupTimeError> {
        cells::estimate(self, plan)
    }
}

impl GroupTime {
    /// The cells, by cohort and then by period.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The choices made.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.plan
    }

    /// Independent clusters: units (rows of cross-sections) unless clusters were given.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.basis.clusters()
    }

    /// The covariance of two cells, by clusters; `None` where either is undefined.
    #[must_use]
    pub fn covariance(&self, one: usize, other: usize) -> Option<f64> {
        let sums = |cell: usize| -> Option<Vec<f64>> {
            let combination = self.combinations.get(cell)?.as_ref()?;
            Some(self.basis.cluster_sums(combination))
        };
        let n = self.basis.observations() as f64;
        Some(dot(&sums(one)?, &sums(other)?) / (n * n))
    }

    /// The joint test that all effects before treatment and its anticipation are 0.
    ///
    /// # Definition
    /// a' V^-1 a on chi-square, a the cells before treatment and V their covariance by clusters.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// `None` without such cells, with an undefined one, and when V is singular, as with fewer clusters than cells.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// Callaway and Sant'Anna (2021), remark 6; R `did`. Not rejecting says nothing about trends after treatment (Roth
    /// 2022).
    #[must_use]
    pub fn pre_trend(&self) -> Option<Test> {
        let early = |cell: &Cell| cell.is_before(self.plan.anticipation) && cell.base != cell.time;
        let chosen: Vec<usize> = (0..self.cells.len())
            .filter(|&k| early(&self.cells[k]))
            .collect();
        let effects: Option<Vec<f64>> = chosen.iter().map(|&k| self.cells[k].effect).collect();
        let effects = effects?;
        let columns: Option<Vec<Vec<f64>>> = chosen
            .iter()
            .map(|&k| Some(self.basis.cluster_sums(self.combinations[k].as_ref()?)))
            .collect();
        let columns = columns?;
        let (k, clusters) = (effects.len(), self.clusters());
        if k == 0 || clusters <= k {
            return None;
        }
        let rows: Vec<f64> = (0..clusters)
            .flat_map(|c| columns.iter().map(move |column| column[c]))
            .collect();
        let ones = vec![1.0; clusters];
        let triangle = Triangle::new(&rows, k, &ones, &vec![0.0; clusters]);
        if triangle.independent(&lengths(&rows, k, &ones)).len() < k {
            return None;
        }
        let inverse = triangle.inverse()?;
        let n = self.basis.observations() as f64;
        let turned = super::regression::least_squares::times(&inverse, &effects);
        Some(Test::new(n * n * dot(&effects, &turned), k as u64))
    }
}
