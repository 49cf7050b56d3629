//! What must hold of any staggered design, and what is refused.

use super::*;
use crate::stats::Level;

const ALL: [Adjustment; 3] = [
    Adjustment::Regression,
    Adjustment::InverseProbability,
    Adjustment::DoublyRobust,
];

const AGGREGATIONS: [Aggregation; 4] = [
    Aggregation::Simple,
    Aggregation::Dynamic,
    Aggregation::Group,
    Aggregation::Calendar,
];

/// Numbers between 0 and 1 that look random.
fn noise(i: usize) -> f64 {
    let turned =
        (i as f64 + 1.0) * 0.754_877_666_246_692_8 + (i as f64).sqrt() * 0.569_840_290_998_053_3;
    turned.fract()
}

/// Twenty-four units over periods 1 to 5: first treated in 3, in 4 or never.
fn panel() -> (Vec<u32>, Observations) {
    let mut units = Vec::new();
    let mut rows = Observations::default();
    for unit in 0..24_u32 {
        let first = [Some(3), Some(4), None][unit as usize % 3];
        for time in 1..=5 {
            let seen = noise(units.len());
            let after = first.is_some_and(|g| time >= g);
            units.push(unit);
            rows.time.push(time);
            rows.first_treated.push(first);
            rows.outcome.push(
                f64::from(unit % 7) + f64::from(time) + 2.0 * f64::from(u8::from(after)) + seen,
            );
        }
    }
    (units, rows)
}

fn with_covariate(units: &[u32], mut rows: Observations) -> Observations {
    rows.covariates.push(Covariate {
        name: "x".to_owned(),
        values: units.iter().map(|&u| noise(1000 + u as usize)).collect(),
    });
    rows
}

fn weighted(units: &[u32], mut rows: Observations) -> Observations {
    rows.weight = Some(
        units
            .iter()
            .map(|&u| 1.0 + noise(500 + u as usize))
            .collect(),
    );
    rows
}

fn plan(adjustment: Adjustment, control: Control) -> Plan {
    Plan {
        adjustment,
        control,
        ..Plan::default()
    }
}

fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance,
        "{what}: {got} is not {want}"
    );
}

fn effects(found: &GroupTime) -> Vec<f64> {
    let cells = found.cells().iter().map(|cell| cell.effect);
    let parts = AGGREGATIONS.iter().flat_map(|&aggregation| {
        let aggregate = found.aggregate(aggregation);
        let overall = aggregate.overall.effect;
        aggregate
            .by
            .into_iter()
            .map(|point| point.effect)
            .chain([overall])
            .collect::<Vec<_>>()
    });
    cells
        .chain(parts)
        .map(|effect| effect.expect("defined"))
        .collect()
}

fn influences(found: &GroupTime) -> Vec<Vec<f64>> {
    let of = |combination: Option<&Combination>| Some(found.basis.influence(combination?));
    let cells = (0..found.cells().len()).map(|k| of(found.combinations[k].as_ref()));
    let parts = AGGREGATIONS.iter().flat_map(|&aggregation| {
        let Aggregate { overall, by, .. } = found.aggregate(aggregation);
        let points = by.into_iter().chain([overall]);
        points
            .map(|point| of(point.combination.as_ref()))
            .collect::<Vec<_>>()
    });
    cells
        .chain(parts)
        .map(|influence| influence.expect("defined"))
        .collect()
}

