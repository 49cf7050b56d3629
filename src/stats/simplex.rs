//! The point of a convex hull nearest to the origin, exactly: weights that are not negative and sum to 1.
//!
//! For synthetic control and synthetic difference in differences, whose quadratic programs are of this form. The
//! active set is a set of affinely independent points, so that each subproblem is ordinary least squares and the end
//! is the optimum itself, not the neighbourhood in which an interior-point method stops.

use super::regression::least_squares::{Triangle, dot};

/// Why there are no weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimplexError {
    /// No points, points of unequal length or of none, or values that are not finite.
    #[error("points must be equally long, not empty, and finite")]
    Points,
    /// Steps that ended without an answer.
    #[error("no convergence of weights in {0} steps")]
    NoConvergence(usize),
}

/// The nearest point.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The weight of each point.
    pub weights: Vec<f64>,
    /// Whether no other weights can reach the same distance; false also where others only may.
    pub is_unique: bool,
}

/// The gap, relative to the largest squared length, at which the optimum is reached but for rounding.
const OPTIMAL: f64 = 1e-14;

/// The gap up to which a step that finds no point to enter has ended in rounding and not in failure.
const CLOSE: f64 = 1e-11;

/// A point whose gain is within this share of the best is tied with it.
const TIED: f64 = 1e-10;

/// Weights w >= 0 with sum 1 for which the length of the sum of w times points is least.
///
/// # Definition
/// min |sum of w_j p_j|^2. Wolfe's algorithm: the affine minimiser of a set of points; when a weight would be negative,
/// back to the edge and that point leaves; when all are positive, the point with the least inner product enters, until
/// none has an inner product below the squared length.
///
/// # Units
/// Weights are shares.
///
/// # Edge cases
/// When several weightings are optimal one of them is given and `is_unique` is false. Ties are broken by the lower place.
///
/// # Errors
/// [`SimplexError::Points`]; [`SimplexError::NoConvergence`].
///
/// # Source
/// Wolfe (1976), Finding the nearest point in a polytope. Agrees with `quadprog` and Clarabel.
pub fn nearest(points: &[Vec<f64>]) -> Result<Nearest, SimplexError> {
    let size = points.first().map_or(0, Vec::len);
    let is_sound = |p: &Vec<f64>| p.len() == size && p.iter().all(|v| v.is_finite());
    if size == 0 || !points.iter().all(is_sound) {
        return Err(SimplexError::Points);
    }
    let squares: Vec<f64> = points.iter().map(|p| dot(p, p)).collect();
    let scale = squares.iter().copied().fold(0.0_f64, f64::max);
    let first = least(&squares);
    let mut corral = vec![first];
    let mut weights = vec![1.0];
    let limit = 100 * (points.len() + size);
    for _ in 0..limit {
        let at = combination(points, &corral, &weights);
        let inner: Vec<f64> = points.iter().map(|p| dot(p, &at)).collect();
        let (enters, squared) = (least(&inner), dot(&at, &at));
        let gap = squared - inner[enters];
        if gap <= OPTIMAL * scale || (corral.contains(&enters) && gap <= CLOSE * scale) {
            return Ok(found(
                points.len(),
                &corral,
                &weights,
                squared,
                &inner,
                scale,
            ));
        }
        if corral.contains(&enters) {
            return Err(SimplexError::NoConvergence(limit));
        }
        corral.push(enters);
        weights.push(0.0);
        inwards(points, &mut corral, &mut weights).ok_or(SimplexError::NoConvergence(limit))?;
    }
    Err(SimplexError::NoConvergence(limit))
}

/// Moves to the minimiser over the hull of a subset of the corral: points leave until all weights are positive.
fn inwards(points: &[Vec<f64>], corral: &mut Vec<usize>, weights: &mut Vec<f64>) -> Option<()> {
    while corral.len() > 1 {
        let target = affine(points, corral)?;
        if target.iter().all(|&a| a > 0.0) {
            *weights = target;
            return Some(());
        }
        let step = weights
            .iter()
            .zip(&target)
            .filter(|(_, a)| **a <= 0.0)
            .map(|(w, a)| w / (w - a))
            .fold(1.0_f64, f64::min);
        let moved: Vec<f64> = weights
            .iter()
            .zip(&target)
            .map(|(w, a)| w + step * (a - w))
            .collect();
        // The one that reaches 0 first leaves for certain, whatever rounding says.
        let leaves = (0..moved.len())
            .filter(|&i| target[i] <= 0.0)
            .min_by(|&i, &j| moved[i].total_cmp(&moved[j]))?;
        let stays = |i: &usize| *i != leaves && moved[*i] > 0.0;
        let kept: Vec<usize> = (0..moved.len()).filter(stays).collect();
        let total: f64 = kept.iter().map(|&i| moved[i]).sum();
        *weights = kept.iter().map(|&i| moved[i] / total).collect();
        *corral = kept.iter().map(|&i| corral[i]).collect();
    }
    (corral.len() == 1).then(|| *weights = vec![1.0])
}

