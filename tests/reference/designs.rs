//! Two-by-two, two-way, event-study, interaction-weighted, imputation, Bacon and synthetic-control answers of R,
//! pyfixest, `diff_diff` and cvxpy; `E_did/answers.json` and `answers_r.json` name the calls.

use evenhand::stats::Level;
use evenhand::stats::bacon::ComparisonKind;
use evenhand::stats::difference_in_differences::{DifferenceInDifferences, Row};
use evenhand::stats::group_time::{Aggregation, BasePeriod, Observations, Plan, Sample};
use evenhand::stats::regression::{
    Clusters, Coefficient, CovarianceKind, Design, Factor, Family, Fit, Model, Response,
};
use evenhand::stats::synthetic_control::SyntheticControl;
use evenhand::stats::two_way::EventTime;

use super::group_time::{answers, counties};
use super::regression::{Data, near, number};

const LEVEL: Level = Level::NINETY_FIVE;

fn panel(cluster: Option<&str>) -> Sample {
    let (data, mut rows) = counties();
    rows.cluster = cluster.map(|name| data.codes(name));
    Sample::panel(&data.codes("county"), &rows).expect("a panel")
}

#[test]
fn two_by_two_difference_in_differences() {
    let answer = &answers("answers_r.json")["did_2x2"];
    let (data, rows) = counties();
    let chosen: Vec<usize> = (0..rows.time.len())
        .filter(|&i| {
            matches!(rows.first_treated[i], None | Some(2008))
                && [2007, 2008].contains(&rows.time[i])
        })
        .collect();
    let row = |&i: &usize| Row {
        is_treated: rows.first_treated[i].is_some(),
        is_after: rows.time[i] == 2008,
        outcome: rows.outcome[i],
        weight: 1.0,
    };
    let found = DifferenceInDifferences::new(&chosen.iter().map(row).collect::<Vec<_>>())
        .expect("four cells");
    let cells = found.cells();
    for (name, cell) in [
        ("treat0_post0", cells.control_before),
        ("treat0_post1", cells.control_after),
        ("treat1_post0", cells.treated_before),
        ("treat1_post1", cells.treated_after),
    ] {
        near(name, cell.mean, number(&answer["means"][name]), 1e-12);
    }
    let by = |name: &str| {
        let codes = data.codes(name);
        CovarianceKind::Cr1(Clusters::OneWay(chosen.iter().map(|&i| codes[i]).collect()))
    };
    for (key, kind) in [
        ("se_classical", CovarianceKind::Model),
        ("se_HC1", CovarianceKind::Hc1),
        ("se_cluster_county_CR1", by("county")),
        ("se_cluster_state_CR1", by("state")),
    ] {
        let line = found
            .estimate(&kind, LEVEL)
            .expect("a covariance")
            .expect("an error");
        near(key, line.estimate, cells.difference(), 1e-12);
        near(
            key,
            line.estimate,
            number(&answer["coef"]["treat:post"]),
            1e-10,
        );
        near(
            key,
            line.std_error,
            number(&answer[key]["treat:post"]),
            1e-9,
        );
    }
}

/// The factor between errors that count `own` coefficients and errors that count `theirs`, of 960 rows.
///
/// Here units lie within the clusters and count once, periods do not and count but for one: 1 + 7 beside the columns.
/// R's `lm` counts all 120 + 7. pyfixest 0.60 takes the periods for nested too where errors are by county and the columns
/// are called county and year; renamed, or by state, its answers are those of this crate.
fn counted(own: f64, theirs: f64) -> f64 {
    ((960.0 - own) / (960.0 - theirs)).sqrt()
}

