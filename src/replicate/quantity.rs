//! What the figures of a catalogue are, and by which requests each is recomputed.

use serde_json::{Map, Value, json};

use super::catalogue::Entry;
use super::sources::{Fault, Sources};
use crate::calc;

/// The quantities of a catalogue with their formulas: `a`, `b` numerator and denominator, `c`, `d` those of the
/// comparison, `p` the benchmark share.
pub const QUANTITIES: &[(&str, &str)] = &[
    ("rate_per_100", "100 a / b"),
    ("share_pct", "100 a / b"),
    ("disparity_index", "(a / b) / p"),
    ("disparity_index_pop", "(a / b) / (c / d)"),
    ("rate_ratio", "(a / b) / (c / d)"),
    ("impact_ratio_4_5", "(a / b) / (c / d)"),
    ("rate_ratio_pct_more", "100 ((a / b) / (c / d) - 1)"),
    ("ratio_of_values", "a / c"),
    ("absolute_disparity_pp", "100 (a / b - p)"),
    ("comparative_disparity_pct", "100 (a / b - p) / p"),
    ("odds_ratio_vs_share", "[a / (b - a)] / [p / (1 - p)]"),
    (
        "odds_lower_pct",
        "100 (1 - odds ratio of a of b against c of d)",
    ),
    ("expected_count", "b p"),
    ("binomial_sd", "sqrt(b p (1 - p))"),
    ("z_binomial", "(a - b p) / sqrt(b p (1 - p))"),
    ("p_binomial_lower", "P(X <= a) of b draws with chance p"),
    ("log10_p_binomial_lower", "its decimal logarithm"),
    (
        "one_in_normal_two_sided",
        "1 / two-sided normal p of z_binomial",
    ),
    ("z_two_proportions", "pooled z of a of b against c of d"),
    (
        "chi2_2x2_pearson",
        "Pearson chi-square of the same, no correction",
    ),
    (
        "significance_stars",
        "3, 2, 1, 0 for two-sided normal p of a / b below 0.01, 0.05, 0.10",
    ),
    ("log_points_to_pct", "100 (1 - exp a)"),
    ("share_sum_pct", "sum of shares, by a request"),
    (
        "total_variation_distance",
        "half the sum of absolute differences, by a request",
    ),
    (
        "stratified_2x2x6",
        "two-by-two tables over strata, by a request or a study",
    ),
    (
        "weighted_mean_pct",
        "mean weighted by the stops of each place, by a request",
    ),
    ("poisson_glm", "Poisson regression, by a study"),
    ("quasipoisson_se", "its error with dispersion, by a study"),
    (
        "logit_lr_chi2",
        "likelihood-ratio test, from data that are not here",
    ),
    ("light_share_pct", "printed without inputs"),
    ("odds_ratio_reported", "printed without inputs"),
    ("mean_rate_pct", "printed without inputs"),
    ("regression_effect", "printed without inputs"),
];

/// The figure from the entry's numbers; otherwise why it cannot be computed.
pub(super) fn compute(entry: &Entry, sources: &mut Sources<'_>) -> Result<f64, Fault> {
    match &entry.request {
        Some((request, field)) => {
            let value = if request.contains_key("study") {
                sources.of_study(request, field)?
            } else {
                answer(sources.filled(request.clone())?, field)?
            };
            Ok(entry.transform.of(value))
        }
        None => Ok(of_inputs(entry)?),
    }
}

