//! Designs of many units before and after: difference in differences and staggered adoption.

use serde::Deserialize;

use super::answer::Answer;
use super::fields::{Confidence, Keys};
use super::{Refusal, Request};
use crate::stats::difference_in_differences::{DifferenceInDifferences, Row};
use crate::stats::group_time::{
    Adjustment, Aggregate, Aggregation, Band, BasePeriod, Control, Covariate, GroupTime,
    Observations, Plan, Sample,
};
use crate::stats::regression::{Clusters, Coefficient, CovarianceKind, Test};
use crate::stats::two_way::EventTime;
use crate::stats::{Interval, Level};

/// Products of a request beyond which it is refused: some seconds of one processor.
const MOST: f64 = 1e9;

/// Refuses what would take minutes, and says what to ask instead.
pub(super) fn bounded(products: f64, instead: &str) -> Result<(), Refusal> {
    if products <= MOST {
        return Ok(());
    }
    Err(Refusal(format!(
        "{products:.2e} products are needed, at most {MOST:.2e} are made: {instead}"
    )))
}

/// The one key of ids there must be.
fn one_key(keys: &Keys, what: &str) -> Result<Vec<u32>, Refusal> {
    let mut codes = keys.codes();
    match (codes.pop(), codes.is_empty()) {
        (Some(key), true) => Ok(key),
        _ => Err(Refusal(format!("`{what}` is one array of ids"))),
    }
}

/// The rows of a panel as a request gives them.
struct Panel<'r> {
    unit: &'r Keys,
    time: &'r [i32],
    first_treated: &'r [Option<i32>],
    y: &'r [f64],
    weights: Option<&'r Vec<f64>>,
    cluster: Option<&'r Keys>,
}

impl Panel<'_> {
    fn observations(&self) -> Result<Observations, Refusal> {
        Ok(Observations {
            time: self.time.to_vec(),
            first_treated: self.first_treated.to_vec(),
            outcome: self.y.to_vec(),
            weight: self.weights.cloned(),
            cluster: self
                .cluster
                .map(|keys| one_key(keys, "cluster"))
                .transpose()?,
            covariates: Vec::new(),
        })
    }

    fn sample(&self) -> Result<Sample, Refusal> {
        Ok(Sample::panel(
            &one_key(self.unit, "unit")?,
            &self.observations()?,
        )?)
    }
}

fn with_coefficient(answer: Answer, line: Option<&Coefficient>) -> Answer {
    answer
        .with("std_error", line.map(|c| c.std_error))
        .with("p", line.map(|c| c.p.get()))
        .between(line.map(|c| c.interval))
        .with(
            "df",
            line.map(|c| c.df.map_or(f64::INFINITY, |df| df as f64)),
        )
}

