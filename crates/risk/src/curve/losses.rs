//! What a portfolio's options lose in each scenario, by lookup.

use {
    super::{
        grid::{FRACTION_BITS, GAPS, LEVEL_ZERO, PLACE_BITS, SPOT_NODES, place},
        sum::{CurveScratch, STEPS},
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
        // The value is the negative of a loss that was rounded up; interpolated up it takes one unit more.
        let now = 1 - floor_loss(steps, place);
        let scale = self.scale();
        let mut worst = i64::MIN;
        // Two rows at a time share the loop's own work; R is even, or one when a single row is looked into.
        let (losses, last) = losses.as_chunks_mut::<2>();
        let ((returns, last_return), (levels, last_level)) =
            (returns.as_chunks::<2>(), levels.as_chunks::<2>());
        for ((loss, r), level) in losses.iter_mut().zip(returns).zip(levels) {
            // Nodes are below 2⁵⁴ once scaled back, and the last gap's line goes on to 2.5 gaps: |own| < 2⁵⁷.
            let a = at(steps, moved(place, r[0]), level[0]).wrapping_add(now) << scale;
            loss[0] = loss[0].wrapping_add(a);
            let b = at(steps, moved(place, r[1]), level[1]).wrapping_add(now) << scale;
            loss[1] = loss[1].wrapping_add(b);
            worst = worst.max(a).max(b);
        }
        for ((loss, r), level) in last.iter_mut().zip(last_return).zip(last_level) {
            let own = at(steps, moved(place, *r), *level).wrapping_add(now) << scale;
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

/// Where a return takes a place. place < 2²³ and 1 + return < 2²⁷: the product stays below 2⁵⁰.
#[inline(always)]
fn moved(place: i64, simple_return: i32) -> i64 {
    let growth = i64::from(RETURN_ONE).wrapping_add(i64::from(simple_return));
    place.wrapping_mul(growth) >> 24
}

/// Loss at a place and level step, rounded up. A straight line within the gap; the last gap's line goes on beyond it.
#[inline(always)]
fn at(steps: &[i64; STEPS], place: i64, level: u8) -> i64 {
    let (loss, rise, fraction) = step_at(steps, place, level);
    let rise = rise.wrapping_mul(fraction);
    loss.wrapping_add(rise.wrapping_add(UP) >> FRACTION_BITS)
}

/// The same at level zero, rounded down.
fn floor_loss(steps: &[i64; STEPS], place: i64) -> i64 {
    let (loss, rise, fraction) = step_at(steps, place, LEVEL_ZERO);
    loss.wrapping_add(rise.wrapping_mul(fraction) >> FRACTION_BITS)
}

/// The loss at the node below a place, by how much the next node's is larger, and how far the place is toward it.
#[inline(always)]
fn step_at(steps: &[i64; STEPS], place: i64, level: u8) -> (i64, i64, i64) {
    let part = (place >> PLACE_BITS).cast_unsigned() as usize;
    let gap = &GAPS[part & (GAPS.len() - 1)];
    // A level step beyond the last, which no scenario set has, reads the last one's end.
    let at = usize::from(level)
        .wrapping_mul(SPOT_NODES)
        .wrapping_add(usize::from(gap.node));
    // A gap's node is never a level's last one.
    let at = if at < STEPS - 1 { at } else { STEPS - 2 };
    let (loss, next) = (steps[at], steps[at + 1]);
    // The table ends 2.5 gaps after the last node but one: the fraction is below 2¹⁶, the rise below 2⁴⁵.
    let fraction = place.wrapping_sub(i64::from(gap.start)) >> gap.shift;
    (loss, next.wrapping_sub(loss), fraction)
}
