//! Funding of perpetuals: longs pay shorts the premium at which they trade over the index, continuously and by an
//! index, so that trading above the index costs those who do it.
//!
//! The premium is an average of averages. What is traded within a window ([`WINDOW`] seconds) gives one sample: the
//! mean of clipped premiums weighted by value, over at least `depth` of value, so that a thin market's sample is
//! near zero and a few trades cannot choose the rate. Samples enter an exponential average by the time they
//! stand for; time without trades counts as a premium of zero.

use crate::{PPM, error::RiskError, units::Price};

/// Fraction bits of a funding index, which is micro-USD per contract.
pub const INDEX_BITS: u32 = 20;
/// Seconds that one sample stands for, at most.
pub const WINDOW: u64 = 60;
/// 1.0 of a premium: parts per billion.
pub const PREMIUM_ONE: u64 = 1_000_000_000;

/// How premium becomes funding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FundingParams {
    /// Seconds over which a premium is paid once; 3,600 ..= 604,800.
    pub period: u64,
    /// Time constant of the average, seconds; 60 ..= 604,800.
    pub time_constant: u64,
    /// Bound of a trade's premium, and so of the average, parts per million of the index; at most 50,000.
    pub clip: u64,
    /// Value that has to trade in a window for its premium to count in full, whole USD; 1 ..= 10¹².
    pub depth: u64,
}

impl FundingParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub fn check(&self) -> Result<(), RiskError> {
        let in_range = (3_600..=604_800).contains(&self.period)
            && (60..=604_800).contains(&self.time_constant)
            && self.clip <= 50_000
            && (1..=1_000_000_000_000).contains(&self.depth);
        if in_range {
            Ok(())
        } else {
            Err(RiskError::BadParameter)
        }
    }

    /// How far `price` lies over the index, parts per billion, clipped. Rounded toward zero.
    #[must_use]
    pub fn premium(&self, price: Price, index: Price) -> i64 {
        let (p, i) = (price.micro_usd(), index.micro_usd());
        // At most 2⁴⁴ x 2³⁰ in two words; the quotient is clipped below 2²⁶.
        let limit = self.clip * (PREMIUM_ONE / PPM);
        let distance = u128::from(p.abs_diff(i)) * u128::from(PREMIUM_ONE);
        // Compared before it is divided: a quotient beyond the clip is not needed.
        let size = if distance >= u128::from(limit) * u128::from(i) {
            limit
        } else {
            // Below limit x i < 2⁷⁰: in units of 2⁷ both fit a word.
            u64::try_from(distance >> 7).unwrap_or(u64::MAX) / (i >> 7).saturating_add(1)
        };
        signed(size, p < i)
    }

    /// The sample of a window in which `volume` (whole USD) traded, `weighted` the sum of value times premium: over at
    /// least `depth`. Rounded toward zero.
    #[must_use]
    pub fn sample(&self, weighted: i64, volume: u64) -> i64 {
        let size = weighted.unsigned_abs() / volume.max(self.depth).max(1);
        signed(size, weighted < 0)
    }

    /// The average `elapsed` seconds after it was `premium`, the first [`WINDOW`] of them at `sample` and the rest at
    /// zero. Each part moves it by its time over its time and the time constant. Rounded toward zero.
    #[must_use]
    pub fn average(&self, premium: i64, sample: i64, elapsed: u64) -> i64 {
        let first = elapsed.min(WINDOW);
        let after = self.step(premium, sample, first);
        self.step(after, 0, elapsed.saturating_sub(first))
    }

    fn step(&self, premium: i64, sample: i64, elapsed: u64) -> i64 {
        // Beyond a year nothing is left of it; premiums are below 2²⁶, times below 2²⁵.
        let elapsed = elapsed.min(1 << 25);
        let mean = premium
            .saturating_mul(i64::try_from(self.time_constant).unwrap_or(i64::MAX))
            .saturating_add(sample.saturating_mul(i64::try_from(elapsed).unwrap_or(0)));
        let size = mean.unsigned_abs() / (self.time_constant + elapsed).max(1);
        signed(size, mean < 0)
    }

    /// By how much the index grows in `seconds` at this average premium: `index price x premium x seconds / period`, in
    /// micro-USD per contract, 2⁻²⁰. Positive: longs pay.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] beyond `i64`.
    pub fn growth(&self, price: Price, premium: i64, seconds: u64) -> Result<i64, RiskError> {
        // Per second, Q63: below 2²⁶ x 2²² for any period allowed.
        let per_second =
            i128::from(premium) * i128::from((1u64 << 63) / (PREMIUM_ONE * self.period.max(1)));
        let seconds = i128::from(seconds.min(1 << 30));
        // 2⁴⁸ x 2⁴⁴ x 2³⁰.
        let exact = per_second * i128::from(price.micro_usd()) * seconds;
        i64::try_from(exact >> (63 - INDEX_BITS)).map_err(|_| RiskError::Overflow)
    }
}

