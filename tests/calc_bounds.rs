//! Arrays of a million numbers and counts of any size through the requests of `calc`: each is answered or refused, in
//! bounded time and without a panic.
//!
//! The budget is what a slow machine with a debug build needs many times over; a hang is minutes or hours.

use crate::fuzz::{RATE_METHODS, RATE_RATIO_METHODS, TWO_BY_TWO_METHODS};
use std::time::{Duration, Instant};

use evenhand::calc::answer_line;
use serde_json::{Value, json};

const BUDGET: Duration = Duration::from_secs(120);

/// The answer, or the refusal, in time.
fn ask(request: &Value) -> (Value, bool) {
    let text = request.to_string();
    let begun = Instant::now();
    let (line, is_answer) = answer_line(&text);
    let shown = &text[..text.len().min(200)];
    assert!(
        begun.elapsed() < BUDGET,
        "{shown} took {:?}",
        begun.elapsed()
    );
    (serde_json::from_str(&line).unwrap(), is_answer)
}

/// Whole numbers below `most` that look drawn.
fn counts(len: u64, most: u64) -> Vec<u64> {
    (0..len)
        .map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % most)
        .collect()
}

fn parts(len: u64) -> Vec<f64> {
    counts(len, 1000)
        .iter()
        .map(|&i| (i as f64 + 1.0) / 1000.0)
        .collect()
}

#[test]
fn a_million_numbers_are_answered() {
    let len = 1_000_000;
    let (x, n) = (counts(len, 40), vec![40; len as usize]);
    let share = parts(len);
    let total: f64 = share.iter().sum();
    let even: Vec<f64> = share.iter().map(|part| part / total).collect();
    for request in [
        json!({"kind": "hit_rates", "hits": x, "searches": n}),
        json!({"kind": "trend", "x": x, "n": n}),
        json!({"kind": "table", "table": [x, n]}),
        json!({"kind": "goodness_of_fit", "x": x, "p": even}),
        json!({"kind": "total_variation", "p": even, "q": even}),
        json!({"kind": "pool", "estimate": share, "variance": share}),
        json!({"kind": "direct", "count": x, "pop": share, "std": share}),
        json!({"kind": "indirect", "count": x, "pop": share, "stdcount": n, "stdpop": share}),
        json!({"kind": "acs", "op": "sum", "est": x, "moe": share}),
        json!({"kind": "regression", "x": [share], "events": x, "trials": n}),
    ] {
        let (answer, is_answer) = ask(&request);
        assert!(is_answer, "{}: {answer}", request["kind"]);
    }
}

#[test]
fn a_hundred_thousand_numbers_of_the_slower_kinds_are_answered() {
    let len = 100_000;
    let (x, n) = (counts(len, 40), counts(len, 50));
    let tables: Vec<_> = x.iter().zip(&n).map(|(a, b)| [[a, b], [b, a]]).collect();
    let place: Vec<usize> = (0..x.len()).map(|i| i / 7).collect();
    let year: Vec<usize> = (0..x.len()).map(|i| i % 7).collect();
    let regression = |more: Value| {
        let mut request = json!({"kind": "regression", "x": [parts(len)], "counts": x});
        let fields = request.as_object_mut().unwrap();
        fields.extend(more.as_object().unwrap().clone());
        request
    };
    for request in [
        json!({"kind": "mantel_haenszel", "tables": tables}),
        json!({"kind": "adjust", "p": parts(len)}),
        regression(json!({"family": "negative_binomial"})),
        regression(json!({"cluster": [place, year]})),
        regression(json!({"absorb": [place, year]})),
        regression(json!({"cluster": year, "wild": "x1"})),
        regression(json!({"without": ["x1"]})),
    ] {
        let (answer, is_answer) = ask(&request);
        assert!(is_answer, "{}: {answer}", request["kind"]);
    }
}

#[test]
fn a_million_numbers_that_would_take_minutes_are_refused_with_what_to_ask_instead() {
    let len = 1_000_000;
    let (counts, share) = (counts(len, 40), parts(len));
    let ids: Vec<u64> = (0..len).collect();
    let square: Vec<&[f64]> = share.chunks(1000).collect();
    let wide: Vec<&[f64]> = share.chunks(2).collect();
    for (request, words) in [
        (
            json!({"kind": "regression", "x": [share], "counts": counts, "profile": true}),
            "leave out `profile`",
        ),
        (
            json!({"kind": "regression", "x": [share], "counts": counts, "cluster": ids, "wild": "x1"}),
            "fewer `draws`",
        ),
        (
            json!({"kind": "regression", "x": square, "counts": counts[..1000]}),
            "fewer columns",
        ),
        (
            json!({"kind": "regression", "x": wide, "counts": [1, 2]}),
            "fewer columns",
        ),
        (json!({"kind": "adjust", "p": ids}), "between 0 and 1"),
        // From many places, so that fewer cells are too many already.
        (
            json!({"kind": "regression", "x": [share[..250_000]], "events": counts[..250_000],
                "trials": vec![40; 250_000], "family": "firth_logistic", "profile": true}),
            "leave out `profile`",
        ),
    ] {
        let (answer, is_answer) = ask(&request);
        let error = answer["error"].as_str().unwrap_or_default();
        assert!(
            !is_answer && error.contains(words),
            "{}: {answer}",
            request["kind"]
        );
    }
}

