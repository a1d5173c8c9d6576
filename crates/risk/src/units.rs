//! Unit newtypes: a multiplication of the wrong two things does not compile.
//!
//! | type | unit | integer |
//! |---|---|---|
//! | [`Price`] | micro-USD per whole contract | `u64`, 1 ..= [`MAX_PRICE`] |
//! | [`Quantity`] | millionths of a contract, signed | `i64`, up to [`MAX_QUANTITY`] either way |
//! | [`Notional`] | 10⁻¹² USD (exactly price x quantity) | `i128` |
//!
//! Money by itself is a plain `i64` of micro-USD, as it is stored in the accounts.

use {
    crate::error::RiskError,
    core::ops::{Add, AddAssign, Neg},
};

/// Highest price: about 17.6 million USD per contract. 2⁴⁴ micro-USD.
pub const MAX_PRICE: u64 = 1 << 44;
/// Largest quantity: about 140 million contracts. 2⁴⁷ millionths.
pub const MAX_QUANTITY: i64 = 1 << 47;
/// 10⁻¹² USD in one micro-USD.
const NOTIONAL_PER_MICRO: u64 = 1_000_000;

/// Micro-USD per whole contract, in `1 ..= MAX_PRICE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(u64);

impl Price {
    /// # Errors
    /// [`RiskError::PriceOutOfRange`] when zero or above [`MAX_PRICE`].
    pub const fn new(micro_usd: u64) -> Result<Self, RiskError> {
        if micro_usd == 0 || micro_usd > MAX_PRICE {
            return Err(RiskError::PriceOutOfRange);
        }
        Ok(Self(micro_usd))
    }

    #[must_use]
    pub const fn micro_usd(self) -> u64 {
        self.0
    }
}

/// Millionths of a contract; positive is long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity(pub i64);

impl Quantity {
    /// Exact product: |quantity| < 2⁶³ and price <= 2⁴⁴, so it stays below 2¹⁰⁷.
    #[must_use]
    pub const fn at(self, price: Price) -> Notional {
        Notional(self.0 as i128 * price.0 as i128)
    }

    /// Exact product with an unsigned amount of micro-USD per contract (an oracle's confidence).
    #[must_use]
    pub const fn times_micro(self, micro_usd: u64) -> Notional {
        Notional(self.0 as i128 * micro_usd as i128)
    }
}

/// Price x quantity, exact, in 10⁻¹² USD.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notional(pub i128);

impl Notional {
    /// Micro-USD, rounded toward minus infinity: what a holding is worth to its owner.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] beyond `i64`.
    pub fn floor_micro_usd(self) -> Result<i64, RiskError> {
        let (quotient, inexact) = magnitude_in_micro_usd(self.0.unsigned_abs())?;
        Ok(if self.0 < 0 {
            -quotient - i64::from(inexact)
        } else {
            quotient
        })
    }

    /// Micro-USD, rounded toward plus infinity: what an obligation costs its owner.
    ///
    /// # Errors
    /// [`RiskError::Overflow`] beyond `i64`.
    pub fn ceil_micro_usd(self) -> Result<i64, RiskError> {
        let (quotient, inexact) = magnitude_in_micro_usd(self.0.unsigned_abs())?;
        Ok(if self.0 < 0 {
            -quotient
        } else {
            quotient + i64::from(inexact)
        })
    }

    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }
}

/// Whole micro-USD, below 2⁶³ - 1, and whether something is left over. By long division in 32-bit digits: on chain a
/// 128-bit division costs a hundred times a 64-bit one.
fn magnitude_in_micro_usd(notional: u128) -> Result<(i64, bool), RiskError> {
    if notional >> 82 != 0 {
        return Err(RiskError::Overflow);
    }
    let (mut quotient, mut rest) = (0u64, 0u64);
    for shift in [64, 32, 0] {
        // The rest is below 2²⁰, the digit below 2³²; quotients of the three digits join to at most 62 bits.
        let digit = (rest << 32) | u64::try_from((notional >> shift) & 0xffff_ffff).unwrap_or(0);
        quotient = (quotient << 32) | (digit / NOTIONAL_PER_MICRO);
        rest = digit % NOTIONAL_PER_MICRO;
    }
    let quotient = i64::try_from(quotient).map_err(|_| RiskError::Overflow)?;
    Ok((quotient, rest != 0))
}

impl Add for Notional {
    type Output = Self;
    // Bound: each term is below 2¹⁰⁷ and a portfolio has fewer than 2⁸ of them.
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl AddAssign for Notional {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Neg for Notional {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// `value x parts / 1_000_000`, rounded up. `value` may be negative.
///
/// # Errors
/// [`RiskError::Overflow`] when the result leaves `i64`.
pub fn mul_ppm_ceil(value: i64, parts: u64) -> Result<i64, RiskError> {
    Notional(i128::from(value) * i128::from(parts)).ceil_micro_usd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn price_refuses_zero_and_beyond_the_maximum() {
        assert_eq!(Price::new(0), Err(RiskError::PriceOutOfRange));
        assert!(Price::new(MAX_PRICE).is_ok());
        assert_eq!(Price::new(MAX_PRICE + 1), Err(RiskError::PriceOutOfRange));
    }

    #[test]
    fn value_rounds_down_and_cost_rounds_up_on_both_signs() {
        assert_eq!(Notional(1_500_000).floor_micro_usd(), Ok(1));
        assert_eq!(Notional(1_500_000).ceil_micro_usd(), Ok(2));
        assert_eq!(Notional(-1_500_000).floor_micro_usd(), Ok(-2));
        assert_eq!(Notional(-1_500_000).ceil_micro_usd(), Ok(-1));
        assert_eq!(Notional(-2_000_000).floor_micro_usd(), Ok(-2));
        assert_eq!(Notional(-2_000_000).ceil_micro_usd(), Ok(-2));
    }

    #[test]
    fn one_bitcoin_at_73_067_62_is_worth_its_price() {
        let price = Price::new(73_067_620_000).unwrap();
        assert_eq!(
            Quantity(1_000_000).at(price).floor_micro_usd(),
            Ok(73_067_620_000)
        );
    }

    #[test]
    fn ratio_of_a_negative_value_rounds_toward_plus_infinity() {
        assert_eq!(mul_ppm_ceil(-3, 500_000), Ok(-1));
        assert_eq!(mul_ppm_ceil(3, 500_000), Ok(2));
    }
}
