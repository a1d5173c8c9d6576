//! Expected Shortfall of weighted scenario losses, with the fractional weight of the boundary row.
//!
//! `ES_a = 1/(1-a) x [sum of the worst losses whose weights fill 1-a, the last one counted for the
//! part of its weight that still fits]` (Acerbi and Tasche 2002). Without that fraction the measure is
//! not subadditive.

use crate::{
    ROWS, WEIGHT_ONE,
    error::RiskError,
    rows::{Column, Excess, Ranking},
    units::Notional,
};

/// 2.5 % of [`WEIGHT_ONE`], exact: the tail of ES at 97.5 %.
pub const TAIL_975: u32 = WEIGHT_ONE / 40;
/// 1 % of [`WEIGHT_ONE`], exact: the tail of ES at 99 %.
pub const TAIL_99: u32 = WEIGHT_ONE / 100;

const BUCKET_BITS: u32 = 7;
const BUCKETS: usize = 1 << BUCKET_BITS;
const MASK: u64 = BUCKETS as u64 - 1;

/// Room for the rows that are still undecided; part of the caller's scratch so that nothing is allocated.
pub type Undecided = [u16; ROWS];

/// At most this many undecided rows are put in order one by one: a histogram of few costs more.
const FEW: usize = 12;

/// Expected Shortfall over the worst `tail` of total weight, in the unit of `losses`, rounded up.
///
/// `weights` must sum to [`WEIGHT_ONE`] (checked where a scenario set is activated) and `tail` must be
/// in `1 ..= WEIGHT_ONE`. Exact: the histogram only narrows down which row holds the boundary. Work is
/// bounded by ceil(64 / 7) passes over the rows whatever the losses are; ordinary books take one and a
/// handful of rows.
///
/// # Errors
/// [`RiskError::BadParameter`] for a `tail` out of range or weights that do not fill it.
pub fn expected_shortfall(
    losses: &[i64; ROWS],
    weights: &[u32; ROWS],
    tail: u32,
    undecided: &mut Undecided,
) -> Result<i64, RiskError> {
    let high = losses.iter().copied().max().unwrap_or(0);
    let cut = Cut::of_all(losses, weights, high, tail)?;
    let mut search = Search::new(tail, undecided);
    for (k, loss) in losses.iter().enumerate() {
        if *loss >= cut.from {
            search.take(k, *loss, weights, *loss > cut.to);
        }
    }
    search.finish(losses, weights)
}

/// Expected Shortfall of a linear portfolio, in row units: exactly [`expected_shortfall`] of its
/// [`rows::losses`](crate::rows::losses) at a third of the cost, since only the losses of the tail are
/// computed. `losses` is working memory and holds nothing of use afterwards.
///
/// # Errors
/// As both.
pub fn expected_shortfall_of_linear(
    exposures: &[Notional],
    columns: &[&Column],
    weights: &[u32; ROWS],
    tail: u32,
    losses: &mut [i64; ROWS],
    undecided: &mut Undecided,
) -> Result<i64, RiskError> {
    let Some(ranking) = Ranking::new(exposures, columns, losses)? else {
        return Ok(0);
    };
    let cut = Cut::of_all(losses, weights, ranking.high, tail)?;
    let slack = ranking.slack;
    near(cut, slack, losses, weights, tail, undecided, |k, _| {
        ranking.loss(k)
    })
}

/// Expected Shortfall where every loss is too large by what `excess` says of its row: exactly [`expected_shortfall`] of
/// what is left. Only the rows of the tail are looked at; `losses` holds nothing of use afterwards.
///
/// # Errors
/// As [`expected_shortfall`].
pub(crate) fn expected_shortfall_less(
    excess: &Excess<'_>,
    losses: &mut [i64; ROWS],
    weights: &[u32; ROWS],
    tail: u32,
    undecided: &mut Undecided,
) -> Result<i64, RiskError> {
    let high = losses.iter().copied().max().unwrap_or(0);
    let cut = Cut::of_all(losses, weights, high, tail)?;
    let slack = excess.bound();
    // Losses and what they exceed by are far below 2⁶³.
    near(cut, slack, losses, weights, tail, undecided, |k, loss| {
        loss.wrapping_sub(excess.of(k))
    })
}

