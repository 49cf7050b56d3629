//! Hand-worked tables, invariances and boundaries.

use super::*;
use crate::stats::{ExactForm, Level};

const RATIOS: [RiskRatioMethod; 3] = [
    RiskRatioMethod::Koopman,
    RiskRatioMethod::MiettinenNurminen,
    RiskRatioMethod::Log,
];
const DIFFERENCES: [RiskDifferenceMethod; 5] = [
    RiskDifferenceMethod::Newcombe,
    RiskDifferenceMethod::Wald,
    RiskDifferenceMethod::AgrestiCaffo,
    RiskDifferenceMethod::MiettinenNurminen,
    RiskDifferenceMethod::Mee,
];
const ODDS: [OddsRatioMethod; 3] = [
    OddsRatioMethod::ExactConditional,
    OddsRatioMethod::MidP,
    OddsRatioMethod::Woolf,
];

fn table(x1: u64, n1: u64, x2: u64, n2: u64) -> TwoByTwo {
    let proportion = |x, n| Proportion::new(x, n).expect("x within n");
    TwoByTwo::new(proportion(x1, n1), proportion(x2, n2))
}

fn close(got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * want.abs(),
        "{got} instead of {want}"
    );
}

#[test]
fn estimates_by_hand() {
    let t = table(6, 20, 3, 30);
    close(t.risk_ratio().expect("defined"), 3.0, 1e-15);
    close(t.risk_difference().expect("defined"), 0.2, 1e-15);
    close(
        t.odds_ratio().expect("defined"),
        6.0 * 27.0 / (14.0 * 3.0),
        1e-15,
    );
    // 0.2 / sqrt(0.18 * 0.82 * (1/20 + 1/30))
    close(
        t.pooled_z().expect("defined"),
        0.2 / 0.0123_f64.sqrt(),
        1e-14,
    );
    close(
        table(1, 4, 3, 4).cohen_h().expect("defined"),
        -core::f64::consts::FRAC_PI_3,
        1e-15,
    );
}

#[test]
fn published_intervals() {
    // Newcombe 1998, table II: 56/70 against 48/80.
    let t = table(56, 70, 48, 80);
    for (method, low, high) in [
        (RiskDifferenceMethod::Newcombe, 0.0524, 0.3339),
        (RiskDifferenceMethod::Mee, 0.0533, 0.3377),
        (RiskDifferenceMethod::MiettinenNurminen, 0.0528, 0.3382),
    ] {
        let got = t
            .risk_difference_interval(method, Level::NINETY_FIVE)
            .expect("defined");
        assert!(
            (got.low - low).abs() < 6e-5 && (got.high - high).abs() < 6e-5,
            "{method:?} {got:?}"
        );
    }
    // Koopman 1984: 36/40 against 16/80.
    let got =
        table(36, 40, 16, 80).risk_ratio_interval(RiskRatioMethod::Koopman, Level::NINETY_FIVE);
    let got = got.expect("defined");
    assert!(
        (got.low - 2.94).abs() < 0.005 && (got.high - 7.15).abs() < 0.005,
        "{got:?}"
    );
}

#[test]
fn exact_odds_ratio_by_hand() {
    // One of one against none of one: P(X = 1) = w/(1 + w).
    let got = table(1, 1, 0, 1)
        .odds_ratio_interval(OddsRatioMethod::ExactConditional, Level::NINETY_FIVE);
    let got = got.expect("defined");
    close(got.low, 0.025 / 0.975, 1e-13);
    assert!(got.high.is_infinite());
    close(
        table(1, 1, 0, 1)
            .fisher(ExactForm::Central)
            .expect("defined")
            .get(),
        1.0,
        1e-14,
    );
    // By symmetry the conditional estimate of a table and its mirror are inverse, and 1 in the middle.
    close(
        table(3, 9, 3, 9).odds_ratio_conditional().expect("defined"),
        1.0,
        1e-13,
    );
}

#[test]
fn exchanging_the_proportions_inverts_ratios_and_negates_differences() {
    for (x1, n1, x2, n2) in [
        (3, 10, 9, 14),
        (250, 7000, 1, 20),
        (400_000, 1_000_000, 3, 5),
    ] {
        let (one, two) = (table(x1, n1, x2, n2), table(x2, n2, x1, n1));
        let level = Level::NINETY_FIVE;
        for method in RATIOS {
            let (a, b) = (
                one.risk_ratio_interval(method, level),
                two.risk_ratio_interval(method, level),
            );
            let (a, b) = (a.expect("defined"), b.expect("defined"));
            close(a.low * b.high, 1.0, 1e-12);
            close(a.high * b.low, 1.0, 1e-12);
        }
        for method in ODDS {
            let (a, b) = (
                one.odds_ratio_interval(method, level),
                two.odds_ratio_interval(method, level),
            );
            let (a, b) = (a.expect("defined"), b.expect("defined"));
            close(a.low * b.high, 1.0, 1e-12);
        }
        for method in DIFFERENCES {
            let a = one
                .risk_difference_interval(method, level)
                .expect("defined");
            let b = two
                .risk_difference_interval(method, level)
                .expect("defined");
            assert!(
                (a.low + b.high).abs() < 1e-14 && (a.high + b.low).abs() < 1e-14,
                "{method:?}"
            );
        }
    }
}

