use {
    super::{Left, Pool, Reduced},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::{
        MAX_UNDERLYINGS,
        interest::{Balance, Indices},
        units::MAX_QUANTITY,
    },
};

pub const MAX_POSITIONS: usize = 64;
pub const MAX_COLLATERALS: usize = 16;
pub const MAX_DELEGATES: usize = 4;

/// Everything one trader holds under one margin. PDA `[seeds::ACCOUNT, pool, owner, id]`.
#[account(zero_copy, discriminator = MarginAccount::TAG)]
#[repr(C)]
pub struct MarginAccount {
    pub pool: Pubkey,
    pub owner: Pubkey,
    /// Settled quote currency, micro-USD; negative is borrowed against collateral. Interest since it last changed is
    /// not in it yet: see `Interest`.
    pub cash: i64,
    /// Where the index of interest stood when `cash` last took it: the lenders' for a principal of zero or more, the
    /// borrowers' below.
    pub interest_entry: i64,
    /// The part of `cash` that is interest and bears none, see [`Balance`]. Micro-USD.
    pub interest_taken: i64,
    /// Given once, to no account before or after: what a maker signs for this account dies with it.
    pub serial: u64,
    /// Quotes signed for this account with a lower nonce are void.
    pub quote_floor: u64,
    /// Balance of each collateral listed in the pool, by its slot there, smallest unit of the token.
    pub collaterals: [u64; MAX_COLLATERALS],
    pub id: u16,
    /// See [`standing`].
    pub in_liquidation: u8,
    pub bump: u8,
    /// Slots of `positions` in use. While there are any, the account shares losses that the pool cannot make good.
    pub open_positions: u8,
    pub padding: [u8; 3],
    /// Cash that shares such losses, as it was last written down, micro-USD: see `Pool.losses`.
    pub at_risk: i64,
    pub at_risk_since: Left,
    /// Cash kept back, micro-USD, for auctions that were open beyond the fund when other cash of the account left or
    /// stopped sharing losses: see `Pool.held`.
    pub held: i64,
    pub held_since: Left,
    /// What was moved into cash of the profits (losses: negative) in each underlying since the account last had neither a
    /// position nor a debt, micro-USD: what caused a debt when nothing else shows it any more.
    pub earned: [i64; MAX_UNDERLYINGS],
    /// Who else may act for the account, and how.
    pub delegates: [Delegate; MAX_DELEGATES],
    pub positions: [Position; MAX_POSITIONS],
    /// What moved of late between the account and the outside, of the quote currency and of each
    /// collateral by its slot, smallest unit of the token: above zero what it took out and the limit on
    /// withdrawals counts, below zero what it brought in and may take out again without counting.
    pub flows: [i64; 1 + MAX_COLLATERALS],
    /// When anything last moved in or out, Unix seconds: `flows` stand as of then.
    pub flows_at: i64,
    pub reserved: [u8; 80],
}

/// One position. A slot is free when `kind` is zero; then all its fields are zero. What only dated instruments have
/// is zero for a perpetual.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Position {
    /// Millionths of a contract; negative is short.
    pub base: i64,
    /// Micro-USD exchanged so far: what a long paid is negative, what a short received is positive.
    /// Unrealised profit is `base x mark + quote`.
    pub quote: i64,
    /// Index of the underlying in the pool.
    pub underlying: u8,
    /// See [`PositionKind`].
    pub kind: u8,
    /// Where in the book its instrument is; a hint, the instrument's id decides.
    pub slot: u16,
    pub padding: [u8; 4],
    /// Id of its instrument in the book.
    pub instrument: u64,
    /// Unix seconds.
    pub expiry: i64,
    /// Micro-USD per contract; zero for a future.
    pub strike: u64,
    /// Where the index of its side stood when `quote` last took it: see `Market::index_of`.
    pub index_entry: i64,
    /// See [`super::Reduction`].
    pub reduced: Reduced,
}

/// A key that may act for an account until it expires. An empty slot is all zero.
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Delegate {
    pub key: Pubkey,
    /// Unix seconds; from then on it may do nothing.
    pub expires_at: i64,
    /// Bits of [`permission`].
    pub permissions: u64,
}

