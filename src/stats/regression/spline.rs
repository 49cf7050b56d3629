//! A natural cubic spline as columns of a design: smooth in between, straight at both ends.
//!
//! For clock time in the veil of darkness and any other number whose effect is a curve. The columns are those of R's
//! `splines::ns`, sign for sign, so that coefficients can be held against it. Values outside the data are refused
//! rather than drawn out in a straight line.

use super::design::same_length;
use crate::stats::StatsError;

/// Cubic: four B-splines are positive at any place.
const ORDER: usize = 4;

/// A natural cubic spline basis without intercept.
#[derive(Debug, Clone, PartialEq)]
pub struct NaturalSpline {
    /// Boundary knots four times each, with the inner knots between.
    knots: Vec<f64>,
    reflections: [Reflection; 2],
}

/// A Householder reflection `I - u u' / u_first`, as LINPACK scales it.
#[derive(Debug, Clone, PartialEq)]
struct Reflection {
    first: usize,
    direction: Vec<f64>,
}

impl NaturalSpline {
    /// A spline of `columns` columns for values that occur `counts` times each.
    ///
    /// # Definition
    /// Inner knots at the type-7 quantiles i/columns of the values, each taken as often as it is counted; boundary
    /// knots at the least and largest value that is counted. Cubic between, second derivative 0 at the boundary.
    ///
    /// # Units
    /// Those of the values.
    ///
    /// # Edge cases
    /// One column is a straight line. Values counted 0 times do not matter.
    ///
    /// # Errors
    /// [`StatsError::UnequalLengths`]; [`StatsError::TooFew`] columns (none) or distinct knots (quantiles that
    /// coincide, as they do when one value holds much of the count); [`StatsError::OutOfRange`] for a value that is not
    /// finite.
    ///
    /// # Source
    /// Hastie, Tibshirani and Friedman (2009), section 5.2.1; Hyndman and Fan (1996), type 7. Agrees with R
    /// `splines::ns(x, df)`.
    pub fn new(
        values: &[f64],
        counts: &[u64],
        columns: usize,
    ) -> Result<NaturalSpline, StatsError> {
        same_length("values", values.len(), counts.len())?;
        super::design::finite("value", values)?;
        let mut counted: Vec<(f64, u64)> =
            values.iter().copied().zip(counts.iter().copied()).collect();
        counted.retain(|&(_, count)| count > 0);
        counted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let too_few = |what, got, needed| StatsError::TooFew { what, got, needed };
        if columns == 0 {
            return Err(too_few("columns of a spline", 0, 1));
        }
        let (Some(&(low, _)), Some(&(high, _))) = (counted.first(), counted.last()) else {
            return Err(too_few("counted values", 0, columns + 1));
        };
        let mut inner: Vec<f64> = (1..columns)
            .map(|i| quantile(&counted, i as f64 / columns as f64))
            .collect();
        let ends = |low: f64, high: f64, inner: &[f64]| {
            let mut all = vec![low];
            all.extend_from_slice(inner);
            all.push(high);
            all.dedup();
            all.len()
        };
        let distinct = ends(low, high, &inner);
        if distinct < columns + 1 {
            return Err(too_few("distinct knots", distinct, columns + 1));
        }
        let mut knots = vec![low; ORDER];
        knots.append(&mut inner);
        knots.extend([high; ORDER]);
        let curvature = [low, high].map(|x| b_splines(&knots, x, 2));
        Ok(NaturalSpline {
            reflections: triangularise(curvature.map(|all| all[1..].to_vec())),
            knots,
        })
    }

    /// The number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.knots.len() - 2 * ORDER + 1
    }

    /// The inner knots.
    #[must_use]
    pub fn knots(&self) -> &[f64] {
        &self.knots[ORDER..self.knots.len() - ORDER]
    }

    /// The least and the largest value.
    #[must_use]
    pub fn boundary(&self) -> [f64; 2] {
        [self.knots[0], self.knots[self.knots.len() - 1]]
    }

    /// The columns at a value; `None` outside the boundary knots.
    ///
    /// # Definition
    /// The natural cubic basis: B-splines without second derivative at the boundary, projected as R projects them.
    ///
    /// # Units
    /// None.
    ///
    /// # Edge cases
    /// `None` outside the boundary knots.
    ///
    /// # Errors
    /// None.
    ///
    /// # Source
    /// de Boor (1978). Agrees with R `splines::ns`.
    #[must_use]
    pub fn at(&self, value: f64) -> Option<Vec<f64>> {
        let [low, high] = self.boundary();
        (low <= value && value <= high).then(|| {
            let mut row = b_splines(&self.knots, value, 0);
            row.remove(0);
            for reflection in &self.reflections {
                reflection.apply(&mut row);
            }
            row.split_off(2)
        })
    }
}

