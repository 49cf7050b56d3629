//! Invariances: what must not matter does not, and what must matter does.

use std::fs;

use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{SMALL_SEARCHES, SMALL_STOPS, Workspace, objects};

fn results(workspace: &Workspace) -> Value {
    let outcome = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    serde_json::from_str(&fs::read_to_string(workspace.path("out/results.json")).unwrap()).unwrap()
}

fn findings(workspace: &Workspace) -> Value {
    results(workspace)["findings"].clone()
}

fn ratio(findings: &Value, id: &str) -> f64 {
    let finding = findings
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["id"] == id)
        .unwrap();
    let row = objects(finding)
        .into_iter()
        .find(|row| {
            row["comparison"] == "reference_group"
                && row["estimand"].as_str().unwrap().ends_with("_ratio")
        })
        .unwrap();
    row["estimate"].as_f64().unwrap()
}

fn shuffled(table: &str, seed: u64) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    let mut rows = lines.split_off(1);
    let mut state = seed | 1;
    for i in (1..rows.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        rows.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
    }
    lines.append(&mut rows);
    lines.join("\n") + "\n"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_rows_does_not_matter(seed in any::<u64>()) {
        let expected = findings(&Workspace::small());
        let other = Workspace::small();
        other.write("searches.csv", &shuffled(SMALL_SEARCHES, seed)).write("stops.csv", &shuffled(SMALL_STOPS, seed));
        prop_assert_eq!(findings(&other), expected);
    }

    #[test]
    fn intervals_of_proportions_hold_the_estimate_and_mirror_themselves(x in 0u64..400, more in 0u64..4_000) {
        use evenhand::stats::Level;
        use evenhand::stats::proportion::{Proportion, ProportionMethod};
        let n = x + more;
        prop_assume!(n > 0);
        let (one, other) = (Proportion::new(x, n).unwrap(), Proportion::new(n - x, n).unwrap());
        for method in [ProportionMethod::Wilson, ProportionMethod::ClopperPearson] {
            let interval = one.interval(method, Level::NINETY_FIVE).unwrap();
            let mirror = other.interval(method, Level::NINETY_FIVE).unwrap();
            prop_assert!(interval.low <= one.estimate().unwrap() && one.estimate().unwrap() <= interval.high);
            prop_assert!((interval.low - (1.0 - mirror.high)).abs() < 1e-9);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_two_by_two_table_read_otherwise_has_the_same_tests(cells in prop::array::uniform4(prop_oneof![0u64..12, 0u64..3_000, 0u64..40_000_000])) {
        use evenhand::stats::ExactForm;
        use evenhand::stats::two_by_two::TwoByTwo;
        let [a, b, c, d] = cells;
        prop_assume!(a + b > 0 && c + d > 0 && a + c > 0 && b + d > 0);
        let table = |a, b, c, d| TwoByTwo::from_cells(a, b, c, d).unwrap();
        let one = table(a, b, c, d);
        let transposed = table(a, c, b, d);
        let exchanged = table(c, d, a, b);
        let tests = |t: &TwoByTwo| [t.pearson(), t.yates(), t.g_test()].map(|test| test.unwrap().statistic);
        for other in [transposed, exchanged] {
            for (got, want) in tests(&other).into_iter().zip(tests(&one)) {
                prop_assert!((got - want).abs() <= 1e-9 * want + 1e-9, "{} {}", got, want);
            }
            prop_assert!((one.phi().unwrap() - other.phi().unwrap()).abs() < 1e-9);
        }
        let log10 = |t: &TwoByTwo, form| t.log10_fisher(form).unwrap();
        let near = |got: f64, want: f64| (got - want).abs() <= 1e-9 * want.abs() + 1e-9;
        for form in [ExactForm::Central, ExactForm::MinimumLikelihood] {
            prop_assert!(near(log10(&transposed, form), log10(&one, form)));
            prop_assert!(near(log10(&exchanged, form), log10(&one, form)));
            prop_assert!((0.0..=1.0).contains(&one.fisher(form).unwrap().get()));
        }
        prop_assert!(near(log10(&exchanged, ExactForm::Less), log10(&one, ExactForm::Greater)));
        prop_assert!(near(log10(&transposed, ExactForm::Less), log10(&one, ExactForm::Less)));
    }

    #[test]
    fn a_wider_table_read_otherwise_has_the_same_tests(rows in prop::collection::vec(prop::array::uniform3(0u64..7), 1..5)) {
        use evenhand::stats::contingency::ContingencyTable;
        let table = |rows: Vec<Vec<u64>>| ContingencyTable::new(rows).unwrap();
        let one = table(rows.iter().map(|row| row.to_vec()).collect());
        let transposed = table((0..3).map(|j| rows.iter().map(|row| row[j]).collect()).collect());
        let turned = table(rows.iter().rev().map(|row| vec![row[2], row[0], row[1]]).collect());
        for other in [transposed, turned] {
            prop_assert_eq!(one.pearson().is_some(), other.pearson().is_some());
            let tests = |t: &ContingencyTable| [t.pearson(), t.g_test()].map(|test| test.map(|test| (test.df, test.p.get())));
            for (got, want) in tests(&other).into_iter().flatten().zip(tests(&one).into_iter().flatten()) {
                prop_assert_eq!(got.0, want.0);
                prop_assert!((got.1 - want.1).abs() < 1e-9 && (0.0..=1.0).contains(&got.1));
            }
            let (got, want) = (other.fisher().unwrap().get(), one.fisher().unwrap().get());
            prop_assert!((got - want).abs() <= 1e-9 * want && (0.0..=1.0).contains(&got));
        }
    }

    #[test]
    fn tests_of_two_counts_mirror_themselves(x1 in 0u64..300, x2 in 0u64..300, t1 in 0.01..1_000.0, t2 in 0.01..1_000.0) {
        use evenhand::stats::ExactForm;
        use evenhand::stats::rate::Rate;
        use evenhand::stats::rate_ratio::RateRatio;
        let ratio = |x1, t1, x2, t2| RateRatio::new(Rate::new(x1, t1).unwrap(), Rate::new(x2, t2).unwrap());
        let (one, other) = (ratio(x1, t1, x2, t2), ratio(x2, t2, x1, t1));
        let near = |got: f64, want: f64| (0.0..=1.0).contains(&got) && (got - want).abs() <= 1e-9 * want;
        let exact = |r: &RateRatio, form| r.conditional(form).unwrap().get();
        prop_assert!(near(exact(&one, ExactForm::MinimumLikelihood), exact(&other, ExactForm::MinimumLikelihood)));
        prop_assert!(near(exact(&one, ExactForm::Less), exact(&other, ExactForm::Greater)));
        let e_test = |r: &RateRatio| r.e_test().unwrap().unwrap().get();
        prop_assert!(near(e_test(&one), e_test(&other)));
    }

    #[test]
    fn adjusted_p_values_keep_their_order(p in prop::collection::vec(0.0..=1.0f64, 0..20)) {
        use evenhand::stats::PValue;
        use evenhand::stats::adjust::{Adjustment, adjust};
        let p: Vec<PValue> = p.into_iter().map(|p| PValue::new(p).unwrap()).collect();
        for adjustment in [Adjustment::Bonferroni, Adjustment::Holm, Adjustment::Hochberg, Adjustment::BenjaminiHochberg, Adjustment::BenjaminiYekutieli] {
            let adjusted = adjust(&p, adjustment);
            for i in 0..p.len() {
                prop_assert!(adjusted[i].get() >= p[i].get() * (1.0 - 1e-15));
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
                }
            }
        }
    }

    #[test]
    fn standardised_rates_lie_in_their_intervals(strata in prop::collection::vec((0u64..50, 1.0..1e6f64, 0.0..1e6f64), 1..8)) {
        use evenhand::stats::Level;
        use evenhand::stats::rate::Rate;
        use evenhand::stats::standardise::{DirectStandardisation, DirectStratum};
        let stratum = |&(x, people, standard): &(u64, f64, f64)| DirectStratum { rate: Rate::new(x, people).unwrap(), standard };
        prop_assume!(strata.iter().any(|s| s.2 > 0.0));
        let direct = |strata: Vec<DirectStratum>| DirectStandardisation::new(strata).unwrap();
        let one = direct(strata.iter().map(stratum).collect());
        let other = direct(strata.iter().rev().map(stratum).collect());
        let interval = one.interval(Level::NINETY_FIVE).unwrap();
        prop_assert!(interval.contains(one.estimate().unwrap()));
        let turned = other.interval(Level::NINETY_FIVE).unwrap();
        prop_assert!((turned.high - interval.high).abs() <= 1e-9 * interval.high);
    }
}

