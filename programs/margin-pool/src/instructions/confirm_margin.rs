use {
    crate::{
        error::MarginPoolError,
        margin::{RiskAccounts, Snapshot},
        seeds,
        state::{MarginAccount, Pool, standing},
    },
    anchor_lang::prelude::*,
    cep_risk::{Kind, Scratch},
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
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    books.require_usable_in_liquidation()?;
    let state = Snapshot::in_liquidation(&pool, &account, &books)?.evaluate(
        &pool,
        &books,
        Kind::Initial,
        &mut Scratch::new(),
    )?;
    require!(state.health() >= 0, MarginPoolError::BelowInitialMargin);
    account.in_liquidation = standing::FREE;
    Ok(())
}
