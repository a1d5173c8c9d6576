use {
    crate::{
        events::UnstakeRequested,
        seeds,
        state::{InsuranceFund, InsuranceStake, LiquidationConfig},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct RequestUnstake<'info> {
    #[account(seeds = [seeds::CONFIG], bump = config.load()?.bump)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(mut, seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut, seeds = [seeds::STAKE, fund.key().as_ref(), owner.key().as_ref()],
        bump = stake.load()?.bump)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    pub owner: Signer<'info>,
}

pub(crate) fn handler(ctx: Context<RequestUnstake>, shares: u64) -> Result<()> {
    let config = ctx.accounts.config.load()?;
    let mut fund = ctx.accounts.fund.load_mut()?;
    let mut stake = ctx.accounts.stake.load_mut()?;
    stake.require_current(&fund)?;
    let now = Clock::get()?.unix_timestamp;
    let (cooldown, window) = (config.unstake_cooldown, config.unstake_window);
    stake.request(&mut fund, shares, now, cooldown, window)?;
    emit!(UnstakeRequested {
        owner: stake.owner,
        shares: stake.leaving,
        unlock_at: stake.unlock_at,
    });
    Ok(())
}
