//! From the posted shape of an expiry to the implied volatility of one strike and to the forward.

use crate::{
    PPM, SECONDS_PER_YEAR,
    black76::{MAX_VOLATILITY, MIN_VOLATILITY, log_moneyness, total_volatility},
    error::RiskError,
    fixed::{MAX_SECONDS, ONE_Q32, div_wide, exp, mul_high_floor, root_years},
    units::Price,
};

/// Largest skew either way, parts per million per standard deviation.
pub const MAX_SKEW: i32 = 500_000;
/// Largest curvature, parts per million per squared standard deviation.
pub const MAX_CURVATURE: i32 = 250_000;
/// Largest basis either way, parts per million per year.
pub const MAX_BASIS: i32 = 500_000;
/// Strikes are standardised over at least this time: in the last hour the smile keeps its width.
pub const MIN_SECONDS: u64 = 3_600;
/// Farthest standardised log-moneyness; the smile is flat beyond.
const REACH: u64 = 8;
/// Fractional bits of the standardised log-moneyness.
const BITS: u32 = 28;
/// 1.0 of the smile's factor: parts per million in Q28.
const FACTOR_ONE: u64 = PPM << BITS;

/// Implied volatility of one expiry over its strikes:
///
/// ```text
/// iv(K) = atm x clamp(1 + skew x + curvature x², 1/4, 4),   x = clamp(ln(K/F) / (atm sqrt t), ±8)
/// ```
///
/// A parabola in the standardised log-moneyness, so that one shape holds at any level of volatility and is comparable
/// between expiries. A negative skew lifts low strikes. Curvature is never negative: between its clamps the factor is
/// convex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smile {
    /// At-the-money volatility, Q32 per root year; [`MIN_VOLATILITY`] ..= [`MAX_VOLATILITY`].
    pub atm: u64,
    /// Parts per million per standard deviation; up to [`MAX_SKEW`] either way.
    pub skew: i32,
    /// Parts per million per squared standard deviation; 0 ..= [`MAX_CURVATURE`].
    pub curvature: i32,
}

impl Smile {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.atm < MIN_VOLATILITY
            || self.atm > MAX_VOLATILITY
            || self.skew < -MAX_SKEW
            || self.skew > MAX_SKEW
            || self.curvature < 0
            || self.curvature > MAX_CURVATURE
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// Implied volatility of a strike, Q32 per root year, rounded down, within [`MIN_VOLATILITY`] ..= [`MAX_VOLATILITY`];
    /// relative error below 10⁻⁷. `seconds` to expiry count as [`MIN_SECONDS`] at least.
    ///
    /// At the forward it is `atm` exactly. It rises with `atm` while curvature x² <= 1 (and always without curvature):
    /// far out, more volatility also brings a strike nearer to the money in standard deviations.
    ///
    /// # Errors
    /// [`RiskError::BadParameter`] as [`Smile::check`], and for a time beyond [`MAX_SECONDS`].
    pub fn volatility(
        &self,
        forward: Price,
        strike: Price,
        seconds: u64,
    ) -> Result<u64, RiskError> {
        self.check()?;
        if seconds > MAX_SECONDS {
            return Err(RiskError::BadParameter);
        }
        let total = total_volatility(self.atm, root_years(seconds.max(MIN_SECONDS)));
        // ln(F/K), Q56: below 2⁶¹. Volatility and time have floors: the total is above 2⁴⁵, and at most 39 x 2⁵⁶.
        let log = log_moneyness(forward, strike);
        let distance = log.unsigned_abs();
        let x = if distance >> 3 >= total {
            REACH << BITS
        } else {
            // Below 8 in Q60, rounded down to Q28.
            div_wide(distance >> 4, distance << 60, total) >> (60 - BITS)
        };
        // x <= 2³¹: the square is at most 2⁶² before the shift, the skew's part below 2⁵⁰ and the curvature's below 2⁵².
        let square = (x * x) >> BITS;
        let lean = u64::from(self.skew.unsigned_abs()) * x;
        let up = FACTOR_ONE + u64::from(self.curvature.unsigned_abs()) * square;
        // ln(F/K) > 0 is a strike below the forward, where x is negative.
        let factor = if (log > 0) == (self.skew > 0) {
            up.saturating_sub(lean)
        } else {
            up + lean
        };
        let factor = factor.clamp(FACTOR_ONE / 4, FACTOR_ONE * 4);
        // atm < 2³⁶ and the factor below 2⁵⁰, in two words; at most four times atm.
        let volatility = div_wide(
            mul_high_floor(self.atm, factor),
            self.atm.wrapping_mul(factor),
            FACTOR_ONE,
        );
        Ok(volatility.clamp(MIN_VOLATILITY, MAX_VOLATILITY))
    }
}