#[test]
fn exchanging_the_groups_turns_the_ratio_over() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.change(
        "study.toml",
        "reference = \"white\"\ncompare = [\"black\"]",
        "reference = \"black\"\ncompare = [\"white\"]",
    );
    assert!((ratio(&findings(&other), "disparity-searches") * expected - 1.0).abs() < 1e-10);
}

#[test]
fn naming_the_groups_otherwise_changes_names_only() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.write(
        "searches.csv",
        &SMALL_SEARCHES.replace("white", "g1").replace("black", "g2"),
    );
    other.write(
        "stops.csv",
        &SMALL_STOPS.replace("white", "g1").replace("black", "g2"),
    );
    other.write(
        "people.csv",
        &crate::harness::SMALL_PEOPLE
            .replace("white", "g1")
            .replace("black", "g2"),
    );
    other.change(
        "study.toml",
        "reference = \"white\"\ncompare = [\"black\"]",
        "reference = \"g1\"\ncompare = [\"g2\"]",
    );
    assert!((ratio(&findings(&other), "disparity-searches") - expected).abs() < 1e-12);
}

#[test]
fn splitting_a_cell_in_two_changes_no_estimate() {
    let expected = ratio(&findings(&Workspace::small()), "disparity-searches");
    let other = Workspace::small();
    other.change(
        "searches.csv",
        "Alpha,287(g),white,40,1000",
        "Alpha,287(g),white,10,400\nAlpha North,287(g),white,30,600",
    );
    assert!((ratio(&findings(&other), "disparity-searches") - expected).abs() < 1e-12);
}

