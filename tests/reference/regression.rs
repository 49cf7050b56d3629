//! Regressions against R (glm, lm, MASS, sandwich, splines) and pyfixest; `D_glm/answers.json` names each call.
//!
//! Relative tolerances without an absolute floor: 1e-8 for coefficients, 1e-7 for errors, 1e-6 for theta and its error.
//! Probit and the Breusch-Pagan test are not offered and not compared.

use std::collections::BTreeMap;

use evenhand::stats::Level;
use evenhand::stats::regression::{
    Clusters, CovarianceKind, Design, Factor, Family, Fit, Grain, Model, RegressionError, Response,
};
use serde_json::Value;

pub(super) const COEFFICIENT: f64 = 1e-8;
pub(super) const ERROR: f64 = 1e-7;

/// A data set by column.
pub(super) struct Data(BTreeMap<String, Vec<String>>);

impl Data {
    pub(super) fn read(name: &str) -> Data {
        Data::read_in("D_glm", name)
    }

    pub(super) fn read_in(folder: &str, name: &str) -> Data {
        let file = format!(
            "{}/tests/reference/{folder}/{name}.csv",
            env!("CARGO_MANIFEST_DIR")
        );
        let text = std::fs::read_to_string(file).expect("a data set");
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().expect("a header").split(',').collect();
        let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in lines {
            for (name, value) in names.iter().zip(line.split(',')) {
                columns
                    .entry((*name).to_owned())
                    .or_default()
                    .push(value.to_owned());
            }
        }
        Data(columns)
    }

    pub(super) fn numbers(&self, name: &str) -> Vec<f64> {
        self.0[name]
            .iter()
            .map(|value| value.parse().expect("a number"))
            .collect()
    }

    pub(super) fn counts(&self, name: &str) -> Vec<u64> {
        self.0[name]
            .iter()
            .map(|value| value.parse().expect("a count"))
            .collect()
    }

    pub(super) fn texts(&self, name: &str) -> &[String] {
        &self.0[name]
    }

    /// Numbers for distinct texts, in the order R gives factor levels.
    pub(super) fn codes(&self, name: &str) -> Vec<u32> {
        let values = &self.0[name];
        if let Ok(codes) = values.iter().map(|value| value.parse()).collect() {
            return codes;
        }
        let mut levels: Vec<&String> = values.iter().collect();
        levels.sort();
        levels.dedup();
        let code = |value: &String| levels.binary_search(&value).expect("a level") as u32;
        values.iter().map(code).collect()
    }

    pub(super) fn factor(&self, name: &str) -> Factor {
        Factor {
            name: name.to_owned(),
            levels: self.codes(name),
        }
    }

    /// A column of numbers, of 1, or of 0 and 1 for one level (`race:black`).
    pub(super) fn column(&self, term: &str) -> Vec<f64> {
        match term.split_once(':') {
            Some((name, level)) => self.0[name]
                .iter()
                .map(|value| f64::from(u8::from(value == level)))
                .collect(),
            None if term == "1" => vec![1.0; self.0.values().next().expect("columns").len()],
            None => self.numbers(term),
        }
    }

    pub(super) fn design(&self, terms: &[&str]) -> Design {
        let columns: Vec<Vec<f64>> = terms.iter().map(|term| self.column(term)).collect();
        let name = |term: &&str| match *term {
            "1" => "(Intercept)".to_owned(),
            other => other.replace(':', ""),
        };
        let rows = columns[0].len();
        let values = (0..rows)
            .flat_map(|i| columns.iter().map(move |column| column[i]))
            .collect();
        Design::new(terms.iter().map(name).collect(), values).expect("a design")
    }

    /// One trial per row.
    pub(super) fn trials(&self, name: &str) -> Response {
        let events = self.counts(name);
        Response::Events {
            trials: vec![1; events.len()],
            events,
        }
    }
}

