//! A staked token: what its pool redeems it for, and what it counts for as collateral.
//!
//! It counts for the lower of redemption and market: a market that trades below redemption is what a
//! liquidator gets now, one above it is not what the pool pays. The rate may grow no faster than
//! staking pays, so that a pool's accounts cannot be blown up for an afternoon; a fall (a slashing) counts
//! at once.

use {
    crate::{PPM, error::RiskError, units::MAX_PRICE},
    core::cmp::min,
};

/// 1.0 of a redemption rate: base tokens per staked token, parts per billion.
pub const RATE_ONE: u64 = 1_000_000_000;
/// Lowest and highest rate of a pool: a tenth and a hundred.
pub const RATE_MIN: u64 = RATE_ONE / 10;
pub const RATE_MAX: u64 = 100 * RATE_ONE;
/// Fastest growth that may be set, ppm an epoch.
pub const MAX_GROWTH: u64 = 100_000;
/// Epochs without a change count toward growth only up to here.
pub const MAX_EPOCHS: u64 = 100;

/// A rate within its growth limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundedRate {
    pub rate: u64,
    /// The pool claims more than the limit lets through.
    pub limited: bool,
}

/// A staked token in micro-USD per whole token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakedValue {
    /// The lower of redemption and market: what it counts for.
    pub price: u64,
    pub redemption: u64,
}

/// `total_lamports / supply`, rounded down, both in the smallest units of tokens with the same decimals.
///
/// # Errors
/// [`RiskError::PriceOutOfRange`] when the supply is zero or the rate outside [`RATE_MIN`] ..= [`RATE_MAX`].
pub fn rate_of_pool(total_lamports: u64, supply: u64) -> Result<u64, RiskError> {
    let scaled = u128::from(total_lamports) * u128::from(RATE_ONE);
    let rate = scaled
        .checked_div(u128::from(supply))
        .and_then(|rate| u64::try_from(rate).ok());
    rate.filter(|rate| (RATE_MIN..=RATE_MAX).contains(rate))
        .ok_or(RiskError::PriceOutOfRange)
}

/// The rate in force after the pool says `proposed`:
/// `min(proposed, previous x (1 + max_growth x epochs))`, the limit rounded down. `epochs` have passed since
/// the rate last changed, at most [`MAX_EPOCHS`] count; within one epoch nothing grows, and a fall always
/// passes. `max_growth` in ppm an epoch, 1 ..= 100,000. A `previous` of zero is none yet: `proposed` passes.
#[must_use]
pub fn bounded_rate(previous: u64, proposed: u64, epochs: u64, max_growth: u64) -> BoundedRate {
    let previous = min(previous, RATE_MAX);
    // At most 10⁷; times a rate below 2³⁷ it stays below 2⁶¹.
    let growth = min(max_growth, MAX_GROWTH) * min(epochs, MAX_EPOCHS);
    let limit = previous + previous * growth / PPM;
    let limited = previous != 0 && proposed > limit;
    BoundedRate {
        rate: if limited { limit } else { proposed },
        limited,
    }
}

/// `min(rate x base price, market)`, rounded down; without a market the redemption alone. The redemption
/// is at most [`MAX_PRICE`]. `rate` at most [`RATE_MAX`], `base_price` at most [`MAX_PRICE`] in micro-USD.
#[must_use]
pub fn value(rate: u64, base_price: u64, market: Option<u64>) -> StakedValue {
    let (rate, base) = (min(rate, RATE_MAX), min(base_price, MAX_PRICE));
    // Without 128 bits: rate = a + b / 10⁹ and base = c x 10⁹ + d give a x base + b x c + b x d / 10⁹. The terms
    // are below 2⁵¹, 2⁴⁵ and 2³⁰, and b x d below 10¹⁸.
    let (whole, part) = (rate / RATE_ONE, rate % RATE_ONE);
    let redemption = whole * base + part * (base / RATE_ONE) + part * (base % RATE_ONE) / RATE_ONE;
    let redemption = min(redemption, MAX_PRICE);
    StakedValue {
        price: market.map_or(redemption, |market| min(market, redemption)),
        redemption,
    }
}

/// A token's price at its base's price of now: as far below the redemption as it was when it was last refreshed. `price` and
/// `redemption` are of that moment, `rate` is in force. Rounded down; `price` itself where nothing was known of a redemption.
#[must_use]
pub fn at_base(price: u64, redemption: u64, rate: u64, base_price: u64) -> u64 {
    let now = value(rate, base_price, None).redemption;
    if now == redemption || redemption == 0 {
        return price;
    }
    let moved = u128::from(min(price, MAX_PRICE)) * u128::from(now) / u128::from(redemption);
    u64::try_from(moved).unwrap_or(MAX_PRICE).min(MAX_PRICE)
}

