//! Speed of the statistical kernel on one core: `cargo bench --bench kernel`, or with a word to choose by.
//!
//! What is promised against peers is held by `scripts/peers.sh`; these say which part became slower.

use divan::{Bencher, black_box};
use evenhand::stats::contingency::ContingencyTable;
use evenhand::stats::group_time::{Aggregation, Observations, Plan, Sample};
use evenhand::stats::mantel_haenszel::{MantelHaenszel, Stratum};
use evenhand::stats::proportion::{Proportion, ProportionMethod};
use evenhand::stats::rate::{Rate, RateMethod};
use evenhand::stats::regression::{
    Clusters, CovarianceKind, Design, Factor, Family, Grain, Model, Resampling, Response,
    WildWeights,
};
use evenhand::stats::two_by_two::{OddsRatioMethod, RiskRatioMethod, TwoByTwo};
use evenhand::stats::{ExactForm, Level};

const LEVEL: Level = Level::NINETY_FIVE;

fn main() {
    divan::main();
}

/// Numbers between 0 and 1 without pattern, the same in every run (xorshift, Marsaglia 2003).
fn scattered() -> impl FnMut() -> f64 {
    let mut state = 88_172_645_463_325_252_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Events and trials, from ten trials to a million, of every size equally often.
fn counts(cases: usize) -> Vec<(u64, u64)> {
    let mut next = scattered();
    let case = |_| {
        let trials = 10.0_f64.powf(1.0 + 5.0 * next());
        ((trials * next().powi(3)) as u64, trials as u64)
    };
    (0..cases).map(case).collect()
}

#[divan::bench(args = [ProportionMethod::ClopperPearson, ProportionMethod::Wilson, ProportionMethod::MidP], sample_count = 10)]
fn hundred_thousand_intervals_of_proportions(bencher: Bencher<'_, '_>, method: &ProportionMethod) {
    let shares: Vec<Proportion> = counts(100_000)
        .into_iter()
        .map(|(x, n)| Proportion::new(x, n).expect("events are trials"))
        .collect();
    bencher.bench_local(|| {
        let lows = shares
            .iter()
            .flat_map(|share| share.interval(*method, LEVEL));
        lows.map(|interval| interval.low).sum::<f64>()
    });
}

#[divan::bench(args = [RateMethod::Garwood, RateMethod::Byar], sample_count = 10)]
fn hundred_thousand_intervals_of_rates(bencher: Bencher<'_, '_>, method: &RateMethod) {
    let rates: Vec<Rate> = counts(100_000)
        .into_iter()
        .map(|(x, _)| Rate::new(x, 1.0).expect("an exposure"))
        .collect();
    bencher.bench_local(|| {
        let lows = rates.iter().flat_map(|rate| rate.interval(*method, LEVEL));
        lows.map(|interval| interval.low).sum::<f64>()
    });
}

/// Totals of a million, even and uneven.
const TABLES: [[u64; 4]; 2] = [
    [250_000, 250_000, 250_900, 249_100],
    [900, 99_100, 9_000, 891_000],
];

fn table([a, b, c, d]: [u64; 4]) -> TwoByTwo {
    TwoByTwo::from_cells(a, b, c, d).expect("a table")
}

#[divan::bench(args = TABLES)]
fn fisher_central(cells: [u64; 4]) -> f64 {
    let p = table(black_box(cells)).fisher(ExactForm::Central);
    p.expect("defined").get()
}

#[divan::bench(args = TABLES)]
fn fisher_minimum_likelihood(cells: [u64; 4]) -> f64 {
    let p = table(black_box(cells)).fisher(ExactForm::MinimumLikelihood);
    p.expect("defined").get()
}

#[divan::bench(args = TABLES)]
fn koopman(cells: [u64; 4]) -> f64 {
    let interval = table(black_box(cells)).risk_ratio_interval(RiskRatioMethod::Koopman, LEVEL);
    interval.expect("defined").low
}

#[divan::bench(args = TABLES, sample_count = 10)]
fn exact_conditional_odds_ratio(cells: [u64; 4]) -> f64 {
    let table = table(black_box(cells));
    let interval = table.odds_ratio_interval(OddsRatioMethod::ExactConditional, LEVEL);
    interval.expect("defined").low
}

#[divan::bench]
fn mantel_haenszel_of_a_thousand_strata(bencher: Bencher<'_, '_>) {
    let mut next = scattered();
    let mut count = || (200.0 * next()) as u64;
    let stratum = |_| Stratum {
        a: count(),
        b: count(),
        c: count(),
        d: count(),
    };
    let strata = MantelHaenszel::new((0..1000).map(stratum).collect());
    bencher.bench_local(|| strata.odds_ratio(LEVEL));
}

#[divan::bench]
fn fisher_of_three_by_four() -> f64 {
    let rows = [[12, 7, 4, 9], [3, 11, 6, 2], [8, 5, 10, 6]];
    let rows = rows.iter().map(|row| row.to_vec()).collect();
    let table = ContingencyTable::new(black_box(rows)).expect("a table");
    table.fisher().expect("few steps").get()
}

fn column_names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Four groups in forty places, a million trials in all: the logit with a place effect each, and CR1 errors by place.
#[divan::bench]
fn logit_of_cells_with_clustered_errors(bencher: Bencher<'_, '_>) {
    let mut next = scattered();
    let (mut columns, mut places) = (Vec::new(), Vec::new());
    let (mut events, mut trials) = (Vec::new(), Vec::new());
    for cell in 0..160_u32 {
        columns.extend((1..4).map(|group| f64::from(u8::from(cell % 4 == group))));
        places.push(cell / 4);
        trials.push(6250);
        events.push((6250.0 * (0.02 + 0.05 * next())) as u64);
    }
    let design = Design::new(column_names(&["black", "hispanic", "asian"]), columns);
    let response = Response::Events { events, trials };
    let model = Model::new(Family::Logistic, design.expect("columns"), response).expect("a model");
    let place = Factor {
        name: "place".to_owned(),
        levels: places.clone(),
    };
    let model = model.observed_by(Grain::Trial).expect("trials");
    let model = model.absorbing(place).expect("one factor");
    let kind = CovarianceKind::Cr1(Clusters::OneWay(places));
    bencher.bench_local(|| {
        let fit = model.fit().expect("regular");
        fit.covariance(&kind).expect("forty clusters")
    });
}

/// 200,000 rows in forty clusters with three covariates.
fn rows(family: Family) -> (Model, Vec<u32>) {
    let mut next = scattered();
    let (mut columns, mut clusters) = (Vec::new(), Vec::new());
    let (mut values, mut events) = (Vec::new(), Vec::new());
    for row in 0..200_000_u32 {
        let x = [next(), next(), next() * next()];
        let mean = 0.1 + 0.3 * x[1] + 0.2 * x[2];
        let seen = next();
        columns.extend([1.0].into_iter().chain(x));
        clusters.push(row % 40);
        values.push(mean + seen);
        events.push(u64::from(seen < mean));
    }
    let design = Design::new(column_names(&["one", "a", "b", "c"]), columns).expect("columns");
    let response = match family {
        Family::Linear => Response::unweighted(values),
        _ => Response::Events {
            trials: vec![1; events.len()],
            events,
        },
    };
    let model = Model::new(family, design, response).expect("a model");
    (model, clusters)
}

#[divan::bench(args = [Family::Linear, Family::Logistic], sample_count = 10)]
fn wild_bootstrap_of_9999_draws(bencher: Bencher<'_, '_>, family: &Family) {
    let (model, clusters) = rows(*family);
    let resampling = Resampling {
        draws: 9999,
        seed: 287,
    };
    bencher.bench_local(|| {
        let test = model.wild_bootstrap("a", &clusters, WildWeights::Rademacher, resampling);
        test.expect("regular").expect("clusters vary").p.get()
    });
}

/// 3,000 places over 10 periods, nine cohorts and the never treated; x tells nothing.
fn places() -> (Vec<u32>, Observations) {
    let mut next = scattered();
    let (mut units, mut rows) = (Vec::new(), Observations::default());
    for unit in 0..3000_u32 {
        let first = match unit % 10 {
            0 => None,
            later => Some(later as i32 + 1),
        };
        for time in 1..=10 {
            units.push(unit);
            rows.time.push(time);
            rows.first_treated.push(first);
            rows.outcome.push(next() + f64::from(time));
        }
    }
    (units, rows)
}

/// The promise is 0.1 s.
#[divan::bench(sample_count = 10)]
fn staggered_adoption_of_three_thousand_places_with_bands(bencher: Bencher<'_, '_>) {
    let (units, rows) = places();
    bencher.bench_local(|| {
        let sample = Sample::panel(&units, &rows).expect("a panel");
        let found = sample.group_time(Plan::default()).expect("an estimate");
        let multipliers = found.multipliers(1000, 1).expect("draws");
        let aggregations = [
            Aggregation::Simple,
            Aggregation::Dynamic,
            Aggregation::Group,
            Aggregation::Calendar,
        ];
        aggregations.map(|aggregation| {
            let aggregate = found.aggregate(aggregation);
            aggregate.band(&multipliers, LEVEL).critical
        })
    });
}
