use {
    super::{Funding, Levy, MAX_LEVIES, MAX_REDUCTIONS, Reduction, Wide},
    crate::{error::MarginPoolError, state::add},
    anchor_lang::prelude::*,
    cep_risk::funding::SUM_PER_MICRO,
    risk_engine::MAX_INSTRUMENTS,
};

/// The positions of one underlying, in sum. PDA `[seeds::MARKET, pool, book]`. Written by trades,
/// settlements and liquidations.
#[account(zero_copy, discriminator = Market::TAG)]
#[repr(C)]
pub struct Market {
    pub pool: Pubkey,
    pub book: Pubkey,
    /// Sum of all long and of all short perpetual positions, millionths, both positive. Equal, always.
    pub open_long: i64,
    pub open_short: i64,
    /// Sum of all long positions in futures, millionths.
    pub open_futures: i64,
    /// Open interest may not grow beyond this, millionths: of the perpetual, and of each dated instrument.
    pub open_interest_limit: i64,
    pub series_limit: i64,
    /// Largest position of one account in one instrument, millionths.
    pub account_limit: i64,
    /// Sum of the quote of all positions, micro-USD.
    pub quote: i64,
    /// What losers paid in and winners did not draw yet, micro-USD. Differs from `quote` by what is known and not yet
    /// written into positions: see [`Market::invariant`].
    pub unsettled: i64,
    pub funding: Funding,
    /// Sum of base times the index at which each position's quote last took it, less what all open contracts have borne of
    /// defaults since the beginning: see [`Market::index_of`]. 10⁻⁶ micro-USD, 2⁻²⁰.
    pub index_entries: Wide,
    /// What positions in settled instruments are worth that nobody settled yet. 10⁻⁶ micro-USD, 2⁻²⁰.
    pub converting: Wide,
    /// What rounding against accounts collected, and `sweep` has not taken yet. 10⁻⁶ micro-USD, 2⁻²⁰.
    pub dust: Wide,
    /// Index of the underlying in the pool.
    pub index: u8,
    pub bump: u8,
    pub padding: u8,
    /// Entries of `reductions` ever used.
    pub reductions_used: u8,
    /// Reductions ever begun; the last one's number.
    pub epochs: u32,
    /// What the insurance fund ever paid for defaults here, micro-USD.
    pub insured: i64,
    /// Entries of `levies` ever used.
    pub levied: u8,
    pub spare: [u8; 7],
    pub reserved: [u8; 112],
    pub reductions: [Reduction; MAX_REDUCTIONS],
    /// The perpetual's first.
    pub levies: [Levy; MAX_LEVIES],
    /// Dated instruments, by their slots in the book.
    pub series: [Series; MAX_INSTRUMENTS],
}

/// Open positions in one dated instrument, millionths, both positive. Equal until the instrument has its settlement
/// price; then each shrinks as positions are settled.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Series {
    /// Id of the instrument in the book; zero before its first trade.
    pub instrument: u64,
    pub open_long: i64,
    pub open_short: i64,
}

impl Series {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.open_long == 0 && self.open_short == 0
    }

    /// Takes note that one position's base went from `before` to `after`.
    pub fn replace_base(&mut self, before: i64, after: i64) -> Result<()> {
        replace(&mut self.open_long, &mut self.open_short, before, after)
    }
}

/// |base| is bounded by `MAX_QUANTITY`, so negation cannot overflow.
fn replace(long: &mut i64, short: &mut i64, before: i64, after: i64) -> Result<()> {
    *long = add(*long, after.max(0) - before.max(0))?;
    *short = add(*short, before.min(0) - after.min(0))?;
    Ok(())
}

impl Market {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 3;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"MarMark", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// As a margin check reads it, millionths of what is linear; zero counts as unknown. Options do not count: deep out
    /// of the money they cost next to nothing to open.
    #[must_use]
    pub fn open_interest(&self) -> u64 {
        u64::try_from(self.open_long.saturating_add(self.open_futures)).unwrap_or(0)
    }

    /// Takes note that one perpetual position's base went from `before` to `after`.
    pub fn replace_base(&mut self, before: i64, after: i64) -> Result<()> {
        replace(&mut self.open_long, &mut self.open_short, before, after)
    }

