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
const MASK: u64 = BUCKETS as u64 - 1;

/// Room for the rows that are still undecided; part of the caller's scratch so that nothing is allocated.
pub type Undecided = [u16; ROWS];

/// Expected Shortfall over the worst `tail` of total weight, in the unit of `losses`, rounded up.
///
/// `weights` must sum to [`WEIGHT_ONE`] (checked where a scenario set is activated) and `tail` must be
/// in `1 ..= WEIGHT_ONE`. Exact: the histogram only narrows down which row holds the boundary. Work is
/// bounded by ceil(64 / 7) passes over the rows whatever the losses are; ordinary books take two, the
/// second over a handful of rows.
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
    let mut sum = Accumulator::default();
    let mut missing = tail;
    let mut count = 0;
    if low < high {
        // The first pass reads the two tables as they are and leaves the rows of the boundary bucket.
        let rows = || losses.iter().copied().zip(weights.iter().copied());
        let cut = Cut::new(rows(), low, high, missing)?;
        (low, high) = (i64::MAX, i64::MIN);
        for (k, (loss, weight)) in (0u16..).zip(rows()) {
            let bucket = cut.bucket(loss);
            if bucket > cut.boundary {
                sum.add(loss, weight);
                missing = missing.wrapping_sub(weight);
            } else if bucket == cut.boundary {
                // count < ROWS: each row is kept at most once.
                if let Some(slot) = undecided.get_mut(count) {
                    *slot = k;
                }
                count += 1;
                (low, high) = (low.min(loss), high.max(loss));
            }
        }
    }
    // Invariant: rows above `high` are summed and weigh tail - missing (the boundary bucket is the first
    // whose weight reaches `missing`, so the subtractions do not wrap); the boundary row is one of the
    // first `count` undecided ones, whose losses all lie in [low, high].
    while low < high {
        let kept = undecided.get_mut(..count).ok_or(RiskError::Overflow)?;
        let row = |k: u16| {
            let k = usize::from(k) % ROWS;
            (losses[k], weights[k])
        };
        let cut = Cut::new(kept.iter().map(|k| row(*k)), low, high, missing)?;
        (low, high) = (i64::MAX, i64::MIN);
        count = 0;
        for i in 0..kept.len() {
            let (loss, weight) = row(kept[i]);
            let bucket = cut.bucket(loss);
            if bucket > cut.boundary {
                sum.add(loss, weight);
                missing = missing.wrapping_sub(weight);
            } else if bucket == cut.boundary {
                kept[count] = kept[i];
                count += 1;
                (low, high) = (low.min(loss), high.max(loss));
            }
        }
    }
    // All undecided rows have the same loss: it fills what is missing, whole or in part.
    sum.add(low, missing);
    sum.divided_up_by(tail)
}

/// A histogram's verdict: the bucket in which the weight counted from the top reaches what is missing.
struct Cut {
    low: i64,
    shift: u32,
    boundary: u64,
}

impl Cut {
    #[inline(always)]
    fn new(
        rows: impl Iterator<Item = (i64, u32)>,
        low: i64,
        high: i64,
        missing: u32,
    ) -> Result<Self, RiskError> {
        // The shift maps the span onto fewer than BUCKETS values.
        let span = low.abs_diff(high);
        let shift = (64 - span.leading_zeros()).saturating_sub(BUCKET_BITS);
        let mut cut = Self {
            low,
            shift,
            boundary: 0,
        };
        let mut histogram = [0u32; BUCKETS];
        for (loss, weight) in rows {
            // In range already; the mask spares the bounds check. Weights sum to at most 2²⁴.
            if let Some(slot) = histogram.get_mut((cut.bucket(loss) & MASK) as usize) {
                *slot = slot.wrapping_add(weight);
            }
        }
        let mut left = missing;
        cut.boundary = BUCKETS as u64;
        for weight in histogram.iter().rev() {
            cut.boundary -= 1;
            if *weight >= left {
                return Ok(cut);
            }
            left -= *weight;
        }
        Err(RiskError::BadParameter)
    }

    /// Bucket of a loss in [low, high]: the difference is exact as an unsigned number.
    #[inline(always)]
    fn bucket(&self, loss: i64) -> u64 {
        loss.wrapping_sub(self.low).cast_unsigned() >> self.shift
    }
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
