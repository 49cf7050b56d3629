//! evenhand's side of `scripts/peers.sh`: reads the cases of a folder, answers them one after the other on one thread
//! and writes answers and seconds beside them.
//!
//! Numbers go to and from the folder as 64-bit floats, little-endian, without a header. Each time is the shortest of
//! several runs of the calls alone, cases in memory and answers too; of the rows it is the whole way from the study
//! file and its CSV to the clustered errors.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use evenhand::analyses::{Answers, Effort};
use evenhand::pipeline;
use evenhand::stats::proportion::{Proportion, ProportionMethod};
use evenhand::stats::rate::{Rate, RateMethod};
use evenhand::stats::regression::{Design, Family, Model, Resampling, Response, WildWeights};
use evenhand::stats::two_by_two::TwoByTwo;
use evenhand::stats::{ExactForm, Interval, Level};
use evenhand::study::Study;
use evenhand::world::World;

/// Runs of each, of which the shortest counts.
const RUNS: usize = 3;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = std::env::args().nth(1).ok_or("usage: peers FOLDER")?;
    let mut peers = Peers {
        folder: folder.into(),
        world: World::new(None, Some(NonZeroUsize::MIN)),
        seconds: BTreeMap::new(),
    };
    peers.intervals()?;
    peers.tables()?;
    peers.rows()?;
    peers.bootstrap()?;
    let seconds = serde_json::to_vec_pretty(&peers.seconds)?;
    Ok(peers.world.write(&peers.path("evenhand.json"), &seconds)?)
}

struct Peers {
    folder: PathBuf,
    world: World,
    seconds: BTreeMap<&'static str, f64>,
}

impl Peers {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn read(&self, name: &str) -> Outcome<Vec<f64>> {
        let bytes = self.world.read(&self.path(name))?;
        let number = |eight: &[u8]| f64::from_le_bytes(eight.try_into().expect("eight bytes"));
        Ok(bytes.chunks_exact(8).map(number).collect())
    }

    fn write(&self, name: &str, numbers: impl IntoIterator<Item = f64>) -> Outcome<()> {
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f64::to_le_bytes).collect();
        Ok(self.world.write(&self.path(name), &bytes)?)
    }

    /// Notes the shortest time of some runs; the answer of the last.
    fn timed<T>(&mut self, what: &'static str, run: impl Fn() -> T) -> T {
        let mut answer = None;
        for _ in 0..RUNS {
            let (seconds, given) = stopwatch(&run);
            let least = self.seconds.entry(what).or_insert(f64::INFINITY);
            *least = least.min(seconds);
            answer = Some(given);
        }
        answer.expect("there is a run")
    }

    /// (a) Clopper-Pearson and Garwood intervals.
    fn intervals(&mut self) -> Outcome<()> {
        let level = Level::NINETY_FIVE;
        let counts = self.read("counts.f64")?;
        let pairs = || {
            counts
                .chunks_exact(2)
                .map(|pair| (pair[0] as u64, pair[1] as u64))
        };
        let shares: Vec<Proportion> = pairs()
            .map(|(x, n)| Proportion::new(x, n))
            .collect::<Result<_, _>>()?;
        let rates: Vec<Rate> = pairs()
            .map(|(x, _)| Rate::new(x, 1.0))
            .collect::<Result<_, _>>()?;
        let exact = self.timed("clopper_pearson", || {
            let intervals = shares
                .iter()
                .map(|share| share.interval(ProportionMethod::ClopperPearson, level));
            intervals.collect::<Option<Vec<Interval>>>()
        });
        let garwood = self.timed("garwood", || {
            let intervals = rates
                .iter()
                .map(|rate| rate.interval(RateMethod::Garwood, level));
            intervals.collect::<Option<Vec<Interval>>>()
        });
        let ends = |intervals: Option<Vec<Interval>>| {
            let intervals = intervals.expect("there are trials and exposure");
            intervals.into_iter().flat_map(|i| [i.low, i.high])
        };
        self.write("clopper_pearson.f64", ends(exact))?;
        self.write("garwood.f64", ends(garwood))
    }

    /// (b) Fisher's two-sided test; the time is that of the slowest table.
    fn tables(&mut self) -> Outcome<()> {
        let cells = self.read("tables.f64")?;
        let mut answers = Vec::new();
        let mut slowest = 0.0_f64;
        for cell in cells.chunks_exact(4) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|i| cell[i] as u64);
            let table = TwoByTwo::from_cells(a, b, c, d)?;
            let fisher = || table.fisher(ExactForm::MinimumLikelihood);
            self.seconds.remove("fisher");
            let p = self.timed("fisher", fisher).ok_or("no trials")?;
            slowest = slowest.max(self.seconds["fisher"]);
            answers.push(p.get());
        }
        self.seconds.insert("fisher", slowest);
        self.write("fisher.f64", answers)
    }

    /// (c) A study of a million rows up to its regression; drawing and writing are left out.
    fn rows(&mut self) -> Outcome<()> {
        let (path, world) = (self.path("rows.toml"), self.world.clone());
        let lines = self.timed("logit", || regression_lines(&path, &world))?;
        self.write("logit.f64", lines)
    }

    /// (d) The wild bootstrap of rows, linear and logistic.
    fn bootstrap(&mut self) -> Outcome<()> {
        let rows = self.read("bootstrap.f64")?;
        let mut answers = Vec::new();
        for (what, family) in [
            ("bootstrap_linear", Family::Linear),
            ("bootstrap_logistic", Family::Logistic),
        ] {
            let (model, clusters) = bootstrap_model(&rows, family)?;
            let resampling = Resampling {
                draws: 9999,
                seed: 287,
            };
            let test = self.timed(what, || {
                model.wild_bootstrap("a", &clusters, WildWeights::Rademacher, resampling)
            });
            let test = test?.ok_or("no cluster varies")?;
            answers.extend([test.statistic, test.p.get()]);
        }
        self.write("bootstrap_answers.f64", answers)
    }
}