pub(super) fn answers() -> Value {
    let file = format!(
        "{}/tests/reference/D_glm/answers.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(file).expect("the answers")).expect("JSON")
}

pub(super) fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * want.abs(),
        "{what}: {got} is not {want}"
    );
}

pub(super) fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The standard errors by name, where there are any.
pub(super) fn errors(fit: &Fit, kind: &CovarianceKind) -> Vec<(String, f64)> {
    let covariance = fit.covariance(kind).expect("a covariance");
    let named = fit.names().iter().cloned().enumerate();
    named
        .filter_map(|(j, name)| Some((name, covariance.std_error(j)?)))
        .collect()
}

/// Compares named values with an answer; every name in the answer must be there, spaces aside.
pub(super) fn same(what: &str, got: &[(String, f64)], want: &Value, tolerance: f64) {
    let plain = |name: &str| name.replace(' ', "");
    for (name, want) in want.as_object().expect("named values") {
        let found = got.iter().find(|(known, _)| plain(known) == plain(name));
        let (_, got) = found.unwrap_or_else(|| panic!("{what} {name} is missing"));
        near(&format!("{what} {name}"), *got, number(want), tolerance);
    }
}

/// Compares all that an answer gives; how many fields it gave.
pub(super) fn agree(key: &str, fit: &Fit, cluster: Option<Vec<u32>>) -> usize {
    let answer = answers()["answers"][key].clone();
    let estimates: Vec<(String, f64)> = fit
        .names()
        .iter()
        .cloned()
        .zip(fit.coefficients().iter().copied())
        .collect();
    same(
        &format!("{key} coef"),
        &estimates,
        &answer["coef"],
        COEFFICIENT,
    );
    let mut compared = 1;
    let mut kinds = vec![
        ("se_model", CovarianceKind::Model),
        ("se_HC0", CovarianceKind::Hc0),
        ("se_HC1", CovarianceKind::Hc1),
    ];
    if let Some(ids) = &cluster {
        let clusters = || Clusters::OneWay(ids.clone());
        kinds.push(("se_CR0", CovarianceKind::Cr0(clusters())));
        kinds.push(("se_CR1_GandN", CovarianceKind::Cr1(clusters())));
    }
    for (field, kind) in kinds {
        if answer.get(field).is_some() {
            same(
                &format!("{key} {field}"),
                &errors(fit, &kind),
                &answer[field],
                ERROR,
            );
            compared += 1;
        }
    }
    if let (Some(ids), true) = (&cluster, answer.get("se_CR1_Gonly").is_some()) {
        let groups = number(&answer["clusters"]);
        let mut scaled = errors(fit, &CovarianceKind::Cr0(Clusters::OneWay(ids.clone())));
        scaled
            .iter_mut()
            .for_each(|(_, error)| *error *= (groups / (groups - 1.0)).sqrt());
        same(
            &format!("{key} se_CR1_Gonly"),
            &scaled,
            &answer["se_CR1_Gonly"],
            ERROR,
        );
        compared += 2;
    }
    let scalars = [
        ("loglik", fit.log_likelihood()),
        ("deviance", Some(fit.deviance())),
        ("df_residual", Some(fit.residual_df() as f64)),
        ("n", Some(fit.observations() as f64)),
    ];
    for (field, got) in scalars {
        if let (Some(got), Some(want)) = (got, answer[field].as_f64()) {
            near(&format!("{key} {field}"), got, want, COEFFICIENT);
            compared += 1;
        }
    }
    compared
}

const D1: [&str; 5] = ["1", "race:black", "race:hispanic", "age", "night"];

pub(super) fn fitted(family: Family, design: Design, response: Response) -> Fit {
    Model::new(family, design, response)
        .expect("a model")
        .fit()
        .expect("a fit")
}

