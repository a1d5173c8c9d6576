use {
    super::{Market, Position, Wide, add, sub},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::{
        funding::SUM_PER_MICRO,
        reduction::{LEFT_MIN, LEFT_ONE, average_price, left_after, price_rise, share},
    },
};

/// How many sides of instruments may be under reduction in one market at a time.
pub const MAX_REDUCTIONS: usize = 16;

/// One side of one instrument, reduced against positions that nobody took over: see [`cep_risk::reduction`]. Free when
/// the pot is empty: then nobody owes it anything.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Reduction {
    /// Id in the book, zero for the perpetual.
    pub instrument: u64,
    /// 1 when longs are reduced, -1 when shorts are, 0 before the first use.
    pub side: i8,
    pub padding: [u8; 3],
    /// Given once in a market. A position that remembers an older one has all of this one before it.
    pub epoch: u32,
    /// Part of a position that is left, Q63.
    pub left: u64,
    pub price: Wide,
    /// The pot: what was closed and its side has not given up yet, millionths, of the opposite sign; what it was closed
    /// for, micro-USD; and its size times its side's index at which it was closed.
    pub base: i64,
    pub quote: i64,
    pub entries: Wide,
}

/// Where a side's reduction stood when a position was last brought up to date.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Reduced {
    pub left: u64,
    pub price: Wide,
    pub epoch: u64,
}

/// A position's part of a pot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Of the opposite sign to the position, no larger than it.
    pub base: i64,
    /// Rounded down.
    pub quote: i64,
}

impl Reduction {
    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.base == 0
    }

    #[must_use]
    pub fn is_of(&self, instrument: u64, base: i64) -> bool {
        self.instrument == instrument && i64::from(self.side) == base.signum() && base != 0
    }

    #[must_use]
    pub const fn now(&self) -> Reduced {
        Reduced {
            left: self.left,
            price: self.price,
            epoch: self.epoch as u64,
        }
    }

    /// What a position of this side takes out of the pot at `index`, its side's now, see [`Market::index_of`]; what it owes
    /// by that itself is taken apart from it.
    pub fn part_of(&self, position: &Position, index: i64) -> Result<Part> {
        let (then, price) = if position.reduced.epoch == u64::from(self.epoch) {
            (position.reduced.left, position.reduced.price.get())
        } else {
            (LEFT_ONE, 0)
        };
        if then == self.left || self.is_free() {
            return Ok(Part::default());
        }
        let own = position.base.unsigned_abs();
        let due = share(own, then, self.left).map_err(MarginPoolError::from)?;
        let pot = self.base.unsigned_abs();
        let size = due.min(pot);
        let base = i64::try_from(size).map_err(|_| MarginPoolError::Overflow)?;
        let base = base
            .checked_mul(self.base.signum())
            .ok_or(MarginPoolError::Overflow)?;
        let rise = self.price.get().checked_sub(price);
        let rise = rise.ok_or(MarginPoolError::Overflow)?;
        let paid = average_price(size, rise, then, self.left).map_err(MarginPoolError::from)?;
        let funding = times(base, index)?;
        let mut exact = paid.checked_sub(funding).ok_or(MarginPoolError::Overflow)?;
        if size == pot {
            // The last takes no more than is left.
            let left = self.worth()?.checked_sub(funding);
            exact = exact.min(left.ok_or(MarginPoolError::Overflow)?);
        }
        let quote = exact.div_euclid(SUM_PER_MICRO);
        Ok(Part {
            base,
            quote: i64::try_from(quote).map_err(|_| MarginPoolError::Overflow)?,
        })
    }

    /// Quote and entries together, 10⁻⁶ micro-USD, 2⁻²⁰.
    fn worth(&self) -> Result<i128> {
        let quote = i128::from(self.quote).checked_mul(SUM_PER_MICRO);
        let sum = quote.and_then(|quote| quote.checked_add(self.entries.get()));
        sum.ok_or_else(|| MarginPoolError::Overflow.into())
    }

    fn give(&mut self, part: Part, index: i64) -> Result<()> {
        self.base = sub(self.base, part.base)?;
        self.quote = sub(self.quote, part.quote)?;
        let entries = times(part.base, index)?;
        self.entries
            .add(entries.checked_neg().ok_or(MarginPoolError::Overflow)?)
    }
}

