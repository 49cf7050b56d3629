//! The reference regressions through the requests of `calc`; the answers are those of `regression` and `effects`.

use evenhand::calc::answer_line;
use serde_json::{Value, json};

use super::regression::{COEFFICIENT, Data, ERROR, answers, near, number};

/// The answer to a request of this kind.
fn ask(mut request: Value, more: Value) -> Value {
    request["kind"] = "regression".into();
    let more = more.as_object().expect("fields").clone();
    request.as_object_mut().expect("fields").extend(more);
    let (line, is_answer) = answer_line(&request.to_string());
    assert!(is_answer, "{line}");
    serde_json::from_str(&line).expect("JSON")
}

/// Compares one list of an answer with the named values of a reference, in the order of the names.
fn list(answer: &Value, field: &str, names: &[&str], want: &Value, tolerance: f64) {
    for (i, name) in names.iter().enumerate() {
        let what = format!("{field} {name}");
        near(
            &what,
            number(&answer[field][i]),
            number(&want[name]),
            tolerance,
        );
    }
}

fn columns(data: &Data, terms: &[&str]) -> Vec<Vec<f64>> {
    terms.iter().map(|term| data.column(term)).collect()
}

#[test]
fn errors_of_every_kind_and_joint_tests() {
    let data = Data::read("d1_search_logit");
    let names = ["(Intercept)", "raceblack", "racehispanic", "age", "night"];
    let searched = data.counts("searched");
    let logit = json!({
        "x": columns(&data, &["race:black", "race:hispanic", "age", "night"]),
        "events": searched, "trials": vec![1; searched.len()],
    });
    let agency = data.texts("agency");
    let wanted = &answers()["answers"]["d1_logit"];
    for (more, field) in [
        (json!({}), "se_model"),
        (json!({"robust": "hc0"}), "se_HC0"),
        (json!({"robust": "hc1"}), "se_HC1"),
        (json!({"robust": "cr0", "cluster": agency}), "se_CR0"),
        (json!({"cluster": agency}), "se_CR1_GandN"),
        (
            json!({"robust": "cr1", "cluster": [agency]}),
            "se_CR1_GandN",
        ),
    ] {
        let answer = ask(logit.clone(), more);
        list(&answer, "estimate", &names, &wanted["coef"], COEFFICIENT);
        list(&answer, "std_error", &names, &wanted[field], ERROR);
        let clustered = field.starts_with("se_CR");
        assert_eq!(
            answer["df"],
            if clustered { json!(39.0) } else { json!("inf") }
        );
    }
    let race = json!({"without": ["x1", "x2", "x1"], "cluster": agency});
    let answer = ask(logit.clone(), race);
    for (key, test) in [("d1_lrt", "lr"), ("d1_wald_cr1", "wald")] {
        let want = &answers()["answers"][key];
        near(key, number(&answer[test]), number(&want["stat"]), ERROR);
        let p = number(&answer[format!("{test}_p")]);
        near(key, p, number(&want["p"]), ERROR);
    }
    // Rows are trials already, so that the grain changes nothing.
    let by_trial = ask(logit, json!({"observation": "trial", "robust": "hc1"}));
    list(&by_trial, "std_error", &names, &wanted["se_HC1"], ERROR);
    let linear = json!({
        "x": columns(&data, &["race:black", "race:hispanic", "age", "night"]),
        "values": data.numbers("searched"), "robust": "hc1",
    });
    let wanted = &answers()["answers"]["d1_lpm"];
    let answer = ask(linear, json!({}));
    list(&answer, "std_error", &names, &wanted["se_HC1"], ERROR);
    assert_eq!(answer["df"], 1995.0);
}

#[test]
fn counts_with_offsets_and_theta() {
    let data = Data::read("d2_stops_poisson");
    let names = [
        "(Intercept)",
        "raceblack",
        "racehispanic",
        "raceother",
        "crime",
    ];
    let offset: Vec<f64> = data.numbers("population").iter().map(|p| p.ln()).collect();
    let stops = json!({
        "x": columns(&data, &["race:black", "race:hispanic", "race:other", "crime"]),
        "counts": data.counts("stops"), "offset": offset,
    });
    for (key, family) in [
        ("d2_poisson", "poisson"),
        ("d2_quasipoisson", "quasi_poisson"),
        ("d2_negbin", "negative_binomial"),
    ] {
        let wanted = &answers()["answers"][key];
        let answer = ask(stops.clone(), json!({"family": family}));
        list(&answer, "estimate", &names, &wanted["coef"], COEFFICIENT);
        list(&answer, "std_error", &names, &wanted["se_model"], ERROR);
        if let Some(theta) = wanted["theta"].as_f64() {
            near("theta", number(&answer["theta"]), theta, 1e-6);
            near(
                "theta_se",
                number(&answer["theta_se"]),
                number(&wanted["se_theta"]),
                1e-6,
            );
        } else {
            assert!(answer.get("theta").is_none());
        }
    }
}

