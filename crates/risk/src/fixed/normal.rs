//! The normal distribution, to full relative precision in its tail.
//!
//! N(-x) = e^(-x²/2) R(x) with R(x) = e^(x²/2) erfc(x/sqrt 2) / 2: the Mills ratio (Mills 1926) over sqrt(2 pi).
//! R falls smoothly from 1/2 like 1/x, and its derivatives alternate in sign, so a polynomial at the
//! left end of a piece is evaluated on unsigned integers.

use crate::fixed::{
    exp::{Scaled, power_of_half},
    normal_table::{DEGREE, SCALED_TAIL_Q64},
    wide::mul_high,
};

/// 1.0 in Q63.
pub const ONE_Q63: u64 = 1 << 63;
/// The table of [`scaled_tail`] ends here, at 12.0; N(-12) < 2⁻¹⁰⁸.
pub(crate) const TAIL_END_Q60: u64 = 12 << 60;
/// log₂(e) / 2 in Q64.
const HALF_LOG2_E_Q64: u64 = 13_306_513_097_844_322_492;
/// 1 / sqrt(2 pi) in Q64.
const INVERSE_ROOT_2_PI_Q64: u64 = 7_359_186_146_747_302_452;

/// e^(-x²/2) for x in Q60 (below 16.0).
pub(crate) const fn bell(x: u64) -> Scaled {
    // Q60 x Q60 / 2⁶⁴ = Q56, below 256; x 0.72 below 185.
    let log = mul_high(mul_high(x, x), HALF_LOG2_E_Q64);
    power_of_half((log >> 56) as i32, log << 8)
}

/// The normal density in Q63 before its halvings, from [`bell`].
pub(crate) const fn density(bell: Scaled) -> u64 {
    mul_high(bell.mantissa, INVERSE_ROOT_2_PI_Q64)
}

/// R(x) in Q64 for x in Q60, clamped just below [`TAIL_END_Q60`].
pub(crate) const fn scaled_tail(x: u64) -> u64 {
    let x = if x >= TAIL_END_Q60 {
        TAIL_END_Q60 - 1
    } else {
        x
    };
    // Pieces of width 1/2.
    let coefficients = &SCALED_TAIL_Q64[(x >> 59) as usize];
    let f = x << 5;
    let mut sum = coefficients[DEGREE];
    let mut k = DEGREE;
    while k > 0 {
        k -= 1;
        // Every partial sum lies in [0, its coefficient].
        sum = coefficients[k].wrapping_sub(mul_high(f, sum));
    }
    sum
}

/// The tail N(-x) in Q63 for x >= 0 in Q60.
const fn tail(x: u64) -> u64 {
    let bell = bell(x);
    shifted(mul_high(bell.mantissa, scaled_tail(x)), bell)
}

const fn shifted(value: u64, by: Scaled) -> u64 {
    if by.halvings >= 64 {
        0
    } else {
        value >> by.halvings
    }
}

/// The standard normal distribution function in Q63 for x in Q32, clamped to ± 12.
///
/// Absolute error below 2⁻⁵¹ (4.5 x 10⁻¹⁶), relative error below 2⁻⁴⁸ down to x = -4. Monotone, and N(x) + N(-x) = 1 exactly.
#[must_use]
pub const fn normal_cdf(x: i64) -> u64 {
    let tail = tail(to_q60(x));
    if x > 0 { ONE_Q63 - tail } else { tail }
}

/// The standard normal density in Q63 for x in Q32, clamped to ± 12.
///
/// Absolute error below 2⁻⁵⁵. Even, and falling away from zero.
#[must_use]
pub const fn normal_pdf(x: i64) -> u64 {
    let bell = bell(to_q60(x));
    shifted(density(bell), bell)
}

const fn to_q60(x: i64) -> u64 {
    let magnitude = x.unsigned_abs();
    if magnitude >= 12 << 32 {
        TAIL_END_Q60
    } else {
        magnitude << 28
    }
}
