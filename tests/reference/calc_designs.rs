//! Designs of before and after through the requests of `calc`; the answers are those of `group_time` and `designs`.

use evenhand::calc::answer_line;
use serde_json::{Value, json};

use super::group_time::{answers, counties};
use super::regression::{Data, near, number};

fn ask(kind: &str, mut request: Value, more: Value) -> (Value, bool) {
    request["kind"] = kind.into();
    let more = more.as_object().expect("fields").clone();
    request.as_object_mut().expect("fields").extend(more);
    let (line, is_answer) = answer_line(&request.to_string());
    (serde_json::from_str(&line).expect("JSON"), is_answer)
}

fn answered(kind: &str, request: Value, more: Value) -> Value {
    let (answer, is_answer) = ask(kind, request, more);
    assert!(is_answer, "{answer}");
    answer
}

fn panel() -> Value {
    let (data, rows) = counties();
    json!({
        "unit": data.texts("county"), "time": rows.time, "first_treated": rows.first_treated, "y": rows.outcome,
    })
}

#[test]
fn staggered_adoption() {
    let all = answers("answers.json");
    let want = &all["e2_callaway_santanna"]["notyettreated|ipw|x"];
    let x = counties().0.numbers("x");
    let more = json!({"x": [x], "control": "not_yet_treated", "method": "ipw", "draws": 199});
    let answer = answered("group_time", panel(), more);
    for (i, cell) in want["attgt"].as_array().expect("cells").iter().enumerate() {
        near(
            "effect",
            number(&answer["effect"][i]),
            number(&cell["att"]),
            1e-8,
        );
        near(
            "error",
            number(&answer["std_error"][i]),
            number(&cell["se"]),
            1e-8,
        );
    }
    for name in ["dynamic", "group", "calendar"] {
        let overall = &answer[format!("{name}_overall")];
        near(
            name,
            number(overall),
            number(&want[name]["overall_att"]),
            1e-8,
        );
        let critical = number(&answer[format!("{name}_critical")]);
        assert!((1.9..4.0).contains(&critical), "{name} {critical}");
        for (i, part) in want[name]["by"]
            .as_array()
            .expect("parts")
            .iter()
            .enumerate()
        {
            near(name, number(&answer[name][i]), number(&part["att"]), 1e-8);
            let low = number(&answer[format!("{name}_low")][i]);
            near(
                name,
                number(&answer[name][i]) - low,
                critical * number(&part["se"]),
                1e-7,
            );
        }
    }
    near(
        "simple",
        number(&answer["simple"]),
        number(&want["simple"]["overall_att"]),
        1e-8,
    );
    near(
        "pre-trend",
        number(&answer["pre_trend"]),
        number(&want["pretest"]["W"]),
        1e-8,
    );
    assert_eq!(answer["clusters"], 120.0);
}

#[test]
fn regressions_of_panels() {
    let all = &answers("answers.json")["e2_twfe"];
    let two_way = answered(
        "two_way",
        panel(),
        json!({"cluster": counties().0.texts("state")}),
    );
    near(
        "two-way",
        number(&two_way["estimate"]),
        number(&all["static_cluster_state"]["coef"]["post"]),
        1e-9,
    );
    let weights = two_way["part_weight"].as_array().expect("weights");
    near("weights", weights.iter().map(number).sum(), 1.0, 1e-12);
    assert!(
        two_way["part_control"]
            .as_array()
            .expect("controls")
            .contains(&"inf".into())
    );
    for (method, want) in [
        ("sun_abraham", &all["sun_abraham"]),
        ("imputation", &all["imputation_bjs"]),
    ] {
        let answer = answered("event_study", panel(), json!({"method": method}));
        near(
            method,
            number(&answer["overall"]),
            number(&want["overall"]["att"]),
            1e-8,
        );
        near(
            method,
            number(&answer["overall_std_error"]),
            number(&want["overall"]["se"]),
            1e-9,
        );
    }
    let study = answered("event_study", panel(), json!({}));
    let place = study["at"]
        .as_array()
        .expect("times")
        .iter()
        .position(|at| at == 2.0)
        .expect("two");
    near(
        "event study",
        number(&study["effect"][place]),
        number(&all["event_study"]["coef"]["rel::2"]),
        1e-9,
    );
    assert_eq!(study["pre_trend_df"], 4.0);
    let synthetic = answered("synthetic_did", panel(), json!({}));
    let effect = number(&synthetic["effect"]);
    assert!((0.9..1.5).contains(&effect), "{effect}");
}

#[test]
fn one_unit_and_four_cells() {
    let data = Data::read_in("E_did", "e4_synth_panel");
    let donors: Vec<Vec<f64>> = (0..12)
        .map(|j| data.numbers(&format!("donor{j:02}")))
        .collect();
    let request = json!({"treated": data.numbers("treated"), "donors": donors, "before": 20});
    let answer = answered("synthetic_control", request, json!({}));
    let want = &answers("answers.json")["e4_synthetic_control"];
    near(
        "effect",
        number(&answer["effect"]),
        number(&want["att"]),
        1e-9,
    );
    near(
        "p",
        number(&answer["p"]),
        number(&want["placebo_rank_p"]),
        1e-14,
    );
    let cells = json!({"treated": [1, 1, 1, 1, 0, 0, 0, 0], "after": [0, 0, 1, 1, 0, 0, 1, 1],
        "y": [1, 3, 8, 10, 1, 3, 2, 4]});
    let answer = answered("difference_in_differences", cells, json!({}));
    near("estimate", number(&answer["estimate"]), 6.0, 1e-12);
    let series = json!({"counts": [9, 11, 10, 12, 10, 20, 22, 21, 23, 19], "before": 5});
    let answer = answered("interrupted_time_series", series, json!({}));
    assert!(number(&answer["level_low"]) > 0.0, "{answer}");
    assert_eq!(answer["lag"], 1.0);
}

#[test]
fn what_cannot_be_answered_is_told_with_the_remedy() {
    for (kind, more, words) in [
        (
            "group_time",
            json!({"unit": null, "time": [1]}),
            "equal length",
        ),
        ("group_time", json!({"anticipation": 9}), "leave them out"),
        (
            "group_time",
            json!({"draws": 4_000_000_000_u32}),
            "fewer `draws`",
        ),
        ("event_study", json!({"reference": 99}), "99"),
        (
            "event_study",
            json!({"method": "imputation", "reference": -2}),
            "`reference`",
        ),
        ("two_way", json!({"cluster": [[1], [2]]}), "one array"),
        (
            "synthetic_did",
            json!({"draws": 1_000_000}),
            "fewer units or `draws`",
        ),
        ("synthetic_did", json!({"draws": 1}), "draws"),
    ] {
        let (answer, is_answer) = ask(kind, panel(), more);
        let fault = answer["error"].as_str().unwrap_or_default();
        assert!(!is_answer && fault.contains(words), "{kind}: {answer}");
    }
}
