use {
    crate::{
        seeds,
        state::{InsuranceFund, InsuranceStake},
    },
    anchor_lang::prelude::*,
};

#[derive(Accounts)]
pub struct OpenStake<'info> {
    #[account(seeds = [seeds::FUND], bump = fund.load()?.bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(init, payer = payer, space = InsuranceStake::SPACE,
        seeds = [seeds::STAKE, fund.key().as_ref(), owner.key().as_ref()], bump)]
    pub stake: AccountLoader<'info, InsuranceStake>,
    pub owner: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<OpenStake>) -> Result<()> {
    let mut stake = ctx.accounts.stake.load_init()?;
    stake.fund = ctx.accounts.fund.key();
    stake.owner = ctx.accounts.owner.key();
    stake.epoch = ctx.accounts.fund.load()?.epoch;
    stake.bump = ctx.bumps.stake;
    stake.invariant()
}
