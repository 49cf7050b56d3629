//! A real set of tables: admissions to six departments by sex (Bickel, Hammel and O'Connell 1975), where the ratio of
//! all together and the ratio within departments point in opposite directions.

use std::collections::BTreeMap;

use evenhand::stats::mantel_haenszel::{MantelHaenszel, Stratum};
use evenhand::stats::two_by_two::TwoByTwo;
use evenhand::stats::{ExactForm, Level};
use serde_json::Value;

const CLOSED: f64 = 1e-9;
const SOLVED: f64 = 1e-8;

/// Conditional odds ratios by 40-digit arithmetic (mpmath) on whole-number binomial coefficients. R's own, `cond_or`, are
/// not the truth: `uniroot` leaves them up to 3.5e-5 off.
const CONDITIONAL: [(&str, f64); 6] = [
    ("A", 0.349_550_624_560_74),
    ("B", 0.802_793_839_922_048_4),
    ("C", 1.132_904_574_460_775_5),
    ("D", 0.921_379_216_482_085_3),
    ("E", 1.221_205_169_649_793),
    ("F", 0.828_092_187_499_586),
];

fn path(file: &str) -> String {
    format!(
        "{}/tests/reference/H_real/{file}",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// Men over women, admitted and rejected, by department.
fn departments() -> BTreeMap<String, Stratum> {
    let mut reader = csv::Reader::from_path(path("ucb_admissions.csv")).expect("the file");
    let mut departments = BTreeMap::new();
    for record in reader.records() {
        let record = record.expect("a row");
        let stratum = departments.entry(record[2].to_owned()).or_insert(Stratum {
            a: 0,
            b: 0,
            c: 0,
            d: 0,
        });
        let cell = match (&record[1], &record[0]) {
            ("Male", "Admitted") => &mut stratum.a,
            ("Male", _) => &mut stratum.b,
            (_, "Admitted") => &mut stratum.c,
            _ => &mut stratum.d,
        };
        *cell = record[3].parse().expect("a count");
    }
    departments
}

fn answers() -> Value {
    let text = std::fs::read_to_string(path("answers.json")).expect("the file");
    serde_json::from_str(&text).expect("JSON")
}

#[track_caller]
fn near(answer: &Value, field: &str, got: f64, tolerance: f64) {
    let want = answer[field].as_f64().expect("a number");
    assert!(
        (got - want).abs() <= tolerance * want.abs(),
        "{field}: {got} is not {want}"
    );
}

fn table(s: &Stratum) -> TwoByTwo {
    TwoByTwo::from_cells(s.a, s.b, s.c, s.d).expect("a table")
}

#[test]
fn all_departments_together() {
    let answer = &answers()["marginal"];
    let strata = departments();
    let sum = |cell: fn(&Stratum) -> u64| strata.values().map(cell).sum();
    let together = Stratum {
        a: sum(|s| s.a),
        b: sum(|s| s.b),
        c: sum(|s| s.c),
        d: sum(|s| s.d),
    };
    let test = table(&together).pearson().expect("defined");
    near(answer, "chisq", test.statistic, CLOSED);
    near(answer, "p", test.p.get(), SOLVED);
    let pooled = MantelHaenszel::new(strata.into_values().collect());
    let crude = pooled.crude_odds_ratio().expect("defined");
    near(answer, "or", crude, CLOSED);
}

#[test]
fn within_departments() {
    let answer = &answers()["mh"];
    let pooled = MantelHaenszel::new(departments().into_values().collect());
    let odds = pooled.odds_ratio(Level::NINETY_FIVE).expect("defined");
    near(answer, "or", odds.estimate, CLOSED);
    near(answer, "lo", odds.interval.low, CLOSED);
    near(answer, "hi", odds.interval.high, CLOSED);
    for (statistic, p, test) in [
        ("cmh", "cmh_p", pooled.cmh()),
        ("cmh_cc", "cmh_cc_p", pooled.cmh_corrected()),
    ] {
        let test = test.expect("defined");
        near(answer, statistic, test.statistic, CLOSED);
        near(answer, p, test.p.get(), SOLVED);
    }
    for (statistic, p, test) in [
        ("breslow_day", "breslow_day_p", pooled.breslow_day()),
        ("tarone", "tarone_p", pooled.tarone()),
    ] {
        let test = test.expect("defined");
        near(answer, statistic, test.statistic, CLOSED);
        near(answer, p, test.p.get(), SOLVED);
    }
}

#[test]
fn by_department() {
    let answers = answers();
    let departments = departments();
    let by_department = answers["by_dept"].as_array().expect("a list");
    assert_eq!(by_department.len(), CONDITIONAL.len());
    for (answer, (name, want)) in by_department.iter().zip(CONDITIONAL) {
        assert_eq!(answer["dept"], name);
        let table = table(&departments[name]);
        let sample = table.odds_ratio().expect("defined");
        near(answer, "sample_or", sample, CLOSED);
        let got = table.odds_ratio_conditional().expect("defined");
        assert!((got - want).abs() <= SOLVED * want, "{name}: {got}");
        let p = table.fisher(ExactForm::MinimumLikelihood);
        near(answer, "p", p.expect("defined").get(), SOLVED);
    }
}
