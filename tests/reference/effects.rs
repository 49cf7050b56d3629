//! Regressions with fixed effects, splines and few clusters against R and pyfixest; the answers are those of `regression`.

use evenhand::stats::Level;
use evenhand::stats::regression::{
    Clusters, CovarianceKind, Coverage, Design, Factor, Family, Model, NaturalSpline, Resampling,
    Response, WildWeights,
};
use serde_json::Value;

use super::regression::{
    COEFFICIENT, Data, ERROR, agree, answers, errors, fitted, near, number, same,
};

const PANEL: [&str; 2] = ["treat", "x"];

fn panel(weights: Option<&str>) -> (Data, Model) {
    let data = Data::read("d4_panel");
    let values = data.numbers("y");
    let response = match weights {
        Some(name) => Response::Values {
            values,
            weights: data.numbers(name),
        },
        None => Response::unweighted(values),
    };
    let model = Model::new(Family::Linear, data.design(&PANEL), response).expect("a model");
    (data, model)
}

/// R's answers, in which every dummy counts as a parameter: dummies as columns.
#[test]
fn linear_fits_with_effects_as_columns() {
    for (key, weights, cluster) in [
        ("d4_twfe", None, "unit"),
        ("d4_twfe_state", None, "state"),
        ("d4_twfe_weighted", Some("w"), "unit"),
    ] {
        let (data, _) = panel(weights);
        let design = data.design(&["1", "treat", "x"]);
        let design = design.with_indicators(&data.factor("unit")).expect("units");
        let design = design.with_indicators(&data.factor("year")).expect("years");
        let values = data.numbers("y");
        let response = match weights {
            Some(name) => Response::Values {
                values,
                weights: data.numbers(name),
            },
            None => Response::unweighted(values),
        };
        let fit = fitted(Family::Linear, design, response);
        assert_eq!(agree(key, &fit, Some(data.codes(cluster))), 12);
        if weights.is_none() {
            let both = Clusters::TwoWay(data.codes("unit"), data.codes("year"));
            let want = &answers()["answers"]["d4_twoway_cluster"]["se"];
            same(
                "two-way",
                &errors(&fit, &CovarianceKind::Cr1(both)),
                want,
                ERROR,
            );
        }
    }
}

/// pyfixest's answers, in which effects nested in clusters do not count.
#[test]
fn linear_fits_with_absorbed_effects() {
    let (data, model) = panel(None);
    let model = model.absorbing(data.factor("unit")).expect("units");
    let fit = model
        .absorbing(data.factor("year"))
        .expect("years")
        .fit()
        .expect("a fit");
    let one = |name: &str| CovarianceKind::Cr1(Clusters::OneWay(data.codes(name)));
    for (key, kind) in [
        ("pf_feols_unit", one("unit")),
        ("pf_feols_state", one("state")),
        ("pf_feols_iid", CovarianceKind::Model),
        ("pf_feols_hetero", CovarianceKind::Hc1),
    ] {
        let answer = &answers()["pyfixest"][key];
        let covariance = fit.covariance(&kind).expect("a covariance");
        same(key, &errors(&fit, &kind), &answer["se"], ERROR);
        for (name, p) in answer["p"].as_object().expect("p-values") {
            let line = fit
                .estimate(name, &covariance, Level::NINETY_FIVE)
                .expect("a column")
                .expect("an error");
            near(
                key,
                line.estimate,
                number(&answer["coef"][name]),
                COEFFICIENT,
            );
            near(key, line.statistic, number(&answer["t"][name]), ERROR);
            // pyfixest takes 1 - cdf, which leaves nothing of the smallest tails.
            if number(p) > 1e-8 {
                near(key, line.p.get(), number(p), 1e-6);
            }
        }
    }
}

fn minutes(data: &Data) -> NaturalSpline {
    let minutes = data.numbers("minute");
    NaturalSpline::new(&minutes, &vec![1; minutes.len()], 6).expect("a spline")
}

