//! European options on a forward: Black, "The pricing of commodity contracts", Journal of Financial
//! Economics 3 (1976).
//!
//! With F the forward, K the strike, s = sigma sqrt(T) and d1,2 = ln(F/K)/s ± s/2:
//! call = df (F N(d1) - K N(d2)), put = df (K N(-d2) - F N(-d1)), df = e^(-rT), years of 365 days.
//!
//! Only the time value of the out-of-the-money side is computed ([`time_value`]); the other side is
//! that plus df (F - K), rounded in one way. So, exactly and after rounding:
//!
//! - call - put = df (F - K) (put-call parity),
//! - call >= df (F - K) and put >= df (K - F), neither below zero,
//! - call <= df F and put <= df K.
//!
//! Absolute error of a price: below 2⁻⁵⁰ (9 x 10⁻¹⁶) of the lower of forward and strike for its time
//! value and 2⁻⁵⁵ of its intrinsic value, both discounted, plus 2 + 4 df units of [`Premium`]. One
//! micro-USD is 65 536 of those.
//!
//! A call rises with the forward and falls with the strike, a put the other way, and both rise with
//! volatility: at a rate of zero without any step back in a million neighbouring pairs of inputs; at
//! another rate by one unit of [`Premium`] at most, because the two parts of an in-the-money price are
//! rounded apart to keep parity exact.
//!
//! On chain (sBPF v3, 60 000 random inputs) one price takes at most 1 280 compute units at a rate of zero
//! and 1 490 at another, all greeks together 3 300, [`time_value`] alone 720. A result in the far wings
//! is known early and takes a third of that.

mod greeks;
mod value;

pub(crate) use value::{Position, Width};
pub use {
    greeks::{Greeks, greeks},
    value::{log_moneyness, time_value, total_volatility},
};

use crate::{
    error::RiskError,
    fixed::{MAX_SECONDS, Scaled, discount_factor, root_years},
    units::Price,
};

/// 1.0 of volatility or rate, per year, in Q32.
pub const ONE_PER_YEAR: u64 = 1 << 32;
/// Lowest volatility: 5 % per square root of a year.
pub const MIN_VOLATILITY: u64 = ONE_PER_YEAR / 20;
/// Highest volatility: 1000 %.
pub const MAX_VOLATILITY: u64 = 10 * ONE_PER_YEAR;
/// Highest rate either way: 100 % per year, continuously compounded.
pub const MAX_RATE: u64 = ONE_PER_YEAR;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    Call,
    Put,
}

/// What the contract says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    pub kind: OptionKind,
    pub strike: Price,
}

/// What the market says, within the ranges that [`Inputs::new`] checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inputs {
    forward: Price,
    seconds: u64,
    volatility: u64,
    rate: i64,
}

impl Inputs {
    /// `seconds` to expiry (up to [`MAX_SECONDS`]), `volatility` in Q32 per square root of a year
    /// ([`MIN_VOLATILITY`] ..= [`MAX_VOLATILITY`]), `rate` in Q32 per year, continuously compounded, up to
    /// [`MAX_RATE`] either way.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] outside these ranges.
    pub const fn new(
        forward: Price,
        seconds: u64,
        volatility: u64,
        rate: i64,
    ) -> Result<Self, RiskError> {
        if seconds > MAX_SECONDS
            || volatility < MIN_VOLATILITY
            || volatility > MAX_VOLATILITY
            || rate.unsigned_abs() > MAX_RATE
        {
            return Err(RiskError::BadParameter);
        }
        Ok(Self {
            forward,
            seconds,
            volatility,
            rate,
        })
    }

    #[must_use]
    pub const fn forward(&self) -> Price {
        self.forward
    }

    #[must_use]
    pub const fn seconds(&self) -> u64 {
        self.seconds
    }

    #[must_use]
    pub const fn volatility(&self) -> u64 {
        self.volatility
    }

    #[must_use]
    pub const fn rate(&self) -> i64 {
        self.rate
    }

    const fn discount(&self) -> Scaled {
        if self.rate == 0 {
            return Scaled::ONE;
        }
        discount_factor(self.rate, self.seconds)
    }
}

/// A value of one whole contract in units of 2⁻¹⁶ micro-USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Premium(pub i64);

