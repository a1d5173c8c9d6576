use {
    crate::{pool::Valued, seeds, state::Vault},
    anchor_lang::prelude::*,
    anchor_spl::token::Mint,
    margin_pool::{
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: the pool's (risk book, market) pairs of the staked token, of what it redeems for, and of all else that
/// the vault's margin account holds, in this order.
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

/// Of a whole share; a million micro-USD before the first deposit. Rounded down.
pub(crate) fn handler<'info>(ctx: Context<'info, SharePrice<'info>>) -> Result<u64> {
    let accounts = &ctx.accounts;
    let valued = Valued {
        vault: &accounts.vault,
        program: &accounts.margin_pool,
        pool: &accounts.pool,
        account: &accounts.margin_account,
        pairs: ctx.remaining_accounts,
    };
    valued.holdings()?.share_price(accounts.shares.supply)
}
