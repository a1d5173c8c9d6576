use {
    crate::{
        error::MarginPoolError,
        margin::{MarginReport, RiskAccounts},
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
    cep_risk::Scratch,
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to. Reads only, and
/// refuses no price for its age: the report says what is in doubt.
#[derive(Accounts)]
pub struct CheckMargin<'info> {
    #[account(seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, CheckMargin<'info>>) -> Result<MarginReport> {
    let pool = ctx.accounts.pool.load()?;
    let account = ctx.accounts.margin_account.load()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    MarginReport::of(&pool, &account, &books, &mut Scratch::new())
}
