//! Scenario losses of a linear portfolio, exact.
//!
//! `loss_k = ceil(-sum_u D_u x return_u[k] / 2⁴⁴)` in row units, where `D_u` is the net exposure to
//! underlying `u` in 10⁻¹² USD and a return is Q24. One row unit is 2²⁰ x 10⁻¹² USD, about 1.05
//! micro-USD. The sum is exact; the one rounding goes up. Since `ceil(a + b) <= ceil(a) + ceil(b)`,
//! the rows of two portfolios together never exceed the sum of their rows, and every subadditive
//! measure of the rows stays subadditive with zero slack.

use {
    crate::{
        MAX_UNDERLYINGS, ROWS, STRESS_ROWS,
        error::RiskError,
        units::Notional,
        unroll::{BLOCK, each_of_block},
    },
    alloc::vec::Vec,
};

/// 1.0 as a simple return (Q24).
pub const RETURN_ONE: i32 = 1 << 24;
/// Largest return a row may hold: +300 %, less one unit. With it |return| < 2²⁶.
pub const RETURN_MAX: i32 = 4 * RETURN_ONE - 1;
/// Smallest return: -100 %.
pub const RETURN_MIN: i32 = -RETURN_ONE;
/// Largest |net exposure| to one underlying: 2⁷⁷ x 10⁻¹² USD, about 151 billion USD.
pub const MAX_EXPOSURE: i128 = 1 << 77;
/// Row unit = 2^ROW_SHIFT x 10⁻¹² USD.
pub const ROW_SHIFT: u32 = 20;

/// One underlying's column of simple returns over the joint draws.
pub type Column = [i32; ROWS];

/// The exposure of one underlying, negated (a long position loses when the return is negative), in
/// three limbs of 32 bits, the low two unsigned. One 64-bit multiply per limb replaces a 128-bit one.
type Limbs = [i64; 3];

fn limbs(exposure: Notional) -> Result<Limbs, RiskError> {
    if exposure.0.abs() > MAX_EXPOSURE {
        return Err(RiskError::ExposureTooLarge);
    }
    let d = -exposure.0;
    let low = |bits: i128| i64::try_from(bits & 0xffff_ffff).map_err(|_| RiskError::Overflow);
    Ok([
        low(d)?,
        low(d >> 32)?,
        i64::try_from(d >> 64).map_err(|_| RiskError::Overflow)?,
    ])
}

/// `ceil((a0 + a1 2³² + a2 2⁶⁴) / 2⁴⁴)`.
///
/// Bounds, with |return| < 2²⁶ and at most 8 underlyings: |a0|, |a1| < 2⁶¹ and |a2| <= 2⁴², so each
/// intermediate below stays under 2⁶³.
#[inline(always)]
fn combine(a0: i64, a1: i64, a2: i64) -> i64 {
    let middle = a1.wrapping_add(a0 >> 32);
    let rest = (a0 & 0xffff_ffff) | (middle & 0xfff);
    let floor = (a2 << 20).wrapping_add(middle >> 12);
    floor.wrapping_add(i64::from(rest != 0))
}

#[inline(always)]
fn fill<const N: usize>(exposures: &[Limbs; N], columns: &[&Column; N], losses: &mut [i64; ROWS]) {
    for (k, loss) in losses.iter_mut().enumerate() {
        let (mut a0, mut a1, mut a2) = (0i64, 0i64, 0i64);
        for u in 0..N {
            let r = i64::from(columns[u][k]);
            // Each product is below 2⁵⁸ and there are at most 8: no wrap, see `combine`.
            a0 = a0.wrapping_add(exposures[u][0].wrapping_mul(r));
            a1 = a1.wrapping_add(exposures[u][1].wrapping_mul(r));
            a2 = a2.wrapping_add(exposures[u][2].wrapping_mul(r));
        }
        *loss = combine(a0, a1, a2);
    }
}

/// One underlying's net exposure, made ready for its own rows: beside options these are needed one by one.
pub(crate) struct Line {
    /// The exposure is `high x 2³⁶ + low`, the low part unsigned.
    low: i64,
    high: i64,
    limbs: Limbs,
    /// Too large for two products of 64 bits.
    pub wide: bool,
}

