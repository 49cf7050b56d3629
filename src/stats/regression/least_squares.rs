//! Weighted least squares by orthogonal triangularisation, with collinear columns found in their order.
//!
//! For the fits. Rows are folded into an upper triangle block by block (Householder), so that memory does not grow with
//! the rows and the squared condition number of the normal equations is never met. A column that depends on those
//! before it is left out, as R's `lm` does: the later column goes. The order of operations is fixed and nothing is
//! chosen by processor, so that every machine gives the same bits.

/// Rows folded at a time; a block of this many rows and some dozens of columns stays in the cache.
const BLOCK: usize = 128;

/// A column whose part that is new, relative to its length, is smaller than this depends on those before it.
///
/// R's `lm` has 1e-7, which drops the square of a calendar year; `glm` has 1e-11.
pub(in crate::stats) const COLLINEAR: f64 = 1e-9;

/// The triangle `R` of `W^(1/2) X` beside `Q' W^(1/2) z`.
#[derive(Debug, Clone)]
pub(in crate::stats) struct Triangle {
    columns: usize,
    /// Row-major, `columns` rows of `columns + 1`, the last of each being the right side.
    entries: Vec<f64>,
}

impl Triangle {
    /// The triangle of rows `x` (row-major) with weights `w` and right sides `z`.
    pub(in crate::stats) fn new(x: &[f64], columns: usize, w: &[f64], z: &[f64]) -> Triangle {
        let mut triangle = Triangle {
            columns,
            entries: vec![0.0; columns * (columns + 1)],
        };
        let mut block = vec![0.0; (columns + 1) * BLOCK];
        for start in (0..w.len()).step_by(BLOCK) {
            let rows = BLOCK.min(w.len() - start);
            block.fill(0.0);
            for i in 0..rows {
                let root = w[start + i].sqrt();
                let row = &x[(start + i) * columns..][..columns];
                for (j, value) in row.iter().enumerate() {
                    block[j * BLOCK + i] = root * value;
                }
                block[columns * BLOCK + i] = root * z[start + i];
            }
            triangle.fold(&mut block);
        }
        triangle
    }

    /// Reflects the rows of a block (column-major) into the triangle.
    fn fold(&mut self, block: &mut [f64]) {
        let (k, stride) = (self.columns, self.columns + 1);
        for j in 0..k {
            let (head, tail) = block.split_at_mut((j + 1) * BLOCK);
            let column = &head[j * BLOCK..];
            let below = dot(column, column);
            if below == 0.0 {
                continue;
            }
            let top = self.entries[j * stride + j];
            let length = (top * top + below).sqrt();
            let new_top = if top > 0.0 { -length } else { length };
            let lead = top - new_top;
            let scale = 2.0 / (lead * lead + below);
            self.entries[j * stride + j] = new_top;
            for c in j + 1..=k {
                let other = &mut tail[(c - j - 1) * BLOCK..][..BLOCK];
                let entry = &mut self.entries[j * stride + c];
                let step = scale * (lead * *entry + dot(column, other));
                *entry -= step * lead;
                for (value, direction) in other.iter_mut().zip(column) {
                    *value -= step * direction;
                }
            }
        }
    }

    /// The columns that do not depend on earlier ones, given the length each had before anything was taken out of it.
    pub(in crate::stats) fn independent(&self, lengths: &[f64]) -> Vec<usize> {
        let (k, stride) = (self.columns, self.columns + 1);
        let mut kept = Vec::new();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for (j, &length) in lengths.iter().enumerate() {
            let mut rest: Vec<f64> = (0..k).map(|i| self.entries[i * stride + j]).collect();
            // Twice is enough (Kahan; Parlett 1980, section 6.9).
            for _ in 0..2 {
                for unit in &basis {
                    let along = dot(unit, &rest);
                    for (value, direction) in rest.iter_mut().zip(unit) {
                        *value -= along * direction;
                    }
                }
            }
            let new = dot(&rest, &rest).sqrt();
            if new > COLLINEAR * length {
                rest.iter_mut().for_each(|value| *value /= new);
                basis.push(rest);
                kept.push(j);
            }
        }
        kept
    }

    /// The least-squares coefficients; `None` when a pivot is 0 or not finite.
    pub(in crate::stats) fn solve(&self) -> Option<Vec<f64>> {
        let stride = self.columns + 1;
        let right: Vec<f64> = (0..self.columns)
            .map(|i| self.entries[i * stride + self.columns])
            .collect();
        self.back(right)
    }