#[test]
fn absorbed_effects_weights_and_two_clusters() {
    let data = Data::read("d4_panel");
    let (unit, year) = (data.counts("unit"), data.counts("year"));
    let panel = json!({
        "x": columns(&data, &["treat", "x"]), "values": data.numbers("y"), "absorb": [unit, year],
    });
    let names = ["treat", "x"];
    let wanted = &answers()["pyfixest"]["pf_feols_unit"];
    let answer = ask(panel.clone(), json!({"cluster": unit}));
    list(&answer, "estimate", &names, &wanted["coef"], COEFFICIENT);
    list(&answer, "std_error", &names, &wanted["se"], ERROR);
    let wanted = &answers()["answers"]["d4_twfe_weighted"];
    let answer = ask(
        panel,
        json!({"weights": data.numbers("w"), "robust": "hc1"}),
    );
    list(&answer, "estimate", &names, &wanted["coef"], COEFFICIENT);
    list(&answer, "std_error", &names, &wanted["se_HC1"], ERROR);
    // Dummies as columns, as sandwich has them.
    let dummies = |key: &[u64]| {
        let levels: std::collections::BTreeSet<u64> = key.iter().copied().collect();
        let column = |level: u64| key.iter().map(|&at| u8::from(at == level)).collect();
        let shown = levels.into_iter().skip(1);
        shown.map(column).collect::<Vec<Vec<u8>>>()
    };
    let mut x: Vec<Value> = columns(&data, &names).iter().map(|c| json!(c)).collect();
    x.extend(
        [&unit, &year]
            .map(|key| dummies(key))
            .concat()
            .iter()
            .map(|c| json!(c)),
    );
    let answer = ask(
        json!({"x": x, "values": data.numbers("y")}),
        json!({"cluster": [unit, year]}),
    );
    let wanted = &answers()["answers"]["d4_twoway_cluster"]["se"];
    for (i, name) in names.iter().enumerate() {
        near(
            name,
            number(&answer["std_error"][i + 1]),
            number(&wanted[name]),
            ERROR,
        );
    }
    assert_eq!(answer["df"], 19.0);
    // Some dummies have none under two keys, and the answer says so instead of keeping the others back.
    let has_null = answer["std_error"]
        .as_array()
        .expect("a list")
        .contains(&Value::Null);
    assert!(has_null && answer["why"].is_string());
}

#[test]
fn the_wild_bootstrap_tries_every_sign() {
    let data = Data::read("d5_few_clusters");
    for (column, name) in [("x1", "treat"), ("x2", "x")] {
        let wanted = &answers()["wild_bootstrap"][name];
        let answer = ask(
            json!({
                "x": columns(&data, &["treat", "x"]), "values": data.numbers("y"),
                "cluster": data.counts("cluster"),
            }),
            json!({"wild": column}),
        );
        near(name, number(&answer["wild_t"]), number(&wanted["t"]), ERROR);
        assert_eq!(answer["wild_p"], wanted["p_enum_ge"]);
        assert_eq!(answer["wild_draws"], 256.0);
    }
}

#[test]
fn firths_limits_with_their_p() {
    let file = format!(
        "{}/tests/reference/D_glm/firth.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(file).expect("the answers");
    let wanted: Value = serde_json::from_str(&text).expect("JSON");
    let wanted = &wanted["d7_firth"];
    let data = Data::read("d7_separation");
    let y = data.counts("y");
    let answer = ask(
        json!({"x": columns(&data, &["x", "z"]), "events": y, "trials": vec![1; y.len()]}),
        json!({"family": "firth_logistic", "profile": true, "without": ["x1", "x2"]}),
    );
    let names = ["(Intercept)", "x", "z"];
    for (field, theirs) in [
        ("estimate", "coef"),
        ("low", "low"),
        ("high", "high"),
        ("p", "p"),
    ] {
        list(&answer, field, &names, &wanted[theirs], ERROR);
    }
    near(
        "lr",
        number(&answer["lr"]),
        number(&wanted["chisq_all_slopes"]),
        ERROR,
    );
}

#[test]
fn what_a_regression_cannot_mean_is_refused() {
    let fit =
        json!({"kind": "regression", "x": [[0, 1, 0, 1, 0, 1]], "counts": [3, 9, 4, 7, 5, 8]});
    for (more, words) in [
        (
            json!({"weights": [1, 1, 1, 1, 1, 1]}),
            "`values` with or without `weights`",
        ),
        (
            json!({"robust": "cr1"}),
            "`robust` is cr0 or cr1 with `cluster`",
        ),
        (
            json!({"robust": "hc1", "cluster": [1, 1, 2, 2, 3, 3]}),
            "`robust` is cr0 or cr1 with",
        ),
        (json!({"robust": "hc2"}), "unknown variant `hc2`"),
        (
            json!({"profile": true, "robust": "hc1"}),
            "`profile` is of the model's likelihood",
        ),
        (json!({"cluster": [1, 1, 2]}), "cluster ids"),
        (
            json!({"cluster": [1, 1, 2, 2.5, 3, 3]}),
            "ids are one array",
        ),
        (json!({"cluster": [[1], [1], [1]]}), "3 arrays of clusters"),
        (json!({"absorb": [[1], [1]]}), "levels"),
        (json!({"without": ["x2"]}), "'x2' is not in the fit"),
        (json!({"without": []}), "columns to test"),
        (json!({"wild": "x1"}), "`wild` needs one array of `cluster`"),
        (json!({"observation": "trial"}), "needs events of trials"),
        (
            json!({"x": [], "absorb": [1, 1, 2, 2, 3, 3]}),
            "nothing is left to estimate",
        ),
        (json!({"family": "firth_logistic"}), "does not take"),
    ] {
        let mut request = fit.clone();
        let more = more.as_object().expect("fields").clone();
        request.as_object_mut().expect("fields").extend(more);
        let (line, is_answer) = answer_line(&request.to_string());
        assert!(!is_answer && line.contains(words), "{request}: {line}");
    }
    // A quasi family has no likelihood: its Wald test stands, and the reason for the other.
    let quasi = ask(fit, json!({"family": "quasi_poisson", "without": ["x1"]}));
    assert!(quasi["lr"].is_null() && quasi["wald"].is_number() && quasi["why"].is_string());
}
