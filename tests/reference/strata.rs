//! Strata, pooling, outcome tests and uncertain denominators against trusted peers.
//!
//! The JSON files name the peer and its version; `flagship` pins what `datasets/287g-counties` gives. Relative
//! tolerances without an absolute floor: 1e-9 for closed forms, 1e-8 for quantiles, tails and roots.

use std::collections::BTreeMap;

use evenhand::stats::acs::{Estimate, ProportionForm};
use evenhand::stats::chi_square::EqualRates;
use evenhand::stats::dispersion::Dispersion;
use evenhand::stats::mantel_haenszel::{MantelHaenszel, Stratum};
use evenhand::stats::pool::{Contrast, Pool};
use evenhand::stats::uncertain::{LogDelta, UncertainRate, UncertainRatio};
use evenhand::stats::{Interval, Level};
use serde_json::Value;

const CLOSED: f64 = 1e-9;
const ROOT: f64 = 1e-8;

fn path(relative: &str) -> String {
    format!("{}/{relative}", env!("CARGO_MANIFEST_DIR"))
}

fn cases(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path(&format!("tests/reference/{file}.json")))
        .expect("a reference file");
    let parsed: Value = serde_json::from_str(&text).expect("JSON");
    parsed["cases"].as_array().expect("a list of cases").clone()
}

#[track_caller]
fn near(what: &str, got: f64, want: f64, tolerance: f64) {
    assert!(
        (got - want).abs() <= tolerance * want.abs(),
        "{what}: {got} is not {want}"
    );
}

/// Compares with the answer's field; a field that the peer does not give is not compared.
fn agrees(case: &Value, field: &str, got: f64, tolerance: f64) -> bool {
    let Some(want) = case["answer"][field].as_f64() else {
        return false;
    };
    near(&format!("{} {field}", case["id"]), got, want, tolerance);
    true
}

fn number(case: &Value, field: &str) -> f64 {
    case["input"][field].as_f64().expect("a number")
}

fn numbers(case: &Value, field: &str) -> Vec<f64> {
    case["input"][field]
        .as_array()
        .expect("a list")
        .iter()
        .map(|v| v.as_f64().expect("a number"))
        .collect()
}

fn count(value: &Value) -> u64 {
    value.as_u64().expect("a count")
}

fn level(case: &Value) -> Level {
    Level::new(number(case, "conf")).expect("a level")
}

fn tables(case: &Value) -> MantelHaenszel {
    let strata = case["input"]["tables"].as_array().expect("tables").iter();
    let cell = |t: &Value, row: usize, column: usize| count(&t[row][column]);
    let stratum = |t: &Value| Stratum {
        a: cell(t, 0, 0),
        b: cell(t, 0, 1),
        c: cell(t, 1, 0),
        d: cell(t, 1, 1),
    };
    MantelHaenszel::new(strata.map(stratum).collect())
}

#[test]
fn mantel_haenszel_effects() {
    let level = Level::NINETY_FIVE;
    for case in cases("B_tests/mantel_haenszel") {
        let tables = tables(&case);
        let odds = tables.odds_ratio(level).expect("defined");
        let risk = tables.risk_ratio(level).expect("defined");
        let difference = tables.risk_difference_sparse(level).expect("defined");
        let given = [
            agrees(&case, "or", odds.estimate, CLOSED),
            agrees(&case, "or_lo", odds.interval.low, CLOSED),
            agrees(&case, "or_hi", odds.interval.high, CLOSED),
            agrees(&case, "rr", risk.estimate, CLOSED),
            agrees(&case, "rr_lo", risk.interval.low, CLOSED),
            agrees(&case, "rr_hi", risk.interval.high, CLOSED),
            agrees(&case, "mf_rd", difference.estimate, CLOSED),
            agrees(&case, "mf_rd_lo", difference.interval.low, CLOSED),
            agrees(&case, "mf_rd_hi", difference.interval.high, CLOSED),
        ];
        assert!(
            given.iter().all(|&given| given),
            "{}: a field is missing",
            case["id"]
        );
        near(
            "rd",
            tables.risk_difference(level).expect("defined").estimate,
            difference.estimate,
            0.0,
        );
    }
}

