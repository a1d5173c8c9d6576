use {
    crate::{
        assess::{Reporter, look_at, observe_now},
        error::LiquidationError,
        seeds,
        state::{Auction, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    margin_pool::{
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct RefreshAuction<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump,
        has_one = pool @ LiquidationError::WrongPool)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(has_one = pool @ LiquidationError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    #[account(mut, seeds = [seeds::AUCTION, margin_account.key().as_ref()],
        bump = auction.load()?.bump)]
    pub auction: AccountLoader<'info, Auction>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump = config.load()?.authority_bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    pub margin_pool: Program<'info, MarginPool>,
}

/// Brings an auction to now: its clocks, its pace, and what the fund's books and the pool show of it.
pub(crate) fn handler<'info>(ctx: Context<'info, RefreshAuction<'info>>) -> Result<()> {
    let accounts = &ctx.accounts;
    let look = look_at(
        &accounts.pool,
        &accounts.margin_account,
        ctx.remaining_accounts,
    )?;
    observe_now(
        &accounts.config,
        &accounts.auction,
        &accounts.fund,
        &accounts.pool,
        &look,
    )?;
    Reporter {
        config: &accounts.config,
        fund: &accounts.fund,
        pool: &accounts.pool,
        authority: &accounts.liquidation_authority,
        program: &accounts.margin_pool,
    }
    .report()
}
