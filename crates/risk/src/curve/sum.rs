//! The value curve of a whole portfolio: the exact sum of quantity x curve over its options, rounded down.

use {
    super::{
        Curve,
        grid::{LEVEL_GRID, LEVEL_NODES, LEVEL_STEPS, NODES, SPOT_NODES, place, unit_exponent},
        losses::ceil_value,
        settling::Averaging,
    },
    crate::{
        error::RiskError,
        rows::ROW_SHIFT,
        units::Price,
        unroll::{BLOCK, each_of_block},
    },
    alloc::{boxed::Box, vec},
};

/// What a portfolio's options on one underlying are worth at every level step. One per transaction.
pub struct CurveScratch {
    /// By centre, level step and spot node.
    tables: Box<[i64]>,
    /// Upper halves of sums that do not fit 64 bits; made when first needed.
    high: Option<Box<[i64]>>,
    /// What was summed into each table.
    pub(super) sums: [Sum; CENTRES],
}

/// The options of one centre.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    /// Values are in units of 2^scale row units: zero up to 18 million USD at a node.
    pub scale: u32,
    /// Where spot lies on the grid.
    pub place: i64,
    /// Value at spot in the same units, rounded up and one more.
    pub now: i64,
}

/// Curves of one underlying are on two centres at most: their tables stand side by side.
pub(super) const CENTRES: usize = 2;

/// All level steps at all spot nodes.
pub(super) const STEPS: usize = SPOT_NODES * LEVEL_STEPS;

/// Values at nodes are kept below this many bits, so that interpolation stays within 64: 18 million USD. Larger ones
/// are counted in coarser units.
const NODE_BITS: u32 = 44;
/// Beyond 2⁵⁴ row units, about 19 billion USD, options on one underlying are refused: eight such underlyings and the
/// linear positions beside them stay inside 63 bits.
const LARGEST_NODE: u64 = 1 << 54;
/// Total quantity of options on one underlying up to which one 64-bit sum holds every node.
const SMALL_TOTAL: u64 = 1 << 31;

impl CurveScratch {
    #[must_use]
    pub fn new() -> Self {
        Self {
            tables: vec![0; CENTRES * STEPS].into_boxed_slice(),
            high: None,
            sums: [Sum::default(); CENTRES],
        }
    }

    /// Both tables.
    pub(super) fn tables(&self) -> Result<&[[i64; STEPS]; CENTRES], RiskError> {
        let (tables, _) = self.tables.as_chunks();
        tables.first_chunk().ok_or(RiskError::Overflow)
    }

