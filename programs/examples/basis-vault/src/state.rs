use anchor_lang::prelude::*;

/// One vault. PDA `[seeds::VAULT, staked mint]`; owns its margin account and the share mint.
#[account(discriminator = Vault::TAG)]
#[derive(InitSpace)]
pub struct Vault {
    /// May hedge.
    pub manager: Pubkey,
    pub staked_mint: Pubkey,
    pub shares: Pubkey,
    pub margin_account: Pubkey,
    /// Farthest that the price of a hedge may lie from the index price, ppm; 1 ..= 100,000.
    pub price_bound: u32,
    pub bump: u8,
}

impl Vault {
    /// Of the layout; a change of the layout raises it.
    pub const VERSION: u8 = 1;
    /// The account's first eight bytes.
    pub const TAG: &'static [u8] = &risk_engine::state::tag(b"BasVaul", Self::VERSION);
    pub const SPACE: usize = 8 + Self::INIT_SPACE;
    /// Range of `price_bound`, ppm.
    pub const PRICE_BOUNDS: std::ops::RangeInclusive<u32> = 1..=100_000;
}
