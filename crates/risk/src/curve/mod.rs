//! Value curves: an option is repriced rarely and looked up often.
//!
//! A curve holds an option's Black-76 value on an absolute grid of spot and volatility level. A price move
//! only moves the place that is looked up; the curve of a portfolio is the exact sum of quantity x curve,
//! so a scenario costs the same however many options there are.
//!
//! Between nodes values are interpolated along straight lines. Along spot an option is convex, and along
//! the level too while total volatility stays below two (`1 + d1 d2 >= 0`), so the line never
//! lies below the model: what a short position can cost is never understated by it.

mod build;
mod grid;
mod losses;
mod response;
mod settling;
mod sum;

pub use {
    build::{CurveBuilder, CurveTerms},
    grid::{
        LEVEL_GRID, LEVEL_NODES, LEVEL_STEPS, LEVEL_ZERO, NODES, PARTS, SPOT_GRID, SPOT_NODES,
        level_of_step, level_step, unit_exponent,
    },
    response::{MAX_RESPONSE, volatility_at_level},
    settling::Reading,
    sum::CurveScratch,
};

pub(crate) use settling::Averaging;

use crate::units::Price;

/// The stored values of one option: `values[level x SPOT_NODES + spot]` in units of
/// `2^`[`unit_exponent`]`(centre)` micro-USD per contract.
#[derive(Clone, Copy, Debug)]
pub struct Curve<'a> {
    /// Spot price that the grid is centred on.
    pub centre: Price,
    pub values: &'a [u32; NODES],
}

/// When a curve no longer stands for its option. A stale curve blocks new risk on its underlying, and
/// never blocks reducing it or liquidating it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staleness {
    /// Oldest curve, seconds; 60 ..= 86,400.
    pub max_age: u64,
    /// How far spot may be from the centre, parts per million; 1 ..= 200,000.
    pub centre_band: u64,
    /// How far the option's implied volatility may be from the curve's, parts per million of the
    /// curve's; 1 ..= 500,000.
    pub volatility_band: u64,
}

/// What a curve was built from, and what holds now.
#[derive(Clone, Copy, Debug)]
pub struct CurveState {
    pub centre: Price,
    pub spot: Price,
    /// Seconds since it was built.
    pub age: u64,
    /// At-the-money volatility of its tenor then and now, Q32.
    pub volatility: u64,
    pub volatility_now: u64,
}

/// Why a curve is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    Old,
    SpotLeftBand,
    VolatilityMoved,
}

impl Staleness {
    /// # Errors
    /// [`crate::RiskError::BadParameter`] when a value leaves the range stated beside it.
    pub const fn check(&self) -> Result<(), crate::RiskError> {
        if self.max_age < 60
            || self.max_age > crate::SECONDS_PER_DAY
            || self.centre_band == 0
            || self.centre_band > 200_000
            || self.volatility_band == 0
            || self.volatility_band > 500_000
        {
            return Err(crate::RiskError::BadParameter);
        }
        Ok(())
    }

    /// The first reason for which a curve is stale, if any.
    #[must_use]
    pub fn of(&self, curve: &CurveState) -> Option<Stale> {
        let moved = |from: u64, to: u64, band: u64| {
            u128::from(from.abs_diff(to)) * u128::from(crate::PPM)
                > u128::from(from) * u128::from(band)
        };
        if curve.age > self.max_age {
            Some(Stale::Old)
        } else if moved(
            curve.centre.micro_usd(),
            curve.spot.micro_usd(),
            self.centre_band,
        ) {
            Some(Stale::SpotLeftBand)
        } else if moved(curve.volatility, curve.volatility_now, self.volatility_band) {
            Some(Stale::VolatilityMoved)
        } else {
            None
        }
    }
}

impl Curve<'_> {
    /// Value of one contract at a spot price and level zero, as a scenario looks it up: micro-USD, rounded down.
    #[must_use]
    pub fn value(&self, spot: Price) -> u64 {
        let place = grid::place(spot, self.centre);
        let gap = grid::gap_at(place);
        let node = SPOT_NODES + usize::from(gap.node);
        let value = |n: usize| i64::from(*self.values.get(n).unwrap_or(&0));
        // Below 2³² x 2¹⁶ either way.
        let fraction = (place.cast_signed() - i64::from(gap.start)) >> gap.shift;
        let (low, high) = (value(node), value(node + 1));
        let units = ((low << grid::FRACTION_BITS) + (high - low) * fraction)
            .max(0)
            .unsigned_abs();
        let exponent = unit_exponent(self.centre) - grid::FRACTION_BITS.cast_signed();
        if exponent >= 0 {
            units << exponent
        } else {
            units >> -exponent
        }
    }

    /// Delta of one contract, Q24: the slope of the curve at level zero where `at` says, toward zero.
    #[must_use]
    pub fn delta_q24(&self, at: &Slope) -> i64 {
        let value = |n: usize| i64::from(*self.values.get(n).unwrap_or(&0));
        at.delta_q24(value(at.node + 1) - value(at.node))
    }
}

/// Where the slopes of curves with one centre are taken: the gap that spot is in.
#[derive(Clone, Copy, Debug)]
pub struct Slope {
    node: usize,
    /// Gap in parts of the centre, as a power of two.
    width: u32,
    /// The centre in the values' unit, 27 to 28 bits; never zero.
    centre: u64,
}

impl Slope {
    #[must_use]
    pub fn at(spot: Price, centre: Price) -> Self {
        let gap = grid::gap_at(grid::place(spot, centre));
        let exponent = unit_exponent(centre);
        let centre = if exponent >= 0 {
            centre.micro_usd() >> exponent
        } else {
            centre.micro_usd() << -exponent
        };
        Self {
            node: SPOT_NODES + usize::from(gap.node),
            width: u32::from(gap.shift) + grid::FRACTION_BITS - grid::PLACE_BITS,
            centre: centre.max(1),
        }
    }

    /// Delta, Q24, of what rises by so much over the gap, in the values' unit; toward zero. |rise| < 2³³.
    fn delta_q24(&self, rise: i64) -> i64 {
        // On magnitudes: the chain divides unsigned numbers only.
        let slope = ((rise.unsigned_abs() << 30) / self.centre) >> self.width;
        let slope = i64::try_from(slope).unwrap_or(i64::MAX);
        if rise < 0 { -slope } else { slope }
    }
}
