//! What several publishers post becomes one value: their median, moved by one step at most; and annual volatility as the
//! daily variance that the rest of the library works on.

use crate::{
    ewma::VARIANCE_MAX,
    fixed::{div_wide, mul_high_floor, root_q8},
};

/// Days in a year of volatility.
const DAYS: u64 = 365;

/// The middle value; of an even count the point between the two in the middle that is nearest to the value in force, which is
/// that value itself where it lies between them. `None` of nothing. Reorders `values`.
///
/// A majority of honest publishers bounds it: with fewer than half of the values wrong it lies between the least and the
/// greatest of the right ones. With half of them wrong it lies between a right value and the one in force: one publisher of
/// two can hold a value where it is, and cannot move it anywhere.
#[must_use]
pub fn median_i32(values: &mut [i32], in_force: i32) -> Option<i32> {
    values.sort_unstable();
    let below = *values.get(values.len().checked_sub(1)? / 2)?;
    let above = *values.get(values.len() / 2)?;
    Some(in_force.clamp(below, above))
}

/// `target`, or as near to it as `max_step` from `previous` allows.
#[must_use]
pub fn limited(previous: i32, target: i32, max_step: u32) -> i32 {
    target.clamp(
        previous.saturating_sub_unsigned(max_step),
        previous.saturating_add_unsigned(max_step),
    )
}

/// Volatility in Q32 per root year (of 365 days) of a variance per day in Q48, which counts as [`VARIANCE_MAX`] at most.
/// Rounded down; exactly the inverse of [`variance_per_day`] for volatilities from 0.3 % to 3,800 %.
#[must_use]
pub const fn sqrt_variance_per_year(variance_per_day_q48: u64) -> u64 {
    let variance = if variance_per_day_q48 > VARIANCE_MAX {
        VARIANCE_MAX
    } else {
        variance_per_day_q48
    };
    // Below 2⁵⁹. Q48 x 2¹⁶ = Q64, whose root is Q32.
    root_q8(variance * DAYS)
}

/// Variance per day in Q48 of a volatility in Q32 per root year (of 365 days). Rounded up, at most [`VARIANCE_MAX`].
#[must_use]
pub const fn variance_per_day(volatility_q32: u64) -> u64 {
    // Beyond 64.0 the variance is far beyond its maximum, which is at 38.2.
    if volatility_q32 >> 38 != 0 {
        return VARIANCE_MAX;
    }
    // Q64, below 2⁷⁶ in two words, to Q48: the quotient is below 2⁵².
    let (high, low) = (
        mul_high_floor(volatility_q32, volatility_q32),
        volatility_q32.wrapping_mul(volatility_q32),
    );
    let variance = div_wide(high, low, DAYS << 16);
    let up = variance.wrapping_mul(DAYS << 16) != low;
    let variance = variance + up as u64;
    if variance > VARIANCE_MAX {
        VARIANCE_MAX
    } else {
        variance
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    proptest! {
        #[test]
        fn a_median_has_half_of_the_values_on_either_side(
            values in prop::collection::vec(any::<i32>(), 1..12), in_force: i32,
        ) {
            let median = median_i32(&mut values.clone(), in_force).unwrap();
            let below = values.iter().filter(|v| **v < median).count();
            let above = values.iter().filter(|v| **v > median).count();
            prop_assert!(values.contains(&median) || (values.len() % 2 == 0 && median == in_force));
            prop_assert!(2 * below <= values.len());
            prop_assert!(2 * above <= values.len());
        }

        #[test]
        fn a_minority_cannot_move_a_median_beyond_the_majority(
            good in prop::collection::vec(-1_000i32..=1_000, 2..8), bad in prop::collection::vec(any::<i32>(), 0..7),
            in_force: i32,
        ) {
            let mut all = good.clone();
            all.extend(bad.iter().take(good.len() - 1));
            let median = median_i32(&mut all, in_force).unwrap();
            prop_assert!((*good.iter().min().unwrap()..=*good.iter().max().unwrap()).contains(&median));
        }

        #[test]
        fn half_of_the_values_cannot_move_it_away_from_what_is_in_force_and_right(
            good in prop::collection::vec(-1_000i32..=1_000, 1..8), bad: i32, spread in prop::collection::vec(any::<i32>(), 7),
            in_force in -2_000i32..=2_000,
        ) {
            let mut all = good.clone();
            all.extend(spread.iter().take(good.len() - 1).chain([&bad]));
            let median = median_i32(&mut all, in_force).unwrap();
            let low = *good.iter().min().unwrap().min(&in_force);
            let high = *good.iter().max().unwrap().max(&in_force);
            prop_assert!((low..=high).contains(&median), "{median}");
        }

        #[test]
        fn a_step_is_toward_the_target_and_no_longer_than_allowed(previous: i32, target: i32, small in 0u32..1_000, any: u32) {
            for step in [small, any] {
                let next = i64::from(limited(previous, target, step));
                let (from, to) = (i64::from(previous), i64::from(target));
                let want = from + (to - from).clamp(-i64::from(step), i64::from(step));
                prop_assert_eq!(next, want);
            }
        }

        #[test]
        fn variances_and_volatilities_are_those_of_128_bit_integers(variance in 0..=VARIANCE_MAX, small in 0u64..1 << 30, v in 0u64..1 << 38) {
            for variance in [variance, small] {
                let want = ((u128::from(variance) * 365) << 16).isqrt() as u64;
                prop_assert_eq!(sqrt_variance_per_year(variance), want);
            }
            let want = (u128::from(v) * u128::from(v)).div_ceil(365 << 16).min(u128::from(VARIANCE_MAX));
            prop_assert_eq!(u128::from(variance_per_day(v)), want);
        }

        #[test]
        fn a_volatility_survives_the_way_through_variance(v in 12_884_902u64..=38 << 32) {
            prop_assert_eq!(sqrt_variance_per_year(variance_per_day(v)), v);
        }
    }

    #[test]
    fn nobody_s_median_is_none_and_four_have_what_is_nearest_to_the_one_in_force() {
        assert_eq!(median_i32(&mut [], 7), None);
        assert_eq!(median_i32(&mut [7], 1), Some(7));
        assert_eq!(median_i32(&mut [9, 1, 5], 9), Some(5));
        for (in_force, median) in [(0, 5), (5, 5), (6, 6), (7, 7), (8, 7)] {
            assert_eq!(median_i32(&mut [9, 1, 7, 5], in_force), Some(median));
        }
    }

    #[test]
    fn a_variance_out_of_range_counts_as_the_largest() {
        assert_eq!(variance_per_day(u64::MAX), VARIANCE_MAX);
        assert_eq!(variance_per_day(1 << 38), VARIANCE_MAX);
        assert_eq!(
            sqrt_variance_per_year(u64::MAX),
            sqrt_variance_per_year(VARIANCE_MAX)
        );
        assert_eq!((variance_per_day(0), sqrt_variance_per_year(0)), (0, 0));
        // 4 % a day is 76.4 % a year.
        let yearly = sqrt_variance_per_year((0.0016 * 2f64.powi(48)) as u64) as f64 / 2f64.powi(32);
        assert!((yearly - 0.04 * 365f64.sqrt()).abs() < 1e-9);
    }
}
