//! Natural logarithms of ratios of prices.

use crate::fixed::{
    LN_2_Q32,
    wide::{div_normalised, leading_zeros, mul_high},
};

/// ln 2 in Q58.
const LN_2_Q58: u64 = 199_786_072_581_291_495;
/// Arguments of [`ln_ratio`] are clamped to 1 ..= this.
pub const LN_ARGUMENT_MAX: u64 = (1 << 62) - 1;

/// atanh(sqrt z) / sqrt z on [0, 1/9], interpolated at Chebyshev points, within 2⁻⁶³; from z¹¹ down to
/// 1, Q63.
const ATANH_Q63: [u64; 12] = [
    760_949_511_721_424_259,
    322_143_313_559_895_628,
    505_979_872_853_656_895,
    540_333_096_743_706_030,
    615_046_357_448_496_218,
    709_483_090_501_550_448,
    838_488_573_911_708_833,
    1_024_819_111_499_138_417,
    1_317_624_576_730_534_798,
    1_844_674_407_370_784_074,
    3_074_457_345_618_258_838,
    9_223_372_036_854_775_808,
];

/// ln(b / a) in Q56, over the whole range of both arguments (clamped to 1 ..= [`LN_ARGUMENT_MAX`]).
///
/// Exactly odd, and zero for equal arguments. Absolute error below 2⁻⁵³, and below 2⁻⁵⁵ for ratios
/// between 0.01 and 100. Monotone in either argument.
///
/// b / a = 2ᵏ m with 1 <= m < 2, and ln m = 2 atanh(y) with y = (m - 1) / (m + 1) <= 1/3.
#[must_use]
pub const fn ln_ratio(a: u64, b: u64) -> i64 {
    let (a, b) = (clamp(a), clamp(b));
    let (high, low) = if a < b { (b, a) } else { (a, b) };
    // high in [2⁶², 2⁶³), and low doubled until it is within a factor of two below.
    let shift = leading_zeros(high) - 1;
    let (high, mut low) = (high << shift, low << shift);
    let mut halvings = 0u64;
    while low <= high >> 1 {
        low <<= 1;
        halvings += 1;
    }
    // The sum is in (1.5 x 2⁶², 2⁶⁴): doubled together where that leaves the top bit clear.
    let (mut difference, mut sum) = (high - low, high + low);
    if sum >> 63 == 0 {
        difference <<= 1;
        sum <<= 1;
    }
    let y = div_normalised(difference, 0, sum);
    let z = mul_high(y, y);
    let mut sum = 0u64;
    let mut k = 0;
    while k < ATANH_Q63.len() {
        // Below 2⁶³ x 1.04.
        sum = mul_high(sum, z).wrapping_add(ATANH_Q63[k]);
        k += 1;
    }
    // y in Q64 x Q63 gives atanh in Q63, which is ln m in Q62. halvings <= 61: the sum is below 2⁶⁴ in Q58.
    let ln = halvings.wrapping_mul(LN_2_Q58) + (mul_high(y, sum) >> 4);
    let magnitude = ((ln + 2) >> 2).cast_signed();
    if a < b { magnitude } else { -magnitude }
}

const fn clamp(argument: u64) -> u64 {
    if argument == 0 {
        1
    } else if argument > LN_ARGUMENT_MAX {
        LN_ARGUMENT_MAX
    } else {
        argument
    }
}

/// ln(b / a) in Q32, clamped to ± ln 2.
///
/// ln(b/a) = 2 atanh(y), y = (b - a) / (b + a); |y| <= 1/3 within the clamp, where the series to y¹⁷
/// leaves a remainder below 10⁻⁹. Absolute error below 2⁻²⁶. Both arguments must be below 2⁶².
/// Zero in either gives zero: no information.
#[must_use]
pub fn ln_ratio_q32(a: u64, b: u64) -> i64 {
    if a == 0 || b == 0 || a >= 1 << 62 || b >= 1 << 62 {
        return 0;
    }
    if b >= a.saturating_mul(2) {
        return LN_2_Q32;
    }
    if a >= b.saturating_mul(2) {
        return -LN_2_Q32;
    }
    // On magnitudes, because the chain divides unsigned numbers only; so the function is exactly odd.
    let (difference, sum) = (u128::from(a.abs_diff(b)), u128::from(a) + u128::from(b));
    let y = u64::try_from((difference << 30) / sum).unwrap_or(0);
    let y2 = (y * y) >> 30;
    let mut power = y;
    let mut total = 0u64;
    for k in 0..9 {
        total += power / (2 * k + 1);
        // power < 2²⁹, y2 < 2²⁷.
        power = (power * y2) >> 30;
    }
    // 2 x total, and Q30 to Q32. total < 2³⁰.
    let magnitude = i64::try_from(total << 3).unwrap_or(LN_2_Q32);
    if b > a { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::ONE_Q32;

    #[test]
    fn ln_ratio_meets_its_stated_error_and_is_odd() {
        let a = 100_000_000_000u64;
        for i in 0..2000u64 {
            let b = a / 2 + a * i / 1334 + 1;
            let got = ln_ratio_q32(a, b);
            let want = (b as f64 / a as f64)
                .ln()
                .clamp(-core::f64::consts::LN_2, core::f64::consts::LN_2);
            assert!(
                (got as f64 / ONE_Q32 as f64 - want).abs() < 2f64.powi(-26),
                "{b}"
            );
            assert_eq!(got, -ln_ratio_q32(b, a));
        }
        assert_eq!(ln_ratio_q32(0, 5), 0);
        assert_eq!(ln_ratio_q32(1, 1 << 40), LN_2_Q32);
    }
}