/// How far the market stands below the redemption, ppm of the redemption, rounded up; zero when it does
/// not. Prices of at most [`MAX_PRICE`].
#[must_use]
pub fn gap_ppm(redemption: u64, market: u64) -> u64 {
    let redemption = min(redemption, MAX_PRICE);
    // 2⁴⁴ x 10⁶ < 2⁶⁴. A redemption of zero has no shortfall.
    (redemption.saturating_sub(market) * PPM).div_ceil(redemption.max(1))
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    prop_compose! {
        fn rate()(rate in prop_oneof![RATE_MIN..=RATE_MAX, RATE_ONE..2 * RATE_ONE]) -> u64 { rate }
    }

    fn price() -> impl Strategy<Value = u64> {
        (0u32..=44).prop_flat_map(|bits| 1..=1u64 << bits)
    }

    proptest! {
        #[test]
        fn the_rate_of_a_pool_is_exact_or_refused(total: u64, supply: u64, shift in 0u32..64) {
            for (total, supply) in [(total, supply), (total >> shift, supply >> shift)] {
                let exact = |rate: u64| u128::from(rate) * u128::from(supply);
                let scaled = u128::from(total) * 1_000_000_000;
                match rate_of_pool(total, supply) {
                    Ok(rate) => {
                        prop_assert!((100_000_000..=100_000_000_000).contains(&rate));
                        prop_assert!(exact(rate) <= scaled && scaled < exact(rate + 1));
                    }
                    Err(_) => prop_assert!(
                        supply == 0 || scaled < exact(RATE_MIN) || scaled >= exact(RATE_MAX + 1)
                    ),
                }
            }
        }

        #[test]
        fn a_rate_grows_within_its_limit_and_falls_at_once(
            previous in rate(), proposed in rate(), epochs in 0u64..200, growth in 1u64..=100_000,
        ) {
            let it = bounded_rate(previous, proposed, epochs, growth);
            let room = u128::from(previous) * (1_000_000 + u128::from(growth * epochs.min(100)));
            prop_assert!(it.rate <= proposed);
            if proposed <= previous {
                prop_assert_eq!(it, BoundedRate { rate: proposed, limited: false });
            } else {
                prop_assert!(it.rate >= previous);
                prop_assert!(u128::from(it.rate) * 1_000_000 <= room);
                prop_assert_eq!(it.limited, it.rate < proposed);
                // No more is held back than the limit asks for.
                prop_assert!(!it.limited || (u128::from(it.rate) + 1) * 1_000_000 > room);
            }
            prop_assert_eq!(bounded_rate(previous, proposed, 0, growth).rate, previous.min(proposed));
        }

        #[test]
        fn the_value_is_exact_and_the_lower_of_two(rate in rate(), base in price(), market in price()) {
            let it = value(rate, base, Some(market));
            let exact = u128::from(rate) * u128::from(base) / 1_000_000_000;
            prop_assert_eq!(u128::from(it.redemption), exact.min(1 << 44));
            prop_assert_eq!(it.price, it.redemption.min(market));
            prop_assert_eq!(value(rate, base, None).price, it.redemption);
        }

        #[test]
        fn the_gap_covers_the_shortfall_and_no_ppm_more(redemption in price(), market in price()) {
            let gap = u128::from(gap_ppm(redemption, market));
            let (r, m) = (u128::from(redemption), u128::from(market));
            prop_assert!(gap <= 1_000_000);
            if market >= redemption {
                prop_assert_eq!(gap, 0);
            } else {
                prop_assert!(gap * r >= (r - m) * 1_000_000);
                prop_assert!((gap - 1) * r < (r - m) * 1_000_000);
            }
        }
    }

    #[test]
    fn a_token_follows_its_base_at_the_distance_it_had() {
        // Worth 236 where it redeems for 240, at a base of 200.
        let at = |base| at_base(236_000_000, 240_000_000, 1_200_000_000, base);
        assert_eq!(at(200_000_000), 236_000_000);
        assert_eq!(at(190_000_000), 224_200_000);
        assert_eq!(at(210_000_000), 247_800_000);
        assert_eq!(at_base(5, 0, RATE_ONE, 9), 5);
        assert_eq!(at_base(u64::MAX, 1, u64::MAX, u64::MAX), MAX_PRICE);
    }

    #[test]
    fn the_edges_of_a_pool() {
        assert_eq!(rate_of_pool(12_345, 10_000), Ok(1_234_500_000));
        assert_eq!(rate_of_pool(2, 3), Ok(666_666_666));
        assert_eq!(rate_of_pool(1, 10), Ok(RATE_MIN));
        assert_eq!(rate_of_pool(100, 1), Ok(RATE_MAX));
        for (total, supply) in [
            (1, 0),
            (0, 0),
            (0, 1),
            (99_999_999, 1_000_000_000),
            (u64::MAX, 1),
        ] {
            assert_eq!(rate_of_pool(total, supply), Err(RiskError::PriceOutOfRange));
        }
    }

    #[test]
    fn growth_is_linear_in_epochs_and_ends_at_a_hundred() {
        let grown = |epochs| bounded_rate(RATE_ONE, RATE_MAX, epochs, 500).rate;
        assert_eq!(grown(0), RATE_ONE);
        assert_eq!(grown(1), 1_000_500_000);
        assert_eq!(grown(7), 1_003_500_000);
        assert_eq!(grown(100), 1_050_000_000);
        assert_eq!(grown(u64::MAX), 1_050_000_000);
        let within = bounded_rate(RATE_ONE, 1_000_500_000, 1, 500);
        assert!(!within.limited);
        assert!(bounded_rate(RATE_ONE, 1_000_500_001, 1, 500).limited);
    }

    #[test]
    fn the_first_rate_passes() {
        let first = BoundedRate {
            rate: RATE_MAX,
            limited: false,
        };
        assert_eq!(bounded_rate(0, RATE_MAX, 0, 1), first);
    }

    #[test]
    fn the_largest_values_do_not_overflow() {
        let it = bounded_rate(u64::MAX, u64::MAX, u64::MAX, u64::MAX);
        assert_eq!((it.rate, it.limited), (11 * RATE_MAX, true));
        assert_eq!(value(u64::MAX, u64::MAX, None).redemption, MAX_PRICE);
        assert_eq!(gap_ppm(u64::MAX, 0), PPM);
        assert_eq!(gap_ppm(0, 0), 0);
    }
}
