use {
    crate::{
        error::MarginPoolError,
        margin::RiskAccounts,
        seeds,
        state::{MarginAccount, Pool, permission},
        trade::{self, Leg, Terms},
    },
    anchor_lang::prelude::*,
};

/// Remaining accounts: a (risk book, market) pair for every underlying either account is exposed to,
/// before or after; markets of traded underlyings writable. A leg in an underlying that is in doubt, or whose price
/// nobody refreshed, must reduce the position of both sides.
#[derive(Accounts)]
pub struct TradeBlock<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub account_a: AccountLoader<'info, MarginAccount>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        constraint = account_b.key() != account_a.key() @ MarginPoolError::SameAccount)]
    pub account_b: AccountLoader<'info, MarginAccount>,
    /// The owner of A, or a delegate that may trade for it.
    pub signer_a: Signer<'info>,
    /// The same for B.
    pub signer_b: Signer<'info>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, TradeBlock<'info>>, legs: Vec<Leg>) -> Result<()> {
    let accounts = &ctx.accounts;
    let mut pool = accounts.pool.load_mut()?;
    let mut a = accounts.account_a.load_mut()?;
    let mut b = accounts.account_b.load_mut()?;
    let now = Clock::get()?.unix_timestamp;
    a.require_permission(accounts.signer_a.key, permission::TRADE, now)?;
    b.require_permission(accounts.signer_b.key, permission::TRADE, now)?;
    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(now)?;
    let sides = [
        (accounts.account_a.key(), &mut *a),
        (accounts.account_b.key(), &mut *b),
    ];
    let terms = Terms {
        fees: [pool.params.block_fee; 2],
        discovers_price: false,
    };
    trade::clear(&mut pool, sides, &risk, &books, &legs, terms)?;
    pool.invariant()
}
