//! What a scenario set's columns must satisfy, in exact integers: mean zero, variance one, the posted
//! correlations, and a tail on either side.
//!
//! Weights sum to [`WEIGHT_ONE`](crate::WEIGHT_ONE) = W < 2²⁴ and draws are Q16 with |z| <=
//! [`Z_MAX`](crate::scenario::Z_MAX) = 2²² (both checked where a set is activated). So
//! |sum w z| <= 2⁴⁶ and sum w z² <= 2⁶⁸; sums are exact and the one division at the end rounds toward zero.
//! Beyond those limits the functions wrap: they never trap, and mean nothing.
//!
//! All products are of 64 bits. On chain (sBPF v3) a column takes 5,600 compute units for its mean, 12,000 with its
//! variance and 39,000 for both tails; a pair 11,500 for its covariance, 7,700 for its correlation.

use crate::{
    ROWS, WEIGHT_ONE,
    error::RiskError,
    fixed::div_wide,
    rows::Column,
    tail::{TAIL_99, Undecided, expected_shortfall},
};

/// 1.0 of a moment: Q32.
pub const MOMENT_ONE: i64 = 1 << 32;
/// Farthest that a column's mean may be from zero, Q32: 1.2 x 10⁻⁴ standard deviations. Draws are rounded to 1.5 x 10⁻⁵
/// and a builder corrects the moments afterwards until they are within 10⁻⁴; a fifth more lets it sum in floats.
/// Expected Shortfall moves by the mean: 2⁻¹³ of a deviation, where the tail lies beyond two.
pub const MEAN_TOLERANCE: u64 = 1 << 19;
/// Farthest that a column's variance may be from one, Q32, for the same reason. The requirement moves by half of it.
pub const VARIANCE_TOLERANCE: u64 = 1 << 19;
/// Farthest that a correlation may be from the posted one, Q32, for the same reason.
pub const CORRELATION_TOLERANCE: u64 = 1 << 19;

/// Weighted sum of draws: Q16, times [`WEIGHT_ONE`](crate::WEIGHT_ONE). Exact.
#[must_use]
pub fn weighted_sum(weights: &[u32; ROWS], z: &Column) -> i64 {
    let mut sum = 0i64;
    for (weight, z) in weights.iter().zip(z) {
        // |sum| <= W x 2²² < 2⁴⁶.
        sum = sum.wrapping_add(i64::from(*weight).wrapping_mul(i64::from(*z)));
    }
    sum
}

/// Mean of a column, Q32, toward zero.
#[must_use]
pub fn mean(weights: &[u32; ROWS], z: &Column) -> i64 {
    mean_of(weighted_sum(weights, z))
}

fn mean_of(sum: i64) -> i64 {
    // Below 2⁴⁶ x 2¹⁶.
    signed((sum.unsigned_abs() << 16) / u64::from(WEIGHT_ONE), sum < 0)
}

/// Variance of a column about its mean, Q32, toward zero.
#[must_use]
pub fn variance(weights: &[u32; ROWS], z: &Column) -> u64 {
    mean_and_variance(weights, z).1
}

/// [`mean`] and [`variance`] in one pass.
#[must_use]
pub fn mean_and_variance(weights: &[u32; ROWS], z: &Column) -> (i64, u64) {
    // z² <= 2⁴⁴ in two limbs: the low one sums to at most W x 2³² < 2⁵⁶, the high one to W x 2¹² < 2³⁶.
    let (mut sum, mut low, mut high) = (0i64, 0u64, 0u64);
    for (weight, z) in weights.iter().zip(z) {
        let (w, z) = (i64::from(*weight), i64::from(*z));
        let square = z.wrapping_mul(z).cast_unsigned();
        sum = sum.wrapping_add(w.wrapping_mul(z));
        low = low.wrapping_add((square & 0xffff_ffff).wrapping_mul(w.cast_unsigned()));
        high = high.wrapping_add((square >> 32).wrapping_mul(w.cast_unsigned()));
    }
    let squares = (i128::from(high) << 32) + i128::from(low);
    let variance = centred(squares, sum, sum).max(0).unsigned_abs();
    (mean_of(sum), variance)
}

/// Covariance of two columns about their means, Q32, toward zero. Exact once [`variance`] has shown both to be below 100:
/// then |sum w a b| <= W x 2³² x 100 < 2⁶³ (Cauchy and Schwarz), and a sum that fits at its end may wrap on its way.
#[must_use]
pub fn covariance(weights: &[u32; ROWS], a: &Column, b: &Column) -> i64 {
    let (mut products, mut sum_a, mut sum_b) = (0i64, 0i64, 0i64);
    for ((weight, a), b) in weights.iter().zip(a).zip(b) {
        let (w, a, b) = (i64::from(*weight), i64::from(*a), i64::from(*b));
        products = products.wrapping_add(w.wrapping_mul(a.wrapping_mul(b)));
        sum_a = sum_a.wrapping_add(w.wrapping_mul(a));
        sum_b = sum_b.wrapping_add(w.wrapping_mul(b));
    }
    centred(products.into(), sum_a, sum_b)
}