    /// Sums `quantity x curve` over options whose curves share one centre, into one of two tables: over `options`, and over
    /// those whose settlement price is being averaged.
    ///
    /// At each node the sum is exact; the value is rounded down to row units once. Between the level nodes the level steps
    /// are interpolated, rounded down again: losses, their negatives, are rounded up, and sums of rounded-up losses never
    /// fall below the rounded-up loss of the sum, so the requirement stays subadditive.
    ///
    /// False when the options cancel at every node: nothing to look up.
    ///
    /// # Errors
    /// [`RiskError::ExposureTooLarge`].
    pub(crate) fn sum<'o, 'c: 'o>(
        &mut self,
        table: usize,
        (spot, centre): (Price, Price),
        options: &[(i64, Curve<'_>)],
        averaging: impl Iterator<Item = Averaging<'o, 'c>>,
    ) -> Result<bool, RiskError> {
        let total = options
            .iter()
            .fold(0u64, |sum, (q, _)| sum.saturating_add(q.unsigned_abs()));
        // Quantity (10⁻⁶) x value (2^exponent micro-USD) in row units of 2²⁰ x 10⁻¹² USD: at least 3.
        let row_shift = i32::try_from(ROW_SHIFT).map_err(|_| RiskError::Overflow)?;
        let shift =
            u32::try_from(row_shift - unit_exponent(centre)).map_err(|_| RiskError::Overflow)?;
        let (tables, _) = self.tables.as_chunks_mut::<STEPS>();
        let steps = tables.get_mut(table).ok_or(RiskError::Overflow)?;
        let mut widest = if options.is_empty() {
            level_nodes(steps).for_each(|row| row.fill(0));
            0
        } else if total < SMALL_TOTAL {
            sum_small(options, shift, steps)
        } else {
            let high = self
                .high
                .get_or_insert_with(|| vec![0; NODES].into_boxed_slice());
            sum_large(options, shift, steps, high)?
        };
        for expiry in averaging {
            // Both below 2⁶⁰, and refused unless the sum is below 2⁵⁴.
            if widest >= LARGEST_NODE {
                return Err(RiskError::ExposureTooLarge);
            }
            expiry.add_to(steps, shift)?;
            let nodes = level_nodes(steps).flatten();
            widest = nodes.fold(0, |widest, node| widest | node.unsigned_abs());
        }
        if widest >= LARGEST_NODE {
            return Err(RiskError::ExposureTooLarge);
        }
        if widest == 0 {
            return Ok(false);
        }
        let bits = 64 - widest.leading_zeros();
        let scale = bits.saturating_sub(NODE_BITS);
        if scale > 0 {
            for node in level_nodes(steps).flatten() {
                *node >>= scale;
            }
        }
        spread(steps);
        let place = place(spot, centre).cast_signed();
        let sum = self.sums.get_mut(table).ok_or(RiskError::Overflow)?;
        *sum = Sum {
            scale,
            place,
            now: 1 + ceil_value(steps, place),
        };
        Ok(true)
    }
}

/// One 64-bit sum per node, rounded down: total quantity below 2³¹ and values below 2³² keep it inside 63 bits. Returns
/// the largest magnitude.
fn sum_small(options: &[(i64, Curve<'_>)], shift: u32, steps: &mut [i64; STEPS]) -> u64 {
    let (pairs, rest) = options.as_chunks::<2>();
    let mut pairs = pairs.iter();
    if let Some((q, curve)) = rest.first() {
        add::<1, true>([*q], [curve.values], steps);
    } else if let Some([(a, x), (b, y)]) = pairs.next() {
        add::<2, true>([*a, *b], [x.values, y.values], steps);
    }
    for [(a, x), (b, y)] in pairs {
        add::<2, false>([*a, *b], [x.values, y.values], steps);
    }
    let mut widest = 0;
    for row in level_nodes(steps) {
        for block in row.as_chunks_mut::<BLOCK>().0 {
            for node in block {
                *node >>= shift;
                widest |= node.unsigned_abs();
            }
        }
    }
    widest
}

/// Quantities of any admissible size, split at 24 bits: |q| <= 2⁴⁷, so each half-sum stays below 2⁶².
fn sum_large(
    options: &[(i64, Curve<'_>)],
    shift: u32,
    steps: &mut [i64; STEPS],
    high: &mut [i64],
) -> Result<u64, RiskError> {
    high.fill(0);
    level_nodes(steps).for_each(|row| row.fill(0));
    let (high, _) = high.as_chunks_mut::<SPOT_NODES>();
    for (q, curve) in options {
        let (low_part, high_part) = (q & 0xff_ffff, q >> 24);
        let (values, _) = curve.values.as_chunks::<SPOT_NODES>();
        for ((low, high), values) in level_nodes(steps).zip(high.iter_mut()).zip(values) {
            for ((low, high), value) in low.iter_mut().zip(high).zip(values) {
                *low = low.wrapping_add(low_part.wrapping_mul(i64::from(*value)));
                *high = high.wrapping_add(high_part.wrapping_mul(i64::from(*value)));
            }
        }
    }
    let mut widest = 0;
    let nodes = level_nodes(steps).flatten();
    for (node, high) in nodes.zip(high.iter().flatten()) {
        *node = row_units(*node, *high, shift)?;
        widest = widest.max(node.unsigned_abs());
    }
    Ok(widest)
}

/// A sum in two halves, `high x 2²⁴ + low`, in row units, rounded down.
pub(super) fn row_units(low: i64, high: i64, shift: u32) -> Result<i64, RiskError> {
    // The low half carries into the high one: high + (low >> 24) is the sum's floor over 2²⁴, below 2⁶³.
    let carried = high.wrapping_add(low >> 24);
    // The shift is 3 at least and 47 at most.
    if shift >= 24 {
        return Ok(carried >> (shift - 24));
    }
    let left = 24 - shift;
    if carried.unsigned_abs() >> (63 - left) != 0 {
        return Err(RiskError::ExposureTooLarge);
    }
    Ok((carried << left) | ((low & 0xff_ffff) >> shift))
}

/// The rows of a table that curves have nodes for.
pub(super) fn level_nodes<const S: usize>(
    steps: &mut [i64; S],
) -> impl Iterator<Item = &mut [i64; SPOT_NODES]> {
    let (rows, _) = steps.as_chunks_mut::<SPOT_NODES>();
    rows.iter_mut().step_by(LEVEL_GAP)
}

/// From level nodes to level steps, rounded down.
fn spread(steps: &mut [i64; STEPS]) {
    let (rows, _) = steps.as_chunks_mut::<SPOT_NODES>();
    let mut rest = rows;
    while let Some(([low, one, two, three], after)) = rest.split_first_chunk_mut::<LEVEL_GAP>() {
        let Some(high) = after.first() else { return };
        // Eight at a time, so that addresses are constants.
        let low = low.as_chunks::<8>().0.iter().zip(high.as_chunks::<8>().0);
        let one = one.as_chunks_mut::<8>().0.iter_mut();
        let two = two.as_chunks_mut::<8>().0.iter_mut();
        let three = three.as_chunks_mut::<8>().0.iter_mut();
        for ((((low, high), one), two), three) in low.zip(one).zip(two).zip(three) {
            for n in 0..8 {
                // Nodes are below 2⁴⁵.
                let rise = high[n].wrapping_sub(low[n]);
                one[n] = low[n].wrapping_add(rise >> 2);
                two[n] = low[n].wrapping_add(rise >> 1);
                three[n] = low[n].wrapping_add(rise.wrapping_mul(3) >> 2);
            }
        }
        rest = after;
    }
}

impl Default for CurveScratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Adds `quantity x values` to all nodes, or makes them the nodes. Two at a time is what the chain's ten registers hold.
#[inline(always)]
fn add<const K: usize, const FRESH: bool>(
    q: [i64; K],
    values: [&[u32; NODES]; K],
    steps: &mut [i64; STEPS],
) {
    let (rows, _) = steps.as_chunks_mut::<SPOT_NODES>();
    for (level, row) in rows.iter_mut().step_by(LEVEL_GAP).enumerate() {
        let from = values.map(|values| &values.as_chunks::<SPOT_NODES>().0[level % LEVEL_NODES]);
        let from = from.map(|from| from.as_chunks::<BLOCK>().0);
        for (half, nodes) in row.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
            let from: [&[u32; BLOCK]; K] = from.map(|blocks| &blocks[half]);
            macro_rules! node {
                ($n:literal) => {
                    let mut sum = if FRESH { 0 } else { nodes[$n] };
                    for i in 0..K {
                        // The whole sum stays below 2⁶³, see `sum_small`.
                        sum = sum.wrapping_add(q[i].wrapping_mul(i64::from(from[i][$n])));
                    }
                    nodes[$n] = sum;
                };
            }
            each_of_block!(node);
        }
    }
}

/// Level steps from one level node to the next.
const LEVEL_GAP: usize = 4;

const _: () = {
    assert!(STEPS == (LEVEL_GRID.len() - 1) * LEVEL_GAP * SPOT_NODES + SPOT_NODES);
    let mut i = 0;
    while i < LEVEL_GRID.len() {
        assert!(LEVEL_GRID[i] as usize == i * LEVEL_GAP);
        i += 1;
    }
};