    /// `(X'WX)^-1`, row-major; `None` as [`Triangle::solve`].
    pub(in crate::stats) fn inverse(&self) -> Option<Vec<f64>> {
        let k = self.columns;
        let mut inverse_root = vec![0.0; k * k];
        for j in 0..k {
            let mut unit = vec![0.0; k];
            unit[j] = 1.0;
            for (i, value) in self.back(unit)?.into_iter().enumerate() {
                inverse_root[i * k + j] = value;
            }
        }
        let mut inverse = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..k {
                let (row, other) = (&inverse_root[i * k..][..k], &inverse_root[j * k..][..k]);
                inverse[i * k + j] = dot(row, other);
            }
        }
        Some(inverse)
    }

    /// `ln det(X'WX)`.
    pub(in crate::stats) fn ln_determinant(&self) -> f64 {
        let stride = self.columns + 1;
        (0..self.columns)
            .map(|i| 2.0 * libm::log(self.entries[i * stride + i].abs()))
            .sum()
    }

    fn back(&self, mut right: Vec<f64>) -> Option<Vec<f64>> {
        let stride = self.columns + 1;
        for i in (0..self.columns).rev() {
            let row = &self.entries[i * stride..][..self.columns];
            let later: f64 = (i + 1..self.columns).map(|j| row[j] * right[j]).sum();
            right[i] = (right[i] - later) / row[i];
            if !right[i].is_finite() {
                return None;
            }
        }
        Some(right)
    }
}

/// The inner product, in four lanes whose order is fixed.
pub(in crate::stats) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (fours, others) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = fours
        .remainder()
        .iter()
        .zip(others.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in fours.zip(others) {
        for lane in 0..4 {
            lanes[lane] += x[lane] * y[lane];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// `A v` for a row-major square `A`.
pub(in crate::stats) fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    matrix
        .chunks_exact(vector.len().max(1))
        .map(|row| dot(row, vector))
        .collect()
}

/// The weighted length of each column.
pub(in crate::stats) fn lengths(x: &[f64], columns: usize, w: &[f64]) -> Vec<f64> {
    let mut squares = vec![0.0; columns];
    for (row, weight) in x.chunks_exact(columns.max(1)).zip(w) {
        for (square, value) in squares.iter_mut().zip(row) {
            *square += weight * value * value;
        }
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// Adds `scale x` to a sum.
pub(in crate::stats) fn add_scaled(sum: &mut [f64], scale: f64, x: &[f64]) {
    for (entry, value) in sum.iter_mut().zip(x) {
        *entry += scale * value;
    }
}

/// Adds `scale x x'` to a row-major square.
pub(in crate::stats) fn add_outer(matrix: &mut [f64], scale: f64, x: &[f64]) {
    for (row, &value) in matrix.chunks_exact_mut(x.len().max(1)).zip(x) {
        add_scaled(row, scale * value, x);
    }
}

/// `A M A` for row-major squares, `A` symmetric.
pub(in crate::stats) fn sandwich(bread: &[f64], meat: &[f64], size: usize) -> Vec<f64> {
    let product = |a: &[f64], b: &[f64]| {
        let mut result = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                result[i * size + j] = (0..size).map(|l| a[i * size + l] * b[l * size + j]).sum();
            }
        }
        result
    };
    product(&product(bread, meat), bread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, want: f64) {
        assert!(
            (got - want).abs() <= 1e-13 * want.abs(),
            "{got} is not {want}"
        );
    }

    #[test]
    fn a_line_through_three_points() {
        // y = 1, 2, 4 at x = 0, 1, 2: slope 3/2, intercept 5/6; X'X = [[3, 3], [3, 5]].
        let triangle = Triangle::new(
            &[1.0, 0.0, 1.0, 1.0, 1.0, 2.0],
            2,
            &[1.0; 3],
            &[1.0, 2.0, 4.0],
        );
        let solution = triangle.solve().expect("independent");
        near(solution[0], 5.0 / 6.0);
        near(solution[1], 1.5);
        let inverse = triangle.inverse().expect("independent");
        for (got, want) in inverse.iter().zip([5.0 / 6.0, -0.5, -0.5, 0.5]) {
            near(*got, want);
        }
        near(triangle.ln_determinant(), 6.0_f64.ln());
    }

    #[test]
    fn many_blocks_equal_one_weighted_row_each() {
        // 1,000 rows of two kinds are two weighted rows.
        let rows: Vec<f64> = (0..1000)
            .flat_map(|i| [1.0, f64::from(i % 4 == 0)])
            .collect();
        let z: Vec<f64> = (0..1000)
            .map(|i| if i % 4 == 0 { 3.0 } else { 1.0 })
            .collect();
        let long = Triangle::new(&rows, 2, &[1.0; 1000], &z);
        let short = Triangle::new(&[1.0, 1.0, 1.0, 0.0], 2, &[250.0, 750.0], &[3.0, 1.0]);
        let (one, other) = (
            long.inverse().expect("independent"),
            short.inverse().expect("independent"),
        );
        for (a, b) in one.iter().zip(&other) {
            near(*a, *b);
        }
    }

    #[test]
    fn the_later_of_two_dependent_columns_goes() {
        let rows = [
            1.0, 2.0, 3.0, 5.0, 1.0, 0.5, 1.5, 7.0, 1.0, 0.1, 1.1, 1.0, 1.0, 4.0, 5.0, 0.0,
        ];
        let triangle = Triangle::new(&rows, 4, &[1.0; 4], &[0.0; 4]);
        assert_eq!(triangle.independent(&[2.0, 5.0, 6.0, 9.0]), [0, 1, 3]);
    }
}
