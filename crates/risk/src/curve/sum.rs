//! The value curve of a whole portfolio: the exact sum of quantity x curve over its options, as losses.

use {
    super::{
        Curve,
        grid::{LEVEL_GRID, LEVEL_STEPS, NODES, SPOT_NODES, unit_exponent},
    },
    crate::{error::RiskError, rows::ROW_SHIFT, units::Price},
    alloc::{boxed::Box, vec},
};

/// Losses at the nodes of a portfolio's curves, and the same at every level step. One per transaction.
pub struct CurveScratch {
    nodes: Box<[i64]>,
    /// Upper halves of sums that do not fit 64 bits; made when first needed.
    high: Option<Box<[i64]>>,
    /// By level step, then spot node.
    steps: Box<[i64]>,
    /// The losses are in units of 2^scale row units: zero up to 18 million USD at a node.
    scale: u32,
}

/// All level steps at all spot nodes.
pub(super) const STEPS: usize = SPOT_NODES * LEVEL_STEPS;

/// Losses at nodes are kept below this many bits, so that interpolation stays within 64: 18 million USD. Larger ones
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
            nodes: vec![0; NODES].into_boxed_slice(),
            high: None,
            steps: vec![0; STEPS].into_boxed_slice(),
            scale: 0,
        }
    }

    pub(super) const fn scale(&self) -> u32 {
        self.scale
    }

    pub(super) fn steps(&self) -> Result<&[i64; STEPS], RiskError> {
        self.steps.first_chunk().ok_or(RiskError::Overflow)
    }

    /// Sums `quantity x curve` over options whose curves share one centre.
    ///
    /// At each node the sum is exact; the loss (its negative) is rounded up to row units once. Between the
    /// level nodes the level steps are interpolated, rounded up again: sums of rounded-up losses never fall
    /// below the rounded-up loss of the sum, so the requirement stays subadditive.
    ///
    /// False when the options cancel at every node: nothing to look up.
    ///
    /// # Errors
    /// [`RiskError::ExposureTooLarge`].
    pub(crate) fn sum(
        &mut self,
        centre: Price,
        options: &[(i64, Curve<'_>)],
    ) -> Result<bool, RiskError> {
        let total = options
            .iter()
            .fold(0u64, |sum, (q, _)| sum.saturating_add(q.unsigned_abs()));
        // Quantity (10⁻⁶) x value (2^exponent micro-USD) in row units of 2²⁰ x 10⁻¹² USD: at least 3.
        let row_shift = i32::try_from(ROW_SHIFT).map_err(|_| RiskError::Overflow)?;
        let shift =
            u32::try_from(row_shift - unit_exponent(centre)).map_err(|_| RiskError::Overflow)?;
        self.scale = 0;
        let widest = if total < SMALL_TOTAL {
            self.sum_small(options, shift)?
        } else {
            self.sum_large(options, shift)?
        };
        let bits = 64 - widest.leading_zeros();
        if bits > NODE_BITS {
            self.scale = bits - NODE_BITS;
            let up = (1i64 << self.scale) - 1;
            for node in &mut self.nodes {
                // |node| <= 2⁵⁸.
                *node = (*node + up) >> self.scale;
            }
        }
        self.spread()?;
        Ok(widest != 0)
    }

    /// One 64-bit sum per node: total quantity below 2³¹ and values below 2³² keep it inside 63 bits.
    fn sum_small(&mut self, options: &[(i64, Curve<'_>)], shift: u32) -> Result<u64, RiskError> {
        let nodes: &mut [i64; NODES] = self.nodes.first_chunk_mut().ok_or(RiskError::Overflow)?;
        add_all(options, |q| q, nodes);
        // ceil(-sum / 2^shift) = -floor(sum / 2^shift).
        let mut widest = 0;
        for node in nodes.iter_mut() {
            *node = (*node >> shift).wrapping_neg();
            widest |= node.unsigned_abs();
        }
        if widest >= LARGEST_NODE {
            return Err(RiskError::ExposureTooLarge);
        }
        Ok(widest)
    }

    /// Quantities of any admissible size, split at 24 bits: |q| <= 2⁴⁷, so each half-sum stays below 2⁶².
    fn sum_large(&mut self, options: &[(i64, Curve<'_>)], shift: u32) -> Result<u64, RiskError> {
        let high = self
            .high
            .get_or_insert_with(|| vec![0; NODES].into_boxed_slice());
        let nodes: &mut [i64; NODES] = self.nodes.first_chunk_mut().ok_or(RiskError::Overflow)?;
        let high: &mut [i64; NODES] = high.first_chunk_mut().ok_or(RiskError::Overflow)?;
        add_all(options, |q| q & 0xff_ffff, nodes);
        add_all(options, |q| q >> 24, high);
        let mut widest = 0;
        for (node, high) in nodes.iter_mut().zip(high.iter()) {
            // The low half carries into the high one: high + (low >> 24) is the sum's floor over 2²⁴, below 2⁶³.
            let carried = high.wrapping_add(*node >> 24);
            // The shift is 3 at least and 47 at most.
            let floor = if shift >= 24 {
                carried >> (shift - 24)
            } else {
                let left = 24 - shift;
                if carried.unsigned_abs() >> (63 - left) != 0 {
                    return Err(RiskError::ExposureTooLarge);
                }
                (carried << left) | ((*node & 0xff_ffff) >> shift)
            };
            *node = floor.wrapping_neg();
            widest |= node.unsigned_abs();
        }
        if widest >= LARGEST_NODE {
            return Err(RiskError::ExposureTooLarge);
        }
        Ok(widest)
    }

    /// From level nodes to level steps.
    fn spread(&mut self) -> Result<(), RiskError> {
        let nodes: &[i64; NODES] = self.nodes.first_chunk().ok_or(RiskError::Overflow)?;
        let (nodes, _) = nodes.as_chunks::<SPOT_NODES>();
        let (steps, _) = self.steps.as_chunks_mut::<SPOT_NODES>();
        let levels = nodes.iter().zip(nodes.iter().skip(1));
        for ((low, high), ends) in levels.zip(LEVEL_GRID.windows(2)) {
            let [from, to] = ends else { continue };
            let row = steps
                .get_mut(usize::from(*from)..usize::from(*to))
                .ok_or(RiskError::Overflow)?;
            let bits = (to - from).trailing_zeros();
            for (row, part) in row.iter_mut().zip(0i64..) {
                between(low, high, part, bits, row);
            }
        }
        if let (Some(last), Some(row)) = (nodes.last(), steps.last_mut()) {
            between(last, last, 0, 0, row);
        }
        Ok(())
    }
}

/// One level step, `part` of 2^`bits` of the way between two level nodes, rounded up.
#[inline(always)]
fn between(
    low: &[i64; SPOT_NODES],
    high: &[i64; SPOT_NODES],
    part: i64,
    bits: u32,
    row: &mut [i64; SPOT_NODES],
) {
    let up = (1i64 << bits).wrapping_sub(1);
    // Eight at a time, so that addresses are constants. Nodes are below 2⁴⁵, parts below 2³.
    let low = low.as_chunks::<8>().0.iter();
    let high = high.as_chunks::<8>().0.iter();
    let rows = row.as_chunks_mut::<8>().0.iter_mut();
    for ((low, high), row) in low.zip(high).zip(rows) {
        for ((low, high), loss) in low.iter().zip(high).zip(row) {
            let rise = high.wrapping_sub(*low).wrapping_mul(part);
            *loss = low.wrapping_add(rise.wrapping_add(up) >> bits);
        }
    }
}

impl Default for CurveScratch {
    fn default() -> Self {
        Self::new()
    }
}

/// Nodes that are added at a time: within them every address is a constant from the same base.
const BLOCK: usize = 16;

/// Sets `nodes` to the sum of `part(quantity) x values`.
#[inline(always)]
fn add_all(options: &[(i64, Curve<'_>)], part: impl Fn(i64) -> i64, nodes: &mut [i64; NODES]) {
    nodes.fill(0);
    let (pairs, rest) = options.as_chunks();
    for [(a, x), (b, y)] in pairs {
        add([part(*a), part(*b)], [x.values, y.values], nodes);
    }
    for (q, curve) in rest {
        add([part(*q)], [curve.values], nodes);
    }
}

/// Two at a time is what the chain's ten registers hold.
#[inline(always)]
fn add<const K: usize>(q: [i64; K], values: [&[u32; NODES]; K], nodes: &mut [i64; NODES]) {
    let (blocks, _) = nodes.as_chunks_mut::<BLOCK>();
    for (b, block) in blocks.iter_mut().enumerate() {
        let from = values.map(|values| &values.as_chunks::<BLOCK>().0[b % (NODES / BLOCK)]);
        for (n, node) in block.iter_mut().enumerate() {
            let mut sum = *node;
            for i in 0..K {
                // The whole sum stays below 2⁶³, see `sum_small` and `sum_large`.
                sum = sum.wrapping_add(q[i].wrapping_mul(i64::from(from[i][n])));
            }
            *node = sum;
        }
    }
}

const _: () = {
    // Gaps between level nodes are powers of two.
    let mut i = 1;
    while i < LEVEL_GRID.len() {
        assert!((LEVEL_GRID[i] - LEVEL_GRID[i - 1]).is_power_of_two());
        i += 1;
    }
};
