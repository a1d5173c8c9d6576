//! The grid that option values are stored on: spot over the curve's centre, and volatility level.
//!
//! Spot is counted linearly, not in logarithms. An option's value is convex in the spot price whatever its
//! terms (Merton 1973), so a chord never lies below it; and what is deep in the money, a forward, is a
//! straight line and therefore exact. A scenario's place on the grid is `place x (1 + return)`: one
//! multiplication with the column that a margin check reads anyway.

use crate::{scenario::LEVEL_ONE, units::Price};

/// Spot nodes of a curve.
pub const SPOT_NODES: usize = 32;
/// Level nodes of a curve.
pub const LEVEL_NODES: usize = 6;
/// Values in a curve, level by level.
pub const NODES: usize = SPOT_NODES * LEVEL_NODES;

/// Parts of the centre price that spot is counted in.
pub const PARTS: u64 = 64;
/// Spot nodes in 1/64 of the centre: every 1.6 % to ±9 %, every 3.1 % to ±25 %, then wider out to five times the
/// centre. The gaps are powers of two, so that a place within one is found by a shift.
pub const SPOT_GRID: [u16; SPOT_NODES] = [
    0, 16, 32, 40, 48, 50, 52, 54, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 72, 74,
    76, 78, 80, 88, 96, 128, 192, 320,
];

/// Volatility levels are applied in steps of 1/16.
pub const LEVEL_STEPS: usize = 21;
/// The step that stands for level zero; step 0 is level -1/4, the last one level 1.
pub const LEVEL_ZERO: u8 = 4;
/// Steps at which a curve holds values: every quarter of a level. Between them the steps are interpolated.
pub const LEVEL_GRID: [u8; LEVEL_NODES] = [0, 4, 8, 12, 16, 20];

/// The step nearest to a volatility level in Q16.
#[must_use]
pub fn level_step(level: i32) -> u8 {
    let step = LEVEL_ONE / 16;
    let lowest = -i32::from(LEVEL_ZERO) * step;
    let above = level.clamp(lowest, LEVEL_ONE) - lowest + step / 2;
    // 0 ..= 20 by the clamp. Unsigned, since the chain divides nothing else.
    u8::try_from(above.unsigned_abs() / step.unsigned_abs()).unwrap_or(LEVEL_ZERO)
}

/// The volatility level (Q16) of a step.
#[must_use]
pub fn level_of_step(step: u8) -> i32 {
    (i32::from(step) - i32::from(LEVEL_ZERO)) * (LEVEL_ONE / 16)
}

/// Bits of a place below one part of the centre.
pub(super) const PLACE_BITS: u32 = 16;
/// Bits of the fraction within a gap.
pub(super) const FRACTION_BITS: u32 = 14;
/// Farthest place, in parts: the last gap is continued as a straight line up to here.
const FARTHEST: u64 = 512;

/// For every whole part of the centre: the node at or below it, the shift that makes a place within the
/// gap a fraction of [`FRACTION_BITS`], and the node's place.
pub(super) const GAPS: [Gap; FARTHEST as usize] = gaps();

#[derive(Clone, Copy)]
pub(super) struct Gap {
    pub start: u32,
    pub node: u8,
    pub shift: u8,
}

const fn gaps() -> [Gap; FARTHEST as usize] {
    let mut table = [Gap {
        start: 0,
        node: 0,
        shift: 0,
    }; FARTHEST as usize];
    let mut part = 0;
    let mut node = 0;
    while part < table.len() {
        if node + 2 < SPOT_NODES && part >= SPOT_GRID[node + 1] as usize {
            node += 1;
        }
        let gap = SPOT_GRID[node + 1] - SPOT_GRID[node];
        assert!(gap.is_power_of_two());
        table[part] = Gap {
            start: (SPOT_GRID[node] as u32) << PLACE_BITS,
            node: node as u8,
            shift: (PLACE_BITS - FRACTION_BITS + gap.trailing_zeros()) as u8,
        };
        part += 1;
    }
    table
}

/// Farthest place of spot itself: a return of at most five times keeps every place on the table.
const PLACE_MAX: u64 = 100 << PLACE_BITS;

/// Where a spot price lies on a grid: parts of the centre in Q16, rounded down, at most 100 parts (1.56
/// times the centre: a curve that far off is long stale, and reading it stays bounded).
#[must_use]
pub(super) fn place(spot: Price, centre: Price) -> u64 {
    // (spot x 2²²) / centre in two steps, as prices have up to 45 bits and a 128-bit division is dear on chain.
    const { assert!(PARTS << PLACE_BITS == 1 << 22) };
    let (scaled, centre) = (spot.micro_usd() << 18, centre.micro_usd());
    let (whole, rest) = (scaled / centre, scaled % centre);
    if whole > PLACE_MAX {
        return PLACE_MAX;
    }
    ((whole << 4) + (rest << 4) / centre).min(PLACE_MAX)
}

/// The gap that a place lies in.
pub(super) fn gap_at(place: u64) -> &'static Gap {
    let part = usize::try_from(place >> PLACE_BITS).unwrap_or(0);
    GAPS.get(part).unwrap_or(&GAPS[0])
}

/// Exponent of the unit of a curve's values, which are multiples of `2^exponent` micro-USD: a u32 of them
/// reaches to 16 times the centre, with a resolution of 2⁻²⁷ of the centre or finer. -27 ..= 17.
#[must_use]
pub fn unit_exponent(centre: Price) -> i32 {
    // A price has 1 to 45 bits.
    let bits = 64 - centre.micro_usd().leading_zeros();
    i32::try_from(bits).unwrap_or(45) - 28
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_lies_in_the_gap_that_the_table_names() {
        for part in 0..320u16 {
            let gap = GAPS[usize::from(part)];
            let (low, high) = (
                SPOT_GRID[usize::from(gap.node)],
                SPOT_GRID[usize::from(gap.node) + 1],
            );
            assert!(low <= part && part < high, "{part}");
            assert_eq!(gap.start, u32::from(low) << PLACE_BITS);
            // A whole gap is a whole fraction.
            let width = u32::from(high - low) << PLACE_BITS;
            assert_eq!(width >> gap.shift, 1 << FRACTION_BITS);
        }
        assert_eq!(GAPS[511].node, 30);
    }

    #[test]
    fn levels_snap_to_the_nearest_sixteenth() {
        assert_eq!(level_step(0), LEVEL_ZERO);
        assert_eq!(level_step(LEVEL_ONE), 20);
        assert_eq!(level_step(i32::MAX), 20);
        assert_eq!(level_step(i32::MIN), 0);
        assert_eq!(level_step(LEVEL_ONE / 32 - 1), LEVEL_ZERO);
        assert_eq!(level_step(LEVEL_ONE / 32), LEVEL_ZERO + 1);
        assert_eq!(level_step(-LEVEL_ONE / 32 - 1), LEVEL_ZERO - 1);
        for step in 0..LEVEL_STEPS as u8 {
            assert_eq!(level_step(level_of_step(step)), step);
        }
    }

    #[test]
    fn the_unit_reaches_sixteen_times_the_centre() {
        for centre in [1, 3, 1_000_000, 73_067_620_000, 1 << 44] {
            let price = Price::new(centre).unwrap();
            let unit = 2f64.powi(unit_exponent(price));
            assert!(16.0 * centre as f64 / unit <= 4_294_967_296.0);
            assert!(unit <= centre as f64 * 2f64.powi(-27));
        }
    }
}
