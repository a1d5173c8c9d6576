//! The variance that scenarios are scaled to, and how fast the maintenance requirement may follow it.
//!
//! `sigma = max(realised scale x EWMA, implied weight x at-the-money implied, floor)`; initial margin
//! follows it up at once. Maintenance margin uses a variance of its own, which rises at a published rate, or as far as the
//! price itself moved: nobody is liquidated by a model update. It falls at a limited rate too, and initial margin no
//! further than it: a dip that did not last, such as a feed left out for an hour, leaves no hole that takes days to fill.
//!
//! Variances are per day in Q48 as in [`crate::ewma`]. Ratios apply to volatility, so that they read like
//! the margin they move; variances take their square.

use {
    crate::{
        PPM,
        error::RiskError,
        ewma::{VARIANCE_MAX, VARIANCE_ONE},
        fixed::{ONE_Q30, exp_q30},
    },
    core::cmp::{max, min},
};

/// Smallest variance that rises and floors work on: a daily volatility of 0.1 %.
pub const VARIANCE_MIN: u64 = VARIANCE_ONE / 1_000_000;
/// Time without an update counts toward a rise only up to here: holding updates back buys one day's rise
/// and no more.
pub const MAX_RISE_SECONDS: u64 = 86_400;
/// Fastest fall of the maintenance volatility, ppm of itself per hour, compounding continuously: 38 % in a day.
pub const FALL_PER_HOUR: u64 = 20_000;
/// Rises and falls count whole steps of this many seconds; what is left of the time counts next time. Shorter steps would
/// lose more to rounding.
pub const STEP_SECONDS: u64 = 60;

/// How the sources of volatility are combined, and how fast maintenance may rise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VolatilityParams {
    /// Realised volatility counts this many times, ppm; 500,000 ..= 3,000,000.
    pub realised_scale: u64,
    /// Implied volatility counts this many times, ppm; 0 ..= 1,500,000. Below one it takes out the premium
    /// that implied volatility carries over what is realised later; zero ignores it.
    pub implied_weight: u64,
    /// Least variance per day, Q48; [`VARIANCE_MIN`] ..= [`VARIANCE_MAX`].
    pub floor: u64,
    /// Fastest rise of the maintenance volatility, ppm of itself per hour, compounding continuously;
    /// 1,000 ..= 80,000 (in a day 2.4 % to sixfold).
    pub rise_per_hour: u64,
}

/// At-the-money implied variance per day (Q48) for one time to expiry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AtmPoint {
    /// Seconds to expiry; a point at zero is not there.
    pub tenor: u32,
    pub variance: u64,
}

/// What one update of the maintenance variance looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaintenanceStep {
    /// Maintenance variance in force; when an underlying is listed, its target.
    pub previous: u64,
    /// What scenarios are scaled to now: [`VolatilityParams::effective_variance`].
    pub target: u64,
    /// Seconds since `previous` was set, in whole steps of [`STEP_SECONDS`].
    pub elapsed: u64,
    /// The price EWMA ([`crate::ewma::update`]), unscaled: when `previous` was set, and now. Its rise is the part
    /// that the price's own move explains.
    pub realised_before: u64,
    pub realised_now: u64,
}

