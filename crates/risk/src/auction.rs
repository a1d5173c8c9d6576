//! Auction arithmetic: what a slice of a liquidated account costs, and how large it may be.
//!
//! The keeper plans with these functions and the liquidation program settles with them. Formulas after
//! Lyra v2 (`DutchAuction.sol`): a falling price for a pro-rata slice of the whole portfolio, with
//! the slice capped to what brings the account back to its buffer.

use {
    crate::{
        PPM,
        error::RiskError,
        units::{Price, Quantity},
    },
    core::cmp::min,
};

/// 1.0 of a fraction or discount: parts per billion.
pub const PPB: u64 = 1_000_000_000;

/// Shape of the price path and of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuctionParams {
    /// Price over mark-to-market value when the auction opens, ppb; 500,000,000 ..= PPB.
    pub start: u64,
    /// Price fraction at the end of the fast phase, ppb; at most `start`.
    pub cut: u64,
    /// Length of the fast phase, seconds; at least 1.
    pub fast_seconds: u64,
    /// Length of the slow phase, from `cut` to zero, seconds; at least 1.
    pub slow_seconds: u64,
    /// Seconds over which the fund's payment for an insolvent account would rise by all of its maintenance margin.
    pub insolvent_seconds: u64,
    /// Most of the maintenance margin that the fund pays beyond what the account lacks, ppm; at most 1,000,000.
    pub incentive: u64,
    /// Extra requirement an account must reach before liquidation stops, ppm of maintenance margin;
    /// at most 1,000,000.
    pub buffer: u64,
}

impl AuctionParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.start < PPB / 2
            || self.start > PPB
            || self.cut > self.start
            || self.fast_seconds == 0
            || self.slow_seconds == 0
            || self.insolvent_seconds == 0
            || self.buffer > PPM
            || self.incentive > PPM
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// Price fraction of a solvent auction after `elapsed` seconds, ppb. Falls from `start` to `cut`
    /// over the fast phase, then to zero over the slow one; never rises. Rounded up: for the account.
    #[must_use]
    pub fn discount(&self, elapsed: u64) -> u64 {
        let (from, to, t, length) = if elapsed < self.fast_seconds {
            (self.start, self.cut, elapsed, self.fast_seconds)
        } else {
            let t = min(elapsed - self.fast_seconds, self.slow_seconds);
            (self.cut, 0, t, self.slow_seconds)
        };
        // Both factors below 2⁶⁴; the quotient is at most `from - to`.
        let fallen = u128::from(from - to) * u128::from(t) / u128::from(length.max(1));
        from - u64::try_from(fallen).unwrap_or(from)
    }

    /// Margin to the buffer: `equity - maintenance x (1 + buffer)`, rounded down. Liquidation goes on while negative.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn buffer_margin(&self, equity: i64, maintenance: i64) -> Result<i64, RiskError> {
        let needed = i128::from(maintenance) * i128::from(PPM + self.buffer);
        let needed = needed.div_euclid(i128::from(PPM))
            + i128::from(needed.rem_euclid(i128::from(PPM)) != 0);
        i64::try_from(i128::from(equity) - needed).map_err(|_| RiskError::Overflow)
    }

    /// Margin to nine tenths of the buffer, from which on liquidation may stop. A bid aims at the whole
    /// buffer, but positions are cut in whole units: without the difference an account could stay a unit
    /// short of it, each further bid too small to move that unit.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn closing_margin(&self, equity: i64, maintenance: i64) -> Result<i64, RiskError> {
        let buffer = self.buffer - self.buffer / 10;
        Self { buffer, ..*self }.buffer_margin(equity, maintenance)
    }

    /// The most of the maintenance margin that the fund pays beyond what an account lacks, micro-USD, rounded down.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn most_incentive(&self, maintenance: i64) -> Result<i64, RiskError> {
        let most = i128::from(maintenance) * i128::from(self.incentive) / i128::from(PPM);
        i64::try_from(most).map_err(|_| RiskError::Overflow)
    }

    /// What taking the whole of an insolvent portfolio costs after `elapsed` seconds: zero or
    /// negative, paid by the insurance fund to the bidder. Falls from `min(equity, 0)` in a straight line toward
    /// `equity - maintenance`, and stops where the [incentive](Self::most_incentive) is reached. Rounded toward zero: for
    /// the fund.
    ///
    /// # Errors
    /// [`RiskError::Overflow`].
    pub fn insolvent_price(
        &self,
        equity: i64,
        maintenance: i64,
        elapsed: u64,
    ) -> Result<i64, RiskError> {
        let from = i128::from(min(equity, 0));
        let to = i128::from(equity) - i128::from(maintenance);
        let t = i128::from(min(elapsed, self.insolvent_seconds));
        let moved = (to - from) * t / i128::from(self.insolvent_seconds.max(1));
        let moved = moved.max(-i128::from(self.most_incentive(maintenance)?));
        i64::try_from(min(from + moved, 0)).map_err(|_| RiskError::Overflow)
    }
}

