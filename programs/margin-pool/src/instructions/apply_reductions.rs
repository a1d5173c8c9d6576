use {
    crate::{
        clearing::{self, Asset, Markets},
        error::MarginPoolError,
        events::ReductionApplied,
        margin::{RiskAccounts, bit},
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, writable market) pair for each underlying to look at.
#[derive(Accounts)]
pub struct ApplyReductions<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
}

/// Every position takes its part of what its side was reduced by, as it would before anything else changed it; equity stays,
/// and nothing turns into cash. For accounts in auction as well: a pot is full until its last holder took its part, and a
/// market has room for few of them.
pub(crate) fn handler<'info>(ctx: Context<'info, ApplyReductions<'info>>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    pool.accrue(books.now)?;
    let given = risk.underlyings().fold(0, |all, index| all | bit(index));
    let mut markets = Markets::new(&risk, &books);
    for slot in 0..account.positions.len() {
        let Some(position) = account.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        if given & bit(position.underlying) == 0 {
            continue;
        }
        let (asset, base) = (Asset::held(position)?, position.base);
        let market = markets.of(&pool, asset.underlying)?;
        if position.reduced == market.reduced(position.instrument, base) {
            continue;
        }
        clearing::touch(&mut pool, market, &mut account, slot)?;
        let left = account.positions.get(slot).filter(|p| asset.is_of(p));
        emit!(ReductionApplied {
            margin_account: ctx.accounts.margin_account.key(),
            market: pool.underlying(asset.underlying)?.market,
            instrument: asset.instrument,
            before: base,
            after: left.map_or(0, |p| p.base),
        });
    }
    markets.finish()?;
    pool.invariant()
}
