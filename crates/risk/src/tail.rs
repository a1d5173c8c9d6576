//! Expected Shortfall of weighted scenario losses, with the fractional weight of the boundary row.
//!
//! `ES_a = 1/(1-a) x [sum of the worst losses whose weights fill 1-a, the last one counted for the
//! part of its weight that still fits]` (Acerbi and Tasche 2002). Without that fraction the measure is
//! not subadditive.

use crate::{ROWS, WEIGHT_ONE, error::RiskError};

/// 2.5 % of [`WEIGHT_ONE`], exact: the tail of ES at 97.5 %.
pub const TAIL_975: u32 = WEIGHT_ONE / 40;
/// 1 % of [`WEIGHT_ONE`], exact: the tail of ES at 99 %.
pub const TAIL_99: u32 = WEIGHT_ONE / 100;

const BUCKET_BITS: u32 = 7;
const BUCKETS: usize = 1 << BUCKET_BITS;

/// Room for the rows that are still undecided; part of the caller's scratch so that nothing is allocated.
pub type Undecided = [u16; ROWS];

/// Expected Shortfall over the worst `tail` of total weight, in the unit of `losses`, rounded up.
///
/// `weights` must sum to [`WEIGHT_ONE`] (checked where a scenario set is activated) and `tail` must be
/// in `1 ..= WEIGHT_ONE`. Exact: the histogram only narrows down which row holds the boundary. Work is
/// bounded by ceil(64 / 7) passes over the rows whatever the losses are; ordinary books take two.
///
/// # Errors
/// [`RiskError::BadParameter`] for a `tail` out of range or weights that do not fill it.
pub fn expected_shortfall(
    losses: &[i64; ROWS],
    weights: &[u32; ROWS],
    tail: u32,
    undecided: &mut Undecided,
) -> Result<i64, RiskError> {
    if tail == 0 || tail > WEIGHT_ONE {
        return Err(RiskError::BadParameter);
    }
    let (mut low, mut high) = (i64::MAX, i64::MIN);
    for loss in losses {
        low = low.min(*loss);
        high = high.max(*loss);
    }
    for (k, slot) in (0u16..).zip(undecided.iter_mut()) {
        *slot = k;
    }
    let mut count = ROWS;
    let mut sum = Accumulator::default();
    let mut missing = tail;
    // Invariant: rows above `high` are summed and weigh tail - missing; the boundary row is one of the
    // first `count` undecided rows, whose losses all lie in [low, high].
    while low < high {
        // |losses| < 2⁶², so the span does not wrap. The shift maps it onto fewer than BUCKETS values.
        let span = low.abs_diff(high);
        let shift = (64 - span.leading_zeros()).saturating_sub(BUCKET_BITS);
        let mut histogram = [0u32; BUCKETS];
        for k in &undecided[..count] {
            let (loss, weight) = at(losses, weights, *k)?;
            let slot = histogram
                .get_mut(bucket(loss, low, shift))
                .ok_or(RiskError::Overflow)?;
            *slot = slot.checked_add(weight).ok_or(RiskError::BadParameter)?;
        }
        let boundary = boundary_bucket(&histogram, missing)?;
        let mut kept = 0;
        let (mut next_low, mut next_high) = (i64::MAX, i64::MIN);
        for i in 0..count {
            let k = undecided[i];
            let (loss, weight) = at(losses, weights, k)?;
            let b = bucket(loss, low, shift);
            if b > boundary {
                sum.add(loss, weight);
                missing = missing.checked_sub(weight).ok_or(RiskError::Overflow)?;
            } else if b == boundary {
                undecided[kept] = k;
                kept += 1;
                next_low = next_low.min(loss);
                next_high = next_high.max(loss);
            }
        }
        (count, low, high) = (kept, next_low, next_high);
    }
    // All undecided rows have the same loss: it fills what is missing, whole or in part.
    sum.add(low, missing);
    sum.divided_up_by(tail)
}

fn at(losses: &[i64; ROWS], weights: &[u32; ROWS], k: u16) -> Result<(i64, u32), RiskError> {
    let k = usize::from(k);
    match (losses.get(k), weights.get(k)) {
        (Some(loss), Some(weight)) => Ok((*loss, *weight)),
        _ => Err(RiskError::Overflow),
    }
}

#[inline(always)]
fn bucket(loss: i64, low: i64, shift: u32) -> usize {
    // low <= loss, and the span shifted is below BUCKETS: the cast keeps the value.
    usize::try_from(loss.abs_diff(low) >> shift).unwrap_or(BUCKETS)
}

/// The highest bucket at which the weight from the top reaches `missing`.
fn boundary_bucket(histogram: &[u32; BUCKETS], missing: u32) -> Result<usize, RiskError> {
    let mut left = missing;
    for (b, weight) in histogram.iter().enumerate().rev() {
        if *weight >= left {
            return Ok(b);
        }
        left -= *weight;
    }
    Err(RiskError::BadParameter)
}

