use {
    crate::{error::BasisVaultError, pool::signed, seeds, state::Vault},
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token},
    margin_pool::{cpi, program::MarginPool, state::Pool},
};

/// The margin account that the pool will create: number zero of the vault's address.
pub const ACCOUNT_ID: u16 = 0;

#[derive(Accounts)]
pub struct Initialize<'info> {
    #[account(init, payer = manager, space = Vault::SPACE,
        seeds = [seeds::VAULT, staked_mint.key().as_ref()], bump)]
    pub vault: Account<'info, Vault>,
    pub staked_mint: Account<'info, Mint>,
    #[account(init, payer = manager, mint::decimals = 6, mint::authority = vault,
        seeds = [seeds::SHARES, vault.key().as_ref()], bump)]
    pub shares: Account<'info, Mint>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    /// CHECK: created by the pool, which derives its address from the vault's.
    #[account(mut)]
    pub margin_account: UncheckedAccount<'info>,
    #[account(mut)]
    pub manager: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

pub(crate) fn handler(ctx: Context<Initialize>) -> Result<()> {
    let accounts = ctx.accounts;
    let mint = accounts.staked_mint.key();
    let collateral = {
        let pool = accounts.pool.load()?;
        let index = pool.collateral_index(&mint)?;
        require!(
            pool.collateral(index)?.is_staked == 1,
            BasisVaultError::NotStaked
        );
        u8::try_from(index).map_err(|_| BasisVaultError::Overflow)?
    };
    accounts.vault.set_inner(Vault {
        manager: accounts.manager.key(),
        staked_mint: mint,
        shares: accounts.shares.key(),
        margin_account: accounts.margin_account.key(),
        collateral,
        bump: ctx.bumps.vault,
    });
    let call = cpi::accounts::CreateAccount {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        owner: accounts.vault.to_account_info(),
        payer: accounts.manager.to_account_info(),
        system_program: accounts.system_program.to_account_info(),
    };
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer);
        cpi::create_account(context, ACCOUNT_ID)
    })
}
