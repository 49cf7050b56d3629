//! The mean of estimates with weights.

use serde::Deserialize;

use super::answer::Answer;
use super::{Refusal, Request};
use crate::stats::weighted_mean::weighted_mean;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WeightedMeanRequest {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl Request for WeightedMeanRequest {
    fn answer(self) -> Result<Answer, Refusal> {
        Ok(Answer::default()
            .with("estimate", weighted_mean(&self.values, &self.weights)?)
            .because("all weights are 0, or there are none"))
    }
}