/// What may be done with an account: `MarginAccount.in_liquidation`.
pub mod standing {
    pub const FREE: u8 = 0;
    /// An auction is open: only what comes in and the liquidation program may change what it holds.
    pub const IN_AUCTION: u8 = 1;
    /// It took a slice in this transaction and has yet to show its margin: it trades, and nothing leaves it.
    pub const UNCONFIRMED: u8 = 2;
}

/// What a delegate may do.
pub mod permission {
    /// Agree to block trades and take quotes.
    pub const TRADE: u64 = 1;
    /// Sign quotes that others take, and cancel them.
    pub const QUOTE: u64 = 2;
    /// Clear fills as a registered venue.
    pub const VENUE: u64 = 4;
    /// Withdraw, to token accounts of the owner alone.
    pub const WITHDRAW: u64 = 8;
    /// Move cash and collateral to another account of the owner.
    pub const TRANSFER: u64 = 16;
    pub const ALL: u64 = 31;
}

/// What a position is. Stored as `u8`; the numbers are those of `risk_engine::state::InstrumentKind::code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum PositionKind {
    Free = 0,
    Perpetual = 1,
    Future = 2,
    Call = 3,
    Put = 4,
}

impl Position {
    /// [`MarginPoolError::PositionNotFound`] for a number that no program writes.
    pub fn kind(&self) -> Result<PositionKind> {
        Ok(match self.kind {
            0 => PositionKind::Free,
            1 => PositionKind::Perpetual,
            2 => PositionKind::Future,
            3 => PositionKind::Call,
            4 => PositionKind::Put,
            _ => return err!(MarginPoolError::PositionNotFound),
        })
    }

    #[must_use]
    pub const fn is_free(&self) -> bool {
        self.kind == PositionKind::Free as u8
    }

    #[must_use]
    pub const fn is_option(&self) -> bool {
        self.kind >= PositionKind::Call as u8
    }

    #[must_use]
    pub const fn is_perpetual_of(&self, underlying: u8) -> bool {
        self.kind == PositionKind::Perpetual as u8 && self.underlying == underlying
    }

    /// Adds base and quote. Refuses a size beyond what one account may hold.
    pub fn add(&mut self, base: i64, quote: i64) -> Result<()> {
        let new_base = self
            .base
            .checked_add(base)
            .ok_or(MarginPoolError::Overflow)?;
        require!(
            new_base.unsigned_abs() <= MAX_QUANTITY.unsigned_abs(),
            MarginPoolError::PositionTooLarge
        );
        self.base = new_base;
        self.quote = self
            .quote
            .checked_add(quote)
            .ok_or(MarginPoolError::Overflow)?;
        Ok(())
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.base == 0 && self.quote == 0
    }
}

impl MarginAccount {
    /// Cash and the interest in it.
    #[must_use]
    pub const fn balance(&self) -> Balance {
        Balance {
            cash: self.cash,
            interest: self.interest_taken,
        }
    }

    /// Takes a balance that took its interest up to `indices`.
    pub const fn set_balance(&mut self, balance: Balance, indices: &Indices) {
        (self.cash, self.interest_taken) = (balance.cash, balance.interest);
        self.interest_entry = indices.of(balance.principal());
    }

    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 3;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"MarAcct", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();

    /// The position in a slot that is in use.
    pub fn position_mut(&mut self, slot: usize) -> Result<&mut Position> {
        self.positions
            .get_mut(slot)
            .filter(|p| !p.is_free())
            .ok_or_else(|| MarginPoolError::PositionNotFound.into())
    }

    /// Frees the slot when nothing is left in it. True if it did.
    pub fn free_if_empty(&mut self, slot: usize) -> bool {
        let Some(position) = self.positions.get_mut(slot) else {
            return false;
        };
        if position.is_free() || !position.is_empty() {
            return false;
        }
        *position = bytemuck::Zeroable::zeroed();
        self.open_positions = self.open_positions.saturating_sub(1);
        true
    }

    #[must_use]
    pub fn perpetual(&self, underlying: u8) -> Option<&Position> {
        self.positions
            .iter()
            .find(|p| p.is_perpetual_of(underlying))
    }

