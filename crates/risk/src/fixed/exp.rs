//! e^x: a short form for returns, and one to full precision with its exponent kept apart.

use crate::fixed::{
    LN_2_Q32,
    root::MAX_SECONDS,
    wide::{mul_high, mul_high_floor},
};

const HALF_LN_2_Q32: i64 = LN_2_Q32 >> 1;

/// Largest argument of [`exp_q30`]: e⁴ < 2⁶.
pub const EXP_MAX_Q32: i64 = 4 << 32;
/// Smallest argument of [`exp_q30`]: e⁻²⁰ is below half a unit of Q28.
pub const EXP_MIN_Q32: i64 = -(20 << 32);

/// 1/k! in Q30 for k = 9 down to 0, rounded to nearest.
const EXP_TAYLOR_Q30: [i64; 10] = [
    2_959,
    26_631,
    213_044,
    1_491_308,
    8_947_849,
    44_739_243,
    178_956_971,
    536_870_912,
    1_073_741_824,
    1_073_741_824,
];

/// e^x in Q30 for x in Q32, clamped to [[`EXP_MIN_Q32`], [`EXP_MAX_Q32`]].
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, e^x = 2ⁿ e^r, e^r by its Taylor series to r⁹ (remainder below
/// 7 x 10⁻¹²). Relative error below 2⁻²⁶ for x >= 0; absolute error below 2⁻²⁸ for x < 0.
#[must_use]
pub fn exp_q30(x: i64) -> i64 {
    let x = x.clamp(EXP_MIN_Q32, EXP_MAX_Q32);
    // Round to the nearest multiple of ln 2. Lifted by 32 ln 2 > 20 the numerator is positive, since
    // the chain's instruction set divides unsigned numbers only. Everything stays below 2⁴⁰.
    let lifted = (x + 32 * LN_2_Q32 + HALF_LN_2_Q32).unsigned_abs();
    let n = i64::try_from(lifted / LN_2_Q32.unsigned_abs()).unwrap_or(32) - 32;
    let r = (x - n * LN_2_Q32) >> 2;
    let mut sum = 0i64;
    for c in EXP_TAYLOR_Q30 {
        // |sum| <= 2³¹ and |r| <= 2²⁹: the product stays below 2⁶⁰.
        sum = ((sum * r) >> 30) + c;
    }
    if n >= 0 { sum << n } else { sum >> -n }
}

/// log₂ e in Q63.
const LOG2_E_Q63: u64 = 13_306_513_097_844_322_492;
/// log₂ e per year of seconds, in Q88.
const LOG2_E_PER_YEAR_Q88: u64 = 14_158_183_945_291_941_452;

/// 2^(-j/32) in Q63, rounded to nearest.
const ROOTS_OF_HALF_Q63: [u64; 32] = [
    9_223_372_036_854_775_808,
    9_025_734_193_507_008_925,
    8_832_331_321_595_618_838,
    8_643_072_674_415_606_502,
    8_457_869_449_776_733_335,
    8_276_634_748_336_579_668,
    8_099_283_532_826_439_817,
    7_925_732_588_150_922_155,
    7_755_900_482_342_532_474,
    7_589_707_528_352_920_109,
    7_427_075_746_662_858_866,
    7_267_928_828_693_418_961,
    7_112_192_101_001_162_095,
    6_959_792_490_240_559_659,
    6_810_658_488_877_194_079,
    6_664_720_121_635_655_541,
    6_521_908_912_666_391_106,
    6_382_157_853_416_100_552,
    6_245_401_371_186_603_363,
    6_111_575_298_367_424_380,
    5_980_616_842_327_661_685,
    5_852_464_555_953_009_676,
    5_727_058_308_814_112_983,
    5_604_339_258_952_723_100,
    5_484_249_825_272_419_512,
    5_366_733_660_520_940_721,
    5_251_735_624_851_448_219,
    5_139_201_759_950_318_048,
    5_029_079_263_719_320_435,
    4_921_316_465_500_308_116,
    4_815_862_801_830_788_490,
    4_712_668_792_719_003_884,
];

/// 1 - 2^(-f/32) = f (a1 - f (a2 - ...)) on [0, 1], interpolated at Chebyshev points, within 2⁻⁶³;
/// a6 down to a1, Q64.
const DECAY_Q64: [u64; 6] = [
    2_617_811,
    732_981_512,
    169_203_891_290,
    31_246_035_379_343,
    4_327_536_028_900_931,
    399_572_145_162_582_942,
];

/// `mantissa` x 2⁻⁶³ x 2^(-`halvings`), with the mantissa in (2⁶², 2⁶³].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scaled {
    pub mantissa: u64,
    /// Negative for numbers above one.
    pub halvings: i32,
}

impl Scaled {
    pub const ONE: Self = Self {
        mantissa: 1 << 63,
        halvings: 0,
    };

