//! Limits of a coefficient by the wild cluster bootstrap: the values that its test does not refuse.

use super::RegressionError;
use super::model::Model;
use super::wild::{Resampling, WildWeights};
use crate::stats::{Interval, Level};

/// Steps outwards, each twice as long, before an end is taken for infinite.
const DOUBLINGS: u32 = 12;

/// Halvings between a value that is refused and one that is not: 1e-5 of the first step.
const HALVINGS: u32 = 17;

impl Model {
    /// Confidence limits of a coefficient by the wild cluster bootstrap.
    ///
    /// # Definition
    /// The ends of the values b nearest to the estimate at which [`Model::wild_bootstrap`] of the hypothesis "the
    /// coefficient is b" has p of at least `1 - level`: the model is shifted by b times the column and tested for 0.
    /// All values are tested with the same draws.
    ///
    /// # Units
    /// Those of the coefficient.
    ///
    /// # Edge cases
    /// Each end is found to 1e-5 of `step`, which is best the clustered standard error. An end further than 4,000 steps
    /// from the estimate is infinite, as both are where even the smallest p of few clusters exceeds `1 - level`. The
    /// limits are not symmetric. A value at which the model cannot be fitted any more is not refused, and no p between the estimate and an end is looked at but those of the search.
    /// `Ok(None)` when no cluster varies.
    ///
    /// # Errors
    /// As [`Model::wild_bootstrap`].
    ///
    /// # Source
    /// Davidson and MacKinnon (2010); MacKinnon (2015), inversion of bootstrap tests.
    pub fn wild_interval(
        &self,
        (name, clusters): (&str, &[u32]),
        weights: WildWeights,
        resampling: Resampling,
        (estimate, step, level): (f64, f64, Level),
    ) -> Result<Option<Interval>, RegressionError> {
        let column = self.column(name)?;
        let is_refused = |value: f64| -> Result<Option<bool>, RegressionError> {
            let model = self.shifted(column, value);
            match model.wild_bootstrap(name, clusters, weights, resampling) {
                Ok(test) => Ok(test.map(|test| test.p.get() < 1.0 - level.get())),
                // So far from the data that nothing can be fitted: not refused, so that the interval is not too short.
                Err(RegressionError::NoConvergence { .. }) => Ok(Some(false)),
                Err(fault) => Err(fault),
            }
        };
        let end = |direction: f64| -> Result<Option<f64>, RegressionError> {
            let at = |length: f64| estimate + direction * length;
            let (mut inside, mut outside) = (0.0, step);
            for doubling in 0..=DOUBLINGS {
                match is_refused(at(outside))? {
                    None => return Ok(None),
                    Some(true) => break,
                    Some(false) if doubling == DOUBLINGS => {
                        return Ok(Some(direction * f64::INFINITY));
                    }
                    Some(false) => (inside, outside) = (outside, 2.0 * outside),
                }
            }
            for _ in 0..HALVINGS {
                let middle = f64::midpoint(inside, outside);
                match is_refused(at(middle))? {
                    None => return Ok(None),
                    Some(true) => outside = middle,
                    Some(false) => inside = middle,
                }
            }
            Ok(Some(at(inside)))
        };
        let ends = end(-1.0)?.zip(end(1.0)?);
        Ok(ends.map(|(low, high)| Interval::new(low, high)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::regression::{Design, Family, Response};

    const CLUSTERS: [u32; 24] = [
        0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11,
    ];

    fn model(y: &[f64]) -> Model {
        let names = vec!["one".to_owned(), "x".to_owned()];
        let x = |i: usize| (i * i % 7) as f64;
        let values = (0..y.len()).flat_map(|i| [1.0, x(i)]).collect();
        let design = Design::new(names, values).expect("valid");
        Model::new(Family::Linear, design, Response::unweighted(y.to_vec())).expect("valid")
    }

    /// The response less b times the column, tested for 0, which needs no offset.
    #[test]
    fn values_within_are_not_refused_and_values_beyond_are() {
        let y: Vec<f64> = (0..24)
            .map(|i| 0.3 * (i * i % 7) as f64 + (i * 5 % 11) as f64)
            .collect();
        let resampling = Resampling {
            draws: 9_999,
            seed: 1,
        };
        let fit = model(&y).fit().expect("regular");
        let estimate = fit.coefficient("x").expect("kept");
        let interval = model(&y)
            .wild_interval(
                ("x", &CLUSTERS),
                WildWeights::Rademacher,
                resampling,
                (estimate, 0.3, Level::NINETY_FIVE),
            )
            .expect("regular")
            .expect("defined");
        let p = |b: f64| {
            let shifted: Vec<f64> = y
                .iter()
                .enumerate()
                .map(|(i, y)| y - b * (i * i % 7) as f64)
                .collect();
            let test =
                model(&shifted).wild_bootstrap("x", &CLUSTERS, WildWeights::Rademacher, resampling);
            test.expect("regular").expect("defined").p.get()
        };
        assert!(interval.low < estimate && estimate < interval.high);
        for (end, outward) in [(interval.low, -1e-4), (interval.high, 1e-4)] {
            assert!(
                p(end - outward) >= 0.05 && p(end + outward) < 0.05,
                "{end}: {} {}",
                p(end - outward),
                p(end + outward)
            );
        }
    }

    #[test]
    fn so_few_clusters_that_nothing_is_refused_leave_both_ends_open() {
        let y = [1.0, 2.0, 2.0, 5.0, 3.0, 4.0, 4.0, 7.0];
        let resampling = Resampling {
            draws: 999,
            seed: 1,
        };
        let interval = model(&y).wild_interval(
            ("x", &CLUSTERS[..8]),
            WildWeights::Rademacher,
            resampling,
            (0.0, 1.0, Level::NINETY_FIVE),
        );
        let interval = interval.expect("regular").expect("defined");
        assert_eq!(
            (interval.low, interval.high),
            (f64::NEG_INFINITY, f64::INFINITY)
        );
    }
}