#[test]
fn logistic_linear_and_quasi_fits_of_searches() {
    let data = Data::read("d1_search_logit");
    let fit = |family| fitted(family, data.design(&D1), data.trials("searched"));
    let cluster = || Some(data.codes("agency"));
    assert_eq!(agree("d1_logit", &fit(Family::Logistic), cluster()), 12);
    assert_eq!(agree("d1_lpm", &fit(Family::Linear), cluster()), 12);
    let quasi = fit(Family::QuasiLogistic);
    assert_eq!(agree("d1_logit_quasi", &quasi, cluster()), 11);
    let dispersion = number(&answers()["answers"]["d1_logit_quasi"]["dispersion"]);
    near(
        "phi",
        quasi.dispersion().expect("defined"),
        dispersion,
        ERROR,
    );
}

#[test]
fn wald_and_likelihood_ratio_of_race() {
    let data = Data::read("d1_search_logit");
    let fit = |terms: &[&str]| {
        fitted(
            Family::Logistic,
            data.design(terms),
            data.trials("searched"),
        )
    };
    let (larger, smaller) = (fit(&D1), fit(&["1", "age", "night"]));
    let answers = &answers()["answers"];
    let ratio = larger.likelihood_ratio(&smaller).expect("nested");
    near(
        "LR",
        ratio.statistic,
        number(&answers["d1_lrt"]["stat"]),
        COEFFICIENT,
    );
    near(
        "LR p",
        ratio.p.get(),
        number(&answers["d1_lrt"]["p"]),
        COEFFICIENT,
    );
    assert_eq!(ratio.df, 2);
    let clusters = Clusters::OneWay(data.codes("agency"));
    let covariance = larger
        .covariance(&CovarianceKind::Cr1(clusters))
        .expect("clusters");
    let wald = larger
        .wald(&["raceblack", "racehispanic"], &covariance)
        .expect("columns")
        .expect("regular");
    near(
        "Wald",
        wald.statistic,
        number(&answers["d1_wald_cr1"]["stat"]),
        ERROR,
    );
    near(
        "Wald p",
        wald.p.get(),
        number(&answers["d1_wald_cr1"]["p"]),
        ERROR,
    );
}

fn precincts(family: Family) -> (Data, Fit) {
    let data = Data::read("d2_stops_poisson");
    let design = data.design(&["1", "race:black", "race:hispanic", "race:other", "crime"]);
    let offset = data.numbers("population").iter().map(|p| p.ln()).collect();
    let model =
        Model::new(family, design, Response::Counts(data.counts("stops"))).expect("a model");
    let fit = model
        .with_offset(offset)
        .expect("an offset")
        .fit()
        .expect("a fit");
    (data, fit)
}

#[test]
fn poisson_and_quasi_poisson_fits_of_stops() {
    let (data, fit) = precincts(Family::Poisson);
    assert_eq!(agree("d2_poisson", &fit, Some(data.codes("precinct"))), 12);
    let want = number(&answers()["answers"]["d2_pearson_dispersion"]["value"]);
    near("phi", fit.dispersion().expect("defined"), want, 1e-11);
    let (data, fit) = precincts(Family::QuasiPoisson);
    assert_eq!(
        agree("d2_quasipoisson", &fit, Some(data.codes("precinct"))),
        11
    );
}

#[test]
fn negative_binomial_fit_of_stops() {
    let (data, fit) = precincts(Family::NegativeBinomial);
    assert_eq!(agree("d2_negbin", &fit, Some(data.codes("precinct"))), 7);
    let answer = &answers()["answers"]["d2_negbin"];
    near(
        "theta",
        fit.theta().expect("finite"),
        number(&answer["theta"]),
        1e-6,
    );
    near(
        "se theta",
        fit.theta_std_error().expect("finite"),
        number(&answer["se_theta"]),
        1e-6,
    );
}

#[test]
fn grouped_logistic_fit_of_hits() {
    let data = Data::read("d6_binomial_agg");
    let response = Response::Events {
        events: data.counts("hits"),
        trials: data.counts("stops"),
    };
    let fit = fitted(
        Family::Logistic,
        data.design(&["1", "race:black", "race:hispanic"]),
        response,
    );
    assert_eq!(agree("d6_binomial", &fit, Some(data.codes("beat"))), 12);
}

