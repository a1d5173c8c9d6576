use {
    crate::{
        error::MarginPoolError,
        margin::health_after_bid,
        seeds,
        state::{MarginAccount, Pool, standing},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct ConfirmMargin<'info> {
    #[account(seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// An account that took a slice of another in this transaction, and hedged it since, has its initial margin. Anyone.
pub(crate) fn handler<'info>(ctx: Context<'info, ConfirmMargin<'info>>) -> Result<()> {
    let pool = ctx.accounts.pool.load()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    require!(
        account.in_liquidation == standing::UNCONFIRMED,
        MarginPoolError::NothingToConfirm
    );
    let health = health_after_bid(&pool, &account, ctx.remaining_accounts)?;
    require!(health >= 0, MarginPoolError::BelowInitialMargin);
    account.in_liquidation = standing::FREE;
    Ok(())
}