#[test]
fn natural_spline_basis() {
    let spline = minutes(&Data::read("d3_veil_fe"));
    let answer = &answers()["answers"]["ns6"];
    let list = |value: &Value| -> Vec<f64> {
        value
            .as_array()
            .expect("a list")
            .iter()
            .map(number)
            .collect()
    };
    assert_eq!(spline.knots(), list(&answer["knots"]));
    assert_eq!(spline.boundary().to_vec(), list(&answer["boundary"]));
    let rows = answer["basis"].as_array().expect("rows");
    for (value, row) in list(&answer["basis_at"]).into_iter().zip(rows) {
        for (got, want) in spline.at(value).expect("inside").into_iter().zip(list(row)) {
            // The smallest entries are differences of entries near 1.
            assert!((got - want).abs() < 1e-13, "{value}: {got} is not {want}");
        }
    }
}

/// Intercept, darkness and the spline of the minute, named as R names them.
fn veil(data: &Data) -> Design {
    let (spline, dark) = (minutes(data), data.numbers("dark"));
    let mut names = vec!["(Intercept)".to_owned(), "dark".to_owned()];
    names.extend((1..=6).map(|i| format!("ns(minute, df = 6){i}")));
    let row = |(minute, dark): (f64, f64)| {
        let mut row = vec![1.0, dark];
        row.extend(spline.at(minute).expect("inside"));
        row
    };
    let values = data
        .numbers("minute")
        .into_iter()
        .zip(dark)
        .flat_map(row)
        .collect();
    Design::new(names, values).expect("a design")
}

#[test]
fn logistic_fits_of_the_veil() {
    let data = Data::read("d3_veil_fe");
    let agency = || Some(data.codes("agency"));
    let plain = fitted(Family::Logistic, veil(&data), data.trials("black"));
    assert_eq!(agree("d3_logit_ns6", &plain, agency()), 12);
    let wide = veil(&data)
        .with_indicators(&data.factor("agency"))
        .expect("agencies");
    let wide = wide.with_indicators(&data.factor("month")).expect("months");
    let effects = fitted(Family::Logistic, wide, data.trials("black"));
    assert_eq!(agree("d3_logit_ns6_fe", &effects, agency()), 12);
}

/// Fixed effects out of the way give the same coefficient, model error and clustered error as fixed effects as columns.
#[test]
fn absorbed_effects_equal_effects_as_columns() {
    let data = Data::read("d3_veil_fe");
    let model = Model::new(Family::Logistic, veil(&data), data.trials("black")).expect("a model");
    let model = model.absorbing(data.factor("agency")).expect("agencies");
    let fit = model
        .absorbing(data.factor("month"))
        .expect("months")
        .fit()
        .expect("a fit");
    assert_eq!(fit.dropped(), ["(Intercept)"]);
    let answer = &answers()["answers"]["d3_logit_ns6_fe"];
    near(
        "dark",
        fit.coefficient("dark").expect("estimated"),
        number(&answer["coef"]["dark"]),
        COEFFICIENT,
    );
    for (field, kind) in [
        ("se_model", CovarianceKind::Model),
        ("se_HC0", CovarianceKind::Hc0),
        ("se_HC1", CovarianceKind::Hc1),
        (
            "se_CR0",
            CovarianceKind::Cr0(Clusters::OneWay(data.codes("agency"))),
        ),
    ] {
        let (_, got) = errors(&fit, &kind)[0].clone();
        near(field, got, number(&answer[field]["dark"]), ERROR);
    }
    near(
        "deviance",
        fit.deviance(),
        number(&answer["deviance"]),
        COEFFICIENT,
    );
}

#[test]
fn logistic_fit_with_bins_of_five_minutes() {
    let data = Data::read("d3_veil_fe");
    let bins = data
        .codes("minute")
        .iter()
        .map(|minute| minute / 5)
        .collect();
    let design = data.design(&["1", "dark"]);
    let design = design
        .with_indicators(&Factor {
            name: "bin".to_owned(),
            levels: bins,
        })
        .expect("bins");
    let fit = fitted(Family::Logistic, design, data.trials("black"));
    assert_eq!(
        agree("d3_logit_minute_factor", &fit, Some(data.codes("agency"))),
        4
    );
}