#[test]
fn two_way_coefficient_and_what_it_is_made_of() {
    let all = answers("answers.json");
    for (key, cluster, factor) in [
        ("static_cluster_county", None, counted(9.0, 2.0)),
        ("static_cluster_state", Some("state"), 1.0),
    ] {
        let answer = &all["e2_twfe"][key];
        let found = panel(cluster).two_way().expect("a fit");
        let line: Coefficient = found.estimate(LEVEL).expect("a column").expect("an error");
        near(key, line.estimate, number(&answer["coef"]["post"]), 1e-10);
        let error = line.std_error * factor;
        near(key, error, number(&answer["se"]["post"]), 1e-9);
        if cluster.is_some() {
            near(key, line.p.get(), number(&answer["p"]["post"]), 1e-6);
        }
    }
    let answer = &all["e2_twfe"]["goodman_bacon"];
    let parts = panel(None).bacon().expect("comparisons");
    let wanted = answer["comparisons"].as_array().expect("comparisons");
    assert_eq!(parts.len(), wanted.len());
    for want in wanted {
        let kind = match want["comparison_type"].as_str().expect("a kind") {
            "treated_vs_never" => ComparisonKind::TreatedAgainstNever,
            "earlier_vs_later" => ComparisonKind::EarlierAgainstLater,
            _ => ComparisonKind::LaterAgainstEarlier,
        };
        let treated: i32 = want["treated_group"]
            .as_str()
            .expect("a year")
            .parse()
            .expect("a year");
        let found = parts
            .iter()
            .find(|part| (part.kind, part.treated) == (kind, treated));
        let found = found.expect("the comparison");
        near("estimate", found.estimate, number(&want["estimate"]), 1e-10);
        near("weight", found.weight, number(&want["weight"]), 1e-10);
    }
    let sum: f64 = parts.iter().map(|part| part.weight).sum();
    let mean: f64 = parts.iter().map(|part| part.weight * part.estimate).sum();
    near("sum of weights", sum, 1.0, 1e-14);
    near("weighted mean", mean, number(&answer["twfe"]), 1e-10);
}

/// The decomposition holds with units treated throughout and with weights too, against the regression itself.
#[test]
fn comparisons_add_up_to_the_two_way_coefficient() {
    let (data, mut rows) = counties();
    let county = data.codes("county");
    for (i, first) in rows.first_treated.iter_mut().enumerate() {
        match county[i] % 11 {
            0 => *first = Some(2001),
            1 => *first = Some(2012),
            2 => *first = Some(2050),
            _ => (),
        }
    }
    rows.weight = Some(
        county
            .iter()
            .map(|unit| 1.0 + f64::from(unit % 5))
            .collect(),
    );
    let sample = Sample::panel(&county, &rows).expect("a panel");
    let parts = sample.bacon().expect("comparisons");
    let mean: f64 = parts.iter().map(|part| part.weight * part.estimate).sum();
    let fit = sample.two_way().expect("a fit");
    let line = fit.estimate(LEVEL).expect("a column").expect("an error");
    near("weighted mean", mean, line.estimate, 1e-10);
    for kind in [
        ComparisonKind::TreatedAgainstAlways,
        ComparisonKind::LaterAgainstEarlier,
    ] {
        assert!(parts.iter().any(|part| part.kind == kind), "{kind:?}");
    }
}

fn event(by: &[EventTime], at: i32) -> &EventTime {
    by.iter()
        .find(|point| point.at == at)
        .expect("the event time")
}

#[test]
fn event_study_by_regression() {
    let answer = &answers("answers.json")["e2_twfe"]["event_study"];
    let r = &answers("answers_r.json")["event_study_lm"];
    let study = panel(None).event_study(-1).expect("a fit");
    let by = study.by();
    let coefficients = answer["coef"].as_object().expect("coefficients");
    assert_eq!(by.len(), coefficients.len() + 1);
    for (name, want) in coefficients {
        let at: i32 = name.trim_start_matches("rel::").parse().expect("a number");
        let point = event(&by, at);
        near(name, point.effect, number(want), 1e-9);
        near(
            name,
            point.effect,
            number(&r["coef"][format!("relf{at}")]),
            1e-9,
        );
        let error = point.std_error.expect("an error");
        let wanted = number(&answer["se"][name]);
        near(name, error * counted(17.0, 10.0), wanted, 1e-9);
        let dummies = &r["se_cluster_county_CR1_all_dummies_counted"];
        let wanted = number(&dummies[format!("relf{at}")]);
        near(name, error * counted(17.0, 136.0), wanted, 1e-9);
    }
    assert_eq!(event(&by, -1).std_error, None);
    let test = study.pre_trend().expect("leads").expect("a test");
    assert_eq!(test.df, 4);
    assert!(panel(None).event_study(77).is_err());
}