/// Bits of a [`Line`]'s low part.
const LOW_BITS: u32 = 36;

impl Line {
    pub const ZERO: Self = Self {
        low: 0,
        high: 0,
        limbs: [0; 3],
        wide: false,
    };

    pub fn new(exposure: Notional) -> Result<Self, RiskError> {
        let limbs = limbs(exposure)?;
        // Below 2⁷³ (9.4 billion USD) the high part is below 2³⁷.
        let wide = exposure.0.abs() >= 1 << 73;
        let low = exposure.0 & ((1 << LOW_BITS) - 1);
        Ok(Self {
            low: i64::try_from(low).map_err(|_| RiskError::Overflow)?,
            high: i64::try_from(exposure.0 >> LOW_BITS).map_err(|_| RiskError::Overflow)?,
            limbs,
            wide,
        })
    }

    /// What a return brings in row units, rounded down: the negative of the loss, exactly as [`losses`] has it
    /// for this underlying alone. Wrong when wide.
    #[inline(always)]
    pub fn gain(&self, simple_return: i64) -> i64 {
        // Rounding down twice is rounding down once. Both products are below 2⁶³, with |return| < 2²⁶.
        let low = self.low.wrapping_mul(simple_return) >> LOW_BITS;
        let high = self.high.wrapping_mul(simple_return);
        high.wrapping_add(low) >> (ROW_SHIFT + 24 - LOW_BITS)
    }

    /// The same for any exposure.
    #[inline(always)]
    pub fn gain_of_any(&self, simple_return: i64) -> i64 {
        let [a, b, c] = self.limbs.map(|limb| limb.wrapping_mul(simple_return));
        combine(a, b, c).wrapping_neg()
    }

    /// Adds what the exposure loses in every row, rounded up by itself as [`losses`] has it for this underlying alone.
    #[inline(never)]
    pub fn add_losses(&self, returns: &Column, losses: &mut [i64; ROWS]) {
        if self.wide {
            for (loss, r) in losses.iter_mut().zip(returns) {
                *loss = loss.wrapping_sub(self.gain_of_any(i64::from(*r)));
            }
            return;
        }
        let returns = returns.as_chunks::<BLOCK>().0;
        for (losses, returns) in losses.as_chunks_mut::<BLOCK>().0.iter_mut().zip(returns) {
            macro_rules! row {
                ($n:literal) => {
                    // Losses of eight underlyings, each below 2⁵⁹.
                    losses[$n] = losses[$n].wrapping_sub(self.gain(i64::from(returns[$n])));
                };
            }
            each_of_block!(row);
        }
    }
}

/// A linear portfolio's rows when each underlying's loss was rounded up by itself: what one rounding of their sum saves.
pub(crate) struct Excess<'a> {
    lines: Vec<Line>,
    exact: Exposures,
    columns: &'a [&'a Column],
}

impl<'a> Excess<'a> {
    pub fn new(exposures: &[Notional], columns: &'a [&'a Column]) -> Result<Self, RiskError> {
        let mut lines = Vec::with_capacity(exposures.len());
        for exposure in exposures {
            lines.push(Line::new(*exposure)?);
        }
        Ok(Self {
            lines,
            exact: Exposures::new(exposures, columns.len())?,
            columns,
        })
    }

    /// No row's excess reaches this.
    pub fn bound(&self) -> i64 {
        // At most 8.
        self.lines.len() as i64
    }

    /// Of one row, in row units: zero or more.
    pub fn of(&self, row: usize) -> i64 {
        let mut each = 0i64;
        for (line, column) in self.lines.iter().zip(self.columns) {
            each = each.wrapping_sub(line.gain_of_any(i64::from(column[row % ROWS])));
        }
        each.wrapping_sub(self.exact.loss(self.columns, row))
    }
}

/// Net exposures to a portfolio's underlyings, made ready for its rows.
struct Exposures {
    limbs: [Limbs; MAX_UNDERLYINGS],
    count: usize,
}

