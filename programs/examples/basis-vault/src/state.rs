use anchor_lang::prelude::*;

/// One vault. PDA `[seeds::VAULT, staked mint]`; owns its margin account and the share mint.
#[account]
#[derive(InitSpace)]
pub struct Vault {
    /// May hedge.
    pub manager: Pubkey,
    pub staked_mint: Pubkey,
    pub shares: Pubkey,
    pub margin_account: Pubkey,
    /// Slot of the staked token in the pool's list of collaterals.
    pub collateral: u8,
    pub bump: u8,
}

impl Vault {
    pub const SPACE: usize = 8 + Self::INIT_SPACE;
}