    /// `value` times this number, rounded down; `None` when that is 2⁶³ or more. Exact when this
    /// number is a power of two and the result is whole.
    #[must_use]
    pub const fn of(self, value: u64) -> Option<u64> {
        if self.halvings >= 64 || value == 0 {
            return Some(0);
        }
        // The product of value x 2^left and the mantissa ends 64 - 63 bits lower: left >= 1 keeps the
        // floor of the floor the true one.
        if self.halvings >= 0 {
            if value >> 63 != 0 {
                return None;
            }
            return Some(mul_high_floor(value << 1, self.mantissa) >> self.halvings);
        }
        let left = self.halvings.unsigned_abs() + 1;
        if left >= value.leading_zeros() {
            return None;
        }
        Some(mul_high_floor(value << left, self.mantissa))
    }
}

/// 2^-v for v = `whole` + `fraction` x 2⁻⁶⁴. Relative error below 2⁻⁶⁰.
pub(crate) const fn power_of_half(whole: i32, fraction: u64) -> Scaled {
    let f = fraction << 5;
    let mut sum = 0;
    let mut k = 0;
    while k < DECAY_Q64.len() {
        // Every partial sum lies in [0, its coefficient].
        sum = DECAY_Q64[k].wrapping_sub(mul_high(f, sum));
        k += 1;
    }
    // The index is the top five bits. The share taken off is at most 2 % of the root.
    let root = ROOTS_OF_HALF_Q63[(fraction >> 59) as usize];
    let mantissa = root.wrapping_sub(mul_high(root, mul_high(f, sum)));
    Scaled {
        mantissa,
        halvings: whole,
    }
}

/// e^x for x in Q32, |x| clamped to 2⁶. Relative error below 2⁻⁵⁵; monotone.
#[must_use]
pub const fn exp(x: i64) -> Scaled {
    let magnitude = x.unsigned_abs();
    let magnitude = if magnitude > 1 << 38 {
        1 << 38
    } else {
        magnitude
    };
    // Q32 x 2²⁵ x Q63 / 2⁶⁴ = Q56; below 2⁶³.
    exp_of_logarithm(mul_high(magnitude << 25, LOG2_E_Q63), x > 0)
}

/// e^(-`rate` x `seconds` / year), with the rate in Q32 per year: the discount factor. |rate| is clamped to
/// 1.0 and the time to [`MAX_SECONDS`]. Relative error below 2⁻⁵⁵.
#[must_use]
pub const fn discount_factor(rate: i64, seconds: u64) -> Scaled {
    let magnitude = rate.unsigned_abs();
    let magnitude = if magnitude > 1 << 32 {
        1 << 32
    } else {
        magnitude
    };
    let seconds = if seconds > MAX_SECONDS {
        MAX_SECONDS
    } else {
        seconds
    };
    // rate x seconds < 2⁶¹. Q32 x 2³ x Q88 / 2⁶⁴ = Q59, below 17.1 log₂ e = 24.7 of it.
    let log = mul_high(magnitude.wrapping_mul(seconds) << 3, LOG2_E_PER_YEAR_Q88);
    exp_of_logarithm(log >> 3, rate < 0)
}

/// 2^±`log`, with the logarithm in Q56 and below 2⁷.
const fn exp_of_logarithm(log: u64, grows: bool) -> Scaled {
    let (whole, fraction) = ((log >> 56) as i32, log << 8);
    if !grows {
        return power_of_half(whole, fraction);
    }
    // 2^(w + f) = 2^(w + 1) x 2^-(1 - f), except where f is zero.
    if fraction == 0 {
        return power_of_half(-whole, 0);
    }
    power_of_half(-whole - 1, fraction.wrapping_neg())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::{ONE_Q30, ONE_Q32};

    #[test]
    fn exp_meets_its_stated_error_on_a_dense_grid() {
        let mut x = -20.0f64;
        while x <= 4.0 {
            let q = (x * ONE_Q32 as f64).round() as i64;
            let want = (q as f64 / ONE_Q32 as f64).exp();
            let error = (exp_q30(q) as f64 / ONE_Q30 as f64 - want).abs();
            let bound = if x >= 0.0 {
                want * 2f64.powi(-26)
            } else {
                2f64.powi(-28)
            };
            assert!(error < bound, "e^{x}: error {error:e}");
            x += 0.000_37;
        }
    }

    #[test]
    fn exp_is_monotone_and_clamped() {
        let mut last = 0;
        for i in -5_000..1_200i64 {
            let e = exp_q30(i * (ONE_Q32 / 250));
            assert!(e >= last);
            last = e;
        }
        assert_eq!(exp_q30(i64::MAX), exp_q30(EXP_MAX_Q32));
        assert_eq!(exp_q30(i64::MIN), exp_q30(EXP_MIN_Q32));
        assert_eq!(exp_q30(0), ONE_Q30);
    }
}
