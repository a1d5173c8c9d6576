//! What a portfolio's options lose in each scenario, by lookup.

use {
    super::{
        grid::{FRACTION_BITS, GAPS, LEVEL_ZERO, PLACE_BITS, place},
        sum::{CurveScratch, STEP_MASK, STRIDE},
    },
    crate::{error::RiskError, rows::RETURN_ONE, units::Price},
};

const UP: i64 = (1 << FRACTION_BITS) - 1;

impl CurveScratch {
    /// Adds to `losses` what the summed options lose in every row, in row units, and returns the largest
    /// such loss. `levels` holds the level step of each row.
    ///
    /// `loss_k = ceil(loss at (S (1 + return_k), level_k)) + value at (S, 0)`, each a straight line between
    /// nodes. The value is taken one row unit too high: its nodes were rounded down (they are losses rounded up), and
    /// this way the values of two portfolios never add up to less than the value of both.
    pub(crate) fn add_losses<const R: usize>(
        &self,
        spot: Price,
        centre: Price,
        returns: &[i32; R],
        levels: &[u8; R],
        losses: &mut [i64; R],
    ) -> Result<i64, RiskError> {
        let steps = self.steps()?;
        let place = place(spot, centre).cast_signed();
        let scale = self.scale();
        let now = 1 + ceil_value(steps, place);
        let mut worst = i64::MIN;
        for ((loss, r), level) in losses.iter_mut().zip(returns).zip(levels) {
            // place < 2²³ and 1 + return < 2²⁷: the product stays below 2⁵⁰.
            let there = (place * (i64::from(RETURN_ONE) + i64::from(*r))) >> 24;
            let own = (at(steps, there, usize::from(*level) * STRIDE) + now) << scale;
            // Nodes are below 2⁵⁴ once scaled back, and the last gap's line goes on to 2.5 gaps: |own| < 2⁵⁷.
            *loss = loss.wrapping_add(own);
            worst = worst.max(own);
        }
        Ok(worst)
    }

    /// What the summed options lose in one row, in row units.
    pub(crate) fn loss_of(
        &self,
        spot: Price,
        centre: Price,
        simple_return: i32,
        level: u8,
    ) -> Result<i64, RiskError> {
        let mut loss = [0];
        self.add_losses(spot, centre, &[simple_return], &[level], &mut loss)?;
        Ok(loss[0])
    }
}

/// Loss at a place on the row of nodes that begins at `row`, rounded up. A straight line within the gap; the last gap's
/// line goes on beyond it.
#[inline(always)]
fn at(steps: &[i64; STEP_MASK + 1], place: i64, row: usize) -> i64 {
    let part = (place >> PLACE_BITS).cast_unsigned() as usize;
    let gap = &GAPS[part & (GAPS.len() - 1)];
    let node = row + usize::from(gap.node);
    let (low, high) = (steps[node & STEP_MASK], steps[(node + 1) & STEP_MASK]);
    // The table ends 2.5 gaps after the last node but one: the fraction is below 2¹⁶, the difference below 2⁴⁵.
    let fraction = (place - i64::from(gap.start)) >> gap.shift;
    low + (((high - low) * fraction + UP) >> FRACTION_BITS)
}

/// The same for the value (the negative of the loss) at level zero, rounded up.
fn ceil_value(steps: &[i64; STEP_MASK + 1], place: i64) -> i64 {
    let part = (place >> PLACE_BITS).cast_unsigned() as usize;
    let gap = &GAPS[part & (GAPS.len() - 1)];
    let node = usize::from(LEVEL_ZERO) * STRIDE + usize::from(gap.node);
    let (low, high) = (-steps[node & STEP_MASK], -steps[(node + 1) & STEP_MASK]);
    let fraction = (place - i64::from(gap.start)) >> gap.shift;
    low + (((high - low) * fraction + UP) >> FRACTION_BITS)
}
