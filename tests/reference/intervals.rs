//! Agreement of intervals and tests with the reference cases: A_intervals, and the binomial, standard deviation and
//! two-by-two cases of B_tests. Generators, versions and sources are in the README beside those folders.
//!
//! Differences are relative, without an absolute floor: 1e-9 for closed forms, 1e-8 for quantiles and roots.

use evenhand::stats::binomial_test::BinomialTest;
use evenhand::stats::proportion::{Proportion, ProportionMethod};
use evenhand::stats::rate::{Rate, RateMethod};
use evenhand::stats::rate_ratio::{RateRatio, RateRatioMethod};
use evenhand::stats::two_by_two::{
    OddsRatioMethod, RiskDifferenceMethod, RiskRatioMethod, TwoByTwo,
};
use evenhand::stats::{Interval, Level};
use serde_json::Value;
use std::path::PathBuf;

const CLOSED: f64 = 1e-9;
const SOLVED: f64 = 1e-8;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference"))
}

/// One row of a CSV file, by column name.
struct Row(Vec<(String, String)>);

impl Row {
    fn text(&self, column: &str) -> &str {
        let found = self.0.iter().find(|(name, _)| name == column);
        &found.unwrap_or_else(|| panic!("no column {column}")).1
    }

    fn count(&self, column: &str) -> u64 {
        self.text(column).parse().expect("a count")
    }

    /// `None` for NA; infinity for Inf.
    fn number(&self, column: &str) -> Option<f64> {
        match self.text(column) {
            "NA" => None,
            text => Some(text.parse().expect("a number")),
        }
    }

    fn level(&self) -> Level {
        Level::new(self.number("conf").expect("a level")).expect("a level")
    }

    fn label(&self) -> String {
        format!("{} {}", self.text("case"), self.text("method"))
    }
}

fn rows(file: &str) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(folder().join("A_intervals").join(file)).expect("the file");
    let names = reader.headers().expect("a header").clone();
    let pair = |record: csv::StringRecord| {
        Row(names
            .iter()
            .zip(&record)
            .map(|(n, v)| (n.to_owned(), v.to_owned()))
            .collect())
    };
    reader
        .records()
        .map(|record| pair(record.expect("a row")))
        .collect()
}

/// Collects disagreements, so that one run shows them all.
#[derive(Default)]
struct Ledger {
    agreed: usize,
    wrong: Vec<String>,
}

impl Ledger {
    fn compare(&mut self, label: &str, got: Option<f64>, want: Option<f64>, tolerance: f64) {
        let agrees = match (got, want) {
            (None, None) => true,
            (Some(got), Some(want)) if want.is_infinite() => {
                got.is_infinite() && got.is_sign_positive() == want.is_sign_positive()
            }
            (Some(got), Some(want)) => (got - want).abs() <= tolerance * want.abs(),
            _ => false,
        };
        if agrees {
            self.agreed += 1;
        } else {
            self.wrong
                .push(format!("{label}: {got:?} instead of {want:?}"));
        }
    }

    fn interval(&mut self, row: &Row, got: Option<Interval>, tolerance: f64) {
        let label = row.label();
        self.compare(
            &format!("{label} low"),
            got.map(|i| i.low),
            row.number("lower"),
            tolerance,
        );
        self.compare(
            &format!("{label} high"),
            got.map(|i| i.high),
            row.number("upper"),
            tolerance,
        );
    }

    fn finish(self, fields: usize) {
        assert!(
            self.wrong.is_empty(),
            "{} wrong:\n{}",
            self.wrong.len(),
            self.wrong.join("\n")
        );
        assert_eq!(self.agreed, fields, "fields compared");
    }
}