impl Reflection {
    fn apply(&self, vector: &mut [f64]) {
        let rest = &mut vector[self.first..];
        let along: f64 = rest.iter().zip(&self.direction).map(|(v, u)| v * u).sum();
        let share = along / self.direction[0];
        for (value, direction) in rest.iter_mut().zip(&self.direction) {
            *value -= share * direction;
        }
    }
}

/// The reflections that send two vectors into the first two axes.
fn triangularise([mut first, mut second]: [Vec<f64>; 2]) -> [Reflection; 2] {
    let towards = |axis: usize, vector: &[f64]| {
        let rest = &vector[axis..];
        let length = rest
            .iter()
            .map(|v| v * v)
            .sum::<f64>()
            .sqrt()
            .copysign(rest[0]);
        let mut direction: Vec<f64> = rest.iter().map(|v| v / length).collect();
        direction[0] += 1.0;
        Reflection {
            first: axis,
            direction,
        }
    };
    let one = towards(0, &first);
    one.apply(&mut first);
    one.apply(&mut second);
    let two = towards(1, &second);
    [one, two]
}

/// All B-splines at `x`, or their derivatives (de Boor 1978, chapter X).
fn b_splines(knots: &[f64], x: f64, derivative: usize) -> Vec<f64> {
    let count = knots.len() - ORDER;
    // The last interval is closed on the right.
    let interval = (ORDER - 1..count)
        .rfind(|&i| knots[i] <= x)
        .unwrap_or(ORDER - 1);
    let mut values = vec![0.0; knots.len() - 1];
    values[interval] = 1.0;
    let share =
        |value: f64, by: f64, width: f64| if width > 0.0 { value * by / width } else { 0.0 };
    for order in 2..=ORDER {
        for i in 0..knots.len() - order {
            let (left, right) = (
                knots[i + order - 1] - knots[i],
                knots[i + order] - knots[i + 1],
            );
            values[i] = if order + derivative > ORDER {
                let slope = (order - 1) as f64;
                share(values[i], slope, left) - share(values[i + 1], slope, right)
            } else {
                share(values[i], x - knots[i], left)
                    + share(values[i + 1], knots[i + order] - x, right)
            };
        }
    }
    values.truncate(count);
    values
}

/// The type-7 quantile of sorted values, each taken as often as it is counted.
fn quantile(sorted: &[(f64, u64)], p: f64) -> f64 {
    let total: u64 = sorted.iter().map(|(_, count)| count).sum();
    let place = (total - 1) as f64 * p;
    let below = place.floor();
    let nth = |n: u64| {
        let mut passed = 0;
        let found = sorted.iter().find(|(_, count)| {
            passed += count;
            passed > n
        });
        found.or(sorted.last()).expect("counted values").0
    };
    let (low, high) = (nth(below as u64), nth(below as u64 + 1));
    low + (place - below) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_column_is_a_straight_line() {
        let spline = NaturalSpline::new(&[1.0, 2.0, 5.0], &[1, 1, 1], 1).expect("valid");
        let at = |x| spline.at(x).expect("inside")[0];
        assert!(at(1.0).abs() < 1e-15);
        assert!((at(5.0) / at(3.0) - 2.0).abs() < 1e-14);
        assert!(spline.at(5.1).is_none() && spline.at(f64::NAN).is_none());
    }

    #[test]
    fn counts_are_repeated_values() {
        let repeated = [1.0, 1.0, 1.0, 2.0, 4.0, 4.0, 7.0, 9.0];
        let long = NaturalSpline::new(&repeated, &[1; 8], 3).expect("valid");
        let short = NaturalSpline::new(&[9.0, 1.0, 4.0, 2.0, 7.0, 3.0], &[1, 3, 2, 1, 1, 0], 3);
        assert_eq!(Ok(long), short);
    }

    #[test]
    fn knots_that_coincide_are_refused() {
        let spline = NaturalSpline::new(&[1.0, 2.0, 3.0], &[1, 100, 1], 4);
        assert!(matches!(
            spline,
            Err(StatsError::TooFew {
                got: 3,
                needed: 5,
                ..
            })
        ));
        assert!(
            NaturalSpline::new(&[], &[], 2).is_err()
                && NaturalSpline::new(&[1.0], &[1], 0).is_err()
        );
    }

    #[test]
    fn a_straight_line_lies_in_the_space() {
        // Ends are straight, so a line is a combination of the columns and a constant: second differences vanish.
        let values: Vec<f64> = (0..40).map(f64::from).collect();
        let spline = NaturalSpline::new(&values, &[1; 40], 4).expect("valid");
        let row = |x: f64| spline.at(x).expect("inside");
        for j in 0..4 {
            let ends = [row(0.0)[j] - 2.0 * row(1e-3)[j] + row(2e-3)[j]];
            assert!(ends[0].abs() < 1e-8, "column {j} bends at its end");
        }
    }
}