#[test]
fn separation_names_its_column() {
    let data = Data::read("d7_separation");
    let model = Model::new(
        Family::Logistic,
        data.design(&["1", "x", "z"]),
        data.trials("y"),
    )
    .expect("a model");
    match model.fit() {
        Err(RegressionError::Separation { column, .. }) => assert_eq!(column, "x"),
        other => panic!("{other:?}"),
    }
}

/// Against `D_glm/firth.json`: mpmath from the definition, `firth.py` beside it.
#[test]
fn firths_penalty_with_its_tests_and_limits() {
    let file = format!(
        "{}/tests/reference/D_glm/firth.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(file).expect("the answers");
    let answers: Value = serde_json::from_str(&text).expect("JSON");
    let hits = Data::read("d6_binomial_agg");
    let grouped = Response::Events {
        events: hits.counts("hits"),
        trials: hits.counts("stops"),
    };
    let separated = Data::read("d7_separation");
    let cases = [
        (
            "d6_firth",
            hits.design(&["1", "race:black", "race:hispanic"]),
            grouped,
        ),
        (
            "d7_firth",
            separated.design(&["1", "x", "z"]),
            separated.trials("y"),
        ),
    ];
    for (key, design, response) in cases {
        let answer = &answers[key];
        let model = Model::new(Family::FirthLogistic, design, response).expect("a model");
        // The constant of the likelihood is that of trials.
        let fit = model.clone().observed_by(Grain::Trial);
        let fit = fit.expect("trials").fit().expect("a fit");
        let names: Vec<&str> = fit.names().iter().map(String::as_str).collect();
        same(
            key,
            &errors(&fit, &CovarianceKind::Model),
            &answer["se_model"],
            ERROR,
        );
        near(
            key,
            fit.log_likelihood().expect("defined"),
            number(&answer["loglik_penalised"]),
            COEFFICIENT,
        );
        for (j, name) in names.iter().enumerate() {
            let want = |field: &str| number(&answer[field][name]);
            let what = |field: &str| format!("{key} {name} {field}");
            near(
                &what("coef"),
                fit.coefficients()[j],
                want("coef"),
                COEFFICIENT,
            );
            let test = model.likelihood_ratio(&[name]).expect("a column");
            near(&what("chisq"), test.statistic, want("chisq"), COEFFICIENT);
            near(&what("p"), test.p.get(), want("p"), ERROR);
            let limits = model
                .profile_interval(name, Level::NINETY_FIVE)
                .expect("finite");
            near(&what("low"), limits.low, want("low"), COEFFICIENT);
            near(&what("high"), limits.high, want("high"), COEFFICIENT);
        }
        let slopes = model.likelihood_ratio(&names[1..]).expect("columns");
        near(
            key,
            slopes.statistic,
            number(&answer["chisq_all_slopes"]),
            COEFFICIENT,
        );
        assert_eq!(slopes.df, 2);
    }
}

#[test]
fn a_collinear_column_is_dropped_by_name() {
    let data = Data::read("d8_collinear");
    let fit = fitted(
        Family::Logistic,
        data.design(&["1", "x1", "x2", "x3"]),
        data.trials("y"),
    );
    assert_eq!(fit.dropped(), ["x3"]);
    let answer = &answers()["answers"]["d8_collinear"];
    for (field, got) in [
        (
            "coef",
            fit.names()
                .iter()
                .cloned()
                .zip(fit.coefficients().iter().copied())
                .collect::<Vec<_>>(),
        ),
        ("se_model", errors(&fit, &CovarianceKind::Model)),
    ] {
        for (name, value) in got {
            near(&name, value, number(&answer[field][&name]), ERROR);
        }
        assert!(answer[field]["x3"].is_null());
    }
}

#[test]
fn null_deviances() {
    let one = |family, data: &Data, response| fitted(family, data.design(&["1"]), response);
    let searches = Data::read("d1_search_logit");
    let stops = Data::read("d3_veil_fe");
    let hits = Data::read("d6_binomial_agg");
    let grouped = Response::Events {
        events: hits.counts("hits"),
        trials: hits.counts("stops"),
    };
    for (key, fit) in [
        (
            "d1_logit",
            one(Family::Logistic, &searches, searches.trials("searched")),
        ),
        (
            "d3_logit_ns6",
            one(Family::Logistic, &stops, stops.trials("black")),
        ),
        ("d6_binomial", one(Family::Logistic, &hits, grouped)),
    ] {
        let answer = &answers()["answers"][key];
        near(
            key,
            fit.deviance(),
            number(&answer["null_deviance"]),
            COEFFICIENT,
        );
    }
}

/// NIST Statistical Reference Datasets, Longley (1967), certified to 15 digits: columns so nearly dependent that the
/// normal equations keep only half of them.
#[test]
fn longley() {
    const ROWS: [[f64; 7]; 16] = [
        [60323.0, 83.0, 234289.0, 2356.0, 1590.0, 107608.0, 1947.0],
        [61122.0, 88.5, 259426.0, 2325.0, 1456.0, 108632.0, 1948.0],
        [60171.0, 88.2, 258054.0, 3682.0, 1616.0, 109773.0, 1949.0],
        [61187.0, 89.5, 284599.0, 3351.0, 1650.0, 110929.0, 1950.0],
        [63221.0, 96.2, 328975.0, 2099.0, 3099.0, 112075.0, 1951.0],
        [63639.0, 98.1, 346999.0, 1932.0, 3594.0, 113270.0, 1952.0],
        [64989.0, 99.0, 365385.0, 1870.0, 3547.0, 115094.0, 1953.0],
        [63761.0, 100.0, 363112.0, 3578.0, 3350.0, 116219.0, 1954.0],
        [66019.0, 101.2, 397469.0, 2904.0, 3048.0, 117388.0, 1955.0],
        [67857.0, 104.6, 419180.0, 2822.0, 2857.0, 118734.0, 1956.0],
        [68169.0, 108.4, 442769.0, 2936.0, 2798.0, 120445.0, 1957.0],
        [66513.0, 110.8, 444546.0, 4681.0, 2637.0, 121950.0, 1958.0],
        [68655.0, 112.6, 482704.0, 3813.0, 2552.0, 123366.0, 1959.0],
        [69564.0, 114.2, 502601.0, 3931.0, 2514.0, 125368.0, 1960.0],
        [69331.0, 115.7, 518173.0, 4806.0, 2572.0, 127852.0, 1961.0],
        [70551.0, 116.9, 554894.0, 4007.0, 2827.0, 130081.0, 1962.0],
    ];
    const CERTIFIED: [[f64; 2]; 7] = [
        [-3_482_258.634_595_82, 890_420.383_607_373],
        [15.061_872_271_373_3, 84.914_925_774_766_9],
        [-0.035_819_179_292_591, 0.033_491_007_772_243_2],
        [-2.020_229_803_816_83, 0.488_399_681_651_699],
        [-1.033_226_867_173_59, 0.214_274_163_161_675],
        [-0.051_104_105_653_580_7, 0.226_073_200_069_37],
        [1_829.151_464_613_55, 455.478_499_142_212],
    ];
    let names = [
        "one",
        "deflator",
        "product",
        "unemployed",
        "army",
        "population",
        "year",
    ];
    let values = ROWS
        .iter()
        .flat_map(|row| [&[1.0], &row[1..]].concat())
        .collect();
    let design = Design::new(names.map(str::to_owned).to_vec(), values).expect("a design");
    let response = Response::unweighted(ROWS.iter().map(|row| row[0]).collect());
    let fit = fitted(Family::Linear, design, response);
    let errors = errors(&fit, &CovarianceKind::Model);
    for (j, [coefficient, error]) in CERTIFIED.into_iter().enumerate() {
        near(names[j], fit.coefficients()[j], coefficient, 1e-9);
        near(names[j], errors[j].1, error, 1e-9);
    }
}