/// From keys to losses, `exact` of a row and its key. A key that is larger than another one by the slack has the larger
/// loss.
#[inline(always)]
fn near(
    cut: Cut,
    slack: i64,
    losses: &mut [i64; ROWS],
    weights: &[u32; ROWS],
    tail: u32,
    undecided: &mut Undecided,
    exact: impl Fn(usize, i64) -> i64,
) -> Result<i64, RiskError> {
    // The boundary row's key lies within the cut, but it is the boundary of the keys. That of the losses
    // is off by no more than the keys are; rows beyond the slack stand on the same side of both.
    let (from, to) = (cut.from - slack, cut.to.saturating_add(slack));
    let mut search = Search::new(tail, undecided);
    for (k, slot) in losses.iter_mut().enumerate() {
        if *slot >= from {
            let surely = *slot > to;
            *slot = exact(k, *slot);
            search.take(k, *slot, weights, surely);
        }
    }
    search.finish(losses, weights)
}

/// The search for the boundary row. Rows that surely lie above it are summed and weigh `tail - missing`;
/// it is one of the first `count` undecided ones, whose losses all lie in [low, high].
struct Search<'a> {
    tail: u32,
    missing: u32,
    sum: Accumulator,
    undecided: &'a mut Undecided,
    count: usize,
    low: i64,
    high: i64,
}

impl<'a> Search<'a> {
    fn new(tail: u32, undecided: &'a mut Undecided) -> Self {
        Self {
            tail,
            missing: tail,
            sum: Accumulator::default(),
            undecided,
            count: 0,
            low: i64::MAX,
            high: i64::MIN,
        }
    }

    /// Takes one row of the tail, `surely` above the boundary or perhaps.
    #[inline(always)]
    fn take(&mut self, row: usize, loss: i64, weights: &[u32; ROWS], surely: bool) {
        if surely {
            self.add(loss, weights[row % ROWS]);
        } else {
            self.keep(row as u16, loss);
        }
    }

    #[inline(always)]
    fn add(&mut self, loss: i64, weight: u32) {
        self.sum.add(loss, weight);
        // The weight above the boundary is less than the tail.
        self.missing = self.missing.wrapping_sub(weight);
    }

    #[inline(always)]
    fn keep(&mut self, row: u16, loss: i64) {
        // count < ROWS: each row is kept at most once.
        if let Some(slot) = self.undecided.get_mut(self.count) {
            *slot = row;
        }
        self.count = self.count.wrapping_add(1);
        self.low = self.low.min(loss);
        self.high = self.high.max(loss);
    }

    fn finish(mut self, losses: &[i64; ROWS], weights: &[u32; ROWS]) -> Result<i64, RiskError> {
        let row = |k: u16| {
            let k = usize::from(k) % ROWS;
            (losses[k], weights[k])
        };
        while self.low < self.high && self.count > FEW {
            let kept = self
                .undecided
                .get(..self.count)
                .ok_or(RiskError::Overflow)?;
            let rows = kept.iter().map(|k| row(*k));
            let cut = Cut::new(rows, self.low, self.high, self.missing)?;
            let count = core::mem::take(&mut self.count);
            (self.low, self.high) = (i64::MAX, i64::MIN);
            for i in 0..count {
                let k = self.undecided.get(i).copied().ok_or(RiskError::Overflow)?;
                let (loss, weight) = row(k);
                if loss > cut.to {
                    self.add(loss, weight);
                } else if loss >= cut.from {
                    // Never ahead of the row just read.
                    self.keep(k, loss);
                }
            }
        }
        if self.low < self.high {
            self.sort_few(row)?;
        }
        // All undecided rows have the same loss: it fills what is missing, whole or in part.
        self.sum.add(self.low, self.missing);
        self.sum.divided_up_by(self.tail)
    }

