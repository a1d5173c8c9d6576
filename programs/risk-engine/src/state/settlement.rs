use anchor_lang::prelude::*;

/// The settlement price of one expiry, for good: it outlives the instruments' slots, so that a position can be settled
/// whenever. PDA `[seeds::SETTLEMENT, book, expiry]`. Written once, by `settle_expiry`.
#[account(zero_copy, discriminator = Settlement::TAG)]
#[repr(C)]
pub struct Settlement {
    pub book: Pubkey,
    /// Unix seconds.
    pub expiry: i64,
    /// Micro-USD per contract, above zero.
    pub price: u64,
    /// When the price was fixed, Unix seconds.
    pub settled_at: i64,
    /// Where the price comes from: 1 the window before expiry, 2 time after it too, 3 the last price in force. See
    /// `cep_risk::twap::How`.
    pub how: u8,
    pub bump: u8,
    pub padding: [u8; 6],
    pub reserved: [u8; 32],
}

impl Settlement {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &crate::state::tag(b"RskSett", Self::VERSION);
    pub const SPACE: usize = 8 + size_of::<Self>();
}

const _: () = assert!(size_of::<Settlement>() == 32 + 24 + 8 + 32);
