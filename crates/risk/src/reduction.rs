//! Open positions reduced pro rata against one that nobody takes, in one step, applied to each when it is next touched.
//!
//! What is closed goes into a pot: its size with the opposite sign of the reduced side, and what it is closed for. Two
//! numbers per side stand for it: the part of a position that is [left](left_after), and the [price](price_rise) index,
//! what a whole position has been given for what it lost. A position remembers both and takes its [share](share) of the
//! pot at the [average price](average_price) in between.
//!
//! Shares round up and the last takes what is in the pot, so that the pot is emptied to the last millionth of a contract;
//! what is paid rounds down. Dividing a position over accounts moves its share by at most a millionth per account.

use crate::{error::RiskError, funding::INDEX_BITS};

/// 1.0 of the part that is left (Q63).
pub const LEFT_ONE: u64 = 1 << 63;
/// A part below this is too coarse to be reduced further: 2⁻³².
pub const LEFT_MIN: u64 = 1 << 31;
/// Fraction bits of a price in the index.
const PRICE_BITS: u32 = 16;

/// What is left of a position after `reduced` of `open` millionths are closed, rounded down. A part below [`LEFT_MIN`] is
/// none: the side is closed whole, and the last to take its share keeps what is not in the pot, less than 2⁻³² of the side.
///
/// # Errors
/// [`RiskError::BadParameter`] when more is closed than is open, or when nothing was left.
pub fn left_after(left: u64, reduced: u64, open: u64) -> Result<u64, RiskError> {
    let stays = open.checked_sub(reduced).filter(|_| open > 0);
    let stays = stays.ok_or(RiskError::BadParameter)?;
    // Below 2⁶³ x 2⁶⁴; the quotient is at most `left`.
    let after = u128::from(left) * u128::from(stays) / u128::from(open);
    let after = u64::try_from(after).map_err(|_| RiskError::Overflow)?;
    if left < LEFT_MIN {
        return Err(RiskError::BadParameter);
    }
    Ok(if after < LEFT_MIN { 0 } else { after })
}

/// By how much the price index rises when a side of `open` millionths, `left` of each position, is given `quote` (10⁻⁶
/// micro-USD, 2⁻²⁰; negative: pays) for what it loses. In micro-USD per contract, 2⁻¹⁶, times Q63. Rounded down.
///
/// # Errors
/// [`RiskError::Overflow`] when a contract would be given 2⁴⁶ micro-USD or more.
pub fn price_rise(left: u64, quote: i128, open: u64) -> Result<i128, RiskError> {
    if open == 0 {
        return Err(RiskError::BadParameter);
    }
    // The quotient of sizes, then the sign: toward minus infinity.
    let per_contract = quote.div_euclid(i128::from(open)) >> (INDEX_BITS - PRICE_BITS);
    if per_contract.unsigned_abs() >> 62 != 0 {
        return Err(RiskError::Overflow);
    }
    // Below 2⁶² x 2⁶³.
    Ok(per_contract * i128::from(left))
}

/// Millionths that a position of `size` loses as what is left goes from `then` to `now`, rounded up.
///
/// # Errors
/// [`RiskError::BadParameter`] when more is left now.
pub fn share(size: u64, then: u64, now: u64) -> Result<u64, RiskError> {
    if now > then || then == 0 {
        return Err(RiskError::BadParameter);
    }
    // Below 2⁶⁴ x 2⁶³; the quotient is at most `size`.
    let kept = u128::from(size) * u128::from(now) / u128::from(then);
    let kept = u64::try_from(kept).map_err(|_| RiskError::Overflow)?;
    Ok(size - kept)
}