#[test]
fn mantel_haenszel_tests() {
    for case in cases("B_tests/mantel_haenszel") {
        let tables = tables(&case);
        let (plain, corrected) = (
            tables.cmh().expect("defined"),
            tables.cmh_corrected().expect("defined"),
        );
        let (breslow_day, tarone) = (
            tables.breslow_day().expect("defined"),
            tables.tarone().expect("defined"),
        );
        let given = [
            agrees(&case, "cmh", plain.statistic, CLOSED),
            agrees(&case, "cmh_p", plain.p.get(), ROOT),
            agrees(&case, "cmh_cc", corrected.statistic, CLOSED),
            agrees(&case, "cmh_cc_p", corrected.p.get(), ROOT),
            agrees(&case, "mf_bd", breslow_day.statistic, CLOSED),
            agrees(&case, "mf_bd_p", breslow_day.p.get(), ROOT),
            agrees(&case, "mf_tarone", tarone.statistic, CLOSED),
            agrees(&case, "mf_tarone_p", tarone.p.get(), ROOT),
        ];
        assert!(
            given.iter().all(|&given| given),
            "{}: a field is missing",
            case["id"]
        );
    }
}

/// Case mh-021, for which R gives no exact answer.
const EXACT_P_OF_SIXTY_STRATA: f64 = 0.263_858_174_993_449_6;

/// Conditional estimate and 95 % limits by 40-digit arithmetic (mpmath 1.4.1) on whole-number binomial coefficients.
/// R's own `exact_or`, `exact_lo`, `exact_hi` are not the truth: `uniroot` leaves them up to 6e-5 off.
const EXACT: [(&str, [f64; 3]); 6] = [
    (
        "mh-001",
        [
            2.132_499_254_104_297_3,
            0.360_750_387_826_022_34,
            13.782_038_943_025_49,
        ],
    ),
    (
        "mh-005",
        [
            1.409_386_425_160_409_9,
            0.969_986_144_338_518_8,
            2.045_880_866_910_124,
        ],
    ),
    (
        "mh-009",
        [
            0.502_223_315_955_018_5,
            0.237_114_759_401_697_77,
            0.995_583_268_092_146_7,
        ],
    ),
    (
        "mh-013",
        [
            3.539_864_839_336_164_2,
            1.901_432_350_526_994,
            6.718_282_764_092_927,
        ],
    ),
    (
        "mh-021",
        [
            1.072_696_538_203_006_3,
            0.948_040_808_366_014_5,
            1.213_704_002_366_993,
        ],
    ),
    (
        "mh-017",
        [
            2.526_579_610_601_355,
            1.810_529_137_758_936_3,
            3.565_722_893_104_156,
        ],
    ),
];

#[test]
fn mantel_haenszel_exact() {
    let mut compared = 0;
    for case in cases("B_tests/mantel_haenszel") {
        let exact = tables(&case).exact(Level::NINETY_FIVE).expect("defined");
        if !agrees(&case, "exact_p", exact.p.get(), ROOT) {
            assert_eq!(case["id"], "mh-021");
            near(
                "mh-021 exact_p",
                exact.p.get(),
                EXACT_P_OF_SIXTY_STRATA,
                ROOT,
            );
        }
        if let Some((id, [estimate, low, high])) = EXACT.iter().find(|(id, _)| case["id"] == *id) {
            near(id, exact.estimate, *estimate, ROOT);
            near(id, exact.interval.low, *low, ROOT);
            near(id, exact.interval.high, *high, ROOT);
            compared += 1;
        }
    }
    assert_eq!(compared, EXACT.len());
}

#[test]
fn chi_square() {
    for case in cases("B_tests/hit_rate_kpt") {
        let list = |field: &str| case["input"][field].as_array().expect("a list").clone();
        let groups = list("hits")
            .iter()
            .zip(&list("searches"))
            .map(|(hits, searches)| (count(hits), count(searches)))
            .collect();
        let test = EqualRates::new(groups)
            .expect("valid")
            .test()
            .expect("defined");
        assert!(agrees(&case, "chisq", test.statistic, CLOSED));
        assert!(agrees(&case, "df", test.df as f64, 0.0));
        assert!(agrees(&case, "p", test.p.get(), ROOT));
    }
}

#[test]
fn acs() {
    for case in cases("C_standardisation/acs_moe") {
        let pair = |value: &str, margin: &str| {
            Estimate::from_census(number(&case, value), number(&case, margin)).expect("valid")
        };
        let answer = match case["input"]["op"].as_str().expect("an operation") {
            "sum" => {
                let parts = numbers(&case, "est").into_iter().zip(numbers(&case, "moe"));
                Estimate::sum(
                    &parts
                        .map(|(e, m)| Estimate::from_census(e, m).expect("valid"))
                        .collect::<Vec<_>>(),
                )
            }
            "proportion" => {
                pair("x", "mx")
                    .proportion_of(&pair("y", "my"))
                    .map(|(estimate, form)| {
                        let ratio = case["answer"]["used_ratio_formula"]
                            .as_bool()
                            .expect("a flag");
                        assert_eq!(form == ProportionForm::Ratio, ratio);
                        estimate
                    })
            }
            "ratio" => pair("x", "mx").ratio_to(&pair("y", "my")),
            "product" => pair("x", "mx").product(&pair("p", "mp")),
            "pct_change" => pair("x", "mx").change_from(&pair("y", "my")),
            other => panic!("unknown operation {other}"),
        }
        .expect("defined");
        assert!(agrees(&case, "est", answer.value, CLOSED));
        // The rule that zero estimates count once has its own field, and the other form's error then does not apply.
        if !agrees(&case, "moe_zero_rule", answer.margin.get(), CLOSED) {
            assert!(agrees(&case, "moe", answer.margin.get(), CLOSED));
            assert!(agrees(&case, "se", answer.standard_error(), CLOSED));
        }
    }
}

