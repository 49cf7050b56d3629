//! The mean of estimates that have weights, such as thresholds of places weighted by their stops.

use super::StatsError;

/// The weighted mean of some values.
///
/// # Definition
/// `sum w v / sum w`, summed in the order given.
///
/// # Units
/// Those of the values.
///
/// # Edge cases
/// `Ok(None)` when all weights are 0, or there are none.
///
/// # Errors
/// [`StatsError::UnequalLengths`]; [`StatsError::OutOfRange`] for a value that is not finite, and for a weight that is
/// negative or not finite.
///
/// # Source
/// The definition; R `weighted.mean`.
pub fn weighted_mean(values: &[f64], weights: &[f64]) -> Result<Option<f64>, StatsError> {
    if values.len() != weights.len() {
        return Err(StatsError::UnequalLengths {
            what: "values and weights",
            left: values.len(),
            right: weights.len(),
        });
    }
    let out_of_range = |what, value, allowed| StatsError::OutOfRange {
        what,
        value,
        allowed,
    };
    if let Some(&odd) = values.iter().find(|value| !value.is_finite()) {
        return Err(out_of_range("value", odd, "finite"));
    }
    if let Some(&odd) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
        return Err(out_of_range("weight", odd, "finite and from 0"));
    }
    let total: f64 = weights.iter().sum();
    let sum: f64 = values.iter().zip(weights).map(|(v, w)| v * w).sum();
    Ok((total > 0.0).then(|| sum / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_counts_as_often_as_it_says() {
        assert_eq!(weighted_mean(&[0.2, 0.5], &[3.0, 1.0]), Ok(Some(0.275)));
        assert_eq!(weighted_mean(&[0.2, 0.5], &[0.0, 0.0]), Ok(None));
        assert_eq!(weighted_mean(&[], &[]), Ok(None));
        assert!(weighted_mean(&[0.2], &[]).is_err());
        assert!(weighted_mean(&[f64::NAN], &[1.0]).is_err());
        assert!(weighted_mean(&[0.2], &[-1.0]).is_err());
    }
}
