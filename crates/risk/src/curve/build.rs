//! From Black-76 to a curve.

use {
    super::grid::{
        LEVEL_GRID, LEVEL_NODES, NODES, PARTS, SPOT_GRID, SPOT_NODES, level_of_step, unit_exponent,
    },
    crate::{
        PPM, SECONDS_PER_DAY,
        black76::{
            MAX_RATE, MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Premium, Terms, discounted,
            log_moneyness, time_value, total_volatility,
        },
        error::RiskError,
        fixed::{MAX_SECONDS, ONE_Q32, Scaled, discount_factor, exp, ln_ratio, root_years},
        units::Price,
    },
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
    if response > MAX_RESPONSE {
        return Err(RiskError::BadParameter);
    }
    let tenor = seconds.clamp(SECONDS_PER_DAY, MAX_SECONDS);
    let exponent = if tenor < REFERENCE_TENOR {
        SHORT_EXPONENT
    } else {
        LONG_EXPONENT
    };
    // |ln| <= ln(30) in Q56, halved twice to Q40 x 10⁶: below 2⁶². Then to Q32 on magnitudes.
    let ln = ln_ratio(tenor, REFERENCE_TENOR) >> 16;
    let power = ((ln * exponent).unsigned_abs() / PPM) >> 8;
    let power = i64::try_from(power).map_err(|_| RiskError::Overflow)?;
    let tenor_response = exp(if ln < 0 { -power } else { power })
        .of(ONE_Q32.unsigned_abs())
        .ok_or(RiskError::Overflow)?;
    // |level| < 2³², response < 2²², tenor response < 2³⁴.
    let moved =
        u128::from(level.unsigned_abs()) * u128::from(response) * u128::from(tenor_response)
            / (u128::from(PPM) << 16);
    let moved = i64::try_from(moved).unwrap_or(i64::MAX);
    let factor = exp(if level < 0 { -moved } else { moved });
    let stressed = factor.of(volatility).unwrap_or(MAX_VOLATILITY);
    Ok(stressed.clamp(MIN_VOLATILITY, MAX_VOLATILITY))
}

/// What an option's curve is made of.
#[derive(Clone, Copy, Debug)]
pub struct CurveTerms {
    pub terms: Terms,
    /// Seconds to expiry.
    pub seconds: u64,
    /// Implied volatility, Q32 per root year.
    pub volatility: u64,
    /// Discount rate, Q32 per year.
    pub rate: i64,
    /// Forward over spot, Q32; half to twice.
    pub forward_ratio: u64,
    /// See [`volatility_at_level`].
    pub response: u64,
}

/// Computes a curve level by level, so that a crank can stop between levels.
pub struct CurveBuilder {
    terms: CurveTerms,
    unit_exponent: i32,
    discount: Scaled,
    root: u64,
    /// Per spot node but the first, where spot is zero.
    nodes: [(u64, i64); SPOT_NODES],
}

impl CurveBuilder {
    /// # Errors
    /// [`RiskError::BadParameter`] when a term is out of range, [`RiskError::PriceOutOfRange`] when the last node's
    /// forward or the strike does not fit (16 times the centre).
    pub fn new(terms: CurveTerms, centre: Price) -> Result<Self, RiskError> {
        let one = ONE_Q32.unsigned_abs();
        if terms.seconds > MAX_SECONDS
            || !(MIN_VOLATILITY..=MAX_VOLATILITY).contains(&terms.volatility)
            || terms.rate.unsigned_abs() > MAX_RATE
            || !(one / 2..=2 * one).contains(&terms.forward_ratio)
            || terms.response > MAX_RESPONSE
        {
            return Err(RiskError::BadParameter);
        }
        let mut nodes = [(0, 0); SPOT_NODES];
        for (node, part) in nodes.iter_mut().zip(SPOT_GRID).skip(1) {
            let forward =
                u128::from(centre.micro_usd()) * u128::from(part) * u128::from(terms.forward_ratio)
                    / (u128::from(PARTS) << 32);
            let forward = u64::try_from(forward).map_err(|_| RiskError::PriceOutOfRange)?;
            // A forward below one micro-USD counts as one.
            let forward = Price::new(forward.max(1))?;
            *node = (
                forward.micro_usd(),
                log_moneyness(forward, terms.terms.strike),
            );
        }
        Ok(Self {
            terms,
            unit_exponent: unit_exponent(centre),
            discount: discount_factor(terms.rate, terms.seconds),
            root: root_years(terms.seconds),
            nodes,
        })
    }

    /// Values at one level node, each rounded up.
    ///
    /// # Errors
    /// [`RiskError::PriceOutOfRange`] when a value does not fit, [`RiskError::BadParameter`] for a level beyond the grid.
    pub fn level(&self, level: usize, out: &mut [u32; SPOT_NODES]) -> Result<(), RiskError> {
        let step = *LEVEL_GRID.get(level).ok_or(RiskError::BadParameter)?;
        let t = &self.terms;
        let volatility =
            volatility_at_level(t.volatility, level_of_step(step), t.seconds, t.response)?;
        let total = total_volatility(volatility, self.root);
        for (i, (slot, (forward, log))) in out.iter_mut().zip(&self.nodes).enumerate() {
            let value = if i == 0 {
                self.at_zero()?
            } else {
                let forward = Price::new(*forward)?;
                let value = time_value(forward, t.terms.strike, *log, total);
                discounted(&t.terms, forward, value, self.discount)?
            };
            *slot = self.units(value)?;
        }
        Ok(())
    }

    /// The whole curve.
    ///
    /// # Errors
    /// As [`CurveBuilder::level`].
    pub fn fill(&self, out: &mut [u32; NODES]) -> Result<(), RiskError> {
        for level in 0..LEVEL_NODES {
            let row = out
                .get_mut(level * SPOT_NODES..)
                .and_then(|rest| rest.first_chunk_mut())
                .ok_or(RiskError::BadParameter)?;
            self.level(level, row)?;
        }
        Ok(())
    }

    /// At a spot of zero a call is worth nothing and a put its discounted strike.
    fn at_zero(&self) -> Result<Premium, RiskError> {
        match self.terms.terms.kind {
            OptionKind::Call => Ok(Premium(0)),
            OptionKind::Put => self
                .discount
                .of(self.terms.terms.strike.micro_usd() << Premium::BITS)
                .and_then(|value| i64::try_from(value).ok())
                .map(Premium)
                .ok_or(RiskError::PriceOutOfRange),
        }
    }

    /// A value in the curve's unit, rounded up.
    fn units(&self, value: Premium) -> Result<u32, RiskError> {
        // Premium is never negative here. 2⁻¹⁶ micro-USD to 2^exponent.
        let value = value.0.unsigned_abs();
        let shift = self.unit_exponent + 16;
        let units = if let Ok(down) = u32::try_from(shift) {
            let up = (1u64 << down) - 1;
            (value + up) >> down
        } else {
            // At most 11 bits, on a price below 2⁴⁴.
            value << shift.unsigned_abs()
        };
        u32::try_from(units).map_err(|_| RiskError::PriceOutOfRange)
    }
}
