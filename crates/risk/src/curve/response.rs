//! How far a volatility level moves the volatility of one expiry.

use crate::{
    PPM, SECONDS_PER_DAY,
    black76::{MAX_VOLATILITY, MIN_VOLATILITY},
    error::RiskError,
    fixed::{MAX_SECONDS, ONE_Q32, div_wide, exp, ln_ratio, mul_high_floor},
};

/// Tenor at which a level of 1.0 multiplies implied volatility by e (with a response of one).
const REFERENCE_TENOR: u64 = 30 * SECONDS_PER_DAY;
/// Exponents of the response, parts per million: under the reference tenor, and beyond it.
const SHORT_EXPONENT: i64 = 300_000;
const LONG_EXPONENT: i64 = 130_000;
/// Largest response, parts per million.
pub const MAX_RESPONSE: u64 = 3 * PPM;

/// Implied volatility at a level: `iv x exp(L x response x (30 d / max(t, 1 d))^p)`, with p = 0.3 under 30 days and
/// 0.13 beyond, so that short expiries move more. Q32 in and out, within the admissible volatilities; `level` in
/// Q16, `response` in parts per million. Monotone in the level.
///
/// # Errors
/// [`RiskError::BadParameter`] for a response above 3,000,000.
pub fn volatility_at_level(
    volatility: u64,
    level: i32,
    seconds: u64,
    response: u64,
) -> Result<u64, RiskError> {
    Ok(Response::new(seconds, response)?.volatility(volatility, level))
}

/// The response of one expiry, for many levels.
#[derive(Clone, Copy)]
pub(super) struct Response {
    /// Parts per million, at most [`MAX_RESPONSE`].
    base: u64,
    /// (30 d / max(t, 1 d))^p, Q32.
    tenor: u64,
}

impl Response {
    pub(super) fn new(seconds: u64, response: u64) -> Result<Self, RiskError> {
        if response > MAX_RESPONSE {
            return Err(RiskError::BadParameter);
        }
        let tenor = seconds.clamp(SECONDS_PER_DAY, MAX_SECONDS);
        let exponent = if tenor < REFERENCE_TENOR {
            SHORT_EXPONENT
        } else {
            LONG_EXPONENT
        };
        // |ln| <= ln(182.5) in Q40, x 10⁶: below 2⁶². Then to Q32 on magnitudes.
        let ln = ln_ratio(tenor, REFERENCE_TENOR) >> 16;
        let power = ((ln * exponent).unsigned_abs() / PPM) >> 8;
        let power = i64::try_from(power).map_err(|_| RiskError::Overflow)?;
        let tenor = exp(if ln < 0 { -power } else { power })
            .of(ONE_Q32.unsigned_abs())
            .ok_or(RiskError::Overflow)?;
        Ok(Self {
            base: response,
            tenor,
        })
    }

    pub(super) fn volatility(&self, volatility: u64, level: i32) -> u64 {
        // |level| <= 2³¹ and the response is below 2²²: their product below 2⁵³, with the tenor's (below 2³⁴) below 2⁸⁷ in
        // two words. The quotient by 10⁶ x 2¹⁶ > 2³⁵ fits one.
        let base = u64::from(level.unsigned_abs()) * self.base;
        let moved = div_wide(
            mul_high_floor(base, self.tenor),
            base.wrapping_mul(self.tenor),
            PPM << 16,
        );
        let moved = i64::try_from(moved).unwrap_or(i64::MAX);
        let factor = exp(if level < 0 { -moved } else { moved });
        let stressed = factor.of(volatility).unwrap_or(MAX_VOLATILITY);
        stressed.clamp(MIN_VOLATILITY, MAX_VOLATILITY)
    }
}