#[test]
fn interaction_weighted_effects() {
    let answer = &answers("answers.json")["e2_twfe"]["sun_abraham"];
    let found = panel(None).sun_abraham().expect("a fit");
    near(
        "overall",
        found.effect,
        number(&answer["overall"]["att"]),
        1e-10,
    );
    let error = number(&answer["overall"]["se"]);
    near("overall", found.std_error.expect("an error"), error, 1e-10);
    for (at, want) in answer["event"].as_object().expect("event times") {
        let point = event(&found.by, at.parse().expect("a number"));
        near(at, point.effect, number(&want["effect"]), 1e-9);
        near(
            at,
            point.std_error.expect("an error"),
            number(&want["se"]),
            1e-10,
        );
    }
    // The same as the cells by cohort and period with a universal base.
    let plan = Plan {
        base: BasePeriod::Universal,
        ..Plan::default()
    };
    let cells = panel(None)
        .group_time(plan)
        .expect("an estimate")
        .aggregate(Aggregation::Dynamic);
    for point in &cells.by {
        let other = event(&found.by, point.at.expect("an event time"));
        let effect = point.effect.expect("defined");
        assert!((other.effect - effect).abs() < 1e-10, "{point:?}");
    }
}

#[test]
fn imputation() {
    let all = answers("answers.json");
    let r = &answers("answers_r.json")["imputation"];
    let found = panel(None).imputation().expect("a fit");
    near("overall", found.effect, number(&r["overall"]), 1e-10);
    let error = number(&all["e2_twfe"]["imputation_bjs"]["overall"]["se"]);
    near("error", found.std_error.expect("an error"), error, 1e-10);
    let by = r["by_event"].as_object().expect("event times");
    assert_eq!(found.by.len(), by.len());
    for (at, want) in by {
        near(
            at,
            event(&found.by, at.parse().expect("a number")).effect,
            number(want),
            1e-10,
        );
    }
}

/// Weights of units, and what all units or periods share, leave effects where they are when nothing was changed.
#[test]
fn additive_outcomes_have_no_effect_by_any_estimator() {
    let (data, mut rows) = counties();
    let county = data.codes("county");
    for (i, y) in rows.outcome.iter_mut().enumerate() {
        *y = f64::from(county[i] % 13) + f64::from(rows.time[i] - 2005).powi(2);
    }
    rows.weight = Some(
        county
            .iter()
            .map(|unit| 1.0 + f64::from(unit % 3))
            .collect(),
    );
    let sample = Sample::panel(&county, &rows).expect("a panel");
    let imputed = sample.imputation().expect("a fit");
    assert!(
        imputed.effect.abs() < 1e-10 && imputed.std_error.is_none(),
        "{imputed:?}"
    );
    assert!(
        sample
            .sun_abraham()
            .expect("a fit")
            .by
            .iter()
            .all(|point| point.effect.abs() < 1e-10)
    );
    assert!(
        sample
            .bacon()
            .expect("parts")
            .iter()
            .all(|part| part.estimate.abs() < 1e-10)
    );
}