/// Forward over spot: e^(basis x time) in Q32, within half to twice, as [`crate::curve::CurveTerms`] takes it. `basis` is in
/// parts per million per year, continuously compounded, up to [`MAX_BASIS`] either way. Off by at most three units.
///
/// # Errors
/// [`RiskError::BadParameter`] for a basis beyond that or a time beyond [`MAX_SECONDS`].
pub fn forward_ratio(basis: i32, seconds: u64) -> Result<u64, RiskError> {
    if !(-MAX_BASIS..=MAX_BASIS).contains(&basis) || seconds > MAX_SECONDS {
        return Err(RiskError::BadParameter);
    }
    const YEAR_PPM: u64 = PPM * SECONDS_PER_YEAR;
    const { assert!(YEAR_PPM.is_multiple_of(1 << 13) && YEAR_PPM < 1 << 45) };
    // Beyond e the clamp holds anyway. Below 2⁴⁵, so 2¹⁹ times that fits: Q32 with 2¹³ taken out of both sides.
    let exponent = (u64::from(basis.unsigned_abs()) * seconds).min(YEAR_PPM - 1);
    let exponent = ((exponent << 19) / (YEAR_PPM >> 13)).cast_signed();
    let one = ONE_Q32.unsigned_abs();
    // At most e: it fits.
    let ratio = exp(if basis < 0 { -exponent } else { exponent })
        .of(one)
        .ok_or(RiskError::Overflow)?;
    Ok(ratio.clamp(one / 2, 2 * one))
}

/// The forward of a spot price, rounded down, one micro-USD at least: what [`crate::curve::CurveBuilder`] takes at the
/// centre. `ratio` is Q32, half to twice.
///
/// # Errors
/// [`RiskError::BadParameter`] for another ratio, [`RiskError::PriceOutOfRange`] beyond [`crate::units::MAX_PRICE`].
pub fn forward(spot: Price, ratio: u64) -> Result<Price, RiskError> {
    let one = ONE_Q32.unsigned_abs();
    if !(one / 2..=2 * one).contains(&ratio) {
        return Err(RiskError::BadParameter);
    }
    // spot <= 2⁴⁴ and the ratio at most 2³³; 19 + 13 bits bring the product to whole micro-USD above 2⁶⁴.
    Price::new(mul_high_floor(spot.micro_usd() << 19, ratio << 13).max(1))
}

#[cfg(test)]
mod tests {
    use {super::*, crate::black76::ONE_PER_YEAR, proptest::prelude::*};

    const Q32: f64 = 4_294_967_296.0;

    fn price(micro_usd: u64) -> Price {
        Price::new(micro_usd).unwrap()
    }

    /// The formula in floats.
    fn reference(smile: &Smile, f: u64, k: u64, seconds: u64) -> f64 {
        let atm = smile.atm as f64 / Q32;
        let years = seconds.max(3_600) as f64 / 31_536_000.0;
        let x = ((k as f64 / f as f64).ln() / (atm * years.sqrt())).clamp(-8.0, 8.0);
        let factor =
            1.0 + f64::from(smile.skew) * 1e-6 * x + f64::from(smile.curvature) * 1e-6 * x * x;
        (atm * factor.clamp(0.25, 4.0)).clamp(0.05, 10.0)
    }

    prop_compose! {
        fn smiles()(
            atm in prop_oneof![MIN_VOLATILITY..=ONE_PER_YEAR, MIN_VOLATILITY..=MAX_VOLATILITY],
            skew in -MAX_SKEW..=MAX_SKEW, curvature in 0..=MAX_CURVATURE,
        ) -> Smile {
            Smile { atm, skew, curvature }
        }
    }

