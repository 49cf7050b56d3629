//! Designs of one unit before and after: synthetic control and interrupted time series.

use serde::Deserialize;

use super::answer::Answer;
use super::designs::bounded;
use super::fields::{Confidence, Count};
use super::{Refusal, Request};
use crate::stats::interrupted_time_series::{InterruptedTimeSeries, Season};
use crate::stats::regression::Coefficient;
use crate::stats::synthetic_control::SyntheticControl;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SyntheticControlRequest {
    treated: Vec<f64>,
    donors: Vec<Vec<f64>>,
    before: usize,
}

impl Request for SyntheticControlRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let (donors, before) = (self.donors.len() as f64, self.before as f64);
        // Each placebo folds a growing set of donors, at most one more than periods, again and again.
        let corral = donors.min(before + 1.0);
        let steps = donors * corral * (corral * corral + donors) * before;
        bounded(steps, "ask for fewer donors or periods")?;
        let control = SyntheticControl::new(self.treated, self.donors, self.before)?;
        let (fit, test) = (control.fit()?, control.placebo_test()?);
        Ok(Answer::default()
            .with("effect", fit.effect)
            .with("rmspe_before", fit.rmspe_before)
            .with("rmspe_after", fit.rmspe_after)
            .with("ratio", test.ratio)
            .with("p", test.p.map(|p| p.get()))
            .with("floor", test.floor.get())
            .with("unique", f64::from(u8::from(fit.is_unique)))
            .with_all("weights", fit.weights.iter().copied())
            .with_all("gaps", fit.gaps.iter().copied())
            .with_all("placebo_ratio", test.placebos)
            .because("a unit is followed perfectly before treatment, so its ratio has no meaning"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterruptedRequest {
    counts: Vec<Count>,
    exposure: Option<Vec<f64>>,
    before: usize,
    season: Option<u32>,
    harmonics: Option<u32>,
    lag: Option<usize>,
    #[serde(default)]
    level: Confidence,
}

impl Request for InterruptedRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        let season = match (self.season, self.harmonics) {
            (None, None) => None,
            (Some(periods), harmonics) => Some(Season {
                periods,
                harmonics: harmonics.unwrap_or(1),
            }),
            (None, Some(_)) => {
                return Err(Refusal(
                    "`harmonics` needs the periods of its `season`".into(),
                ));
            }
        };
        let periods = self.counts.len() as f64;
        let columns = 4.0 + 2.0 * season.map_or(0.0, |s| f64::from(s.harmonics));
        let series = InterruptedTimeSeries::new(
            self.counts.iter().map(|count| count.0).collect(),
            self.exposure,
            self.before,
            season,
        )?;
        let lag = self.lag.unwrap_or(series.lag());
        let products = periods * columns * columns * (30.0 + lag as f64);
        bounded(products, "ask for fewer `harmonics` or a shorter `lag`")?;
        let fit = series.fit(lag)?;
        let answer = Answer::default()
            .with("lag", lag as f64)
            .with("dispersion", fit.dispersion());
        let answer = change(
            answer,
            ["level", "level_se", "level_p", "level_low", "level_high"],
            fit.level(self.level.0)?.as_ref(),
        );
        let answer = change(
            answer,
            ["slope", "slope_se", "slope_p", "slope_low", "slope_high"],
            fit.slope(self.level.0)?.as_ref(),
        );
        Ok(answer
            .with_all("fitted", fit.fitted)
            .with_all("without_change", fit.without_change)
            .because("the series does not vary about its fit"))
    }
}

/// A change of the series under its names.
fn change(answer: Answer, names: [&'static str; 5], line: Option<&Coefficient>) -> Answer {
    let [estimate, error, p, low, high] = names;
    answer
        .with(estimate, line.map(|c| c.estimate))
        .with(error, line.map(|c| c.std_error))
        .with(p, line.map(|c| c.p.get()))
        .ends(low, high, line.map(|c| c.interval))
}