#[test]
fn synthetic_control_with_placebos() {
    let answer = &answers("answers.json")["e4_synthetic_control"];
    let r = &answers("answers_r.json")["synth_quadprog"];
    let data = Data::read_in("E_did", "e4_synth_panel");
    let names: Vec<String> = (0..12).map(|j| format!("donor{j:02}")).collect();
    let donors = names.iter().map(|name| data.numbers(name)).collect();
    let control = SyntheticControl::new(data.numbers("treated"), donors, 20).expect("valid");
    let fit = control.fit().expect("weights");
    for (name, weight) in names.iter().zip(&fit.weights) {
        for peer in [&answer["weights"][name], &r["weights"][name]] {
            let want = peer.as_f64().unwrap_or(0.0);
            assert!(
                (weight - want).abs() < 1e-9,
                "{name}: {weight} is not {want}"
            );
        }
    }
    assert!(fit.is_unique);
    let sse = fit.rmspe_before.powi(2) * 20.0;
    near("sse", sse, number(&answer["objective_pre_sse"]), 1e-13);
    near(
        "before",
        fit.rmspe_before,
        number(&answer["pre_rmspe"]),
        1e-12,
    );
    near(
        "after",
        fit.rmspe_after,
        number(&answer["post_rmspe"]),
        1e-9,
    );
    near("effect", fit.effect, number(&answer["att"]), 1e-9);
    for ((year, want), gap) in answer["gap"]
        .as_object()
        .expect("gaps")
        .iter()
        .zip(&fit.gaps)
    {
        assert!((gap - number(want)).abs() < 1e-8, "{year}");
    }
    let test = control.placebo_test().expect("placebos");
    let ratios = &answer["placebo_rmspe_ratio"];
    near(
        "treated",
        test.ratio.expect("a ratio"),
        number(&ratios["treated"]),
        1e-8,
    );
    for (name, ratio) in names.iter().zip(&test.placebos) {
        near(name, ratio.expect("a ratio"), number(&ratios[name]), 1e-7);
    }
    near(
        "p",
        test.p.expect("ratios").get(),
        number(&answer["placebo_rank_p"]),
        1e-15,
    );
}

/// The two forms of a triple difference: of each place, period and group, and of each place and period.
fn triple(places: u32, periods: u32) -> (Fit, CovarianceKind, Fit, CovarianceKind) {
    let count = |place: u32, period: u32, group: u32| -> u64 {
        let scattered = (place * 7919 + period * 104_729 + group * 1299) % 37;
        u64::from(
            20 + 9 * (place % 4) + 5 * (period % 3) + 11 * group * (1 + place % 2) + scattered,
        )
    };
    let population =
        |place: u32, group: u32| f64::from(1000 + 300 * place + 450 * group * (place % 3));
    let is_after = |place: u32, period: u32| place < places / 2 && period >= 3 + place % 2;
    let factor = |name: &str, levels: Vec<u32>| Factor {
        name: name.to_owned(),
        levels,
    };
    let cells: Vec<(u32, u32, u32)> = (0..places)
        .flat_map(|p| (0..periods).flat_map(move |t| [(p, t, 0), (p, t, 1)]))
        .collect();
    let own = |f: &dyn Fn(&(u32, u32, u32)) -> u32| cells.iter().map(f).collect::<Vec<u32>>();
    let column = |x: Vec<f64>| Design::new(vec!["treated".to_owned()], x).expect("a design");
    let counts = cells.iter().map(|&(p, t, g)| count(p, t, g)).collect();
    let x = cells
        .iter()
        .map(|&(p, t, g)| f64::from(u8::from(g == 1 && is_after(p, t))))
        .collect();
    let by_group = factor("group period", own(&|&(_, t, g)| 2 * t + g));
    let poisson = Model::new(
        Family::QuasiPoisson,
        column(x).with_indicators(&by_group).expect("indicators"),
        Response::Counts(counts),
    );
    let poisson = poisson
        .and_then(|m| {
            m.with_offset(
                cells
                    .iter()
                    .map(|&(p, _, g)| population(p, g).ln())
                    .collect(),
            )
        })
        .and_then(|m| m.absorbing(factor("place group", own(&|&(p, _, g)| 2 * p + g))))
        .and_then(|m| m.absorbing(factor("place period", own(&|&(p, t, _)| p * periods + t))))
        .and_then(|m| m.fit())
        .expect("a fit");
    let pairs: Vec<(u32, u32)> = (0..places)
        .flat_map(|p| (0..periods).map(move |t| (p, t)))
        .collect();
    let x = pairs
        .iter()
        .map(|&(p, t)| f64::from(u8::from(is_after(p, t))))
        .collect();
    let response = Response::Events {
        events: pairs.iter().map(|&(p, t)| count(p, t, 1)).collect(),
        trials: pairs
            .iter()
            .map(|&(p, t)| count(p, t, 0) + count(p, t, 1))
            .collect(),
    };
    let logit = Model::new(Family::QuasiLogistic, column(x), response)
        .and_then(|m| {
            m.with_offset(
                pairs
                    .iter()
                    .map(|&(p, _)| (population(p, 1) / population(p, 0)).ln())
                    .collect(),
            )
        })
        .and_then(|m| m.absorbing(factor("place", pairs.iter().map(|pair| pair.0).collect())))
        .and_then(|m| m.absorbing(factor("period", pairs.iter().map(|pair| pair.1).collect())))
        .and_then(|m| m.fit())
        .expect("a fit");
    let by_place = |levels| CovarianceKind::Cr0(Clusters::OneWay(levels));
    let (one, other) = (
        own(&|cell| cell.0),
        pairs.iter().map(|pair| pair.0).collect(),
    );
    (poisson, by_place(one), logit, by_place(other))
}

