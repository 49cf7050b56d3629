//! Separation: a direction along which the likelihood rises for ever.
//!
//! A direction of coefficients along which every cell without events moves down or stays, every cell of nothing but
//! events moves up or stays, and all other cells stay, is a proof that no finite estimate exists. When one exists the
//! Newton steps turn into it, each moving the separated cells by about one, so the step itself is tried as the proof.

use super::family::Law;
use super::model::Problem;
use super::{Family, RegressionError};

/// Steps smaller than this are convergence.
const STANDSTILL: f64 = 1e-3;

/// What counts as staying, relative to the largest move.
const STAYS: f64 = 1e-5;

/// The error that names the columns, if a step in coefficients and predictors proves separation.
pub(super) fn proof(
    problem: &Problem,
    law: Law,
    step: &[f64],
    moves: &[f64],
) -> Option<RegressionError> {
    let most = moves.iter().fold(0.0_f64, |most, m| most.max(m.abs()));
    if law.family == Family::Linear || most < STANDSTILL {
        return None;
    }
    let rises = |(mean, m): (&f64, &f64)| {
        let (up, down) = (*m > STAYS * most, *m < -STAYS * most);
        let (may_rise, may_fall) = (law.family.is_logistic() && *mean >= 1.0, *mean <= 0.0);
        (!up || may_rise) && (!down || may_fall)
    };
    if !problem.cells.mean.iter().zip(moves).all(rises) {
        return None;
    }
    let mut together = columns(problem, step, most);
    if together.is_empty() {
        let farthest = (0..moves.len()).max_by(|&a, &b| moves[a].abs().total_cmp(&moves[b].abs()));
        together = farthest
            .map(|row| problem.absorbed.levels_of(row))
            .unwrap_or_default();
    }
    let column = together.first()?.clone();
    Some(RegressionError::Separation { column, together })
}

/// The columns that move a predictor along the step, the largest move first; a constant only when nothing else does.
fn columns(problem: &Problem, step: &[f64], most: f64) -> Vec<String> {
    let n = problem.cells.len() as f64;
    let spread = |j: usize| {
        let column = || problem.x.iter().skip(j).step_by(problem.columns());
        let mean = column().sum::<f64>() / n;
        (column().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt()
    };
    let ranked = |size: &dyn Fn(usize) -> f64| {
        let mut found: Vec<(f64, usize)> = (0..step.len())
            .map(|j| (step[j].abs() * size(j), j))
            .filter(|(share, _)| *share > 1e-3 * most)
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let names: Vec<String> = found
            .iter()
            .map(|&(_, j)| problem.names[j].clone())
            .collect();
        names
    };
    let varying = ranked(&spread);
    if varying.is_empty() {
        ranked(&|_| 1.0)
    } else {
        varying
    }
}
