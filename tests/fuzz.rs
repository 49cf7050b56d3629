//! Any numbers into the statistics by request: no panic, no NaN, ends in order, probabilities between 0 and 1, and an answer
//! in bounded time.

use std::time::{Duration, Instant};

use evenhand::calc::answer_line;
use proptest::prelude::*;
use serde_json::{Value, json};

/// Counts of every size, small ones most often.
fn count() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..30_u64,
        2 => 0..5_000_u64,
        1 => 0..3_000_000_u64,
        1 => 0..2_000_000_000_u64,
    ]
}

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![
        1 => Just(0.0),
        4 => 0.0..100.0_f64,
        1 => 0.0..1e12_f64,
        1 => 1e-12..1e-3_f64,
        1 => -10.0..0.0_f64,
    ]
}

fn small() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(0..40_u64, 1..5)
}

/// The methods of one kind of request.
pub(crate) const PROPORTION_METHODS: &[&str] = &[
    "wilson",
    "wilson_cc",
    "clopper_pearson",
    "jeffreys",
    "jeffreys_raw",
    "agresti_coull",
    "midp",
    "wald",
];

/// The methods of one kind of request.
pub(crate) const RATE_METHODS: &[&str] = &["garwood", "byar", "byar_half", "midp", "poisson_score"];

/// The methods of one kind of request.
pub(crate) const RATE_RATIO_METHODS: &[&str] =
    &["exact_conditional", "log_wald", "midp_conditional", "score"];

/// The methods of one kind of request.
pub(crate) const TWO_BY_TWO_METHODS: &[&str] = &[
    "rr_koopman",
    "rr_mn",
    "rr_log",
    "or_exact_conditional",
    "or_midp",
    "or_wald",
    "rd_newcombe",
    "rd_wald",
    "rd_agresti_caffo",
    "rd_mn",
    "rd_mee",
];

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    proptest::sample::select(words)
}

fn request() -> impl Strategy<Value = Value> {
    let proportion = one_of(PROPORTION_METHODS);
    let rate = one_of(RATE_METHODS);
    let ratio = one_of(RATE_RATIO_METHODS);
    let two_by_two = one_of(TWO_BY_TWO_METHODS);
    prop_oneof![
        (count(), count(), 0.5..0.9999_f64, proportion).prop_map(|(x, n, level, method)| {
            json!({"kind": "proportion", "x": x.min(n), "n": n, "level": level, "method": method})
        }),
        (count(), amount(), rate).prop_map(|(x, t, method)| {
            json!({"kind": "rate", "x": x, "exposure": t, "method": method})
        }),
        (count(), amount(), count(), amount(), ratio).prop_map(|(x1, t1, x2, t2, method)| {
            json!({"kind": "rate_ratio", "x1": x1, "t1": t1, "x2": x2, "t2": t2, "method": method})
        }),
        (count(), count(), count(), count(), two_by_two).prop_map(|(a, n1, c, n2, method)| {
            json!({"kind": "two_by_two", "a": a.min(n1), "n1": n1, "c": c.min(n2), "n2": n2, "method": method})
        }),
        (count(), count(), amount()).prop_map(|(x, n, p)| {
            json!({"kind": "binomial_test", "x": x.min(n), "n": n, "p": p})
        }),
        (count(), count(), count(), count()).prop_map(|(a, b, c, d)| {
            json!({"kind": "table_2x2", "a": a, "b": b, "c": c, "d": d})
        }),
        (count(), amount(), count(), amount()).prop_map(|(x1, t1, x2, t2)| {
            json!({"kind": "poisson_compare", "x1": x1, "t1": t1, "x2": x2, "t2": t2})
        }),
        (small(), small()).prop_map(|(x, n)| json!({"kind": "hit_rates", "hits": x, "searches": n})),
        (small(), small()).prop_map(|(a, b)| json!({"kind": "table", "table": [a, b]})),
        (small(), small(), small(), small()).prop_map(|(a, b, c, d)| {
            let cells = a.iter().zip(&b).zip(c.iter().zip(&d));
            let tables: Vec<_> = cells.map(|((a, b), (c, d))| [[a, b], [c, d]]).collect();
            json!({"kind": "mantel_haenszel", "tables": tables})
        }),
        (proptest::collection::vec(amount(), 0..5), proptest::collection::vec(amount(), 0..5)).prop_map(
            |(estimate, variance)| json!({"kind": "pool", "estimate": estimate, "variance": variance})
        ),
        (small(), proptest::collection::vec(amount(), 1..5)).prop_map(|(x, pop)| {
            json!({"kind": "direct", "count": x, "pop": pop, "std": pop})
        }),
        (small(), small()).prop_map(|(x, n)| {
            let column: Vec<f64> = (0..x.len()).map(|i| f64::from(u8::from(i % 2 == 0))).collect();
            json!({"kind": "regression", "x": [column], "events": x, "trials": n})
        }),
        regression(),
        (amount(), amount(), count(), count()).prop_map(|(rate, ratio, n1, n2)| {
            json!({"kind": "power", "rate": rate, "ratio": ratio, "n1": n1, "n2": n2})
        }),
    ]
}