impl Exposures {
    fn new(exposures: &[Notional], columns: usize) -> Result<Self, RiskError> {
        if exposures.len() != columns || columns > MAX_UNDERLYINGS {
            return Err(RiskError::TooManyUnderlyings);
        }
        let mut out = Self {
            limbs: [[0; 3]; MAX_UNDERLYINGS],
            count: columns,
        };
        for (slot, exposure) in out.limbs.iter_mut().zip(exposures) {
            *slot = limbs(*exposure)?;
        }
        Ok(out)
    }

    /// Loss of one row, exact.
    #[inline(always)]
    fn loss<const R: usize>(&self, columns: &[&[i32; R]], row: usize) -> i64 {
        let (mut a0, mut a1, mut a2) = (0i64, 0i64, 0i64);
        for (d, column) in self.limbs.iter().zip(columns) {
            let r = i64::from(column[row % R]);
            // As in `fill`.
            a0 = a0.wrapping_add(d[0].wrapping_mul(r));
            a1 = a1.wrapping_add(d[1].wrapping_mul(r));
            a2 = a2.wrapping_add(d[2].wrapping_mul(r));
        }
        combine(a0, a1, a2)
    }
}

/// One copy of a loop per count keeps every exposure in a register or a fixed stack slot.
macro_rules! by_count {
    ($count:expr, $exposures:expr, $columns:expr, |$d:ident, $c:ident| $body:expr) => {
        by_count!($count, $exposures, $columns, |$d, $c| $body, 1 2 3 4 5 6 7 8)
    };
    ($count:expr, $exposures:expr, $columns:expr, |$d:ident, $c:ident| $body:expr, $($n:literal)*) => {
        match $count {
            $($n => {
                let (Some($d), Some($c)) =
                    ($exposures.first_chunk::<$n>(), $columns.first_chunk::<$n>())
                else {
                    return Err(RiskError::TooManyUnderlyings);
                };
                $body
            })*
            _ => return Err(RiskError::TooManyUnderlyings),
        }
    };
}

/// Writes the loss of every joint draw, in row units. Exposures and columns correspond by position.
///
/// # Errors
/// [`RiskError::ExposureTooLarge`], or [`RiskError::TooManyUnderlyings`] when the two slices differ
/// in length or exceed [`MAX_UNDERLYINGS`].
pub fn losses(
    exposures: &[Notional],
    columns: &[&Column],
    losses: &mut [i64; ROWS],
) -> Result<(), RiskError> {
    let ready = Exposures::new(exposures, columns.len())?;
    if ready.count == 0 {
        losses.fill(0);
        return Ok(());
    }
    by_count!(ready.count, ready.limbs, columns, |d, c| fill(d, c, losses));
    Ok(())
}

/// Writes the loss of every stress row, in row units.
///
/// # Errors
/// As [`losses`].
pub fn stress_losses(
    exposures: &[Notional],
    columns: &[&[i32; STRESS_ROWS]],
    losses: &mut [i64; STRESS_ROWS],
) -> Result<(), RiskError> {
    let ready = Exposures::new(exposures, columns.len())?;
    for (row, loss) in losses.iter_mut().enumerate() {
        *loss = ready.loss(columns, row);
    }
    Ok(())
}

/// The joint draws of a linear portfolio put in order without their losses: one 64-bit multiplication per
/// underlying and row. The few rows whose loss counts are then computed exactly.
///
/// A row's key is `sum_u q_u x return_u`, where `q_u` is the negated exposure `d_u` in units of 2ˢ, rounded
/// down, and s is such that |q_u| <= 2³². With the remainders `f_u = d_u - 2ˢ q_u` in [0, 2ˢ), the row's exact
/// sum is `2ˢ x key + sum_u f_u x return_u`. Returns lie in [-2²⁴, 2²⁶), so that a key is off by more than
/// `-n 2²⁴` and less than `n 2²⁶` for n underlyings.
pub(crate) struct Ranking<'a> {
    exact: Exposures,
    columns: &'a [&'a Column],
    /// The largest key.
    pub high: i64,
    /// A key that is larger than another one by this much has the larger loss.
    pub slack: i64,
}

