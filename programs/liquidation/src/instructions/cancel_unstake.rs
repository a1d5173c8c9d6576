use {
    crate::{
        error::LiquidationError,
        events::UnstakeCancelled,
        seeds,
        state::{InsuranceFund, InsuranceStake},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CancelUnstake<'info> {
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut, seeds = [seeds::STAKE, fund.key().as_ref(), owner.key().as_ref()],
        bump = stake.load()?.bump)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    pub owner: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<CancelUnstake>) -> Result<()> {
    let mut fund = ctx.accounts.fund.load_mut()?;
    let mut stake = ctx.accounts.stake.load_mut()?;
    stake.require_current(&fund)?;
    require!(stake.leaving > 0, LiquidationError::NothingLeaving);
    let shares = stake.stay(&mut fund)?;
    emit!(UnstakeCancelled {
        owner: stake.owner,
        shares,
    });
    Ok(())
}
