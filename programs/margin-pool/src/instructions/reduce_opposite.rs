use {
    super::transfer_slice::make_current,
    crate::{
        clearing::{self, Asset, Handover, Reducing, Rule},
        error::MarginPoolError,
        events::PositionReduced,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, writable market) pair for every underlying the account has a position in. The caller,
/// the liquidation program, has found that nobody takes the account.
#[derive(Accounts)]
pub struct ReduceOpposite<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub liquidation_authority: Signer<'info>,
}

/// Closes every position of the account against all on the other side, pro rata, at the price at which the account makes up
/// `shortfall` (micro-USD, what it owes beyond what it has): its bankruptcy price. One that cannot be closed now (see
/// `Market::can_close_against`) stays with its part of the shortfall, and does not stop the others. Returns what stays.
pub(crate) fn handler<'info>(
    ctx: Context<'info, ReduceOpposite<'info>>,
    shortfall: i64,
) -> Result<u64> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.require_in_liquidation()?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(Clock::get()?.unix_timestamp)?;
    pool.accrue(books.now)?;
    clearing::credit(&mut pool, &mut account, 0)?;
    let (mut before, mut reducing) = (Handover::of(&account), Reducing::default());
    for slot in 0..account.positions.len() {
        let Some(position) = account.positions.get(slot).filter(|p| !p.is_free()) else {
            continue;
        };
        let asset = Asset::held(position)?;
        let mut market = risk.market_mut(asset.underlying)?;
        clearing::accrue_funding(&pool, &mut market, &books, asset.underlying)?;
        let mark = make_current(&mut pool, &mut market, &mut account, &books, (slot, &asset))?;
        if let Some(mark) = mark {
            let position = account.position_mut(slot)?;
            before.hold(slot, position, mark, (0, 0))?;
            // A claim stays as it is.
            if position.base != 0 {
                let fall = clearing::fall_of(position, &books, mark)?;
                reducing.count(position, (slot, mark), fall.as_ref())?;
            }
        }
    }
    before.balances(&account, None);
    let (mut left, mut done) = (0u64, false);
    for (slot, mark, extra) in reducing.divide(shortfall)? {
        let position = account.position_mut(slot)?;
        let (asset, base) = (Asset::held(position)?, position.base);
        let mut market = risk.market_mut(asset.underlying)?;
        if !market.can_close_against(asset.instrument, base) {
            left = left.saturating_add(extra.unsigned_abs());
            continue;
        }
        let held = (mark, extra);
        let quote = clearing::close_against(&mut pool, &mut market, &mut account, slot, held)?;
        market.invariant()?;
        done = true;
        emit!(PositionReduced {
            margin_account: ctx.accounts.margin_account.key(),
            market: pool.underlying(asset.underlying)?.market,
            instrument: asset.instrument,
            base,
            quote,
        });
    }
    require!(done, MarginPoolError::ReductionPending);
    before.check(&account, None, &Rule::Closed { shortfall })?;
    pool.invariant()?;
    Ok(left)
}
