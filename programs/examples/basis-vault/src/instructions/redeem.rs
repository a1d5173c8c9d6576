use {
    crate::{
        error::BasisVaultError,
        pool::{Valued, signed},
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

/// Remaining accounts: the pool's (risk book, market) pairs of the staked token, of what it redeems for, and of all else that
/// the vault's margin account holds, in this order.
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
    /// CHECK: the pool's quote currency, which the pool checks.
    pub quote_mint: UncheckedAccount<'info>,
    /// CHECK: the pool's vault of it, which the pool checks.
    #[account(mut)]
    pub quote_vault: UncheckedAccount<'info>,
    #[account(mut, token::mint = quote_mint)]
    pub quote_destination: Account<'info, TokenAccount>,
    pub holder: Signer<'info>,
    pub margin_pool: Program<'info, MarginPool>,
    pub token_program: Program<'info, Token>,
}

/// Pays the shares' part of the tokens in tokens and of all else in cash, as far as the vault has cash: profit that nobody
/// settled yet is none. While most of the tokens back the short, the pool refuses: the manager buys back first.
pub(crate) fn handler<'info>(
    ctx: Context<'info, Redeem<'info>>,
    shares: u64,
    min_tokens: u64,
    min_cash: u64,
) -> Result<()> {
    let accounts = &ctx.accounts;
    let valued = Valued {
        vault: &accounts.vault,
        program: &accounts.margin_pool,
        pool: &accounts.pool,
        account: &accounts.margin_account,
        pairs: ctx.remaining_accounts,
    };
    let due = valued.holdings()?.payment(shares, accounts.shares.supply)?;
    let settled = u64::try_from(accounts.margin_account.load()?.cash).unwrap_or(0);
    let (tokens, cash) = (due.tokens, due.cash.min(settled));
    require!(tokens > 0 || cash > 0, BasisVaultError::TooSmall);
    require!(
        tokens >= min_tokens && cash >= min_cash,
        BasisVaultError::BelowMinimum
    );

    let call = Burn {
        mint: accounts.shares.to_account_info(),
        from: accounts.source.to_account_info(),
        authority: accounts.holder.to_account_info(),
    };
    burn(CpiContext::new(accounts.token_program.key(), call), shares)?;
    pay(
        &ctx,
        (
            accounts.staked_mint.to_account_info(),
            accounts.pool_vault.to_account_info(),
            accounts.destination.to_account_info(),
        ),
        tokens,
    )?;
    pay(
        &ctx,
        (
            accounts.quote_mint.to_account_info(),
            accounts.quote_vault.to_account_info(),
            accounts.quote_destination.to_account_info(),
        ),
        cash,
    )
}

/// Withdraws so much of a token from the vault's margin account.
fn pay<'info>(
    ctx: &Context<'info, Redeem<'info>>,
    (mint, vault, destination): (AccountInfo<'info>, AccountInfo<'info>, AccountInfo<'info>),
    amount: u64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let accounts = &ctx.accounts;
    let call = cpi::accounts::Withdraw {
        pool: accounts.pool.to_account_info(),
        margin_account: accounts.margin_account.to_account_info(),
        mint,
        vault,
        destination,
        authority: accounts.vault.to_account_info(),
        token_program: accounts.token_program.to_account_info(),
    };
    signed(&accounts.vault, |signer| {
        let context = CpiContext::new_with_signer(accounts.margin_pool.key(), call, signer)
            .with_remaining_accounts(ctx.remaining_accounts.to_vec());
        cpi::withdraw(context, amount)
    })
}
