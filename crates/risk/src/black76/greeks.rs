//! Sensitivities, discounting included.

use crate::{
    black76::{
        Inputs, OptionKind, Premium, Terms, discounted, log_moneyness, total_volatility,
        value::{Inside, Position},
    },
    error::RiskError,
    fixed::{ONE_Q63, Scaled, density, div_wide, mul_high, mul_high_floor, root_years},
};

/// Derivatives of the price. All are zero (but delta) at expiry and where the option has no time value left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Greeks {
    /// Change of the price per change of the forward, Q32: df N(d1) for a call, that less df for a put.
    /// At expiry 0, or df in the money.
    pub delta: i64,
    /// Change of delta per relative move of 1.0 of the forward (gamma x forward), Q32: df n(d1) / s.
    pub gamma: i64,
    /// Change of the price per 1.00 of volatility: df F n(d1) sqrt(T).
    pub vega: Premium,
    /// Change of the price over one day that passes: -dV/dT / 365 = (r V - df F n(d1) sigma / (2 sqrt T)) / 365.
    pub theta: Premium,
}

/// Delta, gamma, vega and theta of one option.
///
/// Delta is within 2 units of 2⁻³² (times df above one). Gamma, vega and theta are within 10⁻¹² of
/// themselves plus 8 units, theta 64 (times df above one). The difference of the deltas is df, the other greeks but
/// theta are the same for both kinds.
///
/// # Errors
/// [`RiskError::Overflow`] where a value leaves its range: as in [`super::price`], and for theta in the
/// last seconds before expiry of an option on more than 2⁴² micro-USD (4.4 million USD).
pub fn greeks(terms: &Terms, inputs: &Inputs) -> Result<Greeks, RiskError> {
    let (f, k) = (inputs.forward.micro_usd(), terms.strike.micro_usd());
    let x = log_moneyness(inputs.forward, terms.strike);
    let root = root_years(inputs.seconds);
    let s = total_volatility(inputs.volatility, root);
    let df = inputs.discount();
    let value = super::time_value(inputs.forward, terms.strike, x, s);
    let value = discounted(terms, inputs.forward, value, df)?;

    let mut gamma = 0;
    let mut vega = 0;
    let mut decay = 0;
    let call_delta = match Position::of(x, s) {
        // No time value: the call is its intrinsic value.
        Position::Worthless => u64::from(f > k) * ONE_Q63,
        // The whole forward.
        Position::Whole => ONE_Q63,
        Position::Inside(inside) => {
            gamma = df
                .of(gamma_q32(&inside, f, k, s))
                .ok_or(RiskError::Overflow)?;
            // F n(d1) in Premium units: the lower price times the density at its d1, whichever it is.
            let exposure = inside.halved(mul_high_floor(f.min(k) << 17, density(inside.bell)));
            // Times sqrt(T), Q16 x Q60 = Q76. Below 2⁵⁹ x 2⁶².
            let rooted = u128::from(exposure) * u128::from(root);
            vega = discounted_by(df, rooted >> 60)?;
            decay = discounted_by(df, daily_decay(rooted, inputs))?;
            if f <= k {
                inside.below_d1()
            } else {
                // N(a) = 1 - N(-a) with e^x N(-a) known, and e^-x = K/F.
                ONE_Q63 - mul_high(inside.lifted_tail(), div_wide(k, 0, f))
            }
        }
    };
    // Q63 to Q40 before discounting leaves room for growth; to Q32 after it.
    let q32 = |value: u64| {
        df.of(value >> 23)
            .and_then(|v| i64::try_from(v >> 8).ok())
            .ok_or(RiskError::Overflow)
    };
    let call_delta = q32(call_delta)?;
    let delta = match terms.kind {
        OptionKind::Call => call_delta,
        OptionKind::Put => call_delta - q32(ONE_Q63)?,
    };
    Ok(Greeks {
        delta,
        gamma: signed(gamma)?,
        vega: Premium(signed(vega)?),
        theta: Premium(carry(value, inputs.rate)? - signed(decay)?),
    })
}

/// n(d1) / s to the forward, undiscounted, Q32.
fn gamma_q32(inside: &Inside, forward: u64, strike: u64, s: u64) -> u64 {
    let density = inside.halved(density(inside.bell));
    let own = if forward <= strike {
        density
    } else {
        // n(a) = n(d1) K/F.
        mul_high(density, div_wide(strike, 0, forward))
    };
    // Q63 x 2²⁵ / Q56 = Q32. The density is below 2⁶², so the high word is below 2²³ and below s.
    div_wide(own >> 39, own << 25, s)
}

/// F n(d1) sigma / (2 sqrt T) / 365 = F n(d1) sqrt(T) x sigma x 43 200 / seconds, from F n(d1) sqrt(T) in Q76.
fn daily_decay(rooted: u128, inputs: &Inputs) -> u128 {
    // volatility x 43 200 < 2⁵¹ and the root below 2⁷⁶ in Q30: Q62, back to Q16.
    let factor = u128::from(inputs.volatility.wrapping_mul(43_200));
    let half_days = ((rooted >> 46) * factor) >> 46;
    // A position inside the distribution has time left. Below 2⁸¹, so the high word fits.
    let (high, low) = ((half_days >> 64) as u64, half_days as u64);
    u128::from(div_wide(high, low, inputs.seconds.max(1)))
}

fn discounted_by(df: Scaled, value: u128) -> Result<u64, RiskError> {
    u64::try_from(value)
        .ok()
        .and_then(|value| df.of(value))
        .ok_or(RiskError::Overflow)
}

/// r V per day, rounded toward zero.
fn carry(value: Premium, rate: i64) -> Result<i64, RiskError> {
    let yearly = (u128::from(value.0.unsigned_abs()) * u128::from(rate.unsigned_abs())) >> 32;
    // |rate| <= 1.0: no more than the value.
    let daily = signed(u64::try_from(yearly).map_err(|_| RiskError::Overflow)? / 365)?;
    Ok(if rate < 0 { -daily } else { daily })
}

fn signed(value: u64) -> Result<i64, RiskError> {
    i64::try_from(value).map_err(|_| RiskError::Overflow)
}
