use {
    crate::{
        error::MarginPoolError,
        seeds,
        state::{Pool, PoolParams},
        token,
    },
    anchor_lang::prelude::*,
    anchor_spl::token_interface::{Mint, TokenAccount, TokenInterface},
    risk_engine::{deployer::may_initialize, state::RiskConfig},
};

#[derive(AnchorSerialize, AnchorDeserialize, Clone, Debug)]
pub struct PoolArgs {
    /// Proposes changes and executes them.
    pub authority: Pubkey,
    /// May stop and tighten at once; the default key: none.
    pub guardian: Pubkey,
    /// The liquidation program's signing address.
    pub liquidation_authority: Pubkey,
    /// Limit on withdrawals of the quote currency, micro-USD: see `Outflow::limit`.
    pub quote_outflow: u64,
    pub params: PoolParams,
}

#[derive(Accounts)]
pub struct InitializePool<'info> {
    #[account(init, payer = payer, space = Pool::SPACE, seeds = [seeds::POOL], bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(seeds = [risk_engine::seeds::CONFIG], bump = risk_config.load()?.bump,
        seeds::program = risk_engine::ID)]
    pub risk_config: AccountLoader<'info, RiskConfig>,
    /// Six decimals, so that its smallest unit is the micro-USD of every ledger.
    #[account(mint::decimals = 6, mint::token_program = token_program)]
    pub quote_mint: InterfaceAccount<'info, Mint>,
    #[account(init, payer = payer, token::mint = quote_mint, token::authority = pool,
        token::token_program = token_program,
        seeds = [seeds::VAULT, pool.key().as_ref(), quote_mint.key().as_ref()], bump)]
    pub quote_vault: InterfaceAccount<'info, TokenAccount>,
    /// CHECK: the loader's account of this program, which names the upgrade authority.
    #[account(constraint = may_initialize(&crate::ID, &program_data, deployer.key)
        @ MarginPoolError::NotUpgradeAuthority)]
    pub program_data: UncheckedAccount<'info>,
    /// The program's upgrade authority.
    pub deployer: Signer<'info>,
    #[account(mut)]
    pub payer: Signer<'info>,
    pub token_program: Interface<'info, TokenInterface>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<InitializePool>, args: PoolArgs) -> Result<()> {
    // Issuers of dollars can freeze accounts; USDC's can.
    token::require_allowed(&ctx.accounts.quote_mint, token::extension::FREEZE_AUTHORITY)?;
    let mut pool = ctx.accounts.pool.load_init()?;
    pool.authority = args.authority;
    pool.guardian = args.guardian;
    pool.liquidation_authority = args.liquidation_authority;
    pool.risk_config = ctx.accounts.risk_config.key();
    pool.quote_mint = ctx.accounts.quote_mint.key();
    pool.quote_vault = ctx.accounts.quote_vault.key();
    pool.params = args.params;
    pool.outflow.limit = args.quote_outflow;
    let clock = Clock::get()?;
    pool.created_slot = clock.slot;
    pool.created_at = clock.unix_timestamp;
    pool.interest.updated_at = Clock::get()?.unix_timestamp;
    pool.bump = ctx.bumps.pool;
    pool.invariant()
}
