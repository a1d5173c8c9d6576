//! Fixed-point exponential and logarithm on 64-bit integers.
//!
//! `Qn` is an integer in units of 2⁻ⁿ. Every function is total over its stated domain and clamps
//! outside it. First slice: absolute error bounds are stated per function and tested against `f64`
//! references; the library's Black-76 work tightens them.

/// 1.0 in Q30.
pub const ONE_Q30: i64 = 1 << 30;
/// 1.0 in Q32.
pub const ONE_Q32: i64 = 1 << 32;
/// ln 2 in Q32, rounded to nearest.
pub const LN_2_Q32: i64 = 2_977_044_472;
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
