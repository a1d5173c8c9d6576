//! The time value of the out-of-the-money side.

use crate::{
    black76::Premium,
    fixed::{
        Divisor, ONE_Q63, Scaled, TAIL_END_Q60, bell, div_wide, ln_ratio, mul_high, mul_high_floor,
        scaled_tail,
    },
    units::Price,
};

/// ln(forward / strike) in Q56. See [`ln_ratio`] for its error.
#[must_use]
pub const fn log_moneyness(forward: Price, strike: Price) -> i64 {
    ln_ratio(strike.micro_usd(), forward.micro_usd())
}

/// sigma sqrt(T) in Q56, from a volatility in Q32 (up to [`super::MAX_VOLATILITY`], clamped there) and
/// [`root_years`](crate::fixed::root_years). Error below 2⁻⁵⁴; monotone in both.
#[must_use]
pub const fn total_volatility(volatility: u64, root_years: u64) -> u64 {
    let volatility = if volatility > super::MAX_VOLATILITY {
        super::MAX_VOLATILITY
    } else {
        volatility
    };
    // volatility <= 10 x 2³² < 2³⁶. Q32 x 2²⁸ x Q60 / 2⁶⁴ = Q56.
    mul_high(volatility << 28, root_years)
}

/// Undiscounted value of the call if forward <= strike, of the put otherwise: what an option is worth
/// beyond its intrinsic value, the same for both kinds.
///
/// `log_moneyness` is ln(forward / strike) in Q56 and `total_volatility` is sigma sqrt(T) in Q56, so that a
/// caller repricing at many forwards and volatilities computes each logarithm and each root once.
/// Total: any values are admissible. The result lies in 0 ..= min(forward, strike), within 2⁻⁵⁰ (9 x 10⁻¹⁶) of
/// min(forward, strike) plus 3 units. An error e in the
/// logarithm moves it by less than e times min(forward, strike).
///
/// With x = |ln(F/K)|, q = x/s, d1 = s/2 - q, a = s/2 + q, E = e^(-d1²/2) and R the scaled tail, and because
/// the higher price times the density at -a is the lower times the density at d1:
///
/// value / min(F, K) = N(d1) - e^x N(-a) = E (R(-d1) - R(a)) for d1 <= 0, 1 - E (R(d1) + R(a)) for d1 > 0.
#[must_use]
pub const fn time_value(
    forward: Price,
    strike: Price,
    log_moneyness: i64,
    total_volatility: u64,
) -> Premium {
    let (forward, strike) = (forward.micro_usd(), strike.micro_usd());
    let lower = if forward < strike { forward } else { strike };
    let value = Position::of(log_moneyness, total_volatility).value(lower);
    // lower <= 2⁴⁴ and the value no more than it: at most 2⁶⁰.
    Premium(value.cast_signed())
}

/// A total volatility (Q56) made ready for many places.
pub(crate) struct Width {
    total: u64,
    divisor: Divisor,
}

impl Width {
    #[inline(always)]
    pub(crate) const fn new(total_volatility: u64) -> Self {
        Self {
            total: total_volatility,
            divisor: Divisor::new(total_volatility),
        }
    }
}

/// Where the lower of forward and strike lies in the distribution.
pub(crate) enum Position {
    /// So far out, for so short a time, that the time value is below 2⁻⁵⁸ of the lower price.
    Worthless,
    /// So volatile that the time value is the lower price to 2⁻⁵⁸.
    Whole,
    Inside(Inside),
}

pub(crate) struct Inside {
    /// d1 of the out-of-the-money side is above zero.
    above: bool,
    /// e^(-d1²/2).
    pub(crate) bell: Scaled,
    /// R(|d1|) in Q64.
    near: u64,
    /// R(s/2 + q) in Q64.
    far: u64,
}

