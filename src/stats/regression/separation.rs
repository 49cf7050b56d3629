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
        let moved: Vec<bool> = moves.iter().map(|m| m.abs() > STAYS * most).collect();
        together = problem.absorbed.wholly(&moved);
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

#[cfg(test)]
mod tests {
    use crate::stats::regression::{Design, Factor, Family, Fit, Model, RegressionError, Response};

    fn model(
        family: Family,
        names: &[&str],
        columns: &[f64],
        events: &[u64],
        trials: &[u64],
    ) -> Model {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let design = Design::new(names, columns.to_vec()).expect("valid");
        let (events, trials) = (events.to_vec(), trials.to_vec());
        Model::new(family, design, Response::Events { events, trials }).expect("valid")
    }

    fn separated(fit: Result<Fit, RegressionError>) -> Vec<String> {
        match fit {
            Err(RegressionError::Separation { column, together }) => {
                assert_eq!(together.first(), Some(&column));
                together
            }
            other => panic!("{other:?}"),
        }
    }

    const GROUPS: [f64; 15] = [
        1.0, 0.0, 0.2, 1.0, 0.0, 0.9, 1.0, 1.0, 0.4, 1.0, 1.0, 0.1, 1.0, 0.0, 0.5,
    ];

    #[test]
    fn a_group_without_events_is_named() {
        for family in [Family::Logistic, Family::Poisson, Family::QuasiPoisson] {
            let model = model(
                family,
                &["one", "group", "x"],
                &GROUPS,
                &[3, 5, 0, 0, 4],
                &[10, 12, 9, 8, 20],
            );
            assert_eq!(separated(model.fit()), ["group"], "{family}");
        }
    }

    #[test]
    fn a_group_of_nothing_but_events_separates_shares_only() {
        let model = |family| {
            model(
                family,
                &["one", "group", "x"],
                &GROUPS,
                &[3, 5, 9, 8, 4],
                &[10, 12, 9, 8, 20],
            )
        };
        assert_eq!(separated(model(Family::Logistic).fit()), ["group"]);
        assert!(model(Family::Poisson).fit().is_ok());
    }

    #[test]
    fn absorbed_levels_without_events_are_named() {
        let model = model(
            Family::Logistic,
            &["one", "group", "x"],
            &GROUPS,
            &[3, 5, 4, 0, 0],
            &[10, 12, 9, 8, 20],
        );
        let factor = Factor {
            name: "agency".to_owned(),
            levels: vec![1, 1, 1, 7, 9],
        };
        let design = model.design.without(1).without(0);
        let model = Model::new(Family::Logistic, design, model.response).expect("valid");
        let model = model.absorbing(factor).expect("valid");
        assert_eq!(separated(model.fit()), ["agency 7", "agency 9"]);
    }

    #[test]
    fn no_events_at_all_name_the_constant() {
        let model = model(Family::Poisson, &["one"], &[1.0; 3], &[0, 0, 0], &[4, 5, 6]);
        assert_eq!(separated(model.fit()), ["one"]);
    }

    #[test]
    fn columns_that_separate_together_are_all_named() {
        // y = 1 exactly where a > b, each alone overlapping.
        let columns = [
            1.0, 1.0, 2.0, 1.0, 5.0, 6.0, 1.0, 3.0, 3.5, 1.0, 2.0, 1.0, 1.0, 6.0, 5.0, 1.0, 4.0,
            2.0,
        ];
        let model = model(
            Family::Logistic,
            &["one", "a", "b"],
            &columns,
            &[0, 0, 0, 1, 1, 1],
            &[1; 6],
        );
        let mut names = separated(model.fit());
        names.sort();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn one_event_in_a_million_is_no_separation() {
        let model = model(
            Family::Logistic,
            &["one", "x"],
            &[1.0, 0.0, 1.0, 1.0, 1.0, 1.0],
            &[30, 1, 0],
            &[90, 600_000, 400_000],
        );
        let fit = model.fit().expect("finite");
        let want = libm::log(1.0 / 999_999.0) - libm::log(0.5);
        assert!((fit.coefficients()[1] - want).abs() < 1e-9 * want.abs());
    }

    #[test]
    fn one_overlapping_row_is_no_separation() {
        let columns: Vec<f64> = (0..12).flat_map(|i| [1.0, f64::from(i)]).collect();
        let fit = model(
            Family::Logistic,
            &["one", "x"],
            &columns,
            &[0, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 1],
            &[1; 12],
        )
        .fit();
        assert!(fit.expect("finite").coefficients()[1] > 0.0);
    }
}
