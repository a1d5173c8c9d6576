use {
    crate::{
        clearing::{self, Asset},
        error::MarginPoolError,
        events::ExpirySettled,
        margin::valuation,
        seeds,
        state::{MarginAccount, Market, Pool, Position},
    },
    anchor_lang::prelude::*,
    risk_engine::state::Settlement,
};

/// Remaining accounts: the margin accounts to settle, writable, as many as the transaction holds.
#[derive(Accounts)]
pub struct SettleExpired<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = market.load()?.book == settlement.load()?.book @ MarginPoolError::RiskAccountsMismatch)]
    pub market: AccountLoader<'info, Market>,
    /// Says what the expiry's instruments settle at, for good.
    #[account(seeds = [risk_engine::seeds::SETTLEMENT, settlement.load()?.book.as_ref(),
        &settlement.load()?.expiry.to_le_bytes()], bump = settlement.load()?.bump,
        seeds::program = risk_engine::ID)]
    pub settlement: AccountLoader<'info, Settlement>,
}

/// Every position of that expiry turns into cash, or into a claim on what losers have yet to pay in. Equity does not
/// change, so that accounts in liquidation are settled like all others.
pub(crate) fn handler<'info>(ctx: Context<'info, SettleExpired<'info>>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut market = ctx.accounts.market.load_mut()?;
    let settlement = ctx.accounts.settlement.load()?;
    let now = Clock::get()?.unix_timestamp;
    pool.accrue(now)?;
    for info in ctx.remaining_accounts {
        let loader = AccountLoader::<MarginAccount>::try_from(info)?;
        let mut account = loader.load_mut()?;
        require_keys_eq!(
            account.pool,
            ctx.accounts.pool.key(),
            MarginPoolError::WrongPool
        );
        let (underlying, expiry) = (market.index, settlement.expiry);
        let due = |p: &Position| !p.is_free() && p.underlying == underlying && p.expiry == expiry;
        let mut amount = 0;
        for slot in 0..account.positions.len() {
            let Some(position) = account.positions.get(slot).filter(|p| due(p)) else {
                continue;
            };
            let asset = Asset::held(position)?;
            let payoff = valuation::payoff(asset.kind, settlement.price, asset.strike);
            let got = clearing::convert(&mut pool, &mut market, &mut account, slot, payoff)?;
            amount = crate::state::add(amount, got)?;
        }
        emit!(ExpirySettled {
            margin_account: *info.key,
            market: ctx.accounts.market.key(),
            expiry: settlement.expiry,
            price: settlement.price,
            amount,
        });
    }
    clearing::sweep_dust(&mut pool, &mut market)?;
    market.invariant()?;
    pool.invariant()
}
