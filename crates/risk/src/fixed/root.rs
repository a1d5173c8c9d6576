//! The square root of a time.

use crate::{
    SECONDS_PER_YEAR,
    fixed::wide::{leading_zeros, mul_high},
};

/// Longest time to expiry: 15 years of 365 days.
pub const MAX_SECONDS: u64 = 15 * SECONDS_PER_YEAR;
/// 1 / sqrt(seconds per year) in Q76.
const ROOT_OF_A_SECOND_Q76: u64 = 13_454_772_750_962_975_448;

/// sqrt(years) in Q60 of a time in seconds, clamped to [`MAX_SECONDS`]. Absolute error below 2⁻⁵⁸;
/// monotone.
#[must_use]
pub const fn root_years(seconds: u64) -> u64 {
    if seconds == 0 {
        return 0;
    }
    let seconds = if seconds > MAX_SECONDS {
        MAX_SECONDS
    } else {
        seconds
    };
    // Lifted by an even shift into [2⁶², 2⁶⁴): seconds < 2²⁹, so the shift is at least 34.
    let half_shift = leading_zeros(seconds) >> 1;
    let wide = wide_root_of_normalised(seconds << (2 * half_shift));
    // Q32 x Q76 / 2⁶⁴ = Q44, times 2^half_shift.
    mul_high(wide, ROOT_OF_A_SECOND_Q76) >> (half_shift - 16)
}

/// floor(sqrt(n x 2¹⁶)) for n below 2⁶⁰.
pub(crate) const fn root_q8(n: u64) -> u64 {
    if n == 0 {
        return 0;
    }
    let half_shift = leading_zeros(n) >> 1;
    let wide = wide_root_of_normalised(n << (2 * half_shift));
    // Off by one at most. The difference of square and root squared is then below 2⁴⁰ and exact modulo 2⁶⁴.
    let root = wide >> (24 + half_shift);
    let rest = (n << 16)
        .wrapping_sub(root.wrapping_mul(root))
        .cast_signed();
    if rest < 0 {
        root - 1
    } else if rest > (2 * root).cast_signed() {
        root + 1
    } else {
        root
    }
}

/// sqrt(n) in Q32 for n in [2⁶², 2⁶⁴), within two units.
const fn wide_root_of_normalised(n: u64) -> u64 {
    let root = root_of_normalised(n);
    // sqrt(root² + rest) = root + rest / (2 root) - ..., the next term below one unit of 2⁻³².
    // rest <= 2 root < 2³³, so the numerator fits.
    let rest = n.wrapping_sub(root.wrapping_mul(root));
    let more = (rest << 31) / root;
    // more <= 2³², and the root itself below 2³²: saturates at 2⁶⁴ - 1.
    (root << 32).saturating_add(more)
}

/// floor(sqrt n) for n in [2⁶², 2⁶⁴). Shorter on chain than the core library's `isqrt`.
const fn root_of_normalised(n: u64) -> u64 {
    // n in Q62 is in [1, 4): a straight line is within 5 % of its root in Q31, and three steps of Newton square
    // that to 10⁻³, 10⁻⁶ and 10⁻¹², from above.
    let mut root = (n >> 31) / 3 + LINE_AT_ZERO;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    root = (root + n / root) >> 1;
    // Now the floor or one more; and below 2³², so that its square fits.
    if root > u32::MAX as u64 {
        root = u32::MAX as u64;
    }
    if root.wrapping_mul(root) > n {
        root - 1
    } else {
        root
    }
}

/// 0.69 in Q31.
const LINE_AT_ZERO: u64 = 1_481_763_717;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_roots_are_the_core_librarys() {
        let mut n = 1u64 << 62;
        while n < u64::MAX - (1 << 43) {
            for n in [
                n,
                n.isqrt() * n.isqrt(),
                (n.isqrt() * n.isqrt()).saturating_sub(1).max(1 << 62),
            ] {
                assert_eq!(root_of_normalised(n), n.isqrt(), "{n}");
            }
            n += (1 << 43) + 0x1234_5678_9abc % (1 << 43);
        }
        assert_eq!(root_of_normalised(u64::MAX), u64::from(u32::MAX));
    }
}
