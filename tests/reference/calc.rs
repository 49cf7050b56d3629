//! Every reference case of intervals, tests, standardisation and survey arithmetic through the requests of `calc`, so that
//! what other languages get is what the statistics give.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use evenhand::calc::answer_line;
use serde_json::{Map, Value, json};

/// A request, and the fields expected of its answer with their relative tolerances.
struct Case {
    request: Value,
    expected: Vec<(String, Value, f64)>,
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference"))
}

/// Closed forms; everything else is a quantile or a root.
const CLOSED: [&str; 13] = [
    "wilson",
    "wilson_cc",
    "agresti_coull",
    "byar",
    "byar_half",
    "poisson_score",
    "log_wald",
    "score",
    "rr_log",
    "or_wald",
    "rd_newcombe",
    "rd_wald",
    "rd_agresti_caffo",
];

fn number(text: &str) -> Value {
    match text {
        "NA" | "" | "NaN" => Value::Null,
        "Inf" => "inf".into(),
        "-Inf" => "-inf".into(),
        text => text
            .parse::<u64>()
            .map(Value::from)
            .unwrap_or_else(|_| text.parse::<f64>().unwrap().into()),
    }
}

fn intervals() -> Vec<Case> {
    let kinds: [(&str, &[&str]); 4] = [
        ("proportion", &["x", "n"]),
        ("rate", &["x", "exposure"]),
        ("rate_ratio", &["x1", "t1", "x2", "t2"]),
        ("two_by_two", &["a", "n1", "c", "n2"]),
    ];
    let mut cases = Vec::new();
    for (kind, keys) in kinds {
        let file = root().join(format!("A_intervals/{kind}.csv"));
        let mut reader = csv::Reader::from_path(file).unwrap();
        for row in reader.deserialize() {
            let row: BTreeMap<String, String> = row.unwrap();
            let method = row["method"].as_str();
            let tolerance = if CLOSED.contains(&method) { 1e-9 } else { 1e-8 };
            let ours = if method == "jeffreys_bcd" {
                "jeffreys"
            } else {
                method
            };
            let mut request = json!({"kind": kind, "level": number(&row["conf"]), "method": ours});
            for key in keys {
                request[*key] = number(&row[*key]);
            }
            let expected = [("low", "lower"), ("high", "upper")]
                .map(|(ours, theirs)| (ours.to_owned(), number(&row[theirs]), tolerance));
            cases.push(Case {
                request,
                expected: expected.to_vec(),
            });
        }
    }
    cases
}

/// Cases of a file of JSON: how its inputs become a request, and which of its answers are ours.
fn file(folder: &str, name: &str, kind: &str, fields: &[(&str, &str)]) -> Vec<Case> {
    let text = fs::read_to_string(root().join(format!("{folder}/{name}.json"))).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let case = |case: &Value| {
        let mut request: Map<String, Value> = case["input"].as_object().unwrap().clone();
        request.remove("name");
        if let Some(level) = request.remove("conf") {
            request.insert("level".into(), level);
        }
        request.insert("kind".into(), kind.into());
        let answer = &case["answer"];
        let expected = fields
            .iter()
            .filter(|(_, theirs)| !answer[*theirs].is_null());
        let one = |(ours, theirs): &(&str, &str)| {
            // One peer only.
            let tolerance = if theirs.ends_with("_sm") { 1e-6 } else { 1e-8 };
            let value = match &answer[*theirs] {
                Value::String(text) => number(text),
                value => value.clone(),
            };
            ((*ours).to_owned(), value, tolerance)
        };
        Case {
            request: Value::Object(request),
            expected: expected.map(one).collect(),
        }
    };
    document["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(case)
        .collect()
}

fn same<'a>(names: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    names.iter().map(|name| (*name, *name)).collect()
}

fn close(got: &Value, want: &Value, tolerance: f64) -> bool {
    match (got, want) {
        (Value::Array(got), Value::Array(want)) => {
            got.len() == want.len() && got.iter().zip(want).all(|(g, w)| close(g, w, tolerance))
        }
        (Value::Number(got), Value::Number(want)) => {
            let (got, want) = (got.as_f64().unwrap(), want.as_f64().unwrap());
            (got - want).abs()
                <= (tolerance * want.abs()).max(if want == 0.0 { 1e-12 } else { 0.0 })
        }
        _ => got == want,
    }
}