fn log_delta_agrees(case: &Value, estimate: &str, got: &LogDelta) {
    assert!(agrees(case, estimate, got.estimate, CLOSED));
    assert!(agrees(case, "log_se", got.log_std_error, CLOSED));
    assert!(agrees(case, "lower", got.interval.low, CLOSED));
    assert!(agrees(case, "upper", got.interval.high, CLOSED));
}

#[test]
fn uncertain() {
    let rate = |case: &Value, suffix: &str| {
        let field = |name: &str| format!("{name}{suffix}");
        let events = count(&case["input"][field("x")]);
        let population =
            Estimate::from_census(number(case, &field("pop")), number(case, &field("moe")))
                .expect("valid");
        UncertainRate::new(events, population.value, population.standard_error()).expect("valid")
    };
    for case in cases("C_standardisation/delta_rate") {
        log_delta_agrees(
            &case,
            "rate",
            &rate(&case, "").rate(1.0, level(&case)).expect("defined"),
        );
    }
    for case in cases("C_standardisation/delta_ratio") {
        let ratio = UncertainRatio {
            group: rate(&case, "1"),
            reference: rate(&case, "2"),
        };
        log_delta_agrees(
            &case,
            "ratio",
            &ratio.ratio(1.0, level(&case)).expect("defined"),
        );
    }
}

/// One row of the flagship searches: state, programme, whether the patrol was deputised, group, searches, stops.
struct Searches {
    state: String,
    program: String,
    patrol_agreement: String,
    group: String,
    searches: u64,
    stops: u64,
}

fn searches() -> Vec<Searches> {
    let file = path("datasets/287g-counties/searches_by_county_group.csv");
    let mut reader = csv::Reader::from_path(file).expect("the flagship counts");
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("a column");
    let [state, program, patrol, group, searches, stops] = [
        "state",
        "program",
        "patrol_agreement",
        "group",
        "searches",
        "stops",
    ]
    .map(column);
    let parse = |record: csv::StringRecord| Searches {
        state: record[state].to_owned(),
        program: record[program].to_owned(),
        patrol_agreement: record[patrol].to_owned(),
        group: record[group].to_owned(),
        searches: record[searches].parse().expect("a count"),
        stops: record[stops].parse().expect("a count"),
    };
    reader
        .records()
        .map(|record| parse(record.expect("a row")))
        .collect()
}

/// Per state the log ratio of Hispanic to white search-rate ratios, agreement counties against the others.
fn contrasts_by_state() -> Vec<Contrast> {
    let mut totals: BTreeMap<(String, String, String), (f64, f64)> = BTreeMap::new();
    for row in searches()
        .into_iter()
        .filter(|row| row.patrol_agreement == "none" && row.program != "ended")
    {
        let cell = totals
            .entry((row.state, row.program, row.group))
            .or_default();
        *cell = (cell.0 + row.searches as f64, cell.1 + row.stops as f64);
    }
    let states: std::collections::BTreeSet<String> =
        totals.keys().map(|(state, _, _)| state.clone()).collect();
    let contrast = |state: String| {
        let cell = |program: &str, group: &str| {
            totals
                .get(&(state.clone(), program.into(), group.into()))
                .copied()
        };
        let signed = [
            ("287(g)", "hispanic", 1.0),
            ("287(g)", "white", -1.0),
            ("none", "hispanic", -1.0),
            ("none", "white", 1.0),
        ];
        let mut sum = Contrast {
            estimate: 0.0,
            variance: 0.0,
        };
        for (program, group, sign) in signed {
            let (x, n) = cell(program, group)?;
            sum.estimate += sign * (x / n).ln();
            sum.variance += 1.0 / x - 1.0 / n;
        }
        Some(sum)
    };
    states.into_iter().filter_map(contrast).collect()
}

