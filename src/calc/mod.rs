//! The statistics kernel by request: a kind and its fields in, named numbers out. What `evenhand calc` and its pipe
//! answer, and by what published figures are recomputed, so that any language, and any referee, can use the kernel.
//!
//! Nothing is read and nothing is estimated here that `stats` does not estimate.

mod answer;
mod counts;
mod designs;
mod fields;
mod intervals;
mod mean;
mod one_unit;
mod regression;
mod significance;
mod sun;
mod survey;
mod tables;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub use answer::Answer;

/// A statistic that can be asked for.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The word in a request.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// Its fields, those that may be left out in brackets.
    pub fields: &'static str,
    /// The fields of its answer.
    pub answers: &'static str,
    run: fn(Map<String, Value>) -> Result<Answer, String>,
}

/// A request of one kind, read from its fields.
trait Request: DeserializeOwned {
    /// The numbers asked for.
    ///
    /// # Errors
    /// Fields that contradict one another.
    fn answer(self) -> Result<Answer, Refusal>;
}

/// Why a request cannot be answered.
#[derive(Debug)]
struct Refusal(String);

impl<E: std::error::Error> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn run<R: Request>(fields: Map<String, Value>) -> Result<Answer, String> {
    let request: R = serde_json::from_value(Value::Object(fields)).map_err(|e| e.to_string())?;
    request.answer().map_err(|refusal| refusal.0)
}

