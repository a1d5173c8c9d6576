use {
    crate::{
        error::BasisVaultError,
        pool::{Valued, signed},
        seeds,
        state::Vault,
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, MintTo, Token, TokenAccount, Transfer, mint_to, transfer},
    margin_pool::{
        cpi,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: the pool's (risk book, market) pairs of the staked token, of what it redeems for, and of all else that
/// the vault's margin account holds, in this order.
#[derive(Accounts)]
pub struct Deposit<'info> {
    #[account(seeds = [seeds::VAULT, staked_mint.key().as_ref()], bump = vault.bump,
        has_one = staked_mint, has_one = shares, has_one = margin_account)]
    pub vault: Account<'info, Vault>,
    pub staked_mint: Account<'info, Mint>,
    #[account(mut)]
    pub shares: Account<'info, Mint>,
    #[account(mut)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    /// CHECK: the pool's vault of the token, which the pool checks.
    #[account(mut)]
    pub pool_vault: UncheckedAccount<'info>,
    /// What is deposited passes through it: only its owner brings a new kind of collateral into a margin account.
    #[account(mut, seeds = [seeds::TOKENS, vault.key().as_ref()], bump)]
    pub tokens: Account<'info, TokenAccount>,
    #[account(mut, token::mint = staked_mint, token::authority = depositor)]
    pub source: Account<'info, TokenAccount>,
    #[account(mut, token::mint = shares)]
    pub destination: Account<'info, TokenAccount>,
    pub depositor: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Program<'info, Token>,
}

pub(crate) fn handler<'info>(
    ctx: Context<'info, Deposit<'info>>,
    amount: u64,
    min_shares: u64,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let valued = Valued {
        vault: &accounts.vault,
        program: &accounts.margin_pool,
        pool: &accounts.pool,
        account: &accounts.margin_account,
        pairs: ctx.remaining_accounts,
    };
    let before = valued.holdings()?;
    let call = Transfer {
        from: accounts.source.to_account_info(),
        to: accounts.tokens.to_account_info(),
        authority: accounts.depositor.to_account_info(),
    };
    transfer(CpiContext::new(accounts.token_program.key(), call), amount)?;
    let call = cpi::accounts::Deposit {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        mint: accounts.staked_mint.to_account_info(),
        vault: accounts.pool_vault.to_account_info(),
        source: accounts.tokens.to_account_info(),
        depositor: accounts.vault.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    // The pool reads the staked token's book, the first of the pairs.
    let book = ctx.remaining_accounts.iter().take(1).cloned().collect();
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
            .with_remaining_accounts(book);
        cpi::deposit(context, amount)
    })?;

    // What arrived, which is not what was sent where a token takes a fee.
    let slot = {
        let pool = accounts.pool.load()?;
        pool.collateral_index(&accounts.vault.staked_mint)?
    };
    let account = accounts.margin_account.load()?;
    let held = account.collaterals.get(slot).copied();
    drop(account);
    let added = held.unwrap_or(0).saturating_sub(before.tokens);
    let minted = before.shares_for(added, accounts.shares.supply)?;
    require!(minted > 0, BasisVaultError::TooSmall);
    require!(minted >= min_shares, BasisVaultError::BelowMinimum);
    let call = MintTo {
        mint: accounts.shares.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.vault.to_account_info(),
    };
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.token_program.key(), call, signer);
        mint_to(context, minted)
    })
}