/// How fast an auction's clock runs: a bidder who waits in a storm waits for less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaceParams {
    /// Volatility over its floor up to which the clock runs at its own pace, ppm; 1,000,000 ..= 10,000,000.
    pub calm: u64,
    /// What is added to the pace when open shortfalls have reached the insurance fund, ppm; at most 10,000,000.
    pub stress: u64,
    /// The clock never runs faster than this, ppm; 1,000,000 ..= 20,000,000.
    pub limit: u64,
}

impl PaceParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        let in_range = self.calm >= PPM
            && self.calm <= 10 * PPM
            && self.stress <= 10 * PPM
            && self.limit >= PPM
            && self.limit <= 20 * PPM;
        if in_range {
            Ok(())
        } else {
            Err(RiskError::BadParameter)
        }
    }

    /// Seconds of the auction per second, ppm, never below one:
    /// `max(1, volatility / calm) x (1 + stress x min(1, shortfall / fund))`, at most `limit`.
    ///
    /// `volatility` is the account's most volatile underlying's, over its floor, ppm; `shortfall` the sum by which the
    /// accounts in auction owe more than they have, `fund` the insurance fund, both micro-USD. Rounded down.
    #[must_use]
    pub fn pace(&self, volatility: u64, shortfall: u64, fund: u64) -> u64 {
        let ppm = u128::from(PPM);
        let volatile = u128::from(volatility) * ppm / u128::from(self.calm.max(1));
        let part = match fund {
            0 if shortfall == 0 => 0,
            0 => ppm,
            _ => min(u128::from(shortfall) * ppm / u128::from(fund), ppm),
        };
        // Ratios below 2⁶⁵ and 2²⁵ after the cap: no product leaves 128 bits.
        let volatile = volatile.clamp(ppm, u128::from(self.limit.max(PPM)));
        let pace = volatile * (ppm + u128::from(self.stress) * part / ppm) / ppm;
        u64::try_from(pace).map_or(self.limit, |pace| pace.min(self.limit))
    }
}

/// Price of the whole solvent portfolio at a discount: `(value - reserved) x discount`, rounded up,
/// where `reserved` is cash paid in by earlier bids, which is not for sale. Zero when nothing is left.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn solvent_price(value: i64, reserved: i64, discount: u64) -> Result<i64, RiskError> {
    let for_sale = i128::from(value) - i128::from(reserved);
    if for_sale <= 0 {
        return Ok(0);
    }
    let ppb = i128::from(PPB);
    let price = for_sale * i128::from(discount);
    i64::try_from((price + ppb - 1) / ppb).map_err(|_| RiskError::Overflow)
}

/// Largest fraction (ppb) of a solvent portfolio that one bid may take:
/// `f = BM / (BM - V d - R (1 - d))`, after which the buffer margin is zero. Rounded down, at most one;
/// zero when the buffer is met.
///
/// `buffer_margin` BM, `value` V (equity, which includes `reserved`), `reserved` R, `discount` d.
#[must_use]
pub fn max_fraction(buffer_margin: i64, value: i64, reserved: i64, discount: u64) -> u64 {
    if buffer_margin >= 0 {
        return 0;
    }
    let ppb = i128::from(PPB);
    let (bm, d) = (i128::from(buffer_margin), i128::from(discount));
    // In units of 10⁻⁹ micro-USD: each term below 2⁶³ x 2³⁰.
    let denominator = bm * ppb - i128::from(value) * d - i128::from(reserved) * (ppb - d);
    if denominator >= 0 {
        return PPB;
    }
    // The products stay below 2¹²³.
    let fraction = bm * ppb * ppb / denominator;
    u64::try_from(fraction).map_or(PPB, |f| f.min(PPB))
}

