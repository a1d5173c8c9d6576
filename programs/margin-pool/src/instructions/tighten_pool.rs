use {
    crate::{
        error::MarginPoolError,
        events::PoolTightened,
        seeds,
        state::{Market, Pool, PoolChange},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct TightenPool<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        constraint = pool.load()?.is_guarded_by(&signer.key()) @ MarginPoolError::NotGuardian)]
    pub pool: AccountLoader<'info, Pool>,
    /// The market that the change names, where it names one.
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

/// At once. Limits, terms and venues alone, and only what [`Pool::check_tighter`] calls stricter.
pub(crate) fn handler(ctx: Context<TightenPool>, change: PoolChange) -> Result<()> {
    change.check()?;
    let market = ctx.accounts.market.as_ref().map(Key::key);
    require!(market == change.market(), MarginPoolError::WrongTarget);
    let mut pool = ctx.accounts.pool.load_mut()?;
    if let Some(market) = &ctx.accounts.market {
        let mut market = market.load_mut()?;
        pool.check_tighter(&change, Some(&market))?;
        market.limit(&change)?;
        market.invariant()?;
    } else {
        pool.check_tighter(&change, None)?;
        pool.apply(&change, Clock::get()?.unix_timestamp)?;
    }
    let mut bytes = Vec::new();
    change.serialize(&mut bytes)?;
    emit!(PoolTightened {
        by: ctx.accounts.signer.key(),
        change: bytes,
    });
    pool.invariant()
}