fn with_test(answer: Answer, test: Option<&Test>) -> Answer {
    answer
        .with("pre_trend", test.map(|t| t.statistic))
        .with("pre_trend_df", test.map(|t| t.df as f64))
        .with("pre_trend_p", test.map(|t| t.p.get()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DifferenceRequest {
    treated: Vec<u8>,
    after: Vec<u8>,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    cluster: Option<Keys>,
    #[serde(default)]
    level: Confidence,
}

impl Request for DifferenceRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let n = self.y.len();
        let lengths = [
            self.treated.len(),
            self.after.len(),
            self.weights.as_ref().map_or(n, Vec::len),
        ];
        if lengths.iter().any(|&len| len != n) {
            return Err(Refusal(
                "`treated`, `after`, `y` and `weights` must be equally long".into(),
            ));
        }
        if self
            .treated
            .iter()
            .chain(&self.after)
            .any(|&value| value > 1)
        {
            return Err(Refusal("`treated` and `after` hold 0 and 1".into()));
        }
        let rows: Vec<Row> = (0..n)
            .map(|i| Row {
                is_treated: self.treated[i] == 1,
                is_after: self.after[i] == 1,
                outcome: self.y[i],
                weight: self.weights.as_ref().map_or(1.0, |weights| weights[i]),
            })
            .collect();
        let found = DifferenceInDifferences::new(&rows)?;
        let kind = match &self.cluster {
            Some(keys) => CovarianceKind::Cr1(Clusters::OneWay(one_key(keys, "cluster")?)),
            None => CovarianceKind::Hc1,
        };
        let line = found.estimate(&kind, self.level.0)?;
        let cells = found.cells();
        let answer = Answer::default()
            .with("estimate", cells.difference())
            .with("treated_before", cells.treated_before.mean)
            .with("treated_after", cells.treated_after.mean)
            .with("control_before", cells.control_before.mean)
            .with("control_after", cells.control_after.mean);
        Ok(with_coefficient(answer, line.as_ref()).because("nothing varies within the four cells"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TwoWayRequest {
    unit: Keys,
    time: Vec<i32>,
    first_treated: Vec<Option<i32>>,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    cluster: Option<Keys>,
    #[serde(default)]
    level: Confidence,
}

impl Request for TwoWayRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let panel = Panel {
            unit: &self.unit,
            time: &self.time,
            first_treated: &self.first_treated,
            y: &self.y,
            weights: self.weights.as_ref(),
            cluster: self.cluster.as_ref(),
        };
        let sample = panel.sample()?;
        let cohorts = sample.cohorts().count() as f64;
        bounded(
            cohorts * cohorts * sample.times().len() as f64,
            "merge periods of adoption",
        )?;
        let parts = sample.bacon()?;
        let line = sample.two_way()?.estimate(self.level.0)?;
        let estimate: f64 = parts.iter().map(|part| part.weight * part.estimate).sum();
        let answer =
            Answer::default().with("estimate", line.as_ref().map_or(estimate, |c| c.estimate));
        Ok(with_coefficient(answer, line.as_ref())
            .with_all("part_treated", parts.iter().map(|p| f64::from(p.treated)))
            .with_all(
                "part_control",
                parts
                    .iter()
                    .map(|p| p.control.map_or(f64::INFINITY, f64::from)),
            )
            .with_all("part_estimate", parts.iter().map(|p| p.estimate))
            .with_all("part_weight", parts.iter().map(|p| p.weight))
            .because("nothing varies beside the effects of units and periods"))
    }
}

/// How effects by time since treatment are estimated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventMethod {
    #[default]
    Regression,
    SunAbraham,
    Imputation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventStudyRequest {
    unit: Keys,
    time: Vec<i32>,
    first_treated: Vec<Option<i32>>,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    cluster: Option<Keys>,
    #[serde(default)]
    method: EventMethod,
    reference: Option<i32>,
}

impl Request for EventStudyRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        if self.reference.is_some() && self.method != EventMethod::Regression {
            return Err(Refusal(
                "`reference` belongs to the method regression; Sun and Abraham take -1".into(),
            ));
        }
        let panel = Panel {
            unit: &self.unit,
            time: &self.time,
            first_treated: &self.first_treated,
            y: &self.y,
            weights: self.weights.as_ref(),
            cluster: self.cluster.as_ref(),
        };
        let sample = panel.sample()?;
        let (cohorts, periods) = (sample.cohorts().count() as f64, sample.times().len() as f64);
        let columns = match self.method {
            EventMethod::SunAbraham => cohorts * periods,
            EventMethod::Regression | EventMethod::Imputation => cohorts + periods,
        };
        let instead = "ask for fewer periods, or merge periods of adoption";
        bounded(self.y.len() as f64 * columns * columns, instead)?;
        let listed = |by: &[EventTime]| {
            Answer::default()
                .with_all("at", by.iter().map(|point| f64::from(point.at)))
                .with_all("effect", by.iter().map(|point| point.effect))
                .with_all("std_error", by.iter().map(|point| point.std_error))
        };
        let answer = match self.method {
            EventMethod::Regression => {
                let study = sample.event_study(self.reference.unwrap_or(-1))?;
                with_test(listed(&study.by()), study.pre_trend()?.as_ref())
            }
            EventMethod::SunAbraham => {
                let found = sample.sun_abraham()?;
                let answer = listed(&found.by).with("overall", found.effect);
                answer.with("overall_std_error", found.std_error)
            }
            EventMethod::Imputation => {
                let found = sample.imputation()?;
                let answer = listed(&found.by).with("overall", found.effect);
                answer.with("overall_std_error", found.std_error)
            }
        };
        Ok(answer.because("the reference has no error, and where nothing varies there is none"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupTimeRequest {
    unit: Option<Keys>,
    time: Vec<i32>,
    first_treated: Vec<Option<i32>>,
    y: Vec<f64>,
    weights: Option<Vec<f64>>,
    cluster: Option<Keys>,
    #[serde(default)]
    x: Vec<Vec<f64>>,
    #[serde(default)]
    control: Control,
    #[serde(default)]
    base: BasePeriod,
    #[serde(default)]
    method: Adjustment,
    #[serde(default)]
    anticipation: u32,
    draws: Option<u32>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    level: Confidence,
}

/// The names of the numbers of an aggregation: overall with its error, then parts with errors and bands.
struct Names {
    aggregation: Aggregation,
    overall: [&'static str; 2],
    parts: [&'static str; 6],
}

const AGGREGATES: [Names; 3] = [
    Names {
        aggregation: Aggregation::Dynamic,
        overall: ["dynamic_overall", "dynamic_overall_se"],
        parts: [
            "dynamic_at",
            "dynamic",
            "dynamic_se",
            "dynamic_low",
            "dynamic_high",
            "dynamic_critical",
        ],
    },
    Names {
        aggregation: Aggregation::Group,
        overall: ["group_overall", "group_overall_se"],
        parts: [
            "group_at",
            "group",
            "group_se",
            "group_low",
            "group_high",
            "group_critical",
        ],
    },
    Names {
        aggregation: Aggregation::Calendar,
        overall: ["calendar_overall", "calendar_overall_se"],
        parts: [
            "calendar_at",
            "calendar",
            "calendar_se",
            "calendar_low",
            "calendar_high",
            "calendar_critical",
        ],
    },
];

impl GroupTimeRequest {
    fn sample(&self) -> Result<Sample, Refusal> {
        let observations = Observations {
            time: self.time.clone(),
            first_treated: self.first_treated.clone(),
            outcome: self.y.clone(),
            weight: self.weights.clone(),
            cluster: self
                .cluster
                .as_ref()
                .map(|keys| one_key(keys, "cluster"))
                .transpose()?,
            covariates: (self.x.iter().enumerate())
                .map(|(j, values)| Covariate {
                    name: format!("x{}", j + 1),
                    values: values.clone(),
                })
                .collect(),
        };
        Ok(match &self.unit {
            Some(keys) => Sample::panel(&one_key(keys, "unit")?, &observations)?,
            None => Sample::cross_sections(&observations)?,
        })
    }

    /// Refuses more cells, rows and draws than seconds suffice for.
    fn bounded(&self, sample: &Sample) -> Result<(), Refusal> {
        let cells = sample.cohorts().count() as f64 * sample.times().len() as f64;
        let (n, x) = (sample.observations() as f64, self.x.len() as f64 + 1.0);
        let columns = if self.x.is_empty() && self.unit.is_some() {
            sample.times().len() as f64 + 1.0
        } else if self.x.is_empty() {
            2.0
        } else {
            cells + x * x * cells
        };
        bounded(n * cells * columns, "merge periods, or periods of adoption")?;
        let draws = f64::from(self.draws.unwrap_or(0));
        bounded(
            draws * (n * columns + cells * cells),
            "ask for fewer `draws`",
        )
    }

    fn aggregated(&self, mut answer: Answer, found: &GroupTime) -> Result<Answer, Refusal> {
        let multipliers = self
            .draws
            .map(|draws| found.multipliers(draws, self.seed))
            .transpose()?;
        let simple = found.aggregate(Aggregation::Simple).overall;
        answer = answer
            .with("simple", simple.effect)
            .with("simple_se", simple.std_error);
        for names in &AGGREGATES {
            let aggregate: Aggregate = found.aggregate(names.aggregation);
            let [overall, error] = names.overall;
            let [at, effect, se, low, high, critical] = names.parts;
            answer = answer
                .with(overall, aggregate.overall.effect)
                .with(error, aggregate.overall.std_error)
                .with_all(at, aggregate.by.iter().map(|p| p.at.map(f64::from)))
                .with_all(effect, aggregate.by.iter().map(|p| p.effect))
                .with_all(se, aggregate.by.iter().map(|p| p.std_error));
            if let Some(multipliers) = &multipliers {
                let band: Band = aggregate.band(multipliers, self.level.0);
                let end = |of: fn(&Interval) -> f64| {
                    band.intervals.iter().map(move |i| i.as_ref().map(of))
                };
                answer = answer
                    .with_all(low, end(|i| i.low))
                    .with_all(high, end(|i| i.high))
                    .with(critical, band.critical);
            }
        }
        Ok(answer)
    }
}

impl Request for GroupTimeRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let sample = self.sample()?;
        self.bounded(&sample)?;
        let found = sample.group_time(Plan {
            control: self.control,
            base: self.base,
            adjustment: self.method,
            anticipation: self.anticipation,
        })?;
        let cells = found.cells();
        let answer = Answer::default()
            .with_all("cohort", cells.iter().map(|c| f64::from(c.cohort)))
            .with_all("time", cells.iter().map(|c| f64::from(c.time)))
            .with_all("base", cells.iter().map(|c| f64::from(c.base)))
            .with_all("effect", cells.iter().map(|c| c.effect))
            .with_all("std_error", cells.iter().map(|c| c.std_error))
            .with_all("treated", cells.iter().map(|c| c.treated as f64))
            .with_all("controls", cells.iter().map(|c| c.controls as f64));
        let answer = self
            .aggregated(answer, &found)?
            .with("clusters", found.clusters() as f64);
        let answer = with_test(answer, found.pre_trend().as_ref());
        Ok(answer.because(
            "a base period has no error; a side with fewer than 2 units, or covariates that are collinear or tell the \
             treated from the controls, leave a cell and what needs it undefined",
        ))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SyntheticDidRequest {
    unit: Keys,
    time: Vec<i32>,
    first_treated: Vec<Option<i32>>,
    y: Vec<f64>,
    draws: Option<u32>,
    #[serde(default)]
    seed: u64,
    #[serde(default)]
    level: Confidence,
}

impl Request for SyntheticDidRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let panel = Panel {
            unit: &self.unit,
            time: &self.time,
            first_treated: &self.first_treated,
            y: &self.y,
            weights: None,
            cluster: None,
        };
        let sample = panel.sample()?;
        let (units, periods) = (sample.observations() as f64, sample.times().len() as f64);
        // With a ridge every control may have a weight, each of which is one more step of least squares.
        let cohorts = sample.cohorts().count() as f64;
        let fits = cohorts * (f64::from(self.draws.unwrap_or(0)) + 1.0);
        let steps = fits * (units * units * units * (units + periods) + periods.powi(4));
        bounded(steps / 4.0, "ask for fewer units or `draws`")?;
        let found = sample.synthetic_did()?;
        let error = self
            .draws
            .map(|draws| found.placebo_std_error(draws, self.seed))
            .transpose()?;
        let mut answer = Answer::default()
            .with("effect", found.effect)
            .with_all("cohort", found.cohorts.iter().map(|(g, _)| f64::from(*g)))
            .with_all(
                "cohort_effect",
                found.cohorts.iter().map(|(_, fit)| fit.effect),
            )
            .with_all("zeta", found.cohorts.iter().map(|(_, fit)| fit.zeta));
        if let Some(error) = error {
            answer =
                answer
                    .with("std_error", error)
                    .between(normal(found.effect, error, self.level.0));
        }
        Ok(answer)
    }
}

/// The normal interval of an estimate.
fn normal(estimate: f64, error: f64, level: Level) -> Option<Interval> {
    let reach = level.z() * error;
    Some(Interval::new(estimate - reach, estimate + reach))
}