impl VolatilityParams {
    /// # Errors
    /// [`RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), RiskError> {
        if self.realised_scale < PPM / 2
            || self.realised_scale > 3 * PPM
            || self.implied_weight > 3 * PPM / 2
            || self.floor < VARIANCE_MIN
            || self.floor > VARIANCE_MAX
            || self.rise_per_hour < 1_000
            || self.rise_per_hour > 80_000
        {
            return Err(RiskError::BadParameter);
        }
        Ok(())
    }

    /// The variance scenarios are scaled to. Rounded up, at most [`VARIANCE_MAX`]; never falls when an input
    /// rises. `None` is an underlying without an implied feed: while a feed is only late, pass its last value,
    /// or the variance would drop and then have to climb back.
    #[must_use]
    pub fn effective_variance(&self, realised: u64, implied: Option<u64>) -> u64 {
        let realised = scaled(realised, self.realised_scale);
        let implied = implied.map_or(0, |v| scaled(v, self.implied_weight));
        min(max(max(realised, implied), self.floor), VARIANCE_MAX)
    }

    /// The next maintenance variance:
    ///
    /// ```text
    /// capped    = previous x e^(2 x rise_per_hour x min(elapsed, 24 h))
    /// explained = max(0, S(realised_now) - max(S(realised_before), capped)),  S(v) = realised_scale^2 x v
    /// result    = min(target, capped + explained)
    /// ```
    ///
    /// What the price explains is the rise of the EWMA, and only where the EWMA stands above what maintenance
    /// already covers: a price that swings back and forth cannot ratchet it beyond the realised level.
    ///
    /// - On the way up never above `target`. Above it, it falls to
    ///   `max(target, previous x e^(-2 x FALL_PER_HOUR x elapsed))`: what scenarios of initial margin stand for is the
    ///   larger of the target and this, so that maintenance never exceeds initial margin.
    /// - Rises and falls compound and are rounded against speed: many updates never move it further than the exact
    ///   exponential of the time that passed, and one less than one part in 2²⁴ less. With steps of [`STEP_SECONDS`]
    ///   rounding slows the slowest rise by less than a thousandth.
    /// - Over any sequence of updates it stays below `e^(2 x rise x time) x` the larger of the first value and
    ///   the highest scaled EWMA on the way.
    /// - Never falls when `previous`, `target` or `realised_now` rises. With `elapsed` it goes toward the target.
    #[must_use]
    pub fn maintenance_variance(&self, step: &MaintenanceStep) -> u64 {
        let target = min(step.target, VARIANCE_MAX);
        let previous = min(step.previous, VARIANCE_MAX);
        if target <= previous {
            return max(target, fallen(previous, step.elapsed));
        }
        let capped = self.grown(max(previous, VARIANCE_MIN), step.elapsed);
        let before = scaled(step.realised_before, self.realised_scale);
        let now = scaled(step.realised_now, self.realised_scale);
        // Both below 2⁵⁵.
        min(target, capped + now.saturating_sub(max(before, capped)))
    }

    /// `variance x e^(2 x rise_per_hour x elapsed)`, rounded down.
    fn grown(&self, variance: u64, elapsed: u64) -> u64 {
        let elapsed = u128::from(min(elapsed, MAX_RISE_SECONDS));
        // Q32, at most 2 x 0.08 x 24 = 3.84 within the range of the rate: below what the exponential clamps at.
        let exponent =
            ((2 * u128::from(self.rise_per_hour) * elapsed) << 32) / (3_600 * u128::from(PPM));
        let growth = exp_q30(i64::try_from(exponent).unwrap_or(i64::MAX)).unsigned_abs();
        // Its stated error is one part in 2²⁶ either way; never less than no growth.
        let growth = max(growth - (growth >> 26) - 1, ONE_Q30.unsigned_abs());
        // Below 2⁵¹ x 2³⁶, and at most VARIANCE_MAX x e^3.84 < 2⁵⁶ after the shift.
        u64::try_from((u128::from(variance) * u128::from(growth)) >> 30).unwrap_or(u64::MAX)
    }
}

/// `variance x e^(-2 x FALL_PER_HOUR x elapsed)`, rounded up.
fn fallen(variance: u64, elapsed: u64) -> u64 {
    // Beyond 1,000 hours it clamps at e^-40; Q32, below 2³⁸.
    let elapsed = u128::from(min(elapsed, 3_600_000));
    let exponent = ((2 * u128::from(FALL_PER_HOUR) * elapsed) << 32) / (3_600 * u128::from(PPM));
    let left = exp_q30(-i64::try_from(exponent).unwrap_or(i64::MAX)).unsigned_abs();
    // Its stated error is 2⁻²⁸ either way; never more than no fall.
    let left = min(left + 5, ONE_Q30.unsigned_abs());
    // Below 2⁵¹ x 2³⁰.
    let exact = u128::from(variance) * u128::from(left);
    u64::try_from((exact + (1 << 30) - 1) >> 30).unwrap_or(u64::MAX)
}

/// `variance x (ppm / 10⁶)²`, rounded up. At most 4 x 9 x 2⁴⁸ < 2⁵⁴ for a ratio of at most three.
fn scaled(variance: u64, ppm: u64) -> u64 {
    let ratio = u128::from(min(ppm, 3 * PPM));
    let one = u128::from(PPM) * u128::from(PPM);
    let product = u128::from(min(variance, VARIANCE_MAX)) * ratio * ratio;
    u64::try_from(product.div_ceil(one)).unwrap_or(u64::MAX)
}