/// Correlation of two columns that are standardised already, that is their mean product: Q32, toward zero. Means and
/// variances within [`MEAN_TOLERANCE`] and [`VARIANCE_TOLERANCE`] put it off by less than 1.3 x 10⁻⁴ of itself and
/// 1.5 x 10⁻⁸; two thirds of the cost of [`covariance`], and exact under the same condition.
#[must_use]
pub fn correlation(weights: &[u32; ROWS], a: &Column, b: &Column) -> i64 {
    let mut sum = 0i64;
    for ((weight, a), b) in weights.iter().zip(a).zip(b) {
        let product = i64::from(*a).wrapping_mul(i64::from(*b));
        sum = sum.wrapping_add(i64::from(*weight).wrapping_mul(product));
    }
    signed(sum.unsigned_abs() / u64::from(WEIGHT_ONE), sum < 0)
}

/// Expected Shortfall at 99 % of a column held long and held short, Q16, rounded up: (long, short), positive for a loss.
/// `losses` is working memory.
///
/// # Errors
/// [`RiskError::BadParameter`] for weights that do not fill the tail.
pub fn column_tail(
    weights: &[u32; ROWS],
    z: &Column,
    losses: &mut [i64; ROWS],
    undecided: &mut Undecided,
) -> Result<(i64, i64), RiskError> {
    for (loss, z) in losses.iter_mut().zip(z) {
        *loss = -i64::from(*z);
    }
    let long = expected_shortfall(losses, weights, TAIL_99, undecided)?;
    for (loss, z) in losses.iter_mut().zip(z) {
        *loss = i64::from(*z);
    }
    let short = expected_shortfall(losses, weights, TAIL_99, undecided)?;
    Ok((long, short))
}

/// `products / W - sum_a sum_b / W²`, toward zero: `(W products - sum_a sum_b) / W²`, the numerator exact below 2⁹³.
fn centred(products: i128, sum_a: i64, sum_b: i64) -> i64 {
    let total = i128::from(WEIGHT_ONE)
        .wrapping_mul(products)
        .wrapping_sub(i128::from(sum_a).wrapping_mul(i128::from(sum_b)));
    let magnitude = total.unsigned_abs();
    const SQUARE: u64 = WEIGHT_ONE as u64 * WEIGHT_ONE as u64;
    // Two halves of 64 bits. W² > 2⁴⁷ and the high half is below 2²⁹: the quotient fits, below 2⁴⁶.
    let high = u64::try_from(magnitude >> 64).unwrap_or(u64::MAX);
    let low = u64::try_from(magnitude & u128::from(u64::MAX)).unwrap_or(0);
    signed(div_wide(high, low, SQUARE), total < 0)
}

