//! From values to positions: the range an axis covers and where a value falls on it.
//!
//! An axis covers every estimate; the ends of intervals may stretch it only so far, because one interval of a small
//! unit would otherwise squeeze all others. What lies beyond is reported as such, and drawn with an arrow.

use super::parts::{Axis, AxisScale, Interval, Mark};

/// Factor by which interval ends may stretch a logarithmic axis beyond the estimates.
const LOG_STRETCH: f64 = 5.0;
/// Share of the span of the estimates by which interval ends may stretch a linear axis.
const LINEAR_STRETCH: f64 = 1.2;
/// Estimates outside these bounds do not stretch an axis at all.
const LIMITS: (f64, f64) = (1e-9, 1e9);
/// Least factor that a logarithmic axis covers.
const LEAST_FACTOR: f64 = 1.25;

/// The range that an axis must cover, collected value by value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    scale: AxisScale,
    values: Option<(f64, f64)>,
    ends: Option<(f64, f64)>,
}

impl Extent {
    pub(super) fn new(scale: AxisScale) -> Self {
        let zero = (scale == AxisScale::Linear).then_some((0.0, 0.0));
        Self {
            scale,
            values: zero,
            ends: None,
        }
    }

    /// A linear range of counts that need no zero.
    pub(super) fn without_zero() -> Self {
        Self {
            scale: AxisScale::Linear,
            values: None,
            ends: None,
        }
    }

    /// The range of an axis with its reference and these marks.
    pub(super) fn of<'a>(axis: &Axis, marks: impl Iterator<Item = &'a Mark>) -> Self {
        let mut extent = Self::new(axis.scale);
        if let Some(reference) = &axis.reference {
            extent.value(reference.value);
        }
        for mark in marks {
            if let Some(value) = mark.value {
                extent.value(value);
            }
            for interval in [mark.headline, mark.counting].into_iter().flatten() {
                extent.interval(interval);
            }
        }
        extent
    }

    /// Takes in an estimate, unless it is off every scale.
    pub(super) fn value(&mut self, value: f64) {
        self.values = widened(self.values, self.usable(value));
    }

    /// Takes in both ends of an interval.
    pub(super) fn interval(&mut self, interval: Interval) {
        for end in [interval.low, interval.high] {
            self.ends = widened(self.ends, self.usable(end));
        }
    }

    fn usable(&self, value: f64) -> Option<f64> {
        let seen = match self.scale {
            AxisScale::Log => (LIMITS.0..=LIMITS.1).contains(&value),
            AxisScale::Linear => value.abs() <= LIMITS.1,
        };
        seen.then_some(value)
    }

    /// Lowest and highest value of the axis, `low < high`, both positive if it is logarithmic.
    pub(super) fn range(&self) -> (f64, f64) {
        match self.scale {
            AxisScale::Linear => self.linear_range(),
            AxisScale::Log => self.log_range(),
        }
    }

    fn linear_range(&self) -> (f64, f64) {
        let (low, high) = self.values.unwrap_or((0.0, 0.0));
        let (end_low, end_high) = self.ends.unwrap_or((low, high));
        let span = high - low;
        let reach = if span > 0.0 {
            span * LINEAR_STRETCH
        } else {
            f64::INFINITY
        };
        let (low, high) = (
            low.min(end_low.max(low - reach)),
            high.max(end_high.min(high + reach)),
        );
        if high - low > 1e-12 {
            (low, high)
        } else {
            (low, low + 1.0)
        }
    }

    fn log_range(&self) -> (f64, f64) {
        let (low, high) = self.values.or(self.ends).unwrap_or((1.0, 1.0));
        let (end_low, end_high) = self.ends.unwrap_or((low, high));
        let low = low.min(end_low.max(low / LOG_STRETCH));
        let high = high.max(end_high.min(high * LOG_STRETCH));
        let missing = (LEAST_FACTOR / (high / low)).max(1.0).sqrt();
        (low / missing, high * missing)
    }
}

fn widened(range: Option<(f64, f64)>, value: Option<f64>) -> Option<(f64, f64)> {
    match (range, value) {
        (Some((low, high)), Some(v)) => Some((low.min(v), high.max(v))),
        (None, Some(v)) => Some((v, v)),
        (range, None) => range,
    }
}