/// Sum of loss x weight in two limbs. Weights sum to at most 2²⁴, so the low limb stays below
/// 2³² x 2²⁴ and the high one below 2³¹ x 2²⁴.
#[derive(Default)]
struct Accumulator {
    low: i64,
    high: i64,
}

impl Accumulator {
    #[inline(always)]
    fn add(&mut self, loss: i64, weight: u32) {
        let weight = i64::from(weight);
        self.low = self
            .low
            .wrapping_add((loss & 0xffff_ffff).wrapping_mul(weight));
        self.high = self.high.wrapping_add((loss >> 32).wrapping_mul(weight));
    }

    fn divided_up_by(&self, tail: u32) -> Result<i64, RiskError> {
        let total = (i128::from(self.high) << 32) + i128::from(self.low);
        let tail = i128::from(tail);
        let up = i128::from(total.rem_euclid(tail) != 0);
        i64::try_from(total.div_euclid(tail) + up).map_err(|_| RiskError::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    /// The definition, by sorting.
    fn reference(losses: &[i64; ROWS], weights: &[u32; ROWS], tail: u32) -> i64 {
        let mut rows: Vec<_> = losses.iter().zip(weights).collect();
        rows.sort_by_key(|(loss, _)| core::cmp::Reverse(**loss));
        let (mut left, mut sum) = (tail, 0i128);
        for (loss, weight) in rows {
            let take = left.min(*weight);
            sum += i128::from(*loss) * i128::from(take);
            left -= take;
        }
        let tail = i128::from(tail);
        (sum.div_euclid(tail) + i128::from(sum.rem_euclid(tail) != 0)) as i64
    }

    fn even_weights() -> [u32; ROWS] {
        [WEIGHT_ONE / ROWS as u32; ROWS]
    }

    fn es(losses: &[i64; ROWS], weights: &[u32; ROWS], tail: u32) -> i64 {
        expected_shortfall(losses, weights, tail, &mut [0; ROWS]).unwrap()
    }

    prop_compose! {
        fn tilted()(cuts in prop::collection::btree_set(1..WEIGHT_ONE, ROWS - 1)) -> [u32; ROWS] {
            let mut w = [0; ROWS];
            let mut last = 0;
            for (slot, cut) in w.iter_mut().zip(cuts.into_iter().chain([WEIGHT_ONE])) {
                *slot = cut - last;
                last = cut;
            }
            w
        }
    }

    proptest! {
        #[test]
        fn equals_the_sorted_definition(
            losses in prop::collection::vec(prop_oneof![-1000i64..1000, -(1i64 << 62)..(1 << 62)], ROWS),
            weights in tilted(), tail in 1..=WEIGHT_ONE,
        ) {
            let losses: [i64; ROWS] = losses.try_into().unwrap();
            for t in [tail, TAIL_975, TAIL_99] {
                prop_assert_eq!(es(&losses, &weights, t), reference(&losses, &weights, t));
            }
        }

        #[test]
        fn is_subadditive_with_zero_slack_and_monotone(
            a in prop::collection::vec(-(1i64 << 50)..(1 << 50), ROWS),
            b in prop::collection::vec(-(1i64 << 50)..(1 << 50), ROWS), weights in tilted(),
        ) {
            let mut sum = [0; ROWS];
            let mut worse = [0; ROWS];
            for k in 0..ROWS {
                sum[k] = a[k] + b[k];
                worse[k] = a[k] + b[k].abs();
            }
            let (a, b): ([i64; ROWS], [i64; ROWS]) = (a.try_into().unwrap(), b.try_into().unwrap());
            prop_assert!(es(&sum, &weights, TAIL_975) <= es(&a, &weights, TAIL_975) + es(&b, &weights, TAIL_975));
            prop_assert!(es(&a, &weights, TAIL_99) <= es(&worse, &weights, TAIL_99));
            prop_assert!(es(&a, &weights, TAIL_975) <= es(&a, &weights, TAIL_99));
        }
    }

    #[test]
    fn one_row_far_out_and_all_the_rest_together_is_still_exact() {
        let mut losses = [7; ROWS];
        losses[100] = i64::MAX / 2;
        losses[3] = i64::MIN / 2;
        for (k, loss) in losses.iter_mut().enumerate().skip(200) {
            *loss = k as i64 % 5;
        }
        assert_eq!(
            es(&losses, &even_weights(), TAIL_99),
            reference(&losses, &even_weights(), TAIL_99)
        );
    }

    #[test]
    fn a_tail_that_ends_inside_one_row_takes_only_that_part_of_it() {
        let mut losses = [0; ROWS];
        losses[0] = 1_000_000;
        // The one losing row weighs 31,250 of the tail's 160,000.
        assert_eq!(es(&losses, &even_weights(), TAIL_99), 195_313);
        assert_eq!(es(&losses, &even_weights(), 31_250), 1_000_000);
    }

    #[test]
    fn a_tail_out_of_range_is_refused() {
        let l = [0; ROWS];
        for tail in [0, WEIGHT_ONE + 1] {
            assert_eq!(
                expected_shortfall(&l, &even_weights(), tail, &mut [0; ROWS]),
                Err(RiskError::BadParameter)
            );
        }
    }
}