impl Position {
    #[inline(always)]
    pub(crate) const fn of(log_moneyness: i64, total_volatility: u64) -> Self {
        let x = log_moneyness.unsigned_abs();
        if let Some(extreme) = Self::extreme(total_volatility) {
            return extreme;
        }
        // q in Q60: Q56 x 2⁶⁰ / Q56. Beyond 64 bits it reads as the largest number.
        let q = div_wide(x >> 4, x << 60, total_volatility);
        Self::inside(total_volatility << 3, q)
    }

    /// [`Position::of`] at a distance |ln(forward / strike)| in Q56. Once it is [`Position::Worthless`] it stays so at any
    /// greater one: q never falls, so `far` does not and `above` stays false.
    #[inline(always)]
    pub(crate) const fn at(x: u64, width: &Width) -> Self {
        if let Some(extreme) = Self::extreme(width.total) {
            return extreme;
        }
        let q = width.divisor.divide(x >> 4, x << 60);
        Self::inside(width.total << 3, q)
    }

    /// The same at every distance.
    #[inline(always)]
    const fn extreme(total_volatility: u64) -> Option<Self> {
        if total_volatility == 0 {
            Some(Self::Worthless)
        } else if total_volatility >= TAIL_END_Q60 >> 3 {
            // s in Q56 is s/2 in Q57: s/2 >= 12 is beyond the table. Then a > 12, and d1² = a² - 2x >= 144 - 61 on prices.
            Some(Self::Whole)
        } else {
            None
        }
    }

    /// From s/2 and q in Q60.
    #[inline(always)]
    const fn inside(half: u64, q: u64) -> Self {
        let far = half.saturating_add(q);
        let above = half > q;
        if far >= TAIL_END_Q60 {
            // a >= 12 leaves |d1| > 9.1 on any two prices, and N(-9.1) < 2⁻⁶³.
            return if above { Self::Whole } else { Self::Worthless };
        }
        let d1 = half.abs_diff(q);
        Self::Inside(Inside {
            above,
            bell: bell(d1),
            near: scaled_tail(d1),
            far: scaled_tail(far),
        })
    }

    /// Undiscounted time value in premium units, with the lower of forward and strike (up to 2⁴⁴) in micro-USD.
    #[inline(always)]
    pub(crate) const fn value(&self, lower: u64) -> u64 {
        match self {
            Self::Worthless => 0,
            Self::Whole => lower << Premium::BITS,
            Self::Inside(inside) => inside.value(lower),
        }
    }
}

impl Inside {
    /// Premium units, with the lower price in micro-USD.
    const fn value(&self, lower: u64) -> u64 {
        if self.above {
            // Q63 x Q63 / 2⁶⁴ = Q62; each half of a tail is at most 2⁶². lower <= 2⁴⁴.
            let share = mul_high(self.bell.mantissa, (self.near >> 1) + (self.far >> 1));
            let missing = self.halved(mul_high_floor(lower << 18, share));
            (lower << Premium::BITS).saturating_sub(missing)
        } else {
            // Q63 x Q64 / 2⁶⁴ = Q63. `far` is below `near` but for the last units of both.
            let share = mul_high(self.bell.mantissa, self.near.saturating_sub(self.far));
            self.halved(mul_high_floor(lower << 17, share))
        }
    }

    pub(crate) const fn halved(&self, value: u64) -> u64 {
        // d1 < 12: at most 104 halvings.
        if self.bell.halvings >= 64 {
            0
        } else {
            value >> self.bell.halvings
        }
    }

    /// N(d1) of the out-of-the-money side, Q63.
    pub(crate) const fn below_d1(&self) -> u64 {
        let tail = self.halved(mul_high(self.bell.mantissa, self.near));
        if self.above { ONE_Q63 - tail } else { tail }
    }

    /// e^x N(-a): the higher of forward and strike over the lower, times the tail beyond a. Q63.
    pub(crate) const fn lifted_tail(&self) -> u64 {
        self.halved(mul_high(self.bell.mantissa, self.far))
    }
}