/// Implied at-the-money variance per day for a constant `horizon` in seconds: total variance (variance x
/// time) linear in time between the nearest points on either side, the nearest point's variance outside
/// them. Rounded up. `None` without a point.
///
/// Defined for points in any order, and for total variance that falls with time: the result is a mean of two
/// points with positive weights, so it lies between them and never falls when a point rises. Of several
/// points at one tenor the highest counts.
#[must_use]
pub fn implied_variance(points: &[AtmPoint], horizon: u32) -> Option<u64> {
    let (mut below, mut above): (Option<AtmPoint>, Option<AtmPoint>) = (None, None);
    for point in points.iter().filter(|point| point.tenor > 0) {
        if point.tenor <= horizon
            && below.is_none_or(|b| (point.tenor, point.variance) > (b.tenor, b.variance))
        {
            below = Some(*point);
        }
        if point.tenor > horizon
            && above.is_none_or(|a| {
                point.tenor < a.tenor || point.tenor == a.tenor && point.variance > a.variance
            })
        {
            above = Some(*point);
        }
    }
    let capped = |point: AtmPoint| min(point.variance, VARIANCE_MAX);
    match (below, above) {
        (Some(a), Some(b)) => {
            let (t, u, h) = (
                u128::from(a.tenor),
                u128::from(b.tenor),
                u128::from(horizon),
            );
            // v = [v_a t (u - h) + v_b u (h - t)] / [h (u - t)]; the two weights sum to the divisor, below 2⁶⁴.
            let sum = u128::from(capped(a)) * t * (u - h) + u128::from(capped(b)) * u * (h - t);
            u64::try_from(sum.div_ceil(h * (u - t))).ok()
        }
        (Some(point), None) | (None, Some(point)) => Some(capped(point)),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    const PARAMS: VolatilityParams = VolatilityParams {
        realised_scale: 1_200_000,
        implied_weight: 900_000,
        floor: VARIANCE_ONE / 10_000,
        rise_per_hour: 20_000,
    };
    const DAY: u32 = 86_400;

    fn variance() -> impl Strategy<Value = u64> {
        prop_oneof![VARIANCE_MIN..VARIANCE_ONE / 100, 0..=VARIANCE_MAX]
    }

    fn points() -> impl Strategy<Value = Vec<AtmPoint>> {
        prop::collection::vec(
            (
                prop_oneof![Just(0), 1..=400 * DAY, Just(30 * DAY)],
                variance(),
            )
                .prop_map(|(tenor, variance)| AtmPoint { tenor, variance }),
            0..=4,
        )
    }

    proptest! {
        #[test]
        fn the_largest_of_three_counts_and_no_input_lowers_it(
            realised in variance(), implied in variance(), more in 0..VARIANCE_ONE,
        ) {
            let v = PARAMS.effective_variance(realised, Some(implied));
            prop_assert!((PARAMS.floor..=VARIANCE_MAX).contains(&v));
            let want = (realised as f64 * 1.44).max(implied as f64 * 0.81).max(PARAMS.floor as f64)
                .min(VARIANCE_MAX as f64);
            prop_assert!((v as f64 - want).abs() <= 2.0);
            prop_assert!(PARAMS.effective_variance(realised + more, Some(implied)) >= v);
            prop_assert!(PARAMS.effective_variance(realised, Some(implied + more)) >= v);
            prop_assert!(PARAMS.effective_variance(realised, None) <= v);
        }

        #[test]
        fn interpolation_is_linear_in_total_variance_monotone_and_between_the_points(
            points in points(), horizon in 1..=500 * DAY, which in 0usize..4, more in 0..VARIANCE_ONE,
        ) {
            let there: Vec<_> = points.iter().filter(|p| p.tenor > 0).collect();
            let Some(v) = implied_variance(&points, horizon) else {
                prop_assert!(there.is_empty());
                return Ok(());
            };
            prop_assert!(v <= there.iter().map(|p| p.variance).max().unwrap());
            prop_assert!(v >= there.iter().map(|p| p.variance).min().unwrap());
            let mut higher = points.clone();
            if let Some(p) = higher.get_mut(which) {
                p.variance += more;
            }
            prop_assert!(implied_variance(&higher, horizon).unwrap() >= v);
            let mut turned = points.clone();
            turned.reverse();
            prop_assert_eq!(implied_variance(&turned, horizon), Some(v));
            if let [a, b] = there[..] && a.tenor < horizon && horizon < b.tenor {
                let total = |p: &AtmPoint| p.variance as f64 * f64::from(p.tenor);
                let part = f64::from(horizon - a.tenor) / f64::from(b.tenor - a.tenor);
                let want = (total(a) + (total(b) - total(a)) * part) / f64::from(horizon);
                prop_assert!((v as f64 - want).abs() <= 1.0 + want.max(VARIANCE_ONE as f64) * 1e-12);
            }
        }

    }

    #[test]
    fn constant_maturity_lies_on_the_line_of_total_variance() {
        let point = |days: u32, variance| AtmPoint {
            tenor: days * DAY,
            variance,
        };
        let curve = [
            point(7, 4_000),
            point(60, 1_000),
            AtmPoint::default(),
            point(180, 900),
        ];
        // (4000 x 7 + (60000 - 28000) x 23 / 53) / 30 = 1396.2...
        assert_eq!(implied_variance(&curve, 30 * DAY), Some(1_397));
        assert_eq!(implied_variance(&curve, 60 * DAY), Some(1_000));
        assert_eq!(implied_variance(&curve, DAY), Some(4_000));
        assert_eq!(implied_variance(&curve, 0), Some(4_000));
        assert_eq!(implied_variance(&curve, u32::MAX), Some(900));
        assert_eq!(implied_variance(&[], DAY), None);
        assert_eq!(implied_variance(&[AtmPoint::default()], 0), None);
    }

    #[test]
    fn bad_parameters_are_refused() {
        assert_eq!(PARAMS.check(), Ok(()));
        for bad in [
            VolatilityParams {
                realised_scale: 499_999,
                ..PARAMS
            },
            VolatilityParams {
                implied_weight: 1_500_001,
                ..PARAMS
            },
            VolatilityParams {
                floor: VARIANCE_MIN - 1,
                ..PARAMS
            },
            VolatilityParams {
                floor: VARIANCE_MAX + 1,
                ..PARAMS
            },
            VolatilityParams {
                rise_per_hour: 999,
                ..PARAMS
            },
            VolatilityParams {
                rise_per_hour: 80_001,
                ..PARAMS
            },
        ] {
            assert_eq!(bad.check(), Err(RiskError::BadParameter));
        }
    }
}
