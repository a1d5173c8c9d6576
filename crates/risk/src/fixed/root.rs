//! The square root of a time.

use crate::fixed::wide::mul_high;

/// A year of 365 days.
pub const SECONDS_PER_YEAR: u64 = 31_536_000;
/// Longest time to expiry: 15 years of 365 days.
pub const MAX_SECONDS: u64 = 15 * SECONDS_PER_YEAR;
/// 1 / sqrt(seconds per year) in Q76.
const ROOT_OF_A_SECOND_Q76: u64 = 13_454_772_750_962_975_448;

/// sqrt(years) in Q60 of a time in seconds, clamped to [`MAX_SECONDS`]. Absolute error below ROOTERR;
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
    let half_shift = seconds.leading_zeros() >> 1;
    let n = seconds << (2 * half_shift);
    let root = n.isqrt();
    // sqrt(root² + rest) = root + rest / (2 root) - ..., the next term below one unit of 2⁻³².
    // rest <= 2 root < 2³³, so the numerator fits.
    let rest = n.wrapping_sub(root.wrapping_mul(root));
    let more = (rest << 31) / root;
    // more <= 2³², and the root itself below 2³²: saturates at 2⁶⁴ - 1.
    let wide = (root << 32).saturating_add(more);
    // Q32 x Q76 / 2⁶⁴ = Q44, times 2^half_shift.
    mul_high(wide, ROOT_OF_A_SECOND_Q76) >> (half_shift - 16)
}
