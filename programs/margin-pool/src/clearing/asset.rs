use {
    crate::{
        error::MarginPoolError,
        margin::{BookParts, bit, valuation},
        state::{MarginAccount, Position, PositionKind},
    },
    anchor_lang::prelude::*,
    risk_engine::state::{Instrument, InstrumentKind},
};

/// Options that one account may have, and on how many underlyings: what they cost to value is most of a margin check, and a
/// bid for everything an account holds makes two within one transaction.
pub const MAX_OPTIONS: u32 = 24;
pub const MAX_OPTION_UNDERLYINGS: u32 = 4;
/// Positions that an account may have with options on three underlyings and on four; with fewer it may fill its slots.
pub const MAX_POSITIONS_ON_THREE: u32 = 48;
pub const MAX_POSITIONS_ON_FOUR: u32 = 40;

/// What a position is in. All but the kind and the underlying is zero for a perpetual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    pub underlying: u8,
    pub kind: PositionKind,
    /// Where in the book the instrument is.
    pub slot: u16,
    pub instrument: u64,
    pub expiry: i64,
    pub strike: u64,
}

impl Asset {
    #[must_use]
    pub const fn perpetual(underlying: u8) -> Self {
        Self {
            underlying,
            kind: PositionKind::Perpetual,
            slot: 0,
            instrument: 0,
            expiry: 0,
            strike: 0,
        }
    }

    /// The instrument of a book with this id, zero for the perpetual, looked for first in `slot`. Refuses what is not
    /// open for trading at `now`.
    pub fn trading<B: BookParts>(
        book: &B,
        (underlying, slot, id): (u8, u16, u64),
        now: i64,
    ) -> Result<Self> {
        if id == 0 {
            return Ok(Self::perpetual(underlying));
        }
        let (slot, instrument) = valuation::find((slot, id), book.instruments())?;
        require!(instrument.is_trading(now), MarginPoolError::NotTrading);
        Self::of(underlying, slot, instrument)
    }

    fn of(underlying: u8, slot: u16, instrument: &Instrument) -> Result<Self> {
        let kind = match InstrumentKind::from_code(instrument.kind) {
            Some(InstrumentKind::Future) => PositionKind::Future,
            Some(InstrumentKind::Call) => PositionKind::Call,
            Some(InstrumentKind::Put) => PositionKind::Put,
            // A perpetual has no instrument of its own in the pool.
            Some(InstrumentKind::Perpetual) | None => return err!(MarginPoolError::NotTrading),
        };
        Ok(Self {
            underlying,
            kind,
            slot,
            instrument: instrument.id,
            expiry: instrument.expiry,
            strike: instrument.strike,
        })
    }

    /// Whether its settlement price is being averaged, or is decided: from here on positions in it only shrink.
    #[must_use]
    pub const fn is_settling(&self, now: i64) -> bool {
        self.expiry != 0 && now >= self.expiry.saturating_sub_unsigned(cep_risk::twap::WINDOW)
    }

    /// What a position is in.
    pub fn held(position: &Position) -> Result<Self> {
        Ok(Self {
            underlying: position.underlying,
            kind: position.kind()?,
            slot: position.slot,
            instrument: position.instrument,
            expiry: position.expiry,
            strike: position.strike,
        })
    }

    /// Whether its premium is paid in cash when it changes hands. What is not paid so is settled day by day.
    #[must_use]
    pub const fn is_option(&self) -> bool {
        matches!(self.kind, PositionKind::Call | PositionKind::Put)
    }

    #[must_use]
    pub fn is_of(&self, position: &Position) -> bool {
        position.kind == self.kind as u8
            && position.underlying == self.underlying
            && position.instrument == self.instrument
    }

    /// The account's position in it.
    #[must_use]
    pub fn find<'a>(&self, account: &'a MarginAccount) -> Option<&'a Position> {
        account.positions.iter().find(|p| self.is_of(p))
    }

    /// Millionths of a contract; zero without a position.
    #[must_use]
    pub fn base(&self, account: &MarginAccount) -> i64 {
        self.find(account).map_or(0, |p| p.base)
    }

    /// The slot of the account's position in it, a new one if there is none yet.
    pub fn find_or_open(&self, account: &mut MarginAccount) -> Result<usize> {
        // One pass that ends with the last slot in use: a slice asks for 64 positions.
        let (mut free, mut unseen) = (None, account.open_positions);
        let own = if self.is_option() {
            bit(self.underlying)
        } else {
            0
        };
        let (mut options, mut books) = (0, own);
        for (slot, position) in account.positions.iter().enumerate() {
            if position.is_free() {
                free = free.or(Some(slot));
            } else {
                if self.is_of(position) {
                    return Ok(slot);
                }
                unseen = unseen.saturating_sub(1);
                if position.is_option() {
                    options += 1;
                    books |= bit(position.underlying);
                }
            }
            if unseen == 0 && free.is_some() {
                break;
            }
        }
        // What is opened counts too.
        admit(
            options + u32::from(self.is_option()),
            books.count_ones(),
            account,
        )?;
        let slot = free.ok_or(MarginPoolError::PositionSlotsFull)?;
        self.occupy(account, slot)?;
        Ok(slot)
    }

    /// Opens an empty position in a free slot.
    pub(super) fn occupy(&self, account: &mut MarginAccount, slot: usize) -> Result<()> {
        let position = account.positions.get_mut(slot);
        let position = position.ok_or(MarginPoolError::PositionSlotsFull)?;
        position.underlying = self.underlying;
        position.kind = self.kind as u8;
        position.slot = self.slot;
        position.instrument = self.instrument;
        position.expiry = self.expiry;
        position.strike = self.strike;
        account.open_positions = account.open_positions.saturating_add(1);
        Ok(())
    }
}

/// Refuses one more position in an account that would then have so many options on so many underlyings.
pub(super) fn admit(options: u32, underlyings: u32, account: &MarginAccount) -> Result<()> {
    let most = match underlyings {
        MAX_OPTION_UNDERLYINGS => MAX_POSITIONS_ON_FOUR,
        3 => MAX_POSITIONS_ON_THREE,
        _ => u32::MAX,
    };
    let few = options <= MAX_OPTIONS
        && underlyings <= MAX_OPTION_UNDERLYINGS
        && u32::from(account.open_positions) < most;
    require!(few, MarginPoolError::TooManyOptions);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_found_reused_and_run_out() {
        let two = Asset::perpetual(2);
        let mut account: MarginAccount = bytemuck::Zeroable::zeroed();
        let slot = two.find_or_open(&mut account).unwrap();
        account.positions[slot].add(5, -10).unwrap();
        assert_eq!(
            account.perpetual(2).map(|p| (p.base, p.quote)),
            Some((5, -10))
        );
        assert_eq!(two.find_or_open(&mut account).unwrap(), slot);
        account.positions[slot].add(-5, 10).unwrap();
        assert_eq!(account.open_positions, 1);
        assert!(account.free_if_empty(slot) && !account.free_if_empty(slot));
        assert!(account.perpetual(2).is_none() && account.open_positions == 0);
        for p in &mut account.positions {
            p.kind = 9;
        }
        assert!(two.find_or_open(&mut account).is_err());
    }
}
