use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::PnlSettled,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, writable market) pair for each underlying to settle.
#[derive(Accounts)]
pub struct SettlePnl<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, SettlePnl<'info>>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    // An auction prices cash apart from positions; the mix must not change under it.
    account.require_not_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    books.require_fresh()?;
    for underlying in risk.underlyings() {
        require!(
            account.perpetual(underlying).is_some(),
            MarginPoolError::PositionNotFound
        );
        let mark = books.get(underlying)?.index_price()?;
        let mut market = risk.market_mut(underlying)?;
        let amount = clearing::settle(&mut pool.ledger, &mut market, &mut account, mark)?;
        market.invariant()?;
        emit!(PnlSettled {
            margin_account: ctx.accounts.margin_account.key(),
            market: pool.underlying(underlying)?.market,
            amount,
        });
    }
    pool.invariant()
}
