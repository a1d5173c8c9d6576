use {
    crate::{
        error::LiquidationError,
        seeds,
        state::{InsuranceFund, InsuranceStake},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct CloseStake<'info> {
    #[account(seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(mut, close = receiver, seeds = [seeds::STAKE, fund.key().as_ref(), owner.key().as_ref()],
        bump = stake.load()?.bump)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    pub owner: Signer<'info>,
    /// CHECK: gets the rent; the owner says who.
    #[account(mut)]
    pub receiver: UncheckedAccount<'info>,
}

/// Without shares, or with those of a fund that was used up since.
pub(crate) fn handler(ctx: Context<CloseStake>) -> Result<()> {
    let (fund, stake) = (ctx.accounts.fund.load()?, ctx.accounts.stake.load()?);
    require!(
        stake.shares == 0 || stake.epoch != fund.epoch,
        LiquidationError::StakeNotEmpty
    );
    Ok(())
}