    /// The worst of the undecided rows, again and again, until the one that fills the tail.
    fn sort_few(&mut self, row: impl Fn(u16) -> (i64, u32)) -> Result<(), RiskError> {
        let mut kept = self
            .undecided
            .get_mut(..self.count)
            .ok_or(RiskError::Overflow)?;
        loop {
            let (mut worst, mut at) = (i64::MIN, 0);
            for (i, k) in kept.iter().enumerate() {
                let (loss, _) = row(*k);
                if loss > worst {
                    (worst, at) = (loss, i);
                }
            }
            let (last, rest) = kept.split_last_mut().ok_or(RiskError::BadParameter)?;
            let (_, weight) = row(rest.get(at).copied().unwrap_or(*last));
            if weight >= self.missing {
                self.low = worst;
                return Ok(());
            }
            self.sum.add(worst, weight);
            self.missing = self.missing.wrapping_sub(weight);
            if let Some(slot) = rest.get_mut(at) {
                *slot = *last;
            }
            kept = rest;
        }
    }
}

/// A histogram's verdict: the losses between which the weight counted from the top reaches what is missing.
struct Cut {
    /// Smallest and largest value of the boundary bucket.
    from: i64,
    to: i64,
}

impl Cut {
    /// Over all rows, `high` being their largest loss.
    fn of_all(
        losses: &[i64; ROWS],
        weights: &[u32; ROWS],
        high: i64,
        tail: u32,
    ) -> Result<Self, RiskError> {
        if tail == 0 || tail > WEIGHT_ONE {
            return Err(RiskError::BadParameter);
        }
        let rows = || losses.iter().copied().zip(weights.iter().copied());
        if high > 0 {
            // The tail of nearly every book loses: rows that gain need not be counted.
            let losing = rows().filter(|(loss, _)| *loss >= 0);
            if let Ok(cut) = Self::new(losing, 0, high, tail) {
                return Ok(cut);
            }
        }
        let low = losses.iter().copied().min().unwrap_or(0);
        Self::new(rows(), low, high, tail)
    }

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
        let mut histogram = [0u32; BUCKETS];
        for (loss, weight) in rows {
            // The difference is exact as an unsigned number. In range already; the mask spares the bounds
            // check. Weights sum to at most 2²⁴.
            let bucket = loss.wrapping_sub(low).cast_unsigned() >> shift;
            if let Some(slot) = histogram.get_mut((bucket & MASK) as usize) {
                *slot = slot.wrapping_add(weight);
            }
        }
        let mut left = missing;
        for (bucket, weight) in histogram.iter().enumerate().rev() {
            if *weight >= left {
                let bucket = bucket as u64;
                // Offsets are at most the span, whose sum with `low` wraps back into range.
                let from = low.wrapping_add_unsigned(bucket << shift);
                let last = (bucket << shift) | ((1 << shift) - 1);
                let to = low.wrapping_add_unsigned(last.min(span));
                return Ok(Self { from, to });
            }
            left -= *weight;
        }
        Err(RiskError::BadParameter)
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
    use {
        super::*,
        crate::rows::{self, MAX_EXPOSURE, RETURN_MAX, RETURN_MIN},
        proptest::prelude::*,
    };

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

        /// Returns of few different values make ties, small exposures leave nothing to cut off, and
        /// opposite ones on equal columns cancel.
        #[test]
        fn of_a_linear_portfolio_equals_that_of_all_its_losses(
            exposures in prop::collection::vec((-MAX_EXPOSURE..=MAX_EXPOSURE, 0u32..78), 0..=8),
            columns in prop::collection::vec(
                prop::collection::vec(RETURN_MIN..=RETURN_MAX, ROWS), 8),
            bits in 0u32..27, hedged: bool, weights in tilted(), tail in 1..=WEIGHT_ONE,
        ) {
            let mut exposures: Vec<_> = exposures.iter().map(|(d, s)| Notional(d >> s)).collect();
            let mut columns: Vec<Column> = columns.iter()
                .map(|c| core::array::from_fn(|k| (c[k] >> bits << bits).max(RETURN_MIN))).collect();
            if hedged && exposures.len() > 1 {
                exposures[0] = -exposures[1];
                columns[0] = columns[1];
            }
            let columns: Vec<&Column> = columns.iter().take(exposures.len()).collect();
            let mut losses = [0; ROWS];
            rows::losses(&exposures, &columns, &mut losses).unwrap();
            for t in [tail, TAIL_975, TAIL_99] {
                let got = expected_shortfall_of_linear(
                    &exposures, &columns, &weights, t, &mut [0; ROWS], &mut [0; ROWS]);
                prop_assert_eq!(got.unwrap(), reference(&losses, &weights, t));
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