/// What `reduced` millionths are given on average as what is left went from `then` to `now` and the price index rose by
/// `rise`: 10⁻⁶ micro-USD, 2⁻²⁰. Rounded down.
///
/// # Errors
/// [`RiskError::BadParameter`] when nothing was reduced; [`RiskError::Overflow`].
pub fn average_price(reduced: u64, rise: i128, then: u64, now: u64) -> Result<i128, RiskError> {
    let parts = then.checked_sub(now).filter(|parts| *parts > 0);
    let parts = parts.ok_or(RiskError::BadParameter)?;
    let per_contract = rise.div_euclid(i128::from(parts));
    per_contract
        .checked_mul(i128::from(reduced))
        .and_then(|quote| quote.checked_mul(1 << (INDEX_BITS - PRICE_BITS)))
        .ok_or(RiskError::Overflow)
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const ONE: i128 = 1_000_000 << INDEX_BITS;

    #[test]
    fn everyone_loses_its_part_at_the_price() {
        // 3 of 12 contracts are closed at 100 USD.
        let open = 12_000_000;
        let now = left_after(LEFT_ONE, 3_000_000, open).unwrap();
        let rise = price_rise(LEFT_ONE, 300_000_000 * ONE, open).unwrap();
        let lost = share(8_000_000, LEFT_ONE, now).unwrap();
        assert_eq!(lost, 2_000_000);
        let got = average_price(lost, rise, LEFT_ONE, now).unwrap();
        assert_eq!(got / ONE, 200_000_000);
    }

    #[test]
    fn a_side_that_is_nearly_closed_is_closed_whole() {
        assert_eq!(left_after(LEFT_ONE, 7, 7), Ok(0));
        assert_eq!(share(5, LEFT_ONE, 0), Ok(5));
        let nearly = left_after(LEFT_ONE, (1 << 40) - 1, 1 << 40);
        assert_eq!(nearly, Ok(0));
        assert_eq!(left_after(0, 1, 2), Err(RiskError::BadParameter));
        assert_eq!(left_after(LEFT_ONE, 8, 7), Err(RiskError::BadParameter));
        assert_eq!(left_after(LEFT_ONE, 0, 0), Err(RiskError::BadParameter));
        assert_eq!(share(5, 0, 0), Err(RiskError::BadParameter));
        assert_eq!(share(5, 3, 4), Err(RiskError::BadParameter));
        assert_eq!(average_price(1, 1, 3, 3), Err(RiskError::BadParameter));
        assert_eq!(price_rise(LEFT_ONE, 1, 0), Err(RiskError::BadParameter));
        assert_eq!(price_rise(LEFT_ONE, i128::MAX, 1), Err(RiskError::Overflow));
    }

    proptest! {
        #[test]
        fn shares_empty_the_pot_and_are_paid_no_more_than_is_in_it(
            sizes in prop::collection::vec(1u64..1 << 40, 1..40), part in 1u64..=900_000, price in -1_000_000i64..1_000_000_000_000,
        ) {
            let open: u64 = sizes.iter().sum();
            let reduced = (u128::from(open) * u128::from(part) / 1_000_000) as u64;
            prop_assume!(reduced > 0);
            let quote = (i128::from(reduced) * i128::from(price)) << INDEX_BITS;
            let now = left_after(LEFT_ONE, reduced, open).unwrap();
            let rise = price_rise(LEFT_ONE, quote, open).unwrap();
            let (mut pot, mut paid) = (reduced, 0);
            for size in &sizes {
                let exact = u128::from(*size) * u128::from(reduced);
                let up = exact.div_ceil(u128::from(open)) as u64;
                let share = share(*size, LEFT_ONE, now).unwrap();
                prop_assert!(share >= up && share <= up + 1 && share <= *size);
                let share = share.min(pot);
                pot -= share;
                paid += average_price(share, rise, LEFT_ONE, now).unwrap();
            }
            prop_assert_eq!(pot, 0);
            // Never more, and less by no more than 2⁻¹⁵ micro-USD a contract of the whole side.
            prop_assert!(paid <= quote && quote - paid <= i128::from(open) << (INDEX_BITS - PRICE_BITS + 1));
        }

        #[test]
        fn a_sleeper_gets_what_two_visits_get(
            size in 1_000_000u64..1 << 40, first in 1u64..500_000, second in 1u64..500_000,
            p in 1i64..1_000_000_000_000, q in 1i64..1_000_000_000_000,
        ) {
            let open = 1u64 << 42;
            let a = (u128::from(open) * u128::from(first) / 1_000_000) as u64;
            let b = (u128::from(open - a) * u128::from(second) / 1_000_000) as u64;
            let one = left_after(LEFT_ONE, a, open).unwrap();
            let two = left_after(one, b, open - a).unwrap();
            let rise_a = price_rise(LEFT_ONE, (i128::from(a) * i128::from(p)) << INDEX_BITS, open).unwrap();
            let rise_b = price_rise(one, (i128::from(b) * i128::from(q)) << INDEX_BITS, open - a).unwrap();
            let early = share(size, LEFT_ONE, one).unwrap();
            let late = share(size - early, one, two).unwrap();
            let visits = average_price(early, rise_a, LEFT_ONE, one).unwrap() + average_price(late, rise_b, one, two).unwrap();
            let at_once = share(size, LEFT_ONE, two).unwrap();
            let asleep = average_price(at_once, rise_a + rise_b, LEFT_ONE, two).unwrap();
            prop_assert!(at_once.abs_diff(early + late) <= 1);
            // A unit of size at the larger price, and the rounding of prices.
            let slack = ((i128::from(p.max(q)) * 3) << INDEX_BITS) + (i128::from(size) << 6);
            prop_assert!((visits - asleep).abs() <= slack, "{} {}", visits, asleep);
        }
    }
}
