use {
    crate::{
        clearing,
        error::MarginPoolError,
        events::Withdrawn,
        margin::{RiskAccounts, Snapshot},
        seeds,
        state::{MarginAccount, Pool},
    },
    anchor_lang::prelude::*,
    anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked},
    cep_risk::{Kind, Scratch},
};

/// Remaining accounts: a (risk book, market) pair for every underlying the account is exposed to.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    #[account(mut, seeds = [seeds::POOL], bump = pool.load()?.bump)]
    pub pool: AccountLoader<'info, Pool>,
    #[account(mut, has_one = pool @ MarginPoolError::WrongPool,
        has_one = owner @ MarginPoolError::NotAccountOwner)]
    pub margin_account: AccountLoader<'info, MarginAccount>,
    pub mint: Account<'info, Mint>,
    #[account(mut, seeds = [seeds::VAULT, pool.key().as_ref(), mint.key().as_ref()], bump)]
    pub vault: Account<'info, TokenAccount>,
    #[account(mut, token::mint = mint)]
    pub destination: Account<'info, TokenAccount>,
    pub owner: Signer<'info>,
    pub token_program: Program<'info, Token>,
}

pub(crate) fn handler<'info>(ctx: Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
    require!(amount > 0, MarginPoolError::AmountZero);
    debit(&ctx, amount)?;

    let accounts = &ctx.accounts;
    let bump = [accounts.pool.load()?.bump];
    let signer: &[&[&[u8]]] = &[&[seeds::POOL, &bump]];
    let transfer = TransferChecked {
        from: accounts.vault.to_account_info(),
        mint: accounts.mint.to_account_info(),
        to: accounts.destination.to_account_info(),
        authority: accounts.pool.to_account_info(),
    };
    let cpi = CpiContext::new_with_signer(accounts.token_program.key(), transfer, signer);
    transfer_checked(cpi, amount, accounts.mint.decimals)?;
    emit!(Withdrawn {
        margin_account: accounts.margin_account.key(),
        mint: accounts.mint.key(),
        amount,
    });
    Ok(())
}

/// Takes the amount off the books and refuses unless initial margin is left. Underlyings in doubt, or with a price that nobody
/// refreshed, are charged for in it, so that an account can withdraw what the rest covers.
fn debit<'info>(ctx: &Context<'info, Withdraw<'info>>, amount: u64) -> Result<()> {
    let mut pool = ctx.accounts.pool.load_mut()?;
    let mut account = ctx.accounts.margin_account.load_mut()?;
    account.require_not_in_liquidation()?;
    let now = Clock::get()?.unix_timestamp;
    pool.accrue(now)?;
    let mint = ctx.accounts.mint.key();
    if mint == pool.quote_mint {
        // Only settled cash leaves: borrowing against collateral is for losses, not for withdrawal. Interest first.
        clearing::credit(&mut pool, &mut account, 0)?;
        let owned = u64::try_from(account.cash).unwrap_or(0);
        require!(amount <= owned, MarginPoolError::InsufficientCash);
        let released = pool.ledger.release(amount)?;
        clearing::credit(&mut pool, &mut account, -released)?;
    } else {
        debit_collateral(&mut pool, &mut account, &mint, amount)?;
    }

    let risk = RiskAccounts::load(&pool, ctx.remaining_accounts)?;
    let books = risk.books(now)?;
    let after = Snapshot::of(&pool, &account, &books)?;
    // What is in doubt counts for nothing here: see `cep_risk::Book::doubt`.
    let margin = after.evaluate(&pool, &books, Kind::Initial, &mut Scratch::new())?;
    require!(margin.health() >= 0, MarginPoolError::BelowInitialMargin);
    after.require_current(&books)?;
    pool.invariant()
}

fn debit_collateral(
    pool: &mut Pool,
    account: &mut MarginAccount,
    mint: &Pubkey,
    amount: u64,
) -> Result<()> {
    let index = pool.collateral_index(mint)?;
    let (Some(listed), Some(balance)) = (
        pool.collaterals.get_mut(index),
        account.collaterals.get_mut(index),
    ) else {
        return err!(MarginPoolError::CollateralNotListed);
    };
    *balance = balance
        .checked_sub(amount)
        .ok_or(MarginPoolError::InsufficientCollateral)?;
    listed.deposited = listed
        .deposited
        .checked_sub(amount)
        .ok_or(MarginPoolError::LedgerImbalance)?;
    Ok(())
}
