//! From standardised draws to the returns of one underlying.

use crate::{
    fixed::{ONE_Q30, exp_q30},
    rows::{RETURN_MAX, RETURN_MIN},
};

/// 1.0 of a standardised draw (Q16): one standard deviation.
pub const Z_ONE: i32 = 1 << 16;
/// 1.0 of a volatility level (Q16): a level of 1.0 multiplies 30-day implied volatility by e.
pub const LEVEL_ONE: i32 = 1 << 16;
/// Draws are standardised over days measured to their lows and highs where those matter. A volatility of
/// closes, or one implied from options, is smaller by this, parts per million; the shipped set's provenance has
/// the figures.
pub const TO_EXTREMES: u64 = 1_190_000;
/// Largest |z| a scenario set may hold: 64 standard deviations.
pub const Z_MAX: i32 = 64 * Z_ONE;

/// Simple return (Q24) of a standardised draw: `e^(sigma x z) - 1`, rounded down, capped to
/// [`RETURN_MAX`]. `sigma_q32` is the volatility over the margin horizon.
///
/// Monotone in `z`. Rounding down is against long positions by at most 2⁻²⁴ of notional; shorts gain
/// the same, far below the model's own error.
#[must_use]
pub fn simple_return(sigma_q32: u64, z: i32) -> i32 {
    let log_return = (i128::from(sigma_q32) * i128::from(z.clamp(-Z_MAX, Z_MAX))) >> 16;
    // exp clamps its argument, so saturating here loses nothing.
    let x = i64::try_from(log_return).unwrap_or(if z < 0 { i64::MIN } else { i64::MAX });
    let r = (exp_q30(x) - ONE_Q30) >> 6;
    let bounded = r.clamp(i64::from(RETURN_MIN), i64::from(RETURN_MAX));
    i32::try_from(bounded).unwrap_or(RETURN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_exponential_and_stays_in_bounds() {
        let sigma = (0.04 * 2f64.powi(32)) as u64;
        for z in [-10.0, -5.0, -1.0, 0.0, 0.5, 3.0, 8.0] {
            let got =
                f64::from(simple_return(sigma, (z * f64::from(Z_ONE)) as i32)) / 2f64.powi(24);
            assert!((got - ((0.04f64 * z).exp() - 1.0)).abs() < 2e-7, "{z}");
        }
        assert_eq!(simple_return(sigma, 0), 0);
        assert_eq!(simple_return(u64::MAX, i32::MAX), RETURN_MAX);
        assert!(simple_return(u64::MAX, i32::MIN) >= RETURN_MIN);
    }
}