    prop_compose! {
        /// A forward of every magnitude, a strike from a tenth to ten times it, and a time of every magnitude.
        fn places()(
            bits in 8u32..40, mantissa: u64, strike in 10u64..=1_000, time in 0..=MAX_SECONDS, short in 0u32..=28,
        ) -> (u64, u64, u64) {
            let f = (1 << bits) | (mantissa & ((1 << bits) - 1));
            (f, (f * strike / 100).max(1), time >> short)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_volatility_is_that_of_the_formula(smile in smiles(), (f, k, seconds) in places()) {
            let got = smile.volatility(price(f), price(k), seconds).unwrap();
            let want = reference(&smile, f, k, seconds);
            prop_assert!((got as f64 / Q32 / want - 1.0).abs() < 1e-7, "{} {}", got as f64 / Q32, want);
            prop_assert!((MIN_VOLATILITY..=MAX_VOLATILITY).contains(&got));
        }

        #[test]
        fn a_volatility_rises_with_the_level_where_the_parabola_does(
            smile in smiles(), (f, k, seconds) in places(), more in 0u64..1 << 31, flat: bool,
        ) {
            let years = seconds.max(3_600) as f64 / 31_536_000.0;
            let x = (k as f64 / f as f64).ln() / (smile.atm as f64 / Q32 * years.sqrt());
            let limit = if flat { 0.0 } else { 1e6 / x.clamp(-8.0, 8.0).powi(2) };
            let smile = Smile { curvature: smile.curvature.min(limit as i32), ..smile };
            let higher = Smile { atm: (smile.atm + more).min(MAX_VOLATILITY), ..smile };
            let [low, high] = [smile, higher].map(|s| s.volatility(price(f), price(k), seconds).unwrap());
            // Each is off by its rounding.
            prop_assert!(high as f64 >= low as f64 * (1.0 - 1e-7), "{low} {high}");
        }

        #[test]
        fn a_smile_is_convex_between_its_clamps(
            atm in ONE_PER_YEAR / 10..=2 * ONE_PER_YEAR, skew in -300_000i32..=300_000, curvature in 0..=MAX_CURVATURE,
            step in 1.0f64..1.5, seconds in 86_400u64..2 * 31_536_000,
        ) {
            // Three strikes at equal steps of x.
            let smile = Smile { atm, skew, curvature };
            let f = (1u64 << 36) as f64;
            let s = atm as f64 / Q32 * (seconds as f64 / 31_536_000.0).sqrt();
            let [a, b, c] = [-step, 0.0, step].map(|x| {
                let strike = price((f * (x * s).exp()) as u64);
                smile.volatility(price(f as u64), strike, seconds).unwrap() as f64 / atm as f64
            });
            prop_assert!(a + c - 2.0 * b >= f64::from(curvature) * 2e-6 * step * step - 1e-6);
        }

        #[test]
        fn a_forward_ratio_is_the_exponential(basis in -MAX_BASIS..=MAX_BASIS, time in 0..=MAX_SECONDS, short in 0u32..=28) {
            let seconds = time >> short;
            let got = forward_ratio(basis, seconds).unwrap();
            let want = (f64::from(basis) * 1e-6 * seconds as f64 / 31_536_000.0).exp().clamp(0.5, 2.0);
            prop_assert!((got as f64 - want * Q32).abs() <= 3.0);
            // Back and forth is one.
            let back = forward_ratio(-basis, seconds).unwrap();
            prop_assert!((got as f64 * back as f64 / Q32 / Q32 - 1.0).abs() < 3e-9);
        }

        #[test]
        fn a_forward_is_its_product_rounded_down(spot in 1u64..=1 << 44, ratio in 1u64 << 31..=1 << 33) {
            let want = ((u128::from(spot) * u128::from(ratio)) >> 32).max(1) as u64;
            prop_assert_eq!(forward(price(spot), ratio), Price::new(want));
        }
    }

    #[test]
    fn at_the_forward_a_strike_has_the_money_s_volatility() {
        let smile = Smile {
            atm: ONE_PER_YEAR * 6 / 10,
            skew: -100_000,
            curvature: 40_000,
        };
        let at = |k, seconds| {
            smile
                .volatility(price(70_000_000_000), price(k), seconds)
                .unwrap()
        };
        assert_eq!(at(70_000_000_000, 86_400), smile.atm);
        // A negative skew lifts puts; the last hour keeps its width.
        assert!(at(66_000_000_000, 864_000) > smile.atm);
        assert!(at(74_000_000_000, 864_000) < smile.atm);
        assert_eq!(at(66_000_000_000, 0), at(66_000_000_000, 3_600));
        assert_ne!(at(69_900_000_000, 3_600), at(69_900_000_000, 3_700));
        // Beyond eight deviations it is flat, and no more than four times.
        assert_eq!(at(1, 0), at(2, 0));
        assert_eq!(at(1, 0), smile.atm * 4);
    }

    #[test]
    fn what_is_out_of_range_is_refused() {
        let good = Smile {
            atm: ONE_PER_YEAR,
            skew: MAX_SKEW,
            curvature: MAX_CURVATURE,
        };
        assert_eq!(good.check(), Ok(()));
        for bad in [
            Smile {
                atm: MIN_VOLATILITY - 1,
                ..good
            },
            Smile {
                atm: MAX_VOLATILITY + 1,
                ..good
            },
            Smile {
                skew: MAX_SKEW + 1,
                ..good
            },
            Smile {
                skew: -MAX_SKEW - 1,
                ..good
            },
            Smile {
                curvature: -1,
                ..good
            },
            Smile {
                curvature: MAX_CURVATURE + 1,
                ..good
            },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
            assert_eq!(
                bad.volatility(price(1), price(1), 0),
                Err(RiskError::BadParameter)
            );
        }
        assert_eq!(
            good.volatility(price(1), price(1), MAX_SECONDS + 1),
            Err(RiskError::BadParameter)
        );
        for (basis, seconds) in [
            (MAX_BASIS + 1, 0),
            (-MAX_BASIS - 1, 0),
            (i32::MIN, 0),
            (0, MAX_SECONDS + 1),
        ] {
            assert_eq!(forward_ratio(basis, seconds), Err(RiskError::BadParameter));
        }
        for ratio in [0, (1 << 31) - 1, (1 << 33) + 1, u64::MAX] {
            assert_eq!(forward(price(5), ratio), Err(RiskError::BadParameter));
        }
        assert_eq!(
            forward(price(1 << 44), 1 << 33),
            Err(RiskError::PriceOutOfRange)
        );
    }
}
