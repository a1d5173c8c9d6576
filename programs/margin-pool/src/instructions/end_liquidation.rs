use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::LiquidationChanged,
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
};

/// The caller, the liquidation program, has checked that the account is back above its buffer.
#[derive(Accounts)]
pub struct EndLiquidation<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump,
        has_one = liquidation_authority @ MarginPoolError::NotLiquidationAuthority)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub liquidation_authority: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<EndLiquidation>) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.require_in_liquidation()?;
    account.in_liquidation = 0;
    // Its cash shares losses again.
    pool.accrue(Clock::get()?.unix_timestamp)?;
    clearing::credit(&mut pool, &mut account, 0)?;
    emit!(LiquidationChanged {
        margin_account: ctx.accounts.margin_account.key(),
        in_liquidation: false,
    });
    pool.invariant()
}