/// Every statistic, in the order in which they are listed.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "proportion",
        about: "interval of a proportion",
        fields: "x n [level] [method: wilson, wilson_cc, clopper_pearson, jeffreys, jeffreys_raw, agresti_coull, midp, wald]",
        answers: "estimate low high",
        run: run::<intervals::ProportionRequest>,
    },
    Kind {
        name: "rate",
        about: "interval of a Poisson rate",
        fields: "x exposure [level] [method: garwood, byar, byar_half, midp, poisson_score]",
        answers: "estimate low high",
        run: run::<intervals::RateRequest>,
    },
    Kind {
        name: "rate_ratio",
        about: "interval of the ratio of two Poisson rates",
        fields: "x1 t1 x2 t2 [level] [method: exact_conditional, log_wald, midp_conditional, score]",
        answers: "estimate low high",
        run: run::<intervals::RateRatioRequest>,
    },
    Kind {
        name: "two_by_two",
        about: "ratio, difference or odds ratio of a of n1 against c of n2",
        fields: "a n1 c n2 [level] [method: rr_koopman, rr_mn, rr_log, or_exact_conditional, or_midp, or_wald, rd_newcombe, rd_wald, rd_agresti_caffo, rd_mn, rd_mee]",
        answers: "estimate low high",
        run: run::<intervals::TwoByTwoRequest>,
    },
    Kind {
        name: "binomial_test",
        about: "exact test of x of n against p; two is by minimum likelihood, central the doubled smaller tail",
        fields: "x n p",
        answers: "two central less greater log10_two log10_central log10_less log10_greater",
        run: run::<significance::BinomialRequest>,
    },
    Kind {
        name: "standard_deviations",
        about: "observed against expected, in standard deviations; with pool, drawn without replacement",
        fields: "x n p [pool]",
        answers: "expected sd z p_two",
        run: run::<significance::DeviationsRequest>,
    },
    Kind {
        name: "two_proportions",
        about: "pooled two-sample test of x1 of n1 against x2 of n2, and the four-fifths ratio of the first as selection rate",
        fields: "x1 n1 x2 n2",
        answers: "difference ratio z p_two four_fifths cohen_h",
        run: run::<significance::TwoProportionsRequest>,
    },
    Kind {
        name: "power",
        about: "what data find by comparing two proportions, events taken as independent: n1 n2 give the detectable ratios, ratio gives the trials needed, both give the power",
        fields: "rate (of the reference) [n1 n2] [ratio] [power: 0.8] [share of the group: 0.5] [level]",
        answers: "power exact_power ratio_below ratio_above n1 n2",
        run: run::<significance::PowerRequest>,
    },
    Kind {
        name: "disparity",
        about: "share of events over share of a benchmark",
        fields: "x n benchmark | x n pop total [moe_pop moe_total] [level]",
        answers: "index low high surplus tipping_share",
        run: run::<survey::DisparityRequest>,
    },
    Kind {
        name: "pool",
        about: "estimates pooled over strata",
        fields: "estimate[] variance[] [level] [method: paule_mandel_hk, fixed]",
        answers: "estimate low high tau q q_p prediction_low prediction_high",
        run: run::<counts::PoolRequest>,
    },
    Kind {
        name: "hit_rates",
        about: "Knowles, Persico and Todd: chi-square of equal hit rates",
        fields: "hits[] searches[]",
        answers: "chisq df p min_expected",
        run: run::<counts::HitRatesRequest>,
    },
    Kind {
        name: "mantel_haenszel",
        about: "two-by-two tables [[a, b], [c, d]] pooled over strata",
        fields: "tables[] [level]",
        answers: "or or_low or_high rr rr_low rr_high rd rd_low rd_high cmh cmh_p cmh_p_greater cmh_cc cmh_cc_p exact_p exact_p_central exact_or exact_low exact_high breslow_day breslow_day_p tarone tarone_p",
        run: run::<counts::MantelHaenszelRequest>,
    },
    Kind {
        name: "table_2x2",
        about: "tests of a two-by-two table [[a, b], [c, d]]; fisher is by minimum likelihood, fisher_central the doubled smaller tail",
        fields: "a b c d",
        answers: "fisher fisher_central fisher_less fisher_greater log10_fisher chisq chisq_p chisq_yates chisq_yates_p g g_p phi",
        run: run::<tables::Table2x2Request>,
    },
    Kind {
        name: "table",
        about: "tests of a table of any size",
        fields: "table[rows][columns]",
        answers: "fisher log10_fisher df chisq chisq_p g g_p min_expected cramer",
        run: run::<tables::TableRequest>,
    },
    Kind {
        name: "trend",
        about: "Cochran and Armitage: proportions that rise or fall with a score",
        fields: "x[] n[] [score[]: 1, 2, 3 ...]",
        answers: "stat p stat_n_minus_1 p_n_minus_1 z",
        run: run::<tables::TrendRequest>,
    },
    Kind {
        name: "goodness_of_fit",
        about: "counts against given shares",
        fields: "x[] p[]",
        answers: "chisq p g g_p df min_expected",
        run: run::<tables::GoodnessOfFitRequest>,
    },
    Kind {
        name: "total_variation",
        about: "half the sum of absolute differences of two distributions",
        fields: "p[] q[]",
        answers: "distance",
        run: run::<tables::TotalVariationRequest>,
    },
    Kind {
        name: "poisson_compare",
        about: "exact tests of two Poisson rates; conditional_two is by minimum likelihood, etest that of Krishnamoorthy and Thomson",
        fields: "x1 t1 x2 t2",
        answers: "conditional_two conditional_central conditional_greater conditional_less etest",
        run: run::<tables::PoissonCompareRequest>,
    },
    Kind {
        name: "adjust",
        about: "p-values adjusted for their number",
        fields: "p[]",
        answers: "holm bh by bonferroni hochberg",
        run: run::<tables::AdjustRequest>,
    },
    Kind {
        name: "direct",
        about: "directly standardised rate with the gamma interval of Fay and Feuer",
        fields: "count[] pop[] std[] [level]",
        answers: "crude adj low high var",
        run: run::<tables::DirectRequest>,
    },
    Kind {
        name: "indirect",
        about: "indirectly standardised ratio with exact and Byar's limits",
        fields: "obs exp [level] | count[] pop[] stdcount[] stdpop[] [level]",
        answers: "smr exact_low exact_high byar_low byar_high",
        run: run::<tables::IndirectRequest>,
    },
    Kind {
        name: "wald",
        about: "an estimate with its standard error, normal",
        fields: "estimate std_error [level]",
        answers: "z p_two p_less p_greater low high",
        run: run::<significance::WaldRequest>,
    },
    Kind {
        name: "regression",
        about: "regression on counts by cell; the first coefficient is the intercept, unless effects are absorbed, the others are x1, x2 ... of the columns of x; cluster gives cr1 errors unless robust says otherwise; without tests columns at once, wild one by the bootstrap",
        fields: "x[columns][cells], events[] trials[] | counts[] | values[] [weights[]], [offset[]] [family: linear, logistic, quasi_logistic, firth_logistic, poisson, quasi_poisson, negative_binomial] [observation: cell, trial] [absorb: ids[] | [ids[], ids[]]] [cluster: ids[] | [ids[], ids[]]] [robust: hc0, hc1, cr0, cr1] [profile: true for limits and p of the likelihood] [without: [\"x1\", ...]] [wild: \"x1\", wild_weights: rademacher, webb, draws: 9999, seed: 0] [level]",
        answers: "estimate[] std_error[] statistic[] p[] low[] high[], exponentials ratio[] ratio_low[] ratio_high[], df (inf: normal) deviance dispersion log_likelihood residual_df, theta theta_se of negative_binomial, wald wald_p lr lr_p of without, wild_t wild_p wild_draws of wild",
        run: run::<regression::RegressionRequest>,
    },
    Kind {
        name: "difference_in_differences",
        about: "change of the treated less that of the controls, with the four means; errors hc1, cr1 with cluster",
        fields: "treated[] after[] (0 or 1) y[] [weights[]] [cluster: ids[]] [level]",
        answers: "estimate treated_before treated_after control_before control_after std_error p low high df",
        run: run::<designs::DifferenceRequest>,
    },
    Kind {
        name: "group_time",
        about: "staggered adoption by cohort and period (Callaway and Sant'Anna), with its averages; without unit, repeated cross-sections; with draws, simultaneous bands",
        fields: "time[] first_treated[] (null: never) y[] [unit: ids[]] [x[columns][rows]] [weights[]] [cluster: ids[]] [control: never_treated, not_yet_treated] [base: varying, universal] [method: dr, reg, ipw] [anticipation: 0] [draws, seed: 0] [level]",
        answers: "of each cell cohort[] time[] base[] effect[] std_error[] treated[] controls[]; simple simple_se; dynamic_overall dynamic_overall_se dynamic_at[] dynamic[] dynamic_se[], with draws dynamic_low[] dynamic_high[] dynamic_critical; the same of group and calendar; clusters pre_trend pre_trend_df pre_trend_p",
        run: run::<designs::GroupTimeRequest>,
    },
    Kind {
        name: "two_way",
        about: "the coefficient of being treated beside effects of units and periods, and the comparisons it is the weighted mean of (Goodman-Bacon); errors cr1 by unit or cluster",
        fields: "unit: ids[], time[] first_treated[] (null: never) y[] [weights[]] [cluster: ids[]] [level]",
        answers: "estimate std_error p low high df part_treated[] part_control[] (inf: never) part_estimate[] part_weight[]",
        run: run::<designs::TwoWayRequest>,
    },
    Kind {
        name: "event_study",
        about: "effects by time since adoption: by two-way regression, by cohort (Sun and Abraham) or by imputation (Borusyak, Jaravel and Spiess)",
        fields: "unit: ids[], time[] first_treated[] (null: never) y[] [weights[]] [cluster: ids[]] [method: regression, sun_abraham, imputation] [reference: -1, of regression]",
        answers: "at[] effect[] std_error[], pre_trend pre_trend_df pre_trend_p of regression, overall overall_std_error of the others",
        run: run::<designs::EventStudyRequest>,
    },
    Kind {
        name: "synthetic_control",
        about: "one treated unit against weighted donors that followed it before treatment; p by the rank of its ratio of errors among placebos",
        fields: "treated[periods] donors[donors][periods] before (periods before treatment)",
        answers: "effect rmspe_before rmspe_after ratio p floor unique (0 or 1) weights[] gaps[] placebo_ratio[]",
        run: run::<one_unit::SyntheticControlRequest>,
    },
    Kind {
        name: "synthetic_did",
        about: "synthetic difference in differences of each cohort against the never treated; with draws, the error by placebos",
        fields: "unit: ids[], time[] first_treated[] (null: never) y[] [draws, seed: 0] [level]",
        answers: "effect cohort[] cohort_effect[] zeta[], with draws std_error low high",
        run: run::<designs::SyntheticDidRequest>,
    },
    Kind {
        name: "interrupted_time_series",
        about: "log ratio at a date and per period after it in one series of counts (quasi-Poisson, Newey and West); lag floor(0.75 T^(1/3)) unless given",
        fields: "counts[] before (periods before the date) [exposure[]] [season (periods), harmonics: 1] [lag] [level]",
        answers: "lag dispersion level level_se level_p level_low level_high slope slope_se slope_p slope_low slope_high fitted[] without_change[]",
        run: run::<one_unit::InterruptedRequest>,
    },
    Kind {
        name: "acs",
        about: "census estimates with their 90 % margins of error: op sum, proportion, ratio, product, pct_change",
        fields: "op, est[] moe[] | x mx y my | x mx p mp",
        answers: "est moe se",
        run: run::<survey::AcsRequest>,
    },
    Kind {
        name: "uncertain_rate",
        about: "rate per head of a population with a margin of error",
        fields: "x pop moe [level]",
        answers: "rate log_se low high",
        run: run::<survey::UncertainRateRequest>,
    },
    Kind {
        name: "uncertain_ratio",
        about: "ratio of two such rates",
        fields: "x1 pop1 moe1 x2 pop2 moe2 [level]",
        answers: "ratio log_se low high",
        run: run::<survey::UncertainRatioRequest>,
    },
    Kind {
        name: "weighted_mean",
        about: "mean of estimates with weights",
        fields: "values weights",
        answers: "estimate",
        run: run::<mean::WeightedMeanRequest>,
    },
    Kind {
        name: "sun",
        about: "civil dawn, sunrise, noon, sunset and civil dusk of the solar day whose noon falls on a local date",
        fields: "lat lon date: YYYY-MM-DD [tz: America/New_York; without one the day of the mean sun there]",
        answers: "dawn sunrise noon sunset dusk, universal time to the second",
        run: run::<sun::SunRequest>,
    },
];