#[test]
fn twice_the_people_halve_a_rate_and_leave_a_ratio() {
    let before = findings(&Workspace::small());
    let other = Workspace::small();
    other.write("people.csv", "place,group,people,moe\nAlpha,white,40000,600\nAlpha,black,16000,400\nBeta,white,36000,0\nBeta,black,18000,500\n");
    let after = findings(&other);
    assert!((ratio(&after, "disparity-stops") - ratio(&before, "disparity-stops")).abs() < 1e-12);
    let difference = |findings: &Value| {
        let finding = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["id"] == "disparity-stops")
            .unwrap();
        objects(finding)
            .into_iter()
            .find(|row| row["estimand"] == "rate_difference")
            .unwrap()["estimate"]
            .as_f64()
            .unwrap()
    };
    assert!((difference(&after) * 2.0 - difference(&before)).abs() < 1e-9);
}

#[test]
fn a_wider_level_gives_a_wider_interval() {
    let width = |level: &str| {
        let workspace = Workspace::small();
        workspace.change(
            "study.toml",
            "[[rates]]",
            &format!("[[rates]]\nlevel = {level}"),
        );
        let findings = findings(&workspace);
        let rates = findings
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["id"] == "rates-searches")
            .unwrap();
        let row = &objects(rates)[0];
        row["conf_high"].as_f64().unwrap() - row["conf_low"].as_f64().unwrap()
    };
    assert!(width("0.99") > width("0.95") && width("0.95") > width("0.8"));
}
