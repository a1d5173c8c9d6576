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
            (0, false) => own.add::<R, 0, false>(returns, levels, losses),
            (0, true) => own.add::<R, 0, true>(returns, levels, losses),
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
        let places = sums.map(|sum| sum.place & PLACE_MASK);
        let mut worst = i64::MIN;
        for ((loss, r), level) in losses.iter_mut().zip(returns).zip(levels) {
            // 1 + return in 27 bits, whence the return: cheaper than extending a sign.
            let growth = RETURN_ONE.wrapping_add(*r).cast_unsigned() & GROWTH_MASK;
            let r = i64::from(growth).wrapping_sub(i64::from(RETURN_ONE));
            // Below 2⁶⁰.
            let mut gain = if SLOW {
                line.gain_of_any(r)
            } else {
                line.gain(r)
            };
            for i in 0..N {
                // place < 2²³ and 1 + return < 2²⁷: the product stays below 2⁵⁰.
                let moved = places[i].wrapping_mul(i64::from(growth));
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

/// Bits by which a place is finer once a return has moved it.
const MOVED_BITS: u32 = 24;

/// Places have at most 23 bits and 1 + return at most 27: said where the compiler can see it, no lookup needs a check.
const PLACE_MASK: i64 = (1 << 23) - 1;
const GROWTH_MASK: u32 = (1 << 27) - 1;

/// [`GAPS`] for places that are so much finer.
static FINE: [Fine; GAPS.len()] = fine();

#[derive(Clone, Copy)]
struct Fine {
    start: i64,
    node: u32,
    shift: u32,
}

const fn fine() -> [Fine; GAPS.len()] {
    let mut table = [Fine {
        start: 0,
        node: 0,
        shift: 0,
    }; GAPS.len()];
    let mut part = 0;
    while part < table.len() {
        let gap = &GAPS[part];
        table[part] = Fine {
            start: (gap.start as i64) << MOVED_BITS,
            node: gap.node as u32,
            shift: gap.shift as u32 + MOVED_BITS,
        };
        part += 1;
    }
    table
}

/// Value at a moved place and level step, rounded down. A straight line within the gap; the last gap's line goes on
/// beyond it.
#[inline(always)]
fn at(steps: &[i64; STEPS], moved: i64, level: u8) -> i64 {
    let (value, rise, fraction) = step_at(steps, moved, level);
    value.wrapping_add(rise.wrapping_mul(fraction) >> FRACTION_BITS)
}

/// Value at an unmoved place and level zero, rounded up.
pub(super) fn ceil_value(steps: &[i64; STEPS], place: i64) -> i64 {
    let (value, rise, fraction) = step_at(steps, place << MOVED_BITS, LEVEL_ZERO);
    let rise = rise.wrapping_mul(fraction);
    value.wrapping_add(rise.wrapping_add(UP) >> FRACTION_BITS)
}

/// The value at the node below a place, by how much the next node's is larger, and how far the place is toward it.
#[inline(always)]
fn step_at(steps: &[i64; STEPS], moved: i64, level: u8) -> (i64, i64, i64) {
    let part = (moved >> (PLACE_BITS + MOVED_BITS)).cast_unsigned() as usize;
    let gap = &FINE[part & (GAPS.len() - 1)];
    // A level step beyond the last, which no scenario set has, reads the last one's end.
    let at = usize::from(level)
        .wrapping_mul(SPOT_NODES)
        .wrapping_add(gap.node as usize);
    // A gap's node is never a level's last one.
    let at = if at < STEPS - 1 { at } else { STEPS - 2 };
    let (value, next) = (steps[at], steps[at + 1]);
    // The table ends 2.5 gaps after the last node but one: the fraction is below 2¹⁶, the rise below 2⁴⁵.
    let fraction = moved.wrapping_sub(gap.start) >> gap.shift;
    (value, next.wrapping_sub(value), fraction)
}
