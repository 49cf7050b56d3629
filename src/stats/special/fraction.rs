//! Continued fractions by the forward recurrence of their convergents.

/// Terms between two looks at how far the convergents still differ: each look divides, the terms do not.
const BLOCK: u32 = 8;

/// More blocks than any tail needs below 10^12 counts, so that a NaN cannot hold the loop.
const MOST_BLOCKS: u32 = 1 << 21;

/// `1/(first + a1/(b1 + a2/(b2 + ...)))`, where `term(n)` is `(an, bn)`, asked for in order.
///
/// The terms must be of the order of `1/scale` and `1/scale^2` or less, so that no convergent overflows between two
/// looks. With positive terms the value lies between any two neighbouring convergents.
pub(super) fn continued_fraction(
    first: f64,
    scale: f64,
    mut term: impl FnMut(f64) -> (f64, f64),
) -> f64 {
    let square = scale * scale;
    let (mut top, mut bottom) = ([0.0, scale], [1.0, scale * first]);
    let mut n = 0.0;
    for _ in 0..MOST_BLOCKS {
        for _ in 0..BLOCK {
            n += 1.0;
            let (a, b) = term(n);
            let (a, b) = (a * square, b * scale);
            top = [top[1], b * top[1] + a * top[0]];
            bottom = [bottom[1], b * bottom[1] + a * bottom[0]];
        }
        let (one, other) = (top[1] * bottom[0], top[0] * bottom[1]);
        let inverse = 1.0 / bottom[1];
        top = [top[0] * inverse, top[1] * inverse];
        bottom = [bottom[0] * inverse, 1.0];
        if (one - other).abs() <= 4.0 * f64::EPSILON * one.abs() || top[1].is_nan() {
            break;
        }
    }
    top[1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_section_and_square_root() {
        let golden = continued_fraction(1.0, 1.0, |_| (1.0, 1.0));
        assert!((golden - (5.0_f64.sqrt() - 1.0) / 2.0).abs() < 1e-15);
        // 1/(1 + sqrt(1e40 + 1)) by 2e20 + 1/(2e20 + ...).
        let steep = continued_fraction(2e20, 1e-20, |_| (1.0, 2e20));
        assert!((steep * 2e20 - 1.0).abs() < 1e-15);
        assert!(continued_fraction(f64::NAN, 1.0, |_| (1.0, 1.0)).is_nan());
    }
}
