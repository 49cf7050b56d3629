//! Effects by cohort and period against csdid, which two other packages agree with; `E_did/answers.json` names the calls.
//!
//! 1e-8 relative without an absolute floor; cells that are 0 by definition are compared exactly. csdid rounds the
//! p-value of its pre-trend test to five decimals.

use evenhand::stats::group_time::{
    Adjustment, Aggregate, Aggregation, BasePeriod, Control, Covariate, Observations, Plan, Point,
    Sample,
};
use serde_json::Value;

use super::regression::{Data, near, number};

const TOLERANCE: f64 = 1e-8;

pub(super) fn answers(file: &str) -> Value {
    let file = format!(
        "{}/tests/reference/E_did/{file}",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_str(&std::fs::read_to_string(file).expect("the answers")).expect("JSON")
}

pub(super) fn counties() -> (Data, Observations) {
    let data = Data::read_in("E_did", "e2_county_panel");
    let first = data.numbers("first_treat");
    let rows = Observations {
        time: data
            .numbers("year")
            .iter()
            .map(|&year| year as i32)
            .collect(),
        first_treated: first
            .iter()
            .map(|&g| (g > 0.0).then_some(g as i32))
            .collect(),
        outcome: data.numbers("y"),
        ..Observations::default()
    };
    (data, rows)
}

fn agree(what: &str, effect: Option<f64>, error: Option<f64>, want: [&Value; 2]) -> usize {
    match number(want[0]) {
        0.0 => assert_eq!(effect, Some(0.0), "{what}"),
        value => near(what, effect.expect(what), value, TOLERANCE),
    }
    match want[1] {
        Value::Null => assert_eq!(error, None, "{what}"),
        value => near(what, error.expect(what), number(value), TOLERANCE),
    }
    1
}

fn aggregate(key: &str, got: &Aggregate, want: &Value) -> usize {
    let overall = [&want["overall_att"], &want["overall_se"]];
    let mut compared = agree(key, got.overall.effect, got.overall.std_error, overall);
    let parts = want["by"].as_array().map_or(&[][..], Vec::as_slice);
    assert_eq!(got.by.len(), parts.len(), "{key}");
    for (point, part) in got.by.iter().zip(parts) {
        assert_eq!(point.at.map(i64::from), part["e"].as_i64(), "{key}");
        let Point {
            effect, std_error, ..
        } = point;
        compared += agree(key, *effect, *std_error, [&part["att"], &part["se"]]);
    }
    compared
}

#[test]
fn every_cell_and_aggregate() {
    let all = answers("answers.json");
    let answers = all["e2_callaway_santanna"].as_object().expect("answers");
    let mut compared = 0;
    for (key, answer) in answers {
        let words: Vec<&str> = key.split('|').collect();
        let plan = Plan {
            control: match words[0] {
                "nevertreated" => Control::NeverTreated,
                _ => Control::NotYetTreated,
            },
            adjustment: match words[1] {
                "reg" => Adjustment::Regression,
                "ipw" => Adjustment::InverseProbability,
                _ => Adjustment::DoublyRobust,
            },
            base: match words.get(3) {
                Some(_) => BasePeriod::Universal,
                None => BasePeriod::Varying,
            },
            anticipation: 0,
        };
        let (data, mut rows) = counties();
        if words[2] == "x" {
            rows.covariates.push(Covariate {
                name: "x".to_owned(),
                values: data.numbers("x"),
            });
        }
        let sample = Sample::panel(&data.codes("county"), &rows).expect("a panel");
        let found = sample.group_time(plan).expect("an estimate");
        let cells = answer["attgt"].as_array().expect("cells");
        assert_eq!(found.cells().len(), cells.len(), "{key}");
        for (cell, want) in found.cells().iter().zip(cells) {
            assert_eq!(
                i64::from(cell.cohort),
                want["group"].as_i64().expect("a cohort")
            );
            assert_eq!(i64::from(cell.time), want["time"].as_i64().expect("a time"));
            compared += agree(
                key,
                cell.effect,
                cell.std_error,
                [&want["att"], &want["se"]],
            );
        }
        for (word, aggregation) in [
            ("simple", Aggregation::Simple),
            ("dynamic", Aggregation::Dynamic),
            ("group", Aggregation::Group),
            ("calendar", Aggregation::Calendar),
        ] {
            compared += aggregate(key, &found.aggregate(aggregation), &answer[word]);
        }
        let test = found.pre_trend().expect("a test");
        near(
            key,
            test.statistic,
            number(&answer["pretest"]["W"]),
            TOLERANCE,
        );
        assert!((test.p.get() - number(&answer["pretest"]["p"])).abs() < 6e-6);
    }
    assert_eq!(answers.len(), 9);
    assert_eq!(compared, 8 * (14 + 4 + 9 + 2 + 5) + 16 + 4 + 10 + 2 + 5);
}
