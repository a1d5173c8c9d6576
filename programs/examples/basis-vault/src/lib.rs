//! A yield protocol in one small program: depositors put in a staked token, the vault holds it in a margin account of
//! its own and shorts the perpetual of what the token redeems for, so that its value hardly moves with the price while it
//! earns staking yield and funding. Everything that touches the margin account is a CPI into the margin pool, signed by the vault's
//! address; see docs/basis-vault.md for the walk through it.
//!
//! What is worth copying: shares are priced by the pool's own valuation, so the vault has no oracle of its own and inherits the
//! redemption cap of staked tokens and the marks; one measure for who comes and who leaves, virtual shares, and every
//! rounding against who asks ([`value`]).
// Anchor's macros expand to cfg values and result types that these two lints do not know.
#![allow(unexpected_cfgs, clippy::result_large_err)]

use anchor_lang::prelude::*;
#[cfg(target_arch = "bpf")]
use cep_sbf_abi as _;

pub mod error;
pub mod instructions;
pub mod pool;
pub mod state;
pub mod value;

pub use instructions::*;

declare_id!("7sTx1X1dvcjxAuGSyZrLhGNy8E9Ux2ynB4rZVduJKMhz");

/// Seeds of every address this program derives.
pub mod seeds {
    /// [`crate::state::Vault`]: `[VAULT, staked mint]`.
    pub const VAULT: &[u8] = b"basis";
    /// Mint of the shares: `[SHARES, vault]`.
    pub const SHARES: &[u8] = b"shares";
    /// Token account that deposits pass through: `[TOKENS, vault]`.
    pub const TOKENS: &[u8] = b"tokens";
}

#[program]
pub mod basis_vault {
    use super::*;

    /// Creates a vault for a staked token, its share mint and its margin account, and names its manager and how far (ppm) the price
    /// of a hedge may lie from the index price. The program's upgrade authority only.
    pub fn initialize(ctx: Context<Initialize>, manager: Pubkey, price_bound: u32) -> Result<()> {
        instructions::initialize::handler(ctx, manager, price_bound)
    }

    /// Puts staked tokens in, for shares at the present value of one.
    pub fn deposit<'info>(
        ctx: Context<'info, Deposit<'info>>,
        amount: u64,
        min_shares: u64,
    ) -> Result<()> {
        instructions::deposit::handler(ctx, amount, min_shares)
    }

    /// Sells (negative) or buys back the perpetual, against a maker that signs. Manager only.
    pub fn hedge<'info>(
        ctx: Context<'info, Hedge<'info>>,
        quantity: i64,
        price: u64,
    ) -> Result<()> {
        instructions::hedge::handler(ctx, quantity, price)
    }

    /// Burns shares for their part of the staked tokens and of the cash.
    pub fn redeem<'info>(
        ctx: Context<'info, Redeem<'info>>,
        shares: u64,
        min_tokens: u64,
        min_cash: u64,
    ) -> Result<()> {
        instructions::redeem::handler(ctx, shares, min_tokens, min_cash)
    }

    /// Returns micro-USD that a whole share is worth. Changes nothing.
    pub fn share_price<'info>(ctx: Context<'info, SharePrice<'info>>) -> Result<u64> {
        instructions::share_price::handler(ctx)
    }
}
