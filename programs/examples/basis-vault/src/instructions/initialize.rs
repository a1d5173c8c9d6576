use {
    crate::{error::BasisVaultError, pool::signed, seeds, state::Vault, value::SHARE_DECIMALS},
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount},
    margin_pool::{cpi, program::MarginPool, state::Pool},
    risk_engine::deployer::may_initialize,
};

/// The margin account that the pool will create: number zero of the vault's address.
pub const ACCOUNT_ID: u16 = 0;

#[derive(Accounts)]
pub struct Initialize<'info> {
    #[account(init, payer = deployer, space = Vault::SPACE,
        seeds = [seeds::VAULT, staked_mint.key().as_ref()], bump)]
    pub vault: Account<'info, Vault>,
    pub staked_mint: Account<'info, Mint>,
    #[account(init, payer = deployer, mint::decimals = SHARE_DECIMALS, mint::authority = vault,
        seeds = [seeds::SHARES, vault.key().as_ref()], bump)]
    pub shares: Box<Account<'info, Mint>>,
    #[account(init, payer = deployer, token::mint = staked_mint, token::authority = vault,
        seeds = [seeds::TOKENS, vault.key().as_ref()], bump)]
    pub tokens: Box<Account<'info, TokenAccount>>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    /// CHECK: created by the pool, which derives its address from the vault's.
    #[account(mut)]
    pub margin_account: UncheckedAccount<'info>,
    /// CHECK: the loader's account of this program, which names the upgrade authority.
    #[account(constraint = may_initialize(&crate::ID, &program_data, deployer.key)
        @ BasisVaultError::NotUpgradeAuthority)]
    pub program_data: UncheckedAccount<'info>,
    /// The program's upgrade authority: the vault of a token is created once, and who creates it names who trades for it.
    #[account(mut)]
    pub deployer: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<Initialize>, manager: Pubkey, price_bound: u32) -> Result<()> {
    require!(
        Vault::PRICE_BOUNDS.contains(&price_bound),
        BasisVaultError::ParameterOutOfRange
    );
    let accounts = ctx.accounts;
    let mint = accounts.staked_mint.key();
    {
        let pool = accounts.pool.load()?;
        let listed = pool.collateral(pool.collateral_index(&mint)?)?;
        require!(listed.is_staked == 1, BasisVaultError::NotStaked);
    }
    accounts.vault.set_inner(Vault {
        manager,
        staked_mint: mint,
        shares: accounts.shares.key(),
        margin_account: accounts.margin_account.key(),
        price_bound,
        bump: ctx.bumps.vault,
    });
    let call = cpi::accounts::CreateAccount {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        owner: accounts.vault.to_account_info(),
        payer: accounts.deployer.to_account_info(),
        system_program: accounts.system_program.to_account_info(),
    };
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
        cpi::create_account(context, ACCOUNT_ID)
    })
}