/// Weights with sum 1, of any sign, for which the combination of the corral is shortest.
fn affine(points: &[Vec<f64>], corral: &[usize]) -> Option<Vec<f64>> {
    let (base, others) = corral.split_first()?;
    let (base, k) = (&points[*base], others.len());
    let rows = (0..base.len()).flat_map(|t| others.iter().map(move |&j| points[j][t] - base[t]));
    let rows: Vec<f64> = rows.collect();
    let target: Vec<f64> = base.iter().map(|v| -v).collect();
    let slopes = Triangle::new(&rows, k, &vec![1.0; base.len()], &target).solve()?;
    let rest = 1.0 - slopes.iter().sum::<f64>();
    Some([rest].into_iter().chain(slopes).collect())
}

fn combination(points: &[Vec<f64>], corral: &[usize], weights: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; points[0].len()];
    for (&j, &weight) in corral.iter().zip(weights) {
        for (entry, value) in sum.iter_mut().zip(&points[j]) {
            *entry += weight * value;
        }
    }
    sum
}

fn least(values: &[f64]) -> usize {
    let better = |best: usize, j: usize| if values[j] < values[best] { j } else { best };
    (0..values.len()).fold(0, better)
}

fn found(
    points: usize,
    corral: &[usize],
    weights: &[f64],
    squared: f64,
    inner: &[f64],
    scale: f64,
) -> Nearest {
    let mut all = vec![0.0; points];
    for (&j, &weight) in corral.iter().zip(weights) {
        all[j] = weight;
    }
    let is_tied = |j: usize| !corral.contains(&j) && inner[j] - squared <= TIED * scale;
    Nearest {
        weights: all,
        is_unique: !(0..points).any(is_tied),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64) {
        assert!((got - want).abs() <= 1e-13, "{got} is not {want}");
    }

    #[test]
    fn a_corner_an_edge_and_the_origin_within() {
        let corner = nearest(&[vec![1.0, 1.0], vec![3.0, 1.0], vec![2.0, 5.0]]).expect("points");
        assert_eq!(corner.weights, [1.0, 0.0, 0.0]);
        let edge = nearest(&[vec![1.0, -1.0], vec![1.0, 3.0], vec![4.0, 0.0]]).expect("points");
        for (got, want) in edge.weights.iter().zip([0.75, 0.25, 0.0]) {
            near(*got, want);
        }
        let inside = nearest(&[vec![1.0, 0.0], vec![-1.0, 1.0], vec![-1.0, -1.0]]).expect("points");
        for (got, want) in inside.weights.iter().zip([0.5, 0.25, 0.25]) {
            near(*got, want);
        }
    }

    #[test]
    fn copies_of_a_point_are_one_of_many_answers() {
        let twice = nearest(&[vec![1.0, 2.0], vec![1.0, 2.0], vec![9.0, 0.0]]).expect("points");
        assert!(!twice.is_unique);
        near(twice.weights.iter().sum(), 1.0);
        let once = nearest(&[vec![1.0, 2.0], vec![9.0, 0.0]]).expect("points");
        assert!(once.is_unique);
        assert_eq!(once.weights, [1.0, 0.0]);
    }

    /// The conditions of Karush, Kuhn and Tucker: no point lies on the near side of the plane through the nearest one.
    #[test]
    fn many_points_meet_the_conditions_of_an_optimum() {
        let value = |i: usize| ((i * i * 37 + i * 101) % 997) as f64 / 997.0 - 0.3;
        for (count, size) in [(3, 2), (12, 20), (40, 8), (60, 60), (5, 1)] {
            let points: Vec<Vec<f64>> = (0..count)
                .map(|j| (0..size).map(|t| value(j * 71 + t * 13 + 5)).collect())
                .collect();
            let found = nearest(&points).expect("points");
            assert!(found.weights.iter().all(|&w| w >= 0.0));
            near(found.weights.iter().sum(), 1.0);
            let corral: Vec<usize> = (0..count).collect();
            let at = combination(&points, &corral, &found.weights);
            let squared = dot(&at, &at);
            for point in &points {
                assert!(dot(point, &at) >= squared - 1e-12, "{count} {size}");
            }
        }
    }

    #[test]
    fn what_is_no_set_of_points_is_refused() {
        for bad in [
            vec![],
            vec![vec![]],
            vec![vec![1.0], vec![1.0, 2.0]],
            vec![vec![f64::NAN]],
        ] {
            assert_eq!(nearest(&bad), Err(SimplexError::Points));
        }
    }
}
