use {
    crate::{error::MarginPoolError, state::add},
    anchor_lang::prelude::*,
};

/// The positions of one underlying, in sum. PDA `[seeds::MARKET, pool, book]`. Written by trades,
/// settlements and liquidations.
#[account(zero_copy)]
#[repr(C)]
pub struct Market {
    pub pool: Pubkey,
    pub book: Pubkey,
    /// Sum of all long and of all short perpetual positions, millionths, both positive. Equal, always.
    pub open_long: i64,
    pub open_short: i64,
    /// Open interest may not grow beyond this, millionths.
    pub open_interest_limit: i64,
    /// Sum of the quote of all positions, micro-USD. Equals `unsettled`, always: what losers paid
    /// in and winners did not draw yet.
    pub quote: i64,
    pub unsettled: i64,
    /// Index of the underlying in the pool.
    pub index: u8,
    pub bump: u8,
    pub version: u8,
    pub padding: [u8; 5],
    /// Room for funding, futures and options.
    pub reserved: [u8; 512],
}

impl Market {
    pub const VERSION: u8 = 1;
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// As a margin check reads it, millionths; zero counts as unknown.
    #[must_use]
    pub fn open_interest(&self) -> u64 {
        u64::try_from(self.open_long).unwrap_or(0)
    }

    /// Takes note that one position's base went from `before` to `after`.
    pub fn replace_base(&mut self, before: i64, after: i64) -> Result<()> {
        // |base| is bounded by MAX_QUANTITY, so negation cannot overflow.
        self.open_long = add(self.open_long, after.max(0) - before.max(0))?;
        self.open_short = add(self.open_short, before.min(0) - after.min(0))?;
        Ok(())
    }

    /// Holds at the end of every instruction that changes a market: the house is flat.
    pub fn invariant(&self) -> Result<()> {
        require!(
            self.open_long == self.open_short && self.open_long >= 0,
            MarginPoolError::LedgerImbalance
        );
        require!(
            self.quote == self.unsettled && self.unsettled >= 0,
            MarginPoolError::LedgerImbalance
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<Market>() == 64 + 40 + 8 + 512);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_interest_follows_positions_through_zero() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        for (before, after) in [(0, 5), (0, -5), (5, -2), (-5, 2)] {
            assert!(market.replace_base(before, after).is_ok());
        }
        assert_eq!((market.open_long, market.open_short), (2, 2));
        assert!(market.invariant().is_ok());
        assert!(market.replace_base(2, 3).is_ok());
        assert!(market.invariant().is_err());
    }
}