impl<'a> Ranking<'a> {
    /// Writes the keys. `None` for a portfolio without exposure: all losses are zero.
    pub fn new(
        exposures: &[Notional],
        columns: &'a [&'a Column],
        keys: &mut [i64; ROWS],
    ) -> Result<Option<Self>, RiskError> {
        let exact = Exposures::new(exposures, columns.len())?;
        let largest = exposures.iter().map(|d| d.0.unsigned_abs()).max();
        let Some(largest) = largest.filter(|d| *d > 0) else {
            return Ok(None);
        };
        let shift = (128 - largest.leading_zeros()).saturating_sub(32);
        let mut terms: [Term<'_>; MAX_UNDERLYINGS] = [(0, &[0; ROWS]); MAX_UNDERLYINGS];
        for ((slot, exposure), column) in terms.iter_mut().zip(exposures).zip(columns) {
            let q = i64::try_from(-exposure.0 >> shift).map_err(|_| RiskError::Overflow)?;
            *slot = (q, *column);
        }
        let high = fill_keys(terms.get(..exact.count).unwrap_or_default(), keys);
        // At most 8 x (2²⁴ + 2²⁶); nothing is cut off where s is zero.
        let slack = if shift == 0 {
            0
        } else {
            columns.len() as i64 * 5 * i64::from(RETURN_ONE)
        };
        Ok(Some(Self {
            exact,
            columns,
            high,
            slack,
        }))
    }

    /// Loss of one row, in row units, exact.
    #[inline(always)]
    pub fn loss(&self, row: usize) -> i64 {
        self.exact.loss(self.columns, row)
    }
}

/// An underlying's part in the keys: its exposure and its returns.
type Term<'a> = (i64, &'a Column);