/// The figure from the numbers of the five columns.
fn of_inputs(entry: &Entry) -> Result<f64, String> {
    let [a, b, c, d, p] = entry.inputs;
    let number =
        |value: Option<f64>| value.ok_or_else(|| "the source prints no inputs for it".to_owned());
    let ratio = || quotient(number(a)?, number(b)?);
    let ratios = || -> Result<f64, String> { Ok(ratio()? / quotient(number(c)?, number(d)?)?) };
    let binomial = |field: &str| {
        // What is expected does not depend on what was seen.
        let x = if ["expected", "sd"].contains(&field) {
            0.0
        } else {
            number(a)?
        };
        let fields =
            json!({"kind": "standard_deviations", "x": x, "n": number(b)?, "p": number(p)?});
        ask(fields, field)
    };
    let tail = |field: &str| {
        ask(
            json!({"kind": "binomial_test", "x": number(a)?, "n": number(b)?, "p": number(p)?}),
            field,
        )
    };
    let two = |field: &str| {
        ask(
            json!({"kind": "two_proportions", "x1": number(a)?, "n1": number(b)?, "x2": number(c)?, "n2": number(d)?}),
            field,
        )
    };
    match entry.quantity.as_str() {
        "rate_per_100" | "share_pct" => Ok(100.0 * ratio()?),
        "disparity_index" => Ok(ratio()? / number(p)?),
        "disparity_index_pop" | "rate_ratio" | "impact_ratio_4_5" => ratios(),
        "rate_ratio_pct_more" => Ok(100.0 * (ratios()? - 1.0)),
        "ratio_of_values" => quotient(number(a)?, number(c)?),
        "absolute_disparity_pp" => Ok(100.0 * (ratio()? - number(p)?)),
        "comparative_disparity_pct" => Ok(100.0 * (ratio()? / number(p)? - 1.0)),
        "odds_ratio_vs_share" => Ok(odds(ratio()?) / odds(number(p)?)),
        "odds_lower_pct" => {
            let fields = json!({"kind": "two_by_two", "a": number(a)?, "n1": number(b)?, "c": number(c)?, "n2": number(d)?, "method": "or_wald"});
            Ok(100.0 * (1.0 - ask(fields, "estimate")?))
        }
        "expected_count" => binomial("expected"),
        "binomial_sd" => binomial("sd"),
        "z_binomial" => binomial("z"),
        "p_binomial_lower" => tail("less"),
        "log10_p_binomial_lower" => tail("log10_less"),
        "one_in_normal_two_sided" => Ok(1.0 / binomial("p_two")?),
        "z_two_proportions" => two("z"),
        "chi2_2x2_pearson" => {
            let (a, b, c, d) = (number(a)?, number(b)?, number(c)?, number(d)?);
            ask(
                json!({"kind": "table_2x2", "a": a, "b": b - a, "c": c, "d": d - c}),
                "chisq",
            )
        }
        "significance_stars" => {
            let fields = json!({"kind": "wald", "estimate": number(a)?, "std_error": number(b)?});
            let p = ask(fields, "p_two")?;
            Ok([0.01, 0.05, 0.10]
                .iter()
                .filter(|level| p < **level)
                .count() as f64)
        }
        "log_points_to_pct" => Ok(100.0 * (1.0 - libm::exp(number(a)?))),
        _ => Err("its inputs do not stand in the catalogue".into()),
    }
}

/// The quotient of two printed numbers, whole or not: a ratio of estimates without margins of error.
fn quotient(over: f64, under: f64) -> Result<f64, String> {
    ask(
        json!({"kind": "acs", "op": "ratio", "x": over, "mx": 0, "y": under, "my": 0}),
        "est",
    )
}

fn odds(share: f64) -> f64 {
    share / (1.0 - share)
}

fn ask(request: Value, field: &str) -> Result<f64, String> {
    match request {
        Value::Object(request) => answer(request, field),
        other => Err(format!("no request: {other}")),
    }
}

fn answer(mut request: Map<String, Value>, field: &str) -> Result<f64, String> {
    let kind = match request.remove("kind") {
        Some(Value::String(kind)) => kind,
        _ => return Err("the request names no kind".into()),
    };
    let answer = calc::calculate(&kind, request)?;
    let (name, at) = match field.split_once('.') {
        Some((name, at)) => (name, at.parse::<usize>().ok()),
        None => (field, None),
    };
    let value = match at {
        Some(at) => answer.numbers(name).get(at).copied(),
        None => answer.number(name),
    };
    value.ok_or_else(|| {
        let why = answer.why().unwrap_or("no such field");
        format!("`{field}` of `{kind}`: {why}")
    })
}
