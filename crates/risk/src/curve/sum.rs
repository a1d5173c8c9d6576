//! The value curve of a whole portfolio: the exact sum of quantity x curve over its options, as losses.

use {
    super::{
        Curve,
        grid::{LEVEL_GRID, LEVEL_STEPS, NODES, SPOT_NODES, unit_exponent},
    },
    crate::{error::RiskError, rows::ROW_SHIFT, units::Price},
    alloc::{boxed::Box, vec},
};

/// Losses at the nodes of a portfolio's curves, and the same at every level step. One per margin check:
/// on chain the heap never frees.
pub struct CurveScratch {
    nodes: Box<[i64]>,
    /// `STRIDE` spot nodes per level step; padded to a power of two, so that a mask bounds the index.
    steps: Box<[i64]>,
    /// The losses are in units of 2^scale row units: zero up to 18 million USD at a node.
    scale: u32,
}

/// Spot nodes per level step.
pub(super) const STRIDE: usize = SPOT_NODES;
const PADDED: usize = 1024;
pub(super) const STEP_MASK: usize = PADDED - 1;
const _: () = assert!(STRIDE * LEVEL_STEPS <= PADDED);

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
            steps: vec![0; PADDED].into_boxed_slice(),
            scale: 0,
        }
    }

    pub(super) const fn scale(&self) -> u32 {
        self.scale
    }

    pub(super) fn steps(&self) -> Result<&[i64; PADDED], RiskError> {
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
        nodes.fill(0);
        let mut fours = options.chunks_exact(4);
        for chunk in &mut fours {
            if let [a, b, c, d] = chunk {
                add(
                    [a.0, b.0, c.0, d.0],
                    [a.1.values, b.1.values, c.1.values, d.1.values],
                    nodes,
                );
            }
        }
        for (q, curve) in fours.remainder() {
            add([*q], [curve.values], nodes);
        }
        // ceil(-sum / 2^shift) = -floor(sum / 2^shift).
        let mut widest = 0;
        for node in nodes.iter_mut() {
            *node = -(*node >> shift);
            widest |= node.unsigned_abs();
        }
        if widest >= LARGEST_NODE {
            return Err(RiskError::ExposureTooLarge);
        }
        Ok(widest)
    }

    /// Quantities of any admissible size, split at 24 bits: each half-sum stays below 2⁶².
    fn sum_large(&mut self, options: &[(i64, Curve<'_>)], shift: u32) -> Result<u64, RiskError> {
        let mut widest = 0;
        for (n, node) in self.nodes.iter_mut().enumerate() {
            let (mut low, mut high) = (0i64, 0i64);
            for (q, curve) in options {
                let value = i64::from(*curve.values.get(n).unwrap_or(&0));
                // |q| <= 2⁴⁷ by `Curve` users' check, so |q >> 24| <= 2²³; values below 2³²; at most 64 options.
                low = low.wrapping_add((q & 0xff_ffff).wrapping_mul(value));
                high = high.wrapping_add((q >> 24).wrapping_mul(value));
            }
            let sum = (i128::from(high) << 24) + i128::from(low);
            let loss = -(sum >> shift);
            if loss.unsigned_abs() >= u128::from(LARGEST_NODE) {
                return Err(RiskError::ExposureTooLarge);
            }
            *node = i64::try_from(loss).map_err(|_| RiskError::Overflow)?;
            widest |= node.unsigned_abs();
        }
        Ok(widest)
    }

    /// From level nodes to level steps.
    fn spread(&mut self) -> Result<(), RiskError> {
        let nodes: &[i64; NODES] = self.nodes.first_chunk().ok_or(RiskError::Overflow)?;
        let steps: &mut [i64; PADDED] = self.steps.first_chunk_mut().ok_or(RiskError::Overflow)?;
        let levels = nodes
            .chunks_exact(STRIDE)
            .zip(nodes.chunks_exact(STRIDE).skip(1));
        for ((low, high), ends) in levels.zip(LEVEL_GRID.windows(2)) {
            let [from, to] = ends else { continue };
            let gap = to - from;
            let bits = gap.trailing_zeros();
            let up = i64::from(gap) - 1;
            for step in *from..=*to {
                let at = usize::from(step) * STRIDE;
                let part = i64::from(step - from);
                let row = steps.get_mut(at..at + STRIDE).ok_or(RiskError::Overflow)?;
                for ((slot, a), b) in row.iter_mut().zip(low).zip(high) {
                    // Below 2⁴⁵ x 2³.
                    *slot = a + (((b - a) * part + up) >> bits);
                }
            }
        }
        Ok(())
    }
}

impl Default for CurveScratch {
    fn default() -> Self {
        Self::new()
    }
}

#[inline(always)]
fn add<const K: usize>(q: [i64; K], values: [&[u32; NODES]; K], nodes: &mut [i64; NODES]) {
    for (n, node) in nodes.iter_mut().enumerate() {
        let mut sum = *node;
        for i in 0..K {
            // The whole sum stays below 2⁶³, see `sum_small`.
            sum = sum.wrapping_add(q[i].wrapping_mul(i64::from(values[i][n])));
        }
        *node = sum;
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
