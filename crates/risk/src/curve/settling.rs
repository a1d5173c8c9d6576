//! Options whose settlement price is being averaged.
//!
//! While a share `s` of the average is still to come, an option is worth
//!
//! `w(S) = s x curve(E(S)) + (1 - s) x payoff(E(S))`, with `E(S)` the spot equivalent of the expected settlement at spot `S`.
//!
//! At the start of the window `s` is one and `E(S)` is `S`: the curve as it is. At its end `w` is the payoff. The time value
//! of what is left of the average falls with `s` at least as fast. `w` is read on the grid of the curve it is made from,
//! so that it is one more curve to everything else: convex, never negative, moved by scenarios at the nodes.

use {
    super::{
        Curve, Slope,
        grid::{
            FRACTION_BITS, GAPS, LEVEL_NODES, PARTS, PLACE_BITS, SPOT_GRID, SPOT_NODES, gap_at,
            place, unit_exponent,
        },
        sum::{level_nodes, row_units},
    },
    crate::{
        error::RiskError,
        settling::{Dated, SHARE_BITS, Struck},
        units::Price,
    },
};

/// Where one expiry's expected settlement lies on a centre's grid, whatever spot is.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// See [`Dated::at_spot`].
    dated: Dated,
    centre: Price,
    /// What is known of the average: its place on the grid times its seconds.
    known: u64,
    /// The part to come, 2⁻¹⁴.
    share: i64,
}

/// What is read at one spot node.
#[derive(Clone, Copy, Default)]
struct Node {
    /// The curve's node below the expected settlement, and how far it is to the next one, 2⁻¹⁴.
    at: usize,
    fraction: i64,
    /// The expected settlement's spot equivalent, micro-USD.
    settlement: u64,
}

impl Reading {
    /// Of an expiry with what is known of it in spot prices.
    #[must_use]
    pub fn new(dated: &Dated, centre: Price) -> Self {
        // (sum x 2²²) / centre in two steps, as in `place`: the sum has up to 56 bits. Off by less than 2² of 2¹⁶ parts times
        // seconds. Beyond 2²⁰ centres times seconds everything lies beyond the grid.
        const { assert!(PARTS << PLACE_BITS == 1 << 22) };
        let (sum, price) = (dated.sum(), centre.micro_usd());
        let (whole, rest) = ((sum / price).min(1 << 20), sum % price);
        // The rest is below 2⁴⁴.
        let known = (whole << 22) + (((rest << 19) / price) << 3);
        Self {
            dated: *dated,
            centre,
            known,
            share: dated.share(),
        }
    }

    /// What is read at a spot node.
    fn node(&self, n: usize) -> Node {
        let part = u64::from(*SPOT_GRID.get(n).unwrap_or(&0));
        // Below 2⁴³ + 2¹¹ x 2²⁵.
        let moved = (self.known + self.dated.left() * (part << PLACE_BITS)) / self.dated.whole();
        let index = usize::try_from(moved >> PLACE_BITS).unwrap_or(GAPS.len());
        let gap = &GAPS[index.min(GAPS.len() - 1)];
        // Past the last node its value: weights stay between zero and one.
        let fraction =
            (moved.saturating_sub(u64::from(gap.start)) >> gap.shift).min(1 << FRACTION_BITS);
        // Prices of up to five centres, below 2⁴⁷.
        let spot = self.centre.micro_usd() * part / PARTS;
        Node {
            at: usize::from(gap.node),
            fraction: fraction.cast_signed(),
            settlement: self.dated.expected(spot),
        }
    }

    /// `s x value + (1 - s) x payoff`, rounded down.
    #[inline(always)]
    const fn blend(&self, value: i64, payoff: i64) -> i64 {
        payoff.wrapping_add(part_of(value.wrapping_sub(payoff), self.share))
    }
}

/// `x x part / 2¹⁴`, rounded down, of any `x` in range; `part` is at most 2¹⁴.
#[inline(always)]
const fn part_of(x: i64, part: i64) -> i64 {
    const { assert!(SHARE_BITS == FRACTION_BITS) };
    let low = x & ((1 << SHARE_BITS) - 1);
    (x >> SHARE_BITS)
        .wrapping_mul(part)
        .wrapping_add(low.wrapping_mul(part) >> SHARE_BITS)
}

/// A payoff in the units of a curve's values, rounded down.
fn in_units(payoff: u64, exponent: i32) -> u64 {
    let units = if exponent >= 0 {
        payoff >> exponent
    } else {
        // Fewer than 28 bits up; what does not fit a curve lies beyond its grid.
        payoff.saturating_mul(1 << -exponent)
    };
    units.min(u64::from(u32::MAX))
}