#[test]
fn proportions() {
    let mut ledger = Ledger::default();
    for row in rows("proportion.csv") {
        let (method, tolerance) = match row.text("method") {
            "wilson" => (ProportionMethod::Wilson, CLOSED),
            "wilson_cc" => (ProportionMethod::WilsonContinuity, CLOSED),
            "clopper_pearson" => (ProportionMethod::ClopperPearson, SOLVED),
            "jeffreys_bcd" => (ProportionMethod::Jeffreys, SOLVED),
            "jeffreys_raw" => (ProportionMethod::JeffreysRaw, SOLVED),
            "agresti_coull" => (ProportionMethod::AgrestiCoull, CLOSED),
            other => panic!("unknown method {other}"),
        };
        let proportion = Proportion::new(row.count("x"), row.count("n")).expect("a proportion");
        ledger.interval(&row, proportion.interval(method, row.level()), tolerance);
        if matches!(
            method,
            ProportionMethod::Wilson | ProportionMethod::ClopperPearson
        ) {
            ledger.compare(
                &row.label(),
                proportion.estimate(),
                row.number("est"),
                CLOSED,
            );
        }
    }
    ledger.finish(332);
}

#[test]
fn rates() {
    let mut ledger = Ledger::default();
    for row in rows("rate.csv") {
        let (method, tolerance) = match row.text("method") {
            "garwood" => (RateMethod::Garwood, SOLVED),
            "byar" => (RateMethod::Byar, CLOSED),
            "byar_half" => (RateMethod::ByarHalf, CLOSED),
            "poisson_score" => (RateMethod::PoissonScore, CLOSED),
            other => panic!("unknown method {other}"),
        };
        let exposure = row.number("exposure").expect("an exposure");
        let rate = Rate::new(row.count("x"), exposure).expect("a rate");
        ledger.interval(&row, rate.interval(method, row.level()), tolerance);
        ledger.compare(&row.label(), rate.estimate(), row.number("est"), CLOSED);
    }
    ledger.finish(204);
}

#[test]
fn rate_ratios() {
    let mut ledger = Ledger::default();
    for row in rows("rate_ratio.csv") {
        let (method, tolerance) = match row.text("method") {
            "log_wald" => (RateRatioMethod::LogWald, CLOSED),
            "exact_conditional" => (RateRatioMethod::ExactConditional, SOLVED),
            "midp_conditional" => (RateRatioMethod::MidPConditional, SOLVED),
            "score" => (RateRatioMethod::Score, CLOSED),
            other => panic!("unknown method {other}"),
        };
        let rate =
            |x, t| Rate::new(row.count(x), row.number(t).expect("an exposure")).expect("a rate");
        let ratio = RateRatio::new(rate("x1", "t1"), rate("x2", "t2"));
        ledger.interval(&row, ratio.interval(method, row.level()), tolerance);
        ledger.compare(&row.label(), ratio.estimate(), row.number("est"), CLOSED);
    }
    ledger.finish(189);
}

/// The estimate that goes with a method, where there is one, the interval, and the tolerance.
type TableAnswer = (Option<Option<f64>>, Option<Interval>, f64);

fn table_answer(table: &TwoByTwo, method: &str, level: Level) -> TableAnswer {
    let ratio = |m| {
        (
            Some(table.risk_ratio()),
            table.risk_ratio_interval(m, level),
        )
    };
    let difference = |m| {
        (
            Some(table.risk_difference()),
            table.risk_difference_interval(m, level),
        )
    };
    let odds = |estimate, m| (estimate, table.odds_ratio_interval(m, level));
    let ((estimate, interval), tolerance) = match method {
        "rr_log" => (ratio(RiskRatioMethod::Log), CLOSED),
        "rr_koopman" => (ratio(RiskRatioMethod::Koopman), SOLVED),
        "rr_mn" => (ratio(RiskRatioMethod::MiettinenNurminen), SOLVED),
        "rd_newcombe" => (difference(RiskDifferenceMethod::Newcombe), CLOSED),
        "rd_wald" => (difference(RiskDifferenceMethod::Wald), CLOSED),
        "rd_agresti_caffo" => (difference(RiskDifferenceMethod::AgrestiCaffo), CLOSED),
        "rd_mn" => (difference(RiskDifferenceMethod::MiettinenNurminen), SOLVED),
        "rd_mee" => (difference(RiskDifferenceMethod::Mee), SOLVED),
        "or_wald" => (
            odds(Some(table.odds_ratio()), OddsRatioMethod::Woolf),
            CLOSED,
        ),
        "or_exact_conditional" => {
            let estimate = Some(table.odds_ratio_conditional());
            (odds(estimate, OddsRatioMethod::ExactConditional), SOLVED)
        }
        // Its estimate in the file is the median-unbiased one.
        "or_midp" => (odds(None, OddsRatioMethod::MidP), SOLVED),
        other => panic!("unknown method {other}"),
    };
    (estimate, interval, tolerance)
}

