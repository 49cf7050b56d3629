//! What must not matter to a regression does not: how cells are cut, in which order they come, how effects are taken out.

use evenhand::stats::regression::{
    Clusters, CovarianceKind, Design, Factor, Family, Fit, Grain, Model, RegressionError, Response,
};
use proptest::prelude::*;

/// One cell: two columns, events, further trials, cluster.
type Cell = (i8, i8, u64, u64, u32);

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    prop::collection::vec((-3_i8..4, 0_i8..2, 0_u64..9, 0_u64..12, 0_u32..5), 12..40)
}

/// The rows behind cells, one trial each.
fn rows(cells: &[Cell]) -> Vec<Cell> {
    let of_cell = |&(x, z, s, f, g): &Cell| {
        let events = (0..s).map(move |_| (x, z, 1, 0, g));
        events.chain((0..f).map(move |_| (x, z, 0, 1, g)))
    };
    cells.iter().flat_map(of_cell).collect()
}

fn design(cells: &[Cell]) -> Design {
    let names = ["one", "x", "z"].map(str::to_owned).to_vec();
    let row = |cell: &Cell| [1.0, f64::from(cell.0), f64::from(cell.1)];
    Design::new(names, cells.iter().flat_map(row).collect()).expect("valid")
}

fn model(family: Family, cells: &[Cell], design: Design) -> Model {
    let response = if family == Family::NegativeBinomial {
        Response::Counts(cells.iter().map(|cell| cell.2).collect())
    } else {
        Response::Events {
            events: cells.iter().map(|cell| cell.2).collect(),
            trials: cells.iter().map(|cell| cell.2 + cell.3).collect(),
        }
    };
    Model::new(family, design, response).expect("valid")
}

fn clusters(cells: &[Cell]) -> Clusters {
    Clusters::OneWay(cells.iter().map(|cell| cell.4).collect())
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-8 * (1.0 + one.abs())
}

fn all_close(one: &[f64], other: &[f64]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| close(*a, *b))
}

fn variances(fit: &Fit, kind: &CovarianceKind) -> Result<Vec<f64>, RegressionError> {
    let covariance = fit.covariance(kind)?;
    Ok((0..fit.names().len())
        .map(|j| covariance.get(j, j))
        .collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn cells_by_trial_are_their_rows(cells in cells()) {
        let rows = rows(&cells);
        for family in [Family::Linear, Family::Logistic, Family::Poisson, Family::FirthLogistic] {
            let short = model(family, &cells, design(&cells)).observed_by(Grain::Trial).expect("trials").fit();
            let long = model(family, &rows, design(&rows)).fit();
            let (Ok(short), Ok(long)) = (&short, &long) else {
                prop_assert_eq!(short.err(), long.err());
                continue;
            };
            prop_assert!(all_close(short.coefficients(), long.coefficients()), "{family}");
            prop_assert_eq!(short.observations(), long.observations());
            prop_assert!(close(short.deviance(), long.deviance()), "{family}");
            prop_assert!(close(short.log_likelihood().expect("defined"), long.log_likelihood().expect("defined")), "{family}");
            for kind in [CovarianceKind::Model, CovarianceKind::Hc0, CovarianceKind::Hc1] {
                prop_assert!(all_close(&variances(short, &kind).expect("defined"), &variances(long, &kind).expect("defined")));
            }
            for of in [CovarianceKind::Cr0 as fn(_) -> _, CovarianceKind::Cr1] {
                let (one, other) = (variances(short, &of(clusters(&cells))), variances(long, &of(clusters(&rows))));
                match (one, other) {
                    (Ok(one), Ok(other)) => prop_assert!(all_close(&one, &other), "{family}"),
                    (one, other) => prop_assert_eq!(one, other),
                }
            }
        }
    }

    #[test]
    fn order_of_cells_does_not_matter(cells in cells()) {
        let mut reversed = cells.clone();
        reversed.reverse();
        for family in [Family::Linear, Family::Logistic, Family::QuasiPoisson, Family::NegativeBinomial] {
            match (model(family, &cells, design(&cells)).fit(), model(family, &reversed, design(&reversed)).fit()) {
                (Ok(one), Ok(other)) => {
                    prop_assert!(all_close(one.coefficients(), other.coefficients()), "{family}");
                    let kind = CovarianceKind::Hc1;
                    prop_assert!(all_close(&variances(&one, &kind).expect("defined"), &variances(&other, &kind).expect("defined")));
                }
                (one, other) => prop_assert_eq!(one.err(), other.err()),
            }
        }
    }

    #[test]
    fn absorbed_effects_are_effects_as_columns(cells in cells()) {
        let factor = Factor { name: "cluster".to_owned(), levels: cells.iter().map(|cell| cell.4).collect() };
        let other = Factor { name: "third".to_owned(), levels: (0..cells.len() as u32).map(|i| i % 3).collect() };
        for family in [Family::Linear, Family::Logistic, Family::Poisson] {
            let short = model(family, &cells, design(&cells)).absorbing(factor.clone()).and_then(|m| m.absorbing(other.clone()));
            let wide = design(&cells).with_indicators(&factor).and_then(|d| d.with_indicators(&other));
            let wide = model(family, &cells, wide.expect("valid"));
            let (Ok(short), Ok(long)) = (short.expect("valid").fit(), wide.fit()) else {
                continue;
            };
            for name in short.names() {
                prop_assert!(close(short.coefficient(name).expect("kept"), long.coefficient(name).expect("kept")), "{family} {name}");
            }
            prop_assert!(close(short.deviance(), long.deviance()));
            prop_assert_eq!(short.residual_df(), long.residual_df());
        }
    }
}

/// A likelihood so flat that rounding moves theta: one order of the cells had an answer, the other had none.
#[test]
fn a_theta_that_the_counts_hardly_tell() {
    let counts: [(i8, i8, u64); 14] = [
        (1, 1, 3),
        (2, 0, 1),
        (-2, 0, 1),
        (-3, 0, 2),
        (3, 1, 5),
        (3, 0, 4),
        (0, 0, 2),
        (2, 0, 0),
        (-1, 0, 0),
        (3, 0, 1),
        (1, 0, 2),
        (0, 0, 3),
        (1, 1, 0),
        (-2, 1, 4),
    ];
    let mut cells: Vec<Cell> = counts.iter().map(|&(x, z, y)| (x, z, y, 0, 0)).collect();
    let fit = |cells: &[Cell]| model(Family::NegativeBinomial, cells, design(cells)).fit();
    let one = fit(&cells).expect("an answer");
    cells.reverse();
    let other = fit(&cells).expect("the same answer");
    assert!(all_close(one.coefficients(), other.coefficients()));
    assert!((one.theta().expect("theta") / other.theta().expect("theta") - 1.0).abs() < 1e-5);
}
