//! How far a set may be from the one in force: a set that is consistent in itself may still be a different view of the
//! world, and margin must not jump.

use {
    super::stress::{self, own_worst, row},
    crate::{
        error::RiskEngineError,
        state::{ScenarioSet, ScenarioTail, pair},
    },
    anchor_lang::prelude::*,
    cep_risk::{
        MAX_UNDERLYINGS, PPM,
        moments::{CORRELATION_TOLERANCE, MOMENT_ONE},
    },
};

/// Farthest that a correlation may move at once, whatever the bound: 0.2, Q32. Four standard errors of a year of daily
/// returns of unrelated prices (1 / sqrt(365) = 0.052), so that a rebuild from longer history stays within it.
pub const CORRELATION_STEP: u64 = MOMENT_ONE.unsigned_abs() / 5;

/// Compares with the set in force, column by column of the same symbol. `within` is a bound in ppm, at most a million:
/// - Expected Shortfall at 99 % of either side of a column, and of a rise of the level, moves by no more either way;
/// - a column's worst day, "all up", a gap's depeg and the levels of "all down" and "volatility down" are milder by no more;
/// - a pair's spread (variance 2 - 2 rho) and sum (2 + 2 rho) lose no more, and rho moves by at most [`CORRELATION_STEP`].
///
/// # Errors
/// [`RiskEngineError::ScenarioColumnDropped`] for a column that is gone, [`RiskEngineError::ScenarioChangeTooLarge`].
pub fn check(new: &ScenarioSet, old: &ScenarioSet, within: u64) -> Result<()> {
    let bound = Bound::new(within)?;
    // Place in the new set by place in the old one.
    let mut places = [0usize; MAX_UNDERLYINGS];
    let columns = usize::from(old.columns).min(MAX_UNDERLYINGS);
    for (place, symbol) in places.iter_mut().zip(&old.symbols).take(columns) {
        let found = new.column_of(symbol);
        *place = found.ok_or(RiskEngineError::ScenarioColumnDropped)?;
    }
    let places = &places[..columns];
    let ok = bound.both_ways(new.level_tail, old.level_tail)
        && levels(new, old, bound)?
        && tails(new, old, places, bound)
        && rows(new, old, places, bound)?
        && correlations(new, old, places, bound);
    require!(ok, RiskEngineError::ScenarioChangeTooLarge);
    Ok(())
}

/// Parts per million that a magnitude may lose or gain.
#[derive(Clone, Copy)]
struct Bound(i64);

const ONE: i64 = PPM.cast_signed();

impl Bound {
    fn new(within: u64) -> Result<Self> {
        let within = i64::try_from(within.min(PPM)).map_err(|_| RiskEngineError::Overflow)?;
        Ok(Self(within))
    }

    /// `new >= old (1 - bound)`; a magnitude that is not positive has nothing to lose. All are at most 2³⁴ (a moment), and
    /// two million is below 2²¹.
    fn not_milder(self, new: i64, old: i64) -> bool {
        old <= 0 || new * ONE >= old * (ONE - self.0)
    }

    /// And `new <= old (1 + bound)`.
    fn both_ways(self, new: i64, old: i64) -> bool {
        self.not_milder(new, old) && (old <= 0 || new * ONE <= old * (ONE + self.0))
    }
}

fn tails(new: &ScenarioSet, old: &ScenarioSet, places: &[usize], bound: Bound) -> bool {
    places.iter().zip(&old.tails).all(|(place, old)| {
        let ScenarioTail { long, short } = new.tails[*place % MAX_UNDERLYINGS];
        bound.both_ways(long, old.long) && bound.both_ways(short, old.short)
    })
}

fn levels(new: &ScenarioSet, old: &ScenarioSet, bound: Bound) -> Result<bool> {
    let level = |set, id| -> Result<i64> { Ok(row(set, id)?.level().into()) };
    let (up, down) = (stress::ALL_DOWN, stress::VOLATILITY_DOWN);
    Ok(bound.not_milder(level(new, up)?, level(old, up)?)
        && bound.not_milder(-level(new, down)?, -level(old, down)?))
}

fn rows(new: &ScenarioSet, old: &ScenarioSet, places: &[usize], bound: Bound) -> Result<bool> {
    let mut ok = true;
    for (at, place) in places.iter().enumerate() {
        let worst = |set, column: usize| -> Result<i64> {
            let column = u8::try_from(column).map_err(|_| RiskEngineError::Overflow)?;
            Ok(own_worst(set, column)?.into())
        };
        let up = |set, column| -> Result<i64> { Ok(row(set, stress::ALL_UP)?.of(column).into()) };
        ok &= bound.not_milder(-worst(new, *place)?, -worst(old, at)?)
            && bound.not_milder(up(new, *place)?, up(old, at)?);
        let depeg = |set, column| row(set, stress::STAKED_DEPEG).map(|r| i64::from(r.of(column)));
        // Its own worst day stands for a stablecoin's depeg; a gap's goes beyond.
        if let Ok(old) = depeg(old, at)
            && stress::gap_of(&new.symbols[*place % MAX_UNDERLYINGS]).is_some()
        {
            ok &= bound.not_milder(-depeg(new, *place)?, -old);
        }
    }
    Ok(ok)
}

fn correlations(new: &ScenarioSet, old: &ScenarioSet, places: &[usize], bound: Bound) -> bool {
    let mut pairs = (0..places.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    pairs.all(|(i, j)| {
        let (a, b) = (places[i], places[j]);
        let now = new.correlations[pair(a.min(b), a.max(b))];
        let was = old.correlations[pair(i, j)];
        let spread = |rho: i64| MOMENT_ONE - rho;
        // Columns that move as one have a spread of nothing, give or take the tolerance of either set.
        let slack = 2 * CORRELATION_TOLERANCE.cast_signed();
        bound.not_milder(spread(now) + slack, spread(was))
            && bound.not_milder(spread(-now) + slack, spread(-was))
            && now.abs_diff(was) <= CORRELATION_STEP
    })
}