/// The influence of an observation is the number of observations times the derivative of the estimate by its weight.
fn influence_is_a_derivative(
    rows: &Observations,
    sample: &dyn Fn(&Observations) -> Sample,
    of: &dyn Fn(usize) -> Vec<usize>,
) {
    const STEP: f64 = 1e-5;
    for adjustment in ALL {
        for control in [Control::NeverTreated, Control::NotYetTreated] {
            let plan = plan(adjustment, control);
            let found = sample(rows).group_time(plan).expect("an estimate");
            let influences = influences(&found);
            let n = sample(rows).observations();
            for unit in [0, 4, 5, n - 1] {
                let moved = |step: f64| {
                    let mut moved = rows.clone();
                    let weights = moved.weight.as_mut().expect("weights");
                    of(unit).into_iter().for_each(|row| weights[row] += step);
                    effects(&sample(&moved).group_time(plan).expect("an estimate"))
                };
                let (up, down) = (moved(STEP), moved(-STEP));
                let own = rows.weight.as_ref().expect("weights")[of(unit)[0]];
                for (k, influence) in influences.iter().enumerate() {
                    let derivative = (up[k] - down[k]) / (2.0 * STEP);
                    near(
                        &format!("{adjustment:?} {control:?} {unit} {k}"),
                        influence[unit],
                        own * n as f64 * derivative,
                        1e-5,
                    );
                }
            }
        }
    }
}

#[test]
fn influence_functions_of_a_panel_are_derivatives_by_weight() {
    let (units, rows) = panel();
    let sample = |rows: &Observations| Sample::panel(&units, rows).expect("a panel");
    let of = |unit: usize| (5 * unit..5 * unit + 5).collect();
    let rows = weighted(&units, rows);
    influence_is_a_derivative(&rows, &sample, &of);
    influence_is_a_derivative(&with_covariate(&units, rows), &sample, &of);
}

#[test]
fn influence_functions_of_cross_sections_are_derivatives_by_weight() {
    let (units, rows) = panel();
    let sample = |rows: &Observations| Sample::cross_sections(rows).expect("cross-sections");
    let mut rows = weighted(&units, rows);
    influence_is_a_derivative(&rows, &sample, &|row| vec![row]);
    rows = with_covariate(&units, rows);
    rows.covariates[0]
        .values
        .iter_mut()
        .enumerate()
        .for_each(|(i, x)| *x += 0.1 * noise(i));
    influence_is_a_derivative(&rows, &sample, &|row| vec![row]);
}

#[test]
fn a_panel_read_as_cross_sections_has_the_same_effects() {
    let (units, rows) = panel();
    for rows in [rows.clone(), with_covariate(&units, rows)] {
        for adjustment in ALL {
            let plan = plan(adjustment, Control::NotYetTreated);
            let one = Sample::panel(&units, &rows)
                .expect("a panel")
                .group_time(plan);
            let other = Sample::cross_sections(&rows)
                .expect("rows")
                .group_time(plan);
            let (one, other) = (one.expect("an estimate"), other.expect("an estimate"));
            for (a, b) in one.cells().iter().zip(other.cells()) {
                near(
                    "cell",
                    a.effect.expect("defined"),
                    b.effect.expect("defined"),
                    1e-9,
                );
                assert!(a.std_error < b.std_error, "units repeat themselves");
            }
        }
    }
}