/// Keys of all rows, and the largest of them. Two underlyings at a time: what more would need does not fit
/// the chain's ten registers.
fn fill_keys(terms: &[Term<'_>], keys: &mut [i64; ROWS]) -> i64 {
    let (pairs, rest) = terms.as_chunks::<2>();
    let mut high = 0;
    let mut fresh = true;
    for pair in pairs {
        high = if fresh {
            pass::<2, true>(pair, keys)
        } else {
            pass::<2, false>(pair, keys)
        };
        fresh = false;
    }
    if let Some(one) = rest.first_chunk::<1>() {
        high = if fresh {
            pass::<1, true>(one, keys)
        } else {
            pass::<1, false>(one, keys)
        };
    }
    high
}

/// Adds `N` terms to all keys, or makes them the keys; returns the largest key.
#[inline(never)]
fn pass<const N: usize, const FRESH: bool>(terms: &[Term<'_>; N], keys: &mut [i64; ROWS]) -> i64 {
    let factors = terms.map(|(q, _)| q);
    let columns = terms.map(|(_, column)| column.as_chunks::<BLOCK>().0);
    let mut high = i64::MIN;
    for (i, keys) in keys.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        let returns: [&[i32; BLOCK]; N] = columns.map(|blocks| &blocks[i]);
        macro_rules! row {
            ($n:literal) => {
                let mut key = if FRESH { 0 } else { keys[$n] };
                for (q, returns) in factors.iter().zip(returns) {
                    // Each product is below 2⁵⁸ and there are at most 8.
                    key = key.wrapping_add(i64::from(returns[$n]).wrapping_mul(*q));
                }
                keys[$n] = key;
                if key > high {
                    high = key;
                }
            };
        }
        each_of_block!(row);
    }
    high
}

/// Loss of one row given as (exposure, return) pairs, in row units, rounded up.
///
/// # Errors
/// [`RiskError::ExposureTooLarge`].
pub fn one_loss(pairs: impl Iterator<Item = (Notional, i32)>) -> Result<i64, RiskError> {
    let mut sum = 0i128;
    for (exposure, simple_return) in pairs {
        if exposure.0.abs() > MAX_EXPOSURE {
            return Err(RiskError::ExposureTooLarge);
        }
        // Below 2^103 each.
        sum -= exposure.0 * i128::from(simple_return);
    }
    let shift = ROW_SHIFT + 24;
    let up = i128::from(sum & ((1 << shift) - 1) != 0);
    i64::try_from((sum >> shift) + up).map_err(|_| RiskError::Overflow)
}

/// Row units to micro-USD, rounded up: `ceil(x x 2²⁰ / 10⁶)`.
///
/// # Errors
/// [`RiskError::Overflow`].
pub fn to_micro_usd(row_units: i64) -> Result<i64, RiskError> {
    Notional(i128::from(row_units) << ROW_SHIFT).ceil_micro_usd()
}

#[cfg(test)]
mod tests {
    use {super::*, proptest::prelude::*};

    fn column(seed: u64) -> Box<Column> {
        let mut state = seed | 1;
        let mut c = Box::new([0; ROWS]);
        for x in c.iter_mut() {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let spread = i64::from(RETURN_MAX) - i64::from(RETURN_MIN) + 1;
            *x = (i64::from(RETURN_MIN) + ((state >> 20) as i64 % spread)) as i32;
        }
        c
    }

    proptest! {
        #[test]
        fn limbs_agree_with_the_128_bit_definition(
            d in prop::collection::vec(-MAX_EXPOSURE..=MAX_EXPOSURE, 0..=8), seed: u64,
        ) {
            let columns: Vec<_> = (0..d.len() as u64).map(|i| column(seed ^ (i << 32))).collect();
            let refs: Vec<&Column> = columns.iter().map(|c| &**c).collect();
            let exposures: Vec<_> = d.iter().map(|x| Notional(*x)).collect();
            let mut losses = [0; ROWS];
            super::losses(&exposures, &refs, &mut losses).unwrap();
            for k in 0..ROWS {
                let pairs = exposures.iter().zip(&refs).map(|(e, c)| (*e, c[k]));
                prop_assert_eq!(losses[k], one_loss(pairs).unwrap());
            }
        }
    }

    proptest! {
        #[test]
        fn one_line_loses_what_its_rows_say(
            d in -MAX_EXPOSURE..=MAX_EXPOSURE, shift in 0u32..70, seed: u64,
        ) {
            let (column, exposure) = (column(seed), Notional(d >> shift));
            let (mut alone, mut added) = ([0; ROWS], [7; ROWS]);
            super::losses(&[exposure], &[&column], &mut alone).unwrap();
            Line::new(exposure).unwrap().add_losses(&column, &mut added);
            prop_assert!(added.iter().zip(alone).all(|(added, loss)| *added == loss + 7));
        }
    }

    #[test]
    fn the_extremes_do_not_wrap() {
        for (d, r, sign) in [
            (MAX_EXPOSURE, RETURN_MAX, -1),
            (-MAX_EXPOSURE, RETURN_MAX, 1),
            (MAX_EXPOSURE, RETURN_MIN, 1),
        ] {
            let c = [r; ROWS];
            let mut losses = [0; ROWS];
            super::losses(&[Notional(d); 8], &[&c; 8], &mut losses).unwrap();
            assert_eq!(losses[0].signum(), sign);
            let want = (-8 * d * i128::from(r)).div_euclid(1 << 44)
                + i128::from((-8 * d * i128::from(r)).rem_euclid(1 << 44) != 0);
            assert_eq!(i128::from(losses[0]), want);
        }
    }

    #[test]
    fn too_large_or_mismatched_input_is_refused() {
        let c = [0; ROWS];
        let mut losses = [0; ROWS];
        assert_eq!(
            super::losses(&[Notional(MAX_EXPOSURE + 1)], &[&c], &mut losses),
            Err(RiskError::ExposureTooLarge)
        );
        assert_eq!(
            super::losses(&[Notional(1)], &[], &mut losses),
            Err(RiskError::TooManyUnderlyings)
        );
        assert_eq!(
            super::losses(&[Notional(1); 9], &[&c; 9], &mut losses),
            Err(RiskError::TooManyUnderlyings)
        );
    }
}
