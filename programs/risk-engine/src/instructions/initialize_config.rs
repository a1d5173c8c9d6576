use {
    crate::{
        seeds,
        state::{RiskConfig, RiskParams},
    },
    anchor_lang::prelude::*,
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct RiskConfigArgs {
    /// Who may list underlyings and activate scenario sets.
    pub authority: Pubkey,
    pub params: RiskParams,
}

#[derive(Accounts)]
pub struct InitializeConfig<'info> {
    #[account(init, payer = payer, space = RiskConfig::SPACE, seeds = [seeds::CONFIG], bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<InitializeConfig>, args: RiskConfigArgs) -> Result<()> {
    let mut config = ctx.accounts.config.load_init()?;
    config.authority = args.authority;
    config.params = args.params;
    config.bump = ctx.bumps.config;
    config.version = RiskConfig::VERSION;
    config.invariant()
}