#[expect(clippy::disallowed_methods, reason = "this program measures time")]
fn stopwatch<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = std::time::Instant::now();
    let answer = run();
    (start.elapsed().as_secs_f64(), answer)
}

/// Log odds ratio and clustered error of each group, by the program's own way from the study file.
fn regression_lines(study: &Path, world: &World) -> Result<Vec<f64>, evenhand::error::Error> {
    let study = Study::read(world, study)?;
    let reading = pipeline::read(&study, world)?;
    let planned = &study.analyses[0];
    let finding = planned.analysis.run(&Answers {
        setting: &study.setting,
        tables: &reading.tables[0],
        baselines: &reading.baselines,
        statuses: &reading.statuses,
        seen: &reading.seen,
        sun: reading.sun.as_ref(),
        id: &planned.id,
        seed: study.seed(world),
        threads: world.threads(),
        effort: Effort::Run,
    })?;
    let ratios = finding
        .lines
        .iter()
        .filter(|line| line.estimand.name == "adjusted_odds_ratio");
    let numbers = ratios.flat_map(|line| {
        let estimate = line.estimate.expect("a regular regression");
        [estimate.ln(), line.std_error.expect("clusters")]
    });
    Ok(numbers.collect())
}

/// Rows of a value, an event, a cluster and three covariates.
fn bootstrap_model(rows: &[f64], family: Family) -> Outcome<(Model, Vec<u32>)> {
    let rows = || rows.chunks_exact(6);
    let names = ["one", "a", "b", "c"].map(str::to_owned).to_vec();
    let columns = rows().flat_map(|row| [1.0, row[3], row[4], row[5]]);
    let design = Design::new(names, columns.collect())?;
    let response = match family {
        Family::Linear => Response::unweighted(rows().map(|row| row[0]).collect()),
        _ => Response::Events {
            events: rows().map(|row| row[1] as u64).collect(),
            trials: rows().map(|_| 1).collect(),
        },
    };
    let clusters = rows().map(|row| row[2] as u32).collect();
    Ok((Model::new(family, design, response)?, clusters))
}