impl Curve<'_> {
    /// Value of one contract at spot and level zero while the settlement price is being averaged, micro-USD, rounded down;
    /// of an expiry of which nothing is known yet that of [`Curve::value`].
    #[must_use]
    pub fn settling_value(&self, spot: Price, dated: &Dated, struck: &Struck) -> u64 {
        if !dated.is_averaging() {
            return self.value(spot);
        }
        let place = place(spot, self.centre);
        let gap = gap_at(place);
        let (low, high) = self.settling_nodes(usize::from(gap.node), dated, struck);
        // Below 2⁴⁶ x 2¹⁶ in 2⁻¹⁴ units.
        let fraction = (place.cast_signed() - i64::from(gap.start)) >> gap.shift;
        let value = (low + (((high - low) * fraction) >> FRACTION_BITS)).max(0);
        let exponent = unit_exponent(self.centre) - FRACTION_BITS.cast_signed();
        if exponent >= 0 {
            value.unsigned_abs() << exponent
        } else {
            value.unsigned_abs() >> -exponent
        }
    }

    /// Its delta, Q24: as [`Curve::delta_q24`].
    #[must_use]
    pub fn settling_delta_q24(&self, at: &Slope, dated: &Dated, struck: &Struck) -> i64 {
        if !dated.is_averaging() {
            return self.delta_q24(at);
        }
        let (low, high) = self.settling_nodes(at.node - SPOT_NODES, dated, struck);
        at.delta_q24((high - low) >> FRACTION_BITS)
    }

    /// Values at a spot node and the next, level zero, in 2⁻¹⁴ of the curve's unit, rounded down.
    fn settling_nodes(&self, node: usize, dated: &Dated, struck: &Struck) -> (i64, i64) {
        let reading = Reading::new(dated, self.centre);
        let exponent = unit_exponent(self.centre);
        let value = |n: usize| {
            let node = reading.node(n);
            let of = |at: usize| i64::from(*self.values.get(SPOT_NODES + at).unwrap_or(&0));
            let (low, high) = (of(node.at), of(node.at + 1));
            let payoff = in_units(struck.payoff(node.settlement), exponent);
            // Below 2³² x 2¹⁴ each.
            let curve = (low << FRACTION_BITS) + (high - low) * node.fraction;
            reading.blend(curve, (payoff << FRACTION_BITS).cast_signed())
        };
        (value(node), value(node + 1))
    }
}

/// The options of one expiry whose settlement price is being averaged, on one centre.
#[derive(Clone, Copy)]
pub(crate) struct Averaging<'o, 'c> {
    pub reading: &'o Reading,
    pub options: &'o [(i64, Curve<'c>)],
    /// What each pays.
    pub struck: &'o [Struck],
}

impl Averaging<'_, '_> {
    /// Adds their values to the level nodes of a table, in row units. Each of the steps, the sum of the curves, that of the
    /// payoffs, the interpolation and the blend, rounds down once and has no negative weight: two portfolios' values never
    /// add up to more than the value of both.
    pub(super) fn add_to<const STEPS: usize>(
        &self,
        steps: &mut [i64; STEPS],
        shift: u32,
    ) -> Result<(), RiskError> {
        let mut nodes = [Node::default(); SPOT_NODES];
        for (n, node) in nodes.iter_mut().enumerate() {
            *node = self.reading.node(n);
        }
        let exponent = unit_exponent(self.reading.centre);
        let payoffs = self.sum(shift, |i, n| {
            let settlement = nodes.get(n).map_or(0, |node| node.settlement);
            let payoff = self.struck.get(i).map_or(0, |it| it.payoff(settlement));
            in_units(payoff, exponent).cast_signed()
        })?;
        for (level, row) in level_nodes(steps).enumerate().take(LEVEL_NODES) {
            let own = self.sum(shift, |i, n| {
                let value = self
                    .options
                    .get(i)
                    .and_then(|(_, curve)| curve.values.get(level * SPOT_NODES + n));
                value.map_or(0, |value| i64::from(*value))
            })?;
            for ((slot, node), payoff) in row.iter_mut().zip(&nodes).zip(payoffs) {
                let low = own.get(node.at).copied().unwrap_or(0);
                let high = own.get(node.at + 1).copied().unwrap_or(low);
                let value = low.wrapping_add(part_of(high.wrapping_sub(low), node.fraction));
                *slot = slot.wrapping_add(self.reading.blend(value, payoff));
            }
        }
        Ok(())
    }

    /// Sums `quantity x value` at the spot nodes, rounded down to row units. `value` of an option and a node is below 2³².
    #[inline(always)]
    fn sum(
        &self,
        shift: u32,
        value: impl Fn(usize, usize) -> i64,
    ) -> Result<[i64; SPOT_NODES], RiskError> {
        let (mut low, mut high) = ([0i64; SPOT_NODES], [0i64; SPOT_NODES]);
        for (i, (q, _)) in self.options.iter().enumerate() {
            // |q| <= 2⁴⁷, split at 24 bits: 32 options stay below 2⁶².
            let (below, above) = (q & 0xff_ffff, q >> 24);
            for (n, (low, high)) in low.iter_mut().zip(&mut high).enumerate() {
                let value = value(i, n);
                *low = low.wrapping_add(below.wrapping_mul(value));
                *high = high.wrapping_add(above.wrapping_mul(value));
            }
        }
        for (low, high) in low.iter_mut().zip(high) {
            *low = row_units(*low, high, shift)?;
        }
        Ok(low)
    }
}
