use {
    crate::{
        deployer::may_initialize,
        error::RiskEngineError,
        seeds,
        state::{MAX_PUBLISHERS, RiskConfig, RiskParams},
    },
    anchor_lang::prelude::*,
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct RiskConfigArgs {
    /// Lists underlyings, proposes and executes changes.
    pub authority: Pubkey,
    /// Pauses and tightens at once, cancels proposals; the default key: none.
    pub guardian: Pubkey,
    /// The committee that posts surfaces; default keys are empty seats, and no key has two.
    pub publishers: [Pubkey; MAX_PUBLISHERS],
    /// With a timelock of zero everything can be set up at once; `tighten_params` raises it afterwards.
    pub params: RiskParams,
}

#[derive(Accounts)]
pub struct InitializeConfig<'info> {
    #[account(init, payer = payer, space = RiskConfig::SPACE, seeds = [seeds::CONFIG], bump)]
    pub config: AccountLoader<'info, RiskConfig>,
    /// CHECK: the loader's account of this program, which names the upgrade authority.
    #[account(constraint = may_initialize(&crate::ID, &program_data, deployer.key)
        @ RiskEngineError::NotUpgradeAuthority)]
    pub program_data: UncheckedAccount<'info>,
    /// The program's upgrade authority.
    pub deployer: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<InitializeConfig>, args: RiskConfigArgs) -> Result<()> {
    let mut config = ctx.accounts.config.load_init()?;
    config.authority = args.authority;
    config.guardian = args.guardian;
    config.publishers = args.publishers;
    config.params = args.params;
    config.bump = ctx.bumps.config;
    config.invariant()
}