/// Given the total of a place and period the group's count is binomial, so the Poisson form with place by group, place
/// by period and group by period effects is the logit of the group's share with the populations as offset.
#[test]
fn the_poisson_triple_difference_is_the_logit_of_the_share() {
    let (poisson, by_cell, logit, by_pair) = triple(12, 6);
    let place = |fit: &Fit| {
        fit.names()
            .iter()
            .position(|name| name == "treated")
            .expect("the column")
    };
    let error = |fit: &Fit, kind: &CovarianceKind| {
        fit.covariance(kind)
            .expect("a covariance")
            .std_error(place(fit))
            .expect("an error")
    };
    near(
        "beta",
        poisson.coefficients()[place(&poisson)],
        logit.coefficients()[place(&logit)],
        1e-9,
    );
    near(
        "error",
        error(&poisson, &by_cell),
        error(&logit, &by_pair),
        1e-8,
    );
    near(
        "phi",
        poisson.dispersion().expect("phi"),
        logit.dispersion().expect("phi"),
        1e-8,
    );
    assert_eq!(poisson.dispersion_df(), logit.dispersion_df());
}

#[test]
fn estimators_that_follow_units_refuse_cross_sections_and_designs_without_controls() {
    let (data, rows) = counties();
    let sections = Sample::cross_sections(&rows).expect("rows");
    let refused = |text: String| assert!(text.contains("balanced panel"), "{text}");
    refused(sections.two_way().expect_err("rows").to_string());
    refused(sections.event_study(-1).expect_err("rows").to_string());
    refused(sections.sun_abraham().expect_err("rows").to_string());
    refused(sections.imputation().expect_err("rows").to_string());
    refused(sections.bacon().expect_err("rows").to_string());
    refused(sections.synthetic_did().expect_err("rows").to_string());
    let all = Observations {
        first_treated: rows
            .first_treated
            .iter()
            .map(|g| g.or(Some(2012)))
            .collect(),
        ..rows
    };
    let sample = Sample::panel(&data.codes("county"), &all).expect("a panel");
    let text = sample
        .imputation()
        .expect_err("2012 has no control")
        .to_string();
    assert!(text.contains("2012"), "{text}");
    assert!(sample.sun_abraham().is_err() && sample.synthetic_did().is_err());
}
