//! Realised volatility from irregular oracle samples: an exponentially weighted moving average of
//! squared log-returns (RiskMetrics 1996), with the decay in time instead of in observations.
//!
//! `v' = v + (1 - e^(-dt/tau)) x (r^2 x day/dt - v)`, where `v` is variance per day.

use crate::{
    SECONDS_PER_DAY,
    error::RiskError,
    fixed::{ONE_Q30, exp_q30, ln_ratio_q32},
};

/// 1.0 of variance per day in its Q48 form (a daily volatility of 100 %).
pub const VARIANCE_ONE: u64 = 1 << 48;
/// Variance is capped here: a daily volatility of 200 %.
pub const VARIANCE_MAX: u64 = 4 * VARIANCE_ONE;

/// Variance per day (Q48) after the price moved from `from` to `to` in `elapsed` seconds.
///
/// A step beyond a factor of two enters as ln 2 (see [`ln_ratio_q32`]). `tau` is the decay time in
/// seconds (half-life / ln 2). An `elapsed` of zero changes nothing.
///
/// # Errors
/// [`RiskError::BadParameter`] when `tau` is zero.
pub fn update(variance: u64, from: u64, to: u64, elapsed: u64, tau: u64) -> Result<u64, RiskError> {
    if tau == 0 {
        return Err(RiskError::BadParameter);
    }
    if elapsed == 0 {
        return Ok(variance);
    }
    let r = i128::from(ln_ratio_q32(from, to)); // Q32, |r| <= ln 2
    // Q64 to Q48, per day. r^2 < 2^63, x 86_400 < 2^80.
    let sample = ((r * r) >> 16) * i128::from(SECONDS_PER_DAY) / i128::from(elapsed);
    // Beyond 20 tau the old value has no weight left; the bound keeps the shift in range.
    let aged = (i128::from(elapsed.min(tau.saturating_mul(20))) << 32) / i128::from(tau);
    let decay = exp_q30(-i64::try_from(aged).map_err(|_| RiskError::Overflow)?);
    let weight = i128::from(ONE_Q30 - decay);
    let old = i128::from(variance.min(VARIANCE_MAX));
    // sample < 2^80, weight <= 2^30: inside i128.
    let new = old + ((weight * (sample - old)) >> 30);
    let new = new.clamp(0, i128::from(VARIANCE_MAX));
    u64::try_from(new).map_err(|_| RiskError::Overflow)
}

/// Volatility over `horizon_hours` in Q32 from variance per day in Q48, rounded down by at most one
/// unit of 2⁻³².
#[must_use]
pub fn horizon_sigma_q32(variance: u64, horizon_hours: u32) -> u64 {
    // Q48 x 2^16 = Q64, whose root is Q32. VARIANCE_MAX < 2^51 and hours < 2^32: below 2^99.
    let scaled = (u128::from(variance.min(VARIANCE_MAX)) << 16) * u128::from(horizon_hours) / 24;
    u64::try_from(scaled.isqrt()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAU: u64 = 30 * SECONDS_PER_DAY;

    fn sigma(variance: u64) -> f64 {
        (variance as f64 / VARIANCE_ONE as f64).sqrt()
    }

    #[test]
    fn follows_the_closed_form_on_a_known_path() {
        // One day, price up 5 %, from a daily volatility of 3 %.
        let start = (0.0009 * VARIANCE_ONE as f64) as u64;
        let got = update(start, 100_000_000, 105_000_000, SECONDS_PER_DAY, TAU).unwrap();
        let w = 1.0 - (-1.0f64 / 30.0).exp();
        let want = 0.0009 + w * (1.05f64.ln().powi(2) - 0.0009);
        assert!((got as f64 / VARIANCE_ONE as f64 - want).abs() < 1e-8);
    }

    #[test]
    fn many_small_samples_of_a_quiet_path_agree_with_few_large_ones_in_scale() {
        // A path alternating by 0.1 % every 5 minutes has a daily volatility of 0.1 % x sqrt(288).
        let mut v = 0;
        for i in 0..(288 * 200) {
            let (a, b) = if i % 2 == 0 {
                (1_000_000, 1_001_000)
            } else {
                (1_001_000, 1_000_000)
            };
            v = update(v, a, b, 300, TAU).unwrap();
        }
        let want = 0.001 * 288f64.sqrt();
        assert!(
            (sigma(v) / want - 1.0).abs() < 0.01,
            "{} against {want}",
            sigma(v)
        );
    }

    #[test]
    fn a_gap_of_years_forgets_the_past_and_stays_in_range() {
        let v = update(VARIANCE_MAX, 1_000_000, 1_000_000, 400_000_000, 1_000).unwrap();
        assert!(v < VARIANCE_ONE / 1_000_000);
        assert!(update(0, 1, 1 << 44, 1, TAU).unwrap() <= VARIANCE_MAX);
        assert_eq!(update(7, 5, 9, 0, TAU), Ok(7));
        assert_eq!(update(7, 5, 9, 1, 0), Err(RiskError::BadParameter));
    }

    #[test]
    fn horizon_scales_with_the_root_of_time() {
        let v = (0.0016 * VARIANCE_ONE as f64) as u64;
        let day = horizon_sigma_q32(v, 24) as f64 / 2f64.powi(32);
        assert!((day - 0.04).abs() < 1e-8);
        let four = horizon_sigma_q32(v, 96) as f64 / 2f64.powi(32);
        assert!((four / day - 2.0).abs() < 1e-8);
    }
}
