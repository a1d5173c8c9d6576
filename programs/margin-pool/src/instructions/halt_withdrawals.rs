use {
    crate::{error::MarginPoolError, events::WithdrawalsHalted, seeds, state::Pool},
    anchor_lang::prelude::*,
};

/// Longest halt at a time, seconds.
pub const LONGEST_HALT: u32 = 604_800;

#[derive(Accounts)]
pub struct HaltWithdrawals<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        constraint = pool.load()?.is_guarded_by(&signer.key()) @ MarginPoolError::NotGuardian)]
    pub pool: AccountLoader<'info, Pool>,
    /// Guardian or authority.
    pub signer: Signer<'info>,
}

/// At once: nothing is withdrawn for so many seconds from now. No instruction ends a halt sooner, so that nobody can be
/// made to.
pub(crate) fn handler(ctx: Context<HaltWithdrawals>, seconds: u32) -> Result<()> {
    require!(
        (1..=LONGEST_HALT).contains(&seconds),
        MarginPoolError::ParameterOutOfRange
    );
    let until = Clock::get()?
        .unix_timestamp
        .checked_add(i64::from(seconds))
        .ok_or(MarginPoolError::Overflow)?;
    let mut pool = ctx.accounts.pool.load_mut()?;
    pool.halted_until = pool.halted_until.max(until);
    emit!(WithdrawalsHalted {
        by: ctx.accounts.signer.key(),
        until: pool.halted_until,
    });
    pool.invariant()
}
