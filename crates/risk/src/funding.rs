//! Funding of perpetuals: longs pay shorts the premium at which they trade over the index, continuously and by an
//! index, so that trading above the index costs those who do it.
//!
//! The premium is an average of averages. Time is divided into windows of [`WINDOW`] seconds, aligned to Unix time. What
//! is traded within a window gives one sample: the mean of clipped premiums weighted by value, over at least `depth` of
//! value, so that a thin market's sample is near zero and a few trades cannot choose the rate. At the end of each window
//! the average moves toward the window's sample, toward zero if nothing was traded; within a window it does not change.
//!
//! The grid makes funding independent of who looks and when: over a gap the average of any number of silent windows is a
//! geometric series, which [`FundingParams::over`] sums in closed form.

use crate::{
    PPM,
    error::RiskError,
    fixed::{div_wide, mul_high_floor},
    units::Price,
};

/// Fraction bits of a funding index, which is micro-USD per contract.
pub const INDEX_BITS: u32 = 20;
/// Seconds that one sample stands for.
pub const WINDOW: u64 = 60;
/// Fraction bits of an average premium beyond parts per billion.
pub const AVERAGE_BITS: u32 = 32;
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

    /// The average premium between two moments, in Unix seconds, `from` the time at which it was `average` and what was
    /// traded since the window of `from` began is `traded` (weighted sum and volume, as for [`FundingParams::sample`]).
    ///
    /// - Each end of a window moves the average by `60 / (time_constant + 60)` of its distance to the window's sample.
    /// - The clip needs no attention here: samples lie within it, and an average of samples and zeros does too.
    /// - Over any partition of the time the ends are the same to [`Span::average`]'s unit per part, and the areas add up
    ///   to `2 x (time_constant + 60)` units per part. Every rounding is toward zero.
    #[must_use]
    pub fn over(&self, average: i64, traded: (i64, u64), from: u64, to: u64) -> Span {
        if to <= from {
            return Span {
                average,
                ..Span::default()
            };
        }
        let (first, last) = (from / WINDOW, to / WINDOW);
        if first == last {
            return Span {
                average,
                area: area(average, to - from),
                window_ended: false,
            };
        }
        let head = area(average, (first + 1) * WINDOW - from);
        // Below one, Q64; the time constant is at least a window, so it is at least a half and its complement fits.
        let kept = div_wide(self.time_constant, 0, self.time_constant + WINDOW);
        // Clipped again, so that sums that saturated do no harm: below 2²⁶ x 2³².
        let clip = self.clip.min(PPM).cast_signed() * (PREMIUM_ONE / PPM).cast_signed();
        let sample = self.sample(traded.0, traded.1).clamp(-clip, clip) << AVERAGE_BITS;
        let next = part(average, kept) + part(sample, kept.wrapping_neg());
        let silent = last - first - 1;
        let (mut end, mut middle) = (next, 0);
        if silent != 0 {
            let left = power(kept, silent);
            end = part(next, left);
            // The sum of the series: next x (1 - left) / (1 - kept), each window's for its length.
            middle =
                i128::from(part(next, u64::MAX - left)) * i128::from(self.time_constant + WINDOW);
        }
        Span {
            average: end,
            area: head + middle + area(end, to - last * WINDOW),
            window_ended: true,
        }
    }

    /// By how much the index grows over a [`Span`] with this area: `index price x area / period`, in micro-USD per
    /// contract, 2⁻²⁰. Positive: longs pay. Rounded down.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] beyond `i64`.
    pub fn growth(&self, price: Price, area: i128) -> Result<i64, RiskError> {
        // Per second, Q63: below 2²² for any period allowed.
        let per_second = i128::from((1u64 << 63) / (PREMIUM_ONE * self.period.max(1)));
        // An area is below 2⁵⁸ x 2²⁰, a price at most 2⁴⁴.
        let whole = (area * i128::from(price.micro_usd())) >> AVERAGE_BITS;
        // 2⁹⁰ x 2²².
        i64::try_from((whole * per_second) >> (63 - INDEX_BITS)).map_err(|_| RiskError::Overflow)
    }
}