#[test]
fn poisson_and_logistic_fits_with_absorbed_effects() {
    let answers = answers();
    let data = Data::read("d2_stops_poisson");
    let design = data.design(&["race:black", "race:hispanic", "race:other", "crime"]);
    let model = Model::new(
        Family::Poisson,
        design,
        Response::Counts(data.counts("stops")),
    )
    .expect("a model");
    let fit = model
        .absorbing(data.factor("borough"))
        .expect("boroughs")
        .fit()
        .expect("a fit");
    let answer = &answers["pyfixest"]["pf_fepois_precinct"];
    let clusters = Clusters::OneWay(data.codes("borough"));
    let covariance = fit
        .covariance(&CovarianceKind::Cr1(clusters))
        .expect("boroughs");
    let names = [
        "race[T.black]",
        "race[T.hispanic]",
        "race[T.other]",
        "crime",
    ];
    for (j, name) in names.iter().enumerate() {
        near(
            name,
            fit.coefficients()[j],
            number(&answer["coef"][name]),
            COEFFICIENT,
        );
        near(
            name,
            covariance.std_error(j).expect("positive"),
            number(&answer["se"][name]),
            1e-6,
        );
    }
    let data = Data::read("d3_veil_fe");
    let model = Model::new(
        Family::Logistic,
        data.design(&["dark"]),
        data.trials("black"),
    )
    .expect("a model");
    let model = model.absorbing(data.factor("agency")).expect("agencies");
    let fit = model
        .absorbing(data.factor("month"))
        .expect("months")
        .fit()
        .expect("a fit");
    // Its clustered error is 0.1 % below ours and no factor explains it; that of the fit above agrees with R's.
    let answer = &answers["pyfixest"]["pf_feglm_logit"];
    near(
        "dark",
        fit.coefficients()[0],
        number(&answer["coef"]["dark"]),
        COEFFICIENT,
    );
}

#[test]
fn wild_bootstrap_over_all_signs() {
    let data = Data::read("d5_few_clusters");
    let response = Response::unweighted(data.numbers("y"));
    let model =
        Model::new(Family::Linear, data.design(&["1", "treat", "x"]), response).expect("a model");
    let clusters = data.codes("cluster");
    let fit = model.fit().expect("a fit");
    let covariance = fit
        .covariance(&CovarianceKind::Cr1(Clusters::OneWay(clusters.clone())))
        .expect("clusters");
    for name in ["treat", "x"] {
        let answer = &answers()["wild_bootstrap"][name];
        let line = fit
            .estimate(name, &covariance, Level::NINETY_FIVE)
            .expect("a column")
            .expect("an error");
        near("coef", line.estimate, number(&answer["coef"]), COEFFICIENT);
        near("se", line.std_error, number(&answer["se_CR1"]), ERROR);
        near(
            "p t(G - 1)",
            line.p.get(),
            number(&answer["p_t_G_minus_1"]),
            ERROR,
        );
        let resampled = |draws| {
            let resampling = Resampling { draws, seed: 5 };
            let test = model
                .wild_bootstrap(name, &clusters, WildWeights::Rademacher, resampling)
                .expect("a model");
            test.expect("defined")
        };
        let exact = resampled(9_999);
        assert_eq!((exact.draws, exact.coverage), (256, Coverage::Exact));
        near("t", exact.statistic, number(&answer["t"]), ERROR);
        near(
            "p",
            exact.p.get(),
            number(&answer["p_enum_ge"]),
            COEFFICIENT,
        );
        let (p, sampled) = (exact.p.get(), resampled(255));
        assert_eq!(sampled.coverage, Coverage::Sampled);
        assert!((sampled.p.get() - p).abs() < 4.0 * (p * (1.0 - p) / 255.0).sqrt() + 1.0 / 256.0);
    }
}

/// pyfixest counts the smaller number of clusters in all three parts of a two-way error, where R counts each its own.
#[test]
fn two_way_errors_with_absorbed_effects() {
    let (data, model) = panel(None);
    let model = model.absorbing(data.factor("unit")).expect("units");
    let fit = model
        .absorbing(data.factor("year"))
        .expect("years")
        .fit()
        .expect("a fit");
    let both = Clusters::TwoWay(data.codes("unit"), data.codes("year"));
    let mut scaled = errors(&fit, &CovarianceKind::Cr0(both));
    // 20 years; units and years lie within clusters, which leaves one coefficient beside the two columns.
    let factor: f64 = 20.0 / 19.0 * 1199.0 / 1197.0;
    scaled
        .iter_mut()
        .for_each(|(_, error)| *error *= factor.sqrt());
    let answer = &answers()["pyfixest"]["pf_feols_twoway"];
    same("two-way", &scaled, &answer["se"], ERROR);
}
