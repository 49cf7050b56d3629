//! A bracketed root finder for monotone functions, and its like for conditions on whole numbers.
//!
//! For the limits that have no closed form: score intervals, mid-P, conditional odds ratios. It does not look for a
//! bracket beyond doubling a step from a start, and expects a continuous function.

/// The root of `f` between `a` and `b`, where `f` has opposite signs; `None` if it has not, or is NaN there.
///
/// Inverse quadratic interpolation with bisection wherever it would not pay (Chandrupatla 1997), until the bracket is
/// no wider than rounding.
#[must_use]
pub fn root_between(f: impl Fn(f64) -> f64, a: f64, b: f64) -> Option<f64> {
    let (mut x1, mut x2) = (a, b);
    let (mut f1, mut f2) = (f(x1), f(x2));
    if f1 == 0.0 {
        return Some(x1);
    }
    if f2 == 0.0 {
        return Some(x2);
    }
    if f1.is_nan() || f2.is_nan() || (f1 > 0.0) == (f2 > 0.0) {
        return None;
    }
    let mut share = 0.5;
    for _ in 0..200 {
        let x = x1 + share * (x2 - x1);
        let value = f(x);
        // The bracket is x1, x2; x3 is the point just left behind.
        let (x3, f3);
        if (value > 0.0) == (f1 > 0.0) {
            (x3, f3) = (x1, f1);
        } else {
            (x3, f3) = (x2, f2);
            (x2, f2) = (x1, f1);
        }
        (x1, f1) = (x, value);
        let best = if f1.abs() < f2.abs() { x1 } else { x2 };
        let width = (x2 - x1).abs();
        let rounding = 2.0 * f64::EPSILON * best.abs() + f64::MIN_POSITIVE;
        if f1 == 0.0 || width <= rounding {
            return Some(best);
        }
        let least = (rounding / width).min(0.5);
        let wish = interpolated_share([x1, x2, x3], [f1, f2, f3]);
        // Infinite values have a sign but no slope.
        share = if wish.is_nan() {
            0.5
        } else {
            wish.clamp(least, 1.0 - least)
        };
    }
    Some(x1)
}

/// The share of the way from `x1` to `x2` at which to look next.
fn interpolated_share([x1, x2, x3]: [f64; 3], [f1, f2, f3]: [f64; 3]) -> f64 {
    let (xi, phi) = ((x1 - x2) / (x3 - x2), (f1 - f2) / (f3 - f2));
    // Chandrupatla's condition: the inverse parabola through the three points is monotone in the bracket.
    if phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi {
        let secant = f1 / (f2 - f1) * f3 / (f2 - f3);
        secant + (x3 - x1) / (x2 - x1) * f1 / (f3 - f1) * f2 / (f3 - f2)
    } else {
        0.5
    }
}

/// The root of a monotone `f`, bracketed by walking from `start` in doubling steps until the sign changes.
///
/// `rising` functions are walked down from a positive value and up from a negative one; a falling one is its negative.
/// `None` if 60 doublings do not find a change of sign.
#[must_use]
pub fn root_of_rising(f: impl Fn(f64) -> f64, start: f64, step: f64) -> Option<f64> {
    let at_start = f(start);
    let direction = if at_start > 0.0 { -1.0 } else { 1.0 };
    let (mut near, mut stride) = (start, step);
    for _ in 0..60 {
        let far = near + direction * stride;
        let value = f(far);
        if value == 0.0 || (value > 0.0) != (at_start > 0.0) {
            return root_between(f, near, far);
        }
        near = far;
        stride *= 2.0;
    }
    None
}

/// The first of `low..high` at which a condition holds, given that it holds from there on; `high` if it never does.
#[must_use]
pub fn first_where(low: u64, high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (low, high);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_square_root_to_the_last_digit() {
        let root = root_between(|x| x * x - 2.0, 0.0, 2.0).unwrap_or(f64::NAN);
        assert!((root - core::f64::consts::SQRT_2).abs() < 1e-15);
    }

    #[test]
    fn flat_and_steep_functions_converge() {
        let flat = root_between(|x: f64| (x - 0.3).powi(9), -1.0, 4.0).unwrap_or(f64::NAN);
        assert!(
            (flat - 0.3).abs() < 1e-2_f64.powi(9) + 1e-15 || (flat - 0.3).powi(9).abs() < 1e-100
        );
        let steep =
            root_between(|x: f64| (50.0 * (x - 0.7)).tanh(), -10.0, 10.0).unwrap_or(f64::NAN);
        assert!((steep - 0.7).abs() < 1e-15);
    }

    #[test]
    fn walks_to_a_bracket_either_way() {
        for start in [-100.0, 100.0] {
            let root = root_of_rising(|x| x - 3.0, start, 0.5).unwrap_or(f64::NAN);
            assert!((root - 3.0).abs() < 1e-14);
        }
    }

    #[test]
    fn finds_the_first_whole_number() {
        assert_eq!(first_where(3, 90, |k| k * k > 50), 8);
        assert_eq!(first_where(3, 90, |_| true), 3);
        assert_eq!(first_where(3, 90, |_| false), 90);
        assert_eq!(first_where(5, 5, |_| true), 5);
    }

    #[test]
    fn no_change_of_sign_is_none() {
        assert!(root_between(|x| x * x + 1.0, -1.0, 1.0).is_none());
        assert!(root_between(|_| f64::NAN, 0.0, 1.0).is_none());
        assert!(root_of_rising(|_| 1.0, 0.0, 1.0).is_none());
    }
}