/// `amount x fraction`, rounded down: the part of a balance or debt that goes to a bidder. It gets no
/// more than its share of what is owned and no less of what is owed.
#[must_use]
pub fn slice_of(amount: i64, fraction: u64) -> i64 {
    let part = (i128::from(amount) * i128::from(fraction.min(PPB))).div_euclid(i128::from(PPB));
    // |part| <= |amount|, so the conversion cannot fail.
    i64::try_from(part).unwrap_or(amount)
}

/// `amount x fraction` of a token's balance, rounded down: the part that goes to a bidder.
#[must_use]
pub fn slice_of_balance(amount: u64, fraction: u64) -> u64 {
    let part = u128::from(amount) * u128::from(fraction.min(PPB)) / u128::from(PPB);
    // The part is at most the amount, so the conversion cannot fail.
    u64::try_from(part).unwrap_or(amount)
}

/// The part of a position (base, quote) that goes to a bidder, rounded against the bidder: a whole unit
/// of base less of a position in profit, a whole unit more of one at a loss, with its share of quote
/// rounded down. Without that direction, many tiny bids would each take a balance and leave the loss.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn slice_of_position(
    base: i64,
    quote: i64,
    mark: Price,
    fraction: u64,
) -> Result<(i64, i64), RiskError> {
    if base == 0 {
        return Ok((0, slice_of(quote, fraction)));
    }
    let profit = Quantity(base).at(mark).0 + i128::from(quote) * 1_000_000;
    let (whole, fraction) = (base.unsigned_abs(), fraction.min(PPB));
    // base x fraction / 10⁹ by the billions in it and the rest, whose product stays below 2⁶⁰.
    let rest = (whole % PPB) * fraction;
    let size =
        (whole / PPB) * fraction + rest / PPB + u64::from(profit < 0 && !rest.is_multiple_of(PPB));
    let size = i64::try_from(size).map_err(|_| RiskError::Overflow)?;
    let part = if base > 0 { size } else { -size };
    let quote_part = match quote {
        0 => 0,
        quote => (i128::from(quote) * i128::from(size)).div_euclid(i128::from(whole)),
    };
    Ok((
        part,
        i64::try_from(quote_part).map_err(|_| RiskError::Overflow)?,
    ))
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const LYRA: AuctionParams = AuctionParams {
        start: 950_000_000,
        cut: 700_000_000,
        fast_seconds: 900,
        slow_seconds: 43_200,
        insolvent_seconds: 3_600,
        incentive: PPM,
        buffer: 150_000,
    };

    #[test]
    fn the_fund_pays_no_more_beyond_a_debt_than_its_incentive() {
        let capped = AuctionParams {
            incentive: 300_000,
            ..LYRA
        };
        for (elapsed, all, some) in [
            (0, -50, -50),
            (900, -300, -300),
            (1_080, -350, -350),
            (1_800, -550, -350),
            (9_999, -1_050, -350),
        ] {
            assert_eq!(LYRA.insolvent_price(-50, 1_000, elapsed), Ok(all));
            assert_eq!(capped.insolvent_price(-50, 1_000, elapsed), Ok(some));
        }
        assert_eq!(
            AuctionParams {
                incentive: PPM + 1,
                ..LYRA
            }
            .check(),
            Err(RiskError::BadParameter)
        );
    }

    #[test]
    fn price_path_is_continuous_and_never_rises() {
        assert_eq!(LYRA.discount(0), 950_000_000);
        assert_eq!(LYRA.discount(900), 700_000_000);
        assert_eq!(LYRA.discount(44_100), 0);
        assert_eq!(LYRA.discount(u64::MAX), 0);
        let mut last = PPB;
        for t in 0..45_000 {
            let d = LYRA.discount(t);
            assert!(d <= last && last - d < 60_000_000);
            last = d;
        }
    }

    proptest! {
        #[test]
        fn a_largest_bid_restores_the_buffer_and_no_more(
            value in 1i64..1_000_000_000_000, ratio in 1u64..2_000_000, t in 0u64..40_000,
        ) {
            let maintenance = value + mul(value, ratio);
            let bm = LYRA.buffer_margin(value, maintenance).unwrap();
            let d = LYRA.discount(t);
            let f = max_fraction(bm, value, 0, d);
            prop_assert!(f <= PPB);
            let paid = mul_ppb(solvent_price(value, 0, d).unwrap(), f);
            // Requirement scales with the part that is left.
            let left_value = value - slice_of(value, f) + paid;
            let left_maintenance = maintenance - slice_of(maintenance, f);
            let after = LYRA.buffer_margin(left_value, left_maintenance).unwrap();
            // Within the rounding of a fraction in ppb.
            let slack = maintenance / 100_000_000 + 4;
            prop_assert!(after.abs() <= slack || (f == PPB && after >= 0), "{after} at {f}");
        }

        #[test]
        fn a_slice_never_exceeds_what_is_there(amount: i64, f in 0..=PPB) {
            let s = slice_of(amount, f);
            prop_assert!(s.unsigned_abs() <= amount.unsigned_abs());
            prop_assert!(s == 0 || s.signum() == amount.signum());
            prop_assert_eq!(slice_of(amount, PPB), amount);
        }

        #[test]
        fn a_slice_of_a_position_is_never_worth_more_than_its_share(
            base in -1_000_000_000i64..1_000_000_000, entry in 1u64..200_000_000_000,
            mark in 1u64..200_000_000_000, f in 1..=PPB,
        ) {
            let quote = i64::try_from(-i128::from(base) * i128::from(entry) / 1_000_000).unwrap();
            let mark = Price::new(mark).unwrap();
            let (b, q) = slice_of_position(base, quote, mark, f).unwrap();
            // Profit in 10⁻¹² USD, exactly.
            let worth = |b: i64, q: i64| Quantity(b).at(mark).0 + i128::from(q) * 1_000_000;
            prop_assert!(worth(b, q) * i128::from(PPB) <= worth(base, quote) * i128::from(f));
            prop_assert!(b.unsigned_abs() <= base.unsigned_abs());
            prop_assert_eq!(slice_of_position(base, quote, mark, PPB).unwrap(), (base, quote));
        }
    }

    fn mul(a: i64, ppm: u64) -> i64 {
        (i128::from(a) * i128::from(ppm) / 1_000_000) as i64
    }

    fn mul_ppb(a: i64, ppb: u64) -> i64 {
        (i128::from(a) * i128::from(ppb) / i128::from(PPB)) as i64
    }

    #[test]
    fn an_account_at_its_buffer_sells_nothing() {
        assert_eq!(max_fraction(0, 1_000, 0, LYRA.start), 0);
        assert_eq!(max_fraction(5, 1_000, 0, LYRA.start), 0);
    }

    #[test]
    fn closing_asks_for_nine_tenths_of_the_buffer() {
        assert_eq!(LYRA.buffer_margin(1_150, 1_000), Ok(0));
        assert_eq!(LYRA.closing_margin(1_135, 1_000), Ok(0));
        assert_eq!(LYRA.closing_margin(1_134, 1_000), Ok(-1));
    }

    const PACE: PaceParams = PaceParams {
        calm: 1_500_000,
        stress: 2_000_000,
        limit: 8_000_000,
    };

    #[test]
    fn the_clock_runs_faster_in_a_storm_and_when_the_fund_is_called_on() {
        assert_eq!(PACE.check(), Ok(()));
        assert_eq!(PACE.pace(1_000_000, 0, 100), 1_000_000);
        assert_eq!(PACE.pace(1_500_000, 0, 0), 1_000_000);
        assert_eq!(PACE.pace(3_000_000, 0, 100), 2_000_000);
        assert_eq!(PACE.pace(1_000_000, 50, 100), 2_000_000);
        assert_eq!(PACE.pace(3_000_000, 1_000, 100), 6_000_000);
        assert_eq!(PACE.pace(3_000_000, 1, 0), 6_000_000);
        assert_eq!(PACE.pace(u64::MAX, u64::MAX, 1), 8_000_000);
        for bad in [
            PaceParams {
                calm: PPM - 1,
                ..PACE
            },
            PaceParams {
                stress: 10 * PPM + 1,
                ..PACE
            },
            PaceParams {
                limit: PPM - 1,
                ..PACE
            },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(LYRA.check(), Ok(()));
        for bad in [
            AuctionParams {
                start: PPB + 1,
                ..LYRA
            },
            AuctionParams {
                cut: LYRA.start + 1,
                ..LYRA
            },
            AuctionParams {
                fast_seconds: 0,
                ..LYRA
            },
            AuctionParams {
                buffer: PPM + 1,
                ..LYRA
            },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }
}
