//! What the intervals promise and what they keep: coverage and mean width by exact enumeration, every case of I_coverage.
//!
//! Counts are left out only where their probability is below 1e-18, which is far below the tolerance of 1e-9.

use evenhand::stats::proportion::{Proportion, ProportionMethod};
use evenhand::stats::rate::{Rate, RateMethod};
use evenhand::stats::rate_ratio::{RateRatio, RateRatioMethod};
use evenhand::stats::special::{ln_binomial_pmf, ln_poisson_pmf};
use evenhand::stats::{Interval, Level};

const TOLERANCE: f64 = 1e-9;
const NEGLIGIBLE: f64 = 1e-18;

struct Row(csv::StringRecord, csv::StringRecord);

impl Row {
    fn text(&self, column: &str) -> &str {
        let place = self.0.iter().position(|name| name == column);
        &self.1[place.unwrap_or_else(|| panic!("no column {column}"))]
    }

    fn number(&self, column: &str) -> f64 {
        self.text(column).parse().expect("a number")
    }

    fn level(&self) -> Level {
        Level::new(self.number("conf")).expect("a level")
    }

    #[track_caller]
    fn agrees(&self, column: &str, got: f64) {
        let want = self.number(column);
        assert!(
            (got - want).abs() <= TOLERANCE * want.abs(),
            "{:?} {column}: {got} is not {want}",
            self.1
        );
    }
}

fn rows(file: &str) -> Vec<Row> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/reference/I_coverage");
    let mut reader = csv::Reader::from_path(format!("{folder}/{file}")).expect("the file");
    let header = reader.headers().expect("a header").clone();
    reader
        .records()
        .map(|record| Row(header.clone(), record.expect("a row")))
        .collect()
}

/// Coverage of the truth and mean width over counts with their probabilities.
fn coverage(counts: impl Iterator<Item = (f64, Interval)>, truth: f64) -> (f64, f64) {
    counts.fold((0.0, 0.0), |(covered, width), (mass, interval)| {
        let hit = if interval.contains(truth) { mass } else { 0.0 };
        (covered + hit, width + mass * (interval.high - interval.low))
    })
}

#[test]
fn proportions() {
    let rows = rows("expected_proportion.csv");
    for row in &rows {
        let method = match row.text("method") {
            "wilson" => ProportionMethod::Wilson,
            "clopper_pearson" => ProportionMethod::ClopperPearson,
            "jeffreys_bcd" => ProportionMethod::Jeffreys,
            "agresti_coull" => ProportionMethod::AgrestiCoull,
            "wald" => ProportionMethod::Wald,
            other => panic!("unknown method {other}"),
        };
        let n: u64 = row.text("n").parse().expect("a count");
        let p = row.number("p");
        let counts = (0..=n).map(|x| {
            let proportion = Proportion::new(x, n).expect("a proportion");
            let interval = proportion.interval(method, row.level()).expect("defined");
            (ln_binomial_pmf(x, n, p).exp(), interval)
        });
        let (covered, width) = coverage(counts, p);
        row.agrees("coverage", covered);
        row.agrees("mean_width", width);
    }
    assert_eq!(rows.len(), 360);
}

#[test]
fn rates() {
    let rows = rows("expected_rate.csv");
    for row in &rows {
        let method = match row.text("method") {
            "garwood" => RateMethod::Garwood,
            "byar" => RateMethod::Byar,
            "poisson_score" => RateMethod::PoissonScore,
            other => panic!("unknown method {other}"),
        };
        let mean = row.number("mean");
        let counts = masses(mean).into_iter().map(|(x, mass)| {
            let rate = Rate::new(x, 1.0).expect("a rate");
            (mass, rate.interval(method, row.level()).expect("defined"))
        });
        let (covered, width) = coverage(counts, mean);
        row.agrees("coverage", covered);
        row.agrees("mean_width", width);
    }
    assert_eq!(rows.len(), 27);
}

/// Poisson counts with their probabilities.
fn masses(mean: f64) -> Vec<(u64, f64)> {
    let all = (0..200).map(|x| (x, ln_poisson_pmf(x, mean).exp()));
    all.filter(|&(_, mass)| mass > NEGLIGIBLE).collect()
}

#[test]
fn rate_ratios() {
    let rows = rows("expected_rate_ratio.csv");
    for row in &rows {
        let method = match row.text("method") {
            "exact_conditional" => RateRatioMethod::ExactConditional,
            "log_wald" => RateRatioMethod::LogWald,
            other => panic!("unknown method {other}"),
        };
        let (truth, level) = (row.number("true_ratio"), row.level());
        let second = masses(row.number("mean2"));
        let (mut covered, mut defined) = (0.0, 0.0);
        for (x1, mass1) in masses(row.number("mean1")) {
            for (x2, mass2) in second.iter().filter(|(_, m)| m * mass1 > NEGLIGIBLE) {
                let rate = |x| Rate::new(x, 1.0).expect("a rate");
                let interval = RateRatio::new(rate(x1), rate(*x2)).interval(method, level);
                // Log-Wald needs both counts: its coverage is that of the pairs that have an interval.
                if let Some(interval) = interval {
                    defined += mass1 * mass2;
                    covered += if interval.contains(truth) {
                        mass1 * mass2
                    } else {
                        0.0
                    };
                }
            }
        }
        row.agrees("coverage", covered / defined);
    }
    assert_eq!(rows.len(), 12);
}