/// Every kind that takes counts, with counts of this size.
fn with_counts_of(c: u64) -> Vec<Value> {
    let (half, third) = (c / 2, c / 3);
    let mut all = Vec::new();
    for method in [
        "wilson",
        "wilson_cc",
        "clopper_pearson",
        "jeffreys",
        "agresti_coull",
        "midp",
        "wald",
    ] {
        all.push(json!({"kind": "proportion", "x": half, "n": c, "method": method}));
    }
    for method in RATE_METHODS {
        all.push(json!({"kind": "rate", "x": c, "exposure": 2, "method": method}));
    }
    for method in RATE_RATIO_METHODS {
        all.push(
            json!({"kind": "rate_ratio", "x1": half, "t1": 1, "x2": c, "t2": 2, "method": method}),
        );
    }
    for method in TWO_BY_TWO_METHODS {
        all.push(
            json!({"kind": "two_by_two", "a": half, "n1": c, "c": third, "n2": c, "method": method}),
        );
    }
    let tables = [[[half, third], [third, half]], [[1, 2], [third, c]]];
    all.extend([
        json!({"kind": "binomial_test", "x": half, "n": c, "p": 0.5}),
        json!({"kind": "binomial_test", "x": third, "n": c, "p": 0.5}),
        json!({"kind": "standard_deviations", "x": half, "n": c, "p": 0.3, "pool": c}),
        json!({"kind": "two_proportions", "x1": half, "n1": c, "x2": third, "n2": c}),
        json!({"kind": "power", "rate": 0.1, "n1": c, "n2": c, "ratio": 1.5}),
        json!({"kind": "disparity", "x": half, "n": c, "benchmark": 0.2}),
        json!({"kind": "hit_rates", "hits": [half, third], "searches": [c, c]}),
        json!({"kind": "mantel_haenszel", "tables": tables}),
        json!({"kind": "table_2x2", "a": half, "b": third, "c": third, "d": half}),
        json!({"kind": "table", "table": [[half, third, 1], [third, half, 2], [3, 4, c]]}),
        json!({"kind": "trend", "x": [half, third], "n": [c, c]}),
        json!({"kind": "goodness_of_fit", "x": [c, third], "p": [0.5, 0.5]}),
        json!({"kind": "poisson_compare", "x1": half, "t1": 1, "x2": third, "t2": 2}),
        json!({"kind": "direct", "count": [c, 1], "pop": [1, 2], "std": [1, 2]}),
        json!({"kind": "indirect", "obs": c, "exp": 3}),
        json!({"kind": "uncertain_rate", "x": c, "pop": 1e6, "moe": 10}),
        json!({"kind": "regression", "x": [[0, 1, 2]], "counts": [c, half, third]}),
        json!({"kind": "regression", "x": [[0, 1, 2]], "counts": [c, half, third], "profile": true}),
        json!({"kind": "regression", "x": [[0, 1, 2]], "events": [half, third, 1], "trials": [c, c, c]}),
    ]);
    all
}

#[test]
fn counts_of_any_size_are_answered_or_refused() {
    for c in [1_000_000_000_000, (1 << 53) - 1, 1 << 53] {
        for request in with_counts_of(c) {
            let (answer, is_answer) = ask(&request);
            let has_word = |field: &str| answer[field].is_string();
            assert!(is_answer || has_word("error"), "{request}: {answer}");
            if let (Some(low), Some(high)) = (answer["low"].as_f64(), answer["high"].as_f64()) {
                assert!(low <= high, "{request}: {answer}");
            }
        }
    }
    // Doubles do not tell larger ones apart.
    for c in [(1 << 53) + 1, u64::MAX] {
        let mut requests = with_counts_of(c);
        requests.retain(|request| request.to_string().contains(&c.to_string()));
        assert!(requests.len() > 30);
        for request in requests {
            let (answer, is_answer) = ask(&request);
            let error = answer["error"].as_str().unwrap_or_default();
            assert!(
                !is_answer && error.contains("9007199254740992"),
                "{request}: {answer}"
            );
        }
    }
}

/// The limits of large counts are z standard deviations away, in every digit that this leaves.
#[test]
fn exact_limits_of_large_counts_are_those_of_the_normal() {
    for c in [1_000_000_000_000_u64, 1 << 53] {
        let count = c as f64;
        let half = 1.959_963_984_540_054 * count.sqrt();
        for method in ["garwood", "midp", "poisson_score"] {
            let (answer, _) =
                ask(&json!({"kind": "rate", "x": c, "exposure": 1, "method": method}));
            for (end, sign) in [("low", -1.0), ("high", 1.0)] {
                let distance = sign * (answer[end].as_f64().unwrap() - count) / half;
                assert!(
                    (distance - 1.0).abs() < 2e-6,
                    "{c} {method} {end}: {distance}"
                );
            }
        }
    }
}

#[test]
fn tables_too_large_for_an_exact_test_say_what_to_take() {
    for table in [
        json!([[1, 2, 3], [2000, 3000, 4000], [5, 6, 7000]]),
        json!([
            [900, 800, 700, 600],
            [500, 600, 700, 800],
            [600, 500, 400, 300],
            [900, 700, 800, 600]
        ]),
        json!([
            [300_000_000_000_u64, 2, 3],
            [4, 5, 6],
            [7, 8, 600_000_000_000_u64]
        ]),
    ] {
        let (answer, is_answer) = ask(&json!({"kind": "table", "table": table}));
        assert!(is_answer && answer["fisher"].is_null(), "{answer}");
        assert!(
            answer["why"].as_str().unwrap().contains("take chisq_p"),
            "{answer}"
        );
        assert!(answer["chisq_p"].is_number());
    }
}