/// Regressions of every family with every further question, most of which some family refuses.
fn regression() -> impl Strategy<Value = Value> {
    let cell = (0..9_u64, 0..30_u64, -2.0..2.0_f64, 0..4_u32);
    let family = one_of(&[
        "linear",
        "logistic",
        "quasi_logistic",
        "firth_logistic",
        "poisson",
        "quasi_poisson",
    ]);
    let more = proptest::sample::select(vec![
        json!({}),
        json!({"robust": "hc1"}),
        json!({"observation": "trial", "robust": "hc0"}),
        json!({"profile": true}),
        json!({"without": ["x1"]}),
    ]);
    let clusters = one_of(&["", "cluster", "absorb", "wild"]);
    (proptest::collection::vec(cell, 3..14), family, more, clusters).prop_map(|(cells, family, more, clusters)| {
        let mut request = json!({
            "kind": "regression", "family": family, "x": [cells.iter().map(|cell| cell.2).collect::<Vec<_>>()],
            "events": cells.iter().map(|cell| cell.0.min(cell.1)).collect::<Vec<_>>(),
            "trials": cells.iter().map(|cell| cell.1).collect::<Vec<_>>(),
        });
        let ids: Vec<u32> = cells.iter().map(|cell| cell.3).collect();
        let fields = request.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        match clusters {
            "" => {}
            "wild" => fields.extend([
                ("cluster".to_owned(), json!(ids)),
                ("wild".to_owned(), json!("x1")),
                ("draws".to_owned(), json!(99)),
            ]),
            key => fields.extend([(key.to_owned(), json!(ids))]),
        }
        request
    })
}

/// Names of answers that are probabilities.
fn is_probability(name: &str) -> bool {
    !name.starts_with("log10")
        && (name == "p"
            || name.ends_with("_p")
            || name.starts_with("p_")
            || name.starts_with("fisher"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_answered_or_refused(request in request()) {
        let begun = Instant::now();
        let (line, is_answer) = answer_line(&request.to_string());
        prop_assert!(begun.elapsed() < Duration::from_secs(20), "{request} took {:?}", begun.elapsed());
        let answer: Value = serde_json::from_str(&line).unwrap();
        if !is_answer {
            prop_assert!(answer["error"].is_string());
            return Ok(());
        }
        let number = |name: &str| match &answer[name] {
            Value::String(text) if text == "inf" => Some(f64::INFINITY),
            Value::String(text) if text == "-inf" => Some(f64::NEG_INFINITY),
            value => value.as_f64(),
        };
        if let (Some(low), Some(high)) = (number("low"), number("high")) {
            prop_assert!(low <= high, "{request}: {line}");
            // Plain Jeffreys quantiles leave the estimate out at the ends, as their name says. At levels below a half any
            // central interval may.
            if let Some(estimate) = number("estimate").filter(|_| request["method"] != "jeffreys_raw") {
                let slack = 1e-9 * estimate.abs().max(1e-9);
                prop_assert!(
                    estimate.is_infinite() || (low - slack <= estimate && estimate <= high + slack),
                    "{request}: {line}"
                );
            }
        }
        for (name, value) in answer.as_object().unwrap() {
            let p = value.as_f64().filter(|_| is_probability(name));
            prop_assert!(p.is_none_or(|p| (0.0..=1.0).contains(&p)), "{request}: {name} {value}");
            prop_assert!(!value.is_null() || answer["why"].is_string(), "{request}: {line}");
        }
    }
}