impl Market {
    /// The reduction that a position of this sign in an instrument is subject to, and its place.
    #[must_use]
    pub fn reduction(&self, instrument: u64, base: i64) -> Option<(usize, &Reduction)> {
        let used = usize::from(self.reductions_used);
        let mut list = self.reductions.iter().take(used).enumerate();
        list.find(|(_, r)| r.is_of(instrument, base))
    }

    /// Takes a position's part out of the pot it is subject to. It took its side's index before.
    pub fn reduce(&mut self, position: &mut Position) -> Result<()> {
        let Some((at, reduction)) = self.reduction(position.instrument, position.base) else {
            return Ok(());
        };
        let index = position.index_entry;
        let part = reduction.part_of(position, index)?;
        if part.base == 0 {
            return Ok(());
        }
        position.base = add(position.base, part.base)?;
        position.quote = add(position.quote, part.quote)?;
        let reduction = self.reductions.get_mut(at);
        let reduction = reduction.ok_or(MarginPoolError::Overflow)?;
        reduction.give(part, index)?;
        if reduction.is_free() {
            // What rounding left of it: the pool's.
            let (quote, entries) = (reduction.quote, reduction.entries.get());
            let rest = reduction.worth()?;
            (reduction.quote, reduction.entries) = (0, Wide::default());
            self.quote = sub(self.quote, quote)?;
            self.index_entries
                .add(entries.checked_neg().ok_or(MarginPoolError::Overflow)?)?;
            self.dust.add(rest)?;
        }
        Ok(())
    }

    /// Where a position's reduction stands from now on.
    #[must_use]
    pub fn reduced(&self, instrument: u64, base: i64) -> Reduced {
        let found = self.reduction(instrument, base);
        found.map_or_else(Reduced::default, |(_, r)| r.now())
    }

    /// Whether a position of `base` in an instrument can be [closed](Self::close_against) now: its other side took all of an
    /// earlier reduction that closed it whole, and there is a place for one more.
    #[must_use]
    pub fn can_close_against(&self, instrument: u64, base: i64) -> bool {
        let place = self.place(instrument, base);
        place.is_ok_and(|at| {
            let reduction = self.reductions.get(at);
            reduction.is_some_and(|r| r.is_free() || r.left >= LEFT_MIN)
        })
    }

    /// Closes `base` (millionths, of a position that was brought up to date and that its account gives up) for `quote`,
    /// against the other side, of which `open` millionths are open. The counts of what is open are the caller's.
    pub fn close_against(
        &mut self,
        instrument: u64,
        (base, quote): (i64, i64),
        open: i64,
    ) -> Result<()> {
        let at = self.place(instrument, base)?;
        let used = u8::try_from(at.saturating_add(1)).map_err(|_| MarginPoolError::Overflow)?;
        self.reductions_used = self.reductions_used.max(used);
        let funding = if instrument == 0 {
            self.funding.index
        } else {
            0
        };
        // That of the side which takes it over.
        let index = self.index_for(instrument, base.checked_neg().unwrap_or(0), funding)?;
        let epoch = self
            .epochs
            .checked_add(1)
            .ok_or(MarginPoolError::Overflow)?;
        let reduction = self.reductions.get_mut(at);
        let reduction = reduction.ok_or(MarginPoolError::TooManyReductions)?;
        if reduction.is_free() {
            *reduction = bytemuck::Zeroable::zeroed();
            reduction.instrument = instrument;
            reduction.side = if base > 0 { -1 } else { 1 };
            (reduction.epoch, reduction.left) = (epoch, LEFT_ONE);
            self.epochs = epoch;
        }
        let open = u64::try_from(open).map_err(|_| MarginPoolError::Overflow)?;
        let entries = times(base, index)?;
        let paid = i128::from(quote)
            .checked_mul(SUM_PER_MICRO)
            .and_then(|quote| quote.checked_add(entries))
            .ok_or(MarginPoolError::Overflow)?;
        let rise = price_rise(reduction.left, paid, open).map_err(MarginPoolError::from)?;
        let left = left_after(reduction.left, base.unsigned_abs(), open);
        reduction.left = left.map_err(|_| MarginPoolError::ReductionPending)?;
        reduction.price.add(rise)?;
        reduction.base = add(reduction.base, base)?;
        reduction.quote = add(reduction.quote, quote)?;
        reduction.entries.add(entries)
    }

