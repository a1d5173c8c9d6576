use {
    crate::{
        clearing::{self, Asset},
        error::MarginPoolError,
        events::PnlSettled,
        margin::{BookParts, RiskAccounts, valuation},
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
    risk_engine::state::PriceUse,
};

/// Remaining accounts: a (risk book, writable market) pair for each underlying to settle.
#[derive(Accounts)]
pub struct SettlePnl<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// Perpetuals at the index, futures at their forward, what has its settlement price at that. Options have nothing to settle
/// before; as all others, they take what they owe of shared losses and reductions.
pub(crate) fn handler<'info>(ctx: Context<'info, SettlePnl<'info>>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    // An auction prices cash apart from positions; the mix must not change under it.
    account.require_not_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    pool.accrue(books.now)?;
    for underlying in risk.underlyings() {
        let book = &books.listed(underlying)?.book;
        let mut market = risk.market_mut(underlying)?;
        clearing::accrue_funding(&pool, &mut market, &books, underlying)?;
        let mut found = false;
        for slot in 0..account.positions.len() {
            let Some(position) = account.positions.get(slot) else {
                continue;
            };
            if position.is_free() || position.underlying != underlying {
                continue;
            }
            let (asset, base) = (Asset::held(position)?, position.base);
            let payoff = valuation::settled_payoff(book, position)?;
            found = true;
            let amount = if let Some(payoff) = payoff {
                clearing::convert(&mut pool, &mut market, &mut account, slot, payoff)?
            } else {
                // A claim is worth what it is, whatever the price.
                let mark = match base {
                    0 => 0,
                    _ => {
                        let state = book.header().price_state(books.now);
                        require!(
                            state.allows(PriceUse::SettleProfit),
                            MarginPoolError::PriceStale
                        );
                        valuation::mark(book, &asset, false, books.now)?
                    }
                };
                clearing::settle(&mut pool, &mut market, &mut account, slot, mark)?
            };
            emit!(PnlSettled {
                margin_account: ctx.accounts.margin_account.key(),
                market: pool.underlying(underlying)?.market,
                instrument: asset.instrument,
                amount,
            });
        }
        require!(found, MarginPoolError::PositionNotFound);
        market.invariant()?;
    }
    pool.invariant()
}