#[test]
fn counting_non_events_negates_the_difference_and_inverts_the_odds() {
    let (one, two) = (table(12, 40, 9, 70), table(28, 40, 61, 70));
    for method in DIFFERENCES {
        let a = one
            .risk_difference_interval(method, Level::NINETY_FIVE)
            .expect("defined");
        let b = two
            .risk_difference_interval(method, Level::NINETY_FIVE)
            .expect("defined");
        assert!((a.low + b.high).abs() < 1e-13, "{method:?}");
    }
    for method in ODDS {
        let a = one
            .odds_ratio_interval(method, Level::NINETY_FIVE)
            .expect("defined");
        let b = two
            .odds_ratio_interval(method, Level::NINETY_FIVE)
            .expect("defined");
        close(a.low * b.high, 1.0, 1e-12);
    }
}

#[test]
fn p_values_agree_with_their_intervals() {
    let t = table(15, 40, 30, 50);
    let score = Level::new(1.0 - t.pooled_p().expect("defined").get()).expect("a level");
    let koopman = t
        .risk_ratio_interval(RiskRatioMethod::Koopman, score)
        .expect("defined");
    let mee = t
        .risk_difference_interval(RiskDifferenceMethod::Mee, score)
        .expect("defined");
    assert!((koopman.high - 1.0).abs() < 1e-11 && mee.high.abs() < 1e-11);
    let exact =
        Level::new(1.0 - t.fisher(ExactForm::Central).expect("defined").get()).expect("a level");
    let odds = t
        .odds_ratio_interval(OddsRatioMethod::ExactConditional, exact)
        .expect("defined");
    close(odds.high, 1.0, 1e-11);
}

#[test]
fn zero_cells_and_no_trials() {
    let level = Level::NINETY_FIVE;
    let empty = table(0, 0, 3, 5);
    assert!(
        empty.risk_ratio().is_none() && empty.pooled_z().is_none() && empty.cohen_h().is_none()
    );
    assert!(
        ODDS.iter()
            .all(|&m| empty.odds_ratio_interval(m, level).is_none())
    );
    assert!(
        RATIOS
            .iter()
            .all(|&m| empty.risk_ratio_interval(m, level).is_none())
    );
    assert!(
        DIFFERENCES
            .iter()
            .all(|&m| empty.risk_difference_interval(m, level).is_none())
    );

    let nothing = table(0, 10, 0, 10);
    assert!(nothing.risk_ratio().is_none() && nothing.odds_ratio().is_none());
    assert!(nothing.pooled_p().is_none() && nothing.odds_ratio_conditional().is_none());
    let all = Some(Interval::new(0.0, f64::INFINITY));
    assert_eq!(
        nothing.risk_ratio_interval(RiskRatioMethod::Koopman, level),
        all
    );
    assert_eq!(
        nothing.odds_ratio_interval(OddsRatioMethod::ExactConditional, level),
        all
    );
    assert!(
        nothing
            .risk_ratio_interval(RiskRatioMethod::Log, level)
            .is_none()
    );
    assert!(
        nothing
            .odds_ratio_interval(OddsRatioMethod::Woolf, level)
            .is_none()
    );

    assert!(
        table(4, 9, 0, 9)
            .odds_ratio()
            .expect("defined")
            .is_infinite()
    );
    assert!(table(0, 9, 4, 9).odds_ratio_conditional() == Some(0.0));
}

#[test]
fn differences_stay_in_range_at_the_corners() {
    for t in [
        table(5, 5, 0, 7),
        table(0, 5, 7, 7),
        table(5, 5, 7, 7),
        table(0, 5, 0, 7),
        table(1, 1, 0, 1),
    ] {
        for method in [
            RiskDifferenceMethod::Newcombe,
            RiskDifferenceMethod::Mee,
            RiskDifferenceMethod::MiettinenNurminen,
        ] {
            let got = t
                .risk_difference_interval(method, Level::NINETY_FIVE)
                .expect("defined");
            assert!(
                got.low >= -1.0 && got.high <= 1.0,
                "{method:?} {t:?} {got:?}"
            );
            assert!(
                got.contains(t.risk_difference().expect("defined")),
                "{method:?} {t:?} {got:?}"
            );
        }
    }
}

#[test]
fn large_margins_are_quick() {
    let t = table(450_000, 1_000_000, 470_000, 1_000_000);
    let exact = t
        .odds_ratio_interval(OddsRatioMethod::ExactConditional, Level::NINETY_FIVE)
        .expect("defined");
    let woolf = t
        .odds_ratio_interval(OddsRatioMethod::Woolf, Level::NINETY_FIVE)
        .expect("defined");
    close(exact.low, woolf.low, 1e-5);
    close(exact.high, woolf.high, 1e-5);
}