    /// The open positions of a dated instrument in a slot of the book. A slot that the book gave to a new instrument is
    /// taken over once nothing is open in the old one.
    pub fn series_mut(&mut self, slot: u16, instrument: u64) -> Result<&mut Series> {
        let series = self
            .series
            .get_mut(usize::from(slot))
            .ok_or(MarginPoolError::InstrumentMissing)?;
        if series.instrument != instrument {
            require!(series.is_empty(), MarginPoolError::SeriesNotSettled);
            series.instrument = instrument;
        }
        Ok(series)
    }

    /// Long positions open in a dated instrument, millionths.
    #[must_use]
    pub fn series_open(&self, slot: u16, instrument: u64) -> i64 {
        let series = self.series.get(usize::from(slot));
        series
            .filter(|s| s.instrument == instrument)
            .map_or(0, |s| s.open_long)
    }

    /// Positions open in a dated instrument on the other side of a long or a short one, millionths.
    #[must_use]
    pub fn series_open_against(&self, slot: u16, instrument: u64, long: bool) -> i64 {
        let series = self.series.get(usize::from(slot));
        let series = series.filter(|s| s.instrument == instrument);
        series.map_or(0, |s| if long { s.open_short } else { s.open_long })
    }

    /// What is known of the quote of all positions and not yet written into them, in 2⁻²⁰ of 10⁻⁶ micro-USD, exact:
    /// funding since each last took it (bases sum to zero, so only the entries are left), what its side bore of defaults
    /// since, and payoffs.
    fn pending(&self) -> Option<i128> {
        self.index_entries.get().checked_add(self.converting.get())
    }

    /// Holds at the end of every instruction that changes a market: the house is flat, what losers paid in is what winners
    /// are owed and the dust, to the last bit, and no side's share of defaults ever falls.
    pub fn invariant(&self) -> Result<()> {
        require!(
            self.open_long == self.open_short && self.open_long >= 0 && self.open_futures >= 0,
            MarginPoolError::LedgerImbalance
        );
        require!(self.levies_in_order(), MarginPoolError::LedgerImbalance);
        let owed = i128::from(self.quote)
            .checked_mul(SUM_PER_MICRO)
            .zip(self.pending())
            .and_then(|(quote, pending)| quote.checked_add(pending)?.checked_add(self.dust.get()))
            .ok_or(MarginPoolError::Overflow)?;
        let paid = i128::from(self.unsettled)
            .checked_mul(SUM_PER_MICRO)
            .ok_or(MarginPoolError::Overflow)?;
        require!(
            owed == paid && self.unsettled >= 0 && self.dust.get() >= 0,
            MarginPoolError::LedgerImbalance
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<Series>() == 24);
const _: () = assert!(
    size_of::<Market>()
        == 64
            + 8 * 8
            + 64
            + 3 * 16
            + 8
            + 8
            + 8
            + 112
            + MAX_REDUCTIONS * 72
            + MAX_LEVIES * 64
            + MAX_INSTRUMENTS * 24
);
// An address derived by the program is created with at most 10 KiB.
const _: () = assert!(Market::SPACE <= 10_240);

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

    #[test]
    fn a_slot_goes_to_a_new_instrument_when_nothing_is_open_in_the_old_one() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        let series = market.series_mut(3, 7).unwrap();
        series.replace_base(0, 5).unwrap();
        assert!(market.series_mut(3, 8).is_err() && market.series_mut(4, 8).is_ok());
        market.series_mut(3, 7).unwrap().replace_base(5, 0).unwrap();
        assert_eq!(market.series_mut(3, 8).unwrap().instrument, 8);
        assert!(market.series_mut(u16::MAX, 1).is_err());
    }

    #[test]
    fn dust_is_money_and_never_negative() {
        let mut market: Market = bytemuck::Zeroable::zeroed();
        (market.quote, market.unsettled) = (9, 10);
        assert!(market.invariant().is_err());
        market.dust = Wide::new(SUM_PER_MICRO);
        assert!(market.invariant().is_ok());
        (market.quote, market.dust) = (11, Wide::new(-SUM_PER_MICRO));
        assert!(market.invariant().is_err());
    }
}