/// The exponential of an interval, for comparison with printed digits.
fn printed(value: f64, interval: Interval) -> String {
    format!(
        "{:.3} [{:.3}, {:.3}]",
        value.exp(),
        interval.low.exp(),
        interval.high.exp()
    )
}

/// The figures printed in the flagship's README; the longer ones by scipy 1.17.1 (`brentq` to 1e-15, `t.ppf`).
#[test]
fn flagship_pool() {
    let pool = Pool::new(contrasts_by_state()).expect("valid");
    assert_eq!(pool.contrasts().len(), 6);
    let fixed = pool.fixed(Level::NINETY_FIVE).expect("defined");
    assert_eq!(
        format!("{:.3} {:.0}", fixed.estimate.exp(), fixed.z),
        "1.076 13"
    );
    near(
        "fixed",
        fixed.estimate.exp(),
        1.075_847_399_206_846_5,
        CLOSED,
    );
    near("z", fixed.z, 13.058_386_064_719_823, CLOSED);
    let random = pool.paule_mandel(Level::NINETY_FIVE).expect("defined");
    assert_eq!(
        printed(random.estimate, random.interval),
        "1.039 [0.720, 1.498]"
    );
    assert_eq!(format!("{:.3} {}", random.tau, random.df), "0.345 5");
    near("tau", random.tau, 0.344_723_952_541_611_64, ROOT);
    near("se", random.std_error, 0.142_502_609_598_251_84, ROOT);
    near(
        "low",
        random.interval.low.exp(),
        0.720_202_619_828_900_8,
        ROOT,
    );
    near(
        "high",
        random.interval.high.exp(),
        1.498_413_002_043_546_2,
        ROOT,
    );
}

/// By 40-digit arithmetic (mpmath 1.4.1) from the same rows. statsmodels 0.15.0 `combine_effects` gives the same Q, I2,
/// fixed-effect error and weights to 1e-15; its Paule-Mandel tau stops its iteration 5e-10 away.
#[test]
fn flagship_heterogeneity() {
    let level = Level::NINETY_FIVE;
    let pool = Pool::new(contrasts_by_state()).expect("valid");
    near(
        "se",
        pool.fixed(level).expect("defined").std_error,
        0.005_598_596_106_827_405,
        CLOSED,
    );
    let spread = pool.heterogeneity().expect("defined");
    near("q", spread.q, 174.529_426_718_324_83, CLOSED);
    near("p", spread.p.get(), 7.879_194_528_622_226e-36, ROOT);
    near("i2", spread.i_squared, 0.971_351_535_990_148_2, CLOSED);
    let weights = pool.weights().expect("defined");
    near(
        "largest weight",
        weights.fixed[0],
        0.900_662_269_044_134,
        CLOSED,
    );
    near(
        "its random weight",
        weights.random[0],
        0.170_834_486_573_957_57,
        ROOT,
    );
    let random = pool.paule_mandel(level).expect("defined");
    near("t", random.t, 0.267_306_891_700_060_17, ROOT);
    near("p", random.p.get(), 0.799_908_305_043_449_3, ROOT);
    near(
        "prediction low",
        random.prediction.low,
        -0.920_778_501_758_499_5,
        ROOT,
    );
    near(
        "prediction high",
        random.prediction.high,
        0.996_962_361_020_211_2,
        ROOT,
    );
    assert_eq!((pool.sign_count().positive, pool.sign_count().of), (4, 6));
}

/// The mean without each state, alphabetically; mpmath as above.
#[test]
fn flagship_leave_one_out() {
    let want = [
        0.028_445_936_381_890_28,
        0.144_474_168_870_162_15,
        -0.045_706_671_667_004_96,
        -0.010_291_584_791_195_22,
        0.026_660_094_827_975_45,
        0.079_487_639_991_442_8,
    ];
    let got = Pool::new(contrasts_by_state())
        .expect("valid")
        .leave_one_out(Level::NINETY_FIVE);
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        near("leave one out", got.expect("defined").estimate, want, ROOT);
    }
}

/// By Python 3 from the same rows: Pearson X2/df of the quasi-binomial fit with one intercept per group and state.
#[test]
fn flagship_dispersion() {
    let mut intercepts: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut cells = Vec::new();
    for row in searches()
        .into_iter()
        .filter(|row| row.program == "287(g)" && row.group != "black")
    {
        let next = intercepts.len();
        let intercept = *intercepts.entry((row.group, row.state)).or_insert(next);
        cells.push((intercept, row.searches, row.stops));
    }
    let dispersion = Dispersion::binomial(cells).expect("valid");
    assert_eq!(dispersion.df(), 28);
    near(
        "phi",
        dispersion.phi().expect("defined"),
        138.617_001_166_878_5,
        CLOSED,
    );
}
