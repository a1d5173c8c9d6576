//! Realised volatility: an exponentially weighted moving average of squared log-returns (RiskMetrics 1996), with the
//! decay in time instead of in observations.
//!
//! `v' = v + (1 - e^(-dt/tau)) x (r^2 x day/dt - v)`, where `v` is variance per day.
//!
//! On chain the returns are those of [`Samples`]: between averages of the price over buckets of a fixed grid of time, so
//! that the instants at which somebody refreshes choose nothing.

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
    fold(variance, r * r, elapsed, tau)
}

/// One step of the average: `square` (Q64, |square| < 2^65) is what a return and its correction come to, over `elapsed`
/// seconds, not zero. Never below zero.
fn fold(variance: u64, square: i128, elapsed: u64, tau: u64) -> Result<u64, RiskError> {
    // Q64 to Q48, per day, below 2^82.
    let sample = (square >> 16) * i128::from(SECONDS_PER_DAY) / i128::from(elapsed);
    // Beyond 20 tau the old value has no weight left; the bound keeps the shift in range.
    let aged = (i128::from(elapsed.min(tau.saturating_mul(20))) << 32) / i128::from(tau);
    let decay = exp_q30(-i64::try_from(aged).map_err(|_| RiskError::Overflow)?);
    let weight = i128::from(ONE_Q30 - decay);
    let old = i128::from(variance.min(VARIANCE_MAX));
    // |sample| < 2^82, weight <= 2^30: inside i128.
    let new = old + ((weight * (sample - old)) >> 30);
    let new = new.clamp(0, i128::from(VARIANCE_MAX));
    u64::try_from(new).map_err(|_| RiskError::Overflow)
}

/// Where realised volatility takes its returns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Length of a bucket, seconds; 1 ..= 86,400.
    pub interval: u64,
    /// Decay time of the average, seconds; not zero.
    pub tau: u64,
}

/// The sampling of one price: the average over the bucket that runs, and what the last ones came to.
///
/// Buckets are `interval` long and begin at multiples of it in Unix time. The value of a bucket is the time average of the
/// price in it, the price being the one in force from one [`Samples::observe`] to the next. Averages damp: of a random walk
/// their returns have two thirds of its variance, and a sixth more of it is in the product of neighbours. So the sample of
/// a bucket is `r^2 + 2 x r x r_before`, whose mean is the walk's own variance; for a single jump the samples add up to
/// exactly its square, wherever in a bucket it fell and whenever it was seen.
///
/// - Observing the price in force again changes nothing but the last bits of `variance`, in gaps of several buckets.
/// - An isolated print enters by the time for which it stood, and what came back from it within a bucket or two cancels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Samples {
    /// Variance per day, Q48.
    pub variance: u64,
    /// In force since `time`, Unix seconds; zero before the first. At most 2⁴⁴.
    pub value: u64,
    pub time: u64,
    /// Begin of the present bucket, Unix seconds, and value x seconds in it up to `time`.
    pub start: u64,
    pub sum: u64,
    /// Average over the last whole bucket, rounded down; zero before the first.
    pub average: u64,
    /// Log-return of that average over the one before, Q32.
    pub last_return: i64,
}

impl Samples {
    /// The price is `value` from `now` on, and was what it was until then.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] when a parameter or `value` is zero; [`RiskError::Overflow`] beyond the ranges stated.
    pub fn observe(&mut self, by: &Sampling, value: u64, now: u64) -> Result<(), RiskError> {
        if value == 0 || by.interval == 0 || by.tau == 0 {
            return Err(RiskError::BadParameter);
        }
        if self.value == 0 {
            (self.time, self.start, self.sum) = (now, now, 0);
        } else {
            self.advance(by, now)?;
        }
        self.value = value;
        Ok(())
    }

    /// Lets time pass at the value in force.
    fn advance(&mut self, by: &Sampling, now: u64) -> Result<(), RiskError> {
        if now <= self.time {
            return Ok(());
        }
        let end = (self.start / by.interval + 1).saturating_mul(by.interval);
        if now < end {
            self.sum = self.with(now - self.time)?;
            self.time = now;
            return Ok(());
        }
        // Where the interval was shortened meanwhile, the bucket ends when it is seen.
        let end = end.max(self.time);
        let sum = self.with(end - self.time)?;
        self.close(by, sum / (end - self.start).max(1))?;
        let silent = (now - end) / by.interval;
        if silent > 0 {
            self.close(by, self.value)?;
        }
        if silent > 1 {
            // No more returns: the rest is decay alone.
            let rest = (silent - 1).saturating_mul(by.interval);
            self.variance = fold(self.variance, 0, rest, by.tau)?;
            self.last_return = 0;
        }
        // No more than `now`.
        self.start = end + silent * by.interval;
        self.time = now;
        self.sum = 0;
        self.sum = self.with(now - self.start)?;
        Ok(())
    }

    /// The sum after `seconds` more at the value in force.
    fn with(&self, seconds: u64) -> Result<u64, RiskError> {
        self.value
            .checked_mul(seconds)
            .and_then(|more| self.sum.checked_add(more))
            .ok_or(RiskError::Overflow)
    }

    /// A bucket of this average has ended.
    fn close(&mut self, by: &Sampling, average: u64) -> Result<(), RiskError> {
        if self.average != 0 {
            let r = ln_ratio_q32(self.average, average.max(1));
            // |returns| <= ln 2 in Q32: below 3 x 2^63.
            let square = i128::from(r) * (i128::from(r) + 2 * i128::from(self.last_return));
            self.variance = fold(self.variance, square, by.interval, by.tau)?;
            self.last_return = r;
        }
        self.average = average.max(1);
        Ok(())
    }
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