    /// That of this side and instrument, or a free one.
    fn place(&self, instrument: u64, base: i64) -> Result<usize> {
        let opposite = base.checked_neg().ok_or(MarginPoolError::Overflow)?;
        let used = usize::from(self.reductions_used);
        let list = self.reductions.get(..used).unwrap_or_default();
        // A side has one entry at most: an old one with an empty pot is used again first.
        if let Some(at) = list.iter().position(|r| r.is_of(instrument, opposite)) {
            return Ok(at);
        }
        if let Some(at) = list.iter().position(Reduction::is_free) {
            return Ok(at);
        }
        require!(used < MAX_REDUCTIONS, MarginPoolError::TooManyReductions);
        Ok(used)
    }
}

/// 10⁻⁶ micro-USD, 2⁻²⁰: sizes below 2⁶³ times an index below 2⁶³.
fn times(base: i64, index: i64) -> Result<i128> {
    let product = i128::from(base).checked_mul(i128::from(index));
    product.ok_or_else(|| MarginPoolError::Overflow.into())
}

const _: () = assert!(size_of::<Reduction>() == 72 && size_of::<Reduced>() == 32);

#[cfg(test)]
mod tests {
    use super::*;

    fn position(base: i64) -> Position {
        Position {
            base,
            kind: 1,
            ..bytemuck::Zeroable::zeroed()
        }
    }

    #[test]
    fn a_side_shares_what_was_closed_and_a_later_position_owes_nothing() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        let mut early = position(8_000_000);
        // A short of 3 is closed at 100 micro-USD a contract, 12 are open.
        market
            .close_against(0, (-3_000_000, 300), 12_000_000)
            .unwrap();
        let mut late = position(1_000_000);
        late.reduced = market.reduced(0, 1);
        market.reduce(&mut late).unwrap();
        assert_eq!((late.base, late.quote), (1_000_000, 0));
        market.reduce(&mut early).unwrap();
        assert_eq!((early.base, early.quote), (6_000_000, 200));
        // Shorts are not on the reduced side.
        let mut short = position(-5);
        market.reduce(&mut short).unwrap();
        assert_eq!(short, position(-5));
        let mut rest = position(4_000_000);
        market.reduce(&mut rest).unwrap();
        assert_eq!((rest.base, rest.quote), (3_000_000, 100));
        assert!(market.reductions[0].is_free());
    }

    #[test]
    fn both_sides_of_sixteen_instruments_are_the_most_and_a_free_place_is_used_again() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        for instrument in 0..8 {
            market.close_against(instrument, (5, -1), 9).unwrap();
            market.close_against(instrument, (-5, 1), 9).unwrap();
        }
        assert!(market.close_against(9, (5, -1), 9).is_err());
        let mut short = position(-9);
        market.reduce(&mut short).unwrap();
        assert!(market.close_against(9, (5, -1), 9).is_ok());
        // More of the same side goes on where it was.
        assert!(market.close_against(1, (1, 0), 4).is_ok());
        assert_eq!(market.reductions[2].base, 6);
        assert!(market.close_against(1, (4, 0), 3).is_err());
        // What is closed but for a part too small to count is closed whole.
        let mut market: Market = bytemuck::Zeroable::zeroed();
        let open = 1 << 40;
        market.close_against(0, (open - 1, 0), open).unwrap();
        assert_eq!(market.reductions[0].left, 0);
        let (mut most, mut last) = (position(1 - open), position(-1));
        market.reduce(&mut most).unwrap();
        market.reduce(&mut last).unwrap();
        assert_eq!((most.base, last.base), (0, -1));
        assert!(market.reductions[0].is_free());
    }
}