    /// Whether `key` may do this (one bit of [`permission`]) for the account at `now`.
    #[must_use]
    pub fn permits(&self, key: &Pubkey, permission: u64, now: i64) -> bool {
        let delegated =
            |d: &Delegate| d.key == *key && now < d.expires_at && d.permissions & permission != 0;
        self.owner == *key || self.delegates.iter().any(delegated)
    }

    /// [`MarginPoolError::NotAccountOwner`] unless [`Self::permits`].
    pub fn require_permission(&self, key: &Pubkey, permission: u64, now: i64) -> Result<()> {
        require!(
            self.permits(key, permission, now),
            MarginPoolError::NotAccountOwner
        );
        Ok(())
    }

    /// Nothing in it and nothing owed: no cash, no collateral, no position, no claim.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cash == 0
            && self.held == 0
            && self.collaterals.iter().all(|amount| *amount == 0)
            && self.positions.iter().all(Position::is_free)
    }

    /// So much (micro-USD; negative: a loss) of what it won in an underlying was moved into cash.
    pub fn earn(&mut self, underlying: u8, amount: i64) {
        if let Some(earned) = self.earned.get_mut(usize::from(underlying)) {
            *earned = earned.saturating_add(amount);
        }
    }

    /// The underlyings in which the account lost what it has settled, one bit each: who makes good its debt needs their
    /// markets.
    #[must_use]
    pub fn lost_in(&self) -> u8 {
        let bits = (0u32..)
            .zip(&self.earned)
            .filter(|(_, earned)| **earned < 0);
        bits.fold(0, |all, (at, _)| all | 1u8.wrapping_shl(at))
    }

    /// No open position and no collateral beyond what counts as nothing (`Collateral.dust`): cash or
    /// debt, and claims at most. Dust must not keep a debt from being written off, and stays where it is.
    #[must_use]
    pub fn has_nothing_open(&self, pool: &Pool) -> bool {
        let mut held = self.collaterals.iter().zip(&pool.collaterals);
        self.positions.iter().all(|p| p.base == 0)
            && held.all(|(amount, listed)| *amount <= listed.dust)
    }

    pub fn require_not_in_liquidation(&self) -> Result<()> {
        require!(
            self.in_liquidation == standing::FREE,
            MarginPoolError::AccountInLiquidation
        );
        Ok(())
    }

    /// A hedge follows its bid in the same transaction.
    pub fn require_may_trade(&self) -> Result<()> {
        require!(
            self.in_liquidation != standing::IN_AUCTION,
            MarginPoolError::AccountInLiquidation
        );
        Ok(())
    }

    pub fn require_in_liquidation(&self) -> Result<()> {
        require!(
            self.in_liquidation == standing::IN_AUCTION,
            MarginPoolError::AccountNotInLiquidation
        );
        Ok(())
    }
}

const _: () = assert!(size_of::<Position>() == 88);
const _: () = assert!(size_of::<Delegate>() == 48);
const _: () = assert!(
    size_of::<MarginAccount>()
        == 64 + 40 + 128 + 8 + 24 + 24 + 64 + MAX_DELEGATES * 48 + 64 * 88 + 17 * 8 + 8 + 80
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_numbered_as_the_instruments_are() {
        use risk_engine::state::InstrumentKind;
        for (kind, instrument) in [
            (PositionKind::Perpetual, InstrumentKind::Perpetual),
            (PositionKind::Future, InstrumentKind::Future),
            (PositionKind::Call, InstrumentKind::Call),
            (PositionKind::Put, InstrumentKind::Put),
        ] {
            let position = Position {
                kind: instrument.code(),
                ..bytemuck::Zeroable::zeroed()
            };
            assert_eq!(position.kind().ok(), Some(kind));
        }
    }

    #[test]
    fn a_position_beyond_the_limit_is_refused() {
        let mut p: Position = bytemuck::Zeroable::zeroed();
        assert!(p.add(MAX_QUANTITY, 0).is_ok());
        assert!(p.add(1, 0).is_err());
        assert!(p.add(i64::MIN, 0).is_err());
    }
}