fn signed(magnitude: u64, negative: bool) -> i64 {
    let value = i64::try_from(magnitude).unwrap_or(i64::MAX);
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use {
        super::*,
        crate::scenario::{Z_MAX, Z_ONE},
        proptest::prelude::*,
        std::path::Path,
    };

    /// The definitions, in 128-bit integers.
    fn reference(weights: &[u32; ROWS], a: &Column, b: &Column) -> i64 {
        let (mut ab, mut sa, mut sb) = (0i128, 0i128, 0i128);
        for ((w, a), b) in weights.iter().zip(a).zip(b) {
            let (w, a, b) = (i128::from(*w), i128::from(*a), i128::from(*b));
            (ab, sa, sb) = (ab + w * a * b, sa + w * a, sb + w * b);
        }
        let one = i128::from(WEIGHT_ONE);
        ((one * ab - sa * sb) / (one * one)) as i64
    }

    prop_compose! {
        fn weights()(cuts in prop::collection::btree_set(1..WEIGHT_ONE, ROWS - 1)) -> [u32; ROWS] {
            let mut weights = [0; ROWS];
            let mut last = 0;
            for (slot, cut) in weights.iter_mut().zip(cuts.into_iter().chain([WEIGHT_ONE])) {
                *slot = cut - last;
                last = cut;
            }
            weights
        }
    }

    prop_compose! {
        fn column(range: i32)(z in prop::collection::vec(-range..=range, ROWS)) -> Column {
            z.try_into().unwrap()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn moments_are_exact_for_every_draw_a_set_may_hold(
            w in weights(), wide in column(Z_MAX), a in column(10 * Z_ONE), b in column(10 * Z_ONE),
        ) {
            for z in [&wide, &a] {
                let sum: i128 = w.iter().zip(z).map(|(w, z)| i128::from(*w) * i128::from(*z)).sum();
                prop_assert_eq!(i128::from(weighted_sum(&w, z)), sum);
                prop_assert_eq!(i128::from(mean(&w, z)), (sum << 16).abs() / i128::from(WEIGHT_ONE) * sum.signum());
                prop_assert_eq!(variance(&w, z), reference(&w, z, z).unsigned_abs());
                prop_assert_eq!(mean_and_variance(&w, z), (mean(&w, z), variance(&w, z)));
            }
            prop_assert_eq!(covariance(&w, &a, &b), reference(&w, &a, &b));
            prop_assert_eq!(covariance(&w, &a, &a).unsigned_abs(), variance(&w, &a));
        }

        #[test]
        fn moments_are_those_of_floats(w in weights(), a in column(8 * Z_ONE), b in column(8 * Z_ONE), mix in 0i32..=16) {
            // Some dependence.
            let b: Column = core::array::from_fn(|k| (a[k] * mix + b[k] * (16 - mix)) / 16);
            let p = w.map(|w| f64::from(w) / f64::from(WEIGHT_ONE));
            let expected = |f: &dyn Fn(usize) -> f64| (0..ROWS).map(|k| p[k] * f(k)).sum::<f64>();
            let (x, y) = (a.map(|z| f64::from(z) / 65_536.0), b.map(|z| f64::from(z) / 65_536.0));
            let (mx, my) = (expected(&|k| x[k]), expected(&|k| y[k]));
            let near = |got: i64, want: f64| (got as f64 / MOMENT_ONE as f64 - want).abs() < 1e-9;
            prop_assert!(near(mean(&w, &a), mx));
            prop_assert!(near(variance(&w, &a).cast_signed(), expected(&|k| (x[k] - mx).powi(2))));
            prop_assert!(near(covariance(&w, &a, &b), expected(&|k| (x[k] - mx) * (y[k] - my))));
            prop_assert!(near(correlation(&w, &a, &b), expected(&|k| x[k] * y[k])));
        }

        #[test]
        fn the_tails_are_those_of_the_sorted_column(w in weights(), z in column(Z_MAX)) {
            let (long, short) = column_tail(&w, &z, &mut [0; ROWS], &mut [0; ROWS]).unwrap();
            for (side, got) in [(-1, long), (1, short)] {
                let mut rows: Vec<_> = z.iter().zip(&w).map(|(z, w)| (side * i64::from(*z), i64::from(*w))).collect();
                rows.sort_by_key(|(loss, _)| core::cmp::Reverse(*loss));
                let (mut left, mut sum) = (i64::from(TAIL_99), 0);
                for (loss, weight) in rows {
                    let take = left.min(weight);
                    sum += loss * take;
                    left -= take;
                }
                prop_assert_eq!(got, sum.div_euclid(TAIL_99.into()) + i64::from(sum.rem_euclid(TAIL_99.into()) != 0));
            }
        }
    }

    #[test]
    fn the_largest_draws_on_either_side_do_not_wrap() {
        let weights = [WEIGHT_ONE / ROWS as u32; ROWS];
        let high = [Z_MAX; ROWS];
        let split: Column = core::array::from_fn(|k| if k % 2 == 0 { Z_MAX } else { -Z_MAX });
        assert_eq!(mean(&weights, &high), 64 * MOMENT_ONE);
        assert_eq!(variance(&weights, &high), 0);
        assert_eq!(mean(&weights, &split), 0);
        assert_eq!(variance(&weights, &split), 4_096 << 32);
        let tail = column_tail(&weights, &split, &mut [0; ROWS], &mut [0; ROWS]);
        assert_eq!(tail, Ok((64 << 16, 64 << 16)));
    }

    /// Weights and columns of the set that ships, read from its text.
    fn shipped() -> ([u32; ROWS], Vec<Column>) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/data/default.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let mut lines = text.lines().skip_while(|line| !line.starts_with("row,"));
        let names = lines
            .next()
            .unwrap()
            .split(',')
            .filter(|name| name.starts_with("z_"))
            .count();
        let (mut weights, mut columns) = ([0; ROWS], vec![[0; ROWS]; names]);
        for (k, line) in lines.take(ROWS).enumerate() {
            let cells: Vec<&str> = line.split(',').collect();
            weights[k] = cells[1].parse().unwrap();
            for (column, cell) in columns.iter_mut().zip(&cells[3..]) {
                // Six decimals name a multiple of 2⁻¹⁶ without doubt.
                column[k] = (cell.parse::<f64>().unwrap() * f64::from(Z_ONE)).round() as i32;
            }
        }
        (weights, columns)
    }

    #[test]
    fn the_shipped_set_is_within_every_tolerance() {
        let (weights, columns) = shipped();
        assert_eq!(weights.iter().sum::<u32>(), WEIGHT_ONE);
        assert_eq!(columns.len(), 6);
        for (i, z) in columns.iter().enumerate() {
            assert!(mean(&weights, z).unsigned_abs() < MEAN_TOLERANCE);
            assert!(variance(&weights, z).abs_diff(1 << 32) < VARIANCE_TOLERANCE);
            let (long, short) = column_tail(&weights, z, &mut [0; ROWS], &mut [0; ROWS]).unwrap();
            // Beyond 2.67, the normal's, on both sides; and well inside the cap.
            for (side, es) in [("long", long), ("short", short)] {
                println!("column {i} {side}: {:.3}", es as f64 / f64::from(Z_ONE));
                assert!(
                    (8 * Z_ONE / 3..16 * Z_ONE).contains(&(es as i32)),
                    "{i} {side}"
                );
            }
            for other in &columns {
                let gap = correlation(&weights, z, other).abs_diff(covariance(&weights, z, other));
                assert!(gap < 64, "{gap}");
            }
        }
    }
}