#[test]
fn two_by_two_tables() {
    let mut ledger = Ledger::default();
    for row in rows("two_by_two.csv") {
        let proportion = |x, n| Proportion::new(row.count(x), row.count(n)).expect("a proportion");
        let table = TwoByTwo::new(proportion("a", "n1"), proportion("c", "n2"));
        let (estimate, interval, tolerance) = table_answer(&table, row.text("method"), row.level());
        ledger.interval(&row, interval, tolerance);
        if let Some(estimate) = estimate {
            ledger.compare(&row.label(), estimate, row.number("est"), tolerance);
        }
    }
    ledger.finish(598);
}

fn cases(file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join("B_tests").join(file)).expect("the file");
    let mut whole: Value = serde_json::from_str(&text).expect("JSON");
    serde_json::from_value(whole["cases"].take()).expect("a list of cases")
}

fn binomial(case: &Value) -> BinomialTest {
    let input = &case["input"];
    let count = |name: &str| input[name].as_u64().expect("a count");
    BinomialTest::new(
        count("x"),
        count("n"),
        input["p"].as_f64().expect("a share"),
    )
    .expect("a test")
}

/// Compares every named field that the case answers.
fn fields(ledger: &mut Ledger, case: &Value, got: &[(&str, Option<f64>)]) {
    for (name, value) in got {
        if let Some(want) = case["answer"][name].as_f64() {
            let label = format!("{} {name}", case["input"]);
            ledger.compare(&label, *value, Some(want), SOLVED);
        }
    }
}

fn tails(t: &BinomialTest) -> [(&'static str, Option<f64>); 3] {
    [
        ("two", Some(t.p_minimum_likelihood().get())),
        ("less", Some(t.p_less().get())),
        ("greater", Some(t.p_greater().get())),
    ]
}

#[test]
fn binomial_tests() {
    let mut ledger = Ledger::default();
    for case in cases("binom.json") {
        fields(&mut ledger, &case, &tails(&binomial(&case)));
    }
    ledger.finish(39);
}

#[test]
fn far_tails() {
    let mut ledger = Ledger::default();
    for case in cases("tails.json") {
        let t = binomial(&case);
        fields(&mut ledger, &case, &tails(&t));
        let logs = [
            ("log10_two", t.log10_minimum_likelihood()),
            ("log10_less", t.log10_less()),
            ("log10_greater", t.log10_greater()),
        ];
        for (name, got) in logs {
            // The file's 60 digits round the log of 1 - 1e-145 to 0.
            let got = if got > -1e-60 && got < 0.0 { 0.0 } else { got };
            fields(&mut ledger, &case, &[(name, Some(got))]);
        }
    }
    ledger.finish(46);
}

#[test]
fn standard_deviations() {
    let mut ledger = Ledger::default();
    for case in cases("sdcount.json") {
        let t = binomial(&case);
        let got = [
            ("expected", Some(t.expected())),
            ("sd", Some(t.sd())),
            ("z", t.z()),
            ("p_two", t.p_normal_two().map(|p| p.get())),
        ];
        fields(&mut ledger, &case, &got);
    }
    ledger.finish(24);
}

#[test]
fn pooled_z_is_the_root_of_chi_square() {
    let mut ledger = Ledger::default();
    for case in cases("table2x2.json") {
        let cell = |name: &str| case["input"][name].as_u64().expect("a count");
        let [a, b, c, d] = ["a", "b", "c", "d"].map(cell);
        let proportion = |x, rest| Proportion::new(x, x + rest).expect("a proportion");
        let table = TwoByTwo::new(proportion(a, b), proportion(c, d));
        let z = table.pooled_z().expect("margins are positive");
        let got = [
            ("chisq", Some(z * z)),
            ("chisq_p", table.pooled_p().map(|p| p.get())),
            ("phi", Some(z.abs() / ((a + b + c + d) as f64).sqrt())),
        ];
        fields(&mut ledger, &case, &got);
    }
    ledger.finish(39);
}
