use {
    crate::{
        error::LiquidationError,
        seeds,
        state::{AuctionParams, InsuranceFund, LiquidationConfig},
    },
    anchor_lang::prelude::*,
    margin_pool::state::Pool,
    risk_engine::deployer::may_initialize,
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct LiquidationArgs {
    pub authority: Pubkey,
    pub params: AuctionParams,
    /// See [`LiquidationConfig`] for these two and their ranges.
    pub unstake_cooldown: u64,
    pub unstake_window: u64,
}

#[derive(Accounts)]
pub struct Initialize<'info> {
    #[account(init, payer = payer, space = LiquidationConfig::SPACE, seeds = [seeds::CONFIG], bump)]
    pub config: AccountLoader<'info, LiquidationConfig>,
    #[account(init, payer = payer, space = InsuranceFund::SPACE, seeds = [seeds::FUND], bump)]
    pub fund: AccountLoader<'info, InsuranceFund>,
    #[account(seeds = [margin_pool::seeds::POOL], bump = pool.load()?.bump,
        seeds::program = margin_pool::ID,
        has_one = liquidation_authority @ LiquidationError::NotPoolLiquidator)]
    pub pool: AccountLoader<'info, Pool>,
    /// CHECK: the signing address; holds no data.
    #[account(seeds = [seeds::AUTHORITY], bump)]
    pub liquidation_authority: UncheckedAccount<'info>,
    /// CHECK: the loader's account of this program, which names the upgrade authority.
    #[account(constraint = may_initialize(&crate::ID, &program_data, deployer.key)
        @ LiquidationError::NotUpgradeAuthority)]
    pub program_data: UncheckedAccount<'info>,
    /// The program's upgrade authority.
    pub deployer: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<Initialize>, args: LiquidationArgs) -> Result<()> {
    let mut config = ctx.accounts.config.load_init()?;
    config.authority = args.authority;
    config.pool = ctx.accounts.pool.key();
    config.params = args.params;
    config.bump = ctx.bumps.config;
    config.authority_bump = ctx.bumps.liquidation_authority;
    config.unstake_cooldown = args.unstake_cooldown;
    config.unstake_window = args.unstake_window;

    let mut fund = ctx.accounts.fund.load_init()?;
    fund.pool = ctx.accounts.pool.key();
    fund.bump = ctx.bumps.fund;
    config.invariant()
}
