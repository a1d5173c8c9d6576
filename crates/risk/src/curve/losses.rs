//! What a portfolio's options lose in each scenario, by lookup.

use {
    super::{
        grid::{FRACTION_BITS, GAPS, LEVEL_ZERO, PLACE_BITS, SPOT_NODES},
        sum::{CENTRES, CurveScratch, STEPS, Sum},
    },
    crate::{
        error::RiskError,
        rows::{Line, RETURN_ONE},
    },
};

const UP: i64 = (1 << FRACTION_BITS) - 1;

impl CurveScratch {
    /// Adds to `losses` what one underlying loses in every row, in row units: the options of the first `tables` sums and
    /// what is linear beside them. Returns the largest such loss. `levels` holds the level step of each row.
    ///
    /// `loss_k = ceil(loss at (S (1 + return_k), level_k)) + value at (S, 0)` for each sum, each a straight line between
    /// nodes. The value is taken one row unit too high: its nodes were rounded down (they are losses rounded up), and
    /// this way the values of two portfolios never add up to less than the value of both. The linear loss is rounded up by
    /// itself.
    pub(crate) fn add_losses<const R: usize>(
        &self,
        tables: usize,
        line: &Line,
        (returns, levels): (&[i32; R], &[u8; R]),
        losses: &mut [i64; R],
    ) -> Result<i64, RiskError> {
        let own = Own {
            tables: self.tables()?,
            sums: self.sums,
            line,
        };
        let scaled = self.sums.iter().take(tables).any(|sum| sum.scale > 0);
        // Few rows are not worth a loop of their own.
        let slow = line.wide || scaled || R < CENTRES * SPOT_NODES;
        Ok(match (tables, slow) {
            (0, _) => own.add::<R, 0, true>(returns, levels, losses),
            (1, false) => own.add::<R, 1, false>(returns, levels, losses),
            (1, true) => own.add::<R, 1, true>(returns, levels, losses),
            (2, false) => own.add::<R, 2, false>(returns, levels, losses),
            (2, true) => own.add::<R, 2, true>(returns, levels, losses),
            _ => return Err(RiskError::Overflow),
        })
    }

    /// What the first sum's options lose in one row, in row units.
    pub(crate) fn loss_of(&self, simple_return: i32, level: u8) -> Result<i64, RiskError> {
        let mut loss = [0];
        self.add_losses(1, &Line::ZERO, (&[simple_return], &[level]), &mut loss)?;
        Ok(loss[0])
    }
}

/// One underlying of a portfolio.
struct Own<'a> {
    tables: &'a [[i64; STEPS]; CENTRES],
    sums: [Sum; CENTRES],
    line: &'a Line,
}

impl Own<'_> {
    /// Of `N` sums. Fast where nothing is scaled and the exposure not wide: all centres in one loop over the rows.
    #[inline(never)]
    fn add<const R: usize, const N: usize, const SLOW: bool>(
        &self,
        returns: &[i32; R],
        levels: &[u8; R],
        losses: &mut [i64; R],
    ) -> i64 {
        let (tables, line) = (self.tables, self.line);
        let sums: [Sum; N] = core::array::from_fn(|i| self.sums[i]);
        // Below 2⁵⁴ each once scaled back.
        let now = sums
            .iter()
            .fold(0, |now: i64, sum| now.wrapping_add(sum.now << sum.scale));
        let mut worst = i64::MIN;
        for ((loss, r), level) in losses.iter_mut().zip(returns).zip(levels) {
            let r = i64::from(*r);
            // Below 2⁶⁰.
            let mut gain = if SLOW {
                line.gain_of_any(r)
            } else {
                line.gain(r)
            };
            let growth = i64::from(RETURN_ONE).wrapping_add(r);
            for i in 0..N {
                // place < 2²³ and 1 + return < 2²⁷: the product stays below 2⁵⁰.
                let moved = sums[i].place.wrapping_mul(growth) >> 24;
                // Nodes are below 2⁵⁴ once scaled back, and the last gap's line goes on to 2.5 gaps: below 2⁵⁷.
                let value = at(&tables[i], moved, *level);
                gain = gain.wrapping_add(if SLOW { value << sums[i].scale } else { value });
            }
            let own = now.wrapping_sub(gain);
            *loss = loss.wrapping_add(own);
            if own > worst {
                worst = own;
            }
        }
        worst
    }
}

/// Value at a place and level step, rounded down. A straight line within the gap; the last gap's line goes on beyond it.
#[inline(always)]
fn at(steps: &[i64; STEPS], place: i64, level: u8) -> i64 {
    let (value, rise, fraction) = step_at(steps, place, level);
    value.wrapping_add(rise.wrapping_mul(fraction) >> FRACTION_BITS)
}

/// The same at level zero, rounded up.
pub(super) fn ceil_value(steps: &[i64; STEPS], place: i64) -> i64 {
    let (value, rise, fraction) = step_at(steps, place, LEVEL_ZERO);
    let rise = rise.wrapping_mul(fraction);
    value.wrapping_add(rise.wrapping_add(UP) >> FRACTION_BITS)
}

/// The value at the node below a place, by how much the next node's is larger, and how far the place is toward it.
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
    let (value, next) = (steps[at], steps[at + 1]);
    // The table ends 2.5 gaps after the last node but one: the fraction is below 2¹⁶, the rise below 2⁴⁵.
    let fraction = place.wrapping_sub(i64::from(gap.start)) >> gap.shift;
    (value, next.wrapping_sub(value), fraction)
}