/// Where a value falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Spot {
    /// On the axis, at this position.
    At(f64),
    /// Before its start.
    Below,
    /// Beyond its end.
    Above,
}

/// A range laid along a stretch of the picture. The stretch may run backwards, as vertical axes do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    kind: AxisScale,
    range: (f64, f64),
    stretch: (f64, f64),
}

impl Scale {
    pub(super) fn new(extent: &Extent, stretch: (f64, f64)) -> Self {
        Self {
            kind: extent.scale,
            range: extent.range(),
            stretch,
        }
    }

    /// The same range along another stretch.
    pub(super) fn along(self, stretch: (f64, f64)) -> Self {
        Self { stretch, ..self }
    }

    pub(super) fn kind(&self) -> AxisScale {
        self.kind
    }

    pub(super) fn range(&self) -> (f64, f64) {
        self.range
    }

    pub(super) fn stretch(&self) -> (f64, f64) {
        self.stretch
    }

    /// Where the value falls; a NaN is nowhere.
    pub(super) fn spot(&self, value: f64) -> Option<Spot> {
        // Rounding must not push the extreme value itself off the axis.
        let slack = 1e-9;
        let part = match self.kind {
            _ if value.is_nan() => return None,
            AxisScale::Log if value <= 0.0 => f64::NEG_INFINITY,
            AxisScale::Log => {
                libm::log(value / self.range.0) / libm::log(self.range.1 / self.range.0)
            }
            AxisScale::Linear => (value - self.range.0) / (self.range.1 - self.range.0),
        };
        Some(if part < -slack {
            Spot::Below
        } else if part > 1.0 + slack {
            Spot::Above
        } else {
            Spot::At(self.stretch.0 + part.clamp(0.0, 1.0) * (self.stretch.1 - self.stretch.0))
        })
    }

    /// Position of the value, moved to the nearer end of the axis if it is beyond; the start for a NaN.
    pub(super) fn position(&self, value: f64) -> f64 {
        match self.spot(value) {
            Some(Spot::At(position)) => position,
            Some(Spot::Above) => self.stretch.1,
            Some(Spot::Below) | None => self.stretch.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(scale: AxisScale, values: &[f64]) -> Extent {
        let mut extent = Extent::new(scale);
        values.iter().for_each(|v| extent.value(*v));
        extent
    }

    #[test]
    fn linear_axes_show_zero_and_intervals_stretch_them_only_so_far() {
        let mut rates = extent(AxisScale::Linear, &[2.0, 10.0]);
        assert_eq!(rates.range(), (0.0, 10.0));
        rates.interval(Interval {
            low: 1.0,
            high: 500.0,
        });
        assert_eq!(rates.range(), (0.0, 22.0));
        rates.interval(Interval {
            low: f64::NAN,
            high: f64::INFINITY,
        });
        assert_eq!(rates.range(), (0.0, 22.0));
    }

    #[test]
    fn log_axes_are_positive_whatever_comes() {
        for values in [
            &[][..],
            &[0.0],
            &[-3.0, f64::NAN],
            &[1.0, 1.0],
            &[1e-300, 1e300],
            &[1e-6, 1e6],
        ] {
            let (low, high) = extent(AxisScale::Log, values).range();
            assert!(
                low > 0.0 && high / low > 1.2 && high.is_finite(),
                "{values:?}: {low} {high}"
            );
        }
    }

    #[test]
    fn positions_grow_with_values_and_keep_their_ends() {
        let log = Scale::new(&extent(AxisScale::Log, &[0.1, 10.0]), (100.0, 300.0));
        let Some(Spot::At(middle)) = log.spot(1.0) else {
            panic!("1 is on the axis")
        };
        assert!((middle - 200.0).abs() < 1e-9);
        assert_eq!(log.spot(0.1), Some(Spot::At(100.0)));
        assert_eq!(
            (log.spot(0.0), log.spot(f64::INFINITY), log.spot(f64::NAN)),
            (Some(Spot::Below), Some(Spot::Above), None)
        );
        let upwards = log.along((300.0, 100.0));
        assert!((upwards.position(10.0) - 100.0).abs() < 1e-9);
    }
}