/// How many fields agree; every other one is a failure.
fn check(cases: &[Case]) -> usize {
    let mut odd = Vec::new();
    let mut fields = 0;
    for case in cases {
        let (line, _) = answer_line(&case.request.to_string());
        let answer: Value = serde_json::from_str(&line).unwrap();
        for (name, want, tolerance) in &case.expected {
            fields += 1;
            if !close(&answer[name], want, *tolerance) {
                odd.push(format!(
                    "{} {name}: {} is not {want}",
                    case.request, answer[name]
                ));
            }
        }
    }
    assert!(odd.is_empty(), "{} of {fields}: {odd:#?}", odd.len());
    fields
}

#[test]
fn intervals_through_calc() {
    assert_eq!(check(&intervals()), 956, "two ends of every case");
}

#[test]
fn tests_through_calc() {
    let tail = [
        "two",
        "less",
        "greater",
        "log10_two",
        "log10_less",
        "log10_greater",
    ];
    let mut table = same(&[
        "fisher",
        "fisher_less",
        "fisher_greater",
        "chisq",
        "chisq_p",
        "chisq_yates",
        "chisq_yates_p",
        "phi",
    ]);
    table.extend([("g", "G"), ("g_p", "G_p")]);
    let mut any_size = same(&["fisher", "chisq", "df", "chisq_p", "min_expected", "cramer"]);
    any_size.extend([("g", "G"), ("g_p", "G_p")]);
    let mut pooled = same(&["or", "rr", "cmh", "cmh_p", "cmh_cc", "cmh_cc_p", "exact_p"]);
    pooled.extend([
        ("or_low", "or_lo"),
        ("or_high", "or_hi"),
        ("breslow_day", "mf_bd"),
        ("tarone", "mf_tarone"),
    ]);
    let poisson = [
        ("conditional_two", "cond_two"),
        ("conditional_greater", "cond_greater"),
        ("etest", "etest_wald_sm"),
    ];
    let fit = [("chisq", "chisq"), ("p", "p"), ("g", "G"), ("g_p", "G_p")];
    let all = [
        file("B_tests", "binom", "binomial_test", &same(&tail[..3])),
        file("B_tests", "tails", "binomial_test", &same(&tail)),
        file(
            "B_tests",
            "sdcount",
            "standard_deviations",
            &same(&["expected", "sd", "z", "p_two"]),
        ),
        file("B_tests", "table2x2", "table_2x2", &table),
        file("B_tests", "table_rxc", "table", &any_size),
        file(
            "B_tests",
            "cochran_armitage",
            "trend",
            &same(&["stat", "p"]),
        ),
        file("B_tests", "goodness_of_fit", "goodness_of_fit", &fit),
        file(
            "B_tests",
            "hit_rate_kpt",
            "hit_rates",
            &same(&["chisq", "df", "p"]),
        ),
        file("B_tests", "mantel_haenszel", "mantel_haenszel", &pooled),
        file("B_tests", "poisson_compare", "poisson_compare", &poisson),
        file(
            "B_tests",
            "p_adjust",
            "adjust",
            &same(&["holm", "bh", "by", "bonferroni", "hochberg"]),
        ),
    ];
    assert!(check(&all.into_iter().flatten().collect::<Vec<_>>()) > 300);
}

#[test]
fn standardisation_and_survey_arithmetic_through_calc() {
    let limits = [("low", "lower"), ("high", "upper")];
    let rate = [&[("rate", "rate"), ("log_se", "log_se")], limits.as_slice()].concat();
    let ratio = [
        &[("ratio", "ratio"), ("log_se", "log_se")],
        limits.as_slice(),
    ]
    .concat();
    let direct = [
        ("crude", "crude"),
        ("adj", "adj"),
        ("low", "lci"),
        ("high", "uci"),
        ("var", "var"),
    ];
    let indirect = [
        ("smr", "smr"),
        ("exact_low", "exact_lo"),
        ("exact_high", "exact_hi"),
        ("byar_low", "byar_lo"),
        ("byar_high", "byar_hi"),
    ];
    let all = [
        file("C_standardisation", "direct", "direct", &direct),
        file("C_standardisation", "indirect_smr", "indirect", &indirect),
        file("C_standardisation", "delta_rate", "uncertain_rate", &rate),
        file(
            "C_standardisation",
            "delta_ratio",
            "uncertain_ratio",
            &ratio,
        ),
    ];
    assert!(check(&all.into_iter().flatten().collect::<Vec<_>>()) > 100);
}
