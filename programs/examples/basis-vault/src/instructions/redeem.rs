use {
    crate::{
        error::BasisVaultError,
        pool::{equity, price, share_of, signed, worth},
        seeds,
        state::Vault,
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Burn, Mint, Token, TokenAccount, burn},
    margin_pool::{
        cpi,
        program::MarginPool,
        state::{MarginAccount, Pool},
    },
};

/// Remaining accounts: the pool's (risk book, market) pairs of all that the vault's margin account holds; the staked token's pair
/// first.
#[derive(Accounts)]
pub struct Redeem<'info> {
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
    #[account(mut, token::mint = shares, token::authority = holder)]
    pub source: Account<'info, TokenAccount>,
    #[account(mut, token::mint = staked_mint)]
    pub destination: Account<'info, TokenAccount>,
    pub holder: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Program<'info, Token>,
}

/// Pays the shares' part of equity in staked tokens at their book price, both rounded down. While most of the tokens
/// back the short, the pool refuses: the manager buys back first.
pub(crate) fn handler<'info>(
    ctx: Context<'info, Redeem<'info>>,
    shares: u64,
    min_amount: u64,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let account = &accounts.margin_account;
    let value = equity(
        &accounts.margin_pool,
        &accounts.pool,
        account,
        ctx.remaining_accounts,
    )?;
    let due = share_of(worth(value), shares, accounts.shares.supply)?;
    let amount = in_tokens(&ctx, due)?;
    require!(amount > 0, BasisVaultError::TooSmall);
    require!(amount >= min_amount, BasisVaultError::BelowMinimum);
    let slot = usize::from(accounts.vault.collateral);
    let held = account.load()?.collaterals.get(slot).copied();
    require!(
        amount <= held.unwrap_or(0),
        BasisVaultError::NotEnoughTokens
    );

    let call = Burn {
        mint: accounts.shares.to_account_info(),
        from: accounts.source.to_account_info(),
        authority: accounts.holder.to_account_info(),
    };
    burn(CpiContext::new(accounts.token_program.key(), call), shares)?;
    let call = cpi::accounts::Withdraw {
        pool: accounts.pool.to_account_info(),
        margin_account: account.to_account_info(),
        mint: accounts.staked_mint.to_account_info(),
        vault: accounts.pool_vault.to_account_info(),
        destination: accounts.destination.to_account_info(),
        authority: accounts.vault.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
            .with_remaining_accounts(ctx.remaining_accounts.to_vec());
        cpi::withdraw(context, amount)
    })
}

/// Smallest units of the staked token worth so much micro-USD, rounded down.
fn in_tokens<'info>(ctx: &Context<'info, Redeem<'info>>, micro_usd: u64) -> Result<u64> {
    let pool = ctx.accounts.pool.load()?;
    let listed = pool.collateral(usize::from(ctx.accounts.vault.collateral))?;
    let price = price(&pool, listed.underlying, ctx.remaining_accounts, 0)?;
    let one = 10u64
        .checked_pow(u32::from(listed.decimals))
        .ok_or(BasisVaultError::Overflow)?;
    share_of(micro_usd, one, price)
}