/// What became of an average premium over a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// At its end, parts per billion, 2⁻³².
    pub average: i64,
    /// Its integral over the time, parts per billion x seconds, 2⁻³². Below 2⁷⁹.
    pub area: i128,
    /// A window ended: what was traded in it is in the average, and a new one begins.
    pub window_ended: bool,
}

/// `average x seconds`; less than a window.
const fn area(average: i64, seconds: u64) -> i128 {
    average as i128 * seconds as i128
}

/// `x` times a number below one, Q64. Rounded toward zero.
const fn part(x: i64, of_one: u64) -> i64 {
    signed(mul_high_floor(x.unsigned_abs(), of_one), x < 0)
}

/// A number below one, Q64, to a power of at least one: by squares, so that two powers multiply to the power of the sum to
/// within 2⁻⁵⁸. Rounded down.
const fn power(base: u64, mut exponent: u64) -> u64 {
    let (mut square, mut result) = (base, u64::MAX);
    while exponent != 0 {
        if exponent & 1 == 1 {
            result = if result == u64::MAX {
                square
            } else {
                mul_high_floor(result, square)
            };
        }
        square = mul_high_floor(square, square);
        exponent >>= 1;
    }
    result
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

    const BITS: i64 = 1 << AVERAGE_BITS;

    #[test]
    fn one_trade_then_silence_moves_the_average_by_one_window_and_fades() {
        // Traded in the window that begins at 600; 5,000,000 on 100,000 USD.
        let traded = (5_000_000 * 100_000, 100_000);
        let once = PARAMS.over(0, traded, 630, 660);
        assert!((once.average - 5_000_000 * BITS / 61).abs() <= 1);
        assert_eq!((once.area, once.window_ended), (0, true));
        let later = PARAMS.over(0, traded, 630, 36_660);
        let want = 5e6 / 61.0 * (60.0f64 / 61.0).powi(600);
        assert!((later.average as f64 / BITS as f64 / want - 1.0).abs() < 1e-9);
        // All of it, in the end: the sum of the series is the sample for one window.
        let all = PARAMS.over(0, traded, 630, 10_000_000);
        assert!((all.area as f64 / BITS as f64 / 5e6 / 60.0 - 1.0).abs() < 1e-9);
        assert_eq!(
            PARAMS.over(7, traded, 660, 660),
            Span {
                average: 7,
                ..Span::default()
            }
        );
    }

    #[test]
    fn a_premium_of_one_tenth_per_cent_held_for_its_period_costs_that_much() {
        let area = i128::from(1_000_000 * BITS) * 28_800;
        let grown = PARAMS.growth(price(100_000_000_000), area).unwrap();
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
            premium in -5_000_000i64..=5_000_000, sample in -5_000_000i64..=5_000_000,
            from in 0u64..1 << 33, elapsed in 0u64..1 << 33,
        ) {
            let traded = (sample * 100_000, 100_000);
            let after = PARAMS.over(premium * BITS, traded, from, from + elapsed);
            let (low, high) = (premium.min(sample).min(0) * BITS, premium.max(sample).max(0) * BITS);
            prop_assert!((low..=high).contains(&after.average));
            let seconds = i128::from(elapsed);
            prop_assert!((i128::from(low) * seconds..=i128::from(high) * seconds).contains(&after.area));
        }

        #[test]
        fn the_largest_values_do_not_overflow(
            average in prop_oneof![Just(50_000_000i64), Just(-50_000_000)], period in 3_600u64..=604_800,
            time_constant in 60u64..=604_800, from in 0u64..1 << 40, elapsed in 0u64..1 << 40,
        ) {
            let params = FundingParams { period, time_constant, clip: 50_000, depth: 1 };
            let span = params.over(average * BITS, (i64::MAX, 1), from, from + elapsed);
            prop_assert!(span.area.unsigned_abs() < 1 << 79);
            // More than 64 bits of an index are an error and no panic.
            let _ = params.growth(price(1 << 44), span.area);
            prop_assert!(params.growth(price(1 << 40), span.area).is_ok());
        }
    }
}