impl Premium {
    /// Fractional bits of a micro-USD.
    pub const BITS: u32 = 16;
    /// One micro-USD.
    pub const MICRO_USD: i64 = 1 << Self::BITS;

    /// Micro-USD, rounded toward minus infinity: what the option is worth to its owner.
    #[must_use]
    pub const fn floor_micro_usd(self) -> i64 {
        self.0 >> Self::BITS
    }

    /// Micro-USD, rounded toward plus infinity: what the option costs its writer.
    #[must_use]
    pub const fn ceil_micro_usd(self) -> i64 {
        let up = self.0 & (Self::MICRO_USD - 1) != 0;
        self.floor_micro_usd() + up as i64
    }
}

/// The value of one option.
///
/// # Errors
/// [`RiskError::Overflow`] when the discounted forward or strike may leave 2⁴⁷ micro-USD, which takes a
/// negative rate and more than 100 % of growth on a price near the maximum.
pub fn price(terms: &Terms, inputs: &Inputs) -> Result<Premium, RiskError> {
    let time_value = time_value(
        inputs.forward,
        terms.strike,
        log_moneyness(inputs.forward, terms.strike),
        total_volatility(inputs.volatility, root_years(inputs.seconds)),
    );
    discounted(terms, inputs.forward, time_value, inputs.discount())
}

/// The value of an option whose undiscounted [`time_value`] and discount factor are known.
///
/// # Errors
/// As [`price`].
pub fn discounted(
    terms: &Terms,
    forward: Price,
    time_value: Premium,
    discount: Scaled,
) -> Result<Premium, RiskError> {
    let (f, k) = (forward.micro_usd(), terms.strike.micro_usd());
    let in_the_money = match terms.kind {
        OptionKind::Call => f > k,
        OptionKind::Put => k > f,
    };
    // Prices are at most 2⁴⁴: below 2⁶¹. Both parts are rounded down, so their sum is no more than the discounted
    // forward or strike.
    let intrinsic = if in_the_money { f.abs_diff(k) } else { 0 } << Premium::BITS;
    let time_value = time_value.0.unsigned_abs();
    let sum = match (discount.of(intrinsic), discount.of(time_value)) {
        (Some(intrinsic), Some(time_value)) => intrinsic.checked_add(time_value),
        _ => None,
    };
    sum.and_then(|sum| i64::try_from(sum).ok())
        .map(Premium)
        .ok_or(RiskError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn premiums_round_both_ways_on_both_signs() {
        let half = Premium(Premium::MICRO_USD * 3 / 2);
        assert_eq!((half.floor_micro_usd(), half.ceil_micro_usd()), (1, 2));
        let minus = Premium(-half.0);
        assert_eq!((minus.floor_micro_usd(), minus.ceil_micro_usd()), (-2, -1));
        let whole = Premium(-2 * Premium::MICRO_USD);
        assert_eq!((whole.floor_micro_usd(), whole.ceil_micro_usd()), (-2, -2));
    }

    #[test]
    fn inputs_outside_their_ranges_are_refused() {
        let forward = Price::new(70_000_000_000).unwrap();
        let half = ONE_PER_YEAR / 2;
        assert!(Inputs::new(forward, 0, half, 0).is_ok());
        assert!(Inputs::new(forward, MAX_SECONDS, MAX_VOLATILITY, -(1 << 32)).is_ok());
        for (seconds, volatility, rate) in [
            (MAX_SECONDS + 1, half, 0),
            (1, MIN_VOLATILITY - 1, 0),
            (1, MAX_VOLATILITY + 1, 0),
            (1, half, (1 << 32) + 1),
            (1, half, i64::MIN),
        ] {
            assert_eq!(
                Inputs::new(forward, seconds, volatility, rate),
                Err(RiskError::BadParameter)
            );
        }
    }

    #[test]
    fn growth_beyond_the_range_is_refused_not_wrapped() {
        let top = Price::new(crate::units::MAX_PRICE).unwrap();
        let inputs = Inputs::new(top, 10 * 31_536_000, ONE_PER_YEAR, -(1 << 32)).unwrap();
        let terms = Terms {
            kind: OptionKind::Call,
            strike: Price::new(1).unwrap(),
        };
        assert_eq!(price(&terms, &inputs), Err(RiskError::Overflow));
        assert_eq!(greeks(&terms, &inputs), Err(RiskError::Overflow));
    }
}
