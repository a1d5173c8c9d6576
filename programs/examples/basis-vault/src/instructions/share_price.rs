use {
    crate::{
        pool::{equity, share_of, worth},
        seeds,
        state::Vault,
    },
    anchor_lang::prelude::*,
    anchor_spl::token::Mint,
    margin_pool::{
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: the pool's (risk book, market) pairs of all that the vault's margin account holds.
#[derive(Accounts)]
pub struct SharePrice<'info> {
    #[account(seeds = [seeds::VAULT, vault.staked_mint.as_ref()], bump = vault.bump,
        has_one = shares, has_one = margin_account)]
    pub vault: Account<'info, Vault>,
    pub shares: Account<'info, Mint>,
    pub pool: AccountLoader<'info, Pool>,
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub margin_pool: Program<'info, MarginPool>,
}

/// Of a million shares, one whole one; a million micro-USD before the first deposit. Rounded down.
pub(crate) fn handler<'info>(ctx: Context<'info, SharePrice<'info>>) -> Result<u64> {
    let accounts = &ctx.accounts;
    let supply = accounts.shares.supply;
    if supply == 0 {
        return Ok(1_000_000);
    }
    let account = &accounts.margin_account;
    let value = equity(
        &accounts.margin_pool,
        &accounts.pool,
        account,
        ctx.remaining_accounts,
    )?;
    share_of(worth(value), 1_000_000, supply)
}