#[test]
fn without_covariates_the_three_adjustments_are_one() {
    let (units, rows) = panel();
    let sample = Sample::panel(&units, &rows).expect("a panel");
    let all = ALL.map(|a| {
        effects(
            &sample
                .group_time(plan(a, Control::NeverTreated))
                .expect("an estimate"),
        )
    });
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn additive_outcomes_have_no_effect_and_no_error() {
    let (units, mut rows) = panel();
    for (i, y) in rows.outcome.iter_mut().enumerate() {
        *y = 3.0 * f64::from(units[i]) + f64::from(rows.time[i].pow(2));
    }
    for adjustment in ALL {
        for rows in [rows.clone(), with_covariate(&units, rows.clone())] {
            let sample = Sample::panel(&units, &rows).expect("a panel");
            let found = sample.group_time(plan(adjustment, Control::NotYetTreated));
            let found = found.expect("an estimate");
            effects(&found)
                .iter()
                .for_each(|&effect| near("effect", effect, 0.0, 1e-10));
            assert!(found.cells().iter().all(|cell| cell.std_error.is_none()));
            assert_eq!(found.pre_trend(), None);
        }
    }
}

#[test]
fn constants_by_unit_and_period_and_the_order_of_units_change_nothing() {
    let (units, rows) = panel();
    let rows = with_covariate(&units, weighted(&units, rows));
    let plan = plan(Adjustment::DoublyRobust, Control::NotYetTreated);
    let found = |units: &[u32], rows: &Observations| {
        let found = Sample::panel(units, rows)
            .expect("a panel")
            .group_time(plan)
            .expect("an estimate");
        let errors = found
            .cells()
            .iter()
            .map(|cell| cell.std_error.expect("an error"));
        effects(&found)
            .into_iter()
            .chain(errors)
            .collect::<Vec<_>>()
    };
    let want = found(&units, &rows);
    let mut shifted = rows.clone();
    for (i, y) in shifted.outcome.iter_mut().enumerate() {
        *y += 10.0 * noise(units[i] as usize) - 5.0 * f64::from(rows.time[i] % 3);
    }
    let renamed: Vec<u32> = units.iter().map(|unit| 1000 - unit).collect();
    for got in [found(&units, &shifted), found(&renamed, &rows)] {
        got.iter()
            .zip(&want)
            .for_each(|(a, b)| near("invariance", *a, *b, 1e-9));
    }
}

#[test]
fn two_groups_and_two_periods_are_the_difference_in_differences_by_hand() {
    let rows = Observations {
        time: vec![1, 2, 1, 2, 1, 2, 1, 2],
        first_treated: [Some(2), Some(2), Some(2), Some(2), None, None, None, None].to_vec(),
        outcome: vec![1.0, 5.0, 3.0, 9.0, 2.0, 3.0, 4.0, 7.0],
        ..Observations::default()
    };
    let sample = Sample::panel(&[1, 1, 2, 2, 3, 3, 4, 4], &rows).expect("a panel");
    let found = sample.group_time(Plan::default()).expect("an estimate");
    // Changes of 4 and 6 against 1 and 3; each mean has variance (1 + 1) / 4.
    assert_eq!(found.cells().len(), 1);
    near(
        "effect",
        found.cells()[0].effect.expect("defined"),
        3.0,
        1e-14,
    );
    near(
        "error",
        found.cells()[0].std_error.expect("defined"),
        1.0,
        1e-14,
    );
    near(
        "covariance",
        found.covariance(0, 0).expect("defined"),
        1.0,
        1e-14,
    );
    assert_eq!(found.pre_trend(), None);
}

#[test]
fn clusters_of_copies_keep_the_error_and_units_alone_halve_its_square() {
    let (units, rows) = panel();
    let error = |units: &[u32], rows: &Observations| {
        let found = Sample::panel(units, rows)
            .expect("a panel")
            .group_time(Plan::default());
        found
            .expect("an estimate")
            .aggregate(Aggregation::Simple)
            .overall
            .std_error
            .expect("an error")
    };
    let alone = error(&units, &rows);
    let mut twice = rows.clone();
    twice.time.extend(&rows.time);
    twice.first_treated.extend(&rows.first_treated);
    twice.outcome.extend(&rows.outcome);
    let both: Vec<u32> = units
        .iter()
        .copied()
        .chain(units.iter().map(|unit| unit + 100))
        .collect();
    near(
        "as if independent",
        error(&both, &twice),
        alone / 2.0_f64.sqrt(),
        1e-12,
    );
    twice.cluster = Some(both.iter().map(|unit| unit % 100).collect());
    near("by cluster", error(&both, &twice), alone, 1e-12);
}

#[test]
fn anticipation_moves_the_base_and_the_controls() {
    let (units, rows) = panel();
    let sample = Sample::panel(&units, &rows).expect("a panel");
    let found = sample.group_time(Plan {
        anticipation: 1,
        control: Control::NotYetTreated,
        ..Plan::default()
    });
    let found = found.expect("an estimate");
    for cell in found
        .cells()
        .iter()
        .filter(|cell| cell.time >= cell.cohort - 1)
    {
        assert_eq!(cell.base, cell.cohort - 2, "{cell:?}");
    }
    // Against cohort 3 in period 2, cohort 4 may be used (2 + 1 < 4); in period 3 not.
    let controls = |time| {
        found
            .cells()
            .iter()
            .find(|c| (c.cohort, c.time) == (3, time))
            .expect("a cell")
            .controls
    };
    assert_eq!((controls(2), controls(3)), (16, 8));
}

#[test]
fn a_band_is_wider_than_one_interval_and_the_same_again() {
    let (units, rows) = panel();
    for rows in [rows.clone(), with_covariate(&units, rows)] {
        let sample = Sample::panel(&units, &rows).expect("a panel");
        let found = sample.group_time(Plan::default()).expect("an estimate");
        let aggregate = found.aggregate(Aggregation::Dynamic);
        let band = |seed| {
            let multipliers = found.multipliers(999, seed).expect("draws");
            aggregate.band(&multipliers, Level::NINETY_FIVE)
        };
        assert_eq!(band(1), band(1));
        assert_ne!(band(1), band(2));
        assert!(
            band(1).critical > 1.96 && band(1).critical < 4.0,
            "{:?}",
            band(1)
        );
        let multipliers = found.multipliers(999, 3).expect("draws");
        assert_eq!(
            found.band(&multipliers, Level::NINETY_FIVE).intervals.len(),
            found.cells().len()
        );
    }
}

#[test]
fn the_band_of_one_estimate_by_all_signs_is_counted_by_hand() {
    // Influence of +-1 and +-3 halves: the largest |sum| is reached by few signs, so the quantile is the largest.
    let rows = Observations {
        time: vec![1, 2, 1, 2, 1, 2, 1, 2],
        first_treated: [Some(2), Some(2), Some(2), Some(2), None, None, None, None].to_vec(),
        outcome: vec![0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0],
        ..Observations::default()
    };
    let sample = Sample::panel(&[1, 1, 2, 2, 3, 3, 4, 4], &rows).expect("a panel");
    let found = sample.group_time(Plan::default()).expect("an estimate");
    let band = found.band(
        &found.multipliers(4000, 9).expect("draws"),
        Level::NINETY_FIVE,
    );
    // Influences are 2, -2, -2, 2 of n = 4: the signed sum over n is at most 2, the error 1; 2 in 2 of 16 sign vectors.
    near("critical", band.critical, 2.0, 1e-12);
}

fn refusal(change: impl Fn(&mut Observations), plan: Plan) -> GroupTimeError {
    let (units, mut rows) = panel();
    change(&mut rows);
    Sample::panel(&units, &rows)
        .expect("a panel")
        .group_time(plan)
        .expect_err("a refusal")
}

#[test]
fn designs_that_identify_nothing_are_refused_with_the_remedy() {
    let renamed = |from: Option<i32>, to: Option<i32>| {
        move |rows: &mut Observations| {
            rows.first_treated
                .iter_mut()
                .filter(|g| **g == from)
                .for_each(|g| *g = to);
        }
    };
    let plan = Plan::default();
    let never = refusal(renamed(None, Some(5)), plan);
    assert_eq!(never, GroupTimeError::NoNeverTreated);
    assert!(never.to_string().contains("not yet treated"));
    let always = refusal(renamed(Some(3), Some(1)), plan);
    assert_eq!(
        always,
        GroupTimeError::AlwaysTreated {
            cohort: 1,
            units: 8,
            anticipation: 0
        }
    );
    let none = refusal(|rows| rows.first_treated.fill(None), plan);
    assert_eq!(none, GroupTimeError::NoTreated);
    let late = refusal(|rows| rows.first_treated.fill(Some(6)), plan);
    assert_eq!(late, GroupTimeError::NoTreated);
    let single = refusal(|rows| rows.first_treated[..5].fill(Some(5)), plan);
    assert_eq!(single, GroupTimeError::OneTreated { cohort: 5 });
    assert!(single.to_string().contains("synthetic control"));
    let control = refusal(
        |rows| {
            let mut seen = 0;
            for g in rows.first_treated.iter_mut().filter(|g| g.is_none()) {
                seen += 1;
                *g = if seen > 5 { Some(4) } else { None };
            }
        },
        plan,
    );
    assert_eq!(control, GroupTimeError::OneControl);
    let early = refusal(
        |_| (),
        Plan {
            anticipation: 2,
            ..plan
        },
    );
    assert!(
        early.to_string().contains("once 2 of anticipation"),
        "{early}"
    );
}

#[test]
fn without_never_treated_the_last_cohort_serves_and_has_no_effect_of_its_own() {
    let (units, mut rows) = panel();
    rows.first_treated
        .iter_mut()
        .filter(|g| g.is_none())
        .for_each(|g| *g = Some(5));
    let sample = Sample::panel(&units, &rows).expect("a panel");
    let found = sample
        .group_time(plan(Adjustment::Regression, Control::NotYetTreated))
        .expect("an estimate");
    assert!(found.cells().iter().all(|cell| cell.time < 5));
    let by_group = found.aggregate(Aggregation::Group);
    assert_eq!(
        by_group.by.iter().map(|p| p.at).collect::<Vec<_>>(),
        [Some(3), Some(4)]
    );
}

#[test]
fn covariates_that_tell_nothing_or_everything_leave_a_cell_undefined_with_its_reason() {
    let (units, rows) = panel();
    let reasons = |value: &dyn Fn(usize) -> f64, adjustment| {
        let mut rows = rows.clone();
        rows.covariates.push(Covariate {
            name: "x".to_owned(),
            values: (0..units.len()).map(value).collect(),
        });
        let sample = Sample::panel(&units, &rows).expect("a panel");
        let found = sample
            .group_time(plan(adjustment, Control::NeverTreated))
            .expect("an estimate");
        let overall = found.aggregate(Aggregation::Simple).overall;
        assert_eq!((overall.effect, overall.std_error), (None, None));
        assert_eq!(found.pre_trend(), None);
        found.cells()[0].unidentified
    };
    let constant = |_: usize| 2.0;
    assert_eq!(
        reasons(&constant, Adjustment::Regression),
        Some(Unidentified::Collinear)
    );
    assert_eq!(
        reasons(&constant, Adjustment::InverseProbability),
        Some(Unidentified::Collinear)
    );
    let telling = |i: usize| {
        f64::from(u8::from(rows.first_treated[i].is_some())) + 0.1 * noise(units[i] as usize)
    };
    assert_eq!(
        reasons(&telling, Adjustment::DoublyRobust),
        Some(Unidentified::Overlap)
    );
}

#[test]
fn cross_sections_with_one_row_on_a_side_leave_a_cell_undefined() {
    let (_, rows) = panel();
    let keep: Vec<usize> = (0..rows.time.len())
        .filter(|&i| !(rows.time[i] == 5 && rows.first_treated[i] == Some(3) && i > 5))
        .collect();
    let thin = Observations {
        time: keep.iter().map(|&i| rows.time[i]).collect(),
        first_treated: keep.iter().map(|&i| rows.first_treated[i]).collect(),
        outcome: keep.iter().map(|&i| rows.outcome[i]).collect(),
        ..Observations::default()
    };
    let found = Sample::cross_sections(&thin)
        .expect("rows")
        .group_time(Plan::default());
    let found = found.expect("an estimate");
    let last = found
        .cells()
        .iter()
        .find(|c| (c.cohort, c.time) == (3, 5))
        .expect("a cell");
    assert_eq!(
        (last.effect, last.unidentified),
        (None, Some(Unidentified::TooFew))
    );
    assert_eq!(found.aggregate(Aggregation::Simple).overall.effect, None);
    assert!(
        found.aggregate(Aggregation::Calendar).by[0]
            .effect
            .is_some()
    );
}