/// The answer to one request.
///
/// # Errors
/// An unknown kind, a field that is unknown, missing or of the wrong kind, numbers that contradict one another.
pub fn calculate(kind: &str, fields: Map<String, Value>) -> Result<Answer, String> {
    let known = KINDS.iter().find(|known| known.name == kind);
    let known = known.ok_or_else(|| {
        let hint = crate::error::nearest_hint(kind, KINDS.iter().map(|known| known.name));
        format!("unknown kind `{kind}`; {hint}")
    })?;
    (known.run)(fields).map_err(|fault| format!("{fault}; fields of `{kind}`: {}", known.fields))
}

/// The answer to one line of the pipe, and whether it is one. The request's `id` is passed through.
#[must_use]
pub fn answer_line(line: &str) -> (String, bool) {
    let mut fields: Map<String, Value> = match serde_json::from_str(line) {
        Ok(fields) => fields,
        Err(error) => return told(None, Err(format!("no JSON object: {error}"))),
    };
    let id = fields.remove("id");
    let answer = match fields.remove("kind") {
        Some(Value::String(kind)) => calculate(&kind, fields),
        Some(other) => Err(format!("`kind` is a text, found {other}")),
        None => Err("`kind` is missing".into()),
    };
    told(id, answer)
}

fn told(id: Option<Value>, answer: Result<Answer, String>) -> (String, bool) {
    let is_answer = answer.is_ok();
    let mut object = Map::new();
    object.extend(id.map(|id| ("id".to_owned(), id)));
    match answer {
        Ok(answer) => object.extend(answer.into_json()),
        Err(fault) => object.extend([("error".to_owned(), Value::String(fault))]),
    }
    (Value::Object(object).to_string(), is_answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_answered_under_its_id() {
        let (line, is_answer) = answer_line(r#"{"id":7,"kind":"proportion","x":0,"n":10}"#);
        assert!(is_answer);
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&answer["id"], &answer["estimate"]),
            (&7.into(), &0.0.into())
        );
    }

    #[test]
    fn what_is_undefined_says_why_and_an_end_may_be_infinite() {
        let (line, is_answer) = answer_line(r#"{"kind":"rate_ratio","x1":3,"t1":1,"x2":0,"t2":1}"#);
        assert!(is_answer);
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["high"], "inf");
        assert!(
            answer["estimate"] == "inf" || answer["why"].is_string(),
            "{line}"
        );
    }

    #[test]
    fn a_line_that_cannot_be_answered_says_what_is_wrong_with_it() {
        for (line, words) in [
            ("{", "no JSON object"),
            ("[1]", "no JSON object"),
            (r#"{"x":1}"#, "`kind` is missing"),
            (r#"{"kind":"proportoin"}"#, "did you mean `proportion`?"),
            (
                r#"{"kind":"proportion","x":1,"n":2,"m":3}"#,
                "unknown field `m`",
            ),
            (r#"{"kind":"proportion","x":1}"#, "missing field `n`"),
            (r#"{"kind":"proportion","x":3,"n":2}"#, "3"),
            (
                r#"{"kind":"proportion","x":-1,"n":2}"#,
                "a count is a whole number from 0",
            ),
            (
                r#"{"kind":"proportion","x":1.5,"n":2}"#,
                "a count is a whole number from 0",
            ),
            (r#"{"kind":"proportion","x":1,"n":2,"level":95}"#, "95"),
            (
                r#"{"kind":"proportion","x":1,"n":2,"method":"wilsn"}"#,
                "unknown variant `wilsn`",
            ),
            (r#"{"kind":"pool","estimate":[],"variance":[1]}"#, "arrays"),
            (
                r#"{"kind":"rate","x":1,"exposure":1e999}"#,
                "number out of range",
            ),
        ] {
            let (answer, is_answer) = answer_line(line);
            assert!(!is_answer && answer.contains(words), "{line}: {answer}");
        }
    }
}