/// What a position of `base` millionths owes (negative: is owed) after the index grew by `growth`, in micro-USD.
/// Rounded up: against the account.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn owed(base: i64, growth: i64) -> Result<i64, RiskError> {
    // Below 2⁶³ x 2⁶⁴. Down to whole index units per millionth, then by the exact rule of a notional.
    let exact = i128::from(base) * i128::from(growth);
    let whole = exact >> INDEX_BITS;
    let lost = exact - (whole << INDEX_BITS);
    let up = i128::from(lost != 0);
    crate::units::Notional(whole + up).ceil_micro_usd()
}

/// One micro-USD of `base x index` in the exact sums that are kept of it.
pub const SUM_PER_MICRO: i128 = 1_000_000 << INDEX_BITS;

const fn signed(size: u64, negative: bool) -> i64 {
    // Callers keep sizes below 2⁶³.
    let size = if size > i64::MAX.unsigned_abs() {
        i64::MAX
    } else {
        size.cast_signed()
    };
    if negative { -size } else { size }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const PARAMS: FundingParams = FundingParams {
        period: 28_800,
        time_constant: 3_600,
        clip: 5_000,
        depth: 100_000,
    };

    fn price(micro: u64) -> Price {
        Price::new(micro).unwrap()
    }

    #[test]
    fn a_premium_is_clipped_on_both_sides() {
        let index = price(100_000_000_000);
        for (at, premium) in [
            (100_000_000_000, 0),
            (100_100_000_000, 1_000_000),
            (99_900_000_000, -1_000_000),
            (100_500_000_000, 5_000_000),
            (150_000_000_000, 5_000_000),
            (1, -5_000_000),
        ] {
            let got = PARAMS.premium(price(at), index);
            assert!(got.abs_diff(premium) <= 1, "{at}: {got}");
        }
    }

    #[test]
    fn a_thin_window_counts_by_its_share_of_the_depth() {
        let full = 1_000_000 * 200_000;
        assert_eq!(PARAMS.sample(full, 200_000), 1_000_000);
        assert_eq!(PARAMS.sample(1_000_000 * 1_000, 1_000), 10_000);
        assert_eq!(PARAMS.sample(-1_000_000 * 1_000, 1_000), -10_000);
        assert_eq!(PARAMS.sample(0, 0), 0);
    }

    #[test]
    fn one_trade_then_silence_moves_the_average_by_one_window_and_fades() {
        let once = PARAMS.average(0, 5_000_000, 60);
        assert_eq!(once, 5_000_000 * 60 / 3_660);
        let later = PARAMS.average(0, 5_000_000, 36_060);
        assert!(later < once / 10 && later > 0);
    }

    #[test]
    fn a_premium_of_one_tenth_per_cent_held_for_its_period_costs_that_much() {
        let grown = PARAMS
            .growth(price(100_000_000_000), 1_000_000, 28_800)
            .unwrap();
        let paid = owed(1_000_000, grown).unwrap();
        // 100 USD on a contract of 100,000 USD.
        assert!((99_999_000..=100_000_000).contains(&paid), "{paid}");
        let received = owed(-1_000_000, grown).unwrap();
        assert!(-received <= paid && paid + received <= 1);
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(PARAMS.check(), Ok(()));
        for bad in [
            FundingParams {
                period: 3_599,
                ..PARAMS
            },
            FundingParams {
                time_constant: 59,
                ..PARAMS
            },
            FundingParams {
                clip: 50_001,
                ..PARAMS
            },
            FundingParams { depth: 0, ..PARAMS },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }

    proptest! {
        #[test]
        fn what_all_pay_together_is_never_below_zero(
            a in -(1i64 << 47)..1 << 47, b in -(1i64 << 46)..1 << 46, growth in -(1i64 << 50)..1 << 50,
        ) {
            let of = |base| owed(base, growth);
            if let (Ok(x), Ok(y), Ok(z)) = (of(a), of(b), of(-a - b)) {
                prop_assert!((0..=3).contains(&(x + y + z)), "{x} {y} {z}");
            }
        }

        #[test]
        fn the_average_stays_between_zero_and_its_samples(
            premium in -5_000_000i64..=5_000_000, sample in -5_000_000i64..=5_000_000, elapsed in 0u64..1 << 40,
        ) {
            let after = PARAMS.average(premium, sample, elapsed);
            let (low, high) = (premium.min(sample).min(0), premium.max(sample).max(0));
            prop_assert!((low..=high).contains(&after));
        }

        #[test]
        fn growth_is_additive_in_time_to_a_unit(p in 1u64..1 << 40, premium in -50_000_000i64..=50_000_000, s in 0u64..1 << 20) {
            let at = price(p);
            let whole = PARAMS.growth(at, premium, 2 * s).unwrap();
            let half = PARAMS.growth(at, premium, s).unwrap();
            prop_assert!((0..=1).contains(&(whole - 2 * half)));
        }
    }
}
